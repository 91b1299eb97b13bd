package org.turdb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.UUID;
import java.util.zip.CRC32;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** The suite of all bindings (tests/conformance): every case prints, byte for byte, what the C runner prints. */
class ConformanceTest {
  private static final Path FOLDER = Path.of(System.getProperty("turdb.conformance", "../../tests/conformance"));
  private static final long DAY = 86_400_000_000L;

  @TempDir
  Path directory;

  // ---- values

  private static String escape(String text) {
    StringBuilder out = new StringBuilder();
    for (char c : text.toCharArray()) {
      switch (c) {
        case '\\' -> out.append("\\\\");
        case '\t' -> out.append("\\t");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        default -> out.append(c < 32 || c == 127 ? String.format("\\x%02x", (int) c) : String.valueOf(c));
      }
    }
    return out.toString();
  }

  private static String sized(byte[] data, String shown) {
    if (data.length <= 256) {
      return ":" + shown;
    }
    CRC32 crc = new CRC32();
    crc.update(data);
    return String.format("*%d:%08x", data.length, crc.getValue());
  }

  private static String text(String kind, String value) {
    return kind + sized(value.getBytes(StandardCharsets.UTF_8), escape(value));
  }

  private static String kind(ResultSetMetaData columns, int index) throws SQLException {
    String name = columns.getColumnTypeName(index).toLowerCase();
    if (name.endsWith("[]")) {
      return "array";
    }
    return switch (name) {
      case "boolean" -> "bool";
      case "tinyint" -> "int8";
      case "smallint" -> "int16";
      case "integer" -> "int32";
      case "bigint" -> "int64";
      case "int128", "hugeint" -> "int128";
      case "utinyint" -> "uint8";
      case "usmallint" -> "uint16";
      case "uinteger" -> "uint32";
      case "ubigint" -> "uint64";
      case "real" -> "float";
      case "double precision" -> "double";
      case "decimal", "numeric" -> "decimal";
      case "text", "varchar", "char", "character varying", "character" -> "text";
      case "bytea", "blob" -> "blob";
      case "time without time zone" -> "time";
      case "timestamp without time zone" -> "timestamp";
      case "timestamp with time zone" -> "timestamptz";
      case "date", "time", "timestamp", "timestamptz", "interval", "uuid", "any", "json", "jsonb", "null" -> name;
      case "" -> "null";
      default -> "enum";
    };
  }

  private static String interval(Interval i) {
    return "interval:" + i.months() + " " + (i.days() + Math.floorDiv(i.micros(), DAY)) + " " + Math.floorMod(i.micros(), DAY);
  }

  /** What says its own type. */
  private static String loose(Object value, String type) throws SQLException {
    if (value == null) {
      return "null";
    }
    if (value instanceof Boolean) {
      return "bool:" + value;
    }
    if (value instanceof Float number) {
      return loose((double) number, type);
    }
    if (value instanceof Double number) {
      return type.equals("numeric") ? text("decimal", number.isNaN() ? "NaN" : number > 0 ? "Infinity" : "-Infinity")
          : String.format("double:%016x", Double.doubleToRawLongBits(number));
    }
    if (value instanceof java.math.BigDecimal decimal) {
      return type.equals("numeric") ? text("decimal", decimal.toPlainString()) : "int:" + decimal.toPlainString();
    }
    if (value instanceof Number) {
      return "int:" + value;
    }
    if (value instanceof String text) {
      return text(type.startsWith("json") ? "json" : "text", text);
    }
    if (value instanceof byte[] bytes) {
      return "blob" + sized(bytes, HexFormat.of().formatHex(bytes));
    }
    if (value instanceof LocalDate date) {
      return "date:" + date.toEpochDay();
    }
    if (value instanceof LocalTime time) {
      return "time:" + time.toNanoOfDay() / 1000;
    }
    if (value instanceof LocalDateTime timestamp) {
      return "timestamp:" + Dates.micros(timestamp);
    }
    if (value instanceof OffsetDateTime instant) {
      return "timestamptz:" + Dates.micros(instant);
    }
    if (value instanceof Interval i) {
      return interval(i);
    }
    if (value instanceof UUID) {
      return "uuid:" + value;
    }
    if (value instanceof java.sql.Array array) {
      return loose(array.getArray(), array.getBaseTypeName());
    }
    if (value instanceof Object[] elements) {
      List<String> parts = new ArrayList<>();
      for (Object element : elements) {
        parts.add(loose(element, Type.name(type)));
      }
      return "[" + String.join(",", parts) + "]";
    }
    throw new AssertionError("a value of " + value.getClass());
  }

