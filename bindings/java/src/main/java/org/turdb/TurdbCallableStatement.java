package org.turdb;

import java.io.InputStream;
import java.io.Reader;
import java.math.BigDecimal;
import java.net.URL;
import java.sql.Array;
import java.sql.Blob;
import java.sql.CallableStatement;
import java.sql.Clob;
import java.sql.Date;
import java.sql.NClob;
import java.sql.Ref;
import java.sql.ResultSet;
import java.sql.RowId;
import java.sql.SQLException;
import java.sql.SQLType;
import java.sql.SQLXML;
import java.sql.Time;
import java.sql.Timestamp;
import java.util.Calendar;
import java.util.Map;

/**
 * A call of a function: {@code {? = call f(?, ?)}}, or any statement whose parameters have names ({@code :id}). There are no procedures,
 * so that the value of the function is the only parameter that comes out.
 */
public final class TurdbCallableStatement extends TurdbPreparedStatement implements CallableStatement {
  /** Whether the first parameter is the value of the function. */
  private final boolean returns;
  private ResultSet value;

  TurdbCallableStatement(TurdbConnection connection, String sql, int cursorType) throws SQLException {
    super(connection, Escapes.translate(call(sql)), null, cursorType);
    returns = isReturning(sql);
  }

  private static boolean isReturning(String sql) {
    return sql != null && sql.strip().matches("(?s)\\{\\s*\\?\\s*=\\s*(?i:call)\\s.*\\}");
  }

  private static String call(String sql) {
    return isReturning(sql) ? "{" + sql.strip().substring(sql.strip().indexOf('=') + 1).stripLeading() : sql;
  }

  /** Where a parameter is in the statement: the value of the function is not there. */
  @Override
  int place(int index) throws SQLException {
    if (returns && index == 1) {
      throw Errors.misuse("parameter 1 is the value of the function: it comes out");
    }
    return returns ? index - 1 : index;
  }

  private int index(String name) throws SQLException {
    return getParameterIndex(name) + (returns ? 1 : 0);
  }

  @Override
  public boolean execute() throws SQLException {
    value = null;
    boolean hasRows = super.execute();
    if (!returns) {
      return hasRows;
    }
    value = results;
    if (value == null || !value.next()) {
      throw Errors.misuse("the function gave no value");
    }
    results = null;
    keys = (TurdbResultSet) value; // closed with the next run
    return false;
  }

  @Override
  public ResultSet executeQuery() throws SQLException {
    if (returns) {
      throw Errors.misuse("the value of the function is a parameter: execute() it is");
    }
    return super.executeQuery();
  }

  private ResultSet out(int index) throws SQLException {
    check();
    if (!returns || index != 1) {
      throw Errors.misuse("parameter " + index + " does not come out");
    }
    if (value == null) {
      throw Errors.misuse("the function was not called yet");
    }
    return value;
  }

  @Override
  public boolean wasNull() throws SQLException {
    return out(1).wasNull();
  }

  @Override
  public void registerOutParameter(int index, int type) throws SQLException {
    check();
    if (!returns || index != 1) {
      throw Errors.unsupported("only the value of a function comes out: {? = call f(...)}");
    }
  }

  @Override
  public void registerOutParameter(int parameter, int type, int more) throws SQLException {
    registerOutParameter(parameter, type);
  }

  @Override
  public String getString(int parameter) throws SQLException {
    return out(parameter).getString(1);
  }

  @Override
  public boolean getBoolean(int parameter) throws SQLException {
    return out(parameter).getBoolean(1);
  }

  @Override
  public byte getByte(int parameter) throws SQLException {
    return out(parameter).getByte(1);
  }

  @Override
  public short getShort(int parameter) throws SQLException {
    return out(parameter).getShort(1);
  }

  @Override
  public int getInt(int parameter) throws SQLException {
    return out(parameter).getInt(1);
  }

  @Override
  public long getLong(int parameter) throws SQLException {
    return out(parameter).getLong(1);
  }

  @Override
  public float getFloat(int parameter) throws SQLException {
    return out(parameter).getFloat(1);
  }

  @Override
  public double getDouble(int parameter) throws SQLException {
    return out(parameter).getDouble(1);
  }

  @Override
  @Deprecated
  public BigDecimal getBigDecimal(int parameter, int more) throws SQLException {
    return out(parameter).getBigDecimal(1, more);
  }

  @Override
  public byte[] getBytes(int parameter) throws SQLException {
    return out(parameter).getBytes(1);
  }

  @Override
  public Date getDate(int parameter) throws SQLException {
    return out(parameter).getDate(1);
  }

