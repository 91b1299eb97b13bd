// Checks of foreign keys that a transaction has put off until its end, or until SET CONSTRAINTS ... IMMEDIATE.
//
// What is put off is a row that referred to nothing when its statement ended, by its key; or a key that went although rows
// may have referred to it. Either is looked at anew when it is checked: the row may be another by then, the key back.
// Statements that are rolled back take with them what they put off, and bring back what they had checked.
#ifndef TURDB_EXEC_DEFERRED_CHECKS_H_
#define TURDB_EXEC_DEFERRED_CHECKS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/memory_budget.h"
#include "base/status.h"
#include "exec/execution_context.h"
#include "exec/plan.h"

namespace turdb::exec {

class MaterializedRows;

// Of one connection; one thread at a time.
class DeferredChecks {
 public:
  explicit DeferredChecks(base::MemoryBudget& budget) : budget_(&budget), reserved_(budget) {}

  // Whether nothing was put off.
  bool empty() const { return items_.empty(); }
  // Whether there is something to Clear.
  bool used() const { return !items_.empty() || !modes_.empty(); }
  bool IsDeferred(base::FileId table, const table::ForeignKey& key) const;
  // SET CONSTRAINTS by statement `statement`. A table of kNoFile means all constraints.
  void SetMode(base::FileId table, std::string_view name, bool deferred, base::StatementNo statement);
  // Whether a row or key of the table waits to be checked.
  bool Concerns(base::FileId table) const;

  base::Status AddMissing(const std::shared_ptr<const Plan>& plan, const ForeignKeyCheck& check, base::Bytes row_key,
                          base::StatementNo statement);
  base::Status AddGone(const std::shared_ptr<const Plan>& plan, const ReferencingKey& key, MaterializedRows& keys,
                       base::StatementNo statement);

  // Checks what is deferred no more (`all`: everything), as statement `context.transaction->statement()`. Error 23503.
  base::Status Check(const ExecutionContext& context, bool all);
  // Statements after `last` are undone.
  void RollbackTo(base::StatementNo last);
  void Clear();

 private:
  struct Set {  // of one plan's record; one of the two is there
    std::shared_ptr<const Plan> plan;
    const ForeignKeyCheck* check;
    const ReferencingKey* key;
  };
  struct Item {
    uint32_t set;
    uint32_t begin;  // in bytes_: the row's key; the key's, as the referenced table encodes it
    uint32_t size;
    base::StatementNo statement;
    base::StatementNo checked;  // by this statement; 0: not yet
  };
  struct Mode {
    base::FileId table;
    std::string name;
    bool deferred;
    base::StatementNo statement;
  };
  base::Status Add(const std::shared_ptr<const Plan>& plan, const ForeignKeyCheck* check, const ReferencingKey* key,
                   base::Bytes bytes, base::StatementNo statement);
  base::FileId TableOf(const Set& set) const;
  bool IsDeferred(const Set& set) const;
  base::Status CheckSet(const ExecutionContext& context, uint32_t set);

  base::MemoryBudget* budget_;
  std::vector<Mode> modes_;  // later ones win
  std::vector<Set> sets_;
  std::vector<Item> items_;  // by statement
  std::string bytes_;
  base::MemoryReservation reserved_;
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_DEFERRED_CHECKS_H_
