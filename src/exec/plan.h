// Plan nodes: the executor's input language, written by sql/, by COPY and by tests.
//
// A Plan owns an arena; nodes and expressions are plain records in it. A plan is immutable once built and may be run
// by many executions at once, on any threads; whatever changes while running lives in Execution. Plans print
// (ToText) and compare by what they print (Equal).
//
//  (P1) A node's output is the chunk of `types`; expressions of the node are evaluated over its input's output, in
//       joins over left columns followed by right columns, unless the node says otherwise.
//  (P2) Types are already equal where values meet: join keys, set operations, VALUES rows, IN lists, assigned columns.
//       The binder adds the casts.
//  (P3) Pointers to tables stay valid as long as the plan: Plan::Keep holds what owns them.
//  (P4) Key ranges hold row-independent expressions (constants, parameters, correlated slots) of the key column's type.
//       A NULL among them selects nothing.
#ifndef TURDB_EXEC_PLAN_H_
#define TURDB_EXEC_PLAN_H_

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/arena.h"
#include "exec/expression.h"
#include "function/aggregate.h"
#include "function/registry.h"
#include "function/window.h"
#include "vec/type.h"
#include "vec/value.h"

namespace turdb::table {
class Table;
struct ForeignKey;
struct TriggerSchema;
enum class ForeignKeyAction : uint8_t;
}  // namespace turdb::table

