// ALTER: what a change of a definition takes, as steps for the engine (compile.h).
//
// Texts that the catalog keeps name columns and tables. Where one is renamed they are bound once, noting where the name
// stands (NameReference), and written anew; where one goes, those that name it go with it or stand in its way.
#ifndef TURDB_SQL_BIND_ALTER_BINDER_H_
#define TURDB_SQL_BIND_ALTER_BINDER_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

// One change of one relation. The binder's friend, for one call.
class AlterBinder {
 public:
  AlterBinder(Binder& binder, std::shared_ptr<const catalog::Relation> relation);

  base::Status Bind(const ast::AlterItem& item);

  std::vector<AlterStep> TakeSteps() { return std::move(steps_); }
  std::vector<catalog::ObjectId> TakeRead() { return std::move(read_); }

 private:
  using Kind = AlterStep::Kind;

  AlterStep& Add(Kind kind);
  static TextEdit Replacing(std::string_view text, int32_t offset, std::string by);
  void Edit(std::function<base::Status(table::TableSchema&)> edit) { Add(Kind::kEdit).edit = std::move(edit); }
  void Run(std::string sql) { Add(Kind::kRun).sql = std::move(sql); }
  void Refuse(std::string condition, base::Status refusal);
  const table::Column& Column() const { return schema_.columns[static_cast<size_t>(column_)]; }

  void RequireNoNulls(const std::string& column);
  void RequireCheck(const table::CheckConstraint& check);
  void SetNotNull(const std::string& column, bool not_null);

  // ---- what names a column

  ColumnId RowId(int32_t column) const { return row_.relations[0].columns[static_cast<size_t>(column)].expr->index; }

  base::StatusOr<bool> Names(std::string_view text, int32_t column);
  base::StatusOr<bool> IndexNames(const table::IndexSchema& index, int32_t column, bool* in_expression);
  static bool NamesColumn(const std::vector<int32_t>& columns, int32_t column);
  bool IsKeyPart(int32_t column) const;

  struct ViewReferences {
    std::shared_ptr<const catalog::Relation> view;
    std::vector<NameReference> references;  // to the relation, and to its columns
  };
  // Views that name the relation; one whose text binds no more is nobody's dependent.
  std::vector<ViewReferences> Views();
  bool IsColumn(const NameReference& reference, int32_t column) const;

  // The view gets a text with these changes, which must go on meaning something.
  void RewriteView(const catalog::Relation& view, std::vector<TextEdit> edits, std::string_view what);
  void ProbeViews();

  // ---- triggers (bind_alter_trigger.cc)

  base::Status SetTrigger(const ast::AlterItem& item);
  struct TriggerReferences {
    std::shared_ptr<const catalog::Relation> relation;  // that has it
    const table::TriggerSchema* trigger;
    std::vector<NameReference> references;
  };
  // As Views.
  std::vector<TriggerReferences> Triggers();
  // The triggers that name the relation, or with `columns` its column, call it `new_name` afterwards.
  void RewriteTriggers(const std::string& new_name, bool columns);
  void ProbeTrigger(const catalog::Relation& relation, const table::TriggerSchema& trigger, const std::string& new_name,
                    bool columns);
  // Those that name the column: in the way of dropping it, or dropped too.
  base::Status DropTriggers(bool cascade, const std::string& what);

  // ---- renames

  base::Status RenameTable(const ast::AlterItem& item);

  using MakeEdit = absl::FunctionRef<void(const std::string&, const NameReference&, std::vector<TextEdit>*)>;
  // The text with `edit` made of each name of a column.
  base::StatusOr<std::string> EditedText(const std::string& text, MakeEdit edit);
  // All texts of the table in which columns are named.
  base::StatusOr<table::TableSchema> WithEditedTexts(table::TableSchema schema, MakeEdit edit);
  // Without the table's name before its columns, so that it may be called otherwise.
  base::StatusOr<table::TableSchema> Unqualified(table::TableSchema schema, bool* changed);
  base::Status UnqualifyTexts();
  void EditTexts(const table::TableSchema& changed);

  base::Status RenameColumn(const ast::AlterItem& item);

  base::Status RenameConstraint(const ast::AlterItem& item);

  // ---- columns

  base::Status AddColumn(const ast::AlterItem& item);

  base::Status DropColumn(const ast::AlterItem& item);

  base::Status SetDefault(const ast::AlterItem& item);

  base::Status DropNotNull(const ast::AlterItem& item);

  // The new values are written into a new place of each row, which then becomes the column's.
  base::Status SetType(const ast::AlterItem& item);

  base::Status CheckTypeDependents(const ast::AlterItem& item);

  // ---- identity (bind_alter_identity.cc)

  base::Status AlterIdentity(const ast::AlterItem& item);
  base::Status AddSequence(const std::string& column, catalog::NewTable::ColumnSequence sequence);
  void SetGeneration(const std::string& column, table::Generation generation);

  // ---- constraints

  bool IsIndexName(std::string_view name) const;
  bool IsConstraintName(std::string_view name) const;
  base::Status NoConstraint(const ast::Name& name) const;
  base::Status ConstraintExists(std::string_view name, int32_t offset) const;

  base::Status AddCheck(table::CheckConstraint check, std::string name, int32_t offset);

  static base::Status DependsOn(std::string_view what, std::string_view detail);
  // Foreign keys that refer to the table in this way: in the way of dropping `what`, or dropped too.
  base::Status DropReferences(bool cascade, const std::string& what, std::string_view on,
                              absl::FunctionRef<bool(const table::ForeignKey&)> which);

  // `with`: the table as it is when the key is added.
  base::Status AddForeignKey(table::ForeignKey key, const table::TableSchema& with, int32_t offset);

  base::Status AddConstraint(const ast::Constraint& constraint);

  // Rows lie in the order of their key: with another one they are written anew.
  base::Status Rebuild(table::TableSchema definition, int32_t offset);

  base::Status DropConstraint(const ast::AlterItem& item);

  Binder& b_;
  const std::shared_ptr<const catalog::Relation> relation_;
  const table::TableSchema& schema_;
  std::string table_;  // its name, for steps in SQL
  Scope row_;
  int32_t column_ = -1;
  std::vector<AlterStep> steps_;
  std::vector<catalog::ObjectId> read_;
  std::vector<const catalog::Relation*> rewritten_;
  std::string what_;
};

}  // namespace turdb::sql

#endif  // TURDB_SQL_BIND_ALTER_BINDER_H_
