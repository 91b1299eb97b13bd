// The distance kernels in terms of an instruction set's vectors. Included once by each unit of cpu/, behind the
// unit's `Floats`, `Bytes` and `Bits`:
//
//   Floats   V, kWidth (a divisor of 16), kRows (how many vectors `many` takes side by side); Zero, Load(float*),
//            LoadPart(float*, count < kWidth) and the same of halves (uint16_t*), filling with zeros; Add, Sub, Mul,
//            Abs, Min, Max; Sum (upper half onto lower half until one lane is left); Least, Greatest of the lanes.
//   Bytes    Acc, kStep; Zero and Sum (exact); steps over kStep bytes: Dot, L2, L1 of int8, CodeDot (signed by
//            unsigned), CodeL1 (unsigned). An accumulator must hold 65,536 bytes' worth.
//   Bits     Acc, kStep; Zero, Sum; AddOnes(acc, bytes): kStep bytes of V; LoadBits, And, Or, Xor.
//
// Everything is in an unnamed namespace and calls nothing from elsewhere, so that no code compiled for one instruction
// set can be picked by the linker for another (tests/compute/leak_check.sh). Multiplication and addition are rounded
// apart (-ffp-contract=off): distance.h says why.
#include <cstddef>
#include <cstdint>

#include "compute/distance_kernels.h"

#if defined(__clang__)
#define TURDB_UNROLL _Pragma("clang loop unroll(full)")
#else
#define TURDB_UNROLL _Pragma("GCC unroll 32")
#endif

