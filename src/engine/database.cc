#include "engine/database.h"

#include <algorithm>
#include <new>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "btree/tree.h"
#include "engine/connection.h"
#include "engine/host_call.h"
#include "engine/index_evaluation.h"
#include "engine/metric_sources.h"
#include "engine/registry.h"
#include "engine/remove_tree.h"
#include "engine/temporary.h"
#include "exec/spill_file.h"
#include "os/process.h"

namespace turdb::engine {
namespace {

using base::Status;
using base::StatusOr;

constexpr std::string_view kInMemory = ":memory:";
constexpr int64_t kCollectEveryNs = 50'000'000;
// While there is more than fits into one turn, as after a large load: pages with versions are read at half the speed.
constexpr int64_t kCollectSoonNs = 5'000'000;
constexpr int64_t kTemporaryLogBytes = int64_t{16} << 20;  // it is read for rollbacks only

storage::Options StorageOptions(const Settings& settings, bool temporary) {
  storage::Options options;
  options.page_cache_bytes = settings.page_cache_bytes;
  // A sixteenth of the cache, between what the largest record needs and what group commits can use.
  options.log_buffer_bytes = std::clamp<int64_t>(settings.page_cache_bytes / 16, 128 << 10, 4 << 20);
  options.wal_limit_bytes = settings.wal_limit_bytes;
  options.synchronous = settings.synchronous;
  options.threads = static_cast<int>(settings.threads);
  options.read_only = settings.read_only;
  options.create_if_missing = settings.create;
  if (temporary) options.page_cache_reserve_bytes = settings.page_cache_bytes;  // there may be one for each connection
  return options;
}

}  // namespace

Database::Database(const os::Environment& environment, std::string path, Settings settings)
    : environment_(environment),
      path_(std::move(path)),
      settings_(std::move(settings)),
      fork_generation_(os::ForkGeneration()),
      host_files_(environment.files),
      own_budget_(settings_.memory_limit_bytes) {}

StatusOr<std::shared_ptr<Database>> Database::Open(const std::string& path, const Settings& settings) {
  os::WatchForks();
  Settings resolved = settings;
  TURDB_RETURN_IF_ERROR(ResolveDefaults(resolved));
  if (path.empty()) return base::MisuseError("opening a database: the path is empty");
  if (path != kInMemory) {
    const StatusOr<bool> unfinished = os::Environment::Native().files->Exists(os::JoinPath(path, storage::kUnfinishedBackup));
    if (unfinished.ok() && *unfinished) {
      return base::WithHint(
          base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kUndefinedFile,
                          absl::StrCat("\"", path, "\" holds a backup that was not finished, and no database")),
          "back up again: the next backup may take its place");
    }
    return Registry::OpenShared(path, resolved);
  }
  if (resolved.read_only) return base::MisuseError("a database in memory cannot be read-only: it would stay empty");
  resolved.synchronous = storage::Synchronous::kOff;
  TURDB_ASSIGN_OR_RETURN(std::shared_ptr<Database> database, OpenIn(os::Environment::InMemory(), "memory", resolved));
  database->in_memory_ = true;
  database->host_files_ = os::Environment::Native().files;
  return database;
}

StatusOr<std::shared_ptr<Database>> Database::OpenIn(const os::Environment& environment, const std::string& path,
                                                     Settings settings) {
  TURDB_RETURN_IF_ERROR(ResolveDefaults(settings));
  std::shared_ptr<Database> database(new Database(environment, path, std::move(settings)));
  if (Status status = database->StartGuarded(); !status.ok()) {
    database->closed_.store(true, std::memory_order_release);
    return base::WithFrame(std::move(status), absl::StrCat("opening database \"", path, "\""));
  }
  const storage::RecoveryInfo& recovery = database->storage_->recovery();
  database->log_.Write(
      EventLevel::kInfo,
      absl::StrCat("opened \"", path, "\": ",
                   recovery.created     ? "a new database"
                   : recovery.was_clean ? "it was closed properly"
                                        : absl::StrCat("it was not closed properly; ", recovery.records_redone,
                                                       " records of the log were done again, and ", recovery.unfinished.size(),
                                                       " unfinished transactions undone")));
  return database;
}

