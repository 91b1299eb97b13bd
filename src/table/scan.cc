#include "table/scan.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "btree/cursor.h"
#include "vec/chunk.h"
#include "vec/vector.h"

namespace turdb::table {

using base::Bytes;
using base::Status;
using base::StatusOr;

namespace {

constexpr int64_t kSmallBudgetBytes = 16 << 20;

// What the values of overflow chains in one chunk may come to: a chunk of long texts must not be all there is.
class LongValues {
 public:
  LongValues(const Projection& projection, const base::MemoryBudget& budget)
      : most_bytes_(static_cast<uint64_t>(std::max<int64_t>(budget.limit_bytes() / 16, 64 << 10))),
        one_by_one_(budget.limit_bytes() < kSmallBudgetBytes &&
                    std::any_of(projection.types().begin(), projection.types().end(),
                                [](const vec::Type& type) { return type.physical() == vec::PhysicalType::kString; })) {}
  // How many of `count` rows to read before asking again.
  uint32_t Step(uint32_t count) const { return one_by_one_ ? 1 : count; }
  bool Enough(std::span<const Projection::FarValue> far) {
    for (; seen_ < far.size(); ++seen_) bytes_ += far[seen_].ref.size_bytes;
    return bytes_ >= most_bytes_;
  }

 private:
  const uint64_t most_bytes_;
  const bool one_by_one_;  // a leaf of references may stand for more than there is memory
  size_t seen_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace

// ---- rows

TableScan::TableScan(const Table& table, const Projection& projection, Bytes lower, Bytes upper, bool reverse)
    : table_(table), projection_(projection), cursor_(table.primary(), lower, upper), reverse_(reverse) {}

void TableScan::Reset(Bytes lower, Bytes upper) { cursor_.Reset(lower, upper); }

StatusOr<bool> TableScan::Next(const txn::View& view, uint32_t max_rows, vec::Chunk* out) {
  out->Reset();
  TURDB_ASSIGN_OR_RETURN(const uint32_t rows, Append(view, max_rows, out));
  return rows != 0;
}

StatusOr<uint32_t> TableScan::Append(const txn::View& view, uint32_t max_rows, vec::Chunk* out) {
  const uint32_t first = out->size();
  const uint32_t limit = first + std::min(max_rows, out->capacity() - first);
  far_.clear();
  uint32_t rows = first;
  Status status;
  const auto visit = [&](const btree::Entries& entries) {
    if (!status.ok()) return;
    const size_t far_before = far_.size();
    const auto count = static_cast<uint32_t>(entries.count);
    status = projection_.ReadRows(entries, out, rows, &far_);
    if (status.ok() && computation_ != nullptr) status = ComputeInLeaf(out, rows, count, far_before);
    rows += count;
  };
  LongValues long_values(projection_, table_.primary().budget());
  for (bool more = true; more && rows < limit && !long_values.Enough(far_);) {
    const uint32_t count = long_values.Step(limit - rows);
    TURDB_ASSIGN_OR_RETURN(more, reverse_ ? cursor_.Previous(view, count, visit) : cursor_.Next(view, count, visit));
    TURDB_RETURN_IF_ERROR(status);
  }
  out->set_size(rows);
  if (!far_.empty()) {
    TURDB_RETURN_IF_ERROR(projection_.FetchRows(table_.primary(), far_, out));
    if (computation_ != nullptr) TURDB_RETURN_IF_ERROR(ComputeFar(out));
  }
  return rows - first;
}

// All rows of the leaf but those of which something lies elsewhere.
Status TableScan::ComputeInLeaf(vec::Chunk* out, uint32_t first, uint32_t count, size_t far_before) {
  computed_.clear();
  const std::span<const Projection::FarValue> far = std::span(far_).subspan(far_before);
  for (uint32_t row = first; row < first + count; ++row) {
    const auto is_row = [row](const Projection::FarValue& value) { return value.row == row; };
    if (far.empty() || std::none_of(far.begin(), far.end(), is_row)) computed_.push_back(row);
  }
  if (computed_.empty()) return absl::OkStatus();
  return computation_->Compute(out, {computed_.data(), static_cast<uint32_t>(computed_.size())});
}

Status TableScan::ComputeFar(vec::Chunk* out) {
  computed_.clear();
  for (const Projection::FarValue& far : far_) computed_.push_back(far.row);
  std::sort(computed_.begin(), computed_.end());
  computed_.erase(std::unique(computed_.begin(), computed_.end()), computed_.end());
  return computation_->Compute(out, {computed_.data(), static_cast<uint32_t>(computed_.size())});
}

// ---- indexes

namespace {

// Where a wanted column is found in an index entry; -1: nowhere.
int32_t PartOfColumn(const IndexSchema& index, int32_t column) {
  for (size_t i = 0; i < index.parts.size(); ++i) {
    if (index.parts[i].column == column && KeyKeepsValue(index.parts[i].type)) return static_cast<int32_t>(i);
  }
  return -1;
}

int32_t KeyPartOfColumn(const TableSchema& schema, int32_t column) {
  for (size_t i = 0; i < schema.primary_key.size(); ++i) {
    if (schema.primary_key[i].column == column && KeyKeepsValue(schema.primary_key[i].type)) return static_cast<int32_t>(i);
  }
  return -1;
}

}  // namespace

struct IndexScan::State {
  State(const Table& t, int32_t i, const Projection& p, btree::Tree& tree, Bytes lower, Bytes upper, bool r)
      : table(t), index(i), projection(p), cursor(tree, lower, upper), reverse(r) {}

