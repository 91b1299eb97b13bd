package org.turdb;

import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.sql.SQLException;

/** A statement as C has it, used by one TurdbStatement at a time. */
final class CompiledStatement {
  private static final int FIRST_ROWS = 8 << 10;
  private static final int LATER_ROWS = 64 << 10;
  private static final int KEPT_ROWS = 1 << 20;

  /** 0 for a text without a statement. */
  final long handle;
  /** What it was compiled from, when that was all of a text: the key of the cache. */
  final String key;
  final byte[] sql;
  final int start;
  final int tail;
  final int parameterCount;

  private final Cleaner.Cleanable cleanable;
  private Column[] columns;
  private long compilations;
  private byte[] firstRows;
  private byte[] laterRows;
  private String[] parameterNames;
  private int[] parameterTypes;

  private record Free(long handle) implements Runnable {
    @Override
    public void run() {
      Native.stmtFree(handle);
    }
  }

  CompiledStatement(long handle, String key, byte[] sql, int start, int tail, int parameterCount) {
    this.handle = handle;
    this.key = key;
    this.sql = sql;
    this.start = start;
    this.tail = tail;
    this.parameterCount = parameterCount;
    cleanable = Handles.register(this, new Free(handle));
  }

  void free() {
    cleanable.clean();
  }

  byte[] firstRows() {
    if (firstRows == null) {
      firstRows = new byte[FIRST_ROWS];
    }
    return firstRows;
  }

  byte[] laterRows(long size) throws SQLException {
    if (laterRows == null || laterRows.length < size + Outcome.SIZE) {
      if (size > Integer.MAX_VALUE - 1024) {
        throw Errors.data("54000", "a row is longer than 2 GB");
      }
      laterRows = new byte[(int) Math.max(LATER_ROWS, size + Outcome.SIZE)];
    }
    return laterRows;
  }

  /** Long rows do not keep their memory. */
  void trim() {
    if (laterRows != null && laterRows.length > KEPT_ROWS) {
      laterRows = null;
    }
  }

  /** The columns, after a run whose outcome is given. With the connection locked. */
  Column[] columns(byte[] outcome) {
    if (columns == null || compilations != Outcome.compilations(outcome)) {
      compilations = Outcome.compilations(outcome);
      columns = Column.read(Native.describeColumns(handle));
    }
    return columns;
  }

  /** The columns without a run. With the connection locked. */
  Column[] columns() {
    if (columns == null) {
      return handle == 0 ? new Column[0] : Column.read(Native.describeColumns(handle));
    }
    return columns;
  }

  // ---- parameters; with the connection locked

  private void describeParameters() throws SQLException {
    if (parameterNames != null) {
      return;
    }
    String[] names = new String[parameterCount];
    int[] types = new int[parameterCount];
    if (handle != 0) {
      ByteBuffer in = ByteBuffer.wrap(Native.describeParameters(handle)).order(ByteOrder.LITTLE_ENDIAN);
      int count = in.getInt();
      for (int i = 0; i < count; ++i) {
        String name = Column.text(in);
        String format = Column.text(in);
        if (i < parameterCount) {
          names[i] = name == null || name.isEmpty() ? null : name.substring(1);
          types[i] = Type.ofArrow(format);
        }
      }
    }
    parameterTypes = types;
    parameterNames = names;
  }

  String[] parameterNames() throws SQLException {
    describeParameters();
    return parameterNames;
  }

  int[] parameterTypes() throws SQLException {
    describeParameters();
    return parameterTypes;
  }
}
