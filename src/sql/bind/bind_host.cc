// Functions and collations that the host has registered on the connection (compile.h, HostObjects).
//
// Functions are looked for before the built-in ones of their name, as SQLite does it; arguments that none of them takes go to
// those. A collation of the host is a function from texts to sort keys: whatever compares or sorts by it is bound over the
// keys, which are bytes, so that nothing below the binder knows such collations. DISTINCT and UNION are DISTINCT ON the keys,
// min and max the first text in their order; what would need the texts themselves otherwise (INTERSECT, EXCEPT, min and max as
// window functions, other aggregates with DISTINCT) refuses them.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "function/registry.h"
#include "function/resolve.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
using function::CastContext;
using function::HostSignature;
using function::Resolution;
using vec::Type;
using vec::TypeId;
namespace sqlstate = base::sqlstate;

namespace {

template <typename Function>
Resolution Choose(std::span<const std::shared_ptr<const Function>> overloads, std::span<const Type> types, size_t* chosen) {
  std::vector<const HostSignature*> signatures;
  for (const auto& overload : overloads) signatures.push_back(&overload->signature());
  return function::ChooseHost(signatures, types, chosen);
}

bool IsComparison(std::string_view op) {
  return op == "=" || op == "<>" || op == "!=" || op == "<" || op == "<=" || op == ">" || op == ">=";
}

bool TakesCount(const HostSignature& signature, size_t count) {
  const size_t parameters = signature.parameters.size();
  return signature.variadic ? count + 1 >= parameters : count == parameters;
}

// A literal in quotes is a text before it is anything else: the built-in function of the name has it, unless the host's takes
// texts in its place.
bool IsForBuiltIn(const HostSignature& signature, std::string_view name, std::span<const Type> types) {
  bool reads_literals = false;
  for (size_t i = 0; i < types.size(); ++i) {
    const std::optional<Type>& parameter = signature.parameters[std::min(i, signature.parameters.size() - 1)];
    reads_literals |= types[i].id == TypeId::kUnknown && parameter.has_value() && !vec::IsText(parameter->id);
  }
  return reads_literals && function::IsFunction(name) && function::ResolveFunction(name, types).ok();
}

// Whether every overload takes argument `place` of `count` as it comes.
template <typename Function>
bool TakesAnything(std::span<const std::shared_ptr<const Function>> overloads, size_t place, size_t count) {
  return std::all_of(overloads.begin(), overloads.end(), [&](const auto& overload) {
    const HostSignature& signature = overload->signature();
    if (!TakesCount(signature, count)) return true;
    return !signature.parameters[std::min(place, signature.parameters.size() - 1)].has_value();
  });
}

std::vector<Type> TypesOf(const std::vector<const Expr*>& arguments) {
  std::vector<Type> types;
  for (const Expr* argument : arguments) types.push_back(argument->type.WithCollation(vec::Collation::kBinary));
  return types;
}

}  // namespace

// ---- functions

bool Binder::IsAggregate(std::string_view name) const {
  return (HostIsVisible() && !context_.host->AggregatesOf(name).empty()) || function::IsAggregate(name);
}

Status Binder::HintAtHost(Status status, std::string_view name) const {
  const bool known = context_.host != nullptr && !HostIsVisible() &&
                     base::GetSqlState(status) == sqlstate::kUndefinedFunction &&
                     !(context_.host->ScalarsOf(name).empty() && context_.host->AggregatesOf(name).empty() &&
                       context_.host->TablesOf(name).empty());
  if (!known) return status;
  return base::WithHint(std::move(status),
                        absl::StrCat(name,
                                     " is registered on this connection: views, indexes, defaults, checks and triggers "
                                     "would outlive it, so they cannot call it."));
}

const Expr* Binder::HostCall(std::shared_ptr<const function::HostScalar> function, std::vector<const Expr*> arguments,
                             int32_t position) {
  function::BoundCall call = function::BindHost(*function, TypesOf(arguments));
  plan_.Keep(std::move(function));
  const exec::Expressions kept = plan_.Copy(arguments);
  return Fold(plan_.Call(std::move(call), kept, position));
}

