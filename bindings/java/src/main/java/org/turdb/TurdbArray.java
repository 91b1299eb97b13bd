package org.turdb;

import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Map;

/** An array of SQL. Its elements are in an array of their class, nested for more dimensions; dates are those of java.time. */
final class TurdbArray implements Array {
  private final TurdbConnection connection;
  private final String typeName;
  private final int elementType;
  private Object[] elements;

  TurdbArray(TurdbConnection connection, String typeName, int elementType, Object[] elements) {
    this.connection = connection;
    this.typeName = typeName;
    this.elementType = elementType;
    this.elements = elements;
  }

  int elementType() {
    return elementType;
  }

  private Object[] elements() throws SQLException {
    if (elements == null) {
      throw Errors.misuse("the array was freed");
    }
    return elements;
  }

  @Override
  public String getBaseTypeName() throws SQLException {
    elements();
    return typeName;
  }

  @Override
  public int getBaseType() throws SQLException {
    elements();
    return Type.jdbc(elementType);
  }

  @Override
  public Object getArray() throws SQLException {
    return elements();
  }

  @Override
  public Object getArray(Map<String, Class<?>> map) throws SQLException {
    noMap(map);
    return elements();
  }

  @Override
  public Object getArray(long index, int count) throws SQLException {
    Object[] all = elements();
    if (index < 1 || count < 0 || index - 1 + count > all.length) {
      throw Errors.data("2202E", "the array has " + all.length + " elements");
    }
    return Arrays.copyOfRange(all, (int) index - 1, (int) index - 1 + count);
  }

  @Override
  public Object getArray(long index, int count, Map<String, Class<?>> map) throws SQLException {
    noMap(map);
    return getArray(index, count);
  }

  private static void noMap(Map<String, Class<?>> map) throws SQLException {
    if (map != null && !map.isEmpty()) {
      throw Errors.unsupported("there are no type maps");
    }
  }

  @Override
  public ResultSet getResultSet() throws SQLException {
    return getResultSet(1, elements().length);
  }

  @Override
  public ResultSet getResultSet(Map<String, Class<?>> map) throws SQLException {
    noMap(map);
    return getResultSet();
  }

  @Override
  public ResultSet getResultSet(long index, int count) throws SQLException {
    Object[] part = (Object[]) getArray(index, count);
    Packer packer = new Packer(64);
    for (int i = 0; i < part.length; ++i) {
      packer.int64(index + i);
      packer.value(part[i]);
    }
    Column[] columns = {new Column(Type.INT64, Column.NOT_NULL, "INDEX", "bigint", null, null, null),
        new Column(Type.ANY, Column.NULLABLE, "VALUE", typeName, null, null, null)};
    return TurdbResultSet.of(connection, columns, packer, part.length);
  }

  @Override
  public ResultSet getResultSet(long index, int count, Map<String, Class<?>> map) throws SQLException {
    noMap(map);
    return getResultSet(index, count);
  }

  @Override
  public void free() {
    elements = null;
  }

  @Override
  public String toString() {
    return elements == null ? "an array that was freed" : Arrays.deepToString(elements);
  }
}
