// Window functions: OVER, WINDOW, frames and QUALIFY, by PostgreSQL's rules.
//
// A call is bound where it stands and becomes a column of a kWindow operator; calls of one partition and order share
// one. The operators are linked above FROM, WHERE and grouping, those with most keys first, so that the others find
// their input sorted. Before that every expression they read of a row becomes a column.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "function/aggregate.h"
#include "function/registry.h"
#include "function/window.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
using function::CastContext;
using function::WindowKind;
using vec::Type;
using vec::TypeId;
namespace sqlstate = base::sqlstate;

namespace {

constexpr base::SqlState kWindowingError{"42P20"};
constexpr base::SqlState kWrongObjectType{"42809"};

bool SameExprs(const std::vector<const Expr*>& a, const std::vector<const Expr*>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Expr* x, const Expr* y) { return exec::Equal(*x, *y); });
}

bool SameOrder(const std::vector<LogicalSortKey>& a, const std::vector<LogicalSortKey>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const LogicalSortKey& x, const LogicalSortKey& y) {
    return exec::Equal(*x.expression, *y.expression) && x.descending == y.descending && x.nulls_first == y.nulls_first;
  });
}

// What keys and offsets of RANGE are compared as: sums of it with offsets neither overflow nor wrap.
TypeId RangeType(TypeId key) {
  switch (key) {
    case TypeId::kInt8:
    case TypeId::kInt16:
    case TypeId::kInt32:
    case TypeId::kInt64:
    case TypeId::kUInt8:
    case TypeId::kUInt16:
    case TypeId::kUInt32:
    case TypeId::kUInt64:
      return TypeId::kInt128;
    case TypeId::kFloat:
    case TypeId::kDouble:
      return TypeId::kDouble;
    case TypeId::kInt128:
    case TypeId::kDecimal:
    case TypeId::kNumeric:
      return TypeId::kNumeric;
    case TypeId::kDate:
    case TypeId::kTimestamp:
      return TypeId::kTimestamp;
    case TypeId::kTimestampTz:
      return TypeId::kTimestampTz;
    case TypeId::kTime:
    case TypeId::kInterval:
      return TypeId::kInterval;
    default:
      return TypeId::kUnknown;
  }
}

}  // namespace

Status ForEachWindowExpr(const WindowClause& windows, absl::FunctionRef<Status(const Expr**)> visit) {
  for (LogicalNode* node : windows.nodes) {
    for (const Expr*& expr : node->expressions) TURDB_RETURN_IF_ERROR(visit(&expr));
    for (LogicalSortKey& key : node->sort) TURDB_RETURN_IF_ERROR(visit(&key.expression));
    for (LogicalWindowCall& call : node->windows) {
      for (const Expr*& argument : call.arguments) TURDB_RETURN_IF_ERROR(visit(&argument));
      for (const Expr** expr : {&call.filter, &call.range_key, &call.start.limit, &call.end.limit}) {
        if (*expr != nullptr) TURDB_RETURN_IF_ERROR(visit(expr));
      }
    }
  }
  return absl::OkStatus();
}

bool Binder::NamesWindow(const Expr* expr, const WindowClause& windows) const {
  ColumnSet named(columns_.size());
  AddColumns(expr, &named);
  return std::any_of(windows.nodes.begin(), windows.nodes.end(), [&](const LogicalNode* node) {
    return std::any_of(node->outputs.begin(), node->outputs.end(), [&](ColumnId id) { return named[id]; });
  });
}

// ---- definitions

Status Binder::BindNamedWindows(const ast::SelectCore& core, const ExprContext& context) {
  for (const ast::NamedWindow& named : core.windows) {
    for (const WindowClause::Definition& other : context.windows->named) {
      if (other.name != named.name.text) continue;
      return Error(kWindowingError, absl::StrCat("window \"", named.name.text, "\" is already defined"), named.name.offset);
    }
    TURDB_ASSIGN_OR_RETURN(WindowClause::Definition bound, BindWindow(*named.window, named.name.offset, context));
    bound.name = named.name.text;
    context.windows->named.push_back(std::move(bound));
  }
  return absl::OkStatus();
}

