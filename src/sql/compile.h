// The door of this room: one statement's text becomes a plan, or a command that the engine carries out.
#ifndef TURDB_SQL_COMPILE_H_
#define TURDB_SQL_COMPILE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/limits.h"
#include "base/memory_budget.h"
#include "base/status.h"
#include "catalog/catalog.h"
#include "exec/file_shape.h"
#include "exec/plan.h"
#include "exec/table_function.h"
#include "function/host_function.h"
#include "vec/text_context.h"
#include "vec/type.h"

namespace turdb::sql {

// What a statement is compiled against. Everything is borrowed for the call; the plan keeps what it needs.
// A statement that PREPARE has named.
struct NamedStatement {
  std::string text;
  std::vector<vec::Type> types;  // of its first parameters; kUnknown: as the statement has it
};

// What a statement does, asked of the host while it is compiled.
enum class AccessKind : uint8_t {
  kRead,         // a table or view, and then each column of it that is named
  kInsert,       // into a table or view
  kUpdate,       // of one, and then of each column that gets a value
  kDelete,       // from one
  kFunction,     // a call
  kCreate,       // kCreate to kDrop: any object of the catalog
  kAlter,        //
  kDrop,         //
  kTransaction,  // BEGIN and its kin, by their name
  kSetting,      // SET, RESET, SHOW
  kFile,         // COPY from or to a path
  kMaintenance,  // VACUUM, ANALYZE, CHECKPOINT, by their name
};
enum class AccessAnswer : uint8_t { kAllow, kDeny, kIgnore };
struct AccessRequest {
  AccessKind kind = AccessKind::kRead;
  std::string_view schema;    // empty: none
  std::string_view object;    // table, view, function, setting, path, ...
  std::string_view column;    // empty: the object as a whole
  std::string_view accessor;  // the view or trigger whose text asks for it; empty: the statement itself
};

inline constexpr int32_t kMaxResultColumns = 32767;
inline constexpr int32_t kMaxFunctionArguments = 1000;

// Of one session; the engine's own are the most that they can be.
struct StatementLimits {
  int64_t sql_bytes = base::kMaxSqlBytes;
  int32_t nesting_depth = base::kMaxNestingDepth;
  int32_t parameters = base::kMaxParameters;
  int32_t columns = kMaxResultColumns;  // of a result, or of a table that is made
  int32_t function_arguments = kMaxFunctionArguments;
};

// Where a column of a result comes from, when it is one of a table.
struct ColumnOrigin {
  std::string schema;
  std::string table;
  std::string column;
  bool not_null = false;
};

// What the host has registered on the connection: functions and collations, for the statement's own text. Nothing that the
// catalog keeps may name them: it would outlive the connection.
class HostObjects : public function::HostFunctions {
 public:
  virtual std::span<const std::shared_ptr<const exec::HostTable>> TablesOf(std::string_view name) const = 0;
};

struct CompileContext {
  std::shared_ptr<const catalog::Snapshot> catalog;
  std::span<const std::string> search_path;
  const vec::TextContext* text = nullptr;  // for literals of dates and times
  base::MemoryBudget* budget = nullptr;
  // By parameter: kUnknown, or the type that the bound value has, which then wins over inference (query rule 4: a
  // comparison gets a variant of the plan for the value's type; a store casts by assignment and may raise).
  std::span<const vec::Type> bound_types;
  bool without_triggers = false;  // changes set off none: what ALTER TABLE does to rows is no change of theirs
  // Makes the rows of a system view readable; without it naming one is 0A000. The plan keeps what it returns.
  std::function<std::shared_ptr<const exec::TableFunction>(const std::shared_ptr<const catalog::Snapshot>&,
                                                           const catalog::Relation&)>
      system_view_source;
  // Tables of the session that no catalog knows, by a name without a schema: those that come before the catalog's, or, when it
  // has none (`unknown`), those that the host may know. Not for names in what the catalog keeps. The plan keeps what it
  // returns.
  std::function<base::StatusOr<std::shared_ptr<const exec::ExternalTable>>(std::string_view name, bool unknown)> external_table;
  const HostObjects* host = nullptr;                                                     // null: nothing is registered
  const std::map<std::string, NamedStatement, std::less<>>* named_statements = nullptr;  // EXECUTE's
  // Names without a schema find temporary objects first, but for names in what the catalog keeps of permanent ones.
  bool without_temporary = false;
  // Runs a query of one column of texts, for PIVOT without a list of values; without it that is 0A000.
  std::function<base::StatusOr<std::vector<std::string>>(std::string_view query)> pivot_values;
  // For files in FROM; without it they are 0A000.
  std::function<base::StatusOr<exec::FileShape>(const exec::FileQuestion&)> look_at_files;
  // May be empty: then everything is allowed. kIgnore: a column reads as NULL, anything else is refused.
  std::function<base::StatusOr<AccessAnswer>(const AccessRequest&)> authorize;
  StatementLimits limits;
  bool check_function_bodies = true;             // CREATE FUNCTION binds the body; dumps make functions before what they name
  catalog::ObjectId hidden = base::kNoFile;      // found by no name without a schema: the table that CREATE TABLE AS fills
  catalog::ObjectId fills_view = base::kNoFile;  // the materialised view that the statement may change: it fills it
};

// ---- commands: statements without a plan

enum class TransactionAction : uint8_t { kBegin, kCommit, kRollback, kSavepoint, kRelease, kRollbackTo };
enum class IsolationLevel : uint8_t { kDefault, kReadCommitted, kSnapshot, kSerializable };
struct TransactionCommand {
  TransactionAction action = TransactionAction::kBegin;
  IsolationLevel isolation = IsolationLevel::kDefault;
  std::optional<bool> read_only;  // as the session's default has it
  std::string savepoint;
};

struct SetCommand {  // SET name = value, RESET name; also PRAGMA name = value for the PRAGMAs that are settings
  std::string name;
  std::string value;
  bool to_default = false;
  std::string access;  // SET TRANSACTION ISOLATION LEVEL ... READ ONLY: "on" or "off"; empty: not said
};
struct ShowCommand {  // SHOW name; one row, one text column of that name. "all": name, setting, description
  std::string name;
};

// SET CONSTRAINTS. No constraints: all of them.
struct SetConstraintsCommand {
  struct Constraint {
    catalog::ObjectId table = 0;
    std::string name;
  };
  std::vector<Constraint> constraints;
  bool all = false;
  bool deferred = false;
};

struct CreateSchemaCommand {
  std::string name;
  bool if_not_exists = false;
};
struct CreateTableCommand {
  catalog::NewTable table;
  // CREATE TABLE ... AS: the INSERT INTO that fills the new table, run in the same statement. Empty: none.
  std::string fill_sql;
};
struct CreateIndexCommand {
  std::shared_ptr<const catalog::Relation> relation;
  table::IndexSchema index;
  bool if_not_exists = false;
};
// Whom a sequence belongs to from now on; without a table, nobody.
struct SequenceOwnerChange {
  bool set = false;
  catalog::ObjectId table = 0;
  int32_t column = -1;
};
struct RefreshCommand {  // of a materialised view
  std::shared_ptr<const catalog::Relation> relation;
  bool with_no_data = false;
};
struct SetNumberCommand {  // PRAGMA user_version = ...
  catalog::DatabaseNumber which = catalog::DatabaseNumber::kUserVersion;
  int32_t value = 0;
};
struct CommentSchemaCommand {
  std::string schema;
  std::string comment;  // empty: none any more
};
struct CreateSequenceCommand {
  catalog::NewSequence sequence;
  SequenceOwnerChange owner;
};
struct AlterSequenceCommand {
  std::shared_ptr<const catalog::Relation> relation;
  table::SequenceSchema changed;
  std::optional<int64_t> restart;
  SequenceOwnerChange owner;
};
struct CreateTypeCommand {
  catalog::RelationKind kind = catalog::RelationKind::kEnum;
  table::TableSchema definition;
  std::vector<catalog::EnumLabel> labels;
};
struct AlterTypeCommand {
  enum class Kind : uint8_t {
    kAddValue,       // new_value, before or after `value`, or at the end
    kRenameValue,    // value to new_value
    kRename,         // to new_value
    kMoveToSchema,   // new_value
    kEditDomain,     // to `domain`; what has the domain is checked when `check` says so
    kEditComposite,  // to `domain`; refused when something has the type and `check` says so
  };
  Kind kind = Kind::kAddValue;
  std::shared_ptr<const catalog::Relation> type;
  std::string value;
  std::string new_value;
  bool beside = false;  // kAddValue: there is a `value`
  bool before = false;
  bool if_not_exists = false;
  bool check = false;
  table::TableSchema domain;
};
enum class DropKind : uint8_t { kSchema, kTable, kIndex, kView, kMaterializedView, kSequence, kType, kDomain, kFunction };
struct DropCommand {
  DropKind kind = DropKind::kTable;
  struct Name {
    std::string schema;  // empty: by the search path
    std::string name;
    catalog::ObjectId id = base::kNoFile;  // kFunction: which of that name
  };
  std::vector<Name> names;
  bool if_exists = false;
  bool cascade = false;
};
// What ALTER does, step by step: each works on what the steps before it have made.
struct AlterStep {
  enum class Kind : uint8_t {
    kRenameRelation,  // to new_name
    kMoveToSchema,    // new_name
    kRenameColumn,    // name to new_name
    kRenameIndex,     // name, of an index or a key, to new_name
    kEdit,            // edit; of the table or view `other`, if there is one
    kRun,             // sql, a change of rows
    kRefuse,          // with `refusal`, when sql gives a row; `blame`, if there is one, adds the row's values
    kProbe,           // with `refusal`, when sql does not compile
    kAddIndex,        // index
    kDropIndex,       // name; with `cascade`, and the foreign keys that need it
    kDropForeignKey,  // name, of the table `other`
    kSetViewText,     // of the view `other` to sql
    kDropView,        // other
    kAddSequence,     // called new_name, for the column `name`, whose default it becomes
    kAlterSequence,   // other, to `sequence`; begins at `restart`, if there is one
    kRebuild,         // as `definition`, another table filled by sql that takes the name over; then it gets `indexes`
  };
  Kind kind = Kind::kEdit;
  std::string name;
  std::string new_name;
  std::string sql;
  base::Status refusal;
  std::function<base::Status(base::Status refusal, std::span<const std::string> values)> blame;
  std::function<base::Status(table::TableSchema&)> edit;
  table::IndexSchema index;
  table::SequenceSchema sequence;
  std::optional<int64_t> restart;
  catalog::ObjectId other = 0;
  bool cascade = false;
  table::TableSchema definition;
  std::vector<table::IndexSchema> indexes;
};
struct AlterTableCommand {
  std::shared_ptr<const catalog::Relation> relation;
  std::vector<AlterStep> steps;
  std::vector<catalog::ObjectId> read;  // other tables whose rows must be as the steps see them: they are locked
  // Several changes in one statement: each as a statement of its own, compiled when those before it are made. Then no steps.
  std::vector<std::string> parts;
};
enum class MaintenanceAction : uint8_t { kCheckpoint, kVacuum, kVacuumInto, kAnalyze };
struct MaintenanceCommand {
  MaintenanceAction action = MaintenanceAction::kCheckpoint;
  std::string path;                                                   // kVacuumInto
  std::vector<std::shared_ptr<const catalog::Relation>> tables = {};  // kAnalyze; none: all
};
// Accepted and without effect (CREATE EXTENSION vector, DROP TABLE IF EXISTS of what is not there while binding).
struct NoOperation {
  std::string notice;
};
struct CreateViewCommand {
  table::TableSchema columns;            // schema_name, name and the columns
  std::string sql;                       // every * written out
  std::vector<std::string> search_path;  // where its names are looked up
  bool or_replace = false;
  bool if_not_exists = false;
};

struct CreateFunctionCommand {    // also of a macro
  table::TableSchema definition;  // schema_name, name; columns are parameters, outputs and the result
  catalog::FunctionSchema function;
  std::string body;
  std::vector<std::string> search_path;  // where its names are looked up
  bool or_replace = false;
};

struct PrepareCommand {
  std::string name;
  NamedStatement statement;
};
struct DeallocateCommand {
  std::string name;  // empty: all
};
using Command = std::variant<std::monostate, TransactionCommand, SetCommand, ShowCommand, CreateSchemaCommand,
                             CreateTableCommand, CreateIndexCommand, DropCommand, AlterTableCommand, MaintenanceCommand,
                             NoOperation, CreateViewCommand, SetConstraintsCommand, CreateSequenceCommand, AlterSequenceCommand,
                             RefreshCommand, CommentSchemaCommand, SetNumberCommand, PrepareCommand, DeallocateCommand,
                             CreateTypeCommand, AlterTypeCommand, CreateFunctionCommand>;

struct Dependency {
  catalog::ObjectId id = 0;
  uint64_t version = 0;  // Relation::version
};

// Immutable once made.
struct CompiledStatement {
  // Exactly one of plan and command is there, unless the text held no statement.
  std::shared_ptr<const exec::Plan> plan;
  Command command;

