package org.turdb;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.Reader;
import java.io.StringReader;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.net.MalformedURLException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.sql.Array;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.Date;
import java.sql.NClob;
import java.sql.Ref;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.RowId;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.SQLXML;
import java.sql.Statement;
import java.sql.Time;
import java.sql.Timestamp;
import java.util.Calendar;
import java.util.Map;

/** The rows of a query, of which many come from C at once, packed. */
public final class TurdbResultSet extends ColumnsByName {
  private final TurdbConnection connection;
  private final TurdbStatement statement;
  private final Column[] columns;
  /** Where each column of the current row begins. */
  private final int[] places;
  private final long maxRows;
  private final boolean ownStatement;
  private final boolean scrolls;

  private CompiledStatement compiled;
  private byte[] data;
  private final byte[] firstOutcome;
  private int next;
  private long left;
  private boolean more;

  /** Rows from 1; 0 before the first; behind the last one more than there are. */
  private long row;
  private boolean onRow;
  private boolean wasNull;
  private boolean closed;
  private ScrolledRows scrolled;

  /** Rows that come behind an outcome; `own`: the statement is given back at the end. */
  TurdbResultSet(TurdbStatement statement, CompiledStatement compiled, Column[] columns, byte[] outcome, boolean own, long maxRows)
      throws SQLException {
    this.connection = statement.connection;
    this.statement = statement;
    this.compiled = compiled;
    this.columns = columns;
    this.ownStatement = own;
    this.maxRows = maxRows == 0 ? Long.MAX_VALUE : maxRows;
    places = new int[columns.length];
    scrolls = statement.cursorType != ResultSet.TYPE_FORWARD_ONLY;
    firstOutcome = outcome;
    take(outcome);
    if (scrolls) {
      scrolled = new ScrolledRows();
      data = outcome.clone();
    }
  }

  private TurdbResultSet(TurdbConnection connection, TurdbStatement statement, Column[] columns, byte[] rows, long count,
      byte[] outcome) {
    this.connection = connection;
    this.statement = statement;
    this.columns = columns;
    this.ownStatement = false;
    this.maxRows = Long.MAX_VALUE;
    places = new int[columns.length];
    scrolls = true;
    firstOutcome = outcome;
    data = rows;
    left = count;
    scrolled = new ScrolledRows();
  }

  /** Packed rows as a result set. */
  static TurdbResultSet of(TurdbConnection connection, Column[] columns, Packer rows, long count) {
    return new TurdbResultSet(connection, null, columns, java.util.Arrays.copyOf(rows.data, rows.size), count, null);
  }

  /** The same, of a statement, with what its run said. */
  static TurdbResultSet of(TurdbStatement statement, Column[] columns, Packer rows, long count, byte[] outcome) {
    return new TurdbResultSet(statement.connection, statement, columns, java.util.Arrays.copyOf(rows.data, rows.size), count, outcome);
  }

  byte[] outcome() {
    return firstOutcome;
  }

  Column[] columns() {
    return columns;
  }

  /** Adds all rows that are left to others. */
  long drain(Packer to) throws SQLException {
    long count = 0;
    for (; next(); ++count) {
      to.append(data, places[0], next - places[0]);
    }
    return count;
  }

  // ---- rows

  private void take(byte[] outcome) {
    data = outcome;
    next = Outcome.SIZE;
    left = Outcome.rows(outcome);
    more = Outcome.hasMore(outcome);
  }

  /** The next rows. False: there are none. */
  private boolean fetch() throws SQLException {
    long needed = left == 0 && Outcome.rows(data) == 0 ? Outcome.sizeBytes(data) : 0;
    while (more) {
      byte[] memory = scrolls ? new byte[(int) Math.max(64 << 10, needed + Outcome.SIZE)] : compiled.laterRows(needed);
      try {
        connection.fetch(statement, compiled, memory);
      } catch (SQLException e) {
        more = false; // it was rolled back
        onRow = false;
        throw statement.failed(e, compiled);
      }
      take(memory);
      if (left > 0) {
        return true;
      }
      needed = Outcome.sizeBytes(memory);
    }
    return false;
  }

