// Structure modifications: root growth, splits, merges. Each is exactly one redo-only record that covers every
// page it changes, page 0 of the file included, so a crash leaves either the old structure or the new one
// (kernel rule 1). Latches: parent, child, right neighbour, page 0 last. When the parent is full, everything is
// released, the parent is split as a record of its own, and the operation starts again.
#include "btree/interior_node.h"
#include "btree/leaf.h"
#include "btree/node_ops.h"
#include "btree/tree.h"
#include "txn/transaction_manager.h"
#include "txn/version_directory.h"

namespace turdb::btree {

using base::StoreLE;
using storage::ExclusiveGuard;
using storage::FrameReservation;
using storage::Guards;
using storage::LogEntries;
using storage::PageAllocation;
using storage::PageRelease;
using storage::RecordKind;

namespace {

// Parent, two children, page 0 and a fresh page; a TSan build keeps an interior node above latched as well.
constexpr int kStructureFrames = 7;
constexpr size_t kCapacity = kPageSize - kNodeHeaderEnd;
constexpr size_t kUnderfull = kCapacity / 2;
// A merged node keeps some room, or the next insert would split it again.
constexpr size_t kMergeLimit = kCapacity * 7 / 8;

uint8_t Op(NodeOp op) { return static_cast<uint8_t>(op); }

bool Spilled(const ExclusiveGuard& guard) {
  const txn::VersionTable* versions = txn::TableOf(guard);
  return versions != nullptr && versions->spilled();
}

}  // namespace

Status Tree::GrowRoot(uint8_t level) {
  for (;;) {
    FrameReservation frames = pool_.ReserveFrames(kStructureFrames);
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard root, pool_.FixExclusive(IdOf(root_)));
    if (Header(root.page()).level != level) return absl::OkStatus();  // somebody else did
    if (Spilled(root)) {
      root.Release();
      frames.Release();
      TURDB_RETURN_IF_ERROR(transactions_.LoadVersions(IdOf(root_)));
      continue;
    }
    TURDB_ASSIGN_OR_RETURN(PageAllocation pages, storage_.AllocatePages(file_, 1));
    Guards guards = {&root};
    pages.AppendGuards(&guards);
    storage_.BeginChange(guards);
    LogEntries entries;
    pages.Apply(PageHead(root.page()).kind, &entries);
    PageCopy grown;
    FormatNode(grown.data(), PageKind::kInterior, PageHead(root.page()).flags, static_cast<uint8_t>(level + 1), Fences{},
               base::kNoPage);
    Header(grown.data()).rightmost_child = pages.page_no(0);
    // The list of pending chains hangs from the root and stays there.
    Header(grown.data()).first_pending = Header(root.page()).first_pending;
    PageCopy moved(root.page());
    Header(moved.data()).first_pending = base::kNoPage;
    entries.push_back({pages.page(0).id(), Op(NodeOp::kImage), NodeImageParts(moved.data())});
    entries.push_back({root.id(), Op(NodeOp::kImage), NodeImageParts(grown.data())});
    storage_.LogChange(RecordKind::kStructure, nullptr, entries, guards);
    CopyNodeRelaxed(pages.page(0).page(), moved.data());
    CopyNodeRelaxed(root.page(), grown.data());
    if (level == 0) transactions_.versions().Merge(txn::VersionsOf(pages.page(0)), txn::VersionsOf(root));
    return absl::OkStatus();
  }
}

