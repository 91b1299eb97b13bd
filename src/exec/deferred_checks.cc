#include "exec/deferred_checks.h"

#include <algorithm>

#include "exec/key_range.h"
#include "exec/referential_queue.h"
#include "table/key_codec.h"
#include "txn/transaction.h"

namespace turdb::exec {

using base::Status;
using vec::Vector;

bool DeferredChecks::IsDeferred(base::FileId table, const table::ForeignKey& key) const {
  if (!key.deferrable) return false;
  for (size_t i = modes_.size(); i-- > 0;) {
    const Mode& mode = modes_[i];
    if (mode.table == base::kNoFile || (mode.table == table && mode.name == key.name)) return mode.deferred;
  }
  return key.initially_deferred;
}

bool DeferredChecks::IsDeferred(const Set& set) const {
  return IsDeferred(TableOf(set), set.check != nullptr ? *set.check->key : *set.key->key);
}

base::FileId DeferredChecks::TableOf(const Set& set) const {
  return (set.check != nullptr ? set.check->table : set.key->table)->schema().id;
}

void DeferredChecks::SetMode(base::FileId table, std::string_view name, bool deferred, base::StatementNo statement) {
  modes_.push_back({table, std::string(name), deferred, statement});
}

bool DeferredChecks::Concerns(base::FileId table) const {
  return std::any_of(items_.begin(), items_.end(), [&](const Item& item) {
    const Set& set = sets_[item.set];
    const table::Table* const referenced = set.check != nullptr ? set.check->referenced : set.key->referenced;
    return item.checked == 0 && (TableOf(set) == table || referenced->schema().id == table);
  });
}

Status DeferredChecks::Add(const std::shared_ptr<const Plan>& plan, const ForeignKeyCheck* check, const ReferencingKey* key,
                           base::Bytes bytes, base::StatementNo statement) {
  size_t set = sets_.size();
  while (set > 0 && (sets_[set - 1].check != check || sets_[set - 1].key != key || sets_[set - 1].plan != plan)) --set;
  if (set == 0) {
    sets_.push_back({plan, check, key});
    set = sets_.size();
  }
  // Vectors double: twice what is in use covers them.
  const auto wanted = static_cast<int64_t>(2 * ((items_.size() + 1) * sizeof(Item) + bytes_.size() + bytes.size()));
  if (wanted > reserved_.bytes()) {
    TURDB_RETURN_IF_ERROR(reserved_.Grow(wanted + wanted / 2 - reserved_.bytes(), "deferring a constraint"));
  }
  if (bytes_.size() + bytes.size() > UINT32_MAX) return base::LimitError("a transaction defers too many checks");
  items_.push_back({static_cast<uint32_t>(set - 1), static_cast<uint32_t>(bytes_.size()), static_cast<uint32_t>(bytes.size()),
                    statement, 0});
  bytes_.append(base::AsText(bytes));
  return absl::OkStatus();
}

Status DeferredChecks::AddMissing(const std::shared_ptr<const Plan>& plan, const ForeignKeyCheck& check, base::Bytes row_key,
                                  base::StatementNo statement) {
  return Add(plan, &check, nullptr, row_key, statement);
}

Status DeferredChecks::AddGone(const std::shared_ptr<const Plan>& plan, const ReferencingKey& key, MaterializedRows& keys,
                               base::StatementNo statement) {
  vec::Chunk chunk(key.key_types, vec::kDefaultChunkCapacity, budget_);
  std::vector<table::Cell> cells(key.parts.size());
  table::KeyBuffer encoded;
  MaterializedRows::Cursor cursor;
  for (;;) {
    TURDB_ASSIGN_OR_RETURN(const uint32_t count, keys.Scan(&cursor, &chunk));
    if (count == 0) return absl::OkStatus();
    for (uint32_t row = 0; row < chunk.size(); ++row) {
      for (size_t i = 0; i < cells.size(); ++i) cells[i] = CellOf(chunk.column(static_cast<size_t>(key.parts[i])), row);
      const bool possible = key.index < 0 ? key.referenced->EncodeRowKey(cells, &encoded)
                                          : key.referenced->EncodeIndexKey(key.index, cells, &encoded);
      if (possible) TURDB_RETURN_IF_ERROR(Add(plan, nullptr, &key, encoded.bytes(), statement));
    }
  }
}

namespace {

// The values of an encoded key, to row `row` of a chunk of ReferencingKey::key_types.
Status DecodeKey(const ReferencingKey& key, base::Bytes bytes, vec::Chunk* out, uint32_t row) {
  const bool is_number = key.index < 0 && key.referenced->schema().key_form == table::KeyForm::kInteger;
  const std::span<const table::KeyPart> parts = key.referenced->key_parts(key.index);
  for (size_t i = 0; i < key.parts.size(); ++i) {
    Vector& column = out->column(static_cast<size_t>(key.parts[i]));
    if (!is_number) {
      TURDB_RETURN_IF_ERROR(table::ReadKeyPart(parts[i], &bytes, &column, row));
      continue;
    }
    const int64_t number = table::DecodeInt64Key(bytes.data());
    vec::VisitPhysical(column.physical(), [&](auto tag) {
      using T = decltype(tag);
      if constexpr (std::is_integral_v<T>) column.Set(row, static_cast<T>(number));
    });
  }
  // On update the new values stand behind the old ones; nothing reads them here.
  for (size_t i = key.parts.size(); i < out->column_count(); ++i) out->column(i).SetNull(row);
  return absl::OkStatus();
}

}  // namespace

Status DeferredChecks::CheckSet(const ExecutionContext& context, uint32_t number) {
  static constexpr vec::Type kKeyType = vec::TypeId::kBlob;
  static constexpr uint32_t kCapacity = 256;
  const Set set = sets_[number];
  ReferentialRuns runs(*set.plan, budget_, kCapacity);
  runs.Start(context, nullptr);
  const std::span<const vec::Type> types = set.check != nullptr ? std::span(&kKeyType, 1) : set.key->key_types;
  vec::Chunk chunk(types, kCapacity, budget_);
  std::vector<const Vector*> columns;
  for (const Vector& column : std::as_const(chunk).columns()) columns.push_back(&column);
  uint32_t count = 0;
  const auto check = [&]() -> Status {
    if (count == 0) return absl::OkStatus();
    chunk.set_size(count);
    if (set.check != nullptr) {
      TURDB_RETURN_IF_ERROR(runs.CheckRows(*set.check, chunk.column(0), count));
    } else {
      MaterializedRows keys = runs.NewKeys(*set.key), gone = runs.NewKeys(*set.key);
      TURDB_RETURN_IF_ERROR(keys.Append(runs.runtime(), columns, vec::Rows::All(count)));
      TURDB_RETURN_IF_ERROR(runs.KeepGone(*set.key, keys, &gone));
      if (gone.size() != 0) TURDB_RETURN_IF_ERROR(runs.Check(*set.key, gone));
    }
    chunk.Reset();
    count = 0;
    return absl::OkStatus();
  };
  for (Item& item : items_) {
    if (item.set != number || item.checked != 0) continue;
    const base::Bytes bytes = base::AsBytes(bytes_).subspan(item.begin, item.size);
    if (set.check != nullptr) {
      chunk.column(0).SetString(count, base::AsText(bytes));
    } else {
      TURDB_RETURN_IF_ERROR(DecodeKey(*set.key, bytes, &chunk, count));
    }
    if (++count == kCapacity) TURDB_RETURN_IF_ERROR(check());
  }
  return check();
}

Status DeferredChecks::Check(const ExecutionContext& context, bool all) {
  for (uint32_t set = 0; set < sets_.size(); ++set) {
    if (!all && IsDeferred(sets_[set])) continue;
    TURDB_RETURN_IF_ERROR(CheckSet(context, set));
    for (Item& item : items_) {
      if (item.set == set && item.checked == 0) item.checked = context.transaction->statement();
    }
  }
  return absl::OkStatus();
}

void DeferredChecks::RollbackTo(base::StatementNo last) {
  while (!items_.empty() && items_.back().statement > last) {
    bytes_.resize(items_.back().begin);
    items_.pop_back();
  }
  for (Item& item : items_) {
    if (item.checked > last) item.checked = 0;
  }
  while (!modes_.empty() && modes_.back().statement > last) modes_.pop_back();
}

void DeferredChecks::Clear() {
  modes_.clear();
  sets_.clear();
  items_.clear();
  bytes_ = std::string();
  reserved_.Reset();
}

}  // namespace turdb::exec
