// What all B+tree pages share: the node header, slots, fences, and the search over key hints. FORMAT.md
// draws the layout. The functions here and in slotted_node.h, dense_node.h, interior_node.h and leaf.h
// know one page and nothing else, so that running the database and redoing its log go through the same
// code.
#ifndef TURDB_BTREE_NODE_H_
#define TURDB_BTREE_NODE_H_

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"
#include "base/check.h"
#include "base/ids.h"
#include "base/limits.h"
#include "storage/page.h"

namespace turdb::btree {

using base::Bytes;
using base::kPageSize;
using base::PageNo;
using storage::PageHeader;
using storage::PageKind;

static_assert(std::endian::native == std::endian::little, "pages are overlaid with structs in the byte order of the file");

inline constexpr size_t kNodeHeaderEnd = 64;
inline constexpr size_t kMaxSlots = (kPageSize - kNodeHeaderEnd) / 8;

// Bits of PageHeader::flags in a node. On disk: do not change.
inline constexpr uint8_t kInt64Tree = 0x01;  // keys are 8 bytes; leaves of this tree may be dense

// Bytes 16..63 of every node. On disk: do not change.
struct NodeHeader {
  PageNo next_leaf;        // leaves: the right neighbour, 0 at the right edge; interior nodes: 0
  PageNo rightmost_child;  // interior nodes: the child right of the last separator; leaves: 0
  uint16_t heap_begin;     // cells and fences fill [heap_begin, 16384), with holes
  uint16_t fragmented;     // bytes of those holes
  uint16_t prefix_length;  // length of the prefix common to both fences, left out of every stored key
  uint8_t level;           // 0 in leaves, one more than the children otherwise
  uint8_t reserved0;       // zero
  uint16_t lower_offset;   // the lower fence, inclusive; length 0 means that there is none
  uint16_t lower_length;
  uint16_t upper_offset;  // the upper fence, exclusive; offset 0 means that there is none
  uint16_t upper_length;
  int64_t dense_base;     // dense leaves: the key of offset-array entry 0
  uint16_t dense_span;    // dense leaves: entries of the offset array, the last one in use
  uint16_t reserved1;     // zero
  PageNo first_pending;   // root: the first overflow chain that waits to be freed (overflow.cc); elsewhere 0
  uint16_t reserved2[4];  // zero
};
static_assert(sizeof(NodeHeader) == kNodeHeaderEnd - storage::kPageHeaderBytes);
static_assert(offsetof(NodeHeader, heap_begin) == 8 && offsetof(NodeHeader, level) == 14 &&
              offsetof(NodeHeader, lower_offset) == 16 && offsetof(NodeHeader, dense_base) == 24 &&
              offsetof(NodeHeader, dense_span) == 32 && offsetof(NodeHeader, first_pending) == 36);

// Of slotted leaves and interior nodes, sorted by key. On disk: do not change.
struct Slot {
  uint32_t hint;    // the four key bytes after the common prefix, zero-padded, as a big-endian number
  uint16_t offset;  // of the cell
  uint16_t length;  // bits 0..14: bytes of the key after the common prefix; bit 15: ghost (leaves only)

