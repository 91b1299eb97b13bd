#include "engine/registry.h"

#include <map>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "engine/database.h"

namespace turdb::engine {
namespace {

struct Entries {
  std::mutex mutex;
  std::map<std::string, std::weak_ptr<Database>> by_identity;
};

// Never destroyed: a database may be closed by a static destructor of the host.
Entries& AllEntries() {
  static Entries* const entries = new Entries;
  return *entries;
}

}  // namespace

base::StatusOr<std::shared_ptr<Database>> Registry::OpenShared(const std::string& path, const Settings& settings) {
  os::Environment environment = os::Environment::Native();
  Entries& entries = AllEntries();
  // Held while opening: a second opener of the same directory waits and then gets the same database.
  std::lock_guard lock(entries.mutex);
  base::StatusOr<bool> exists = environment.files->Exists(path);
  if (exists.ok() && *exists) {
    if (base::StatusOr<std::string> identity = environment.files->Identity(path); identity.ok()) {
      const auto found = entries.by_identity.find(*identity);
      std::shared_ptr<Database> open = found == entries.by_identity.end() ? nullptr : found->second.lock();
      if (open != nullptr && !open->closed() && open->of_this_process()) {
        if (const std::string keys = DifferingKeys(open->settings(), settings); !keys.empty()) {
          return base::WithHint(
              base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kActiveTransaction,
                              absl::StrCat("\"", path, "\" is open in this process with other settings: ", keys)),
              "open it with the same settings, or close it first");
        }
        return open;
      }
    }
  }
  TURDB_ASSIGN_OR_RETURN(std::shared_ptr<Database> database, Database::OpenIn(environment, path, settings));
  TURDB_ASSIGN_OR_RETURN(std::string identity, environment.files->Identity(path));
  entries.by_identity[identity] = database;
  database->identity_ = std::move(identity);  // last: closing one that has it locks the registry
  return database;
}

void Registry::Forget(const std::string& identity, const Database* database) {
  Entries& entries = AllEntries();
  std::lock_guard lock(entries.mutex);
  const auto found = entries.by_identity.find(identity);
  if (found == entries.by_identity.end()) return;
  const std::shared_ptr<Database> open = found->second.lock();
  if (open == nullptr || open.get() == database) entries.by_identity.erase(found);
}

}  // namespace turdb::engine
