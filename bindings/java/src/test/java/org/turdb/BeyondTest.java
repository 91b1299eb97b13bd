package org.turdb;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.turdb.arrow.TurdbArrow;

/** What TurDB has and JDBC has no words for. */
class BeyondTest {
  private TurdbConnection connection;

  @BeforeEach
  void open() throws SQLException {
    connection = Databases.memory();
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
  }

  @Test
  void appender() throws Exception {
    Databases.run(connection, "create table t(a bigint, b text, c double precision, d boolean, e date, f time, g timestamptz, h uuid, "
        + "i numeric(10,2), j blob, k vector(2), l int[], m interval, n json, o text default 'default')");
    UUID uuid = UUID.randomUUID();
    OffsetDateTime now = OffsetDateTime.of(2024, 1, 2, 3, 4, 5, 6000, ZoneOffset.UTC);
    String[] names = "a b c d e f g h i j k l m n".split(" ");
    try (Appender appender = connection.appender("t", names)) {
      for (int i = 0; i < 5000; ++i) {
        appender.addRow(i, "ü" + i, i / 2.0, i % 2 == 0, LocalDate.EPOCH, LocalTime.NOON, now, uuid, new BigDecimal("1.50"),
            new byte[] {1, (byte) i}, new float[] {i, 1}, new int[] {1, 2}, new Interval(1, 2, 3), new Json("{}"));
      }
      appender.addRow(new Object[14]);
      appender.flush();
      assertEquals(5001, appender.rowCount());
    }
    assertEquals(5001, Databases.number(connection, "select count(*) from t where o = 'default'"));
    try (ResultSet row = connection.createStatement().executeQuery("select * from t where a = 4999")) {
      assertTrue(row.next());
      assertEquals("ü4999", row.getString("b"));
      assertEquals(now, row.getObject("g", OffsetDateTime.class));
      assertEquals(uuid, row.getObject("h"));
      assertArrayEquals(new float[] {4999, 1}, row.getObject("k", float[].class));
      assertArrayEquals(new Integer[] {1, 2}, row.getObject("l", Integer[].class));
    }
    connection.setAutoCommit(false);
    try (Appender appender = connection.appenderIn("root", "t", "a")) {
      appender.add(-1).endRow();
    }
    connection.rollback();
    Appender discarded = connection.appender("t", "a");
    discarded.addRow(-2);
    discarded.discard();
    connection.commit();
    assertEquals(0, Databases.number(connection, "select count(*) from t where a < 0"));
  }

  @Test
  void functions() throws Exception {
    connection.createFunction("plus", "bigint, bigint", "bigint", TurdbConnection.DETERMINISTIC,
        arguments -> (Long) arguments[0] + (Long) arguments[1]);
    assertEquals(5, Databases.number(connection, "select plus(2, 3)"));
    assertEquals(null, Databases.value(connection, "select plus(null, 3)"));
    assertEquals(5000L * 5001, Databases.number(connection, "select sum(plus(i, i)) from generate_series(1, 5000) g(i)"));
    connection.createFunction("describe", "any", "text", TurdbConnection.SEES_NULL | TurdbConnection.VARIADIC, arguments -> {
      List<String> names = new ArrayList<>();
      for (Object argument : arguments) {
        names.add(argument == null ? "null" : argument.getClass().getSimpleName());
      }
      return String.join(",", names);
    });
    assertEquals("Integer,String,null,BigDecimal,LocalDate,float[]",
        Databases.value(connection, "select describe(1, 'ä', null, 1.5, date '2024-01-01', '[1]'::vector(1))"));
    AtomicInteger calls = new AtomicInteger();
    connection.createFunction("now_and_then", "", "bigint", 0, arguments -> calls.incrementAndGet());
    Databases.value(connection, "select max(now_and_then()) from generate_series(1, 10) g(i)");
    assertEquals(10, calls.get());
    connection.dropFunction("plus");
    assertThrows(SQLException.class, () -> Databases.value(connection, "select plus(2, 3)"));
  }

