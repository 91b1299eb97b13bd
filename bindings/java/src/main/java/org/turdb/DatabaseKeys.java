package org.turdb;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What the catalog says about the columns of a table that an INSERT names. */
final class DatabaseKeys {
  private DatabaseKeys() {}

  /** The columns that RETURN_GENERATED_KEYS means, the primary key first; all of them when there is nothing to choose by. */
  static String[] find(TurdbConnection connection, String table) throws SQLException {
    List<String> keys = new ArrayList<>();
    List<String> generated = new ArrayList<>();
    try (TurdbPreparedStatement statement = columns(connection, table); var rows = statement.executeQuery()) {
      while (rows.next()) {
        if (rows.getObject("key_position") != null) {
          keys.add(SqlText.quoted(rows.getString("column_name")));
        } else if (rows.getBoolean("is_generated")) {
          generated.add(SqlText.quoted(rows.getString("column_name")));
        }
      }
    }
    keys.addAll(generated);
    return keys.isEmpty() ? new String[] {"*"} : keys.toArray(String[]::new);
  }

  static String[] byPosition(TurdbConnection connection, String table, int[] positions) throws SQLException {
    Map<Integer, String> names = new HashMap<>();
    try (TurdbPreparedStatement statement = columns(connection, table); var rows = statement.executeQuery()) {
      while (rows.next()) {
        names.put(rows.getInt("position"), rows.getString("column_name"));
      }
    }
    String[] chosen = new String[positions.length];
    for (int i = 0; i < positions.length; ++i) {
      String name = names.get(positions[i]);
      if (name == null) {
        throw Errors.notFound("42703", "the table has no column " + positions[i]);
      }
      chosen[i] = SqlText.quoted(name);
    }
    return chosen;
  }

  private static TurdbPreparedStatement columns(TurdbConnection connection, String table) throws SQLException {
    String[] parts = split(table);
    String sql = "select c.column_name, c.position, c.key_position, coalesce(i.is_identity = 'YES', false) "
        + "or coalesce(c.default_sql like '%nextval%', false) as is_generated from turdb_catalog.columns c left join information_schema.columns i on i.table_schema = c.schema_name"
        + " and i.table_name = c.table_name and i.column_name = c.column_name where c.table_name = ? and c.schema_name = "
        + (parts[0] == null ? "current_schema" : "?") + " order by coalesce(c.key_position, 0), c.position";
    TurdbPreparedStatement statement =
        new TurdbPreparedStatement(connection, sql, null, java.sql.ResultSet.TYPE_FORWARD_ONLY);
    statement.setString(1, parts[1]);
    if (parts[0] != null) {
      statement.setString(2, parts[0]);
    }
    return statement;
  }

  /** Schema, or null, and name of what stands in SQL. */
  static String[] split(String name) {
    List<String> parts = new ArrayList<>();
    StringBuilder part = new StringBuilder();
    for (int i = 0; i < name.length(); ++i) {
      char c = name.charAt(i);
      if (c == '"') {
        int end = SqlText.skipQuoted(name, i);
        part.append(name, i + 1, Math.max(i + 1, end - 1));
        i = end - 1;
      } else if (c == '.') {
        parts.add(part.toString());
        part.setLength(0);
      } else {
        part.append(Character.toLowerCase(c));
      }
    }
    parts.add(part.toString());
    int last = parts.size() - 1;
    return new String[] {last > 0 ? parts.get(last - 1) : null, parts.get(last)};
  }
}
