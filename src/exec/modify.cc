// UPDATE and DELETE, and what they share with INSERT.
#include "exec/modify.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "exec/key_range.h"
#include "exec/referential_queue.h"
#include "exec/vector_operations.h"
#include "txn/transaction.h"

namespace turdb::exec {

using base::Status;
using base::StatusOr;
using vec::Chunk;
using vec::Rows;
using vec::Vector;

ModifySource::ModifySource(const Node& node, const table::Table& table, std::unique_ptr<Stream> input, Builder& builder)
    : table_(table),
      input_(std::move(input)),
      scratch_(table),
      returned_(node.types, builder.capacity(), builder.budget(), "RETURNING"),
      chunk_(builder.NewChunk(node.types)),
      changed_keys_(vec::TypeId::kBlob, builder.capacity(), builder.budget()) {}

Status ModifySource::BuildModify(Expressions returning, std::span<const IndexExpression> index_expressions, Builder& builder) {
  TURDB_ASSIGN_OR_RETURN(returning_, EvaluatorList::Make(returning, builder.options()));
  TURDB_ASSIGN_OR_RETURN(index_expressions_, IndexExpressions::Make(index_expressions, builder.options()));
  return absl::OkStatus();
}

Status ModifySource::BuildForeignKeys(ForeignKeyChecks checks, ReferencingKeys references, Builder& builder) {
  if (!references.empty()) references_ = std::make_unique<ReferenceWriter>(references, builder.options());
  if (checks.empty()) return absl::OkStatus();
  TURDB_ASSIGN_OR_RETURN(foreign_keys_, ForeignKeyWriter::Make(checks, builder.options()));
  return absl::OkStatus();
}

std::vector<vec::Type> ColumnTypes(const table::Table& table) {
  std::vector<vec::Type> types;
  for (const table::Column& column : table.schema().columns) types.push_back(column.type);
  return types;
}

void ModifySource::BuildTriggers(const NodeTriggers& triggers, Builder& builder) {
  if (triggers.empty()) return;
  const std::vector<vec::Type> types = ColumnTypes(table_);
  const auto build = [&](const TriggerSet* set, std::optional<EventTriggers>* out) {
    if (set != nullptr) out->emplace(*set, types, builder);
  };
  build(triggers.insert, &insert_triggers_);
  build(triggers.update, &update_triggers_);
  build(triggers.remove, &remove_triggers_);
}

Status ModifySource::Start(Runtime& runtime) {
  scratch_.Restart();
  returned_.Reset();
  cursor_ = MaterializedRows::Cursor();
  begun_ = changes_made_ = false;
  changed_ = 0;
  for (std::optional<EventTriggers>* triggers : {&insert_triggers_, &update_triggers_, &remove_triggers_}) {
    if (triggers->has_value()) (*triggers)->Start();
  }
  if (runtime.context->transaction == nullptr) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kReadOnlyTransaction,
                           "cannot change data in a read-only transaction");
  }
  TURDB_RETURN_IF_ERROR(returning_.Start(runtime));
  TURDB_RETURN_IF_ERROR(index_expressions_->Start(runtime));
  if (!foreign_keys_.empty()) TURDB_RETURN_IF_ERROR(foreign_keys_.Start(runtime));
  return input_->Start(runtime);
}

StatusOr<Flow> ModifySource::Next(Runtime& runtime, Batch* out) {
  if (!begun_) {
    begun_ = true;
    TURDB_RETURN_IF_ERROR(FireBefore(runtime));
  }
  while (!changes_made_) {
    Batch batch;
    TURDB_ASSIGN_OR_RETURN(const Flow flow, input_->Next(runtime, &batch));
    if (flow == Flow::kBlocked) return flow;
    if (flow == Flow::kHaveMore) {
      TURDB_RETURN_IF_ERROR(Change(runtime, batch));
      continue;
    }
    TURDB_RETURN_IF_ERROR(FinishChanges(runtime));
    if (runtime.referential != nullptr && !runtime.is_referential) TURDB_RETURN_IF_ERROR(runtime.referential->Finish());
    TURDB_RETURN_IF_ERROR(FireAfter(runtime));
    changes_made_ = true;
    runtime.changed_rows += changed_;
  }
  TURDB_ASSIGN_OR_RETURN(const uint32_t count, returned_.Scan(&cursor_, &chunk_));
  if (count == 0) return Flow::kDone;
  *out = Batch::All(chunk_);
  return Flow::kHaveMore;
}

