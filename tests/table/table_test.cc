// Tables end to end over the real trees.
#include "table/table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "table/database.h"
#include "table/random_values.h"
#include "vec/vector.h"

namespace turdb::table {
namespace {

using base::Describe;
using base::StatusOr;
using vec::Type;
using vec::TypeId;
using vec::Value;

TableSchema Users() {
  TableSchema schema;
  schema.name = "users";
  schema.columns = {MakeColumn("id", Type::Int32()), MakeColumn("email", Type::Text(), true), MakeColumn("age", Type::Int32()),
                    MakeColumn("note", Type::Text())};
  schema.primary_key = {OnColumn(0)};
  schema.primary_key_name = "users_pkey";
  schema.indexes = {MakeIndex("users_email_key", {OnColumn(1)}, true), MakeIndex("by_age", {OnColumn(2, true)})};
  return schema;
}

Row User(int32_t id, std::string_view email, int32_t age, std::string_view note = "") {
  return {Value::Int32(id), Value::Text(email), Value::Int32(age), Value::Text(note)};
}

std::vector<int32_t> AllColumns(const Table& table) {
  std::vector<int32_t> columns;
  for (size_t i = 0; i < table.schema().columns.size(); ++i) columns.push_back(static_cast<int32_t>(i));
  return columns;
}

class TableTest : public testing::Test {
 protected:
  StatusOr<bool> Insert(const Table& table, txn::Transaction& transaction, const Row& row,
                        OnDuplicate on_duplicate = OnDuplicate::kRaise, KeyBuffer* key = nullptr,
                        Conflict* conflict = nullptr) {
    WriteScratch scratch(table);
    return table.InsertRow(transaction, Cells(row).cells(), on_duplicate, nullptr, scratch, key, conflict);
  }
  void MustInsert(const Table& table, const Row& row) {
    const txn::TransactionPtr transaction = database_.Begin();
    const StatusOr<bool> inserted = Insert(table, *transaction, row);
    ASSERT_TRUE(inserted.ok() && *inserted) << Describe(inserted.status());
    Database::Expect(database_.manager->Commit(*transaction));
  }
  static std::string Key(const Table& table, const Row& key_values) {
    KeyBuffer key;
    EXPECT_TRUE(table.EncodeRowKey(Cells(key_values).cells(), &key));
    return KeyText(key.bytes());
  }
  std::vector<Row> Rows(vec::Chunk& chunk) {
    std::vector<Row> rows;
    for (uint32_t r = 0; r < chunk.size(); ++r) rows.push_back(chunk.GetRow(r));
    return rows;
  }
  std::vector<Row> Scan(const Table& table, const txn::View& view, std::vector<int32_t> columns, bool reverse = false,
                        uint32_t batch = 7) {
    const Projection projection = table.MakeProjection(columns);
    TableScan scan(table, projection, {}, {}, reverse);
    vec::Chunk chunk(projection.types(), 64);
    std::vector<Row> all;
    while (true) {
      const StatusOr<bool> more = scan.Next(view, batch, &chunk);
      EXPECT_TRUE(more.ok()) << Describe(more.status());
      if (!more.ok() || !*more) return all;
      for (Row& row : Rows(chunk)) all.push_back(std::move(row));
    }
  }
  std::vector<Row> ScanIndex(const Table& table, int32_t index, const txn::View& view, std::vector<int32_t> columns,
                             const Table::Range& range = {}, bool reverse = false) {
    KeyBuffer lower, upper;
    std::vector<Row> all;
    if (!table.EncodeRange(index, range, &lower, &upper)) return all;
    const Projection projection = table.MakeProjection(columns);
    auto scan = IndexScan::Open(table, index, projection, lower.bytes(), upper.bytes(), reverse);
    EXPECT_TRUE(scan.ok());
    vec::Chunk chunk(projection.types(), 5);
    while (true) {
      const StatusOr<bool> more = (*scan)->Next(view, 5, &chunk);
      EXPECT_TRUE(more.ok()) << Describe(more.status());
      if (!more.ok() || !*more) return all;
      for (Row& row : Rows(chunk)) all.push_back(std::move(row));
    }
  }
  void CheckTable(const Table& table, const txn::View& view, bool trees) {
    std::vector<std::string> errors;
    Database::Expect(table.Check(view, nullptr, trees, &errors));
    for (const std::string& error : errors) ADD_FAILURE() << error;
  }
  std::string Text(const Row& row) {
    std::string text;
    for (const Value& value : row) text += value.ToString() + "|";
    return text;
  }

