package org.turdb;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.Array;
import java.sql.Date;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLDataException;
import java.sql.SQLException;
import java.sql.Time;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.Period;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Calendar;
import java.util.List;
import java.util.TimeZone;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Values both ways, each as the classes that a JDBC program uses for it. */
class TypesTest {
  private TurdbConnection connection;

  @BeforeEach
  void open() throws SQLException {
    connection = Databases.memory();
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
  }

  /** The value through a column of a type of SQL and back. */
  private <T> T through(String type, Object value, Class<T> as) throws SQLException {
    Databases.run(connection, "create table if not exists \"" + type + "\"(a " + type + ")", "delete from \"" + type + "\"");
    try (PreparedStatement insert = connection.prepareStatement("insert into \"" + type + "\" values (?)")) {
      insert.setObject(1, value);
      insert.executeUpdate();
    }
    try (ResultSet row = connection.createStatement().executeQuery("select a from \"" + type + "\"")) {
      assertTrue(row.next());
      return row.getObject(1, as);
    }
  }

  private ResultSet row(String sql) throws SQLException {
    ResultSet row = connection.createStatement().executeQuery(sql);
    assertTrue(row.next());
    return row;
  }

  @Test
  void numbers() throws Exception {
    assertEquals(Long.MIN_VALUE, through("bigint", Long.MIN_VALUE, Long.class));
    assertEquals(-5, through("smallint", (short) -5, Integer.class));
    assertEquals((byte) 7, through("tinyint", 7, Byte.class));
    assertEquals(new BigInteger("170141183460469231731687303715884105727"),
        through("int128", new BigInteger("170141183460469231731687303715884105727"), BigInteger.class));
    assertEquals(new BigInteger("18446744073709551615"), through("ubigint", new BigInteger("18446744073709551615"), BigInteger.class));
    assertEquals(new BigDecimal("-12.50"), through("numeric(10,2)", new BigDecimal("-12.5"), BigDecimal.class));
    assertEquals(new BigDecimal("1E+40").toBigInteger(), through("numeric", new BigDecimal("1E+40"), BigDecimal.class).toBigInteger());
    assertEquals(0.1, through("double precision", 0.1, Double.class));
    assertEquals(0.1f, through("real", 0.1f, Float.class));
    assertTrue(through("boolean", true, Boolean.class));
    ResultSet row = row("select 300::int, 1.5::double precision, 'x', '12'::text, 1e300::double precision, 'NaN'::numeric, null::int");
    assertEquals(300, row.getObject(1));
    Databases.fails(SQLDataException.class, "22003", () -> row.getByte(1));
    assertEquals(1, row.getInt(2));
    assertEquals(new BigDecimal("1.5"), row.getBigDecimal(2));
    Databases.fails(SQLDataException.class, "22P02", () -> row.getInt(3));
    assertEquals(12, row.getInt(4));
    Databases.fails(SQLDataException.class, "22003", () -> row.getLong(5));
    assertEquals(Double.NaN, row.getObject(6));
    assertTrue(Double.isNaN(row.getDouble(6)));
    Databases.fails(SQLDataException.class, "22P02", () -> row.getBigDecimal(6));
    assertEquals(0, row.getInt(7));
    assertTrue(row.wasNull());
    assertNull(row.getObject(7));
    assertNull(row.getObject(7, Integer.class));
    assertFalse(row.getBoolean(7));
  }

  @Test
  void texts() throws Exception {
    String text = "Grüße, 世界 😀 \u0001\t";
    assertEquals(text, through("text", text, String.class));
    assertEquals("", through("text", "", String.class));
    String all = "select true, 1.0::double precision, 1e20::double precision, 0.1::real, 12.50, date '0044-03-15 BC', time '04:05:06.70',"
        + " timestamp '2024-02-29 01:02:03', timestamptz '2024-02-29 01:02:03.5+00', interval '1 year -2 days 3 hours', array[1,null,3],"
        + " array['a b', 'null', null, 'c\"'], '\\x00ff'::bytea, '[1,2.5]'::vector(2), 'infinity'::timestamp, array[array[true],array[false]]";
    ResultSet row = row(all);
    String[] expected = {"true", "1", "1e+20", "0.1", "12.50", "0044-03-15 BC", "04:05:06.7", "2024-02-29 01:02:03", "2024-02-29 01:02:03.5+00",
        "1 year -2 days +03:00:00", "{1,NULL,3}", "{\"a b\",\"null\",NULL,\"c\\\"\"}", "\\x00ff", "[1,2.5]", "infinity", "{{t},{f}}"};
    for (int i = 0; i < expected.length; ++i) {
      assertEquals(expected[i], row.getString(i + 1));
    }
    assertEquals("ä", new String(row("select 'ä'").getBytes(1), java.nio.charset.StandardCharsets.UTF_8));
    assertEquals(3, row("select 'abc'").getClob(1).length());
  }

