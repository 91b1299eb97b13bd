#include "base/crc32c.h"

#include "absl/crc/crc32c.h"

namespace turdb::base {

uint32_t Crc32c(Bytes data, uint32_t seed) {
  return static_cast<uint32_t>(absl::ExtendCrc32c(absl::crc32c_t{seed}, AsText(data)));
}

}  // namespace turdb::base
