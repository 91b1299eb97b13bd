#include "sql/bind/alter_binder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace turdb::sql {

using ast::ConstraintKind;
using base::MakeError;
using base::Status;
using table::TableSchema;
namespace sqlstate = base::sqlstate;

bool AlterBinder::IsIndexName(std::string_view name) const {
  return (!schema_.primary_key.empty() && schema_.primary_key_name == name) ||
         std::any_of(schema_.indexes.begin(), schema_.indexes.end(),
                     [&](const table::IndexSchema& index) { return index.is_constraint && index.name == name; });
}

bool AlterBinder::IsConstraintName(std::string_view name) const {
  const auto named = [&](const auto& constraint) { return constraint.name == name; };
  return std::any_of(schema_.checks.begin(), schema_.checks.end(), named) ||
         std::any_of(schema_.foreign_keys.begin(), schema_.foreign_keys.end(), named);
}

Status AlterBinder::NoConstraint(const ast::Name& name) const {
  return b_.Error(sqlstate::kUndefinedObject,
                  absl::StrCat("constraint \"", name.text, "\" of relation \"", schema_.name, "\" does not exist"),
                  name.offset);
}

Status AlterBinder::ConstraintExists(std::string_view name, int32_t offset) const {
  return b_.Error(sqlstate::kDuplicateObject,
                  absl::StrCat("constraint \"", name, "\" for relation \"", schema_.name, "\" already exists"), offset);
}

Status AlterBinder::AddCheck(table::CheckConstraint check, std::string name, int32_t offset) {
  if (check.name.empty()) {
    check.name = name;
    for (int i = 1; IsConstraintName(check.name) || IsIndexName(check.name); ++i) check.name = absl::StrCat(name, i);
  } else if (IsConstraintName(check.name) || IsIndexName(check.name)) {
    return ConstraintExists(check.name, offset);
  }
  RequireCheck(check);
  Edit([check](TableSchema& schema) {
    schema.checks.push_back(check);
    return absl::OkStatus();
  });
  return absl::OkStatus();
}

Status AlterBinder::DependsOn(std::string_view what, std::string_view detail) {
  return base::WithHint(base::WithFrame(MakeError(absl::StatusCode::kFailedPrecondition, sqlstate::kDependentObjects,
                                                  absl::StrCat("cannot drop ", what, " because other objects depend on it")),
                                        detail),
                        "Use DROP ... CASCADE to drop the dependent objects too.");
}

Status AlterBinder::DropReferences(bool cascade, const std::string& what, std::string_view on,
                                   absl::FunctionRef<bool(const table::ForeignKey&)> which) {
  Status status;
  b_.context_.catalog->ForEachReference(relation_->id, [&](const auto& other, const table::ForeignKey& key) {
    if (!which(key) || !status.ok()) return;
    if (!cascade) {
      status = DependsOn(what, absl::StrCat("constraint ", key.name, " on table ", other->name(), " depends on ", on));
      return;
    }
    AlterStep& drop = Add(Kind::kDropForeignKey);
    drop.other = other->id;
    drop.name = key.name;
  });
  return status;
}

Status AlterBinder::AddForeignKey(table::ForeignKey key, const TableSchema& with, int32_t offset) {
  std::vector<std::string> names;
  for (const int32_t column : key.columns) names.push_back(with.columns[static_cast<size_t>(column)].name);
  if (key.name.empty()) {
    const std::string name = absl::StrCat(schema_.name, "_", absl::StrJoin(names, "_"), "_fkey");
    key.name = name;
    for (int i = 1; IsConstraintName(key.name) || IsIndexName(key.name); ++i) key.name = absl::StrCat(name, i);
  } else if (IsConstraintName(key.name) || IsIndexName(key.name)) {
    return ConstraintExists(key.name, offset);
  }
  const auto referenced = b_.context_.catalog->RelationOf(key.referenced_table);
  if (referenced->id != relation_->id) read_.push_back(referenced->id);
  for (AlterStep& step : b_.RequireReferences(with, key, names, *referenced->schema)) steps_.push_back(std::move(step));
  Edit([key](TableSchema& schema) {
    schema.foreign_keys.push_back(key);
    return absl::OkStatus();
  });
  return absl::OkStatus();
}

