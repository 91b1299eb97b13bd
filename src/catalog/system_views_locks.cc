// turdb_catalog.locks: what transactions hold, what they wait for, and who stands in their way.
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "catalog/system_view_tables.h"
#include "table/key_codec.h"
#include "txn/transaction_manager.h"

namespace turdb::catalog {
namespace {

using base::Status;
using table::IndexPart;
using table::IndexSchema;
using table::TableSchema;
using vec::TypeId;
using vec::Value;

// What a file holds: a table's rows, or an index's entries.
struct Owner {
  std::shared_ptr<const Relation> relation;  // null: something that the snapshot does not show, or the catalog itself
  const IndexSchema* index = nullptr;
};

Owner OwnerOf(const Snapshot& snapshot, base::FileId file) {
  if (auto relation = snapshot.RelationOf(file); relation != nullptr) return {std::move(relation), nullptr};
  Owner owner;
  snapshot.ForEachRelation([&](const std::shared_ptr<const Relation>& relation) {
    for (const IndexSchema& index : relation->schema->indexes) {
      if (index.id == file) owner = {relation, &index};
    }
  });
  return owner;
}

// As far as the key says it: a collated text is in no key.
std::optional<std::string> KeyText(const Owner& owner, base::Bytes key) {
  const TableSchema& schema = *owner.relation->schema;
  if (owner.index == nullptr && schema.key_form != table::KeyForm::kEncoded) {
    if (key.size() != sizeof(int64_t)) return std::nullopt;
    return absl::StrCat(table::DecodeInt64Key(key.data()));
  }
  std::string text;
  for (const IndexPart& part : owner.index == nullptr ? schema.primary_key : owner.index->parts) {
    Value value;
    const bool collated = part.type.collation() != vec::Collation::kBinary;
    if (collated || !table::ReadKeyPart({part.type, part.descending, part.nulls_first}, &key, &value).ok()) {
      return std::nullopt;
    }
    absl::StrAppend(&text, text.empty() ? "" : ", ", value.is_null() ? "NULL" : value.ToString());
  }
  return text;
}

std::string_view NameOf(txn::TableLockMode mode) {
  switch (mode) {
    case txn::TableLockMode::kWrite:
      return "write";
    case txn::TableLockMode::kShare:
      return "share";
    case txn::TableLockMode::kExclusive:
      break;
  }
  return "exclusive";
}

// As SELECT ... FOR has them.
std::string_view NameOf(txn::LockStrength strength) {
  switch (strength) {
    case txn::LockStrength::kKeyShare:
      return "key share";
    case txn::LockStrength::kShare:
      return "share";
    case txn::LockStrength::kNoKeyUpdate:
      return "no key update";
    case txn::LockStrength::kUpdate:
      break;
  }
  return "update";
}

constexpr SystemColumn kLocksColumns[] = {{"transaction_id", TypeId::kInt64}, {"kind", TypeId::kText},
                                          {"table_id", TypeId::kInt64},       {"table_name", TypeId::kText},
                                          {"index_name", TypeId::kText},      {"row_key", TypeId::kText},
                                          {"last_row_key", TypeId::kText},    {"mode", TypeId::kText},
                                          {"is_granted", TypeId::kBoolean},   {"waits_for", TypeId::kInt64}};
Status Locks(const SystemView&, const SystemViewContext& context, RowSink sink) {
  std::optional<base::FileId> last;
  Owner owner;
  for (const txn::LockInfo& info : context.transactions.ListLocks()) {
    if (last != info.file) owner = OwnerOf(context.snapshot, info.file);
    last = info.file;
    // Entries of indexes are held with their row; the catalog's own rows with the table that is changed.
    if (info.is_row && info.granted && (owner.relation == nullptr || owner.index != nullptr)) continue;
    const bool known = owner.relation != nullptr;
    const auto key_text = [&](const std::string& key, bool there) {
      const auto text = known && there ? KeyText(owner, base::AsBytes(key)) : std::nullopt;
      return text.has_value() ? Text(*text) : Value::Null(vec::Type::Text());
    };
    const Value row[] = {
        Value::Int64(static_cast<int64_t>(info.txn)),
        Text(info.is_row ? "row" : "table"),
        Value::Int64(known ? owner.relation->id : info.file),
        TextOrNull(known ? owner.relation->name() : ""),
        TextOrNull(owner.index == nullptr ? "" : owner.index->name),
        key_text(info.key, info.has_key),
        key_text(info.last_key, !info.last_key.empty()),
        Text(info.is_row ? NameOf(info.strength) : NameOf(info.mode)),
        Value::Boolean(info.granted),
        info.waits_for == 0 ? Value::Null(vec::Type::Int64()) : Value::Int64(static_cast<int64_t>(info.waits_for))};
    TURDB_RETURN_IF_ERROR(sink(row));
  }
  return absl::OkStatus();
}

constexpr SystemView kViews[] = {{kSystemSchema, "locks", kLocksColumns, Locks}};

}  // namespace

std::span<const SystemView> LockViews() { return kViews; }

}  // namespace turdb::catalog
