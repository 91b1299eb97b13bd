// SQLite's PRAGMAs that list something: queries of the views of the catalog that have their columns.
#ifndef TURDB_SQL_PRAGMA_H_
#define TURDB_SQL_PRAGMA_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "sql/parse/ast.h"

namespace turdb::sql {

// By the name of the PRAGMA, in lower case, that reads and sets it.
std::optional<catalog::DatabaseNumber> DatabaseNumberOf(std::string_view pragma);
// Empty: the PRAGMA is something else. What it asks about may be missing: then the query gives no rows, as in SQLite.
std::string PragmaQuery(const ast::Pragma& pragma, const catalog::Snapshot& catalog, std::span<const std::string> search_path);
// The same for the table function pragma_..., whose arguments are $1, the name that is asked about, and $2, a schema. Empty:
// there is no such function of so many arguments.
std::string PragmaFunctionQuery(std::string_view function, size_t arguments, std::span<const std::string> search_path);

}  // namespace turdb::sql

#endif  // TURDB_SQL_PRAGMA_H_
