// Logical operators become exec nodes: subqueries turn into joins, conditions move down, joins get an order,
// tables an access path, columns a position.
//
// Rules that hold throughout (query.md, rule 11):
//  (P1) A conjunct that may raise, is volatile or holds a subquery stays where it was written: above the join
//       or the projection that it stood on. Within one filter, those that cannot raise go first. But an equality of two
//       sides of an inner join that only may raise is a key of the join that it stands on, or on top of: each side is
//       computed once a row, as in PostgreSQL, instead of once a pair.
//  (P2) Statistics change costs, never results.
//  (P3) Every choice leaves its reason on the node.
#ifndef TURDB_SQL_PLAN_PLANNER_H_
#define TURDB_SQL_PLAN_PLANNER_H_

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/status.h"
#include "exec/plan.h"
#include "sql/bind/binder.h"
#include "sql/bind/logical.h"

namespace turdb::table {
struct ColumnStatistics;
struct TableStatistics;
}  // namespace turdb::table

namespace turdb::sql {

// A lowered subtree: `layout[i]` is the column at position i of the node's output.
struct Physical {
  const exec::Node* node = nullptr;
  std::vector<ColumnId> layout;
  double rows = 1;
  double cost = 0;
  std::vector<LogicalSortKey> order;  // plain columns that the output is sorted by, perhaps none
};

// The built-in one.
bool IsCount(const function::AggregateFunction& function);

// One statement. Not thread-safe.
class Planner {
 public:
  explicit Planner(Binder& binder) : binder_(binder), plan_(binder.plan()) {}
  Planner(const Planner&) = delete;

  // The node's output is exactly the query's columns.
  base::StatusOr<const exec::Node*> PlanQuery(const BoundQuery& query);
  // Of a column of the node's output, or what is made of them.
  bool IsNeverNull(const Expr* expr, const LogicalNode* node) const;
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
  // Tables of which more should be known before the next plan is made.
  const std::set<std::shared_ptr<const catalog::Relation>>& unknown() const { return unknown_; }
  bool has_joins() const { return has_joins_; }
  void AddColumns(const Expr* expr, ColumnSet* set) const { binder_.AddColumns(expr, set); }
  void AddProducedColumns(const LogicalNode* node, ColumnSet* set) const { Binder::AddProduced(node, set); }

 private:
  // ---- rewriting (rewrite.cc)
  base::StatusOr<LogicalNode*> Rewrite(LogicalNode* node);
  base::StatusOr<LogicalNode*> PushDown(LogicalNode* node, std::vector<const Expr*> conjuncts);
  base::StatusOr<LogicalNode*> PushIntoJoin(LogicalNode* join, std::vector<const Expr*> conjuncts);
  base::StatusOr<LogicalNode*> PushIntoProject(LogicalNode* project, std::vector<const Expr*> conjuncts);
  base::StatusOr<LogicalNode*> FilterOver(LogicalNode* node, std::vector<const Expr*> conjuncts);
  bool IsMovable(const Expr* expr) const;
  // An equality that is no worse than that it may raise.
  bool MayBeKey(const Expr* expr) const;
  bool CanRaise(const Expr* expr) const;
  bool RejectsNulls(const Expr* conjunct, const ColumnSet& columns) const;
  ColumnSet Produced(const LogicalNode* node) const;
  void AddTreeColumns(const LogicalNode* node, ColumnSet* set) const { binder_.AddTreeColumns(node, set); }
  bool IsInside(const Expr* expr, const ColumnSet& set) const;  // names nothing but these, own or outer columns aside
  bool Touches(const Expr* expr, const ColumnSet& set) const;   // names one of these
  bool HasSubquery(const Expr* expr) const;
  ColumnSet EmptySet() const { return ColumnSet(binder_.columns().size()); }

