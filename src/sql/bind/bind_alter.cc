// ALTER: what a change of a definition takes, as steps for the engine (compile.h).
//
// Texts that the catalog keeps name columns and tables. Where one is renamed they are bound once, noting where the name
// stands (NameReference), and written anew; where one goes, those that name it go with it or stand in its way.
#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/limits.h"
#include "function/registry.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using ast::AlterAction;
using ast::ConstraintKind;
using base::MakeError;
using base::Status;
using base::StatusOr;
using function::CastContext;
using table::TableSchema;
using vec::Type;
namespace sqlstate = base::sqlstate;

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

TextEdit Replacing(std::string_view text, int32_t offset, std::string by) {
  return {offset, NameLength(text, offset), std::move(by)};
}

bool NamesColumn(const std::vector<int32_t>& columns, int32_t column) {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

Status DependsOn(std::string_view what, std::string_view detail) {
  return base::WithHint(base::WithFrame(MakeError(absl::StatusCode::kFailedPrecondition, sqlstate::kDependentObjects,
                                                  absl::StrCat("cannot drop ", what, " because other objects depend on it")),
                                        detail),
                        "Use DROP ... CASCADE to drop the dependent objects too.");
}

}  // namespace

// One change of one relation. The binder's friend, for one call.
class AlterBinder {
 public:
  AlterBinder(Binder& binder, std::shared_ptr<const catalog::Relation> relation)
      : b_(binder), relation_(std::move(relation)), schema_(*relation_->schema) {
    table_ = absl::StrCat(Quoted(schema_.schema_name), ".", Quoted(schema_.name));
    b_.OpenRow(schema_, &row_);
  }

