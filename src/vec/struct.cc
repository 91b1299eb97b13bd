#include "vec/struct.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/check.h"
#include "vec/any.h"
#include "vec/compare.h"

namespace turdb::vec {
namespace {

constexpr size_t kCountBytes = 2;
constexpr size_t kTypeBytes = 4;
constexpr size_t kEndBytes = 4;

}  // namespace

StructView::StructView(std::string_view bytes) : bytes_(bytes) {
  TURDB_DCHECK_GE(bytes.size(), kCountBytes);
  count_ = base::LoadLE<uint16_t>(bytes.data());
  present_ = bytes.data() + kCountBytes + kTypeBytes * count_;
  ends_ = present_ + (count_ + 7) / 8;
  data_ = ends_ + kEndBytes * count_;
}

Type StructView::field_type(size_t i) const {
  const char* at = bytes_.data() + kCountBytes + kTypeBytes * i;
  Type type(static_cast<TypeId>(at[0]));
  type.precision = static_cast<uint8_t>(at[1]);
  type.scale = static_cast<uint8_t>(at[2]);
  type.element = static_cast<TypeId>(at[3]);
  type.length = 0;
  return type;
}

const void* StructView::Load(size_t i, ElementSlot* slot) const {
  TURDB_DCHECK_LT(i, count_);
  const uint32_t begin = i == 0 ? 0 : base::LoadLE<uint32_t>(ends_ + (i - 1) * kEndBytes);
  const uint32_t end = base::LoadLE<uint32_t>(ends_ + i * kEndBytes);
  if (field_type(i).physical() != PhysicalType::kString) {
    std::memcpy(slot->bytes, data_ + begin, end - begin);
    return slot->bytes;
  }
  const StringView view(data_ + begin, end - begin);
  std::memcpy(slot->bytes, &view, sizeof(view));
  return slot->bytes;
}

Value StructView::Get(size_t i, const Type& type) const {
  if (IsNull(i)) return Value::Null(type);
  ElementSlot slot;
  const void* data = Load(i, &slot);
  if (type.id == TypeId::kAny) return DecodeAny(static_cast<const StringView*>(data)->view());
  return VisitPhysical(type.physical(), [&](auto tag) -> Value {
    using T = decltype(tag);
    T loaded;
    std::memcpy(static_cast<void*>(&loaded), data, sizeof(T));
    if constexpr (std::is_same_v<T, StringView>) {
      return Value::OfBytes(type, std::string(loaded.view()));
    } else {
      return Value::Of(type, loaded);
    }
  });
}

// ---- making

void StructBuilder::AddNull(const Type& type) {
  types_.push_back(static_cast<char>(type.id));
  types_.push_back(static_cast<char>(type.precision));
  types_.push_back(static_cast<char>(type.scale));
  types_.push_back(static_cast<char>(type.element));
  present_.push_back(false);
  ends_.push_back(static_cast<uint32_t>(data_.size()));
}

void StructBuilder::Add(const Type& type, const void* slot) {
  if (type.physical() == PhysicalType::kString) {
    StringView view;
    std::memcpy(static_cast<void*>(&view), slot, sizeof(view));
    data_.append(view.view());
  } else {
    data_.append(static_cast<const char*>(slot), type.width());
  }
  AddNull(type);
  present_.back() = true;
}

void StructBuilder::AddValue(const Type& type, const Value& value) {
  if (value.is_null()) return AddNull(type);
  if (type.id == TypeId::kAny) {
    const std::string any = EncodeAny(value);
    const StringView view(any);
    return Add(type, &view);
  }
  if (type.physical() != PhysicalType::kString) return Add(type, value.fixed_data());
  const StringView view{std::string_view(value.bytes())};
  Add(type, &view);
}

std::string StructBuilder::Finish() const {
  const size_t count = present_.size();
  std::string bytes(kCountBytes, '\0');
  base::StoreLE(bytes.data(), static_cast<uint16_t>(count));
  bytes.append(types_);
  const size_t bits = bytes.size();
  bytes.resize(bits + (count + 7) / 8 + kEndBytes * count, '\0');
  for (size_t i = 0; i < count; ++i) {
    if (present_[i]) bytes[bits + i / 8] = static_cast<char>(bytes[bits + i / 8] | 1 << (i % 8));
    base::StoreLE(bytes.data() + bits + (count + 7) / 8 + kEndBytes * i, ends_[i]);
  }
  bytes.append(data_);
  return bytes;
}

base::StatusOr<std::string> MakeMap(const std::vector<Value>& keys, const std::vector<Value>& values, const Type& key_type,
                                    const Type& value_type) {
  ArrayBuilder entries{Type(TypeId::kStruct)};
  std::vector<const Value*> sorted;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].is_null()) {
      return base::MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22004"}, "map keys cannot be NULL");
    }
    sorted.push_back(&keys[i]);
    StructBuilder entry;
    entry.AddValue(key_type, keys[i]);
    entry.AddValue(value_type, values[i]);
    const std::string bytes = entry.Finish();
    const StringView view(bytes);
    entries.Add(&view);
  }
  std::sort(sorted.begin(), sorted.end(), [](const Value* a, const Value* b) { return Value::Compare(*a, *b) < 0; });
  for (size_t i = 1; i < sorted.size(); ++i) {
    if (Value::Compare(*sorted[i - 1], *sorted[i]) != 0) continue;
    return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                           absl::StrCat("map keys must be unique: ", sorted[i]->ToString()));
  }
  return entries.Finish();
}

// ---- order and hash

int CompareStructs(const StructView& a, const StructView& b) {
  ElementSlot x, y;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const bool null_a = a.IsNull(i), null_b = b.IsNull(i);
    if (null_a || null_b) {
      if (null_a != null_b) return null_a ? 1 : -1;
      continue;
    }
    const Type type = a.field_type(i);
    // Fields of two types meet only where nobody knew the types: inside ANY.
    const int order = type == b.field_type(i) ? CompareSlots(type, a.Load(i, &x), b.Load(i, &y))
                                              : CompareAny(EncodeAny(a.Get(i)), EncodeAny(b.Get(i)), type.collation());
    if (order != 0) return order < 0 ? -1 : 1;
  }
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return 0;
}

uint64_t HashStruct(const StructView& value) {
  uint64_t hash = MixHash(value.size() + 1);
  ElementSlot slot;
  for (size_t i = 0; i < value.size(); ++i) {
    hash = CombineHash(hash, value.IsNull(i) ? kNullHash : HashSlot(value.field_type(i), value.Load(i, &slot)));
  }
  return hash;
}

}  // namespace turdb::vec