StatusOr<WindowClause::Definition> Binder::BindWindow(const ast::Window& window, int32_t offset, const ExprContext& context) {
  WindowClause::Definition bound;
  if (!window.name.empty()) {
    const std::vector<WindowClause::Definition>& named = context.windows->named;
    const auto base = std::find_if(named.begin(), named.end(), [&](const auto& d) { return d.name == window.name.text; });
    const auto refused = [&](std::string_view before, std::string_view after) {
      return Error(kWindowingError, absl::StrCat(before, " window \"", window.name.text, "\"", after), window.name.offset);
    };
    if (base == named.end()) {
      return Error(sqlstate::kUndefinedObject, absl::StrCat("window \"", window.name.text, "\" does not exist"),
                   window.name.offset);
    }
    if (window.by_name) return *base;
    if (!window.partition_by.empty()) return refused("cannot override PARTITION BY clause of", "");
    if (!window.order_by.empty() && !base->order.empty()) return refused("cannot override ORDER BY clause of", "");
    if (base->frame != nullptr) return refused("cannot copy", " because it has a frame clause");
    bound = *base;
  }
  ExprContext inner = context;
  inner.windows = nullptr;
  inner.clause = "window definitions";
  const auto bind = [&](const ast::Expr& expr) -> StatusOr<const Expr*> {
    TURDB_ASSIGN_OR_RETURN(const Expr* key, Bind(expr, inner));
    TURDB_ASSIGN_OR_RETURN(key, ToCompared(key));
    return Coerce(key, function::ResolveUnknown(key->type), CastContext::kImplicit);
  };
  for (const ast::Expr* expr : window.partition_by) {
    TURDB_ASSIGN_OR_RETURN(const Expr* key, bind(*expr));
    const bool there = std::any_of(bound.partition.begin(), bound.partition.end(),
                                   [&](const Expr* other) { return exec::Equal(*other, *key); });
    if (!there) bound.partition.push_back(key);
  }
  for (const ast::OrderItem& item : window.order_by) {
    LogicalSortKey key;
    TURDB_ASSIGN_OR_RETURN(key.expression, bind(*item.expr));
    key.descending = item.direction == ast::Direction::kDescending;
    key.nulls_first = item.nulls == ast::NullsOrder::kDefault ? key.descending : item.nulls == ast::NullsOrder::kFirst;
    bound.order.push_back(key);
  }
  if (window.unit != ast::FrameUnit::kNone) {
    bound.frame = &window;
    TURDB_RETURN_IF_ERROR(CheckFrame(window, bound.order, offset));
  }
  return bound;
}

// ---- frames

Status Binder::CheckFrame(const ast::Window& window, const std::vector<LogicalSortKey>& order, int32_t offset) const {
  using ast::FrameBound;
  const auto refuse = [&](std::string_view message) { return Error(kWindowingError, message, offset); };
  if (window.start == FrameBound::kUnboundedFollowing) return refuse("frame start cannot be UNBOUNDED FOLLOWING");
  if (window.end == FrameBound::kUnboundedPreceding) return refuse("frame end cannot be UNBOUNDED PRECEDING");
  if (window.start == FrameBound::kCurrentRow && window.end == FrameBound::kPreceding) {
    return refuse("frame starting from current row cannot have preceding rows");
  }
  if (window.start == FrameBound::kFollowing && window.end == FrameBound::kPreceding) {
    return refuse("frame starting from following row cannot have preceding rows");
  }
  if (window.start == FrameBound::kFollowing && window.end == FrameBound::kCurrentRow) {
    return refuse("frame starting from following row cannot end with current row");
  }
  if (window.unit == ast::FrameUnit::kGroups && order.empty()) return refuse("GROUPS mode requires an ORDER BY clause");
  const bool offsets = window.start_offset != nullptr || window.end_offset != nullptr;
  if (window.unit == ast::FrameUnit::kRange && offsets && order.size() != 1) {
    return refuse("RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column");
  }
  return absl::OkStatus();
}

