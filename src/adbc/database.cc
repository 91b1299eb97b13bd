// Databases: "uri" (or "path") and the settings of turdb_options_key, by their own names.
#include "adbc/handles.h"
#include "adbc/options.h"

namespace turdb::adbc {
namespace {

Database* DatabaseOf(AdbcDatabase* database) { return static_cast<Database*>(database->private_data); }

bool IsSetting(std::string_view key) { return turdb_options_describe(std::string(key).c_str()) != nullptr; }

std::string PathOf(const Options& options) {
  for (const char* const key : {"path", kUri}) {
    const auto found = options.find(key);
    if (found == options.end() || found->second.empty()) continue;
    std::string path = found->second;
    for (const std::string_view scheme : {"turdb://", "file://", "turdb:", "file:"}) {
      if (path.starts_with(scheme)) return path.substr(scheme.size());
    }
    return path;
  }
  return ":memory:";
}

AdbcStatusCode Set(AdbcDatabase* handle, std::string_view key, const char* value, AdbcError* error) {
  Database& database = *DatabaseOf(handle);
  if (database.db != nullptr) return Fail(error, kInvalidState, "options of a database are set before it is opened");
  if (key != kUri && key != "path" && !IsSetting(key)) {
    return Fail(error, kNotImplemented, "there is no option \"" + std::string(key) + "\" of databases");
  }
  if (value == nullptr) {
    database.options.erase(std::string(key));
  } else {
    database.options[std::string(key)] = value;
  }
  return kOk;
}

AdbcStatusCode Get(AdbcDatabase* handle, std::string_view key, std::string* value, AdbcError* error) {
  const auto found = DatabaseOf(handle)->options.find(key);
  if (found == DatabaseOf(handle)->options.end()) return UnknownOption(key, error);
  *value = found->second;
  return kOk;
}

AdbcStatusCode New(AdbcDatabase* database, AdbcError* error) {
  return Guard(error, [&] {
    if (database == nullptr) return Fail(error, kInvalidArgument, "database is NULL");
    database->private_data = new Database();
    return kOk;
  });
}

AdbcStatusCode Init(AdbcDatabase* handle, AdbcError* error) {
  return Guard(error, [&] {
    if (handle == nullptr || handle->private_data == nullptr) return Fail(error, kInvalidState, "the database is not new");
    Database& database = *DatabaseOf(handle);
    if (database.db != nullptr) return Fail(error, kInvalidState, "the database is open already");
    turdb_options* raw_options = nullptr;
    TURDB_ADBC_TRY(Try(error, [&](turdb_error** failure) { return turdb_options_new(&raw_options, failure); }));
    const Handle<turdb_options> options(raw_options);
    for (const auto& [key, value] : database.options) {
      if (!IsSetting(key)) continue;
      TURDB_ADBC_TRY(Try(error, [&, &k = key, &v = value](turdb_error** failure) {
        return turdb_options_set(options.get(), k.c_str(), v.c_str(), failure);
      }));
    }
    turdb_db* db = nullptr;
    TURDB_ADBC_TRY(Try(error, [&](turdb_error** failure) {
      return turdb_db_open(PathOf(database.options).c_str(), options.get(), &db, failure);
    }));
    database.db.reset(db);
    return kOk;
  });
}

AdbcStatusCode Release(AdbcDatabase* handle, AdbcError* error) {
  if (handle == nullptr || handle->private_data == nullptr)
    return Fail(error, kInvalidState, "the database is not initialised");
  delete DatabaseOf(handle);
  handle->private_data = nullptr;
  return kOk;
}

}  // namespace

void FillDatabaseEntries(AdbcDriver* driver, bool with_110) {
  using Entries = OptionEntries<AdbcDatabase, Get, Set>;
  driver->DatabaseNew = New;
  driver->DatabaseInit = Init;
  driver->DatabaseRelease = Release;
  driver->DatabaseSetOption = Entries::SetText;
  if (!with_110) return;
  driver->DatabaseGetOption = Entries::GetText;
  driver->DatabaseGetOptionBytes = Entries::GetBytes;
  driver->DatabaseGetOptionInt = Entries::GetInt;
  driver->DatabaseGetOptionDouble = Entries::GetDouble;
  driver->DatabaseSetOptionBytes = Entries::SetBytes;
  driver->DatabaseSetOptionInt = Entries::SetInt;
  driver->DatabaseSetOptionDouble = Entries::SetDouble;
}

}  // namespace turdb::adbc
