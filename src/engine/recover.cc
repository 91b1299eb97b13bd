#include "engine/recover.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "btree/tree.h"
#include "catalog/salvage.h"
#include "catalog/table_sql.h"
#include "engine/backup.h"
#include "engine/connection.h"
#include "engine/database.h"
#include "engine/remove_tree.h"
#include "table/salvage.h"

namespace turdb::engine {
namespace {

using base::Status;
using base::StatusOr;
using catalog::QuoteName;
using catalog::RelationDefinition;
using catalog::RelationKind;

constexpr int64_t kMemoryBytes = 64 << 20;  // for the damaged database, and for the new one
constexpr int64_t kRowsATransaction = 10'000;
constexpr size_t kCopyBytes = 1 << 20;

Status CopyFile(os::FileSystem& files, const std::string& from, const std::string& to) {
  TURDB_ASSIGN_OR_RETURN(const std::unique_ptr<os::File> source, files.Open(from, os::OpenMode::kReadOnly));
  TURDB_ASSIGN_OR_RETURN(const std::unique_ptr<os::File> target, files.Open(to, os::OpenMode::kCreate));
  TURDB_ASSIGN_OR_RETURN(const uint64_t size, source->Size());
  std::vector<std::byte> bytes(kCopyBytes);
  for (uint64_t at = 0; at < size; at += kCopyBytes) {
    const base::MutableBytes part(bytes.data(), static_cast<size_t>(std::min<uint64_t>(kCopyBytes, size - at)));
    TURDB_RETURN_IF_ERROR(source->Read(at, part));
    TURDB_RETURN_IF_ERROR(target->Write(at, part));
  }
  return absl::OkStatus();
}

// What a database consists of; not what it spills.
bool BelongsToDatabase(std::string_view name) { return name != "turdb.lock" && name != "tmp" && name != "versions.tmp"; }

Status CopyTree(os::FileSystem& files, const std::string& from, const std::string& to) {
  TURDB_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(from));
  TURDB_RETURN_IF_ERROR(files.CreateDirectory(to));
  for (const std::string& name : names) {
    if (!BelongsToDatabase(name)) continue;
    const std::string source = os::JoinPath(from, name), target = os::JoinPath(to, name);
    TURDB_RETURN_IF_ERROR(files.List(source).ok() ? CopyTree(files, source, target) : CopyFile(files, source, target));
  }
  return absl::OkStatus();
}

// The damaged database, open to be read.
class DamagedDatabase {
 public:
  Status Open(const os::Environment& environment, const std::string& path, absl::FunctionRef<void(const Status&)> lost) {
    storage::RedoTable redo;
    table::TableStore::RegisterRedo(&redo);
    storage::Options options;
    options.page_cache_bytes = kMemoryBytes / 2;
    options.synchronous = storage::Synchronous::kOff;
    options.create_if_missing = false;
    options.salvage = true;
    TURDB_ASSIGN_OR_RETURN(storage_, storage::Storage::Open(environment, path, options, budget_, redo));
    for (const std::string& problem : storage_->recovery().problems) lost(base::CorruptionError(problem));
    commit_log_ = txn::NewStorageCommitLog(*storage_);
    transactions_ =
        std::make_unique<txn::TransactionManager>(environment, *commit_log_, budget_, storage_->recovery().next_txn_id);
    txn::ConnectStorage(*storage_, *transactions_);
    tables_ = std::make_unique<table::TableStore>(*storage_, *transactions_, budget_);
    transactions_->SetUndoResolver([this](base::FileId file) { return tables_->UndoTargetOf(file); });
    // One that cannot be taken back whole stays as far as it is.
    for (const storage::UnfinishedTransaction& unfinished : storage_->recovery().unfinished) {
      if (Status status = transactions_->UndoUnfinished(std::span(&unfinished, 1)); !status.ok()) {
        lost(base::WithFrame(std::move(status), absl::StrCat("rolling back transaction ", unfinished.id)));
      }
    }
    return absl::OkStatus();
  }
  ~DamagedDatabase() {
    tables_.reset();
    storage_.reset();
    transactions_.reset();
  }

  storage::Storage& storage() { return *storage_; }
  txn::TransactionManager& transactions() { return *transactions_; }