Status AlterBinder::AddConstraint(const ast::Constraint& constraint) {
  TableSchema with = schema_;
  if (constraint.kind == ConstraintKind::kForeignKey) {
    ast::Constraint* added = const_cast<ast::Constraint*>(&constraint);
    TURDB_RETURN_IF_ERROR(b_.BindForeignKeys({}, ast::List<ast::Constraint*>(&added, 1), &with));
    return AddForeignKey(with.foreign_keys.back(), schema_, constraint.offset);
  }
  TURDB_RETURN_IF_ERROR(b_.BindTableConstraint(constraint, &with));
  if (constraint.kind == ConstraintKind::kPrimaryKey) {
    if (with.primary_key_name.empty()) with.primary_key_name = absl::StrCat(schema_.name, "_pkey");
    return Rebuild(std::move(with), constraint.offset);
  }
  if (constraint.kind == ConstraintKind::kCheck) {
    ast::CreateTable as_if_new;
    ast::Constraint* added = const_cast<ast::Constraint*>(&constraint);
    as_if_new.constraints = ast::List<ast::Constraint*>(&added, 1);
    TURDB_RETURN_IF_ERROR(b_.CheckStoredExpressions(as_if_new, with));
    return AddCheck(with.checks.back(), absl::StrCat(schema_.name, "_check"), constraint.offset);
  }
  if (with.indexes.size() == schema_.indexes.size()) return b_.Unsupported("this constraint", constraint.offset);
  if (IsConstraintName(with.indexes.back().name)) return ConstraintExists(with.indexes.back().name, constraint.offset);
  Add(Kind::kAddIndex).index = with.indexes.back();
  return absl::OkStatus();
}

Status AlterBinder::Rebuild(TableSchema definition, int32_t offset) {
  std::vector<std::string> columns;
  for (const table::Column& column : schema_.columns) {
    if (column.generation == table::Generation::kStored) continue;
    if (column.generation != table::Generation::kNone && column.sequence == base::kNoFile) {
      return b_.Unsupported("changing the primary key of a table that counts without a sequence", offset);
    }
    columns.push_back(Quoted(column.name));
  }
  bool changed = false;
  TURDB_ASSIGN_OR_RETURN(definition, Unqualified(std::move(definition), &changed));
  definition.name = absl::StrCat(schema_.name, " with another key");
  for (table::ForeignKey& key : definition.foreign_keys) {
    if (key.referenced_table == relation_->id) key.referenced_table = base::kNoFile;  // itself, whatever its id will be
  }
  for (int i = 2; definition.name.size() > static_cast<size_t>(base::kMaxNameBytes) ||
                  b_.context_.catalog->FindRelation(schema_.schema_name, definition.name, {}) != nullptr;
       ++i) {
    definition.name = absl::StrCat("a table with another key ", i);
  }
  AlterStep& step = Add(Kind::kRebuild);
  const std::string list = absl::StrJoin(columns, ", ");
  step.sql = absl::StrCat("INSERT INTO ", Quoted(schema_.schema_name), ".", Quoted(definition.name), " (", list,
                          ") OVERRIDING SYSTEM VALUE SELECT ", list, " FROM ", table_);
  step.indexes = std::move(definition.indexes);
  definition.indexes.clear();
  definition.stored.clear();
  step.definition = std::move(definition);
  return absl::OkStatus();
}

Status AlterBinder::DropConstraint(const ast::AlterItem& item) {
  const std::string name(item.name.text);
  if (IsIndexName(name)) {
    if (name == schema_.primary_key_name) {
      TableSchema without = schema_;
      without.primary_key.clear();
      without.primary_key_name.clear();
      const auto loses_its_key = [&](const table::ForeignKey& key) {
        std::vector<int32_t> columns;
        for (const std::string& column : key.referenced_columns) columns.push_back(schema_.FindColumn(column));
        return without.FindUniqueKey(std::move(columns)) == -2;
      };
      TURDB_RETURN_IF_ERROR(DropReferences(item.cascade, absl::StrCat("constraint ", name, " on table ", schema_.name),
                                           absl::StrCat("index ", name), loses_its_key));
      std::erase_if(without.foreign_keys,
                    [&](const table::ForeignKey& key) { return key.referenced_table == relation_->id && loses_its_key(key); });
      return Rebuild(std::move(without), item.offset);
    }
    AlterStep& drop = Add(Kind::kDropIndex);
    drop.name = name;
    drop.cascade = item.cascade;
    return absl::OkStatus();
  }
  if (!IsConstraintName(name)) return item.if_exists ? absl::OkStatus() : NoConstraint(item.name);
  Edit([name](TableSchema& schema) {
    std::erase_if(schema.checks, [&](const auto& check) { return check.name == name; });
    std::erase_if(schema.foreign_keys, [&](const auto& key) { return key.name == name; });
    return absl::OkStatus();
  });
  return absl::OkStatus();
}

}  // namespace turdb::sql
