package org.turdb;

import java.lang.ref.Cleaner;
import java.sql.SQLException;

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

  /** Releases the stream, unless somebody took it over, and frees the struct. */
  @Override
  public void close() {
    closed = true;
    cleanable.clean();
  }
}
