// Plans over real tables: scans, lookups, changes, the short path. Storage, transactions and trees are the real ones,
// over files in memory.
#include <algorithm>
#include <map>
#include <set>

#include "btree/node_ops.h"
#include "exec/allocation_counter.h"
#include "exec/harness.h"
#include "exec/point.h"
#include "storage/storage.h"
#include "table/table.h"
#include "table/table_store.h"
#include "txn/commit_log.h"
#include "txn/transaction_manager.h"

namespace turdb::exec {
namespace {

// create table t (id bigint primary key, a integer, b text, u integer unique), with an index on (a, id).
class TableTest : public ::testing::Test {
 protected:
  static constexpr int32_t kId = 0, kA = 1, kB = 2, kU = 3;
  static constexpr int32_t kIndexOnA = 0, kUniqueOnU = 1;

  void SetUp() override {
    storage::RedoTable redo;
    for (int op = btree::kFirstNodeOp; op <= btree::kLastNodeOp; ++op) redo.by_op[static_cast<size_t>(op)] = btree::ApplyNodeOp;
    storage::Options options;
    options.page_cache_bytes = 16 << 20;
    options.synchronous = storage::Synchronous::kOff;
    auto opened = storage::Storage::Open(runner_.environment, "db", options, runner_.budget, redo);
    ASSERT_TRUE(opened.ok()) << opened.status();
    storage_ = *std::move(opened);
    log_ = txn::NewStorageCommitLog(*storage_);
    transactions_ = std::make_unique<txn::TransactionManager>(runner_.environment, *log_, runner_.budget, 1);
    tables_ = std::make_unique<table::TableStore>(*storage_, *transactions_, runner_.budget);
    transactions_->SetUndoResolver([this](base::FileId file) -> base::StatusOr<txn::UndoTarget*> {
      TURDB_ASSIGN_OR_RETURN(btree::Tree * tree, tables_->TreeOf(file));
      return tree;
    });
    CreateTable();
  }

  void TearDown() override {
    table_.reset();
    tables_.reset();
    transactions_.reset();
    log_.reset();
    if (storage_ != nullptr) {
      EXPECT_TRUE(storage_->Close().ok());
    }
  }

  static table::IndexPart Part(int32_t column, Type type) {
    table::IndexPart part;
    part.column = column;
    part.type = type;
    return part;
  }

  void CreateTable() {
    auto schema = std::make_shared<table::TableSchema>();
    schema->id = 100;
    schema->schema_name = "root";
    schema->name = "t";
    schema->path = table::TablePath("root", "t");
    const auto column = [&](const char* name, Type type) {
      table::Column added;
      added.name = name;
      added.type = type;
      schema->columns.push_back(added);
    };
    column("id", TypeId::kInt64);
    column("a", TypeId::kInt32);
    column("b", TypeId::kText);
    column("u", TypeId::kInt32);
    schema->primary_key_name = "t_pkey";
    schema->primary_key.push_back(Part(kId, TypeId::kInt64));
    const auto index = [&](const char* name, base::FileId id, bool unique, std::vector<int32_t> columns) {
      table::IndexSchema added;
      added.id = id;
      added.name = name;
      added.path = table::IndexPath("root", "t", name);
      added.unique = unique;
      for (const int32_t c : columns) added.parts.push_back(Part(c, schema->columns[static_cast<size_t>(c)].type));
      schema->indexes.push_back(added);
    };
    index("t_a", 101, false, {kA, kId});
    index("t_u", 102, true, {kU});
    ASSERT_TRUE(table::FinishNewTable(*schema).ok());
    txn::TransactionPtr transaction = transactions_->Begin();
    ASSERT_TRUE(transactions_->BeginStatement(*transaction).ok());
    ASSERT_TRUE(tables_->CreateFiles(*transaction, *schema).ok());
    ASSERT_TRUE(transactions_->Commit(*transaction).ok());
    auto table = tables_->Open(schema);
    ASSERT_TRUE(table.ok()) << table.status();
    table_ = *table;
  }

