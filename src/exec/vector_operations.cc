#include "exec/vector_operations.h"

#include <cstring>

#include "vec/compare.h"
#include "vec/scalar.h"

namespace turdb::exec {
namespace {

using vec::PhysicalType;
using vec::Rows;
using vec::StringView;
using vec::Type;
using vec::TypeId;
using vec::Vector;
using vec::VectorView;

// A type of the same width for moving values.
template <typename F>
void VisitWidth(size_t width, F&& f) {
  switch (width) {
    case 1:
      return f(uint8_t{});
    case 2:
      return f(uint16_t{});
    case 4:
      return f(uint32_t{});
    case 8:
      return f(uint64_t{});
    default:
      return f(vec::Uuid{});
  }
}

template <typename T>
void HashFixed(const VectorView& view, Rows rows, bool first, uint64_t* hashes) {
  const T* values = view.values<T>();
  for (uint32_t i = 0; i < rows.count; ++i) {
    const size_t index = view.Index(rows[i]);
    const bool valid = view.validity == nullptr || vec::TestBit(view.validity, index);
    const uint64_t hash = valid ? vec::MixHash(static_cast<uint64_t>(values[index])) : vec::kNullHash;
    hashes[i] = first ? hash : vec::CombineHash(hashes[i], hash);
  }
}

void HashText(const VectorView& view, Rows rows, bool first, uint64_t* hashes) {
  for (uint32_t i = 0; i < rows.count; ++i) {
    uint64_t hash = vec::kNullHash;
    if (view.IsValid(rows[i])) hash = vec::HashText(view.Get<StringView>(rows[i]));
    hashes[i] = first ? hash : vec::CombineHash(hashes[i], hash);
  }
}

void HashSlots(const Type& type, const VectorView& view, Rows rows, bool first, uint64_t* hashes) {
  const size_t width = type.width();
  for (uint32_t i = 0; i < rows.count; ++i) {
    const size_t row = rows[i];
    const uint64_t hash = view.IsValid(row) ? vec::HashSlot(type, view.data + view.Index(row) * width) : vec::kNullHash;
    hashes[i] = first ? hash : vec::CombineHash(hashes[i], hash);
  }
}

void HashColumn(const Vector& column, Rows rows, bool first, uint64_t* hashes) {
  const VectorView view = column.View();
  if (!IsBitwiseComparable(column.type())) return HashSlots(column.type(), view, rows, first, hashes);
  switch (column.physical()) {
    case PhysicalType::kBool:
    case PhysicalType::kUInt8:
      return HashFixed<uint8_t>(view, rows, first, hashes);
    case PhysicalType::kInt8:
      return HashFixed<int8_t>(view, rows, first, hashes);
    case PhysicalType::kInt16:
      return HashFixed<int16_t>(view, rows, first, hashes);
    case PhysicalType::kUInt16:
      return HashFixed<uint16_t>(view, rows, first, hashes);
    case PhysicalType::kInt32:
      return HashFixed<int32_t>(view, rows, first, hashes);
    case PhysicalType::kUInt32:
      return HashFixed<uint32_t>(view, rows, first, hashes);
    case PhysicalType::kInt64:
      return HashFixed<int64_t>(view, rows, first, hashes);
    case PhysicalType::kUInt64:
      return HashFixed<uint64_t>(view, rows, first, hashes);
    case PhysicalType::kString:
      return HashText(view, rows, first, hashes);
    default:
      return HashSlots(column.type(), view, rows, first, hashes);
  }
}

// One column of KeepEqual. `equal(index, cell)` compares two present values.
template <typename Equal>
uint32_t KeepEqualColumn(const VectorView& view, Rows rows, size_t column, size_t offset, const std::byte* const* pointers,
                         uint32_t* positions, uint32_t count, uint32_t* mismatches, uint32_t* mismatch_count,
                         const Equal& equal) {
  uint32_t kept = 0;
  for (uint32_t k = 0; k < count; ++k) {
    const uint32_t position = positions[k];
    const size_t index = view.Index(rows[position]);
    const bool valid = view.validity == nullptr || vec::TestBit(view.validity, index);
    const std::byte* record = pointers[position];
    const bool record_valid = RowLayout::IsValid(record, column);
    if (valid == record_valid && (!valid || equal(index, record + offset))) {
      positions[kept++] = position;
    } else if (mismatches != nullptr) {
      mismatches[(*mismatch_count)++] = position;
    }
  }
  return kept;
}

}  // namespace

bool IsBitwiseComparable(const Type& type) {
  if (type.collation() != vec::Collation::kBinary) return false;
  switch (type.id) {
    case TypeId::kFloat:
    case TypeId::kDouble:
    case TypeId::kNumeric:
    case TypeId::kChar:
    case TypeId::kInterval:
    case TypeId::kAny:
    case TypeId::kJsonb:
    case TypeId::kArray:
    case TypeId::kStruct:
    case TypeId::kMap:
    case TypeId::kDenseVector:
      return false;
    default:
      return !vec::IsRange(type.id);
  }
}

void CopyRows(const Vector& from, Rows rows, Vector* to) {
  const VectorView view = from.View();
  VisitWidth(from.type().width(), [&](auto tag) {
    using T = decltype(tag);
    T* values = to->data<T>();
    for (uint32_t i = 0; i < rows.count; ++i) {
      const size_t row = rows[i];
      std::memcpy(values + row, view.data + view.Index(row) * sizeof(T), sizeof(T));
    }
  });
  if (from.physical() == PhysicalType::kString) to->KeepAlive(from);
  if (view.validity == nullptr && to->View().validity == nullptr) return;
  for (uint32_t i = 0; i < rows.count; ++i) {
    if (view.IsValid(rows[i])) {
      to->SetValid(rows[i]);
    } else {
      to->SetNull(rows[i]);
    }
  }
}

void SetRowsNull(Rows rows, Vector* to) {
  for (uint32_t i = 0; i < rows.count; ++i) to->SetNull(rows[i]);
}

void CopyRow(const Vector& from, size_t from_row, Vector* to, size_t to_row) {
  const VectorView view = from.View();
  if (!view.IsValid(from_row)) return to->SetNull(to_row);
  if (from.physical() == PhysicalType::kString) {
    to->SetString(to_row, view.Get<StringView>(from_row).view());
    return;
  }
  VisitWidth(from.type().width(), [&](auto tag) {
    using T = decltype(tag);
    std::memcpy(to->data<T>() + to_row, view.data + view.Index(from_row) * sizeof(T), sizeof(T));
  });
  to->SetValid(to_row);
}

void SetConstantFromRow(const Vector& from, size_t row, Vector* to) {
  to->Reset();
  CopyRow(from, row, to, 0);
  to->MarkConstant();
}

void HashColumns(Columns columns, Rows rows, uint64_t* hashes) {
  if (columns.empty()) std::memset(hashes, 0, rows.count * sizeof(uint64_t));
  for (size_t c = 0; c < columns.size(); ++c) HashColumn(*columns[c], rows, c == 0, hashes);
}

uint32_t PositionsWithoutNulls(Columns columns, Rows rows, std::span<const bool> null_allowed, uint32_t* positions) {
  uint32_t count = rows.count;
  for (uint32_t i = 0; i < count; ++i) positions[i] = i;
  for (size_t c = 0; c < columns.size(); ++c) {
    const VectorView view = columns[c]->View();
    if (view.validity == nullptr || (!null_allowed.empty() && null_allowed[c])) continue;
    uint32_t kept = 0;
    for (uint32_t k = 0; k < count; ++k) {
      if (view.IsValid(rows[positions[k]])) positions[kept++] = positions[k];
    }
    count = kept;
  }
  return count;
}

uint32_t KeepEqual(Columns keys, Rows rows, const RowLayout& layout, const std::byte* const* pointers, uint32_t* positions,
                   uint32_t count, uint32_t* mismatches, uint32_t* mismatch_count) {
  for (size_t c = 0; c < keys.size() && count != 0; ++c) {
    const VectorView view = keys[c]->View();
    const Type& type = layout.type(c);
    const auto keep = [&](const auto& equal) {
      count = KeepEqualColumn(view, rows, c, layout.offset(c), pointers, positions, count, mismatches, mismatch_count, equal);
    };
    if (!IsBitwiseComparable(type)) {
      const size_t width = type.width();
      keep([&](size_t index, const std::byte* cell) { return vec::EqualSlots(type, view.data + index * width, cell); });
    } else if (type.physical() == PhysicalType::kString) {
      keep([&](size_t index, const std::byte* cell) {
        StringView other;
        std::memcpy(&other, cell, sizeof(other));
        return view.values<StringView>()[index] == other;
      });
    } else {
      VisitWidth(type.width(), [&](auto tag) {
        using T = decltype(tag);
        keep([&](size_t index, const std::byte* cell) {
          return std::memcmp(view.data + index * sizeof(T), cell, sizeof(T)) == 0;
        });
      });
    }
  }
  return count;
}

}  // namespace turdb::exec