  @Override
  public boolean next() throws SQLException {
    if (scrolled != null) {
      return scrolled.go(row + 1);
    }
    if (left == 0 && (closed || !more || row >= maxRows || !fetch()) || row >= maxRows) {
      return end();
    }
    --left;
    ++row;
    onRow = true;
    next = locateRow(data, next);
    return true;
  }

  private boolean end() throws SQLException {
    checkOpen();
    if (onRow || row == 0) {
      ++row;
    }
    onRow = false;
    return false;
  }

  /** Finds the columns of a row; returns where the next row is. */
  private int locateRow(byte[] d, int at) {
    for (int i = 0; i < places.length; ++i) {
      places[i] = at;
      at = Packed.skip(d, at);
    }
    return at;
  }

  /** Rows that were read are kept, to go back to. */
  private final class ScrolledRows {
    private final java.util.ArrayList<byte[]> blocks = new java.util.ArrayList<>();
    private int[] blockOf = new int[16];
    private int[] placeOf = new int[16];
    private int count;

    /** Reads on until there is such a row, if there is. */
    private boolean has(long number) throws SQLException {
      while (count < number) {
        if (count >= maxRows || left == 0 && !fetchMore()) {
          return false;
        }
        if (blocks.isEmpty() || blocks.get(blocks.size() - 1) != data) {
          blocks.add(data);
        }
        if (count == blockOf.length) {
          blockOf = java.util.Arrays.copyOf(blockOf, 2 * count);
          placeOf = java.util.Arrays.copyOf(placeOf, 2 * count);
        }
        blockOf[count] = blocks.size() - 1;
        placeOf[count++] = next;
        --left;
        next = locateRow(data, next);
      }
      return true;
    }

    private boolean fetchMore() throws SQLException {
      return compiled != null && fetch();
    }

    private boolean go(long number) throws SQLException {
      checkOpen();
      if (number < 1) {
        row = 0;
        onRow = false;
        return false;
      }
      if (!has(number)) {
        row = count + 1L;
        onRow = false;
        return false;
      }
      row = number;
      onRow = true;
      current = blocks.get(blockOf[(int) number - 1]);
      locateRow(current, placeOf[(int) number - 1]);
      return true;
    }

    private long all() throws SQLException {
      has(Long.MAX_VALUE);
      return count;
    }
  }

  /** The block of the current row of one that scrolls. */
  private byte[] current;

  private void checkOpen() throws SQLException {
    if (closed) {
      throw Errors.closed("result set");
    }
    if (connection != null) {
      connection.check();
    }
  }

  @Override
  public void close() throws SQLException {
    close(true);
  }

  void close(boolean byUser) throws SQLException {
    if (closed) {
      return;
    }
    closed = true;
    onRow = false;
    left = 0;
    CompiledStatement used = compiled;
    compiled = null;
    if (used != null) {
      if (more) {
        connection.reset(used);
        statement.ended();
      }
      more = false;
      if (ownStatement) {
        connection.giveBack(used);
      } else {
        used.trim();
      }
    }
    scrolled = null;
    current = null;
    if (byUser && statement != null) {
      statement.completed(this);
    }
  }

  @Override
  public boolean isClosed() {
    return closed;
  }

  // ---- going elsewhere

  private ScrolledRows scrolled() throws SQLException {
    checkOpen();
    if (scrolled == null) {
      throw Errors.misuse("the result set goes forward only: createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, "
          + "ResultSet.CONCUR_READ_ONLY) makes others");
    }
    return scrolled;
  }

  @Override
  public boolean absolute(int number) throws SQLException {
    ScrolledRows rows = scrolled();
    return rows.go(number >= 0 ? number : Math.max(0, rows.all() + 1 + number));
  }

  @Override
  public boolean relative(int rows) throws SQLException {
    return scrolled().go(Math.max(0, row + rows));
  }

  @Override
  public boolean previous() throws SQLException {
    return scrolled().go(Math.max(0, row - 1));
  }

  @Override
  public boolean first() throws SQLException {
    return scrolled().go(1);
  }

