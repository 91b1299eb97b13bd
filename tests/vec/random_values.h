// Random values of every type, with edges more often than chance would have them.
#ifndef TURDB_TESTS_VEC_RANDOM_VALUES_H_
#define TURDB_TESTS_VEC_RANDOM_VALUES_H_

#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "vec/datetime.h"
#include "vec/numeric.h"
#include "vec/utf8.h"
#include "vec/value.h"

namespace turdb::vec {

inline std::vector<Type> AllTypes() {
  return {TypeId::kBoolean, TypeId::kInt8,   TypeId::kInt16,      TypeId::kInt32,        TypeId::kInt64,
          TypeId::kInt128,  TypeId::kUInt8,  TypeId::kUInt16,     TypeId::kUInt32,       TypeId::kUInt64,
          TypeId::kFloat,   TypeId::kDouble, Type::Decimal(9, 2), Type::Decimal(18, 18), Type::Decimal(38, 6),
          TypeId::kNumeric, TypeId::kText,   Type::Varchar(8),    Type::Char(6),         TypeId::kBlob,
          TypeId::kDate,    TypeId::kTime,   TypeId::kTimestamp,  TypeId::kTimestampTz,  TypeId::kInterval,
          TypeId::kUuid};
}

template <typename T>
T RandomBits(std::mt19937_64& random) {
  uint64_t bits[2] = {random(), random()};
  switch (random() % 6) {
    case 0:
      bits[0] = bits[1] = 0;
      break;
    case 1:
      bits[0] = bits[1] = ~uint64_t{0};
      break;
    case 2:
      bits[0] %= 100, bits[1] = 0;
      break;
    default:
      break;
  }
  T value;
  std::memcpy(static_cast<void*>(&value), bits, sizeof(T));
  return value;
}

inline std::string RandomText(std::mt19937_64& random, size_t max_characters) {
  std::string text;
  const size_t count = random() % (max_characters + 1);
  for (size_t i = 0; i < count; ++i) {
    constexpr uint32_t kSamples[] = {'a', 'b', 'Z', '0', '%', '_', '\'', '\\', 0xe4, 0x20ac, 0x1d11e, ' '};
    Utf8Append(kSamples[random() % std::size(kSamples)], &text);
  }
  return text;
}

inline Value RandomValue(Type type, std::mt19937_64& random) {
  switch (type.id) {
    case TypeId::kBoolean:
      return Value::Boolean(random() % 2 == 0);
    case TypeId::kDecimal: {
      UInt128 limit = Power10(type.precision);
      UInt128 magnitude = RandomBits<UInt128>(random) % limit;
      if (random() % 4 == 0) magnitude = limit - 1;
      Int128 value = static_cast<Int128>(magnitude);
      if (random() % 2 == 0) value = -value;
      if (type.physical() == PhysicalType::kInt64) return Value::Of(type, static_cast<int64_t>(value));
      return Value::Of(type, value);
    }
    case TypeId::kNumeric: {
      if (random() % 20 == 0) return Value::OfBytes(type, Numeric::NaN().ToBytes());
      std::string digits;
      const size_t count = 1 + random() % (random() % 8 == 0 ? 80 : 20);
      for (size_t i = 0; i < count; ++i) digits.push_back(static_cast<char>('0' + random() % 10));
      return Value::OfBytes(
          type,
          Numeric::FromMagnitude(random() % 2 == 0, BigUint::FromDecimal(digits), static_cast<int>(random() % 30)).ToBytes());
    }
    case TypeId::kText:
      return Value::Text(RandomText(random, 40));
    case TypeId::kVarchar:
      return *Value::Parse(RandomText(random, static_cast<size_t>(type.length)), type);
    case TypeId::kChar:
      return *Value::Parse(RandomText(random, static_cast<size_t>(type.length)), type);
    case TypeId::kBlob: {
      std::string bytes;
      const size_t count = random() % 30;
      for (size_t i = 0; i < count; ++i) bytes.push_back(static_cast<char>(random()));
      return Value::Blob(bytes);
    }
    case TypeId::kDate: {
      if (random() % 20 == 0) return Value::Of(type, kDateInfinity);
      const auto span = static_cast<uint64_t>(int64_t{kMaxDate} - kMinDate);
      return Value::Of(type, static_cast<int32_t>(kMinDate + static_cast<int64_t>(random() % span)));
    }
    case TypeId::kTime:
      return Value::Of(type, static_cast<int64_t>(random() % (static_cast<uint64_t>(kMicrosPerDay) + 1)));
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz: {
      if (random() % 20 == 0) return Value::Of(type, kTimestampMinusInfinity);
      const uint64_t span = static_cast<uint64_t>(kMaxTimestamp) - static_cast<uint64_t>(kMinTimestamp);
      return Value::Of(type, static_cast<int64_t>(static_cast<uint64_t>(kMinTimestamp) + random() % span));
    }
    case TypeId::kInterval: {
      Interval interval;
      interval.months = static_cast<int32_t>(random() % 4000) - 2000;
      interval.days = static_cast<int32_t>(random() % 4000) - 2000;
      interval.micros = static_cast<int64_t>(random() % (1ull << 50)) - (1ll << 49);
      return Value::Of(type, interval);
    }
    default:
      break;
  }
  return VisitPhysical(type.physical(), [&](auto tag) -> Value {
    using T = decltype(tag);
    if constexpr (std::is_same_v<T, StringView> || std::is_same_v<T, bool>) {
      return Value::Null(type);  // handled above
    } else {
      return Value::Of(type, RandomBits<T>(random));
    }
  });
}

}  // namespace turdb::vec

#endif  // TURDB_TESTS_VEC_RANDOM_VALUES_H_
