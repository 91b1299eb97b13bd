#include "os/large_memory.h"

#include <sys/mman.h>

#include <cstdint>

namespace turdb::os {

namespace {
constexpr size_t kLargePageBytes = size_t{2} << 20;
}  // namespace

LargeMemory LargeMemory::Allocate(size_t bytes) noexcept {
  const size_t size = (bytes + kLargePageBytes - 1) / kLargePageBytes * kLargePageBytes;
  // One page more, so that what begins at a page's border is in it; the rest goes back.
  void* const mapped =
      ::mmap(nullptr, size + kLargePageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  LargeMemory memory;
  if (mapped == MAP_FAILED) return memory;
  auto* const begin = static_cast<std::byte*>(mapped);
  const size_t before = (kLargePageBytes - reinterpret_cast<uintptr_t>(begin) % kLargePageBytes) % kLargePageBytes;
  if (before != 0) ::munmap(begin, before);
  if (before != kLargePageBytes) ::munmap(begin + before + size, kLargePageBytes - before);
  memory.data_ = begin + before;
  memory.size_bytes_ = size;
#ifdef MADV_HUGEPAGE
  (void)::madvise(memory.data_, size, MADV_HUGEPAGE);
#endif
  return memory;
}

LargeMemory::~LargeMemory() {
  if (data_ != nullptr) ::munmap(data_, size_bytes_);
}

}  // namespace turdb::os
