package org.turdb;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.UUID;

/** Reads packed values (docs/packed.md). A place is that of a value's first byte, which is its type. */
final class Packed {
  static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** Bytes behind the type; -1 for values that say their size. */
  private static final byte[] SIZES = new byte[128];

  static {
    java.util.Arrays.fill(SIZES, (byte) -1);
    int[][] sizes = {{Type.NULL, 0}, {Type.BOOL, 1}, {Type.INT8, 1}, {Type.INT16, 2}, {Type.INT32, 4}, {Type.INT64, 8},
        {Type.INT128, 16}, {Type.UINT8, 1}, {Type.UINT16, 2}, {Type.UINT32, 4}, {Type.UINT64, 8}, {Type.FLOAT, 4}, {Type.DOUBLE, 8},
        {Type.DATE, 4}, {Type.TIME, 8}, {Type.TIMESTAMP, 8}, {Type.TIMESTAMPTZ, 8}, {Type.INTERVAL, 16}, {Type.UUID, 16}};
    for (int[] size : sizes) {
      SIZES[size[0]] = (byte) size[1];
    }
  }

  private static final BigInteger TWO_TO_64 = BigInteger.ONE.shiftLeft(64);
  private static final BigDecimal LONG_MIN = BigDecimal.valueOf(Long.MIN_VALUE);
  private static final BigDecimal LONG_MAX = BigDecimal.valueOf(Long.MAX_VALUE);

  private Packed() {}

  /** Where the next value is. */
  static int skip(byte[] d, int at) {
    int size = SIZES[d[at]];
    return size >= 0 ? at + 1 + size : at + 5 + (int) INT.get(d, at + 1);
  }

  static int size(byte[] d, int at) {
    return (int) INT.get(d, at + 1);
  }

  static String sized(byte[] d, int at) {
    return new String(d, at + 5, (int) INT.get(d, at + 1), StandardCharsets.UTF_8);
  }

  static byte[] bytes(byte[] d, int at) {
    return java.util.Arrays.copyOfRange(d, at + 5, at + 5 + size(d, at));
  }

  // ---- numbers

  static BigInteger int128(byte[] d, int at) {
    BigInteger low = BigInteger.valueOf((long) LONG.get(d, at + 1));
    BigInteger high = BigInteger.valueOf((long) LONG.get(d, at + 9));
    return high.shiftLeft(64).add(low.signum() < 0 ? low.add(TWO_TO_64) : low);
  }

  static BigInteger uint64(byte[] d, int at) {
    long value = (long) LONG.get(d, at + 1);
    return value < 0 ? BigInteger.valueOf(value).add(TWO_TO_64) : BigInteger.valueOf(value);
  }

  static float float32(byte[] d, int at) {
    return Float.intBitsToFloat((int) INT.get(d, at + 1));
  }

  static double float64(byte[] d, int at) {
    return Double.longBitsToDouble((long) LONG.get(d, at + 1));
  }

  static long toLong(byte[] d, int at) throws SQLException {
    return switch (d[at]) {
      case Type.INT64 -> (long) LONG.get(d, at + 1);
      case Type.INT32 -> (int) INT.get(d, at + 1);
      case Type.INT16 -> (short) SHORT.get(d, at + 1);
      case Type.INT8 -> d[at + 1];
      case Type.BOOL -> d[at + 1];
      case Type.UINT8 -> d[at + 1] & 0xff;
      case Type.UINT16 -> (short) SHORT.get(d, at + 1) & 0xffff;
      case Type.UINT32 -> (int) INT.get(d, at + 1) & 0xffff_ffffL;
      default -> {
        BigDecimal value = toDecimal(d, at);
        if (value.compareTo(LONG_MIN) < 0 || value.compareTo(LONG_MAX) > 0) {
          throw tooLarge(value, "long");
        }
        yield value.longValue();
      }
    };
  }

  static SQLException tooLarge(Object value, String type) {
    return Errors.data("22003", "the value " + value + " does not fit into a " + type);
  }

  static double toDouble(byte[] d, int at) throws SQLException {
    return switch (d[at]) {
      case Type.DOUBLE -> float64(d, at);
      case Type.FLOAT -> float32(d, at);
      case Type.INT128 -> int128(d, at).doubleValue();
      case Type.UINT64 -> uint64(d, at).doubleValue();
      case Type.DECIMAL, Type.TEXT -> {
        String text = sized(d, at).strip();
        try {
          yield Double.parseDouble(text); // NaN, Infinity and -Infinity, too
        } catch (NumberFormatException e) {
          throw noNumber(text);
        }
      }
      default -> toLong(d, at);
    };
  }

