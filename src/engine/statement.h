// A prepared statement: its text, its plan, its bound values, and the run that is going on.
#ifndef TURDB_ENGINE_STATEMENT_H_
#define TURDB_ENGINE_STATEMENT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/connection.h"
#include "exec/execution.h"
#include "exec/execution_context.h"
#include "exec/point.h"
#include "function/call.h"
#include "sql/compile.h"
#include "txn/snapshot_registry.h"
#include "txn/view.h"
#include "vec/chunk.h"
#include "vec/value.h"

namespace turdb::engine {

enum class StepResult : uint8_t { kRow, kDone };

// Not thread-safe: for the thread that is inside the connection, but for the facts that are constant after Prepare.
//
//   idle ──Step──▶ running ──Step──▶ running ...     a row each time
//     ▲               │ last row, error, Reset, ROLLBACK
//     └───────────────┘
// COMMIT keeps what a run has not given yet, ROLLBACK ends it.
class Statement {
 public:
  // `own_table`: one that this statement alone finds, under its name.
  static base::StatusOr<std::unique_ptr<Statement>> Prepare(std::shared_ptr<Connection> connection, std::string_view sql,
                                                            int64_t* tail_bytes,
                                                            std::shared_ptr<const exec::ExternalTable> own_table = nullptr);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // The same statement over the same plan, with the values that are bound now, that runs for itself.
  base::StatusOr<std::unique_ptr<Statement>> Clone();

  const std::shared_ptr<Connection>& connection() const { return connection_; }
  const std::string& sql() const { return sql_; }
  const sql::Command& command() const { return compiled_.command; }
  bool is_read_only() const;

  // ---- running
  base::StatusOr<StepResult> Step() {
    if (connection_->hooks_.trace) [[unlikely]]
      return StepTraced();
    return StepUntraced();
  }
  // Step, when the next row lies in the chunk at hand; false otherwise, and nothing has happened.
  bool StepInChunk() {
    if (row_ + 1 >= chunk_rows_) return false;
    has_row_ = true;
    if (!chunk_is_plain_) {
      ShowRow(row_ + 1);
      return true;
    }
    ++row_;
    for (size_t i = 0; i < cells_.size(); ++i) cells_[i] = static_cast<const std::byte*>(cells_[i]) + widths_[i];
    return true;
  }
  void Reset();
  // Rows that the run that began last has given.
  int64_t rows_given() const {
    const int64_t unread = chunk_ == nullptr ? 0 : static_cast<int64_t>(chunk_rows_) - row_ - 1;
    return rows_given_ - unread;
  }
  int64_t runs() const { return runs_; }
  int64_t compilations() const { return compilations_; }
  // The text with what is bound in the places of parameters.
  std::string ExpandedSql() const;
  // The plan; with `profile`, what the run that began last did. Errors: 0A000, MISUSE.
  base::StatusOr<std::string> Explain(const ProfileOptions& options, bool profile) const;
  // Whether it is known that a column of the result is never NULL.
  bool column_never_null(size_t index) const {
    return index < compiled_.column_never_null.size() && compiled_.column_never_null[index];
  }
  // Where a column comes from; null when it is none of a table.
  const sql::ColumnOrigin* column_origin(size_t index) const {
    if (index >= compiled_.column_origins.size() || compiled_.column_origins[index].table.empty()) return nullptr;
    return &compiled_.column_origins[index];
  }

  // ---- parameters, from 0. REQUIRES: the index is in range and no run is going on.
  size_t parameter_count() const { return bound_.size(); }
  const std::vector<std::string>& parameter_names() const { return compiled_.parameter_names; }
  // Whether it stands on a row, or has more to give.
  bool running() const { return running_ || point_has_run_; }
  void Bind(size_t index, vec::Value value);
  void BindInt64(size_t index, int64_t value);
  void BindDouble(size_t index, double value);
  void BindText(size_t index, std::string_view text);  // valid UTF-8
  void ClearBindings();

