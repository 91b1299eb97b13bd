// Subqueries that name columns of the rows around them become joins with these rows.
//
// Two ways, of which the first costs nothing and the second always works but for what ruling 20 leaves out:
//
//  (U1) The conditions that name outer columns are taken out of the subquery (PullUp) and become the condition of the join.
//       Past a grouping, DISTINCT or a window only equalities can go, whose inner sides become keys of it.
//  (U2) The rows outside become a common table, and the subquery is computed for the set of their values (unnest_domain.cc).
//
// What may raise is computed for rows that somebody asks for and no others (query.md, rule 11): nothing that raises may
// stand above a condition that was taken out. Then (U2) is the way: what the set of outer values does not reach is not
// computed. A volatile subquery stays one, and so does one that may raise where it is not evaluated for every row (under CASE,
// OR).
#include <algorithm>
#include <cstddef>

#include "function/registry.h"
#include "sql/plan/planner.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
using exec::ExpressionKind;
using exec::JoinType;

namespace {

constexpr double kStartOfSubquery = 30;  // running a subquery for one more row, beside reading a row of a scan
constexpr double kFewOuterRows = 8;      // the set of outer values is worth making when there are so many times fewer of them

// What an aggregate gives for no rows: null for NULL, nothing when it cannot be told.
StatusOr<vec::Value> EmptyValue(const function::BoundAggregate& aggregate) {
  std::vector<std::max_align_t> memory(aggregate.function->state_bytes / sizeof(std::max_align_t) + 1);
  auto* state = reinterpret_cast<std::byte*>(memory.data());
  aggregate.function->init(state);
  vec::Vector result(aggregate.result_type, 1);
  TURDB_RETURN_IF_ERROR(aggregate.function->finalize(aggregate, &state, 1, &result, 0));
  return result.GetValue(0);
}

}  // namespace

// Functions of the host have states that point somewhere.
bool IsCount(const function::AggregateFunction& function) { return function.name == "count" && !function.state_has_pointers; }

// ---- looking at trees

void Planner::ForEachExpr(const LogicalNode& node, absl::FunctionRef<void(const Expr*)> visit) {
  const auto each = [&](std::initializer_list<const Expr*> exprs) {
    for (const Expr* expr : exprs) {
      if (expr != nullptr) visit(expr);
    }
  };
  for (const Expr* expr : node.expressions) visit(expr);
  for (const Expr* expr : node.conjuncts) visit(expr);
  for (const auto& row : node.rows) {
    for (const Expr* expr : row) visit(expr);
  }
  for (const LogicalAggregate& call : node.aggregates) {
    for (const Expr* argument : call.arguments) visit(argument);
    each({call.filter});
    for (const LogicalSortKey& key : call.order) visit(key.expression);
  }
  for (const LogicalWindowCall& call : node.windows) {
    for (const Expr* argument : call.arguments) visit(argument);
    each({call.filter, call.range_key, call.start.count, call.start.negative, call.start.limit, call.end.count,
          call.end.negative, call.end.limit});
  }
  for (const LogicalSortKey& key : node.sort) visit(key.expression);
  each({node.limit, node.offset});
}

bool Planner::OwnTouches(const LogicalNode& node, const ColumnSet& set) const {
  bool touches = false;
  ForEachExpr(node, [&](const Expr* expr) { touches |= Touches(expr, set); });
  return touches;
}

bool Planner::OwnCanRaise(const LogicalNode& node) const {
  bool raises = false;
  ForEachExpr(node, [&](const Expr* expr) { raises |= CanRaise(expr); });
  return raises;
}

bool Planner::TreeTouches(const LogicalNode* node, const ColumnSet& set) const {
  ColumnSet named = EmptySet();
  AddTreeColumns(node, &named);
  for (size_t i = 0; i < named.size() && i < set.size(); ++i) {
    if (named[i] && set[i]) return true;
  }
  return false;
}

bool Planner::TreeCanRaise(const LogicalNode* node) const {
  return node != nullptr && (OwnCanRaise(*node) || TreeCanRaise(node->left) || TreeCanRaise(node->right));
}

bool Planner::IsVolatile(const Expr* expr) const {
  if (expr->call != nullptr && (expr->call->flags & function::kVolatile) != 0) return true;
  if (expr->kind == ExpressionKind::kSubquery && IsTreeVolatile(binder_.subqueries()[expr->index].query.root)) return true;
  return std::any_of(expr->arguments.begin(), expr->arguments.end(), [this](const Expr* e) { return IsVolatile(e); });
}

// Locks of rows are as good as a side effect.
bool Planner::IsTreeVolatile(const LogicalNode* node) const {
  if (node == nullptr) return false;
  if (node->kind == LogicalKind::kLockRows) return true;
  bool found = false;
  ForEachExpr(*node, [&](const Expr* expr) { found |= IsVolatile(expr); });
  if (node->kind == LogicalKind::kCte) found |= IsTreeVolatile(node->cte->definition.root);
  return found || IsTreeVolatile(node->left) || IsTreeVolatile(node->right);
}

