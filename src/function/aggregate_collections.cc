// Aggregates that gather the values of a group: json_agg, json_object_agg and their kin, array_agg.
#include "absl/strings/str_cat.h"
#include "function/aggregate_pieces.h"
#include "function/registry.h"
#include "vec/array.h"
#include "vec/json_text.h"

namespace turdb::function {
namespace {

using base::MakeError;
using vec::ArrayView;
using vec::JsonView;

Status NullKey() {
  return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter, "field name must not be null");
}

// Finish: static Status Write(const PiecesState&, const BoundAggregate&, std::string* out).
template <typename Finisher>
struct Pieces {
  using State = PiecesState;
  static Status Add(const AggregateInput& input, SelIndex row, State& state) {
    if (Finisher::kKeyed && !input.args[0].IsValid(row)) return NullKey();
    for (size_t i = 0; i < input.args.size(); ++i) {
      TURDB_RETURN_IF_ERROR(AppendPiece(state, input.bound->argument_types[i], input.args[i], row, input.arena));
    }
    return absl::OkStatus();
  }
  static Status Combine(State& into, State& from, base::Arena* arena) { return CombinePieces(into, from, arena); }
  static Status Finish(const BoundAggregate& bound, State& state, Vector* result, uint32_t row) {
    if (state.count == 0) {
      if (!Finisher::kEmpty.empty()) {
        result->SetString(row, Finisher::kEmpty);
      } else {
        result->SetNull(row);
      }
      return absl::OkStatus();
    }
    std::string out;
    TURDB_RETURN_IF_ERROR(Finisher::Write(state, bound, &out));
    if (bound.result_type.id == TypeId::kJsonb) TURDB_RETURN_IF_ERROR(vec::CheckJsonbDepth(JsonView(out)));
    if (bound.result_type.id == TypeId::kJson) TURDB_RETURN_IF_ERROR(vec::CheckJsonDepth(out));
    result->SetString(row, out);
    return absl::OkStatus();
  }
};

// ---- json

void AppendOrNull(std::string_view piece, bool null, std::string* out) { out->append(null ? "null" : piece); }

template <bool kCompact>
struct JsonList {
  static constexpr bool kKeyed = false;
  static constexpr std::string_view kEmpty = kCompact ? "[]" : "";
  static Status Write(const PiecesState& state, const BoundAggregate&, std::string* out) {
    PieceReader reader(state);
    std::string_view piece;
    bool null = false;
    out->push_back('[');
    while (reader.Next(&piece, &null)) {
      if (out->size() > 1) out->append(kCompact ? "," : ", ");
      AppendOrNull(piece, null, out);
    }
    out->push_back(']');
    return absl::OkStatus();
  }
};

// Rows stand on lines of their own.
struct JsonRows {
  static constexpr bool kKeyed = false;
  static constexpr std::string_view kEmpty = "";
  static Status Write(const PiecesState& state, const BoundAggregate&, std::string* out) {
    PieceReader reader(state);
    std::string_view piece;
    bool null = false;
    out->push_back('[');
    while (reader.Next(&piece, &null)) {
      if (out->size() > 1) out->append(", \n ");
      AppendOrNull(piece, null, out);
    }
    out->push_back(']');
    return absl::OkStatus();
  }
};

template <bool kCompact>
struct JsonMembers {
  static constexpr bool kKeyed = true;
  static constexpr std::string_view kEmpty = kCompact ? "{}" : "";
  static Status Write(const PiecesState& state, const BoundAggregate&, std::string* out) {
    PieceReader reader(state);
    std::string_view piece;
    bool null = false, first = true;
    out->append(kCompact ? "{" : "{ ");
    while (reader.Next(&piece, &null)) {
      if (!first) out->append(kCompact ? "," : ", ");
      first = false;
      vec::AppendJsonString(piece, out);
      out->append(kCompact ? ":" : " : ");
      reader.Next(&piece, &null);
      AppendOrNull(piece, null, out);
    }
    out->append(kCompact ? "}" : " }");
    return absl::OkStatus();
  }
};

struct JsonbList {
  static constexpr bool kKeyed = false;
  static constexpr std::string_view kEmpty = "";
  static Status Write(const PiecesState& state, const BoundAggregate&, std::string* out) {
    PieceReader reader(state);
    std::string_view piece;
    bool null = false;
    vec::JsonWriter writer(out);
    writer.BeginArray();
    while (reader.Next(&piece, &null)) null ? writer.Null() : writer.Value(JsonView(piece));
    writer.EndArray();
    return absl::OkStatus();
  }
};

struct JsonbMembers {
  static constexpr bool kKeyed = true;
  static constexpr std::string_view kEmpty = "";
  static Status Write(const PiecesState& state, const BoundAggregate&, std::string* out) {
    PieceReader reader(state);
    std::string_view piece;
    bool null = false;
    vec::JsonWriter writer(out);
    writer.BeginObject();
    while (reader.Next(&piece, &null)) {
      writer.Key(piece);
      reader.Next(&piece, &null);
      null ? writer.Null() : writer.Value(JsonView(piece));
    }
    writer.EndObject();
    return absl::OkStatus();
  }
};

// ---- arrays

Status SameDimensions(const std::vector<vec::ArrayDimension>& a, const std::vector<vec::ArrayDimension>& b) {
  const bool same = std::equal(a.begin(), a.end(), b.begin(), b.end(),
                               [](const vec::ArrayDimension& x, const vec::ArrayDimension& y) { return x.length == y.length; });
  if (same) return absl::OkStatus();
  return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"2202E"},
                   "cannot accumulate arrays of different dimensionality");
}

