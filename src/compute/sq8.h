// SQ8: a vector as one byte an element, with a scale and an offset of its own.
//
//   x[i] is about offset + scale * code[i],  code[i] = round((x[i] - offset) / scale) in 0..255,
//   offset the least element, scale the range / 255: the error of an element is at most scale / 2.
//
// Two codes with different scales cannot be subtracted, so distances come from one dot product over bytes and the terms
// of both vectors (T = scale * sum of the codes, N = |offset + scale * code|^2, the norm of what the code stands for):
//
//   a.b       = n oa ob + oa Tb + ob Ta + sa sb (ca . cb)
//   |a - b|^2 = Na + Nb - 2 a.b
//
// N is that of the code and not of the vector before: then the error of |a - b|^2 is in proportion to |a - b|, not to |a|.
//
// The query's side of a comparison holds its code less 128, signed, because byte multiplication takes one factor of each
// kind; with 128 scale added to the offset the formulas stay.
#ifndef TURDB_COMPUTE_SQ8_H_
#define TURDB_COMPUTE_SQ8_H_

#include <cstddef>
#include <cstdint>

#include "compute/distance_kernels.h"

namespace turdb::compute {

inline constexpr size_t kMaxCodeLength = 65535;

// On disk, in records of src/hnsw: do not change.
struct Sq8Terms {
  float scale;
  float offset;
  float scaled_sum;   // scale * sum of the codes
  float square_norm;  // of what the code stands for
};
static_assert(sizeof(Sq8Terms) == 16);

// Writes `count` codes. REQUIRES: finite values, count <= kMaxCodeLength.
Sq8Terms Sq8Encode(const float* values, size_t count, uint8_t* codes);

// The same with a scale and an offset that all vectors share (values beyond them are cut off), which L1 needs.
Sq8Terms Sq8EncodeWith(const float* values, size_t count, float offset, float scale, uint8_t* codes);

void Sq8Decode(const uint8_t* codes, size_t count, const Sq8Terms& terms, float* values);

// The query's side from a stored code: out[i] = codes[i] - 128, and the terms that go with it.
Sq8Terms Sq8Query(const uint8_t* codes, size_t count, const Sq8Terms& terms, int8_t* out);

// a.b and |a - b|^2 from the terms of both sides and `code_dot`, the sum over query code times code. In double: the
// terms cancel where vectors are near each other.
inline double Sq8Dot(const Sq8Terms& query, const Sq8Terms& stored, int32_t code_dot, size_t count) {
  return static_cast<double>(count) * query.offset * stored.offset + static_cast<double>(query.offset) * stored.scaled_sum +
         static_cast<double>(stored.offset) * query.scaled_sum + static_cast<double>(query.scale) * stored.scale * code_dot;
}
inline double Sq8L2Squared(const Sq8Terms& query, const Sq8Terms& stored, int32_t code_dot, size_t count) {
  const double squared =
      static_cast<double>(query.square_norm) + stored.square_norm - 2 * Sq8Dot(query, stored, code_dot, count);
  return squared > 0 ? squared : 0;
}

}  // namespace turdb::compute

#endif  // TURDB_COMPUTE_SQ8_H_