bool Planner::IsNeverNull(const Expr* expr, const LogicalNode* node) const {
  switch (expr->kind) {
    case ExpressionKind::kConstant:
      return !expr->value->is_null();
    case ExpressionKind::kIsNull:
    case ExpressionKind::kIsNotNull:
    case ExpressionKind::kIsDistinct:
    case ExpressionKind::kIsNotDistinct:
      return true;
    case ExpressionKind::kCoalesce:
      return std::any_of(expr->arguments.begin(), expr->arguments.end(), [&](const Expr* e) { return IsNeverNull(e, node); });
    case ExpressionKind::kAnd:
    case ExpressionKind::kOr:
    case ExpressionKind::kNot:
      return std::all_of(expr->arguments.begin(), expr->arguments.end(), [&](const Expr* e) { return IsNeverNull(e, node); });
    case ExpressionKind::kColumn:
      break;
    default:
      return false;
  }
  if (node == nullptr) return false;
  const auto at = std::find(node->outputs.begin(), node->outputs.end(), expr->index);
  const bool own = at != node->outputs.end();
  const auto place = static_cast<size_t>(at - node->outputs.begin());
  switch (node->kind) {
    case LogicalKind::kGet:
      return own && (place >= node->relation->schema->columns.size() || node->relation->schema->columns[place].not_null);
    case LogicalKind::kProject:
      return IsNeverNull(own ? node->expressions[place] : expr, node->left);
    case LogicalKind::kAggregate:
      if (!own) return false;
      if (place >= node->expressions.size()) {
        const size_t call = place - node->expressions.size();
        return call < node->aggregates.size() && IsCount(*node->aggregates[call].function->function);
      }
      return node->grouping_sets.empty() && IsNeverNull(node->expressions[place], node->left);
    case LogicalKind::kCteScan:
      return own && !node->cte->recursive && node->cte->definition.columns.size() == node->outputs.size() &&
             IsNeverNull(binder_.ColumnExpr(node->cte->definition.columns[place].id), node->cte->definition.root);
    case LogicalKind::kJoin:
      switch (node->join) {
        case JoinType::kInner:
          return IsNeverNull(expr, node->left) || IsNeverNull(expr, node->right);
        case JoinType::kRight:
          return IsNeverNull(expr, node->right);
        case JoinType::kFull:
          return false;
        default:
          return IsNeverNull(expr, node->left);
      }
    case LogicalKind::kFilter:
    case LogicalKind::kSort:
    case LogicalKind::kLimit:
    case LogicalKind::kDistinct:
    case LogicalKind::kLockRows:
    case LogicalKind::kCte:
      return IsNeverNull(expr, node->left);
    case LogicalKind::kWindow:
      return !own && IsNeverNull(expr, node->left);
    default:
      return false;
  }
}

bool Planner::HasAtMostOneRow(const LogicalNode* node) const {
  switch (node->kind) {
    case LogicalKind::kSingleRow:
      return true;
    case LogicalKind::kAggregate:
      return node->expressions.empty() && node->grouping_sets.empty();
    case LogicalKind::kLimit:
      if (node->sort.empty() && node->limit != nullptr && node->limit->kind == ExpressionKind::kConstant &&
          !node->limit->value->is_null() && node->limit->value->AsInt64() <= 1) {
        return true;
      }
      [[fallthrough]];
    case LogicalKind::kFilter:
    case LogicalKind::kProject:
    case LogicalKind::kSort:
    case LogicalKind::kDistinct:
    case LogicalKind::kWindow:
      return HasAtMostOneRow(node->left);
    default:
      return false;
  }
}

// Whether equalities with outer values and constants give every part of a unique key of the one table below `node`.
bool Planner::IsOneByKey(const LogicalNode* node, const std::vector<const Expr*>& equalities) {
  std::vector<const Expr*> conditions = equalities;
  while (node->kind == LogicalKind::kProject || node->kind == LogicalKind::kFilter || node->kind == LogicalKind::kSort) {
    if (node->kind == LogicalKind::kFilter) {
      conditions.insert(conditions.end(), node->conjuncts.begin(), node->conjuncts.end());
    }
    node = node->left;
  }
  if (node->kind != LogicalKind::kGet) return false;
  conditions.insert(conditions.end(), node->conjuncts.begin(), node->conjuncts.end());
  auto sargs = FindSargs(node, conditions);
  if (!sargs.ok()) return false;
  const auto given = [&](const std::vector<table::IndexPart>& parts) {
    return !parts.empty() && std::all_of(parts.begin(), parts.end(), [&](const table::IndexPart& part) {
      return part.column >= 0 && std::any_of(sargs->begin(), sargs->end(), [&](const Sarg& sarg) {
               return sarg.column == part.column && sarg.collation == part.type.collation() && sarg.op == "=";
             });
    });
  };
  const table::TableSchema& schema = *node->relation->schema;
  if (given(schema.primary_key)) return true;
  return std::any_of(schema.indexes.begin(), schema.indexes.end(), [&](const table::IndexSchema& index) {
    return index.unique && index.method == table::IndexMethod::kBTree && index.predicate_sql.empty() && given(index.parts);
  });
}

