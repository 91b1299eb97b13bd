#include "storage/flush_queue.h"

#include <algorithm>

namespace turdb::storage {

void FlushQueue::Add(Waiter& waiter) {
  waiter.queued = true;
  waiter.next = nullptr;
  waiter.previous = last_;
  (last_ != nullptr ? last_->next : first_) = &waiter;
  last_ = &waiter;
  ++(waiter.commit ? commits_ : others_);
}

void FlushQueue::Take(Waiter& waiter) {
  waiter.queued = false;
  (waiter.previous != nullptr ? waiter.previous->next : first_) = waiter.next;
  (waiter.next != nullptr ? waiter.next->previous : last_) = waiter.previous;
  --(waiter.commit ? commits_ : others_);
}

// Whether a committer that is not in the queue had better wait for others.
bool FlushQueue::GroupIsShort() const { return others_ == 0 && commits_ + 1 < std::min(group_, cap_); }

// The waiter may be gone once it was told: only its address is used after.
void FlushQueue::Tell(Waiter& waiter, Turn turn) {
  waiter.turn.store(turn, std::memory_order_release);
  environment_.scheduler->WakeAll(&waiter);
}

FlushQueue::Turn FlushQueue::Wait(base::Lsn lsn, bool commit) {
  Waiter self{.lsn = lsn, .commit = commit};
  bool keeps_time = false;
  {
    absl::MutexLock lock(&mu_);
    if (durable_.load(std::memory_order_acquire) >= lsn || !health_.ok()) return Turn::kDone;
    if (!leading_) {
      if (!commit || !GroupIsShort()) {
        leading_ = true;
        return Turn::kLead;
      }
      keeps_time = first_ == nullptr;  // (2)
    }
    Add(self);
  }
  for (;;) {
    const int64_t deadline = keeps_time ? environment_.clock->MonotonicNanos() + patience_ns_.load(std::memory_order_relaxed)
                                        : os::Scheduler::kForever;
    const bool in_time = environment_.scheduler->Park(
        &self, [&self] { return self.turn.load(std::memory_order_acquire) == Turn::kWaiting; }, deadline);
    const Turn turn = self.turn.load(std::memory_order_acquire);
    if (turn == Turn::kDone) return turn;
    absl::MutexLock lock(&mu_);
    if (turn == Turn::kLead) {  // by handing over: leading_ is set
      if (!commit || !GroupIsShort()) return turn;
      leading_ = false;
      self.turn.store(Turn::kWaiting, std::memory_order_relaxed);
      Add(self);
      keeps_time = true;
      continue;
    }
    if (in_time || !self.queued) continue;  // told in a moment
    keeps_time = false;
    if (leading_) continue;
    leading_ = true;
    Take(self);
    cap_ = commits_ + 1;  // (3)
    met_ = 0;
    return Turn::kLead;
  }
}

void FlushQueue::Finish(bool commit, int64_t flush_ns) {
  Waiter* done = nullptr;
  Waiter* next_leader = nullptr;
  {
    absl::MutexLock lock(&mu_);
    const base::Lsn durable = durable_.load(std::memory_order_acquire);
    const bool poisoned = !health_.ok();
    uint32_t covered = commit ? 1 : 0;
    for (Waiter* waiter = first_; waiter != nullptr;) {
      Waiter* const next = waiter->next;
      if (poisoned || waiter->lsn <= durable) {
        if (waiter->commit) ++covered;
        Take(*waiter);
        waiter->next = done;
        done = waiter;
      } else if (next_leader == nullptr || (next_leader->commit && !waiter->commit)) {
        next_leader = waiter;
      }
      waiter = next;
    }
    group_ = gathers_ ? covered + commits_ : 0;
    if (++met_ >= kMetBeforeGrowth && cap_ < kMostGathered) {
      ++cap_;
      met_ = 0;
    }
    leading_ = next_leader != nullptr;
    if (leading_) Take(*next_leader);
    patience_ns_.store(std::min(flush_ns, kLongestPatienceNs), std::memory_order_relaxed);
  }
  if (next_leader != nullptr) Tell(*next_leader, Turn::kLead);
  while (done != nullptr) {
    Waiter& waiter = *done;
    done = waiter.next;  // before it is told
    Tell(waiter, Turn::kDone);
  }
}

}  // namespace turdb::storage
