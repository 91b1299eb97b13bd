#include "engine/hooks.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/command.h"
#include "engine/connection.h"
#include "engine/statement.h"
#include "exec/explain.h"
#include "sql/expand.h"

namespace turdb::engine {

using base::Status;
using base::StatusOr;

namespace {

Status Refused(std::string_view what) {
  return base::MakeError(absl::StatusCode::kAborted, base::SqlState{"23000"}, absl::StrCat("the host's hook refused ", what));
}

}  // namespace

// ---- transactions and rows

bool Connection::HasWritten() const {
  if (transaction_ != nullptr && transaction_->is_writer()) return true;
  return temporary_ != nullptr && temporary_->transaction() != nullptr && temporary_->transaction()->is_writer();
}

Status Connection::AskCommitHook() {
  if (!hooks_.commit || !HasWritten() || !hooks_.commit()) return absl::OkStatus();
  return Refused("the commit: the transaction was rolled back");
}

Status Connection::RowObserver::Changed(const exec::RowChanges& changes) {
  return connection_.hooks_.change(changes) ? Refused("the change") : absl::OkStatus();
}

exec::ChangeObserver* Connection::ObserverOfRun() { return hooks_.change && !without_triggers_ ? &row_observer_ : nullptr; }

// ---- settings by calls

StatusOr<std::string> Connection::Setting(std::string_view name) {
  vec::Chunk result;
  TURDB_RETURN_IF_ERROR(CommandRunner(*this).Run(sql::ShowCommand{std::string(name)}, &result));
  return result.size() == 1 && result.column_count() == 1 ? result.GetRow(0)[0].ToString() : std::string();
}

Status Connection::SetSettingTo(std::string_view name, std::string_view value, bool to_default) {
  sql::SetCommand command;
  command.name = std::string(name);
  command.value = std::string(value);
  command.to_default = to_default;
  vec::Chunk result;
  return CommandRunner(*this).Run(command, &result);
}

// ---- what failed

void Connection::NoteFailure(const Status& status, bool is_final) noexcept {
  const base::SqlState state = base::GetSqlState(status);
  if (is_final) counters_->Add(SessionCounters::kStatementsFailed);
  if (state == base::sqlstate::kSerializationFailure) counters_->Add(SessionCounters::kConflicts);
  try {
    if (state == base::sqlstate::kDeadlock) {
      counters_->Add(SessionCounters::kDeadlocks);
      database_->log().Write(EventLevel::kWarning, base::Describe(status));
    } else if (status.code() == absl::StatusCode::kDataLoss) {
      database_->log().Write(EventLevel::kError, base::Describe(status));
    } else if (state == base::sqlstate::kDiskFull || state == base::sqlstate::kOutOfMemory ||
               state == base::sqlstate::kIoError) {
      database_->log().Write(EventLevel::kWarning, base::Describe(status));
    }
  } catch (const std::bad_alloc&) {
    // The caller hears of it.
  }
  database_->NoteHealth();
}

// ---- tracing and profiles

StatusOr<StepResult> Statement::StepTraced() {
  Connection& connection = *connection_;
  if (connection.step_depth_ > 0) return StepUntraced();  // a part of what is traced already
  os::Clock& clock = *connection.database().environment().clock;
  if (!running() && !ended_by_rollback_) BeginTrace();
  const int64_t began_ns = clock.MonotonicNanos();
  StatusOr<StepResult> result = StepUntraced();
  trace_nanos_ += clock.MonotonicNanos() - began_ns;
  if (!result.ok() || *result == StepResult::kDone) EndTrace(result.status());
  return result;
}

void Statement::BeginTrace() {
  trace_nanos_ = 0;
  rows_given_ = 0;
  is_traced_ = true;
  TraceEvent event;
  event.begins = true;
  event.statement = this;
  event.execution = connection_->interrupt_handle()->last_execution() + 1;
  // The host may take the hook away while it is called.
  const auto trace = connection_->hooks_.trace;
  if (trace) trace(event);
}

void Statement::EndTrace(const Status& status) {
  if (!is_traced_) return;
  is_traced_ = false;
  TraceEvent event;
  event.statement = this;
  event.execution = number_;
  event.status = &status;
  event.nanos = trace_nanos_;
  event.rows = rows_given();
  event.changes = compiled_.changes_data && status.ok() ? connection_->changes_ : 0;
  const auto trace = connection_->hooks_.trace;
  if (trace) trace(event);
}

std::string Statement::ExpandedSql() const {
  std::vector<vec::Value> values(bound_.size());
  for (size_t i = 0; i < bound_.size(); ++i) {
    values[i] = parameters_ready_ && bound_directly_[i] != 0 ? parameters_[i] : bound_[i];
  }
  return sql::ExpandParameters(sql_, compiled_.parameter_names, values);
}

StatusOr<std::string> Statement::Explain(const ProfileOptions& options, bool profile) const {
  if (compiled_.plan == nullptr) return base::UnsupportedError("the statement has no plan to explain");
  static const exec::NodeProfiles kNone;
  const exec::NodeProfiles* profiles = &kNone;
  if (profile) {
    if (execution_ == nullptr || execution_->profiles().empty()) {
      return base::WithHint(base::MisuseError("the statement has not run under a profile"),
                            "call turdb_conn_set_profiling before it runs");
    }
    profiles = &execution_->profiles();
  }
  const exec::Node& root = compiled_.plan->root();
  if (options.json) return exec::ExplainJson(root, *profiles, options.verbose);
  return absl::StrJoin(exec::ExplainLines(root, *profiles, options.verbose), "\n");
}

}  // namespace turdb::engine
