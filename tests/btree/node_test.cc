// Properties of one page: every node layout against a std::map, redo against what was done, and the
// separators that cut nodes apart.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "btree/interior_node.h"
#include "btree/leaf.h"
#include "btree/node_check.h"
#include "btree/node_ops.h"

namespace turdb::btree {
namespace {

using base::AsBytes;
using base::AsText;

struct alignas(16384) Page {
  std::byte bytes[kPageSize] = {};
  std::byte* data() { return bytes; }
};

struct Value {
  std::string bytes;
  bool ghost = false;
  bool operator==(const Value&) const = default;
};
using Model = std::map<std::string, Value>;

std::string Int64Key(int64_t value) {
  std::string key(8, '\0');
  base::StoreBE(key.data(), static_cast<uint64_t>(value) ^ (uint64_t{1} << 63));
  return key;
}

Model ContentsOf(const std::byte* page) {
  Model model;
  std::byte buffer[base::kMaxKeyBytes];
  std::string last;
  for (size_t i = 0; i < leaf::Limit(page); ++i) {
    if (!leaf::UsedAt(page, i)) continue;
    const std::string key(AsText(leaf::KeyAt(page, i, buffer)));
    EXPECT_TRUE(model.empty() || last < key);
    last = key;
    model[key] = {std::string(AsText(leaf::ValueAt(page, i))), leaf::GhostAt(page, i)};
  }
  EXPECT_EQ(model.size(), PageHead(page).cell_count);
  return model;
}

// The space a leaf claims to use is the space its contents need.
void ExpectSpaceAddsUp(const std::byte* page) {
  size_t used = LowerFence(page).size() + (HasUpperFence(page) ? UpperFence(page).size() : 0) + LowEnd(page) - kNodeHeaderEnd;
  for (size_t i = 0; i < leaf::Limit(page); ++i) {
    if (!leaf::UsedAt(page, i)) continue;
    used += 2 + leaf::ValueAt(page, i).size() + (leaf::IsDense(page) ? 0 : slotted::SuffixAt(page, i).size());
  }
  EXPECT_EQ(UsedBytes(page), used);
}

std::string EntryPayload(std::string_view key, std::string_view rest = "") {
  std::string payload(2, '\0');
  base::StoreLE(payload.data(), static_cast<uint16_t>(key.size()));
  return payload.append(key).append(rest);
}
std::string SplicePayload(std::string_view key, const Splice& splice) {
  std::byte header[kSpliceHeaderBytes];
  EncodeSpliceHeader(splice, header);
  std::string rest(AsText(header));
  return EntryPayload(key, rest.append(AsText(splice.old)).append(AsText(splice.now)));
}

using KeyMaker = std::string (*)(std::mt19937_64&);
std::string TypedKey(std::mt19937_64& random) {  // like the key codec's: shared first bytes, 00 and FF inside
  std::string key = "\x20prefix/";
  const size_t length = random() % 20;
  for (size_t i = 0; i < length; ++i) key.push_back("\0\1ab\xff"[random() % 5]);
  return key;
}
std::string LongKey(std::mt19937_64& random) { return std::string(random() % 1500, 'k') + std::to_string(random() % 1000); }
std::string DenseKey(std::mt19937_64& random) { return Int64Key(static_cast<int64_t>(random() % 700) - 300); }
std::string SparseKey(std::mt19937_64& random) {
  return Int64Key(static_cast<int64_t>(random() % 5 == 0 ? random() : 1000000 + random() % 3000));
}
std::string ExtremeKey(std::mt19937_64& random) {
  return Int64Key(random() % 2 == 0 ? INT64_MIN + static_cast<int64_t>(random() % 3)
                                    : INT64_MAX - static_cast<int64_t>(random() % 3));
}

struct LeafCase {
  const char* name;
  uint8_t flags;
  KeyMaker key;
  size_t max_value;
};
class LeafTest : public testing::TestWithParam<LeafCase> {};

// Random changes agree with a map; redo of each change on a second page gives the same contents; the leaf
// says it is full only when it is.
TEST_P(LeafTest, RandomChangesAgreeWithAMapAndRedoRepeatsThem) {
  const LeafCase& param = GetParam();
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    std::mt19937_64 random(seed);
    Page page, redone;
    leaf::FormatEmpty(page.data(), param.flags, Fences{}, 7);
    ASSERT_TRUE(ApplyNodeOp(static_cast<uint8_t>(NodeOp::kImage), {1, 1}, redone.data(),
                            [&] {
                              static std::string image;
                              image.clear();
                              for (Bytes part : NodeImageParts(page.data())) image.append(AsText(part));
                              return AsBytes(image);
                            }())
                    .ok());
    Model model;
    for (int step = 0; step < 3000; ++step) {
      const std::string key = param.key(random);
      const leaf::Position at = leaf::Find(page.data(), AsBytes(key));
      ASSERT_EQ(at.found, model.contains(key));
      std::string value(random() % (param.max_value + 1), static_cast<char>('a' + random() % 26));
      NodeOp op = NodeOp::kInsert;
      std::string payload;
      const uint64_t dice = random() % 10;
      if (!at.found) {
        if (!leaf::InsertFits(page.data(), AsBytes(key), value.size())) {
          EXPECT_LT(TotalFree(page.data()), 18 + key.size() + value.size() + 2 * 32 + 8 * model.size());
          continue;
        }
        leaf::Insert(page.data(), AsBytes(key), AsBytes(value), false);
        model[key] = {value, false};
        payload = EntryPayload(key, value);
      } else if (dice < 4) {
        op = NodeOp::kRemove;
        leaf::RemoveAt(page.data(), at.index);
        model.erase(key);
        payload = EntryPayload(key);
      } else if (dice < 6 && !model[key].ghost) {
        op = NodeOp::kGhost;
        leaf::SetGhost(page.data(), at.index, true);
        model[key].ghost = true;
        payload = EntryPayload(key);
      } else {
        if (!leaf::ReplaceFits(page.data(), at.index, value.size())) continue;
        const std::string old = model[key].bytes;
        const Splice splice = SpliceBetween(AsBytes(old), AsBytes(value));
        op = model[key].ghost ? NodeOp::kRevive : NodeOp::kUpdate;
        payload = SplicePayload(key, splice);
        leaf::Replace(page.data(), at.index, AsBytes(value));
        leaf::SetGhost(page.data(), at.index, false);
        model[key] = {value, false};
      }
      ASSERT_TRUE(ApplyNodeOp(static_cast<uint8_t>(op), {1, 1}, redone.data(), AsBytes(payload)).ok());
      if (step % 64 == 0) {
        ASSERT_EQ(ContentsOf(page.data()), model);
        ASSERT_EQ(ContentsOf(redone.data()), model);
        ExpectSpaceAddsUp(page.data());
        ASSERT_EQ(FaultOfNode(page.data()), nullptr) << FaultOfNode(page.data());
        ASSERT_EQ(FaultOfNode(redone.data()), nullptr) << FaultOfNode(redone.data());
      }
    }
    EXPECT_EQ(ContentsOf(page.data()), model);
    EXPECT_EQ(std::memcmp(page.data() + 16, redone.data() + 16, LowEnd(page.data()) - 16), 0);
    EXPECT_EQ(Header(page.data()).next_leaf, 7u);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, LeafTest,
                         testing::Values(LeafCase{"typed", 0, TypedKey, 60}, LeafCase{"long", 0, LongKey, 3000},
                                         LeafCase{"large", 0, TypedKey, 8000}, LeafCase{"dense", kInt64Tree, DenseKey, 60},
                                         LeafCase{"empty", kInt64Tree, DenseKey, 0},
                                         LeafCase{"sparse", kInt64Tree, SparseKey, 40},
                                         LeafCase{"extreme", kInt64Tree, ExtremeKey, 5000}),
                         [](const auto& info) { return std::string(info.param.name); });

// A split keeps every entry on its side of the separator, both parts have proper fences and a common prefix from
// them, the new entry makes progress, and merging the parts gives the leaf back.
TEST_P(LeafTest, SplitAndMergeKeepEveryEntry) {
  const LeafCase& param = GetParam();
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    std::mt19937_64 random(seed);
    Page page, right, merged;
    leaf::FormatEmpty(page.data(), param.flags, Fences{}, 9);
    Model model;
    std::string key, value;
    // Splitting again and again narrows the fences, as in a tree.
    for (int round = 0; round < 6; ++round) {
      int tries = 0;
      while (true) {
        key = param.key(random);
        value.assign(random() % (param.max_value + 1), 'v');
        if (++tries > 3000) break;
        if (!Covers(page.data(), AsBytes(key)) || leaf::Find(page.data(), AsBytes(key)).found) continue;
        if (!leaf::InsertFits(page.data(), AsBytes(key), value.size())) break;
        leaf::Insert(page.data(), AsBytes(key), AsBytes(value), false);
        model[key] = {value, false};
      }
      if (tries > 3000) break;  // the key maker has no more keys here
      leaf::SplitPlan plan;
      leaf::PlanSplit(page.data(), AsBytes(key), value.size(), false, &plan);
      leaf::BuildRight(page.data(), plan, right.data());
      const std::string separator(AsText(plan.separator()));
      std::string payload(6, '\0');
      base::StoreLE(payload.data(), static_cast<uint16_t>(plan.first_right));
      base::StoreLE(payload.data() + 2, uint32_t{33});
      ASSERT_TRUE(ApplyNodeOp(static_cast<uint8_t>(NodeOp::kTruncate), {1, 1}, page.data(), AsBytes(payload + separator)).ok());
      EXPECT_EQ(Header(page.data()).next_leaf, 33u);
      EXPECT_EQ(Header(right.data()).next_leaf, 9u);
      EXPECT_EQ(AsText(UpperFence(page.data())), separator);
      EXPECT_EQ(AsText(LowerFence(right.data())), separator);
      const Model left_part = ContentsOf(page.data()), right_part = ContentsOf(right.data());
      ExpectSpaceAddsUp(page.data());
      ExpectSpaceAddsUp(right.data());
      Model both = left_part;
      both.insert(right_part.begin(), right_part.end());
      ASSERT_EQ(both, model);
      if (!left_part.empty()) {
        EXPECT_LT(left_part.rbegin()->first, separator);
      }
      if (!right_part.empty()) {
        EXPECT_GE(right_part.begin()->first, separator);
      }
      const bool goes_left = key < separator;
      EXPECT_LT((goes_left ? left_part : right_part).size(), model.size());  // progress
      ASSERT_LE(leaf::MergedBytes(page.data(), right.data()), kPageSize - kNodeHeaderEnd);
      leaf::BuildMerged(page.data(), right.data(), merged.data());
      ASSERT_EQ(ContentsOf(merged.data()), model);
      ExpectSpaceAddsUp(merged.data());
      EXPECT_EQ(UsedBytes(merged.data()), leaf::MergedBytes(page.data(), right.data()));
      EXPECT_EQ(Header(merged.data()).next_leaf, 9u);
      // Go on with the part that is fuller.
      if (right_part.size() > left_part.size()) {
        std::memcpy(page.data(), right.data(), kPageSize);
        model = right_part;
      } else {
        Header(page.data()).next_leaf = 9;
        model = left_part;
      }
    }
  }
}

TEST(Leaf, AscendingKeysSplitAtTheRightEdgeAndLeaveAFullLeaf) {
  for (const uint8_t flags : {uint8_t{0}, kInt64Tree}) {
    Page page, right;
    leaf::FormatEmpty(page.data(), flags, Fences{}, 0);
    int64_t next = 1;
    const std::string value(30, 'v');
    while (leaf::InsertFits(page.data(), AsBytes(Int64Key(next)), value.size())) {
      leaf::Insert(page.data(), AsBytes(Int64Key(next++)), AsBytes(value), false);
    }
    EXPECT_EQ(leaf::IsDense(page.data()), flags == kInt64Tree);
    leaf::SplitPlan plan;
    leaf::PlanSplit(page.data(), AsBytes(Int64Key(next)), value.size(), false, &plan);
    leaf::BuildRight(page.data(), plan, right.data());
    EXPECT_LE(PageHead(right.data()).cell_count, 1);
    EXPECT_GE(Int64Key(next), AsText(plan.separator()));
  }
}

TEST(Leaf, ConsecutiveKeysInAnyOrderEndInADenseLeaf) {
  Page page;
  leaf::FormatEmpty(page.data(), kInt64Tree, Fences{}, 0);
  std::vector<int64_t> keys;
  for (int64_t i = 0; i < 400; ++i) keys.push_back(i);
  std::mt19937_64 random(5);
  std::shuffle(keys.begin(), keys.end(), random);
  const std::string value(34, 'v');
  for (const int64_t key : keys) {
    ASSERT_TRUE(leaf::InsertFits(page.data(), AsBytes(Int64Key(key)), value.size()));
    leaf::Insert(page.data(), AsBytes(Int64Key(key)), AsBytes(value), false);
  }
  EXPECT_TRUE(leaf::IsDense(page.data()));
}

TEST(Leaf, AnInsertNeverShrinksTheCommonPrefix) {
  Page page;
  leaf::FormatEmpty(page.data(), 0, Fences{AsBytes("tree/abc"), AsBytes("tree/abf"), true}, 0);
  EXPECT_EQ(AsText(Prefix(page.data())), "tree/ab");
  for (const char* key : {"tree/abc", "tree/abcd", "tree/abdzzz", "tree/abe\xff"}) {
    ASSERT_TRUE(Covers(page.data(), AsBytes(key)));
    leaf::Insert(page.data(), AsBytes(key), AsBytes("v"), false);
    EXPECT_EQ(AsText(Prefix(page.data())), "tree/ab");
  }
  EXPECT_FALSE(Covers(page.data(), AsBytes("tree/abf")));
  EXPECT_FALSE(Covers(page.data(), AsBytes("tree/abb\xff")));
  EXPECT_EQ(ContentsOf(page.data()).size(), 4u);
}

TEST(Separator, IsShortestAndSeparates) {
  EXPECT_EQ(AsText(ShortestSeparator(AsBytes("ab"), AsBytes("abc"))), "abc");  // left_max is a prefix of right_min
  EXPECT_EQ(AsText(ShortestSeparator(AsBytes("ab"), AsBytes("abcdef"))), "abc");
  EXPECT_EQ(AsText(ShortestSeparator(AsBytes("abzzz"), AsBytes("acaaa"))), "ac");
  EXPECT_EQ(AsText(ShortestSeparator(AsBytes(""), AsBytes("q"))), "q");
  std::mt19937_64 random(3);
  for (int i = 0; i < 20000; ++i) {
    std::string a = TypedKey(random), b = TypedKey(random);
    if (a == b) continue;
    if (b < a) std::swap(a, b);
    const std::string s(AsText(ShortestSeparator(AsBytes(a), AsBytes(b))));
    ASSERT_LT(a, s);
    ASSERT_LE(s, b);
    // Nothing shorter separates: every shorter string that is <= b is <= a or not a prefix of b.
    ASSERT_LE(b.substr(0, s.size() - 1), a);
  }
}

TEST(Splice, TurnsOneValueIntoTheOtherAndBack) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 5000; ++i) {
    std::string a(random() % 40, 'x'), b(random() % 40, 'x');
    for (char& c : a) c = static_cast<char>('x' + random() % 2);
    for (char& c : b) c = static_cast<char>('x' + random() % 2);
    const Splice splice = SpliceBetween(AsBytes(a), AsBytes(b));
    std::byte buffer[base::kMaxValueBytes];
    size_t size = 0;
    ASSERT_TRUE(ApplySplice(splice, AsBytes(a), buffer, &size));
    ASSERT_EQ(AsText(Bytes(buffer, size)), b);
    ASSERT_TRUE(ApplySplice(Inverse(splice), AsBytes(b), buffer, &size));
    ASSERT_EQ(AsText(Bytes(buffer, size)), a);
  }
}

