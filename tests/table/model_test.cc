// Random work on tables of each key form against a model that is a map: inserts, updates, deletes, unique
// violations, failed statements, savepoints, rollbacks; and old snapshots, read through the table and through
// every index, both ways.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>

#include "table/database.h"
#include "table/random_values.h"

namespace turdb::table {
namespace {

using base::Describe;
using base::StatusOr;
using vec::Type;
using vec::Value;

using Rows = std::map<std::string, Row>;  // by row key

struct Form {
  const char* name;
  KeyForm form;
};

constexpr int32_t kKey = 0, kUnique = 1, kText = 2, kNumber = 3, kBlob = 4;
const std::vector<int32_t> kAll = {kKey, kUnique, kText, kNumber, kBlob};

class ModelTest : public testing::TestWithParam<Form> {
 protected:
  void SetUp() override {
    TableSchema schema;
    schema.name = "t";
    const bool encoded = GetParam().form == KeyForm::kEncoded;
    schema.columns = {MakeColumn("k", encoded ? Type::Text() : Type::Int32(), true), MakeColumn("u", Type::Int64()),
                      MakeColumn("s", Type::Text()), MakeColumn("n", Type::Double(), true), MakeColumn("b", Type::Blob())};
    if (encoded) schema.primary_key = {OnColumn(kKey), OnColumn(kNumber, true)};
    if (GetParam().form == KeyForm::kInteger) schema.primary_key = {OnColumn(kKey)};
    schema.primary_key_name = "t_pkey";
    schema.indexes = {MakeIndex("t_u_key", {OnColumn(kUnique)}, true), MakeIndex("t_s_idx", {OnColumn(kText, true)}),
                      MakeIndex("t_nu_idx", {OnColumn(kNumber), OnColumn(kUnique)})};
    table_ = database_.Create(schema);
    scratch_.emplace(*table_);
  }

  Value RandomCell(int32_t column) {
    const bool null = random_() % 5 == 0;
    switch (column) {
      case kKey:
        if (GetParam().form == KeyForm::kEncoded) return Value::Text(RandomValue(Type::Text(), random_).bytes());
        return Value::Int32(static_cast<int32_t>(random_() % 300));
      case kUnique:
        return null ? Value::Null(Type::Int64()) : Value::Int64(static_cast<int64_t>(random_() % 400));
      case kText:
        return null ? Value::Null(Type::Text())
                    : Value::Text(std::string(random_() % 30, static_cast<char>('a' + random_() % 3)));
      case kNumber:
        return Value::Double(static_cast<double>(random_() % 8));
      default:
        return null ? Value::Null(Type::Blob()) : Value::Blob(std::string(random_() % 20 == 0 ? 5000 : 3, 'x'));
    }
  }
  Row RandomRow() {
    Row row;
    for (const int32_t column : kAll) row.push_back(RandomCell(column));
    return row;
  }
  std::string KeyOf(const Row& row) {
    KeyBuffer key;
    Row values;
    for (const IndexPart& part : table_->schema().primary_key) values.push_back(row[static_cast<size_t>(part.column)]);
    EXPECT_TRUE(table_->EncodeRowKey(Cells(values).cells(), &key));
    return KeyText(key.bytes());
  }
  static bool Violates(const Rows& rows, const Row& row, const std::string& except) {
    if (row[kUnique].is_null()) return false;
    return std::any_of(rows.begin(), rows.end(), [&](const auto& other) {
      return other.first != except && other.second[kUnique].Identical(row[kUnique]);
    });
  }

  // One random change of `mine` and the table alike. False: the statement failed, as it had to.
  bool ChangeOne(txn::Transaction& transaction, Rows& mine) {
    const bool has_key = GetParam().form != KeyForm::kRowId;
    const uint64_t dice = random_() % 10;
    if (dice < 4 || mine.empty()) {
      const Row row = RandomRow();
      const bool duplicate = Violates(mine, row, "") || (has_key && mine.contains(KeyOf(row)));
      const bool skip = random_() % 2 == 0;
      KeyBuffer key;
      const StatusOr<bool> inserted = table_->InsertRow(
          transaction, Cells(row).cells(), skip ? OnDuplicate::kSkip : OnDuplicate::kRaise, nullptr, *scratch_, &key);
      if (duplicate && !skip) {
        EXPECT_EQ(base::GetSqlState(inserted.status()), base::sqlstate::kUniqueViolation) << Describe(inserted.status());
        return false;
      }
      EXPECT_TRUE(inserted.ok()) << Describe(inserted.status());
      EXPECT_EQ(*inserted, !duplicate);
      if (*inserted) mine[KeyText(key.bytes())] = row;
      return true;
    }
    auto chosen = std::next(mine.begin(), static_cast<std::ptrdiff_t>(Below(mine.size(), random_)));
    const std::string key = chosen->first;
    if (dice < 7) {
      const StatusOr<bool> deleted = table_->DeleteRow(transaction, base::AsBytes(key), nullptr, *scratch_);
      EXPECT_TRUE(deleted.ok() && *deleted) << Describe(deleted.status());
      mine.erase(chosen);
      return true;
    }
    Row row = chosen->second;
    std::vector<int32_t> columns;
    Row values;
    for (const int32_t column : kAll) {
      if (random_() % (column == kKey ? 6 : 2) != 0) continue;
      columns.push_back(column);
      values.push_back(RandomCell(column));
      row[static_cast<size_t>(column)] = values.back();
    }
    const std::string new_key = has_key ? KeyOf(row) : key;
    const bool duplicate = Violates(mine, row, key) || (new_key != key && mine.contains(new_key));
    const StatusOr<bool> updated =
        table_->UpdateRow(transaction, base::AsBytes(key), columns, Cells(values).cells(), nullptr, *scratch_);
    if (duplicate) {
      EXPECT_EQ(base::GetSqlState(updated.status()), base::sqlstate::kUniqueViolation) << Describe(updated.status());
      return false;
    }
    EXPECT_TRUE(updated.ok() && *updated) << Describe(updated.status());
    mine.erase(key);
    mine[new_key] = row;
    return true;
  }

