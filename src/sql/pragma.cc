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
      if (relation != nullptr) exact = relation->name();
    }
    const std::string schema = relation == nullptr ? "" : relation->schema_name();
    return absl::StrCat("SELECT ", listing.columns, " FROM turdb_catalog.", listing.view,
                        " AND schema_name = ", QuoteText(schema), " AND ", listing.key, " = ", QuoteText(exact), " ORDER BY ",
                        listing.order);
  }
  return "";
}

}  // namespace turdb::sql