 private:
  base::MemoryBudget budget_{kMemoryBytes};
  std::unique_ptr<storage::Storage> storage_;
  std::unique_ptr<txn::CommitLog> commit_log_;
  std::unique_ptr<txn::TransactionManager> transactions_;
  std::unique_ptr<table::TableStore> tables_;
};

// Writes what is found into the new database.
class Rescue {
 public:
  Rescue(DamagedDatabase& from, Database& to, std::shared_ptr<Connection> connection,
         absl::FunctionRef<void(std::string_view problem)> visit, RecoverReport* report)
      : from_(from), to_(to), connection_(std::move(connection)), visit_(visit), report_(*report) {}

  Status Run() {
    const Connection::Entry entry(*connection_);
    TURDB_RETURN_IF_ERROR(entry.status());
    const auto lost = [this](const Status& status) { Problem(status); };
    TURDB_ASSIGN_OR_RETURN(found_, catalog::SalvageCatalog(from_.storage(), from_.transactions(), lost));
    if (found_.relations.empty() && report_.problems != 0) {
      return base::CorruptionError("the catalog cannot be read, and rows without their definitions have no columns");
    }
    std::sort(found_.relations.begin(), found_.relations.end(),
              [](const auto& a, const auto& b) { return a.schema.id < b.schema.id; });
    for (const auto& [id, name] : found_.schemas) Try(absl::StrCat("CREATE SCHEMA IF NOT EXISTS ", QuoteName(name)));
    for (const RelationDefinition& relation : found_.relations) {
      const auto kind = static_cast<RelationKind>(relation.kind);
      if (kind == RelationKind::kEnum || kind == RelationKind::kDomain || kind == RelationKind::kComposite) MakeType(relation);
      if (kind == RelationKind::kFunction && !HasRowsOfTables(relation)) MakeFunction(relation);
    }
    for (const RelationDefinition& relation : found_.relations) {
      if (IsTable(relation)) TURDB_RETURN_IF_ERROR(MakeTable(relation.schema));
    }
    for (const RelationDefinition& relation : found_.relations) {
      if (static_cast<RelationKind>(relation.kind) == RelationKind::kFunction && HasRowsOfTables(relation))
        MakeFunction(relation);
    }
    for (const RelationDefinition& relation : found_.relations) {
      if (!IsTable(relation)) continue;
      for (const table::IndexSchema& index : relation.schema.indexes) {
        if (!index.is_constraint) Try(catalog::SqlOf(relation.schema, index));
      }
    }
    for (const RelationDefinition& relation : found_.relations) {
      if (relation.sequence.file != base::kNoFile) MakeSequence(relation);
    }
    for (const RelationDefinition& relation : found_.relations) {
      for (const table::ForeignKey& key : relation.schema.foreign_keys) MakeForeignKey(relation.schema, key);
    }
    MakeViews();
    for (const RelationDefinition& relation : found_.relations) {
      for (const table::TriggerSchema& trigger : relation.schema.triggers) MakeTrigger(relation.schema, trigger);
    }
    for (const auto& [which, value] : found_.numbers) {
      const bool version = which == catalog::DatabaseNumber::kUserVersion;
      Try(absl::StrCat("PRAGMA ", version ? "user_version" : "application_id", " = ", value));
    }
    return absl::OkStatus();
  }

 private:
  static bool IsTable(const RelationDefinition& relation) {
    return static_cast<RelationKind>(relation.kind) == RelationKind::kTable && relation.view_sql.empty();
  }
  static std::string NameOf(const table::TableSchema& schema) {
    return absl::StrCat(QuoteName(schema.schema_name), ".", QuoteName(schema.name));
  }

  void Problem(const Status& status) {
    ++report_.problems;
    visit_(base::Describe(status));
  }
  bool Try(const std::string& sql) {
    Status status = connection_->Exec(sql);
    if (status.ok()) return true;
    Problem(base::WithFrame(std::move(status), absl::StrCat("running ", sql)));
    return false;
  }