// Arrays become the elements of one with one dimension more.
Status WriteNested(const PiecesState& state, const Type& type, std::string* out) {
  PieceReader reader(state);
  std::string_view piece;
  bool null = false;
  vec::ArrayBuilder builder(type.element_type());
  std::vector<vec::ArrayDimension> dimensions;
  bool first = true;
  while (reader.Next(&piece, &null)) {
    if (null) {
      return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22004"}, "cannot accumulate null arrays");
    }
    const ArrayView array(type, piece);
    if (array.size() == 0) {
      return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"2202E"}, "cannot accumulate empty arrays");
    }
    if (first) dimensions = array.AllDimensions();
    first = false;
    TURDB_RETURN_IF_ERROR(SameDimensions(dimensions, array.AllDimensions()));
    for (uint32_t i = 0; i < array.size(); ++i) builder.AddFrom(array, i);
  }
  dimensions.insert(dimensions.begin(), vec::ArrayDimension{1, static_cast<uint32_t>(state.count)});
  if (dimensions.size() > vec::kMaxArrayDimensions) return base::LimitError("number of array dimensions exceeds the maximum");
  *out = builder.Finish(dimensions);
  return absl::OkStatus();
}

struct Elements {
  static constexpr bool kKeyed = false;
  static constexpr std::string_view kEmpty = "";
  static Status Write(const PiecesState& state, const BoundAggregate& bound, std::string* out) {
    const Type& type = bound.argument_types[0];
    if (type.id == TypeId::kArray) return WriteNested(state, type, out);
    PieceReader reader(state);
    std::string_view piece;
    bool null = false;
    vec::ArrayBuilder builder(type);
    while (reader.Next(&piece, &null)) {
      if (null) {
        builder.AddNull();
      } else if (type.physical() == vec::PhysicalType::kString) {
        const StringView view(piece);
        builder.Add(&view);
      } else {
        builder.Add(piece.data());
      }
    }
    *out = builder.Finish();
    return absl::OkStatus();
  }
};

Status BindArrayAgg(BoundAggregate* aggregate, std::span<const Type>) {
  const Type& type = aggregate->argument_types[0];
  aggregate->result_type = type.id == TypeId::kArray ? type : Type::ArrayOf(type);
  return absl::OkStatus();
}

// Every row counts, those with NULLs too.
template <typename Agg>
Status UpdateAll(const AggregateInput& input, std::byte* const* states) {
  for (uint32_t i = 0; i < input.rows.count; ++i) {
    TURDB_RETURN_IF_ERROR(Agg::Add(input, input.rows[i], StateAt<PiecesState>(states[i])));
  }
  return absl::OkStatus();
}

template <typename Agg>
Status UpdateAllOne(const AggregateInput& input, std::byte* state) {
  for (uint32_t i = 0; i < input.rows.count; ++i) {
    TURDB_RETURN_IF_ERROR(Agg::Add(input, input.rows[i], StateAt<PiecesState>(state)));
  }
  return absl::OkStatus();
}

template <typename Finisher>
AggregateFunction& AddOne(std::vector<AggregateFunction>& list, std::string_view name, std::vector<TypeId> arguments,
                          TypeId result) {
  using Agg = Pieces<Finisher>;
  AggregateFunction function = Fold<Agg>(name, std::move(arguments), result);
  function.update = UpdateAll<Agg>;
  function.update_one = UpdateAllOne<Agg>;
  function.order_sensitive = true;
  function.state_has_pointers = true;
  list.push_back(std::move(function));
  return list.back();
}

}  // namespace

// The binder hands values over as json(b), made by to_json and to_jsonb, and keys as text.
void AddCollections(std::vector<AggregateFunction>& list) {
  constexpr TypeId kJson = TypeId::kJson, kJsonb = TypeId::kJsonb, kText = TypeId::kText;
  AddOne<JsonList<false>>(list, "json_agg", {kJson}, kJson);
  AddOne<JsonRows>(list, "json_agg of rows", {kJson}, kJson);
  AddOne<JsonbList>(list, "jsonb_agg", {kJsonb}, kJsonb);
  AddOne<JsonMembers<false>>(list, "json_object_agg", {kText, kJson}, kJson);
  AddOne<JsonbMembers>(list, "jsonb_object_agg", {kText, kJsonb}, kJsonb);
  AddOne<JsonList<true>>(list, "json_group_array", {kJson}, kJson);
  AddOne<JsonMembers<true>>(list, "json_group_object", {kText, kJson}, kJson);
  for (const char* name : {"array_agg", "list"}) {
    AddOne<Elements>(list, name, {kAnyArgument}, TypeId::kArray).bind = BindArrayAgg;
  }
}

}  // namespace turdb::function
