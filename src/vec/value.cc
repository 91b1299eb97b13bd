#include "vec/value.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "vec/array.h"
#include "vec/compare.h"
#include "vec/datetime.h"
#include "vec/dense_vector.h"
#include "vec/json_text.h"
#include "vec/network.h"
#include "vec/numeric.h"
#include "vec/range.h"
#include "vec/struct.h"
#include "vec/text_context.h"
#include "vec/text_format.h"
#include "vec/type_source.h"
#include "vec/utf8.h"

namespace turdb::vec {
namespace {

using base::MakeError;
using base::Status;
using base::StatusOr;

Status DatetimeError(ParseOutcome outcome, Type type, std::string_view text) {
  const auto error = [&](base::SqlState state, std::string_view message) {
    return MakeError(absl::StatusCode::kInvalidArgument, state, message);
  };
  switch (outcome) {
    case ParseOutcome::kFieldRange:
      if (type.id == TypeId::kInterval) {
        return error(base::SqlState{"22015"}, absl::StrCat("interval field value out of range: \"", text, "\""));
      }
      return error(base::sqlstate::kDatetimeOverflow, absl::StrCat("date/time field value out of range: \"", text, "\""));
    case ParseOutcome::kDateStyle:
      return base::WithHint(
          error(base::sqlstate::kDatetimeOverflow, absl::StrCat("date/time field value out of range: \"", text, "\"")),
          "dates are written year-month-day; with slashes, month/day/year");
    case ParseOutcome::kOutOfRange:
      return error(base::sqlstate::kDatetimeOverflow,
                   absl::StrCat(type.id == TypeId::kDate ? "date" : "timestamp", " out of range: \"", text, "\""));
    case ParseOutcome::kUnknownZone: {
      const size_t start = text.find_last_of(' ');
      return error(
          base::sqlstate::kInvalidParameter,
          absl::StrCat("time zone \"", start == std::string_view::npos ? text : text.substr(start + 1), "\" not recognized"));
    }
    case ParseOutcome::kZoneRange:
      return error(base::SqlState{"22009"}, absl::StrCat("time zone displacement out of range: \"", text, "\""));
    case ParseOutcome::kNoClock:
      // The code tells a binder to leave it to the run.
      return base::MakeError(absl::StatusCode::kUnavailable, base::sqlstate::kInvalidDatetime,
                             absl::StrCat("\"", text, "\" has a meaning only while a statement runs"));
    case ParseOutcome::kSyntax:
    case ParseOutcome::kOk:
      break;
  }
  return InvalidTextError(type, text);
}

Status InvalidBitsError(std::string_view text) {
  const bool hex = !text.empty() && (text[0] == 'x' || text[0] == 'X');
  if (hex || (!text.empty() && (text[0] == 'b' || text[0] == 'B'))) text.remove_prefix(1);
  const size_t bad = text.find_first_not_of(hex ? "0123456789abcdefABCDEF" : "01");
  return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidText,
                   absl::StrCat("\"", bad == std::string_view::npos ? text : text.substr(bad, Utf8Length(text[bad])),
                                "\" is not a valid ", hex ? "hexadecimal" : "binary", " digit"));
}

template <typename T>
StatusOr<Value> ParseInteger(std::string_view text, Type type) {
  Int128 value;
  switch (ParseInt128(text, &value)) {
    case NumberOutcome::kSyntax:
      return InvalidTextError(type, text);
    case NumberOutcome::kRange:
      return TextOutOfRangeError(type, text);
    case NumberOutcome::kOk:
      break;
  }
  if (value < Int128{std::numeric_limits<T>::min()} || value > Int128{std::numeric_limits<T>::max()}) {
    return TextOutOfRangeError(type, text);
  }
  return Value::Of(type, static_cast<T>(value));
}

StatusOr<Value> ParseNumeric(std::string_view text, Type type) {
  bool out_of_range = false;
  const std::optional<Numeric> number = Numeric::Parse(text, &out_of_range);
  if (!number && out_of_range) {
    return MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kNumericOutOfRange, "value overflows numeric format");
  }
  if (!number) return InvalidTextError(TypeId::kNumeric, text);
  if (type.id == TypeId::kNumeric) return Value::OfBytes(type, number->ToBytes());
  const std::optional<Int128> scaled = number->ToDecimal(type.precision, type.scale);
  if (!scaled) return DecimalOverflowError(type);
  if (type.physical() == PhysicalType::kInt64) return Value::Of(type, static_cast<int64_t>(*scaled));
  return Value::Of(type, *scaled);
}

