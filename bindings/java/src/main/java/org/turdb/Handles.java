package org.turdb;

import java.lang.ref.Cleaner;

/** Frees what was forgotten, in any order, which turdb.h allows. Those who free must not know the owner. */
final class Handles {
  private static final Cleaner CLEANER = Cleaner.create();

  private Handles() {}

  static Cleaner.Cleanable register(Object owner, Runnable free) {
    return CLEANER.register(owner, free);
  }
}
