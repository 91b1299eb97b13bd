// MERGE: what becomes of each pair of rows, one after the other. As in PostgreSQL, a row that was changed once is not
// changed again (21000), and unique keys are looked at row by row.
#include <algorithm>
#include <optional>
#include <vector>

#include "exec/evaluator_internal.h"
#include "exec/key_range.h"
#include "exec/modify.h"
#include "exec/vector_operations.h"
#include "txn/transaction.h"

namespace turdb::exec {
namespace {

using base::Status;
using vec::Chunk;
using vec::Rows;
using vec::SelIndex;
using vec::Vector;

std::vector<vec::Type> ReturningTypes(const MergeNode& node) {
  std::vector<vec::Type> types = ColumnTypes(*node.table);
  types.push_back(vec::TypeId::kText);
  types.insert(types.end(), node.input->types.begin(), node.input->types.end());
  return types;
}

class MergeSource : public ModifySource {
 public:
  MergeSource(const MergeNode& node, std::unique_ptr<Stream> input, Builder& builder)
      : ModifySource(node, *node.table, std::move(input), builder),
        node_(node),
        column_count_(node.table->schema().columns.size()),
        row_(ColumnTypes(*node.table), 1, builder.budget()),
        returning_row_(ReturningTypes(node), 1, builder.budget()),
        row_key_(vec::TypeId::kBlob, 1, builder.budget()),
        touched_(vec::TypeId::kBlob, builder.budget()) {}

  Status Build(Builder& builder) {
    for (const MergeAction& action : node_.actions) {
      Clause clause{&action, {}, {}, {}};
      TURDB_ASSIGN_OR_RETURN(clause.condition, Filter::Make(action.conjuncts, builder.options()));
      std::vector<const Expression*> values(action.values.begin(), action.values.end());
      for (const Assignment& assignment : action.assignments) {
        values.push_back(assignment.value);
        clause.columns.push_back(assignment.column);
      }
      for (const GeneratedColumn& column : node_.generated) clause.columns.push_back(column.column);
      TURDB_ASSIGN_OR_RETURN(clause.values, EvaluatorList::Make(values, builder.options()));
      clauses_.push_back(std::move(clause));
    }
    TURDB_ASSIGN_OR_RETURN(constraints_, RowConstraints::Make(table_, node_.generated, node_.checks, builder.options()));
    TURDB_RETURN_IF_ERROR(BuildForeignKeys(node_.foreign_keys, node_.update_references, builder));
    if (!node_.delete_references.empty()) removed_.emplace(node_.delete_references, builder.options());
    BuildTriggers(node_.triggers, builder);
    return BuildModify(node_.returning, node_.index_expressions, builder);
  }

  Status Start(Runtime& runtime) override {
    touched_.Clear();
    for (Clause& clause : clauses_) {
      TURDB_RETURN_IF_ERROR(clause.condition.Start(runtime));
      TURDB_RETURN_IF_ERROR(clause.values.Start(runtime));
    }
    TURDB_RETURN_IF_ERROR(constraints_.Start(runtime));
    return ModifySource::Start(runtime);
  }

 protected:
  Status Change(Runtime& runtime, const Batch& batch) override {
    const Chunk& input = *batch.chunk;
    const Vector& row_keys = input.column(input.column_count() - 1);
    old_row_.clear();
    for (const int32_t column : node_.old_columns) old_row_.push_back(&input.column(static_cast<size_t>(column)));
    for (uint32_t i = 0; i < batch.rows.count; ++i) {
      const SelIndex at = batch.rows[i];
      MergeMatch match = MergeMatch::kMatched;
      if (row_keys.IsNull(at)) {
        match = MergeMatch::kNotMatched;
      } else if (input.column(static_cast<size_t>(node_.source_column)).IsNull(at)) {
        match = MergeMatch::kNotMatchedBySource;
      }
      for (Clause& clause : clauses_) {
        if (clause.action->match != match) continue;
        const Rows one{&at, 1};
        if (!clause.condition.empty()) {
          TURDB_ASSIGN_OR_RETURN(const Rows passed, clause.condition.Apply(runtime, input, one));
          if (passed.count == 0) continue;
        }
        TURDB_RETURN_IF_ERROR(Perform(runtime, clause, input, at));
        break;
      }
    }
    return absl::OkStatus();
  }

  Status FinishChanges(Runtime& runtime) override {
    return table_.FinishRows(runtime.context->TransactionOf(table_.schema().id), scratch_);
  }

