#include "exec/materialized_rows.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"

namespace turdb::exec {

using base::Status;
using base::StatusOr;

MaterializedRows::MaterializedRows(std::span<const vec::Type> types, uint32_t capacity, base::MemoryBudget* budget,
                                   std::string_view purpose, double headroom)
    : purpose_(purpose),
      budget_(budget),
      store_(RowLayout(types), budget, headroom),
      reserved_(*budget),
      pointers_(capacity),
      columns_(types.size()) {}

Status MaterializedRows::Append(Runtime& runtime, const Batch& batch) {
  for (size_t c = 0; c < columns_.size(); ++c) columns_[c] = &batch.chunk->column(c);
  return Append(runtime, columns_, batch.rows);
}

Status MaterializedRows::Append(Runtime& runtime, Columns columns, vec::Rows rows) {
  // Who fills them and who reads them may have chunks of other sizes: deferred checks outlive their statement.
  if (rows.count > pointers_.size()) pointers_.resize(rows.count);
  if (file_ == nullptr) {
    if (store_.TryAppend(columns, rows, pointers_.data())) return absl::OkStatus();
    if (!SpillFile::CanCreate(runtime)) {
      return base::OutOfMemoryError(absl::StrCat(purpose_, " needs more memory than memory_limit leaves (",
                                                 store_.reserved_bytes(), " bytes for ", store_.size(), " rows so far)"));
    }
    TURDB_RETURN_IF_ERROR(reserved_.Grow(SpillFile::WriteBufferBytes(*budget_), purpose_));
    TURDB_ASSIGN_OR_RETURN(file_, SpillFile::Create(runtime, purpose_));
  }
  for (uint32_t i = 0; i < rows.count; ++i) {
    EncodeRow(store_.layout(), columns, rows[i], &record_);
    TURDB_RETURN_IF_ERROR(file_->Append(base::AsBytes(record_)));
  }
  return absl::OkStatus();
}

void MaterializedRows::Reset() {
  store_.Reset(kKeepBytes);
  file_.reset();
  reserved_.Reset();
}

StatusOr<uint32_t> MaterializedRows::Scan(Cursor* cursor, vec::Chunk* out) {
  out->Reset();
  const uint32_t limit = std::min(out->capacity(), static_cast<uint32_t>(pointers_.size()));
  const uint32_t count = store_.Scan(&cursor->position_, limit, pointers_.data());
  if (count == 0 && file_ != nullptr) {
    if (cursor->scan_ == nullptr) cursor->scan_ = std::make_unique<SpillScan>(*file_, store_.layout(), budget_);
    TURDB_RETURN_IF_ERROR(cursor->scan_->Next(out).status());
    return out->size();
  }
  for (size_t c = 0; c < columns_.size(); ++c) {
    RowStore::Gather(store_.layout(), c, pointers_.data(), count, &out->column(c));
  }
  out->set_size(count);
  return count;
}

}  // namespace turdb::exec
