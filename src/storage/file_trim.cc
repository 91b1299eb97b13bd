// Giving free pages back to the file system. What lies behind the page count means nothing, so there are two steps: the
// last pages of the file leave the list of free pages and the page count falls, in records like any other; then, after
// a checkpoint, the file is cut. Each record leaves a list that is whole, so a crash in between costs nothing but the
// space: the next trim cuts the file, whoever lowered the count.
//
// Redo may meet records of pages behind the end of a file that was cut. The last of them makes the page a free one
// (pages are free before they go), which overwrites it, so such a page need not be readable (recovery rule 4).
#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/hash_map.h"
#include "storage/file_header.h"
#include "storage/redo.h"
#include "storage/storage_impl.h"

namespace turdb::storage {

namespace {

bool IsFree(const std::byte* page) { return page[offsetof(PageHeader, kind)] == static_cast<std::byte>(PageKind::kFree); }
PageNo NextFree(const std::byte* page) { return base::LoadLE<uint32_t>(page + kPageHeaderBytes); }

// A page that stays or becomes a free one, and what follows it in the list.
struct Link {
  ExclusiveGuard* page;
  PageNo next;
};

}  // namespace

// The list of free pages in memory, as long as page 0 is latched exclusively. Every change is one record.
class FreeList {
 public:
  FreeList(Storage& storage, BufferPool& pool, base::MemoryBudget& budget, FileId file, ExclusiveGuard& header)
      : storage_(storage), pool_(pool), file_(file), header_(header), memory_(budget) {}

  PageNo head() const { return FirstFreePage(header_.page()); }
  PageNo page_count() const { return PageCountOf(header_.page()); }
  size_t size() const { return places_.size(); }
  bool contains(PageNo page) const { return places_.contains(page); }
  std::vector<PageNo> pages() const {
    std::vector<PageNo> pages;
    pages.reserve(places_.size());
    for (PageNo page = head(); page != base::kNoPage; page = places_.at(page).next) pages.push_back(page);
    return pages;
  }

  Status Read() {
    PageNo previous = base::kNoPage;
    for (PageNo page = head(); page != base::kNoPage;) {
      if (page >= page_count() || places_.contains(page)) return Damaged(page, "beyond the end, or met twice");
      TURDB_RETURN_IF_ERROR(memory_.Grow(kBytesPerPage, "the list of free pages"));
      TURDB_ASSIGN_OR_RETURN(const SharedGuard guard, pool_.FixShared({file_, page}));
      if (!IsFree(guard.page())) return Damaged(page, "not free");
      places_[page] = {previous, NextFree(guard.page())};
      previous = page;
      page = NextFree(guard.page());
    }
    return absl::OkStatus();
  }

  // The last page of the file goes. REQUIRES: it is free.
  Status DropLast() {
    const PageNo last = page_count() - 1;
    const Place place = places_.at(last);
    TURDB_RETURN_IF_ERROR(DropLast(place.previous));
    if (place.previous != base::kNoPage) places_[place.previous].next = place.next;
    if (place.next != base::kNoPage) places_[place.next].previous = place.previous;
    places_.erase(last);
    return absl::OkStatus();
  }
  // The same without having read the list; `previous` is what precedes the page in it. False: it is not so.
  StatusOr<bool> TryDropLast(PageNo previous) {
    const PageNo last = page_count() - 1;
    if (last == 0 || (previous != base::kNoPage && previous >= last)) return false;
    {
      TURDB_ASSIGN_OR_RETURN(const SharedGuard guard, pool_.FixShared({file_, last}));
      if (!IsFree(guard.page())) return false;
    }
    if (head() == last) {
      previous = base::kNoPage;
    } else if (previous == base::kNoPage) {
      return false;
    } else {
      TURDB_ASSIGN_OR_RETURN(const SharedGuard guard, pool_.FixShared({file_, previous}));
      if (!IsFree(guard.page()) || NextFree(guard.page()) != last) return false;
    }
    TURDB_RETURN_IF_ERROR(DropLast(previous));
    return true;
  }

  // Puts the list into this order, a page at a time. `order` has the list's pages.
  Status Reorder(const std::vector<PageNo>& order) {
    const std::vector<PageNo> now = pages();
    size_t left = order.size();
    while (left > 0 && now[left - 1] == order[left - 1]) --left;  // the tail stays where it is
    while (left-- > 0) TURDB_RETURN_IF_ERROR(MoveToFront(order[left]));
    return absl::OkStatus();
  }

 private:
  static constexpr int64_t kBytesPerPage = 64;
  struct Place {
    PageNo previous, next;
  };

  Status Damaged(PageNo page, std::string_view what) const {
    return base::CorruptionError(absl::StrCat("page ", page, " of file ", file_, " is on the list of free pages, but ", what));
  }

