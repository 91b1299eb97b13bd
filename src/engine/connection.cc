#include "engine/connection.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/blob.h"
#include "engine/statement.h"
#include "os/process.h"

namespace turdb::engine {
namespace {

using base::Status;
using base::StatusOr;

}  // namespace

std::shared_ptr<Connection> Connection::New(std::shared_ptr<Database> database, std::shared_ptr<SessionCounters> counters) {
  return std::shared_ptr<Connection>(new Connection(std::move(database), std::move(counters)));
}

Connection::Connection(std::shared_ptr<Database> database, std::shared_ptr<SessionCounters> counters)
    : counters_(std::move(counters)),
      database_(std::move(database)),
      deferred_checks_(database_->budget()),
      busy_timeout_ms_(database_->settings().busy_timeout_ms),
      statement_timeout_ms_(database_->settings().statement_timeout_ms),
      hnsw_ef_search_(database_->settings().hnsw_ef_search),
      hnsw_exact_rows_(database_->settings().hnsw_exact_rows),
      parallelism_{static_cast<size_t>(database_->settings().threads), database_->settings().parallel_min_rows} {
  std::array<std::byte, sizeof random_seed_> seed;
  database_->environment().entropy->Fill(seed);
  std::memcpy(&random_seed_, seed.data(), sizeof random_seed_);
  text_.types = &session_;
  interrupt_handle_ = std::make_shared<InterruptHandle>(*this);
  statement_cache_.set_limit(static_cast<size_t>(database_->settings().statement_cache_size));
}

Connection::~Connection() {
  // Statements hold a reference, so none is left; in a forked child the transaction is the parent's.
  if (!database_->of_this_process()) {
    (void)transaction_.release();
    (void)schema_changes_.release();
    (void)temporary_.release();
    return;
  }
  if (!closed_.load(std::memory_order_acquire)) CloseEntered();
}

Status Connection::WhyNotEntered() const {
  if (!closed() && ending_.load(std::memory_order_relaxed) != Ending::kNone && owner_.load(std::memory_order_relaxed) == 0) {
    return base::NoMemory();
  }
  if (!database_->of_this_process()) {
    return base::MisuseError("the database was opened before fork: open it again in the child");
  }
  if (closed()) return base::MisuseError(database_->closed() ? "the database is closed" : "the connection is closed");
  return base::MisuseError(owner_.load(std::memory_order_relaxed) == os::CurrentThreadToken()
                               ? "the connection is busy: a callback may not use the connection that calls it"
                               : "another thread is using the connection: give each thread one of its own");
}

// CloseFromDatabase parks on the owner word; nobody else waits for it.
void Connection::WakeCloser() { database_->environment().scheduler->WakeAll(&owner_); }

void Connection::LeaveWithOrphans() {
  std::vector<std::unique_ptr<Statement>> orphans;
  std::vector<std::unique_ptr<Blob>> blobs;
  std::shared_ptr<Connection>
      self;  // what is freed may be what keeps the connection alive, until after the owner word is written
  {
    std::lock_guard lock(orphans_mutex_);
    orphans.swap(orphans_);
    blobs.swap(orphan_blobs_);
    self = std::move(freed_self_);
    has_orphans_.store(false, std::memory_order_relaxed);
  }
  if (self == nullptr && !orphans.empty()) self = orphans.front()->connection();
  if (self == nullptr && !blobs.empty()) self = blobs.front()->connection();
  orphans.clear();
  blobs.clear();
  owner_.store(0, std::memory_order_release);
  if (database_->closed()) WakeCloser();
}

void Connection::Adopt(std::unique_ptr<Statement> statement) { AdoptChild(std::move(statement), &Connection::orphans_); }
void Connection::Adopt(std::unique_ptr<Blob> blob) { AdoptChild(std::move(blob), &Connection::orphan_blobs_); }

template <typename Child>
void Connection::AdoptChild(std::unique_ptr<Child> child, std::vector<std::unique_ptr<Child>> Connection::*orphans) {
  if (child == nullptr) return;
  // The child keeps its connection alive; we need it a little longer.
  const std::shared_ptr<Connection> connection = child->connection();
  if (!connection->database_->of_this_process()) return;  // nobody else is left
  uint64_t nobody = 0;
  if (connection->owner_.compare_exchange_strong(nobody, os::CurrentThreadToken(), std::memory_order_acquire)) {
    child.reset();
    connection->Leave();
    return;
  }
  {
    std::lock_guard lock(connection->orphans_mutex_);
    (connection.get()->*orphans).push_back(std::move(child));
    connection->has_orphans_.store(true, std::memory_order_release);
  }
  // Whoever was inside may have left before the child was on the list.
  nobody = 0;
  if (connection->owner_.compare_exchange_strong(nobody, os::CurrentThreadToken(), std::memory_order_acquire)) {
    connection->Leave();
  }
}

void Connection::Free(std::shared_ptr<Connection> connection) {
  if (connection == nullptr || !connection->database_->of_this_process()) return;
  Connection& freed = *connection;
  const std::shared_ptr<Connection> kept = connection;
  if (freed.owner_.load(std::memory_order_acquire) == 0) return;
  {
    std::lock_guard lock(freed.orphans_mutex_);
    freed.freed_self_ = std::move(connection);
    freed.has_orphans_.store(true, std::memory_order_release);
  }
  uint64_t nobody = 0;
  if (freed.owner_.compare_exchange_strong(nobody, os::CurrentThreadToken(), std::memory_order_acquire)) freed.Leave();
}

void Connection::CloseEntered() {
  if (closed_.exchange(true, std::memory_order_acq_rel)) return;
  interrupt_handle_->Detach();
  hooks_ = {};
  for (Statement* statement = statements_; statement != nullptr; statement = statement->next_) statement->Detach();
  for (Blob* const blob : blobs_) blob->Detach();
  if (transaction_ != nullptr) {
    try {
      // A rollback that fails leaves the database read-only, and health() says why.
      if (ending_ == Ending::kNone) EndTransaction(false).IgnoreError();
      if (ending_ != Ending::kNone) FinishEnding().IgnoreError();
    } catch (const std::bad_alloc&) {
      transaction_.reset();  // rolled back by whoever opens the database next
      schema_changes_.reset();
      SetEnding(Ending::kNone);
    }
  }
  session_.Forget();
  temporary_.reset();
  registered_.clear();
  replacement_ = nullptr;
  functions_.Clear();
  statement_cache_.Clear();
}

void Connection::CloseFromDatabase() {
  os::Scheduler& scheduler = *database_->environment().scheduler;
  for (;;) {
    uint64_t nobody = 0;
    if (owner_.compare_exchange_strong(nobody, os::CurrentThreadToken(), std::memory_order_acquire)) break;
    Interrupt();
    const int64_t soon_ns = database_->environment().clock->MonotonicNanos() + 10'000'000;
    scheduler.Park(
        &owner_, [this] { return owner_.load(std::memory_order_acquire) != 0; }, soon_ns);
  }
  CloseEntered();
  Leave();
}

Status Connection::WaitUntilFree() {
  const uint64_t owner = owner_.load(std::memory_order_acquire);
  if (closed() || !database_->of_this_process() || owner == os::CurrentThreadToken()) return WhyNotEntered();
  if (owner == 0) return absl::OkStatus();
  // Those who leave wake nobody: that would cost every call.
  const os::Environment& environment = database_->environment();
  environment.scheduler->Park(
      &owner_, [this] { return owner_.load(std::memory_order_acquire) != 0; }, environment.clock->MonotonicNanos() + 200'000);
  return absl::OkStatus();
}

void Connection::BeginRun() {
  if (running_count_++ > 0) {
    // Somebody may be interrupting: what is there for it to see changes by steps that it can be in between of.
    PassInterrupt();
    if (transaction_ != nullptr) ShowTransaction();
    return;
  }
  cancelled_.store(false, std::memory_order_relaxed);
  running_transaction_.store(transaction_.get(), std::memory_order_relaxed);
  run_state_.store(kRunning, std::memory_order_release);
}

void Connection::EndRun() {
  if (--running_count_ > 0) {
    PassInterrupt();
    return;
  }
  for (uint32_t running = kRunning; !run_state_.compare_exchange_weak(running, 0, std::memory_order_acq_rel);) {
    running = kRunning;
    std::this_thread::yield();
  }
  cancelled_.store(false, std::memory_order_relaxed);
}

void Connection::ShowTransaction() {
  running_transaction_.store(transaction_.get(), std::memory_order_seq_cst);
  if (cancelled_.load(std::memory_order_seq_cst)) [[unlikely]]
    database_->transactions().Cancel(*transaction_);
}

void Connection::HideTransaction() {
  running_transaction_.store(nullptr, std::memory_order_seq_cst);
  while ((run_state_.load(std::memory_order_seq_cst) & kInterrupting) != 0) std::this_thread::yield();
}

void Connection::StartProgress() {
  next_progress_ns_ = database_->environment().clock->MonotonicNanos() + progress_interval_ns_;
}

bool Connection::Progress() {
  const int64_t now_ns = database_->environment().clock->MonotonicNanos();
  if (now_ns < next_progress_ns_) return false;
  next_progress_ns_ = now_ns + progress_interval_ns_;
  return progress_();
}

void Connection::SetProgress(int64_t interval_ms, std::function<bool()> progress) {
  progress_interval_ns_ = interval_ms * 1'000'000;
  progress_ = std::move(progress);
  if (transaction_ != nullptr) SetPollOf(*transaction_);
}

// While the transaction waits for a lock, or does what takes long.
void Connection::SetPollOf(txn::Transaction& transaction) {
  if (progress_) {
    transaction.set_poll([this] { return progress_ && Progress(); });
  } else {
    transaction.set_poll(nullptr);
  }
}

// ---- statements

function::CallContext Connection::NewCallContext() {
  function::CallContext context;
  context.text = text_;
  context.statement_now_us = database_->environment().clock->NowUnixMicros();
  context.text.now_us = context.statement_now_us;
  context.random.Seed(random_seed_++);
  context.budget = &database_->budget();
  context.session = &session_;
  return context;
}

CompilationEpochs Connection::EpochsNow(const catalog::Snapshot& catalog) const {
  return {catalog.epoch(), TemporaryEpoch(), functions_.epoch(), sources_epoch_};
}

// Not where compiling asks or shows something else: an authorizer, a schema that nobody else sees.
bool Connection::UsesStatementCache() const { return statement_cache_.limit() > 0 && !hooks_.authorize && !HasSchemaChanges(); }

StatusOr<std::unique_ptr<Statement>> Connection::Prepare(std::string_view sql, int64_t* tail_bytes) {
  return Statement::Prepare(shared_from_this(), sql, tail_bytes);
}

StatusOr<std::vector<std::string>> Connection::TextsOf(std::string_view query) {
  std::vector<std::string> texts;
  TURDB_ASSIGN_OR_RETURN(const std::unique_ptr<Statement> statement, Prepare(query, nullptr));
  for (;;) {
    TURDB_ASSIGN_OR_RETURN(const StepResult result, statement->Step());
    if (result != StepResult::kRow) return texts;
    if (statement->cell(0) != nullptr) texts.push_back(statement->value(0).ToString());
  }
}

Status Connection::Exec(std::string_view sql) {
  int64_t offset = 0;
  for (;;) {
    int64_t tail = 0;
    StatusOr<std::unique_ptr<Statement>> statement = Prepare(sql.substr(static_cast<size_t>(offset)), &tail);
    Status status = statement.status();
    if (status.ok()) {
      if (*statement == nullptr) return absl::OkStatus();
      for (;;) {
        StatusOr<StepResult> result = (*statement)->Step();
        status = result.status();
        if (!status.ok() || *result == StepResult::kDone) break;
      }
    }
    if (!status.ok()) {
      // Positions count from the start of the whole text.
      if (const auto position = base::GetPosition(status); position.has_value() && offset > 0) {
        return base::MovePosition(std::move(status), *position + offset);
      }
      return status;
    }
    offset += tail;
    // Done is done, whatever asking for more would take.
    if (sql.find_first_not_of(" \t\r\n\f\v;", static_cast<size_t>(offset)) == std::string_view::npos) return absl::OkStatus();
  }
}

// ---- tables of the session

StatusOr<std::shared_ptr<const catalog::Relation>> Connection::FindRelation(std::string_view schema,
                                                                            std::string_view name) const {
  return VisibleCatalog()->GetRelation(schema, name, LookupPath());
}

void Connection::RegisterTable(std::string name, ExternalTablePtr table) {
  registered_[std::move(name)] = std::move(table);
  ++sources_epoch_;
}

void Connection::ForgetValidation() {
  for (Statement* statement = statements_; statement != nullptr; statement = statement->next_) statement->validated_in_ = 0;
}

bool Connection::UnregisterTable(std::string_view name) {
  const auto found = registered_.find(name);
  if (found == registered_.end()) return false;
  registered_.erase(found);
  ++sources_epoch_;
  return true;
}

void Connection::SetReplacement(std::function<StatusOr<ExternalTablePtr>(std::string_view)> find) {
  replacement_ = std::move(find);
  ++sources_epoch_;
}

StatusOr<Connection::ExternalTablePtr> Connection::FindExternalTable(std::string_view name, bool unknown) const {
  if (unknown) return replacement_ ? replacement_(name) : ExternalTablePtr();
  if (const auto found = registered_.find(name); found != registered_.end()) return found->second;
  // As tables are found: else the one whose name differs in case only.
  ExternalTablePtr only;
  for (const auto& [registered, table] : registered_) {
    if (!absl::EqualsIgnoreCase(registered, name)) continue;
    if (only != nullptr) return ExternalTablePtr();
    only = table;
  }
  return only;
}

StatusOr<std::vector<std::optional<vec::Type>>> Connection::TypesOf(std::string_view list) {
  return sql::CompileTypes(Statement::CompileContextOf(*this, VisibleCatalog(), nullptr), list);
}

StatusOr<std::vector<exec::ExternalTable::Column>> Connection::ColumnsOf(std::string_view list) {
  return sql::CompileColumns(Statement::CompileContextOf(*this, VisibleCatalog(), nullptr), list);
}

// ---- transactions

std::shared_ptr<const catalog::Snapshot> Connection::VisibleCatalog(const txn::Snapshot& reading) const {
  std::shared_ptr<const catalog::Snapshot> snapshot;
  if (transaction_ == nullptr || !transaction_->has_snapshot()) {
    snapshot = reading.held() ? database_->catalog().At(reading.read_ts()) : database_->catalog().Current();
  } else if (schema_changes_ != nullptr && !schema_changes_->empty()) {
    snapshot = schema_changes_->Visible(transaction_->read_ts());
  } else {
    snapshot = database_->catalog().At(transaction_->read_ts());
  }
  return temporary_ == nullptr ? snapshot : temporary_->MergeInto(snapshot);
}

uint64_t Connection::VisibleEpoch() const {
  return transaction_ == nullptr && temporary_ == nullptr ? database_->catalog().CurrentEpoch() : VisibleCatalog()->epoch();
}

catalog::SchemaChanges& Connection::SchemaChangesOf() {
  if (schema_changes_ == nullptr) {
    schema_changes_ = std::make_unique<catalog::SchemaChanges>(database_->catalog(), *transaction_);
  }
  return *schema_changes_;
}

Status Connection::RequireTransaction() const {
  if (explicit_transaction_) return absl::OkStatus();
  return base::WithHint(base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kNoActiveTransaction,
                                        "there is no transaction in progress"),
                        "BEGIN starts one");
}

Status Connection::Begin(txn::Isolation isolation, bool read_only) {
  if (explicit_transaction_) {
    return base::WithHint(base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kActiveTransaction,
                                          "there is already a transaction in progress"),
                          "SAVEPOINT nests inside one");
  }
  BeginTransaction(isolation, read_only);
  explicit_transaction_ = true;
  ++transaction_number_;
  return absl::OkStatus();
}

