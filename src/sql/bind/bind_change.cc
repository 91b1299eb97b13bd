// INSERT, UPDATE, DELETE: where new values come from, and the rules every new row must pass.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "function/registry.h"
#include "sql/bind/binder.h"
#include "sql/bind/implication.h"

namespace turdb::sql {

using ast::ExprKind;
using base::Status;
using base::StatusOr;
using function::CastContext;
using vec::Type;
namespace sqlstate = base::sqlstate;

StatusOr<Binder::Target> Binder::FindTarget(const ast::QualifiedName& name, const ast::Name& alias, uint8_t event) {
  TURDB_ASSIGN_OR_RETURN(const RelationName split, SplitName(name));
  auto found = context_.catalog->GetRelation(split.schema, split.name, search_path_);
  if (!found.ok()) return At(found.status(), name.offset());
  Target target;
  target.relation = *found;
  DependOn(target.relation);
  for (const auto& [bit, kind] :
       {std::pair{table::kOnInsert, AccessKind::kInsert}, std::pair{table::kOnUpdate, AccessKind::kUpdate},
        std::pair{table::kOnDelete, AccessKind::kDelete}}) {
    if ((event & bit) != 0) TURDB_RETURN_IF_ERROR(AuthorizeRelation(kind, *target.relation, name.offset()));
  }
  target.alias = alias.empty() ? std::string_view(target.relation->name()) : alias.text;
  if (references_ != nullptr && view_depth_ == 1) {
    references_->push_back({name.last().offset, -1, target.relation.get(), alias.empty()});
  }
  if (target.relation->kind == catalog::RelationKind::kView) {
    const auto& triggers = target.relation->schema->triggers;
    const auto replaces = [&](const table::TriggerSchema& trigger) {
      return trigger.time == table::TriggerTime::kInsteadOf && (trigger.events & event) != 0 && !trigger.disabled;
    };
    if (std::any_of(triggers.begin(), triggers.end(), replaces)) return target;
    return base::WithHint(
        Error(base::SqlState{"42809"}, absl::StrCat("cannot change view \"", split.name, "\""), name.offset()),
        "Views are read-only: change the tables that it reads, or give it an INSTEAD OF trigger.");
  }
  if (target.relation->is_materialized_view() && context_.fills_view != target.relation->id) {
    return base::WithHint(
        Error(base::SqlState{"42809"}, absl::StrCat("cannot change materialized view \"", split.name, "\""), name.offset()),
        "REFRESH MATERIALIZED VIEW brings it up to date.");
  }
  if (target.relation->kind != catalog::RelationKind::kTable) {
    return Error(base::SqlState{"42809"}, absl::StrCat("cannot change \"", split.name, "\": it is not a table"), name.offset());
  }
  auto table = target.relation->Open();
  if (!table.ok()) return table.status();
  target.table = *table;
  return target;
}

StatusOr<int32_t> Binder::TargetColumn(const ast::Name& name, const catalog::Relation& relation) {
  const int32_t column = catalog::FindColumn(*relation.schema, name.text);
  if (column >= 0) {
    if (references_ != nullptr && view_depth_ == 1) {
      references_->push_back({name.offset, -1, &relation, false, name.offset, column});
    }
    return column;
  }
  Status status =
      Error(sqlstate::kUndefinedColumn,
            absl::StrCat("column \"", name.text, "\" of relation \"", relation.name(), "\" does not exist"), name.offset);
  return status;
}

// SQL text that the catalog keeps: defaults, checks, generating and index expressions.
StatusOr<const Expr*> Binder::BindStored(std::string_view text, Scope* scope, std::string_view what) {
  // The text outlives the plan's arena no longer than the relation, which the plan keeps; names in it may go.
  auto parsed = ParseExpression(arena_, text);
  if (!parsed.ok()) return base::WithFrame(parsed.status(), what);
  const int32_t saved = fixed_position_;
  fixed_position_ = 0;
  ++view_depth_;
  const bool unasked = std::exchange(unasked_, true);
  FunctionBodyScope* const body = std::exchange(body_, nullptr);
  ExprContext context;
  Scope nothing;
  context.scope = scope == nullptr ? &nothing : scope;
  context.clause = what;
  auto bound = Bind(**parsed, context);
  unasked_ = unasked;
  body_ = body;
  --view_depth_;
  fixed_position_ = saved;
  if (!bound.ok()) return base::WithFrame(bound.status(), what);
  return bound;
}

StatusOr<const Expr*> Binder::DefaultOf(const table::TableSchema& schema, int32_t column) {
  const table::Column& definition = schema.columns[column];
  if (definition.sequence != base::kNoFile) {
    TURDB_ASSIGN_OR_RETURN(const Expr* number, NextValueOf(definition.sequence, 0));
    TURDB_ASSIGN_OR_RETURN(number, Coerce(number, definition.type, CastContext::kAssignment));
    return ToColumn(number, definition);
  }
  if (definition.generation != table::Generation::kNone) return NullConstant(definition.type, 0);
  const std::string text = DefaultTextOf(definition);
  if (text.empty()) return ToColumn(NullConstant(definition.type, 0), definition);
  TURDB_ASSIGN_OR_RETURN(const Expr* value,
                         BindStored(arena_.Copy(text), nullptr, absl::StrCat("the default of ", definition.name)));
  TURDB_ASSIGN_OR_RETURN(value, Coerce(value, definition.type, CastContext::kAssignment));
  return ToColumn(value, definition);
}

Status Binder::IdentityGiven(const table::Column& column, int32_t offset) const {
  return base::WithHint(
      base::WithFrame(Error(base::SqlState{"428C9"},
                            absl::StrCat("cannot insert a non-DEFAULT value into column \"", column.name, "\""), offset),
                      absl::StrCat("Column \"", column.name, "\" is an identity column defined as GENERATED ALWAYS.")),
      "Use OVERRIDING SYSTEM VALUE to override.");
}

// One new value, with the cast that storing it asks for.
StatusOr<const Expr*> Binder::BindAssigned(const ast::Expr& expr, const table::TableSchema& schema, int32_t column,
                                           const ExprContext& context, ast::Overriding overriding) {
  const table::Column& definition = schema.columns[column];
  const bool identity = definition.generation == table::Generation::kIdentityAlways ||
                        definition.generation == table::Generation::kIdentityByDefault;
  const bool is_default = expr.kind == ExprKind::kDefault || (identity && overriding == ast::Overriding::kUser);
  if (definition.generation == table::Generation::kStored && !is_default) {
    return Error(base::SqlState{"428C9"}, absl::StrCat("cannot insert or update generated column \"", definition.name, "\""),
                 expr.offset);
  }
  if (is_default) return DefaultOf(schema, column);
  if (definition.generation == table::Generation::kIdentityAlways && overriding == ast::Overriding::kNone) {
    if (context.clause != "VALUES") {
      return Error(base::SqlState{"428C9"}, absl::StrCat("column \"", definition.name, "\" can only be updated to DEFAULT"),
                   expr.offset);
    }
    return IdentityGiven(definition, expr.offset);
  }
  TURDB_ASSIGN_OR_RETURN(const Expr* value, BindAs(expr, &definition.type, CastContext::kAssignment, context));
  TURDB_RETURN_IF_ERROR(AssignCasts(schema, column, &value));
  return value;
}

Status Binder::AssignCasts(const table::TableSchema& schema, int32_t column, const Expr** expr) {
  const table::Column& definition = schema.columns[column];
  const Type from = (*expr)->type;
  auto cast = Coerce(*expr, definition.type, CastContext::kAssignment);
  if (cast.ok()) {
    TURDB_ASSIGN_OR_RETURN(*expr, ToColumn(*cast, definition));
    return absl::OkStatus();
  }
  if (base::GetSqlState(cast.status()) == sqlstate::kDatatypeMismatch ||
      base::GetSqlState(cast.status()) == sqlstate::kCannotCoerce) {
    Status status = base::MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kDatatypeMismatch,
                                    absl::StrCat("column \"", definition.name, "\" is of type ", NameOf(definition.type),
                                                 " but expression is of type ", NameOf(from)));
    status = base::WithHint(std::move(status), "You will need to rewrite or cast the expression.");
    return base::WithPosition(std::move(status), (*expr)->position);
  }
  return base::WithFrame(cast.status(), absl::StrCat("storing into column ", definition.name));
}

