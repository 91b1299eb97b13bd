#include "storage/page_allocation.h"

#include <cstring>

#include "base/check.h"
#include "storage/file_header.h"
#include "storage/redo.h"

namespace turdb::storage {

PageAllocation::PageAllocation(PageAllocation&& other) noexcept
    : count_(std::exchange(other.count_, 0)),
      applied_(other.applied_),
      pool_(other.pool_),
      header_(std::move(other.header_)),
      pages_(std::move(other.pages_)),
      discard_(other.discard_),
      dropped_(other.dropped_),
      first_free_(other.first_free_),
      page_count_(other.page_count_) {
  TURDB_CHECK(!applied_);
}

PageAllocation::~PageAllocation() {
  if (applied_) return;
  for (int i = 0; i < count_; ++i) {
    if (!pages_[i].held()) continue;
    pages_[i].frame()->fresh = 0;
    if (discard_[i]) pool_->Discard(std::move(pages_[i]));
  }
}

void PageAllocation::DropLast(ExclusiveGuard* page) {
  TURDB_CHECK(IsLast(*page) && !applied_);
  dropped_ = page;
  --page_count_;
}

void PageAllocation::AppendGuards(Guards* guards) {
  if (dropped_ != nullptr) {
    dropped_->frame()->fresh = 1;  // its kFree entry says all
    guards->push_back(dropped_);
  }
  for (int i = 0; i < count_; ++i) guards->push_back(&pages_[i]);
  guards->push_back(&header_);
}

void PageAllocation::Apply(PageKind kind, LogEntries* entries) {
  std::array<PageKind, kMaxPagesPerAllocation> kinds;
  kinds.fill(kind);
  Apply(std::span<const PageKind>(kinds).first(count_), entries);
}

void PageAllocation::Apply(std::span<const PageKind> kinds, LogEntries* entries) {
  TURDB_CHECK(!applied_ && count_ > 0);
  TURDB_CHECK_EQ(kinds.size(), static_cast<size_t>(count_));
  applied_ = true;
  base::StoreLE(header_payload_.data(), first_free_);
  base::StoreLE(header_payload_.data() + 4, page_count_);
  TURDB_CHECK(RedoStorageOp(op::kAllocation, header_.id(), header_.page(), header_payload_).ok());
  entries->push_back(LogEntry{header_.id(), op::kAllocation, {Bytes(header_payload_)}});
  for (int i = 0; i < count_; ++i) {
    format_payload_[i] = {static_cast<std::byte>(kinds[i]), std::byte{0}};
    if (discard_[i]) {  // zero already
      pages_[i].page()[offsetof(PageHeader, kind)] = format_payload_[i][0];
    } else {
      TURDB_CHECK(RedoStorageOp(op::kFormat, pages_[i].id(), pages_[i].page(), format_payload_[i]).ok());
    }
    entries->push_back(LogEntry{pages_[i].id(), op::kFormat, {Bytes(format_payload_[i])}});
  }
  if (dropped_ == nullptr) return;
  TURDB_CHECK(RedoStorageOp(op::kFree, dropped_->id(), dropped_->page(), free_payload_).ok());
  entries->push_back(LogEntry{dropped_->id(), op::kFree, {Bytes(free_payload_)}});
}

void PageRelease::AppendGuards(Guards* guards) {
  for (ExclusiveGuard* page : pages_) {
    page->frame()->fresh = 1;  // its kFree entry says all
    guards->push_back(page);
  }
  guards->push_back(&header_);
}

void PageRelease::Apply(LogEntries* entries) {
  uint32_t next = FirstFreePage(header_.page());
  for (size_t i = 0; i < pages_.size(); ++i) {
    base::StoreLE(free_payload_[i].data(), next);
    TURDB_CHECK(RedoStorageOp(op::kFree, pages_[i]->id(), pages_[i]->page(), free_payload_[i]).ok());
    entries->push_back(LogEntry{pages_[i]->id(), op::kFree, {Bytes(free_payload_[i])}});
    next = pages_[i]->id().page;
  }
  base::StoreLE(header_payload_.data(), next);
  base::StoreLE(header_payload_.data() + 4, PageCountOf(header_.page()));
  TURDB_CHECK(RedoStorageOp(op::kAllocation, header_.id(), header_.page(), header_payload_).ok());
  entries->push_back(LogEntry{header_.id(), op::kAllocation, {Bytes(header_payload_)}});
}

}  // namespace turdb::storage
