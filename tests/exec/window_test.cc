// Window functions against a model that looks at every row of the partition for every row.
#include <algorithm>
#include <numeric>

#include "exec/harness.h"

namespace turdb::exec {
namespace {

using function::WindowKind;

// Columns: partition, order, value, order as hugeint, order - before, order + after (the range's limits), row number.
constexpr int32_t kPartition = 0, kOrder = 1, kValue = 2, kRangeKey = 3, kStartLimit = 4, kEndLimit = 5, kNumber = 6;
const std::vector<Type> kTypes = {TypeId::kInt32, TypeId::kInt32, TypeId::kInt32, TypeId::kInt64,
                                  TypeId::kInt64, TypeId::kInt64, TypeId::kInt64};

struct Shape {
  FrameUnit unit;
  FrameBound start, end;
  FrameExclusion exclusion;
  int64_t before, after;  // the offsets of start and end
  bool descending;
};

int64_t Signed(FrameBound bound, int64_t offset) { return bound == FrameBound::kPreceding ? -offset : offset; }

Table RandomRows(std::mt19937& random, size_t count, uint32_t partitions, uint32_t orders, const Shape& shape) {
  Table rows;
  for (size_t i = 0; i < count; ++i) {
    const auto order = static_cast<int32_t>(random() % orders);
    const int64_t sign = shape.descending ? -1 : 1;
    Row row = {Int(static_cast<int32_t>(random() % partitions)),
               Int(order),
               Int(static_cast<int32_t>(random() % 100)),
               Big(order),
               Big(order + sign * Signed(shape.start, shape.before)),
               Big(order + sign * Signed(shape.end, shape.after)),
               Big(static_cast<int64_t>(i))};
    if (random() % 12 == 0) row[kPartition] = Null();
    if (random() % 12 == 0) row[kValue] = Null();
    if (random() % 12 == 0) {
      row[kOrder] = Null();
      for (const int32_t c : {kRangeKey, kStartLimit, kEndLimit}) row[static_cast<size_t>(c)] = Null(TypeId::kInt64);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

// NULLs come last in ascending order and first in descending, as PostgreSQL has them.
int CompareOrder(const Value& a, const Value& b, bool descending) {
  const int order =
      a.is_null() || b.is_null() ? static_cast<int>(a.is_null()) - static_cast<int>(b.is_null()) : Value::Compare(a, b);
  return descending ? -order : order;
}
bool Same(const Value& a, const Value& b) { return CompareOrder(a, b, false) == 0; }

// Rows of `part` (in order) in the frame of row i.
std::vector<size_t> FrameOf(const Table& part, size_t i, const Shape& shape) {
  std::vector<int64_t> group(part.size());
  for (size_t j = 1; j < part.size(); ++j) group[j] = group[j - 1] + (Same(part[j][kOrder], part[j - 1][kOrder]) ? 0 : 1);
  // Whether row j is on this side of the bound. `end`: not beyond it; otherwise not before it.
  const auto inside = [&](size_t j, FrameBound bound, int64_t offset, int32_t limit, bool end) {
    if (bound == FrameBound::kUnboundedPreceding || bound == FrameBound::kUnboundedFollowing) return true;
    const bool current = bound == FrameBound::kCurrentRow;
    const int64_t distance = current ? 0 : Signed(bound, offset);
    int64_t difference = 0;
    if (shape.unit == FrameUnit::kRows) {
      difference = static_cast<int64_t>(j) - static_cast<int64_t>(i) - distance;
    } else if (shape.unit == FrameUnit::kGroups || current) {
      difference = group[j] - group[i] - distance;
    } else {
      difference = CompareOrder(part[j][kRangeKey], part[i][static_cast<size_t>(limit)], shape.descending);
    }
    return end ? difference <= 0 : difference >= 0;
  };
  std::vector<size_t> rows;
  for (size_t j = 0; j < part.size(); ++j) {
    if (!inside(j, shape.start, shape.before, kStartLimit, false) || !inside(j, shape.end, shape.after, kEndLimit, true))
      continue;
    const bool peer = group[j] == group[i];
    if (shape.exclusion == FrameExclusion::kCurrentRow && j == i) continue;
    if (shape.exclusion == FrameExclusion::kGroup && peer) continue;
    if (shape.exclusion == FrameExclusion::kTies && peer && j != i) continue;
    rows.push_back(j);
  }
  return rows;
}

// Calls: count(*), sum(value), min(value), string of all (order shows), first, last and second value.
Row Expected(const Table& part, size_t i, const Shape& shape) {
  const std::vector<size_t> rows = FrameOf(part, i, shape);
  int64_t sum = 0;
  bool any = false;
  int32_t least = INT32_MAX;
  std::string texts;
  for (const size_t j : rows) {
    texts += (texts.empty() ? "" : ",") + std::to_string(part[j][kNumber].AsInt64());
    if (part[j][kValue].is_null()) continue;
    any = true;
    sum += part[j][kValue].AsInt64();
    least = std::min(least, static_cast<int32_t>(part[j][kValue].AsInt64()));
  }
  const auto at = [&](size_t n) { return n < rows.size() ? part[rows[n]][kNumber] : Null(TypeId::kInt64); };
  return {Big(static_cast<int64_t>(rows.size())),
          any ? Big(sum) : Null(TypeId::kInt64),
          any ? Int(least) : Null(),
          rows.empty() ? Null(TypeId::kText) : Text(texts),
          at(0),
          rows.empty() ? Null(TypeId::kInt64) : at(rows.size() - 1),
          at(1)};
}

Table Model(Table rows, const Shape& shape) {
  std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
    const int partition = CompareOrder(a[kPartition], b[kPartition], false);
    return partition != 0 ? partition < 0 : CompareOrder(a[kOrder], b[kOrder], shape.descending) < 0;
  });
  Table out;
  for (size_t begin = 0; begin < rows.size();) {
    size_t end = begin + 1;
    while (end < rows.size() && Same(rows[end][kPartition], rows[begin][kPartition])) ++end;
    const Table part(rows.begin() + static_cast<ptrdiff_t>(begin), rows.begin() + static_cast<ptrdiff_t>(end));
    for (size_t i = 0; i < part.size(); ++i) {
      Row row = part[i];
      for (Value& value : Expected(part, i, shape)) row.push_back(std::move(value));
      out.push_back(std::move(row));
    }
    begin = end;
  }
  return out;
}

const Node* MakeWindowPlan(PlanMaker& make, const Table& rows, const Shape& shape) {
  std::vector<const Expression*> columns;
  for (size_t c = 0; c < kTypes.size(); ++c) columns.push_back(make.Col(static_cast<int32_t>(c), kTypes[c]));
  columns.push_back(make.Cast(make.Col(kNumber, TypeId::kInt64), TypeId::kText));
  columns.push_back(make.Const(Text(",")));
  columns.push_back(make.Const(Int(2)));
  const Node* input = make.Project(make.Values(kTypes, rows), columns);
  const int32_t number_text = static_cast<int32_t>(kTypes.size()), comma = number_text + 1, two = number_text + 2;

  WindowFrame frame;
  frame.unit = shape.unit;
  frame.start = shape.start;
  frame.end = shape.end;
  frame.exclusion = shape.exclusion;
  const auto offset = [&](FrameBound bound, int64_t count, int32_t limit) {
    FrameOffset out;
    if (bound != FrameBound::kPreceding && bound != FrameBound::kFollowing) return out;
    out.count = make.Const(Big(count));
    out.negative = make.Call("<", {out.count, make.Const(Big(0))});
    if (shape.unit == FrameUnit::kRange) {
      out.limit = limit;
      frame.range_key = kRangeKey;
    }
    return out;
  };
  frame.start_offset = offset(shape.start, shape.before, kStartLimit);
  frame.end_offset = offset(shape.end, shape.after, kEndLimit);

  std::vector<WindowCall> calls;
  std::vector<Type> types(input->types.begin(), input->types.end());
  const auto call = [&](WindowKind kind, std::string_view aggregate, std::vector<int32_t> arguments, Type type) {
    WindowCall made;
    made.kind = kind;
    std::vector<const Expression*> expressions;
    for (const int32_t column : arguments) expressions.push_back(make.Col(column, input->types[static_cast<size_t>(column)]));
    if (!aggregate.empty()) made.aggregate = make.Aggregate(aggregate, expressions).function;
    made.arguments = make.plan->Copy(arguments);
    made.frame = frame;
    calls.push_back(made);
    types.push_back(type);
  };
  call(WindowKind::kAggregate, "count", {}, TypeId::kInt64);
  call(WindowKind::kAggregate, "sum", {kValue}, TypeId::kInt64);
  call(WindowKind::kAggregate, "min", {kValue}, TypeId::kInt32);
  call(WindowKind::kAggregate, "string_agg", {number_text, comma}, TypeId::kText);
  call(WindowKind::kFirstValue, "", {kNumber}, TypeId::kInt64);
  call(WindowKind::kLastValue, "", {kNumber}, TypeId::kInt64);
  call(WindowKind::kNthValue, "", {kNumber, two}, TypeId::kInt64);

  auto* node = make.plan->New<WindowNode>();
  node->input = input;
  node->types = make.plan->Copy(types);
  node->partition = make.plan->Copy(std::vector<WindowOrder>{{kPartition, false, false}});
  node->order = make.plan->Copy(std::vector<WindowOrder>{{kOrder, shape.descending, shape.descending}});
  node->calls = make.plan->Copy(calls);
  std::vector<const Expression*> shown;
  for (size_t c = 0; c < types.size(); ++c) {
    if (c < kTypes.size() || c >= input->types.size()) shown.push_back(make.Col(static_cast<int32_t>(c), types[c]));
  }
  return make.Project(node, shown);
}

Shape RandomShape(std::mt19937& random) {
  while (true) {
    Shape shape;
    shape.unit = static_cast<FrameUnit>(random() % 3);
    shape.start = static_cast<FrameBound>(random() % 4);
    shape.end = static_cast<FrameBound>(1 + random() % 4);
    shape.exclusion = random() % 2 == 0 ? FrameExclusion::kNone : static_cast<FrameExclusion>(random() % 4);
    shape.before = static_cast<int64_t>(random() % 3 == 0 ? random() % 60 : random() % 4);
    shape.after = static_cast<int64_t>(random() % 3 == 0 ? random() % 60 : random() % 4);
    shape.descending = random() % 2 == 0;
    if (shape.start <= shape.end) return shape;
  }
}

TEST(WindowTest, RandomFramesAgreeWithLookingAtEveryRow) {
  std::mt19937 random(7);
  for (int round = 0; round < 120; ++round) {
    const Shape shape = RandomShape(random);
    const size_t count = round == 0 ? 0 : 1 + random() % 300;
    const auto partitions = static_cast<uint32_t>(1 + random() % 4), orders = static_cast<uint32_t>(1 + random() % 80);
    const Table rows = RandomRows(random, count, partitions, orders, shape);
    PlanMaker make;
    const Node* plan = MakeWindowPlan(make, rows, shape);
    Runner runner;
    EXPECT_EQ(Lines(runner.MustRun(make.Finish(plan)), false), Lines(Model(rows, shape), false)) << "round " << round << "\n"
                                                                                                 << ToText(*plan);
  }
}

TEST(WindowTest, SpillsWhatIsSortedAndRunsAgain) {
  std::mt19937 random(11);
  const Shape shape{FrameUnit::kRows, FrameBound::kPreceding, FrameBound::kFollowing, FrameExclusion::kNone, 2, 2, false};
  const Table rows = RandomRows(random, 6000, 300, 50, shape);
  PlanMaker make;
  const std::vector<std::string> expected = Lines(Model(rows, shape), false);
  const auto plan = make.Finish(MakeWindowPlan(make, rows, shape));
  Runner runner(900 << 10);
  runner.AllowSpilling();
  EXPECT_EQ(Lines(runner.MustRun(plan), false), expected);
  EXPECT_EQ(Lines(runner.MustRun(plan), false), expected);
}

}  // namespace
}  // namespace turdb::exec
