// One B+tree in one file: ordered bytes to bytes, versioned by txn. README.md has the protocol and
// FORMAT.md the bytes.
#ifndef TURDB_BTREE_TREE_H_
#define TURDB_BTREE_TREE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "base/limits.h"
#include "base/status.h"
#include "btree/node.h"
#include "storage/storage.h"
#include "txn/read_set.h"
#include "txn/transaction.h"
#include "txn/undo_target.h"
#include "txn/version_table.h"
#include "txn/view.h"

namespace turdb::txn {
class TransactionManager;
}

namespace turdb::btree {

struct Splice;

using base::FileId;
using base::Status;
using base::StatusOr;

// On disk: do not change.
enum class KeyKind : uint8_t {
  kBytes = 0,
  kInt64 = 1,  // keys are 8 bytes, big-endian with the sign bit flipped; leaves may be dense
};

// An int64 as a key of a kInt64 tree, and back.
inline void EncodeInt64Key(int64_t value, std::byte* to) {
  base::StoreBE(to, static_cast<uint64_t>(value) ^ (uint64_t{1} << 63));
}
inline int64_t DecodeInt64Key(const std::byte* from) {
  return static_cast<int64_t>(base::LoadBE<uint64_t>(from) ^ (uint64_t{1} << 63));
}

// Visible rows of one leaf as arrays, so that readers go through them a column at a time. All of it points into the
// page (or into the cursor's memory) and is valid only inside the visitor.
struct Entries {
  size_t count = 0;
  Bytes prefix;                                // of every key
  const int64_t* numbers = nullptr;            // of a dense leaf: the keys, EncodeInt64Key makes the bytes
  const std::byte* const* suffixes = nullptr;  // elsewhere a key is prefix + suffix
  const uint16_t* suffix_sizes = nullptr;
  const std::byte* const* values = nullptr;
  const uint16_t* value_sizes = nullptr;

  Bytes value(size_t i) const { return {values[i], value_sizes[i]}; }
  // The whole key, in the page or in `buffer` (kMaxKeyBytes).
  Bytes key(size_t i, std::byte* buffer) const {
    if (numbers != nullptr) {
      EncodeInt64Key(numbers[i], buffer);
      return {buffer, 8};
    }
    if (prefix.empty()) return {suffixes[i], suffix_sizes[i]};
    std::memcpy(buffer, prefix.data(), prefix.size());
    if (suffix_sizes[i] != 0) std::memcpy(buffer + prefix.size(), suffixes[i], suffix_sizes[i]);
    return {buffer, prefix.size() + suffix_sizes[i]};
  }
};

// A row that was found in another way, for readers of entries.
class OneEntry {
 public:
  OneEntry(Bytes key, Bytes value)
      : suffix_(key.data()),
        value_(value.data()),
        suffix_size_(static_cast<uint16_t>(key.size())),
        value_size_(static_cast<uint16_t>(value.size())) {}
  // Valid while this object is.
  Entries entries() const {
    Entries entries;
    entries.count = 1;
    entries.suffixes = &suffix_;
    entries.suffix_sizes = &suffix_size_;
    entries.values = &value_;
    entries.value_sizes = &value_size_;
    return entries;
  }

 private:
  const std::byte* suffix_;
  const std::byte* value_;
  uint16_t suffix_size_;
  uint16_t value_size_;
};

// A value that lives apart, as the row stores it. On disk: do not change. Little-endian.
struct OverflowRef {
  PageNo first_page = base::kNoPage;
  uint32_t flags = 0;       // bit 0: the chain holds one zstd frame
  uint64_t size_bytes = 0;  // of the value, uncompressed
};
static_assert(sizeof(OverflowRef) == 16);

// What Check found. No `problems` means that every invariant of FORMAT.md holds.
struct CheckReport : storage::CheckReport {
  uint64_t live_entries = 0;
  uint64_t ghosts = 0;
  uint64_t interior_pages = 0;
  uint64_t leaf_pages = 0;
  uint64_t overflow_pages = 0;
  uint64_t free_pages = 0;
  uint32_t height = 0;  // levels, 1 for a tree of one leaf
};

// Thread-safe: any number of threads may call anything at once; a Transaction belongs to one thread at a
// time. No latch and no pin outlives a call. A call that fails has changed nothing, unless it says more.
class Tree : public txn::UndoTarget, public txn::ReadSource {
 public:
  static constexpr PageNo kRootPage = 1;

