// Changes of a table's definition that leave its rows alone: old rows are read by the layout of their version.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "catalog/catalog.h"
#include "table/row_codec.h"

namespace turdb::catalog {

using base::MakeError;
using base::Status;
namespace sqlstate = base::sqlstate;

namespace {

Status NextVersion(table::TableSchema& schema) {
  if (schema.row_version >= table::kMaxRowVersion) {
    return base::LimitError(
        absl::StrCat("table \"", schema.name, "\" has been altered ", table::kMaxRowVersion, " times, which is the limit"));
  }
  ++schema.row_version;
  return absl::OkStatus();
}

}  // namespace

Status AddColumn(table::TableSchema& schema, table::Column column, const vec::Value& missing) {
  if (schema.FindColumn(column.name) >= 0) {
    return MakeError(absl::StatusCode::kAlreadyExists, sqlstate::kDuplicateColumn,
                     absl::StrCat("column \"", column.name, "\" of relation \"", schema.name, "\" already exists"));
  }
  if (schema.columns.size() >= static_cast<size_t>(base::kMaxColumns)) {
    return MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kTooManyColumns,
                     absl::StrCat("table \"", schema.name, "\" has ", base::kMaxColumns, " columns, which is the limit"));
  }
  TURDB_RETURN_IF_ERROR(NextVersion(schema));
  column.stored = static_cast<int32_t>(schema.stored.size());
  table::StoredColumn stored;
  stored.type = column.type;
  stored.first_version = schema.row_version;
  stored.missing = missing;
  schema.stored.push_back(std::move(stored));
  schema.columns.push_back(std::move(column));
  return absl::OkStatus();
}

Status DropColumn(table::TableSchema& schema, int32_t column) {
  const auto uses = [&](const std::vector<table::IndexPart>& parts) {
    return std::any_of(parts.begin(), parts.end(), [&](const table::IndexPart& part) { return part.column == column; });
  };
  const std::string& name = schema.columns[static_cast<size_t>(column)].name;
  if (uses(schema.primary_key) || std::any_of(schema.indexes.begin(), schema.indexes.end(),
                                              [&](const table::IndexSchema& index) { return uses(index.parts); })) {
    return base::WithHint(
        MakeError(absl::StatusCode::kFailedPrecondition, sqlstate::kDependentObjects,
                  absl::StrCat("column \"", name, "\" of table \"", schema.name, "\" is part of a key or an index")),
        "drop the index first");
  }
  TURDB_RETURN_IF_ERROR(NextVersion(schema));
  schema.stored[static_cast<size_t>(schema.columns[static_cast<size_t>(column)].stored)].last_version =
      static_cast<uint16_t>(schema.row_version - 1);
  schema.columns.erase(schema.columns.begin() + column);
  // Positions behind it move.
  const auto shift = [&](int32_t& position) { position -= static_cast<int32_t>(position > column); };
  for (table::IndexPart& part : schema.primary_key) shift(part.column);
  for (table::IndexSchema& index : schema.indexes) {
    for (table::IndexPart& part : index.parts) shift(part.column);
    for (int32_t& included : index.included) shift(included);
  }
  for (table::ForeignKey& key : schema.foreign_keys) {
    std::erase(key.columns, column);
    for (int32_t& position : key.columns) shift(position);
    std::erase(key.on_delete_columns, column);
    for (int32_t& position : key.on_delete_columns) shift(position);
  }
  for (table::TriggerSchema& trigger : schema.triggers) {
    std::erase(trigger.columns, column);
    for (int32_t& position : trigger.columns) shift(position);
  }
  std::erase_if(schema.foreign_keys, [](const table::ForeignKey& key) { return key.columns.empty(); });
  return absl::OkStatus();
}

}  // namespace turdb::catalog