Status ModifySource::FireBefore(Runtime& runtime) {
  for (std::optional<EventTriggers>* triggers : {&insert_triggers_, &update_triggers_, &remove_triggers_}) {
    if (triggers->has_value()) TURDB_RETURN_IF_ERROR((*triggers)->BeforeStatement(runtime));
  }
  return absl::OkStatus();
}

Status ModifySource::FireAfter(Runtime& runtime) {
  for (std::optional<EventTriggers>* triggers : {&insert_triggers_, &update_triggers_, &remove_triggers_}) {
    if (triggers->has_value()) TURDB_RETURN_IF_ERROR((*triggers)->AfterRows(runtime));
  }
  for (std::optional<EventTriggers>* triggers : {&remove_triggers_, &update_triggers_, &insert_triggers_}) {
    if (triggers->has_value()) TURDB_RETURN_IF_ERROR((*triggers)->AfterStatement(runtime));
  }
  return absl::OkStatus();
}

StatusOr<bool> ModifySource::FireBeforeChange(Runtime& runtime, EventTriggers& triggers, RowView old_row, base::Bytes row_key,
                                              Chunk* writable) {
  if (!triggers.has_before_row()) return true;
  TURDB_ASSIGN_OR_RETURN(const bool proceeds, triggers.BeforeRow(runtime, old_row, writable));
  if (!proceeds && runtime.is_referential) {
    return base::WithHint(base::MakeError(absl::StatusCode::kFailedPrecondition, base::SqlState{"27000"},
                                          absl::StrCat("a trigger leaves out a row of ", table_.schema().qualified_name(),
                                                       " that a foreign key is to change")),
                          "A row that stays as it is would refer to nothing.");
  }
  if (proceeds && triggers.before_row_writes()) TURDB_RETURN_IF_ERROR(RequireUntouched(runtime, old_row, row_key));
  return proceeds;
}

Status ModifySource::RequireUntouched(Runtime& runtime, RowView old_row, base::Bytes row_key) {
  if (!all_columns_.has_value()) {
    std::vector<int32_t> columns(old_row.columns.size());
    for (size_t c = 0; c < columns.size(); ++c) columns[c] = static_cast<int32_t>(c);
    all_columns_.emplace(table_.MakeProjection(columns));
  }
  const txn::View now = runtime.context->TransactionOf(table_.schema().id).view_with_own_changes();
  TURDB_ASSIGN_OR_RETURN(bool same, table_.Get(now, row_key, *all_columns_, &present_));
  std::string before, after;
  for (size_t c = 0; same && c < old_row.columns.size(); ++c) {
    before.clear();
    after.clear();
    const table::KeyPart part{old_row.columns[c]->type().WithCollation(vec::Collation::kBinary), false, false};
    table::AppendSortKeyPart(part, CellOf(*old_row.columns[c], old_row.row), &before);
    table::AppendSortKeyPart(part, present_[c].cell(), &after);
    same = before == after;
  }
  if (same) return absl::OkStatus();
  return base::WithHint(base::MakeError(absl::StatusCode::kFailedPrecondition, base::SqlState{"27000"},
                                        "the row to be changed was already modified by a trigger of the current statement"),
                        "Consider using an AFTER trigger instead of a BEFORE trigger to propagate changes to other rows.");
}

