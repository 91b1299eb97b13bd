#include "compute/distance.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <cmath>
#include <initializer_list>

#include "compute/cpu/tables.h"

namespace turdb::compute {
namespace {

// Sums of squares below or above these may have lost terms to underflow or overflow; magnitudes of sums are looked at
// after the fact, because that costs two comparisons a vector.
constexpr float kTooSmall = 0x1p-80f;
bool Trusted(float sum) { return sum >= kTooSmall && sum <= 0x1.fffffep127f; }

double AsDouble(float value) { return value; }
double AsDouble(Half value) {
  float wide;
  BestDistanceKernels().f16_to_f32(&value.bits, &wide, 1);
  return wide;
}

struct WideCosineTerms {
  double dot = 0;
  double norm_a = 0;
  double norm_b = 0;
};

template <typename Element>
double L2SquaredInDouble(const Element* a, const Element* b, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; ++i) {
    const double d = AsDouble(a[i]) - AsDouble(b[i]);
    sum += d * d;
  }
  return sum;
}

template <typename Element>
WideCosineTerms CosineInDouble(const Element* a, const Element* b, size_t count) {
  WideCosineTerms terms;
  for (size_t i = 0; i < count; ++i) {
    const double x = AsDouble(a[i]);
    const double y = AsDouble(b[i]);
    terms.dot += x * y;
    terms.norm_a += x * x;
    terms.norm_b += y * y;
  }
  return terms;
}

template <typename Element>
double L1InDouble(const Element* a, const Element* b, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; ++i) sum += std::fabs(AsDouble(a[i]) - AsDouble(b[i]));
  return sum;
}

double CosineOf(double dot, double norm_a, double norm_b) {
  const double similarity = dot / (std::sqrt(norm_a) * std::sqrt(norm_b));  // 0 / 0 is the NaN that is promised
  if (similarity > 1) return 0;
  if (similarity < -1) return 2;
  return 1 - similarity;
}

// The kernels see halves as their bits.
const float* Raw(const float* a) { return a; }
const uint16_t* Raw(const Half* a) { return &a->bits; }
const FloatKernels<float>& Table(const DistanceKernels& kernels, const float*) { return kernels.f32; }
const FloatKernels<uint16_t>& Table(const DistanceKernels& kernels, const Half*) { return kernels.f16; }

template <typename Element>
double FinishL2Squared(float sum, const Element* a, const Element* b, size_t count) {
  return Trusted(sum) ? sum : L2SquaredInDouble(a, b, count);
}
template <typename Element>
double FinishDot(float sum, const Element* a, const Element* b, size_t count) {
  if (Trusted(std::fabs(sum))) return sum;
  return CosineInDouble(a, b, count).dot;
}
template <typename Element>
double FinishL1(float sum, const Element* a, const Element* b, size_t count) {
  return sum <= 0x1.fffffep127f ? sum : L1InDouble(a, b, count);
}

template <typename Element>
double FloatDistance(Metric metric, const Element* a, const Element* b, size_t count) {
  const auto& kernels = Table(BestDistanceKernels(), a);
  if (count == 0) return metric == Metric::kCosine ? std::nan("") : 0;
  switch (metric) {
    case Metric::kL2:
      return std::sqrt(FinishL2Squared(kernels.l2_squared(Raw(a), Raw(b), count), a, b, count));
    case Metric::kL2Squared:
      return FinishL2Squared(kernels.l2_squared(Raw(a), Raw(b), count), a, b, count);
    case Metric::kInnerProduct:
      return -FinishDot(kernels.dot(Raw(a), Raw(b), count), a, b, count);
    case Metric::kCosine: {
      const CosineTerms terms = kernels.cosine(Raw(a), Raw(b), count);
      if (Trusted(terms.norm_a) && Trusted(terms.norm_b)) return CosineOf(terms.dot, terms.norm_a, terms.norm_b);
      const WideCosineTerms wide = CosineInDouble(a, b, count);
      return CosineOf(wide.dot, wide.norm_a, wide.norm_b);
    }
    case Metric::kL1:
      return FinishL1(kernels.l1(Raw(a), Raw(b), count), a, b, count);
  }
  return std::nan("");
}

