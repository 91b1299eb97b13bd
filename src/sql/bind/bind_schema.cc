// CREATE TABLE, INDEX and VIEW: what the catalog is asked to make.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "function/registry.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using ast::ConstraintKind;
using base::Status;
using base::StatusOr;
using function::CastContext;
using vec::Type;
using vec::TypeId;
namespace sqlstate = base::sqlstate;

namespace {

table::OnCommit OnCommitOf(const ast::CreateTable& create) {
  return create.on_commit == ast::OnCommit::kDeleteRows ? table::OnCommit::kDeleteRows
         : create.on_commit == ast::OnCommit::kDrop     ? table::OnCommit::kDrop
                                                        : table::OnCommit::kPreserveRows;
}

}  // namespace

std::string Binder::CreationSchema(std::string_view schema) const {
  if (!schema.empty()) return std::string(schema);
  for (const std::string& name : context_.search_path) {
    const catalog::Schema* found = context_.catalog->FindSchema(name);
    if (found != nullptr && !found->is_system) return found->name;
  }
  return std::string(catalog::kDefaultSchema);
}

// ---- tables

StatusOr<Command> Binder::BindCreateTable(const ast::CreateTable& create) {
  if (!create.unsupported.empty()) return Unsupported(create.unsupported, create.unsupported_offset);
  if (create.or_replace) return Unsupported("CREATE OR REPLACE TABLE", create.offset);
  TURDB_ASSIGN_OR_RETURN(const RelationName name, SplitName(create.name));
  TURDB_ASSIGN_OR_RETURN(const std::string schema_name, CreationSchemaOf(create.name, create.temporary));
  if (create.on_commit != ast::OnCommit::kNone && !IsTemporarySchema(schema_name)) {
    return Error(sqlstate::kInvalidTableDefinition, "ON COMMIT can only be used on temporary tables", create.on_commit_offset);
  }
  if (create.if_not_exists && context_.catalog->FindRelation(schema_name, name.name, {}) != nullptr) {
    return Command(NoOperation{absl::StrCat("relation \"", name.name, "\" already exists, skipping")});
  }
  if (create.as != nullptr) return BindCreateTableAs(create, schema_name);
  CreateTableCommand command;
  command.table.if_not_exists = create.if_not_exists;
  table::TableSchema& schema = command.table.definition;
  schema.schema_name = schema_name;
  schema.name = std::string(name.name);
  schema.on_commit = OnCommitOf(create);
  TURDB_RETURN_IF_ERROR(BindColumns(create, &command.table));
  for (const ast::ColumnDefinition* column : create.columns) {
    for (const ast::Constraint* constraint : column->constraints) {
      TURDB_RETURN_IF_ERROR(BindColumnConstraint(*constraint, *column, &schema));
    }
  }
  for (const ast::Constraint* constraint : create.constraints) {
    TURDB_RETURN_IF_ERROR(BindTableConstraint(*constraint, &schema));
  }
  for (const table::IndexPart& part : schema.primary_key) schema.columns[part.column].not_null = true;
  TURDB_RETURN_IF_ERROR(BindForeignKeys(create.columns, create.constraints, &schema));
  TURDB_RETURN_IF_ERROR(CheckPersistence(schema, create.name.offset()));
  TURDB_RETURN_IF_ERROR(CheckStoredExpressions(create, schema));
  for (const ast::ColumnDefinition* column : create.columns) {
    const int32_t position = schema.FindColumn(column->name.text);
    TURDB_ASSIGN_OR_RETURN(auto sequence, SequenceOfColumn(*column, schema.columns[position]));
    if (!sequence.has_value()) continue;
    sequence->column = position;
    command.table.sequences.push_back(*std::move(sequence));
  }
  return Command(std::move(command));
}

Status Binder::BindColumns(const ast::CreateTable& create, catalog::NewTable* table) {
  table::TableSchema* const schema = &table->definition;
  for (const ast::LikeTable& like : create.like_tables) TURDB_RETURN_IF_ERROR(BindLikeTable(like, table));
  for (const ast::ColumnDefinition* column : create.columns) TURDB_RETURN_IF_ERROR(BindColumnDefinition(*column, schema));
  if (schema->columns.size() > static_cast<size_t>(base::kMaxColumns)) {
    return Error(sqlstate::kTooManyColumns, absl::StrCat("tables can have at most ", base::kMaxColumns, " columns"),
                 create.name.offset());
  }
  return absl::OkStatus();
}

