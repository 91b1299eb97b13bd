// Functions that give rows: in FROM, and in the list of a SELECT.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "exec/table_function.h"
#include "function/aggregate.h"
#include "function/registry.h"
#include "function/set_function.h"
#include "sql/bind/binder.h"
#include "sql/pragma.h"

namespace turdb::sql {

using base::StatusOr;
using function::BoundSetFunction;
using function::CastContext;
using vec::Type;
using vec::TypeId;
namespace sqlstate = base::sqlstate;

StatusOr<BoundSetFunction> Binder::BindSetFunction(const ast::Call& call, const ExprContext& context,
                                                   std::vector<const Expr*>* arguments) {
  if (context_.catalog->has_functions()) {
    bool found = false;
    TURDB_ASSIGN_OR_RETURN(const FunctionCall resolved, ResolveUserCall(call, context, &found));
    if (found) {  // its rows as an array, or its one value as one
      const bool rows = resolved.function->function.returns_set;
      const Expr* array = nullptr;
      if (rows) {
        TURDB_ASSIGN_OR_RETURN(array, RowsAsArray(resolved, call.offset));
      } else {
        TURDB_ASSIGN_OR_RETURN(const Expr* value, BindBodyValue(resolved, context, call.offset));
        TURDB_ASSIGN_OR_RETURN(value, Coerce(value, function::ResolveUnknown(value->type), CastContext::kImplicit));
        TURDB_ASSIGN_OR_RETURN(array, MakeFunction("array of", {value}, Position(call.offset)));
      }
      arguments->push_back(array);
      const Type types[] = {array->type};
      return function::ResolveSetFunction("unnest", types);
    }
  }
  TURDB_RETURN_IF_ERROR(CheckFunctionSchema(call));
  const std::string_view name = call.name.last().text;
  if (!function::IsSetFunction(name)) {
    return HintAtHost(
        Error(sqlstate::kUndefinedFunction, absl::StrCat("table function ", name, " does not exist"), call.offset), name);
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
  for (const ast::Expr* expr : table.calls) {
    const auto& call = ast::As<ast::Call>(*expr);
    if (call.name.parts.size() == 1 && IsHostTable(call.name.last().text)) return BindHostTable(table, call, context);
  }
  if (alone && !table.with_ordinality && context_.catalog->has_functions()) {
    bool found = false;
    TURDB_ASSIGN_OR_RETURN(FromItem item, BindUserTable(table, first, context, &found));
    if (found) return item;
  }
  if (alone && first.name.parts.size() == 1 && first.name.last().text.starts_with("pragma_")) {
    const std::string listing = PragmaFunctionQuery(first.name.last().text, first.arguments.size(), search_path_);
    if (!listing.empty()) return BindPragmaTable(table, first, listing, context);
  }
  if (alone && first.name.parts.size() == 1 && IsFileFunction(first.name.last().text)) return BindFileFunction(table, first);
  const size_t count = first.arguments.size();
  if (alone && !table.with_ordinality && first.name.last().text == "generate_series" && (count == 2 || count == 3)) {
    return BindSeries(table, first, context);
  }
  std::vector<BoundSetFunction> functions;
  LogicalNode* node = NewNode(LogicalKind::kFunction);
  BoundQuery query{node, {}};
  TURDB_ASSIGN_OR_RETURN(const Expr* const rows, BindRecordTable(table, first, context));
  const auto add_column = [&](std::string_view name, const Type& type) {
    node->outputs.push_back(NewColumn(name, type));
    query.columns.push_back({name, node->outputs.back()});
  };
  if (rows != nullptr) {
    const Type types[] = {rows->type};
    TURDB_ASSIGN_OR_RETURN(BoundSetFunction bound, function::ResolveSetFunction("unnest", types));
    node->expressions = {rows};
    add_column(table.alias.empty() ? first.name.last().text : table.alias.text, bound.columns[0].type);
    functions.push_back(std::move(bound));
  }
  for (const ast::Expr* expr : rows == nullptr ? table.calls : ast::List<ast::Expr*>()) {
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
  const bool of_rows = std::any_of(query.columns.begin(), query.columns.end(), [&](const OutputColumn& column) {
    const Type& type = columns_[static_cast<size_t>(column.id)].type;
    return type.id == TypeId::kStruct && FieldsOf(type) != nullptr;
  });
  if (of_rows) TURDB_RETURN_IF_ERROR(ExpandRows(&query, Position(table.offset)));
  TURDB_ASSIGN_OR_RETURN(FromItem item, QueryAsItem(std::move(query), table, alias));
  item.relations[0].not_lockable = "a function";
  item.relations[0].scalar = scalar && !of_rows;
  return item;
}

StatusOr<Binder::FromItem> Binder::BindPragmaTable(const ast::FunctionTable& table, const ast::Call& call,
                                                   std::string_view listing, const ExprContext& context) {
  const std::string_view name = call.name.last().text;
  if (table.with_ordinality || !table.column_definitions.empty()) {
    return Unsupported(absl::StrCat(name, " with ordinality or column definitions"), table.offset);
  }
  FunctionBodyScope body;
  for (const ast::Expr* argument : call.arguments) {
    TURDB_ASSIGN_OR_RETURN(const Expr* const bound, Bind(*argument, context));
    TURDB_ASSIGN_OR_RETURN(const Expr* const text, Coerce(bound, TypeId::kText, CastContext::kExplicit));
    body.arguments.push_back(text);
    body.names.emplace_back();
  }
  body.uses.assign(body.arguments.size(), 0);
  TURDB_ASSIGN_OR_RETURN(const ParsedStatement parsed, ParseStatement(arena_, arena_.Copy(listing)));
  const int32_t position = fixed_position_;
  if (fixed_position_ < 0) fixed_position_ = call.offset;
  ++view_depth_;
  FunctionBodyScope* const outer = std::exchange(body_, &body);
  Scope nothing;
  auto query = BindSelect(*static_cast<const ast::SelectStatement*>(parsed.statement)->select, &nothing);
  body_ = outer;
  --view_depth_;
  fixed_position_ = position;
  if (!query.ok()) return query.status();
  TURDB_ASSIGN_OR_RETURN(FromItem item, QueryAsItem(*std::move(query), table, table.alias.empty() ? name : table.alias.text));
  item.relations[0].not_lockable = "a function";
  return item;
}

// Rows that a function gives show as the columns that they are made of.
base::Status Binder::ExpandRows(BoundQuery* query, int32_t position) {
  LogicalNode* project = NewNode(LogicalKind::kProject);
  project->left = query->root;
  std::vector<OutputColumn> columns;
  for (const OutputColumn& column : query->columns) {
    const Type type = columns_[static_cast<size_t>(column.id)].type;
    const auto fields = type.id == TypeId::kStruct ? FieldsOf(type) : nullptr;
    if (fields == nullptr) {
      columns.push_back(column);
      continue;
    }
    for (size_t i = 0; i < fields->size(); ++i) {
      TURDB_ASSIGN_OR_RETURN(const Expr* const field, FieldAt(ColumnExpr(column.id), i, *fields, position));
      const std::string_view name = arena_.Copy((*fields)[i].name);
      project->expressions.push_back(field);
      project->outputs.push_back(NewColumn(name, field->type));
      columns.push_back({name, project->outputs.back(), nullptr});
    }
  }
  query->root = project;
  query->columns = std::move(columns);
  return absl::OkStatus();
}

// What a function in FROM gives as an array of its rows, where it is no set function: json_to_recordset(j) AS t(a int),
// json_populate_recordset(null::t, j), and any function of one value. Null: it is a set function.
StatusOr<const Expr*> Binder::BindRecordTable(const ast::FunctionTable& table, const ast::Call& call,
                                              const ExprContext& context) {
  if (table.calls.size() != 1) {
    if (table.column_definitions.empty()) return nullptr;
    return Unsupported("a column definition list of several functions", table.offset);
  }
  const std::string_view name = call.name.last().text;
  const int32_t position = Position(call.offset);
  const size_t count = call.arguments.size();
  const bool one = name == "json_to_record" || name == "jsonb_to_record";
  const bool many = name == "json_to_recordset" || name == "jsonb_to_recordset";
  const bool populates = (name == "json_populate_recordset" || name == "jsonb_populate_recordset") && count == 2;
  if ((one || many) && count == 1) {
    if (table.column_definitions.empty()) {
      return Error(sqlstate::kSyntaxError, "a column definition list is required for functions returning \"record\"",
                   table.offset);
    }
    vec::StructFields fields;
    for (const ast::ColumnDefinition* definition : table.column_definitions) {
      if (definition->type == nullptr) return Error(sqlstate::kSyntaxError, "a column needs a type", definition->name.offset);
      TURDB_ASSIGN_OR_RETURN(const Type type, BindType(*definition->type));
      fields.push_back({std::string(definition->name.text), type});
    }
    TURDB_ASSIGN_OR_RETURN(const Type row, StructOf(std::move(fields)));
    TURDB_ASSIGN_OR_RETURN(const Expr* const json, Bind(*call.arguments[0], context));
    const Expr* const base = plan_.Constant(vec::Value::Null(row), row, position);
    TURDB_ASSIGN_OR_RETURN(const Expr* const made, JsonRecord(base, json, many, position));
    return many ? StatusOr<const Expr*>(made) : MakeFunction("array of", {made}, position);
  }
  if (!table.column_definitions.empty()) {
    return Error(sqlstate::kSyntaxError, "a column definition list is only allowed for functions returning \"record\"",
                 table.offset);
  }
  if (populates) {
    TURDB_ASSIGN_OR_RETURN(const Expr* const base, Bind(*call.arguments[0], context));
    TURDB_ASSIGN_OR_RETURN(const Expr* const json, Bind(*call.arguments[1], context));
    if (base->type.id != TypeId::kStruct || FieldsOf(base->type) == nullptr) {
      return Error(sqlstate::kDatatypeMismatch, absl::StrCat("first argument of ", name, " must be a row type"), call.offset);
    }
    return JsonRecord(base, json, true, position);
  }
  const bool of_host = call.name.parts.size() == 1 && IsHostScalar(name);
  if (!of_host && (function::IsSetFunction(name) || function::IsAggregate(name))) return nullptr;
  const bool special = name == "json_populate_record" || name == "jsonb_populate_record";
  if (!special && !of_host && !function::IsFunction(name)) return nullptr;
  TURDB_ASSIGN_OR_RETURN(const Expr* value, Bind(call, context));
  if (value->type.id == TypeId::kArray) return nullptr;
  TURDB_ASSIGN_OR_RETURN(value, Coerce(value, function::ResolveUnknown(value->type), CastContext::kImplicit));
  return MakeFunction("array of", {value}, position);
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
