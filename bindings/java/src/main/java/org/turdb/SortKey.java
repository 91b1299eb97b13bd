package org.turdb;

/**
 * An order of texts. {@code text -> collator.getCollationKey(text).toByteArray()} takes one of {@link java.text.Collator}, for one thread
 * at a time.
 */
@FunctionalInterface
public interface SortKey {
  /** What a text is sorted by: two texts are equal when their keys are, and in the order of their keys, byte by byte, without signs. */
  byte[] of(String text) throws Exception;
}
