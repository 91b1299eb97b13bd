#include "txn/delta_slabs.h"

#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace turdb::txn {
namespace {

TEST(DeltaSlabsTest, EveryClassHoldsWhatItPromises) {
  for (size_t size = 1; size <= DeltaSlabs::kMaxObjectBytes; size += size < 100 ? 1 : 37) {
    const size_t index = DeltaSlabs::ClassOf(size);
    EXPECT_GE(DeltaSlabs::ClassBytes(index), size);
    EXPECT_TRUE(index == 0 || DeltaSlabs::ClassBytes(index - 1) < size) << size;
  }
}

TEST(DeltaSlabsTest, ObjectsDoNotOverlapAndMemoryGoesBack) {
  base::MemoryBudget budget(int64_t{64} << 20);
  DeltaSlabs slabs(budget);
  std::mt19937 random(1);
  struct Object {
    unsigned char* memory;
    size_t size;
    unsigned char fill;
  };
  std::vector<Object> objects;
  SlabCache cache;
  for (int i = 0; i < 20000; ++i) {
    if (objects.size() < 500 || random() % 2 == 0) {
      const size_t size = random() % 20 == 0 ? 1 + random() % DeltaSlabs::kMaxObjectBytes : 1 + random() % 300;
      auto* memory = static_cast<unsigned char*>(slabs.Allocate(size, random() % 2 == 0 ? &cache : nullptr));
      const auto fill = static_cast<unsigned char>(random());
      std::memset(memory, fill, size);
      objects.push_back({memory, size, fill});
    } else {
      const size_t at = random() % objects.size();
      const Object object = objects[at];
      for (size_t b = 0; b < object.size; b += 7) ASSERT_EQ(object.memory[b], object.fill);
      slabs.Free(object.memory, object.size, random() % 2 == 0 ? &cache : nullptr);
      objects[at] = objects.back();
      objects.pop_back();
    }
  }
  const int64_t peak = slabs.reserved_bytes();
  EXPECT_EQ(budget.used_bytes(), peak);
  for (const Object& object : objects) slabs.Free(object.memory, object.size);
  slabs.Drain(cache);
  // At most one empty block a class stays behind.
  EXPECT_LE(slabs.reserved_bytes(), 10 * 16384 + 10 * 65536);
  EXPECT_EQ(budget.used_bytes(), slabs.reserved_bytes());
}

TEST(DeltaSlabsTest, SteadyLoadDoesNotTouchTheBudget) {
  base::MemoryBudget budget(int64_t{1} << 20);
  DeltaSlabs slabs(budget);
  SlabCache cache;
  const auto round = [&](SlabCache* at) {
    void* a = slabs.Allocate(40, at);
    void* b = slabs.Allocate(100, at);
    slabs.Free(a, 40, at);
    slabs.Free(b, 100, at);
  };
  round(&cache);
  round(nullptr);
  const int64_t used = budget.used_bytes();
  for (int i = 0; i < 1000; ++i) {
    round(&cache);
    round(nullptr);
    ASSERT_EQ(budget.used_bytes(), used);
  }
  EXPECT_EQ(budget.peak_bytes(), used);
  slabs.Drain(cache);
}

TEST(DeltaSlabsTest, WhatPassesTheLimitIsReportedAndMadeGood) {
  base::MemoryBudget budget(20000);
  std::vector<void*> objects;
  {
    DeltaSlabs slabs(budget);
    EXPECT_TRUE(slabs.Admit().ok());
    for (int i = 0; i < 600; ++i) objects.push_back(slabs.Allocate(64));  // more blocks than fit
    EXPECT_EQ(slabs.Admit().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(budget.used_bytes(), slabs.reserved_bytes());  // the budget is told all the same
    EXPECT_GT(budget.peak_bytes(), 20000);
    budget.set_limit_bytes(1 << 20);
    EXPECT_TRUE(slabs.Admit().ok());
    EXPECT_EQ(budget.used_bytes(), slabs.reserved_bytes());
    for (void* object : objects) slabs.Free(object, 64);
  }
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST(DeltaSlabsTest, TheSpareKeepsAChangeWithinTheLimit) {
  base::MemoryBudget budget(64 << 10);
  std::vector<void*> objects;
  {
    DeltaSlabs slabs(budget);
    slabs.SetSpare(16 << 10);
    ASSERT_TRUE(slabs.Admit().ok());
    EXPECT_EQ(budget.used_bytes(), 16 << 10);
    ASSERT_TRUE(budget.TryReserve(budget.limit_bytes() - budget.used_bytes()));  // others take all the rest
    for (int i = 0; i < 200; ++i) objects.push_back(slabs.Allocate(64));
    EXPECT_EQ(budget.peak_bytes(), budget.limit_bytes());
    EXPECT_EQ(slabs.Admit().code(), absl::StatusCode::kResourceExhausted);  // the spare cannot be filled again
    budget.Release(40 << 10);
    EXPECT_TRUE(slabs.Admit().ok());
    slabs.GiveBackSpare();
    EXPECT_EQ(budget.used_bytes(), slabs.reserved_bytes() + (8 << 10));
    EXPECT_TRUE(slabs.Admit().ok());
    EXPECT_EQ(budget.used_bytes(), slabs.reserved_bytes() + (24 << 10));
    for (void* object : objects) slabs.Free(object, 64);
    budget.Release(8 << 10);
  }
  EXPECT_EQ(budget.used_bytes(), 0);
}

// What a change takes when nothing is left is there already, and comes back to where it was.
TEST(DeltaSlabsTest, TheReserveIsThereWhenNothingElseIs) {
  base::MemoryBudget budget(1 << 20);
  {
    DeltaSlabs slabs(budget);
    ASSERT_TRUE(slabs.FillReserve().ok());
    const int64_t reserve = budget.used_bytes();
    ASSERT_GT(reserve, 0);
    const int64_t others = budget.limit_bytes() - reserve;
    ASSERT_TRUE(budget.TryReserve(others));
    void* const small = slabs.Allocate(64);
    void* const large = slabs.Allocate(20000);
    SlabCache cache;
    void* const cached = slabs.Allocate(40, &cache);
    EXPECT_EQ(budget.peak_bytes(), budget.limit_bytes());
    EXPECT_FALSE(slabs.Admit().ok());  // it cannot be filled again
    budget.Release(others);
    EXPECT_TRUE(slabs.Admit().ok());
    slabs.Free(small, 64);
    slabs.Free(large, 20000);
    slabs.Free(cached, 40);
    slabs.Drain(cache);
    slabs.Trim();
    EXPECT_EQ(slabs.reserved_bytes(), 0);
    EXPECT_EQ(budget.used_bytes(), reserve);
  }
  EXPECT_EQ(budget.used_bytes(), 0);
}

// Under a small budget a class in use does not take much more than its objects.
TEST(DeltaSlabsTest, SmallBudgetsHaveSmallBlocks) {
  base::MemoryBudget budget(1 << 20);
  DeltaSlabs slabs(budget);
  std::vector<std::pair<void*, size_t>> objects;
  size_t wanted = 0;
  for (size_t index = 0; index < SlabCache::kClasses; ++index) {
    const size_t size = DeltaSlabs::ClassBytes(index);
    for (int i = 0; i < 2; ++i) {
      objects.emplace_back(slabs.Allocate(size), size);
      std::memset(objects.back().first, i, size);
      wanted += size;
    }
  }
  EXPECT_LE(slabs.reserved_bytes(), static_cast<int64_t>(wanted) + (48 << 10));
  for (auto [object, size] : objects) slabs.Free(object, size);
  slabs.Trim();
  EXPECT_EQ(slabs.reserved_bytes(), 0);
}

TEST(DeltaSlabsTest, FreeingGoesBelowTheLimitAgain) {
  base::MemoryBudget budget(20000);
  DeltaSlabs slabs(budget);
  std::vector<void*> objects;
  for (int i = 0; i < 600; ++i) objects.push_back(slabs.Allocate(64));
  EXPECT_FALSE(slabs.Admit().ok());
  for (void* object : objects) slabs.Free(object, 64);
  EXPECT_TRUE(slabs.Admit().ok());
  EXPECT_EQ(budget.used_bytes(), slabs.reserved_bytes());
}

TEST(DeltaSlabsTest, ManyThreads) {
  base::MemoryBudget budget(int64_t{64} << 20);
  DeltaSlabs slabs(budget);
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&slabs, seed] {
      std::mt19937 random(seed);
      SlabCache cache;
      std::vector<std::pair<uint32_t*, size_t>> mine;
      for (int i = 0; i < 5000; ++i) {
        if (mine.size() < 50 || random() % 2 == 0) {
          const size_t size = 4 + random() % 400;
          mine.emplace_back(static_cast<uint32_t*>(slabs.Allocate(size, &cache)), size);
          *mine.back().first = seed;
        } else {
          ASSERT_EQ(*mine.back().first, seed);
          slabs.Free(mine.back().first, mine.back().second, random() % 2 == 0 ? &cache : nullptr);
          mine.pop_back();
        }
      }
      for (auto [object, size] : mine) slabs.Free(object, size);
      slabs.Drain(cache);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace turdb::txn
