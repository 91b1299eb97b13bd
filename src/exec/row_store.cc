#include "exec/row_store.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace turdb::exec {
namespace {

using vec::PhysicalType;
using vec::Rows;
using vec::StringView;
using vec::Vector;
using vec::VectorView;

size_t Align(size_t offset, size_t alignment) { return (offset + alignment - 1) & ~(alignment - 1); }

// Copies one fixed-width column into records. The width is a template argument so that the copy is one move.
template <size_t kWidth>
void ScatterFixed(const VectorView& view, Rows rows, std::byte* const* pointers, size_t column, size_t offset) {
  for (uint32_t i = 0; i < rows.count; ++i) {
    const size_t row = rows[i];
    const size_t index = view.Index(row);
    if (view.validity == nullptr || vec::TestBit(view.validity, index)) {
      RowLayout::SetValid(pointers[i], column);
      std::memcpy(pointers[i] + offset, view.data + index * kWidth, kWidth);
    } else {
      std::memset(pointers[i] + offset, 0, kWidth);
    }
  }
}

bool ScatterStrings(const VectorView& view, Rows rows, std::byte* const* pointers, size_t column, size_t offset,
                    BlockPool* strings) {
  for (uint32_t i = 0; i < rows.count; ++i) {
    const size_t row = rows[i];
    StringView value;
    bool refused = false;
    if (view.IsValid(row)) {
      value = view.Get<StringView>(row);
      if (!value.is_inlined()) {
        std::byte* copy = strings->TryAllocate(value.size());
        refused = copy == nullptr;
        if (!refused) {
          std::memcpy(copy, value.data(), value.size());
          value = StringView(reinterpret_cast<const char*>(copy), value.size());
        }
      }
      if (!refused) RowLayout::SetValid(pointers[i], column);
    }
    if (refused) value = StringView();
    std::memcpy(pointers[i] + offset, &value, sizeof(value));
    if (refused) return false;
  }
  return true;
}

template <size_t kWidth>
void GatherFixed(const std::byte* const* pointers, uint32_t count, size_t column, size_t offset, std::byte* values, Vector* out,
                 uint32_t to) {
  values += to * kWidth;
  for (uint32_t i = 0; i < count; ++i) {
    std::memcpy(values + i * kWidth, pointers[i] + offset, kWidth);
    if (!RowLayout::IsValid(pointers[i], column)) out->SetNull(to + i);
  }
}

}  // namespace

RowLayout::RowLayout(std::span<const vec::Type> types, size_t extra_bytes, size_t extra_alignment)
    : types_(types.begin(), types.end()) {
  size_t offset = (types.size() + 7) / 8;
  for (const vec::Type& type : types) {
    offset = Align(offset, std::min<size_t>(type.width(), 8));
    offsets_.push_back(offset);
    offset += type.width();
    has_strings_ |= type.physical() == PhysicalType::kString;
  }
  // Blocks begin at 16, so records of a multiple of 16 bytes keep their extra bytes aligned to 16.
  extra_offset_ = Align(offset, extra_alignment);
  row_bytes_ = std::max(extra_alignment, Align(extra_offset_ + extra_bytes, extra_alignment));
}

std::byte* RowStore::TryAllocateRow() {
  const size_t row_bytes = layout_.row_bytes();
  std::byte* row = rows_.TryAllocate(row_bytes);
  if (row == nullptr) return nullptr;
  std::memset(row, 0, row_bytes);
  if (!segments_.empty() && segments_.back().first + segments_.back().count * row_bytes == row) {
    ++segments_.back().count;
  } else {
    segments_.push_back({row, 1});
  }
  ++size_;
  return row;
}

void RowStore::RemoveLastRow() {
  TURDB_DCHECK(size_ > 0);
  --size_;
  if (--segments_.back().count == 0) segments_.pop_back();
}

