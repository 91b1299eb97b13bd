package org.turdb;

import java.sql.Types;
import java.util.Locale;

/** The types of turdb.h, and what JDBC makes of them. */
final class Type {
  static final int NULL = 0;
  static final int BOOL = 1;
  static final int INT8 = 2;
  static final int INT16 = 3;
  static final int INT32 = 4;
  static final int INT64 = 5;
  static final int INT128 = 6;
  static final int UINT8 = 7;
  static final int UINT16 = 8;
  static final int UINT32 = 9;
  static final int UINT64 = 10;
  static final int FLOAT = 12;
  static final int DOUBLE = 13;
  static final int DECIMAL = 14;
  static final int TEXT = 15;
  static final int BLOB = 16;
  static final int DATE = 17;
  static final int TIME = 18;
  static final int TIMESTAMP = 19;
  static final int TIMESTAMPTZ = 20;
  static final int INTERVAL = 21;
  static final int UUID = 22;
  static final int ANY = 23;
  static final int ENUM = 24;
  static final int JSON = 25;
  static final int JSONB = 26;
  static final int ARRAY = 27;
  static final int VECTOR = 35;

  static final int VECTOR_FLOAT32 = 0;
  static final int VECTOR_FLOAT16 = 1;
  static final int VECTOR_INT8 = 2;
  static final int VECTOR_BIT = 3;

  private Type() {}

  /** Of java.sql.Types. */
  static int jdbc(int type) {
    return switch (type) {
      case NULL -> Types.NULL;
      case BOOL -> Types.BOOLEAN;
      case INT8 -> Types.TINYINT;
      case INT16, UINT8 -> Types.SMALLINT;
      case INT32, UINT16 -> Types.INTEGER;
      case INT64, UINT32 -> Types.BIGINT;
      case INT128, UINT64, DECIMAL -> Types.NUMERIC;
      case FLOAT -> Types.REAL;
      case DOUBLE -> Types.DOUBLE;
      case TEXT, ENUM -> Types.VARCHAR;
      case BLOB -> Types.VARBINARY;
      case DATE -> Types.DATE;
      case TIME -> Types.TIME;
      case TIMESTAMP -> Types.TIMESTAMP;
      case TIMESTAMPTZ -> Types.TIMESTAMP_WITH_TIMEZONE;
      case ARRAY -> Types.ARRAY;
      default -> Types.OTHER;
    };
  }

  /** What getObject gives. */
  static String className(int type) {
    return switch (type) {
      case BOOL -> "java.lang.Boolean";
      case INT8, INT16, INT32, UINT8, UINT16 -> "java.lang.Integer";
      case INT64, UINT32 -> "java.lang.Long";
      case INT128, UINT64, DECIMAL -> "java.math.BigDecimal";
      case FLOAT -> "java.lang.Float";
      case DOUBLE -> "java.lang.Double";
      case BLOB -> "[B";
      case DATE -> "java.sql.Date";
      case TIME -> "java.sql.Time";
      case TIMESTAMP -> "java.sql.Timestamp";
      case TIMESTAMPTZ -> "java.time.OffsetDateTime";
      case INTERVAL -> "org.turdb.Interval";
      case UUID -> "java.util.UUID";
      case ARRAY -> "java.sql.Array";
      case VECTOR -> "[F";
      case NULL, ANY -> "java.lang.Object";
      default -> "java.lang.String";
    };
  }

  static boolean isNumber(int type) {
    return type >= INT8 && type <= DECIMAL;
  }

  static boolean isSigned(int type) {
    return type >= INT8 && type <= INT128 || type >= FLOAT && type <= DECIMAL;
  }

  /** The digits of a number, or characters of everything else, at most; 0 when there is no limit. */
  static int precision(int type, String declared) {
    return switch (type) {
      case BOOL -> 1;
      case INT8, UINT8 -> 3;
      case INT16, UINT16 -> 5;
      case INT32, UINT32 -> 10;
      case INT64 -> 19;
      case UINT64 -> 20;
      case INT128 -> 39;
      case FLOAT -> 8;
      case DOUBLE -> 17;
      case DECIMAL, TEXT -> argument(declared, 0, 0);
      case DATE -> 13;
      case TIME -> 15;
      case TIMESTAMP -> 29;
      case TIMESTAMPTZ -> 35;
      case UUID -> 36;
      case VECTOR -> argument(declared, 0, 0);
      default -> 0;
    };
  }