  @Override
  public Time getTime(int parameter) throws SQLException {
    return out(parameter).getTime(1);
  }

  @Override
  public Timestamp getTimestamp(int parameter) throws SQLException {
    return out(parameter).getTimestamp(1);
  }

  @Override
  public Object getObject(int parameter) throws SQLException {
    return out(parameter).getObject(1);
  }

  @Override
  public BigDecimal getBigDecimal(int parameter) throws SQLException {
    return out(parameter).getBigDecimal(1);
  }

  @Override
  public Object getObject(int parameter, Map<String, Class<?>> more) throws SQLException {
    return out(parameter).getObject(1, more);
  }

  @Override
  public Ref getRef(int parameter) throws SQLException {
    return out(parameter).getRef(1);
  }

  @Override
  public Blob getBlob(int parameter) throws SQLException {
    return out(parameter).getBlob(1);
  }

  @Override
  public Clob getClob(int parameter) throws SQLException {
    return out(parameter).getClob(1);
  }

  @Override
  public Array getArray(int parameter) throws SQLException {
    return out(parameter).getArray(1);
  }

  @Override
  public Date getDate(int parameter, Calendar more) throws SQLException {
    return out(parameter).getDate(1, more);
  }

  @Override
  public Time getTime(int parameter, Calendar more) throws SQLException {
    return out(parameter).getTime(1, more);
  }

  @Override
  public Timestamp getTimestamp(int parameter, Calendar more) throws SQLException {
    return out(parameter).getTimestamp(1, more);
  }

  @Override
  public void registerOutParameter(int parameter, int type, String more) throws SQLException {
    registerOutParameter(parameter, type);
  }

  @Override
  public void registerOutParameter(String parameter, int type) throws SQLException {
    registerOutParameter(index(parameter), type);
  }

  @Override
  public void registerOutParameter(String parameter, int type, int more) throws SQLException {
    registerOutParameter(index(parameter), type);
  }

  @Override
  public void registerOutParameter(String parameter, int type, String more) throws SQLException {
    registerOutParameter(index(parameter), type);
  }

  @Override
  public URL getURL(int parameter) throws SQLException {
    return out(parameter).getURL(1);
  }

  @Override
  public void setURL(String parameter, URL value) throws SQLException {
    setURL(index(parameter), value);
  }

  @Override
  public void setNull(String parameter, int value) throws SQLException {
    setNull(index(parameter), value);
  }

  @Override
  public void setBoolean(String parameter, boolean value) throws SQLException {
    setBoolean(index(parameter), value);
  }

  @Override
  public void setByte(String parameter, byte value) throws SQLException {
    setByte(index(parameter), value);
  }

  @Override
  public void setShort(String parameter, short value) throws SQLException {
    setShort(index(parameter), value);
  }

  @Override
  public void setInt(String parameter, int value) throws SQLException {
    setInt(index(parameter), value);
  }

  @Override
  public void setLong(String parameter, long value) throws SQLException {
    setLong(index(parameter), value);
  }

  @Override
  public void setFloat(String parameter, float value) throws SQLException {
    setFloat(index(parameter), value);
  }

  @Override
  public void setDouble(String parameter, double value) throws SQLException {
    setDouble(index(parameter), value);
  }

  @Override
  public void setBigDecimal(String parameter, BigDecimal value) throws SQLException {
    setBigDecimal(index(parameter), value);
  }

  @Override
  public void setString(String parameter, String value) throws SQLException {
    setString(index(parameter), value);
  }

  @Override
  public void setBytes(String parameter, byte[] value) throws SQLException {
    setBytes(index(parameter), value);
  }

  @Override
  public void setDate(String parameter, Date value) throws SQLException {
    setDate(index(parameter), value);
  }

  @Override
  public void setTime(String parameter, Time value) throws SQLException {
    setTime(index(parameter), value);
  }

  @Override
  public void setTimestamp(String parameter, Timestamp value) throws SQLException {
    setTimestamp(index(parameter), value);
  }

  @Override
  public void setAsciiStream(String parameter, InputStream value, int more) throws SQLException {
    setAsciiStream(index(parameter), value, more);
  }

  @Override
  public void setBinaryStream(String parameter, InputStream value, int more) throws SQLException {
    setBinaryStream(index(parameter), value, more);
  }

  @Override
  public void setObject(String parameter, Object value, int more, int most) throws SQLException {
    setObject(index(parameter), value, more, most);
  }

  @Override
  public void setObject(String parameter, Object value, int more) throws SQLException {
    setObject(index(parameter), value, more);
  }

