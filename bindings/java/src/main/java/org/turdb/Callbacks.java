package org.turdb;

import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.Arrays;

/** What C calls. Nothing is thrown here: whatever Java throws is kept for the exception of the statement. */
final class Callbacks {
  private Callbacks() {}

  /** C keeps these as long as the connection: they must not keep it. While it runs something, it is there. */
  record Scalar(WeakReference<TurdbConnection> connection, ScalarFunction function) {}

  record Hook(WeakReference<TurdbConnection> connection, CommitHook commit, Runnable rollback) {}

  /** 0 and the packed results, or 1 and a message. */
  @SuppressWarnings("unused")
  private static byte[] scalar(Object function, byte[] arguments, long rows) {
    Scalar scalar = (Scalar) function;
    Throwable thrown = null;
    TurdbConnection connection = scalar.connection.get();
    connection.enterCallback();
    try {
      Packer results = new Packer((int) Math.min(1 << 20, 16 * rows + 16));
      results.append(new byte[1], 0, 1);
      int columns = count(arguments, rows);
      int at = 0;
      for (long row = 0; row < rows; ++row) {
        Object[] values = new Object[columns];
        for (int i = 0; i < columns; ++i) {
          values[i] = Packed.loose(arguments, at);
          at = Packed.skip(arguments, at);
        }
        results.value(scalar.function.apply(values));
      }
      return Arrays.copyOf(results.data, results.size);
    } catch (Throwable e) {
      thrown = e;
      return failure(e);
    } finally {
      connection.leaveCallback(thrown);
    }
  }

  /** How many arguments a row has. */
  private static int count(byte[] arguments, long rows) {
    long values = 0;
    for (int at = 0; at < arguments.length; at = Packed.skip(arguments, at)) {
      ++values;
    }
    return rows == 0 ? 0 : (int) (values / rows);
  }

  private static byte[] failure(Throwable e) {
    String text = e instanceof SQLException || e.getMessage() == null ? e.toString() : e.getClass().getName() + ": " + e.getMessage();
    byte[] message = ("\1" + text.replace('\0', ' ')).getBytes(StandardCharsets.UTF_8);
    return message;
  }

  @SuppressWarnings("unused")
  private static boolean commit(Object object) {
    Hook hook = (Hook) object;
    Throwable thrown = null;
    TurdbConnection connection = hook.connection.get();
    connection.enterCallback();
    try {
      hook.commit.beforeCommit();
      return false;
    } catch (Throwable e) {
      thrown = e;
      return true;
    } finally {
      connection.leaveCallback(thrown);
    }
  }

  @SuppressWarnings("unused")
  private static void rollback(Object object) {
    Hook hook = (Hook) object;
    TurdbConnection connection = hook.connection.get();
    connection.enterCallback();
    try {
      hook.rollback.run();
    } catch (Throwable e) {
      // There is nothing to be stopped, and nobody to be told.
    } finally {
      connection.leaveCallback(null);
    }
  }
}
