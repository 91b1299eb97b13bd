#include "catalog/salvage.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "catalog/catalog.h"
#include "catalog/object_table.h"
#include "table/salvage.h"

namespace turdb::catalog {

using base::Status;
using base::StatusOr;

StatusOr<SalvagedCatalog> SalvageCatalog(storage::Storage& storage, txn::TransactionManager& transactions,
                                         absl::FunctionRef<void(const Status& status)> lost) {
  SalvagedCatalog found;
  const auto visit = [&](const table::RowBuffer& row) -> Status {
    const auto kind = static_cast<ObjectKind>(row[0].Get<int16_t>());
    const int64_t id = row[1].Get<int64_t>();
    if (kind == ObjectKind::kSchema) found.schemas[static_cast<uint64_t>(id)] = std::string(row[2].text());
    const bool known_number = id >= 1 && id <= static_cast<int64_t>(kDatabaseNumbers);
    if (kind == ObjectKind::kNumber && known_number && row[3].text().size() == sizeof(int32_t)) {
      found.numbers[static_cast<DatabaseNumber>(id)] = base::LoadLE<int32_t>(row[3].text().data());
    }
    if (kind != ObjectKind::kRelation) return absl::OkStatus();
    StatusOr<RelationDefinition> definition = DecodeRelation(row[3].text(), *found.struct_types);
    if (definition.ok()) {
      found.relations.push_back(*std::move(definition));
    } else {
      lost(base::WithFrame(definition.status(), absl::StrCat("reading the definition of object ", id)));
    }
    return absl::OkStatus();
  };
  TURDB_RETURN_IF_ERROR(table::SalvageRows(storage, transactions, *ObjectTable::Schema(), visit, lost));
  for (RelationDefinition& relation : found.relations) {
    std::string& name = found.schemas[relation.schema_id];
    if (name.empty()) name = absl::StrCat("lost_schema_", relation.schema_id);
    relation.schema.schema_name = name;
  }
  return found;
}

}  // namespace turdb::catalog
