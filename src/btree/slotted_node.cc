#include "btree/slotted_node.h"

#include <algorithm>

#include "base/prefetch.h"

namespace turdb::btree::slotted {

namespace {

size_t CellBytes(const std::byte* page, const Slot& slot) {
  return kCellHeaderBytes + slot.suffix_length() + base::LoadLE<uint16_t>(page + slot.offset);
}

// Compaction that leaves out the value of entry `without` (its cell is dropped, its slot kept with
// offset 0); no index drops nothing.
constexpr size_t kNone = SIZE_MAX;
void CompactWithout(std::byte* page, size_t without) {
  alignas(8) std::byte old[kPageSize];
  std::memcpy(old, page, kPageSize);
  const NodeHeader& from = Header(old);
  FormatNode(page, PageHead(old).kind, PageHead(old).flags, from.level, FencesOf(old), from.next_leaf);
  const size_t count = PageHead(old).cell_count;
  PageHead(page).cell_count = static_cast<uint16_t>(count);
  for (size_t i = 0; i < count; ++i) {
    Slot slot = Slots(old)[i];
    if (i == without) {
      slot.offset = 0;
    } else {
      const size_t size = CellBytes(old, slot);
      const uint16_t offset = AllocateCell(page, size);
      std::memcpy(page + offset, old + slot.offset, size);
      slot.offset = offset;
    }
    Slots(page)[i] = slot;
  }
}

}  // namespace

Position Find(const std::byte* page, Bytes key) {
  const size_t count = PageHead(page).cell_count;
  const Slot* slots = Slots(page);
  base::PrefetchLines(slots, count * sizeof(Slot));
  const size_t prefix = Header(page).prefix_length;
  TURDB_DCHECK_LE(prefix, key.size());
  const Bytes suffix = key.subspan(prefix);
  const uint32_t hint = HintOf(suffix);
  size_t first = LowerBoundOfHints(slots, count, hint);
  // Equal hints: usually none or one, but as many as the keys have four bytes in common.
  size_t last = first;
  if (last < count && slots[last].hint == hint) {
    last = hint == UINT32_MAX ? count : first + LowerBoundOfHints(slots + first, count - first, hint + 1);
  }
  while (first < last) {
    const size_t middle = first + (last - first) / 2;
    const int order = base::CompareBytes(SuffixAt(page, middle), suffix);
    if (order == 0) return {middle, true};
    if (order < 0) {
      first = middle + 1;
    } else {
      last = middle;
    }
  }
  return {first, false};
}

void SetGhost(std::byte* page, size_t index, bool ghost) {
  Slot& slot = Slots(page)[index];
  slot.length = static_cast<uint16_t>(ghost ? slot.length | Slot::kGhost : slot.length & ~Slot::kGhost);
}

void InsertAt(std::byte* page, size_t index, Bytes key, Bytes value, bool ghost) {
  PageHeader& head = PageHead(page);
  const size_t count = head.cell_count;
  TURDB_CHECK_LE(index, count);
  const Bytes suffix = key.subspan(Header(page).prefix_length);
  const size_t cell_bytes = kCellHeaderBytes + suffix.size() + value.size();
  TURDB_CHECK_LE(sizeof(Slot) + cell_bytes, TotalFree(page));
  if (ContiguousFree(page) < sizeof(Slot) + cell_bytes) Compact(page);
  Slot* slots = Slots(page);
  std::memmove(slots + index + 1, slots + index, sizeof(Slot) * (count - index));
  head.cell_count = static_cast<uint16_t>(count + 1);
  const uint16_t offset = AllocateCell(page, cell_bytes);
  base::StoreLE(page + offset, static_cast<uint16_t>(value.size()));
  std::memcpy(page + offset + kCellHeaderBytes, suffix.data(), suffix.size());
  if (!value.empty()) std::memcpy(page + offset + kCellHeaderBytes + suffix.size(), value.data(), value.size());
  slots[index] = Slot{HintOf(suffix), offset, static_cast<uint16_t>(suffix.size() | (ghost ? Slot::kGhost : 0u))};
}

void AppendRange(const std::byte* from, size_t first, size_t last, std::byte* to) {
  const size_t from_prefix = Header(from).prefix_length, to_prefix = Header(to).prefix_length;
  // A split lets the common prefix grow, a merge lets it shrink.
  const size_t dropped = to_prefix > from_prefix ? to_prefix - from_prefix : 0;
  const Bytes added = to_prefix < from_prefix ? Prefix(from).subspan(to_prefix) : Bytes();
  const Slot* const source = Slots(from);
  Slot* slot = Slots(to) + PageHead(to).cell_count;
  for (size_t i = first; i < last; ++i, ++slot) {
    const size_t length = source[i].suffix_length();
    TURDB_DCHECK_LE(dropped, length);
    const std::byte* const cell = from + source[i].offset;
    const size_t value_size = base::LoadLE<uint16_t>(cell);
    const size_t suffix_size = added.size() + length - dropped;
    const size_t cell_bytes = kCellHeaderBytes + suffix_size + value_size;
    TURDB_CHECK_LE(sizeof(Slot) + cell_bytes, ContiguousFree(to));
    ++PageHead(to).cell_count;
    const uint16_t offset = AllocateCell(to, cell_bytes);
    std::byte* const copy = to + offset;
    base::StoreLE(copy, static_cast<uint16_t>(value_size));
    if (!added.empty()) std::memcpy(copy + kCellHeaderBytes, added.data(), added.size());
    std::memcpy(copy + kCellHeaderBytes + added.size(), cell + kCellHeaderBytes + dropped, length - dropped + value_size);
    *slot = Slot{HintOf({copy + kCellHeaderBytes, suffix_size}), offset,
                 static_cast<uint16_t>(suffix_size | (source[i].ghost() ? Slot::kGhost : 0u))};
  }
}

bool ReplaceFits(const std::byte* page, size_t index, size_t value_size) {
  const size_t old_size = ValueAt(page, index).size();
  return value_size <= old_size || value_size - old_size <= TotalFree(page);
}

void Replace(std::byte* page, size_t index, Bytes value) {
  TURDB_CHECK(ReplaceFits(page, index, value.size()));
  const Slot slot = Slots(page)[index];
  const size_t suffix = slot.suffix_length();
  const size_t old_size = base::LoadLE<uint16_t>(page + slot.offset);
  if (value.size() <= old_size) {
    base::StoreLE(page + slot.offset, static_cast<uint16_t>(value.size()));
    if (!value.empty()) std::memcpy(page + slot.offset + kCellHeaderBytes + suffix, value.data(), value.size());
    if (value.size() < old_size) {
      NodeHeader& node = Header(page);
      node.fragmented = static_cast<uint16_t>(node.fragmented + (old_size - value.size()));
    }
    return;
  }
  std::byte key[base::kMaxKeyBytes];
  TURDB_CHECK_LE(suffix, sizeof(key));
  std::memcpy(key, page + slot.offset + kCellHeaderBytes, suffix);
  const size_t cell_bytes = kCellHeaderBytes + suffix + value.size();
  if (ContiguousFree(page) >= cell_bytes) {
    FreeCell(page, slot.offset, kCellHeaderBytes + suffix + old_size);
  } else {
    CompactWithout(page, index);
  }
  const uint16_t offset = AllocateCell(page, cell_bytes);
  base::StoreLE(page + offset, static_cast<uint16_t>(value.size()));
  std::memcpy(page + offset + kCellHeaderBytes, key, suffix);
  std::memcpy(page + offset + kCellHeaderBytes + suffix, value.data(), value.size());
  Slots(page)[index].offset = offset;
}

void RemoveAt(std::byte* page, size_t index) {
  PageHeader& head = PageHead(page);
  const size_t count = head.cell_count;
  TURDB_CHECK_LT(index, count);
  Slot* slots = Slots(page);
  FreeCell(page, slots[index].offset, CellBytes(page, slots[index]));
  std::memmove(slots + index, slots + index + 1, sizeof(Slot) * (count - index - 1));
  head.cell_count = static_cast<uint16_t>(count - 1);
}

void Compact(std::byte* page) { CompactWithout(page, kNone); }

}  // namespace turdb::btree::slotted
