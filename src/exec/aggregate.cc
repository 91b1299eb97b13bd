// Hash aggregation.
//
// Groups are records of a GroupTable; the states of all calls (aggregate_evaluator.h) lie one after the other in a record's
// extra bytes.
//
// When the budget refuses a new group, the table stays as it is (G1) and rows whose group is not in it are put aside,
// whole, in partitions by hash. After the groups in memory have been given out, each partition is aggregated in the
// same way, splitting again where that is needed.
//
// Where the order of the rows does not matter and the input is long, several lanes (lanes.h) each make groups of their own,
// which are put together afterwards: a few by one thread, many by all, a part of the hashes at a time (grouping.h). When there
// is no memory for that, the input is read once more by one thread, which knows how to spill.
//
//  (A1) Without group expressions there is one group, made at the start, so that empty input gives one row.
//  (A2) With group expressions empty input gives no row, but for the groups that the plan says are always there.
#include <algorithm>
#include <atomic>
#include <vector>

#include "exec/builder.h"
#include "exec/grouping.h"
#include "exec/lane_safety.h"
#include "exec/lanes.h"
#include "exec/spill_partitions.h"
#include "function/aggregate.h"

namespace turdb::exec {
namespace {

using base::Status;
using base::StatusOr;
using vec::Chunk;
using vec::Vector;

class AggregateSource : public Source {
 public:
  AggregateSource(const AggregateNode& node, Builder& builder)
      : node_(node),
        chunk_(builder.NewChunk(node.types)),
        input_layout_(node.input->types),
        refed_(builder.NewChunk(node.input->types)),
        spill_reserve_(*builder.budget()) {}

  Status Build(Builder& builder) {
    TURDB_ASSIGN_OR_RETURN(input_, builder.BuildLanes(*node_.input, IsOrderless() && RunsOnAnyThread(node_)));
    // One a lane; the first is all there is when there is one lane.
    for (size_t i = 0; i < input_->count(); ++i) {
      groupings_.push_back(std::make_unique<Grouping>(node_, builder));
      TURDB_RETURN_IF_ERROR(groupings_.back()->Build(node_, builder));
    }
    keys_ = builder.NewChunk(main().group_types());
    return absl::OkStatus();
  }

  Status Start(Runtime& runtime) override {
    drained_ = false;
    one_thread_ = input_->count() == 1;
    put_aside_.clear();
    spilled_.reset();
    spilled_bytes_ = 0;
    level_ = 0;
    results_.clear();
    if (SpillFile::CanCreate(runtime) && spill_reserve_.bytes() == 0) {
      TURDB_RETURN_IF_ERROR(spill_reserve_.Grow(SpillPartitions::ReserveBytes(*runtime.budget), "grouping"));
    }
    for (const std::unique_ptr<Grouping>& grouping : groupings_) {
      TURDB_RETURN_IF_ERROR(grouping->Prepare(runtime));
      TURDB_RETURN_IF_ERROR(grouping->Start(runtime, !one_thread_ && node_.always.empty()));
    }
    return input_->Start(runtime);
  }

  StatusOr<Flow> Next(Runtime& runtime, Batch* out) override {
    if (!drained_) {
      TURDB_ASSIGN_OR_RETURN(const Flow flow, Drain(runtime));
      if (flow == Flow::kBlocked) return flow;
      drained_ = true;
    }
    chunk_.Reset();
    while (result_ < results_.size()) {
      TURDB_ASSIGN_OR_RETURN(const uint32_t count, results_[result_]->Scan(&position_, &chunk_));
      if (count != 0) {
        *out = Batch::All(chunk_);
        return Flow::kHaveMore;
      }
      ++result_;
      position_ = RowStore::Position();
    }
    return NextPartition(runtime);
  }

  int64_t spilled_bytes() const override {
    int64_t bytes = spilled_bytes_;
    for (const std::unique_ptr<Grouping>& grouping : groupings_) bytes += grouping->spilled_bytes();
    return bytes;
  }
  int64_t memory_bytes() const override {
    int64_t bytes = 0;
    for (const std::unique_ptr<Grouping>& grouping : groupings_) bytes += grouping->memory_bytes();
    return bytes;
  }

