package org.turdb;

import java.sql.SQLException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;

/** Numbers of turdb.h and java.time. The infinities are LocalDate.MAX and MIN and their like. */
final class Dates {
  static final long MICROS_PER_DAY = 86_400_000_000L;

  private Dates() {}

  // ---- from numbers

  static LocalDate date(int days) {
    return days == Integer.MAX_VALUE ? LocalDate.MAX : days == Integer.MIN_VALUE ? LocalDate.MIN : LocalDate.ofEpochDay(days);
  }

  /** 24:00, which LocalTime has not, is the last nanosecond before it. */
  static LocalTime time(long micros) {
    return micros >= MICROS_PER_DAY ? LocalTime.MAX : LocalTime.ofNanoOfDay(micros * 1000);
  }

  static LocalDateTime timestamp(long micros) {
    if (micros == Long.MAX_VALUE) {
      return LocalDateTime.MAX;
    }
    if (micros == Long.MIN_VALUE) {
      return LocalDateTime.MIN;
    }
    return LocalDateTime.ofEpochSecond(Math.floorDiv(micros, 1_000_000L), (int) Math.floorMod(micros, 1_000_000L) * 1000, ZoneOffset.UTC);
  }

  static Instant instant(long micros) {
    if (micros == Long.MAX_VALUE) {
      return Instant.MAX;
    }
    if (micros == Long.MIN_VALUE) {
      return Instant.MIN;
    }
    return Instant.ofEpochSecond(Math.floorDiv(micros, 1_000_000L), Math.floorMod(micros, 1_000_000L) * 1000);
  }

  static OffsetDateTime offset(long micros) {
    if (micros == Long.MAX_VALUE) {
      return OffsetDateTime.MAX;
    }
    if (micros == Long.MIN_VALUE) {
      return OffsetDateTime.MIN;
    }
    return timestamp(micros).atOffset(ZoneOffset.UTC);
  }

  static boolean isInfinite(long micros) {
    return micros == Long.MAX_VALUE || micros == Long.MIN_VALUE;
  }

  // ---- to numbers

  static int days(LocalDate date) throws SQLException {
    if (date.equals(LocalDate.MAX)) {
      return Integer.MAX_VALUE;
    }
    if (date.equals(LocalDate.MIN)) {
      return Integer.MIN_VALUE;
    }
    long days = date.toEpochDay();
    if (days != (int) days) {
      throw outOfRange(date);
    }
    return (int) days;
  }

  static long micros(LocalTime time) {
    return time.equals(LocalTime.MAX) ? MICROS_PER_DAY : time.toNanoOfDay() / 1000;
  }

  static long micros(LocalDateTime timestamp) throws SQLException {
    if (timestamp.equals(LocalDateTime.MAX)) {
      return Long.MAX_VALUE;
    }
    if (timestamp.equals(LocalDateTime.MIN)) {
      return Long.MIN_VALUE;
    }
    return micros(timestamp.toEpochSecond(ZoneOffset.UTC), timestamp.getNano(), timestamp);
  }

  static long micros(Instant instant) throws SQLException {
    if (instant.equals(Instant.MAX)) {
      return Long.MAX_VALUE;
    }
    if (instant.equals(Instant.MIN)) {
      return Long.MIN_VALUE;
    }
    return micros(instant.getEpochSecond(), instant.getNano(), instant);
  }

  static long micros(OffsetDateTime instant) throws SQLException {
    if (instant.equals(OffsetDateTime.MAX)) {
      return Long.MAX_VALUE;
    }
    if (instant.equals(OffsetDateTime.MIN)) {
      return Long.MIN_VALUE;
    }
    return micros(instant.toEpochSecond(), instant.getNano(), instant);
  }

  private static long micros(long seconds, int nanos, Object of) throws SQLException {
    try {
      return Math.addExact(Math.multiplyExact(seconds, 1_000_000L), nanos / 1000);
    } catch (ArithmeticException e) {
      throw outOfRange(of);
    }
  }

  private static SQLException outOfRange(Object value) {
    return Errors.data("22008", "a date or time is out of range: " + value);
  }

  // ---- texts, as SQL prints them

  static void fraction(StringBuilder text, long micros) {
    if (micros != 0) {
      String digits = String.format("%06d", micros);
      int end = digits.length();
      while (digits.charAt(end - 1) == '0') {
        --end;
      }
      text.append('.').append(digits, 0, end);
    }
  }

  private static void appendDate(StringBuilder text, LocalDate date) {
    int year = date.getYear() > 0 ? date.getYear() : 1 - date.getYear();
    text.append(String.format("%04d-%02d-%02d", year, date.getMonthValue(), date.getDayOfMonth()));
  }

  private static String beforeChrist(LocalDate date) {
    return date.getYear() > 0 ? "" : " BC";
  }

  static String dateText(int days) {
    if (days == Integer.MAX_VALUE || days == Integer.MIN_VALUE) {
      return days > 0 ? "infinity" : "-infinity";
    }
    StringBuilder text = new StringBuilder();
    LocalDate date = date(days);
    appendDate(text, date);
    return text.append(beforeChrist(date)).toString();
  }

  static String timeText(long micros) {
    StringBuilder text = new StringBuilder();
    appendTime(text, micros);
    return text.toString();
  }

  private static void appendTime(StringBuilder text, long micros) {
    long seconds = micros / 1_000_000;
    text.append(String.format("%02d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60));
    fraction(text, micros % 1_000_000);
  }

  static String timestampText(long micros, String zone) {
    if (isInfinite(micros)) {
      return micros > 0 ? "infinity" : "-infinity";
    }
    StringBuilder text = new StringBuilder();
    LocalDate date = LocalDate.ofEpochDay(Math.floorDiv(micros, MICROS_PER_DAY));
    appendDate(text, date);
    text.append(' ');
    appendTime(text, Math.floorMod(micros, MICROS_PER_DAY));
    return text.append(zone).append(beforeChrist(date)).toString();
  }

  // ---- texts, read

  static LocalDate parseDate(String text) throws SQLException {
    try {
      return LocalDate.parse(text.strip().substring(0, Math.min(10, text.strip().length())));
    } catch (DateTimeException e) {
      throw Errors.data("22007", "this is no date: " + text);
    }
  }

  static LocalTime parseTime(String text) throws SQLException {
    String stripped = text.strip();
    int space = Math.max(stripped.indexOf(' '), stripped.indexOf('T'));
    try {
      return LocalTime.parse(stripped.substring(space + 1));
    } catch (DateTimeException e) {
      throw Errors.data("22007", "this is no time: " + text);
    }
  }

  static LocalDateTime parseTimestamp(String text) throws SQLException {
    String stripped = text.strip();
    try {
      return stripped.length() <= 10 ? LocalDate.parse(stripped).atStartOfDay() : LocalDateTime.parse(stripped.replace(' ', 'T'));
    } catch (DateTimeException e) {
      throw Errors.data("22007", "this is no timestamp: " + text);
    }
  }

  static OffsetDateTime parseOffset(String text) throws SQLException {
    String stripped = text.strip().replaceFirst(" ", "T");
    try {
      if (stripped.matches(".*[+-]\\d\\d")) {
        stripped += ":00";
      }
      return OffsetDateTime.parse(stripped);
    } catch (DateTimeException e) {
      throw Errors.data("22007", "this is no timestamp with time zone: " + text);
    }
  }
}
