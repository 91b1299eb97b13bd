#include "exec/execution.h"

#include <algorithm>
#include <new>

#include "exec/builder.h"
#include "exec/materialized_rows.h"
#include "exec/referential_queue.h"
#include "exec/trigger.h"

namespace turdb::exec {

using base::Status;
using base::StatusOr;

namespace {

// Smaller chunks under small budgets, so that a plan's scratch vectors do not eat what its breakers need.
uint32_t CapacityFor(const base::MemoryBudget& budget) {
  const int64_t limit_bytes = budget.limit_bytes();
  if (limit_bytes < (4 << 20)) return 128;
  if (limit_bytes < (16 << 20)) return 512;
  if (limit_bytes < (64 << 20)) return 1024;
  return vec::kDefaultChunkCapacity;
}

// Correlated slots are typed by whoever reads them first; all readers of one slot agree (plan.h, P2).
void CollectSlotTypes(const Node& node, std::vector<vec::Type>* types) {
  ForEachExpression(node, [&](const Expression& expression) {
    if (expression.kind == ExpressionKind::kOuter) (*types)[static_cast<size_t>(expression.index)] = expression.type;
    if (expression.subquery == nullptr) return;
    for (const SlotBinding& binding : expression.subquery->bindings) {
      (*types)[static_cast<size_t>(binding.slot)] = binding.value->type;
    }
    CollectSlotTypes(*expression.subquery->plan, types);
  });
  if (node.kind == NodeKind::kApply) {
    for (const SlotBinding& binding : static_cast<const ApplyNode&>(node).bindings) {
      (*types)[static_cast<size_t>(binding.slot)] = binding.value->type;
    }
  }
  for (const Node* input : Inputs(node)) CollectSlotTypes(*input, types);
}

void CollectSlotTypes(const Trigger& trigger, std::vector<vec::Type>* types) {
  for (const TriggerInput& input : trigger.inputs) (*types)[static_cast<size_t>(input.slot)] = input.type;
  if (trigger.condition != nullptr) {
    SingleRowNode row;
    row.kind = NodeKind::kSingleRow;
    FilterNode condition;
    condition.input = &row;
    condition.kind = NodeKind::kFilter;
    condition.conjuncts = {&trigger.condition, 1};
    CollectSlotTypes(condition, types);
  }
  for (const TriggerStatement& statement : trigger.statements) CollectSlotTypes(*statement.node, types);
}

constexpr std::string_view kHoldPurpose = "keeping a cursor's rows over COMMIT";

}  // namespace

struct Execution::State {
  Runtime runtime;
  std::unique_ptr<ReferentialQueue> referential;
  std::unique_ptr<TriggerRuns> triggers;
  NodeProfiles profiles;
  std::unique_ptr<Stream> stream;
  vec::Chunk result;                       // for batches whose rows are not all of their chunk
  std::unique_ptr<MaterializedRows> held;  // the rows that a cursor has not given yet, kept over COMMIT
  MaterializedRows::Cursor held_cursor;
  vec::Chunk held_rows;
  Status held_status;  // how making them ended
};

Execution::Execution(std::shared_ptr<const Plan> plan, std::unique_ptr<State> state)
    : plan_(std::move(plan)), state_(std::move(state)) {}
Execution::~Execution() = default;

StatusOr<std::unique_ptr<Execution>> Execution::Create(std::shared_ptr<const Plan> plan, base::MemoryBudget* budget,
                                                       Parallelism parallelism, bool profiled) {
  auto state = std::make_unique<State>();
  Runtime& runtime = state->runtime;
  runtime.budget = budget;
  runtime.capacity = CapacityFor(*budget);
  std::vector<vec::Type> slot_types(static_cast<size_t>(plan->slot_count), vec::TypeId::kUnknown);
  CollectSlotTypes(plan->root(), &slot_types);
  for (const Trigger* trigger : plan->triggers) CollectSlotTypes(*trigger, &slot_types);
  for (const vec::Type& type : slot_types) runtime.slots.emplace_back(type, 1, budget);
  runtime.ctes.resize(static_cast<size_t>(plan->cte_count), nullptr);
  if (plan->has_foreign_keys) {
    state->referential = std::make_unique<ReferentialQueue>(plan, budget, runtime.capacity);
    runtime.referential = state->referential.get();
  }
  if (!plan->triggers.empty()) {
    state->triggers = std::make_unique<TriggerRuns>(plan, budget, runtime.capacity, slot_types);
    runtime.triggers = state->triggers.get();
  }
  Builder builder(budget, runtime.capacity, profiled ? &state->profiles : nullptr, parallelism);
  TURDB_ASSIGN_OR_RETURN(state->stream, builder.BuildStream(plan->root()));
  state->result = builder.NewChunk(plan->root().types);
  return std::unique_ptr<Execution>(new Execution(std::move(plan), std::move(state)));
}

Status Execution::Start(const ExecutionContext& context) {
  Runtime& runtime = state_->runtime;
  runtime.context = &context;
  runtime.changed_rows = 0;
  runtime.last_insert_id = 0;
  runtime.rejected.clear();
  ++runtime.statement_runs;
  runtime.others_run = false;  // the last run may have ended in the middle, for want of memory
  if (runtime.referential != nullptr) runtime.referential->Start(runtime);
  if (runtime.triggers != nullptr) runtime.triggers->Start(context);
  state_->held.reset();
  for (auto& [node, profile] : state_->profiles) profile = NodeProfile();
  return state_->stream->Start(runtime);
}

StatusOr<Flow> Execution::Next(const vec::Chunk** chunk) {
  if (state_->held != nullptr) {
    TURDB_ASSIGN_OR_RETURN(const uint32_t count, state_->held->Scan(&state_->held_cursor, &state_->held_rows));
    *chunk = &state_->held_rows;
    if (count != 0) return Flow::kHaveMore;
    TURDB_RETURN_IF_ERROR(state_->held_status);
    return Flow::kDone;
  }
  state_->result.Reset();
  Batch batch;
  TURDB_ASSIGN_OR_RETURN(const Flow flow, state_->stream->Next(state_->runtime, &batch));
  if (flow != Flow::kHaveMore) return flow;
  if (batch.rows.dense() && batch.rows.count == batch.chunk->size()) {
    *chunk = batch.chunk;
  } else {
    state_->result.Slice(*batch.chunk, batch.rows);
    *chunk = &state_->result;
  }
  return Flow::kHaveMore;
}

Status Execution::Hold(const vec::Chunk* shown, uint32_t first) {
  if (state_->held != nullptr) return state_->held_status;
  try {
    state_->held_status = HoldRows(shown, first);
  } catch (const std::bad_alloc&) {
    state_->held_status = base::OutOfMemoryError("keeping a cursor's rows needs more memory than memory_limit leaves");
  }
  if (state_->held == nullptr) {  // Next must not go on with what has ended
    const std::span<const vec::Type> types = plan_->root().types;
    state_->held = std::make_unique<MaterializedRows>(types, 1, state_->runtime.budget, kHoldPurpose);
    state_->held_rows = vec::Chunk(types, 1);
  }
  return state_->held_status;
}

Status Execution::HoldRows(const vec::Chunk* shown, uint32_t first) {
  const std::span<const vec::Type> types = plan_->root().types;
  Runtime& runtime = state_->runtime;
  auto held = std::make_unique<MaterializedRows>(types, runtime.capacity, runtime.budget, kHoldPurpose);
  vec::Chunk rows(types, runtime.capacity, runtime.budget);
  std::vector<const vec::Vector*> columns;
  const auto append = [&](const vec::Chunk& chunk, vec::Rows some) {
    columns.clear();
    for (const vec::Vector& column : chunk.columns()) columns.push_back(&column);
    return held->Append(runtime, columns, some);
  };
  Status status = absl::OkStatus();
  if (shown != nullptr && first < shown->size()) {
    std::vector<vec::SelIndex> rest;
    for (uint32_t row = first; row < shown->size(); ++row) rest.push_back(static_cast<vec::SelIndex>(row));
    status = append(*shown, vec::Rows{rest.data(), static_cast<uint32_t>(rest.size())});
  }
  while (status.ok()) {
    const vec::Chunk* chunk = nullptr;
    StatusOr<Flow> flow = Next(&chunk);
    status = flow.status();
    if (!status.ok() || *flow == Flow::kDone) break;
    if (*flow == Flow::kHaveMore) status = append(*chunk, vec::Rows::All(chunk->size()));
  }
  state_->held = std::move(held);
  state_->held_cursor = MaterializedRows::Cursor();
  state_->held_rows = std::move(rows);
  return status;
}

int64_t Execution::changed_rows() const { return state_->runtime.changed_rows; }
int64_t Execution::last_insert_id() const { return state_->runtime.last_insert_id; }
const NodeProfiles& Execution::profiles() const { return state_->profiles; }
std::span<const RejectedRow> Execution::rejected_rows() const { return state_->runtime.rejected; }

}  // namespace turdb::exec