 private:
  // More groups than this are put together by all threads.
  static constexpr uint64_t kGroupsWorthThreads = 20'000;

  // Whether rows may come in any order, and groups may be put together from parts.
  bool IsOrderless() const {
    if (node_.input_grouped) return false;
    return std::all_of(node_.calls.begin(), node_.calls.end(), [](const AggregateCall& call) {
      const function::AggregateFunction& function = *call.function->function;
      return (!call.distinct || function.ignores_duplicates) && call.order.empty() && !function.order_sensitive &&
             !function.ordered_set && function.combine != nullptr;
    });
  }
  Grouping& main() { return *groupings_[0]; }

  StatusOr<Flow> Drain(Runtime& runtime) {
    if (!one_thread_) {
      TURDB_ASSIGN_OR_RETURN(const Flow flow, DrainLanes(runtime));
      if (flow != Flow::kHaveMore) return flow;
      // There was no room.
      for (const std::unique_ptr<Grouping>& grouping : groupings_) TURDB_RETURN_IF_ERROR(grouping->Start(runtime));
      TURDB_RETURN_IF_ERROR(input_->Start(runtime));
      input_->KeepToOneLane();
      one_thread_ = true;
    }
    if (main().size() == 0) TURDB_RETURN_IF_ERROR(MakeAlways());
    TURDB_ASSIGN_OR_RETURN(const Flow flow,
                           input_->Drain(runtime, [this](size_t, Runtime& own, const Batch& batch) -> StatusOr<bool> {
                             TURDB_RETURN_IF_ERROR(FeedOrSpill(own, batch));
                             return true;
                           }));
    if (flow == Flow::kBlocked) return flow;
    TURDB_RETURN_IF_ERROR(FinishPass(runtime));
    return Flow::kDone;
  }

  // kHaveMore: it did not fit.
  StatusOr<Flow> DrainLanes(Runtime& runtime) {
    TURDB_ASSIGN_OR_RETURN(const Flow flow,
                           input_->Drain(runtime, [this](size_t lane, Runtime& own, const Batch& batch) -> StatusOr<bool> {
                             TURDB_RETURN_IF_ERROR(groupings_[lane]->Feed(own, batch));
                             return !groupings_[lane]->full();
                           }));
    if (flow != Flow::kDone) return flow;
    uint64_t groups = 0;
    bool sealed = false;
    for (const std::unique_ptr<Grouping>& grouping : groupings_) {
      groups += grouping->size();
      sealed |= grouping->sealed();
    }
    if ((groups < kGroupsWorthThreads && !sealed) || !node_.always.empty()) {
      for (size_t i = 1; i < groupings_.size(); ++i) {
        TURDB_ASSIGN_OR_RETURN(const bool fits, main().Take(runtime, *groupings_[i], &keys_));
        if (!fits) return Flow::kHaveMore;
      }
      TURDB_RETURN_IF_ERROR(MakeAlways());
      if (main().full()) return Flow::kHaveMore;
      ShowGroups(1);
      return Flow::kDone;
    }
    TURDB_ASSIGN_OR_RETURN(const bool fits, MergeLanes(runtime));
    if (!fits) return Flow::kHaveMore;
    ShowGroups(groupings_.size());
    return Flow::kDone;
  }

  StatusOr<bool> MergeLanes(Runtime& runtime) {
    std::atomic<size_t> next_list{0}, next_part{0};
    std::atomic<bool> fits{true};
    TURDB_RETURN_IF_ERROR(OnThreads(runtime, groupings_.size(), [&](size_t) -> Status {
      for (size_t i = next_list++; i < groupings_.size() && fits.load(); i = next_list++) {
        if (!groupings_[i]->ListParts()) fits.store(false);
      }
      return absl::OkStatus();
    }));
    if (!fits.load()) return false;
    TURDB_RETURN_IF_ERROR(OnThreads(runtime, groupings_.size(), [&](size_t i) -> Status {
      TURDB_ASSIGN_OR_RETURN(const bool fit, groupings_[i]->MergeParts(runtime, groupings_, &next_part));
      if (!fit) fits.store(false);
      return absl::OkStatus();
    }));
    for (const std::unique_ptr<Grouping>& grouping : groupings_) grouping->EndMerge();
    return fits.load();
  }