Status Binder::BindFrame(const WindowClause::Definition& window, const ExprContext& context, int32_t offset,
                         LogicalWindowCall* call) {
  if (window.frame == nullptr) return absl::OkStatus();
  const ast::Window& frame = *window.frame;
  call->frame.unit = frame.unit == ast::FrameUnit::kRows    ? exec::FrameUnit::kRows
                     : frame.unit == ast::FrameUnit::kRange ? exec::FrameUnit::kRange
                                                            : exec::FrameUnit::kGroups;
  call->frame.start = static_cast<exec::FrameBound>(frame.start);
  call->frame.end = static_cast<exec::FrameBound>(frame.end);
  call->frame.exclusion = static_cast<exec::FrameExclusion>(frame.exclusion);
  const bool range = frame.unit == ast::FrameUnit::kRange;
  const bool offsets = frame.start_offset != nullptr || frame.end_offset != nullptr;
  const LogicalSortKey* order = range && offsets ? &window.order[0] : nullptr;
  if (order != nullptr) {
    const Type& type = order->expression->type;
    const TypeId id = RangeType(type.id);
    if (id == TypeId::kUnknown || !function::CanCast(type, id, CastContext::kExplicit)) {
      return Error(sqlstate::kFeatureNotSupported,
                   absl::StrCat("RANGE with offset PRECEDING/FOLLOWING is not supported for column type ", type.ToString()),
                   offset);
    }
    TURDB_ASSIGN_OR_RETURN(call->range_key, Coerce(order->expression, id, CastContext::kExplicit));
  }
  if (frame.start_offset != nullptr) {
    const bool preceding = frame.start == ast::FrameBound::kPreceding;
    TURDB_RETURN_IF_ERROR(BindFrameOffset(*frame.start_offset, order, preceding, context, call, &call->start));
  }
  if (frame.end_offset != nullptr) {
    const bool preceding = frame.end == ast::FrameBound::kPreceding;
    TURDB_RETURN_IF_ERROR(BindFrameOffset(*frame.end_offset, order, preceding, context, call, &call->end));
  }
  return absl::OkStatus();
}

Status Binder::BindFrameOffset(const ast::Expr& count, const LogicalSortKey* range_order, bool preceding,
                               const ExprContext& context, LogicalWindowCall* call, LogicalFrameOffset* out) {
  const std::string_view unit = call->frame.unit == exec::FrameUnit::kRows    ? "ROWS"
                                : call->frame.unit == exec::FrameUnit::kRange ? "RANGE"
                                                                              : "GROUPS";
  const std::string clause = absl::StrCat("window ", unit);
  ExprContext inner = context;
  inner.windows = nullptr;
  inner.aggregates = nullptr;
  inner.clause = clause;
  TURDB_ASSIGN_OR_RETURN(const Expr* bound, Bind(count, inner));
  ColumnSet named(columns_.size());
  AddColumns(bound, &named);
  for (size_t id = 0; id < context.windows->input.size(); ++id) {
    if (!named[id] || !context.windows->input[id]) continue;
    return Error(sqlstate::kInvalidColumnReference, absl::StrCat("argument of ", unit, " must not contain variables"),
                 count.offset);
  }
  Type type = TypeId::kInt64;
  if (range_order != nullptr) {
    const TypeId key = call->range_key->type.id;
    const bool interval = key == TypeId::kTimestamp || key == TypeId::kTimestampTz || key == TypeId::kInterval;
    type = interval ? Type(TypeId::kInterval) : call->range_key->type;
    const bool fits = bound->type.id == TypeId::kUnknown || function::CanCast(bound->type, type, CastContext::kImplicit) ||
                      (key == TypeId::kInt128 && RangeType(bound->type.id) == TypeId::kInt128);
    if (!fits) {
      return Error(sqlstate::kFeatureNotSupported,
                   absl::StrCat("RANGE with offset PRECEDING/FOLLOWING is not supported for column type ",
                                range_order->expression->type.ToString(), " and offset type ", bound->type.ToString()),
                   count.offset);
    }
  } else if (bound->type.id != TypeId::kUnknown && !function::CanCast(bound->type, type, CastContext::kImplicit)) {
    return Error(sqlstate::kDatatypeMismatch,
                 absl::StrCat("argument of ", unit, " must be type bigint, not type ", bound->type.ToString()), count.offset);
  }
  const int32_t position = Position(count.offset);
  TURDB_ASSIGN_OR_RETURN(out->count, Coerce(bound, type, CastContext::kExplicit));
  const Expr* zero = plan_.Constant(vec::Value::Text(type.id == TypeId::kInterval ? "0 seconds" : "0"), TypeId::kUnknown);
  TURDB_ASSIGN_OR_RETURN(zero, Coerce(zero, type, CastContext::kExplicit));
  TURDB_ASSIGN_OR_RETURN(out->negative, MakeOperator("<", {out->count, zero}, position));
  if (range_order == nullptr) return absl::OkStatus();
  const std::string_view op = preceding != range_order->descending ? "-" : "+";
  TURDB_ASSIGN_OR_RETURN(out->limit, MakeOperator(op, {call->range_key, out->count}, position));
  TURDB_ASSIGN_OR_RETURN(out->limit, Coerce(out->limit, call->range_key->type, CastContext::kExplicit));
  return absl::OkStatus();
}

// ---- calls

