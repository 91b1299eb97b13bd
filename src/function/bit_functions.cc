// Bit strings: texts of '0' and '1' (vec/type.h), so that they compare as PostgreSQL's do, bit by bit.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "function/builtins.h"
#include "function/cast_kernels.h"
#include "vec/text_format.h"

namespace turdb::function {
namespace {

using base::MakeError;

std::string_view BitsAt(const Call& call, size_t i, SelIndex row) { return call.args[i].Get<StringView>(row).view(); }

enum class Bitwise : uint8_t { kAnd, kOr, kXor };

template <Bitwise kOperation>
void BitwiseKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const std::string_view a = BitsAt(call, 0, row), b = BitsAt(call, 1, row);
    if (a.size() != b.size()) {
      const std::string_view name = kOperation == Bitwise::kAnd ? "AND" : kOperation == Bitwise::kOr ? "OR" : "XOR";
      return call.RaiseStatus(row, MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22026"},
                                             absl::StrCat("cannot ", name, " bit strings of different sizes")));
    }
    std::string out(a);
    for (size_t i = 0; i < a.size(); ++i) {
      const bool x = a[i] == '1', y = b[i] == '1';
      const bool bit = kOperation == Bitwise::kAnd ? x && y : kOperation == Bitwise::kOr ? x || y : x != y;
      out[i] = bit ? '1' : '0';
    }
    call.result->SetString(row, out);
  });
}

void NotKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    std::string out(BitsAt(call, 0, row));
    for (char& c : out) c = c == '1' ? '0' : '1';
    call.result->SetString(row, out);
  });
}

template <bool kLeft>
void ShiftKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const std::string_view bits = BitsAt(call, 0, row);
    const int64_t count = call.args[1].Get<int32_t>(row);
    const bool left = (count < 0) != kLeft;
    const size_t by = std::min<size_t>(static_cast<size_t>(count < 0 ? -count : count), bits.size());
    std::string out(bits.size(), '0');
    if (left) {
      std::copy(bits.begin() + static_cast<ptrdiff_t>(by), bits.end(), out.begin());
    } else {
      std::copy(bits.begin(), bits.end() - static_cast<ptrdiff_t>(by), out.begin() + static_cast<ptrdiff_t>(by));
    }
    call.result->SetString(row, out);
  });
}

void ConcatenateKernel(Call& call) {
  call.ForEach([&](SelIndex row) { call.result->SetString(row, absl::StrCat(BitsAt(call, 0, row), BitsAt(call, 1, row))); });
}

template <int kUnit>
void LengthKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    call.result->Set<int32_t>(row, static_cast<int32_t>((BitsAt(call, 0, row).size() + kUnit - 1) / kUnit));
  });
}

void CountKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const std::string_view bits = BitsAt(call, 0, row);
    call.result->Set<int64_t>(row, std::count(bits.begin(), bits.end(), '1'));
  });
}

// substring(bits, from [, count]), counted from 1.
template <bool kCount>
void SubstringKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const std::string_view bits = BitsAt(call, 0, row);
    const int64_t from = call.args[1].Get<int32_t>(row);
    const int64_t count = kCount ? call.args[2].Get<int32_t>(row) : INT32_MAX;
    if (count < 0) {
      return call.RaiseStatus(
          row, MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22011"}, "negative substring length not allowed"));
    }
    const int64_t begin = std::clamp<int64_t>(from - 1, 0, static_cast<int64_t>(bits.size()));
    const int64_t end = std::clamp<int64_t>(from - 1 + count, begin, static_cast<int64_t>(bits.size()));
    call.result->SetString(row, bits.substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin)));
  });
}

void PositionKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const size_t found = BitsAt(call, 0, row).find(BitsAt(call, 1, row));
    call.result->Set<int32_t>(row, found == std::string_view::npos ? 0 : static_cast<int32_t>(found) + 1);
  });
}

Status BadIndex(int64_t index, size_t size) {
  return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"2202E"},
                   absl::StrCat("bit index ", index, " out of valid range (0..", static_cast<int64_t>(size) - 1, ")"));
}

void GetBitKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const std::string_view bits = BitsAt(call, 0, row);
    const int64_t index = call.args[1].Get<int32_t>(row);
    if (index < 0 || index >= static_cast<int64_t>(bits.size())) return call.RaiseStatus(row, BadIndex(index, bits.size()));
    call.result->Set<int32_t>(row, bits[static_cast<size_t>(index)] == '1' ? 1 : 0);
  });
}

void SetBitKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    std::string bits(BitsAt(call, 0, row));
    const int64_t index = call.args[1].Get<int32_t>(row);
    const int32_t bit = call.args[2].Get<int32_t>(row);
    if (index < 0 || index >= static_cast<int64_t>(bits.size())) return call.RaiseStatus(row, BadIndex(index, bits.size()));
    if (bit != 0 && bit != 1) {
      return call.RaiseStatus(
          row, MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter, "new bit must be 0 or 1"));
    }
    bits[static_cast<size_t>(index)] = bit == 1 ? '1' : '0';
    call.result->SetString(row, bits);
  });
}

// What is the same whatever the length stays bit(n).
Status KeepType(BoundCall* call, std::span<const Type> actual) {
  if (vec::IsBits(actual[0].id)) call->result_type = actual[0];
  call->argument_types[0] = call->result_type;
  return absl::OkStatus();
}

template <bool kCut>
void FitKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    std::string bits(BitsAt(call, 0, row));
    if (Status status = vec::FitBits(call.result_type(), kCut, &bits); !status.ok()) {
      return call.RaiseStatus(row, std::move(status));
    }
    call.result->SetString(row, bits);
  });
}

// The last bits of a number; its sign goes on to the left.
template <typename T>
void FromNumberKernel(Call& call) {
  const auto length = static_cast<size_t>(std::max(call.result_type().length, 1));
  call.ForEach([&](SelIndex row) {
    const auto number = static_cast<int64_t>(call.args[0].Get<T>(row));
    std::string bits(length, number < 0 ? '1' : '0');
    for (size_t i = 0; i < std::min<size_t>(length, sizeof(T) * 8); ++i)
      bits[length - 1 - i] = (number >> i & 1) != 0 ? '1' : '0';
    call.result->SetString(row, bits);
  });
}

template <typename T>
void ToNumberKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const std::string_view bits = BitsAt(call, 0, row);
    if (bits.size() > sizeof(T) * 8) return call.Raise(row, ErrorCode::kOutOfRange);
    uint64_t number = 0;
    for (const char c : bits) number = number << 1 | (c == '1' ? 1 : 0);
    call.result->Set<T>(row, static_cast<T>(number));
  });
}

}  // namespace

Kernel BitsCastKernel(TypeId from, TypeId to, bool cut) {
  if (from == TypeId::kInt32) return FromNumberKernel<int32_t>;
  if (from == TypeId::kInt64) return FromNumberKernel<int64_t>;
  if (to == TypeId::kInt32) return ToNumberKernel<int32_t>;
  if (to == TypeId::kInt64) return ToNumberKernel<int64_t>;
  return cut ? FitKernel<true> : FitKernel<false>;
}

void AddBits(FunctionList& list) {
  constexpr TypeId kBits = TypeId::kVarbit, kInt = TypeId::kInt32;
  list.Add("&", {kBits, kBits}, kBits, kCanRaise, BitwiseKernel<Bitwise::kAnd>);
  list.Add("|", {kBits, kBits}, kBits, kCanRaise, BitwiseKernel<Bitwise::kOr>);
  list.Add("#", {kBits, kBits}, kBits, kCanRaise, BitwiseKernel<Bitwise::kXor>);
  list.Add("~", {kBits}, kBits, 0, NotKernel, KeepType);
  list.Add("<<", {kBits, kInt}, kBits, 0, ShiftKernel<true>, KeepType);
  list.Add(">>", {kBits, kInt}, kBits, 0, ShiftKernel<false>, KeepType);
  list.Add("||", {kBits, kBits}, kBits, 0, ConcatenateKernel);
  for (const std::string_view name : {"length", "bit_length"}) list.Add(name, {kBits}, kInt, 0, LengthKernel<1>);
  list.Add("octet_length", {kBits}, kInt, 0, LengthKernel<8>);
  list.Add("bit_count", {kBits}, TypeId::kInt64, 0, CountKernel);
  for (const std::string_view name : {"substring", "substr"}) {
    list.Add(name, {kBits, kInt}, kBits, 0, SubstringKernel<false>);
    list.Add(name, {kBits, kInt, kInt}, kBits, kCanRaise, SubstringKernel<true>);
  }
  list.Add("strpos", {kBits, kBits}, kInt, 0, PositionKernel);
  list.Add("get_bit", {kBits, kInt}, kInt, kCanRaise, GetBitKernel);
  list.Add("set_bit", {kBits, kInt, kInt}, kBits, kCanRaise, SetBitKernel, KeepType);
}

}  // namespace turdb::function