namespace turdb::exec {

class TableFunction;

enum class NodeKind : uint8_t {
  kSingleRow,
  kValues,
  kTableScan,
  kIndexScan,
  kPointLookup,
  kNearestScan,
  kTableFunction,
  kCsvScan,
  kCopyTo,
  kCteScan,
  kFilter,
  kProject,
  kExpand,
  kLimit,
  kDistinct,
  kSort,
  kTopN,
  kAggregate,
  kWindow,
  kSetOperation,
  kCte,
  kRecursiveCte,
  kLockRows,
  kHashJoin,
  kNestedLoopJoin,
  kIndexJoin,
  kApply,
  kInsert,
  kUpdate,
  kDelete,
  kMerge,
  kInsteadOf,
  kExplain,
};

struct Node {
  NodeKind kind;
  std::span<const vec::Type> types;  // of the output columns
  double estimated_rows = -1;        // the planner's; negative when it made none
  std::string_view reason;           // which rule chose this node, for EXPLAIN VERBOSE; may be empty
};

using Expressions = std::span<const Expression* const>;

// ---- sources

struct SingleRowNode : Node {};  // one row without columns: SELECT 1

struct ValuesNode : Node {
  std::span<const Expressions> rows;  // row-independent expressions, one a column
};

// Equality on the first `equal.size()` key columns, then a range on the next.
struct KeyRange {
  Expressions equal;
  const Expression* lower = nullptr;  // null: from the first
  const Expression* upper = nullptr;  // null: to the last
  bool lower_inclusive = true;
  bool upper_inclusive = true;
};

struct TableScanNode : Node {
  table::Table* table = nullptr;
  std::string_view name;  // as the query calls it
  // Positions in the table's schema, or table::kRowKeyColumn (blob) and kRowIdColumn (bigint); `types` are theirs.
  std::span<const int32_t> columns;
  // Over the output columns. All conjuncts of `latch_filter` call only latch_safe functions and raise nothing.
  Expressions latch_filter;
  Expressions filter;  // what else must hold, in order
  // Made of the columns, outputs behind them: latch-safe, too. `filter` may ask for them, `latch_filter` comes before.
  Expressions computed;
  Expressions given;  // row-independent; what `computed` finds in the slots, made when the scan begins
  std::span<const int32_t> given_slots;
  std::span<const int32_t>
      in_leaf;           // columns that only `computed` reads, and is done with before the scan moves on: empty above
  KeyRange range;        // on the primary key
  bool reverse = false;  // descending key order; ascending otherwise (order is always that of the key)
};

// Reads an index in key order. index_only: every column is in the index or the primary key and rows are not visited.
struct IndexScanNode : Node {
  table::Table* table = nullptr;
  int32_t index = -1;  // position among the table's indexes
  std::string_view name;
  std::span<const int32_t> columns;
  bool index_only = false;
  Expressions filter;
  KeyRange range;
  bool reverse = false;
};

// At most one row: every column of the primary key (index == -1) or of a unique index is given. When such a node,
// without `filter`, is the plan's root, or the only input of a single-row update or delete, it takes the short path.
struct PointLookupNode : Node {
  table::Table* table = nullptr;
  int32_t index = -1;
  std::string_view name;
  std::span<const int32_t> columns;
  Expressions key;  // row-independent, one a key column
  Expressions filter;
};

// The rows of `exact` whose vectors are near `query`, nearest first as far as a vector index knows, as many as the TopN above
// (`number`) needs; or all rows of `exact`, where that is cheaper or nothing else is right. The TopN is told to begin again
// when the scan changes its mind. Output: that of `exact`. `few`, where there is one, has the same rows by a range of another
// key: it takes the place of `exact` when there are few entries in the range.
struct NearestScanNode : Node {
  const TableScanNode* exact = nullptr;
  int32_t index = -1;                 // position among the table's indexes: a vector index
  const Expression* query = nullptr;  // row-independent, a vector of the index's dimensions
  int32_t number = -1;
  const Node* few = nullptr;
  int32_t few_index = -1;  // of the range; -1: the primary key
  KeyRange few_range;
};

struct TableFunctionNode : Node {
  const TableFunction* function = nullptr;  // exec/table_function.h: generate_series, system views
  Expressions arguments;                    // row-independent
};

struct CsvOptions {
  char delimiter = ',';
  char quote = '"';
  char escape = '"';
  bool header = false;
  bool text = false;              // PostgreSQL's text format: escapes in place of quotes, and "\." ends it
  bool whole_file = false;        // one record of one field
  bool match_header = false;      // the header must name the columns
  bool force_quote_all = false;   // when writing: every value that is not NULL
  std::string_view null_text;     // an unquoted field equal to it is NULL
  int64_t skip_lines = 0;         // before the header
  int64_t max_rejected_rows = 0;  // more bad rows than this fail the statement
};

// COPY FROM: the file's fields converted to `types`; bad rows are reported and skipped up to the limit.
struct CsvScanNode : Node {
  std::span<const std::string_view> paths;  // read one after the other
  bool with_file_name = false;              // the last column is the path that a row is from
  CsvOptions options;
  std::span<const std::string_view> column_names;  // for the header and for reports
  std::span<const uint8_t> never_null;             // by column, 0 or 1: FORCE_NOT_NULL
  std::span<const uint8_t> null_quoted;            // FORCE_NULL: also a quoted field may be NULL
};

// COPY TO: the input's columns, all text, as lines of a file; or, to the client, as rows of one column.
struct CopyToNode : Node {
  const Node* input = nullptr;
  std::string_view path;  // empty: to the client
  CsvOptions options;
  bool raw = false;  // one column, written as it is
  std::span<const std::string_view> column_names;
  std::span<const uint8_t> quoted;    // by column, 0 or 1: FORCE_QUOTE
  std::span<const uint8_t> booleans;  // by column, 0 or 1: "true" and "false" are written t and f
};

struct CteScanNode : Node {
  int32_t cte = -1;  // number of the CteNode or RecursiveCteNode around
};

// ---- one input

struct FilterNode : Node {
  const Node* input = nullptr;
  Expressions conjuncts;  // in order (E2)
};

struct ProjectNode : Node {
  const Node* input = nullptr;
  Expressions expressions;
};

// Grouping sets: every row once for each set. Output: the input, then the groups, NULL in a row of a set that does not list
// them, then the number of the set (integer).
struct ExpandNode : Node {
  const Node* input = nullptr;
  Expressions groups;
  std::span<const std::span<const int32_t>> sets;  // places in `groups`
};

struct LimitNode : Node {
  const Node* input = nullptr;
  const Expression* limit = nullptr;  // bigint, row-independent; null or NULL: no limit
  const Expression* offset = nullptr;
  // WITH TIES: what the input is sorted by. Rows equal in it to the last one come as well.
  Expressions ties;
};

struct DistinctNode : Node {
  const Node* input = nullptr;
  Expressions on;  // empty: all columns. Otherwise the first row of each group, in input order
};

struct SortNode : Node {
  const Node* input = nullptr;
  std::span<const SortKey> keys;  // stable
};

struct TopNNode : Node {  // Sort and Limit in one
  const Node* input = nullptr;
  std::span<const SortKey> keys;
  const Expression* limit = nullptr;
  const Expression* offset = nullptr;
  int32_t nearest = -1;  // number of the NearestScanNode below that finds the rows
};

struct AggregateCall {
  const function::BoundAggregate* function = nullptr;  // Plan::Own; arguments are of its argument_types
  Expressions arguments;
  const Expression* filter = nullptr;  // FILTER (WHERE ...)
  std::span<const SortKey> order;      // ORDER BY inside the call
  bool distinct = false;
  int32_t position = -1;
};

// Output: the group expressions, then the calls. Without groups there is exactly one row, also over empty input.
struct AggregateNode : Node {
  const Node* input = nullptr;
  Expressions groups;
  std::span<const AggregateCall> calls;
  // Of grouping sets: numbers, values of the last group, of groups that exist without any row; their other groups are NULL.
  std::span<const int32_t> always;
  bool input_grouped = false;  // equal groups arrive next to each other: ordered aggregation, no hash table
};

enum class FrameUnit : uint8_t { kRows, kRange, kGroups };
enum class FrameBound : uint8_t { kUnboundedPreceding, kPreceding, kCurrentRow, kFollowing, kUnboundedFollowing };
enum class FrameExclusion : uint8_t { kNone, kCurrentRow, kGroup, kTies };

// Of `n PRECEDING` and `n FOLLOWING`.
struct FrameOffset {
  const Expression* count = nullptr;     // row-independent; rows and groups: bigint
  const Expression* negative = nullptr;  // row-independent, boolean: count < 0
  int32_t limit = -1;  // range: the input's column with the ordering key less or plus `count`; of range_key's type
};

struct WindowFrame {
  FrameUnit unit = FrameUnit::kRange;
  FrameBound start = FrameBound::kUnboundedPreceding;
  FrameBound end = FrameBound::kCurrentRow;
  FrameExclusion exclusion = FrameExclusion::kNone;
  FrameOffset start_offset;
  FrameOffset end_offset;
  int32_t range_key = -1;  // the input's column that limits are compared with; in the order of the (only) ordering key
};

struct WindowCall {
  function::WindowKind kind = function::WindowKind::kRowNumber;
  const function::BoundAggregate* aggregate = nullptr;  // kAggregate; Plan::Own
  std::span<const int32_t> arguments;                   // columns of the input
  int32_t filter = -1;                                  // kAggregate: a boolean column of the input, or -1
  WindowFrame frame;
  bool ignore_nulls = false;  // values of rows: those where it is NULL do not count
  int32_t position = -1;
};

struct WindowOrder {
  int32_t column = -1;  // of the input
  bool descending = false;
  bool nulls_first = false;
};

// Output: the input's columns, in the order of partitions and of `order` inside them, then the calls.
struct WindowNode : Node {
  const Node* input = nullptr;
  std::span<const WindowOrder> partition;  // the directions say how partitions come one after the other
  std::span<const WindowOrder> order;
  bool sorted = false;  // the input comes in this order
  std::span<const WindowCall> calls;
};

// Materialises `definition` once, on demand, for the CteScanNodes of the same number inside `body`.
struct CteNode : Node {
  int32_t cte = -1;
  std::string_view name;
  const Node* definition = nullptr;
  const Node* body = nullptr;
};

// `recursive` reads what the last iteration made through CteScanNode{cte}; `distinct` is UNION without ALL. The result
// is scanned by CteScanNodes of the same number inside `body`.
struct RecursiveCteNode : Node {
  int32_t cte = -1;
  std::string_view name;
  const Node* initial = nullptr;
  const Node* recursive = nullptr;
  bool distinct = false;
  const Node* body = nullptr;
};

// As txn has them; plans know no txn.
enum class RowLockStrength : uint8_t { kKeyShare, kShare, kNoKeyUpdate, kUpdate };
enum class RowLockWait : uint8_t { kWait, kNoWait, kSkipLocked };

struct RowLock {
  const table::Table* table = nullptr;
  std::string_view name;  // as the query calls it
  int32_t row_key = -1;   // column of the input; NULL: no row to lock
  RowLockStrength strength = RowLockStrength::kUpdate;
  RowLockWait wait = RowLockWait::kWait;
};

// FOR UPDATE and its kin: locks the rows of tables that each row of the input came from, and drops it when one of them is
// skipped. Output: the input. `limit` and `offset`: of a Limit above, so that no row is locked that it would not let through.
struct LockRowsNode : Node {
  const Node* input = nullptr;
  std::span<const RowLock> locks;
  const Expression* limit = nullptr;
  const Expression* offset = nullptr;
};

// ---- two inputs

enum class SetOperation : uint8_t { kUnion, kIntersect, kExcept };

struct SetOperationNode : Node {
  SetOperation operation = SetOperation::kUnion;
  bool all = false;
  std::span<const Node* const> inputs;  // two or more for UNION ALL; two otherwise
};

enum class JoinType : uint8_t {
  kInner,
  kLeft,
  kRight,
  kFull,
  kSemi,      // left rows that have a match; output is the left columns
  kAnti,      // left rows that have none (NOT EXISTS)
  kAntiNull,  // NOT IN: as kAnti, but a NULL key on either side makes no row pass as soon as the right side has rows
};

// The right side is built, the left side probes. Keys are equal as SQL's = (NULL matches nothing) unless null_equal.
struct HashJoinNode : Node {
  JoinType type = JoinType::kInner;
  const Node* left = nullptr;
  const Node* right = nullptr;
  Expressions left_keys;             // over the left columns
  Expressions right_keys;            // over the right columns
  std::span<const bool> null_equal;  // empty, or one a key: IS NOT DISTINCT FROM
  Expressions residual;              // over left then right columns; part of the join condition
};

// No condition: the cross product.
struct NestedLoopJoinNode : Node {
  JoinType type = JoinType::kInner;
  const Node* left = nullptr;
  const Node* right = nullptr;  // kept in memory
  Expressions conjuncts;
};

// For each left row, the rows of `table` whose key prefix equals `keys`. Inner, left, semi and anti.
struct IndexJoinNode : Node {
  JoinType type = JoinType::kInner;
  const Node* left = nullptr;
  table::Table* table = nullptr;
  int32_t index = -1;  // -1: the primary key
  std::string_view name;
  Expressions keys;                  // over the left columns, of the key columns' types
  std::span<const int32_t> columns;  // the right columns
  bool index_only = false;
  Expressions residual;  // over left then right columns; part of the join condition
};

// LATERAL and correlated subqueries in FROM: for each left row the slots are filled and `right` is run anew.
struct SlotBinding {
  int32_t slot = -1;
  const Expression* value = nullptr;  // over the outer row
};
struct ApplyNode : Node {
  JoinType type = JoinType::kInner;  // inner, left, semi, anti
  const Node* left = nullptr;
  const Node* right = nullptr;
  std::span<const SlotBinding> bindings;
  Expressions conjuncts;
};

// A subquery used as a value. Without bindings it is run once an execution and its result is kept.
struct Subquery {
  SubqueryKind kind = SubqueryKind::kScalar;
  Comparison comparison = Comparison::kEqual;  // kAny, kAll
  const Node* plan = nullptr;
  std::span<const SlotBinding> bindings;
};

// ---- changes
//
// A changing node runs to its end in its first step. Its output is its RETURNING list, from a buffer, or nothing; the
// count of changed rows is Execution::changed_rows. In what follows "row" is a chunk of all columns of the table, in
// the order of the schema.

struct CheckConstraint {
  std::string_view name;
  const Expression* condition = nullptr;  // over the new row; false raises 23514
};

struct GeneratedColumn {
  int32_t column = -1;
  const Expression* value = nullptr;  // over the new row, columns generated earlier included
};

// What the table's indexes need beyond columns, for table::IndexEvaluator. Over the row.
struct IndexExpression {
  int32_t index = -1;
  int32_t part = -1;  // -1: the predicate of a partial index
  const Expression* expression = nullptr;
};

enum class ConflictAction : uint8_t { kError, kNothing, kUpdate, kReplace };

struct Assignment {
  int32_t column = -1;  // of the table
  const Expression* value = nullptr;
};

struct OnConflict {
  ConflictAction action = ConflictAction::kError;
  int32_t index = -2;                       // -2: any unique key; -1: the primary key; else a position among the indexes
  std::span<const Assignment> assignments;  // kUpdate: over the existing row followed by the excluded row
  const Expression* where = nullptr;        // likewise; false leaves the row alone
};

// ---- foreign keys (foreign_key.h, referential_queue.h)

// A foreign key of the table that a node writes: what its new rows must find.
struct ForeignKeyCheck {
  const table::ForeignKey* key = nullptr;
  const table::Table* table = nullptr;
  const table::Table* referenced = nullptr;
  int32_t index = -1;                // the unique key that is referred to; -1: the primary key
  std::span<const int32_t> columns;  // of `table`, in the order of that key's parts
  // Over a chunk of those columns: values of the key parts' types, NULL where no key can equal the value. Empty: they are
  // of these types as they are.
  Expressions converted;
};

// A foreign key that refers to the table that a node changes: what becomes of the rows that refer to a key that went.
struct ReferencingKey {
  const table::ForeignKey* key = nullptr;
  const table::Table* table = nullptr;  // that has the foreign key
  const table::Table* referenced = nullptr;
  int32_t index = -1;                // as above
  std::span<const int32_t> columns;  // of `referenced`, in the order of the foreign key
  std::span<const int32_t> parts;    // of the unique key, in its order: positions in `columns`
  table::ForeignKeyAction action{};
  bool on_update = false;
  // `rows` reads the keys that went from the CTE of this number: old values in the order of `columns`, then, on update,
  // the new ones. Their types:
  int32_t keys = -1;
  std::span<const vec::Type> key_types;
  // CASCADE, SET NULL, SET DEFAULT: the Delete or Update of the rows that refer. Otherwise these rows: the old values,
  // then the row key.
  const Node* rows = nullptr;
};

using ForeignKeyChecks = std::span<const ForeignKeyCheck* const>;
using ReferencingKeys = std::span<const ReferencingKey* const>;

// ---- triggers (trigger.h)

// What a trigger reads of the row that sets it off, and the slot that its expressions find it in.
struct TriggerInput {
  enum class Kind : uint8_t { kOld, kNew, kOperation };
  Kind kind = Kind::kNew;
  int32_t column = -1;  // of the table; a row that is not there (OLD of an INSERT) is all NULL
  int32_t slot = -1;
  vec::Type type;
};

struct TriggerStatement {
  const Node* node = nullptr;     // run to its end; its rows are dropped
  std::span<const int32_t> sets;  // SET NEW: the columns of the new row that its only row's values go to
};

struct Trigger {
  std::string_view name;
  std::string_view table;
  const table::TriggerSchema* definition = nullptr;
  std::span<const TriggerInput> inputs;
  const Expression* condition = nullptr;  // row-independent; null: always
  std::span<const TriggerStatement> statements;
  // CTEs with the rows of the statement, each the old values, then the new ones; -1: not named.
  int32_t old_table = -1;
  int32_t new_table = -1;
};
using Triggers = std::span<const Trigger* const>;

// The triggers of one event, in the order in which they fire.
struct TriggerSet {
  std::string_view operation;  // "INSERT"
  Triggers before_statement;
  Triggers before_row;
  Triggers after_row;
  Triggers after_statement;
  bool keeps_rows = false;  // those after the statement want to know its rows
  bool writes = false;      // one before a row changes tables itself
};

// Null where an event sets off nothing.
struct NodeTriggers {
  const TriggerSet* insert = nullptr;
  const TriggerSet* update = nullptr;
  const TriggerSet* remove = nullptr;
  bool empty() const { return insert == nullptr && update == nullptr && remove == nullptr; }
};

struct InsertNode : Node {
  table::Table* table = nullptr;
  std::string_view name;
  const Node* input = nullptr;  // rows: defaults filled in; a NULL in an integer key or identity column gets the next number
  std::span<const GeneratedColumn> generated;
  std::span<const CheckConstraint> checks;
  std::span<const IndexExpression> index_expressions;
  OnConflict on_conflict;
  ForeignKeyChecks foreign_keys;
  ReferencingKeys references;  // of rows that ON CONFLICT updates or replaces
  NodeTriggers triggers;       // likewise
  Expressions returning;       // over the new row
};

struct UpdateNode : Node {
  table::Table* table = nullptr;
  std::string_view name;
  const Node* input = nullptr;              // any columns, then the row key as the last
  std::span<const Assignment> assignments;  // over the input
  // Where the old value of each table column is in the input; -1 when nobody needs it. Indexed by table column.
  std::span<const int32_t> old_columns;
  std::span<const GeneratedColumn> generated;
  std::span<const CheckConstraint> checks;
  std::span<const IndexExpression> index_expressions;
  ForeignKeyChecks foreign_keys;  // of which a column is assigned
  ReferencingKeys references;     // likewise
  NodeTriggers triggers;          // columns that they set are assigned
  Expressions returning;          // over the new row followed by the input
};

struct DeleteNode : Node {
  table::Table* table = nullptr;
  std::string_view name;
  const Node* input = nullptr;  // any columns, then the row key as the last
  std::span<const IndexExpression> index_expressions;
  ReferencingKeys references;
  std::span<const int32_t> old_columns;  // as above, for the columns that are referred to
  NodeTriggers triggers;
  Expressions returning;  // over the input
};

enum class MergeMatch : uint8_t { kMatched, kNotMatched, kNotMatchedBySource };
enum class MergeActionKind : uint8_t { kNothing, kInsert, kUpdate, kDelete };

// One WHEN of a MERGE, over the input.
struct MergeAction {
  MergeMatch match = MergeMatch::kMatched;
  MergeActionKind action = MergeActionKind::kNothing;
  Expressions conjuncts;                    // the first clause of its kind for which they hold is the one
  std::span<const Assignment> assignments;  // kUpdate
  Expressions values;                       // kInsert: one a column of the table
};

struct MergeNode : Node {
  table::Table* table = nullptr;
  std::string_view name;
  const Node* input = nullptr;           // pairs of rows; the target's row key as the last, NULL where there is no such row
  int32_t source_column = -1;            // of the input: NULL where there is no row of the source
  std::span<const int32_t> old_columns;  // as above, for every column of the table
  std::span<const MergeAction> actions;
  std::span<const GeneratedColumn> generated;
  std::span<const CheckConstraint> checks;
  std::span<const IndexExpression> index_expressions;
  ForeignKeyChecks foreign_keys;
  ReferencingKeys update_references;
  ReferencingKeys delete_references;
  NodeTriggers triggers;
  Expressions returning;  // over the row (new, or of a DELETE the old one), the action's name, the input
};

// A change of a view: what its INSTEAD OF triggers do for each row.
struct InsteadOfNode : Node {
  std::string_view name;
  const Node* input = nullptr;
  Expressions old_row;  // over the input: the view's columns as they are; empty: an INSERT
  Expressions new_row;  // over the input: as they are to be; empty: a DELETE
  std::span<const vec::Type> row_types;
  NodeTriggers triggers;
  Expressions returning;  // over the new row (of a DELETE: the old one) followed by the input
};

// One text column, "QUERY PLAN": a row a line, or JSON in one row, in the words of PostgreSQL's.
struct ExplainNode : Node {
  const Node* plan = nullptr;
  bool analyze = false;  // run it first, and say rows, time and memory of each node
  bool verbose = false;
  bool json = false;
};

// ---- the plan

// Single-threaded while it is built; immutable and thread-safe afterwards.
class Plan {
 public:
  explicit Plan(base::MemoryBudget* budget = nullptr) : arena_(budget, 2048) {}
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  // Records. `New<FilterNode>()` sets the kind.
  template <typename T>
  T* New() {
    static_assert(std::is_base_of_v<Node, T>);
    T* node = arena_.New<T>();
    node->kind = KindOf(static_cast<const T*>(nullptr));
    return node;
  }
  template <typename T>
  std::span<const T> Copy(std::span<const T> from) {
    if (from.empty()) return {};
    std::span<T> to = arena_.NewArray<T>(from.size());
    for (size_t i = 0; i < from.size(); ++i) to[i] = from[i];
    return to;
  }
  template <typename T>
  std::span<const T> Copy(const std::vector<T>& from) {
    return Copy(std::span<const T>(from));
  }
  std::string_view Copy(std::string_view text) { return arena_.Copy(text); }
  base::Arena& arena() { return arena_; }

