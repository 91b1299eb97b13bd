// SELECT: the order in which its clauses mean something. FROM, WHERE, then (with grouping) everything else is
// bound over the input, and what is shown, sorted by and filtered by HAVING is rewritten over the groups.
#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "function/registry.h"
#include "sql/bind/binder.h"
#include "sql/parse/printer.h"

namespace turdb::sql {

using ast::ExprKind;
using base::Status;
using base::StatusOr;
using exec::ExpressionKind;
using function::CastContext;
using vec::Type;
using vec::TypeId;
namespace sqlstate = base::sqlstate;

StatusOr<BoundQuery> Binder::BindSelect(const ast::Select& select, Scope* outer, bool keep_unknown) {
  if (select.with == nullptr) return BindBody(*select.body, outer, &select, keep_unknown);
  Scope scope;
  scope.parent = outer;
  TURDB_RETURN_IF_ERROR(BindWith(*select.with, &scope));
  TURDB_ASSIGN_OR_RETURN(BoundQuery query, BindBody(*select.body, &scope, &select, keep_unknown));
  query.root = WrapCommonTables(query.root, scope);
  return query;
}

// `clauses` has the ORDER BY and LIMIT around the body; null: none.
StatusOr<BoundQuery> Binder::BindBody(const ast::SelectBody& body, Scope* outer, const ast::Select* clauses,
                                      bool keep_unknown) {
  BoundQuery query;
  const bool locks = clauses != nullptr && !clauses->locking.empty();
  switch (body.kind) {
    case ast::BodyKind::kCore:
      return BindCore(static_cast<const ast::SelectCore&>(body), outer, clauses, keep_unknown);
    case ast::BodyKind::kValues: {
      if (locks) return CannotLock(clauses->locking[0], "cannot be applied to VALUES");
      TURDB_ASSIGN_OR_RETURN(query, BindValues(static_cast<const ast::Values&>(body), outer, keep_unknown));
      break;
    }
    case ast::BodyKind::kSetOperation: {
      if (locks) return CannotLock(clauses->locking[0], "is not allowed with UNION/INTERSECT/EXCEPT");
      TURDB_ASSIGN_OR_RETURN(query, BindSetOperation(static_cast<const ast::SetOperation&>(body), outer));
      break;
    }
    case ast::BodyKind::kNested: {
      if (locks) return Unsupported("locking rows of a query in parentheses from outside", clauses->locking[0].offset);
      TURDB_ASSIGN_OR_RETURN(query, BindSelect(*static_cast<const ast::NestedSelect&>(body).select, outer, keep_unknown));
      break;
    }
  }
  if (clauses == nullptr) return query;
  return BindTail(std::move(query), *clauses, outer);
}

// ---- the select list

std::string_view Binder::OutputName(const ast::SelectItem& item) {
  if (!item.alias.empty()) return item.alias.text;
  const ast::Expr* expr = item.expr;
  std::string_view fallback = "?column?";
  for (;;) {
    switch (expr->kind) {
      case ExprKind::kColumn:
        return ast::As<ast::Column>(*expr).parts.back().text;
      case ExprKind::kCall:
        return ast::As<ast::Call>(*expr).name.last().text;
      case ExprKind::kField:
        if (!ast::As<ast::Field>(*expr).name.empty()) return ast::As<ast::Field>(*expr).name.text;
        return fallback;
      case ExprKind::kCast: {
        const auto& cast = ast::As<ast::Cast>(*expr);
        if (fallback == "?column?") fallback = cast.type->name.last().text;
        expr = cast.operand;
        continue;
      }
      case ExprKind::kCollate:
        expr = ast::As<ast::Collate>(*expr).operand;
        continue;
      case ExprKind::kCase: {
        const auto& node = ast::As<ast::Case>(*expr);
        if (fallback == "?column?") fallback = "case";
        if (node.otherwise == nullptr) return fallback;
        expr = node.otherwise;
        if (expr->kind != ExprKind::kColumn && expr->kind != ExprKind::kCall) return fallback;
        continue;
      }
      case ExprKind::kExists:
        return "exists";
      case ExprKind::kArray:
      case ExprKind::kArraySubquery:
        return "array";
      case ExprKind::kRow:
        return "row";
      case ExprKind::kBoolean:
        return "bool";
      case ExprKind::kSubquery: {
        const ast::Select* select = ast::As<ast::Subquery>(*expr).select;
        if (select->body->kind != ast::BodyKind::kCore) return "column1";
        const auto items = static_cast<const ast::SelectCore*>(select->body)->items;
        return items.empty() ? fallback : OutputName(items[0]);
      }
      default:
        return fallback;
    }
  }
}

Status Binder::ExpandStar(const ast::Star& star, const ExprContext& context, std::vector<ProjectionItem>* out) {
  const Scope& scope = *context.scope;
  std::vector<ScopeColumn> columns;
  std::vector<std::string> texts;  // in CREATE VIEW: how to write each
  const auto text = [&](std::string_view alias, std::string_view name) {
    if (star_edits_ != nullptr) texts.push_back(absl::StrCat(alias.empty() ? "" : Quoted(alias) + ".", Quoted(name)));
  };
  if (star.qualifier.empty()) {
    if (scope.relations.empty()) {
      return Error(sqlstate::kSyntaxError, "SELECT * with no tables specified is not valid", star.offset);
    }
    for (const Scope::Visible& visible : scope.visible) {
      columns.push_back({visible.name, visible.expr});
      text(visible.relation < 0 ? "" : scope.relations[static_cast<size_t>(visible.relation)].alias, visible.name);
    }
  } else {
    const std::string_view name = star.qualifier.back().text;
    const auto found = std::find_if(scope.relations.begin(), scope.relations.end(),
                                    [&](const ScopeRelation& relation) { return relation.alias == name; });
    if (found == scope.relations.end()) {
      return Error(sqlstate::kUndefinedTable, absl::StrCat("missing FROM-clause entry for table \"", name, "\""), star.offset);
    }
    columns = found->columns;
    for (const ScopeColumn& column : columns) text(name, column.name);
  }
  for (const ast::Name& name : star.exclude) {
    const size_t before = columns.size();
    for (size_t i = columns.size(); i-- > 0;) {
      if (columns[i].name != name.text) continue;
      columns.erase(columns.begin() + static_cast<ptrdiff_t>(i));
      if (!texts.empty()) texts.erase(texts.begin() + static_cast<ptrdiff_t>(i));
    }
    if (columns.size() == before) {
      return Error(sqlstate::kUndefinedColumn, absl::StrCat("column \"", name.text, "\" in EXCLUDE does not exist"),
                   name.offset);
    }
  }
  if (star_edits_ != nullptr && view_depth_ == 0 && star.replace.empty() && !star.text.empty()) {
    star_edits_->push_back({star.offset, static_cast<int32_t>(star.text.size()), absl::StrJoin(texts, ", ")});
  }
  for (const ScopeColumn& column : columns) {
    ProjectionItem item;
    item.name = column.name;
    item.expr =
        column.expr->kind == ExpressionKind::kColumn ? ColumnExpr(column.expr->index, Position(star.offset)) : column.expr;
    if (context_.authorize) {
      TURDB_ASSIGN_OR_RETURN(item.expr, AuthorizeRead(item.expr, scope, star.offset));
    }
    for (const ast::ReplaceItem& replace : star.replace) {
      if (replace.name.text != column.name) continue;
      TURDB_ASSIGN_OR_RETURN(item.expr, Bind(*replace.value, context));
    }
    out->push_back(item);
  }
  return absl::OkStatus();
}

Status Binder::BindItems(ast::List<ast::SelectItem> items, const ExprContext& context, std::vector<ProjectionItem>* out) {
  out->reserve(items.size());
  ItemAliases aliases{context.scope, {}};
  ItemAliases* const around = std::exchange(item_aliases_, &aliases);
  const absl::Cleanup restore = [&] { item_aliases_ = around; };
  for (const ast::SelectItem& item : items) {
    if (item.expr->kind == ExprKind::kStar) {
      TURDB_RETURN_IF_ERROR(ExpandStar(ast::As<ast::Star>(*item.expr), context, out));
      continue;
    }
    if (item.expr->kind == ExprKind::kField && ast::As<ast::Field>(*item.expr).name.empty()) {
      TURDB_RETURN_IF_ERROR(ExpandFields(ast::As<ast::Field>(*item.expr), context, out));
      continue;
    }
    ProjectionItem bound;
    TURDB_ASSIGN_OR_RETURN(bound.expr, Bind(*item.expr, context));
    bound.name = OutputName(item);
    if (references_ != nullptr && !references_->empty() && item.alias.empty() && item.expr->kind == ExprKind::kColumn) {
      NameReference& last = references_->back();
      last.bare |= last.offset == ast::As<ast::Column>(*item.expr).parts.back().offset;
    }
    bound.source = item.expr;
    if (!item.alias.empty()) aliases.items.push_back({bound.name, bound.expr});
    out->push_back(bound);
  }
  if (out->size() > static_cast<size_t>(base::kMaxColumns)) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kTooManyColumns,
                           absl::StrCat("a select list of ", out->size(), " columns is over the limit of ", base::kMaxColumns));
  }
  return absl::OkStatus();
}