  static std::string Text(const Row& row) {
    std::string text;
    for (const Value& value : row) text += value.ToSqlLiteral() + "|";
    return text;
  }
  std::vector<std::string> Drain(absl::FunctionRef<StatusOr<bool>(vec::Chunk*)> next, const Projection& projection) {
    vec::Chunk chunk(projection.types(), 64);
    std::vector<std::string> rows;
    while (true) {
      const StatusOr<bool> more = next(&chunk);
      EXPECT_TRUE(more.ok()) << Describe(more.status());
      if (!more.ok() || !*more) return rows;
      for (uint32_t r = 0; r < chunk.size(); ++r) rows.push_back(Text(chunk.GetRow(r)));
    }
  }

  // What the view sees, through the table and each index, forward and backward, is `expected`.
  void Compare(const txn::View& view, const Rows& expected) {
    const uint32_t batch = 1 + static_cast<uint32_t>(Below(63, random_));
    const bool reverse = random_() % 2 == 0;
    const Projection projection = table_->MakeProjection(kAll);
    std::vector<std::string> rows;
    for (const auto& [key, row] : expected) rows.push_back(Text(row));
    if (reverse) std::reverse(rows.begin(), rows.end());
    TableScan scan(*table_, projection, {}, {}, reverse);
    EXPECT_EQ(Drain([&](vec::Chunk* chunk) { return scan.Next(view, batch, chunk); }, projection), rows);
    const std::vector<std::vector<int32_t>> index_columns = {{kUnique}, {kText}, {kNumber, kUnique}};
    for (int32_t index = 0; index < 3; ++index) {
      const size_t at = static_cast<size_t>(index);
      // In the index's order, by its own encoding of the model's rows.
      std::vector<std::pair<std::string, std::string>> ordered;
      std::vector<int32_t> narrow = index_columns[at];
      std::vector<std::string> narrow_rows;
      for (const auto& [key, row] : expected) {
        KeyBuffer entry;
        for (size_t i = 0; i < index_columns[at].size(); ++i) {
          Database::Expect(AppendKeyPart(table_->key_parts(index)[i], row[static_cast<size_t>(index_columns[at][i])], &entry));
        }
        ordered.push_back({KeyText(entry.bytes()) + key, Text(row)});
      }
      std::sort(ordered.begin(), ordered.end());
      if (reverse) std::reverse(ordered.begin(), ordered.end());
      rows.clear();
      for (const auto& [key, row] : ordered) rows.push_back(row);
      auto fetching = IndexScan::Open(*table_, index, projection, {}, {}, reverse);
      EXPECT_EQ(Drain([&](vec::Chunk* chunk) { return (*fetching)->Next(view, batch, chunk); }, projection), rows);
      // Index-only, where that is possible, gives the same as the rows do.
      narrow.push_back(kRowKeyColumn);
      const Projection narrow_projection = table_->MakeProjection(narrow);
      EXPECT_EQ(IndexScan::IsIndexOnly(table_->schema(), index, narrow), index != 2);
      auto only = IndexScan::Open(*table_, index, narrow_projection, {}, {}, reverse);
      EXPECT_EQ(Drain([&](vec::Chunk* chunk) { return (*only)->Next(view, batch, chunk); }, narrow_projection).size(),
                rows.size());
    }
    // Point reads.
    for (int i = 0; i < 5 && !expected.empty(); ++i) {
      const auto& [key, row] = *std::next(expected.begin(), static_cast<std::ptrdiff_t>(Below(expected.size(), random_)));
      RowBuffer buffer;
      EXPECT_TRUE(*table_->Get(view, base::AsBytes(key), projection, &buffer));
      if (row[kUnique].is_null()) continue;
      KeyBuffer index_key, row_key;
      ASSERT_TRUE(table_->EncodeIndexKey(0, Cells({row[kUnique]}).cells(), &index_key));
      EXPECT_TRUE(*table_->FindUnique(view, 0, index_key.bytes(), &row_key));
      EXPECT_EQ(KeyText(row_key.bytes()), key);
    }
  }

