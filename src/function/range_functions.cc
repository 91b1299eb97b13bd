// Ranges: PostgreSQL's operators and functions.
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "function/array_support.h"
#include "function/builtins.h"
#include "vec/range.h"

namespace turdb::function {
namespace {

using base::MakeError;
using vec::CompareBounds;
using vec::LowerOf;
using vec::Range;
using vec::RangeBound;
using vec::UpperOf;

Range RangeAt(const Call& call, size_t i, SelIndex row) {
  return vec::ReadRange(call.argument_types[i], call.args[i].Get<StringView>(row).view());
}

Value ValueAt(const Call& call, size_t i, SelIndex row) {
  const Type type = call.argument_types[i];
  return vec::VisitPhysical(type.physical(), [&](auto tag) -> Value {
    using T = decltype(tag);
    if constexpr (std::is_same_v<T, StringView>) {
      return Value::OfBytes(type, std::string(call.args[i].Get<StringView>(row).view()));
    } else {
      return Value::Of(type, call.args[i].Get<T>(row));
    }
  });
}

void Set(Call& call, SelIndex row, Range range) {
  StatusOr<std::string> bytes = vec::MakeRange(call.result_type(), std::move(range));
  if (!bytes.ok()) return call.RaiseStatus(row, bytes.status());
  call.result->SetString(row, *bytes);
}

// ---- tests

bool ContainsValue(const Range& range, const Value& value) {
  if (range.empty) return false;
  if (range.lower) {
    const int order = Value::Compare(*range.lower, value);
    if (order > 0 || (order == 0 && !range.lower_inclusive)) return false;
  }
  if (!range.upper) return true;
  const int order = Value::Compare(*range.upper, value);
  return order > 0 || (order == 0 && range.upper_inclusive);
}

bool Contains(const Range& a, const Range& b) {
  if (b.empty) return true;
  return !a.empty && CompareBounds(LowerOf(a), LowerOf(b)) <= 0 && CompareBounds(UpperOf(a), UpperOf(b)) >= 0;
}

bool Overlaps(const Range& a, const Range& b) {
  return !a.empty && !b.empty && CompareBounds(LowerOf(a), UpperOf(b)) <= 0 && CompareBounds(LowerOf(b), UpperOf(a)) <= 0;
}

bool Before(const Range& a, const Range& b) { return !a.empty && !b.empty && CompareBounds(UpperOf(a), LowerOf(b)) < 0; }
bool After(const Range& a, const Range& b) { return Before(b, a); }
bool NotRight(const Range& a, const Range& b) { return !a.empty && !b.empty && CompareBounds(UpperOf(a), UpperOf(b)) <= 0; }
bool NotLeft(const Range& a, const Range& b) { return !a.empty && !b.empty && CompareBounds(LowerOf(a), LowerOf(b)) >= 0; }

// An upper bound and a lower one with nothing between them and nothing in both.
bool Touch(const RangeBound& upper, const RangeBound& lower) {
  if (upper.value == nullptr || lower.value == nullptr) return false;
  return Value::Compare(*upper.value, *lower.value) == 0 && upper.inclusive != lower.inclusive;
}

bool Adjacent(const Range& a, const Range& b) {
  return !a.empty && !b.empty && (Touch(UpperOf(a), LowerOf(b)) || Touch(UpperOf(b), LowerOf(a)));
}

template <bool (*kTest)(const Range&, const Range&), bool kSwapped = false>
void TestKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    call.result->Set<bool>(row, kTest(RangeAt(call, kSwapped ? 1 : 0, row), RangeAt(call, kSwapped ? 0 : 1, row)));
  });
}

template <size_t kRange>
void ContainsValueKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    call.result->Set<bool>(row, ContainsValue(RangeAt(call, kRange, row), ValueAt(call, 1 - kRange, row)));
  });
}

// ---- ranges of ranges

