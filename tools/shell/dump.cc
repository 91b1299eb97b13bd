#include "shell/dump.h"

#include <algorithm>
#include <utility>
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

using Row = std::vector<std::string>;

bool Collect(turdb_conn* conn, const std::string& sql, std::vector<Row>* rows, ErrorHandle& error) {
  const StmtHandle stmt = Prepare(conn, sql, error);
  if (stmt == nullptr) return false;
  turdb_status status = TURDB_ROW;
  while ((status = turdb_stmt_step(stmt.get(), error.out())) == TURDB_ROW) {
    Row row;
    for (int64_t i = 0; i < turdb_stmt_column_count(stmt.get()); ++i) {
      const char* const text = turdb_stmt_column_text(stmt.get(), i, nullptr);
      row.emplace_back(text == nullptr ? "" : text);
    }
    rows->push_back(std::move(row));
  }
  return status == TURDB_DONE;
}

// The rows of one table, as INSERTs of many rows each.
bool DumpRows(turdb_conn* conn, const std::string& table, bool has_identity, std::FILE* out, ErrorHandle& error) {
  const std::string values = has_identity ? " OVERRIDING SYSTEM VALUE VALUES\n  (" : " VALUES\n  (";
  const StmtHandle stmt = Prepare(conn, "SELECT * FROM " + table, error);
  if (stmt == nullptr) return false;
  const int64_t columns = turdb_stmt_column_count(stmt.get());
  turdb_status status = TURDB_ROW;
  int in_statement = 0;
  while ((status = turdb_stmt_step(stmt.get(), error.out())) == TURDB_ROW) {
    std::string row = in_statement == 0 ? "INSERT INTO " + table + values : ",\n  (";
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
  std::vector<Row> schemas;
  std::vector<Row> types;
  std::vector<Row> functions;
  std::vector<Row> objects;
  std::vector<Row> indexes;
  std::vector<Row> sequences;
  std::vector<Row> triggers;
  std::vector<Row> disabled;
  std::vector<Row> comments;
  if (!Collect(conn, kSchemasQuery, &schemas, error) || !Collect(conn, TypesQuery(), &types, error) ||
      !Collect(conn, FunctionsOverTablesQuery(), &functions, error) || !Collect(conn, ObjectsQuery(pattern), &objects, error) ||
      !Collect(conn, IndexSqlQuery(pattern), &indexes, error) || !Collect(conn, SequencesQuery(pattern), &sequences, error) ||
      !Collect(conn, TriggerSqlQuery(pattern), &triggers, error) ||
      !Collect(conn, DisabledTriggersQuery(pattern), &disabled, error) ||
      !Collect(conn, CommentsQuery(pattern), &comments, error)) {
    return false;
  }
  std::fputs("BEGIN;\n", out);
  for (const Row& schema : schemas) std::fprintf(out, "CREATE SCHEMA IF NOT EXISTS %s;\n", QuoteName(schema[0]).c_str());
  const auto put_sql_of = [&](std::string_view kind) {
    for (const Row& object : objects) {
      if (object[0] == kind && !object[3].empty()) std::fprintf(out, "%s;\n", object[3].c_str());
    }
  };
  // Bodies of functions name what is not there yet.
  const auto is_function = [](const Row& row) { return row[0].rfind("CREATE FUNCTION", 0) == 0; };
  const bool any = !functions.empty() || std::any_of(types.begin(), types.end(), is_function);
  if (any) std::fputs("SET check_function_bodies = off;\n", out);
  for (const Row& type : types) std::fprintf(out, "%s;\n", type[0].c_str());
  put_sql_of("sequence");
  put_sql_of("table");
  for (const Row& function : functions) std::fprintf(out, "%s;\n", function[0].c_str());
  for (const Row& object : objects) {
    const std::string name = QuoteName(object[1]) + "." + QuoteName(object[2]);
    const bool has_identity = object[3].find("GENERATED ALWAYS AS IDENTITY") != std::string::npos;
    if (object[0] == "table" && !DumpRows(conn, name, has_identity, out, error)) return false;
  }
  put_sql_of("view");
  put_sql_of("materialized view");
  for (const Row& index : indexes) std::fprintf(out, "%s;\n", index[0].c_str());
  for (const Row& sequence : sequences) {
    std::fprintf(out, "SELECT setval(%s, %s, %s);\n", QuoteText(QuoteName(sequence[0]) + "." + QuoteName(sequence[1])).c_str(),
                 sequence[2].c_str(), sequence[3].c_str());
  }
  for (const Row& trigger : triggers) std::fprintf(out, "%s;\n", trigger[0].c_str());  // when the rows are there
  for (const Row& trigger : disabled) {
    std::fprintf(out, "ALTER TABLE %s.%s DISABLE TRIGGER %s;\n", QuoteName(trigger[0]).c_str(), QuoteName(trigger[1]).c_str(),
                 QuoteName(trigger[2]).c_str());
  }
  for (const Row& comment : comments) std::fprintf(out, "%s;\n", comment[0].c_str());
  if (any) std::fputs("RESET check_function_bodies;\n", out);
  std::fputs("COMMIT;\n", out);
  return true;
}

}  // namespace turdb::shell