  // ---- the result
  size_t column_count() const { return column_types_.size(); }
  const std::string& column_name(size_t index) const { return column_names_[index]; }
  const vec::Type& column_type(size_t index) const { return column_types_[index]; }
  const std::string& column_declared_type(size_t index) const { return declared_types_[index]; }
  bool has_row() const { return has_row_; }
  // For who takes rows by the chunk: the chunk of the current row and that row in it. What is not consumed stays the current
  // row, over COMMIT, too (which may move it to another chunk); behind the last row of the chunk there is none until the next
  // Step. REQUIRES: has_row().
  const vec::Chunk& CurrentChunk(uint32_t* row);
  void ConsumeRows(uint32_t count);
  bool changes_data() const { return compiled_.changes_data; }
  bool ended_by_rollback() const { return ended_by_rollback_; }  // which the next Step says
  bool has_plan() const { return compiled_.plan != nullptr; }
  // Of a parameter, as far as the statement decides it: kUnknown where nothing does.
  vec::Type parameter_type(size_t index) const;
  // The labels of an enumerated type that a column has.
  std::vector<std::string> LabelsOf(uint32_t type) const;
  // The value of a column of the current row as it lies in memory; null for NULL. REQUIRES: has_row().
  const void* cell(size_t index) const { return row_cells_[index]; }
  vec::Value value(size_t index) const;
  const vec::TextContext& text_context() const { return connection_->text_; }

 private:
  friend class CommandRunner;
  friend class Connection;
  Statement(std::shared_ptr<Connection> connection, std::string sql, sql::CompiledStatement compiled);

  static sql::CompileContext CompileContextOf(Connection& connection, std::shared_ptr<const catalog::Snapshot> catalog,
                                              std::shared_ptr<const exec::ExternalTable> own_table);
  base::Status Compile(std::span<const vec::Type> bound_types);
  static void SetAuthorizer(Connection& connection, sql::CompileContext* context);
  bool TakesShortPath() const;
  // After it was compiled against `catalog`.
  void NoteCompiled(const catalog::Snapshot& catalog);
  // Samples the tables, for the next compilation (analyze.cc).
  static bool LearnAbout(Connection& connection, const std::vector<std::shared_ptr<const catalog::Relation>>& tables);
  // Compiles again when the catalog has changed under the plan.
  base::Status Revalidate();
  // The bound values as the plan's types; may compile a variant of the plan for values that do not convert.
  base::Status ConvertParameters();
  base::Status CheckValueSizes() const;  // of the bound ones
  base::StatusOr<StepResult> StepUntraced();
  base::StatusOr<StepResult> StepTraced();  // hooks.cc
  void BeginTrace();
  void EndTrace(const base::Status& status);
  base::StatusOr<StepResult> StepGuarded();
  base::StatusOr<StepResult> RunAgain(base::StatusOr<StepResult> result);
  void PauseBeforeAnotherRun();
  bool MayRunAgain(const base::Status& status, int64_t began_ns) const;
  base::StatusOr<StepResult> StepOnce();  // may throw std::bad_alloc
  base::StatusOr<StepResult> StepRun();
  // A run begins. False: somebody has said that this one is not to be.
  bool BeginNumberedRun();
  base::Status StartRun();
  // The transaction and the view of this run; begins a transaction of its own for a change outside one.
  base::Status OpenView();
  void SetTemporaryContext();
  void LeaveTransaction();
  // The short path: the whole statement in one step, when the plan allows it.
  base::StatusOr<StepResult> StepPoint();
  base::Status RunPoint(bool* found);
  base::Status StartPlan();
  base::Status RunCommand();
  base::Status LockWrittenTables();
  base::StatusOr<StepResult> NextRow();
  void ShowChunk(const vec::Chunk* chunk);
  void MakeRowRoom();
  void ShowRow(uint32_t row);
  void DropChunk() {
    chunk_ = nullptr;
    row_ = chunk_rows_ = 0;
  }
  // Ends the run: commits, rolls back, or just lets go. Gives back the first error.
  base::Status FinishRun(base::Status outcome);
  // COMMIT keeps cursors, ROLLBACK ends them (interface rule 6); of a ROLLBACK TO only those that began after statement
  // `after`. Called before the transaction ends.
  // `snapshot` is the transaction's once the first cursor has taken it.
  void TransactionCommits(std::shared_ptr<txn::Snapshot>* snapshot);
  void TransactionRollsBack(base::StatementNo after);
  void Detach();  // the connection closes
  void SetColumns();
  void NameTypes(const catalog::Snapshot& catalog);  // those of users
  void KeepBound();

