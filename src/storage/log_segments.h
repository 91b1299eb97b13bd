// The files of the log: wal/wal.NNNNNN. The log is one stream of bytes addressed by LSN; a segment holds the
// stretch from its start LSN on, after a header block of 4096 bytes. FORMAT.md has the tables.
//
//   | header (sector 0) | control, even (sector 1) | control, odd (sector 2) | zero ... | log bytes from `start` on ...
//
// A segment ends where the next one starts: after `capacity` bytes, or earlier when the database was opened anew
// there (each opening writes into a fresh segment under a fresh epoch). Control blocks say where recovery begins;
// the one with the highest sequence number of all segments counts. A segment below what recovery or a rollback can
// need is renamed to the next number and used again, without being zeroed: the checksums of its old records are
// seeded with their own LSNs and cannot pass for new ones.
#ifndef TURDB_STORAGE_LOG_SEGMENTS_H_
#define TURDB_STORAGE_LOG_SEGMENTS_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "base/status.h"
#include "os/file_system.h"

namespace turdb::storage {

inline constexpr size_t kSegmentHeaderBytes = 4096;
inline constexpr size_t kControlOffset = 512;  // sequence numbers alternate between here and 512 further on
inline constexpr uint64_t kMaxSegmentBytes = uint64_t{64} << 20;
inline constexpr base::Lsn kFirstLsn = 4096;  // where the log of a new database begins

// On disk: do not change.
struct SegmentHeader {
  char magic[16];  // "TurDB Log"
  uint32_t format_version;
  uint32_t header_bytes;  // 4096
  uint64_t database_id;
  uint64_t number;
  uint64_t start_lsn;
  uint64_t epoch;
  uint64_t capacity_bytes;
  uint32_t crc;  // CRC32C of bytes 0..63
  uint32_t zero;
};
static_assert(sizeof(SegmentHeader) == 72 && offsetof(SegmentHeader, crc) == 64);

// On disk: do not change.
struct ControlBlock {
  uint64_t sequence;
  uint64_t database_id;
  uint64_t checkpoint_lsn;  // its begin record, 0 = no checkpoint yet
  uint64_t scan_from;       // analysis reads from here: the redo point, or the first record of a writer alive then
  uint64_t redo_from;
  uint64_t durable_lsn;  // the log was durable up to here when this block was written
  uint64_t flags;
  uint32_t crc;  // CRC32C of bytes 0..55
  uint32_t zero;
};
inline constexpr uint64_t kControlClean = 1;     // closed properly: the log ends at durable_lsn, nothing is to be redone
inline constexpr uint64_t kControlUnsynced = 2;  // written with `synchronous` off: nothing was synced, "durable" means written
static_assert(sizeof(ControlBlock) == 64 && offsetof(ControlBlock, crc) == 56);

// Reading is thread-safe. All that changes segments is called by one thread at a time (the log's writer).
class LogSegments {
 public:
  struct Config {
    os::FileSystem* files = nullptr;
    std::string directory;  // of the segments
    uint64_t database_id = 0;
    uint64_t segment_bytes = kMaxSegmentBytes;
    bool read_only = false;
    bool unsynced = false;  // syncs do nothing, and control blocks say so
  };
  // A stretch of the log in one segment.
  struct Extent {
    base::Lsn begin = 0, end = 0;
    uint64_t epoch = 0, number = 0;
    uint64_t allocated_bytes = 0;  // of log bytes; beyond, the segment is not there yet
    std::string path;
  };

  // Reads the headers of the segments that are there. Damaged or foreign ones are errors.
  static base::StatusOr<std::unique_ptr<LogSegments>> Open(Config config);

  bool empty() const;
  const ControlBlock& control() const { return control_; }  // the newest; sequence 0: there is none
  uint64_t last_epoch() const;
  // The segment that holds `lsn`; false when none does.
  bool Locate(base::Lsn lsn, Extent* extent) const;
  // The epoch of the segment that holds `lsn`, or `otherwise`. Needs no memory, as rollbacks must not.
  uint64_t EpochAt(base::Lsn lsn, uint64_t otherwise) const;
  base::Lsn begin_lsn() const;  // of the oldest segment
  base::Lsn end_lsn() const;    // beyond the capacity of the newest
  // REQUIRES: the range lies in segments that follow each other.
  base::Status Read(base::Lsn lsn, base::MutableBytes into) const;