// ---- making expressions and operators

const Expr* Planner::WithArguments(const Expr* expr, const std::vector<const Expr*>& arguments) {
  Expr* copy = plan_.NewExpression(expr->kind, expr->type, plan_.Copy(arguments), expr->position);
  copy->try_cast = expr->try_cast;
  copy->index = expr->index;
  copy->call = expr->call;
  copy->value = expr->value;
  copy->subquery = expr->subquery;
  return copy;
}

const Expr* Planner::Substitute(const Expr* expr, const Replacements& replacements) {
  if (expr->kind == ExpressionKind::kColumn) {
    for (const auto& [id, by] : replacements) {
      if (id == expr->index) return by;
    }
    return expr;
  }
  bool changed = false;
  std::vector<const Expr*> arguments;
  for (const Expr* argument : expr->arguments) {
    arguments.push_back(Substitute(argument, replacements));
    changed |= arguments.back() != argument;
  }
  return changed ? WithArguments(expr, arguments) : expr;
}

LogicalNode* Planner::CopyNode(const LogicalNode* node) {
  LogicalNode* copy = binder_.NewNode(node->kind);
  *copy = *node;
  return copy;
}

LogicalNode* Planner::NewJoin(JoinType type, LogicalNode* left, LogicalNode* right, std::vector<const Expr*> conjuncts) {
  LogicalNode* join = binder_.NewNode(LogicalKind::kJoin);
  join->join = type;
  join->left = left;
  join->right = right;
  join->conjuncts = std::move(conjuncts);
  return join;
}

// The column that a grouping gives for `key`, which becomes one of its keys unless it is.
ColumnId Planner::AddGroup(LogicalNode* aggregate, const Expr* key) {
  for (size_t i = 0; i < aggregate->expressions.size(); ++i) {
    if (exec::Equal(*aggregate->expressions[i], *key)) return aggregate->outputs[i];
  }
  const ColumnId id = key->kind == ExpressionKind::kColumn ? key->index : binder_.NewColumn("key", key->type);
  aggregate->outputs.insert(aggregate->outputs.begin() + static_cast<ptrdiff_t>(aggregate->expressions.size()), id);
  aggregate->expressions.push_back(key);
  return id;
}

StatusOr<ColumnId> Planner::AddCall(LogicalNode* aggregate, std::string_view name, const std::vector<const Expr*>& arguments) {
  std::vector<vec::Type> types;
  for (const Expr* argument : arguments) types.push_back(argument->type);
  TURDB_ASSIGN_OR_RETURN(function::BoundAggregate resolved, function::ResolveAggregate(name, types));
  LogicalAggregate call;
  for (size_t i = 0; i < arguments.size(); ++i) {
    TURDB_ASSIGN_OR_RETURN(const Expr* argument,
                           binder_.Coerce(arguments[i], resolved.argument_types[i], function::CastContext::kImplicit));
    call.arguments.push_back(argument);
  }
  const ColumnId id = binder_.NewColumn(name, resolved.result_type);
  call.function = plan_.Own(std::move(resolved));
  aggregate->aggregates.push_back(std::move(call));
  aggregate->outputs.push_back(id);
  return id;
}

// The value of a call, or what it is for no rows.
StatusOr<const Expr*> Planner::OrEmpty(const function::BoundAggregate& aggregate, const Expr* value) {
  TURDB_ASSIGN_OR_RETURN(vec::Value empty, EmptyValue(aggregate));
  if (empty.is_null()) return value;
  const Expr* instead = plan_.Constant(std::move(empty), value->type, value->position);
  return plan_.NewExpression(ExpressionKind::kCoalesce, value->type, plan_.Copy(std::vector<const Expr*>{value, instead}),
                             value->position);
}

// ---- (U1)

// The sides of a condition that makes an inner value and an outer one equal.
bool Planner::SplitCorrelation(const Expr* condition, const ColumnSet& outer, const ColumnSet& inner, const Expr** outer_side,
                               const Expr** inner_side) const {
  if (!IsKeyCondition(condition) || !IsMovable(condition)) return false;
  const Expr* a = condition->arguments[0];
  const Expr* b = condition->arguments[1];
  if (Touches(b, outer)) std::swap(a, b);
  if (!Touches(a, outer) || Touches(a, inner) || Touches(b, outer)) return false;
  *outer_side = a;
  *inner_side = b;
  return true;
}

