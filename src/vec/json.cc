#include "vec/json.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "vec/compare.h"
#include "vec/json_text.h"

namespace turdb::vec {
namespace {

uint32_t ReadNumber(const char* at, uint32_t width) {
  if (width == 1) return static_cast<uint8_t>(*at);
  if (width == 2) {
    uint16_t number;
    std::memcpy(&number, at, 2);
    return number;
  }
  uint32_t number;
  std::memcpy(&number, at, 4);
  return number;
}

void AppendNumber(size_t number, int width_code, std::string* out) {
  const auto wide = static_cast<uint32_t>(number);
  out->append(reinterpret_cast<const char*>(&wide), size_t{1} << width_code);
}

}  // namespace

JsonView::JsonView(std::string_view bytes) : bytes_(bytes) {
  TURDB_DCHECK(!bytes.empty());
  if (!is_container()) return;
  width_ = 1u << ((Tag() >> 3) & 3);
  const size_t count_at = bytes.size() - 1 - width_;
  count_ = ReadNumber(bytes.data() + count_at, width_);
  const size_t numbers = kind() == JsonKind::kArray ? count_ : size_t{count_} * 3;
  TURDB_DCHECK_GE(count_at, numbers * width_);
  directory_ = count_at - numbers * width_;
}

uint32_t JsonView::Read(size_t number) const { return ReadNumber(bytes_.data() + directory_ + number * width_, width_); }

JsonView JsonView::element(uint32_t i) const {
  TURDB_DCHECK_LT(i, count_);
  const uint32_t begin = i == 0 ? 0 : Read(i - 1);
  return JsonView(bytes_.substr(begin, Read(i) - begin));
}

std::string_view JsonView::key(uint32_t i) const {
  TURDB_DCHECK_LT(i, count_);
  const uint32_t begin = Read(size_t{i} * 3);
  return bytes_.substr(begin, Read(size_t{i} * 3 + 1) - begin);
}

JsonView JsonView::value(uint32_t i) const {
  TURDB_DCHECK_LT(i, count_);
  const uint32_t begin = Read(size_t{i} * 3 + 1);
  return JsonView(bytes_.substr(begin, Read(size_t{i} * 3 + 2) - begin));
}

std::optional<JsonView> JsonView::Find(std::string_view name) const {
  TURDB_DCHECK(kind() == JsonKind::kObject);
  uint32_t low = 0, high = count_;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (JsonKeyLess(key(middle), name)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == count_ || key(low) != name) return std::nullopt;
  return value(low);
}

bool JsonKeyLess(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return a.size() < b.size();
  return a < b;
}

// ---- writing

void JsonWriter::Scalar(std::string_view body, JsonKind kind) {
  out_->append(body);
  out_->push_back(static_cast<char>(kind));
  ValueEnded();
}

void JsonWriter::Value(const JsonView& value) {
  out_->append(value.bytes());
  ValueEnded();
}

void JsonWriter::Key(std::string_view key) {
  Entry entry{out_->size(), 0, 0};
  out_->append(key);
  entry.value_begin = out_->size();
  entries_.push_back(entry);
}

// Notes where a value of the array or object that is being written ends.
void JsonWriter::ValueEnded() {
  if (levels_.empty()) return;
  if (!levels_.back().object) entries_.push_back({0, 0, 0});
  entries_.back().value_end = out_->size();
}

void JsonWriter::EndArray() { End(JsonKind::kArray, 1); }

void JsonWriter::EndObject() {
  SortMembers(levels_.back());
  End(JsonKind::kObject, 3);
}

// Sorts the entries of the innermost object; of equal keys the one that came last stays.
void JsonWriter::SortMembers(const Level& level) {
  const auto key = [&](const Entry& entry) {
    return std::string_view(*out_).substr(entry.key_begin, entry.value_begin - entry.key_begin);
  };
  const auto first = entries_.begin() + static_cast<std::ptrdiff_t>(level.first_entry);
  std::stable_sort(first, entries_.end(), [&](const Entry& a, const Entry& b) { return JsonKeyLess(key(a), key(b)); });
  auto kept = first;
  for (auto entry = first; entry != entries_.end(); ++entry) {
    if (kept != first && key(*(kept - 1)) == key(*entry)) {
      *(kept - 1) = *entry;
    } else {
      *kept++ = *entry;
    }
  }
  entries_.erase(kept, entries_.end());
}

void JsonWriter::End(JsonKind kind, size_t numbers_per_entry) {
  const Level level = levels_.back();
  levels_.pop_back();
  const size_t count = entries_.size() - level.first_entry;
  const size_t largest = std::max(count, out_->size() - level.begin);
  const int width_code = largest < 0x100 ? 0 : largest < 0x10000 ? 1 : 2;
  for (size_t i = level.first_entry; i < entries_.size(); ++i) {
    if (numbers_per_entry == 3) {
      AppendNumber(entries_[i].key_begin - level.begin, width_code, out_);
      AppendNumber(entries_[i].value_begin - level.begin, width_code, out_);
    }
    AppendNumber(entries_[i].value_end - level.begin, width_code, out_);
  }
  entries_.resize(level.first_entry);
  AppendNumber(count, width_code, out_);
  out_->push_back(static_cast<char>(static_cast<int>(kind) | width_code << 3));
  ValueEnded();
}

// ---- order and hash

int CompareJson(const JsonView& a, const JsonView& b) {
  if (a.kind() != b.kind()) return a.kind() < b.kind() ? -1 : 1;
  const uint32_t common = std::min(a.size(), b.size());
  switch (a.kind()) {
    case JsonKind::kNumber:
      return Numeric::Compare(a.number(), b.number());
    case JsonKind::kString: {
      const int order = a.string().compare(b.string());
      return order < 0 ? -1 : static_cast<int>(order > 0);
    }
    case JsonKind::kArray:
      for (uint32_t i = 0; i < common; ++i) {
        if (const int order = CompareJson(a.element(i), b.element(i)); order != 0) return order;
      }
      break;
    case JsonKind::kObject:
      for (uint32_t i = 0; i < common; ++i) {
        if (const int order = a.key(i).compare(b.key(i)); order != 0) return order < 0 ? -1 : 1;
        if (const int order = CompareJson(a.value(i), b.value(i)); order != 0) return order;
      }
      break;
    default:
      return 0;
  }
  return a.size() < b.size() ? -1 : static_cast<int>(a.size() > b.size());
}

uint64_t HashJson(const JsonView& value) {
  uint64_t hash = MixHash(static_cast<uint64_t>(value.kind()) + 1);
  switch (value.kind()) {
    case JsonKind::kNumber:
      return CombineHash(hash, value.number().Hash());
    case JsonKind::kString:
      return CombineHash(hash, HashBytes(value.string().data(), value.string().size()));
    case JsonKind::kArray:
      for (uint32_t i = 0; i < value.size(); ++i) hash = CombineHash(hash, HashJson(value.element(i)));
      return hash;
    case JsonKind::kObject:
      for (uint32_t i = 0; i < value.size(); ++i) {
        hash = CombineHash(hash, HashBytes(value.key(i).data(), value.key(i).size()));
        hash = CombineHash(hash, HashJson(value.value(i)));
      }
      return hash;
    default:
      return hash;
  }
}

// ---- depth

namespace {

// A level takes three bytes or more, so that most values need no look.
constexpr size_t kShallowBytes = 3 * static_cast<size_t>(kMaxJsonDepth);

bool IsDeeper(const JsonView& value, int levels) {
  if (!value.is_container() || value.bytes().size() <= 3 * static_cast<size_t>(levels)) return false;
  if (levels == 0) return true;
  for (uint32_t i = 0; i < value.size(); ++i) {
    if (IsDeeper(value.kind() == JsonKind::kArray ? value.element(i) : value.value(i), levels - 1)) return true;
  }
  return false;
}

}  // namespace

base::Status CheckJsonbDepth(const JsonView& value) {
  if (value.bytes().size() <= kShallowBytes || !IsDeeper(value, kMaxJsonDepth)) return absl::OkStatus();
  return TooDeepError();
}

// ---- text

namespace {

class TextWriter {
 public:
  TextWriter(JsonLayout layout, std::string* out) : layout_(layout), out_(out) {}

