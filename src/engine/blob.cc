#include "engine/blob.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/parameter.h"
#include "txn/transaction_manager.h"

namespace turdb::engine {

using base::Bytes;
using base::MutableBytes;
using base::Status;
using base::StatusOr;

namespace {

constexpr size_t kCopyBytes = 16 << 10;

bool IsBytes(vec::TypeId id) { return id == vec::TypeId::kBlob || id == vec::TypeId::kJson || vec::IsText(id); }

table::Cell CellOf(const vec::Value& value, vec::StringView* view) {
  if (value.is_null()) return nullptr;
  if (value.type().physical() != vec::PhysicalType::kString) return static_cast<table::Cell>(value.fixed_data());
  *view = vec::StringView{std::string_view(value.bytes())};
  return reinterpret_cast<table::Cell>(view);
}

}  // namespace

Blob::Blob(std::shared_ptr<Connection> connection, std::shared_ptr<const catalog::Relation> relation, const table::Table& table,
           int32_t column, bool writable)
    : connection_(std::move(connection)), relation_(std::move(relation)), table_(table), column_(column), writable_(writable) {
  connection_->blobs_.push_back(this);
}

Blob::~Blob() { std::erase(connection_->blobs_, this); }

void Blob::Detach() {
  has_row_ = is_expired_ = false;
  reader_.reset();
  snapshot_.Release();
}

StatusOr<std::unique_ptr<Blob>> Blob::Open(std::shared_ptr<Connection> connection, std::string_view schema,
                                           std::string_view table_name, std::string_view column_name, bool writable) {
  TURDB_ASSIGN_OR_RETURN(auto relation, connection->FindRelation(schema, table_name));
  if (relation->kind != catalog::RelationKind::kTable) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"42809"},
                           absl::StrCat("\"", relation->name(), "\" is not a table"));
  }
  const int32_t column = catalog::FindColumn(*relation->schema, column_name);
  if (column < 0) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kUndefinedColumn,
                           absl::StrCat("column \"", column_name, "\" of relation \"", relation->name(), "\" does not exist"));
  }
  const table::Column& definition = relation->schema->columns[static_cast<size_t>(column)];
  if (!IsBytes(definition.type.id) || (writable && definition.type.id != vec::TypeId::kBlob)) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kDatatypeMismatch,
                           absl::StrCat("column \"", definition.name, "\" is of type ", definition.type.ToString(),
                                        writable ? ": only blobs can be written in pieces"
                                                 : ": only blobs, texts and json can be read in pieces"));
  }
  TURDB_ASSIGN_OR_RETURN(const table::Table* const table, relation->Open());
  std::unique_ptr<Blob> blob(new Blob(std::move(connection), std::move(relation), *table, column, writable));
  if (writable) TURDB_RETURN_IF_ERROR(blob->CheckWritable());
  return blob;
}

// What hangs on the value would have to follow it: then UPDATE is the way.
Status Blob::CheckWritable() const {
  const table::TableSchema& schema = *relation_->schema;
  const std::string& name = schema.columns[static_cast<size_t>(column_)].name;
  const auto names = [&](std::string_view sql) { return absl::StrContainsIgnoreCase(sql, name); };
  const auto refuse = [&](std::string_view why) {
    return base::WithHint(base::UnsupportedError(absl::StrCat("column \"", name, "\" of ", schema.qualified_name(),
                                                              " cannot be written in pieces: ", why)),
                          "UPDATE changes the value as a whole");
  };
  if (relation_->is_materialized_view()) return refuse("it is one of a materialized view");
  if (schema.columns[static_cast<size_t>(column_)].domain != base::kNoFile) return refuse("it has the type of a domain");
  if (schema.columns[static_cast<size_t>(column_)].generation != table::Generation::kNone) return refuse("it is generated");
  for (const table::Column& column : schema.columns) {
    if (column.generation != table::Generation::kNone && names(column.default_sql)) return refuse("another is generated of it");
  }
  for (const table::IndexPart& part : schema.primary_key) {
    if (part.column == column_) return refuse("it is part of the primary key");
  }
  for (const table::IndexSchema& index : schema.indexes) {
    const bool named = std::any_of(index.parts.begin(), index.parts.end(), [&](const table::IndexPart& part) {
      return part.column == column_ || (part.column < 0 && names(part.expression_sql));
    });
    if (named || names(index.predicate_sql)) return refuse(absl::StrCat("index ", index.name, " has it"));
  }
  for (const table::CheckConstraint& check : schema.checks) {
    if (names(check.sql)) return refuse(absl::StrCat("constraint ", check.name, " names it"));
  }
  for (const table::ForeignKey& key : schema.foreign_keys) {
    if (std::find(key.columns.begin(), key.columns.end(), column_) != key.columns.end()) {
      return refuse(absl::StrCat("foreign key ", key.name, " has it"));
    }
  }
  for (const table::TriggerSchema& trigger : schema.triggers) {
    if ((trigger.events & table::kOnUpdate) != 0 && !trigger.disabled) return refuse(absl::StrCat("trigger ", trigger.name));
  }
  return absl::OkStatus();
}

