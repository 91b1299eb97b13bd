package org.turdb;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Values read and written in pieces. */
class StoredBlobTest {
  private TurdbConnection connection;

  @BeforeEach
  void open() throws SQLException {
    connection = Databases.memory();
    Databases.run(connection, "create table file(id integer primary key, content blob)",
        "insert into file values (1, zeroblob(3000000)), (2, 'short'), (3, null)",
        "create table two(a text, b int, content blob, primary key (a, b))", "insert into two values ('x', 7, 'of a key')");
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void readsAndWrites() throws Exception {
    try (StoredBlob blob = connection.openBlobIn("root", "file", "content", true, 1)) {
      assertEquals(3_000_000, blob.length());
      assertEquals(9, blob.setBytes(1_048_570, bytes("a pattern")));
      assertArrayEquals(bytes("pattern"), blob.getBytes(1_048_572, 7));
      assertEquals(1_048_570, blob.position(bytes("a pattern"), 1));
      assertEquals(1_048_570, blob.position(bytes("a pattern"), 1_048_570));
      assertEquals(-1, blob.position(bytes("a pattern"), 1_048_571));
      try (StoredBlob two = connection.openBlob("two", "content", false, "x", 7)) {
        assertEquals(-1, blob.position(two, 1));
        assertArrayEquals(bytes("of a key"), two.getBinaryStream().readAllBytes());
        assertArrayEquals(bytes("a key"), two.getBinaryStream(4, 5).readAllBytes());
        Databases.fails(SQLException.class, "HY010", () -> two.setBytes(1, new byte[1]));
        two.reopen("x", 7);
        assertThrows(SQLException.class, () -> two.reopen("y", 7));
      }
      // At the end it grows.
      assertEquals(3, blob.setBytes(3_000_001, bytes("xend"), 1, 3));
      assertArrayEquals(bytes("\0end"), blob.getBytes(3_000_000, 100));
      blob.truncate(5);
      blob.resize(7);
      assertEquals(7, blob.length());
      blob.reopen(2);
      assertEquals("short", new String(blob.getBytes(1, 100), StandardCharsets.UTF_8));
      assertEquals(0, blob.getBytes(6, 5).length);
    }
    assertEquals(7, Databases.number(connection, "select length(content) from file where id = 1"));
  }

  @Test
  void streams() throws Exception {
    byte[] all = new byte[2_500_000];
    new Random(7).nextBytes(all);
    try (StoredBlob blob = connection.openBlob("file", "content", true, 2)) {
      blob.truncate(0);
      try (OutputStream out = blob.setBinaryStream(1)) {
        out.write(all[0]);
        out.write(all, 1, 10);
        out.write(all, 11, 2_000_000);
        for (int at = 2_000_011; at < all.length; at += 1000) {
          out.write(all, at, Math.min(1000, all.length - at));
        }
        assertThrows(IndexOutOfBoundsException.class, () -> out.write(all, all.length, 1));
      }
      assertEquals(all.length, blob.length());
      try (InputStream in = blob.getBinaryStream()) {
        assertEquals(all[0] & 255, in.read());
        assertEquals(all.length - 1, in.available());
        assertEquals(999, in.skip(999));
        assertArrayEquals(Arrays.copyOfRange(all, 1000, all.length), in.readAllBytes());
        assertEquals(-1, in.read());
        assertEquals(0, in.skip(5));
        assertEquals(0, in.read(new byte[0]));
      }
      InputStream late = blob.getBinaryStream();
      OutputStream behind = blob.setBinaryStream(1);
      behind.write(1);
      blob.free();
      blob.free();
      assertThrows(IOException.class, late::read);
      assertThrows(IOException.class, behind::close);
      Databases.fails(SQLException.class, "HY010", blob::length);
    }
    assertEquals(1, Databases.number(connection, "select count(*) from file where length(content) = 2500000"));
  }

  @Test
  void inTransactions() throws Exception {
    connection.setAutoCommit(false);
    try (StoredBlob blob = connection.openBlob("file", "content", true, 2)) {
      blob.setBytes(1, bytes("SH"));
      Databases.run(connection, "update file set content = 'changed' where id = 2");
      Databases.fails(SQLException.class, "24000", () -> blob.getBytes(1, 1));
      blob.reopen(2);
      assertEquals(7, blob.length());
      connection.rollback();
      assertThrows(SQLException.class, () -> blob.getBytes(1, 1));
    }
    connection.setAutoCommit(true);
    assertTrue(Arrays.equals(bytes("short"), (byte[]) Databases.value(connection, "select content from file where id = 2")));
  }

  @Test
  void badInput() throws Exception {
    for (Object key : new Object[] {3, 4, "x", new Object()}) {
      assertThrows(SQLException.class, () -> connection.openBlob("file", "content", false, key));
    }
    assertThrows(SQLException.class, () -> connection.openBlob("file", "content", false));
    assertThrows(SQLException.class, () -> connection.openBlob("file", "nothing", false, 1));
    assertThrows(SQLException.class, () -> connection.openBlob("nowhere", "content", false, 1));
    assertThrows(SQLException.class, () -> connection.openBlob("no\0where", "content", false, 1));
    try (StoredBlob blob = connection.openBlob("file", "content", true, 2)) {
      assertThrows(SQLException.class, () -> blob.getBytes(0, 1));
      assertThrows(SQLException.class, () -> blob.getBytes(7, 1));
      assertThrows(SQLException.class, () -> blob.getBytes(1, -1));
      assertThrows(SQLException.class, () -> blob.setBytes(7, new byte[1]));
      assertThrows(SQLException.class, () -> blob.setBytes(1, new byte[1], 1, 1));
      assertThrows(SQLException.class, () -> blob.getBinaryStream(1, 6));
      assertThrows(SQLException.class, () -> blob.position(new byte[1], 0));
      assertThrows(SQLException.class, () -> blob.truncate(6));
      assertThrows(SQLException.class, () -> blob.resize(-1));
    }
    StoredBlob left = connection.openBlob("file", "content", true, 2);
    connection.close();
    assertThrows(SQLException.class, left::length);
    left.close();
  }
}
