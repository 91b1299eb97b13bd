// One execution as a whole: budget, cancellation, running again, EXPLAIN, COPY.
#include <string>

#include "exec/allocation_counter.h"
#include "exec/csv_reader.h"
#include "exec/file_shape.h"
#include "exec/harness.h"

namespace turdb::exec {
namespace {

// Join, aggregate, sort, filter and computed columns in one.
const Node* Busy(PlanMaker& make) {
  const Expression* key = make.Col(0, TypeId::kInt64);
  const Node* filtered = make.Filter(
      make.Series(1, 20000), {make.Call("<>", {make.Call("%", {key, make.Const(Big(3))}), make.Param(0, TypeId::kInt64)})});
  const Node* join = make.HashJoin(JoinType::kLeft, filtered, make.Series(1, 500), {key}, {key});
  const Expression* bucket = make.Call("%", {key, make.Const(Big(100))});
  const Node* group =
      make.Group(join, {bucket}, {make.Aggregate("count", {}), make.Aggregate("max", {make.Col(1, TypeId::kInt64)})});
  return make.Sort(group, {{key, true, true}});
}

// X3: after a first run has grown every buffer, a run over equal data makes no heap call (what breakers hold is below
// the 64 KB that they keep).
TEST(ExecutionTest, RunningAgainAllocatesNothing) {
  PlanMaker make;
  Runner runner;
  auto execution = Execution::Create(make.Finish(Busy(make)), &runner.budget);
  ASSERT_TRUE(execution.ok());
  const Row parameters = {Big(1)};
  runner.context.parameters = parameters;
  int64_t counts[3] = {};
  for (int64_t& allocations : counts) {
    const int64_t before = AllocationCount();
    ASSERT_TRUE((*execution)->Start(runner.context).ok());
    int64_t rows = 0;
    const vec::Chunk* chunk = nullptr;
    while (true) {
      const auto flow = (*execution)->Next(&chunk);
      ASSERT_TRUE(flow.ok());
      if (*flow == Flow::kDone) break;
      rows += chunk->size();
    }
    allocations = AllocationCount() - before;
    EXPECT_EQ(rows, 100);
  }
  EXPECT_GT(counts[0], 0);
  EXPECT_EQ(counts[2], 0);
}

// Every operator that keeps rows says so when the budget refuses, and gives everything back.
TEST(ExecutionTest, OverBudgetIsAnErrorAndLeavesNothing) {
  PlanMaker make;
  const Expression* key = make.Col(0, TypeId::kInt64);
  const Node* many = make.Series(1, 200000);
  auto* cte = make.plan->New<CteNode>();
  cte->cte = 0;
  cte->definition = many;
  cte->body = make.CteScan(0, {TypeId::kInt64});
  cte->types = cte->body->types;
  AggregateCall distinct = make.Aggregate("count", {key});
  distinct.distinct = true;
  const Node* nodes[] = {
      make.Group(many, {key}, {make.Aggregate("count", {})}),
      make.Group(many, {}, {distinct}),
      make.HashJoin(JoinType::kInner, make.Series(1, 2), many, {key}, {key}),
      make.LoopJoin(JoinType::kInner, make.Series(1, 2), many, {}),
      make.Sort(many, {{key, false, false}}),
      make.Distinct(many),
      make.Set(SetOperation::kExcept, false, {make.Series(1, 2), many}),
      cte,
  };
  for (const Node* node : nodes) {
    Runner runner(1 << 20);
    const base::StatusOr<Table> got = runner.Run(make.Finish(node));
    EXPECT_EQ(got.status().code(), absl::StatusCode::kResourceExhausted) << Headline(*node) << ": " << got.status();
    EXPECT_EQ(runner.budget.used_bytes(), 0) << Headline(*node);
  }
}

// X4.
TEST(ExecutionTest, CancellationEndsTheRun) {
  PlanMaker make;
  Runner runner;
  const Node* endless = make.Series(1, INT64_MAX);
  const Node* nodes[] = {endless, make.Group(endless, {}, {make.Aggregate("count", {})}),
                         make.LoopJoin(JoinType::kInner, endless, make.Values({TypeId::kInt32}, {}), {})};
  for (const Node* node : nodes) {
    auto execution = Execution::Create(make.Finish(node), &runner.budget);
    ASSERT_TRUE(execution.ok());
    runner.cancelled = true;
    EXPECT_EQ(base::GetSqlState(runner.RunAgain(**execution).status()), base::sqlstate::kQueryCanceled);
    runner.cancelled = false;
  }
}

// Result chunks begin small.
TEST(ExecutionTest, FirstChunkIsSmall) {
  PlanMaker make;
  Runner runner;
  auto execution = Execution::Create(make.Finish(make.Series(1, 100000)), &runner.budget);
  ASSERT_TRUE(execution.ok());
  ASSERT_TRUE((*execution)->Start(runner.context).ok());
  const vec::Chunk* chunk = nullptr;
  uint32_t largest = 0;
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE((*execution)->Next(&chunk).ok());
    if (i == 0) {
      EXPECT_EQ(chunk->size(), 64u);
    }
    largest = std::max(largest, chunk->size());
  }
  EXPECT_EQ(largest, vec::kDefaultChunkCapacity);
}

TEST(ExplainTest, PrintsThePlanAndWhatItDid) {
  PlanMaker make;
  const Node* plan =
      make.Limit(make.Filter(make.Series(1, 100), {make.Call(">", {make.Col(0, TypeId::kInt64), make.Const(Big(40))})}),
                 make.Const(Big(7)));
  for (const bool analyze : {false, true}) {
    auto* explain = make.plan->New<ExplainNode>();
    explain->types = make.plan->Copy(std::vector<Type>{TypeId::kText});
    explain->plan = plan;
    explain->analyze = analyze;
    Runner runner;
    const Table lines = runner.MustRun(make.Finish(explain));
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_EQ(lines[0][0].bytes().substr(0, 14), "Limit limit: 7");
    EXPECT_EQ(lines[1][0].bytes().substr(0, 31), "  Filter (generate_series > 40)");
    EXPECT_EQ(lines[2][0].bytes().substr(0, 19), "    TableFunction g");
    EXPECT_EQ(lines[0][0].bytes().find("rows: 7,") != std::string::npos, analyze) << lines[0][0].bytes();
  }
}

TEST(PlanTest, EqualPlansPrintAlike) {
  PlanMaker a, b, c;
  const auto build = [](PlanMaker& make, int32_t limit) {
    return make.Limit(make.Values({TypeId::kInt32}, {{Int(1)}, {Null()}}), make.Const(Big(limit)));
  };
  EXPECT_TRUE(Equal(*build(a, 1), *build(b, 1)));
  EXPECT_FALSE(Equal(*build(a, 1), *build(c, 2)));
}

void WriteFile(os::Environment& environment, const std::string& path, std::string_view text) {
  auto file = environment.files->Open(path, os::OpenMode::kCreateOrTruncate);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->Write(0, base::AsBytes(text)).ok());
}

