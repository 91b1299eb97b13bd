// Distances between vectors, by the fastest kernels that this CPU has.
//
// The rule for results: every instruction set gives the same bits. Sums over integers and bits are exact. Sums over
// floats are kept in 32 lanes (16 for cosine), element i in lane i mod 32, in f32, multiplication and addition rounded
// apart, and the lanes are then folded, upper half onto lower half. That order is part of the meaning: it is why an
// index built on one machine is searched alike on another. Against the exact value the error of such a sum is below
// (count / 32 + 8) * 2^-24 of the sum of the terms' magnitudes.
//
// The functions below add what a single pass in f32 cannot do: where squares overflow or underflow they go over the
// vectors again in double.
#ifndef TURDB_COMPUTE_DISTANCE_H_
#define TURDB_COMPUTE_DISTANCE_H_

#include <cstddef>
#include <cstdint>

#include "compute/distance_kernels.h"

namespace turdb::compute {

// The kernels chosen for this CPU, once a process. A caller with many distances to compute keeps the reference.
const DistanceKernels& BestDistanceKernels();

// Those of one instruction set; null if this CPU lacks it or the library was not built with it.
const DistanceKernels* DistanceKernelsOf(InstructionSet set);

const char* NameOf(InstructionSet set);

// What SQL's operators mean.
enum class Metric : uint8_t {
  kL2,            // <->  the root of the summed squares
  kL2Squared,     //      the same order as kL2, without the root
  kInnerProduct,  // <#>  the negative inner product, so that less is nearer
  kCosine,        // <=>  1 - a.b / (|a| |b|), within 0..2
  kL1,            // <+>  the summed magnitudes
};

// An IEEE binary16 number by its bits: a type of its own, so that f16 and 16-bit integers are not mistaken for each other.
struct Half {
  uint16_t bits;
};
static_assert(sizeof(Half) == 2 && alignof(Half) == 2);

// The distance of two vectors of `count` elements. NaN: an element was NaN, infinities met, or under kCosine a vector
// is zero. Of no elements: 0 (under kCosine NaN).
double Distance(Metric metric, const float* a, const float* b, size_t count);
double Distance(Metric metric, const Half* a, const Half* b, size_t count);
double Distance(Metric metric, const int8_t* a, const int8_t* b, size_t count);

// One query against `rows` vectors that begin `stride` elements apart: out[i] = Distance(metric, query, base + i *
// stride, count), at the speed of memory.
void Distances(Metric metric, const float* query, const float* base, size_t stride, size_t rows, size_t count, double* out);
void Distances(Metric metric, const Half* query, const Half* base, size_t stride, size_t rows, size_t count, double* out);
void Distances(Metric metric, const int8_t* query, const int8_t* base, size_t stride, size_t rows, size_t count, double* out);

// Bits that differ; 1 - |a and b| / |a or b|, which is 0 for two vectors without a set bit. Bits behind the last
// one must be zero.
double HammingDistance(const uint8_t* a, const uint8_t* b, size_t bytes);
double JaccardDistance(const uint8_t* a, const uint8_t* b, size_t bytes);

double Dot(const float* a, const float* b, size_t count);
double Norm(const float* a, size_t count);
double Norm(const Half* a, size_t count);
double Norm(const int8_t* a, size_t count);

// a / |a|. False, and nothing written, if |a| is zero or not finite. `to` may be `from`.
bool Normalize(const float* from, float* to, size_t count);

bool AllFinite(const float* a, size_t count);
bool AllFinite(const Half* a, size_t count);

// Rounded to nearest, ties to even; a value beyond 65,504 becomes infinity.
void ToHalf(const float* from, Half* to, size_t count);
void ToFloat(const Half* from, float* to, size_t count);

}  // namespace turdb::compute

#endif  // TURDB_COMPUTE_DISTANCE_H_