ChangeReporter* ModifySource::Reporter(const Runtime& runtime) {
  if (runtime.context->observer == nullptr) return nullptr;
  if (!reporter_.has_value()) reporter_.emplace(table_, runtime);
  return &*reporter_;
}

Status ModifySource::Return(Runtime& runtime, const Chunk& chunk, Rows rows) {
  if (!returns() || rows.count == 0) return absl::OkStatus();
  TURDB_RETURN_IF_ERROR(returning_.Evaluate(runtime, chunk, rows));
  return returned_.Append(runtime, returning_.values(), rows);
}

const Vector& ModifySource::KeysOfChanged(const Chunk& rows, const Vector& row_keys, std::span<const int32_t> changed) {
  const std::vector<table::IndexPart>& parts = table_.schema().primary_key;
  const bool stay = std::none_of(parts.begin(), parts.end(), [&](const table::IndexPart& part) {
    return std::find(changed.begin(), changed.end(), part.column) != changed.end();
  });
  if (stay) return row_keys;
  changed_keys_.Reset();
  std::vector<table::Cell> cells(parts.size());
  table::KeyBuffer key;
  for (uint32_t row = 0; row < rows.size(); ++row) {
    for (size_t i = 0; i < parts.size(); ++i) cells[i] = CellOf(rows.column(static_cast<size_t>(parts[i].column)), row);
    // A row that cannot have its key was refused.
    if (!table_.EncodeRowKey(cells, &key)) key.Clear();
    changed_keys_.SetString(row, base::AsText(key.bytes()));
  }
  return changed_keys_;
}

Status RowChangedMeanwhile(const table::Table& table) {
  return base::SerializationFailure(absl::StrCat("could not serialize access: a row of ", table.schema().qualified_name(),
                                                 " that a foreign key is to change was changed after this transaction's "
                                                 "snapshot"));
}

namespace {

// Whether a node can give one row of a table twice.
bool MayRepeatRows(const Node& node) {
  switch (node.kind) {
    case NodeKind::kTableScan:
    case NodeKind::kIndexScan:
    case NodeKind::kPointLookup:
    case NodeKind::kNearestScan:
      return false;
    case NodeKind::kFilter:
    case NodeKind::kProject:
    case NodeKind::kSort:
    case NodeKind::kTopN:
    case NodeKind::kLimit:
      return MayRepeatRows(*Inputs(node)[0]);
    default:
      return true;
  }
}

class UpdateSource : public ModifySource {
 public:
  UpdateSource(const UpdateNode& node, std::unique_ptr<Stream> input, Builder& builder)
      : ModifySource(node, *node.table, std::move(input), builder),
        node_(node),
        column_count_(node.table->schema().columns.size()),
        row_(builder.NewChunk(RowTypes(node))),
        new_row_(ColumnTypes(*node.table), 1, builder.budget()) {
    for (const Assignment& assignment : node.assignments) columns_.push_back(assignment.column);
    for (const GeneratedColumn& column : node.generated) columns_.push_back(column.column);
    for (const int32_t column : columns_) value_types_.push_back(row_.column(static_cast<size_t>(column)).type());
    if (table_.UpdateNeedsAllRows(columns_)) all_rows_.emplace(HeldTypes(value_types_), builder);
    held_.emplace(value_types_, builder.capacity(), builder.budget());
  }

  Status Build(Builder& builder) {
    std::vector<const Expression*> values;
    for (const Assignment& assignment : node_.assignments) values.push_back(assignment.value);
    TURDB_ASSIGN_OR_RETURN(values_, EvaluatorList::Make(values, builder.options()));
    TURDB_ASSIGN_OR_RETURN(constraints_, RowConstraints::Make(table_, node_.generated, node_.checks, builder.options()));
    TURDB_RETURN_IF_ERROR(BuildForeignKeys(node_.foreign_keys, node_.references, builder));
    BuildTriggers(node_.triggers, builder);
    return BuildModify(node_.returning, node_.index_expressions, builder);
  }

