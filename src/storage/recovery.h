// Bringing a database back to what its log says: analysis, then redo. Undo is the caller's (kernel rule 2).
//
//  (1) Analysis reads the newest checkpoint's map of files, then every record from the scan start to the end of the
//      log: which transactions are unfinished, which files were made, renamed, dropped.
//  (2) The log ends where the first record is invalid. That is a torn tail, unless a control block or a mark record
//      anywhere in the log proves that it was durable beyond: then it is corruption, and nothing is changed.
//  (3) Everything read is made durable before anything else is written: a second crash must not find less.
//  (4) Redo applies a record to a page whose LSN is below the record's end. A page that cannot be read waits for a
//      record that overwrites it; if none comes, that is an error.
//  (5) Redo skips files that are dropped, or whose making is undone, later in the log.
//  (6) A record whose operation on a page is absolute is applied whatever the page's LSN. The page may be one that is whole
//      and newer: then it goes back to that record's LSN, and what follows in the log brings it forward again. Or it is
//      torn: every byte in which its two halves differ was written behind the redo point, so it ends whole. Only a page of
//      a kind that NeedsNoImage is taken so.
#ifndef TURDB_STORAGE_RECOVERY_H_
#define TURDB_STORAGE_RECOVERY_H_

#include <string>

#include "base/hash_map.h"
#include "storage/buffer_pool.h"
#include "storage/file_directory.h"
#include "storage/log.h"
#include "storage/log_scanner.h"
#include "storage/storage.h"

namespace turdb::storage {

// Not thread-safe; lives through one Open.
class Recovery {
 public:
  // `tolerated`: where damage is told that does not end it; null: all does.
  Recovery(const LogSegments& segments, FileDirectory& directory, BufferPool& pool, const RedoTable& redo,
           std::vector<std::string>* tolerated)
      : segments_(segments), directory_(directory), pool_(pool), redo_(redo), tolerated_(tolerated) {}

  // Changes nothing on disk. Fills `info`, and tells the directory what the log says about files.
  Status Analyse(RecoveryInfo* info);
  // REQUIRES: Analyse, the log continued at info->end_lsn, names applied.
  Status Redo(RecoveryInfo* info);
  Lsn redo_from() const { return redo_from_; }

 private:
  struct Touched {
    ExclusiveGuard guard;
    bool apply = false;  // else the page has the record already, or waits
    bool whole = false;  // storage's own operations made it: ask whether it makes sense
  };
  Status ReadCheckpoint(Lsn begin, RecoveryInfo* info);
  Status CheckEnd(const LogScanner& scanner) const;
  Status RedoRecord(const LogRecordView& record);
  Status RedoEntry(const LogRecordView& record, const LogEntryView& entry, absl::InlinedVector<Touched, 8>* touched);
  Status Tolerate(Status status);
  StatusOr<ExclusiveGuard> FixTorn(PageId id);
  StatusOr<ExclusiveGuard> Fix(const LogRecordView& record, const LogEntryView& entry, bool* apply);

  const LogSegments& segments_;
  FileDirectory& directory_;
  BufferPool& pool_;
  const RedoTable& redo_;
  std::vector<std::string>* const tolerated_;
  Lsn redo_from_ = 0;
  Lsn checkpoint_lsn_ = 0;
  base::HashMap<uint64_t, std::string> waiting_;  // pages that could not be read, and why
};

}  // namespace turdb::storage

#endif  // TURDB_STORAGE_RECOVERY_H_