StatusOr<Value> ParseDatetime(std::string_view text, Type type, const TextContext& context) {
  ParseOutcome outcome;
  if (type.id == TypeId::kDate) {
    int32_t date = 0;
    outcome = ParseDate(text, context, &date);
    if (outcome == ParseOutcome::kOk) return Value::Of(type, date);
  } else if (type.id == TypeId::kInterval) {
    Interval interval;
    outcome = ParseInterval(text, &interval);
    if (outcome == ParseOutcome::kOk) {
      interval.micros = RoundMicros(interval.micros, type.precision);
      return Value::Of(type, interval);
    }
  } else {
    int64_t micros = 0;
    outcome = type.id == TypeId::kTime        ? ParseTime(text, context, &micros)
              : type.id == TypeId::kTimestamp ? ParseTimestamp(text, context, &micros)
                                              : ParseTimestampTz(text, context, &micros);
    if (outcome == ParseOutcome::kOk) {
      if (IsFiniteTimestamp(micros)) micros = RoundMicros(micros, type.precision);
      return Value::Of(type, micros);
    }
  }
  return DatetimeError(outcome, type, text);
}

}  // namespace

StatusOr<Value> Value::Parse(std::string_view text, Type type, const TextContext* context) {
  TURDB_RETURN_IF_ERROR(CheckUtf8(text));
  switch (type.id) {
    case TypeId::kBoolean: {
      bool value = false;
      if (!ParseBool(text, &value)) return InvalidTextError(type, text);
      return Boolean(value);
    }
    case TypeId::kInt8:
      return ParseInteger<int8_t>(text, type);
    case TypeId::kInt16:
      return ParseInteger<int16_t>(text, type);
    case TypeId::kInt32:
      return ParseInteger<int32_t>(text, type);
    case TypeId::kInt64:
      return ParseInteger<int64_t>(text, type);
    case TypeId::kInt128:
      return ParseInteger<Int128>(text, type);
    case TypeId::kUInt8:
      return ParseInteger<uint8_t>(text, type);
    case TypeId::kUInt16:
      return ParseInteger<uint16_t>(text, type);
    case TypeId::kUInt32:
      return ParseInteger<uint32_t>(text, type);
    case TypeId::kUInt64:
      return ParseInteger<uint64_t>(text, type);
    case TypeId::kFloat: {
      float value = 0;
      const NumberOutcome outcome = ParseFloat(text, &value);
      if (outcome == NumberOutcome::kOk) return Float(value);
      return outcome == NumberOutcome::kSyntax ? InvalidTextError(type, text) : TextOutOfRangeError(type, text);
    }
    case TypeId::kDouble: {
      double value = 0;
      const NumberOutcome outcome = ParseDouble(text, &value);
      if (outcome == NumberOutcome::kOk) return Double(value);
      return outcome == NumberOutcome::kSyntax ? InvalidTextError(type, text) : TextOutOfRangeError(type, text);
    }
    case TypeId::kDecimal:
    case TypeId::kNumeric:
      return ParseNumeric(text, type);
    case TypeId::kVarchar:
    case TypeId::kChar: {
      std::string fitted(text);
      TURDB_RETURN_IF_ERROR(FitCharacters(type, false, &fitted));
      return OfBytes(type, std::move(fitted));
    }
    case TypeId::kUnknown:
    case TypeId::kText:
      return OfBytes(type, std::string(text));
    case TypeId::kAny:
      return Text(text);
    case TypeId::kJson:
      TURDB_RETURN_IF_ERROR(CheckJsonText(text));
      return OfBytes(type, std::string(text));
    case TypeId::kJsonb: {
      std::string jsonb;
      TURDB_RETURN_IF_ERROR(ParseJson(text, &jsonb));
      return OfBytes(type, std::move(jsonb));
    }
    case TypeId::kArray:
      return ParseArray(text, type, context);
    case TypeId::kEnum: {
      if (context == nullptr || context->types == nullptr) {
        return base::InternalError("a value of an enumerated type where no types are known");
      }
      TURDB_ASSIGN_OR_RETURN(std::string bytes, context->types->Parse(type.enum_id(), text));
      return OfBytes(type, std::move(bytes));
    }
    case TypeId::kStruct:
      return ParseStruct(text, type, context);
    case TypeId::kMap:
      return ParseMap(text, type, context);
    case TypeId::kInet:
    case TypeId::kCidr: {
      TURDB_ASSIGN_OR_RETURN(std::string bytes, ParseNetwork(text, type.id));
      return OfBytes(type, std::move(bytes));
    }
    case TypeId::kMacaddr: {
      TURDB_ASSIGN_OR_RETURN(std::string bytes, ParseMacaddr(text));
      return OfBytes(type, std::move(bytes));
    }
    case TypeId::kBit:
    case TypeId::kVarbit: {
      std::string bits;
      if (!ParseBits(text, &bits)) return InvalidBitsError(text);
      TURDB_RETURN_IF_ERROR(FitBits(type, false, &bits));
      return OfBytes(type, std::move(bits));
    }
    case TypeId::kInt4Range:
    case TypeId::kInt8Range:
    case TypeId::kNumRange:
    case TypeId::kTsRange:
    case TypeId::kTstzRange:
    case TypeId::kDateRange:
      return ParseRange(text, type, context);
    case TypeId::kDenseVector:
      return ParseDenseVector(text, type);
    case TypeId::kBlob: {
      std::string bytes, message;
      if (!ParseBlob(text, &bytes, &message)) {
        const bool syntax = message == "invalid input syntax for type bytea";
        return MakeError(absl::StatusCode::kInvalidArgument,
                         syntax ? base::sqlstate::kInvalidText : base::sqlstate::kInvalidParameter, message);
      }
      return Blob(bytes);
    }
    case TypeId::kDate:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
    case TypeId::kInterval:
      return ParseDatetime(text, type, context != nullptr ? *context : TextContext());
    case TypeId::kUuid: {
      Uuid uuid;
      if (!ParseUuid(text, &uuid)) return InvalidTextError(type, text);
      return Of(type, uuid);
    }
  }
  return base::InternalError("a value of no type");
}

