// DISTINCT, DISTINCT ON and set operations, over GroupTables.
#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "absl/strings/str_cat.h"
#include "exec/builder.h"
#include "exec/group_table.h"
#include "exec/sorter.h"
#include "exec/spill_partitions.h"
#include "exec/vector_operations.h"

namespace turdb::exec {
namespace {

using base::Status;
using base::StatusOr;
using vec::Chunk;
using vec::Rows;

Status OverBudget(std::string_view what, const GroupTable& table) {
  return base::OutOfMemoryError(
      absl::StrCat(what, " needs more memory than memory_limit leaves (", table.memory_bytes(), " bytes in use by it)"));
}

void AllColumns(const Chunk& chunk, std::vector<const vec::Vector*>* columns) {
  columns->clear();
  for (const vec::Vector& column : chunk.columns()) columns->push_back(&column);
}

// A breaker's rows that have no place in its full table (G1), put aside by hash. False: nothing may be put aside.
bool MaySpill(const Runtime& runtime, const GroupTable& table, uint32_t level) {
  return SpillFile::CanCreate(runtime) && level < SpillPartitions::kMaxLevel && table.size() != 0;
}

// Positions of the rows that the table had no room for.
void MissingPositions(std::span<std::byte* const> records, uint32_t count, std::vector<uint32_t>* missing) {
  missing->clear();
  for (uint32_t i = 0; i < count; ++i) {
    if (records[i] == nullptr) missing->push_back(i);
  }
}

// Streams: a row leaves as soon as its key is new, so input order is kept and DISTINCT ON takes the first. Once the table
// is full, rows with unknown keys are put aside by hash and looked at part by part in the end. Of DISTINCT ON, whose
// order counts, they carry their numbers, and those that are left are sorted by them.
class DistinctSource : public Source {
 public:
  // The key: `on` if there is any, else one column, else all columns, of `types`.
  DistinctSource(Expressions on, std::optional<size_t> key_column, std::span<const vec::Type> types,
                 std::unique_ptr<Stream> input, Builder& builder)
      : ordered_(!on.empty()),
        key_column_(key_column),
        types_(types.begin(), types.end()),
        input_(std::move(input)),
        table_(KeyTypes(on, key_column, types), 0, builder.capacity(), builder.budget()),
        spill_reserve_(*builder.budget()),
        aside_layout_(AsideTypes(on, types)),
        aside_rows_(builder.NewChunk(AsideTypes(on, types))),
        numbers_(vec::TypeId::kInt64, builder.capacity(), builder.budget()),
        selection_(builder.capacity(), builder.budget()),
        late_selection_(builder.capacity(), builder.budget()),
        records_(builder.capacity()) {}

  Status Build(Expressions on, Builder& builder) {
    TURDB_ASSIGN_OR_RETURN(on_, EvaluatorList::Make(on, builder.options()));
    return absl::OkStatus();
  }

  Status Start(Runtime& runtime) override {
    table_.Reset();
    aside_.reset();
    parts_.clear();
    scan_.reset();
    part_ = SpilledParts::Part();
    late_.reset();
    level_ = 0;
    rows_before_ = 0;
    spilled_bytes_ = 0;
    phase_ = Phase::kInput;
    if (SpillFile::CanCreate(runtime) && spill_reserve_.bytes() == 0) {
      TURDB_RETURN_IF_ERROR(spill_reserve_.Grow(SpillPartitions::ReserveBytes(*runtime.budget), kPurpose));
    }
    TURDB_RETURN_IF_ERROR(on_.Start(runtime));
    return input_->Start(runtime);
  }

  StatusOr<Flow> Next(Runtime& runtime, Batch* out) override {
    switch (phase_) {
      case Phase::kInput: {
        Batch batch;
        TURDB_ASSIGN_OR_RETURN(const Flow flow, input_->Next(runtime, &batch));
        if (flow == Flow::kBlocked) return flow;
        if (flow == Flow::kHaveMore) {
          TURDB_RETURN_IF_ERROR(KeepNew(runtime, batch, out));
          rows_before_ += batch.rows.count;
          return Flow::kHaveMore;
        }
        TURDB_RETURN_IF_ERROR(parts_.Take(&aside_, level_, &spilled_bytes_));
        phase_ = Phase::kParts;
        return Flow::kHaveMore;
      }
      case Phase::kParts:
        return NextOfParts(runtime, out);
      case Phase::kLate:
        break;
    }
    TURDB_ASSIGN_OR_RETURN(const bool more, late_->Next(runtime, &late_rows_));
    if (!more) return Flow::kDone;
    *out = Batch::All(late_rows_);
    return Flow::kHaveMore;
  }

