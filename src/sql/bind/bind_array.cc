// ARRAY[...], [...], ARRAY(query), a[i], a[i:j], x = ANY (array).
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "function/aggregate.h"
#include "function/registry.h"
#include "sql/bind/binder.h"
#include "sql/bind/body_source.h"
#include "sql/parse/printer.h"
#include "vec/array.h"

namespace turdb::sql {

using base::StatusOr;
using exec::ExpressionKind;
using function::CastContext;
using vec::Type;
using vec::TypeId;
namespace sqlstate = base::sqlstate;

namespace {

vec::Value EmptyArray(const Type& type) { return vec::Value::OfBytes(type, vec::ArrayBuilder(type.element_type()).Finish()); }

}  // namespace

// `wanted`: the array type of the cast around it, which an empty one has and untyped elements take.
StatusOr<const Expr*> Binder::BindArray(const ast::Array& array, const Type* wanted, const ExprContext& context) {
  if (array.elements.empty()) {
    if (wanted != nullptr) return plan_.Constant(EmptyArray(*wanted), *wanted, Position(array.offset));
    return base::WithHint(Error(base::SqlState{"42P18"}, "cannot determine type of empty array", array.offset),
                          "Explicitly cast to the desired type, for example ARRAY[]::integer[].");
  }
  std::vector<const Expr*> elements;
  for (const ast::Expr* element : array.elements) {
    const bool nested = element->kind == ast::ExprKind::kArray;
    const Type part = wanted == nullptr ? Type() : wanted->element_type();
    TURDB_ASSIGN_OR_RETURN(const Expr* bound,
                           nested ? BindArray(ast::As<ast::Array>(*element), wanted, context)
                                  : BindAs(*element, wanted == nullptr ? nullptr : &part, CastContext::kExplicit, context));
    if (wanted != nullptr && bound->type.id == TypeId::kUnknown) {
      TURDB_ASSIGN_OR_RETURN(bound, Coerce(bound, wanted->element_type(), CastContext::kExplicit));
    }
    elements.push_back(bound);
  }
  if (std::any_of(elements.begin(), elements.end(), [](const Expr* e) { return e->type.struct_number() != 0; })) {
    TURDB_RETURN_IF_ERROR(Unify(&elements, "ARRAY", array.offset, nullptr));
  }
  return MakeFunction("array of", elements, Position(array.offset));
}

// array_agg over the query, which keeps its order; no row is the empty array.
StatusOr<const Expr*> Binder::BindArraySubquery(const ast::Subquery& subquery, const ExprContext& context) {
  TURDB_ASSIGN_OR_RETURN(BoundQuery query, BindSelect(*subquery.select, context.scope));
  if (query.columns.size() != 1) {
    return Error(sqlstate::kSyntaxError, "subquery must return only one column", subquery.offset);
  }
  const ast::Select* const source =
      body_ == nullptr ? subquery.select : SourceInBody(arena_, ToSql(*subquery.select), body_->arguments);
  return GatherArray(std::move(query), source, subquery.offset);
}

StatusOr<const Expr*> Binder::GatherArray(BoundQuery query, const ast::Select* source, int32_t offset) {
  const Expr* value = ColumnExpr(query.columns[0].id, Position(offset));
  const Type types[] = {function::ResolveUnknown(value->type)};
  TURDB_ASSIGN_OR_RETURN(function::BoundAggregate aggregate, function::ResolveAggregate("array_agg", types));
  LogicalNode* node = NewNode(LogicalKind::kAggregate);
  node->left = query.root;
  const Type type = aggregate.result_type;
  LogicalAggregate call;
  call.function = plan_.Own(std::move(aggregate));
  call.arguments = {value};
  call.position = Position(offset);
  node->aggregates.push_back(std::move(call));
  node->outputs = {NewColumn("array", type)};
  BoundSubquery bound;
  bound.source = source;
  bound.query = BoundQuery{node, {{"array", node->outputs[0]}}};
  TURDB_ASSIGN_OR_RETURN(const Expr* gathered, NewSubquery(std::move(bound), type, {}, offset));
  const std::vector<const Expr*> either = {gathered, plan_.Constant(EmptyArray(type), type, Position(offset))};
  return plan_.NewExpression(ExpressionKind::kCoalesce, type, plan_.Copy(either), Position(offset));
}

StatusOr<const Expr*> Binder::BindSubscript(const ast::Subscript& subscript, const ExprContext& context) {
  std::vector<const ast::Subscript*> chain;  // the last subscript first
  const ast::Expr* base = &subscript;
  bool slice = false;
  do {
    chain.push_back(&ast::As<ast::Subscript>(*base));
    slice |= chain.back()->slice;
    base = chain.back()->operand;
  } while (chain.back()->continues);
  TURDB_ASSIGN_OR_RETURN(const Expr* operand, Bind(*base, context));
  const int32_t position = Position(subscript.offset);
  const bool json = vec::IsJson(operand->type.id);
  if ((operand->type.id == TypeId::kMap || operand->type.id == TypeId::kStruct) && !slice) {
    for (auto at = chain.rbegin(); at != chain.rend(); ++at) {
      if (operand->type.id == TypeId::kMap) {
        TURDB_ASSIGN_OR_RETURN(const Expr* key, Bind(*(*at)->lower, context));
        TURDB_ASSIGN_OR_RETURN(operand, MapValue(operand, key, false, position));
        continue;
      }
      if ((*at)->lower == nullptr || (*at)->lower->kind != ast::ExprKind::kString) {
        return Error(sqlstate::kDatatypeMismatch, "the field of a struct is named by a string: s['name']", (*at)->offset);
      }
      const auto& name = ast::As<ast::Literal>(*(*at)->lower);
      TURDB_ASSIGN_OR_RETURN(operand, FieldOf(operand, ast::Name{name.text, name.offset, true}));
    }
    return operand;
  }
  if (!json && operand->type.id != TypeId::kArray) {
    return Error(sqlstate::kDatatypeMismatch,
                 absl::StrCat("cannot subscript type ", operand->type.ToString(), " because it does not support subscripting"),
                 subscript.offset);
  }
  if (json && slice) return Error(sqlstate::kDatatypeMismatch, "jsonb subscript does not support slices", subscript.offset);
  std::vector<const Expr*> arguments = {operand};
  const auto bound_at = [&](const ast::Expr* expr, int32_t otherwise) -> StatusOr<const Expr*> {
    if (expr == nullptr) return plan_.Constant(vec::Value::Int32(otherwise), TypeId::kInt32, position);
    TURDB_ASSIGN_OR_RETURN(const Expr* bound, Bind(*expr, context));
    return Coerce(bound, TypeId::kInt32, CastContext::kAssignment);
  };
  for (auto at = chain.rbegin(); at != chain.rend(); ++at) {
    if (json) {  // j['a'] is j -> 'a'
      TURDB_ASSIGN_OR_RETURN(const Expr* step, Bind(*(*at)->lower, context));
      TURDB_ASSIGN_OR_RETURN(operand, MakeOperator("->", {operand, step}, position));
      continue;
    }
    // Beside slices a lone subscript i means 1:i.
    const bool lone = slice && !(*at)->slice;
    if (slice) {
      TURDB_ASSIGN_OR_RETURN(const Expr* lower, bound_at(lone ? nullptr : (*at)->lower, lone ? 1 : INT32_MIN));
      arguments.push_back(lower);
    }
    const ast::Expr* upper = slice && !lone ? (*at)->upper : (*at)->lower;
    TURDB_ASSIGN_OR_RETURN(const Expr* last, bound_at(upper, INT32_MAX));
    arguments.push_back(last);
  }
  if (json) return operand;
  return MakeFunction(slice ? "array slice" : "array subscript", arguments, position);
}

// SET a[i] = value, a[i][j] = value, a[i:j] = array.
StatusOr<const Expr*> Binder::ChangeElement(const Expr* whole, std::string_view name, std::span<const ast::SetStep> path,
                                            const ast::Expr& value, const ExprContext& context) {
  const int32_t position = Position(path[0].offset);
  if (whole->type.id != TypeId::kArray) {
    return vec::IsJson(whole->type.id)
               ? base::WithHint(Unsupported("assigning to a part of a JSON value", path[0].offset), "Use jsonb_set.")
               : Error(sqlstate::kDatatypeMismatch,
                       absl::StrCat("cannot subscript type ", NameOf(whole->type), " because it does not support subscripting"),
                       path[0].offset);
  }
  size_t subscripts = 0;
  bool slice = false;
  for (; subscripts < path.size() && path[subscripts].field.empty(); ++subscripts) slice |= path[subscripts].slice;
  std::vector<const Expr*> bounds;
  const auto bound_at = [&](const ast::Expr* expr, int32_t otherwise) -> StatusOr<const Expr*> {
    if (expr == nullptr) return plan_.Constant(vec::Value::Int32(otherwise), TypeId::kInt32, position);
    TURDB_ASSIGN_OR_RETURN(const Expr* bound, Bind(*expr, context));
    return Coerce(bound, TypeId::kInt32, CastContext::kAssignment);
  };
  for (size_t i = 0; i < subscripts; ++i) {
    const bool lone = slice && !path[i].slice;  // beside slices i means 1:i
    if (slice) {
      TURDB_ASSIGN_OR_RETURN(const Expr* const lower, bound_at(lone ? nullptr : path[i].lower, lone ? 1 : INT32_MIN));
      bounds.push_back(lower);
    }
    TURDB_ASSIGN_OR_RETURN(const Expr* const last, bound_at(slice && !lone ? path[i].upper : path[i].lower, INT32_MAX));
    bounds.push_back(last);
  }
  const Type part = slice ? whole->type : whole->type.element_type();
  const Expr* changed = nullptr;
  if (subscripts < path.size()) {
    if (slice) return Unsupported("assigning to a field of a slice", path[subscripts].offset);
    std::vector<const Expr*> arguments = {whole};
    arguments.insert(arguments.end(), bounds.begin(), bounds.end());
    TURDB_ASSIGN_OR_RETURN(const Expr* const element, MakeFunction("array subscript", arguments, position));
    TURDB_ASSIGN_OR_RETURN(changed, ChangePart(element, name, path.subspan(subscripts), value, context));
  } else {
    TURDB_ASSIGN_OR_RETURN(changed, BindAs(value, &part, CastContext::kAssignment, context));
    TURDB_ASSIGN_OR_RETURN(changed, Coerce(changed, part, CastContext::kAssignment));
  }
  std::vector<const Expr*> arguments = {whole, changed};
  arguments.insert(arguments.end(), bounds.begin(), bounds.end());
  return MakeFunction(slice ? "array with slice" : "array with element", arguments, position);
}

StatusOr<const Expr*> Binder::BindQuantifiedArray(const ast::Quantified& quantified, const ExprContext& context) {
  const int32_t position = Position(quantified.offset);
  TURDB_ASSIGN_OR_RETURN(const Expr* left, Bind(*quantified.left, context));
  // Over a list that is written out, any operator will do: it is tried on each element.
  if (quantified.array->kind == ast::ExprKind::kArray) {
    const auto& list = ast::As<ast::Array>(*quantified.array);
    const std::string name = absl::StrCat(quantified.op, quantified.all ? " all" : " any");
    if (!function::IsFunction(name) && !list.elements.empty()) {
      std::vector<const Expr*> parts;
      for (const ast::Expr* element : list.elements) {
        TURDB_ASSIGN_OR_RETURN(const Expr* bound, Bind(*element, context));
        TURDB_ASSIGN_OR_RETURN(const Expr* part, MakeOperator(quantified.op, {left, bound}, position));
        TURDB_ASSIGN_OR_RETURN(part, ToCondition(part, "ANY", element->offset));
        parts.push_back(part);
      }
      if (parts.size() == 1) return parts[0];
      return plan_.NewExpression(quantified.all ? ExpressionKind::kAnd : ExpressionKind::kOr, TypeId::kBoolean,
                                 plan_.Copy(parts), position);
    }
  }
  TURDB_ASSIGN_OR_RETURN(const Expr* array, Bind(*quantified.array, context));
  if (array->type.id == TypeId::kUnknown) {
    TURDB_ASSIGN_OR_RETURN(array, Coerce(array, Type::ArrayOf(function::ResolveUnknown(left->type)), CastContext::kImplicit));
  }
  if (array->type.id != TypeId::kArray) {
    return Error(base::SqlState{"42809"}, "op ANY/ALL (array) requires array on right side", quantified.offset);
  }
  const std::string name = absl::StrCat(quantified.op, quantified.all ? " all" : " any");
  if (!function::IsFunction(name))
    return Unsupported(absl::StrCat("operator ", quantified.op, " with ANY or ALL"), quantified.offset);
  return MakeFunction(name, {left, array}, position);
}

}  // namespace turdb::sql
