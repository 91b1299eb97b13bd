// Updates and deletes of many rows at once.
#include <algorithm>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "base/check.h"
#include "table/table.h"
#include "table/table_state.h"
#include "table/table_store.h"
#include "txn/transaction.h"
#include "vec/chunk.h"
#include "vec/vector.h"

namespace turdb::table {

using base::Bytes;
using base::Status;
using base::StatusOr;

EntryBatch::EntryBatch(base::MemoryBudget& budget)
    : reserved_(budget),
      headroom_bytes_(budget.limit_bytes() / 8),
      most_bytes_(static_cast<size_t>(std::clamp<int64_t>(budget.limit_bytes() / 12, 64 << 10, 1 << 20))) {}

void EntryBatch::Add(int32_t index, Bytes entry, bool insert) {
  // In small steps, so that what IsFull finds has not grown much beyond what is reserved.
  if (bytes_.capacity() - bytes_.size() < entry.size()) bytes_.reserve(bytes_.size() + entry.size() + kStepBytes);
  if (entries_.size() == entries_.capacity()) entries_.reserve(entries_.size() + kStepBytes / sizeof(Entry));
  entries_.push_back(
      {static_cast<uint32_t>(bytes_.size()), static_cast<uint16_t>(entry.size()), static_cast<uint16_t>(index), insert});
  bytes_.append(base::AsText(entry));
}

bool EntryBatch::IsFull() {
  const int64_t more = static_cast<int64_t>(held_bytes()) - reserved_.bytes();
  if (more > 0) {
    const base::MemoryBudget& budget = *reserved_.budget();
    if (budget.used_bytes() + more > budget.limit_bytes() - headroom_bytes_ || !reserved_.TryGrow(more)) return true;
  }
  return bytes_.size() + entries_.size() * sizeof(Entry) >= most_bytes_;
}

void EntryBatch::Clear() {
  entries_.clear();
  bytes_.clear();
  if (static_cast<int64_t>(held_bytes()) > std::max<int64_t>(reserved_.bytes(), kKeepBytes)) Release();
}

void EntryBatch::Release() {
  entries_ = std::vector<Entry>();
  bytes_ = std::string();
  reserved_.Reset();
}

std::span<const EntryBatch::Entry> EntryBatch::Sorted() {
  std::sort(entries_.begin(), entries_.end(), [this](const Entry& a, const Entry& b) {
    if (a.index != b.index) return a.index < b.index;
    return base::CompareBytes(KeyOf(a), KeyOf(b)) < 0;
  });
  return entries_;
}

Status Table::ApplyBatch(txn::Transaction& transaction, EntryBatch& batch) const {
  for (const EntryBatch::Entry& entry : batch.Sorted()) {
    if (!entry.insert) {
      TURDB_RETURN_IF_ERROR(DeleteEntry(transaction, entry.index, batch.KeyOf(entry)));
      continue;
    }
    TURDB_ASSIGN_OR_RETURN(btree::Tree* const tree, IndexTree(entry.index));
    TURDB_ASSIGN_OR_RETURN(const btree::Tree::InsertResult result, tree->Insert(transaction, batch.KeyOf(entry), Bytes()));
    if (result == btree::Tree::InsertResult::kDuplicate) return DuplicateError(entry.index, batch.KeyOf(entry));
  }
  batch.Clear();
  return absl::OkStatus();
}

namespace {

Bytes KeyOfRow(const vec::VectorView& view, size_t row) {
  const auto& key = view.Get<vec::StringView>(row);
  return {reinterpret_cast<const std::byte*>(key.data()), key.size()};
}

// Until the result goes, changes of entries wait in the scratch.
auto BatchEntries(auto& state) {
  state.batch = &state.waiting;
  return [&state] { state.batch = nullptr; };
}

}  // namespace

Status Table::DeleteRows(txn::Transaction& transaction, const vec::VectorView& row_keys, vec::Rows rows,
                         IndexEvaluator* evaluator, WriteScratch& scratch, vec::SelectionVector* deleted) const {
  Scratch& state = *scratch.state_;
  const absl::Cleanup unbatched = BatchEntries(state);
  for (uint32_t i = 0; i < rows.count; ++i) {
    TURDB_ASSIGN_OR_RETURN(const bool found, DeleteRow(transaction, KeyOfRow(row_keys, rows[i]), evaluator, scratch));
    if (found) deleted->Append(rows[i]);
    if (state.waiting.IsFull()) TURDB_RETURN_IF_ERROR(ApplyBatch(transaction, state.waiting));
  }
  return absl::OkStatus();
}

Status Table::FinishRows(txn::Transaction& transaction, WriteScratch& scratch) const {
  TURDB_RETURN_IF_ERROR(ApplyBatch(transaction, scratch.state_->waiting));
  scratch.state_->waiting.Release();
  return absl::OkStatus();
}

StatusOr<int64_t> Table::UpdateRows(txn::Transaction& transaction, UpdateBatches& batches, std::span<const int32_t> columns,
                                    IndexEvaluator* evaluator, WriteScratch& scratch) const {
  Scratch& state = *scratch.state_;
  const bool all_rows = UpdateNeedsAllRows(columns);
  std::vector<Cell> values(columns.size());
  const auto for_each = [&](absl::FunctionRef<Status(Bytes row_key)> change) -> Status {
    TURDB_RETURN_IF_ERROR(batches.Rewind());
    for (UpdateBatch batch;;) {
      TURDB_ASSIGN_OR_RETURN(const bool more, batches.Next(&batch));
      if (!more) return absl::OkStatus();
      TURDB_CHECK_EQ(batch.values->column_count(), columns.size());
      const vec::VectorView keys = batch.row_keys->View();
      std::vector<vec::VectorView> views;
      for (size_t c = 0; c < columns.size(); ++c) views.push_back(batch.values->column(c).View());
      for (uint32_t r = 0; r < batch.values->size(); ++r) {
        for (size_t c = 0; c < columns.size(); ++c) {
          values[c] = RowOf(views[c], batch.values->column(c).type().width(), r);
        }
        TURDB_RETURN_IF_ERROR(change(KeyOfRow(keys, r)));
      }
    }
  };
  int64_t changed = 0;
  if (ChangesKey(columns)) {
    // First every row goes, then they come back under their new keys.
    {
      const absl::Cleanup unbatched = BatchEntries(state);
      TURDB_RETURN_IF_ERROR(for_each([&](Bytes row_key) -> Status {
        TURDB_RETURN_IF_ERROR(DeleteRow(transaction, row_key, evaluator, scratch).status());
        return state.waiting.IsFull() ? ApplyBatch(transaction, state.waiting) : absl::OkStatus();
      }));
      TURDB_RETURN_IF_ERROR(ApplyBatch(transaction, state.waiting));
    }
    WriteScratch inner(*this);  // what is inserted points into `scratch`
    TURDB_RETURN_IF_ERROR(for_each([&](Bytes row_key) -> Status {
      TURDB_ASSIGN_OR_RETURN(const bool inserted, InsertMoved(transaction, row_key, columns, values, evaluator, state, inner));
      changed += static_cast<int64_t>(inserted);
      return absl::OkStatus();
    }));
    return changed;
  }
  if (all_rows) {
    // First every old entry of the unique indexes goes, then the rows change.
    TURDB_RETURN_IF_ERROR(for_each([&](Bytes row_key) -> Status {
      TURDB_RETURN_IF_ERROR(DeleteUniqueEntries(transaction, row_key, columns, values, evaluator, state));
      return state.waiting.IsFull() ? ApplyBatch(transaction, state.waiting) : absl::OkStatus();
    }));
    TURDB_RETURN_IF_ERROR(ApplyBatch(transaction, state.waiting));
  }
  const absl::Cleanup unbatched = BatchEntries(state);
  TURDB_RETURN_IF_ERROR(for_each([&](Bytes row_key) -> Status {
    TURDB_ASSIGN_OR_RETURN(const bool found, UpdateOne(transaction, row_key, columns, values, all_rows, evaluator, state));
    changed += static_cast<int64_t>(found);
    return state.waiting.IsFull() ? ApplyBatch(transaction, state.waiting) : absl::OkStatus();
  }));
  return changed;
}

// Lets those entries of the row in unique indexes wait to be deleted that its new values change.
Status Table::DeleteUniqueEntries(txn::Transaction& transaction, Bytes row_key, std::span<const int32_t> columns,
                                  std::span<const Cell> values, IndexEvaluator* evaluator, Scratch& scratch) const {
  TURDB_ASSIGN_OR_RETURN(const bool found, CaptureNewest(transaction, row_key, scratch));
  if (!found) return absl::OkStatus();
  TURDB_ASSIGN_OR_RETURN(const Bytes old, ResolveRow(base::AsBytes(scratch.old_row), &scratch.old_whole));
  scratch.encoder.StartFrom(old);
  for (size_t c = 0; c < columns.size(); ++c) scratch.encoder.Set(columns[c], values[c]);
  scratch.row.clear();
  scratch.encoder.BuildWhole(&scratch.row);
  for (size_t i = 0; i < indexes_.size(); ++i) {
    const int32_t index = static_cast<int32_t>(i);
    if (!schema_->indexes[i].unique || !IsAffected(index, columns)) continue;
    bool was_in, is_in;
    TURDB_RETURN_IF_ERROR(EntryOf(index, row_key, old, evaluator, scratch, &scratch.old_entry, &was_in));
    TURDB_RETURN_IF_ERROR(EntryOf(index, row_key, base::AsBytes(scratch.row), evaluator, scratch, &scratch.entry, &is_in));
    const bool same = was_in && is_in && base::CompareBytes(scratch.old_entry.bytes(), scratch.entry.bytes()) == 0;
    if (was_in && !same) scratch.waiting.Add(index, scratch.old_entry.bytes(), false);
  }
  return absl::OkStatus();
}

// Inserts a row that this statement deleted, as it was before, with new values. False: there was none. The statement does
// not see its own changes, so it finds the row where it was.
StatusOr<bool> Table::InsertMoved(txn::Transaction& transaction, Bytes row_key, std::span<const int32_t> columns,
                                  std::span<const Cell> values, IndexEvaluator* evaluator, Scratch& scratch,
                                  WriteScratch& inner) const {
  TURDB_ASSIGN_OR_RETURN(const bool found, primary_->Get(transaction.view(), row_key,
                                                         [&](Bytes row) { scratch.old_row.assign(base::AsText(row)); }));
  if (!found) return false;
  TURDB_ASSIGN_OR_RETURN(const Bytes old, ResolveRow(base::AsBytes(scratch.old_row), &scratch.old_whole));
  std::vector<Cell>& cells = scratch.cells;
  cells.resize(schema_->columns.size());
  for (size_t c = 0; c < cells.size(); ++c) {
    const int32_t column = static_cast<int32_t>(c);
    const auto changed = std::find(columns.begin(), columns.end(), column);
    if (changed != columns.end()) {
      cells[c] = values[static_cast<size_t>(changed - columns.begin())];
      if (cells[c] == nullptr && schema_->columns[c].not_null) return NotNullError(column);
    } else {
      TURDB_RETURN_IF_ERROR(CellOf(column, row_key, old, scratch, &cells[c]));
    }
  }
  return InsertRow(transaction, cells, OnDuplicate::kRaise, evaluator, inner);
}

}  // namespace turdb::table
