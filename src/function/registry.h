// Scalar functions, operators and casts by name and type: finding the overload that PostgreSQL's rules
// choose, and running it over vectors.
//
// Operators are functions named by their symbol: "+", "=", "||", "~~" (LIKE). Built-in functions are
// immutable tables, so everything here is thread-safe.
#ifndef TURDB_FUNCTION_REGISTRY_H_
#define TURDB_FUNCTION_REGISTRY_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "function/call.h"

namespace turdb::function {

// Properties that the binder, the optimiser and the scan rely on (query.md, rule 10).
enum Flags : uint8_t {
  kVolatile = 1,      // another call may give another result: never folded, never moved
  kStrict = 2,        // NULL when any argument is NULL
  kCanRaise = 4,      // may fail for some input: never evaluated for rows that were not asked for
  kLatchSafe = 8,     // neither raises, allocates nor blocks: may run under a leaf's latch
  kMonotone = 16,     // a larger argument 0 never gives a smaller result
  kStable = 32,       // the same within one statement, another in the next: folded at execution, not in the plan
  kAsksSession = 64,  // uses CallContext::session: runs on the statement's own thread
};

struct BoundCall;

// In a signature: an argument of any type, left as it is.
inline constexpr TypeId kAnyArgument = static_cast<TypeId>(255);

struct ScalarFunction {
  std::string_view name;          // lower case
  std::vector<TypeId> arguments;  // decimal(p,s) counts as kNumeric
  TypeId result;
  uint8_t flags;
  Kernel kernel;
  // Refines argument types, result type and kernel to the actual argument types (decimals, varchar); may be null.
  Status (*bind)(BoundCall* call, std::span<const Type> actual) = nullptr;
  bool variadic = false;      // the last argument repeats, any number of times but zero
  Kernel collated = nullptr;  // of what compares texts: the kernel where they do not compare by their bytes
};

// A function bound to argument types: what an expression node keeps. Copyable, immutable once bound.
struct BoundCall {
  const ScalarFunction* function = nullptr;
  Kernel kernel = nullptr;
  std::vector<Type> argument_types;  // the caller casts each argument to its type here
  Type result_type;
  uint8_t flags = 0;
};

// ---- functions

// The overload for a call with arguments of these types; kUnknown for untyped literals, NULLs and parameters.
// Errors: 42883 no such function (with a hint), 42725 ambiguous.
StatusOr<BoundCall> ResolveFunction(std::string_view name, std::span<const Type> arguments);
// The same for an operator with one (prefix) or two operands. An untyped operand beside a typed one is first
// tried as the same type.
StatusOr<BoundCall> ResolveOperator(std::string_view symbol, std::span<const Type> operands);
// What does not compare texts takes them in whatever collation.
inline bool ComparesTexts(const BoundCall& call) { return call.function->collated != nullptr; }
// The texts that the call compares, its arguments', are compared so. REQUIRES: ComparesTexts.
void SetCollation(BoundCall* call, vec::Collation order);
// Whether any overload has this name.
bool IsFunction(std::string_view name);
// All names, for completion and "did you mean".
std::vector<std::string_view> FunctionNames();

// ---- casts

enum class CastContext : uint8_t {
  kImplicit,    // anywhere in an expression
  kAssignment,  // storing into a column
  kExplicit,    // CAST(x AS t), x::t
};

struct CastProperties {
  CastContext context = CastContext::kExplicit;  // the least explicit context it is allowed in
  bool can_raise = false;
  bool lossless = false;  // casting back gives the same value
  bool monotone = false;  // keeps order (not strictly)
  bool relabel = false;   // the bytes stay as they are (varchar to text)
};

// Null when there is no such cast at all. From and to the same id (decimal(5,2) to decimal(4,1), varchar(9)
// to varchar(3)) is a cast too when parameters differ.
const CastProperties* FindCast(TypeId from, TypeId to);
bool CanCast(Type from, Type to, CastContext context);
// The cast as a function of one argument. Errors: 42846 cannot cast, 42804 (assignment, as PostgreSQL words it).
// Explicit casts to varchar(n) and char(n) truncate, assignments raise 22001, so the context is part of it.
StatusOr<BoundCall> BindCast(Type from, Type to, CastContext context);
// Whether a cast gives another name to text and changes nothing: its argument may stand for it.
bool IsTextRelabel(const BoundCall& call);
// One value. A Value of kUnknown is parsed as text of the target type.
StatusOr<Value> CastValue(const Value& value, Type to, CastContext context, CallContext& call_context);

// The type of UNION, CASE, COALESCE, VALUES, IN, GREATEST: PostgreSQL's rules for the common type of several.
// `construct` names it in the error ("CASE types integer and text cannot be matched", 42804).
StatusOr<Type> CommonType(std::span<const Type> types, std::string_view construct);
// What a literal or column of unknown type becomes when nothing else decides: text.
inline Type ResolveUnknown(Type type) { return type.id == TypeId::kUnknown ? Type(TypeId::kText) : type; }

// ---- running

// result[r] = call(args[0][r], ...) for each of `rows`; other rows of the result are unspecified. Resets
// `result` first; it becomes constant when all arguments are. REQUIRES: args and result have the bound types.
// On error the result is unspecified, context.error_row says where.
Status Evaluate(const BoundCall& call, std::span<const Vector* const> args, Rows rows, CallContext& context, Vector* result);
// The same for single values.
StatusOr<Value> EvaluateValues(const BoundCall& call, std::span<const Value> args, CallContext& context);

// ---- conditions over boolean vectors, three-valued; REQUIRES: kBoolean vectors
void And(const Vector& a, const Vector& b, Rows rows, Vector* result);
void Or(const Vector& a, const Vector& b, Rows rows, Vector* result);
void Not(const Vector& a, Rows rows, Vector* result);
void IsNull(const Vector& a, Rows rows, Vector* result);
void IsNotNull(const Vector& a, Rows rows, Vector* result);
// The rows where `condition` is true (is false, is NULL) to `out`, which may be rows.rows itself; how many they are.
uint32_t SelectTrue(const Vector& condition, Rows rows, SelIndex* out);
uint32_t SelectFalse(const Vector& condition, Rows rows, SelIndex* out);
uint32_t SelectNull(const Vector& any, Rows rows, SelIndex* out);
uint32_t SelectNotNull(const Vector& any, Rows rows, SelIndex* out);

}  // namespace turdb::function

#endif  // TURDB_FUNCTION_REGISTRY_H_
