// What is noted of reads: nothing that was read may be missing, however much it was coarsened.
#include "txn/read_set.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace turdb::txn {
namespace {

// Collects the ranges it is asked about; a commit changed `changed` at 77.
class FakeSource : public ReadSource {
 public:
  base::StatusOr<Timestamp> NewerCommitIn(const View&, const KeyRange& range) override {
    ++asked;
    const std::string_view lower = base::AsText(range.lower), upper = base::AsText(range.upper);
    return changed >= lower && (upper.empty() || changed < upper) ? Timestamp{77} : Timestamp{0};
  }
  bool Finds(ReadSet& reads, std::string key) {
    changed = std::move(key);
    return *reads.FindNewerCommit(View{}) == 77;
  }
  std::string changed;
  size_t asked = 0;
};

TEST(ReadSetTest, KeysAndRanges) {
  base::MemoryBudget budget(1 << 20);
  ReadSet reads(budget);
  FakeSource a, b;
  reads.AddKey(a, base::AsBytes("k"));
  reads.AddRange(b, {base::AsBytes("c"), base::AsBytes("f")});
  EXPECT_TRUE(a.Finds(reads, "k"));
  EXPECT_FALSE(a.Finds(reads, "j"));
  EXPECT_FALSE(a.Finds(reads, "ka"));
  EXPECT_TRUE(b.Finds(reads, "c"));
  EXPECT_TRUE(b.Finds(reads, "ez"));
  EXPECT_FALSE(b.Finds(reads, "f"));
  reads.AddRange(b, {base::AsBytes("x"), {}});
  EXPECT_TRUE(b.Finds(reads, "zzz"));
  reads.Clear();
  EXPECT_FALSE(b.Finds(reads, "c"));
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST(ReadSetTest, AScanIsOneRangeAndARepeatedReadIsOne) {
  base::MemoryBudget budget(1 << 20);
  ReadSet reads(budget);
  FakeSource source;
  std::string from;
  for (int i = 100; i < 900; ++i) {
    const std::string to = absl::StrCat(i);
    reads.AddRange(source, {base::AsBytes(from), base::AsBytes(to)});
    from = to;
  }
  EXPECT_EQ(reads.range_count(), 1U);
  for (int i = 0; i < 100; ++i) reads.AddKey(source, base::AsBytes("950"));
  EXPECT_EQ(reads.range_count(), 2U);
  reads.AddRange(source, {base::AsBytes(from), {}});
  EXPECT_TRUE(source.Finds(reads, "999"));
}

TEST(ReadSetTest, NothingIsLostByCoarsening) {
  std::mt19937 random(7);
  for (const int64_t budget_bytes : {int64_t{1} << 20, int64_t{40} << 10, int64_t{3000}, int64_t{100}}) {
    base::MemoryBudget budget(budget_bytes);
    ReadSet reads(budget);
    FakeSource source;
    std::vector<std::string> keys;
    for (int i = 0; i < 20000; ++i) {
      const std::string key = absl::StrCat(random() % 1000000);
      if (i % 3 == 0) {
        const std::string other = absl::StrCat(random() % 1000000);
        reads.AddRange(source, {base::AsBytes(std::min(key, other)), base::AsBytes(std::min(key, other) + "1")});
        keys.push_back(std::min(key, other));
      } else {
        reads.AddKey(source, base::AsBytes(key));
        keys.push_back(key);
      }
    }
    EXPECT_LE(budget.peak_bytes(), budget_bytes);
    EXPECT_LE(reads.reserved_bytes(), static_cast<int64_t>(ReadSet::kMaxSourceBytes));
    for (size_t i = 0; i < keys.size(); i += 37) EXPECT_TRUE(source.Finds(reads, keys[i])) << keys[i];
    reads.Clear();
    EXPECT_EQ(budget.used_bytes(), 0);
  }
}

// Half a million rows apart: two transactions that read here and write there do not disturb each other.
TEST(ReadSetTest, CoarseRangesStayLocal) {
  base::MemoryBudget budget(1 << 20);
  ReadSet reads(budget);
  FakeSource source;
  for (int i = 100000; i < 150000; i += 2) reads.AddKey(source, base::AsBytes(absl::StrCat(i)));
  EXPECT_GT(reads.range_count(), 100U);
  EXPECT_FALSE(source.Finds(reads, "099999"));
  EXPECT_FALSE(source.Finds(reads, "150000"));
}

}  // namespace
}  // namespace turdb::txn