  // Expressions.
  Expression* NewExpression(ExpressionKind kind, const vec::Type& type, Expressions arguments = {}, int32_t position = -1);
  Expression* Constant(vec::Value value, const vec::Type& type, int32_t position = -1);
  Expression* Column(int32_t index, const vec::Type& type, int32_t position = -1);
  Expression* Parameter(int32_t index, const vec::Type& type, int32_t position = -1);
  Expression* Outer(int32_t slot, const vec::Type& type, int32_t position = -1);
  // Of the call's result type. Arguments must have its argument types.
  Expression* Call(function::BoundCall call, Expressions arguments, int32_t position = -1);
  // `cast` is what function::BindCast gave.
  Expression* Cast(function::BoundCall cast, const Expression* argument, int32_t position = -1);
  const function::BoundAggregate* Own(function::BoundAggregate aggregate);

  // Keeps alive what nodes point to (a catalog snapshot, tables, a table function).
  void Keep(std::shared_ptr<const void> owner) { kept_.push_back(std::move(owner)); }

  void set_root(const Node* root, std::vector<std::string> column_names) {
    root_ = root;
    column_names_ = std::move(column_names);
  }
  const Node& root() const { return *root_; }
  std::span<const std::string> column_names() const { return column_names_; }
  bool has_foreign_keys = false;         // some node checks or is bound by one
  std::vector<const Trigger*> triggers;  // all that some node may set off
  // How many correlated slots and CTE numbers the plan uses, all levels together.
  int32_t slot_count = 0;
  int32_t cte_count = 0;
  int32_t nearest_count = 0;               // NearestScanNodes
  std::vector<vec::Type> parameter_types;  // of each parameter, as inferred

