// What the opaque handles of turdb.h are: an owner each, nothing else. The rules for threads, closing and freeing are
// engine's (connection.h).
#ifndef TURDB_CAPI_HANDLES_H_
#define TURDB_CAPI_HANDLES_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/exporter.h"
#include "arrow/importer.h"
#include "capi/error.h"
#include "engine/connection.h"
#include "engine/database.h"
#include "engine/result.h"
#include "engine/settings.h"
#include "engine/statement.h"
#include "turdb.h"
#include "vec/type.h"
#include "vec/value.h"

struct turdb_options {
  turdb::engine::Settings settings;
  std::string shown;  // the value that was asked for last
};

struct turdb_db {
  std::shared_ptr<turdb::engine::Database> database;
};

struct turdb_conn {
  std::shared_ptr<turdb::engine::Connection> connection;
  std::string setting = {};  // the one that was asked for last
};

struct turdb_stmt {
  std::unique_ptr<turdb::engine::Statement> statement;
  // Texts of the current row that were asked for, one a column, so that they have a NUL behind them.
  std::vector<std::string> texts;
  // Rows for the next turdb_stmt_execute; null: the bound values.
  std::unique_ptr<turdb::arrow::StreamReader> parameters;
  // turdb_stmt_fetch_packed found no room for the current row: it comes with the next call.
  bool row_is_owed = false;
  std::string explained = {};  // the text that was asked for last: a plan, a profile, the expanded statement
};

struct turdb_result {
  std::unique_ptr<turdb::engine::Result> result;  // null once it was moved into a stream
};

namespace turdb::capi {

// TurDB's numbers of types are stable on disk; those of the header, TURDB_TYPE_*, are stable there.
int32_t PublicType(vec::TypeId id);

// Of TURDB_ARROW_*.
base::StatusOr<arrow::ExportOptions> ExportOptionsOf(int64_t flags);

// The text of `data`, where TURDB_NUL_TERMINATED stands for its length.
inline base::StatusOr<std::string_view> TextOf(const char* data, int64_t size_bytes) {
  if (data == nullptr && size_bytes != 0) return base::MisuseError("a text is NULL");
  if (size_bytes == TURDB_NUL_TERMINATED) return std::string_view(data);
  if (size_bytes < 0) return base::MisuseError("a size is negative");
  return std::string_view(data, static_cast<size_t>(size_bytes));
}

// Runs `body` on the connection with the right to be inside it.
template <typename Body>
turdb_status Inside(engine::Connection& connection, turdb_error** error, Body&& body) noexcept {
  return Guarded(error, [&]() -> base::Status {
    const engine::Connection::Entry entry(connection);
    if (!entry.entered()) [[unlikely]]
      return entry.status();
    return body();
  });
}

}  // namespace turdb::capi

#endif  // TURDB_CAPI_HANDLES_H_
