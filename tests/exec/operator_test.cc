// Operators against naive oracles, over random rows with NULLs, duplicates and skew.
#include <algorithm>
#include <map>

#include "exec/harness.h"

namespace turdb::exec {
namespace {

bool SqlEqual(const Value& a, const Value& b) { return !a.is_null() && !b.is_null() && Value::Compare(a, b) == 0; }

// (key, key as text of varying length, payload), keys skewed to few values.
Table RandomRows(std::mt19937& random, size_t count, int32_t keys) {
  Table rows;
  for (size_t i = 0; i < count; ++i) {
    int32_t key = static_cast<int32_t>(random() % static_cast<uint32_t>(keys));
    if (random() % 3 == 0) key = 0;
    Row row = {Int(key), Text("key " + std::to_string(key) + std::string(static_cast<size_t>(key % 20), 'x')),
               Big(static_cast<int64_t>(i))};
    if (random() % 10 == 0) row[0] = Null();
    if (random() % 10 == 0) row[1] = Null(TypeId::kText);
    rows.push_back(std::move(row));
  }
  return rows;
}

const std::vector<Type> kTypes = {TypeId::kInt32, TypeId::kText, TypeId::kInt64};
const Row kNulls = {Null(), Null(TypeId::kText), Null(TypeId::kInt64)};

Row Concatenate(Row a, const Row& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

template <typename Matches>
Table JoinOracle(JoinType type, const Table& left, const Table& right, const Matches& matches) {
  Table out;
  std::vector<bool> right_matched(right.size());
  for (const Row& l : left) {
    bool matched = false;
    for (size_t r = 0; r < right.size(); ++r) {
      if (!matches(l, right[r])) continue;
      matched = right_matched[r] = true;
      if (type != JoinType::kSemi && type != JoinType::kAnti) out.push_back(Concatenate(l, right[r]));
    }
    if (matched ? type == JoinType::kSemi : type == JoinType::kAnti) out.push_back(l);
    if (!matched && (type == JoinType::kLeft || type == JoinType::kFull)) out.push_back(Concatenate(l, kNulls));
  }
  for (size_t r = 0; r < right.size(); ++r) {
    if (!right_matched[r] && (type == JoinType::kRight || type == JoinType::kFull))
      out.push_back(Concatenate(kNulls, right[r]));
  }
  return out;
}

const JoinType kJoinTypes[] = {JoinType::kInner, JoinType::kLeft, JoinType::kRight,
                               JoinType::kFull,  JoinType::kSemi, JoinType::kAnti};

// J1, J2: every join type, one and two keys, with and without a residual, by hash and by nested loops.
TEST(JoinTest, AgreesWithNestedLoopsOverValues) {
  std::mt19937 random(1);
  for (int round = 0; round < 12; ++round) {
    const size_t left_count = round == 0 ? 0 : random() % 300, right_count = round == 1 ? 0 : random() % 300;
    const Table left = RandomRows(random, left_count, 40), right = RandomRows(random, right_count, 40);
    const bool two_keys = round % 2 == 0, with_residual = round % 3 == 0;
    const auto matches = [&](const Row& l, const Row& r) {
      if (!SqlEqual(l[0], r[0])) return false;
      if (two_keys && !SqlEqual(l[1], r[1])) return false;
      return !with_residual || Value::Compare(l[2], r[2]) < 0;
    };
    for (const JoinType type : kJoinTypes) {
      const std::vector<std::string> expected = Lines(JoinOracle(type, left, right, matches));
      PlanMaker make;
      std::vector<const Expression*> left_keys = {make.Col(0)}, right_keys = {make.Col(0)}, residual;
      std::vector<const Expression*> conjuncts = {make.Call("=", {make.Col(0), make.Col(3)})};
      if (two_keys) {
        left_keys.push_back(make.Col(1, TypeId::kText));
        right_keys.push_back(make.Col(1, TypeId::kText));
        conjuncts.push_back(make.Call("=", {make.Col(1, TypeId::kText), make.Col(4, TypeId::kText)}));
      }
      if (with_residual) {
        residual.push_back(make.Call("<", {make.Col(2, TypeId::kInt64), make.Col(5, TypeId::kInt64)}));
        conjuncts.push_back(residual[0]);
      }
      const Node* l = make.Values(kTypes, left);
      const Node* r = make.Values(kTypes, right);
      Runner runner;
      EXPECT_EQ(Lines(runner.MustRun(make.Finish(make.HashJoin(type, l, r, left_keys, right_keys, residual)))), expected)
          << "hash join, type " << static_cast<int>(type) << ", round " << round;
      EXPECT_EQ(Lines(runner.MustRun(make.Finish(make.LoopJoin(type, l, r, conjuncts)))), expected)
          << "loop join, type " << static_cast<int>(type) << ", round " << round;
    }
  }
}

TEST(JoinTest, ManyMatchesOfOneKeyComeInManyBatches) {
  PlanMaker make;
  Table left, right;
  for (int i = 0; i < 90; ++i) left.push_back({Int(1)});
  for (int i = 0; i < 110; ++i) right.push_back({Int(1)});
  const Node* join = make.HashJoin(JoinType::kInner, make.Values({TypeId::kInt32}, left), make.Values({TypeId::kInt32}, right),
                                   {make.Col(0)}, {make.Col(0)});
  Runner runner;
  EXPECT_EQ(runner.MustRun(make.Finish(join)).size(), 90u * 110u);
}

// NOT IN: a NULL on the right hides every row; an empty right side hides none.
TEST(JoinTest, NullAwareAntiJoin) {
  const Table left = {{Int(1)}, {Int(2)}, {Null()}};
  const auto run = [&](const Table& right) {
    PlanMaker make;
    Runner runner;
    return Lines(
        runner.MustRun(make.Finish(make.HashJoin(JoinType::kAntiNull, make.Values({TypeId::kInt32}, left),
                                                 make.Values({TypeId::kInt32}, right), {make.Col(0)}, {make.Col(0)}))));
  };
  EXPECT_EQ(run({}), Lines(left));
  EXPECT_EQ(run({{Int(2)}}), Lines({{Int(1)}}));
  EXPECT_EQ(run({{Int(2)}, {Null()}}), Lines({}));
}

TEST(JoinTest, ApplyRunsTheRightSideForEachRow) {
  PlanMaker make;
  const Node* left = make.Values({TypeId::kInt64}, {{Big(2)}, {Big(0)}, {Big(3)}});
  auto* series = make.plan->New<TableFunctionNode>();
  const Node* template_series = make.Series(1, 1);
  *series = *static_cast<const TableFunctionNode*>(template_series);
  series->arguments =
      make.plan->Copy(std::vector<const Expression*>{make.Const(Big(1)), make.Outer(0, TypeId::kInt64), make.Const(Big(1))});
  make.plan->slot_count = 1;
  for (const JoinType type : {JoinType::kInner, JoinType::kLeft, JoinType::kSemi, JoinType::kAnti}) {
    auto* apply = make.plan->New<ApplyNode>();
    apply->types = make.plan->Copy(JoinTypes(type, left, series));
    apply->type = type;
    apply->left = left;
    apply->right = series;
    apply->bindings = make.plan->Copy(std::vector<SlotBinding>{{0, make.Col(0, TypeId::kInt64)}});
    Table expected;
    for (const int64_t n : {2, 0, 3}) {
      for (int64_t i = 1; i <= n; ++i) {
        if (type == JoinType::kInner || type == JoinType::kLeft) expected.push_back({Big(n), Big(i)});
      }
      if (n == 0 && type == JoinType::kLeft) expected.push_back({Big(n), Null()});
      if (n == 0 ? type == JoinType::kAnti : type == JoinType::kSemi) expected.push_back({Big(n)});
    }
    Runner runner;
    EXPECT_EQ(Lines(runner.MustRun(make.Finish(apply))), Lines(expected)) << static_cast<int>(type);
  }
}

// A build side far over the budget: both sides go to partitions, large ones are split again; the result is the same.
TEST(JoinTest, SpillsUnderASmallBudget) {
  std::mt19937 random(9);
  Table left, right;
  for (int i = 0; i < 3000; ++i) {
    left.push_back({random() % 20 == 0 ? Null(TypeId::kInt64) : Big(static_cast<int64_t>(random() % 30000)),
                    Text("left row " + std::to_string(i))});
  }
  for (int i = 0; i < 20000; ++i) {
    right.push_back({random() % 20 == 0 ? Null(TypeId::kInt64) : Big(static_cast<int64_t>(random() % 30000)),
                     Text("a right row of some length " + std::to_string(i))});
  }
  const std::vector<Type> types = {TypeId::kInt64, TypeId::kText};
  for (const JoinType type : kJoinTypes) {
    PlanMaker make;
    const auto plan = make.Finish(make.HashJoin(type, make.Values(types, left), make.Values(types, right),
                                                {make.Col(0, TypeId::kInt64)}, {make.Col(0, TypeId::kInt64)}));
    Runner large, small(900 << 10);
    EXPECT_EQ(base::GetSqlState(small.Run(plan).status()), base::sqlstate::kOutOfMemory);
    small.AllowSpilling();
    EXPECT_EQ(Lines(small.MustRun(plan)), Lines(large.MustRun(plan))) << static_cast<int>(type);
    EXPECT_EQ(small.budget.used_bytes(), 0);
    EXPECT_TRUE(small.environment.files->List("spill")->empty());
  }
}

struct Sums {
  int64_t count = 0, count_value = 0, sum = 0, filtered = 0;
  std::map<int64_t, int> distinct;
  Value least = Null(TypeId::kInt64);
};

TEST(AggregateTest, AgreesWithAMapOfGroups) {
  std::mt19937 random(2);
  for (const size_t count : {0u, 1u, 500u, 6000u}) {
    Table rows = RandomRows(random, count, static_cast<int32_t>(count / 3 + 1));
    for (Row& row : rows) row[2] = random() % 7 == 0 ? Null(TypeId::kInt64) : Big(static_cast<int64_t>(random() % 50));
    std::map<std::string, std::pair<Row, Sums>> groups;
    for (const Row& row : rows) {
      auto& [keys, sums] = groups[row[0].ToString() + "/" + row[1].ToString()];
      keys = {row[0], row[1]};
      ++sums.count;
      if (row[2].is_null()) continue;
      const int64_t value = row[2].AsInt64();
      ++sums.count_value;
      sums.sum += value;
      ++sums.distinct[value];
      if (value > 25) ++sums.filtered;
      if (sums.least.is_null() || value < sums.least.AsInt64()) sums.least = row[2];
    }
    Table expected;
    for (const auto& [text, group] : groups) {
      const Sums& sums = group.second;
      expected.push_back({group.first[0], group.first[1], Big(sums.count), Big(sums.count_value),
                          Big(static_cast<int64_t>(sums.distinct.size())), Big(sums.filtered), sums.least});
    }
    PlanMaker make;
    const Expression* value = make.Col(2, TypeId::kInt64);
    AggregateCall distinct = make.Aggregate("count", {value});
    distinct.distinct = true;
    AggregateCall filtered = make.Aggregate("count", {});
    filtered.filter = make.Call(">", {value, make.Const(Big(25))});
    const Node* group = make.Group(
        make.Values(kTypes, rows), {make.Col(0), make.Col(1, TypeId::kText)},
        {make.Aggregate("count", {}), make.Aggregate("count", {value}), distinct, filtered, make.Aggregate("min", {value})});
    Runner runner;
    EXPECT_EQ(Lines(runner.MustRun(make.Finish(group))), Lines(expected)) << count << " rows";
  }
}

// G1: groups that do not fit are aggregated later, from partitions; none is split.
TEST(AggregateTest, SpillsUnderASmallBudget) {
  PlanMaker make;
  const Expression* key =
      make.Call("%", {make.Call("*", {make.Col(0, TypeId::kInt64), make.Const(Big(7919))}), make.Const(Big(50000))});
  const Node* group = make.Group(make.Series(1, 150000), {key},
                                 {make.Aggregate("count", {}), make.Aggregate("max", {make.Col(0, TypeId::kInt64)})});
  const auto plan = make.Finish(group);
  Runner large, small(1 << 20);
  EXPECT_EQ(base::GetSqlState(small.Run(plan).status()), base::sqlstate::kOutOfMemory);
  small.AllowSpilling();
  const Table expected = large.MustRun(plan);
  EXPECT_EQ(expected.size(), 50000u);
  EXPECT_EQ(Lines(small.MustRun(plan)), Lines(expected));
  EXPECT_EQ(small.budget.used_bytes(), 0);
  EXPECT_TRUE(small.environment.files->List("spill")->empty());
}

// A1 and A2.
TEST(AggregateTest, EmptyInput) {
  PlanMaker make;
  const Node* none = make.Values(kTypes, {});
  const std::vector<AggregateCall> calls = {make.Aggregate("count", {}), make.Aggregate("max", {make.Col(2, TypeId::kInt64)})};
  Runner runner;
  EXPECT_EQ(Lines(runner.MustRun(make.Finish(make.Group(none, {}, calls)))), Lines({{Big(0), Null(TypeId::kInt64)}}));
  EXPECT_EQ(Lines(runner.MustRun(make.Finish(make.Group(none, {make.Col(0)}, calls)))), Lines({}));
}

TEST(AggregateTest, OrderInsideACall) {
  PlanMaker make;
  const Table rows = {{Int(1), Text("b")}, {Int(2), Text("z")}, {Int(1), Text("a")}, {Int(1), Text("c")}, {Int(1), Text("a")}};
  const Expression* text = make.Col(1, TypeId::kText);
  AggregateCall ordered = make.Aggregate("string_agg", {text, make.Const(Text(","))});
  ordered.order = make.plan->Copy(std::vector<SortKey>{{text, true, true}});
  AggregateCall distinct = ordered;
  distinct.distinct = true;
  const Node* group = make.Group(make.Values({TypeId::kInt32, TypeId::kText}, rows), {make.Col(0)}, {ordered, distinct});
  Runner runner;
  EXPECT_EQ(Lines(runner.MustRun(make.Finish(group))),
            Lines({{Int(1), Text("c,b,a,a"), Text("c,b,a")}, {Int(2), Text("z"), Text("z")}}));
}

Table SortOracle(Table rows, bool descending, bool nulls_first) {
  std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
    for (const size_t column : {size_t{0}, size_t{1}}) {
      const bool descends = column == 0 && descending;
      const bool first = column == 0 && nulls_first;
      if (a[column].is_null() != b[column].is_null()) return a[column].is_null() == first;
      if (a[column].is_null()) continue;
      const int order = Value::Compare(a[column], b[column]);
      if (order != 0) return (order < 0) != descends;
    }
    return false;
  });
  return rows;
}

std::vector<SortKey> SortKeys(PlanMaker& make, bool descending, bool nulls_first) {
  return {{make.Col(0), descending, nulls_first}, {make.Col(1, TypeId::kText), false, false}};
}

TEST(SortTest, IsStableAndPlacesNulls) {
  std::mt19937 random(3);
  const Table rows = RandomRows(random, 3000, 50);
  for (const bool descending : {false, true}) {
    for (const bool nulls_first : {false, true}) {
      PlanMaker make;
      const Table expected = SortOracle(rows, descending, nulls_first);
      const Node* values = make.Values(kTypes, rows);
      Runner runner;
      EXPECT_EQ(Lines(runner.MustRun(make.Finish(make.Sort(values, SortKeys(make, descending, nulls_first)))), false),
                Lines(expected, false));
      for (const auto& [limit, offset] :
           std::vector<std::pair<size_t, size_t>>{{0, 0}, {1, 0}, {10, 5}, {100, 2990}, {5000, 0}}) {
        const size_t begin = std::min(offset, expected.size()), end = std::min(offset + limit, expected.size());
        const Table cut(expected.begin() + static_cast<ptrdiff_t>(begin), expected.begin() + static_cast<ptrdiff_t>(end));
        EXPECT_EQ(Lines(runner.MustRun(make.Finish(make.TopN(values, SortKeys(make, descending, nulls_first),
                                                             static_cast<int64_t>(limit), static_cast<int64_t>(offset)))),
                        false),
                  Lines(cut, false))
            << limit << " " << offset;
      }
    }
  }
}

// A top-N over many more rows than it keeps drops what cannot be in the result, and stays small.
TEST(SortTest, TopNKeepsLittle) {
  PlanMaker make;
  const Node* series = make.Series(1, 200000);
  const Node* top = make.TopN(series, {{make.Col(0, TypeId::kInt64), true, true}}, 3);
  Runner runner(3 << 20);
  EXPECT_EQ(Lines(runner.MustRun(make.Finish(top)), false), Lines({{Big(200000)}, {Big(199999)}, {Big(199998)}}, false));
}

// Over budget a sort spills runs, merges them in several passes, and gives the same rows; without a directory it is
// an error that leaves nothing reserved.
TEST(SortTest, SpillsUnderASmallBudget) {
  std::mt19937 random(4);
  const Table rows = RandomRows(random, 20000, 3000);
  PlanMaker make;
  const auto plan = make.Finish(make.Sort(make.Values(kTypes, rows), SortKeys(make, false, false)));
  Runner runner(600 << 10);
  EXPECT_EQ(base::GetSqlState(runner.Run(plan).status()), base::sqlstate::kOutOfMemory);
  EXPECT_EQ(runner.budget.used_bytes(), 0);
  runner.AllowSpilling();
  EXPECT_EQ(Lines(runner.MustRun(plan), false), Lines(SortOracle(rows, false, false), false));
  EXPECT_EQ(runner.budget.used_bytes(), 0);
  EXPECT_TRUE(runner.environment.files->List("spill")->empty());
}

TEST(DistinctTest, KeepsFirstOfEach) {
  std::mt19937 random(5);
  Table rows = RandomRows(random, 2500, 100);
  std::map<std::string, bool> seen_all, seen_on;
  Table all, on;
  for (Row& row : rows) row[2] = Big(static_cast<int64_t>(random() % 2));
  for (const Row& row : rows) {
    if (!seen_all[Lines({row})[0]]) all.push_back(row);
    seen_all[Lines({row})[0]] = true;
    if (!seen_on[row[0].ToString()]) on.push_back(row);
    seen_on[row[0].ToString()] = true;
  }
  PlanMaker make;
  const Node* values = make.Values(kTypes, rows);
  Runner runner;
  EXPECT_EQ(Lines(runner.MustRun(make.Finish(make.Distinct(values))), false), Lines(all, false));
  EXPECT_EQ(Lines(runner.MustRun(make.Finish(make.Distinct(values, {make.Col(0)}))), false), Lines(on, false));
}

TEST(SetOperationTest, AgreesWithMultisets) {
  std::mt19937 random(6);
  for (int round = 0; round < 10; ++round) {
    const auto draw = [&](size_t count) {
      Table rows;
      for (size_t i = 0; i < count; ++i)
        rows.push_back({random() % 6 == 0 ? Null() : Int(static_cast<int32_t>(random() % 12))});
      return rows;
    };
    const Table left = draw(random() % 60), right = draw(random() % 60);
    std::map<std::string, std::pair<int, int>> counts;
    std::map<std::string, Row> values;
    for (const Row& row : left) ++counts[Lines({row})[0]].first, values[Lines({row})[0]] = row;
    for (const Row& row : right) ++counts[Lines({row})[0]].second, values[Lines({row})[0]] = row;
    for (const SetOperation operation : {SetOperation::kUnion, SetOperation::kIntersect, SetOperation::kExcept}) {
      for (const bool all : {false, true}) {
        Table expected;
        for (const auto& [key, count] : counts) {
          int times = operation == SetOperation::kUnion       ? count.first + count.second
                      : operation == SetOperation::kIntersect ? std::min(count.first, count.second)
                                                              : std::max(0, count.first - count.second);
          if (!all) times = operation == SetOperation::kExcept ? (count.first > 0 && count.second == 0) : times > 0;
          for (int i = 0; i < times; ++i) expected.push_back(values[key]);
        }
        PlanMaker make;
        const Node* set = make.Set(operation, all, {make.Values({TypeId::kInt32}, left), make.Values({TypeId::kInt32}, right)});
        Runner runner;
        EXPECT_EQ(Lines(runner.MustRun(make.Finish(set))), Lines(expected)) << static_cast<int>(operation) << all;
      }
    }
  }
}

TEST(LimitTest, CutsAcrossBatches) {
  for (const auto& [limit, offset] :
       std::vector<std::pair<int64_t, int64_t>>{{0, 0}, {1, 0}, {5000, 3000}, {10, 9995}, {100, 20000}}) {
    PlanMaker make;
    const Node* node = make.Limit(make.Series(1, 10000), make.Const(Big(limit)), make.Const(Big(offset)));
    Table expected;
    for (int64_t i = offset + 1; i <= std::min<int64_t>(10000, offset + limit); ++i) expected.push_back({Big(i)});
    Runner runner;
    EXPECT_EQ(Lines(runner.MustRun(make.Finish(node)), false), Lines(expected, false));
  }
  PlanMaker make;
  Runner runner;
  const auto negative = make.Finish(make.Limit(make.Series(1, 3), make.Const(Big(-1))));
  EXPECT_EQ(base::GetSqlState(runner.Run(negative).status()).view(), "2201W");
}

TEST(SeriesTest, EndsWithoutOverflow) {
  const auto run = [](int64_t start, int64_t stop, int64_t step) {
    PlanMaker make;
    Runner runner;
    return runner.Run(make.Finish(make.Series(start, stop, step)));
  };
  EXPECT_EQ(Lines(*run(INT64_MAX - 1, INT64_MAX, 1), false), Lines({{Big(INT64_MAX - 1)}, {Big(INT64_MAX)}}, false));
  EXPECT_EQ(Lines(*run(5, -5, -5), false), Lines({{Big(5)}, {Big(0)}, {Big(-5)}}, false));
  EXPECT_EQ(Lines(*run(INT64_MIN, INT64_MAX, INT64_MAX), false),
            Lines({{Big(INT64_MIN)}, {Big(-1)}, {Big(INT64_MAX - 1)}}, false));
  EXPECT_TRUE(run(1, 0, 1)->empty());
  EXPECT_EQ(run(1, 100000, 1)->size(), 100000u);
  EXPECT_EQ(base::GetSqlState(run(1, 2, 0).status()), base::sqlstate::kInvalidParameter);
}

TEST(CteTest, IsMadeOnceAndScannedTwice) {
  PlanMaker make;
  auto* cte = make.plan->New<CteNode>();
  cte->cte = 0;
  cte->name = "t";
  cte->definition = make.Series(1, 3000);
  const Node* scan = make.CteScan(0, {TypeId::kInt64});
  const Node* again = make.CteScan(0, {TypeId::kInt64});
  cte->body =
      make.Group(make.HashJoin(JoinType::kInner, scan, again, {make.Col(0, TypeId::kInt64)}, {make.Col(0, TypeId::kInt64)}), {},
                 {make.Aggregate("count", {})});
  cte->types = cte->body->types;
  Runner runner;
  EXPECT_EQ(Lines(runner.MustRun(make.Finish(cte))), Lines({{Big(3000)}}));
}

const RecursiveCteNode* Counting(PlanMaker& make, const Expression* stop, const Expression* next, bool distinct) {
  auto* cte = make.plan->New<RecursiveCteNode>();
  cte->cte = 0;
  cte->name = "t";
  cte->initial = make.Values({TypeId::kInt32}, {{Int(1)}});
  const Node* working = make.CteScan(0, {TypeId::kInt32});
  cte->recursive = make.Project(stop == nullptr ? working : make.Filter(working, {stop}), {next});
  cte->distinct = distinct;
  cte->body = make.CteScan(0, {TypeId::kInt32});
  cte->types = cte->body->types;
  return cte;
}

TEST(CteTest, RecursionEnds) {
  Runner runner;
  {
    PlanMaker make;
    const Expression* stop = make.Call("<", {make.Col(0), make.Const(Int(100))});
    EXPECT_EQ(
        runner.MustRun(make.Finish(Counting(make, stop, make.Call("+", {make.Col(0), make.Const(Int(1))}), false))).size(),
        100u);
  }
  {  // UNION: a cycle ends when nothing is new
    PlanMaker make;
    const Expression* next = make.Call("%", {make.Call("+", {make.Col(0), make.Const(Int(1))}), make.Const(Int(7))});
    EXPECT_EQ(runner.MustRun(make.Finish(Counting(make, nullptr, next, true))).size(), 7u);
  }
  {  // an endless recursion under a LIMIT
    PlanMaker make;
    const Node* endless = Counting(make, nullptr, make.Call("+", {make.Col(0), make.Const(Int(1))}), false);
    EXPECT_EQ(runner.MustRun(make.Finish(make.Limit(endless, make.Const(Big(10))))).size(), 10u);
  }
}

}  // namespace
}  // namespace turdb::exec
