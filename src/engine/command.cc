#include "engine/command.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <new>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "engine/index_evaluation.h"
#include "engine/settings.h"
#include "engine/statement.h"

namespace turdb::engine {
namespace {

using base::Status;
using base::StatusOr;

Status UnknownSetting(std::string_view name) {
  return base::MakeError(absl::StatusCode::kNotFound, base::sqlstate::kUndefinedObject,
                         absl::StrCat("unrecognized configuration parameter \"", name, "\""));
}

// The names are PostgreSQL's; READ COMMITTED and READ UNCOMMITTED are accepted and given the snapshot.
std::string_view NameOf(txn::Isolation isolation) {
  switch (isolation) {
    case txn::Isolation::kReadCommitted:
      return "read committed";
    case txn::Isolation::kSnapshot:
      return "repeatable read";
    case txn::Isolation::kSerializable:
      return "serializable";
  }
  return "";
}

std::string_view ShowOnOff(bool value) { return value ? "on" : "off"; }

StatusOr<txn::Isolation> ParseIsolation(const sql::SetCommand& command, txn::Isolation to_default) {
  if (command.to_default) return to_default;
  for (const txn::Isolation each : {txn::Isolation::kReadCommitted, txn::Isolation::kSnapshot, txn::Isolation::kSerializable}) {
    if (absl::EqualsIgnoreCase(command.value, NameOf(each))) return each;
  }
  if (absl::EqualsIgnoreCase(command.value, "read uncommitted")) return txn::Isolation::kReadCommitted;
  if (absl::EqualsIgnoreCase(command.value, "snapshot")) return txn::Isolation::kSnapshot;
  return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                         absl::StrCat("\"", command.value,
                                      "\" is no isolation level: expected serializable, repeatable read, read committed or "
                                      "read uncommitted"));
}

Status FixedAtOpen(std::string_view name) {
  return base::WithHint(base::MakeError(absl::StatusCode::kFailedPrecondition, base::SqlState{"55P02"},
                                        absl::StrCat("parameter \"", name, "\" is fixed when the database is opened")),
                        "pass it to turdb_options_set, or --option of the shell");
}

}  // namespace

Status CommandRunner::Run(const sql::Command& command, vec::Chunk* result) {
  if (const auto* transaction = std::get_if<sql::TransactionCommand>(&command)) return RunTransaction(*transaction);
  // Everything else but a look at a setting may change what a text means.
  if (!std::holds_alternative<sql::ShowCommand>(command)) connection_.ForgetCompiled();
  if (const auto* set = std::get_if<sql::SetCommand>(&command)) return RunSet(*set);
  if (const auto* show = std::get_if<sql::ShowCommand>(&command)) return RunShow(*show, result);
  if (const auto* set = std::get_if<sql::SetConstraintsCommand>(&command)) return RunSetConstraints(*set);
  if (const auto* maintenance = std::get_if<sql::MaintenanceCommand>(&command)) return RunMaintenance(*maintenance);
  if (std::holds_alternative<sql::NoOperation>(command)) return absl::OkStatus();
  if (const auto* prepare = std::get_if<sql::PrepareCommand>(&command)) {
    if (connection_.named_statements_.try_emplace(prepare->name, prepare->statement).second) return absl::OkStatus();
    return base::MakeError(absl::StatusCode::kAlreadyExists, base::SqlState{"42P05"},
                           absl::StrCat("prepared statement \"", prepare->name, "\" already exists"));
  }
  if (const auto* deallocate = std::get_if<sql::DeallocateCommand>(&command)) {
    if (deallocate->name.empty()) {
      connection_.named_statements_.clear();
    } else if (connection_.named_statements_.erase(deallocate->name) == 0) {
      return base::MakeError(absl::StatusCode::kNotFound, base::SqlState{"26000"},
                             absl::StrCat("prepared statement \"", deallocate->name, "\" does not exist"));
    }
    return absl::OkStatus();
  }
  return RunSchemaChange(command);
}