  static constexpr uint16_t kGhost = 0x8000;
  size_t suffix_length() const { return length & 0x7fffu; }
  bool ghost() const { return (length & kGhost) != 0; }
};
static_assert(sizeof(Slot) == 8 && alignof(Slot) <= 8);

inline PageHeader& PageHead(std::byte* page) { return *reinterpret_cast<PageHeader*>(page); }
inline const PageHeader& PageHead(const std::byte* page) { return *reinterpret_cast<const PageHeader*>(page); }
inline NodeHeader& Header(std::byte* page) { return *reinterpret_cast<NodeHeader*>(page + storage::kPageHeaderBytes); }
inline const NodeHeader& Header(const std::byte* page) {
  return *reinterpret_cast<const NodeHeader*>(page + storage::kPageHeaderBytes);
}
inline Slot* Slots(std::byte* page) { return reinterpret_cast<Slot*>(page + kNodeHeaderEnd); }
inline const Slot* Slots(const std::byte* page) { return reinterpret_cast<const Slot*>(page + kNodeHeaderEnd); }

inline bool IsLeaf(const std::byte* page) {
  return PageHead(page).kind == PageKind::kSlottedLeaf || PageHead(page).kind == PageKind::kDenseLeaf;
}
inline bool IsNode(const std::byte* page) { return IsLeaf(page) || PageHead(page).kind == PageKind::kInterior; }
inline bool IsInt64Tree(const std::byte* page) { return (PageHead(page).flags & kInt64Tree) != 0; }

inline Bytes LowerFence(const std::byte* page) { return {page + Header(page).lower_offset, Header(page).lower_length}; }
inline bool HasUpperFence(const std::byte* page) { return Header(page).upper_offset != 0; }
// REQUIRES: HasUpperFence(page).
inline Bytes UpperFence(const std::byte* page) { return {page + Header(page).upper_offset, Header(page).upper_length}; }
inline Bytes Prefix(const std::byte* page) { return LowerFence(page).first(Header(page).prefix_length); }
// Whether the node's range, [lower, upper), holds the key.
bool Covers(const std::byte* page, Bytes key);

// Both fences; an absent upper one is +infinity.
struct Fences {
  Bytes lower;
  Bytes upper;
  bool has_upper = false;
};
inline Fences FencesOf(const std::byte* page) {
  return {LowerFence(page), HasUpperFence(page) ? UpperFence(page) : Bytes(), HasUpperFence(page)};
}

size_t CommonPrefixLength(Bytes a, Bytes b);
// The shortest s with left_max < s <= right_min: a prefix of right_min. REQUIRES: left_max < right_min.
Bytes ShortestSeparator(Bytes left_max, Bytes right_min);

// Makes an empty node of what was there; CRC, LSN and first_pending stay. The fences may not point into the page.
void FormatNode(std::byte* page, PageKind kind, uint8_t flags, uint8_t level, const Fences& fences, PageNo next_leaf);

// End of the slot or offset array; [LowEnd, heap_begin) is free.
inline size_t LowEnd(const std::byte* page) {
  if (PageHead(page).kind == PageKind::kDenseLeaf) return kNodeHeaderEnd + sizeof(uint16_t) * Header(page).dense_span;
  return kNodeHeaderEnd + sizeof(Slot) * PageHead(page).cell_count;
}
inline size_t ContiguousFree(const std::byte* page) { return Header(page).heap_begin - LowEnd(page); }
// What compaction can make contiguous.
inline size_t TotalFree(const std::byte* page) { return ContiguousFree(page) + Header(page).fragmented; }
// Bytes in use behind the node header, of kPageSize - kNodeHeaderEnd.
inline size_t UsedBytes(const std::byte* page) { return kPageSize - kNodeHeaderEnd - TotalFree(page); }

// Takes `size` bytes of the heap. REQUIRES: they are contiguous. Returns the offset.
inline uint16_t AllocateCell(std::byte* page, size_t size) {
  NodeHeader& node = Header(page);
  TURDB_CHECK_LE(LowEnd(page) + size, node.heap_begin);
  node.heap_begin = static_cast<uint16_t>(node.heap_begin - size);
  return node.heap_begin;
}
// Gives a cell back: to the free gap when it is the lowest one, to the fragments otherwise.
void FreeCell(std::byte* page, size_t offset, size_t size);

// A node as log payload: the bytes that mean something. CRC and LSN are left out.
std::array<Bytes, 3> NodeImageParts(const std::byte* page);
// Whether `payload` is such an image of a sound length.
bool NodeImageIsSound(Bytes payload);
// REQUIRES: NodeImageIsSound(payload).
void ApplyNodeImage(std::byte* page, Bytes payload);

// A private page to build a node in.
struct alignas(64) PageCopy {
  PageCopy() { Header(bytes).first_pending = base::kNoPage; }
  explicit PageCopy(const std::byte* page) { std::memcpy(bytes, page, kPageSize); }
  PageCopy(const PageCopy&) = delete;
  PageCopy& operator=(const PageCopy&) = delete;
  std::byte* data() { return bytes; }
  std::byte bytes[kPageSize];
};

// Copies a node over another in relaxed words, because optimistic readers may be looking (kernel rule 9).
// CRC and LSN of `to` stay.
void CopyNodeRelaxed(std::byte* to, const std::byte* from);

template <typename T>
T LoadRelaxed(const void* address) {
  return std::atomic_ref<T>(*static_cast<T*>(const_cast<void*>(address))).load(std::memory_order_relaxed);
}

// The hint of a key whose common prefix is already cut off.
inline uint32_t HintOf(Bytes suffix) {
  if (suffix.size() >= 4) [[likely]]
    return base::LoadBE<uint32_t>(suffix.data());
  uint32_t hint = 0;
  for (size_t i = 0; i < suffix.size(); ++i) hint |= static_cast<uint32_t>(suffix[i]) << (24 - 8 * i);
  return hint;
}

// First of `count` slots whose hint is not less than `hint`. Reads relaxed; bounded whatever it reads.
inline size_t LowerBoundOfHints(const Slot* slots, size_t count, uint32_t hint) {
  if (count == 0) return 0;
  const Slot* first = slots;
  while (count > 1) {
    const size_t half = count / 2;
    first += LoadRelaxed<uint32_t>(&first[half - 1].hint) < hint ? half : 0;
    count -= half;
  }
  return static_cast<size_t>(first - slots) + (LoadRelaxed<uint32_t>(&first->hint) < hint ? 1 : 0);
}

}  // namespace turdb::btree

#endif  // TURDB_BTREE_NODE_H_
