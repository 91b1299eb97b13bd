package org.turdb;

import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;

/** What C calls. Nothing is thrown here: whatever Java throws is kept for the exception of the statement. */
final class Callbacks {
  private Callbacks() {}

  // What a call is about, as callback.c has it.
  static final int CALL = 0;
  static final int CREATE = 1;
  static final int UPDATE = 2;
  static final int MERGE = 3;
  static final int FINISH = 4;
  static final int RELEASE = 5;
  static final int OPEN = 6;
  static final int NEXT = 7;
  static final int CLOSE = 8;
  static final int COMMIT = 9;
  static final int ROLLBACK = 10;
  static final int CHANGE = 11;
  static final int TRACE = 12;
  static final int AUTHORIZE = 13;
  static final int PROGRESS = 14;

  /** C keeps it as long as the connection, which it must not keep. */
  abstract static class Callback {
    private final WeakReference<TurdbConnection> connection;

    Callback(TurdbConnection connection) {
      this.connection = new WeakReference<>(connection);
    }

    /** Answers into `out`. What is thrown fails what C does. */
    abstract void answer(int what, byte[] data, long number, long[] states, Packer out) throws Exception;
  }

  /** 0 and the answer, or 1, a SQLSTATE and a message. */
  @SuppressWarnings("unused")
  private static byte[] call(Object object, int what, byte[] data, long number, long[] states) {
    Callback callback = (Callback) object;
    TurdbConnection connection = callback.connection.get();
    Throwable thrown = null;
    boolean entered = connection != null && connection.enterCallback();
    try {
      Packer out = new Packer(data == null ? 64 : (int) Math.min(1 << 20, 64 + (long) data.length));
      out.append(new byte[1], 0, 1);
      callback.answer(what, data, number, states, out);
      return Arrays.copyOf(out.data, out.size);
    } catch (Throwable e) {
      // Of what ends or is only told of there is nothing to be stopped.
      thrown = what == RELEASE || what == CLOSE || what == ROLLBACK || what == TRACE ? null : e;
      return failure(e);
    } finally {
      if (entered) {
        connection.leaveCallback(thrown);
      }
    }
  }

  private static byte[] failure(Throwable e) {
    String text = e instanceof SQLException || e.getMessage() == null ? e.toString() : e.getClass().getName() + ": " + e.getMessage();
    String state = e instanceof SQLException sql && sql.getSQLState() != null && sql.getSQLState().matches("[0-9A-Z]{5}")
        ? sql.getSQLState() : "38000";
    return ("\1" + state + text.replace('\0', ' ')).getBytes(StandardCharsets.UTF_8);
  }

  // ---- functions

  private interface EachRow {
    void row(int row, Object[] arguments) throws Exception;
  }

