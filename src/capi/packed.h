// Packed rows (docs/packed.md) of other things than results.
#ifndef TURDB_CAPI_PACKED_H_
#define TURDB_CAPI_PACKED_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/status.h"
#include "vec/chunk.h"
#include "vec/text_context.h"
#include "vec/value.h"

namespace turdb::capi {

// Packs a row into `data` if it fits into `capacity` bytes. Returns the size of the row.
size_t PackRow(const vec::Chunk& rows, size_t row, const vec::TextContext& context, uint8_t* data, size_t capacity);
// The values of a row that is all there is in `data`. Errors: 22P03.
base::StatusOr<std::vector<vec::Value>> UnpackRow(const uint8_t* data, size_t size, const vec::TextContext& context);

}  // namespace turdb::capi

#endif  // TURDB_CAPI_PACKED_H_
