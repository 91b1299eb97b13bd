package org.turdb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.sql.SQLTransactionRollbackException;
import java.sql.SQLTransientException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many threads, cancelling, timeouts, interrupted threads. */
@Timeout(120)
class ConcurrencyTest {
  /** Runs until somebody stops it. */
  private static final String ENDLESS = "select count(*) from generate_series(1, 1000000000000) a(i)";

  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  private <T> Future<T> start(Callable<T> work) {
    return threads.submit(work);
  }

  /** What a thread threw. */
  private static SQLException thrown(Future<?> work) throws Exception {
    java.util.concurrent.ExecutionException e = assertThrows(java.util.concurrent.ExecutionException.class, () -> work.get(60, TimeUnit.SECONDS));
    assertTrue(e.getCause() instanceof SQLException, String.valueOf(e.getCause()));
    return (SQLException) e.getCause();
  }

  @Test
  void cancelStopsAndWaits() throws Exception {
    try (TurdbConnection connection = Databases.memory(); Statement statement = connection.createStatement()) {
      for (int i = 0; i < 20; ++i) {
        CountDownLatch begun = new CountDownLatch(1);
        Future<?> work = start(() -> {
          begun.countDown();
          return statement.executeQuery(ENDLESS);
        });
        begun.await();
        while (!work.isDone()) {
          statement.cancel();
          Thread.sleep(i % 3);
        }
        SQLException e = thrown(work);
        assertEquals("57014", e.getSQLState());
        assertEquals(TurdbCode.INTERRUPTED.status(), e.getErrorCode());
        assertTrue(e instanceof SQLTransientException);
        assertEquals(1, Databases.number(connection, "select 1")); // what comes next is not affected
      }
      statement.cancel(); // it runs nothing
      assertTrue(statement.executeQuery("select 1").next());
    }
  }

  @Test
  void cancelHitsOnlyItsOwnStatement() throws Exception {
    try (TurdbConnection connection = Databases.memory();
        Statement idle = connection.createStatement();
        Statement cursor = connection.createStatement();
        Statement other = connection.createStatement()) {
      ResultSet rows = cursor.executeQuery("select i from generate_series(1, 200000) g(i)");
      assertTrue(rows.next());
      AtomicBoolean done = new AtomicBoolean();
      Future<?> nuisance = start(() -> {
        while (!done.get()) {
          idle.cancel();
          other.cancel();
        }
        return null;
      });
      long count = 1;
      while (rows.next()) {
        ++count;
        if (count % 5000 == 0) {
          assertEquals(1, Databases.number(connection, "select 1"));
        }
      }
      done.set(true);
      nuisance.get();
      assertEquals(200000, count);
    }
  }

  @Test
  void cancelStopsACursorBetweenItsRows() throws Exception {
    try (TurdbConnection connection = Databases.memory(); Statement cursor = connection.createStatement()) {
      ResultSet rows = cursor.executeQuery("select i from generate_series(1, 100000000) g(i)");
      assertTrue(rows.next());
      cursor.cancel();
      Databases.fails(SQLTransientException.class, "57014", () -> {
        while (rows.next()) {
          rows.getInt(1);
        }
      });
      assertTrue(cursor.executeQuery("select 1").next());
    }
  }

  @Test
  void cancelStopsACursorThatReadsOnWhileAnotherStatementBeganLater() throws Exception {
    try (TurdbConnection connection = Databases.memory(); Statement cursor = connection.createStatement()) {
      // Some rows, and then none for ever.
      ResultSet rows = cursor.executeQuery("select i from generate_series(1, 1000000000000) g(i) where i < 3000");
      assertTrue(rows.next());
      assertEquals(1, Databases.number(connection, "select 1"));
      Future<?> work = start(() -> {
        while (rows.next()) {
          rows.getInt(1);
        }
        return null;
      });
      while (!work.isDone()) {
        Thread.sleep(5);
        cursor.cancel();
      }
      assertEquals("57014", thrown(work).getSQLState());
    }
  }

  @Test
  void cancellingBesideClosing() throws Exception {
    for (int round = 0; round < 200; ++round) {
      TurdbConnection connection = Databases.memory();
      Statement statement = connection.createStatement();
      Future<?> nuisance = start(() -> {
        try {
          while (true) {
            statement.cancel();
          }
        } catch (SQLException e) {
          return e.getSQLState();
        }
      });
      try {
        statement.executeQuery("select 1").close();
      } catch (SQLTransientException e) {
        assertEquals("57014", e.getSQLState()); // it was in time
      }
      connection.close();
      assertEquals("HY010", nuisance.get());
    }
  }

  @Test
  void cancelStopsABatchAndWaitsForALock() throws Exception {
    String url = Databases.shared() + "?busy_timeout=60000";
    try (Connection holder = DriverManager.getConnection(url); Connection connection = DriverManager.getConnection(url)) {
      Databases.run(connection, "create table t(a int primary key)", "insert into t values (1)");
      holder.setAutoCommit(false);
      Databases.run(holder, "update t set a = 2 where a = 1");
      try (PreparedStatement update = connection.prepareStatement("update t set a = ? where a = 1")) {
        for (int i = 0; i < 3; ++i) {
          update.setInt(1, 5 + i);
          update.addBatch();
        }
        Future<?> work = start(update::executeBatch);
        while (!work.isDone()) {
          Thread.sleep(5);
          update.cancel();
        }
        SQLException e = thrown(work);
        assertTrue(e instanceof BatchUpdateException, e.toString());
        assertEquals("57014", e.getSQLState());
      }
      holder.rollback();
      assertEquals(1, Databases.number(connection, "select a from t"));
    }
  }

