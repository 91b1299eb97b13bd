#include "function/host_function.h"

#include <algorithm>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "function/aggregate_support.h"
#include "function/resolve.h"

namespace turdb::function {
namespace {

std::vector<TypeId> TypeIdsOf(const HostSignature& signature) {
  std::vector<TypeId> ids;
  for (const std::optional<Type>& parameter : signature.parameters) {
    ids.push_back(parameter.has_value() ? SignatureType(parameter->id) : kAnyArgument);
  }
  return ids;
}

void RunScalar(Call& call) { static_cast<const HostScalar*>(call.bound->function)->Run(call); }

// ---- aggregates

// A state of the host's, in the arena that gives it back.
struct HostState {
  const HostAggregate* function;
  void* state;
};

struct Cell {
  HostState* state;  // null: no row has come yet
};

const HostAggregate& FunctionOf(const BoundAggregate& bound) { return *static_cast<const HostAggregate*>(bound.function); }

Status EnsureState(const HostAggregate& function, base::Arena* arena, Cell* cell) {
  if (cell->state != nullptr) return absl::OkStatus();
  // Said before there is a state, so that nothing between the two can lose it.
  auto* const made = arena->New<HostState>(HostState{nullptr, nullptr});
  arena->OnReset(
      [](void* data) {
        auto* const record = static_cast<HostState*>(data);
        if (record->function != nullptr) record->function->Destroy(record->state);
      },
      made);
  TURDB_ASSIGN_OR_RETURN(made->state, function.Create());
  made->function = &function;
  cell->state = made;
  return absl::OkStatus();
}

// Runs `feed(rows, states)` over the rows that the function is to see.
template <typename CellOf>
Status Feed(const AggregateInput& input, CellOf cell_of) {
  const HostAggregate& function = FunctionOf(*input.bound);
  const bool strict = (function.signature().flags & kStrict) != 0;
  std::vector<SelIndex> rows;
  std::vector<void*> states;
  rows.reserve(input.rows.count);
  states.reserve(input.rows.count);
  for (uint32_t i = 0; i < input.rows.count; ++i) {
    const SelIndex row = input.rows[i];
    const auto present = [&](const VectorView& argument) { return argument.IsValid(row); };
    if (strict && !std::all_of(input.args.begin(), input.args.end(), present)) continue;
    Cell& cell = cell_of(i);
    TURDB_RETURN_IF_ERROR(EnsureState(function, input.arena, &cell));
    rows.push_back(row);
    states.push_back(cell.state->state);
  }
  if (rows.empty()) return absl::OkStatus();
  return function.Update(*input.bound, input.args, Rows{rows.data(), static_cast<uint32_t>(rows.size())}, states.data());
}

Status UpdateMany(const AggregateInput& input, std::byte* const* states) {
  return Feed(input, [&](uint32_t i) -> Cell& { return StateAt<Cell>(states[i]); });
}

Status UpdateOneState(const AggregateInput& input, std::byte* state) {
  return Feed(input, [&](uint32_t) -> Cell& { return StateAt<Cell>(state); });
}

Status CombineCells(const BoundAggregate& bound, std::byte* into, std::byte* from, base::Arena* arena) {
  const Cell& source = StateAt<Cell>(from);
  if (source.state == nullptr) return absl::OkStatus();
  Cell& target = StateAt<Cell>(into);
  TURDB_RETURN_IF_ERROR(EnsureState(FunctionOf(bound), arena, &target));
  return FunctionOf(bound).Merge(target.state->state, source.state->state);
}

// Groups without a row have states for this call only.
class Finishing {
 public:
  explicit Finishing(const HostAggregate& function) : function_(function) {}
  ~Finishing() {
    for (void* state : made_) function_.Destroy(state);
  }
  Status Add(const Cell& cell) {
    states_.push_back(nullptr);
    if (cell.state != nullptr) {
      states_.back() = cell.state->state;
      return absl::OkStatus();
    }
    made_.reserve(made_.size() + 1);
    TURDB_ASSIGN_OR_RETURN(states_.back(), function_.Create());
    made_.push_back(states_.back());
    return absl::OkStatus();
  }
  void* const* states() const { return states_.data(); }

