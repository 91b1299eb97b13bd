// The nearest rows by a vector index, for the TopN above. What the index gives are candidates: rows are fetched, filtered and
// measured exactly, and the search goes on until the TopN is full and nothing nearer is to be expected. A search that finds too
// little (few rows pass the filter, NULLs are asked for, the index cannot compare the query) ends in reading the table, so that
// there are never fewer rows than without the index. Where conditions bound another key, entries in its range are counted
// first: if they are few, their rows are all measured.
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "exec/builder.h"
#include "exec/key_range.h"
#include "exec/vector_operations.h"
#include "table/scan.h"
#include "table/table.h"

namespace turdb::exec {
namespace {

using base::Status;
using base::StatusOr;
using vec::Chunk;
using vec::Rows;

// Candidates whose rows are fetched first: half as many again as are wanted, so many at least. While the codes leave doubt, or
// rows are missing, half as many as came already.
constexpr uint64_t kFirstCandidates = 16;
constexpr uint64_t kMostCandidates = 1024;  // at once
// While codes cannot tell which of the rows are nearer, so many are ranked, or as many as ef says.
constexpr uint64_t kMostDoubtful = 512;
// What a candidate and its row cost, in rows read by a scan: a distance between codes is a random access, a row is several.
constexpr uint64_t kDistanceCost = 1;
constexpr uint64_t kRowCost = 8;
constexpr uint64_t kIndexedRowCost = 4;  // by an entry of another index
// What a search comes to for each candidate that it expands: its neighbours' distances, and its own row's.
constexpr uint64_t kExpansionCost = 32;
// A search that is to be given up has cost at most so much of what reading the table costs.
constexpr uint64_t kBudgetShare = 5;

class NearestSource : public Source {
 public:
  NearestSource(const NearestScanNode& node, Chunk chunk)
      : table_(*node.exact->table),
        query_type_(node.query->type),
        projection_(table_.MakeProjection(node.exact->columns)),
        chunk_(std::move(chunk)) {}

  Status Build(const NearestScanNode& node, Builder& builder) {
    const EvaluatorOptions& options = builder.options();
    TURDB_ASSIGN_OR_RETURN(exact_, builder.BuildStream(*node.exact));
    if (node.few != nullptr) {
      TURDB_ASSIGN_OR_RETURN(few_, builder.BuildStream(*node.few));
      few_index_ = node.few_index;
      TURDB_ASSIGN_OR_RETURN(few_range_, BoundKeyRange::Make(table_, few_index_, node.few_range, options));
    }
    TURDB_ASSIGN_OR_RETURN(latch_filter_, Filter::Make(node.exact->latch_filter, options));
    TURDB_ASSIGN_OR_RETURN(filter_, Filter::Make(node.exact->filter, options));
    TURDB_ASSIGN_OR_RETURN(computed_, EvaluatorList::Make(node.exact->computed, options));
    for (const Expression* given : node.exact->given) {
      TURDB_ASSIGN_OR_RETURN(ScalarEvaluator evaluator, ScalarEvaluator::Make(*given, options));
      given_.push_back(std::move(evaluator));
    }
    given_slots_ = node.exact->given_slots;
    TURDB_ASSIGN_OR_RETURN(query_, ScalarEvaluator::Make(*node.query, options));
    TURDB_ASSIGN_OR_RETURN(nearest_, table::NearestRows::Open(table_, node.index, projection_));
    progress_ = builder.NearestOf(node.number);
    return absl::OkStatus();
  }