// Columns pass as they are; a projection of nothing else is no projection.
LogicalNode* Binder::Project(LogicalNode* input, const std::vector<ProjectionItem>& items, std::vector<OutputColumn>* out) {
  LogicalNode* node = nullptr;
  out->reserve(items.size());
  ColumnSet made;
  for (const ProjectionItem& item : items) {
    OutputColumn column{item.name, -1, nullptr};
    bool passes = item.expr->kind == ExpressionKind::kColumn && !collations_.contains(item.expr);
    if (passes) {  // an outer query's column is not there to pass: it is made here
      if (made.empty()) {
        made.resize(columns_.size());
        AddProduced(input, &made);
      }
      const auto id = static_cast<size_t>(item.expr->index);
      passes = id < made.size() && made[id];
    }
    if (passes) {
      column.id = item.expr->index;
    } else {
      if (node == nullptr) {
        node = NewNode(LogicalKind::kProject);
        node->left = input;
      }
      for (size_t i = 0; i < node->expressions.size(); ++i) {
        if (node->expressions[i] == item.expr) column.id = node->outputs[i];
      }
      if (column.id < 0) {
        column.id = NewColumn(item.name, item.expr->type);
        SetCollation(column.id, CollationOf(item.expr));  // explicit for a set operation, implicit further out
        node->expressions.push_back(item.expr);
        node->outputs.push_back(column.id);
      }
      if (item.expr->type.id == TypeId::kUnknown) column.literal = item.expr;
    }
    out->push_back(column);
  }
  return node == nullptr ? input : node;
}