  // With the orders that its labels had: rows hold them.
  void MakeType(const RelationDefinition& type) {
    const auto make = [&]() -> Status {
      table::TableSchema definition = type.schema;
      definition.id = base::kNoFile;
      for (table::Column& column : definition.columns) UseNewTypes(column);
      const txn::TransactionPtr transaction = to_.transactions().Begin();
      TURDB_RETURN_IF_ERROR(to_.transactions().BeginStatement(*transaction).status());
      catalog::SchemaChanges changes(to_.catalog(), *transaction);
      TURDB_RETURN_IF_ERROR(changes.CreateType(static_cast<RelationKind>(type.kind), definition, type.labels).status());
      TURDB_RETURN_IF_ERROR(to_.transactions().Commit(*transaction, &changes));
      changes.Committed();
      const auto made = to_.catalog().Current()->FindType(definition.schema_name, definition.name, {});
      if (made != nullptr) new_types_[type.schema.id] = made->id;
      return absl::OkStatus();
    };
    if (Status status = make(); !status.ok()) {
      Problem(base::WithFrame(std::move(status), absl::StrCat("making type ", type.schema.qualified_name())));
    }
  }
  const RelationDefinition* TableOf(const vec::Type& type) const {
    for (const RelationDefinition& table : found_.relations) {
      if (IsTable(table) && type.user_type_id() != 0 && table.schema.id == type.user_type_id()) return &table;
    }
    return nullptr;
  }
  bool HasRowsOfTables(const RelationDefinition& function) const {
    return std::any_of(function.schema.columns.begin(), function.schema.columns.end(),
                       [this](const table::Column& column) { return TableOf(column.type) != nullptr; });
  }
  // As it was, whatever its body says.
  void MakeFunction(const RelationDefinition& function) {
    const auto make = [&]() -> Status {
      table::TableSchema definition = function.schema;
      definition.id = base::kNoFile;
      for (table::Column& column : definition.columns) {
        if (const RelationDefinition* const table = TableOf(column.type); table != nullptr) {
          const auto made = to_.catalog().Current()->FindRelation(table->schema.schema_name, table->schema.name, {});
          if (made != nullptr) column.type.length = static_cast<int32_t>(made->id);
        } else {
          UseNewTypes(column);
        }
      }
      const txn::TransactionPtr transaction = to_.transactions().Begin();
      TURDB_RETURN_IF_ERROR(to_.transactions().BeginStatement(*transaction).status());
      catalog::SchemaChanges changes(to_.catalog(), *transaction);
      TURDB_RETURN_IF_ERROR(
          changes.CreateFunction(definition, function.function, function.view_sql, function.view_search_path, false));
      TURDB_RETURN_IF_ERROR(to_.transactions().Commit(*transaction, &changes));
      changes.Committed();
      return absl::OkStatus();
    };
    if (Status status = make(); !status.ok()) {
      Problem(base::WithFrame(std::move(status), absl::StrCat("making function ", function.schema.qualified_name())));
    }
  }

  void UseNewTypes(table::Column& column) const {
    if (const auto found = new_types_.find(column.domain); found != new_types_.end()) column.domain = found->second;
    UseNewTypes(&column.type);
  }
  void UseNewTypes(vec::Type* type) const {
    if (const auto found = new_types_.find(type->user_type_id()); found != new_types_.end()) {
      type->length = static_cast<int32_t>(found->second);
    }
    const auto fields = type->is_unnamed_struct() ? found_.struct_types->Find(type->struct_number()) : nullptr;
    if (fields == nullptr) return;
    vec::StructFields made = *fields;
    for (vec::StructField& field : made) UseNewTypes(&field.type);
    const StatusOr<int32_t> number = to_.catalog().struct_types()->Intern(std::move(made));
    type->length = number.ok() ? *number : 0;
  }

  Status MakeTable(const table::TableSchema& schema) {
    catalog::Relation relation(nullptr);
    auto definition = std::make_shared<table::TableSchema>(schema);
    definition->foreign_keys.clear();
    for (table::Column& column : definition->columns) {  // sequences come when the rows are there
      column.sequence = base::kNoFile;
      column.owned_sequences.clear();
      UseNewTypes(column);
    }
    relation.schema = definition;
    const std::shared_ptr<const catalog::Snapshot> snapshot = to_.catalog().Current();
    if (!Try(catalog::SqlOf(*snapshot, relation))) return absl::OkStatus();
    ++report_.tables;
    TURDB_RETURN_IF_ERROR(CopyRows(schema));
    for (const table::Column& column : schema.columns) {
      // An identity column that the table counted for, before there were sequences.
      if (column.generation != table::Generation::kIdentityByDefault && column.generation != table::Generation::kIdentityAlways)
        continue;
      if (column.sequence != base::kNoFile) continue;
      const StatusOr<std::string> sequence = SequenceOf(schema, column);
      if (!sequence.ok()) continue;
      Try(absl::StrCat("SELECT setval(", QuoteText(*sequence), ", max(", QuoteName(column.name), ")) FROM ", NameOf(schema)));
    }
    return absl::OkStatus();
  }

