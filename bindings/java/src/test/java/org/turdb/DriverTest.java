package org.turdb;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.BatchUpdateException;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLIntegrityConstraintViolationException;
import java.sql.SQLNonTransientException;
import java.sql.SQLSyntaxErrorException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Types;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Connections, statements, transactions, batches and result sets, as JDBC has them. */
class DriverTest {
  @Test
  void driverManagerFindsTheDriver() throws Exception {
    try (Connection connection = DriverManager.getConnection("jdbc:turdb::memory:")) {
      assertTrue(connection.isValid(1));
      assertEquals("TurDB", connection.getMetaData().getDatabaseProductName());
      assertSame(connection, connection.unwrap(TurdbConnection.class));
    }
    assertNull(new TurdbDriver().connect("jdbc:other:", null));
    assertFalse(TurdbDriver.libraryVersion().isEmpty());
  }

  @Test
  void optionsComeFromTheUrlAndFromProperties() throws Exception {
    Properties properties = new Properties();
    properties.put("busy_timeout", "77");
    try (TurdbConnection connection = TurdbDriver.open("jdbc:turdb::memory:?memory_limit=64MB&statement_timeout=1%6Ds", properties)) {
      assertEquals("77", connection.getSetting("busy_timeout"));
      assertTrue(connection.getSetting("statement_timeout").startsWith("1"));
    }
    SQLException e = Databases.fails(SQLException.class, "42704", () -> DriverManager.getConnection("jdbc:turdb::memory:?memory_limt=1GB"));
    assertTrue(e.getMessage().contains("memory_limit"), e.getMessage());
    assertTrue(new TurdbDriver().getPropertyInfo("jdbc:turdb:", null).length > 5);
  }

  @Test
  void aNamedDatabaseInMemoryHasTheOptionsOfItsFirstConnection() throws Exception {
    String url = Databases.shared();
    try (TurdbConnection first = TurdbDriver.open(url + "?memory_limit=64MB", new Properties())) {
      SQLException e =
          Databases.fails(SQLException.class, "25001", () -> DriverManager.getConnection(url + "?memory_limit=128MB&threads=1"));
      assertTrue(e.getMessage().contains("memory_limit, threads"), e.getMessage());
      Databases.fails(SQLException.class, "25001", () -> DriverManager.getConnection(url));
      try (Connection same = DriverManager.getConnection(url + "?memory_limit=64MB")) {
        assertTrue(same.isValid(1));
      }
      assertTrue(first.isValid(1));
    }
    try (Connection other = DriverManager.getConnection(url)) { // with the last connection it was gone
      assertTrue(other.isValid(1));
    }
  }

  @Test
  void aDatabaseInAFileIsSharedAndStays(@TempDir Path folder) throws Exception {
    String url = "jdbc:turdb:" + folder.resolve("größe");
    try (Connection one = DriverManager.getConnection(url); Connection other = DriverManager.getConnection(url)) {
      Databases.run(one, "create table t(a text)", "insert into t values ('ä')");
      assertEquals("ä", Databases.value(other, "select a from t"));
    }
    try (Connection again = DriverManager.getConnection(url)) {
      assertEquals(1, Databases.number(again, "select count(*) from t"));
    }
  }

  @Test
  void executeGivesRowsOrCounts() throws Exception {
    try (TurdbConnection connection = Databases.memory(); Statement statement = connection.createStatement()) {
      assertFalse(statement.execute("create table t(a int, b text)"));
      assertEquals(0, statement.getUpdateCount());
      assertEquals(2, statement.executeUpdate("insert into t values (1, 'x'), (2, null)"));
      assertTrue(statement.execute("select * from t order by a"));
      ResultSet rows = statement.getResultSet();
      assertTrue(rows.next());
      assertEquals("x", rows.getString("B"));
      assertTrue(rows.next());
      assertNull(rows.getString(2));
      assertTrue(rows.wasNull());
      assertFalse(rows.next());
      assertFalse(statement.getMoreResults());
      assertEquals(-1, statement.getUpdateCount());
      Databases.fails(SQLNonTransientException.class, "HY010", () -> statement.executeUpdate("select 1"));
      Databases.fails(SQLNonTransientException.class, "HY010", () -> statement.executeQuery("delete from t"));
    }
  }

