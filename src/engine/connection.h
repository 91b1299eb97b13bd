// A session: one transaction at a time, its settings, and the statements prepared on it.
//
// One thread is inside a connection at a time. `Entry` claims it with one compare-and-swap on the owner word; a second
// thread gets MISUSE. Whoever frees a statement while another thread is inside leaves it on a list that is emptied when
// that thread leaves (interface rule 2), so a free never waits.
#ifndef TURDB_ENGINE_CONNECTION_H_
#define TURDB_ENGINE_CONNECTION_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/status.h"
#include "catalog/catalog.h"
#include "engine/database.h"
#include "engine/hooks.h"
#include "engine/interrupt.h"
#include "engine/session.h"
#include "engine/statement_cache.h"
#include "engine/temporary.h"
#include "engine/user_function.h"
#include "exec/deferred_checks.h"
#include "exec/parallelism.h"
#include "exec/table_function.h"
#include "function/call.h"
#include "sql/compile.h"
#include "txn/transaction.h"
#include "vec/text_context.h"

namespace turdb::engine {

class Blob;
class Statement;

// Thread-safe: Interrupt, interrupt_handle, Adopt and CloseFromDatabase. Everything else is for the thread that holds an Entry.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  static std::shared_ptr<Connection> New(std::shared_ptr<Database> database, std::shared_ptr<SessionCounters> counters);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The right to be inside. Check entered() or status() first: MISUSE when another thread is inside, when the connection or its
  // database is closed, and after a fork.
  class Entry {
   public:
    explicit Entry(Connection& connection) : connection_(&connection), entered_(connection.TryEnter()) {}
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry() {
      if (entered_) connection_->Leave();
    }
    bool entered() const { return entered_; }
    base::Status status() const { return entered_ ? absl::OkStatus() : connection_->WhyNotEntered(); }

   private:
    Connection* connection_;
    bool entered_;
  };

  // ---- for an entered thread
  base::Status Exec(std::string_view sql);
  // Null for text without a statement. `tail_bytes` is where the next one begins.
  base::StatusOr<std::unique_ptr<Statement>> Prepare(std::string_view sql, int64_t* tail_bytes);
  // The one column of a query, NULLs left out.
  base::StatusOr<std::vector<std::string>> TextsOf(std::string_view query);

  base::Status Begin(txn::Isolation isolation, bool read_only);
  // A transaction of snapshot isolation that sees what `snapshot`, one of this database, shows.
  base::Status BeginAt(Database::ExportedSnapshot& snapshot);
  // What the transaction sees but for its own changes; outside one, what is committed now.
  base::StatusOr<std::shared_ptr<Database::ExportedSnapshot>> ExportSnapshot();
  txn::Isolation default_isolation() const { return default_isolation_; }
  bool default_read_only() const { return default_read_only_; }
  base::Status Commit();
  // Runs `body`, whose statements are all kept or all undone: as a transaction of their own, or inside one under a savepoint.
  base::Status InOneUnit(absl::FunctionRef<base::Status()> body);
  base::Status Rollback();
  base::Status MakeSavepoint(std::string_view name);
  base::Status RollbackTo(std::string_view name);
  base::Status Release(std::string_view name);
  bool in_transaction() const { return transaction_ != nullptr; }

  void CloseEntered();  // ends the session: rolls back, ends its statements

  int64_t changes() const { return changes_; }
  int64_t total_changes() const { return total_changes_; }
  int64_t last_insert_id() const { return last_insert_id_; }
  bool autocommit() const { return transaction_ == nullptr || ending_.load(std::memory_order_relaxed) != Ending::kNone; }

  // `progress` is called about every `interval_ms` while a statement runs; true interrupts it.
  void SetProgress(int64_t interval_ms, std::function<bool()> progress);

