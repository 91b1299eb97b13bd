#include "engine/registry.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "engine/database.h"
#include "os/process.h"

namespace turdb::engine {
namespace {

using Clock = std::chrono::steady_clock;

struct Entry {
  const Database* address = nullptr;
  std::weak_ptr<Database> database;
  uint64_t fork_generation = 0;
  uint64_t closing_thread = 0;  // 0: nobody closes it
};

struct Entries {
  std::mutex mutex;
  std::condition_variable changed;  // one is gone
  std::map<std::string, Entry> by_identity;
};

// Never destroyed: a database may be closed by a static destructor of the host.
Entries& AllEntries() {
  static Entries* const entries = new Entries;
  return *entries;
}

// Of the directory; empty: there is none.
std::string IdentityOf(const os::Environment& environment, const std::string& path) {
  const base::StatusOr<bool> exists = environment.files->Exists(path);
  if (!exists.ok() || !*exists) return "";
  base::StatusOr<std::string> identity = environment.files->Identity(path);
  return identity.ok() ? *std::move(identity) : "";
}

base::Status StillClosing(const std::string& path) {
  return base::WithHint(base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kObjectInUse,
                                        absl::StrCat("\"", path, "\" is being closed by another thread of this process")),
                        "open it again when turdb_db_close has returned; busy_timeout says how long opening waits");
}

}  // namespace

base::StatusOr<std::shared_ptr<Database>> Registry::OpenShared(const std::string& path, const Settings& settings) {
  os::Environment environment = os::Environment::Native();
  Entries& entries = AllEntries();
  const Clock::time_point deadline =
      Clock::now() + std::chrono::milliseconds(std::min<int64_t>(settings.busy_timeout_ms, 1 << 30));
  std::shared_ptr<Database> open;  // goes when the lock is free: the last one of a database closes it
  // Held while opening: a second opener of the same directory waits and then gets the same database.
  std::unique_lock lock(entries.mutex);
  for (;;) {
    const auto found = entries.by_identity.find(IdentityOf(environment, path));
    if (found == entries.by_identity.end() || found->second.fork_generation != os::ForkGeneration()) break;
    open = found->second.database.lock();
    if (open != nullptr && !open->closed()) {
      const std::string keys = DifferingKeys(open->settings(), settings);
      lock.unlock();
      if (keys.empty()) return open;
      return base::WithHint(base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kActiveTransaction,
                                            absl::StrCat("\"", path, "\" is open in this process with other settings: ", keys)),
                            "open it with the same settings, or close it first");
    }
    // It is being closed: its last handle was freed, or somebody said so. Its files are locked until that is done.
    const bool by_this_thread = found->second.closing_thread == os::CurrentThreadToken();
    lock.unlock();
    open.reset();
    if (by_this_thread) {
      return base::MisuseError(absl::StrCat("\"", path, "\" cannot be opened by what is called while this thread closes it"));
    }
    if (Clock::now() >= deadline) return StillClosing(path);
    lock.lock();
    // Not for ever: it may have gone before the lock was taken again.
    entries.changed.wait_until(lock, std::min(deadline, Clock::now() + std::chrono::milliseconds(5)));
  }
  TURDB_ASSIGN_OR_RETURN(std::shared_ptr<Database> database, Database::OpenIn(environment, path, settings));
  TURDB_ASSIGN_OR_RETURN(std::string identity, environment.files->Identity(path));
  entries.by_identity[identity] = {database.get(), database, os::ForkGeneration(), 0};
  database->identity_ = std::move(identity);  // last: closing one that has it locks the registry
  return database;
}

void Registry::BeginClosing(const std::string& identity, const Database* database) {
  Entries& entries = AllEntries();
  const std::lock_guard lock(entries.mutex);
  const auto found = entries.by_identity.find(identity);
  if (found != entries.by_identity.end() && found->second.address == database) {
    found->second.closing_thread = os::CurrentThreadToken();
  }
}

void Registry::Forget(const std::string& identity, const Database* database) {
  Entries& entries = AllEntries();
  {
    const std::lock_guard lock(entries.mutex);
    const auto found = entries.by_identity.find(identity);
    if (found == entries.by_identity.end() || found->second.address != database) return;
    entries.by_identity.erase(found);
  }
  entries.changed.notify_all();
}

}  // namespace turdb::engine
