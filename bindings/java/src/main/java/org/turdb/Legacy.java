package org.turdb;

import java.sql.Date;
import java.sql.SQLException;
import java.sql.Time;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.Calendar;

/** The dates of java.sql: instants that stand for what a clock shows in a zone, that of a calendar or else Java's own. */
final class Legacy {
  private Legacy() {}

  private static ZoneId zone(Calendar calendar) {
    return calendar == null ? ZoneId.systemDefault() : calendar.getTimeZone().toZoneId();
  }

  static LocalDateTime local(java.util.Date value, Calendar calendar) {
    int nanos = value instanceof Timestamp timestamp ? timestamp.getNanos() : (int) Math.floorMod(value.getTime(), 1000L) * 1_000_000;
    return LocalDateTime.ofInstant(Instant.ofEpochSecond(Math.floorDiv(value.getTime(), 1000L), nanos), zone(calendar));
  }

  static int days(Date value, Calendar calendar) throws SQLException {
    return Dates.days(calendar == null ? value.toLocalDate() : local(value, calendar).toLocalDate());
  }

  static long micros(Time value, Calendar calendar) {
    return Dates.micros(local(value, calendar).toLocalTime());
  }

  static long micros(Timestamp value, Calendar calendar) throws SQLException {
    return Dates.micros(calendar == null ? value.toLocalDateTime() : local(value, calendar));
  }

  static long instantMicros(Timestamp value) throws SQLException {
    return Dates.micros(value.toInstant());
  }

  static Date date(LocalDate value, Calendar calendar) {
    if (value.equals(LocalDate.MAX) || value.equals(LocalDate.MIN)) {
      return new Date(value.equals(LocalDate.MAX) ? Long.MAX_VALUE : Long.MIN_VALUE);
    }
    return calendar == null ? Date.valueOf(value) : new Date(value.atStartOfDay(zone(calendar)).toInstant().toEpochMilli());
  }

  static Time time(LocalTime value, Calendar calendar) {
    return new Time(value.atDate(LocalDate.EPOCH).atZone(zone(calendar)).toInstant().toEpochMilli());
  }

  static Timestamp timestamp(LocalDateTime value, Calendar calendar) {
    if (value.equals(LocalDateTime.MAX) || value.equals(LocalDateTime.MIN)) {
      return new Timestamp(value.equals(LocalDateTime.MAX) ? Long.MAX_VALUE : Long.MIN_VALUE);
    }
    return calendar == null ? Timestamp.valueOf(value) : Timestamp.from(value.atZone(zone(calendar)).toInstant());
  }

  static Timestamp timestamp(Instant value) {
    if (value.equals(Instant.MAX) || value.equals(Instant.MIN)) {
      return new Timestamp(value.equals(Instant.MAX) ? Long.MAX_VALUE : Long.MIN_VALUE);
    }
    return Timestamp.from(value);
  }
}