  // ---- unnesting (unnest.cc)
  using Replacements = std::vector<std::pair<ColumnId, const Expr*>>;
  using ColumnMap = std::vector<std::pair<ColumnId, ColumnId>>;
  struct Domain {  // the distinct values of the outer rows that a subquery names
    LogicalNode* source = nullptr;
    CommonTableInfo* table = nullptr;  // the outer rows
    std::vector<ColumnId> all;         // its columns
    std::vector<ColumnId> keys;        // those of them that are named
  };
  using NodeOr = base::StatusOr<LogicalNode*>;
  NodeOr UnnestConjunct(LogicalNode* input, const Expr* conjunct);
  base::Status UnnestExpressions(LogicalNode* node);
  base::Status UnnestInside(const Expr** expr, LogicalNode** input, bool guarded);
  base::StatusOr<const Expr*> UnnestValue(const Expr* expr, LogicalNode** input, bool guarded);
  base::StatusOr<const Expr*> JoinValue(LogicalNode** input, LogicalNode* root, const Expr* value, int32_t position);
  base::StatusOr<const Expr*> JoinAggregate(LogicalNode** input, LogicalNode* aggregate, const Expr* value);
  NodeOr UnnestLateral(LogicalNode* join);
  base::StatusOr<bool> PrefersOneByOne(const LogicalNode* input, const LogicalNode* root, const ColumnSet& outer);
  LogicalNode* PullUp(LogicalNode* node, const ColumnSet& outer, std::vector<const Expr*>* up);
  bool SplitCorrelation(const Expr* condition, const ColumnSet& outer, const ColumnSet& inner, const Expr** outer_side,
                        const Expr** inner_side) const;
  static void ForEachExpr(const LogicalNode& node, absl::FunctionRef<void(const Expr*)> visit);
  bool OwnTouches(const LogicalNode& node, const ColumnSet& set) const;
  bool OwnCanRaise(const LogicalNode& node) const;
  bool TreeTouches(const LogicalNode* node, const ColumnSet& set) const;
  bool TreeCanRaise(const LogicalNode* node) const;
  bool IsVolatile(const Expr* expr) const;
  bool IsTreeVolatile(const LogicalNode* node) const;
  bool HasAtMostOneRow(const LogicalNode* node) const;
  bool IsOneByKey(const LogicalNode* node, const std::vector<const Expr*>& equalities);
  const Expr* WithArguments(const Expr* expr, const std::vector<const Expr*>& arguments);
  const Expr* Substitute(const Expr* expr, const Replacements& replacements);
  base::StatusOr<const Expr*> OrEmpty(const function::BoundAggregate& aggregate, const Expr* value);
  LogicalNode* CopyNode(const LogicalNode* node);
  LogicalNode* NewJoin(exec::JoinType type, LogicalNode* left, LogicalNode* right, std::vector<const Expr*> conjuncts);
  ColumnId AddGroup(LogicalNode* aggregate, const Expr* key);
  ColumnId AddDistinctKey(LogicalNode* distinct, ColumnId key);
  base::StatusOr<ColumnId> AddCall(LogicalNode* aggregate, std::string_view name, const std::vector<const Expr*>& arguments);

  // ---- over a domain (unnest_domain.cc)
  Domain MakeDomain(LogicalNode* input, const LogicalNode* root, const ColumnSet& outer);
  LogicalNode* ScanOuterRows(const Domain& domain);
  LogicalNode* ScanDomain(const Domain& domain, ColumnMap* map);
  LogicalNode* WithDomain(const Domain& domain, LogicalNode* body);
  const Expr* Rename(const Expr* expr, const ColumnMap& map);
  void RenameOwn(LogicalNode* node, const ColumnMap& map);
  base::StatusOr<std::vector<const Expr*>> MeetDomain(const ColumnMap& map, const LogicalNode* input);
  NodeOr OverDomain(LogicalNode* root, const Domain& domain, const ColumnSet& outer, const LogicalNode* input,
                    std::vector<const Expr*>* conditions);
  NodeOr PushDomain(LogicalNode* node, const Domain& domain, const ColumnSet& outer, ColumnMap* map);
  NodeOr PushDomainIntoLimit(LogicalNode* node, const Domain& domain, const ColumnSet& outer, ColumnMap* map);
  NodeOr PushDomainIntoJoin(LogicalNode* node, const Domain& domain, const ColumnSet& outer, ColumnMap* map);
  NodeOr GroupForEach(const LogicalNode* node, LogicalNode* grouped, const Domain& domain, ColumnMap* map);