// ---- ORDER BY, DISTINCT, LIMIT

StatusOr<std::vector<LogicalSortKey>> Binder::BindOrder(const ast::Select& select, const ExprContext& context,
                                                        const std::vector<ProjectionItem>& items) {
  std::vector<LogicalSortKey> keys;
  if (select.order_by_all) {
    for (const ProjectionItem& item : items) keys.push_back({item.expr, false, false});
    return keys;
  }
  for (const ast::OrderItem& order : select.order_by) {
    LogicalSortKey key;
    const ast::Expr& expr = *order.expr;
    if (expr.kind == ExprKind::kInteger) {
      const int64_t position = ast::As<ast::Literal>(expr).integer;
      if (position < 1 || position > static_cast<int64_t>(items.size())) {
        return Error(sqlstate::kInvalidColumnReference, absl::StrCat("ORDER BY position ", position, " is not in select list"),
                     expr.offset);
      }
      key.expression = items[position - 1].expr;
    } else if (expr.kind == ExprKind::kString || expr.kind == ExprKind::kNumeric) {
      return Error(sqlstate::kSyntaxError, "non-integer constant in ORDER BY", expr.offset);
    } else if (expr.kind == ExprKind::kColumn && ast::As<ast::Column>(expr).parts.size() == 1) {
      const ast::Name& name = ast::As<ast::Column>(expr).parts[0];
      for (const ProjectionItem& item : items) {
        if (item.name != name.text) continue;
        if (key.expression != nullptr && !exec::Equal(*key.expression, *item.expr)) {
          return Error(sqlstate::kAmbiguousColumn, absl::StrCat("ORDER BY \"", name.text, "\" is ambiguous"), name.offset);
        }
        key.expression = item.expr;
      }
    }
    if (key.expression == nullptr) {
      ExprContext inner = context;
      inner.clause = "ORDER BY";
      TURDB_ASSIGN_OR_RETURN(key.expression, Bind(expr, inner));
      if (key.expression->type.id == TypeId::kUnknown) {
        TURDB_ASSIGN_OR_RETURN(key.expression, Coerce(key.expression, TypeId::kText, CastContext::kImplicit));
      }
    }
    TURDB_RETURN_IF_ERROR(CheckComparable(key.expression->type, "an ordering operator", expr.offset));
    TURDB_ASSIGN_OR_RETURN(key.expression, ToCompared(key.expression));
    key.descending = order.direction == ast::Direction::kDescending;
    key.nulls_first = order.nulls == ast::NullsOrder::kDefault ? key.descending : order.nulls == ast::NullsOrder::kFirst;
    keys.push_back(key);
  }
  return keys;
}