  Database database_;
};

TEST_F(TableTest, GetReadsColumnsOfOneRow) {
  const auto table = database_.Create(Users());
  MustInsert(*table, User(7, "a@example.com", 33, std::string(100, 'x')));
  const txn::TransactionPtr transaction = database_.Begin();
  const Projection projection = table->MakeProjection(std::vector<int32_t>{3, 0, kRowIdColumn, 2});
  RowBuffer row;
  StatusOr<bool> found = table->Get(transaction->view(), base::AsBytes(Key(*table, {Value::Int32(7)})), projection, &row);
  ASSERT_TRUE(found.ok() && *found);
  EXPECT_EQ(row[0].text(), std::string(100, 'x'));
  EXPECT_EQ(row[1].Get<int32_t>(), 7);
  EXPECT_EQ(row[2].Get<int64_t>(), 7);
  EXPECT_EQ(row[3].Get<int32_t>(), 33);
  found = table->Get(transaction->view(), base::AsBytes(Key(*table, {Value::Int32(8)})), projection, &row);
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(*found);
}

TEST_F(TableTest, DuplicateKeysNameConstraintAndValue) {
  const auto table = database_.Create(Users());
  MustInsert(*table, User(1, "a", 1));
  const txn::TransactionPtr transaction = database_.Begin();
  absl::Status status = Insert(*table, *transaction, User(1, "b", 2)).status();
  EXPECT_EQ(base::GetSqlState(status), base::sqlstate::kUniqueViolation);
  EXPECT_EQ(status.message(), "duplicate key value violates unique constraint \"users_pkey\": Key (id)=(1) already exists.");
  Database::Expect(database_.manager->Rollback(*transaction));
  const txn::TransactionPtr again = database_.Begin();
  status = Insert(*table, *again, User(2, "a", 2)).status();
  EXPECT_EQ(status.message(),
            "duplicate key value violates unique constraint \"users_email_key\": Key (email)=(a) already exists.");
}

TEST_F(TableTest, NullInANotNullColumnIsRefused) {
  const auto table = database_.Create(Users());
  const txn::TransactionPtr transaction = database_.Begin();
  const Row row = {Value::Int32(1), Value::Null(Type::Text()), Value::Int32(1), Value::Text("")};
  const absl::Status status = Insert(*table, *transaction, row).status();
  EXPECT_EQ(base::GetSqlState(status), base::sqlstate::kNotNullViolation);
  EXPECT_EQ(status.message(), "null value in column \"email\" of relation \"users\" violates not-null constraint");
}

// A row that is skipped leaves nothing behind, in no index, and the conflicting row is named.
TEST_F(TableTest, SkippedRowsTakeThemselvesBack) {
  const auto table = database_.Create(Users());
  MustInsert(*table, User(1, "a", 1));
  txn::TransactionPtr transaction = database_.Begin();
  Conflict conflict;
  StatusOr<bool> inserted = Insert(*table, *transaction, User(2, "a", 2), OnDuplicate::kSkip, nullptr, &conflict);
  ASSERT_TRUE(inserted.ok()) << Describe(inserted.status());
  EXPECT_FALSE(*inserted);
  EXPECT_EQ(conflict.index, 0);
  EXPECT_EQ(KeyText(conflict.row_key.bytes()), Key(*table, {Value::Int32(1)}));
  inserted = Insert(*table, *transaction, User(1, "z", 2), OnDuplicate::kSkip, nullptr, &conflict);
  EXPECT_FALSE(*inserted);
  EXPECT_EQ(conflict.index, -1);
  Database::Expect(database_.manager->Commit(*transaction));
  transaction = database_.Begin();
  EXPECT_EQ(Scan(*table, transaction->view(), {0}).size(), 1u);
  CheckTable(*table, transaction->view(), true);
}

// NULLs are distinct in a unique index, unless it says otherwise.
TEST_F(TableTest, UniqueIndexesAndNulls) {
  TableSchema schema = Users();
  schema.columns[1].not_null = false;
  schema.indexes[1] = MakeIndex("age_key", {OnColumn(2)}, true);
  schema.indexes[1].nulls_not_distinct = true;
  const auto table = database_.Create(schema);
  const auto row = [](int32_t id, int32_t age) {
    return Row{Value::Int32(id), Value::Null(Type::Text()), age < 0 ? Value::Null(Type::Int32()) : Value::Int32(age),
               Value::Text("")};
  };
  MustInsert(*table, row(1, 1));
  MustInsert(*table, row(2, -1));
  const txn::TransactionPtr transaction = database_.Begin();
  CheckTable(*table, transaction->view(), false);
  EXPECT_EQ(base::GetSqlState(Insert(*table, *transaction, row(3, -1)).status()), base::sqlstate::kUniqueViolation);
}

TEST_F(TableTest, NumbersAreGivenToNullKeys) {
  const auto table = database_.Create(Users());
  const auto unnumbered = [](std::string_view email) {
    return Row{Value::Null(Type::Int32()), Value::Text(email), Value::Int32(0), Value::Text("")};
  };
  txn::TransactionPtr transaction = database_.Begin();
  KeyBuffer key;
  ASSERT_TRUE(Insert(*table, *transaction, unnumbered("a"), OnDuplicate::kRaise, &key).ok());
  EXPECT_EQ(KeyText(key.bytes()), Key(*table, {Value::Int32(1)}));
  EXPECT_EQ(table->last_identity(), 1);
  ASSERT_TRUE(Insert(*table, *transaction, User(41, "b", 0)).ok());
  ASSERT_TRUE(Insert(*table, *transaction, unnumbered("c"), OnDuplicate::kRaise, &key).ok());
  EXPECT_EQ(KeyText(key.bytes()), Key(*table, {Value::Int32(42)}));
  Database::Expect(database_.manager->Commit(*transaction));
  transaction.reset();
  // After reopening, counting goes on behind the greatest key.
  const TableSchema schema = table->schema();
  database_.Reopen();
  const auto reopened = database_.OpenTable(schema);
  transaction = database_.Begin();
  ASSERT_TRUE(Insert(*reopened, *transaction, unnumbered("d"), OnDuplicate::kRaise, &key).ok());
  EXPECT_EQ(KeyText(key.bytes()), Key(*reopened, {Value::Int32(43)}));
}

// AUTOINCREMENT never gives a number twice, even when the row is gone and the database was closed in between.
TEST_F(TableTest, AutoincrementNeverReusesNumbers) {
  TableSchema schema = Users();
  schema.autoincrement = true;
  auto table = database_.Create(schema);
  const Row row = {Value::Null(Type::Int32()), Value::Text("a"), Value::Int32(0), Value::Text("")};
  txn::TransactionPtr transaction = database_.Begin();
  KeyBuffer key;
  ASSERT_TRUE(Insert(*table, *transaction, row, OnDuplicate::kRaise, &key).ok());
  const int64_t first = DecodeInt64Key(key.bytes().data());
  WriteScratch scratch(*table);
  ASSERT_TRUE(*table->DeleteRow(*transaction, key.bytes(), nullptr, scratch));
  Database::Expect(database_.manager->Commit(*transaction));
  transaction.reset();
  schema = table->schema();
  database_.Reopen();
  table = database_.OpenTable(schema);
  transaction = database_.Begin();
  ASSERT_TRUE(Insert(*table, *transaction, row, OnDuplicate::kRaise, &key).ok());
  EXPECT_GT(DecodeInt64Key(key.bytes().data()), first);
}

TEST_F(TableTest, HiddenRowidsNumberRowsWithoutAKey) {
  TableSchema schema;
  schema.name = "plain";
  schema.columns = {MakeColumn("a", Type::Text())};
  const auto table = database_.Create(schema);
  MustInsert(*table, {Value::Text("x")});
  MustInsert(*table, {Value::Text("x")});
  const txn::TransactionPtr transaction = database_.Begin();
  const std::vector<Row> rows = Scan(*table, transaction->view(), {kRowIdColumn, 0, kRowKeyColumn});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0][0].AsInt64(), 1);
  EXPECT_EQ(rows[1][0].AsInt64(), 2);
  EXPECT_EQ(rows[1][2].bytes(), Key(*table, {Value::Int64(2)}));
}

