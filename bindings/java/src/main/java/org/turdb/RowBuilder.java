package org.turdb;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Makes result sets that no query gives. */
final class RowBuilder {
  private final TurdbConnection connection;
  private final Column[] columns;
  private final List<Object[]> rows = new ArrayList<>();

  /** Columns are texts, but for those that end with `#`, which are integers, and with `?`, which are booleans. */
  RowBuilder(TurdbConnection connection, String names) {
    this.connection = connection;
    String[] all = names.trim().split("[\\s,]+");
    columns = new Column[all.length];
    for (int i = 0; i < all.length; ++i) {
      String name = all[i];
      char last = name.charAt(name.length() - 1);
      int type = last == '#' ? Type.INT32 : last == '?' ? Type.BOOL : Type.TEXT;
      columns[i] = new Column(type, Column.NULLABLE, type == Type.TEXT ? name : name.substring(0, name.length() - 1), Packed.name(type),
          null, null, null);
    }
  }

  void add(Object... values) {
    if (values.length != columns.length) {
      throw new IllegalStateException(values.length + " values for " + columns.length + " columns");
    }
    rows.add(values);
  }

  /** Sorts by some of the columns, counted from 0. */
  @SuppressWarnings({"unchecked", "rawtypes"})
  void sort(int... by) {
    Comparator<Object[]> order = (a, b) -> 0;
    for (int column : by) {
      order = order.thenComparing(row -> (Comparable) row[column], Comparator.nullsFirst(Comparator.naturalOrder()));
    }
    rows.sort(order);
  }

  TurdbResultSet build() throws SQLException {
    Packer packer = new Packer(1024);
    for (Object[] row : rows) {
      for (Object value : row) {
        packer.value(value);
      }
    }
    return TurdbResultSet.of(connection, columns, packer, rows.size());
  }
}
