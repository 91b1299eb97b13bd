#include "vec/array.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "vec/compare.h"
#include "vec/text_format.h"

namespace turdb::vec {
namespace {

using base::MakeError;
using base::Status;
using base::StatusOr;

constexpr size_t kHeaderBytes = 2;
constexpr size_t kDimensionBytes = 8;

uint32_t Load32(const char* at) {
  uint32_t value;
  std::memcpy(&value, at, 4);
  return value;
}

void Append32(uint32_t value, std::string* out) { out->append(reinterpret_cast<const char*>(&value), 4); }

}  // namespace

ArrayView::ArrayView(const Type& array_type, std::string_view bytes) : element_(array_type.element_type()), bytes_(bytes) {
  TURDB_DCHECK(!bytes.empty());
  dimensions_ = static_cast<unsigned char>(bytes[0]);
  if (dimensions_ == 0) return;
  count_ = 1;
  for (int d = 0; d < dimensions_; ++d) count_ *= dimension(d).length;
  const char* at = bytes.data() + kHeaderBytes + kDimensionBytes * static_cast<size_t>(dimensions_);
  if (bytes[1] != 0) {
    nulls_ = at;
    at += (size_t{count_} + 7) / 8;
  }
  elements_ = at;
}

ArrayDimension ArrayView::dimension(int d) const {
  const char* at = bytes_.data() + kHeaderBytes + kDimensionBytes * static_cast<size_t>(d);
  return {static_cast<int32_t>(Load32(at)), Load32(at + 4)};
}

std::vector<ArrayDimension> ArrayView::AllDimensions() const {
  std::vector<ArrayDimension> all;
  for (int d = 0; d < dimensions_; ++d) all.push_back(dimension(d));
  return all;
}

const void* ArrayView::Load(uint32_t i, ElementSlot* slot) const {
  TURDB_DCHECK_LT(i, count_);
  if (element_.physical() != PhysicalType::kString) {
    const size_t width = element_.width();
    std::memcpy(slot->bytes, elements_ + i * width, width);
    return slot->bytes;
  }
  const uint32_t begin = i == 0 ? 0 : Load32(elements_ + size_t{i - 1} * 4);
  const uint32_t end = Load32(elements_ + size_t{i} * 4);
  const StringView view(elements_ + size_t{count_} * 4 + begin, end - begin);
  std::memcpy(slot->bytes, &view, sizeof(view));
  return slot->bytes;
}

Value ArrayView::Get(uint32_t i) const {
  if (IsNull(i)) return Value::Null(element_);
  ElementSlot slot;
  const void* data = Load(i, &slot);
  return VisitPhysical(element_.physical(), [&](auto tag) -> Value {
    using T = decltype(tag);
    T loaded;
    std::memcpy(static_cast<void*>(&loaded), data, sizeof(T));
    if constexpr (std::is_same_v<T, StringView>) {
      return Value::OfBytes(element_, std::string(loaded.view()));
    } else {
      return Value::Of(element_, loaded);
    }
  });
}

// ---- making

void ArrayBuilder::Add(const void* slot) {
  present_.push_back(true);
  if (element_.physical() == PhysicalType::kString) {
    StringView view;
    std::memcpy(static_cast<void*>(&view), slot, sizeof(view));
    slots_.append(view.view());
    ends_.push_back(static_cast<uint32_t>(slots_.size()));
  } else {
    slots_.append(static_cast<const char*>(slot), element_.width());
  }
}

void ArrayBuilder::AddNull() {
  present_.push_back(false);
  any_null_ = true;
  if (element_.physical() == PhysicalType::kString) {
    ends_.push_back(static_cast<uint32_t>(slots_.size()));
  } else {
    slots_.append(element_.width(), '\0');
  }
}

void ArrayBuilder::AddValue(const Value& value) {
  if (value.is_null()) return AddNull();
  if (element_.physical() != PhysicalType::kString) return Add(value.fixed_data());
  const StringView view{std::string_view(value.bytes())};
  Add(&view);
}

void ArrayBuilder::AddFrom(const ArrayView& array, uint32_t i) {
  if (array.IsNull(i)) return AddNull();
  ElementSlot slot;
  Add(array.Load(i, &slot));
}

std::string ArrayBuilder::Finish(int32_t lower) const {
  if (present_.empty()) return Finish(std::span<const ArrayDimension>());
  const ArrayDimension dimension{lower, size()};
  return Finish(std::span(&dimension, 1));
}

std::string ArrayBuilder::Finish(std::span<const ArrayDimension> dimensions) const {
  std::string bytes(1, static_cast<char>(present_.empty() ? 0 : dimensions.size()));
  if (present_.empty()) return bytes;
  bytes.push_back(any_null_ ? 1 : 0);
  for (const ArrayDimension& dimension : dimensions) {
    Append32(static_cast<uint32_t>(dimension.lower), &bytes);
    Append32(dimension.length, &bytes);
  }
  if (any_null_) {
    const size_t begin = bytes.size();
    bytes.resize(begin + (present_.size() + 7) / 8, '\0');
    for (size_t i = 0; i < present_.size(); ++i) {
      if (present_[i]) bytes[begin + i / 8] = static_cast<char>(bytes[begin + i / 8] | 1 << (i % 8));
    }
  }
  for (const uint32_t end : ends_) Append32(end, &bytes);
  bytes.append(slots_);
  return bytes;
}

// ---- text

namespace {

bool NeedsQuotes(std::string_view text) {
  if (text.empty() || absl::EqualsIgnoreCase(text, "null")) return true;
  return std::any_of(text.begin(), text.end(), [](char c) {
    return c == '{' || c == '}' || c == '"' || c == '\\' || c == ',' || absl::ascii_isspace(static_cast<unsigned char>(c));
  });
}

void AppendElement(const ArrayView& array, uint32_t i, const TextContext& context, std::string* text, std::string* out) {
  if (array.IsNull(i)) {
    out->append("NULL");
    return;
  }
  ElementSlot slot;
  text->clear();
  AppendSlotText(array.element_type(), array.Load(i, &slot), context, text);
  // PostgreSQL prints the elements of boolean[] as t and f.
  if (array.element_type().id == TypeId::kBoolean) text->resize(1);
  if (!NeedsQuotes(*text)) {
    out->append(*text);
    return;
  }
  out->push_back('"');
  for (const char c : *text) {
    if (c == '"' || c == '\\') out->push_back('\\');
    out->push_back(c);
  }
  out->push_back('"');
}

void AppendDimension(const ArrayView& array, int d, uint32_t* next, const TextContext& context, std::string* text,
                     std::string* out) {
  out->push_back('{');
  const uint32_t length = array.dimension(d).length;
  for (uint32_t i = 0; i < length; ++i) {
    if (i != 0) out->push_back(',');
    if (d + 1 < array.dimensions()) {
      AppendDimension(array, d + 1, next, context, text, out);
    } else {
      AppendElement(array, (*next)++, context, text, out);
    }
  }
  out->push_back('}');
}

// Reads {...}: the elements of one text, and how long each dimension is.
class ArrayParser {
 public:
  ArrayParser(std::string_view text, const Type& type, const TextContext* context)
      : text_(text), type_(type), element_(type.element_type()), context_(context), builder_(element_) {}

