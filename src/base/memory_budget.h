// One budget counts everything a database allocates (storage.md, "Memory: 1 MB is enough").
#ifndef TURDB_BASE_MEMORY_BUDGET_H_
#define TURDB_BASE_MEMORY_BUDGET_H_

#include <atomic>
#include <cstdint>
#include <utility>

#include "base/status.h"

namespace turdb::base {

// Thread-safe: every member is atomic. A budget outlives every reservation made on it.
class MemoryBudget {
 public:
  explicit MemoryBudget(int64_t limit_bytes) : limit_bytes_(limit_bytes) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  // Takes `bytes` when they fit under the limit; takes nothing otherwise.
  [[nodiscard]] bool TryReserve(int64_t bytes);
  // The same, with an error that says what was being reserved, how much, and how much is in use.
  Status Reserve(int64_t bytes, std::string_view purpose);
  // Takes `bytes` also where they do not fit: for what cannot stop half way. Who calls this gives back as much before it
  // goes on, and peak_bytes() tells that it happened.
  void ReserveBeyondLimit(int64_t bytes);
  void Release(int64_t bytes) { used_bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

  int64_t limit_bytes() const { return limit_bytes_.load(std::memory_order_relaxed); }
  void set_limit_bytes(int64_t limit_bytes) { limit_bytes_.store(limit_bytes, std::memory_order_relaxed); }
  int64_t used_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }
  int64_t peak_bytes() const { return peak_bytes_.load(std::memory_order_relaxed); }

 private:
  void NotePeak(int64_t used_bytes);

  std::atomic<int64_t> limit_bytes_;
  std::atomic<int64_t> used_bytes_{0};
  std::atomic<int64_t> peak_bytes_{0};
};

// Bytes held on a budget, given back on destruction. Move-only.
class MemoryReservation {
 public:
  MemoryReservation() = default;
  explicit MemoryReservation(MemoryBudget& budget) : budget_(&budget) {}
  MemoryReservation(MemoryReservation&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryReservation& operator=(MemoryReservation&& other) noexcept {
    if (this != &other) {
      Reset();
      budget_ = std::exchange(other.budget_, nullptr);
      bytes_ = std::exchange(other.bytes_, 0);
    }
    return *this;
  }
  ~MemoryReservation() { Reset(); }

  // REQUIRES: made on a budget. On failure the reservation is as it was.
  [[nodiscard]] bool TryGrow(int64_t bytes) {
    if (!budget_->TryReserve(bytes)) return false;
    bytes_ += bytes;
    return true;
  }
  Status Grow(int64_t bytes, std::string_view purpose) {
    TURDB_RETURN_IF_ERROR(budget_->Reserve(bytes, purpose));
    bytes_ += bytes;
    return absl::OkStatus();
  }
  void Shrink(int64_t bytes) {
    budget_->Release(bytes);
    bytes_ -= bytes;
  }
  void Reset() {
    if (budget_ != nullptr && bytes_ != 0) budget_->Release(bytes_);
    bytes_ = 0;
  }
  int64_t bytes() const { return bytes_; }
  MemoryBudget* budget() const { return budget_; }

 private:
  MemoryBudget* budget_ = nullptr;
  int64_t bytes_ = 0;
};

}  // namespace turdb::base

#endif  // TURDB_BASE_MEMORY_BUDGET_H_