// ---- finding the value

Status Blob::MoveTo(std::span<const vec::Value> key) {
  Detach();
  const table::TableSchema& schema = *relation_->schema;
  const size_t parts = schema.key_form == table::KeyForm::kRowId ? 1 : schema.primary_key.size();
  if (key.size() != parts) {
    return base::MisuseError(absl::StrCat("the key of ", schema.qualified_name(), " has ", parts, " values, not ", key.size()));
  }
  std::vector<vec::Value> values(parts);
  std::vector<vec::StringView> views(parts);
  std::vector<table::Cell> cells(parts);
  for (size_t i = 0; i < parts; ++i) {
    const vec::Type type = table_.key_parts(-1)[i].type;
    TURDB_ASSIGN_OR_RETURN(const bool converted, ConvertParameter(key[i], type, connection_->text(), &values[i]));
    if (!converted) {
      return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kDatatypeMismatch,
                             absl::StrCat("value ", i + 1, " of the key is no ", type.ToString()));
    }
    cells[i] = CellOf(values[i], &views[i]);
  }
  bool found = table_.EncodeRowKey(cells, &key_);
  Connection& connection = *connection_;
  transaction_number_ = connection.explicit_transaction_ ? connection.transaction_number_ : 0;
  if (connection.explicit_transaction_) {
    // The transaction's snapshot is there from its first statement on.
    Connection::StatementMark mark;
    TURDB_RETURN_IF_ERROR(connection.BeginStatement(&mark));
    connection.EndStatement(mark);
  } else {
    snapshot_ = connection.DatabaseOf(schema.id).transactions().AcquireSnapshot();
  }
  TURDB_ASSIGN_OR_RETURN(const txn::View view, CurrentView());
  Place place;
  if (found) {
    TURDB_ASSIGN_OR_RETURN(found, Find(view, &place));
  }
  if (!found) {
    return base::MakeError(absl::StatusCode::kNotFound, base::SqlState{"02000"},
                           absl::StrCat("there is no row with this key in ", schema.qualified_name()));
  }
  if (place.is_null) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22004"},
                           absl::StrCat("the value of column \"", schema.columns[static_cast<size_t>(column_)].name,
                                        "\" is NULL in this row: it has no bytes"));
  }
  place_ = std::move(place);
  size_bytes_ = place_.elsewhere ? place_.ref.size_bytes : place_.bytes.size();
  has_row_ = true;
  return absl::OkStatus();
}

StatusOr<txn::View> Blob::CurrentView() {
  Connection& connection = *connection_;
  if (is_expired_) return Expired("its value was changed");
  if (transaction_number_ == 0) return txn::View{snapshot_.read_ts(), nullptr, 0};
  if (!connection.explicit_transaction_ || connection.transaction_number_ != transaction_number_) {
    return Expired("the transaction that it was opened in has ended");
  }
  return connection.TransactionOf(relation_->id).view_with_own_changes();
}

StatusOr<bool> Blob::Find(const txn::View& view, Place* place) {
  TURDB_ASSIGN_OR_RETURN(const bool found,
                         table_.primary().Get(view, key_.bytes(), [this](Bytes row) { entry_.assign(base::AsText(row)); }));
  if (!found) return false;
  const table::RowLayouts& layouts = table_.layouts();
  Bytes row = base::AsBytes(entry_);
  TURDB_RETURN_IF_ERROR(layouts.Validate(row));
  whole_row_.clear();
  if (table::IsElsewhere(row)) {
    TURDB_RETURN_IF_ERROR(table_.primary().ReadOverflow(table::ElsewhereRef(row), &whole_row_));
    row = base::AsBytes(whole_row_);
    TURDB_RETURN_IF_ERROR(layouts.Validate(row));
    if (table::IsElsewhere(row)) return base::CorruptionError("an overflow row refers to another");
  }
  const table::RawField field = layouts.Read(row, relation_->schema->columns[static_cast<size_t>(column_)].stored);
  place->is_null = field.data == nullptr;
  if (place->is_null) return true;
  const bool inside = field.data >= row.data() && field.data < row.data() + row.size();
  place->at = inside ? static_cast<size_t>(field.data - row.data()) : 0;
  place->elsewhere = field.elsewhere;
  if (field.elsewhere) {
    place->ref = field.ref();
  } else {
    place->bytes.assign(reinterpret_cast<const char*>(field.data), field.size);
  }
  return true;
}

