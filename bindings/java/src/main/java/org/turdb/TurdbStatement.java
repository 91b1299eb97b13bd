package org.turdb;

import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.locks.LockSupport;

/** A statement. One thread at a time uses it, but for {@link #cancel}. */
public class TurdbStatement implements Statement {
  static final Packer NOTHING = new Packer(0);

  final TurdbConnection connection;
  final int cursorType;
  volatile boolean closed;
  TurdbResultSet results;
  private long updateCount = -1;
  TurdbResultSet keys;

  // What is behind the statement that ran last, of a text with several.
  private byte[] text;
  private int next;
  private List<String> batch;

  private int queryTimeoutSeconds;
  private long maxRows;
  private int maxFieldSize;
  private int fetchSize;
  private boolean poolable;
  private boolean closeOnCompletion;

  /** How often C was called; the thread that cancels compares it. Written by the thread that runs. */
  private long runs;
  /** The execution of an open cursor, which goes on with the one that it began with; 0 without one. */
  private volatile long cursorExecution;
  private volatile boolean timedOut;
  private ScheduledFuture<?> timeout;
  private int timed;

  TurdbStatement(TurdbConnection connection, int cursorType) {
    this.connection = connection;
    this.cursorType = cursorType;
  }

  void check() throws SQLException {
    if (closed) {
      throw Errors.closed("statement");
    }
    connection.check();
  }

  // ---- a call of C begins and ends; the connection says so

  final void begin() {
    ++runs;
    startTimer();
  }

  final void end(byte[] outcome) {
    ++runs;
    stopTimer();
    cursorExecution = !Outcome.hasMore(outcome) ? 0 : cursorExecution != 0 ? cursorExecution : Outcome.execution(outcome);
  }

  /** The query timeout begins, unless it has begun before; as often as this is called stopTimer() is, too. */
  final void startTimer() {
    if (timed++ == 0 && timedOut) {
      timedOut = false;
    }
    if (timed == 1 && queryTimeoutSeconds > 0) {
      timeout = Timeouts.after(1000L * queryTimeoutSeconds, () -> {
        timedOut = true;
        connection.stop(this);
      });
    }
  }

  final void stopTimer() {
    if (--timed == 0 && timeout != null) {
      timeout.cancel(false);
      timeout = null;
    }
  }

  /** The cursor was closed. */
  final void ended() {
    cursorExecution = 0;
  }

  final long run() {
    return runs;
  }

  final long cursorExecution() {
    return cursorExecution;
  }

  final SQLException failed(SQLException e, CompiledStatement compiled) {
    SQLException error = compiled == null ? e : Errors.located(e, compiled.sql, compiled.start);
    return timedOut ? Errors.timedOut(error) : error;
  }

  /** Stops what this statement runs, and returns when it has stopped. What is run later is not affected. */
  @Override
  public void cancel() throws SQLException {
    check();
    if (!connection.stop(this)) {
      long cursor = cursorExecution;
      if (cursor != 0) {
        connection.interrupt.stop(cursor);
      }
      return;
    }
    long run = runs;
    while (!connection.isCallingThread() && runs == run && connection.stop(this)) {
      LockSupport.parkNanos(200_000);
    }
  }

  // ---- running

  /** Runs a statement, whose rows become the results; the statement is theirs then, and idle otherwise. */
  final void run(CompiledStatement compiled, Packer parameters, boolean own) throws SQLException {
    results = null;
    updateCount = -1;
    if (compiled.handle == 0) {
      updateCount = 0;
      return;
    }
    byte[] out = compiled.firstRows();
    try {
      connection.start(this, compiled, parameters, out);
      Column[] columns = compiled.columns(out);
      if (columns.length > 0) {
        results = new TurdbResultSet(this, compiled, columns, out, own, maxRows);
        if (Outcome.hasMore(out) && !Native.stmtIsReadOnly(compiled.handle)) {
          keepAll(); // a change commits with its last row, which somebody may never ask for
        }
      } else {
        updateCount = Outcome.changes(out);
      }
    } catch (SQLException e) {
      throw failed(e, compiled);
    }
  }

