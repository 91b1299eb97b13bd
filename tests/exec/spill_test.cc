// Operators that are given less memory than their rows need: the same rows as with plenty, in the same order where there is
// one, nothing left behind, and EXPLAIN ANALYZE tells.
#include <map>

#include "exec/harness.h"
#include "exec/materialized_rows.h"

namespace turdb::exec {
namespace {

constexpr int64_t kSmallBudget = 700 << 10;
const std::vector<Type> kTypes = {TypeId::kInt64, TypeId::kText, TypeId::kInt64};

// (key or NULL, a text of it, number), each key about `copies` times.
Table SomeRows(unsigned seed, size_t count, uint32_t copies) {
  std::mt19937 random(seed);
  Table rows;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t key = random() % (count / copies + 1);
    rows.push_back({random() % 20 == 0 ? Null(TypeId::kInt64) : Big(static_cast<int64_t>(key)),
                    random() % 20 == 0 ? Null(TypeId::kText) : Text("the text of key " + std::to_string(key)),
                    Big(static_cast<int64_t>(i))});
  }
  return rows;
}

Table ExplainAnalyze(PlanMaker& make, const Node* node, Runner& runner) {
  auto* explain = make.plan->New<ExplainNode>();
  explain->plan = node;
  explain->analyze = true;
  explain->types = make.plan->Copy(std::vector<Type>{TypeId::kText});
  return runner.MustRun(make.Finish(explain));
}

void ExpectSpillsRight(PlanMaker& make, const Node* node, bool ordered = false) {
  const auto plan = make.Finish(node);
  Runner large, small(kSmallBudget);
  EXPECT_EQ(base::GetSqlState(small.Run(plan).status()), base::sqlstate::kOutOfMemory);
  EXPECT_EQ(small.budget.used_bytes(), 0);
  small.AllowSpilling();
  const Table expected = large.MustRun(plan);
  EXPECT_EQ(Lines(small.MustRun(plan), !ordered), Lines(expected, !ordered));
  EXPECT_LE(small.budget.peak_bytes(), kSmallBudget);
  EXPECT_EQ(small.budget.used_bytes(), 0);
  EXPECT_TRUE(small.environment.files->List("spill")->empty());
  // Rewound after a run that spilled, it gives the same again.
  auto execution = Execution::Create(plan, &small.budget);
  ASSERT_TRUE(execution.ok());
  for (int run = 0; run < 2; ++run) EXPECT_EQ(Lines(*small.RunAgain(**execution), !ordered), Lines(expected, !ordered));
}

TEST(SpillTest, Distinct) {
  PlanMaker make;
  const Node* values = make.Values(kTypes, SomeRows(1, 20000, 3));
  ExpectSpillsRight(make, make.Distinct(make.Project(values, {make.Col(0, TypeId::kInt64), make.Col(1, TypeId::kText)})));
}

// The first row of each key, and in the order of the input, however little memory there is.
TEST(SpillTest, DistinctOnKeepsOrderAndFirstRows) {
  PlanMaker make;
  const Table rows = SomeRows(2, 30000, 2);
  const Node* node = make.Distinct(make.Values(kTypes, rows), {make.Col(1, TypeId::kText)});
  ExpectSpillsRight(make, node, /*ordered=*/true);
  Table expected;
  std::map<std::string, bool> seen;
  for (const Row& row : rows) {
    if (!std::exchange(seen[row[1].ToString()], true)) expected.push_back(row);
  }
  Runner small(kSmallBudget);
  small.AllowSpilling();
  EXPECT_EQ(Lines(small.MustRun(make.Finish(node)), false), Lines(expected, false));
}

TEST(SpillTest, SetOperations) {
  for (const SetOperation operation : {SetOperation::kUnion, SetOperation::kIntersect, SetOperation::kExcept}) {
    for (const bool all : {false, true}) {
      if (operation == SetOperation::kUnion && all) continue;  // keeps nothing
      PlanMaker make;
      const auto two = [&](unsigned seed) {
        return make.Project(make.Values(kTypes, SomeRows(seed, 15000, 2)),
                            {make.Col(0, TypeId::kInt64), make.Col(1, TypeId::kText)});
      };
      SCOPED_TRACE(testing::Message() << static_cast<int>(operation) << all);
      ExpectSpillsRight(make, make.Set(operation, all, {two(3), two(4)}));
    }
  }
}

// A right side that fits, and a left one that does not.
TEST(SpillTest, SetOperationsThatFillUpOnTheLeft) {
  for (const SetOperation operation : {SetOperation::kIntersect, SetOperation::kExcept}) {
    PlanMaker make;
    ExpectSpillsRight(make, make.Set(operation, true,
                                     {make.Values(kTypes, SomeRows(5, 15000, 1)), make.Values(kTypes, SomeRows(5, 100, 1))}));
  }
}

TEST(SpillTest, DistinctInsideAggregates) {
  PlanMaker make;
  const Expression* key = make.Call("%", {make.Col(2, TypeId::kInt64), make.Const(Big(5))});
  AggregateCall count = make.Aggregate("count", {make.Col(0, TypeId::kInt64)});
  AggregateCall texts = make.Aggregate("count", {make.Col(1, TypeId::kText)});
  count.distinct = texts.distinct = true;
  texts.filter = make.Call(">", {make.Col(2, TypeId::kInt64), make.Const(Big(1000))});
  const Node* values = make.Values(kTypes, SomeRows(6, 40000, 1));
  ExpectSpillsRight(make, make.Group(values, {key}, {count, texts, make.Aggregate("count", {})}));
  ExpectSpillsRight(make, make.Group(values, {}, {count, make.Aggregate("count", {})}));
}

TEST(SpillTest, DistinctInsideAnOrderedAggregate) {
  PlanMaker make;
  AggregateCall ordered = make.Aggregate("string_agg", {make.Col(0, TypeId::kText), make.Const(Text(","))});
  ordered.distinct = true;
  ordered.order = make.plan->Copy(std::vector<SortKey>{{make.Col(0, TypeId::kText), true, true}});
  Table rows;
  for (int i = 0; i < 20000; ++i) rows.push_back({Text("t" + std::to_string(i * 7919 % 9000))});
  ExpectSpillsRight(make, make.Group(make.Values({TypeId::kText}, rows), {}, {ordered}));
}

TEST(SpillTest, CommonTableExpressions) {
  PlanMaker make;
  auto* cte = make.plan->New<CteNode>();
  cte->cte = 0;
  cte->name = "t";
  cte->definition = make.Values(kTypes, SomeRows(7, 20000, 1));
  // Two scans that advance by turns, while the rows are still being made.
  const Node* numbers = make.Project(make.CteScan(0, kTypes), {make.Col(2, TypeId::kInt64)});
  const Node* few = make.Filter(make.CteScan(0, kTypes), {make.Call("<", {make.Col(2, TypeId::kInt64), make.Const(Big(50))})});
  cte->body = make.HashJoin(JoinType::kInner, numbers, few, {make.Col(0, TypeId::kInt64)}, {make.Col(2, TypeId::kInt64)});
  cte->types = cte->body->types;
  ExpectSpillsRight(make, cte);
}

TEST(SpillTest, RecursiveCommonTableExpressions) {
  PlanMaker make;
  auto* cte = make.plan->New<RecursiveCteNode>();
  cte->cte = 0;
  cte->name = "t";
  // Three iterations of many rows each: the working table spills, too.
  cte->initial = make.Values(kTypes, SomeRows(8, 8000, 1));
  const Expression* number = make.Col(2, TypeId::kInt64);
  const Node* working = make.Filter(make.CteScan(0, kTypes), {make.Call("<", {number, make.Const(Big(20000))})});
  cte->recursive = make.Project(
      working, {make.Col(0, TypeId::kInt64), make.Col(1, TypeId::kText), make.Call("+", {number, make.Const(Big(10000))})});
  cte->body = make.CteScan(0, kTypes);
  cte->types = cte->body->types;
  ExpectSpillsRight(make, cte, /*ordered=*/true);
}

TEST(SpillTest, InnerSidesOfNestedLoops) {
  for (const JoinType type :
       {JoinType::kInner, JoinType::kLeft, JoinType::kRight, JoinType::kFull, JoinType::kSemi, JoinType::kAnti}) {
    PlanMaker make;
    const Node* left = make.Values({TypeId::kInt64}, {{Big(3)}, {Big(-1)}, {Big(7000)}, {Null(TypeId::kInt64)}});
    const Expression* above = make.Call(">", {make.Col(3, TypeId::kInt64), make.Col(0, TypeId::kInt64)});
    const Expression* close =
        make.Call("<", {make.Col(3, TypeId::kInt64), make.Call("+", {make.Col(0, TypeId::kInt64), make.Const(Big(9))})});
    SCOPED_TRACE(static_cast<int>(type));
    ExpectSpillsRight(make, make.LoopJoin(type, left, make.Values(kTypes, SomeRows(9, 10000, 1)), {above, close}));
  }
}

TEST(SpillTest, ExplainAnalyzeTells) {
  for (const bool set : {false, true}) {
    PlanMaker make;
    const Node* series = make.Series(1, 30000);
    const Node* node = set ? make.Set(SetOperation::kExcept, false, {series, make.Series(1, 10)}) : make.Distinct(series);
    Runner large, small(kSmallBudget);
    small.AllowSpilling();
    EXPECT_NE(Lines(ExplainAnalyze(make, node, small), false)[0].find("spilled: "), std::string::npos);
    EXPECT_EQ(Lines(ExplainAnalyze(make, node, large), false)[0].find("spilled: "), std::string::npos);
  }
}

// Rows of a file come after those in memory, also to a reader that was at the end before there were more.
TEST(SpillTest, MaterializedRowsGrowWhileTheyAreRead) {
  Runner runner(kSmallBudget);
  runner.AllowSpilling();
  Runtime runtime;
  runtime.context = &runner.context;
  runtime.budget = &runner.budget;
  const std::vector<Type> types = {TypeId::kInt64, TypeId::kText};
  {
    MaterializedRows rows(types, 100, &runner.budget, "a test");
    vec::Chunk in(types, 100), out(types, 64);
    MaterializedRows::Cursor cursor, late;
    int64_t written = 0, read = 0;
    for (int round = 0; round < 200; ++round) {
      in.Reset();
      for (int i = 0; i < 100; ++i, ++written) {
        in.AppendRow(Row{Big(written), Text("a text that is not short " + std::to_string(written))});
      }
      ASSERT_TRUE(rows.Append(runtime, Batch::All(in)).ok());
      while (true) {
        const base::StatusOr<uint32_t> count = rows.Scan(&cursor, &out);
        ASSERT_TRUE(count.ok()) << count.status();
        if (*count == 0) break;
        for (uint32_t i = 0; i < *count; ++i, ++read) {
          ASSERT_EQ(out.column(0).GetValue(i).AsInt64(), read);
          ASSERT_EQ(out.column(1).GetValue(i).ToString(), "a text that is not short " + std::to_string(read));
        }
      }
      ASSERT_EQ(read, written);
    }
    EXPECT_GT(rows.spilled_bytes(), 0);
    EXPECT_EQ(rows.size(), static_cast<uint64_t>(written));
    for (int scan = 0; scan < 2; ++scan, late.Rewind()) {
      int64_t again = 0;
      while (*rows.Scan(&late, &out) != 0) again += out.size();
      EXPECT_EQ(again, written);
    }
    rows.Reset();
    EXPECT_EQ(rows.size(), 0u);
  }
  EXPECT_EQ(runner.budget.used_bytes(), 0);
  EXPECT_TRUE(runner.environment.files->List("spill")->empty());
}

}  // namespace
}  // namespace turdb::exec