void TakeLower(const Range& from, Range* to) {
  to->lower = from.lower;
  to->lower_inclusive = from.lower_inclusive;
}
void TakeUpper(const Range& from, Range* to) {
  to->upper = from.upper;
  to->upper_inclusive = from.upper_inclusive;
}

Range Hull(const Range& a, const Range& b) {
  if (a.empty) return b;
  if (b.empty) return a;
  Range hull;
  TakeLower(CompareBounds(LowerOf(a), LowerOf(b)) <= 0 ? a : b, &hull);
  TakeUpper(CompareBounds(UpperOf(a), UpperOf(b)) >= 0 ? a : b, &hull);
  return hull;
}

void MergeKernel(Call& call) {
  call.ForEach([&](SelIndex row) { Set(call, row, Hull(RangeAt(call, 0, row), RangeAt(call, 1, row))); });
}

void UnionKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const Range a = RangeAt(call, 0, row), b = RangeAt(call, 1, row);
    if (!a.empty && !b.empty && !Overlaps(a, b) && !Adjacent(a, b)) {
      return call.RaiseStatus(row, MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22000"},
                                             "result of range union would not be contiguous"));
    }
    Set(call, row, Hull(a, b));
  });
}

void IntersectKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const Range a = RangeAt(call, 0, row), b = RangeAt(call, 1, row);
    if (!Overlaps(a, b)) return Set(call, row, Range::Empty());
    Range common;
    TakeLower(CompareBounds(LowerOf(a), LowerOf(b)) >= 0 ? a : b, &common);
    TakeUpper(CompareBounds(UpperOf(a), UpperOf(b)) <= 0 ? a : b, &common);
    Set(call, row, std::move(common));
  });
}

void DifferenceKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const Range a = RangeAt(call, 0, row), b = RangeAt(call, 1, row);
    if (!Overlaps(a, b)) return Set(call, row, a);
    const bool left = CompareBounds(LowerOf(a), LowerOf(b))<0, right = CompareBounds(UpperOf(a), UpperOf(b))> 0;
    if (left && right) {
      return call.RaiseStatus(row, MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22000"},
                                             "result of range difference would not be contiguous"));
    }
    if (!left && !right) return Set(call, row, Range::Empty());
    Range rest;
    if (left) {
      TakeLower(a, &rest);
      rest.upper = b.lower;
      rest.upper_inclusive = !b.lower_inclusive;
    } else {
      rest.lower = b.upper;
      rest.lower_inclusive = !b.upper_inclusive;
      TakeUpper(a, &rest);
    }
    Set(call, row, std::move(rest));
  });
}

// ---- making and taking apart

// int4range(lower, upper [, '[)']); a NULL bound is none.
void MakeKernel(Call& call) {
  for (uint32_t r = 0; r < call.rows.count; ++r) {
    const SelIndex row = call.rows[r];
    std::string_view bounds = "[)";
    if (call.args.size() == 3) {
      if (!call.args[2].IsValid(row)) {
        call.RaiseStatus(row, MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22000"},
                                        "range constructor flags argument must not be null"));
        continue;
      }
      bounds = call.args[2].Get<StringView>(row).view();
    }
    if (bounds != "[)" && bounds != "[]" && bounds != "(]" && bounds != "()") {
      call.RaiseStatus(row, base::WithHint(MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kSyntaxError,
                                                     "invalid range bound flags"),
                                           "Valid values are \"[]\", \"[)\", \"(]\", and \"()\"."));
      continue;
    }
    Range range;
    if (call.args[0].IsValid(row)) range.lower = ValueAt(call, 0, row);
    if (call.args[1].IsValid(row)) range.upper = ValueAt(call, 1, row);
    range.lower_inclusive = bounds[0] == '[';
    range.upper_inclusive = bounds[1] == ']';
    Set(call, row, std::move(range));
  }
}

