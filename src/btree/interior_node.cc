#include "btree/interior_node.h"

#include <algorithm>

namespace turdb::btree::interior {

namespace {

bool IsInt64Node(const std::byte* page) { return (LoadRelaxed<uint8_t>(page + offsetof(PageHeader, flags)) & kInt64Tree) != 0; }

Slot LoadSlot(const Slot* slot) { return std::bit_cast<Slot>(LoadRelaxed<uint64_t>(slot)); }

// memcmp of a suffix in the page with `key`, in relaxed words. `offset` is a multiple of four.
int CompareSuffix(const std::byte* page, size_t offset, size_t length, Bytes key) {
  const size_t common = std::min(length, key.size());
  for (size_t at = 0; at < common; at += 4) {
    const uint32_t here = LoadRelaxed<uint32_t>(page + offset + at);
    uint32_t there = 0;
    const size_t bytes = std::min<size_t>(4, common - at);
    std::memcpy(&there, key.data() + at, bytes);
    const uint32_t mask = bytes == 4 ? UINT32_MAX : (uint32_t{1} << (8 * bytes)) - 1;
    const uint32_t a = base::ByteSwap(here & mask), b = base::ByteSwap(there);
    if (a != b) return a < b ? -1 : 1;
  }
  return length < key.size() ? -1 : static_cast<int>(length > key.size());
}

// Compares the separator in a slot with a key suffix; offsets that make no sense (a page in change) are bounded.
int CompareSlot(const std::byte* page, const Slot& slot, Bytes suffix) {
  const size_t offset = std::min<size_t>(slot.offset & ~3u, kPageSize - kCellHeaderBytes) + kCellHeaderBytes;
  const size_t length = std::min(slot.suffix_length(), kPageSize - offset);
  return CompareSuffix(page, offset, length, suffix);
}

}  // namespace

PageNo ChildAt(const std::byte* page, size_t index) {
  const size_t count = std::min<size_t>(LoadRelaxed<uint16_t>(&PageHead(page).cell_count), kMaxSlots);
  if (index >= count) return LoadRelaxed<uint32_t>(&Header(page).rightmost_child);
  const size_t offset = std::min<size_t>(LoadSlot(Slots(page) + index).offset & ~3u, kPageSize - kCellHeaderBytes);
  return LoadRelaxed<uint32_t>(page + offset);
}

namespace {

// The suffix in a slot as a big-endian number, zeros behind it. REQUIRES: it has at most eight bytes, unless the page is
// in change.
uint64_t SuffixNumber(const std::byte* page, const Slot& slot) {
  const size_t length = slot.suffix_length();
  const size_t offset = (slot.offset & ~3u) + kCellHeaderBytes;
  const auto word = [&](size_t at) { return base::ByteSwap(LoadRelaxed<uint32_t>(page + std::min(at, kPageSize - 4))); };
  const uint64_t high = length > 0 ? word(offset) : 0;
  const uint32_t low = length > 4 ? word(offset + 4) : 0;
  return high << 32 | low;
}

// The first of the slots [first, last) whose separator is greater than the int64 key, whose suffix is `key_suffix`.
// Cutting a separator short leaves its number as it is, and it only becomes less by it: a separator whose number is
// the key's is not greater than the key.
size_t SearchNumbers(const std::byte* page, const Slot* slots, size_t first, size_t last, Bytes key_suffix) {
  std::byte padded[8] = {};
  std::memcpy(padded, key_suffix.data(), std::min<size_t>(key_suffix.size(), sizeof(padded)));
  const uint64_t key = base::LoadBE<uint64_t>(padded);
  size_t count = last - first;
  while (count > 0) {
    const size_t half = count / 2;
    const bool above = SuffixNumber(page, LoadSlot(slots + first + half)) > key;
    first = above ? first : first + half + 1;
    count = above ? half : count - half - 1;
  }
  return first;
}

// The first slot whose separator is greater than the key (kInclusive: not less), and its child.
template <bool kInclusive>
ChildPosition Search(const std::byte* page, Bytes key) {
  const size_t count = std::min<size_t>(LoadRelaxed<uint16_t>(&PageHead(page).cell_count), kMaxSlots);
  const Slot* slots = Slots(page);
  const size_t prefix = std::min<size_t>(LoadRelaxed<uint16_t>(&Header(page).prefix_length), key.size());
  const Bytes suffix = key.subspan(prefix);
  const uint32_t hint = HintOf(suffix);
  if constexpr (!kInclusive) {
    // At the edges of a tree nodes have no common prefix, and all hints are the same.
    if (IsInt64Node(page) && count > 0 &&
        LoadRelaxed<uint32_t>(&slots[0].hint) == LoadRelaxed<uint32_t>(&slots[count - 1].hint)) {
      const size_t found = SearchNumbers(page, slots, 0, count, suffix);
      return {found, ChildAt(page, found)};
    }
  }
  size_t first = LowerBoundOfHints(slots, count, hint);
  size_t last = first;
  if (last < count && LoadRelaxed<uint32_t>(&slots[last].hint) == hint) {
    last = hint == UINT32_MAX ? count : first + LowerBoundOfHints(slots + first, count - first, hint + 1);
  }
  while (first < last) {
    const size_t middle = first + (last - first) / 2;
    if (CompareSlot(page, LoadSlot(slots + middle), suffix) <= (kInclusive ? -1 : 0)) {
      first = middle + 1;
    } else {
      last = middle;
    }
  }
  return {first, ChildAt(page, first)};
}

}  // namespace

ChildPosition FindChild(const std::byte* page, Bytes key) { return Search<false>(page, key); }
ChildPosition FindChildBelow(const std::byte* page, Bytes key) { return Search<true>(page, key); }

Bytes SeparatorAt(const std::byte* page, size_t index, std::byte* buffer) {
  const Bytes prefix = Prefix(page), suffix = SeparatorSuffixAt(page, index);
  TURDB_CHECK_LE(prefix.size() + suffix.size(), base::kMaxKeyBytes);
  if (!prefix.empty()) std::memcpy(buffer, prefix.data(), prefix.size());
  if (!suffix.empty()) std::memcpy(buffer + prefix.size(), suffix.data(), suffix.size());
  return {buffer, prefix.size() + suffix.size()};
}

bool InsertFits(const std::byte* page, size_t separator_size) {
  return sizeof(Slot) + AlignedCellBytes(separator_size - Header(page).prefix_length) <= TotalFree(page);
}

namespace {

void PlaceAt(std::byte* page, size_t index, Bytes suffix, PageNo child) {
  const size_t cell_bytes = AlignedCellBytes(suffix.size());
  if (ContiguousFree(page) < sizeof(Slot) + cell_bytes) Compact(page);
  PageHeader& head = PageHead(page);
  Slot* slots = Slots(page);
  std::memmove(slots + index + 1, slots + index, sizeof(Slot) * (head.cell_count - index));
  ++head.cell_count;
  const uint16_t offset = AllocateCell(page, cell_bytes);
  std::memset(page + offset, 0, cell_bytes);
  base::StoreLE(page + offset, child);
  if (!suffix.empty()) std::memcpy(page + offset + kCellHeaderBytes, suffix.data(), suffix.size());
  slots[index] = Slot{HintOf(suffix), offset, static_cast<uint16_t>(suffix.size())};
}

}  // namespace

void InsertSeparator(std::byte* page, Bytes separator, PageNo right) {
  TURDB_CHECK(InsertFits(page, separator.size()));
  const ChildPosition at = FindChild(page, separator);
  TURDB_CHECK_NE(at.child, base::kNoPage);
  PlaceAt(page, at.index, separator.subspan(Header(page).prefix_length), at.child);
  SetChild(page, at.index + 1, right);
}

void SetChild(std::byte* page, size_t index, PageNo child) {
  if (index == PageHead(page).cell_count) {
    Header(page).rightmost_child = child;
  } else {
    base::StoreLE(page + Slots(page)[index].offset, child);
  }
}

void RemoveSeparator(std::byte* page, size_t index) {
  PageHeader& head = PageHead(page);
  const size_t count = head.cell_count;
  TURDB_CHECK_LT(index, count);
  Slot* slots = Slots(page);
  SetChild(page, index + 1, ChildAt(page, index));
  FreeCell(page, slots[index].offset, AlignedCellBytes(slots[index].suffix_length()));
  std::memmove(slots + index, slots + index + 1, sizeof(Slot) * (count - index - 1));
  head.cell_count = static_cast<uint16_t>(count - 1);
}

void Append(std::byte* page, Bytes separator, PageNo child_below) {
  TURDB_CHECK(InsertFits(page, separator.size()));
  PlaceAt(page, PageHead(page).cell_count, separator.subspan(Header(page).prefix_length), child_below);
}

void Compact(std::byte* page) {
  alignas(8) std::byte old[kPageSize];
  std::memcpy(old, page, kPageSize);
  const NodeHeader& from = Header(old);
  FormatNode(page, PageHead(old).kind, PageHead(old).flags, from.level, FencesOf(old), from.next_leaf);
  Header(page).rightmost_child = from.rightmost_child;
  const size_t count = PageHead(old).cell_count;
  PageHead(page).cell_count = static_cast<uint16_t>(count);
  for (size_t i = 0; i < count; ++i) {
    Slot slot = Slots(old)[i];
    const size_t size = AlignedCellBytes(slot.suffix_length());
    const uint16_t offset = AllocateCell(page, size);
    std::memcpy(page + offset, old + slot.offset, size);
    slot.offset = offset;
    Slots(page)[i] = slot;
  }
}

size_t MiddleOf(const std::byte* page) {
  const size_t count = PageHead(page).cell_count;
  TURDB_CHECK_GE(count, size_t{3});
  size_t total = 0;
  for (size_t i = 0; i < count; ++i) total += sizeof(Slot) + AlignedCellBytes(Slots(page)[i].suffix_length());
  size_t below = 0;
  for (size_t i = 0; i < count; ++i) {
    below += sizeof(Slot) + AlignedCellBytes(Slots(page)[i].suffix_length());
    if (2 * below >= total) return std::clamp<size_t>(i, 1, count - 2);
  }
  return count / 2;
}

void Split(const std::byte* page, size_t middle, std::byte* left, std::byte* right) {
  const size_t count = PageHead(page).cell_count;
  TURDB_CHECK_LT(middle, count);
  std::byte buffer[base::kMaxKeyBytes];
  for (size_t i = 0; i < count; ++i) {
    if (i == middle) continue;
    Append(i < middle ? left : right, SeparatorAt(page, i, buffer), ChildAt(page, i));
  }
  Header(left).rightmost_child = ChildAt(page, middle);
  Header(right).rightmost_child = Header(page).rightmost_child;
}

namespace {

Fences MergedFences(const std::byte* left, const std::byte* right) {
  const Fences a = FencesOf(left), b = FencesOf(right);
  return {a.lower, b.upper, b.has_upper};
}

}  // namespace

size_t MergedBytes(const std::byte* left, Bytes separator, const std::byte* right) {
  const Fences fences = MergedFences(left, right);
  const size_t prefix = fences.has_upper ? CommonPrefixLength(fences.lower, fences.upper) : 0;
  size_t bytes = ((fences.lower.size() + fences.upper.size() + 3) & ~size_t{3}) + sizeof(Slot) +
                 AlignedCellBytes(separator.size() - prefix);
  for (const std::byte* page : {left, right}) {
    const size_t longer = Header(page).prefix_length - prefix;
    for (size_t i = 0; i < PageHead(page).cell_count; ++i) {
      bytes += sizeof(Slot) + AlignedCellBytes(Slots(page)[i].suffix_length() + longer);
    }
  }
  return bytes;
}

void BuildMerged(const std::byte* left, Bytes separator, const std::byte* right, std::byte* merged) {
  FormatNode(merged, PageKind::kInterior, PageHead(left).flags, Header(left).level, MergedFences(left, right), base::kNoPage);
  std::byte buffer[base::kMaxKeyBytes];
  for (size_t i = 0; i < PageHead(left).cell_count; ++i) Append(merged, SeparatorAt(left, i, buffer), ChildAt(left, i));
  Append(merged, separator, Header(left).rightmost_child);
  for (size_t i = 0; i < PageHead(right).cell_count; ++i) Append(merged, SeparatorAt(right, i, buffer), ChildAt(right, i));
  Header(merged).rightmost_child = Header(right).rightmost_child;
}

}  // namespace turdb::btree::interior
