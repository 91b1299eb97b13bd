package org.turdb;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.io.StringWriter;
import java.lang.ref.Reference;
import java.math.BigDecimal;
import java.net.URL;
import java.sql.Array;
import java.sql.BatchUpdateException;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.Date;
import java.sql.NClob;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.Ref;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.RowId;
import java.sql.SQLException;
import java.sql.SQLType;
import java.sql.SQLXML;
import java.sql.Statement;
import java.sql.Time;
import java.sql.Timestamp;
import java.sql.Types;
import java.util.Arrays;
import java.util.Calendar;
import java.util.Locale;

/**
 * A prepared statement. Parameters are values of the types that {@code README.md} lists; those of a row go to C in one piece.
 */
public class TurdbPreparedStatement extends TurdbStatement implements PreparedStatement {
  private static final int BATCH_BYTES = 1 << 20;

  private final CompiledStatement compiled;
  private final String text;
  private final boolean givesKeys;
  private final Parameters parameters;

  // The rows of a batch, packed, and the size of each.
  private Packer batch;
  private int[] batchSizes;
  private int batchCount;

  TurdbPreparedStatement(TurdbConnection connection, String sql, String[] keyNames, int cursorType) throws SQLException {
    super(connection, cursorType);
    givesKeys = keyNames != null && keyNames.length > 0 && GeneratedKeys.isPossible(sql);
    text = givesKeys ? GeneratedKeys.returning(sql, keyNames) : sql;
    compiled = connection.compile(text);
    if (!SqlText.isBlank(compiled.sql, compiled.tail)) {
      checkNothingBehind();
    }
    parameters = new Parameters(compiled.parameterCount);
  }

  /** Comments may be there, which only the parser knows. */
  private void checkNothingBehind() throws SQLException {
    CompiledStatement next;
    try {
      next = connection.compile(compiled.sql, compiled.tail);
    } catch (SQLException e) {
      compiled.free();
      throw e;
    }
    boolean blank = next.handle == 0 && SqlText.isBlank(next.sql, next.tail);
    next.free();
    if (!blank) {
      compiled.free();
      throw Errors.located(Errors.syntax("42601", "a prepared statement is one statement, and there is another one behind it",
          compiled.tail), compiled.sql, 0);
    }
  }

  @Override
  public void close() throws SQLException {
    if (!closed) {
      super.close();
      connection.giveBack(compiled);
    }
  }

  CompiledStatement compiled() {
    return compiled;
  }

  // ---- running

  @Override
  public boolean execute() throws SQLException {
    check();
    closeResults();
    run(compiled, parameters.row(), false);
    if (givesKeys) {
      takeKeys();
    }
    return results != null;
  }

  @Override
  public ResultSet executeQuery() throws SQLException {
    return onlyQuery(execute());
  }

  @Override
  public long executeLargeUpdate() throws SQLException {
    return onlyUpdate(execute());
  }

  @Override
  public int executeUpdate() throws SQLException {
    return count(executeLargeUpdate());
  }

  private static SQLException prepared() {
    return Errors.misuse("a prepared statement has its SQL already");
  }

  @Override
  boolean executeText(String sql, String[] keyNames) throws SQLException {
    throw prepared();
  }

  @Override
  public void addBatch(String sql) throws SQLException {
    throw prepared();
  }

  // ---- batches

  @Override
  public void addBatch() throws SQLException {
    check();
    Packer row = parameters.row();
    if (batch == null) {
      batch = new Packer(Math.max(1024, 16 * row.size));
      batchSizes = new int[64];
    }
    if (batchCount == batchSizes.length) {
      batchSizes = Arrays.copyOf(batchSizes, 2 * batchCount);
    }
    batch.append(row.data, 0, row.size);
    batchSizes[batchCount++] = row.size;
  }

  @Override
  public void clearBatch() throws SQLException {
    check();
    batchCount = 0;
    if (batch != null && batch.data.length > BATCH_BYTES) {
      batch = null;
    } else if (batch != null) {
      batch.clear();
    }
  }

