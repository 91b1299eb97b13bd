#include "sql/authorize.h"

#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
#include "sql/bind/binder.h"

namespace turdb::sql {
namespace {

using base::Status;
using base::StatusOr;

std::string_view NameOf(AccessKind kind) {
  switch (kind) {
    case AccessKind::kRead:
      return "reading";
    case AccessKind::kInsert:
      return "inserting into";
    case AccessKind::kUpdate:
      return "updating";
    case AccessKind::kDelete:
      return "deleting from";
    case AccessKind::kFunction:
      return "calling";
    case AccessKind::kCreate:
      return "creating";
    case AccessKind::kAlter:
      return "altering";
    case AccessKind::kDrop:
      return "dropping";
    case AccessKind::kTransaction:
    case AccessKind::kMaintenance:
      return "running";
    case AccessKind::kSetting:
      return "using setting";
    case AccessKind::kFile:
      return "using file";
  }
  return "using";
}

std::string_view NameOf(TransactionAction action) {
  switch (action) {
    case TransactionAction::kBegin:
      return "begin";
    case TransactionAction::kCommit:
      return "commit";
    case TransactionAction::kRollback:
      return "rollback";
    case TransactionAction::kSavepoint:
      return "savepoint";
    case TransactionAction::kRelease:
      return "release";
    case TransactionAction::kRollbackTo:
      return "rollback to";
  }
  return "transaction";
}

std::string_view NameOf(MaintenanceAction action) {
  switch (action) {
    case MaintenanceAction::kCheckpoint:
      return "checkpoint";
    case MaintenanceAction::kVacuum:
    case MaintenanceAction::kVacuumInto:
      return "vacuum";
    case MaintenanceAction::kAnalyze:
      return "analyze";
  }
  return "maintenance";
}

// Asks about the objects of one command.
class CommandAsker {
 public:
  explicit CommandAsker(const CompileContext& context) : context_(context) {}

  Status operator()(const std::monostate&) const { return absl::OkStatus(); }
  Status operator()(const NoOperation&) const { return absl::OkStatus(); }
  Status operator()(const PrepareCommand&) const { return absl::OkStatus(); }
  Status operator()(const DeallocateCommand&) const { return absl::OkStatus(); }
  Status operator()(const TransactionCommand& command) const {
    return Ask(AccessKind::kTransaction, {}, NameOf(command.action));
  }
  Status operator()(const SetConstraintsCommand&) const { return Ask(AccessKind::kTransaction, {}, "set constraints"); }
  Status operator()(const SetCommand& command) const { return Ask(AccessKind::kSetting, {}, command.name); }
  Status operator()(const ShowCommand& command) const { return Ask(AccessKind::kSetting, {}, command.name); }
  Status operator()(const SetNumberCommand&) const { return Ask(AccessKind::kSetting, {}, "user_version"); }
  Status operator()(const MaintenanceCommand& command) const {
    if (!command.path.empty()) TURDB_RETURN_IF_ERROR(Ask(AccessKind::kFile, {}, command.path));
    return Ask(AccessKind::kMaintenance, {}, NameOf(command.action));
  }
  Status operator()(const CreateSchemaCommand& command) const { return Ask(AccessKind::kCreate, command.name, {}); }
  Status operator()(const CreateTableCommand& command) const { return Create(command.table.definition); }
  Status operator()(const CreateViewCommand& command) const { return Create(command.columns); }
  Status operator()(const CreateTypeCommand& command) const { return Create(command.definition); }
  Status operator()(const CreateFunctionCommand& command) const { return Create(command.definition); }
  Status operator()(const CreateIndexCommand& command) const {
    return Ask(AccessKind::kCreate, command.relation->schema_name(), command.index.name);
  }
  Status operator()(const CreateSequenceCommand& command) const {
    return Ask(AccessKind::kCreate, command.sequence.schema_name, command.sequence.name);
  }
  Status operator()(const AlterTableCommand& command) const { return Alter(command.relation); }
  Status operator()(const AlterSequenceCommand& command) const { return Alter(command.relation); }
  Status operator()(const AlterTypeCommand& command) const { return Alter(command.type); }
  Status operator()(const RefreshCommand& command) const { return Alter(command.relation); }
  Status operator()(const CommentSchemaCommand& command) const { return Ask(AccessKind::kAlter, command.schema, {}); }
  Status operator()(const DropCommand& command) const {
    for (const DropCommand::Name& name : command.names) {
      if (command.kind == DropKind::kSchema) {
        TURDB_RETURN_IF_ERROR(Ask(AccessKind::kDrop, name.name, {}));
        continue;
      }
      if (command.kind == DropKind::kFunction) {
        TURDB_RETURN_IF_ERROR(Ask(AccessKind::kDrop, name.schema, name.name));
        continue;
      }
      const auto relation = context_.catalog->FindRelation(name.schema, name.name, context_.search_path);
      TURDB_RETURN_IF_ERROR(relation == nullptr ? Ask(AccessKind::kDrop, name.schema, name.name)
                                                : Ask(AccessKind::kDrop, relation->schema_name(), relation->name()));
    }
    return absl::OkStatus();
  }

