#include "sql/bind/alter_binder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
using table::TableSchema;

namespace {

// Of the name that begins at `offset`, quotes included.
int32_t NameLength(std::string_view text, int32_t offset) {
  size_t i = static_cast<size_t>(offset);
  const char open = text[i];
  if (open == '"' || open == '`') {
    for (++i; i < text.size(); ++i) {
      if (text[i] != open) continue;
      if (i + 1 == text.size() || text[i + 1] != open) break;
      ++i;
    }
    return static_cast<int32_t>(std::min(i + 1, text.size())) - offset;
  }
  const auto in_name = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' || (c & 0x80) != 0;
  };
  while (i < text.size() && in_name(text[i])) ++i;
  return static_cast<int32_t>(i) - offset;
}

}  // namespace

// The name that begins at `offset`.
TextEdit AlterBinder::Replacing(std::string_view text, int32_t offset, std::string by) {
  return {offset, NameLength(text, offset), std::move(by)};
}

void AlterBinder::RewriteView(const catalog::Relation& view, std::vector<TextEdit> edits, std::string_view what) {
  AlterStep& step = Add(Kind::kSetViewText);
  step.other = view.id;
  step.sql = Edited(view.view_sql, std::move(edits));
  rewritten_.push_back(&view);
  what_ = std::string(what);
}

void AlterBinder::ProbeViews() {
  for (const catalog::Relation* view : rewritten_) {
    AlterStep& probe = Add(Kind::kProbe);
    probe.sql = absl::StrCat("SELECT * FROM ", Quoted(view->schema_name()), ".", Quoted(view->name()));
    probe.refusal =
        base::UnsupportedError(absl::StrCat(what_, ", which view \"", view->name(), "\" names in a way that cannot follow"));
  }
}

Status AlterBinder::RenameTable(const ast::AlterItem& item) {
  TURDB_RETURN_IF_ERROR(UnqualifyTexts());
  Add(Kind::kRenameRelation).new_name = std::string(item.new_name.text);
  for (const ViewReferences& dependent : Views()) {
    std::vector<TextEdit> edits;
    for (const NameReference& reference : dependent.references) {
      if (reference.id >= 0) continue;
      const std::string alias = reference.bare ? absl::StrCat(" AS ", Quoted(schema_.name)) : "";
      edits.push_back(Replacing(dependent.view->view_sql, reference.offset, absl::StrCat(Quoted(item.new_name.text), alias)));
    }
    RewriteView(*dependent.view, std::move(edits), "renaming a table");
  }
  RewriteTriggers(std::string(item.new_name.text), false);
  ProbeViews();
  return absl::OkStatus();
}

StatusOr<std::string> AlterBinder::EditedText(const std::string& text, MakeEdit edit) {
  if (text.empty()) return text;
  std::vector<NameReference> references;
  b_.references_ = &references;
  const auto bound = b_.BindStored(text, &row_, "a stored expression");
  b_.references_ = nullptr;
  if (!bound.ok()) return bound.status();
  std::vector<TextEdit> edits;
  for (const NameReference& reference : references) edit(text, reference, &edits);
  return Edited(text, std::move(edits));
}

StatusOr<TableSchema> AlterBinder::WithEditedTexts(TableSchema schema, MakeEdit edit) {
  for (table::CheckConstraint& check : schema.checks) {
    TURDB_ASSIGN_OR_RETURN(check.sql, EditedText(check.sql, edit));
  }
  for (table::Column& column : schema.columns) {
    if (column.generation != table::Generation::kStored) continue;
    TURDB_ASSIGN_OR_RETURN(column.default_sql, EditedText(column.default_sql, edit));
  }
  for (table::IndexSchema& index : schema.indexes) {
    TURDB_ASSIGN_OR_RETURN(index.predicate_sql, EditedText(index.predicate_sql, edit));
    for (table::IndexPart& part : index.parts) {
      TURDB_ASSIGN_OR_RETURN(part.expression_sql, EditedText(part.expression_sql, edit));
    }
  }
  return schema;
}

StatusOr<TableSchema> AlterBinder::Unqualified(TableSchema schema, bool* changed) {
  return WithEditedTexts(std::move(schema), [=](const std::string&, const NameReference& name, std::vector<TextEdit>* edits) {
    if (name.begin == name.offset) return;
    edits->push_back({name.begin, name.offset - name.begin, ""});
    *changed = true;
  });
}

Status AlterBinder::UnqualifyTexts() {
  if (relation_->kind != catalog::RelationKind::kTable) return absl::OkStatus();
  bool changed = false;
  TURDB_ASSIGN_OR_RETURN(const TableSchema schema, Unqualified(schema_, &changed));
  if (changed) EditTexts(schema);
  return absl::OkStatus();
}

void AlterBinder::EditTexts(const TableSchema& changed) {
  Edit([changed](TableSchema& schema) {
    schema.checks = changed.checks;
    schema.indexes = changed.indexes;
    for (size_t i = 0; i < schema.columns.size(); ++i) schema.columns[i].default_sql = changed.columns[i].default_sql;
    return absl::OkStatus();
  });
}

Status AlterBinder::RenameColumn(const ast::AlterItem& item) {
  const std::string new_name(item.new_name.text);
  TURDB_ASSIGN_OR_RETURN(
      const TableSchema changed,
      WithEditedTexts(schema_, [&](const std::string& text, const NameReference& reference, std::vector<TextEdit>* edits) {
        if (reference.id == RowId(column_)) edits->push_back(Replacing(text, reference.offset, Quoted(new_name)));
      }));
  AlterStep& rename = Add(Kind::kRenameColumn);
  rename.name = Column().name;
  rename.new_name = new_name;
  EditTexts(changed);
  for (const ViewReferences& dependent : Views()) {
    std::vector<TextEdit> edits;
    for (const NameReference& reference : dependent.references) {
      if (!IsColumn(reference, column_)) continue;
      const std::string alias = reference.bare ? absl::StrCat(" AS ", Quoted(Column().name)) : "";
      edits.push_back(Replacing(dependent.view->view_sql, reference.offset, absl::StrCat(Quoted(new_name), alias)));
    }
    RewriteView(*dependent.view, std::move(edits), "renaming a column");
  }
  RewriteTriggers(new_name, true);
  ProbeViews();
  return absl::OkStatus();
}

Status AlterBinder::RenameConstraint(const ast::AlterItem& item) {
  const std::string name(item.name.text);
  const std::string new_name(item.new_name.text);
  if (IsIndexName(name)) {
    AlterStep& step = Add(Kind::kRenameIndex);
    step.name = name;
    step.new_name = new_name;
    return absl::OkStatus();
  }
  if (!IsConstraintName(name)) return NoConstraint(item.name);
  if (IsConstraintName(new_name) || IsIndexName(new_name)) return ConstraintExists(new_name, item.new_name.offset);
  Edit([name, new_name](TableSchema& schema) {
    for (table::CheckConstraint& check : schema.checks) {
      if (check.name == name) check.name = new_name;
    }
    for (table::ForeignKey& key : schema.foreign_keys) {
      if (key.name == name) key.name = new_name;
    }
    return absl::OkStatus();
  });
  return absl::OkStatus();
}

}  // namespace turdb::sql
