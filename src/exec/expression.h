// Bound expressions: what the binder makes of SQL's expressions and the executor evaluates.
//
// An expression is a tree of plain records in the arena of its Plan, immutable once built, shared by every
// execution. Names are resolved, casts are explicit, every node knows its type. Column references are positions in
// the chunk that the expression is evaluated over: the output of the node's input, or what the node's comment says.
//
// NULL logic, evaluation order and what may raise:
//  (E1) AND, OR, CASE, COALESCE and IN over expressions evaluate an argument only for the rows that earlier arguments
//       left open; a row that an earlier argument decides never raises through a later one.
//  (E2) Arguments of AND and OR are evaluated in the order given; the planner orders them, and never moves a raising
//       one forward.
//  (E3) An error carries `position` of the expression that raised it, unless the function set its own.
#ifndef TURDB_EXEC_EXPRESSION_H_
#define TURDB_EXEC_EXPRESSION_H_

#include <cstdint>
#include <span>
#include <string>

#include "vec/type.h"
#include "vec/value.h"

namespace turdb::function {
struct BoundCall;
}  // namespace turdb::function

namespace turdb::exec {

struct Subquery;

enum class ExpressionKind : uint8_t {
  kConstant,       // value
  kParameter,      // index: number of the parameter from 0; its bound value must have `type` or be NULL
  kColumn,         // index: column of the input chunk
  kOuter,          // index: correlated slot, filled by the dependent apply around this subplan
  kCall,           // call, arguments of call->argument_types; `type` is call->result_type
  kCast,           // arguments[0] through `call`; `try_cast`: what does not convert becomes NULL
  kAnd,            // arguments, two or more, boolean
  kOr,             // arguments, two or more, boolean
  kNot,            // arguments[0]
  kIsNull,         // arguments[0]; never NULL
  kIsNotNull,      // arguments[0]; never NULL
  kIsDistinct,     // arguments[0] IS DISTINCT FROM arguments[1], of one type; never NULL
  kIsNotDistinct,  // the opposite
  kCase,           // arguments: when, then, when, then, ..., else (always there, perhaps a NULL constant)
  kCoalesce,       // arguments, one or more, of one type
  kIn,             // arguments[0] IN (arguments[1..]), of one type; NULL logic of =
  kSubquery,       // subquery
  // arguments[0], checked as a domain's values are: arguments[1], in which kValue stands for it, is not false (23514), or,
  // without arguments[1], it is not NULL (23502). `value`: the message otherwise.
  kCheck,
  kValue,  // what the kCheck around this is looking at
  // An expression for every element of arguments[0], an array: arguments[1], in which arguments[2] (and [3]), which are
  // kLambdaValue, stand for the element. `index`: a LambdaKind.
  kLambda,
  kLambdaValue,  // index: number of the value, unique in the plan
};

enum class LambdaKind : uint8_t {
  kTransform,  // the array of what arguments[1] gives; arguments[3], when there is one: the element's number, from 1, a bigint
  kFilter,     // of the elements for which it is true; arguments[3] likewise
  kReduce,     // what is left of all: arguments[2] is what was made of those before, arguments[3] the element
};

// How a subquery becomes a value.
enum class SubqueryKind : uint8_t {
  kScalar,  // the one column of the one row; no row: NULL; two rows: error 21000
  kExists,  // boolean
  kAny,     // arguments[0] `comparison` ANY (subquery); IN is = ANY
  kAll,     // arguments[0] `comparison` ALL (subquery); NOT IN is <> ALL
};

enum class Comparison : uint8_t { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };

// One record for every kind; the kind's comment says which fields it uses.
struct Expression {
  ExpressionKind kind;
  bool try_cast = false;
  int32_t index = -1;
  int32_t position = -1;  // byte offset into the SQL text; -1 when it came from nowhere
  vec::Type type;
  const vec::Value* value = nullptr;
  const function::BoundCall* call = nullptr;
  const Subquery* subquery = nullptr;
  std::span<const Expression* const> arguments;
};

// A sort key: of ORDER BY, of an ordered aggregate, of a merge.
struct SortKey {
  const Expression* expression = nullptr;
  bool descending = false;
  bool nulls_first = false;  // PostgreSQL's default: false when ascending, true when descending
};

// SQL-like text for EXPLAIN: columns as #0, parameters as $1, correlated slots as @0.
void AppendText(const Expression& expression, std::string* out);
std::string ToText(const Expression& expression);
std::string_view ToText(Comparison comparison);
// The same tree, positions aside.
bool Equal(const Expression& a, const Expression& b);
// True when nothing below reads a column: constants, parameters, correlated slots and calls over them.
bool IsRowIndependent(const Expression& expression);

}  // namespace turdb::exec

#endif  // TURDB_EXEC_EXPRESSION_H_
