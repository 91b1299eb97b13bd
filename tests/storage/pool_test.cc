// The buffer pool: replacement under a tiny limit, guards under many threads, hooks, limits and reservations.
#include <thread>

#include "storage/toy_pages.h"

namespace turdb::storage {
namespace {

constexpr int kPages = 100;  // three times the frames of SmallOptions

class Pool : public testing::Test {
 protected:
  Pool() : toy_(os::Environment::InMemory(), SmallOptions()) {}
  void SetUp() override {
    ASSERT_OK(toy_.Open());
    ASSERT_OK(toy_.MakeFile(2, "root/t.tbd", kPages));
  }
  static PageId Page(int i) { return {2, static_cast<PageNo>(1 + i % kPages)}; }

  Toy toy_;
};

TEST_F(Pool, ThirtyTwoFramesServeAnyNumberOfPages) {
  const auto txn = toy_.Begin();
  std::array<uint64_t, kPages> model{};
  uint64_t random = 1;
  for (int i = 0; i < 3000; ++i) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    const int page = static_cast<int>(random >> 33) % kPages;
    ASSERT_OK(toy_.Add(txn.get(), Page(page), 3, static_cast<uint64_t>(i)));
    model[page] += static_cast<uint64_t>(i);
    ASSERT_EQ(toy_.Get(Page(page + 1), 3).value(), model[(page + 1) % kPages]);
  }
  ASSERT_OK(toy_.Commit(*txn));
  for (int page = 0; page < kPages; ++page) EXPECT_EQ(toy_.Get(Page(page), 3).value(), model[page]);
  const PoolStats stats = toy_->pool().stats();
  EXPECT_LE(stats.frames, 32u);
  EXPECT_GT(stats.evictions, 1000u);
  ASSERT_OK(toy_.Close());
}

TEST_F(Pool, AScanDoesNotFlushWhatIsUsedAgainAndAgain) {
  for (int round = 0; round < 3; ++round) {
    for (int hot = 0; hot < 8; ++hot) ASSERT_OK(toy_->pool().FixShared(Page(hot)).status());
  }
  for (int cold = 8; cold < kPages; ++cold) {
    ASSERT_OK(toy_->pool().FixShared(Page(cold)).status());
    if (cold % 16 == 0) {
      for (int hot = 0; hot < 8; ++hot) ASSERT_OK(toy_->pool().FixShared(Page(hot)).status());
    }
  }
  const uint64_t misses = toy_->pool().stats().misses;
  for (int hot = 0; hot < 8; ++hot) ASSERT_OK(toy_->pool().FixShared(Page(hot)).status());
  EXPECT_EQ(toy_->pool().stats().misses, misses);
}

TEST_F(Pool, TheLimitMayGrowAndShrinkAndMemoryIsGivenBack) {
  ASSERT_OK(toy_->pool().SetLimit(120 * kPageSize));
  for (int i = 0; i < kPages; ++i) ASSERT_OK(toy_->pool().FixShared(Page(i)).status());
  EXPECT_GT(toy_->pool().stats().frames, 90u);
  const int64_t used = toy_.budget().used_bytes();
  ASSERT_OK(toy_->pool().SetLimit(40 * kPageSize));
  EXPECT_LE(toy_->pool().stats().frames, 40u);
  EXPECT_LE(toy_.budget().used_bytes(), used - 50 * static_cast<int64_t>(kPageSize));
  for (int i = 0; i < kPages; ++i) EXPECT_EQ(toy_.Get(Page(i), 0).value(), 0u);
  EXPECT_LE(toy_->pool().stats().frames, 40u);
  EXPECT_EQ(base::GetSqlState(toy_->pool().SetLimit(int64_t{1} << 40)), base::sqlstate::kProgramLimit);
}

TEST_F(Pool, WhatIsLatchedStaysAndTheRestIsRefusedOnlyWhenAllIsLatched) {
  std::vector<SharedGuard> held;
  for (int i = 0; i < 31; ++i) held.push_back(toy_->pool().FixShared(Page(i)).value());
  for (int i = 31; i < kPages; ++i) EXPECT_OK(toy_->pool().FixShared(Page(i)).status());
  for (int i = 0; i < 31; ++i) EXPECT_EQ(held[i].id(), Page(i));
}

TEST_F(Pool, AnOptimisticGuardNoticesEveryChange) {
  BufferPool& pool = toy_->pool();
  OptimisticGuard guard = pool.FixOptimistic(Page(0)).value();
  EXPECT_TRUE(guard.Validate());
#ifndef TURDB_TSAN  // there it holds a shared latch, and nobody can change the page
  ASSERT_OK(toy_.Add(nullptr, Page(0), 0, 1, RecordKind::kStructure));
  EXPECT_FALSE(guard.Validate());
  EXPECT_FALSE(OptimisticGuard::UpgradeToShared(std::move(guard)).has_value());
  ASSERT_FALSE(pool.TryFixExclusiveIfResident(Page(1)).has_value());
  guard = pool.FixOptimistic(Page(1)).value();
  for (int i = 2; i < kPages; ++i) ASSERT_OK(pool.FixShared(Page(i)).status());  // evicted
  EXPECT_FALSE(guard.Validate());
  EXPECT_FALSE(OptimisticGuard::UpgradeToExclusive(std::move(guard)).has_value());
#endif
  guard = pool.FixOptimistic(Page(0)).value();
  std::optional<ExclusiveGuard> exclusive = OptimisticGuard::UpgradeToExclusive(std::move(guard));
  ASSERT_TRUE(exclusive.has_value());
  EXPECT_FALSE(pool.TryFixExclusiveIfResident(Page(0)).has_value());
  const SharedGuard shared = std::move(*exclusive).Downgrade();
  EXPECT_OK(pool.FixShared(Page(0)).status());
  EXPECT_FALSE(pool.TryFixExclusiveIfResident(Page(0)).has_value());
}

TEST_F(Pool, OnlyResidentPagesAreTakenWithoutWaiting) {
  for (int i = 0; i < kPages; ++i) ASSERT_OK(toy_->pool().FixShared(Page(i)).status());
  EXPECT_TRUE(toy_->pool().TryFixExclusiveIfResident(Page(kPages - 1)).has_value());
  EXPECT_FALSE(toy_->pool().TryFixExclusiveIfResident(Page(0)).has_value());
}

TEST_F(Pool, PrefetchedPagesAreHits) {
  for (int i = 0; i < kPages; ++i) ASSERT_OK(toy_->pool().FixShared(Page(i)).status());
  const PageId wanted[] = {Page(1), Page(2), Page(3), {2, 5000}};  // the last does not exist: a hint may be wrong
  toy_->pool().Prefetch(wanted);
  const uint64_t misses = toy_->pool().stats().misses;
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(toy_.Get(Page(i), 0).value(), 0u);
  EXPECT_EQ(toy_->pool().stats().misses, misses);
  EXPECT_FALSE(toy_->pool().FixShared({2, 5000}).ok());
}

TEST(PoolHooks, VersionTablesFollowTheirPages) {
  Toy toy(os::Environment::InMemory(), SmallOptions());
  ASSERT_OK(toy.Open());
  struct Context {
    int loads = 0, evictions = 0, table = 0;
  } context;
  toy->pool().SetVersionHooks({&context,
                               [](void* c, PageId id) -> void* {
                                 ++static_cast<Context*>(c)->loads;
                                 return id == PageId{2, 1} ? &static_cast<Context*>(c)->table : nullptr;
                               },
                               [](void* c, PageId id, void* versions) {
                                 EXPECT_EQ(id, (PageId{2, 1}));
                                 EXPECT_EQ(versions, &static_cast<Context*>(c)->table);
                                 ++static_cast<Context*>(c)->evictions;
                               }});
  ASSERT_OK(toy.MakeFile(2, "root/t.tbd", 50));
  for (int round = 0; round < 2; ++round) {
    for (PageNo page = 1; page <= 50; ++page) {
      const SharedGuard guard = toy->pool().FixShared({2, page}).value();
      EXPECT_EQ(guard.versions(), page == 1 ? &context.table : nullptr);
    }
  }
  EXPECT_GE(context.loads, 100);
  EXPECT_GE(context.evictions, 2);
}

TEST(PoolTable, GrowsWithTheFramesAndForgetsNone) {
  constexpr PageNo kMany = 2500;  // more than the first table is made for
  Options options = SmallOptions();
  options.page_cache_bytes = int64_t{64} << 20;
  Toy toy(os::Environment::InMemory(), options);
  ASSERT_OK(toy.Open());
  ASSERT_OK(toy.MakeFile(2, "root/t.tbd", kMany));
  const uint64_t misses = toy->pool().stats().misses;
  for (PageNo page = 1; page <= kMany; ++page) ASSERT_OK(toy.Get({2, page}, 0).status());
  EXPECT_EQ(toy->pool().stats().misses, misses);
}

TEST(PoolBudget, ARefusingBudgetMakesThePoolEvictInstead) {
  Options options = SmallOptions();
  options.page_cache_bytes = 1000 * kPageSize;
  options.page_cache_reserve_bytes = 1000 * kPageSize;
  base::MemoryBudget budget(2 << 20);
  StatusOr<std::unique_ptr<Storage>> storage = Storage::Open(os::Environment::InMemory(), "db", options, budget, ToyRedo());
  ASSERT_OK(storage.status());
  TxnLog txn;
  txn.id = 1;
  ASSERT_OK((*storage)->CreateFile(txn, 2, "root/t.tbd", ToyHeader(2)));
  for (int i = 0; i < 300; ++i) {
    StatusOr<PageAllocation> pages = (*storage)->AllocatePages(2, 1);
    ASSERT_OK(pages.status());
    Guards guards;
    pages->AppendGuards(&guards);
    (*storage)->BeginChange(guards);
    LogEntries entries;
    pages->Apply(PageKind::kOverflow, &entries);
    (*storage)->LogChange(RecordKind::kStructure, nullptr, entries, guards);
  }
  EXPECT_LE(budget.used_bytes(), 2 << 20);
  EXPECT_GT((*storage)->pool().stats().frames, 32u);
}

TEST(PoolThreads, CountersAddUpUnderEvictionCheckpointsAndOptimisticReaders) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 1500;
  constexpr int kFilePages = 60;
  Options options = SmallOptions();
  options.threads = 2;
  options.synchronous = Synchronous::kNormal;
  Toy toy(os::Environment::InMemory(), options);
  ASSERT_OK(toy.Open());
  ASSERT_OK(toy.MakeFile(2, "root/t.tbd", kFilePages));
  std::atomic<int> running{kThreads};
  const auto write = [&](int thread) {
    uint64_t random = static_cast<uint64_t>(thread) + 1;
    for (int i = 0; i < kRounds; ++i) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      const PageId id{2, static_cast<PageNo>(1 + (random >> 33) % kFilePages)};
      const FrameReservation reservation = toy->pool().ReserveFrames(2);
      StatusOr<ExclusiveGuard> guard = toy->pool().FixExclusive(id);
      ASSERT_OK(guard.status());
      ExclusiveGuard* guards[] = {&*guard};
      toy->BeginChange(guards);
      // Slots 0 and 1 are equal whenever nobody is changing them.
      std::array<std::byte, 20> payload;
      std::array<LogEntry, 2> entries;
      for (int slot = 0; slot < 2; ++slot) {
        AddToSlot(guard->page(), slot, 1);
        base::StoreLE<uint16_t>(payload.data() + 10 * slot, static_cast<uint16_t>(slot));
        base::StoreLE<uint64_t>(payload.data() + 10 * slot + 2, 1);
        entries[slot] = LogEntry{id, kAdd, {Bytes(payload).subspan(10 * slot, 10)}};
      }
      toy->LogChange(RecordKind::kStructure, nullptr, entries, guards);
      guard->Release();
      if (i % 16 == 0) {
        const auto txn = toy.Begin();
        ASSERT_OK(toy.Commit(*txn));
        EXPECT_GE(toy->visible_lsn(), txn->last_lsn);
      }
    }
    --running;
  };
  const auto read = [&] {
    uint64_t valid = 0;
    for (PageNo page = 1; running.load() > 0; page = 1 + page % kFilePages) {
      StatusOr<OptimisticGuard> guard = toy->pool().FixOptimistic({2, page});
      ASSERT_OK(guard.status());
      const auto slot = [&](int i) {
        auto* at = const_cast<std::byte*>(guard->page() + kPageHeaderBytes + 8 * i);
        return std::atomic_ref<uint64_t>(*reinterpret_cast<uint64_t*>(at)).load(std::memory_order_relaxed);
      };
      const uint64_t first = slot(0), second = slot(1);
      if (!guard->Validate()) continue;
      ASSERT_EQ(first, second);
      ++valid;
    }
    EXPECT_GT(valid, 0u);
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(write, i);
  threads.emplace_back(read);
  for (std::thread& thread : threads) thread.join();
  const auto sum = [&] {
    uint64_t total = 0;
    for (PageNo page = 1; page <= kFilePages; ++page) total += toy.Get({2, page}, 0).value();
    return total;
  };
  EXPECT_EQ(sum(), uint64_t{kThreads} * kRounds);
  EXPECT_LE(toy->pool().stats().frames, 32u);
  ASSERT_OK(toy->FlushLog());
  toy.Crash();
  ASSERT_OK(toy.Open());
  EXPECT_EQ(sum(), uint64_t{kThreads} * kRounds);
  ASSERT_OK(toy.Close());
}

}  // namespace
}  // namespace turdb::storage