namespace turdb::compute {
namespace {

// ---- floats ------------------------------------------------------------------------------------------------------
using V = Floats::V;
constexpr size_t kLanes = 32;
constexpr size_t kCosineLanes = 16;

struct L2Step {
  static inline V Do(V acc, V x, V y) {
    const V d = Floats::Sub(x, y);
    return Floats::Add(acc, Floats::Mul(d, d));
  }
};
struct DotStep {
  static inline V Do(V acc, V x, V y) { return Floats::Add(acc, Floats::Mul(x, y)); }
};
struct L1Step {
  static inline V Do(V acc, V x, V y) { return Floats::Add(acc, Floats::Abs(Floats::Sub(x, y))); }
};

template <size_t kVectors>
inline float Fold(V (&acc)[kVectors]) {
  TURDB_UNROLL
  for (size_t half = kVectors / 2; half > 0; half /= 2) {
    TURDB_UNROLL
    for (size_t v = 0; v < half; ++v) acc[v] = Floats::Add(acc[v], acc[v + half]);
  }
  return Floats::Sum(acc[0]);
}

// One query against kRows vectors side by side: out[r] = the sum of Step over all elements.
template <class Step, size_t kRows, class Element>
inline void SumRows(const Element* query, const Element* const* vectors, size_t count, float* out) {
  constexpr size_t kVectors = kLanes / Floats::kWidth;
  V acc[kRows][kVectors];
  TURDB_UNROLL
  for (size_t r = 0; r < kRows; ++r) {
    TURDB_UNROLL
    for (size_t v = 0; v < kVectors; ++v) acc[r][v] = Floats::Zero();
  }
  size_t at = 0;
  for (; at + kLanes <= count; at += kLanes) {
    TURDB_UNROLL
    for (size_t v = 0; v < kVectors; ++v) {
      const V x = Floats::Load(query + at + v * Floats::kWidth);
      TURDB_UNROLL
      for (size_t r = 0; r < kRows; ++r) acc[r][v] = Step::Do(acc[r][v], x, Floats::Load(vectors[r] + at + v * Floats::kWidth));
    }
  }
  if (at < count) {
    TURDB_UNROLL
    for (size_t v = 0; v < kVectors; ++v) {
      if (at >= count) break;
      const size_t left = count - at;
      const bool whole = left >= Floats::kWidth;
      const V x = whole ? Floats::Load(query + at) : Floats::LoadPart(query + at, left);
      TURDB_UNROLL
      for (size_t r = 0; r < kRows; ++r) {
        const V y = whole ? Floats::Load(vectors[r] + at) : Floats::LoadPart(vectors[r] + at, left);
        acc[r][v] = Step::Do(acc[r][v], x, y);
      }
      at += Floats::kWidth;
    }
  }
  TURDB_UNROLL
  for (size_t r = 0; r < kRows; ++r) out[r] = Fold(acc[r]);
}

template <class Step, class Element>
float SumOne(const Element* a, const Element* b, size_t count) {
  float sum;
  SumRows<Step, 1>(a, &b, count, &sum);
  return sum;
}

template <class Step, class Element>
void SumMany(const Element* query, const Element* base, size_t stride, size_t rows, size_t count, float* out) {
  constexpr size_t kRows = Floats::kRows;
  size_t row = 0;
  for (; row + kRows <= rows; row += kRows) {
    const Element* vectors[kRows];
    TURDB_UNROLL
    for (size_t r = 0; r < kRows; ++r) vectors[r] = base + (row + r) * stride;
    SumRows<Step, kRows>(query, vectors, count, out + row);
  }
  for (; row < rows; ++row) out[row] = SumOne<Step>(query, base + row * stride, count);
}

inline void PrefetchBytes(const void* from, size_t bytes) {
  const char* line = static_cast<const char*>(from);
  for (size_t at = 0; at < bytes; at += 64) __builtin_prefetch(line + at);
}

template <class Step, class Element>
void SumGather(const Element* query, const Element* const* vectors, size_t rows, size_t count, float* out) {
  constexpr size_t kRows = Floats::kRows;
  constexpr size_t kAhead = 4;
  size_t row = 0;
  for (; row + kRows <= rows; row += kRows) {
    for (size_t r = row + kAhead; r < row + kAhead + kRows && r < rows; ++r) PrefetchBytes(vectors[r], count * sizeof(Element));
    SumRows<Step, kRows>(query, vectors + row, count, out + row);
  }
  for (; row < rows; ++row) out[row] = SumOne<Step>(query, vectors[row], count);
}

template <class Element>
CosineTerms Cosine(const Element* a, const Element* b, size_t count) {
  constexpr size_t kVectors = kCosineLanes / Floats::kWidth;
  V dot[kVectors];
  V norm_a[kVectors];
  V norm_b[kVectors];
  TURDB_UNROLL
  for (size_t v = 0; v < kVectors; ++v) dot[v] = norm_a[v] = norm_b[v] = Floats::Zero();
  size_t at = 0;
  for (; at + kCosineLanes <= count; at += kCosineLanes) {
    TURDB_UNROLL
    for (size_t v = 0; v < kVectors; ++v) {
      const V x = Floats::Load(a + at + v * Floats::kWidth);
      const V y = Floats::Load(b + at + v * Floats::kWidth);
      dot[v] = DotStep::Do(dot[v], x, y);
      norm_a[v] = DotStep::Do(norm_a[v], x, x);
      norm_b[v] = DotStep::Do(norm_b[v], y, y);
    }
  }
  if (at < count) {
    TURDB_UNROLL
    for (size_t v = 0; v < kVectors; ++v) {
      if (at >= count) break;
      const size_t left = count - at;
      const bool whole = left >= Floats::kWidth;
      const V x = whole ? Floats::Load(a + at) : Floats::LoadPart(a + at, left);
      const V y = whole ? Floats::Load(b + at) : Floats::LoadPart(b + at, left);
      dot[v] = DotStep::Do(dot[v], x, y);
      norm_a[v] = DotStep::Do(norm_a[v], x, x);
      norm_b[v] = DotStep::Do(norm_b[v], y, y);
      at += Floats::kWidth;
    }
  }
  return CosineTerms{Fold(dot), Fold(norm_a), Fold(norm_b)};
}

// ---- plain loops, which the compiler vectorises for the unit's instruction set -----------------------------------
bool AllFiniteF32(const float* a, size_t count) {
  uint32_t bad = 0;
  for (size_t i = 0; i < count; ++i) {
    uint32_t bits;
    __builtin_memcpy(&bits, a + i, sizeof(bits));
    bad |= static_cast<uint32_t>((bits & 0x7f800000u) == 0x7f800000u);
  }
  return bad == 0;
}

bool AllFiniteF16(const uint16_t* a, size_t count) {
  uint16_t bad = 0;
  for (size_t i = 0; i < count; ++i) bad = static_cast<uint16_t>(bad | static_cast<uint16_t>((a[i] & 0x7c00u) == 0x7c00u));
  return bad == 0;
}

void Scale(const float* from, float factor, float* to, size_t count) {
  for (size_t i = 0; i < count; ++i) to[i] = from[i] * factor;
}

Range RangeOf(const float* values, size_t count) {
  if (count == 0) return Range{0, 0};
  float least = values[0];
  float greatest = values[0];
  size_t at = 0;
  if (count >= Floats::kWidth) {
    V low = Floats::Load(values);
    V high = low;
    for (at = Floats::kWidth; at + Floats::kWidth <= count; at += Floats::kWidth) {
      const V x = Floats::Load(values + at);
      low = Floats::Min(low, x);
      high = Floats::Max(high, x);
    }
    least = Floats::Least(low);
    greatest = Floats::Greatest(high);
  }
  for (; at < count; ++at) {
    least = values[at] < least ? values[at] : least;
    greatest = values[at] > greatest ? values[at] : greatest;
  }
  return Range{least + 0.0f, greatest + 0.0f};  // which of two zeros was met first does not show
}

CodeSums Encode(const float* values, size_t count, float offset, float inverse_scale, uint8_t* codes) {
  uint32_t sum = 0;
  uint32_t squares = 0;
  for (size_t i = 0; i < count; ++i) {
    float code = (values[i] - offset) * inverse_scale + 0.5f;
    code = code < 255.0f ? code : 255.0f;
    code = code > 0.0f ? code : 0.0f;
    const uint32_t whole = static_cast<uint32_t>(static_cast<int32_t>(code));
    codes[i] = static_cast<uint8_t>(whole);
    sum += whole;
    squares += whole * whole;
  }
  return CodeSums{sum, squares};
}

void Decode(const uint8_t* codes, size_t count, float offset, float scale, float* values) {
  for (size_t i = 0; i < count; ++i) values[i] = static_cast<float>(codes[i]) * scale + offset;
}

// ---- bytes -------------------------------------------------------------------------------------------------------
constexpr size_t kBlock = 65536;  // bytes that an accumulator may take

// A step over bytes; what is left behind the last whole step is copied behind zeros, which add nothing.
template <class Step, class A, class B>
inline int64_t SumBytes(const A* a, const B* b, size_t count) {
  int64_t total = 0;
  while (count >= Bytes::kStep) {
    const size_t block = count < kBlock ? count - count % Bytes::kStep : kBlock;
    typename Bytes::Acc acc = Bytes::Zero();
    for (size_t at = 0; at < block; at += Bytes::kStep) acc = Step::Do(acc, a + at, b + at);
    total += Step::Sum(acc);
    a += block;
    b += block;
    count -= block;
  }
  if (count > 0) {
    alignas(64) A rest_a[Bytes::kStep] = {};
    alignas(64) B rest_b[Bytes::kStep] = {};
    for (size_t i = 0; i < count; ++i) {
      rest_a[i] = a[i];
      rest_b[i] = b[i];
    }
    total += Step::Sum(Step::Do(Bytes::Zero(), rest_a, rest_b));
  }
  return total;
}

struct Int8L2 : Bytes {
  static inline Acc Do(Acc acc, const int8_t* a, const int8_t* b) { return L2(acc, a, b); }
};
struct Int8Dot : Bytes {
  static inline Acc Do(Acc acc, const int8_t* a, const int8_t* b) { return Dot(acc, a, b); }
};
struct Int8L1 : Bytes {
  static inline Acc Do(Acc acc, const int8_t* a, const int8_t* b) { return L1(acc, a, b); }
};
struct CodeDot : Bytes {
  static inline Acc Do(Acc acc, const int8_t* query, const uint8_t* code) { return CodeDotStep(acc, query, code); }
};
struct CodeL1 : Bytes {
  static inline Acc Do(Acc acc, const uint8_t* a, const uint8_t* b) { return CodeL1Step(acc, a, b); }
};

int64_t L2SquaredInt8(const int8_t* a, const int8_t* b, size_t count) { return SumBytes<Int8L2>(a, b, count); }
int64_t DotInt8(const int8_t* a, const int8_t* b, size_t count) { return SumBytes<Int8Dot>(a, b, count); }
int64_t L1Int8(const int8_t* a, const int8_t* b, size_t count) { return SumBytes<Int8L1>(a, b, count); }
CosineTermsInt8 CosineInt8(const int8_t* a, const int8_t* b, size_t count) {
  return CosineTermsInt8{DotInt8(a, b, count), DotInt8(a, a, count), DotInt8(b, b, count)};
}

int32_t DotCode(const int8_t* query, const uint8_t* code, size_t count) {
  return static_cast<int32_t>(SumBytes<CodeDot>(query, code, count));
}
uint32_t L1Code(const uint8_t* a, const uint8_t* b, size_t count) {
  return static_cast<uint32_t>(SumBytes<CodeL1>(a, b, count));
}

constexpr size_t kCodesAhead = 4;

void DotCodeGather(const int8_t* query, const uint8_t* const* codes, size_t rows, size_t count, int32_t* out) {
  for (size_t row = 0; row < rows; ++row) {
    if (row + kCodesAhead < rows) PrefetchBytes(codes[row + kCodesAhead], count);
    out[row] = static_cast<int32_t>(SumBytes<CodeDot>(query, codes[row], count));
  }
}

void L1CodeGather(const uint8_t* query, const uint8_t* const* codes, size_t rows, size_t count, uint32_t* out) {
  for (size_t row = 0; row < rows; ++row) {
    if (row + kCodesAhead < rows) PrefetchBytes(codes[row + kCodesAhead], count);
    out[row] = static_cast<uint32_t>(SumBytes<CodeL1>(query, codes[row], count));
  }
}

// ---- bits --------------------------------------------------------------------------------------------------------
inline void CopyRest(const uint8_t* from, size_t count, uint8_t (&rest)[Bits::kStep]) {
  for (size_t i = 0; i < count; ++i) rest[i] = from[i];
}

uint64_t Hamming(const uint8_t* a, const uint8_t* b, size_t bytes) {
  Bits::Acc acc = Bits::Zero();
  size_t at = 0;
  for (; at + Bits::kStep <= bytes; at += Bits::kStep)
    acc = Bits::AddOnes(acc, Bits::Xor(Bits::Load(a + at), Bits::Load(b + at)));
  if (at < bytes) {
    alignas(64) uint8_t rest_a[Bits::kStep] = {};
    alignas(64) uint8_t rest_b[Bits::kStep] = {};
    CopyRest(a + at, bytes - at, rest_a);
    CopyRest(b + at, bytes - at, rest_b);
    acc = Bits::AddOnes(acc, Bits::Xor(Bits::Load(rest_a), Bits::Load(rest_b)));
  }
  return Bits::Sum(acc);
}

BitCounts Jaccard(const uint8_t* a, const uint8_t* b, size_t bytes) {
  Bits::Acc both = Bits::Zero();
  Bits::Acc either = Bits::Zero();
  size_t at = 0;
  for (; at + Bits::kStep <= bytes; at += Bits::kStep) {
    const Bits::V x = Bits::Load(a + at);
    const Bits::V y = Bits::Load(b + at);
    both = Bits::AddOnes(both, Bits::And(x, y));
    either = Bits::AddOnes(either, Bits::Or(x, y));
  }
  if (at < bytes) {
    alignas(64) uint8_t rest_a[Bits::kStep] = {};
    alignas(64) uint8_t rest_b[Bits::kStep] = {};
    CopyRest(a + at, bytes - at, rest_a);
    CopyRest(b + at, bytes - at, rest_b);
    both = Bits::AddOnes(both, Bits::And(Bits::Load(rest_a), Bits::Load(rest_b)));
    either = Bits::AddOnes(either, Bits::Or(Bits::Load(rest_a), Bits::Load(rest_b)));
  }
  return BitCounts{Bits::Sum(both), Bits::Sum(either)};
}

template <class Element>
constexpr FloatKernels<Element> FloatTable(bool (*all_finite)(const Element*, size_t)) {
  return FloatKernels<Element>{
      .l2_squared = SumOne<L2Step, Element>,
      .dot = SumOne<DotStep, Element>,
      .l1 = SumOne<L1Step, Element>,
      .cosine = Cosine<Element>,
      .l2_squared_many = SumMany<L2Step, Element>,
      .dot_many = SumMany<DotStep, Element>,
      .l1_many = SumMany<L1Step, Element>,
      .l2_squared_gather = SumGather<L2Step, Element>,
      .dot_gather = SumGather<DotStep, Element>,
      .all_finite = all_finite,
  };
}

constexpr DistanceKernels TableOf(InstructionSet set) {
  return DistanceKernels{
      .instruction_set = set,
      .f32 = FloatTable<float>(AllFiniteF32),
      .f16 = FloatTable<uint16_t>(AllFiniteF16),
      .int8 = {.l2_squared = L2SquaredInt8, .dot = DotInt8, .l1 = L1Int8, .cosine = CosineInt8},
      .bits = {.hamming = Hamming, .jaccard = Jaccard},
      .codes = {.dot = DotCode,
                .dot_gather = DotCodeGather,
                .l1 = L1Code,
                .l1_gather = L1CodeGather,
                .encode = Encode,
                .decode = Decode},
      .f32_to_f16 = F32ToF16,
      .f16_to_f32 = F16ToF32,
      .range = RangeOf,
      .scale = Scale,
  };
}

}  // namespace
}  // namespace turdb::compute