  /** Reads all rows at once. */
  private void keepAll() throws SQLException {
    TurdbResultSet open = results;
    Packer rows = new Packer(64 << 10);
    byte[] outcome = open.outcome().clone();
    long count = open.drain(rows);
    results = TurdbResultSet.of(this, open.columns(), rows, count, outcome);
    open.close(false);
  }

  /** Runs the next statement of the text. */
  private boolean runNext(CompiledStatement first) throws SQLException {
    CompiledStatement compiled = first != null ? first : connection.compile(text, next);
    next = compiled.tail;
    try {
      if (compiled.parameterCount > 0) {
        throw wrongCount(compiled.parameterCount);
      }
      run(compiled, NOTHING, true);
    } catch (SQLException e) {
      text = null;
      connection.giveBack(compiled);
      throw e;
    }
    if (results == null) {
      connection.giveBack(compiled);
    }
    return results != null;
  }

  private static SQLException wrongCount(int count) {
    return Errors.notFound("07001", "the statement has " + count + (count == 1 ? " parameter" : " parameters")
        + ", which only a PreparedStatement gives values to");
  }

  boolean executeText(String sql, String[] keyNames) throws SQLException {
    check();
    closeResults();
    String translated = Escapes.translate(sql);
    if (keyNames != null && GeneratedKeys.isPossible(translated)) {
      return executeWithKeys(GeneratedKeys.returning(translated, keyNames));
    }
    CompiledStatement first = connection.compile(translated);
    text = first.sql;
    return runNext(first);
  }

  private boolean executeWithKeys(String sql) throws SQLException {
    CompiledStatement compiled = connection.compile(sql);
    text = compiled.sql;
    runNext(compiled);
    takeKeys();
    return false;
  }

  /** The rows of RETURNING are the keys. */
  final void takeKeys() throws SQLException {
    if (results != null) {
      TurdbResultSet rows = results;
      results = null;
      updateCount = Outcome.changes(rows.outcome());
      keys = rows;
    }
  }

  final void closeResults() throws SQLException {
    text = null;
    updateCount = -1;
    TurdbResultSet open = results;
    if (open != null) {
      results = null;
      open.close(false);
    }
    open = keys;
    if (open != null) {
      keys = null;
      open.close(false);
    }
  }

  final ResultSet onlyQuery(boolean hasRows) throws SQLException {
    if (!hasRows) {
      closeResults();
      throw Errors.misuse("the statement gives no rows: it is for executeUpdate or execute");
    }
    return results;
  }

  final long onlyUpdate(boolean hasRows) throws SQLException {
    if (hasRows) {
      closeResults();
      throw Errors.misuse("the statement gives rows: it is for executeQuery or execute");
    }
    return updateCount;
  }

  @Override
  public ResultSet executeQuery(String sql) throws SQLException {
    return onlyQuery(executeText(sql, null));
  }

  /** Runs all statements of the text; the count is that of the last one. */
  @Override
  public long executeLargeUpdate(String sql) throws SQLException {
    return updateAll(executeText(sql, null));
  }

  private long updateAll(boolean hasRows) throws SQLException {
    while (true) {
      long count = onlyUpdate(hasRows);
      if (text == null || SqlText.isBlank(text, next)) {
        return count;
      }
      hasRows = runNext(null);
    }
  }

  @Override
  public int executeUpdate(String sql) throws SQLException {
    return count(executeLargeUpdate(sql));
  }

  @Override
  public boolean execute(String sql) throws SQLException {
    return executeText(sql, null);
  }

  @Override
  public int executeUpdate(String sql, int autoGeneratedKeys) throws SQLException {
    return count(executeLargeUpdate(sql, autoGeneratedKeys));
  }

  @Override
  public int executeUpdate(String sql, int[] columnIndexes) throws SQLException {
    return count(executeLargeUpdate(sql, columnIndexes));
  }

  @Override
  public int executeUpdate(String sql, String[] columnNames) throws SQLException {
    return count(executeLargeUpdate(sql, columnNames));
  }

