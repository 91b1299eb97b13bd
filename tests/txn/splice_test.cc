#include "txn/splice.h"

#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace turdb::txn {
namespace {

using base::AsBytes;
using base::AsText;
using base::Bytes;

std::vector<std::byte> Make(const std::string& older, const std::string& newer) {
  std::vector<std::byte> splices(kMaxSplicesBytes);
  splices.resize(MakeSplices(AsBytes(older), AsBytes(newer), splices.data()));
  return splices;
}
std::string Apply(const std::vector<std::byte>& splices, const std::string& newer) {
  std::string older(OlderSize(splices, newer.size()), '\0');
  ApplySplices(splices, AsBytes(newer), reinterpret_cast<std::byte*>(older.data()));
  return older;
}

std::string Mutate(std::mt19937& random, std::string value) {
  switch (random() % 5) {
    case 0:
      return value.substr(0, random() % (value.size() + 1));
    case 1:
      return value.insert(random() % (value.size() + 1), std::string(random() % 20, 'i'));
    case 2:
      return value.empty() ? "new" : value.erase(random() % value.size(), random() % 9);
    default:
      for (int i = 0; i < 3 && !value.empty(); ++i) value[random() % value.size()] = static_cast<char>('a' + random() % 4);
      return value;
  }
}

TEST(SpliceTest, LeadsBackToTheOlderValue) {
  std::mt19937 random(1);
  std::string value(100, 'a');
  for (int i = 0; i < 5000; ++i) {
    std::string newer = Mutate(random, value);
    if (newer.size() > 300) newer.resize(100);
    EXPECT_EQ(Apply(Make(value, newer), newer), value);
    value = newer;
  }
}

TEST(SpliceTest, EqualValuesNeedNothing) { EXPECT_TRUE(Make("same", "same").empty()); }

TEST(SpliceTest, RemembersOnlyWhatDiffers) {
  // Two counters of 8 bytes at the ends of a wide row.
  std::string older(1000, 'r');
  std::string newer = older;
  newer.replace(0, 8, "12345678");
  newer.replace(992, 8, "12345678");
  EXPECT_EQ(Make(older, newer).size(), 2 * (kSpliceHeaderBytes + 8));
}

TEST(SpliceTest, NeverLongerThanTheBufferItIsGiven) {
  // The worst case: differences as far apart as a header is long.
  std::string older(base::kMaxValueBytes, 'o');
  for (size_t gap = 1; gap < 12; ++gap) {
    std::string newer = older;
    for (size_t i = 0; i < newer.size(); i += gap) newer[i] = 'n';
    const std::vector<std::byte> splices = Make(older, newer);
    EXPECT_LE(splices.size(), kMaxSplicesBytes);
    EXPECT_EQ(Apply(splices, newer), older);
  }
  EXPECT_LE(Make(older, "").size(), kMaxSplicesBytes);
}

TEST(SpliceTest, TwoStepsComposeToOne) {
  std::mt19937 random(2);
  std::vector<std::byte> composed(4096);
  for (int i = 0; i < 5000; ++i) {
    const std::string oldest(random() % 120, 'c');
    std::string c = Mutate(random, oldest);
    const std::string b = Mutate(random, c);
    const std::string a = Mutate(random, b);
    const std::vector<std::byte> newer = Make(b, a);
    const std::vector<std::byte> older = Make(c, b);
    const size_t size = ComposeSplices(newer, older, composed.data(), composed.size());
    EXPECT_EQ(Apply({composed.begin(), composed.begin() + static_cast<std::ptrdiff_t>(size)}, a), c);
  }
}

TEST(SpliceTest, LongChainsOfStepsStaySmall) {
  // A hot row under a long reader: a thousand steps become one that is no longer than the row.
  std::mt19937 random(3);
  std::string value(200, 'x');
  const std::string first = value;
  std::vector<std::byte> all;
  for (int i = 0; i < 1000; ++i) {
    std::string newer = value;
    for (int j = 0; j < 2; ++j) newer[random() % newer.size()] = static_cast<char>('a' + random() % 26);
    const std::vector<std::byte> step = Make(value, newer);
    std::vector<std::byte> composed(4096);
    composed.resize(ComposeSplices(step, all, composed.data(), composed.size()));
    all = composed;
    value = newer;
  }
  EXPECT_EQ(Apply(all, value), first);
  EXPECT_LE(all.size(), 200 + 100 * kSpliceHeaderBytes);
}

TEST(SpliceTest, CompositionThatDoesNotFitSaysSo) {
  const std::string c(100, 'c'), b(100, 'b'), a(50, 'a');
  std::byte small[32];
  EXPECT_EQ(ComposeSplices(Make(b, a), Make(c, b), small, sizeof(small)), 0u);
}

}  // namespace
}  // namespace turdb::txn