  @Test
  void hooks() throws Exception {
    Databases.run(connection, "create table t(a int)");
    AtomicInteger rollbacks = new AtomicInteger();
    IllegalArgumentException no = new IllegalArgumentException("not today");
    connection.setRollbackHook(rollbacks::incrementAndGet);
    connection.setCommitHook(() -> {
      throw no;
    });
    SQLException e = assertThrows(SQLException.class, () -> Databases.run(connection, "insert into t values (1)"));
    assertEquals("23000", e.getSQLState());
    assertSame(no, e.getCause());
    assertEquals(1, rollbacks.get());
    connection.setAutoCommit(false);
    Databases.run(connection, "insert into t values (1)");
    e = assertThrows(SQLException.class, connection::commit);
    assertSame(no, e.getCause());
    connection.setCommitHook(null);
    Databases.run(connection, "insert into t values (2)");
    connection.commit();
    assertEquals(1, Databases.number(connection, "select count(*) from t"));
  }

  @Test
  void backup(@TempDir Path folder) throws Exception {
    Databases.run(connection, "create table t(a int, b text)",
        "insert into t select i, repeat('x', 1000) from generate_series(1, 6000) g(i)");
    List<Long> progress = new ArrayList<>();
    connection.backup(folder.resolve("copy").toString(), (done, total) -> {
      progress.add(done);
      assertTrue(done <= total);
      return true;
    });
    assertTrue(progress.size() > 1);
    try (Connection copy = DriverManager.getConnection("jdbc:turdb:" + folder.resolve("copy"))) {
      assertEquals(6000, Databases.number(copy, "select count(*) from t"));
      assertEquals(List.of(), copy.unwrap(TurdbConnection.class).checkDatabase());
    }
    SQLException e = assertThrows(SQLException.class, () -> connection.backup(folder.resolve("given up").toString(), (done, total) -> false));
    assertEquals("57014", e.getSQLState());
    assertFalse(Files.exists(folder.resolve("given up")));
    assertThrows(SQLException.class, () -> connection.backup(folder.resolve("copy").toString(), null)); // it is not empty
    connection.checkpoint();
    assertTrue(connection.memoryUsed() > 0);
    assertThrows(SQLException.class, () -> connection.metric("nothing"));
  }

  @Test
  void recovering(@TempDir Path folder) throws Exception {
    Path path = folder.resolve("damaged");
    try (Connection damaged = DriverManager.getConnection("jdbc:turdb:" + path)) {
      Databases.run(damaged, "create table t(a int, b text)", "insert into t select i, repeat('x', 1000) from generate_series(1, 3000) g(i)");
    }
    Recovered whole = TurdbDriver.recover(path.toString(), folder.resolve("whole").toString());
    assertEquals(3000, whole.rows());
    assertEquals(List.of(), whole.lost());
    // A page in the middle of the table's file is overwritten.
    Path largest;
    try (Stream<Path> files = Files.walk(path)) {
      largest = files.filter(file -> file.toString().endsWith(".tbd")).max(Comparator.comparingLong(file -> file.toFile().length())).get();
    }
    byte[] bytes = Files.readAllBytes(largest);
    Arrays.fill(bytes, 40 * 16384, 41 * 16384, (byte) 7);
    Files.write(largest, bytes);
    try (Connection damaged = DriverManager.getConnection("jdbc:turdb:" + path)) {
      List<String> problems = damaged.unwrap(TurdbConnection.class).checkDatabase();
      assertFalse(problems.isEmpty());
      assertFalse(problems.get(0).isBlank());
    }
    Recovered saved = TurdbDriver.recover(path.toString(), folder.resolve("saved").toString());
    assertTrue(saved.rows() > 2000 && saved.rows() < 3000, saved.rows() + " rows");
    assertFalse(saved.lost().isEmpty());
    assertThrows(SQLException.class, () -> TurdbDriver.recover(folder.resolve("nothing").toString(), folder.resolve("x").toString()));
  }

  @Test
  void plans() throws Exception {
    Databases.run(connection, "create table t(a int primary key)");
    try (PreparedStatement statement = connection.prepareStatement("select * from t where a = ?")) {
      assertTrue(statement.unwrap(TurdbPreparedStatement.class).explain().contains("t"));
    }
  }

