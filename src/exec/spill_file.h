// A temporary file that a pipeline breaker writes records to when the budget refuses, and reads back in order.
//
// A record is a u32 length and so many bytes. Nothing of it outlives the process: no checksums, no format version.
#ifndef TURDB_EXEC_SPILL_FILE_H_
#define TURDB_EXEC_SPILL_FILE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/memory_budget.h"
#include "base/status.h"
#include "exec/row_store.h"
#include "exec/runtime.h"
#include "os/file_system.h"

namespace turdb::exec {

// Not thread-safe. The file is removed on destruction. Records may be read, any number of times, while more are written.
class SpillFile {
 public:
  static constexpr size_t kReadBufferBytes = 16 << 10;
  static constexpr size_t kSmallReadBufferBytes = 4 << 10;  // under budgets below kSmallBudgetBytes
  static int64_t WriteBufferBytes(const base::MemoryBudget& budget) {
    return budget.limit_bytes() < kSmallBudgetBytes ? 1 << 10 : 4 << 10;
  }
  static constexpr int64_t kSmallBudgetBytes = 4 << 20;

  // Whether there is a directory to spill to.
  static bool CanCreate(const Runtime& runtime) { return !runtime.context->spill_directory.empty(); }

  // Error 53200 when nothing may be spilled (no directory); `purpose` names what needed memory.
  static base::StatusOr<std::unique_ptr<SpillFile>> Create(Runtime& runtime, std::string_view purpose);
  ~SpillFile();
  // Whether a file of this name in a spill directory is one of these.
  static bool IsName(std::string_view name);

  base::Status Append(base::Bytes record);
  // After the last Append. Optional; gives the buffer back.
  base::Status FinishWriting();
  uint64_t size_bytes() const { return size_bytes_; }
  uint64_t record_count() const { return record_count_; }

  // Reads the records of one file. Not thread-safe.
  class Reader {
   public:
    Reader(SpillFile& file, base::MemoryBudget* budget) : file_(&file), reserved_(*budget) {}
    // The next record, valid until the next call. False at the end, for now. Error 53200: no memory for the buffer.
    base::StatusOr<bool> Next(base::Bytes* record);
    // To the first record.
    void Rewind() { begin_ = end_ = offset_ = 0; }

   private:
    base::Status Fill(size_t wanted);
    SpillFile* file_;
    base::MemoryReservation reserved_;
    std::vector<std::byte> buffer_;
    size_t begin_ = 0;
    size_t end_ = 0;
    uint64_t offset_ = 0;  // of what comes into the buffer next
  };

 private:
  SpillFile(std::shared_ptr<os::FileSystem> files, std::unique_ptr<os::File> file, int64_t write_buffer_bytes,
            std::atomic<int64_t>* counted)
      : files_(std::move(files)),
        file_(std::move(file)),
        write_buffer_bytes_(static_cast<size_t>(write_buffer_bytes)),
        counted_(counted) {}
  base::Status Flush();
  base::Status Read(uint64_t offset, base::MutableBytes into) const;

  std::shared_ptr<os::FileSystem> files_;
  std::unique_ptr<os::File> file_;
  const size_t write_buffer_bytes_;
  std::atomic<int64_t>* const counted_;  // what is written; may be null
  std::vector<std::byte> buffer_;
  uint64_t size_bytes_ = 0;  // written and buffered
  uint64_t record_count_ = 0;
};

// Replaces `out` by one row of vectors as a record of `layout`.
void EncodeRow(const RowLayout& layout, Columns columns, size_t row, std::string* out);
// Appends a record of `layout` without its extra bytes: fixed part, then the long strings.
void EncodeRecord(const RowLayout& layout, const std::byte* record, std::string* out);
// A record again, whose strings point into `bytes`; `record` has layout.row_bytes() bytes.
void DecodeRecord(const RowLayout& layout, base::Bytes bytes, std::byte* record);

}  // namespace turdb::exec

#endif  // TURDB_EXEC_SPILL_FILE_H_
