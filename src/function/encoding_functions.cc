// encode, decode, hex, md5: bytes as text and back.
#include <array>
#include <bit>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "function/builtins.h"
#include "vec/text_format.h"
#include "vec/utf8.h"

namespace turdb::function {
namespace {

using base::MakeError;

std::string_view BytesAt(const Call& call, size_t argument, SelIndex row) {
  return call.args[argument].Get<StringView>(row).view();
}

// RFC 1321.
std::array<uint8_t, 16> Md5(std::string_view message) {
  constexpr uint32_t kSines[64] = {
      0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af,
      0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa,
      0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8,
      0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
      0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244, 0x432aff97,
      0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1,
      0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
  constexpr int kShifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
  std::string padded(message);
  padded.push_back('\x80');
  while (padded.size() % 64 != 56) padded.push_back('\0');
  const uint64_t bits = static_cast<uint64_t>(message.size()) * 8;
  for (int i = 0; i < 8; ++i) padded.push_back(static_cast<char>(bits >> (8 * i)));
  uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  for (size_t block = 0; block < padded.size(); block += 64) {
    uint32_t words[16];
    for (size_t i = 0; i < 16; ++i) words[i] = base::LoadLE<uint32_t>(padded.data() + block + i * 4);
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    for (uint32_t i = 0; i < 64; ++i) {
      uint32_t f, g;
      switch (i / 16) {
        case 0:
          f = (b & c) | (~b & d), g = i;
          break;
        case 1:
          f = (d & b) | (~d & c), g = (5 * i + 1) % 16;
          break;
        case 2:
          f = b ^ c ^ d, g = (3 * i + 5) % 16;
          break;
        default:
          f = c ^ (b | ~d), g = (7 * i) % 16;
          break;
      }
      f += a + kSines[i] + words[g];
      a = d;
      d = c;
      c = b;
      b += std::rotl(f, kShifts[i / 16][i % 4]);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
  }
  std::array<uint8_t, 16> digest;
  for (size_t i = 0; i < 16; ++i) digest[i] = static_cast<uint8_t>(state[i / 4] >> (8 * (i % 4)));
  return digest;
}

void Md5Kernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const std::array<uint8_t, 16> digest = Md5(BytesAt(call, 0, row));
    call.result->SetString(row, absl::BytesToHexString({reinterpret_cast<const char*>(digest.data()), digest.size()}));
  });
}

std::string EscapeBytes(std::string_view bytes) {
  std::string out;
  for (char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0 || byte >= 0x80) {
      out.push_back('\\');
      out.push_back(static_cast<char>('0' + (byte >> 6)));
      out.push_back(static_cast<char>('0' + (byte >> 3 & 7)));
      out.push_back(static_cast<char>('0' + (byte & 7)));
    } else {
      if (c == '\\') out.push_back('\\');
      out.push_back(c);
    }
  }
  return out;
}

// PostgreSQL breaks base64 lines after 76 characters.
std::string Base64Lines(std::string_view bytes) {
  const std::string encoded = absl::Base64Escape(bytes);
  std::string out;
  for (size_t i = 0; i < encoded.size(); i += 76) {
    if (i != 0) out.push_back('\n');
    out.append(encoded, i, 76);
  }
  return out;
}

Status UnknownEncoding(std::string_view name) {
  return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                   absl::StrCat("unrecognized encoding: \"", name, "\""));
}

void EncodeKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const std::string_view bytes = BytesAt(call, 0, row);
    const std::string format = absl::AsciiStrToLower(BytesAt(call, 1, row));
    if (format == "hex") {
      call.result->SetString(row, absl::BytesToHexString(bytes));
    } else if (format == "base64") {
      call.result->SetString(row, Base64Lines(bytes));
    } else if (format == "escape") {
      call.result->SetString(row, EscapeBytes(bytes));
    } else {
      call.RaiseStatus(row, UnknownEncoding(BytesAt(call, 1, row)));
    }
  });
}

void DecodeKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const std::string_view text = BytesAt(call, 0, row);
    const std::string format = absl::AsciiStrToLower(BytesAt(call, 1, row));
    std::string bytes, message;
    bool ok = true;
    if (format == "hex") {
      ok = vec::ParseBlob(absl::StrCat("\\x", text), &bytes, &message);
    } else if (format == "base64") {
      std::string compact(text);
      std::erase_if(compact, [](char c) { return absl::ascii_isspace(static_cast<unsigned char>(c)); });
      ok = absl::Base64Unescape(compact, &bytes);
      message = "invalid base64 end sequence";
    } else if (format == "escape") {
      ok = vec::ParseBlob(absl::StartsWith(text, "\\x") ? absl::StrCat("\\\\", text.substr(1)) : std::string(text), &bytes,
                          &message);
    } else {
      return call.RaiseStatus(row, UnknownEncoding(BytesAt(call, 1, row)));
    }
    if (!ok) {
      call.RaiseStatus(row, MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter, message));
    } else {
      call.result->SetString(row, bytes);
    }
  });
}

// SQLite's hex and unhex.
void HexKernel(Call& call) {
  call.ForEach(
      [&](SelIndex row) { call.result->SetString(row, absl::AsciiStrToUpper(absl::BytesToHexString(BytesAt(call, 0, row)))); });
}

void UnhexKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    std::string bytes, message;
    if (vec::ParseBlob(absl::StrCat("\\x", BytesAt(call, 0, row)), &bytes, &message)) {
      call.result->SetString(row, bytes);
    } else {
      call.result->SetNull(row);
      call.result->data<StringView>()[row] = StringView();
    }
  });
}

template <typename T>
void ToHexKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    call.result->SetString(row, absl::StrCat(absl::Hex(static_cast<std::make_unsigned_t<T>>(call.args[0].Get<T>(row)))));
  });
}

// Text is UTF-8 here, always.
Status CheckEncoding(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c != '-' && c != '_') plain.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
  }
  if (plain == "utf8" || plain == "unicode") return absl::OkStatus();
  return base::WithHint(MakeError(absl::StatusCode::kUnimplemented, base::sqlstate::kFeatureNotSupported,
                                  absl::StrCat("encoding \"", name, "\" is not supported")),
                        "text is UTF8");
}

template <bool kToText>
void ConvertKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const std::string_view bytes = BytesAt(call, 0, row);
    Status status = CheckEncoding(BytesAt(call, 1, row));
    if (status.ok() && kToText) status = vec::CheckUtf8(bytes);
    if (!status.ok()) return call.RaiseStatus(row, std::move(status));
    call.result->SetString(row, bytes);
  });
}

}  // namespace

void AddEncodings(FunctionList& list) {
  constexpr TypeId kT = TypeId::kText, kB = TypeId::kBlob;
  list.Add("md5", {kT}, kT, 0, Md5Kernel);
  list.Add("md5", {kB}, kT, 0, Md5Kernel);
  list.Add("encode", {kB, kT}, kT, kCanRaise, EncodeKernel);
  list.Add("decode", {kT, kT}, kB, kCanRaise, DecodeKernel);
  list.Add("convert_to", {kT, kT}, kB, kCanRaise, ConvertKernel<false>);
  list.Add("convert_from", {kB, kT}, kT, kCanRaise, ConvertKernel<true>);
  list.Add("hex", {kT}, kT, 0, HexKernel);
  list.Add("hex", {kB}, kT, 0, HexKernel);
  list.Add("unhex", {kT}, kB, 0, UnhexKernel);
  list.Add("to_hex", {TypeId::kInt32}, kT, 0, ToHexKernel<int32_t>);
  list.Add("to_hex", {TypeId::kInt64}, kT, 0, ToHexKernel<int64_t>);
}

}  // namespace turdb::function
