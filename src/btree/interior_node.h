// Interior nodes: n separators and n + 1 children. Slot i holds separator i and, in its cell {u32 child,
// key suffix}, the child for keys below it; rightmost_child is for keys from the last separator on.
// Cells are aligned to four bytes and read in relaxed words, because descents look at interior nodes
// without a latch and validate afterwards (kernel rule 9). Writers change a private copy and store it back
// with CopyNodeRelaxed.
#ifndef TURDB_BTREE_INTERIOR_NODE_H_
#define TURDB_BTREE_INTERIOR_NODE_H_

#include <span>

#include "btree/node.h"

namespace turdb::btree::interior {

inline constexpr size_t kCellHeaderBytes = 4;
inline size_t AlignedCellBytes(size_t suffix_size) { return (kCellHeaderBytes + suffix_size + 3) & ~size_t{3}; }

struct ChildPosition {
  size_t index;  // of the slot, or the slot count for the rightmost child
  PageNo child;
};

// The child whose range holds the key. Safe on a page that changes meanwhile: reads are relaxed and
// bounded, and the answer means something only if the guard validates afterwards.
ChildPosition FindChild(const std::byte* page, Bytes key);
// The child with the keys just below `key`: the same but where the key is a separator.
ChildPosition FindChildBelow(const std::byte* page, Bytes key);
// Child `index`; the same promise. index == cell count is the rightmost child.
PageNo ChildAt(const std::byte* page, size_t index);

// The rest REQUIRES an interior node under an exclusive (SeparatorAt: any) latch, or a private copy.
inline Bytes SeparatorSuffixAt(const std::byte* page, size_t index) {
  const Slot& slot = Slots(page)[index];
  return {page + slot.offset + kCellHeaderBytes, slot.suffix_length()};
}
// Separators of an int64 tree are compared as numbers, zeros behind them, so none may end in zeros: the shortest does not.
inline bool IsShortest(const std::byte* page, Bytes separator) {
  return !IsInt64Tree(page) || separator.empty() || separator.back() != std::byte{0};
}
// Writes prefix and suffix to `buffer` (kMaxKeyBytes).
Bytes SeparatorAt(const std::byte* page, size_t index, std::byte* buffer);
bool InsertFits(const std::byte* page, size_t separator_size);
// The child at the separator's place has been split: it keeps keys below `separator`, `right` takes the rest.
// REQUIRES: InsertFits.
void InsertSeparator(std::byte* page, Bytes separator, PageNo right);
// Child `index` lies in another page now.
void SetChild(std::byte* page, size_t index, PageNo child);
// Children index and index + 1 have become one, child index. REQUIRES: index < cell count.
void RemoveSeparator(std::byte* page, size_t index);
// Appends to a node under construction: REQUIRES that it fits, and that the separator is the greatest.
void Append(std::byte* page, Bytes separator, PageNo child_below);
void Compact(std::byte* page);
// The separator to move up when `page` is cut into two halves: left keeps the slots below the index.
size_t MiddleOf(const std::byte* page);
// Fills the formatted nodes `left` and `right` from `page`; separator `middle` is in neither.
void Split(const std::byte* page, size_t middle, std::byte* left, std::byte* right);

// Bytes that two neighbours and the separator between them would use as one node.
size_t MergedBytes(const std::byte* left, Bytes separator, const std::byte* right);
// REQUIRES: MergedBytes fit into a page; `merged` is another page.
void BuildMerged(const std::byte* left, Bytes separator, const std::byte* right, std::byte* merged);

}  // namespace turdb::btree::interior

#endif  // TURDB_BTREE_INTERIOR_NODE_H_
