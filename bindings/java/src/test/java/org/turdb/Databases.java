package org.turdb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.function.Executable;

/** What the tests share. */
final class Databases {
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private Databases() {}

  /** A connection to a database of its own. */
  static TurdbConnection memory() throws SQLException {
    return (TurdbConnection) DriverManager.getConnection("jdbc:turdb::memory:");
  }

  /** A URL for a database in memory that several connections share. */
  static String shared() {
    return "jdbc:turdb::memory:test" + NUMBER.incrementAndGet();
  }

  static void run(Connection connection, String... sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      for (String one : sql) {
        statement.execute(one);
      }
    }
  }

  /** The only value of a query. */
  static Object value(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement(); ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getObject(1);
    }
  }

  static long number(Connection connection, String sql) throws SQLException {
    return ((Number) value(connection, sql)).longValue();
  }

  /** It throws an exception of the class, with the SQLSTATE, that says what TurDB's say. */
  static <T extends SQLException> T fails(Class<T> type, String state, Executable work) {
    T error = assertThrows(type, work);
    assertEquals(state, error.getSQLState(), error.getMessage());
    assertInstanceOf(TurdbError.class, error);
    return error;
  }
}