// New ids for a row of the table, and the names that expressions over it use.
std::vector<ColumnId> Binder::RowColumns(const table::TableSchema& schema, std::string_view alias, ScopeRelation* relation) {
  std::vector<ColumnId> ids;
  relation->alias = alias;
  relation->own = &schema;
  if (alias == schema.name) relation->schema = schema.schema_name;
  for (const table::Column& column : schema.columns) {
    ids.push_back(NewColumn(column.name, column.type));
    NameCollation(ids.back(), column.collation);
    relation->columns.push_back({column.name, ColumnExpr(ids.back())});
  }
  return ids;
}

void Binder::SetOrigins(const std::vector<ColumnId>& row, const catalog::Relation& relation, const table::Table* table) {
  for (size_t i = 0; i < row.size() && table != nullptr; ++i) {
    columns_[static_cast<size_t>(row[i])].origin = &relation;
    columns_[static_cast<size_t>(row[i])].origin_column = static_cast<int32_t>(i);
  }
}

ColumnOrigin Binder::OriginOf(ColumnId id) const {
  const ColumnInfo& info = columns_[static_cast<size_t>(id)];
  if (info.origin == nullptr) return {};
  const table::TableSchema& schema = *info.origin->schema;
  const table::Column& definition = schema.columns[static_cast<size_t>(info.origin_column)];
  return {schema.schema_name, schema.name, definition.name, definition.not_null};
}