Status CommandRunner::RunTransaction(const sql::TransactionCommand& command) {
  switch (command.action) {
    case sql::TransactionAction::kBegin: {
      txn::Isolation isolation = connection_.default_isolation_;
      if (command.isolation == sql::IsolationLevel::kReadCommitted) isolation = txn::Isolation::kReadCommitted;
      if (command.isolation == sql::IsolationLevel::kSnapshot) isolation = txn::Isolation::kSnapshot;
      if (command.isolation == sql::IsolationLevel::kSerializable) isolation = txn::Isolation::kSerializable;
      return connection_.Begin(isolation, command.read_only.value_or(connection_.default_read_only_));
    }
    case sql::TransactionAction::kCommit:
      return connection_.Commit();
    case sql::TransactionAction::kRollback:
      return connection_.Rollback();
    case sql::TransactionAction::kSavepoint:
      return connection_.MakeSavepoint(command.savepoint);
    case sql::TransactionAction::kRelease:
      return connection_.Release(command.savepoint);
    case sql::TransactionAction::kRollbackTo:
      return connection_.RollbackTo(command.savepoint);
  }
  return absl::OkStatus();
}

Status CommandRunner::RunSet(const sql::SetCommand& command) {
  const std::string name = absl::AsciiStrToLower(command.name);
  const Settings& opened = connection_.database().settings();
  if (name == "search_path" || name == "schema") {
    std::vector<std::string> path;
    if (command.to_default) {
      path.emplace_back(catalog::kDefaultSchema);
    } else {
      for (std::string_view part : absl::StrSplit(command.value, ',')) {
        part = absl::StripAsciiWhitespace(part);
        if (part.size() >= 2 && part.front() == '"' && part.back() == '"') part = part.substr(1, part.size() - 2);
        if (!part.empty()) path.emplace_back(part);
      }
    }
    connection_.search_path_ = std::move(path);
    return absl::OkStatus();
  }
  if (name == "timezone" || name == "time zone") {
    absl::TimeZone zone = absl::UTCTimeZone();
    if (!command.to_default && !absl::EqualsIgnoreCase(command.value, "utc") && !absl::LoadTimeZone(command.value, &zone)) {
      return base::WithHint(base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                                            absl::StrCat("\"", command.value, "\" is no time zone of this machine")),
                            "names are those of the IANA data base, such as Europe/Berlin");
    }
    connection_.text_.zone = zone;
    return absl::OkStatus();
  }
  if (name == "default_transaction_isolation") {
    TURDB_ASSIGN_OR_RETURN(connection_.default_isolation_, ParseIsolation(command, txn::Isolation::kSnapshot));
    if (!command.access.empty()) connection_.default_read_only_ = command.access == "on";
    return absl::OkStatus();
  }
  if (name == "transaction_isolation") {
    TURDB_RETURN_IF_ERROR(SetIsolation(command));
    return command.access.empty() ? absl::OkStatus() : SetReadOnly(command.access == "on");
  }
  if (name == "default_transaction_read_only" || name == "transaction_read_only") {
    bool read_only = false;
    if (!command.to_default) {
      TURDB_ASSIGN_OR_RETURN(read_only, ParseBool(name, command.value));
    }
    if (name == "transaction_read_only") return SetReadOnly(read_only);
    connection_.default_read_only_ = read_only;
    return absl::OkStatus();
  }
  if (name == "hnsw.ef_search" || name == "hnsw.exact_rows") {
    Settings changed = opened;
    if (!command.to_default) TURDB_RETURN_IF_ERROR(SetSetting(changed, name, command.value));
    (name == "hnsw.ef_search" ? connection_.hnsw_ef_search_ : connection_.hnsw_exact_rows_) =
        name == "hnsw.ef_search" ? changed.hnsw_ef_search : changed.hnsw_exact_rows;
    return absl::OkStatus();
  }
  if (name == "statement_timeout") {
    Settings changed = opened;
    if (!command.to_default) TURDB_RETURN_IF_ERROR(SetSetting(changed, name, command.value));
    connection_.statement_timeout_ms_ = changed.statement_timeout_ms;
    return absl::OkStatus();
  }
  if (name == "check_function_bodies") {
    connection_.check_function_bodies_ = true;
    if (command.to_default) return absl::OkStatus();
    TURDB_ASSIGN_OR_RETURN(connection_.check_function_bodies_, ParseBool(name, command.value));
    return absl::OkStatus();
  }
  if (name == "statement_cache_size") {
    Settings changed = opened;
    if (!command.to_default) TURDB_RETURN_IF_ERROR(SetSetting(changed, name, command.value));
    connection_.statement_cache_.set_limit(static_cast<size_t>(changed.statement_cache_size));
    return absl::OkStatus();
  }
  if (name == "threads" || name == "parallel_min_rows") {
    Settings changed = opened;
    if (!command.to_default) TURDB_RETURN_IF_ERROR(SetSetting(changed, name, command.value));
    exec::Parallelism& parallelism = connection_.parallelism_;
    if (name == "threads") {
      parallelism.threads = static_cast<size_t>(changed.threads);
    } else {
      parallelism.least_rows = changed.parallel_min_rows;
    }
    return absl::OkStatus();
  }
  if (name == "busy_timeout" || name == "lock_timeout") {
    Settings changed = opened;
    if (!command.to_default) TURDB_RETURN_IF_ERROR(SetSetting(changed, "busy_timeout", command.value));
    connection_.busy_timeout_ms_ = changed.busy_timeout_ms;
    if (connection_.transaction_ != nullptr) {
      connection_.transaction_->set_lock_timeout_ns(changed.busy_timeout_ms * 1'000'000);
    }
    return absl::OkStatus();
  }
  // What TurDB knows one value of.
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kFixed = {{
      {"client_encoding", "utf8"},
      {"encoding", "utf8"},
      {"standard_conforming_strings", "on"},
      {"datestyle", "iso, mdy"},
      {"intervalstyle", "postgres"},
  }};
  for (const auto& [key, value] : kFixed) {
    if (name != key) continue;
    const std::string wanted = absl::AsciiStrToLower(command.value);
    const bool same = command.to_default || wanted == value || (key == "datestyle" && (wanted == "iso" || wanted == "mdy")) ||
                      (value == "utf8" && (wanted == "utf-8" || wanted == "unicode")) ||
                      (value == "on" && (wanted == "true" || wanted == "1" || wanted == "yes"));
    if (same) return absl::OkStatus();
    return base::UnsupportedError(
        absl::StrCat("parameter \"", name, "\" is always \"", value, "\": \"", command.value, "\" is not supported"));
  }
  // What clients of PostgreSQL and SQLite set by habit, and what changes nothing here.
  static constexpr std::array<std::string_view, 5> kAccepted = {"application_name", "extra_float_digits", "client_min_messages",
                                                                "foreign_keys", "recursive_triggers"};
  for (const std::string_view accepted : kAccepted) {
    if (name == accepted) return absl::OkStatus();
  }
  if (FindSetting(name) != nullptr) return FixedAtOpen(name);
  return UnknownSetting(command.name);
}