  StatusOr<Value> Parse() {
    SkipBlanks();
    TURDB_RETURN_IF_ERROR(ParseBounds());
    if (Peek() != '{') return Malformed("Array value must start with \"{\" or dimension information.");
    TURDB_RETURN_IF_ERROR(ParseLevel(0));
    SkipBlanks();
    if (at_ != text_.size()) return Malformed("Junk after closing right brace.");
    if (builder_.size() == 0) return Value::OfBytes(type_, builder_.Finish());
    std::vector<ArrayDimension> dimensions;
    for (size_t d = 0; d < lengths_.size(); ++d) dimensions.push_back({1, lengths_[d]});
    if (!bounds_.empty()) {
      if (bounds_.size() != dimensions.size()) return Malformed("Specified array dimensions do not match array contents.");
      for (size_t d = 0; d < dimensions.size(); ++d) {
        if (bounds_[d].length != dimensions[d].length) {
          return Malformed("Specified array dimensions do not match array contents.");
        }
        dimensions[d].lower = bounds_[d].lower;
      }
    }
    return Value::OfBytes(type_, builder_.Finish(dimensions));
  }

 private:
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void SkipBlanks() {
    while (at_ < text_.size() && absl::ascii_isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  Status Malformed(std::string_view why) const {
    return base::WithHint(MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidText,
                                    absl::StrCat("malformed array literal: \"", text_, "\"")),
                          why);
  }

  // [2:3][0:1]= before the braces.
  Status ParseBounds() {
    while (Peek() == '[') {
      const size_t close = text_.find(']', at_);
      if (close == std::string_view::npos) return Malformed("Missing \"]\" after array dimensions.");
      const std::string_view inside = text_.substr(at_ + 1, close - at_ - 1);
      const size_t colon = inside.find(':');
      int32_t lower = 1, upper = 0;
      const bool numbers = colon == std::string_view::npos ? absl::SimpleAtoi(inside, &upper)
                                                           : absl::SimpleAtoi(inside.substr(0, colon), &lower) &&
                                                                 absl::SimpleAtoi(inside.substr(colon + 1), &upper);
      if (!numbers) return Malformed("\"[\" must introduce explicitly-specified array dimensions.");
      if (upper < lower) {
        return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"2202E"},
                         "upper bound cannot be less than lower bound");
      }
      bounds_.push_back({lower, static_cast<uint32_t>(int64_t{upper} - lower + 1)});
      at_ = close + 1;
    }
    if (bounds_.empty()) return absl::OkStatus();
    SkipBlanks();
    if (Peek() != '=') return Malformed("Missing \"=\" after array dimensions.");
    ++at_;
    SkipBlanks();
    return absl::OkStatus();
  }

