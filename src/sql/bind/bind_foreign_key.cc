// Foreign keys: what a definition refers to, and the changes of the rows that refer to a key that went.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "function/registry.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
using function::CastContext;
using table::ForeignKey;
using table::ForeignKeyAction;
using table::TableSchema;
using vec::Type;
using vec::TypeId;
namespace sqlstate = base::sqlstate;

namespace {

ForeignKeyAction ActionOf(ast::ReferentialAction action) {
  switch (action) {
    case ast::ReferentialAction::kNoAction:
      return ForeignKeyAction::kNoAction;
    case ast::ReferentialAction::kRestrict:
      return ForeignKeyAction::kRestrict;
    case ast::ReferentialAction::kCascade:
      return ForeignKeyAction::kCascade;
    case ast::ReferentialAction::kSetNull:
      return ForeignKeyAction::kSetNull;
    case ast::ReferentialAction::kSetDefault:
      return ForeignKeyAction::kSetDefault;
  }
  return ForeignKeyAction::kNoAction;
}

bool Sets(ForeignKeyAction action) { return action == ForeignKeyAction::kSetNull || action == ForeignKeyAction::kSetDefault; }

bool IsPlainText(TypeId id) { return id == TypeId::kText || id == TypeId::kVarchar; }

// Types whose values compare with each other, whichever side refers (PostgreSQL's operator families).
bool OfOneFamily(TypeId a, TypeId b) {
  const auto both = [&](auto is) { return is(a) && is(b); };
  return a == b || both([](TypeId id) { return vec::IsText(id); }) || both([](TypeId id) { return vec::IsInteger(id); }) ||
         both([](TypeId id) { return id == TypeId::kFloat || id == TypeId::kDouble; }) ||
         both([](TypeId id) { return id == TypeId::kDate || id == TypeId::kTimestamp || id == TypeId::kTimestampTz; });
}

// Whether a value makes the same key bytes as the referenced column's would.
bool MakesSameKey(const Type& from, const Type& to) {
  if (IsPlainText(from.id) && IsPlainText(to.id)) return true;
  return from.id == to.id && (from.id != TypeId::kDecimal || from == to);
}

// Keys are compared as the referenced column's are, whatever the other column's collation.
std::string CollateClause(const table::Column& from, const table::Column& to) {
  if (from.collation == to.collation) return "";
  return absl::StrCat(" COLLATE ", Quoted(to.collation.empty() ? std::string_view("default") : std::string_view(to.collation)));
}

}  // namespace

// ---- definitions

StatusOr<int32_t> Binder::ForeignKeyColumn(const TableSchema& schema, const ast::Name& name) {
  const int32_t column = catalog::FindColumn(schema, name.text);
  if (column >= 0) return column;
  return Error(sqlstate::kUndefinedColumn,
               absl::StrCat("column \"", name.text, "\" referenced in foreign key constraint does not exist"), name.offset);
}

// The table that is referred to; `schema` itself when it is that.
StatusOr<const TableSchema*> Binder::ReferencedTable(const ast::QualifiedName& name, const TableSchema& schema,
                                                     ForeignKey* key) {
  TURDB_ASSIGN_OR_RETURN(const RelationName split, SplitName(name));
  if (schema.id == base::kNoFile && split.name == schema.name) {  // it is not in the catalog yet
    const catalog::Schema* const in = split.schema.empty() ? nullptr : context_.catalog->FindSchema(split.schema);
    if (split.schema.empty() || (in != nullptr && in->name == schema.schema_name)) return &schema;
  }
  TURDB_ASSIGN_OR_RETURN(const auto relation, FindRelation(name));
  if (relation->kind != catalog::RelationKind::kTable || relation->is_materialized_view()) {
    return Error(base::SqlState{"42809"}, absl::StrCat("referenced relation \"", relation->name(), "\" is not a table"),
                 name.offset());
  }
  key->referenced_table = relation->id;
  return relation->id == schema.id ? &schema : relation->schema.get();
}

