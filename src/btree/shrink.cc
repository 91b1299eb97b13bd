// VACUUM of one tree. Leaves are purged and merged as they are when they fall quiet; then the last page of the file
// moves into the lowest free one, again and again, until the free pages are the last ones.
//
// A move is one structure record: the page's content goes into the free page, its parent and its left neighbour get the
// new number, and the old page leaves the file. Latches are those of a merge: parent, left neighbour, page, page 0, the
// free page. A left neighbour under another parent cannot be waited for with this parent latched, so it is only tried.
#include <optional>
#include <string>

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
using storage::FreeSpace;
using storage::Guards;
using storage::LogEntries;
using storage::PageAllocation;
using storage::RecordKind;
using storage::SharedGuard;

namespace {

// Parent, left neighbour, the page, page 0 and a free page; a TSan build keeps an interior node above latched as well.
constexpr int kMoveFrames = 7;
constexpr int kAttempts = 20;

uint8_t Op(NodeOp op) { return static_cast<uint8_t>(op); }

}  // namespace

Status Tree::PurgeAllLeaves() {
  std::string key;
  for (;;) {
    PageNo page = base::kNoPage;
    std::string next;
    {
      const FrameReservation frames = pool_.ReserveFrames(3);
      TURDB_ASSIGN_OR_RETURN(const SharedGuard leaf, FixLeaf<SharedGuard>(base::AsBytes(key)));
      page = leaf.id().page;
      if (HasUpperFence(leaf.page())) next.assign(base::AsText(UpperFence(leaf.page())));
    }
    TURDB_RETURN_IF_ERROR(PurgeQuietPage(page));
    if (next.empty()) return absl::OkStatus();
    key = std::move(next);
  }
}

StatusOr<PageNo> Tree::Shrink() {
  TURDB_RETURN_IF_ERROR(PurgeAllLeaves());
  TURDB_ASSIGN_OR_RETURN(const FreeSpace space, storage_.TrimFreePages(file_));
  PageNo pages = space.page_count;
  for (int attempts = 0; pages > space.used_pages && attempts < kAttempts;) {
    TURDB_ASSIGN_OR_RETURN(const Move move, MoveLastPage(pages - 1));
    if (move == Move::kNever) break;
    attempts = move == Move::kMoved ? 0 : attempts + 1;
    TURDB_ASSIGN_OR_RETURN(pages, storage_.DropFreePagesAtEnd(file_, space.last_low));
  }
  return pages;
}

StatusOr<Tree::Move> Tree::MoveLastPage(PageNo page) {
  TURDB_RETURN_IF_ERROR(storage_.PrepareChange(storage::TxnLog()));
  std::string key;
  uint8_t level = 0;
  PageNo left_page = base::kNoPage;
  {
    const FrameReservation frames = pool_.ReserveFrames(3);
    {
      TURDB_ASSIGN_OR_RETURN(const SharedGuard guard, pool_.FixShared(IdOf(page)));
      if (page == root_ || !IsNode(guard.page())) return Move::kNever;
      key.assign(base::AsText(LowerFence(guard.page())));
      level = Header(guard.page()).level;
    }
    if (level == 0 && !key.empty()) {
      TURDB_ASSIGN_OR_RETURN(const SharedGuard left, FixLeaf<SharedGuard>(base::AsBytes(key), Side::kBelow));
      left_page = left.id().page;
    }
  }
  FrameReservation frames = pool_.ReserveFrames(kMoveFrames);
  TURDB_ASSIGN_OR_RETURN(ExclusiveGuard parent, FixInterior(base::AsBytes(key), static_cast<uint8_t>(level + 1)));
  if (!parent.held()) return Move::kNotNow;
  const interior::ChildPosition at = interior::FindChild(parent.page(), base::AsBytes(key));
  if (at.child != page) return Move::kNotNow;
  ExclusiveGuard left;
  if (left_page != base::kNoPage) {
    if (left_page == page || left_page == parent.id().page) return Damaged(page, "two links to one page");
    if (at.index > 0) {
      if (interior::ChildAt(parent.page(), at.index - 1) != left_page) return Move::kNotNow;
      TURDB_ASSIGN_OR_RETURN(left, pool_.FixExclusive(IdOf(left_page)));
    } else {
      std::optional<ExclusiveGuard> tried = pool_.TryFixExclusiveIfResident(IdOf(left_page));
      if (!tried.has_value()) return Move::kNotNow;
      left = *std::move(tried);
    }
    if (!IsLeaf(left.page()) || Header(left.page()).next_leaf != page) return Move::kNotNow;
  }
  TURDB_ASSIGN_OR_RETURN(ExclusiveGuard moved, pool_.FixExclusive(IdOf(page)));
  if (!IsNode(moved.page()) || Header(moved.page()).level != level) return Move::kNotNow;
  if (const txn::VersionTable* versions = txn::TableOf(moved); versions != nullptr && versions->spilled()) {
    for (ExclusiveGuard* guard : {&moved, &left, &parent}) guard->Release();
    frames.Release();
    TURDB_RETURN_IF_ERROR(transactions_.LoadVersions(IdOf(page)));
    return Move::kNotNow;
  }
  if (level == 0) PurgeGarbage(moved, SIZE_MAX);  // who was told to purge the page knows it by its number
  TURDB_ASSIGN_OR_RETURN(PageAllocation pages, storage_.AllocatePages(file_, 1));
  if (pages.page_no(0) > page) return Move::kNever;
  if (!pages.IsLast(moved)) return Move::kNotNow;
  ExclusiveGuard& target = pages.page(0);
  Guards guards = {&parent};
  if (left.held()) guards.push_back(&left);
  pages.DropLast(&moved);
  const PageCopy content(moved.page());
  PageCopy parent_copy(parent.page());
  pages.AppendGuards(&guards);
  storage_.BeginChange(guards);
  LogEntries entries;
  std::byte child[6], next[4];
  StoreLE(child, static_cast<uint16_t>(at.index));
  StoreLE(child + 2, target.id().page);
  StoreLE(next, target.id().page);
  pages.Apply(PageHead(content.bytes).kind, &entries);
  entries.push_back({target.id(), Op(NodeOp::kImage), NodeImageParts(content.bytes)});
  entries.push_back({parent.id(), Op(NodeOp::kSetChild), {Bytes(child)}});
  if (left.held()) entries.push_back({left.id(), Op(NodeOp::kSetNextLeaf), {Bytes(next)}});
  storage_.LogChange(RecordKind::kStructure, nullptr, entries, guards);
  CopyNodeRelaxed(target.page(), content.bytes);
  interior::SetChild(parent_copy.data(), at.index, target.id().page);
  CopyNodeRelaxed(parent.page(), parent_copy.data());
  if (left.held()) Header(left.page()).next_leaf = target.id().page;
  if (level == 0) {
    transactions_.versions().Merge(txn::VersionsOf(target), txn::VersionsOf(moved));
    if (!HasUpperFence(target.page())) last_leaf_.store(target.id().page, std::memory_order_relaxed);
  }
  return Move::kMoved;
}

}  // namespace turdb::btree