  Status Start(Runtime& runtime) override {
    if (all_rows_.has_value()) all_rows_->rows.Reset();
    TURDB_RETURN_IF_ERROR(values_.Start(runtime));
    TURDB_RETURN_IF_ERROR(constraints_.Start(runtime));
    return ModifySource::Start(runtime);
  }

 protected:
  Status Change(Runtime& runtime, const Batch& batch) override {
    TURDB_RETURN_IF_ERROR(values_.Evaluate(runtime, *batch.chunk, batch.rows));
    if (update_triggers_.has_value() && update_triggers_->has_before_row()) return ChangeOneByOne(runtime, batch);
    MakeRow(*batch.chunk, batch.rows);
    return ChangeTo(runtime, *batch.chunk, batch.rows);
  }

  Status FinishChanges(Runtime& runtime) override {
    if (all_rows_.has_value()) TURDB_RETURN_IF_ERROR(Apply(runtime, *all_rows_, all_rows_->rows.size()));
    return table_.FinishRows(runtime.context->TransactionOf(table_.schema().id), scratch_);
  }

 private:
  // Each row meets its BEFORE triggers, and is changed, before the next one does.
  Status ChangeOneByOne(Runtime& runtime, const Batch& batch) {
    const Chunk& input = *batch.chunk;
    const vec::VectorView keys = input.column(input.column_count() - 1).View();
    old_columns_.clear();
    for (const int32_t column : node_.old_columns) old_columns_.push_back(&input.column(static_cast<size_t>(column)));
    for (uint32_t i = 0; i < batch.rows.count; ++i) {
      const vec::SelIndex at = batch.rows[i];
      const Rows one{&at, 1};
      MakeRow(input, one);
      new_row_.Reset();
      for (size_t c = 0; c < column_count_; ++c) CopyRow(row_.column(c), 0, &new_row_.column(c), 0);
      new_row_.set_size(1);
      const base::Bytes key = base::AsBytes(keys.Get<vec::StringView>(at).view());
      TURDB_ASSIGN_OR_RETURN(const bool proceeds,
                             FireBeforeChange(runtime, *update_triggers_, {old_columns_, at}, key, &new_row_));
      if (!proceeds) continue;
      for (size_t c = 0; c < column_count_; ++c) row_.column(c).Reference(new_row_.column(c));
      TURDB_RETURN_IF_ERROR(ChangeTo(runtime, input, one));
    }
    row_.Reset();
    return absl::OkStatus();
  }

  // `rows` of the input become what row_ holds.
  Status ChangeTo(Runtime& runtime, const Chunk& input, Rows rows) {
    const Vector& row_keys = input.column(input.column_count() - 1);
    TURDB_RETURN_IF_ERROR(constraints_.Apply(runtime, &row_));
    if (references_ != nullptr) {
      TURDB_RETURN_IF_ERROR(references_->Updated(runtime, input, rows, node_.old_columns, row_));
    }
    if (update_triggers_.has_value()) TURDB_RETURN_IF_ERROR(KeepForTriggers(runtime, input, rows));
    TURDB_RETURN_IF_ERROR(Return(runtime, row_, Rows::All(rows.count)));
    // Long values are not copied; the input has its memory for itself again when this returns.
    Held& held = *held_;
    const absl::Cleanup released = [this, &held] {
      held.values.Reset();
      held.row_keys.Reset();
      row_.Reset();
    };
    for (size_t i = 0; i < columns_.size(); ++i) {
      held.values.column(i).Reference(row_.column(static_cast<size_t>(columns_[i])));
    }
    held.values.set_size(rows.count);
    held.row_keys.Slice(row_keys, rows);
    ChangeReporter* const reporter = Reporter(runtime);
    if (reporter != nullptr) TURDB_RETURN_IF_ERROR(reporter->ReadOld(runtime, row_keys, rows));
    if (!all_rows_.has_value()) {
      OneBatch one(held);
      TURDB_RETURN_IF_ERROR(Apply(runtime, one, rows.count));
      if (reporter != nullptr) TURDB_RETURN_IF_ERROR(Report(runtime, *reporter));
      return foreign_keys_.empty() ? absl::OkStatus() : foreign_keys_.Wrote(runtime, row_, held.row_keys);
    }
    if (reporter != nullptr) TURDB_RETURN_IF_ERROR(Report(runtime, *reporter));
    held_columns_.clear();
    for (const Vector& column : held.values.columns()) held_columns_.push_back(&column);
    held_columns_.push_back(&held.row_keys);
    TURDB_RETURN_IF_ERROR(all_rows_->rows.Append(runtime, held_columns_, Rows::All(rows.count)));
    if (foreign_keys_.empty()) return absl::OkStatus();
    return foreign_keys_.WroteUnseen(runtime, KeysOfChanged(row_, held.row_keys, columns_), rows.count);
  }

