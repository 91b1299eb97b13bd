// What the shell asks the database about itself, and what it offers to complete.
#ifndef TURDB_TOOLS_SHELL_CATALOG_QUERIES_H_
#define TURDB_TOOLS_SHELL_CATALOG_QUERIES_H_

#include <string>
#include <string_view>
#include <vector>

namespace turdb::shell {

// Names of tables, views and columns, for completion.
extern const char kNamesQuery[];
// Schema, name and kind of the user's tables and views whose name is LIKE `pattern`.
std::string TablesQuery(std::string_view pattern);
// One SQL text a row that makes the objects of tables LIKE `pattern` again.
std::string SchemaQuery(std::string_view pattern);
// Kind ("table" or "view"), schema, name and SQL of tables and views LIKE `pattern`.
std::string ObjectsQuery(std::string_view pattern);
// SQL of the indexes of tables LIKE `pattern`, those of constraints left out.
std::string IndexSqlQuery(std::string_view pattern);
std::string SequencesQuery(std::string_view pattern);
std::string TriggerSqlQuery(std::string_view pattern);
std::string DisabledTriggersQuery(std::string_view pattern);  // schema, table, trigger
std::string CommentsQuery(std::string_view pattern);          // COMMENT ON statements
// The schemas that the user made.
extern const char kSchemasQuery[];
// SQL of the types and functions that the user made, each behind those that it is made of; functions over the rows of tables
// are the other's, since tables come first.
const std::string& TypesQuery();
const std::string& FunctionsOverTablesQuery();
// Name and table of indexes, of tables LIKE `pattern`.
std::string IndexesQuery(std::string_view pattern);

// 'text' as SQL writes it.
std::string QuoteText(std::string_view text);

// What could stand for `word` at the end of `line`: dot commands at the start of a line, keywords, and `names`.
// Keywords take the case of the word.
std::vector<std::string> Candidates(std::string_view line, std::string_view word, const std::vector<std::string>& names);

}  // namespace turdb::shell

#endif  // TURDB_TOOLS_SHELL_CATALOG_QUERIES_H_
