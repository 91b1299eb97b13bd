#include "vec/type.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace turdb::vec {
namespace {

using base::MakeError;
using base::StatusOr;

struct Name {
  std::string_view name;
  TypeId id;
};

// PostgreSQL's names first, then those of SQLite, DuckDB and MySQL that mean one thing only.
constexpr Name kNames[] = {
    {"boolean", TypeId::kBoolean},
    {"bool", TypeId::kBoolean},
    {"logical", TypeId::kBoolean},
    {"tinyint", TypeId::kInt8},
    {"int1", TypeId::kInt8},
    {"smallint", TypeId::kInt16},
    {"int2", TypeId::kInt16},
    {"short", TypeId::kInt16},
    {"integer", TypeId::kInt32},
    {"int", TypeId::kInt32},
    {"int4", TypeId::kInt32},
    {"mediumint", TypeId::kInt32},
    {"signed", TypeId::kInt32},
    {"bigint", TypeId::kInt64},
    {"int8", TypeId::kInt64},
    {"big int", TypeId::kInt64},
    {"long", TypeId::kInt64},
    {"hugeint", TypeId::kInt128},
    {"int16", TypeId::kInt128},
    {"int128", TypeId::kInt128},
    {"utinyint", TypeId::kUInt8},
    {"uint1", TypeId::kUInt8},
    {"usmallint", TypeId::kUInt16},
    {"uint2", TypeId::kUInt16},
    {"uinteger", TypeId::kUInt32},
    {"uint4", TypeId::kUInt32},
    {"ubigint", TypeId::kUInt64},
    {"uint8", TypeId::kUInt64},
    {"unsigned big int", TypeId::kUInt64},
    {"real", TypeId::kFloat},
    {"float4", TypeId::kFloat},
    {"double precision", TypeId::kDouble},
    {"float8", TypeId::kDouble},
    {"double", TypeId::kDouble},
    {"float", TypeId::kDouble},
    {"numeric", TypeId::kNumeric},
    {"decimal", TypeId::kNumeric},
    {"dec", TypeId::kNumeric},
    {"text", TypeId::kText},
    {"string", TypeId::kText},
    {"clob", TypeId::kText},
    {"character varying", TypeId::kVarchar},
    {"char varying", TypeId::kVarchar},
    {"varchar", TypeId::kVarchar},
    {"nvarchar", TypeId::kVarchar},
    {"national character varying", TypeId::kVarchar},
    {"national char varying", TypeId::kVarchar},
    {"varying character", TypeId::kVarchar},
    {"character", TypeId::kChar},
    {"char", TypeId::kChar},
    {"bpchar", TypeId::kChar},
    {"name", TypeId::kText},  // PostgreSQL's, for catalogs; its 63 bytes are not cut here
    {"nchar", TypeId::kChar},
    {"national character", TypeId::kChar},
    {"national char", TypeId::kChar},
    {"native character", TypeId::kChar},
    {"bytea", TypeId::kBlob},
    {"blob", TypeId::kBlob},
    {"binary", TypeId::kBlob},
    {"varbinary", TypeId::kBlob},
    {"date", TypeId::kDate},
    {"time", TypeId::kTime},
    {"time without time zone", TypeId::kTime},
    {"timestamp", TypeId::kTimestamp},
    {"timestamp without time zone", TypeId::kTimestamp},
    {"datetime", TypeId::kTimestamp},
    {"timestamptz", TypeId::kTimestampTz},
    {"timestamp with time zone", TypeId::kTimestampTz},
    {"interval", TypeId::kInterval},
    {"uuid", TypeId::kUuid},
    {"any", TypeId::kAny},
    {"json", TypeId::kJson},
    {"jsonb", TypeId::kJsonb},
    {"record", TypeId::kStruct},
    {"inet", TypeId::kInet},
    {"cidr", TypeId::kCidr},
    {"macaddr", TypeId::kMacaddr},
    {"bit", TypeId::kBit},
    {"bit varying", TypeId::kVarbit},
    {"varbit", TypeId::kVarbit},
    {"bitstring", TypeId::kVarbit},
    {"int4range", TypeId::kInt4Range},
    {"int8range", TypeId::kInt8Range},
    {"numrange", TypeId::kNumRange},
    {"tsrange", TypeId::kTsRange},
    {"tstzrange", TypeId::kTstzRange},
    {"daterange", TypeId::kDateRange},
    {"vector", TypeId::kDenseVector},
    {"halfvec", TypeId::kDenseVector},
    {"jsonpath", TypeId::kText},  // checked when it is used
    {"unknown", TypeId::kUnknown},
};

base::Status BadModifier(std::string_view message) {
  return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter, message);
}

