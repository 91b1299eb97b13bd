package org.turdb;

/** What a call of C says about itself at the beginning of an array, in front of the rows. */
final class Outcome {
  static final int SIZE = 56;

  private static final int ROW = 100;

  private Outcome() {}

  /** Whether there may be more rows. */
  static boolean hasMore(byte[] out) {
    return (int) Packed.INT.get(out, 0) == ROW;
  }

  static boolean autocommit(byte[] out) {
    return (int) Packed.INT.get(out, 4) != 0;
  }

  static long rows(byte[] out) {
    return (long) Packed.LONG.get(out, 8);
  }

  static long sizeBytes(byte[] out) {
    return (long) Packed.LONG.get(out, 16);
  }

  static long changes(byte[] out) {
    return (long) Packed.LONG.get(out, 24);
  }

  static long lastInsertId(byte[] out) {
    return (long) Packed.LONG.get(out, 32);
  }

  static long compilations(byte[] out) {
    return (long) Packed.LONG.get(out, 40);
  }

  static long execution(byte[] out) {
    return (long) Packed.LONG.get(out, 48);
  }
}