  // Makes the file (its final name appears when the transaction commits) with an empty tree whose root
  // is page 1, for ever; that number is put into the header of tables and indexes.
  static Status Create(storage::Storage& storage, storage::TxnLog& log, FileId file, std::string_view path, Bytes header_128,
                       KeyKind kind);
  // Puts an empty tree into a file that exists (turdb.meta, a vector index). Not undone by itself: the file
  // is dropped with the transaction that made it. A file holds one tree. Returns the root page.
  static StatusOr<PageNo> CreateIn(storage::Storage& storage, FileId file, KeyKind kind);
  static StatusOr<std::unique_ptr<Tree>> Open(storage::Storage& storage, txn::TransactionManager& transactions, FileId file,
                                              PageNo root = kRootPage);
  // Of a file that is damaged: for Salvage and ReadOverflow only. Reads nothing.
  static std::unique_ptr<Tree> OpenDamaged(storage::Storage& storage, txn::TransactionManager& transactions, FileId file,
                                           KeyKind kind);
  // Before storage is opened: how records of this room are redone.
  static void RegisterRedo(storage::RedoTable* redo);

  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
  ~Tree() override;

  // Point read: true when the view sees a row with this key, after calling `visit` under the leaf's latch.
  // `visit` must not block, allocate from a budget or call the engine.
  StatusOr<bool> Get(const txn::View& view, Bytes key, absl::FunctionRef<void(Bytes value)> visit);

  enum class InsertResult : uint8_t { kInserted, kDuplicate /* a live row has the key */ };
  // Waits for other writers of the key; fails with 40001, 40P01 or 55P03 as kernel rule 5 says; revives ghosts.
  // REQUIRES: key.size() <= kMaxKeyBytes, value.size() <= kMaxValueBytes (else 54000).
  StatusOr<InsertResult> Insert(txn::Transaction& transaction, Bytes key, Bytes value);

  // `change` gets the newest value, judged writable, appends the new one to `out` (which arrives empty) and
  // returns true, or returns false for "leave it". It runs under the leaf's exclusive latch, perhaps more
  // than once (after a split or a wait), and must not call the engine. An error from `change` is returned.
  // False: no row with this key is visible to the transaction, or `change` left it.
  StatusOr<bool> Update(txn::Transaction& transaction, Bytes key,
                        absl::FunctionRef<StatusOr<bool>(Bytes old, std::string* out)> change);

  // False when the transaction sees no row with this key. `visit` gets the value deleted, under the latch, once.
  StatusOr<bool> Delete(txn::Transaction& transaction, Bytes key, absl::FunctionRef<void(Bytes old)> visit);

  // SELECT ... FOR UPDATE / SHARE. False: no such row, or (SKIP LOCKED) it is locked or has changed since the snapshot.
  StatusOr<bool> Lock(txn::Transaction& transaction, Bytes key, txn::LockStrength strength, txn::WaitPolicy policy);

  // Values larger than kMaxValueBytes live in chains of overflow pages, compressed where that pays.
  StatusOr<OverflowRef> WriteOverflow(txn::Transaction& transaction, Bytes value);
  Status ReadOverflow(OverflowRef ref, std::string* out);  // appends
  // The same, straight to where `allocate` says for the value's size, once the chain has been found.
  Status ReadOverflow(OverflowRef ref, absl::FunctionRef<char*(size_t size)> allocate);
  base::MemoryBudget& budget() const { return storage_.budget(); }
  // The chain is freed once the transaction has committed and no snapshot needs it.
  Status FreeOverflowLater(txn::Transaction& transaction, OverflowRef ref);
  // Frees what a crash left waiting. After recovery has undone what was unfinished, before the first transaction.
  Status FreePendingOverflow();