  int64_t memory_bytes() const override { return table_.memory_bytes() + (late_.has_value() ? late_->memory_bytes() : 0); }
  int64_t spilled_bytes() const override { return spilled_bytes_ + (late_.has_value() ? late_->spilled_bytes() : 0); }

 private:
  static constexpr std::string_view kPurpose = "DISTINCT";
  enum class Phase : uint8_t { kInput, kParts, kLate };

  static std::vector<vec::Type> KeyTypes(Expressions on, std::optional<size_t> key_column, std::span<const vec::Type> types) {
    if (on.empty() && key_column.has_value()) return {types[*key_column]};
    if (on.empty()) return {types.begin(), types.end()};
    std::vector<vec::Type> key_types;
    for (const Expression* expression : on) key_types.push_back(expression->type);
    return key_types;
  }
  static std::vector<vec::Type> AsideTypes(Expressions on, std::span<const vec::Type> types) {
    std::vector<vec::Type> aside(types.begin(), types.end());
    if (!on.empty()) aside.push_back(vec::TypeId::kInt64);  // the row's number
    return aside;
  }

  // A batch of the input, or of a part: then its last column has the numbers where they count.
  Status KeepNew(Runtime& runtime, const Batch& batch, Batch* out) {
    if (ordered_) {
      TURDB_RETURN_IF_ERROR(on_.Evaluate(runtime, *batch.chunk, batch.rows));
      columns_.assign(on_.values().begin(), on_.values().end());
    } else if (key_column_.has_value()) {
      columns_.assign(1, &batch.chunk->column(*key_column_));
    } else {
      AllColumns(*batch.chunk, &columns_);
    }
    created_.clear();
    table_.FindOrInsert(columns_, batch.rows, records_.data(), &created_);
    std::sort(created_.begin(), created_.end());
    missing_.clear();
    if (table_.full()) TURDB_RETURN_IF_ERROR(PutAside(runtime, batch));
    // What comes behind a row that was put aside must not leave before it.
    uint32_t leave_before = UINT32_MAX;
    if (ordered_) leave_before = phase_ == Phase::kParts ? 0 : missing_.empty() ? UINT32_MAX : missing_[0];
    uint32_t count = 0, late_count = 0;
    for (const uint32_t i : created_) {
      if (i < leave_before) {
        selection_.data()[count++] = batch.rows[i];
      } else {
        late_selection_.data()[late_count++] = batch.rows[i];
      }
    }
    *out = Batch{batch.chunk, Rows{selection_.data(), count}};
    return late_count == 0 ? absl::OkStatus() : KeepForLater(runtime, batch, Rows{late_selection_.data(), late_count});
  }

  Status PutAside(Runtime& runtime, const Batch& batch) {
    MissingPositions(records_, batch.rows.count, &missing_);
    if (missing_.empty()) return absl::OkStatus();
    if (!MaySpill(runtime, table_, level_)) return OverBudget(kPurpose, table_);
    if (aside_ == nullptr) aside_ = std::make_unique<SpillPartitions>(aside_layout_, level_, kPurpose);
    NumberRows(batch);
    return aside_->Append(runtime, columns_, batch.rows, table_.hashes().data(), missing_);
  }

  // columns_ become those of rows that are put aside.
  void NumberRows(const Batch& batch) {
    AllColumns(*batch.chunk, &columns_);
    if (!ordered_ || phase_ != Phase::kInput) return;
    numbers_.Reset();
    for (uint32_t i = 0; i < batch.rows.count; ++i) {
      numbers_.data<int64_t>()[batch.rows[i]] = static_cast<int64_t>(rows_before_ + i);
    }
    columns_.push_back(&numbers_);
  }

