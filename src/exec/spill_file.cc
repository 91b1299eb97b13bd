#include "exec/spill_file.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "vec/scalar.h"

namespace turdb::exec {

using base::Status;
using base::StatusOr;

namespace {
constexpr std::string_view kNamePrefix = "spill-";
constexpr std::string_view kNameSuffix = ".tmp";
}  // namespace

bool SpillFile::IsName(std::string_view name) {
  return absl::StartsWith(name, kNamePrefix) && absl::EndsWith(name, kNameSuffix);
}

StatusOr<std::unique_ptr<SpillFile>> SpillFile::Create(Runtime& runtime, std::string_view purpose) {
  const ExecutionContext& context = *runtime.context;
  if (context.environment == nullptr || context.spill_directory.empty()) {
    return base::OutOfMemoryError(
        absl::StrCat(purpose, " needs more memory than memory_limit leaves, and there is no directory to spill to"));
  }
  std::array<std::byte, 12> random;
  context.environment->entropy->Fill(random);
  const std::string path = os::JoinPath(context.spill_directory,
                                        absl::StrCat(kNamePrefix, absl::BytesToHexString(base::AsText(random)), kNameSuffix));
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<os::File> file, context.environment->files->Open(path, os::OpenMode::kCreate));
  return std::unique_ptr<SpillFile>(
      new SpillFile(context.environment->files, std::move(file), WriteBufferBytes(*runtime.budget), context.spilled_bytes));
}

SpillFile::~SpillFile() {
  const std::string path = file_->path();
  file_.reset();
  // What cannot be removed now is removed when the database opens again.
  files_->Remove(path).IgnoreError();
}

Status SpillFile::Append(base::Bytes record) {
  const auto length = static_cast<uint32_t>(record.size());
  const auto* length_bytes = reinterpret_cast<const std::byte*>(&length);
  buffer_.insert(buffer_.end(), length_bytes, length_bytes + sizeof(length));
  buffer_.insert(buffer_.end(), record.begin(), record.end());
  size_bytes_ += sizeof(length) + record.size();
  ++record_count_;
  return buffer_.size() >= write_buffer_bytes_ ? Flush() : absl::OkStatus();
}

Status SpillFile::Flush() {
  if (buffer_.empty()) return absl::OkStatus();
  TURDB_RETURN_IF_ERROR(file_->Write(size_bytes_ - buffer_.size(), buffer_));
  if (counted_ != nullptr) counted_->fetch_add(static_cast<int64_t>(buffer_.size()), std::memory_order_relaxed);
  buffer_.clear();
  return absl::OkStatus();
}

Status SpillFile::FinishWriting() {
  TURDB_RETURN_IF_ERROR(Flush());
  buffer_ = std::vector<std::byte>();
  return absl::OkStatus();
}

// What is not in the file yet is in the buffer.
Status SpillFile::Read(uint64_t offset, base::MutableBytes into) const {
  const uint64_t in_file = size_bytes_ - buffer_.size();
  const size_t from_file = offset >= in_file ? 0 : std::min<uint64_t>(into.size(), in_file - offset);
  if (from_file > 0) TURDB_RETURN_IF_ERROR(file_->Read(offset, into.first(from_file)));
  const size_t from_buffer = into.size() - from_file;
  if (from_buffer > 0) std::memcpy(into.data() + from_file, buffer_.data() + (offset + from_file - in_file), from_buffer);
  return absl::OkStatus();
}

StatusOr<bool> SpillFile::Reader::Next(base::Bytes* record) {
  uint32_t length = 0;
  TURDB_RETURN_IF_ERROR(Fill(sizeof(length)));
  if (end_ - begin_ < sizeof(length)) return false;
  std::memcpy(&length, buffer_.data() + begin_, sizeof(length));
  TURDB_RETURN_IF_ERROR(Fill(sizeof(length) + length));
  if (end_ - begin_ < sizeof(length) + length) return base::CorruptionError("a temporary file ended in the middle of a row");
  *record = base::Bytes(buffer_).subspan(begin_ + sizeof(length), length);
  begin_ += sizeof(length) + length;
  return true;
}

// Brings at least `wanted` bytes into the buffer, or what there is.
Status SpillFile::Reader::Fill(size_t wanted) {
  if (end_ - begin_ >= wanted) return absl::OkStatus();
  if (begin_ > 0) std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  const bool small = reserved_.budget()->limit_bytes() < kSmallBudgetBytes;
  const size_t size_bytes = std::max(small ? kSmallReadBufferBytes : kReadBufferBytes, wanted);
  if (buffer_.size() < size_bytes) {
    TURDB_RETURN_IF_ERROR(reserved_.Grow(static_cast<int64_t>(size_bytes - buffer_.size()), "reading spilled rows"));
    buffer_.resize(size_bytes);
  }
  const size_t count = std::min<uint64_t>(buffer_.size() - end_, file_->size_bytes_ - offset_);
  if (count == 0) return absl::OkStatus();
  TURDB_RETURN_IF_ERROR(file_->Read(offset_, base::MutableBytes(buffer_).subspan(end_, count)));
  offset_ += count;
  end_ += count;
  return absl::OkStatus();
}

void EncodeRow(const RowLayout& layout, Columns columns, size_t row, std::string* out) {
  out->assign(layout.extra_offset(), '\0');
  for (size_t c = 0; c < columns.size(); ++c) {
    const vec::VectorView view = columns[c]->View();
    if (!view.IsValid(row)) continue;
    const size_t width = layout.type(c).width();
    const std::byte* value = view.data + view.Index(row) * width;
    auto* record = reinterpret_cast<std::byte*>(out->data());
    RowLayout::SetValid(record, c);
    std::memcpy(record + layout.offset(c), value, width);
    if (layout.type(c).physical() != vec::PhysicalType::kString) continue;
    vec::StringView text;
    std::memcpy(&text, value, sizeof(text));
    if (!text.is_inlined()) out->append(text.view());
  }
}

void EncodeRecord(const RowLayout& layout, const std::byte* record, std::string* out) {
  out->append(reinterpret_cast<const char*>(record), layout.extra_offset());
  for (size_t c = 0; c < layout.column_count(); ++c) {
    if (layout.type(c).physical() != vec::PhysicalType::kString || !RowLayout::IsValid(record, c)) continue;
    vec::StringView text;
    std::memcpy(&text, record + layout.offset(c), sizeof(text));
    if (!text.is_inlined()) out->append(text.view());
  }
}

void DecodeRecord(const RowLayout& layout, base::Bytes bytes, std::byte* record) {
  std::memset(record, 0, layout.row_bytes());
  std::memcpy(record, bytes.data(), layout.extra_offset());
  const auto* at = reinterpret_cast<const char*>(bytes.data()) + layout.extra_offset();
  for (size_t c = 0; c < layout.column_count(); ++c) {
    if (layout.type(c).physical() != vec::PhysicalType::kString || !RowLayout::IsValid(record, c)) continue;
    vec::StringView text;
    std::memcpy(&text, record + layout.offset(c), sizeof(text));
    if (text.is_inlined()) continue;
    const uint32_t size = text.size();
    text = vec::StringView(at, size);
    std::memcpy(record + layout.offset(c), &text, sizeof(text));
    at += size;
  }
}

}  // namespace turdb::exec