Status Connection::BeginAt(Database::ExportedSnapshot& snapshot) {
  TURDB_RETURN_IF_ERROR(Begin(txn::Isolation::kSnapshot, default_read_only_));
  const std::lock_guard lock(snapshot.mutex);
  database_->transactions().UseSnapshot(*transaction_, snapshot.snapshot);
  return absl::OkStatus();
}

StatusOr<std::shared_ptr<Database::ExportedSnapshot>> Connection::ExportSnapshot() {
  auto exported = std::make_shared<Database::ExportedSnapshot>();
  if (!explicit_transaction_) {
    exported->snapshot = database_->transactions().AcquireSnapshot(&snapshot_hint_);
  } else {
    if (!transaction_->has_snapshot()) {  // it is there from the first statement on
      StatementMark mark;
      TURDB_RETURN_IF_ERROR(BeginStatement(&mark));
      EndStatement(mark);
    }
    exported->snapshot = database_->transactions().ShareSnapshot(*transaction_);
  }
  database_->AddSnapshot(exported);
  return exported;
}

Status Connection::CheckDeferred(bool all) {
  if (deferred_checks_.empty()) return absl::OkStatus();
  StatementMark mark;
  TURDB_RETURN_IF_ERROR(BeginStatement(&mark));
  function::CallContext call = NewCallContext();
  exec::ExecutionContext context;
  context.transaction = transaction_.get();
  if (temporary_ != nullptr) context.temporary_transaction = temporary_->transaction();
  context.call = &call;
  context.environment = &database_->environment();
  context.spill_directory = database_->spill_directory();
  context.cancelled = &cancelled_;
  Status status;
  try {
    status = deferred_checks_.Check(context, all);
  } catch (const std::bad_alloc&) {
    status = base::NoMemory();
  }
  EndStatement(mark);
  return status;
}

