package org.turdb;

import java.sql.ResultSetMetaData;
import java.sql.SQLException;

final class TurdbResultSetMetaData implements ResultSetMetaData {
  private final Column[] columns;

  TurdbResultSetMetaData(Column[] columns) {
    this.columns = columns;
  }

  private Column column(int index) throws SQLException {
    if (index < 1 || index > columns.length) {
      throw Errors.notFound("42703", "there is no column " + index + ": the rows have " + columns.length);
    }
    return columns[index - 1];
  }

  private static String orEmpty(String text) {
    return text == null ? "" : text;
  }

  @Override
  public int getColumnCount() {
    return columns.length;
  }

  @Override
  public String getColumnLabel(int index) throws SQLException {
    return column(index).name();
  }

  /** The name of the column in its table, or else the label. */
  @Override
  public String getColumnName(int index) throws SQLException {
    Column column = column(index);
    return column.origin() != null ? column.origin() : column.name();
  }

  @Override
  public int getColumnType(int index) throws SQLException {
    return Type.jdbc(column(index).type());
  }

  /** The type as SQL writes it, without what is in parentheses. */
  @Override
  public String getColumnTypeName(int index) throws SQLException {
    return Type.name(orEmpty(column(index).declared()));
  }

  @Override
  public String getColumnClassName(int index) throws SQLException {
    return Type.className(column(index).type());
  }

  @Override
  public int getPrecision(int index) throws SQLException {
    Column column = column(index);
    return Type.precision(column.type(), column.declared());
  }

  @Override
  public int getScale(int index) throws SQLException {
    Column column = column(index);
    return Type.scale(column.type(), column.declared());
  }

  @Override
  public int getColumnDisplaySize(int index) throws SQLException {
    int precision = getPrecision(index);
    return precision == 0 ? Integer.MAX_VALUE : precision + (isSigned(index) ? 2 : 0);
  }

  @Override
  public int isNullable(int index) throws SQLException {
    return switch (column(index).nullability()) {
      case Column.NOT_NULL -> columnNoNulls;
      case Column.NULLABLE -> columnNullable;
      default -> columnNullableUnknown;
    };
  }

  @Override
  public boolean isSigned(int index) throws SQLException {
    return Type.isSigned(column(index).type());
  }

  @Override
  public String getSchemaName(int index) throws SQLException {
    return orEmpty(column(index).schema());
  }

  @Override
  public String getTableName(int index) throws SQLException {
    return orEmpty(column(index).table());
  }

  @Override
  public String getCatalogName(int index) throws SQLException {
    column(index);
    return "";
  }

  @Override
  public boolean isAutoIncrement(int index) throws SQLException {
    column(index);
    return false;
  }

  @Override
  public boolean isCaseSensitive(int index) throws SQLException {
    int type = column(index).type();
    return type == Type.TEXT || type == Type.ENUM || type == Type.JSON || type == Type.JSONB || type == Type.ANY;
  }

  @Override
  public boolean isSearchable(int index) throws SQLException {
    column(index);
    return true;
  }

  @Override
  public boolean isCurrency(int index) throws SQLException {
    column(index);
    return false;
  }

  @Override
  public boolean isReadOnly(int index) throws SQLException {
    return column(index).origin() == null;
  }

  @Override
  public boolean isWritable(int index) throws SQLException {
    return !isReadOnly(index);
  }

  @Override
  public boolean isDefinitelyWritable(int index) throws SQLException {
    column(index);
    return false;
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    if (type.isInstance(this)) {
      return type.cast(this);
    }
    throw Errors.misuse("the metadata are no " + type.getName());
  }

  @Override
  public boolean isWrapperFor(Class<?> type) {
    return type.isInstance(this);
  }
}
