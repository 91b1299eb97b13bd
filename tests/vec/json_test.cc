// jsonb and json as bytes and text, below SQL.
#include "vec/json.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "vec/json_text.h"

namespace turdb::vec {
namespace {

std::string Parsed(std::string_view text) {
  std::string jsonb;
  const absl::Status status = ParseJson(text, &jsonb);
  EXPECT_TRUE(status.ok()) << text << ": " << status;
  return jsonb;
}

std::string Printed(std::string_view text, JsonLayout layout = JsonLayout::kSpaced) {
  const std::string jsonb = Parsed(text);
  std::string out;
  AppendJson(JsonView(jsonb), layout, &out);
  return out;
}

std::string Refused(std::string_view text) {
  std::string jsonb;
  const absl::Status status = ParseJson(text, &jsonb);
  EXPECT_FALSE(status.ok()) << text;
  return std::string(base::GetSqlState(status).view());
}

TEST(Json, PrintsKeysByLengthAndNumbersAsWritten) {
  EXPECT_EQ(Printed(R"({"bb":1,"a":2.50,"c":[1e3,-0,true,null,"x"]})"),
            R"({"a": 2.50, "c": [1000, 0, true, null, "x"], "bb": 1})");
  EXPECT_EQ(Printed(R"({"b":1,"a":{"x":[]}})", JsonLayout::kCompact), R"({"a":{"x":[]},"b":1})");
  EXPECT_EQ(Printed(R"({"a":[1,{}]})", JsonLayout::kPretty), "{\n    \"a\": [\n        1,\n        {\n        }\n    ]\n}");
  EXPECT_EQ(Printed(R"("\u00e9\ud83d\ude00\/\b\u0001")"), "\"é😀/\\b\\u0001\"");
  EXPECT_EQ(Printed("123456789012345678901234567890.000000000000000000000000000001"),
            "123456789012345678901234567890.000000000000000000000000000001");
}

TEST(Json, TheLastOfEqualKeysStays) {
  const std::string jsonb = Parsed(R"({"a":1,"b":2,"a":3})");
  const JsonView view(jsonb);
  EXPECT_EQ(view.size(), 2u);
  EXPECT_EQ(view.Find("a")->number().ToString(), "3");
  EXPECT_FALSE(view.Find("c").has_value());
}

TEST(Json, FindsMembersAmongMany) {
  // Past 255 and 65,535 bytes, where the directory's numbers widen.
  for (const int count : {10, 100, 20000}) {
    std::string text = "{";
    for (int i = 0; i < count; ++i) absl::StrAppend(&text, i == 0 ? "" : ",", "\"key", i, "\":[", i, "]");
    const std::string jsonb = Parsed(text + "}");
    const JsonView view(jsonb);
    ASSERT_EQ(view.size(), static_cast<uint32_t>(count));
    for (int i = 0; i < count; i += 7) {
      const auto found = view.Find(absl::StrCat("key", i));
      ASSERT_TRUE(found.has_value()) << i;
      EXPECT_EQ(found->element(0).number().ToString(), absl::StrCat(i));
    }
  }
}

TEST(Json, RefusesWithTheReason) {
  for (const char* text : {"", " ", "{", "[1,]", "{\"a\":1,}", "{a:1}", "01", "+1", ".5", "nul", "1 2", "\"\n\"", "\"\\x\"",
                           "'a'", "[1]]", "\"\\ud800\"", "NaN", "// x\n1"}) {
    EXPECT_EQ(Refused(text), "22P02") << text;
    EXPECT_FALSE(CheckJsonText(text).ok()) << text;
  }
  EXPECT_EQ(Refused(R"("\u0000")"), "22P05");
  EXPECT_EQ(Refused(R"({"a\u0000":1})"), "22P05");
  EXPECT_TRUE(CheckJsonText(R"("\u0000")").ok());
  EXPECT_EQ(Refused("1e200000"), "22003");
  std::string jsonb;
  EXPECT_NE(ParseJson("[1,\n2 x]", &jsonb).message().find("at byte 7"), std::string_view::npos);
}

TEST(Json, DepthHasALimit) {
  const auto nested = [](int depth) {
    return std::string(static_cast<size_t>(depth), '[') + std::string(static_cast<size_t>(depth), ']');
  };
  EXPECT_EQ(Printed(nested(kMaxJsonDepth)).size(), static_cast<size_t>(2 * kMaxJsonDepth));
  EXPECT_EQ(Refused(nested(kMaxJsonDepth + 1)), "54001");
  EXPECT_EQ(Refused(nested(1000000)), "54001");
  // Brackets in strings do not count.
  EXPECT_EQ(Printed("\"" + std::string(5000, '[') + "\"").size(), 5002u);
}

TEST(Json, OrderAndHashGoByValue) {
  const char* const kAscending[] = {"null",
                                    "false",
                                    "true",
                                    "-1.5",
                                    "0",
                                    "1",
                                    "1.5",
                                    "10",
                                    "\"\"",
                                    "\"a\"",
                                    "\"b\"",
                                    "[]",
                                    "[null]",
                                    "[1]",
                                    "[1,2]",
                                    "[2]",
                                    "{}",
                                    "{\"a\":1}",
                                    "{\"a\":1,\"b\":0}",
                                    "{\"a\":2}",
                                    "{\"b\":0}"};
  for (size_t i = 0; i < std::size(kAscending); ++i) {
    for (size_t j = 0; j < std::size(kAscending); ++j) {
      const std::string a = Parsed(kAscending[i]), b = Parsed(kAscending[j]);
      EXPECT_EQ(CompareJson(JsonView(a), JsonView(b)) < 0, i < j) << kAscending[i] << " " << kAscending[j];
      EXPECT_EQ(CompareJson(JsonView(a), JsonView(b)) == 0, i == j);
    }
  }
  const std::string a = Parsed(R"({"a":1,"b":[2.0]})"), b = Parsed(R"({"b":[2],"a":1.00})");
  EXPECT_EQ(CompareJson(JsonView(a), JsonView(b)), 0);
  EXPECT_EQ(HashJson(JsonView(a)), HashJson(JsonView(b)));
}

TEST(JsonText, WalksACheckedText) {
  const std::string text = R"( { "a" : [ 1 , "x,]" , {} ] , "b\"" : null } )";
  ASSERT_TRUE(CheckJsonText(text).ok());
  std::string seen;
  JsonText(text).ForEachMember([&](std::string_view key, const JsonText& value) {
    absl::StrAppend(&seen, key, "=", value.text(), ";");
    if (value.kind() == JsonKind::kArray) {
      value.ForEachElement([&](const JsonText& element) {
        absl::StrAppend(&seen, element.text(), ";");
        return true;
      });
    }
    return true;
  });
  EXPECT_EQ(seen, R"("a"=[ 1 , "x,]" , {} ];1;"x,]";{};"b\""=null;)");
  EXPECT_EQ(UnquoteJson(R"("b\"\u0041")").value(), "b\"A");
  EXPECT_EQ(base::GetSqlState(UnquoteJson(R"("\u0000")").status()).view(), "22P05");
}

}  // namespace
}  // namespace turdb::vec