Status CommandRunner::SetIsolation(const sql::SetCommand& command) {
  TURDB_ASSIGN_OR_RETURN(const txn::Isolation isolation, ParseIsolation(command, connection_.default_isolation_));
  TURDB_RETURN_IF_ERROR(connection_.RequireTransaction());
  txn::Transaction& transaction = *connection_.transaction_;
  if (transaction.isolation() == isolation) return absl::OkStatus();
  if (transaction.has_snapshot()) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kActiveTransaction,
                           "the isolation level of a transaction must be set before its first statement");
  }
  connection_.database().transactions().SetIsolation(transaction, isolation);
  return absl::OkStatus();
}

// To read only at any time; back only before anything was read, or what was read could not be trusted for writing.
Status CommandRunner::SetReadOnly(bool read_only) {
  TURDB_RETURN_IF_ERROR(connection_.RequireTransaction());
  txn::Transaction& transaction = *connection_.transaction_;
  if (transaction.read_only() == read_only) return absl::OkStatus();
  if (!read_only && connection_.database().settings().read_only) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kReadOnlyTransaction,
                           "the database is open read-only");
  }
  if (!read_only && transaction.has_snapshot()) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kActiveTransaction,
                           "transaction read-write mode must be set before any query");
  }
  connection_.database().transactions().SetReadOnly(transaction, read_only);
  return absl::OkStatus();
}

