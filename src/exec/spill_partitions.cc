#include "exec/spill_partitions.h"

#include <cstring>

#include "exec/key_range.h"
#include "table/row_codec.h"

namespace turdb::exec {

using base::Status;
using base::StatusOr;
using vec::Rows;

Status SpillPartitions::Append(Runtime& runtime, Columns columns, Rows rows, const uint64_t* hashes,
                               std::span<const uint32_t> positions) {
  const size_t count = positions.empty() ? rows.count : positions.size();
  for (size_t k = 0; k < count; ++k) {
    const uint32_t i = positions.empty() ? static_cast<uint32_t>(k) : positions[k];
    std::unique_ptr<SpillFile>& file = files_[PartitionOf(hashes[i])];
    if (file == nullptr) {
      TURDB_ASSIGN_OR_RETURN(file, SpillFile::Create(runtime, purpose_));
    }
    EncodeRow(layout_, columns, rows[i], &bytes_);
    TURDB_RETURN_IF_ERROR(file->Append(base::AsBytes(bytes_)));
  }
  return absl::OkStatus();
}

Status SpillPartitions::FinishWriting() {
  for (const std::unique_ptr<SpillFile>& file : files_) {
    if (file != nullptr) TURDB_RETURN_IF_ERROR(file->FinishWriting());
  }
  return absl::OkStatus();
}

int64_t SpillPartitions::size_bytes() const {
  uint64_t bytes = 0;
  for (const std::unique_ptr<SpillFile>& file : files_) bytes += file == nullptr ? 0 : file->size_bytes();
  return static_cast<int64_t>(bytes);
}

Status SpilledParts::Take(std::unique_ptr<SpillPartitions>* partitions, uint32_t level, int64_t* spilled_bytes) {
  if (*partitions == nullptr) return absl::OkStatus();
  TURDB_RETURN_IF_ERROR((*partitions)->FinishWriting());
  *spilled_bytes += (*partitions)->size_bytes();
  for (uint32_t p = 0; p < SpillPartitions::kCount; ++p) {
    if (std::unique_ptr<SpillFile> file = (*partitions)->Take(p)) parts_.push_back({std::move(file), level + 1});
  }
  partitions->reset();
  return absl::OkStatus();
}

SpilledParts::Part SpilledParts::Pop() {
  Part part = std::move(parts_.back());
  parts_.pop_back();
  return part;
}

StatusOr<bool> SpillScan::Next(vec::Chunk* out) {
  out->Reset();
  record_.resize(layout_.row_bytes());
  uint32_t count = 0;
  while (count < out->capacity()) {
    base::Bytes bytes;
    TURDB_ASSIGN_OR_RETURN(const bool more, reader_.Next(&bytes));
    if (!more) break;
    DecodeRecord(layout_, bytes, record_.data());
    for (size_t c = 0; c < layout_.column_count(); ++c) CopyRecordCell(layout_, record_.data(), c, &out->column(c), count);
    ++count;
  }
  out->set_size(count);
  return count != 0;
}

void CopyRecordCell(const RowLayout& layout, const std::byte* record, size_t column, vec::Vector* to, size_t row) {
  table::Slot slot;
  slot.is_null = !RowLayout::IsValid(record, column);
  std::memcpy(slot.fixed, record + layout.offset(column), layout.type(column).width());
  CopySlot(slot, to, row);
}

}  // namespace turdb::exec