  @Test
  void datesAndTimes() throws Exception {
    LocalDate date = LocalDate.of(-43, 3, 15);
    assertEquals(date, through("date", date, LocalDate.class));
    assertEquals(LocalDate.MAX, through("date", LocalDate.MAX, LocalDate.class));
    LocalTime time = LocalTime.of(23, 59, 59, 999_999_000);
    assertEquals(time, through("time", time, LocalTime.class));
    LocalDateTime timestamp = LocalDateTime.of(1600, 1, 1, 0, 0, 0, 1000);
    assertEquals(timestamp, through("timestamp", timestamp, LocalDateTime.class));
    assertEquals(LocalDateTime.MIN, through("timestamp", LocalDateTime.MIN, LocalDateTime.class));
    OffsetDateTime offset = OffsetDateTime.of(2024, 7, 1, 12, 0, 0, 0, ZoneOffset.ofHours(5));
    assertEquals(offset.toInstant(), through("timestamptz", offset, OffsetDateTime.class).toInstant());
    assertEquals(offset.toInstant(), through("timestamptz", offset.toInstant(), Instant.class));
    assertEquals(OffsetDateTime.MAX, through("timestamptz", OffsetDateTime.MAX, OffsetDateTime.class));
    ZonedDateTime zoned = offset.atZoneSameInstant(ZoneId.of("America/New_York"));
    assertEquals(zoned.toInstant(), through("timestamptz", zoned, ZonedDateTime.class).toInstant());
    assertEquals(Period.of(1, 2, 3), through("interval", Period.of(1, 2, 3), Period.class));
    assertEquals(Duration.ofMillis(-1500), through("interval", Duration.ofMillis(-1500), Duration.class));
    assertEquals(new Interval(14, -3, 5), through("interval", new Interval(14, -3, 5), Interval.class));
    Databases.fails(SQLDataException.class, "22008", () -> through("date", LocalDate.of(99_999_999, 1, 1), LocalDate.class));
  }

  @Test
  void datesOfJavaSql() throws Exception {
    TimeZone before = TimeZone.getDefault();
    try {
      for (String zone : new String[] {"UTC", "America/New_York", "Asia/Kolkata"}) {
        TimeZone.setDefault(TimeZone.getTimeZone(zone));
        assertEquals(Date.valueOf("2024-02-29"), through("date", Date.valueOf("2024-02-29"), Date.class));
        assertEquals(Time.valueOf("12:34:56"), through("time", Time.valueOf("12:34:56"), Time.class));
        Timestamp timestamp = Timestamp.valueOf("2024-07-01 12:34:56.789012");
        assertEquals(timestamp, through("timestamp", timestamp, Timestamp.class));
        // An instant stays one, whatever the session's time zone.
        assertEquals(timestamp, through("timestamptz", timestamp, Timestamp.class));
        assertEquals(timestamp.toInstant(), through("timestamptz", timestamp, Instant.class));
        Calendar tokyo = Calendar.getInstance(TimeZone.getTimeZone("Asia/Tokyo"));
        ResultSet row = row("select timestamp '2024-01-01 09:00:00', timestamptz '2024-01-01 00:00:00+00', date '2024-01-01'");
        assertEquals(Instant.parse("2024-01-01T00:00:00Z"), row.getTimestamp(1, tokyo).toInstant());
        assertEquals(Instant.parse("2024-01-01T00:00:00Z"), row.getTimestamp(2, tokyo).toInstant());
        assertEquals(Instant.parse("2023-12-31T15:00:00Z").toEpochMilli(), row.getDate(3, tokyo).getTime());
      }
    } finally {
      TimeZone.setDefault(before);
    }
  }