  @Test
  void severalStatementsInOneText() throws Exception {
    try (TurdbConnection connection = Databases.memory(); Statement statement = connection.createStatement()) {
      assertFalse(statement.execute("create table t(a int); insert into t values (1), (2); select * from t; select 'b' -- end"));
      assertFalse(statement.getMoreResults());
      assertEquals(2, statement.getUpdateCount());
      assertTrue(statement.getMoreResults());
      assertTrue(statement.getMoreResults());
      ResultSet rows = statement.getResultSet();
      assertTrue(rows.next());
      assertEquals("b", rows.getString(1));
      SQLException e = Databases.fails(SQLSyntaxErrorException.class, "42703",
          () -> statement.executeUpdate("delete from t; delete from t where ä = 1; delete from t where b = 1"));
      assertEquals("delete from t; delete from t where ".length(), ((TurdbError) e).position());
    }
  }

  @Test
  void parametersKeepTheirValues() throws Exception {
    try (TurdbConnection connection = Databases.memory();
        PreparedStatement statement = connection.prepareStatement("select ?::int * 100 + ?::int * 10 + ?::int")) {
      Databases.fails(SQLNonTransientException.class, "07001", statement::executeQuery);
      statement.setInt(1, 1);
      statement.setInt(2, 2);
      statement.setInt(3, 3);
      assertEquals(123, only(statement));
      statement.setInt(1, 9);
      assertEquals(923, only(statement));
      statement.setInt(1, 8);
      statement.setInt(2, 7);
      assertEquals(873, only(statement));
      statement.setInt(3, 1);
      assertEquals(871, only(statement));
      statement.setInt(2, 5);
      statement.setInt(1, 4);
      assertEquals(451, only(statement));
      Databases.fails(SQLNonTransientException.class, "22023", () -> statement.setInt(4, 1));
      Databases.fails(SQLNonTransientException.class, "22023", () -> statement.setInt(0, 1));
      statement.clearParameters();
      statement.setInt(1, 1);
      Databases.fails(SQLNonTransientException.class, "07001", statement::executeQuery);
    }
  }

  private static int only(PreparedStatement statement) throws SQLException {
    try (ResultSet row = statement.executeQuery()) {
      assertTrue(row.next());
      return row.getInt(1);
    }
  }

  @Test
  void aPreparedStatementIsOneStatement() throws Exception {
    try (TurdbConnection connection = Databases.memory()) {
      connection.prepareStatement("select 1; -- and a comment\n ").close();
      SQLException e = Databases.fails(SQLSyntaxErrorException.class, "42601", () -> connection.prepareStatement("select 1; select 2"));
      assertEquals(9, ((TurdbError) e).position());
      try (PreparedStatement statement = connection.prepareStatement("select 1")) {
        Databases.fails(SQLNonTransientException.class, "HY010", () -> statement.executeQuery("select 2"));
      }
    }
  }

  @Test
  void transactions() throws Exception {
    String url = Databases.shared();
    try (Connection connection = DriverManager.getConnection(url); Connection other = DriverManager.getConnection(url)) {
      Databases.run(connection, "create table t(a int)");
      Databases.fails(SQLNonTransientException.class, "HY010", connection::commit);
      connection.setAutoCommit(false);
      connection.commit(); // there is nothing, which is fine
      Databases.run(connection, "insert into t values (1)");
      assertEquals(0, Databases.number(other, "select count(*) from t"));
      connection.rollback();
      Databases.run(connection, "insert into t values (2)");
      connection.commit();
      assertEquals(1, Databases.number(other, "select count(*) from t"));
      Databases.run(connection, "insert into t values (3)");
      connection.setAutoCommit(true); // commits
      assertEquals(2, Databases.number(other, "select count(*) from t"));
      Databases.run(connection, "begin", "insert into t values (4)"); // SQL may do the same
      assertTrue(connection.unwrap(TurdbConnection.class).isInTransaction());
      connection.rollback();
      assertEquals(2, Databases.number(other, "select count(*) from t"));
    }
  }