  @Test
  void queryTimeout() throws Exception {
    try (TurdbConnection connection = Databases.memory(); Statement statement = connection.createStatement()) {
      statement.setQueryTimeout(1);
      assertEquals(1, statement.getQueryTimeout());
      Databases.fails(SQLTimeoutException.class, "57014", () -> statement.executeQuery(ENDLESS));
      assertTrue(statement.executeQuery("select 1").next());
      try (PreparedStatement batch = connection.prepareStatement("select count(*) from generate_series(1, ?::bigint) g(i)")) {
        batch.setQueryTimeout(1);
        for (int i = 0; i < 1000; ++i) {
          batch.setLong(1, 100_000_000);
          batch.addBatch();
        }
        BatchUpdateException e = assertThrows(BatchUpdateException.class, batch::executeBatch);
        assertTrue(e.getCause() instanceof SQLTimeoutException, String.valueOf(e.getCause()));
      }
      statement.setQueryTimeout(0);
      assertTrue(statement.executeQuery("select 2").next());
      Databases.fails(SQLException.class, "HY024", () -> statement.setQueryTimeout(-1));
    }
  }

  @Test
  void anInterruptedThreadGoesOnAndStaysInterrupted() throws Exception {
    try (TurdbConnection connection = Databases.memory()) {
      Thread.currentThread().interrupt();
      assertEquals(1, Databases.number(connection, "select 1"));
      assertTrue(Thread.interrupted());
    }
  }

  @Test
  void abortEndsWhatRuns() throws Exception {
    TurdbConnection connection = Databases.memory();
    Future<?> work = start(() -> connection.createStatement().executeQuery(ENDLESS));
    Thread.sleep(50);
    connection.abort(threads);
    assertTrue(connection.isClosed());
    String state = thrown(work).getSQLState();
    assertTrue(state.equals("57014") || state.equals("HY010"), state);
    assertThrows(SQLException.class, connection::createStatement);
    connection.abort(threads);
  }

  @Test
  void threadsOfOneConnectionWaitForEachOther() throws Exception {
    try (TurdbConnection connection = Databases.memory()) {
      Databases.run(connection, "create table t(a int)");
      List<Future<Integer>> all = new ArrayList<>();
      for (int t = 0; t < 8; ++t) {
        int number = t;
        all.add(start(() -> {
          try (PreparedStatement insert = connection.prepareStatement("insert into t values (?)");
              PreparedStatement select = connection.prepareStatement("select ? + 1")) {
            for (int i = 0; i < 300; ++i) {
              insert.setInt(1, number);
              assertEquals(1, insert.executeUpdate());
              select.setInt(1, i);
              try (ResultSet row = select.executeQuery()) {
                assertTrue(row.next());
                assertEquals(i + 1, row.getInt(1));
              }
            }
          }
          return 300;
        }));
      }
      for (Future<Integer> one : all) {
        one.get();
      }
      assertEquals(2400, Databases.number(connection, "select count(*) from t"));
    }
  }

  @Test
  void writersOfManyConnectionsRetryConflicts() throws Exception {
    String url = Databases.shared();
    try (Connection setup = DriverManager.getConnection(url)) {
      Databases.run(setup, "create table account(id int primary key, balance bigint)",
          "insert into account select i, 1000 from generate_series(1, 5) g(i)");
      AtomicInteger conflicts = new AtomicInteger();
      List<Future<Void>> all = new ArrayList<>();
      for (int t = 0; t < 6; ++t) {
        int seed = t;
        all.add(start(() -> {
          java.util.Random random = new java.util.Random(seed);
          try (Connection connection = DriverManager.getConnection(url)) {
            connection.setAutoCommit(false);
            for (int done = 0; done < 100;) {
              try (PreparedStatement move = connection.prepareStatement("update account set balance = balance + ? where id = ?")) {
                int amount = random.nextInt(10);
                move.setInt(1, -amount);
                move.setInt(2, 1 + random.nextInt(5));
                move.executeUpdate();
                move.setInt(1, amount);
                move.setInt(2, 1 + random.nextInt(5));
                move.executeUpdate();
                connection.commit();
                ++done;
              } catch (SQLTransactionRollbackException e) {
                assertTrue(e instanceof TurdbError error && error.canRetry());
                conflicts.incrementAndGet();
                connection.rollback();
              }
            }
          }
          return null;
        }));
      }
      for (Future<Void> one : all) {
        one.get();
      }
      assertEquals(5000, Databases.number(setup, "select sum(balance) from account"));
    }
  }

  @Test
  void closingBesideWorkIsAnErrorAndNoCrash() throws Exception {
    for (int round = 0; round < 20; ++round) {
      TurdbConnection connection = Databases.memory();
      PreparedStatement select = connection.prepareStatement("select i from generate_series(1, 2000) g(i)");
      List<Future<Void>> all = new ArrayList<>();
      for (int t = 0; t < 3; ++t) {
        all.add(start(() -> {
          try {
            while (true) {
              try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery("select 1")) {
                rows.next();
              }
            }
          } catch (SQLException e) {
            assertFalse(e.getSQLState() == null);
          }
          return null;
        }));
      }
      ResultSet rows = select.executeQuery();
      assertTrue(rows.next());
      Thread.sleep(round % 4);
      connection.close();
      rows.close();
      select.close();
      for (Future<Void> one : all) {
        one.get();
      }
    }
  }
}
