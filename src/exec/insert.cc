// INSERT, with ON CONFLICT.
//
// Without a conflict clause whole chunks go to the table. With one, rows go one by one, because what a row meets may
// be a row of the same statement. DO UPDATE reads the row in the way under the statement's snapshot; one that the
// snapshot does not show was written by this very statement, or by a transaction that committed later:
//
//   touched by this statement      21000, the second touch of a row
//   not visible in the snapshot    40001
#include <algorithm>
#include <optional>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "exec/evaluator_internal.h"
#include "exec/key_range.h"
#include "exec/modify.h"
#include "exec/vector_operations.h"
#include "txn/transaction.h"
#include "txn/view.h"

namespace turdb::exec {
namespace {

using base::Status;
using base::StatusOr;
using vec::Chunk;
using vec::Rows;
using vec::SelIndex;
using vec::Vector;

std::vector<int32_t> AllColumns(const table::Table& table) {
  std::vector<int32_t> columns;
  for (size_t c = 0; c < table.schema().columns.size(); ++c) columns.push_back(static_cast<int32_t>(c));
  return columns;
}

class InsertSource : public ModifySource {
 public:
  InsertSource(const InsertNode& node, std::unique_ptr<Stream> input, Builder& builder)
      : ModifySource(node, *node.table, std::move(input), builder),
        node_(node),
        rows_(builder.NewChunk(ColumnTypes(*node.table))),
        new_row_(ColumnTypes(*node.table), 1, builder.budget()),
        row_keys_(vec::TypeId::kBlob, builder.capacity(), builder.budget()) {}

  Status Build(Builder& builder) {
    TURDB_ASSIGN_OR_RETURN(constraints_, RowConstraints::Make(table_, node_.generated, node_.checks, builder.options()));
    TURDB_RETURN_IF_ERROR(BuildForeignKeys(node_.foreign_keys, node_.references, builder));
    BuildTriggers(node_.triggers, builder);
    return BuildModify(node_.returning, node_.index_expressions, builder);
  }

  Status Start(Runtime& runtime) override {
    TURDB_RETURN_IF_ERROR(constraints_.Start(runtime));
    return ModifySource::Start(runtime);
  }

 protected:
  Status Change(Runtime& runtime, const Batch& batch) override {
    if (meets_triggers()) return ChangeOneByOne(runtime, batch, [&] { return Insert(runtime, new_row_, Rows::All(1)); });
    return Insert(runtime, *batch.chunk, batch.rows);
  }

  bool meets_triggers() const { return insert_triggers_.has_value() && insert_triggers_->has_before_row(); }

  // Each row, as new_row_, meets its BEFORE triggers, and is inserted, before the next one does.
  template <typename Insert>
  Status ChangeOneByOne(Runtime& runtime, const Batch& batch, const Insert& insert) {
    for (uint32_t i = 0; i < batch.rows.count; ++i) {
      const SelIndex at = batch.rows[i];
      new_row_.Reset();
      new_row_.Append(*batch.chunk, Rows{&at, 1});
      TURDB_ASSIGN_OR_RETURN(const bool proceeds, insert_triggers_->BeforeRow(runtime, {}, &new_row_));
      if (proceeds) TURDB_RETURN_IF_ERROR(insert());
    }
    return absl::OkStatus();
  }

  // `rows`, dense, went in.
  Status KeepInserted(Runtime& runtime, const Chunk& rows) {
    if (!insert_triggers_.has_value()) return absl::OkStatus();
    return insert_triggers_->Changed(runtime, {}, {}, ColumnsOf(rows, 0, rows.column_count()), Rows::All(rows.size()));
  }

  Status Insert(Runtime& runtime, const Chunk& input, Rows rows) {
    // Long values are not copied on their way; the input has its memory for itself again when this returns.
    const absl::Cleanup released = [this] { rows_.Reset(); };
    for (size_t c = 0; c < rows_.column_count(); ++c) rows_.column(c).Slice(input.column(c), rows);
    rows_.set_size(rows.count);
    TURDB_RETURN_IF_ERROR(constraints_.Apply(runtime, &rows_));
    Vector* const row_keys = foreign_keys_.empty() ? nullptr : &row_keys_;
    if (row_keys != nullptr) row_keys_.Reset();
    TURDB_ASSIGN_OR_RETURN(const int64_t count, table_.InsertRows(runtime.context->TransactionOf(table_.schema().id), &rows_,
                                                                  table::OnDuplicate::kRaise, index_expressions_.get(),
                                                                  scratch_, nullptr, row_keys));
    if (row_keys != nullptr) TURDB_RETURN_IF_ERROR(foreign_keys_.Wrote(runtime, rows_, row_keys_));
    changed_ += count;
    if (ChangeReporter* const reporter = Reporter(runtime)) TURDB_RETURN_IF_ERROR(reporter->Inserted(runtime, rows_));
    if (count > 0 && table_.schema().key_form != table::KeyForm::kEncoded) runtime.last_insert_id = scratch_.last_row_number();
    TURDB_RETURN_IF_ERROR(KeepInserted(runtime, rows_));
    return Return(runtime, rows_, Rows::All(rows_.size()));
  }

