#include "exec/trigger.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "exec/referential_queue.h"
#include "exec/vector_operations.h"
#include "function/raise.h"
#include "table/schema.h"
#include "txn/transaction.h"
#include "txn/transaction_manager.h"

namespace turdb::exec {

using base::Status;
using base::StatusOr;
using vec::Chunk;
using vec::Rows;
using vec::Vector;

namespace {

// Chunks of a body that runs once a row, or deep inside others: there may be one at each level.
constexpr uint32_t kSmallCapacity = 64;
constexpr int32_t kDeep = 4;

// Says which trigger it was. Of triggers that set off each other many times, the ones inside and the outermost are enough.
Status WithTrigger(const Status& status, const Trigger& trigger, bool outermost) {
  constexpr size_t kManyFrames = 8;
  const std::string frame = absl::StrCat("trigger \"", trigger.name, "\" on \"", trigger.table, "\"");
  const std::vector<std::string> frames = base::GetFrames(status);
  if (!frames.empty() && (frames.front() == frame || (frames.size() >= kManyFrames && !outermost))) return status;
  return base::WithFrame(status, frame);
}

// Row versions and index entries need memory, too.
constexpr double kHeadroomForChanges = 0.5;

constexpr std::string_view kRowsPurpose = "the rows that triggers are to see";

}  // namespace

// ---- TriggerRuns

struct TriggerRuns::Body {
  const Trigger* trigger = nullptr;
  std::optional<ScalarEvaluator> condition;
  std::vector<std::unique_ptr<Stream>> statements;
};

struct TriggerRuns::Level {
  struct Rows : CteState {
    MaterializedRows& rows() override { return *kept; }
    StatusOr<bool> More(Runtime&) override { return false; }
    MaterializedRows* kept = nullptr;
  };

  Runtime runtime;
  ExecutionContext context;
  uint64_t run = 0;  // that the context is of
  txn::View view;
  txn::View temporary_view;
  std::unique_ptr<ReferentialQueue> referential;
  Rows statement_rows;
  std::vector<std::unique_ptr<Body>> bodies;

  StatusOr<Body*> BodyOf(const Trigger& trigger, base::MemoryBudget* budget, uint32_t capacity) {
    for (const std::unique_ptr<Body>& body : bodies) {
      if (body->trigger == &trigger) return body.get();
    }
    auto body = std::make_unique<Body>();
    body->trigger = &trigger;
    const bool small = trigger.definition->for_each_row || runtime.trigger_depth > kDeep;
    Builder builder(budget, small ? std::min(capacity, kSmallCapacity) : capacity, nullptr, {});
    if (trigger.condition != nullptr) {
      TURDB_ASSIGN_OR_RETURN(body->condition, ScalarEvaluator::Make(*trigger.condition, builder.options()));
    }
    for (const TriggerStatement& statement : trigger.statements) {
      TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Stream> stream, builder.BuildStream(*statement.node));
      body->statements.push_back(std::move(stream));
    }
    bodies.push_back(std::move(body));
    return bodies.back().get();
  }
};

TriggerRuns::TriggerRuns(std::shared_ptr<const Plan> plan, base::MemoryBudget* budget, uint32_t capacity,
                         std::span<const vec::Type> slot_types)
    : plan_(std::move(plan)), budget_(budget), capacity_(capacity), slot_types_(slot_types.begin(), slot_types.end()) {}

TriggerRuns::~TriggerRuns() = default;

void TriggerRuns::Start(const ExecutionContext& context) {
  context_ = &context;
  ++run_;
}

StatusOr<TriggerRuns::Level*> TriggerRuns::LevelAt(int32_t depth) {
  if (depth > context_->max_trigger_depth) {
    return base::WithHint(base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kStatementTooComplex,
                                          absl::StrCat("triggers are nested more than ", context_->max_trigger_depth, " deep")),
                          "A trigger that changes what sets it off needs a WHEN that becomes false.");
  }
  while (levels_.size() < static_cast<size_t>(depth)) {
    auto level = std::make_unique<Level>();
    Runtime& runtime = level->runtime;
    runtime.budget = budget_;
    runtime.capacity = capacity_;
    for (const vec::Type& type : slot_types_) runtime.slots.emplace_back(type, 1, budget_);
    runtime.ctes.resize(static_cast<size_t>(plan_->cte_count), nullptr);
    runtime.triggers = this;
    runtime.trigger_depth = static_cast<int32_t>(levels_.size()) + 1;
    if (plan_->has_foreign_keys) {
      level->referential = std::make_unique<ReferentialQueue>(plan_, budget_, capacity_);
      runtime.referential = level->referential.get();
    }
    levels_.push_back(std::move(level));
  }
  Level& level = *levels_[static_cast<size_t>(depth) - 1];
  if (level.run != run_) {
    level.run = run_;
    level.context = *context_;
    level.context.view = &level.view;
    if (context_->temporary_transaction != nullptr) level.context.temporary_view = &level.temporary_view;
    level.runtime.context = &level.context;
  }
  return &level;
}

