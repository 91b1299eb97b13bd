package org.turdb;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.sql.Blob;
import java.sql.SQLException;
import java.util.Objects;

/**
 * The value of one column in one row, a blob, text or JSON, read and perhaps written in pieces: it needs no more memory than a piece.
 *
 * <p>One that was opened outside a transaction shows what was there then, and what is written is committed when the call returns. One
 * opened in a transaction ends with it. Each write copies the value, so few large pieces are better than many small ones:
 * {@link #setBinaryStream} collects them. Writing behind the end makes the value longer.
 */
public final class StoredBlob implements Blob, AutoCloseable {
  private static final int PIECE = 1 << 20;

  private final TurdbConnection connection;
  private final long handle;
  private final Cleaner.Cleanable cleanable;
  private boolean closed;

  private record Free(long handle) implements Runnable {
    @Override
    public void run() {
      Native.blobFree(handle);
    }
  }

  /** With the connection locked. */
  StoredBlob(TurdbConnection connection, String schema, String table, String column, boolean writable, Object[] key)
      throws SQLException {
    this.connection = connection;
    Packer row = pack(key);
    handle = Native.blobOpen(connection.handle(), schema == null ? null : Utf8.name(schema), Utf8.name(table), Utf8.name(column),
        row.data, row.size, writable);
    cleanable = Handles.register(this, new Free(handle));
  }

  private static Packer pack(Object[] key) throws SQLException {
    Packer row = new Packer(64);
    for (Object value : key) {
      row.value(value);
    }
    return row;
  }

  private interface Call<T> {
    T run() throws SQLException;
  }

  private <T> T call(Call<T> call) throws SQLException {
    connection.enter();
    try {
      if (closed) {
        throw Errors.closed("blob");
      }
      return call.run();
    } catch (SQLException e) {
      throw connection.failed(e);
    } finally {
      connection.leave();
      Reference.reachabilityFence(this);
    }
  }

  /**
   * Goes to the value of the same column in another row, or in the same one as it is now, which is cheaper than opening another blob. When
   * it fails, the blob stands on no row.
   */
  public void reopen(Object... key) throws SQLException {
    Packer row = pack(key);
    call(() -> {
      Native.blobReopen(handle, row.data, row.size);
      return null;
    });
  }

  @Override
  public long length() throws SQLException {
    return call(() -> Native.blobSize(handle));
  }

  /** Reads what there is of some bytes from an offset on, which is not behind the end. */
  private int read(long offset, byte[] to, int at, int length) throws SQLException {
    return call(() -> {
      int count = (int) Math.min(length, Native.blobSize(handle) - offset);
      Native.blobRead(handle, offset, to, at, count);
      return count;
    });
  }

  private void write(long offset, byte[] from, int at, int length) throws SQLException {
    call(() -> {
      if (offset + length > Native.blobSize(handle)) {
        Native.blobResize(handle, offset + length);
      }
      Native.blobWrite(handle, offset, from, at, length);
      return null;
    });
  }

  private long offset(long position) throws SQLException {
    if (position < 1 || position - 1 > length()) {
      throw Errors.data("22023", "the blob has " + length() + " bytes");
    }
    return position - 1;
  }

  @Override
  public byte[] getBytes(long position, int length) throws SQLException {
    long offset = offset(position);
    if (length < 0) {
      throw Errors.data("22023", "a negative number of bytes");
    }
    byte[] bytes = new byte[(int) Math.min(length, length() - offset)];
    read(offset, bytes, 0, bytes.length);
    return bytes;
  }

  @Override
  public InputStream getBinaryStream() throws SQLException {
    return new In(0, Long.MAX_VALUE);
  }

  @Override
  public InputStream getBinaryStream(long position, long length) throws SQLException {
    long offset = offset(position);
    if (length < 0 || length > length() - offset) {
      throw Errors.data("22023", "the blob has " + length() + " bytes");
    }
    return new In(offset, offset + length);
  }

  private final class In extends InputStream {
    private long at;
    private final long end;

    In(long at, long end) throws SQLException {
      length();
      this.at = at;
      this.end = end;
    }