// SQLite's rule for names it does not know, in its order of precedence.
std::optional<TypeId> Affinity(std::string_view name) {
  if (absl::StrContains(name, "int")) return TypeId::kInt64;
  for (std::string_view word : {"char", "clob", "text"}) {
    if (absl::StrContains(name, word)) return TypeId::kText;
  }
  if (absl::StrContains(name, "blob")) return TypeId::kBlob;
  for (std::string_view word : {"real", "floa", "doub"}) {
    if (absl::StrContains(name, word)) return TypeId::kDouble;
  }
  return std::nullopt;
}

StatusOr<Type> DecimalType(std::span<const int64_t> modifiers) {
  if (modifiers.empty()) return Type(TypeId::kNumeric);
  if (modifiers.size() > 2) return BadModifier("invalid NUMERIC type modifier");
  const int64_t precision = modifiers[0], scale = modifiers.size() == 2 ? modifiers[1] : 0;
  if (precision < 1 || precision > kMaxDecimalPrecision) {
    return base::WithHint(
        BadModifier(absl::StrCat("NUMERIC precision ", precision, " must be between 1 and ", kMaxDecimalPrecision)),
        "numeric without a precision holds any number of digits");
  }
  if (scale < 0 || scale > precision) {
    return BadModifier(absl::StrCat("NUMERIC scale ", scale, " must be between 0 and precision ", precision));
  }
  return Type::Decimal(static_cast<int>(precision), static_cast<int>(scale));
}

StatusOr<Type> CharacterType(TypeId id, std::string_view name, std::span<const int64_t> modifiers) {
  Type type(id);
  if (modifiers.empty()) {
    // Unlike character, bpchar has no length of its own.
    if (name == "bpchar") type.length = 0;
    return type;
  }
  const std::string_view shown = id == TypeId::kChar ? "char" : "varchar";
  if (modifiers.size() > 1) return BadModifier("invalid type modifier");
  if (modifiers[0] < 1) return BadModifier(absl::StrCat("length for type ", shown, " must be at least 1"));
  constexpr int64_t kMaxLength = 10485760;
  if (modifiers[0] > kMaxLength) {
    return BadModifier(absl::StrCat("length for type ", shown, " cannot exceed ", kMaxLength));
  }
  type.length = static_cast<int32_t>(modifiers[0]);
  return type;
}

StatusOr<Type> BitType(TypeId id, std::span<const int64_t> modifiers) {
  Type type(id);
  if (modifiers.empty()) {
    type.length = id == TypeId::kBit ? 1 : 0;
    return type;
  }
  const std::string_view shown = id == TypeId::kBit ? "bit" : "varbit";
  if (modifiers.size() > 1) return BadModifier("invalid type modifier");
  if (modifiers[0] < 1) return BadModifier(absl::StrCat("length for type ", shown, " must be at least 1"));
  constexpr int64_t kMaxBits = 83886080;
  if (modifiers[0] > kMaxBits) return BadModifier(absl::StrCat("length for type ", shown, " cannot exceed ", kMaxBits));
  type.length = static_cast<int32_t>(modifiers[0]);
  return type;
}

struct ElementWord {
  std::string_view word;
  VectorElement element;
};
constexpr ElementWord kElementWords[] = {
    {"float32", VectorElement::kFloat32}, {"f32", VectorElement::kFloat32}, {"float16", VectorElement::kFloat16},
    {"f16", VectorElement::kFloat16},     {"int8", VectorElement::kInt8},   {"i8", VectorElement::kInt8},
    {"bit", VectorElement::kBit},         {"binary", VectorElement::kBit},
};

StatusOr<Type> VectorType(std::string_view name, std::span<const int64_t> modifiers) {
  std::optional<VectorElement> element;
  std::optional<int64_t> dimensions;
  for (const int64_t modifier : modifiers) {
    if (modifier < 0 && modifier >= -static_cast<int64_t>(kVectorElementCount)) {
      if (element || name == "halfvec") return BadModifier("invalid type modifier");
      element = static_cast<VectorElement>(-modifier - 1);
    } else {
      if (dimensions) return BadModifier("invalid type modifier");
      dimensions = modifier;
    }
  }
  if (dimensions && *dimensions < 1) return BadModifier(absl::StrCat("dimensions for type ", name, " must be at least 1"));
  if (dimensions && *dimensions > kMaxVectorDimensions) {
    return BadModifier(absl::StrCat("dimensions for type ", name, " cannot exceed ", kMaxVectorDimensions));
  }
  const VectorElement of_name = name == "halfvec" ? VectorElement::kFloat16 : VectorElement::kFloat32;
  return Type::DenseVector(element.value_or(of_name), static_cast<int32_t>(dimensions.value_or(0)));
}

