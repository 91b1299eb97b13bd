package org.turdb;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.reflect.Array;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteOrder;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.Period;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.Collection;
import java.util.UUID;

/** Writes packed values (docs/packed.md), one behind the other. */
final class Packer {
  private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final int LARGEST = Integer.MAX_VALUE - 64;

  byte[] data;
  int size;

  Packer(int capacity) {
    data = new byte[capacity];
  }

  void clear() {
    size = 0;
  }

  private void reserve(long more) throws SQLException {
    if (size + more > data.length) {
      if (size + more > LARGEST) {
        throw Errors.data("54000", "the values of a row or a batch are longer than 2 GB");
      }
      data = Arrays.copyOf(data, (int) Math.min(LARGEST, Math.max(2L * data.length, size + more + 64)));
    }
  }

  void append(byte[] bytes, int start, int length) throws SQLException {
    reserve(length);
    System.arraycopy(bytes, start, data, size, length);
    size += length;
  }

  void nothing() throws SQLException {
    reserve(1);
    data[size++] = Type.NULL;
  }

  void bool(boolean value) throws SQLException {
    reserve(2);
    data[size] = Type.BOOL;
    data[size + 1] = (byte) (value ? 1 : 0);
    size += 2;
  }

  void int64(long value) throws SQLException {
    eight(Type.INT64, value);
  }

  private void eight(int type, long value) throws SQLException {
    reserve(9);
    data[size] = (byte) type;
    LONG.set(data, size + 1, value);
    size += 9;
  }

  private void four(int type, int value) throws SQLException {
    reserve(5);
    data[size] = (byte) type;
    INT.set(data, size + 1, value);
    size += 5;
  }

  void float32(float value) throws SQLException {
    four(Type.FLOAT, Float.floatToRawIntBits(value));
  }

  void float64(double value) throws SQLException {
    eight(Type.DOUBLE, Double.doubleToRawLongBits(value));
  }

  void dateDays(int days) throws SQLException {
    four(Type.DATE, days);
  }

  /** Eight bytes that are no value. */
  void raw(long value) throws SQLException {
    reserve(8);
    LONG.set(data, size, value);
    size += 8;
  }

  /** type: TIME, TIMESTAMP or TIMESTAMPTZ. */
  void micros(int type, long micros) throws SQLException {
    eight(type, micros);
  }

  void interval(Interval value) throws SQLException {
    reserve(17);
    data[size] = Type.INTERVAL;
    INT.set(data, size + 1, value.months());
    INT.set(data, size + 5, value.days());
    LONG.set(data, size + 9, value.micros());
    size += 17;
  }

  void uuid(UUID value) throws SQLException {
    reserve(17);
    data[size] = Type.UUID;
    LONG.set(data, size + 1, Long.reverseBytes(value.getMostSignificantBits()));
    LONG.set(data, size + 9, Long.reverseBytes(value.getLeastSignificantBits()));
    size += 17;
  }

  void bigInteger(BigInteger value) throws SQLException {
    if (value.bitLength() < 64) {
      int64(value.longValue());
      return;
    }
    if (value.bitLength() > 127) {
      sized(Type.DECIMAL, value.toString());
      return;
    }
    reserve(17);
    data[size] = Type.INT128;
    LONG.set(data, size + 1, value.longValue());
    LONG.set(data, size + 9, value.shiftRight(64).longValue());
    size += 17;
  }

  void decimal(BigDecimal value) throws SQLException {
    if (Math.abs((long) value.scale()) > 200_000) {
      throw Errors.data("22003", "a number has too many digits: " + value);
    }
    sized(Type.DECIMAL, value.toPlainString());
  }

  void text(String value) throws SQLException {
    sized(Type.TEXT, value);
  }

  /** UTF-8 of a text, which says its size before. */
  void sized(int type, String value) throws SQLException {
    reserve(5 + 3L * value.length());
    data[size] = (byte) type;
    int end = Utf8.write(value, data, size + 5);
    INT.set(data, size + 1, end - size - 5);
    size = end;
  }

  void bytes(int type, byte[] value) throws SQLException {
    reserve(5L + value.length);
    data[size] = (byte) type;
    INT.set(data, size + 1, value.length);
    System.arraycopy(value, 0, data, size + 5, value.length);
    size += 5 + value.length;
  }

  void vector(float[] value) throws SQLException {
    begin(value.length, 4L * value.length, Type.VECTOR_FLOAT32);
    for (float element : value) {
      INT.set(data, size, Float.floatToRawIntBits(element));
      size += 4;
    }
  }

  void vector(Int8Vector value) throws SQLException {
    begin(value.elements().length, value.elements().length, Type.VECTOR_INT8);
    System.arraycopy(value.elements(), 0, data, size, value.elements().length);
    size += value.elements().length;
  }

  void vector(boolean[] value) throws SQLException {
    int bytes = (value.length + 7) / 8;
    begin(value.length, bytes + 1L, Type.VECTOR_BIT);
    Arrays.fill(data, size, size + bytes, (byte) 0);
    for (int i = 0; i < value.length; ++i) {
      if (value[i]) {
        data[size + i / 8] |= (byte) (1 << i % 8);
      }
    }
    data[size + bytes] = (byte) (value.length - 8 * (bytes - 1));
    size += bytes + 1;
  }

