// What the opaque pointers of ADBC's structs are here, and how errors of turdb.h become ADBC's.
#ifndef TURDB_ADBC_HANDLES_H_
#define TURDB_ADBC_HANDLES_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adbc/abi.h"
#include "turdb.h"

namespace turdb::adbc {

struct FreeTurdb {
  void operator()(turdb_db* db) const { turdb_db_free(db); }
  void operator()(turdb_conn* conn) const { turdb_conn_free(conn); }
  void operator()(turdb_stmt* stmt) const { turdb_stmt_free(stmt); }
  void operator()(turdb_result* result) const { turdb_result_free(result); }
  void operator()(turdb_options* options) const { turdb_options_free(options); }
  void operator()(turdb_appender* appender) const { turdb_appender_free(appender); }
  void operator()(turdb_error* error) const { turdb_error_free(error); }
  void operator()(turdb_interrupt* interrupt) const { turdb_interrupt_free(interrupt); }
};
template <typename T>
using Handle = std::unique_ptr<T, FreeTurdb>;

using Options = std::map<std::string, std::string, std::less<>>;

struct Database {
  Options options;  // as they were set
  Handle<turdb_db> db;
};

// Behind AdbcConnection is a std::shared_ptr of this.
struct Connection {
  Handle<turdb_conn> conn;
  Handle<turdb_interrupt> interrupt;  // of conn; for other threads
  Options pending;                    // set before the connection was opened
  bool autocommit = true;
  bool read_only = false;
  std::string isolation;  // the last word of ADBC's option; empty: the default
};

struct Statement {
  std::shared_ptr<Connection> connection;  // which may be released first: then it is open no more
  std::string sql;
  Handle<turdb_stmt> prepared;
  arrow::Owned<ArrowArrayStream> bound;
  Options ingest;  // adbc.ingest.*
  // What Cancel, on another thread, aims at: the number of the first execution that the statement began last (0: none), and
  // whether others of its own may follow it.
  std::atomic<int64_t> first_execution{0};
  std::atomic<bool> runs_often{false};
};

// Null for one that is not initialised.
inline std::shared_ptr<Connection> SharedConnection(const AdbcConnection* connection) {
  if (connection == nullptr || connection->private_data == nullptr) return nullptr;
  return *static_cast<std::shared_ptr<Connection>*>(connection->private_data);
}

// ---- errors

// Fills *error, when there is one, and returns the code.
AdbcStatusCode Fail(AdbcError* error, AdbcStatusCode code, std::string_view message, std::string_view sqlstate = {});
// The same from an error of turdb.h, with its hint, position, context and status as details.
AdbcStatusCode FailWith(AdbcError* error, const turdb_error* from);
AdbcStatusCode CodeOf(const turdb_error* error);
int ErrorDetailCount(const AdbcError* error);
AdbcErrorDetail ErrorDetail(const AdbcError* error, int index);

// Calls a function of turdb.h, which gets a place for its error as the last argument: `call(turdb_error**)`.
template <typename Call>
AdbcStatusCode Try(AdbcError* error, Call&& call) {
  turdb_error* raw = nullptr;
  const turdb_status status = call(&raw);
  const Handle<turdb_error> failure(raw);
  return status >= 0 ? kOk : FailWith(error, failure.get());
}

// What every entry runs in: nothing thrown gets out.
template <typename Body>
AdbcStatusCode Guard(AdbcError* error, Body&& body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return Fail(error, kInternal, "out of memory", "53200");
  } catch (const std::exception& e) {
    return Fail(error, kInternal, e.what(), "XX000");
  }
}

#define TURDB_ADBC_TRY(expr)                                 \
  do {                                                       \
    if (const AdbcStatusCode code_ = (expr); code_ != kOk) { \
      return code_;                                          \
    }                                                        \
  } while (false)

// ---- queries of the driver's own

// A value of the current row as text; nullopt for NULL.
std::optional<std::string> TextAt(turdb_stmt* row, int64_t column);
// Runs `sql` with texts (nullopt: NULL) as its parameters and visits every row.
AdbcStatusCode Query(turdb_conn* conn, std::string_view sql, const std::vector<std::optional<std::string>>& parameters,
                     const std::function<void(turdb_stmt* row)>& visit, AdbcError* error);
std::string Quoted(std::string_view name);  // as an identifier

// ---- transactions (connection.cc)

// With autocommit off, begins the transaction that the next statement is in, unless it has begun.
AdbcStatusCode BeginIfNeeded(Connection& connection, AdbcError* error);

// ---- streams (stream.cc)

// Moves the result into a stream whose errors ErrorFromArrayStream knows.
AdbcStatusCode ExportStream(Handle<turdb_result> result, ArrowArrayStream* out, AdbcError* error);
const AdbcError* StreamErrorOf(ArrowArrayStream* stream, AdbcStatusCode* status);

// ---- the groups of entries, each in a file of its own

void FillDatabaseEntries(AdbcDriver* driver, bool with_110);
void FillConnectionEntries(AdbcDriver* driver, bool with_110);
void FillMetadataEntries(AdbcDriver* driver, bool with_110);
void FillStatementEntries(AdbcDriver* driver, bool with_110);

}  // namespace turdb::adbc

#endif  // TURDB_ADBC_HANDLES_H_