StatusOr<const Expr*> Binder::BindRowCount(const ast::Expr& expr, std::string_view clause, Scope* outer) {
  ExprContext context;
  Scope nothing;
  nothing.parent = outer;
  context.scope = &nothing;
  context.clause = clause;
  TURDB_ASSIGN_OR_RETURN(const Expr* count, Bind(expr, context));
  return Coerce(count, TypeId::kInt64, CastContext::kAssignment);
}

Status Binder::BindLimit(BoundQuery* query, const ast::Select& select, Scope* outer) {
  if (select.limit == nullptr && select.limit_offset == nullptr) return absl::OkStatus();
  if (select.with_ties && select.order_by.empty() && !select.order_by_all) {
    return Error(sqlstate::kSyntaxError, "WITH TIES cannot be specified without ORDER BY clause", select.limit->offset);
  }
  if (select.with_ties && query->root->kind == LogicalKind::kLockRows) {
    return Error(sqlstate::kSyntaxError, "SKIP LOCKED and WITH TIES options cannot be used together", select.limit->offset);
  }
  if (select.with_ties && query->root->kind != LogicalKind::kSort) {
    return Unsupported("WITH TIES together with DISTINCT ON", select.limit->offset);
  }
  LogicalNode* node = NewNode(LogicalKind::kLimit);
  node->left = query->root;
  const bool no_limit = select.limit != nullptr && select.limit->kind == ExprKind::kInteger &&
                        ast::As<ast::Literal>(*select.limit).integer == -1;  // SQLite's LIMIT -1
  if (select.limit != nullptr && !no_limit) {
    TURDB_ASSIGN_OR_RETURN(node->limit, BindRowCount(*select.limit, "LIMIT", outer));
    if (select.with_ties && select.limit->kind == ExprKind::kNull) {
      return Error(base::SqlState{"2201W"}, "row count cannot be null in FETCH FIRST ... WITH TIES clause",
                   select.limit->offset);
    }
  }
  if (select.limit_offset != nullptr) {
    TURDB_ASSIGN_OR_RETURN(node->offset, BindRowCount(*select.limit_offset, "OFFSET", outer));
  }
  if (select.with_ties) node->sort = query->root->sort;
  query->root = node;
  return absl::OkStatus();
}

// ORDER BY and LIMIT around what is no plain SELECT: over its output columns.
StatusOr<BoundQuery> Binder::BindTail(BoundQuery query, const ast::Select& select, Scope* outer) {
  if (!select.order_by.empty() || select.order_by_all) {
    Scope scope;
    scope.parent = outer;
    std::vector<ProjectionItem> items;
    for (const OutputColumn& column : query.columns) {
      items.push_back({ColumnExpr(column.id), column.name, nullptr});
      scope.visible.push_back({column.name, items.back().expr, -1});
    }
    ExprContext context;
    context.scope = &scope;
    LogicalNode* sort = NewNode(LogicalKind::kSort);
    sort->left = query.root;
    TURDB_ASSIGN_OR_RETURN(sort->sort, BindOrder(select, context, items));
    query.root = sort;
  }
  TURDB_RETURN_IF_ERROR(BindLimit(&query, select, outer));
  return query;
}

Status Binder::BindDistinctOn(const ast::SelectCore& core, const ExprContext& context, const std::vector<ProjectionItem>& items,
                              std::vector<const Expr*>* on) {
  for (const ast::Expr* expr : core.distinct_on) {
    const Expr* bound = nullptr;
    if (expr->kind == ExprKind::kInteger) {
      const int64_t position = ast::As<ast::Literal>(*expr).integer;
      if (position < 1 || position > static_cast<int64_t>(items.size())) {
        return Error(sqlstate::kInvalidColumnReference,
                     absl::StrCat("SELECT DISTINCT ON position ", position, " is not in select list"), expr->offset);
      }
      bound = items[position - 1].expr;
    } else {
      if (expr->kind == ExprKind::kColumn && ast::As<ast::Column>(*expr).parts.size() == 1) {
        for (const ProjectionItem& item : items) {
          if (item.name == ast::As<ast::Column>(*expr).parts[0].text) bound = item.expr;
        }
      }
      if (bound == nullptr) {
        TURDB_ASSIGN_OR_RETURN(bound, Bind(*expr, context));
      }
    }
    if (const CollationState collation = CollationOf(bound); IsHosts(collation)) {
      TURDB_ASSIGN_OR_RETURN(bound, SortKeyOf(bound, collation.id));
    }
    on->push_back(bound);
  }
  return absl::OkStatus();
}