// The subtree without the conditions that name columns of `outer`, which are added to `up`: they hold above it. Null when
// it cannot be. The tree itself stays as it is.
LogicalNode* Planner::PullUp(LogicalNode* node, const ColumnSet& outer, std::vector<const Expr*>* up) {
  if (!TreeTouches(node, outer)) return node;
  const size_t before = up->size();
  LogicalNode* copy = CopyNode(node);
  // Takes what is correlated out of the conjuncts. False: something that may raise would see rows that it would not have.
  const auto divide = [&]() -> bool {
    copy->conjuncts.clear();
    for (const Expr* conjunct : node->conjuncts) {
      if (!Touches(conjunct, outer)) {
        if (up->size() > before && CanRaise(conjunct)) return false;
        copy->conjuncts.push_back(conjunct);
      } else if (HasSubquery(conjunct)) {
        return false;
      } else {
        up->push_back(conjunct);
      }
    }
    return true;
  };
  // What holds above a key of this operator holds above the operator.
  const auto make_keys = [&](bool columns_only, absl::FunctionRef<ColumnId(const Expr*)> add) -> bool {
    const ColumnSet inner = Produced(node);
    for (size_t i = before; i < up->size(); ++i) {
      const Expr* outer_side = nullptr;
      const Expr* inner_side = nullptr;
      if (!SplitCorrelation((*up)[i], outer, inner, &outer_side, &inner_side)) return false;
      if (columns_only && inner_side->kind != ExpressionKind::kColumn) return false;
      (*up)[i] = WithArguments((*up)[i], {outer_side, binder_.ColumnExpr(add(inner_side))});
    }
    return true;
  };
  switch (node->kind) {
    case LogicalKind::kGet:
      return divide() ? copy : nullptr;
    case LogicalKind::kFilter:
      copy->left = PullUp(node->left, outer, up);
      return copy->left != nullptr && divide() ? copy : nullptr;
    case LogicalKind::kProject:
    case LogicalKind::kSort:
      if (OwnTouches(*node, outer)) return nullptr;
      copy->left = PullUp(node->left, outer, up);
      return copy->left != nullptr && !OwnCanRaise(*node) ? copy : nullptr;
    case LogicalKind::kJoin:
      if (node->lateral || node->join == JoinType::kFull) return nullptr;
      if (node->join == JoinType::kInner) {
        copy->left = PullUp(node->left, outer, up);
        copy->right = copy->left == nullptr ? nullptr : PullUp(node->right, outer, up);
        return copy->right != nullptr && divide() ? copy : nullptr;
      } else {
        const bool right = node->join == JoinType::kRight;
        if (OwnTouches(*node, outer) || TreeTouches(right ? node->left : node->right, outer)) return nullptr;
        LogicalNode*& kept = right ? copy->right : copy->left;
        kept = PullUp(kept, outer, up);
        return kept != nullptr && !OwnCanRaise(*node) ? copy : nullptr;
      }
    case LogicalKind::kAggregate:
      if (node->expressions.empty() || !node->grouping_sets.empty() || OwnTouches(*node, outer) || OwnCanRaise(*node)) {
        return nullptr;
      }
      copy->left = PullUp(node->left, outer, up);
      if (copy->left == nullptr) return nullptr;
      return make_keys(false, [&](const Expr* key) { return AddGroup(copy, key); }) ? copy : nullptr;
    case LogicalKind::kDistinct:
      if (OwnTouches(*node, outer) || OwnCanRaise(*node)) return nullptr;
      copy->left = PullUp(node->left, outer, up);
      if (copy->left == nullptr) return nullptr;
      return make_keys(true, [&](const Expr* key) { return AddDistinctKey(copy, key->index); }) ? copy : nullptr;
    case LogicalKind::kWindow:
      if (OwnTouches(*node, outer)) return nullptr;
      copy->left = PullUp(node->left, outer, up);
      if (copy->left == nullptr) return nullptr;
      return make_keys(true,
                       [&](const Expr* key) {
                         copy->expressions.push_back(key);
                         return key->index;
                       })
                 ? copy
                 : nullptr;
    case LogicalKind::kCte:
      if (TreeTouches(node->cte->definition.root, outer) || node->cte->recursive) return nullptr;
      copy->left = PullUp(node->left, outer, up);
      return copy->left != nullptr ? copy : nullptr;
    default:
      return nullptr;
  }
}

ColumnId Planner::AddDistinctKey(LogicalNode* distinct, ColumnId key) {
  std::vector<ColumnId>& columns = distinct->left_columns;
  if (std::find(columns.begin(), columns.end(), key) == columns.end()) columns.push_back(key);
  if (!distinct->expressions.empty()) distinct->expressions.push_back(binder_.ColumnExpr(key));
  return key;
}

// ---- when not to