StatusOr<bool> TriggerRuns::Fire(const Runtime& from, const Trigger& trigger, const TriggerCause& cause) {
  TURDB_ASSIGN_OR_RETURN(Level* const level, LevelAt(from.trigger_depth + 1));
  TURDB_RETURN_IF_ERROR(level->runtime.CheckCancelled());
  TURDB_ASSIGN_OR_RETURN(Body* const body, level->BodyOf(trigger, budget_, capacity_));
  StatusOr<bool> proceeds = Run(*level, *body, cause);
  if (proceeds.ok()) return proceeds;
  if (trigger.definition->for_each_row && function::IsRowIgnored(proceeds.status())) return false;
  return WithTrigger(proceeds.status(), trigger, from.trigger_depth == 0);
}

StatusOr<bool> TriggerRuns::Run(Level& level, Body& body, const TriggerCause& cause) {
  const Trigger& trigger = *body.trigger;
  Runtime& runtime = level.runtime;
  ++runtime.statement_runs;
  for (const TriggerInput& input : trigger.inputs) {
    Vector& slot = runtime.slots[static_cast<size_t>(input.slot)];
    if (input.kind == TriggerInput::Kind::kOperation) {
      slot.SetConstant(vec::Value::Text(cause.operation));
      continue;
    }
    const RowView& row = input.kind == TriggerInput::Kind::kOld ? cause.old_row : cause.new_row;
    if (row.columns.empty()) {
      slot.Reset();
      slot.SetConstantNull();
    } else {
      SetConstantFromRow(*row.columns[static_cast<size_t>(input.column)], row.row, &slot);
    }
  }
  level.statement_rows.kept = cause.statement;
  for (const int32_t cte : {trigger.old_table, trigger.new_table}) {
    if (cte >= 0) runtime.ctes[static_cast<size_t>(cte)] = &level.statement_rows;
  }
  if (body.condition.has_value()) {
    level.view = context_->transaction->view_with_own_changes();
    if (context_->temporary_transaction != nullptr) {
      level.temporary_view = context_->temporary_transaction->view_with_own_changes();
    }
    TURDB_RETURN_IF_ERROR(body.condition->Start(runtime));
    TURDB_ASSIGN_OR_RETURN(const Vector* const holds, body.condition->Evaluate(runtime));
    if (holds->IsNull(0) || !holds->View().Get<bool>(0)) return true;
  }
  for (size_t i = 0; i < body.statements.size(); ++i) {
    TURDB_RETURN_IF_ERROR(RunStatement(level, *body.statements[i], trigger.statements[i], cause, trigger));
  }
  return true;
}

Status TriggerRuns::RunStatement(Level& level, Stream& stream, const TriggerStatement& statement, const TriggerCause& cause,
                                 const Trigger& trigger) {
  txn::Transaction& transaction = *context_->transaction;
  TURDB_RETURN_IF_ERROR(context_->transactions->BeginStatement(transaction).status());
  const base::StatementNo number = transaction.statement();
  level.view = transaction.view();
  txn::Transaction* const temporary = context_->temporary_transaction;
  base::StatementNo temporary_number = 0;
  if (temporary != nullptr) {
    TURDB_RETURN_IF_ERROR(context_->temporary_transactions->BeginStatement(*temporary).status());
    temporary_number = temporary->statement();
    level.temporary_view = temporary->view();
  }
  if (level.referential != nullptr) level.referential->Start(level.runtime);
  ++level.runtime.statement_runs;
  Status status = stream.Start(level.runtime);
  while (status.ok()) {
    Batch batch;
    const StatusOr<Flow> flow = stream.Next(level.runtime, &batch);
    status = flow.status();
    if (!status.ok() || *flow == Flow::kDone) break;
    if (*flow == Flow::kHaveMore && !statement.sets.empty()) status = SetNew(level, batch, statement, cause, trigger);
  }
  if (temporary != nullptr) context_->temporary_transactions->EndStatement(*temporary, temporary_number);
  context_->transactions->EndStatement(transaction, number);
  return status;
}

Status TriggerRuns::SetNew(Level& level, const Batch& batch, const TriggerStatement& statement, const TriggerCause& cause,
                           const Trigger& trigger) {
  for (size_t i = 0; i < statement.sets.size(); ++i) {
    const int32_t column = statement.sets[i];
    Vector& to = cause.writable->column(static_cast<size_t>(column));
    CopyRow(batch.chunk->column(i), batch.rows[0], &to, 0);
    for (const TriggerInput& input : trigger.inputs) {
      if (input.kind != TriggerInput::Kind::kNew || input.column != column) continue;
      SetConstantFromRow(to, 0, &level.runtime.slots[static_cast<size_t>(input.slot)]);
    }
  }
  return absl::OkStatus();
}

