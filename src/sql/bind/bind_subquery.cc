// Subqueries as values.
#include "absl/strings/str_cat.h"
#include "function/registry.h"
#include "sql/bind/binder.h"
#include "sql/bind/body_source.h"
#include "sql/parse/printer.h"

namespace turdb::sql {

using base::StatusOr;
using exec::ExpressionKind;
using vec::Type;
using vec::TypeId;
namespace sqlstate = base::sqlstate;

StatusOr<const Expr*> Binder::NewSubquery(BoundSubquery subquery, const Type& type, std::vector<const Expr*> arguments,
                                          int32_t offset) {
  subqueries_.push_back(std::move(subquery));
  Expr* node = plan_.NewExpression(ExpressionKind::kSubquery, type, plan_.Copy(arguments), Position(offset));
  node->index = static_cast<int32_t>(subqueries_.size()) - 1;
  return node;
}

StatusOr<const Expr*> Binder::BindSubquery(const ast::Subquery& subquery, const ExprContext& context) {
  BoundSubquery bound;
  // In a body the same text may mean other arguments.
  bound.source = body_ == nullptr ? subquery.select : SourceInBody(arena_, ToSql(*subquery.select), body_->arguments);
  TURDB_ASSIGN_OR_RETURN(bound.query, BindSelect(*subquery.select, context.scope));
  if (subquery.kind == ast::ExprKind::kExists) {
    bound.kind = exec::SubqueryKind::kExists;
    return NewSubquery(std::move(bound), TypeId::kBoolean, {}, subquery.offset);
  }
  if (bound.query.columns.size() != 1) {
    return Error(sqlstate::kSyntaxError, "subquery must return only one column", subquery.offset);
  }
  const ColumnInfo& column = columns_[bound.query.columns[0].id];
  const Type type = column.type;
  CollationState collation = column.collation;
  if (collation.strength == CollationStrength::kExplicit) collation.strength = CollationStrength::kImplicit;
  TURDB_ASSIGN_OR_RETURN(const Expr* const made, NewSubquery(std::move(bound), type, {}, subquery.offset));
  NoteCollation(made, collation);
  return made;
}

namespace {

std::string_view OperatorOf(exec::Comparison comparison) {
  switch (comparison) {
    case exec::Comparison::kEqual:
      return "=";
    case exec::Comparison::kNotEqual:
      return "<>";
    case exec::Comparison::kLess:
      return "<";
    case exec::Comparison::kLessEqual:
      return "<=";
    case exec::Comparison::kGreater:
      return ">";
    case exec::Comparison::kGreaterEqual:
      return ">=";
  }
  return "=";
}

}  // namespace

StatusOr<const Expr*> Binder::BindInSubquery(const ast::Expr& operand, const ast::Select& select, exec::SubqueryKind kind,
                                             exec::Comparison comparison, int32_t offset, const ExprContext& context) {
  if (operand.kind == ast::ExprKind::kRow) return Unsupported("a row value compared with a subquery", offset);
  TURDB_ASSIGN_OR_RETURN(const Expr* left, Bind(operand, context));
  BoundSubquery bound;
  bound.kind = kind;
  bound.comparison = comparison;
  bound.source = body_ == nullptr ? &select : SourceInBody(arena_, ToSql(select), body_->arguments);
  TURDB_ASSIGN_OR_RETURN(bound.query, BindSelect(select, context.scope));
  if (bound.query.columns.size() != 1) {
    return Error(sqlstate::kSyntaxError,
                 bound.query.columns.empty() ? "subquery has too few columns" : "subquery has too many columns", offset);
  }
  // The operator must exist; both sides then take one type.
  const ColumnId id = bound.query.columns[0].id;
  const Expr* right = ColumnExpr(id, Position(offset));
  auto probe = MakeOperator(OperatorOf(comparison), {left, right}, Position(offset));
  if (!probe.ok()) return probe.status();
  std::vector<const Expr*> both = {left, right};
  TURDB_RETURN_IF_ERROR(Unify(&both, "IN", offset, nullptr));
  if (both[1] != right) {
    LogicalNode* project = NewNode(LogicalKind::kProject);
    project->left = bound.query.root;
    project->expressions = {both[1]};
    project->outputs = {NewColumn(bound.query.columns[0].name, both[1]->type)};
    bound.query.root = project;
    bound.query.columns[0].id = project->outputs[0];
  }
  return NewSubquery(std::move(bound), TypeId::kBoolean, {both[0]}, offset);
}

StatusOr<const Expr*> Binder::BindQuantified(const ast::Quantified& quantified, const ExprContext& context) {
  if (quantified.subquery == nullptr) return BindQuantifiedArray(quantified, context);
  for (const exec::Comparison comparison :
       {exec::Comparison::kEqual, exec::Comparison::kNotEqual, exec::Comparison::kLess, exec::Comparison::kLessEqual,
        exec::Comparison::kGreater, exec::Comparison::kGreaterEqual}) {
    if (OperatorOf(comparison) != quantified.op) continue;
    return BindInSubquery(*quantified.left, *quantified.subquery,
                          quantified.all ? exec::SubqueryKind::kAll : exec::SubqueryKind::kAny, comparison, quantified.offset,
                          context);
  }
  return Unsupported(absl::StrCat("operator ", quantified.op, " with ANY or ALL"), quantified.offset);
}

}  // namespace turdb::sql
