// How many rows there will be. Nothing here changes a result (P2).
#include <algorithm>
#include <cmath>

#include "catalog/catalog.h"
#include "catalog/statistics.h"
#include "function/registry.h"
#include "sql/plan/planner.h"

namespace turdb::sql {

using exec::ExpressionKind;
using exec::JoinType;

const table::TableStatistics* Planner::StatisticsOf(const catalog::Relation& relation) const {
  const auto [at, is_new] = statistics_.try_emplace(&relation);
  if (is_new) at->second = binder_.catalog().StatisticsOf(relation.id);
  return at->second.get();
}

const table::ColumnStatistics* Planner::StatisticsOf(const Expr* column) const {
  if (column->kind != ExpressionKind::kColumn) return nullptr;
  const ColumnInfo& info = binder_.columns()[static_cast<size_t>(column->index)];
  if (info.origin == nullptr || info.origin_column < 0) return nullptr;
  const table::TableStatistics* statistics = StatisticsOf(*info.origin);
  if (statistics == nullptr) return nullptr;
  const table::Column& origin = info.origin->schema->columns[static_cast<size_t>(info.origin_column)];
  const table::ColumnStatistics* found = statistics->Find(origin.name, origin.type);
  return found != nullptr && found->distinct > 0 ? found : nullptr;
}

namespace {

const Expr* WithoutCasts(const Expr* expr) {
  while (expr->kind == ExpressionKind::kCast) expr = expr->arguments[0];
  return expr;
}

double Part(double part) { return std::clamp(part, 1e-7, 1.0); }

}  // namespace

// `column op constant`, either way round, of a column that something is known about.
std::optional<Planner::KnownComparison> Planner::FindKnown(const Expr* conjunct) const {
  if (conjunct->kind != ExpressionKind::kCall || conjunct->arguments.size() != 2) return std::nullopt;
  KnownComparison known;
  known.op = conjunct->call->function->name;
  for (const int side : {0, 1}) {
    const Expr* column = WithoutCasts(conjunct->arguments[static_cast<size_t>(side)]);
    const Expr* constant = conjunct->arguments[static_cast<size_t>(1 - side)];
    if (constant->kind != ExpressionKind::kConstant || constant->value->is_null()) continue;
    known.statistics = StatisticsOf(column);
    if (known.statistics == nullptr) continue;
    const vec::Type& type = known.statistics->type;
    std::optional<std::string> key;
    if (constant->type == type) {
      key = table::StatisticsKey(type, *constant->value);
    } else {
      const auto value = function::CastValue(*constant->value, type, function::CastContext::kExplicit, binder_.call_context());
      if (value.ok()) key = table::StatisticsKey(type, *value);
    }
    if (!key.has_value()) continue;
    known.key = *std::move(key);
    known.column = column->index;
    if (side == 1) {
      known.op = known.op == "<" ? ">" : known.op == "<=" ? ">=" : known.op == ">" ? "<" : known.op == ">=" ? "<=" : known.op;
    }
    return known;
  }
  return std::nullopt;
}

// Of a pattern: one that begins with letters is a range.
double Planner::PatternSelectivity(const Expr* conjunct) const {
  const Expr* pattern = conjunct->arguments[1];
  if (pattern->kind != ExpressionKind::kConstant || pattern->value->is_null()) return 0.1;
  const std::string_view text = pattern->value->bytes();
  const std::string_view prefix = text.substr(0, text.find_first_of("%_\\"));
  const table::ColumnStatistics* statistics = StatisticsOf(WithoutCasts(conjunct->arguments[0]));
  if (prefix.empty() || statistics == nullptr || conjunct->call->function->name == "~~*") return prefix.empty() ? 0.05 : 0.02;
  std::optional<std::string> begin = table::StatisticsPrefix(statistics->type, prefix);
  if (!begin.has_value()) return 0.02;
  std::string from = *std::move(begin);
  const double below = statistics->Below(from, false);
  from.append("\xff\xff");
  return std::max(statistics->Below(from, false) - below, 0.5 / statistics->distinct);
}

// What part of the rows a condition lets through.
double Planner::Selectivity(const Expr* conjunct) const {
  switch (conjunct->kind) {
    case ExpressionKind::kIsNull:
    case ExpressionKind::kIsNotNull: {
      const table::ColumnStatistics* statistics = StatisticsOf(conjunct->arguments[0]);
      const double nulls = statistics != nullptr ? Part(statistics->nulls) : 0.02;
      return conjunct->kind == ExpressionKind::kIsNull ? nulls : 1 - nulls;
    }
    case ExpressionKind::kIn: {
      const table::ColumnStatistics* statistics = StatisticsOf(WithoutCasts(conjunct->arguments[0]));
      const auto count = static_cast<double>(conjunct->arguments.size() - 1);
      return statistics == nullptr ? std::min(0.5, 0.01 * count) : Part(count / statistics->distinct);
    }
    case ExpressionKind::kAnd:
      return CombinedSelectivity(std::vector<const Expr*>(conjunct->arguments.begin(), conjunct->arguments.end()));
    case ExpressionKind::kOr: {
      double none = 1;
      for (const Expr* argument : conjunct->arguments) none *= 1 - Selectivity(argument);
      return 1 - none;
    }
    case ExpressionKind::kNot:
      return 1 - Selectivity(conjunct->arguments[0]);
    case ExpressionKind::kCall: {
      const std::string_view name = conjunct->call->function->name;
      if (name == "~~" || name == "~~*") return Part(PatternSelectivity(conjunct));
      if (name == "!~~" || name == "!~~*") return Part(1 - PatternSelectivity(conjunct));
      if (const auto known = FindKnown(conjunct); known.has_value()) {
        const table::ColumnStatistics& statistics = *known->statistics;
        const double values = 1 - statistics.nulls;
        // A value that the sample has not seen may be there all the same.
        if (name == "=") return Part(std::max(statistics.Equal(known->key), 0.1 / statistics.distinct));
        if (name == "<>") return Part(values - statistics.Equal(known->key));
        if (known->op == "<" || known->op == "<=") return Part(statistics.Below(known->key, known->op == "<="));
        if (known->op == ">" || known->op == ">=") return Part(values - statistics.Below(known->key, known->op == ">"));
      }
      if (name == "=") {
        for (const Expr* side : conjunct->arguments) {
          if (const table::ColumnStatistics* statistics = StatisticsOf(WithoutCasts(side)); statistics != nullptr) {
            return Part((1 - statistics->nulls) / statistics->distinct);
          }
        }
        return 0.01;
      }
      if (name == "<>") return 0.99;
      return 0.33;
    }
    default:
      return 0.5;
  }
}

// Of conditions that all hold. Two bounds of one column make a range, not two independent parts.
double Planner::CombinedSelectivity(const std::vector<const Expr*>& conjuncts) const {
  struct Range {
    ColumnId column;
    double from, to;
  };
  double all = 1;
  std::vector<Range> ranges;
  for (const Expr* conjunct : conjuncts) {
    const auto known = FindKnown(conjunct);
    const bool lower = known.has_value() && known->op.starts_with('>');
    const bool upper = known.has_value() && known->op.starts_with('<') && known->op != "<>";
    if (!lower && !upper) {
      all *= Selectivity(conjunct);
      continue;
    }
    auto at = std::find_if(ranges.begin(), ranges.end(), [&](const Range& range) { return range.column == known->column; });
    if (at == ranges.end()) at = ranges.insert(at, {known->column, 0, 1 - known->statistics->nulls});
    const double below = known->statistics->Below(known->key, known->op == "<=" || known->op == ">");
    if (lower) {
      at->from = std::max(at->from, below);
    } else {
      at->to = std::min(at->to, below);
    }
  }
  for (const Range& range : ranges) all *= Part(range.to - range.from);
  return all;
}

// How many different values an expression has, about: a unique column has one a row.
double Planner::DistinctValues(const Expr* expr) const {
  expr = WithoutCasts(expr);
  if (expr->kind == ExpressionKind::kConstant) return 1;
  if (expr->kind != ExpressionKind::kColumn) return 200;
  if (const table::ColumnStatistics* statistics = StatisticsOf(expr); statistics != nullptr) return statistics->distinct;
  const ColumnInfo& column = binder_.columns()[static_cast<size_t>(expr->index)];
  if (column.origin == nullptr) return 200;
  const double rows = std::max<double>(1, static_cast<double>(std::max<int64_t>(column.origin->row_estimate(), 0)));
  const table::TableSchema& schema = *column.origin->schema;
  if (schema.primary_key.size() == 1 && schema.primary_key[0].column == column.origin_column) return rows;
  for (const table::IndexSchema& index : schema.indexes) {
    if (index.unique && index.parts.size() == 1 && index.parts[0].column == column.origin_column) return rows;
  }
  return std::max(1.0, std::pow(rows, 0.75));
}

// How often the parts of a key that are given find something, in a table of so many rows.
double Planner::KeyMatches(const LogicalNode* get, const std::vector<table::IndexPart>& parts, size_t given,
                           double rows) const {
  bool known = false;
  double matches = rows;
  for (size_t i = 0; i < given; ++i) {
    if (parts[i].column < 0) {
      matches /= 200;
      continue;
    }
    const Expr* column = binder_.ColumnExpr(get->outputs[static_cast<size_t>(parts[i].column)]);
    known |= StatisticsOf(column) != nullptr;
    matches /= DistinctValues(column);
  }
  return known ? std::max(1.0, matches) : 0;
}

double Planner::JoinSelectivity(const Expr* conjunct) const {
  if (!IsKeyCondition(conjunct)) return Selectivity(conjunct);
  return 1 / std::max({1.0, DistinctValues(conjunct->arguments[0]), DistinctValues(conjunct->arguments[1])});
}

// A table that nothing is known about, or whose size has changed much since, is worth a look before the next plan.
void Planner::NoteStatistics(const LogicalNode& get) const {
  constexpr double kWorthKnowing = 500;
  const double rows = RowEstimate(&get);
  if (static_cast<double>(get.relation->row_estimate()) < kWorthKnowing) return;
  const table::TableStatistics* statistics = StatisticsOf(*get.relation);
  if (statistics != nullptr && std::abs(statistics->rows - rows) < 0.3 * statistics->rows + kWorthKnowing) return;
  unknown_.insert(get.relation);
}

double Planner::EstimateRows(const LogicalNode* node) const {
  constexpr double kUnknown = 1000;
  if (node == nullptr) return 1;
  double rows = 1;
  const auto filtered = [&](double from) { return std::max(1.0, from * CombinedSelectivity(node->conjuncts)); };
  switch (node->kind) {
    case LogicalKind::kSingleRow:
      return 1;
    case LogicalKind::kGet:
      NoteStatistics(*node);
      return filtered(RowEstimate(node));
    case LogicalKind::kValues:
      return std::max(1.0, static_cast<double>(node->rows.size()));
    case LogicalKind::kFunction:
    case LogicalKind::kCsv:
      return kUnknown;
    case LogicalKind::kCteScan:
      if (node->cte->few) return 1;
      return node->cte->recursive || node->cte->definition.root == nullptr ? kUnknown
                                                                           : EstimateRows(node->cte->definition.root);
    case LogicalKind::kFilter:
      return filtered(EstimateRows(node->left));
    case LogicalKind::kJoin: {
      const double left = EstimateRows(node->left);
      const double right = EstimateRows(node->right);
      rows = left * right;
      for (const Expr* conjunct : node->conjuncts) rows *= JoinSelectivity(conjunct);
      switch (node->join) {
        case JoinType::kInner:
          return std::max(1.0, rows);
        case JoinType::kLeft:
          return std::max(left, rows);
        case JoinType::kRight:
          return std::max(right, rows);
        case JoinType::kFull:
          return std::max(left + right, rows);
        default:
          return std::max(1.0, std::min(left, rows) / 2);
      }
    }
    case LogicalKind::kAggregate: {
      if (node->expressions.empty()) return std::max<double>(1, static_cast<double>(node->grouping_sets.size()));
      const double input = EstimateRows(node->left);
      for (const Expr* key : node->expressions) rows *= DistinctValues(key);
      return std::max(1.0, std::min({input, rows, std::max(1.0, std::pow(input, 0.9))}));
    }
    case LogicalKind::kDistinct: {
      const double input = EstimateRows(node->left);
      for (const ColumnId id : node->left_columns) rows = std::min(input, rows * DistinctValues(binder_.ColumnExpr(id)));
      return std::max(1.0, std::min(input, rows));
    }
    case LogicalKind::kLimit:
      rows = EstimateRows(node->left);
      if (node->limit != nullptr && node->limit->kind == ExpressionKind::kConstant && !node->limit->value->is_null()) {
        rows = std::min(rows, static_cast<double>(node->limit->value->AsInt64()));
      }
      return std::max(1.0, rows);
    case LogicalKind::kSetOperation:
      rows = EstimateRows(node->left);
      return node->set_operation == exec::SetOperation::kUnion ? rows + EstimateRows(node->right) : rows;
    case LogicalKind::kProject:
    case LogicalKind::kWindow:
    case LogicalKind::kSort:
    case LogicalKind::kLockRows:
    case LogicalKind::kCte:
      return EstimateRows(node->left);
  }
  return kUnknown;
}

}  // namespace turdb::sql
