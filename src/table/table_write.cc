// Inserts, updates and deletes: the row first, then the index entries that differ. A failure in the middle is
// undone by the statement's savepoint; only an insert that is to be skipped takes itself back.
#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/check.h"
#include "btree/tree_file.h"
#include "table/table.h"
#include "table/table_state.h"
#include "table/table_store.h"
#include "txn/transaction.h"
#include "vec/chunk.h"
#include "vec/vector.h"

namespace turdb::table {

using base::Bytes;
using base::MakeError;
using base::Status;
using base::StatusOr;
namespace sqlstate = base::sqlstate;

namespace {

// The number must survive a crash: numbers are taken from the header in blocks.
Status LogNumber(TableStore& store, TableState& state, int64_t number) {
  if (number < state.logged_until.load(std::memory_order_acquire)) return absl::OkStatus();
  const std::lock_guard lock(state.mutex);
  if (number < state.logged_until.load(std::memory_order_relaxed)) return absl::OkStatus();
  const int64_t until = number > INT64_MAX - TableState::kNumberBlock ? INT64_MAX : number + TableState::kNumberBlock;
  static constexpr size_t kField[] = {btree::kAutoIncrementField};
  TURDB_RETURN_IF_ERROR(btree::ChangeHeaderField(store.storage(), state.file, kField, [&](uint64_t old) {
                          return std::max(old, static_cast<uint64_t>(until));
                        }).status());
  state.logged_until.store(until, std::memory_order_release);
  return absl::OkStatus();
}

// The next number of a counter. `logged`: it must survive a crash.
StatusOr<int64_t> NextNumber(TableStore& store, TableState& state, std::atomic<int64_t>& counter, bool logged) {
  int64_t number = counter.load(std::memory_order_relaxed);
  do {
    if (number == INT64_MAX) {
      return MakeError(absl::StatusCode::kOutOfRange, sqlstate::kNumericOutOfRange, "no number is left for a new row");
    }
  } while (!counter.compare_exchange_weak(number, number + 1, std::memory_order_relaxed));
  if (logged) TURDB_RETURN_IF_ERROR(LogNumber(store, state, number));
  return number;
}

// Stores the number as the column's type. False: it does not fit.
bool StoreNumber(const vec::Type& type, int64_t number, std::byte* to) {
  if (type.width() == 8) {
    std::memcpy(to, &number, 8);
    return true;
  }
  const int32_t narrow = static_cast<int32_t>(number);
  const int16_t narrower = static_cast<int16_t>(number);
  if (type.width() == 4) {
    std::memcpy(to, &narrow, 4);
    return narrow == number;
  }
  std::memcpy(to, &narrower, 2);
  return narrower == number;
}

}  // namespace

// ---- errors

Status Table::NotNullError(int32_t column) const {
  return MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kNotNullViolation,
                   absl::StrCat("null value in column \"", schema_->columns[static_cast<size_t>(column)].name,
                                "\" of relation \"", schema_->name, "\" violates not-null constraint"));
}

Status Table::DuplicateError(int32_t index, Bytes entry) const {
  const std::vector<IndexPart>& parts = index < 0 ? schema_->primary_key : schema_->indexes[static_cast<size_t>(index)].parts;
  const std::string& name = index < 0 ? schema_->primary_key_name : schema_->indexes[static_cast<size_t>(index)].name;
  std::vector<std::string> columns, values;
  const std::span<const KeyPart> key = key_parts(index);
  for (size_t i = 0; i < parts.size(); ++i) {
    columns.push_back(parts[i].column < 0 ? parts[i].expression_sql
                                          : schema_->columns[static_cast<size_t>(parts[i].column)].name);
    vec::Value value;
    if (index < 0 && schema_->key_form == KeyForm::kInteger) {
      value = vec::Value::Int64(DecodeInt64Key(entry.data()));
    } else {
      TURDB_RETURN_IF_ERROR(ReadKeyPart(key[i], &entry, &value));
    }
    values.push_back(value.ToString());
  }
  return MakeError(absl::StatusCode::kAlreadyExists, sqlstate::kUniqueViolation,
                   absl::StrCat("duplicate key value violates unique constraint \"", name, "\": Key (",
                                absl::StrJoin(columns, ", "), ")=(", absl::StrJoin(values, ", "), ") already exists."));
}

