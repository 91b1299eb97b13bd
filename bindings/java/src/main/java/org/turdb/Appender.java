package org.turdb;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.sql.SQLException;

/**
 * Inserts many rows into one table, faster than a batch: rows are collected, and go in together every 100,000 of them.
 *
 * <pre>{@code
 * try (Appender appender = connection.unwrap(TurdbConnection.class).appender("reading")) {
 *   for (Reading r : readings) {
 *     appender.add(r.at()).add(r.sensor()).add(r.value()).endRow();
 *   }
 * } // close() flushes, and fails when a row does not fit; discard() gives up what was not flushed
 * }</pre>
 *
 * <p>When a flush fails, none of its rows is there, and the appender is of no more use.
 */
public final class Appender implements AutoCloseable {
  private static final int BYTES = 64 << 10;

  private final TurdbConnection connection;
  private final long handle;
  private final int columns;
  private final Cleaner.Cleanable cleanable;
  private final Packer rows = new Packer(BYTES + 1024);
  private final long[] failed = new long[1];
  private int rowStart;
  private int values;
  private int count;
  private long sent;
  private boolean closed;

  private record Free(long handle) implements Runnable {
    @Override
    public void run() {
      Native.appenderFree(handle);
    }
  }

  Appender(TurdbConnection connection, String schema, String table, String[] columnNames) throws SQLException {
    this.connection = connection;
    connection.enter();
    try {
      connection.beginWhenNeeded();
      handle = Native.appenderOpen(connection.handle(), schema == null ? null : Utf8.name(schema), Utf8.name(table));
      cleanable = Handles.register(this, new Free(handle));
      try {
        for (String name : columnNames) {
          Native.appenderAddColumn(handle, Utf8.name(name));
        }
      } catch (SQLException e) {
        cleanable.clean();
        throw e;
      }
      columns = Native.appenderColumnCount(handle);
    } finally {
      connection.leave();
    }
  }

  private Packer next() throws SQLException {
    if (closed) {
      throw Errors.closed("appender");
    }
    if (values == columns) {
      throw Errors.misuse("the row has all its " + columns + " values: endRow() comes next");
    }
    return rows;
  }

  /** The next value of the row, of any type that a parameter may have. */
  public Appender add(Object value) throws SQLException {
    Packer packer = next();
    int before = packer.size;
    try {
      packer.value(value);
    } catch (SQLException e) {
      packer.size = before;
      throw e;
    }
    ++values;
    return this;
  }

  /** The next value of the row. */
  public Appender add(long value) throws SQLException {
    next().int64(value);
    ++values;
    return this;
  }

  /** The next value of the row. */
  public Appender add(double value) throws SQLException {
    next().float64(value);
    ++values;
    return this;
  }

  /** The next value of the row. */
  public Appender add(boolean value) throws SQLException {
    next().bool(value);
    ++values;
    return this;
  }

  /** The next value of the row, which may be null. */
  public Appender add(String value) throws SQLException {
    Packer packer = next();
    if (value == null) {
      packer.nothing();
    } else {
      packer.text(value);
    }
    ++values;
    return this;
  }

  /** The row has all its values. */
  public Appender endRow() throws SQLException {
    if (closed) {
      throw Errors.closed("appender");
    }
    if (values != columns) {
      throw Errors.misuse("the row has " + values + " of " + columns + " values");
    }
    values = 0;
    ++count;
    rowStart = rows.size;
    if (rows.size >= BYTES) {
      send();
    }
    return this;
  }

  /** A whole row. */
  public Appender addRow(Object... row) throws SQLException {
    if (values != 0 || row.length != columns) {
      throw Errors.misuse("a row of this appender has " + columns + " values, not " + (values + row.length));
    }
    try {
      for (Object value : row) {
        add(value);
      }
    } catch (SQLException e) {
      rows.size = rowStart;
      values = 0;
      throw e;
    }
    return endRow();
  }

  /** Hands the rows that are packed to C. With or without the connection locked. */
  private void send() throws SQLException {
    connection.enter();
    try {
      if (count > 0) {
        Native.appendRows(handle, rows.data, rows.size, count, failed);
        sent += count;
      }
    } catch (SQLException e) {
      discard();
      SQLException error = connection.failed(e);
      throw error instanceof TurdbError told && told.context().isEmpty()
          ? Errors.within(error, "row " + (sent + failed[0] + 1) + " of the appender") : error;
    } finally {
      connection.leave();
      Reference.reachabilityFence(this);
    }
    rows.clear();
    rowStart = 0;
    count = 0;
  }

  private void finish(boolean close) throws SQLException {
    if (values != 0) {
      throw Errors.misuse("the row has " + values + " of " + columns + " values");
    }
    send();
    connection.enter();
    try {
      if (close) {
        Native.appenderClose(handle);
      } else {
        Native.appenderFlush(handle);
      }
    } catch (SQLException e) {
      discard();
      throw connection.failed(e);
    } finally {
      connection.engineAutocommit = Native.connInAutocommit(connection.handle());
      connection.leave();
      Reference.reachabilityFence(this);
    }
  }

  /** Inserts what was collected. */
  public void flush() throws SQLException {
    if (closed) {
      throw Errors.closed("appender");
    }
    finish(false);
  }

  /** Appends all rows of a stream, which is taken over, columns by place. */
  public void append(ArrowStream stream) throws SQLException {
    flush();
    connection.enter();
    try {
      Native.appendStream(handle, stream.address());
    } catch (SQLException e) {
      discard();
      throw connection.failed(e);
    } finally {
      connection.leave();
      Reference.reachabilityFence(this);
      Reference.reachabilityFence(stream);
    }
  }

  /** Rows that were inserted, without those that wait for a flush. */
  public long rowCount() throws SQLException {
    if (closed) {
      throw Errors.closed("appender");
    }
    connection.enter();
    try {
      return Native.appenderRowCount(handle);
    } finally {
      connection.leave();
      Reference.reachabilityFence(this);
    }
  }

  /** Gives up what was not flushed. */
  public void discard() {
    closed = true;
    cleanable.clean();
  }

  /** Inserts what was collected, and ends the appender. */
  @Override
  public void close() throws SQLException {
    if (closed) {
      return;
    }
    try {
      if (!connection.closed || sent + count + values > 0) {
        finish(true);
      }
    } finally {
      discard();
    }
  }
}
