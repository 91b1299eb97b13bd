// The one table that keeps all objects, in the tree of turdb.meta:
//
//   kind smallint, id bigint, name text  -> definition blob      primary key (kind, id, name)
//
//   kSchema    id of the schema,   its name    -> (nothing)
//   kRelation  id of the relation, ''          -> its definition (object_codec.h), indexes included
//   kName      id of the schema,   a name      -> (nothing): taken by a relation or an index of the schema
//   kStatistics id of the table,   ''          -> what ANALYZE found (table/statistics.h); may be missing, may be outdated
//
// Rows of kName are what keeps two transactions from using one name: the second waits for the first.
#ifndef TURDB_CATALOG_OBJECT_TABLE_H_
#define TURDB_CATALOG_OBJECT_TABLE_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "base/status.h"
#include "table/table_store.h"

namespace turdb::catalog {

// On disk: do not change.
enum class ObjectKind : int16_t { kSchema = 1, kRelation = 2, kName = 3, kStatistics = 4, kNumber = 5 };

struct ObjectRow {
  ObjectKind kind;
  int64_t id = 0;
  std::string name;
  std::string definition;
};

// Thread-safe.
class ObjectTable {
 public:
  static std::shared_ptr<const table::TableSchema> Schema();
  static base::StatusOr<std::unique_ptr<ObjectTable>> Open(table::TableStore& store);

  base::Status ForEach(const txn::View& view, absl::FunctionRef<base::Status(const ObjectRow&)> visit) const;
  // False: the key is there already. Waits for other transactions that write it.
  base::StatusOr<bool> Insert(txn::Transaction& transaction, const ObjectRow& row) const;
  // Replaces the definition. Error 40001 when another transaction changed it since the snapshot.
  base::Status Update(txn::Transaction& transaction, const ObjectRow& row) const;
  base::Status Delete(txn::Transaction& transaction, ObjectKind kind, int64_t id, std::string_view name) const;
  base::Status DeleteIfThere(txn::Transaction& transaction, ObjectKind kind, int64_t id, std::string_view name) const;

 private:
  explicit ObjectTable(std::shared_ptr<table::Table> table) : table_(std::move(table)) {}
  bool KeyOf(ObjectKind kind, int64_t id, std::string_view name, table::KeyBuffer* key) const;

  std::shared_ptr<table::Table> table_;
};

}  // namespace turdb::catalog

#endif  // TURDB_CATALOG_OBJECT_TABLE_H_
