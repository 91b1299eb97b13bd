#ifndef TURDB_TXN_COMMIT_OBSERVER_H_
#define TURDB_TXN_COMMIT_OBSERVER_H_

#include "base/ids.h"

namespace turdb::txn {

// What has to be known together with a commit: from the first call until the files of the transaction are in place no other
// commit with an observer comes, so that all of them are seen in the order of their timestamps.
class CommitObserver {
 public:
  virtual ~CommitObserver() = default;
  // The commit is about to be made. std::bad_alloc: it is not, and the transaction is as it was.
  virtual void BeforeCommit() = 0;
  // The commit is made, at this time. No snapshot is so young yet. Must not fail or wait; called from inside the log.
  virtual void CommitsAt(base::Timestamp commit_ts) = 0;
};

}  // namespace turdb::txn

#endif  // TURDB_TXN_COMMIT_OBSERVER_H_
