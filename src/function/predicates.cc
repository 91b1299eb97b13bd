// IS JSON, OVERLAPS and what TABLESAMPLE asks of each row: predicates that the parser or the binder makes calls of.
#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "function/builtins.h"
#include "function/json_support.h"
#include "vec/compare.h"
#include "vec/utf8.h"

namespace turdb::function {
namespace {

// ---- IS JSON: of a text whether it is JSON of the kind that is asked for, without two members of one name in any object.

bool IsOfKind(std::string_view wanted, vec::JsonKind kind) {
  const bool object = kind == vec::JsonKind::kObject, array = kind == vec::JsonKind::kArray;
  if (wanted == "object") return object;
  if (wanted == "array") return array;
  return wanted != "scalar" || (!object && !array);
}

// REQUIRES: a checked text, so no deeper than that allows.
bool HasUniqueKeys(const vec::JsonText& value) {
  bool unique = true;
  if (value.kind() == vec::JsonKind::kArray) {
    value.ForEachElement([&](const vec::JsonText& element) { return unique = HasUniqueKeys(element); });
  } else if (value.kind() == vec::JsonKind::kObject) {
    std::vector<std::string> keys;
    value.ForEachMember([&](std::string_view quoted, const vec::JsonText& member) {
      StatusOr<std::string> key = vec::UnquoteJson(quoted);
      keys.push_back(key.ok() ? *std::move(key) : std::string(quoted));
      return unique = HasUniqueKeys(member);
    });
    std::sort(keys.begin(), keys.end());
    unique = unique && std::adjacent_find(keys.begin(), keys.end()) == keys.end();
  }
  return unique;
}

void IsJsonKernel(Call& call) {
  const TypeId type = call.argument_types[0].id;
  bool* out = call.result->data<bool>();
  call.ForEach([&](SelIndex row) {
    const std::string_view bytes = call.args[0].Get<StringView>(row).view();
    const std::string_view kind = call.args[1].Get<StringView>(row).view();
    if (type == TypeId::kJsonb) {  // never has a member twice
      out[row] = IsOfKind(kind, vec::JsonView(bytes).kind());
      return;
    }
    const bool readable = type != TypeId::kBlob || vec::CheckUtf8(bytes).ok();
    const bool valid = type == TypeId::kJson || (readable && vec::CheckJsonText(bytes).ok());
    out[row] = valid && IsOfKind(kind, vec::JsonText(bytes).kind()) &&
               (!call.args[2].Get<bool>(row) || HasUniqueKeys(vec::JsonText(bytes)));
  });
}

// ---- (start, end) OVERLAPS (start, end). Either end may come first, and one of the two may be NULL.

struct Period {
  int64_t start = 0, end = 0;
  bool known = false;  // at least one end
  bool open = false;   // the other end is NULL
};

Period PeriodOf(const VectorView& a, const VectorView& b, SelIndex row) {
  const bool has_a = a.IsValid(row), has_b = b.IsValid(row);
  Period period;
  period.known = has_a || has_b;
  period.open = has_a != has_b;
  if (!period.known) return period;
  period.start = has_a ? a.Get<int64_t>(row) : b.Get<int64_t>(row);
  period.end = has_b ? b.Get<int64_t>(row) : period.start;
  if (period.start > period.end) std::swap(period.start, period.end);
  return period;
}

void OverlapsKernel(Call& call) {
  for (uint32_t i = 0; i < call.rows.count; ++i) {
    const SelIndex row = call.rows[i];
    Period first = PeriodOf(call.args[0], call.args[1], row), second = PeriodOf(call.args[2], call.args[3], row);
    if (!first.known || !second.known) {
      call.result->SetNull(row);
      continue;
    }
    if (first.start < second.start) std::swap(first, second);
    // The later of the two begins before the other ends, or with it.
    const bool together = first.start == second.start;
    if (together ? first.open || second.open : second.open) {
      call.result->SetNull(row);
    } else if (together || first.start < second.end) {
      call.result->Set<bool>(row, true);
    } else if (first.open) {
      call.result->SetNull(row);
    } else {
      call.result->Set<bool>(row, false);
    }
  }
}

// ---- TABLESAMPLE: whether a row is one of so many in a hundred, by its key and a seed.

template <typename Key>
void SampleKernel(Call& call) {
  bool* out = call.result->data<bool>();
  call.ForEach([&](SelIndex row) {
    const double percent = call.args[1].Get<double>(row);
    if (!(percent >= 0 && percent <= 100)) {
      return call.RaiseStatus(row, base::MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"2202H"},
                                                   "sample percentage must be between 0 and 100"));
    }
    uint64_t hash = 0;
    if constexpr (std::is_same_v<Key, StringView>) {
      const StringView& key = call.args[0].Get<StringView>(row);
      hash = vec::HashBytes(key.data(), key.size());
    } else {
      hash = vec::MixHash(static_cast<uint64_t>(call.args[0].Get<int64_t>(row)));
    }
    const double seed = call.args[2].Get<double>(row);
    uint64_t seed_bits = 0;
    const double positive_zero = seed == 0 ? 0.0 : seed;
    std::memcpy(&seed_bits, &positive_zero, sizeof(seed_bits));
    hash = vec::MixHash(vec::CombineHash(vec::MixHash(seed_bits ^ 0x5851f42d4c957f2dull), hash));
    constexpr double kTwoTo53 = 9007199254740992.0;
    out[row] = static_cast<double>(hash >> 11) / kTwoTo53 * 100 < percent;
  });
}

}  // namespace

void AddPredicates(FunctionList& list) {
  constexpr TypeId kText = TypeId::kText, kBool = TypeId::kBoolean, kDouble = TypeId::kDouble;
  for (const TypeId id : {kText, TypeId::kJson, TypeId::kJsonb, TypeId::kBlob}) {
    list.Add("is json", {id, kText, kBool}, kBool, 0, IsJsonKernel);
  }
  for (const TypeId id : {TypeId::kTime, TypeId::kTimestamp, TypeId::kTimestampTz}) {
    list.Add("overlaps", {id, id, id, id}, kBool, FunctionList::kNotStrict, OverlapsKernel);
  }
  list.Add("table sample", {TypeId::kInt64, kDouble, kDouble}, kBool, kCanRaise, SampleKernel<int64_t>);
  list.Add("table sample", {TypeId::kBlob, kDouble, kDouble}, kBool, kCanRaise, SampleKernel<StringView>);
}

}  // namespace turdb::function
