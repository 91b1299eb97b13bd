// A statement that runs: steps, rows, what ends it.
#include <algorithm>
#include <new>
#include <utility>

#include "engine/command.h"
#include "engine/statement.h"
#include "function/raise.h"
#include "vec/any.h"

namespace turdb::engine {
namespace {

using base::Status;
using base::StatusOr;

Status EndedByRollback() {
  return base::WithHint(base::MakeError(absl::StatusCode::kFailedPrecondition, base::SqlState{"24000"},
                                        "the statement's transaction was rolled back, and its rows with it"),
                        "read all rows before ROLLBACK, or run the statement again");
}

}  // namespace

// ---- running

StatusOr<StepResult> Statement::StepUntraced() {
  // What is registered may be readable only once.
  const bool alone = compiled_.changes_data && !running_ && !connection_->in_transaction() && !compiled_.uses_external;
  StatusOr<StepResult> result = StepGuarded();
  if (result.ok()) [[likely]]
    return result;
  if (alone) result = RunAgain(std::move(result));
  if (!result.ok() && connection_->step_depth_ == 0) connection_->NoteFailure(result.status(), true);
  return result;
}

// A change in autocommit is a transaction of one statement, of which nobody has seen anything when its first step fails: if it
// came too late it can be run again as well here as by whoever called.
StatusOr<StepResult> Statement::RunAgain(StatusOr<StepResult> result) {
  const int64_t began = connection_->database().environment().clock->MonotonicNanos();
  while (MayRunAgain(result.status(), began)) {
    connection_->counters_->Add(SessionCounters::kConflicts);
    PauseBeforeAnotherRun();
    keeps_number_ = true;
    result = StepGuarded();
  }
  keeps_number_ = false;
  return result;
}

// Whoever was faster may still be busy with it.
void Statement::PauseBeforeAnotherRun() {
  const os::Environment& environment = connection_->database().environment();
  environment.scheduler->Park(
      this, [] { return true; }, environment.clock->MonotonicNanos() + 1'000'000);
}

bool Statement::MayRunAgain(const Status& status, int64_t began_ns) const {
  return base::GetSqlState(status) == base::sqlstate::kSerializationFailure &&
         connection_->database().environment().clock->MonotonicNanos() - began_ns < connection_->busy_timeout_ms_ * 1'000'000;
}

StatusOr<StepResult> Statement::StepGuarded() {
  try {
    return StepOnce();
  } catch (const std::bad_alloc&) {
    // Containers throw when the budget or the machine refuses. Operators may stop anywhere, so they are built anew.
    DropChunk();
    execution_.reset();
    point_.reset();
    point_checked_ = point_has_run_ = parameters_ready_ = false;
  }
  try {
    return FinishRun(base::NoMemory());
  } catch (const std::bad_alloc&) {
    // The connection knows what is to be rolled back first.
    in_statement_ = false;
    return base::NoMemory();
  }
}

StatusOr<StepResult> Statement::StepOnce() {
  has_row_ = false;
  if (ended_by_rollback_) {
    ended_by_rollback_ = false;
    return EndedByRollback();
  }
  if (running_ && interrupted_) return FinishRun(base::CanceledError("the statement was interrupted"));
  if (!running_ && compiled_.plan != nullptr) {
    if (!point_checked_) {
      point_ = exec::PointExecution::Create(compiled_.plan);
      point_checked_ = true;
    }
    if (point_ != nullptr && (point_has_run_ || TakesShortPath())) return StepPoint();
  }
  return StepRun();
}

// Hooks and profiles want to see what only operators show.
bool Statement::TakesShortPath() const {
  if (connection_->is_profiled_) [[unlikely]]
    return false;
  return !compiled_.changes_data || !connection_->hooks_.change || connection_->without_triggers_;
}

StatusOr<StepResult> Statement::StepRun() {
  const Connection::StepScope scope(*connection_);
  if (running_ && connection_->IsStopped(number_)) return FinishRun(base::CanceledError("the statement was interrupted"));
  if (!running_) {
    if (Status status = StartRun(); !status.ok()) return FinishRun(std::move(status));
  }
  StatusOr<StepResult> result = NextRow();
  if (!result.ok()) return FinishRun(result.status());
  if (*result == StepResult::kDone) {
    TURDB_RETURN_IF_ERROR(FinishRun(absl::OkStatus()));
  }
  return result;
}

Status Statement::StartRun() {
  running_ = true;
  own_transaction_ = in_statement_ = false;
  DropChunk();
  connection_->BeginRun();
  counted_ = true;
  interrupted_ = false;
  rows_given_ = 0;
  ++runs_;
  if (!BeginNumberedRun()) return base::CanceledError("the statement was interrupted");
  if (compiled_.plan == nullptr) {
    TURDB_RETURN_IF_ERROR(Revalidate());
    return RunCommand();
  }
  return StartPlan();
}

bool Statement::BeginNumberedRun() {
  if (!keeps_number_) number_ = connection_->NumberRun(connection_->step_depth_ > 1);
  return !connection_->IsStopped(number_);
}

// The first step runs everything; the second, after a row, says that there are no more.
StatusOr<StepResult> Statement::StepPoint() {
  if (point_has_run_) {
    point_has_run_ = false;
    return StepResult::kDone;
  }
  own_transaction_ = in_statement_ = false;
  rows_given_ = 0;
  bool found = false;
  if (compiled_.changes_data) {
    const Connection::StepScope scope(*connection_);
    connection_->BeginRun();
    counted_ = true;
    Status status = BeginNumberedRun() ? RunPoint(&found) : base::CanceledError("the statement was interrupted");
    TURDB_RETURN_IF_ERROR(FinishRun(std::move(status)));
  } else {
    // Reads neither wait nor take long, so there is nothing to interrupt.
    if (!keeps_number_) number_ = connection_->NumberRun(connection_->step_depth_ > 0);
    if (connection_->has_aimed_.load(std::memory_order_relaxed) && connection_->IsAimedAt(number_)) [[unlikely]]
      return base::CanceledError("the statement was interrupted");
    const Status status = RunPoint(&found);
    snapshot_.Release();
    temporary_snapshot_.Release();
    if (in_statement_) [[unlikely]] {
      connection_->EndStatement(mark_);
      in_statement_ = false;
    }
    TURDB_RETURN_IF_ERROR(status);
  }
  ++runs_;
  if (point_ == nullptr) {  // compiled again, into a plan that takes the long path
    keeps_number_ = true;
    StatusOr<StepResult> result = Step();
    keeps_number_ = false;
    return result;
  }
  if (!found) return StepResult::kDone;
  rows_given_ = 1;
  connection_->counters_->Add(SessionCounters::kRowsReturned);
  row_cells_ = point_->cells().data();
  has_row_ = point_has_run_ = true;
  return StepResult::kRow;
}

Status Statement::RunPoint(bool* found) {
  txn::Transaction* const transaction = connection_->transaction_.get();
  if (!compiled_.changes_data && connection_->explicit_transaction_ && transaction->has_snapshot() && transaction->active() &&
      validated_in_ == connection_->transaction_number_ && !connection_->HasSchemaChanges() && parameters_ready_ &&
      !uses_temporary_) {
    // A read that ends before anything else begins needs no number of its own: it sees what is there now.
    view_ = transaction->view_with_own_changes();
  } else {
    TURDB_RETURN_IF_ERROR(OpenView());
    if (point_ == nullptr) return absl::OkStatus();
  }
  context_.view = &view_;
  context_.transaction = compiled_.changes_data ? connection_->transaction_.get() : nullptr;
  SetTemporaryContext();
  context_.call = &call_;
  context_.parameters = parameters_;
  call_.session = &connection_->session_;
  TURDB_ASSIGN_OR_RETURN(*found, point_->Run(context_));
  if (compiled_.changes_data) {
    connection_->changes_ = point_->changed_rows();
    connection_->total_changes_ += point_->changed_rows();
    connection_->counters_->Add(SessionCounters::kRowsChanged, point_->changed_rows());
    if (point_->last_insert_id() != 0) connection_->last_insert_id_ = point_->last_insert_id();
  }
  return absl::OkStatus();
}

Status Statement::LockWrittenTables() {
  Connection& connection = *connection_;
  // Locks are held until the transaction ends, and whoever holds one keeps the table as it is.
  if (connection.explicit_transaction_ && locked_in_ == connection.transaction_number_) return absl::OkStatus();
  for (const std::shared_ptr<const catalog::Relation>& relation : compiled_.written) {
    TURDB_RETURN_IF_ERROR(connection.LockTable(relation->id, txn::TableLockMode::kWrite));
    TURDB_RETURN_IF_ERROR(connection.DatabaseOf(relation->id).catalog().CheckStillCurrent(*relation));
  }
  if (connection.explicit_transaction_) locked_in_ = connection.transaction_number_;
  return absl::OkStatus();
}

Status Statement::OpenView() {
  Connection& connection = *connection_;
  Database& database = connection.database();
  txn::TransactionManager& transactions = database.transactions();
  // The snapshot comes first, then the schema as of it.
  if (compiled_.changes_data && connection.transaction_ == nullptr) {
    if (database.settings().read_only && writes_permanent_) {
      return base::WithHint(base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kReadOnlyTransaction,
                                            "the database is open read-only"),
                            "open it with read_only = false");
    }
    connection.BeginTransaction(connection.default_isolation_, connection.default_read_only_);
    own_transaction_ = true;
    connection.ShowTransaction();
  }
  if (connection.transaction_ != nullptr) {
    txn::Transaction& transaction = *connection.transaction_;
    if (writes_permanent_ && transaction.read_only()) {
      return base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kReadOnlyTransaction,
                             "a change in a read-only transaction");
    }
    TURDB_RETURN_IF_ERROR(connection.BeginStatement(&mark_));
    in_statement_ = true;
  } else {
    snapshot_ = transactions.AcquireSnapshot(&connection.snapshot_hint_);
  }
  const bool wrote_permanent = writes_permanent_;
  TURDB_RETURN_IF_ERROR(Revalidate());
  if (writes_permanent_ && !wrote_permanent && connection.transaction_->read_only()) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kReadOnlyTransaction,
                           "a change in a read-only transaction");
  }
  TURDB_RETURN_IF_ERROR(ConvertParameters());
  if (compiled_.changes_data) TURDB_RETURN_IF_ERROR(LockWrittenTables());
  view_ = connection.transaction_ != nullptr ? connection.transaction_->view() : txn::View{snapshot_.read_ts(), nullptr, 0};
  if (connection.temporary_ == nullptr) return absl::OkStatus();
  if (connection.transaction_ != nullptr) {
    temporary_view_ = connection.temporary_->transaction()->view();
  } else if (uses_temporary_) {
    temporary_snapshot_ = connection.temporary_->transactions().AcquireSnapshot(&connection.temporary_hint_);
    temporary_view_ = txn::View{temporary_snapshot_.read_ts(), nullptr, 0};
  }
  return absl::OkStatus();
}

