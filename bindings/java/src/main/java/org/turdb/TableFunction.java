package org.turdb;

import java.util.Iterator;

/** A function of Java that gives rows: {@code SELECT * FROM name(1, 'x')}. */
@FunctionalInterface
public interface TableFunction {
  /**
   * Begins to give rows for arguments, which are as those of a {@link ScalarFunction} are. Values may be whatever may be parameters. When
   * the iterator is {@link AutoCloseable}, it is closed when its rows are read or have failed, or else when the statement is run again or
   * freed, perhaps on another thread.
   */
  Iterator<Object[]> rows(Object[] arguments) throws Exception;
}
