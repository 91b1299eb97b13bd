package org.turdb;

/** Asked while a statement is compiled, about everything that it names. */
@FunctionalInterface
public interface Authorizer {
  /** What a statement wants to do. */
  enum Action {
    /** One that this version of the driver does not know. */
    OTHER,
    /** Read a table or view; then each column of it that is named. */
    READ,
    /** Insert into a table or view. */
    INSERT,
    /** Update one; then each column that gets a value. */
    UPDATE,
    /** Delete from one; TRUNCATE, too. */
    DELETE,
    /** Call a function. */
    FUNCTION,
    /** Create any object of the catalog; a schema has no object. */
    CREATE,
    /** Likewise. */
    ALTER,
    /** Likewise. */
    DROP,
    /** "begin", "commit", "rollback", "savepoint", "release", "rollback to". */
    TRANSACTION,
    /** Set, reset or show a setting. */
    SETTING,
    /** Read or write a file of the machine. */
    FILE,
    /** "vacuum", "analyze", "checkpoint". */
    MAINTENANCE;

    static Action of(int number) {
      return number > 0 && number < values().length ? values()[number] : OTHER;
    }
  }

  /** What it may do. */
  enum Access {
    ALLOW,
    /** The statement is not compiled: SQLSTATE 42501. */
    DENY,
    /** A column reads as NULL; for everything else as DENY. */
    IGNORE
  }

  /**
   * What is asked about. Texts are null where there is none.
   *
   * @param accessor the view or trigger whose text names it; null: the statement itself
   */
  record Request(Action action, String schema, String object, String column, String accessor) {}

  /** An exception, and null, deny. The connection may not be used here. */
  Access authorize(Request request);
}
