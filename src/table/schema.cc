#include "table/schema.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/limits.h"
#include "vec/collation.h"

namespace turdb::table {

namespace {

using base::MakeError;
using base::Status;
namespace sqlstate = base::sqlstate;

bool IsIntegerKey(const std::vector<IndexPart>& primary_key) {
  if (primary_key.size() != 1) return false;
  const IndexPart& part = primary_key[0];
  const bool integer = part.type == vec::TypeId::kInt16 || part.type == vec::TypeId::kInt32 || part.type == vec::TypeId::kInt64;
  return integer && !part.descending;
}

Status CheckColumns(const TableSchema& schema) {
  if (schema.columns.size() > static_cast<size_t>(base::kMaxColumns)) {
    return MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kTooManyColumns,
                     absl::StrCat("table \"", schema.name, "\" would have ", schema.columns.size(), " columns; the limit is ",
                                  base::kMaxColumns));
  }
  std::vector<std::string_view> names;
  for (const Column& column : schema.columns) names.push_back(column.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) {
    return MakeError(absl::StatusCode::kAlreadyExists, sqlstate::kDuplicateColumn,
                     absl::StrCat("column \"", *twice, "\" specified more than once"));
  }
  return absl::OkStatus();
}

}  // namespace

int32_t TableSchema::FindColumn(std::string_view column_name) const {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == column_name) return static_cast<int32_t>(i);
  }
  return -1;
}

int32_t TableSchema::FindUniqueKey(std::vector<int32_t> key_columns) const {
  std::sort(key_columns.begin(), key_columns.end());
  const auto covers = [&](const std::vector<IndexPart>& parts) {
    std::vector<int32_t> own;
    for (const IndexPart& part : parts) own.push_back(part.column);
    std::sort(own.begin(), own.end());
    return own == key_columns && std::all_of(parts.begin(), parts.end(), [&](const IndexPart& part) {
             return part.type.collation() == columns[static_cast<size_t>(part.column)].type.collation();
           });
  };
  if (!primary_key.empty() && covers(primary_key)) return -1;
  for (size_t i = 0; i < indexes.size(); ++i) {
    if (indexes[i].unique && indexes[i].predicate_sql.empty() && covers(indexes[i].parts)) return static_cast<int32_t>(i);
  }
  return -2;
}

void TakeTypeOf(const Column& column, IndexPart* part) {
  if (part->collation.empty()) part->collation = column.collation;
  part->type = column.type;
  const vec::NamedCollation* const own = part->collation.empty() ? nullptr : vec::FindCollation(part->collation);
  if (own != nullptr) part->type = column.type.WithCollation(own->order);
}

Status FinishNewTable(TableSchema& schema) {
  TURDB_RETURN_IF_ERROR(CheckColumns(schema));
  if (schema.primary_key.size() > static_cast<size_t>(base::kMaxIndexColumns)) {
    return MakeError(
        absl::StatusCode::kInvalidArgument, sqlstate::kTooManyColumns,
        absl::StrCat("the primary key of table \"", schema.name, "\" has more than ", base::kMaxIndexColumns, " columns"));
  }
  for (size_t i = 0; i < schema.primary_key.size(); ++i) {
    IndexPart& part = schema.primary_key[i];
    Column& column = schema.columns[static_cast<size_t>(part.column)];
    for (size_t j = 0; j < i; ++j) {
      if (schema.primary_key[j].column == part.column) {
        return MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kDuplicateColumn,
                         absl::StrCat("column \"", column.name, "\" appears twice in primary key constraint"));
      }
    }
    TakeTypeOf(column, &part);
    part.nulls_first = part.descending;
    column.not_null = true;
  }
  schema.key_form = schema.primary_key.empty()         ? KeyForm::kRowId
                    : IsIntegerKey(schema.primary_key) ? KeyForm::kInteger
                                                       : KeyForm::kEncoded;
  schema.row_version = 1;
  schema.stored.clear();
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    Column& column = schema.columns[i];
    column.stored = -1;
    if (static_cast<int32_t>(i) == schema.key_column()) continue;
    column.stored = static_cast<int32_t>(schema.stored.size());
    StoredColumn stored;
    stored.type = column.type;
    stored.missing = vec::Value::Null(column.type);
    schema.stored.push_back(std::move(stored));
  }
  return absl::OkStatus();
}

std::string EncodePathName(std::string_view name) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    const unsigned char c = static_cast<unsigned char>(name[i]);
    const bool safe = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || (c == '-' && i != 0);
    if (safe) {
      out.push_back(static_cast<char>(c));
    } else {
      out.push_back('%');
      out.push_back(kHex[c >> 4]);
      out.push_back(kHex[c & 15]);
    }
  }
  return out;
}

std::string TablePath(std::string_view schema_name, std::string_view table_name) {
  return absl::StrCat(EncodePathName(schema_name), "/", EncodePathName(table_name), ".tbd");
}

std::string IndexPath(std::string_view schema_name, std::string_view table_name, std::string_view index_name,
                      IndexMethod method) {
  return absl::StrCat(EncodePathName(schema_name), "/", EncodePathName(table_name), ".", EncodePathName(index_name),
                      method == IndexMethod::kHnsw ? ".hnsw" : ".idx");
}

}  // namespace turdb::table
