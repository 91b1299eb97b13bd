#include "canonical.h"

#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <vector>

#include "turdb.h"

namespace turdb::conformance {

void Die(const std::string& message) {
  std::fprintf(stderr, "conformance: %s\n", message.c_str());
  std::exit(2);
}

// ---- canonical text

std::string Escape(std::string_view text) {
  std::string out;
  char hex[8];
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (byte < 0x20 || byte == 0x7f) {
      std::snprintf(hex, sizeof hex, "\\x%02x", byte);
      out += hex;
    } else {
      out += c;
    }
  }
  return out;
}

const char* TypeName(int type) {
  static const char* const names[] = {"null",     "bool",   "int8",   "int16",  "int32", "int64",     "int128",
                                      "uint8",    "uint16", "uint32", "uint64", "",      "float",     "double",
                                      "decimal",  "text",   "blob",   "date",   "time",  "timestamp", "timestamptz",
                                      "interval", "uuid",   "any",    "enum",   "json",  "jsonb",     "array"};
  return type >= 0 && type < static_cast<int>(sizeof names / sizeof names[0]) ? names[type] : "text";
}

namespace {

std::string Hex(std::string_view bytes) {
  std::string out;
  char hex[4];
  for (const char c : bytes) {
    std::snprintf(hex, sizeof hex, "%02x", static_cast<unsigned char>(c));
    out += hex;
  }
  return out;
}

// What is long is shown as its size and CRC-32.
std::string Long(std::string_view bytes) {
  char text[64];
  std::snprintf(text, sizeof text, "*%zu:%08lx", bytes.size(),
                crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
  return text;
}
constexpr size_t kLongBytes = 256;

// What a type is called inside of arrays and columns of type any, where not every language keeps widths.
const char* LooseName(int type) {
  if (type >= TURDB_TYPE_INT8 && type <= TURDB_TYPE_UINT64) return "int";
  if (type == TURDB_TYPE_FLOAT) return "double";
  if (type == TURDB_TYPE_ENUM) return "text";
  return TypeName(type);
}

std::string DecimalOf(__int128 value) {
  const bool negative = value < 0;
  auto magnitude = negative ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
  std::string digits;
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(magnitude % 10)));
    magnitude /= 10;
  } while (magnitude != 0);
  if (negative) digits.insert(digits.begin(), '-');
  return digits;
}

}  // namespace

// ---- packed values (turdb.h, "Packed rows")

std::string_view Reader::TakeBytes(size_t size) {
  if (bytes_.size() < size) Die("a packed row ends too early");
  const std::string_view taken = bytes_.substr(0, size);
  bytes_.remove_prefix(size);
  return taken;
}

namespace {

std::string ShowInterval(int64_t months, int64_t days, int64_t micros) {
  constexpr int64_t kDay = 86'400'000'000;
  int64_t whole = micros / kDay, rest = micros % kDay;
  if (rest < 0) {
    rest += kDay;
    --whole;
  }
  return std::to_string(months) + " " + std::to_string(days + whole) + " " + std::to_string(rest);
}

std::string ShowBits(int type, Reader* in) {
  char text[24];
  if (type == TURDB_TYPE_FLOAT) {
    std::snprintf(text, sizeof text, "%08x", in->Take<uint32_t>());
  } else {
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(in->Take<uint64_t>()));
  }
  return text;
}

std::string ShowUuid(std::string_view bytes) {
  std::string hex = Hex(bytes);
  for (const size_t at : {8, 13, 18, 23}) hex.insert(at, 1, '-');
  return hex;
}

std::string ShowBlock(Reader* in, const std::vector<uint32_t>& lengths, size_t dimension) {
  std::string out = "[";
  for (uint32_t i = 0; i < lengths[dimension]; ++i) {
    if (i > 0) out += ",";
    out += dimension + 1 < lengths.size() ? ShowBlock(in, lengths, dimension + 1) : ShowValue(in, true);
  }
  return out + "]";
}