namespace {

// The place of `expr` in `items`, added when it is not there.
size_t PlaceOf(const Expr* expr, std::vector<const Expr*>* exprs) {
  for (size_t i = 0; i < exprs->size(); ++i) {
    if ((*exprs)[i] == expr || exec::Equal(*(*exprs)[i], *expr)) return i;
  }
  exprs->push_back(expr);
  return exprs->size() - 1;
}

}  // namespace

StatusOr<BoundQuery> Binder::BindCore(const ast::SelectCore& core, Scope* outer, const ast::Select* clauses,
                                      bool keep_unknown) {
  if (!core.into.empty()) return Unsupported("SELECT INTO", core.into.offset());
  const auto outer_locking = std::exchange(locking_, clauses == nullptr ? ast::List<ast::LockingClause>() : clauses->locking);
  StatusOr<FromItem> bound_from = BindFrom(core.from, outer);
  locking_ = outer_locking;
  if (!bound_from.ok()) return bound_from.status();
  FromItem from = *std::move(bound_from);
  const LogicalNode* const tables = from.node;
  LogicalNode* node = from.node;
  Scope scope = ScopeOf(std::move(from), outer);
  ExprContext context;
  context.scope = &scope;
  if (core.where != nullptr) {
    context.clause = "WHERE";
    LogicalNode* filter = NewNode(LogicalKind::kFilter);
    filter->left = node;
    TURDB_RETURN_IF_ERROR(BindConjuncts(*core.where, context, &filter->conjuncts));
    node = filter;
  }
  Grouping grouping;
  grouping.scope = &scope;
  context.aggregates = &grouping.aggregates;
  context.aggregate_outputs = &grouping.aggregate_outputs;
  context.grouping_calls = &grouping.calls;
  context.clause = "the select list";
  WindowClause windows;
  windows.input.resize(columns_.size());
  AddProduced(node, &windows.input);
  context.windows = &windows;
  TURDB_RETURN_IF_ERROR(BindNamedWindows(core, context));
  std::vector<ProjectionItem> items;
  std::vector<SetCall> set_calls;
  context.set_calls = &set_calls;
  TURDB_RETURN_IF_ERROR(BindItems(core.items, context, &items));
  context.set_calls = nullptr;
  if (!keep_unknown) {
    for (ProjectionItem& item : items) {
      if (item.expr->type.id != TypeId::kUnknown) continue;
      // A parameter that is only given back has the type of what is bound to it.
      if (item.expr->kind == ExpressionKind::kParameter && DecideByBound(item.expr->index)) continue;
      TURDB_ASSIGN_OR_RETURN(item.expr, Coerce(item.expr, TypeId::kText, CastContext::kImplicit));
    }
  }
  if (core.grouped) {
    TURDB_RETURN_IF_ERROR(BindGroups(core, context, items, &grouping));
    // Rows that are grouped by what a call gives must be there before they are grouped.
    if (NamesSetCall(grouping.groups, set_calls)) {
      ColumnSet read(columns_.size());
      for (const SetCall& call : set_calls) {
        for (const Expr* argument : call.arguments) AddColumns(argument, &read);
      }
      for (const ColumnId id : grouping.aggregate_outputs) {
        if (read[static_cast<size_t>(id)]) {
          return Error(sqlstate::kGroupingError, "aggregate functions are not allowed in GROUP BY", core.offset);
        }
      }
      node = LinkSetCalls(node, std::exchange(set_calls, {}));
    }
  }
  std::vector<const Expr*> having;
  if (core.having != nullptr) {
    ExprContext inner = context;
    inner.clause = "HAVING";
    inner.windows = nullptr;
    TURDB_RETURN_IF_ERROR(BindConjuncts(*core.having, inner, &having));
  }
  std::vector<LogicalSortKey> order;
  if (clauses != nullptr) {
    TURDB_ASSIGN_OR_RETURN(order, BindOrder(*clauses, context, items));
  }
  std::vector<const Expr*> on;
  TURDB_RETURN_IF_ERROR(BindDistinctOn(core, context, items, &on));
  std::vector<const Expr*> qualify;
  if (core.qualify != nullptr) TURDB_RETURN_IF_ERROR(BindQualify(*core.qualify, context, items, &qualify));

  const bool aggregates = !grouping.aggregates.empty();
  if (core.grouped || aggregates || !having.empty() || !grouping.calls.empty()) {
    for (ProjectionItem& item : items) {
      TURDB_ASSIGN_OR_RETURN(item.expr, AfterGrouping(item.expr, &grouping));
    }
    for (const Expr*& condition : having) {
      TURDB_ASSIGN_OR_RETURN(condition, AfterGrouping(condition, &grouping));
    }
    for (LogicalSortKey& key : order) {
      TURDB_ASSIGN_OR_RETURN(key.expression, AfterGrouping(key.expression, &grouping));
    }
    for (SetCall& call : set_calls) {
      for (const Expr*& argument : call.arguments) {
        TURDB_ASSIGN_OR_RETURN(argument, AfterGrouping(argument, &grouping));
      }
    }
    for (std::vector<const Expr*>* exprs : {&on, &qualify}) {
      for (const Expr*& expr : *exprs) {
        TURDB_ASSIGN_OR_RETURN(expr, AfterGrouping(expr, &grouping));
      }
    }
    TURDB_RETURN_IF_ERROR(ForEachWindowExpr(windows, [&](const Expr** expr) -> Status {
      TURDB_ASSIGN_OR_RETURN(*expr, AfterGrouping(*expr, &grouping));
      return absl::OkStatus();
    }));
    LogicalNode* aggregate = NewNode(LogicalKind::kAggregate);
    aggregate->left = node;
    aggregate->expressions = grouping.groups;
    aggregate->outputs = grouping.outputs;
    aggregate->grouping_sets = std::move(grouping.sets);
    if (grouping.has_sets()) aggregate->outputs.push_back(grouping.set_column);
    aggregate->outputs.insert(aggregate->outputs.end(), grouping.aggregate_outputs.begin(), grouping.aggregate_outputs.end());
    aggregate->aggregates = std::move(grouping.aggregates);
    node = aggregate;
    if (!having.empty()) {
      LogicalNode* filter = NewNode(LogicalKind::kFilter);
      filter->left = node;
      filter->conjuncts = having;
      node = filter;
    }
  }

  node = LinkWindows(node, &windows);
  if (!qualify.empty()) {
    LogicalNode* filter = NewNode(LogicalKind::kFilter);
    filter->left = node;
    filter->conjuncts = qualify;
    node = filter;
  }

  if (!set_calls.empty()) node = LinkSetCalls(node, std::move(set_calls));

  // What is shown, then what is only sorted by, computed together below the sort.
  const size_t shown = items.size();
  std::vector<const Expr*> exprs;
  for (const ProjectionItem& item : items) exprs.push_back(item.expr);
  // What DISTINCT compares, where that is not what is shown: keys of the host's collations.
  std::vector<size_t> distinct_places;
  bool by_keys = false;
  for (size_t i = 0; i < shown && core.distinct == ast::DistinctKind::kDistinct; ++i) {
    TURDB_RETURN_IF_ERROR(CheckComparable(items[i].expr->type, "an equality operator", core.offset));
    TURDB_ASSIGN_OR_RETURN(const Expr* compared, ToCompared(items[i].expr));
    by_keys |= compared != items[i].expr;
    distinct_places.push_back(compared == items[i].expr ? i : PlaceOf(compared, &exprs));
  }
  const size_t compared = exprs.size();
  std::vector<size_t> order_places;
  for (const LogicalSortKey& key : order) order_places.push_back(PlaceOf(key.expression, &exprs));
  std::vector<size_t> on_places;
  for (const Expr* expr : on) on_places.push_back(PlaceOf(expr, &exprs));
  for (size_t i = shown; i < exprs.size(); ++i) items.push_back({exprs[i], "order", nullptr});
  BoundQuery query;
  query.root = Project(node, items, &query.columns);
  if (core.distinct == ast::DistinctKind::kDistinct) {
    for (size_t i = 0; i < order_places.size(); ++i) {
      if (order_places[i] < compared) continue;
      return Error(sqlstate::kInvalidColumnReference, "for SELECT DISTINCT, ORDER BY expressions must appear in select list",
                   clauses->order_by_all ? core.offset : clauses->order_by[i].expr->offset);
    }
    LogicalNode* distinct = NewNode(LogicalKind::kDistinct);
    distinct->left = query.root;
    for (size_t i = 0; i < compared; ++i) distinct->left_columns.push_back(query.columns[i].id);
    for (const size_t place : distinct_places) {
      if (by_keys) distinct->expressions.push_back(ColumnExpr(query.columns[place].id));
    }
    query.root = distinct;
  }
  for (size_t i = 0; i < order.size() && i < on.size(); ++i) {
    if (std::find(on_places.begin(), on_places.end(), order_places[i]) == on_places.end()) {
      return Error(sqlstate::kInvalidColumnReference, "SELECT DISTINCT ON expressions must match initial ORDER BY expressions",
                   core.distinct_on[0]->offset);
    }
  }
  if (!order.empty()) {
    LogicalNode* sort = NewNode(LogicalKind::kSort);
    sort->left = query.root;
    for (size_t i = 0; i < order.size(); ++i) {
      sort->sort.push_back({ColumnExpr(query.columns[order_places[i]].id), order[i].descending, order[i].nulls_first});
    }
    query.root = sort;
  }
  if (!on.empty()) {
    LogicalNode* distinct = NewNode(LogicalKind::kDistinct);
    distinct->left = query.root;
    for (const size_t place : on_places) distinct->expressions.push_back(ColumnExpr(query.columns[place].id));
    for (const OutputColumn& column : query.columns) distinct->left_columns.push_back(column.id);
    query.root = distinct;
  }
  query.columns.resize(shown);
  if (clauses == nullptr) return query;
  if (clauses->locking.empty()) {
    TURDB_RETURN_IF_ERROR(BindLimit(&query, *clauses, outer));
    return query;
  }
  TURDB_ASSIGN_OR_RETURN(LogicalNode * locks,
                         BindLocking(clauses->locking, core, tables, scope, aggregates, !windows.nodes.empty()));
  TURDB_RETURN_IF_ERROR(LockAndLimit(&query, locks, *clauses, outer));
  return query;
}