Status Binder::BindWindowArguments(const ast::Call& call, std::string_view name, const ExprContext& context,
                                   LogicalWindowCall* bound, Type* result, CollationState* collation) {
  ExprContext inner = context;
  inner.windows = nullptr;
  inner.inside_window = true;
  inner.set_calls = nullptr;
  TURDB_ASSIGN_OR_RETURN(bound->arguments, BindJsonAggregateArguments(call, &name, inner));
  std::vector<Type> types;
  for (const Expr* value : bound->arguments) types.push_back(value->type.WithCollation(vec::Collation::kBinary));
  std::vector<const Expr*>& arguments = bound->arguments;
  if (call.filter != nullptr) {
    inner.clause = "FILTER";
    TURDB_ASSIGN_OR_RETURN(bound->filter, BindCondition(*call.filter, inner));
  }
  const function::WindowFunction* function = function::FindWindowFunction(name);
  if (function == nullptr) {
    if (call.star && name != "count") {
      return Error(sqlstate::kUndefinedFunction, absl::StrCat("function ", name, "(*) does not exist"), call.offset);
    }
    auto resolved = ResolveAggregate(name, types);
    if (!resolved.ok()) return At(resolved.status(), call.offset);
    TURDB_RETURN_IF_ERROR(CollateAggregate(&*resolved, arguments, collation, Position(call.offset)));
    for (size_t i = 0; i < arguments.size(); ++i) {
      TURDB_ASSIGN_OR_RETURN(arguments[i], Coerce(arguments[i], resolved->argument_types[i], CastContext::kImplicit));
    }
    bound->kind = WindowKind::kAggregate;
    *result = resolved->result_type;
    bound->aggregate = plan_.Own(*std::move(resolved));
    return absl::OkStatus();
  }
  bound->kind = function->kind;
  const bool counted = arguments.size() > function->integer_argument && function->integer != TypeId::kUnknown;
  const bool fits = !counted || types[function->integer_argument].id == TypeId::kUnknown ||
                    types[function->integer_argument].id == function->integer ||
                    function::CanCast(types[function->integer_argument], function->integer, CastContext::kImplicit);
  if (call.star || !fits || arguments.size() < function->least_arguments || arguments.size() > function->most_arguments) {
    std::string list = call.star ? "*" : "";
    for (const Type& type : types) absl::StrAppend(&list, list.empty() ? "" : ", ", type.ToString());
    return Error(sqlstate::kUndefinedFunction, absl::StrCat("function ", name, "(", list, ") does not exist"), call.offset);
  }
  if (call.filter != nullptr) {
    return Error(sqlstate::kFeatureNotSupported, "FILTER is not implemented for non-aggregate window functions", call.offset);
  }
  if (counted) {
    const Expr*& integer = arguments[function->integer_argument];
    TURDB_ASSIGN_OR_RETURN(integer, Coerce(integer, function->integer, CastContext::kImplicit));
  }
  *result = function->result;
  if (function->result != TypeId::kUnknown) return absl::OkStatus();
  if (arguments.size() == 3) {  // lag and lead: the default is of the value's type
    TURDB_ASSIGN_OR_RETURN(const auto both, UnifyPair(arguments[0], arguments[2], name, call.offset, collation));
    arguments[0] = both.first;
    arguments[2] = both.second;
  }
  for (const size_t i : {size_t{0}, size_t{2}}) {
    if (i >= arguments.size()) continue;
    TURDB_ASSIGN_OR_RETURN(arguments[i],
                           Coerce(arguments[i], function::ResolveUnknown(arguments[i]->type), CastContext::kImplicit));
  }
  *result = arguments[0]->type;
  *collation = CollationOf(arguments[0]);
  return absl::OkStatus();
}

