// Comparing arrays: their order, what contains and overlaps what, and values against all elements of one (ANY, ALL).
#include "absl/strings/str_cat.h"
#include "function/array_support.h"
#include "function/builtins.h"
#include "function/pattern.h"
#include "function/resolve.h"
#include "vec/compare.h"

namespace turdb::function {
namespace {

using vec::ArrayView;
using vec::ElementSlot;

enum class Relation : uint8_t { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

template <Relation kRelation>
bool Holds(int order) {
  switch (kRelation) {
    case Relation::kEqual:
      return order == 0;
    case Relation::kNotEqual:
      return order != 0;
    case Relation::kLess:
      return order < 0;
    case Relation::kLessOrEqual:
      return order <= 0;
    case Relation::kGreater:
      return order > 0;
    case Relation::kGreaterOrEqual:
      return order >= 0;
  }
  return false;
}

template <Relation kRelation>
void CompareKernel(Call& call) {
  bool* out = call.result->data<bool>();
  call.ForEach(
      [&](SelIndex row) { out[row] = Holds<kRelation>(vec::CompareArrays(*ArrayAt(call, 0, row), *ArrayAt(call, 1, row))); });
}

bool Has(const ArrayView& array, const void* wanted) {
  ElementSlot slot;
  for (uint32_t i = 0; i < array.size(); ++i) {
    if (!array.IsNull(i) && vec::EqualSlots(array.element_type(), array.Load(i, &slot), wanted)) return true;
  }
  return false;
}

// Every element of `part`, in whatever order and number. NULL is in nothing.
bool Contains(const ArrayView& whole, const ArrayView& part) {
  ElementSlot slot;
  for (uint32_t i = 0; i < part.size(); ++i) {
    if (part.IsNull(i) || !Has(whole, part.Load(i, &slot))) return false;
  }
  return true;
}

bool Overlap(const ArrayView& a, const ArrayView& b) {
  ElementSlot slot;
  for (uint32_t i = 0; i < b.size(); ++i) {
    if (!b.IsNull(i) && Has(a, b.Load(i, &slot))) return true;
  }
  return false;
}

template <bool (*kTest)(const ArrayView&, const ArrayView&), bool kSwapped>
void SetKernel(Call& call) {
  bool* out = call.result->data<bool>();
  call.ForEach(
      [&](SelIndex row) { out[row] = kTest(*ArrayAt(call, kSwapped ? 1 : 0, row), *ArrayAt(call, kSwapped ? 0 : 1, row)); });
}

Status BindBoth(BoundCall* call, std::span<const Type> actual) {
  const StatusOr<Type> element = CommonElementType(actual);
  if (!element.ok()) return NoSuchFunction(call->function->name, actual, true, true);
  for (Type& type : call->argument_types) type = Type::ArrayOf(*element);
  return absl::OkStatus();
}

// ---- x <op> ANY (array), x <op> ALL (array)

// holds(type, value, element) decides for one element. ANY: one that holds makes it true; ALL: one that does not makes it
// false; otherwise a NULL leaves it open.
template <bool kAll, typename F>
void Quantify(Call& call, F&& holds) {
  const Type element_type = call.argument_types[1].element_type();
  for (uint32_t r = 0; r < call.rows.count; ++r) {
    const SelIndex row = call.rows[r];
    const std::optional<ArrayView> array = ArrayAt(call, 1, row);
    const void* value = ArgumentSlot(call, 0, row);
    if (!array) {
      call.result->SetNull(row);
      continue;
    }
    bool decided = false, open = false;
    ElementSlot slot;
    for (uint32_t i = 0; i < array->size() && !decided; ++i) {
      if (value == nullptr || array->IsNull(i)) {
        open = true;
      } else {
        decided = holds(element_type, value, array->Load(i, &slot)) != kAll;
      }
    }
    if (!decided && open) {
      call.result->SetNull(row);
    } else {
      call.result->Set<bool>(row, decided != kAll);
    }
  }
}

template <Relation kRelation, bool kAll>
void QuantifiedKernel(Call& call) {
  Quantify<kAll>(call, [](const Type& type, const void* value, const void* element) {
    return Holds<kRelation>(vec::CompareSlots(type, value, element));
  });
}

template <bool kFold, bool kNegate, bool kAll>
void QuantifiedLikeKernel(Call& call) {
  bool bad_pattern = false;
  Quantify<kAll>(call, [&](const Type&, const void* value, const void* element) {
    const MatchResult match =
        MatchLike(static_cast<const StringView*>(value)->view(), static_cast<const StringView*>(element)->view(), '\\', kFold);
    bad_pattern = bad_pattern || match == MatchResult::kBadPattern;
    return (match == MatchResult::kYes) != kNegate;
  });
  if (bad_pattern) {
    call.RaiseStatus(call.rows[0], base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidEscape,
                                                   "LIKE pattern must not end with escape character"));
  }
}

Status BindQuantified(BoundCall* call, std::span<const Type> actual) {
  // The operator must exist between the value and an element, which then have one type.
  const std::string_view name = call->function->name;
  const std::string_view symbol = name.substr(0, name.find(' '));
  const Type operands[] = {actual[0], actual[1].id == TypeId::kArray ? actual[1].element_type() : Type()};
  TURDB_RETURN_IF_ERROR(ResolveOperator(symbol, operands).status());
  TURDB_ASSIGN_OR_RETURN(const Type element, CommonType(operands, "ANY"));
  call->argument_types = {element, Type::ArrayOf(element)};
  return absl::OkStatus();
}

Status BindLikeQuantified(BoundCall* call, std::span<const Type>) {
  call->argument_types = {Type::Text(), Type::ArrayOf(Type::Text())};
  return absl::OkStatus();
}

}  // namespace

void AddArrayComparisons(FunctionList& list) {
  constexpr TypeId kArray = TypeId::kArray, kBool = TypeId::kBoolean;
  list.AddComparing("=", {kArray, kArray}, kBool, 0, CompareKernel<Relation::kEqual>, BindBoth);
  list.AddComparing("<>", {kArray, kArray}, kBool, 0, CompareKernel<Relation::kNotEqual>, BindBoth);
  list.AddComparing("<", {kArray, kArray}, kBool, 0, CompareKernel<Relation::kLess>, BindBoth);
  list.AddComparing("<=", {kArray, kArray}, kBool, 0, CompareKernel<Relation::kLessOrEqual>, BindBoth);
  list.AddComparing(">", {kArray, kArray}, kBool, 0, CompareKernel<Relation::kGreater>, BindBoth);
  list.AddComparing(">=", {kArray, kArray}, kBool, 0, CompareKernel<Relation::kGreaterOrEqual>, BindBoth);
  list.AddComparing("@>", {kArray, kArray}, kBool, 0, SetKernel<Contains, false>, BindBoth);
  list.AddComparing("<@", {kArray, kArray}, kBool, 0, SetKernel<Contains, true>, BindBoth);
  list.AddComparing("&&", {kArray, kArray}, kBool, 0, SetKernel<Overlap, false>, BindBoth);

  // What the binder makes of ANY and ALL over an array: no names that SQL can call.
  constexpr int kNulls = FunctionList::kNotStrict;
  const auto add = [&](std::string_view any, std::string_view all, Kernel any_kernel, Kernel all_kernel, int flags,
                       BindFunction bind) {
    list.Add(any, {kAnyArgument, kArray}, kBool, flags, any_kernel, bind).collated =
        bind == BindQuantified ? any_kernel : nullptr;
    list.Add(all, {kAnyArgument, kArray}, kBool, flags, all_kernel, bind).collated =
        bind == BindQuantified ? all_kernel : nullptr;
  };
  using R = Relation;
  add("= any", "= all", QuantifiedKernel<R::kEqual, false>, QuantifiedKernel<R::kEqual, true>, kNulls, BindQuantified);
  add("<> any", "<> all", QuantifiedKernel<R::kNotEqual, false>, QuantifiedKernel<R::kNotEqual, true>, kNulls, BindQuantified);
  add("< any", "< all", QuantifiedKernel<R::kLess, false>, QuantifiedKernel<R::kLess, true>, kNulls, BindQuantified);
  add("<= any", "<= all", QuantifiedKernel<R::kLessOrEqual, false>, QuantifiedKernel<R::kLessOrEqual, true>, kNulls,
      BindQuantified);
  add("> any", "> all", QuantifiedKernel<R::kGreater, false>, QuantifiedKernel<R::kGreater, true>, kNulls, BindQuantified);
  add(">= any", ">= all", QuantifiedKernel<R::kGreaterOrEqual, false>, QuantifiedKernel<R::kGreaterOrEqual, true>, kNulls,
      BindQuantified);
  constexpr int kLike = kNulls | kCanRaise;
  add("~~ any", "~~ all", QuantifiedLikeKernel<false, false, false>, QuantifiedLikeKernel<false, false, true>, kLike,
      BindLikeQuantified);
  add("!~~ any", "!~~ all", QuantifiedLikeKernel<false, true, false>, QuantifiedLikeKernel<false, true, true>, kLike,
      BindLikeQuantified);
  add("~~* any", "~~* all", QuantifiedLikeKernel<true, false, false>, QuantifiedLikeKernel<true, false, true>, kLike,
      BindLikeQuantified);
  add("!~~* any", "!~~* all", QuantifiedLikeKernel<true, true, false>, QuantifiedLikeKernel<true, true, true>, kLike,
      BindLikeQuantified);
}

}  // namespace turdb::function
