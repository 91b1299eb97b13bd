// Logical operators become exec nodes: subqueries turn into joins, conditions move down, joins get an order,
// tables an access path, columns a position.
//
// Rules that hold throughout (query.md, rule 11):
//  (P1) A conjunct that may raise, is volatile or holds a subquery stays where it was written: above the join
//       or the projection that it stood on. Within one filter, those that cannot raise go first.
//  (P2) Statistics change costs, never results.
//  (P3) Every choice leaves its reason on the node.
#ifndef TURDB_SQL_PLAN_PLANNER_H_
#define TURDB_SQL_PLAN_PLANNER_H_

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "exec/plan.h"
#include "sql/bind/binder.h"
#include "sql/bind/logical.h"

namespace turdb::sql {

// A lowered subtree: `layout[i]` is the column at position i of the node's output.
struct Physical {
  const exec::Node* node = nullptr;
  std::vector<ColumnId> layout;
  double rows = 1;
  double cost = 0;
  std::vector<LogicalSortKey> order;  // plain columns that the output is sorted by, perhaps none
};

// One statement. Not thread-safe.
class Planner {
 public:
  explicit Planner(Binder& binder) : binder_(binder), plan_(binder.plan()) {}
  Planner(const Planner&) = delete;

  // The node's output is exactly the query's columns.
  base::StatusOr<const exec::Node*> PlanQuery(const BoundQuery& query);
  // For changes: rewrites, then lowers for these columns, in this order.
  base::StatusOr<Physical> PlanRows(LogicalNode* root, const std::vector<ColumnId>& columns);
  base::StatusOr<const Expr*> LowerExpr(const Expr* expr, const std::vector<ColumnId>& layout);
  // Between the two, columns that nothing makes become slots; gives what was found, by column.
  void OpenFrame() { frames_.emplace_back(); }
  std::vector<std::pair<ColumnId, int32_t>> CloseFrame() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    return std::move(frame.slots);
  }
  void AddColumns(const Expr* expr, ColumnSet* set) const { binder_.AddColumns(expr, set); }
  void AddProducedColumns(const LogicalNode* node, ColumnSet* set) const { Binder::AddProduced(node, set); }

 private:
  // ---- rewriting (rewrite.cc)
  base::StatusOr<LogicalNode*> Rewrite(LogicalNode* node);
  base::StatusOr<LogicalNode*> PushDown(LogicalNode* node, std::vector<const Expr*> conjuncts);
  base::StatusOr<LogicalNode*> PushIntoJoin(LogicalNode* join, std::vector<const Expr*> conjuncts);
  base::StatusOr<LogicalNode*> PushIntoProject(LogicalNode* project, std::vector<const Expr*> conjuncts);
  base::StatusOr<LogicalNode*> FilterOver(LogicalNode* node, std::vector<const Expr*> conjuncts);
  // The input joined with the subquery, when the conjunct is an EXISTS, IN or their negation of a known form.
  base::StatusOr<LogicalNode*> UnnestConjunct(LogicalNode* input, const Expr* conjunct);
  bool ExtractCorrelated(LogicalNode* node, const ColumnSet& inside, std::vector<const Expr*>* correlated);
  bool IsMovable(const Expr* expr) const;
  bool CanRaise(const Expr* expr) const;
  bool RejectsNulls(const Expr* conjunct, const ColumnSet& columns) const;
  ColumnSet Produced(const LogicalNode* node) const;
  void AddTreeColumns(const LogicalNode* node, ColumnSet* set) const { binder_.AddTreeColumns(node, set); }
  bool IsInside(const Expr* expr, const ColumnSet& set) const;  // names nothing but these, own or outer columns aside
  bool Touches(const Expr* expr, const ColumnSet& set) const;   // names one of these
  bool HasSubquery(const Expr* expr) const;
  ColumnSet EmptySet() const { return ColumnSet(binder_.columns().size()); }

