package org.turdb;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.Array;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.Date;
import java.sql.NClob;
import java.sql.SQLException;
import java.sql.Time;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.Period;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.UUID;

/** Values of results as objects: those that JDBC names for a type, and those of a class that is asked for. */
final class ResultValues {
  private ResultValues() {}

  static LocalDate date(byte[] d, int at) throws SQLException {
    return switch (d[at]) {
      case Type.DATE -> Dates.date((int) Packed.INT.get(d, at + 1));
      case Type.TIMESTAMP -> dateOf(Dates.timestamp((long) Packed.LONG.get(d, at + 1)));
      case Type.TIMESTAMPTZ -> dateOf(localOf((long) Packed.LONG.get(d, at + 1)));
      case Type.TEXT -> Dates.parseDate(Packed.sized(d, at));
      default -> throw Packed.wrongType(d, at, "a date");
    };
  }

  private static LocalDate dateOf(LocalDateTime timestamp) {
    return timestamp.toLocalDate();
  }

  /** What a clock shows, where Java is, at an instant. */
  private static LocalDateTime localOf(long micros) {
    return Dates.isInfinite(micros) ? Dates.timestamp(micros)
        : LocalDateTime.ofInstant(Dates.instant(micros), java.time.ZoneId.systemDefault());
  }

  static LocalTime time(byte[] d, int at) throws SQLException {
    return switch (d[at]) {
      case Type.TIME -> Dates.time((long) Packed.LONG.get(d, at + 1));
      case Type.TIMESTAMP -> Dates.timestamp((long) Packed.LONG.get(d, at + 1)).toLocalTime();
      case Type.TIMESTAMPTZ -> localOf((long) Packed.LONG.get(d, at + 1)).toLocalTime();
      case Type.TEXT -> Dates.parseTime(Packed.sized(d, at));
      default -> throw Packed.wrongType(d, at, "a time");
    };
  }

  static LocalDateTime timestamp(byte[] d, int at) throws SQLException {
    return switch (d[at]) {
      case Type.TIMESTAMP -> Dates.timestamp((long) Packed.LONG.get(d, at + 1));
      case Type.TIMESTAMPTZ -> localOf((long) Packed.LONG.get(d, at + 1));
      case Type.DATE -> {
        LocalDate date = Dates.date((int) Packed.INT.get(d, at + 1));
        yield date.equals(LocalDate.MAX) ? LocalDateTime.MAX : date.equals(LocalDate.MIN) ? LocalDateTime.MIN : date.atStartOfDay();
      }
      case Type.TIME -> Dates.time((long) Packed.LONG.get(d, at + 1)).atDate(LocalDate.EPOCH);
      case Type.TEXT -> Dates.parseTimestamp(Packed.sized(d, at));
      default -> throw Packed.wrongType(d, at, "a timestamp");
    };
  }

  static Instant instant(byte[] d, int at) throws SQLException {
    return switch (d[at]) {
      case Type.TIMESTAMPTZ -> Dates.instant((long) Packed.LONG.get(d, at + 1));
      case Type.TEXT -> Dates.parseOffset(Packed.sized(d, at)).toInstant();
      case Type.TIMESTAMP, Type.DATE -> timestamp(d, at).atZone(java.time.ZoneId.systemDefault()).toInstant();
      default -> throw Packed.wrongType(d, at, "an instant");
    };
  }

  private static OffsetDateTime offset(byte[] d, int at) throws SQLException {
    return switch (d[at]) {
      case Type.TIMESTAMPTZ -> Dates.offset((long) Packed.LONG.get(d, at + 1));
      case Type.TEXT -> Dates.parseOffset(Packed.sized(d, at));
      case Type.TIMESTAMP, Type.DATE -> timestamp(d, at).atZone(java.time.ZoneId.systemDefault()).toOffsetDateTime();
      default -> throw Packed.wrongType(d, at, "a timestamp with time zone");
    };
  }

  /** The value as JDBC has it for the column's type. */
  static Object object(byte[] d, int at, Column column, TurdbConnection connection) throws SQLException {
    switch (d[at]) {
      case Type.DATE -> {
        return column.type() == Type.ANY ? Packed.loose(d, at) : Legacy.date(date(d, at), null);
      }
      case Type.TIME -> {
        return column.type() == Type.ANY ? Packed.loose(d, at) : Legacy.time(time(d, at), null);
      }
      case Type.TIMESTAMP -> {
        return column.type() == Type.ANY ? Packed.loose(d, at) : Legacy.timestamp(timestamp(d, at), null);
      }
      case Type.INT128 -> {
        return new BigDecimal(Packed.int128(d, at));
      }
      case Type.UINT64 -> {
        return new BigDecimal(Packed.uint64(d, at));
      }
      case Type.ARRAY -> {
        String name = column.type() == Type.ARRAY ? column.declared().substring(0, Math.max(0, column.declared().lastIndexOf('[')))
            : Packed.name(Packed.elementType(d, at));
        return new TurdbArray(connection, name, Packed.elementType(d, at), Packed.array(d, at));
      }
      default -> {
        return Packed.loose(d, at);
      }
    }
  }

