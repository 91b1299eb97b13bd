// Dense leaves, for trees whose keys are int64 and mostly consecutive: a u16 offset array indexed by
// key - base grows up from byte 64 (0 is a hole), cells {u16 length and ghost bit, value} grow down from the
// page's end. A point read is one subtraction and two loads; keys take no space at all.
#ifndef TURDB_BTREE_DENSE_NODE_H_
#define TURDB_BTREE_DENSE_NODE_H_

#include "btree/node.h"

namespace turdb::btree::dense {

inline constexpr size_t kCellHeaderBytes = 2;
inline constexpr uint16_t kGhost = 0x8000;  // bit 15 of a cell's length. On disk: do not change.

// REQUIRES (all functions): the page is a dense leaf.
inline const uint16_t* Offsets(const std::byte* page) { return reinterpret_cast<const uint16_t*>(page + kNodeHeaderEnd); }
inline uint16_t* Offsets(std::byte* page) { return reinterpret_cast<uint16_t*>(page + kNodeHeaderEnd); }
inline int64_t KeyAt(const std::byte* page, size_t index) {
  return static_cast<int64_t>(static_cast<uint64_t>(Header(page).dense_base) + index);
}
inline bool UsedAt(const std::byte* page, size_t index) { return Offsets(page)[index] != 0; }

// The key's place in the offset array; SIZE_MAX when it lies outside.
inline size_t IndexOf(const std::byte* page, int64_t key) {
  const uint64_t index = static_cast<uint64_t>(key) - static_cast<uint64_t>(Header(page).dense_base);
  return index < Header(page).dense_span ? static_cast<size_t>(index) : SIZE_MAX;
}

// REQUIRES: UsedAt(page, index).
inline bool GhostAt(const std::byte* page, size_t index) {
  return (base::LoadLE<uint16_t>(page + Offsets(page)[index]) & kGhost) != 0;
}
inline Bytes ValueAt(const std::byte* page, size_t index) {
  const std::byte* cell = page + Offsets(page)[index];
  return {cell + kCellHeaderBytes, static_cast<size_t>(base::LoadLE<uint16_t>(cell) & ~kGhost)};
}
void SetGhost(std::byte* page, size_t index, bool ghost);

// Whether the leaf would still be worth its offset array with `span` places for `cells` entries: a
// slotted leaf pays about a dozen bytes an entry where this one pays two a place.
inline bool WorthIt(uint64_t span, size_t cells) { return span <= 6 * uint64_t{cells} + 32; }

// Whether `key` can be inserted with the leaf staying dense. REQUIRES: it is not there.
bool InsertFits(const std::byte* page, int64_t key, size_t value_size);
// REQUIRES: InsertFits. Compacts when needed. Returns the index.
size_t Insert(std::byte* page, int64_t key, Bytes value, bool ghost);
bool ReplaceFits(const std::byte* page, size_t index, size_t value_size);
// REQUIRES: UsedAt, ReplaceFits; the value does not point into the page. Keeps the ghost bit.
void Replace(std::byte* page, size_t index, Bytes value);
// REQUIRES: UsedAt. A place at the end of the array goes with its entry; indexes of the others stay.
void RemoveAt(std::byte* page, size_t index);
// Closes the last leaf of a tree at its end, where all entries stay: false when there is no room for the fence as the
// page lies.
bool AddUpperFence(std::byte* page, Bytes upper);
void Compact(std::byte* page);

}  // namespace turdb::btree::dense

#endif  // TURDB_BTREE_DENSE_NODE_H_
