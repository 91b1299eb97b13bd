// CREATE, ALTER and DROP of types and domains.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "catalog/table_sql.h"
#include "catalog/types.h"
#include "engine/command.h"
#include "vec/enum.h"

namespace turdb::engine {

using base::MakeError;
using base::Status;
using catalog::QuoteName;
using Kind = sql::AlterTypeCommand::Kind;
namespace sqlstate = base::sqlstate;

namespace {

std::string NameOf(const catalog::Relation& relation) {
  return absl::StrCat(QuoteName(relation.schema_name()), ".", QuoteName(relation.name()));
}

std::string Literal(std::string_view text) { return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "''"}}), "'"); }

// A column that has the type.
struct Use {
  std::shared_ptr<const catalog::Relation> table;
  int32_t column = -1;
  const table::Column& definition() const { return table->schema->columns[static_cast<size_t>(column)]; }
};

std::vector<Use> UsesOf(const catalog::Snapshot& snapshot, const catalog::Relation& type) {
  std::vector<Use> uses;
  catalog::ForEachUse(snapshot, type, [&](const auto& table, int32_t column) { uses.push_back({table, column}); });
  return uses;
}

std::vector<std::shared_ptr<const catalog::Relation>> TypesOver(const catalog::Snapshot& snapshot,
                                                                const catalog::Relation& type) {
  std::vector<std::shared_ptr<const catalog::Relation>> over;
  catalog::ForEachTypeOver(snapshot, type, [&](const auto& each) { over.push_back(each); });
  return over;
}

std::vector<std::shared_ptr<const catalog::Relation>> FunctionsWith(const catalog::Snapshot& snapshot,
                                                                    const catalog::Relation& type) {
  std::vector<std::shared_ptr<const catalog::Relation>> functions;
  snapshot.ForEachFunction([&](const auto& function) {
    const auto& columns = function->schema->columns;
    if (std::any_of(columns.begin(), columns.end(), [&](const table::Column& column) {
          return snapshot.Mentions(column.type, type.id) || column.domain == type.id;
        })) {
      functions.push_back(function);
    }
  });
  return functions;
}

Status NoSuchLabel(std::string_view label) {
  return MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kInvalidParameter,
                   absl::StrCat("\"", label, "\" is not an existing enum label"));
}

Status LabelExists(std::string_view label) {
  return MakeError(absl::StatusCode::kAlreadyExists, sqlstate::kDuplicateObject,
                   absl::StrCat("enum label \"", label, "\" already exists"));
}

std::string What(const catalog::Relation& type) { return absl::StrCat("type ", type.name()); }

}  // namespace

Status CommandRunner::AlterType(const sql::AlterTypeCommand& command) {
  const auto type = connection_.VisibleCatalog()->RelationOf(command.type->id);
  catalog::SchemaChanges& changes = connection_.SchemaChangesOf(type->id);
  switch (command.kind) {
    case Kind::kAddValue:
      return AddLabel(*type, command, changes);
    case Kind::kRenameValue:
      return RenameLabel(*type, command, changes);
    case Kind::kRename:
      return changes.RenameTable(*type, command.new_value);
    case Kind::kMoveToSchema:
      return changes.MoveToSchema(*type, command.new_value);
    case Kind::kEditDomain:
      return EditDomain(*type, command, changes);
    case Kind::kEditComposite:
      return EditComposite(*type, command, changes);
  }
  return absl::OkStatus();
}

Status CommandRunner::AddLabel(const catalog::Relation& type, const sql::AlterTypeCommand& command,
                               catalog::SchemaChanges& changes) {
  if (catalog::FindLabel(type, command.new_value) >= 0) {
    return command.if_not_exists ? absl::OkStatus() : LabelExists(command.new_value);
  }
  std::vector<catalog::EnumLabel> labels = type.labels;
  size_t place = labels.size();
  if (command.beside) {
    const int32_t neighbour = catalog::FindLabel(type, command.value);
    if (neighbour < 0) return NoSuchLabel(command.value);
    place = static_cast<size_t>(neighbour) + (command.before ? 0 : 1);
  }
  const std::string_view low = place == 0 ? std::string_view() : std::string_view(labels[place - 1].order);
  const std::string_view high = place == labels.size() ? std::string_view() : std::string_view(labels[place].order);
  labels.insert(labels.begin() + static_cast<ptrdiff_t>(place), {vec::OrderBetween(low, high), command.new_value});
  return changes.ReplaceLabels(type, std::move(labels));
}