Status Binder::BindForeignKey(const ast::Constraint& constraint, std::vector<ast::Name> columns, TableSchema* schema) {
  ForeignKey key;
  key.name = std::string(constraint.name.text);
  for (const ast::Name& name : columns) {
    TURDB_ASSIGN_OR_RETURN(const int32_t column, ForeignKeyColumn(*schema, name));
    key.columns.push_back(column);
  }
  TURDB_ASSIGN_OR_RETURN(const TableSchema* const referenced, ReferencedTable(constraint.references, *schema, &key));
  std::vector<int32_t> positions;
  if (constraint.referenced_columns.empty()) {
    if (referenced->primary_key.empty()) {
      return Error(sqlstate::kUndefinedObject,
                   absl::StrCat("there is no primary key for referenced table \"", referenced->name, "\""),
                   constraint.references.offset());
    }
    for (const table::IndexPart& part : referenced->primary_key) positions.push_back(part.column);
  }
  for (const ast::Name& name : constraint.referenced_columns) {
    TURDB_ASSIGN_OR_RETURN(const int32_t column, ForeignKeyColumn(*referenced, name));
    positions.push_back(column);
  }
  static constexpr base::SqlState kInvalidForeignKey{"42830"};
  if (positions.size() != key.columns.size()) {
    return Error(kInvalidForeignKey, "number of referencing and referenced columns for foreign key disagree",
                 constraint.offset);
  }
  for (const int32_t position : positions) {
    key.referenced_columns.push_back(referenced->columns[static_cast<size_t>(position)].name);
  }
  if (key.referenced_table != base::kNoFile) {
    table::TableSchema referring;
    referring.schema_name = schema->schema_name;
    referring.foreign_keys = {key};
    TURDB_RETURN_IF_ERROR(CheckPersistence(referring, constraint.references.offset()));
  }
  if (referenced->FindUniqueKey(positions) == -2) {
    return base::WithHint(
        Error(kInvalidForeignKey,
              absl::StrCat("there is no unique constraint matching given keys for referenced table \"", referenced->name, "\""),
              constraint.references.offset()),
        absl::StrCat("Make (", absl::StrJoin(key.referenced_columns, ", "), ") a primary key or UNIQUE."));
  }
  TURDB_RETURN_IF_ERROR(CheckForeignKeyTypes(constraint, *schema, *referenced, key, positions));
  TURDB_RETURN_IF_ERROR(BindForeignKeyClauses(constraint, *schema, &key));
  schema->foreign_keys.push_back(std::move(key));
  return absl::OkStatus();
}

Status Binder::CheckForeignKeyTypes(const ast::Constraint& constraint, const TableSchema& schema, const TableSchema& referenced,
                                    const ForeignKey& key, const std::vector<int32_t>& positions) {
  for (size_t i = 0; i < positions.size(); ++i) {
    const table::Column& from = schema.columns[static_cast<size_t>(key.columns[i])];
    const table::Column& to = referenced.columns[static_cast<size_t>(positions[i])];
    if (OfOneFamily(from.type.id, to.type.id) || function::CanCast(from.type, to.type, CastContext::kImplicit)) continue;
    const std::string name = key.name.empty() ? absl::StrCat(schema.name, "_", from.name, "_fkey") : key.name;
    return base::WithFrame(
        Error(sqlstate::kDatatypeMismatch, absl::StrCat("foreign key constraint \"", name, "\" cannot be implemented"),
              constraint.offset),
        absl::StrCat("Key columns \"", from.name, "\" and \"", to.name, "\" are of incompatible types: ", from.type.ToString(),
                     " and ", to.type.ToString(), "."));
  }
  return absl::OkStatus();
}