// Whether running the subquery for each outer row is cheaper: there are few of these, and an index finds what each one needs.
StatusOr<bool> Planner::PrefersOneByOne(const LogicalNode* input, const LogicalNode* root, const ColumnSet& outer) {
  TURDB_ASSIGN_OR_RETURN(const bool nearest, FindsNearest(root, outer));
  if (nearest) return true;
  while (root->kind == LogicalKind::kProject || root->kind == LogicalKind::kFilter || root->kind == LogicalKind::kAggregate ||
         root->kind == LogicalKind::kSort || root->kind == LogicalKind::kLimit || root->kind == LogicalKind::kDistinct) {
    root = root->left;
  }
  if (root->kind != LogicalKind::kGet) return false;
  TURDB_ASSIGN_OR_RETURN(const IndexChoice choice, ChooseJoinIndex(root, root->conjuncts, outer));
  if (choice.index == -2) return false;
  const double outer_rows = EstimateRows(input);
  const double each = kStartOfSubquery + 4 * choice.matches;
  return outer_rows * each < RowEstimate(root) + outer_rows;
}

// ---- conditions

namespace {

// Below EXISTS nothing counts but whether there are rows; below IN their order does not.
LogicalNode* WithoutWhatIsNotSeen(LogicalNode* root, bool exists) {
  while (true) {
    switch (root->kind) {
      case LogicalKind::kSort:
        break;
      case LogicalKind::kProject:
        if (!exists) return root;
        break;
      case LogicalKind::kDistinct:
        if (!exists) return root;
        break;
      case LogicalKind::kLimit:
        if (!exists || root->offset != nullptr || root->limit == nullptr || root->limit->kind != ExpressionKind::kConstant ||
            root->limit->value->is_null() || root->limit->value->AsInt64() < 1) {
          return root;
        }
        break;
      default:
        return root;
    }
    root = root->left;
  }
}

}  // namespace

// `input` joined with the subquery, when the conjunct is an EXISTS, IN or their negation. Null: it is none, or stays one.
StatusOr<LogicalNode*> Planner::UnnestConjunct(LogicalNode* input, const Expr* conjunct) {
  const Expr* expr = conjunct;
  const bool negated = expr->kind == ExpressionKind::kNot;
  if (negated) expr = expr->arguments[0];
  if (expr->kind != ExpressionKind::kSubquery || unnested_.contains(expr->index)) return nullptr;
  BoundSubquery& subquery = binder_.subqueries()[expr->index];
  const bool any = subquery.kind == exec::SubqueryKind::kAny && subquery.comparison == exec::Comparison::kEqual;
  const bool all = subquery.kind == exec::SubqueryKind::kAll && subquery.comparison == exec::Comparison::kNotEqual;
  const bool exists = subquery.kind == exec::SubqueryKind::kExists;
  const bool in = (any && !negated) || (all && negated);
  const bool not_in = (all && !negated) || (any && negated);
  if (!exists && !in && !not_in) return nullptr;
  if (!expr->arguments.empty() && (HasSubquery(expr->arguments[0]) || IsVolatile(expr->arguments[0]))) return nullptr;
  if (IsTreeVolatile(subquery.query.root)) return nullptr;
  TURDB_ASSIGN_OR_RETURN(subquery.query.root, Rewrite(subquery.query.root));
  LogicalNode* root = WithoutWhatIsNotSeen(subquery.query.root, exists);
  const ColumnSet outer = Produced(input);
  const bool correlated = TreeTouches(root, outer);
  if (exists && !correlated) return nullptr;  // asked once
  TURDB_ASSIGN_OR_RETURN(const bool nearest, FindsNearest(root, outer));
  if (nearest) return nullptr;
  JoinType type = (in || (exists && !negated)) ? JoinType::kSemi : JoinType::kAnti;
  const Expr* equal = nullptr;
  if (in || not_in) {
    const Expr* value = binder_.ColumnExpr(subquery.query.columns[0].id);
    TURDB_ASSIGN_OR_RETURN(equal, binder_.CompareTyped("=", expr->arguments[0], value, expr->position));
    const bool nulls = not_in && !(IsNeverNull(expr->arguments[0], input) && IsNeverNull(value, root));
    if (nulls && !correlated) {
      type = JoinType::kAntiNull;
    } else if (nulls) {  // NULL is as good as a match
      const Expr* no = plan_.Constant(vec::Value::Boolean(false), vec::TypeId::kBoolean, expr->position);
      equal = plan_.NewExpression(ExpressionKind::kIsDistinct, vec::TypeId::kBoolean,
                                  plan_.Copy(std::vector<const Expr*>{equal, no}), expr->position);
    }
  }
  std::vector<const Expr*> conditions;
  LogicalNode* right = PullUp(root, outer, &conditions);
  std::optional<Domain> domain;
  if (right == nullptr) {
    conditions.clear();
    domain = MakeDomain(input, root, outer);
    TURDB_ASSIGN_OR_RETURN(right, OverDomain(root, *domain, outer, input, &conditions));
    if (right == nullptr) return nullptr;
  }
  if (equal != nullptr) conditions.insert(conditions.begin(), equal);
  unnested_.insert(expr->index);
  LogicalNode* join = NewJoin(type, domain.has_value() ? ScanOuterRows(*domain) : input, right, std::move(conditions));
  return domain.has_value() ? WithDomain(*domain, join) : join;
}

// ---- values