std::vector<std::vector<std::string>> ReadCsv(std::string_view text, base::Status* status = nullptr,
                                              const CsvOptions& options = CsvOptions()) {
  os::Environment environment = os::Environment::InMemory();
  base::MemoryBudget budget(16 << 20);
  WriteFile(environment, "f.csv", text);
  CsvReader reader(*environment.files->Open("f.csv", os::OpenMode::kReadOnly), options, &budget);
  std::vector<std::vector<std::string>> records;
  while (true) {
    std::span<const CsvField> fields;
    const auto more = reader.Next(&fields);
    if (status != nullptr) *status = more.status();
    if (!more.ok() || !*more) return records;
    records.emplace_back();
    for (const CsvField& field : fields) records.back().push_back((field.quoted ? "q:" : "") + std::string(field.text));
  }
}

using Records = std::vector<std::vector<std::string>>;

TEST(CsvTest, SplitsRecordsAndFields) {
  EXPECT_EQ(ReadCsv("a,b\r\nc,\n,d"), (Records{{"a", "b"}, {"c", ""}, {"", "d"}}));
  EXPECT_EQ(ReadCsv("\"a,\"\"b\"\"\n\",x\n"), (Records{{"q:a,\"b\"\n", "x"}}));
  EXPECT_EQ(ReadCsv(""), Records{});
  EXPECT_EQ(ReadCsv("one"), (Records{{"one"}}));
  base::Status status;
  ReadCsv("a\n\"b", &status);
  EXPECT_EQ(base::GetSqlState(status), base::sqlstate::kBadCopyFormat);
}

// What is not NULL counts as quoted.
TEST(CsvTest, ReadsPostgresText) {
  CsvOptions text;
  text.text = true;
  text.delimiter = '\t';
  text.null_text = "\\N";
  const auto read = [&](std::string_view bytes) { return ReadCsv(bytes, nullptr, text); };
  EXPECT_EQ(read("a\t\\N\t\n"), (Records{{"q:a", "\\N", "q:"}}));
  EXPECT_EQ(read("x\\ty\\\\\tz\\\nw\n1\t2\n"), (Records{{"q:x\ty\\", "q:z\nw"}, {"q:1", "q:2"}}));
  EXPECT_EQ(read("\\x41\\101\\q\\b\r\n"), (Records{{"q:AAq\b"}}));
  EXPECT_EQ(read("\"a\"\n\\.\nnot read\n"), (Records{{"q:\"a\""}}));
  EXPECT_EQ(read("\\\\N"), (Records{{"q:\\N"}}));
}

