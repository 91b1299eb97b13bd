// Functions and macros that users made: which one a call means, and what stands in its place.
//
// A call is its body, bound anew under the search path that the function keeps, with the arguments in place of the parameters:
// an expression where the body is one, a subquery otherwise; in FROM a query, which may name what is on its left. So the
// planner sees nothing of functions. Arguments that must be computed once stand there once: as the elements of a lambda, or
// as a row that is joined with the body.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "catalog/table_sql.h"
#include "function/host_function.h"
#include "function/registry.h"
#include "function/resolve.h"
#include "function/set_function.h"
#include "sql/bind/binder.h"
#include "sql/bind/function_parts.h"

namespace turdb::sql {

using base::StatusOr;
using catalog::FunctionBody;
using catalog::ParameterMode;
using function::CastContext;
using vec::Type;
using vec::TypeId;
namespace sqlstate = base::sqlstate;

// ---- which function

std::string Binder::SignatureOf(const catalog::Relation& function) const {
  if (function.function.is_macro()) return absl::StrCat("macro ", function.name());
  return absl::StrCat("function ", function.name(), "(", catalog::ArgumentsSql(*context_.catalog, function, true), ")");
}

// Which parameter each argument is for: false when the function does not take such a call. `variadic`: the arguments from
// there on are its elements.
bool Binder::MatchArguments(const catalog::Relation& function, const std::vector<GivenArgument>& arguments, bool spread,
                            ArgumentMatch* match) const {
  const std::vector<size_t> given = GivenOf(function.function);
  const bool variadic = !given.empty() && function.function.modes[given.back()] == ParameterMode::kVariadic;
  if (spread && !variadic) return false;
  match->function = &function;
  match->taken_by.assign(given.size(), -1);
  match->wanted.clear();
  size_t place = 0;
  for (size_t i = 0; i < arguments.size(); ++i) {
    size_t parameter = place;
    if (!arguments[i].name.empty()) {
      for (parameter = 0; parameter < given.size(); ++parameter) {
        if (function.schema->columns[given[parameter]].name == arguments[i].name) break;
      }
    } else {
      ++place;
    }
    const bool element = variadic && !spread && arguments[i].name.empty() && parameter + 1 >= given.size();
    if (element) {
      if (match->variadic_from < 0) match->variadic_from = static_cast<int32_t>(i);
      match->wanted.push_back(function.schema->columns[given.back()].type.element_type());
      continue;
    }
    if (parameter >= given.size() || match->taken_by[parameter] >= 0) return false;
    match->taken_by[parameter] = static_cast<int32_t>(i);
    const Type& type = function.schema->columns[given[parameter]].type;
    const bool any = function.function.is_macro() || IsPolymorphic(function.schema->columns[given[parameter]]);
    match->wanted.push_back(any ? std::optional<Type>() : type);
  }
  match->defaults = 0;
  for (size_t parameter = 0; parameter < given.size(); ++parameter) {
    if (match->taken_by[parameter] >= 0) continue;
    if (variadic && parameter + 1 == given.size() && match->variadic_from >= 0) continue;
    if (function.schema->columns[given[parameter]].default_sql.empty()) return false;
    ++match->defaults;
  }
  return true;
}

// `found`: a user's function is meant, rather than a built-in one.
StatusOr<Binder::FunctionCall> Binder::ResolveUserCall(const ast::Call& call, const ExprContext& context, bool* found) {
  FunctionCall resolved;
  const bool qualified = call.name.parts.size() == 2;
  const std::string_view schema = qualified ? call.name.parts[0].text : std::string_view();
  const std::string_view name = call.name.last().text;
  const auto functions = context_.catalog->FunctionsOf(schema, name, search_path_);
  if (functions.empty()) return resolved;
  const bool aggregate = call.star || call.distinct || call.filter != nullptr || !call.order_by.empty() || call.within_group;
  const bool built_in = !qualified && (function::IsFunction(name) || IsAggregate(name) || function::IsSetFunction(name));
  if (aggregate) {
    if (built_in) return resolved;
    return Error(base::SqlState{"42809"}, absl::StrCat(name, " is not an aggregate function"), call.offset);
  }
  std::vector<GivenArgument> arguments;
  for (const ast::Expr* argument : call.arguments) {
    const bool named = argument->kind == ast::ExprKind::kNamedArgument;
    if (!named && !arguments.empty() && !arguments.back().name.empty()) {
      return Error(sqlstate::kSyntaxError, "positional argument cannot follow named argument", argument->offset);
    }
    GivenArgument& given = arguments.emplace_back();
    if (named) {
      given.name = ast::As<ast::NamedArgument>(*argument).name.text;
      for (size_t i = 0; i + 1 < arguments.size(); ++i) {
        if (arguments[i].name != given.name) continue;
        return Error(sqlstate::kSyntaxError, absl::StrCat("argument name \"", given.name, "\" used more than once"),
                     argument->offset);
      }
    }
    TURDB_ASSIGN_OR_RETURN(given.value, Bind(named ? *ast::As<ast::NamedArgument>(*argument).value : *argument, context));
  }
  std::vector<ArgumentMatch> matches;
  for (const auto& function : functions) {
    ArgumentMatch match;
    if (!MatchArguments(*function, arguments, call.variadic, &match)) continue;
    const bool hidden = std::any_of(matches.begin(), matches.end(), [&](const ArgumentMatch& other) {
      return other.wanted == match.wanted && other.function->schema_name() != function->schema_name();
    });
    if (!hidden) matches.push_back(std::move(match));
  }
  // Of two that take the same, the one that needs fewer defaults.
  std::stable_sort(matches.begin(), matches.end(),
                   [](const ArgumentMatch& a, const ArgumentMatch& b) { return a.defaults < b.defaults; });
  for (size_t i = 0; i < matches.size(); ++i) {
    for (size_t j = matches.size(); j-- > i + 1;) {
      if (matches[j].wanted == matches[i].wanted && matches[j].defaults > matches[i].defaults) {
        matches.erase(matches.begin() + static_cast<ptrdiff_t>(j));
      }
    }
  }
  std::vector<function::HostSignature> signatures;
  std::vector<const function::HostSignature*> pointers;
  for (const ArgumentMatch& match : matches) {
    function::HostSignature& signature = signatures.emplace_back();
    signature.name = std::string(name);
    signature.parameters = match.wanted;
  }
  for (const function::HostSignature& signature : signatures) pointers.push_back(&signature);
  std::vector<Type> types;
  for (const GivenArgument& argument : arguments) {
    types.push_back(argument.value->type.WithCollation(vec::Collation::kBinary));
  }
  size_t chosen = 0;
  const function::Resolution resolution = function::ChooseHost(pointers, types, &chosen);
  if (resolution == function::Resolution::kAmbiguous) return At(function::AmbiguousFunction(name, types, false), call.offset);
  if (resolution == function::Resolution::kNone) {
    if (built_in) return resolved;
    return At(function::NoSuchFunction(name, types, false, true), call.offset);
  }
  const ArgumentMatch& match = matches[chosen];
  if (built_in && !match.function->function.is_macro()) {
    bool exact = true;
    for (size_t i = 0; i < types.size(); ++i) exact = exact && match.wanted[i] == types[i];
    const auto known = function::ResolveFunction(name, types);
    if (known.ok() && (!exact || known->argument_types == types)) return resolved;
    if (!exact && IsAggregate(name)) return resolved;
  }
  for (const auto& function : functions) {
    if (function.get() == match.function) resolved.function = function;
  }
  *found = true;
  DependOn(resolved.function);
  TURDB_ASSIGN_OR_RETURN(resolved.function, WithTypesOf(resolved.function, match, arguments, call.offset));
  return TakeArguments(std::move(resolved), match, std::move(arguments), Position(call.offset));
}

// The function with the types that the arguments give its polymorphic parameters.
StatusOr<std::shared_ptr<const catalog::Relation>> Binder::WithTypesOf(std::shared_ptr<const catalog::Relation> function,
                                                                       const ArgumentMatch& match,
                                                                       const std::vector<GivenArgument>& arguments,
                                                                       int32_t offset) {
  const std::vector<table::Column>& columns = function->schema->columns;
  if (function->function.is_macro() || std::none_of(columns.begin(), columns.end(), IsPolymorphic)) return function;
  const std::vector<size_t> given = GivenOf(function->function);
  std::vector<Type> elements;
  for (size_t parameter = 0; parameter < given.size(); ++parameter) {
    const table::Column& column = columns[given[parameter]];
    if (!IsPolymorphic(column) || match.taken_by[parameter] < 0) continue;
    const Type type = arguments[static_cast<size_t>(match.taken_by[parameter])].value->type;
    if (type.id == TypeId::kUnknown) continue;
    if (IsPolymorphicArray(column) && type.id != TypeId::kArray) {
      return At(function::NoSuchFunction(function->name(), std::vector<Type>{type}, false, true), offset);
    }
    elements.push_back(IsPolymorphicArray(column) ? type.element_type() : type.WithCollation(vec::Collation::kBinary));
  }
  if (elements.empty()) {
    return Error(base::SqlState{"42804"}, "could not determine polymorphic type because input has type unknown", offset);
  }
  auto common = CommonType(elements, function->name());
  if (!common.ok()) return At(common.status(), offset);
  auto schema = std::make_shared<table::TableSchema>(*function->schema);
  for (table::Column& column : schema->columns) {
    if (!IsPolymorphic(column)) continue;
    if (IsPolymorphicArray(column) && common->id == TypeId::kArray) return Unsupported("an array of arrays", offset);
    column.type = IsPolymorphicArray(column) ? Type::ArrayOf(*common) : *common;
  }
  auto typed = std::make_shared<catalog::Relation>(nullptr);
  typed->kind = function->kind;
  typed->id = function->id;
  typed->version = function->version;
  typed->schema = std::move(schema);
  typed->view_sql = function->view_sql;
  typed->view_search_path = function->view_search_path;
  typed->function = function->function;
  plan_.Keep(std::shared_ptr<const catalog::Relation>(typed));
  return typed;
}

// Converts what is given, and fills in what is not.
StatusOr<Binder::FunctionCall> Binder::TakeArguments(FunctionCall call, const ArgumentMatch& match,
                                                     std::vector<GivenArgument> arguments, int32_t position) {
  const catalog::Relation& function = *call.function;
  const bool macro = function.function.is_macro();
  if (!macro && function.function.volatility != catalog::Volatility::kImmutable) calls_mutable_ = true;
  for (size_t i = 0; i < arguments.size() && !macro; ++i) {
    if (!match.wanted[i].has_value()) continue;
    TURDB_ASSIGN_OR_RETURN(arguments[i].value, Coerce(arguments[i].value, *match.wanted[i], CastContext::kImplicit));
  }
  const std::vector<size_t> given = GivenOf(function.function);
  for (size_t parameter = 0; parameter < given.size() && !macro; ++parameter) {  // polymorphic ones have their types now
    if (match.taken_by[parameter] < 0) continue;
    GivenArgument& argument = arguments[static_cast<size_t>(match.taken_by[parameter])];
    TURDB_ASSIGN_OR_RETURN(argument.value,
                           Coerce(argument.value, function.schema->columns[given[parameter]].type, CastContext::kImplicit));
  }
  for (size_t parameter = 0; parameter < given.size(); ++parameter) {
    const table::Column& column = function.schema->columns[given[parameter]];
    const Expr* value = nullptr;
    if (match.taken_by[parameter] >= 0) {
      value = arguments[static_cast<size_t>(match.taken_by[parameter])].value;
    } else if (match.variadic_from >= 0 && parameter + 1 == given.size()) {
      std::vector<const Expr*> elements;
      for (size_t i = static_cast<size_t>(match.variadic_from); i < arguments.size(); ++i) {
        if (arguments[i].name.empty()) elements.push_back(arguments[i].value);
      }
      TURDB_ASSIGN_OR_RETURN(value, MakeFunction("array of", elements, position));
    } else {
      TURDB_ASSIGN_OR_RETURN(value, BindStored(column.default_sql, nullptr, absl::StrCat("the default of ", column.name)));
      if (!macro) {
        TURDB_ASSIGN_OR_RETURN(value, Coerce(value, column.type, CastContext::kAssignment));
      }
    }
    TURDB_ASSIGN_OR_RETURN(value, ToColumn(value, column));
    call.arguments.push_back(value);
  }
  return call;
}

StatusOr<std::shared_ptr<const catalog::Relation>> Binder::FindFunction(const ast::FunctionName& name, bool macro) {
  TURDB_ASSIGN_OR_RETURN(const RelationName split, SplitName(name.name));
  const std::string_view what = macro ? "macro" : "function";
  std::vector<Type> types;
  std::vector<std::string_view> polymorphic;
  for (const ast::FunctionParameter& parameter : name.parameters) {
    if (parameter.mode == ast::ParameterMode::kOut) continue;
    const std::string_view word = parameter.type->name.empty() ? std::string_view() : parameter.type->name.last().text;
    polymorphic.push_back(IsPolymorphicName(word) ? word : std::string_view());
    Type type;
    if (polymorphic.back().empty()) {
      TURDB_ASSIGN_OR_RETURN(type, BindType(*parameter.type));
    }
    types.push_back(Unmodified(type));
  }
  std::vector<std::shared_ptr<const catalog::Relation>> fitting;
  for (const auto& function : context_.catalog->FunctionsOf(split.schema, split.name, search_path_)) {
    if (macro && !function->function.is_macro()) continue;
    if (name.has_parameters && !function->function.is_macro()) {
      const std::vector<size_t> given = GivenOf(function->function);
      bool same = given.size() == types.size();
      for (size_t i = 0; same && i < given.size(); ++i) {
        const table::Column& column = function->schema->columns[given[i]];
        same = column.type == types[i] && (column.type.id != TypeId::kUnknown || column.comment == polymorphic[i]);
      }
      if (!same) continue;
    }
    fitting.push_back(function);
  }
  if (fitting.empty()) {
    const auto text = [this](std::string* out, const Type& type) { absl::StrAppend(out, NameOf(type)); };
    return Error(sqlstate::kUndefinedFunction,
                 name.has_parameters
                     ? absl::StrCat(what, " ", split.name, "(", absl::StrJoin(types, ", ", text), ") does not exist")
                     : absl::StrCat("could not find a ", what, " named \"", split.name, "\""),
                 name.name.offset());
  }
  // Those of one schema: the first in the path.
  const std::string& schema = fitting[0]->schema_name();
  const auto several = std::count_if(fitting.begin(), fitting.end(), [&](const auto& f) { return f->schema_name() == schema; });
  if (several > 1) {
    return base::WithHint(
        Error(base::SqlState{"42725"}, absl::StrCat(what, " name \"", split.name, "\" is not unique"), name.name.offset()),
        "Specify the argument list to select the function unambiguously.");
  }
  return fitting[0];
}

// ---- calls

StatusOr<const Expr*> Binder::BindUserCall(const ast::Call& call, const ExprContext& context, bool* found) {
  TURDB_ASSIGN_OR_RETURN(const FunctionCall resolved, ResolveUserCall(call, context, found));
  if (!*found) return nullptr;
  const catalog::Relation& function = *resolved.function;
  if (function.function.body == FunctionBody::kQuery) {
    return base::WithHint(Unsupported(absl::StrCat(SignatureOf(function), ", which gives rows, in an expression"), call.offset),
                          "Call it in FROM.");
  }
  if (!function.function.returns_set) return BindBodyValue(resolved, context, call.offset);
  if (context.set_calls == nullptr) {
    return Error(sqlstate::kFeatureNotSupported, absl::StrCat("set-returning functions are not allowed in ", context.clause),
                 call.offset);
  }
  SetCall set;
  TURDB_ASSIGN_OR_RETURN(const Expr* const rows, RowsAsArray(resolved, call.offset));
  const Type types[] = {rows->type};
  TURDB_ASSIGN_OR_RETURN(set.function, function::ResolveSetFunction("unnest", types));
  set.arguments = {rows};
  set.output = NewColumn(call.name.last().text, set.function.columns[0].type);
  const ColumnId output = set.output;
  context.set_calls->push_back(std::move(set));
  return ColumnExpr(output, Position(call.offset));
}

StatusOr<const Expr*> Binder::RowsAsArray(const FunctionCall& call, int32_t offset) {
  TURDB_RETURN_IF_ERROR(OpenFunction(*call.function, offset));
  TURDB_ASSIGN_OR_RETURN(BoundQuery query, BindBodyQuery(call, offset));
  TURDB_RETURN_IF_ERROR(MakeOneColumn(*call.function, &query, offset));
  return GatherArray(std::move(query), nullptr, offset);
}

// In FROM and alone: `found` as above.
StatusOr<Binder::FromItem> Binder::BindUserTable(const ast::FunctionTable& table, const ast::Call& call,
                                                 const ExprContext& context, bool* found) {
  TURDB_ASSIGN_OR_RETURN(const FunctionCall resolved, ResolveUserCall(call, context, found));
  if (!*found) return FromItem();
  TURDB_RETURN_IF_ERROR(Authorize(AccessKind::kFunction, {}, call.name.last().text, {}, call.offset));
  const catalog::Relation& function = *resolved.function;
  if (!table.column_definitions.empty()) {
    return Error(sqlstate::kSyntaxError, "a column definition list is only allowed for functions returning \"record\"",
                 table.offset);
  }
  const std::string_view alias = table.alias.empty() ? std::string_view(function.name()) : table.alias.text;
  BoundQuery query;
  if (function.function.returns_set || function.function.body == FunctionBody::kQuery) {
    TURDB_RETURN_IF_ERROR(OpenFunction(function, call.offset));
    TURDB_ASSIGN_OR_RETURN(query, BindBodyQuery(resolved, call.offset));
  } else {  // one row, also where the body gives none
    TURDB_ASSIGN_OR_RETURN(const Expr* value, BindBodyValue(resolved, context, call.offset));
    TURDB_ASSIGN_OR_RETURN(value, Coerce(value, function::ResolveUnknown(value->type), CastContext::kImplicit));
    query.root = NewNode(LogicalKind::kProject);
    query.root->left = NewNode(LogicalKind::kSingleRow);
    query.root->expressions = {value};
    query.root->outputs = {NewColumn(function.name(), value->type)};
    SetImplicitCollation(query.root->outputs[0], CollationOf(value));
    query.columns = {{function.name(), query.root->outputs[0], nullptr}};
    if (value->type.id == TypeId::kStruct && FieldsOf(value->type) != nullptr) {
      TURDB_RETURN_IF_ERROR(ExpandRows(&query, Position(call.offset)));
    }
  }
  const bool scalar = !function.function.is_macro() && query.columns.size() == 1 &&
                      function.function.modes.back() == ParameterMode::kResult &&
                      function.schema->columns.back().type.id != TypeId::kStruct;
  if (scalar) query.columns[0].name = alias;
  TURDB_ASSIGN_OR_RETURN(FromItem item, QueryAsItem(std::move(query), table, alias));
  item.relations[0].not_lockable = "a function";
  item.relations[0].scalar = scalar;
  return item;
}

}  // namespace turdb::sql
