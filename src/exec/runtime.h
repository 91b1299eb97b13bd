// What the operators of one execution share: the world they were handed and the values that change from run to run.
#ifndef TURDB_EXEC_RUNTIME_H_
#define TURDB_EXEC_RUNTIME_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "base/status.h"
#include "exec/execution_context.h"
#include "os/environment.h"
#include "vec/chunk.h"
#include "vec/value.h"

namespace turdb::exec {

class CteState;
class ReferentialQueue;
class TriggerRuns;

// Not thread-safe.
struct Runtime {
  const ExecutionContext* context = nullptr;
  base::MemoryBudget* budget = nullptr;
  uint32_t capacity = vec::kDefaultChunkCapacity;  // of chunks
  std::vector<vec::Vector> slots;                  // correlated values, each a constant vector
  std::vector<CteState*> ctes;                     // by number; owned by the operators that fill them
  int64_t changed_rows = 0;
  int64_t last_insert_id = 0;                     // number of the row inserted last, 0: none, or of a table without row numbers
  std::vector<RejectedRow> rejected;              // by COPY
  ReferentialQueue* referential = nullptr;        // where foreign keys leave what is to be done when all rows are changed
  bool is_referential = false;                    // this runs for a foreign key
  TriggerRuns* triggers = nullptr;                // runs them; null when no node of the plan has any
  int32_t trigger_depth = 0;                      // how many triggers are around this
  const vec::Vector* checked_value = nullptr;     // what kValue stands for
  std::vector<const vec::Vector*> lambda_values;  // what kLambdaValue stands for, by number
  bool others_run = false;                        // this is one of several lanes at work (lanes.h)
  const std::atomic<bool>* stop = nullptr;        // while it runs on several threads: one of them has failed
  uint64_t statement_runs = 0;                    // counts Execution::Start; what was computed once a run compares it

  function::CallContext& call() const { return *context->call; }
  // On the statement's own thread.
  base::Status CheckCancelled() const {
    if (context->poll != nullptr && context->poll(context->poll_argument)) {
      return base::CanceledError("the statement was interrupted");
    }
    return CheckStopped();
  }
  // The same on any thread: does not call the host.
  base::Status CheckStopped() const {
    if (stop != nullptr && stop->load(std::memory_order_relaxed)) return base::CanceledError("another thread has failed");
    if (context->cancelled != nullptr && context->cancelled->load(std::memory_order_relaxed)) {
      return base::CanceledError("the statement was interrupted");
    }
    if (context->deadline_ns != 0 && context->environment->clock->MonotonicNanos() >= context->deadline_ns) {
      return base::CanceledError("canceling statement due to statement timeout");
    }
    return absl::OkStatus();
  }
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_RUNTIME_H_
