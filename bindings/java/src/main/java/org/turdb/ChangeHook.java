package org.turdb;

/** Told of rows that a statement has changed, by itself, by triggers or by foreign keys, some rows of one table at a time. */
@FunctionalInterface
public interface ChangeHook {
  /** An exception takes all changes of the statement back, and is the cause of its own. The connection may not be used here. */
  void changed(Change change) throws Exception;
}
