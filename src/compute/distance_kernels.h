// The table of distance kernels of one instruction set. Each unit under cpu/ fills one table; what callers use is
// distance.h. This header defines no function, so that a unit compiled for AVX-512 has nothing to leak from here.
//
// Half-precision numbers (f16, IEEE binary16) travel as their 16 bits. Pointers need no alignment beyond that of their
// element. A count of zero is allowed everywhere, and then pointers are not looked at.
#ifndef TURDB_COMPUTE_DISTANCE_KERNELS_H_
#define TURDB_COMPUTE_DISTANCE_KERNELS_H_

#include <cstddef>
#include <cstdint>

namespace turdb::compute {

enum class InstructionSet : uint8_t { kScalar, kSse2, kAvx2, kAvx512, kAvx512Vnni, kNeon };
inline constexpr size_t kInstructionSetCount = 6;

// What cosine needs of two vectors, in one pass: a.b, a.a, b.b.
struct CosineTerms {
  float dot;
  float norm_a;
  float norm_b;
};
struct CosineTermsInt8 {
  int64_t dot;
  int64_t norm_a;
  int64_t norm_b;
};

struct Range {
  float least;
  float greatest;
};

// The sums over the codes that one encoding made. REQUIRES of what makes them: count <= 65,535, so that 32 bits hold both.
struct CodeSums {
  uint32_t sum;
  uint32_t sum_of_squares;
};

// The set bits of a & b and of a | b.
struct BitCounts {
  uint64_t both;
  uint64_t either;
};

// Distances of floating elements. "Squared": no root is taken. The `many` forms compare one query with `rows` vectors
// that lie `stride` elements apart, the `gather` forms with vectors found by pointers; both give what the single form
// gives, bit for bit.
template <typename Element>
struct FloatKernels {
  float (*l2_squared)(const Element* a, const Element* b, size_t count);
  float (*dot)(const Element* a, const Element* b, size_t count);
  float (*l1)(const Element* a, const Element* b, size_t count);
  CosineTerms (*cosine)(const Element* a, const Element* b, size_t count);
  void (*l2_squared_many)(const Element* query, const Element* base, size_t stride, size_t rows, size_t count, float* out);
  void (*dot_many)(const Element* query, const Element* base, size_t stride, size_t rows, size_t count, float* out);
  void (*l1_many)(const Element* query, const Element* base, size_t stride, size_t rows, size_t count, float* out);
  void (*l2_squared_gather)(const Element* query, const Element* const* vectors, size_t rows, size_t count, float* out);
  void (*dot_gather)(const Element* query, const Element* const* vectors, size_t rows, size_t count, float* out);
  bool (*all_finite)(const Element* a, size_t count);
};

// Distances of int8 elements: exact, at any length.
struct Int8Kernels {
  int64_t (*l2_squared)(const int8_t* a, const int8_t* b, size_t count);
  int64_t (*dot)(const int8_t* a, const int8_t* b, size_t count);
  int64_t (*l1)(const int8_t* a, const int8_t* b, size_t count);
  CosineTermsInt8 (*cosine)(const int8_t* a, const int8_t* b, size_t count);
};

// Distances of bits; `bytes` bytes of them, those behind the last bit zero.
struct BitKernels {
  uint64_t (*hamming)(const uint8_t* a, const uint8_t* b, size_t bytes);
  BitCounts (*jaccard)(const uint8_t* a, const uint8_t* b, size_t bytes);
};

// Codes of one byte (sq8.h). A stored code is unsigned; that of a query is the same minus 128, signed, because the
// instructions that multiply bytes take one of each. All sums are exact. REQUIRES: count <= 65,535.
struct CodeKernels {
  int32_t (*dot)(const int8_t* query, const uint8_t* code, size_t count);
  // One batch of neighbours; the lines of the codes ahead are prefetched.
  void (*dot_gather)(const int8_t* query, const uint8_t* const* codes, size_t rows, size_t count, int32_t* out);
  uint32_t (*l1)(const uint8_t* a, const uint8_t* b, size_t count);
  void (*l1_gather)(const uint8_t* query, const uint8_t* const* codes, size_t rows, size_t count, uint32_t* out);
  // code = (value - offset) * inverse_scale, rounded, kept within 0..255.
  CodeSums (*encode)(const float* values, size_t count, float offset, float inverse_scale, uint8_t* codes);
  // value = code * scale + offset, each rounded.
  void (*decode)(const uint8_t* codes, size_t count, float offset, float scale, float* values);
};

struct DistanceKernels {
  InstructionSet instruction_set;
  FloatKernels<float> f32;
  FloatKernels<uint16_t> f16;
  Int8Kernels int8;
  BitKernels bits;
  CodeKernels codes;
  // Rounds to nearest, ties to even; too large becomes infinity, a NaN stays one (quiet, its upper bits kept).
  void (*f32_to_f16)(const float* from, uint16_t* to, size_t count);
  void (*f16_to_f32)(const uint16_t* from, float* to, size_t count);
  Range (*range)(const float* values, size_t count);                        // REQUIRES: finite values. Of none: {0, 0}
  void (*scale)(const float* from, float factor, float* to, size_t count);  // `to` may be `from`
};

}  // namespace turdb::compute

#endif  // TURDB_COMPUTE_DISTANCE_KERNELS_H_