  /** All rows of the batch, or none, are run. */
  @Override
  public long[] executeLargeBatch() throws SQLException {
    check();
    closeResults();
    long[] counts = new long[batchCount];
    if (counts.length == 0) {
      return counts;
    }
    connection.enter();
    startTimer();
    try {
      Batches.begin(connection, counts.length);
      try {
        if (givesKeys) {
          runWithKeys(counts);
        } else {
          runRows(counts);
        }
      } catch (SQLException e) {
        throw Batches.undo(connection, counts.length, failed(e, compiled));
      }
      Batches.end(connection, counts.length);
      return counts;
    } catch (BatchUpdateException e) {
      throw e;
    } catch (SQLException e) {
      throw Batches.failed(counts.length, e);
    } finally {
      stopTimer();
      connection.leave();
      if (!closed) {
        clearBatch();
      }
    }
  }

  /** Runs the rows, as many at a time as fit into some memory. An INSERT of values changes as many rows each time. */
  private void runRows(long[] counts) throws SQLException {
    connection.beginWhenNeeded();
    boolean alike = isInsertOfValues();
    byte[] out = compiled.firstRows();
    int from = 0;
    for (int start = 0; start < counts.length;) {
      int end = start;
      int size = 0;
      while (end < counts.length && (size == 0 || size + batchSizes[end] <= BATCH_BYTES)) {
        size += batchSizes[end++];
      }
      int rows = end - start;
      byte[] data = from == 0 && end == counts.length ? batch.data : Arrays.copyOfRange(batch.data, from, from + size);
      long[] changes = alike ? null : new long[rows];
      int[] sizes = alike ? null : Arrays.copyOfRange(batchSizes, start, end);
      try {
        connection.runRows(this, compiled, data, size, rows, sizes, changes, out);
      } catch (SQLException e) {
        throw alike ? e : Errors.within(e, "row " + (start + 1 + Outcome.rows(out)) + " of the batch");
      }
      if (alike) {
        long all = Outcome.changes(out);
        Arrays.fill(counts, start, end, all % rows == 0 ? all / rows : Statement.SUCCESS_NO_INFO);
      } else {
        System.arraycopy(changes, 0, counts, start, rows);
      }
      from += size;
      start = end;
    }
  }

  private boolean isInsertOfValues() {
    if (!SqlText.firstWord(text).equals("insert")) {
      return false;
    }
    String lower = text.toLowerCase(Locale.ROOT);
    return lower.contains("values") && !lower.contains("select") && !lower.contains("conflict") && !lower.contains(" or ");
  }

  private void runWithKeys(long[] counts) throws SQLException {
    Packer rows = new Packer(1024);
    Packer row = new Packer(64);
    Column[] columns = null;
    long count = 0;
    int from = 0;
    for (int i = 0; i < counts.length; ++i) {
      row.clear();
      row.append(batch.data, from, batchSizes[i]);
      from += batchSizes[i];
      run(compiled, row, false);
      if (results != null) {
        counts[i] = Outcome.changes(results.outcome());
        columns = results.columns();
        count += results.drain(rows);
        results.close(false);
        results = null;
      }
    }
    keys = columns == null ? null : TurdbResultSet.of(connection, columns, rows, count);
  }

  // ---- metadata

  @Override
  public ResultSetMetaData getMetaData() throws SQLException {
    check();
    connection.enter();
    try {
      Column[] columns = compiled.columns();
      return columns.length == 0 || givesKeys ? null : new TurdbResultSetMetaData(columns);
    } finally {
      connection.leave();
    }
  }

  @Override
  public ParameterMetaData getParameterMetaData() throws SQLException {
    check();
    connection.enter();
    try {
      return new TurdbParameterMetaData(compiled.parameterTypes());
    } finally {
      connection.leave();
    }
  }

  /** The index of a parameter that SQL has as {@code :name}, {@code @name} or {@code $name}. */
  public int getParameterIndex(String name) throws SQLException {
    check();
    connection.enter();
    try {
      String[] names = compiled.parameterNames();
      for (int i = 0; i < names.length; ++i) {
        if (name.equals(names[i])) {
          return i + 1;
        }
      }
    } finally {
      connection.leave();
    }
    throw Errors.notFound("42703", "there is no parameter called " + name);
  }

  private int parameterType(int index) throws SQLException {
    connection.enter();
    try {
      int[] types = compiled.parameterTypes();
      index = place(index);
      return index >= 1 && index <= types.length ? types[index - 1] : Type.NULL;
    } finally {
      connection.leave();
    }
  }