StatusOr<const Expr*> Binder::BindHostCall(const ast::Call& call, std::string_view name, const ExprContext& context,
                                           bool* found) {
  const auto overloads = context_.host->ScalarsOf(name);
  const bool takes_count = std::any_of(overloads.begin(), overloads.end(), [&](const auto& overload) {
    return TakesCount(overload->signature(), call.arguments.size());
  });
  const bool built_in = function::IsFunction(name) || function::IsAggregate(name);
  *found = takes_count || (!overloads.empty() && !built_in);
  if (!*found) return nullptr;
  if (call.star || call.distinct || call.filter != nullptr || !call.order_by.empty() || call.within_group) {
    return Error(base::SqlState{"42809"}, absl::StrCat(name, " is not an aggregate function"), call.offset);
  }
  std::vector<const Expr*> arguments;
  for (const ast::Expr* argument : call.arguments) {
    if (argument->kind == ast::ExprKind::kNamedArgument) {
      return Unsupported(absl::StrCat("a named argument of ", name, ", whose parameters have no names,"), argument->offset);
    }
    TURDB_ASSIGN_OR_RETURN(const Expr* bound, Bind(*argument, context));
    const bool is_open = bound->kind == exec::ExpressionKind::kParameter && bound->type.id == TypeId::kUnknown;
    if (is_open && TakesAnything(overloads, arguments.size(), call.arguments.size())) DecideByBound(bound->index);
    arguments.push_back(bound);
  }
  const std::vector<Type> types = TypesOf(arguments);
  const int32_t position = Position(call.offset);
  size_t chosen = 0;
  switch (Choose(overloads, types, &chosen)) {
    case Resolution::kNone:
      if (function::IsFunction(name)) return MakeFunction(name, arguments, position);
      return At(function::NoSuchFunction(name, types, false, true), call.offset);
    case Resolution::kAmbiguous:
      return At(function::AmbiguousFunction(name, types, false), call.offset);
    case Resolution::kFound:
      if (IsForBuiltIn(overloads[chosen]->signature(), name, types)) return MakeFunction(name, arguments, position);
      break;
  }
  const std::vector<Type> wanted = function::ArgumentTypesOf(overloads[chosen]->signature(), types);
  for (size_t i = 0; i < arguments.size(); ++i) {
    TURDB_ASSIGN_OR_RETURN(arguments[i], Coerce(arguments[i], wanted[i], CastContext::kExplicit));
  }
  return HostCall(overloads[chosen], std::move(arguments), position);
}

StatusOr<function::BoundAggregate> Binder::ResolveAggregate(std::string_view name, std::span<const Type> types) {
  if (HostIsVisible()) {
    const auto overloads = context_.host->AggregatesOf(name);
    size_t chosen = 0;
    const Resolution resolution = Choose(overloads, types, &chosen);
    if (resolution == Resolution::kFound) {
      plan_.Keep(overloads[chosen]);
      return function::BindHost(*overloads[chosen], types);
    }
    if (resolution == Resolution::kAmbiguous) return function::AmbiguousFunction(name, types, false);
  }
  return function::ResolveAggregate(name, types);
}

// A table function that the host has registered. Its arguments may name tables to its left, unless they decide its columns.
StatusOr<Binder::FromItem> Binder::BindHostTable(const ast::FunctionTable& table, const ast::Call& call,
                                                 const ExprContext& context) {
  const std::string_view name = call.name.last().text;
  if (table.calls.size() != 1) return Unsupported(absl::StrCat(name, " beside other functions"), call.offset);
  if (!table.column_definitions.empty()) {
    return Error(sqlstate::kSyntaxError, "a column definition list is only allowed for functions returning \"record\"",
                 table.offset);
  }
  if (call.star || call.distinct || call.filter != nullptr || call.over != nullptr || !call.order_by.empty() || call.variadic) {
    return Error(base::SqlState{"42809"}, absl::StrCat(name, " is not an aggregate function"), call.offset);
  }
  const auto overloads = context_.host->TablesOf(name);
  std::vector<const Expr*> arguments;
  for (const ast::Expr* argument : call.arguments) {
    TURDB_ASSIGN_OR_RETURN(const Expr* bound, Bind(*argument, context));
    const bool is_open = bound->kind == exec::ExpressionKind::kParameter && bound->type.id == TypeId::kUnknown;
    if (is_open && TakesAnything(overloads, arguments.size(), call.arguments.size())) DecideByBound(bound->index);
    arguments.push_back(bound);
  }
  const std::vector<Type> types = TypesOf(arguments);
  size_t chosen = 0;
  const Resolution resolution = Choose(overloads, types, &chosen);
  if (resolution == Resolution::kNone) return At(function::NoSuchFunction(name, types, false, true), call.offset);
  if (resolution == Resolution::kAmbiguous) return At(function::AmbiguousFunction(name, types, false), call.offset);
  const std::shared_ptr<const exec::HostTable> function = overloads[chosen];
  const std::vector<Type> wanted = function::ArgumentTypesOf(function->signature(), types);
  for (size_t i = 0; i < arguments.size(); ++i) {
    TURDB_ASSIGN_OR_RETURN(arguments[i], Coerce(arguments[i], wanted[i], CastContext::kExplicit));
  }
  LogicalNode* const node = NewNode(LogicalKind::kFunction);
  std::shared_ptr<const exec::TableFunction> rows = function;
  std::span<const exec::ExternalTable::Column> columns = function->columns();
  if (columns.empty()) {
    std::vector<vec::Value> values;
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (arguments[i]->kind != exec::ExpressionKind::kConstant) {
        return base::WithHint(At(base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kFeatureNotSupported,
                                                 absl::StrCat("argument ", i + 1, " of ", name,
                                                              " must be a constant: the columns of the rows depend on it")),
                                 call.arguments[i]->offset),
                              "register the function with the columns that it gives");
      }
      values.push_back(*arguments[i]->value);
    }
    auto opened = function->Open(values);
    if (!opened.ok()) return At(opened.status(), call.offset);
    columns = (*opened)->columns();
    rows = *std::move(opened);
    plan_.Keep(rows);
    uses_external_ = true;
  } else {
    node->expressions = arguments;
  }
  plan_.Keep(function);
  const std::string_view alias = table.alias.empty() ? name : table.alias.text;
  node->name = alias;
  BoundQuery query{node, {}};
  for (const exec::ExternalTable::Column& column : columns) {
    const std::string_view shown = plan_.Copy(std::string_view(column.name));
    node->outputs.push_back(NewColumn(shown, column.type));
    query.columns.push_back({shown, node->outputs.back()});
  }
  if (table.with_ordinality) {
    std::vector<Type> column_types;
    for (const exec::ExternalTable::Column& column : columns) column_types.push_back(column.type);
    rows = exec::MakeNumberedTable(std::move(rows), std::move(column_types));
    plan_.Keep(rows);
    node->outputs.push_back(NewColumn("ordinality", TypeId::kInt64));
    query.columns.push_back({"ordinality", node->outputs.back()});
  }
  node->function = rows.get();
  TURDB_ASSIGN_OR_RETURN(FromItem item, QueryAsItem(std::move(query), table, alias));
  item.relations[0].not_lockable = "a function";
  item.relations[0].scalar = columns.size() == 1 && !table.with_ordinality;
  return item;
}

