package org.turdb;

/** Called now and then while a statement works or waits. */
@FunctionalInterface
public interface ProgressHook {
  /** What is thrown interrupts the statement, and is the cause of its exception. The connection may not be used here. */
  void working() throws Exception;
}
