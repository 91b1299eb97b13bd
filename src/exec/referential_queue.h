// What foreign keys ask for when a statement has changed all its rows.
//
// While rows are changed, the changing nodes leave here: rows that refer to nothing so far, and keys that went. `Finish`
// then works it off, until nothing is left:
//
//   RESTRICT                            the first row that refers to a key that went is an error
//   CASCADE, SET NULL, SET DEFAULT      the rows that refer are changed, which may leave more here
//   rows that refer to nothing          are looked at again; those of deferred constraints go to DeferredChecks
//   NO ACTION                           a key that is back is no matter; otherwise as RESTRICT, or deferred
//
// There is no recursion: a chain of rows that refer to each other is worked off level by level.
//
//  (Q1) Rows that refer are looked for among the newest versions, not in the snapshot: what was committed meanwhile counts.
//       A row to be changed that the snapshot does not show is 40001.
//  (Q2) An action is a statement of the transaction by its number, so that it does not see what it changes itself. All are
//       undone with the user's statement.
#ifndef TURDB_EXEC_REFERENTIAL_QUEUE_H_
#define TURDB_EXEC_REFERENTIAL_QUEUE_H_

#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "exec/builder.h"
#include "exec/foreign_key.h"
#include "exec/materialized_rows.h"
#include "txn/view.h"

namespace turdb::exec {

// Runs what plans say about foreign keys, beside the statement's own run. Not thread-safe.
class ReferentialRuns {
 public:
  ReferentialRuns(const Plan& plan, base::MemoryBudget* budget, uint32_t capacity);
  // Before the first of the following in a run.
  void Start(const ExecutionContext& context, ReferentialQueue* queue, TriggerRuns* triggers = nullptr, int32_t depth = 0);

  // Changes the rows that refer to `keys`.
  base::Status Change(const ReferencingKey& key, MaterializedRows& keys);
  // 23503 when a row refers to one of them.
  base::Status Check(const ReferencingKey& key, MaterializedRows& keys);
  // 23503 when one of the rows, by their keys, refers to nothing.
  base::Status CheckRows(const ForeignKeyCheck& check, const vec::Vector& row_keys, uint32_t count);
  // Those of `keys` that no row of the referenced table has again, to `gone`, which is empty.
  base::Status KeepGone(const ReferencingKey& key, MaterializedRows& keys, MaterializedRows* gone);
  MaterializedRows NewKeys(const ReferencingKey& key) const { return {key.key_types, capacity_, budget_, kPurpose}; }
  Runtime& runtime() { return runtime_; }

  static constexpr std::string_view kPurpose = "checking a foreign key";

 private:
  // The rows of a stream, seen with own changes before statement `before`.
  base::Status StartStream(const ReferencingKey& key, MaterializedRows& keys, base::StatementNo before, Stream** stream);
  base::Status Blame(const ReferencingKey& key, const Batch& batch);

  base::MemoryBudget* const budget_;
  const uint32_t capacity_;
  Builder builder_;
  Runtime runtime_;
  ExecutionContext context_;
  txn::View view_;
  struct KeySet : CteState {
    MaterializedRows& rows() override { return *kept; }
    base::StatusOr<bool> More(Runtime&) override { return false; }
    MaterializedRows* kept = nullptr;
  };
  std::vector<std::unique_ptr<KeySet>> key_sets_;  // by CTE number
  std::vector<std::pair<const ReferencingKey*, std::unique_ptr<Stream>>> streams_;
  std::vector<std::pair<const ForeignKeyCheck*, std::unique_ptr<ForeignKeyProbe>>> probes_;
};

// Belongs to one Execution.
class ReferentialQueue {
 public:
  ReferentialQueue(std::shared_ptr<const Plan> plan, base::MemoryBudget* budget, uint32_t capacity);
  void Start(const Runtime& runtime);
  base::Status AddMissing(Runtime& runtime, const ForeignKeyCheck& check, const vec::Vector& row_keys, vec::Rows rows);
  // `columns` as ReferencingKey::key_types says.
  base::Status AddGone(Runtime& runtime, const ReferencingKey& key, Columns columns, vec::Rows rows);
  base::Status Finish();

 private:
  struct Missing {
    const ForeignKeyCheck* check;
    MaterializedRows row_keys;
  };
  struct Gone {
    const ReferencingKey* key;
    MaterializedRows rows;
  };
  // The next set of keys with such an action; empty when there is none.
  template <typename Wanted>
  std::optional<Gone> Take(Wanted wanted);
  base::Status FinishMissing(Missing& missing);
  base::Status FinishNoAction(Gone& gone);

  const std::shared_ptr<const Plan> plan_;
  base::MemoryBudget* const budget_;
  const uint32_t capacity_;
  const ExecutionContext* context_ = nullptr;
  TriggerRuns* triggers_ = nullptr;  // of rows that actions change
  int32_t trigger_depth_ = 0;
  std::optional<ReferentialRuns> runs_;  // made when there is something to do
  bool runs_started_ = false;
  std::deque<Missing> missing_;
  std::deque<Gone> gone_;
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_REFERENTIAL_QUEUE_H_
