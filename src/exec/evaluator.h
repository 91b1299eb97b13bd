// Runs bound expressions over batches.
//
// Each expression becomes a tree of Evaluators with one scratch vector each; leaves hand out vectors that exist
// already. What narrows evaluation (E1 of expression.h) is which rows a parent asks its children for.
#ifndef TURDB_EXEC_EVALUATOR_H_
#define TURDB_EXEC_EVALUATOR_H_

#include <memory>
#include <optional>
#include <vector>

#include "base/status.h"
#include "exec/expression.h"
#include "exec/pipeline.h"
#include "exec/plan.h"
#include "exec/runtime.h"
#include "vec/chunk.h"

namespace turdb::exec {

// Belongs to one Execution; one thread at a time.
class Evaluator {
 public:
  explicit Evaluator(const Expression& expression) : expression_(expression) {}
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;
  virtual ~Evaluator() = default;

  const vec::Type& type() const { return expression_.type; }
  const Expression& expression() const { return expression_; }

  // Takes the runtime's present parameters. REQUIRED before the first Evaluate of a run.
  virtual base::Status Start(Runtime& runtime) = 0;
  // *out[r] is the value for row r of `input`, for each of `rows` (at least one). Valid until the next call; may be a
  // column of the input. Rows that were not asked for are unspecified.
  virtual base::Status Evaluate(Runtime& runtime, const vec::Chunk& input, vec::Rows rows, const vec::Vector** out) = 0;
  // Of a boolean expression: those of `rows` for which it is true, in order, to `selected`, which may be rows.rows.
  virtual base::StatusOr<uint32_t> Select(Runtime& runtime, const vec::Chunk& input, vec::Rows rows, vec::SelIndex* selected);

 private:
  const Expression& expression_;
};

// Builds the pipeline of a node. Outlives only the building.
class StreamBuilder {
 public:
  virtual ~StreamBuilder() = default;
  virtual base::StatusOr<std::unique_ptr<Stream>> BuildStream(const Node& node) = 0;
};

struct EvaluatorOptions {
  base::MemoryBudget* budget = nullptr;
  uint32_t capacity = vec::kDefaultChunkCapacity;
  StreamBuilder* builder = nullptr;
};

// The expression outlives the evaluator.
base::StatusOr<std::unique_ptr<Evaluator>> MakeEvaluator(const Expression& expression, const EvaluatorOptions& options);

// Several expressions over one input.
class EvaluatorList {
 public:
  static base::StatusOr<EvaluatorList> Make(Expressions expressions, const EvaluatorOptions& options);
  base::Status Start(Runtime& runtime);
  // values()[i] is the i-th result afterwards. `rows` must not be empty.
  base::Status Evaluate(Runtime& runtime, const vec::Chunk& input, vec::Rows rows);
  std::span<const vec::Vector* const> values() const { return values_; }
  size_t size() const { return evaluators_.size(); }

 private:
  std::vector<std::unique_ptr<Evaluator>> evaluators_;
  std::vector<const vec::Vector*> values_;
};

// A conjunction that narrows a batch, conjunct by conjunct, in order.
class Filter {
 public:
  static base::StatusOr<Filter> Make(Expressions conjuncts, const EvaluatorOptions& options);
  base::Status Start(Runtime& runtime);
  bool empty() const { return conjuncts_.empty(); }
  // The rows that pass, in memory of the filter: valid until the next call.
  base::StatusOr<vec::Rows> Apply(Runtime& runtime, const vec::Chunk& input, vec::Rows rows);

 private:
  std::vector<std::unique_ptr<Evaluator>> conjuncts_;
  std::unique_ptr<vec::SelectionVector> selection_;
};

// Row-independent expressions (KeyRange, LIMIT, VALUES) to single values.
class ScalarEvaluator {
 public:
  static base::StatusOr<ScalarEvaluator> Make(const Expression& expression, const EvaluatorOptions& options);
  base::Status Start(Runtime& runtime) { return evaluator_->Start(runtime); }
  // Row 0 of the result. Valid until the next call.
  base::StatusOr<const vec::Vector*> Evaluate(Runtime& runtime);
  const vec::Type& type() const { return evaluator_->type(); }

 private:
  std::unique_ptr<Evaluator> evaluator_;
  vec::Chunk none_;
};

// LIMIT and OFFSET.
class LimitCounts {
 public:
  static base::StatusOr<LimitCounts> Make(const Expression* limit, const Expression* offset, const EvaluatorOptions& options);
  // Without a limit *limit is UINT64_MAX. Errors: 2201W, 2201X for negative counts.
  base::Status Start(Runtime& runtime, uint64_t* limit, uint64_t* offset);

 private:
  std::optional<ScalarEvaluator> limit_;
  std::optional<ScalarEvaluator> offset_;
};

// True when something below reads a correlated slot, in the plan or its subqueries.
bool ReadsSlots(const Node& node);
bool ReadsSlots(const Expression& expression);

}  // namespace turdb::exec

#endif  // TURDB_EXEC_EVALUATOR_H_