// Changing values moves index entries; a changed primary key moves the row.
TEST_F(TableTest, UpdatesKeepIndexesInStep) {
  const auto table = database_.Create(Users());
  for (int32_t i = 1; i <= 5; ++i) MustInsert(*table, User(i, "e" + std::to_string(i), i * 10));
  txn::TransactionPtr transaction = database_.Begin();
  WriteScratch scratch(*table);
  const auto update = [&](int32_t id, std::vector<int32_t> columns, const Row& values) {
    return table->UpdateRow(*transaction, base::AsBytes(Key(*table, {Value::Int32(id)})), columns, Cells(values).cells(),
                            nullptr, scratch);
  };
  ASSERT_TRUE(*update(1, {2}, {Value::Int32(77)}));
  ASSERT_TRUE(*update(2, {0, 1}, {Value::Int32(20), Value::Text("e20")}));
  ASSERT_TRUE(*update(3, {0}, {Value::Int32(3)}));
  EXPECT_FALSE(*update(99, {2}, {Value::Int32(1)}));
  EXPECT_EQ(base::GetSqlState(update(4, {1}, {Value::Null(Type::Text())}).status()), base::sqlstate::kNotNullViolation);
  Database::Expect(database_.manager->Commit(*transaction));
  transaction = database_.Begin();
  CheckTable(*table, transaction->view(), true);
  std::vector<std::string> rows;
  for (const Row& row : Scan(*table, transaction->view(), {0, 1, 2})) rows.push_back(Text(row));
  EXPECT_EQ(rows, (std::vector<std::string>{"1|e1|77|", "3|e3|30|", "4|e4|40|", "5|e5|50|", "20|e20|20|"}));
  // Descending index: the greatest first.
  std::vector<std::string> ages;
  for (const Row& row : ScanIndex(*table, 1, transaction->view(), {2, 0})) ages.push_back(Text(row));
  EXPECT_EQ(ages, (std::vector<std::string>{"77|1|", "50|5|", "40|4|", "30|3|", "20|20|"}));
}

