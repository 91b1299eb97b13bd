// What a reader sees of a row, and what a writer may do to it.
#ifndef TURDB_TXN_VIEW_H_
#define TURDB_TXN_VIEW_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "txn/commit_word.h"
#include "txn/delta.h"

namespace turdb::txn {

class ReadSet;

// A snapshot and the reader's own earlier statements. Cheap to copy.
struct View {
  Timestamp read_ts = 0;
  const CommitWord* self = nullptr;  // null: no changes of its own
  StatementNo statement = 0;         // own changes of this statement and later ones are not seen
  ReadSet* reads = nullptr;          // where what is read with this view has to be noted; null: nowhere

  // Whether the change `delta` is part of what this view sees.
  bool Sees(const Delta& delta) const {
    if (delta.word == self) return delta.statement < statement;
    return delta.word->state().CommittedBy(read_ts);
  }
};

// Memory for versions that have to be rebuilt. Values stay valid until Reset; blocks are kept, so a
// reused scratch does not touch the heap. Not thread-safe.
class Scratch {
 public:
  Scratch() = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  Scratch(Scratch&&) = default;
  Scratch& operator=(Scratch&&) = default;

  std::byte* Allocate(size_t size_bytes);
  void Reset() { block_ = 0, used_ = 0; }
  size_t capacity_bytes() const;

 private:
  struct Block {
    std::unique_ptr<std::byte[]> data;
    size_t size_bytes;
  };
  std::vector<Block> blocks_;
  size_t block_ = 0;
  size_t used_ = 0;
};

// What `view` sees of the row whose newest version is `current` (a ghost, or live). False: no row.
// `*value` points to `current` or into the scratch. Most often the answer is "as in the page", and then
// nothing is copied.
bool Reconstruct(const Chain& chain, const View& view, bool ghost, Bytes current, Scratch& scratch, Bytes* value);

// The same question without the value.
bool IsPresent(const Chain& chain, const View& view, bool ghost);

// When the newest committed change of the row was made, if that is after the view's snapshot; otherwise 0. Own changes
// and those of transactions that have not ended do not count.
Timestamp NewerCommit(const Chain& chain, const View& view);

enum class Intent : uint8_t { kInsert, kUpdate, kDelete, kLockKeyShare, kLockShare, kLockNoKeyUpdate, kLockUpdate };
constexpr Intent IntentToLock(LockStrength strength) {
  return static_cast<Intent>(static_cast<int>(Intent::kLockKeyShare) + static_cast<int>(strength));
}

// What an operation asks of others while its transaction lives.
LockStrength StrengthOf(Intent intent);

enum class Verdict : uint8_t {
  kLive,      // a row, and free to change: update, delete and lock go on; for an insert it is a duplicate
  kAbsent,    // no row: an insert goes on (a ghost in the slot is revived); the others find nothing
  kWait,      // `blocker` has to end first; then descend and judge again
  kConflict,  // a commit newer than the snapshot changed it: TransactionManager::Conflict(txn, ts)
};

struct Judgement {
  Verdict verdict = Verdict::kLive;
  Blocker blocker;            // kWait
  Timestamp conflict_ts = 0;  // kConflict
  // kLive: the statement of the writer itself that changed the row last, 0 when another transaction did.
  StatementNo own_statement = 0;
};

// Kernel rule 5, for the row whose newest version is in the page: `ghost` is its slot's ghost bit.
// A key without a slot needs no judging: it is absent. REQUIRES: the page's latch, so that nobody can
// change the row between the judgement and the change.
Judgement Judge(const Chain& chain, bool ghost, const View& view, Intent intent);

}  // namespace turdb::txn

#endif  // TURDB_TXN_VIEW_H_