  /**
   * Runs the query, whose rows are the stream's: the statement may be run again at once. The flags are those of ArrowStream. The query
   * timeout goes on while the stream is read, until it is closed or, when somebody took it over, until it has passed.
   */
  public ArrowStream executeArrow(int flags) throws SQLException {
    check();
    closeResults();
    Packer row = parameters.row();
    ArrowStream stream = new ArrowStream();
    connection.enter();
    try {
      connection.beginWhenNeeded();
      long execution = connection.interrupt.execution() + 1;
      if (getQueryTimeout() > 0) {
        stream.stopAfter(getQueryTimeout(), connection.interrupt, execution);
      }
      Native.executeStream(compiled.handle, row.data, row.size, flags, stream.address());
      return stream;
    } catch (SQLException e) {
      boolean timedOut = stream.hasTimedOut();
      stream.close();
      SQLException failure = failed(connection.failed(e), compiled);
      throw timedOut ? Errors.timedOut(failure) : failure;
    } finally {
      connection.engineAutocommit = Native.connInAutocommit(connection.handle());
      connection.leave();
      Reference.reachabilityFence(this);
    }
  }

  /** The plan, as EXPLAIN shows it. */
  public String explain() throws SQLException {
    check();
    connection.enter();
    try {
      return Native.text(Native.explain(compiled.handle, 0));
    } catch (SQLException e) {
      throw failed(e, compiled);
    } finally {
      connection.leave();
      Reference.reachabilityFence(this);
    }
  }

  // ---- values

  /** Where a parameter of JDBC is in the statement. */
  int place(int index) throws SQLException {
    return index;
  }

  @Override
  public void clearParameters() throws SQLException {
    check();
    parameters.clear();
  }

  private interface Pack {
    void into(Packer packer) throws SQLException;
  }

  private void set(int index, Pack pack) throws SQLException {
    check();
    Packer packer = parameters.begin(place(index));
    try {
      pack.into(packer);
    } catch (SQLException e) {
      parameters.undo(place(index));
      throw Errors.within(e, "parameter " + index);
    }
    parameters.done(place(index));
  }

  @Override
  public void setNull(int index, int type) throws SQLException {
    check();
    parameters.begin(place(index)).nothing();
    parameters.done(place(index));
  }

  @Override
  public void setNull(int index, int type, String typeName) throws SQLException {
    setNull(index, type);
  }

  @Override
  public void setBoolean(int index, boolean value) throws SQLException {
    check();
    parameters.begin(place(index)).bool(value);
    parameters.done(place(index));
  }

  @Override
  public void setByte(int index, byte value) throws SQLException {
    setLong(index, value);
  }

  @Override
  public void setShort(int index, short value) throws SQLException {
    setLong(index, value);
  }

  @Override
  public void setInt(int index, int value) throws SQLException {
    setLong(index, value);
  }

  @Override
  public void setLong(int index, long value) throws SQLException {
    check();
    parameters.begin(place(index)).int64(value);
    parameters.done(place(index));
  }

  @Override
  public void setFloat(int index, float value) throws SQLException {
    check();
    parameters.begin(place(index)).float32(value);
    parameters.done(place(index));
  }

  @Override
  public void setDouble(int index, double value) throws SQLException {
    check();
    parameters.begin(place(index)).float64(value);
    parameters.done(place(index));
  }

  @Override
  public void setBigDecimal(int index, BigDecimal value) throws SQLException {
    set(index, packer -> packer.value(value));
  }

  @Override
  public void setString(int index, String value) throws SQLException {
    check();
    Packer packer = parameters.begin(place(index));
    if (value == null) {
      packer.nothing();
    } else {
      try {
        packer.text(value);
      } catch (SQLException e) {
        parameters.undo(place(index));
        throw Errors.within(e, "parameter " + index);
      }
    }
    parameters.done(place(index));
  }

  @Override
  public void setNString(int index, String value) throws SQLException {
    setString(index, value);
  }

  @Override
  public void setBytes(int index, byte[] value) throws SQLException {
    set(index, packer -> packer.value(value));
  }

  @Override
  public void setDate(int index, Date value) throws SQLException {
    setDate(index, value, null);
  }

  @Override
  public void setDate(int index, Date value, Calendar calendar) throws SQLException {
    if (value == null) {
      setNull(index, Types.DATE);
    } else {
      set(index, packer -> packer.dateDays(Legacy.days(value, calendar)));
    }
  }