Status Planner::UnnestInside(const Expr** expr, LogicalNode** input, bool guarded) {
  if (!HasSubquery(*expr)) return absl::OkStatus();
  const Expr& e = **expr;
  const bool inner_guard = guarded || e.kind == ExpressionKind::kCase || e.kind == ExpressionKind::kCoalesce ||
                           e.kind == ExpressionKind::kAnd || e.kind == ExpressionKind::kOr || e.kind == ExpressionKind::kIn;
  std::vector<const Expr*> arguments(e.arguments.begin(), e.arguments.end());
  for (const Expr*& argument : arguments) TURDB_RETURN_IF_ERROR(UnnestInside(&argument, input, inner_guard));
  if (!std::equal(arguments.begin(), arguments.end(), e.arguments.begin())) *expr = WithArguments(&e, arguments);
  if (e.kind != ExpressionKind::kSubquery) return absl::OkStatus();
  TURDB_ASSIGN_OR_RETURN(const Expr* value, UnnestValue(*expr, input, guarded));
  if (value != nullptr) *expr = value;
  return absl::OkStatus();
}

// The value of a correlated subquery over *input, which becomes a join. Null: it stays a subquery.
StatusOr<const Expr*> Planner::UnnestValue(const Expr* expr, LogicalNode** input, bool guarded) {
  const ColumnSet outer = Produced(*input);
  BoundSubquery& subquery = binder_.subqueries()[expr->index];
  if (unnested_.contains(expr->index) || !TreeTouches(subquery.query.root, outer)) return nullptr;
  if (IsTreeVolatile(subquery.query.root)) return nullptr;
  TURDB_ASSIGN_OR_RETURN(subquery.query.root, Rewrite(subquery.query.root));
  LogicalNode* root = subquery.query.root;
  if (guarded && TreeCanRaise(root)) return nullptr;
  if (!expr->arguments.empty()) {
    const Expr* left = expr->arguments[0];
    if (HasSubquery(left) || IsVolatile(left) || CanRaise(left)) return nullptr;
  }
  TURDB_ASSIGN_OR_RETURN(const bool one_by_one, PrefersOneByOne(*input, root, outer));
  if (one_by_one) return nullptr;
  const int32_t position = expr->position;
  const Expr* value = nullptr;
  LogicalNode* counted = nullptr;  // a grouping of all rows to one, where the subquery's rows must be
  if (subquery.kind != exec::SubqueryKind::kScalar) {
    counted = binder_.NewNode(LogicalKind::kAggregate);
    counted->left = WithoutWhatIsNotSeen(root, subquery.kind == exec::SubqueryKind::kExists);
  }
  switch (subquery.kind) {
    case exec::SubqueryKind::kScalar:
      value = binder_.ColumnExpr(subquery.query.columns[0].id, position);
      break;
    case exec::SubqueryKind::kExists: {
      TURDB_ASSIGN_OR_RETURN(const ColumnId count, AddCall(counted, "count", {}));
      const Expr* zero = plan_.Constant(vec::Value::Int64(0), vec::TypeId::kInt64, position);
      TURDB_ASSIGN_OR_RETURN(value, binder_.MakeOperator(">", {binder_.ColumnExpr(count), zero}, position));
      break;
    }
    case exec::SubqueryKind::kAny:
    case exec::SubqueryKind::kAll: {
      // Each comparison is a row; what one outer row meets is true, false or unknown as OR or AND of them is.
      const bool any = subquery.kind == exec::SubqueryKind::kAny;
      static constexpr std::string_view kOperators[] = {"=", "<>", "<", "<=", ">", ">="};
      const Expr* other = binder_.ColumnExpr(subquery.query.columns[0].id);
      const std::string_view op = kOperators[static_cast<size_t>(subquery.comparison)];
      TURDB_ASSIGN_OR_RETURN(const Expr* compared, binder_.CompareTyped(op, expr->arguments[0], other, position));
      const Expr* unknown = plan_.NewExpression(ExpressionKind::kIsNull, vec::TypeId::kBoolean,
                                                plan_.Copy(std::vector<const Expr*>{compared}), position);
      TURDB_ASSIGN_OR_RETURN(const ColumnId decided, AddCall(counted, any ? "bool_or" : "bool_and", {compared}));
      TURDB_ASSIGN_OR_RETURN(const ColumnId open, AddCall(counted, "bool_or", {unknown}));
      const auto constant = [&](std::optional<bool> b) -> const Expr* {
        return plan_.Constant(b.has_value() ? vec::Value::Boolean(*b) : vec::Value::Null(vec::TypeId::kBoolean),
                              vec::TypeId::kBoolean, position);
      };
      const Expr* decides =
          plan_.NewExpression(ExpressionKind::kIsNotDistinct, vec::TypeId::kBoolean,
                              plan_.Copy(std::vector<const Expr*>{binder_.ColumnExpr(decided), constant(any)}), position);
      if (!any) {
        decides =
            plan_.NewExpression(ExpressionKind::kIsNotDistinct, vec::TypeId::kBoolean,
                                plan_.Copy(std::vector<const Expr*>{binder_.ColumnExpr(decided), constant(false)}), position);
      }
      value = plan_.NewExpression(ExpressionKind::kCase, vec::TypeId::kBoolean,
                                  plan_.Copy(std::vector<const Expr*>{decides, constant(any), binder_.ColumnExpr(open),
                                                                      constant(std::nullopt), constant(!any)}),
                                  position);
      break;
    }
  }
  TURDB_ASSIGN_OR_RETURN(value, JoinValue(input, counted != nullptr ? counted : root, value, position));
  if (value != nullptr) unnested_.insert(expr->index);
  return value;
}

