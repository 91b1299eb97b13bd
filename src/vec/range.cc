#include "vec/range.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "vec/compare.h"
#include "vec/text_format.h"

namespace turdb::vec {
namespace {

using base::MakeError;
using base::Status;
using base::StatusOr;

// On disk: do not change.
enum Flag : uint8_t { kEmpty = 1, kLowerInclusive = 2, kUpperInclusive = 4, kNoLower = 8, kNoUpper = 16 };

bool IsBlank(char c) { return absl::ascii_isspace(static_cast<unsigned char>(c)); }

Value ReadBound(const Type& type, std::string_view* rest) {
  if (type.physical() == PhysicalType::kString) {
    const auto size = base::LoadLE<uint32_t>(rest->data());
    Value value = Value::OfBytes(type, std::string(rest->substr(sizeof(size), size)));
    rest->remove_prefix(sizeof(size) + size);
    return value;
  }
  return VisitPhysical(type.physical(), [&](auto tag) -> Value {
    using T = decltype(tag);
    T loaded;
    std::memcpy(static_cast<void*>(&loaded), rest->data(), sizeof(T));
    rest->remove_prefix(sizeof(T));
    if constexpr (std::is_same_v<T, StringView>) {
      return Value::Null(type);  // handled above
    } else {
      return Value::Of(type, loaded);
    }
  });
}

void AppendBound(const Value& value, std::string* out) {
  if (value.type().physical() == PhysicalType::kString) {
    char size[4];
    base::StoreLE(size, static_cast<uint32_t>(value.bytes().size()));
    out->append(size, sizeof(size));
    out->append(value.bytes());
  } else {
    out->append(static_cast<const char*>(value.fixed_data()), value.type().width());
  }
}

// The next value of a discrete type.
template <typename T>
StatusOr<Value> Successor(const Value& value) {
  const T now = value.Get<T>();
  if (now == std::numeric_limits<T>::max()) {
    const bool date = value.type().id == TypeId::kDate;
    return MakeError(absl::StatusCode::kOutOfRange,
                     date ? base::sqlstate::kDatetimeOverflow : base::sqlstate::kNumericOutOfRange,
                     absl::StrCat(value.type().ToString(), " out of range"));
  }
  return Value::Of(value.type(), static_cast<T>(now + 1));
}

StatusOr<Value> SuccessorOf(const Value& value) {
  return value.type().id == TypeId::kInt64 ? Successor<int64_t>(value) : Successor<int32_t>(value);
}

bool IsInfiniteDate(const Value& value) {
  return value.type().id == TypeId::kDate &&
         (value.Get<int32_t>() == kDateInfinity || value.Get<int32_t>() == kDateMinusInfinity);
}

// Integers and dates: [lower,upper).
Status Canonicalise(Range* range) {
  if (range->lower && !range->lower_inclusive && !IsInfiniteDate(*range->lower)) {
    TURDB_ASSIGN_OR_RETURN(range->lower, SuccessorOf(*range->lower));
    range->lower_inclusive = true;
  }
  if (range->upper && range->upper_inclusive && !IsInfiniteDate(*range->upper)) {
    TURDB_ASSIGN_OR_RETURN(range->upper, SuccessorOf(*range->upper));
    range->upper_inclusive = false;
  }
  return absl::OkStatus();
}

}  // namespace

Range ReadRange(const Type& type, std::string_view bytes) {
  const Type subtype = RangeSubtype(type.id);
  const auto flags = static_cast<unsigned char>(bytes[0]);
  std::string_view rest = bytes.substr(1);
  Range range;
  range.empty = (flags & kEmpty) != 0;
  if (range.empty) return range;
  range.lower_inclusive = (flags & kLowerInclusive) != 0;
  range.upper_inclusive = (flags & kUpperInclusive) != 0;
  if ((flags & kNoLower) == 0) range.lower = ReadBound(subtype, &rest);
  if ((flags & kNoUpper) == 0) range.upper = ReadBound(subtype, &rest);
  return range;
}

StatusOr<std::string> MakeRange(const Type& type, Range range) {
  if (!range.empty && range.lower && range.upper) {
    const int order = Value::Compare(*range.lower, *range.upper);
    if (order > 0) {
      return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22000"},
                       "range lower bound must be less than or equal to range upper bound");
    }
    range.empty = order == 0 && !(range.lower_inclusive && range.upper_inclusive);
  }
  if (!range.empty && IsDiscreteRange(type.id)) {
    TURDB_RETURN_IF_ERROR(Canonicalise(&range));
    range.empty = range.lower && range.upper && Value::Compare(*range.lower, *range.upper) >= 0 &&
                  !(range.lower_inclusive && range.upper_inclusive);
  }
  if (range.empty) return std::string(1, static_cast<char>(kEmpty));
  int flags = 0;
  if (!range.lower) flags |= kNoLower;
  if (!range.upper) flags |= kNoUpper;
  if (range.lower && range.lower_inclusive) flags |= kLowerInclusive;
  if (range.upper && range.upper_inclusive) flags |= kUpperInclusive;
  std::string bytes(1, static_cast<char>(flags));
  if (range.lower) AppendBound(*range.lower, &bytes);
  if (range.upper) AppendBound(*range.upper, &bytes);
  return bytes;
}