Status Table::CheckNotNull(std::span<const Cell> cells) const {
  for (const size_t i : not_null_columns_) {
    if (cells[i] == nullptr) [[unlikely]]
      return NotNullError(static_cast<int32_t>(i));
  }
  return absl::OkStatus();
}

// ---- insert

// Fills scratch.cells from `cells`, numbers where they are due, and scratch.row_key.
Status Table::AssignKey(std::span<const Cell> cells, Scratch& scratch) const {
  TURDB_CHECK_EQ(cells.size(), schema_->columns.size());
  scratch.cells.assign(cells.begin(), cells.end());
  const int32_t key_column = schema_->key_column();
  for (const size_t i : numbered_columns_) {
    if (cells[i] != nullptr) continue;
    const bool is_key = static_cast<int32_t>(i) == key_column;
    const bool logged = !is_key || schema_->autoincrement;
    TURDB_ASSIGN_OR_RETURN(const int64_t number,
                           NextNumber(store_, *state_, is_key ? state_->next_key : state_->next_identity, logged));
    if (!StoreNumber(schema_->columns[i].type, number, scratch.numbers[i].bytes)) {
      return MakeError(absl::StatusCode::kOutOfRange, sqlstate::kNumericOutOfRange,
                       absl::StrCat("the next number of column \"", schema_->columns[i].name, "\" of relation \"",
                                    schema_->name, "\" does not fit ", schema_->columns[i].type.ToString()));
    }
    scratch.cells[i] = scratch.numbers[i].bytes;
    state_->last_identity.store(number, std::memory_order_relaxed);
  }
  TURDB_RETURN_IF_ERROR(CheckNotNull(scratch.cells));
  KeyBuffer& key = scratch.row_key;
  key.Clear();
  switch (schema_->key_form) {
    case KeyForm::kRowId: {
      TURDB_ASSIGN_OR_RETURN(const int64_t number, NextNumber(store_, *state_, state_->next_key, false));
      EncodeInt64Key(number, key.end());
      key.Grow(8);
      return absl::OkStatus();
    }
    case KeyForm::kInteger: {
      const Cell cell = scratch.cells[static_cast<size_t>(key_column)];
      TURDB_CHECK(cell != nullptr);
      const int64_t number = IntegerOf(primary_parts_[0].type, cell);
      EncodeInt64Key(number, key.end());
      key.Grow(8);
      state_->NoteKey(number);
      return schema_->autoincrement ? LogNumber(store_, *state_, number) : absl::OkStatus();
    }
    case KeyForm::kEncoded:
      for (size_t i = 0; i < primary_parts_.size(); ++i) {
        const Cell cell = scratch.cells[static_cast<size_t>(schema_->primary_key[i].column)];
        Status status = AppendKeyPart(primary_parts_[i], cell, &key);
        if (!status.ok()) {
          return base::WithFrame(std::move(status),
                                 absl::StrCat("making the primary key of a row of ", schema_->qualified_name()));
        }
      }
  }
  return absl::OkStatus();
}

