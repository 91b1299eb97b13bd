// Views whose rows are computed: turdb_catalog, information_schema, sqlite_schema and the basics of pg_catalog.
#ifndef TURDB_CATALOG_SYSTEM_VIEWS_H_
#define TURDB_CATALOG_SYSTEM_VIEWS_H_

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/status.h"
#include "catalog/catalog.h"
#include "vec/type.h"
#include "vec/value.h"

namespace turdb::catalog {

struct SystemColumn {
  std::string_view name;
  vec::TypeId type;
};

// Gets the rows one by one, a value (or NULL) a column.
using RowSink = absl::FunctionRef<base::Status(std::span<const vec::Value>)>;

// Rows that only others know: settings and the like. Keyed by the view's name ("settings").
class SystemRows {
 public:
  virtual ~SystemRows() = default;
  virtual base::Status Visit(std::string_view view, RowSink sink) const = 0;
};

struct SystemViewContext {
  const Snapshot& snapshot;
  txn::TransactionManager& transactions;
  const SystemRows* others = nullptr;  // null: such views are empty
};

struct SystemView {
  std::string_view schema;
  std::string_view name;
  std::span<const SystemColumn> columns;
  base::Status (*rows)(const SystemView& view, const SystemViewContext& context, RowSink sink);
};

std::vector<const SystemView*> SystemViews();
std::shared_ptr<const table::TableSchema> SchemaOf(const SystemView& view, ObjectId id);

}  // namespace turdb::catalog

#endif  // TURDB_CATALOG_SYSTEM_VIEWS_H_
