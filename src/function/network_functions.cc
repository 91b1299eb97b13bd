// inet, cidr and macaddr: PostgreSQL's functions and operators. Comparison is that of their bytes (vec/network.h).
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "function/builtins.h"
#include "function/cast_kernels.h"
#include "vec/network.h"

namespace turdb::function {
namespace {

using base::MakeError;
using vec::NetworkAddress;
using UInt128 = absl::uint128;

NetworkAddress AddressAt(const Call& call, size_t i, SelIndex row) {
  return vec::ReadNetwork(call.args[i].Get<StringView>(row).view());
}

void Set(Call& call, SelIndex row, const NetworkAddress& address) { call.result->SetString(row, vec::NetworkBytes(address)); }

Status OutOfRange() {
  return MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kNumericOutOfRange, "result is out of range");
}

UInt128 AllOnes(const NetworkAddress& address) { return address.PrefixMask(address.bits()); }

// ---- containment

bool SameNetwork(const NetworkAddress& a, const NetworkAddress& b, int bits) {
  return a.v6 == b.v6 && (a.number() & a.PrefixMask(bits)) == (b.number() & b.PrefixMask(bits));
}
bool Within(const NetworkAddress& a, const NetworkAddress& b) { return a.mask > b.mask && SameNetwork(a, b, b.mask); }
bool WithinOrSame(const NetworkAddress& a, const NetworkAddress& b) { return a.mask >= b.mask && SameNetwork(a, b, b.mask); }
bool Overlaps(const NetworkAddress& a, const NetworkAddress& b) { return SameNetwork(a, b, std::min(a.mask, b.mask)); }

template <bool (*kTest)(const NetworkAddress&, const NetworkAddress&), bool kSwapped>
void TestKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    call.result->Set<bool>(row, kTest(AddressAt(call, kSwapped ? 1 : 0, row), AddressAt(call, kSwapped ? 0 : 1, row)));
  });
}

// ---- bits

enum class Bitwise : uint8_t { kAnd, kOr };

template <Bitwise kOperation>
void BitwiseKernel(Call& call) {
  constexpr bool kAnd = kOperation == Bitwise::kAnd;
  call.ForEach([&](SelIndex row) {
    NetworkAddress a = AddressAt(call, 0, row);
    const NetworkAddress b = AddressAt(call, 1, row);
    if (a.v6 != b.v6) {
      return call.RaiseStatus(row, MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                                             absl::StrCat("cannot ", kAnd ? "AND" : "OR", " inet values of different sizes")));
    }
    a.SetNumber(kAnd ? a.number() & b.number() : a.number() | b.number());
    a.mask = std::max(a.mask, b.mask);
    Set(call, row, a);
  });
}

void ComplementKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    NetworkAddress a = AddressAt(call, 0, row);
    a.SetNumber(~a.number() & AllOnes(a));
    Set(call, row, a);
  });
}

// inet + bigint, bigint + inet, inet - bigint.
template <bool kMinus, size_t kAddress>
void ShiftKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    NetworkAddress a = AddressAt(call, kAddress, row);
    const int64_t count = call.args[1 - kAddress].Get<int64_t>(row);
    const bool down = (count < 0) != kMinus;
    const UInt128 step = count < 0 ? UInt128(-static_cast<absl::int128>(count)) : UInt128(static_cast<uint64_t>(count));
    const UInt128 number = a.number();
    if (down ? step > number : step > AllOnes(a) - number) return call.RaiseStatus(row, OutOfRange());
    a.SetNumber(down ? number - step : number + step);
    Set(call, row, a);
  });
}

void DistanceKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const NetworkAddress a = AddressAt(call, 0, row), b = AddressAt(call, 1, row);
    if (a.v6 != b.v6) {
      return call.RaiseStatus(row, MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                                             "cannot subtract inet values of different sizes"));
    }
    const bool negative = a.number() < b.number();
    const UInt128 distance = negative ? b.number() - a.number() : a.number() - b.number();
    if (distance > UInt128(uint64_t{1} << 63) - (negative ? 0 : 1)) return call.RaiseStatus(row, OutOfRange());
    const uint64_t low = absl::Uint128Low64(distance);
    call.result->Set<int64_t>(row, static_cast<int64_t>(negative ? ~low + 1 : low));
  });
}

