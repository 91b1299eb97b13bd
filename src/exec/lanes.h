// One pipeline on several threads, for breakers that take their rows in any order (query.md, rules 12 and 17).
//
// A lane is the pipeline once more: operators of its own over what all lanes share, which are the morsels of one scan and the
// build sides of hash joins. Lanes share nothing that changes while they run; what each makes of its rows, its owner puts
// together when all are through. Lane 0 runs on the calling thread, the others on threads that end before Drain returns:
// between two calls of a statement nobody works for it.
//
//  (L1) Build sides are built before the lanes begin. One that went to disk is not shared: lane 0 then reads all morsels.
//  (L2) Whether a pipeline gets lanes is decided when it is built: by the threads that the session allows, the size of the
//  scan's
//       table, the memory limit, and whether every operator and expression may run anywhere (LaneScan).
//  (L3) When a consumer has no room left, all lanes stop between two batches, nothing lost. Drain goes on from there on one
//  thread.
#ifndef TURDB_EXEC_LANES_H_
#define TURDB_EXEC_LANES_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/bytes.h"
#include "base/status.h"
#include "exec/parallelism.h"
#include "exec/pipeline.h"
#include "exec/plan.h"

namespace turdb::table {
class Table;
}  // namespace turdb::table

namespace turdb::exec {

// The key ranges of a scan, given out one by one in ascending order. Next is thread-safe.
class Morsels {
 public:
  // Cuts [lower, upper) of the table's rows into about `count` ranges. Empty bounds: none.
  base::Status Start(const table::Table& table, base::Bytes lower, base::Bytes upper, size_t count);
  void Clear();
  // False: all were given out. The bounds stay until the next Start.
  bool Next(base::Bytes* lower, base::Bytes* upper);

 private:
  std::vector<std::string> bounds_;  // range i lies between bounds_[i] and bounds_[i + 1]
  std::atomic<size_t> next_{0};
};

using NodeProfiles = std::unordered_map<const Node*, NodeProfile>;

// Calls work(0) on this thread and work(1)... on others, as many as can be had; returns when all are through. The first error
// stops the others (Runtime::stop, CheckStopped), which use nothing else of `runtime`. `work` may be called for fewer numbers
// than `count`, always for 0.
base::Status OnThreads(Runtime& runtime, size_t count, absl::FunctionRef<base::Status(size_t)> work);

class Lanes {
 public:
  // streams[0] is the pipeline as it would be alone. `profiles`: of the lanes behind it, to be added to `all`; empty when not
  // profiled.
  Lanes(std::vector<std::unique_ptr<Stream>> streams, std::vector<std::unique_ptr<NodeProfiles>> profiles, NodeProfiles* all);
  ~Lanes();

  size_t count() const { return streams_.size(); }
  base::Status Start(Runtime& runtime);
  // After Start: as if there were one lane, for who cannot put together what several make.
  void KeepToOneLane() { mode_ = Mode::kOneLane; }
  // Hands every batch to `consume`, on the lane's own thread with the lane's own runtime. False stops all lanes: Drain returns
  // kHaveMore and, called again, goes on on this thread. kDone: all rows were handed out. kBlocked: call again.
  using Consume = absl::FunctionRef<base::StatusOr<bool>(size_t lane, Runtime& runtime, const Batch& batch)>;
  base::StatusOr<Flow> Drain(Runtime& runtime, Consume consume);

 private:
  struct Lane;
  enum class Mode : uint8_t { kUndecided, kOneLane, kAllLanes, kOneByOne };

  bool MayShare(const Runtime& runtime) const;
  base::StatusOr<Flow> DrainLane(size_t lane, Runtime& runtime, Consume consume);
  base::StatusOr<Flow> DrainAll(Runtime& runtime, Consume consume);
  base::StatusOr<Flow> DrainOneByOne(Runtime& runtime, Consume consume);
  void CollectProfiles();

  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<std::unique_ptr<Lane>> lanes_;  // what belongs to streams_[i + 1]
  std::vector<std::unique_ptr<NodeProfiles>> profiles_;
  NodeProfiles* const all_profiles_;
  Mode mode_ = Mode::kUndecided;
  size_t next_lane_ = 0;  // kOneByOne
};

// The scan whose morsels the pipeline that ends in `node` may share out; null when it has to stay in one piece.
const TableScanNode* LaneScan(const Node& node);

}  // namespace turdb::exec

#endif  // TURDB_EXEC_LANES_H_