Status Binder::BindLikeTable(const ast::LikeTable& like, catalog::NewTable* table) {
  TURDB_ASSIGN_OR_RETURN(const auto relation, FindRelation(like.table));
  const auto includes = [&](std::string_view what) {
    return std::any_of(like.including.begin(), like.including.end(), [&](const ast::Name& name) { return name.text == what; });
  };
  for (const ast::Name& name : like.including) {
    static constexpr std::string_view kParts[] = {"comments", "constraints", "defaults",   "generated",  "identity",
                                                  "indexes",  "storage",     "statistics", "compression"};
    if (std::find(std::begin(kParts), std::end(kParts), name.text) != std::end(kParts)) continue;
    return Error(sqlstate::kSyntaxError, absl::StrCat("LIKE has no INCLUDING ", absl::AsciiStrToUpper(name.text)), name.offset);
  }
  const bool comments = includes("comments");
  const bool defaults = includes("defaults"), identity = includes("identity"), generated = includes("generated");
  table::TableSchema* const schema = &table->definition;
  const auto first = static_cast<int32_t>(schema->columns.size());
  for (const table::Column& from : relation->schema->columns) {
    table::Column column;
    if (comments) column.comment = from.comment;
    column.name = from.name;
    column.type = from.type;
    column.not_null = from.not_null;
    column.collation = from.collation;
    column.domain = from.domain;
    if (generated && from.generation == table::Generation::kStored) {
      column.generation = from.generation;
      column.default_sql = from.default_sql;
    }
    if (defaults && from.generation == table::Generation::kNone) {
      column.default_sql = from.default_sql;
      column.sequence = from.sequence;  // drawn from by both
    }
    const auto sequence = context_.catalog->RelationOf(from.sequence);
    if (identity && from.generation != table::Generation::kNone && from.sequence != base::kNoFile && sequence != nullptr) {
      column.generation = from.generation;
      table->sequences.push_back({static_cast<int32_t>(schema->columns.size()), "", sequence->sequence});
    }
    schema->columns.push_back(std::move(column));
  }
  if (includes("constraints")) {
    for (const table::CheckConstraint& check : relation->schema->checks) {
      schema->checks.push_back({check.name, check.sql, comments ? check.comment : std::string()});
    }
  }
  return includes("indexes") ? CopyIndexes(like, *relation->schema, first, comments, schema) : absl::OkStatus();
}

// The primary key and all indexes, with names of their own. `first`: where the copied columns begin.
Status Binder::CopyIndexes(const ast::LikeTable& like, const table::TableSchema& from, int32_t first, bool comments,
                           table::TableSchema* schema) {
  const auto moved = [&](std::vector<table::IndexPart> parts) {
    for (table::IndexPart& part : parts) {
      if (part.column >= 0) part.column += first;
    }
    return parts;
  };
  if (!from.primary_key.empty()) {
    ast::Constraint key;
    key.kind = ConstraintKind::kPrimaryKey;
    key.offset = like.table.offset();
    key.autoincrement = from.autoincrement;
    TURDB_RETURN_IF_ERROR(SetPrimaryKey(key, moved(from.primary_key), schema));
    if (comments) schema->primary_key_comment = from.primary_key_comment;
  }
  for (const table::IndexSchema& index : from.indexes) {
    table::IndexSchema& copy = schema->indexes.emplace_back();
    copy.method = index.method;
    copy.parts = moved(index.parts);
    for (const int32_t column : index.included) copy.included.push_back(column + first);
    copy.unique = index.unique;
    copy.nulls_not_distinct = index.nulls_not_distinct;
    copy.is_constraint = index.is_constraint;
    copy.predicate_sql = index.predicate_sql;
    copy.vectors = index.vectors;
    if (comments) copy.comment = index.comment;
  }
  return absl::OkStatus();
}