class OneBatch : public UpdateBatches {
 public:
  explicit OneBatch(UpdateBatch batch) : batch_(batch) {}
  base::Status Rewind() override {
    given_ = false;
    return absl::OkStatus();
  }
  StatusOr<bool> Next(UpdateBatch* batch) override {
    *batch = batch_;
    return !std::exchange(given_, true);
  }

 private:
  UpdateBatch batch_;
  bool given_ = false;
};

// UPDATE t SET unique = unique + 1 meets no conflict with rows of its own (query rule 13).
TEST_F(TableTest, UniqueValuesMayMoveAlong) {
  TableSchema schema = Users();
  schema.indexes.push_back(MakeIndex("note_key", {OnColumn(3)}, true));
  const auto table = database_.Create(schema);
  for (int32_t i = 1; i <= 4; ++i) MustInsert(*table, User(i, "e" + std::to_string(i), 0, std::to_string(i)));
  for (const int32_t column : {3, 0}) {
    txn::TransactionPtr transaction = database_.Begin();
    const Type type = column == 3 ? Type::Text() : Type::Int32();
    EXPECT_TRUE(table->UpdateNeedsAllRows(std::vector<int32_t>{column}));
    vec::Vector keys(Type::Blob(), 4);
    vec::Chunk values(std::vector<Type>{type}, 4);
    for (int32_t i = 1; i <= 4; ++i) {
      const size_t row = static_cast<size_t>(i - 1);
      keys.SetString(row, Key(*table, {Value::Int32(i)}));
      values.column(0).SetValue(row, column == 3 ? Value::Text(std::to_string(i + 1)) : Value::Int32(i + 1));
    }
    values.set_size(4);
    OneBatch batches({&keys, &values});
    WriteScratch scratch(*table);
    const StatusOr<int64_t> changed = table->UpdateRows(*transaction, batches, std::vector<int32_t>{column}, nullptr, scratch);
    ASSERT_TRUE(changed.ok()) << Describe(changed.status());
    EXPECT_EQ(*changed, 4);
    Database::Expect(table->FinishRows(*transaction, scratch));
    Database::Expect(database_.manager->Commit(*transaction));
    transaction = database_.Begin();
    CheckTable(*table, transaction->view(), false);
  }
  const txn::TransactionPtr transaction = database_.Begin();
  std::vector<std::string> rows;
  for (const Row& row : Scan(*table, transaction->view(), {0, 3})) rows.push_back(Text(row));
  EXPECT_EQ(rows, (std::vector<std::string>{"2|2|", "3|3|", "4|4|", "5|5|"}));
}

