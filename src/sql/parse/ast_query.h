// The syntax tree: queries. See ast.h.
#ifndef TURDB_SQL_PARSE_AST_QUERY_H_
#define TURDB_SQL_PARSE_AST_QUERY_H_

#include "sql/parse/ast_expr.h"

namespace turdb::sql::ast {

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

}  // namespace turdb::sql::ast

#endif  // TURDB_SQL_PARSE_AST_QUERY_H_