  const InsertNode& node_;
  RowConstraints constraints_;
  Chunk rows_;
  Chunk new_row_;    // one row, where triggers may change it
  Vector row_keys_;  // of rows_, for foreign keys
};

class InsertOrSource : public InsertSource {
 public:
  InsertOrSource(const InsertNode& node, std::unique_ptr<Stream> input, Builder& builder)
      : InsertSource(node, std::move(input), builder),
        conflict_(node.on_conflict),
        all_columns_(AllColumns(table_)),
        projection_(table_.MakeProjection(all_columns_)),
        one_(ColumnTypes(table_), 1, builder.budget()),
        updated_(ColumnTypes(table_), 1, builder.budget()),
        pair_(PairTypes(table_), 1, builder.budget()),
        cells_(table_.schema().columns.size()),
        row_key_(vec::TypeId::kBlob, 1, builder.budget()),
        touched_(vec::TypeId::kBlob, builder.budget()) {
    for (const Assignment& assignment : conflict_.assignments) columns_.push_back(assignment.column);
    for (const GeneratedColumn& column : node.generated) columns_.push_back(column.column);
  }

  Status Build(Builder& builder) {
    std::vector<const Expression*> values;
    for (const Assignment& assignment : conflict_.assignments) values.push_back(assignment.value);
    TURDB_ASSIGN_OR_RETURN(values_, EvaluatorList::Make(values, builder.options()));
    if (conflict_.where != nullptr) {
      TURDB_ASSIGN_OR_RETURN(where_, Filter::Make({&conflict_.where, 1}, builder.options()));
    }
    return InsertSource::Build(builder);
  }

  Status Start(Runtime& runtime) override {
    touched_.Clear();
    TURDB_RETURN_IF_ERROR(values_.Start(runtime));
    TURDB_RETURN_IF_ERROR(where_.Start(runtime));
    return InsertSource::Start(runtime);
  }

 protected:
  Status Change(Runtime& runtime, const Batch& batch) override {
    if (meets_triggers()) return ChangeOneByOne(runtime, batch, [&] { return ChangeRows(runtime, new_row_, Rows::All(1)); });
    return ChangeRows(runtime, *batch.chunk, batch.rows);
  }

 private:
  static std::vector<vec::Type> PairTypes(const table::Table& table) {
    std::vector<vec::Type> types = ColumnTypes(table);
    const std::vector<vec::Type> excluded = types;
    types.insert(types.end(), excluded.begin(), excluded.end());
    return types;
  }

  Status ChangeRows(Runtime& runtime, const Chunk& input, Rows rows) {
    rows_.Reset();
    rows_.Append(input, rows);
    TURDB_RETURN_IF_ERROR(constraints_.Apply(runtime, &rows_));
    for (SelIndex row = 0; row < rows_.size(); ++row) TURDB_RETURN_IF_ERROR(ChangeRow(runtime, row));
    return absl::OkStatus();
  }

  Status ChangeRow(Runtime& runtime, SelIndex row) {
    one_.Reset();
    one_.Append(rows_, Rows{&row, 1});
    while (true) {
      TURDB_ASSIGN_OR_RETURN(const bool inserted, TryInsert(runtime));
      if (inserted) return absl::OkStatus();
      if (conflict_.index != -2 && conflict_.index != met_.index) {
        // Not the constraint that the clause names: the error that it would have been without the clause.
        return table_
            .InsertRow(runtime.context->TransactionOf(table_.schema().id), cells_, table::OnDuplicate::kRaise,
                       index_expressions_.get(), scratch_)
            .status();
      }
      if (conflict_.action == ConflictAction::kNothing) return absl::OkStatus();
      if (conflict_.action == ConflictAction::kUpdate) return UpdateExisting(runtime);
      TURDB_ASSIGN_OR_RETURN(const bool deleted, DeleteExisting(runtime));
      if (!deleted) return absl::OkStatus();
    }
  }

