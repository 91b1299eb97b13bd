// One open database: storage, transactions, tables and catalog wired together.
#ifndef TURDB_ENGINE_DATABASE_H_
#define TURDB_ENGINE_DATABASE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/memory_budget.h"
#include "base/status.h"
#include "catalog/catalog.h"
#include "engine/event_log.h"
#include "engine/metrics.h"
#include "engine/settings.h"
#include "os/environment.h"
#include "os/process.h"
#include "storage/backup.h"
#include "storage/storage.h"
#include "table/table.h"
#include "txn/transaction_manager.h"

namespace turdb::engine {

class Connection;
struct MetricSources;

// Thread-safe. Open it, connect, and close it; what still refers to it afterwards gets MISUSE. A database that is
// destroyed without Close closes itself.
class Database : public std::enable_shared_from_this<Database> {
 public:
  // The process has one Database a directory (registry.h): opening it again gives the same one, or an error that
  // names the settings that differ. ":memory:" is always a new one.
  static base::StatusOr<std::shared_ptr<Database>> Open(const std::string& path, const Settings& settings);
  // The same over any world, past the registry: for tests that inject faults.
  static base::StatusOr<std::shared_ptr<Database>> OpenIn(const os::Environment& environment, const std::string& path,
                                                          Settings settings);
  // A private one at `path` for the temporary objects of a session of `of`, whose memory it uses: not durable, in no registry,
  // without threads. `files`: where it is kept. Ends with Discard.
  static base::StatusOr<std::shared_ptr<Database>> OpenTemporary(Database& of, std::shared_ptr<os::FileSystem> files,
                                                                 const std::string& path, std::string schema_name);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  base::StatusOr<std::shared_ptr<Connection>> Connect();
  // Interrupts and ends every connection, makes everything durable, unlocks. Idempotent.
  base::Status Close();
  // Closes a temporary one without writing what nobody will read, and removes its files.
  void Discard();
  bool closed() const { return closed_.load(std::memory_order_acquire); }

  // Verifies files, trees, indexes against rows. Each problem is visited once; returns how many there are.
  base::StatusOr<int64_t> Check(absl::FunctionRef<void(std::string_view problem)> visit);
  base::Status Checkpoint();
  // Versions that nobody can see go.
  base::Status CollectAllGarbage();
  // And deleted rows and free pages with them; files shrink. Errors: 55006 while another VACUUM runs.
  base::Status Vacuum(int64_t lock_timeout_ns, const std::atomic<bool>& cancelled);

  // The same into the new or empty directory `path`: a backup, vacuumed. Errors: as for Backup (engine/backup.h).
  base::Status VacuumInto(const std::string& path, int64_t lock_timeout_ns, const std::atomic<bool>& cancelled);
  // A backup that is not done. Close ends it.
  struct RunningBackup {
    std::mutex mutex;
    std::unique_ptr<storage::Backup> copy;
  };
  void AddBackup(std::shared_ptr<RunningBackup> backup);
  // A state of the database that others may read at. Close lets go of it.
  struct ExportedSnapshot {
    std::mutex mutex;
    txn::Snapshot snapshot;  // not held any more once the database is closed
  };
  void AddSnapshot(std::shared_ptr<ExportedSnapshot> snapshot);

  // ---- what it tells of itself
  EventLog& log() { return log_; }
  // Errors: MISUSE when it is closed, or in a child of the process that opened it.
  base::Status SetLog(EventLevel least, std::shared_ptr<const EventLog::Listener> listener);
  // Tells the log, once, when nothing can be written any more.
  void NoteHealth() noexcept;
  // Errors: MISUSE when it is closed.
  base::Status ReadMetrics(MetricSources* out);

  const std::string& path() const { return path_; }
  const Settings& settings() const { return settings_; }
  os::Environment& environment() { return environment_; }
  bool in_memory() const { return in_memory_; }
  // Where COPY finds files: those of the machine for a database in memory.
  os::FileSystem* host_files() const { return host_files_.get(); }
  // In a forked child every call is misuse.
  bool of_this_process() const { return fork_generation_ == os::ForkGeneration(); }

  // REQUIRES: not closed; held by a connection that is entered, so that Close waits.
  base::MemoryBudget& budget() { return *budget_; }
  storage::Storage& storage() { return *storage_; }
  txn::TransactionManager& transactions() { return *transactions_; }
  table::TableStore& tables() { return *tables_; }
  catalog::Catalog& catalog() { return *catalog_; }
  // Where statements spill; empty for a database in memory.
  const std::string& spill_directory() const { return spill_directory_; }

 private:
  base::Status NoteIfSparse(const catalog::Relation& relation, const table::IndexSchema& index,
                            std::vector<std::string>* sparse);
  base::Status Reindex(const std::string& index, int64_t lock_timeout_ns, const std::atomic<bool>& cancelled);
  friend class Registry;
  Database(const os::Environment& environment, std::string path, Settings settings);
  base::Status Start();
  base::Status StartGuarded();
  base::Status CreateCatalog();
  base::Status RemoveSpilledFiles();
  void EndConnections();
  base::Status Settle();
  void CloseParts(base::Status* status);
  // In a callback of a statement of this database, or of its log: closing would wait for itself.
  bool MayNotClose() noexcept;
  void TellClosed(const base::Status& status) noexcept;
  static constexpr size_t kCollectPages = 256;
  void Collect();  // the background thread: garbage of versions

  os::Environment environment_;
  std::string path_;
  Settings settings_;
  std::string identity_;  // in the registry; empty when it is not there
  std::string spill_directory_;
  bool in_memory_ = false;
  uint64_t fork_generation_;
  std::shared_ptr<os::FileSystem> host_files_;
  base::MemoryBudget own_budget_;
  base::MemoryBudget* budget_ = &own_budget_;  // of a temporary one: that of the database it belongs to
  catalog::CatalogKind kind_;

  // In the order they are made; destroyed in reverse.
  std::unique_ptr<storage::Storage> storage_;
  std::unique_ptr<txn::CommitLog> commit_log_;
  std::unique_ptr<txn::TransactionManager> transactions_;
  std::unique_ptr<table::TableStore> tables_;
  std::unique_ptr<catalog::Catalog> catalog_;

  std::atomic<bool> closed_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> vacuuming_{false};
  std::unique_ptr<os::Thread> collector_;

  EventLog log_;
  std::atomic<bool> told_health_{false};
  base::Lsn first_lsn_ = base::kNoLsn;  // where the log ended when the database was opened

  std::mutex mutex_;  // guards connections_, backups_, snapshots_, counters and the transition to closed
  std::vector<std::weak_ptr<Connection>> connections_;
  std::vector<std::shared_ptr<RunningBackup>> backups_;
  std::vector<std::shared_ptr<ExportedSnapshot>> snapshots_;
  std::vector<std::shared_ptr<SessionCounters>> counters_;  // of connections; a while longer than they live
  SessionCounters::Values past_counters_{};                 // of those that are gone
};

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_DATABASE_H_