Status Blob::Expired(std::string_view why) const {
  return base::WithHint(base::MakeError(absl::StatusCode::kFailedPrecondition, base::SqlState{"24000"},
                                        absl::StrCat("the blob has expired: ", why)),
                        "open it again to see what is there now");
}

Status Blob::CheckCurrent(const txn::View& view) {
  Place now;
  TURDB_ASSIGN_OR_RETURN(const bool found, Find(view, &now));
  if (!found) return Expired("its row was deleted");
  const bool same = !now.is_null && now.elsewhere == place_.elsewhere &&
                    (now.elsewhere ? std::memcmp(&now.ref, &place_.ref, sizeof now.ref) == 0 : now.bytes == place_.bytes);
  if (!same) return Expired("its value was changed");
  place_.at = now.at;
  return absl::OkStatus();
}

Status Blob::CheckRange(uint64_t offset, size_t size_bytes) const {
  if (offset <= size_bytes_ && size_bytes <= size_bytes_ - offset) return absl::OkStatus();
  return base::MakeError(
      absl::StatusCode::kOutOfRange, base::sqlstate::kInvalidParameter,
      absl::StrCat("bytes ", offset, " to ", offset + size_bytes, " are outside the value, which has ", size_bytes_));
}

// ---- reading

Status Blob::Read(uint64_t offset, MutableBytes out) {
  TURDB_RETURN_IF_ERROR(CheckRange(offset, out.size()));
  TURDB_ASSIGN_OR_RETURN(const txn::View view, CurrentView());
  // A snapshot never sees another value; a transaction may have changed it itself.
  if (transaction_number_ != 0) TURDB_RETURN_IF_ERROR(CheckCurrent(view));
  return ReadPlace(offset, out);
}

Status Blob::ReadPlace(uint64_t offset, MutableBytes out) {
  if (out.empty()) return absl::OkStatus();
  if (!place_.elsewhere) {
    std::memcpy(out.data(), place_.bytes.data() + offset, out.size());
    return absl::OkStatus();
  }
  if (reader_ == nullptr) {
    reader_ = std::make_unique<btree::OverflowReader>(storage(), table_.primary().file(), place_.ref);
  }
  return reader_->Read(offset, out);
}

// ---- writing

Status Blob::Write(uint64_t offset, Bytes data) {
  if (!writable_) return base::MisuseError("the blob was opened for reading");
  TURDB_RETURN_IF_ERROR(CheckRange(offset, data.size()));
  return Change([&](txn::Transaction& transaction, Place* made) -> StatusOr<std::string> {
    if (data.empty()) {
      *made = place_;
      return std::string();
    }
    return NewEntry(transaction, offset, data, made);
  });
}

Status Blob::Resize(uint64_t size_bytes) {
  if (!writable_) return base::MisuseError("the blob was opened for reading");
  if (size_bytes > static_cast<uint64_t>(base::kMaxStringBytes)) {
    return base::LimitError(
        absl::StrCat("a value of ", size_bytes, " bytes is too long: the limit is ", base::kMaxStringBytes));
  }
  if (connection_->limits_.value_bytes < static_cast<int64_t>(size_bytes)) {
    return base::LimitError(absl::StrCat("a value of ", size_bytes, " bytes is too long: the connection's limit is ",
                                         connection_->limits_.value_bytes));
  }
  return Change([&](txn::Transaction& transaction, Place* made) -> StatusOr<std::string> {
    if (size_bytes == size_bytes_) {
      *made = place_;
      return std::string();
    }
    return ResizedEntry(transaction, size_bytes, made);
  });
}