  // False: a trigger keeps it.
  StatusOr<bool> DeleteExisting(Runtime& runtime) {
    txn::Transaction& transaction = runtime.context->TransactionOf(table_.schema().id);
    bool known = false;  // what is deleted, to those who refer to it and to triggers
    if (references_ != nullptr || remove_triggers_.has_value()) {
      TURDB_ASSIGN_OR_RETURN(known,
                             table_.Get(transaction.view_with_own_changes(), met_.row_key.bytes(), projection_, &existing_));
      if (known) CopyExisting();
    }
    const std::vector<const Vector*> old_row = ColumnsOf(pair_, 0, cells_.size());
    if (known && remove_triggers_.has_value()) {
      TURDB_ASSIGN_OR_RETURN(const bool proceeds,
                             FireBeforeChange(runtime, *remove_triggers_, {old_row, 0}, met_.row_key.bytes(), nullptr));
      if (!proceeds) return false;
    }
    ChangeReporter* const reporter = Reporter(runtime);
    if (reporter != nullptr) TURDB_RETURN_IF_ERROR(reporter->ReadOld(runtime, met_.row_key.bytes()));
    TURDB_ASSIGN_OR_RETURN(const bool deleted,
                           table_.DeleteRow(transaction, met_.row_key.bytes(), index_expressions_.get(), scratch_));
    if (deleted && reporter != nullptr) TURDB_RETURN_IF_ERROR(reporter->Deleted(runtime, Rows::All(1), Rows::All(1)));
    if (!deleted || !known) return true;
    if (references_ != nullptr) TURDB_RETURN_IF_ERROR(references_->Deleted(runtime, pair_, Rows::All(1), all_columns_));
    if (remove_triggers_.has_value()) {
      TURDB_RETURN_IF_ERROR(remove_triggers_->Changed(runtime, old_row, Rows::All(1), {}, {}));
    }
    return true;
  }

  // existing_ becomes the first half of pair_.
  void CopyExisting() {
    pair_.Reset();
    for (size_t c = 0; c < cells_.size(); ++c) CopySlot(existing_[c], &pair_.column(c), 0);
    pair_.set_size(1);
  }

  StatusOr<bool> TryInsert(Runtime& runtime) {
    for (size_t c = 0; c < cells_.size(); ++c) cells_[c] = CellOf(one_.column(c), 0);
    table::KeyBuffer* key = &inserted_key_;
    TURDB_ASSIGN_OR_RETURN(const bool inserted,
                           table_.InsertRow(runtime.context->TransactionOf(table_.schema().id), cells_,
                                            table::OnDuplicate::kSkip, index_expressions_.get(), scratch_, key, &met_));
    if (!inserted) return false;
    ++changed_;
    if (conflict_.action == ConflictAction::kUpdate) TURDB_RETURN_IF_ERROR(Touch(inserted_key_.bytes()));
    // A number that the table gave to a NULL key is in the key.
    const int32_t key_column = table_.schema().key_column();
    if (key_column >= 0 && cells_[static_cast<size_t>(key_column)] == nullptr) SetKey(static_cast<size_t>(key_column));
    if (ChangeReporter* const reporter = Reporter(runtime)) TURDB_RETURN_IF_ERROR(reporter->Inserted(runtime, one_));
    if (!foreign_keys_.empty()) {
      row_key_.Reset();
      row_key_.SetString(0, base::AsText(inserted_key_.bytes()));
      TURDB_RETURN_IF_ERROR(foreign_keys_.Wrote(runtime, one_, row_key_));
    }
    TURDB_RETURN_IF_ERROR(KeepInserted(runtime, one_));
    TURDB_RETURN_IF_ERROR(Return(runtime, one_, Rows::All(1)));
    return true;
  }

  void SetKey(size_t column) {
    const int64_t number = table::DecodeInt64Key(inserted_key_.bytes().data());
    Vector& vector = one_.column(column);
    switch (vector.physical()) {
      case vec::PhysicalType::kInt16:
        return vector.Set<int16_t>(0, static_cast<int16_t>(number));
      case vec::PhysicalType::kInt32:
        return vector.Set<int32_t>(0, static_cast<int32_t>(number));
      default:
        return vector.Set<int64_t>(0, number);
    }
  }

  Status Touch(base::Bytes row_key) {
    row_key_.Reset();
    row_key_.SetString(0, base::AsText(row_key));
    if (touched_.Add(row_key_, Rows::All(1))) return absl::OkStatus();
    return base::OutOfMemoryError("remembering which rows were changed needs more memory than memory_limit leaves");
  }

  bool WasTouched(base::Bytes row_key) {
    row_key_.Reset();
    row_key_.SetString(0, base::AsText(row_key));
    return touched_.Contains(row_key_.View().data);
  }

  static Status AffectedTwice(std::string_view hint) {
    return base::WithHint(base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kCardinalityViolation,
                                          "ON CONFLICT DO UPDATE command cannot affect row a second time"),
                          hint);
  }

