#include "exec/foreign_key.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "exec/key_range.h"
#include "exec/referential_queue.h"
#include "txn/transaction.h"
#include "vec/any.h"

namespace turdb::exec {

using base::Status;
using base::StatusOr;
using table::Cell;
using vec::Chunk;
using vec::Rows;
using vec::SelIndex;
using vec::Vector;

namespace {

std::string TextOf(const vec::Type& type, Cell cell) {
  if (cell == nullptr) return "null";
  return vec::VisitPhysical(type.physical(), [&](auto tag) {
    decltype(tag) value;
    std::memcpy(&value, cell, sizeof value);
    if constexpr (std::is_same_v<decltype(value), vec::StringView>) {
      if (type.id == vec::TypeId::kAny) return vec::DecodeAny(value.view()).ToString();
      return vec::Value::OfBytes(type, std::string(value.view())).ToString();
    } else {
      return vec::Value::Of(type, value).ToString();
    }
  });
}

// "Key (a, b)=(1, 2)", column by column: `name(i)` and `text(i)`.
template <typename NameOf, typename TextOfColumn>
std::string KeyText(size_t count, NameOf name, TextOfColumn text) {
  std::string names, values;
  for (size_t i = 0; i < count; ++i) {
    absl::StrAppend(&names, i == 0 ? "" : ", ", name(i));
    absl::StrAppend(&values, i == 0 ? "" : ", ", text(i));
  }
  return absl::StrCat("Key (", names, ")=(", values, ")");
}

Status Violation(std::string_view message, std::string_view detail, std::string_view hint) {
  const Status status = base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kForeignKeyViolation, message);
  return base::WithHint(base::WithFrame(status, detail), hint);
}

bool HasNull(std::span<const Cell> values) { return std::find(values.begin(), values.end(), nullptr) != values.end(); }

}  // namespace

Status MissingKeyError(const ForeignKeyCheck& check, std::span<const Cell> values) {
  const table::TableSchema& schema = check.table->schema();
  const table::TableSchema& referenced = check.referenced->schema();
  const std::string message =
      absl::StrCat("insert or update on table \"", schema.name, "\" violates foreign key constraint \"", check.key->name, "\"");
  if (HasNull(values)) {
    return Violation(message, "MATCH FULL does not allow mixing of null and nonnull key values.",
                     "Give all columns of the key a value, or none.");
  }
  const std::vector<int32_t>& columns = check.key->columns;
  const auto name = [&](size_t i) { return schema.columns[static_cast<size_t>(columns[i])].name; };
  const auto text = [&](size_t i) {
    const auto at = std::find(check.columns.begin(), check.columns.end(), columns[i]) - check.columns.begin();
    return TextOf(schema.columns[static_cast<size_t>(columns[i])].type, values[static_cast<size_t>(at)]);
  };
  return Violation(message,
                   absl::StrCat(KeyText(columns.size(), name, text), " is not present in table \"", referenced.name, "\"."),
                   absl::StrCat("Insert the row of \"", referenced.name,
                                "\" first, or make the constraint DEFERRABLE to check it at COMMIT."));
}

Status KeyInUseError(const ReferencingKey& key, std::span<const Cell> values) {
  const table::TableSchema& schema = key.table->schema();
  const table::TableSchema& referenced = key.referenced->schema();
  const auto column = [&](size_t i) -> const table::Column& { return referenced.columns[static_cast<size_t>(key.columns[i])]; };
  const auto name = [&](size_t i) { return column(i).name; };
  const auto text = [&](size_t i) { return TextOf(column(i).type, values[i]); };
  return Violation(
      absl::StrCat("update or delete on table \"", referenced.name, "\" violates foreign key constraint \"", key.key->name,
                   "\" on table \"", schema.name, "\""),
      absl::StrCat(KeyText(key.columns.size(), name, text), " is still referenced from table \"", schema.name, "\"."),
      absl::StrCat("Change the rows of \"", schema.name, "\" first, or let ON ", key.on_update ? "UPDATE" : "DELETE",
                   " say what becomes of them."));
}

StatusOr<Reference> FindReferenced(txn::Transaction& transaction, const ForeignKeyCheck& check, std::span<const Cell> values,
                                   std::span<const Cell> key, table::KeyBuffer* buffer) {
  if (HasNull(values)) {
    const bool all = std::all_of(values.begin(), values.end(), [](Cell cell) { return cell == nullptr; });
    return check.key->match_full && !all ? Reference::kMissing : Reference::kNothing;
  }
  if (HasNull(key)) return Reference::kMissing;
  const bool possible = check.index < 0 ? check.referenced->EncodeRowKey(key, buffer)
                                        : check.referenced->EncodeIndexKey(check.index, key, buffer);
  if (!possible) return Reference::kMissing;
  TURDB_ASSIGN_OR_RETURN(const bool found, check.referenced->ShareKey(transaction, check.index, buffer->bytes()));
  return found ? Reference::kFound : Reference::kMissing;
}