// ---- VALUES and set operations

StatusOr<BoundQuery> Binder::BindValues(const ast::Values& values, Scope* outer, bool keep_unknown) {
  LogicalNode* node = NewNode(LogicalKind::kValues);
  ExprContext context;
  Scope nothing;
  nothing.parent = outer;
  context.scope = &nothing;
  context.clause = "VALUES";
  for (const auto& row : values.rows) {
    if (row.size() != values.rows[0].size()) {
      return Error(sqlstate::kSyntaxError, "VALUES lists must all be the same length", row[0]->offset);
    }
    std::vector<const Expr*> bound;
    for (const ast::Expr* expr : row) {
      TURDB_ASSIGN_OR_RETURN(const Expr* value, Bind(*expr, context));
      bound.push_back(value);
    }
    node->rows.push_back(std::move(bound));
  }
  BoundQuery query{node, {}};
  for (size_t column = 0; column < values.rows[0].size(); ++column) {
    std::vector<const Expr*> all;
    bool untyped = true;
    for (const auto& row : node->rows) {
      all.push_back(row[column]);
      untyped &= row[column]->type.id == TypeId::kUnknown;
    }
    const bool keep = keep_unknown && untyped && all.size() == 1;
    CollationState collation;
    if (!keep) {
      TURDB_RETURN_IF_ERROR(Unify(&all, "VALUES", values.offset, &collation));
      for (const Expr*& expr : all) {
        TURDB_ASSIGN_OR_RETURN(expr, Coerce(expr, function::ResolveUnknown(expr->type), CastContext::kImplicit));
      }
      for (size_t row = 0; row < all.size(); ++row) node->rows[row][column] = all[row];
    }
    const std::string_view name = arena_.Copy(absl::StrCat("column", column + 1));
    node->outputs.push_back(NewColumn(name, all[0]->type));
    if (all[0]->type.collates()) SetImplicitCollation(node->outputs.back(), collation);
    query.columns.push_back({name, node->outputs.back(), keep ? all[0] : nullptr});
  }
  return query;
}

