// Joins: which condition becomes a key, which algorithm runs, and the order of inner joins.
//
// Inner joins that follow each other form a region: its leaves are joined in the order that costs least by
// dynamic programming over subsets up to kExhaustive leaves, greedily (the smallest result first) beyond.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "function/registry.h"
#include "sql/plan/planner.h"

namespace turdb::sql {

using base::StatusOr;
using exec::ExpressionKind;
using exec::JoinType;
using function::CastContext;

namespace {
constexpr size_t kExhaustive = 10;
constexpr size_t kMaxLeaves = 64;
constexpr double kProbeCost = 25;  // of one descent into an index, in rows of a scan
constexpr double kManyRows = 1e6;
constexpr double kCandidateCost = 40;    // of one that a vector index finds: distances to its neighbours, and its row
constexpr double kLeastCandidates = 64;  // of a search
constexpr double kMostPass = 0.1;
constexpr double kLeastOfEach = 10;  // rows of the table for each that is wanted: with fewer, exec reads them all
}  // namespace

// ---- keys

StatusOr<Planner::JoinKeys> Planner::SplitKeys(const std::vector<const Expr*>& conjuncts, const ColumnSet& left,
                                               const ColumnSet& right) {
  JoinKeys keys;
  for (const Expr* conjunct : conjuncts) {
    const bool equality = IsEquality(conjunct);
    const bool same = conjunct->kind == ExpressionKind::kIsNotDistinct;
    bool taken = false;
    if ((equality || same) && MayBeKey(conjunct)) {
      const Expr* a = conjunct->arguments[0];
      const Expr* b = conjunct->arguments[1];
      if (Touches(a, right)) std::swap(a, b);
      if (Touches(a, left) && !Touches(a, right) && Touches(b, right) && !Touches(b, left)) {
        const vec::Type types[] = {a->type, b->type};
        const auto common = function::CommonType(types, "JOIN");
        if (common.ok()) {
          auto cast_a = binder_.Coerce(a, *common, CastContext::kImplicit);
          auto cast_b = binder_.Coerce(b, *common, CastContext::kImplicit);
          if (cast_a.ok() && cast_b.ok()) {
            keys.left.push_back(*cast_a);
            keys.right.push_back(*cast_b);
            keys.null_equal.push_back(same);
            keys.any_null_equal |= same;
            taken = true;
          }
        }
      }
    }
    if (!taken) keys.residual.push_back(conjunct);
  }
  return keys;
}

StatusOr<Physical> Planner::MakeJoin(JoinType type, Physical left, Physical right, const std::vector<const Expr*>& conjuncts,
                                     double rows) {
  ColumnSet left_set = EmptySet();
  ColumnSet right_set = EmptySet();
  for (const ColumnId id : left.layout) left_set[id] = true;
  for (const ColumnId id : right.layout) right_set[id] = true;
  TURDB_ASSIGN_OR_RETURN(const JoinKeys keys, SplitKeys(conjuncts, left_set, right_set));
  std::vector<ColumnId> both = left.layout;
  both.insert(both.end(), right.layout.begin(), right.layout.end());
  const bool left_only = type == JoinType::kSemi || type == JoinType::kAnti || type == JoinType::kAntiNull;
  Physical result;
  result.layout = left_only ? left.layout : both;
  result.rows = std::max(left.rows, right.rows);
  if (left_only) result.rows = std::max(1.0, left.rows / 2);
  if (rows > 0) result.rows = rows;
  result.cost = left.cost + right.cost + result.rows;
  if (!keys.left.empty()) {
    auto* join = plan_.New<exec::HashJoinNode>();
    join->type = type;
    join->left = left.node;
    join->right = right.node;
    TURDB_ASSIGN_OR_RETURN(join->left_keys, LowerAll(keys.left, left.layout));
    TURDB_ASSIGN_OR_RETURN(join->right_keys, LowerAll(keys.right, right.layout));
    if (keys.any_null_equal) {
      const std::span<bool> flags = plan_.arena().NewArray<bool>(keys.null_equal.size());
      for (size_t i = 0; i < flags.size(); ++i) flags[i] = keys.null_equal[i];
      join->null_equal = flags;
    }
    TURDB_ASSIGN_OR_RETURN(join->residual, LowerAll(keys.residual, both));
    SetTypes(join, result.layout);
    SetEstimate(join, result.rows, "equality on both sides");
    result.node = join;
    return result;
  }
  std::vector<const Expr*> pairs = keys.residual;
  if (type == JoinType::kAntiNull) {
    // NOT IN without keys: a row passes when the comparison is false, not NULL, with every row of the right side.
    for (const Expr*& conjunct : pairs) {
      const Expr* no = plan_.Constant(vec::Value::Boolean(false), vec::TypeId::kBoolean, conjunct->position);
      conjunct = plan_.NewExpression(ExpressionKind::kIsDistinct, vec::TypeId::kBoolean,
                                     plan_.Copy(std::vector<const Expr*>{conjunct, no}), conjunct->position);
    }
  }
  auto* join = plan_.New<exec::NestedLoopJoinNode>();
  join->type = type == JoinType::kAntiNull ? JoinType::kAnti : type;
  join->left = left.node;
  join->right = right.node;
  TURDB_ASSIGN_OR_RETURN(join->conjuncts, LowerAll(pairs, both));
  SetTypes(join, result.layout);
  result.cost += left.rows * right.rows;
  SetEstimate(join, result.rows, keys.residual.empty() ? "no condition joins the sides" : "no equality joins the sides");
  result.node = join;
  return result;
}

// ---- index joins

// The key of `get` that equalities with the left side's columns fill best.
StatusOr<Planner::IndexChoice> Planner::ChooseJoinIndex(const LogicalNode* get, const std::vector<const Expr*>& conjuncts,
                                                        const ColumnSet& left) {
  IndexChoice best;
  if (get->kind != LogicalKind::kGet) return best;
  const table::TableSchema& schema = *get->relation->schema;
  const double rows = RowEstimate(get);
  std::vector<const Expr*> candidates;
  for (const Expr* conjunct : conjuncts) {
    if (IsEquality(conjunct) && IsMovable(conjunct)) candidates.push_back(conjunct);
  }
  TURDB_ASSIGN_OR_RETURN(const std::vector<Sarg> sargs, FindSargs(get, candidates));
  const auto consider = [&](int32_t index, const std::vector<table::IndexPart>& parts, bool unique) {
    IndexChoice choice;
    choice.index = index;
    std::vector<const Expr*> used;
    bool from_left = false;
    for (size_t p = 0; p < parts.size(); ++p) {
      const auto found = std::find_if(sargs.begin(), sargs.end(), [&](const Sarg& s) {
        return IsOnPart(s, index, parts, p) && s.exact && s.op == "=" && IsInside(s.value, left);
      });
      if (found == sargs.end()) break;
      choice.keys.push_back(found->value);
      used.push_back(found->conjunct);
      from_left |= Touches(found->value, left);
    }
    if (choice.keys.empty() || !from_left) return;
    choice.unique = unique && choice.keys.size() == parts.size();
    choice.matches = choice.unique ? 1 : KeyMatches(get, parts, choice.keys.size(), rows);
    if (choice.matches == 0) choice.matches = std::max(1.0, std::pow(rows, 0.4));
    for (const Expr* conjunct : conjuncts) {
      if (std::find(used.begin(), used.end(), conjunct) == used.end()) choice.residual.push_back(conjunct);
    }
    const bool better = best.index == -2 || choice.matches < best.matches ||
                        (choice.matches == best.matches && choice.keys.size() > best.keys.size());
    if (better) best = std::move(choice);
  };
  consider(-1, schema.primary_key, true);
  for (size_t i = 0; i < schema.indexes.size(); ++i) {
    const table::IndexSchema& index = schema.indexes[i];
    if (index.method != table::IndexMethod::kBTree) continue;
    TURDB_ASSIGN_OR_RETURN(const bool has_all, IndexHasAll(get, static_cast<int32_t>(i), get->conjuncts));
    if (has_all) consider(static_cast<int32_t>(i), index.parts, index.unique);
  }
  return best;
}

StatusOr<Physical> Planner::MakeIndexJoin(JoinType type, Physical left, LogicalNode* get, const IndexChoice& choice,
                                          const ColumnSet& needed, double rows) {
  auto* join = plan_.New<exec::IndexJoinNode>();
  join->type = type;
  join->left = left.node;
  join->table = get->table;
  join->index = choice.index;
  join->name = plan_.Copy(get->name);
  TURDB_ASSIGN_OR_RETURN(join->keys, LowerAll(choice.keys, left.layout));
  std::vector<const Expr*> residual = get->conjuncts;  // conditions of the table itself first: (P1) put them there
  residual.insert(residual.end(), choice.residual.begin(), choice.residual.end());
  ColumnSet emitted = needed;
  for (const Expr* conjunct : residual) AddColumns(conjunct, &emitted);
  const size_t column_count = get->relation->schema->columns.size();
  std::vector<int32_t> columns;
  std::vector<ColumnId> both = left.layout;
  for (size_t i = 0; i < get->outputs.size(); ++i) {
    if (!emitted[get->outputs[i]]) continue;
    both.push_back(get->outputs[i]);
    columns.push_back(i < column_count ? static_cast<int32_t>(i)
                                       : (i == column_count ? table::kRowIdColumn : table::kRowKeyColumn));
  }
  join->columns = plan_.Copy(columns);
  TURDB_ASSIGN_OR_RETURN(join->residual, LowerAll(residual, both));
  const bool left_only = type == JoinType::kSemi || type == JoinType::kAnti;
  Physical result;
  result.layout = left_only ? left.layout : both;
  result.rows = std::max(1.0, left.rows * choice.matches);
  if (left_only) result.rows = std::max(1.0, left.rows / 2);
  if (rows > 0) result.rows = rows;
  result.cost = left.cost + left.rows * (kProbeCost + choice.matches);
  SetTypes(join, result.layout);
  SetEstimate(join, result.rows, choice.unique ? "few outer rows, a unique key each" : "few outer rows, an index for each");
  result.node = join;
  return result;
}

// ---- one join

StatusOr<Physical> Planner::LowerJoin(LogicalNode* node, const ColumnSet& needed, const std::vector<LogicalSortKey>* wanted,
                                      FirstRows* first) {
  has_joins_ = true;
  if (node->lateral) {
    const ColumnSet left = Produced(node->left);
    ColumnSet named = EmptySet();
    AddTreeColumns(node->right, &named);
    for (const LeafValue& value : leaf_values_) {  // and what scans compute of rows outside
      if (static_cast<size_t>(value.column) < named.size() && named[value.column]) AddColumns(value.expression, &named);
    }
    bool correlated = false;
    for (size_t i = 0; i < named.size(); ++i) correlated |= named[i] && left[i];
    if (correlated) return LowerApply(node, needed);
    node->lateral = false;
  }
  if (node->join == JoinType::kInner) return LowerInnerRegion(node, needed, wanted, first);
  return LowerOuterJoin(node, needed, wanted, first);
}

StatusOr<Physical> Planner::LowerApply(LogicalNode* node, const ColumnSet& needed) {
  ColumnSet below = needed;
  for (const Expr* conjunct : node->conjuncts) AddColumns(conjunct, &below);
  ColumnSet left_needed = below;
  AddTreeColumns(node->right, &left_needed);
  for (const LeafValue& value : leaf_values_) {  // and what scans compute of rows outside
    if (static_cast<size_t>(value.column) < left_needed.size() && left_needed[value.column])
      AddColumns(value.expression, &left_needed);
  }
  TURDB_ASSIGN_OR_RETURN(Physical left, Lower(node->left, left_needed));
  OpenFrame(left.layout);
  auto lowered = Lower(node->right, below);
  const Frame frame = std::move(frames_.back());
  frames_.pop_back();
  if (!lowered.ok()) return lowered.status();
  Physical right = *std::move(lowered);
  auto* apply = plan_.New<exec::ApplyNode>();
  apply->type = node->join;
  apply->left = left.node;
  apply->right = right.node;
  std::vector<exec::SlotBinding> bindings;
  for (const auto& [id, slot] : frame.slots) {
    exec::SlotBinding binding;
    binding.slot = slot;
    TURDB_ASSIGN_OR_RETURN(binding.value, LowerExpr(binder_.ColumnExpr(id), left.layout));
    bindings.push_back(binding);
  }
  apply->bindings = plan_.Copy(bindings);
  std::vector<ColumnId> both = left.layout;
  both.insert(both.end(), right.layout.begin(), right.layout.end());
  TURDB_ASSIGN_OR_RETURN(apply->conjuncts, LowerAll(node->conjuncts, both));
  Physical result{apply, both, left.rows * right.rows, left.cost + left.rows * right.cost, {}};
  SetTypes(apply, both);
  SetEstimate(apply, result.rows, "LATERAL: the right side depends on the left row");
  return result;
}

StatusOr<Physical> Planner::LowerOuterJoin(LogicalNode* node, const ColumnSet& needed,
                                           const std::vector<LogicalSortKey>* wanted, FirstRows* first) {
  ColumnSet below = needed;
  for (const Expr* conjunct : node->conjuncts) AddColumns(conjunct, &below);
  IndexChoice choice;
  const bool indexable = node->join == JoinType::kLeft || node->join == JoinType::kSemi || node->join == JoinType::kAnti;
  if (indexable && node->right->kind == LogicalKind::kGet) {
    TURDB_ASSIGN_OR_RETURN(choice, ChooseJoinIndex(node->right, node->conjuncts, Produced(node->left)));
  }
  // The first rows of the left side are the first of the result where most of them have a place in it (see ConsiderNearest),
  // and where a search may find them: otherwise all would look into the index of the right side.
  const double left_rows = EstimateRows(node->left);
  const bool nearest = first != nullptr && wanted != nullptr && choice.index != -2 && first->rows * kLeastOfEach <= left_rows &&
                       (node->join == JoinType::kLeft || EstimateRows(node) > left_rows * kMostPass);
  TURDB_ASSIGN_OR_RETURN(Physical left, Lower(node->left, below, nearest ? wanted : nullptr, nearest ? first : nullptr));
  if (nearest && first->nearest >= 0) {
    left.rows = std::min(left.rows, first->rows);
    return MakeIndexJoin(node->join, std::move(left), node->right, choice, needed, 0);
  }
  if (choice.index != -2) {
    const double rows = RowEstimate(node->right);
    if (left.rows * (kProbeCost + choice.matches) < rows * 2 + left.rows) {
      return MakeIndexJoin(node->join, std::move(left), node->right, choice, needed, 0);
    }
  }
  TURDB_ASSIGN_OR_RETURN(Physical right, Lower(node->right, below));
  // The smaller side is built: a left join the other way round is a right one.
  if (node->join == JoinType::kLeft && left.rows * 2 < right.rows) {
    return MakeJoin(JoinType::kRight, std::move(right), std::move(left), node->conjuncts, EstimateRows(node));
  }
  if (node->join == JoinType::kRight && right.rows > left.rows * 2) {
    return MakeJoin(JoinType::kLeft, std::move(right), std::move(left), node->conjuncts, EstimateRows(node));
  }
  return MakeJoin(node->join, std::move(left), std::move(right), node->conjuncts, EstimateRows(node));
}

// ---- regions of inner joins

struct Planner::Region {
  struct Leaf {
    LogicalNode* node = nullptr;
    ColumnSet columns;
    double rows = 1;
    double cost = 1;
  };
  struct Condition {
    const Expr* expr;
    uint64_t leaves;  // bit i: leaf i
    double selectivity;
    bool on_top = false;  // not before all leaves are joined (P1)
  };
  struct Step {  // the best way found to join a set of leaves
    double cost = std::numeric_limits<double>::infinity();
    double rows = 1;
    uint64_t left = 0;
    uint64_t right = 0;
    bool by_index = false;
  };
  std::vector<Leaf> leaves;
  size_t opened = 0;
  std::vector<Condition> conditions;
  std::vector<const Expr*> above;  // conjuncts that stay above all joins (P1)
  std::vector<Step> steps;         // by set, when exhaustive
  std::vector<std::pair<uint64_t, Step>> greedy;
  // The leaf that a vector index orders, for the sort above; -1: none.
  int nearest = -1;
  const std::vector<LogicalSortKey>* wanted = nullptr;
  FirstRows* first = nullptr;