void Statement::SetTemporaryContext() {
  TemporaryObjects* const temporary = connection_->temporary_.get();
  context_.temporary_view = temporary == nullptr ? nullptr : &temporary_view_;
  context_.temporary_transactions = temporary == nullptr ? nullptr : &temporary->transactions();
  context_.temporary_transaction = temporary == nullptr || !compiled_.changes_data ? nullptr : temporary->transaction();
}

Status Statement::StartPlan() {
  Connection& connection = *connection_;
  Database& database = connection.database();
  TURDB_RETURN_IF_ERROR(OpenView());
  if (execution_ == nullptr || execution_parallelism_ != connection.parallelism_ ||
      execution_profiled_ != connection.is_profiled_) {
    execution_.reset();
    TURDB_ASSIGN_OR_RETURN(execution_, exec::Execution::Create(compiled_.plan, &database.budget(), connection.parallelism_,
                                                               connection.is_profiled_));
    execution_parallelism_ = connection.parallelism_;
    execution_profiled_ = connection.is_profiled_;
    call_ = connection.NewCallContext();
  } else {
    call_.text = connection.text_;
    call_.statement_now_us = database.environment().clock->NowUnixMicros();
    call_.text.now_us = call_.statement_now_us;
  }
  context_.view = &view_;
  context_.transaction = compiled_.changes_data ? connection.transaction_.get() : nullptr;
  context_.transactions = &database.transactions();
  SetTemporaryContext();
  context_.call = &call_;
  context_.environment = &database.environment();
  context_.host_files = database.host_files();
  if (context_.spill_directory.empty()) context_.spill_directory = database.spill_directory();
  context_.cancelled = &connection.cancelled_;
  context_.spilled_bytes = connection.counters_->spilled_bytes();
  context_.parameters = parameters_;
  context_.observer = compiled_.changes_data ? connection.ObserverOfRun() : nullptr;
  context_.max_trigger_depth = connection.limits_.trigger_depth;
  context_.hnsw_ef_search = static_cast<int32_t>(connection.hnsw_ef_search_);
  context_.hnsw_exact_rows = connection.hnsw_exact_rows_;
  context_.deadline_ns = 0;
  if (connection.statement_timeout_ms_ != 0) {
    const int64_t timeout_ns = connection.statement_timeout_ms_ * 1'000'000;
    const int64_t now_ns = database.environment().clock->MonotonicNanos();
    context_.deadline_ns = timeout_ns > INT64_MAX - now_ns ? INT64_MAX : now_ns + timeout_ns;
    if (connection.transaction_ != nullptr) {
      connection.transaction_->set_lock_timeout_ns(std::min(connection.busy_timeout_ms_ * 1'000'000, timeout_ns));
    }
  }
  context_.poll = nullptr;
  if (connection.progress_) {
    connection.StartProgress();
    context_.poll = [](void* polled) { return static_cast<Connection*>(polled)->Progress(); };
    context_.poll_argument = &connection;
  }
  return execution_->Start(context_);
}

