#include "table/salvage.h"

#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "btree/tree.h"
#include "table/row_codec.h"

namespace turdb::table {

using base::Bytes;
using base::Status;

Status SalvageRows(storage::Storage& storage, txn::TransactionManager& transactions, const TableSchema& schema,
                   absl::FunctionRef<Status(const RowBuffer& row)> visit, absl::FunctionRef<void(const Status& status)> lost) {
  const auto kind = schema.key_form == KeyForm::kEncoded ? btree::KeyKind::kBytes : btree::KeyKind::kInt64;
  const std::unique_ptr<btree::Tree> tree = btree::Tree::OpenDamaged(storage, transactions, schema.id, kind);
  const RowLayouts layouts(schema);
  std::vector<int32_t> columns(schema.columns.size());
  std::iota(columns.begin(), columns.end(), 0);
  const Projection projection(layouts, columns);
  RowBuffer buffer;
  const auto read = [&](Bytes key, Bytes row) -> Status {
    TURDB_ASSIGN_OR_RETURN(const bool whole, projection.ReadRow(key, row, &buffer));
    return whole ? absl::OkStatus() : projection.Fetch(*tree, &buffer);
  };
  return tree->Salvage(
      [&](Bytes key, Bytes row) -> Status {
        if (Status status = read(key, row); !status.ok()) {
          lost(base::WithFrame(std::move(status), absl::StrCat("reading a row of ", schema.qualified_name())));
          return absl::OkStatus();
        }
        return visit(buffer);
      },
      lost);
}

}  // namespace turdb::table
