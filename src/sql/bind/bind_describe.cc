// DESCRIBE and SUMMARIZE: DuckDB's statements as queries of their own, made as text.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "sql/bind/binder.h"
#include "sql/parse/printer.h"

namespace turdb::sql {

using base::StatusOr;
using vec::Type;
using vec::TypeId;

namespace {

std::string QuotedText(std::string_view text) { return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "''"}}), "'"); }
std::string QuotedName(std::string_view name) { return absl::StrCat("\"", absl::StrReplaceAll(name, {{"\"", "\"\""}}), "\""); }

bool HasOrder(TypeId id) { return !vec::IsJson(id) && id != TypeId::kAny; }

struct Described {
  std::string name;
  Type type;
};

// All aggregates in one pass; then a row a column.
std::string Summary(const std::string& source, const std::vector<Described>& columns) {
  std::vector<std::string> aggregates = {"count(*) AS n"}, rows;
  for (size_t i = 0; i < columns.size(); ++i) {
    const std::string name = QuotedName(columns[i].name);
    const auto add = [&](std::string_view as, std::string_view what, bool has, std::string_view otherwise = "NULL::text") {
      aggregates.push_back(absl::StrCat(has ? what : otherwise, " AS ", as, i));
    };
    const bool order = HasOrder(columns[i].type.id), number = vec::IsNumber(columns[i].type.id);
    const auto call = [&](std::string_view function, std::string_view end) {
      return absl::StrCat(function, "(", name, ")", end);
    };
    const auto quantile = [&](std::string_view at) { return absl::StrCat("quantile_disc(", name, ", ", at, ")::text"); };
    add("lo", call("min", "::text"), order && columns[i].type.id != TypeId::kBoolean && columns[i].type.id != TypeId::kUuid);
    add("hi", call("max", "::text"), order && columns[i].type.id != TypeId::kBoolean && columns[i].type.id != TypeId::kUuid);
    add("u", absl::StrCat("count(DISTINCT ", name, ")"), order, "NULL::bigint");
    add("avg", call("avg", "::double precision::text"), number);
    add("std", call("stddev", "::double precision::text"), number);
    add("q1", quantile("0.25"), number);
    add("q2", quantile("0.5"), number);
    add("q3", quantile("0.75"), number);
    aggregates.push_back(absl::StrCat("count(", name, ") AS c", i));
    rows.push_back(absl::StrCat("SELECT ", QuotedText(columns[i].name), " AS column_name, ",
                                QuotedText(columns[i].type.ToString()), " AS column_type, lo", i, " AS min, hi", i,
                                " AS max, u", i, " AS approx_unique, avg", i, " AS avg, std", i, " AS std, q1", i,
                                " AS q25, q2", i, " AS q50, q3", i, " AS q75, n AS count, round(", "100.0 * (n - c", i,
                                ") / nullif(n, 0), 2) AS null_percentage FROM summary"));
  }
  return absl::StrCat("WITH summary AS MATERIALIZED (SELECT ", absl::StrJoin(aggregates, ", "), " FROM ", source, ") ",
                      absl::StrJoin(rows, " UNION ALL "));
}

}  // namespace

StatusOr<std::string> Binder::DescribeAsQuery(const ast::Describe& describe) {
  std::string source;
  std::vector<Described> columns;
  std::vector<std::string> rows;
  if (describe.query != nullptr) {
    const ast::Select& select = *static_cast<const ast::SelectStatement&>(*describe.query).select;
    TURDB_ASSIGN_OR_RETURN(const BoundQuery query, BindSelect(select, nullptr));
    for (const OutputColumn& column : query.columns) {
      columns.push_back({std::string(column.name), columns_[column.id].type});
      rows.push_back(absl::StrCat("(", QuotedText(column.name), ", ", QuotedText(columns.back().type.ToString()),
                                  ", 'YES', NULL::text, NULL::text, NULL::text)"));
    }
    source = absl::StrCat("(", ToSql(select), ") AS described");
  } else {
    TURDB_ASSIGN_OR_RETURN(const auto relation, FindRelation(describe.table));
    DependOn(relation);
    const table::TableSchema& schema = *relation->schema;
    for (size_t i = 0; i < schema.columns.size(); ++i) {
      const table::Column& column = schema.columns[i];
      columns.push_back({column.name, column.type});
      const auto is_column = [i](const table::IndexPart& part) { return part.column == static_cast<int32_t>(i); };
      const bool key = std::any_of(schema.primary_key.begin(), schema.primary_key.end(), is_column);
      const bool unique = std::any_of(schema.indexes.begin(), schema.indexes.end(), [&](const table::IndexSchema& index) {
        return index.unique && index.parts.size() == 1 && is_column(index.parts[0]);
      });
      rows.push_back(absl::StrCat(
          "(", QuotedText(column.name), ", ", QuotedText(column.type.ToString()), ", ", column.not_null ? "'NO'" : "'YES'",
          ", ",
          key      ? "'PRI'"
          : unique ? "'UNI'"
                   : "NULL::text",
          ", ",
          column.default_sql.empty() || column.generation != table::Generation::kNone ? "NULL::text"
                                                                                      : QuotedText(column.default_sql),
          ", ",
          column.generation != table::Generation::kNone ? QuotedText(absl::StrCat("generated as ", column.default_sql))
                                                        : "NULL::text",
          ")"));
    }
    source = absl::StrCat(QuotedName(relation->schema_name()), ".", QuotedName(relation->name()));
  }
  if (describe.summarize) return Summary(source, columns);
  return absl::StrCat("SELECT * FROM (VALUES ", absl::StrJoin(rows, ", "),
                      ") AS described(column_name, column_type, \"null\", key, \"default\", extra)");
}

std::string Binder::ShowAsQuery(std::string_view name) {
  if (name == "tables") {
    return "SELECT table_name AS name FROM information_schema.tables WHERE table_schema NOT IN ('information_schema', "
           "'pg_catalog', 'turdb_catalog') ORDER BY table_name";
  }
  if (name == "schemas") return "SELECT schema_name AS name FROM information_schema.schemata ORDER BY schema_name";
  return "";
}

}  // namespace turdb::sql