  size_t end_offset = 0;      // where the next statement's text begins
  bool empty = false;         // nothing but space and comments
  bool changes_data = false;  // the plan inserts, updates or deletes: it needs a transaction that may write
  bool locks_rows = false;    // it only locks (FOR UPDATE and its kin); changes_data is true as well
  bool is_explain_analyze = false;
  bool uses_external = false;     // it names tables of CompileContext::external_table
  bool uses_replacement = false;  // some of them were asked for as unknown
  std::vector<std::string> column_names;
  std::vector<vec::Type> column_types;
  std::vector<ColumnOrigin> column_origins;  // by column of a SELECT or RETURNING; empty where none is known
  std::vector<bool> column_never_null;       // likewise: it is known that there is none
  // By parameter number: the name with its mark (":id", "$name"), or empty. Types are plan->parameter_types.
  std::vector<std::string> parameter_names;
  // Nothing decided the parameter's type (the plan takes it as text): compile again with the bound value's type.
  std::vector<bool> parameter_open;
  std::vector<Dependency> dependencies;                           // what the plan was bound to
  std::vector<std::shared_ptr<const catalog::Relation>> written;  // tables that the plan changes
  // Tables of which the planner would have liked to know more: it had no statistics, or outdated ones.
  std::vector<std::shared_ptr<const catalog::Relation>> unknown;
};

// Compiles the first statement of `sql`. Errors carry SQLSTATE and a position relative to `sql`.
base::StatusOr<CompiledStatement> Compile(const CompileContext& context, std::string_view sql);

// SQL's names of types, separated by commas ("integer, text[], numeric(10,2)"); `any` is nothing. Errors: 42601, 42704, with a
// position.
base::StatusOr<std::vector<std::optional<vec::Type>>> CompileTypes(const CompileContext& context, std::string_view types);

// Likewise names with types: "id integer, \"Full name\" text". Errors: also 42701.
base::StatusOr<std::vector<exec::ExternalTable::Column>> CompileColumns(const CompileContext& context,
                                                                        std::string_view columns);

// What the table's indexes need beyond columns: for those who fill or check indexes outside a statement with a plan.
struct IndexExpressions {
  std::shared_ptr<const exec::Plan> plan;  // owns the expressions; without a root
  std::span<const exec::IndexExpression> expressions;
};
base::StatusOr<IndexExpressions> CompileIndexExpressions(const CompileContext& context, const table::TableSchema& schema);

}  // namespace turdb::sql

#endif  // TURDB_SQL_COMPILE_H_
