// Estimates against what is really there, and the bytes that keep them.
#include "table/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "table/database.h"

namespace turdb::table {
namespace {

using vec::Type;
using vec::Value;

std::string KeyOf(int32_t value) { return *StatisticsKey(Type::Int32(), Value::Int32(value)); }

class StatisticsTest : public testing::Test {
 protected:
  // id; k: i % 10; n: NULL for every fourth, else i / 2; s: ten texts, the first of them half of all.
  TableStatistics Sampled(int32_t rows, size_t sample) {
    TableSchema schema;
    schema.name = "t";
    schema.columns = {MakeColumn("id", Type::Int64(), true), MakeColumn("k", Type::Int32()), MakeColumn("n", Type::Int32()),
                      MakeColumn("s", Type::Text())};
    schema.primary_key = {OnColumn(0)};
    const std::shared_ptr<Table> table = database_.Create(std::move(schema));
    const txn::TransactionPtr transaction = database_.Begin();
    WriteScratch scratch(*table);
    for (int32_t i = 0; i < rows; ++i) {
      const std::string text = i % 2 == 0 ? "common" : "text " + std::to_string(i % 18);
      const Row row = {Value::Int64(i), Value::Int32(i % 10), i % 4 == 0 ? Value::Null(Type::Int32()) : Value::Int32(i / 2),
                       Value::Text(text)};
      EXPECT_TRUE(table->InsertRow(*transaction, Cells(row).cells(), OnDuplicate::kRaise, nullptr, scratch).ok());
    }
    Database::Expect(database_.manager->Commit(*transaction));
    const txn::TransactionPtr reading = database_.Begin();
    base::StatusOr<TableStatistics> found = SampleTable(*table, reading->view(), sample, nullptr);
    EXPECT_TRUE(found.ok()) << base::Describe(found.status());
    Database::Expect(database_.manager->Rollback(*reading));
    return *std::move(found);
  }
  Database database_;
};

void ExpectLikely(const TableStatistics& found, double rows) {
  EXPECT_NEAR(found.rows, rows, rows * 0.01);
  const ColumnStatistics* const id = found.Find("id", Type::Int64());
  ASSERT_NE(id, nullptr);
  EXPECT_NEAR(id->distinct, rows, rows * 0.1);
  const ColumnStatistics* const k = found.Find("k", Type::Int32());
  ASSERT_NE(k, nullptr);
  EXPECT_EQ(k->distinct, 10);
  EXPECT_NEAR(k->Equal(KeyOf(3)), 0.1, 0.03);
  EXPECT_EQ(k->Equal(KeyOf(11)), 0);
  EXPECT_NEAR(k->Below(KeyOf(5), false), 0.5, 0.05);
  EXPECT_NEAR(k->Below(KeyOf(5), true), 0.6, 0.05);
  const ColumnStatistics* const n = found.Find("n", Type::Int32());
  ASSERT_NE(n, nullptr);
  EXPECT_NEAR(n->nulls, 0.25, 0.05);
  EXPECT_NEAR(n->Below(KeyOf(static_cast<int32_t>(rows / 4)), false), 0.375, 0.05);
  const ColumnStatistics* const s = found.Find("s", Type::Text());
  ASSERT_NE(s, nullptr);
  EXPECT_NEAR(s->Equal(*StatisticsKey(Type::Text(), Value::Text("common"))), 0.5, 0.05);
  EXPECT_EQ(found.Find("s", Type::Int32()), nullptr);
  EXPECT_EQ(found.Find("nothing", Type::Int32()), nullptr);
}

TEST_F(StatisticsTest, WholeTable) { ExpectLikely(Sampled(2000, 5000), 2000); }
TEST_F(StatisticsTest, SomeOfManyRows) { ExpectLikely(Sampled(60'000, 2000), 60'000); }

TEST_F(StatisticsTest, EmptyTable) {
  const TableStatistics found = Sampled(0, 1000);
  EXPECT_EQ(found.rows, 0);
  for (const ColumnStatistics& column : found.columns) EXPECT_EQ(column.distinct, 0);
}

TEST_F(StatisticsTest, BytesComeBackAndDamageIsSeen) {
  const TableStatistics found = Sampled(500, 1000);
  const std::string bytes = EncodeStatistics(found);
  const auto again = DecodeStatistics(bytes);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(EncodeStatistics(*again), bytes);
  EXPECT_NE(again->Find("s", Type::Text()), nullptr);
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(DecodeStatistics(bytes.substr(0, size)).ok()) << size;
  EXPECT_FALSE(DecodeStatistics(bytes + "x").ok());
}

}  // namespace
}  // namespace turdb::table
