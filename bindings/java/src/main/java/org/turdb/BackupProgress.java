package org.turdb;

/** Told how far a backup is, in pages of 16 KiB. */
@FunctionalInterface
public interface BackupProgress {
  /** False ends the backup, and what it made is removed. */
  boolean report(long pagesDone, long pagesTotal);
}