constexpr size_t kRowsAtOnce = 256;  // floats on the stack

template <typename Element>
void FloatDistances(Metric metric, const Element* query, const Element* base, size_t stride, size_t rows, size_t count,
                    double* out) {
  if (count == 0 || metric == Metric::kCosine) {
    for (size_t row = 0; row < rows; ++row) out[row] = FloatDistance(metric, query, base + row * stride, count);
    return;
  }
  const auto& kernels = Table(BestDistanceKernels(), query);
  float sums[kRowsAtOnce];
  for (size_t first = 0; first < rows; first += kRowsAtOnce) {
    const size_t some = rows - first < kRowsAtOnce ? rows - first : kRowsAtOnce;
    const Element* vectors = base + first * stride;
    switch (metric) {
      case Metric::kL2:
      case Metric::kL2Squared:
        kernels.l2_squared_many(Raw(query), Raw(vectors), stride, some, count, sums);
        for (size_t i = 0; i < some; ++i) {
          const double squared = FinishL2Squared(sums[i], query, vectors + i * stride, count);
          out[first + i] = metric == Metric::kL2 ? std::sqrt(squared) : squared;
        }
        break;
      case Metric::kInnerProduct:
        kernels.dot_many(Raw(query), Raw(vectors), stride, some, count, sums);
        for (size_t i = 0; i < some; ++i) out[first + i] = -FinishDot(sums[i], query, vectors + i * stride, count);
        break;
      case Metric::kL1:
        kernels.l1_many(Raw(query), Raw(vectors), stride, some, count, sums);
        for (size_t i = 0; i < some; ++i) out[first + i] = FinishL1(sums[i], query, vectors + i * stride, count);
        break;
      case Metric::kCosine:
        break;
    }
  }
}

#if defined(__x86_64__)
bool CpuHasF16c() {  // __builtin_cpu_supports of older clang does not know its name
  unsigned eax, ebx, ecx, edx;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}

bool CpuHas(InstructionSet set) {
  switch (set) {
    case InstructionSet::kScalar:
    case InstructionSet::kSse2:  // part of the architecture
      return true;
    case InstructionSet::kAvx2:
      return __builtin_cpu_supports("avx2") && CpuHasF16c();
    case InstructionSet::kAvx512:
      return CpuHas(InstructionSet::kAvx2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    case InstructionSet::kAvx512Vnni:
      return CpuHas(InstructionSet::kAvx512) && __builtin_cpu_supports("avx512vnni");
    case InstructionSet::kNeon:
      return false;
  }
  return false;
}
#elif defined(__aarch64__)
bool CpuHas(InstructionSet set) { return set == InstructionSet::kScalar || set == InstructionSet::kNeon; }
#else
bool CpuHas(InstructionSet set) { return set == InstructionSet::kScalar; }
#endif

const DistanceKernels& Choose() {
  for (const InstructionSet set : {InstructionSet::kAvx512Vnni, InstructionSet::kAvx512, InstructionSet::kAvx2,
                                   InstructionSet::kSse2, InstructionSet::kNeon}) {
    if (const DistanceKernels* kernels = DistanceKernelsOf(set)) return *kernels;
  }
  return ScalarKernels();
}

}  // namespace

const DistanceKernels& BestDistanceKernels() {
  static const DistanceKernels& best = Choose();
  return best;
}

const DistanceKernels* DistanceKernelsOf(InstructionSet set) {
  if (!CpuHas(set)) return nullptr;
  switch (set) {
#if defined(__x86_64__)
    case InstructionSet::kSse2:
      return &Sse2Kernels();
    case InstructionSet::kAvx2:
      return &Avx2Kernels();
    case InstructionSet::kAvx512:
      return &Avx512Kernels();
    case InstructionSet::kAvx512Vnni:
      return &Avx512VnniKernels();
#elif defined(__aarch64__)
    case InstructionSet::kNeon:
      return &NeonKernels();
#endif
    default:
      return &ScalarKernels();
  }
}

