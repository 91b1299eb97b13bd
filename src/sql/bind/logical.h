// A bound query: relational operators over columns that have numbers of their own.
//
// Every column that any operator makes gets a ColumnId, unique in the statement; bound expressions are
// exec::Expression trees whose kColumn::index is a ColumnId. Lowering (plan/) turns ids into positions in
// chunks. A column that an expression names and its inputs do not make belongs to an enclosing query: that is
// all there is to correlation.
//
//  (L1) A plain column keeps its id through projections, groupings, sorts and joins; only expressions, set
//       operations and scans of common tables make new ids.
//  (L2) kSubquery expressions have index = a number in BoundStatement::subqueries and no `subquery` yet.
//  (L3) Conjuncts are boolean; filters list them in the order in which they were written.
#ifndef TURDB_SQL_BIND_LOGICAL_H_
#define TURDB_SQL_BIND_LOGICAL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "exec/expression.h"
#include "exec/plan.h"
#include "function/aggregate.h"
#include "vec/collation.h"
#include "vec/type.h"

namespace turdb::sql {

namespace ast {
struct Select;
}

using ColumnId = int32_t;
using Expr = exec::Expression;

// How an expression came to its collation; later ones go before earlier ones.
enum class CollationStrength : uint8_t { kNone, kImplicit, kConflict, kExplicit };
struct CollationState {
  vec::CollationId id = vec::kDefaultCollation;
  CollationStrength strength = CollationStrength::kNone;
  vec::CollationId other = vec::kDefaultCollation;  // kConflict: with which
};

struct ColumnInfo {
  std::string_view name;
  vec::Type type;
  CollationState collation;
  const catalog::Relation* origin = nullptr;
  int32_t origin_column = -1;  // in the relation's schema
};

enum class LogicalKind : uint8_t {
  kSingleRow,
  kGet,
  kValues,
  kFunction,
  kCsv,
  kCteScan,
  kFilter,
  kProject,
  kJoin,
  kAggregate,
  kWindow,
  kDistinct,
  kSort,
  kLimit,
  kSetOperation,
  kCte,
  kLockRows,
};

struct LogicalNode;

struct LogicalSortKey {
  const Expr* expression = nullptr;
  bool descending = false;
  bool nulls_first = false;
};

struct LogicalAggregate {
  const function::BoundAggregate* function = nullptr;
  std::vector<const Expr*> arguments;
  const Expr* filter = nullptr;
  std::vector<LogicalSortKey> order;
  bool distinct = false;
  int32_t position = -1;
};

// Frames are exec::WindowFrame's, over bound expressions; all that a call reads of a row is a column once it is linked.
struct LogicalFrameOffset {
  const Expr* count = nullptr;
  const Expr* negative = nullptr;
  const Expr* limit = nullptr;
};
struct LogicalWindowCall {
  function::WindowKind kind = function::WindowKind::kRowNumber;
  const function::BoundAggregate* aggregate = nullptr;
  std::vector<const Expr*> arguments;
  const Expr* filter = nullptr;
  exec::WindowFrame frame;  // its unit, bounds and exclusion
  LogicalFrameOffset start;
  LogicalFrameOffset end;
  bool ignore_nulls = false;
  const Expr* range_key = nullptr;
  int32_t position = -1;
};

// FOR UPDATE and its kin, on one table of the FROM clause.
struct LogicalRowLock {
  const LogicalNode* get = nullptr;
  exec::RowLockStrength strength = exec::RowLockStrength::kUpdate;
  exec::RowLockWait wait = exec::RowLockWait::kWait;
};

struct CommonTableInfo;

// One record for every kind; which fields a kind uses is said at each. Owned by BoundStatement.
struct LogicalNode {
  explicit LogicalNode(LogicalKind k) : kind(k) {}

  LogicalKind kind;
  LogicalNode* left = nullptr;   // the only input, or the first
  LogicalNode* right = nullptr;  // kJoin, kSetOperation (two inputs)
  // What it makes: kGet (one a schema column, then the rowid, then the row key), kValues, kFunction, kCsv, kCteScan,
  // kProject (one an expression), kAggregate (one a group, with sets their number, then one a call), kWindow (one a call),
  // kSetOperation.
  std::vector<ColumnId> outputs;
  std::vector<const Expr*>
      expressions;  // kProject, kAggregate's groups, kWindow's partition, kDistinct's ON, kFunction's arguments
  std::vector<const Expr*> conjuncts;  // kFilter, kJoin; kGet after pushing down

  // kGet
  std::shared_ptr<const catalog::Relation> relation;
  table::Table* table = nullptr;
  std::string_view name;  // also kCteScan

  std::vector<std::vector<const Expr*>> rows;     // kValues
  const exec::TableFunction* function = nullptr;  // kFunction
  exec::JoinType join = exec::JoinType::kInner;   // kJoin
  bool lateral = false;                           // kJoin: the right side names columns of the left
  std::vector<LogicalAggregate> aggregates;       // kAggregate
  std::vector<std::vector<size_t>>
      grouping_sets;                       // kAggregate: of places among the groups; the output behind the groups says which
  std::vector<LogicalWindowCall> windows;  // kWindow
  std::vector<LogicalSortKey> sort;        // kSort, kWindow; kLimit: WITH TIES of rows sorted so
  std::vector<LogicalRowLock> locks;       // kLockRows
  bool locks_what_is_asked = false;        // kLockRows: conditions above say which rows are meant
  const Expr* limit = nullptr;             // kLimit; kLockRows: the limit above, past which no row is locked
  const Expr* offset = nullptr;            // likewise
  exec::SetOperation set_operation = exec::SetOperation::kUnion;
  bool all = false;
  std::vector<ColumnId> left_columns, right_columns;  // kSetOperation: what meets what; kDistinct: left_columns, what counts
  CommonTableInfo* cte = nullptr;                     // kCteScan, kCte (whose `left` is the body)
  exec::CsvOptions csv;                               // kCsv
  std::vector<std::string_view> paths;                // kCsv
  bool with_file_name = false;                        // kCsv: the last output is the path that a row is from
  std::vector<uint8_t> never_null, null_quoted;       // kCsv: exec::CsvScanNode's
};

struct OutputColumn {
  std::string_view name;
  ColumnId id = -1;
  const Expr* literal = nullptr;  // an untyped literal or parameter that is still to be typed
};

struct BoundQuery {
  LogicalNode* root = nullptr;
  std::vector<OutputColumn> columns;
};

struct CommonTableInfo {
  std::string_view name;
  BoundQuery definition;  // kRecursive: the initial part
  int32_t number = -1;
  int32_t references = 0;
  bool materialize = false;
  bool recursive = false;
  bool distinct = false;  // UNION without ALL
  size_t shown_from = 0;  // of the definition's columns, those that are seen: the ones before are there for others
  size_t hidden_from = static_cast<size_t>(-1);
  bool narrow = false;  // made by the planner: keeps only those of the definition's columns that somebody reads
  bool few = false;     // rows, as a rule: what it is joined with is read by an index, if there is one
  LogicalNode* step = nullptr;
  std::vector<ColumnId> step_columns;
};

// By ColumnId.
using ColumnSet = std::vector<bool>;

struct BoundSubquery {
  exec::SubqueryKind kind = exec::SubqueryKind::kScalar;
  exec::Comparison comparison = exec::Comparison::kEqual;
  BoundQuery query;
  const ast::Select* source = nullptr;  // what it was bound from
};

}  // namespace turdb::sql

#endif  // TURDB_SQL_BIND_LOGICAL_H_
