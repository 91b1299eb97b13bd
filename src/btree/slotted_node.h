// Slotted leaves: sorted slots grow up from byte 64, cells {u16 value length, key suffix, value} grow down
// from the page's end. The common prefix comes from the fences, so it never changes while the leaf lives
// and an insert never has to rewrite the other keys.
#ifndef TURDB_BTREE_SLOTTED_NODE_H_
#define TURDB_BTREE_SLOTTED_NODE_H_

#include "btree/node.h"

namespace turdb::btree::slotted {

inline constexpr size_t kCellHeaderBytes = 2;

struct Position {
  size_t index;  // the entry, or where it would stand
  bool found;
};

// REQUIRES (all functions): the page is a slotted leaf; indexes are below its cell count; keys are covered.
Position Find(const std::byte* page, Bytes key);
inline Bytes SuffixAt(const std::byte* page, size_t index) {
  const Slot& slot = Slots(page)[index];
  return {page + slot.offset + kCellHeaderBytes, slot.suffix_length()};
}
inline Bytes ValueAt(const std::byte* page, size_t index) {
  const Slot& slot = Slots(page)[index];
  return {page + slot.offset + kCellHeaderBytes + slot.suffix_length(), base::LoadLE<uint16_t>(page + slot.offset)};
}
inline bool GhostAt(const std::byte* page, size_t index) { return Slots(page)[index].ghost(); }
void SetGhost(std::byte* page, size_t index, bool ghost);

// What an entry takes, slot included.
inline size_t EntryBytes(const std::byte* page, size_t key_size, size_t value_size) {
  return sizeof(Slot) + kCellHeaderBytes + (key_size - Header(page).prefix_length) + value_size;
}
// REQUIRES: EntryBytes fit into TotalFree; the key is not there, and belongs at `index`. Compacts when needed.
void InsertAt(std::byte* page, size_t index, Bytes key, Bytes value, bool ghost);
// Appends entries [first, last) of another slotted leaf. REQUIRES: they fit without compaction, and stand above those
// that are there.
void AppendRange(const std::byte* from, size_t first, size_t last, std::byte* to);
// What Replace needs of TotalFree: a longer value is written beside the old one, unless compaction
// drops that one first.
bool ReplaceFits(const std::byte* page, size_t index, size_t value_size);
// REQUIRES: ReplaceFits; the value does not point into the page.
void Replace(std::byte* page, size_t index, Bytes value);
void RemoveAt(std::byte* page, size_t index);
// Moves the cells together, in key order downward from the page's end.
void Compact(std::byte* page);

}  // namespace turdb::btree::slotted

#endif  // TURDB_BTREE_SLOTTED_NODE_H_