  Status CopyRows(const table::TableSchema& schema) {
    const std::vector<std::string> path = {schema.schema_name};
    const auto relation = to_.catalog().Current()->FindRelation(schema.schema_name, schema.name, path);
    TURDB_ASSIGN_OR_RETURN(const table::Table* const table, relation->Open());
    table::WriteScratch scratch(*table);
    txn::TransactionPtr transaction;
    int64_t rows = 0;
    std::vector<table::Cell> cells(schema.columns.size());
    const auto insert = [&](const table::RowBuffer& row) -> Status {
      if (transaction == nullptr) transaction = to_.transactions().Begin();
      for (size_t i = 0; i < cells.size(); ++i) cells[i] = row[i].cell();
      TURDB_ASSIGN_OR_RETURN(const txn::Savepoint savepoint, to_.transactions().BeginStatement(*transaction));
      const StatusOr<bool> inserted =
          table->InsertRow(*transaction, cells, table::OnDuplicate::kSkip, /*evaluator=*/nullptr, scratch);
      if (!inserted.ok()) {
        if (!absl::IsInvalidArgument(inserted.status()) &&
            !absl::StartsWith(base::GetSqlState(inserted.status()).view(), "23")) {
          return inserted.status();
        }
        TURDB_RETURN_IF_ERROR(to_.transactions().RollbackTo(*transaction, savepoint));
        Problem(base::WithFrame(inserted.status(), absl::StrCat("saving a row of ", schema.qualified_name())));
        return absl::OkStatus();
      }
      if (!*inserted) {
        Problem(
            base::CorruptionError(absl::StrCat("a row of ", schema.qualified_name(), " is there twice: the first is kept")));
        return absl::OkStatus();
      }
      if (++rows % kRowsATransaction == 0) {
        TURDB_RETURN_IF_ERROR(to_.transactions().Commit(*transaction));
        transaction.reset();
      }
      return absl::OkStatus();
    };
    Status status = table::SalvageRows(from_.storage(), from_.transactions(), schema, insert,
                                       [this](const Status& lost) { Problem(lost); });
    if (transaction != nullptr && status.ok()) status = to_.transactions().Commit(*transaction);
    report_.rows += rows;
    // A file that is not there, or not that table's, takes no other table with it.
    if (absl::IsNotFound(status) || absl::IsDataLoss(status)) {
      Problem(base::WithFrame(std::move(status), absl::StrCat("reading ", schema.qualified_name())));
      return absl::OkStatus();
    }
    return status;
  }