Scope ScopeOfRow(const ScopeRelation& relation) {
  Scope scope;
  scope.relations.push_back(relation);
  for (const ScopeColumn& column : relation.columns) scope.visible.push_back({column.name, column.expr, 0});
  return scope;
}

// Generated columns, checks and index expressions, over the row in `scope`.
Status Binder::BindRowRules(const Target& target, Scope* scope, std::vector<exec::GeneratedColumn>* generated,
                            std::vector<exec::CheckConstraint>* checks, std::vector<exec::IndexExpression>* index_expressions) {
  const table::TableSchema& schema = *target.relation->schema;
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    if (schema.columns[i].generation != table::Generation::kStored) continue;
    TURDB_ASSIGN_OR_RETURN(const Expr* value, BindStored(schema.columns[i].default_sql, scope, "a generated column"));
    TURDB_ASSIGN_OR_RETURN(value, Coerce(value, schema.columns[i].type, CastContext::kAssignment));
    TURDB_ASSIGN_OR_RETURN(value, ToColumn(value, schema.columns[i]));
    generated->push_back({static_cast<int32_t>(i), value});
  }
  for (const table::CheckConstraint& check : schema.checks) {
    TURDB_ASSIGN_OR_RETURN(const Expr* condition, BindStored(check.sql, scope, "a check constraint"));
    TURDB_ASSIGN_OR_RETURN(condition, ToCondition(condition, "CHECK", 0));
    checks->push_back({check.name, condition});
  }
  return BindIndexExpressions(schema, scope, index_expressions);
}

Status Binder::BindIndexExpressions(const table::TableSchema& schema, Scope* scope,
                                    std::vector<exec::IndexExpression>* index_expressions) {
  for (size_t i = 0; i < schema.indexes.size(); ++i) {
    const table::IndexSchema& index = schema.indexes[i];
    for (size_t part = 0; part < index.parts.size(); ++part) {
      if (index.parts[part].column >= 0) continue;
      TURDB_ASSIGN_OR_RETURN(const Expr* value, BindStored(index.parts[part].expression_sql, scope, "an index expression"));
      TURDB_ASSIGN_OR_RETURN(value, Coerce(value, index.parts[part].type, CastContext::kAssignment));
      index_expressions->push_back({static_cast<int32_t>(i), static_cast<int32_t>(part), value});
    }
    if (index.predicate_sql.empty()) continue;
    TURDB_ASSIGN_OR_RETURN(const Expr* predicate, BindStored(index.predicate_sql, scope, "an index predicate"));
    TURDB_ASSIGN_OR_RETURN(predicate, ToCondition(predicate, "WHERE", 0));
    index_expressions->push_back({static_cast<int32_t>(i), -1, predicate});
  }
  return absl::OkStatus();
}

Status Binder::BindReturning(ast::List<ast::SelectItem> items, Scope* scope, BoundReturning* out) {
  if (items.empty()) return absl::OkStatus();
  ExprContext context;
  context.scope = scope;
  context.clause = "RETURNING";
  std::vector<ProjectionItem> bound;
  TURDB_RETURN_IF_ERROR(BindItems(items, context, &bound));
  for (ProjectionItem& item : bound) {
    TURDB_ASSIGN_OR_RETURN(item.expr, Coerce(item.expr, function::ResolveUnknown(item.expr->type), CastContext::kImplicit));
    out->expressions.push_back(item.expr);
    out->names.push_back(item.name);
  }
  return absl::OkStatus();
}

// ---- INSERT

StatusOr<std::vector<int32_t>> Binder::TargetColumns(const ast::Insert& insert, const catalog::Relation& relation) {
  std::vector<int32_t> targets;
  if (!insert.has_columns) {
    for (size_t i = 0; i < relation.schema->columns.size(); ++i) targets.push_back(static_cast<int32_t>(i));
    return targets;
  }
  for (const ast::Name& name : insert.columns) {
    TURDB_ASSIGN_OR_RETURN(const int32_t column, TargetColumn(name, relation));
    if (std::find(targets.begin(), targets.end(), column) != targets.end()) {
      return Error(sqlstate::kDuplicateColumn, absl::StrCat("column \"", name.text, "\" specified more than once"),
                   name.offset);
    }
    targets.push_back(column);
  }
  return targets;
}