Status Tree::MakeRoom(Bytes key, size_t value_size, bool replacing) {
  for (;;) {
    FrameReservation frames = pool_.ReserveFrames(kStructureFrames);
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard parent, FixInterior(key, 1));
    if (!parent.held()) {
      frames.Release();
      TURDB_RETURN_IF_ERROR(GrowRoot(0));
      continue;
    }
    const PageNo child = interior::FindChild(parent.page(), key).child;
    if (child == parent.id().page) return Damaged(child, "a node is its own child");
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard left, pool_.FixExclusive(IdOf(child)));
    if (!IsOurLeaf(left.page())) return Damaged(child, "should be a leaf of this tree");
    // Else where the leaf is cut is no place between the parent's separators.
    if (!Covers(left.page(), key)) return Damaged(child, "its fences are not its parent's separators");
    if (Spilled(left)) {
      left.Release();
      parent.Release();
      frames.Release();
      TURDB_RETURN_IF_ERROR(transactions_.LoadVersions(IdOf(child)));
      continue;
    }
    const leaf::Position at = leaf::Find(left.page(), key);
    const bool fits = replacing ? !at.found || leaf::ReplaceFits(left.page(), at.index, value_size)
                                : at.found || leaf::InsertFits(left.page(), key, value_size);
    if (fits) return absl::OkStatus();
    leaf::SplitPlan plan;
    leaf::PlanSplit(left.page(), key, value_size, replacing, &plan);
    if (!interior::InsertFits(parent.page(), plan.separator_size)) {
      left.Release();
      parent.Release();
      frames.Release();
      TURDB_RETURN_IF_ERROR(SplitInterior(key, 1, plan.separator_size));
      continue;
    }
    TURDB_ASSIGN_OR_RETURN(PageAllocation pages, storage_.AllocatePages(file_, 1));
    ExclusiveGuard& right = pages.page(0);
    Guards guards = {&left, &parent};
    pages.AppendGuards(&guards);
    storage_.BeginChange(guards);
    PageCopy right_copy, parent_copy(parent.page());
    leaf::BuildRight(left.page(), plan, right_copy.data());
    LogEntries entries;
    pages.Apply(PageHead(right_copy.data()).kind, &entries);
    entries.push_back({right.id(), Op(NodeOp::kImage), NodeImageParts(right_copy.data())});
    std::byte truncate[6], link[4];
    StoreLE(truncate, static_cast<uint16_t>(plan.first_right));
    StoreLE(truncate + 2, right.id().page);
    StoreLE(link, right.id().page);
    entries.push_back({left.id(), Op(NodeOp::kTruncate), {Bytes(truncate), plan.separator()}});
    entries.push_back({parent.id(), Op(NodeOp::kInsertSeparator), {Bytes(link), plan.separator()}});
    storage_.LogChange(RecordKind::kStructure, nullptr, entries, guards);
    CopyNodeRelaxed(right.page(), right_copy.data());
    leaf::Truncate(left.page(), plan.first_right, plan.separator(), right.id().page);
    interior::InsertSeparator(parent_copy.data(), plan.separator(), right.id().page);
    CopyNodeRelaxed(parent.page(), parent_copy.data());
    transactions_.versions().Split(txn::VersionsOf(left), txn::VersionsOf(right), plan.separator());
    if (!HasUpperFence(right.page())) last_leaf_.store(right.id().page, std::memory_order_relaxed);
    return absl::OkStatus();
  }
}

Status Tree::SplitInterior(Bytes key, uint8_t level, size_t separator_size) {
  for (;;) {
    FrameReservation frames = pool_.ReserveFrames(kStructureFrames);
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard parent, FixInterior(key, static_cast<uint8_t>(level + 1)));
    if (!parent.held()) {
      frames.Release();
      TURDB_RETURN_IF_ERROR(GrowRoot(level));
      continue;
    }
    const PageNo child = interior::FindChild(parent.page(), key).child;
    if (child == parent.id().page) return Damaged(child, "a node is its own child");
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard left, pool_.FixExclusive(IdOf(child)));
    if (PageHead(left.page()).kind != PageKind::kInterior) return Damaged(child, "should be an interior node");
    if (interior::InsertFits(left.page(), separator_size)) return absl::OkStatus();
    const size_t count = PageHead(left.page()).cell_count;
    // Ascending inserts leave full nodes behind.
    const bool right_edge = !HasUpperFence(left.page()) && interior::FindChild(left.page(), key).index == count;
    const size_t middle = right_edge ? count - 2 : interior::MiddleOf(left.page());
    std::byte separator_bytes[base::kMaxKeyBytes];
    const Bytes separator = interior::SeparatorAt(left.page(), middle, separator_bytes);
    if (!interior::InsertFits(parent.page(), separator.size())) {
      left.Release();
      parent.Release();
      frames.Release();
      TURDB_RETURN_IF_ERROR(SplitInterior(key, static_cast<uint8_t>(level + 1), separator.size()));
      continue;
    }
    TURDB_ASSIGN_OR_RETURN(PageAllocation pages, storage_.AllocatePages(file_, 1));
    ExclusiveGuard& right = pages.page(0);
    Guards guards = {&left, &parent};
    pages.AppendGuards(&guards);
    storage_.BeginChange(guards);
    LogEntries entries;
    pages.Apply(PageKind::kInterior, &entries);
    PageCopy left_copy, right_copy;
    const Fences fences = FencesOf(left.page());
    const uint8_t flags = PageHead(left.page()).flags;
    FormatNode(left_copy.data(), PageKind::kInterior, flags, level, Fences{fences.lower, separator, true}, base::kNoPage);
    FormatNode(right_copy.data(), PageKind::kInterior, flags, level, Fences{separator, fences.upper, fences.has_upper},
               base::kNoPage);
    interior::Split(left.page(), middle, left_copy.data(), right_copy.data());
    std::byte link[4];
    StoreLE(link, right.id().page);
    entries.push_back({right.id(), Op(NodeOp::kImage), NodeImageParts(right_copy.data())});
    entries.push_back({left.id(), Op(NodeOp::kImage), NodeImageParts(left_copy.data())});
    entries.push_back({parent.id(), Op(NodeOp::kInsertSeparator), {Bytes(link), separator}});
    storage_.LogChange(RecordKind::kStructure, nullptr, entries, guards);
    CopyNodeRelaxed(right.page(), right_copy.data());
    CopyNodeRelaxed(left.page(), left_copy.data());
    PageCopy parent_copy(parent.page());
    interior::InsertSeparator(parent_copy.data(), separator, right.id().page);
    CopyNodeRelaxed(parent.page(), parent_copy.data());
    return absl::OkStatus();
  }
}