Status Blob::Change(MakeEntry make) {
  TURDB_RETURN_IF_ERROR(CurrentView().status());
  const bool own = !connection_->explicit_transaction_;
  if (own && connection_->database().settings().read_only && !table::IsTemporary(relation_->id)) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kReadOnlyTransaction,
                           "the database is open read-only");
  }
  const Place before = place_;
  const uint64_t size_before = size_bytes_;
  if (Status status = connection_->InOneUnit([&] { return Replace(make); }); !status.ok()) {
    place_ = before;
    size_bytes_ = size_before;
    reader_.reset();
    return status;
  }
  if (transaction_number_ != 0) return absl::OkStatus();
  // What it has written is what it sees, unless it was written in a transaction that is still open, or somebody was faster
  // since.
  txn::Snapshot snapshot = connection_->DatabaseOf(relation_->id).transactions().AcquireSnapshot();
  is_expired_ = !own || !CheckCurrent(txn::View{snapshot.read_ts(), nullptr, 0}).ok();
  snapshot_ = std::move(snapshot);
  return absl::OkStatus();
}

Status Blob::Replace(MakeEntry make) {
  Connection& connection = *connection_;
  txn::Transaction& transaction = connection.TransactionOf(relation_->id);
  if (transaction.read_only()) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kReadOnlyTransaction,
                           "a change in a read-only transaction");
  }
  Connection::StatementMark mark;
  TURDB_RETURN_IF_ERROR(connection.BeginStatement(&mark));
  const auto replace = [&]() -> Status {
    TURDB_RETURN_IF_ERROR(connection.LockTable(relation_->id, txn::TableLockMode::kWrite));
    TURDB_RETURN_IF_ERROR(connection.DatabaseOf(relation_->id).catalog().CheckStillCurrent(*relation_));
    TURDB_RETURN_IF_ERROR(CheckCurrent(transaction.view_with_own_changes()));
    Place made;
    const std::string seen = entry_;
    TURDB_ASSIGN_OR_RETURN(const std::string entry, make(transaction, &made));
    if (entry.empty()) return absl::OkStatus();  // nothing to do
    btree::Tree& tree = table_.primary();
    TURDB_ASSIGN_OR_RETURN(const bool changed,
                           tree.Update(transaction, key_.bytes(), [&](Bytes old, std::string* out) -> StatusOr<bool> {
                             if (base::AsText(old) != seen) return false;
                             out->append(entry);
                             return true;
                           }));
    if (!changed) return Expired("its row was changed");
    if (place_.elsewhere) TURDB_RETURN_IF_ERROR(tree.FreeOverflowLater(transaction, place_.ref));
    if (table::IsElsewhere(base::AsBytes(seen))) {
      TURDB_RETURN_IF_ERROR(tree.FreeOverflowLater(transaction, table::ElsewhereRef(base::AsBytes(seen))));
    }
    place_ = std::move(made);
    size_bytes_ = place_.elsewhere ? place_.ref.size_bytes : place_.bytes.size();
    reader_.reset();
    return absl::OkStatus();
  };
  Status status = replace();
  connection.EndStatement(mark);
  return base::WithFrame(std::move(status), absl::StrCat("writing a blob of ", relation_->schema->qualified_name()));
}

// The row with the other bytes. Values keep their sizes and their kinds of places, so it is a copy with one place changed.
StatusOr<std::string> Blob::NewEntry(txn::Transaction& transaction, uint64_t offset, Bytes data, Place* made) {
  if (place_.at == 0) {
    return base::WithHint(base::UnsupportedError("the row is older than the column, and shows its default"),
                          "UPDATE the row once");
  }
  *made = place_;
  const bool in_chain = table::IsElsewhere(base::AsBytes(entry_));
  std::string row = in_chain ? whole_row_ : entry_;
  if (place_.elsewhere) {
    TURDB_ASSIGN_OR_RETURN(made->ref, CopyChain(transaction, offset, data));
    std::memcpy(row.data() + place_.at, &made->ref, sizeof made->ref);
  } else {
    std::memcpy(made->bytes.data() + offset, data.data(), data.size());
    std::memcpy(row.data() + place_.at, made->bytes.data(), made->bytes.size());
  }
  if (!in_chain) return row;
  TURDB_ASSIGN_OR_RETURN(const btree::OverflowRef ref, table_.primary().WriteOverflow(transaction, base::AsBytes(row)));
  std::string entry = entry_;
  std::memcpy(entry.data() + table::kRowHeaderBytes, &ref, sizeof ref);
  return entry;
}