// The index entries of the new row scratch.row (key scratch.row_key). False: one was there already, and the row
// with what it had so far is taken back.
StatusOr<bool> Table::InsertEntries(txn::Transaction& transaction, OnDuplicate on_duplicate, IndexEvaluator* evaluator,
                                    Scratch& scratch, Conflict* conflict) const {
  if (indexes_.empty()) return true;
  const Bytes row_key = scratch.row_key.bytes();
  TURDB_ASSIGN_OR_RETURN(const Bytes row, ResolveRow(base::AsBytes(scratch.row), &scratch.whole));
  const int32_t count = static_cast<int32_t>(indexes_.size());
  for (int32_t i = 0; i < count; ++i) {
    if (IsVectorIndex(i)) {
      TURDB_RETURN_IF_ERROR(InsertVector(transaction, i, row_key, row, evaluator, scratch));
      continue;
    }
    bool in_index;
    TURDB_RETURN_IF_ERROR(EntryOf(i, row_key, row, evaluator, scratch, &scratch.entry, &in_index));
    if (!in_index) continue;
    const bool unique = schema_->indexes[static_cast<size_t>(i)].unique;
    TURDB_ASSIGN_OR_RETURN(btree::Tree* const tree, IndexTree(i));
    TURDB_ASSIGN_OR_RETURN(const btree::Tree::InsertResult result,
                           tree->Insert(transaction, scratch.entry.bytes(), unique ? row_key : Bytes()));
    if (result == btree::Tree::InsertResult::kInserted) continue;
    if (on_duplicate == OnDuplicate::kRaise) return DuplicateError(i, scratch.entry.bytes());
    if (conflict != nullptr) {
      conflict->index = i;
      TURDB_RETURN_IF_ERROR(tree->Get(transaction.view_with_own_changes(), scratch.entry.bytes(),
                                      [&](Bytes value) { conflict->row_key.Assign(value); })
                                .status());
    }
    for (int32_t j = 0; j < i; ++j) {
      if (IsVectorIndex(j)) {
        TURDB_RETURN_IF_ERROR(RemoveVector(transaction, j, row_key, row, evaluator, scratch));
        continue;
      }
      TURDB_RETURN_IF_ERROR(EntryOf(j, row_key, row, evaluator, scratch, &scratch.entry, &in_index));
      if (in_index) TURDB_RETURN_IF_ERROR(DeleteEntry(transaction, j, scratch.entry.bytes()));
    }
    TURDB_RETURN_IF_ERROR(primary_->Delete(transaction, row_key, [](Bytes) {}).status());
    return false;
  }
  return true;
}

// Inserts scratch.cells under scratch.row_key.
StatusOr<bool> Table::InsertEncoded(txn::Transaction& transaction, OnDuplicate on_duplicate, IndexEvaluator* evaluator,
                                    Scratch& scratch, Conflict* conflict) const {
  RowEncoder& encoder = scratch.encoder;
  if (!encoder.BuildPlain(scratch.cells, &scratch.row)) {
    encoder.Clear();
    for (size_t i = 0; i < scratch.cells.size(); ++i) encoder.Set(static_cast<int32_t>(i), scratch.cells[i]);
    if (!encoder.Fits()) TURDB_RETURN_IF_ERROR(encoder.MakeFit(*primary_, transaction));
    scratch.row.clear();
    encoder.Build(&scratch.row);
  }
  TURDB_ASSIGN_OR_RETURN(const btree::Tree::InsertResult result,
                         primary_->Insert(transaction, scratch.row_key.bytes(), base::AsBytes(scratch.row)));
  if (result == btree::Tree::InsertResult::kDuplicate) {
    if (on_duplicate == OnDuplicate::kRaise) return DuplicateError(-1, scratch.row_key.bytes());
    if (conflict != nullptr) {
      conflict->index = -1;
      conflict->row_key.Assign(scratch.row_key.bytes());
    }
    return false;
  }
  TURDB_ASSIGN_OR_RETURN(const bool inserted, InsertEntries(transaction, on_duplicate, evaluator, scratch, conflict));
  if (inserted) state_->rows.fetch_add(1, std::memory_order_relaxed);
  return inserted;
}