  // ---- in leaves (leaf_computation.cc)
  // A distance of a table's vector to something that is the same for every row, computed by the scan while the vector lies in
  // its leaf. Above the scan it is a column.
  struct LeafValue {
    const LogicalNode* get = nullptr;
    ColumnId vector = -1;
    ColumnId column = -1;  // the value's
    const Expr* expression = nullptr;
  };
  base::Status TakeIntoLeaves(LogicalNode* node);
  const Expr* TakeIntoLeaf(const Expr* expr, const LogicalNode* get, const ColumnSet& made);
  struct GivenValues {
    std::vector<const Expr*> values;
    std::vector<int32_t> slots;
  };
  base::StatusOr<const Expr*> LowerLeafValue(const LeafValue& value, const std::vector<ColumnId>& layout, GivenValues* given);
  std::vector<const LeafValue*> LeafValuesOf(const LogicalNode* get, const ColumnSet& needed) const;
  base::StatusOr<Physical> ComputeAbove(Physical input, const std::vector<const LeafValue*>& values, const ColumnSet& needed);

  // ---- by vector indexes (nearest.cc)
  // A sort of which only the first rows are wanted, for the table below that may find them by a vector index.
  struct FirstRows {
    double rows = 100;     // that are wanted, about
    int32_t nearest = -1;  // number of the NearestScanNode that finds them
  };
  struct TableRead;
  struct KeyChoice;
  base::StatusOr<Physical> TryNearest(const TableRead& read, const KeyChoice& choice, const std::vector<LogicalSortKey>& wanted,
                                      FirstRows* first);
  struct NearestChoice {
    int32_t index = -1;           // of the table's; -1: none orders by this
    const Expr* query = nullptr;  // what is compared with the indexed vectors
  };
  base::StatusOr<NearestChoice> ChooseVectorIndex(const LogicalNode* get, const LogicalSortKey& key,
                                                  absl::FunctionRef<bool(const Expr*)> is_given);
  base::StatusOr<NearestChoice> ChooseVectorIndex(const LogicalNode* get, const std::vector<LogicalSortKey>& wanted);
  base::StatusOr<bool> FindsNearest(const LogicalNode* root, const ColumnSet& outer);

  // ---- guesses (estimate.cc)
  struct KnownComparison {
    const table::ColumnStatistics* statistics = nullptr;
    ColumnId column = -1;
    std::string_view op;
    std::string key;
  };
  double EstimateRows(const LogicalNode* node) const;
  double Selectivity(const Expr* conjunct) const;
  double CombinedSelectivity(const std::vector<const Expr*>& conjuncts) const;
  double PatternSelectivity(const Expr* conjunct) const;
  std::optional<KnownComparison> FindKnown(const Expr* conjunct) const;
  const table::TableStatistics* StatisticsOf(const catalog::Relation& relation) const;
  const table::ColumnStatistics* StatisticsOf(const Expr* column) const;
  void NoteStatistics(const LogicalNode& get) const;
  double KeyMatches(const LogicalNode* get, const std::vector<table::IndexPart>& parts, size_t given, double rows) const;
  double DistinctValues(const Expr* expr) const;
  double JoinSelectivity(const Expr* conjunct) const;  // of a condition over both sides

