package org.turdb;

import java.sql.BatchUpdateException;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;

/** A batch is all or nothing: a transaction of its own, or a savepoint inside of one. With the connection locked. */
final class Batches {
  private static final String SAVEPOINT = "\"turdb_jdbc_batch\"";

  private Batches() {}

  static void begin(TurdbConnection connection, int count) throws SQLException {
    if (count < 2) {
      return;
    }
    connection.beginWhenNeeded();
    connection.batchIsOwn = connection.isAutocommitNow();
    connection.execute(connection.batchIsOwn ? connection.beginText() : "savepoint " + SAVEPOINT);
  }

  static void end(TurdbConnection connection, int count) throws SQLException {
    if (count >= 2) {
      connection.execute(connection.batchIsOwn ? "commit" : "release " + SAVEPOINT);
    }
  }

  static SQLException undo(TurdbConnection connection, int count, SQLException cause) {
    if (count >= 2) {
      try {
        if (connection.batchIsOwn) {
          if (!connection.isAutocommitNow()) {
            connection.execute("rollback");
          }
        } else {
          connection.execute("rollback to " + SAVEPOINT + "; release " + SAVEPOINT);
        }
      } catch (SQLException e) {
        cause.addSuppressed(e); // a conflict may have ended the transaction
      }
    }
    return failed(count, cause);
  }

  static BatchUpdateException failed(int count, SQLException cause) {
    long[] counts = new long[count];
    Arrays.fill(counts, Statement.EXECUTE_FAILED);
    return new BatchUpdateException(cause.getMessage() + "; nothing of the batch was done", cause.getSQLState(), cause.getErrorCode(),
        counts, cause);
  }

  static int[] counts(long[] counts) {
    int[] small = new int[counts.length];
    for (int i = 0; i < counts.length; ++i) {
      small[i] = TurdbStatement.count(counts[i]);
    }
    return small;
  }
}