  Status Start(Runtime& runtime) override {
    CountRun(runtime);
    rounds_ = 0;
    rows_read_ = 0;
    reason_ = Reason::kNone;
    reading_ = nullptr;
    counted_ = 0;
    counted_up_to_ = 0;
    TURDB_RETURN_IF_ERROR(latch_filter_.Start(runtime));
    TURDB_RETURN_IF_ERROR(filter_.Start(runtime));
    TURDB_RETURN_IF_ERROR(computed_.Start(runtime));
    for (size_t i = 0; i < given_.size(); ++i) {
      TURDB_RETURN_IF_ERROR(given_[i].Start(runtime));
      TURDB_ASSIGN_OR_RETURN(const vec::Vector* const value, given_[i].Evaluate(runtime));
      SetConstantFromRow(*value, 0, &runtime.slots[static_cast<size_t>(given_slots_[i])]);
    }
    TURDB_RETURN_IF_ERROR(query_->Start(runtime));
    TURDB_ASSIGN_OR_RETURN(const vec::Vector* const query, query_->Evaluate(runtime));
    const uint64_t rows = RowsOfTable();
    const uint64_t wanted = progress_->wanted();
    if (rows < static_cast<uint64_t>(std::max<int64_t>(runtime.context->hnsw_exact_rows, 0)))
      return ReadTable(runtime, Reason::kSmall);
    if (wanted > NearestProgress::kMostRows || wanted * 10 > rows) return ReadTable(runtime, Reason::kManyWanted);
    const vec::VectorView view = query->View();
    if (!view.IsValid(0)) return ReadTable(runtime, Reason::kNoQuery);
    const auto set = static_cast<uint64_t>(std::max(runtime.context->hnsw_ef_search, 0));
    const uint64_t ef = std::max(set != 0 ? set : nearest_->ef_search(), wanted);
    if (few_ != nullptr) {
      // A search looks at `ef` nodes, and at as many as it takes to meet so many rows of the range.
      const double most = std::max(static_cast<double>(ef) * kExpansionCost / kIndexedRowCost,
                                   std::sqrt(static_cast<double>(wanted * rows) * kExpansionCost / kIndexedRowCost));
      TURDB_RETURN_IF_ERROR(Count(runtime, static_cast<uint64_t>(most)));
      if (counted_ <= counted_up_to_) return Read(runtime, *few_, Reason::kFewInRange);
    }
    TURDB_ASSIGN_OR_RETURN(const bool can, nearest_->Start(query_type_, view.Get<vec::StringView>(0), ef));
    if (!can) return ReadTable(runtime, Reason::kNoQuery);
    ef_ = ef;
    next_candidates_ = std::clamp(wanted + wanted / 2, kFirstCandidates, kMostCandidates);
    return absl::OkStatus();
  }

  StatusOr<Flow> Next(Runtime& runtime, Batch* out) override {
    if (reading_ != nullptr) return reading_->Next(runtime, out);
    if (rounds_ != 0 && progress_->full()) {
      if (progress_->wanted() == 0 || nearest_->exhausted()) return Flow::kDone;
      if (nearest_->candidates() >= std::max(ef_, kMostDoubtful) || !nearest_->MayBeNearer(progress_->farthest()))
        return Flow::kDone;
    }
    if (rounds_ != 0 && !progress_->full() && nearest_->exhausted()) return FallBack(runtime, out, Reason::kTooFew);
    if (rounds_ != 0 && !progress_->full()) {
      TURDB_ASSIGN_OR_RETURN(const bool too_much, CostsTooMuch(runtime));
      if (too_much) return FallBack(runtime, out, Reason::kCost);
    }
    TURDB_RETURN_IF_ERROR(runtime.CheckCancelled());
    chunk_.Reset();
    ++rounds_;
    const auto candidates = static_cast<uint32_t>(std::min<uint64_t>(next_candidates_, chunk_.capacity()));
    TURDB_ASSIGN_OR_RETURN(const uint32_t rows,
                           nearest_->Append(runtime.context->ViewOf(table_.schema().id), candidates, &chunk_));
    next_candidates_ = std::clamp(nearest_->candidates() / 2, kFirstCandidates / 2, kMostCandidates);
    rows_read_ += rows;
    Rows kept = Rows::All(rows);
    if (!latch_filter_.empty() && kept.count != 0) {
      TURDB_ASSIGN_OR_RETURN(kept, latch_filter_.Apply(runtime, chunk_, kept));
    }
    if (kept.count != 0) {
      TURDB_RETURN_IF_ERROR(computed_.Evaluate(runtime, chunk_, kept));
      const size_t first = projection_.size();
      for (size_t i = 0; i < computed_.size(); ++i) CopyRows(*computed_.values()[i], kept, &chunk_.column(first + i));
    }
    // Which may ask for what was computed.
    if (!filter_.empty() && kept.count != 0) {
      TURDB_ASSIGN_OR_RETURN(kept, filter_.Apply(runtime, chunk_, kept));
    }
    *out = Batch{&chunk_, kept};
    return Flow::kHaveMore;
  }

  std::vector<NodeFact> facts() const override {
    static constexpr std::string_view kReasons[] = {"",
                                                    "the table is small",
                                                    "many rows are wanted",
                                                    "the index cannot compare the value",
                                                    "the index has too few rows",
                                                    "few rows pass the filter",
                                                    "few rows in the key's range"};
    const Runs runs = RunsSoFar();
    std::vector<NodeFact> facts;
    if (runs.count > 1) {  // below a LATERAL join, or in a subquery
      facts.push_back({"searches", {}, runs.count});
      facts.push_back({"exact searches", {}, runs.exact});
    } else {
      facts.push_back({"strategy", reason_ == Reason::kNone ? "by the index"
                                                            : absl::StrCat("exact, ", kReasons[static_cast<size_t>(reason_)])});
    }
    if (runs.distances != 0) {
      facts.push_back({"ef", {}, ef_});
      facts.push_back({"candidates", {}, runs.candidates});
      facts.push_back({"distances", {}, runs.distances});
    }
    return facts;
  }