  // ---- what the host wants to know (hooks.h)
  const Hooks& hooks() const { return hooks_; }
  template <typename Function>
  void SetHook(Function Hooks::*hook, Function function) {
    std::swap(hooks_.*hook, function);  // what was there goes when nothing refers to it any more
    if constexpr (std::is_same_v<Function, decltype(Hooks::authorize)>) {
      ++authorizer_epoch_;
      ForgetValidation();
    }
  }
  const SessionLimits& limits() const { return limits_; }
  SessionLimits& ChangeLimits() {
    ForgetCompiled();
    return limits_;
  }
  // What was compiled may mean something else from now on.
  void ForgetCompiled() { statement_cache_.Clear(); }
  bool is_profiled() const { return is_profiled_; }
  void set_profiled(bool profiled) { is_profiled_ = profiled; }
  base::StatusOr<std::string> Setting(std::string_view name);
  base::Status SetSettingTo(std::string_view name, std::string_view value, bool to_default);

  // ---- tables of this session that no catalog knows (arrow_source.h)
  using ExternalTablePtr = std::shared_ptr<const exec::ExternalTable>;
  // A table that is registered under the name already is so no more.
  void RegisterTable(std::string name, ExternalTablePtr table);
  // False: there is none.
  bool UnregisterTable(std::string_view name);
  // Asked for names that nobody knows; a null table: neither does it. An empty function takes it away.
  void SetReplacement(std::function<base::StatusOr<ExternalTablePtr>(std::string_view name)> find);
  // ---- functions and collations of the host (user_function.h). What is prepared is compiled again with the next run.
  UserFunctions& functions() { return functions_; }
  // Names of types, of columns with types, in a list. Errors: as of sql::CompileTypes, sql::CompileColumns.
  base::StatusOr<std::vector<std::optional<vec::Type>>> TypesOf(std::string_view list);
  base::StatusOr<std::vector<exec::ExternalTable::Column>> ColumnsOf(std::string_view list);
  // By the search path when `schema` is empty. Errors: 42P01, 3F000.
  base::StatusOr<std::shared_ptr<const catalog::Relation>> FindRelation(std::string_view schema, std::string_view name) const;
  const vec::TextContext& text() const { return text_; }
  // Where values of the type come from Arrow: whose types structs have then; null: they are json.
  vec::StructTypes* StructTypesFor(const vec::Type& type) const {
    const bool has_parts = type.is_or_has_elements(vec::TypeId::kStruct) || type.is_or_has_elements(vec::TypeId::kMap);
    return has_parts ? database_->catalog().struct_types().get() : nullptr;
  }
  uint64_t NewNumber() { return ++last_number_; }  // for names that the session makes

  // ---- any thread
  bool closed() const { return closed_.load(std::memory_order_acquire); }
  bool IsOwnedByThisThread() const { return owner_.load(std::memory_order_acquire) == os::CurrentThreadToken(); }
  void Interrupt();
  const std::shared_ptr<InterruptHandle>& interrupt_handle() const { return interrupt_handle_; }
  // For pg_sleep: until then, or until what runs is interrupted or its time is up (57014). The owner's thread.
  base::Status Sleep(int64_t microseconds);
  // Frees the statement now, or when the thread that is inside leaves.
  static void Adopt(std::unique_ptr<Statement> statement);
  static void Adopt(std::unique_ptr<Blob> blob);
  // Lets go of the connection, now, or when the thread that is inside leaves.
  static void Free(std::shared_ptr<Connection> connection);
  void CloseFromDatabase();
  // Returns when another thread that was inside may have left; whoever wants to be inside tries again. Errors: MISUSE when this
  // thread is inside already, or nobody can be any more.
  base::Status WaitUntilFree();

  Database& database() { return *database_; }
  // What functions of a statement that starts now may know.
  function::CallContext NewCallContext();

