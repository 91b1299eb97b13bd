// Orders of texts: what is equal hashes alike and has one sort key, and sort keys order as the texts do.
#include "vec/collation.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "vec/any.h"
#include "vec/compare.h"
#include "vec/type.h"
#include "vec/value.h"

namespace turdb::vec {
namespace {

int Sign(int order) { return order < 0 ? -1 : static_cast<int>(order > 0); }

std::string RandomText(std::mt19937& random) {
  static constexpr std::string_view kLetters("aAbB  z\xc3\xa4[_\0", 11);
  std::string text;
  for (size_t left = random() % (random() % 8 == 0 ? 200 : 5); left != 0; --left) {
    text.push_back(kLetters[random() % kLetters.size()]);
  }
  return text;
}

std::string KeyOf(Collation order, const std::string& text) {
  std::string scratch;
  return std::string(SortKey(order, text, &scratch));
}

TEST(Collation, SortKeysOrderAsTextsDo) {
  std::mt19937 random(1);
  for (const Collation order : {Collation::kBinary, Collation::kNoCase, Collation::kRTrim}) {
    for (int round = 0; round < 3000; ++round) {
      const std::string a = RandomText(random), b = random() % 4 == 0 ? a + " " : RandomText(random);
      const StringView x{std::string_view(a)}, y{std::string_view(b)};
      const int by_key = Sign(KeyOf(order, a).compare(KeyOf(order, b)));
      EXPECT_EQ(Sign(CompareTexts(order, x, y)), by_key) << a << " against " << b;
      EXPECT_EQ(EqualTexts(order, x, y), by_key == 0);
      if (by_key == 0) {
        EXPECT_EQ(HashText(order, a), HashText(order, b));
      }
    }
  }
}

TEST(Collation, AreSqlitesOrders) {
  EXPECT_EQ(KeyOf(Collation::kNoCase, "Abc \xc3\x84[Z"), "abc \xc3\x84[z");
  EXPECT_EQ(KeyOf(Collation::kRTrim, " a b  "), " a b");
  // '[' stands behind the capital letters and before the small ones.
  EXPECT_LT(CompareTexts(Collation::kNoCase, StringView(std::string_view("[")), StringView(std::string_view("Z"))), 0);
}

TEST(Collation, NamesAreFoundInAnyCase) {
  ASSERT_NE(FindCollation("NOCASE"), nullptr);
  EXPECT_EQ(FindCollation("nocase"), FindCollation("NoCase"));
  EXPECT_EQ(FindCollation("nocase")->order, Collation::kNoCase);
  EXPECT_EQ(FindCollation("C")->name, "C");
  EXPECT_EQ(FindCollation("de_DE"), nullptr);
  EXPECT_EQ(IdOf(*FindCollation("default")), kDefaultCollation);
  for (const Collation order : {Collation::kBinary, Collation::kNoCase, Collation::kRTrim}) {
    EXPECT_EQ(Collations()[CollationOf(order)].order, order);
  }
}

// A type's collation decides about values of it, alone, in arrays, and in ANY.
TEST(Collation, IsPartOfTheType) {
  const Type text = Type::Text().WithCollation(Collation::kNoCase);
  EXPECT_EQ(text.collation(), Collation::kNoCase);
  EXPECT_NE(text, Type::Text());
  EXPECT_EQ(text.WithCollation(Collation::kBinary), Type::Text());
  EXPECT_EQ(Type::ArrayOf(text).element_type(), text);
  EXPECT_EQ(Type::Int32().WithCollation(Collation::kNoCase), Type::Int32());
  EXPECT_EQ(Type::Decimal(9, 2).collation(), Collation::kBinary);
  const StringView a{std::string_view("A")}, b{std::string_view("a")};
  EXPECT_EQ(CompareSlots(text, &a, &b), 0);
  EXPECT_TRUE(EqualSlots(text, &a, &b));
  EXPECT_EQ(HashSlot(text, &a), HashSlot(text, &b));
  EXPECT_FALSE(EqualSlots(Type::Text(), &a, &b));
  const std::string any_a = EncodeAny(Value::Text("A")), any_b = EncodeAny(Value::Text("a"));
  EXPECT_EQ(CompareAny(any_a, any_b, Collation::kNoCase), 0);
  EXPECT_NE(CompareAny(any_a, any_b), 0);
  EXPECT_EQ(HashAny(any_a, Collation::kNoCase), HashAny(any_b, Collation::kNoCase));
}

}  // namespace
}  // namespace turdb::vec