Status Binder::BindForeignKeyClauses(const ast::Constraint& constraint, const TableSchema& schema, ForeignKey* key) {
  if (constraint.match == ast::MatchKind::kPartial) {
    return Error(sqlstate::kFeatureNotSupported, "MATCH PARTIAL is not supported", constraint.offset);
  }
  key->match_full = constraint.match == ast::MatchKind::kFull;
  key->on_delete = ActionOf(constraint.on_delete);
  key->on_update = ActionOf(constraint.on_update);
  for (const ast::Name& name : constraint.on_delete_columns) {
    TURDB_ASSIGN_OR_RETURN(const int32_t column, ForeignKeyColumn(schema, name));
    if (std::find(key->columns.begin(), key->columns.end(), column) == key->columns.end()) {
      return Error(sqlstate::kInvalidColumnReference,
                   absl::StrCat("column \"", name.text, "\" referenced in ON DELETE SET action must be part of foreign key"),
                   name.offset);
    }
    key->on_delete_columns.push_back(column);
  }
  const bool generated = std::any_of(key->columns.begin(), key->columns.end(), [&](int32_t column) {
    return schema.columns[static_cast<size_t>(column)].generation == table::Generation::kStored;
  });
  const bool changes_on_update = Sets(key->on_update) || key->on_update == ForeignKeyAction::kCascade;
  if (generated && (changes_on_update || Sets(key->on_delete))) {
    return Error(sqlstate::kSyntaxError,
                 absl::StrCat("invalid ON ", changes_on_update ? "UPDATE" : "DELETE",
                              " action for foreign key constraint containing generated column"),
                 constraint.offset);
  }
  if (constraint.initially_deferred && constraint.not_deferrable) {
    return Error(sqlstate::kSyntaxError, "constraint declared INITIALLY DEFERRED must be DEFERRABLE", constraint.offset);
  }
  key->initially_deferred = constraint.initially_deferred;
  key->deferrable = constraint.deferrable || constraint.initially_deferred;
  return absl::OkStatus();
}

// After everything else of the definition, since they may refer to it.
Status Binder::BindForeignKeys(ast::List<ast::ColumnDefinition*> columns, ast::List<ast::Constraint*> constraints,
                               TableSchema* schema) {
  for (const ast::ColumnDefinition* column : columns) {
    for (const ast::Constraint* constraint : column->constraints) {
      if (constraint->kind != ast::ConstraintKind::kForeignKey) continue;
      TURDB_RETURN_IF_ERROR(BindForeignKey(*constraint, {column->name}, schema));
    }
  }
  for (const ast::Constraint* constraint : constraints) {
    if (constraint->kind != ast::ConstraintKind::kForeignKey) continue;
    std::vector<ast::Name> names;
    for (const ast::IndexElement& element : constraint->columns) {
      if (element.expr->kind != ast::ExprKind::kColumn || ast::As<ast::Column>(*element.expr).parts.size() != 1) {
        return Error(sqlstate::kSyntaxError, "a foreign key is over columns", element.expr->offset);
      }
      names.push_back(ast::As<ast::Column>(*element.expr).parts[0]);
    }
    TURDB_RETURN_IF_ERROR(BindForeignKey(*constraint, std::move(names), schema));
  }
  return absl::OkStatus();
}