Status Binder::BindColumnType(const ast::ColumnDefinition& definition, table::Column* column) {
  if (definition.type == nullptr) {  // untyped columns keep what they are given
    column->type = TypeId::kAny;
    return absl::OkStatus();
  }
  const std::string_view word = definition.type->name.last().text;
  const bool is_key = std::any_of(definition.constraints.begin(), definition.constraints.end(),
                                  [](const ast::Constraint* c) { return c->kind == ConstraintKind::kPrimaryKey; });
  const bool plain = definition.type->modifiers.empty() && definition.type->array_depth == 0;
  if (const TypeId serial = SerialTypeOf(*definition.type); serial != TypeId::kUnknown) {
    column->type = serial;
    column->not_null = true;
    return absl::OkStatus();
  }
  if (plain && word == "integer" && is_key) {  // SQLite's rowid by another name (query.md, rule 8)
    column->type = TypeId::kInt64;
    return absl::OkStatus();
  }
  TURDB_ASSIGN_OR_RETURN(column->type, BindTypeOrDomain(*definition.type, &column->domain));
  column->collation = CollationOfDomain(column->domain);
  return absl::OkStatus();
}

Status Binder::BindColumnDefinition(const ast::ColumnDefinition& definition, table::TableSchema* schema) {
  table::Column column;
  column.name = std::string(definition.name.text);
  if (column.name.size() > static_cast<size_t>(base::kMaxNameBytes)) {
    return Error(sqlstate::kInvalidName, absl::StrCat("a name is longer than ", base::kMaxNameBytes, " bytes"),
                 definition.name.offset);
  }
  if (schema->FindColumn(column.name) >= 0) {
    return Error(sqlstate::kDuplicateColumn, absl::StrCat("column \"", column.name, "\" specified more than once"),
                 definition.name.offset);
  }
  TURDB_RETURN_IF_ERROR(BindColumnType(definition, &column));
  for (const ast::Constraint* constraint : definition.constraints) {  // before keys that take it over
    if (constraint->kind == ConstraintKind::kCollate)
      TURDB_RETURN_IF_ERROR(BindColumnCollation(constraint->collation, &column));
  }
  schema->columns.push_back(std::move(column));
  return absl::OkStatus();
}

Status Binder::SetPrimaryKey(const ast::Constraint& constraint, std::vector<table::IndexPart> parts,
                             table::TableSchema* schema) {
  if (!schema->primary_key.empty()) {
    return Error(sqlstate::kInvalidTableDefinition,
                 absl::StrCat("multiple primary keys for table \"", schema->name, "\" are not allowed"), constraint.offset);
  }
  schema->primary_key = std::move(parts);
  schema->primary_key_name = std::string(constraint.name.text);
  schema->autoincrement = constraint.autoincrement;
  return absl::OkStatus();
}

Status Binder::BindDefault(const ast::Constraint& constraint, table::Column* column) {
  TURDB_ASSIGN_OR_RETURN(const auto sequence, SequenceOfDefault(*constraint.expr));
  if (sequence != nullptr) {
    column->sequence = sequence->id;
  } else {
    column->default_sql = std::string(constraint.expr_text);
  }
  return absl::OkStatus();
}

Status Binder::BindColumnConstraint(const ast::Constraint& constraint, const ast::ColumnDefinition& definition,
                                    table::TableSchema* schema) {
  const int32_t index = schema->FindColumn(definition.name.text);
  table::Column& column = schema->columns[index];
  if (constraint.on_conflict != ast::ConflictAction::kNone && constraint.on_conflict != ast::ConflictAction::kAbort) {
    return Unsupported("ON CONFLICT in a table's definition", constraint.offset);
  }
  table::IndexPart part;
  part.column = index;
  part.type = column.type;
  part.descending = constraint.direction == ast::Direction::kDescending;
  part.nulls_first = part.descending;
  switch (constraint.kind) {
    case ConstraintKind::kNotNull:
      column.not_null = true;
      return absl::OkStatus();
    case ConstraintKind::kNull:
      return absl::OkStatus();
    case ConstraintKind::kDefault:
      return BindDefault(constraint, &column);
    case ConstraintKind::kCheck:
      schema->checks.push_back({std::string(constraint.name.text), std::string(constraint.expr_text), {}});
      return absl::OkStatus();
    case ConstraintKind::kUnique: {
      table::IndexSchema unique;
      unique.name = std::string(constraint.name.text);
      unique.parts = {part};
      unique.unique = true;
      unique.is_constraint = true;
      unique.nulls_not_distinct = constraint.nulls_not_distinct;
      schema->indexes.push_back(std::move(unique));
      return absl::OkStatus();
    }
    case ConstraintKind::kPrimaryKey:
      if (constraint.autoincrement) {
        if (!vec::IsSignedInteger(column.type.id)) {
          return Error(sqlstate::kInvalidTableDefinition, "AUTOINCREMENT is only allowed on an INTEGER PRIMARY KEY",
                       constraint.offset);
        }
        column.generation = table::Generation::kIdentityByDefault;
      }
      return SetPrimaryKey(constraint, {part}, schema);
    case ConstraintKind::kForeignKey:
      return absl::OkStatus();  // BindForeignKeys
    case ConstraintKind::kGenerated:
      column.generation = table::Generation::kStored;
      column.default_sql = std::string(constraint.expr_text);
      return absl::OkStatus();
    case ConstraintKind::kIdentity:
      if (!vec::IsSignedInteger(column.type.id)) {
        return Error(sqlstate::kInvalidParameter, "identity column type must be smallint, integer, or bigint",
                     constraint.offset);
      }
      column.generation = constraint.always ? table::Generation::kIdentityAlways : table::Generation::kIdentityByDefault;
      column.not_null = true;
      return absl::OkStatus();
    case ConstraintKind::kCollate:
      return absl::OkStatus();  // BindColumnDefinition
    case ConstraintKind::kExclude:
      return Unsupported("EXCLUDE", constraint.offset);
  }
  return absl::OkStatus();
}