  Database database_;
  std::shared_ptr<Table> table_;
  std::optional<WriteScratch> scratch_;
  Random random_{11};
};

TEST_P(ModelTest, RandomWorkAgreesWithAModel) {
  struct Old {
    txn::Snapshot snapshot;
    Rows rows;
  };
  std::deque<Old> old;
  Rows committed;
  for (int round = 0; round < 100 && !HasFailure(); ++round) {
    Rows mine = committed;
    const txn::TransactionPtr transaction = database_.manager->Begin();
    std::optional<std::pair<txn::Savepoint, Rows>> savepoint;
    for (int statement = 0; statement < 4; ++statement) {
      const StatusOr<txn::Savepoint> begun = database_.manager->BeginStatement(*transaction);
      ASSERT_TRUE(begun.ok());
      // The view of a statement is what was there before it.
      if (statement == 2) Compare(transaction->view(), mine);
      Rows before = mine;
      for (int change = 0; change < 8; ++change) {
        if (ChangeOne(*transaction, mine)) continue;
        Database::Expect(database_.manager->RollbackTo(*transaction, *begun));
        mine = before;
        break;
      }
      if (random_() % 4 == 0) savepoint.emplace(database_.manager->MakeSavepoint(*transaction), mine);
      if (savepoint.has_value() && random_() % 6 == 0) {
        Database::Expect(database_.manager->RollbackTo(*transaction, savepoint->first));
        mine = savepoint->second;
      }
    }
    if (random_() % 4 == 0) {
      Database::Expect(database_.manager->Rollback(*transaction));
    } else {
      Database::Expect(database_.manager->Commit(*transaction));
      committed = std::move(mine);
    }
    if (round % 9 == 0) old.push_back({database_.manager->AcquireSnapshot(), committed});
    if (old.size() > 4) old.erase(old.begin() + static_cast<std::ptrdiff_t>(Below(old.size(), random_)));
    if (round % 5 == 0) {
      for (const Old& snapshot : old) Compare(txn::View{snapshot.snapshot.read_ts()}, snapshot.rows);
    }
  }
  old.clear();
  const txn::Snapshot now = database_.manager->AcquireSnapshot();
  Compare(txn::View{now.read_ts()}, committed);
  std::vector<std::string> errors;
  Database::Expect(table_->Check(txn::View{now.read_ts()}, nullptr, true, &errors));
  EXPECT_TRUE(errors.empty()) << errors[0];
}

INSTANTIATE_TEST_SUITE_P(KeyForms, ModelTest,
                         testing::Values(Form{"RowId", KeyForm::kRowId}, Form{"Integer", KeyForm::kInteger},
                                         Form{"Encoded", KeyForm::kEncoded}),
                         [](const auto& info) { return info.param.name; });

// What Check is for: a missing entry, one too many, and a wrong value are each found.
TEST(TableCheck, FindsWhatDoesNotMatch) {
  Database database;
  TableSchema schema;
  schema.name = "t";
  schema.columns = {MakeColumn("k", Type::Int64()), MakeColumn("u", Type::Int64())};
  schema.primary_key = {OnColumn(0)};
  schema.indexes = {MakeIndex("u_key", {OnColumn(1)}, true), MakeIndex("u_idx", {OnColumn(1)})};
  const auto table = database.Create(schema);
  WriteScratch scratch(*table);
  txn::TransactionPtr transaction = database.Begin();
  for (int64_t i = 1; i <= 3; ++i) {
    const Row row = {Value::Int64(i), Value::Int64(i)};
    ASSERT_TRUE(table->InsertRow(*transaction, Cells(row).cells(), OnDuplicate::kRaise, nullptr, scratch).ok());
  }
  const auto entry = [&](int32_t index, int64_t value) {
    KeyBuffer key;
    Database::Expect(AppendKeyPart(table->key_parts(index)[0], Value::Int64(value), &key));
    return KeyText(key.bytes());
  };
  btree::Tree& unique = **table->IndexTree(0);
  btree::Tree& plain = **table->IndexTree(1);
  ASSERT_TRUE(*unique.Delete(*transaction, base::AsBytes(entry(0, 1)), [](base::Bytes) {}));
  ASSERT_TRUE(*unique.Update(*transaction, base::AsBytes(entry(0, 2)), [](base::Bytes, std::string* out) -> StatusOr<bool> {
    out->assign(8, 'x');
    return true;
  }));
  ASSERT_TRUE(plain.Insert(*transaction, base::AsBytes(entry(1, 9)), {}).ok());
  std::vector<std::string> errors;
  Database::Expect(table->Check(transaction->view_with_own_changes(), nullptr, false, &errors));
  EXPECT_EQ(errors, (std::vector<std::string>{
                        "index u_key of root.t has no entry for row 1", "index u_key of root.t has a wrong entry for row 2",
                        "index u_key of root.t has 2 entries for 3 rows", "index u_idx of root.t has 4 entries for 3 rows"}));
}

}  // namespace
}  // namespace turdb::table