StatusOr<StepResult> Statement::NextRow() {
  if (StepInChunk()) return StepResult::kRow;
  if (compiled_.plan == nullptr) {  // a command's rows stand in one chunk
    if (chunk_ != nullptr || command_result_.empty()) return StepResult::kDone;
    ShowChunk(&command_result_);
    return StepResult::kRow;
  }
  for (;;) {
    const vec::Chunk* chunk = nullptr;
    TURDB_ASSIGN_OR_RETURN(const exec::Flow flow, execution_->Next(&chunk));
    if (flow == exec::Flow::kBlocked) continue;
    if (compiled_.locks_rows && own_transaction_) {
      // The transaction would else stay with the connection, and what runs next would be part of it.
      TURDB_RETURN_IF_ERROR(execution_->Hold(flow == exec::Flow::kHaveMore ? chunk : nullptr, 0));
      LeaveTransaction();
      in_statement_ = own_transaction_ = false;
      TURDB_RETURN_IF_ERROR(connection_->EndTransaction(true));
      continue;
    }
    if (compiled_.changes_data && !compiled_.locks_rows && in_statement_) {
      // All changes are made; what RETURNING gives comes from a buffer (query rule 13). Whatever the first row needs is there
      // before the commit: after it an error would say that nothing has changed.
      MakeRowRoom();
      connection_->changes_ = execution_->changed_rows();
      connection_->total_changes_ += execution_->changed_rows();
      connection_->counters_->Add(SessionCounters::kRowsChanged, execution_->changed_rows());
      if (execution_->last_insert_id() != 0) connection_->last_insert_id_ = execution_->last_insert_id();
      if (own_transaction_) {
        in_statement_ = own_transaction_ = false;
        TURDB_RETURN_IF_ERROR(connection_->EndTransaction(true));
      }
    }
    if (connection_->transaction_ == nullptr) TURDB_RETURN_IF_ERROR(connection_->session_.SettleDraws());
    if (flow == exec::Flow::kDone) return StepResult::kDone;
    ShowChunk(chunk);
    return StepResult::kRow;
  }
}

