#include "shell/catalog_queries.h"

#include <algorithm>
#include <cctype>

#include "shell/dot_commands.h"

namespace turdb::shell {
namespace {

constexpr std::string_view kKeywords[] = {
    "add",       "all",         "alter",      "analyze",  "and",     "as",        "asc",       "begin",     "between",
    "bigint",    "boolean",     "by",         "case",     "cast",    "check",     "column",    "commit",    "conflict",
    "copy",      "count",       "create",     "cross",    "date",    "decimal",   "default",   "delete",    "desc",
    "describe",  "distinct",    "do",         "double",   "drop",    "else",      "end",       "except",    "exists",
    "explain",   "false",       "first",      "foreign",  "from",    "full",      "group",     "having",    "if",
    "in",        "index",       "inner",      "insert",   "integer", "intersect", "interval",  "into",      "is",
    "join",      "key",         "last",       "left",     "like",    "limit",     "natural",   "not",       "nothing",
    "null",      "nulls",       "offset",     "on",       "or",      "order",     "outer",     "partition", "precision",
    "primary",   "recursive",   "references", "release",  "rename",  "replace",   "returning", "right",     "rollback",
    "savepoint", "schema",      "select",     "set",      "show",    "table",     "text",      "then",      "timestamp",
    "to",        "transaction", "true",       "truncate", "union",   "unique",    "update",    "using",     "vacuum",
    "values",    "view",        "when",       "where",    "window",  "with"};

bool StartsWithIgnoringCase(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && std::equal(start.begin(), start.end(), text.begin(), [](char a, char b) {
           return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
         });
}

// Of what outlives the session.
constexpr char kPermanent[] = "schema_name NOT IN (SELECT schema_name FROM turdb_catalog.schemas WHERE is_temporary)";
constexpr char kUserSchemas[] = "table_schema NOT IN ('turdb_catalog', 'information_schema')";

}  // namespace

const char kNamesQuery[] =
    "SELECT table_name FROM information_schema.tables UNION SELECT column_name FROM information_schema.columns "
    "WHERE table_schema NOT IN ('turdb_catalog', 'information_schema')";

std::string QuoteText(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted.push_back('\'');
    quoted.push_back(c);
  }
  return quoted + "'";
}

std::string TablesQuery(std::string_view pattern) {
  return std::string("SELECT table_schema, table_name, table_type FROM information_schema.tables WHERE ") + kUserSchemas +
         " AND table_name LIKE " + QuoteText(pattern) + " ORDER BY table_schema, table_name";
}

std::string SchemaQuery(std::string_view pattern) {
  return "SELECT sql FROM (SELECT type_id AS place, 'a type' AS type, type_name AS name, type_name AS tbl_name, sql FROM "
         "turdb_catalog.types UNION ALL SELECT CASE WHEN NOT needs_table THEN function_id END, 'a function', function_name, "
         "function_name, sql FROM turdb_catalog.functions UNION ALL SELECT NULL, type, name, tbl_name, sql FROM sqlite_schema "
         "UNION ALL SELECT NULL, type, name, tbl_name, sql FROM sqlite_temp_schema) AS s WHERE sql IS NOT NULL AND tbl_name "
         "LIKE " +
         QuoteText(pattern) +
         " ORDER BY place, type = 'trigger', type = 'view', type = 'a function', tbl_name, type = 'index', name";
}

std::string ObjectsQuery(std::string_view pattern) {
  return std::string("SELECT kind, schema_name, table_name, sql FROM turdb_catalog.tables WHERE kind <> 'system view' AND ") +
         kPermanent + " AND table_name LIKE " + QuoteText(pattern) + " ORDER BY schema_name, table_name";
}

std::string IndexSqlQuery(std::string_view pattern) {
  return std::string("SELECT sql FROM turdb_catalog.indexes WHERE sql IS NOT NULL AND NOT is_constraint AND ") + kPermanent +
         " AND table_name LIKE " + QuoteText(pattern) + " ORDER BY schema_name, index_name";
}

std::string SequencesQuery(std::string_view pattern) {
  return std::string(
             "SELECT schema_name, sequence_name, last_value, CASE WHEN is_called THEN 'true' ELSE 'false' END FROM "
             "turdb_catalog.sequences WHERE ") +
         kPermanent + " AND coalesce(owner_table, sequence_name) LIKE " + QuoteText(pattern) +
         " ORDER BY schema_name, sequence_name";
}

std::string TriggerSqlQuery(std::string_view pattern) {
  return "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name LIKE " + QuoteText(pattern) +
         " ORDER BY tbl_name, name";
}

std::string DisabledTriggersQuery(std::string_view pattern) {
  return "SELECT DISTINCT event_object_schema, event_object_table, trigger_name FROM information_schema.triggers "
         "WHERE is_enabled = 'NO' AND event_object_schema NOT IN (SELECT schema_name FROM turdb_catalog.schemas WHERE "
         "is_temporary) AND event_object_table LIKE " +
         QuoteText(pattern) + " ORDER BY 1, 2, 3";
}

std::string CommentsQuery(std::string_view pattern) {
  return std::string("SELECT sql FROM turdb_catalog.comments WHERE ") + kPermanent +
         " AND (kind IN ('schema', 'type', 'domain', 'function', 'macro') OR object_name LIKE " + QuoteText(pattern) +
         ") ORDER BY schema_name, object_name, part_name NULLS FIRST, kind";
}

const char kSchemasQuery[] =
    "SELECT schema_name FROM turdb_catalog.schemas WHERE NOT is_system AND NOT is_temporary AND schema_name <> 'root' ORDER BY "
    "schema_name";

const std::string& TypesQuery() {
  static const std::string* const kQuery = new std::string(
      std::string("SELECT sql FROM (SELECT type_id AS id, sql, schema_name FROM turdb_catalog.types UNION ALL "
                  "SELECT function_id, sql, schema_name FROM turdb_catalog.functions WHERE NOT needs_table) AS s "
                  "WHERE ") +
      kPermanent + " ORDER BY id");
  return *kQuery;
}

const std::string& FunctionsOverTablesQuery() {
  static const std::string* const kQuery = new std::string(
      std::string("SELECT sql FROM turdb_catalog.functions WHERE needs_table AND ") + kPermanent + " ORDER BY function_id");
  return *kQuery;
}

std::string IndexesQuery(std::string_view pattern) {
  return "SELECT name, tbl_name FROM (SELECT * FROM sqlite_schema UNION ALL SELECT * FROM sqlite_temp_schema) AS s WHERE type "
         "= "
         "'index' AND tbl_name LIKE " +
         QuoteText(pattern) + " ORDER BY tbl_name, name";
}

std::vector<std::string> Candidates(std::string_view line, std::string_view word, const std::vector<std::string>& names) {
  std::vector<std::string> found;
  if (line.starts_with('.')) {
    if (line != word) return found;
    for (const std::string& name : DotCommandNames()) {
      if (name.starts_with(word)) found.push_back(name);
    }
    return found;
  }
  if (word.empty()) return found;
  const bool upper = std::isupper(static_cast<unsigned char>(word[0])) != 0;
  for (const std::string_view keyword : kKeywords) {
    if (!StartsWithIgnoringCase(keyword, word)) continue;
    std::string text(keyword);
    if (upper) std::transform(text.begin(), text.end(), text.begin(), [](char c) { return static_cast<char>(c - 32); });
    found.push_back(text);
  }
  for (const std::string& name : names) {
    if (StartsWithIgnoringCase(name, word)) found.push_back(name);
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace turdb::shell