  @Override
  public void setTime(int index, Time value) throws SQLException {
    setTime(index, value, null);
  }

  @Override
  public void setTime(int index, Time value, Calendar calendar) throws SQLException {
    if (value == null) {
      setNull(index, Types.TIME);
    } else {
      set(index, packer -> packer.micros(Type.TIME, Legacy.micros(value, calendar)));
    }
  }

  @Override
  public void setTimestamp(int index, Timestamp value) throws SQLException {
    setTimestamp(index, value, null);
  }

  /** The instant, where the parameter has a time zone, and otherwise what a clock shows then. */
  @Override
  public void setTimestamp(int index, Timestamp value, Calendar calendar) throws SQLException {
    check();
    if (value == null) {
      setNull(index, Types.TIMESTAMP);
    } else if (parameterType(index) == Type.TIMESTAMPTZ) {
      set(index, packer -> packer.micros(Type.TIMESTAMPTZ, Legacy.instantMicros(value)));
    } else {
      set(index, packer -> packer.micros(Type.TIMESTAMP, Legacy.micros(value, calendar)));
    }
  }

  /** A time of day in microseconds: 24:00 as well, which java.time has not. */
  public void setTimeMicros(int index, long micros) throws SQLException {
    set(index, packer -> packer.micros(Type.TIME, micros));
  }

  @Override
  public void setArray(int index, Array value) throws SQLException {
    set(index, packer -> packer.value(value));
  }

  @Override
  public void setObject(int index, Object value) throws SQLException {
    if (value instanceof Timestamp timestamp) {
      setTimestamp(index, timestamp);
    } else {
      set(index, packer -> packer.value(value));
    }
  }

  @Override
  public void setObject(int index, Object value, int type) throws SQLException {
    setObject(index, value, type, -1);
  }

  @Override
  public void setObject(int index, Object value, int type, int scale) throws SQLException {
    if (value == null) {
      setNull(index, type);
      return;
    }
    switch (type) {
      case Types.NUMERIC, Types.DECIMAL -> set(index, packer -> Conversions.decimal(packer, value, scale));
      case Types.TINYINT, Types.SMALLINT, Types.INTEGER, Types.BIGINT -> set(index, packer -> Conversions.integer(packer, value));
      case Types.REAL, Types.FLOAT, Types.DOUBLE -> set(index, packer -> Conversions.floating(packer, value));
      case Types.BIT, Types.BOOLEAN -> set(index, packer -> Conversions.bool(packer, value));
      case Types.CHAR, Types.VARCHAR, Types.LONGVARCHAR, Types.NCHAR, Types.NVARCHAR, Types.LONGNVARCHAR, Types.CLOB, Types.NCLOB ->
          set(index, packer -> Conversions.text(packer, value));
      case Types.TIMESTAMP_WITH_TIMEZONE -> {
        if (value instanceof Timestamp timestamp) {
          set(index, packer -> packer.micros(Type.TIMESTAMPTZ, Legacy.instantMicros(timestamp)));
        } else {
          setObject(index, value);
        }
      }
      case Types.DATE, Types.TIME, Types.TIMESTAMP -> {
        if (value instanceof java.util.Date || value instanceof java.time.temporal.TemporalAccessor) {
          setLocal(index, value, type);
        } else {
          setObject(index, value);
        }
      }
      default -> setObject(index, value);
    }
  }

  private void setLocal(int index, Object value, int type) throws SQLException {
    if (value instanceof Timestamp timestamp && type == Types.TIMESTAMP) {
      setTimestamp(index, timestamp);
    } else {
      set(index, packer -> Conversions.local(packer, value, type));
    }
  }

  @Override
  public void setObject(int index, Object value, SQLType type) throws SQLException {
    setObject(index, value, type, -1);
  }

  @Override
  public void setObject(int index, Object value, SQLType type, int scale) throws SQLException {
    setObject(index, value, type == null ? Types.OTHER : type.getVendorTypeNumber(), scale);
  }

  // ---- streams, which are read at once

  static byte[] read(InputStream in, long length) throws SQLException {
    try {
      return length < 0 ? in.readAllBytes() : in.readNBytes((int) Math.min(length, Integer.MAX_VALUE));
    } catch (IOException e) {
      throw (SQLException) Errors.data("22000", "the stream of a parameter failed: " + e.getMessage()).initCause(e);
    }
  }