  static BigDecimal toDecimal(byte[] d, int at) throws SQLException {
    switch (d[at]) {
      case Type.DECIMAL, Type.TEXT -> {
        String text = sized(d, at).strip();
        try {
          return new BigDecimal(text);
        } catch (NumberFormatException e) {
          throw noNumber(text);
        }
      }
      case Type.INT128 -> {
        return new BigDecimal(int128(d, at));
      }
      case Type.UINT64 -> {
        return new BigDecimal(uint64(d, at));
      }
      case Type.FLOAT -> {
        return finite(float32(d, at), Float.toString(float32(d, at)));
      }
      case Type.DOUBLE -> {
        return finite(float64(d, at), Double.toString(float64(d, at)));
      }
      case Type.BOOL, Type.INT8, Type.INT16, Type.INT32, Type.INT64, Type.UINT8, Type.UINT16, Type.UINT32 -> {
        return BigDecimal.valueOf(toLong(d, at));
      }
      default -> throw wrongType(d, at, "a number");
    }
  }

  private static BigDecimal finite(double value, String text) throws SQLException {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      throw Errors.data("22003", text + " is no decimal number");
    }
    return new BigDecimal(text);
  }

  private static SQLException noNumber(String text) {
    return Errors.data("22P02", "this is no number: " + (text.length() > 40 ? text.substring(0, 40) + "..." : text));
  }

  static SQLException wrongType(byte[] d, int at, String wanted) {
    return Errors.data("07006", "a value of type " + name(d[at]) + " is not " + wanted);
  }

  static boolean toBool(byte[] d, int at) throws SQLException {
    switch (d[at]) {
      case Type.BOOL -> {
        return d[at + 1] != 0;
      }
      case Type.TEXT -> {
        String text = sized(d, at).strip().toLowerCase(java.util.Locale.ROOT);
        switch (text) {
          case "t", "true", "y", "yes", "on", "1" -> {
            return true;
          }
          case "f", "false", "n", "no", "off", "0" -> {
            return false;
          }
          default -> throw Errors.data("22018", "this is no boolean: " + text);
        }
      }
      default -> {
        return toDouble(d, at) != 0;
      }
    }
  }

  static Interval interval(byte[] d, int at) {
    return new Interval((int) INT.get(d, at + 1), (int) INT.get(d, at + 5), (long) LONG.get(d, at + 9));
  }

  static UUID uuid(byte[] d, int at) {
    return new UUID(Long.reverseBytes((long) LONG.get(d, at + 1)), Long.reverseBytes((long) LONG.get(d, at + 9)));
  }

  // ---- vectors and arrays

  /** float[], Int8Vector or boolean[]. */
  static Object vector(byte[] d, int at) {
    int size = size(d, at) - 1;
    int from = at + 6;
    switch (d[at + 5]) {
      case Type.VECTOR_FLOAT32 -> {
        float[] elements = new float[size / 4];
        for (int i = 0; i < elements.length; ++i) {
          elements[i] = Float.intBitsToFloat((int) INT.get(d, from + 4 * i));
        }
        return elements;
      }
      case Type.VECTOR_FLOAT16 -> {
        float[] elements = new float[size / 2];
        for (int i = 0; i < elements.length; ++i) {
          elements[i] = half((short) SHORT.get(d, from + 2 * i) & 0xffff);
        }
        return elements;
      }
      case Type.VECTOR_INT8 -> {
        return new Int8Vector(java.util.Arrays.copyOfRange(d, from, from + size));
      }
      default -> {
        boolean[] bits = new boolean[8 * (size - 2) + d[from + size - 1]];
        for (int i = 0; i < bits.length; ++i) {
          bits[i] = (d[from + i / 8] >> i % 8 & 1) != 0;
        }
        return bits;
      }
    }
  }

  private static float half(int half) {
    int sign = half >> 15 << 31;
    int exponent = half >> 10 & 31;
    int fraction = half & 1023;
    return switch (exponent) {
      case 0 -> Float.intBitsToFloat(Float.floatToIntBits(fraction / 16_777_216f) | sign);
      case 31 -> Float.intBitsToFloat(sign | 255 << 23 | fraction << 13);
      default -> Float.intBitsToFloat(sign | exponent + 112 << 23 | fraction << 13);
    };
  }

  static float[] floats(byte[] d, int at) throws SQLException {
    Object vector = d[at] == Type.VECTOR ? vector(d, at) : null;
    if (vector instanceof float[] floats) {
      return floats;
    }
    if (vector instanceof Int8Vector bytes) {
      float[] floats = new float[bytes.elements().length];
      for (int i = 0; i < floats.length; ++i) {
        floats[i] = bytes.elements()[i];
      }
      return floats;
    }
    throw wrongType(d, at, "a vector of numbers");
  }

  static int elementType(byte[] d, int at) {
    return d[at + 5];
  }

  /** The elements, nested for more dimensions, in arrays of their class. */
  static Object[] array(byte[] d, int at) {
    int dimensions = d[at + 6];
    Class<?> type = elementClass(d[at + 5]);
    if (dimensions == 0) {
      return (Object[]) java.lang.reflect.Array.newInstance(type, 0);
    }
    int[] lengths = new int[dimensions];
    for (int i = 0; i < dimensions; ++i) {
      lengths[i] = (int) INT.get(d, at + 7 + 8 * i + 4);
    }
    int[] place = {at + 7 + 8 * dimensions};
    return block(d, place, lengths, 0, type);
  }

  private static Object[] block(byte[] d, int[] place, int[] lengths, int depth, Class<?> type) {
    boolean last = depth + 1 == lengths.length;
    int[] rest = last ? new int[] {lengths[depth]} : java.util.Arrays.copyOfRange(lengths, depth, lengths.length);
    Object[] elements = (Object[]) java.lang.reflect.Array.newInstance(type, rest);
    for (int i = 0; i < elements.length; ++i) {
      if (last) {
        elements[i] = loose(d, place[0]);
        place[0] = skip(d, place[0]);
      } else {
        elements[i] = block(d, place, lengths, depth + 1, type);
      }
    }
    return elements;
  }

  static Class<?> elementClass(int type) {
    return switch (type) {
      case Type.BOOL -> Boolean.class;
      case Type.INT8, Type.INT16, Type.INT32, Type.UINT8, Type.UINT16 -> Integer.class;
      case Type.INT64, Type.UINT32 -> Long.class;
      case Type.INT128, Type.UINT64 -> BigInteger.class;
      case Type.FLOAT -> Float.class;
      case Type.DOUBLE -> Double.class;
      case Type.BLOB -> byte[].class;
      case Type.DATE -> java.time.LocalDate.class;
      case Type.TIME -> java.time.LocalTime.class;
      case Type.TIMESTAMP -> java.time.LocalDateTime.class;
      case Type.TIMESTAMPTZ -> java.time.OffsetDateTime.class;
      case Type.INTERVAL -> Interval.class;
      case Type.UUID -> UUID.class;
      case Type.DECIMAL, Type.VECTOR, Type.NULL, Type.ANY, Type.ARRAY -> Object.class;
      default -> String.class;
    };
  }

  /** A value that says its own type: an element of an array, or of a column of type ANY. */
  static Object loose(byte[] d, int at) {
    return switch (d[at]) {
      case Type.NULL -> null;
      case Type.BOOL -> d[at + 1] != 0;
      case Type.INT8 -> (int) d[at + 1];
      case Type.INT16 -> (int) (short) SHORT.get(d, at + 1);
      case Type.INT32 -> (int) INT.get(d, at + 1);
      case Type.INT64 -> (long) LONG.get(d, at + 1);
      case Type.INT128 -> int128(d, at);
      case Type.UINT8 -> d[at + 1] & 0xff;
      case Type.UINT16 -> (short) SHORT.get(d, at + 1) & 0xffff;
      case Type.UINT32 -> (int) INT.get(d, at + 1) & 0xffff_ffffL;
      case Type.UINT64 -> uint64(d, at);
      case Type.FLOAT -> float32(d, at);
      case Type.DOUBLE -> float64(d, at);
      case Type.DECIMAL -> decimal(sized(d, at));
      case Type.BLOB -> bytes(d, at);
      case Type.DATE -> Dates.date((int) INT.get(d, at + 1));
      case Type.TIME -> Dates.time((long) LONG.get(d, at + 1));
      case Type.TIMESTAMP -> Dates.timestamp((long) LONG.get(d, at + 1));
      case Type.TIMESTAMPTZ -> Dates.offset((long) LONG.get(d, at + 1));
      case Type.INTERVAL -> interval(d, at);
      case Type.UUID -> uuid(d, at);
      case Type.ARRAY -> array(d, at);
      case Type.VECTOR -> vector(d, at);
      default -> sized(d, at);
    };
  }

  /** NaN and the infinities are doubles: BigDecimal has none. */
  static Object decimal(String text) {
    return switch (text) {
      case "NaN" -> Double.NaN;
      case "Infinity" -> Double.POSITIVE_INFINITY;
      case "-Infinity" -> Double.NEGATIVE_INFINITY;
      default -> new BigDecimal(text);
    };
  }

  // ---- texts

  static String name(int type) {
    return switch (type) {
      case Type.NULL -> "null";
      case Type.BOOL -> "boolean";
      case Type.INT8 -> "tinyint";
      case Type.INT16 -> "smallint";
      case Type.INT32 -> "integer";
      case Type.INT64 -> "bigint";
      case Type.INT128 -> "int128";
      case Type.UINT8 -> "utinyint";
      case Type.UINT16 -> "usmallint";
      case Type.UINT32 -> "uinteger";
      case Type.UINT64 -> "ubigint";
      case Type.FLOAT -> "real";
      case Type.DOUBLE -> "double precision";
      case Type.DECIMAL -> "numeric";
      case Type.TEXT -> "text";
      case Type.BLOB -> "blob";
      case Type.DATE -> "date";
      case Type.TIME -> "time";
      case Type.TIMESTAMP -> "timestamp";
      case Type.TIMESTAMPTZ -> "timestamptz";
      case Type.INTERVAL -> "interval";
      case Type.UUID -> "uuid";
      case Type.ENUM -> "enum";
      case Type.JSON -> "json";
      case Type.JSONB -> "jsonb";
      case Type.ARRAY -> "array";
      case Type.VECTOR -> "vector";
      default -> "text";
    };
  }

  /** A value as SQL prints it, but for booleans. */
  static String toText(byte[] d, int at) {
    return switch (d[at]) {
      case Type.NULL -> null;
      case Type.BOOL -> d[at + 1] != 0 ? "true" : "false";
      case Type.FLOAT -> floating(float32(d, at), Float.toString(float32(d, at)), 6);
      case Type.DOUBLE -> floating(float64(d, at), Double.toString(float64(d, at)), 15);
      case Type.BLOB -> "\\x" + java.util.HexFormat.of().formatHex(d, at + 5, at + 5 + size(d, at));
      case Type.DATE -> Dates.dateText((int) INT.get(d, at + 1));
      case Type.TIME -> Dates.timeText((long) LONG.get(d, at + 1));
      case Type.TIMESTAMP -> Dates.timestampText((long) LONG.get(d, at + 1), "");
      case Type.TIMESTAMPTZ -> Dates.timestampText((long) LONG.get(d, at + 1), "+00");
      case Type.ARRAY -> arrayText(d, at);
      case Type.VECTOR -> vectorText(vector(d, at));
      case Type.INT8, Type.INT16, Type.INT32, Type.INT64, Type.INT128, Type.UINT8, Type.UINT16, Type.UINT32, Type.UINT64,
          Type.INTERVAL, Type.UUID -> loose(d, at).toString();
      default -> sized(d, at);
    };
  }

  private static String floating(double value, String text, int digits) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return text;
    }
    if (value == 0) {
      return text.startsWith("-") ? "-0" : "0";
    }
    BigDecimal decimal = new BigDecimal(text).stripTrailingZeros();
    int exponent = decimal.precision() - decimal.scale() - 1;
    if (exponent >= -4 && exponent < digits) {
      return decimal.toPlainString();
    }
    String unscaled = decimal.unscaledValue().abs().toString();
    StringBuilder out = new StringBuilder(decimal.signum() < 0 ? "-" : "").append(unscaled.charAt(0));
    if (unscaled.length() > 1) {
      out.append('.').append(unscaled, 1, unscaled.length());
    }
    return out.append(exponent < 0 ? "e-" : "e+").append(Math.abs(exponent) < 10 ? "0" : "").append(Math.abs(exponent)).toString();
  }

  private static String vectorText(Object vector) {
    if (vector instanceof boolean[] bits) {
      StringBuilder out = new StringBuilder();
      for (boolean bit : bits) {
        out.append(bit ? '1' : '0');
      }
      return out.toString();
    }
    if (vector instanceof float[] floats) {
      StringBuilder out = new StringBuilder("[");
      for (float element : floats) {
        out.append(out.length() > 1 ? "," : "").append(floating(element, Float.toString(element), 6));
      }
      return out.append(']').toString();
    }
    return vector.toString();
  }

  private static String arrayText(byte[] d, int at) {
    int dimensions = d[at + 6];
    if (dimensions == 0) {
      return "{}";
    }
    StringBuilder out = new StringBuilder();
    int[] place = {at + 7 + 8 * dimensions};
    blockText(out, d, place, at, 0);
    return out.toString();
  }

  private static void blockText(StringBuilder out, byte[] d, int[] place, int at, int depth) {
    int length = (int) INT.get(d, at + 7 + 8 * depth + 4);
    out.append('{');
    for (int i = 0; i < length; ++i) {
      if (i > 0) {
        out.append(',');
      }
      if (depth + 1 < d[at + 6]) {
        blockText(out, d, place, at, depth + 1);
        continue;
      }
      String text = d[place[0]] == Type.BOOL ? d[place[0] + 1] != 0 ? "t" : "f" : toText(d, place[0]);
      place[0] = skip(d, place[0]);
      out.append(text == null ? "NULL" : quoted(text));
    }
    out.append('}');
  }

  private static String quoted(String text) {
    boolean plain = !text.isEmpty() && !text.equalsIgnoreCase("null");
    for (int i = 0; i < text.length() && plain; ++i) {
      plain = " {},\"\\\t\n\r\f".indexOf(text.charAt(i)) < 0;
    }
    return plain ? text : '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