// ---- signatures

namespace {

// What stands between commas that are in no parentheses and no quotes, without the space around it.
std::vector<std::string_view> SplitList(std::string_view list) {
  std::vector<std::string_view> items;
  if (absl::StripAsciiWhitespace(list).empty()) return items;
  size_t begin = 0;
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < list.size(); ++i) {
    const char c = list[i];
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    depth += c == '(' || c == '[' ? 1 : c == ')' || c == ']' ? -1 : 0;
    if (c != ',' || depth > 0) continue;
    items.push_back(absl::StripAsciiWhitespace(list.substr(begin, i - begin)));
    begin = i + 1;
  }
  items.push_back(absl::StripAsciiWhitespace(list.substr(begin)));
  return items;
}

// The identifier that a text begins with, as SQL reads it; empty: it begins with none. `rest`: what follows.
std::string TakeIdentifier(std::string_view text, std::string_view* rest) {
  std::string name;
  size_t i = 0;
  if (!text.empty() && text[0] == '"') {
    for (i = 1; i < text.size(); ++i) {
      if (text[i] == '"' && (++i >= text.size() || text[i] != '"')) break;
      name += text[i];
    }
  } else {
    const auto in_name = [](unsigned char c) { return absl::ascii_isalnum(c) || c == '_' || c == '$' || c >= 0x80; };
    for (; i < text.size() && in_name(static_cast<unsigned char>(text[i])); ++i) name += absl::ascii_tolower(text[i]);
  }
  *rest = absl::StripLeadingAsciiWhitespace(text.substr(std::min(i, text.size())));
  return name;
}

}  // namespace

StatusOr<Type> Binder::BindTypeText(std::string_view text) {
  const auto offset = static_cast<int32_t>(text.data() - sql_.data());
  auto parsed = ParseTypeName(arena_, text);
  if (!parsed.ok()) {
    return base::MovePosition(parsed.status(), offset + base::GetPosition(parsed.status()).value_or(0));
  }
  auto bound = BindType(**parsed);
  if (!bound.ok()) return base::MovePosition(bound.status(), offset + base::GetPosition(bound.status()).value_or(0));
  return bound;
}

StatusOr<std::vector<std::optional<Type>>> Binder::BindTypeList() {
  std::vector<std::optional<Type>> types;
  for (const std::string_view item : SplitList(sql_)) {
    if (absl::EqualsIgnoreCase(item, "any")) {
      types.emplace_back();
      continue;
    }
    TURDB_ASSIGN_OR_RETURN(const Type type, BindTypeText(item));
    types.emplace_back(type);
  }
  return types;
}