  /** The value as one of a class. */
  static Object object(byte[] d, int at, Column column, TurdbConnection connection, Class<?> type) throws SQLException {
    if (type == String.class) {
      return Packed.toText(d, at);
    }
    if (type == Object.class) {
      return object(d, at, column, connection);
    }
    if (Number.class.isAssignableFrom(type)) {
      return number(d, at, type);
    }
    if (type == Boolean.class) {
      return Packed.toBool(d, at);
    }
    Object value = temporal(d, at, type);
    if (value == null) {
      value = other(d, at, column, connection, type);
    }
    if (value == null) {
      throw Packed.wrongType(d, at, "a " + type.getName());
    }
    return value;
  }

  private static Object number(byte[] d, int at, Class<?> type) throws SQLException {
    if (type == BigDecimal.class) {
      return Packed.toDecimal(d, at);
    }
    if (type == BigInteger.class) {
      return Packed.toDecimal(d, at).toBigInteger();
    }
    if (type == Double.class) {
      return Packed.toDouble(d, at);
    }
    if (type == Float.class) {
      return (float) Packed.toDouble(d, at);
    }
    if (type == Number.class && Packed.loose(d, at) instanceof Number number) {
      return number;
    }
    long value = Packed.toLong(d, at);
    if (type == Long.class) {
      return value;
    }
    if (type == Integer.class && value == (int) value) {
      return (int) value;
    }
    if (type == Short.class && value == (short) value) {
      return (short) value;
    }
    if (type == Byte.class && value == (byte) value) {
      return (byte) value;
    }
    throw Packed.tooLarge(value, type.getSimpleName());
  }

  private static Object temporal(byte[] d, int at, Class<?> type) throws SQLException {
    if (type == LocalDate.class) {
      return date(d, at);
    }
    if (type == LocalTime.class) {
      return time(d, at);
    }
    if (type == LocalDateTime.class) {
      return timestamp(d, at);
    }
    if (type == OffsetDateTime.class) {
      return offset(d, at);
    }
    if (type == Instant.class) {
      return instant(d, at);
    }
    if (type == ZonedDateTime.class) {
      return offset(d, at).atZoneSameInstant(java.time.ZoneId.systemDefault());
    }
    if (type == OffsetTime.class) {
      return time(d, at).atOffset(ZoneOffset.UTC);
    }
    if (type == Date.class) {
      return Legacy.date(date(d, at), null);
    }
    if (type == Time.class) {
      return Legacy.time(time(d, at), null);
    }
    if (type == Timestamp.class || type == java.util.Date.class) {
      return d[at] == Type.TIMESTAMPTZ ? Legacy.timestamp(instant(d, at)) : Legacy.timestamp(timestamp(d, at), null);
    }
    return null;
  }

  private static Object other(byte[] d, int at, Column column, TurdbConnection connection, Class<?> type) throws SQLException {
    int own = d[at];
    if (own == Type.INTERVAL) {
      Interval interval = Packed.interval(d, at);
      return type == Interval.class ? interval : type == Period.class ? interval.toPeriod()
          : type == Duration.class ? interval.toDuration() : null;
    }
    if (type == UUID.class) {
      return uuid(d, at);
    }
    if (type == float[].class) {
      return Packed.floats(d, at);
    }
    if (own == Type.VECTOR) {
      Object vector = Packed.vector(d, at);
      return type.isInstance(vector) ? vector : null;
    }
    if (type == byte[].class) {
      return own == Type.BLOB ? Packed.bytes(d, at) : null;
    }
    if (type == Json.class) {
      return own == Type.JSON || own == Type.JSONB || own == Type.TEXT ? new Json(Packed.sized(d, at)) : null;
    }
    if (type == Blob.class) {
      return own == Type.BLOB ? new TurdbBlob(Packed.bytes(d, at)) : null;
    }
    if (type == Clob.class || type == NClob.class) {
      return new TurdbClob(Packed.toText(d, at));
    }
    if (type == Array.class && own == Type.ARRAY) {
      return object(d, at, column, connection);
    }
    if (type.isArray() && own == Type.ARRAY) {
      Object[] elements = Packed.array(d, at);
      return type.isInstance(elements) ? elements : null;
    }
    Object value = object(d, at, column, connection);
    return type.isInstance(value) ? value : null;
  }

  private static UUID uuid(byte[] d, int at) throws SQLException {
    if (d[at] == Type.UUID) {
      return Packed.uuid(d, at);
    }
    if (d[at] != Type.TEXT) {
      throw Packed.wrongType(d, at, "a UUID");
    }
    try {
      return UUID.fromString(Packed.sized(d, at).strip());
    } catch (IllegalArgumentException e) {
      throw Errors.data("22P02", "this is no UUID: " + Packed.sized(d, at));
    }
  }
}