 private:
  friend class Blob;
  friend class Statement;
  friend class InterruptHandle;
  friend class CommandRunner;
  friend class Session;
  struct Savepoint {
    std::string name;
    txn::Savepoint mark;
    size_t schema_mark;
    base::StatementNo statement;  // the last one before it
    // Of the temporary objects: of their beginning, for one that was made before.
    txn::Savepoint temporary_mark = {};
    size_t temporary_schema_mark = 0;
  };
  // A statement of the transaction, and how to take it back.
  struct StatementMark {
    txn::Savepoint savepoint;
    base::StatementNo number = 0;
    size_t schema_mark = 0;
    bool temporary = false;  // there were temporary objects when it began
    txn::Savepoint temporary_savepoint;
    base::StatementNo temporary_number = 0;
    size_t temporary_schema_mark = 0;
  };

  Connection(std::shared_ptr<Database> database, std::shared_ptr<SessionCounters> counters);
  bool TryEnter() {
    uint64_t nobody = 0;
    if (closed() || !database_->of_this_process() ||
        !owner_.compare_exchange_strong(nobody, os::CurrentThreadToken(), std::memory_order_acquire)) [[unlikely]] {
      return false;
    }
    if (!closed() && ending_.load(std::memory_order_relaxed) == Ending::kNone) [[likely]]
      return true;
    if (!closed() && FinishEndingGuarded()) return true;
    Leave();  // closed between the check and the claim, or there is no memory to end what is to be ended first
    return false;
  }
  // How far the end of a transaction has come when memory ran out.
  enum class Ending : uint8_t {
    kNone,
    kRollback,    // to be rolled back
    kCommit,      // in the log, to be finished
    kCommitted,   // its schema changes are to be shown to others
    kRolledBack,  // and to be forgotten
  };
  void SetEnding(Ending ending) { ending_.store(ending, std::memory_order_relaxed); }
  // Goes on from there. Throws std::bad_alloc when it is still too little.
  base::Status FinishEnding();
  bool FinishEndingGuarded();  // false: it is
  void RollBackLater() {
    if (transaction_ != nullptr && ending_.load(std::memory_order_relaxed) == Ending::kNone) SetEnding(Ending::kRollback);
  }
  base::Status WhyNotEntered() const;
  // The connection may be gone afterwards, when it was freed meanwhile.
  void Leave() {
    if (has_orphans_.load(std::memory_order_acquire)) [[unlikely]]
      return LeaveWithOrphans();
    owner_.store(0, std::memory_order_release);
    if (database_->closed()) [[unlikely]]
      WakeCloser();
  }
  void WakeCloser();
  void LeaveWithOrphans();
  // Commits or rolls back what is open, and ends the statements that read in it.
  // Before a commit come the deferred checks; one that fails makes it a rollback.
  base::Status EndTransaction(bool commit);
  // Of constraints that are deferred no more, or `all`.
  base::Status CheckDeferred(bool all);
  // ON COMMIT DELETE ROWS and DROP.
  base::Status RunCommitActions();
  base::Status RequireTransaction() const;
  void BeginTransaction(txn::Isolation isolation, bool read_only);
  // REQUIRES of these: in a transaction.
  base::Status BeginStatement(StatementMark* mark);
  base::Status RollBackStatement(const StatementMark& mark);  // dooms the transaction when memory runs out
  void EndStatement(const StatementMark& mark);
  void DoomTransaction();
  // ---- temporary objects
  base::Status OpenTemporary();
  // The database that an object is in, and the transaction of it.
  Database& DatabaseOf(catalog::ObjectId id) {
    return temporary_ != nullptr && table::IsTemporary(id) ? temporary_->database() : *database_;
  }
  txn::Transaction& TransactionOf(catalog::ObjectId id) {
    return temporary_ != nullptr && table::IsTemporary(id) ? *temporary_->transaction() : *transaction_;
  }
  base::Status LockTable(catalog::ObjectId id, txn::TableLockMode mode);
  bool HasSchemaChanges() const { return schema_changes_ != nullptr || (temporary_ != nullptr && temporary_->has_changes()); }
  // Differs whenever temporary objects do; 0: there never were any.
  uint64_t TemporaryEpoch() const { return temporary_ == nullptr ? 0 : temporary_->epoch(); }
  // Where a name without a schema is looked up.
  std::vector<std::string> LookupPath() const;
  base::StatusOr<size_t> FindSavepoint(std::string_view name) const;
  // The catalog as the current transaction sees it; the newest one outside a transaction.
  std::shared_ptr<const catalog::Snapshot> VisibleCatalog(const txn::Snapshot& reading = txn::Snapshot()) const;
  // Of the visible catalog; cheaper where a statement asks again and again.
  uint64_t VisibleEpoch() const;
  bool HasExternalTables() const { return !registered_.empty() || replacement_ != nullptr; }
  base::StatusOr<ExternalTablePtr> FindExternalTable(std::string_view name, bool unknown) const;
  // The transaction's schema changes, made when first asked for. REQUIRES: in a transaction.
  catalog::SchemaChanges& SchemaChangesOf();
  // Those of the database that the object is in.
  catalog::SchemaChanges& SchemaChangesOf(catalog::ObjectId id) {
    return temporary_ != nullptr && table::IsTemporary(id) ? temporary_->Changes() : SchemaChangesOf();
  }

