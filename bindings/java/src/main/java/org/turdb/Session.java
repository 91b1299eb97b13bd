package org.turdb;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A connection below JDBC: whose turn it is, running and stopping statements, idle compiled statements, its end.
 *
 * <p>Whoever calls C with the connection's handle, or with one of its statements, holds the lock. Stopping does not.
 */
abstract class Session {
  static final int CACHED_STATEMENTS = 64;
  private static final int LONGEST_CACHED = 16 << 10;

  final ReentrantLock lock = new ReentrantLock();
  final Database database;
  private final Cleaner.Cleanable cleanable;
  final Interrupt interrupt;

  /** 0 when it is closed. Guarded by lock. */
  long handle;
  private final LinkedHashMap<String, CompiledStatement> cache = new LinkedHashMap<>();
  boolean autoCommit = true;
  boolean engineAutocommit = true;
  boolean readOnly;
  int isolation = Connection.TRANSACTION_REPEATABLE_READ;
  volatile boolean closed;

  /** The transaction of the batch that runs is its own. Guarded by lock. */
  boolean batchIsOwn;

  /** SQL is calling Java. Guarded by lock. */
  boolean inside;
  /** What Java threw when SQL called it. */
  Throwable raised;

  /** What C is running just now. */
  private volatile TurdbStatement running;
  private volatile long lastExecution;

  /** What C knows the progress hook by; 0: none. It goes with the connection. */
  final AtomicLong progress = new AtomicLong();

  private record Free(long conn, Interrupt interrupt, Database database, AtomicLong progress) implements Runnable {
    @Override
    public void run() {
      interrupt.free();
      Native.connFree(conn);
      Native.freeProgress(progress.getAndSet(0));
      database.release();
    }
  }

  Session(String path, Map<String, String> options) throws SQLException {
    database = Database.open(path, options);
    long conn = 0;
    long opened = 0;
    try {
      conn = Native.connOpen(database.handle);
      opened = Native.interruptOpen(conn);
    } catch (SQLException e) {
      Native.connFree(conn);
      database.release();
      throw e;
    }
    handle = conn;
    interrupt = new Interrupt(opened);
    cleanable = Handles.register(this, new Free(conn, interrupt, database, progress));
  }

  // ---- one thread at a time

  void enter() throws SQLException {
    lock.lock();
    if (handle == 0 || inside) {
      boolean calling = inside;
      lock.unlock();
      throw calling ? Errors.misuse("the connection is running the statement that called this function: use another one")
          : Errors.closed("connection");
    }
  }

  /** Until here nobody thinks that the connection was forgotten. */
  void leave() {
    lock.unlock();
    Reference.reachabilityFence(this);
  }

  long handle() {
    return handle;
  }

  void check() throws SQLException {
    if (closed) {
      throw Errors.closed("connection");
    }
  }

  /** What a failed call throws, with what Java threw below it as its cause. */
  SQLException failed(SQLException e) {
    Throwable cause = raised;
    raised = null;
    if (cause != null && e.getCause() == null && cause != e) {
      e.initCause(cause);
    }
    return e;
  }

  /**
   * Java is called by SQL: nothing else of this connection may be. False on a thread that does not have the connection, such as one that
   * frees what was forgotten.
   */
  boolean enterCallback() {
    boolean own = lock.isHeldByCurrentThread();
    if (own) {
      inside = true;
    }
    return own;
  }

  void leaveCallback(Throwable thrown) {
    inside = false;
    if (thrown != null && raised == null) {
      raised = thrown;
    }
  }

  // ---- running statements

  /** Runs a statement up to its first rows, which come behind an outcome. */
  void start(TurdbStatement owner, CompiledStatement compiled, Packer parameters, byte[] out) throws SQLException {
    enter();
    try {
      beginWhenNeeded();
      owner.begin();
      running = owner;
      try {
        Native.start(handle, compiled.handle, interrupt.handle, parameters.data, parameters.size, out);
      } catch (SQLException e) {
        throw failed(e);
      } finally {
        running = null;
        engineAutocommit = Outcome.autocommit(out);
        owner.end(out);
        lastExecution = Outcome.execution(out);
      }
      raised = null;
    } finally {
      leave();
    }
  }

  void fetch(TurdbStatement owner, CompiledStatement compiled, byte[] out) throws SQLException {
    enter();
    try {
      owner.begin();
      running = owner;
      try {
        Native.fetch(handle, compiled.handle, interrupt.handle, out);
      } catch (SQLException e) {
        throw failed(e);
      } finally {
        running = null;
        engineAutocommit = Outcome.autocommit(out);
        owner.end(out);
      }
      raised = null;
    } finally {
      leave();
    }
  }

  /** Runs a statement for packed rows; sizes and changes as in Native. With the connection locked. */
  void runRows(TurdbStatement owner, CompiledStatement compiled, byte[] rows, int size, int count, int[] sizes, long[] changes,
      byte[] out) throws SQLException {
    owner.begin();
    running = owner;
    try {
      Native.runRows(handle, compiled.handle, interrupt.handle, rows, size, count, sizes, changes, out);
    } catch (SQLException e) {
      throw failed(e);
    } finally {
      running = null;
      engineAutocommit = Outcome.autocommit(out);
      owner.end(out);
      lastExecution = Outcome.execution(out);
    }
    raised = null;
  }

