// A parsed statement, against one catalog snapshot, becomes something that can be run: a plan of exec
// nodes, or a bound description of a schema change, a transaction command, a setting or an upkeep command,
// which the engine carries out.
//
// What `Compile` returns depends only on the text, the snapshot, the search path and the parameter types
// given; it may be kept and run again while the dependencies are what they were.
#ifndef TURDB_SQL_COMPILE_H_
#define TURDB_SQL_COMPILE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/memory_budget.h"
#include "base/status.h"
#include "catalog/catalog.h"
#include "exec/plan.h"
#include "exec/table_function.h"
#include "function/call.h"
#include "sql/parse/parser.h"
#include "table/schema.h"
#include "vec/type.h"

namespace turdb::sql {

struct CompileContext {
  std::shared_ptr<const catalog::Snapshot> snapshot;
  std::span<const std::string> search_path;
  base::MemoryBudget* budget = nullptr;  // of the plan's arena; may be null
  // Types that the caller has decided for parameters, from 0; kUnknown or too short: inferred. For what stays
  // open after a first compile, and for values that do not convert to what was inferred (query.md, rule 4).
  std::span<const vec::Type> parameter_types;
  // For constants that are evaluated while planning: time zone, now. Not changed but for its error row.
  function::CallContext* call_context = nullptr;
  // Makes the rows of a system view readable; without it naming one is 0A000. The plan keeps what it returns.
  std::function<std::shared_ptr<const exec::TableFunction>(const std::shared_ptr<const catalog::Snapshot>&,
                                                           const catalog::Relation&)>
      system_view_source;
};

// ---- what statements without a plan say. Names are resolved as far as they can be: `schema` is never empty
// in what creates, and is what the text says (perhaps empty: search the path) in what drops.

struct ObjectName {
  std::string schema;
  std::string name;
  int32_t position = -1;
};

struct CreateSchema {
  std::string name;
  bool if_not_exists = false;
};
struct DropSchemas {
  std::vector<ObjectName> names;  // in `name`
  bool if_exists = false;
  bool cascade = false;
};
struct CreateTable {
  catalog::NewTable table;
  // CREATE TABLE AS: after creating it, compile its contents with CompileTableContents and run that.
  bool has_contents = false;
};
struct DropTables {
  std::vector<ObjectName> names;
  bool if_exists = false;
  bool cascade = false;
};
struct CreateIndex {
  std::shared_ptr<const catalog::Relation> relation;
  table::IndexSchema index;
  bool if_not_exists = false;
};
struct DropIndexes {
  std::vector<ObjectName> names;
  bool if_exists = false;
};
struct CreateView {
  table::TableSchema columns;  // schema_name, name and the columns
  std::string sql;
  bool or_replace = false;
  bool if_not_exists = false;
};
struct DropViews {
  std::vector<ObjectName> names;
  bool if_exists = false;
};
struct RenameTable {
  std::shared_ptr<const catalog::Relation> relation;
  std::string new_name;
};
struct RenameColumn {
  std::shared_ptr<const catalog::Relation> relation;
  int32_t column = -1;
  std::string new_name;
};
struct ReplaceTable {  // the rest of ALTER TABLE
  std::shared_ptr<const catalog::Relation> relation;
  table::TableSchema changed;
};
// Nothing to do: IF [NOT] EXISTS decided while binding, or an accepted no-op. `notice` says why.
struct NoOperation {
  std::string notice;
};

enum class TransactionAction : uint8_t { kBegin, kCommit, kRollback, kSavepoint, kRelease, kRollbackTo };
enum class IsolationLevel : uint8_t { kDefault, kReadUncommitted, kReadCommitted, kRepeatableRead, kSerializable };
struct TransactionCommand {
  TransactionAction action = TransactionAction::kBegin;
  bool immediate = false;  // BEGIN IMMEDIATE or EXCLUSIVE
  bool read_only = false;
  bool read_write = false;
  bool chain = false;
  IsolationLevel isolation = IsolationLevel::kDefault;
  std::string savepoint;
};

enum class SettingAction : uint8_t { kSet, kReset, kResetAll, kShow, kShowAll };
struct SettingCommand {
  SettingAction action = SettingAction::kSet;
  bool local = false;               // SET LOCAL: until the transaction ends
  std::string name;                 // folded; "transaction" for SET TRANSACTION, see `transaction`
  std::vector<std::string> values;  // words, strings and numbers as written
  TransactionCommand transaction;   // isolation and access of SET TRANSACTION
  int32_t position = -1;
};
struct PragmaCommand {
  std::string schema;
  std::string name;  // folded
  bool has_value = false;
  std::string value;
  int32_t position = -1;
};

enum class UpkeepAction : uint8_t { kVacuum, kCheckpoint, kAnalyze, kReindex };
struct UpkeepCommand {
  UpkeepAction action = UpkeepAction::kVacuum;
  bool full = false;
  std::string into;                                                 // VACUUM INTO
  std::vector<std::shared_ptr<const catalog::Relation>> relations;  // empty: all
};

using Command = std::variant<std::monostate, CreateSchema, DropSchemas, CreateTable, DropTables, CreateIndex, DropIndexes,
                             CreateView, DropViews, RenameTable, RenameColumn, ReplaceTable, NoOperation, TransactionCommand,
                             SettingCommand, PragmaCommand, UpkeepCommand>;

// ---- the result

enum class StatementClass : uint8_t {
  kEmpty,         // nothing but comments
  kQuery,         // a plan that reads
  kChange,        // a plan that changes rows; may return rows (RETURNING)
  kSchemaChange,  // a command for SchemaChanges
  kTransaction,
  kSession,  // settings, pragmas, no-operations
  kUpkeep,
};

struct ResultColumn {
  std::string name;
  vec::Type type;
  // Where the values come from when they are a table's column unchanged; empty otherwise.
  std::string origin_schema, origin_table, origin_column;
  bool nullable = true;
};

struct Dependency {
  catalog::ObjectId id = 0;
  uint64_t version = 0;  // of the relation; another version asks for another compile
};

struct Compiled {
  StatementClass statement_class = StatementClass::kEmpty;
  std::string_view tag;                    // "SELECT", "INSERT", "CREATE TABLE": static text
  std::shared_ptr<const exec::Plan> plan;  // kQuery, kChange
  Command command;                         // the rest
  std::vector<ResultColumn> columns;       // of the rows that the plan returns; empty: none
  std::vector<vec::Type> parameter_types;  // one a parameter
  std::vector<bool> parameter_open;        // nothing decided the type (it is text): the value's type may be given
  std::vector<std::string> parameter_names;
  std::vector<Dependency> dependencies;
  bool reads_search_path = false;  // an unqualified name was looked up
};

// `sql` is the text that was parsed; `parsed` is not needed afterwards. Errors: SQLSTATE and, with few
// exceptions, a position. What the grammar knows and the engine does not run is 0A000.
base::StatusOr<Compiled> Compile(const CompileContext& context, std::string_view sql, const ParsedStatement& parsed);

// For CreateTable::has_contents, with a snapshot that has the new table: the plan that fills it.
base::StatusOr<Compiled> CompileTableContents(const CompileContext& context, std::string_view sql,
                                              const ParsedStatement& parsed);

}  // namespace turdb::sql

#endif  // TURDB_SQL_COMPILE_H_