// ALTER: rows that are there must refer to rows that are there. `names` are the foreign key's columns.
std::vector<AlterStep> Binder::RequireReferences(const TableSchema& schema, const ForeignKey& key,
                                                 const std::vector<std::string>& names, const TableSchema& referenced) const {
  const auto is_null = [&](std::string_view glue, std::string_view suffix) {
    return absl::StrJoin(names, glue, [&](std::string* out, const std::string& name) {
      absl::StrAppend(out, "r.", Quoted(name), " IS", suffix, " NULL");
    });
  };
  const std::string table = absl::StrCat(Quoted(schema.schema_name), ".", Quoted(schema.name), " AS r");
  const Status refusal = base::WithHint(base::MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kForeignKeyViolation,
                                                        absl::StrCat("insert or update on table \"", schema.name,
                                                                     "\" violates foreign key constraint \"", key.name, "\"")),
                                        "The rows of the table must satisfy the constraint before it is added.");
  std::vector<AlterStep> steps;
  if (key.match_full && names.size() > 1) {
    AlterStep& mixed = steps.emplace_back();
    mixed.kind = AlterStep::Kind::kRefuse;
    mixed.sql =
        absl::StrCat("SELECT 1 FROM ", table, " WHERE (", is_null(" OR ", ""), ") AND (", is_null(" OR ", " NOT"), ") LIMIT 1");
    mixed.refusal = base::WithFrame(refusal, "MATCH FULL does not allow mixing of null and nonnull key values.");
  }
  std::vector<std::string> columns, conditions;
  for (size_t i = 0; i < names.size(); ++i) {
    columns.push_back(absl::StrCat("r.", Quoted(names[i])));
    const table::Column& from = schema.columns[static_cast<size_t>(schema.FindColumn(names[i]))];
    const table::Column& to = referenced.columns[static_cast<size_t>(referenced.FindColumn(key.referenced_columns[i]))];
    conditions.push_back(
        absl::StrCat("p.", Quoted(key.referenced_columns[i]), CollateClause(from, to), " = r.", Quoted(names[i])));
  }
  AlterStep& step = steps.emplace_back();
  step.kind = AlterStep::Kind::kRefuse;
  step.sql = absl::StrCat("SELECT ", absl::StrJoin(columns, ", "), " FROM ", table, " WHERE ", is_null(" AND ", " NOT"),
                          " AND NOT EXISTS (SELECT 1 FROM ", Quoted(referenced.schema_name), ".", Quoted(referenced.name),
                          " AS p WHERE ", absl::StrJoin(conditions, " AND "), ") LIMIT 1");
  step.refusal = refusal;
  step.blame = [names, name = referenced.name](Status status, std::span<const std::string> values) {
    return base::WithFrame(std::move(status),
                           absl::StrCat("Key (", absl::StrJoin(names, ", "), ")=(", absl::StrJoin(values, ", "),
                                        ") is not present in table \"", name, "\"."));
  };
  return steps;
}

StatusOr<Command> Binder::BindSetConstraints(const ast::SetConstraints& set) {
  SetConstraintsCommand command;
  command.all = set.names.empty();
  command.deferred = set.deferred;
  for (const ast::QualifiedName& name : set.names) {
    TURDB_ASSIGN_OR_RETURN(const RelationName split, SplitName(name));
    bool exists = false;
    const auto find_in = [&](std::string_view schema_name) -> Status {
      const catalog::Schema* const schema = context_.catalog->FindSchema(schema_name);
      if (schema == nullptr || exists) return absl::OkStatus();
      Status status;
      context_.catalog->ForEachRelation([&](const std::shared_ptr<const catalog::Relation>& relation) {
        if (relation->schema_name() != schema->name) return;
        for (const ForeignKey& key : relation->schema->foreign_keys) {
          if (key.name != split.name) continue;
          exists = true;
          command.constraints.push_back({relation->id, key.name});
          if (!key.deferrable && set.deferred) status = NotDeferrable(name);
        }
        const auto& indexes = relation->schema->indexes;
        const bool is_key = relation->schema->primary_key_name == split.name ||
                            std::any_of(indexes.begin(), indexes.end(), [&](const table::IndexSchema& index) {
                              return index.is_constraint && index.name == split.name;
                            });
        exists |= is_key;
        if (is_key && set.deferred) status = NotDeferrable(name);
      });
      return status;
    };
    if (!split.schema.empty()) {
      TURDB_RETURN_IF_ERROR(find_in(split.schema));
    } else {
      for (const std::string& schema : search_path_) TURDB_RETURN_IF_ERROR(find_in(schema));
    }
    if (!exists) {
      return Error(sqlstate::kUndefinedObject, absl::StrCat("constraint \"", split.name, "\" does not exist"), name.offset());
    }
  }
  return Command(std::move(command));
}