Status Connection::EndTransaction(bool commit) {
  Status checked;
  if (commit && !deferred_checks_.empty()) {
    checked = CheckDeferred(true);
    commit = checked.ok();
  }
  if (commit && temporary_ != nullptr) {
    checked = RunCommitActions();
    commit = checked.ok();
  }
  if (commit) {
    checked = AskCommitHook();
    commit = checked.ok();
  }
  tells_rollback_ = hooks_.rollback && HasWritten();
  HideTransaction();
  SetEnding(Ending::kRollback);  // should memory run out before the commit
  std::shared_ptr<txn::Snapshot> snapshot;
  for (Statement* statement = statements_; statement != nullptr; statement = statement->next_) {
    if (commit) {
      statement->TransactionCommits(&snapshot);
    } else {
      statement->TransactionRollsBack(0);
    }
  }
  Status status;
  try {
    if (commit) {
      const bool observed = schema_changes_ != nullptr && !schema_changes_->empty();
      status = database_->transactions().Commit(*transaction_, observed ? schema_changes_.get() : nullptr);
      SetEnding(status.ok() ? Ending::kCommitted : Ending::kRolledBack);
    }
    const Status ended = FinishEnding();
    if (status.ok()) status = ended;
  } catch (const std::bad_alloc&) {
    if (transaction_ != nullptr && transaction_->committed()) SetEnding(Ending::kCommit);
    // What is committed is so for whoever asks. The rest comes before the next call does anything else.
    if (ending_ == Ending::kRollback || ending_ == Ending::kRolledBack) throw;
  }
  return checked.ok() ? status : checked;
}

