// Whether what new rows refer to is there. A key that was found is marked (Table::ShareKey), so that it stays until the
// transaction ends; a row that refers to nothing so far may still be right when the whole statement, or the transaction, is
// done, and is put aside. Only exec's own .cc files include this.
#ifndef TURDB_EXEC_FOREIGN_KEY_H_
#define TURDB_EXEC_FOREIGN_KEY_H_

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "exec/evaluator.h"
#include "exec/plan.h"
#include "exec/runtime.h"
#include "table/projection.h"
#include "table/table.h"

namespace turdb::exec {

// 23503: nothing is where the row refers to; `values` are those of ForeignKeyCheck::columns.
base::Status MissingKeyError(const ForeignKeyCheck& check, std::span<const table::Cell> values);
// 23503: `values`, in the order of the foreign key, are still referred to.
base::Status KeyInUseError(const ReferencingKey& key, std::span<const table::Cell> values);

enum class Reference : uint8_t {
  kNothing,  // a NULL: the row refers to nothing
  kFound,
  kMissing,
};
// One row: `values` of ForeignKeyCheck::columns, `key` the same as the key parts' types. `buffer` is memory.
base::StatusOr<Reference> FindReferenced(txn::Transaction& transaction, const ForeignKeyCheck& check,
                                         std::span<const table::Cell> values, std::span<const table::Cell> key,
                                         table::KeyBuffer* buffer);

// The same for many rows. Belongs to one Execution.
class ForeignKeyProbe {
 public:
  static base::StatusOr<std::unique_ptr<ForeignKeyProbe>> Make(const ForeignKeyCheck& check, const EvaluatorOptions& options);
  base::Status Start(Runtime& runtime) { return converted_.Start(runtime); }

  // Rows of `rows`, a dense chunk that begins with all columns of the table, that lack what they refer to: in order, valid
  // until the next call.
  base::StatusOr<vec::Rows> FindMissing(Runtime& runtime, const vec::Chunk& rows);
  // Rows that were put aside, by their keys, as they are now. 23503 for the first that is there and still refers to nothing.
  base::Status CheckAgain(Runtime& runtime, const vec::Vector& row_keys, uint32_t count);

 private:
  ForeignKeyProbe(const ForeignKeyCheck& check, const EvaluatorOptions& options);
  // Of keys_, dense.
  base::Status Find(Runtime& runtime);

  const ForeignKeyCheck& check_;
  const table::Projection projection_;
  EvaluatorList converted_;
  vec::Chunk keys_;  // ForeignKeyCheck::columns
  vec::SelectionVector missing_;
  std::vector<table::Cell> values_;
  std::vector<table::Cell> key_;
  table::RowBuffer row_;
  table::KeyBuffer buffer_;
};

// The foreign keys of one node that writes. Belongs to one Execution.
class ForeignKeyWriter {
 public:
  static base::StatusOr<ForeignKeyWriter> Make(ForeignKeyChecks checks, const EvaluatorOptions& options);
  bool empty() const { return checks_.empty(); }
  base::Status Start(Runtime& runtime);
  // `rows`, dense, beginning with all columns of the table, were written under `row_keys`.
  base::Status Wrote(Runtime& runtime, const vec::Chunk& rows, const vec::Vector& row_keys);
  // Only the keys of rows are at hand: they are looked at when the statement is done.
  base::Status WroteUnseen(Runtime& runtime, const vec::Vector& row_keys, uint32_t count);

 private:
  ForeignKeyChecks checks_;
  std::vector<std::unique_ptr<ForeignKeyProbe>> probes_;
};

// The foreign keys that refer to the table of one node. Belongs to one Execution.
class ReferenceWriter {
 public:
  ReferenceWriter(ReferencingKeys keys, const EvaluatorOptions& options);
  bool empty() const { return keys_.empty(); }
  // These rows are gone. Column c of the table is column old_columns[c] of `rows`.
  base::Status Deleted(Runtime& runtime, const vec::Chunk& rows, vec::Rows which, std::span<const int32_t> old_columns);
  // Row which[i] of `before` is now row i of `after`, which begins with all columns of the table.
  base::Status Updated(Runtime& runtime, const vec::Chunk& before, vec::Rows which, std::span<const int32_t> old_columns,
                       const vec::Chunk& after);

 private:
  ReferencingKeys keys_;
  vec::SelectionVector old_rows_;
  vec::SelectionVector new_rows_;
  std::vector<vec::Vector> columns_;
  std::vector<const vec::Vector*> pointers_;
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_FOREIGN_KEY_H_
