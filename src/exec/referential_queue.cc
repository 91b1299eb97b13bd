#include "exec/referential_queue.h"

#include <algorithm>

#include "exec/deferred_checks.h"
#include "exec/key_range.h"
#include "table/table_store.h"
#include "txn/transaction.h"
#include "txn/transaction_manager.h"

namespace turdb::exec {

using base::Status;
using base::StatusOr;
using table::ForeignKeyAction;
using vec::Rows;
using vec::Vector;

// ---- ReferentialRuns

ReferentialRuns::ReferentialRuns(const Plan& plan, base::MemoryBudget* budget, uint32_t capacity)
    : budget_(budget), capacity_(capacity), builder_(budget, capacity, nullptr, {}) {
  runtime_.budget = budget;
  runtime_.capacity = capacity;
  runtime_.is_referential = true;
  runtime_.ctes.resize(static_cast<size_t>(plan.cte_count), nullptr);
  key_sets_.resize(runtime_.ctes.size());
}

void ReferentialRuns::Start(const ExecutionContext& context, ReferentialQueue* queue, TriggerRuns* triggers, int32_t depth) {
  context_ = context;
  context_.view = context_.temporary_view = &view_;  // foreign keys stay within one database
  runtime_.context = &context_;
  runtime_.referential = queue;
  runtime_.triggers = triggers;
  runtime_.trigger_depth = depth;
  ++runtime_.statement_runs;
}

Status ReferentialRuns::StartStream(const ReferencingKey& key, MaterializedRows& keys, base::StatementNo before,
                                    Stream** stream) {
  const auto found = std::find_if(streams_.begin(), streams_.end(), [&](const auto& made) { return made.first == &key; });
  if (found != streams_.end()) {
    *stream = found->second.get();
  } else {
    TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Stream> made, builder_.BuildStream(*key.rows));
    *stream = made.get();
    streams_.emplace_back(&key, std::move(made));
  }
  const auto cte = static_cast<size_t>(key.keys);
  if (key_sets_[cte] == nullptr) key_sets_[cte] = std::make_unique<KeySet>();
  key_sets_[cte]->kept = &keys;
  runtime_.ctes[cte] = key_sets_[cte].get();
  view_ = context_.TransactionOf(key.table->schema().id).view_of_newest(before);
  return (*stream)->Start(runtime_);
}

Status ReferentialRuns::Change(const ReferencingKey& key, MaterializedRows& keys) {
  txn::TransactionManager& transactions = key.referenced->store().transactions();
  txn::Transaction& transaction = context_.TransactionOf(key.referenced->schema().id);
  TURDB_RETURN_IF_ERROR(transactions.BeginStatement(transaction).status());
  const base::StatementNo number = transaction.statement();
  Stream* stream = nullptr;
  Status status = StartStream(key, keys, number, &stream);
  while (status.ok()) {
    Batch batch;
    const StatusOr<Flow> flow = stream->Next(runtime_, &batch);
    status = flow.status();
    if (status.ok() && *flow == Flow::kDone) break;
  }
  transactions.EndStatement(transaction, number);
  return status;
}

// The row in question may be on its way out: who would delete it is waited for.
Status ReferentialRuns::Blame(const ReferencingKey& key, const Batch& batch) {
  const vec::SelIndex row = batch.rows[0];
  std::vector<table::Cell> values;
  for (size_t i = 0; i < key.columns.size(); ++i) values.push_back(CellOf(batch.chunk->column(i), row));
  const vec::VectorView row_keys = batch.chunk->column(batch.chunk->column_count() - 1).View();
  const base::Bytes row_key = base::AsBytes(row_keys.Get<vec::StringView>(row).view());
  TURDB_RETURN_IF_ERROR(key.table
                            ->LockRow(context_.TransactionOf(key.table->schema().id), row_key, txn::LockStrength::kKeyShare,
                                      txn::WaitPolicy::kWait)
                            .status());
  return KeyInUseError(key, values);
}

