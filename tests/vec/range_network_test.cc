// Text forms, canonical forms and order of ranges, network addresses and bit strings.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "vec/network.h"
#include "vec/range.h"
#include "vec/value.h"

namespace turdb::vec {
namespace {

std::string Printed(std::string_view text, Type type) {
  const auto value = Value::Parse(text, type);
  return value.ok() ? value->ToString() : std::string(base::GetSqlState(value.status()).view());
}

TEST(Range, TextAndCanonicalForm) {
  const std::pair<std::string, std::string> kCases[] = {
      {"[1,5)", "[1,5)"},       {"(1,5]", "[2,6)"}, {"[1,1)", "empty"},        {"(1,2)", "empty"},
      {" [ 1 , 2 ] ", "[1,3)"}, {"(,5]", "(,6)"},   {"[3,)", "[3,)"},          {"(,)", "(,)"},
      {"Empty", "empty"},       {"[5,1]", "22000"}, {"[1,5", "22P02"},         {"[1,2147483647]", "22003"},
      {"[1,2,3]", "22P02"},     {"1,2]", "22P02"},  {"[\"1\",\"2\"]", "[1,3)"}};
  for (const auto& [text, expected] : kCases) EXPECT_EQ(Printed(text, TypeId::kInt4Range), expected) << text;
  EXPECT_EQ(Printed("[1.50,2.0]", TypeId::kNumRange), "[1.50,2.0]");
  EXPECT_EQ(Printed("(1,1]", TypeId::kNumRange), "empty");
  EXPECT_EQ(Printed("[2020-01-01,infinity]", TypeId::kDateRange), "[2020-01-01,infinity]");
  EXPECT_EQ(Printed("[2020-01-01 10:00,)", TypeId::kTsRange), "[\"2020-01-01 10:00:00\",)");
}

TEST(Range, Order) {
  const std::vector<std::string> ordered = {"empty", "(,1)", "(,)", "[1,2)", "[1,3)", "[1,)", "[2,3)"};
  for (size_t i = 0; i < ordered.size(); ++i) {
    for (size_t j = 0; j < ordered.size(); ++j) {
      const Value a = Value::Parse(ordered[i], TypeId::kInt8Range).value(),
                  b = Value::Parse(ordered[j], TypeId::kInt8Range).value();
      const int order = Value::Compare(a, b);
      EXPECT_EQ(order < 0, i < j) << ordered[i] << ordered[j];
      EXPECT_EQ(order == 0, i == j) << ordered[i] << ordered[j];
    }
  }
  const Value a = Value::Parse("[1.0,2)", TypeId::kNumRange).value(), b = Value::Parse("[1.00,2.0)", TypeId::kNumRange).value();
  EXPECT_EQ(Value::Compare(a, b), 0);
  EXPECT_EQ(a.Hash(), b.Hash());
}

TEST(Network, Text) {
  const std::pair<std::string, std::string> kInets[] = {{"192.168.1.5", "192.168.1.5"},
                                                        {"192.168.1.5/24", "192.168.1.5/24"},
                                                        {"192.168.1.5/32", "192.168.1.5"},
                                                        {"::1", "::1"},
                                                        {"2001:DB8::/32", "2001:db8::/32"},
                                                        {"10.1", "22P02"},
                                                        {"1.2.3.256", "22P02"},
                                                        {"1.2.3.4/33", "22P02"},
                                                        {"1.2.3.4/", "22P02"},
                                                        {"", "22P02"},
                                                        {"::1/129", "22P02"},
                                                        {"::ffff:1.2.3.4", "::ffff:1.2.3.4"}};
  for (const auto& [text, expected] : kInets) EXPECT_EQ(Printed(text, TypeId::kInet), expected) << text;
  const std::pair<std::string, std::string> kCidrs[] = {{"192.168.1", "192.168.1.0/24"}, {"10", "10.0.0.0/8"},
                                                        {"128.1", "128.1.0.0/16"},       {"10.1.2.3", "10.1.2.3/32"},
                                                        {"192.168.1.5/24", "22P02"},     {"::/0", "::/0"}};
  for (const auto& [text, expected] : kCidrs) EXPECT_EQ(Printed(text, TypeId::kCidr), expected) << text;
  for (const std::string text : {"08:00:2b:01:02:03", "08-00-2b-01-02-03", "08002b:010203", "0800.2b01.0203", "08002B010203"}) {
    EXPECT_EQ(Printed(text, TypeId::kMacaddr), "08:00:2b:01:02:03") << text;
  }
  for (const std::string text : {"08:00:2b:01:02", "08:00-2b:01:02:03", "08002b0102034", "zz:00:2b:01:02:03", ""}) {
    EXPECT_EQ(Printed(text, TypeId::kMacaddr), "22P02") << text;
  }
}

TEST(Network, OrderIsByNetworkThenMaskThenAddress) {
  const std::vector<std::string> ordered = {"10.0.0.0/8",  "10.1.2.3/8", "10.0.0.0/16", "10.0.0.0",
                                            "10.1.0.0/16", "11.0.0.1",   "::/0",        "::1"};
  for (size_t i = 1; i < ordered.size(); ++i) {
    EXPECT_LT(
        Value::Compare(Value::Parse(ordered[i - 1], TypeId::kInet).value(), Value::Parse(ordered[i], TypeId::kInet).value()), 0)
        << ordered[i];
  }
}

TEST(Bits, TextAndOrder) {
  EXPECT_EQ(Printed("x1F", TypeId::kVarbit), "00011111");
  EXPECT_EQ(Printed("102", TypeId::kVarbit), "22P02");
  Type four(TypeId::kBit);
  four.length = 4;
  EXPECT_EQ(Printed("1010", four), "1010");
  EXPECT_EQ(Printed("101", four), "22026");
  const std::vector<std::string> ordered = {"", "0", "01", "1", "10", "100000000", "11"};
  for (size_t i = 1; i < ordered.size(); ++i) {
    EXPECT_LT(Value::Compare(Value::Parse(ordered[i - 1], TypeId::kVarbit).value(),
                             Value::Parse(ordered[i], TypeId::kVarbit).value()),
              0)
        << ordered[i];
  }
}

}  // namespace
}  // namespace turdb::vec
