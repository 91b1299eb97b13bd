package org.turdb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLDataException;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLIntegrityConstraintViolationException;
import java.sql.SQLNonTransientException;
import java.sql.SQLSyntaxErrorException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is wrong is the exception that JDBC has for it, says what and where, and never a crash. */
class BadInputTest {
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
  void errorsSayWhatWhereAndWhatToDo() throws Exception {
    Databases.run(connection, "create table person(id int primary key, name text not null check (name <> ''))");
    SQLSyntaxErrorException e = Databases.fails(SQLSyntaxErrorException.class, "42703",
        () -> connection.prepareStatement("select 'ä😀', nme from person"));
    TurdbError error = (TurdbError) e;
    assertEquals(TurdbCode.ERROR, error.code());
    assertEquals(-1, e.getErrorCode());
    assertEquals("select 'ä😀', ".length(), error.position());
    assertFalse(error.canRetry());
    Databases.run(connection, "insert into person values (1, 'x')");
    Databases.fails(SQLIntegrityConstraintViolationException.class, "23505", () -> Databases.run(connection, "insert into person values (1, 'y')"));
    Databases.fails(SQLIntegrityConstraintViolationException.class, "23502", () -> Databases.run(connection, "insert into person values (2, null)"));
    Databases.fails(SQLIntegrityConstraintViolationException.class, "23514", () -> Databases.run(connection, "insert into person values (2, '')"));
    Databases.fails(SQLDataException.class, "22012", () -> Databases.value(connection, "select 1 / (id - 1) from person"));
    Databases.fails(SQLSyntaxErrorException.class, "42601", () -> connection.createStatement().execute("selekt"));
    Databases.fails(SQLSyntaxErrorException.class, "42P01", () -> connection.createStatement().execute("table nowhere"));
  }

  @Test
  void textsThatAreNoUnicodeOrHoldNul() throws Exception {
    try (PreparedStatement statement = connection.prepareStatement("select ?, ?")) {
      statement.setInt(1, 1);
      Databases.fails(SQLDataException.class, "22021", () -> statement.setString(2, "half \ud83d of a pair"));
      Databases.fails(SQLDataException.class, "22021", () -> statement.setString(2, "\ude00"));
      Databases.fails(SQLNonTransientException.class, "07001", statement::executeQuery); // it was not set
      statement.setString(2, "a\0b");
      SQLException e = assertThrows(SQLDataException.class, statement::executeQuery);
      assertTrue(e.getSQLState().startsWith("22"), e.getSQLState());
      statement.setString(2, "fine 😀");
      try (ResultSet row = statement.executeQuery()) {
        assertTrue(row.next());
        assertEquals("fine 😀", row.getString(2));
      }
    }
    Databases.fails(SQLDataException.class, "22021", () -> connection.createStatement().execute("select '\ud83d'"));
    assertThrows(SQLException.class, () -> connection.createStatement().execute("select 'a\0b'"));
    Databases.fails(SQLNonTransientException.class, "HY024", () -> connection.getSetting("a\0b"));
    Databases.fails(SQLNonTransientException.class, "HY024", () -> connection.backup("a\0b", null));
    assertThrows(SQLException.class, () -> TurdbDriver.open("jdbc:turdb:a\0b", null));
  }

