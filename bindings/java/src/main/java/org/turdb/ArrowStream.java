package org.turdb;

import java.lang.ref.Cleaner;
import java.sql.SQLException;
import java.util.concurrent.ScheduledFuture;

/**
 * Rows as a stream of Arrow's C stream interface, which whoever speaks that takes over by its address: {@code org.turdb.arrow} for
 * arrow-java, {@link TurdbConnection#registerArrow}, or another library in this process.
 */
public final class ArrowStream implements AutoCloseable {
  /** Types as docs/arrow.md has them. */
  public static final int DEFAULT = 0;
  /** Texts and blobs as views. */
  public static final int STRING_VIEWS = 1;
  /** Numeric without precision rounded to float64. */
  public static final int NUMERIC_AS_DOUBLE = 2;
  /** Columns of type any as texts. */
  public static final int ANY_AS_TEXT = 4;

  private final long address;
  private final Cleaner.Cleanable cleanable;
  private boolean closed;
  private Timer timer;

  /** Knows nothing of the stream, which may be forgotten. */
  private static final class Timer {
    private volatile boolean over;
    private ScheduledFuture<?> task;
  }

  private record Free(long address) implements Runnable {
    @Override
    public void run() {
      Native.streamFree(address);
    }
  }

  /** An empty struct, to be filled by its address. */
  public ArrowStream() {
    Native.load();
    address = Native.streamNew();
    cleanable = Handles.register(this, new Free(address));
  }

  /** The address of the struct ArrowArrayStream. */
  public long address() throws SQLException {
    if (closed) {
      throw Errors.closed("stream");
    }
    return address;
  }

  /** Stops an execution, which is the stream's, once some time has passed. */
  void stopAfter(int seconds, Interrupt interrupt, long execution) {
    Timer started = new Timer();
    started.task = Timeouts.once(1000L * seconds, () -> {
      started.over = true;
      interrupt.stop(execution);
    });
    timer = started;
  }

  /** Whether the query timeout has passed, and stopped the rows. */
  public boolean hasTimedOut() {
    return timer != null && timer.over;
  }

  /** Whether somebody took the stream over by its address, who releases it. */
  private boolean isTaken() {
    return Native.streamIsReleased(address);
  }

  /** Releases the stream, unless somebody took it over, and frees the struct. */
  @Override
  public void close() {
    if (!closed && timer != null && !isTaken()) {
      timer.task.cancel(false);
    }
    closed = true;
    cleanable.clean();
  }
}