// *input joined with `root`, of which each row of it meets one row at most; gives `value`, which is over root's columns.
StatusOr<const Expr*> Planner::JoinValue(LogicalNode** input, LogicalNode* root, const Expr* value, int32_t position) {
  const ColumnSet outer = Produced(*input);
  // What is computed of the one row is computed above the join, where it is asked for.
  LogicalNode* top = root;
  const Expr* above = value;
  while (top->kind == LogicalKind::kProject && HasAtMostOneRow(top)) {
    Replacements computed;
    for (size_t i = 0; i < top->outputs.size(); ++i) computed.emplace_back(top->outputs[i], top->expressions[i]);
    above = Substitute(above, computed);
    top = top->left;
  }
  if (top->kind == LogicalKind::kSingleRow) return HasSubquery(above) ? nullptr : above;
  if (top->kind == LogicalKind::kAggregate && HasAtMostOneRow(top)) return JoinAggregate(input, top, above);

  std::vector<const Expr*> conditions;
  if (!HasAtMostOneRow(root)) {
    LogicalNode* right = PullUp(root, outer, &conditions);
    if (right != nullptr && IsOneByKey(right, conditions)) {
      *input = NewJoin(JoinType::kLeft, *input, right, std::move(conditions));
      return value;
    }
    // More than one row is an error, but only for the outer rows that meet them.
    LogicalNode* one = binder_.NewNode(LogicalKind::kAggregate);
    one->left = root;
    TURDB_ASSIGN_OR_RETURN(const ColumnId first, AddCall(one, "any_value", {value}));
    TURDB_ASSIGN_OR_RETURN(const ColumnId count, AddCall(one, "count", {}));
    const Expr* limit = plan_.Constant(vec::Value::Int64(1), vec::TypeId::kInt64, position);
    TURDB_ASSIGN_OR_RETURN(const Expr* many, binder_.MakeOperator(">", {binder_.ColumnExpr(count), limit}, position));
    const Expr* action = plan_.Constant(vec::Value::Text("cardinality"), vec::TypeId::kText, position);
    const Expr* nothing = plan_.Constant(vec::Value::Null(vec::TypeId::kText), vec::TypeId::kText, position);
    TURDB_ASSIGN_OR_RETURN(const Expr* raise, binder_.MakeFunction("raise", {action, nothing}, position));
    const Expr* raised = plan_.NewExpression(ExpressionKind::kIsNull, vec::TypeId::kBoolean,
                                             plan_.Copy(std::vector<const Expr*>{raise}), position);
    const Expr* is_many = plan_.NewExpression(ExpressionKind::kAnd, vec::TypeId::kBoolean,
                                              plan_.Copy(std::vector<const Expr*>{many, raised}), position);
    const Expr* null = plan_.Constant(vec::Value::Null(value->type), value->type, position);
    const Expr* checked =
        plan_.NewExpression(ExpressionKind::kCase, value->type,
                            plan_.Copy(std::vector<const Expr*>{is_many, null, binder_.ColumnExpr(first, position)}), position);
    return JoinAggregate(input, one, checked);
  }
  const Domain domain = MakeDomain(*input, root, outer);
  conditions.clear();
  TURDB_ASSIGN_OR_RETURN(LogicalNode * right, OverDomain(root, domain, outer, *input, &conditions));
  if (right == nullptr) return nullptr;
  *input = WithDomain(domain, NewJoin(JoinType::kLeft, ScanOuterRows(domain), right, std::move(conditions)));
  return value;
}