  const Table& table;
  int32_t index;
  const Projection& projection;
  btree::Cursor cursor;
  bool reverse;
  bool index_only = false;
  bool unique = false;
  // Index-only: by part, the output that it fills (-1: none); the same for the row key's parts.
  std::vector<int32_t> output_of_part;
  std::vector<int32_t> output_of_key_part;
  std::vector<int32_t> row_key_outputs, row_id_outputs;
  // Otherwise: the row keys of a chunk, one after the other.
  std::string row_keys;
  std::vector<uint32_t> row_key_ends;
  size_t rows_read = 0;  // of those; the rest comes with the next chunk
  RowBuffer row;

  Status ReadEntry(Bytes key, Bytes value, vec::Chunk* out, uint32_t at);
  Status CollectRowKey(Bytes key, Bytes value);
  StatusOr<Bytes> RowKeyOf(Bytes key, Bytes value, bool skip_parts) const;
};

// The row key of an entry; `key` begins at its first part, or behind its last one.
StatusOr<Bytes> IndexScan::State::RowKeyOf(Bytes key, Bytes value, bool skip_parts) const {
  if (unique) return value;
  if (skip_parts) {
    for (const KeyPart& part : table.key_parts(index)) {
      if (!SkipKeyPart(part, &key)) {
        return base::MakeError(
            absl::StatusCode::kDataLoss, base::sqlstate::kIndexCorrupted,
            absl::StrCat("an entry of index ", table.schema().indexes[static_cast<size_t>(index)].name, " is damaged"));
      }
    }
  }
  return key;
}

Status IndexScan::State::ReadEntry(Bytes key, Bytes value, vec::Chunk* out, uint32_t at) {
  const std::span<const KeyPart> parts = table.key_parts(index);
  for (size_t i = 0; i < parts.size(); ++i) {
    if (output_of_part[i] >= 0) {
      TURDB_RETURN_IF_ERROR(ReadKeyPart(parts[i], &key, &out->column(static_cast<size_t>(output_of_part[i])), at));
    } else if (!SkipKeyPart(parts[i], &key)) {
      return base::CorruptionError("an index entry is damaged");
    }
  }
  TURDB_ASSIGN_OR_RETURN(Bytes row_key, RowKeyOf(key, value, false));
  for (const int32_t output : row_key_outputs) out->column(static_cast<size_t>(output)).SetString(at, base::AsText(row_key));
  for (const int32_t output : row_id_outputs) {
    if (row_key.size() != 8) return base::CorruptionError("an index entry has no row key");
    const int64_t number = DecodeInt64Key(row_key.data());
    vec::Vector& column = out->column(static_cast<size_t>(output));
    vec::VisitPhysical(column.physical(), [&](auto tag) {
      using T = decltype(tag);
      if constexpr (std::is_integral_v<T>) column.Set(at, static_cast<T>(number));
    });
  }
  const std::span<const KeyPart> key_parts = table.key_parts(-1);
  for (size_t i = 0; i < output_of_key_part.size(); ++i) {
    if (output_of_key_part[i] >= 0) {
      TURDB_RETURN_IF_ERROR(ReadKeyPart(key_parts[i], &row_key, &out->column(static_cast<size_t>(output_of_key_part[i])), at));
    } else if (!SkipKeyPart(key_parts[i], &row_key)) {
      return base::CorruptionError("an index entry has no row key");
    }
  }
  return absl::OkStatus();
}

Status IndexScan::State::CollectRowKey(Bytes key, Bytes value) {
  TURDB_ASSIGN_OR_RETURN(const Bytes row_key, RowKeyOf(key, value, true));
  row_keys.append(base::AsText(row_key));
  row_key_ends.push_back(static_cast<uint32_t>(row_keys.size()));
  return absl::OkStatus();
}

bool IndexScan::IsIndexOnly(const TableSchema& schema, int32_t index, std::span<const int32_t> columns) {
  const IndexSchema& from = schema.indexes[static_cast<size_t>(index)];
  return std::all_of(columns.begin(), columns.end(), [&](int32_t column) {
    return column == kRowKeyColumn || column == kRowIdColumn || column == schema.key_column() ||
           PartOfColumn(from, column) >= 0 || KeyPartOfColumn(schema, column) >= 0;
  });
}

IndexScan::IndexScan(std::unique_ptr<State> state) : state_(std::move(state)) {}
IndexScan::~IndexScan() = default;

StatusOr<std::unique_ptr<IndexScan>> IndexScan::Open(const Table& table, int32_t index, const Projection& projection,
                                                     Bytes lower, Bytes upper, bool reverse) {
  TURDB_ASSIGN_OR_RETURN(btree::Tree* const tree, table.IndexTree(index));
  auto state = std::make_unique<State>(table, index, projection, *tree, lower, upper, reverse);
  const TableSchema& schema = table.schema();
  const IndexSchema& from = schema.indexes[static_cast<size_t>(index)];
  state->unique = from.unique;
  state->index_only = IsIndexOnly(schema, index, projection.columns());
  // One place fills at most one output; a column that is wanted twice is read from the row.
  state->output_of_part.assign(from.parts.size(), -1);
  state->output_of_key_part.assign(schema.key_form == KeyForm::kEncoded ? schema.primary_key.size() : 0, -1);
  for (size_t i = 0; state->index_only && i < projection.columns().size(); ++i) {
    const int32_t column = projection.columns()[i];
    const int32_t output = static_cast<int32_t>(i);
    if (column == kRowKeyColumn) {
      state->row_key_outputs.push_back(output);
    } else if (column == kRowIdColumn || column == schema.key_column()) {
      state->row_id_outputs.push_back(output);
    } else {
      const int32_t part = PartOfColumn(from, column);
      int32_t& place = part >= 0 ? state->output_of_part[static_cast<size_t>(part)]
                                 : state->output_of_key_part[static_cast<size_t>(KeyPartOfColumn(schema, column))];
      state->index_only = place < 0;
      place = output;
    }
  }
  return std::unique_ptr<IndexScan>(new IndexScan(std::move(state)));
}

void IndexScan::Reset(Bytes lower, Bytes upper) {
  state_->cursor.Reset(lower, upper);
  state_->row_key_ends.clear();
  state_->rows_read = 0;
}

StatusOr<bool> IndexScan::Next(const txn::View& view, uint32_t max_rows, vec::Chunk* out) {
  out->Reset();
  TURDB_ASSIGN_OR_RETURN(const uint32_t rows, Append(view, max_rows, out));
  return rows != 0;
}

StatusOr<uint32_t> IndexScan::Append(const txn::View& view, uint32_t max_rows, vec::Chunk* out) {
  State& state = *state_;
  const uint32_t first = out->size();
  const uint32_t limit = first + std::min(max_rows, out->capacity() - first);
  uint32_t rows = first;
  Status status;
  bool more = true;
  std::byte key[base::kMaxKeyBytes];
  const auto step = [&](uint32_t count, absl::FunctionRef<void(const btree::Entries&)> visit) {
    return state.reverse ? state.cursor.Previous(view, count, visit) : state.cursor.Next(view, count, visit);
  };
  if (state.index_only) {
    while (more && rows < limit) {
      TURDB_ASSIGN_OR_RETURN(more, step(limit - rows, [&](const btree::Entries& entries) {
                               for (size_t i = 0; i < entries.count; ++i) {
                                 if (status.ok()) status = state.ReadEntry(entries.key(i, key), entries.value(i), out, rows);
                                 ++rows;
                               }
                             }));
      TURDB_RETURN_IF_ERROR(status);
    }
    out->set_size(rows);
    return rows - first;
  }
  if (state.rows_read == state.row_key_ends.size()) {
    state.row_keys.clear();
    state.row_key_ends.clear();
    state.rows_read = 0;
  }
  while (more && state.rows_read == 0 && state.row_key_ends.size() < limit - first) {
    TURDB_ASSIGN_OR_RETURN(
        more, step(limit - first - static_cast<uint32_t>(state.row_key_ends.size()), [&](const btree::Entries& entries) {
          for (size_t i = 0; i < entries.count; ++i) {
            const Bytes entry_key = state.unique ? Bytes() : entries.key(i, key);
            if (status.ok()) status = state.CollectRowKey(entry_key, entries.value(i));
          }
        }));
    TURDB_RETURN_IF_ERROR(status);
  }
  std::vector<Projection::FarValue> far;
  LongValues long_values(state.projection, state.table.primary().budget());
  while (rows < limit && state.rows_read < state.row_key_ends.size() && !long_values.Enough(far)) {
    const uint32_t begin = state.rows_read == 0 ? 0 : state.row_key_ends[state.rows_read - 1];
    const uint32_t end = state.row_key_ends[state.rows_read++];
    const Bytes row_key = base::AsBytes(state.row_keys).subspan(begin, end - begin);
    TURDB_ASSIGN_OR_RETURN(const bool found, state.table.primary().Get(view, row_key, [&](Bytes row) {
      const btree::OneEntry entry(row_key, row);
      status = state.projection.ReadRows(entry.entries(), out, rows, &far);
    }));
    TURDB_RETURN_IF_ERROR(status);
    // An entry that the view sees has a row that it sees (kernel rule 5).
    if (!found) {
      return base::MakeError(absl::StatusCode::kDataLoss, base::sqlstate::kIndexCorrupted,
                             absl::StrCat("index ", state.table.schema().indexes[static_cast<size_t>(state.index)].name,
                                          " has an entry for a row that is not there"));
    }
    ++rows;
  }
  out->set_size(rows);
  if (!far.empty()) TURDB_RETURN_IF_ERROR(state.projection.FetchRows(state.table.primary(), far, out));
  return rows - first;
}

// ---- rows by key

StatusOr<bool> RowLookup::Append(const txn::View& view, Bytes key, vec::Chunk* out) {
  if (index_ >= 0) {
    TURDB_ASSIGN_OR_RETURN(const bool in_index, table_.FindUnique(view, index_, key, &row_key_));
    if (!in_index) return false;
    key = row_key_.bytes();
  }
  far_.clear();
  Status status;
  TURDB_ASSIGN_OR_RETURN(const bool found, table_.primary().Get(view, key, [&](Bytes row) {
    const btree::OneEntry entry(key, row);
    status = projection_.ReadRows(entry.entries(), out, out->size(), &far_);
  }));
  TURDB_RETURN_IF_ERROR(status);
  if (!found) return false;
  out->set_size(out->size() + 1);
  if (!far_.empty()) TURDB_RETURN_IF_ERROR(projection_.FetchRows(table_.primary(), far_, out));
  return true;
}

}  // namespace turdb::table
