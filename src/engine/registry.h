// The databases that are open in this process, by the identity of their directory.
//
// Two Databases over one directory would each have a buffer pool and a log position of their own, and the lock of the
// operating system does not keep one process from itself. This is the one place where the process, not the database,
// has to remember something.
#ifndef TURDB_ENGINE_REGISTRY_H_
#define TURDB_ENGINE_REGISTRY_H_

#include <memory>
#include <string>

#include "base/status.h"
#include "engine/settings.h"

namespace turdb::engine {

class Database;

class Registry {
 public:
  // The database of that directory, opened now or before. One that is just being closed is waited for, for busy_timeout at
  // most. Errors: what Database::Start gives, 25001 when it is open with settings that differ in what is fixed at open, 55006
  // when closing it took longer.
  static base::StatusOr<std::shared_ptr<Database>> OpenShared(const std::string& path, const Settings& settings);
  // Of a database that is closed from now on, until Forget: which thread does it.
  static void BeginClosing(const std::string& identity, const Database* database);
  static void Forget(const std::string& identity, const Database* database);
};

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_REGISTRY_H_