  private static String show(String kind, ResultSet row, int index) throws SQLException {
    Object value = row.getObject(index);
    if (row.wasNull()) {
      return "null";
    }
    TurdbResultSet own = row.unwrap(TurdbResultSet.class);
    return switch (kind) {
      case "date", "time", "timestamp", "timestamptz" -> kind + ":" + own.getMicros(index);
      case "float" -> String.format("float:%08x", Float.floatToRawIntBits(row.getFloat(index)));
      case "double", "bool" -> loose(value, "");
      case "blob" -> loose(row.getBytes(index), "");
      case "interval" -> interval(row.getObject(index, Interval.class));
      case "array" -> "array:" + loose(row.getArray(index), "");
      case "any" -> loose(value, own.getValueTypeName(index));
      case "decimal", "text", "enum", "json", "jsonb" -> text(kind, row.getString(index));
      default -> kind + ":" + row.getString(index);
    };
  }

  private static void set(PreparedStatement statement, int index, String tagged) throws SQLException {
    TurdbPreparedStatement own = statement.unwrap(TurdbPreparedStatement.class);
    if (tagged.startsWith("time:")) {
      own.setTimeMicros(index, Long.parseLong(tagged.substring(5)));
    } else if (tagged.startsWith("decimal")) {
      statement.setObject(index, parse(tagged), Types.NUMERIC);
    } else {
      statement.setObject(index, parse(tagged));
    }
  }

