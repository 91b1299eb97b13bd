// One function a unit. Units of instruction sets that the target does not have are not built.
#ifndef TURDB_COMPUTE_CPU_TABLES_H_
#define TURDB_COMPUTE_CPU_TABLES_H_

#include "compute/distance_kernels.h"

namespace turdb::compute {

const DistanceKernels& ScalarKernels();
const DistanceKernels& Sse2Kernels();
const DistanceKernels& Avx2Kernels();
const DistanceKernels& Avx512Kernels();
const DistanceKernels& Avx512VnniKernels();
const DistanceKernels& NeonKernels();

}  // namespace turdb::compute

#endif  // TURDB_COMPUTE_CPU_TABLES_H_
