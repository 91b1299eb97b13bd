// What is left of the catalog of a database that is damaged.
#ifndef TURDB_CATALOG_SALVAGE_H_
#define TURDB_CATALOG_SALVAGE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/status.h"
#include "catalog/catalog.h"
#include "catalog/object_codec.h"
#include "txn/transaction_manager.h"

namespace turdb::catalog {

struct SalvagedCatalog {
  std::map<uint64_t, std::string> schemas;  // by id; root among them
  std::map<DatabaseNumber, int32_t> numbers;
  std::shared_ptr<vec::StructTypes> struct_types = std::make_shared<vec::StructTypes>();  // what columns of them are made of
  std::vector<RelationDefinition> relations;  // with the names of their schemas, which `schemas` all has
};

// Reads every definition that can be read; what cannot goes to `lost`. An error only when turdb.meta cannot be read at all.
base::StatusOr<SalvagedCatalog> SalvageCatalog(storage::Storage& storage, txn::TransactionManager& transactions,
                                               absl::FunctionRef<void(const base::Status& status)> lost);

}  // namespace turdb::catalog

#endif  // TURDB_CATALOG_SALVAGE_H_