  @Test
  void nullsInsteadOfThings() throws Exception {
    assertThrows(SQLException.class, () -> connection.prepareStatement(null));
    assertThrows(SQLException.class, () -> connection.createStatement().execute(null));
    assertThrows(SQLException.class, () -> connection.setSavepoint(null));
    assertThrows(SQLException.class, () -> connection.rollback(null));
    assertThrows(SQLException.class, () -> connection.setSchema(null));
    assertThrows(SQLException.class, () -> connection.abort(null));
    assertThrows(SQLException.class, () -> connection.appender(null));
    assertThrows(SQLException.class, () -> connection.createFunction("f", "int", "int", 0, null));
    try (PreparedStatement statement = connection.prepareStatement("select ?, ?, ?, ?, ?, ?, ?, ?, ?")) {
      statement.setString(1, null);
      statement.setObject(2, null);
      statement.setBigDecimal(3, null);
      statement.setDate(4, null);
      statement.setBytes(5, null);
      statement.setTimestamp(6, null);
      statement.setArray(7, null);
      statement.setBinaryStream(8, null);
      statement.setNull(9, java.sql.Types.INTEGER);
      try (ResultSet row = statement.executeQuery()) {
        assertTrue(row.next());
        for (int i = 1; i <= 9; ++i) {
          assertNull(row.getObject(i));
          assertNull(row.getString(i));
          assertNull(row.getTimestamp(i));
          assertNull(row.getBytes(i));
          assertNull(row.getArray(i));
          assertEquals(0, row.getLong(i));
          assertTrue(row.wasNull());
        }
        assertThrows(SQLException.class, () -> row.getObject(1, (Class<?>) null));
      }
    }
  }

  @Test
  void wrongRowsAndColumns() throws Exception {
    Statement statement = connection.createStatement();
    ResultSet row = statement.executeQuery("select 1 as a, 2 as b, 3 as \"A\", array[1], date '2024-01-01'");
    Databases.fails(SQLNonTransientException.class, "HY010", () -> row.getInt(1));
    assertTrue(row.next());
    assertEquals(1, row.getInt("a"));
    assertEquals(3, row.getInt("A"));
    assertEquals(2, row.getInt("B"));
    Databases.fails(SQLNonTransientException.class, "42703", () -> row.getInt("c"));
    Databases.fails(SQLNonTransientException.class, "42703", () -> row.getInt(0));
    Databases.fails(SQLNonTransientException.class, "42703", () -> row.getInt(6));
    Databases.fails(SQLDataException.class, "07006", () -> row.getArray(1));
    Databases.fails(SQLDataException.class, "07006", () -> row.getInt(4));
    Databases.fails(SQLDataException.class, "07006", () -> row.getDate(1));
    Databases.fails(SQLDataException.class, "07006", () -> row.getObject(1, java.util.UUID.class));
    Databases.fails(SQLDataException.class, "07006", () -> row.getLong(5));
    Databases.fails(SQLFeatureNotSupportedException.class, "0A000", () -> row.getRef(1));
    assertFalse(row.next());
    assertFalse(row.next());
    Databases.fails(SQLNonTransientException.class, "HY010", () -> row.getInt(1));
    Databases.fails(SQLNonTransientException.class, "HY010", () -> connection.unwrap(String.class));
  }

  @Test
  void numbersThatAreNone() throws Exception {
    Databases.run(connection, "create table n(a double precision, b numeric, c int)");
    try (PreparedStatement insert = connection.prepareStatement("insert into n values (?, ?, ?)")) {
      insert.setDouble(1, Double.NaN);
      insert.setObject(2, Double.NaN, java.sql.Types.NUMERIC);
      insert.setDouble(3, Double.NaN);
      SQLException e = assertThrows(SQLException.class, insert::executeUpdate);
      assertTrue(e.getSQLState().startsWith("22"), e.getSQLState());
      insert.setNull(3, java.sql.Types.INTEGER);
      insert.executeUpdate();
      Databases.fails(SQLDataException.class, "22003", () -> insert.setBigDecimal(2, new java.math.BigDecimal("1e1000000")));
    }
    try (ResultSet row = connection.createStatement().executeQuery("select * from n")) {
      assertTrue(row.next());
      assertTrue(Double.isNaN(row.getDouble(1)));
      assertTrue(Double.isNaN(row.getDouble(2)));
      Databases.fails(SQLDataException.class, "22003", () -> row.getInt(1));
      Databases.fails(SQLDataException.class, "22003", () -> row.getBigDecimal(1));
    }
  }

