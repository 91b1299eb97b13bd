package org.turdb;

import java.sql.SQLException;

/**
 * The values of the parameters, packed. They mostly come in order, a round for each run: then they are packed where they will be
 * needed. Those that a round does not set are taken from the round before. Values out of order are kept one by one.
 */
final class Parameters {
  private final int count;
  private Packer now = new Packer(64);
  private Packer before = new Packer(64);
  private int[] ends;
  private int[] endsBefore;
  /** Values of this round. */
  private int filled;
  private boolean hasBefore;
  /** When values came out of order. */
  private byte[][] single;

  Parameters(int count) {
    this.count = count;
    ends = new int[count + 1];
    endsBefore = new int[count + 1];
  }

  /** Where the value of a parameter is to be packed; done() or undo() comes afterwards. */
  Packer begin(int index) throws SQLException {
    if (index < 1 || index > count) {
      throw Errors.notFound("22023", "there is no parameter " + index + ": the statement has " + count);
    }
    if (single == null) {
      if (index == filled + 1 && filled < count) {
        return now;
      }
      if (index == 1 && filled == count) {
        Packer packer = before;
        before = now;
        now = packer;
        int[] other = endsBefore;
        endsBefore = ends;
        ends = other;
        hasBefore = true;
        filled = 0;
        now.clear();
        return now;
      }
      separate();
    }
    now.clear();
    return now;
  }

  void done(int index) {
    if (single == null) {
      ends[index] = now.size;
      filled = index;
    } else {
      single[index - 1] = java.util.Arrays.copyOf(now.data, now.size);
    }
  }

  void undo(int index) {
    now.size = single == null ? ends[index - 1] : 0;
  }

  private void separate() {
    single = new byte[count][];
    for (int i = 0; i < count; ++i) {
      if (i < filled) {
        single[i] = java.util.Arrays.copyOfRange(now.data, ends[i], ends[i + 1]);
      } else if (hasBefore) {
        single[i] = java.util.Arrays.copyOfRange(before.data, endsBefore[i], endsBefore[i + 1]);
      }
    }
  }

  void clear() {
    single = null;
    hasBefore = false;
    filled = 0;
    now.clear();
  }

  /** The row, which every parameter must have a value for. */
  Packer row() throws SQLException {
    if (single == null && filled == count) {
      return now;
    }
    if (single != null) {
      now.clear();
      for (int i = 0; i < count; ++i) {
        if (single[i] == null) {
          throw missing(i + 1);
        }
        now.append(single[i], 0, single[i].length);
      }
      return now;
    }
    if (!hasBefore) {
      throw missing(filled + 1);
    }
    for (; filled < count; ++filled) {
      now.append(before.data, endsBefore[filled], endsBefore[filled + 1] - endsBefore[filled]);
      ends[filled + 1] = now.size;
    }
    return now;
  }

  private static SQLException missing(int index) {
    return Errors.notFound("07001", "there is no value for parameter " + index);
  }
}
