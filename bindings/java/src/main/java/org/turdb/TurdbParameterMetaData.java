package org.turdb;

import java.sql.ParameterMetaData;
import java.sql.SQLException;

/** What is known of parameters without values: where any type will do, that it is VARCHAR. */
final class TurdbParameterMetaData implements ParameterMetaData {
  private final int[] types;

  TurdbParameterMetaData(int[] types) {
    this.types = types.clone();
  }

  private int type(int index) throws SQLException {
    if (index < 1 || index > types.length) {
      throw Errors.notFound("22023", "there is no parameter " + index + ": the statement has " + types.length);
    }
    return types[index - 1] == Type.NULL ? Type.TEXT : types[index - 1];
  }

  @Override
  public int getParameterCount() {
    return types.length;
  }

  @Override
  public int getParameterType(int index) throws SQLException {
    return Type.jdbc(type(index));
  }

  @Override
  public String getParameterTypeName(int index) throws SQLException {
    return Packed.name(type(index));
  }

  @Override
  public String getParameterClassName(int index) throws SQLException {
    return Type.className(type(index));
  }

  @Override
  public int isNullable(int index) throws SQLException {
    type(index);
    return parameterNullableUnknown;
  }

  @Override
  public boolean isSigned(int index) throws SQLException {
    return Type.isSigned(type(index));
  }

  @Override
  public int getPrecision(int index) throws SQLException {
    return Type.precision(type(index), null);
  }

  @Override
  public int getScale(int index) throws SQLException {
    return Type.scale(type(index), null);
  }

  @Override
  public int getParameterMode(int index) throws SQLException {
    type(index);
    return parameterModeIn;
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
