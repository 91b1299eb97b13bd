package org.turdb;

import java.time.Duration;
import java.time.Period;

/** An interval of SQL, whose three parts are kept apart: a month has no fixed number of days, a day none of hours. */
public record Interval(int months, int days, long micros) {
  static final long MICROS_PER_SECOND = 1_000_000;

  /** The interval of a period. */
  public static Interval of(Period period) {
    return new Interval(Math.toIntExact(period.toTotalMonths()), period.getDays(), 0);
  }

  /** The interval of a duration; what is finer than a microsecond is cut off. */
  public static Interval of(Duration duration) {
    return new Interval(0, 0,
        Math.addExact(Math.multiplyExact(duration.getSeconds(), MICROS_PER_SECOND), duration.getNano() / 1000));
  }

  /** Months and days as a period. */
  public Period toPeriod() {
    return Period.of(months / 12, months % 12, days);
  }

  /** The time, with days of 24 hours; months have no duration. */
  public Duration toDuration() {
    if (months != 0) {
      throw new ArithmeticException("an interval with months has no duration: " + this);
    }
    return Duration.ofDays(days).plus(Duration.of(micros, java.time.temporal.ChronoUnit.MICROS));
  }

  /** As SQL prints it: {@code 1 year 2 mons 3 days 04:05:06.7}. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    part(text, months / 12, "year");
    part(text, months % 12, "mon");
    part(text, days, "day");
    if (micros != 0 || text.isEmpty()) {
      if (!text.isEmpty()) {
        text.append(' ');
      }
      boolean negative = micros < 0;
      if (negative) {
        text.append('-');
      } else if (text.indexOf("-") >= 0) {
        text.append('+');
      }
      long rest = Math.abs(micros / MICROS_PER_SECOND);
      text.append(String.format("%02d:%02d:%02d", rest / 3600, rest / 60 % 60, rest % 60));
      Dates.fraction(text, Math.abs(micros % MICROS_PER_SECOND));
    }
    return text.toString();
  }

  private static void part(StringBuilder text, int number, String unit) {
    if (number == 0) {
      return;
    }
    if (!text.isEmpty()) {
      text.append(' ');
      if (number > 0 && text.indexOf("-") >= 0) {
        text.append('+');
      }
    }
    text.append(number).append(' ').append(unit).append(number == 1 ? "" : "s");
  }
}
