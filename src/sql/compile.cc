#include "sql/compile.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "sql/bind/binder.h"
#include "sql/parse/parser.h"
#include "sql/plan/planner.h"

namespace turdb::sql {

using ast::StatementKind;
using base::Status;
using base::StatusOr;

namespace {

// One statement on its way: binder and planner share the plan, and the tree's arena ends here.
class Compilation {
 public:
  Compilation(const CompileContext& context, std::string_view sql)
      : context_(context), sql_(sql), plan_(std::make_shared<exec::Plan>(context.budget)) {}

  StatusOr<CompiledStatement> Run() {
    TURDB_ASSIGN_OR_RETURN(parsed_, ParseStatement(arena_, sql_));
    CompiledStatement compiled;
    compiled.end_offset = parsed_.end_offset;
    compiled.empty = parsed_.statement == nullptr;
    if (compiled.empty) return compiled;
    binder_.emplace(context_, sql_, parsed_, *plan_, arena_);
    planner_.emplace(*binder_);
    TURDB_RETURN_IF_ERROR(CompileStatement(*parsed_.statement, &compiled));
    compiled.written.insert(compiled.written.end(), binder_->locked().begin(), binder_->locked().end());
    compiled.dependencies = binder_->dependencies();
    for (const std::string_view name : parsed_.parameter_names) compiled.parameter_names.emplace_back(name);
    compiled.parameter_open = binder_->parameter_open();
    if (root_ != nullptr) {
      plan_->parameter_types = binder_->parameter_types();
      plan_->Keep(context_.catalog);
      plan_->set_root(root_, compiled.column_names);
      compiled.plan = plan_;
    }
    return compiled;
  }

  StatusOr<IndexExpressions> RunForIndexes(const table::TableSchema& schema) {
    binder_.emplace(context_, sql_, parsed_, *plan_, arena_);
    planner_.emplace(*binder_);
    TURDB_ASSIGN_OR_RETURN(Binder::BoundIndexes bound, binder_->BindIndexesOf(schema));
    TURDB_ASSIGN_OR_RETURN(const auto expressions, LowerIndexExpressions(bound.index_expressions, bound.row));
    plan_->Keep(context_.catalog);
    return IndexExpressions{plan_, expressions};
  }

 private:
  Status CompileStatement(const ast::Statement& statement, CompiledStatement* compiled) {
    switch (statement.kind) {
      case StatementKind::kSelect:
        return CompileSelect(static_cast<const ast::SelectStatement&>(statement), compiled);
      case StatementKind::kInsert: {
        TURDB_ASSIGN_OR_RETURN(Binder::BoundInsert insert, binder_->BindInsert(static_cast<const ast::Insert&>(statement)));
        return CompileInsert(insert, compiled);
      }
      case StatementKind::kCopy:
        return CompileCopy(static_cast<const ast::Copy&>(statement), compiled);
      case StatementKind::kUpdate: {
        TURDB_ASSIGN_OR_RETURN(Binder::BoundUpdate update, binder_->BindUpdate(static_cast<const ast::Update&>(statement)));
        return CompileUpdate(update, compiled);
      }
      case StatementKind::kDelete: {
        TURDB_ASSIGN_OR_RETURN(Binder::BoundUpdate bound, binder_->BindDelete(static_cast<const ast::Delete&>(statement)));
        return CompileDelete(bound, compiled);
      }
      case StatementKind::kTruncate:
        return CompileTruncate(static_cast<const ast::Truncate&>(statement), compiled);
      case StatementKind::kExplain:
        return CompileExplain(static_cast<const ast::Explain&>(statement), compiled);
      default: {
        TURDB_ASSIGN_OR_RETURN(compiled->command, binder_->BindCommand(statement));
        if (const auto* show = std::get_if<ShowCommand>(&compiled->command)) {
          compiled->column_names = {show->name};
          if (absl::EqualsIgnoreCase(show->name, "all")) compiled->column_names = {"name", "setting", "description"};
          compiled->column_types.assign(compiled->column_names.size(), vec::TypeId::kText);
        }
        return absl::OkStatus();
      }
    }
  }

