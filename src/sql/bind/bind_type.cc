// Types that users made: their names in SQL, what values of domains must be, CREATE and ALTER.
//
// An expression never has a domain for its type: it has what the domain stands for, and values become a domain's by passing its
// checks, where they are cast to it and where they are stored into a column that was declared with it.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "catalog/types.h"
#include "sql/bind/binder.h"
#include "vec/enum.h"

namespace turdb::sql {

using ast::AlterTypeAction;
using ast::ConstraintKind;
using base::Status;
using base::StatusOr;
using catalog::RelationKind;
using exec::ExpressionKind;
using function::CastContext;
using table::TableSchema;
using vec::Type;
namespace sqlstate = base::sqlstate;

namespace {

constexpr base::SqlState kWrongObjectType{"42809"};
constexpr size_t kMaxLabelBytes = 63;  // PostgreSQL's, so that types move both ways

const table::CheckConstraint* FindCheck(const TableSchema& domain, std::string_view name) {
  for (const table::CheckConstraint& check : domain.checks) {
    if (check.name == name) return &check;
  }
  return nullptr;
}

}  // namespace

// ---- names

// Rows of a table change their shape with it: nothing is declared to keep them.
Status Binder::CheckStorable(const Type& type, std::string_view name, int32_t offset) const {
  Status status;
  context_.catalog->ForEachTypeIn(type, [&](catalog::ObjectId id) {
    const auto relation = context_.catalog->RelationOf(id);
    if (relation != nullptr && !relation->is_type()) {
      status =
          base::WithHint(Unsupported(absl::StrCat("\"", name, "\" of the rows of table \"", relation->name(), "\""), offset),
                         "CREATE TYPE makes a type that can be stored.");
    }
  });
  return status;
}

// kUnknown: no user made such a type.
StatusOr<Type> Binder::BindUserType(const ast::TypeName& type, base::FileId* domain) {
  if (type.name.parts.size() > 2) return Unsupported("a name with a database in it", type.offset);
  const std::string_view schema = type.name.parts.size() == 2 ? type.name.parts[0].text : std::string_view();
  const auto found = context_.catalog->FindType(schema, type.name.last().text, search_path_);
  if (found == nullptr) {  // the rows of a table
    const auto table = vec::IsTypeName(type.name.last().text)
                           ? nullptr
                           : context_.catalog->FindRelation(schema, type.name.last().text, search_path_);
    if (table == nullptr || table->kind != RelationKind::kTable || !type.modifiers.empty()) return Type();
    DependOn(table);
    const Type row = Type::Struct(static_cast<int32_t>(table->id));
    return type.array_depth == 0 ? row : Type::ArrayOf(row);
  }
  DependOn(found);
  if (!type.modifiers.empty()) {
    return Error(sqlstate::kSyntaxError, absl::StrCat("type modifier is not allowed for type \"", found->name(), "\""),
                 type.offset);
  }
  if (found->kind == RelationKind::kEnum) {
    const Type label = Type::Enum(found->id);
    return type.array_depth == 0 ? label : Type::ArrayOf(label);
  }
  if (found->kind == RelationKind::kComposite) {
    const Type row = Type::Struct(static_cast<int32_t>(found->id));
    return type.array_depth == 0 ? row : Type::ArrayOf(row);
  }
  const Type value = found->schema->columns[0].type;
  *domain = found->id;
  if (type.array_depth == 0) return value;
  if (value.id == vec::TypeId::kArray) return Unsupported("an array of a domain over an array", type.offset);
  return Type::ArrayOf(value);
}

StatusOr<Type> Binder::BindTypeOrDomain(const ast::TypeName& type, base::FileId* domain) {
  const bool simple = type.fields.empty() && type.types.empty() && !type.set_of;
  if (simple) {
    TURDB_ASSIGN_OR_RETURN(const Type made, BindUserType(type, domain));
    if (made.id != vec::TypeId::kUnknown) return made;
  }
  return BindType(type);
}

// ---- values of domains

StatusOr<const Expr*> Binder::CheckDomain(const Expr* value, base::FileId domain, int32_t position) {
  const auto relation = context_.catalog->RelationOf(domain);
  if (relation == nullptr) {
    return base::CorruptionError(absl::StrCat("domain ", domain, " is not there"));
  }
  DependOn(relation);
  const table::Column& definition = relation->schema->columns[0];
  if (value->type.id == vec::TypeId::kArray && definition.type.id != vec::TypeId::kArray) {  // its elements are the domain's
    const Expr* const element = NewLambdaValue(value->type.element_type(), position);
    TURDB_ASSIGN_OR_RETURN(const Expr* const checked, CheckDomain(element, domain, position));
    return MakeLambda(exec::LambdaKind::kTransform, value->type, {value, checked, element}, position);
  }
  if (definition.domain != base::kNoFile) {
    TURDB_ASSIGN_OR_RETURN(value, CheckDomain(value, definition.domain, position));
  }
  const auto checked = [&](std::vector<const Expr*> arguments, std::string message) {
    Expr* node = plan_.NewExpression(ExpressionKind::kCheck, value->type, plan_.Copy(arguments), position);
    node->value = plan_.Constant(vec::Value::Text(message), vec::TypeId::kText, position)->value;
    return node;
  };
  if (definition.not_null) {
    value = checked({value}, absl::StrCat("domain ", relation->name(), " does not allow null values"));
  }
  for (const table::CheckConstraint& check : relation->schema->checks) {
    const Expr* const around = domain_value_;
    domain_value_ = plan_.NewExpression(ExpressionKind::kValue, definition.type);
    auto condition = BindStored(check.sql, nullptr, absl::StrCat("constraint ", check.name, " of domain ", relation->name()));
    if (condition.ok()) condition = ToCondition(*condition, "CHECK", 0);
    domain_value_ = around;
    TURDB_RETURN_IF_ERROR(condition.status());
    value = checked({value, *condition},
                    absl::StrCat("value for domain ", relation->name(), " violates check constraint \"", check.name, "\""));
  }
  return value;
}

StatusOr<const Expr*> Binder::ToColumn(const Expr* value, const table::Column& column) {
  return column.domain == base::kNoFile ? StatusOr<const Expr*>(value) : CheckDomain(value, column.domain, value->position);
}

std::string Binder::CollationOfDomain(base::FileId domain) const {
  const auto found = domain == base::kNoFile ? nullptr : context_.catalog->RelationOf(domain);
  return found == nullptr ? std::string() : found->schema->columns[0].collation;
}

// Of a column, or that of its domain, or of what the domain is over.
std::string Binder::DefaultTextOf(const table::Column& column) const {
  if (!column.default_sql.empty() || column.domain == base::kNoFile) return column.default_sql;
  const auto domain = context_.catalog->RelationOf(column.domain);
  const bool elements =
      domain != nullptr && column.type.id == vec::TypeId::kArray && domain->schema->columns[0].type.id != vec::TypeId::kArray;
  return domain == nullptr || elements ? std::string() : DefaultTextOf(domain->schema->columns[0]);
}

// ---- CREATE

StatusOr<Command> Binder::BindCreateType(const ast::CreateType& create) {
  CreateTypeCommand command;
  TURDB_ASSIGN_OR_RETURN(const RelationName name, SplitName(create.name));
  command.definition.schema_name = CreationSchema(name.schema);
  command.definition.name = std::string(name.name);
  if (create.domain) return BindCreateDomain(create, std::move(command));
  if (!create.is_enum) return BindCreateComposite(create, std::move(command));
  std::string order;
  for (const ast::Text& label : create.labels) {
    TURDB_RETURN_IF_ERROR(CheckLabel(label, create.offset));
    for (const catalog::EnumLabel& other : command.labels) {
      if (other.name != label) continue;
      return Error(sqlstate::kDuplicateObject, absl::StrCat("enum label \"", label, "\" used more than once"), create.offset);
    }
    order = vec::OrderBetween(order, {});
    command.labels.push_back({order, std::string(label)});
  }
  return Command(std::move(command));
}

Status Binder::BindAttribute(const ast::ColumnDefinition& definition, TableSchema* composite) {
  table::Column attribute;
  attribute.name = std::string(definition.name.text);
  for (const table::Column& other : composite->columns) {
    if (other.name != attribute.name) continue;
    return Error(sqlstate::kDuplicateColumn, absl::StrCat("column \"", attribute.name, "\" specified more than once"),
                 definition.name.offset);
  }
  if (definition.type == nullptr) return Error(sqlstate::kSyntaxError, "an attribute needs a type", definition.name.offset);
  TURDB_ASSIGN_OR_RETURN(attribute.type, BindTypeOrDomain(*definition.type, &attribute.domain));
  if (attribute.domain != base::kNoFile) return Unsupported("an attribute of a domain", definition.name.offset);
  TURDB_RETURN_IF_ERROR(CheckStorable(attribute.type, attribute.name, definition.name.offset));
  for (const ast::Constraint* constraint : definition.constraints) {
    if (constraint->kind != ConstraintKind::kCollate) {
      return Error(sqlstate::kSyntaxError, "attributes of composite types have no constraints", constraint->offset);
    }
    TURDB_RETURN_IF_ERROR(BindColumnCollation(constraint->collation, &attribute));
  }
  composite->columns.push_back(std::move(attribute));
  return absl::OkStatus();
}

StatusOr<Command> Binder::BindCreateComposite(const ast::CreateType& create, CreateTypeCommand command) {
  command.kind = RelationKind::kComposite;
  const bool temporary = IsTemporarySchema(command.definition.schema_name);
  for (const ast::ColumnDefinition* field : create.fields) {
    TURDB_RETURN_IF_ERROR(BindAttribute(*field, &command.definition));
  }
  if (!temporary && UsesTemporary()) {
    return Error(sqlstate::kInvalidTableDefinition, "a permanent type cannot use temporary objects", create.offset);
  }
  return Command(std::move(command));
}

Status Binder::CheckLabel(std::string_view label, int32_t offset) const {
  if (label.size() <= kMaxLabelBytes) return absl::OkStatus();
  return base::WithHint(Error(sqlstate::kInvalidName, absl::StrCat("invalid enum label \"", label, "\""), offset),
                        absl::StrCat("Labels must be ", kMaxLabelBytes, " bytes or less."));
}

StatusOr<Command> Binder::BindCreateDomain(const ast::CreateType& create, CreateTypeCommand command) {
  command.kind = RelationKind::kDomain;
  table::Column value;
  value.name = "value";
  TURDB_ASSIGN_OR_RETURN(value.type, BindTypeOrDomain(*create.base, &value.domain));
  TURDB_RETURN_IF_ERROR(CheckStorable(value.type, command.definition.name, create.offset));
  value.collation = CollationOfDomain(value.domain);
  const bool temporary = IsTemporarySchema(command.definition.schema_name);
  command.definition.columns.push_back(std::move(value));
  for (const ast::Constraint* constraint : create.constraints) {
    TURDB_RETURN_IF_ERROR(BindDomainConstraint(*constraint, &command.definition));
  }
  if (!temporary && UsesTemporary()) {
    return Error(sqlstate::kInvalidTableDefinition, "a permanent domain cannot use temporary objects", create.offset);
  }
  return Command(std::move(command));
}

Status Binder::BindDomainConstraint(const ast::Constraint& constraint, TableSchema* domain) {
  table::Column& value = domain->columns[0];
  switch (constraint.kind) {
    case ConstraintKind::kNotNull:
      value.not_null = true;
      return absl::OkStatus();
    case ConstraintKind::kNull:
      value.not_null = false;
      return absl::OkStatus();
    case ConstraintKind::kDefault:
      return BindDomainDefault(*constraint.expr, constraint.expr_text, &value);
    case ConstraintKind::kCollate:
      return BindColumnCollation(constraint.collation, &value);
    case ConstraintKind::kCheck:
      break;
    default:
      return Error(sqlstate::kSyntaxError, "this constraint is not possible for domains", constraint.offset);
  }
  table::CheckConstraint check{std::string(constraint.name.text), std::string(constraint.expr_text), {}};
  if (check.name.empty()) {
    check.name = absl::StrCat(domain->name, "_check");
    for (int i = 1; FindCheck(*domain, check.name) != nullptr; ++i) check.name = absl::StrCat(domain->name, "_check", i);
  } else if (FindCheck(*domain, check.name) != nullptr) {
    return Error(sqlstate::kDuplicateObject,
                 absl::StrCat("constraint \"", check.name, "\" for domain \"", domain->name, "\" already exists"),
                 constraint.offset);
  }
  Scope nothing;
  ExprContext context;
  context.scope = &nothing;
  context.clause = "CHECK";
  const size_t subqueries = subqueries_.size();
  domain_value_ = plan_.NewExpression(ExpressionKind::kValue, value.type);
  auto bound = Bind(*constraint.expr, context);
  domain_value_ = nullptr;
  if (!bound.ok()) return bound.status();
  if (subqueries_.size() != subqueries) {
    return Error(sqlstate::kFeatureNotSupported, "cannot use subquery in check constraint", constraint.expr->offset);
  }
  TURDB_RETURN_IF_ERROR(ToCondition(*bound, "CHECK", constraint.expr->offset).status());
  domain->checks.push_back(std::move(check));
  return absl::OkStatus();
}

Status Binder::BindDomainDefault(const ast::Expr& expr, std::string_view text, table::Column* value) {
  Scope nothing;
  ExprContext context;
  context.scope = &nothing;
  context.clause = "DEFAULT";
  TURDB_ASSIGN_OR_RETURN(const Expr* const bound, Bind(expr, context));
  TURDB_RETURN_IF_ERROR(Coerce(bound, value->type, CastContext::kAssignment).status());
  value->default_sql = std::string(text);
  return absl::OkStatus();
}

// ---- ALTER

StatusOr<std::shared_ptr<const catalog::Relation>> Binder::FindUserType(const ast::QualifiedName& name, bool domain) {
  TURDB_ASSIGN_OR_RETURN(const RelationName split, SplitName(name));
  auto type = context_.catalog->FindType(split.schema, split.name, search_path_);
  if (type == nullptr) {
    return Error(sqlstate::kUndefinedObject, absl::StrCat("type \"", name.last().text, "\" does not exist"), name.offset());
  }
  if (domain && type->kind != RelationKind::kDomain) {
    return Error(kWrongObjectType, absl::StrCat("\"", type->name(), "\" is not a domain"), name.offset());
  }
  return type;
}

StatusOr<Command> Binder::BindAlterType(const ast::AlterType& alter) {
  AlterTypeCommand command;
  TURDB_ASSIGN_OR_RETURN(command.type, FindUserType(alter.name, alter.domain));
  switch (alter.action) {
    case AlterTypeAction::kRename:
      command.kind = AlterTypeCommand::Kind::kRename;
      command.new_value = std::string(alter.new_name.text);
      return Command(std::move(command));
    case AlterTypeAction::kSetSchema:
      command.kind = AlterTypeCommand::Kind::kMoveToSchema;
      command.new_value = std::string(alter.new_name.text);
      if (table::IsTemporary(command.type->id) || IsTemporarySchema(alter.new_name.text)) {
        return Error(sqlstate::kFeatureNotSupported, "cannot move objects into or out of temporary schemas", alter.offset);
      }
      return Command(std::move(command));
    case AlterTypeAction::kAddValue:
    case AlterTypeAction::kRenameValue:
      break;
    case AlterTypeAction::kAttributes:
      return BindAlterAttributes(alter, command.type);
    default:
      return BindAlterDomain(alter, command.type);
  }
  if (command.type->kind != RelationKind::kEnum) {
    return Error(kWrongObjectType, absl::StrCat(command.type->name(), " is not an enum"), alter.name.offset());
  }
  const bool adds = alter.action == AlterTypeAction::kAddValue;
  command.kind = adds ? AlterTypeCommand::Kind::kAddValue : AlterTypeCommand::Kind::kRenameValue;
  command.value = std::string(adds ? alter.new_label : alter.label);
  command.new_value = std::string(adds ? alter.label : alter.new_label);
  command.beside = adds && alter.has_neighbour;
  command.before = alter.before;
  command.if_not_exists = alter.if_exists;
  TURDB_RETURN_IF_ERROR(CheckLabel(command.new_value, alter.offset));
  return Command(std::move(command));
}

StatusOr<Command> Binder::BindAlterAttributes(const ast::AlterType& alter, std::shared_ptr<const catalog::Relation> type) {
  if (type->kind != RelationKind::kComposite) {
    return Error(kWrongObjectType, absl::StrCat("\"", type->name(), "\" is not a composite type"), alter.name.offset());
  }
  AlterTypeCommand command;
  command.kind = AlterTypeCommand::Kind::kEditComposite;
  command.type = type;
  TableSchema changed = *type->schema;
  const auto find = [&](const ast::Name& name) -> StatusOr<size_t> {
    for (size_t i = 0; i < changed.columns.size(); ++i) {
      if (changed.columns[i].name == name.text) return i;
    }
    return Error(sqlstate::kUndefinedColumn,
                 absl::StrCat("column \"", name.text, "\" of relation \"", type->name(), "\" does not exist"), name.offset);
  };
  for (const ast::AttributeChange& change : alter.attributes) {
    const ast::Name& name = change.definition->name;
    if (change.action == ast::AttributeAction::kAdd) {
      for (const table::Column& other : changed.columns) {
        if (other.name != name.text) continue;
        return Error(sqlstate::kDuplicateColumn,
                     absl::StrCat("column \"", name.text, "\" of relation \"", type->name(), "\" already exists"), name.offset);
      }
      TURDB_RETURN_IF_ERROR(BindAttribute(*change.definition, &changed));
      command.check = true;
      continue;
    }
    const auto found = find(name);
    if (!found.ok() && change.if_exists) continue;
    if (!found.ok()) return found.status();
    const auto place = static_cast<ptrdiff_t>(*found);
    if (change.action == ast::AttributeAction::kDrop) {
      changed.columns.erase(changed.columns.begin() + place);
      command.check = true;
    } else if (change.action == ast::AttributeAction::kRename) {
      if (find(change.new_name).ok()) {
        return Error(sqlstate::kDuplicateColumn,
                     absl::StrCat("column \"", change.new_name.text, "\" of relation \"", type->name(), "\" already exists"),
                     change.new_name.offset);
      }
      changed.columns[*found].name = std::string(change.new_name.text);
    } else {
      TableSchema one;
      TURDB_RETURN_IF_ERROR(BindAttribute(*change.definition, &one));
      changed.columns[*found] = std::move(one.columns[0]);
      command.check = true;
    }
  }
  command.domain = std::move(changed);
  return Command(std::move(command));
}

StatusOr<Command> Binder::BindAlterDomain(const ast::AlterType& alter, std::shared_ptr<const catalog::Relation> domain) {
  AlterTypeCommand command;
  command.kind = AlterTypeCommand::Kind::kEditDomain;
  command.type = domain;
  TableSchema changed = *domain->schema;
  const std::string name(alter.old_name.text);
  const auto undefined = [&]() -> Status {
    return Error(sqlstate::kUndefinedObject,
                 absl::StrCat("constraint \"", name, "\" of domain \"", domain->name(), "\" does not exist"), alter.offset);
  };
  switch (alter.action) {
    case AlterTypeAction::kSetDefault:
      TURDB_RETURN_IF_ERROR(BindDomainDefault(*alter.expr, alter.expr_text, &changed.columns[0]));
      break;
    case AlterTypeAction::kDropDefault:
      changed.columns[0].default_sql.clear();
      break;
    case AlterTypeAction::kSetNotNull:
      command.check = !changed.columns[0].not_null;
      changed.columns[0].not_null = true;
      break;
    case AlterTypeAction::kDropNotNull:
      changed.columns[0].not_null = false;
      break;
    case AlterTypeAction::kAddConstraint:
      TURDB_RETURN_IF_ERROR(BindDomainConstraint(*alter.constraint, &changed));
      command.check = true;
      break;
    case AlterTypeAction::kDropConstraint:
      if (FindCheck(changed, name) == nullptr) {
        if (alter.if_exists) return Command(NoOperation{absl::StrCat("constraint \"", name, "\" does not exist, skipping")});
        return undefined();
      }
      std::erase_if(changed.checks, [&](const table::CheckConstraint& check) { return check.name == name; });
      break;
    case AlterTypeAction::kRenameConstraint: {
      if (FindCheck(changed, name) == nullptr) return undefined();
      const std::string new_name(alter.new_name.text);
      if (FindCheck(changed, new_name) != nullptr) {
        return Error(sqlstate::kDuplicateObject,
                     absl::StrCat("constraint \"", new_name, "\" for domain ", domain->name(), " already exists"),
                     alter.new_name.offset);
      }
      for (table::CheckConstraint& check : changed.checks) {
        if (check.name == name) check.name = new_name;
      }
      break;
    }
    case AlterTypeAction::kValidateConstraint:  // none is there that was not checked
      if (FindCheck(changed, name) == nullptr) return undefined();
      return Command(NoOperation{"the constraint is valid"});
    default:
      return Unsupported("this ALTER DOMAIN", alter.offset);
  }
  command.domain = std::move(changed);
  return Command(std::move(command));
}

}  // namespace turdb::sql
