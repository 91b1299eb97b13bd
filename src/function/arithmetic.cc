// + - * / % on integers and floating-point numbers, and bit operations. Overflow is an error (22003), as is
// division by zero (22012), for floating-point numbers too.
#include <cmath>
#include <limits>

#include "function/builtins.h"
#include "function/kernels.h"

namespace turdb::function {
namespace {

using vec::Int128;

template <typename T>
constexpr bool kIsSigned = std::is_same_v<T, Int128> || std::is_signed_v<T>;

// The unsigned twin, wide enough not to be promoted to a signed type while it wraps.
template <typename T>
struct UnsignedOf {
  using type = std::conditional_t<sizeof(T) < 4, uint32_t, std::make_unsigned_t<T>>;
};
template <>
struct UnsignedOf<Int128> {
  using type = vec::UInt128;
};

// What a failed row or-s into the batch's flag: the sign bit of the widest thing at hand.
template <typename T>
using FlagOf = std::conditional_t<std::is_same_v<T, Int128>, int64_t, std::conditional_t<sizeof(T) == 8, int64_t, int32_t>>;

template <typename T>
struct Add {
  using Flag = FlagOf<T>;
  static Flag Apply(T a, T b, T* out) {
    if constexpr (sizeof(T) < 4) {
      const int32_t wide = int32_t{a} + int32_t{b};
      *out = static_cast<T>(wide);
      return *out == wide ? 0 : -1;
    } else if constexpr (kIsSigned<T>) {
      using U = typename UnsignedOf<T>::type;
      const T sum = static_cast<T>(static_cast<U>(a) + static_cast<U>(b));
      *out = sum;
      if constexpr (std::is_same_v<T, Int128>) {
        return ((a ^ sum) & (b ^ sum)) < 0 ? -1 : 0;
      } else {
        return (a ^ sum) & (b ^ sum);
      }
    } else {
      *out = a + b;
      return *out < a ? -1 : 0;
    }
  }
  static ErrorCode Error(T, T) { return ErrorCode::kOutOfRange; }
};

template <typename T>
struct Subtract {
  using Flag = FlagOf<T>;
  static Flag Apply(T a, T b, T* out) {
    if constexpr (sizeof(T) < 4) {
      const int32_t wide = int32_t{a} - int32_t{b};
      *out = static_cast<T>(wide);
      return *out == wide ? 0 : -1;
    } else if constexpr (kIsSigned<T>) {
      using U = typename UnsignedOf<T>::type;
      const T difference = static_cast<T>(static_cast<U>(a) - static_cast<U>(b));
      *out = difference;
      if constexpr (std::is_same_v<T, Int128>) {
        return ((a ^ b) & (a ^ difference)) < 0 ? -1 : 0;
      } else {
        return (a ^ b) & (a ^ difference);
      }
    } else {
      *out = a - b;
      return a < b ? -1 : 0;
    }
  }
  static ErrorCode Error(T, T) { return ErrorCode::kOutOfRange; }
};

bool MultiplyOverflows(Int128 a, Int128 b, Int128* out) {
  using vec::UInt128;
  const auto magnitude = [](Int128 v) { return v < 0 ? -static_cast<UInt128>(v) : static_cast<UInt128>(v); };
  const UInt128 x = magnitude(a), y = magnitude(b);
  const bool negative = (a < 0) != (b < 0);
  const UInt128 product = x * y;
  *out = static_cast<Int128>(negative ? -product : product);
  if (x == 0 || y == 0) return false;
  if (absl::Uint128High64(x) != 0 || absl::Uint128High64(y) != 0) {
    if (x > absl::Uint128Max() / y) return true;
  }
  const UInt128 limit = UInt128{1} << 127;
  return negative ? product > limit : product >= limit;
}

template <typename T>
struct Multiply {
  using Flag = FlagOf<T>;
  static Flag Apply(T a, T b, T* out) {
    if constexpr (sizeof(T) < 8) {
      const int64_t wide = int64_t{a} * int64_t{b};
      *out = static_cast<T>(wide);
      return static_cast<int64_t>(*out) == wide ? 0 : -1;
    } else if constexpr (std::is_same_v<T, Int128>) {
      return MultiplyOverflows(a, b, out) ? -1 : 0;
    } else {
      return __builtin_mul_overflow(a, b, out) ? -1 : 0;
    }
  }
  static ErrorCode Error(T, T) { return ErrorCode::kOutOfRange; }
};

// uint32 squared does not fit int64 when widened as above.
template <>
struct Multiply<uint32_t> {
  using Flag = int32_t;
  static Flag Apply(uint32_t a, uint32_t b, uint32_t* out) {
    const uint64_t wide = uint64_t{a} * b;
    *out = static_cast<uint32_t>(wide);
    return wide >> 32 != 0 ? -1 : 0;
  }
  static ErrorCode Error(uint32_t, uint32_t) { return ErrorCode::kOutOfRange; }
};

template <typename T>
struct Divide {
  using Flag = FlagOf<T>;
  static Flag Apply(T a, T b, T* out) {
    *out = 0;
    if (b == 0) return -1;
    if constexpr (kIsSigned<T>) {
      if (b == -1) {
        if (a == std::numeric_limits<T>::min()) return -1;
        *out = static_cast<T>(-a);
        return 0;
      }
    }
    *out = static_cast<T>(a / b);
    return 0;
  }
  static ErrorCode Error(T, T b) { return b == 0 ? ErrorCode::kDivisionByZero : ErrorCode::kOutOfRange; }
};

template <typename T>
struct Modulo {
  using Flag = FlagOf<T>;
  static Flag Apply(T a, T b, T* out) {
    *out = 0;
    if (b == 0) return -1;
    if constexpr (kIsSigned<T>) {
      if (b == -1) return 0;
    }
    *out = static_cast<T>(a % b);
    return 0;
  }
  static ErrorCode Error(T, T) { return ErrorCode::kDivisionByZero; }
};

template <typename T>
struct Negate {
  using Flag = FlagOf<T>;
  static Flag Apply(T a, T* out) {
    if constexpr (!kIsSigned<T>) {
      *out = 0;
      return a == 0 ? 0 : -1;
    } else {
      using U = typename UnsignedOf<T>::type;
      *out = static_cast<T>(U{0} - static_cast<U>(a));
      return a == std::numeric_limits<T>::min() ? -1 : 0;
    }
  }
  static ErrorCode Error(T) { return ErrorCode::kOutOfRange; }
};

template <typename T>
struct AbsoluteValue {
  using Flag = FlagOf<T>;
  static Flag Apply(T a, T* out) {
    if constexpr (!kIsSigned<T>) {
      *out = a;
      return 0;
    } else {
      if (a < 0) return Negate<T>::Apply(a, out);
      *out = a;
      return 0;
    }
  }
  static ErrorCode Error(T) { return ErrorCode::kOutOfRange; }
};

template <typename T>
struct Identity {
  static T Apply(T a) { return a; }
};

// ---- floating point: an infinity or zero that the operands do not explain is an error

template <typename T>
int32_t CheckFloat(T result, bool may_be_infinite, bool may_be_zero) {
  return (std::isinf(result) && !may_be_infinite) || (result == 0 && !may_be_zero) ? -1 : 0;
}

template <typename T>
struct FloatBase {
  using Flag = int32_t;
};

template <typename T>
struct FloatAdd : FloatBase<T> {
  static int32_t Apply(T a, T b, T* out) {
    *out = a + b;
    return CheckFloat(*out, std::isinf(a) || std::isinf(b), true);
  }
  static ErrorCode Error(T, T) { return ErrorCode::kOutOfRange; }
};

template <typename T>
struct FloatSubtract : FloatBase<T> {
  static int32_t Apply(T a, T b, T* out) {
    *out = a - b;
    return CheckFloat(*out, std::isinf(a) || std::isinf(b), true);
  }
  static ErrorCode Error(T, T) { return ErrorCode::kOutOfRange; }
};

template <typename T>
struct FloatMultiply : FloatBase<T> {
  static int32_t Apply(T a, T b, T* out) {
    *out = a * b;
    return CheckFloat(*out, std::isinf(a) || std::isinf(b), a == 0 || b == 0);
  }
  static ErrorCode Error(T a, T b) { return std::isinf(a * b) ? ErrorCode::kOutOfRange : ErrorCode::kUnderflow; }
};

template <typename T>
struct FloatDivide : FloatBase<T> {
  static int32_t Apply(T a, T b, T* out) {
    *out = a / b;
    if (b == 0 && !std::isnan(a)) return -1;
    return CheckFloat(*out, std::isinf(a), a == 0 || std::isinf(b));
  }
  static ErrorCode Error(T a, T b) {
    if (b == 0) return ErrorCode::kDivisionByZero;
    return std::isinf(a / b) ? ErrorCode::kOutOfRange : ErrorCode::kUnderflow;
  }
};

template <typename T>
struct FloatNegate {
  static T Apply(T a) { return -a; }
};

template <typename T>
struct FloatAbs {
  static T Apply(T a) { return std::abs(a); }
};

// ---- bits

template <typename T>
struct BitAnd {
  static T Apply(T a, T b) { return static_cast<T>(a & b); }
};
template <typename T>
struct BitOr {
  static T Apply(T a, T b) { return static_cast<T>(a | b); }
};
template <typename T>
struct BitXor {
  static T Apply(T a, T b) { return static_cast<T>(a ^ b); }
};
template <typename T>
struct BitNot {
  static T Apply(T a) { return static_cast<T>(~a); }
};
// The count is taken modulo the width in bits, as PostgreSQL's hardware does.
template <typename T>
struct ShiftLeft {
  static T Apply(T a, int32_t b) {
    using U = typename UnsignedOf<T>::type;
    return static_cast<T>(static_cast<U>(a) << (b & static_cast<int32_t>(sizeof(T) * 8 - 1)));
  }
};
template <typename T>
struct ShiftRight {
  static T Apply(T a, int32_t b) { return static_cast<T>(a >> (b & static_cast<int32_t>(sizeof(T) * 8 - 1))); }
};

template <typename T>
void AddInteger(FunctionList& list, TypeId id) {
  list.Add("+", {id, id}, id, kCanRaise, CheckedBinaryKernel<T, T, T, Add<T>>);
  list.Add("-", {id, id}, id, kCanRaise, CheckedBinaryKernel<T, T, T, Subtract<T>>);
  list.Add("*", {id, id}, id, kCanRaise, CheckedBinaryKernel<T, T, T, Multiply<T>>);
  list.Add("/", {id, id}, id, kCanRaise, CheckedBinaryKernel<T, T, T, Divide<T>>);
  for (const char* name : {"%", "mod"}) list.Add(name, {id, id}, id, kCanRaise, CheckedBinaryKernel<T, T, T, Modulo<T>>);
  list.Add("-", {id}, id, kCanRaise, CheckedUnaryKernel<T, T, Negate<T>>);
  list.Add("+", {id}, id, kLatchSafe | kMonotone, UnaryKernel<T, T, Identity<T>>);
  for (const char* name : {"@", "abs"}) list.Add(name, {id}, id, kCanRaise, CheckedUnaryKernel<T, T, AbsoluteValue<T>>);
}

template <typename T>
void AddFloat(FunctionList& list, TypeId id) {
  list.Add("+", {id, id}, id, kCanRaise, CheckedBinaryKernel<T, T, T, FloatAdd<T>>);
  list.Add("-", {id, id}, id, kCanRaise, CheckedBinaryKernel<T, T, T, FloatSubtract<T>>);
  list.Add("*", {id, id}, id, kCanRaise, CheckedBinaryKernel<T, T, T, FloatMultiply<T>>);
  list.Add("/", {id, id}, id, kCanRaise, CheckedBinaryKernel<T, T, T, FloatDivide<T>>);
  list.Add("-", {id}, id, kLatchSafe, UnaryKernel<T, T, FloatNegate<T>>);
  list.Add("+", {id}, id, kLatchSafe | kMonotone, UnaryKernel<T, T, Identity<T>>);
  for (const char* name : {"@", "abs"}) list.Add(name, {id}, id, kLatchSafe, UnaryKernel<T, T, FloatAbs<T>>);
}

// real beside double precision, as two double precisions. That these overloads exist is also why real beside
// an integer or a numeric is double precision, as in PostgreSQL.
void AddMixedFloats(FunctionList& list) {
  const BindFunction widen = [](BoundCall* call, std::span<const Type>) -> Status {
    call->argument_types = {Type(TypeId::kDouble), Type(TypeId::kDouble)};
    return absl::OkStatus();
  };
  constexpr TypeId kPairs[][2] = {{TypeId::kFloat, TypeId::kDouble}, {TypeId::kDouble, TypeId::kFloat}};
  for (const auto& pair : kPairs) {
    const std::vector<TypeId> both = {pair[0], pair[1]};
    list.Add("+", both, TypeId::kDouble, kCanRaise, CheckedBinaryKernel<double, double, double, FloatAdd<double>>, widen);
    list.Add("-", both, TypeId::kDouble, kCanRaise, CheckedBinaryKernel<double, double, double, FloatSubtract<double>>, widen);
    list.Add("*", both, TypeId::kDouble, kCanRaise, CheckedBinaryKernel<double, double, double, FloatMultiply<double>>, widen);
    list.Add("/", both, TypeId::kDouble, kCanRaise, CheckedBinaryKernel<double, double, double, FloatDivide<double>>, widen);
  }
}

template <typename T>
void AddBits(FunctionList& list, TypeId id) {
  list.Add("&", {id, id}, id, kLatchSafe, BinaryKernel<T, T, T, BitAnd<T>>);
  list.Add("|", {id, id}, id, kLatchSafe, BinaryKernel<T, T, T, BitOr<T>>);
  list.Add("#", {id, id}, id, kLatchSafe, BinaryKernel<T, T, T, BitXor<T>>);
  list.Add("~", {id}, id, kLatchSafe, UnaryKernel<T, T, BitNot<T>>);
  list.Add("<<", {id, TypeId::kInt32}, id, kLatchSafe, BinaryKernel<T, int32_t, T, ShiftLeft<T>>);
  list.Add(">>", {id, TypeId::kInt32}, id, kLatchSafe, BinaryKernel<T, int32_t, T, ShiftRight<T>>);
}

}  // namespace

void AddArithmetic(FunctionList& list) {
  AddInteger<int8_t>(list, TypeId::kInt8);
  AddInteger<int16_t>(list, TypeId::kInt16);
  AddInteger<int32_t>(list, TypeId::kInt32);
  AddInteger<int64_t>(list, TypeId::kInt64);
  AddInteger<Int128>(list, TypeId::kInt128);
  AddInteger<uint8_t>(list, TypeId::kUInt8);
  AddInteger<uint16_t>(list, TypeId::kUInt16);
  AddInteger<uint32_t>(list, TypeId::kUInt32);
  AddInteger<uint64_t>(list, TypeId::kUInt64);
  AddFloat<float>(list, TypeId::kFloat);
  AddFloat<double>(list, TypeId::kDouble);
  AddMixedFloats(list);
}

void AddBitwise(FunctionList& list) {
  AddBits<int16_t>(list, TypeId::kInt16);
  AddBits<int32_t>(list, TypeId::kInt32);
  AddBits<int64_t>(list, TypeId::kInt64);
}

}  // namespace turdb::function
