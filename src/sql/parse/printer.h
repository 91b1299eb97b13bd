// Syntax trees as SQL text. Every operator is in parentheses, so the text shows how it was grouped, and
// parsing it again gives the same text: what the parser's tests and fuzzers rest on.
#ifndef TURDB_SQL_PARSE_PRINTER_H_
#define TURDB_SQL_PARSE_PRINTER_H_

#include <string>

#include "sql/parse/ast.h"

namespace turdb::sql {

std::string ToSql(const ast::Expr& expr);
std::string ToSql(const ast::TypeName& type);
std::string ToSql(const ast::Select& select);
// Queries, changes, CREATE TABLE and CREATE INDEX; other statements give their kind's words only.
std::string ToSql(const ast::Statement& statement);

}  // namespace turdb::sql

#endif  // TURDB_SQL_PARSE_PRINTER_H_