  // The sequence, what its columns say of it, and where it was. An identity column has one of its own already.
  void MakeSequence(const RelationDefinition& sequence) {
    const table::SequenceSchema& options = sequence.sequence;
    std::string name = NameOf(sequence.schema);
    const std::string changes =
        absl::StrCat(" INCREMENT BY ", options.increment, " MINVALUE ", options.min_value, " MAXVALUE ", options.max_value,
                     " START WITH ", options.start, " CACHE ", options.cache, options.cycle ? " CYCLE" : " NO CYCLE");
    bool made = false;
    const auto make = [&] {
      if (!made) made = Try(absl::StrCat("CREATE SEQUENCE ", name, " AS ", vec::Type(options.type).ToString(), changes));
      return made;
    };
    for (const RelationDefinition& relation : found_.relations) {
      for (const table::Column& column : relation.schema.columns) {
        const std::vector<catalog::ObjectId>& owned = column.owned_sequences;
        const bool owns = std::find(owned.begin(), owned.end(), sequence.schema.id) != owned.end();
        const bool draws = column.sequence == sequence.schema.id;
        const std::string table = NameOf(relation.schema);
        if (draws && column.generation != table::Generation::kNone) {
          StatusOr<std::string> own = SequenceOf(relation.schema, column);
          if (!own.ok()) return Problem(base::WithFrame(own.status(), absl::StrCat("making sequence ", name)));
          name = *std::move(own);
          made = Try(absl::StrCat("ALTER SEQUENCE ", name, changes, " RESTART"));
          continue;
        }
        if ((owns || draws) && !make()) return;
        if (draws) {
          Try(absl::StrCat("ALTER TABLE ", table, " ALTER COLUMN ", QuoteName(column.name), " SET DEFAULT nextval(",
                           QuoteText(name), ")"));
        }
        if (owns) Try(absl::StrCat("ALTER SEQUENCE ", name, " OWNED BY ", table, ".", QuoteName(column.name)));
      }
    }
    if (!make()) return;
    table::Sequence counter(from_.storage(), options.file);
    const StatusOr<table::Sequence::Position> position = counter.Read(options);
    if (!position.ok()) {
      return Problem(
          base::WithFrame(position.status(), absl::StrCat("reading the numbers of sequence ", name, ": it begins anew")));
    }
    Try(absl::StrCat("SELECT setval(", QuoteText(name), ", ", position->value, ", ", position->given ? "true" : "false", ")"));
  }
  static std::string QuoteText(std::string_view text) {
    return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "''"}}), "'");
  }
  // The one that the new table made for its identity column.
  StatusOr<std::string> SequenceOf(const table::TableSchema& schema, const table::Column& column) const {
    const std::shared_ptr<const catalog::Snapshot> now = to_.catalog().Current();
    const auto relation = now->FindRelation(schema.schema_name, schema.name, {});
    const int32_t position = relation == nullptr ? -1 : relation->schema->FindColumn(column.name);
    const auto sequence =
        position < 0 ? nullptr : now->RelationOf(relation->schema->columns[static_cast<size_t>(position)].sequence);
    if (sequence == nullptr) return base::CorruptionError("its table is lost");
    return NameOf(*sequence->schema);
  }

  void MakeForeignKey(const table::TableSchema& schema, const table::ForeignKey& key) {
    const auto referenced = std::find_if(found_.relations.begin(), found_.relations.end(),
                                         [&](const auto& each) { return each.schema.id == key.referenced_table; });
    if (referenced == found_.relations.end()) {
      Problem(base::CorruptionError(absl::StrCat("foreign key ", key.name, " of ", schema.qualified_name(),
                                                 " is lost with the definition of the table that it refers to")));
      return;
    }
    Try(absl::StrCat("ALTER TABLE ", NameOf(schema), " ADD ", catalog::SqlOf(schema, key, referenced->schema)));
  }

  // When the rows are there: it is to see none of them come.
  void MakeTrigger(const table::TableSchema& schema, const table::TriggerSchema& trigger) {
    std::string path;
    for (const std::string& name : trigger.search_path) absl::StrAppend(&path, path.empty() ? "" : ", ", QuoteName(name));
    if (!path.empty()) Try(absl::StrCat("SET search_path = ", path));
    if (Try(catalog::SqlOf(schema, trigger)) && trigger.disabled) {
      Try(absl::StrCat("ALTER TABLE ", NameOf(schema), " DISABLE TRIGGER ", QuoteName(trigger.name)));
    }
    if (!path.empty()) Try("RESET search_path");
  }

  // Materialised ones are filled anew. A view may need another one, which has a greater id when it was replaced: as long as one
  // can be made, go on.
  void MakeViews() {
    std::vector<const RelationDefinition*> views;
    for (const RelationDefinition& relation : found_.relations) {
      if (!relation.view_sql.empty()) views.push_back(&relation);
    }
    for (bool any = true; any && !views.empty();) {
      any = std::erase_if(views, [&](const RelationDefinition* view) { return MakeView(*view).ok(); }) != 0;
    }
    for (const RelationDefinition* view : views) {
      Problem(base::WithFrame(MakeView(*view), absl::StrCat("making view ", view->schema.qualified_name())));
    }
  }
  Status MakeView(const RelationDefinition& view) {
    catalog::Relation relation(nullptr);
    relation.kind = static_cast<RelationKind>(view.kind);
    relation.schema = std::make_shared<const table::TableSchema>(view.schema);
    relation.view_sql = view.view_sql;
    std::string path;
    for (const std::string& schema : view.view_search_path) absl::StrAppend(&path, path.empty() ? "" : ", ", QuoteName(schema));
    if (!path.empty()) TURDB_RETURN_IF_ERROR(connection_->Exec(absl::StrCat("SET search_path = ", path)));
    const Status status = connection_->Exec(catalog::SqlOf(*to_.catalog().Current(), relation));
    if (!path.empty()) TURDB_RETURN_IF_ERROR(connection_->Exec("RESET search_path"));
    if (status.ok() && relation.is_materialized_view()) {
      for (const table::IndexSchema& index : view.schema.indexes) Try(catalog::SqlOf(view.schema, index));
    }
    return status;
  }

  DamagedDatabase& from_;
  Database& to_;
  const std::shared_ptr<Connection> connection_;
  const absl::FunctionRef<void(std::string_view problem)> visit_;
  std::map<catalog::ObjectId, catalog::ObjectId> new_types_;  // by the ids that they had
  RecoverReport& report_;
  catalog::SalvagedCatalog found_;
};

