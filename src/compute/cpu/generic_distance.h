// The distance kernels in terms of an instruction set's vectors. Included once by each unit of cpu/, behind the
// unit's `Floats`, `Bytes` and `Bits`:
//
//   Floats   V, kWidth (a divisor of 16), kRows (how many vectors `many` takes side by side); Zero, Load(float*),
//            LoadPart(float*, count < kWidth) and the same of halves (uint16_t*), filling with zeros; Add, Sub, Mul,
//            Abs, Min, Max; Sum (upper half onto lower half until one lane is left); Least, Greatest of the lanes.
//   Bytes    V, Acc, kStep, kAtOnce (accumulators side by side); Load, LoadPart; Zero, Add; steps of kStep bytes: Dot,
//            L2, L1 of int8, CodeDot (signed by unsigned), CodeL1 (unsigned); Sum and SumL1 (exact, in 64 bits),
//            SumNarrow (where 32 bits hold it). An accumulator must hold 65,536 bytes' worth.
//   Bits     V, Acc, kStep; Load; And, Or, Xor; Zero, AddOnes (counts the bits of a V), Sum.
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

CodeSums Encode(const float* __restrict values, size_t count, float offset, float inverse_scale, uint8_t* __restrict codes) {
  // Two loops: compilers vectorise neither conversion nor sums when they are one.
  for (size_t i = 0; i < count; ++i) {
    float code = (values[i] - offset) * inverse_scale + 0.5f;
    code = code < 255.0f ? code : 255.0f;
    code = code > 0.0f ? code : 0.0f;
    codes[i] = static_cast<uint8_t>(static_cast<int32_t>(code));
  }
  uint32_t sum = 0;
  uint32_t squares = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint32_t code = codes[i];
    sum += code;
    squares += code * code;
  }
  return CodeSums{sum, squares};
}

void Decode(const uint8_t* codes, size_t count, float offset, float scale, float* values) {
  for (size_t i = 0; i < count; ++i) values[i] = static_cast<float>(codes[i]) * scale + offset;
}

// ---- bytes -------------------------------------------------------------------------------------------------------
struct Int8L2 {
  static inline Bytes::Acc Do(Bytes::Acc acc, Bytes::V a, Bytes::V b) { return Bytes::L2(acc, a, b); }
  static inline int64_t Sum(Bytes::Acc acc) { return Bytes::Sum(acc); }
};
struct Int8Dot {
  static inline Bytes::Acc Do(Bytes::Acc acc, Bytes::V a, Bytes::V b) { return Bytes::Dot(acc, a, b); }
  static inline int64_t Sum(Bytes::Acc acc) { return Bytes::Sum(acc); }
};
struct Int8L1 {
  static inline Bytes::Acc Do(Bytes::Acc acc, Bytes::V a, Bytes::V b) { return Bytes::L1(acc, a, b); }
  static inline int64_t Sum(Bytes::Acc acc) { return Bytes::SumL1(acc); }
};
struct CodeDot {
  static inline Bytes::Acc Do(Bytes::Acc acc, Bytes::V query, Bytes::V code) { return Bytes::CodeDot(acc, query, code); }
  static inline int32_t Sum(Bytes::Acc acc) { return Bytes::SumNarrow(acc); }
};
struct CodeL1 {
  static inline Bytes::Acc Do(Bytes::Acc acc, Bytes::V a, Bytes::V b) { return Bytes::CodeL1(acc, a, b); }
  static inline uint32_t Sum(Bytes::Acc acc) { return static_cast<uint32_t>(Bytes::SumL1(acc)); }
};

constexpr size_t kBlock = 65536;  // bytes that an accumulator may take

// Bytes behind the last whole step are filled up with zeros, which add nothing.
template <class Step, class Element>
inline int64_t SumBytes(const Element* a, const Element* b, size_t count) {
  int64_t total = 0;
  while (count > 0) {
    const size_t block = count < kBlock ? count : kBlock;
    Bytes::Acc acc = Bytes::Zero();
    size_t at = 0;
    for (; at + Bytes::kStep <= block; at += Bytes::kStep) acc = Step::Do(acc, Bytes::Load(a + at), Bytes::Load(b + at));
    if (at < block) acc = Step::Do(acc, Bytes::LoadPart(a + at, block - at), Bytes::LoadPart(b + at, block - at));
    total += Step::Sum(acc);
    a += block;
    b += block;
    count -= block;
  }
  return total;
}

// Codes are short enough for one accumulator, and several hide how long an instruction takes.
template <class Step, class A>
inline auto SumCodes(const A* query, const uint8_t* code, size_t count) {
  constexpr size_t kAtOnce = Bytes::kAtOnce;
  Bytes::Acc acc[kAtOnce];
  TURDB_UNROLL
  for (size_t v = 0; v < kAtOnce; ++v) acc[v] = Bytes::Zero();
  size_t at = 0;
  for (; at + kAtOnce * Bytes::kStep <= count; at += kAtOnce * Bytes::kStep) {
    TURDB_UNROLL
    for (size_t v = 0; v < kAtOnce; ++v) {
      const size_t place = at + v * Bytes::kStep;
      acc[v] = Step::Do(acc[v], Bytes::Load(query + place), Bytes::Load(code + place));
    }
  }
  for (; at + Bytes::kStep <= count; at += Bytes::kStep) {
    acc[0] = Step::Do(acc[0], Bytes::Load(query + at), Bytes::Load(code + at));
  }
  if (at < count) acc[0] = Step::Do(acc[0], Bytes::LoadPart(query + at, count - at), Bytes::LoadPart(code + at, count - at));
  TURDB_UNROLL
  for (size_t v = 1; v < kAtOnce; ++v) acc[0] = Bytes::Add(acc[0], acc[v]);
  return Step::Sum(acc[0]);
}

int64_t L2SquaredInt8(const int8_t* a, const int8_t* b, size_t count) { return SumBytes<Int8L2>(a, b, count); }
int64_t DotInt8(const int8_t* a, const int8_t* b, size_t count) { return SumBytes<Int8Dot>(a, b, count); }
int64_t L1Int8(const int8_t* a, const int8_t* b, size_t count) { return SumBytes<Int8L1>(a, b, count); }
CosineTermsInt8 CosineInt8(const int8_t* a, const int8_t* b, size_t count) {
  return CosineTermsInt8{DotInt8(a, b, count), DotInt8(a, a, count), DotInt8(b, b, count)};
}

int32_t DotCode(const int8_t* query, const uint8_t* code, size_t count) { return SumCodes<CodeDot>(query, code, count); }
uint32_t L1Code(const uint8_t* a, const uint8_t* b, size_t count) { return SumCodes<CodeL1>(a, b, count); }

constexpr size_t kCodesAhead = 4;

template <class Step, class A, class Out>
inline void GatherCodes(const A* query, const uint8_t* const* codes, size_t rows, size_t count, Out* out) {
  for (size_t row = 0; row < rows; ++row) {
    if (row + kCodesAhead < rows) PrefetchBytes(codes[row + kCodesAhead], count);
    out[row] = SumCodes<Step>(query, codes[row], count);
  }
}

void DotCodeGather(const int8_t* query, const uint8_t* const* codes, size_t rows, size_t count, int32_t* out) {
  GatherCodes<CodeDot>(query, codes, rows, count, out);
}
void L1CodeGather(const uint8_t* query, const uint8_t* const* codes, size_t rows, size_t count, uint32_t* out) {
  GatherCodes<CodeL1>(query, codes, rows, count, out);
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