  void ShowGroups(size_t count) {
    results_.clear();
    for (size_t i = 0; i < count; ++i) results_.push_back(groupings_[i].get());
    result_ = 0;
    position_ = RowStore::Position();
  }

  Status FinishPass(Runtime& runtime) {
    TURDB_RETURN_IF_ERROR(main().FinishPass(runtime));
    ShowGroups(1);
    return put_aside_.Take(&spilled_, level_, &spilled_bytes_);
  }

  // The groups of the next partition take the place of those that have been given out.
  StatusOr<Flow> NextPartition(Runtime& runtime) {
    if (put_aside_.empty()) return Flow::kDone;
    const SpilledParts::Part partition = put_aside_.Pop();
    level_ = partition.level;
    TURDB_RETURN_IF_ERROR(main().Start(runtime));
    SpillScan scan(*partition.file, input_layout_, runtime.budget);
    while (true) {
      TURDB_RETURN_IF_ERROR(runtime.CheckCancelled());
      TURDB_ASSIGN_OR_RETURN(const bool more, scan.Next(&refed_));
      if (!more) break;
      TURDB_RETURN_IF_ERROR(FeedOrSpill(runtime, Batch::All(refed_)));
    }
    TURDB_RETURN_IF_ERROR(FinishPass(runtime));
    return Flow::kHaveMore;
  }

  Status FeedOrSpill(Runtime& runtime, const Batch& batch) {
    TURDB_RETURN_IF_ERROR(main().Feed(runtime, batch));
    if (main().missing().empty()) return absl::OkStatus();
    if (!SpillFile::CanCreate(runtime) || level_ == SpillPartitions::kMaxLevel || main().size() == 0) {
      return OverBudget("grouping", main().memory_bytes());
    }
    if (spilled_ == nullptr) spilled_ = std::make_unique<SpillPartitions>(input_layout_, level_, "grouping");
    columns_.clear();
    for (const Vector& column : batch.chunk->columns()) columns_.push_back(&column);
    return spilled_->Append(runtime, columns_, batch.rows, main().hashes().data(), main().missing());
  }

  // (A2)
  Status MakeAlways() {
    for (const int32_t number : node_.always) {
      columns_.clear();
      Chunk& key = keys_;
      key.Reset();
      for (size_t c = 0; c < key.column_count(); ++c) {
        Vector& column = key.column(c);
        if (c + 1 < key.column_count()) {
          column.SetConstantNull();
        } else {
          column.SetConstant(vec::Value::Int32(number));
        }
        columns_.push_back(&column);
      }
      TURDB_RETURN_IF_ERROR(main().Make(columns_));
    }
    return absl::OkStatus();
  }

  const AggregateNode& node_;
  std::unique_ptr<Lanes> input_;
  std::vector<std::unique_ptr<Grouping>> groupings_;
  Chunk keys_;  // groups that are looked up
  bool one_thread_ = true;
  bool drained_ = false;
  // The groups that are given out.
  std::vector<Grouping*> results_;
  size_t result_ = 0;
  RowStore::Position position_;
  Chunk chunk_;
  // Rows whose group found no room.
  const RowLayout input_layout_;
  Chunk refed_;
  base::MemoryReservation spill_reserve_;
  std::unique_ptr<SpillPartitions> spilled_;  // what this pass puts aside
  SpilledParts put_aside_;                    // what is still to be aggregated
  int64_t spilled_bytes_ = 0;
  uint32_t level_ = 0;
  std::vector<const Vector*> columns_;
};

}  // namespace

SourceOr MakeAggregate(const AggregateNode& node, Builder& builder) {
  auto source = std::make_unique<AggregateSource>(node, builder);
  TURDB_RETURN_IF_ERROR(source->Build(builder));
  return source;
}

}  // namespace turdb::exec
