// The library's own allocator: mimalloc, private to TurDB (the host's malloc is never replaced), or malloc
// where a sanitizer must see every block. For memory that a budget counts: arenas, slabs, buffers.
#ifndef TURDB_BASE_ALLOCATION_H_
#define TURDB_BASE_ALLOCATION_H_

#include <cstddef>

namespace turdb::base {

// Null when the machine has no more. Any thread may free what another allocated.
void* Allocate(size_t bytes, size_t alignment = alignof(std::max_align_t)) noexcept;
void Free(void* memory) noexcept;

}  // namespace turdb::base

#endif  // TURDB_BASE_ALLOCATION_H_