void Statement::ShowChunk(const vec::Chunk* chunk) {
  chunk_ = chunk;
  chunk_rows_ = chunk->size();
  rows_given_ += chunk_rows_;
  chunk_is_plain_ = true;
  MakeRowRoom();
  for (size_t i = 0; i < cells_.size(); ++i) {
    views_[i] = chunk->column(i).View();
    chunk_is_plain_ = chunk_is_plain_ && views_[i].is_flat() && views_[i].validity == nullptr;
  }
  ShowRow(0);
  row_cells_ = cells_.data();
  has_row_ = true;
}

// First made when a row comes: the short path needs none of it.
void Statement::MakeRowRoom() {
  if (views_.size() == column_types_.size()) return;
  widths_.clear();
  for (const vec::Type& type : column_types_) widths_.push_back(type.width());
  cells_.resize(column_types_.size());
  views_.resize(column_types_.size());
}

void Statement::ShowRow(uint32_t row) {
  row_ = row;
  for (size_t i = 0; i < cells_.size(); ++i) {
    const size_t index = views_[i].Index(row);
    const bool valid = views_[i].validity == nullptr || vec::TestBit(views_[i].validity, index);
    cells_[i] = valid ? views_[i].data + index * widths_[i] : nullptr;
  }
}

const vec::Chunk& Statement::CurrentChunk(uint32_t* row) {
  *row = row_;
  if (!point_has_run_) return *chunk_;
  point_row_ = vec::Chunk(column_types_, 1);
  for (size_t i = 0; i < column_types_.size(); ++i) point_row_.column(i).SetValue(0, value(i));
  point_row_.set_size(1);
  *row = 0;
  return point_row_;
}

