// AVX-512 F, BW, VL and DQ.
#include "compute/cpu/avx512_vectors.h"

namespace turdb::compute {
namespace {

struct Bytes : WideBytes {
  static constexpr size_t kAtOnce = 2;
};

}  // namespace
}  // namespace turdb::compute

#include "compute/cpu/generic_distance.h"

namespace turdb::compute {

const DistanceKernels& Avx512Kernels() {
  static constexpr DistanceKernels table = TableOf(InstructionSet::kAvx512);
  return table;
}

}  // namespace turdb::compute