 private:
  const HostAggregate& function_;
  std::vector<void*> states_;
  std::vector<void*> made_;
};

Status FinishCells(const BoundAggregate& bound, std::byte* const* states, uint32_t count, Vector* result, uint32_t offset) {
  Finishing finishing(FunctionOf(bound));
  for (uint32_t i = 0; i < count; ++i) TURDB_RETURN_IF_ERROR(finishing.Add(StateAt<Cell>(states[i])));
  return FunctionOf(bound).Finish(bound, finishing.states(), count, result, offset);
}

}  // namespace

std::string HostSignature::ToString() const {
  std::string text = absl::StrCat(name, "(");
  for (size_t i = 0; i < parameters.size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", parameters[i].has_value() ? parameters[i]->ToString() : "any");
  }
  return absl::StrCat(text, variadic ? "...)" : ")");
}

HostScalar::HostScalar(HostSignature signature) : ScalarFunction(), signature_(std::move(signature)) {
  name = signature_.name;
  arguments = TypeIdsOf(signature_);
  result = signature_.result.id;
  flags = signature_.flags;
  kernel = RunScalar;
  variadic = signature_.variadic;
}

HostAggregate::HostAggregate(HostSignature signature, bool merges) : AggregateFunction(), signature_(std::move(signature)) {
  name = signature_.name;
  arguments = TypeIdsOf(signature_);
  result = signature_.result.id;
  state_bytes = sizeof(Cell);
  // Unless it may run anywhere, rows come in the order that they are in, on one thread.
  order_sensitive = (signature_.flags & kAsksSession) != 0;
  state_has_pointers = true;
  init = InitZero<Cell>;
  update = UpdateMany;
  update_one = UpdateOneState;
  combine = merges ? CombineCells : nullptr;
  finalize = FinishCells;
}

Resolution ChooseHost(std::span<const HostSignature* const> overloads, std::span<const Type> arguments, size_t* chosen) {
  std::vector<TypeId> actual;
  for (const Type& type : arguments) actual.push_back(SignatureType(type.id));
  std::vector<std::vector<TypeId>> ids(overloads.size());
  std::vector<Candidate> candidates;
  for (size_t i = 0; i < overloads.size(); ++i) {
    const HostSignature& signature = *overloads[i];
    // Elements and labels do not show in a TypeId.
    bool exact = !signature.variadic && signature.parameters.size() == arguments.size();
    bool fits = true;
    for (size_t a = 0; a < arguments.size() && !signature.parameters.empty(); ++a) {
      const std::optional<Type>& parameter = signature.parameters[std::min(a, signature.parameters.size() - 1)];
      exact = exact && parameter.has_value() &&
              parameter->WithCollation(vec::Collation::kBinary) == arguments[a].WithCollation(vec::Collation::kBinary);
      const bool same_id = parameter.has_value() && parameter->id == arguments[a].id;
      fits = fits && (!same_id || *parameter == arguments[a] || CanCast(arguments[a], *parameter, CastContext::kImplicit));
    }
    if (exact) {
      *chosen = i;
      return Resolution::kFound;
    }
    if (!fits) continue;
    ids[i] = TypeIdsOf(signature);
    const bool none_repeats = signature.variadic && arguments.size() + 1 == ids[i].size();
    if (none_repeats) ids[i].pop_back();
    candidates.push_back({ids[i], signature.variadic && !none_repeats, i});
  }
  return ChooseOverload(candidates, actual, false, chosen);
}

std::vector<Type> ArgumentTypesOf(const HostSignature& signature, std::span<const Type> arguments) {
  std::vector<Type> types;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::optional<Type>& parameter = signature.parameters[std::min(i, signature.parameters.size() - 1)];
    // Of types that users made, the host sees the text.
    const bool has_name = arguments[i].enum_id() != 0 || arguments[i].struct_number() != 0 ||
                          arguments[i].is_or_has_elements(TypeId::kStruct) || arguments[i].is_or_has_elements(TypeId::kMap);
    types.push_back(parameter.has_value() ? *parameter : has_name ? Type(TypeId::kText) : ResolveUnknown(arguments[i]));
  }
  return types;
}

BoundCall BindHost(const HostScalar& function, std::span<const Type> arguments) {
  BoundCall call;
  call.function = &function;
  call.kernel = function.kernel;
  call.flags = function.flags;
  call.result_type = function.signature().result;
  call.argument_types = ArgumentTypesOf(function.signature(), arguments);
  return call;
}

BoundAggregate BindHost(const HostAggregate& function, std::span<const Type> arguments) {
  BoundAggregate aggregate;
  aggregate.function = &function;
  aggregate.argument_types = ArgumentTypesOf(function.signature(), arguments);
  aggregate.result_type = function.signature().result;
  return aggregate;
}

}  // namespace turdb::function