// Interior nodes: children are found as a map finds them, through inserts, splits and removals.
TEST(Interior, RandomSeparatorsAgreeWithAMap) {
  for (const KeyMaker make : {&TypedKey, &LongKey, &SparseKey}) {
    std::mt19937_64 random(11);
    Page page, left, right;
    FormatNode(page.data(), PageKind::kInterior, 0, 1, Fences{}, 0);
    Header(page.data()).rightmost_child = 1;
    std::map<std::string, PageNo> model{{"", 1}};  // from this key on: the child
    PageNo next_page = 2;
    for (int step = 0; step < 6000; ++step) {
      std::string key = make(random);
      const PageNo expected = std::prev(model.upper_bound(key))->second;
      if (Covers(page.data(), AsBytes(key))) {
        ASSERT_EQ(interior::FindChild(page.data(), AsBytes(key)).child, expected);
      }
      if (key.empty() || model.contains(key) || !Covers(page.data(), AsBytes(key)) ||
          (!LowerFence(page.data()).empty() && AsText(LowerFence(page.data())) == key)) {
        continue;
      }
      if (PageHead(page.data()).cell_count > 0 && random() % 4 == 0) {
        const size_t index = random() % PageHead(page.data()).cell_count;
        std::byte buffer[base::kMaxKeyBytes];
        const std::string separator(AsText(interior::SeparatorAt(page.data(), index, buffer)));
        interior::RemoveSeparator(page.data(), index);
        model.erase(separator);  // the left child takes over
        continue;
      }
      if (!interior::InsertFits(page.data(), key.size())) {
        const size_t middle = interior::MiddleOf(page.data());
        std::byte buffer[base::kMaxKeyBytes];
        const std::string separator(AsText(interior::SeparatorAt(page.data(), middle, buffer)));
        Fences fences = FencesOf(page.data());
        FormatNode(left.data(), PageKind::kInterior, 0, 1, Fences{fences.lower, AsBytes(separator), true}, 0);
        FormatNode(right.data(), PageKind::kInterior, 0, 1, Fences{AsBytes(separator), fences.upper, fences.has_upper}, 0);
        interior::Split(page.data(), middle, left.data(), right.data());
        EXPECT_EQ(PageHead(left.data()).cell_count + PageHead(right.data()).cell_count + 1, PageHead(page.data()).cell_count);
        std::memcpy(page.data(), (random() % 2 == 0 ? left : right).data(), kPageSize);
        continue;
      }
      std::string payload(4, '\0');
      base::StoreLE(payload.data(), next_page);
      ASSERT_TRUE(
          ApplyNodeOp(static_cast<uint8_t>(NodeOp::kInsertSeparator), {1, 1}, page.data(), AsBytes(payload + key)).ok());
      model[key] = next_page++;
    }
    EXPECT_GT(PageHead(page.data()).cell_count, 2);
  }
}

