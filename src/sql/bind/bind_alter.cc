#include "sql/bind/alter_binder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace turdb::sql {

using ast::AlterAction;
using base::MakeError;
using base::Status;
using base::StatusOr;
using table::TableSchema;
namespace sqlstate = base::sqlstate;

AlterBinder::AlterBinder(Binder& binder, std::shared_ptr<const catalog::Relation> relation)
    : b_(binder), relation_(std::move(relation)), schema_(*relation_->schema) {
  table_ = absl::StrCat(Quoted(schema_.schema_name), ".", Quoted(schema_.name));
  b_.OpenRow(schema_, &row_);
}

Status AlterBinder::Bind(const ast::AlterItem& item) {
  switch (item.action) {
    case AlterAction::kRenameTable:
      return RenameTable(item);
    case AlterAction::kSetSchema:
      if (table::IsTemporary(relation_->id) || b_.IsTemporarySchema(item.new_name.text)) {
        return b_.Error(sqlstate::kFeatureNotSupported, "cannot move objects into or out of temporary schemas", item.offset);
      }
      Add(AlterStep::Kind::kMoveToSchema).new_name = std::string(item.new_name.text);
      return absl::OkStatus();
    default:
      break;
  }
  if (item.action == AlterAction::kEnableTrigger || item.action == AlterAction::kDisableTrigger) return SetTrigger(item);
  if (relation_->kind != catalog::RelationKind::kTable) return b_.Unsupported("this ALTER of what is no table", item.offset);
  if (relation_->is_materialized_view() && item.action != AlterAction::kRenameColumn) {
    return b_.Error(base::SqlState{"42809"},
                    absl::StrCat("this ALTER action cannot be performed on materialized view \"", schema_.name, "\""),
                    item.offset);
  }
  switch (item.action) {
    case AlterAction::kAddColumn:
      return AddColumn(item);
    case AlterAction::kAddConstraint:
      return AddConstraint(*item.constraint);
    case AlterAction::kDropConstraint:
      return DropConstraint(item);
    case AlterAction::kRenameConstraint:
      return RenameConstraint(item);
    case AlterAction::kOther:
      return b_.Unsupported("this ALTER TABLE", item.offset);
    default:
      break;
  }
  column_ = catalog::FindColumn(schema_, item.name.text);
  if (column_ < 0) {
    if (item.action == AlterAction::kDropColumn && item.if_exists) return absl::OkStatus();
    return b_.TargetColumn(item.name, *relation_).status();
  }
  switch (item.action) {
    case AlterAction::kRenameColumn:
      return RenameColumn(item);
    case AlterAction::kDropColumn:
      return DropColumn(item);
    case AlterAction::kSetDefault:
    case AlterAction::kDropDefault:
      return SetDefault(item);
    case AlterAction::kSetNotNull:
      if (Column().not_null) return absl::OkStatus();
      RequireNoNulls(Column().name);
      SetNotNull(Column().name, true);
      return absl::OkStatus();
    case AlterAction::kDropNotNull:
      return DropNotNull(item);
    case AlterAction::kAddIdentity:
    case AlterAction::kSetIdentity:
    case AlterAction::kDropIdentity:
      return AlterIdentity(item);
    default:
      return SetType(item);
  }
}

AlterStep& AlterBinder::Add(Kind kind) {
  steps_.emplace_back();
  steps_.back().kind = kind;
  return steps_.back();
}

void AlterBinder::Refuse(std::string condition, Status refusal) {
  AlterStep& step = Add(Kind::kRefuse);
  step.sql = absl::StrCat("SELECT 1 FROM ", table_, condition.empty() ? "" : " WHERE ", condition, " LIMIT 1");
  step.refusal = std::move(refusal);
}

void AlterBinder::RequireNoNulls(const std::string& column) {
  Refuse(absl::StrCat(Quoted(column), " IS NULL"),
         MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kNotNullViolation,
                   absl::StrCat("column \"", column, "\" of relation \"", schema_.name, "\" contains null values")));
}

void AlterBinder::RequireCheck(const table::CheckConstraint& check) {
  Refuse(absl::StrCat("NOT (", check.sql, ")"), MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kCheckViolation,
                                                          absl::StrCat("check constraint \"", check.name, "\" of relation \"",
                                                                       schema_.name, "\" is violated by some row")));
}

void AlterBinder::SetNotNull(const std::string& column, bool not_null) {
  Edit([column, not_null](TableSchema& schema) {
    schema.columns[static_cast<size_t>(schema.FindColumn(column))].not_null = not_null;
    return absl::OkStatus();
  });
}

StatusOr<bool> AlterBinder::Names(std::string_view text, int32_t column) {
  if (text.empty()) return false;
  TURDB_ASSIGN_OR_RETURN(const Expr* bound, b_.BindStored(text, &row_, "a stored expression"));
  ColumnSet set(b_.columns_.size());
  b_.AddColumns(bound, &set);
  return static_cast<bool>(set[static_cast<size_t>(RowId(column))]);
}

