package org.turdb;

import java.util.Locale;

/** What the driver has to know of the text of SQL without its grammar: words, quotes and comments. */
final class SqlText {
  private SqlText() {}

  /** There is nothing but space and semicolons behind. A comment counts as a statement, which does nothing. */
  static boolean isBlank(byte[] sql, int start) {
    for (int i = start; i < sql.length; ++i) {
      byte b = sql[i];
      if (b != ' ' && b != '\t' && b != '\r' && b != '\n' && b != '\f' && b != ';') {
        return false;
      }
    }
    return true;
  }

  /** Where what stands at a place ends when it is a quoted text, a quoted name or a comment; otherwise the place itself. */
  static int skipQuoted(String sql, int at) {
    char c = sql.charAt(at);
    if (c == '\'' || c == '"') {
      boolean escapes = c == '\'' && at > 0 && (sql.charAt(at - 1) == 'e' || sql.charAt(at - 1) == 'E')
          && (at < 2 || !Character.isLetterOrDigit(sql.charAt(at - 2)));
      for (int i = at + 1; i < sql.length(); ++i) {
        if (sql.charAt(i) == '\\' && escapes) {
          ++i;
        } else if (sql.charAt(i) == c) {
          return i + 1;
        }
      }
      return sql.length();
    }
    if (sql.startsWith("--", at)) {
      int end = sql.indexOf('\n', at);
      return end < 0 ? sql.length() : end;
    }
    if (sql.startsWith("/*", at)) {
      int depth = 1;
      int i = at + 2;
      for (; i < sql.length() && depth > 0; ++i) {
        if (sql.startsWith("/*", i)) {
          ++depth;
          ++i;
        } else if (sql.startsWith("*/", i)) {
          --depth;
          ++i;
        }
      }
      return i;
    }
    if (c == '$') {
      int end = at + 1;
      while (end < sql.length() && (Character.isLetter(sql.charAt(end)) || sql.charAt(end) == '_')) {
        ++end;
      }
      if (end < sql.length() && sql.charAt(end) == '$') {
        String tag = sql.substring(at, end + 1);
        int close = sql.indexOf(tag, end + 1);
        return close < 0 ? sql.length() : close + tag.length();
      }
    }
    return at;
  }

  static int skipSpace(String sql, int at) {
    while (at < sql.length()) {
      if (Character.isWhitespace(sql.charAt(at))) {
        ++at;
      } else if (sql.startsWith("--", at) || sql.startsWith("/*", at)) {
        at = skipQuoted(sql, at);
      } else {
        break;
      }
    }
    return at;
  }

  /** The word at a place, in lower case. */
  static String word(String sql, int at) {
    int end = at;
    while (end < sql.length() && (Character.isLetterOrDigit(sql.charAt(end)) || sql.charAt(end) == '_')) {
      ++end;
    }
    return sql.substring(at, end).toLowerCase(Locale.ROOT);
  }

  static String firstWord(String sql) {
    return word(sql, skipSpace(sql, 0));
  }

  /** Whether a word stands outside of quotes and comments. */
  static boolean hasWord(String sql, String word) {
    for (int i = 0; i < sql.length();) {
      int end = skipQuoted(sql, i);
      if (end > i) {
        i = end;
      } else if (Character.isLetterOrDigit(sql.charAt(i)) || sql.charAt(i) == '_') {
        String found = word(sql, i);
        if (found.equals(word)) {
          return true;
        }
        i += found.length();
      } else {
        ++i;
      }
    }
    return false;
  }

  /** The name of a table that an INSERT names, as it stands there; null for other statements. */
  static String insertTarget(String sql) {
    int at = skipSpace(sql, 0);
    if (!word(sql, at).equals("insert")) {
      return null;
    }
    at = skipSpace(sql, at + 6);
    if (!word(sql, at).equals("into")) {
      return null;
    }
    int start = skipSpace(sql, at + 4);
    int end = start;
    while (end < sql.length()) {
      char c = sql.charAt(end);
      if (c == '"') {
        end = skipQuoted(sql, end);
      } else if (Character.isLetterOrDigit(c) || c == '_' || c == '.' || c == '$') {
        ++end;
      } else {
        break;
      }
    }
    return end > start ? sql.substring(start, end) : null;
  }

  static String quoted(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }
}
