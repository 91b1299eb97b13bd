#include "sql/pragma.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace turdb::sql {
namespace {

struct Listing {
  std::string_view pragma;
  std::string_view columns;
  std::string_view view;
  std::string_view key;  // the column with the name that is asked about
  std::string_view order;
};
constexpr Listing kListings[] = {
    {"table_info", "cid, name, type, \"notnull\", dflt_value, pk", "pragma_table_info WHERE hidden = 0", "table_name", "cid"},
    {"table_xinfo", "cid, name, type, \"notnull\", dflt_value, pk, hidden", "pragma_table_info WHERE true", "table_name",
     "cid"},
    {"index_list", "seq, name, \"unique\", origin, partial", "pragma_index_list WHERE true", "table_name", "seq"},
    {"index_info", "seqno, cid, name", "pragma_index_info WHERE true", "index_name", "seqno"},
    {"foreign_key_list", "id, seq, \"table\", \"from\", \"to\", on_update, on_delete, \"match\"",
     "pragma_foreign_key_list WHERE true", "table_name", "id, seq"},
};
constexpr std::string_view kTableList =
    "SELECT schema_name AS schema, table_name AS name, CASE kind WHEN 'materialized view' THEN 'table' ELSE kind END AS type, "
    "column_count AS ncol, 0 AS wr, 1 AS strict FROM turdb_catalog.tables WHERE kind IN ('table', 'view', 'materialized view')";

std::string QuoteText(std::string_view text) { return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "''"}}), "'"); }

}  // namespace

std::optional<catalog::DatabaseNumber> DatabaseNumberOf(std::string_view pragma) {
  if (pragma == "user_version") return catalog::DatabaseNumber::kUserVersion;
  if (pragma == "application_id") return catalog::DatabaseNumber::kApplicationId;
  return std::nullopt;
}

std::string PragmaQuery(const ast::Pragma& pragma, const catalog::Snapshot& catalog, std::span<const std::string> search_path) {
  const std::string name = absl::AsciiStrToLower(pragma.name.text);
  if (const std::optional<catalog::DatabaseNumber> number = DatabaseNumberOf(name); number.has_value()) {
    if (pragma.value != nullptr) return "";  // sets it
    return absl::StrCat("SELECT \"database number\"(", static_cast<int>(*number), ") AS ", name);
  }
  if (name == "table_list") {
    const std::string only = pragma.value == nullptr ? "" : absl::StrCat(" AND table_name = ", QuoteText(pragma.value->text));
    return absl::StrCat(kTableList, only, " ORDER BY schema_name, table_name");
  }
  for (const Listing& listing : kListings) {
    if (name != listing.pragma || pragma.value == nullptr) continue;
    const std::string_view about = pragma.value->text;
    std::shared_ptr<const catalog::Relation> relation;
    std::string exact(about);
    if (listing.key == "index_name") {
      const catalog::IndexRef index = catalog.FindIndex(pragma.schema.text, about, search_path);
      relation = index.relation;
      if (relation != nullptr) {
        exact = index.index < 0 ? relation->schema->primary_key_name
                                : relation->schema->indexes[static_cast<size_t>(index.index)].name;
      }
    } else {
      relation = catalog.FindRelation(pragma.schema.text, about, search_path);
      std::string in_schema, own_name;  // 'schema.table', as DuckDB has it
      if (relation == nullptr && pragma.schema.empty() && catalog::ParseRelationName(about, &in_schema, &own_name)) {
        relation = catalog.FindRelation(in_schema, own_name, search_path);
      }
      if (relation != nullptr) exact = relation->name();
    }
    const std::string schema = relation == nullptr ? "" : relation->schema_name();
    return absl::StrCat("SELECT ", listing.columns, " FROM turdb_catalog.", listing.view,
                        " AND schema_name = ", QuoteText(schema), " AND ", listing.key, " = ", QuoteText(exact), " ORDER BY ",
                        listing.order);
  }
  return "";
}

// The schemas of the path in their order: the first that has the name is meant.
std::string PragmaFunctionQuery(std::string_view function, size_t arguments, std::span<const std::string> search_path) {
  const std::string name = absl::AsciiStrToLower(function.substr(std::string_view("pragma_").size()));
  if (name == "table_list" && arguments <= 1) {
    return absl::StrCat(kTableList, arguments == 1 ? " AND lower(table_name) = lower($1)" : "",
                        " ORDER BY schema_name, table_name");
  }
  for (const Listing& listing : kListings) {
    if (name != listing.pragma || arguments < 1 || arguments > 2) continue;
    const std::string named = absl::StrCat("lower(", listing.key, ") = lower($1)");
    std::string schema;
    if (arguments == 2) {
      schema = " AND lower(schema_name) = lower(CASE WHEN lower($2) IN ('main', 'public') THEN 'root' ELSE $2 END)";
    } else {
      std::string path;
      for (const std::string& place : search_path) {
        const std::string_view stored =
            place == "main" || place == "public" ? catalog::kDefaultSchema : std::string_view(place);
        absl::StrAppend(&path, path.empty() ? "" : ", ", QuoteText(stored));
      }
      const std::string place = absl::StrCat("array_position(ARRAY[", path, "]::text[], schema_name)");
      schema =
          absl::StrCat(" AND ", place, " = (SELECT min(", place, ") FROM turdb_catalog.", listing.view, " AND ", named, ")");
    }
    return absl::StrCat("SELECT ", listing.columns, " FROM turdb_catalog.", listing.view, " AND ", named, schema, " ORDER BY ",
                        listing.order);
  }
  return "";
}

}  // namespace turdb::sql