  Status KeepForLater(Runtime& runtime, const Batch& batch, Rows rows) {
    if (!late_.has_value()) {
      const SortOrder order{vec::TypeId::kInt64, false, false};
      late_.emplace(std::span(&order, 1), types_, static_cast<uint32_t>(records_.size()), runtime.budget);
      late_rows_ = Chunk(types_, static_cast<uint32_t>(records_.size()), runtime.budget);
      TURDB_RETURN_IF_ERROR(late_->Start(runtime));
    }
    NumberRows(batch);
    const vec::Vector* const number = columns_.back();
    columns_.pop_back();
    return late_->Add(runtime, Columns(&number, 1), columns_, rows);
  }

  StatusOr<Flow> NextOfParts(Runtime& runtime, Batch* out) {
    if (scan_ == nullptr) {
      if (parts_.empty()) {
        table_.Reset();
        if (!late_.has_value()) return Flow::kDone;
        TURDB_RETURN_IF_ERROR(late_->Finish(runtime));
        phase_ = Phase::kLate;
        return Flow::kHaveMore;
      }
      part_ = parts_.Pop();
      level_ = part_.level;
      table_.Reset();
      scan_ = std::make_unique<SpillScan>(*part_.file, aside_layout_, runtime.budget);
    }
    TURDB_ASSIGN_OR_RETURN(const bool more, scan_->Next(&aside_rows_));
    if (more) {
      TURDB_RETURN_IF_ERROR(KeepNew(runtime, Batch::All(aside_rows_), out));
    } else {
      scan_.reset();
      TURDB_RETURN_IF_ERROR(parts_.Take(&aside_, level_, &spilled_bytes_));
    }
    return Flow::kHaveMore;
  }

  const bool ordered_;
  const std::optional<size_t> key_column_;
  const std::vector<vec::Type> types_;
  std::unique_ptr<Stream> input_;
  EvaluatorList on_;
  GroupTable table_;
  Phase phase_ = Phase::kInput;
  uint64_t rows_before_ = 0;  // of the input, before the present batch
  // Rows that the table has no room for.
  base::MemoryReservation spill_reserve_;
  const RowLayout aside_layout_;
  std::unique_ptr<SpillPartitions> aside_;
  SpilledParts parts_;
  SpilledParts::Part part_;  // being read
  std::unique_ptr<SpillScan> scan_;
  Chunk aside_rows_;
  uint32_t level_ = 0;
  int64_t spilled_bytes_ = 0;
  std::optional<Sorter> late_;  // of DISTINCT ON: what leaves when everything is known
  Chunk late_rows_;
  // Of one batch.
  vec::Vector numbers_;
  vec::SelectionVector selection_;
  vec::SelectionVector late_selection_;
  std::vector<std::byte*> records_;
  std::vector<uint32_t> created_;
  std::vector<uint32_t> missing_;
  std::vector<const vec::Vector*> columns_;
};

class UnionAllSource : public Source {
 public:
  explicit UnionAllSource(std::vector<std::unique_ptr<Stream>> inputs) : inputs_(std::move(inputs)) {}
  Status Start(Runtime& runtime) override {
    current_ = 0;
    return inputs_[0]->Start(runtime);
  }
  StatusOr<Flow> Next(Runtime& runtime, Batch* out) override {
    while (true) {
      TURDB_ASSIGN_OR_RETURN(const Flow flow, inputs_[current_]->Next(runtime, out));
      if (flow != Flow::kDone) return flow;
      if (current_ + 1 == inputs_.size()) return Flow::kDone;
      TURDB_RETURN_IF_ERROR(inputs_[++current_]->Start(runtime));
    }
  }

 private:
  std::vector<std::unique_ptr<Stream>> inputs_;
  size_t current_ = 0;
};

// UNION, INTERSECT and EXCEPT with or without ALL. The right input is counted by key first (a UNION takes it last);
// then a row of the left leaves when the counts say so:
//
//   INTERSECT ALL  while the right count is above what left already
//   INTERSECT      once, when the right count is above 0
//   EXCEPT ALL     after the right count has been used up
//   EXCEPT         once, when the right count is 0
//
// Rows of either side that a full table has no place for are put aside by hash; later each pair of parts is treated like
// the inputs.
class CountingSource : public Source {
 public:
  CountingSource(const SetOperationNode& node, std::unique_ptr<Stream> left, std::unique_ptr<Stream> right, Builder& builder)
      : intersect_(node.operation == SetOperation::kIntersect),
        all_(node.all),
        left_{std::move(left)},
        right_{std::move(right)},
        layout_(node.types),
        table_(node.types, sizeof(Counts), builder.capacity(), builder.budget()),
        spill_reserve_(*builder.budget()),
        part_rows_(builder.NewChunk(node.types)),
        selection_(builder.capacity(), builder.budget()),
        records_(builder.capacity()) {}