// Casts the query's columns to `types`.
Status Binder::BindSetInput(BoundQuery* query, const std::vector<Type>& types) {
  std::vector<ProjectionItem> items;
  bool needed = false;
  for (size_t i = 0; i < types.size(); ++i) {
    const OutputColumn& column = query->columns[i];
    ProjectionItem item{ColumnExpr(column.id), column.name, nullptr};
    if (columns_[column.id].type != types[i] || column.literal != nullptr) {
      needed = true;
      TURDB_ASSIGN_OR_RETURN(item.expr,
                             Coerce(column.literal != nullptr ? column.literal : item.expr, types[i], CastContext::kImplicit));
    }
    items.push_back(item);
  }
  if (!needed) return absl::OkStatus();
  query->columns.clear();
  query->root = Project(query->root, items, &query->columns);
  for (OutputColumn& column : query->columns) column.literal = nullptr;
  return absl::OkStatus();
}

StatusOr<BoundQuery> Binder::BindSetOperation(const ast::SetOperation& operation, Scope* outer) {
  if (operation.by_name) return Unsupported("BY NAME", operation.offset);
  TURDB_ASSIGN_OR_RETURN(BoundQuery left, BindBody(*operation.left, outer, nullptr, true));
  TURDB_ASSIGN_OR_RETURN(BoundQuery right, BindBody(*operation.right, outer, nullptr, true));
  const std::string_view name = operation.op == ast::SetOperator::kUnion       ? "UNION"
                                : operation.op == ast::SetOperator::kIntersect ? "INTERSECT"
                                                                               : "EXCEPT";
  if (left.columns.size() != right.columns.size()) {
    return Error(sqlstate::kSyntaxError, absl::StrCat("each ", name, " query must have the same number of columns"),
                 operation.right->offset);
  }
  std::vector<Type> types;
  std::vector<CollationState> collations;
  bool by_keys = false;
  for (size_t i = 0; i < left.columns.size(); ++i) {
    const Expr* const sides[] = {ColumnExpr(left.columns[i].id), ColumnExpr(right.columns[i].id)};
    const Type pair[] = {sides[0]->type.WithCollation(vec::Collation::kBinary),
                         sides[1]->type.WithCollation(vec::Collation::kBinary)};
    auto common = CommonType(pair, name);
    if (!common.ok()) return At(common.status(), operation.offset);
    TURDB_ASSIGN_OR_RETURN(const CollationState collation, MergeCollations(sides, Position(operation.offset)));
    collations.push_back(collation);
    types.push_back(function::ResolveUnknown(*common).WithCollation(OrderOf(collation)));
    const bool compares = !operation.all || operation.op != ast::SetOperator::kUnion;
    if (compares && types.back().collates()) {
      TURDB_RETURN_IF_ERROR(CheckMergedCollation(collation, Position(operation.offset)));
      by_keys |= IsHosts(collation);
      if (operation.op != ast::SetOperator::kUnion) {
        TURDB_RETURN_IF_ERROR(RefuseHostCollation(collation, name, Position(operation.offset)));
      }
    }
    if (!operation.all) {
      TURDB_RETURN_IF_ERROR(CheckComparable(types.back(), "an equality operator", operation.offset));
    }
  }
  TURDB_RETURN_IF_ERROR(BindSetInput(&left, types));
  TURDB_RETURN_IF_ERROR(BindSetInput(&right, types));
  LogicalNode* node = NewNode(LogicalKind::kSetOperation);
  node->left = left.root;
  node->right = right.root;
  node->set_operation = operation.op == ast::SetOperator::kUnion       ? exec::SetOperation::kUnion
                        : operation.op == ast::SetOperator::kIntersect ? exec::SetOperation::kIntersect
                                                                       : exec::SetOperation::kExcept;
  node->all = operation.all || by_keys;
  BoundQuery query{node, {}};
  for (size_t i = 0; i < types.size(); ++i) {
    node->left_columns.push_back(left.columns[i].id);
    node->right_columns.push_back(right.columns[i].id);
    node->outputs.push_back(NewColumn(left.columns[i].name, types[i]));
    if (types[i].collates()) SetImplicitCollation(node->outputs.back(), collations[i]);
    query.columns.push_back({left.columns[i].name, node->outputs.back(), nullptr});
  }
  if (by_keys) TURDB_RETURN_IF_ERROR(MakeDistinctByKeys(&query));
  return query;
}

// One row of those that are equal by the keys of the host's collations.
Status Binder::MakeDistinctByKeys(BoundQuery* query) {
  std::vector<ProjectionItem> items;
  for (const OutputColumn& column : query->columns) items.push_back({ColumnExpr(column.id), column.name, nullptr});
  const size_t shown = items.size();
  std::vector<size_t> places;
  for (size_t i = 0; i < shown; ++i) {
    TURDB_ASSIGN_OR_RETURN(const Expr* key, ToCompared(items[i].expr));
    places.push_back(key == items[i].expr ? i : items.size());
    if (key != items[i].expr) items.push_back({key, "key", nullptr});
  }
  query->columns.clear();
  LogicalNode* const distinct = NewNode(LogicalKind::kDistinct);
  distinct->left = Project(query->root, items, &query->columns);
  for (const OutputColumn& column : query->columns) distinct->left_columns.push_back(column.id);
  for (const size_t place : places) distinct->expressions.push_back(ColumnExpr(query->columns[place].id));
  query->root = distinct;
  query->columns.resize(shown);
  return absl::OkStatus();
}

}  // namespace turdb::sql