  @Test
  void uuidsBlobsAndJson() throws Exception {
    UUID uuid = UUID.fromString("01234567-89ab-cdef-fedc-ba9876543210");
    assertEquals(uuid, through("uuid", uuid, UUID.class));
    assertEquals(uuid, through("uuid", uuid.toString(), UUID.class));
    byte[] bytes = {0, 1, (byte) 0xff};
    assertArrayEquals(bytes, through("blob", bytes, byte[].class));
    assertArrayEquals(new byte[0], through("blob", new byte[0], byte[].class));
    assertEquals(2, row("select '\\x0102'::blob").getBlob(1).length());
    assertEquals("{\"a\": 1}", through("jsonb", new Json("{\"a\":1}"), String.class));
    assertEquals("{\"a\":1}", through("json", "{\"a\":1}", Json.class).text());
    try (PreparedStatement statement = connection.prepareStatement("select ?::blob, ?::text")) {
      statement.setBinaryStream(1, new java.io.ByteArrayInputStream(bytes));
      statement.setCharacterStream(2, new java.io.StringReader("héllo"), 3);
      ResultSet row = statement.executeQuery();
      assertTrue(row.next());
      assertArrayEquals(bytes, row.getBinaryStream(1).readAllBytes());
      assertEquals("hél", row.getString(2));
    }
  }

  @Test
  void arrays() throws Exception {
    Array array = connection.createArrayOf("bigint", new Object[] {1, null, 3L});
    assertArrayEquals(new Long[] {1L, null, 3L}, (Object[]) through("bigint[]", array, Array.class).getArray());
    assertArrayEquals(new String[] {"a", "b"}, through("text[]", List.of("a", "b"), String[].class));
    assertArrayEquals(new Integer[] {1, 2}, through("int[]", new int[] {1, 2}, Integer[].class));
    assertArrayEquals(new Object[] {new BigDecimal("1.50"), new BigDecimal("2.00")},
        (Object[]) through("numeric(5,2)[]", new BigDecimal[] {new BigDecimal("1.5"), new BigDecimal("2")}, Array.class).getArray());
    assertArrayEquals(new LocalDate[] {LocalDate.EPOCH}, through("date[]", List.of(LocalDate.EPOCH), LocalDate[].class));
    assertArrayEquals(new Integer[][] {{1, 2}, {3, 4}}, through("int[][]", new int[][] {{1, 2}, {3, 4}}, Integer[][].class));
    assertEquals(0, ((Object[]) through("text[]", new String[0], Array.class).getArray()).length);
    Databases.fails(SQLDataException.class, "2202E", () -> through("int[][]", new Integer[][] {{1}, {1, 2}}, Array.class));
    Array of = row("select array['x', 'y', 'z']").getArray(1);
    assertEquals("text", of.getBaseTypeName());
    assertEquals(Types.VARCHAR, of.getBaseType());
    assertArrayEquals(new String[] {"y", "z"}, (Object[]) of.getArray(2, 2));
    ResultSet elements = of.getResultSet();
    assertTrue(elements.next() && elements.next());
    assertEquals(2, elements.getInt(1));
    assertEquals("y", elements.getString(2));
  }

  @Test
  void vectors() throws Exception {
    assertArrayEquals(new float[] {1, -2.5f, 0}, through("vector(3)", new float[] {1, -2.5f, 0}, float[].class));
    assertArrayEquals(new float[] {1, -2.5f}, through("halfvec(2)", new float[] {1, -2.5f}, float[].class));
    assertEquals(new Int8Vector(new byte[] {1, -128}), through("vector(2, int8)", new Int8Vector(new byte[] {1, -128}), Int8Vector.class));
    boolean[] bits = {true, false, false, true, true, false, true, false, true};
    assertArrayEquals(bits, through("vector(9, bit)", bits, boolean[].class));
    Object value = Databases.value(connection, "select '[3,4]'::vector(2)");
    assertArrayEquals(new float[] {3, 4}, (float[]) value);
    Databases.fails(SQLDataException.class, "22000", () -> through("vector(3)", new float[] {1, Float.NaN, 0}, float[].class));
    Databases.fails(SQLDataException.class, "22000", () -> through("vector(3)", new float[0], float[].class));
    try (PreparedStatement nearest = connection.prepareStatement("select '[0,0]'::vector(2) <-> ?")) {
      nearest.setObject(1, new float[] {3, 4});
      ResultSet row = nearest.executeQuery();
      assertTrue(row.next());
      assertEquals(5, row.getDouble(1));
    }
  }