  // ---- hooks (hooks.cc)
  class RowObserver : public exec::ChangeObserver {
   public:
    explicit RowObserver(Connection& connection) : connection_(connection) {}
    base::Status Changed(const exec::RowChanges& changes) override;

   private:
    Connection& connection_;
  };
  bool HasWritten() const;
  base::Status AskCommitHook();
  exec::ChangeObserver* ObserverOfRun();  // null: nobody wants to know of changed rows
  Hooks hooks_;
  uint64_t authorizer_epoch_ = 0;  // counts those who were asked whether a statement is allowed
  RowObserver row_observer_{*this};
  SessionLimits limits_;
  bool is_profiled_ = false;
  bool tells_rollback_ = false;  // of the transaction that is ending

  // ---- what it counts, and tells the log (hooks.cc)
  void NoteFailure(const base::Status& status, bool is_final) noexcept;
  const std::shared_ptr<SessionCounters> counters_;
  StatementCache statement_cache_;
  CompilationEpochs EpochsNow(const catalog::Snapshot& catalog) const;
  bool UsesStatementCache() const;

  std::shared_ptr<Database> database_;
  std::atomic<uint64_t> owner_{0};  // token of the thread that is inside
  std::atomic<bool> closed_{false};
  std::atomic<Ending> ending_{Ending::kNone};

  txn::TransactionPtr transaction_;  // explicit, or of the statement that runs; null otherwise
  bool explicit_transaction_ = false;
  uint64_t transaction_number_ = 0;  // counts the transactions of this connection
  std::unique_ptr<catalog::SchemaChanges> schema_changes_;
  std::vector<Savepoint> savepoints_;
  std::unique_ptr<TemporaryObjects> temporary_;  // null until something temporary is made
  txn::SnapshotHint temporary_hint_ = 0;
  exec::DeferredChecks deferred_checks_;  // of the transaction
  txn::SnapshotHint snapshot_hint_ = 0;
  Session session_{*this};

  int64_t changes_ = 0;
  int64_t total_changes_ = 0;
  int64_t last_insert_id_ = 0;
  int64_t busy_timeout_ms_;
  int64_t statement_timeout_ms_;
  int64_t hnsw_ef_search_;
  int64_t hnsw_exact_rows_;
  exec::Parallelism parallelism_;
  std::map<std::string, sql::NamedStatement, std::less<>> named_statements_;  // PREPARE's
  std::map<std::string, ExternalTablePtr, std::less<>> registered_;
  std::function<base::StatusOr<ExternalTablePtr>(std::string_view)> replacement_;
  uint64_t sources_epoch_ = 0;  // counts changes of both
  UserFunctions functions_;
  uint64_t last_number_ = 0;
  txn::Isolation default_isolation_ = txn::Isolation::kSnapshot;
  bool default_read_only_ = false;
  bool without_triggers_ = false;                 // while ALTER TABLE changes rows: what is compiled now sets off none
  bool without_temporary_ = false;                // while a materialised view is filled: its names mean what they meant
  catalog::ObjectId hidden_ = base::kNoFile;      // the table that CREATE TABLE AS is filling
  catalog::ObjectId fills_view_ = base::kNoFile;  // the materialised view that what runs inside a command may change
  std::vector<std::string> search_path_{std::string(catalog::kDefaultSchema)};
  vec::TextContext text_;
  uint64_t random_seed_ = 0;
  int64_t progress_interval_ns_ = 0;
  int64_t next_progress_ns_ = 0;
  std::function<bool()> progress_;
  // REQUIRES of both: progress_ is set. Progress calls it when it is time; true: stop.
  void StartProgress();
  bool Progress();
  void SetPollOf(txn::Transaction& transaction);