  private static Object parse(String tagged) {
    if (tagged.equals("null")) {
      return null;
    }
    int colon = tagged.indexOf(':');
    String tag = tagged.substring(0, colon);
    String text = tagged.substring(colon + 1);
    int star = tag.indexOf('*');
    if (star >= 0) {
      text = text.repeat(Integer.parseInt(tag.substring(star + 1)));
      tag = tag.substring(0, star);
    }
    return switch (tag) {
      case "bool" -> text.equals("true");
      case "int64" -> Long.parseLong(text);
      case "int128" -> new BigInteger(text);
      case "double" -> Double.longBitsToDouble(Long.parseUnsignedLong(text, 16));
      case "decimal", "text" -> text;
      case "json" -> new Json(text);
      case "blob" -> HexFormat.of().parseHex(text);
      case "date" -> Dates.date(Integer.parseInt(text));
      case "time" -> Dates.time(Long.parseLong(text));
      case "timestamp" -> Dates.timestamp(Long.parseLong(text));
      case "timestamptz" -> Dates.offset(Long.parseLong(text));
      case "interval" -> {
        String[] parts = text.split(" ");
        yield new Interval(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]), Long.parseLong(parts[2]));
      }
      case "uuid" -> UUID.fromString(text);
      case "array" -> {
        List<Object> elements = new ArrayList<>();
        for (String element : text.substring(1, text.length() - 1).split(",")) {
          elements.add(parse(element));
        }
        yield elements.toArray();
      }
      default -> throw new AssertionError("a parameter of type " + tag);
    };
  }

  // ---- steps

  private static List<String> error(SQLException e, String sql) {
    SQLException own = e instanceof java.sql.BatchUpdateException && e.getCause() instanceof SQLException cause ? cause : e;
    if (!(own instanceof TurdbError error)) {
      throw new AssertionError("an error that is no TurdbError", e);
    }
    String position = error.position() < 0 ? "-" : String.valueOf(sql.codePointCount(0, Math.min(error.position(), sql.length())));
    return List.of("error\tTURDB_" + error.code() + "\t" + own.getSQLState() + "\t" + position + "\t" + (error.canRetry() ? "retry" : "-"));
  }

  private static final class Session {
    final TurdbConnection connection;
    volatile Statement running;
    Thread thread;
    List<String> output;

    Session(TurdbConnection connection) {
      this.connection = connection;
    }

    List<String> run(String sql, JsonNode step) {
      try (TurdbPreparedStatement statement = (TurdbPreparedStatement) connection.prepareStatement(sql)) {
        int index = 0;
        for (JsonNode value : step.path("with")) {
          set(statement, ++index, value.asText());
        }
        var named = step.path("named").fields();
        while (named.hasNext()) {
          var value = named.next();
          set(statement, statement.getParameterIndex(value.getKey()), value.getValue().asText());
        }
        running = statement;
        return rows(statement, sql);
      } catch (SQLException e) {
        return error(e, sql);
      } finally {
        running = null;
      }
    }

    private List<String> rows(PreparedStatement statement, String sql) throws SQLException {
      List<String> lines = new ArrayList<>();
      String done = "done";
      if (statement.execute()) {
        ResultSet rows = statement.getResultSet();
        ResultSetMetaData columns = rows.getMetaData();
        StringBuilder line = new StringBuilder("columns");
        String[] kinds = new String[columns.getColumnCount()];
        for (int i = 0; i < kinds.length; ++i) {
          kinds[i] = kind(columns, i + 1);
          line.append('\t').append(escape(columns.getColumnLabel(i + 1))).append(':').append(kinds[i]);
        }
        lines.add(line.toString());
        int count = 0;
        for (; rows.next(); ++count) {
          line = new StringBuilder("row");
          for (int i = 0; i < kinds.length; ++i) {
            line.append('\t').append(show(kinds[i], rows, i + 1));
          }
          lines.add(line.toString());
        }
        done += "\trows=" + count;
      }
      for (String word : List.of("insert", "update", "delete", "merge", "copy", "replace")) {
        if (sql.startsWith(word)) {
          done += "\tchanges=" + connection.getChanges();
        }
      }
      lines.add(done);
      return lines;
    }

    List<String> many(String sql, JsonNode rows) {
      try (PreparedStatement statement = connection.prepareStatement(sql)) {
        for (JsonNode row : rows) {
          for (int i = 0; i < row.size(); ++i) {
            set(statement, i + 1, row.get(i).asText());
          }
          statement.addBatch();
        }
        long changes = 0;
        for (long count : statement.executeLargeBatch()) {
          changes += count;
        }
        return List.of("done\tchanges=" + changes);
      } catch (SQLException e) {
        return error(e, sql);
      }
    }

    List<String> handOver(String sql, Session to, String name) {
      try (PreparedStatement statement = connection.prepareStatement(sql);
          ArrowStream stream = statement.unwrap(TurdbPreparedStatement.class).executeArrow(ArrowStream.DEFAULT)) {
        to.connection.registerArrow(name, stream);
        return List.of("registered");
      } catch (SQLException e) {
        return error(e, sql);
      }
    }

    List<String> step(JsonNode step, Map<String, Session> sessions) throws Exception {
      if (step.has("arrow")) {
        return handOver(step.get("arrow").asText(), sessions.get(step.get("to").asText()), step.get("as").asText());
      }
      if (step.has("do")) {
        return run(step.get("do").asText(), step);
      }
      if (step.has("many")) {
        return many(step.get("many").asText(), step.get("rows"));
      }
      if (step.has("start")) {
        thread = new Thread(() -> output = run(step.get("start").asText(), step));
        thread.start();
        return List.of("started");
      }
      if (step.has("blocked")) {
        thread.join(step.get("blocked").asInt());
        return List.of(thread.isAlive() ? "blocked" : "it is done");
      }
      if (step.has("cancel")) {
        while (thread.isAlive()) {
          Statement statement = running;
          if (statement != null) {
            try {
              statement.cancel();
            } catch (SQLException e) {
              // it was closed meanwhile
            }
          }
          thread.join(1);
        }
        return List.of("cancelled");
      }
      if (step.has("await")) {
        thread.join();
        return output;
      }
      if (step.has("close")) {
        try {
          connection.close();
          return List.of("closed");
        } catch (SQLException e) {
          return error(e, "");
        }
      }
      throw new AssertionError("a step that does nothing: " + step);
    }
  }

  private List<String> runCase(String name, JsonNode description) throws Exception {
    String url = TurdbDriver.PREFIX + (description.path("file").asBoolean() ? directory.resolve(name).toString() : ":memory:" + name);
    Properties options = new Properties();
    description.path("options").fields().forEachRemaining(option -> options.put(option.getKey(), option.getValue().asText()));
    Map<String, Session> sessions = new LinkedHashMap<>();
    List<String> output = new ArrayList<>();
    try {
      int number = 0;
      for (JsonNode step : description.get("steps")) {
        for (String on : new String[] {step.path("on").asText(), step.path("to").asText()}) {
          if (!on.isEmpty() && !sessions.containsKey(on)) {
            sessions.put(on, new Session(TurdbDriver.open(url, options)));
          }
        }
        String on = step.get("on").asText();
        ++number;
        for (String line : sessions.get(on).step(step, sessions)) {
          output.add(number + "\t" + on + "\t" + line);
        }
      }
    } finally {
      for (Session session : sessions.values()) {
        session.connection.close();
      }
    }
    return output;
  }

  // ---- the suite

  private static Map<String, List<String>> bySteps(List<String> lines) {
    Map<String, List<String>> steps = new TreeMap<>((a, b) -> Integer.compare(Integer.parseInt(a), Integer.parseInt(b)));
    for (String line : lines) {
      steps.computeIfAbsent(line.substring(0, line.indexOf('\t')), step -> new ArrayList<>()).add(line);
    }
    return steps;
  }

  /** Steps that Java cannot do, by case. */
  private static Map<String, List<String>> skips() throws Exception {
    Map<String, List<String>> skips = new HashMap<>();
    for (String line : Files.readAllLines(FOLDER.resolve("skips/java.txt"))) {
      if (!line.isBlank() && !line.startsWith("#")) {
        String[] fields = line.split("\\s+", 3);
        assertEquals(3, fields.length, "a skip without a reason: " + line);
        skips.computeIfAbsent(fields[0], name -> new ArrayList<>()).add(fields[1]);
      }
    }
    return skips;
  }

  @TestFactory
  List<DynamicTest> conformance() throws Exception {
    Map<String, List<String>> skips = skips();
    List<DynamicTest> tests = new ArrayList<>();
    try (var cases = Files.list(FOLDER.resolve("cases"))) {
      for (Path path : cases.sorted().toList()) {
        String name = path.getFileName().toString().replace(".json", "");
        tests.add(DynamicTest.dynamicTest(name, () -> check(name, path, skips.getOrDefault(name, List.of()))));
      }
    }
    assertFalse(tests.isEmpty());
    return tests;
  }

  private void check(String name, Path path, List<String> skipped) throws Exception {
    var expected = bySteps(Files.readAllLines(FOLDER.resolve("expected").resolve(name + ".txt")));
    var got = bySteps(runCase(name, new ObjectMapper().readTree(path.toFile())));
    for (String step : expected.keySet()) {
      if (!skipped.contains(step)) {
        assertEquals(String.join("\n", expected.get(step)), String.join("\n", got.getOrDefault(step, List.of())));
      } else if (expected.get(step).equals(got.get(step))) {
        fail("step " + step + " passes: it is skipped no more");
      }
    }
    assertEquals(expected.keySet(), got.keySet());
  }
}