StatusOr<bool> Table::InsertRow(txn::Transaction& transaction, std::span<const Cell> cells, OnDuplicate on_duplicate,
                                IndexEvaluator* evaluator, WriteScratch& scratch, KeyBuffer* row_key,
                                Conflict* conflict) const {
  Scratch& state = *scratch.state_;
  TURDB_RETURN_IF_ERROR(AssignKey(cells, state));
  TURDB_ASSIGN_OR_RETURN(const bool inserted, InsertEncoded(transaction, on_duplicate, evaluator, state, conflict));
  if (inserted && row_key != nullptr) row_key->Assign(state.row_key.bytes());
  return inserted;
}

StatusOr<int64_t> Table::InsertRows(txn::Transaction& transaction, vec::Chunk* rows, OnDuplicate on_duplicate,
                                    IndexEvaluator* evaluator, WriteScratch& scratch, std::vector<uint32_t>* skipped,
                                    vec::Vector* row_keys) const {
  Scratch& state = *scratch.state_;
  const size_t columns = schema_->columns.size();
  TURDB_CHECK_EQ(rows->column_count(), columns);
  for (size_t c = 0; c < columns; ++c) {
    if (auto_numbered_[c]) rows->column(c).Flatten(rows->size());  // written to, so it must be its own
  }
  std::vector<vec::VectorView> views;
  for (size_t c = 0; c < columns; ++c) views.push_back(rows->column(c).View());
  std::vector<Cell> cells(columns);
  int64_t inserted_rows = 0;
  for (uint32_t r = 0; r < rows->size(); ++r) {
    for (size_t c = 0; c < columns; ++c) cells[c] = RowOf(views[c], rows->column(c).type().width(), r);
    TURDB_RETURN_IF_ERROR(AssignKey(cells, state));
    TURDB_ASSIGN_OR_RETURN(const bool inserted, InsertEncoded(transaction, on_duplicate, evaluator, state, nullptr));
    inserted_rows += static_cast<int64_t>(inserted);
    if (!inserted && skipped != nullptr) skipped->push_back(r);
    if (row_keys != nullptr) row_keys->SetString(r, base::AsText(state.row_key.bytes()));
    for (size_t c = 0; c < columns; ++c) {
      if (!auto_numbered_[c] || cells[c] != nullptr) continue;
      vec::Vector& column = rows->column(c);
      vec::VisitPhysical(column.physical(), [&](auto tag) {
        using T = decltype(tag);
        if constexpr (std::is_integral_v<T>) {
          T number;
          std::memcpy(&number, state.numbers[c].bytes, sizeof(T));
          column.Set(r, number);
        }
      });
    }
  }
  return inserted_rows;
}

// ---- update

bool Table::IsAffected(int32_t index, std::span<const int32_t> columns) const {
  if (indexes_[static_cast<size_t>(index)]->needs_evaluator) return true;
  for (const IndexPart& part : schema_->indexes[static_cast<size_t>(index)].parts) {
    if (std::find(columns.begin(), columns.end(), part.column) != columns.end()) return true;
  }
  return false;
}

bool Table::ChangesKey(std::span<const int32_t> columns) const {
  return std::any_of(schema_->primary_key.begin(), schema_->primary_key.end(), [&](const IndexPart& part) {
    return std::find(columns.begin(), columns.end(), part.column) != columns.end();
  });
}

bool Table::UpdateNeedsAllRows(std::span<const int32_t> columns) const {
  if (ChangesKey(columns)) return true;
  for (size_t i = 0; i < indexes_.size(); ++i) {
    if (schema_->indexes[i].unique && IsAffected(static_cast<int32_t>(i), columns)) return true;
  }
  return false;
}