  @Override
  public void setObject(String parameter, Object value) throws SQLException {
    setObject(index(parameter), value);
  }

  @Override
  public void setCharacterStream(String parameter, Reader value, int more) throws SQLException {
    setCharacterStream(index(parameter), value, more);
  }

  @Override
  public void setDate(String parameter, Date value, Calendar more) throws SQLException {
    setDate(index(parameter), value, more);
  }

  @Override
  public void setTime(String parameter, Time value, Calendar more) throws SQLException {
    setTime(index(parameter), value, more);
  }

  @Override
  public void setTimestamp(String parameter, Timestamp value, Calendar more) throws SQLException {
    setTimestamp(index(parameter), value, more);
  }

  @Override
  public void setNull(String parameter, int value, String more) throws SQLException {
    setNull(index(parameter), value, more);
  }

  @Override
  public String getString(String parameter) throws SQLException {
    return getString(index(parameter));
  }

  @Override
  public boolean getBoolean(String parameter) throws SQLException {
    return getBoolean(index(parameter));
  }

  @Override
  public byte getByte(String parameter) throws SQLException {
    return getByte(index(parameter));
  }

  @Override
  public short getShort(String parameter) throws SQLException {
    return getShort(index(parameter));
  }

  @Override
  public int getInt(String parameter) throws SQLException {
    return getInt(index(parameter));
  }

  @Override
  public long getLong(String parameter) throws SQLException {
    return getLong(index(parameter));
  }

  @Override
  public float getFloat(String parameter) throws SQLException {
    return getFloat(index(parameter));
  }

  @Override
  public double getDouble(String parameter) throws SQLException {
    return getDouble(index(parameter));
  }

  @Override
  public byte[] getBytes(String parameter) throws SQLException {
    return getBytes(index(parameter));
  }

  @Override
  public Date getDate(String parameter) throws SQLException {
    return getDate(index(parameter));
  }

  @Override
  public Time getTime(String parameter) throws SQLException {
    return getTime(index(parameter));
  }

  @Override
  public Timestamp getTimestamp(String parameter) throws SQLException {
    return getTimestamp(index(parameter));
  }

  @Override
  public Object getObject(String parameter) throws SQLException {
    return getObject(index(parameter));
  }

  @Override
  public BigDecimal getBigDecimal(String parameter) throws SQLException {
    return getBigDecimal(index(parameter));
  }

  @Override
  public Object getObject(String parameter, Map<String, Class<?>> more) throws SQLException {
    return getObject(index(parameter), more);
  }

  @Override
  public Ref getRef(String parameter) throws SQLException {
    return getRef(index(parameter));
  }

  @Override
  public Blob getBlob(String parameter) throws SQLException {
    return getBlob(index(parameter));
  }

  @Override
  public Clob getClob(String parameter) throws SQLException {
    return getClob(index(parameter));
  }

  @Override
  public Array getArray(String parameter) throws SQLException {
    return getArray(index(parameter));
  }

  @Override
  public Date getDate(String parameter, Calendar more) throws SQLException {
    return getDate(index(parameter), more);
  }

  @Override
  public Time getTime(String parameter, Calendar more) throws SQLException {
    return getTime(index(parameter), more);
  }

  @Override
  public Timestamp getTimestamp(String parameter, Calendar more) throws SQLException {
    return getTimestamp(index(parameter), more);
  }

  @Override
  public URL getURL(String parameter) throws SQLException {
    return getURL(index(parameter));
  }

  @Override
  public RowId getRowId(int parameter) throws SQLException {
    return out(parameter).getRowId(1);
  }

  @Override
  public RowId getRowId(String parameter) throws SQLException {
    return getRowId(index(parameter));
  }

  @Override
  public void setRowId(String parameter, RowId value) throws SQLException {
    setRowId(index(parameter), value);
  }

  @Override
  public void setNString(String parameter, String value) throws SQLException {
    setNString(index(parameter), value);
  }

  @Override
  public void setNCharacterStream(String parameter, Reader value, long more) throws SQLException {
    setNCharacterStream(index(parameter), value, more);
  }

  @Override
  public void setNClob(String parameter, NClob value) throws SQLException {
    setNClob(index(parameter), value);
  }

  @Override
  public void setClob(String parameter, Reader value, long more) throws SQLException {
    setClob(index(parameter), value, more);
  }

  @Override
  public void setBlob(String parameter, InputStream value, long more) throws SQLException {
    setBlob(index(parameter), value, more);
  }

  @Override
  public void setNClob(String parameter, Reader value, long more) throws SQLException {
    setNClob(index(parameter), value, more);
  }