  // ---- lowering (lower.cc, lower_join.cc, access_path.cc)
  using PhysicalOr = base::StatusOr<Physical>;
  PhysicalOr Lower(LogicalNode* node, const ColumnSet& needed, const std::vector<LogicalSortKey>* wanted = nullptr);
  PhysicalOr LowerValues(LogicalNode* node);
  PhysicalOr LowerFilter(LogicalNode* node, const ColumnSet& needed, const std::vector<LogicalSortKey>* wanted);
  PhysicalOr LowerProject(LogicalNode* node, const ColumnSet& needed, const std::vector<LogicalSortKey>* wanted);
  void ExpandGroupingSets(const LogicalNode& node, const Physical& input, exec::AggregateNode* aggregate);
  PhysicalOr LowerAggregate(LogicalNode* node, const ColumnSet& needed);
  PhysicalOr LowerWindow(LogicalNode* node, const ColumnSet& needed);
  PhysicalOr LowerDistinct(LogicalNode* node, const ColumnSet& needed);
  PhysicalOr LowerSort(LogicalNode* node, const ColumnSet& needed, const LogicalNode* limit);
  PhysicalOr LowerLockRows(LogicalNode* node, const ColumnSet& needed);
  PhysicalOr LowerLimit(LogicalNode* node, const ColumnSet& needed);
  PhysicalOr LowerSetOperation(LogicalNode* node);
  PhysicalOr LowerCte(LogicalNode* node, const ColumnSet& needed);
  PhysicalOr LowerGet(LogicalNode* node, const ColumnSet& needed, const std::vector<LogicalSortKey>* wanted);
  PhysicalOr LowerJoin(LogicalNode* node, const ColumnSet& needed);
  base::StatusOr<Physical> ProjectTo(Physical input, const std::vector<ColumnId>& columns);
  base::StatusOr<exec::Expressions> LowerAll(const std::vector<const Expr*>& exprs, const std::vector<ColumnId>& layout);
  base::StatusOr<const exec::Subquery*> LowerSubquery(const Expr* expr, const std::vector<ColumnId>& layout);
  void SetTypes(exec::Node* node, const std::vector<ColumnId>& layout);
  void SetEstimate(exec::Node* node, double rows, std::string_view reason);
  double Selectivity(const Expr* conjunct) const;

  // Joins.
  struct JoinKeys {
    std::vector<const Expr*> left, right;
    std::vector<bool> null_equal;
    bool any_null_equal = false;
    std::vector<const Expr*> residual;
  };
  base::StatusOr<JoinKeys> SplitKeys(const std::vector<const Expr*>& conjuncts, const ColumnSet& left, const ColumnSet& right);
  // `rows` is the estimate; 0: to be guessed from the sides.
  PhysicalOr MakeJoin(exec::JoinType type, Physical left, Physical right, const std::vector<const Expr*>& conjuncts,
                      double rows);
  struct IndexChoice {
    int32_t index = -2;  // -2: none
    size_t key_count = 0;
    bool unique = false;
    std::vector<const Expr*> keys;  // over the left side
    std::vector<const Expr*> residual;
    double matches = 1;
  };
  base::StatusOr<IndexChoice> ChooseJoinIndex(const LogicalNode* get, const std::vector<const Expr*>& conjuncts,
                                              const ColumnSet& left);
  PhysicalOr MakeIndexJoin(exec::JoinType type, Physical left, LogicalNode* get, const IndexChoice& choice,
                           const ColumnSet& needed, double rows);
  PhysicalOr LowerApply(LogicalNode* node, const ColumnSet& needed);
  PhysicalOr LowerOuterJoin(LogicalNode* node, const ColumnSet& needed);
  PhysicalOr LowerInnerRegion(LogicalNode* node, const ColumnSet& needed);
  struct Region;
  void Flatten(LogicalNode* node, Region* region) const;
  void OrderRegion(Region* region);
  void OrderGreedily(Region* region);
  void ConsiderSplit(Region* region, uint64_t left, uint64_t right);
  PhysicalOr BuildRegion(Region* region, uint64_t mask, const ColumnSet& needed);
  double DistinctValues(const Expr* expr) const;

  // Access paths.
  struct KeyMatch {
    std::vector<const Expr*> equal;
    const Expr* lower = nullptr;
    const Expr* upper = nullptr;
    bool lower_inclusive = true;
    bool upper_inclusive = true;
    std::vector<const Expr*> used;  // conjuncts that the key range answers exactly
  };
  struct Sarg {  // column op value
    int32_t column = -1;
    std::string_view op;
    const Expr* value = nullptr;
    const Expr* conjunct = nullptr;
    bool exact = true;  // the range is as good as the conjunct
  };
  base::StatusOr<std::vector<Sarg>> FindSargs(const LogicalNode* get, const std::vector<const Expr*>& conjuncts);
  base::StatusOr<const Expr*> KeyOperand(const Expr* value, const vec::Type& type, bool* exact);
  KeyMatch MatchKey(const std::vector<table::IndexPart>& parts, const table::TableSchema& schema,
                    const std::vector<Sarg>& sargs);
  bool OrderMatches(const LogicalNode* get, const std::vector<table::IndexPart>& parts, size_t fixed,
                    const std::vector<LogicalSortKey>& wanted, bool* reverse) const;
  base::StatusOr<exec::KeyRange> LowerRange(const KeyMatch& match);
  double RowEstimate(const LogicalNode* get) const;

  // Correlation: what the subplan being lowered takes from outside, by slot.
  struct Frame {
    std::vector<std::pair<ColumnId, int32_t>> slots;
  };

  Binder& binder_;
  exec::Plan& plan_;
  std::vector<Frame> frames_;
};

bool IsEquality(const Expr* expr);

}  // namespace turdb::sql

#endif  // TURDB_SQL_PLAN_PLANNER_H_