StatusOr<bool> AlterBinder::IndexNames(const table::IndexSchema& index, int32_t column, bool* in_expression) {
  *in_expression = false;
  TURDB_ASSIGN_OR_RETURN(bool names, Names(index.predicate_sql, column));
  names |= NamesColumn(index.included, column);
  for (const table::IndexPart& part : index.parts) {
    names |= part.column == column;
    if (part.column >= 0) continue;
    TURDB_ASSIGN_OR_RETURN(const bool in, Names(part.expression_sql, column));
    names |= in;
    *in_expression |= in;
  }
  return names;
}

bool AlterBinder::NamesColumn(const std::vector<int32_t>& columns, int32_t column) {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

bool AlterBinder::IsKeyPart(int32_t column) const {
  return std::any_of(schema_.primary_key.begin(), schema_.primary_key.end(),
                     [&](const table::IndexPart& part) { return part.column == column; });
}

std::vector<AlterBinder::ViewReferences> AlterBinder::Views() {
  std::vector<ViewReferences> found;
  b_.context_.catalog->ForEachRelation([&](const std::shared_ptr<const catalog::Relation>& view) {
    if (view->view_sql.empty() || view->id == relation_->id) return;
    std::vector<NameReference> references;
    b_.references_ = &references;
    ast::NamedTable ref;
    ref.kind = ast::TableRefKind::kNamed;
    const bool binds = b_.BindView(view, ref).ok();
    b_.references_ = nullptr;
    std::erase_if(references, [&](const NameReference& reference) { return reference.relation != relation_.get(); });
    if (binds && !references.empty()) found.push_back({view, std::move(references)});
  });
  return found;
}

bool AlterBinder::IsColumn(const NameReference& reference, int32_t column) const {
  if (reference.id < 0 || reference.column >= 0) return reference.column == column;
  return b_.columns_[static_cast<size_t>(reference.id)].origin_column == column;
}

StatusOr<Command> Binder::BindAlter(const ast::AlterTable& alter) {
  AlterTableCommand command;
  TURDB_ASSIGN_OR_RETURN(const RelationName name, SplitName(alter.table));
  const bool is_index = alter.object == ast::ObjectKind::kIndex;
  const auto index = is_index ? context_.catalog->FindIndex(name.schema, name.name, search_path_) : catalog::IndexRef();
  const bool exists =
      is_index ? index.relation != nullptr : context_.catalog->FindRelation(name.schema, name.name, search_path_) != nullptr;
  if (alter.if_exists && !exists) {
    return Command(NoOperation{absl::StrCat("relation \"", name.name, "\" does not exist, skipping")});
  }
  if (is_index) {
    auto found = context_.catalog->GetIndex(name.schema, name.name, search_path_);
    if (!found.ok()) return At(found.status(), alter.table.offset());
    if (alter.actions.size() != 1 || alter.actions[0].action != AlterAction::kRenameTable) {
      return Unsupported("this ALTER INDEX", alter.offset);
    }
    const TableSchema& schema = *found->relation->schema;
    AlterStep step;
    step.kind = AlterStep::Kind::kRenameIndex;
    step.name = found->index < 0 ? schema.primary_key_name : schema.indexes[static_cast<size_t>(found->index)].name;
    step.new_name = std::string(alter.actions[0].new_name.text);
    command.relation = found->relation;
    command.steps.push_back(std::move(step));
    return Command(std::move(command));
  }
  TURDB_ASSIGN_OR_RETURN(command.relation, FindRelation(alter.table));
  const bool is_view = command.relation->kind == catalog::RelationKind::kView;
  if (alter.object == ast::ObjectKind::kMaterializedView && !command.relation->is_materialized_view()) {
    return Error(base::SqlState{"42809"}, absl::StrCat("\"", name.name, "\" is not a materialized view"), alter.table.offset());
  }
  if (alter.object == ast::ObjectKind::kSequence && command.relation->kind != catalog::RelationKind::kSequence) {
    return Error(base::SqlState{"42809"}, absl::StrCat("\"", name.name, "\" is not a sequence"), alter.table.offset());
  }
  if (command.relation->kind == catalog::RelationKind::kSystemView || (alter.object == ast::ObjectKind::kView && !is_view)) {
    return Error(base::SqlState{"42809"},
                 absl::StrCat("\"", name.name, "\" is not a ", alter.object == ast::ObjectKind::kView ? "view" : "table"),
                 alter.table.offset());
  }
  if (alter.actions.size() > 1) {
    const std::string head =
        absl::StrCat("ALTER TABLE ", Quoted(command.relation->schema_name()), ".", Quoted(command.relation->name()), " ");
    for (const ast::AlterItem& item : alter.actions) {
      if (item.action == AlterAction::kOther) return Unsupported("this ALTER TABLE", item.offset);
      command.parts.push_back(absl::StrCat(head, item.text));
    }
    return Command(std::move(command));
  }
  AlterBinder binder(*this, command.relation);
  TURDB_RETURN_IF_ERROR(binder.Bind(alter.actions[0]));
  command.steps = binder.TakeSteps();
  command.read = binder.TakeRead();
  return Command(std::move(command));
}

}  // namespace turdb::sql
