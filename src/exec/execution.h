// One running statement: operators built from a plan, and their state.
#ifndef TURDB_EXEC_EXECUTION_H_
#define TURDB_EXEC_EXECUTION_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "base/status.h"
#include "exec/execution_context.h"
#include "exec/lanes.h"
#include "exec/parallelism.h"
#include "exec/pipeline.h"
#include "exec/plan.h"

namespace turdb::exec {

// Not thread-safe; one thread at a time. Start, Next until kDone, and again from Start as often as wanted: memory is
// kept, so running again over equal data makes no heap call.
class Execution {
 public:
  // Builds the operators of `plan`. Their memory counts against `budget`, which outlives the execution. Of `parallelism`, how
  // many threads, the calling one among them, may work on a part of it while Next runs. `profiled`: each node is measured.
  static base::StatusOr<std::unique_ptr<Execution>> Create(std::shared_ptr<const Plan> plan, base::MemoryBudget* budget,
                                                           Parallelism parallelism = {}, bool profiled = false);
  ~Execution();

  // Rewinds. `context` and what it points to must outlive the run; parameters are read now.
  // Errors: 42P02 too few parameters, 42804 a parameter of another type than the plan's.
  base::Status Start(const ExecutionContext& context);
  // kHaveMore: *chunk has at least one row, valid until the next call. kDone: no more rows. kBlocked: call again.
  // A changing statement has made all its changes when the first call returns anything but kBlocked.
  // After an error only Start may be called.
  base::StatusOr<Flow> Next(const vec::Chunk** chunk);

  // What the run reads from is about to end: makes all the rows that are left and keeps them, those of `shown` from
  // `first` on before them, so that Next goes on without the view and the transaction. An error is kept too: Next
  // gives it behind the rows that were made before it. Returns that error.
  base::Status Hold(const vec::Chunk* shown, uint32_t first);

  int64_t changed_rows() const;
  // Number of the row inserted last; 0 when the run inserted none, or into a table without row numbers.
  int64_t last_insert_id() const;
  std::span<const RejectedRow> rejected_rows() const;
  // Of the run that began last, so far; empty unless profiled.
  const NodeProfiles& profiles() const;
  const Plan& plan() const { return *plan_; }

 private:
  struct State;
  base::Status HoldRows(const vec::Chunk* shown, uint32_t first);
  Execution(std::shared_ptr<const Plan> plan, std::unique_ptr<State> state);

  std::shared_ptr<const Plan> plan_;
  std::unique_ptr<State> state_;
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_EXECUTION_H_
