package org.turdb;

import java.sql.SQLException;
import java.util.Arrays;

/** UTF-8 of texts. A surrogate without its other half has none, and is an error instead of a question mark. */
final class Utf8 {
  private Utf8() {}

  /** Writes a text, for which there is room, and tells where it ends. */
  static int write(String text, byte[] out, int at) throws SQLException {
    int length = text.length();
    int i = 0;
    for (; i < length; ++i) {
      char c = text.charAt(i);
      if (c >= 0x80) {
        break;
      }
      out[at++] = (byte) c;
    }
    return i == length ? at : writeRest(text, i, out, at);
  }

  private static int writeRest(String text, int i, byte[] out, int at) throws SQLException {
    int length = text.length();
    for (; i < length; ++i) {
      char c = text.charAt(i);
      if (c < 0x80) {
        out[at++] = (byte) c;
      } else if (c < 0x800) {
        out[at++] = (byte) (0xc0 | c >> 6);
        out[at++] = (byte) (0x80 | c & 0x3f);
      } else if (!Character.isSurrogate(c)) {
        out[at++] = (byte) (0xe0 | c >> 12);
        out[at++] = (byte) (0x80 | c >> 6 & 0x3f);
        out[at++] = (byte) (0x80 | c & 0x3f);
      } else {
        if (!Character.isHighSurrogate(c) || i + 1 == length || !Character.isLowSurrogate(text.charAt(i + 1))) {
          throw Errors.data("22021", "the text is no Unicode: there is half a surrogate pair at character " + (i + 1));
        }
        int point = Character.toCodePoint(c, text.charAt(++i));
        out[at++] = (byte) (0xf0 | point >> 18);
        out[at++] = (byte) (0x80 | point >> 12 & 0x3f);
        out[at++] = (byte) (0x80 | point >> 6 & 0x3f);
        out[at++] = (byte) (0x80 | point & 0x3f);
      }
    }
    return at;
  }

  static byte[] bytes(String text) throws SQLException {
    byte[] out = new byte[Math.toIntExact(3L * text.length())];
    return Arrays.copyOf(out, write(text, out, 0));
  }

  /** A name or a path, in which C would take a NUL for the end. */
  static byte[] name(String text) throws SQLException {
    if (text == null || text.indexOf('\0') >= 0) {
      throw Errors.invalid(text == null ? "there must be a name" : "a name or a path cannot contain NUL");
    }
    return bytes(text);
  }
}
