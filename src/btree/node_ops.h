// The changes of one page that the log records: op codes, payloads, and Apply, which redo runs. Changing
// a page while the database runs goes through the same functions of leaf.h and interior_node.h.
#ifndef TURDB_BTREE_NODE_OPS_H_
#define TURDB_BTREE_NODE_OPS_H_

#include "base/bytes.h"
#include "base/ids.h"
#include "base/status.h"
#include "btree/node.h"

namespace turdb::btree {

// 0x20..0x5f belong to this room. On disk: do not change.
enum class NodeOp : uint8_t {
  // Changes of one entry. A kUpdate record of these can be undone; a kCompensation record is redo only.
  kInsert = 0x20,    // u16 key length, key, value
  kUpdate = 0x21,    // u16 key length, key, Splice
  kGhost = 0x22,     // u16 key length, key: the entry is deleted
  kRevive = 0x23,    // u16 key length, key, Splice: a ghost lives again, with the value spliced
  kUnrevive = 0x24,  // u16 key length, key, Splice: the same backwards
  kRemove = 0x25,    // u16 key length, key: the entry goes for good. Redo only
  kPurge = 0x26,     // u16 indexes, ascending: ghosts that nobody needs. Redo only
  // Structure. Redo only.
  kImage = 0x30,            // a whole node (NodeImageParts)
  kTruncate = 0x31,         // u16 first index gone, u32 next leaf, separator: the left part of a leaf split
  kInsertSeparator = 0x32,  // u32 right child, separator
  kRemoveSeparator = 0x33,  // u16 index
  kSetChild = 0x34,         // u16 index (the separator count for the rightmost child), u32 child
  kSetNextLeaf = 0x35,      // u32 next leaf
  // Overflow chains (overflow.cc).
  kOverflowTaken = 0x40,  // on page 0: u32 page, ...: taken for a chain. Undone by freeing them; redo does nothing
  kOverflowPage = 0x41,   // OverflowHeader, data
  kOverflowField = 0x42,  // u16 offset, u32 value: one link of an overflow page, or the root's first_pending
  kFreeLater = 0x43,      // u32 next of the list: the chain that begins here is pending. Undone by unlinking it
};
inline constexpr uint8_t kFirstNodeOp = 0x20;
inline constexpr uint8_t kLastNodeOp = 0x5f;

// What a value change logs: bytes [offset, offset + old) of the old value became `now`. The old bytes are
// there for undo. Payload: u16 offset, u16 old length, u16 new length, old bytes, new bytes.
struct Splice {
  size_t offset = 0;
  Bytes old;
  Bytes now;
};
// The shortest single splice that turns `from` into `to`.
Splice SpliceBetween(Bytes from, Bytes to);
inline constexpr size_t kSpliceHeaderBytes = 6;
// Writes the splice's header; payload parts are then {key header and key}, {this, ...}.
void EncodeSpliceHeader(const Splice& splice, std::byte* to);
// `value` with the splice applied goes to `to` (kMaxValueBytes). False when it does not fit the value.
bool ApplySplice(const Splice& splice, Bytes value, std::byte* to, size_t* size);
inline Splice Inverse(const Splice& splice) { return {splice.offset, splice.now, splice.old}; }

// The payload of an entry's change, taken apart. False: the payload is malformed.
struct EntryPayload {
  Bytes key;
  Bytes value;    // kInsert
  Splice splice;  // kUpdate, kRevive, kUnrevive
};
bool DecodeEntryPayload(NodeOp op, Bytes payload, EntryPayload* decoded);

// Redo: applies `op` to the page. Corruption when the payload cannot be of this op or does not fit the page.
base::Status ApplyNodeOp(uint8_t op, base::PageId id, std::byte* page, Bytes payload);

}  // namespace turdb::btree

#endif  // TURDB_BTREE_NODE_OPS_H_