// One statement of the transaction: when a check fails, the constraints are as they were.
Status CommandRunner::RunSetConstraints(const sql::SetConstraintsCommand& command) {
  if (!connection_.explicit_transaction_) return absl::OkStatus();  // it would last for this statement alone
  Connection::StatementMark mark;
  TURDB_RETURN_IF_ERROR(connection_.BeginStatement(&mark));
  const base::StatementNo number = mark.number;
  exec::DeferredChecks& checks = connection_.deferred_checks_;
  if (command.all) checks.SetMode(base::kNoFile, {}, command.deferred, number);
  for (const auto& [table, name] : command.constraints) checks.SetMode(table, name, command.deferred, number);
  Status status = command.deferred ? absl::OkStatus() : connection_.CheckDeferred(false);
  if (!status.ok()) TURDB_RETURN_IF_ERROR(connection_.RollBackStatement(mark));
  connection_.EndStatement(mark);
  return status;
}

Status CommandRunner::RunShow(const sql::ShowCommand& command, vec::Chunk* result) {
  const std::string name = absl::AsciiStrToLower(command.name);
  const Settings& opened = connection_.database().settings();
  const auto value_of = [&](std::string_view key) -> std::string {
    if (key == "busy_timeout") return absl::StrCat(connection_.busy_timeout_ms_);
    if (key == "statement_timeout") return absl::StrCat(connection_.statement_timeout_ms_);
    if (key == "hnsw.ef_search") return absl::StrCat(connection_.hnsw_ef_search_);
    if (key == "hnsw.exact_rows") return absl::StrCat(connection_.hnsw_exact_rows_);
    if (key == "threads") return absl::StrCat(connection_.parallelism_.threads);
    if (key == "parallel_min_rows") return absl::StrCat(connection_.parallelism_.least_rows);
    return FindSetting(key)->show(opened);
  };
  const vec::Type text(vec::TypeId::kText);
  if (name == "all") {
    const std::array<vec::Type, 3> types = {text, text, text};
    *result = vec::Chunk(types, 64);
    for (const SettingDescription& setting : AllSettings()) {
      const std::array<vec::Value, 3> row = {vec::Value::Text(setting.key), vec::Value::Text(value_of(setting.key)),
                                             vec::Value::Text(setting.description)};
      result->AppendRow(row);
    }
    return absl::OkStatus();
  }
  std::string value;
  if (name == "search_path" || name == "schema") {
    value = absl::StrJoin(connection_.search_path_, ", ");
  } else if (name == "timezone" || name == "time zone") {
    value = connection_.text_.zone.name();
  } else if (name == "transaction_isolation" || name == "transaction isolation level") {
    const bool explicit_one = connection_.explicit_transaction_;
    value = NameOf(explicit_one ? connection_.transaction_->isolation() : connection_.default_isolation_);
  } else if (name == "transaction_read_only") {
    value =
        ShowOnOff(connection_.explicit_transaction_ ? connection_.transaction_->read_only() : connection_.default_read_only_);
  } else if (name == "default_transaction_read_only") {
    value = ShowOnOff(connection_.default_read_only_);
  } else if (name == "default_transaction_isolation") {
    value = NameOf(connection_.default_isolation_);
  } else if (name == "server_version") {
    value = "15.0 (TurDB)";
  } else if (name == "server_encoding" || name == "client_encoding" || name == "encoding") {
    value = "UTF8";
  } else if (name == "check_function_bodies") {
    value = ShowOnOff(connection_.check_function_bodies_);
  } else if (FindSetting(name) != nullptr) {
    value = value_of(FindSetting(name)->key);
  } else {
    return UnknownSetting(command.name);
  }
  *result = vec::Chunk(std::span<const vec::Type>(&text, 1), 1);
  const vec::Value row = vec::Value::Text(value);
  result->AppendRow(std::span<const vec::Value>(&row, 1));
  return absl::OkStatus();
}

