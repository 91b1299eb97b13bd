package org.turdb.arrow;

import java.sql.SQLException;
import java.sql.Statement;
import org.apache.arrow.c.ArrowArrayStream;
import org.apache.arrow.c.Data;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.turdb.Appender;
import org.turdb.ArrowStream;
import org.turdb.TurdbConnection;
import org.turdb.TurdbPreparedStatement;

/**
 * Rows as vectors of arrow-java, without copies: the only class that needs it ({@code arrow-c-data} and a memory module, which the driver
 * does not bring along; Java wants {@code --add-opens=java.base/java.nio=ALL-UNNAMED} for them).
 */
public final class TurdbArrow {
  private TurdbArrow() {}

  /** Runs a query. The reader's batches are in memory of C, which closing it gives back. */
  public static ArrowReader query(BufferAllocator allocator, TurdbConnection connection, String sql) throws SQLException {
    try (ArrowStream stream = connection.queryArrow(sql)) {
      return read(allocator, stream);
    }
  }

  /** Runs a prepared statement with its parameters. */
  public static ArrowReader query(BufferAllocator allocator, Statement prepared) throws SQLException {
    try (ArrowStream stream = prepared.unwrap(TurdbPreparedStatement.class).executeArrow(ArrowStream.DEFAULT)) {
      return read(allocator, stream);
    }
  }

  private static ArrowReader read(BufferAllocator allocator, ArrowStream stream) throws SQLException {
    return Data.importArrayStream(allocator, ArrowArrayStream.wrap(stream.address()));
  }

  /** Makes the rows of a reader a table of the connection, which can be read once. The reader is taken over. */
  public static void register(BufferAllocator allocator, TurdbConnection connection, String name, ArrowReader reader)
      throws SQLException {
    try (ArrowStream stream = new ArrowStream()) {
      Data.exportArrayStream(allocator, reader, ArrowArrayStream.wrap(stream.address()));
      connection.registerArrow(name, stream);
    }
  }

  /** Inserts all rows of a reader, which is taken over, into a table, columns by place; all of them or none. */
  public static void append(BufferAllocator allocator, TurdbConnection connection, String table, ArrowReader reader)
      throws SQLException {
    try (Appender appender = connection.appender(table); ArrowStream stream = new ArrowStream()) {
      Data.exportArrayStream(allocator, reader, ArrowArrayStream.wrap(stream.address()));
      appender.append(stream);
    }
  }
}
