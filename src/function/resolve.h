// PostgreSQL's choice among overloads (its manual, chapter 10), shared by scalar and aggregate functions.
#ifndef TURDB_FUNCTION_RESOLVE_H_
#define TURDB_FUNCTION_RESOLVE_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "function/registry.h"

namespace turdb::function {

struct Candidate {
  std::span<const TypeId> arguments;
  bool variadic = false;
  size_t index = 0;  // the caller's
};

enum class Resolution : uint8_t { kFound, kNone, kAmbiguous };

// The type as signatures name it: decimal(p,s) is numeric.
constexpr TypeId SignatureType(TypeId id) { return id == TypeId::kDecimal ? TypeId::kNumeric : id; }

// Chooses among candidates of one name. `is_operator`: an untyped operand is first tried as the other's type.
Resolution ChooseOverload(std::span<const Candidate> candidates, std::span<const TypeId> actual, bool is_operator,
                          size_t* chosen);

// The signature's type of argument i of a call.
inline TypeId ParameterAt(const Candidate& candidate, size_t i) {
  return i < candidate.arguments.size() ? candidate.arguments[i] : candidate.arguments.back();
}

// What the caller casts an argument to: its own type where the signature takes it as it is.
Type ArgumentType(TypeId parameter, Type actual);

// 42883, worded for a function or an operator.
Status NoSuchFunction(std::string_view name, std::span<const Type> actual, bool is_operator, bool name_exists);
Status AmbiguousFunction(std::string_view name, std::span<const Type> actual, bool is_operator);

}  // namespace turdb::function

#endif  // TURDB_FUNCTION_RESOLVE_H_