 private:
  struct Clause {
    const MergeAction* action;
    Filter condition;
    EvaluatorList values;
    std::vector<int32_t> columns;  // that an update changes: assigned, then generated
  };

  Status Perform(Runtime& runtime, Clause& clause, const Chunk& input, SelIndex at) {
    switch (clause.action->action) {
      case MergeActionKind::kNothing:
        return absl::OkStatus();
      case MergeActionKind::kInsert:
        return Insert(runtime, clause, input, at);
      case MergeActionKind::kUpdate:
        return Update(runtime, clause, input, at);
      case MergeActionKind::kDelete:
        return Delete(runtime, input, at);
    }
    return absl::OkStatus();
  }

  base::Bytes KeyAt(const Chunk& input, SelIndex at) const {
    return base::AsBytes(input.column(input.column_count() - 1).View().Get<vec::StringView>(at).view());
  }

  Status Touch(base::Bytes row_key) {
    row_key_.Reset();
    row_key_.SetString(0, base::AsText(row_key));
    if (touched_.Contains(row_key_.View().data)) {
      return base::WithHint(base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kCardinalityViolation,
                                            "MERGE command cannot affect row a second time"),
                            "Ensure that not more than one source row matches any one target row.");
    }
    if (touched_.Add(row_key_, Rows::All(1))) return absl::OkStatus();
    return base::OutOfMemoryError("remembering which rows were changed needs more memory than memory_limit leaves");
  }

  Status Insert(Runtime& runtime, Clause& clause, const Chunk& input, SelIndex at) {
    TURDB_RETURN_IF_ERROR(clause.values.Evaluate(runtime, input, Rows{&at, 1}));
    row_.Reset();
    for (size_t c = 0; c < column_count_; ++c) CopyRow(*clause.values.values()[c], at, &row_.column(c), 0);
    row_.set_size(1);
    if (insert_triggers_.has_value() && insert_triggers_->has_before_row()) {
      TURDB_ASSIGN_OR_RETURN(const bool proceeds, insert_triggers_->BeforeRow(runtime, {}, &row_));
      if (!proceeds) return absl::OkStatus();
    }
    TURDB_RETURN_IF_ERROR(constraints_.Apply(runtime, &row_));
    Vector* const row_key = foreign_keys_.empty() ? nullptr : &row_key_;
    if (row_key != nullptr) row_key_.Reset();
    TURDB_ASSIGN_OR_RETURN(const int64_t count,
                           table_.InsertRows(runtime.context->TransactionOf(table_.schema().id), &row_,
                                             table::OnDuplicate::kRaise, index_expressions_.get(), scratch_, nullptr, row_key));
    if (row_key != nullptr) TURDB_RETURN_IF_ERROR(foreign_keys_.Wrote(runtime, row_, row_key_));
    changed_ += count;
    if (ChangeReporter* const reporter = Reporter(runtime)) TURDB_RETURN_IF_ERROR(reporter->Inserted(runtime, row_));
    if (table_.schema().key_form != table::KeyForm::kEncoded) runtime.last_insert_id = scratch_.last_row_number();
    if (insert_triggers_.has_value()) {
      TURDB_RETURN_IF_ERROR(insert_triggers_->Changed(runtime, {}, {}, ColumnsOf(row_, 0, column_count_), Rows::All(1)));
    }
    return ReturnRow(runtime, "INSERT", input, at);
  }

  Status Update(Runtime& runtime, Clause& clause, const Chunk& input, SelIndex at) {
    const base::Bytes key = KeyAt(input, at);
    TURDB_RETURN_IF_ERROR(Touch(key));
    TURDB_RETURN_IF_ERROR(clause.values.Evaluate(runtime, input, Rows{&at, 1}));
    CopyOldRow(at);
    for (size_t i = 0; i < clause.action->assignments.size(); ++i) {
      const auto column = static_cast<size_t>(clause.action->assignments[i].column);
      CopyRow(*clause.values.values()[i], at, &row_.column(column), 0);
    }
    if (update_triggers_.has_value()) {
      TURDB_ASSIGN_OR_RETURN(const bool proceeds, FireBeforeChange(runtime, *update_triggers_, {old_row_, at}, key, &row_));
      if (!proceeds) return absl::OkStatus();
    }
    TURDB_RETURN_IF_ERROR(constraints_.Apply(runtime, &row_));
    cells_.clear();
    for (const int32_t column : clause.columns) cells_.push_back(CellOf(row_.column(static_cast<size_t>(column)), 0));
    ChangeReporter* const reporter = Reporter(runtime);
    if (reporter != nullptr) TURDB_RETURN_IF_ERROR(reporter->ReadOld(runtime, key));
    TURDB_ASSIGN_OR_RETURN(const bool updated, table_.UpdateRow(runtime.context->TransactionOf(table_.schema().id), key,
                                                                clause.columns, cells_, index_expressions_.get(), scratch_));
    if (!updated) return absl::OkStatus();
    ++changed_;
    if (reporter != nullptr) TURDB_RETURN_IF_ERROR(reporter->Updated(runtime, row_, {}));
    const Rows one{&at, 1};
    if (references_ != nullptr) {
      TURDB_RETURN_IF_ERROR(references_->Updated(runtime, input, one, node_.old_columns, row_));
    }
    if (!foreign_keys_.empty()) {
      row_key_.Reset();
      row_key_.SetString(0, base::AsText(key));
      TURDB_RETURN_IF_ERROR(foreign_keys_.Wrote(runtime, row_, KeysOfChanged(row_, row_key_, clause.columns)));
    }
    if (update_triggers_.has_value()) {
      TURDB_RETURN_IF_ERROR(update_triggers_->Changed(runtime, old_row_, one, ColumnsOf(row_, 0, column_count_), Rows::All(1)));
    }
    return ReturnRow(runtime, "UPDATE", input, at);
  }