Status Tree::MergeUnderfull(Bytes key, uint8_t level) {
  for (bool any = true; any; ++level) {
    any = false;
    for (bool merged = true; merged; any |= merged) {
      TURDB_RETURN_IF_ERROR(storage_.PrepareChange(storage::TxnLog()));
      TURDB_ASSIGN_OR_RETURN(merged, MergeOnce(key, level));
    }
  }
  return ShrinkRoot();
}

StatusOr<bool> Tree::MergeOnce(Bytes key, uint8_t level) {
  for (;;) {
    FrameReservation frames = pool_.ReserveFrames(kStructureFrames);
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard parent, FixInterior(key, static_cast<uint8_t>(level + 1)));
    if (!parent.held()) return false;
    const size_t count = PageHead(parent.page()).cell_count;
    const size_t mine = interior::FindChild(parent.page(), key).index;
    bool spilled = false;
    // With the right neighbour first, then with the left one.
    for (const size_t first : {mine, mine - 1}) {
      if (first >= count) continue;  // also where mine - 1 wraps
      std::byte separator_bytes[base::kMaxKeyBytes];
      const Bytes separator = interior::SeparatorAt(parent.page(), first, separator_bytes);
      const PageNo left_page = interior::ChildAt(parent.page(), first),
                   right_page = interior::ChildAt(parent.page(), first + 1);
      if (left_page == right_page || left_page == parent.id().page || right_page == parent.id().page) {
        return Damaged(parent.id().page, "two links to one page");
      }
      TURDB_ASSIGN_OR_RETURN(ExclusiveGuard left, pool_.FixExclusive(IdOf(left_page)));
      TURDB_ASSIGN_OR_RETURN(ExclusiveGuard right, pool_.FixExclusive(IdOf(right_page)));
      // What has the separator for its fence on one side fits what has it on the other.
      for (const std::byte* page : {left.page(), right.page()}) {
        if (!IsNode(page) || Header(page).level != level || (level == 0 && !IsOurLeaf(page))) {
          return Damaged(page == left.page() ? left_page : right_page, "is at the wrong level of the tree");
        }
      }
      if (!HasUpperFence(left.page()) || base::CompareBytes(UpperFence(left.page()), separator) != 0 ||
          base::CompareBytes(LowerFence(right.page()), separator) != 0) {
        return Damaged(parent.id().page, "a separator is not the fence of its children");
      }
      if (level == 0 && (Spilled(left) || Spilled(right))) {
        const base::PageId page = Spilled(left) ? left.id() : right.id();
        left.Release();
        right.Release();
        parent.Release();
        frames.Release();
        TURDB_RETURN_IF_ERROR(transactions_.LoadVersions(page));
        spilled = true;
        break;
      }
      if (level == 0) {
        // Garbage must not move: whoever was told to purge a page knows it by its number.
        PurgeGarbage(left, SIZE_MAX);
        PurgeGarbage(right, SIZE_MAX);
      }
      if (UsedBytes(mine == first ? left.page() : right.page()) >= kUnderfull) return false;
      const size_t bytes = level == 0 ? leaf::MergedBytes(left.page(), right.page())
                                      : interior::MergedBytes(left.page(), separator, right.page());
      // An empty node goes even if that leaves a full one.
      const bool empty = PageHead((mine == first ? left : right).page()).cell_count == 0;
      if (bytes > (level == 0 && empty ? kCapacity : kMergeLimit)) continue;
      ExclusiveGuard* const freed[] = {&right};
      TURDB_ASSIGN_OR_RETURN(PageRelease release, storage_.FreePages(file_, freed));
      Guards guards = {&left, &parent};
      release.AppendGuards(&guards);
      storage_.BeginChange(guards);
      PageCopy merged;
      if (level == 0) {
        leaf::BuildMerged(left.page(), right.page(), merged.data());
        transactions_.versions().Merge(txn::VersionsOf(left), txn::VersionsOf(right));
      } else {
        interior::BuildMerged(left.page(), separator, right.page(), merged.data());
      }
      LogEntries entries;
      std::byte index[2];
      StoreLE(index, static_cast<uint16_t>(first));
      entries.push_back({left.id(), Op(NodeOp::kImage), NodeImageParts(merged.data())});
      entries.push_back({parent.id(), Op(NodeOp::kRemoveSeparator), {Bytes(index)}});
      release.Apply(&entries);
      storage_.LogChange(RecordKind::kStructure, nullptr, entries, guards);
      CopyNodeRelaxed(left.page(), merged.data());
      PageCopy parent_copy(parent.page());
      interior::RemoveSeparator(parent_copy.data(), first);
      CopyNodeRelaxed(parent.page(), parent_copy.data());
      return true;
    }
    if (!spilled) return false;
  }
}