Status Connection::FinishEnding() {
  Status status;
  if (ending_ == Ending::kRollback) {
    status = database_->transactions().Rollback(*transaction_);
    SetEnding(Ending::kRolledBack);
  } else if (ending_ == Ending::kCommit) {
    status = database_->transactions().Commit(*transaction_);
    SetEnding(Ending::kCommitted);
  }
  if (schema_changes_ != nullptr) {
    if (ending_ == Ending::kCommitted) {
      schema_changes_->Committed();
    } else {
      schema_changes_->Rollback();
    }
  }
  schema_changes_.reset();
  if (temporary_ != nullptr) {
    const Status ended = temporary_->End(ending_ == Ending::kCommitted);
    if (status.ok()) status = ended;
  }
  savepoints_.clear();
  if (deferred_checks_.used()) deferred_checks_.Clear();
  transaction_.reset();
  explicit_transaction_ = false;
  if (Status settled = session_.SettleDraws(); status.ok()) status = std::move(settled);
  const bool rolled_back = ending_ == Ending::kRolledBack;
  counters_->Add(rolled_back ? SessionCounters::kTransactionsRolledBack : SessionCounters::kTransactionsCommitted);
  SetEnding(Ending::kNone);
  if (std::exchange(tells_rollback_, false) && rolled_back && hooks_.rollback) hooks_.rollback();
  return status;
}

