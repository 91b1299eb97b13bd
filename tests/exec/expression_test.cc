// Evaluation of expressions: three-valued logic, narrowing, errors, membership, subqueries.
#include <optional>

#include "exec/harness.h"

namespace turdb::exec {
namespace {

using Truth = std::optional<bool>;

Value TruthValue(Truth truth) { return truth.has_value() ? Bool(*truth) : Null(TypeId::kBoolean); }

const Truth kTruths[] = {true, false, std::nullopt};

Truth AndOracle(Truth a, Truth b) {
  if (a == Truth(false) || b == Truth(false)) return false;
  if (!a.has_value() || !b.has_value()) return std::nullopt;
  return true;
}

Truth OrOracle(Truth a, Truth b) {
  if (a == Truth(true) || b == Truth(true)) return true;
  if (!a.has_value() || !b.has_value()) return std::nullopt;
  return false;
}

// Every combination of three operands, as values and as filters (E1 must not change the answer).
TEST(ExpressionTest, AndOrFollowThreeValuedLogic) {
  Table rows;
  for (const Truth a : kTruths) {
    for (const Truth b : kTruths) {
      for (const Truth c : kTruths) rows.push_back({TruthValue(a), TruthValue(b), TruthValue(c)});
    }
  }
  for (const bool is_and : {true, false}) {
    PlanMaker make;
    const std::vector<Type> types(3, TypeId::kBoolean);
    const std::vector<const Expression*> columns = {make.Col(0, TypeId::kBoolean), make.Col(1, TypeId::kBoolean),
                                                    make.Col(2, TypeId::kBoolean)};
    const Expression* condition = is_and ? make.And(columns) : make.Or(columns);
    Runner runner;
    const Table values = runner.MustRun(make.Finish(make.Project(make.Values(types, rows), {condition})));
    Table expected, expected_true;
    size_t at = 0;
    for (const Truth a : kTruths) {
      for (const Truth b : kTruths) {
        for (const Truth c : kTruths) {
          const Truth truth = is_and ? AndOracle(AndOracle(a, b), c) : OrOracle(OrOracle(a, b), c);
          expected.push_back({TruthValue(truth)});
          if (truth == Truth(true)) expected_true.push_back(rows[at]);
          ++at;
        }
      }
    }
    EXPECT_EQ(Lines(values, false), Lines(expected, false));
    PlanMaker filter;
    const std::vector<const Expression*> again = {filter.Col(0, TypeId::kBoolean), filter.Col(1, TypeId::kBoolean),
                                                  filter.Col(2, TypeId::kBoolean)};
    const Expression* same = is_and ? filter.And(again) : filter.Or(again);
    const Table kept = runner.MustRun(filter.Finish(filter.Filter(filter.Values(types, rows), {same})));
    EXPECT_EQ(Lines(kept, false), Lines(expected_true, false));
  }
}

// E1: a row that an earlier argument decides never reaches a raising one.
TEST(ExpressionTest, DecidedRowsDoNotRaise) {
  const Table rows = {{Int(0)}, {Int(5)}, {Null()}, {Int(2)}};
  PlanMaker make;
  const Node* values = make.Values({TypeId::kInt32}, rows);
  const Expression* x = make.Col(0);
  const Expression* zero = make.Const(Int(0));
  const Expression* quotient = make.Call("/", {make.Const(Int(10)), x});
  const Expression* not_zero = make.Call("<>", {x, zero});
  const Expression* is_zero = make.Call("=", {x, zero});
  const Expression* large = make.Call(">", {quotient, make.Const(Int(3))});
  const Expression* guarded = make.Make(ExpressionKind::kCase, TypeId::kInt32, {not_zero, quotient, make.Const(Int(-1))});
  const Node* project = make.Project(values, {make.And({not_zero, large}), make.Or({is_zero, large}), guarded});
  Runner runner;
  const Table got = runner.MustRun(make.Finish(project));
  EXPECT_EQ(Lines(got, false), Lines({{Bool(false), Bool(true), Int(-1)},
                                      {Bool(false), Bool(false), Int(2)},
                                      {Null(), Null(), Int(-1)},
                                      {Bool(true), Bool(true), Int(5)}},
                                     false));
  // The same as a filter; conjuncts of a filter narrow like AND.
  PlanMaker filter;
  const Expression* y = filter.Col(0);
  const Expression* guard = filter.Call("<>", {y, filter.Const(Int(0))});
  const Expression* raising = filter.Call(">", {filter.Call("/", {filter.Const(Int(10)), y}), filter.Const(Int(3))});
  const Table kept = runner.MustRun(filter.Finish(filter.Filter(filter.Values({TypeId::kInt32}, rows), {guard, raising})));
  EXPECT_EQ(Lines(kept), Lines({{Int(2)}}));
}

// E3: the error names the position of the call and the values that it failed on.
TEST(ExpressionTest, ErrorsCarryPositionAndValues) {
  PlanMaker make;
  const Node* values = make.Values({TypeId::kInt32, TypeId::kInt32}, {{Int(1), Int(1)}, {Int(7), Int(0)}});
  const Expression* quotient = make.Call("/", {make.Col(0), make.Col(1)}, 42);
  Runner runner;
  const base::StatusOr<Table> got = runner.Run(make.Finish(make.Project(values, {quotient})));
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(base::GetSqlState(got.status()), base::sqlstate::kDivisionByZero);
  EXPECT_EQ(base::GetPosition(got.status()), std::optional<int64_t>(42));
  EXPECT_NE(base::Describe(got.status()).find("(7, 0)"), std::string::npos) << base::Describe(got.status());
}

TEST(ExpressionTest, CoalesceTakesTheFirstPresentValue) {
  PlanMaker make;
  const std::string longer = "a string that does not fit into a view";
  const Table rows = {
      {Null(TypeId::kText), Text(longer)}, {Text("x"), Null(TypeId::kText)}, {Null(TypeId::kText), Null(TypeId::kText)}};
  const Node* values = make.Values({TypeId::kText, TypeId::kText}, rows);
  const Expression* first = make.Make(ExpressionKind::kCoalesce, TypeId::kText,
                                      {make.Col(0, TypeId::kText), make.Col(1, TypeId::kText), make.Const(Text("none"))});
  Runner runner;
  EXPECT_EQ(Lines(runner.MustRun(make.Finish(make.Project(values, {first}))), false),
            Lines({{Text(longer)}, {Text("x")}, {Text("none")}}, false));
}

TEST(ExpressionTest, DistinctFromTreatsNullsAsEqual) {
  PlanMaker make;
  const Table rows = {{Int(1), Int(1)}, {Int(1), Int(2)}, {Null(), Int(1)}, {Null(), Null()}};
  const Node* values = make.Values({TypeId::kInt32, TypeId::kInt32}, rows);
  const Expression* distinct = make.Make(ExpressionKind::kIsDistinct, TypeId::kBoolean, {make.Col(0), make.Col(1)});
  const Expression* same = make.Make(ExpressionKind::kIsNotDistinct, TypeId::kBoolean, {make.Col(0), make.Col(1)});
  Runner runner;
  EXPECT_EQ(Lines(runner.MustRun(make.Finish(make.Project(values, {distinct, same}))), false),
            Lines({{Bool(false), Bool(true)}, {Bool(true), Bool(false)}, {Bool(true), Bool(false)}, {Bool(false), Bool(true)}},
                  false));
}

// Lists of constants (a set) and lists with columns (compared one by one) give the same as ORs of =.
TEST(ExpressionTest, InFollowsTheNullLogicOfEquality) {
  std::mt19937 random(7);
  for (int round = 0; round < 40; ++round) {
    const auto draw = [&] { return random() % 5 == 0 ? Null() : Int(static_cast<int32_t>(random() % 6)); };
    Table rows;
    for (int i = 0; i < 50; ++i) rows.push_back({draw(), draw()});
    Row list;
    for (size_t i = 0; i < random() % 5; ++i) list.push_back(draw());
    const bool with_column = round % 2 == 1;
    Table expected;
    for (const Row& row : rows) {
      Row items = list;
      if (with_column) items.push_back(row[1]);
      Truth truth = false;
      for (const Value& item : items) {
        Truth equal;
        if (!row[0].is_null() && !item.is_null()) equal = Value::Compare(row[0], item) == 0;
        truth = OrOracle(truth, equal);
      }
      expected.push_back({TruthValue(truth)});
    }
    PlanMaker make;
    std::vector<const Expression*> arguments = {make.Col(0)};
    for (const Value& item : list) arguments.push_back(make.Const(item.is_null() ? Null() : item));
    if (with_column) arguments.push_back(make.Col(1));
    const Expression* in = make.Make(ExpressionKind::kIn, TypeId::kBoolean, arguments);
    Runner runner;
    const Node* values = make.Values({TypeId::kInt32, TypeId::kInt32}, rows);
    // x IN () is false even for NULL, as OR over nothing is.
    if (arguments.size() == 1) continue;
    EXPECT_EQ(Lines(runner.MustRun(make.Finish(make.Project(values, {in}))), false), Lines(expected, false)) << round;
  }
}

TEST(ExpressionTest, ParametersAreReadAtStart) {
  PlanMaker make;
  const Node* values = make.Values({TypeId::kInt32}, {{Int(1)}, {Int(2)}});
  const Node* project = make.Project(values, {make.Call("+", {make.Col(0), make.Param(0)})});
  Runner runner;
  auto execution = Execution::Create(make.Finish(project), &runner.budget);
  ASSERT_TRUE(execution.ok());
  for (const int32_t add : {10, 20}) {
    const Row parameters = {Int(add)};
    runner.context.parameters = parameters;
    const base::StatusOr<Table> got = runner.RunAgain(**execution);
    ASSERT_TRUE(got.ok());
    EXPECT_EQ(Lines(*got, false), Lines({{Int(1 + add)}, {Int(2 + add)}}, false));
  }
  runner.context.parameters = {};
  EXPECT_EQ(base::GetSqlState(runner.RunAgain(**execution).status()), base::sqlstate::kUndefinedParameter);
  const Row wrong = {Text("x")};
  runner.context.parameters = wrong;
  EXPECT_EQ(base::GetSqlState(runner.RunAgain(**execution).status()), base::sqlstate::kDatatypeMismatch);
}

TEST(SubqueryTest, ScalarSubqueries) {
  const auto run = [](const Table& inner) {
    PlanMaker make;
    const Expression* scalar = make.Sub(SubqueryKind::kScalar, make.Values({TypeId::kInt32}, inner), TypeId::kInt32);
    Runner runner;
    return runner.Run(make.Finish(make.Project(make.Values({TypeId::kInt32}, {{Int(1)}, {Int(2)}}), {make.Col(0), scalar})));
  };
  EXPECT_EQ(Lines(*run({{Int(9)}})), Lines({{Int(1), Int(9)}, {Int(2), Int(9)}}));
  EXPECT_EQ(Lines(*run({})), Lines({{Int(1), Null()}, {Int(2), Null()}}));
  EXPECT_EQ(base::GetSqlState(run({{Int(1)}, {Int(2)}}).status()), base::sqlstate::kCardinalityViolation);
}

// Every quantified comparison against its definition, over inner results with and without NULLs.
TEST(SubqueryTest, AnyAndAllFollowTheirDefinition) {
  const Table inners[] = {{}, {{Int(2)}}, {{Int(1)}, {Int(3)}}, {{Int(2)}, {Null()}}, {{Null()}}, {{Int(2)}, {Int(2)}}};
  const Table outer = {{Int(1)}, {Int(2)}, {Int(3)}, {Null()}};
  for (const Table& inner : inners) {
    for (const bool any : {true, false}) {
      for (int c = 0; c < 6; ++c) {
        const auto comparison = static_cast<Comparison>(c);
        Table expected;
        for (const Row& row : outer) {
          Truth truth = !any;
          for (const Row& item : inner) {
            Truth one;
            if (!row[0].is_null() && !item[0].is_null()) {
              const int order = Value::Compare(row[0], item[0]);
              const bool holds[] = {order == 0, order != 0, order<0, order <= 0, order> 0, order >= 0};
              one = holds[c];
            }
            truth = any ? OrOracle(truth, one) : AndOracle(truth, one);
          }
          expected.push_back({TruthValue(truth)});
        }
        PlanMaker make;
        const Expression* quantified =
            make.Sub(any ? SubqueryKind::kAny : SubqueryKind::kAll, make.Values({TypeId::kInt32}, inner), TypeId::kBoolean,
                     {make.Col(0)}, comparison);
        Runner runner;
        EXPECT_EQ(Lines(runner.MustRun(make.Finish(make.Project(make.Values({TypeId::kInt32}, outer), {quantified}))), false),
                  Lines(expected, false))
            << "any " << any << " comparison " << c << " over " << inner.size() << " rows";
      }
    }
  }
}

// A correlated subquery sees the outer row; one inside it sees both.
TEST(SubqueryTest, CorrelatedSubqueriesRunOnceARow) {
  PlanMaker make;
  const Table outer = {{Int(1)}, {Int(2)}, {Int(4)}};
  const Table inner = {{Int(1), Int(10)}, {Int(2), Int(20)}, {Int(3), Int(30)}};
  const Node* inner_rows = make.Values({TypeId::kInt32, TypeId::kInt32}, inner);
  const Node* match = make.Filter(inner_rows, {make.Call("=", {make.Col(0), make.Outer(0)})});
  const Expression* value = make.Sub(SubqueryKind::kScalar, make.Project(match, {make.Col(1)}), TypeId::kInt32, {},
                                     Comparison::kEqual, {{0, make.Col(0)}});
  // Exists an inner row above the outer one, for which in turn the outer value is in the inner first column?
  const Node* nested = make.Filter(inner_rows, {make.Call("=", {make.Col(0), make.Outer(0)})});
  const Expression* in_inner = make.Sub(SubqueryKind::kExists, nested, TypeId::kBoolean);
  const Node* above = make.Filter(inner_rows, {make.Call(">", {make.Col(0), make.Outer(0)}), in_inner});
  const Expression* exists =
      make.Sub(SubqueryKind::kExists, above, TypeId::kBoolean, {}, Comparison::kEqual, {{0, make.Col(0)}});
  Runner runner;
  EXPECT_EQ(Lines(runner.MustRun(make.Finish(make.Project(make.Values({TypeId::kInt32}, outer), {make.Col(0), value, exists}))),
                  false),
            Lines({{Int(1), Int(10), Bool(true)}, {Int(2), Int(20), Bool(true)}, {Int(4), Null(), Bool(false)}}, false));
}

}  // namespace
}  // namespace turdb::exec
