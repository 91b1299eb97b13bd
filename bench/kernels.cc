// Nanoseconds a distance, by element type, length and instruction set, beside naive loops. `./dev bench kernels`
//
// Vectors lie in cache (64 of them a side). Every figure is the least of many short rounds in which all contestants take
// turns: what else runs on the machine only adds. What leaves the cache is bound by memory and is measured by the last table.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "compute/distance.h"
#include "compute/sq8.h"

namespace naive {  // bench/naive_kernels.cc, at -O3 for the baseline
float L2(const float* a, const float* b, size_t n);
float Dot(const float* a, const float* b, size_t n);
void Cosine(const float* a, const float* b, size_t n, float* out);
int32_t CodeDot(const int8_t* a, const uint8_t* b, size_t n);
int32_t Int8L2(const int8_t* a, const int8_t* b, size_t n);
uint32_t Hamming(const uint8_t* a, const uint8_t* b, size_t n);
}  // namespace naive
namespace naive_native {  // the same for this very CPU, and with additions in any order (-march=native -ffast-math)
float L2(const float* a, const float* b, size_t n);
float Dot(const float* a, const float* b, size_t n);
void Cosine(const float* a, const float* b, size_t n, float* out);
int32_t CodeDot(const int8_t* a, const uint8_t* b, size_t n);
int32_t Int8L2(const int8_t* a, const int8_t* b, size_t n);
uint32_t Hamming(const uint8_t* a, const uint8_t* b, size_t n);
}  // namespace naive_native

