#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/ids.h"
#include "base/memory_budget.h"
#include "base/status.h"

namespace turdb::base {
namespace {

TEST(Status, CarriesFramesOutermostFirst) {
  Status status = IoError("writing wal/wal.000003 at offset 4096: No space left on device");
  status = WithFrame(status, "splitting leaf page 812 of users.tbd");
  status = WithFrame(status, "inserting into root.users");
  EXPECT_EQ(GetFrames(status), (std::vector<std::string>{"inserting into root.users", "splitting leaf page 812 of users.tbd"}));
  EXPECT_EQ(GetSqlState(status), sqlstate::kIoError);
}

TEST(Status, InnermostPositionAndHintWin) {
  Status status = WithPosition(WithHint(MisuseError("x"), "inner"), 7);
  status = WithPosition(WithHint(status, "outer"), 9);
  EXPECT_EQ(GetHint(status), "inner");
  EXPECT_EQ(GetPosition(status), 7);
}

TEST(Status, OkTakesNoContext) { EXPECT_TRUE(WithFrame(absl::OkStatus(), "f").ok()); }

TEST(Status, OnlyConflictsAreRetryable) {
  EXPECT_TRUE(CanRetry(SerializationFailure("x")));
  EXPECT_FALSE(CanRetry(IoError("x")));
}

TEST(Crc32c, MatchesTheVectorsOfRfc3720) {
  std::vector<std::byte> zeros(32), ones(32, std::byte{0xff}), counting(32);
  for (int i = 0; i < 32; ++i) counting[i] = static_cast<std::byte>(i);
  EXPECT_EQ(Crc32c(zeros), 0x8a9136aau);
  EXPECT_EQ(Crc32c(ones), 0x62a8ab43u);
  EXPECT_EQ(Crc32c(counting), 0x46dd794eu);
}

// One bit after the other, as the polynomial says.
uint32_t SlowCrc32c(Bytes data, uint32_t seed) {
  uint32_t crc = ~seed;
  for (const std::byte byte : data) {
    crc ^= std::to_integer<uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
  }
  return ~crc;
}

// Lengths about the places where the interleaved streams begin and end, at every alignment.
TEST(Crc32c, AgreesWithTheDefinitionAtEveryLengthAndAlignment) {
  std::vector<std::byte> data(16384 + 16);
  uint32_t state = 1;
  for (std::byte& byte : data) byte = static_cast<std::byte>((state = state * 1664525 + 1013904223) >> 24);
  std::vector<size_t> lengths;
  for (size_t i = 0; i < 80; ++i) lengths.push_back(i);
  for (const size_t about : {2040u, 4080u, 16384u - 8}) {
    for (size_t i = 0; i < 10; ++i) lengths.push_back(about - 2 + i);
  }
  for (const size_t length : lengths) {
    for (size_t begin = 0; begin < 8; ++begin) {
      const Bytes part = Bytes(data).subspan(begin, length);
      EXPECT_EQ(Crc32c(part, 77), SlowCrc32c(part, 77)) << length << " bytes from " << begin;
    }
  }
}

TEST(Crc32c, SeedContinuesAChecksum) {
  const Bytes text = AsBytes("a page of text");
  EXPECT_EQ(Crc32c(text), Crc32c(text.subspan(5), Crc32c(text.first(5))));
}

TEST(Bytes, BigEndianOrdersAsNumbers) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 1000; ++i) {
    const uint64_t a = random() >> (random() % 60), b = random() >> (random() % 60);
    std::byte x[8], y[8];
    StoreBE(x, a);
    StoreBE(y, b);
    EXPECT_EQ(CompareBytes(x, y) < 0, a < b);
    EXPECT_EQ(LoadBE<uint64_t>(x), a);
    StoreLE(x, a);
    EXPECT_EQ(LoadLE<uint64_t>(x), a);
  }
}

TEST(Bytes, APrefixComesFirst) {
  EXPECT_LT(CompareBytes(AsBytes("ab"), AsBytes("abc")), 0);
  EXPECT_LT(CompareBytes(AsBytes(""), AsBytes("a")), 0);
  EXPECT_EQ(CompareBytes(AsBytes(""), AsBytes("")), 0);
}

TEST(Ids, PageIdPacksBothWays) {
  const PageId id{0xfffffffe, 0x12345678};
  EXPECT_EQ(PageId::FromPacked(id.packed()), id);
}

TEST(MemoryBudget, RefusesWhatDoesNotFitAndTakesNothing) {
  MemoryBudget budget(100);
  EXPECT_TRUE(budget.TryReserve(60));
  EXPECT_FALSE(budget.TryReserve(41));
  EXPECT_EQ(budget.used_bytes(), 60);
  EXPECT_EQ(budget.peak_bytes(), 60);
  EXPECT_EQ(GetSqlState(budget.Reserve(50, "a sort")), sqlstate::kOutOfMemory);
}

TEST(Arena, GivesAlignedMemoryAndReturnsItsBudget) {
  MemoryBudget budget(1 << 20);
  {
    Arena arena(&budget);
    for (int i = 1; i < 200; ++i) {
      auto* p = static_cast<std::byte*>(arena.Allocate(static_cast<size_t>(i), 16));
      EXPECT_EQ(reinterpret_cast<uintptr_t>(p) % 16, 0u);
      std::memset(p, i, static_cast<size_t>(i));
    }
    EXPECT_GT(budget.used_bytes(), 0);
    arena.Reset(4096);
    EXPECT_LE(budget.used_bytes(), 4096);
    EXPECT_EQ(arena.Copy("text"), "text");
  }
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST(Arena, OverBudgetThrowsBadAllocAndKeepsWhatItHas) {
  MemoryBudget budget(10000);
  Arena arena(&budget);
  const std::string_view kept = arena.Copy("kept");
  EXPECT_THROW(arena.Allocate(100000), std::bad_alloc);
  EXPECT_EQ(kept, "kept");
}

TEST(Arena, SaysWhenItForgetsLastFirst) {
  std::vector<int> order;
  struct Note {
    std::vector<int>* order;
    int number;
  };
  const auto note = [](void* data) { static_cast<Note*>(data)->order->push_back(static_cast<Note*>(data)->number); };
  {
    Arena arena;
    arena.OnReset(note, arena.New<Note>(Note{&order, 1}));
    arena.OnReset(note, arena.New<Note>(Note{&order, 2}));
    EXPECT_TRUE(order.empty());
    arena.Reset(1 << 20);
    EXPECT_EQ(order, (std::vector<int>{2, 1}));
    arena.Reset();
    arena.OnReset(note, arena.New<Note>(Note{&order, 3}));
  }
  EXPECT_EQ(order, (std::vector<int>{2, 1, 3}));
}

}  // namespace
}  // namespace turdb::base