  private static void forRows(byte[] arguments, long rows, EachRow each) throws Exception {
    int columns = count(arguments, rows);
    int at = 0;
    for (int row = 0; row < rows; ++row) {
      Object[] values = new Object[columns];
      for (int i = 0; i < columns; ++i) {
        values[i] = Packed.loose(arguments, at);
        at = Packed.skip(arguments, at);
      }
      each.row(row, values);
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

  static final class Scalar extends Callback {
    private final ScalarFunction function;

    Scalar(TurdbConnection connection, ScalarFunction function) {
      super(connection);
      this.function = function;
    }

    @Override
    void answer(int what, byte[] data, long number, long[] states, Packer out) throws Exception {
      forRows(data, number, (row, arguments) -> out.value(function.apply(arguments)));
    }
  }

  static final class Collation extends Callback {
    private final SortKey key;

    Collation(TurdbConnection connection, SortKey key) {
      super(connection);
      this.key = key;
    }

    @Override
    void answer(int what, byte[] data, long number, long[] states, Packer out) throws Exception {
      forRows(data, number, (row, arguments) -> out.bytes(Type.BLOB, key.of((String) arguments[0])));
    }
  }

  /** Objects that C knows by numbers. They may be given back on any thread. */
  private static final class Numbered<T> {
    private final Map<Long, T> objects = new HashMap<>();
    private long last;

    synchronized long add(T object) {
      objects.put(++last, object);
      return last;
    }

    synchronized T get(long number) {
      return objects.get(number);
    }

    synchronized T remove(long number) {
      return objects.remove(number);
    }
  }

  static final class AggregateCallback<S> extends Callback {
    private final Aggregate<S> aggregate;
    private final Numbered<S> groups = new Numbered<>();

    AggregateCallback(TurdbConnection connection, Aggregate<S> aggregate) {
      super(connection);
      this.aggregate = aggregate;
    }

    @Override
    void answer(int what, byte[] data, long number, long[] states, Packer out) throws Exception {
      switch (what) {
        case CREATE -> out.raw(groups.add(aggregate.create()));
        case UPDATE -> forRows(data, number, (row, arguments) -> aggregate.step(groups.get(states[row]), arguments));
        case MERGE -> aggregate.merge(groups.get(states[0]), groups.get(states[1]));
        case FINISH -> {
          for (long state : states) {
            out.value(aggregate.finish(groups.get(state)));
          }
        }
        default -> groups.remove(number);
      }
    }
  }

  static final class Table extends Callback {
    private static final int ROWS = 2048;
    private static final int BYTES = 1 << 20;

    private final TableFunction function;
    private final int columns;
    private final Numbered<Iterator<Object[]>> cursors = new Numbered<>();

    Table(TurdbConnection connection, TableFunction function, int columns) {
      super(connection);
      this.function = function;
      this.columns = columns;
    }

    @Override
    void answer(int what, byte[] data, long number, long[] states, Packer out) throws Exception {
      switch (what) {
        case OPEN -> forRows(data, number, (row, arguments) -> {
          Iterator<Object[]> rows = function.rows(arguments);
          if (rows == null) {
            throw Errors.invalid("the table function gave null instead of rows");
          }
          out.raw(cursors.add(rows));
        });
        case NEXT -> next(cursors.get(number), out);
        default -> {
          if (cursors.remove(number) instanceof AutoCloseable rows) {
            rows.close();
          }
        }
      }
    }

    private void next(Iterator<Object[]> rows, Packer out) throws SQLException {
      int head = out.size;
      out.raw(0);
      long count = 0;
      for (; count < ROWS && out.size < BYTES && rows.hasNext(); ++count) {
        Object[] row = rows.next();
        if (row == null || row.length != columns) {
          throw Errors.misuse("a row of this function has " + columns + " values, not " + (row == null ? "null" : row.length));
        }
        for (Object value : row) {
          out.value(value);
        }
      }
      Packed.LONG.set(out.data, head, count);
    }
  }

  // ---- hooks

  static final class Commit extends Callback {
    private final CommitHook hook;

    Commit(TurdbConnection connection, CommitHook hook) {
      super(connection);
      this.hook = hook;
    }

    @Override
    void answer(int what, byte[] data, long number, long[] states, Packer out) throws Exception {
      hook.beforeCommit();
    }
  }

  static final class Progress extends Callback {
    private final ProgressHook hook;

    Progress(TurdbConnection connection, ProgressHook hook) {
      super(connection);
      this.hook = hook;
    }

    @Override
    void answer(int what, byte[] data, long number, long[] states, Packer out) throws Exception {
      hook.working();
    }
  }

  static final class Rollback extends Callback {
    private final Runnable hook;

    Rollback(TurdbConnection connection, Runnable hook) {
      super(connection);
      this.hook = hook;
    }

    @Override
    void answer(int what, byte[] data, long number, long[] states, Packer out) {
      hook.run();
    }
  }

  static final class Changes extends Callback {
    private final ChangeHook hook;

    Changes(TurdbConnection connection, ChangeHook hook) {
      super(connection);
      this.hook = hook;
    }

    @Override
    void answer(int what, byte[] data, long number, long[] states, Packer out) throws Exception {
      Change change = new Change(number, in(data));
      try {
        hook.changed(change);
      } finally {
        change.end();
      }
    }
  }

  static final class Traces extends Callback {
    private final TraceHook hook;

    Traces(TurdbConnection connection, TraceHook hook) {
      super(connection);
      this.hook = hook;
    }

    @Override
    void answer(int what, byte[] data, long number, long[] states, Packer out) {
      Trace trace = new Trace(number, in(data));
      try {
        hook.traced(trace);
      } finally {
        trace.end();
      }
    }
  }

  static final class Authorizes extends Callback {
    private final Authorizer authorizer;

    Authorizes(TurdbConnection connection, Authorizer authorizer) {
      super(connection);
      this.authorizer = authorizer;
    }

    @Override
    void answer(int what, byte[] data, long number, long[] states, Packer out) throws SQLException {
      ByteBuffer in = in(data);
      Authorizer.Request request = new Authorizer.Request(Authorizer.Action.of((int) number), Column.text(in), Column.text(in),
          Column.text(in), Column.text(in));
      Authorizer.Access access = authorizer.authorize(request);
      out.raw(access == null ? Authorizer.Access.DENY.ordinal() : access.ordinal());
    }
  }

  private static ByteBuffer in(byte[] data) {
    return ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
  }
}
