// Splits a CSV file into records and fields, as PostgreSQL's COPY ... CSV does: fields are separated by the
// delimiter, records by \n or \r\n; a quote anywhere in a field starts a quoted part, in which delimiters and line
// ends are data and the escape character before a quote or an escape makes that data too.
//
// Reading is by blocks into one buffer; a record larger than the buffer grows it up to kMaxRecordBytes.
#ifndef TURDB_EXEC_CSV_READER_H_
#define TURDB_EXEC_CSV_READER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/memory_budget.h"
#include "base/status.h"
#include "exec/plan.h"
#include "os/file_system.h"

namespace turdb::exec {

struct CsvField {
  std::string_view text;  // quotes and escapes removed
  bool quoted = false;    // a quoted field is never NULL
};

// Not thread-safe.
class CsvReader {
 public:
  static constexpr size_t kBlockBytes = 64 << 10;
  static constexpr size_t kMaxRecordBytes = 64 << 20;

  CsvReader(std::unique_ptr<os::File> file, const CsvOptions& options, base::MemoryBudget* budget);

  // Reads the next record. False at the end of the file. The fields are valid until the next call.
  // Errors: I/O; 22P04 when a quote is never closed or a record is too large (nothing can follow that).
  base::StatusOr<bool> Next(std::span<const CsvField>* fields);
  // The line of the file, from 1, on which the record read last began.
  int64_t line() const { return record_line_; }
  const std::string& path() const { return file_->path(); }

 private:
  // Finds the end of the record at begin_: one past its line end in *next, its line end in *end. False when the
  // data read so far does not hold all of it.
  bool FindEnd(size_t* end, size_t* next);
  void Split(size_t end);
  void SplitText(size_t end);
  base::Status Refill();

  std::unique_ptr<os::File> file_;
  CsvOptions options_;
  base::MemoryReservation reserved_;
  std::vector<char> buffer_;
  std::vector<CsvField> fields_;
  size_t begin_ = 0;  // of the record being read
  size_t data_end_ = 0;
  uint64_t file_offset_ = 0;
  uint64_t file_size_ = 0;
  bool opened_ = false;
  bool in_quotes_ = false;                                                                     // how FindEnd ended
  enum class LineEnd : uint8_t { kUnknown, kNewline, kReturn } line_end_ = LineEnd::kUnknown;  // as the first line has it
  int64_t line_ = 1;
  int64_t lines_in_record_ = 0;
  int64_t record_line_ = 0;
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_CSV_READER_H_