bool Connection::FinishEndingGuarded() {
  try {
    FinishEnding().IgnoreError();  // a rollback that fails leaves the database read-only, and health() says why
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

Status Connection::Commit() {
  TURDB_RETURN_IF_ERROR(RequireTransaction());
  PassInterrupt();
  Status status = EndTransaction(true);
  // Of COMMIT as a statement its step says so.
  if (!status.ok() && step_depth_ == 0) NoteFailure(status, false);
  return base::WithFrame(std::move(status), "committing");
}

Status Connection::Rollback() {
  TURDB_RETURN_IF_ERROR(RequireTransaction());
  return base::WithFrame(EndTransaction(false), "rolling back");
}

Status Connection::InOneUnit(absl::FunctionRef<Status()> body) {
  const bool own = !in_transaction();
  const std::string mark = absl::StrCat("turdb unit ", NewNumber());
  TURDB_RETURN_IF_ERROR(own ? Begin(default_isolation_, default_read_only_) : MakeSavepoint(mark));
  Status status;
  try {
    status = body();
  } catch (const std::bad_alloc&) {
    status = base::NoMemory();
  }
  if (status.ok()) return own ? Commit() : Release(mark);
  if (!in_transaction()) return status;
  if (own) {
    Rollback().IgnoreError();
    return status;
  }
  // Undoing that fails leaves a transaction that takes nothing but ROLLBACK, and is what is to be told.
  TURDB_RETURN_IF_ERROR(RollbackTo(mark));
  TURDB_RETURN_IF_ERROR(Release(mark));
  return status;
}

StatusOr<size_t> Connection::FindSavepoint(std::string_view name) const {
  TURDB_RETURN_IF_ERROR(RequireTransaction());
  for (size_t i = savepoints_.size(); i > 0; --i) {
    if (savepoints_[i - 1].name == name) return i - 1;
  }
  return base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kInvalidSavepoint,
                         absl::StrCat("savepoint \"", name, "\" does not exist"));
}

Status Connection::MakeSavepoint(std::string_view name) {
  TURDB_RETURN_IF_ERROR(RequireTransaction());
  Savepoint savepoint{std::string(name), database_->transactions().MakeSavepoint(*transaction_),
                      schema_changes_ == nullptr ? 0 : schema_changes_->Mark(), transaction_->statement()};
  if (temporary_ != nullptr) {
    savepoint.temporary_mark = temporary_->transactions().MakeSavepoint(*temporary_->transaction());
    savepoint.temporary_schema_mark = temporary_->MarkChanges();
  }
  savepoints_.push_back(std::move(savepoint));
  return absl::OkStatus();
}

Status Connection::RollbackTo(std::string_view name) {
  TURDB_ASSIGN_OR_RETURN(const size_t found, FindSavepoint(name));
  for (Statement* statement = statements_; statement != nullptr; statement = statement->next_) {
    statement->TransactionRollsBack(savepoints_[found].statement);
  }
  TURDB_RETURN_IF_ERROR(database_->transactions().RollbackTo(*transaction_, savepoints_[found].mark));
  if (temporary_ != nullptr) {
    TURDB_RETURN_IF_ERROR(temporary_->transactions().RollbackTo(*temporary_->transaction(), savepoints_[found].temporary_mark));
    temporary_->RollbackChangesTo(savepoints_[found].temporary_schema_mark);
  }
  if (schema_changes_ != nullptr) schema_changes_->RollbackTo(savepoints_[found].schema_mark);
  deferred_checks_.RollbackTo(savepoints_[found].statement);
  savepoints_.resize(found + 1);
  return absl::OkStatus();
}

Status Connection::Release(std::string_view name) {
  TURDB_ASSIGN_OR_RETURN(const size_t found, FindSavepoint(name));
  savepoints_.resize(found);
  return absl::OkStatus();
}

}  // namespace turdb::engine
