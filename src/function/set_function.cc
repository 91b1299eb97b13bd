#include "function/set_function.h"

#include "absl/container/flat_hash_map.h"
#include "function/resolve.h"

namespace turdb::function {
namespace {

// Every one, by name. Built once, then constant.
class Catalog {
 public:
  static const Catalog& Get() {
    static const Catalog* const kCatalog = new Catalog;
    return *kCatalog;
  }
  std::span<const SetFunction* const> Find(std::string_view name) const {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return {};
    return found->second;
  }

 private:
  Catalog() {
    AddSeries(functions_);
    AddJsonSets(functions_);
    AddSqliteJsonSets(functions_);
    AddJsonPathSets(functions_);
    AddRegexSets(functions_);
    AddArraySets(functions_);
    for (const SetFunction& function : functions_) by_name_[function.name].push_back(&function);
  }

  std::vector<SetFunction> functions_;
  absl::flat_hash_map<std::string_view, std::vector<const SetFunction*>> by_name_;
};

}  // namespace

StatusOr<BoundSetFunction> ResolveSetFunction(std::string_view name, std::span<const Type> arguments) {
  const std::span<const SetFunction* const> overloads = Catalog::Get().Find(name);
  std::vector<Candidate> candidates;
  for (size_t i = 0; i < overloads.size(); ++i) candidates.push_back({overloads[i]->arguments, false, i});
  std::vector<TypeId> actual;
  for (const Type& type : arguments) actual.push_back(SignatureType(type.id));
  size_t chosen = 0;
  switch (ChooseOverload(candidates, actual, false, &chosen)) {
    case Resolution::kNone:
      return NoSuchFunction(name, arguments, false, !overloads.empty());
    case Resolution::kAmbiguous:
      return AmbiguousFunction(name, arguments, false);
    case Resolution::kFound:
      break;
  }
  BoundSetFunction bound;
  bound.function = overloads[chosen];
  bound.columns = bound.function->columns;
  for (size_t i = 0; i < arguments.size(); ++i) {
    bound.argument_types.push_back(ArgumentType(bound.function->arguments[i], arguments[i]));
  }
  if (bound.function->bind != nullptr) TURDB_RETURN_IF_ERROR(bound.function->bind(&bound, arguments));
  return bound;
}

bool IsSetFunction(std::string_view name) { return !Catalog::Get().Find(name).empty(); }

}  // namespace turdb::function