  @Override
  public NClob getNClob(int parameter) throws SQLException {
    return out(parameter).getNClob(1);
  }

  @Override
  public NClob getNClob(String parameter) throws SQLException {
    return getNClob(index(parameter));
  }

  @Override
  public void setSQLXML(String parameter, SQLXML value) throws SQLException {
    setSQLXML(index(parameter), value);
  }

  @Override
  public SQLXML getSQLXML(int parameter) throws SQLException {
    return out(parameter).getSQLXML(1);
  }

  @Override
  public SQLXML getSQLXML(String parameter) throws SQLException {
    return getSQLXML(index(parameter));
  }

  @Override
  public String getNString(int parameter) throws SQLException {
    return out(parameter).getNString(1);
  }

  @Override
  public String getNString(String parameter) throws SQLException {
    return getNString(index(parameter));
  }

  @Override
  public Reader getNCharacterStream(int parameter) throws SQLException {
    return out(parameter).getNCharacterStream(1);
  }

  @Override
  public Reader getNCharacterStream(String parameter) throws SQLException {
    return getNCharacterStream(index(parameter));
  }

  @Override
  public Reader getCharacterStream(int parameter) throws SQLException {
    return out(parameter).getCharacterStream(1);
  }

  @Override
  public Reader getCharacterStream(String parameter) throws SQLException {
    return getCharacterStream(index(parameter));
  }

  @Override
  public void setBlob(String parameter, Blob value) throws SQLException {
    setBlob(index(parameter), value);
  }

  @Override
  public void setClob(String parameter, Clob value) throws SQLException {
    setClob(index(parameter), value);
  }

  @Override
  public void setAsciiStream(String parameter, InputStream value, long more) throws SQLException {
    setAsciiStream(index(parameter), value, more);
  }

  @Override
  public void setBinaryStream(String parameter, InputStream value, long more) throws SQLException {
    setBinaryStream(index(parameter), value, more);
  }

  @Override
  public void setCharacterStream(String parameter, Reader value, long more) throws SQLException {
    setCharacterStream(index(parameter), value, more);
  }

  @Override
  public void setAsciiStream(String parameter, InputStream value) throws SQLException {
    setAsciiStream(index(parameter), value);
  }

  @Override
  public void setBinaryStream(String parameter, InputStream value) throws SQLException {
    setBinaryStream(index(parameter), value);
  }

  @Override
  public void setCharacterStream(String parameter, Reader value) throws SQLException {
    setCharacterStream(index(parameter), value);
  }

  @Override
  public void setNCharacterStream(String parameter, Reader value) throws SQLException {
    setNCharacterStream(index(parameter), value);
  }

  @Override
  public void setClob(String parameter, Reader value) throws SQLException {
    setClob(index(parameter), value);
  }

  @Override
  public void setBlob(String parameter, InputStream value) throws SQLException {
    setBlob(index(parameter), value);
  }

  @Override
  public void setNClob(String parameter, Reader value) throws SQLException {
    setNClob(index(parameter), value);
  }

  @Override
  public <T> T getObject(int parameter, Class<T> more) throws SQLException {
    return out(parameter).getObject(1, more);
  }

  @Override
  public <T> T getObject(String parameter, Class<T> more) throws SQLException {
    return getObject(index(parameter), more);
  }

  @Override
  public void setObject(String parameter, Object value, SQLType more, int most) throws SQLException {
    setObject(index(parameter), value, more, most);
  }

  @Override
  public void setObject(String parameter, Object value, SQLType more) throws SQLException {
    setObject(index(parameter), value, more);
  }

  @Override
  public void registerOutParameter(int parameter, SQLType type) throws SQLException {
    registerOutParameter(parameter, type.getVendorTypeNumber());
  }

  @Override
  public void registerOutParameter(int parameter, SQLType type, int more) throws SQLException {
    registerOutParameter(parameter, type.getVendorTypeNumber());
  }

  @Override
  public void registerOutParameter(int parameter, SQLType type, String more) throws SQLException {
    registerOutParameter(parameter, type.getVendorTypeNumber());
  }

  @Override
  public void registerOutParameter(String parameter, SQLType type) throws SQLException {
    registerOutParameter(index(parameter), type.getVendorTypeNumber());
  }

  @Override
  public void registerOutParameter(String parameter, SQLType type, int more) throws SQLException {
    registerOutParameter(index(parameter), type.getVendorTypeNumber());
  }

  @Override
  public void registerOutParameter(String parameter, SQLType type, String more) throws SQLException {
    registerOutParameter(index(parameter), type.getVendorTypeNumber());
  }
}