  @Test
  void anyKeepsTheTypeOfEachValue() throws Exception {
    Databases.run(connection, "create table x(n int, v)");
    Object[] values = {1L, "1", 1.5, new BigDecimal("1.50"), true, LocalDate.EPOCH, UUID.randomUUID()};
    try (PreparedStatement insert = connection.prepareStatement("insert into x values (?, ?)")) {
      for (int i = 0; i < values.length; ++i) {
        insert.setInt(1, i);
        insert.setObject(2, values[i]);
        insert.executeUpdate();
      }
    }
    ResultSet rows = connection.createStatement().executeQuery("select v from x order by n");
    for (Object value : values) {
      assertTrue(rows.next());
      assertEquals(value, rows.getObject(1));
    }
    assertEquals("uuid", rows.unwrap(TurdbResultSet.class).getValueTypeName(1));
  }

  @Test
  void setObjectWithATypeOfJdbc() throws Exception {
    try (PreparedStatement s = connection.prepareStatement("select ?, ?, ?, ?, ?, ?")) {
      s.setObject(1, "12.345", Types.NUMERIC);
      s.setObject(2, 12.345, Types.DECIMAL, 1);
      s.setObject(3, "7", Types.INTEGER);
      s.setObject(4, 5, Types.VARCHAR);
      s.setObject(5, "yes", java.sql.JDBCType.BOOLEAN);
      s.setObject(6, LocalDateTime.of(2024, 1, 2, 3, 4), Types.DATE);
      ResultSet row = s.executeQuery();
      assertTrue(row.next());
      assertEquals(new BigDecimal("12.345"), row.getBigDecimal(1));
      assertEquals(new BigDecimal("12.3"), row.getBigDecimal(2));
      assertEquals(7, row.getInt(3));
      assertEquals("5", row.getString(4));
      assertTrue(row.getBoolean(5));
      assertEquals(LocalDate.of(2024, 1, 2), row.getObject(6, LocalDate.class));
      Databases.fails(SQLDataException.class, "22018", () -> s.setObject(3, "seven", Types.INTEGER));
      Databases.fails(SQLDataException.class, "22003", () -> s.setObject(3, Double.NaN, Types.BIGINT));
      Databases.fails(SQLDataException.class, "07006", () -> s.setObject(1, new Object()));
    }
  }

  @Test
  void metadataOfResultsAndParameters() throws Exception {
    Databases.run(connection, "create table m(id bigint primary key, price numeric(10,2), name varchar(20) not null, at timestamptz, v vector(3))");
    try (PreparedStatement s = connection.prepareStatement("select id, price as cost, name, at, v, 1 + 1 as two from m where id = ? and at < ?")) {
      ResultSetMetaData columns = s.getMetaData();
      assertEquals(6, columns.getColumnCount());
      assertEquals("cost", columns.getColumnLabel(2));
      assertEquals("price", columns.getColumnName(2));
      assertEquals("m", columns.getTableName(2));
      assertEquals(Types.NUMERIC, columns.getColumnType(2));
      assertEquals(10, columns.getPrecision(2));
      assertEquals(2, columns.getScale(2));
      assertEquals("numeric", columns.getColumnTypeName(2).replace("decimal", "numeric"));
      assertEquals(ResultSetMetaData.columnNoNulls, columns.isNullable(1));
      assertEquals(ResultSetMetaData.columnNullable, columns.isNullable(2));
      assertEquals("java.time.OffsetDateTime", columns.getColumnClassName(4));
      assertEquals("", columns.getTableName(6));
      ParameterMetaData parameters = s.getParameterMetaData();
      assertEquals(2, parameters.getParameterCount());
      assertEquals(Types.BIGINT, parameters.getParameterType(1));
      assertEquals(Types.TIMESTAMP_WITH_TIMEZONE, parameters.getParameterType(2));
      Databases.fails(SQLException.class, "42703", () -> columns.getColumnName(7));
    }
  }
}