Status Table::DeleteEntry(txn::Transaction& transaction, int32_t index, Bytes entry) const {
  TURDB_ASSIGN_OR_RETURN(btree::Tree* const tree, IndexTree(index));
  TURDB_ASSIGN_OR_RETURN(const bool found, tree->Delete(transaction, entry, [](Bytes) {}));
  if (found) return absl::OkStatus();
  return MakeError(absl::StatusCode::kDataLoss, sqlstate::kIndexCorrupted,
                   absl::StrCat("index ", schema_->indexes[static_cast<size_t>(index)].name, " of ", schema_->qualified_name(),
                                " has no entry for a row that is there"));
}

// Copies the newest version, judged writable, to scratch.old_row.
StatusOr<bool> Table::CaptureNewest(txn::Transaction& transaction, Bytes row_key, Scratch& scratch) const {
  bool found = false;
  TURDB_RETURN_IF_ERROR(primary_
                            ->Update(transaction, row_key,
                                     [&](Bytes old, std::string*) -> StatusOr<bool> {
                                       scratch.old_row.assign(base::AsText(old));
                                       found = true;
                                       return false;
                                     })
                            .status());
  return found;
}

// Writes the new version; scratch.old_row and scratch.row are then what it was and is.
StatusOr<bool> Table::ReplaceRow(txn::Transaction& transaction, Bytes row_key, std::span<const int32_t> columns,
                                 std::span<const Cell> values, Scratch& scratch) const {
  RowEncoder& encoder = scratch.encoder;
  bool found = false, slow = false, patched = false;
  // Quick: the new version is made of the old one under the latch.
  TURDB_ASSIGN_OR_RETURN(const bool changed,
                         primary_->Update(transaction, row_key, [&](Bytes old, std::string* out) -> StatusOr<bool> {
                           found = true;
                           slow = false;
                           patched = encoder.Patch(old, columns, values, out);
                           if (patched) {
                             if (indexes_.empty()) return true;
                             scratch.old_row.assign(base::AsText(old));
                             scratch.row.assign(*out);
                             return true;
                           }
                           TURDB_RETURN_IF_ERROR(layouts_.Validate(old));
                           scratch.old_row.assign(base::AsText(old));
                           slow = IsElsewhere(old);
                           if (!slow) {
                             encoder.StartFrom(old);
                             for (size_t i = 0; i < columns.size(); ++i) encoder.Set(columns[i], values[i]);
                             slow = !encoder.Fits();
                           }
                           if (slow) return false;
                           scratch.row.clear();
                           encoder.Build(&scratch.row);
                           out->append(scratch.row);
                           return true;
                         }));
  if (!found) return false;
  if (patched) return true;
  // Slow: overflow chains are read and written outside, from a copy of the old version, which must still be the
  // newest when the new one goes in.
  bool done = changed;
  while (!done) {
    const std::string seen = scratch.old_row;
    TURDB_ASSIGN_OR_RETURN(const Bytes old, ResolveRow(base::AsBytes(seen), &scratch.old_whole));
    encoder.StartFrom(old);
    for (size_t i = 0; i < columns.size(); ++i) encoder.Set(columns[i], values[i]);
    if (!encoder.Fits()) TURDB_RETURN_IF_ERROR(encoder.MakeFit(*primary_, transaction));
    scratch.row.clear();
    encoder.Build(&scratch.row);
    found = false;
    TURDB_ASSIGN_OR_RETURN(done, primary_->Update(transaction, row_key, [&](Bytes now, std::string* out) -> StatusOr<bool> {
      found = true;
      scratch.old_row.assign(base::AsText(now));
      if (scratch.old_row != seen) return false;
      out->append(scratch.row);
      return true;
    }));
    if (!found) return false;
  }
  // Chains that only the old version refers to go when nobody can see it.
  Status status;
  const Bytes was = base::AsBytes(scratch.old_row), is = base::AsBytes(scratch.row);
  ForEachOverflow(layouts_, was, [&](btree::OverflowRef ref) {
    bool kept = false;
    ForEachOverflow(layouts_, is, [&](btree::OverflowRef other) { kept |= other.first_page == ref.first_page; });
    if (!kept && status.ok()) status = primary_->FreeOverflowLater(transaction, ref);
  });
  TURDB_RETURN_IF_ERROR(status);
  return true;
}