  Step& StepOf(uint64_t set) {
    if (!steps.empty()) return steps[set];
    for (auto& [leaves_of, step] : greedy) {
      if (leaves_of == set) return step;
    }
    greedy.emplace_back(set, Step{});
    return greedy.back().second;
  }
  uint64_t all() const { return leaves.size() == kMaxLeaves ? ~uint64_t{0} : (uint64_t{1} << leaves.size()) - 1; }
  bool AppliesTo(const Condition& condition, uint64_t set) const {
    return (condition.leaves & ~set) == 0 && (!condition.on_top || set == all());
  }
  ColumnSet ColumnsOf(uint64_t set) const {
    ColumnSet columns(leaves[0].columns.size());
    for (size_t i = 0; i < leaves.size(); ++i) {
      for (size_t c = 0; (set >> i & 1) != 0 && c < columns.size(); ++c) columns[c] = columns[c] || leaves[i].columns[c];
    }
    return columns;
  }
  double RowsOf(uint64_t set) const {
    double rows = 1;
    for (size_t i = 0; i < leaves.size(); ++i) {
      if ((set >> i & 1) != 0) rows *= leaves[i].rows;
    }
    for (const Condition& condition : conditions) {
      if (AppliesTo(condition, set) && std::popcount(condition.leaves) > 1) rows *= condition.selectivity;
    }
    return std::max(1.0, rows);
  }
};

void Planner::Flatten(LogicalNode* node, Region* region) const {
  if (node->kind == LogicalKind::kJoin && node->join == JoinType::kInner && !node->lateral) {
    // A join with a condition that must stay on it is a region of its own below; so is what would be too many.
    const bool open =
        std::all_of(node->conjuncts.begin(), node->conjuncts.end(), [this](const Expr* e) { return IsMovable(e); });
    const bool top = region->leaves.empty() && region->opened == 0;
    if ((open || top) && region->leaves.size() + region->opened + 2 <= kMaxLeaves) {
      ++region->opened;  // its right side is still to come
      Flatten(node->left, region);
      --region->opened;
      Flatten(node->right, region);
      for (const Expr* conjunct : node->conjuncts) {
        if (IsMovable(conjunct)) {
          region->conditions.push_back({conjunct, 0, 1});
        } else if (region->above.empty() && MayBeKey(conjunct)) {
          region->conditions.push_back({conjunct, 0, 1, true});
        } else {
          region->above.push_back(conjunct);
        }
      }
      return;
    }
  }
  Region::Leaf leaf;
  leaf.node = node;
  leaf.columns = Produced(node);
  region->leaves.push_back(std::move(leaf));
}

// The index by which rows of `left` find those of `right`, one leaf.
StatusOr<Planner::IndexChoice> Planner::ChooseIndexOf(const Region& region, uint64_t left, uint64_t right) {
  const Region::Leaf& leaf = region.leaves[static_cast<size_t>(std::countr_zero(right))];
  if (leaf.node->kind != LogicalKind::kGet) return IndexChoice();
  std::vector<const Expr*> conjuncts;
  for (const Region::Condition& condition : region.conditions) {
    if ((condition.leaves & right) != 0 && region.AppliesTo(condition, left | right)) conjuncts.push_back(condition.expr);
  }
  return ChooseJoinIndex(leaf.node, conjuncts, region.ColumnsOf(left));
}

void Planner::ConsiderSplit(Region* region, uint64_t left, uint64_t right) {
  const Region::Step l = region->StepOf(left);
  const Region::Step r = region->StepOf(right);
  const double rows = region->RowsOf(left | right);
  bool connected = false;
  bool equality = false;
  for (const Region::Condition& condition : region->conditions) {
    const bool here =
        (condition.leaves & left) != 0 && (condition.leaves & right) != 0 && region->AppliesTo(condition, left | right);
    connected |= here;
    equality |= here && IsKeyCondition(condition.expr);
  }
  double cost = l.cost + r.cost + rows;
  cost += equality ? l.rows + 2 * r.rows : l.rows * r.rows;
  if (!connected) cost += rows;
  bool by_index = false;
  if (equality && std::popcount(right) == 1) {
    const auto choice = ChooseIndexOf(*region, left, right);
    if (choice.ok() && choice->index != -2) {
      const double index_cost = l.cost + rows + l.rows * (kProbeCost + choice->matches);
      by_index = index_cost < cost;
      cost = std::min(cost, index_cost);
    }
  }
  Region::Step& best = region->StepOf(left | right);
  if (cost < best.cost) best = {cost, rows, left, right, by_index};
}

void Planner::OrderRegion(Region* region) {
  const size_t count = region->leaves.size();
  const bool exhaustive = count <= kExhaustive;
  if (exhaustive) region->steps.resize(size_t{1} << count);
  for (size_t i = 0; i < count; ++i) {
    region->StepOf(uint64_t{1} << i) = {region->leaves[i].cost, region->leaves[i].rows, 0, 0, false};
  }
  if (!exhaustive) return OrderGreedily(region);
  for (uint64_t set = 1; set < region->steps.size(); ++set) {
    if (std::popcount(set) < 2) continue;
    for (uint64_t left = (set - 1) & set; left != 0; left = (left - 1) & set) ConsiderSplit(region, left, set & ~left);
  }
}

// Joins the pair with the smallest result, again and again.
void Planner::OrderGreedily(Region* region) {
  std::vector<uint64_t> sets;
  for (size_t i = 0; i < region->leaves.size(); ++i) sets.push_back(uint64_t{1} << i);
  while (sets.size() > 1) {
    size_t best_a = 0;
    size_t best_b = 1;
    double best = std::numeric_limits<double>::infinity();
    for (size_t a = 0; a < sets.size(); ++a) {
      for (size_t b = a + 1; b < sets.size(); ++b) {
        const bool connected = std::any_of(region->conditions.begin(), region->conditions.end(), [&](const auto& c) {
          return (c.leaves & sets[a]) != 0 && (c.leaves & sets[b]) != 0 && region->AppliesTo(c, sets[a] | sets[b]);
        });
        const double rows = region->RowsOf(sets[a] | sets[b]) * (connected ? 1 : 1e6);
        if (rows < best) {
          best = rows;
          best_a = a;
          best_b = b;
        }
      }
    }
    region->StepOf(sets[best_a] | sets[best_b]);  // room for it, before references are taken
    ConsiderSplit(region, sets[best_a], sets[best_b]);
    ConsiderSplit(region, sets[best_b], sets[best_a]);
    sets[best_a] |= sets[best_b];
    sets.erase(sets.begin() + static_cast<int64_t>(best_b));
  }
}

// The first rows in an order that a vector index of one leaf has: it finds them one after the other, and each finds the rows of
// the other leaves by their indexes, until there are enough. Joins that gather rows before they give any out are none for that:
// the search may begin again.
base::Status Planner::ConsiderNearest(Region* region, const std::vector<LogicalSortKey>& wanted, FirstRows* first) {
  int leaf = -1;
  for (size_t i = 0; i < region->leaves.size() && leaf < 0; ++i) {
    if (region->leaves[i].node->kind != LogicalKind::kGet) continue;
    TURDB_ASSIGN_OR_RETURN(const NearestChoice choice, ChooseVectorIndex(region->leaves[i].node, wanted));
    if (choice.index >= 0) leaf = static_cast<int>(i);
  }
  if (leaf < 0) return absl::OkStatus();
  Region nearest = *region;
  nearest.steps.clear();
  nearest.greedy.clear();
  Region::Leaf& found = nearest.leaves[static_cast<size_t>(leaf)];
  const double all_rows = RowEstimate(found.node);
  if (first->rows * kLeastOfEach > all_rows) return absl::OkStatus();
  const double pass = region->RowsOf(region->all()) / all_rows;
  const double candidates = std::min(all_rows, std::max(kLeastCandidates, first->rows / std::max(pass, 1e-9)));
  found.rows = std::max(1.0, candidates * found.rows / all_rows);
  uint64_t set = uint64_t{1} << leaf;
  nearest.StepOf(set) = {candidates * kCandidateCost, found.rows, 0, 0, false};
  while (set != nearest.all()) {
    Region::Step best;
    for (size_t i = 0; i < nearest.leaves.size(); ++i) {
      const uint64_t right = uint64_t{1} << i;
      if ((set & right) != 0) continue;
      TURDB_ASSIGN_OR_RETURN(const IndexChoice choice, ChooseIndexOf(nearest, set, right));
      if (choice.index == -2) continue;
      const Region::Step left = nearest.StepOf(set);
      const double rows = nearest.RowsOf(set | right);
      const double cost = left.cost + rows + left.rows * (kProbeCost + choice.matches);
      if (cost < best.cost) best = {cost, rows, set, right, true};
    }
    if (best.right == 0) return absl::OkStatus();
    set |= best.right;
    nearest.StepOf(set) = best;
  }
  if (nearest.StepOf(set).cost >= region->StepOf(set).cost) return absl::OkStatus();
  for (size_t i = 0; i < nearest.leaves.size(); ++i) {
    if (static_cast<int>(i) != leaf) nearest.StepOf(uint64_t{1} << i) = {};
  }
  nearest.nearest = leaf;
  nearest.wanted = &wanted;
  nearest.first = first;
  *region = std::move(nearest);
  return absl::OkStatus();
}

StatusOr<Physical> Planner::BuildRegion(Region* region, uint64_t set, const ColumnSet& needed) {
  const Region::Step step = region->StepOf(set);
  if (step.left == 0) {
    const int leaf = std::countr_zero(set);
    const bool nearest = leaf == region->nearest;
    return Lower(region->leaves[static_cast<size_t>(leaf)].node, needed, nearest ? region->wanted : nullptr,
                 nearest ? region->first : nullptr);
  }
  std::vector<const Expr*> conjuncts;
  for (const Region::Condition& condition : region->conditions) {
    // What only the top may have is there even if one side has all that it names.
    const bool split = (condition.leaves & ~step.left) != 0 && (condition.leaves & ~step.right) != 0;
    const bool here = condition.on_top ? set == region->all() : (condition.leaves & ~set) == 0 && split;
    if (here) conjuncts.push_back(condition.expr);
  }
  TURDB_ASSIGN_OR_RETURN(Physical left, BuildRegion(region, step.left, needed));
  Physical result;
  if (step.by_index) {
    LogicalNode* get = region->leaves[std::countr_zero(step.right)].node;
    TURDB_ASSIGN_OR_RETURN(const IndexChoice choice, ChooseJoinIndex(get, conjuncts, region->ColumnsOf(step.left)));
    TURDB_ASSIGN_OR_RETURN(result, MakeIndexJoin(JoinType::kInner, std::move(left), get, choice, needed, step.rows));
  } else {
    TURDB_ASSIGN_OR_RETURN(Physical right, BuildRegion(region, step.right, needed));
    TURDB_ASSIGN_OR_RETURN(result, MakeJoin(JoinType::kInner, std::move(left), std::move(right), conjuncts, step.rows));
  }
  return result;
}

// Conditions between the same two leaves are no independent ones. When they give a unique key of one, every row of the other
// meets one row of it at most; otherwise each further one counts less.
void Planner::CombineKeys(Region* region) {
  std::vector<bool> done(region->conditions.size());
  for (size_t first = 0; first < done.size(); ++first) {
    const uint64_t leaves = region->conditions[first].leaves;
    if (done[first] || std::popcount(leaves) != 2 || !IsKeyCondition(region->conditions[first].expr)) continue;
    std::vector<size_t> same;
    std::vector<const Expr*> exprs;
    for (size_t i = first; i < done.size(); ++i) {
      if (region->conditions[i].leaves != leaves || !IsKeyCondition(region->conditions[i].expr)) continue;
      same.push_back(i);
      exprs.push_back(region->conditions[i].expr);
      done[i] = true;
    }
    if (same.size() < 2) continue;
    double selectivity = 0;
    for (size_t leaf = 0; leaf < region->leaves.size(); ++leaf) {
      if ((leaves >> leaf & 1) == 0 || region->leaves[leaf].node->kind != LogicalKind::kGet) continue;
      if (IsOneByKey(region->leaves[leaf].node, exprs)) {
        selectivity = std::max(selectivity, 1 / RowEstimate(region->leaves[leaf].node));
      }
    }
    std::sort(same.begin(), same.end(),
              [&](size_t a, size_t b) { return region->conditions[a].selectivity < region->conditions[b].selectivity; });
    double power = 1;
    for (const size_t i : same) {
      double& own = region->conditions[i].selectivity;
      own = selectivity > 0 ? (i == same[0] ? selectivity : 1) : std::pow(own, power);
      power /= 2;
    }
  }
}

StatusOr<Physical> Planner::LowerInnerRegion(LogicalNode* node, const ColumnSet& needed,
                                             const std::vector<LogicalSortKey>* wanted, FirstRows* first) {
  Region region;
  Flatten(node, &region);
  ColumnSet below = needed;
  for (const Region::Condition& condition : region.conditions) AddColumns(condition.expr, &below);
  for (const Expr* conjunct : region.above) AddColumns(conjunct, &below);
  const auto is_few = [](const LogicalNode* leaf) { return leaf->kind == LogicalKind::kCteScan && leaf->cte->few; };
  const bool any_few =
      std::any_of(region.leaves.begin(), region.leaves.end(), [&](const Region::Leaf& leaf) { return is_few(leaf.node); });
  for (Region::Leaf& leaf : region.leaves) {
    if (leaf.node->kind == LogicalKind::kGet) {
      // The plan may outlive the time when the table was small.
      leaf.cost = any_few ? std::max(RowEstimate(leaf.node), kManyRows) : RowEstimate(leaf.node);
      leaf.rows = leaf.cost;
      NoteStatistics(*leaf.node);
      leaf.rows = std::max(1.0, leaf.rows * CombinedSelectivity(leaf.node->conjuncts));
    } else {
      leaf.rows = EstimateRows(leaf.node);
      leaf.cost = leaf.rows;
    }
  }
  for (Region::Condition& condition : region.conditions) {
    for (size_t i = 0; i < region.leaves.size(); ++i) {
      if (Touches(condition.expr, region.leaves[i].columns)) condition.leaves |= uint64_t{1} << i;
    }
    condition.selectivity = JoinSelectivity(condition.expr);
  }
  CombineKeys(&region);
  // A condition that names no leaf (a constant, outer columns only) waits above.
  std::erase_if(region.conditions, [&](const Region::Condition& condition) {
    if (condition.leaves != 0) return false;
    region.above.push_back(condition.expr);
    return true;
  });
  // One that names a single leaf was kept from going down there: it is checked above, too.
  std::erase_if(region.conditions, [&](const Region::Condition& condition) {
    if (std::popcount(condition.leaves) > 1) return false;
    region.above.push_back(condition.expr);
    return true;
  });
  OrderRegion(&region);
  if (first != nullptr && wanted != nullptr) TURDB_RETURN_IF_ERROR(ConsiderNearest(&region, *wanted, first));
  TURDB_ASSIGN_OR_RETURN(Physical result, BuildRegion(&region, region.all(), below));
  if (region.above.empty()) return result;
  auto* filter = plan_.New<exec::FilterNode>();
  filter->input = result.node;
  TURDB_ASSIGN_OR_RETURN(filter->conjuncts, LowerAll(region.above, result.layout));
  SetTypes(filter, result.layout);
  SetEstimate(filter, result.rows, "conditions that may raise stay above the joins");
  result.node = filter;
  return result;
}

}  // namespace turdb::sql