  // The row at met_.row_key gets the values of the clause.
  Status UpdateExisting(Runtime& runtime) {
    if (WasTouched(met_.row_key.bytes())) {
      return AffectedTwice(
          "Ensure that no rows proposed for insertion within the same command have duplicate constrained values.");
    }
    TURDB_ASSIGN_OR_RETURN(const bool visible, table_.Get(runtime.context->ViewOf(table_.schema().id), met_.row_key.bytes(),
                                                          projection_, &existing_));
    if (!visible) {
      TURDB_ASSIGN_OR_RETURN(const bool own,
                             table_.Get(runtime.context->TransactionOf(table_.schema().id).view_with_own_changes(),
                                        met_.row_key.bytes(), projection_, &existing_));
      if (own) return AffectedTwice("A trigger of the command has written the row.");
      return base::SerializationFailure(
          "could not serialize access: the row in conflict was committed after this "
          "transaction's snapshot");
    }
    const size_t count = cells_.size();
    CopyExisting();
    for (size_t c = 0; c < count; ++c) CopyRow(one_.column(c), 0, &pair_.column(count + c), 0);
    TURDB_ASSIGN_OR_RETURN(const Rows passed, where_.Apply(runtime, pair_, Rows::All(1)));
    if (passed.count == 0) return absl::OkStatus();
    TURDB_RETURN_IF_ERROR(values_.Evaluate(runtime, pair_, Rows::All(1)));
    updated_.Reset();
    for (size_t c = 0; c < count; ++c) CopyRow(pair_.column(c), 0, &updated_.column(c), 0);
    for (size_t i = 0; i < conflict_.assignments.size(); ++i) {
      CopyRow(*values_.values()[i], 0, &updated_.column(static_cast<size_t>(conflict_.assignments[i].column)), 0);
    }
    updated_.set_size(1);
    const std::vector<const Vector*> old_row = ColumnsOf(pair_, 0, count);
    if (update_triggers_.has_value()) {
      TURDB_ASSIGN_OR_RETURN(const bool proceeds,
                             FireBeforeChange(runtime, *update_triggers_, {old_row, 0}, met_.row_key.bytes(), &updated_));
      if (!proceeds) return absl::OkStatus();
    }
    TURDB_RETURN_IF_ERROR(constraints_.Apply(runtime, &updated_));
    new_cells_.clear();
    for (const int32_t column : columns_) new_cells_.push_back(CellOf(updated_.column(static_cast<size_t>(column)), 0));
    TURDB_RETURN_IF_ERROR(Touch(met_.row_key.bytes()));
    ChangeReporter* const reporter = Reporter(runtime);
    if (reporter != nullptr) TURDB_RETURN_IF_ERROR(reporter->ReadOld(runtime, met_.row_key.bytes()));
    TURDB_ASSIGN_OR_RETURN(const bool updated,
                           table_.UpdateRow(runtime.context->TransactionOf(table_.schema().id), met_.row_key.bytes(), columns_,
                                            new_cells_, index_expressions_.get(), scratch_));
    if (!updated) return absl::OkStatus();
    ++changed_;
    if (reporter != nullptr) TURDB_RETURN_IF_ERROR(reporter->Updated(runtime, updated_, {}));
    if (update_triggers_.has_value()) {
      TURDB_RETURN_IF_ERROR(
          update_triggers_->Changed(runtime, old_row, Rows::All(1), ColumnsOf(updated_, 0, count), Rows::All(1)));
    }
    if (references_ != nullptr) {
      TURDB_RETURN_IF_ERROR(references_->Updated(runtime, pair_, Rows::All(1), all_columns_, updated_));
    }
    if (!foreign_keys_.empty()) {
      row_key_.Reset();
      row_key_.SetString(0, base::AsText(met_.row_key.bytes()));
      TURDB_RETURN_IF_ERROR(foreign_keys_.Wrote(runtime, updated_, KeysOfChanged(updated_, row_key_, columns_)));
    }
    return Return(runtime, updated_, Rows::All(1));
  }

  const OnConflict& conflict_;
  const std::vector<int32_t> all_columns_;
  const table::Projection projection_;
  EvaluatorList values_;
  Filter where_;
  Chunk one_;      // the row that is being inserted
  Chunk updated_;  // what an existing row becomes
  Chunk pair_;     // the existing row, then the excluded one
  std::vector<table::Cell> cells_;
  std::vector<table::Cell> new_cells_;
  std::vector<int32_t> columns_;
  table::Conflict met_;
  table::KeyBuffer inserted_key_;
  table::RowBuffer existing_;
  Vector row_key_;
  ValueSet touched_;  // row keys that this statement wrote
};

}  // namespace

SourceOr MakeInsert(const InsertNode& node, Builder& builder) {
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Stream> input, builder.BuildStream(*node.input));
  if (node.on_conflict.action == ConflictAction::kError) {
    auto source = std::make_unique<InsertSource>(node, std::move(input), builder);
    TURDB_RETURN_IF_ERROR(source->Build(builder));
    return source;
  }
  auto source = std::make_unique<InsertOrSource>(node, std::move(input), builder);
  TURDB_RETURN_IF_ERROR(source->Build(builder));
  return source;
}

}  // namespace turdb::exec