// Rows are typed by the columns they go to, one by one, so that DEFAULT and untyped literals know what they are.
Status Binder::BindInsertRows(const ast::Insert& insert, const std::vector<int32_t>& targets, BoundInsert* bound,
                              Scope* scope) {
  const auto& values = *static_cast<const ast::Values*>(insert.source->body);
  const table::TableSchema& schema = *bound->relation->schema;
  ExprContext context;
  context.scope = scope;
  context.clause = "VALUES";
  std::vector<const Expr*> defaults(schema.columns.size());
  std::vector<bool> given(schema.columns.size());
  for (const auto& row : values.rows) {
    if (row.size() != values.rows[0].size()) {
      return Error(sqlstate::kSyntaxError, "VALUES lists must all be the same length", row[0]->offset);
    }
    if (insert.has_columns && row.size() < targets.size()) {
      return Error(sqlstate::kSyntaxError, "INSERT has more target columns than expressions", row[0]->offset);
    }
    if (row.size() > targets.size()) {
      return Error(sqlstate::kSyntaxError, "INSERT has more expressions than target columns", row[targets.size()]->offset);
    }
  }
  for (size_t i = 0; i < values.rows[0].size(); ++i) given[targets[i]] = true;
  for (size_t column = 0; column < schema.columns.size(); ++column) {
    if (given[column]) continue;
    TURDB_ASSIGN_OR_RETURN(defaults[column], DefaultOf(schema, static_cast<int32_t>(column)));
  }
  LogicalNode* node = NewNode(LogicalKind::kValues);
  for (const auto& row : values.rows) {
    std::vector<const Expr*> cells = defaults;
    for (size_t i = 0; i < row.size(); ++i) {
      TURDB_ASSIGN_OR_RETURN(cells[targets[i]], BindAssigned(*row[i], schema, targets[i], context, insert.overriding));
    }
    node->rows.push_back(std::move(cells));
  }
  for (const table::Column& column : schema.columns) node->outputs.push_back(NewColumn(column.name, column.type));
  bound->input = node;
  bound->input_columns = node->outputs;
  return absl::OkStatus();
}

Status Binder::BindInsertSource(const ast::Insert& insert, const std::vector<int32_t>& targets, BoundInsert* bound,
                                Scope* scope) {
  const table::TableSchema& schema = *bound->relation->schema;
  const bool plain = insert.source != nullptr && insert.source->body->kind == ast::BodyKind::kValues &&
                     insert.source->with == nullptr && insert.source->order_by.empty() && insert.source->limit == nullptr &&
                     insert.source->limit_offset == nullptr;
  if (plain) return BindInsertRows(insert, targets, bound, scope);
  LogicalNode* source = NewNode(LogicalKind::kSingleRow);
  std::vector<OutputColumn> columns;
  if (insert.source != nullptr) {
    TURDB_ASSIGN_OR_RETURN(BoundQuery query, BindSelect(*insert.source, scope, true));
    if (query.columns.size() > targets.size() || (insert.has_columns && query.columns.size() < targets.size())) {
      return Error(sqlstate::kSyntaxError,
                   query.columns.size() > targets.size() ? "INSERT has more expressions than target columns"
                                                         : "INSERT has more target columns than expressions",
                   insert.source->offset);
    }
    source = query.root;
    columns = query.columns;
  }
  std::vector<ProjectionItem> items;
  for (size_t column = 0; column < schema.columns.size(); ++column) {
    const auto at = std::find(targets.begin(), targets.end(), static_cast<int32_t>(column));
    const auto place = static_cast<size_t>(at - targets.begin());
    ProjectionItem item;
    item.name = schema.columns[column].name;
    const table::Generation generation = schema.columns[column].generation;
    const bool identity =
        generation == table::Generation::kIdentityAlways || generation == table::Generation::kIdentityByDefault;
    if (place < columns.size() && !(identity && insert.overriding == ast::Overriding::kUser)) {
      if (generation == table::Generation::kIdentityAlways && insert.overriding == ast::Overriding::kNone) {
        return IdentityGiven(schema.columns[column], insert.source->offset);
      }
      if (generation == table::Generation::kStored) {
        return Error(base::SqlState{"428C9"},
                     absl::StrCat("cannot insert a value into generated column \"", schema.columns[column].name, "\""),
                     insert.source->offset);
      }
      item.expr = columns[place].literal != nullptr ? columns[place].literal
                                                    : ColumnExpr(columns[place].id, Position(insert.source->offset));
      TURDB_RETURN_IF_ERROR(AssignCasts(schema, static_cast<int32_t>(column), &item.expr));
    } else {
      TURDB_ASSIGN_OR_RETURN(item.expr, DefaultOf(schema, static_cast<int32_t>(column)));
    }
    items.push_back(item);
  }
  std::vector<OutputColumn> outputs;
  bound->input = Project(source, items, &outputs);
  for (const OutputColumn& output : outputs) bound->input_columns.push_back(output.id);
  return absl::OkStatus();
}