  std::shared_ptr<Connection> connection_;
  const std::string sql_;
  sql::CompiledStatement compiled_;
  std::shared_ptr<const exec::ExternalTable> own_table_;
  uint64_t locked_in_ = 0;         // the explicit transaction in which the written tables were locked already
  uint64_t validated_in_ = 0;      // and the one whose schema the plan was compared with
  uint64_t catalog_epoch_ = 0;     // of the catalog that it was compiled or checked against last
  uint64_t temporary_epoch_ = 0;   // of the temporary objects that it was compiled beside
  uint64_t sources_epoch_ = 0;     // of what was registered on the connection
  uint64_t functions_epoch_ = 0;   // likewise of functions
  bool is_found_anew_ = true;      // what replacement scans found is for the run that comes
  bool uses_temporary_ = false;    // it names some
  bool writes_permanent_ = false;  // it changes more than temporary tables

  std::vector<vec::Value> bound_;        // as they were bound
  std::vector<vec::Value> parameters_;   // as the plan's types
  std::vector<uint8_t> bound_directly_;  // by parameter: while parameters_ready_, its value is in parameters_ alone
  std::vector<vec::Type> variant_;       // the types of bound values that the plan was made for; empty: none in particular
  bool parameters_ready_ = false;

  std::vector<std::string> column_names_;
  std::vector<vec::Type> column_types_;
  std::vector<std::string> declared_types_;

  // ---- the run
  std::unique_ptr<exec::PointExecution> point_;  // null when the plan does not take the short path
  bool point_checked_ = false;
  bool point_has_run_ = false;  // its one row was given; the next step says that there are no more
  std::unique_ptr<exec::Execution> execution_;
  exec::Parallelism execution_parallelism_;  // that execution_ was made for
  function::CallContext call_;
  exec::ExecutionContext context_;
  txn::View view_;
  txn::View temporary_view_;                      // of temporary tables
  txn::Snapshot snapshot_;                        // of a read outside a transaction
  txn::Snapshot temporary_snapshot_;              // likewise
  std::shared_ptr<txn::Snapshot> kept_snapshot_;  // of a transaction that committed under a cursor
  Connection::StatementMark mark_;                // what a failed statement rolls back to
  bool running_ = false;
  bool counted_ = false;      // by Connection::BeginRun
  bool is_internal_ = false;  // the engine's own, inside a statement of the caller's
  bool is_traced_ = false;    // the hook was told that it began
  int64_t trace_nanos_ = 0;
  int64_t rows_given_ = 0;  // chunks count as a whole
  int64_t runs_ = 0;
  int64_t compilations_ = 1;
  bool execution_profiled_ = false;  // that execution_ was made for
  uint64_t authorizer_epoch_ = 0;    // of who was asked whether it is allowed
  bool keeps_number_ = false;        // the run is another try of the one before
  uint64_t number_ = 0;              // of the execution that the run is, or is a part of
  bool interrupted_ = false;         // by an interrupt while another statement ran, or none was inside
  bool in_statement_ = false;        // a statement of the transaction was begun and not ended
  bool own_transaction_ = false;     // the run began it, so the run ends it
  bool ended_by_rollback_ = false;

  bool has_row_ = false;
  const vec::Chunk* chunk_ = nullptr;
  uint32_t row_ = 0;
  uint32_t chunk_rows_ = 0;
  bool chunk_is_plain_ = false;         // every column is flat and without NULLs
  std::vector<vec::VectorView> views_;  // of the chunk's columns
  std::vector<size_t> widths_;
  std::vector<const void*> cells_;          // of the current row of a chunk
  const void* const* row_cells_ = nullptr;  // of the current row: cells_, or the short path's
  vec::Chunk command_result_;
  vec::Chunk point_row_;  // the short path's row, for CurrentChunk

  Statement* next_ = nullptr;  // the connection's list
  Statement* previous_ = nullptr;
};

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_STATEMENT_H_
