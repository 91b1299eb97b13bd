#include "exec/lanes.h"

#include <algorithm>
#include <mutex>
#include <new>

#include "absl/strings/str_cat.h"
#include "exec/lane_safety.h"
#include "function/registry.h"
#include "os/environment.h"
#include "table/table.h"
#include "txn/view.h"

namespace turdb::exec {

using base::Bytes;
using base::Status;
using base::StatusOr;

// ---- morsels

Status Morsels::Start(const table::Table& table, Bytes lower, Bytes upper, size_t count) {
  TURDB_ASSIGN_OR_RETURN(const std::vector<std::string> separators, table.Separators(count));
  bounds_.clear();
  bounds_.emplace_back(base::AsText(lower));
  for (const std::string& separator : separators) {
    const Bytes key = base::AsBytes(separator);
    if (base::CompareBytes(key, lower) > 0 && (upper.empty() || base::CompareBytes(key, upper) < 0))
      bounds_.push_back(separator);
  }
  bounds_.emplace_back(base::AsText(upper));
  next_.store(0, std::memory_order_relaxed);
  return absl::OkStatus();
}

void Morsels::Clear() { bounds_.clear(); }

bool Morsels::Next(Bytes* lower, Bytes* upper) {
  if (bounds_.empty()) return false;
  const size_t next = next_.fetch_add(1, std::memory_order_relaxed);
  if (next + 1 >= bounds_.size()) return false;
  *lower = base::AsBytes(bounds_[next]);
  *upper = base::AsBytes(bounds_[next + 1]);
  return true;
}

// ---- threads

Status OnThreads(Runtime& runtime, size_t count, absl::FunctionRef<Status(size_t)> work) {
  if (count == 1) return work(0);
  std::atomic<bool> stop{false};
  std::atomic<bool> no_memory{false};
  std::mutex mutex;
  Status first = absl::OkStatus();
  const auto run = [&](size_t number) {
    try {
      Status status = work(number);
      if (status.ok()) return;
      const std::lock_guard lock(mutex);
      if (first.ok()) first = std::move(status);
    } catch (const std::bad_alloc&) {  // to be thrown again where somebody catches it: an error would need memory, too
      no_memory.store(true, std::memory_order_relaxed);
    }
    stop.store(true, std::memory_order_relaxed);
  };
  runtime.stop = &stop;
  {
    std::vector<std::unique_ptr<os::Thread>> threads;
    try {
      threads.reserve(count);
      for (size_t i = 1; i < count; ++i) {
        std::unique_ptr<os::Thread> thread =
            runtime.context->environment->scheduler->Start("turdb-lane", [&run, i] { run(i); });
        if (thread == nullptr) break;  // fewer do as well
        threads.push_back(std::move(thread));
      }
    } catch (const std::bad_alloc&) {  // likewise
    }
    run(0);
  }
  runtime.stop = nullptr;
  if (no_memory.load()) throw std::bad_alloc();
  return first;
}

// ---- lanes

// What one has of its own. CallContext says how it is copied.
struct Lanes::Lane {
  function::CallContext call;
  ExecutionContext context;
  Runtime runtime;
};

Lanes::Lanes(std::vector<std::unique_ptr<Stream>> streams, std::vector<std::unique_ptr<NodeProfiles>> profiles,
             NodeProfiles* all)
    : streams_(std::move(streams)), profiles_(std::move(profiles)), all_profiles_(all) {}
Lanes::~Lanes() = default;

Status Lanes::Start(Runtime& runtime) {
  mode_ = Mode::kUndecided;
  next_lane_ = 0;
  return streams_[0]->Start(runtime);
}

// What a serializable transaction reads is noted where one thread writes.
bool Lanes::MayShare(const Runtime& runtime) const {
  const ExecutionContext& context = *runtime.context;
  const auto tracked = [](const txn::View* view) { return view != nullptr && view->reads != nullptr; };
  return count() > 1 && !tracked(context.view) && !tracked(context.temporary_view) && streams_[0]->CanShare();
}

StatusOr<Flow> Lanes::Drain(Runtime& runtime, Consume consume) {
  if (mode_ == Mode::kUndecided) {
    TURDB_ASSIGN_OR_RETURN(const Flow flow, streams_[0]->Prepare(runtime));
    if (flow == Flow::kBlocked) return flow;
    mode_ = flow != Flow::kDone && MayShare(runtime) ? Mode::kAllLanes : Mode::kOneLane;
  }
  if (mode_ == Mode::kOneLane) return DrainLane(0, runtime, consume);
  if (mode_ == Mode::kAllLanes) {
    StatusOr<Flow> flow = DrainAll(runtime, consume);
    CollectProfiles();
    return flow;
  }
  StatusOr<Flow> flow = DrainOneByOne(runtime, consume);
  CollectProfiles();
  return flow;
}

StatusOr<Flow> Lanes::DrainLane(size_t lane, Runtime& runtime, Consume consume) {
  while (true) {
    Batch batch;
    TURDB_ASSIGN_OR_RETURN(const Flow flow, streams_[lane]->Next(runtime, &batch));
    if (flow != Flow::kHaveMore) return flow;
    TURDB_ASSIGN_OR_RETURN(const bool go_on, consume(lane, runtime, batch));
    if (!go_on) return Flow::kHaveMore;
  }
}

StatusOr<Flow> Lanes::DrainAll(Runtime& runtime, Consume consume) {
  lanes_.resize(count() - 1);
  for (size_t i = 0; i < lanes_.size(); ++i) {
    if (lanes_[i] == nullptr) lanes_[i] = std::make_unique<Lane>();
    Lane& lane = *lanes_[i];
    lane.call = runtime.call();
    lane.call.session = nullptr;
    lane.context = *runtime.context;
    lane.context.call = &lane.call;
    lane.context.poll = nullptr;  // the host is called on its own thread
    lane.runtime.context = &lane.context;
    lane.runtime.budget = runtime.budget;
    lane.runtime.capacity = runtime.capacity;
    lane.runtime.statement_runs = runtime.statement_runs;
    lane.runtime.others_run = true;
    TURDB_RETURN_IF_ERROR(streams_[i + 1]->Start(lane.runtime));
  }
  runtime.others_run = true;
  std::atomic<bool> paused{false};
  const Status status = OnThreads(runtime, count(), [&](size_t lane) -> Status {
    Runtime& own = lane == 0 ? runtime : lanes_[lane - 1]->runtime;
    if (lane != 0) own.stop = runtime.stop;
    while (!paused.load(std::memory_order_relaxed)) {
      Batch batch;
      TURDB_ASSIGN_OR_RETURN(const Flow flow, streams_[lane]->Next(own, &batch));
      if (flow == Flow::kBlocked) return base::InternalError("a lane was blocked");
      if (flow == Flow::kDone) break;
      TURDB_ASSIGN_OR_RETURN(const bool go_on, consume(lane, own, batch));
      if (!go_on) paused.store(true, std::memory_order_relaxed);
    }
    return absl::OkStatus();
  });
  runtime.others_run = false;
  TURDB_RETURN_IF_ERROR(status);
  mode_ = Mode::kOneByOne;
  next_lane_ = 0;
  if (paused.load()) return Flow::kHaveMore;
  return DrainOneByOne(runtime, consume);
}

// What lanes that stopped have not read; then what operators keep back until all are through, which is the first lane's to say.
StatusOr<Flow> Lanes::DrainOneByOne(Runtime& runtime, Consume consume) {
  for (; next_lane_ < count(); ++next_lane_) {
    Runtime& own = next_lane_ == 0 ? runtime : lanes_[next_lane_ - 1]->runtime;
    own.stop = nullptr;
    own.others_run = true;
    StatusOr<Flow> flow = DrainLane(next_lane_, own, consume);
    runtime.others_run = false;
    if (!flow.ok() || *flow != Flow::kDone) return flow;
    if (next_lane_ + 1 == count()) streams_[0]->FinishAgain();
  }
  return DrainLane(0, runtime, consume);
}

void Lanes::CollectProfiles() {
  for (const std::unique_ptr<NodeProfiles>& profiles : profiles_) {
    for (auto& [node, profile] : *profiles) {
      NodeProfile& all = (*all_profiles_)[node];
      all.rows += profile.rows;
      all.batches += profile.batches;
      all.nanos += profile.nanos;
      all.peak_bytes = std::max(all.peak_bytes, profile.peak_bytes);
      all.lanes += profile.batches != 0 || profile.nanos != 0 ? 1 : 0;
      profile = NodeProfile();
    }
  }
}

// ---- what may be shared out

namespace {

bool RunsAnywhere(const Expression& expression) {
  if (expression.subquery != nullptr || expression.kind == ExpressionKind::kOuter ||
      expression.kind == ExpressionKind::kValue || expression.kind == ExpressionKind::kLambdaValue) {
    return false;
  }
  return expression.call == nullptr || (expression.call->flags & (function::kVolatile | function::kAsksSession)) == 0;
}

}  // namespace

bool RunsOnAnyThread(const Node& node) {
  bool anywhere = true;
  ForEachExpression(node, [&](const Expression& expression) { anywhere = anywhere && RunsAnywhere(expression); });
  return anywhere;
}

const TableScanNode* LaneScan(const Node& node) {
  if (!RunsOnAnyThread(node)) return nullptr;
  switch (node.kind) {
    case NodeKind::kTableScan: {
      const auto& scan = static_cast<const TableScanNode&>(node);
      return scan.reverse ? nullptr : &scan;
    }
    case NodeKind::kFilter:
    case NodeKind::kProject:
    case NodeKind::kExpand:
    case NodeKind::kHashJoin:
    case NodeKind::kIndexJoin:
      return LaneScan(*Inputs(node)[0]);
    default:
      return nullptr;
  }
}

}  // namespace turdb::exec