// The same for an aggregation of all rows to one: grouped by what the correlation makes equal. Outer rows that meet no group
// have what the calls give for no rows.
StatusOr<const Expr*> Planner::JoinAggregate(LogicalNode** input, LogicalNode* aggregate, const Expr* value) {
  const ColumnSet outer = Produced(*input);
  Replacements missing;
  for (size_t i = 0; i < aggregate->aggregates.size(); ++i) {
    const ColumnId id = aggregate->outputs[i];
    TURDB_ASSIGN_OR_RETURN(const Expr* instead, OrEmpty(*aggregate->aggregates[i].function, binder_.ColumnExpr(id)));
    missing.emplace_back(id, instead);
  }
  if (!TreeTouches(aggregate, outer)) {  // only what is computed from it is correlated
    *input = NewJoin(JoinType::kInner, *input, aggregate, {});
    return value;
  }
  std::vector<const Expr*> conditions;
  LogicalNode* below = nullptr;
  if (!OwnTouches(*aggregate, outer)) {
    below = PullUp(aggregate->left, outer, &conditions);
    if (below != nullptr && !conditions.empty() && OwnCanRaise(*aggregate)) below = nullptr;
  }
  const bool few = EstimateRows(*input) * kFewOuterRows < EstimateRows(aggregate->left);
  LogicalNode* grouped = CopyNode(aggregate);
  std::vector<const Expr*> joined;
  const auto group = [&](const std::vector<const Expr*>& by) -> bool {
    const ColumnSet inner = Produced(grouped);
    for (const Expr* condition : by) {
      const Expr* outer_side = nullptr;
      const Expr* inner_side = nullptr;
      if (!SplitCorrelation(condition, outer, inner, &outer_side, &inner_side)) return false;
      joined.push_back(WithArguments(condition, {outer_side, binder_.ColumnExpr(AddGroup(grouped, inner_side))}));
    }
    return true;
  };
  if (below != nullptr && !few) {
    grouped->left = below;
    if (group(conditions)) {
      *input = NewJoin(JoinType::kLeft, *input, grouped, std::move(joined));
      return Substitute(value, missing);
    }
  }
  grouped = CopyNode(aggregate);
  joined.clear();
  conditions.clear();
  const Domain domain = MakeDomain(*input, aggregate, outer);
  ColumnMap map;
  TURDB_ASSIGN_OR_RETURN(grouped->left, PushDomain(aggregate->left, domain, outer, &map));
  if (grouped->left == nullptr) return nullptr;
  RenameOwn(grouped, map);
  TURDB_ASSIGN_OR_RETURN(grouped->left, Rewrite(grouped->left));
  TURDB_ASSIGN_OR_RETURN(conditions, MeetDomain(map, *input));
  if (!group(conditions)) return base::InternalError("the set of outer values is no key");
  *input = WithDomain(domain, NewJoin(JoinType::kLeft, ScanOuterRows(domain), grouped, std::move(joined)));
  return Substitute(value, missing);
}

// Of an operator over its input: every expression of it that holds a correlated subquery.
Status Planner::UnnestExpressions(LogicalNode* node) {
  switch (node->kind) {
    case LogicalKind::kProject:
      for (const Expr*& expr : node->expressions) TURDB_RETURN_IF_ERROR(UnnestInside(&expr, &node->left, false));
      return absl::OkStatus();
    case LogicalKind::kAggregate:
      for (const Expr*& expr : node->expressions) TURDB_RETURN_IF_ERROR(UnnestInside(&expr, &node->left, false));
      for (LogicalAggregate& call : node->aggregates) {
        for (const Expr*& argument : call.arguments) {
          TURDB_RETURN_IF_ERROR(UnnestInside(&argument, &node->left, call.filter != nullptr));
        }
        if (call.filter != nullptr) TURDB_RETURN_IF_ERROR(UnnestInside(&call.filter, &node->left, false));
      }
      return absl::OkStatus();
    case LogicalKind::kSort:
      for (LogicalSortKey& key : node->sort) TURDB_RETURN_IF_ERROR(UnnestInside(&key.expression, &node->left, false));
      return absl::OkStatus();
    default:
      return absl::OkStatus();
  }
}

// ---- LATERAL

// The join without `lateral`, when the right side can do without the left row; otherwise as it was.
StatusOr<LogicalNode*> Planner::UnnestLateral(LogicalNode* join) {
  if (join->join != JoinType::kInner && join->join != JoinType::kLeft) return join;
  const ColumnSet outer = Produced(join->left);
  if (!TreeTouches(join->right, outer)) {
    join->lateral = false;
    return join;
  }
  if (IsTreeVolatile(join->right)) return join;
  if (join->join == JoinType::kLeft && TreeCanRaise(join->right)) return join;
  TURDB_ASSIGN_OR_RETURN(const bool one_by_one, PrefersOneByOne(join->left, join->right, outer));
  if (one_by_one) return join;
  std::vector<const Expr*> conditions;
  LogicalNode* right = PullUp(join->right, outer, &conditions);
  if (right != nullptr) {
    join->right = right;
    join->conjuncts.insert(join->conjuncts.begin(), conditions.begin(), conditions.end());
    join->lateral = false;
    return join;
  }
  conditions.clear();
  const Domain domain = MakeDomain(join->left, join->right, outer);
  TURDB_ASSIGN_OR_RETURN(right, OverDomain(join->right, domain, outer, join->left, &conditions));
  if (right == nullptr) return join;
  conditions.insert(conditions.end(), join->conjuncts.begin(), join->conjuncts.end());
  return WithDomain(domain, NewJoin(join->join, ScanOuterRows(domain), right, std::move(conditions)));
}

}  // namespace turdb::sql