  @Override
  public boolean last() throws SQLException {
    ScrolledRows rows = scrolled();
    return rows.go(rows.all());
  }

  @Override
  public void beforeFirst() throws SQLException {
    scrolled().go(0);
  }

  @Override
  public void afterLast() throws SQLException {
    ScrolledRows rows = scrolled();
    rows.go(rows.all() + 1);
  }

  @Override
  public boolean isBeforeFirst() throws SQLException {
    checkOpen();
    return row == 0 && hasRows();
  }

  private boolean hasRows() throws SQLException {
    return scrolled != null ? scrolled.has(1) : left > 0 || more;
  }

  @Override
  public boolean isAfterLast() throws SQLException {
    checkOpen();
    return !onRow && row > 1;
  }

  @Override
  public boolean isFirst() throws SQLException {
    checkOpen();
    return onRow && row == 1;
  }

  @Override
  public boolean isLast() throws SQLException {
    checkOpen();
    if (!onRow) {
      return false;
    }
    if (scrolled != null) {
      return !scrolled.has(row + 1);
    }
    throw Errors.unsupported("a result set that goes forward only does not know whether more rows come");
  }

  @Override
  public int getRow() throws SQLException {
    checkOpen();
    return onRow ? (int) Math.min(row, Integer.MAX_VALUE) : 0;
  }

  // ---- values

  /** Where the value of a column begins. */
  private int place(int column) throws SQLException {
    if (!onRow) {
      checkOpen();
      throw Errors.misuse(row == 0 ? "there is no current row: next() comes first" : "there is no current row: the last one was read");
    }
    if (column < 1 || column > places.length) {
      throw Errors.notFound("42703", "there is no column " + column + ": the rows have " + places.length);
    }
    int at = places[column - 1];
    wasNull = rowData()[at] == Type.NULL;
    return at;
  }

  private byte[] rowData() {
    return current != null ? current : data;
  }

  @Override
  public boolean wasNull() throws SQLException {
    checkOpen();
    return wasNull;
  }

  /** The column of a name: as it is written, or else in another case; the first of several. */
  @Override
  public int findColumn(String name) throws SQLException {
    for (int i = 0; i < columns.length; ++i) {
      if (columns[i].name().equals(name)) {
        return i + 1;
      }
    }
    for (int i = 0; i < columns.length; ++i) {
      if (columns[i].name().equalsIgnoreCase(name)) {
        return i + 1;
      }
    }
    checkOpen();
    throw Errors.notFound("42703", "there is no column called " + name);
  }

  @Override
  public String getString(int column) throws SQLException {
    int at = place(column);
    byte[] d = rowData();
    return d[at] == Type.TEXT ? Packed.sized(d, at) : Packed.toText(d, at);
  }

  @Override
  public boolean getBoolean(int column) throws SQLException {
    int at = place(column);
    return !wasNull && Packed.toBool(rowData(), at);
  }

  private long integer(int column, long least, long most, String type) throws SQLException {
    int at = place(column);
    if (wasNull) {
      return 0;
    }
    long value = Packed.toLong(rowData(), at);
    if (value < least || value > most) {
      throw Packed.tooLarge(value, type);
    }
    return value;
  }

  @Override
  public byte getByte(int column) throws SQLException {
    return (byte) integer(column, Byte.MIN_VALUE, Byte.MAX_VALUE, "byte");
  }

  @Override
  public short getShort(int column) throws SQLException {
    return (short) integer(column, Short.MIN_VALUE, Short.MAX_VALUE, "short");
  }

  @Override
  public int getInt(int column) throws SQLException {
    return (int) integer(column, Integer.MIN_VALUE, Integer.MAX_VALUE, "int");
  }

  @Override
  public long getLong(int column) throws SQLException {
    int at = place(column);
    return wasNull ? 0 : Packed.toLong(rowData(), at);
  }

  @Override
  public float getFloat(int column) throws SQLException {
    return (float) getDouble(column);
  }

  @Override
  public double getDouble(int column) throws SQLException {
    int at = place(column);
    return wasNull ? 0 : Packed.toDouble(rowData(), at);
  }

