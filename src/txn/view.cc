#include "txn/view.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/limits.h"
#include "txn/mutation.h"
#include "txn/splice.h"

namespace turdb::txn {

std::byte* Scratch::Allocate(size_t size_bytes) {
  while (block_ < blocks_.size() && used_ + size_bytes > blocks_[block_].size_bytes) {
    ++block_;
    used_ = 0;
  }
  if (block_ == blocks_.size()) {
    const size_t bytes = std::max(size_bytes, base::kPageSize);
    blocks_.push_back({std::make_unique_for_overwrite<std::byte[]>(bytes), bytes});
  }
  std::byte* const memory = blocks_[block_].data.get() + used_;
  used_ += size_bytes;
  return memory;
}

size_t Scratch::capacity_bytes() const {
  size_t bytes = 0;
  for (const Block& block : blocks_) bytes += block.size_bytes;
  return bytes;
}

namespace {

bool Sees(const View& view, const Delta& delta) {
  if (kMutation == Mutation::kSeeUncommitted && delta.word->state().in_progress()) return true;
  return view.Sees(delta);
}

}  // namespace

bool IsPresent(const Chain& chain, const View& view, bool ghost) {
  bool present = !ghost;
  for (const Delta* delta = chain.head(); delta != nullptr; delta = delta->older) {
    if (delta->kind == DeltaKind::kLock) continue;
    if (Sees(view, *delta)) break;
    present = !delta->absent_before();
  }
  return present;
}

Timestamp NewerCommit(const Chain& chain, const View& view) {
  for (const Delta* delta = chain.head(); delta != nullptr; delta = delta->older) {
    if (delta->kind == DeltaKind::kLock || delta->word == view.self) continue;
    const CommitState state = delta->word->state();
    if (state.committed()) return state.ts() > view.read_ts ? state.ts() : 0;
  }
  return 0;
}

bool Reconstruct(const Chain& chain, const View& view, bool ghost, Bytes current, Scratch& scratch, Bytes* value) {
  bool present = !ghost;
  const Delta* end = chain.head();  // the newest change that is seen, or null
  bool spliced = false;
  for (; end != nullptr; end = end->older) {
    if (end->kind == DeltaKind::kLock) continue;
    if (Sees(view, *end)) break;
    present = !end->absent_before();
    spliced |= end->payload_size != 0;
  }
  if (!present) return false;
  *value = current;
  if (!spliced) return true;
  // A chain that jumps over an absence starts again below it: splices are relative to what lies under
  // the ghost, so they are applied all the way.
  for (const Delta* delta = chain.head(); delta != end; delta = delta->older) {
    if (delta->payload_size == 0) continue;
    const size_t size = OlderSize(delta->payload(), value->size());
    TURDB_CHECK_LE(size, base::kPageSize);
    std::byte* const older = scratch.Allocate(size);
    ApplySplices(delta->payload(), *value, older);
    *value = Bytes(older, size);
  }
  return true;
}

LockStrength StrengthOf(Intent intent) {
  switch (intent) {
    case Intent::kLockKeyShare:
      return LockStrength::kKeyShare;
    case Intent::kLockShare:
      return LockStrength::kShare;
    case Intent::kUpdate:
    case Intent::kLockNoKeyUpdate:
      return LockStrength::kNoKeyUpdate;
    case Intent::kInsert:
    case Intent::kDelete:
    case Intent::kLockUpdate:
      break;
  }
  return LockStrength::kUpdate;
}

namespace {

// What a walk down to the newest committed change finds.
struct Walk {
  Blocker change;                                          // another's uncommitted change
  bool only_updates = true;                                // ... and all such changes are plain updates
  LockStrength change_strength = LockStrength::kKeyShare;  // the strongest of them
  Blocker lock;                                            // another's row lock that conflicts with the intent
  const Delta* own = nullptr;                              // the newest own change, if it is newer than every committed one
  const Delta* committed = nullptr;
  Timestamp committed_ts = 0;
  bool abandoned = false;
};

Walk WalkToCommitted(const Chain& chain, const View& view, LockStrength strength) {
  Walk walk;
  for (const Delta* delta = chain.head(); delta != nullptr; delta = delta->older) {
    const bool is_lock = delta->kind == DeltaKind::kLock;
    if (delta->word == view.self) {
      if (!is_lock && walk.own == nullptr) walk.own = delta;
      continue;
    }
    const CommitState state = delta->word->state();
    if (state.in_progress()) {
      const Blocker blocker{delta->word, state.txn()};
      if (is_lock) {
        if (walk.lock.word == nullptr && Conflicts(strength, delta->strength)) walk.lock = blocker;
        continue;
      }
      walk.change = blocker;
      walk.only_updates &= delta->kind == DeltaKind::kUpdate;
      walk.change_strength = std::max(walk.change_strength, delta->strength);
      continue;
    }
    if (is_lock) continue;
    if (state.aborted()) {
      // Undone changes leave nothing but a run without rows; those that could not be undone are there.
      walk.abandoned |= state.abandoned();
      continue;
    }
    walk.committed = delta;
    walk.committed_ts = state.ts();
    break;
  }
  return walk;
}

Judgement Wait(const Blocker& blocker) { return Judgement{Verdict::kWait, blocker, 0, 0}; }
Judgement Conflict(Timestamp ts) { return Judgement{Verdict::kConflict, {}, ts, 0}; }
Judgement Absent() { return Judgement{Verdict::kAbsent, {}, 0, 0}; }
Judgement Live(const Delta* own) { return Judgement{Verdict::kLive, {}, 0, own == nullptr ? 0 : own->statement}; }

// Whether every change newer than the snapshot left the key as it was, so that a key share still holds.
bool OnlyUpdatesSince(const Chain& chain, Timestamp read_ts) {
  for (const Delta* delta = chain.head(); delta != nullptr; delta = delta->older) {
    if (delta->kind == DeltaKind::kLock) continue;
    const CommitState state = delta->word->state();
    if (!state.committed()) continue;
    if (state.ts() <= read_ts) break;
    if (delta->kind != DeltaKind::kUpdate) return false;
  }
  return true;
}

// Whether a commit newer than the snapshot stands between the transaction and the row.
bool IsOvertaken(const Walk& walk, const View& view) {
  if (kMutation == Mutation::kIgnoreNewerCommits) return false;
  return walk.own == nullptr && walk.committed != nullptr && walk.committed_ts > view.read_ts;
}

Judgement JudgeInsert(const Walk& walk, bool ghost, const View& view) {
  if (walk.change.word != nullptr) {
    // Whatever becomes of plain updates, the row stays.
    return walk.only_updates ? Live(nullptr) : Wait(walk.change);
  }
  if (!ghost) return Live(walk.own);
  if (IsOvertaken(walk, view)) return Conflict(walk.committed_ts);
  return Absent();
}

}  // namespace

Judgement Judge(const Chain& chain, bool ghost, const View& view, Intent intent) {
  const LockStrength strength = StrengthOf(intent);
  const Walk walk = WalkToCommitted(chain, view, strength);
  if (walk.abandoned) return Conflict(0);
  if (intent == Intent::kInsert) return JudgeInsert(walk, ghost, view);

  // Who does not see the row finds nothing, whatever others are doing to it. The writer's own changes
  // all count here, those of the running statement included.
  const View with_own{view.read_ts, view.self, UINT32_MAX};
  if (!IsPresent(chain, with_own, ghost)) return Absent();
  if (walk.change.word != nullptr && Conflicts(strength, walk.change_strength)) return Wait(walk.change);
  if (walk.lock.word != nullptr) return Wait(walk.lock);
  if (IsOvertaken(walk, view)) {
    if (intent != Intent::kLockKeyShare || !OnlyUpdatesSince(chain, view.read_ts)) return Conflict(walk.committed_ts);
  }
  return Live(walk.own);
}

}  // namespace turdb::txn
