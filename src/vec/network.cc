#include "vec/network.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace turdb::vec {
namespace {

using base::MakeError;
using base::Status;
using base::StatusOr;

// IPv4 as four numbers; fewer when `partial`, which gives how many there were.
bool ParseV4(std::string_view text, bool partial, NetworkAddress* address, int* parts) {
  *parts = 0;
  while (*parts < 4) {
    const size_t dot = text.find('.');
    const std::string_view part = text.substr(0, dot);
    uint32_t number = 0;
    if (part.empty() || part.size() > 3 || !std::all_of(part.begin(), part.end(), absl::ascii_isdigit) ||
        !absl::SimpleAtoi(part, &number) || number > 255) {
      return false;
    }
    address->bytes[static_cast<size_t>((*parts)++)] = static_cast<uint8_t>(number);
    if (dot == std::string_view::npos) return partial || *parts == 4;
    text.remove_prefix(dot + 1);
  }
  return false;
}

// The mask that an address of a class had before masks were written.
int ClassMask(const NetworkAddress& address, int parts) {
  const int first = address.bytes[0];
  const int by_class = first >= 240 ? 32 : first >= 224 ? 8 : first >= 192 ? 24 : first >= 128 ? 16 : 8;
  return std::max(by_class, parts * 8);
}

}  // namespace

absl::uint128 NetworkAddress::number() const {
  absl::uint128 number = 0;
  for (size_t i = 0; i < size(); ++i) number = number << 8 | absl::uint128(bytes[i]);
  return number;
}

void NetworkAddress::SetNumber(absl::uint128 number) {
  for (size_t i = size(); i-- > 0; number >>= 8) bytes[i] = static_cast<uint8_t>(absl::Uint128Low64(number) & 0xff);
}

absl::uint128 NetworkAddress::PrefixMask(int length) const {
  const absl::uint128 all = v6 ? ~absl::uint128(0) : absl::uint128(0xffffffffu);
  if (length <= 0) return 0;
  return (all << (bits() - length)) & all;
}

NetworkAddress ReadNetwork(std::string_view bytes) {
  NetworkAddress address;
  address.v6 = !bytes.empty() && bytes[0] == 6;
  const size_t size = address.size();
  if (bytes.size() != 2 + 2 * size) return address;  // damaged: no reason to read past its end
  address.mask = static_cast<unsigned char>(bytes[1 + size]);
  std::memcpy(address.bytes.data(), bytes.data() + 2 + size, size);
  return address;
}

std::string NetworkBytes(const NetworkAddress& address) {
  NetworkAddress network = address;
  network.SetNumber(address.number() & address.mask_number());
  const size_t size = address.size();
  std::string bytes(1, static_cast<char>(address.v6 ? 6 : 4));
  bytes.append(reinterpret_cast<const char*>(network.bytes.data()), size);
  bytes.push_back(static_cast<char>(address.mask));
  bytes.append(reinterpret_cast<const char*>(address.bytes.data()), size);
  return bytes;
}

void AppendNetwork(const NetworkAddress& address, bool always_mask, std::string* out) {
  char buffer[INET6_ADDRSTRLEN];
  const char* const text = inet_ntop(address.v6 ? AF_INET6 : AF_INET, address.bytes.data(), buffer, sizeof(buffer));
  out->append(text != nullptr ? text : "");
  if (always_mask || address.mask != address.bits()) absl::StrAppend(out, "/", address.mask);
}

void AppendAbbreviatedCidr(const NetworkAddress& address, std::string* out) {
  if (address.v6) return AppendNetwork(address, true, out);
  const size_t parts = std::max<size_t>(1, (static_cast<size_t>(address.mask) + 7) / 8);
  for (size_t i = 0; i < parts; ++i) absl::StrAppend(out, i == 0 ? "" : ".", static_cast<int>(address.bytes[i]));
  absl::StrAppend(out, "/", address.mask);
}

StatusOr<std::string> ParseNetwork(std::string_view given, TypeId type) {
  const bool cidr = type == TypeId::kCidr;
  const auto invalid = [&]() -> Status {
    return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidText,
                     absl::StrCat("invalid input syntax for type ", cidr ? "cidr" : "inet", ": \"", given, "\""));
  };
  std::string_view text = absl::StripAsciiWhitespace(given);
  std::optional<int> mask;
  if (const size_t slash = text.find('/'); slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    int number = 0;
    if (digits.empty() || digits.size() > 3 || !std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit) ||
        !absl::SimpleAtoi(digits, &number)) {
      return invalid();
    }
    mask = number;
    text = text.substr(0, slash);
  }
  NetworkAddress address;
  if (text.find(':') != std::string_view::npos) {
    address.v6 = true;
    if (inet_pton(AF_INET6, std::string(text).c_str(), address.bytes.data()) != 1) return invalid();
    address.mask = mask.value_or(128);
  } else {
    int parts = 0;
    if (!ParseV4(text, cidr, &address, &parts)) return invalid();
    address.mask = mask.value_or(cidr ? ClassMask(address, parts) : 32);
  }
  if (address.mask > address.bits()) return invalid();
  if (cidr && (address.number() & ~address.mask_number() & address.PrefixMask(address.bits())) != 0) {
    return base::WithHint(MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidText,
                                    absl::StrCat("invalid cidr value: \"", given, "\"")),
                          "Value has bits set to right of mask.");
  }
  return NetworkBytes(address);
}

void AppendMacaddr(std::string_view bytes, std::string* out) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    absl::StrAppendFormat(out, "%s%02x", i == 0 ? "" : ":", static_cast<unsigned>(static_cast<unsigned char>(bytes[i])));
  }
}

// Twelve digits; between bytes colons or hyphens, between pairs of them dots or hyphens, between halves a colon or a hyphen.
StatusOr<std::string> ParseMacaddr(std::string_view given) {
  const auto invalid = [&]() -> Status {
    return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidText,
                     absl::StrCat("invalid input syntax for type macaddr: \"", given, "\""));
  };
  const std::string_view text = absl::StripAsciiWhitespace(given);
  std::string bytes;
  std::string shape;  // how many digits stand between separators
  char separator = '\0';
  int digits = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isxdigit(byte)) {
      const int value = absl::ascii_isdigit(byte) ? c - '0' : absl::ascii_tolower(byte) - 'a' + 10;
      if (bytes.size() == 6 && digits % 2 == 0) return invalid();
      if (digits++ % 2 == 0) {
        bytes.push_back(static_cast<char>(value << 4));
      } else {
        bytes.back() = static_cast<char>(bytes.back() | value);
      }
      continue;
    }
    if ((c != ':' && c != '-' && c != '.') || (separator != '\0' && c != separator)) return invalid();
    separator = c;
    shape.push_back(static_cast<char>(digits));
    digits = 0;
  }
  shape.push_back(static_cast<char>(digits));
  const auto is = [&](std::string_view wanted) { return shape == wanted; };
  const bool by_bytes = is(std::string_view("\2\2\2\2\2\2", 6)) && (separator == ':' || separator == '-');
  const bool by_pairs = is(std::string_view("\4\4\4", 3)) && (separator == '.' || separator == '-');
  const bool by_halves = is(std::string_view("\6\6", 2)) && (separator == ':' || separator == '-');
  const bool plain = is(std::string_view("\14", 1));
  if (bytes.size() != 6 || !(by_bytes || by_pairs || by_halves || plain)) return invalid();
  return bytes;
}

}  // namespace turdb::vec
