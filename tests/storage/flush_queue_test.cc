// Group commit: who leads, who waits for whom. The clock stands still far in the future, so that nobody who keeps the
// time ever gives up: whatever is waited for here has to come.
#include "storage/flush_queue.h"

#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace turdb::storage {
namespace {

using Turn = FlushQueue::Turn;
using base::Lsn;

class StandingClock final : public os::Clock {
 public:
  int64_t NowUnixMicros() override { return 0; }
  int64_t MonotonicNanos() override { return now; }
  std::atomic<int64_t> now{int64_t{1} << 61};
};

class FlushQueueTest : public testing::Test {
 protected:
  FlushQueueTest() {
    environment_.clock = clock_;
    queue_ = std::make_unique<FlushQueue>(environment_, durable_, health_);
    queue_->set_gathers(true);
  }
  // One client: appends, waits, and flushes when it is told to lead. True when it led.
  bool Commit(bool commit = true) {
    const Lsn lsn = ++filled_;
    if (queue_->Wait(lsn, commit) == Turn::kDone) {
      EXPECT_GE(durable_.load(), lsn);
      return false;
    }
    EXPECT_FALSE(flushing_.exchange(true)) << "two lead at once";
    const Lsn covered = filled_;
    durable_ = covered;
    ++flushes_;
    flushing_ = false;
    queue_->Finish(commit, 1000);
    return true;
  }

  const std::shared_ptr<StandingClock> clock_ = std::make_shared<StandingClock>();
  os::Environment environment_ = os::Environment::InMemory();
  std::atomic<Lsn> filled_{0}, durable_{0};
  std::atomic<int> flushes_{0};
  std::atomic<bool> flushing_{false};
  Health health_;
  std::unique_ptr<FlushQueue> queue_;
};

TEST_F(FlushQueueTest, OneClientNeverWaitsForCompany) {
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(Commit());
  EXPECT_EQ(flushes_, 100);
}

TEST_F(FlushQueueTest, WhatIsDurableIsNotWaitedFor) {
  durable_ = 10;
  EXPECT_EQ(queue_->Wait(10, true), Turn::kDone);
  EXPECT_EQ(queue_->Wait(11, true), Turn::kLead);
}

TEST_F(FlushQueueTest, EveryCommitIsDurableWhenItReturnsAndNoneIsForgotten) {
  constexpr int kThreads = 8, kCommits = 500;
  queue_->set_gathers(false);  // threads end one by one: nobody may wait for those that are gone
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kCommits; ++i) Commit(/*commit=*/(t + i) % 5 != 0);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(flushes_, kThreads * kCommits);
}

TEST_F(FlushQueueTest, ThoseWhoSharedAFlushWaitForEachOther) {
  // A leads, B and C come meanwhile: a group of three.
  const Lsn a = ++filled_;
  ASSERT_EQ(queue_->Wait(a, true), Turn::kLead);
  std::atomic<int> led{0};
  const Lsn b = ++filled_, c = ++filled_;
  std::thread first([&] { led += queue_->Wait(b, true) == Turn::kLead; });
  std::thread second([&] { led += queue_->Wait(c, true) == Turn::kLead; });
  while (queue_->waiting() != 2) std::this_thread::yield();
  durable_ = c;
  queue_->Finish(true, 1000);
  first.join();
  second.join();
  EXPECT_EQ(led, 0) << "all were covered";
  // Again: the last of the three leads, the others sleep until then.
  std::vector<std::thread> group;
  for (int i = 0; i < 3; ++i) group.emplace_back([&] { led += Commit(); });
  for (std::thread& thread : group) thread.join();
  EXPECT_EQ(led, 1);
  EXPECT_EQ(flushes_, 1);
}

TEST_F(FlushQueueTest, WhoIsInAHurryLeadsForTheWholeGroup) {
  const Lsn a = ++filled_;
  ASSERT_EQ(queue_->Wait(a, true), Turn::kLead);
  std::thread other([&, b = ++filled_] { EXPECT_EQ(queue_->Wait(b, true), Turn::kDone); });
  while (queue_->waiting() != 1) std::this_thread::yield();
  durable_ = filled_.load();
  queue_->Finish(true, 1000);
  other.join();
  // A group of two; its first waits, until somebody comes who writes pages back.
  std::thread waits([&] { EXPECT_FALSE(Commit()); });
  while (queue_->waiting() != 1) std::this_thread::yield();
  EXPECT_TRUE(Commit(/*commit=*/false));
  waits.join();
}

TEST_F(FlushQueueTest, AGroupThatDoesNotComeIsGivenUp) {
  const Lsn a = ++filled_;
  ASSERT_EQ(queue_->Wait(a, true), Turn::kLead);
  std::thread other([&, b = ++filled_] { EXPECT_EQ(queue_->Wait(b, true), Turn::kDone); });
  while (queue_->waiting() != 1) std::this_thread::yield();
  durable_ = filled_.load();
  queue_->Finish(true, 1000);
  other.join();
  clock_->now = 0;        // deadlines are over as soon as they are set
  EXPECT_TRUE(Commit());  // keeps the time, gives up
  EXPECT_TRUE(Commit());
}

TEST_F(FlushQueueTest, APoisonedLogLetsEverybodyGo) {
  const Lsn a = ++filled_;
  ASSERT_EQ(queue_->Wait(a, true), Turn::kLead);
  std::thread other([&, b = ++filled_] { EXPECT_EQ(queue_->Wait(b, true), Turn::kDone); });
  while (queue_->waiting() != 1) std::this_thread::yield();
  EXPECT_FALSE(health_.Poison(absl::UnknownError("the disk is gone")).ok());
  queue_->Finish(true, 1000);
  other.join();
  EXPECT_EQ(queue_->Wait(++filled_, true), Turn::kDone);
}

}  // namespace
}  // namespace turdb::storage