  Status CompileSelect(const ast::SelectStatement& statement, CompiledStatement* compiled) {
    TURDB_ASSIGN_OR_RETURN(const BoundQuery query, binder_->BindSelect(*statement.select, nullptr));
    binder_->ResolveOpenParameters();
    TURDB_ASSIGN_OR_RETURN(root_, planner_->PlanQuery(query));
    compiled->column_names.reserve(query.columns.size());
    compiled->column_types.reserve(query.columns.size());
    for (const OutputColumn& column : query.columns) {
      compiled->column_names.emplace_back(column.name);
      compiled->column_types.push_back(binder_->columns()[column.id].type);
    }
    compiled->locks_rows = compiled->changes_data = !binder_->locked().empty();
    return absl::OkStatus();
  }

  StatusOr<exec::Expressions> LowerAll(const std::vector<const Expr*>& exprs, const std::vector<ColumnId>& layout) {
    std::vector<const Expr*> lowered;
    for (const Expr* expr : exprs) {
      TURDB_ASSIGN_OR_RETURN(const Expr* done, planner_->LowerExpr(expr, layout));
      lowered.push_back(done);
    }
    return plan_->Copy(lowered);
  }

  template <typename T>
  Status LowerValues(std::vector<T>* items, const std::vector<ColumnId>& layout) {
    for (T& item : *items) {
      TURDB_ASSIGN_OR_RETURN(item.value, planner_->LowerExpr(item.value, layout));
    }
    return absl::OkStatus();
  }

  // Generated columns, checks and index expressions, over a row laid out as `row`.
  template <typename Node, typename Bound>
  Status LowerRowRules(Node* node, Bound& bound, const std::vector<ColumnId>& row) {
    TURDB_RETURN_IF_ERROR(LowerValues(&bound.generated, row));
    node->generated = plan_->Copy(bound.generated);
    for (exec::CheckConstraint& check : bound.checks) {
      TURDB_ASSIGN_OR_RETURN(check.condition, planner_->LowerExpr(check.condition, row));
    }
    node->checks = plan_->Copy(bound.checks);
    TURDB_ASSIGN_OR_RETURN(node->index_expressions, LowerIndexExpressions(bound.index_expressions, row));
    return absl::OkStatus();
  }

  StatusOr<std::span<const exec::IndexExpression>> LowerIndexExpressions(std::vector<exec::IndexExpression>& expressions,
                                                                         const std::vector<ColumnId>& row) {
    for (exec::IndexExpression& expression : expressions) {
      TURDB_ASSIGN_OR_RETURN(expression.expression, planner_->LowerExpr(expression.expression, row));
    }
    return plan_->Copy(expressions);
  }

  template <typename Node>
  Status LowerReturning(Node* node, const Binder::BoundReturning& returning, const std::vector<ColumnId>& layout,
                        CompiledStatement* compiled) {
    TURDB_ASSIGN_OR_RETURN(node->returning, LowerAll(returning.expressions, layout));
    for (size_t i = 0; i < returning.names.size(); ++i) {
      compiled->column_names.emplace_back(returning.names[i]);
      compiled->column_types.push_back(returning.expressions[i]->type);
    }
    node->types = plan_->Copy(compiled->column_types);
    return absl::OkStatus();
  }

  Status CompileInsert(Binder::BoundInsert& bound, CompiledStatement* compiled) {
    binder_->ResolveOpenParameters();
    TURDB_ASSIGN_OR_RETURN(const Physical input, planner_->PlanRows(bound.input, bound.input_columns));
    auto* node = plan_->New<exec::InsertNode>();
    node->table = bound.table;
    node->name = plan_->Copy(bound.name);
    node->input = input.node;
    TURDB_RETURN_IF_ERROR(LowerRowRules(node, bound, bound.row));
    std::vector<ColumnId> both = bound.row;
    both.insert(both.end(), bound.excluded.begin(), bound.excluded.end());
    TURDB_RETURN_IF_ERROR(LowerValues(&bound.conflict_assignments, both));
    node->on_conflict = bound.on_conflict;
    node->on_conflict.assignments = plan_->Copy(bound.conflict_assignments);
    if (bound.on_conflict.where != nullptr) {
      TURDB_ASSIGN_OR_RETURN(node->on_conflict.where, planner_->LowerExpr(bound.on_conflict.where, both));
    }
    TURDB_RETURN_IF_ERROR(LowerReturning(node, bound.returning, bound.row, compiled));
    Finish(node, bound.relation, compiled);
    return absl::OkStatus();
  }

