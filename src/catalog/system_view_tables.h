// How the files that define system views hand them to the list of all (system_views.cc). Internal to this room.
#ifndef TURDB_CATALOG_SYSTEM_VIEW_TABLES_H_
#define TURDB_CATALOG_SYSTEM_VIEW_TABLES_H_

#include <span>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "catalog/system_views.h"

namespace turdb::catalog {

inline constexpr std::string_view kCatalogName = "turdb";  // what information_schema calls the database

// pg_type's id of a type that a user made: object ids and PostgreSQL's own ids of types overlap.
inline constexpr int64_t kUserTypeIds = int64_t{1} << 36;

// pg_collation's id of a column's collation; 0 of one that has none.
int64_t CollationIdOf(const table::Column& column);

std::span<const SystemView> LockViews();
std::span<const SystemView> SequenceViews();
std::span<const SystemView> TypeViews();
std::span<const SystemView> FunctionViews();
std::span<const SystemView> CommentViews();
std::span<const SystemView> PgViewList();
std::span<const SystemView> InformationViews();

inline vec::Value Text(std::string_view text) { return vec::Value::Text(text); }
inline vec::Value TextOrNull(std::string_view text) {
  return text.empty() ? vec::Value::Null(vec::Type::Text()) : vec::Value::Text(text);
}
inline vec::Value YesNo(bool yes) { return vec::Value::Text(yes ? "YES" : "NO"); }

// Calls `visit` for relations in order until one fails.
base::Status ForEach(const Snapshot& snapshot, absl::FunctionRef<base::Status(const Relation&)> visit);

}  // namespace turdb::catalog

#endif  // TURDB_CATALOG_SYSTEM_VIEW_TABLES_H_
