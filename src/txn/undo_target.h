#ifndef TURDB_TXN_UNDO_TARGET_H_
#define TURDB_TXN_UNDO_TARGET_H_

#include "base/bytes.h"
#include "base/ids.h"
#include "base/status.h"
#include "storage/log_record.h"

namespace turdb::txn {

// Takes back one logged change, logically: by key, descending again, splitting when it must (kernel
// rule 2). Implemented by the rooms that log kUpdate records.
class UndoTarget {
 public:
  virtual ~UndoTarget() = default;

  // `page`, `op` and `payload` are entries[0] of the kUpdate record. Writes exactly one kCompensation
  // record into `log` that carries `undo_next`, and pops the change's delta (VersionTable::Pop) under the
  // same latch when the page has a version table; during recovery there are none. A change that is found
  // to be missing is corruption. Works when storage is poisoned: memory is still put right.
  virtual base::Status Undo(storage::TxnLog& log, base::Lsn undo_next, base::PageId page, uint8_t op, base::Bytes payload) = 0;
};

}  // namespace turdb::txn

#endif  // TURDB_TXN_UNDO_TARGET_H_
