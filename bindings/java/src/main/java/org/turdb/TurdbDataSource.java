package org.turdb;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Properties;
import java.util.logging.Logger;
import javax.sql.DataSource;

/** A data source, as pools and containers configure them: by its url, or by path and options. */
public final class TurdbDataSource implements DataSource {
  private String url = TurdbDriver.PREFIX + Database.MEMORY;
  private Properties properties = new Properties();
  private PrintWriter logWriter;
  private int loginTimeout;

  /** {@code jdbc:turdb:PATH?option=value}. */
  public void setUrl(String url) throws SQLException {
    if (url == null || !url.startsWith(TurdbDriver.PREFIX)) {
      throw Errors.invalid("a URL of TurDB begins with " + TurdbDriver.PREFIX);
    }
    this.url = url;
  }

  /** The URL of the database. */
  public String getUrl() {
    return url;
  }

  /** The directory of the database, or {@code :memory:}. */
  public void setDatabase(String path) throws SQLException {
    setUrl(TurdbDriver.PREFIX + path);
  }

  /** Options, as docs/settings.md has them. */
  public void setProperties(Properties properties) {
    this.properties = (Properties) properties.clone();
  }

  /** The options. */
  public Properties getProperties() {
    return (Properties) properties.clone();
  }

  @Override
  public Connection getConnection() throws SQLException {
    return TurdbDriver.open(url, properties);
  }

  /** There are no users. */
  @Override
  public Connection getConnection(String user, String password) throws SQLException {
    return getConnection();
  }

  @Override
  public PrintWriter getLogWriter() {
    return logWriter;
  }

  @Override
  public void setLogWriter(PrintWriter out) {
    logWriter = out;
  }

  @Override
  public void setLoginTimeout(int seconds) {
    loginTimeout = seconds;
  }

  @Override
  public int getLoginTimeout() {
    return loginTimeout;
  }

  @Override
  public Logger getParentLogger() throws java.sql.SQLFeatureNotSupportedException {
    throw Errors.unsupported("the driver writes no log");
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    if (type.isInstance(this)) {
      return type.cast(this);
    }
    throw Errors.misuse("the data source is no " + type.getName());
  }

  @Override
  public boolean isWrapperFor(Class<?> type) {
    return type.isInstance(this);
  }
}
