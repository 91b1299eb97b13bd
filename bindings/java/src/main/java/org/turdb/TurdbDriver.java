package org.turdb;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.DriverPropertyInfo;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import java.util.logging.Logger;

/**
 * The driver, which {@link DriverManager} finds by itself: {@code jdbc:turdb:PATH?memory_limit=256MB}. {@code jdbc:turdb::memory:} is a
 * database in memory that ends with its connection, {@code jdbc:turdb::memory:NAME} one that all connections of that name share.
 * Options behind the question mark, or properties, are those of {@code docs/settings.md}.
 */
public final class TurdbDriver implements Driver {
  static final String PREFIX = "jdbc:turdb:";

  static {
    try {
      DriverManager.registerDriver(new TurdbDriver());
    } catch (SQLException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** The version of the library that is loaded. */
  public static String libraryVersion() {
    return Native.text(Native.version());
  }

  /** What the library was built from. */
  public static String sourceId() {
    return Native.text(Native.sourceId());
  }

  @Override
  public boolean acceptsURL(String url) {
    return url != null && url.startsWith(PREFIX);
  }

  @Override
  public Connection connect(String url, Properties properties) throws SQLException {
    return acceptsURL(url) ? open(url, properties) : null;
  }

  static TurdbConnection open(String url, Properties properties) throws SQLException {
    String rest = url.substring(PREFIX.length());
    int question = rest.indexOf('?');
    Map<String, String> options = new LinkedHashMap<>();
    if (properties != null) {
      for (String name : properties.stringPropertyNames()) {
        if (!name.equals("user") && !name.equals("password")) { // there are no users
          options.put(name, properties.getProperty(name));
        }
      }
    }
    if (question >= 0) {
      for (String option : rest.substring(question + 1).split("&")) {
        int equals = option.indexOf('=');
        if (!option.isEmpty()) {
          String name = equals < 0 ? option : option.substring(0, equals);
          options.put(decoded(name), equals < 0 ? "true" : decoded(option.substring(equals + 1)));
        }
      }
    }
    return new TurdbConnection(url, question < 0 ? rest : rest.substring(0, question), options);
  }

  /** Makes a new database in the directory target of what can be read of the damaged one in path, which is only read. */
  public static Recovered recover(String path, String target) throws SQLException {
    Native.load();
    long[] rows = new long[1];
    byte[] lost = Native.dbRecover(Utf8.name(path), Utf8.name(target), rows);
    return new Recovered(rows[0], Column.texts(lost));
  }

  private static String decoded(String text) throws SQLException {
    try {
      return URLDecoder.decode(text, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw Errors.invalid("the URL of the database has a wrong escape: " + text);
    }
  }

  @Override
  public DriverPropertyInfo[] getPropertyInfo(String url, Properties properties) throws SQLException {
    try (TurdbConnection connection = open(PREFIX + Database.MEMORY, null);
        var statement = connection.createStatement();
        var rows = statement.executeQuery("select name, value, description from turdb_catalog.settings order by name")) {
      java.util.List<DriverPropertyInfo> all = new java.util.ArrayList<>();
      while (rows.next()) {
        String name = rows.getString(1);
        String given = properties == null ? null : properties.getProperty(name);
        DriverPropertyInfo info = new DriverPropertyInfo(name, given != null ? given : rows.getString(2));
        info.description = rows.getString(3);
        all.add(info);
      }
      return all.toArray(DriverPropertyInfo[]::new);
    }
  }

  static int version(int part) {
    return Integer.parseInt(libraryVersion().split("\\.")[part]);
  }

  @Override
  public int getMajorVersion() {
    return version(0);
  }

  @Override
  public int getMinorVersion() {
    return version(1);
  }

  /** A driver that is needs the whole of SQL-92's entry level, and a server's rights, so that none says so of an embedded database. */
  @Override
  public boolean jdbcCompliant() {
    return false;
  }

  @Override
  public Logger getParentLogger() throws SQLFeatureNotSupportedException {
    throw Errors.unsupported("the driver writes no log");
  }
}