  /** With the connection locked: what JDBC calls manual commit begins a transaction with its first statement. */
  void beginWhenNeeded() throws SQLException {
    if (!autoCommit && engineAutocommit) {
      execute(beginText());
    }
  }

  boolean isAutocommitNow() {
    return engineAutocommit;
  }

  String beginText() {
    String text = isolation == Connection.TRANSACTION_SERIALIZABLE ? "begin isolation level serializable" : "begin";
    return readOnly ? text + " read only" : text;
  }

  /** SQL of the driver itself. With the connection locked. */
  void execute(String sql) throws SQLException {
    try {
      Native.connExec(handle, sql.getBytes(StandardCharsets.UTF_8));
    } catch (SQLException e) {
      throw failed(e);
    } finally {
      engineAutocommit = Native.connInAutocommit(handle);
    }
  }

  void reset(CompiledStatement compiled) {
    lock.lock();
    try {
      if (handle != 0 && compiled.handle != 0 && !inside) {
        Native.stmtReset(compiled.handle);
        engineAutocommit = Native.connInAutocommit(handle);
      }
    } catch (SQLException e) {
      // The statement is over whatever this says.
    } finally {
      leave();
    }
  }

  // ---- cancelling

  /** Stops what a statement runs. False: it runs nothing any more. */
  boolean stop(TurdbStatement owner) {
    long run = owner.run();
    if (running != owner) {
      return false;
    }
    long cursor = owner.cursorExecution();
    long execution = cursor != 0 ? cursor : interrupt.execution();
    // Only when it is still the same call is this number its own.
    if (running != owner || owner.run() != run) {
      return false;
    }
    // What began before this call is another statement's: perhaps a cursor.
    if (cursor != 0 || execution > lastExecution) {
      interrupt.stop(execution);
    }
    return true;
  }

  boolean isCallingThread() {
    return lock.isHeldByCurrentThread();
  }

  // ---- compiled statements

  /** The first statement of a text, which may be an idle one of before. */
  CompiledStatement compile(String sql) throws SQLException {
    enter();
    try {
      CompiledStatement idle = cache.remove(sql);
      if (idle != null) {
        return idle;
      }
      return compile(sql, Utf8.bytes(sql), 0);
    } finally {
      leave();
    }
  }

  CompiledStatement compile(byte[] sql, int start) throws SQLException {
    enter();
    try {
      return compile(null, sql, start);
    } finally {
      leave();
    }
  }

  private CompiledStatement compile(String text, byte[] sql, int start) throws SQLException {
    long[] results = new long[2];
    try {
      long statement = Native.prepare(handle, sql, start, results);
      int tail = (int) results[0];
      boolean whole = start == 0 && SqlText.isBlank(sql, tail) && sql.length <= LONGEST_CACHED && statement != 0;
      return new CompiledStatement(statement, whole ? text : null, sql, start, tail, (int) results[1]);
    } catch (SQLException e) {
      throw Errors.located(failed(e), sql, start);
    }
  }

  /** The statement is idle. */
  void giveBack(CompiledStatement compiled) {
    if (compiled.key == null) {
      compiled.free();
      return;
    }
    lock.lock();
    try {
      compiled.trim();
      CompiledStatement other = closed ? compiled : cache.put(compiled.key, compiled);
      if (other == null && cache.size() > CACHED_STATEMENTS) {
        var oldest = cache.entrySet().iterator();
        other = oldest.next().getValue();
        oldest.remove();
      }
      if (other != null) {
        other.free();
      }
    } finally {
      leave();
    }
  }

  void clearCache() {
    for (CompiledStatement compiled : cache.values()) {
      compiled.free();
    }
    cache.clear();
  }

  // ---- its end

  public void close() throws SQLException {
    lock.lock();
    try {
      if (handle == 0) {
        return;
      }
      if (inside) {
        throw Errors.misuse("the connection is running the statement that called this function");
      }
      closed = true;
      clearCache();
      long conn = handle;
      handle = 0;
      try {
        Native.connClose(conn);
      } finally {
        cleanable.clean();
      }
    } finally {
      leave();
    }
  }

  public void abort(Executor executor) throws SQLException {
    if (executor == null) {
      throw Errors.invalid("abort wants an executor");
    }
    if (closed) {
      return;
    }
    closed = true;
    executor.execute(() -> {
      try {
        while (!lock.tryLock(1, TimeUnit.MILLISECONDS)) {
          TurdbStatement statement = running;
          if (statement != null) {
            stop(statement);
          }
        }
        try {
          close();
        } finally {
          lock.unlock();
        }
      } catch (SQLException | InterruptedException e) {
        // Nobody is left to be told.
      }
    });
  }
}
