#include "base/allocation.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TURDB_USE_MALLOC 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define TURDB_USE_MALLOC 1
#endif
#endif

#ifdef TURDB_USE_MALLOC
#include <cstdlib>
#else
#include <mimalloc.h>
#endif

namespace turdb::base {

#ifdef TURDB_USE_MALLOC

void* Allocate(size_t bytes, size_t alignment) noexcept {
  if (alignment <= alignof(std::max_align_t)) return std::malloc(bytes);
  return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}
void Free(void* memory) noexcept { std::free(memory); }

#else

void* Allocate(size_t bytes, size_t alignment) noexcept { return mi_malloc_aligned(bytes, alignment); }
void Free(void* memory) noexcept { mi_free(memory); }

#endif

}  // namespace turdb::base