void Statement::ConsumeRows(uint32_t count) {
  if (point_has_run_ || row_ + count >= chunk_rows_) {
    has_row_ = false;
    row_ = chunk_rows_ == 0 ? 0 : chunk_rows_ - 1;
  } else {
    ShowRow(row_ + count);
  }
}

Status Statement::RunCommand() {
  CommandRunner runner(*connection_);
  const bool alone = !connection_->in_transaction();
  const int64_t began = connection_->database().environment().clock->MonotonicNanos();
  for (;;) {
    command_result_ = vec::Chunk();
    Status status = runner.Run(compiled_.command, &command_result_);
    // Outside a transaction a schema change that came too late goes on from what the other one made.
    if (!alone || !MayRunAgain(status, began)) return status;
    PauseBeforeAnotherRun();
    TURDB_RETURN_IF_ERROR(Compile({}));
  }
}

Status Statement::FinishRun(Status outcome) {
  Connection& connection = *connection_;
  if (context_.deadline_ns != 0) {
    // A wait for a row that the deadline cut short is no news about the row.
    const bool late = connection.database().environment().clock->MonotonicNanos() >= context_.deadline_ns;
    if (late && base::GetSqlState(outcome) == base::sqlstate::kLockNotAvailable) {
      outcome = base::CanceledError("canceling statement due to statement timeout");
    }
    context_.deadline_ns = 0;
    if (connection.transaction_ != nullptr) {
      connection.transaction_->set_lock_timeout_ns(connection.busy_timeout_ms_ * 1'000'000);
    }
  }
  running_ = false;
  rows_given_ = rows_given();
  if (connection.step_depth_ <= 1) connection.counters_->Add(SessionCounters::kRowsReturned, rows_given_);
  DropChunk();
  if (counted_) connection.EndRun();
  counted_ = false;
  snapshot_.Release();
  temporary_snapshot_.Release();
  kept_snapshot_.reset();
  if (connection.transaction_ != nullptr && (in_statement_ || own_transaction_)) {
    txn::TransactionManager& transactions = connection.database().transactions();
    transactions.ClearCancel(*connection.transaction_);
    if (own_transaction_) {
      own_transaction_ = false;
      Status ended = connection.EndTransaction(outcome.ok());
      if (outcome.ok()) outcome = std::move(ended);
    } else {
      if (!outcome.ok()) {
        if (Status undone = connection.RollBackStatement(mark_); !undone.ok()) outcome = std::move(undone);
      }
      connection.EndStatement(mark_);
    }
  }
  in_statement_ = false;
  // What RAISE(ROLLBACK, ...) asks for, now that nothing of this runs any more.
  if (function::IsRollbackRaised(outcome) && connection.explicit_transaction_) connection.Rollback().IgnoreError();
  return outcome;
}

