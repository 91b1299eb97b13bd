// Statements that the engine carries out without a plan.
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sql/bind/binder.h"
#include "sql/pragma.h"

namespace turdb::sql {

using ast::StatementKind;
using base::Status;
using base::StatusOr;
namespace sqlstate = base::sqlstate;

StatusOr<Command> Binder::BindCommand(const ast::Statement& statement) {
  switch (statement.kind) {
    case StatementKind::kCreateSchema: {
      const auto& create = static_cast<const ast::CreateSchema&>(statement);
      return Command(CreateSchemaCommand{std::string(create.name.text), create.if_not_exists});
    }
    case StatementKind::kCreateExtension: {
      const ast::Name& name = static_cast<const ast::CreateExtension&>(statement).name;
      if (name.text == "vector") return Command(NoOperation{"what this extension is for is built in"});
      return base::WithHint(Error(sqlstate::kFeatureNotSupported,
                                  absl::StrCat("extension \"", name.text, "\" is not available"), statement.offset),
                            "There are no extensions; of those of PostgreSQL, what \"vector\" offers is built in.");
    }
    case StatementKind::kCreateTable:
      return BindCreateTable(static_cast<const ast::CreateTable&>(statement));
    case StatementKind::kCreateIndex:
      return BindCreateIndex(static_cast<const ast::CreateIndex&>(statement));
    case StatementKind::kCreateView:
      return BindCreateView(static_cast<const ast::CreateView&>(statement));
    case StatementKind::kCreateTrigger:
      return BindCreateTrigger(static_cast<const ast::CreateTrigger&>(statement));
    case StatementKind::kAlterTrigger:
      return BindAlterTrigger(static_cast<const ast::AlterTrigger&>(statement));
    case StatementKind::kDrop:
      return BindDrop(static_cast<const ast::Drop&>(statement));
    case StatementKind::kAlterTable:
      return BindAlter(static_cast<const ast::AlterTable&>(statement));
    case StatementKind::kTransaction:
      return BindTransaction(static_cast<const ast::Transaction&>(statement));
    case StatementKind::kSet:
      return BindSet(static_cast<const ast::Set&>(statement));
    case StatementKind::kSetConstraints:
      return BindSetConstraints(static_cast<const ast::SetConstraints&>(statement));
    case StatementKind::kShow:
      return Command(ShowCommand{std::string(static_cast<const ast::Show&>(statement).name)});
    case StatementKind::kPragma:
      return BindPragma(static_cast<const ast::Pragma&>(statement));
    case StatementKind::kVacuum: {
      const auto& vacuum = static_cast<const ast::Vacuum&>(statement);
      if (vacuum.has_into) return Command(MaintenanceCommand{MaintenanceAction::kVacuumInto, std::string(vacuum.into)});
      return Command(MaintenanceCommand{MaintenanceAction::kVacuum, {}});
    }
    case StatementKind::kCheckpoint:
      return Command(MaintenanceCommand{MaintenanceAction::kCheckpoint, {}});
    case StatementKind::kAnalyze: {
      MaintenanceCommand command{MaintenanceAction::kAnalyze, {}};
      for (const ast::QualifiedName& name : static_cast<const ast::Analyze&>(statement).tables) {
        TURDB_ASSIGN_OR_RETURN(std::shared_ptr<const catalog::Relation> relation, FindTable(name));
        command.tables.push_back(std::move(relation));
      }
      return Command(std::move(command));
    }
    case StatementKind::kReindex:
      return BindReindex(static_cast<const ast::Analyze&>(statement).tables);
    case StatementKind::kCreateSequence:
      return BindCreateSequence(static_cast<const ast::CreateSequence&>(statement));
    case StatementKind::kAlterSequence:
      return BindAlterSequence(static_cast<const ast::AlterSequence&>(statement));
    case StatementKind::kCreateType:
      return BindCreateType(static_cast<const ast::CreateType&>(statement));
    case StatementKind::kCreateFunction:
      return BindCreateFunction(static_cast<const ast::CreateFunction&>(statement));
    case StatementKind::kAlterFunction:
      return BindAlterFunction(static_cast<const ast::AlterFunction&>(statement));
    case StatementKind::kAlterType:
      return BindAlterType(static_cast<const ast::AlterType&>(statement));
    case StatementKind::kPrepare:
      return BindPrepare(static_cast<const ast::Prepare&>(statement));
    case StatementKind::kDeallocate:
      return Command(DeallocateCommand{std::string(static_cast<const ast::Execute&>(statement).name.text)});
    case StatementKind::kComment:
      return BindComment(static_cast<const ast::Comment&>(statement));
    case StatementKind::kRefresh:
      return BindRefresh(static_cast<const ast::Refresh&>(statement));
    case StatementKind::kAttach:
    case StatementKind::kDetach:
      return Unsupported("ATTACH", statement.offset);
    case StatementKind::kOther:
      return Unsupported(absl::AsciiStrToUpper(static_cast<const ast::Other&>(statement).words), statement.offset);
    default:
      return base::InternalError("a statement that should have had a plan");
  }
}

StatusOr<Command> Binder::BindDrop(const ast::Drop& drop) {
  if (drop.object == ast::ObjectKind::kTrigger) return BindDropTrigger(drop);
  if (drop.object == ast::ObjectKind::kFunction || drop.object == ast::ObjectKind::kMacro) return BindDropFunction(drop);
  DropCommand command;
  command.if_exists = drop.if_exists;
  command.cascade = drop.cascade;
  switch (drop.object) {
    case ast::ObjectKind::kTable:
      command.kind = DropKind::kTable;
      break;
    case ast::ObjectKind::kIndex:
      command.kind = DropKind::kIndex;
      break;
    case ast::ObjectKind::kView:
      command.kind = DropKind::kView;
      break;
    case ast::ObjectKind::kSchema:
      command.kind = DropKind::kSchema;
      break;
    case ast::ObjectKind::kMaterializedView:
      command.kind = DropKind::kMaterializedView;
      break;
    case ast::ObjectKind::kSequence:
      command.kind = DropKind::kSequence;
      break;
    case ast::ObjectKind::kType:
      command.kind = DropKind::kType;
      break;
    case ast::ObjectKind::kDomain:
      command.kind = DropKind::kDomain;
      break;
    default:
      // There are none of these yet, so IF EXISTS is satisfied.
      if (drop.if_exists) {
        return Command(
            NoOperation{absl::StrCat(drop.object_words, " \"", drop.names[0].last().text, "\" does not exist, skipping")});
      }
      return Unsupported(absl::StrCat("DROP ", absl::AsciiStrToUpper(drop.object_words)), drop.offset);
  }
  for (const ast::QualifiedName& name : drop.names) {
    TURDB_ASSIGN_OR_RETURN(const RelationName split, SplitName(name));
    std::string schema(split.schema);
    if (command.kind == DropKind::kType || command.kind == DropKind::kDomain) {
      const auto type = FindUserType(name, command.kind == DropKind::kDomain);
      if (!type.ok() && !(command.if_exists && base::GetSqlState(type.status()) == sqlstate::kUndefinedObject)) {
        return type.status();
      }
      if (type.ok()) command.names.push_back({(*type)->schema_name(), (*type)->name(), base::kNoFile});
      continue;
    }
    if (schema.empty() && command.kind != DropKind::kIndex && command.kind != DropKind::kSchema) {
      const auto found = context_.catalog->FindRelation({}, split.name, search_path_);
      if (found != nullptr) schema = found->schema_name();
    } else if (schema.empty() && command.kind == DropKind::kIndex) {
      const auto found = context_.catalog->FindIndex({}, split.name, search_path_);
      if (found.relation != nullptr) schema = found.relation->schema_name();
    }
    command.names.push_back({std::move(schema), std::string(split.name), base::kNoFile});
  }
  if (command.names.empty()) return Command(NoOperation{"types that do not exist, skipping"});
  return Command(std::move(command));
}

// Of a table or an index, or, to be asked for only, of all. B-trees are kept in step and shrink where they are; the graph of a
// vector index keeps what was removed, and is made anew.
StatusOr<Command> Binder::BindReindex(std::span<const ast::QualifiedName> names) {
  AlterTableCommand command;
  const auto rebuild = [&](const std::shared_ptr<const catalog::Relation>& relation,
                           const table::IndexSchema& index) -> Status {
    if (index.method != table::IndexMethod::kHnsw) return absl::OkStatus();
    if (command.relation != nullptr && command.relation->id != relation->id) {
      return base::UnsupportedError("REINDEX of vector indexes of several tables in one statement");
    }
    command.relation = relation;
    AlterStep drop;
    drop.kind = AlterStep::Kind::kDropIndex;
    drop.name = index.name;
    command.steps.push_back(std::move(drop));
    AlterStep add;
    add.kind = AlterStep::Kind::kAddIndex;
    add.index = index;
    add.index.id = base::kNoFile;
    add.index.path.clear();
    command.steps.push_back(std::move(add));
    return absl::OkStatus();
  };
  for (const ast::QualifiedName& name : names) {
    TURDB_ASSIGN_OR_RETURN(const RelationName split, SplitName(name));
    if (split.schema.empty() && context_.catalog->FindSchema(split.name) != nullptr) continue;
    if (const auto index = context_.catalog->GetIndex(split.schema, split.name, search_path_); index.ok()) {
      TURDB_RETURN_IF_ERROR(rebuild(index->relation, index->relation->schema->indexes[static_cast<size_t>(index->index)]));
      continue;
    }
    TURDB_ASSIGN_OR_RETURN(const std::shared_ptr<const catalog::Relation> relation, FindRelation(name));
    for (const table::IndexSchema& index : relation->schema->indexes) TURDB_RETURN_IF_ERROR(rebuild(relation, index));
  }
  if (command.relation == nullptr) return Command(NoOperation{"indexes are kept in step and need no rebuilding"});
  return Command(std::move(command));
}

StatusOr<Command> Binder::BindTransaction(const ast::Transaction& transaction) {
  TransactionCommand command;
  switch (transaction.action) {
    case ast::TransactionAction::kBegin:
      command.action = TransactionAction::kBegin;
      break;
    case ast::TransactionAction::kCommit:
      command.action = TransactionAction::kCommit;
      break;
    case ast::TransactionAction::kRollback:
      command.action = TransactionAction::kRollback;
      break;
    case ast::TransactionAction::kSavepoint:
      command.action = TransactionAction::kSavepoint;
      break;
    case ast::TransactionAction::kRelease:
      command.action = TransactionAction::kRelease;
      break;
    case ast::TransactionAction::kRollbackTo:
      command.action = TransactionAction::kRollbackTo;
      break;
  }
  if (transaction.chain) return Unsupported("AND CHAIN", transaction.offset);
  switch (transaction.modes.isolation) {
    case ast::IsolationLevel::kDefault:
      break;
    case ast::IsolationLevel::kReadUncommitted:
    case ast::IsolationLevel::kReadCommitted:
      command.isolation = IsolationLevel::kReadCommitted;
      break;
    case ast::IsolationLevel::kRepeatableRead:
      command.isolation = IsolationLevel::kSnapshot;
      break;
    case ast::IsolationLevel::kSerializable:
      command.isolation = IsolationLevel::kSerializable;
      break;
  }
  if (transaction.modes.read_only || transaction.modes.read_write) command.read_only = transaction.modes.read_only;
  command.savepoint = std::string(transaction.savepoint.text);
  return Command(std::move(command));
}

StatusOr<Command> Binder::BindSet(const ast::Set& set) {
  SetCommand command;
  command.to_default = set.to_default;
  command.name = std::string(set.name);
  if (set.name == "transaction" || set.name == "session_transaction") {  // SET TRANSACTION is two settings in PostgreSQL, too
    const std::string_view prefix = set.name == "transaction" ? "" : "default_";
    if (set.modes.read_only || set.modes.read_write) {
      command.access = set.modes.read_only ? "on" : "off";
      if (set.modes.isolation == ast::IsolationLevel::kDefault) {
        command.name = absl::StrCat(prefix, "transaction_read_only");
        command.value = std::exchange(command.access, {});
        return Command(std::move(command));
      }
    }
    command.name = absl::StrCat(prefix, "transaction_isolation");
    switch (set.modes.isolation) {
      case ast::IsolationLevel::kDefault:
        command.to_default = true;
        break;
      case ast::IsolationLevel::kReadUncommitted:
      case ast::IsolationLevel::kReadCommitted:
        command.value = "read committed";
        break;
      case ast::IsolationLevel::kRepeatableRead:
        command.value = "repeatable read";
        break;
      case ast::IsolationLevel::kSerializable:
        command.value = "serializable";
        break;
    }
    return Command(std::move(command));
  }
  command.value =
      absl::StrJoin(set.values, ", ", [](std::string* out, const ast::Literal* value) { absl::StrAppend(out, value->text); });
  return Command(std::move(command));
}

StatusOr<Command> Binder::BindPragma(const ast::Pragma& pragma) {
  std::string name = absl::AsciiStrToLower(pragma.name.text);
  if (pragma.value == nullptr) return Command(ShowCommand{std::move(name)});
  if (const std::optional<catalog::DatabaseNumber> which = DatabaseNumberOf(name); which.has_value()) {
    SetNumberCommand set{*which, 0};
    if (!absl::SimpleAtoi(pragma.value->text, &set.value)) {
      return base::WithHint(
          Error(sqlstate::kInvalidParameter, absl::StrCat("invalid value for ", name, ": \"", pragma.value->text, "\""),
                pragma.value->offset),
          "It is an integer of 32 bits.");
    }
    return Command(set);
  }
  SetCommand command;
  command.name = std::move(name);
  command.value = std::string(pragma.value->text);
  return Command(std::move(command));
}

}  // namespace turdb::sql
