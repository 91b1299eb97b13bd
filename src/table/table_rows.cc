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

std::span<const EntryBatch::Entry> EntryBatch::Sorted() {
  std::sort(entries_.begin(), entries_.end(), [this](const Entry& a, const Entry& b) {
    if (a.index != b.index) return a.index < b.index;
    return base::CompareBytes(KeyOf(a), KeyOf(b)) < 0;
  });
  return entries_;
}

// A 64th of the memory, so that a batch holds many entries of a leaf where versions have to be moved in and out.
bool Table::IsFull(const EntryBatch& batch) const {
  const int64_t limit = std::clamp<int64_t>(store_.storage().budget().limit_bytes() / 64, 64 << 10, 1 << 20);
  return batch.size_bytes() >= static_cast<size_t>(limit);
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

// Until the result goes, changes of entries wait in the scratch. What an error has left there is forgotten.
auto BatchEntries(auto& state) {
  state.spare_batch.Clear();
  state.batch = &state.spare_batch;
  return [&state] { state.batch = nullptr; };
}

// A row on its way from one key to another.
struct MovingRow {
  std::string row_key;
  std::vector<std::string> values;  // by column; bytes of the physical value or of the string
  std::vector<bool> nulls;
};

}  // namespace

Status Table::DeleteRows(txn::Transaction& transaction, const vec::VectorView& row_keys, vec::Rows rows,
                         IndexEvaluator* evaluator, WriteScratch& scratch, vec::SelectionVector* deleted) const {
  Scratch& state = *scratch.state_;
  const absl::Cleanup unbatched = BatchEntries(state);
  for (uint32_t i = 0; i < rows.count; ++i) {
    TURDB_ASSIGN_OR_RETURN(const bool found, DeleteRow(transaction, KeyOfRow(row_keys, rows[i]), evaluator, scratch));
    if (found) deleted->Append(rows[i]);
    if (IsFull(*state.batch)) TURDB_RETURN_IF_ERROR(ApplyBatch(transaction, *state.batch));
  }
  return ApplyBatch(transaction, *state.batch);
}

StatusOr<int64_t> Table::UpdateRows(txn::Transaction& transaction, std::span<const UpdateBatch> batches,
                                    std::span<const int32_t> columns, IndexEvaluator* evaluator, WriteScratch& scratch) const {
  Scratch& state = *scratch.state_;
  const bool changes_key = ChangesKey(columns);
  const bool all_rows = UpdateNeedsAllRows(columns);
  std::vector<Cell> values(columns.size());
  const auto for_each = [&](absl::FunctionRef<Status(Bytes row_key)> change) -> Status {
    for (const UpdateBatch& batch : batches) {
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
    return absl::OkStatus();
  };
  int64_t changed = 0;
  const auto update_one = [&](Bytes row_key) -> Status {
    TURDB_ASSIGN_OR_RETURN(const bool found, UpdateOne(transaction, row_key, columns, values, all_rows, evaluator, state));
    changed += static_cast<int64_t>(found);
    return IsFull(*state.batch) ? ApplyBatch(transaction, *state.batch) : absl::OkStatus();
  };
  const auto update_all = [&]() -> StatusOr<int64_t> {
    const absl::Cleanup unbatched = BatchEntries(state);
    TURDB_RETURN_IF_ERROR(for_each(update_one));
    TURDB_RETURN_IF_ERROR(ApplyBatch(transaction, *state.batch));
    return changed;
  };
  if (!all_rows) return update_all();
  if (!changes_key) {
    // First every old entry of the unique indexes goes, then the rows change.
    TURDB_RETURN_IF_ERROR(for_each([&](Bytes row_key) -> Status {
      TURDB_ASSIGN_OR_RETURN(const bool found, CaptureNewest(transaction, row_key, state));
      if (!found) return absl::OkStatus();
      TURDB_ASSIGN_OR_RETURN(const Bytes old, ResolveRow(base::AsBytes(state.old_row), &state.old_whole));
      state.encoder.StartFrom(old);
      for (size_t c = 0; c < columns.size(); ++c) state.encoder.Set(columns[c], values[c]);
      state.row.clear();
      state.encoder.BuildWhole(&state.row);
      for (size_t i = 0; i < indexes_.size(); ++i) {
        const int32_t index = static_cast<int32_t>(i);
        if (!schema_->indexes[i].unique || !IsAffected(index, columns)) continue;
        bool was_in, is_in;
        TURDB_RETURN_IF_ERROR(EntryOf(index, row_key, old, evaluator, state, &state.old_entry, &was_in));
        TURDB_RETURN_IF_ERROR(EntryOf(index, row_key, base::AsBytes(state.row), evaluator, state, &state.entry, &is_in));
        const bool same = was_in && is_in && base::CompareBytes(state.old_entry.bytes(), state.entry.bytes()) == 0;
        if (was_in && !same) TURDB_RETURN_IF_ERROR(DeleteEntry(transaction, index, state.old_entry.bytes()));
      }
      return absl::OkStatus();
    }));
    return update_all();
  }
  // First every row goes, then they come back under their new keys.
  std::vector<MovingRow> moving;
  TURDB_RETURN_IF_ERROR(for_each([&](Bytes row_key) -> Status {
    TURDB_ASSIGN_OR_RETURN(const bool found, CaptureNewest(transaction, row_key, state));
    if (!found) return absl::OkStatus();
    TURDB_ASSIGN_OR_RETURN(const Bytes old, ResolveRow(base::AsBytes(state.old_row), &state.old_whole));
    MovingRow& row = moving.emplace_back();
    row.values.resize(schema_->columns.size());
    row.nulls.resize(schema_->columns.size());
    for (size_t c = 0; c < schema_->columns.size(); ++c) {
      Cell cell;
      TURDB_RETURN_IF_ERROR(CellOf(static_cast<int32_t>(c), row_key, old, state, &cell));
      const auto changed_column = std::find(columns.begin(), columns.end(), static_cast<int32_t>(c));
      if (changed_column != columns.end()) cell = values[static_cast<size_t>(changed_column - columns.begin())];
      row.nulls[c] = cell == nullptr;
      if (cell == nullptr) {
        if (schema_->columns[c].not_null) return NotNullError(static_cast<int32_t>(c));
        continue;
      }
      if (schema_->columns[c].type.physical() == vec::PhysicalType::kString) {
        vec::StringView view;
        std::memcpy(&view, cell, sizeof(view));
        row.values[c].assign(view.data(), view.size());
      } else {
        row.values[c].assign(static_cast<const char*>(cell), schema_->columns[c].type.width());
      }
    }
    return DeleteRow(transaction, row_key, evaluator, scratch).status();
  }));
  std::vector<Cell> cells(schema_->columns.size());
  std::vector<vec::StringView> views(schema_->columns.size());
  for (const MovingRow& row : moving) {
    for (size_t c = 0; c < cells.size(); ++c) {
      views[c] = vec::StringView(std::string_view(row.values[c]));
      const bool text = schema_->columns[c].type.physical() == vec::PhysicalType::kString;
      cells[c] = row.nulls[c] ? nullptr : text ? static_cast<Cell>(&views[c]) : row.values[c].data();
    }
    TURDB_ASSIGN_OR_RETURN(const bool inserted, InsertRow(transaction, cells, OnDuplicate::kRaise, evaluator, scratch));
    changed += static_cast<int64_t>(inserted);
  }
  return changed;
}

}  // namespace turdb::table
