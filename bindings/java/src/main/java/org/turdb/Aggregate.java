package org.turdb;

/**
 * An aggregate of Java that SQL calls. SQL's DISTINCT, FILTER, ORDER BY and OVER work with it as with those that are built in.
 *
 * @param <S> what a group has, a class whose objects change; it counts against no memory_limit
 */
public interface Aggregate<S> {
  /** The state of a group without rows. */
  S create() throws Exception;

  /** Adds a row. Arguments are as those of a {@link ScalarFunction} are. */
  void step(S state, Object[] arguments) throws Exception;

  /** The result so far. More rows may come, and it may be asked again: a window's frame grows. */
  Object finish(S state) throws Exception;

  /** Whether there is {@link #merge}, which makes frames of windows cheaper. */
  default boolean merges() {
    return false;
  }

  /** Adds what is in {@code from}, which stays as it is. */
  default void merge(S into, S from) throws Exception {
    throw new UnsupportedOperationException("merges() says that there is a merge");
  }
}
