#include <algorithm>

#include "base/hash_map.h"
#include "function/aggregate_support.h"
#include "function/resolve.h"

namespace turdb::function {
namespace {

// Every aggregate, by name. Built once, then constant.
class Catalog {
 public:
  static const Catalog& Get() {
    static const Catalog* const kCatalog = new Catalog;
    return *kCatalog;
  }
  std::span<const AggregateFunction* const> Find(std::string_view name) const {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return {};
    return found->second;
  }
  const base::HashMap<std::string_view, std::vector<const AggregateFunction*>>& by_name() const { return by_name_; }

 private:
  Catalog() {
    AddSums(functions_);
    AddVectorSums(functions_);
    AddExtremes(functions_);
    AddTexts(functions_);
    AddCollections(functions_);
    AddStatistics(functions_);
    AddOrderedSets(functions_);
    for (const AggregateFunction& function : functions_) by_name_[function.name].push_back(&function);
  }

  std::vector<AggregateFunction> functions_;
  base::HashMap<std::string_view, std::vector<const AggregateFunction*>> by_name_;
};

}  // namespace

StatusOr<BoundAggregate> ResolveAggregate(std::string_view name, std::span<const Type> arguments) {
  const std::span<const AggregateFunction* const> overloads = Catalog::Get().Find(name);
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
  BoundAggregate aggregate;
  aggregate.function = overloads[chosen];
  for (size_t i = 0; i < arguments.size(); ++i) {
    aggregate.argument_types.push_back(ArgumentType(aggregate.function->arguments[i], arguments[i]));
  }
  // min and max of a type with parameters keep them; other results have their function's type.
  const bool same = !arguments.empty() && aggregate.argument_types[0].id == aggregate.function->result;
  aggregate.result_type = same ? aggregate.argument_types[0] : Type(aggregate.function->result);
  if (aggregate.function->bind != nullptr) TURDB_RETURN_IF_ERROR(aggregate.function->bind(&aggregate, arguments));
  return aggregate;
}

bool IsAggregate(std::string_view name) { return !Catalog::Get().Find(name).empty(); }

std::vector<std::string_view> AggregateNames() {
  std::vector<std::string_view> names;
  for (const auto& [name, overloads] : Catalog::Get().by_name()) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace turdb::function