// The value has another size, and perhaps another kind of place: the row is made anew.
StatusOr<std::string> Blob::ResizedEntry(txn::Transaction& transaction, uint64_t size_bytes, Place* made) {
  const bool in_chain = table::IsElsewhere(base::AsBytes(entry_));
  const std::string row = in_chain ? whole_row_ : entry_;
  table::RowEncoder encoder(table_.layouts());
  encoder.StartFrom(base::AsBytes(row));
  *made = Place();
  vec::StringView view;
  if (size_bytes > table::kMaxInlineValueBytes) {
    TURDB_ASSIGN_OR_RETURN(made->ref, ResizedChain(transaction, size_bytes));
    encoder.SetElsewhere(column_, made->ref);
    made->elsewhere = true;
  } else {
    made->bytes.resize(size_bytes);
    const size_t kept = std::min<uint64_t>(size_bytes, size_bytes_);
    TURDB_RETURN_IF_ERROR(ReadPlace(0, MutableBytes(reinterpret_cast<std::byte*>(made->bytes.data()), kept)));
    view = vec::StringView{std::string_view(made->bytes)};
    encoder.Set(column_, reinterpret_cast<table::Cell>(&view));
  }
  TURDB_RETURN_IF_ERROR(encoder.MakeFit(table_.primary(), transaction));
  std::string entry;
  encoder.Build(&entry);
  // A value that no longer fits beside the others has moved.
  Bytes built = base::AsBytes(entry);
  std::string whole;
  if (table::IsElsewhere(built)) {
    TURDB_RETURN_IF_ERROR(table_.primary().ReadOverflow(table::ElsewhereRef(built), &whole));
    built = base::AsBytes(whole);
  }
  const table::RawField field = table_.layouts().Read(built, relation_->schema->columns[static_cast<size_t>(column_)].stored);
  made->at = static_cast<size_t>(field.data - built.data());
  if (field.elsewhere && !made->elsewhere) {
    made->elsewhere = true;
    made->ref = field.ref();
    made->bytes.clear();
  }
  return entry;
}

StatusOr<btree::OverflowRef> Blob::ResizedChain(txn::Transaction& transaction, uint64_t size_bytes) {
  btree::OverflowWriter to(storage(), table_.primary().file(), transaction, size_bytes);
  std::vector<std::byte> buffer(kCopyBytes);
  for (uint64_t done = 0; done < size_bytes;) {
    TURDB_RETURN_IF_ERROR(transaction.CheckCanceled());
    const MutableBytes piece =
        MutableBytes(buffer).first(static_cast<size_t>(std::min<uint64_t>(kCopyBytes, size_bytes - done)));
    const auto kept = static_cast<size_t>(done >= size_bytes_ ? 0 : std::min<uint64_t>(piece.size(), size_bytes_ - done));
    TURDB_RETURN_IF_ERROR(ReadPlace(done, piece.first(kept)));
    std::fill(piece.begin() + static_cast<ptrdiff_t>(kept), piece.end(), std::byte{0});
    TURDB_RETURN_IF_ERROR(to.Append(piece));
    done += piece.size();
  }
  return to.Finish();
}

StatusOr<btree::OverflowRef> Blob::CopyChain(txn::Transaction& transaction, uint64_t offset, Bytes data) {
  const base::FileId file = table_.primary().file();
  btree::OverflowReader from(storage(), file, place_.ref);
  btree::OverflowWriter to(storage(), file, transaction, size_bytes_);
  std::vector<std::byte> buffer(kCopyBytes);
  const auto copy = [&](uint64_t begin, uint64_t end) -> Status {
    while (begin < end) {
      TURDB_RETURN_IF_ERROR(transaction.CheckCanceled());
      const MutableBytes piece =
          MutableBytes(buffer).first(static_cast<size_t>(std::min<uint64_t>(buffer.size(), end - begin)));
      TURDB_RETURN_IF_ERROR(from.Read(begin, piece));
      TURDB_RETURN_IF_ERROR(to.Append(piece));
      begin += piece.size();
    }
    return absl::OkStatus();
  };
  TURDB_RETURN_IF_ERROR(copy(0, offset));
  TURDB_RETURN_IF_ERROR(to.Append(data));
  TURDB_RETURN_IF_ERROR(copy(offset + data.size(), size_bytes_));
  return to.Finish();
}

}  // namespace turdb::engine
