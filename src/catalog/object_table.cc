#include "catalog/object_table.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "table/scan.h"
#include "vec/chunk.h"

namespace turdb::catalog {

using base::Status;
using base::StatusOr;
using table::Cell;
using table::Column;

std::shared_ptr<const table::TableSchema> ObjectTable::Schema() {
  auto schema = std::make_shared<table::TableSchema>();
  schema->id = base::kMetaFile;
  schema->schema_name = "turdb_catalog";
  schema->name = "objects";
  const auto add = [&](std::string name, vec::Type type, bool in_key) {
    Column column;
    column.name = std::move(name);
    column.type = type;
    column.not_null = true;
    if (in_key) {
      table::IndexPart part;
      part.column = static_cast<int32_t>(schema->columns.size());
      schema->primary_key.push_back(part);
    }
    schema->columns.push_back(std::move(column));
  };
  add("kind", vec::Type::Int16(), true);
  add("id", vec::Type::Int64(), true);
  add("name", vec::Type::Text(), true);
  add("definition", vec::Type::Blob(), false);
  schema->primary_key_name = "objects_pkey";
  TURDB_CHECK(table::FinishNewTable(*schema).ok());
  return schema;
}

StatusOr<std::unique_ptr<ObjectTable>> ObjectTable::Open(table::TableStore& store) {
  TURDB_ASSIGN_OR_RETURN(std::shared_ptr<table::Table> table, store.Open(Schema()));
  return std::unique_ptr<ObjectTable>(new ObjectTable(std::move(table)));
}

Status ObjectTable::ForEach(const txn::View& view, absl::FunctionRef<Status(const ObjectRow&)> visit) const {
  static constexpr std::array<int32_t, 4> kAll = {0, 1, 2, 3};
  const table::Projection projection = table_->MakeProjection(kAll);
  table::TableScan scan(*table_, projection);
  vec::Chunk chunk(projection.types(), 128);
  while (true) {
    TURDB_ASSIGN_OR_RETURN(const bool more, scan.Next(view, chunk.capacity(), &chunk));
    if (!more) return absl::OkStatus();
    for (uint32_t r = 0; r < chunk.size(); ++r) {
      const auto text = [&](size_t column) {
        const vec::StringView view_of = chunk.column(column).View().Get<vec::StringView>(r);
        return std::string(view_of.data(), view_of.size());
      };
      ObjectRow row;
      row.kind = static_cast<ObjectKind>(chunk.column(0).View().Get<int16_t>(r));
      row.id = chunk.column(1).View().Get<int64_t>(r);
      row.name = text(2);
      row.definition = text(3);
      TURDB_RETURN_IF_ERROR(visit(row));
    }
  }
}

StatusOr<bool> ObjectTable::Insert(txn::Transaction& transaction, const ObjectRow& row) const {
  const vec::StringView name{std::string_view(row.name)}, definition{std::string_view(row.definition)};
  const Cell cells[] = {&row.kind, &row.id, &name, &definition};
  table::WriteScratch scratch(*table_);
  return table_->InsertRow(transaction, cells, table::OnDuplicate::kSkip, nullptr, scratch);
}

bool ObjectTable::KeyOf(ObjectKind kind, int64_t id, std::string_view name, table::KeyBuffer* key) const {
  const vec::StringView view(name);
  const Cell cells[] = {&kind, &id, &view};
  return table_->EncodeRowKey(cells, key);
}

Status ObjectTable::Update(txn::Transaction& transaction, const ObjectRow& row) const {
  table::KeyBuffer key;
  TURDB_CHECK(KeyOf(row.kind, row.id, row.name, &key));
  const vec::StringView definition{std::string_view(row.definition)};
  static constexpr int32_t kColumns[] = {3};
  const Cell cells[] = {&definition};
  table::WriteScratch scratch(*table_);
  TURDB_ASSIGN_OR_RETURN(const bool found, table_->UpdateRow(transaction, key.bytes(), kColumns, cells, nullptr, scratch));
  return found ? absl::OkStatus() : base::InternalError(absl::StrCat("the catalog has lost object ", row.id));
}

Status ObjectTable::Delete(txn::Transaction& transaction, ObjectKind kind, int64_t id, std::string_view name) const {
  table::KeyBuffer key;
  TURDB_CHECK(KeyOf(kind, id, name, &key));
  table::WriteScratch scratch(*table_);
  TURDB_ASSIGN_OR_RETURN(const bool found, table_->DeleteRow(transaction, key.bytes(), nullptr, scratch));
  return found ? absl::OkStatus() : base::InternalError(absl::StrCat("the catalog has lost object ", id, " ", name));
}

Status ObjectTable::DeleteIfThere(txn::Transaction& transaction, ObjectKind kind, int64_t id, std::string_view name) const {
  table::KeyBuffer key;
  TURDB_CHECK(KeyOf(kind, id, name, &key));
  table::WriteScratch scratch(*table_);
  return table_->DeleteRow(transaction, key.bytes(), nullptr, scratch).status();
}

}  // namespace turdb::catalog