  // What the segment of `extent` holds below `end`, as a segment of its own in `files`, with `control` (whose checksum is
  // filled in) as its one control block. The caller syncs.
  base::StatusOr<std::unique_ptr<os::File>> CopySegment(const Extent& extent, base::Lsn end, ControlBlock control,
                                                        os::FileSystem& files, const std::string& path) const;

  // Recovery found that the log ends at `end`: what holds only later bytes is removed, the rest made durable, and
  // the next Append begins a fresh segment under `epoch`.
  base::Status ContinueAt(base::Lsn end, uint64_t epoch, const ControlBlock& control);
  // Sees to it that the log can be appended to up to `wanted`, as far as that lies in the newest segment or in those that may
  // be prepared after it (one, or more small ones), without asking for anything: no space of the disk, no memory, no file.
  base::Status EnsureRoom(base::Lsn wanted);
  // Up to where it can, as far as it is known. Any thread.
  base::Lsn room_end() const { return room_end_.load(std::memory_order_relaxed); }
  // REQUIRES: `lsn` is where the last Append ended.
  base::Status Append(base::Lsn lsn, base::Bytes bytes);
  // The same in one durable write, and `*durable` says so, when all that was appended before is durable and the space is
  // there already; otherwise does nothing.
  base::Status AppendDurably(base::Lsn lsn, base::Bytes bytes, bool* durable);
  // What was appended before becomes durable. May run beside Append.
  base::Status Sync();
  // Writes the control block into the newest segment; the caller syncs. Fills in sequence, id and checksum.
  base::Status WriteControl(ControlBlock control);
  // Segments that end at or below `keep` are kept as spares or removed.
  base::Status Recycle(base::Lsn keep);
  uint64_t total_bytes() const;  // of all segment files

 private:
  struct Segment {
    uint64_t number = 0;
    base::Lsn start = 0, end = 0;
    uint64_t epoch = 0;
    uint64_t allocated_bytes = 0;
    std::string path;
    std::shared_ptr<os::File> file;
  };
  struct Spare {
    uint64_t number = 0;  // that it has on disk
    std::string path;
  };
  explicit LogSegments(Config config) : config_(std::move(config)) {}
  base::Status Load();
  base::Status LoadSegment(uint64_t number, const std::string& path);
  base::Status BeginSegment(base::Lsn start);
  // The segments that come next, with their files under their names already and room for so many bytes of log, but without
  // headers, so that whoever opens the database takes them for spares.
  base::Status Prepare(uint64_t log_bytes);
  base::Status AddPrepared();
  base::Status DropSurplus(base::Lsn keep);
  size_t MostPrepared() const;
  base::Status ExtendNewest(uint64_t file_bytes);
  base::Status Extend(os::File& file, uint64_t bytes, uint64_t* allocated_bytes);
  base::Status GiveUpTail();
  void NoteRoom();
  std::string PathOf(uint64_t number) const;
  void StampControl(ControlBlock* control) const;
  SegmentHeader HeaderOf(uint64_t number, base::Lsn start, uint64_t epoch, uint64_t capacity_bytes) const;
  const Segment* Find(base::Lsn lsn) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Config config_;
  mutable absl::Mutex mu_;
  std::vector<Segment> segments_ ABSL_GUARDED_BY(mu_);  // by number; changed by the writer only
  // The newest segment's name is not durable yet. Syncing the file first makes what a file system journals about both go
  // out together.
  bool name_unsynced_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<Spare> spares_;      // the writer's
  std::vector<Segment> prepared_;  // the writer's; by number
  base::Lsn continues_at_ = 0;     // the writer's; where the fresh segment will begin
  std::atomic<base::Lsn> room_end_{0};
  ControlBlock control_{};  // the writer's
  uint64_t epoch_ = 0;
  uint64_t next_number_ = 1;
  bool fresh_segment_wanted_ = true;
  // Writes that the next Sync must cover, counted once they are done; and up to where the last one did.
  std::atomic<uint64_t> changes_{0};
  std::atomic<uint64_t> synced_changes_{0};
};

// Whether `name` is a segment's, and its number.
bool ParseSegmentName(std::string_view name, uint64_t* number);

}  // namespace turdb::storage

#endif  // TURDB_STORAGE_LOG_SEGMENTS_H_