 private:
  enum class Reason : uint8_t { kNone, kSmall, kManyWanted, kNoQuery, kTooFew, kCost, kFewInRange };

  // What the runs of one execution add up to.
  struct Runs {
    uint64_t count = 0;
    uint64_t exact = 0;
    uint64_t candidates = 0;
    uint64_t distances = 0;
  };
  // With the one that goes on, or ended last.
  Runs RunsSoFar() const {
    Runs runs = runs_;
    ++runs.count;
    runs.exact += reason_ != Reason::kNone ? 1 : 0;
    if (rounds_ != 0) {
      runs.candidates += nearest_->candidates();
      runs.distances += nearest_->distances();
    }
    return runs;
  }
  void CountRun(const Runtime& runtime) {
    runs_ = started_in_ == runtime.statement_runs ? RunsSoFar() : Runs();
    started_in_ = runtime.statement_runs;
  }

  uint64_t RowsOfTable() const { return static_cast<uint64_t>(table_.row_estimate()); }
  uint64_t Cost() const { return nearest_->distances() * kDistanceCost + rows_read_ * kRowCost; }

  // How many entries the range has, no further than past `most`.
  Status Count(Runtime& runtime, uint64_t most) {
    counted_up_to_ = most;
    TURDB_ASSIGN_OR_RETURN(const bool not_empty, few_range_->Bind(runtime));
    if (!not_empty) return absl::OkStatus();
    TURDB_ASSIGN_OR_RETURN(counted_, table_.CountAbout(few_index_, few_range_->lower(), few_range_->upper(), most));
    return absl::OkStatus();
  }
  // Whether so much was spent that reading all rows in question would have cost little more.
  StatusOr<bool> CostsTooMuch(Runtime& runtime) {
    const uint64_t rows = RowsOfTable(), spent = Cost() * kBudgetShare;
    if (few_ == nullptr || spent > rows) return spent > rows;
    const uint64_t most = rows / kIndexedRowCost;
    if (counted_ > counted_up_to_ && counted_up_to_ < most && spent > counted_ * kIndexedRowCost)
      TURDB_RETURN_IF_ERROR(Count(runtime, most));
    return spent > counted_ * kIndexedRowCost;
  }

  // Every row, by the cheaper way.
  Status ReadTable(Runtime& runtime, Reason reason) {
    if (few_ == nullptr) return Read(runtime, *exact_, reason);
    TURDB_RETURN_IF_ERROR(Count(runtime, RowsOfTable() / kIndexedRowCost));
    return Read(runtime, counted_ <= counted_up_to_ ? *few_ : *exact_, reason);
  }
  Status Read(Runtime& runtime, Stream& stream, Reason reason) {
    reason_ = reason;
    reading_ = &stream;
    return stream.Start(runtime);
  }
  StatusOr<Flow> FallBack(Runtime& runtime, Batch* out, Reason reason) {
    progress_->BeginAgain();
    TURDB_RETURN_IF_ERROR(ReadTable(runtime, reason));
    return reading_->Next(runtime, out);
  }

  const table::Table& table_;
  const vec::Type query_type_;
  const table::Projection projection_;
  Chunk chunk_;
  std::unique_ptr<Stream> exact_;
  std::unique_ptr<Stream> few_;  // null: there is none
  int32_t few_index_ = -1;
  std::optional<BoundKeyRange> few_range_;
  Filter latch_filter_;
  Filter filter_;
  EvaluatorList computed_;
  std::vector<ScalarEvaluator> given_;
  std::span<const int32_t> given_slots_;
  std::optional<ScalarEvaluator> query_;
  std::unique_ptr<table::NearestRows> nearest_;
  std::shared_ptr<NearestProgress> progress_;
  uint64_t ef_ = 0;
  uint64_t next_candidates_ = 0;
  uint64_t rounds_ = 0;
  uint64_t rows_read_ = 0;
  Stream* reading_ = nullptr;   // once all rows are read, by one of both
  uint64_t counted_ = 0;        // entries in the range of few_
  uint64_t counted_up_to_ = 0;  // how far it was to be counted
  Reason reason_ = Reason::kNone;
  Runs runs_;                // of the execution, before this one
  uint64_t started_in_ = 0;  // number of the execution
};

}  // namespace

SourceOr MakeNearestScan(const NearestScanNode& node, Builder& builder) {
  auto source = std::make_unique<NearestSource>(node, builder.NewChunk(node.types));
  TURDB_RETURN_IF_ERROR(source->Build(node, builder));
  return source;
}

}  // namespace turdb::exec