StatusOr<std::shared_ptr<Database>> Database::OpenTemporary(Database& of, std::shared_ptr<os::FileSystem> files,
                                                            const std::string& path, std::string schema_name) {
  Settings settings = of.settings();
  settings.read_only = false;
  settings.create = true;
  settings.threads = 1;
  settings.synchronous = storage::Synchronous::kOff;
  constexpr int64_t kLeastCache = int64_t{base::kMinPoolFrames} * static_cast<int64_t>(base::kPageSize);
  settings.page_cache_bytes = std::max(kLeastCache, of.settings().page_cache_bytes / 4);
  settings.wal_limit_bytes = std::min(of.settings().wal_limit_bytes, kTemporaryLogBytes);
  os::Environment environment = of.environment();
  environment.files = std::move(files);
  std::shared_ptr<Database> database(new Database(environment, path, std::move(settings)));
  database->budget_ = &of.budget();
  database->kind_ = {std::move(schema_name), of.catalog().struct_types(), /*temporary=*/true};
  if (Status status = database->StartGuarded(); !status.ok()) {
    database->Discard();
    return base::WithFrame(std::move(status), "making a place for temporary tables");
  }
  return database;
}

// What memory was too short for is as after any other error: nothing is open, and opening may be tried again.
Status Database::StartGuarded() {
  try {
    return Start();
  } catch (const std::bad_alloc&) {
    return base::NoMemory();
  }
}

Status Database::Start() {
  storage::RedoTable redo;
  table::TableStore::RegisterRedo(&redo);
  const storage::Options options = StorageOptions(settings_, kind_.temporary);
  TURDB_ASSIGN_OR_RETURN(storage_, storage::Storage::Open(environment_, path_, options, *budget_, redo));
  const storage::RecoveryInfo& recovery = storage_->recovery();
  first_lsn_ = storage_->next_lsn();
  commit_log_ = txn::NewStorageCommitLog(*storage_);
  transactions_ = std::make_unique<txn::TransactionManager>(environment_, *commit_log_, *budget_, recovery.next_txn_id);
  txn::ConnectStorage(*storage_, *transactions_);  // before any page is fixed: evicted pages keep their versions
  if (!settings_.read_only) {
    // Versions of a change larger than memory go to a file of their own, which no opening ever reads.
    const std::string spill = os::JoinPath(path_, "versions.tmp");
    TURDB_RETURN_IF_ERROR(environment_.files->Remove(spill));
    transactions_->SetSpill(spill, settings_.memory_limit_bytes / 16);
    TURDB_RETURN_IF_ERROR(transactions_->FillReserve());
  }
  tables_ = std::make_unique<table::TableStore>(*storage_, *transactions_, *budget_);
  tables_->set_build_threads(static_cast<size_t>(settings_.threads));
  transactions_->SetUndoResolver([this](base::FileId file) { return tables_->UndoTargetOf(file); });
  transactions_->SetQuietPageCallback([this](base::PageId page) {
    // Best effort: what is not purged now is purged when its space is needed. Nothing else keeps the tree: the table may be
    // dropped at any time.
    const storage::FilePin pin = storage_->PinFile(page.file);
    if (!pin) return;
    tables_->PurgeQuietPage(page).IgnoreError();
  });
  storage_->SetOldestLiveWriter([this] { return transactions_->OldestLiveWriter(); });
  storage_->SetNextTransactionId([this] { return transactions_->next_transaction_id(); });
  TURDB_RETURN_IF_ERROR(transactions_->UndoUnfinished(recovery.unfinished));
  // A crash may have cut the making of the database short: before its catalog had a page, or before it was committed.
  TURDB_ASSIGN_OR_RETURN(const base::PageNo meta_pages, storage_->PageCount(base::kMetaFile));
  if (meta_pages == 1) TURDB_RETURN_IF_ERROR(CreateCatalog());
  TURDB_ASSIGN_OR_RETURN(catalog_, catalog::Catalog::Open(*tables_, kind_));
  if (kind_.temporary) return absl::OkStatus();
  if (catalog_->Current()->FindSchema(catalog::kDefaultSchema) == nullptr) {
    catalog_.reset();
    TURDB_RETURN_IF_ERROR(CreateCatalog());
    TURDB_ASSIGN_OR_RETURN(catalog_, catalog::Catalog::Open(*tables_));
  }
  spill_directory_ = settings_.temp_directory.empty() ? os::JoinPath(path_, "tmp") : settings_.temp_directory;
  if (!settings_.read_only) {
    TURDB_RETURN_IF_ERROR(environment_.files->CreateDirectory(spill_directory_));
    TURDB_RETURN_IF_ERROR(RemoveSpilledFiles());
  }
  if (settings_.threads > 1 && !settings_.read_only) {
    collector_ = environment_.scheduler->Start("turdb-collect", [this] { Collect(); });
  }
  return absl::OkStatus();
}