  Status ParseLevel(size_t depth) {
    if (depth == kMaxArrayDimensions) {
      return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kProgramLimit,
                       absl::StrCat("number of array dimensions exceeds the maximum allowed (", kMaxArrayDimensions, ")"));
    }
    ++at_;  // the brace
    uint32_t length = 0;
    for (SkipBlanks(); Peek() != '}'; SkipBlanks()) {
      if (length != 0) {
        if (Peek() != ',') return Malformed(at_ == text_.size() ? "Unexpected end of input." : "Unexpected array element.");
        ++at_;
        SkipBlanks();
      }
      ++length;
      if (Peek() == '{') {
        if (lowest_ != 0 && depth + 1 >= lowest_) return Malformed("Unexpected \"{\" character.");
        TURDB_RETURN_IF_ERROR(ParseLevel(depth + 1));
        continue;
      }
      if (lowest_ == 0) lowest_ = depth + 1;
      if (depth + 1 != lowest_) return Malformed("Multidimensional arrays must have sub-arrays with matching dimensions.");
      TURDB_RETURN_IF_ERROR(ParseElement());
    }
    ++at_;
    if (lengths_.size() <= depth) lengths_.resize(depth + 1, kUnset);
    if (lengths_[depth] != kUnset && lengths_[depth] != length) {
      return Malformed("Multidimensional arrays must have sub-arrays with matching dimensions.");
    }
    lengths_[depth] = length;
    return absl::OkStatus();
  }

