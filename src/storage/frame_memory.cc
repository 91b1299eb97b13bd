#include "storage/frame_memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/check.h"

namespace turdb::storage {
namespace {

constexpr size_t kSmallPagesBytes = size_t{2} << 20;  // at the beginning of a range

}  // namespace

AddressRange::~AddressRange() {
  if (data_ != nullptr) munmap(data_, size_bytes_);
}

base::Status AddressRange::Reserve(size_t bytes, bool huge_pages) {
  TURDB_CHECK(data_ == nullptr);
  int flags = MAP_PRIVATE | MAP_ANONYMOUS;
#ifdef MAP_NORESERVE
  flags |= MAP_NORESERVE;
#endif
  void* mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (mapped == MAP_FAILED) {
    return base::OutOfMemoryError(
        absl::StrCat("reserving ", bytes, " bytes of address space for the page cache: ", strerror(errno)));
  }
  data_ = static_cast<std::byte*>(mapped);
  size_bytes_ = bytes;
#ifdef MADV_HUGEPAGE
  // Zeroing a huge page takes longer than opening a small database needs.
  if (huge_pages && size_bytes_ > kSmallPagesBytes) {
    (void)madvise(data_ + kSmallPagesBytes, size_bytes_ - kSmallPagesBytes, MADV_HUGEPAGE);
  }
#else
  (void)huge_pages;
#endif
  return absl::OkStatus();
}

void AddressRange::Populate(size_t offset, size_t bytes) {
#ifdef MADV_POPULATE_WRITE
  (void)madvise(data_ + offset, bytes, MADV_POPULATE_WRITE);
#else
  (void)offset;
  (void)bytes;
#endif
}

void AddressRange::GiveBack(size_t offset, size_t bytes) { (void)madvise(data_ + offset, bytes, MADV_DONTNEED); }

}  // namespace turdb::storage