    private long left() throws SQLException {
      return Math.max(0, Math.min(end, length()) - at);
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 255;
    }

    @Override
    public int read(byte[] to, int from, int length) throws IOException {
      Objects.checkFromIndexSize(from, length, to.length);
      try {
        long left = left();
        if (length == 0) {
          return 0;
        }
        if (left == 0) {
          return -1;
        }
        int count = StoredBlob.this.read(at, to, from, (int) Math.min(length, left));
        at += count;
        return count;
      } catch (SQLException e) {
        throw new IOException(e);
      }
    }

    @Override
    public long skip(long count) throws IOException {
      try {
        long skipped = Math.max(0, Math.min(count, left()));
        at += skipped;
        return skipped;
      } catch (SQLException e) {
        throw new IOException(e);
      }
    }

    @Override
    public int available() throws IOException {
      try {
        return (int) Math.min(Integer.MAX_VALUE, left());
      } catch (SQLException e) {
        throw new IOException(e);
      }
    }
  }

  @Override
  public long position(byte[] pattern, long start) throws SQLException {
    if (start < 1) {
      throw Errors.data("22023", "places in a blob count from 1");
    }
    long length = length();
    if (pattern.length > length) {
      return -1;
    }
    // Pieces overlap, so that what is found lies in one of them.
    byte[] piece = new byte[(int) Math.min(length, Math.max(PIECE, 2L * pattern.length))];
    for (long at = start - 1; at + pattern.length <= length; at += piece.length - pattern.length + 1L) {
      int count = read(at, piece, 0, (int) Math.min(piece.length, length - at));
      int found = TurdbBlob.find(piece, count, pattern, 0);
      if (found >= 0) {
        return at + found + 1;
      }
    }
    return -1;
  }

  @Override
  public long position(Blob pattern, long start) throws SQLException {
    if (pattern.length() > length()) {
      return -1;
    }
    return position(pattern.getBytes(1, (int) pattern.length()), start);
  }

  @Override
  public int setBytes(long position, byte[] from) throws SQLException {
    return setBytes(position, from, 0, from.length);
  }

  @Override
  public int setBytes(long position, byte[] from, int at, int length) throws SQLException {
    if (at < 0 || length < 0 || length > from.length - at) {
      throw Errors.data("22023", "the bytes are not all in the array");
    }
    write(offset(position), from, at, length);
    return length;
  }

  /** What is written is in the value when a megabyte was collected, and when the stream is flushed or closed. */
  @Override
  public OutputStream setBinaryStream(long position) throws SQLException {
    return new Out(offset(position));
  }

  private final class Out extends OutputStream {
    private long at;
    private final byte[] collected = new byte[PIECE];
    private int count;

    Out(long at) {
      this.at = at;
    }

    @Override
    public void write(int one) throws IOException {
      write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] from, int start, int length) throws IOException {
      Objects.checkFromIndexSize(start, length, from.length);
      if (length > PIECE - count) {
        flush();
      }
      if (length >= PIECE) {
        put(from, start, length);
        return;
      }
      System.arraycopy(from, start, collected, count, length);
      count += length;
    }

    private void put(byte[] from, int start, int length) throws IOException {
      try {
        StoredBlob.this.write(at, from, start, length);
        at += length;
      } catch (SQLException e) {
        throw new IOException(e);
      }
    }

    @Override
    public void flush() throws IOException {
      int waiting = count;
      count = 0;
      if (waiting > 0) {
        put(collected, 0, waiting);
      }
    }

    @Override
    public void close() throws IOException {
      flush();
    }
  }

  @Override
  public void truncate(long length) throws SQLException {
    if (length < 0 || length > length()) {
      throw Errors.data("22023", "the blob has " + length() + " bytes");
    }
    resize(length);
  }

  /** Makes the value longer, with zeros behind, or shorter. */
  public void resize(long length) throws SQLException {
    call(() -> {
      Native.blobResize(handle, length);
      return null;
    });
  }

  @Override
  public void free() {
    connection.lock.lock();
    try {
      closed = true;
      cleanable.clean();
    } finally {
      connection.leave();
    }
  }

  @Override
  public void close() {
    free();
  }
}