// What a killed process left. A temp_directory may be shared with other databases: of what is there, only places for temporary
// tables tell whether somebody uses them.
Status Database::RemoveSpilledFiles() {
  TURDB_ASSIGN_OR_RETURN(const std::vector<std::string> names, environment_.files->List(spill_directory_));
  const bool shared = !settings_.temp_directory.empty();
  for (const std::string& name : names) {
    const std::string path = os::JoinPath(spill_directory_, name);
    if (exec::SpillFile::IsName(name) && !shared) TURDB_RETURN_IF_ERROR(environment_.files->Remove(path));
    if (!TemporaryObjects::IsName(name)) continue;
    if (!shared) {
      RemoveTree(*environment_.files, path);
      continue;
    }
    // Whoever uses one holds its lock; who is just making one takes another (TemporaryObjects::Open).
    const auto lock = environment_.files->Lock(os::JoinPath(path, "turdb.lock"), os::LockMode::kExclusive);
    if (lock.ok()) RemoveTree(*environment_.files, path);
  }
  return absl::OkStatus();
}

Status Database::CreateCatalog() {
  if (settings_.read_only) {
    return base::WithHint(base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kReadOnlyTransaction,
                                          "the making of the database was cut short, and read-only it cannot be finished"),
                          "open it once for writing");
  }
  txn::TransactionPtr transaction = transactions_->Begin();
  TURDB_RETURN_IF_ERROR(transactions_->BeginStatement(*transaction).status());
  TURDB_RETURN_IF_ERROR(catalog::Catalog::Create(*tables_, *transaction, kind_));
  // Should it be lost, the next opening makes the same catalog: it becomes durable with the first commit that needs it.
  storage_->SetSynchronous(storage::Synchronous::kOff);
  Status status = transactions_->Commit(*transaction);
  storage_->SetSynchronous(settings_.synchronous);
  return status;
}

void Database::Collect() {
  uint64_t checkpoints = storage_->stats().checkpoints;
  int64_t pause_ns = kCollectEveryNs;
  while (!stopping_.load(std::memory_order_acquire)) {
    environment_.scheduler->Park(
        &stopping_, [this] { return !stopping_.load(std::memory_order_acquire); },
        environment_.clock->MonotonicNanos() + pause_ns);
    if (stopping_.load(std::memory_order_acquire)) return;
    // Best effort: what cannot be collected now is tried again, and a real fault shows in health().
    const StatusOr<size_t> collected = transactions_->CollectGarbage(kCollectPages);
    pause_ns = collected.ok() && *collected >= kCollectPages / 2 ? kCollectSoonNs : kCollectEveryNs;
    catalog_->ForgetBefore(transactions_->oldest_snapshot());
    NoteHealth();
    if (const uint64_t now = storage_->stats().checkpoints; now != std::exchange(checkpoints, now)) {
      log_.Write(EventLevel::kDebug, absl::StrCat("checkpoint ", now, " is complete"));
    }
  }
}

