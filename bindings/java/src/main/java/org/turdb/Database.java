package org.turdb;

import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;

/**
 * An open database. A directory that several connections open is one database for libturdb; one in memory that has a name is shared
 * here, and ends with its last connection.
 */
final class Database {
  static final String MEMORY = ":memory:";

  private static final Map<String, Database> NAMED = new HashMap<>();

  final long handle;
  private final String name;
  private final Map<String, String> options;
  private int users = 1;

  private Database(long handle, String name, Map<String, String> options) {
    this.handle = handle;
    this.name = name;
    this.options = Map.copyOf(options);
  }

  static Database open(String path, Map<String, String> options) throws SQLException {
    boolean named = path.startsWith(MEMORY) && path.length() > MEMORY.length();
    if (!named) {
      return new Database(open(Utf8.name(path.isEmpty() ? MEMORY : path), options), null, options);
    }
    synchronized (NAMED) {
      Database database = NAMED.get(path);
      if (database != null) {
        database.checkOptions(options);
        ++database.users;
        return database;
      }
      database = new Database(open(Utf8.name(MEMORY), options), path, options);
      NAMED.put(path, database);
      return database;
    }
  }

  /** As for a directory that is open: whoever opens it too says the same options. */
  private void checkOptions(Map<String, String> others) throws SQLException {
    TreeSet<String> keys = new TreeSet<>(options.keySet());
    keys.addAll(others.keySet());
    keys.removeIf(key -> Objects.equals(options.get(key), others.get(key)));
    if (!keys.isEmpty()) {
      throw Errors.otherOptions("\"" + name + "\" is open in this process with other settings: " + String.join(", ", keys));
    }
  }

  private static long open(byte[] path, Map<String, String> options) throws SQLException {
    byte[][] pairs = new byte[2 * options.size()][];
    int at = 0;
    for (Map.Entry<String, String> option : options.entrySet()) {
      pairs[at++] = Utf8.name(option.getKey());
      pairs[at++] = Utf8.name(option.getValue());
    }
    return Native.dbOpen(path, pairs);
  }

  /** One more user, who releases it too; null when the last one is gone. */
  Database share() {
    synchronized (NAMED) {
      if (users == 0) {
        return null;
      }
      ++users;
      return this;
    }
  }

  void release() {
    synchronized (NAMED) {
      if (--users > 0) {
        return;
      }
      if (name != null) {
        NAMED.remove(name);
      }
    }
    Native.dbFree(handle);
  }
}
