// Clock, entropy, threads, and above all the parking lot: no wake is missed, deadlines hold.
#include "os/environment.h"

#include <pthread.h>
#include <csignal>

#include <array>
#include <atomic>
#include <mutex>
#include <set>
#include <vector>

#include "gtest/gtest.h"

namespace turdb::os {
namespace {

TEST(Environment, TheClockGoesForward) {
  const Environment environment = Environment::Native();
  const int64_t first = environment.clock->MonotonicNanos();
  EXPECT_LE(first, environment.clock->MonotonicNanos());
  EXPECT_GT(environment.clock->NowUnixMicros(), int64_t{1'700'000'000} * 1'000'000);
}

TEST(Environment, EntropyFillsEveryByteAndDiffers) {
  const Environment environment = Environment::InMemory();
  std::array<std::byte, 1024> first = {};
  std::array<std::byte, 1024> second = {};
  environment.entropy->Fill(first);
  environment.entropy->Fill(second);
  EXPECT_NE(first, second);
  const std::byte zero{};
  EXPECT_LT(std::count(first.begin(), first.end(), zero), 100);
}

TEST(Environment, MemoryEnvironmentsShareNoFiles) {
  const Environment a = Environment::InMemory();
  const Environment b = Environment::InMemory();
  ASSERT_TRUE(a.files->CreateDirectory("d").ok());
  EXPECT_FALSE(*b.files->Exists("d"));
}

TEST(Scheduler, ThreadsRunBlockSignalsAndAreJoined) {
  const Environment environment = Environment::Native();
  bool ran = false;
  bool blocked = false;
  char name[16] = {};
  {
    const auto thread = environment.scheduler->Start("turdb-a-name-too-long", [&] {
      sigset_t mask;
      pthread_sigmask(SIG_SETMASK, nullptr, &mask);
      blocked = sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGPROF) == 1;
      pthread_getname_np(pthread_self(), name, sizeof(name));
      ran = true;
    });
    ASSERT_NE(thread, nullptr);
  }
  EXPECT_TRUE(ran);
  EXPECT_TRUE(blocked);
  EXPECT_STREQ(name, "turdb-a-name-to");
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  EXPECT_EQ(sigismember(&mask, SIGINT), 0) << "the starter's own mask is as before";
}

TEST(Scheduler, ParkReturnsAtOnceWhenThereIsNothingToWaitFor) {
  const Environment environment = Environment::Native();
  int address = 0;
  EXPECT_TRUE(environment.scheduler->Park(
      &address, [] { return false; }, Scheduler::kForever));
  environment.scheduler->WakeAll(&address);
}

TEST(Scheduler, ParkEndsAtItsDeadline) {
  const Environment environment = Environment::Native();
  int address = 0;
  const int64_t deadline = environment.clock->MonotonicNanos() + 2'000'000;
  while (environment.scheduler->Park(
      &address, [] { return true; }, deadline)) {
  }
  EXPECT_GE(environment.clock->MonotonicNanos(), deadline);
  EXPECT_FALSE(environment.scheduler->Park(
      &address, [] { return true; }, 0))
      << "a deadline in the past";
}

// Two threads hand a token to and fro, each parked while it is not its turn. One missed wake hangs the test.
TEST(Scheduler, NoWakeIsMissedBetweenTwo) {
  const Environment environment = Environment::Native();
  constexpr int kTurns = 20'000;
  std::atomic<int> turn{0};
  const auto play = [&](int mine) {
    while (true) {
      const int now = turn.load(std::memory_order_acquire);
      if (now >= kTurns) return;
      if (now % 2 == mine) {
        turn.store(now + 1, std::memory_order_release);
        environment.scheduler->WakeAll(&turn);
      } else {
        const auto still = [&] { return turn.load(std::memory_order_relaxed) == now; };
        environment.scheduler->Park(&turn, still, Scheduler::kForever);
      }
    }
  };
  {
    const auto first = environment.scheduler->Start("first", [&] { play(0); });
    const auto second = environment.scheduler->Start("second", [&] { play(1); });
  }
  EXPECT_EQ(turn, kTurns);
}

// Many threads around a lock made of one word, on addresses that share buckets with others.
TEST(Scheduler, AParkedLockExcludesAndNeverHangs) {
  const Environment environment = Environment::Native();
  constexpr int kLocks = 4;
  std::array<std::atomic<int>, kLocks> words = {};
  std::array<int, kLocks> counters = {};
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (int t = 0; t < 6; ++t) {
      threads.push_back(environment.scheduler->Start("locker", [&, t] {
        for (int i = 0; i < 2'000; ++i) {
          const auto which = static_cast<size_t>((i + t) % kLocks);
          std::atomic<int>& word = words[which];
          int expected = 0;
          while (!word.compare_exchange_weak(expected, 1, std::memory_order_acquire)) {
            expected = 0;
            const int64_t deadline = i % 3 == 0 ? environment.clock->MonotonicNanos() + 50'000 : Scheduler::kForever;
            environment.scheduler->Park(
                &word, [&] { return word.load(std::memory_order_relaxed) == 1; }, deadline);
          }
          ++counters[which];
          if (i % 16 == 0) environment.scheduler->Yield();
          word.store(0, std::memory_order_release);
          environment.scheduler->WakeAll(&word);
        }
      }));
    }
  }
  int sum = 0;
  for (const int counter : counters) sum += counter;
  EXPECT_EQ(sum, 12'000);
}

TEST(Scheduler, WakeAllWakesAllOfOneAddressAndNoOther) {
  const Environment environment = Environment::Native();
  std::atomic<bool> go{false};
  std::atomic<int> parked{0};
  std::atomic<int> done{0};
  int other_address = 0;
  std::atomic<bool> other_go{false};
  std::atomic<bool> other_done{false};
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (int t = 0; t < 5; ++t) {
      threads.push_back(environment.scheduler->Start("sleeper", [&] {
        while (!go) {
          environment.scheduler->Park(
              &go,
              [&] {
                ++parked;
                return !go.load();
              },
              Scheduler::kForever);
        }
        ++done;
      }));
    }
    threads.push_back(environment.scheduler->Start("other", [&] {
      while (!other_go) {
        environment.scheduler->Park(
            &other_address, [&] { return !other_go.load(); }, Scheduler::kForever);
      }
      other_done = true;
    }));
    while (parked < 5) environment.scheduler->Yield();
    go = true;
    environment.scheduler->WakeAll(&go);
    while (done < 5) environment.scheduler->Yield();
    EXPECT_FALSE(other_done);
    other_go = true;
    environment.scheduler->WakeAll(&other_address);
  }
  EXPECT_TRUE(other_done);
}

}  // namespace
}  // namespace turdb::os
