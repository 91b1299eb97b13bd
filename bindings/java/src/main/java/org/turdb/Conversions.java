package org.turdb;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;

/** Parameters that are to be of a type of JDBC, whatever they are. */
final class Conversions {
  private Conversions() {}

  static void decimal(Packer packer, Object value, int scale) throws SQLException {
    if (value instanceof Double || value instanceof Float) {
      double number = ((Number) value).doubleValue();
      if (Double.isNaN(number) || Double.isInfinite(number)) {
        packer.sized(Type.DECIMAL, value.toString());
        return;
      }
    }
    if (value instanceof String text) {
      packer.sized(Type.DECIMAL, text); // NaN, too
      return;
    }
    BigDecimal number = number(value);
    packer.decimal(scale < 0 ? number : number.setScale(scale, RoundingMode.HALF_UP));
  }

  private static BigDecimal number(Object value) throws SQLException {
    if (value instanceof BigDecimal decimal) {
      return decimal;
    }
    if (value instanceof BigInteger integer) {
      return new BigDecimal(integer);
    }
    if (value instanceof Boolean bool) {
      return bool ? BigDecimal.ONE : BigDecimal.ZERO;
    }
    try {
      return new BigDecimal(value.toString().strip());
    } catch (NumberFormatException e) {
      throw Errors.data("22018", "this is no number: " + value);
    }
  }

  static void integer(Packer packer, Object value) throws SQLException {
    if (value instanceof Long || value instanceof Integer || value instanceof Short || value instanceof Byte) {
      packer.int64(((Number) value).longValue());
      return;
    }
    if (value instanceof Double || value instanceof Float) {
      double number = ((Number) value).doubleValue();
      if (Double.isNaN(number) || Double.isInfinite(number)) {
        throw Errors.data("22003", value + " is no integer");
      }
    }
    packer.bigInteger(number(value).toBigInteger());
  }

  static void floating(Packer packer, Object value) throws SQLException {
    if (value instanceof Number number) {
      packer.float64(number.doubleValue());
    } else if (value instanceof Boolean bool) {
      packer.float64(bool ? 1 : 0);
    } else {
      try {
        packer.float64(Double.parseDouble(value.toString().strip()));
      } catch (NumberFormatException e) {
        throw Errors.data("22018", "this is no number: " + value);
      }
    }
  }

  static void bool(Packer packer, Object value) throws SQLException {
    if (value instanceof Boolean bool) {
      packer.bool(bool);
    } else if (value instanceof Number number) {
      packer.bool(number.doubleValue() != 0);
    } else {
      Packer text = new Packer(32);
      text.text(value.toString());
      packer.bool(Packed.toBool(text.data, 0));
    }
  }

  static void text(Packer packer, Object value) throws SQLException {
    if (value instanceof java.sql.Clob) {
      packer.value(value);
    } else if (value instanceof byte[]) {
      throw Errors.data("07006", "bytes are no text");
    } else {
      packer.text(value instanceof BigDecimal decimal ? decimal.toPlainString() : value.toString());
    }
  }

  /** A date, a time or a timestamp without a zone of something that has more. */
  static void local(Packer packer, Object value, int type) throws SQLException {
    LocalDateTime local = null;
    if (value instanceof LocalDateTime timestamp) {
      local = timestamp;
    } else if (value instanceof OffsetDateTime instant) {
      local = instant.toLocalDateTime();
    } else if (value instanceof ZonedDateTime instant) {
      local = instant.toLocalDateTime();
    } else if (value instanceof Timestamp || value.getClass() == java.util.Date.class) {
      local = Legacy.local((java.util.Date) value, null);
    } else if (type == Types.TIMESTAMP && value instanceof LocalDate date) {
      local = date.equals(LocalDate.MAX) ? LocalDateTime.MAX : date.equals(LocalDate.MIN) ? LocalDateTime.MIN : date.atStartOfDay();
    } else if (type == Types.TIMESTAMP && value instanceof java.sql.Date date) {
      local = date.toLocalDate().atStartOfDay();
    }
    if (local == null) {
      packer.value(value);
    } else if (type == Types.DATE) {
      packer.dateDays(Dates.days(local.toLocalDate()));
    } else if (type == Types.TIME) {
      LocalTime time = local.toLocalTime();
      packer.micros(Type.TIME, Dates.micros(time));
    } else {
      packer.micros(Type.TIMESTAMP, Dates.micros(local));
    }
  }
}