// ---- ForeignKeyProbe

namespace {

std::vector<vec::Type> TypesOf(const table::TableSchema& schema, std::span<const int32_t> columns) {
  std::vector<vec::Type> types;
  for (const int32_t column : columns) types.push_back(schema.columns[static_cast<size_t>(column)].type);
  return types;
}

}  // namespace

ForeignKeyProbe::ForeignKeyProbe(const ForeignKeyCheck& check, const EvaluatorOptions& options)
    : check_(check),
      projection_(check.table->MakeProjection(check.columns)),
      keys_(TypesOf(check.table->schema(), check.columns), options.capacity, options.budget),
      missing_(options.capacity, options.budget),
      values_(check.columns.size()),
      key_(check.columns.size()) {}

StatusOr<std::unique_ptr<ForeignKeyProbe>> ForeignKeyProbe::Make(const ForeignKeyCheck& check,
                                                                 const EvaluatorOptions& options) {
  std::unique_ptr<ForeignKeyProbe> probe(new ForeignKeyProbe(check, options));
  TURDB_ASSIGN_OR_RETURN(probe->converted_, EvaluatorList::Make(check.converted, options));
  return probe;
}

Status ForeignKeyProbe::Find(Runtime& runtime) {
  missing_.set_size(0);
  const Rows all = Rows::All(keys_.size());
  if (keys_.empty()) return absl::OkStatus();
  const bool converts = converted_.size() != 0;
  if (converts) TURDB_RETURN_IF_ERROR(converted_.Evaluate(runtime, keys_, all));
  for (uint32_t row = 0; row < keys_.size(); ++row) {
    for (size_t i = 0; i < values_.size(); ++i) {
      values_[i] = CellOf(keys_.column(i), row);
      key_[i] = converts ? CellOf(*converted_.values()[i], row) : values_[i];
    }
    TURDB_ASSIGN_OR_RETURN(const Reference reference, FindReferenced(runtime.context->TransactionOf(check_.table->schema().id),
                                                                     check_, values_, key_, &buffer_));
    if (reference == Reference::kMissing) missing_.Append(static_cast<SelIndex>(row));
  }
  return absl::OkStatus();
}

StatusOr<Rows> ForeignKeyProbe::FindMissing(Runtime& runtime, const Chunk& rows) {
  keys_.Reset();
  for (size_t i = 0; i < check_.columns.size(); ++i) {
    keys_.column(i).Reference(rows.column(static_cast<size_t>(check_.columns[i])));
  }
  keys_.set_size(rows.size());
  TURDB_RETURN_IF_ERROR(Find(runtime));
  keys_.Reset();  // lets go of the caller's memory
  return Rows::Of(missing_);
}

Status ForeignKeyProbe::CheckAgain(Runtime& runtime, const Vector& row_keys, uint32_t count) {
  const txn::Transaction& transaction = runtime.context->TransactionOf(check_.table->schema().id);
  const vec::VectorView view = row_keys.View();
  keys_.Reset();
  uint32_t kept = 0;
  for (uint32_t row = 0; row < count; ++row) {
    const base::Bytes key = base::AsBytes(view.Get<vec::StringView>(row).view());
    TURDB_ASSIGN_OR_RETURN(const bool there, check_.table->Get(transaction.view_with_own_changes(), key, projection_, &row_));
    if (!there) continue;
    for (size_t i = 0; i < check_.columns.size(); ++i) CopySlot(row_[i], &keys_.column(i), kept);
    ++kept;
  }
  keys_.set_size(kept);
  TURDB_RETURN_IF_ERROR(Find(runtime));
  if (missing_.size() == 0) return absl::OkStatus();
  for (size_t i = 0; i < values_.size(); ++i) values_[i] = CellOf(keys_.column(i), missing_.data()[0]);
  return MissingKeyError(check_, values_);
}

// ---- ForeignKeyWriter

StatusOr<ForeignKeyWriter> ForeignKeyWriter::Make(ForeignKeyChecks checks, const EvaluatorOptions& options) {
  ForeignKeyWriter writer;
  writer.checks_ = checks;
  for (const ForeignKeyCheck* check : checks) {
    TURDB_ASSIGN_OR_RETURN(std::unique_ptr<ForeignKeyProbe> probe, ForeignKeyProbe::Make(*check, options));
    writer.probes_.push_back(std::move(probe));
  }
  return writer;
}