Status CommandRunner::RunMaintenance(const sql::MaintenanceCommand& command) {
  Database& database = connection_.database();
  switch (command.action) {
    case sql::MaintenanceAction::kCheckpoint:
      return database.Checkpoint();
    case sql::MaintenanceAction::kVacuum:
    case sql::MaintenanceAction::kVacuumInto:
      if (connection_.transaction_ != nullptr) {
        return base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kActiveTransaction,
                               "VACUUM cannot run inside a transaction block");
      }
      if (command.action == sql::MaintenanceAction::kVacuumInto) {
        return database.VacuumInto(command.path, connection_.busy_timeout_ms_ * 1'000'000, connection_.cancelled_);
      }
      return database.Vacuum(connection_.busy_timeout_ms_ * 1'000'000, connection_.cancelled_);
    case sql::MaintenanceAction::kAnalyze: {
      const bool in_read_only =
          connection_.transaction_ != nullptr ? connection_.transaction_->read_only() : connection_.default_read_only_;
      if (database.settings().read_only || in_read_only) return AnalyzeForNow(command);
      TURDB_RETURN_IF_ERROR(database.CollectAllGarbage());
      return RunSchemaChange(command);  // it writes to the catalog
    }
  }
  return absl::OkStatus();
}

// ---- schema changes

Status CommandRunner::RunSchemaChange(const sql::Command& command) {
  const bool own = connection_.transaction_ == nullptr;
  try {
    return RunSchemaChangeIn(command, own);
  } catch (const std::bad_alloc&) {
    connection_.HideTransaction();
    if (own) {
      connection_.RollBackLater();
    } else {
      connection_.DoomTransaction();
    }
    return base::NoMemory();
  }
}

Status CommandRunner::RunSchemaChangeIn(const sql::Command& command, bool own) {
  Database& database = connection_.database();
  const bool temporary = IsTemporary(command);
  if (database.settings().read_only && !temporary) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kReadOnlyTransaction,
                           "the database is open read-only");
  }
  if (temporary) TURDB_RETURN_IF_ERROR(connection_.OpenTemporary());
  if (own) connection_.BeginTransaction(connection_.default_isolation_, connection_.default_read_only_);
  txn::Transaction& transaction = *connection_.transaction_;
  connection_.ShowTransaction();
  Status status;
  // First the lock, then the snapshot, so that the snapshot sees what the lock waited for.
  std::shared_ptr<const catalog::Relation> read;  // whose rows the command reads
  txn::TableLockMode mode = txn::TableLockMode::kShare;
  if (const auto* create = std::get_if<sql::CreateIndexCommand>(&command)) {
    read = create->relation;
  } else if (const auto* alter = std::get_if<sql::AlterTableCommand>(&command)) {
    if (alter->relation->kind == catalog::RelationKind::kTable) read = alter->relation;
    mode = txn::TableLockMode::kExclusive;
  } else if (const auto* refresh = std::get_if<sql::RefreshCommand>(&command)) {
    read = refresh->relation;
    mode = txn::TableLockMode::kExclusive;
  }
  if (own && read != nullptr) status = connection_.LockTable(read->id, mode);
  if (const auto* alter = std::get_if<sql::AlterTableCommand>(&command); own && alter != nullptr) {
    for (size_t i = 0; status.ok() && i < alter->read.size(); ++i) status = connection_.LockTable(alter->read[i], mode);
  }
  Connection::StatementMark mark;
  const Status begun = connection_.BeginStatement(&mark);
  if (status.ok()) status = begun;
  if (status.ok() && transaction.read_only() && !temporary) {
    status = base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kReadOnlyTransaction,
                             "a change in a read-only transaction");
  }
  if (status.ok() && own && read != nullptr) {
    status = connection_.DatabaseOf(read->id).catalog().CheckStillCurrent(*read);
  }
  if (status.ok()) {
    if (connection_.progress_) connection_.StartProgress();
    try {
      status = ChangeSchema(command, temporary ? connection_.temporary_->Changes() : connection_.SchemaChangesOf());
    } catch (const std::bad_alloc&) {
      status = base::NoMemory();
    }
  }
  connection_.HideTransaction();
  database.transactions().ClearCancel(transaction);
  if (own) {
    Status ended = connection_.EndTransaction(status.ok());
    return status.ok() ? ended : status;
  }
  if (!status.ok() && begun.ok()) TURDB_RETURN_IF_ERROR(connection_.RollBackStatement(mark));
  connection_.EndStatement(mark);
  return status;
}

