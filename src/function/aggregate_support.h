// What aggregates have in common. An aggregate is a struct with a trivially copyable State, a value type it
// folds, and static functions on them; Fold makes an AggregateFunction of it. Rows with a NULL argument are
// left out.
#ifndef TURDB_FUNCTION_AGGREGATE_SUPPORT_H_
#define TURDB_FUNCTION_AGGREGATE_SUPPORT_H_

#include <cstring>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "function/aggregate.h"

namespace turdb::function {

template <typename State>
State& StateAt(std::byte* state) {
  return *reinterpret_cast<State*>(state);
}

// All states start as zero bytes.
template <typename State>
void InitZero(std::byte* state) {
  static_assert(std::is_trivially_copyable_v<State> && alignof(State) <= 16);
  std::memset(state, 0, sizeof(State));
}

// Calls f(i, row) for every row whose arguments are all present; stops at the first error.
template <typename F>
Status ForEachRow(const AggregateInput& input, F&& f) {
  bool may_be_null = false;
  for (const VectorView& arg : input.args) may_be_null = may_be_null || arg.validity != nullptr;
  for (uint32_t i = 0; i < input.rows.count; ++i) {
    const SelIndex row = input.rows[i];
    if (may_be_null) {
      bool present = true;
      for (const VectorView& arg : input.args) present = present && arg.IsValid(row);
      if (!present) continue;
    }
    if (Status status = f(i, row); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// Agg: State; static Status Add(const AggregateInput&, SelIndex row, State&);
//      static Status Combine(State& into, State& from, base::Arena*);
//      static Status Finish(const BoundAggregate&, State&, Vector* result, uint32_t row).
template <typename Agg>
Status Update(const AggregateInput& input, std::byte* const* states) {
  return ForEachRow(input,
                    [&](uint32_t i, SelIndex row) { return Agg::Add(input, row, StateAt<typename Agg::State>(states[i])); });
}
template <typename Agg>
Status UpdateOne(const AggregateInput& input, std::byte* state) {
  auto& folded = StateAt<typename Agg::State>(state);
  return ForEachRow(input, [&](uint32_t, SelIndex row) { return Agg::Add(input, row, folded); });
}
template <typename Agg>
Status CombineStates(const BoundAggregate&, std::byte* into, std::byte* from, base::Arena* arena) {
  using State = typename Agg::State;
  return Agg::Combine(StateAt<State>(into), StateAt<State>(from), arena);
}
template <typename Agg>
Status Finalize(const BoundAggregate& bound, std::byte* const* states, uint32_t count, Vector* result, uint32_t offset) {
  for (uint32_t i = 0; i < count; ++i) {
    TURDB_RETURN_IF_ERROR(Agg::Finish(bound, StateAt<typename Agg::State>(states[i]), result, offset + i));
  }
  return absl::OkStatus();
}

template <typename Agg>
AggregateFunction Fold(std::string_view name, std::vector<TypeId> arguments, TypeId result) {
  AggregateFunction function;
  function.name = name;
  function.arguments = std::move(arguments);
  function.result = result;
  function.state_bytes = sizeof(typename Agg::State);
  function.init = InitZero<typename Agg::State>;
  function.update = Update<Agg>;
  function.update_one = UpdateOne<Agg>;
  function.combine = CombineStates<Agg>;
  function.finalize = Finalize<Agg>;
  return function;
}

void AddSums(std::vector<AggregateFunction>& list);         // count, sum, avg, total
void AddExtremes(std::vector<AggregateFunction>& list);     // min, max, any_value, bool_and, bool_or, bit_...
void AddVectorSums(std::vector<AggregateFunction>& list);   // of vectors
void AddTexts(std::vector<AggregateFunction>& list);        // string_agg, group_concat
void AddCollections(std::vector<AggregateFunction>& list);  // json_agg, jsonb_object_agg, array_agg ...
void AddOrderedSets(std::vector<AggregateFunction>& list);  // percentile_cont, percentile_disc, mode, median ...
void AddStatistics(std::vector<AggregateFunction>& list);   // stddev, variance, corr, covar, regr_...

}  // namespace turdb::function

#endif  // TURDB_FUNCTION_AGGREGATE_SUPPORT_H_
