// Byte splices: how an update remembers the older value (kernel rule 3), and how two steps back become one.
//
// A payload is a list of {u16 offset, u16 new bytes, u16 old bytes, the old bytes}: at `offset` of the
// newer value replace `new bytes` bytes by the old ones. Ascending and disjoint, in memory only.
#ifndef TURDB_TXN_SPLICE_H_
#define TURDB_TXN_SPLICE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/limits.h"

namespace turdb::txn {

inline constexpr size_t kSpliceHeaderBytes = 6;
// Of what MakeSplices writes: between two splices it leaves at least as many equal bytes as a header takes.
inline constexpr size_t kMaxSplicesBytes = base::kMaxValueBytes + 2 * kSpliceHeaderBytes;

// The splices that lead from `newer` to `older`, into `out`. REQUIRES: both at most kMaxValueBytes.
size_t MakeSplices(base::Bytes older, base::Bytes newer, std::byte* out);

// How long the older value is.
size_t OlderSize(base::Bytes splices, size_t newer_size);
// Writes the older value. REQUIRES: `out` has OlderSize bytes and does not overlap.
void ApplySplices(base::Bytes splices, base::Bytes newer, std::byte* out);

// One payload for two steps: `newer` leads from A to B, `older` from B to C, the result from A to C.
// Returns its size, or 0 when it would not fit `capacity` (both empty: 0 as well, and right).
size_t ComposeSplices(base::Bytes newer, base::Bytes older, std::byte* out, size_t capacity);

}  // namespace turdb::txn

#endif  // TURDB_TXN_SPLICE_H_
