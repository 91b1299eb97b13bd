#include "table/key_codec.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "table/random_values.h"
#include "vec/any.h"
#include "vec/numeric.h"
#include "vec/vector.h"

namespace turdb::table {
namespace {

using vec::Type;
using vec::TypeId;
using vec::Value;

std::string Encode(const std::vector<KeyPart>& parts, const std::vector<Value>& values) {
  KeyBuffer key;
  for (size_t i = 0; i < parts.size(); ++i) EXPECT_TRUE(AppendKeyPart(parts[i], values[i], &key).ok());
  return std::string(base::AsText(key.bytes()));
}

std::string Hex(const KeyPart& part, const Value& value) { return absl::BytesToHexString(Encode({part}, {value})); }

int Sign(int order) { return order < 0 ? -1 : static_cast<int>(order > 0); }
int KeyOrder(std::string_view a, std::string_view b) { return Sign(base::CompareBytes(base::AsBytes(a), base::AsBytes(b))); }

// SQL's order of one part: negative, zero or positive.
int SqlOrder(const KeyPart& part, const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) {
    if (a.is_null() && b.is_null()) return 0;
    return a.is_null() == part.nulls_first ? -1 : 1;
  }
  const int order = part.type == TypeId::kAny ? vec::CompareAny(vec::EncodeAny(a), vec::EncodeAny(b)) : Value::Compare(a, b);
  return Sign(part.descending ? -order : order);
}

Value RandomPartValue(const KeyPart& part, Random& random) {
  return random() % 8 == 0 ? Value::Null(part.type) : RandomValue(part.type, random);
}

KeyPart RandomPart(const Type& type, Random& random) { return {type, random() % 2 == 0, random() % 2 == 0}; }

// The order of keys is SQL's order, for every type, both directions and both places of NULLs.
TEST(KeyCodec, OneMemcmpOrdersEveryType) {
  Random random(1);
  for (const Type& type : KeyTypes()) {
    for (int round = 0; round < 400; ++round) {
      const KeyPart part = RandomPart(type, random);
      const Value a = RandomPartValue(part, random), b = RandomPartValue(part, random);
      EXPECT_EQ(KeyOrder(Encode({part}, {a}), Encode({part}, {b})), SqlOrder(part, a, b))
          << type.ToString() << ": " << a.ToString() << " against " << b.ToString() << (part.descending ? " descending" : "");
    }
  }
}

TEST(KeyCodec, OneMemcmpOrdersTuples) {
  Random random(2);
  const std::vector<Type> types = KeyTypes();
  for (int round = 0; round < 3000; ++round) {
    std::vector<KeyPart> parts;
    std::vector<Value> a, b;
    for (size_t left = 1 + Below(4, random); left != 0; --left) {
      parts.push_back(RandomPart(types[Below(types.size(), random)], random));
      a.push_back(RandomPartValue(parts.back(), random));
      // Often equal, so that later parts decide.
      b.push_back(random() % 2 == 0 ? a.back() : RandomPartValue(parts.back(), random));
    }
    int order = 0;
    for (size_t i = 0; i < parts.size() && order == 0; ++i) order = SqlOrder(parts[i], a[i], b[i]);
    EXPECT_EQ(KeyOrder(Encode(parts, a), Encode(parts, b)), order);
  }
}

// decode(encode(x)) is x: bit for bit where KeyKeepsValue says so, an equal value elsewhere.
TEST(KeyCodec, DecodesWhatItEncoded) {
  Random random(3);
  const std::vector<Type> types = KeyTypes();
  for (int round = 0; round < 8000; ++round) {
    std::vector<KeyPart> parts;
    std::vector<Value> values;
    for (size_t left = 1 + Below(3, random); left != 0; --left) {
      parts.push_back(RandomPart(types[Below(types.size(), random)], random));
      values.push_back(RandomPartValue(parts.back(), random));
    }
    const std::string key = Encode(parts, values);
    base::Bytes rest = base::AsBytes(key), skipped = rest;
    for (size_t i = 0; i < parts.size(); ++i) {
      Value back;
      ASSERT_TRUE(ReadKeyPart(parts[i], &rest, &back).ok()) << parts[i].type.ToString() << " " << values[i].ToString();
      EXPECT_EQ(SqlOrder(parts[i], values[i], back), 0) << values[i].ToString() << " became " << back.ToString();
      if (KeyKeepsValue(parts[i].type)) {
        EXPECT_TRUE(back.Identical(values[i])) << back.ToString();
      }
      ASSERT_TRUE(SkipKeyPart(parts[i], &skipped));
      EXPECT_EQ(skipped.size(), rest.size());
    }
    EXPECT_TRUE(rest.empty());
  }
}

// Rows of vectors give the same keys as values, and read back into vectors.
TEST(KeyCodec, TellsTheNumberThatAKeyBeginsWith) {
  const auto key_of = [](const KeyPart& part, auto value) {
    std::string key;
    AppendSortKeyPart(part, reinterpret_cast<Cell>(&value), &key);
    return key + "more";
  };
  for (const bool descending : {false, true}) {
    KeyPart part;
    part.descending = descending;
    part.type = vec::Type(vec::TypeId::kDouble);
    for (const double value : {0.0, 1.5, -1.5, 1e300, -1e-300, 5e-324}) {
      EXPECT_EQ(LeadingFloat(part, base::AsBytes(key_of(part, value))), value);
      EXPECT_EQ(LeadingInteger(part, base::AsBytes(key_of(part, value))), std::nullopt);
    }
    EXPECT_EQ(LeadingFloat(part, base::AsBytes(key_of(part, -0.0))), 0.0);
    EXPECT_EQ(LeadingFloat(part, base::AsBytes(key_of(part, std::nan("")))), std::nullopt);
    std::string null;
    AppendSortKeyPart(part, nullptr, &null);
    EXPECT_EQ(LeadingFloat(part, base::AsBytes(null)), std::nullopt);
    EXPECT_EQ(LeadingFloat(part, {}), std::nullopt);
    part.type = vec::Type(vec::TypeId::kInt64);
    for (const int64_t value : {int64_t{0}, int64_t{1}, int64_t{-1}, INT64_MIN, INT64_MAX}) {
      EXPECT_EQ(LeadingInteger(part, base::AsBytes(key_of(part, value))), value);
      EXPECT_EQ(LeadingFloat(part, base::AsBytes(key_of(part, value))), std::nullopt);
    }
    part.type = vec::Type(vec::TypeId::kDate);
    EXPECT_EQ(LeadingInteger(part, base::AsBytes(key_of(part, int32_t{7}))), std::nullopt);
  }
}

TEST(KeyCodec, ReadsAndWritesVectors) {
  Random random(4);
  for (const Type& type : KeyTypes()) {
    const KeyPart part = RandomPart(type, random);
    vec::Vector vector(type, 64), back(type, 64);
    std::vector<Value> values;
    for (size_t row = 0; row < 64; ++row) {
      values.push_back(RandomPartValue(part, random));
      vector.SetValue(row, values.back());
    }
    for (size_t row = 0; row < 64; ++row) {
      KeyBuffer key;
      ASSERT_TRUE(AppendKeyPart(part, vector, row, &key).ok());
      EXPECT_EQ(base::AsText(key.bytes()), Encode({part}, {values[row]}));
      base::Bytes rest = key.bytes();
      ASSERT_TRUE(ReadKeyPart(part, &rest, &back, row).ok());
      EXPECT_EQ(SqlOrder(part, back.GetValue(row), values[row]), 0);
    }
  }
}

// Damaged keys are refused and nothing is read past their end (the sanitizer build looks on).
TEST(KeyCodec, RefusesDamagedKeys) {
  Random random(5);
  for (const Type& type : KeyTypes()) {
    for (int round = 0; round < 200; ++round) {
      const KeyPart part = RandomPart(type, random);
      const std::string whole = Encode({part}, {RandomValue(type, random)});
      // A copy of exactly that size, so that every byte too many is noticed.
      std::vector<std::byte> cut(whole.size() - 1);
      std::memcpy(cut.data(), whole.data(), cut.size());
      base::Bytes rest(cut);
      Value value;
      EXPECT_FALSE(ReadKeyPart(part, &rest, &value).ok());
      std::vector<std::byte> changed(whole.size());
      std::memcpy(changed.data(), whole.data(), changed.size());
      changed[Below(changed.size(), random)] ^= static_cast<std::byte>(1 + random() % 255);
      rest = changed;
      const absl::Status status = ReadKeyPart(part, &rest, &value);  // may be another good key
      if (!status.ok()) {
        EXPECT_EQ(base::GetSqlState(status), base::sqlstate::kDataCorrupted);
      }
    }
  }
}

// The worked examples of FORMAT.md.
TEST(KeyCodec, WorkedExamples) {
  EXPECT_EQ(Hex({Type::Int32()}, Value::Int32(1)), "160000000000000001");
  EXPECT_EQ(Hex({Type::Int32()}, Value::Int32(-1)), "12ffffffffffffffff");
  EXPECT_EQ(Hex({Type::Int64()}, Value::Int64(0)), "14");
  EXPECT_EQ(Hex({Type::Int32(), true, true}, Value::Int32(1)), "e9fffffffffffffffe");
  EXPECT_EQ(Hex({Type::Double()}, Value::Double(1.5)), "15bff8000000000000");
  EXPECT_EQ(Hex({Type::Double()}, Value::Double(-1.5)), "134007ffffffffffff");
  EXPECT_EQ(Hex({Type::Text()}, Value::Text(std::string_view("a\0\xFF", 3))), "206100ffff000000");
  EXPECT_EQ(Hex({Type::Text(), true, true}, Value::Text("a")), "df9effff");
  EXPECT_EQ(Hex({Type::Boolean()}, Value::Boolean(true)), "03");
  EXPECT_EQ(Hex({TypeId::kDate}, Value::Of(TypeId::kDate, int32_t{1})), "3080000001");
  EXPECT_EQ(Hex({Type::Text()}, Value::Null(Type::Text())), "fe");
  EXPECT_EQ(Hex({Type::Text(), false, true}, Value::Null(Type::Text())), "01");
  EXPECT_EQ(Hex({Type::Text(), true, true}, Value::Null(Type::Text())), "01");
  EXPECT_EQ(Hex({Type::Decimal(10, 2)}, Value::Of(Type::Decimal(10, 2), int64_t{12345})), "17023039");
  EXPECT_EQ(Hex({Type::Decimal(10, 2)}, Value::Of(Type::Decimal(10, 2), int64_t{-12345})), "11fdcfc6");
  const auto numeric = [](std::string_view text) {
    return Value::OfBytes(TypeId::kNumeric, vec::Numeric::Parse(text).value().ToBytes());
  };
  EXPECT_EQ(Hex({Type::Numeric()}, numeric("123.45")), "1780000202182e00");
  EXPECT_EQ(Hex({Type::Numeric()}, numeric("-123.45")), "117ffffdfde7d1ff");
  EXPECT_EQ(Hex({TypeId::kAny}, Value::Int32(123)), "17800002021800");
  EXPECT_EQ(Hex({TypeId::kAny}, Value::Double(123.0)), "17800002021800");
  EXPECT_EQ(Hex({TypeId::kInterval}, Value::Of(TypeId::kInterval, vec::Interval{0, 0, 1})),
            "3480000000000000000000000000000001");
}

TEST(KeyCodec, PrefixUpperBoundIsTheNextBytes) {
  const auto bound = [](std::string_view prefix) -> std::string {
    KeyBuffer key;
    key.Assign(base::AsBytes(prefix));
    return MakePrefixUpperBound(&key) ? std::string(base::AsText(key.bytes())) : "none";
  };
  EXPECT_EQ(bound("ab"), "ac");
  EXPECT_EQ(bound("a\xFF\xFF"), "b");
  EXPECT_EQ(bound("\xFF"), "none");
  EXPECT_EQ(bound(""), "none");
}

// Between the prefix and its upper bound lie exactly the strings that start with the text.
TEST(KeyCodec, TextPrefixBoundsItsStrings) {
  Random random(6);
  const KeyPart part{Type::Text()};
  for (int round = 0; round < 3000; ++round) {
    const std::string prefix = RandomValue(Type::Text(), random).bytes(), text = RandomValue(Type::Text(), random).bytes();
    KeyBuffer lower, upper;
    ASSERT_TRUE(AppendTextPrefix(part, prefix, &lower).ok());
    upper.Assign(lower.bytes());
    ASSERT_TRUE(MakePrefixUpperBound(&upper));
    const std::string key = Encode({part}, {Value::Text(text)});
    const bool inside =
        base::CompareBytes(lower.bytes(), base::AsBytes(key)) <= 0 && base::CompareBytes(base::AsBytes(key), upper.bytes()) < 0;
    EXPECT_EQ(inside, std::string_view(text).starts_with(prefix));
  }
}

TEST(KeyCodec, TooLongAKeyIsAnErrorAndLeavesTheBuffer) {
  KeyBuffer key;
  ASSERT_TRUE(AppendKeyPart({Type::Int32()}, Value::Int32(7), &key).ok());
  const std::string before(base::AsText(key.bytes()));
  const absl::Status status = AppendKeyPart({Type::Text()}, Value::Text(std::string(2045, 'x')), &key);
  EXPECT_EQ(base::GetSqlState(status), base::sqlstate::kProgramLimit);
  EXPECT_EQ(base::AsText(key.bytes()), before);
  // The longest that fits.
  EXPECT_TRUE(AppendKeyPart({Type::Text()}, Value::Text(std::string(base::kMaxKeyBytes - 9 - 3, 'x')), &key).ok());
  EXPECT_FALSE(AppendKeyPart({Type::Boolean()}, Value::Boolean(true), &key).ok());
}

TEST(KeyCodec, Int64KeysOrderAsNumbers) {
  std::byte a[8], b[8];
  const int64_t numbers[] = {INT64_MIN, -2, -1, 0, 1, 255, 256, INT64_MAX};
  for (size_t i = 0; i + 1 < std::size(numbers); ++i) {
    EncodeInt64Key(numbers[i], a);
    EncodeInt64Key(numbers[i + 1], b);
    EXPECT_LT(std::memcmp(a, b, 8), 0);
    EXPECT_EQ(DecodeInt64Key(a), numbers[i]);
  }
}

}  // namespace
}  // namespace turdb::table