bool RowStore::TryAppend(Columns columns, Rows rows, std::byte** pointers) {
  const std::vector<Segment>::size_type segments = segments_.size();
  const size_t last_count = segments == 0 ? 0 : segments_.back().count;
  const uint64_t size = size_;
  bool fits = true;
  for (uint32_t i = 0; fits && i < rows.count; ++i) fits = (pointers[i] = TryAllocateRow()) != nullptr;
  if (fits && Fill(columns, rows, pointers)) return true;
  // The memory stays taken until Reset, but the records are not part of the store.
  segments_.resize(segments);
  if (segments != 0) segments_.back().count = last_count;
  size_ = size;
  return false;
}

std::byte* RowStore::TryCopy(const std::byte* record) {
  std::byte* copy = TryAllocateRow();
  if (copy == nullptr) return nullptr;
  std::memcpy(copy, record, layout_.row_bytes());
  for (size_t c = 0; c < layout_.column_count(); ++c) {
    if (layout_.type(c).physical() != PhysicalType::kString || !RowLayout::IsValid(copy, c)) continue;
    StringView text;
    std::memcpy(&text, copy + layout_.offset(c), sizeof(text));
    if (text.is_inlined()) continue;
    std::byte* bytes = strings_.TryAllocate(text.size());
    if (bytes == nullptr) {
      RemoveLastRow();
      return nullptr;
    }
    std::memcpy(bytes, text.data(), text.size());
    text = StringView(reinterpret_cast<const char*>(bytes), text.size());
    std::memcpy(copy + layout_.offset(c), &text, sizeof(text));
  }
  return copy;
}

bool RowStore::Fill(Columns columns, Rows rows, std::byte* const* pointers) {
  TURDB_DCHECK_EQ(columns.size(), layout_.column_count());
  for (size_t c = 0; c < columns.size(); ++c) {
    const VectorView view = columns[c]->View();
    const size_t offset = layout_.offset(c);
    if (layout_.type(c).physical() == PhysicalType::kString) {
      if (!ScatterStrings(view, rows, pointers, c, offset, &strings_)) return false;
      continue;
    }
    switch (layout_.type(c).width()) {
      case 1:
        ScatterFixed<1>(view, rows, pointers, c, offset);
        break;
      case 2:
        ScatterFixed<2>(view, rows, pointers, c, offset);
        break;
      case 4:
        ScatterFixed<4>(view, rows, pointers, c, offset);
        break;
      case 8:
        ScatterFixed<8>(view, rows, pointers, c, offset);
        break;
      default:
        ScatterFixed<16>(view, rows, pointers, c, offset);
        break;
    }
  }
  return true;
}

uint32_t RowStore::Scan(Position* position, uint32_t limit, std::byte** pointers) const {
  const size_t row_bytes = layout_.row_bytes();
  uint32_t count = 0;
  while (count < limit && position->segment < segments_.size()) {
    const Segment& segment = segments_[position->segment];
    if (position->row == segment.count) {
      // The last segment may still grow.
      if (position->segment + 1 == segments_.size()) break;
      ++position->segment;
      position->row = 0;
      continue;
    }
    pointers[count++] = segment.first + position->row++ * row_bytes;
  }
  return count;
}

void RowStore::Gather(const RowLayout& layout, size_t column, const std::byte* const* pointers, uint32_t count, Vector* out,
                      uint32_t to) {
  const size_t offset = layout.offset(column);
  switch (layout.type(column).width()) {
    case 1:
      return GatherFixed<1>(pointers, count, column, offset, reinterpret_cast<std::byte*>(out->data<uint8_t>()), out, to);
    case 2:
      return GatherFixed<2>(pointers, count, column, offset, reinterpret_cast<std::byte*>(out->data<uint16_t>()), out, to);
    case 4:
      return GatherFixed<4>(pointers, count, column, offset, reinterpret_cast<std::byte*>(out->data<uint32_t>()), out, to);
    case 8:
      return GatherFixed<8>(pointers, count, column, offset, reinterpret_cast<std::byte*>(out->data<uint64_t>()), out, to);
    default:
      return GatherFixed<16>(pointers, count, column, offset, reinterpret_cast<std::byte*>(out->data<vec::Uuid>()), out, to);
  }
}

void RowStore::Reset(size_t keep_bytes) {
  rows_.Reset(keep_bytes / 2);
  strings_.Reset(keep_bytes / 2);
  segments_.clear();
  size_ = 0;
}

}  // namespace turdb::exec
