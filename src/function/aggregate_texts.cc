// string_agg and group_concat: texts of a group one behind another, in the order in which rows come.
#include "function/aggregate_support.h"
#include "function/registry.h"

namespace turdb::function {
namespace {

struct TextState {
  char* bytes;
  uint64_t size;
  uint64_t capacity;
  bool seen;
  uint32_t first_separator_size;  // kept for combining: what stands between two partial results
  char* first_separator;
};

Status Append(TextState& state, std::string_view piece, base::Arena* arena) {
  constexpr uint64_t kLimit = uint64_t{1} << 30;
  if (state.size + piece.size() > kLimit) return base::LimitError("the result of string_agg is longer than 1 GB");
  if (state.size + piece.size() > state.capacity) {
    const uint64_t capacity = std::max<uint64_t>(64, (state.size + piece.size()) * 2);
    char* grown = static_cast<char*>(arena->Allocate(capacity, 1));
    if (state.size != 0) std::memcpy(grown, state.bytes, state.size);
    state.bytes = grown;
    state.capacity = capacity;
  }
  if (!piece.empty()) std::memcpy(state.bytes + state.size, piece.data(), piece.size());
  state.size += piece.size();
  return absl::OkStatus();
}

// A NULL text is left out; a NULL separator counts as none.
Status AddRow(const AggregateInput& input, SelIndex row, TextState& state) {
  if (!input.args[0].IsValid(row)) return absl::OkStatus();
  std::string_view separator = ",";
  StringView own_separator;
  if (input.args.size() > 1) {
    if (input.args[1].IsValid(row)) own_separator = input.args[1].Get<StringView>(row);
    separator = own_separator.view();
  }
  if (state.seen) {
    TURDB_RETURN_IF_ERROR(Append(state, separator, input.arena));
  } else if (!separator.empty()) {
    const std::string_view kept = input.arena->Copy(separator);
    state.first_separator = const_cast<char*>(kept.data());
    state.first_separator_size = static_cast<uint32_t>(kept.size());
  }
  state.seen = true;
  return Append(state, input.args[0].Get<StringView>(row).view(), input.arena);
}

Status UpdateTexts(const AggregateInput& input, std::byte* const* states) {
  for (uint32_t i = 0; i < input.rows.count; ++i) {
    TURDB_RETURN_IF_ERROR(AddRow(input, input.rows[i], StateAt<TextState>(states[i])));
  }
  return absl::OkStatus();
}

Status UpdateTextsOne(const AggregateInput& input, std::byte* state) {
  for (uint32_t i = 0; i < input.rows.count; ++i) {
    TURDB_RETURN_IF_ERROR(AddRow(input, input.rows[i], StateAt<TextState>(state)));
  }
  return absl::OkStatus();
}

struct Texts {
  using State = TextState;
  static Status Add(const AggregateInput& input, SelIndex row, State& state) { return AddRow(input, row, state); }
  static Status Combine(State& into, State& from, base::Arena* arena) {
    if (!from.seen) return absl::OkStatus();
    if (!into.seen) {
      into = from;
      into.capacity = 0;  // the bytes are from's: the next piece goes elsewhere
      return absl::OkStatus();
    }
    TURDB_RETURN_IF_ERROR(Append(into, {from.first_separator, from.first_separator_size}, arena));
    return Append(into, {from.bytes, from.size}, arena);
  }
  static Status Finish(const BoundAggregate&, State& state, Vector* result, uint32_t row) {
    if (state.seen) {
      result->SetString(row, std::string_view(state.bytes, state.size));
    } else {
      result->SetNull(row);
    }
    return absl::OkStatus();
  }
};

// SQLite's group_concat takes values of any type.
Status BindText(BoundAggregate* aggregate, std::span<const Type>) {
  for (Type& type : aggregate->argument_types) type = TypeId::kText;
  return absl::OkStatus();
}

void AddOne(std::vector<AggregateFunction>& list, std::string_view name, std::vector<TypeId> arguments, TypeId result) {
  AggregateFunction function = Fold<Texts>(name, std::move(arguments), result);
  function.update = UpdateTexts;
  function.update_one = UpdateTextsOne;
  function.order_sensitive = true;
  function.state_has_pointers = true;
  list.push_back(std::move(function));
}

}  // namespace

void AddTexts(std::vector<AggregateFunction>& list) {
  AddOne(list, "string_agg", {TypeId::kText, TypeId::kText}, TypeId::kText);
  AddOne(list, "string_agg", {TypeId::kBlob, TypeId::kBlob}, TypeId::kBlob);
  AddOne(list, "group_concat", {kAnyArgument}, TypeId::kText);
  list.back().bind = BindText;
  AddOne(list, "group_concat", {kAnyArgument, TypeId::kText}, TypeId::kText);
  list.back().bind = BindText;
}

}  // namespace turdb::function