// Brings the entries of affected indexes from scratch.old_row to scratch.row.
StatusOr<bool> Table::ChangeIndexes(txn::Transaction& transaction, Bytes row_key, std::span<const int32_t> columns,
                                    bool uniques_removed, IndexEvaluator* evaluator, Scratch& scratch) const {
  const int32_t count = static_cast<int32_t>(indexes_.size());
  for (int32_t i = 0; i < count; ++i) {
    if (!IsAffected(i, columns)) continue;
    TURDB_ASSIGN_OR_RETURN(const Bytes old, ResolveRow(base::AsBytes(scratch.old_row), &scratch.old_whole));
    TURDB_ASSIGN_OR_RETURN(const Bytes now, ResolveRow(base::AsBytes(scratch.row), &scratch.whole));
    if (IsVectorIndex(i)) {
      TURDB_RETURN_IF_ERROR(ChangeVector(transaction, i, row_key, old, now, evaluator, scratch));
      continue;
    }
    bool was_in, is_in;
    TURDB_RETURN_IF_ERROR(EntryOf(i, row_key, old, evaluator, scratch, &scratch.old_entry, &was_in));
    TURDB_RETURN_IF_ERROR(EntryOf(i, row_key, now, evaluator, scratch, &scratch.entry, &is_in));
    const bool same = was_in && is_in && base::CompareBytes(scratch.old_entry.bytes(), scratch.entry.bytes()) == 0;
    if (same) continue;
    const bool unique = schema_->indexes[static_cast<size_t>(i)].unique;
    if (!unique && scratch.batch != nullptr) {
      if (was_in) scratch.batch->Add(i, scratch.old_entry.bytes(), false);
      if (is_in) scratch.batch->Add(i, scratch.entry.bytes(), true);
      continue;
    }
    if (was_in && !(unique && uniques_removed)) {
      TURDB_RETURN_IF_ERROR(DeleteEntry(transaction, i, scratch.old_entry.bytes()));
    }
    if (!is_in) continue;
    TURDB_ASSIGN_OR_RETURN(btree::Tree* const tree, IndexTree(i));
    TURDB_ASSIGN_OR_RETURN(const btree::Tree::InsertResult result,
                           tree->Insert(transaction, scratch.entry.bytes(), unique ? row_key : Bytes()));
    if (result == btree::Tree::InsertResult::kDuplicate) return DuplicateError(i, scratch.entry.bytes());
  }
  return true;
}

StatusOr<bool> Table::UpdateOne(txn::Transaction& transaction, Bytes row_key, std::span<const int32_t> columns,
                                std::span<const Cell> values, bool uniques_removed, IndexEvaluator* evaluator,
                                Scratch& scratch) const {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (values[i] == nullptr && schema_->columns[static_cast<size_t>(columns[i])].not_null) return NotNullError(columns[i]);
  }
  TURDB_ASSIGN_OR_RETURN(const bool found, ReplaceRow(transaction, row_key, columns, values, scratch));
  if (!found) return false;
  return ChangeIndexes(transaction, row_key, columns, uniques_removed, evaluator, scratch);
}

