// Asking for cache lines before they are needed. Hints only, and only where the compiler has a word for them; an address that
// nothing is mapped at does no harm.
#ifndef TURDB_BASE_PREFETCH_H_
#define TURDB_BASE_PREFETCH_H_

#include <cstddef>

namespace turdb::base {

inline constexpr size_t kCacheLineBytes = 64;

#if defined(__GNUC__) || defined(__clang__)
inline void PrefetchLine(const void* address) { __builtin_prefetch(address); }
inline void PrefetchLineToWrite(void* address) { __builtin_prefetch(address, 1); }
// For what is read later: into a cache that is larger, and not into the nearest one, which is in use.
inline void PrefetchLineForLater(const void* address) { __builtin_prefetch(address, 0, 2); }
#else
inline void PrefetchLine(const void*) {}
inline void PrefetchLineToWrite(void*) {}
inline void PrefetchLineForLater(const void*) {}
#endif

// The lines of `size` bytes. Who searches in cold memory waits for one line after the other; asked for at once they arrive
// together.
inline void PrefetchLines(const void* address, size_t size) {
  for (size_t at = 0; at < size; at += kCacheLineBytes) PrefetchLine(static_cast<const std::byte*>(address) + at);
}

}  // namespace turdb::base

#endif  // TURDB_BASE_PREFETCH_H_
