// Connections: transactions, their options, partitions and cancelling.
//
// With autocommit off there is always a transaction as ADBC sees it; here it begins with the first statement that needs one.
#include "adbc/handles.h"
#include "adbc/options.h"

namespace turdb::adbc {
namespace {

Connection* ConnectionOf(AdbcConnection* connection) { return SharedConnection(connection).get(); }

AdbcStatusCode Exec(Connection& connection, const std::string& sql, AdbcError* error) {
  return Try(error, [&](turdb_error** failure) {
    return turdb_conn_exec(connection.conn.get(), sql.data(), static_cast<int64_t>(sql.size()), failure);
  });
}

AdbcStatusCode CheckOpen(AdbcConnection* handle, AdbcError* error) {
  if (handle == nullptr || handle->private_data == nullptr || ConnectionOf(handle)->conn == nullptr) {
    return Fail(error, kInvalidState, "the connection is not open");
  }
  return kOk;
}

AdbcStatusCode SetAutocommit(Connection& connection, bool autocommit, AdbcError* error) {
  if (autocommit && !turdb_conn_in_autocommit(connection.conn.get())) {
    TURDB_ADBC_TRY(Try(error, [&](turdb_error** failure) { return turdb_conn_commit(connection.conn.get(), failure); }));
  }
  connection.autocommit = autocommit;
  return kOk;
}

// SQL's words for ADBC's level; null: there is none.
const char* SqlIsolation(std::string_view level) {
  if (level == "read_uncommitted" || level == "read_committed") return "READ COMMITTED";
  if (level == "repeatable_read" || level == "snapshot") return "REPEATABLE READ";
  if (level == "serializable") return "SERIALIZABLE";
  return nullptr;
}

AdbcStatusCode SetIsolation(Connection& connection, std::string_view value, AdbcError* error) {
  const std::string_view prefix = kIsolationPrefix;
  const std::string_view level = value.starts_with(prefix) ? value.substr(prefix.size()) : std::string_view();
  if (level == "default") {
    connection.isolation.clear();
    return Exec(connection, "RESET default_transaction_isolation", error);
  }
  const char* const words = SqlIsolation(level);
  if (words == nullptr) return UnknownSetting(kIsolationLevel, value, error);
  std::string lower = words;
  for (char& c : lower) c = c == ' ' ? ' ' : static_cast<char>(c | 0x20);
  TURDB_ADBC_TRY(Exec(connection, "SET default_transaction_isolation = '" + lower + "'", error));
  connection.isolation = level;
  return kOk;
}

AdbcStatusCode CurrentOf(Connection& connection, std::string_view expression, std::string* value, AdbcError* error) {
  return Query(
      connection.conn.get(), "SELECT " + std::string(expression), {},
      [&](turdb_stmt* row) { *value = TextAt(row, 0).value_or(""); }, error);
}

AdbcStatusCode SetOpen(Connection& connection, std::string_view key, std::string_view value, AdbcError* error) {
  if (key == kAutocommit) {
    bool autocommit = true;
    TURDB_ADBC_TRY(ParseFlag(key, value, &autocommit, error));
    return SetAutocommit(connection, autocommit, error);
  }
  if (key == kReadOnly) {
    bool read_only = false;
    TURDB_ADBC_TRY(ParseFlag(key, value, &read_only, error));
    TURDB_ADBC_TRY(Exec(connection, std::string("SET default_transaction_read_only = ") + (read_only ? "on" : "off"), error));
    connection.read_only = read_only;
    return kOk;
  }
  if (key == kIsolationLevel) return SetIsolation(connection, value, error);
  if (key == kCurrentSchema) {
    bool exists = false;
    TURDB_ADBC_TRY(Query(
        connection.conn.get(), "SELECT 1 FROM information_schema.schemata WHERE schema_name = ?", {std::string(value)},
        [&](turdb_stmt*) { exists = true; }, error));
    if (!exists) return Fail(error, kNotFound, "schema \"" + std::string(value) + "\" does not exist", "3F000");
    return Exec(connection, "SET search_path = " + Quoted(value), error);
  }
  if (key == kCurrentCatalog) {
    std::string current;
    TURDB_ADBC_TRY(CurrentOf(connection, "current_database()", &current, error));
    if (value == current) return kOk;
    return Fail(error, kNotFound, "a database has one catalog, \"" + current + "\"");
  }
  // Settings of the session, by their names.
  const std::string prefix = "turdb.";
  if (!key.starts_with(prefix)) return UnknownSetting(key, value, error);
  std::string literal(1, '\'');
  for (const char c : value) literal += c == '\'' ? "''" : std::string(1, c);
  return Exec(connection, "SET " + std::string(key.substr(prefix.size())) + " = " + literal + "'", error);
}

AdbcStatusCode Set(AdbcConnection* handle, std::string_view key, const char* value, AdbcError* error) {
  if (value == nullptr) return Fail(error, kInvalidArgument, "the option's value is NULL");
  Connection& connection = *ConnectionOf(handle);
  if (connection.conn != nullptr) return SetOpen(connection, key, value, error);
  connection.pending[std::string(key)] = value;
  return kOk;
}

AdbcStatusCode Get(AdbcConnection* handle, std::string_view key, std::string* value, AdbcError* error) {
  Connection& connection = *ConnectionOf(handle);
  if (connection.conn == nullptr) {
    const auto found = connection.pending.find(key);
    if (found == connection.pending.end()) return UnknownOption(key, error);
    *value = found->second;
    return kOk;
  }
  if (key == kAutocommit) {
    *value = connection.autocommit ? kEnabled : kDisabled;
  } else if (key == kReadOnly) {
    *value = connection.read_only ? kEnabled : kDisabled;
  } else if (key == kIsolationLevel) {
    *value = kIsolationPrefix + (connection.isolation.empty() ? std::string("default") : connection.isolation);
  } else if (key == kCurrentSchema) {
    return CurrentOf(connection, "current_schema()", value, error);
  } else if (key == kCurrentCatalog) {
    return CurrentOf(connection, "current_database()", value, error);
  } else if (key.starts_with("turdb.")) {
    return Query(
        connection.conn.get(), "SHOW " + std::string(key.substr(6)), {},
        [&](turdb_stmt* row) { *value = TextAt(row, 0).value_or(""); }, error);
  } else {
    return UnknownOption(key, error);
  }
  return kOk;
}

AdbcStatusCode New(AdbcConnection* connection, AdbcError* error) {
  return Guard(error, [&] {
    if (connection == nullptr) return Fail(error, kInvalidArgument, "connection is NULL");
    connection->private_data = new std::shared_ptr<Connection>(std::make_shared<Connection>());
    return kOk;
  });
}

AdbcStatusCode Init(AdbcConnection* handle, AdbcDatabase* database, AdbcError* error) {
  return Guard(error, [&] {
    if (handle == nullptr || handle->private_data == nullptr) return Fail(error, kInvalidState, "the connection is not new");
    Connection& connection = *ConnectionOf(handle);
    if (connection.conn != nullptr) return Fail(error, kInvalidState, "the connection is open already");
    const auto* const parent = database == nullptr ? nullptr : static_cast<Database*>(database->private_data);
    if (parent == nullptr || parent->db == nullptr) return Fail(error, kInvalidState, "the database is not open");
    turdb_conn* conn = nullptr;
    TURDB_ADBC_TRY(Try(error, [&](turdb_error** failure) { return turdb_conn_open(parent->db.get(), &conn, failure); }));
    connection.conn.reset(conn);
    turdb_interrupt* interrupt = nullptr;
    TURDB_ADBC_TRY(Try(error, [&](turdb_error** failure) { return turdb_interrupt_open(conn, &interrupt, failure); }));
    connection.interrupt.reset(interrupt);
    for (const auto& [key, value] : connection.pending) {
      if (const AdbcStatusCode code = SetOpen(connection, key, value, error); code != kOk) {
        connection.conn.reset();
        return code;
      }
    }
    connection.pending.clear();
    return kOk;
  });
}

AdbcStatusCode Release(AdbcConnection* handle, AdbcError* error) {
  return Guard(error, [&] {
    if (handle == nullptr || handle->private_data == nullptr)
      return Fail(error, kInvalidState, "the connection is not initialised");
    // Streams of it may live on; what is open of a transaction does not.
    const std::shared_ptr<Connection> connection = SharedConnection(handle);
    delete static_cast<std::shared_ptr<Connection>*>(handle->private_data);
    handle->private_data = nullptr;
    if (connection->conn != nullptr && !turdb_conn_in_autocommit(connection->conn.get())) {
      turdb_conn_rollback(connection->conn.get(), nullptr);
    }
    connection->conn.reset();
    return kOk;
  });
}

AdbcStatusCode End(AdbcConnection* handle, bool commit, AdbcError* error) {
  return Guard(error, [&] {
    TURDB_ADBC_TRY(CheckOpen(handle, error));
    Connection& connection = *ConnectionOf(handle);
    if (connection.autocommit) {
      return Fail(error, kInvalidState, "there is no transaction to end: autocommit is on", "25P01");
    }
    if (turdb_conn_in_autocommit(connection.conn.get())) return kOk;  // nothing ran in it
    return Try(error, [&](turdb_error** failure) {
      return commit ? turdb_conn_commit(connection.conn.get(), failure) : turdb_conn_rollback(connection.conn.get(), failure);
    });
  });
}

AdbcStatusCode Commit(AdbcConnection* handle, AdbcError* error) { return End(handle, true, error); }
AdbcStatusCode Rollback(AdbcConnection* handle, AdbcError* error) { return End(handle, false, error); }

AdbcStatusCode Cancel(AdbcConnection* handle, AdbcError* error) {
  TURDB_ADBC_TRY(CheckOpen(handle, error));
  turdb_interrupt_stop(ConnectionOf(handle)->interrupt.get());
  return kOk;
}

// A partition is the query itself: there is one of them.
AdbcStatusCode ReadPartition(AdbcConnection* handle, const uint8_t* partition, size_t length, ArrowArrayStream* out,
                             AdbcError* error) {
  return Guard(error, [&] {
    if (out == nullptr || partition == nullptr) return Fail(error, kInvalidArgument, "partition or out is NULL");
    out->release = nullptr;
    TURDB_ADBC_TRY(CheckOpen(handle, error));
    Connection& connection = *ConnectionOf(handle);
    TURDB_ADBC_TRY(BeginIfNeeded(connection, error));
    turdb_stmt* raw = nullptr;
    TURDB_ADBC_TRY(Try(error, [&](turdb_error** failure) {
      return turdb_stmt_prepare(connection.conn.get(), reinterpret_cast<const char*>(partition), static_cast<int64_t>(length),
                                nullptr, &raw, failure);
    }));
    const Handle<turdb_stmt> stmt(raw);
    turdb_result* result = nullptr;
    TURDB_ADBC_TRY(Try(
        error, [&](turdb_error** failure) { return turdb_stmt_execute(stmt.get(), TURDB_ARROW_DEFAULT, &result, failure); }));
    return ExportStream(Handle<turdb_result>(result), out, error);
  });
}

}  // namespace

AdbcStatusCode BeginIfNeeded(Connection& connection, AdbcError* error) {
  if (connection.autocommit || !turdb_conn_in_autocommit(connection.conn.get())) return kOk;
  return Try(error, [&](turdb_error** failure) { return turdb_conn_begin(connection.conn.get(), failure); });
}

void FillConnectionEntries(AdbcDriver* driver, bool with_110) {
  using Entries = OptionEntries<AdbcConnection, Get, Set>;
  driver->ConnectionNew = New;
  driver->ConnectionInit = Init;
  driver->ConnectionRelease = Release;
  driver->ConnectionCommit = Commit;
  driver->ConnectionRollback = Rollback;
  driver->ConnectionReadPartition = ReadPartition;
  driver->ConnectionSetOption = Entries::SetText;
  if (!with_110) return;
  driver->ConnectionCancel = Cancel;
  driver->ConnectionGetOption = Entries::GetText;
  driver->ConnectionGetOptionBytes = Entries::GetBytes;
  driver->ConnectionGetOptionInt = Entries::GetInt;
  driver->ConnectionGetOptionDouble = Entries::GetDouble;
  driver->ConnectionSetOptionBytes = Entries::SetBytes;
  driver->ConnectionSetOptionInt = Entries::SetInt;
  driver->ConnectionSetOptionDouble = Entries::SetDouble;
}

}  // namespace turdb::adbc
