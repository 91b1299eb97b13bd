// list_transform(a, x -> x + 1) and its like: an expression over the elements of an array.
#include "absl/strings/str_cat.h"
#include "function/registry.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using ast::As;
using ast::ExprKind;
using base::StatusOr;
using exec::ExpressionKind;
using exec::LambdaKind;
using function::CastContext;
using vec::Type;
using vec::TypeId;
namespace sqlstate = base::sqlstate;

const Expr* Binder::NewLambdaValue(const Type& type, int32_t position) {
  Expr* const value = plan_.NewExpression(ExpressionKind::kLambdaValue, type, {}, position);
  value->index = lambda_values_++;
  return value;
}

const Expr* Binder::MakeLambda(LambdaKind kind, const Type& type, std::vector<const Expr*> arguments, int32_t position) {
  Expr* const made = plan_.NewExpression(ExpressionKind::kLambda, type, plan_.Copy(arguments), position);
  made->index = static_cast<int32_t>(kind);
  return made;
}

StatusOr<const Expr*> Binder::BindLambdaCall(const ast::Call& call, std::string_view name, const ExprContext& context,
                                             bool* special) {
  if (call.arguments.size() != 2 || call.arguments[1]->kind != ExprKind::kLambda) return nullptr;
  *special = true;
  const int32_t position = Position(call.offset);
  const auto& lambda = As<ast::Lambda>(*call.arguments[1]);
  const bool reduces = name.find("reduce") != std::string_view::npos;
  const bool filters = name.find("filter") != std::string_view::npos;
  TURDB_ASSIGN_OR_RETURN(const Expr* const array, Bind(*call.arguments[0], context));
  if (array->type.id != TypeId::kArray) {
    return Error(sqlstate::kUndefinedFunction,
                 absl::StrCat("function ", name, "(", NameOf(array->type), ", lambda) does not exist"), call.offset);
  }
  const size_t most = 2, least = reduces ? 2 : 1;
  if (lambda.parameters.size() < least || lambda.parameters.size() > most) {
    return Error(sqlstate::kSyntaxError,
                 absl::StrCat("the lambda of ", name, " has ", least, reduces ? "" : " or 2", " parameter", reduces ? "s" : ""),
                 lambda.offset);
  }
  const Type element = array->type.element_type();
  Scope scope;
  scope.parent = context.scope;
  std::vector<const Expr*> values;
  for (size_t i = 0; i < lambda.parameters.size(); ++i) {
    const bool number = i == 1 && !reduces;
    values.push_back(NewLambdaValue(number ? Type(TypeId::kInt64) : element, Position(lambda.offset)));
    scope.visible.push_back({lambda.parameters[i].text, values.back(), -1});
  }
  ExprContext inner = context;
  inner.scope = &scope;
  inner.clause = "a lambda";
  inner.aggregates = nullptr;
  inner.aggregate_outputs = nullptr;
  inner.grouping_calls = nullptr;
  inner.set_calls = nullptr;
  inner.windows = nullptr;
  const size_t subqueries = subqueries_.size();
  TURDB_ASSIGN_OR_RETURN(const Expr* body, Bind(*lambda.body, inner));
  if (subqueries_.size() != subqueries) return Unsupported("a subquery in a lambda", lambda.offset);
  Type type = array->type;
  LambdaKind kind = LambdaKind::kTransform;
  if (filters) {
    kind = LambdaKind::kFilter;
    TURDB_ASSIGN_OR_RETURN(body, ToCondition(body, name, lambda.body->offset));
  } else if (reduces) {
    kind = LambdaKind::kReduce;
    type = element;
    TURDB_ASSIGN_OR_RETURN(body, Coerce(body, element, CastContext::kAssignment));
  } else {
    TURDB_ASSIGN_OR_RETURN(body, Coerce(body, function::ResolveUnknown(body->type), CastContext::kImplicit));
    if (body->type.id == TypeId::kArray) return Unsupported("an array of arrays", lambda.offset);
    type = Type::ArrayOf(body->type);
  }
  std::vector<const Expr*> arguments = {array, body};
  arguments.insert(arguments.end(), values.begin(), values.end());
  return MakeLambda(kind, type, std::move(arguments), position);
}

}  // namespace turdb::sql