Status ReferentialRuns::Check(const ReferencingKey& key, MaterializedRows& keys) {
  Stream* stream = nullptr;
  TURDB_RETURN_IF_ERROR(StartStream(key, keys, context_.TransactionOf(key.table->schema().id).statement() + 1, &stream));
  for (;;) {
    Batch batch;
    TURDB_ASSIGN_OR_RETURN(const Flow flow, stream->Next(runtime_, &batch));
    if (flow == Flow::kHaveMore) return Blame(key, batch);
    if (flow == Flow::kDone) return absl::OkStatus();
  }
}

Status ReferentialRuns::CheckRows(const ForeignKeyCheck& check, const Vector& row_keys, uint32_t count) {
  auto found = std::find_if(probes_.begin(), probes_.end(), [&](const auto& made) { return made.first == &check; });
  if (found == probes_.end()) {
    TURDB_ASSIGN_OR_RETURN(std::unique_ptr<ForeignKeyProbe> probe, ForeignKeyProbe::Make(check, builder_.options()));
    probes_.emplace_back(&check, std::move(probe));
    found = probes_.end() - 1;
  }
  TURDB_RETURN_IF_ERROR(found->second->Start(runtime_));
  return found->second->CheckAgain(runtime_, row_keys, count);
}

Status ReferentialRuns::KeepGone(const ReferencingKey& key, MaterializedRows& keys, MaterializedRows* gone) {
  const txn::Transaction& transaction = context_.TransactionOf(key.referenced->schema().id);
  const txn::View newest = transaction.view_of_newest(transaction.statement() + 1);
  vec::Chunk chunk(key.key_types, capacity_, budget_);
  vec::SelectionVector absent(capacity_, budget_);
  std::vector<table::Cell> cells(key.parts.size());
  std::vector<const Vector*> columns;
  for (const Vector& column : std::as_const(chunk).columns()) columns.push_back(&column);
  table::KeyBuffer encoded, row_key;
  MaterializedRows::Cursor cursor;
  for (;;) {
    TURDB_ASSIGN_OR_RETURN(const uint32_t count, keys.Scan(&cursor, &chunk));
    if (count == 0) return absl::OkStatus();
    absent.set_size(0);
    for (uint32_t row = 0; row < chunk.size(); ++row) {
      for (size_t i = 0; i < cells.size(); ++i) cells[i] = CellOf(chunk.column(static_cast<size_t>(key.parts[i])), row);
      bool there = false;
      if (key.index < 0 && key.referenced->EncodeRowKey(cells, &encoded)) {
        TURDB_ASSIGN_OR_RETURN(there, key.referenced->primary().Get(newest, encoded.bytes(), [](base::Bytes) {}));
      } else if (key.index >= 0 && key.referenced->EncodeIndexKey(key.index, cells, &encoded)) {
        TURDB_ASSIGN_OR_RETURN(there, key.referenced->FindUnique(newest, key.index, encoded.bytes(), &row_key));
      }
      if (!there) absent.Append(row);
    }
    TURDB_RETURN_IF_ERROR(gone->Append(runtime_, columns, Rows::Of(absent)));
  }
}

// ---- ReferentialQueue

ReferentialQueue::ReferentialQueue(std::shared_ptr<const Plan> plan, base::MemoryBudget* budget, uint32_t capacity)
    : plan_(std::move(plan)), budget_(budget), capacity_(capacity) {}

void ReferentialQueue::Start(const Runtime& runtime) {
  context_ = runtime.context;
  triggers_ = runtime.triggers;
  trigger_depth_ = runtime.trigger_depth;
  runs_started_ = false;
  missing_.clear();
  gone_.clear();
}

Status ReferentialQueue::AddMissing(Runtime& runtime, const ForeignKeyCheck& check, const Vector& row_keys, Rows rows) {
  static constexpr vec::Type kKeyType = vec::TypeId::kBlob;
  auto found = std::find_if(missing_.begin(), missing_.end(), [&](const Missing& entry) { return entry.check == &check; });
  if (found == missing_.end()) {
    missing_.push_back({&check, MaterializedRows(std::span(&kKeyType, 1), capacity_, budget_, ReferentialRuns::kPurpose)});
    found = missing_.end() - 1;
  }
  const Vector* columns[] = {&row_keys};
  return found->row_keys.Append(runtime, columns, rows);
}