  // Reads every page of the file and adds what is wrong to report->problems. An error only when it cannot read on.
  // REQUIRES: no other call runs meanwhile.
  Status Check(CheckReport* report);

  // Visits the newest entries of every leaf that can be read, in the order of the pages, outside of any latch; pages that
  // cannot be read go to `lost`. An error of `visit` ends it. For files that are damaged, and that nobody writes.
  Status Salvage(absl::FunctionRef<Status(Bytes key, Bytes value)> visit,
                 absl::FunctionRef<void(const Status& status)> lost) const;

  // txn: a page that had ghosts has no versions any more (TransactionManager::SetQuietPageCallback). Purges
  // the ghosts, and merges the leaf with a neighbour when both fit well into one page.
  Status PurgeQuietPage(PageNo page);

  // VACUUM: purges every leaf, merges what is under half full, and moves pages from the end of the file into free ones
  // before them, so that the file can be cut. Overflow pages stay where they are. Returns the page count; CutFile, after
  // a checkpoint, gives the rest back. Stops nobody for longer than one record takes, but for those who take or free
  // pages of this file. REQUIRES: no other Shrink of the tree, and no BulkBuilder, runs meanwhile.
  StatusOr<PageNo> Shrink();

  // txn::ReadSource. Reads the leaves of the range again; pages without versions cost a latch.
  StatusOr<txn::Timestamp> NewerCommitIn(const txn::View& view, const txn::KeyRange& range) override;

  // txn::UndoTarget.
  Status Undo(storage::TxnLog& log, base::Lsn undo_next, base::PageId page, uint8_t op, Bytes payload) override;
  // The same for owners of what values name: `taken_back` gets, under the leaf's latch, the entry whose insertion, or revival
  // by one, is undone.
  Status Undo(storage::TxnLog& log, base::Lsn undo_next, base::PageId page, uint8_t op, Bytes payload,
              absl::FunctionRef<void(Bytes key, Bytes value)> taken_back);

  FileId file() const { return file_; }
  KeyKind kind() const { return kind_; }

  // As BulkBuilder adds entries, in any order: without versions and without undo. REQUIRES: no other transaction can see
  // the tree, and the rollback of the one that made it drops the whole file.
  StatusOr<InsertResult> InsertUnversioned(Bytes key, Bytes value);

  // About how many entries lie in [lower, upper), whoever sees them; an empty `upper` is none. Counted by leaves, and no
  // further than past `most`.
  StatusOr<uint64_t> CountAbout(Bytes lower, Bytes upper, uint64_t most);

 private:
  friend class Cursor;
  friend class BulkBuilder;
  friend class TreeChecker;
  friend StatusOr<std::vector<std::string>> Separators(Tree& tree, size_t about);
  friend StatusOr<uint64_t> EstimateEntries(Tree& tree);

  Tree(storage::Storage& storage, txn::TransactionManager& transactions, FileId file, PageNo root, KeyKind kind);

  base::PageId IdOf(PageNo page) const { return {file_, page}; }
  // A leaf whose keys are those of this tree.
  bool IsOurLeaf(const std::byte* page) const { return IsLeaf(page) && IsInt64Tree(page) == (kind_ == KeyKind::kInt64); }
  Status CheckKey(Bytes key) const;
  Status Damaged(PageNo page, std::string_view what) const;
  StatusOr<bool> NotFoundIn(const std::byte* leaf, Bytes key, PageNo page) const;
  Status Misplaced(PageNo page) const { return Damaged(page, "holds another range of keys than its parent says"); }

  // ---- Descents (descent.cc). Interior nodes optimistically, the leaf latched.
  enum class Side : uint8_t {
    kAt,     // the leaf whose range holds the key
    kBelow,  // the leaf with the keys just below it
    kLast,   // the last leaf; the key is ignored
  };
  template <typename Guard>
  StatusOr<Guard> FixLeaf(Bytes key, Side side = Side::kAt);
  // The leaf that took the last insert at the right edge, if it still covers the key and is free to latch.
  std::optional<storage::ExclusiveGuard> TryLastLeaf(Bytes key);
  // The interior node at `level` whose range holds the key; nothing held when the tree is lower than that.
  StatusOr<storage::ExclusiveGuard> FixInterior(Bytes key, uint8_t level);
  template <typename Guard>
  StatusOr<Guard> Fix(PageNo page);
  // The children of the level-1 node over `key`, from the one after the key's on; at most `max`.
  StatusOr<size_t> ChildrenAfter(Bytes key, std::span<base::PageId> into);