  @Override
  public BigDecimal getBigDecimal(int column) throws SQLException {
    int at = place(column);
    return wasNull ? null : Packed.toDecimal(rowData(), at);
  }

  @Override
  @Deprecated
  public BigDecimal getBigDecimal(int column, int scale) throws SQLException {
    BigDecimal value = getBigDecimal(column);
    return value == null ? null : value.setScale(scale, RoundingMode.HALF_UP);
  }

  /** The bytes of a blob or a uuid, and those of the text of everything else. */
  @Override
  public byte[] getBytes(int column) throws SQLException {
    int at = place(column);
    byte[] d = rowData();
    return switch (d[at]) {
      case Type.NULL -> null;
      case Type.BLOB -> Packed.bytes(d, at);
      case Type.UUID -> java.util.Arrays.copyOfRange(d, at + 1, at + 17);
      default -> Packed.toText(d, at).getBytes(StandardCharsets.UTF_8);
    };
  }

  @Override
  public Date getDate(int column) throws SQLException {
    return getDate(column, null);
  }

  @Override
  public Date getDate(int column, Calendar calendar) throws SQLException {
    int at = place(column);
    return wasNull ? null : Legacy.date(ResultValues.date(rowData(), at), calendar);
  }

  @Override
  public Time getTime(int column) throws SQLException {
    return getTime(column, null);
  }

  @Override
  public Time getTime(int column, Calendar calendar) throws SQLException {
    int at = place(column);
    return wasNull ? null : Legacy.time(ResultValues.time(rowData(), at), calendar);
  }

  @Override
  public Timestamp getTimestamp(int column) throws SQLException {
    return getTimestamp(column, null);
  }

  @Override
  public Timestamp getTimestamp(int column, Calendar calendar) throws SQLException {
    int at = place(column);
    if (wasNull) {
      return null;
    }
    byte[] d = rowData();
    return d[at] == Type.TIMESTAMPTZ ? Legacy.timestamp(ResultValues.instant(d, at))
        : Legacy.timestamp(ResultValues.timestamp(d, at), calendar);
  }

  /** Microseconds, as turdb.h has them: of a time since midnight (24:00 as well), of timestamps since 1970; days of a date. */
  public long getMicros(int column) throws SQLException {
    int at = place(column);
    byte[] d = rowData();
    return switch (d[at]) {
      case Type.NULL -> 0;
      case Type.TIME, Type.TIMESTAMP, Type.TIMESTAMPTZ -> (long) Packed.LONG.get(d, at + 1);
      case Type.DATE -> (int) Packed.INT.get(d, at + 1);
      default -> throw Packed.wrongType(d, at, "a date or time");
    };
  }

  /** The type of the value itself, which in a column of type ANY is another in each row. */
  public String getValueTypeName(int column) throws SQLException {
    return Packed.name(rowData()[place(column)]);
  }

  @Override
  public Object getObject(int column) throws SQLException {
    int at = place(column);
    return wasNull ? null : ResultValues.object(rowData(), at, columns[column - 1], connection);
  }

  @Override
  public Object getObject(int column, Map<String, Class<?>> map) throws SQLException {
    if (map != null && !map.isEmpty()) {
      throw Errors.unsupported("there are no type maps");
    }
    return getObject(column);
  }

  @Override
  public <T> T getObject(int column, Class<T> type) throws SQLException {
    if (type == null) {
      throw Errors.invalid("there must be a class");
    }
    int at = place(column);
    if (wasNull) {
      return null;
    }
    return type.cast(ResultValues.object(rowData(), at, columns[column - 1], connection, type));
  }

  @Override
  public Array getArray(int column) throws SQLException {
    int at = place(column);
    if (wasNull) {
      return null;
    }
    byte[] d = rowData();
    if (d[at] != Type.ARRAY) {
      throw Packed.wrongType(d, at, "an array");
    }
    return (Array) ResultValues.object(d, at, columns[column - 1], connection);
  }

  @Override
  public Blob getBlob(int column) throws SQLException {
    byte[] bytes = getBytes(column);
    return bytes == null ? null : new TurdbBlob(bytes);
  }

