package org.turdb;

/** The kinds of errors, the statuses of {@code turdb.h}. The SQLSTATE says more exactly which error it is. */
public enum TurdbCode {
  /** SQL that is wrong or cannot be run: syntax, names, types. */
  ERROR(-1),
  /** The interface was used wrongly: what is closed, numbers of parameters. */
  MISUSE(-2),
  /** Unique, primary key, not null, check, foreign key. */
  CONSTRAINT(-3),
  /** A value that does not fit. */
  DATA(-4),
  /** Serialization failure or deadlock: run the transaction again. */
  CONFLICT(-5),
  /** busy_timeout passed while waiting for another transaction. */
  BUSY(-6),
  /** Another process has the database open. */
  LOCKED(-7),
  /** Cancelled, or a timeout. */
  INTERRUPTED(-8),
  /** A change on a read-only database or transaction. */
  READ_ONLY(-9),
  /** The file system failed. */
  IO(-10),
  /** The disk, or a quota, is full. */
  FULL(-11),
  /** A file is damaged, or not TurDB's. */
  CORRUPT(-12),
  /** memory_limit, or the machine, has no more. */
  NO_MEMORY(-13),
  /** A documented limit of size, depth or count. */
  LIMIT(-14),
  /** Valid, but not in this version. */
  UNSUPPORTED(-15),
  /** No such option, parameter or file. */
  NOT_FOUND(-16),
  /** A bug in TurDB; please report it. */
  INTERNAL(-17);

  private static final TurdbCode[] ALL = values();

  private final int status;

  TurdbCode(int status) {
    this.status = status;
  }

  /** The number in {@code turdb.h}, which is the vendor code of the exceptions. */
  public int status() {
    return status;
  }

  static TurdbCode of(int status) {
    return status < 0 && status >= -ALL.length ? ALL[-status - 1] : INTERNAL;
  }
}