  private void begin(int dimensions, long bytes, int element) throws SQLException {
    if (dimensions == 0) {
      throw Errors.data("22000", "a vector has at least one dimension");
    }
    reserve(6 + bytes);
    data[size] = Type.VECTOR;
    INT.set(data, size + 1, (int) bytes + 1);
    data[size + 5] = (byte) element;
    size += 6;
  }

  // ---- whatever it is

  /** A value of its own type. */
  void value(Object value) throws SQLException {
    if (value == null) {
      nothing();
    } else if (value instanceof String text) {
      text(text);
    } else if (value instanceof Number number) {
      number(number);
    } else if (value instanceof Boolean bool) {
      bool(bool);
    } else if (value instanceof byte[] bytes) {
      bytes(Type.BLOB, bytes);
    } else if (value instanceof float[] vector) {
      vector(vector);
    } else if (value instanceof UUID uuid) {
      uuid(uuid);
    } else if (value instanceof java.time.temporal.TemporalAccessor || value instanceof java.util.Date) {
      temporal(value);
    } else {
      other(value);
    }
  }

  private void number(Number value) throws SQLException {
    if (value instanceof Integer || value instanceof Long || value instanceof Short || value instanceof Byte) {
      int64(value.longValue());
    } else if (value instanceof Double) {
      float64(value.doubleValue());
    } else if (value instanceof Float) {
      float32(value.floatValue());
    } else if (value instanceof BigDecimal decimal) {
      decimal(decimal);
    } else if (value instanceof BigInteger integer) {
      bigInteger(integer);
    } else if (value instanceof java.util.concurrent.atomic.AtomicInteger || value instanceof java.util.concurrent.atomic.AtomicLong) {
      int64(value.longValue());
    } else {
      throw strange(value);
    }
  }

  private void temporal(Object value) throws SQLException {
    if (value instanceof LocalDate date) {
      dateDays(Dates.days(date));
    } else if (value instanceof LocalDateTime timestamp) {
      micros(Type.TIMESTAMP, Dates.micros(timestamp));
    } else if (value instanceof LocalTime time) {
      micros(Type.TIME, Dates.micros(time));
    } else if (value instanceof OffsetDateTime instant) {
      micros(Type.TIMESTAMPTZ, Dates.micros(instant));
    } else if (value instanceof Instant instant) {
      micros(Type.TIMESTAMPTZ, Dates.micros(instant));
    } else if (value instanceof ZonedDateTime instant) {
      micros(Type.TIMESTAMPTZ, Dates.micros(instant.toInstant()));
    } else if (value instanceof java.sql.Date date) {
      dateDays(Dates.days(date.toLocalDate()));
    } else if (value instanceof java.sql.Time time) {
      micros(Type.TIME, Legacy.micros(time, null));
    } else if (value instanceof java.sql.Timestamp timestamp) {
      micros(Type.TIMESTAMP, Legacy.micros(timestamp, null));
    } else if (value instanceof java.util.Date date) {
      micros(Type.TIMESTAMPTZ, Dates.micros(date.toInstant()));
    } else {
      throw strange(value);
    }
  }

  private void other(Object value) throws SQLException {
    if (value instanceof Interval interval) {
      interval(interval);
    } else if (value instanceof Period period) {
      interval(Interval.of(period));
    } else if (value instanceof Duration duration) {
      interval(Interval.of(duration));
    } else if (value instanceof Json json) {
      sized(Type.JSON, json.text());
    } else if (value instanceof boolean[] vector) {
      vector(vector);
    } else if (value instanceof Int8Vector vector) {
      vector(vector);
    } else if (value instanceof Character character) {
      text(character.toString());
    } else if (value instanceof Enum<?> constant) {
      text(constant.name());
    } else if (value instanceof Blob blob) {
      bytes(Type.BLOB, blob.getBytes(1, Math.toIntExact(blob.length())));
    } else if (value instanceof Clob clob) {
      text(clob.getSubString(1, Math.toIntExact(clob.length())));
    } else if (value instanceof java.sql.Array array) {
      array(elements(array.getArray()), array instanceof TurdbArray own ? own.elementType() : Type.NULL);
    } else if (value instanceof Collection<?> collection) {
      array(collection.toArray(), Type.NULL);
    } else if (value.getClass().isArray()) {
      array(elements(value), Type.NULL);
    } else {
      throw strange(value);
    }
  }

  private static SQLException strange(Object value) {
    return Errors.data("07006", "TurDB has no type for a value of " + value.getClass().getName());
  }

  // ---- arrays

  static Object[] elements(Object array) {
    if (array instanceof Object[] objects) {
      return objects;
    }
    Object[] objects = new Object[Array.getLength(array)];
    for (int i = 0; i < objects.length; ++i) {
      objects[i] = Array.get(array, i);
    }
    return objects;
  }