Status Binder::NotDeferrable(const ast::QualifiedName& name) const {
  return Error(base::SqlState{"42809"}, absl::StrCat("constraint \"", name.last().text, "\" is not deferrable"), name.offset());
}

// ---- what changes need

StatusOr<Binder::ReferencedKey> Binder::ReferencedKeyOf(const ForeignKey& key) {
  ReferencedKey found;
  found.relation = context_.catalog->RelationOf(key.referenced_table);
  if (found.relation == nullptr) {
    return base::CorruptionError(absl::StrCat("foreign key ", key.name, " refers to a table that is not there"));
  }
  DependOn(found.relation);
  TURDB_ASSIGN_OR_RETURN(found.table, found.relation->Open());
  const TableSchema& schema = *found.relation->schema;
  for (const std::string& name : key.referenced_columns) found.columns.push_back(schema.FindColumn(name));
  found.index = schema.FindUniqueKey(found.columns);
  if (found.index == -2) {
    return base::CorruptionError(
        absl::StrCat("foreign key ", key.name, " refers to columns of ", schema.qualified_name(), " that are no key"));
  }
  const auto& parts = found.index < 0 ? schema.primary_key : schema.indexes[static_cast<size_t>(found.index)].parts;
  for (const table::IndexPart& part : parts) {
    const auto at = std::find(found.columns.begin(), found.columns.end(), part.column);
    found.parts.push_back(static_cast<int32_t>(at - found.columns.begin()));
  }
  return found;
}

// A value as one of the type that is referred to, or NULL where none equals it.
StatusOr<const Expr*> Binder::AsReferenced(const Expr* value, const Type& type) {
  if (MakesSameKey(value->type, type)) return value;
  const Type from = value->type;
  auto forth = function::BindCast(from, type, CastContext::kExplicit);
  if (!forth.ok()) return forth.status();
  Expr* cast = plan_.Cast(*std::move(forth), value);
  cast->try_cast = true;
  const function::CastProperties* const properties = function::FindCast(from.id, type.id);
  if (properties != nullptr && properties->lossless && from.id != type.id) return cast;
  auto back = function::BindCast(type, from, CastContext::kExplicit);
  if (!back.ok()) return back.status();
  Expr* returned = plan_.Cast(*std::move(back), cast);
  returned->try_cast = true;
  const Expr* same = plan_.NewExpression(exec::ExpressionKind::kIsNotDistinct, TypeId::kBoolean,
                                         plan_.Copy(std::vector<const Expr*>{returned, value}));
  return plan_.NewExpression(exec::ExpressionKind::kCase, type,
                             plan_.Copy(std::vector<const Expr*>{same, cast, NullConstant(type, 0)}));
}

StatusOr<Binder::BoundReference> Binder::BindReference(const TableSchema& schema, const ForeignKey& key) {
  BoundReference bound;
  TURDB_ASSIGN_OR_RETURN(bound.key, ReferencedKeyOf(key));
  bool same = true;
  for (const int32_t part : bound.key.parts) {
    const int32_t column = key.columns[static_cast<size_t>(part)];
    const table::Column& definition = schema.columns[static_cast<size_t>(column)];
    const int32_t referenced = bound.key.columns[static_cast<size_t>(part)];
    const Type& type = bound.key.relation->schema->columns[static_cast<size_t>(referenced)].type;
    bound.columns.push_back(column);
    bound.layout.push_back(NewColumn(definition.name, definition.type));
    same = same && MakesSameKey(definition.type, type);
    TURDB_ASSIGN_OR_RETURN(const Expr* value, AsReferenced(ColumnExpr(bound.layout.back()), type));
    bound.converted.push_back(value);
  }
  if (same) bound.converted.clear();
  return bound;
}