int64_t Value::AsInt64() const {
  return VisitPhysical(type_.physical(), [&](auto tag) -> int64_t {
    using T = decltype(tag);
    if constexpr (std::is_integral_v<T> || std::is_same_v<T, Int128>) {
      return static_cast<int64_t>(Get<T>());
    } else {
      TURDB_CHECK(false) << "AsInt64 of " << type_.ToString();
      return 0;
    }
  });
}

double Value::AsDouble() const {
  if (type_.id == TypeId::kNumeric) return Numeric::FromBytes(bytes_).ToDouble();
  if (type_.id == TypeId::kDecimal) {
    return Numeric(type_.width() == 8 ? Int128{Get<int64_t>()} : Get<Int128>(), type_.scale).ToDouble();
  }
  return VisitPhysical(type_.physical(), [&](auto tag) -> double {
    using T = decltype(tag);
    if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, Int128>) {
      return static_cast<double>(Get<T>());
    } else {
      TURDB_CHECK(false) << "AsDouble of " << type_.ToString();
      return 0;
    }
  });
}

std::string Value::ToString(const TextContext* context) const {
  if (null_) return "NULL";
  if (type_.id == TypeId::kBoolean) return AsBool() ? "t" : "f";
  std::string out;
  if (type_.physical() == PhysicalType::kString) {
    const StringView view{std::string_view(bytes_)};
    AppendSlotText(type_, &view, context != nullptr ? *context : TextContext(), &out);
  } else {
    AppendSlotText(type_, fixed_, context != nullptr ? *context : TextContext(), &out);
  }
  return out;
}

std::string Value::ToSqlLiteral() const {
  if (null_) return "NULL";
  switch (type_.id) {
    case TypeId::kBoolean:
      return AsBool() ? "true" : "false";
    case TypeId::kInt32:
      return ToString();
    case TypeId::kUnknown:
    case TypeId::kText:
      return absl::StrCat("'", absl::StrReplaceAll(ToString(), {{"'", "''"}}), "'");
    default:
      return absl::StrCat("'", absl::StrReplaceAll(ToString(), {{"'", "''"}}), "'::", type_.ToString());
  }
}

bool Value::Identical(const Value& other) const {
  if (!(type_ == other.type_) || null_ != other.null_) return false;
  if (null_) return true;
  if (type_.physical() == PhysicalType::kString) return bytes_ == other.bytes_;
  return std::memcmp(fixed_, other.fixed_, type_.width()) == 0;
}

int Value::Compare(const Value& a, const Value& b) {
  if (a.null_ || b.null_) return static_cast<int>(a.null_) - static_cast<int>(b.null_);
  TURDB_DCHECK(a.type_.physical() == b.type_.physical());
  if (a.type_.physical() != PhysicalType::kString) return CompareSlots(a.type_, a.fixed_, b.fixed_);
  const StringView x{std::string_view(a.bytes_)}, y{std::string_view(b.bytes_)};
  return CompareSlots(a.type_, &x, &y);
}

uint64_t Value::Hash() const {
  if (null_) return kNullHash;
  if (type_.physical() != PhysicalType::kString) return HashSlot(type_, fixed_);
  const StringView view{std::string_view(bytes_)};
  return HashSlot(type_, &view);
}

}  // namespace turdb::vec