  Status CompileCopy(const ast::Copy& copy, CompiledStatement* compiled) {
    if (!copy.from) {
      return base::WithPosition(base::UnsupportedError("COPY TO is not supported"), copy.offset);
    }
    TURDB_ASSIGN_OR_RETURN(Binder::BoundInsert insert, binder_->BindCopyFrom(copy));
    return CompileInsert(insert, compiled);
  }

  // The input: what the expressions read, old values that rules need, the row key last.
  StatusOr<Physical> PlanTargetRows(const Binder::BoundUpdate& bound, ColumnSet wanted) {
    wanted.resize(binder_->columns().size());
    wanted[bound.row_key] = false;
    std::vector<ColumnId> columns;
    for (size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i]) columns.push_back(static_cast<ColumnId>(i));
    }
    columns.push_back(bound.row_key);
    return planner_->PlanRows(bound.input, columns);
  }

  Status CompileUpdate(Binder::BoundUpdate& bound, CompiledStatement* compiled) {
    binder_->ResolveOpenParameters();
    ColumnSet made(binder_->columns().size());
    planner_->AddProducedColumns(bound.input, &made);
    ColumnSet wanted(binder_->columns().size());
    ColumnSet rules(binder_->columns().size());
    for (const exec::Assignment& assignment : bound.assignments) planner_->AddColumns(assignment.value, &wanted);
    for (const auto& generated : bound.generated) planner_->AddColumns(generated.value, &rules);
    for (const auto& check : bound.checks) planner_->AddColumns(check.condition, &rules);
    for (const auto& expression : bound.index_expressions) planner_->AddColumns(expression.expression, &rules);
    for (const Expr* expr : bound.returning.expressions) planner_->AddColumns(expr, &rules);
    std::vector<bool> need_old(bound.old_row.size());
    for (size_t i = 0; i < bound.old_row.size(); ++i) {
      const bool assigned = std::any_of(bound.assignments.begin(), bound.assignments.end(),
                                        [&](const exec::Assignment& a) { return a.column == static_cast<int32_t>(i); });
      need_old[i] = rules[bound.new_row[i]] && !assigned;
      if (need_old[i]) wanted[bound.old_row[i]] = true;
    }
    for (size_t i = 0; i < rules.size(); ++i) {
      if (rules[i]) wanted[i] = true;  // RETURNING's columns of other tables
    }
    for (size_t i = 0; i < wanted.size(); ++i) wanted[i] = wanted[i] && made[i];
    TURDB_ASSIGN_OR_RETURN(const Physical input, PlanTargetRows(bound, wanted));
    auto* node = plan_->New<exec::UpdateNode>();
    node->table = bound.table;
    node->name = plan_->Copy(bound.name);
    node->input = input.node;
    TURDB_RETURN_IF_ERROR(LowerValues(&bound.assignments, input.layout));
    node->assignments = plan_->Copy(bound.assignments);
    std::vector<int32_t> old_columns;
    for (size_t i = 0; i < bound.old_row.size(); ++i) {
      const auto at = std::find(input.layout.begin(), input.layout.end(), bound.old_row[i]);
      old_columns.push_back(need_old[i] ? static_cast<int32_t>(at - input.layout.begin()) : -1);
    }
    node->old_columns = plan_->Copy(old_columns);
    TURDB_RETURN_IF_ERROR(LowerRowRules(node, bound, bound.new_row));
    std::vector<ColumnId> layout = bound.new_row;
    layout.insert(layout.end(), input.layout.begin(), input.layout.end());
    TURDB_RETURN_IF_ERROR(LowerReturning(node, bound.returning, layout, compiled));
    Finish(node, bound.relation, compiled);
    return absl::OkStatus();
  }

