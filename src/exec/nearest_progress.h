// How far a TopN has come that a NearestScan finds the rows for: the scan goes on until the TopN has what it wants.
#ifndef TURDB_EXEC_NEAREST_PROGRESS_H_
#define TURDB_EXEC_NEAREST_PROGRESS_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace turdb::exec {

// Of one execution. Not thread-safe.
class NearestProgress {
 public:
  // More than this, and every row is read.
  static constexpr uint64_t kMostRows = 4096;

  // ---- by the TopN
  // Before its input starts: how many rows it gives out and skips.
  void Begin(uint64_t wanted) {
    wanted_ = wanted;
    begin_again_ = false;
    nearest_.clear();
  }
  // A row has arrived. A distance that is no number counts for nothing.
  void Add(double distance) {
    if (std::isnan(distance) || wanted_ == 0 || wanted_ > kMostRows) return;
    if (nearest_.size() < wanted_) {
      nearest_.push_back(distance);
      std::push_heap(nearest_.begin(), nearest_.end());
    } else if (distance < nearest_.front()) {
      std::pop_heap(nearest_.begin(), nearest_.end());
      nearest_.back() = distance;
      std::push_heap(nearest_.begin(), nearest_.end());
    }
  }
  // Whether all that came is to be forgotten.
  bool TakeBeginAgain() {
    if (!begin_again_) return false;
    begin_again_ = false;
    nearest_.clear();
    return true;
  }

  // ---- by the scan
  uint64_t wanted() const { return wanted_; }
  bool full() const { return nearest_.size() >= wanted_; }
  double farthest() const { return nearest_.front(); }  // REQUIRES: full, wanted > 0
  // Every row will come once more.
  void BeginAgain() { begin_again_ = true; }

 private:
  uint64_t wanted_ = 0;
  std::vector<double> nearest_;  // a heap, the farthest on top
  bool begin_again_ = false;
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_NEAREST_PROGRESS_H_
