// Packed rows (docs/packed.md) of other things than results.
#ifndef TURDB_CAPI_PACKED_H_
#define TURDB_CAPI_PACKED_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/appender.h"
#include "vec/chunk.h"
#include "vec/text_context.h"
#include "vec/value.h"

namespace turdb::capi {

// Takes packed bytes apart. False: there are not enough of them.
class PackedReader {
 public:
  PackedReader() = default;
  PackedReader(const uint8_t* data, size_t size) : at_(data), end_(data + size) {}

  size_t rest() const { return static_cast<size_t>(end_ - at_); }
  template <typename T>
  bool Take(T* value) {
    if (rest() < sizeof(T)) return false;
    std::memcpy(value, at_, sizeof(T));
    at_ += sizeof(T);
    return true;
  }
  bool TakeBytes(std::string_view* bytes) {
    uint32_t size;
    if (!Take(&size) || rest() < size) return false;
    *bytes = {reinterpret_cast<const char*>(at_), size};
    at_ += size;
    return true;
  }

 private:
  const uint8_t* at_ = nullptr;
  const uint8_t* end_ = nullptr;
};

// The next packed value. Errors: 22P03.
base::StatusOr<vec::Value> ReadPacked(PackedReader* in, const vec::TextContext& context);
// Bytes behind the last value that there has to be. Errors: 22P03.
base::Status CheckAtEnd(const PackedReader& in, int64_t rows);

// Packs a row into `data` if it fits into `capacity` bytes. Returns the size of the row.
size_t PackRow(const vec::Chunk& rows, size_t row, const vec::TextContext& context, uint8_t* data, size_t capacity);
// The values of a row that is all there is in `data`. Errors: 22P03.
base::StatusOr<std::vector<vec::Value>> UnpackRow(const uint8_t* data, size_t size, const vec::TextContext& context);
// Appends packed rows; *done counts those that went in. The row that fails is not in the appender, nor is what is behind it.
base::Status AppendRows(engine::Appender& appender, PackedReader* in, int64_t rows, int64_t* done);

}  // namespace turdb::capi

#endif  // TURDB_CAPI_PACKED_H_