StatusOr<int32_t> Binder::ConflictIndex(const ast::OnConflict& conflict, const catalog::Relation& relation,
                                        const BoundInsert& bound, Scope* row) {
  const table::TableSchema& schema = *relation.schema;
  if (!conflict.constraint.empty()) {
    if (conflict.constraint.text == schema.primary_key_name) return -1;
    for (size_t i = 0; i < schema.indexes.size(); ++i) {
      if (schema.indexes[i].unique && schema.indexes[i].name == conflict.constraint.text) return static_cast<int32_t>(i);
    }
    return Error(sqlstate::kUndefinedObject,
                 absl::StrCat("constraint \"", conflict.constraint.text, "\" for table \"", schema.name, "\" does not exist"),
                 conflict.constraint.offset);
  }
  if (conflict.target.empty()) return -2;
  // Inference as PostgreSQL has it: the columns and expressions of the target are those of the index, in any order; the
  // condition of a partial one follows from the target's.
  std::vector<int32_t> columns;
  std::vector<std::pair<int32_t, vec::Collation>> collations;  // of the columns that say one; others go with any
  std::vector<const Expr*> expressions;
  for (const ast::IndexElement& element : conflict.target) {
    const vec::NamedCollation* collation = nullptr;
    if (!element.collation.empty()) {
      TURDB_ASSIGN_OR_RETURN(collation, FindCollation(element.collation));
    }
    if (element.expr->kind != ExprKind::kColumn || ast::As<ast::Column>(*element.expr).parts.size() != 1) {
      TURDB_ASSIGN_OR_RETURN(const Expr* expression, BindForIndex(*element.expr, row, "ON CONFLICT"));
      if (collation != nullptr) {
        TURDB_RETURN_IF_ERROR(CheckCollates(expression->type, element.collation.offset()));
        TURDB_ASSIGN_OR_RETURN(expression, WithExplicitCollation(expression, *collation));
      }
      expressions.push_back(expression);
      continue;
    }
    const ast::Name& name = ast::As<ast::Column>(*element.expr).parts[0];
    if (catalog::FindColumn(schema, name.text) < 0) {
      return Error(sqlstate::kUndefinedColumn, absl::StrCat("column \"", name.text, "\" does not exist"), name.offset);
    }
    TURDB_ASSIGN_OR_RETURN(const int32_t column, TargetColumn(name, relation));
    columns.push_back(column);
    if (collation != nullptr) collations.emplace_back(column, collation->order);
  }
  std::vector<const Expr*> facts;
  if (conflict.target_where != nullptr) {
    TURDB_ASSIGN_OR_RETURN(const Expr* where, BindForIndex(*conflict.target_where, row, "ON CONFLICT"));
    TURDB_ASSIGN_OR_RETURN(where, ToCondition(where, "WHERE", conflict.target_where->offset));
    SplitConjuncts(where, &facts);
  }
  const auto same = [&](int32_t index, const std::vector<table::IndexPart>& parts) {
    if (parts.empty()) return false;
    std::vector<const Expr*> own;
    for (const exec::IndexExpression& expression : bound.index_expressions) {
      if (expression.index == index && expression.part >= 0) own.push_back(expression.expression);
    }
    const auto is_in = [](const std::vector<const Expr*>& list, const Expr* expr) {
      return std::any_of(list.begin(), list.end(), [&](const Expr* other) { return exec::Equal(*other, *expr); });
    };
    const auto named = [&](const table::IndexPart& p) {
      return p.column < 0 || std::find(columns.begin(), columns.end(), p.column) != columns.end();
    };
    const auto part = [&](int32_t c) {
      return std::any_of(parts.begin(), parts.end(), [&](const table::IndexPart& p) { return p.column == c; });
    };
    const auto collated = [&](const table::IndexPart& p) {
      return std::all_of(collations.begin(), collations.end(),
                         [&](const auto& c) { return c.first != p.column || c.second == p.type.collation(); });
    };
    return std::all_of(parts.begin(), parts.end(), named) && std::all_of(parts.begin(), parts.end(), collated) &&
           std::all_of(columns.begin(), columns.end(), part) &&
           std::all_of(own.begin(), own.end(), [&](const Expr* e) { return is_in(expressions, e); }) &&
           std::all_of(expressions.begin(), expressions.end(), [&](const Expr* e) { return is_in(own, e); });
  };
  if (same(-1, schema.primary_key)) return -1;
  for (size_t i = 0; i < schema.indexes.size(); ++i) {
    const auto index = static_cast<int32_t>(i);
    if (!schema.indexes[i].unique || !same(index, schema.indexes[i].parts)) continue;
    const bool has_rows = std::all_of(
        bound.index_expressions.begin(), bound.index_expressions.end(), [&](const exec::IndexExpression& expression) {
          return expression.index != index || expression.part >= 0 || Implies(facts, *expression.expression);
        });
    if (has_rows) return index;
  }
  return Error(sqlstate::kInvalidColumnReference,
               "there is no unique or exclusion constraint matching the ON CONFLICT specification", conflict.offset);
}

