// Records of several tables of groups, put together by key: each key of all tables keeps exactly one record, whatever its
// types, and whether tables were sealed while they were filled.
#include "exec/group_union.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>

#include "exec/group_table.h"
#include "vec/value.h"

namespace turdb::exec {
namespace {

using vec::TypeId;
using vec::Value;

constexpr uint32_t kCapacity = 128;

class GroupUnionTest : public ::testing::Test {
 protected:
  // Each record's extra bytes count its rows.
  int64_t& Count(const GroupTable& table, std::byte* record) { return *reinterpret_cast<int64_t*>(table.extra(record)); }

  std::string Key(const RowLayout& layout, std::byte* record) {
    std::string key;
    vec::Chunk chunk(types_, 1, &budget_);
    for (size_t c = 0; c < types_.size(); ++c) {
      RowStore::Gather(layout, c, &record, 1, &chunk.column(c));
      const Value value = chunk.column(c).GetValue(0);
      // 0.0 and -0.0 are one key.
      key += (types_[c].id == TypeId::kDouble && !value.is_null() ? std::to_string(value.AsDouble() + 0.0) : value.ToString()) +
             "|";
    }
    return key;
  }

  // Fills `tables` tables with `rows` rows each, puts them together and compares with a map.
  void Run(size_t tables, size_t rows, uint64_t seal_at, const std::function<void(size_t row, vec::Chunk*, uint32_t)>& set) {
    std::vector<std::unique_ptr<GroupTable>> all;
    std::map<std::string, int64_t> expected;
    size_t row = 0;
    for (size_t t = 0; t < tables; ++t) {
      all.push_back(std::make_unique<GroupTable>(types_, sizeof(int64_t), kCapacity, &budget_));
      GroupTable& table = *all.back();
      for (size_t done = 0; done < rows; done += kCapacity) {
        vec::Chunk chunk(types_, kCapacity, &budget_);
        for (uint32_t i = 0; i < kCapacity; ++i) set(row++, &chunk, i);
        std::vector<const vec::Vector*> columns;
        for (const vec::Vector& column : chunk.columns()) columns.push_back(&column);
        std::array<std::byte*, kCapacity> records;
        table.FindOrInsert(columns, vec::Rows::All(kCapacity), records.data(), nullptr);
        for (std::byte* record : records) {
          ASSERT_NE(record, nullptr);
          ++Count(table, record);
          ++expected[Key(table.layout(), record)];
        }
        if (table.unsealed() >= seal_at) table.Seal();
      }
    }
    std::vector<GroupParts> parts;
    uint64_t listed = 0;
    for (const auto& table : all) {
      ASSERT_TRUE(parts.emplace_back(&budget_).Fill(table->rows(), table->part_sizes()));
    }
    GroupUnion together(all[0]->layout(), kCapacity, &budget_);
    for (size_t part = 0; part < GroupTable::kParts; ++part) {
      size_t total = 0;
      for (const GroupParts& one : parts) total += one.count(part);
      listed += total;
      ASSERT_TRUE(together.Start(total));
      for (const GroupParts& one : parts) {
        for (size_t first = 0; first < one.count(part); first += kCapacity) {
          std::vector<uint64_t> hashes;
          std::vector<std::byte*> records;
          for (size_t i = first; i < std::min(one.count(part), first + kCapacity); ++i) {
            EXPECT_EQ(GroupTable::PartOf(one.hash(part, i)), part);
            hashes.push_back(one.hash(part, i));
            records.push_back(one.record(part, i));
          }
          std::vector<std::byte*> into(records.size());
          together.Add(hashes.data(), records.data(), static_cast<uint32_t>(records.size()), into.data());
          for (size_t i = 0; i < into.size(); ++i) {
            if (into[i] == records[i]) continue;
            EXPECT_FALSE(all[0]->IsLeftOut(into[i]));
            Count(*all[0], into[i]) += Count(*all[0], records[i]);
            all[0]->LeaveOut(records[i]);
          }
        }
      }
    }
    std::map<std::string, int64_t> found;
    uint64_t size = 0;
    for (const auto& table : all) {
      size += table->size();
      RowStore::Position position;
      std::byte* record;
      while (table->rows().Scan(&position, 1, &record) == 1) {
        if (table->IsLeftOut(record)) continue;
        EXPECT_TRUE(found.emplace(Key(table->layout(), record), Count(*table, record)).second) << Key(table->layout(), record);
      }
    }
    EXPECT_EQ(listed, size);
    EXPECT_EQ(found, expected);
  }

  base::MemoryBudget budget_{64 << 20};
  std::vector<vec::Type> types_;
};

TEST_F(GroupUnionTest, IntegersAndNulls) {
  types_ = {TypeId::kInt32, TypeId::kInt64};
  for (const uint64_t seal_at : {uint64_t{100}, uint64_t{1000}, UINT64_MAX}) {
    std::mt19937_64 random(seal_at);
    Run(3, 20'000, seal_at, [&](size_t row, vec::Chunk* chunk, uint32_t i) {
      if (random() % 50 == 0) {
        chunk->column(0).SetNull(i);
      } else {
        chunk->column(0).data<int32_t>()[i] = static_cast<int32_t>(random() % 3);
      }
      chunk->column(1).data<int64_t>()[i] = static_cast<int64_t>(row / 4 % 3000);
    });
  }
}

TEST_F(GroupUnionTest, TextsShortAndLong) {
  types_ = {TypeId::kText};
  for (const uint64_t seal_at : {uint64_t{64}, UINT64_MAX}) {
    std::mt19937_64 random(seal_at);
    Run(4, 8'000, seal_at, [&](size_t, vec::Chunk* chunk, uint32_t i) {
      const uint64_t number = random() % 2000;
      chunk->column(0).SetValue(
          i, Value::Text((number % 2 == 0 ? "n" : "a text that is too long to lie inline ") + std::to_string(number)));
    });
  }
}

// Equal keys of different bytes.
TEST_F(GroupUnionTest, ZeroesOfBothSigns) {
  types_ = {TypeId::kDouble};
  std::mt19937_64 random(5);
  Run(2, 4'000, 32, [&](size_t, vec::Chunk* chunk, uint32_t i) {
    const double value = static_cast<double>(random() % 40);
    chunk->column(0).data<double>()[i] = random() % 2 == 0 && value == 0 ? -0.0 : value;
  });
}

// Many records whose hashes share slots: all of one part.
TEST_F(GroupUnionTest, NoRoom) {
  types_ = {TypeId::kInt64};
  GroupTable table(types_, 8, kCapacity, &budget_);
  vec::Chunk chunk(types_, kCapacity, &budget_);
  for (uint32_t i = 0; i < kCapacity; ++i) chunk.column(0).data<int64_t>()[i] = i;
  const vec::Vector* column = &chunk.column(0);
  std::array<std::byte*, kCapacity> records;
  table.FindOrInsert({&column, 1}, vec::Rows::All(kCapacity), records.data(), nullptr);
  base::MemoryBudget tiny(512);
  GroupParts parts(&tiny);
  EXPECT_FALSE(parts.Fill(table.rows(), table.part_sizes()));
  GroupUnion together(table.layout(), kCapacity, &budget_);
  base::MemoryReservation rest(budget_);
  ASSERT_TRUE(rest.TryGrow(budget_.limit_bytes() - budget_.used_bytes()));
  EXPECT_FALSE(together.Start(1000));
  rest.Reset();
  EXPECT_TRUE(together.Start(1000));
}

}  // namespace
}  // namespace turdb::exec