  Status Start(Runtime& runtime) override {
    table_.Reset();
    for (Side* side : {&left_, &right_}) {
      side->aside.reset();
      side->scan.reset();
      side->file.reset();
    }
    pairs_.clear();
    level_ = 0;
    spilled_bytes_ = 0;
    from_inputs_ = true;
    right_done_ = false;
    // Both sides are put aside.
    if (SpillFile::CanCreate(runtime) && spill_reserve_.bytes() == 0) {
      TURDB_RETURN_IF_ERROR(spill_reserve_.Grow(2 * SpillPartitions::ReserveBytes(*runtime.budget), kPurpose));
    }
    TURDB_RETURN_IF_ERROR(right_.input->Start(runtime));
    return left_.input->Start(runtime);
  }

  StatusOr<Flow> Next(Runtime& runtime, Batch* out) override {
    Batch batch;
    while (!right_done_) {
      TURDB_ASSIGN_OR_RETURN(const Flow flow, NextOf(runtime, right_, &batch));
      if (flow == Flow::kBlocked) return flow;
      if (flow == Flow::kDone) {
        right_done_ = true;
        break;
      }
      TURDB_RETURN_IF_ERROR(Lookup(runtime, right_, batch));
      for (uint32_t i = 0; i < batch.rows.count; ++i) {
        if (records_[i] != nullptr) ++CountsOf(i).right;
      }
    }
    TURDB_ASSIGN_OR_RETURN(const Flow flow, NextOf(runtime, left_, &batch));
    if (flow == Flow::kBlocked) return flow;
    if (flow == Flow::kDone) return NextPair(runtime);
    TURDB_RETURN_IF_ERROR(Lookup(runtime, left_, batch));
    *out = Batch{batch.chunk, RowsThatLeave(batch.rows)};
    return Flow::kHaveMore;
  }

  int64_t memory_bytes() const override { return table_.memory_bytes(); }
  int64_t spilled_bytes() const override { return spilled_bytes_; }

 private:
  static constexpr std::string_view kPurpose = "a set operation";
  struct Counts {
    uint64_t left;   // rows of the left so far
    uint64_t right;  // rows of the right
  };
  struct Side {
    std::unique_ptr<Stream> input;
    std::unique_ptr<SpillPartitions> aside = nullptr;
    // The part being read, when it is not the input.
    std::unique_ptr<SpillFile> file = nullptr;
    std::unique_ptr<SpillScan> scan = nullptr;
  };
  // Rows with the same bits of the hash. No file: no rows.
  struct Pair {
    std::unique_ptr<SpillFile> left;
    std::unique_ptr<SpillFile> right;
    uint32_t level = 0;
  };
  Counts& CountsOf(uint32_t i) { return *reinterpret_cast<Counts*>(table_.extra(records_[i])); }

  StatusOr<Flow> NextOf(Runtime& runtime, Side& side, Batch* batch) {
    if (from_inputs_) return side.input->Next(runtime, batch);
    if (side.scan == nullptr) return Flow::kDone;
    TURDB_RETURN_IF_ERROR(runtime.CheckCancelled());
    TURDB_ASSIGN_OR_RETURN(const bool more, side.scan->Next(&part_rows_));
    if (!more) {
      side.scan.reset();
      side.file.reset();
      return Flow::kDone;
    }
    *batch = Batch::All(part_rows_);
    return Flow::kHaveMore;
  }