  // ---- Arrow

  @Test
  void arrowOutAndIn() throws Exception {
    Databases.run(connection, "create table source(a bigint, b text)",
        "insert into source select i, case when i % 3 = 0 then null else 'ä' || i end from generate_series(1, 20000) g(i)");
    try (BufferAllocator allocator = new RootAllocator()) {
      long sum = 0;
      int nulls = 0;
      try (ArrowReader reader = TurdbArrow.query(allocator, connection, "select a, b from source")) {
        assertEquals("b", reader.getVectorSchemaRoot().getSchema().getFields().get(1).getName());
        while (reader.loadNextBatch()) {
          VectorSchemaRoot batch = reader.getVectorSchemaRoot();
          BigIntVector a = (BigIntVector) batch.getVector("a");
          VarCharVector b = (VarCharVector) batch.getVector("b");
          for (int i = 0; i < batch.getRowCount(); ++i) {
            sum += a.get(i);
            nulls += b.isNull(i) ? 1 : 0;
            assertTrue(b.isNull(i) || b.getObject(i).toString().equals("ä" + a.get(i)));
          }
        }
      }
      assertEquals(20000L * 20001 / 2, sum);
      assertEquals(6666, nulls);
      try (TurdbConnection other = Databases.memory()) {
        Databases.run(other, "create table target(a bigint, b text)");
        TurdbArrow.append(allocator, other, "target", TurdbArrow.query(allocator, connection, "select * from source"));
        assertEquals(20000, Databases.number(other, "select count(*) from target"));
      }
      // A reader of this connection cannot be read while the connection runs a statement.
      try (TurdbConnection other = Databases.memory();
          PreparedStatement some = connection.prepareStatement("select a from source where a <= ?")) {
        some.setInt(1, 7);
        TurdbArrow.register(allocator, other, "incoming", TurdbArrow.query(allocator, some));
        assertEquals(28, Databases.number(other, "select sum(a) from incoming"));
        assertThrows(SQLException.class, () -> Databases.number(other, "select sum(a) from incoming")); // once
        other.unregister("incoming");
      }
    }
  }

  /** The query timeout goes on while a stream is read, by whoever took it over. */
  @Test
  void aTimeoutStopsAStream() throws Exception {
    try (BufferAllocator allocator = new RootAllocator();
        PreparedStatement endless = connection.prepareStatement("select i from generate_series(1, 100000000000) g(i)")) {
      endless.setQueryTimeout(1);
      try (ArrowReader reader = TurdbArrow.query(allocator, endless)) {
        assertTrue(reader.loadNextBatch());
        assertEquals(7, Databases.number(connection, "select 7")); // nothing else is stopped
        Exception e = assertThrows(Exception.class, () -> {
          while (reader.loadNextBatch()) {
            // until the time is over
          }
        });
        assertTrue(e.getMessage().contains("interrupted") || e.getMessage().contains("cancel"), e.getMessage());
      }
      // A stream that was closed in time stops nothing.
      ArrowStream stream = endless.unwrap(TurdbPreparedStatement.class).executeArrow(ArrowStream.DEFAULT);
      assertFalse(stream.hasTimedOut());
      stream.close();
      try (PreparedStatement blocking = connection.prepareStatement("select max(i) from generate_series(1, 100000000000) g(i)")) {
        blocking.setQueryTimeout(1);
        assertThrows(Exception.class, () -> {
          try (ArrowReader reader = TurdbArrow.query(allocator, blocking)) {
            reader.loadNextBatch();
          }
        });
      }
      assertEquals(7, Databases.number(connection, "select 7"));
    }
  }

  @Test
  void anArrowReaderOutlivesItsStatement() throws Exception {
    try (BufferAllocator allocator = new RootAllocator()) {
      TurdbConnection brief = Databases.memory();
      ArrowReader reader = TurdbArrow.query(allocator, brief, "select i from generate_series(1, 10) g(i)");
      assertTrue(reader.loadNextBatch());
      assertEquals(10, reader.getVectorSchemaRoot().getRowCount());
      brief.close();
      reader.close();
    }
  }
}