  // Columns that the plan did not read are as they were.
  Status Report(const Runtime& runtime, ChangeReporter& reporter) {
    if (known_ == nullptr) {
      known_ = std::make_unique<bool[]>(column_count_);
      for (size_t c = 0; c < column_count_; ++c) known_[c] = c < node_.old_columns.size() && node_.old_columns[c] >= 0;
      for (const int32_t column : columns_) known_[static_cast<size_t>(column)] = true;
    }
    return reporter.Updated(runtime, row_, {known_.get(), column_count_});
  }

  Status KeepForTriggers(Runtime& runtime, const Chunk& input, Rows rows) {
    if (!update_triggers_->reads_rows()) return absl::OkStatus();
    std::vector<const Vector*> old_rows;
    for (const int32_t column : node_.old_columns) old_rows.push_back(&input.column(static_cast<size_t>(column)));
    return update_triggers_->Changed(runtime, old_rows, rows, ColumnsOf(row_, 0, column_count_), Rows::All(rows.count));
  }

  // New values and the keys of their rows.
  struct Held {
    Held(std::span<const vec::Type> types, uint32_t capacity, base::MemoryBudget* budget)
        : values(types, capacity, budget), row_keys(vec::TypeId::kBlob, capacity, budget) {}
    Chunk values;
    Vector row_keys;
  };

  class OneBatch : public table::UpdateBatches {
   public:
    explicit OneBatch(const Held& held) : held_(held) {}
    Status Rewind() override {
      given_ = false;
      return absl::OkStatus();
    }
    StatusOr<bool> Next(table::UpdateBatch* batch) override {
      *batch = {&held_.row_keys, &held_.values};
      return !std::exchange(given_, true);
    }

   private:
    const Held& held_;
    bool given_ = false;
  };

  // Of a statement that must know all its rows before it changes the first.
  class AllRows : public table::UpdateBatches {
   public:
    AllRows(std::span<const vec::Type> types, Builder& builder)
        : rows(types, builder.capacity(), builder.budget(), "an UPDATE of unique columns", kHeadroomForChanges),
          chunk_(builder.NewChunk(types)),
          values_(builder.NewChunk(types.first(types.size() - 1))) {}
    Status Rewind() override {
      cursor_ = MaterializedRows::Cursor();
      return absl::OkStatus();
    }
    StatusOr<bool> Next(table::UpdateBatch* batch) override {
      TURDB_ASSIGN_OR_RETURN(const uint32_t count, rows.Scan(&cursor_, &chunk_));
      values_.Reset();
      for (size_t c = 0; c < values_.column_count(); ++c) values_.column(c).Reference(chunk_.column(c));
      values_.set_size(count);
      *batch = {&chunk_.column(chunk_.column_count() - 1), &values_};
      return count != 0;
    }

