// CRC32C (Castagnoli), as RFC 3720 appendix B.4 defines it; hardware-accelerated where the CPU can.
#ifndef TURDB_BASE_CRC32C_H_
#define TURDB_BASE_CRC32C_H_

#include <cstdint>

#include "base/bytes.h"

namespace turdb::base {

// The checksum of `data`; with `seed`, the checksum of what `seed` covers followed by `data`.
uint32_t Crc32c(Bytes data, uint32_t seed = 0);

}  // namespace turdb::base

#endif  // TURDB_BASE_CRC32C_H_