Status Binder::BindTableConstraint(const ast::Constraint& constraint, table::TableSchema* schema) {
  if (constraint.on_conflict != ast::ConflictAction::kNone && constraint.on_conflict != ast::ConflictAction::kAbort) {
    return Unsupported("ON CONFLICT in a table's definition", constraint.offset);
  }
  switch (constraint.kind) {
    case ConstraintKind::kCheck:
      schema->checks.push_back({std::string(constraint.name.text), std::string(constraint.expr_text), {}});
      return absl::OkStatus();
    case ConstraintKind::kForeignKey:
      return absl::OkStatus();  // BindForeignKeys
    case ConstraintKind::kExclude:
      return Unsupported("EXCLUDE", constraint.offset);
    default:
      break;
  }
  if (!constraint.include.empty()) return Unsupported("INCLUDE", constraint.offset);
  TURDB_ASSIGN_OR_RETURN(std::vector<table::IndexPart> parts, BindIndexParts(constraint.columns, *schema, nullptr));
  if (constraint.kind == ConstraintKind::kPrimaryKey) return SetPrimaryKey(constraint, std::move(parts), schema);
  table::IndexSchema unique;
  unique.name = std::string(constraint.name.text);
  unique.parts = std::move(parts);
  unique.unique = true;
  unique.is_constraint = true;
  unique.nulls_not_distinct = constraint.nulls_not_distinct;
  schema->indexes.push_back(std::move(unique));
  return absl::OkStatus();
}

void Binder::OpenRow(const table::TableSchema& schema, Scope* row) {
  ScopeRelation relation;
  relation.alias = schema.name;
  for (const table::Column& column : schema.columns) {
    const ColumnId id = NewColumn(column.name, column.type);
    NameCollation(id, column.collation);
    relation.columns.push_back({column.name, ColumnExpr(id)});
    row->visible.push_back({column.name, relation.columns.back().expr, 0});
  }
  row->relations.push_back(relation);
}

Status Binder::CheckStoredExpressions(const ast::CreateTable& create, const table::TableSchema& schema) {
  Scope row, nothing;
  OpenRow(schema, &row);
  const auto check = [&](const ast::Constraint& constraint, const Type* type) -> Status {
    ExprContext context;
    context.scope = constraint.kind == ConstraintKind::kDefault ? &nothing : &row;
    context.clause = constraint.kind == ConstraintKind::kDefault ? "DEFAULT"
                     : constraint.kind == ConstraintKind::kCheck ? "CHECK"
                                                                 : "column generation expressions";
    const size_t subqueries = subqueries_.size();
    TURDB_ASSIGN_OR_RETURN(const Expr* bound, Bind(*constraint.expr, context));
    if (subqueries_.size() != subqueries) {
      return Error(sqlstate::kFeatureNotSupported, absl::StrCat("cannot use subquery in ", context.clause),
                   constraint.expr->offset);
    }
    if (type != nullptr) return Coerce(bound, *type, CastContext::kAssignment).status();
    return ToCondition(bound, "CHECK", constraint.expr->offset).status();
  };
  for (const ast::ColumnDefinition* definition : create.columns) {
    const table::Column& column = schema.columns[schema.FindColumn(definition->name.text)];
    for (const ast::Constraint* constraint : definition->constraints) {
      const bool value = constraint->kind == ConstraintKind::kDefault || constraint->kind == ConstraintKind::kGenerated;
      if (value) TURDB_RETURN_IF_ERROR(check(*constraint, &column.type));
      if (constraint->kind == ConstraintKind::kCheck) TURDB_RETURN_IF_ERROR(check(*constraint, nullptr));
    }
  }
  for (const ast::Constraint* constraint : create.constraints) {
    if (constraint->kind == ConstraintKind::kCheck) TURDB_RETURN_IF_ERROR(check(*constraint, nullptr));
  }
  return absl::OkStatus();
}