  // ---- Changes of one entry (tree.cc).
  void LogEntryChange(storage::RecordKind kind, storage::TxnLog* log, storage::ExclusiveGuard& leaf, uint8_t op, Bytes key,
                      Bytes value, base::Lsn undo_next = base::kNoLsn);
  void LogSplice(storage::RecordKind kind, storage::TxnLog* log, storage::ExclusiveGuard& leaf, uint8_t op, Bytes key,
                 const Splice& splice, base::Lsn undo_next = base::kNoLsn);
  bool PurgeGarbage(storage::ExclusiveGuard& leaf, size_t keep_index);
  enum class RowState : uint8_t { kProceed, kNoRow, kAgain };
  StatusOr<RowState> JudgeRow(txn::Transaction& transaction, storage::ExclusiveGuard& leaf, storage::FrameReservation& frames,
                              Bytes key, txn::Intent intent, txn::WaitPolicy policy, size_t* index);

  // ---- Overflow chains (overflow.cc).
  struct PendingLinks;
  Status FixPending(PageNo page, PendingLinks* links);
  void UnlinkPending(PendingLinks* links, storage::LogEntries* entries);
  Status FreeChain(PageNo page);
  Status UndoOverflowTaken(storage::TxnLog& log, base::Lsn undo_next, Bytes payload);
  Status UndoFreeLater(storage::TxnLog& log, base::Lsn undo_next, PageNo page);

  // ---- Structure (structure.cc). Each is one log record, and is called with nothing held, reservations included.
  // Sees to it that the leaf over `key` has room for the entry (or, `replacing`, for its longer value): splits
  // it, or what is above it. When it returns OK the caller descends again, and may have to call again.
  Status MakeRoom(Bytes key, size_t value_size, bool replacing);
  // The root at `level` moves down into a page of its own and becomes the only child of a root one level higher.
  Status GrowRoot(uint8_t level);
  // Splits the interior node at `level` over `key`, unless it has room for a separator of that size.
  Status SplitInterior(Bytes key, uint8_t level, size_t separator_size);
  // Merges the node at `level` over `key` with a neighbour under the same parent, if it is under half full
  // and both fit well into one page; then does the same with the levels above.
  Status MergeUnderfull(Bytes key, uint8_t level);
  // True when it merged something.
  StatusOr<bool> MergeOnce(Bytes key, uint8_t level);
  // While the root has a single child, the child's content moves up into it.
  Status ShrinkRoot();

  // ---- Moving pages (shrink.cc).
  enum class Move : uint8_t { kMoved, kNotNow, kNever };
  Status PurgeAllLeaves();
  // Moves the last page of the file into the first free one.
  StatusOr<Move> MoveLastPage(PageNo page);

  storage::Storage& storage_;
  storage::BufferPool& pool_;
  txn::TransactionManager& transactions_;
  const FileId file_;
  const PageNo root_;
  const KeyKind kind_;
  std::atomic<PageNo> last_leaf_{base::kNoPage};
  // Buffers for Update's new values, borrowed by exchange, so that a prepared update allocates nothing.
  std::array<std::atomic<std::string*>, 8> spare_buffers_{};
};

// About `about` keys (fewer for a small tree) that cut the tree into ranges of similar size, ascending. For
// parallel scans: ranges are ["", s0), [s0, s1), ... [sn, "").
StatusOr<std::vector<std::string>> Separators(Tree& tree, size_t about);
// How many entries there are, about, from a few ways down; nothing else is read. Exact for a tree of one leaf.
StatusOr<uint64_t> EstimateEntries(Tree& tree);

}  // namespace turdb::btree

#endif  // TURDB_BTREE_TREE_H_
