// Functions that give rows: in FROM, and in the list of a SELECT.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "exec/table_function.h"
#include "function/registry.h"
#include "function/set_function.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using base::StatusOr;
using function::BoundSetFunction;
using function::CastContext;
using vec::Type;
using vec::TypeId;
namespace sqlstate = base::sqlstate;

StatusOr<BoundSetFunction> Binder::BindSetFunction(const ast::Call& call, const ExprContext& context,
                                                   std::vector<const Expr*>* arguments) {
  if (call.name.parts.size() > 1 && call.name.parts[0].text != "pg_catalog") {
    return Unsupported("a function of a schema", call.offset);
  }
  const std::string_view name = call.name.last().text;
  if (!function::IsSetFunction(name)) {
    return Error(sqlstate::kUndefinedFunction, absl::StrCat("table function ", name, " does not exist"), call.offset);
  }
  if (call.star || call.distinct || call.filter != nullptr || call.over != nullptr || !call.order_by.empty() || call.variadic) {
    return Error(base::SqlState{"42809"}, absl::StrCat(name, " is not an aggregate function"), call.offset);
  }
  std::vector<const Expr*> bound;
  std::vector<Type> types;
  for (const ast::Expr* argument : call.arguments) {
    TURDB_ASSIGN_OR_RETURN(const Expr* expr, Bind(*argument, context));
    // json_each of a literal is PostgreSQL's, not SQLite's, which takes text.
    if (name == "json_each" && expr->type.id == TypeId::kUnknown && call.arguments.size() == 1) {
      TURDB_ASSIGN_OR_RETURN(expr, Coerce(expr, TypeId::kJson, CastContext::kImplicit));
    }
    bound.push_back(expr);
    types.push_back(expr->type);
  }
  auto resolved = function::ResolveSetFunction(name, types);
  if (!resolved.ok()) return At(resolved.status(), call.offset);
  for (size_t i = 0; i < bound.size(); ++i) {
    TURDB_ASSIGN_OR_RETURN(bound[i], Coerce(bound[i], resolved->argument_types[i], CastContext::kExplicit));
  }
  arguments->insert(arguments->end(), bound.begin(), bound.end());
  return resolved;
}

StatusOr<Binder::FromItem> Binder::BindFunctionTable(const ast::FunctionTable& table, Scope* outer, const FromItem* left) {
  if (!table.column_definitions.empty()) return Unsupported("a column definition list", table.offset);
  Scope between;
  ExprContext context;
  context.scope = outer;
  context.clause = "functions in FROM";
  if (left != nullptr) {
    between = ScopeOf(*left, outer);
    context.scope = &between;
  }
  const auto& first = ast::As<ast::Call>(*table.calls[0]);
  const bool alone = table.calls.size() == 1;
  const size_t count = first.arguments.size();
  if (alone && !table.with_ordinality && first.name.last().text == "generate_series" && (count == 2 || count == 3)) {
    return BindSeries(table, first, context);
  }
  std::vector<BoundSetFunction> functions;
  LogicalNode* node = NewNode(LogicalKind::kFunction);
  BoundQuery query{node, {}};
  const auto add_column = [&](std::string_view name, const Type& type) {
    node->outputs.push_back(NewColumn(name, type));
    query.columns.push_back({name, node->outputs.back()});
  };
  for (const ast::Expr* expr : table.calls) {
    const auto& call = ast::As<ast::Call>(*expr);
    // unnest(a, b) is ROWS FROM (unnest(a), unnest(b)).
    const bool several = call.name.last().text == "unnest" && call.arguments.size() > 1;
    for (size_t i = 0; i < (several ? call.arguments.size() : 1); ++i) {
      ast::Call one = call;
      if (several) one.arguments = call.arguments.subspan(i, 1);
      TURDB_ASSIGN_OR_RETURN(BoundSetFunction bound, BindSetFunction(one, context, &node->expressions));
      for (const function::SetColumn& column : bound.columns) {
        const bool by_alias = column.name.empty() && alone && !several && !table.alias.empty();
        add_column(!column.name.empty() ? column.name : by_alias ? table.alias.text : call.name.last().text, column.type);
      }
      functions.push_back(std::move(bound));
    }
  }
  const bool scalar = functions.size() == 1 && functions[0].columns.size() == 1 && !table.with_ordinality;
  if (table.with_ordinality) add_column("ordinality", TypeId::kInt64);
  auto source = exec::MakeSetTable(std::move(functions), table.with_ordinality);
  node->function = source.get();
  plan_.Keep(std::move(source));
  const std::string_view alias = table.alias.empty() ? first.name.last().text : table.alias.text;
  node->name = alias;
  TURDB_ASSIGN_OR_RETURN(FromItem item, QueryAsItem(std::move(query), table, alias));
  item.relations[0].not_lockable = "a function";
  item.relations[0].scalar = scalar;
  return item;
}