  // Runs a plan as a transaction of its own: rolled back when it fails.
  base::StatusOr<Table> Run(std::shared_ptr<const Plan> plan, const Row& parameters = {}) {
    txn::TransactionPtr transaction = transactions_->Begin();
    base::StatusOr<Table> got = RunIn(*transaction, std::move(plan), parameters);
    const base::Status end = got.ok() ? transactions_->Commit(*transaction) : transactions_->Rollback(*transaction);
    EXPECT_TRUE(end.ok()) << end;
    return got;
  }
  base::StatusOr<Table> RunIn(txn::Transaction& transaction, std::shared_ptr<const Plan> plan, const Row& parameters = {}) {
    TURDB_RETURN_IF_ERROR(transactions_->BeginStatement(transaction).status());
    const txn::View view = transaction.view();
    runner_.context.view = &view;
    runner_.context.transaction = &transaction;
    runner_.context.parameters = parameters;
    return runner_.Run(std::move(plan));
  }

  TableScanNode* Scan(PlanMaker& make, std::vector<int32_t> columns = {kId, kA, kB, kU}) {
    auto* node = make.plan->New<TableScanNode>();
    node->table = table_.get();
    node->name = "t";
    node->columns = make.plan->Copy(columns);
    node->types = make.plan->Copy(table_->MakeProjection(columns).types());
    return node;
  }
  PointLookupNode* Lookup(PlanMaker& make, int32_t index, const Expression* key,
                          std::vector<int32_t> columns = {kId, kA, kB, kU}) {
    auto* node = make.plan->New<PointLookupNode>();
    node->table = table_.get();
    node->index = index;
    node->name = "t";
    node->key = make.plan->Copy(std::vector<const Expression*>{key});
    node->columns = make.plan->Copy(columns);
    node->types = make.plan->Copy(table_->MakeProjection(columns).types());
    return node;
  }
  InsertNode* Insert(PlanMaker& make, const Node* input) {
    auto* node = make.plan->New<InsertNode>();
    node->table = table_.get();
    node->name = "t";
    node->input = input;
    return node;
  }
  void Return(PlanMaker& make, InsertNode* node) {
    node->returning =
        make.plan->Copy(std::vector<const Expression*>{make.Col(kId, TypeId::kInt64), make.Col(kA), make.Col(kU)});
    node->types = make.plan->Copy(std::vector<Type>{TypeId::kInt64, TypeId::kInt32, TypeId::kInt32});
  }
  // set columns = values over a scan of everything and the row key; column c of the input is column c of the table.
  UpdateNode* Update(PlanMaker& make, const Node* input, std::vector<Assignment> assignments) {
    auto* node = make.plan->New<UpdateNode>();
    node->table = table_.get();
    node->name = "t";
    node->input = input;
    node->assignments = make.plan->Copy(assignments);
    node->old_columns = make.plan->Copy(std::vector<int32_t>{0, 1, 2, 3});
    return node;
  }
  const Node* Values(PlanMaker& make, const Table& rows) {
    return make.Values({TypeId::kInt64, TypeId::kInt32, TypeId::kText, TypeId::kInt32}, rows);
  }
  void MustInsert(const Table& rows) {
    PlanMaker make;
    const base::StatusOr<Table> got = Run(make.Finish(Insert(make, Values(make, rows))));
    ASSERT_TRUE(got.ok()) << base::Describe(got.status());
    ASSERT_EQ(runner_.changed_rows, static_cast<int64_t>(rows.size()));
  }
  Table Everything() {
    PlanMaker make;
    base::StatusOr<Table> got = Run(make.Finish(Scan(make)));
    EXPECT_TRUE(got.ok()) << base::Describe(got.status());
    std::vector<std::string> problems;
    txn::TransactionPtr transaction = transactions_->Begin();
    EXPECT_TRUE(transactions_->BeginStatement(*transaction).ok());
    EXPECT_TRUE(table_->Check(transaction->view(), nullptr, false, &problems).ok());
    EXPECT_TRUE(transactions_->Commit(*transaction).ok());
    EXPECT_EQ(problems, std::vector<std::string>());
    return got.ok() ? *got : Table();
  }
  static Row MakeRow(int64_t id) {
    return {Big(id), id % 5 == 0 ? Null() : Int(static_cast<int32_t>(id % 7)),
            id % 3 == 0 ? Null(TypeId::kText) : Text("text of row " + std::to_string(id)), Int(static_cast<int32_t>(id * 2))};
  }
  static Table MakeRows(int64_t first, int64_t last) {
    Table rows;
    for (int64_t id = first; id <= last; ++id) rows.push_back(MakeRow(id));
    return rows;
  }