Status Binder::BindOnConflict(const ast::Insert& insert, const Target& target, BoundInsert* bound) {
  switch (insert.or_action) {
    case ast::ConflictAction::kReplace:
      bound->on_conflict.action = exec::ConflictAction::kReplace;
      break;
    case ast::ConflictAction::kIgnore:
      bound->on_conflict.action = exec::ConflictAction::kNothing;
      break;
    case ast::ConflictAction::kFail:
    case ast::ConflictAction::kRollback:
      return Unsupported("INSERT OR FAIL and INSERT OR ROLLBACK", insert.offset);
    default:
      break;
  }
  if (target.table == nullptr && bound->on_conflict.action != exec::ConflictAction::kError) {
    return Unsupported("INSERT OR ... into a view", insert.offset);
  }
  if (insert.on_conflict.empty()) return absl::OkStatus();
  if (insert.on_conflict.size() > 1) return Unsupported("more than one ON CONFLICT clause", insert.on_conflict[1]->offset);
  const ast::OnConflict& conflict = *insert.on_conflict[0];
  if (target.table == nullptr) return Unsupported("ON CONFLICT in a change of a view", conflict.offset);
  ScopeRelation existing;
  existing.alias = target.alias;
  for (size_t i = 0; i < bound->row.size(); ++i) {
    existing.columns.push_back({target.relation->schema->columns[i].name, ColumnExpr(bound->row[i])});
  }
  Scope scope = ScopeOfRow(existing);
  TURDB_ASSIGN_OR_RETURN(bound->on_conflict.index, ConflictIndex(conflict, *target.relation, *bound, &scope));
  if (!conflict.update) {
    bound->on_conflict.action = exec::ConflictAction::kNothing;
    return absl::OkStatus();
  }
  if (bound->on_conflict.index == -2) {
    return base::WithHint(Error(sqlstate::kSyntaxError,
                                "ON CONFLICT DO UPDATE requires inference specification or constraint name", conflict.offset),
                          "For example, ON CONFLICT (column_name).");
  }
  bound->on_conflict.action = exec::ConflictAction::kUpdate;
  scope.parent = enclosing_;
  ScopeRelation excluded;
  bound->excluded = RowColumns(*target.relation->schema, "excluded", &excluded);
  scope.relations.push_back(excluded);  // named as excluded.x only: bare names are the existing row's
  ExprContext context;
  context.scope = &scope;
  context.clause = "ON CONFLICT";
  TURDB_RETURN_IF_ERROR(BindAssignments(conflict.set, target, context, &bound->conflict_assignments));
  if (conflict.where != nullptr) {
    TURDB_ASSIGN_OR_RETURN(bound->on_conflict.where, BindCondition(*conflict.where, context));
  }
  return absl::OkStatus();
}

StatusOr<Binder::BoundInsert> Binder::BindInsert(const ast::Insert& insert) {
  BoundInsert bound;
  TURDB_ASSIGN_OR_RETURN(const Target target, FindTarget(insert.table, insert.alias, table::kOnInsert));
  bound.relation = target.relation;
  bound.table = target.table;
  bound.name = target.relation->name();
  TURDB_ASSIGN_OR_RETURN(const std::vector<int32_t> targets, TargetColumns(insert, *target.relation));
  Scope scope;
  scope.parent = enclosing_;
  if (insert.with != nullptr) TURDB_RETURN_IF_ERROR(BindWith(*insert.with, &scope));
  TURDB_RETURN_IF_ERROR(BindInsertSource(insert, targets, &bound, &scope));
  if (insert.with != nullptr) bound.input = WrapCommonTables(bound.input, scope);
  ScopeRelation row;
  bound.row = RowColumns(*target.relation->schema, target.alias, &row);
  SetOrigins(bound.row, *target.relation, target.table);
  Scope row_scope = ScopeOfRow(row);
  TURDB_RETURN_IF_ERROR(BindRowRules(target, &row_scope, &bound.generated, &bound.checks, &bound.index_expressions));
  TURDB_RETURN_IF_ERROR(BindOnConflict(insert, target, &bound));
  TURDB_RETURN_IF_ERROR(BindReturning(insert.returning, &row_scope, &bound.returning));
  return bound;
}

// ---- UPDATE and DELETE

