// The world of one run of a statement, handed in by the engine.
#ifndef TURDB_EXEC_EXECUTION_CONTEXT_H_
#define TURDB_EXEC_EXECUTION_CONTEXT_H_

#include <atomic>
#include <cstdint>
#include <span>
#include <string>

#include "base/memory_budget.h"
#include "function/call.h"
#include "os/environment.h"
#include "table/schema.h"
#include "vec/value.h"

namespace turdb::txn {
struct View;
class Transaction;
class TransactionManager;
}  // namespace turdb::txn

namespace turdb::exec {

class ChangeObserver;
class DeferredChecks;

// A row that COPY left out.
struct RejectedRow {
  std::string file;
  int64_t line = 0;
  std::string column;  // empty: the row as a whole
  std::string reason;
};

// Plain values and borrowed pointers; everything outlives the run.
struct ExecutionContext {
  const txn::View* view = nullptr;                  // what reads see; null for plans without tables
  txn::Transaction* transaction = nullptr;          // what writes belong to; null for plans that change nothing
  txn::TransactionManager* transactions = nullptr;  // the transaction's; null for plans without triggers
  // The same of temporary tables, which are in a database of their own; null where the session has none.
  const txn::View* temporary_view = nullptr;
  txn::Transaction* temporary_transaction = nullptr;
  txn::TransactionManager* temporary_transactions = nullptr;
  function::CallContext* call = nullptr;   // the session's: zone, times, random numbers; required
  os::Environment* environment = nullptr;  // the clock, files of spilled data
  os::FileSystem* host_files = nullptr;    // files of COPY
  std::string spill_directory;             // exists; empty: nothing spills, over budget is an error
  const std::atomic<bool>* cancelled = nullptr;
  int64_t deadline_ns = 0;                 // of the monotonic clock: past it the statement is cancelled; 0: none
  DeferredChecks* deferred = nullptr;      // the transaction's; null: every constraint is checked with its statement
  int32_t hnsw_ef_search = 0;              // candidates in view of a vector index's search; 0: as the index says
  int64_t hnsw_exact_rows = 10'000;        // tables of fewer rows are read instead of their vector indexes
  int32_t max_trigger_depth = 100;         // triggers inside triggers
  ChangeObserver* observer = nullptr;      // told of every changed row; null: nobody is
  std::span<const vec::Value> parameters;  // of the plan's parameter types, or NULL
  // Called once a chunk, with no latch or lock held: true stops the statement as `cancelled` does. For progress.
  bool (*poll)(void* argument) = nullptr;
  void* poll_argument = nullptr;
  std::atomic<int64_t>* spilled_bytes = nullptr;  // counts what is written to spill files; may be null

  // By the table's id. REQUIRES: what is asked for is there.
  const txn::View& ViewOf(base::FileId table) const { return table::IsTemporary(table) ? *temporary_view : *view; }
  txn::Transaction& TransactionOf(base::FileId table) const {
    return table::IsTemporary(table) ? *temporary_transaction : *transaction;
  }
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_EXECUTION_CONTEXT_H_