 private:
  static NodeKind KindOf(const SingleRowNode*) { return NodeKind::kSingleRow; }
  static NodeKind KindOf(const ValuesNode*) { return NodeKind::kValues; }
  static NodeKind KindOf(const TableScanNode*) { return NodeKind::kTableScan; }
  static NodeKind KindOf(const IndexScanNode*) { return NodeKind::kIndexScan; }
  static NodeKind KindOf(const PointLookupNode*) { return NodeKind::kPointLookup; }
  static NodeKind KindOf(const NearestScanNode*) { return NodeKind::kNearestScan; }
  static NodeKind KindOf(const TableFunctionNode*) { return NodeKind::kTableFunction; }
  static NodeKind KindOf(const CsvScanNode*) { return NodeKind::kCsvScan; }
  static NodeKind KindOf(const CopyToNode*) { return NodeKind::kCopyTo; }
  static NodeKind KindOf(const CteScanNode*) { return NodeKind::kCteScan; }
  static NodeKind KindOf(const FilterNode*) { return NodeKind::kFilter; }
  static NodeKind KindOf(const ProjectNode*) { return NodeKind::kProject; }
  static NodeKind KindOf(const ExpandNode*) { return NodeKind::kExpand; }
  static NodeKind KindOf(const LimitNode*) { return NodeKind::kLimit; }
  static NodeKind KindOf(const DistinctNode*) { return NodeKind::kDistinct; }
  static NodeKind KindOf(const SortNode*) { return NodeKind::kSort; }
  static NodeKind KindOf(const TopNNode*) { return NodeKind::kTopN; }
  static NodeKind KindOf(const AggregateNode*) { return NodeKind::kAggregate; }
  static NodeKind KindOf(const WindowNode*) { return NodeKind::kWindow; }
  static NodeKind KindOf(const SetOperationNode*) { return NodeKind::kSetOperation; }
  static NodeKind KindOf(const CteNode*) { return NodeKind::kCte; }
  static NodeKind KindOf(const RecursiveCteNode*) { return NodeKind::kRecursiveCte; }
  static NodeKind KindOf(const LockRowsNode*) { return NodeKind::kLockRows; }
  static NodeKind KindOf(const HashJoinNode*) { return NodeKind::kHashJoin; }
  static NodeKind KindOf(const NestedLoopJoinNode*) { return NodeKind::kNestedLoopJoin; }
  static NodeKind KindOf(const IndexJoinNode*) { return NodeKind::kIndexJoin; }
  static NodeKind KindOf(const ApplyNode*) { return NodeKind::kApply; }
  static NodeKind KindOf(const InsertNode*) { return NodeKind::kInsert; }
  static NodeKind KindOf(const UpdateNode*) { return NodeKind::kUpdate; }
  static NodeKind KindOf(const DeleteNode*) { return NodeKind::kDelete; }
  static NodeKind KindOf(const MergeNode*) { return NodeKind::kMerge; }
  static NodeKind KindOf(const InsteadOfNode*) { return NodeKind::kInsteadOf; }
  static NodeKind KindOf(const ExplainNode*) { return NodeKind::kExplain; }

