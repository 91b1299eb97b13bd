// Reading the log front to back, for recovery and `turdb check`.
#ifndef TURDB_STORAGE_LOG_SCANNER_H_
#define TURDB_STORAGE_LOG_SCANNER_H_

#include <string>
#include <vector>

#include "storage/log_record.h"
#include "storage/log_segments.h"

namespace turdb::storage {

using base::Status;
using base::StatusOr;

// Not thread-safe.
class LogScanner {
 public:
  LogScanner(const LogSegments& segments, Lsn from) : segments_(segments), lsn_(from) {}

  // True: `record` is the next one, valid until the next call. False: no valid record begins at lsn(), and
  // cause() says why. An error: the log could not be read.
  StatusOr<bool> Next(LogRecordView* record);
  Lsn lsn() const { return lsn_; }
  const std::string& cause() const { return cause_; }
  // "wal/wal.000002 at offset 4711" for the place where lsn() is.
  std::string Where() const;

 private:
  StatusOr<bool> End(std::string cause);
  // The buffer holds `bytes` bytes from lsn_ on.
  Status Fill(size_t bytes);
  size_t buffered() const { return buffer_.size() - buffer_at_; }

  const LogSegments& segments_;
  Lsn lsn_;
  LogSegments::Extent extent_;
  std::vector<std::byte> buffer_;
  size_t buffer_at_ = 0;  // lsn_ is here
  std::string cause_;
};

// How far flushes that are recorded at or after `from` prove the log to have been durable; `from` when none does.
// Looks at every aligned place for an intact mark record, also beyond damage.
StatusOr<Lsn> ProvenDurable(const LogSegments& segments, Lsn from);

}  // namespace turdb::storage

#endif  // TURDB_STORAGE_LOG_SCANNER_H_
