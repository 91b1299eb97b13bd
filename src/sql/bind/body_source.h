// What tells subqueries in the bodies of functions apart: their text, and what the function was called with.
#ifndef TURDB_SQL_BIND_BODY_SOURCE_H_
#define TURDB_SQL_BIND_BODY_SOURCE_H_

#include <span>
#include <string_view>

#include "base/arena.h"
#include "sql/bind/logical.h"
#include "sql/parse/ast.h"

namespace turdb::sql {

// For BoundSubquery::source: two that print the same are the same query. Null: it is like no other.
const ast::Select* SourceInBody(base::Arena& arena, std::string_view text, std::span<const Expr* const> arguments);

}  // namespace turdb::sql

#endif  // TURDB_SQL_BIND_BODY_SOURCE_H_
