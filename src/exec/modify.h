// What the nodes that change a table have in common. Only exec's own .cc files include it.
#ifndef TURDB_EXEC_MODIFY_H_
#define TURDB_EXEC_MODIFY_H_

#include <memory>
#include <optional>

#include "exec/builder.h"
#include "exec/change_observer.h"
#include "exec/foreign_key.h"
#include "exec/materialized_rows.h"
#include "exec/row_constraints.h"
#include "exec/trigger.h"
#include "table/table.h"

namespace turdb::exec {

// A source that makes all its changes in its first Next and then gives RETURNING rows from a buffer (query.md, 13).
class ModifySource : public Source {
 public:
  ModifySource(const Node& node, const table::Table& table, std::unique_ptr<Stream> input, Builder& builder);
  base::Status BuildModify(Expressions returning, std::span<const IndexExpression> index_expressions, Builder& builder);
  base::Status BuildForeignKeys(ForeignKeyChecks checks, ReferencingKeys references, Builder& builder);
  void BuildTriggers(const NodeTriggers& triggers, Builder& builder);

  base::Status Start(Runtime& runtime) override;
  base::StatusOr<Flow> Next(Runtime& runtime, Batch* out) final;
  int64_t memory_bytes() const override { return returned_.memory_bytes(); }
  int64_t spilled_bytes() const override { return returned_.spilled_bytes(); }

 protected:
  // Changes the table by one batch of the input.
  virtual base::Status Change(Runtime& runtime, const Batch& batch) = 0;
  // After the last batch.
  virtual base::Status FinishChanges(Runtime&) { return absl::OkStatus(); }
  // Keeps the RETURNING values of these rows.
  base::Status Return(Runtime& runtime, const vec::Chunk& chunk, vec::Rows rows);
  // Null when nobody wants to know of the changes.
  ChangeReporter* Reporter(const Runtime& runtime);
  bool returns() const { return returning_.size() != 0; }
  // Of rows whose columns `changed` have these values now: where they were under `row_keys`, densely. In memory of this.
  const vec::Vector& KeysOfChanged(const vec::Chunk& rows, const vec::Vector& row_keys, std::span<const int32_t> changed);

  // A row that triggers were called for before it is changed: false when one left it out. `columns` are its old values.
  base::StatusOr<bool> FireBeforeChange(Runtime& runtime, EventTriggers& triggers, RowView old_row, base::Bytes row_key,
                                        vec::Chunk* writable);

  const table::Table& table_;
  std::unique_ptr<Stream> input_;
  std::unique_ptr<IndexExpressions> index_expressions_;
  ForeignKeyWriter foreign_keys_;
  std::unique_ptr<ReferenceWriter> references_;  // null when nothing refers to the table
  std::optional<EventTriggers> insert_triggers_;
  std::optional<EventTriggers> update_triggers_;
  std::optional<EventTriggers> remove_triggers_;
  table::WriteScratch scratch_;
  int64_t changed_ = 0;

 private:
  base::Status FireBefore(Runtime& runtime);
  base::Status FireAfter(Runtime& runtime);
  // 27000 when the row is not what it was when the statement found it.
  base::Status RequireUntouched(Runtime& runtime, RowView old_row, base::Bytes row_key);

  EvaluatorList returning_;
  MaterializedRows returned_;
  MaterializedRows::Cursor cursor_;
  vec::Chunk chunk_;
  vec::Vector changed_keys_;
  std::optional<ChangeReporter> reporter_;
  bool begun_ = false;
  bool changes_made_ = false;
  std::optional<table::Projection> all_columns_;  // for RequireUntouched
  table::RowBuffer present_;
};

// The types of the table's columns.
std::vector<vec::Type> ColumnTypes(const table::Table& table);

// A foreign key's action met a row that others changed after the snapshot.
base::Status RowChangedMeanwhile(const table::Table& table);

}  // namespace turdb::exec

#endif  // TURDB_EXEC_MODIFY_H_
