// What a Snapshot is made of, and how a changed one is made from it. Internal to this room.
#ifndef TURDB_CATALOG_SNAPSHOT_REP_H_
#define TURDB_CATALOG_SNAPSHOT_REP_H_

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "catalog/catalog.h"

namespace turdb::catalog {

// Objects by (schema, name in lower case); those that differ in case only share an entry.
template <typename T>
using ByName = std::map<std::pair<std::string, std::string>, std::vector<T>, std::less<>>;

// What is known about the rows of tables: one for all snapshots of a catalog. Thread-safe.
class StatisticsRegistry {
 public:
  std::shared_ptr<const table::TableStatistics> Of(ObjectId table) const {
    const std::lock_guard lock(mutex_);
    const auto found = by_table_.find(table);
    return found == by_table_.end() ? nullptr : found->second;
  }
  void Set(ObjectId table, std::shared_ptr<const table::TableStatistics> statistics) {
    const std::lock_guard lock(mutex_);
    by_table_[table] = std::move(statistics);
  }

 private:
  mutable std::mutex mutex_;
  std::map<ObjectId, std::shared_ptr<const table::TableStatistics>> by_table_;  // guarded by mutex_
};

struct Snapshot::Rep {
  uint64_t epoch = 0;
  std::shared_ptr<StatisticsRegistry> statistics;
  std::shared_ptr<vec::StructTypes> struct_types;
  std::map<std::string, std::vector<Schema>, std::less<>> schemas;  // by name in lower case
  ByName<std::shared_ptr<const Relation>> relations;
  ByName<std::shared_ptr<const Relation>> functions;
  ByName<std::pair<std::string, IndexRef>> indexes;  // with the index's name
  std::map<ObjectId, std::shared_ptr<const Relation>> by_id;
  std::string temporary_schema;  // its name; empty: none
  bool has_temporary = false;
  std::array<int32_t, kDatabaseNumbers> numbers{};        // by DatabaseNumber, from 1
  std::map<ObjectId, std::vector<ObjectId>> referencing;  // by table, those with foreign keys to it; ascending

  // Each REQUIRES that the snapshot is being built and nobody else sees it.
  void AddSchema(const Schema& schema);
  void RemoveSchema(std::string_view name);
  void AddRelation(const std::shared_ptr<const Relation>& relation);  // replaces the one of the same id
  void RemoveRelation(ObjectId id);
};

// ASCII letters in lower case, as names fold.
std::string FoldName(std::string_view name);

}  // namespace turdb::catalog

#endif  // TURDB_CATALOG_SNAPSHOT_REP_H_
