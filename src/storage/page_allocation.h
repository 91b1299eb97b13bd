// Taking pages from a file and giving them back, as part of the caller's own log record, so that a crash leaks
// none: either the record is there with the page and its use, or neither is.
//
//   TURDB_ASSIGN_OR_RETURN(PageAllocation pages, storage.AllocatePages(file, 1));   // may meet a full disk: nothing changed
//   yet Guards guards = {&left, &parent};                    // what else the record changes pages.AppendGuards(&guards);
//   storage.BeginChange(guards);                         // images of clean pages; fresh pages need none
//   LogEntries entries;
//   pages.Apply(PageKind::kSlottedLeaf, &entries);       // formats in memory, adds the entries that say so
//   ... edit, add more entries ...
//   storage.LogChange(RecordKind::kStructure, nullptr, entries, guards);
//
// An allocation that is dropped without Apply has changed nothing. Between Apply and LogChange the object must
// neither move nor die, since the entries point into it.
#ifndef TURDB_STORAGE_PAGE_ALLOCATION_H_
#define TURDB_STORAGE_PAGE_ALLOCATION_H_

#include <array>
#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "storage/buffer_pool.h"
#include "storage/log_record.h"
#include "storage/page.h"

namespace turdb::storage {

class Storage;

// The exclusive guards of all pages that one record changes.
using Guards = absl::InlinedVector<ExclusiveGuard*, 8>;

inline constexpr int kMaxPagesPerAllocation = 4;

// Holds page 0 of the file and the new pages exclusively. Not thread-safe.
class PageAllocation {
 public:
  PageAllocation() = default;
  PageAllocation(PageAllocation&& other) noexcept;
  PageAllocation& operator=(PageAllocation&&) = delete;
  ~PageAllocation();  // unless applied, gives everything back unchanged

  int count() const { return count_; }
  ExclusiveGuard& page(int i) { return pages_[i]; }
  PageNo page_no(int i) const { return pages_[i].id().page; }

  // The same record frees `page`, the last of the file, which is then no longer part of it. Before AppendGuards, which
  // adds its guard. REQUIRES: IsLast(page).
  void DropLast(ExclusiveGuard* page);
  bool IsLast(const ExclusiveGuard& page) const { return page.id().page + 1 == page_count_; }
  void AppendGuards(Guards* guards);
  // Formats each new page (zero but for kind and flags) and updates page 0, in memory; appends the entries.
  // REQUIRES: BeginChange was given the guards.
  void Apply(PageKind kind, LogEntries* entries);
  // The same with a kind for each page.
  void Apply(std::span<const PageKind> kinds, LogEntries* entries);

 private:
  friend class Storage;
  int count_ = 0;
  bool applied_ = false;
  BufferPool* pool_ = nullptr;
  ExclusiveGuard header_;
  std::array<ExclusiveGuard, kMaxPagesPerAllocation> pages_;
  std::array<bool, kMaxPagesPerAllocation> discard_{};  // was beyond the end: nothing remembers it
  ExclusiveGuard* dropped_ = nullptr;
  uint32_t first_free_ = 0, page_count_ = 0;  // of page 0 after Apply
  std::array<std::byte, 8> header_payload_{};
  std::array<std::array<std::byte, 2>, kMaxPagesPerAllocation> format_payload_{};
  std::array<std::byte, 4> free_payload_{};
};

// Holds page 0 of the file exclusively; the pages to free stay the caller's. Not thread-safe.
class PageRelease {
 public:
  PageRelease() = default;
  PageRelease(PageRelease&& other) noexcept = default;
  PageRelease& operator=(PageRelease&&) = delete;
  ~PageRelease() = default;

  // Adds page 0's guard and those of the pages to free (they must not be in `guards` yet: a page that is freed
  // needs no image).
  void AppendGuards(Guards* guards);
  // Makes them free pages at the head of the file's list, in memory; appends the entries.
  void Apply(LogEntries* entries);

 private:
  friend class Storage;
  ExclusiveGuard header_;
  absl::InlinedVector<ExclusiveGuard*, kMaxPagesPerAllocation> pages_;
  std::array<std::byte, 8> header_payload_{};
  std::array<std::array<std::byte, 4>, kMaxPagesPerAllocation> free_payload_{};
};

}  // namespace turdb::storage

#endif  // TURDB_STORAGE_PAGE_ALLOCATION_H_