Database::~Database() {
  if (!of_this_process()) {
    // The files and threads are the parent's; memory alone is ours, and its owners would touch both.
    (void)storage_.release();
    (void)commit_log_.release();
    (void)transactions_.release();
    (void)tables_.release();
    (void)catalog_.release();
    (void)collector_.release();
    return;
  }
  try {
    Close().IgnoreError();
  } catch (const std::bad_alloc&) {
    // Close has closed all there is; there was no memory to say what went wrong.
  }
}

StatusOr<std::shared_ptr<Connection>> Database::Connect() {
  if (!of_this_process()) return base::MisuseError("the database was opened before fork: open it again in the child");
  auto counters = std::make_shared<SessionCounters>();
  std::shared_ptr<Connection> connection;
  std::lock_guard lock(mutex_);
  if (closed()) return base::MisuseError("the database is closed");
  std::erase_if(connections_, [](const std::weak_ptr<Connection>& each) { return each.expired(); });
  std::erase_if(counters_, [this](const std::shared_ptr<SessionCounters>& each) {
    if (each.use_count() > 1) return false;
    each->AddTo(past_counters_);
    return true;
  });
  counters_.push_back(counters);
  connection = Connection::New(shared_from_this(), std::move(counters));
  connections_.push_back(connection);
  return connection;
}

Status Database::ReadMetrics(MetricSources* out) {
  if (!of_this_process()) return base::MisuseError("the database was opened before fork: open it again in the child");
  std::lock_guard lock(mutex_);  // Close waits
  if (closed()) return base::MisuseError("the database is closed");
  out->pool = storage_->pool().stats();
  out->storage = storage_->stats();
  out->sessions = past_counters_;
  for (const std::shared_ptr<SessionCounters>& each : counters_) each->AddTo(out->sessions);
  out->connections = std::count_if(connections_.begin(), connections_.end(),
                                   [](const std::weak_ptr<Connection>& each) { return !each.expired(); });
  out->snapshots = static_cast<int64_t>(transactions_->snapshot_count());
  out->log_bytes = static_cast<int64_t>(storage_->next_lsn() - first_lsn_);
  out->memory_limit_bytes = budget_->limit_bytes();
  out->memory_peak_bytes = budget_->peak_bytes();
  out->memory_used_bytes = budget_->used_bytes();
  out->version_bytes = transactions_->version_bytes();
  return absl::OkStatus();
}

// Not after Close has taken the last one away: nobody would let go of it.
Status Database::SetLog(EventLevel least, std::shared_ptr<const EventLog::Listener> listener) {
  if (!of_this_process()) return base::MisuseError("the database was opened before fork: open it again in the child");
  {
    std::lock_guard lock(mutex_);
    if (closed()) return base::MisuseError("the database is closed");
  }
  log_.SetListener(least, std::move(listener));
  return absl::OkStatus();
}

void Database::NoteHealth() noexcept {
  try {
    const Status health = storage_->health();
    if (health.ok() || told_health_.exchange(true)) return;
    log_.Write(EventLevel::kError,
               absl::StrCat("the database is read-only until it is opened again: ", base::Describe(health)));
  } catch (const std::bad_alloc&) {
    // It is told next time.
  }
}

bool Database::MayNotClose() noexcept {
  if (log_.is_telling() || HostCall::IsFrom(*this)) return true;
  try {
    std::vector<std::weak_ptr<Connection>> connections;
    {
      std::lock_guard lock(mutex_);
      connections = connections_;
    }
    return std::any_of(connections.begin(), connections.end(), [](const std::weak_ptr<Connection>& each) {
      const std::shared_ptr<Connection> connection = each.lock();
      return connection != nullptr && connection->IsOwnedByThisThread();
    });
  } catch (const std::bad_alloc&) {
    return false;  // closing goes on without memory, too
  }
}

