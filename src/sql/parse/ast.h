// The syntax tree: what was written, nothing about what it means. Nodes are plain structs in an arena;
// every one carries the byte offset of the token it began at (of the operator, for infix operators, as
// PostgreSQL reports it). Texts are views into the SQL text, the arena or the keyword table, so a tree
// lives no longer than its arena and its text.
#ifndef TURDB_SQL_PARSE_AST_H_
#define TURDB_SQL_PARSE_AST_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "base/check.h"

namespace turdb::sql::ast {

using Text = std::string_view;
template <typename T>
using List = std::span<T>;

struct Expr;
struct Select;
struct TypeName;
struct Window;
struct Statement;

struct Name {
  Text text;  // folded unless quoted
  int32_t offset = -1;
  bool quoted = false;
  bool empty() const { return text.empty(); }
};

// catalog.schema.object, one to three parts.
struct QualifiedName {
  List<Name> parts;
  bool empty() const { return parts.empty(); }
  const Name& last() const { return parts.back(); }
  int32_t offset() const { return parts.empty() ? -1 : parts.front().offset; }
};

// ---- expressions -------------------------------------------------------------------------------

enum class ExprKind : uint8_t {
  kNull,
  kBoolean,
  kInteger,
  kNumeric,
  kString,
  kBlob,
  kBits,     // Literal
  kDefault,  // the word DEFAULT where a value is due
  kParameter,
  kColumn,
  kStar,
  kUnary,
  kBinary,
  kAnd,
  kOr,
  kNot,
  kIs,
  kBetween,
  kIn,
  kLike,
  kQuantified,
  kCase,
  kCast,
  kCollate,
  kCall,
  kSubquery,
  kExists,
  kArraySubquery,
  kArray,
  kRow,
  kSubscript,
  kField,
  kGroupingSet,
  kNamedArgument,
};

struct Expr {
  ExprKind kind;
  uint16_t height = 1;  // 1 + the highest operand's: bounds the recursion of every later pass
  int32_t offset = -1;
  int32_t end = -1;  // one past the last byte
};

template <typename T>
const T& As(const Expr& expr) {
  TURDB_DCHECK(T::Is(expr.kind));
  return static_cast<const T&>(expr);
}

struct Literal : Expr {
  static bool Is(ExprKind k) { return k <= ExprKind::kDefault; }
  Text text;            // numbers: digits with sign, as written; strings: their value; blobs: their bytes
  int64_t integer = 0;  // kInteger: always fits
  bool boolean = false;
};

struct Parameter : Expr {
  static bool Is(ExprKind k) { return k == ExprKind::kParameter; }
  int32_t number = 0;  // from 1
};

struct Column : Expr {
  static bool Is(ExprKind k) { return k == ExprKind::kColumn; }
  List<Name> parts;
};

struct ReplaceItem {
  Expr* value;
  Name name;
};

struct Star : Expr {  // *, t.*, with DuckDB's EXCLUDE and REPLACE
  static bool Is(ExprKind k) { return k == ExprKind::kStar; }
  List<Name> qualifier;
  List<Name> exclude;
  List<ReplaceItem> replace;
  Text text;  // as it was written; empty when the parser made it
};

struct Unary : Expr {
  static bool Is(ExprKind k) { return k == ExprKind::kUnary; }
  Text op;
  Expr* operand = nullptr;
};

struct Binary : Expr {
  static bool Is(ExprKind k) { return k == ExprKind::kBinary; }
  Text op;
  Expr* left = nullptr;
  Expr* right = nullptr;
};

struct Junction : Expr {  // a chain of AND, or of OR, is one node
  static bool Is(ExprKind k) { return k == ExprKind::kAnd || k == ExprKind::kOr; }
  List<Expr*> operands;
};

struct Not : Expr {
  static bool Is(ExprKind k) { return k == ExprKind::kNot; }
  Expr* operand = nullptr;
};

enum class IsTest : uint8_t { kNull, kTrue, kFalse, kUnknown, kDistinctFrom, kSame /* SQLite's `a IS b` */ };
struct IsPredicate : Expr {
  static bool Is(ExprKind k) { return k == ExprKind::kIs; }
  IsTest test = IsTest::kNull;
  bool negated = false;
  Expr* operand = nullptr;
  Expr* other = nullptr;  // of kDistinctFrom and kSame
};

struct Between : Expr {
  static bool Is(ExprKind k) { return k == ExprKind::kBetween; }
  bool negated = false;
  bool symmetric = false;
  Expr* operand = nullptr;
  Expr* lower = nullptr;
  Expr* upper = nullptr;
};

struct In : Expr {
  static bool Is(ExprKind k) { return k == ExprKind::kIn; }
  bool negated = false;
  Expr* operand = nullptr;
  List<Expr*> list;
  Select* subquery = nullptr;  // list is empty then
};

enum class LikeKind : uint8_t { kLike, kIlike, kSimilar, kGlob, kRegexp, kMatch };
struct Like : Expr {
  static bool Is(ExprKind k) { return k == ExprKind::kLike; }
  LikeKind like = LikeKind::kLike;
  bool negated = false;
  Expr* operand = nullptr;
  Expr* pattern = nullptr;
  Expr* escape = nullptr;
};

struct Quantified : Expr {  // left op ANY|ALL (subquery or array)
  static bool Is(ExprKind k) { return k == ExprKind::kQuantified; }
  bool all = false;
  Text op;
  Expr* left = nullptr;
  Select* subquery = nullptr;
  Expr* array = nullptr;
};

struct When {
  Expr* condition;
  Expr* result;
};

struct Case : Expr {
  static bool Is(ExprKind k) { return k == ExprKind::kCase; }
  Expr* operand = nullptr;
  List<When> whens;
  Expr* otherwise = nullptr;
};

enum class CastSyntax : uint8_t { kCast, kColons, kTypedLiteral, kTry };
struct Cast : Expr {
  static bool Is(ExprKind k) { return k == ExprKind::kCast; }
  CastSyntax syntax = CastSyntax::kCast;
  Expr* operand = nullptr;
  TypeName* type = nullptr;
};

struct Collate : Expr {
  static bool Is(ExprKind k) { return k == ExprKind::kCollate; }
  Expr* operand = nullptr;
  QualifiedName collation;
};

enum class Direction : uint8_t { kDefault, kAscending, kDescending };
enum class NullsOrder : uint8_t { kDefault, kFirst, kLast };
struct OrderItem {
  Expr* expr = nullptr;
  Direction direction = Direction::kDefault;
  NullsOrder nulls = NullsOrder::kDefault;
};

// Special syntaxes (EXTRACT, SUBSTRING FROM, TRIM, CURRENT_DATE ...) are calls of the function that
// PostgreSQL makes of them.
struct Call : Expr {
  static bool Is(ExprKind k) { return k == ExprKind::kCall; }
  QualifiedName name;
  bool star = false;  // count(*)
  bool distinct = false;
  bool variadic = false;
  bool bare = false;          // CURRENT_DATE and its like: written without parentheses
  bool within_group = false;  // order_by is WITHIN GROUP's
  bool ignore_nulls = false;
  List<Expr*> arguments;
  List<OrderItem> order_by;
  Expr* filter = nullptr;
  Window* over = nullptr;
};

struct Subquery : Expr {  // kSubquery, kExists, kArraySubquery
  static bool Is(ExprKind k) { return k == ExprKind::kSubquery || k == ExprKind::kExists || k == ExprKind::kArraySubquery; }
  Select* select = nullptr;
};

struct Array : Expr {
  static bool Is(ExprKind k) { return k == ExprKind::kArray; }
  List<Expr*> elements;
};

struct Row : Expr {
  static bool Is(ExprKind k) { return k == ExprKind::kRow; }
  List<Expr*> elements;
};

struct Subscript : Expr {
  static bool Is(ExprKind k) { return k == ExprKind::kSubscript; }
  bool slice = false;
  Expr* operand = nullptr;
  Expr* lower = nullptr;  // the index, or a slice's lower bound or null
  Expr* upper = nullptr;
};

struct Field : Expr {  // (expression).name, or .* with an empty name
  static bool Is(ExprKind k) { return k == ExprKind::kField; }
  Expr* operand = nullptr;
  Name name;
};

enum class GroupingKind : uint8_t { kEmpty, kRollup, kCube, kSets };
struct GroupingSet : Expr {
  static bool Is(ExprKind k) { return k == ExprKind::kGroupingSet; }
  GroupingKind grouping = GroupingKind::kEmpty;
  List<Expr*> elements;
};

struct NamedArgument : Expr {
  static bool Is(ExprKind k) { return k == ExprKind::kNamedArgument; }
  Name name;
  Expr* value = nullptr;
};

enum class FrameUnit : uint8_t { kNone, kRows, kRange, kGroups };
enum class FrameBound : uint8_t { kUnboundedPreceding, kPreceding, kCurrentRow, kFollowing, kUnboundedFollowing };
enum class FrameExclusion : uint8_t { kNone, kCurrentRow, kGroup, kTies };
struct Window {
  Name name;  // OVER name, or the window that this one refines
  bool by_name = false;
  List<Expr*> partition_by;
  List<OrderItem> order_by;
  FrameUnit unit = FrameUnit::kNone;
  FrameBound start = FrameBound::kUnboundedPreceding;
  FrameBound end = FrameBound::kCurrentRow;
  Expr* start_offset = nullptr;
  Expr* end_offset = nullptr;
  FrameExclusion exclusion = FrameExclusion::kNone;
};

struct TypeField {
  Name name;
  TypeName* type;
};

struct TypeName {
  int32_t offset = -1;
  QualifiedName name;      // folded; several words joined by one space ("double precision")
  List<Expr*> modifiers;   // (10, 2)
  List<TypeField> fields;  // struct(a int, ...)
  List<TypeName*> types;   // map(text, int)
  int32_t array_depth = 0;
  bool set_of = false;
  Text interval_fields;  // "year to month"
};

// ---- queries -----------------------------------------------------------------------------------

enum class TableRefKind : uint8_t { kNamed, kDerived, kFunction, kJoin, kFile };
enum class JoinKind : uint8_t { kInner, kLeft, kRight, kFull, kCross, kSemi, kAnti, kAsof, kAsofLeft };

struct TableRef {
  TableRefKind kind;
  bool lateral = false;
  uint16_t height = 1;
  int32_t offset = -1;
  Name alias;
  List<Name> column_aliases;
};

struct Sample {
  Name method;
  List<Expr*> arguments;
  Expr* repeatable = nullptr;
};

struct NamedTable : TableRef {
  QualifiedName name;
  bool only = false;
  Sample* sample = nullptr;
  Name indexed_by;  // SQLite's INDEXED BY: checked to exist, otherwise a hint
};

struct DerivedTable : TableRef {
  Select* select = nullptr;
};

struct ColumnDefinition;
struct FunctionTable : TableRef {
  List<Expr*> calls;  // several in ROWS FROM
  bool with_ordinality = false;
  List<ColumnDefinition*> column_definitions;
};

struct FileTable : TableRef {  // FROM 'file.csv'
  Text path;
};

struct Join : TableRef {
  JoinKind join = JoinKind::kInner;
  bool natural = false;
  TableRef* left = nullptr;
  TableRef* right = nullptr;
  List<Name> using_columns;
  Expr* on = nullptr;
};

struct SelectItem {
  Expr* expr = nullptr;
  Name alias;
};

struct NamedWindow {
  Name name;
  Window* window;
};

enum class BodyKind : uint8_t { kCore, kValues, kSetOperation, kNested };
struct SelectBody {
  BodyKind kind;
  uint16_t height = 1;
  int32_t offset = -1;
};

enum class DistinctKind : uint8_t { kAll, kDistinct, kOn };
struct SelectCore : SelectBody {
  DistinctKind distinct = DistinctKind::kAll;
  List<Expr*> distinct_on;
  List<SelectItem> items;
  QualifiedName into;
  List<TableRef*> from;
  Expr* where = nullptr;
  bool group_by_all = false;
  bool group_by_distinct = false;
  bool grouped = false;  // there is a GROUP BY
  List<Expr*> group_by;
  Expr* having = nullptr;
  List<NamedWindow> windows;
  Expr* qualify = nullptr;
};

struct Values : SelectBody {
  List<List<Expr*>> rows;
};

enum class SetOperator : uint8_t { kUnion, kIntersect, kExcept };
struct SetOperation : SelectBody {
  SetOperator op = SetOperator::kUnion;
  bool all = false;
  bool by_name = false;
  SelectBody* left = nullptr;
  SelectBody* right = nullptr;
};

struct NestedSelect : SelectBody {  // a parenthesised query with clauses of its own
  Select* select = nullptr;
};

enum class Materialized : uint8_t { kDefault, kYes, kNo };
struct CommonTable {
  Name name;
  List<Name> columns;
  Materialized materialized = Materialized::kDefault;
  Statement* statement = nullptr;  // a query, or a data-changing statement with RETURNING
};

struct With {
  bool recursive = false;
  List<CommonTable> tables;
};

enum class LockStrength : uint8_t { kUpdate, kNoKeyUpdate, kShare, kKeyShare };
enum class LockWait : uint8_t { kWait, kNoWait, kSkipLocked };
struct LockingClause {
  int32_t offset = -1;
  LockStrength strength = LockStrength::kUpdate;
  LockWait wait = LockWait::kWait;
  List<Name> tables;
  bool from_outside = false;  // the binder's: it stood behind a query around this one
};

struct Select {
  int32_t offset = -1;
  With* with = nullptr;
  SelectBody* body = nullptr;
  List<OrderItem> order_by;
  bool order_by_all = false;
  Expr* limit = nullptr;  // null: none
  Expr* limit_offset = nullptr;
  bool with_ties = false;
  List<LockingClause> locking;
};

// ---- statements --------------------------------------------------------------------------------

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
  kCreateSequence,
  kCreateType,
  kDrop,
  kAlterTable,
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

struct SetItem {
  List<Name> columns;  // several: (a, b) = row
  Expr* value = nullptr;
  bool multiple = false;
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

struct Insert : Statement {
  With* with = nullptr;
  QualifiedName table;
  Name alias;
  List<Name> columns;
  bool has_columns = false;
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

struct CreateTable : Statement {
  bool temporary = false;
  bool if_not_exists = false;
  bool or_replace = false;
  bool strict = false;
  bool without_rowid = false;
  bool with_no_data = false;
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

struct CreateView : Statement {
  bool or_replace = false;
  bool temporary = false;
  bool materialized = false;
  bool recursive = false;
  bool if_not_exists = false;
  QualifiedName name;
  List<Name> columns;
  Select* select = nullptr;
  Text select_text;
};

struct CreateSequence : Statement {
  bool temporary = false;
  bool if_not_exists = false;
  QualifiedName name;
  List<Option> options;
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
  kExtension,
  kOther,
};
struct Drop : Statement {
  ObjectKind object = ObjectKind::kTable;
  Text object_words;
  bool if_exists = false;
  bool cascade = false;
  List<QualifiedName> names;
  QualifiedName on_table;  // DROP TRIGGER t ON table
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
  kOther,
};
struct AlterItem {
  AlterAction action = AlterAction::kOther;
  bool if_exists = false;  // also IF NOT EXISTS of ADD COLUMN
  bool cascade = false;
  int32_t offset = -1;
  Name name;  // the column or constraint
  Name new_name;
  ColumnDefinition* column = nullptr;
  Constraint* constraint = nullptr;
  TypeName* type = nullptr;
  Expr* expr = nullptr;  // SET DEFAULT's, USING's
  Text expr_text;
  Text text;  // all of it
};
struct AlterTable : Statement {
  ObjectKind object = ObjectKind::kTable;
  bool if_exists = false;
  QualifiedName table;
  List<AlterItem> actions;
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
  bool full = false;
  bool analyze = false;
};

struct Analyze : Statement {  // also Checkpoint and Reindex
  List<QualifiedName> tables;
};

struct Explain : Statement {
  bool analyze = false;
  bool verbose = false;
  bool query_plan = false;  // SQLite's EXPLAIN QUERY PLAN
  List<Option> options;
  Statement* statement = nullptr;
};

struct Prepare : Statement {
  Name name;
  List<TypeName*> types;
  Statement* statement = nullptr;
};

struct Execute : Statement {  // also Deallocate, without arguments; an empty name is ALL
  Name name;
  List<Expr*> arguments;
};

struct Comment : Statement {
  ObjectKind object = ObjectKind::kTable;
  Text object_words;
  QualifiedName name;
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
