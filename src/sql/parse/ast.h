// The syntax tree: what was written, nothing about what it means. Nodes are plain structs in an arena;
// every one carries the byte offset of the token it began at (of the operator, for infix operators, as
// PostgreSQL reports it). Texts are views into the SQL text, the arena or the keyword table, so a tree
// lives no longer than its arena and its text.
// Here: statements; ast_query.h and ast_expr.h hold the rest.
#ifndef TURDB_SQL_PARSE_AST_H_
#define TURDB_SQL_PARSE_AST_H_

#include "sql/parse/ast_query.h"

namespace turdb::sql::ast {

enum class StatementKind : uint8_t {
  kSelect,
  kInsert,
  kUpdate,
  kDelete,
  kMerge,
  kTruncate,
  kCopy,
  kCreateSchema,
  kCreateTable,
  kCreateIndex,
  kCreateView,
  kCreateTrigger,
  kAlterTrigger,
  kSetNew,
  kCreateSequence,
  kCreateType,
  kCreateExtension,
  kCreateFunction,
  kAlterFunction,
  kDrop,
  kAlterTable,
  kAlterSequence,
  kAlterType,
  kRefresh,
  kTransaction,
  kSet,
  kSetConstraints,
  kShow,
  kPragma,
  kVacuum,
  kCheckpoint,
  kAnalyze,
  kReindex,
  kExplain,
  kPrepare,
  kExecute,
  kDeallocate,
  kComment,
  kAttach,
  kDetach,
  kDescribe,
  kOther,  // recognised, not run: its words are kept for the message
};

struct Statement {
  StatementKind kind;
  int32_t offset = -1;
};

struct SelectStatement : Statement {
  Select* select = nullptr;
};

// .field, [lower] or [lower:upper], of what is assigned to.
struct SetStep {
  Name field;  // empty: a subscript
  int32_t offset = -1;
  bool slice = false;
  Expr* lower = nullptr;  // the index, or a slice's lower bound or null
  Expr* upper = nullptr;
};

struct SetItem {
  List<Name> columns;  // several: (a, b) = row
  Expr* value = nullptr;
  bool multiple = false;
  List<SetStep> path;  // of the one column, its field or element, and that one's: c.a.b = value, c[1] = value
};

struct IndexElement {
  Expr* expr = nullptr;  // a Column, or any expression
  Text text;             // `expr` as it was written
  QualifiedName collation;
  QualifiedName operator_class;
  Direction direction = Direction::kDefault;
  NullsOrder nulls = NullsOrder::kDefault;
};

struct OnConflict {
  int32_t offset = -1;
  List<IndexElement> target;
  Expr* target_where = nullptr;
  Name constraint;
  bool update = false;  // else DO NOTHING
  List<SetItem> set;
  Expr* where = nullptr;
};

enum class ConflictAction : uint8_t { kNone, kReplace, kIgnore, kAbort, kFail, kRollback };  // SQLite's INSERT OR ...

enum class Overriding : uint8_t { kNone, kSystem, kUser };  // ... VALUE

struct Insert : Statement {
  With* with = nullptr;
  QualifiedName table;
  Name alias;
  List<Name> columns;
  bool has_columns = false;
  Overriding overriding = Overriding::kNone;
  ConflictAction or_action = ConflictAction::kNone;
  Select* source = nullptr;  // null: DEFAULT VALUES
  List<OnConflict*> on_conflict;
  List<SelectItem> returning;
};

struct Update : Statement {
  With* with = nullptr;
  NamedTable* table = nullptr;
  ConflictAction or_action = ConflictAction::kNone;
  List<SetItem> set;
  List<TableRef*> from;
  Expr* where = nullptr;
  List<OrderItem> order_by;
  Expr* limit = nullptr;
  List<SelectItem> returning;
};

struct Delete : Statement {
  With* with = nullptr;
  NamedTable* table = nullptr;
  List<TableRef*> using_tables;
  Expr* where = nullptr;
  List<OrderItem> order_by;
  Expr* limit = nullptr;
  List<SelectItem> returning;
};

enum class MergeMatch : uint8_t { kMatched, kNotMatched, kNotMatchedBySource };
enum class MergeAction : uint8_t { kNothing, kUpdate, kDelete, kInsert };
struct MergeWhen {
  MergeMatch match = MergeMatch::kMatched;
  MergeAction action = MergeAction::kNothing;
  Expr* condition = nullptr;
  List<SetItem> set;
  List<Name> columns;
  List<Expr*> values;  // empty with kInsert: DEFAULT VALUES
};

struct Merge : Statement {
  With* with = nullptr;
  NamedTable* target = nullptr;
  TableRef* source = nullptr;
  Expr* on = nullptr;
  List<MergeWhen> whens;
  List<SelectItem> returning;
};

struct Truncate : Statement {
  List<QualifiedName> tables;
  bool cascade = false;
  bool restart_identity = false;
};

struct Option {  // a generic name with a value: COPY's, CREATE INDEX's WITH, EXPLAIN's
  Name name;
  Text value;  // empty: none given
  bool is_string = false;
  List<Name> names;  // FORCE_NULL (a, b)
};

struct Copy : Statement {
  QualifiedName table;
  List<Name> columns;
  Statement* query = nullptr;
  bool from = false;
  bool standard_stream = false;  // STDIN, STDOUT
  bool program = false;
  Text path;
  List<Option> options;
  Expr* where = nullptr;
};

enum class ConstraintKind : uint8_t {
  kNotNull,
  kNull,
  kDefault,
  kCheck,
  kUnique,
  kPrimaryKey,
  kForeignKey,
  kGenerated,
  kIdentity,
  kCollate,
  kExclude,
};
enum class ReferentialAction : uint8_t { kNoAction, kRestrict, kCascade, kSetNull, kSetDefault };
enum class MatchKind : uint8_t { kSimple, kFull, kPartial };

struct Constraint {
  ConstraintKind kind = ConstraintKind::kNotNull;
  int32_t offset = -1;
  Name name;
  Expr* expr = nullptr;
  Text expr_text;              // `expr` as it was written
  List<IndexElement> columns;  // of a table constraint
  List<Name> include;
  Direction direction = Direction::kDefault;  // INTEGER PRIMARY KEY DESC
  bool autoincrement = false;
  bool stored = false;
  bool always = false;  // GENERATED ALWAYS
  bool nulls_not_distinct = false;
  bool deferrable = false;
  bool initially_deferred = false;
  bool not_deferrable = false;  // said so
  ConflictAction on_conflict = ConflictAction::kNone;
  QualifiedName collation;
  QualifiedName references;
  List<Name> referenced_columns;
  MatchKind match = MatchKind::kSimple;
  ReferentialAction on_delete = ReferentialAction::kNoAction;
  ReferentialAction on_update = ReferentialAction::kNoAction;
  List<Name> on_delete_columns;  // SET NULL (a, b)
  List<Option> options;          // of an identity's sequence
};

struct ColumnDefinition {
  Name name;
  TypeName* type = nullptr;  // null: untyped
  List<Constraint*> constraints;
};

struct LikeTable {
  QualifiedName table;
  List<Name> including;
};

enum class OnCommit : uint8_t { kNone, kPreserveRows, kDeleteRows, kDrop };

struct CreateTable : Statement {
  bool temporary = false;
  bool if_not_exists = false;
  bool or_replace = false;
  bool strict = false;
  bool without_rowid = false;
  bool with_no_data = false;
  OnCommit on_commit = OnCommit::kNone;
  int32_t on_commit_offset = -1;
  QualifiedName name;
  List<ColumnDefinition*> columns;
  List<Constraint*> constraints;
  List<LikeTable> like_tables;
  List<Name> as_columns;
  Statement* as = nullptr;  // a query
  Text as_text;
  Text unsupported;  // a clause that is recognised and not run: INHERITS, PARTITION BY ...
  int32_t unsupported_offset = -1;
};

struct CreateIndex : Statement {
  bool unique = false;
  bool if_not_exists = false;
  bool nulls_not_distinct = false;
  Name name;    // may be empty
  Name schema;  // SQLite's schema.index
  QualifiedName table;
  Name method;
  List<IndexElement> elements;
  List<Name> include;
  List<Option> options;
  Expr* where = nullptr;
  Text where_text;
};

struct CreateSchema : Statement {
  Name name;
  bool if_not_exists = false;
};

struct CreateExtension : Statement {
  Name name;
};

struct CreateView : Statement {
  bool or_replace = false;
  bool temporary = false;
  bool materialized = false;
  bool recursive = false;
  bool if_not_exists = false;
  bool with_no_data = false;
  QualifiedName name;
  List<Name> columns;
  Select* select = nullptr;
  Text select_text;
};

struct Refresh : Statement {  // REFRESH MATERIALIZED VIEW
  bool concurrently = false;
  bool with_no_data = false;
  QualifiedName name;
};

enum class TriggerTime : uint8_t { kBefore, kAfter, kInsteadOf };
struct CreateTrigger : Statement {
  bool or_replace = false;
  bool if_not_exists = false;
  QualifiedName name;
  TriggerTime time = TriggerTime::kBefore;
  bool on_insert = false;
  bool on_update = false;
  bool on_delete = false;
  List<Name> columns;  // UPDATE OF
  QualifiedName table;
  Name old_table;
  Name new_table;
  bool for_each_row = true;
  Text condition_text;  // WHEN; empty: none
  int32_t condition_offset = -1;
  Text body_text;  // statements, each with a semicolon but perhaps the last; empty: `function` is called
  int32_t body_offset = -1;
  bool function = false;
};

struct AlterTrigger : Statement {  // RENAME
  Name name;
  QualifiedName table;
  Name new_name;
};

struct SetNew : Statement {  // in a trigger: SET NEW.a = 1
  List<SetItem> set;
};

struct CreateSequence : Statement {
  bool temporary = false;
  bool if_not_exists = false;
  QualifiedName name;
  List<Option> options;
};

struct AlterSequence : Statement {
  bool if_exists = false;
  QualifiedName name;
  List<Option> options;  // also "restart", with or without a value
};

struct CreateType : Statement {
  QualifiedName name;
  bool domain = false;
  bool is_enum = false;
  List<Text> labels;
  List<ColumnDefinition*> fields;
  TypeName* base = nullptr;  // of a domain
  List<Constraint*> constraints;
};

enum class ParameterMode : uint8_t { kIn, kOut, kInOut, kVariadic };
struct FunctionParameter {
  int32_t offset = -1;
  ParameterMode mode = ParameterMode::kIn;
  Name name;                 // may be empty
  TypeName* type = nullptr;  // null: a macro's
  Expr* otherwise = nullptr;
  Text otherwise_text;
};

enum class FunctionBodyKind : uint8_t { kNone, kStatements, kReturn, kAtomic, kExpression, kQuery };
enum class FunctionVolatility : uint8_t { kVolatile, kStable, kImmutable };
struct CreateFunction : Statement {  // also CREATE MACRO
  bool or_replace = false;
  bool temporary = false;
  bool if_not_exists = false;
  bool macro = false;
  bool strict = false;
  bool returns_table = false;
  bool sets_search_path = false;
  FunctionVolatility volatility = FunctionVolatility::kVolatile;
  QualifiedName name;
  List<FunctionParameter> parameters;
  TypeName* returns = nullptr;
  int32_t returns_offset = -1;
  List<FunctionParameter> table;  // RETURNS TABLE (...)
  Text language;
  int32_t language_offset = -1;
  List<Name> search_path;
  FunctionBodyKind body_kind = FunctionBodyKind::kNone;
  Text body;
  int32_t body_offset = -1;  // of the string, for kStatements
};

struct FunctionName {  // of one that is there
  QualifiedName name;
  bool has_parameters = false;
  List<FunctionParameter> parameters;
};

struct AlterFunction : Statement {  // RENAME, SET SCHEMA
  FunctionName function;
  bool sets_schema = false;
  Name new_name;
};

enum class ObjectKind : uint8_t {
  kTable,
  kIndex,
  kView,
  kMaterializedView,
  kSequence,
  kSchema,
  kType,
  kDomain,
  kTrigger,
  kFunction,
  kMacro,
  kExtension,
  kOther,
};
struct Drop : Statement {
  ObjectKind object = ObjectKind::kTable;
  Text object_words;
  bool if_exists = false;
  bool cascade = false;
  List<QualifiedName> names;
  List<FunctionName> functions;  // in place of names
  QualifiedName on_table;        // DROP TRIGGER t ON table
};

enum class AlterAction : uint8_t {
  kAddColumn,
  kDropColumn,
  kAddConstraint,
  kDropConstraint,
  kRenameTable,
  kRenameColumn,
  kRenameConstraint,
  kSetSchema,
  kSetDefault,
  kDropDefault,
  kSetNotNull,
  kDropNotNull,
  kSetType,
  kAddIdentity,
  kSetIdentity,
  kDropIdentity,
  kEnableTrigger,
  kDisableTrigger,
  kOther,
};
struct AlterItem {
  AlterAction action = AlterAction::kOther;
  bool if_exists = false;  // also IF NOT EXISTS of ADD COLUMN
  bool cascade = false;
  int32_t offset = -1;
  Name name;  // the column, constraint or trigger; empty: all triggers
  Name new_name;
  ColumnDefinition* column = nullptr;
  Constraint* constraint = nullptr;
  TypeName* type = nullptr;
  QualifiedName collation;
  Expr* expr = nullptr;  // SET DEFAULT's, USING's
  Text expr_text;
  List<Option> options;  // SET GENERATED, SET INCREMENT ..., RESTART: "generated" is "always" or "by default"
  Text text;             // all of it
};
struct AlterTable : Statement {
  ObjectKind object = ObjectKind::kTable;
  bool if_exists = false;
  QualifiedName table;
  List<AlterItem> actions;
};

enum class AlterTypeAction : uint8_t {
  kRename,
  kSetSchema,
  kAddValue,
  kRenameValue,
  kAttributes,  // of a composite type
  // Of a domain.
  kSetDefault,
  kDropDefault,
  kSetNotNull,
  kDropNotNull,
  kAddConstraint,
  kDropConstraint,
  kRenameConstraint,
  kValidateConstraint,
};
enum class AttributeAction : uint8_t { kAdd, kDrop, kAlterType, kRename };
struct AttributeChange {
  AttributeAction action = AttributeAction::kAdd;
  ColumnDefinition* definition = nullptr;  // of kDrop and kRename its name only
  Name new_name;
  bool if_exists = false;
};
struct AlterType : Statement {  // also ALTER DOMAIN
  AlterTypeAction action = AlterTypeAction::kRename;
  bool domain = false;
  bool if_exists = false;  // of what is dropped; IF NOT EXISTS of ADD VALUE
  bool cascade = false;
  bool before = false;  // ADD VALUE ... BEFORE; else AFTER, when there is a neighbour
  QualifiedName name;
  Name old_name;  // of the constraint
  Name new_name;
  Text label;
  List<AttributeChange> attributes;
  Text new_label;  // RENAME VALUE label TO new_label; the neighbour of ADD VALUE
  bool has_neighbour = false;
  Constraint* constraint = nullptr;
  Expr* expr = nullptr;
  Text expr_text;
};

enum class TransactionAction : uint8_t { kBegin, kCommit, kRollback, kSavepoint, kRelease, kRollbackTo };
enum class BeginMode : uint8_t { kDefault, kDeferred, kImmediate, kExclusive };
enum class IsolationLevel : uint8_t { kDefault, kReadUncommitted, kReadCommitted, kRepeatableRead, kSerializable };
struct TransactionModes {
  IsolationLevel isolation = IsolationLevel::kDefault;
  bool read_only = false;
  bool read_write = false;
};
struct Transaction : Statement {
  TransactionAction action = TransactionAction::kBegin;
  BeginMode mode = BeginMode::kDefault;
  TransactionModes modes;
  Name savepoint;
  bool chain = false;
};

enum class SettingScope : uint8_t { kSession, kLocal, kGlobal };
struct Set : Statement {
  SettingScope scope = SettingScope::kSession;
  Text name;                // "search_path", "hnsw.ef_search", "transaction", "session_transaction", "timezone"
  List<Literal*> values;    // words arrive as strings
  bool to_default = false;  // also RESET; RESET ALL has the name "all"
  TransactionModes modes;   // of SET TRANSACTION and SET SESSION CHARACTERISTICS AS TRANSACTION
};

struct SetConstraints : Statement {
  List<QualifiedName> names;  // empty: ALL
  bool deferred = false;
};

struct Show : Statement {
  Text name;  // "all" for SHOW ALL
};

struct Pragma : Statement {
  Name schema;
  Name name;
  Literal* value = nullptr;  // words arrive as strings
  bool call = false;         // name(value), not name = value
};

struct Vacuum : Statement {
  QualifiedName table;
  Text into;
  bool has_into = false;
  bool full = false;
  bool analyze = false;
};

struct Analyze : Statement {  // also Checkpoint and Reindex
  List<QualifiedName> tables;
};

struct Explain : Statement {
  bool analyze = false;
  bool verbose = false;
  bool json = false;
  bool query_plan = false;  // SQLite's EXPLAIN QUERY PLAN
  List<Option> options;
  Statement* statement = nullptr;
};

struct Prepare : Statement {
  Name name;
  List<TypeName*> types;
  Statement* statement = nullptr;
  Text text;                    // of the statement, as it was written
  int32_t parameter_count = 0;  // of the statement: PREPARE itself has none
};

struct Execute : Statement {  // also Deallocate, without arguments; an empty name is ALL
  Name name;
  List<Expr*> arguments;
};

struct Comment : Statement {
  ObjectKind object = ObjectKind::kTable;
  Text object_words;
  QualifiedName name;
  FunctionName function;   // in place of the name
  QualifiedName on_table;  // of a trigger, or of a constraint, with object_words "constraint"
  bool is_null = false;
  Text text;
};

struct Attach : Statement {  // also Detach, with the name only
  Expr* path = nullptr;
  Name name;
};

struct Describe : Statement {  // DESCRIBE and SUMMARIZE
  bool summarize = false;
  QualifiedName table;
  Statement* query = nullptr;
};

struct Other : Statement {
  Text words;  // "CREATE FUNCTION"
};

}  // namespace turdb::sql::ast

#endif  // TURDB_SQL_PARSE_AST_H_
