package org.turdb;

import java.lang.ref.Cleaner;
import java.nio.charset.StandardCharsets;
import java.sql.Array;
import java.sql.Blob;
import java.sql.CallableStatement;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.NClob;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLClientInfoException;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.SQLXML;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Struct;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A connection. {@code connection.unwrap(TurdbConnection.class)} is the way to what JDBC has no words for: appenders, Arrow, backups,
 * functions of Java.
 *
 * <p>Calls from several threads wait for each other, but for {@link Statement#cancel()} and {@link #abort}, which stop what runs.
 */
public final class TurdbConnection implements Connection {
  private static final int CACHED_STATEMENTS = 64;
  private static final int LONGEST_CACHED = 16 << 10;

  private final ReentrantLock lock = new ReentrantLock();
  private final Database database;
  private final String url;
  private final Cleaner.Cleanable cleanable;
  final long interrupt;

  /** 0 when it is closed. Guarded by lock. */
  private long handle;
  private final LinkedHashMap<String, CompiledStatement> cache = new LinkedHashMap<>();
  private final Map<String, String[]> keyColumns = new LinkedHashMap<>();
  private boolean autoCommit = true;
  private boolean engineAutocommit = true;
  private boolean readOnly;
  private int isolation = TRANSACTION_REPEATABLE_READ;
  private int savepoints;
  private int holdability = ResultSet.HOLD_CURSORS_OVER_COMMIT;
  private int networkTimeout;
  private final Properties clientInfo = new Properties();
  private volatile boolean closed;

  /** The transaction of the batch that runs is its own. Guarded by lock. */
  boolean batchIsOwn;

  /** SQL is calling Java. Guarded by lock. */
  private boolean inside;
  /** What Java threw when SQL called it. */
  private Throwable raised;

  /** What C is running just now. */
  private volatile TurdbStatement running;
  private volatile long lastExecution;

  private record Free(long conn, long interrupt, Database database) implements Runnable {
    @Override
    public void run() {
      Native.interruptFree(interrupt);
      Native.connFree(conn);
      database.release();
    }
  }

  TurdbConnection(String url, String path, Map<String, String> options) throws SQLException {
    this.url = url;
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
    interrupt = opened;
    cleanable = Handles.register(this, new Free(conn, opened, database));
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

  void leave() {
    lock.unlock();
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

  /** Java is called by SQL: nothing else of this connection may be. */
  void enterCallback() {
    inside = true;
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
        Native.start(handle, compiled.handle, interrupt, parameters.data, parameters.size, out);
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
      lock.unlock();
    }
  }

  void fetch(TurdbStatement owner, CompiledStatement compiled, byte[] out) throws SQLException {
    enter();
    try {
      owner.begin();
      running = owner;
      try {
        Native.fetch(handle, compiled.handle, interrupt, out);
      } catch (SQLException e) {
        throw failed(e);
      } finally {
        running = null;
        engineAutocommit = Outcome.autocommit(out);
        owner.end(out);
      }
      raised = null;
    } finally {
      lock.unlock();
    }
  }

  /** Runs a statement for packed rows; sizes and changes as in Native. With the connection locked. */
  void runRows(TurdbStatement owner, CompiledStatement compiled, byte[] rows, int size, int count, int[] sizes, long[] changes,
      byte[] out) throws SQLException {
    owner.begin();
    running = owner;
    try {
      Native.runRows(handle, compiled.handle, interrupt, rows, size, count, sizes, changes, out);
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
    String text = isolation == TRANSACTION_SERIALIZABLE ? "begin isolation level serializable" : "begin";
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
      lock.unlock();
    }
  }

  // ---- cancelling

  /** Stops what a statement runs. False: it runs nothing any more. */
  boolean stop(TurdbStatement owner) {
    long run = owner.run();
    if (running != owner) {
      return false;
    }
    long execution = Native.interruptExecution(interrupt);
    // Only when it is still the same call is this number its own; and one of before may be another statement's cursor.
    if (running != owner || owner.run() != run) {
      return false;
    }
    if (execution > lastExecution || owner.ownsExecution(execution)) {
      Native.interruptStopExecution(interrupt, execution);
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
      lock.unlock();
    }
  }

  CompiledStatement compile(byte[] sql, int start) throws SQLException {
    enter();
    try {
      return compile(null, sql, start);
    } finally {
      lock.unlock();
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
      lock.unlock();
    }
  }

  private void clearCache() {
    for (CompiledStatement compiled : cache.values()) {
      compiled.free();
    }
    cache.clear();
  }

  /** The columns that RETURN_GENERATED_KEYS means for an INSERT, or null: the primary key, identities and what has nextval. */
  String[] keyColumns(String table) throws SQLException {
    enter();
    try {
      if (keyColumns.containsKey(table)) {
        return keyColumns.get(table);
      }
    } finally {
      lock.unlock();
    }
    String[] found = DatabaseKeys.find(this, table);
    enter();
    try {
      if (keyColumns.size() > CACHED_STATEMENTS) {
        keyColumns.clear();
      }
      keyColumns.put(table, found);
    } finally {
      lock.unlock();
    }
    return found;
  }

  // ---- statements of JDBC

  @Override
  public Statement createStatement() throws SQLException {
    return createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY, holdability);
  }

  @Override
  public Statement createStatement(int type, int concurrency) throws SQLException {
    return createStatement(type, concurrency, holdability);
  }

  @Override
  public Statement createStatement(int type, int concurrency, int holdability) throws SQLException {
    check();
    return new TurdbStatement(this, cursorType(type, concurrency, holdability));
  }

  @Override
  public PreparedStatement prepareStatement(String sql) throws SQLException {
    return prepareStatement(sql, ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY, holdability);
  }

  @Override
  public PreparedStatement prepareStatement(String sql, int type, int concurrency) throws SQLException {
    return prepareStatement(sql, type, concurrency, holdability);
  }

  @Override
  public PreparedStatement prepareStatement(String sql, int type, int concurrency, int holdability) throws SQLException {
    check();
    return new TurdbPreparedStatement(this, Escapes.translate(sql), null, cursorType(type, concurrency, holdability));
  }

  @Override
  public PreparedStatement prepareStatement(String sql, int autoGeneratedKeys) throws SQLException {
    check();
    String translated = Escapes.translate(sql);
    return new TurdbPreparedStatement(this, translated, GeneratedKeys.wanted(this, translated, autoGeneratedKeys),
        ResultSet.TYPE_FORWARD_ONLY);
  }

  @Override
  public PreparedStatement prepareStatement(String sql, int[] columnIndexes) throws SQLException {
    check();
    String translated = Escapes.translate(sql);
    return new TurdbPreparedStatement(this, translated, GeneratedKeys.wanted(this, translated, columnIndexes),
        ResultSet.TYPE_FORWARD_ONLY);
  }

  @Override
  public PreparedStatement prepareStatement(String sql, String[] columnNames) throws SQLException {
    check();
    return new TurdbPreparedStatement(this, Escapes.translate(sql), columnNames == null ? null : columnNames.clone(),
        ResultSet.TYPE_FORWARD_ONLY);
  }

  @Override
  public CallableStatement prepareCall(String sql) throws SQLException {
    return prepareCall(sql, ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY, holdability);
  }

  @Override
  public CallableStatement prepareCall(String sql, int type, int concurrency) throws SQLException {
    return prepareCall(sql, type, concurrency, holdability);
  }

  @Override
  public CallableStatement prepareCall(String sql, int type, int concurrency, int holdability) throws SQLException {
    check();
    return new TurdbCallableStatement(this, sql, cursorType(type, concurrency, holdability));
  }

  private static int cursorType(int type, int concurrency, int holdability) throws SQLException {
    if (type != ResultSet.TYPE_FORWARD_ONLY && type != ResultSet.TYPE_SCROLL_INSENSITIVE && type != ResultSet.TYPE_SCROLL_SENSITIVE) {
      throw Errors.invalid("there is no such type of result sets: " + type);
    }
    if (concurrency != ResultSet.CONCUR_READ_ONLY) {
      throw Errors.unsupported("result sets are read-only");
    }
    if (holdability != ResultSet.HOLD_CURSORS_OVER_COMMIT && holdability != ResultSet.CLOSE_CURSORS_AT_COMMIT) {
      throw Errors.invalid("there is no such holdability: " + holdability);
    }
    return type == ResultSet.TYPE_FORWARD_ONLY ? type : ResultSet.TYPE_SCROLL_INSENSITIVE;
  }

  @Override
  public String nativeSQL(String sql) throws SQLException {
    check();
    return Escapes.translate(sql);
  }

  // ---- transactions

  @Override
  public void setAutoCommit(boolean autoCommit) throws SQLException {
    enter();
    try {
      if (autoCommit == this.autoCommit) {
        return;
      }
      if (autoCommit && !engineAutocommit) {
        commitNow();
      }
      this.autoCommit = autoCommit;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean getAutoCommit() throws SQLException {
    check();
    return autoCommit;
  }

  @Override
  public void commit() throws SQLException {
    enter();
    try {
      if (autoCommit && engineAutocommit) {
        throw Errors.misuse("the connection commits by itself: setAutoCommit(false) comes first");
      }
      if (!engineAutocommit) {
        commitNow();
      }
    } finally {
      lock.unlock();
    }
  }

  private void commitNow() throws SQLException {
    try {
      Native.connCommit(handle);
      raised = null;
    } catch (SQLException e) {
      throw failed(e);
    } finally {
      engineAutocommit = Native.connInAutocommit(handle);
    }
  }

  @Override
  public void rollback() throws SQLException {
    enter();
    try {
      if (autoCommit && engineAutocommit) {
        throw Errors.misuse("the connection commits by itself: setAutoCommit(false) comes first");
      }
      if (!engineAutocommit) {
        try {
          Native.connRollback(handle);
        } finally {
          engineAutocommit = Native.connInAutocommit(handle);
          raised = null;
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** Whether a transaction is open. */
  public boolean isInTransaction() throws SQLException {
    enter();
    try {
      return !Native.connInAutocommit(handle);
    } finally {
      lock.unlock();
    }
  }

  /** Rows that the last changing statement that succeeded has inserted, updated or deleted; also of one with RETURNING. */
  public long getChanges() throws SQLException {
    enter();
    try {
      return Native.connChanges(handle);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Savepoint setSavepoint() throws SQLException {
    return setSavepoint(new TurdbSavepoint(++savepoints, null));
  }

  @Override
  public Savepoint setSavepoint(String name) throws SQLException {
    Utf8.name(name);
    return setSavepoint(new TurdbSavepoint(0, name));
  }

  private Savepoint setSavepoint(TurdbSavepoint savepoint) throws SQLException {
    enter();
    try {
      if (autoCommit && engineAutocommit) {
        throw Errors.misuse("the connection commits by itself: setAutoCommit(false) comes first");
      }
      beginWhenNeeded();
      Native.connSavepoint(handle, Utf8.name(savepoint.sqlName()), Native.SAVEPOINT);
      return savepoint;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void rollback(Savepoint savepoint) throws SQLException {
    to(savepoint, Native.ROLLBACK_TO);
  }

  @Override
  public void releaseSavepoint(Savepoint savepoint) throws SQLException {
    to(savepoint, Native.RELEASE);
    ((TurdbSavepoint) savepoint).release();
  }

  private void to(Savepoint savepoint, int what) throws SQLException {
    if (!(savepoint instanceof TurdbSavepoint own)) {
      throw Errors.misuse("the savepoint is not one of this driver");
    }
    enter();
    try {
      Native.connSavepoint(handle, Utf8.name(own.sqlName()), what);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void setTransactionIsolation(int level) throws SQLException {
    switch (level) {
      case TRANSACTION_READ_UNCOMMITTED, TRANSACTION_READ_COMMITTED, TRANSACTION_REPEATABLE_READ, TRANSACTION_SERIALIZABLE -> {}
      default -> throw Errors.invalid("there is no isolation level " + level);
    }
    enter();
    try {
      if (!engineAutocommit) {
        throw Errors.misuse("the isolation level cannot change within a transaction");
      }
      execute("set default_transaction_isolation = '"
          + (level == TRANSACTION_SERIALIZABLE ? "serializable" : "repeatable read") + "'");
      isolation = level;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public int getTransactionIsolation() throws SQLException {
    check();
    return isolation;
  }

  @Override
  public void setReadOnly(boolean readOnly) throws SQLException {
    enter();
    try {
      if (readOnly == this.readOnly) {
        return;
      }
      if (!engineAutocommit) {
        throw Errors.misuse("whether a connection only reads cannot change within a transaction");
      }
      execute("set default_transaction_read_only = " + (readOnly ? "on" : "off"));
      this.readOnly = readOnly;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean isReadOnly() throws SQLException {
    check();
    return readOnly;
  }

  // ---- its end

  @Override
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
      lock.unlock();
    }
  }

  @Override
  public boolean isClosed() {
    return closed;
  }

  @Override
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
        while (!lock.tryLock(1, java.util.concurrent.TimeUnit.MILLISECONDS)) {
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

  @Override
  public boolean isValid(int timeout) throws SQLException {
    if (timeout < 0) {
      throw Errors.invalid("a timeout is not negative");
    }
    if (closed) {
      return false;
    }
    try (TurdbStatement statement = new TurdbStatement(this, ResultSet.TYPE_FORWARD_ONLY)) {
      statement.setQueryTimeout(timeout);
      statement.executeQuery("select 1").close();
      return true;
    } catch (SQLException e) {
      return false;
    }
  }

  // ---- what JDBC asks for besides

  @Override
  public DatabaseMetaData getMetaData() throws SQLException {
    check();
    return new TurdbDatabaseMetaData(this, url);
  }

  @Override
  public void setCatalog(String catalog) throws SQLException {
    check(); // there is one
  }

  @Override
  public String getCatalog() throws SQLException {
    check();
    return null;
  }

  @Override
  public void setSchema(String schema) throws SQLException {
    if (schema == null) {
      throw Errors.invalid("there must be a name of a schema");
    }
    enter();
    try {
      Native.connSetSetting(handle, Utf8.name("search_path"), Utf8.name('"' + schema.replace("\"", "\"\"") + '"'));
    } finally {
      lock.unlock();
    }
  }

  @Override
  public String getSchema() throws SQLException {
    try (Statement statement = createStatement(); ResultSet result = statement.executeQuery("select current_schema")) {
      return result.next() ? result.getString(1) : null;
    }
  }

  /** The value of a setting, as SHOW has it. */
  public String getSetting(String name) throws SQLException {
    enter();
    try {
      return Native.text(Native.connSetting(handle, Utf8.name(name)));
    } finally {
      lock.unlock();
    }
  }

  /** SET without SQL, and RESET for null. */
  public void setSetting(String name, String value) throws SQLException {
    enter();
    try {
      Native.connSetSetting(handle, Utf8.name(name), value == null ? null : Utf8.name(value));
    } finally {
      lock.unlock();
    }
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
  public Map<String, Class<?>> getTypeMap() throws SQLException {
    check();
    return Map.of();
  }

  @Override
  public void setTypeMap(Map<String, Class<?>> map) throws SQLException {
    check();
    if (map != null && !map.isEmpty()) {
      throw Errors.unsupported("there are no type maps");
    }
  }

  @Override
  public void setHoldability(int holdability) throws SQLException {
    check();
    cursorType(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY, holdability);
    this.holdability = holdability;
  }

  @Override
  public int getHoldability() throws SQLException {
    check();
    return holdability;
  }

  @Override
  public Clob createClob() throws SQLException {
    check();
    return new TurdbClob("");
  }

  @Override
  public NClob createNClob() throws SQLException {
    check();
    return new TurdbClob("");
  }

  @Override
  public Blob createBlob() throws SQLException {
    check();
    return new TurdbBlob(new byte[0]);
  }

  @Override
  public SQLXML createSQLXML() throws SQLException {
    throw Errors.unsupported("there is no type for XML");
  }

  @Override
  public Array createArrayOf(String typeName, Object[] elements) throws SQLException {
    check();
    int type = Type.of(typeName);
    return new TurdbArray(this, typeName.toLowerCase(Locale.ROOT), type == Type.ANY ? Type.NULL : type, elements == null ? new Object[0]
        : elements.clone());
  }

  @Override
  public Struct createStruct(String typeName, Object[] attributes) throws SQLException {
    throw Errors.unsupported("composite values are texts: (1,\"a b\",)");
  }

  @Override
  public void setClientInfo(String name, String value) throws SQLClientInfoException {
    if (value == null) {
      clientInfo.remove(name);
    } else {
      clientInfo.setProperty(name, value);
    }
  }

  @Override
  public void setClientInfo(Properties properties) throws SQLClientInfoException {
    clientInfo.clear();
    clientInfo.putAll(properties);
  }

  @Override
  public String getClientInfo(String name) throws SQLException {
    check();
    return clientInfo.getProperty(name);
  }

  @Override
  public Properties getClientInfo() throws SQLException {
    check();
    return (Properties) clientInfo.clone();
  }

  @Override
  public void setNetworkTimeout(Executor executor, int milliseconds) throws SQLException {
    check(); // there is no network
    networkTimeout = milliseconds;
  }

  @Override
  public int getNetworkTimeout() throws SQLException {
    check();
    return networkTimeout;
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    if (type.isInstance(this)) {
      return type.cast(this);
    }
    throw Errors.misuse("the connection is no " + type.getName());
  }

  @Override
  public boolean isWrapperFor(Class<?> type) {
    return type.isInstance(this);
  }

  // ---- beyond JDBC

  /** The database, to be released; it lives while it is used. */
  Database shareDatabase() throws SQLException {
    Database shared = closed ? null : database.share();
    if (shared == null) {
      throw Errors.closed("connection");
    }
    return shared;
  }

  /** Makes the rows of a stream, which is taken over, a table of this connection, that can be read once. */
  public void registerArrow(String name, ArrowStream stream) throws SQLException {
    enter();
    try {
      Native.registerStream(handle, Utf8.name(name), stream.address());
    } catch (SQLException e) {
      throw failed(e);
    } finally {
      lock.unlock();
    }
  }

  /** Takes a registered table away; statements that run keep it. */
  public void unregister(String name) throws SQLException {
    enter();
    try {
      Native.unregister(handle, Utf8.name(name));
    } finally {
      lock.unlock();
    }
  }
}
