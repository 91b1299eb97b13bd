// Address space for frames: reserved once, committed when first touched, given back when the pool shrinks. What
// was reserved stays mapped until the end, so that an optimistic reader of a frame that moved on reads garbage,
// not a fault (kernel rule 9).
#ifndef TURDB_STORAGE_FRAME_MEMORY_H_
#define TURDB_STORAGE_FRAME_MEMORY_H_

#include <cstddef>

#include "base/status.h"

namespace turdb::storage {

// Not thread-safe, but disjoint ranges may be committed and given back at once.
class AddressRange {
 public:
  AddressRange() = default;
  AddressRange(const AddressRange&) = delete;
  AddressRange& operator=(const AddressRange&) = delete;
  ~AddressRange();

  // Zero-filled when touched. `huge_pages` asks for them where the system has them, but for the first 2 MiB.
  base::Status Reserve(size_t bytes, bool huge_pages);
  // Touches the range now, many pages at a time, instead of one fault each later. A hint.
  void Populate(size_t offset, size_t bytes);
  // Gives the memory back; the range stays mapped and reads as zero.
  void GiveBack(size_t offset, size_t bytes);

  std::byte* data() const { return data_; }
  size_t size_bytes() const { return size_bytes_; }

 private:
  std::byte* data_ = nullptr;
  size_t size_bytes_ = 0;
};

}  // namespace turdb::storage

#endif  // TURDB_STORAGE_FRAME_MEMORY_H_
