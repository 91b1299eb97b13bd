// The syntax tree: expressions, and what every part of it is made of. See ast.h.
#ifndef TURDB_SQL_PARSE_AST_EXPR_H_
#define TURDB_SQL_PARSE_AST_EXPR_H_

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
  kMap,
  kSubscript,
  kField,
  kGroupingSet,
  kNamedArgument,
  kLambda,
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

enum class IsTest : uint8_t { kNull, kTrue, kFalse, kUnknown, kDistinctFrom, kSame /* SQLite's `a IS b` */, kJson };
struct IsPredicate : Expr {
  static bool Is(ExprKind k) { return k == ExprKind::kIs; }
  IsTest test = IsTest::kNull;
  bool negated = false;
  Expr* operand = nullptr;
  Expr* other = nullptr;  // of kDistinctFrom and kSame
  Text json_kind;         // of kJson: value, object, array, scalar
  bool unique_keys = false;
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
  List<Name> names;  // of {'a': 1}, one an element
};

struct Map : Expr {  // MAP {key: value}: keys and values by turns
  static bool Is(ExprKind k) { return k == ExprKind::kMap; }
  List<Expr*> pairs;
};

struct Subscript : Expr {
  static bool Is(ExprKind k) { return k == ExprKind::kSubscript; }
  bool slice = false;
  bool continues = false;  // the operand is a subscript that this one is part of: a[1][2], not (a[1])[2]
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

struct Lambda : Expr {  // x -> x + 1, (a, b) -> a + b
  static bool Is(ExprKind k) { return k == ExprKind::kLambda; }
  List<Name> parameters;
  Expr* body = nullptr;
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

}  // namespace turdb::sql::ast

#endif  // TURDB_SQL_PARSE_AST_EXPR_H_
