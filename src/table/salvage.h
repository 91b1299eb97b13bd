// The rows of a table whose file is damaged.
#ifndef TURDB_TABLE_SALVAGE_H_
#define TURDB_TABLE_SALVAGE_H_

#include "absl/functional/function_ref.h"
#include "base/status.h"
#include "table/projection.h"
#include "table/schema.h"
#include "txn/transaction_manager.h"

namespace turdb::table {

// Visits every row that can be read from the pages of the table's file, in the order of the pages, all columns of it; what
// cannot be read goes to `lost`: a page, or one row. Needs neither the root nor any index, and changes nothing. An error only
// when `visit` gives one, or the file cannot be read at all.
base::Status SalvageRows(storage::Storage& storage, txn::TransactionManager& transactions, const TableSchema& schema,
                         absl::FunctionRef<base::Status(const RowBuffer& row)> visit,
                         absl::FunctionRef<void(const base::Status& status)> lost);

}  // namespace turdb::table

#endif  // TURDB_TABLE_SALVAGE_H_