// The primary key is among the columns: the row is deleted and inserted, unless its key stays.
StatusOr<bool> Table::MoveRow(txn::Transaction& transaction, Bytes row_key, std::span<const int32_t> columns,
                              std::span<const Cell> values, IndexEvaluator* evaluator, Scratch& scratch) const {
  TURDB_ASSIGN_OR_RETURN(const bool found, CaptureNewest(transaction, row_key, scratch));
  if (!found) return false;
  // Copies that live through the delete, which uses the scratch too.
  const std::string captured = scratch.old_row;
  std::string whole;
  TURDB_ASSIGN_OR_RETURN(const Bytes old, ResolveRow(base::AsBytes(captured), &whole));
  std::vector<Cell> cells(schema_->columns.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    TURDB_RETURN_IF_ERROR(CellOf(static_cast<int32_t>(i), row_key, old, scratch, &cells[i]));
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    if (values[i] == nullptr && schema_->columns[static_cast<size_t>(columns[i])].not_null) return NotNullError(columns[i]);
    cells[static_cast<size_t>(columns[i])] = values[i];
  }
  std::vector<Cell> key_cells;
  for (const IndexPart& part : schema_->primary_key) key_cells.push_back(cells[static_cast<size_t>(part.column)]);
  if (EncodeRowKey(key_cells, &scratch.row_key) && base::CompareBytes(scratch.row_key.bytes(), row_key) == 0) {
    return UpdateOne(transaction, row_key, columns, values, false, evaluator, scratch);
  }
  WriteScratch inner(*this);  // `cells` point into this scratch
  TURDB_ASSIGN_OR_RETURN(const bool deleted, DeleteRow(transaction, row_key, evaluator, inner));
  if (!deleted) return false;
  return InsertRow(transaction, cells, OnDuplicate::kRaise, evaluator, inner);
}

StatusOr<bool> Table::UpdateRow(txn::Transaction& transaction, Bytes row_key, std::span<const int32_t> columns,
                                std::span<const Cell> values, IndexEvaluator* evaluator, WriteScratch& scratch) const {
  TURDB_CHECK_EQ(columns.size(), values.size());
  if (ChangesKey(columns)) return MoveRow(transaction, row_key, columns, values, evaluator, *scratch.state_);
  return UpdateOne(transaction, row_key, columns, values, false, evaluator, *scratch.state_);
}

// ---- delete

StatusOr<bool> Table::DeleteRow(txn::Transaction& transaction, Bytes row_key, IndexEvaluator* evaluator,
                                WriteScratch& scratch) const {
  Scratch& state = *scratch.state_;
  TURDB_ASSIGN_OR_RETURN(const bool found,
                         primary_->Delete(transaction, row_key, [&](Bytes old) { state.old_row.assign(base::AsText(old)); }));
  if (!found) return false;
  state_->rows.fetch_sub(1, std::memory_order_relaxed);
  TURDB_RETURN_IF_ERROR(layouts_.Validate(base::AsBytes(state.old_row)));
  const int32_t count = static_cast<int32_t>(indexes_.size());
  for (int32_t i = 0; i < count; ++i) {
    TURDB_ASSIGN_OR_RETURN(const Bytes row, ResolveRow(base::AsBytes(state.old_row), &state.old_whole));
    if (IsVectorIndex(i)) {
      TURDB_RETURN_IF_ERROR(RemoveVector(transaction, i, row_key, row, evaluator, state));
      continue;
    }
    bool in_index;
    TURDB_RETURN_IF_ERROR(EntryOf(i, row_key, row, evaluator, state, &state.old_entry, &in_index));
    if (!in_index) continue;
    if (state.batch != nullptr) {
      state.batch->Add(i, state.old_entry.bytes(), false);
    } else {
      TURDB_RETURN_IF_ERROR(DeleteEntry(transaction, i, state.old_entry.bytes()));
    }
  }
  Status status;
  std::string holder;
  const auto free_all = [&](Bytes row) {
    ForEachOverflow(layouts_, row, [&](btree::OverflowRef ref) {
      if (status.ok()) status = primary_->FreeOverflowLater(transaction, ref);
    });
  };
  const Bytes row = base::AsBytes(state.old_row);
  free_all(row);
  if (IsElsewhere(row)) {
    TURDB_ASSIGN_OR_RETURN(const Bytes whole, ResolveRow(row, &holder));
    free_all(whole);
  }
  TURDB_RETURN_IF_ERROR(status);
  return true;
}

}  // namespace turdb::table