  Status Bind(const ast::AlterItem& item) {
    switch (item.action) {
      case AlterAction::kRenameTable:
        return RenameTable(item);
      case AlterAction::kSetSchema:
        Add(AlterStep::Kind::kMoveToSchema).new_name = std::string(item.new_name.text);
        return absl::OkStatus();
      default:
        break;
    }
    if (relation_->kind != catalog::RelationKind::kTable) return b_.Unsupported("this ALTER of a view", item.offset);
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
      default:
        return SetType(item);
    }
  }

  std::vector<AlterStep> TakeSteps() { return std::move(steps_); }
  std::vector<catalog::ObjectId> TakeRead() { return std::move(read_); }

 private:
  using Kind = AlterStep::Kind;

  AlterStep& Add(Kind kind) {
    steps_.emplace_back();
    steps_.back().kind = kind;
    return steps_.back();
  }
  void Edit(std::function<Status(TableSchema&)> edit) { Add(Kind::kEdit).edit = std::move(edit); }
  void Run(std::string sql) { Add(Kind::kRun).sql = std::move(sql); }
  void Refuse(std::string condition, Status refusal) {
    AlterStep& step = Add(Kind::kRefuse);
    step.sql = absl::StrCat("SELECT 1 FROM ", table_, condition.empty() ? "" : " WHERE ", condition, " LIMIT 1");
    step.refusal = std::move(refusal);
  }
  const table::Column& Column() const { return schema_.columns[static_cast<size_t>(column_)]; }

  void RequireNoNulls(const std::string& column) {
    Refuse(absl::StrCat(Quoted(column), " IS NULL"),
           MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kNotNullViolation,
                     absl::StrCat("column \"", column, "\" of relation \"", schema_.name, "\" contains null values")));
  }
  void RequireCheck(const table::CheckConstraint& check) {
    Refuse(absl::StrCat("NOT (", check.sql, ")"), MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kCheckViolation,
                                                            absl::StrCat("check constraint \"", check.name, "\" of relation \"",
                                                                         schema_.name, "\" is violated by some row")));
  }
  void SetNotNull(const std::string& column, bool not_null) {
    Edit([column, not_null](TableSchema& schema) {
      schema.columns[static_cast<size_t>(schema.FindColumn(column))].not_null = not_null;
      return absl::OkStatus();
    });
  }

  // ---- what names a column

  ColumnId RowId(int32_t column) const { return row_.relations[0].columns[static_cast<size_t>(column)].expr->index; }

  StatusOr<bool> Names(std::string_view text, int32_t column) {
    if (text.empty()) return false;
    TURDB_ASSIGN_OR_RETURN(const Expr* bound, b_.BindStored(text, &row_, "a stored expression"));
    ColumnSet set(b_.columns_.size());
    b_.AddColumns(bound, &set);
    return static_cast<bool>(set[static_cast<size_t>(RowId(column))]);
  }
  StatusOr<bool> IndexNames(const table::IndexSchema& index, int32_t column, bool* in_expression) {
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
  bool IsKeyPart(int32_t column) const {
    return std::any_of(schema_.primary_key.begin(), schema_.primary_key.end(),
                       [&](const table::IndexPart& part) { return part.column == column; });
  }

  struct ViewReferences {
    std::shared_ptr<const catalog::Relation> view;
    std::vector<NameReference> references;  // to the relation, and to its columns
  };
  // Views that name the relation; one whose text binds no more is nobody's dependent.
  std::vector<ViewReferences> Views() {
    std::vector<ViewReferences> found;
    b_.context_.catalog->ForEachRelation([&](const std::shared_ptr<const catalog::Relation>& view) {
      if (view->kind != catalog::RelationKind::kView || view->id == relation_->id) return;
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
  bool IsColumn(const NameReference& reference, int32_t column) const {
    if (reference.id < 0) return false;
    return b_.columns_[static_cast<size_t>(reference.id)].origin_column == column;
  }

  // The view gets a text with these changes, which must go on meaning something.
  void RewriteView(const catalog::Relation& view, std::vector<TextEdit> edits, std::string_view what) {
    AlterStep& step = Add(Kind::kSetViewText);
    step.other = view.id;
    step.sql = Edited(view.view_sql, std::move(edits));
    rewritten_.push_back(&view);
    what_ = std::string(what);
  }
  void ProbeViews() {
    for (const catalog::Relation* view : rewritten_) {
      AlterStep& probe = Add(Kind::kProbe);
      probe.sql = absl::StrCat("SELECT * FROM ", Quoted(view->schema_name()), ".", Quoted(view->name()));
      probe.refusal =
          base::UnsupportedError(absl::StrCat(what_, ", which view \"", view->name(), "\" names in a way that cannot follow"));
    }
  }

  // ---- renames

  Status RenameTable(const ast::AlterItem& item) {
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
    ProbeViews();
    return absl::OkStatus();
  }

  // The text with `edit` made of each name of a column.
  template <typename MakeEdit>
  StatusOr<std::string> EditedText(const std::string& text, const MakeEdit& edit) {
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
  // All texts of the table in which columns are named.
  template <typename MakeEdit>
  StatusOr<TableSchema> WithEditedTexts(TableSchema schema, const MakeEdit& edit) {
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
  // Without the table's name before its columns, so that it may be called otherwise.
  StatusOr<TableSchema> Unqualified(TableSchema schema, bool* changed) {
    return WithEditedTexts(std::move(schema), [=](const std::string&, const NameReference& name, std::vector<TextEdit>* edits) {
      if (name.begin == name.offset) return;
      edits->push_back({name.begin, name.offset - name.begin, ""});
      *changed = true;
    });
  }
  Status UnqualifyTexts() {
    if (relation_->kind != catalog::RelationKind::kTable) return absl::OkStatus();
    bool changed = false;
    TURDB_ASSIGN_OR_RETURN(const TableSchema schema, Unqualified(schema_, &changed));
    if (changed) EditTexts(schema);
    return absl::OkStatus();
  }
  void EditTexts(const TableSchema& changed) {
    Edit([changed](TableSchema& schema) {
      schema.checks = changed.checks;
      schema.indexes = changed.indexes;
      for (size_t i = 0; i < schema.columns.size(); ++i) schema.columns[i].default_sql = changed.columns[i].default_sql;
      return absl::OkStatus();
    });
  }

  Status RenameColumn(const ast::AlterItem& item) {
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
    ProbeViews();
    return absl::OkStatus();
  }

  Status RenameConstraint(const ast::AlterItem& item) {
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

  // ---- columns

  Status AddColumn(const ast::AlterItem& item) {
    const std::string name(item.name.text);
    if (schema_.FindColumn(name) >= 0) {
      if (item.if_exists) return absl::OkStatus();
      return b_.Error(sqlstate::kDuplicateColumn,
                      absl::StrCat("column \"", name, "\" of relation \"", schema_.name, "\" already exists"),
                      item.name.offset);
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
    table::Column column = with.columns.back();
    const bool numbered =
        column.generation == table::Generation::kIdentityByDefault || column.generation == table::Generation::kIdentityAlways;
    if (numbered) Refuse("", base::UnsupportedError("adding an identity column to a table that has rows is not supported"));
    vec::Value missing = vec::Value::Null(column.type);
    bool fill = column.generation == table::Generation::kStored;
    if (!fill && !column.default_sql.empty()) {
      // A constant is what old rows show without being touched.
      TURDB_ASSIGN_OR_RETURN(const Expr* value, b_.DefaultOf(with, static_cast<int32_t>(with.columns.size()) - 1));
      fill = value->kind != exec::ExpressionKind::kConstant;
      if (!fill) missing = *value->value;
    }
    const bool not_null = column.not_null && !numbered && (fill || missing.is_null());
    if (not_null) column.not_null = false;  // until every row has a value
    Edit([column, missing](TableSchema& schema) { return catalog::AddColumn(schema, column, missing); });
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

  Status DropColumn(const ast::AlterItem& item) {
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

  Status SetDefault(const ast::AlterItem& item) {
    const std::string name = Column().name;
    if (Column().generation != table::Generation::kNone) {
      return b_.Error(
          sqlstate::kSyntaxError,
          absl::StrCat("column \"", name, "\" of relation \"", schema_.name, "\" is ",
                       Column().generation == table::Generation::kStored ? "a generated column" : "an identity column"),
          item.offset);
    }
    std::string text(item.expr_text);
    if (item.action == AlterAction::kSetDefault) {
      Scope nothing;
      ExprContext context;
      context.scope = &nothing;
      context.clause = "DEFAULT";
      TURDB_ASSIGN_OR_RETURN(const Expr* value, b_.Bind(*item.expr, context));
      TURDB_RETURN_IF_ERROR(b_.AssignCasts(schema_, column_, &value));
    }
    Edit([name, text](TableSchema& schema) {
      schema.columns[static_cast<size_t>(schema.FindColumn(name))].default_sql = text;
      return absl::OkStatus();
    });
    return absl::OkStatus();
  }

  Status DropNotNull(const ast::AlterItem& item) {
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

  // The new values are written into a new place of each row, which then becomes the column's.
  Status SetType(const ast::AlterItem& item) {
    const table::Column& column = Column();
    const std::string name = column.name;
    TURDB_ASSIGN_OR_RETURN(const Type type, b_.BindType(*item.type));
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
      return base::WithHint(status, item.expr != nullptr ? std::string("You might need to add an explicit cast.")
                                                         : absl::StrCat("You might need to specify \"USING ", name,
                                                                        "::", type.ToString(), "\"."));
    }
    if (!column.default_sql.empty() && column.generation == table::Generation::kNone) {
      TURDB_ASSIGN_OR_RETURN(const Expr* bound, b_.BindStored(column.default_sql, nullptr, "a default"));
      if (!b_.Coerce(bound, type, CastContext::kAssignment).ok()) {
        return b_.Error(
            sqlstate::kDatatypeMismatch,
            absl::StrCat("default for column \"", name, "\" cannot be cast automatically to type ", type.ToString()),
            item.offset);
      }
    }
    if (type == column.type && item.expr == nullptr) return absl::OkStatus();
    std::vector<table::IndexSchema> indexes;  // are made anew over the new values
    for (const table::IndexSchema& index : schema_.indexes) {
      bool in_expression = false;
      TURDB_ASSIGN_OR_RETURN(const bool names, IndexNames(index, column_, &in_expression));
      if (in_expression) return b_.Unsupported("changing the type of a column that an index computes with", item.offset);
      if (!names) continue;
      Add(Kind::kDropIndex).name = index.name;
      indexes.push_back(index);
    }
    const std::string place = absl::StrCat(name, " as ", type.ToString());
    table::Column made;
    made.name = place;
    made.type = type;
    Edit([made](TableSchema& schema) { return catalog::AddColumn(schema, made, vec::Value::Null(made.type)); });
    Run(absl::StrCat("UPDATE ", table_, " SET ", Quoted(place), " = ", item.expr != nullptr ? item.expr_text : Quoted(name)));
    if (column.not_null) RequireNoNulls(place);
    Edit([name, place](TableSchema& schema) {
      table::Column& old = schema.columns[static_cast<size_t>(schema.FindColumn(name))];
      const int32_t last = schema.FindColumn(place);
      std::swap(old.type, schema.columns[static_cast<size_t>(last)].type);
      std::swap(old.stored, schema.columns[static_cast<size_t>(last)].stored);
      return catalog::DropColumn(schema, last);
    });
    for (const table::CheckConstraint& check : schema_.checks) {
      TURDB_ASSIGN_OR_RETURN(const bool names, Names(check.sql, column_));
      if (names) RequireCheck(check);
    }
    for (table::IndexSchema& index : indexes) Add(Kind::kAddIndex).index = std::move(index);
    return absl::OkStatus();
  }

  Status CheckTypeDependents(const ast::AlterItem& item) {
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
      referenced |=
          std::find(key.referenced_columns.begin(), key.referenced_columns.end(), name) != key.referenced_columns.end();
    });
    if (referenced) return b_.Unsupported("changing the type of a column that a foreign key refers to", item.offset);
    return absl::OkStatus();
  }

  // ---- constraints

  bool IsIndexName(std::string_view name) const {
    return (!schema_.primary_key.empty() && schema_.primary_key_name == name) ||
           std::any_of(schema_.indexes.begin(), schema_.indexes.end(),
                       [&](const table::IndexSchema& index) { return index.is_constraint && index.name == name; });
  }
  bool IsConstraintName(std::string_view name) const {
    const auto named = [&](const auto& constraint) { return constraint.name == name; };
    return std::any_of(schema_.checks.begin(), schema_.checks.end(), named) ||
           std::any_of(schema_.foreign_keys.begin(), schema_.foreign_keys.end(), named);
  }
  Status NoConstraint(const ast::Name& name) const {
    return b_.Error(sqlstate::kUndefinedObject,
                    absl::StrCat("constraint \"", name.text, "\" of relation \"", schema_.name, "\" does not exist"),
                    name.offset);
  }
  Status ConstraintExists(std::string_view name, int32_t offset) const {
    return b_.Error(sqlstate::kDuplicateObject,
                    absl::StrCat("constraint \"", name, "\" for relation \"", schema_.name, "\" already exists"), offset);
  }

  Status AddCheck(table::CheckConstraint check, std::string name, int32_t offset) {
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

  // Foreign keys that refer to the table in this way: in the way of dropping `what`, or dropped too.
  Status DropReferences(bool cascade, const std::string& what, std::string_view on,
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

  // `with`: the table as it is when the key is added.
  Status AddForeignKey(table::ForeignKey key, const TableSchema& with, int32_t offset) {
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
    for (AlterStep& step : b_.RequireReferences(schema_, key, names, *referenced->schema)) steps_.push_back(std::move(step));
    Edit([key](TableSchema& schema) {
      schema.foreign_keys.push_back(key);
      return absl::OkStatus();
    });
    return absl::OkStatus();
  }

  Status AddConstraint(const ast::Constraint& constraint) {
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

  // Rows lie in the order of their key: with another one they are written anew.
  Status Rebuild(TableSchema definition, int32_t offset) {
    std::vector<std::string> columns;
    for (const table::Column& column : schema_.columns) {
      if (column.generation == table::Generation::kStored) continue;
      if (column.generation != table::Generation::kNone) {
        return b_.Unsupported("changing the primary key of a table with an identity column", offset);
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
    step.sql = absl::StrCat("INSERT INTO ", Quoted(schema_.schema_name), ".", Quoted(definition.name), " (", list, ") SELECT ",
                            list, " FROM ", table_);
    step.indexes = std::move(definition.indexes);
    definition.indexes.clear();
    definition.stored.clear();
    step.definition = std::move(definition);
    return absl::OkStatus();
  }

  Status DropConstraint(const ast::AlterItem& item) {
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
        std::erase_if(without.foreign_keys, [&](const table::ForeignKey& key) {
          return key.referenced_table == relation_->id && loses_its_key(key);
        });
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

  Binder& b_;
  const std::shared_ptr<const catalog::Relation> relation_;
  const TableSchema& schema_;
  std::string table_;  // its name, for steps in SQL
  Scope row_;
  int32_t column_ = -1;
  std::vector<AlterStep> steps_;
  std::vector<catalog::ObjectId> read_;
  std::vector<const catalog::Relation*> rewritten_;
  std::string what_;
};

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