Status Tree::ShrinkRoot() {
  for (;;) {
    FrameReservation frames = pool_.ReserveFrames(kStructureFrames);
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard root, pool_.FixExclusive(IdOf(root_)));
    if (Header(root.page()).level == 0 || PageHead(root.page()).cell_count != 0) return absl::OkStatus();
    if (Header(root.page()).rightmost_child == root_) return Damaged(root_, "a node is its own child");
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard child, pool_.FixExclusive(IdOf(Header(root.page()).rightmost_child)));
    if (!IsNode(child.page()) || Header(child.page()).level + 1 != Header(root.page()).level) {
      return Damaged(child.id().page, "is at the wrong level of the tree");
    }
    if (Spilled(child)) {
      const base::PageId page = child.id();
      child.Release();
      root.Release();
      frames.Release();
      TURDB_RETURN_IF_ERROR(transactions_.LoadVersions(page));
      continue;
    }
    if (IsLeaf(child.page())) PurgeGarbage(child, SIZE_MAX);
    ExclusiveGuard* const freed[] = {&child};
    TURDB_ASSIGN_OR_RETURN(PageRelease release, storage_.FreePages(file_, freed));
    Guards guards = {&root};
    release.AppendGuards(&guards);
    storage_.BeginChange(guards);
    PageCopy copy(child.page());
    Header(copy.data()).first_pending = Header(root.page()).first_pending;
    if (IsLeaf(copy.data())) transactions_.versions().Merge(txn::VersionsOf(root), txn::VersionsOf(child));
    LogEntries entries;
    entries.push_back({root.id(), Op(NodeOp::kImage), NodeImageParts(copy.data())});
    release.Apply(&entries);
    storage_.LogChange(RecordKind::kStructure, nullptr, entries, guards);
    CopyNodeRelaxed(root.page(), copy.data());
  }
}

Status Tree::PurgeQuietPage(PageNo page) {
  TURDB_RETURN_IF_ERROR(storage_.PrepareChange(storage::TxnLog()));
  std::string key;
  {
    const FrameReservation frames = pool_.ReserveFrames(2);
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard guard, pool_.FixExclusive(IdOf(page)));
    // It may have been freed or merged away since. If it is busy again, only what has no version goes.
    if (!IsLeaf(guard.page()) || Spilled(guard)) return absl::OkStatus();
    PurgeGarbage(guard, SIZE_MAX);
    if (page == root_ || UsedBytes(guard.page()) >= kUnderfull) return absl::OkStatus();
    key.assign(base::AsText(LowerFence(guard.page())));
  }
  return MergeUnderfull(base::AsBytes(key), 0);
}

}  // namespace turdb::btree
