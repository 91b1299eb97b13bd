// A leaf, slotted or dense, behind one set of functions. Here live the changes between the two forms:
// an insert that a leaf cannot take in its present form but could in the other one converts it first. That
// is part of the insert itself, so redo repeats it without a record of its own.
//
// Entries are addressed by index: the slot in a slotted leaf, the place in the offset array in a dense one,
// where UsedAt tells holes apart. Ascending indexes are ascending keys in both.
#ifndef TURDB_BTREE_LEAF_H_
#define TURDB_BTREE_LEAF_H_

#include <span>

#include "btree/dense_node.h"
#include "btree/node.h"
#include "btree/slotted_node.h"

namespace turdb::btree::leaf {

struct Position {
  size_t index;  // of the entry; when not found, of the first entry above the key (its place or a hole below it)
  bool found;
};

inline bool IsDense(const std::byte* page) { return PageHead(page).kind == PageKind::kDenseLeaf; }

// REQUIRES: Covers(page, key). In an int64 tree keys have 8 bytes.
Position Find(const std::byte* page, Bytes key);
// The first index whose key is not below `bound`, which may be of any length and may be the upper fence.
// In a dense leaf there may be a hole at it.
size_t LowerBound(const std::byte* page, Bytes bound);

// Indexes run from 0 to Limit - 1.
inline size_t Limit(const std::byte* page) {
  return IsDense(page) ? size_t{Header(page).dense_span} : size_t{PageHead(page).cell_count};
}
inline bool UsedAt(const std::byte* page, size_t index) { return !IsDense(page) || dense::UsedAt(page, index); }
inline bool GhostAt(const std::byte* page, size_t index) {
  return IsDense(page) ? dense::GhostAt(page, index) : slotted::GhostAt(page, index);
}
inline Bytes ValueAt(const std::byte* page, size_t index) {
  return IsDense(page) ? dense::ValueAt(page, index) : slotted::ValueAt(page, index);
}
// Writes the whole key to `buffer` (kMaxKeyBytes).
Bytes KeyAt(const std::byte* page, size_t index, std::byte* buffer);

// Whether an entry fits: not at all, in the leaf's present form, or in the other one.
enum class Fit : uint8_t { kNo, kAsItIs, kConverted };
Fit InsertFit(const std::byte* page, Bytes key, size_t value_size);
inline bool InsertFits(const std::byte* page, Bytes key, size_t value_size) {
  return InsertFit(page, key, value_size) != Fit::kNo;
}
// REQUIRES: `fit` is what InsertFit says, `place` what Find says; the key is not there. Returns its index.
size_t InsertAt(std::byte* page, Fit fit, size_t place, Bytes key, Bytes value, bool ghost);
// The same when nothing is known. REQUIRES: InsertFits; the key is not there.
size_t Insert(std::byte* page, Bytes key, Bytes value, bool ghost);
bool ReplaceFits(const std::byte* page, size_t index, size_t value_size);
// REQUIRES: ReplaceFits; the value does not point into the page.
void Replace(std::byte* page, size_t index, Bytes value);
void SetGhost(std::byte* page, size_t index, bool ghost);
void RemoveAt(std::byte* page, size_t index);

// Where to cut a leaf that has no room for an entry: indexes from first_right on move to the new right
// neighbour, which covers keys from `separator` on. At the edges of the tree the cut leaves the old
// leaf full, for ascending (or descending) inserts.
struct SplitPlan {
  size_t first_right;
  size_t separator_size;
  std::byte separator_bytes[base::kMaxKeyBytes];
  Bytes separator() const { return {separator_bytes, separator_size}; }
};
// REQUIRES: the key is covered and not there (`replacing` false), or there and to get a longer value.
void PlanSplit(const std::byte* page, Bytes key, size_t value_size, bool replacing, SplitPlan* plan);
// Formats `right` as the right part. `page` is untouched.
void BuildRight(const std::byte* page, const SplitPlan& plan, std::byte* right);
// Whether Truncate may be asked for that: the separator lies above what stays, not above what goes, and inside the
// fences, and what stays has room beside it.
bool TruncateFits(const std::byte* page, size_t first_right, Bytes separator);
// Makes `page` the left part: entries below `first_right`, upper fence `separator`, next leaf `next`.
void Truncate(std::byte* page, size_t first_right, Bytes separator, PageNo next);

// Bytes that the two neighbours would use as one leaf.
size_t MergedBytes(const std::byte* left, const std::byte* right);
// REQUIRES: MergedBytes fit into a page; `merged` is another page.
void BuildMerged(const std::byte* left, const std::byte* right, std::byte* merged);

// Entries in memory, ascending, for building whole leaves.
struct EntryView {
  Bytes key;
  Bytes value;
};
// Formats a leaf with the entries, in the form that suits them. False when they do not fit.
bool BuildFrom(std::span<const EntryView> entries, uint8_t flags, const Fences& fences, PageNo next_leaf, std::byte* page);

// Formats an empty leaf, in the form that suits the kind of tree.
void FormatEmpty(std::byte* page, uint8_t flags, const Fences& fences, PageNo next_leaf);

// The int64 of a key of 8 bytes, and of a fence, which may be shorter: zeros stand for what is cut off.
int64_t Int64Of(Bytes key);

}  // namespace turdb::btree::leaf

#endif  // TURDB_BTREE_LEAF_H_