// ---- parts

enum class Part : uint8_t { kHost, kText, kAbbreviated };

template <Part kPart, bool kCidr>
void TextKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    NetworkAddress a = AddressAt(call, 0, row);
    std::string text;
    if (kPart == Part::kHost) a.mask = a.bits();
    if (kPart == Part::kAbbreviated && kCidr) {
      vec::AppendAbbreviatedCidr(a, &text);
    } else {
      vec::AppendNetwork(a, kPart == Part::kText, &text);
    }
    call.result->SetString(row, text);
  });
}

enum class Derived : uint8_t { kNetwork, kBroadcast, kNetmask, kHostmask };

template <Derived kDerived>
void DerivedKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    NetworkAddress a = AddressAt(call, 0, row);
    const UInt128 mask = a.mask_number(), hosts = ~mask & AllOnes(a);
    switch (kDerived) {
      case Derived::kNetwork:
        a.SetNumber(a.number() & mask);
        break;
      case Derived::kBroadcast:
        a.SetNumber(a.number() | hosts);
        break;
      case Derived::kNetmask:
        a.SetNumber(mask);
        a.mask = a.bits();
        break;
      case Derived::kHostmask:
        a.SetNumber(hosts);
        a.mask = a.bits();
        break;
    }
    Set(call, row, a);
  });
}

void MasklenKernel(Call& call) {
  call.ForEach([&](SelIndex row) { call.result->Set<int32_t>(row, AddressAt(call, 0, row).mask); });
}

void FamilyKernel(Call& call) {
  call.ForEach([&](SelIndex row) { call.result->Set<int32_t>(row, AddressAt(call, 0, row).v6 ? 6 : 4); });
}

template <bool kCidr>
void SetMasklenKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    NetworkAddress a = AddressAt(call, 0, row);
    int32_t mask = call.args[1].Get<int32_t>(row);
    if (mask == -1) mask = a.bits();
    if (mask < 0 || mask > a.bits()) {
      return call.RaiseStatus(row, MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                                             absl::StrCat("invalid mask length: ", mask)));
    }
    a.mask = mask;
    if (kCidr) a.SetNumber(a.number() & a.mask_number());
    Set(call, row, a);
  });
}

void SameFamilyKernel(Call& call) {
  call.ForEach([&](SelIndex row) { call.result->Set<bool>(row, AddressAt(call, 0, row).v6 == AddressAt(call, 1, row).v6); });
}

// The smallest network that holds both.
void MergeKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    NetworkAddress a = AddressAt(call, 0, row);
    const NetworkAddress b = AddressAt(call, 1, row);
    if (a.v6 != b.v6) {
      return call.RaiseStatus(row, MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                                             "cannot merge addresses from different families"));
    }
    a.mask = std::min(a.mask, b.mask);
    while (!SameNetwork(a, b, a.mask)) --a.mask;
    a.SetNumber(a.number() & a.mask_number());
    Set(call, row, a);
  });
}

void ToCidrKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    NetworkAddress a = AddressAt(call, 0, row);
    a.SetNumber(a.number() & a.mask_number());
    Set(call, row, a);
  });
}

void SameBytesKernel(Call& call) {
  call.ShareHeap(0);
  call.ForEach([&](SelIndex row) { call.result->data<StringView>()[row] = call.args[0].Get<StringView>(row); });
}

// ---- macaddr

template <Bitwise kOperation>
void MacBitwiseKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const std::string_view a = call.args[0].Get<StringView>(row).view(), b = call.args[1].Get<StringView>(row).view();
    std::string out(a);
    for (size_t i = 0; i < out.size(); ++i) {
      out[i] = static_cast<char>(kOperation == Bitwise::kAnd ? a[i] & b[i] : a[i] | b[i]);
    }
    call.result->SetString(row, out);
  });
}

void MacComplementKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    std::string out(call.args[0].Get<StringView>(row).view());
    for (char& c : out) c = static_cast<char>(~c);
    call.result->SetString(row, out);
  });
}

void MacTruncateKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    std::string out(call.args[0].Get<StringView>(row).view());
    std::fill(out.begin() + 3, out.end(), '\0');
    call.result->SetString(row, out);
  });
}

}  // namespace

Kernel NetworkCastKernel(TypeId, TypeId to) { return to == TypeId::kCidr ? ToCidrKernel : SameBytesKernel; }

void AddNetworks(FunctionList& list) {
  constexpr TypeId kInet = TypeId::kInet, kCidr = TypeId::kCidr, kMac = TypeId::kMacaddr;
  constexpr TypeId kText = TypeId::kText, kInt = TypeId::kInt32, kBig = TypeId::kInt64, kBool = TypeId::kBoolean;
  list.Add("<<", {kInet, kInet}, kBool, 0, TestKernel<Within, false>);
  list.Add("<<=", {kInet, kInet}, kBool, 0, TestKernel<WithinOrSame, false>);
  list.Add(">>", {kInet, kInet}, kBool, 0, TestKernel<Within, true>);
  list.Add(">>=", {kInet, kInet}, kBool, 0, TestKernel<WithinOrSame, true>);
  list.Add("&&", {kInet, kInet}, kBool, 0, TestKernel<Overlaps, false>);
  list.Add("&", {kInet, kInet}, kInet, kCanRaise, BitwiseKernel<Bitwise::kAnd>);
  list.Add("|", {kInet, kInet}, kInet, kCanRaise, BitwiseKernel<Bitwise::kOr>);
  list.Add("~", {kInet}, kInet, 0, ComplementKernel);
  list.Add("+", {kInet, kBig}, kInet, kCanRaise, ShiftKernel<false, 0>);
  list.Add("+", {kBig, kInet}, kInet, kCanRaise, ShiftKernel<false, 1>);
  list.Add("-", {kInet, kBig}, kInet, kCanRaise, ShiftKernel<true, 0>);
  list.Add("-", {kInet, kInet}, kBig, kCanRaise, DistanceKernel);
  list.Add("host", {kInet}, kText, 0, TextKernel<Part::kHost, false>);
  list.Add("text", {kInet}, kText, 0, TextKernel<Part::kText, false>);
  list.Add("abbrev", {kInet}, kText, 0, TextKernel<Part::kAbbreviated, false>);
  list.Add("abbrev", {kCidr}, kText, 0, TextKernel<Part::kAbbreviated, true>);
  list.Add("broadcast", {kInet}, kInet, 0, DerivedKernel<Derived::kBroadcast>);
  list.Add("network", {kInet}, kCidr, 0, DerivedKernel<Derived::kNetwork>);
  list.Add("netmask", {kInet}, kInet, 0, DerivedKernel<Derived::kNetmask>);
  list.Add("hostmask", {kInet}, kInet, 0, DerivedKernel<Derived::kHostmask>);
  list.Add("masklen", {kInet}, kInt, 0, MasklenKernel);
  list.Add("family", {kInet}, kInt, 0, FamilyKernel);
  list.Add("set_masklen", {kInet, kInt}, kInet, kCanRaise, SetMasklenKernel<false>);
  list.Add("set_masklen", {kCidr, kInt}, kCidr, kCanRaise, SetMasklenKernel<true>);
  list.Add("inet_same_family", {kInet, kInet}, kBool, 0, SameFamilyKernel);
  list.Add("inet_merge", {kInet, kInet}, kCidr, kCanRaise, MergeKernel);
  list.Add("&", {kMac, kMac}, kMac, 0, MacBitwiseKernel<Bitwise::kAnd>);
  list.Add("|", {kMac, kMac}, kMac, 0, MacBitwiseKernel<Bitwise::kOr>);
  list.Add("~", {kMac}, kMac, 0, MacComplementKernel);
  list.Add("trunc", {kMac}, kMac, 0, MacTruncateKernel);
}

}  // namespace turdb::function