  /** type: of the elements, NULL when they tell. */
  void array(Object[] elements, int type) throws SQLException {
    int[] lengths = new int[6];
    int dimensions = 0;
    Object level = elements;
    while (level != null && isNested(level)) {
      Object[] inner = elements(level);
      if (dimensions == 6) {
        throw Errors.data("54000", "an array has at most 6 dimensions");
      }
      lengths[dimensions++] = inner.length;
      level = inner.length == 0 ? null : inner[0];
    }
    int elementType = type != Type.NULL ? type : common(elements);
    reserve(7 + 8L * dimensions);
    int start = size;
    boolean empty = lengths[0] == 0;
    data[size] = Type.ARRAY;
    data[size + 5] = (byte) elementType;
    data[size + 6] = (byte) (empty ? 0 : dimensions);
    size += 7;
    if (!empty) {
      for (int i = 0; i < dimensions; ++i) {
        INT.set(data, size, 1);
        INT.set(data, size + 4, lengths[i]);
        size += 8;
      }
      block(elements, lengths, 0, dimensions, elementType);
    }
    INT.set(data, start + 1, size - start - 5);
  }

  private static boolean isNested(Object value) {
    return value.getClass().isArray() && !(value instanceof byte[]) && !(value instanceof char[]);
  }

  private void block(Object[] elements, int[] lengths, int depth, int dimensions, int type) throws SQLException {
    if (elements.length != lengths[depth]) {
      throw Errors.data("2202E", "the inner arrays of an array must have the same length");
    }
    for (Object element : elements) {
      if (depth + 1 < dimensions) {
        if (element == null || !isNested(element)) {
          throw Errors.data("2202E", "the inner arrays of an array must have the same length");
        }
        block(elements(element), lengths, depth + 1, dimensions, type);
      } else {
        element(element, type);
      }
    }
  }

  /** The type that all elements can be packed as. */
  private static int common(Object[] elements) {
    int type = Type.NULL;
    for (Object element : elements) {
      if (element == null) {
        continue;
      }
      int own = isNested(element) ? common(elements(element)) : elementType(element);
      if (type == Type.NULL || type == own) {
        type = own;
      } else if (own != Type.NULL) {
        type = Type.isNumber(type) && Type.isNumber(own) ? wider(type, own) : Type.TEXT;
      }
    }
    return type == Type.NULL ? Type.TEXT : type;
  }

  private static int wider(int one, int other) {
    if (one == Type.DECIMAL || other == Type.DECIMAL) {
      return Type.DECIMAL;
    }
    return one == Type.DOUBLE || other == Type.DOUBLE || one == Type.FLOAT || other == Type.FLOAT ? Type.DOUBLE : Type.INT128;
  }

  private static int elementType(Object element) {
    if (element instanceof BigInteger integer) {
      return integer.bitLength() < 64 ? Type.INT64 : integer.bitLength() <= 127 ? Type.INT128 : Type.DECIMAL;
    }
    if (element instanceof Integer || element instanceof Long || element instanceof Short || element instanceof Byte) {
      return Type.INT64;
    }
    Packer one = new Packer(32);
    try {
      one.value(element);
    } catch (SQLException e) {
      return Type.TEXT;
    }
    return one.data[0];
  }

  private void element(Object element, int type) throws SQLException {
    if (element == null) {
      nothing();
      return;
    }
    switch (type) {
      case Type.INT8, Type.UINT8 -> {
        reserve(2);
        data[size] = (byte) type;
        data[size + 1] = (byte) integer(element);
        size += 2;
      }
      case Type.INT16, Type.UINT16 -> {
        reserve(3);
        data[size] = (byte) type;
        SHORT.set(data, size + 1, (short) integer(element));
        size += 3;
      }
      case Type.INT32, Type.UINT32 -> four(type, (int) integer(element));
      case Type.INT64 -> int64(integer(element));
      case Type.UINT64 -> eight(type, new BigDecimal(element.toString()).toBigInteger().longValue());
      case Type.INT128 -> {
        BigInteger value = new BigDecimal(element.toString()).toBigInteger();
        reserve(17);
        data[size] = Type.INT128;
        LONG.set(data, size + 1, value.longValue());
        LONG.set(data, size + 9, value.shiftRight(64).longValue());
        size += 17;
      }
      case Type.FLOAT -> float32(number(element).floatValue());
      case Type.DOUBLE -> float64(number(element).doubleValue());
      case Type.DECIMAL -> {
        if (element instanceof BigDecimal decimal) {
          decimal(decimal);
        } else {
          sized(Type.DECIMAL, element.toString());
        }
      }
      case Type.TEXT, Type.ENUM, Type.JSON, Type.JSONB ->
          sized(type, element instanceof Json json ? json.text() : element.toString());
      default -> {
        int start = size;
        value(element);
        if (data[start] != type) {
          size = start;
          throw Errors.data("42804", "an element of " + element.getClass().getName() + " does not fit into the array");
        }
      }
    }
  }

  private static Number number(Object element) throws SQLException {
    if (element instanceof Number number) {
      return number;
    }
    throw Errors.data("42804", "an element of " + element.getClass().getName() + " is no number");
  }

  private static long integer(Object element) throws SQLException {
    return number(element).longValue();
  }
}