namespace {

using turdb::compute::CosineTerms;
using turdb::compute::DistanceKernels;
using turdb::compute::InstructionSet;

constexpr size_t kVectors = 64;
constexpr int kRounds = 101;

double Now() { return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

volatile double sink;

struct Contestant {
  std::string name;
  std::function<double(size_t)> run;  // that many passes over all vectors; returns something that depends on them
  std::vector<double> ns = {};
};

void Measure(const char* what, size_t dimension, size_t per_pass, std::vector<Contestant>& contestants) {
  std::vector<size_t> passes;
  for (Contestant& c : contestants) {
    size_t count = 1;
    for (;;) {
      const double start = Now();
      sink = c.run(count);
      if (Now() - start > 5e4) break;
      count *= 2;
    }
    passes.push_back(count);
  }
  for (int round = 0; round < kRounds; ++round) {
    for (size_t i = 0; i < contestants.size(); ++i) {
      const double start = Now();
      sink = contestants[i].run(passes[i]);
      contestants[i].ns.push_back((Now() - start) / static_cast<double>(passes[i] * per_pass));
    }
  }
  std::printf("%-22s %5zu", what, dimension);
  for (Contestant& c : contestants) {
    std::printf("  %s %.1f", c.name.c_str(), *std::min_element(c.ns.begin(), c.ns.end()));
  }
  std::printf("\n");
}

template <typename Element, typename One>
std::function<double(size_t)> Passes(const std::vector<Element>& query, const std::vector<Element>& base, size_t n, One one) {
  return [&query, &base, n, one](size_t count) {
    double total = 0;
    for (size_t pass = 0; pass < count; ++pass) {
      for (size_t v = 0; v < kVectors; ++v) total += static_cast<double>(one(query.data(), base.data() + v * n, n));
    }
    return total;
  };
}

const InstructionSet kAll[] = {InstructionSet::kScalar, InstructionSet::kSse2,       InstructionSet::kAvx2,
                               InstructionSet::kAvx512, InstructionSet::kAvx512Vnni, InstructionSet::kNeon};

template <typename Add>
std::vector<Contestant> EveryInstructionSet(Add add) {
  std::vector<Contestant> contestants;
  for (const InstructionSet set : kAll) {
    if (const DistanceKernels* kernels = turdb::compute::DistanceKernelsOf(set)) {
      contestants.push_back({turdb::compute::NameOf(set), add(*kernels)});
    }
  }
  return contestants;
}

void InCache(size_t n) {
  std::mt19937_64 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> query(n), base(n * kVectors);
  for (float& x : query) x = normal(random);
  for (float& x : base) x = normal(random);
  std::vector<uint16_t> half_query(n), half_base(base.size());
  turdb::compute::BestDistanceKernels().f32_to_f16(query.data(), half_query.data(), n);
  turdb::compute::BestDistanceKernels().f32_to_f16(base.data(), half_base.data(), base.size());
  std::vector<int8_t> byte_query(n), byte_base(base.size());
  std::vector<uint8_t> codes(base.size()), bits_query(n / 8), bits(base.size() / 8);
  for (int8_t& x : byte_query) x = static_cast<int8_t>(random());
  for (int8_t& x : byte_base) x = static_cast<int8_t>(random());
  for (uint8_t& x : codes) x = static_cast<uint8_t>(random());
  for (uint8_t& x : bits_query) x = static_cast<uint8_t>(random());
  for (uint8_t& x : bits) x = static_cast<uint8_t>(random());

  const auto measure = [&](const char* what, auto contestants, auto naive_one, auto native_one, const auto& a, const auto& b,
                           size_t length) {
    contestants.push_back({"| naive", Passes(a, b, length, naive_one)});
    contestants.push_back({"naive native fast-math", Passes(a, b, length, native_one)});
    Measure(what, n, kVectors, contestants);
  };
  measure("f32 L2", EveryInstructionSet([&](auto& k) { return Passes(query, base, n, k.f32.l2_squared); }), naive::L2,
          naive_native::L2, query, base, n);
  measure("f32 dot", EveryInstructionSet([&](auto& k) { return Passes(query, base, n, k.f32.dot); }), naive::Dot,
          naive_native::Dot, query, base, n);
  const auto sum = [](auto cosine) {
    return [cosine](const float* a, const float* b, size_t count) {
      float out[3];
      cosine(a, b, count, out);
      return out[0] + out[1] + out[2];
    };
  };
  measure("f32 cosine", EveryInstructionSet([&](auto& k) {
            return Passes(query, base, n, [f = k.f32.cosine](const float* a, const float* b, size_t count) {
              const CosineTerms terms = f(a, b, count);
              return terms.dot + terms.norm_a + terms.norm_b;
            });
          }),
          sum(naive::Cosine), sum(naive_native::Cosine), query, base, n);
  std::vector<float> out(kVectors);
  auto many = EveryInstructionSet([&](auto& k) {
    return [&, f = k.f32.l2_squared_many](size_t count) {
      for (size_t pass = 0; pass < count; ++pass) f(query.data(), base.data(), n, kVectors, n, out.data());
      return static_cast<double>(out[0]);
    };
  });
  Measure("f32 L2, one to many", n, kVectors, many);
  auto l1 = EveryInstructionSet([&](auto& k) { return Passes(query, base, n, k.f32.l1); });
  Measure("f32 L1", n, kVectors, l1);
  auto half = EveryInstructionSet([&](auto& k) { return Passes(half_query, half_base, n, k.f16.l2_squared); });
  Measure("f16 L2", n, kVectors, half);
  measure("int8 L2", EveryInstructionSet([&](auto& k) { return Passes(byte_query, byte_base, n, k.int8.l2_squared); }),
          naive::Int8L2, naive_native::Int8L2, byte_query, byte_base, n);
  auto int8_dot = EveryInstructionSet([&](auto& k) { return Passes(byte_query, byte_base, n, k.int8.dot); });
  Measure("int8 dot", n, kVectors, int8_dot);

  const auto code_passes = [&](auto one) {
    return [&, one](size_t count) {
      double total = 0;
      for (size_t pass = 0; pass < count; ++pass) {
        for (size_t v = 0; v < kVectors; ++v) total += one(byte_query.data(), codes.data() + v * n, n);
      }
      return total;
    };
  };
  auto code_dot = EveryInstructionSet([&](auto& k) -> std::function<double(size_t)> { return code_passes(k.codes.dot); });
  code_dot.push_back({"| naive", code_passes(naive::CodeDot)});
  code_dot.push_back({"naive native fast-math", code_passes(naive_native::CodeDot)});
  Measure("SQ8 dot", n, kVectors, code_dot);
  std::vector<const uint8_t*> pointers;
  for (size_t v = 0; v < kVectors; ++v) pointers.push_back(codes.data() + v * n);
  std::vector<int32_t> dots(kVectors);
  auto gather = EveryInstructionSet([&](auto& k) {
    return [&, f = k.codes.dot_gather](size_t count) {
      for (size_t pass = 0; pass < count; ++pass) f(byte_query.data(), pointers.data(), kVectors, n, dots.data());
      return static_cast<double>(dots[0]);
    };
  });
  Measure("SQ8 dot, one batch", n, kVectors, gather);
  measure("bits Hamming", EveryInstructionSet([&](auto& k) { return Passes(bits_query, bits, n / 8, k.bits.hamming); }),
          naive::Hamming, naive_native::Hamming, bits_query, bits, n / 8);
  std::vector<uint8_t> encoded(n);
  auto encode = EveryInstructionSet([&](auto& k) {
    return [&, f = k.codes.encode](size_t count) {
      double total = 0;
      for (size_t pass = 0; pass < count; ++pass) total += f(query.data(), n, -4.0f, 31.0f, encoded.data()).sum;
      return total;
    };
  });
  Measure("SQ8 encode", n, 1, encode);
}

// An exact scan of more than any cache holds, beside a plain read of the same memory.
void OutOfCache(size_t n, size_t rows) {
  std::vector<float> base(n * rows);
  for (size_t i = 0; i < base.size(); ++i) base[i] = static_cast<float>(i % 251) * 0.01f;
  const std::vector<float> query(base.begin(), base.begin() + static_cast<ptrdiff_t>(n));
  std::vector<float> out(rows);
  std::vector<Contestant> contestants = EveryInstructionSet([&](auto& k) {
    return [&, f = k.f32.l2_squared_many](size_t count) {
      for (size_t pass = 0; pass < count; ++pass) f(query.data(), base.data(), n, rows, n, out.data());
      return static_cast<double>(out[rows / 2]);
    };
  });
  contestants.push_back({"| read only", [&](size_t count) {
                           uint64_t total[8] = {};
                           const uint64_t* words = reinterpret_cast<const uint64_t*>(base.data());
                           for (size_t pass = 0; pass < count; ++pass) {
                             for (size_t i = 0; i + 8 <= base.size() / 2; i += 8) {
                               for (size_t lane = 0; lane < 8; ++lane) total[lane] += words[i + lane];
                             }
                           }
                           return static_cast<double>(total[0] + total[3] + total[7]);
                         }});
  Measure("f32 L2, 512 MB scan", n, rows, contestants);
}

}  // namespace

int main() {
  std::printf("ns a distance, least of %d rounds; best here: %s\n", kRounds,
              turdb::compute::NameOf(turdb::compute::BestDistanceKernels().instruction_set));
  for (const size_t n : {size_t{128}, size_t{768}, size_t{1536}}) InCache(n);
  OutOfCache(128, size_t{1} << 20);
  return 0;
}
