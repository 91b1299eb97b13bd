#include "function/registry.h"

#include <algorithm>

#include "absl/container/inlined_vector.h"
#include "base/hash_map.h"
#include "function/builtins.h"
#include "function/resolve.h"

namespace turdb::function {
namespace {

struct Overloads {
  std::vector<const ScalarFunction*> functions;
  std::vector<Candidate> candidates;  // the same, for ChooseOverload
};

// Every built-in function, by name. Built once, then constant.
class Catalog {
 public:
  static const Catalog& Get() {
    static const Catalog* const kCatalog = new Catalog;
    return *kCatalog;
  }

  // Null when there is none of the name.
  const Overloads* Find(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : &found->second;
  }
  const base::HashMap<std::string_view, Overloads>& by_name() const { return by_name_; }

 private:
  Catalog() {
    AddArithmetic(list_);
    AddBitwise(list_);
    AddDecimals(list_);
    AddMath(list_);
    AddNumericMath(list_);
    AddStrings(list_);
    AddEncodings(list_);
    AddPatterns(list_);
    AddDatetime(list_);
    AddDatetimeFormat(list_);
    AddDatetimeParsing(list_);
    AddNumberFormat(list_);
    AddMiscellany(list_);
    AddJsonReading(list_);
    AddJsonChanges(list_);
    AddJsonBuilding(list_);
    AddJsonPaths(list_);
    AddSqliteJson(list_);
    AddRegularExpressions(list_);
    AddArrays(list_);
    AddArrayComparisons(list_);
    AddMaps(list_);
    AddNetworks(list_);
    AddBits(list_);
    AddRanges(list_);
    AddVectors(list_);
    AddSequenceFunctions(list_);
    AddRaise(list_);
    AddCatalogFunctions(list_);
    AddPredicates(list_);
    AddComparisons(list_);
    for (const ScalarFunction& function : list_.functions()) {
      Overloads& overloads = by_name_[function.name];
      overloads.candidates.push_back({function.arguments, function.variadic, overloads.functions.size()});
      overloads.functions.push_back(&function);
    }
  }

  FunctionList list_;
  base::HashMap<std::string_view, Overloads> by_name_;
};

// Operators that PostgreSQL does not have because it lacks the types: integers of different signs and widths
// meet in the smallest integer type that holds both.
void UnifyIntegers(std::span<TypeId> actual) {
  if (actual.size() != 2 || !vec::IsInteger(actual[0]) || !vec::IsInteger(actual[1]) || actual[0] == actual[1]) return;
  const auto is_postgres = [](TypeId id) { return id == TypeId::kInt16 || id == TypeId::kInt32 || id == TypeId::kInt64; };
  if (is_postgres(actual[0]) && is_postgres(actual[1])) return;
  for (TypeId id : {TypeId::kUInt8, TypeId::kInt8, TypeId::kUInt16, TypeId::kInt16, TypeId::kUInt32, TypeId::kInt32,
                    TypeId::kUInt64, TypeId::kInt64, TypeId::kInt128}) {
    const auto holds = [&](TypeId from) {
      const CastProperties* cast = FindCast(from, id);
      return from == id || (cast != nullptr && cast->context == CastContext::kImplicit);
    };
    if (holds(actual[0]) && holds(actual[1])) {
      actual[0] = actual[1] = id;
      return;
    }
  }
}

StatusOr<BoundCall> Resolve(std::string_view name, std::span<const Type> arguments, bool is_operator) {
  const Overloads* const overloads = Catalog::Get().Find(name);
  if (overloads == nullptr) return NoSuchFunction(name, arguments, is_operator, false);
  absl::InlinedVector<TypeId, 8> actual;
  for (const Type& type : arguments) actual.push_back(SignatureType(type.id));
  const bool is_shift = name == "<<" || name == ">>";
  if (!is_shift) UnifyIntegers({actual.data(), actual.size()});
  size_t chosen = 0;
  switch (ChooseOverload(overloads->candidates, actual, is_operator, &chosen)) {
    case Resolution::kNone:
      return NoSuchFunction(name, arguments, is_operator, true);
    case Resolution::kAmbiguous:
      return AmbiguousFunction(name, arguments, is_operator);
    case Resolution::kFound:
      break;
  }
  const ScalarFunction& function = *overloads->functions[chosen];
  BoundCall call;
  call.function = &function;
  call.kernel = function.kernel;
  call.flags = function.flags;
  call.result_type = function.result;
  call.argument_types.reserve(arguments.size());
  for (size_t i = 0; i < arguments.size(); ++i) {
    call.argument_types.push_back(ArgumentType(ParameterAt(overloads->candidates[chosen], i), arguments[i]));
  }
  if (function.bind != nullptr) TURDB_RETURN_IF_ERROR(function.bind(&call, arguments));
  return call;
}

}  // namespace

StatusOr<BoundCall> ResolveFunction(std::string_view name, std::span<const Type> arguments) {
  return Resolve(name, arguments, false);
}

StatusOr<BoundCall> ResolveOperator(std::string_view symbol, std::span<const Type> operands) {
  return Resolve(symbol == "!=" ? "<>" : symbol, operands, true);
}

void SetCollation(BoundCall* call, vec::Collation order) {
  for (Type& type : call->argument_types) type = type.WithCollation(order);
  if (order != vec::Collation::kBinary) call->kernel = call->function->collated;
}

bool IsFunction(std::string_view name) { return Catalog::Get().Find(name) != nullptr; }

std::vector<std::string_view> FunctionNames() {
  std::vector<std::string_view> names;
  for (const auto& [name, overloads] : Catalog::Get().by_name()) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace turdb::function