// Whether all that the command makes, changes or drops is temporary.
bool CommandRunner::IsTemporary(const sql::Command& command) const {
  const std::shared_ptr<const catalog::Snapshot> catalog = connection_.VisibleCatalog();
  const auto in_schema = [&](std::string_view name) {
    const catalog::Schema* const schema = catalog->FindSchema(name);
    return schema != nullptr && schema->is_temporary;
  };
  if (const auto* create = std::get_if<sql::CreateTableCommand>(&command)) {
    return in_schema(create->table.definition.schema_name);
  }
  if (const auto* create = std::get_if<sql::CreateViewCommand>(&command)) return in_schema(create->columns.schema_name);
  if (const auto* create = std::get_if<sql::CreateSequenceCommand>(&command)) return in_schema(create->sequence.schema_name);
  if (const auto* create = std::get_if<sql::CreateTypeCommand>(&command)) return in_schema(create->definition.schema_name);
  if (const auto* create = std::get_if<sql::CreateFunctionCommand>(&command)) return in_schema(create->definition.schema_name);
  if (const auto* create = std::get_if<sql::CreateIndexCommand>(&command)) return table::IsTemporary(create->relation->id);
  if (const auto* alter = std::get_if<sql::AlterTableCommand>(&command)) return table::IsTemporary(alter->relation->id);
  if (const auto* alter = std::get_if<sql::AlterSequenceCommand>(&command)) return table::IsTemporary(alter->relation->id);
  if (const auto* alter = std::get_if<sql::AlterTypeCommand>(&command)) return table::IsTemporary(alter->type->id);
  if (const auto* drop = std::get_if<sql::DropCommand>(&command)) {
    return drop->kind != sql::DropKind::kSchema &&
           std::all_of(drop->names.begin(), drop->names.end(), [&](const auto& name) { return in_schema(name.schema); });
  }
  return false;
}

Status CommandRunner::RequireNothingDeferred(std::string_view what, const catalog::Relation& relation) const {
  if (!connection_.deferred_checks_.Concerns(relation.id)) return absl::OkStatus();
  return base::WithHint(
      base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kObjectInUse,
                      absl::StrCat("cannot ", what, " \"", relation.name(), "\" because it has pending trigger events")),
      "Deferred checks come first: COMMIT, or SET CONSTRAINTS ALL IMMEDIATE.");
}

Status CommandRunner::ChangeSchema(const sql::Command& command, catalog::SchemaChanges& changes) {
  if (const auto* maintenance = std::get_if<sql::MaintenanceCommand>(&command)) return Analyze(*maintenance);
  if (const auto* create = std::get_if<sql::CreateSchemaCommand>(&command)) {
    return changes.CreateSchema(create->name, create->if_not_exists).status();
  }
  if (const auto* create = std::get_if<sql::CreateTypeCommand>(&command)) {
    return changes.CreateType(create->kind, create->definition, create->labels).status();
  }
  if (const auto* alter = std::get_if<sql::AlterTypeCommand>(&command)) return AlterType(*alter);
  if (const auto* create = std::get_if<sql::CreateFunctionCommand>(&command)) {
    TURDB_RETURN_IF_ERROR(KeepTypesOf(create->definition));
    return changes.CreateFunction(create->definition, create->function, create->body, create->search_path, create->or_replace);
  }
  if (const auto* create = std::get_if<sql::CreateTableCommand>(&command)) {
    TURDB_RETURN_IF_ERROR(KeepTypesOf(create->table.definition));
    TURDB_ASSIGN_OR_RETURN(const bool created, changes.CreateTable(create->table));
    if (!created || create->fill_sql.empty()) return absl::OkStatus();
    if (!create->table.view_sql.empty()) {
      const table::TableSchema& view = create->table.definition;
      return FillView(create->fill_sql, *connection_.VisibleCatalog()->FindRelation(view.schema_name, view.name, {}));
    }
    // The query means what it meant before there was the new table.
    const table::TableSchema& made = create->table.definition;
    connection_.hidden_ = connection_.VisibleCatalog()->FindRelation(made.schema_name, made.name, {})->id;
    const auto fill = connection_.Prepare(create->fill_sql, nullptr);
    const Status status = fill.ok() ? (*fill)->Step().status() : fill.status();
    connection_.hidden_ = base::kNoFile;
    return status;
  }
  if (const auto* create = std::get_if<sql::CreateIndexCommand>(&command)) {
    table::TableSchema with_index = *create->relation->schema;
    with_index.indexes.push_back(create->index);
    TURDB_ASSIGN_OR_RETURN(const auto evaluation,
                           IndexEvaluation::Create(connection_.database(), connection_.VisibleCatalog(), with_index));
    return changes.CreateIndex(*create->relation, create->index, create->if_not_exists, evaluation->evaluator()).status();
  }
  if (const auto* drop = std::get_if<sql::DropCommand>(&command)) return Drop(*drop);
  if (const auto* create = std::get_if<sql::CreateViewCommand>(&command)) {
    return changes.CreateView(create->columns, create->sql, create->search_path, create->or_replace, create->if_not_exists)
        .status();
  }
  if (const auto* alter = std::get_if<sql::AlterTableCommand>(&command)) return Alter(*alter, changes);
  if (const auto* refresh = std::get_if<sql::RefreshCommand>(&command)) return Refresh(*refresh, changes);
  if (const auto* comment = std::get_if<sql::CommentSchemaCommand>(&command)) {
    return changes.SetSchemaComment(comment->schema, comment->comment);
  }
  if (const auto* number = std::get_if<sql::SetNumberCommand>(&command)) return changes.SetNumber(number->which, number->value);
  if (const auto* create = std::get_if<sql::CreateSequenceCommand>(&command)) return CreateSequence(*create, changes);
  if (const auto* alter = std::get_if<sql::AlterSequenceCommand>(&command)) return AlterSequence(*alter, changes);
  return base::InternalError("a command without a runner");
}

