// SQL text to syntax trees, one statement at a time.
#ifndef TURDB_SQL_PARSE_PARSER_H_
#define TURDB_SQL_PARSE_PARSER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/limits.h"
#include "base/status.h"
#include "sql/parse/ast.h"

namespace turdb::sql {

// The values that PIVOT without a list makes columns of: a query, and the texts that its rows are.
using PivotValues = std::function<base::StatusOr<std::vector<std::string>>(std::string_view query)>;

struct ParseLimits {
  int32_t nesting_depth = base::kMaxNestingDepth;  // of expressions, queries and chains of operators
  int64_t sql_bytes = base::kMaxSqlBytes;
  int32_t parameters = base::kMaxParameters;
  const PivotValues* pivot_values = nullptr;  // null: PIVOT lists them
};

struct ParsedStatement {
  const ast::Statement* statement = nullptr;  // null: nothing but white space, comments and semicolons
  size_t end_offset = 0;                      // where the next statement's text begins: after the semicolon
  // One a parameter number, from 1: its name with its mark (":id", "$name"), or empty. Numbers that a text skips
  // (`?3` alone) are parameters too.
  std::span<const std::string_view> parameter_names;
  bool asked_pivot_values = false;  // the tree depends on rows
  int32_t parameter_count() const { return static_cast<int32_t>(parameter_names.size()); }
};

// Parses the first statement of `sql`. `arena` and `sql` outlive the tree. Offsets in errors and nodes are
// relative to `sql`. Errors: 42601 and its like, always with a position; 54001 for what is nested too deeply.
base::StatusOr<ParsedStatement> ParseStatement(base::Arena& arena, std::string_view sql, const ParseLimits& limits = {});

// The whole of `sql` is one expression (stored defaults and checks) or one type name.
base::StatusOr<const ast::Expr*> ParseExpression(base::Arena& arena, std::string_view sql, const ParseLimits& limits = {});
base::StatusOr<const ast::TypeName*> ParseTypeName(base::Arena& arena, std::string_view sql, const ParseLimits& limits = {});

// The body of a trigger as the catalog keeps it: statements, each with a semicolon. Parameters are refused.
base::StatusOr<ast::List<ast::Statement*>> ParseTriggerBody(base::Arena& arena, std::string_view sql,
                                                            const ParseLimits& limits = {});

}  // namespace turdb::sql

#endif  // TURDB_SQL_PARSE_PARSER_H_