StatusOr<Command> Binder::BindCreateTableAs(const ast::CreateTable& create, std::string schema_name) {
  if (create.as->kind != ast::StatementKind::kSelect) return Unsupported("CREATE TABLE AS EXECUTE", create.as->offset);
  if (!parameter_types_.empty()) return Unsupported("a parameter in CREATE TABLE AS", create.as->offset);
  TURDB_ASSIGN_OR_RETURN(const RelationName name, SplitName(create.name));
  CreateTableCommand command;
  command.table.if_not_exists = create.if_not_exists;
  table::TableSchema& schema = command.table.definition;
  schema.schema_name = std::move(schema_name);
  schema.name = std::string(name.name);
  schema.on_commit = OnCommitOf(create);
  TURDB_ASSIGN_OR_RETURN(const BoundQuery query,
                         BindSelect(*static_cast<const ast::SelectStatement*>(create.as)->select, nullptr));
  if (create.as_columns.size() > query.columns.size()) {
    return Error(sqlstate::kSyntaxError, "too many column names were specified", create.as_columns.back().offset);
  }
  for (size_t i = 0; i < query.columns.size(); ++i) {
    table::Column column;
    column.name = std::string(i < create.as_columns.size() ? create.as_columns[i].text : query.columns[i].name);
    TURDB_RETURN_IF_ERROR(DescribeColumn(query.columns[i].id, &column));
    if (schema.FindColumn(column.name) >= 0) {
      return Error(sqlstate::kDuplicateColumn, absl::StrCat("column \"", column.name, "\" specified more than once"),
                   create.as->offset);
    }
    schema.columns.push_back(std::move(column));
  }
  if (!create.with_no_data) {
    command.fill_sql = absl::StrCat("INSERT INTO ", Quoted(schema.schema_name), ".", Quoted(schema.name), " ", create.as_text);
  }
  return Command(std::move(command));
}

// ---- indexes and views

StatusOr<std::vector<table::IndexPart>> Binder::BindIndexParts(ast::List<ast::IndexElement> elements,
                                                               const table::TableSchema& schema, Scope* row) {
  std::vector<table::IndexPart> parts;
  for (const ast::IndexElement& element : elements) {
    if (!element.operator_class.empty() && !element.operator_class.last().text.ends_with("_ops")) {
      return Error(sqlstate::kUndefinedObject,
                   absl::StrCat("operator class \"", element.operator_class.last().text, "\" does not exist"),
                   element.operator_class.offset());
    }
    table::IndexPart part;
    if (element.expr->kind == ast::ExprKind::kColumn && ast::As<ast::Column>(*element.expr).parts.size() == 1) {
      const ast::Name& name = ast::As<ast::Column>(*element.expr).parts[0];
      part.column = catalog::FindColumn(schema, name.text);
      if (part.column < 0) {
        return Error(sqlstate::kUndefinedColumn, absl::StrCat("column \"", name.text, "\" does not exist"), name.offset);
      }
      part.type = schema.columns[part.column].type;
    } else {
      if (row == nullptr) return Unsupported("a constraint over an expression", element.expr->offset);
      TURDB_ASSIGN_OR_RETURN(const Expr* bound, BindForIndex(*element.expr, row, "index expressions"));
      part.type = function::ResolveUnknown(bound->type);
      part.expression_sql = std::string(element.text);
    }
    if (!element.collation.empty()) {
      TURDB_ASSIGN_OR_RETURN(const vec::NamedCollation* const collation, FindCollation(element.collation));
      TURDB_RETURN_IF_ERROR(CheckCollates(part.type, element.collation.offset()));
      part.type = part.type.WithCollation(collation->order);
      part.collation = std::string(collation->name);
    }
    if (part.type.id == TypeId::kJson) {
      return base::WithHint(
          Error(sqlstate::kUndefinedObject, "data type json has no order to index it by", element.expr->offset),
          "Use jsonb, or index an expression such as (column ->> 'name').");
    }
    part.descending = element.direction == ast::Direction::kDescending;
    part.nulls_first = element.nulls == ast::NullsOrder::kDefault ? part.descending : element.nulls == ast::NullsOrder::kFirst;
    parts.push_back(std::move(part));
  }
  if (parts.size() > static_cast<size_t>(base::kMaxIndexColumns)) {
    return Error(sqlstate::kTooManyColumns,
                 absl::StrCat("cannot use more than ", base::kMaxIndexColumns, " columns in an index"),
                 elements[0].expr->offset);
  }
  return parts;
}