const char* NameOf(InstructionSet set) {
  switch (set) {
    case InstructionSet::kScalar:
      return "scalar";
    case InstructionSet::kSse2:
      return "SSE2";
    case InstructionSet::kAvx2:
      return "AVX2";
    case InstructionSet::kAvx512:
      return "AVX-512";
    case InstructionSet::kAvx512Vnni:
      return "AVX-512 VNNI";
    case InstructionSet::kNeon:
      return "NEON";
  }
  return "unknown";
}

double Distance(Metric metric, const float* a, const float* b, size_t count) { return FloatDistance(metric, a, b, count); }
double Distance(Metric metric, const Half* a, const Half* b, size_t count) { return FloatDistance(metric, a, b, count); }

double Distance(Metric metric, const int8_t* a, const int8_t* b, size_t count) {
  const Int8Kernels& kernels = BestDistanceKernels().int8;
  switch (metric) {
    case Metric::kL2:
      return std::sqrt(static_cast<double>(kernels.l2_squared(a, b, count)));
    case Metric::kL2Squared:
      return static_cast<double>(kernels.l2_squared(a, b, count));
    case Metric::kInnerProduct:
      return static_cast<double>(-kernels.dot(a, b, count));
    case Metric::kCosine: {
      const CosineTermsInt8 terms = kernels.cosine(a, b, count);
      return CosineOf(static_cast<double>(terms.dot), static_cast<double>(terms.norm_a), static_cast<double>(terms.norm_b));
    }
    case Metric::kL1:
      return static_cast<double>(kernels.l1(a, b, count));
  }
  return std::nan("");
}

void Distances(Metric metric, const float* query, const float* base, size_t stride, size_t rows, size_t count, double* out) {
  FloatDistances(metric, query, base, stride, rows, count, out);
}
void Distances(Metric metric, const Half* query, const Half* base, size_t stride, size_t rows, size_t count, double* out) {
  FloatDistances(metric, query, base, stride, rows, count, out);
}
void Distances(Metric metric, const int8_t* query, const int8_t* base, size_t stride, size_t rows, size_t count, double* out) {
  for (size_t row = 0; row < rows; ++row) out[row] = Distance(metric, query, base + row * stride, count);
}

double HammingDistance(const uint8_t* a, const uint8_t* b, size_t bytes) {
  return static_cast<double>(BestDistanceKernels().bits.hamming(a, b, bytes));
}

double JaccardDistance(const uint8_t* a, const uint8_t* b, size_t bytes) {
  const BitCounts counts = BestDistanceKernels().bits.jaccard(a, b, bytes);
  if (counts.either == 0) return 0;
  return 1 - static_cast<double>(counts.both) / static_cast<double>(counts.either);
}

double Dot(const float* a, const float* b, size_t count) {
  return count == 0 ? 0 : -Distance(Metric::kInnerProduct, a, b, count);
}
double Norm(const float* a, size_t count) { return std::sqrt(-Distance(Metric::kInnerProduct, a, a, count)); }
double Norm(const Half* a, size_t count) { return std::sqrt(-Distance(Metric::kInnerProduct, a, a, count)); }
double Norm(const int8_t* a, size_t count) { return std::sqrt(-Distance(Metric::kInnerProduct, a, a, count)); }

bool Normalize(const float* from, float* to, size_t count) {
  const double norm = Norm(from, count);
  if (!(norm > 0) || !std::isfinite(norm)) return false;
  const double inverse = 1 / norm;
  const float factor = static_cast<float>(inverse);
  if (factor >= 0x1p-100f && factor <= 0x1p100f) {
    BestDistanceKernels().scale(from, factor, to, count);
  } else {
    for (size_t i = 0; i < count; ++i) to[i] = static_cast<float>(static_cast<double>(from[i]) * inverse);
  }
  return true;
}

bool AllFinite(const float* a, size_t count) { return BestDistanceKernels().f32.all_finite(a, count); }
bool AllFinite(const Half* a, size_t count) { return BestDistanceKernels().f16.all_finite(&a->bits, count); }

void ToHalf(const float* from, Half* to, size_t count) { BestDistanceKernels().f32_to_f16(from, &to->bits, count); }
void ToFloat(const Half* from, float* to, size_t count) { BestDistanceKernels().f16_to_f32(&from->bits, to, count); }

}  // namespace turdb::compute