Status Salvage(const os::Environment& environment, const std::string& damaged, const std::string& to,
               absl::FunctionRef<void(std::string_view problem)> visit, RecoverReport* report) {
  DamagedDatabase from;
  TURDB_RETURN_IF_ERROR(from.Open(environment, damaged, [&](const Status& lost) {
    ++report->problems;
    visit(base::Describe(lost));
  }));
  Settings settings;
  settings.memory_limit_bytes = kMemoryBytes;
  settings.threads = 1;
  settings.synchronous = storage::Synchronous::kNormal;
  TURDB_ASSIGN_OR_RETURN(const std::shared_ptr<Database> database, Database::OpenIn(environment, to, settings));
  TURDB_ASSIGN_OR_RETURN(std::shared_ptr<Connection> connection, database->Connect());
  TURDB_RETURN_IF_ERROR(Rescue(from, *database, std::move(connection), visit, report).Run());
  return database->Close();
}

}  // namespace

StatusOr<RecoverReport> Recover(const os::Environment& environment, const std::string& from, const std::string& to,
                                absl::FunctionRef<void(std::string_view problem)> visit) {
  os::FileSystem& files = *environment.files;
  TURDB_ASSIGN_OR_RETURN(const bool exists, files.Exists(to));
  if (exists) {
    TURDB_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(to));
    if (!names.empty()) {
      return base::WithHint(base::MakeError(absl::StatusCode::kAlreadyExists, base::sqlstate::kDuplicateFile,
                                            absl::StrCat("\"", to, "\" is not empty: it holds ", names.front())),
                            "give the path of a new directory, or of an empty one");
    }
  }
  TURDB_ASSIGN_OR_RETURN(const bool has_source, files.Exists(from));
  TURDB_ASSIGN_OR_RETURN(const bool inside, has_source ? LiesInside(files, to, from) : StatusOr<bool>(false));
  if (inside) return base::MisuseError(absl::StrCat("\"", to, "\" lies inside the database that is read"));
  std::unique_ptr<os::FileLock> lock;  // nobody may write meanwhile
  const std::string lock_path = os::JoinPath(from, "turdb.lock");
  TURDB_ASSIGN_OR_RETURN(const bool has_lock, files.Exists(lock_path));
  if (has_lock) {
    TURDB_ASSIGN_OR_RETURN(lock, files.Lock(lock_path, os::LockMode::kShared));
  }
  const std::string copy = absl::StrCat(to, ".salvage");
  RemoveTree(files, copy);
  const absl::Cleanup remove_copy = [&] { RemoveTree(files, copy); };
  RecoverReport report;
  Status status = CopyTree(files, from, copy);
  if (status.ok()) status = Salvage(environment, copy, to, visit, &report);
  if (status.ok()) return report;
  if (exists) {
    if (const auto names = files.List(to); names.ok()) {
      for (const std::string& name : *names) RemoveTree(files, os::JoinPath(to, name));
    }
  } else {
    RemoveTree(files, to);
  }
  return base::WithFrame(std::move(status), absl::StrCat("recovering \"", from, "\""));
}

}  // namespace turdb::engine