  // ---- lowering (lower.cc, lower_join.cc, access_path.cc)
  using PhysicalOr = base::StatusOr<Physical>;
  PhysicalOr Lower(LogicalNode* node, const ColumnSet& needed, const std::vector<LogicalSortKey>* wanted = nullptr,
                   FirstRows* first = nullptr);
  PhysicalOr LowerValues(LogicalNode* node);
  PhysicalOr LowerFilter(LogicalNode* node, const ColumnSet& needed, const std::vector<LogicalSortKey>* wanted,
                         FirstRows* first);
  PhysicalOr LowerProject(LogicalNode* node, const ColumnSet& needed, const std::vector<LogicalSortKey>* wanted,
                          FirstRows* first);
  void ExpandGroupingSets(const LogicalNode& node, const Physical& input, exec::AggregateNode* aggregate);
  bool DistinctGoesFirst(const LogicalNode& node, const std::vector<size_t>& kept);
  void TakeDistinctFirst(const LogicalNode& node, const std::vector<size_t>& kept, const Physical& input,
                         exec::AggregateNode* aggregate, std::vector<exec::AggregateCall>* calls);
  PhysicalOr LowerAggregate(LogicalNode* node, const ColumnSet& needed);
  PhysicalOr LowerWindow(LogicalNode* node, const ColumnSet& needed);
  PhysicalOr LowerDistinct(LogicalNode* node, const ColumnSet& needed);
  PhysicalOr LowerSort(LogicalNode* node, const ColumnSet& needed, const LogicalNode* limit);
  PhysicalOr LowerLockRows(LogicalNode* node, const ColumnSet& needed);
  PhysicalOr LowerLimit(LogicalNode* node, const ColumnSet& needed);
  PhysicalOr LowerSetOperation(LogicalNode* node);
  PhysicalOr LowerCte(LogicalNode* node, const ColumnSet& needed);
  void NarrowCte(LogicalNode* node, const ColumnSet& needed);
  PhysicalOr LowerGet(LogicalNode* node, const ColumnSet& needed, const std::vector<LogicalSortKey>* wanted, FirstRows* first);
  PhysicalOr LowerJoin(LogicalNode* node, const ColumnSet& needed, const std::vector<LogicalSortKey>* wanted, FirstRows* first);
  base::StatusOr<Physical> ProjectTo(Physical input, const std::vector<ColumnId>& columns);
  base::StatusOr<exec::Expressions> LowerAll(const std::vector<const Expr*>& exprs, const std::vector<ColumnId>& layout);
  base::StatusOr<const exec::Subquery*> LowerSubquery(const Expr* expr, const std::vector<ColumnId>& layout);
  void SetTypes(exec::Node* node, const std::vector<ColumnId>& layout);
  void SetEstimate(exec::Node* node, double rows, std::string_view reason);

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
  PhysicalOr LowerOuterJoin(LogicalNode* node, const ColumnSet& needed, const std::vector<LogicalSortKey>* wanted,
                            FirstRows* first);
  PhysicalOr LowerInnerRegion(LogicalNode* node, const ColumnSet& needed, const std::vector<LogicalSortKey>* wanted,
                              FirstRows* first);
  struct Region;
  void Flatten(LogicalNode* node, Region* region) const;
  void CombineKeys(Region* region);
  void OrderRegion(Region* region);
  void OrderGreedily(Region* region);
  base::StatusOr<IndexChoice> ChooseIndexOf(const Region& region, uint64_t left, uint64_t right);
  void ConsiderSplit(Region* region, uint64_t left, uint64_t right);
  base::Status ConsiderNearest(Region* region, const std::vector<LogicalSortKey>& wanted, FirstRows* first);
  PhysicalOr BuildRegion(Region* region, uint64_t mask, const ColumnSet& needed);

