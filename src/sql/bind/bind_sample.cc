// TABLESAMPLE: a condition on each row's key, hashed with a seed, so that a sample is the same as long as the rows are.
// SYSTEM takes rows of one neighbourhood together or not at all, where rows have numbers.
#include "absl/strings/str_cat.h"
#include "function/registry.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using base::StatusOr;
using exec::ExpressionKind;
using function::CastContext;
using vec::TypeId;

StatusOr<const Expr*> Binder::BindSampleNumber(const ast::Expr& expr, bool seed, Scope* outer) {
  Scope nothing;
  nothing.parent = outer;
  ExprContext context;
  context.scope = &nothing;
  context.clause = "TABLESAMPLE";
  TURDB_ASSIGN_OR_RETURN(const Expr* bound, Bind(expr, context));
  TURDB_ASSIGN_OR_RETURN(bound, Coerce(bound, TypeId::kDouble, CastContext::kAssignment, Position(expr.offset)));
  if (bound->kind == ExpressionKind::kConstant && bound->value->is_null()) {
    return seed ? Error(base::SqlState{"2202G"}, "TABLESAMPLE REPEATABLE parameter cannot be null", expr.offset)
                : Error(base::SqlState{"2202H"}, "TABLESAMPLE parameter cannot be null", expr.offset);
  }
  return bound;
}

StatusOr<Binder::FromItem> Binder::BindSample(const ast::NamedTable& table, FromItem item, Scope* outer) {
  const ast::Sample& sample = *table.sample;
  const LogicalNode* const get = item.node;
  if (get->kind != LogicalKind::kGet) {
    return Unsupported("TABLESAMPLE of what is no table or materialized view", table.offset);
  }
  const bool system = sample.method.text == "system";
  if (!system && sample.method.text != "bernoulli") {
    return base::WithHint(
        Error(base::sqlstate::kUndefinedObject, absl::StrCat("tablesample method ", sample.method.text, " does not exist"),
              sample.method.offset),
        "There are bernoulli and system.");
  }
  if (sample.arguments.size() != 1) {
    return Error(base::SqlState{"2202H"},
                 absl::StrCat("tablesample method ", sample.method.text, " requires 1 argument, not ", sample.arguments.size()),
                 sample.method.offset);
  }
  const int32_t position = Position(sample.method.offset);
  TURDB_ASSIGN_OR_RETURN(const Expr* const percent, BindSampleNumber(*sample.arguments[0], false, outer));
  const Expr* seed = nullptr;
  if (sample.repeatable != nullptr) {
    TURDB_ASSIGN_OR_RETURN(seed, BindSampleNumber(*sample.repeatable, true, outer));
  } else {  // another one for each run, and for each sample of it
    const Expr* const field = plan_.Constant(vec::Value::Text("epoch"), TypeId::kText, position);
    TURDB_ASSIGN_OR_RETURN(const Expr* const now, MakeFunction("statement_timestamp", {}, position));
    TURDB_ASSIGN_OR_RETURN(seed, MakeFunction("date_part", {field, now}, position));
    const Expr* const number =
        plan_.Constant(vec::Value::Double(static_cast<double>(get->outputs[0])), TypeId::kDouble, position);
    TURDB_ASSIGN_OR_RETURN(seed, MakeOperator("+", {seed, number}, position));
  }
  const table::TableSchema& schema = *get->relation->schema;
  const bool numbered = schema.key_form != table::KeyForm::kEncoded;
  const Expr* key = ColumnExpr(get->outputs[schema.columns.size() + (numbered ? 0 : 1)], position);
  if (system && numbered) {
    constexpr int32_t kNeighbourhoodBits = 6;
    const Expr* const bits = plan_.Constant(vec::Value::Int32(kNeighbourhoodBits), TypeId::kInt32, position);
    TURDB_ASSIGN_OR_RETURN(key, MakeOperator(">>", {key, bits}, position));
  }
  TURDB_ASSIGN_OR_RETURN(const Expr* const taken, MakeFunction("table sample", {key, percent, seed}, position));
  LogicalNode* const filter = NewNode(LogicalKind::kFilter);
  filter->left = item.node;
  filter->conjuncts = {taken};
  item.node = filter;
  return item;
}

}  // namespace turdb::sql