Status CommandRunner::Drop(const sql::DropCommand& command) {
  std::vector<catalog::ObjectId> tables;  // that go together
  const std::string path[] = {std::string(catalog::kDefaultSchema)};
  for (const sql::DropCommand::Name& name : command.names) {
    if (command.kind != sql::DropKind::kTable) break;
    const auto relation = connection_.VisibleCatalog()->FindRelation(name.schema, name.name, path);
    if (relation == nullptr) continue;
    TURDB_RETURN_IF_ERROR(RequireNothingDeferred("DROP TABLE", *relation));
    tables.push_back(relation->id);
  }
  for (const sql::DropCommand::Name& name : command.names) {
    const catalog::Schema* const in = connection_.VisibleCatalog()->FindSchema(name.schema);
    const bool temporary = connection_.temporary_ != nullptr && in != nullptr && in->is_temporary;
    catalog::SchemaChanges& changes = temporary ? connection_.temporary_->Changes() : connection_.SchemaChangesOf();
    switch (command.kind) {
      case sql::DropKind::kSchema:
        TURDB_RETURN_IF_ERROR(changes.DropSchema(name.name, command.if_exists, command.cascade).status());
        break;
      case sql::DropKind::kTable:
        TURDB_RETURN_IF_ERROR(changes.DropTable(name.schema, name.name, command.if_exists, command.cascade, tables).status());
        break;
      case sql::DropKind::kIndex:
        TURDB_RETURN_IF_ERROR(changes.DropIndex(name.schema, name.name, command.if_exists, command.cascade).status());
        break;
      case sql::DropKind::kView:
        TURDB_RETURN_IF_ERROR(changes.DropView(name.schema, name.name, command.if_exists).status());
        break;
      case sql::DropKind::kMaterializedView:
        TURDB_RETURN_IF_ERROR(
            changes.DropMaterializedView(name.schema, name.name, command.if_exists, command.cascade).status());
        break;
      case sql::DropKind::kType:
      case sql::DropKind::kDomain:
        TURDB_RETURN_IF_ERROR(DropType(name.schema, name.name, command.cascade));
        break;
      case sql::DropKind::kFunction:
        TURDB_RETURN_IF_ERROR(DropFunction(name.id, command.cascade));
        break;
      case sql::DropKind::kSequence:
        TURDB_RETURN_IF_ERROR(changes.DropSequence(name.schema, name.name, command.if_exists, command.cascade).status());
        break;
    }
  }
  return absl::OkStatus();
}

}  // namespace turdb::engine