  Statement* statements_ = nullptr;  // all that are prepared, as a list
  std::vector<Blob*> blobs_;         // all that are open
  void ForgetValidation();           // statements look again whether they may run
  template <typename Child>
  static void AdoptChild(std::unique_ptr<Child> child, std::vector<std::unique_ptr<Child>> Connection::*orphans);

  // Whether there is something to interrupt; cursors that were not read to their end count. The thread inside sets and clears
  // kRunning; Interrupt sets kInterrupting beside it while it uses the transaction, and the end of a run waits for that.
  static constexpr uint32_t kRunning = 1, kInterrupting = 2;
  void BeginRun();
  void EndRun();
  // What an interrupt between two calls was aimed at: the statements that run, none that begins later.
  void PassInterrupt();
  int64_t running_count_ = 0;
  void ShowTransaction();  // one that began after the run did
  void HideTransaction();  // before it ends
  std::atomic<uint32_t> run_state_{0};
  std::atomic<txn::Transaction*> running_transaction_{nullptr};
  std::atomic<bool> cancelled_{false};
  std::mutex interrupt_mutex_;  // one interrupter at a time
  std::shared_ptr<InterruptHandle> interrupt_handle_;

  // ---- interrupts that are aimed (interrupt.cc)
  // The number of a run that begins: the next one, or, inside the step of another run, which it is a part of, that one's.
  uint64_t NumberRun(bool is_part) {
    if (is_part) return stepping_.load(std::memory_order_relaxed);
    const uint64_t number = interrupt_handle_->last_execution_.load(std::memory_order_relaxed) + 1;
    interrupt_handle_->last_execution_.store(number, std::memory_order_release);
    counters_->Add(SessionCounters::kStatements);
    return number;
  }
  // A step of the run begins. True: it is to be interrupted.
  bool IsStopped(uint64_t number) {
    stepping_.store(number, std::memory_order_seq_cst);
    return has_aimed_.load(std::memory_order_seq_cst) && IsAimedAt(number);
  }
  void InterruptExecution(uint64_t number);
  void CancelRunning(bool aimed);
  void TakeBackCancel();
  bool IsAimedAt(uint64_t number);
  int step_depth_ = 0;  // steps that are going on, one inside the other
  struct StepScope {
    explicit StepScope(Connection& connection) : depth(++connection.step_depth_) {}
    StepScope(const StepScope&) = delete;
    StepScope& operator=(const StepScope&) = delete;
    ~StepScope() { --depth; }
    int& depth;
  };
  std::atomic<uint64_t> stepping_{0};
  std::atomic<bool> has_aimed_{false};
  // Guarded by interrupt_mutex_.
  std::vector<uint64_t> aimed_;
  bool cancel_is_aimed_ = false;  // cancelled_ is meant for stepping_ alone

  std::atomic<bool> has_orphans_{false};
  std::mutex orphans_mutex_;
  std::vector<std::unique_ptr<Statement>> orphans_;
  std::vector<std::unique_ptr<Blob>> orphan_blobs_;
  std::shared_ptr<Connection> freed_self_;  // with orphans_: freed while somebody was inside

  bool check_function_bodies_ = true;  // the setting
};

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_CONNECTION_H_