  @Override
  public Clob getClob(int column) throws SQLException {
    return getNClob(column);
  }

  @Override
  public NClob getNClob(int column) throws SQLException {
    String text = getString(column);
    return text == null ? null : new TurdbClob(text);
  }

  @Override
  public InputStream getBinaryStream(int column) throws SQLException {
    byte[] bytes = getBytes(column);
    return bytes == null ? null : new ByteArrayInputStream(bytes);
  }

  @Override
  public InputStream getAsciiStream(int column) throws SQLException {
    String text = getString(column);
    return text == null ? null : new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII));
  }

  @Override
  @Deprecated
  public InputStream getUnicodeStream(int column) throws SQLException {
    String text = getString(column);
    return text == null ? null : new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public Reader getCharacterStream(int column) throws SQLException {
    String text = getString(column);
    return text == null ? null : new StringReader(text);
  }

  @Override
  public Reader getNCharacterStream(int column) throws SQLException {
    return getCharacterStream(column);
  }

  @Override
  public String getNString(int column) throws SQLException {
    return getString(column);
  }

  @Override
  public URL getURL(int column) throws SQLException {
    String text = getString(column);
    try {
      return text == null ? null : new URL(text);
    } catch (MalformedURLException e) {
      throw (SQLException) Errors.data("22018", "this is no URL: " + text).initCause(e);
    }
  }

  @Override
  public Ref getRef(int column) throws SQLException {
    throw Errors.unsupported("there are no references");
  }

  @Override
  public RowId getRowId(int column) throws SQLException {
    throw Errors.unsupported("rows are known by their keys");
  }

  @Override
  public SQLXML getSQLXML(int column) throws SQLException {
    throw Errors.unsupported("there is no type for XML");
  }

  // ---- what JDBC asks for besides

  @Override
  public ResultSetMetaData getMetaData() throws SQLException {
    checkOpen();
    return new TurdbResultSetMetaData(columns);
  }

  @Override
  public Statement getStatement() throws SQLException {
    checkOpen();
    return statement;
  }

  @Override
  public int getType() throws SQLException {
    checkOpen();
    return scrolls ? TYPE_SCROLL_INSENSITIVE : TYPE_FORWARD_ONLY;
  }

  @Override
  public int getConcurrency() throws SQLException {
    checkOpen();
    return CONCUR_READ_ONLY;
  }

  @Override
  public int getHoldability() throws SQLException {
    checkOpen();
    return HOLD_CURSORS_OVER_COMMIT;
  }

  @Override
  public void setFetchDirection(int direction) throws SQLException {
    checkOpen();
    if (direction != FETCH_FORWARD && scrolled == null) {
      throw Errors.misuse("the result set goes forward only");
    }
  }

  @Override
  public int getFetchDirection() throws SQLException {
    checkOpen();
    return FETCH_FORWARD;
  }

  @Override
  public void setFetchSize(int rows) throws SQLException {
    checkOpen();
    if (rows < 0) {
      throw Errors.invalid("a number of rows is not negative");
    }
  }

  @Override
  public int getFetchSize() throws SQLException {
    checkOpen();
    return 0;
  }

  @Override
  public String getCursorName() throws SQLException {
    throw Errors.unsupported("there are no updates at a cursor");
  }

  @Override
  public void refreshRow() throws SQLException {
    throw Errors.unsupported("rows stay as they were when the query began");
  }

  @Override
  public boolean rowUpdated() throws SQLException {
    checkOpen();
    return false;
  }

  @Override
  public boolean rowInserted() throws SQLException {
    checkOpen();
    return false;
  }

  @Override
  public boolean rowDeleted() throws SQLException {
    checkOpen();
    return false;
  }

  @Override
  public SQLWarning getWarnings() throws SQLException {
    checkOpen();
    return null;
  }

  @Override
  public void clearWarnings() throws SQLException {
    checkOpen();
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    if (type.isInstance(this)) {
      return type.cast(this);
    }
    throw Errors.misuse("the result set is no " + type.getName());
  }

  @Override
  public boolean isWrapperFor(Class<?> type) {
    return type.isInstance(this);
  }
}
