// Bound changes become Insert, Update and Delete nodes, with what foreign keys hang on them (query.md, rule 19).
//
// A change of a table that others refer to carries, for each foreign key, the rows that refer or the change of them; that
// change is a node of its own with foreign keys of its own. Each pair of foreign key and event is planned once a plan, so
// that tables that refer to each other, or to themselves, end in the record that is there already.
#ifndef TURDB_SQL_CHANGE_COMPILER_H_
#define TURDB_SQL_CHANGE_COMPILER_H_

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "exec/plan.h"
#include "sql/bind/binder.h"
#include "sql/compile.h"
#include "sql/plan/planner.h"

namespace turdb::sql {

// One statement; shares binder and planner with it. Not thread-safe.
class ChangeCompiler {
 public:
  ChangeCompiler(Binder& binder, Planner& planner) : binder_(binder), planner_(planner), plan_(binder.plan()) {}
  ChangeCompiler(const ChangeCompiler&) = delete;

  // Each: the node; column names and types of RETURNING, and the tables that are written, go to `compiled`.
  base::StatusOr<const exec::Node*> Insert(Binder::BoundInsert& bound, CompiledStatement* compiled);
  base::StatusOr<const exec::Node*> Update(Binder::BoundUpdate& bound, CompiledStatement* compiled);
  // `truncates`: sets off no triggers.
  base::StatusOr<const exec::Node*> Delete(Binder::BoundUpdate& bound, CompiledStatement* compiled, bool truncates = false);
  base::StatusOr<const exec::Node*> Merge(Binder::BoundMerge& bound, CompiledStatement* compiled);  // merge_compiler.cc
  base::StatusOr<std::span<const exec::IndexExpression>> LowerIndexExpressions(std::vector<exec::IndexExpression>& expressions,
                                                                               const std::vector<ColumnId>& row);

 private:
  using RelationPtr = std::shared_ptr<const catalog::Relation>;
  // A foreign key that refers to a table.
  struct Reference {
    RelationPtr relation;  // that has it
    const table::ForeignKey* key;
    std::vector<int32_t> columns;  // of the table that is referred to
  };

  base::StatusOr<exec::Expressions> LowerAll(const std::vector<const Expr*>& exprs, const std::vector<ColumnId>& layout);
  template <typename T>
  base::Status LowerValues(std::vector<T>* items, const std::vector<ColumnId>& layout);
  template <typename Node, typename Bound>
  base::Status LowerRowRules(Node* node, Bound& bound, const std::vector<ColumnId>& row);
  // `stored`: the columns that are of a row of the table, with its NOT NULLs.
  base::Status LowerReturning(exec::Expressions* lowered, exec::Node* node, const Binder::BoundReturning& returning,
                              const std::vector<ColumnId>& layout, std::span<const ColumnId> stored,
                              CompiledStatement* compiled);
  base::StatusOr<Physical> PlanMergeRows(const Binder::BoundMerge& bound);
  // The input: what the expressions read, old values that rules need, the row key last.
  base::StatusOr<Physical> PlanTargetRows(const Binder::BoundUpdate& bound, ColumnSet wanted);
  // Where the old values of columns that are `needed` are in the input.
  std::span<const int32_t> OldColumns(const Binder::BoundUpdate& bound, const Physical& input, const std::vector<bool>& needed);
  void Write(const RelationPtr& relation, CompiledStatement* compiled);

  // ---- triggers (trigger_compiler.cc)
  using FiredTriggers = std::vector<const table::TriggerSchema*>;
  // Those of the relation that an event sets off, in order; of an update, by what is `assigned`.
  FiredTriggers Fired(const catalog::Relation& relation, uint8_t event, const std::vector<int32_t>* assigned) const;
  // Whether one of them reads the rows.
  static bool NeedRows(const FiredTriggers& fired);
  base::Status AssignSetColumns(const catalog::Relation& relation, const FiredTriggers& fired,
                                const std::vector<ColumnId>& old_row, std::vector<exec::Assignment>* assignments);
  // Null when there are none.
  base::StatusOr<const exec::TriggerSet*> LowerTriggers(const RelationPtr& relation, uint8_t event, const FiredTriggers& fired,
                                                        CompiledStatement* compiled);
  base::StatusOr<const exec::Trigger*> LowerTrigger(const RelationPtr& relation, const table::TriggerSchema& definition,
                                                    CompiledStatement* compiled);
  base::Status LowerTriggerBody(const RelationPtr& relation, const table::TriggerSchema& definition, exec::Trigger* trigger,
                                CompiledStatement* compiled);
  base::StatusOr<exec::TriggerStatement> LowerTriggerStep(Binder::BoundTrigger::Step& step, CompiledStatement* compiled);
  base::StatusOr<const exec::Node*> InsertIntoView(Binder::BoundInsert& bound, CompiledStatement* compiled);
  base::StatusOr<const exec::Node*> ChangeView(Binder::BoundUpdate& bound, bool updates, CompiledStatement* compiled);
  base::Status FinishInsteadOf(const RelationPtr& relation, uint8_t event, const std::vector<int32_t>* assigned,
                               exec::InsteadOfNode* node, CompiledStatement* compiled);

  // ---- foreign keys
  // Those that refer to the relation; of an update, only to columns that are `assigned`.
  std::vector<Reference> ReferencesTo(const catalog::Relation& relation, const std::vector<int32_t>* assigned);
  // The relation's own; of an update, only those with a column that is `assigned`, or all when a row may move.
  base::StatusOr<exec::ForeignKeyChecks> Checks(const RelationPtr& relation, const std::vector<int32_t>* assigned);
  base::StatusOr<const exec::ForeignKeyCheck*> Check(const RelationPtr& relation, const table::ForeignKey& key);
  base::StatusOr<exec::ReferencingKeys> Referencing(const std::vector<Reference>& references, bool on_update,
                                                    CompiledStatement* compiled);
  base::StatusOr<const exec::ReferencingKey*> Referencing(const Reference& reference, bool on_update,
                                                          CompiledStatement* compiled);

  Binder& binder_;
  Planner& planner_;
  exec::Plan& plan_;
  std::vector<const exec::ForeignKeyCheck*> checks_;  // made so far
  std::vector<const exec::ReferencingKey*> referencing_keys_;
  int trigger_chain_ = 0;  // that are being compiled, each inside the one before
};

template <typename T>
base::Status ChangeCompiler::LowerValues(std::vector<T>* items, const std::vector<ColumnId>& layout) {
  for (T& item : *items) {
    TURDB_ASSIGN_OR_RETURN(item.value, planner_.LowerExpr(item.value, layout));
  }
  return absl::OkStatus();
}

// Generated columns, checks and index expressions, over a row laid out as `row`.
template <typename Node, typename Bound>
base::Status ChangeCompiler::LowerRowRules(Node* node, Bound& bound, const std::vector<ColumnId>& row) {
  TURDB_RETURN_IF_ERROR(LowerValues(&bound.generated, row));
  node->generated = plan_.Copy(bound.generated);
  for (exec::CheckConstraint& check : bound.checks) {
    TURDB_ASSIGN_OR_RETURN(check.condition, planner_.LowerExpr(check.condition, row));
  }
  node->checks = plan_.Copy(bound.checks);
  TURDB_ASSIGN_OR_RETURN(node->index_expressions, LowerIndexExpressions(bound.index_expressions, row));
  return absl::OkStatus();
}

}  // namespace turdb::sql

#endif  // TURDB_SQL_CHANGE_COMPILER_H_
