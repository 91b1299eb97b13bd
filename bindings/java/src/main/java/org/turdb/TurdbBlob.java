package org.turdb;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.sql.Blob;
import java.sql.SQLException;
import java.util.Arrays;

/** A blob, whole in memory. */
final class TurdbBlob implements Blob {
  private byte[] bytes;

  TurdbBlob(byte[] bytes) {
    this.bytes = bytes;
  }

  private byte[] bytes() throws SQLException {
    if (bytes == null) {
      throw Errors.misuse("the blob was freed");
    }
    return bytes;
  }

  @Override
  public long length() throws SQLException {
    return bytes().length;
  }

  @Override
  public byte[] getBytes(long position, int length) throws SQLException {
    if (position < 1 || length < 0 || position > bytes().length + 1L) {
      throw Errors.data("22023", "the blob has " + bytes.length + " bytes");
    }
    int from = (int) position - 1;
    return Arrays.copyOfRange(bytes, from, (int) Math.min(bytes.length, (long) from + length));
  }

  @Override
  public InputStream getBinaryStream() throws SQLException {
    return new ByteArrayInputStream(bytes());
  }

  @Override
  public InputStream getBinaryStream(long position, long length) throws SQLException {
    return new ByteArrayInputStream(getBytes(position, (int) Math.min(length, Integer.MAX_VALUE)));
  }

  @Override
  public long position(byte[] pattern, long start) throws SQLException {
    int found = find(bytes(), bytes.length, pattern, (int) Math.min(bytes.length, Math.max(0, start - 1)));
    return found < 0 ? -1 : found + 1L;
  }

  /** Where the pattern is among the first bytes, from some place on; -1: nowhere. */
  static int find(byte[] bytes, int length, byte[] pattern, int from) {
    for (int i = from; i + pattern.length <= length; ++i) {
      if (Arrays.equals(bytes, i, i + pattern.length, pattern, 0, pattern.length)) {
        return i;
      }
    }
    return -1;
  }

  @Override
  public long position(Blob pattern, long start) throws SQLException {
    return position(pattern.getBytes(1, (int) pattern.length()), start);
  }

  @Override
  public int setBytes(long position, byte[] from) throws SQLException {
    return setBytes(position, from, 0, from.length);
  }

  @Override
  public int setBytes(long position, byte[] from, int offset, int length) throws SQLException {
    if (position < 1 || position > bytes().length + 1L || length < 0 || offset < 0 || offset + length > from.length) {
      throw Errors.data("22023", "the blob has " + bytes.length + " bytes");
    }
    int at = (int) position - 1;
    bytes = Arrays.copyOf(bytes, Math.max(bytes.length, at + length));
    System.arraycopy(from, offset, bytes, at, length);
    return length;
  }

  @Override
  public OutputStream setBinaryStream(long position) throws SQLException {
    bytes();
    return new ByteArrayOutputStream() {
      @Override
      public void close() throws IOException {
        try {
          setBytes(position, toByteArray());
        } catch (SQLException e) {
          throw new IOException(e);
        }
      }
    };
  }

  @Override
  public void truncate(long length) throws SQLException {
    if (length < 0 || length > bytes().length) {
      throw Errors.data("22023", "the blob has " + bytes.length + " bytes");
    }
    bytes = Arrays.copyOf(bytes, (int) length);
  }

  @Override
  public void free() {
    bytes = null;
  }
}