namespace {

bool IsImmutable(const Expr& expr) {
  if (expr.kind == exec::ExpressionKind::kParameter) return false;
  if (expr.call != nullptr && (expr.call->flags & (function::kVolatile | function::kStable)) != 0) return false;
  return std::all_of(expr.arguments.begin(), expr.arguments.end(), [](const Expr* e) { return IsImmutable(*e); });
}

}  // namespace

StatusOr<const Expr*> Binder::BindForIndex(const ast::Expr& expr, Scope* row, std::string_view clause) {
  ExprContext context;
  context.scope = row;
  context.clause = clause;
  const size_t subqueries = subqueries_.size();
  calls_mutable_ = false;
  TURDB_ASSIGN_OR_RETURN(const Expr* bound, Bind(expr, context));
  if (subqueries_.size() != subqueries) {
    return Error(sqlstate::kFeatureNotSupported, absl::StrCat("cannot use subquery in ", clause), expr.offset);
  }
  if (calls_mutable_ || !IsImmutable(*bound)) {
    return Error(base::SqlState{"42P17"}, absl::StrCat("functions in ", clause, " must be immutable"), expr.offset);
  }
  return bound;
}

StatusOr<Command> Binder::BindCreateIndex(const ast::CreateIndex& create) {
  CreateIndexCommand command;
  TURDB_ASSIGN_OR_RETURN(command.relation, FindTable(create.table));
  command.if_not_exists = create.if_not_exists;
  if (create.method.text == "hnsw") return BindCreateVectorIndex(create, std::move(command));
  if (!create.method.empty() && create.method.text != "btree" && create.method.text != "hash") {
    const Status refused = Unsupported(absl::StrCat("index method \"", create.method.text, "\""), create.method.offset);
    return create.method.text == "ivfflat"
               ? base::WithHint(refused, "Use hnsw: CREATE INDEX ... USING hnsw (column vector_l2_ops).")
               : refused;
  }
  if (!create.include.empty()) return Unsupported("INCLUDE", create.include[0].offset);
  for (const ast::IndexElement& element : create.elements) {
    if (element.operator_class.empty()) continue;
    const std::string_view name = element.operator_class.last().text;
    for (const std::string_view of_vectors : {"_l2_ops", "_ip_ops", "_cosine_ops", "_l1_ops", "_hamming_ops", "_jaccard_ops"}) {
      if (!name.ends_with(of_vectors)) continue;
      return base::WithHint(Error(sqlstate::kUndefinedObject,
                                  absl::StrCat("operator class \"", name, "\" does not exist for access method \"btree\""),
                                  element.operator_class.offset()),
                            "A vector index says so: CREATE INDEX ... USING hnsw (column vector_l2_ops).");
    }
  }
  command.index.name = std::string(create.name.text);
  command.index.unique = create.unique;
  command.index.nulls_not_distinct = create.nulls_not_distinct;
  Scope row;
  OpenRow(*command.relation->schema, &row);
  TURDB_ASSIGN_OR_RETURN(command.index.parts, BindIndexParts(create.elements, *command.relation->schema, &row));
  if (create.where != nullptr) {
    TURDB_ASSIGN_OR_RETURN(const Expr* bound, BindForIndex(*create.where, &row, "index predicates"));
    TURDB_RETURN_IF_ERROR(ToCondition(bound, "WHERE", create.where->offset).status());
    command.index.predicate_sql = std::string(create.where_text);
  }
  return Command(std::move(command));
}