StatusOr<const Expr*> Binder::BindWindowCall(const ast::Call& call, std::string_view name, const ExprContext& context) {
  if (context.inside_aggregate) {
    return Error(sqlstate::kGroupingError, "aggregate function calls cannot contain window function calls", call.offset);
  }
  if (context.inside_window) return Error(kWindowingError, "window function calls cannot be nested", call.offset);
  if (context.windows == nullptr) {
    return Error(kWindowingError, absl::StrCat("window functions are not allowed in ", context.clause), call.offset);
  }
  if (function::FindWindowFunction(name) == nullptr && !IsAggregate(name)) {
    if (!function::IsFunction(name) && !IsHostScalar(name)) {
      return Error(sqlstate::kUndefinedFunction, absl::StrCat("function ", name, " does not exist"), call.offset);
    }
    return Error(kWrongObjectType,
                 absl::StrCat("OVER specified, but ", name, " is not a window function nor an aggregate function"),
                 call.offset);
  }
  if (call.distinct) {
    return Error(sqlstate::kFeatureNotSupported, "DISTINCT is not implemented for window functions", call.offset);
  }
  if (!call.order_by.empty()) {
    return Error(sqlstate::kFeatureNotSupported, "aggregate ORDER BY is not implemented for window functions", call.offset);
  }
  LogicalWindowCall bound;
  bound.position = Position(call.offset);
  Type result;
  CollationState collation;
  TURDB_RETURN_IF_ERROR(BindWindowArguments(call, name, context, &bound, &result, &collation));
  if (call.ignore_nulls) {
    const function::WindowKind kinds[] = {function::WindowKind::kLag, function::WindowKind::kLead,
                                          function::WindowKind::kFirstValue, function::WindowKind::kLastValue,
                                          function::WindowKind::kNthValue};
    if (std::find(std::begin(kinds), std::end(kinds), bound.kind) == std::end(kinds)) {
      return Error(kWrongObjectType, absl::StrCat("function ", name, " does not accept RESPECT/IGNORE NULLS"), call.offset);
    }
    bound.ignore_nulls = true;
  }
  ExprContext over = context;
  over.set_calls = nullptr;
  TURDB_ASSIGN_OR_RETURN(const WindowClause::Definition window, BindWindow(*call.over, call.offset, over));
  TURDB_RETURN_IF_ERROR(BindFrame(window, context, call.offset, &bound));
  std::vector<LogicalNode*>& nodes = context.windows->nodes;
  auto node = std::find_if(nodes.begin(), nodes.end(), [&](const LogicalNode* other) {
    return SameExprs(other->expressions, window.partition) && SameOrder(other->sort, window.order);
  });
  if (node == nodes.end()) {
    nodes.push_back(NewNode(LogicalKind::kWindow));
    node = nodes.end() - 1;
    (*node)->expressions = window.partition;
    (*node)->sort = window.order;
  }
  const ColumnId id = NewColumn(arena_.Copy(name), result);
  if (result.collates() && collation.strength != CollationStrength::kNone) SetCollation(id, collation);
  (*node)->windows.push_back(std::move(bound));
  (*node)->outputs.push_back(id);
  return ColumnExpr(id, Position(call.offset));
}

// ---- their place in the query

LogicalNode* Binder::LinkWindows(LogicalNode* input, WindowClause* windows) {
  if (windows->nodes.empty()) return input;
  std::vector<ProjectionItem> items;
  std::vector<const Expr**> places;
  std::vector<size_t> item_of;
  const Status collected = ForEachWindowExpr(*windows, [&](const Expr** expr) {
    const auto same =
        std::find_if(items.begin(), items.end(), [&](const ProjectionItem& item) { return exec::Equal(*item.expr, **expr); });
    places.push_back(expr);
    item_of.push_back(static_cast<size_t>(same - items.begin()));
    if (same == items.end()) items.push_back({*expr, "window", nullptr});
    return absl::OkStatus();
  });
  TURDB_DCHECK(collected.ok());
  std::vector<OutputColumn> columns;
  LogicalNode* node = Project(input, items, &columns);
  for (size_t i = 0; i < places.size(); ++i) *places[i] = ColumnExpr(columns[item_of[i]].id, (*places[i])->position);
  const auto keys = [](const LogicalNode* window) { return window->expressions.size() + window->sort.size(); };
  std::stable_sort(windows->nodes.begin(), windows->nodes.end(),
                   [&](const LogicalNode* a, const LogicalNode* b) { return keys(a) > keys(b); });
  for (LogicalNode* window : windows->nodes) {
    window->left = node;
    node = window;
  }
  return node;
}

// Names of the select list count too, where the tables have none of that name.
Status Binder::BindQualify(const ast::Expr& qualify, const ExprContext& context, const std::vector<ProjectionItem>& items,
                           std::vector<const Expr*>* conjuncts) {
  Scope scope = *context.scope;
  for (const ProjectionItem& item : items) {
    const bool taken = std::any_of(scope.visible.begin(), scope.visible.end(),
                                   [&](const Scope::Visible& visible) { return visible.name == item.name; });
    if (!taken) scope.visible.push_back({item.name, item.expr, -1});
  }
  ExprContext inner = context;
  inner.scope = &scope;
  inner.clause = "QUALIFY";
  return BindConjuncts(qualify, inner, conjuncts);
}

}  // namespace turdb::sql
