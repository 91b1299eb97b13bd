// What a log record is: kinds, storage's own operations, and the records' layout. FORMAT.md has the tables.
#ifndef TURDB_STORAGE_LOG_RECORD_H_
#define TURDB_STORAGE_LOG_RECORD_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/container/inlined_vector.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/ids.h"
#include "base/status.h"

namespace turdb::storage {

using base::Bytes;
using base::Lsn;
using base::PageId;
using base::TxnId;

// On disk: do not change.
enum class RecordKind : uint8_t {
  kImage = 1,         // full pages; no transaction
  kStructure = 2,     // redo only, never undone
  kUpdate = 3,        // entries[0] can be undone, logically, by txn's UndoTarget
  kCompensation = 4,  // redo only; undo goes on at undo_next
  kCommit = 5,
  kAbortEnd = 6,  // rolled back completely
  kCheckpointBegin = 7,
  kCheckpointFiles = 8,  // part of the map from file id to path
  kCheckpointEnd = 9,
  kFileCreate = 10,  // undone by Storage::UndoFileRecord
  kFileRename = 11,  // likewise
  kFileDrop = 12,    // likewise
  kFileUndo = 13,    // compensates one of the three; undo goes on at undo_next
  kFlushMark = 14,   // how far the log was durable when this flush began
};
inline constexpr int kRecordKinds = 15;

// Operations of storage's own. 0x01..0x1f are storage's, 0x20..0x5f the tree's, 0x60..0x7f the vector index's,
// 0x80..0xff txn's and later rooms'. On disk: do not change.
namespace op {
inline constexpr uint8_t kImage = 0x01;       // the whole page (page 0: its 128 bytes)
inline constexpr uint8_t kFormat = 0x02;      // the page becomes zero but for kind and flags: {kind, flags}
inline constexpr uint8_t kFree = 0x03;        // the page becomes a free page: {u32 next free}
inline constexpr uint8_t kAllocation = 0x04;  // page 0: {u32 first free page, u32 page count}
inline constexpr uint8_t kSplice = 0x05;      // {u16 offset, bytes}: bytes at an offset; for fields of page 0 and the like
inline constexpr uint8_t kFileHeader = 0x06;  // page 0 of a new file: its 128 bytes, then the path
inline constexpr uint8_t kFilePath = 0x07;    // page 0 stands for the file: its new path
inline constexpr uint8_t kFileDropped = 0x08;
inline constexpr uint8_t kFirstOfTree = 0x20;
inline constexpr uint8_t kFirstOfHnsw = 0x60;
inline constexpr uint8_t kFirstOfTxn = 0x80;
// Sets bytes to what the payload says, whatever was there. Pages of a kind that NeedsNoImage change by these and by what
// overwrites the whole page, and by nothing else.
constexpr bool IsAbsolute(uint8_t op) { return op >= kFirstOfHnsw && op < kFirstOfTxn; }
}  // namespace op

inline constexpr size_t kMaxRecordBytes = 64 * 1024;  // header, entries and padding together
inline constexpr size_t kMaxEntryBytes = UINT16_MAX;

// One change of one page. The payload is the concatenation of the parts, which must live until the record is
// logged. A record's entries are redone in order; entries of one page may follow each other.
struct LogEntry {
  PageId page;
  uint8_t op = 0;
  std::array<Bytes, 3> parts{};

  size_t payload_bytes() const { return parts[0].size() + parts[1].size() + parts[2].size(); }
};
using LogEntries = absl::InlinedVector<LogEntry, 8>;

// A transaction's chain in the log. Owned by txn::Transaction, written by storage. `first_lsn` may be read by any
// thread (what must the log keep?); the rest belongs to the transaction's thread.
struct TxnLog {
  TxnId id = 0;
  std::atomic<Lsn> first_lsn{base::kNoLsn};  // no record of the transaction begins below; set before the first one is reserved
  Lsn last_lsn = base::kNoLsn;               // where its last record begins
  bool has_file_changes = false;             // created, renamed or dropped a file: see Storage::FinishFileChanges
};

// The bytes of a record, little-endian. On disk: do not change. Entries follow the header (and, in
// compensations, 8 bytes of undo_next); zero bytes pad the record to a multiple of 8.
struct RecordHeader {
  uint32_t crc;           // CRC32C of the LSN (8 bytes), the epoch (8 bytes), then bytes 4..length
  uint32_t length_bytes;  // of the whole record
  RecordKind kind;
  uint8_t entry_count;
  uint16_t reserved;
  uint32_t reserved2;
  uint64_t txn;
  uint64_t previous_lsn;  // of the same transaction
};
inline constexpr size_t kRecordHeaderBytes = 32;
inline constexpr size_t kRecordAlignment = 8;
static_assert(sizeof(RecordHeader) == kRecordHeaderBytes);
static_assert(offsetof(RecordHeader, kind) == 8 && offsetof(RecordHeader, txn) == 16 &&
              offsetof(RecordHeader, previous_lsn) == 24);

struct EntryHeader {
  uint32_t file;
  uint32_t page;
  uint8_t op;
  uint8_t reserved;
  uint16_t payload_bytes;
};
inline constexpr size_t kEntryHeaderBytes = 12;
static_assert(sizeof(EntryHeader) == kEntryHeaderBytes);

constexpr bool HasUndoNext(RecordKind kind) { return kind == RecordKind::kCompensation || kind == RecordKind::kFileUndo; }

// An entry as read back; the payload points into the record's bytes.
struct LogEntryView {
  PageId page;
  uint8_t op = 0;
  Bytes payload;
};

// The entries of a record, one after the other in its bytes: reading them takes no memory, so that changes can be undone when
// there is none. REQUIRES: the bytes were checked (ParseRecord).
class LogEntryViews {
 public:
  class Iterator {
   public:
    Iterator(const std::byte* at, size_t left) : at_(at), left_(left) {}
    LogEntryView operator*() const {
      EntryHeader header;
      std::memcpy(&header, at_, sizeof(header));
      return {PageId{header.file, header.page}, header.op, Bytes(at_ + kEntryHeaderBytes, header.payload_bytes)};
    }
    Iterator& operator++() {
      at_ += kEntryHeaderBytes + (**this).payload.size();
      --left_;
      return *this;
    }
    bool operator==(const Iterator& other) const { return left_ == other.left_; }

   private:
    const std::byte* at_;
    size_t left_;
  };

  LogEntryViews() = default;
  LogEntryViews(Bytes bytes, size_t count) : bytes_(bytes), count_(count) {}
  size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  LogEntryView front() const {
    TURDB_CHECK(!empty());
    return *begin();
  }
  Iterator begin() const { return {bytes_.data(), count_}; }
  Iterator end() const { return {nullptr, 0}; }

 private:
  Bytes bytes_;
  size_t count_ = 0;
};

// A record as read back, valid as long as its bytes.
struct LogRecordView {
  Lsn lsn = base::kNoLsn;  // where it begins
  Lsn end = base::kNoLsn;  // where it ends: the LSN of the pages it changed, and of the commit it is
  RecordKind kind = RecordKind::kImage;
  TxnId txn = 0;
  Lsn previous_lsn = base::kNoLsn;
  Lsn undo_next = base::kNoLsn;  // compensations only
  LogEntryViews entries;
};

// Takes apart the bytes of a record whose checksum was right. Returns corruption when lengths do not add up.
base::StatusOr<LogRecordView> ParseRecord(Lsn lsn, Bytes record);

}  // namespace turdb::storage

#endif  // TURDB_STORAGE_LOG_RECORD_H_