StatusOr<Command> Binder::BindCreateView(const ast::CreateView& create) {
  if (create.recursive) return Unsupported("a recursive view", create.offset);
  if (!parameter_types_.empty()) return Error(sqlstate::kUndefinedParameter, "a view cannot have parameters", create.offset);
  TURDB_ASSIGN_OR_RETURN(const RelationName name, SplitName(create.name));
  CreateViewCommand command;
  command.or_replace = create.or_replace;
  command.if_not_exists = create.if_not_exists;
  command.columns.name = std::string(name.name);
  std::vector<TextEdit> stars;
  star_edits_ = &stars;
  auto bound = BindSelect(*create.select, nullptr);
  star_edits_ = nullptr;
  if (!bound.ok()) return bound.status();
  TURDB_RETURN_IF_ERROR(RefuseExternal("a view", create.offset));
  const BoundQuery& query = *bound;
  const auto begin = static_cast<int32_t>(create.select_text.data() - sql_.data());
  for (TextEdit& edit : stars) edit.offset -= begin;
  command.sql = Edited(create.select_text, std::move(stars));
  // A view of what is temporary is temporary.
  const bool temporary = UsesTemporary();
  if (temporary && create.materialized) {
    return Error(sqlstate::kFeatureNotSupported, "materialized views must not use temporary tables or views", create.offset);
  }
  TURDB_ASSIGN_OR_RETURN(command.columns.schema_name, CreationSchemaOf(create.name, create.temporary || temporary));
  const std::span<const std::string> path = temporary ? search_path_ : context_.search_path;
  command.search_path.assign(path.begin(), path.end());
  const auto existing = context_.catalog->FindRelation(command.columns.schema_name, command.columns.name, {});
  const bool replaces = create.or_replace && existing != nullptr && existing->kind == catalog::RelationKind::kView;
  if (replaces &&
      std::any_of(dependencies_.begin(), dependencies_.end(), [&](const Dependency& d) { return d.id == existing->id; })) {
    return Error(base::SqlState{"42P17"}, absl::StrCat("infinite recursion detected in rules for relation \"", name.name, "\""),
                 create.select->offset);
  }
  if (create.columns.size() > query.columns.size()) {
    return Error(sqlstate::kSyntaxError, "CREATE VIEW specifies more column names than columns", create.columns.back().offset);
  }
  for (size_t i = 0; i < query.columns.size(); ++i) {
    table::Column column;
    column.name = std::string(i < create.columns.size() ? create.columns[i].text : query.columns[i].name);
    TURDB_RETURN_IF_ERROR(DescribeColumn(query.columns[i].id, &column));
    if (command.columns.FindColumn(column.name) >= 0) {
      return Error(sqlstate::kDuplicateColumn, absl::StrCat("column \"", column.name, "\" specified more than once"),
                   create.select->offset);
    }
    command.columns.columns.push_back(std::move(column));
  }
  if (create.materialized) return BindCreateMaterializedView(create, std::move(command));
  if (replaces) TURDB_RETURN_IF_ERROR(CheckReplacedView(*existing->schema, command.columns, create.name.offset()));
  return Command(std::move(command));
}

// Who reads the view goes on finding its columns: new ones may only follow them.
Status Binder::CheckReplacedView(const table::TableSchema& before, const table::TableSchema& after, int32_t offset) {
  if (after.columns.size() < before.columns.size()) {
    return Error(sqlstate::kInvalidTableDefinition, "cannot drop columns from view", offset);
  }
  for (size_t i = 0; i < before.columns.size(); ++i) {
    const table::Column& was = before.columns[i];
    const table::Column& is = after.columns[i];
    if (was.name != is.name) {
      return base::WithHint(
          Error(sqlstate::kInvalidTableDefinition,
                absl::StrCat("cannot change name of view column \"", was.name, "\" to \"", is.name, "\""), offset),
          "Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.");
    }
    if (was.type.WithCollation(is.type.collation()) == is.type && was.collation != is.collation) {
      const auto name = [](const table::Column& column) { return column.collation.empty() ? "default" : column.collation; };
      return Error(sqlstate::kInvalidTableDefinition,
                   absl::StrCat("cannot change collation of view column \"", was.name, "\" from \"", name(was), "\" to \"",
                                name(is), "\""),
                   offset);
    }
    if (was.type != is.type) {
      return Error(sqlstate::kInvalidTableDefinition,
                   absl::StrCat("cannot change data type of view column \"", was.name, "\" from ", was.type.ToString(), " to ",
                                is.type.ToString()),
                   offset);
    }
  }
  return absl::OkStatus();
}

}  // namespace turdb::sql
