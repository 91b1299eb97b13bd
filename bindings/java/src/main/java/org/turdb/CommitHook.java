package org.turdb;

/** Asked before a transaction that changed something commits. */
@FunctionalInterface
public interface CommitHook {
  /** What is thrown rolls the transaction back, and is the cause of the commit's exception. */
  void beforeCommit() throws Exception;
}