// The change is bound from text, so that the rows that refer are found as a join finds them.
StatusOr<Binder::BoundReferring> Binder::BindReferring(const catalog::Relation& relation, const ForeignKey& key,
                                                       ForeignKeyAction action, bool on_update) {
  BoundReferring bound;
  TURDB_ASSIGN_OR_RETURN(bound.key, ReferencedKeyOf(key));
  common_tables_.push_back(std::make_unique<CommonTableInfo>());
  CommonTableInfo& keys = *common_tables_.back();
  keys.name = "keys";
  keys.number = bound.keys = plan_.cte_count++;
  keys.materialize = true;
  keys.few = true;
  std::vector<std::string> conditions, values;
  for (const bool is_new : {false, true}) {
    if (is_new && !on_update) break;
    for (size_t i = 0; i < bound.key.columns.size(); ++i) {
      const Type& type = bound.key.relation->schema->columns[static_cast<size_t>(bound.key.columns[i])].type;
      const std::string_view name = plan_.Copy(absl::StrCat(is_new ? "new" : "old", i));
      keys.definition.columns.push_back({name, NewColumn(name, type)});
      bound.key_types.push_back(type);
    }
  }
  const TableSchema& schema = *relation.schema;
  for (size_t i = 0; i < key.columns.size(); ++i) {
    const table::Column& from = schema.columns[static_cast<size_t>(key.columns[i])];
    const table::Column& to = bound.key.relation->schema->columns[static_cast<size_t>(bound.key.columns[i])];
    const std::string column = Quoted(from.name);
    conditions.push_back(absl::StrCat("r.", column, " = k.old", i, CollateClause(from, to)));
    const bool set =
        on_update || key.on_delete_columns.empty() ||
        std::find(key.on_delete_columns.begin(), key.on_delete_columns.end(), key.columns[i]) != key.on_delete_columns.end();
    const std::string value = action == ForeignKeyAction::kCascade   ? absl::StrCat("k.new", i)
                              : action == ForeignKeyAction::kSetNull ? std::string("NULL")
                                                                     : std::string("DEFAULT");
    if (set) values.push_back(absl::StrCat(column, " = ", value));
  }
  bound.updates = Sets(action) || (action == ForeignKeyAction::kCascade && on_update);
  const std::string table = absl::StrCat(Quoted(schema.schema_name), ".", Quoted(schema.name), " AS r");
  const std::string where = absl::StrCat(" keys AS k WHERE ", absl::StrJoin(conditions, " AND "));
  const std::string_view text =
      plan_.Copy(bound.updates ? absl::StrCat("UPDATE ", table, " SET ", absl::StrJoin(values, ", "), " FROM", where)
                               : absl::StrCat("DELETE FROM ", table, " USING", where));
  TURDB_ASSIGN_OR_RETURN(const ParsedStatement parsed, ParseStatement(arena_, text));
  const int32_t saved = fixed_position_;
  fixed_position_ = 0;
  action_keys_ = &keys;
  auto change = bound.updates ? BindUpdate(static_cast<const ast::Update&>(*parsed.statement))
                              : BindDelete(static_cast<const ast::Delete&>(*parsed.statement));
  action_keys_ = nullptr;
  fixed_position_ = saved;
  if (!change.ok()) return base::WithFrame(change.status(), absl::StrCat("foreign key ", key.name));
  bound.change = *std::move(change);
  // The keys' columns as the join calls them.
  const auto find = [&](const auto& self, const LogicalNode* node) -> const LogicalNode* {
    if (node == nullptr || (node->kind == LogicalKind::kCteScan && node->cte == &keys)) return node;
    const LogicalNode* const left = self(self, node->left);
    return left != nullptr ? left : self(self, node->right);
  };
  const LogicalNode* const scan = find(find, bound.change.input);
  bound.old_values.assign(scan->outputs.begin(), scan->outputs.begin() + static_cast<ptrdiff_t>(bound.key.columns.size()));
  return bound;
}

}  // namespace turdb::sql