  static int scale(int type, String declared) {
    return switch (type) {
      case DECIMAL -> argument(declared, 1, 0);
      case TIME, TIMESTAMP, TIMESTAMPTZ -> 6;
      default -> 0;
    };
  }

  /** A number of "decimal(10,2)". */
  private static int argument(String declared, int index, int otherwise) {
    int open = declared == null ? -1 : declared.indexOf('(');
    int close = open < 0 ? -1 : declared.indexOf(')', open);
    if (close < 0) {
      return otherwise;
    }
    String[] arguments = declared.substring(open + 1, close).split(",");
    try {
      return index < arguments.length ? Integer.parseInt(arguments[index].strip()) : otherwise;
    } catch (NumberFormatException e) {
      return otherwise;
    }
  }

  /** The type without what is in parentheses: "decimal(10,2)[]" is "decimal[]". */
  static String name(String declared) {
    int open = declared == null ? -1 : declared.indexOf('(');
    int close = open < 0 ? -1 : declared.indexOf(')', open);
    return close < 0 ? declared : declared.substring(0, open).stripTrailing() + declared.substring(close + 1);
  }

  /** The type that SQL calls so; ENUM for one that it does not know by itself. */
  static int of(String declared) {
    if (declared == null) {
      return ANY;
    }
    String name = name(declared).toLowerCase(Locale.ROOT).strip();
    if (name.endsWith("[]")) {
      return ARRAY;
    }
    return switch (name) {
      case "boolean", "bool" -> BOOL;
      case "tinyint", "int1" -> INT8;
      case "smallint", "int2" -> INT16;
      case "integer", "int", "int4" -> INT32;
      case "bigint", "int8", "int64" -> INT64;
      case "int128", "hugeint" -> INT128;
      case "utinyint" -> UINT8;
      case "usmallint" -> UINT16;
      case "uinteger" -> UINT32;
      case "ubigint" -> UINT64;
      case "real", "float4", "float" -> FLOAT;
      case "double precision", "double", "float8" -> DOUBLE;
      case "numeric", "decimal" -> DECIMAL;
      case "text", "varchar", "character varying", "char", "character", "name" -> TEXT;
      case "blob", "bytea", "binary", "varbinary" -> BLOB;
      case "date" -> DATE;
      case "time", "time without time zone" -> TIME;
      case "timestamp", "timestamp without time zone", "datetime" -> TIMESTAMP;
      case "timestamptz", "timestamp with time zone" -> TIMESTAMPTZ;
      case "interval" -> INTERVAL;
      case "uuid" -> UUID;
      case "any", "" -> ANY;
      case "json" -> JSON;
      case "jsonb" -> JSONB;
      case "vector", "halfvec" -> VECTOR;
      case "struct", "record" -> 28;
      case "map" -> 29;
      case "inet" -> 30;
      case "cidr" -> 31;
      case "macaddr" -> 32;
      case "bit", "bit varying", "varbit" -> 33;
      case "int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange" -> 34;
      default -> name.startsWith("struct") ? 28 : name.startsWith("map") ? 29 : ENUM;
    };
  }

  /** The type of a parameter, whose Arrow format is given; NULL where any will do. */
  static int ofArrow(String format) {
    if (format == null || format.isEmpty()) {
      return NULL;
    }
    return switch (format.charAt(0)) {
      case 'b' -> BOOL;
      case 'c' -> INT8;
      case 's' -> INT16;
      case 'i' -> INT32;
      case 'l' -> INT64;
      case 'C' -> UINT8;
      case 'S' -> UINT16;
      case 'I' -> UINT32;
      case 'L' -> UINT64;
      case 'f' -> FLOAT;
      case 'g' -> DOUBLE;
      case 'd' -> format.endsWith(",0,256") ? INT128 : DECIMAL;
      case 'u' -> TEXT;
      case 'z' -> BLOB;
      case 'w' -> UUID;
      case 't' -> switch (format.length() > 1 ? format.charAt(1) : ' ') {
        case 'd' -> DATE;
        case 't' -> TIME;
        case 's' -> format.endsWith(":") ? TIMESTAMP : TIMESTAMPTZ;
        default -> INTERVAL;
      };
      case '+' -> format.startsWith("+l") ? ARRAY : format.startsWith("+w") ? VECTOR : ANY;
      default -> NULL;
    };
  }
}