  static String read(Reader in, long length) throws SQLException {
    try {
      StringWriter out = new StringWriter();
      if (length < 0) {
        in.transferTo(out);
        return out.toString();
      }
      char[] some = new char[8192];
      for (long left = length; left > 0;) {
        int count = in.read(some, 0, (int) Math.min(some.length, left));
        if (count < 0) {
          break;
        }
        out.write(some, 0, count);
        left -= count;
      }
      return out.toString();
    } catch (IOException e) {
      throw (SQLException) Errors.data("22000", "the reader of a parameter failed: " + e.getMessage()).initCause(e);
    }
  }

  @Override
  public void setBinaryStream(int index, InputStream in, long length) throws SQLException {
    check();
    setBytes(index, in == null ? null : read(in, length));
  }

  @Override
  public void setBinaryStream(int index, InputStream in, int length) throws SQLException {
    setBinaryStream(index, in, (long) length);
  }

  @Override
  public void setBinaryStream(int index, InputStream in) throws SQLException {
    setBinaryStream(index, in, -1L);
  }

  @Override
  public void setAsciiStream(int index, InputStream in, long length) throws SQLException {
    check();
    setString(index, in == null ? null : new String(read(in, length), java.nio.charset.StandardCharsets.US_ASCII));
  }

  @Override
  public void setAsciiStream(int index, InputStream in, int length) throws SQLException {
    setAsciiStream(index, in, (long) length);
  }

  @Override
  public void setAsciiStream(int index, InputStream in) throws SQLException {
    setAsciiStream(index, in, -1L);
  }

  @Override
  @Deprecated
  public void setUnicodeStream(int index, InputStream in, int length) throws SQLException {
    check();
    setString(index, in == null ? null : new String(read(in, length), java.nio.charset.StandardCharsets.UTF_8));
  }

  @Override
  public void setCharacterStream(int index, Reader in, long length) throws SQLException {
    check();
    setString(index, in == null ? null : read(in, length));
  }

  @Override
  public void setCharacterStream(int index, Reader in, int length) throws SQLException {
    setCharacterStream(index, in, (long) length);
  }

  @Override
  public void setCharacterStream(int index, Reader in) throws SQLException {
    setCharacterStream(index, in, -1L);
  }

  @Override
  public void setNCharacterStream(int index, Reader in, long length) throws SQLException {
    setCharacterStream(index, in, length);
  }

  @Override
  public void setNCharacterStream(int index, Reader in) throws SQLException {
    setCharacterStream(index, in, -1L);
  }

  @Override
  public void setBlob(int index, Blob value) throws SQLException {
    set(index, packer -> packer.value(value));
  }

  @Override
  public void setBlob(int index, InputStream in, long length) throws SQLException {
    setBinaryStream(index, in, length);
  }

  @Override
  public void setBlob(int index, InputStream in) throws SQLException {
    setBinaryStream(index, in, -1L);
  }

  @Override
  public void setClob(int index, Clob value) throws SQLException {
    set(index, packer -> packer.value(value));
  }

  @Override
  public void setClob(int index, Reader in, long length) throws SQLException {
    setCharacterStream(index, in, length);
  }

  @Override
  public void setClob(int index, Reader in) throws SQLException {
    setCharacterStream(index, in, -1L);
  }

  @Override
  public void setNClob(int index, NClob value) throws SQLException {
    setClob(index, value);
  }

  @Override
  public void setNClob(int index, Reader in, long length) throws SQLException {
    setCharacterStream(index, in, length);
  }

  @Override
  public void setNClob(int index, Reader in) throws SQLException {
    setCharacterStream(index, in, -1L);
  }

  @Override
  public void setURL(int index, URL value) throws SQLException {
    setString(index, value == null ? null : value.toString());
  }

  @Override
  public void setRef(int index, Ref value) throws SQLException {
    throw Errors.unsupported("there are no references");
  }

  @Override
  public void setRowId(int index, RowId value) throws SQLException {
    throw Errors.unsupported("rows are known by their keys");
  }

  @Override
  public void setSQLXML(int index, SQLXML value) throws SQLException {
    throw Errors.unsupported("there is no type for XML");
  }

  @Override
  public String toString() {
    return text;
  }
}
