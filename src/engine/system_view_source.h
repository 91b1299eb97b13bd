// System views (turdb_catalog, information_schema, pg_catalog) as tables that plans can read.
#ifndef TURDB_ENGINE_SYSTEM_VIEW_SOURCE_H_
#define TURDB_ENGINE_SYSTEM_VIEW_SOURCE_H_

#include <memory>

#include "catalog/catalog.h"
#include "exec/table_function.h"

namespace turdb::engine {

class Connection;

// The rows of `view` as `snapshot` has them; settings as the connection has them. The connection outlives its plans.
std::shared_ptr<const exec::TableFunction> NewSystemViewSource(Connection& connection,
                                                               std::shared_ptr<const catalog::Snapshot> snapshot,
                                                               const catalog::Relation& view);

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_SYSTEM_VIEW_SOURCE_H_
