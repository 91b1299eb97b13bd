#include "btree/dense_node.h"

#include <algorithm>

namespace turdb::btree::dense {

namespace {

size_t CellBytes(const std::byte* page, size_t index) { return kCellHeaderBytes + ValueAt(page, index).size(); }

// Compaction that drops the cell of entry `without` and leaves its place a hole.
constexpr size_t kNone = SIZE_MAX;
void CompactWithout(std::byte* page, size_t without) {
  alignas(8) std::byte old[kPageSize];
  std::memcpy(old, page, kPageSize);
  const NodeHeader& from = Header(old);
  FormatNode(page, PageHead(old).kind, PageHead(old).flags, from.level, FencesOf(old), from.next_leaf);
  PageHead(page).cell_count = PageHead(old).cell_count;
  Header(page).dense_base = from.dense_base;
  Header(page).dense_span = from.dense_span;
  for (size_t i = 0; i < from.dense_span; ++i) {
    if (i == without || !UsedAt(old, i)) continue;
    const size_t size = CellBytes(old, i);
    const uint16_t offset = AllocateCell(page, size);
    std::memcpy(page + offset, old + Offsets(old)[i], size);
    Offsets(page)[i] = offset;
  }
}

// The base and span that cover the key too. Spans beyond the page's size come out as such.
struct Range {
  int64_t base;
  uint64_t span;
};
Range RangeWith(const std::byte* page, int64_t key) {
  const NodeHeader& node = Header(page);
  if (node.dense_span == 0) return {key, 1};
  const uint64_t last = static_cast<uint64_t>(node.dense_base) + node.dense_span - 1;
  const int64_t base = std::min(node.dense_base, key);
  const int64_t end = std::max(static_cast<int64_t>(last), key);
  return {base, static_cast<uint64_t>(end) - static_cast<uint64_t>(base) + 1};
}

}  // namespace

void SetGhost(std::byte* page, size_t index, bool ghost) {
  std::byte* cell = page + Offsets(page)[index];
  const uint16_t length = base::LoadLE<uint16_t>(cell);
  base::StoreLE(cell, static_cast<uint16_t>(ghost ? length | kGhost : length & ~kGhost));
}

bool InsertFits(const std::byte* page, int64_t key, size_t value_size) {
  // The next key, or one in a hole: of an array that is worth it.
  const NodeHeader& node = Header(page);
  const uint64_t index = static_cast<uint64_t>(key) - static_cast<uint64_t>(node.dense_base);
  if (node.dense_span != 0 && key >= node.dense_base && index <= node.dense_span &&
      WorthIt(node.dense_span + uint64_t{1}, PageHead(page).cell_count)) {
    const size_t grow = index == node.dense_span ? sizeof(uint16_t) : 0;
    return grow + kCellHeaderBytes + value_size <= TotalFree(page);
  }
  const Range range = RangeWith(page, key);
  const size_t span = Header(page).dense_span;
  // Span 0 stands for 2^64 places.
  if (range.span == 0 || range.span > (kPageSize - kNodeHeaderEnd) / sizeof(uint16_t)) return false;
  if (range.span > span && !WorthIt(range.span, PageHead(page).cell_count + size_t{1})) return false;
  return sizeof(uint16_t) * (range.span - span) + kCellHeaderBytes + value_size <= TotalFree(page);
}

size_t Insert(std::byte* page, int64_t key, Bytes value, bool ghost) {
  TURDB_DCHECK(InsertFits(page, key, value.size()));
  const Range range = RangeWith(page, key);
  const size_t cell_bytes = kCellHeaderBytes + value.size();
  const size_t old_span = Header(page).dense_span;
  const size_t grow = range.span - old_span;
  if (ContiguousFree(page) < sizeof(uint16_t) * grow + cell_bytes) Compact(page);
  NodeHeader& node = Header(page);
  uint16_t* offsets = Offsets(page);
  if (grow == 1 && range.base == node.dense_base && old_span != 0) {
    offsets[old_span] = 0;
    ++node.dense_span;
  } else if (grow != 0) {
    const size_t shift = old_span == 0 ? 0 : static_cast<uint64_t>(node.dense_base) - static_cast<uint64_t>(range.base);
    std::memmove(offsets + shift, offsets, sizeof(uint16_t) * old_span);
    std::fill(offsets, offsets + shift, uint16_t{0});
    std::fill(offsets + shift + old_span, offsets + range.span, uint16_t{0});
    node.dense_base = range.base;
    node.dense_span = static_cast<uint16_t>(range.span);
  }
  const size_t index = IndexOf(page, key);
  TURDB_CHECK_LT(index, size_t{node.dense_span});
  TURDB_CHECK_EQ(offsets[index], 0);
  const uint16_t offset = AllocateCell(page, cell_bytes);
  base::StoreLE(page + offset, static_cast<uint16_t>(value.size() | (ghost ? kGhost : 0u)));
  if (!value.empty()) std::memcpy(page + offset + kCellHeaderBytes, value.data(), value.size());
  offsets[index] = offset;
  ++PageHead(page).cell_count;
  return index;
}

bool ReplaceFits(const std::byte* page, size_t index, size_t value_size) {
  const size_t old_size = ValueAt(page, index).size();
  return value_size <= old_size || value_size - old_size <= TotalFree(page);
}

void Replace(std::byte* page, size_t index, Bytes value) {
  TURDB_CHECK(UsedAt(page, index) && ReplaceFits(page, index, value.size()));
  uint16_t offset = Offsets(page)[index];
  const size_t old_size = ValueAt(page, index).size();
  const bool ghost = GhostAt(page, index);
  if (value.size() > old_size) {
    if (ContiguousFree(page) >= kCellHeaderBytes + value.size()) {
      FreeCell(page, offset, kCellHeaderBytes + old_size);
    } else {
      CompactWithout(page, index);
    }
    offset = AllocateCell(page, kCellHeaderBytes + value.size());
    Offsets(page)[index] = offset;
  } else {
    NodeHeader& node = Header(page);
    node.fragmented = static_cast<uint16_t>(node.fragmented + (old_size - value.size()));
  }
  base::StoreLE(page + offset, static_cast<uint16_t>(value.size() | (ghost ? kGhost : 0u)));
  if (!value.empty()) std::memcpy(page + offset + kCellHeaderBytes, value.data(), value.size());
}

void RemoveAt(std::byte* page, size_t index) {
  NodeHeader& node = Header(page);
  TURDB_CHECK_LT(index, size_t{node.dense_span});
  TURDB_CHECK(UsedAt(page, index));
  uint16_t* offsets = Offsets(page);
  FreeCell(page, offsets[index], CellBytes(page, index));
  offsets[index] = 0;
  --PageHead(page).cell_count;
  size_t span = node.dense_span;
  while (span > 0 && offsets[span - 1] == 0) --span;
  node.dense_span = static_cast<uint16_t>(span);
}

bool AddUpperFence(std::byte* page, Bytes upper) {
  if (ContiguousFree(page) < upper.size()) return false;
  NodeHeader& node = Header(page);
  node.upper_offset = AllocateCell(page, upper.size());
  node.upper_length = static_cast<uint16_t>(upper.size());
  std::memcpy(page + node.upper_offset, upper.data(), upper.size());
  node.prefix_length = static_cast<uint16_t>(CommonPrefixLength(LowerFence(page), upper));
  return true;
}

void Compact(std::byte* page) { CompactWithout(page, kNone); }

}  // namespace turdb::btree::dense