TEST(FilesTest, PatternsStandForWhatThereIs) {
  os::Environment environment = os::Environment::InMemory();
  ASSERT_TRUE(environment.files->CreateDirectory("d").ok());
  for (const char* const name : {"d/b2.csv", "d/a1.csv", "d/a10.csv", "d/.a3.csv", "d/a.txt"})
    WriteFile(environment, name, "x");
  const auto expand = [&](std::string_view path) {
    return ExpandPath(*environment.files, path).value_or(std::vector<std::string>{});
  };
  EXPECT_EQ(expand("d/a*.csv"), (std::vector<std::string>{"d/a1.csv", "d/a10.csv"}));
  EXPECT_EQ(expand("d/??.csv"), (std::vector<std::string>{"d/a1.csv", "d/b2.csv"}));
  EXPECT_EQ(expand("?/a.txt"), (std::vector<std::string>{"d/a.txt"}));
  EXPECT_EQ(expand("d/no.csv"), (std::vector<std::string>{"d/no.csv"}));
  EXPECT_EQ(base::GetSqlState(ExpandPath(*environment.files, "d/z*").status()).view(), "58P01");
}

TEST(FilesTest, TypesAreThoseOfTheFirstRows) {
  os::Environment environment = os::Environment::InMemory();
  const auto look = [&](std::string_view text, FileFormat format = FileFormat::kCsv) {
    WriteFile(environment, "f", text);
    FileQuestion question;
    question.paths = {"f"};
    question.format = format;
    const auto shape = LookAtFiles(*environment.files, question);
    if (!shape.ok()) return base::Describe(shape.status());
    std::string out;
    for (const FileShape::Column& column : shape->columns) out += column.name + " " + column.type.ToString() + ", ";
    return out;
  };
  EXPECT_EQ(look("a,b,c\n1,x,2024-01-02\n,y,\n"), "a bigint, b text, c date, ");
  EXPECT_EQ(look("1;2.5;true\n3;4;false\n"), "column0 bigint, column1 double precision, column2 boolean, ");
  EXPECT_EQ(look("a|a|\n1|12:30:00|2024-01-02 10:00:00\n"),
            "a bigint, a_1 time without time zone, column2 timestamp without time zone, ");
  EXPECT_EQ(look("n\n1\n2\nthree\n"), "n text, ");
  EXPECT_EQ(look("x,y\nred,blue\n"), "x text, y text, ");
  EXPECT_EQ(look("{\"b\": 1, \"a\": \"x\"}\n\n{\"b\": 2.5, \"c\": [1]}\n", FileFormat::kJson),
            "b double precision, a text, c jsonb, ");
  EXPECT_EQ(look("[{\"k\": true}, {\"k\": null, \"m\": \"2024-01-02\"}]", FileFormat::kJson), "k boolean, m date, ");
  EXPECT_NE(look("").find("is empty"), std::string::npos);
  EXPECT_NE(look("1\n2\n", FileFormat::kJson).find("no objects"), std::string::npos);
}

// Records that cross, and that are larger than, the reader's blocks.
TEST(CsvTest, RecordsOfAnySize) {
  std::string text;
  Records expected;
  std::mt19937 random(8);
  for (int i = 0; i < 300; ++i) {
    const std::string field(random() % (i % 50 == 0 ? 200000 : 2000), static_cast<char>('a' + i % 26));
    text += "\"" + field + "\"," + std::to_string(i) + "\n";
    expected.push_back({"q:" + field, std::to_string(i)});
  }
  EXPECT_EQ(ReadCsv(text), expected);
}

TEST(CsvTest, BadRowsAreReportedUpToALimit) {
  PlanMaker make;
  auto* scan = make.plan->New<CsvScanNode>();
  scan->types = make.plan->Copy(std::vector<Type>{TypeId::kInt32, TypeId::kText});
  scan->paths = make.plan->Copy(std::vector<std::string_view>{"f.csv"});
  scan->column_names = make.plan->Copy(std::vector<std::string_view>{"id", "name"});
  scan->options.header = true;
  scan->options.max_rejected_rows = 2;
  Runner runner;
  WriteFile(runner.environment, "f.csv", "id,name\n1,x\ntwo,y\n3,\n4\n5,\"\"\n");
  auto execution = Execution::Create(make.Finish(scan), &runner.budget);
  ASSERT_TRUE(execution.ok());
  const base::StatusOr<Table> got = runner.RunAgain(**execution);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(Lines(*got, false), Lines({{Int(1), Text("x")}, {Int(3), Null(TypeId::kText)}, {Int(5), Text("")}}, false));
  const auto rejected = (*execution)->rejected_rows();
  ASSERT_EQ(rejected.size(), 2u);
  EXPECT_EQ(rejected[0].line, 5);  // the count of fields is seen before any cast
  EXPECT_EQ(rejected[1].line, 3);
  EXPECT_EQ(rejected[1].column, "id");
  EXPECT_NE(rejected[1].reason.find("two"), std::string::npos);
  scan->options.max_rejected_rows = 1;
  const base::StatusOr<Table> failed = runner.RunAgain(**execution);
  EXPECT_EQ(base::GetSqlState(failed.status()), base::sqlstate::kInvalidText);
  EXPECT_NE(base::Describe(failed.status()).find("line 3, column id"), std::string::npos) << base::Describe(failed.status());
}

}  // namespace
}  // namespace turdb::exec