  @Test
  void functionsOfJavaThatThrow() throws Exception {
    IllegalStateException thrown = new IllegalStateException("no: ä\0");
    connection.createFunction("bad", "bigint", "bigint", 0, arguments -> {
      throw thrown;
    });
    connection.createFunction("odd", "", "bigint", 0, arguments -> new Object());
    connection.createFunction("deep", "bigint", "bigint", 0, arguments -> {
      throw new StackOverflowError();
    });
    connection.createFunction("again", "", "bigint", 0, arguments -> Databases.number(connection, "select 1"));
    connection.createFunction("shut", "", "bigint", 0, arguments -> {
      connection.close();
      return 1;
    });
    SQLException e = assertThrows(SQLException.class, () -> Databases.value(connection, "select bad(1)"));
    assertEquals("38000", e.getSQLState());
    assertSame(thrown, e.getCause());
    assertTrue(e.getMessage().contains("no: ä"), e.getMessage());
    assertThrows(SQLException.class, () -> Databases.value(connection, "select odd()"));
    e = assertThrows(SQLException.class, () -> Databases.value(connection, "select deep(i) from generate_series(1, 3) g(i)"));
    assertTrue(e.getCause() instanceof StackOverflowError);
    e = assertThrows(SQLException.class, () -> Databases.value(connection, "select again()"));
    assertTrue(e.getCause() instanceof TurdbError error && error.code() == TurdbCode.MISUSE);
    assertThrows(SQLException.class, () -> Databases.value(connection, "select shut()"));
    assertEquals(1, Databases.number(connection, "select 1"));
    assertNull(assertThrows(SQLException.class, () -> Databases.value(connection, "select 1 / 0")).getCause());
    assertThrows(SQLException.class, () -> connection.createFunction("f", "nonsense", "bigint", 0, a -> 1));
    assertThrows(SQLException.class, () -> connection.dropFunction("nothing"));
  }

  @Test
  void appendersThatCannot() throws Exception {
    Databases.run(connection, "create table t(a int primary key, b int)");
    assertThrows(SQLException.class, () -> connection.appender("nowhere"));
    assertThrows(SQLException.class, () -> connection.appender("t", "c"));
    try (Appender appender = connection.appender("t")) {
      appender.add(1);
      Databases.fails(SQLNonTransientException.class, "HY010", appender::endRow);
      appender.add(2).endRow();
      Databases.fails(SQLNonTransientException.class, "HY010", () -> appender.addRow(1));
      Databases.fails(SQLDataException.class, "07006", () -> appender.addRow(1, new Object()));
      Databases.fails(SQLDataException.class, "22021", () -> appender.addRow(5, "\ud800"));
      appender.addRow(2, 3);
      assertThrows(SQLException.class, () -> appender.add(1).add(2).add(3));
      appender.endRow(); // (1, 2), whose key is there
      SQLException e = assertThrows(SQLIntegrityConstraintViolationException.class, appender::flush);
      assertTrue(e.getMessage().contains("3"), e.getMessage());
      Databases.fails(SQLNonTransientException.class, "HY010", () -> appender.add(1));
    }
    Appender other = connection.appender("t");
    other.addRow(1, "no number");
    SQLException e = assertThrows(SQLException.class, other::close);
    assertTrue(e.getMessage().contains("column \"b\", row 1"), e.getMessage());
    other.close();
    assertEquals(0, Databases.number(connection, "select count(*) from t"));
  }

  @Test
  void streamsThatAreNone() throws Exception {
    ArrowStream stream = new ArrowStream();
    assertThrows(SQLException.class, () -> connection.registerArrow("t", stream)); // it is empty
    stream.close();
    stream.close();
    Databases.fails(SQLNonTransientException.class, "HY010", stream::address);
    assertThrows(SQLException.class, () -> connection.queryArrow("select * from nowhere"));
    assertThrows(SQLException.class, () -> connection.unregister("nothing"));
  }
}