Status ReferentialQueue::AddGone(Runtime& runtime, const ReferencingKey& key, Columns columns, Rows rows) {
  if (rows.count == 0) return absl::OkStatus();
  auto found = std::find_if(gone_.begin(), gone_.end(), [&](const Gone& entry) { return entry.key == &key; });
  if (found == gone_.end()) {
    gone_.push_back({&key, MaterializedRows(key.key_types, capacity_, budget_, "finding the rows that refer to a key")});
    found = gone_.end() - 1;
  }
  return found->rows.Append(runtime, columns, rows);
}

template <typename Wanted>
std::optional<ReferentialQueue::Gone> ReferentialQueue::Take(Wanted wanted) {
  const auto found = std::find_if(gone_.begin(), gone_.end(), [&](const Gone& entry) { return wanted(entry.key->action); });
  if (found == gone_.end()) return std::nullopt;
  std::optional<Gone> taken = std::move(*found);
  gone_.erase(found);
  return taken;
}

Status ReferentialQueue::Finish() {
  if (missing_.empty() && gone_.empty()) return absl::OkStatus();
  if (!runs_.has_value()) runs_.emplace(*plan_, budget_, capacity_);
  runs_->Start(*context_, this, triggers_, trigger_depth_);
  const auto is_restrict = [](ForeignKeyAction action) { return action == ForeignKeyAction::kRestrict; };
  const auto is_change = [](ForeignKeyAction action) {
    return action != ForeignKeyAction::kRestrict && action != ForeignKeyAction::kNoAction;
  };
  for (;;) {
    if (std::optional<Gone> gone = Take(is_restrict)) {
      TURDB_RETURN_IF_ERROR(runs_->Check(*gone->key, gone->rows));
    } else if ((gone = Take(is_change))) {
      TURDB_RETURN_IF_ERROR(runs_->Change(*gone->key, gone->rows));
    } else {
      break;
    }
  }
  for (Missing& missing : missing_) TURDB_RETURN_IF_ERROR(FinishMissing(missing));
  for (Gone& gone : gone_) TURDB_RETURN_IF_ERROR(FinishNoAction(gone));
  return absl::OkStatus();
}

Status ReferentialQueue::FinishMissing(Missing& missing) {
  static constexpr vec::Type kKeyType = vec::TypeId::kBlob;
  const bool deferred =
      context_->deferred != nullptr && context_->deferred->IsDeferred(missing.check->table->schema().id, *missing.check->key);
  vec::Chunk chunk(std::span(&kKeyType, 1), capacity_, budget_);
  MaterializedRows::Cursor cursor;
  for (;;) {
    TURDB_ASSIGN_OR_RETURN(const uint32_t count, missing.row_keys.Scan(&cursor, &chunk));
    if (count == 0) return absl::OkStatus();
    if (!deferred) {
      TURDB_RETURN_IF_ERROR(runs_->CheckRows(*missing.check, chunk.column(0), chunk.size()));
      continue;
    }
    for (uint32_t row = 0; row < chunk.size(); ++row) {
      const base::Bytes row_key = base::AsBytes(chunk.column(0).View().Get<vec::StringView>(row).view());
      TURDB_RETURN_IF_ERROR(context_->deferred->AddMissing(plan_, *missing.check, row_key, context_->transaction->statement()));
    }
  }
}

Status ReferentialQueue::FinishNoAction(Gone& gone) {
  MaterializedRows left = runs_->NewKeys(*gone.key);
  TURDB_RETURN_IF_ERROR(runs_->KeepGone(*gone.key, gone.rows, &left));
  if (left.size() == 0) return absl::OkStatus();
  DeferredChecks* const deferred = context_->deferred;
  if (deferred == nullptr || !deferred->IsDeferred(gone.key->table->schema().id, *gone.key->key)) {
    return runs_->Check(*gone.key, left);
  }
  return deferred->AddGone(plan_, *gone.key, left, context_->transaction->statement());
}

}  // namespace turdb::exec