// generate_series alone, which makes whole chunks at a time.
StatusOr<Binder::FromItem> Binder::BindSeries(const ast::FunctionTable& table, const ast::Call& call,
                                              const ExprContext& context) {
  std::vector<const Expr*> arguments;
  for (const ast::Expr* argument : call.arguments) {
    TURDB_ASSIGN_OR_RETURN(const Expr* bound, Bind(*argument, context));
    arguments.push_back(bound);
  }
  std::vector<const Expr*> ends = {arguments[0], arguments[1]};
  const bool of_time = vec::IsDateTime(arguments[0]->type.id) || vec::IsDateTime(arguments[1]->type.id);
  if (!of_time && arguments.size() == 3) ends.push_back(arguments[2]);
  TURDB_RETURN_IF_ERROR(Unify(&ends, "generate_series", call.offset, nullptr));
  Type type = ends[0]->type;
  if (type.id == TypeId::kInt16) type = TypeId::kInt32;
  if (type.id == TypeId::kDate) type = TypeId::kTimestamp;
  for (const Expr*& end : ends) {
    TURDB_ASSIGN_OR_RETURN(end, Coerce(end, type, CastContext::kImplicit));
  }
  const exec::TableFunction* function = exec::GenerateSeries(type);
  if (function == nullptr || (of_time && arguments.size() != 3)) {
    return Error(sqlstate::kUndefinedFunction,
                 absl::StrCat("function generate_series(", type.ToString(), ", ", type.ToString(), ") does not exist"),
                 call.offset);
  }
  if (of_time) {
    TURDB_ASSIGN_OR_RETURN(const Expr* step, Coerce(arguments[2], TypeId::kInterval, CastContext::kImplicit));
    ends.push_back(step);
  } else if (ends.size() == 2) {
    TURDB_ASSIGN_OR_RETURN(const Expr* step, Coerce(plan_.Constant(vec::Value::Int32(1), TypeId::kInt32, Position(call.offset)),
                                                    type, CastContext::kImplicit));
    ends.push_back(step);
  }
  LogicalNode* node = NewNode(LogicalKind::kFunction);
  node->function = function;
  node->expressions = ends;
  const std::string_view alias = table.alias.empty() ? call.name.last().text : table.alias.text;
  node->name = alias;
  node->outputs = {NewColumn(alias, type)};
  TURDB_ASSIGN_OR_RETURN(FromItem item, QueryAsItem(BoundQuery{node, {{alias, node->outputs[0]}}}, table, alias));
  item.relations[0].not_lockable = "a function";
  item.relations[0].scalar = true;
  return item;
}

// ---- in the list of a SELECT

StatusOr<const Expr*> Binder::BindSetCall(const ast::Call& call, const ExprContext& context) {
  if (context.set_calls == nullptr) {
    return Error(sqlstate::kFeatureNotSupported, absl::StrCat("set-returning functions are not allowed in ", context.clause),
                 call.offset);
  }
  ExprContext inner = context;
  inner.set_calls = nullptr;
  inner.clause = "the arguments of a set-returning function";
  SetCall set;
  TURDB_ASSIGN_OR_RETURN(set.function, BindSetFunction(call, inner, &set.arguments));
  if (set.function.columns.size() != 1) {
    return base::WithHint(
        Error(sqlstate::kFeatureNotSupported,
              absl::StrCat(call.name.last().text, " gives rows of several columns, which is not supported here"), call.offset),
        "Call it in FROM.");
  }
  set.output = NewColumn(call.name.last().text, set.function.columns[0].type);
  const ColumnId output = set.output;
  context.set_calls->push_back(std::move(set));
  return ColumnExpr(output, Position(call.offset));
}

bool Binder::NamesSetCall(const std::vector<const Expr*>& exprs, const std::vector<SetCall>& calls) const {
  ColumnSet named(columns_.size());
  for (const Expr* expr : exprs) AddColumns(expr, &named);
  return std::any_of(calls.begin(), calls.end(), [&](const SetCall& call) { return named[static_cast<size_t>(call.output)]; });
}

LogicalNode* Binder::LinkSetCalls(LogicalNode* input, std::vector<SetCall> calls) {
  LogicalNode* node = NewNode(LogicalKind::kFunction);
  node->name = "the select list";
  std::vector<BoundSetFunction> functions;
  for (SetCall& call : calls) {
    node->expressions.insert(node->expressions.end(), call.arguments.begin(), call.arguments.end());
    node->outputs.push_back(call.output);
    functions.push_back(std::move(call.function));
  }
  auto source = exec::MakeSetTable(std::move(functions), false);
  node->function = source.get();
  plan_.Keep(std::move(source));
  LogicalNode* join = NewNode(LogicalKind::kJoin);
  join->left = input;
  join->right = node;
  join->lateral = true;
  return join;
}

}  // namespace turdb::sql
