// One table: which key, if any, its conditions can be looked up by.
//
// A condition `column op value` with a value that does not depend on the row bounds a key when its column is
// the next of the key's parts; so does `expression op value` where the part is that expression. Candidates are the primary key
// and every b-tree index that has all the rows that the conditions leave (implication.h): of those without a predicate, all.
// The cheapest by a guess at rows visited wins. Visiting the row behind an index entry costs kRowFetch times what the next row
// of a scan does.
#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "function/registry.h"
#include "sql/bind/implication.h"
#include "sql/plan/planner.h"

namespace turdb::sql {

using base::StatusOr;
using exec::ExpressionKind;
using function::CastContext;
using vec::Type;
using vec::TypeId;

namespace {

constexpr double kRowFetch = 4;
constexpr double kUnknownRows = 1000;

std::string_view Swapped(std::string_view op) {
  if (op == "<") return ">";
  if (op == "<=") return ">=";
  if (op == ">") return "<";
  if (op == ">=") return "<=";
  return op;
}

bool IsComparisonOperator(std::string_view op) { return op == "=" || op == "<" || op == "<=" || op == ">" || op == ">="; }

// The column under casts that change no byte (varchar to text).
const Expr* Unlabelled(const Expr* expr) {
  while (expr->kind == ExpressionKind::kCast && expr->arguments[0]->kind != ExpressionKind::kConstant) {
    const function::CastProperties* cast = function::FindCast(expr->arguments[0]->type.id, expr->type.id);
    const Type& inner = expr->arguments[0]->type;
    const bool collates = inner.WithCollation(expr->type.collation()) == expr->type;
    if (!collates && (cast == nullptr || !cast->relabel || inner.id == TypeId::kChar)) break;
    expr = expr->arguments[0];
  }
  return expr;
}

bool FitsInteger(int64_t value, TypeId id) {
  switch (id) {
    case TypeId::kInt16:
      return value >= INT16_MIN && value <= INT16_MAX;
    case TypeId::kInt32:
      return value >= INT32_MIN && value <= INT32_MAX;
    case TypeId::kInt64:
      return true;
    default:
      return false;
  }
}

// Types whose index entries give the value back unchanged (query.md, rule 16).
bool KeyKeepsValue(const Type& type) {
  const TypeId id = type.id;
  if (type.collation() != vec::Collation::kBinary) return false;
  return id == TypeId::kBoolean || (id >= TypeId::kInt16 && id <= TypeId::kInt64) || id == TypeId::kText ||
         id == TypeId::kVarchar || id == TypeId::kBlob || id == TypeId::kDate || id == TypeId::kTime ||
         id == TypeId::kTimestamp || id == TypeId::kTimestampTz || id == TypeId::kUuid || id == TypeId::kEnum;
}

}  // namespace

double Planner::RowEstimate(const LogicalNode* get) const {
  const int64_t rows = get->relation->row_estimate();
  return rows < 0 ? kUnknownRows : std::max<double>(1, static_cast<double>(rows));
}

// `value` as the key column's type, or null when it cannot be one. *exact is cleared when the range is only
// about as wide as the condition.
StatusOr<const Expr*> Planner::KeyOperand(const Expr* value, const Type& type, bool* exact) {
  if (value->type == type) return value;
  const bool integers = vec::IsSignedInteger(value->type.id) && vec::IsSignedInteger(type.id);
  if (integers && value->kind == ExpressionKind::kConstant && !value->value->is_null() && value->type.id != TypeId::kInt128) {
    if (!FitsInteger(value->value->AsInt64(), type.id)) return nullptr;
    return binder_.Coerce(value, type, CastContext::kAssignment);
  }
  const function::CastProperties* cast = function::FindCast(value->type.id, type.id);
  if (vec::IsText(value->type.id) && (type.id == TypeId::kText || type.id == TypeId::kVarchar) &&
      value->type.id != TypeId::kChar) {
    *exact = type.id == TypeId::kText || type.length == 0;
    return binder_.Coerce(value, type, CastContext::kExplicit);  // a longer text is cut: the condition is checked again
  }
  if (cast == nullptr || !cast->lossless || cast->context != function::CastContext::kImplicit || cast->can_raise)
    return nullptr;
  return binder_.Coerce(value, type, CastContext::kImplicit);
}

StatusOr<std::vector<Planner::Sarg>> Planner::FindSargs(const LogicalNode* get, const std::vector<const Expr*>& conjuncts) {
  ColumnSet own = EmptySet();
  for (const ColumnId id : get->outputs) own[id] = true;
  TURDB_ASSIGN_OR_RETURN(const IndexExpressions* parts, IndexExpressionsOf(get));
  const auto column_of = [&](const Expr* expr) -> int32_t {
    expr = Unlabelled(expr);
    if (expr->kind != ExpressionKind::kColumn) return -1;
    for (size_t i = 0; i < get->relation->schema->columns.size(); ++i) {
      if (get->outputs[i] == expr->index) return static_cast<int32_t>(i);
    }
    return -1;
  };
  std::vector<Sarg> sargs;
  for (const Expr* conjunct : conjuncts) {
    if (conjunct->kind != ExpressionKind::kCall || conjunct->arguments.size() != 2) continue;
    const std::string_view op = conjunct->call->function->name;
    if (!IsComparisonOperator(op)) continue;
    for (const int side : {0, 1}) {
      const int32_t column = column_of(conjunct->arguments[side]);
      const Expr* value = conjunct->arguments[1 - side];
      if ((column < 0 && parts->empty()) || Touches(value, own) || !IsMovable(value)) continue;
      for (const exec::IndexExpression& part : *parts) {
        if (part.part < 0 || !exec::Equal(*part.expression, *conjunct->arguments[side])) continue;
        Sarg sarg{-1,      part.index, part.part, side == 0 ? op : Swapped(op),
                  nullptr, conjunct,   true,      part.expression->type.collation()};
        TURDB_ASSIGN_OR_RETURN(sarg.value, KeyOperand(value, part.expression->type, &sarg.exact));
        if (op != "=") sarg.exact = false;
        if (sarg.value != nullptr) sargs.push_back(sarg);
      }
      if (column < 0) continue;
      const vec::Collation collation = conjunct->call->argument_types[0].collation();
      Sarg sarg{column, -1, -1, side == 0 ? op : Swapped(op), nullptr, conjunct, true, collation};
      const Type type = get->relation->schema->columns[column].type.WithCollation(collation);
      TURDB_ASSIGN_OR_RETURN(sarg.value, KeyOperand(value, type, &sarg.exact));
      // A NULL in the column is above every value but satisfies no condition.
      if (op != "=" && !get->relation->schema->columns[column].not_null) sarg.exact = false;
      if (sarg.value != nullptr) {
        sargs.push_back(sarg);
        break;
      }
    }
  }
  return sargs;
}

StatusOr<const Planner::IndexExpressions*> Planner::IndexExpressionsOf(const LogicalNode* get) {
  static const IndexExpressions kNone;
  const table::TableSchema& schema = *get->relation->schema;
  const bool any = std::any_of(schema.indexes.begin(), schema.indexes.end(), [](const table::IndexSchema& index) {
    return !index.predicate_sql.empty() ||
           std::any_of(index.parts.begin(), index.parts.end(), [](const table::IndexPart& part) { return part.column < 0; });
  });
  if (!any) return &kNone;
  const auto [at, is_new] = index_expressions_.try_emplace(get);
  if (!is_new) return &at->second;
  TURDB_ASSIGN_OR_RETURN(Binder::BoundIndexes bound, binder_.BindIndexesOf(schema));
  Replacements row;
  for (size_t i = 0; i < bound.row.size(); ++i) row.emplace_back(bound.row[i], binder_.ColumnExpr(get->outputs[i]));
  for (exec::IndexExpression& expression : bound.index_expressions) {
    expression.expression = Substitute(expression.expression, row);
  }
  at->second = std::move(bound.index_expressions);
  return &at->second;
}

StatusOr<bool> Planner::IndexHasAll(const LogicalNode* get, int32_t index, const std::vector<const Expr*>& conjuncts) {
  if (index < 0 || get->relation->schema->indexes[static_cast<size_t>(index)].predicate_sql.empty()) return true;
  TURDB_ASSIGN_OR_RETURN(const IndexExpressions* expressions, IndexExpressionsOf(get));
  return std::any_of(expressions->begin(), expressions->end(), [&](const exec::IndexExpression& expression) {
    return expression.index == index && expression.part < 0 && Implies(conjuncts, *expression.expression);
  });
}

Planner::KeyMatch Planner::MatchKey(int32_t index, const std::vector<table::IndexPart>& parts, const std::vector<Sarg>& sargs) {
  KeyMatch match;
  for (size_t p = 0; p < parts.size(); ++p) {
    const table::IndexPart& part = parts[p];
    const auto equal =
        std::find_if(sargs.begin(), sargs.end(), [&](const Sarg& s) { return IsOnPart(s, index, parts, p) && s.op == "="; });
    if (equal != sargs.end()) {
      match.equal.push_back(equal->value);
      match.bounding.push_back(equal->conjunct);
      if (equal->exact) match.used.push_back(equal->conjunct);
      continue;
    }
    if (part.descending) break;
    for (const Sarg& sarg : sargs) {
      if (!IsOnPart(sarg, index, parts, p)) continue;
      const bool is_lower = sarg.op == ">" || sarg.op == ">=";
      const Expr*& bound = is_lower ? match.lower : match.upper;
      if (bound != nullptr) continue;  // a second bound on one side stays a condition
      bound = sarg.value;
      match.bounding.push_back(sarg.conjunct);
      // A text that was cut bounds inclusively; the condition itself is checked on every row.
      (is_lower ? match.lower_inclusive : match.upper_inclusive) = sarg.op.size() == 2 || !sarg.exact;
      if (sarg.exact) match.used.push_back(sarg.conjunct);
    }
    break;
  }
  return match;
}

// Whether walking the key gives the wanted order, the first `fixed` parts being equal for all rows.
StatusOr<bool> Planner::OrderMatches(const LogicalNode* get, int32_t index, const std::vector<table::IndexPart>& parts,
                                     size_t fixed, const std::vector<LogicalSortKey>& wanted, bool* reverse) {
  TURDB_ASSIGN_OR_RETURN(const IndexExpressions* expressions, IndexExpressionsOf(get));
  size_t part = 0;
  std::optional<bool> direction;
  for (const LogicalSortKey& key : wanted) {
    const Expr* const bare = Unlabelled(key.expression);
    const auto at = bare->kind == ExpressionKind::kColumn ? std::find(get->outputs.begin(), get->outputs.end(), bare->index)
                                                          : get->outputs.end();
    const auto column = at == get->outputs.end() ? -1 : static_cast<int32_t>(at - get->outputs.begin());
    const auto is_key = [&](size_t p) {
      if (parts[p].type.collation() != key.expression->type.collation()) return false;
      if (column >= 0) return parts[p].column == column;
      return parts[p].column < 0 &&
             std::any_of(expressions->begin(), expressions->end(), [&](const exec::IndexExpression& expression) {
               return expression.index == index && expression.part == static_cast<int32_t>(p) &&
                      exec::Equal(*expression.expression, *key.expression);
             });
    };
    // A part that is equal everywhere may be named or left out.
    while (part < fixed && part < parts.size() && !is_key(part)) ++part;
    if (part >= parts.size() || !is_key(part)) return false;
    if (part >= fixed) {
      const bool backwards = parts[part].descending != key.descending;
      const bool nulls_matter = column < 0 || !get->relation->schema->columns[static_cast<size_t>(column)].not_null;
      if (nulls_matter && (parts[part].nulls_first != key.nulls_first) != backwards) return false;
      if (direction.has_value() && *direction != backwards) return false;
      direction = backwards;
    }
    ++part;
  }
  *reverse = direction.value_or(false);
  return true;
}

StatusOr<exec::KeyRange> Planner::LowerRange(const KeyMatch& match) {
  exec::KeyRange range;
  TURDB_ASSIGN_OR_RETURN(range.equal, LowerAll(match.equal, {}));
  if (match.lower != nullptr) {
    TURDB_ASSIGN_OR_RETURN(range.lower, LowerExpr(match.lower, {}));
  }
  if (match.upper != nullptr) {
    TURDB_ASSIGN_OR_RETURN(range.upper, LowerExpr(match.upper, {}));
  }
  range.lower_inclusive = match.lower_inclusive;
  range.upper_inclusive = match.upper_inclusive;
  return range;
}

StatusOr<Planner::KeyChoice> Planner::ChooseKey(const LogicalNode* get, const ColumnSet& needed,
                                                const std::vector<LogicalSortKey>* wanted) {
  const table::TableSchema& schema = *get->relation->schema;
  const double rows = RowEstimate(get);
  TURDB_ASSIGN_OR_RETURN(const std::vector<Sarg> sargs, FindSargs(get, get->conjuncts));
  TURDB_ASSIGN_OR_RETURN(const IndexExpressions* expressions, IndexExpressionsOf(get));
  ColumnSet wanted_columns = needed;
  for (const Expr* conjunct : get->conjuncts) AddColumns(conjunct, &wanted_columns);
  std::optional<KeyChoice> best;
  const auto consider = [&](int32_t index, const std::vector<table::IndexPart>& parts, bool unique) -> base::Status {
    KeyChoice candidate;
    candidate.index = index;
    candidate.match = MatchKey(index, parts, sargs);
    candidate.selected = rows;
    candidate.partial = index >= 0 && !schema.indexes[static_cast<size_t>(index)].predicate_sql.empty();
    if (candidate.partial) {
      TURDB_ASSIGN_OR_RETURN(const bool has_all, IndexHasAll(get, index, get->conjuncts));
      if (!has_all) return absl::OkStatus();
      for (const exec::IndexExpression& expression : *expressions) {
        if (expression.index == index && expression.part < 0) candidate.selected *= Selectivity(expression.expression);
      }
    }
    const KeyMatch& match = candidate.match;
    candidate.point = unique && !parts.empty() && match.equal.size() == parts.size();
    if (candidate.point) {
      candidate.selected = 1;
    } else if (match.bounded() && StatisticsOf(*get->relation) != nullptr) {
      candidate.selected *= CombinedSelectivity(match.bounding);
    } else {
      for (size_t i = 0; i < match.equal.size(); ++i) candidate.selected *= std::max(0.01, 1 / std::sqrt(rows));
      if (match.lower != nullptr) candidate.selected *= 0.4;
      if (match.upper != nullptr) candidate.selected *= 0.4;
    }
    candidate.selected = std::max(1.0, candidate.selected);
    if (wanted != nullptr && !wanted->empty()) {
      TURDB_ASSIGN_OR_RETURN(candidate.ordered,
                             OrderMatches(get, index, parts, match.equal.size(), *wanted, &candidate.reverse));
    }
    candidate.index_only = index >= 0;
    for (size_t i = 0; candidate.index_only && i < get->outputs.size(); ++i) {
      if (!wanted_columns[get->outputs[i]] || i >= schema.columns.size()) continue;
      const auto column = static_cast<int32_t>(i);
      const auto keeps = [&](const auto& p) { return p.column == column && KeyKeepsValue(p.type); };
      candidate.index_only = std::any_of(parts.begin(), parts.end(), keeps) ||
                             std::any_of(schema.primary_key.begin(), schema.primary_key.end(), keeps);
    }
    candidate.cost = candidate.selected * (index < 0 || candidate.index_only ? 1 : kRowFetch) + (index < 0 ? 2 : 3);
    if (wanted != nullptr && !wanted->empty() && !candidate.ordered) candidate.cost += candidate.selected * 2;
    const bool useful = index < 0 || candidate.partial || match.bounded() || candidate.ordered || candidate.index_only;
    if (useful && (!best.has_value() || candidate.cost < best->cost)) best = std::move(candidate);
    return absl::OkStatus();
  };
  TURDB_RETURN_IF_ERROR(consider(-1, schema.primary_key, true));
  for (size_t i = 0; i < schema.indexes.size(); ++i) {
    const table::IndexSchema& index = schema.indexes[i];
    if (index.method != table::IndexMethod::kBTree) continue;
    TURDB_RETURN_IF_ERROR(consider(static_cast<int32_t>(i), index.parts, index.unique));
  }
  return *std::move(best);
}

}  // namespace turdb::sql