StatusOr<std::vector<exec::ExternalTable::Column>> Binder::BindColumnList() {
  std::vector<exec::ExternalTable::Column> columns;
  for (const std::string_view item : SplitList(sql_)) {
    std::string_view type;
    std::string name = TakeIdentifier(item, &type);
    const auto offset = static_cast<int32_t>(item.data() - sql_.data());
    if (name.empty() || type.empty()) {
      return Error(sqlstate::kSyntaxError, "a column needs a name and a type", offset);
    }
    for (const exec::ExternalTable::Column& other : columns) {
      if (other.name != name) continue;
      return Error(sqlstate::kDuplicateColumn, absl::StrCat("column \"", name, "\" specified more than once"), offset);
    }
    TURDB_ASSIGN_OR_RETURN(const Type bound, BindTypeText(type));
    columns.push_back({std::move(name), bound});
  }
  return columns;
}

// ---- collations

StatusOr<std::optional<vec::CollationId>> Binder::FindHostCollation(const ast::QualifiedName& name) {
  const std::string_view last = name.last().text;
  if (context_.host == nullptr || name.parts.size() != 1 || vec::FindCollation(last) != nullptr) {
    return std::optional<vec::CollationId>();
  }
  std::shared_ptr<const function::HostScalar> found = context_.host->CollationOf(last);
  if (found == nullptr) return std::optional<vec::CollationId>();
  if (!HostIsVisible()) return HostCollationInCatalog(found->signature().name, name.offset());
  size_t place = 0;
  while (place < host_collations_.size() && host_collations_[place] != found) ++place;
  if (place == host_collations_.size()) {
    if (kFirstHostCollation + place > UINT8_MAX) return Error(sqlstate::kProgramLimit, "too many collations", name.offset());
    plan_.Keep(found);
    host_collations_.push_back(std::move(found));
  }
  return std::optional<vec::CollationId>(static_cast<vec::CollationId>(kFirstHostCollation + place));
}

Status Binder::HostCollationInCatalog(std::string_view name, int32_t offset) const {
  return base::WithHint(Error(sqlstate::kInvalidTableDefinition,
                              absl::StrCat("collation \"", name,
                                           "\" is registered on a connection, and what the catalog keeps would outlive that"),
                              offset),
                        "Write COLLATE in the queries that compare or sort by it.");
}

std::string_view Binder::CollationName(vec::CollationId id) const {
  if (id < kFirstHostCollation) return vec::Collations()[id].name;
  return host_collations_[id - kFirstHostCollation]->signature().name;
}

const Expr* Binder::WithHostCollation(const Expr* expr, vec::CollationId id) {
  Expr* const copy = plan_.NewExpression(expr->kind, expr->type, expr->arguments, expr->position);
  *copy = *expr;
  NoteCollation(copy, {id, CollationStrength::kExplicit});
  return copy;
}

StatusOr<const Expr*> Binder::SortKeyOf(const Expr* expr, vec::CollationId id) {
  if (!vec::IsText(expr->type.id)) {
    return base::WithPosition(
        base::UnsupportedError(absl::StrCat("comparing values of type ", NameOf(expr->type), " by collation \"",
                                            CollationName(id), "\" of the connection is not supported")),
        expr->position);
  }
  TURDB_ASSIGN_OR_RETURN(expr, Coerce(expr, TypeId::kText, CastContext::kExplicit));
  return HostCall(host_collations_[id - kFirstHostCollation], {expr}, expr->position);
}

StatusOr<const Expr*> Binder::ToCompared(const Expr* expr) {
  TURDB_RETURN_IF_ERROR(CheckCollation(expr));
  const CollationState state = CollationOf(expr);
  return IsHosts(state) ? SortKeyOf(expr, state.id) : expr;
}

StatusOr<const Expr*> Binder::CompareSortKeys(std::string_view op, const std::vector<const Expr*>& arguments,
                                              const CollationState& state, int32_t position) {
  if (!IsComparison(op) || arguments.size() != 2) {
    return RefuseHostCollation(state, absl::StrCat("operator ", op), position);
  }
  std::vector<const Expr*> keys;
  for (const Expr* argument : arguments) {
    if (argument->type.id == TypeId::kUnknown) {
      TURDB_ASSIGN_OR_RETURN(argument, Coerce(argument, TypeId::kText, CastContext::kImplicit));
    }
    TURDB_ASSIGN_OR_RETURN(argument, SortKeyOf(argument, state.id));
    keys.push_back(argument);
  }
  return MakeOperator(op, {keys[0], keys[1]}, position);
}

Status Binder::RefuseHostCollation(const CollationState& state, std::string_view where, int32_t position) const {
  if (!IsHosts(state)) return absl::OkStatus();
  return base::WithHint(
      base::WithPosition(base::UnsupportedError(absl::StrCat("collation \"", CollationName(state.id),
                                                             "\" of the connection in ", where, " is not supported")),
                         position),
      "It can be used in comparisons, IN, BETWEEN, CASE, ORDER BY, PARTITION BY, DISTINCT, UNION, min and max.");
}

}  // namespace turdb::sql