// PostgreSQL's order: a lower bound that is exclusive lies just above its value, an upper one just below.
int CompareBounds(const RangeBound& a, const RangeBound& b) {
  const auto infinity = [](const RangeBound& bound) { return bound.value != nullptr ? 0 : bound.lower ? -1 : 1; };
  if (a.value == nullptr || b.value == nullptr) {
    const int x = infinity(a), y = infinity(b);
    return x < y ? -1 : static_cast<int>(x > y);
  }
  if (const int order = Value::Compare(*a.value, *b.value); order != 0) return order;
  const auto nudge = [](const RangeBound& bound) { return bound.inclusive ? 0 : bound.lower ? 1 : -1; };
  return nudge(a) - nudge(b);
}

int CompareRanges(const Type& type, std::string_view a, std::string_view b) {
  const Range x = ReadRange(type, a), y = ReadRange(type, b);
  if (x.empty || y.empty) return static_cast<int>(y.empty) - static_cast<int>(x.empty);
  if (const int order = CompareBounds(LowerOf(x), LowerOf(y)); order != 0) return order;
  return CompareBounds(UpperOf(x), UpperOf(y));
}

uint64_t HashRange(const Type& type, std::string_view bytes) {
  const Range range = ReadRange(type, bytes);
  uint64_t hash = MixHash(static_cast<unsigned char>(bytes[0]) + 1u);
  if (range.lower) hash = CombineHash(hash, range.lower->Hash());
  if (range.upper) hash = CombineHash(hash, range.upper->Hash());
  return hash;
}

// ---- text

namespace {

void AppendBoundText(const Value& value, const TextContext& context, std::string* out) {
  const std::string text = value.ToString(&context);
  const bool plain = !text.empty() && std::none_of(text.begin(), text.end(), [](char c) {
    return std::string_view("\"\\()[],").find(c) != std::string_view::npos || IsBlank(c);
  });
  if (plain) {
    out->append(text);
    return;
  }
  out->push_back('"');
  for (const char c : text) out->append(c == '"' || c == '\\' ? 2 : 1, c);
  out->push_back('"');
}

Status Malformed(std::string_view text, std::string_view why) {
  return base::WithHint(MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidText,
                                  absl::StrCat("malformed range literal: \"", text, "\"")),
                        why);
}

// A bound up to `ends`; nullopt when nothing is written there. False: the text ends.
bool ReadBoundText(std::string_view text, size_t* at, std::string_view ends, std::optional<std::string>* bound) {
  const size_t begin = *at;
  std::string item;
  for (bool inside = false; *at < text.size(); ++*at) {
    const char c = text[*at];
    if (!inside && ends.find(c) != std::string_view::npos) {
      if (*at != begin) *bound = std::move(item);
      return true;
    }
    if (c == '\\') {
      if (++*at == text.size()) return false;
      item.push_back(text[*at]);
    } else if (c != '"') {
      item.push_back(c);
    } else if (inside && *at + 1 < text.size() && text[*at + 1] == '"') {
      item.push_back('"');
      ++*at;
    } else {
      inside = !inside;
    }
  }
  return false;
}

}  // namespace

void AppendRange(const Type& type, std::string_view bytes, const TextContext& context, std::string* out) {
  const Range range = ReadRange(type, bytes);
  if (range.empty) {
    out->append("empty");
    return;
  }
  out->push_back(range.lower_inclusive ? '[' : '(');
  if (range.lower) AppendBoundText(*range.lower, context, out);
  out->push_back(',');
  if (range.upper) AppendBoundText(*range.upper, context, out);
  out->push_back(range.upper_inclusive ? ']' : ')');
}

StatusOr<Value> ParseRange(std::string_view text, const Type& type, const TextContext* context) {
  const std::string_view inner = absl::StripAsciiWhitespace(text);
  Range range;
  if (absl::EqualsIgnoreCase(inner, "empty")) {
    range.empty = true;
  } else {
    if (inner.empty() || (inner[0] != '[' && inner[0] != '(')) return Malformed(text, "Missing left parenthesis or bracket.");
    range.lower_inclusive = inner[0] == '[';
    size_t at = 1;
    std::optional<std::string> lower, upper;
    if (!ReadBoundText(inner, &at, ",)]", &lower)) return Malformed(text, "Unexpected end of input.");
    if (inner[at] != ',') return Malformed(text, "Missing comma after lower bound.");
    ++at;
    if (!ReadBoundText(inner, &at, ",)]", &upper)) return Malformed(text, "Unexpected end of input.");
    if (inner[at] == ',') return Malformed(text, "Too many commas.");
    range.upper_inclusive = inner[at] == ']';
    if (at + 1 != inner.size()) return Malformed(text, "Junk after right parenthesis or bracket.");
    const Type subtype = RangeSubtype(type.id);
    if (lower) {
      TURDB_ASSIGN_OR_RETURN(range.lower, Value::Parse(*lower, subtype, context));
    }
    if (upper) {
      TURDB_ASSIGN_OR_RETURN(range.upper, Value::Parse(*upper, subtype, context));
    }
  }
  TURDB_ASSIGN_OR_RETURN(std::string bytes, MakeRange(type, std::move(range)));
  return Value::OfBytes(type, std::move(bytes));
}

}  // namespace turdb::vec