// Kernel rule 9: whatever bytes a reader meets, the search stays inside the page.
TEST(Interior, SearchingGarbageStaysInsideThePage) {
  std::mt19937_64 random(12);
  Page page;
  for (int round = 0; round < 3000; ++round) {
    for (size_t i = 0; i < kPageSize; i += 8) base::StoreLE(page.data() + i, random());
    const std::string key = LongKey(random);
    interior::FindChild(page.data(), AsBytes(key));
    interior::ChildAt(page.data(), random() % 5000);
  }
}

TEST(NodeOps, MalformedPayloadsAreRefused) {
  std::mt19937_64 random(13);
  Page page;
  for (int round = 0; round < 20000; ++round) {
    leaf::FormatEmpty(page.data(), round % 2 == 0 ? kInt64Tree : uint8_t{0}, Fences{}, 0);
    std::string payload(random() % 30, '\0');
    for (char& c : payload) c = static_cast<char>(random() % 4 == 0 ? random() : 0);
    const auto op = static_cast<uint8_t>(0x20 + random() % 0x20);
    const base::Status status = ApplyNodeOp(op, {1, 1}, page.data(), AsBytes(payload));
    if (!status.ok()) {
      EXPECT_EQ(base::GetSqlState(status), base::sqlstate::kDataCorrupted);
    }
  }
}

TEST(NodeImage, GivesBackTheWholeNode) {
  std::mt19937_64 random(14);
  Page page, copy;
  leaf::FormatEmpty(page.data(), 0, Fences{AsBytes("\x20p"), AsBytes("\x20q"), true}, 3);
  for (int i = 0; i < 100; ++i) {
    const std::string key = TypedKey(random);
    if (Covers(page.data(), AsBytes(key)) && !leaf::Find(page.data(), AsBytes(key)).found) {
      leaf::Insert(page.data(), AsBytes(key), AsBytes("value"), i % 3 == 0);
    }
  }
  std::string image;
  for (Bytes part : NodeImageParts(page.data())) image.append(AsText(part));
  ASSERT_TRUE(NodeImageIsSound(AsBytes(image)));
  ApplyNodeImage(copy.data(), AsBytes(image));
  EXPECT_EQ(ContentsOf(copy.data()), ContentsOf(page.data()));
  EXPECT_FALSE(NodeImageIsSound(AsBytes(image).first(image.size() - 1)));
}

}  // namespace
}  // namespace turdb::btree