Status ForeignKeyWriter::Start(Runtime& runtime) {
  for (const std::unique_ptr<ForeignKeyProbe>& probe : probes_) TURDB_RETURN_IF_ERROR(probe->Start(runtime));
  return absl::OkStatus();
}

Status ForeignKeyWriter::Wrote(Runtime& runtime, const Chunk& rows, const Vector& row_keys) {
  for (size_t i = 0; i < checks_.size(); ++i) {
    TURDB_ASSIGN_OR_RETURN(const Rows missing, probes_[i]->FindMissing(runtime, rows));
    if (missing.count != 0) TURDB_RETURN_IF_ERROR(runtime.referential->AddMissing(runtime, *checks_[i], row_keys, missing));
  }
  return absl::OkStatus();
}

Status ForeignKeyWriter::WroteUnseen(Runtime& runtime, const Vector& row_keys, uint32_t count) {
  for (const ForeignKeyCheck* check : checks_) {
    TURDB_RETURN_IF_ERROR(runtime.referential->AddMissing(runtime, *check, row_keys, Rows::All(count)));
  }
  return absl::OkStatus();
}

// ---- ReferenceWriter

ReferenceWriter::ReferenceWriter(ReferencingKeys keys, const EvaluatorOptions& options)
    : keys_(keys), old_rows_(options.capacity, options.budget), new_rows_(options.capacity, options.budget) {}

Status ReferenceWriter::Deleted(Runtime& runtime, const Chunk& rows, Rows which, std::span<const int32_t> old_columns) {
  for (const ReferencingKey* key : keys_) {
    pointers_.clear();
    for (const int32_t column : key->columns) {
      pointers_.push_back(&rows.column(static_cast<size_t>(old_columns[static_cast<size_t>(column)])));
    }
    old_rows_.set_size(0);
    for (uint32_t i = 0; i < which.count; ++i) {
      const bool null = std::any_of(pointers_.begin(), pointers_.end(), [&](const Vector* v) { return v->IsNull(which[i]); });
      if (!null) old_rows_.Append(which[i]);
    }
    TURDB_RETURN_IF_ERROR(runtime.referential->AddGone(runtime, *key, pointers_, Rows::Of(old_rows_)));
  }
  return absl::OkStatus();
}

Status ReferenceWriter::Updated(Runtime& runtime, const Chunk& before, Rows which, std::span<const int32_t> old_columns,
                                const Chunk& after) {
  for (const ReferencingKey* key : keys_) {
    const size_t count = key->columns.size();
    old_rows_.set_size(0);
    new_rows_.set_size(0);
    std::string old_key, new_key;
    for (uint32_t i = 0; i < which.count; ++i) {
      old_key.clear();
      new_key.clear();
      bool null = false;
      for (const int32_t column : key->columns) {
        const auto at = static_cast<size_t>(column);
        const Cell old_cell = CellOf(before.column(static_cast<size_t>(old_columns[at])), which[i]);
        // CASCADE hands on what looks different, even when the key's collation does not see it.
        const vec::Type& type = after.column(at).type();
        const bool cascades = key->action == table::ForeignKeyAction::kCascade;
        const table::KeyPart part{cascades ? type.WithCollation(vec::Collation::kBinary) : type, false, false};
        null |= old_cell == nullptr;
        table::AppendSortKeyPart(part, old_cell, &old_key);
        table::AppendSortKeyPart(part, CellOf(after.column(at), i), &new_key);
      }
      if (null || old_key == new_key) continue;
      old_rows_.Append(which[i]);
      new_rows_.Append(static_cast<SelIndex>(i));
    }
    // Old and new values side by side, densely.
    columns_.clear();
    pointers_.clear();
    columns_.reserve(2 * count);
    for (const int32_t column : key->columns) {
      const Vector& from = before.column(static_cast<size_t>(old_columns[static_cast<size_t>(column)]));
      columns_.emplace_back(from.type(), before.capacity(), runtime.budget).Slice(from, Rows::Of(old_rows_));
    }
    for (const int32_t column : key->columns) {
      const Vector& from = after.column(static_cast<size_t>(column));
      columns_.emplace_back(from.type(), after.capacity(), runtime.budget).Slice(from, Rows::Of(new_rows_));
    }
    for (const Vector& column : columns_) pointers_.push_back(&column);
    TURDB_RETURN_IF_ERROR(runtime.referential->AddGone(runtime, *key, pointers_, Rows::All(old_rows_.size())));
  }
  return absl::OkStatus();
}

}  // namespace turdb::exec