// Values of every size come back, from overflow chains too, and a whole row may be too long for a page.
TEST_F(TableTest, LongValuesAndLongRows) {
  TableSchema schema;
  schema.name = "wide";
  schema.columns = {MakeColumn("id", Type::Int64())};
  for (int i = 0; i < 700; ++i) schema.columns.push_back(MakeColumn("c" + std::to_string(i), Type::Text()));
  schema.primary_key = {OnColumn(0)};
  schema.indexes = {MakeIndex("by_c1", {OnColumn(2)})};
  const auto table = database_.Create(schema);
  std::vector<Row> expected;
  for (const size_t length : {0u, 1u, 30u, 60u, 3999u, 4000u, 4001u, 70000u}) {
    Row row = {Value::Int64(static_cast<int64_t>(expected.size()))};
    for (size_t i = 0; i < 700; ++i) {
      const bool filled = length <= 60 || i % 100 == 0;
      row.push_back(i == 5 ? Value::Null(Type::Text()) : Value::Text(std::string(filled ? length : i % 3, 'a')));
    }
    MustInsert(*table, row);
    expected.push_back(std::move(row));
  }
  const txn::TransactionPtr transaction = database_.Begin();
  const std::vector<Row> rows = Scan(*table, transaction->view(), AllColumns(*table));
  ASSERT_EQ(rows.size(), expected.size());
  const Projection projection = table->MakeProjection(AllColumns(*table));
  RowBuffer buffer;
  for (size_t r = 0; r < rows.size(); ++r) {
    ASSERT_TRUE(*table->Get(transaction->view(), base::AsBytes(Key(*table, {expected[r][0]})), projection, &buffer));
    for (size_t c = 0; c < rows[r].size(); ++c) {
      ASSERT_TRUE(rows[r][c].Identical(expected[r][c])) << r << " " << c;
      ASSERT_EQ(buffer[c].is_null, expected[r][c].is_null());
      if (c > 0 && !buffer[c].is_null) {
        ASSERT_EQ(buffer[c].text(), expected[r][c].bytes());
      }
    }
  }
  CheckTable(*table, transaction->view(), true);
  // Updates of long rows go through copies; deletes free the chains.
  WriteScratch scratch(*table);
  for (size_t r = 0; r < rows.size(); ++r) {
    const std::string key = Key(*table, {expected[r][0]});
    const Row values = {Value::Text("short"), Value::Text(std::string(9000, 'z'))};
    ASSERT_TRUE(*table->UpdateRow(*transaction, base::AsBytes(key), std::vector<int32_t>{2, 101}, Cells(values).cells(),
                                  nullptr, scratch));
  }
  Database::Expect(database_.manager->Commit(*transaction));
  const txn::TransactionPtr after = database_.Begin();
  const std::vector<Row> changed = Scan(*table, after->view(), {2, 101, 201});
  for (size_t r = 0; r < changed.size(); ++r) {
    EXPECT_EQ(changed[r][0].bytes(), "short");
    EXPECT_EQ(changed[r][1].bytes(), std::string(9000, 'z'));
    EXPECT_TRUE(changed[r][2].Identical(expected[r][201]));
  }
  EXPECT_EQ(ScanIndex(*table, 0, after->view(), {2}).size(), rows.size());
  for (size_t r = 0; r < rows.size(); ++r) {
    ASSERT_TRUE(*table->DeleteRow(*after, base::AsBytes(Key(*table, {expected[r][0]})), nullptr, scratch));
  }
  Database::Expect(database_.manager->Commit(*after));
  const txn::TransactionPtr last = database_.Begin();
  CheckTable(*table, last->view(), true);
}

