#include "shell/dump.h"

#include <vector>

#include "shell/catalog_queries.h"
#include "shell/import.h"

namespace turdb::shell {
namespace {

constexpr int kRowsPerInsert = 100;

StmtHandle Prepare(turdb_conn* conn, const std::string& sql, ErrorHandle& error) {
  StmtHandle stmt;
  turdb_stmt_prepare(conn, sql.data(), static_cast<int64_t>(sql.size()), nullptr, stmt.out(), error.out());
  return stmt;
}

// The rows of one table, as INSERTs of many rows each.
bool DumpRows(turdb_conn* conn, const std::string& table, std::FILE* out, ErrorHandle& error) {
  const StmtHandle stmt = Prepare(conn, "SELECT * FROM " + table, error);
  if (stmt == nullptr) return false;
  const int64_t columns = turdb_stmt_column_count(stmt.get());
  turdb_status status = TURDB_ROW;
  int in_statement = 0;
  while ((status = turdb_stmt_step(stmt.get(), error.out())) == TURDB_ROW) {
    std::string row = in_statement == 0 ? "INSERT INTO " + table + " VALUES\n  (" : ",\n  (";
    for (int64_t i = 0; i < columns; ++i) row += (i > 0 ? ", " : "") + Literal(stmt.get(), i);
    row += ")";
    if (++in_statement == kRowsPerInsert) {
      row += ";\n";
      in_statement = 0;
    }
    std::fwrite(row.data(), 1, row.size(), out);
  }
  if (in_statement > 0) std::fputs(";\n", out);
  return status == TURDB_DONE;
}

}  // namespace

std::string Literal(turdb_stmt* stmt, int64_t index) {
  int64_t size_bytes = 0;
  const char* const text = turdb_stmt_column_text(stmt, index, &size_bytes);
  if (text == nullptr) return "NULL";
  const std::string_view value(text, static_cast<size_t>(size_bytes));
  const int32_t type = turdb_stmt_value_type(stmt, index);
  if (type == TURDB_TYPE_BOOL) return turdb_stmt_column_bool(stmt, index) ? "true" : "false";
  const bool is_number = type >= TURDB_TYPE_INT8 && type <= TURDB_TYPE_DECIMAL;
  // NaN and the infinities are written as text, which their column turns back.
  if (is_number && value.find_first_of("0123456789") != std::string_view::npos) return std::string(value);
  return QuoteText(value);
}

bool Dump(turdb_conn* conn, std::string_view pattern, std::FILE* out, ErrorHandle& error) {
  struct Object {
    std::string type, name, sql;
  };
  std::vector<Object> objects;
  {
    const StmtHandle stmt = Prepare(conn, ObjectsQuery(pattern), error);
    if (stmt == nullptr) return false;
    turdb_status status = TURDB_ROW;
    const auto text = [&](int64_t column) {
      const char* const value = turdb_stmt_column_text(stmt.get(), column, nullptr);
      return std::string(value == nullptr ? "" : value);
    };
    while ((status = turdb_stmt_step(stmt.get(), error.out())) == TURDB_ROW) objects.push_back({text(0), text(1), text(2)});
    if (status != TURDB_DONE) return false;
  }
  std::fputs("BEGIN;\n", out);
  for (const std::string_view type : {"table", "rows", "index", "view"}) {
    for (const Object& object : objects) {
      if (object.type == type) std::fprintf(out, "%s;\n", object.sql.c_str());
      if (type == "rows" && object.type == "table" && !DumpRows(conn, QuoteName(object.name), out, error)) return false;
    }
  }
  std::fputs("COMMIT;\n", out);
  return true;
}

}  // namespace turdb::shell
