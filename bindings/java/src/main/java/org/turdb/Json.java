package org.turdb;

/** A text that is JSON, as a parameter: a {@code String} alone is a text. */
public record Json(String text) {
  @Override
  public String toString() {
    return text;
  }
}