  Runner runner_;
  std::unique_ptr<storage::Storage> storage_;
  std::unique_ptr<txn::CommitLog> log_;
  std::unique_ptr<txn::TransactionManager> transactions_;
  std::unique_ptr<table::TableStore> tables_;
  std::shared_ptr<table::Table> table_;
};

TEST_F(TableTest, ScansInKeyOrderBothWaysWithinBounds) {
  const Table rows = MakeRows(1, 3000);
  Table shuffled = rows;
  std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(1));
  MustInsert(shuffled);
  for (const bool reverse : {false, true}) {
    for (const bool bounded : {false, true}) {
      PlanMaker make;
      TableScanNode* scan = Scan(make);
      scan->reverse = reverse;
      if (bounded) {
        scan->range.lower = make.Param(0, TypeId::kInt64);
        scan->range.upper = make.Param(1, TypeId::kInt64);
        scan->range.upper_inclusive = false;
      }
      Table expected = bounded ? MakeRows(100, 2499) : rows;
      if (reverse) std::reverse(expected.begin(), expected.end());
      const base::StatusOr<Table> got = Run(make.Finish(scan), {Big(100), Big(2500)});
      ASSERT_TRUE(got.ok()) << base::Describe(got.status());
      EXPECT_EQ(Lines(*got, false), Lines(expected, false));
    }
  }
  PlanMaker make;
  TableScanNode* scan = Scan(make, {kB, kId});
  scan->range.lower = make.Param(0, TypeId::kInt64);
  EXPECT_TRUE(Run(make.Finish(scan), {Null(TypeId::kInt64)})->empty());  // P4
}

TEST_F(TableTest, ScanFilters) {
  MustInsert(MakeRows(1, 1000));
  PlanMaker make;
  TableScanNode* scan = Scan(make);
  scan->latch_filter = make.plan->Copy(std::vector<const Expression*>{make.Call("=", {make.Col(kA), make.Const(Int(3))})});
  scan->filter = make.plan->Copy(
      std::vector<const Expression*>{make.Call("<", {make.Call("/", {make.Const(Int(3000)), make.Col(kA)}), make.Col(kU)})});
  Table expected;
  for (const Row& row : MakeRows(1, 1000)) {
    if (!row[kA].is_null() && row[kA].AsInt64() == 3 && row[kU].AsInt64() > 1000) expected.push_back(row);
  }
  EXPECT_EQ(Lines(*Run(make.Finish(scan)), false), Lines(expected, false));
}

TEST_F(TableTest, IndexScans) {
  const Table rows = MakeRows(1, 2000);
  MustInsert(rows);
  for (const bool index_only : {false, true}) {
    for (const bool reverse : {false, true}) {
      PlanMaker make;
      auto* scan = make.plan->New<IndexScanNode>();
      const std::vector<int32_t> columns = index_only ? std::vector<int32_t>{kA, kId} : std::vector<int32_t>{kA, kId, kB};
      scan->table = table_.get();
      scan->index = kIndexOnA;
      scan->name = "t";
      scan->columns = make.plan->Copy(columns);
      scan->types = make.plan->Copy(table_->MakeProjection(columns).types());
      scan->index_only = index_only;
      scan->reverse = reverse;
      scan->range.equal = make.plan->Copy(std::vector<const Expression*>{make.Const(Int(4))});
      scan->range.lower = make.Const(Big(500));
      scan->range.lower_inclusive = false;
      Table expected;
      for (const Row& row : rows) {
        if (row[kA].is_null() || row[kA].AsInt64() != 4 || row[kId].AsInt64() <= 500) continue;
        expected.push_back(index_only ? Row{row[kA], row[kId]} : Row{row[kA], row[kId], row[kB]});
      }
      if (reverse) std::reverse(expected.begin(), expected.end());
      EXPECT_EQ(Lines(*Run(make.Finish(scan)), false), Lines(expected, false)) << index_only << reverse;
    }
  }
}

TEST_F(TableTest, IndexJoinAgreesWithHashJoin) {
  MustInsert(MakeRows(1, 500));
  Table left;
  for (int32_t i = 0; i < 40; ++i) left.push_back({i % 9 == 8 ? Null() : Int(i % 9), Big(i * 30)});
  for (const int32_t index : {-1, kIndexOnA, kUniqueOnU}) {
    for (const JoinType type : {JoinType::kInner, JoinType::kLeft, JoinType::kSemi, JoinType::kAnti}) {
      PlanMaker make;
      const Node* outer = make.Values({TypeId::kInt32, TypeId::kInt64}, left);
      const Expression* key = index == -1 ? make.Col(1, TypeId::kInt64) : make.Col(0);
      const Expression* inner = index == -1 ? make.Col(kId, TypeId::kInt64) : make.Col(index == kIndexOnA ? kA : kU);
      const Expression* residual = make.Call("<", {make.Col(2 + kId, TypeId::kInt64), make.Const(Big(400))});
      auto* join = make.plan->New<IndexJoinNode>();
      join->type = type;
      join->left = outer;
      join->table = table_.get();
      join->index = index;
      join->name = "t";
      join->keys = make.plan->Copy(std::vector<const Expression*>{key});
      const std::vector<int32_t> columns = {kId, kA, kB, kU};
      join->columns = make.plan->Copy(columns);
      join->residual = make.plan->Copy(std::vector<const Expression*>{residual});
      const Node* hash = make.HashJoin(type, outer, Scan(make), {key}, {inner}, {residual});
      join->types = hash->types;
      const base::StatusOr<Table> by_index = Run(make.Finish(join)), by_hash = Run(make.Finish(hash));
      ASSERT_TRUE(by_index.ok()) << base::Describe(by_index.status());
      EXPECT_EQ(Lines(*by_index), Lines(*by_hash)) << index << " " << static_cast<int>(type);
    }
  }
}

// Inserting from the table itself sees only what was there before (rule 13).
TEST_F(TableTest, InsertFromTheSameTable) {
  MustInsert(MakeRows(1, 2000));
  PlanMaker make;
  const Expression* moved = make.Call("+", {make.Col(0, TypeId::kInt64), make.Const(Big(10000))});
  const Expression* u = make.Call("+", {make.Col(3), make.Const(Int(100000))});
  const Node* input = make.Project(Scan(make), {moved, make.Col(1), make.Col(2, TypeId::kText), u});
  ASSERT_TRUE(Run(make.Finish(Insert(make, input))).ok());
  EXPECT_EQ(runner_.changed_rows, 2000);
  EXPECT_EQ(Everything().size(), 4000u);
}

TEST_F(TableTest, InsertGivesNumbersAndReturnsThem) {
  PlanMaker make;
  InsertNode* insert = Insert(make, Values(make, {{Null(TypeId::kInt64), Int(1), Null(TypeId::kText), Int(1)},
                                                  {Big(10), Int(2), Null(TypeId::kText), Int(2)},
                                                  {Null(TypeId::kInt64), Int(3), Null(TypeId::kText), Int(3)}}));
  Return(make, insert);
  EXPECT_EQ(Lines(*Run(make.Finish(insert)), false),
            Lines({{Big(1), Int(1), Int(1)}, {Big(10), Int(2), Int(2)}, {Big(11), Int(3), Int(3)}}, false));
}

TEST_F(TableTest, DuplicatesFailAndLeaveNothing) {
  MustInsert(MakeRows(1, 10));
  PlanMaker make;
  Table rows = MakeRows(11, 3000);
  rows.push_back({Big(4000), Int(1), Null(TypeId::kText), Int(20)});  // u = 20 is row 10's
  const base::StatusOr<Table> got = Run(make.Finish(Insert(make, Values(make, rows))));
  EXPECT_EQ(base::GetSqlState(got.status()), base::sqlstate::kUniqueViolation);
  EXPECT_EQ(Lines(Everything()), Lines(MakeRows(1, 10)));
}

TEST_F(TableTest, ChecksAndGeneratedColumns) {
  PlanMaker make;
  InsertNode* insert = Insert(
      make, Values(make, {{Big(1), Int(5), Null(TypeId::kText), Null()}, {Big(2), Null(), Null(TypeId::kText), Null()}}));
  GeneratedColumn generated{kU, make.Call("*", {make.Col(kA), make.Const(Int(10))})};
  insert->generated = make.plan->Copy(std::vector<GeneratedColumn>{generated});
  CheckConstraint check{"small", make.Call("<", {make.Col(kU), make.Const(Int(100))})};
  insert->checks = make.plan->Copy(std::vector<CheckConstraint>{check});
  ASSERT_TRUE(Run(make.Finish(insert)).ok());  // a NULL passes a check
  EXPECT_EQ(Lines(Everything()), Lines({{Big(1), Int(5), Null(), Int(50)}, {Big(2), Null(), Null(), Null()}}));
  for (const int32_t a : {9, 10}) {
    UpdateNode* update = Update(make, Scan(make, {kId, kA, kB, kU, table::kRowKeyColumn}), {{kA, make.Const(Int(a))}});
    update->generated = insert->generated;
    update->checks = insert->checks;
    // Both rows would get the same u; only one is updated.
    auto* scan = const_cast<TableScanNode*>(static_cast<const TableScanNode*>(update->input));
    scan->filter =
        make.plan->Copy(std::vector<const Expression*>{make.Call("=", {make.Col(kId, TypeId::kInt64), make.Const(Big(1))})});
    const base::StatusOr<Table> got = Run(make.Finish(update));
    if (a == 9) {
      EXPECT_TRUE(got.ok()) << base::Describe(got.status());
    } else {
      EXPECT_EQ(base::GetSqlState(got.status()), base::sqlstate::kCheckViolation);
      EXPECT_NE(base::Describe(got.status()).find("\"small\""), std::string::npos);
    }
  }
  EXPECT_EQ(Lines(Everything()), Lines({{Big(1), Int(9), Null(), Int(90)}, {Big(2), Null(), Null(), Null()}}));
}

// Shifting a unique column over its own values works, because all old entries go before any new one comes.
TEST_F(TableTest, UpdateOfAUniqueColumnInOneStep) {
  const Table rows = MakeRows(1, 3000);
  MustInsert(rows);
  PlanMaker make;
  const Expression* shifted = make.Call("+", {make.Col(kU), make.Const(Int(2))});
  UpdateNode* update = Update(make, Scan(make, {kId, kA, kB, kU, table::kRowKeyColumn}), {{kU, shifted}});
  update->returning = make.plan->Copy(std::vector<const Expression*>{make.Col(kU), make.Col(4 + kU)});  // new and old
  update->types = make.plan->Copy(std::vector<Type>{TypeId::kInt32, TypeId::kInt32});
  const base::StatusOr<Table> got = Run(make.Finish(update));
  ASSERT_TRUE(got.ok()) << base::Describe(got.status());
  EXPECT_EQ(runner_.changed_rows, 3000);
  Table expected, returned;
  for (Row row : rows) {
    returned.push_back({Int(static_cast<int32_t>(row[kU].AsInt64() + 2)), row[kU]});
    row[kU] = returned.back()[0];
    expected.push_back(row);
  }
  EXPECT_EQ(Lines(*got, false), Lines(returned, false));
  EXPECT_EQ(Lines(Everything()), Lines(expected));
}

// UPDATE ... FROM: the second match of a row is ignored.
TEST_F(TableTest, SecondMatchOfAnUpdateIsIgnored) {
  MustInsert(MakeRows(1, 3));
  PlanMaker make;
  const Node* source = make.Values({TypeId::kInt64, TypeId::kInt32}, {{Big(2), Int(50)}, {Big(2), Int(60)}});
  const Node* join = make.HashJoin(JoinType::kInner, source, Scan(make, {kId, kA, kB, kU, table::kRowKeyColumn}),
                                   {make.Col(0, TypeId::kInt64)}, {make.Col(0, TypeId::kInt64)});
  UpdateNode* update = Update(make, join, {{kA, make.Col(1)}});
  update->old_columns = make.plan->Copy(std::vector<int32_t>{2, 3, 4, 5});
  ASSERT_TRUE(Run(make.Finish(update)).ok());
  EXPECT_EQ(runner_.changed_rows, 1);
  Table expected = MakeRows(1, 3);
  const Table got = Everything();
  ASSERT_EQ(got.size(), 3u);
  EXPECT_TRUE(got[1][kA].AsInt64() == 50 || got[1][kA].AsInt64() == 60);
}

TEST_F(TableTest, DeleteReturnsWhatItDeleted) {
  const Table rows = MakeRows(1, 3000);
  MustInsert(rows);
  PlanMaker make;
  auto* node = make.plan->New<DeleteNode>();
  TableScanNode* scan = Scan(make, {kId, kA, table::kRowKeyColumn});
  scan->filter = make.plan->Copy(std::vector<const Expression*>{make.Call("=", {make.Col(1), make.Const(Int(2))})});
  node->table = table_.get();
  node->name = "t";
  node->input = scan;
  node->returning = make.plan->Copy(std::vector<const Expression*>{make.Col(0, TypeId::kInt64)});
  node->types = make.plan->Copy(std::vector<Type>{TypeId::kInt64});
  Table kept, deleted;
  for (const Row& row : rows) {
    if (!row[kA].is_null() && row[kA].AsInt64() == 2) {
      deleted.push_back({row[kId]});
    } else {
      kept.push_back(row);
    }
  }
  EXPECT_EQ(Lines(*Run(make.Finish(node)), false), Lines(deleted, false));
  EXPECT_EQ(runner_.changed_rows, static_cast<int64_t>(deleted.size()));
  EXPECT_EQ(Lines(Everything()), Lines(kept));
}

class UpsertTest : public TableTest {
 protected:
  base::StatusOr<Table> Upsert(ConflictAction action, const Table& rows, int32_t index = -2) {
    PlanMaker make;
    InsertNode* insert = Insert(make, Values(make, rows));
    Return(make, insert);
    insert->on_conflict.action = action;
    insert->on_conflict.index = index;
    if (action == ConflictAction::kUpdate) {
      // set a = existing.a + excluded.a where excluded.a <> 99
      const Expression* sum = make.Call("+", {make.Col(kA), make.Col(4 + kA)});
      insert->on_conflict.assignments = make.plan->Copy(std::vector<Assignment>{{kA, sum}});
      insert->on_conflict.where = make.Call("<>", {make.Col(4 + kA), make.Const(Int(99))});
    }
    return Run(make.Finish(insert));
  }
  static Row Of(int64_t id, int32_t a, int32_t u) { return {Big(id), Int(a), Null(TypeId::kText), Int(u)}; }
};

TEST_F(UpsertTest, DoNothing) {
  MustInsert({Of(1, 1, 10)});
  const base::StatusOr<Table> got = Upsert(ConflictAction::kNothing, {Of(1, 5, 11), Of(2, 5, 10), Of(3, 5, 12), Of(3, 6, 13)});
  ASSERT_TRUE(got.ok()) << base::Describe(got.status());
  EXPECT_EQ(Lines(*got), Lines({{Big(3), Int(5), Int(12)}}));
  EXPECT_EQ(Lines(Everything()), Lines({Of(1, 1, 10), Of(3, 5, 12)}));
}

TEST_F(UpsertTest, DoUpdate) {
  MustInsert({Of(1, 1, 10), Of(2, 2, 20)});
  const base::StatusOr<Table> got = Upsert(ConflictAction::kUpdate, {Of(1, 5, 11), Of(2, 99, 21), Of(3, 7, 30)}, -1);
  ASSERT_TRUE(got.ok()) << base::Describe(got.status());
  EXPECT_EQ(Lines(*got), Lines({{Big(1), Int(6), Int(10)}, {Big(3), Int(7), Int(30)}}));
  EXPECT_EQ(Lines(Everything()), Lines({Of(1, 6, 10), Of(2, 2, 20), Of(3, 7, 30)}));
  // By the unique index.
  ASSERT_TRUE(Upsert(ConflictAction::kUpdate, {Of(9, 3, 20)}, kUniqueOnU).ok());
  EXPECT_EQ(Lines(Everything()), Lines({Of(1, 6, 10), Of(2, 5, 20), Of(3, 7, 30)}));
}

TEST_F(UpsertTest, ErrorsOfDoUpdate) {
  MustInsert({Of(1, 1, 10)});
  // Twice the same row, inserted or updated by this statement.
  EXPECT_EQ(base::GetSqlState(Upsert(ConflictAction::kUpdate, {Of(5, 1, 50), Of(5, 1, 51)}, -1).status()),
            base::sqlstate::kCardinalityViolation);
  EXPECT_EQ(base::GetSqlState(Upsert(ConflictAction::kUpdate, {Of(1, 1, 50), Of(1, 1, 51)}, -1).status()),
            base::sqlstate::kCardinalityViolation);
  // Another constraint than the one named.
  EXPECT_EQ(base::GetSqlState(Upsert(ConflictAction::kUpdate, {Of(7, 1, 10)}, -1).status()), base::sqlstate::kUniqueViolation);
  EXPECT_EQ(Lines(Everything()), Lines({Of(1, 1, 10)}));
}

TEST_F(UpsertTest, Replace) {
  MustInsert({Of(1, 1, 10), Of(2, 2, 20), Of(3, 3, 30)});
  // The new row is in the way of two.
  const base::StatusOr<Table> got = Upsert(ConflictAction::kReplace, {Of(1, 9, 20)});
  ASSERT_TRUE(got.ok()) << base::Describe(got.status());
  EXPECT_EQ(Lines(Everything()), Lines({Of(1, 9, 20), Of(3, 3, 30)}));
}

// A model of the table takes the same random statements, in transactions that commit or roll back.
TEST_F(TableTest, RandomChangesAgreeWithAModel) {
  std::mt19937 random(11);
  std::map<int64_t, Row> model;
  for (int round = 0; round < 60; ++round) {
    std::map<int64_t, Row> changed = model;
    txn::TransactionPtr transaction = transactions_->Begin();
    for (size_t statement = 0; statement < random() % 4 + 1; ++statement) {
      const auto low = static_cast<int64_t>(random() % 200), high = low + static_cast<int64_t>(random() % 40);
      PlanMaker make;
      const Node* node = nullptr;
      switch (random() % 3) {
        case 0: {
          Table rows;
          for (int64_t id = low; id <= high; ++id) {
            if (changed.contains(id)) continue;
            Row row = MakeRow(id);
            row[kU] = Null();
            rows.push_back(row);
            changed[id] = row;
          }
          node = Insert(make, Values(make, rows));
          break;
        }
        case 1: {
          const auto add = static_cast<int32_t>(random() % 100);
          TableScanNode* scan = Scan(make, {kId, kA, kB, kU, table::kRowKeyColumn});
          scan->range.lower = make.Const(Big(low));
          scan->range.upper = make.Const(Big(high));
          node = Update(make, scan,
                        {{kA, make.Call("+", {make.Col(kA), make.Const(Int(add))})},
                         {kB, make.Const(Text("changed in round " + std::to_string(round)))}});
          for (auto& [id, row] : changed) {
            if (id < low || id > high) continue;
            if (!row[kA].is_null()) row[kA] = Int(static_cast<int32_t>(row[kA].AsInt64()) + add);
            row[kB] = Text("changed in round " + std::to_string(round));
          }
          break;
        }
        default: {
          auto* removal = make.plan->New<DeleteNode>();
          TableScanNode* scan = Scan(make, {table::kRowKeyColumn});
          scan->range.lower = make.Const(Big(low));
          scan->range.upper = make.Const(Big(high));
          removal->table = table_.get();
          removal->name = "t";
          removal->input = scan;
          node = removal;
          changed.erase(changed.lower_bound(low), changed.upper_bound(high));
          break;
        }
      }
      const base::StatusOr<Table> got = RunIn(*transaction, make.Finish(node));
      ASSERT_TRUE(got.ok()) << base::Describe(got.status());
    }
    if (random() % 3 == 0) {
      ASSERT_TRUE(transactions_->Rollback(*transaction).ok());
    } else {
      ASSERT_TRUE(transactions_->Commit(*transaction).ok());
      model = changed;
    }
    Table expected;
    for (const auto& [id, row] : model) expected.push_back(row);
    ASSERT_EQ(Lines(Everything(), false), Lines(expected, false)) << round;
  }
}

// ---- the short path

TEST_F(TableTest, PointLookupsAgreeOnBothPaths) {
  MustInsert(MakeRows(1, 300));
  for (const int32_t index : {-1, kUniqueOnU}) {
    PlanMaker make;
    const Expression* key = make.Param(0, index == -1 ? Type(TypeId::kInt64) : Type(TypeId::kInt32));
    const auto plan = make.Finish(Lookup(make, index, key));
    ASSERT_TRUE(TakesShortPath(plan->root()));
    std::unique_ptr<PointExecution> point = PointExecution::Create(plan);
    for (int64_t id = -1; id <= 302; ++id) {
      const Row parameters = {id == -1 ? Null(key->type) : index == -1 ? Big(id) : Int(static_cast<int32_t>(2 * id))};
      const base::StatusOr<Table> rows = Run(plan, parameters);
      ASSERT_TRUE(rows.ok()) << base::Describe(rows.status());
      txn::Snapshot snapshot = transactions_->AcquireSnapshot();
      const txn::View view{snapshot.read_ts()};
      runner_.context.view = &view;
      runner_.context.parameters = parameters;
      const base::StatusOr<bool> found = point->Run(runner_.context);
      ASSERT_TRUE(found.ok());
      ASSERT_EQ(*found, id >= 1 && id <= 300);
      ASSERT_EQ(rows->size(), *found ? 1u : 0u);
      if (!*found) continue;
      EXPECT_EQ(Lines(*rows), Lines({MakeRow(id)}));
      EXPECT_EQ(*static_cast<const int64_t*>(point->cells()[kId]), id);
      EXPECT_EQ(point->cells()[kB] == nullptr, id % 3 == 0);
      if (id % 3 == 0) continue;
      EXPECT_EQ(static_cast<const vec::StringView*>(point->cells()[kB])->view(), MakeRow(id)[kB].bytes());
    }
  }
}

TEST_F(TableTest, PointChanges) {
  txn::TransactionPtr transaction = transactions_->Begin();
  const auto run = [&](const std::shared_ptr<const Plan>& plan, const Row& parameters) {
    ASSERT_TRUE(TakesShortPath(plan->root()));
    std::unique_ptr<PointExecution> point = PointExecution::Create(plan);
    ASSERT_TRUE(transactions_->BeginStatement(*transaction).ok());
    const txn::View view = transaction->view();
    runner_.context.view = &view;
    runner_.context.transaction = transaction.get();
    runner_.context.parameters = parameters;
    const base::StatusOr<bool> done = point->Run(runner_.context);
    ASSERT_TRUE(done.ok()) << base::Describe(done.status());
    runner_.changed_rows = point->changed_rows();
  };
  {
    PlanMaker make;
    auto* values = make.plan->New<ValuesNode>();
    const std::vector<Expressions> rows = {make.plan->Copy(std::vector<const Expression*>{
        make.Param(0, TypeId::kInt64), make.Param(1), make.Const(Text("inserted by the short path")), make.Param(2)})};
    values->rows = make.plan->Copy(rows);
    values->types = make.plan->Copy(std::vector<Type>{TypeId::kInt64, TypeId::kInt32, TypeId::kText, TypeId::kInt32});
    const auto plan = make.Finish(Insert(make, values));
    for (int32_t i = 1; i <= 3; ++i) run(plan, {Big(i), Int(i), Int(10 * i)});
  }
  {
    PlanMaker make;
    const Node* lookup = Lookup(make, kUniqueOnU, make.Param(0), {table::kRowKeyColumn});
    const auto plan = make.Finish(Update(make, lookup, {{kA, make.Param(1)}, {kB, make.Const(Null(TypeId::kText))}}));
    run(plan, {Int(20), Int(77)});
    EXPECT_EQ(runner_.changed_rows, 1);
    run(plan, {Int(21), Int(77)});
    EXPECT_EQ(runner_.changed_rows, 0);
  }
  {
    PlanMaker make;
    auto* node = make.plan->New<DeleteNode>();
    node->table = table_.get();
    node->name = "t";
    node->input = Lookup(make, -1, make.Param(0, TypeId::kInt64), {table::kRowKeyColumn});
    run(make.Finish(node), {Big(3)});
    EXPECT_EQ(runner_.changed_rows, 1);
  }
  ASSERT_TRUE(transactions_->Commit(*transaction).ok());
  EXPECT_EQ(Lines(Everything()), Lines({{Big(1), Int(1), Text("inserted by the short path"), Int(10)},
                                        {Big(2), Int(77), Null(TypeId::kText), Int(20)}}));
}

TEST_F(TableTest, PointSelectsAndRescansAllocateNothing) {
  MustInsert(MakeRows(1, 5000));
  PlanMaker make;
  const auto plan = make.Finish(Lookup(make, -1, make.Param(0, TypeId::kInt64)));
  std::unique_ptr<PointExecution> point = PointExecution::Create(plan);
  txn::Snapshot snapshot = transactions_->AcquireSnapshot();
  const txn::View view{snapshot.read_ts()};
  runner_.context.view = &view;
  Row parameters = {Big(1)};
  runner_.context.parameters = parameters;
  int64_t before = 0;
  for (int64_t id = 1; id <= 5000; ++id) {
    if (id == 2501) before = AllocationCount();  // every buffer has grown
    parameters[0] = Big(id);
    const base::StatusOr<bool> found = point->Run(runner_.context);
    ASSERT_TRUE(found.ok() && *found);
  }
  EXPECT_EQ(AllocationCount() - before, 0);

  PlanMaker scan_maker;
  auto scan = Execution::Create(scan_maker.Finish(Scan(scan_maker)), &runner_.budget);
  ASSERT_TRUE(scan.ok());
  for (int round = 0; round < 3; ++round) {
    before = AllocationCount();
    ASSERT_TRUE((*scan)->Start(runner_.context).ok());
    const vec::Chunk* chunk = nullptr;
    while (*(*scan)->Next(&chunk) == Flow::kHaveMore) {
    }
  }
  EXPECT_EQ(AllocationCount() - before, 0);
}

}  // namespace
}  // namespace turdb::exec
