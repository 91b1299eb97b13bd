package org.turdb;

import java.util.Arrays;

/** A vector of signed bytes, {@code vector(n, int8)}: a {@code byte[]} alone is a blob. */
public record Int8Vector(byte[] elements) {
  @Override
  public boolean equals(Object other) {
    return other instanceof Int8Vector vector && Arrays.equals(elements, vector.elements);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(elements);
  }

  @Override
  public String toString() {
    return Arrays.toString(elements).replace(" ", "");
  }
}
