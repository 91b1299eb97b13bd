#include "compute/sq8.h"

#include <cmath>

#include "compute/distance.h"

namespace turdb::compute {
namespace {

Sq8Terms TermsOf(float offset, float scale, CodeSums sums, size_t count) {
  const double o = offset;
  const double s = scale;
  const double norm = static_cast<double>(count) * o * o + 2 * o * s * sums.sum + s * s * sums.sum_of_squares;
  return Sq8Terms{scale, offset, static_cast<float>(s * sums.sum), static_cast<float>(norm)};
}

}  // namespace

Sq8Terms Sq8EncodeWith(const float* values, size_t count, float offset, float scale, uint8_t* codes) {
  const float inverse = 1.0f / scale;
  if (!(scale > 0) || !std::isfinite(inverse)) {
    // No range to speak of: every element is the offset.
    for (size_t i = 0; i < count; ++i) codes[i] = 0;
    return TermsOf(offset, 0, CodeSums{0, 0}, count);
  }
  return TermsOf(offset, scale, BestDistanceKernels().codes.encode(values, count, offset, inverse, codes), count);
}

Sq8Terms Sq8Encode(const float* values, size_t count, uint8_t* codes) {
  const Range range = BestDistanceKernels().range(values, count);
  const float width = range.greatest - range.least;
  if (std::isfinite(width)) return Sq8EncodeWith(values, count, range.least, width / 255.0f, codes);
  // The range is beyond f32 although its ends are not.
  const double scale = (static_cast<double>(range.greatest) - range.least) / 255.0;
  CodeSums sums{0, 0};
  for (size_t i = 0; i < count; ++i) {
    const double code = (static_cast<double>(values[i]) - range.least) / scale + 0.5;
    codes[i] = static_cast<uint8_t>(code < 255 ? code : 255);
    sums.sum += codes[i];
    sums.sum_of_squares += static_cast<uint32_t>(codes[i]) * codes[i];
  }
  return TermsOf(range.least, static_cast<float>(scale), sums, count);
}

void Sq8Decode(const uint8_t* codes, size_t count, const Sq8Terms& terms, float* values) {
  if (terms.scale < 0x1p119f) {
    BestDistanceKernels().codes.decode(codes, count, terms.offset, terms.scale, values);
    return;
  }
  for (size_t i = 0; i < count; ++i) {  // code * scale may be beyond f32 although the sum is not
    values[i] = static_cast<float>(codes[i] * static_cast<double>(terms.scale) + terms.offset);
  }
}

Sq8Terms Sq8Query(const uint8_t* codes, size_t count, const Sq8Terms& terms, int8_t* out) {
  for (size_t i = 0; i < count; ++i) out[i] = static_cast<int8_t>(codes[i] ^ 0x80);
  Sq8Terms query = terms;
  query.offset = static_cast<float>(terms.offset + 128.0 * terms.scale);
  query.scaled_sum = static_cast<float>(terms.scaled_sum - 128.0 * terms.scale * static_cast<double>(count));
  return query;
}

}  // namespace turdb::compute
