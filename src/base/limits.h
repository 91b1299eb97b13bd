// Fixed limits of the engine. Each is documented for users in docs/limits.md; limits that users may
// change are settings, not constants.
#ifndef TURDB_BASE_LIMITS_H_
#define TURDB_BASE_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace turdb::base {

inline constexpr size_t kPageSize = 16384;
inline constexpr size_t kMaxKeyBytes = 2048;    // of one tree entry, all key columns together
inline constexpr size_t kMaxValueBytes = 8000;  // of one tree entry; what is larger lives in overflow chains
inline constexpr int32_t kMaxColumns = 2000;
inline constexpr int32_t kMaxIndexColumns = 32;
inline constexpr int32_t kMaxNameBytes = 255;
inline constexpr int32_t kMaxParameters = 65535;
inline constexpr int64_t kMaxSqlBytes = 16 << 20;
inline constexpr int32_t kMaxNestingDepth = 500;
inline constexpr int64_t kMaxStringBytes = int64_t{1} << 30;
inline constexpr int64_t kMinMemoryLimitBytes = 1 << 20;
inline constexpr int32_t kMinPoolFrames = 32;

}  // namespace turdb::base

#endif  // TURDB_BASE_LIMITS_H_