  Status ParseElement() {
    std::string text;
    bool quoted = false;
    size_t keep = 0;  // bytes that trailing blanks do not count for
    for (bool inside = false; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\\') {
        if (++at_ == text_.size()) break;
        text.push_back(text_[at_]);
        keep = text.size();
      } else if (c == '"') {
        if (!inside && (quoted || keep != 0)) return Malformed("Incorrectly quoted array element.");
        inside = !inside;
        quoted = true;
        keep = text.size();
      } else if (!inside && (c == ',' || c == '}' || c == '{')) {
        break;
      } else {
        const bool blank = absl::ascii_isspace(static_cast<unsigned char>(c));
        if (!inside && quoted && !blank) return Malformed("Incorrectly quoted array element.");
        text.push_back(c);
        if (inside || !blank) keep = text.size();
      }
    }
    if (at_ >= text_.size()) return Malformed("Unexpected end of input.");
    if (text_[at_] == '{') return Malformed("Unexpected \"{\" character.");
    text.resize(keep);
    if (!quoted && text.empty()) return Malformed(absl::StrCat("Unexpected \"", text_.substr(at_, 1), "\" character."));
    if (builder_.size() >= kMaxArrayElements) {
      return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kProgramLimit,
                       absl::StrCat("array size exceeds the maximum allowed (", kMaxArrayElements, ")"));
    }
    if (!quoted && absl::EqualsIgnoreCase(text, "null")) {
      builder_.AddNull();
      return absl::OkStatus();
    }
    TURDB_ASSIGN_OR_RETURN(const Value value, Value::Parse(text, element_, context_));
    builder_.AddValue(value);
    return absl::OkStatus();
  }

  static constexpr uint32_t kUnset = ~0u;
  const std::string_view text_;
  const Type type_;
  const Type element_;
  const TextContext* const context_;
  size_t at_ = 0;
  size_t lowest_ = 0;  // the depth at which elements stand; 0 until one was seen
  std::vector<uint32_t> lengths_;
  std::vector<ArrayDimension> bounds_;
  ArrayBuilder builder_;
};

}  // namespace

void AppendArray(const ArrayView& array, const TextContext& context, std::string* out) {
  if (array.dimensions() == 0) {
    out->append("{}");
    return;
  }
  const std::vector<ArrayDimension> dimensions = array.AllDimensions();
  const bool usual = std::all_of(dimensions.begin(), dimensions.end(), [](const ArrayDimension& d) { return d.lower == 1; });
  if (!usual) {
    for (const ArrayDimension& d : dimensions) absl::StrAppend(out, "[", d.lower, ":", d.upper(), "]");
    out->push_back('=');
  }
  uint32_t next = 0;
  std::string text;
  AppendDimension(array, 0, &next, context, &text, out);
}

StatusOr<Value> ParseArray(std::string_view text, const Type& type, const TextContext* context) {
  return ArrayParser(text, type, context).Parse();
}

// ---- order and hash

int CompareArrays(const ArrayView& a, const ArrayView& b) {
  const uint32_t common = std::min(a.size(), b.size());
  ElementSlot x, y;
  for (uint32_t i = 0; i < common; ++i) {
    const bool null_a = a.IsNull(i), null_b = b.IsNull(i);
    if (null_a || null_b) {
      if (null_a != null_b) return null_a ? 1 : -1;
      continue;
    }
    const int order = CompareSlots(a.element_type(), a.Load(i, &x), b.Load(i, &y));
    if (order != 0) return order < 0 ? -1 : 1;
  }
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  if (a.dimensions() != b.dimensions()) return a.dimensions() < b.dimensions() ? -1 : 1;
  for (int d = 0; d < a.dimensions(); ++d) {
    const uint32_t m = a.dimension(d).length, n = b.dimension(d).length;
    if (m != n) return m < n ? -1 : 1;
  }
  for (int d = 0; d < a.dimensions(); ++d) {
    const int32_t m = a.dimension(d).lower, n = b.dimension(d).lower;
    if (m != n) return m < n ? -1 : 1;
  }
  return 0;
}

uint64_t HashArray(const ArrayView& array) {
  uint64_t hash = MixHash(array.size() + 1);
  ElementSlot slot;
  for (uint32_t i = 0; i < array.size(); ++i) {
    hash = CombineHash(hash, array.IsNull(i) ? kNullHash : HashSlot(array.element_type(), array.Load(i, &slot)));
  }
  return hash;
}

}  // namespace turdb::vec