  void Write(const JsonView& value) {
    switch (value.kind()) {
      case JsonKind::kNull:
        out_->append("null");
        return;
      case JsonKind::kFalse:
        out_->append("false");
        return;
      case JsonKind::kTrue:
        out_->append("true");
        return;
      case JsonKind::kNumber:
        out_->append(value.number().ToString());
        return;
      case JsonKind::kString:
        return AppendJsonString(value.string(), out_);
      case JsonKind::kArray:
        return WriteAll(value, '[', ']', [&](uint32_t i) { Write(value.element(i)); });
      case JsonKind::kObject:
        return WriteAll(value, '{', '}', [&](uint32_t i) {
          AppendJsonString(value.key(i), out_);
          out_->append(layout_ == JsonLayout::kCompact ? ":" : ": ");
          Write(value.value(i));
        });
    }
  }

 private:
  template <typename F>
  void WriteAll(const JsonView& value, char open, char close, F&& write_one) {
    out_->push_back(open);
    ++depth_;
    for (uint32_t i = 0; i < value.size(); ++i) {
      if (i != 0) out_->append(layout_ == JsonLayout::kSpaced ? ", " : ",");
      NewLine();
      write_one(i);
    }
    --depth_;
    // PostgreSQL breaks the line inside an empty one, too.
    NewLine();
    out_->push_back(close);
  }
  void NewLine() {
    if (layout_ != JsonLayout::kPretty) return;
    out_->push_back('\n');
    out_->append(depth_ * 4, ' ');
  }

  const JsonLayout layout_;
  std::string* const out_;
  size_t depth_ = 0;
};

}  // namespace

void AppendJson(const JsonView& value, JsonLayout layout, std::string* out) { TextWriter(layout, out).Write(value); }

}  // namespace turdb::vec
