// Interrupts. Two kinds share one flag, `cancelled_`, which is what everything that runs looks at:
//
//   Interrupt()        all that runs, cursors between two steps included
//   Interrupt(number)  one execution
//
// An aimed one that does not meet its execution at work is kept in `aimed_` until a step asks: each step of a run that can be
// interrupted first says whose it is (`stepping_`), then looks whether anything is aimed (`has_aimed_`); whoever aims does it
// the other way round. So one of both sees the other, and a flag that was meant for another execution is taken back before it
// is read.
#include "engine/interrupt.h"

#include <algorithm>

#include "engine/connection.h"
#include "engine/statement.h"
#include "os/process.h"

namespace turdb::engine {

using base::Status;

InterruptHandle::InterruptHandle(Connection& connection) : connection_(&connection), fork_generation_(os::ForkGeneration()) {}

void InterruptHandle::Interrupt() {
  if (fork_generation_ != os::ForkGeneration()) return;  // the mutex may have been held at the fork
  std::lock_guard lock(mutex_);
  if (connection_ != nullptr) connection_->Interrupt();
}

void InterruptHandle::Interrupt(uint64_t execution) {
  if (fork_generation_ != os::ForkGeneration()) return;
  std::lock_guard lock(mutex_);
  if (connection_ != nullptr) connection_->InterruptExecution(execution);
}

void InterruptHandle::Detach() {
  std::lock_guard lock(mutex_);
  connection_ = nullptr;
}

// ---- the connection's part

void Connection::Interrupt() {
  std::lock_guard lock(interrupt_mutex_);
  CancelRunning(false);
}

void Connection::InterruptExecution(uint64_t number) {
  std::lock_guard lock(interrupt_mutex_);
  // None further ahead than the next one: it would be remembered for ever.
  if (number == 0 || number > interrupt_handle_->last_execution() + 1) return;
  if (std::find(aimed_.begin(), aimed_.end(), number) == aimed_.end()) aimed_.push_back(number);
  has_aimed_.store(true, std::memory_order_seq_cst);
  if (stepping_.load(std::memory_order_seq_cst) == number) CancelRunning(true);
}

// REQUIRES: interrupt_mutex_ is held.
void Connection::CancelRunning(bool aimed) {
  uint32_t running = kRunning;
  if (!run_state_.compare_exchange_strong(running, kRunning | kInterrupting, std::memory_order_seq_cst)) return;
  // What is meant for all stays so.
  cancel_is_aimed_ = aimed && (cancel_is_aimed_ || !cancelled_.load(std::memory_order_relaxed));
  cancelled_.store(true, std::memory_order_seq_cst);
  database_->environment().scheduler->WakeAll(&cancelled_);  // who sleeps
  txn::Transaction* const transaction = running_transaction_.load(std::memory_order_seq_cst);
  if (transaction != nullptr) database_->transactions().Cancel(*transaction);
  run_state_.store(kRunning, std::memory_order_release);
}

void Connection::PassInterrupt() {
  if (!cancelled_.load(std::memory_order_relaxed)) return;
  std::lock_guard lock(interrupt_mutex_);  // whoever interrupts has said all
  for (Statement* statement = statements_; statement != nullptr && !cancel_is_aimed_; statement = statement->next_) {
    if (statement->running_) statement->interrupted_ = true;
  }
  TakeBackCancel();
}

void Connection::TakeBackCancel() {
  if (transaction_ != nullptr) database_->transactions().ClearCancel(*transaction_);
  cancelled_.store(false, std::memory_order_relaxed);
  cancel_is_aimed_ = false;
}

bool Connection::IsAimedAt(uint64_t number) {
  std::lock_guard lock(interrupt_mutex_);
  if (cancel_is_aimed_) TakeBackCancel();
  const bool hit = std::find(aimed_.begin(), aimed_.end(), number) != aimed_.end();
  const uint64_t next = interrupt_handle_->last_execution() + 1;
  std::erase_if(aimed_, [&](uint64_t aimed) {
    if (aimed == next) return false;
    for (const Statement* statement = statements_; statement != nullptr; statement = statement->next_) {
      if (statement->running_ && statement->number_ == aimed) return aimed == number;
    }
    return true;  // it is over
  });
  has_aimed_.store(!aimed_.empty(), std::memory_order_relaxed);
  return hit;
}

Status Connection::Sleep(int64_t microseconds) {
  const os::Environment& environment = database_->environment();
  const int64_t now_ns = environment.clock->MonotonicNanos();
  const int64_t most_us = (INT64_MAX - now_ns) / 1000;
  const int64_t end_ns = now_ns + std::min(microseconds, most_us) * 1000;
  int64_t deadline_ns = 0;  // of what runs, the soonest
  for (const Statement* statement = statements_; statement != nullptr; statement = statement->next_) {
    const int64_t own_ns = statement->running_ ? statement->context_.deadline_ns : 0;
    if (own_ns != 0 && (deadline_ns == 0 || own_ns < deadline_ns)) deadline_ns = own_ns;
  }
  const bool cut = deadline_ns != 0 && deadline_ns < end_ns;
  const auto waiting = [this] { return !cancelled_.load(std::memory_order_seq_cst); };
  const int64_t until_ns = cut ? deadline_ns : end_ns;
  while (waiting() && environment.clock->MonotonicNanos() < until_ns) {
    const int64_t next_ns = progress_ ? std::min(until_ns, next_progress_ns_) : until_ns;
    environment.scheduler->Park(&cancelled_, waiting, next_ns);
    if (progress_ && Progress()) return base::CanceledError("the statement was interrupted");
  }
  if (!waiting()) return base::CanceledError("the statement was interrupted");
  return cut ? base::CanceledError("canceling statement due to statement timeout") : absl::OkStatus();
}

}  // namespace turdb::engine
