// The loops that anybody would write; built twice (bench/CMakeLists.txt).
#include <cstddef>
#include <cstdint>

namespace NAIVE {

float L2(const float* a, const float* b, size_t n) {
  float sum = 0;
  for (size_t i = 0; i < n; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

float Dot(const float* a, const float* b, size_t n) {
  float sum = 0;
  for (size_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

void Cosine(const float* a, const float* b, size_t n, float* out) {
  float dot = 0, norm_a = 0, norm_b = 0;
  for (size_t i = 0; i < n; ++i) {
    dot += a[i] * b[i];
    norm_a += a[i] * a[i];
    norm_b += b[i] * b[i];
  }
  out[0] = dot;
  out[1] = norm_a;
  out[2] = norm_b;
}

int32_t CodeDot(const int8_t* a, const uint8_t* b, size_t n) {
  int32_t sum = 0;
  for (size_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

int32_t Int8L2(const int8_t* a, const int8_t* b, size_t n) {
  int32_t sum = 0;
  for (size_t i = 0; i < n; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

uint32_t Hamming(const uint8_t* a, const uint8_t* b, size_t n) {
  uint32_t sum = 0;
  for (size_t i = 0; i < n; ++i) sum += static_cast<uint32_t>(__builtin_popcount(a[i] ^ b[i]));
  return sum;
}

}  // namespace NAIVE
