package org.turdb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLIntegrityConstraintViolationException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.turdb.arrow.TurdbArrow;

/** The examples of README.md, which must be found here as they stand there. */
class ExamplesTest {
  private Connection connection;

  @BeforeEach
  void open(@TempDir Path folder) throws SQLException {
    connection = DriverManager.getConnection("jdbc:turdb:" + folder.resolve("app.turdb") + "?memory_limit=256MB");
    Databases.run(connection, "create table city(id bigint generated always as identity primary key, name text not null unique, people bigint)");
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
  }

  private void fill() throws SQLException {
    Map<String, Long> cities = new TreeMap<>(Map.of("Lagos", 15_388_000L, "Oslo", 709_000L, "Zürich", 421_000L, "Lima", 10_092_000L));
    connection.setAutoCommit(false); // all of it, or nothing
    try (PreparedStatement insert = connection.prepareStatement("insert into city(name, people) values (?, ?)")) {
      for (Map.Entry<String, Long> city : cities.entrySet()) {
        insert.setString(1, city.getKey());
        insert.setLong(2, city.getValue());
        insert.addBatch();
      }
      insert.executeBatch();
      connection.commit();
    } catch (SQLException e) {
      connection.rollback();
      throw e;
    } finally {
      connection.setAutoCommit(true);
    }
  }

  @Test
  void query() throws Exception {
    fill();
    List<String> found = new ArrayList<>();
    try (PreparedStatement select = connection.prepareStatement("select name, people from city where people > ? order by people desc")) {
      select.setLong(1, 3_000_000);
      try (ResultSet row = select.executeQuery()) {
        while (row.next()) {
          found.add(row.getString("name") + ": " + row.getLong("people"));
        }
      }
    }
    assertEquals(List.of("Lagos: 15388000", "Lima: 10092000"), found);
  }

  @Test
  void nearestNeighbours() throws Exception {
    String nearest;
    try (Statement statement = connection.createStatement()) {
      statement.execute("create table item(name text, v vector(3))");
    }
    try (PreparedStatement insert = connection.prepareStatement("insert into item values (?, ?)")) {
      insert.setString(1, "red");
      insert.setObject(2, new float[] {1, 0, 0});
      insert.executeUpdate();
    }
    try (PreparedStatement select = connection.prepareStatement("select name, v, v <-> ? as distance from item order by 3 limit 2")) {
      select.setObject(1, new float[] {1, 0.2f, 0});
      try (ResultSet row = select.executeQuery()) {
        row.next();
        nearest = row.getString("name");
        float[] vector = row.getObject("v", float[].class);
        assertEquals(1, vector[0]);
      }
    }
    assertEquals("red", nearest);
  }

  @Test
  void arrow() throws Exception {
    fill();
    long sum = 0;
    try (BufferAllocator allocator = new RootAllocator();
        ArrowReader reader = TurdbArrow.query(allocator, connection.unwrap(TurdbConnection.class), "select id, people from city")) {
      while (reader.loadNextBatch()) {
        BigIntVector people = (BigIntVector) reader.getVectorSchemaRoot().getVector("people");
        for (int i = 0; i < people.getValueCount(); ++i) {
          sum += people.get(i);
        }
      }
    }
    assertEquals(26_610_000, sum);
  }

  @Test
  void errors() throws Exception {
    fill();
    String hint = null;
    try (Statement statement = connection.createStatement()) {
      statement.executeUpdate("insert into city(name) values ('Oslo')");
    } catch (SQLIntegrityConstraintViolationException e) {
      assertEquals("23505", e.getSQLState());
    }
    try (Statement statement = connection.createStatement()) {
      statement.executeQuery("select nme from city");
    } catch (SQLException e) {
      if (e instanceof TurdbError error) { // code(), text(), hint(), position(), context(), canRetry()
        hint = error.hint();
        assertEquals(7, error.position());
      }
    }
    assertTrue(hint == null || !hint.isEmpty());
  }

  @Test
  void appender() throws Exception {
    try (Appender appender = connection.unwrap(TurdbConnection.class).appender("city", "name", "people")) {
      for (int i = 0; i < 1000; ++i) {
        appender.add("village " + i).add(i).endRow();
      }
    } // close() inserts what is left
    assertEquals(1000, Databases.number(connection, "select count(*) from city"));
  }

  @Test
  void functions() throws Exception {
    connection.unwrap(TurdbConnection.class).createFunction("backwards", "text", "text", TurdbConnection.DETERMINISTIC,
        arguments -> new StringBuilder((String) arguments[0]).reverse().toString());
    assertEquals("olsO", Databases.value(connection, "select backwards('Oslo')"));
  }

  @Test
  void blobs() throws Exception {
    Databases.run(connection, "create table file(id integer primary key, content blob)", "insert into file values (7, 'replaced')");
    InputStream in = new ByteArrayInputStream(new byte[3_000_000]);
    try (StoredBlob blob = connection.unwrap(TurdbConnection.class).openBlob("file", "content", true, 7); // the row's primary key is 7
        OutputStream out = blob.setBinaryStream(1)) {
      in.transferTo(out);
    }
    assertEquals(3_000_000, Databases.number(connection, "select length(content) from file"));
  }

  @Test
  void retries() throws Exception {
    fill();
    connection.setAutoCommit(false);
    while (true) {
      try {
        Databases.run(connection, "update city set people = people + 1 where name = 'Oslo'");
        connection.commit();
        break;
      } catch (SQLException e) {
        connection.rollback();
        if (!(e instanceof TurdbError error && error.canRetry())) {
          throw e;
        }
      }
    }
    assertEquals(709_001, Databases.number(connection, "select people from city where name = 'Oslo'"));
  }

  private static String plain(String code) {
    return code.replaceAll("\\s+", " ").strip();
  }

  @Test
  void readmeShowsWhatIsTestedHere() throws Exception {
    String source = plain(Files.readString(Path.of("src/test/java/org/turdb/ExamplesTest.java")));
    Matcher blocks = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(Path.of("README.md")));
    int count = 0;
    while (blocks.find()) {
      assertTrue(source.contains(plain(blocks.group(1))), "README.md has an example that is not run:\n" + blocks.group(1));
      ++count;
    }
    assertTrue(count >= 7, count + " examples");
  }
}
