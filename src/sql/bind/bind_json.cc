// Calls that make JSON: they take whole rows, by the name of their table, and values of any type.
#include "absl/strings/str_cat.h"
#include "function/aggregate.h"
#include "function/registry.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using base::StatusOr;
using function::CastContext;
using vec::Type;
using vec::TypeId;
namespace sqlstate = base::sqlstate;

base::Status Binder::CheckComparable(const Type& type, std::string_view operation, int32_t offset) const {
  if (type.id != TypeId::kJson) return absl::OkStatus();
  return base::WithHint(
      Error(sqlstate::kUndefinedFunction, absl::StrCat("could not identify ", operation, " for type json"), offset),
      "Cast it to jsonb.");
}

StatusOr<const Expr*> Binder::BindRowAsJson(const std::vector<ScopeColumn>& columns, bool jsonb, int32_t position) {
  std::vector<const Expr*> pairs;
  for (const ScopeColumn& column : columns) {
    pairs.push_back(plan_.Constant(vec::Value::Text(column.name), TypeId::kText, position));
    pairs.push_back(column.expr);
  }
  return MakeFunction(jsonb ? "jsonb row" : "json row", pairs, position);
}

StatusOr<const Expr*> Binder::BindJsonArgument(const ast::Expr& argument, bool jsonb, const ExprContext& context, bool* row) {
  *row = true;
  if (argument.kind == ast::ExprKind::kRow && ast::As<ast::Row>(argument).names.empty()) {
    TURDB_ASSIGN_OR_RETURN(const std::vector<const Expr*> elements, BindRowElements(argument, context));
    std::vector<ScopeColumn> columns;
    for (const Expr* element : elements) columns.push_back({arena_.Copy(absl::StrCat("f", columns.size() + 1)), element});
    return BindRowAsJson(columns, jsonb, Position(argument.offset));
  }
  if (argument.kind == ast::ExprKind::kColumn && ast::As<ast::Column>(argument).parts.size() == 1) {
    const ast::Name& name = ast::As<ast::Column>(argument).parts[0];
    for (Scope* scope = context.scope; scope != nullptr; scope = scope->parent) {
      TURDB_ASSIGN_OR_RETURN(const Expr* column, FindBareColumn(name, scope));
      if (column != nullptr) break;
      for (const ScopeRelation& relation : scope->relations) {
        if (relation.alias == name.text && !relation.scalar) {
          return BindRowAsJson(relation.columns, jsonb, Position(argument.offset));
        }
      }
    }
  }
  *row = false;
  return Bind(argument, context);
}

StatusOr<const Expr*> Binder::BindJsonCall(const ast::Call& call, std::string_view name, const ExprContext& context,
                                           bool* special) {
  const bool converts = name == "to_json" || name == "to_jsonb" || name == "row_to_json";
  const bool builds = name == "json_build_object" || name == "jsonb_build_object" || name == "json_build_array" ||
                      name == "jsonb_build_array" || name == "json_object" || name == "json_array";
  *special = (converts && (call.arguments.size() == 1 || (name == "row_to_json" && call.arguments.size() == 2))) || builds;
  if (!*special) return nullptr;
  const bool jsonb = name == "to_jsonb" || name.starts_with("jsonb_");
  std::vector<const Expr*> arguments;
  bool row = false;
  for (const ast::Expr* argument : call.arguments) {
    bool is_row = false;
    TURDB_ASSIGN_OR_RETURN(const Expr* bound, BindJsonArgument(*argument, jsonb, context, &is_row));
    row |= is_row;
    arguments.push_back(bound);
  }
  if (name == "row_to_json") {  // the second argument asks for line feeds between members
    if (!row && arguments.size() == 1 && arguments[0]->type.id == TypeId::kStruct) {
      return MakeFunction("to_json", arguments, Position(call.offset));
    }
    if (!row) {
      return Error(sqlstate::kUndefinedFunction,
                   absl::StrCat("function row_to_json(", arguments[0]->type.ToString(), ") does not exist"), call.offset);
    }
    if (arguments.size() == 2) return Unsupported("line feeds in row_to_json", call.offset);
    return arguments[0];
  }
  if (converts && row) return arguments[0];
  if (converts && arguments[0]->type.id == TypeId::kUnknown) {
    return Error(base::SqlState{"42P18"}, "could not determine polymorphic type because input has type unknown", call.offset);
  }
  // Two literals are a key and a value, not two arrays.
  for (const Expr*& argument : arguments) {
    if (name != "json_object" || arguments.size() < 2 || argument->type.id != TypeId::kUnknown) continue;
    TURDB_ASSIGN_OR_RETURN(argument, Coerce(argument, TypeId::kText, CastContext::kImplicit));
  }
  return MakeFunction(name, arguments, Position(call.offset));
}

StatusOr<std::vector<const Expr*>> Binder::BindJsonAggregateArguments(const ast::Call& call, std::string_view* name,
                                                                      const ExprContext& context) {
  const bool list = *name == "json_agg" || *name == "jsonb_agg" || *name == "json_group_array";
  const bool object = *name == "json_object_agg" || *name == "jsonb_object_agg" || *name == "json_group_object";
  const bool jsonb = name->starts_with("jsonb");
  std::vector<const Expr*> arguments;
  for (const ast::Expr* argument : call.arguments) {
    const size_t place = arguments.size();
    if ((list && place == 0) || (object && place == 1)) {
      bool row = false;
      TURDB_ASSIGN_OR_RETURN(const Expr* bound, BindJsonArgument(*argument, jsonb, context, &row));
      if (row && *name == "json_agg") *name = "json_agg of rows";
      if (!row) {
        TURDB_ASSIGN_OR_RETURN(bound, MakeFunction(jsonb ? "to_jsonb" : "to_json", {bound}, Position(argument->offset)));
      }
      arguments.push_back(bound);
      continue;
    }
    TURDB_ASSIGN_OR_RETURN(const Expr* bound, Bind(*argument, context));
    if (object && place == 0) {
      TURDB_ASSIGN_OR_RETURN(bound, Coerce(bound, TypeId::kText, CastContext::kExplicit));
    }
    arguments.push_back(bound);
  }
  return arguments;
}

}  // namespace turdb::sql
