#include "storage/log_scanner.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "storage/log.h"

namespace turdb::storage {
namespace {

constexpr size_t kScanBytes = 2 * kMaxRecordBytes;
constexpr size_t kFirstScanBytes = 4096;

}  // namespace

std::string LogScanner::Where() const {
  LogSegments::Extent extent;
  if (!segments_.Locate(lsn_, &extent)) return "the end of the last log segment";
  return absl::StrCat(extent.path, " at offset ", kSegmentHeaderBytes + (lsn_ - extent.begin));
}

StatusOr<bool> LogScanner::End(std::string cause) {
  cause_ = std::move(cause);
  return false;
}

Status LogScanner::Fill(size_t bytes) {
  if (buffered() >= bytes) return absl::OkStatus();
  const Lsn limit = segments_.end_lsn();
  // Small at first: a checkpoint's records are often all that is read.
  const size_t chunk = std::min(kScanBytes, std::max(kFirstScanBytes, buffer_.size() * 2));
  const size_t wanted = static_cast<size_t>(std::min<uint64_t>(std::max(chunk, bytes), limit - lsn_));
  const size_t kept = buffered();
  if (kept != 0) std::memmove(buffer_.data(), buffer_.data() + buffer_at_, kept);
  buffer_.resize(std::max(wanted, kept));
  buffer_at_ = 0;
  return segments_.Read(lsn_ + kept, base::MutableBytes(buffer_).subspan(kept));
}

StatusOr<bool> LogScanner::Next(LogRecordView* record) {
  if (lsn_ < extent_.begin || lsn_ >= extent_.end) {
    if (!segments_.Locate(lsn_, &extent_)) return End("the log ends there");
  }
  const Lsn limit = segments_.end_lsn();
  if (lsn_ + kRecordHeaderBytes > limit) return End("the log ends there");
  TURDB_RETURN_IF_ERROR(Fill(kRecordHeaderBytes));
  const uint32_t length = base::LoadLE<uint32_t>(buffer_.data() + buffer_at_ + offsetof(RecordHeader, length_bytes));
  if (length < kRecordHeaderBytes || length > kMaxRecordBytes || length % kRecordAlignment != 0 || lsn_ + length > limit) {
    return End(absl::StrCat("the length ", length, " is impossible"));
  }
  // A record goes on in the next segment only if the same opening wrote that one too.
  for (LogSegments::Extent last = extent_; lsn_ + length > last.end;) {
    const Lsn at = last.end;
    if (!segments_.Locate(at, &last) || last.epoch != extent_.epoch || last.begin != at) return End("the record has no end");
  }
  TURDB_RETURN_IF_ERROR(Fill(length));
  const Bytes bytes(buffer_.data() + buffer_at_, length);
  if (Status status = VerifyRecord(lsn_, extent_.epoch, bytes); !status.ok())
    return End("its checksum does not match its bytes");
  TURDB_ASSIGN_OR_RETURN(*record, ParseRecord(lsn_, bytes));
  lsn_ += length;
  buffer_at_ += length;
  return true;
}

StatusOr<Lsn> ProvenDurable(const LogSegments& segments, Lsn from) {
  Lsn proven = from;
  std::vector<std::byte> buffer;
  LogSegments::Extent extent;
  for (Lsn at = from; segments.Locate(at, &extent); at = extent.end) {
    const Lsn end = std::min(extent.end, extent.begin + extent.allocated_bytes);
    while (at + kRecordHeaderBytes <= end) {
      const size_t size = static_cast<size_t>(std::min<uint64_t>(kScanBytes, end - at));
      buffer.resize(size);
      TURDB_RETURN_IF_ERROR(segments.Read(at, buffer));
      size_t offset = 0;
      for (; offset + kRecordHeaderBytes <= size; offset += kRecordAlignment) {
        RecordHeader header;
        std::memcpy(&header, buffer.data() + offset, sizeof(header));
        if (header.length_bytes != kRecordHeaderBytes || header.kind != RecordKind::kFlushMark) continue;
        const Bytes record(buffer.data() + offset, kRecordHeaderBytes);
        if (VerifyRecord(at + offset, extent.epoch, record).ok()) proven = std::max<Lsn>(proven, header.previous_lsn);
      }
      at += offset;
    }
  }
  return proven;
}

}  // namespace turdb::storage
