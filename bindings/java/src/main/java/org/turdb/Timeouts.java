package org.turdb;

import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** One thread that stops statements whose time is over. It is there once a query timeout was set, and does not keep Java running. */
final class Timeouts {
  private static final ScheduledThreadPoolExecutor TIMER = new ScheduledThreadPoolExecutor(1, work -> {
    Thread thread = new Thread(work, "turdb query timeouts");
    thread.setDaemon(true);
    return thread;
  });

  static {
    TIMER.setRemoveOnCancelPolicy(true);
  }

  private Timeouts() {}

  /** Runs it once, after some time. */
  static ScheduledFuture<?> once(long milliseconds, Runnable stop) {
    return TIMER.schedule(stop, milliseconds, TimeUnit.MILLISECONDS);
  }

  /** Runs it after some time, and then every millisecond until it is cancelled. */
  static ScheduledFuture<?> after(long milliseconds, Runnable stop) {
    return TIMER.scheduleWithFixedDelay(stop, milliseconds, 1, TimeUnit.MILLISECONDS);
  }
}
