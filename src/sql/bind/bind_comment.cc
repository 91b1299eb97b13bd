// COMMENT ON: an edit of the definition that keeps the comment.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using ast::ObjectKind;
using base::Status;
using base::StatusOr;
using table::TableSchema;
namespace sqlstate = base::sqlstate;

namespace {

using Edit = std::function<Status(TableSchema&)>;

// Which kinds of relation an object kind of the statement means.
bool Fits(ObjectKind object, const catalog::Relation& relation) {
  switch (object) {
    case ObjectKind::kTable:
      return relation.kind == catalog::RelationKind::kTable && !relation.is_materialized_view();
    case ObjectKind::kView:
      return relation.kind == catalog::RelationKind::kView;
    case ObjectKind::kMaterializedView:
      return relation.is_materialized_view();
    default:
      return relation.kind == catalog::RelationKind::kSequence;
  }
}

// Null when the table has no such constraint.
Edit ConstraintEdit(const TableSchema& schema, const std::string& name, const std::string& text) {
  const auto named = [&](const auto& constraint) { return constraint.name == name; };
  if (!schema.primary_key.empty() && schema.primary_key_name == name) {
    return [text](TableSchema& changed) {
      changed.primary_key_comment = text;
      return absl::OkStatus();
    };
  }
  const bool unique = std::any_of(schema.indexes.begin(), schema.indexes.end(),
                                  [&](const table::IndexSchema& index) { return index.is_constraint && index.name == name; });
  const bool check = std::any_of(schema.checks.begin(), schema.checks.end(), named);
  const bool key = std::any_of(schema.foreign_keys.begin(), schema.foreign_keys.end(), named);
  if (!unique && !check && !key) return nullptr;
  return [name, text](TableSchema& changed) {
    const auto set = [&](auto& constraints) {
      for (auto& constraint : constraints) {
        if (constraint.name == name) constraint.comment = text;
      }
    };
    set(changed.indexes);
    set(changed.checks);
    set(changed.foreign_keys);
    return absl::OkStatus();
  };
}

Command Editing(std::shared_ptr<const catalog::Relation> relation, Edit edit) {
  AlterTableCommand command;
  command.relation = std::move(relation);
  command.steps.emplace_back();
  command.steps.back().kind = AlterStep::Kind::kEdit;
  command.steps.back().edit = std::move(edit);
  return Command(std::move(command));
}

}  // namespace

StatusOr<Command> Binder::BindComment(const ast::Comment& comment) {
  const std::string text(comment.is_null ? "" : comment.text);
  const std::string name(comment.name.empty() ? std::string_view() : comment.name.last().text);
  if (comment.object_words == "column") {
    if (comment.name.parts.size() < 2) {
      return Error(sqlstate::kSyntaxError, "column name must be qualified", comment.name.offset());
    }
    ast::QualifiedName table;
    table.parts = comment.name.parts.subspan(0, comment.name.parts.size() - 1);
    TURDB_ASSIGN_OR_RETURN(const auto relation, FindRelation(table));
    TURDB_ASSIGN_OR_RETURN(const int32_t column, TargetColumn(comment.name.last(), *relation));
    return Editing(relation, [column, text](TableSchema& changed) {
      changed.columns[static_cast<size_t>(column)].comment = text;
      return absl::OkStatus();
    });
  }
  if (comment.object_words == "constraint") {
    TURDB_ASSIGN_OR_RETURN(const auto relation, FindTable(comment.on_table));
    Edit edit = ConstraintEdit(*relation->schema, name, text);
    if (edit == nullptr) {
      return Error(sqlstate::kUndefinedObject,
                   absl::StrCat("constraint \"", name, "\" for table \"", relation->name(), "\" does not exist"),
                   comment.name.offset());
    }
    return Editing(relation, std::move(edit));
  }
  switch (comment.object) {
    case ObjectKind::kTable:
    case ObjectKind::kView:
    case ObjectKind::kMaterializedView:
    case ObjectKind::kSequence: {
      TURDB_ASSIGN_OR_RETURN(const auto relation, FindRelation(comment.name));
      if (!Fits(comment.object, *relation)) {
        return Error(base::SqlState{"42809"}, absl::StrCat("\"", name, "\" is not a ", comment.object_words),
                     comment.name.offset());
      }
      return Editing(relation, [text](TableSchema& changed) {
        changed.comment = text;
        return absl::OkStatus();
      });
    }
    case ObjectKind::kIndex: {
      TURDB_ASSIGN_OR_RETURN(const RelationName split, SplitName(comment.name));
      auto index = context_.catalog->GetIndex(split.schema, split.name, search_path_);
      if (!index.ok()) return At(index.status(), comment.name.offset());
      const int32_t position = index->index;
      return Editing(index->relation, [position, text](TableSchema& changed) {
        std::string& kept = position < 0 ? changed.primary_key_comment : changed.indexes[static_cast<size_t>(position)].comment;
        kept = text;
        return absl::OkStatus();
      });
    }
    case ObjectKind::kTrigger: {
      TURDB_ASSIGN_OR_RETURN(const auto relation, FindRelation(comment.on_table));
      const auto& triggers = relation->schema->triggers;
      const auto found = std::find_if(triggers.begin(), triggers.end(), [&](const auto& t) { return t.name == name; });
      if (found == triggers.end()) {
        return Error(sqlstate::kUndefinedObject,
                     absl::StrCat("trigger \"", name, "\" for table \"", relation->name(), "\" does not exist"),
                     comment.name.offset());
      }
      const auto place = static_cast<size_t>(found - triggers.begin());
      return Editing(relation, [place, text](TableSchema& changed) {
        changed.triggers[place].comment = text;
        return absl::OkStatus();
      });
    }
    case ObjectKind::kType:
    case ObjectKind::kDomain: {
      AlterTypeCommand command;
      TURDB_ASSIGN_OR_RETURN(command.type, FindUserType(comment.name, comment.object == ObjectKind::kDomain));
      command.kind = AlterTypeCommand::Kind::kEditDomain;
      command.domain = *command.type->schema;
      command.domain.comment = text;
      return Command(std::move(command));
    }
    case ObjectKind::kFunction:
    case ObjectKind::kMacro: {
      AlterTypeCommand command;
      TURDB_ASSIGN_OR_RETURN(command.type, FindFunction(comment.function, comment.object == ObjectKind::kMacro));
      command.kind = AlterTypeCommand::Kind::kEditDomain;
      command.domain = *command.type->schema;
      command.domain.comment = text;
      return Command(std::move(command));
    }
    case ObjectKind::kSchema:
      if (context_.catalog->FindSchema(name) == nullptr) {
        return Error(sqlstate::kUndefinedSchema, absl::StrCat("schema \"", name, "\" does not exist"), comment.name.offset());
      }
      return Command(CommentSchemaCommand{name, text});
    case ObjectKind::kExtension:
      return Command(NoOperation{"comments on extensions are not kept"});
    default:
      return Unsupported(absl::StrCat("COMMENT ON ", absl::AsciiStrToUpper(comment.object_words)), comment.offset);
  }
}

}  // namespace turdb::sql
