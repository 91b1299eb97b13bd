package org.turdb;

/** Says stop to a connection, from any thread, also while the connection is being closed. */
final class Interrupt {
  /** For those who hold the connection's lock, which keeps it from being freed. */
  final long handle;
  private boolean freed;

  Interrupt(long handle) {
    this.handle = handle;
  }

  /** The number of the execution that began last. */
  synchronized long execution() {
    return freed ? 0 : Native.interruptExecution(handle);
  }

  synchronized void stop(long execution) {
    if (!freed) {
      Native.interruptStopExecution(handle, execution);
    }
  }

  synchronized void free() {
    freed = true;
    Native.interruptFree(handle);
  }
}
