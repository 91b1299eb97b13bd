#include "exec/held_rows.h"

#include "base/bytes.h"

namespace turdb::exec {

using base::Status;
using base::StatusOr;

namespace {
constexpr std::string_view kPurpose = "keeping a cursor's rows over COMMIT";
}  // namespace

HeldRows::HeldRows(std::span<const vec::Type> types, uint32_t capacity, base::MemoryBudget* budget)
    : layout_(types),
      budget_(budget),
      memory_(types, capacity, budget),
      out_(types, capacity, budget),
      columns_(types.size()) {}

Status HeldRows::Append(Runtime& runtime, const vec::Chunk& chunk, vec::Rows rows) {
  for (size_t c = 0; c < columns_.size(); ++c) columns_[c] = &chunk.column(c);
  if (file_ == nullptr) {
    Status kept = memory_.Append(columns_, rows, kPurpose);
    if (kept.ok() || base::GetSqlState(kept) != base::sqlstate::kOutOfMemory) return kept;
    TURDB_ASSIGN_OR_RETURN(file_, SpillFile::Create(runtime, kPurpose));
  }
  for (uint32_t i = 0; i < rows.count; ++i) {
    EncodeRow(layout_, columns_, rows[i], &record_);
    TURDB_RETURN_IF_ERROR(file_->Append(base::AsBytes(record_)));
  }
  return absl::OkStatus();
}

Status HeldRows::FinishWriting() {
  if (file_ == nullptr) return absl::OkStatus();
  TURDB_RETURN_IF_ERROR(file_->FinishWriting());
  scan_ = std::make_unique<SpillScan>(*file_, layout_, budget_);
  return absl::OkStatus();
}

StatusOr<const vec::Chunk*> HeldRows::Next() {
  if (memory_.Scan(&position_, out_.capacity(), &out_) > 0) return &out_;
  if (scan_ == nullptr) return nullptr;
  TURDB_ASSIGN_OR_RETURN(const bool more, scan_->Next(&out_));
  return more ? &out_ : nullptr;
}

}  // namespace turdb::exec