std::string VectorName(const Type& type) {
  const VectorElement element = type.vector_element();
  const std::string_view word = element == VectorElement::kInt8 ? "int8" : element == VectorElement::kBit ? "bit" : "";
  const std::string_view name = element == VectorElement::kFloat16 ? "halfvec" : "vector";
  if (type.length == 0) return word.empty() ? std::string(name) : absl::StrCat(name, "(", word, ")");
  return absl::StrCat(name, "(", type.length, word.empty() ? "" : ",", word, ")");
}

StatusOr<Type> TimeType(TypeId id, std::span<const int64_t> modifiers) {
  if (modifiers.empty()) return Type(id);
  if (modifiers.size() > 1 || modifiers[0] < 0) return BadModifier("invalid type modifier");
  // PostgreSQL warns and takes 6 when more digits are asked for.
  return Type::WithTimePrecision(id, static_cast<int>(std::min<int64_t>(modifiers[0], kMaxTimePrecision)));
}

}  // namespace

std::optional<int64_t> TypeModifierWord(std::string_view given_word) {
  const std::string word = absl::AsciiStrToLower(given_word);
  for (const auto& [name, element] : kElementWords) {
    if (name == word) return -1 - static_cast<int64_t>(element);
  }
  return std::nullopt;
}

bool IsTypeName(std::string_view given_name) {
  const std::string name = absl::AsciiStrToLower(given_name);
  return std::any_of(std::begin(kNames), std::end(kNames), [&](const Name& n) { return n.name == name; });
}

StatusOr<Type> MakeType(std::string_view given_name, std::span<const int64_t> modifiers) {
  const std::string name = absl::AsciiStrToLower(given_name);
  std::optional<TypeId> id;
  const auto* found = std::find_if(std::begin(kNames), std::end(kNames), [&](const Name& n) { return n.name == name; });
  if (found != std::end(kNames)) id = found->id;
  if (!id) {
    id = Affinity(name);
    if (id) return Type(*id);  // SQLite ignores the numbers of such a type
    return MakeError(absl::StatusCode::kNotFound, base::sqlstate::kUndefinedObject,
                     absl::StrCat("type \"", given_name, "\" does not exist"));
  }
  if (*id != TypeId::kDenseVector && std::any_of(modifiers.begin(), modifiers.end(), [](int64_t m) { return m < 0; })) {
    return BadModifier("type modifiers must be positive integer constants");
  }
  switch (*id) {
    case TypeId::kNumeric:
      return DecimalType(modifiers);
    case TypeId::kVarchar:
    case TypeId::kChar:
      return CharacterType(*id, name, modifiers);
    case TypeId::kBit:
    case TypeId::kVarbit:
      return BitType(*id, modifiers);
    case TypeId::kDenseVector:
      return VectorType(name, modifiers);
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
    case TypeId::kInterval:
      return TimeType(*id, modifiers);
    case TypeId::kText:
    case TypeId::kBlob:
      return Type(*id);  // text(100), blob(16): accepted, as SQLite and MySQL do, and no limit
    case TypeId::kDouble:
      if (name == "float" && modifiers.size() == 1) {
        if (modifiers[0] < 1) return BadModifier("precision for type float must be at least 1 bit");
        if (modifiers[0] > 53) return BadModifier("precision for type float must be less than 54 bits");
        return Type(modifiers[0] <= 24 ? TypeId::kFloat : TypeId::kDouble);
      }
      break;
    default:
      break;
  }
  // int(11) and tinyint(1): the display width of MySQL's dialect means nothing.
  if (!modifiers.empty() && !IsInteger(*id)) {
    return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kSyntaxError,
                     absl::StrCat("type modifier is not allowed for type \"", given_name, "\""));
  }
  return Type(*id);
}