    MaterializedRows rows;  // new values, then the keys of their rows

   private:
    // Row versions and index entries need memory, too.
    static constexpr double kHeadroomForChanges = 0.5;
    MaterializedRows::Cursor cursor_;
    Chunk chunk_;
    Chunk values_;
  };

  static std::vector<vec::Type> HeldTypes(std::vector<vec::Type> types) {
    types.push_back(vec::TypeId::kBlob);
    return types;
  }

  static std::vector<vec::Type> RowTypes(const UpdateNode& node) {
    std::vector<vec::Type> types;
    for (const table::Column& column : node.table->schema().columns) types.push_back(column.type);
    types.insert(types.end(), node.input->types.begin(), node.input->types.end());
    return types;
  }

  // row_ becomes the new rows, densely: all columns of the table, then the input.
  void MakeRow(const Chunk& input, Rows rows) {
    row_.Reset();
    for (size_t c = 0; c < column_count_; ++c) {
      const int32_t old = c < node_.old_columns.size() ? node_.old_columns[c] : -1;
      if (old >= 0) {
        row_.column(c).Slice(input.column(static_cast<size_t>(old)), rows);
      } else {
        row_.column(c).SetConstantNull();
      }
    }
    for (size_t i = 0; i < node_.assignments.size(); ++i) {
      row_.column(static_cast<size_t>(node_.assignments[i].column)).Slice(*values_.values()[i], rows);
    }
    for (size_t c = 0; c < input.column_count(); ++c) row_.column(column_count_ + c).Slice(input.column(c), rows);
    row_.set_size(rows.count);
  }

  Status Apply(Runtime& runtime, table::UpdateBatches& batches, uint64_t wanted) {
    TURDB_ASSIGN_OR_RETURN(const int64_t updated, table_.UpdateRows(runtime.context->TransactionOf(table_.schema().id), batches,
                                                                    columns_, index_expressions_.get(), scratch_));
    changed_ += updated;
    return runtime.is_referential && updated != static_cast<int64_t>(wanted) ? RowChangedMeanwhile(table_) : absl::OkStatus();
  }

  const UpdateNode& node_;
  const size_t column_count_;
  EvaluatorList values_;
  RowConstraints constraints_;
  std::vector<int32_t> columns_;  // assigned, then generated
  std::vector<vec::Type> value_types_;
  Chunk row_;
  Chunk new_row_;  // one row, where triggers may change it
  std::vector<const Vector*> old_columns_;
  std::optional<Held> held_;         // a batch
  std::optional<AllRows> all_rows_;  // where all rows must be known first
  std::vector<const Vector*> held_columns_;
  std::unique_ptr<bool[]> known_;  // by column, for Report
};

class DeleteSource : public ModifySource {
 public:
  DeleteSource(const DeleteNode& node, std::unique_ptr<Stream> input, Builder& builder)
      : ModifySource(node, *node.table, std::move(input), builder),
        node_(node),
        deleted_(builder.capacity(), builder.budget()) {}

 protected:
  Status Change(Runtime& runtime, const Batch& batch) override {
    const Chunk& input = *batch.chunk;
    if (!remove_triggers_.has_value() || !remove_triggers_->reads_rows()) return Delete(runtime, input, batch.rows);
    old_columns_.clear();
    for (const int32_t column : node_.old_columns) old_columns_.push_back(&input.column(static_cast<size_t>(column)));
    if (!remove_triggers_->has_before_row()) return Delete(runtime, input, batch.rows);
    // Each row meets its triggers, and goes, before the next one does.
    const vec::VectorView keys = input.column(input.column_count() - 1).View();
    for (uint32_t i = 0; i < batch.rows.count; ++i) {
      const vec::SelIndex at = batch.rows[i];
      const base::Bytes key = base::AsBytes(keys.Get<vec::StringView>(at).view());
      TURDB_ASSIGN_OR_RETURN(const bool proceeds,
                             FireBeforeChange(runtime, *remove_triggers_, {old_columns_, at}, key, nullptr));
      if (proceeds) TURDB_RETURN_IF_ERROR(Delete(runtime, input, Rows{&at, 1}));
    }
    return absl::OkStatus();
  }
  Status FinishChanges(Runtime& runtime) override {
    return table_.FinishRows(runtime.context->TransactionOf(table_.schema().id), scratch_);
  }

