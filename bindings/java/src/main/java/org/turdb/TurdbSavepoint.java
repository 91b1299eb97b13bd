package org.turdb;

import java.sql.SQLException;
import java.sql.Savepoint;

final class TurdbSavepoint implements Savepoint {
  private final int id;
  private final String name;
  private boolean released;

  TurdbSavepoint(int id, String name) {
    this.id = id;
    this.name = name;
  }

  void release() {
    released = true;
  }

  String sqlName() throws SQLException {
    if (released) {
      throw Errors.misuse("the savepoint was released");
    }
    return name != null ? name : "turdb_jdbc_" + id;
  }

  @Override
  public int getSavepointId() throws SQLException {
    if (name != null) {
      throw Errors.misuse("the savepoint has a name, and no number");
    }
    return id;
  }

  @Override
  public String getSavepointName() throws SQLException {
    if (name == null) {
      throw Errors.misuse("the savepoint has a number, and no name");
    }
    return name;
  }
}