 private:
  Status Ask(AccessKind kind, std::string_view schema, std::string_view object) const {
    return sql::Ask(context_, {kind, schema, object, {}, {}}).status();
  }
  Status Create(const table::TableSchema& definition) const {
    return Ask(AccessKind::kCreate, definition.schema_name, definition.name);
  }
  Status Alter(const std::shared_ptr<const catalog::Relation>& relation) const {
    return Ask(AccessKind::kAlter, relation->schema_name(), relation->name());
  }

  const CompileContext& context_;
};

}  // namespace

StatusOr<AccessAnswer> Ask(const CompileContext& context, const AccessRequest& request) {
  if (!context.authorize) return AccessAnswer::kAllow;
  TURDB_ASSIGN_OR_RETURN(const AccessAnswer answer, context.authorize(request));
  const bool is_column = request.kind == AccessKind::kRead && !request.column.empty();
  if (answer == AccessAnswer::kAllow || (answer == AccessAnswer::kIgnore && is_column)) return answer;
  std::string name(request.schema);
  for (const std::string_view part : {request.object, request.column}) {
    if (!part.empty()) absl::StrAppend(&name, name.empty() ? "" : ".", part);
  }
  return base::MakeError(absl::StatusCode::kPermissionDenied, base::SqlState{"42501"},
                         absl::StrCat("not authorized: ", NameOf(request.kind), " ", name,
                                      request.accessor.empty() ? "" : absl::StrCat(", from ", request.accessor)));
}

Status AuthorizeCommand(const CompileContext& context, const Command& command) {
  return context.authorize ? std::visit(CommandAsker(context), command) : absl::OkStatus();
}

Status AuthorizeFile(const CompileContext& context, std::string_view path) {
  return Ask(context, {AccessKind::kFile, {}, path, {}, {}}).status();
}

// ---- the binder's part

Status Binder::Authorize(AccessKind kind, std::string_view schema, std::string_view object, std::string_view column,
                         int32_t offset) {
  // What a foreign key does, or a table's own expressions, was allowed to whoever made them.
  if (!context_.authorize || unasked_ || action_keys_ != nullptr) return absl::OkStatus();
  return At(Ask(context_, {kind, schema, object, column, accessor_}).status(), offset);
}

Status Binder::AuthorizeRelation(AccessKind kind, const catalog::Relation& relation, int32_t offset) {
  return Authorize(kind, relation.schema_name(), relation.name(), {}, offset);
}

StatusOr<const Expr*> Binder::AuthorizeRead(const Expr* found, const Scope& scope, int32_t offset) {
  if (found->kind != exec::ExpressionKind::kColumn) return found;
  for (const ScopeRelation& relation : scope.relations) {
    for (size_t i = 0; i < relation.columns.size(); ++i) {
      const Expr* const own = relation.columns[i].expr;
      if (own->kind != exec::ExpressionKind::kColumn || own->index != found->index) continue;
      TURDB_ASSIGN_OR_RETURN(const Expr* allowed, AuthorizeColumnOf(relation, i, offset));
      return allowed == own ? found : allowed;
    }
  }
  return found;
}

StatusOr<const Expr*> Binder::AuthorizeColumnOf(const ScopeRelation& relation, size_t column, int32_t offset) {
  const Expr* const own = relation.columns[column].expr;
  const table::TableSchema* schema = relation.own;
  if (relation.get != nullptr && relation.get->relation != nullptr) schema = relation.get->relation->schema.get();
  if (!context_.authorize || unasked_ || action_keys_ != nullptr || schema == nullptr || column >= schema->columns.size()) {
    return own;
  }
  const AccessRequest request{AccessKind::kRead, schema->schema_name, schema->name, schema->columns[column].name, accessor_};
  const StatusOr<AccessAnswer> answer = Ask(context_, request);
  if (!answer.ok()) return At(answer.status(), offset);
  return *answer == AccessAnswer::kIgnore ? NullConstant(own->type, offset) : own;
}

}  // namespace turdb::sql