std::string ShowArray(Reader* in) {
  in->Take<uint32_t>();
  in->Take<uint8_t>();
  std::vector<uint32_t> lengths(in->Take<uint8_t>());
  for (uint32_t& length : lengths) {
    in->Take<int32_t>();
    length = in->Take<uint32_t>();
  }
  return lengths.empty() ? "[]" : ShowBlock(in, lengths, 0);
}

std::string ShowSized(int type, std::string_view bytes) {
  if (bytes.size() > kLongBytes) return Long(bytes);
  return ":" + (type == TURDB_TYPE_BLOB ? Hex(bytes) : Escape(bytes));
}

std::string ShowInt(int type, Reader* in) {
  switch (type) {
    case TURDB_TYPE_INT8:
      return std::to_string(in->Take<int8_t>());
    case TURDB_TYPE_INT16:
      return std::to_string(in->Take<int16_t>());
    case TURDB_TYPE_INT32:
    case TURDB_TYPE_DATE:
      return std::to_string(in->Take<int32_t>());
    case TURDB_TYPE_INT128:
      return DecimalOf(in->Take<__int128>());
    case TURDB_TYPE_UINT8:
      return std::to_string(in->Take<uint8_t>());
    case TURDB_TYPE_UINT16:
      return std::to_string(in->Take<uint16_t>());
    case TURDB_TYPE_UINT32:
      return std::to_string(in->Take<uint32_t>());
    case TURDB_TYPE_UINT64:
      return std::to_string(in->Take<uint64_t>());
    default:
      return std::to_string(in->Take<int64_t>());
  }
}

}  // namespace

std::string ShowValue(Reader* in, bool loose) {
  const int type = in->Take<uint8_t>();
  if (type == TURDB_TYPE_NULL) return "null";
  const std::string name = loose ? LooseName(type) : TypeName(type);
  switch (type) {
    case TURDB_TYPE_BOOL:
      return name + (in->Take<uint8_t>() != 0 ? ":true" : ":false");
    case TURDB_TYPE_FLOAT:
      if (loose) {
        const double wide = static_cast<double>(in->Take<float>());
        uint64_t bits;
        std::memcpy(&bits, &wide, sizeof bits);
        char text[24];
        std::snprintf(text, sizeof text, ":%016llx", static_cast<unsigned long long>(bits));
        return name + text;
      }
      return name + ":" + ShowBits(type, in);
    case TURDB_TYPE_DOUBLE:
      return name + ":" + ShowBits(type, in);
    case TURDB_TYPE_INTERVAL: {
      const auto months = in->Take<int32_t>();
      const auto days = in->Take<int32_t>();
      return name + ":" + ShowInterval(months, days, in->Take<int64_t>());
    }
    case TURDB_TYPE_UUID:
      return name + ":" + ShowUuid(in->TakeBytes(16));
    case TURDB_TYPE_ARRAY:
      return name + ":" + ShowArray(in);
    case TURDB_TYPE_DECIMAL:
    case TURDB_TYPE_TEXT:
    case TURDB_TYPE_BLOB:
    case TURDB_TYPE_ENUM:
    case TURDB_TYPE_JSON:
    case TURDB_TYPE_JSONB:
      return name + ShowSized(type, in->TakeSized());
    default:
      if (type > TURDB_TYPE_ARRAY) return "text" + ShowSized(TURDB_TYPE_TEXT, in->TakeSized());
      return name + ":" + ShowInt(type, in);
  }
}

// ---- parameters: "int64:5" as a packed value

namespace {

template <typename T>
void Put(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof value);
}

void PutSized(int type, std::string_view bytes, std::string* out) {
  Put(static_cast<uint8_t>(type), out);
  Put(static_cast<uint32_t>(bytes.size()), out);
  out->append(bytes);
}

std::string Unhex(std::string_view hex) {
  std::string out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(std::strtoul(std::string(hex.substr(i, 2)).c_str(), nullptr, 16));
  }
  return out;
}