// Values carry their labels, so rows that have the old one get another: while both are there, rows go from one to the other.
Status CommandRunner::RenameLabel(const catalog::Relation& type, const sql::AlterTypeCommand& command,
                                  catalog::SchemaChanges& changes) {
  const int32_t found = catalog::FindLabel(type, command.value);
  if (found < 0) return NoSuchLabel(command.value);
  if (catalog::FindLabel(type, command.new_value) >= 0) return LabelExists(command.new_value);
  const std::vector<Use> uses = UsesOf(*connection_.VisibleCatalog(), type);
  // Rows that have the label inside a struct are not written anew.
  for (const auto& over : TypesOver(*connection_.VisibleCatalog(), type)) {
    if (over->kind == catalog::RelationKind::kComposite) {
      return base::UnsupportedError(
          absl::StrCat("renaming a label of a type that type ", over->name(), " has an attribute of"));
    }
  }
  for (const Use& use : uses) {
    if (use.definition().type.enum_id() != type.id && use.definition().domain != type.id) {
      return base::UnsupportedError(absl::StrCat("renaming a label that column ", use.definition().name, " of table ",
                                                 use.table->name(), " has in a struct"));
    }
  }
  const std::string old_text = Literal(command.value);
  for (const Use& use : uses) {
    const table::TableSchema& schema = *use.table->schema;
    const auto names = [&](const std::string& sql) { return sql.find(old_text) != std::string::npos; };
    bool named = std::any_of(schema.columns.begin(), schema.columns.end(), [&](const auto& c) { return names(c.default_sql); });
    named |= std::any_of(schema.checks.begin(), schema.checks.end(), [&](const auto& check) { return names(check.sql); });
    for (const table::IndexSchema& index : schema.indexes) {
      named |= names(index.predicate_sql);
      for (const table::IndexPart& part : index.parts) named |= names(part.expression_sql);
    }
    if (named) {
      return base::WithHint(
          base::UnsupportedError(absl::StrCat("renaming a label that a default, a constraint or an index of table ",
                                              use.table->name(), " names is not supported")),
          "Drop what names it, rename the label, and make it again.");
    }
    TURDB_RETURN_IF_ERROR(connection_.LockTable(use.table->id, txn::TableLockMode::kExclusive));
  }
  std::vector<catalog::EnumLabel> both = type.labels;
  const auto place = static_cast<size_t>(found);
  const std::string_view next = place + 1 < both.size() ? std::string_view(both[place + 1].order) : std::string_view();
  both.insert(both.begin() + found + 1, {vec::OrderBetween(both[place].order, next), command.new_value});
  std::vector<catalog::EnumLabel> without = both;
  without.erase(without.begin() + found);
  TURDB_RETURN_IF_ERROR(changes.ReplaceLabels(type, std::move(both)));
  for (const Use& use : uses) {
    const table::Column& column = use.definition();
    if (column.generation == table::Generation::kStored) continue;
    const std::string name = QuoteName(column.name), from = absl::StrCat(old_text, "::", NameOf(type)),
                      to = absl::StrCat(Literal(command.new_value), "::", NameOf(type));
    const std::string sql =
        column.type.id == vec::TypeId::kArray
            ? absl::StrCat("UPDATE ", NameOf(*use.table), " SET ", name, " = array_replace(", name, ", ", from, ", ", to,
                           ") WHERE ", from, " = ANY (", name, ")")
            : absl::StrCat("UPDATE ", NameOf(*use.table), " SET ", name, " = ", to, " WHERE ", name, " = ", from);
    if (use.table->is_materialized_view()) connection_.fills_view_ = use.table->id;
    const Status status = RunText(sql).status();
    connection_.fills_view_ = base::kNoFile;
    TURDB_RETURN_IF_ERROR(status);
  }
  TURDB_RETURN_IF_ERROR(changes.ReplaceLabels(*connection_.VisibleCatalog()->RelationOf(type.id), std::move(without)));
  // Plans hold labels as constants: all that read such a column are made anew.
  for (const Use& use : uses) {
    const auto now = connection_.VisibleCatalog()->RelationOf(use.table->id);
    TURDB_RETURN_IF_ERROR(connection_.SchemaChangesOf(now->id).ReplaceTable(*now, *now->schema));
  }
  return absl::OkStatus();
}

Status CommandRunner::EditDomain(const catalog::Relation& domain, const sql::AlterTypeCommand& command,
                                 catalog::SchemaChanges& changes) {
  TURDB_RETURN_IF_ERROR(changes.ReplaceDomain(domain, command.domain));
  return command.check ? CheckUsesOf(domain) : absl::OkStatus();
}

// Rows that have the type would have to be written anew.
Status CommandRunner::EditComposite(const catalog::Relation& type, const sql::AlterTypeCommand& command,
                                    catalog::SchemaChanges& changes) {
  const auto snapshot = connection_.VisibleCatalog();
  const auto used = [&](std::string_view what) {
    return base::UnsupportedError(absl::StrCat("cannot alter type \"", type.name(), "\" because ", what, " uses it"));
  };
  if (command.check) {
    for (const Use& use : UsesOf(*snapshot, type)) {
      return used(absl::StrCat("column \"", use.table->name(), ".", use.definition().name, "\""));
    }
    for (const auto& over : TypesOver(*snapshot, type)) return used(absl::StrCat("type \"", over->name(), "\""));
    for (const auto& function : FunctionsWith(*snapshot, type)) return used(absl::StrCat("function ", function->name()));
  }
  return changes.ReplaceDomain(type, command.domain);
}

