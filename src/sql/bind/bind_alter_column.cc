#include "sql/bind/alter_binder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "function/registry.h"

namespace turdb::sql {

using ast::AlterAction;
using ast::ConstraintKind;
using base::Status;
using function::CastContext;
using table::TableSchema;
using vec::Type;
namespace sqlstate = base::sqlstate;

Status AlterBinder::AddColumn(const ast::AlterItem& item) {
  const std::string name(item.name.text);
  if (schema_.FindColumn(name) >= 0) {
    if (item.if_exists) return absl::OkStatus();
    return b_.Error(sqlstate::kDuplicateColumn,
                    absl::StrCat("column \"", name, "\" of relation \"", schema_.name, "\" already exists"), item.name.offset);
  }
  TableSchema with = schema_;
  TURDB_RETURN_IF_ERROR(b_.BindColumnDefinition(*item.column, &with));
  for (const ast::Constraint* constraint : item.column->constraints) {
    if (constraint->kind == ConstraintKind::kPrimaryKey) {
      return b_.Unsupported("adding a primary key to a table that is there", constraint->offset);
    }
    TURDB_RETURN_IF_ERROR(b_.BindColumnConstraint(*constraint, *item.column, &with));
  }
  ast::CreateTable as_if_new;
  ast::ColumnDefinition* definition = item.column;
  as_if_new.columns = ast::List<ast::ColumnDefinition*>(&definition, 1);
  TURDB_RETURN_IF_ERROR(b_.CheckStoredExpressions(as_if_new, with));
  TURDB_RETURN_IF_ERROR(b_.BindForeignKeys(as_if_new.columns, {}, &with));
  TURDB_RETURN_IF_ERROR(b_.CheckPersistence(with, item.offset));
  table::Column column = with.columns.back();
  TURDB_ASSIGN_OR_RETURN(auto sequence, b_.SequenceOfColumn(*item.column, column));
  const table::Generation generation = column.generation;
  if (sequence.has_value()) column.generation = table::Generation::kNone;  // until there is a sequence
  vec::Value missing = vec::Value::Null(column.type);
  bool fill = column.generation == table::Generation::kStored || sequence.has_value() || column.sequence != base::kNoFile ||
              column.domain != base::kNoFile;
  if (!fill && !column.default_sql.empty()) {
    // A constant is what old rows show without being touched.
    TURDB_ASSIGN_OR_RETURN(const Expr* value, b_.DefaultOf(with, static_cast<int32_t>(with.columns.size()) - 1));
    fill = value->kind != exec::ExpressionKind::kConstant;
    if (!fill) missing = *value->value;
  }
  const bool not_null = column.not_null && (fill || missing.is_null());
  if (not_null) column.not_null = false;  // until every row has a value
  Edit([column, missing](TableSchema& schema) { return catalog::AddColumn(schema, column, missing); });
  if (sequence.has_value()) {
    TURDB_RETURN_IF_ERROR(AddSequence(name, *std::move(sequence)));
    SetGeneration(name, generation);
  }
  if (fill) Run(absl::StrCat("UPDATE ", table_, " SET ", Quoted(name), " = DEFAULT"));
  if (not_null) {
    RequireNoNulls(name);
    SetNotNull(name, true);
  }
  for (size_t i = schema_.checks.size(); i < with.checks.size(); ++i) {
    TURDB_RETURN_IF_ERROR(AddCheck(with.checks[i], absl::StrCat(schema_.name, "_", name, "_check"), item.offset));
  }
  for (size_t i = schema_.indexes.size(); i < with.indexes.size(); ++i) Add(Kind::kAddIndex).index = with.indexes[i];
  for (size_t i = schema_.foreign_keys.size(); i < with.foreign_keys.size(); ++i) {
    TURDB_RETURN_IF_ERROR(AddForeignKey(with.foreign_keys[i], with, item.offset));
  }
  return absl::OkStatus();
}

Status AlterBinder::DropColumn(const ast::AlterItem& item) {
  const std::string name = Column().name;
  const std::string what = absl::StrCat("column ", name, " of table ", schema_.name);
  if (IsKeyPart(column_)) return b_.Unsupported("dropping a column of the primary key", item.offset);
  if (schema_.columns.size() == 1) return b_.Unsupported("dropping the only column of a table", item.offset);
  for (const table::Column& column : schema_.columns) {
    if (column.generation != table::Generation::kStored || column.name == name) continue;
    TURDB_ASSIGN_OR_RETURN(const bool names, Names(column.default_sql, column_));
    if (names)
      return DependsOn(what, absl::StrCat("column ", column.name, " of table ", schema_.name, " is generated from it"));
  }
  for (const ViewReferences& dependent : Views()) {
    const bool names = std::any_of(dependent.references.begin(), dependent.references.end(),
                                   [&](const NameReference& reference) { return IsColumn(reference, column_); });
    if (!names) continue;
    if (!item.cascade) return DependsOn(what, absl::StrCat("view ", dependent.view->name(), " depends on ", what));
    Add(Kind::kDropView).other = dependent.view->id;
  }
  TURDB_RETURN_IF_ERROR(DropTriggers(item.cascade, what));
  TURDB_RETURN_IF_ERROR(DropReferences(item.cascade, what, what, [&](const table::ForeignKey& key) {
    return std::find(key.referenced_columns.begin(), key.referenced_columns.end(), name) != key.referenced_columns.end();
  }));
  for (const table::IndexSchema& index : schema_.indexes) {
    bool in_expression = false;
    TURDB_ASSIGN_OR_RETURN(const bool names, IndexNames(index, column_, &in_expression));
    if (!names) continue;
    AlterStep& drop = Add(Kind::kDropIndex);
    drop.name = index.name;
    drop.cascade = item.cascade;
  }
  std::vector<std::string> checks;
  for (const table::CheckConstraint& check : schema_.checks) {
    TURDB_ASSIGN_OR_RETURN(const bool names, Names(check.sql, column_));
    if (names) checks.push_back(check.name);
  }
  Edit([name, checks](TableSchema& schema) {
    std::erase_if(schema.checks, [&](const table::CheckConstraint& check) {
      return std::find(checks.begin(), checks.end(), check.name) != checks.end();
    });
    const int32_t position = schema.FindColumn(name);
    std::erase_if(schema.foreign_keys, [&](const table::ForeignKey& key) { return NamesColumn(key.columns, position); });
    return catalog::DropColumn(schema, position);
  });
  return absl::OkStatus();
}

Status AlterBinder::SetDefault(const ast::AlterItem& item) {
  const std::string name = Column().name;
  if (Column().generation != table::Generation::kNone) {
    return b_.Error(
        sqlstate::kSyntaxError,
        absl::StrCat("column \"", name, "\" of relation \"", schema_.name, "\" is ",
                     Column().generation == table::Generation::kStored ? "a generated column" : "an identity column"),
        item.offset);
  }
  std::string text(item.expr_text);
  catalog::ObjectId sequence = base::kNoFile;
  if (item.action == AlterAction::kSetDefault) {
    Scope nothing;
    ExprContext context;
    context.scope = &nothing;
    context.clause = "DEFAULT";
    TURDB_ASSIGN_OR_RETURN(const Expr* value, b_.Bind(*item.expr, context));
    TURDB_RETURN_IF_ERROR(b_.AssignCasts(schema_, column_, &value));
    TURDB_ASSIGN_OR_RETURN(const auto drawn, b_.SequenceOfDefault(*item.expr));
    if (drawn != nullptr) {
      sequence = drawn->id;
      TableSchema with = schema_;
      with.columns[static_cast<size_t>(column_)].sequence = sequence;
      TURDB_RETURN_IF_ERROR(b_.CheckPersistence(with, item.offset));
      text.clear();
    }
  }
  Edit([name, text, sequence](TableSchema& schema) {
    table::Column& column = schema.columns[static_cast<size_t>(schema.FindColumn(name))];
    column.default_sql = text;
    column.sequence = sequence;
    return absl::OkStatus();
  });
  return absl::OkStatus();
}

Status AlterBinder::DropNotNull(const ast::AlterItem& item) {
  if (IsKeyPart(column_)) {
    return b_.Error(sqlstate::kInvalidTableDefinition, absl::StrCat("column \"", Column().name, "\" is in a primary key"),
                    item.offset);
  }
  if (Column().generation == table::Generation::kIdentityAlways ||
      Column().generation == table::Generation::kIdentityByDefault) {
    return b_.Error(sqlstate::kSyntaxError,
                    absl::StrCat("column \"", Column().name, "\" of relation \"", schema_.name, "\" is an identity column"),
                    item.offset);
  }
  SetNotNull(Column().name, false);
  return absl::OkStatus();
}

Status AlterBinder::SetType(const ast::AlterItem& item) {
  const table::Column& column = Column();
  const std::string name = column.name;
  base::FileId domain = base::kNoFile;
  table::Column wanted;
  TURDB_ASSIGN_OR_RETURN(wanted.type, b_.BindTypeOrDomain(*item.type, &domain));
  wanted.collation = b_.CollationOfDomain(domain);
  if (!item.collation.empty()) TURDB_RETURN_IF_ERROR(b_.BindColumnCollation(item.collation, &wanted));
  const Type type = wanted.type;
  TURDB_RETURN_IF_ERROR(CheckTypeDependents(item));
  ExprContext context;
  context.scope = &row_;
  context.clause = "USING";
  const Expr* value = b_.ColumnExpr(RowId(column_));
  if (item.expr != nullptr) {
    const size_t subqueries = b_.subqueries_.size();
    TURDB_ASSIGN_OR_RETURN(value, b_.Bind(*item.expr, context));
    if (b_.subqueries_.size() != subqueries) {
      return b_.Error(sqlstate::kFeatureNotSupported, "cannot use subquery in transform expression", item.expr->offset);
    }
  }
  if (!b_.Coerce(value, type, CastContext::kAssignment).ok()) {
    const Status status = b_.Error(sqlstate::kDatatypeMismatch,
                                   absl::StrCat(item.expr != nullptr ? "result of USING clause for column \"" : "column \"",
                                                name, "\" cannot be cast automatically to type ", type.ToString()),
                                   item.offset);
    return base::WithHint(status, item.expr != nullptr
                                      ? std::string("You might need to add an explicit cast.")
                                      : absl::StrCat("You might need to specify \"USING ", name, "::", type.ToString(), "\"."));
  }
  if (!column.default_sql.empty() && column.generation == table::Generation::kNone) {
    TURDB_ASSIGN_OR_RETURN(const Expr* bound, b_.BindStored(column.default_sql, nullptr, "a default"));
    if (!b_.Coerce(bound, type, CastContext::kAssignment).ok()) {
      return b_.Error(sqlstate::kDatatypeMismatch,
                      absl::StrCat("default for column \"", name, "\" cannot be cast automatically to type ", type.ToString()),
                      item.offset);
    }
  }
  if (type == column.type && domain == column.domain && item.expr == nullptr) {
    if (wanted.collation != column.collation) {  // another name of the same order
      Edit([name, collation = wanted.collation](TableSchema& schema) {
        schema.columns[static_cast<size_t>(schema.FindColumn(name))].collation = collation;
        return absl::OkStatus();
      });
    }
    return absl::OkStatus();
  }
  std::vector<table::IndexSchema> indexes;  // are made anew over the new values
  for (const table::IndexSchema& index : schema_.indexes) {
    bool in_expression = false;
    TURDB_ASSIGN_OR_RETURN(const bool names, IndexNames(index, column_, &in_expression));
    if (in_expression) return b_.Unsupported("changing the type of a column that an index computes with", item.offset);
    if (!names) continue;
    const bool has_vectors =
        type.id == vec::TypeId::kDenseVector && type.length != 0 && type.vector_element() != vec::VectorElement::kBit;
    if (index.method == table::IndexMethod::kHnsw && !has_vectors) {
      return base::WithHint(b_.Error(sqlstate::kFeatureNotSupported,
                                     absl::StrCat("column \"", name, "\" has vector index \"", index.name,
                                                  "\", which cannot be over type ", type.ToString()),
                                     item.offset),
                            "Drop the index first, or give a type with dimensions such as vector(3).");
    }
    Add(Kind::kDropIndex).name = index.name;
    indexes.push_back(index);
    for (table::IndexPart& part : indexes.back().parts) {  // one that had the column's collation goes with it
      if (part.column == column_ && part.collation == column.collation) part.collation.clear();
    }
  }
  const std::string place = absl::StrCat(name, " as ", type.ToString());
  table::Column made;
  made.name = place;
  made.type = type;
  made.domain = domain;
  made.collation = wanted.collation;
  Edit([made](TableSchema& schema) { return catalog::AddColumn(schema, made, vec::Value::Null(made.type)); });
  Run(absl::StrCat("UPDATE ", table_, " SET ", Quoted(place), " = ", item.expr != nullptr ? item.expr_text : Quoted(name)));
  if (column.not_null) RequireNoNulls(place);
  Edit([name, place](TableSchema& schema) {
    table::Column& old = schema.columns[static_cast<size_t>(schema.FindColumn(name))];
    const int32_t last = schema.FindColumn(place);
    std::swap(old.type, schema.columns[static_cast<size_t>(last)].type);
    std::swap(old.stored, schema.columns[static_cast<size_t>(last)].stored);
    std::swap(old.domain, schema.columns[static_cast<size_t>(last)].domain);
    std::swap(old.collation, schema.columns[static_cast<size_t>(last)].collation);
    return catalog::DropColumn(schema, last);
  });
  for (const table::CheckConstraint& check : schema_.checks) {
    TURDB_ASSIGN_OR_RETURN(const bool names, Names(check.sql, column_));
    if (names) RequireCheck(check);
  }
  for (table::IndexSchema& index : indexes) Add(Kind::kAddIndex).index = std::move(index);
  return absl::OkStatus();
}

Status AlterBinder::CheckTypeDependents(const ast::AlterItem& item) {
  const std::string name = Column().name;
  const auto used_by = [&](std::string_view by, std::string_view detail) {
    return base::WithFrame(
        b_.Error(sqlstate::kFeatureNotSupported, absl::StrCat("cannot alter type of a column used by ", by), item.offset),
        detail);
  };
  if (IsKeyPart(column_)) return b_.Unsupported("changing the type of a column of the primary key", item.offset);
  if (Column().generation != table::Generation::kNone) {
    return b_.Unsupported("changing the type of a generated or identity column", item.offset);
  }
  for (const table::Column& column : schema_.columns) {
    if (column.generation != table::Generation::kStored) continue;
    TURDB_ASSIGN_OR_RETURN(const bool names, Names(column.default_sql, column_));
    if (names) {
      return used_by("a generated column",
                     absl::StrCat("column \"", name, "\" is used by generated column \"", column.name, "\""));
    }
  }
  for (const ViewReferences& dependent : Views()) {
    for (const NameReference& reference : dependent.references) {
      if (!IsColumn(reference, column_)) continue;
      return used_by("a view or rule", absl::StrCat("view ", dependent.view->name(), " depends on column \"", name, "\""));
    }
  }
  for (const table::ForeignKey& key : schema_.foreign_keys) {
    if (NamesColumn(key.columns, column_)) return b_.Unsupported("changing the type of a foreign key's column", item.offset);
  }
  bool referenced = false;
  b_.context_.catalog->ForEachReference(relation_->id, [&](const auto&, const table::ForeignKey& key) {
    referenced |= std::find(key.referenced_columns.begin(), key.referenced_columns.end(), name) != key.referenced_columns.end();
  });
  if (referenced) return b_.Unsupported("changing the type of a column that a foreign key refers to", item.offset);
  return absl::OkStatus();
}

}  // namespace turdb::sql
