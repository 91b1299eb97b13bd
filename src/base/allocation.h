// The library's own allocator: mimalloc, private to TurDB (the host's malloc is never replaced), or malloc
// where a sanitizer must see every block. For memory that a budget counts: arenas, slabs, buffers.
#ifndef TURDB_BASE_ALLOCATION_H_
#define TURDB_BASE_ALLOCATION_H_

#include <cstddef>
#include <cstdint>

namespace turdb::base {

// The host's, in its place.
struct HostAllocator {
  void* (*allocate)(void* user_data, int64_t size_bytes, int64_t alignment);
  void (*release)(void* user_data, void* memory);
  void* user_data;
};
// False once memory was allocated, or there is one. The one thing of the process that is set by a call: who frees a block has
// to know where it came from, and blocks go from database to host and to other databases.
bool SetHostAllocator(const HostAllocator& allocator) noexcept;

// Null when the machine has no more. Any thread may free what another allocated.
void* Allocate(size_t bytes, size_t alignment = alignof(std::max_align_t)) noexcept;
void Free(void* memory) noexcept;

}  // namespace turdb::base

#endif  // TURDB_BASE_ALLOCATION_H_
