// The content of a file in memory: chunks, made when first written to; what was never written reads as zeros.
#ifndef TURDB_OS_SPARSE_BYTES_H_
#define TURDB_OS_SPARSE_BYTES_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"

namespace turdb::os {

// One thread at a time, but Read and WriteInPlace of disjoint ranges may run at once.
class SparseBytes {
 public:
  SparseBytes() = default;
  SparseBytes(SparseBytes&&) = default;
  SparseBytes& operator=(SparseBytes&&) = default;
  SparseBytes Copy() const;

  uint64_t size_bytes() const { return size_bytes_; }
  // REQUIRES: the range ends within the size.
  void Read(uint64_t offset, base::MutableBytes into) const;
  // Writes if that neither grows the file nor needs a new chunk; otherwise changes nothing and returns false.
  bool WriteInPlace(uint64_t offset, base::Bytes from);
  // Writes, growing as needed. Throws std::bad_alloc; what was there then stays.
  void Write(uint64_t offset, base::Bytes from);
  // Cut off, or extended by zeros.
  void Resize(uint64_t size_bytes);

 private:
  static constexpr uint64_t kChunkBytes = 16 << 10;
  bool HasChunks(uint64_t offset, uint64_t count) const;

  uint64_t size_bytes_ = 0;
  std::vector<std::unique_ptr<std::byte[]>> chunks_;  // null: zeros. Bytes beyond the size are zero.
};

}  // namespace turdb::os

#endif  // TURDB_OS_SPARSE_BYTES_H_