  @Test
  void savepoints() throws Exception {
    try (TurdbConnection connection = Databases.memory()) {
      Databases.run(connection, "create table t(a int)");
      Databases.fails(SQLNonTransientException.class, "HY010", connection::setSavepoint);
      connection.setAutoCommit(false);
      Savepoint first = connection.setSavepoint();
      Databases.run(connection, "insert into t values (1)");
      Savepoint second = connection.setSavepoint("Second \"one\"");
      Databases.run(connection, "insert into t values (2)");
      connection.rollback(second);
      assertEquals(1, Databases.number(connection, "select count(*) from t"));
      assertEquals("Second \"one\"", second.getSavepointName());
      assertThrows(SQLException.class, second::getSavepointId);
      assertTrue(first.getSavepointId() > 0);
      connection.releaseSavepoint(second);
      Databases.fails(SQLNonTransientException.class, "HY010", () -> connection.rollback(second));
      connection.rollback(first);
      connection.commit();
      assertEquals(0, Databases.number(connection, "select count(*) from t"));
    }
  }

  @Test
  void isolationAndReadOnly() throws Exception {
    try (TurdbConnection connection = Databases.memory()) {
      Databases.run(connection, "create table t(a int)");
      assertEquals(Connection.TRANSACTION_REPEATABLE_READ, connection.getTransactionIsolation());
      connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
      assertEquals("serializable", Databases.value(connection, "show transaction_isolation"));
      connection.setAutoCommit(false);
      assertEquals("serializable", Databases.value(connection, "show transaction_isolation"));
      Databases.fails(SQLNonTransientException.class, "HY010", () -> connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED));
      connection.rollback();
      connection.setReadOnly(true);
      Databases.fails(SQLNonTransientException.class, "25006", () -> Databases.run(connection, "insert into t values (1)"));
      connection.rollback();
      connection.setAutoCommit(true);
      Databases.fails(SQLNonTransientException.class, "25006", () -> Databases.run(connection, "insert into t values (1)"));
      connection.setReadOnly(false);
      Databases.run(connection, "insert into t values (1)");
      Databases.fails(SQLNonTransientException.class, "HY024", () -> connection.setTransactionIsolation(77));
    }
  }

  @Test
  void batchesAreAllOrNothing() throws Exception {
    try (TurdbConnection connection = Databases.memory()) {
      Databases.run(connection, "create table t(a int primary key, b text)");
      try (PreparedStatement insert = connection.prepareStatement("insert into t values (?, ?)")) {
        assertArrayEquals(new int[0], insert.executeBatch());
        for (int i = 0; i < 3000; ++i) {
          insert.setInt(1, i);
          insert.setString(2, "x".repeat(i % 1500));
          insert.addBatch();
        }
        int[] counts = insert.executeBatch();
        assertEquals(3000, counts.length);
        assertEquals(1, counts[2999]);
        for (int i : new int[] {5000, 5001, 7}) {
          insert.setInt(1, i);
          insert.addBatch();
        }
        BatchUpdateException e = assertThrows(BatchUpdateException.class, insert::executeBatch);
        assertEquals("23505", e.getSQLState());
        assertArrayEquals(new int[] {Statement.EXECUTE_FAILED, Statement.EXECUTE_FAILED, Statement.EXECUTE_FAILED}, e.getUpdateCounts());
        assertTrue(e.getCause() instanceof SQLIntegrityConstraintViolationException);
        assertTrue(e.getMessage().contains("row 3"), e.getMessage());
        assertEquals(3000, Databases.number(connection, "select count(*) from t"));
        assertArrayEquals(new int[0], insert.executeBatch()); // it is empty again
      }
      try (PreparedStatement update = connection.prepareStatement("update t set b = 'y' where a < ?")) {
        for (int i : new int[] {2, 0, 5}) {
          update.setInt(1, i);
          update.addBatch();
        }
        assertArrayEquals(new long[] {2, 0, 5}, update.executeLargeBatch());
      }
      connection.setAutoCommit(false);
      Databases.run(connection, "insert into t values (-1, 'kept')");
      try (Statement statement = connection.createStatement()) {
        statement.addBatch("insert into t values (-2, '')");
        statement.addBatch("insert into t values (-1, '')");
        assertThrows(BatchUpdateException.class, statement::executeBatch);
        statement.addBatch("insert into t values (-3, '')");
        statement.addBatch("delete from t where a in (-3, 1)");
        assertArrayEquals(new int[] {1, 2}, statement.executeBatch());
      }
      connection.commit();
      assertEquals(1, Databases.number(connection, "select count(*) from t where a < 0"));
    }
  }

  @Test
  void generatedKeys() throws Exception {
    try (TurdbConnection connection = Databases.memory(); Statement statement = connection.createStatement()) {
      statement.execute("create table \"My T\"(name text, id bigint generated always as identity primary key, at int default 7)");
      assertEquals(2, statement.executeUpdate("insert into \"My T\"(name) values ('a'), ('b')", Statement.RETURN_GENERATED_KEYS));
      try (ResultSet keys = statement.getGeneratedKeys()) {
        assertEquals(1, keys.getMetaData().getColumnCount());
        assertTrue(keys.next());
        assertEquals(1, keys.getLong(1));
        assertTrue(keys.next());
        assertEquals(2, keys.getLong("id"));
        assertFalse(keys.next());
      }
      statement.executeUpdate("insert into \"My T\"(name) values ('c');", new String[] {"AT", "id"});
      try (ResultSet keys = statement.getGeneratedKeys()) {
        assertTrue(keys.next());
        assertEquals(7, keys.getInt(1));
        assertEquals(3, keys.getInt(2));
      }
      statement.executeUpdate("insert into \"My T\"(name) values ('d')", new int[] {2});
      try (ResultSet keys = statement.getGeneratedKeys()) {
        assertTrue(keys.next());
        assertEquals(4, keys.getInt(1));
      }
      statement.executeUpdate("delete from \"My T\" where id = 4");
      assertFalse(statement.getGeneratedKeys().next());
      try (PreparedStatement insert =
          connection.prepareStatement("insert into \"My T\"(name) values (?)", Statement.RETURN_GENERATED_KEYS)) {
        for (int i = 0; i < 500; ++i) {
          insert.setString(1, "batch");
          insert.addBatch();
        }
        assertEquals(500, insert.executeBatch().length);
        int count = 0;
        try (ResultSet keys = insert.getGeneratedKeys()) {
          for (; keys.next(); ++count) {
            assertEquals(5 + count, keys.getInt(1));
          }
        }
        assertEquals(500, count);
        insert.setString(1, "one");
        assertEquals(1, insert.executeUpdate());
        assertTrue(insert.getGeneratedKeys().next());
      }
    }
  }

  @Test
  void generatedKeysOfATableThatWasMadeAnew() throws Exception {
    String url = Databases.shared();
    try (Connection connection = DriverManager.getConnection(url); Connection other = DriverManager.getConnection(url)) {
      for (String key : new String[] {"a", "b", "c"}) {
        for (Connection maker : new Connection[] {connection, other}) {
          Databases.run(maker, "drop table if exists t", "create table t(x int, " + key + maker.hashCode() + " serial primary key)");
          try (PreparedStatement insert = connection.prepareStatement("insert into t(x) values (1)", Statement.RETURN_GENERATED_KEYS)) {
            insert.executeUpdate();
            ResultSet keys = insert.getGeneratedKeys();
            assertTrue(keys.next());
            assertEquals(key + maker.hashCode(), keys.getMetaData().getColumnName(1));
          }
        }
      }
    }
  }

  @Test
  void changesWithReturningAreDoneBeforeAllRowsAreRead() throws Exception {
    String url = Databases.shared();
    try (Connection connection = DriverManager.getConnection(url); Connection other = DriverManager.getConnection(url);
        Statement statement = connection.createStatement()) {
      statement.execute("create table t(a text)");
      ResultSet rows = statement.executeQuery("insert into t select repeat('x', 1000) from generate_series(1, 100) returning a");
      assertTrue(rows.next());
      assertEquals(100, Databases.number(other, "select count(*) from t"));
      rows.close();
      assertEquals(100, Databases.number(other, "select count(*) from t"));
    }
  }

  @Test
  void resultSetsThatScroll() throws Exception {
    try (TurdbConnection connection = Databases.memory();
        Statement statement = connection.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY);
        ResultSet rows = statement.executeQuery("select i, repeat('x', i::int) from generate_series(1, 3000) g(i)")) {
      assertTrue(rows.isBeforeFirst());
      assertTrue(rows.absolute(1500));
      assertEquals(1500, rows.getInt(1));
      assertEquals(1500, rows.getString(2).length());
      assertTrue(rows.previous());
      assertEquals(1499, rows.getInt(1));
      assertTrue(rows.first());
      assertTrue(rows.isFirst());
      assertEquals(1, rows.getInt(1));
      assertFalse(rows.previous());
      assertTrue(rows.last());
      assertTrue(rows.isLast());
      assertEquals(3000, rows.getRow());
      assertFalse(rows.next());
      assertTrue(rows.isAfterLast());
      assertTrue(rows.absolute(-2));
      assertEquals(2999, rows.getInt(1));
      assertFalse(rows.absolute(4000));
      assertTrue(rows.relative(-1));
      assertEquals(3000, rows.getInt(1));
      rows.beforeFirst();
      assertTrue(rows.next());
      assertEquals(1, rows.getInt(1));
    }
    try (TurdbConnection connection = Databases.memory(); Statement statement = connection.createStatement()) {
      ResultSet rows = statement.executeQuery("select 1");
      Databases.fails(SQLNonTransientException.class, "HY010", () -> rows.absolute(1));
      Databases.fails(SQLFeatureNotSupportedException.class, "0A000", () -> rows.updateInt(1, 2));
      Databases.fails(SQLFeatureNotSupportedException.class, "0A000",
          () -> connection.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_UPDATABLE));
    }
  }

  @Test
  void longRowsAndManyRows() throws Exception {
    try (TurdbConnection connection = Databases.memory(); Statement statement = connection.createStatement()) {
      ResultSet rows = statement.executeQuery("select i, repeat('ä', (i % 7 * 30000)::int) from generate_series(1, 50) g(i)");
      for (int i = 1; i <= 50; ++i) {
        assertTrue(rows.next());
        assertEquals(i, rows.getInt(1));
        assertEquals(i % 7 * 30000, rows.getString(2).length());
      }
      assertFalse(rows.next());
      statement.setMaxRows(10);
      rows = statement.executeQuery("select i from generate_series(1, 100000) g(i)");
      int count = 0;
      while (rows.next()) {
        ++count;
      }
      assertEquals(10, count);
    }
  }

  @Test
  void cursorsLiveBesideEachOtherAndOverCommit() throws Exception {
    try (TurdbConnection connection = Databases.memory()) {
      Databases.run(connection, "create table t(a int)", "insert into t select i from generate_series(1, 20000) g(i)");
      connection.setAutoCommit(false);
      try (Statement one = connection.createStatement(); Statement other = connection.createStatement()) {
        ResultSet first = one.executeQuery("select a from t order by a");
        ResultSet second = other.executeQuery("select a from t order by a desc");
        assertTrue(first.next() && second.next());
        connection.commit();
        long sum = 1;
        while (first.next()) {
          sum += first.getLong(1);
        }
        assertEquals(20000L * 20001 / 2, sum);
        assertTrue(second.next());
        ResultSet third = one.executeQuery("select a from t");
        assertTrue(third.next());
        connection.rollback();
        Databases.fails(SQLNonTransientException.class, "24000", () -> {
          while (third.next()) {
            third.getInt(1);
          }
        });
      }
    }
  }

  @Test
  void escapes() throws Exception {
    try (TurdbConnection connection = Databases.memory()) {
      assertEquals("2024-02-29", Databases.value(connection, "select {d '2024-02-29'}").toString());
      assertEquals(java.sql.Timestamp.valueOf("2024-02-29 01:02:03.5"), Databases.value(connection, "select {ts '2024-02-29 01:02:03.5'}"));
      assertEquals("ABC", Databases.value(connection, "select {fn ucase({fn concat('a', 'bc')})}"));
      assertEquals(true, Databases.value(connection, "select 'a%' like 'a!%' {escape '!'}"));
      assertEquals("{d 'x'}", Databases.value(connection, "select '{d ''x''}'"));
      assertEquals("{1,2}", Databases.value(connection, "select array[1, 2]::text /* { */"));
      assertEquals(2, Databases.number(connection, "select count(*) from {oj (values (1), (2)) a(x) left outer join (values (1)) b(y) on x = y}"));
      assertEquals("select lower(x)", connection.nativeSQL("select {fn lcase(x)}"));
      Databases.fails(SQLSyntaxErrorException.class, "42601", () -> connection.nativeSQL("select {fn lcase(x)"));
    }
  }

  @Test
  void callableStatements() throws Exception {
    try (TurdbConnection connection = Databases.memory()) {
      try (CallableStatement call = connection.prepareCall("{? = call power(?, ?)}")) {
        call.registerOutParameter(1, Types.DOUBLE);
        call.setDouble(2, 2);
        call.setDouble(3, 10);
        assertFalse(call.execute());
        assertEquals(1024, call.getDouble(1));
        assertEquals(1024, ((Number) call.getObject(1)).intValue());
        call.setDouble(3, 3);
        call.execute();
        assertEquals(8, call.getInt(1));
        Databases.fails(SQLNonTransientException.class, "HY010", () -> call.setInt(1, 1));
        Databases.fails(SQLNonTransientException.class, "HY010", () -> call.getInt(2));
      }
      try (CallableStatement call = connection.prepareCall("{call upper(?)}"); ) {
        call.setString(1, "straße");
        ResultSet row = call.executeQuery();
        assertTrue(row.next());
        assertEquals("STRASSE", row.getString(1).replace("ß", "SS"));
      }
      try (CallableStatement named = connection.prepareCall("select :a::int - :b::int")) {
        named.setInt("b", 1);
        named.setInt("a", 3);
        ResultSet row = named.executeQuery();
        assertTrue(row.next());
        assertEquals(2, row.getInt(1));
        assertThrows(SQLException.class, () -> named.setInt("c", 1));
      }
    }
  }

  @Test
  void statementsCloseWhatTheyGave() throws Exception {
    TurdbConnection connection = Databases.memory();
    Statement statement = connection.createStatement();
    ResultSet rows = statement.executeQuery("select 1 union all select 2");
    assertTrue(rows.next());
    statement.executeQuery("select 2");
    assertTrue(rows.isClosed());
    Databases.fails(SQLNonTransientException.class, "HY010", rows::next);
    Databases.fails(SQLNonTransientException.class, "HY010", () -> rows.getInt(1));
    statement.closeOnCompletion();
    statement.executeQuery("select 3").close();
    assertTrue(statement.isClosed());
    Databases.fails(SQLNonTransientException.class, "HY010", () -> statement.executeQuery("select 1"));
    PreparedStatement prepared = connection.prepareStatement("select ?");
    ResultSet open = prepared.getConnection().createStatement().executeQuery("select i from generate_series(1, 100000) g(i)");
    assertTrue(open.next());
    connection.close();
    connection.close();
    assertTrue(connection.isClosed());
    assertFalse(connection.isValid(0));
    Databases.fails(SQLException.class, "HY010", () -> connection.createStatement());
    Databases.fails(SQLException.class, "HY010", () -> prepared.setInt(1, 1));
    Databases.fails(SQLException.class, "HY010", () -> {
      while (open.next()) {
        open.getInt(1);
      }
    });
    prepared.close();
    open.close();
  }

  @Test
  void aChangedTableIsSeen() throws Exception {
    try (TurdbConnection connection = Databases.memory()) {
      Databases.run(connection, "create table t(a int)", "insert into t values (1)");
      try (PreparedStatement statement = connection.prepareStatement("select * from t")) {
        assertEquals(1, statement.executeQuery().getMetaData().getColumnCount());
        Databases.run(connection, "alter table t add column b text default 'new'");
        ResultSet rows = statement.executeQuery();
        assertEquals(2, rows.getMetaData().getColumnCount());
        assertTrue(rows.next());
        assertEquals("new", rows.getString("b"));
        assertNotNull(statement.getMetaData());
      }
    }
  }

  @Test
  void schemas() throws Exception {
    try (TurdbConnection connection = Databases.memory()) {
      assertEquals("root", connection.getSchema());
      Databases.run(connection, "create schema \"Other\"");
      connection.setSchema("Other");
      assertEquals("Other", connection.getSchema());
    }
  }
}