// Rows of every schema version read under the newest one, one at a time and in batches.
TEST_F(TableTest, OldRowsReadUnderNewSchemas) {
  TableSchema schema = Users();
  schema.indexes.clear();
  auto table = database_.Create(schema);
  schema = table->schema();
  MustInsert(*table, User(1, "a", 10, "n"));
  // Version 2: a column more, with a default.
  schema.row_version = 2;
  StoredColumn stored;
  stored.type = Type::Text();
  stored.first_version = 2;
  stored.missing = Value::Text("a default that is long");
  schema.stored.push_back(stored);
  Column added = MakeColumn("added", Type::Text());
  added.stored = static_cast<int32_t>(schema.stored.size()) - 1;
  schema.columns.push_back(added);
  table = database_.OpenTable(schema);
  Row two = User(2, "b", 20, "m");
  two.push_back(Value::Null(Type::Text()));
  MustInsert(*table, two);
  // Version 3: without age.
  schema.row_version = 3;
  schema.stored[static_cast<size_t>(schema.columns[2].stored)].last_version = 2;
  schema.columns.erase(schema.columns.begin() + 2);
  table = database_.OpenTable(schema);
  MustInsert(*table, {Value::Int32(3), Value::Text("c"), Value::Text("l"), Value::Text("given")});
  const txn::TransactionPtr transaction = database_.Begin();
  std::vector<std::string> rows;
  for (const Row& row : Scan(*table, transaction->view(), {0, 1, 2, 3})) rows.push_back(Text(row));
  EXPECT_EQ(rows, (std::vector<std::string>{"1|a|n|a default that is long|", "2|b|m|NULL|", "3|c|l|given|"}));
  // An update writes the newest version.
  WriteScratch scratch(*table);
  ASSERT_TRUE(*table->UpdateRow(*transaction, base::AsBytes(Key(*table, {Value::Int32(1)})), std::vector<int32_t>{1},
                                Cells({Value::Text("aa")}).cells(), nullptr, scratch));
  const Projection projection = table->MakeProjection(std::vector<int32_t>{1, 3});
  RowBuffer buffer;
  ASSERT_TRUE(
      *table->Get(transaction->view_with_own_changes(), base::AsBytes(Key(*table, {Value::Int32(1)})), projection, &buffer));
  EXPECT_EQ(buffer[0].text(), "aa");
  EXPECT_EQ(buffer[1].text(), "a default that is long");
}