  Status Delete(Runtime& runtime, const Chunk& input, SelIndex at) {
    const base::Bytes key = KeyAt(input, at);
    TURDB_RETURN_IF_ERROR(Touch(key));
    if (remove_triggers_.has_value()) {
      TURDB_ASSIGN_OR_RETURN(const bool proceeds, FireBeforeChange(runtime, *remove_triggers_, {old_row_, at}, key, nullptr));
      if (!proceeds) return absl::OkStatus();
    }
    CopyOldRow(at);
    ChangeReporter* const reporter = Reporter(runtime);
    if (reporter != nullptr) TURDB_RETURN_IF_ERROR(reporter->ReadOld(runtime, key));
    TURDB_ASSIGN_OR_RETURN(const bool deleted, table_.DeleteRow(runtime.context->TransactionOf(table_.schema().id), key,
                                                                index_expressions_.get(), scratch_));
    if (!deleted) return absl::OkStatus();
    ++changed_;
    if (reporter != nullptr) TURDB_RETURN_IF_ERROR(reporter->Deleted(runtime, Rows::All(1), Rows::All(1)));
    const Rows one{&at, 1};
    if (removed_.has_value()) TURDB_RETURN_IF_ERROR(removed_->Deleted(runtime, input, one, node_.old_columns));
    if (remove_triggers_.has_value()) TURDB_RETURN_IF_ERROR(remove_triggers_->Changed(runtime, old_row_, one, {}, {}));
    return ReturnRow(runtime, "DELETE", input, at);
  }

  void CopyOldRow(SelIndex at) {
    row_.Reset();
    for (size_t c = 0; c < column_count_; ++c) CopyRow(*old_row_[c], at, &row_.column(c), 0);
    row_.set_size(1);
  }

  // row_ is what RETURNING shows of the table.
  Status ReturnRow(Runtime& runtime, std::string_view action, const Chunk& input, SelIndex at) {
    if (!returns()) return absl::OkStatus();
    returning_row_.Reset();
    for (size_t c = 0; c < column_count_; ++c) CopyRow(row_.column(c), 0, &returning_row_.column(c), 0);
    returning_row_.column(column_count_).SetString(0, action);
    for (size_t c = 0; c < input.column_count(); ++c) {
      CopyRow(input.column(c), at, &returning_row_.column(column_count_ + 1 + c), 0);
    }
    returning_row_.set_size(1);
    return Return(runtime, returning_row_, Rows::All(1));
  }

  const MergeNode& node_;
  const size_t column_count_;
  std::vector<Clause> clauses_;
  RowConstraints constraints_;
  std::optional<ReferenceWriter> removed_;  // keys of rows that are deleted; those of updates are in references_
  Chunk row_;                               // the row of the table, as it becomes or as it was
  Chunk returning_row_;
  Vector row_key_;
  ValueSet touched_;  // row keys that this statement changed
  std::vector<const Vector*> old_row_;
  std::vector<table::Cell> cells_;
};

}  // namespace

SourceOr MakeMerge(const MergeNode& node, Builder& builder) {
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Stream> input, builder.BuildStream(*node.input));
  auto source = std::make_unique<MergeSource>(node, std::move(input), builder);
  TURDB_RETURN_IF_ERROR(source->Build(builder));
  return source;
}

}  // namespace turdb::exec