 private:
  Status Delete(Runtime& runtime, const Chunk& input, Rows rows) {
    const vec::VectorView keys = input.column(input.column_count() - 1).View();
    deleted_.set_size(0);
    ChangeReporter* const reporter = Reporter(runtime);
    if (reporter != nullptr) TURDB_RETURN_IF_ERROR(reporter->ReadOld(runtime, input.column(input.column_count() - 1), rows));
    TURDB_RETURN_IF_ERROR(table_.DeleteRows(runtime.context->TransactionOf(table_.schema().id), keys, rows,
                                            index_expressions_.get(), scratch_, &deleted_));
    changed_ += deleted_.size();
    if (reporter != nullptr) TURDB_RETURN_IF_ERROR(reporter->Deleted(runtime, rows, Rows::Of(deleted_)));
    if (runtime.is_referential && deleted_.size() != rows.count) TURDB_RETURN_IF_ERROR(RequireGone(runtime, keys, rows));
    if (references_ != nullptr) {
      TURDB_RETURN_IF_ERROR(references_->Deleted(runtime, input, Rows::Of(deleted_), node_.old_columns));
    }
    if (!old_columns_.empty()) {
      TURDB_RETURN_IF_ERROR(remove_triggers_->Changed(runtime, old_columns_, Rows::Of(deleted_), {}, {}));
    }
    return Return(runtime, input, Rows::Of(deleted_));
  }

  // A row that was not there to be deleted was deleted before, or the snapshot does not show it.
  Status RequireGone(Runtime& runtime, const vec::VectorView& keys, Rows rows) {
    const txn::Transaction& transaction = runtime.context->TransactionOf(table_.schema().id);
    const txn::View newest = transaction.view_of_newest(transaction.statement() + 1);
    for (uint32_t i = 0; i < rows.count; ++i) {
      const base::Bytes key = base::AsBytes(keys.Get<vec::StringView>(rows[i]).view());
      TURDB_ASSIGN_OR_RETURN(const bool there, table_.primary().Get(newest, key, [](base::Bytes) {}));
      if (there) return RowChangedMeanwhile(table_);
    }
    return absl::OkStatus();
  }

  const DeleteNode& node_;
  std::vector<const Vector*> old_columns_;  // of the batch, when triggers want them
  vec::SelectionVector deleted_;
};

}  // namespace

SourceOr MakeUpdate(const UpdateNode& node, Builder& builder) {
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Stream> input, builder.BuildStream(*node.input));
  if (MayRepeatRows(*node.input)) {
    // A row that a join brings twice is changed once.
    TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Source> once,
                           MakeDistinctOf(std::move(input), node.input->types, builder, node.input->types.size() - 1));
    input = std::make_unique<Stream>(std::move(once));
  }
  auto source = std::make_unique<UpdateSource>(node, std::move(input), builder);
  TURDB_RETURN_IF_ERROR(source->Build(builder));
  return source;
}

SourceOr MakeDelete(const DeleteNode& node, Builder& builder) {
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Stream> input, builder.BuildStream(*node.input));
  auto source = std::make_unique<DeleteSource>(node, std::move(input), builder);
  TURDB_RETURN_IF_ERROR(source->BuildForeignKeys({}, node.references, builder));
  source->BuildTriggers(node.triggers, builder);
  TURDB_RETURN_IF_ERROR(source->BuildModify(node.returning, node.index_expressions, builder));
  return source;
}

}  // namespace turdb::exec
