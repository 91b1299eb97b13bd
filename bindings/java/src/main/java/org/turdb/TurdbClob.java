package org.turdb;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Reader;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.sql.Clob;
import java.sql.NClob;
import java.sql.SQLException;

/** A long text, whole in memory. */
final class TurdbClob implements NClob {
  private String text;

  TurdbClob(String text) {
    this.text = text;
  }

  private String text() throws SQLException {
    if (text == null) {
      throw Errors.misuse("the clob was freed");
    }
    return text;
  }

  @Override
  public long length() throws SQLException {
    return text().length();
  }

  @Override
  public String getSubString(long position, int length) throws SQLException {
    if (position < 1 || length < 0 || position > text().length() + 1L) {
      throw Errors.data("22023", "the clob has " + text.length() + " characters");
    }
    int from = (int) position - 1;
    return text.substring(from, (int) Math.min(text.length(), (long) from + length));
  }

  @Override
  public Reader getCharacterStream() throws SQLException {
    return new StringReader(text());
  }

  @Override
  public Reader getCharacterStream(long position, long length) throws SQLException {
    return new StringReader(getSubString(position, (int) Math.min(length, Integer.MAX_VALUE)));
  }

  @Override
  public InputStream getAsciiStream() throws SQLException {
    return new ByteArrayInputStream(text().getBytes(StandardCharsets.US_ASCII));
  }

  @Override
  public long position(String pattern, long start) throws SQLException {
    int found = text().indexOf(pattern, (int) Math.max(0, start - 1));
    return found < 0 ? -1 : found + 1L;
  }

  @Override
  public long position(Clob pattern, long start) throws SQLException {
    return position(pattern.getSubString(1, (int) pattern.length()), start);
  }

  @Override
  public int setString(long position, String from) throws SQLException {
    if (position < 1 || position > text().length() + 1L) {
      throw Errors.data("22023", "the clob has " + text.length() + " characters");
    }
    int at = (int) position - 1;
    int end = Math.min(text.length(), at + from.length());
    text = text.substring(0, at) + from + text.substring(end);
    return from.length();
  }

  @Override
  public int setString(long position, String from, int offset, int length) throws SQLException {
    return setString(position, from.substring(offset, offset + length));
  }

  @Override
  public OutputStream setAsciiStream(long position) throws SQLException {
    text();
    return new ByteArrayOutputStream() {
      @Override
      public void close() throws IOException {
        set(position, toString(StandardCharsets.US_ASCII));
      }
    };
  }

  @Override
  public Writer setCharacterStream(long position) throws SQLException {
    text();
    return new StringWriter() {
      @Override
      public void close() throws IOException {
        set(position, toString());
      }
    };
  }

  private void set(long position, String from) throws IOException {
    try {
      setString(position, from);
    } catch (SQLException e) {
      throw new IOException(e);
    }
  }

  @Override
  public void truncate(long length) throws SQLException {
    text = getSubString(1, (int) length);
  }

  @Override
  public void free() {
    text = null;
  }
}