template <bool kLower>
void BoundKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const Range range = RangeAt(call, 0, row);
    const std::optional<Value>& bound = kLower ? range.lower : range.upper;
    if (!bound) return call.result->SetNull(row);
    call.result->SetValue(row, *bound);
  });
}

template <typename F>
void SetFlag(Call& call, F&& flag) {
  call.ForEach([&](SelIndex row) { call.result->Set<bool>(row, flag(RangeAt(call, 0, row))); });
}
void IsEmptyKernel(Call& call) {
  SetFlag(call, [](const Range& range) { return range.empty; });
}
void LowerInclusiveKernel(Call& call) {
  SetFlag(call, [](const Range& range) { return range.lower && range.lower_inclusive; });
}
void UpperInclusiveKernel(Call& call) {
  SetFlag(call, [](const Range& range) { return range.upper && range.upper_inclusive; });
}
void LowerInfiniteKernel(Call& call) {
  SetFlag(call, [](const Range& range) { return !range.empty && !range.lower; });
}
void UpperInfiniteKernel(Call& call) {
  SetFlag(call, [](const Range& range) { return !range.empty && !range.upper; });
}

}  // namespace

void AddRanges(FunctionList& list) {
  constexpr TypeId kBool = TypeId::kBoolean, kText = TypeId::kText;
  for (const TypeId range :
       {TypeId::kInt4Range, TypeId::kInt8Range, TypeId::kNumRange, TypeId::kTsRange, TypeId::kTstzRange, TypeId::kDateRange}) {
    const TypeId value = vec::RangeSubtype(range).id;
    const std::string_view name = range == TypeId::kInt4Range   ? "int4range"
                                  : range == TypeId::kInt8Range ? "int8range"
                                  : range == TypeId::kNumRange  ? "numrange"
                                  : range == TypeId::kTsRange   ? "tsrange"
                                  : range == TypeId::kTstzRange ? "tstzrange"
                                                                : "daterange";
    list.Add(name, {value, value}, range, kCanRaise | FunctionList::kNotStrict, MakeKernel);
    list.Add(name, {value, value, kText}, range, kCanRaise | FunctionList::kNotStrict, MakeKernel);
    list.Add("@>", {range, range}, kBool, 0, TestKernel<Contains>);
    list.Add("<@", {range, range}, kBool, 0, TestKernel<Contains, true>);
    list.Add("@>", {range, value}, kBool, 0, ContainsValueKernel<0>);
    list.Add("<@", {value, range}, kBool, 0, ContainsValueKernel<1>);
    list.Add("&&", {range, range}, kBool, 0, TestKernel<Overlaps>);
    list.Add("<<", {range, range}, kBool, 0, TestKernel<Before>);
    list.Add(">>", {range, range}, kBool, 0, TestKernel<After>);
    list.Add("&<", {range, range}, kBool, 0, TestKernel<NotRight>);
    list.Add("&>", {range, range}, kBool, 0, TestKernel<NotLeft>);
    list.Add("-|-", {range, range}, kBool, 0, TestKernel<Adjacent>);
    list.Add("+", {range, range}, range, kCanRaise, UnionKernel);
    list.Add("*", {range, range}, range, 0, IntersectKernel);
    list.Add("-", {range, range}, range, kCanRaise, DifferenceKernel);
    list.Add("range_merge", {range, range}, range, 0, MergeKernel);
    list.Add("lower", {range}, value, 0, BoundKernel<true>);
    list.Add("upper", {range}, value, 0, BoundKernel<false>);
    list.Add("isempty", {range}, kBool, 0, IsEmptyKernel);
    list.Add("lower_inc", {range}, kBool, 0, LowerInclusiveKernel);
    list.Add("upper_inc", {range}, kBool, 0, UpperInclusiveKernel);
    list.Add("lower_inf", {range}, kBool, 0, LowerInfiniteKernel);
    list.Add("upper_inf", {range}, kBool, 0, UpperInfiniteKernel);
  }
}

}  // namespace turdb::function
