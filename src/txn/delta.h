// Deltas and chains: how an older version is remembered.
//
// The page holds the newest version of a row. A delta leads one step back: whether the row was absent
// before the change, and which byte ranges of the newer value to replace to get the older one. The chain
// of a key runs from the newest change to the oldest that some snapshot may still need:
//
//   page: newest --> [update, by word A] --> [update, by word B] --> [insert, by word C]
//
// Row locks sit in the same chains, as deltas that change nothing.
#ifndef TURDB_TXN_DELTA_H_
#define TURDB_TXN_DELTA_H_

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/ids.h"
#include "txn/commit_word.h"

namespace turdb::txn {

using base::Bytes;

// Weakest first. The same four as PostgreSQL's row locks; kKeyShare conflicts with kUpdate only, kShare
// with kNoKeyUpdate and kUpdate, the last two with themselves and each other.
enum class LockStrength : uint8_t { kKeyShare, kShare, kNoKeyUpdate, kUpdate };
constexpr bool Conflicts(LockStrength a, LockStrength b) { return static_cast<int>(a) + static_cast<int>(b) >= 3; }

enum class WaitPolicy : uint8_t { kWait, kNoWait, kSkipLocked };

enum class DeltaKind : uint8_t {
  kInsert,  // the key had no slot, or a garbage ghost
  kUpdate,  // a live row got another value
  kGhost,   // a live row was deleted; its value stays in the slot
  kRevive,  // a ghost that somebody may still need became a live row again
  kLock,    // nothing changed
};

// One step back. The payload follows: splices, each {u16 offset in the newer value, u16 bytes to replace
// there, u16 old bytes, the old bytes}, ascending and disjoint.
struct Delta {
  Delta* older;
  CommitWord* word;
  StatementNo statement;
  uint16_t payload_size;
  DeltaKind kind;
  LockStrength strength;  // what it asks of others while its writer lives

  bool absent_before() const { return kind == DeltaKind::kInsert || kind == DeltaKind::kRevive; }
  Bytes payload() const { return {reinterpret_cast<const std::byte*>(this + 1), payload_size}; }
};
static_assert(sizeof(Delta) == 24);

// What a version table knows of one key. Valid while the page's latch is held. A key that was inserted
// or ghosted as part of a run has no delta of its own; the chain then carries one that says the same.
class Chain {
 public:
  Chain() = default;
  explicit Chain(const Delta* head) : head_(head) {}
  static Chain OfRun(CommitWord* word, StatementNo statement, DeltaKind kind) {
    Chain chain;
    chain.run_ = Delta{nullptr, word, statement, 0, kind, LockStrength::kUpdate};
    return chain;
  }
  const Delta* head() const { return head_ != nullptr ? head_ : (run_.word != nullptr ? &run_ : nullptr); }
  bool empty() const { return head_ == nullptr && run_.word == nullptr; }

 private:
  const Delta* head_ = nullptr;
  Delta run_{nullptr, nullptr, 0, 0, DeltaKind::kInsert, LockStrength::kUpdate};
};

}  // namespace turdb::txn

#endif  // TURDB_TXN_DELTA_H_
