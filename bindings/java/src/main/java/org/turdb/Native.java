package org.turdb;

import java.nio.charset.StandardCharsets;
import java.sql.SQLException;

/** What {@code src/main/c} does. Nothing here looks at whether a handle is still one: callers do, under the connection's lock. */
final class Native {
  static {
    NativeLibrary.load();
  }

  private Native() {}

  /** Makes sure that the library is there. */
  static void load() {}

  static native byte[] version();

  static native byte[] sourceId();

  static native byte[] statusName(int status);

  // ---- databases

  /** options: keys and values in turn, UTF-8. */
  static native long dbOpen(byte[] path, byte[][] options) throws SQLException;

  static native void dbClose(long db) throws SQLException;

  static native void dbFree(long db);

  /** The problems found, as texts. */
  static native byte[] dbCheck(long db) throws SQLException;

  /** What was lost, as texts; rows receives how many were saved. */
  static native byte[] dbRecover(byte[] path, byte[] target, long[] rows) throws SQLException;

  static native void dbCheckpoint(long db) throws SQLException;

  static native long dbMemoryUsed(long db);

  static native long dbMetric(long db, byte[] name) throws SQLException;

  static native long backupOpen(long db, byte[] path) throws SQLException;

  /** Whether it is complete; progress receives pages done and pages in all. */
  static native boolean backupStep(long backup, long pages, long[] progress) throws SQLException;

  static native void backupFree(long backup);

  // ---- connections

  static native long connOpen(long db) throws SQLException;

  static native void connClose(long conn) throws SQLException;

  static native void connFree(long conn);

  static native boolean connInAutocommit(long conn);

  static native long connChanges(long conn);

  static native long connLastInsertId(long conn);

  static native void connExec(long conn, byte[] sql) throws SQLException;

  static native void connCommit(long conn) throws SQLException;

  static native void connRollback(long conn) throws SQLException;

  static final int SAVEPOINT = 0;
  static final int ROLLBACK_TO = 1;
  static final int RELEASE = 2;

  static native void connSavepoint(long conn, byte[] name, int what) throws SQLException;

  static native byte[] connSetting(long conn, byte[] name) throws SQLException;

  static native void connSetSetting(long conn, byte[] name, byte[] value) throws SQLException;

  static native long interruptOpen(long conn) throws SQLException;

  static native long interruptExecution(long interrupt);

  static native void interruptStopExecution(long interrupt, long execution);

  static native void interruptFree(long interrupt);

  // ---- statements

  /** out: where the statement ends, and how many parameters it has. 0 for a text without a statement. */
  static native long prepare(long conn, byte[] sql, int start, long[] out) throws SQLException;

  static native void stmtFree(long stmt);

  static native void stmtReset(long stmt) throws SQLException;

  static native boolean stmtIsReadOnly(long stmt);

  static native byte[] describeColumns(long stmt);

  static native byte[] describeParameters(long stmt) throws SQLException;

  static native byte[] explain(long stmt, long flags) throws SQLException;

  /** Runs with packed parameters; out receives an {@link Outcome} and the first rows. */
  static native void start(long conn, long stmt, long interrupt, byte[] parameters, int size, byte[] out) throws SQLException;

  static native void fetch(long conn, long stmt, long interrupt, byte[] out) throws SQLException;

  /** sizes and changes may be null; then nothing tells what each of the rows has changed. */
  static native void runRows(
      long conn, long stmt, long interrupt, byte[] rows, int size, int count, int[] sizes, long[] changes, byte[] out) throws SQLException;

  // ---- appenders

  static native long appenderOpen(long conn, byte[] schema, byte[] table) throws SQLException;

  static native void appenderAddColumn(long appender, byte[] name) throws SQLException;

  static native int appenderColumnCount(long appender);

  static native long appenderRowCount(long appender);

  /** sent: how many rows went in before one failed. */
  static native void appendRows(long appender, byte[] rows, int size, int count, long[] sent) throws SQLException;

  static native void appenderFlush(long appender) throws SQLException;

  static native void appenderClose(long appender) throws SQLException;

  static native void appenderFree(long appender);

  // ---- functions and hooks

  static final int SCALAR = 0;
  static final int AGGREGATE = 1;
  static final int MERGING_AGGREGATE = 2;
  static final int TABLE = 3;
  static final int COLLATION = 4;

  /** returns: what a function returns, or the columns of one that gives rows. */
  static native void createFunction(long conn, int kind, byte[] name, byte[] parameters, byte[] returns, long flags, Object function)
      throws SQLException;

  static native void dropFunction(long conn, byte[] name) throws SQLException;

  static native void dropCollation(long conn, byte[] name) throws SQLException;

  /** The kind is one of those of Callbacks; a hook that is null takes it away. */
  static native void setHook(long conn, int kind, Object hook) throws SQLException;

  /** What the hook is known by, which freeProgress gives back when it is not set any more. */
  static native long setProgress(long conn, long intervalMilliseconds, Object hook) throws SQLException;

  static native void freeProgress(long hook);

  static native byte[] changeColumns(long change);

  static native byte[] changeRow(long change, boolean isNew, long row) throws SQLException;

  static native byte[] traceExpandedSql(long trace);

  // ---- blobs in pieces

  static native long blobOpen(long conn, byte[] schema, byte[] table, byte[] column, byte[] key, int keySize, boolean writable)
      throws SQLException;

  static native void blobReopen(long blob, byte[] key, int keySize) throws SQLException;

  static native long blobSize(long blob);

  static native void blobRead(long blob, long offset, byte[] to, int at, int length) throws SQLException;

  static native void blobWrite(long blob, long offset, byte[] from, int at, int length) throws SQLException;

  static native void blobResize(long blob, long size) throws SQLException;

  static native void blobFree(long blob);

  // ---- Arrow

  static native long streamNew();

  static native void streamFree(long stream);

  static native boolean streamIsReleased(long stream);

  static native void executeStream(long stmt, byte[] parameters, int size, long flags, long stream) throws SQLException;

  static native void registerStream(long conn, byte[] name, long stream) throws SQLException;

  static native void unregister(long conn, byte[] name) throws SQLException;

  static native void appendStream(long appender, long stream) throws SQLException;

  static String text(byte[] utf8) {
    return utf8 == null ? null : new String(utf8, StandardCharsets.UTF_8);
  }
}
