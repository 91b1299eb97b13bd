// Values of enumerated types, and orders that leave room between any two.
#include "vec/enum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "vec/any.h"
#include "vec/value.h"

namespace turdb::vec {
namespace {

TEST(Enum, LabelsInADeclarationGetShortAscendingOrders) {
  std::vector<std::string> orders;
  std::string order;
  for (int i = 0; i < 500; ++i) {
    order = OrderBetween(order, {});
    EXPECT_TRUE(orders.empty() || orders.back() < order);
    orders.push_back(order);
  }
  EXPECT_EQ(orders[0].size(), 1u);
  EXPECT_EQ(orders[70].size(), 1u);
  EXPECT_LE(orders[499].size(), 8u);
}

// Wherever labels are put in, the values' bytes are in the labels' order, and no order is changed.
TEST(Enum, ThereIsAlwaysRoomBetweenTwoLabels) {
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    std::vector<std::string> orders;
    for (int i = 0; i < 300; ++i) {
      const size_t place = round == 0 ? 0 : round == 1 ? orders.size() / 2 : random() % (orders.size() + 1);
      const std::string low = place == 0 ? "" : orders[place - 1];
      const std::string high = place == orders.size() ? "" : orders[place];
      const std::string between = OrderBetween(low, high);
      ASSERT_FALSE(between.empty());
      ASSERT_NE(between.back(), '0');
      ASSERT_TRUE(between.find('\0') == std::string::npos);
      ASSERT_LT(low, between);
      ASSERT_TRUE(high.empty() || between < high);
      orders.insert(orders.begin() + static_cast<std::ptrdiff_t>(place), between);
    }
    std::vector<std::string> values;
    for (size_t i = 0; i < orders.size(); ++i) values.push_back(MakeEnum(orders[i], i % 3 == 0 ? "z" : "a"));
    EXPECT_TRUE(std::is_sorted(values.begin(), values.end()));
  }
}

TEST(Enum, ValuesPrintAndCompareByThemselves) {
  const Type type = Type::Enum(0x80000001);
  EXPECT_EQ(type.enum_id(), 0x80000001u);
  EXPECT_EQ(Type::ArrayOf(type).enum_id(), 0x80000001u);
  EXPECT_EQ(Type::Varchar(5).enum_id(), 0u);
  const Value sad = Value::OfBytes(type, MakeEnum("1", "sad")), ok = Value::OfBytes(type, MakeEnum("2", "ok"));
  EXPECT_EQ(sad.ToString(), "sad");
  EXPECT_LT(Value::Compare(sad, ok), 0);
  EXPECT_EQ(Value::Compare(sad, sad), 0);
  const Value back = DecodeAny(EncodeAny(ok));
  EXPECT_EQ(back.type(), type);
  EXPECT_EQ(back.bytes(), ok.bytes());
  // Among other values a label counts as its text.
  EXPECT_EQ(CompareAny(EncodeAny(ok), EncodeAny(Value::Text("ok"))), 0);
  EXPECT_EQ(HashAny(EncodeAny(ok)), HashAny(EncodeAny(Value::Text("ok"))));
  EXPECT_FALSE(Value::Parse("sad", type).ok());  // nobody knows the labels
}

}  // namespace
}  // namespace turdb::vec