  @Override
  public long executeLargeUpdate(String sql, int autoGeneratedKeys) throws SQLException {
    return updateAll(execute(sql, autoGeneratedKeys));
  }

  @Override
  public long executeLargeUpdate(String sql, int[] columnIndexes) throws SQLException {
    return updateAll(execute(sql, columnIndexes));
  }

  @Override
  public long executeLargeUpdate(String sql, String[] columnNames) throws SQLException {
    return updateAll(execute(sql, columnNames));
  }

  @Override
  public boolean execute(String sql, int autoGeneratedKeys) throws SQLException {
    check();
    return executeText(sql, GeneratedKeys.wanted(connection, Escapes.translate(sql), autoGeneratedKeys));
  }

  @Override
  public boolean execute(String sql, int[] columnIndexes) throws SQLException {
    check();
    return executeText(sql, GeneratedKeys.wanted(connection, Escapes.translate(sql), columnIndexes));
  }

  @Override
  public boolean execute(String sql, String[] columnNames) throws SQLException {
    return executeText(sql, columnNames);
  }

  static int count(long count) {
    return (int) Math.min(count, Integer.MAX_VALUE);
  }

  // ---- results

  @Override
  public ResultSet getResultSet() throws SQLException {
    check();
    return results;
  }

  @Override
  public int getUpdateCount() throws SQLException {
    return (int) Math.min(getLargeUpdateCount(), Integer.MAX_VALUE);
  }

  @Override
  public long getLargeUpdateCount() throws SQLException {
    check();
    return results != null ? -1 : updateCount;
  }

  final void setUpdateCount(long count) {
    updateCount = count;
  }

  @Override
  public boolean getMoreResults() throws SQLException {
    return getMoreResults(CLOSE_CURRENT_RESULT);
  }

  @Override
  public boolean getMoreResults(int current) throws SQLException {
    check();
    if (current == KEEP_CURRENT_RESULT || current == CLOSE_ALL_RESULTS && keys != null) {
      throw Errors.unsupported("only the current results are kept open");
    }
    TurdbResultSet open = results;
    results = null;
    updateCount = -1;
    if (open != null) {
      open.close(false);
    }
    return text != null && !SqlText.isBlank(text, next) && runNext(null);
  }

  @Override
  public ResultSet getGeneratedKeys() throws SQLException {
    check();
    if (keys == null) {
      keys = TurdbResultSet.of(connection, new Column[] {new Column(Type.INT64, 0, "GENERATED_KEY", "bigint", null, null, null)},
          NOTHING, 0);
    }
    return keys;
  }

  // ---- batches

  @Override
  public void addBatch(String sql) throws SQLException {
    check();
    if (batch == null) {
      batch = new ArrayList<>();
    }
    batch.add(sql);
  }

  @Override
  public void clearBatch() throws SQLException {
    check();
    batch = null;
  }

  @Override
  public int[] executeBatch() throws SQLException {
    return Batches.counts(executeLargeBatch());
  }

  /** All of the batch, or nothing of it, is done. */
  @Override
  public long[] executeLargeBatch() throws SQLException {
    check();
    closeResults();
    List<String> all = batch == null ? List.of() : batch;
    batch = null;
    long[] counts = new long[all.size()];
    connection.enter();
    startTimer();
    try {
      Batches.begin(connection, counts.length);
      try {
        for (int i = 0; i < counts.length; ++i) {
          counts[i] = updateAll(executeText(all.get(i), null));
        }
      } catch (SQLException e) {
        throw Batches.undo(connection, counts.length, e);
      }
      Batches.end(connection, counts.length);
      return counts;
    } catch (BatchUpdateException e) {
      throw e;
    } catch (SQLException e) {
      throw Batches.failed(counts.length, e);
    } finally {
      stopTimer();
      connection.leave();
    }
  }

  // ---- its end

  @Override
  public void close() throws SQLException {
    if (!closed) {
      closeResults();
      closed = true;
    }
  }

