package org.turdb;

import java.util.List;

/**
 * What every {@link java.sql.SQLException} of this driver also is:
 *
 * <pre>{@code
 * catch (SQLException e) {
 *   if (e instanceof TurdbError error && error.canRetry()) ... run the transaction again
 * }
 * }</pre>
 */
public interface TurdbError {
  /** The kind of error; {@link java.sql.SQLException#getErrorCode()} is its number. */
  TurdbCode code();

  /** What is wrong, without its context. */
  String text();

  /** What to do about it, or null. */
  String hint();

  /** Index of the character of the SQL that it is about, or -1. */
  int position();

  /** What was being done, outermost first. */
  List<String> context();

  /** Whether running the whole transaction again can succeed. */
  boolean canRetry();
}
