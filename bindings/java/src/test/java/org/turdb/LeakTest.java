package org.turdb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** Memory stays flat, whether handles are closed or forgotten; {@code -Dturdb.cycles} says how many. */
class LeakTest {
  private static final int CYCLES = Integer.getInteger("turdb.cycles", 8000);

  private interface Cycle {
    void run(int number) throws Exception;
  }

  /** Kilobytes of the process that are in memory. */
  private static long resident() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    throw new IOException("/proc/self/status has no VmRSS");
  }

  private static long settled() throws Exception {
    for (int i = 0; i < 3; ++i) {
      System.gc();
      Thread.sleep(30);
    }
    return resident();
  }

  /** The second half of the cycles needs no more memory than the first, but for what the collector does not give back. */
  private static void staysFlat(int cycles, Cycle cycle) throws Exception {
    Assumptions.assumeTrue(Files.exists(Path.of("/proc/self/status")));
    for (int i = 0; i < cycles / 2; ++i) {
      cycle.run(i);
    }
    long before = settled();
    for (int i = 0; i < cycles / 2; ++i) {
      cycle.run(i);
    }
    long after = settled();
    long grown = after - before;
    System.out.println("memory over " + cycles / 2 + " cycles: " + before + " kB before, " + after + " kB after");
    // Over half a million cycles a leak of 130 bytes each would show: less than the smallest handle.
    assertTrue(grown < 64_000, grown + " kB more after " + cycles / 2 + " cycles");
  }

  @Test
  void preparedStatements() throws Exception {
    try (TurdbConnection connection = Databases.memory()) {
      Databases.run(connection, "create table t(a int primary key, b text)", "insert into t select i, 'x' from generate_series(1, 100) g(i)");
      staysFlat(CYCLES, i -> {
        // Texts differ, so that the cache does not save the work.
        try (PreparedStatement statement = connection.prepareStatement("select b, " + i % 1000 + " from t where a = ?")) {
          statement.setInt(1, i % 100 + 1);
          try (ResultSet row = statement.executeQuery()) {
            assertTrue(row.next());
            assertEquals("x", row.getString(1));
          }
        }
      });
    }
  }

  @Test
  void connections() throws Exception {
    String url = Databases.shared();
    try (TurdbConnection kept = TurdbDriver.open(url, null)) {
      Databases.run(kept, "create table t(a int)");
      staysFlat(CYCLES, i -> {
        try (TurdbConnection connection = TurdbDriver.open(url, null); Statement statement = connection.createStatement()) {
          statement.executeQuery("select a from t").next();
        }
      });
    }
  }

  @Test
  void databases() throws Exception {
    staysFlat(CYCLES / 40, i -> Databases.memory().close());
  }

  @Test
  void errors() throws Exception {
    try (TurdbConnection connection = Databases.memory(); Statement statement = connection.createStatement()) {
      staysFlat(CYCLES, i -> {
        try {
          statement.execute("select nothing from nowhere");
        } catch (SQLException e) {
          assertEquals("42P01", e.getSQLState());
        }
      });
    }
  }

  /** What nobody closes, the garbage collector frees, in an order of its own. */
  @Test
  void forgottenHandles() throws Exception {
    String url = Databases.shared();
    Random random = new Random(7);
    try (TurdbConnection kept = TurdbDriver.open(url, null)) {
      Databases.run(kept, "create table t(a int)", "insert into t values (1), (2)");
      staysFlat(CYCLES / 5, i -> {
        List<Object> handles = new ArrayList<>();
        TurdbConnection connection = TurdbDriver.open(url, null);
        handles.add(connection);
        PreparedStatement statement = connection.prepareStatement("select a from t where a > ?");
        statement.setInt(1, 0);
        ResultSet rows = statement.executeQuery();
        rows.next();
        handles.add(statement);
        handles.add(rows);
        handles.add(connection.appender("t"));
        handles.add(connection.queryArrow("select a from t"));
        connection.createFunction("f", "bigint", "bigint", 0, arguments -> arguments[0]);
        Collections.shuffle(handles, random);
        for (Object handle : handles) {
          if (random.nextInt(4) == 0 && handle instanceof AutoCloseable closeable) {
            closeable.close();
          }
        }
        if (i % 200 == 0) {
          System.gc();
        }
      });
      System.gc();
      Thread.sleep(100);
      assertEquals(2, Databases.number(kept, "select count(*) from t"));
    }
  }
}
