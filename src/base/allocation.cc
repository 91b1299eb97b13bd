#include "base/allocation.h"

#include <atomic>

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

namespace {

#ifdef TURDB_USE_MALLOC

void* OwnAllocate(size_t bytes, size_t alignment) noexcept {
  if (alignment <= alignof(std::max_align_t)) return std::malloc(bytes);
  return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}
void OwnFree(void* memory) noexcept { std::free(memory); }

#else

void* OwnAllocate(size_t bytes, size_t alignment) noexcept { return mi_malloc_aligned(bytes, alignment); }
void OwnFree(void* memory) noexcept { mi_free(memory); }

#endif

enum : int { kUndecided, kSetting, kOwn, kHost };
std::atomic<int> g_choice{kUndecided};
HostAllocator g_host{};  // written once, before kHost

// Whose it is, for good.
int Choice() noexcept {
  int choice = g_choice.load(std::memory_order_acquire);
  while (choice < kOwn) {
    if (choice == kUndecided && g_choice.compare_exchange_strong(choice, kOwn, std::memory_order_acq_rel)) return kOwn;
    choice = g_choice.load(std::memory_order_acquire);  // somebody is setting it
  }
  return choice;
}

}  // namespace

bool SetHostAllocator(const HostAllocator& allocator) noexcept {
  int choice = kUndecided;
  if (!g_choice.compare_exchange_strong(choice, kSetting, std::memory_order_acq_rel)) return false;
  g_host = allocator;
  g_choice.store(kHost, std::memory_order_release);
  return true;
}

void* Allocate(size_t bytes, size_t alignment) noexcept {
  if (Choice() == kOwn) [[likely]]
    return OwnAllocate(bytes, alignment);
  return g_host.allocate(g_host.user_data, static_cast<int64_t>(bytes), static_cast<int64_t>(alignment));
}

void Free(void* memory) noexcept {
  if (memory == nullptr) return;
  if (Choice() == kOwn) [[likely]] {
    OwnFree(memory);
  } else {
    g_host.release(g_host.user_data, memory);
  }
}

}  // namespace turdb::base