void Statement::Reset() {
  if (is_traced_) [[unlikely]]
    EndTrace(absl::OkStatus());
  has_row_ = point_has_run_ = false;
  ended_by_rollback_ = false;
  if (!running_) return;
  const Status status = FinishRun(absl::OkStatus());
  (void)status;  // a read has nothing to lose; a change has committed in its first step
}

void Statement::TransactionCommits(std::shared_ptr<txn::Snapshot>* snapshot) {
  if (!running_ || !in_statement_ || own_transaction_ || execution_ == nullptr) return;
  in_statement_ = false;
  const bool validated = view_.reads != nullptr && connection_->transaction_->is_writer();
  if (view_.self == nullptr && !compiled_.changes_data && !validated && !uses_temporary_) {
    // It sees nothing of the transaction's own: its snapshot is all that it needs.
    view_.reads = nullptr;
    if (*snapshot == nullptr) {
      *snapshot =
          std::make_shared<txn::Snapshot>(connection_->database().transactions().TakeSnapshot(*connection_->transaction_));
    }
    kept_snapshot_ = *snapshot;
    return;
  }
  const bool on_row = has_row_;
  execution_->Hold(chunk_, on_row ? row_ : row_ + 1).IgnoreError();  // Next says it behind the last row
  LeaveTransaction();
  DropChunk();
  has_row_ = false;
  if (!on_row) return;
  // The row that the caller is looking at stays under its eyes.
  const vec::Chunk* chunk = nullptr;
  const StatusOr<exec::Flow> flow = execution_->Next(&chunk);
  if (flow.ok() && *flow == exec::Flow::kHaveMore) ShowChunk(chunk);
}

// What is kept of the rows needs none of it.
void Statement::LeaveTransaction() {
  context_.transaction = context_.temporary_transaction = nullptr;
  context_.view = context_.temporary_view = nullptr;
}

void Statement::TransactionRollsBack(base::StatementNo after) {
  if (!running_ || !in_statement_ || own_transaction_ || mark_.number <= after) return;
  running_ = in_statement_ = has_row_ = false;
  if (counted_) connection_->EndRun();
  counted_ = false;
  ended_by_rollback_ = true;
  DropChunk();
}

void Statement::Detach() {
  has_row_ = running_ = in_statement_ = counted_ = false;
  DropChunk();
  execution_.reset();
  point_.reset();
  snapshot_.Release();
  temporary_snapshot_.Release();
  kept_snapshot_.reset();
  compiled_.plan.reset();
  compiled_.written.clear();
  compiled_.command = std::monostate();
}

vec::Value Statement::value(size_t index) const {
  const vec::Type& type = column_types_[index];
  const void* cell = row_cells_[index];
  if (cell == nullptr) return vec::Value::Null(type);
  if (type.physical() != vec::PhysicalType::kString) {
    return vec::VisitPhysical(type.physical(), [&](auto tag) {
      using T = decltype(tag);
      if constexpr (std::is_same_v<T, vec::StringView>) {
        return vec::Value();
      } else {
        T fixed;
        std::memcpy(&fixed, cell, sizeof fixed);
        return vec::Value::Of(type, fixed);
      }
    });
  }
  vec::StringView view;
  std::memcpy(&view, cell, sizeof view);
  if (type.id == vec::TypeId::kAny) return vec::DecodeAny(view.view());
  return vec::Value::OfBytes(type, std::string(view.view()));
}

}  // namespace turdb::engine
