package org.turdb;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Rows of one table that a statement has changed. It is of use while the hook runs. */
public final class Change {
  /** What was done to the rows. */
  public enum Operation {
    INSERT,
    UPDATE,
    DELETE
  }

  private long handle;
  private final Operation operation;
  private final boolean byTrigger;
  private final boolean byForeignKey;
  private final int rows;
  private final String schema;
  private final String table;
  private List<String> columns;
  private List<String> keys;

  Change(long handle, ByteBuffer in) {
    this.handle = handle;
    operation = Operation.values()[in.getInt() - 1];
    byTrigger = in.getInt() != 0;
    byForeignKey = in.getInt() != 0;
    rows = in.getInt();
    schema = Column.text(in);
    table = Column.text(in);
  }

  void end() {
    handle = 0;
  }

  public Operation operation() {
    return operation;
  }

  public String schema() {
    return schema;
  }

  public String table() {
    return table;
  }

  /** A trigger made the change. */
  public boolean byTrigger() {
    return byTrigger;
  }

  /** A foreign key did: ON DELETE CASCADE and its like. */
  public boolean byForeignKey() {
    return byForeignKey;
  }

  /** How many rows there are, at least 1. */
  public int rowCount() {
    return rows;
  }

  /** The names of the table's columns. */
  public List<String> columns() throws SQLException {
    readColumns();
    return columns;
  }

  /** The names of those that are part of the primary key. */
  public List<String> keyColumns() throws SQLException {
    readColumns();
    return keys;
  }

  private void readColumns() throws SQLException {
    if (columns != null) {
      return;
    }
    check();
    ByteBuffer in = ByteBuffer.wrap(Native.changeColumns(handle)).order(ByteOrder.LITTLE_ENDIAN);
    List<String> all = new ArrayList<>();
    List<String> key = new ArrayList<>();
    for (int count = in.getInt(); count > 0; --count) {
      String name = Column.text(in);
      all.add(name);
      if (in.getInt() != 0) {
        key.add(name);
      }
    }
    columns = Collections.unmodifiableList(all);
    keys = Collections.unmodifiableList(key);
  }

  /** A row, counted from 0, as it was; null for one that was inserted. Values are as arguments of a {@link ScalarFunction} are. */
  public Object[] oldRow(int row) throws SQLException {
    return operation == Operation.INSERT ? null : row(false, row);
  }

  /** A row as it is; null for one that was deleted. */
  public Object[] newRow(int row) throws SQLException {
    return operation == Operation.DELETE ? null : row(true, row);
  }

  private Object[] row(boolean isNew, int row) throws SQLException {
    check();
    byte[] packed = Native.changeRow(handle, isNew, row);
    List<Object> values = new ArrayList<>();
    for (int at = 0; at < packed.length; at = Packed.skip(packed, at)) {
      values.add(Packed.loose(packed, at));
    }
    return values.toArray();
  }

  private void check() throws SQLException {
    if (handle == 0) {
      throw Errors.misuse("the hook that was told of the change has returned");
    }
  }

  @Override
  public String toString() {
    return operation + " " + schema + "." + table + ", " + rows + " rows";
  }
}