StatusOr<Type> ParseType(std::string_view text) {
  const auto malformed = [&] {
    return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kSyntaxError,
                     absl::StrCat("invalid type name \"", text, "\""));
  };
  if (const std::string_view trimmed = absl::StripAsciiWhitespace(text); trimmed.ends_with("[]")) {
    TURDB_ASSIGN_OR_RETURN(const Type element, ParseType(trimmed.substr(0, trimmed.size() - 2)));
    return element.id == TypeId::kArray ? element : Type::ArrayOf(element);
  }
  std::string name;
  std::array<int64_t, 4> modifiers{};
  size_t count = 0, i = 0;
  bool seen_parentheses = false;
  while (i < text.size()) {
    const char c = text[i];
    if (absl::ascii_isspace(static_cast<unsigned char>(c))) {
      ++i;
    } else if (c == '(') {
      const size_t close = text.find(')', i);
      if (close == std::string_view::npos || seen_parentheses || name.empty()) return malformed();
      seen_parentheses = true;
      std::string_view inside = text.substr(i + 1, close - i - 1);
      for (bool more = true; more;) {
        const size_t comma = inside.find(',');
        more = comma != std::string_view::npos;
        const std::string_view modifier = absl::StripAsciiWhitespace(inside.substr(0, comma));
        if (count == modifiers.size()) return malformed();
        if (const std::optional<int64_t> word = TypeModifierWord(modifier)) {
          modifiers[count++] = *word;
        } else if (!absl::SimpleAtoi(modifier, &modifiers[count++])) {
          return malformed();
        }
        if (more) inside.remove_prefix(comma + 1);
      }
      i = close + 1;
    } else {
      const size_t start = i;
      while (i < text.size() && text[i] != '(' && !absl::ascii_isspace(static_cast<unsigned char>(text[i]))) ++i;
      absl::StrAppend(&name, name.empty() ? "" : " ", text.substr(start, i - start));
    }
  }
  if (name.empty()) return malformed();
  return MakeType(name, std::span(modifiers.data(), count));
}

std::string Type::ToString() const {
  const std::string seconds =
      IsDateTime(id) && id != TypeId::kDate && precision != kMaxTimePrecision ? absl::StrCat("(", precision, ")") : "";
  const std::string characters = length > 0 ? absl::StrCat("(", length, ")") : "";
  switch (id) {
    case TypeId::kUnknown:
      return "unknown";
    case TypeId::kBoolean:
      return "boolean";
    case TypeId::kInt8:
      return "tinyint";
    case TypeId::kInt16:
      return "smallint";
    case TypeId::kInt32:
      return "integer";
    case TypeId::kInt64:
      return "bigint";
    case TypeId::kInt128:
      return "hugeint";
    case TypeId::kUInt8:
      return "utinyint";
    case TypeId::kUInt16:
      return "usmallint";
    case TypeId::kUInt32:
      return "uinteger";
    case TypeId::kUInt64:
      return "ubigint";
    case TypeId::kFloat:
      return "real";
    case TypeId::kDouble:
      return "double precision";
    case TypeId::kDecimal:
      return absl::StrCat("numeric(", precision, ",", scale, ")");
    case TypeId::kNumeric:
      return "numeric";
    case TypeId::kText:
      return "text";
    case TypeId::kVarchar:
      return absl::StrCat("character varying", characters);
    case TypeId::kChar:
      return length > 0 ? absl::StrCat("character", characters) : "bpchar";
    case TypeId::kBlob:
      return "bytea";
    case TypeId::kDate:
      return "date";
    case TypeId::kTime:
      return absl::StrCat("time", seconds, " without time zone");
    case TypeId::kTimestamp:
      return absl::StrCat("timestamp", seconds, " without time zone");
    case TypeId::kTimestampTz:
      return absl::StrCat("timestamp", seconds, " with time zone");
    case TypeId::kInterval:
      return absl::StrCat("interval", seconds);
    case TypeId::kUuid:
      return "uuid";
    case TypeId::kAny:
      return "any";
    case TypeId::kEnum:
      return "enum";
    case TypeId::kJson:
      return "json";
    case TypeId::kJsonb:
      return "jsonb";
    case TypeId::kArray:
      return element == TypeId::kUnknown ? "anyarray" : absl::StrCat(element_type().ToString(), "[]");
    case TypeId::kStruct:
      return "record";
    case TypeId::kMap:
      return "map";
    case TypeId::kInet:
      return "inet";
    case TypeId::kCidr:
      return "cidr";
    case TypeId::kMacaddr:
      return "macaddr";
    case TypeId::kBit:
      return absl::StrCat("bit", characters);
    case TypeId::kVarbit:
      return absl::StrCat("bit varying", characters);
    case TypeId::kInt4Range:
      return "int4range";
    case TypeId::kInt8Range:
      return "int8range";
    case TypeId::kNumRange:
      return "numrange";
    case TypeId::kTsRange:
      return "tsrange";
    case TypeId::kTstzRange:
      return "tstzrange";
    case TypeId::kDateRange:
      return "daterange";
    case TypeId::kDenseVector:
      return VectorName(*this);
  }
  return "invalid";
}

}  // namespace turdb::vec