  // records_[i]: the key of row i, or null, and the row is put aside.
  Status Lookup(Runtime& runtime, Side& side, const Batch& batch) {
    AllColumns(*batch.chunk, &columns_);
    table_.FindOrInsert(columns_, batch.rows, records_.data(), nullptr);
    if (!table_.full()) return absl::OkStatus();
    MissingPositions(records_, batch.rows.count, &missing_);
    if (missing_.empty()) return absl::OkStatus();
    if (!MaySpill(runtime, table_, level_)) return OverBudget(kPurpose, table_);
    if (side.aside == nullptr) side.aside = std::make_unique<SpillPartitions>(layout_, level_, kPurpose);
    return side.aside->Append(runtime, columns_, batch.rows, table_.hashes().data(), missing_);
  }

  Rows RowsThatLeave(Rows rows) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < rows.count; ++i) {
      if (records_[i] == nullptr) continue;
      Counts& counts = CountsOf(i);
      ++counts.left;
      const bool within = counts.left <= counts.right;
      const bool leaves = all_ ? within == intersect_ : counts.left == 1 && (counts.right > 0) == intersect_;
      if (leaves) selection_.data()[count++] = rows[i];
    }
    return Rows{selection_.data(), count};
  }

  // What was put aside joins the list; the next of it takes the place of the inputs.
  StatusOr<Flow> NextPair(Runtime& runtime) {
    for (Side* side : {&left_, &right_}) {
      if (side->aside == nullptr) continue;
      TURDB_RETURN_IF_ERROR(side->aside->FinishWriting());
      spilled_bytes_ += side->aside->size_bytes();
    }
    for (uint32_t p = 0; p < SpillPartitions::kCount; ++p) {
      Pair pair{left_.aside == nullptr ? nullptr : left_.aside->Take(p),
                right_.aside == nullptr ? nullptr : right_.aside->Take(p), level_ + 1};
      if (pair.left != nullptr) pairs_.push_back(std::move(pair));  // without rows on the left there is no result
    }
    left_.aside.reset();
    right_.aside.reset();
    table_.Reset();
    if (pairs_.empty()) return Flow::kDone;
    Pair pair = std::move(pairs_.back());
    pairs_.pop_back();
    level_ = pair.level;
    from_inputs_ = false;
    right_done_ = false;
    left_.file = std::move(pair.left);
    right_.file = std::move(pair.right);
    for (Side* side : {&left_, &right_}) {
      if (side->file != nullptr) side->scan = std::make_unique<SpillScan>(*side->file, layout_, runtime.budget);
    }
    return Flow::kHaveMore;
  }

  const bool intersect_;
  const bool all_;
  Side left_;
  Side right_;
  const RowLayout layout_;
  GroupTable table_;
  base::MemoryReservation spill_reserve_;
  std::vector<Pair> pairs_;  // still to be looked at
  bool from_inputs_ = true;
  uint32_t level_ = 0;
  int64_t spilled_bytes_ = 0;
  Chunk part_rows_;
  bool right_done_ = false;
  // Of one batch.
  vec::SelectionVector selection_;
  std::vector<std::byte*> records_;
  std::vector<uint32_t> missing_;
  std::vector<const vec::Vector*> columns_;
};

}  // namespace

SourceOr MakeDistinct(const DistinctNode& node, Builder& builder) {
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Stream> input, builder.BuildStream(*node.input));
  auto source = std::make_unique<DistinctSource>(node.on, std::nullopt, node.types, std::move(input), builder);
  TURDB_RETURN_IF_ERROR(source->Build(node.on, builder));
  return source;
}

SourceOr MakeDistinctOf(std::unique_ptr<Stream> input, std::span<const vec::Type> types, Builder& builder,
                        std::optional<size_t> key_column) {
  return std::make_unique<DistinctSource>(Expressions(), key_column, types, std::move(input), builder);
}

SourceOr MakeSetOperation(const SetOperationNode& node, Builder& builder) {
  std::vector<std::unique_ptr<Stream>> inputs;
  for (const Node* input : node.inputs) {
    TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Stream> stream, builder.BuildStream(*input));
    inputs.push_back(std::move(stream));
  }
  if (node.operation != SetOperation::kUnion) {
    return std::make_unique<CountingSource>(node, std::move(inputs[0]), std::move(inputs[1]), builder);
  }
  auto all = std::make_unique<UnionAllSource>(std::move(inputs));
  if (node.all) return all;
  return MakeDistinctOf(std::make_unique<Stream>(std::move(all)), node.types, builder);
}

}  // namespace turdb::exec
