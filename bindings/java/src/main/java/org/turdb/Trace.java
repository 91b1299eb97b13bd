package org.turdb;

import java.nio.ByteBuffer;
import java.sql.SQLException;
import java.time.Duration;

/** A statement that begins or ends. */
public final class Trace {
  private long handle;
  private final boolean begins;
  private final long execution;
  private final long nanos;
  private final long rows;
  private final long changes;
  private final String sql;
  private final SQLException error;

  Trace(long handle, ByteBuffer in) {
    this.handle = handle;
    begins = in.getInt() != 0;
    execution = in.getLong();
    nanos = in.getLong();
    rows = in.getLong();
    changes = in.getLong();
    sql = Column.text(in);
    error = in.getInt(in.position()) < 0 ? Errors.read(in) : null;
  }

  void end() {
    handle = 0;
  }

  /** Whether it begins; otherwise it ends. */
  public boolean begins() {
    return begins;
  }

  /** The number of the execution; the beginning and the end have the same. */
  public long execution() {
    return execution;
  }

  /** The statement. */
  public String sql() {
    return sql;
  }

  /** The statement with the values of its parameters in their places, for people to read; null once the hook has returned. */
  public String expandedSql() {
    return handle == 0 ? null : Native.text(Native.traceExpandedSql(handle));
  }

  /** At the end: what went wrong, or null. */
  public SQLException error() {
    return error;
  }

  /** At the end: the time inside its steps. */
  public Duration duration() {
    return Duration.ofNanos(nanos);
  }

  /** At the end: rows that it gave. */
  public long rows() {
    return rows;
  }

  /** At the end: rows that it changed. */
  public long changes() {
    return changes;
  }
}