  @Override
  public boolean isClosed() {
    return closed;
  }

  /** The results were closed by whoever read them. */
  final void completed(TurdbResultSet which) throws SQLException {
    if (results == which) {
      results = null;
      if (closeOnCompletion) {
        close();
      }
    }
  }

  @Override
  public void closeOnCompletion() throws SQLException {
    check();
    closeOnCompletion = true;
  }

  @Override
  public boolean isCloseOnCompletion() throws SQLException {
    check();
    return closeOnCompletion;
  }

  // ---- what JDBC asks for besides

  @Override
  public Connection getConnection() throws SQLException {
    check();
    return connection;
  }

  @Override
  public int getQueryTimeout() throws SQLException {
    check();
    return queryTimeoutSeconds;
  }

  /** Each call of the statement may take as long, a batch as a whole. */
  @Override
  public void setQueryTimeout(int seconds) throws SQLException {
    check();
    if (seconds < 0) {
      throw Errors.invalid("a timeout is not negative");
    }
    queryTimeoutSeconds = seconds;
  }

  @Override
  public int getMaxRows() throws SQLException {
    return (int) Math.min(getLargeMaxRows(), Integer.MAX_VALUE);
  }

  @Override
  public void setMaxRows(int max) throws SQLException {
    setLargeMaxRows(max);
  }

  @Override
  public long getLargeMaxRows() throws SQLException {
    check();
    return maxRows;
  }

  @Override
  public void setLargeMaxRows(long max) throws SQLException {
    check();
    if (max < 0) {
      throw Errors.invalid("a number of rows is not negative");
    }
    maxRows = max;
  }

  @Override
  public int getMaxFieldSize() throws SQLException {
    check();
    return maxFieldSize;
  }

  @Override
  public void setMaxFieldSize(int max) throws SQLException {
    check();
    if (max < 0) {
      throw Errors.invalid("a size is not negative");
    }
    maxFieldSize = max; // a hint
  }

  @Override
  public void setFetchSize(int rows) throws SQLException {
    check();
    if (rows < 0) {
      throw Errors.invalid("a number of rows is not negative");
    }
    fetchSize = rows; // a hint: rows come as many at a time as 64 KiB hold
  }

  @Override
  public int getFetchSize() throws SQLException {
    check();
    return fetchSize;
  }

  @Override
  public void setFetchDirection(int direction) throws SQLException {
    check();
    if (direction != ResultSet.FETCH_FORWARD && direction != ResultSet.FETCH_REVERSE && direction != ResultSet.FETCH_UNKNOWN) {
      throw Errors.invalid("there is no such direction: " + direction);
    }
  }

  @Override
  public int getFetchDirection() throws SQLException {
    check();
    return ResultSet.FETCH_FORWARD;
  }

  @Override
  public int getResultSetConcurrency() throws SQLException {
    check();
    return ResultSet.CONCUR_READ_ONLY;
  }

  @Override
  public int getResultSetType() throws SQLException {
    check();
    return cursorType;
  }

  @Override
  public int getResultSetHoldability() throws SQLException {
    check();
    return ResultSet.HOLD_CURSORS_OVER_COMMIT;
  }

  @Override
  public void setEscapeProcessing(boolean enable) throws SQLException {
    check();
  }

  @Override
  public void setCursorName(String name) throws SQLException {
    throw Errors.unsupported("there are no updates at a cursor");
  }

  @Override
  public void setPoolable(boolean poolable) throws SQLException {
    check();
    this.poolable = poolable;
  }

  @Override
  public boolean isPoolable() throws SQLException {
    check();
    return poolable;
  }

  @Override
  public SQLWarning getWarnings() throws SQLException {
    check();
    return null;
  }

  @Override
  public void clearWarnings() throws SQLException {
    check();
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    if (type.isInstance(this)) {
      return type.cast(this);
    }
    throw Errors.misuse("the statement is no " + type.getName());
  }

  @Override
  public boolean isWrapperFor(Class<?> type) {
    return type.isInstance(this);
  }
}
