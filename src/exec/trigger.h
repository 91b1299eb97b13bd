// Runs what triggers do.
//
// A statement sets off triggers in this order:
//
//   BEFORE ... FOR EACH STATEMENT
//   for each row    BEFORE ... FOR EACH ROW, which may change it or leave it out; then the row is changed
//   foreign keys    what they ask for (referential_queue.h), with the triggers of the rows that they change
//   for each row    AFTER ... FOR EACH ROW
//   AFTER ... FOR EACH STATEMENT
//
// and those of one kind by their names. Each statement of a body is a statement of the transaction by its number: it sees
// what was changed so far, and the statement around it does not see what it changes. All are undone with the user's
// statement. A statement of a body runs at a *level*, one for each trigger around it, which has slots, operators and a queue
// of foreign keys of its own, so that a trigger may set off itself.
//
//  (T1) A row that a BEFORE trigger was called for is changed as the statement found it: when the trigger has changed it too,
//       that is 27000, as PostgreSQL has it.
//  (T2) A trigger cannot leave out a row that a foreign key's action is to change: 27000.
#ifndef TURDB_EXEC_TRIGGER_H_
#define TURDB_EXEC_TRIGGER_H_

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "exec/builder.h"
#include "exec/materialized_rows.h"
#include "exec/plan.h"
#include "exec/runtime.h"

namespace turdb::exec {

// One row of some vectors, a column of the table each. Without columns: there is none.
struct RowView {
  Columns columns;
  vec::SelIndex row = 0;
};

// What sets off a trigger.
struct TriggerCause {
  std::string_view operation;
  RowView old_row;
  RowView new_row;
  vec::Chunk* writable = nullptr;         // the new row again, where SET NEW puts values: row 0
  MaterializedRows* statement = nullptr;  // all rows of the statement, old values before new ones; null: not kept
};

// All triggers of one execution. Not thread-safe.
class TriggerRuns {
 public:
  TriggerRuns(std::shared_ptr<const Plan> plan, base::MemoryBudget* budget, uint32_t capacity,
              std::span<const vec::Type> slot_types);
  ~TriggerRuns();
  void Start(const ExecutionContext& context);
  // False: RAISE(IGNORE). `from` is what runs the change. Errors: what the body raises, with the trigger's name; 54001 for
  // triggers that set off one another without end.
  base::StatusOr<bool> Fire(const Runtime& from, const Trigger& trigger, const TriggerCause& cause);

 private:
  struct Body;
  struct Level;
  base::StatusOr<Level*> LevelAt(int32_t depth);
  base::StatusOr<bool> Run(Level& level, Body& body, const TriggerCause& cause);
  base::Status RunStatement(Level& level, Stream& stream, const TriggerStatement& statement, const TriggerCause& cause,
                            const Trigger& trigger);
  base::Status SetNew(Level& level, const Batch& batch, const TriggerStatement& statement, const TriggerCause& cause,
                      const Trigger& trigger);

  const std::shared_ptr<const Plan> plan_;
  base::MemoryBudget* const budget_;
  const uint32_t capacity_;
  const std::vector<vec::Type> slot_types_;
  const ExecutionContext* context_ = nullptr;
  uint64_t run_ = 0;                            // counts Start
  std::vector<std::unique_ptr<Level>> levels_;  // by depth, from 1
};

// The triggers of one event at one node, and the rows that those after the statement are to see. Belongs to one Execution.
class EventTriggers {
 public:
  // `types`: of the table's columns.
  EventTriggers(const TriggerSet& set, std::span<const vec::Type> types, Builder& builder);
  void Start();

  bool reads_rows() const { return has_before_row() || set_.keeps_rows; }
  bool has_before_row() const { return !set_.before_row.empty(); }
  bool before_row_writes() const { return set_.writes; }
  base::Status BeforeStatement(Runtime& runtime);
  // False: the row is to be left as it is. `new_row` is row 0 of `writable`, or there is none.
  base::StatusOr<bool> BeforeRow(Runtime& runtime, RowView old_row, vec::Chunk* writable);
  // These rows were changed. Either may be empty: old ones of an INSERT, new ones of a DELETE.
  base::Status Changed(Runtime& runtime, Columns old_rows, vec::Rows which_old, Columns new_rows, vec::Rows which_new);
  base::Status AfterRows(Runtime& runtime);
  base::Status AfterStatement(Runtime& runtime);

 private:
  base::Status FireAll(Runtime& runtime, Triggers triggers);

  const TriggerSet& set_;
  const size_t column_count_;
  std::optional<MaterializedRows> kept_;
  vec::Chunk both_;  // rows on their way to kept_, and back
  std::vector<const vec::Vector*> pointers_;
};

// The columns of a chunk from `first` on, `count` of them.
std::vector<const vec::Vector*> ColumnsOf(const vec::Chunk& chunk, size_t first, size_t count);

}  // namespace turdb::exec

#endif  // TURDB_EXEC_TRIGGER_H_
