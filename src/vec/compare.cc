#include "vec/compare.h"

#include <cstring>
#include <string>

#include "vec/any.h"
#include "vec/array.h"
#include "vec/collation.h"
#include "vec/dense_vector.h"
#include "vec/json.h"
#include "vec/numeric.h"
#include "vec/range.h"
#include "vec/struct.h"
#include "vec/text_format.h"

namespace turdb::vec {
namespace {

template <typename T>
T Load(const void* slot) {
  T value;
  std::memcpy(static_cast<void*>(&value), slot, sizeof(T));
  return value;
}

template <typename T>
int CompareFixed(const void* a, const void* b) {
  const T x = Load<T>(a), y = Load<T>(b);
  if constexpr (std::is_floating_point_v<T>) {
    return CompareFloat(x, y);
  } else {
    return x < y ? -1 : static_cast<int>(y < x);
  }
}

// Of the types that lie in string views.
bool IsOrderedByBytes(Type type) {
  const TypeId id = type.id;
  return id != TypeId::kNumeric && id != TypeId::kAny && id != TypeId::kChar && id != TypeId::kJsonb && id != TypeId::kArray &&
         id != TypeId::kStruct && id != TypeId::kMap && id != TypeId::kDenseVector && !IsRange(id) &&
         type.collation() == Collation::kBinary;
}

int CompareStrings(Type type, const StringView& a, const StringView& b) {
  switch (type.id) {
    case TypeId::kNumeric:
      return Numeric::Compare(Numeric::FromBytes(a.view()), Numeric::FromBytes(b.view()));
    case TypeId::kAny:
      return CompareAny(a.view(), b.view(), type.collation());
    case TypeId::kJsonb:
      return CompareJson(JsonView(a.view()), JsonView(b.view()));
    case TypeId::kArray:
      return CompareArrays(ArrayView(type, a.view()), ArrayView(type, b.view()));
    case TypeId::kStruct:
      return CompareStructs(StructView(a.view()), StructView(b.view()));
    case TypeId::kDenseVector:
      return CompareDenseVectors(DenseVectorView(type.vector_element(), a.view()),
                                 DenseVectorView(type.vector_element(), b.view()));
    case TypeId::kMap:
      return CompareArrays(MapEntries(a.view()), MapEntries(b.view()));
    case TypeId::kInt4Range:
    case TypeId::kInt8Range:
    case TypeId::kNumRange:
    case TypeId::kTsRange:
    case TypeId::kTstzRange:
    case TypeId::kDateRange:
      return CompareRanges(type, a.view(), b.view());
    case TypeId::kChar: {
      return CompareTexts(type.collation(), StringView(TrimTrailingBlanks(a.view())), StringView(TrimTrailingBlanks(b.view())));
    }
    default:
      return CompareTexts(type.collation(), a, b);
  }
}

template <typename T>
uint64_t HashFloat(T value) {
  const double d = value == 0 ? 0.0 : static_cast<double>(value);
  if (d != d) return 0x7ff8c0ffee123456ull;
  uint64_t bits;
  std::memcpy(&bits, &d, 8);
  return MixHash(bits);
}

uint64_t HashInt128(Int128 value) {
  const uint64_t low = absl::Int128Low64(value);
  const auto high = static_cast<uint64_t>(absl::Int128High64(value));
  // What fits 64 bits hashes as an int64 does, whatever the width.
  return high == (static_cast<int64_t>(low) < 0 ? ~uint64_t{0} : 0) ? MixHash(low) : CombineHash(MixHash(low), high);
}

}  // namespace

uint64_t HashBytes(const void* data, size_t size) {
  const char* bytes = static_cast<const char*>(data);
  uint64_t hash = size * 0x9e3779b97f4a7c15ull;
  while (size >= 8) {
    hash = MixHash(hash ^ Load<uint64_t>(bytes)) + 0x9e3779b97f4a7c15ull;
    bytes += 8;
    size -= 8;
  }
  uint64_t tail = 0;
  if (size != 0) std::memcpy(&tail, bytes, size);
  return MixHash(hash ^ tail);
}

int CompareSlots(Type type, const void* a, const void* b) {
  return VisitPhysical(type.physical(), [&](auto tag) -> int {
    using T = decltype(tag);
    if constexpr (std::is_same_v<T, StringView>) {
      return CompareStrings(type, *static_cast<const StringView*>(a), *static_cast<const StringView*>(b));
    } else {
      return CompareFixed<T>(a, b);
    }
  });
}

bool EqualSlots(Type type, const void* a, const void* b) {
  if (type.physical() == PhysicalType::kString && IsOrderedByBytes(type)) {
    return *static_cast<const StringView*>(a) == *static_cast<const StringView*>(b);
  }
  return CompareSlots(type, a, b) == 0;
}

uint64_t HashSlot(Type type, const void* slot) {
  return VisitPhysical(type.physical(), [&](auto tag) -> uint64_t {
    using T = decltype(tag);
    if constexpr (std::is_same_v<T, StringView>) {
      const StringView& view = *static_cast<const StringView*>(slot);
      switch (type.id) {
        case TypeId::kNumeric:
          return Numeric::FromBytes(view.view()).Hash();
        case TypeId::kAny:
          return HashAny(view.view(), type.collation());
        case TypeId::kJsonb:
          return HashJson(JsonView(view.view()));
        case TypeId::kArray:
          return HashArray(ArrayView(type, view.view()));
        case TypeId::kStruct:
          return HashStruct(StructView(view.view()));
        case TypeId::kDenseVector:
          return HashDenseVector(DenseVectorView(type.vector_element(), view.view()));
        case TypeId::kMap:
          return HashArray(MapEntries(view.view()));
        case TypeId::kInt4Range:
        case TypeId::kInt8Range:
        case TypeId::kNumRange:
        case TypeId::kTsRange:
        case TypeId::kTstzRange:
        case TypeId::kDateRange:
          return HashRange(type, view.view());
        case TypeId::kChar: {
          return HashText(type.collation(), TrimTrailingBlanks(view.view()));
        }
        default:
          return type.collation() == Collation::kBinary ? HashText(view) : HashText(type.collation(), view.view());
      }
    } else if constexpr (std::is_same_v<T, Uuid>) {
      return HashBytes(slot, 16);
    } else if constexpr (std::is_same_v<T, Interval>) {
      return HashInt128(Load<Interval>(slot).SpanMicros());
    } else if constexpr (std::is_floating_point_v<T>) {
      return HashFloat(Load<T>(slot));
    } else if constexpr (std::is_same_v<T, Int128>) {
      return HashInt128(Load<Int128>(slot));
    } else {
      return HashInt128(Int128{Load<T>(slot)});
    }
  });
}

int CompareRows(const Vector& a, size_t i, const Vector& b, size_t j) {
  const VectorView x = a.View(), y = b.View();
  const bool valid_x = x.IsValid(i), valid_y = y.IsValid(j);
  if (!valid_x || !valid_y) return static_cast<int>(!valid_x) - static_cast<int>(!valid_y);
  const size_t width = a.type().width();
  return CompareSlots(a.type(), x.data + x.Index(i) * width, y.data + y.Index(j) * width);
}

}  // namespace turdb::vec