Status Binder::BindAssignments(ast::List<ast::SetItem> items, const Target& target, const ExprContext& context,
                               std::vector<exec::Assignment>* out) {
  const table::TableSchema& schema = *target.relation->schema;
  for (const ast::SetItem& item : items) {
    std::vector<const ast::Expr*> values = {item.value};
    if (item.multiple) {
      if (item.value->kind == ExprKind::kSubquery)
        return Unsupported("assigning a subquery to several columns", item.value->offset);
      if (item.value->kind == ExprKind::kRow) {
        const auto elements = ast::As<ast::Row>(*item.value).elements;
        values.assign(elements.begin(), elements.end());
      }
      if (values.size() != item.columns.size()) {
        return Error(sqlstate::kSyntaxError, "number of columns does not match number of values", item.value->offset);
      }
    }
    for (size_t i = 0; i < values.size(); ++i) {
      exec::Assignment assignment;
      TURDB_ASSIGN_OR_RETURN(assignment.column, TargetColumn(item.columns[i], *target.relation));
      TURDB_RETURN_IF_ERROR(Authorize(AccessKind::kUpdate, schema.schema_name, schema.name,
                                      schema.columns[static_cast<size_t>(assignment.column)].name, item.columns[i].offset));
      if (!item.path.empty()) {
        TURDB_RETURN_IF_ERROR(BindFieldAssignment(item, target, assignment.column, context, out));
        continue;
      }
      for (const exec::Assignment& other : *out) {
        if (other.column != assignment.column) continue;
        return Error(sqlstate::kSyntaxError, absl::StrCat("multiple assignments to same column \"", item.columns[i].text, "\""),
                     item.columns[i].offset);
      }
      TURDB_ASSIGN_OR_RETURN(assignment.value, BindAssigned(*values[i], schema, assignment.column, context));
      out->push_back(assignment);
    }
  }
  return absl::OkStatus();
}

// SET c.a = value, c.b = value, or c[1] = value, c[2] = value: one assignment to the column, of what it was with other fields.
Status Binder::BindFieldAssignment(const ast::SetItem& item, const Target& target, int32_t column, const ExprContext& context,
                                   std::vector<exec::Assignment>* out) {
  const table::Column& definition = target.relation->schema->columns[static_cast<size_t>(column)];
  if (definition.domain != base::kNoFile) return Unsupported("assigning to a part of a domain", item.columns[0].offset);
  const auto before =
      std::find_if(out->begin(), out->end(), [&](const exec::Assignment& other) { return other.column == column; });
  ast::Name parts[] = {{target.alias, item.columns[0].offset, true}, item.columns[0]};
  ast::Column name;
  name.kind = ExprKind::kColumn;
  name.offset = item.columns[0].offset;
  name.parts = ast::List<ast::Name>(parts);
  const Expr* whole = before == out->end() ? nullptr : before->value;
  if (whole == nullptr) {
    TURDB_ASSIGN_OR_RETURN(whole, BindColumn(name, context));
  }
  TURDB_ASSIGN_OR_RETURN(const Expr* const changed, ChangePart(whole, item.columns[0].text, item.path, *item.value, context));
  if (before != out->end()) {
    before->value = changed;
  } else {
    exec::Assignment assignment;
    assignment.column = column;
    assignment.value = changed;
    out->push_back(assignment);
  }
  return absl::OkStatus();
}

// The rows that may be changed; `bound` learns which columns they have.
StatusOr<Binder::FromItem> Binder::BindTargetRows(const Target& target, const ast::NamedTable& table, BoundUpdate* bound) {
  if (target.table == nullptr) {
    TURDB_ASSIGN_OR_RETURN(FromItem item, BindView(target.relation, table));
    for (const ScopeColumn& column : item.relations[0].columns) bound->old_row.push_back(column.expr->index);
    return item;
  }
  TURDB_ASSIGN_OR_RETURN(FromItem item, BindRelation(target.relation, table));
  const std::vector<ColumnId>& columns = item.node->outputs;
  bound->old_row.assign(columns.begin(), columns.end() - 2);
  bound->row_key = columns.back();
  return item;
}