  Status DropLast(PageNo previous) {
    const PageNo last = page_count() - 1;
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard dropped, pool_.FixExclusive({file_, last}));
    const PageNo next = NextFree(dropped.page());
    if (previous == base::kNoPage) {
      Change({}, next, last);
      return absl::OkStatus();
    }
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard before, pool_.FixExclusive({file_, previous}));
    const Link link{&before, next};
    Change(std::span(&link, 1), head(), last);
    return absl::OkStatus();
  }

  Status MoveToFront(PageNo page) {
    const Place place = places_.at(page);
    if (place.previous == base::kNoPage) return absl::OkStatus();
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard moved, pool_.FixExclusive({file_, page}));
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard before, pool_.FixExclusive({file_, place.previous}));
    const PageNo old_head = head();
    const Link links[] = {{&before, place.next}, {&moved, old_head}};
    Change(links, page, page_count());
    places_[place.previous].next = place.next;
    if (place.next != base::kNoPage) places_[place.next].previous = place.previous;
    places_[old_head].previous = page;
    places_[page] = {base::kNoPage, old_head};
    return absl::OkStatus();
  }

  void Change(std::span<const Link> links, PageNo first_free, PageNo page_count) {
    Guards guards;
    for (const Link& link : links) {
      link.page->frame()->fresh = 1;  // its kFree entry says all
      guards.push_back(link.page);
    }
    guards.push_back(&header_);
    storage_.BeginChange(guards);
    LogEntries entries;
    std::array<std::array<std::byte, 4>, 2> next;
    TURDB_CHECK_LE(links.size(), next.size());
    for (size_t i = 0; i < links.size(); ++i) {
      base::StoreLE(next[i].data(), links[i].next);
      Apply(*links[i].page, op::kFree, next[i], &entries);
    }
    std::array<std::byte, 8> allocation;
    base::StoreLE(allocation.data(), first_free);
    base::StoreLE(allocation.data() + 4, page_count);
    Apply(header_, op::kAllocation, allocation, &entries);
    storage_.LogChange(RecordKind::kStructure, nullptr, entries, guards);
  }

  static void Apply(ExclusiveGuard& page, uint8_t op, Bytes payload, LogEntries* entries) {
    TURDB_CHECK(RedoStorageOp(op, page.id(), page.page(), payload).ok());
    entries->push_back(LogEntry{page.id(), op, {payload}});
  }

  Storage& storage_;
  BufferPool& pool_;
  const FileId file_;
  ExclusiveGuard& header_;
  base::MemoryReservation memory_;
  base::HashMap<PageNo, Place> places_;
};

StatusOr<FreeSpace> Storage::TrimFreePages(FileId file) {
  TURDB_RETURN_IF_ERROR(impl_->CheckWritable());
  const FrameReservation frames = impl_->pool->ReserveFrames(3);
  TURDB_ASSIGN_OR_RETURN(ExclusiveGuard header, impl_->pool->FixExclusive({file, 0}));
  FreeList list(*this, *impl_->pool, impl_->budget, file, header);
  TURDB_RETURN_IF_ERROR(list.Read());
  while (list.contains(list.page_count() - 1)) {
    impl_->checkpointer->PaceUnderLatches();
    TURDB_RETURN_IF_ERROR(impl_->PrepareChange(nullptr, /*latched=*/true));
    TURDB_RETURN_IF_ERROR(list.DropLast());
  }
  FreeSpace space{.page_count = list.page_count()};
  space.used_pages = space.page_count - static_cast<PageNo>(list.size());
  std::vector<PageNo> order = list.pages();
  std::sort(order.begin(), order.end());
  const auto high = std::lower_bound(order.begin(), order.end(), space.used_pages);
  if (high != order.begin()) space.last_low = *std::prev(high);
  std::reverse(high, order.end());
  TURDB_RETURN_IF_ERROR(list.Reorder(order));
  return space;
}

StatusOr<PageNo> Storage::DropFreePagesAtEnd(FileId file, PageNo last_low) {
  TURDB_RETURN_IF_ERROR(impl_->CheckWritable());
  const FrameReservation frames = impl_->pool->ReserveFrames(3);
  TURDB_ASSIGN_OR_RETURN(ExclusiveGuard header, impl_->pool->FixExclusive({file, 0}));
  FreeList list(*this, *impl_->pool, impl_->budget, file, header);
  for (bool dropped = true; dropped;) {
    impl_->checkpointer->PaceUnderLatches();
    TURDB_RETURN_IF_ERROR(impl_->PrepareChange(nullptr, /*latched=*/true));
    TURDB_ASSIGN_OR_RETURN(dropped, list.TryDropLast(last_low));
  }
  return list.page_count();
}

Status Storage::CutFile(FileId file, PageNo pages) {
  TURDB_RETURN_IF_ERROR(impl_->CheckWritable());
  // Nobody takes pages from behind the end while it is cut.
  const FrameReservation frames = impl_->pool->ReserveFrames(1);
  TURDB_ASSIGN_OR_RETURN(const ExclusiveGuard header, impl_->pool->FixExclusive({file, 0}));
  return impl_->files.Cut(file, std::max(pages, PageCountOf(header.page())));
}

}  // namespace turdb::storage