  base::Arena arena_;
  std::vector<std::unique_ptr<const vec::Value>> values_;
  std::vector<std::unique_ptr<const function::BoundCall>> calls_;
  std::vector<std::unique_ptr<const function::BoundAggregate>> aggregates_;
  std::vector<std::shared_ptr<const void>> kept_;
  const Node* root_ = nullptr;
  std::vector<std::string> column_names_;
};

// What a node is called in EXPLAIN ("HashJoin").
std::string_view NodeName(NodeKind kind);
// The inputs of a node, left to right; definitions of CTEs before bodies. Subqueries inside expressions are not inputs.
std::vector<const Node*> Inputs(const Node& node);
// The foreign keys that refer to the table that the node changes, for those nodes that change one.
std::vector<const ReferencingKey*> ReferencesOf(const Node& node);
// The triggers that it sets off, likewise.
NodeTriggers TriggersOf(const Node& node);
// Calls `visit` for every expression of the node (not of its inputs), arguments after what they belong to.
void ForEachExpression(const Node& node, absl::FunctionRef<void(const Expression&)> visit);
// One line of EXPLAIN without indentation: name, table, conditions.
std::string Headline(const Node& node);
// The whole tree, two spaces a level. verbose: types, estimates and reasons too.
std::string ToText(const Node& node, bool verbose = false);
bool Equal(const Node& a, const Node& b);

}  // namespace turdb::exec

#endif  // TURDB_EXEC_PLAN_H_