void Database::TellClosed(const Status& status) noexcept {
  try {
    std::string message = absl::StrCat("closed \"", path_, "\"");
    if (!status.ok()) absl::StrAppend(&message, ": ", base::Describe(status));
    log_.Write(status.ok() ? EventLevel::kInfo : EventLevel::kError, std::move(message));
  } catch (const std::bad_alloc&) {
    // The caller hears of it.
  }
}

Status Database::Close() {
  if (!of_this_process()) return base::MisuseError("the database was opened before fork: close it in the parent");
  if (closed()) return absl::OkStatus();
  if (MayNotClose()) {
    return base::MisuseError(
        "a callback may not close the database that calls it: closing waits for the call to end. Interrupt the statement, and "
        "close when it has returned");
  }
  {
    std::lock_guard lock(mutex_);
    if (closed_.exchange(true, std::memory_order_acq_rel)) return absl::OkStatus();
  }
  // Openers of the same directory wait until it is let go of, however this ends.
  if (!identity_.empty()) Registry::BeginClosing(identity_, this);
  const absl::Cleanup forget = [this] {
    if (!identity_.empty()) Registry::Forget(identity_, this);
  };
  EndConnections();
  stopping_.store(true, std::memory_order_release);
  if (collector_ != nullptr) {
    environment_.scheduler->WakeAll(&stopping_);
    collector_.reset();
  }
  Status status = absl::OkStatus();
  if (transactions_ != nullptr && storage_ != nullptr && !settings_.read_only) {
    try {
      status = Settle();
      if (base::GetSqlState(status) == base::sqlstate::kDiskFull && storage_->health().ok()) status = absl::OkStatus();
    } catch (const std::bad_alloc&) {
      status = base::NoMemory();  // the next opening finds out by itself what is not written now
    }
  }
  if (storage_ != nullptr) NoteHealth();
  CloseParts(&status);
  TellClosed(status);
  log_.SetListener(EventLevel::kError, nullptr);
  if (status.ok()) return status;
  return base::WithFrame(std::move(status), absl::StrCat("closing database \"", path_, "\""));
}

// Nobody connects any more. Needs no memory of its own.
void Database::EndConnections() {
  for (;;) {
    std::shared_ptr<Connection> live;
    {
      std::lock_guard lock(mutex_);
      if (connections_.empty()) break;
      live = connections_.back().lock();
      connections_.pop_back();
    }
    if (live != nullptr) live->CloseFromDatabase();
  }
  std::vector<std::shared_ptr<RunningBackup>> backups;
  {
    std::lock_guard lock(mutex_);
    backups.swap(backups_);
  }
  for (const std::shared_ptr<RunningBackup>& backup : backups) {
    std::lock_guard lock(backup->mutex);
    backup->copy.reset();
  }
  std::vector<std::shared_ptr<ExportedSnapshot>> snapshots;
  {
    std::lock_guard lock(mutex_);
    snapshots.swap(snapshots_);
  }
  for (const std::shared_ptr<ExportedSnapshot>& exported : snapshots) {
    std::lock_guard lock(exported->mutex);
    exported->snapshot.Release();
  }
}

// What the next opening would have to find out, or to do, by itself.
Status Database::Settle() {
  TURDB_RETURN_IF_ERROR(transactions_->Drain());
  if (tables_ == nullptr || !storage_->health().ok()) return absl::OkStatus();
  TURDB_RETURN_IF_ERROR(tables_->SettleNumbers());
  return storage_->health().ok() ? tables_->WriteEstimates() : absl::OkStatus();
}

// Without `status`, nothing is written any more.
void Database::CloseParts(Status* status) {
  catalog_.reset();
  tables_.reset();
  if (storage_ != nullptr && status != nullptr) {
    Status closed = storage_->Close();
    if (status->ok()) *status = std::move(closed);
  }
  transactions_.reset();
  commit_log_.reset();
  storage_.reset();
}