// ---- EventTriggers

namespace {

std::vector<vec::Type> Twice(std::span<const vec::Type> types) {
  std::vector<vec::Type> both(types.begin(), types.end());
  both.insert(both.end(), types.begin(), types.end());
  return both;
}

}  // namespace

std::vector<const Vector*> ColumnsOf(const Chunk& chunk, size_t first, size_t count) {
  std::vector<const Vector*> columns;
  columns.reserve(count);
  for (size_t c = 0; c < count; ++c) columns.push_back(&chunk.column(first + c));
  return columns;
}

EventTriggers::EventTriggers(const TriggerSet& set, std::span<const vec::Type> types, Builder& builder)
    : set_(set), column_count_(types.size()) {
  if (!set.keeps_rows) return;
  const std::vector<vec::Type> both = Twice(types);
  kept_.emplace(both, builder.capacity(), builder.budget(), kRowsPurpose, kHeadroomForChanges);
  both_ = builder.NewChunk(both);
}

void EventTriggers::Start() {
  if (kept_.has_value()) kept_->Reset();
}

Status EventTriggers::FireAll(Runtime& runtime, Triggers triggers) {
  TriggerCause cause;
  cause.operation = set_.operation;
  cause.statement = kept_.has_value() ? &*kept_ : nullptr;
  for (const Trigger* trigger : triggers) TURDB_RETURN_IF_ERROR(runtime.triggers->Fire(runtime, *trigger, cause).status());
  return absl::OkStatus();
}

Status EventTriggers::BeforeStatement(Runtime& runtime) { return FireAll(runtime, set_.before_statement); }

Status EventTriggers::AfterStatement(Runtime& runtime) {
  const Status status = FireAll(runtime, set_.after_statement);
  Start();  // the rows are no longer wanted
  return status;
}

StatusOr<bool> EventTriggers::BeforeRow(Runtime& runtime, RowView old_row, Chunk* writable) {
  TriggerCause cause;
  cause.operation = set_.operation;
  cause.old_row = old_row;
  cause.writable = writable;
  const std::vector<const Vector*> columns =
      writable == nullptr ? std::vector<const Vector*>() : ColumnsOf(*writable, 0, column_count_);
  cause.new_row.columns = columns;
  for (const Trigger* trigger : set_.before_row) {
    TURDB_ASSIGN_OR_RETURN(const bool proceeds, runtime.triggers->Fire(runtime, *trigger, cause));
    if (!proceeds) return false;
  }
  return true;
}

Status EventTriggers::Changed(Runtime& runtime, Columns old_rows, Rows which_old, Columns new_rows, Rows which_new) {
  const uint32_t count = old_rows.empty() ? which_new.count : which_old.count;
  if (!kept_.has_value() || count == 0) return absl::OkStatus();
  for (size_t c = 0; c < column_count_; ++c) {
    const auto half = [&](Columns rows, Rows which, Vector* to) {
      if (rows.empty()) {
        to->SetConstantNull();
      } else {
        to->Slice(*rows[c], which);
      }
    };
    half(old_rows, which_old, &both_.column(c));
    half(new_rows, which_new, &both_.column(column_count_ + c));
  }
  pointers_ = ColumnsOf(both_, 0, 2 * column_count_);
  const Status status = kept_->Append(runtime, pointers_, Rows::All(count));
  both_.Reset();  // the owner of the rows has its memory for itself again
  return status;
}

Status EventTriggers::AfterRows(Runtime& runtime) {
  if (set_.after_row.empty()) return absl::OkStatus();
  TriggerCause cause;
  cause.operation = set_.operation;
  cause.statement = &*kept_;
  const bool has_old = set_.operation != "INSERT";
  const bool has_new = set_.operation != "DELETE";
  MaterializedRows::Cursor cursor;
  for (;;) {
    both_.Reset();
    TURDB_ASSIGN_OR_RETURN(const uint32_t count, kept_->Scan(&cursor, &both_));
    if (count == 0) return absl::OkStatus();
    const std::vector<const Vector*> columns = ColumnsOf(both_, 0, 2 * column_count_);
    const Columns all = columns;
    for (uint32_t row = 0; row < count; ++row) {
      if (has_old) cause.old_row = {all.first(column_count_), static_cast<vec::SelIndex>(row)};
      if (has_new) cause.new_row = {all.subspan(column_count_), static_cast<vec::SelIndex>(row)};
      for (const Trigger* trigger : set_.after_row) {
        TURDB_ASSIGN_OR_RETURN(const bool proceeds, runtime.triggers->Fire(runtime, *trigger, cause));
        if (!proceeds) break;
      }
    }
  }
}

}  // namespace turdb::exec