  // Access paths.
  struct KeyMatch {
    std::vector<const Expr*> equal;
    const Expr* lower = nullptr;
    const Expr* upper = nullptr;
    bool lower_inclusive = true;
    bool upper_inclusive = true;
    std::vector<const Expr*> used;      // conjuncts that the key range answers exactly
    std::vector<const Expr*> bounding;  // those, and the ones it answers about
    bool bounded() const { return !equal.empty() || lower != nullptr || upper != nullptr; }
  };
  struct Sarg {  // column op value, or, where there is no column, a part of an index
    int32_t column = -1;
    int32_t index = -1;
    int32_t part = -1;
    std::string_view op;
    const Expr* value = nullptr;
    const Expr* conjunct = nullptr;
    bool exact = true;                                   // the range is as good as the conjunct
    vec::Collation collation = vec::Collation::kBinary;  // by which texts are compared
  };
  base::StatusOr<std::vector<Sarg>> FindSargs(const LogicalNode* get, const std::vector<const Expr*>& conjuncts);
  base::StatusOr<const Expr*> KeyOperand(const Expr* value, const vec::Type& type, bool* exact);
  // What its indexes hold beside columns, over the node's output. Empty for most tables.
  using IndexExpressions = std::vector<exec::IndexExpression>;
  base::StatusOr<const IndexExpressions*> IndexExpressionsOf(const LogicalNode* get);
  // Whether the conditions leave nothing but rows that the index has.
  base::StatusOr<bool> IndexHasAll(const LogicalNode* get, int32_t index, const std::vector<const Expr*>& conjuncts);
  static bool IsOnPart(const Sarg& sarg, int32_t index, const std::vector<table::IndexPart>& parts, size_t part) {
    if (sarg.collation != parts[part].type.collation()) return false;
    return parts[part].column >= 0 ? sarg.column == parts[part].column
                                   : sarg.index == index && sarg.part == static_cast<int32_t>(part);
  }
  KeyMatch MatchKey(int32_t index, const std::vector<table::IndexPart>& parts, const std::vector<Sarg>& sargs);
  base::StatusOr<bool> OrderMatches(const LogicalNode* get, int32_t index, const std::vector<table::IndexPart>& parts,
                                    size_t fixed, const std::vector<LogicalSortKey>& wanted, bool* reverse);
  base::StatusOr<exec::KeyRange> LowerRange(const KeyMatch& match);
  struct KeyChoice {
    int32_t index = -1;  // of the table's; -1: the primary key
    KeyMatch match;
    double selected = 1;  // rows in the range, as far as is known
    double cost = 0;
    bool partial = false;  // the index has not all rows, but all that are asked for
    bool point = false;    // at most one row
    bool ordered = false;  // in the wanted order, `reverse` or not
    bool reverse = false;
    bool index_only = false;
  };
  base::StatusOr<KeyChoice> ChooseKey(const LogicalNode* get, const ColumnSet& needed,
                                      const std::vector<LogicalSortKey>* wanted);

  // ---- one table (lower_get.cc)
  struct TableRead {
    const LogicalNode* get = nullptr;
    const ColumnSet& asked;                     // by what is above
    ColumnSet needed;                           // and what values in leaves are made of
    std::vector<const LeafValue*> leaf_values;  // that are asked for above, or by conditions
  };
  std::vector<const Expr*> LeftToAsk(const TableRead& read, const KeyChoice& choice, bool in_leaf);
  Physical ReadColumns(const TableRead& read, const std::vector<const Expr*>& filter, const ColumnSet& more,
                       std::vector<int32_t>* columns);
  PhysicalOr LowerPointLookup(const TableRead& read, const KeyChoice& choice);
  // `more`: columns that they have beside those that are needed.
  PhysicalOr LowerTableScan(const TableRead& read, const KeyChoice& choice, const ColumnSet& more);
  PhysicalOr LowerIndexScan(const TableRead& read, const KeyChoice& choice, const ColumnSet& more);
  double RowEstimate(const LogicalNode* get) const;

  // Correlation: what the subplan being lowered takes from outside, by slot.
  struct Frame {
    std::vector<std::pair<ColumnId, int32_t>> slots;
    std::vector<ColumnId> outside;  // what the rows around have, where that is known
  };
  void OpenFrame(const std::vector<ColumnId>& outside) { frames_.push_back({{}, outside}); }
  bool IsFromOutside(const Expr* expr) const;  // names no columns but of rows around

  std::vector<LeafValue> leaf_values_;
  Binder& binder_;
  exec::Plan& plan_;
  std::vector<Frame> frames_;
  // Looked up once a statement.
  mutable std::map<const catalog::Relation*, std::shared_ptr<const table::TableStatistics>> statistics_;
  mutable std::set<std::shared_ptr<const catalog::Relation>> unknown_;
  std::map<const LogicalNode*, IndexExpressions> index_expressions_;
  bool has_joins_ = false;
  std::set<int32_t> unnested_;  // numbers of subqueries that are part of the tree by now
};

bool IsEquality(const Expr* expr);
// Of two sides: by = or IS NOT DISTINCT FROM.
bool IsKeyCondition(const Expr* expr);

}  // namespace turdb::sql

#endif  // TURDB_SQL_PLAN_PLANNER_H_