// The values that are there, also of domains over it, must pass.
Status CommandRunner::CheckUsesOf(const catalog::Relation& domain) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = connection_.VisibleCatalog();
  for (const Use& use : UsesOf(*snapshot, domain)) {
    TURDB_RETURN_IF_ERROR(connection_.LockTable(use.table->id, txn::TableLockMode::kExclusive));
    const std::string column = use.definition().name;
    const bool elements =
        use.definition().type.id == vec::TypeId::kArray && domain.schema->columns[0].type.id != vec::TypeId::kArray;
    const Status status = RunText(absl::StrCat("SELECT count(CAST(", QuoteName(column), " AS ", NameOf(domain),
                                               elements ? "[]" : "", ")) FROM ", NameOf(*use.table)))
                              .status();
    const base::SqlState state = base::GetSqlState(status);
    const bool null = state == sqlstate::kNotNullViolation;
    if (null || state == sqlstate::kCheckViolation) {
      return MakeError(absl::StatusCode::kInvalidArgument, state,
                       absl::StrCat("column \"", column, "\" of table \"", use.table->name(), "\" contains ",
                                    null ? "null values" : "values that violate the new constraint"));
    }
    TURDB_RETURN_IF_ERROR(status);
  }
  for (const auto& over : TypesOver(*snapshot, domain)) TURDB_RETURN_IF_ERROR(CheckUsesOf(*over));
  return absl::OkStatus();
}

Status CommandRunner::DropType(const std::string& schema, const std::string& name, bool cascade) {
  const auto type = connection_.VisibleCatalog()->FindType(schema, name, {});
  if (type == nullptr) {  // gone with another one of the same statement
    return absl::OkStatus();
  }
  const auto depends = [&](std::string_view what) {
    const Status status = MakeError(absl::StatusCode::kFailedPrecondition, sqlstate::kDependentObjects,
                                    absl::StrCat("cannot drop ", What(*type), " because other objects depend on it"));
    return base::WithHint(base::WithFrame(status, absl::StrCat(what, " depends on ", What(*type))),
                          "Use DROP ... CASCADE to drop the dependent objects too.");
  };
  for (const auto& over : TypesOver(*connection_.VisibleCatalog(), *type)) {
    if (!cascade) return depends(What(*over));
    if (over->kind == catalog::RelationKind::kComposite) {  // its other attributes would go, too
      return base::UnsupportedError(absl::StrCat("dropping ", What(*type), ", which ", What(*over),
                                                 " has an attribute of, is not supported with CASCADE"));
    }
    TURDB_RETURN_IF_ERROR(DropType(over->schema_name(), over->name(), true));
  }
  for (const auto& function : FunctionsWith(*connection_.VisibleCatalog(), *type)) {
    if (!cascade) return depends(absl::StrCat("function ", function->name()));
    TURDB_RETURN_IF_ERROR(DropFunction(function->id, true));
  }
  for (const Use& use : UsesOf(*connection_.VisibleCatalog(), *type)) {
    const std::string& column = use.definition().name;
    if (!cascade) return depends(absl::StrCat("column ", column, " of table ", use.table->name()));
    TURDB_RETURN_IF_ERROR(
        RunText(absl::StrCat("ALTER TABLE ", NameOf(*use.table), " DROP COLUMN ", QuoteName(column), " CASCADE")).status());
  }
  return connection_.SchemaChangesOf(type->id).DropType(*type);
}

// Nobody drops the types of a table that is being made or changed.
Status CommandRunner::KeepTypesOf(const table::TableSchema& schema) {
  for (const table::Column& column : schema.columns) {
    std::vector<catalog::ObjectId> ids = {column.domain};
    connection_.VisibleCatalog()->ForEachTypeIn(column.type, [&](catalog::ObjectId id) { ids.push_back(id); });
    for (const catalog::ObjectId id : ids) {
      if (id == base::kNoFile) continue;
      const auto type = connection_.VisibleCatalog()->RelationOf(id);
      if (type == nullptr || !type->is_type()) continue;
      TURDB_RETURN_IF_ERROR(connection_.LockTable(id, txn::TableLockMode::kShare));
      TURDB_RETURN_IF_ERROR(connection_.DatabaseOf(id).catalog().CheckStillCurrent(*type));
    }
  }
  return absl::OkStatus();
}

}  // namespace turdb::engine
