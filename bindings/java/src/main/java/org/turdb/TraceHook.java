package org.turdb;

/** Told when a statement begins and when it ends, perhaps by being freed, on another thread. */
@FunctionalInterface
public interface TraceHook {
  /** What it throws nobody is told of. The connection may not be used here. */
  void traced(Trace trace);
}