TEST_F(TableTest, RangesFollowSql) {
  TableSchema schema = Users();
  schema.indexes = {MakeIndex("by_age_note", {OnColumn(2), OnColumn(3)}), MakeIndex("by_age_down", {OnColumn(2, true)})};
  const auto table = database_.Create(schema);
  for (int32_t i = 1; i <= 9; ++i)
    MustInsert(*table, User(i, std::to_string(i), i / 3, std::string(1, static_cast<char>('a' + i))));
  Row null_age = User(10, "10", 0);
  null_age[2] = Value::Null(Type::Int32());
  MustInsert(*table, null_age);
  const txn::TransactionPtr transaction = database_.Begin();
  const auto ids = [&](int32_t index, const Table::Range& range, bool reverse = false) {
    std::string text;
    for (const Row& row : ScanIndex(*table, index, transaction->view(), {0}, range, reverse)) text += row[0].ToString() + " ";
    return text;
  };
  const int32_t one = 1, two = 2;
  const Cell one_cell = &one;
  const Cell null_cell = nullptr;
  const vec::StringView d("d", 1);
  EXPECT_EQ(ids(0, {}), "1 2 3 4 5 6 7 8 9 10 ");
  EXPECT_EQ(ids(0, {}, true), "10 9 8 7 6 5 4 3 2 1 ");
  EXPECT_EQ(ids(0, {.equal = std::span(&one_cell, 1)}), "3 4 5 ");
  EXPECT_EQ(ids(0, {.equal = std::span(&null_cell, 1)}), "");
  EXPECT_EQ(ids(0, {.equal = std::span(&one_cell, 1), .lower = &d, .lower_inclusive = false}), "4 5 ");
  EXPECT_EQ(ids(0, {.equal = std::span(&one_cell, 1), .upper = &d}), "3 ");
  EXPECT_EQ(ids(0, {.lower = &two}), "6 7 8 9 ");
  EXPECT_EQ(ids(0, {.lower = &one, .upper = &two, .lower_inclusive = false, .upper_inclusive = false}), "");
  EXPECT_EQ(ids(1, {.upper = &one}), "3 4 5 1 2 ");
  EXPECT_EQ(ids(1, {.lower = &two, .lower_inclusive = false}), "9 ");
  EXPECT_EQ(ids(1, {.lower = &one, .upper = &two, .upper_inclusive = false}), "3 4 5 ");
}

TEST_F(TableTest, BuildsIndexesOverRowsThatAreThere) {
  TableSchema schema = Users();
  schema.indexes.clear();
  auto table = database_.Create(schema);
  schema = table->schema();
  for (int32_t i = 1; i <= 300; ++i) MustInsert(*table, User(i * 7 % 307, std::to_string(i % 299), i % 10));
  schema.indexes = {MakeIndex("by_age", {OnColumn(2)}), MakeIndex("email_key", {OnColumn(1)}, true)};
  for (IndexSchema& index : schema.indexes) database_.Number(schema, index);
  table = database_.OpenTable(schema);
  txn::TransactionPtr transaction = database_.Begin();
  Database::Expect(database_.store->BuildIndex(*transaction, *table, 0, nullptr));
  const absl::Status status = database_.store->BuildIndex(*transaction, *table, 1, nullptr);
  EXPECT_EQ(base::GetSqlState(status), base::sqlstate::kUniqueViolation);
  EXPECT_EQ(status.message(), "could not create unique index \"email_key\": Key (email)=(1) is duplicated.");
  schema.indexes.pop_back();
  table = database_.OpenTable(schema);
  Database::Expect(database_.manager->Commit(*transaction));
  transaction = database_.Begin();
  CheckTable(*table, transaction->view(), true);
  EXPECT_EQ(ScanIndex(*table, 0, transaction->view(), {2}).size(), 300u);
}

}  // namespace
}  // namespace turdb::table
