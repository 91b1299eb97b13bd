#include "exec/materialized_rows.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace turdb::exec {

using base::Status;

MaterializedRows::MaterializedRows(std::span<const vec::Type> types, uint32_t capacity, base::MemoryBudget* budget)
    : store_(RowLayout(types), budget), pointers_(capacity), columns_(types.size()) {}

Status MaterializedRows::Append(const Batch& batch, std::string_view purpose) {
  for (size_t c = 0; c < columns_.size(); ++c) columns_[c] = &batch.chunk->column(c);
  return Append(columns_, batch.rows, purpose);
}

Status MaterializedRows::Append(Columns columns, vec::Rows rows, std::string_view purpose) {
  if (store_.TryAppend(columns, rows, pointers_.data())) return absl::OkStatus();
  return base::OutOfMemoryError(absl::StrCat(purpose, " needs more memory than memory_limit leaves (", store_.reserved_bytes(),
                                             " bytes for ", store_.size(), " rows so far)"));
}

uint32_t MaterializedRows::Scan(Position* position, uint32_t limit, vec::Chunk* out) {
  out->Reset();
  const uint32_t count = store_.Scan(position, std::min(limit, out->capacity()), pointers_.data());
  for (size_t c = 0; c < columns_.size(); ++c) {
    RowStore::Gather(store_.layout(), c, pointers_.data(), count, &out->column(c));
  }
  out->set_size(count);
  return count;
}

}  // namespace turdb::exec
