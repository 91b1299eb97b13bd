package org.turdb;

import java.sql.SQLException;
import java.util.Locale;

/** JDBC's escapes in braces: {d '...'}, {t '...'}, {ts '...'}, {fn ...}, {escape '...'}, {oj ...}, {limit ...}, {call ...}. */
final class Escapes {
  private Escapes() {}

  static String translate(String sql) throws SQLException {
    if (sql == null) {
      throw Errors.misuse("there must be SQL");
    }
    if (sql.indexOf('{') < 0) {
      return sql;
    }
    StringBuilder out = new StringBuilder(sql.length() + 16);
    translate(sql, 0, out, false);
    return out.toString();
  }

  /** Translates up to the end, or to the brace that closes. */
  private static int translate(String sql, int at, StringBuilder out, boolean inBraces) throws SQLException {
    while (at < sql.length()) {
      int end = SqlText.skipQuoted(sql, at);
      if (end > at) {
        out.append(sql, at, end);
        at = end;
      } else if (sql.charAt(at) == '{') {
        at = escape(sql, at, out);
      } else if (inBraces && sql.charAt(at) == '}') {
        return at;
      } else {
        out.append(sql.charAt(at++));
      }
    }
    if (inBraces) {
      throw Errors.syntax("42601", "an escape of JDBC is not closed with }", sql.length());
    }
    return at;
  }

  private static int escape(String sql, int brace, StringBuilder out) throws SQLException {
    int at = SqlText.skipSpace(sql, brace + 1);
    String word = SqlText.word(sql, at);
    int behind = SqlText.skipSpace(sql, at + word.length());
    char next = behind < sql.length() ? sql.charAt(behind) : ' ';
    String prefix;
    switch (word) {
      case "d", "t", "ts" -> {
        if (next != '\'') {
          return literal(sql, brace, out);
        }
        prefix = word.equals("d") ? "DATE " : word.equals("t") ? "TIME " : "TIMESTAMP ";
      }
      case "escape" -> {
        if (next != '\'') {
          return literal(sql, brace, out);
        }
        prefix = "ESCAPE ";
      }
      case "fn", "oj" -> {
        if (!Character.isLetter(next) && next != '"' && next != '(') {
          return literal(sql, brace, out);
        }
        prefix = "";
      }
      case "limit" -> prefix = "LIMIT ";
      case "call" -> prefix = "SELECT ";
      default -> {
        return literal(sql, brace, out);
      }
    }
    StringBuilder inner = new StringBuilder();
    int close = translate(sql, behind, inner, true);
    String text = inner.toString().strip();
    if (word.equals("fn")) {
      text = function(text);
    } else if (word.equals("call") && text.indexOf('(') < 0) {
      text += "()";
    }
    out.append(prefix).append(text);
    return close + 1;
  }

  /** A brace of SQL itself: a struct or a map. */
  private static int literal(String sql, int brace, StringBuilder out) throws SQLException {
    out.append('{');
    StringBuilder inner = new StringBuilder();
    int close = translate(sql, brace + 1, inner, true);
    out.append(inner).append('}');
    return close + 1;
  }

  /** Functions of JDBC that SQL calls otherwise. */
  private static String function(String call) {
    int open = call.indexOf('(');
    int close = call.lastIndexOf(')');
    if (open < 0 || close < open) {
      return call;
    }
    String arguments = call.substring(open + 1, close);
    String name = call.substring(0, open).strip().toLowerCase(Locale.ROOT);
    return switch (name) {
      case "ucase" -> "upper(" + arguments + ")";
      case "lcase" -> "lower(" + arguments + ")";
      case "ifnull" -> "coalesce(" + arguments + ")";
      case "curdate", "current_date" -> "current_date";
      case "curtime", "current_time" -> "localtime";
      case "now", "current_timestamp" -> "localtimestamp";
      case "log" -> "ln(" + arguments + ")";
      case "log10" -> "log(" + arguments + ")";
      case "rand" -> "random()";
      case "ceiling" -> "ceil(" + arguments + ")";
      case "truncate" -> "trunc(" + arguments + ")";
      case "char" -> "chr(" + arguments + ")";
      case "database" -> "current_database()";
      case "user" -> "current_user";
      case "year", "month", "hour", "minute", "second", "quarter", "week" -> "extract(" + name + " from " + arguments + ")";
      case "dayofmonth" -> "extract(day from " + arguments + ")";
      case "dayofyear" -> "extract(doy from " + arguments + ")";
      case "dayofweek" -> "(extract(dow from " + arguments + ") + 1)";
      default -> call;
    };
  }
}