void Database::Discard() {
  if (closed_.exchange(true, std::memory_order_acq_rel)) return;
  // What waits for snapshots that end with the session refers to the tables.
  try {
    if (transactions_ != nullptr) transactions_->Drain().IgnoreError();
  } catch (const std::bad_alloc&) {
    // Its files go as they are.
  }
  CloseParts(nullptr);
  try {
    RemoveTree(*environment_.files, path_);
  } catch (const std::bad_alloc&) {
    // The next opening of the database removes them (RemoveSpilledFiles).
  }
}

void Database::AddBackup(std::shared_ptr<RunningBackup> backup) {
  std::lock_guard lock(mutex_);
  // Those that nobody else holds have ended.
  std::erase_if(backups_, [](const std::shared_ptr<RunningBackup>& each) { return each.use_count() == 1; });
  backups_.push_back(std::move(backup));
}

void Database::AddSnapshot(std::shared_ptr<ExportedSnapshot> snapshot) {
  std::lock_guard lock(mutex_);
  std::erase_if(snapshots_, [](const std::shared_ptr<ExportedSnapshot>& each) { return each.use_count() == 1; });
  snapshots_.push_back(std::move(snapshot));
}

Status Database::Checkpoint() { return storage_->Checkpoint(); }

StatusOr<int64_t> Database::Check(absl::FunctionRef<void(std::string_view problem)> visit) {
  int64_t problems = 0;
  const auto report = [&](std::string_view problem) {
    ++problems;
    visit(problem);
  };
  for (const base::FileId file : storage_->Files()) {
    const storage::FilePin pin = storage_->PinFile(file);
    if (!pin) continue;  // dropped meanwhile, or just being made
    storage::CheckReport pages;
    Status status = storage_->CheckFile(file, &pages);
    for (const std::string& problem : pages.problems) report(problem);
    if (!status.ok()) report(base::Describe(status));
    if (!pages.problems.empty() || !status.ok()) continue;  // a tree over damaged pages would repeat it
    // A tree that changes while it is walked looks broken where it changed: what counts is found while nothing was logged.
    // Behind a database that is written without a pause no such moment may come.
    constexpr int kAttempts = 10;
    std::vector<std::string> found;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      found.clear();
      const base::Lsn before = storage_->next_lsn();
      status = tables_->CheckFile(file, &found);
      if ((status.ok() && found.empty()) || storage_->next_lsn() == before) break;
    }
    for (const std::string& problem : found) report(problem);
    if (!status.ok()) report(base::Describe(status));
  }
  if (problems > 0) return problems;
  const txn::Snapshot snapshot = transactions_->AcquireSnapshot();
  const txn::View view{snapshot.read_ts(), nullptr, 0};
  std::vector<std::shared_ptr<const catalog::Relation>> relations;
  catalog_->At(snapshot.read_ts())->ForEachRelation([&](const std::shared_ptr<const catalog::Relation>& relation) {
    if (relation->kind == catalog::RelationKind::kTable) relations.push_back(relation);
  });
  for (const auto& relation : relations) {
    // One that a drop has let go of may still be listed: a drop that commits is published a moment later.
    std::vector<storage::FilePin> pins;
    pins.push_back(storage_->PinFile(relation->id));
    for (const table::IndexSchema& index : relation->schema->indexes) pins.push_back(storage_->PinFile(index.id));
    if (!std::all_of(pins.begin(), pins.end(), [](const storage::FilePin& pin) { return static_cast<bool>(pin); })) continue;
    StatusOr<table::Table*> table = relation->Open();
    if (!table.ok()) {
      report(base::Describe(table.status()));
      continue;
    }
    std::vector<std::string> errors;
    const auto evaluation = IndexEvaluation::Create(*this, catalog_->At(snapshot.read_ts()), *relation->schema);
    if (!evaluation.ok()) {
      report(base::Describe(evaluation.status()));
      continue;
    }
    const Status status = (*table)->Check(view, (*evaluation)->evaluator(), false, &errors);
    for (const std::string& problem : errors) report(problem);
    if (!status.ok()) report(base::Describe(status));
  }
  return problems;
}

}  // namespace turdb::engine