__int128 ParseInt(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  unsigned __int128 magnitude = 0;
  for (const char c : text.substr(negative ? 1 : 0)) magnitude = magnitude * 10 + static_cast<unsigned>(c - '0');
  return static_cast<__int128>(negative ? -magnitude : magnitude);
}

// "[int64:1,null,[...]]" has no nesting here: parameters are arrays of one dimension.
void PackArray(std::string_view text, std::string* out) {
  std::string elements;
  uint32_t count = 0;
  uint8_t type = TURDB_TYPE_TEXT;
  text = text.substr(1, text.size() - 2);
  while (!text.empty()) {
    const size_t end = std::min(text.find(','), text.size());
    const size_t at = elements.size();
    PackTagged(text.substr(0, end), &elements);
    if (elements[at] != TURDB_TYPE_NULL) type = static_cast<uint8_t>(elements[at]);
    ++count;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  std::string body;
  Put(type, &body);
  Put(static_cast<uint8_t>(count == 0 ? 0 : 1), &body);
  if (count != 0) {
    Put(int32_t{1}, &body);
    Put(count, &body);
  }
  PutSized(TURDB_TYPE_ARRAY, body + elements, out);
}

}  // namespace

void PackTagged(std::string_view tagged, std::string* out) {
  if (tagged == "null") return Put(static_cast<uint8_t>(TURDB_TYPE_NULL), out);
  const size_t colon = tagged.find(':');
  if (colon == std::string_view::npos) Die("a value without a tag: " + std::string(tagged));
  const std::string_view tag = tagged.substr(0, colon), text = tagged.substr(colon + 1);
  // Repeated: "text*1000:ab" is "ab" a thousand times.
  const size_t star = tag.find('*');
  if (star != std::string_view::npos) {
    std::string all;
    const bool blob = tag.substr(0, star) == "blob";
    const std::string piece = blob ? Unhex(text) : std::string(text);
    for (long i = std::strtol(std::string(tag.substr(star + 1)).c_str(), nullptr, 10); i > 0; --i) all += piece;
    return PutSized(blob ? TURDB_TYPE_BLOB : TURDB_TYPE_TEXT, all, out);
  }
  int type = -1;
  for (int i = 0; i <= TURDB_TYPE_ARRAY; ++i) {
    if (tag == TypeName(i)) type = i;
  }
  const auto begin = [&] { Put(static_cast<uint8_t>(type), out); };
  switch (type) {
    case TURDB_TYPE_BOOL:
      begin();
      return Put(static_cast<uint8_t>(text == "true"), out);
    case TURDB_TYPE_INT64:
    case TURDB_TYPE_TIME:
    case TURDB_TYPE_TIMESTAMP:
    case TURDB_TYPE_TIMESTAMPTZ:
      begin();
      return Put(static_cast<int64_t>(ParseInt(text)), out);
    case TURDB_TYPE_INT128:
      begin();
      return Put(ParseInt(text), out);
    case TURDB_TYPE_DATE:
      begin();
      return Put(static_cast<int32_t>(ParseInt(text)), out);
    case TURDB_TYPE_DOUBLE:
      begin();
      return Put(static_cast<uint64_t>(std::strtoull(std::string(text).c_str(), nullptr, 16)), out);
    case TURDB_TYPE_INTERVAL: {
      begin();
      std::istringstream parts{std::string(text)};
      int32_t months = 0, days = 0;
      int64_t micros = 0;
      parts >> months >> days >> micros;
      Put(months, out);
      Put(days, out);
      return Put(micros, out);
    }
    case TURDB_TYPE_UUID: {
      begin();
      std::string hex(text);
      std::erase(hex, '-');
      out->append(Unhex(hex));
      return;
    }
    case TURDB_TYPE_BLOB:
      return PutSized(type, Unhex(text), out);
    case TURDB_TYPE_TEXT:
    case TURDB_TYPE_DECIMAL:
    case TURDB_TYPE_JSON:
      return PutSized(type, text, out);
    case TURDB_TYPE_ARRAY:
      return PackArray(text, out);
    default:
      Die("a parameter of type " + std::string(tag));
  }
}

}  // namespace turdb::conformance
