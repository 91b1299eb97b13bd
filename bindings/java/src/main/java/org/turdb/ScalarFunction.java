package org.turdb;

/** A function of Java that SQL calls, once for each row. */
@FunctionalInterface
public interface ScalarFunction {
  /**
   * Computes a value. Arguments are as elements of arrays are: {@code Long}, {@code Double}, {@code String}, {@code BigDecimal},
   * {@code java.time} and so on. The result may be whatever may be a parameter. What is thrown is the cause of the statement's
   * exception. The connection that runs the statement cannot be used.
   */
  Object apply(Object[] arguments) throws Exception;
}
