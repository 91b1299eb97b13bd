// DISTINCT, DISTINCT ON and set operations, over GroupTables.
#include <algorithm>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "exec/builder.h"
#include "exec/group_table.h"
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

// Streams: a row leaves as soon as its key is new, so input order is kept and DISTINCT ON takes the first.
class DistinctSource : public Source {
 public:
  // No `on`: all columns, of `types`.
  DistinctSource(Expressions on, std::span<const vec::Type> types, std::unique_ptr<Stream> input, Builder& builder)
      : all_columns_(on.empty()),
        input_(std::move(input)),
        table_(KeyTypes(on, types), 0, builder.capacity(), builder.budget()),
        selection_(builder.capacity(), builder.budget()),
        records_(builder.capacity()) {}

  Status Build(Expressions on, Builder& builder) {
    TURDB_ASSIGN_OR_RETURN(on_, EvaluatorList::Make(on, builder.options()));
    return absl::OkStatus();
  }

  Status Start(Runtime& runtime) override {
    table_.Reset();
    TURDB_RETURN_IF_ERROR(on_.Start(runtime));
    return input_->Start(runtime);
  }

  StatusOr<Flow> Next(Runtime& runtime, Batch* out) override {
    Batch batch;
    TURDB_ASSIGN_OR_RETURN(const Flow flow, input_->Next(runtime, &batch));
    if (flow != Flow::kHaveMore) return flow;
    if (all_columns_) {
      AllColumns(*batch.chunk, &columns_);
    } else {
      TURDB_RETURN_IF_ERROR(on_.Evaluate(runtime, *batch.chunk, batch.rows));
      columns_.assign(on_.values().begin(), on_.values().end());
    }
    created_.clear();
    table_.FindOrInsert(columns_, batch.rows, records_.data(), &created_);
    if (table_.full()) return OverBudget("DISTINCT", table_);
    std::sort(created_.begin(), created_.end());
    for (size_t k = 0; k < created_.size(); ++k) selection_.data()[k] = batch.rows[created_[k]];
    *out = Batch{batch.chunk, Rows{selection_.data(), static_cast<uint32_t>(created_.size())}};
    return Flow::kHaveMore;
  }

  int64_t memory_bytes() const override { return table_.memory_bytes(); }

 private:
  static std::vector<vec::Type> KeyTypes(Expressions on, std::span<const vec::Type> types) {
    if (on.empty()) return {types.begin(), types.end()};
    std::vector<vec::Type> key_types;
    for (const Expression* expression : on) key_types.push_back(expression->type);
    return key_types;
  }

  const bool all_columns_;
  std::unique_ptr<Stream> input_;
  EvaluatorList on_;
  GroupTable table_;
  vec::SelectionVector selection_;
  std::vector<std::byte*> records_;
  std::vector<uint32_t> created_;
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
class CountingSource : public Source {
 public:
  CountingSource(const SetOperationNode& node, std::unique_ptr<Stream> left, std::unique_ptr<Stream> right, Builder& builder)
      : intersect_(node.operation == SetOperation::kIntersect),
        all_(node.all),
        left_(std::move(left)),
        right_(std::move(right)),
        table_(node.types, sizeof(Counts), builder.capacity(), builder.budget()),
        selection_(builder.capacity(), builder.budget()),
        records_(builder.capacity()) {}

  Status Start(Runtime& runtime) override {
    table_.Reset();
    right_done_ = false;
    TURDB_RETURN_IF_ERROR(right_->Start(runtime));
    return left_->Start(runtime);
  }

  StatusOr<Flow> Next(Runtime& runtime, Batch* out) override {
    Batch batch;
    while (!right_done_) {
      TURDB_ASSIGN_OR_RETURN(const Flow flow, right_->Next(runtime, &batch));
      if (flow == Flow::kBlocked) return flow;
      if (flow == Flow::kDone) {
        right_done_ = true;
        break;
      }
      TURDB_RETURN_IF_ERROR(Lookup(batch));
      for (uint32_t i = 0; i < batch.rows.count; ++i) ++CountsOf(i).right;
    }
    TURDB_ASSIGN_OR_RETURN(const Flow flow, left_->Next(runtime, &batch));
    if (flow != Flow::kHaveMore) return flow;
    TURDB_RETURN_IF_ERROR(Lookup(batch));
    uint32_t count = 0;
    for (uint32_t i = 0; i < batch.rows.count; ++i) {
      Counts& counts = CountsOf(i);
      ++counts.left;
      const bool within = counts.left <= counts.right;
      const bool leaves = all_ ? within == intersect_ : counts.left == 1 && (counts.right > 0) == intersect_;
      if (leaves) selection_.data()[count++] = batch.rows[i];
    }
    *out = Batch{batch.chunk, Rows{selection_.data(), count}};
    return Flow::kHaveMore;
  }

  int64_t memory_bytes() const override { return table_.memory_bytes(); }

 private:
  struct Counts {
    uint64_t left;   // rows of the left so far
    uint64_t right;  // rows of the right
  };
  Counts& CountsOf(uint32_t i) { return *reinterpret_cast<Counts*>(table_.extra(records_[i])); }

  Status Lookup(const Batch& batch) {
    AllColumns(*batch.chunk, &columns_);
    table_.FindOrInsert(columns_, batch.rows, records_.data(), nullptr);
    return table_.full() ? OverBudget("a set operation", table_) : absl::OkStatus();
  }

  const bool intersect_;
  const bool all_;
  std::unique_ptr<Stream> left_;
  std::unique_ptr<Stream> right_;
  GroupTable table_;
  vec::SelectionVector selection_;
  std::vector<std::byte*> records_;
  std::vector<const vec::Vector*> columns_;
  bool right_done_ = false;
};

}  // namespace

SourceOr MakeDistinct(const DistinctNode& node, Builder& builder) {
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Stream> input, builder.BuildStream(*node.input));
  auto source = std::make_unique<DistinctSource>(node.on, node.types, std::move(input), builder);
  TURDB_RETURN_IF_ERROR(source->Build(node.on, builder));
  return source;
}

SourceOr MakeDistinctOf(std::unique_ptr<Source> input, std::span<const vec::Type> types, Builder& builder) {
  return std::make_unique<DistinctSource>(Expressions(), types, std::make_unique<Stream>(std::move(input)), builder);
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
  return MakeDistinctOf(std::move(all), node.types, builder);
}

}  // namespace turdb::exec