StatusOr<Binder::BoundUpdate> Binder::BindUpdate(const ast::Update& update) {
  if (update.or_action != ast::ConflictAction::kNone && update.or_action != ast::ConflictAction::kAbort) {
    return Unsupported("UPDATE OR ...", update.offset);
  }
  if (!update.order_by.empty() || update.limit != nullptr) return Unsupported("UPDATE with ORDER BY or LIMIT", update.offset);
  BoundUpdate bound;
  TURDB_ASSIGN_OR_RETURN(const Target target, FindTarget(update.table->name, update.table->alias, table::kOnUpdate));
  bound.relation = target.relation;
  bound.table = target.table;
  bound.name = target.relation->name();
  Scope outer;
  outer.parent = enclosing_;
  if (update.with != nullptr) TURDB_RETURN_IF_ERROR(BindWith(*update.with, &outer));
  TURDB_ASSIGN_OR_RETURN(FromItem item, BindTargetRows(target, *update.table, &bound));
  LogicalNode* node = item.node;
  if (!update.from.empty()) {
    TURDB_ASSIGN_OR_RETURN(FromItem other, BindFrom(update.from, &outer));
    TURDB_RETURN_IF_ERROR(CheckAliases(item, other));
    LogicalNode* join = NewNode(LogicalKind::kJoin);
    join->left = node;
    join->right = other.node;
    item = Combine(std::move(item), std::move(other), join, {});
    node = join;
  }
  Scope scope = ScopeOf(item, &outer);
  ExprContext context;
  context.scope = &scope;
  context.clause = "UPDATE";
  TURDB_RETURN_IF_ERROR(BindAssignments(update.set, target, context, &bound.assignments));
  if (update.where != nullptr) {
    context.clause = "WHERE";
    LogicalNode* filter = NewNode(LogicalKind::kFilter);
    filter->left = node;
    TURDB_RETURN_IF_ERROR(BindConjuncts(*update.where, context, &filter->conjuncts));
    node = filter;
  }
  bound.input = update.with != nullptr ? WrapCommonTables(node, outer) : node;
  ScopeRelation row;
  bound.new_row = RowColumns(*target.relation->schema, target.alias, &row);
  SetOrigins(bound.new_row, *target.relation, target.table);
  Scope row_scope = ScopeOfRow(row);
  TURDB_RETURN_IF_ERROR(BindRowRules(target, &row_scope, &bound.generated, &bound.checks, &bound.index_expressions));
  // RETURNING shows the new row; other tables of FROM may be named, too.
  for (size_t i = 1; i < scope.relations.size(); ++i) row_scope.relations.push_back(scope.relations[i]);
  for (const Scope::Visible& visible : scope.visible) {
    if (visible.relation != 0) row_scope.visible.push_back(visible);
  }
  TURDB_RETURN_IF_ERROR(BindReturning(update.returning, &row_scope, &bound.returning));
  return bound;
}

StatusOr<Binder::BoundUpdate> Binder::BindDelete(const ast::Delete& statement) {
  if (!statement.order_by.empty() || statement.limit != nullptr) {
    return Unsupported("DELETE with ORDER BY or LIMIT", statement.offset);
  }
  BoundUpdate bound;
  TURDB_ASSIGN_OR_RETURN(const Target target, FindTarget(statement.table->name, statement.table->alias, table::kOnDelete));
  bound.relation = target.relation;
  bound.table = target.table;
  bound.name = target.relation->name();
  Scope outer;
  outer.parent = enclosing_;
  if (statement.with != nullptr) TURDB_RETURN_IF_ERROR(BindWith(*statement.with, &outer));
  TURDB_ASSIGN_OR_RETURN(FromItem item, BindTargetRows(target, *statement.table, &bound));
  LogicalNode* node = item.node;
  if (!statement.using_tables.empty()) {
    TURDB_ASSIGN_OR_RETURN(FromItem other, BindFrom(statement.using_tables, &outer));
    TURDB_RETURN_IF_ERROR(CheckAliases(item, other));
    LogicalNode* join = NewNode(LogicalKind::kJoin);
    join->left = node;
    join->right = other.node;
    item = Combine(std::move(item), std::move(other), join, {});
    node = join;
  }
  Scope scope = ScopeOf(item, &outer);
  ExprContext context;
  context.scope = &scope;
  context.clause = "WHERE";
  if (statement.where != nullptr) {
    LogicalNode* filter = NewNode(LogicalKind::kFilter);
    filter->left = node;
    TURDB_RETURN_IF_ERROR(BindConjuncts(*statement.where, context, &filter->conjuncts));
    node = filter;
  }
  bound.input = statement.with != nullptr ? WrapCommonTables(node, outer) : node;
  ScopeRelation row;
  bound.new_row = RowColumns(*target.relation->schema, target.alias, &row);  // the row that goes, for its index entries
  Scope row_scope = ScopeOfRow(row);
  TURDB_RETURN_IF_ERROR(BindIndexExpressions(*target.relation->schema, &row_scope, &bound.index_expressions));
  TURDB_RETURN_IF_ERROR(BindReturning(statement.returning, &scope, &bound.returning));
  return bound;
}

StatusOr<Binder::BoundIndexes> Binder::BindIndexesOf(const table::TableSchema& schema) {
  BoundIndexes bound;
  ScopeRelation row;
  bound.row = RowColumns(schema, schema.name, &row);
  Scope scope = ScopeOfRow(row);
  TURDB_RETURN_IF_ERROR(BindIndexExpressions(schema, &scope, &bound.index_expressions));
  return bound;
}

}  // namespace turdb::sql