  Status CompileDelete(Binder::BoundUpdate& bound, CompiledStatement* compiled) {
    binder_->ResolveOpenParameters();
    ColumnSet made(binder_->columns().size());
    planner_->AddProducedColumns(bound.input, &made);
    ColumnSet wanted(binder_->columns().size());
    for (const Expr* expr : bound.returning.expressions) planner_->AddColumns(expr, &wanted);
    for (size_t i = 0; i < wanted.size(); ++i) wanted[i] = wanted[i] && made[i];
    TURDB_ASSIGN_OR_RETURN(const Physical input, PlanTargetRows(bound, wanted));
    auto* node = plan_->New<exec::DeleteNode>();
    node->table = bound.table;
    node->name = plan_->Copy(bound.name);
    node->input = input.node;
    TURDB_ASSIGN_OR_RETURN(node->index_expressions, LowerIndexExpressions(bound.index_expressions, bound.new_row));
    TURDB_RETURN_IF_ERROR(LowerReturning(node, bound.returning, input.layout, compiled));
    Finish(node, bound.relation, compiled);
    return absl::OkStatus();
  }

  Status CompileTruncate(const ast::Truncate& truncate, CompiledStatement* compiled) {
    if (truncate.tables.size() != 1) {
      return base::WithPosition(base::UnsupportedError("TRUNCATE of several tables is not supported"), truncate.offset);
    }
    if (truncate.restart_identity) {
      return base::WithPosition(base::UnsupportedError("RESTART IDENTITY is not supported"), truncate.offset);
    }
    ast::NamedTable table;
    table.kind = ast::TableRefKind::kNamed;
    table.name = truncate.tables[0];
    ast::Delete all;
    all.kind = StatementKind::kDelete;
    all.offset = truncate.offset;
    all.table = &table;
    TURDB_ASSIGN_OR_RETURN(Binder::BoundUpdate bound, binder_->BindDelete(all));
    return CompileDelete(bound, compiled);
  }

  Status CompileExplain(const ast::Explain& explain, CompiledStatement* compiled) {
    CompiledStatement inner;
    TURDB_RETURN_IF_ERROR(CompileStatement(*explain.statement, &inner));
    if (root_ == nullptr) {
      return base::WithPosition(base::UnsupportedError("EXPLAIN of a statement without a plan is not supported"),
                                explain.offset);
    }
    auto* node = plan_->New<exec::ExplainNode>();
    node->plan = root_;
    node->analyze = explain.analyze;
    node->verbose = explain.verbose;
    node->types = plan_->Copy(std::vector<vec::Type>{vec::TypeId::kText});
    root_ = node;
    compiled->column_names = {"QUERY PLAN"};
    compiled->column_types = {vec::TypeId::kText};
    compiled->is_explain_analyze = explain.analyze;
    compiled->changes_data = explain.analyze && inner.changes_data;
    compiled->locks_rows = explain.analyze && inner.locks_rows;
    if (explain.analyze) compiled->written = inner.written;
    return absl::OkStatus();
  }

  void Finish(const exec::Node* node, const std::shared_ptr<const catalog::Relation>& relation, CompiledStatement* compiled) {
    root_ = node;
    compiled->changes_data = true;
    compiled->written = {relation};
  }

  const CompileContext& context_;
  std::string_view sql_;
  base::Arena arena_;
  std::shared_ptr<exec::Plan> plan_;
  ParsedStatement parsed_;
  std::optional<Binder> binder_;
  std::optional<Planner> planner_;
  const exec::Node* root_ = nullptr;
};

}  // namespace

StatusOr<CompiledStatement> Compile(const CompileContext& context, std::string_view sql) {
  return Compilation(context, sql).Run();
}

StatusOr<IndexExpressions> CompileIndexExpressions(const CompileContext& context, const table::TableSchema& schema) {
  return Compilation(context, {}).RunForIndexes(schema);
}

}  // namespace turdb::sql
