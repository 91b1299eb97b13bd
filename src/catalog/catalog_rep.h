// The inside of Catalog. Internal to this room.
#ifndef TURDB_CATALOG_CATALOG_REP_H_
#define TURDB_CATALOG_CATALOG_REP_H_

#include <atomic>
#include <list>
#include <map>
#include <memory>
#include <mutex>

#include "catalog/catalog.h"
#include "catalog/object_table.h"

namespace turdb::catalog {

struct Catalog::Rep {
  std::unique_ptr<ObjectTable> objects;
  std::shared_ptr<vec::StructTypes> struct_types;
  std::atomic<uint64_t> next_epoch{1};
  std::atomic<uint64_t> next_version{1};
  std::atomic<uint64_t> current_epoch{0};  // of history.back(); stored under the mutex
  ObjectId default_schema = 0;

  mutable std::mutex mutex;
  struct Published {
    base::Timestamp since;  // readers from this timestamp on
    std::shared_ptr<const Snapshot> snapshot;
  };
  std::list<Published> history;  // ascending, never empty; guarded by mutex
  // Tables that a transaction is changing, with the version it gave them last: from the change until its outcome
  // is published. Guarded by mutex.
  std::map<ObjectId, uint64_t> changing;
};

}  // namespace turdb::catalog

#endif  // TURDB_CATALOG_CATALOG_REP_H_
