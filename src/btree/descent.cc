// How a key finds its leaf. Interior nodes are read without a latch: read what is needed, guard the child,
// then validate the parent once more, so that parent and child are known to have belonged together at one
// moment (kernel rule 9). Whatever fails to validate starts again from the root. The root page never moves,
// so a tree of one leaf that grows meanwhile is noticed by the level in the page.
#include <algorithm>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "btree/interior_node.h"
#include "btree/leaf.h"
#include "btree/tree.h"

namespace turdb::btree {

using storage::ExclusiveGuard;
using storage::OptimisticGuard;
using storage::SharedGuard;

namespace {

uint8_t LevelOf(const OptimisticGuard& node) { return LoadRelaxed<uint8_t>(&Header(node.page()).level); }

}  // namespace

Status Tree::Damaged(PageNo page, std::string_view what) const {
  return base::CorruptionError(absl::StrCat("page ", page, " of file ", file_, ": ", what));
}

template <>
StatusOr<SharedGuard> Tree::Fix<SharedGuard>(PageNo page) {
  return pool_.FixShared(IdOf(page));
}
template <>
StatusOr<ExclusiveGuard> Tree::Fix<ExclusiveGuard>(PageNo page) {
  return pool_.FixExclusive(IdOf(page));
}

template <typename Guard>
StatusOr<Guard> Tree::FixLeaf(Bytes key, Side side) {
  for (;;) {
    TURDB_ASSIGN_OR_RETURN(OptimisticGuard node, pool_.FixOptimistic(IdOf(root_)));
    uint8_t level = LevelOf(node);
    if (level == 0) {
      node.Release();
      TURDB_ASSIGN_OR_RETURN(Guard leaf, Fix<Guard>(root_));
      if (IsOurLeaf(leaf.page())) [[likely]]
        return leaf;
      if (PageHead(leaf.page()).kind != PageKind::kInterior) return Damaged(root_, "the root is not a tree node");
      continue;  // it has grown
    }
    for (;;) {
      const PageNo child = side == Side::kAt      ? interior::FindChild(node.page(), key).child
                           : side == Side::kBelow ? interior::FindChildBelow(node.page(), key).child
                                                  : interior::ChildAt(node.page(), SIZE_MAX);
      if (!node.Validate()) break;
      if (child == base::kNoPage) return Damaged(node.id().page, "a child has no page");
      if (level == 1) {
        StatusOr<Guard> leaf = Fix<Guard>(child);
        if (!node.Validate()) break;
        if (!leaf.ok()) return leaf.status();
        if (!IsOurLeaf(leaf->page())) return Damaged(child, "should be a leaf of this tree");
        return leaf;
      }
      StatusOr<OptimisticGuard> next = pool_.FixOptimistic(IdOf(child));
      if (!node.Validate()) break;
      if (!next.ok()) return next.status();
      const uint8_t next_level = LevelOf(*next);
      if (!next->Validate()) break;
      if (next_level != level - 1) return Damaged(child, "is at the wrong level of the tree");
      node = *std::move(next);
      level = next_level;
    }
  }
}
template StatusOr<SharedGuard> Tree::FixLeaf<SharedGuard>(Bytes key, Side side);
template StatusOr<ExclusiveGuard> Tree::FixLeaf<ExclusiveGuard>(Bytes key, Side side);

std::optional<ExclusiveGuard> Tree::TryLastLeaf(Bytes key) {
  const PageNo page = last_leaf_.load(std::memory_order_relaxed);
  if (page == base::kNoPage) return std::nullopt;
  std::optional<ExclusiveGuard> leaf = pool_.TryFixExclusiveIfResident(IdOf(page));
  // The page may have become anything meanwhile, but a leaf of this file whose range holds the key is the
  // right one wherever it stands.
  if (leaf.has_value() && IsOurLeaf(leaf->page()) && !HasUpperFence(leaf->page()) && Covers(leaf->page(), key)) return leaf;
  return std::nullopt;
}

StatusOr<ExclusiveGuard> Tree::FixInterior(Bytes key, uint8_t wanted) {
  for (;;) {
    TURDB_ASSIGN_OR_RETURN(OptimisticGuard node, pool_.FixOptimistic(IdOf(root_)));
    uint8_t level = LevelOf(node);
    if (!node.Validate()) continue;
    if (level < wanted) return ExclusiveGuard();
    if (level == wanted) {
      node.Release();
      TURDB_ASSIGN_OR_RETURN(ExclusiveGuard root, pool_.FixExclusive(IdOf(root_)));
      if (Header(root.page()).level == wanted) return root;
      continue;
    }
    for (;;) {
      const PageNo child = interior::FindChild(node.page(), key).child;
      if (!node.Validate()) break;
      if (child == base::kNoPage) return Damaged(node.id().page, "a child has no page");
      if (level == wanted + 1) {
        StatusOr<ExclusiveGuard> found = pool_.FixExclusive(IdOf(child));
        if (!node.Validate()) break;
        if (!found.ok()) return found.status();
        if (PageHead(found->page()).kind != PageKind::kInterior || Header(found->page()).level != wanted) {
          return Damaged(child, "should be an interior node");
        }
        return found;
      }
      StatusOr<OptimisticGuard> next = pool_.FixOptimistic(IdOf(child));
      if (!node.Validate()) break;
      if (!next.ok()) return next.status();
      const uint8_t next_level = LevelOf(*next);
      if (!next->Validate()) break;
      if (next_level != level - 1) return Damaged(child, "is at the wrong level of the tree");
      node = *std::move(next);
      level = next_level;
    }
  }
}

StatusOr<size_t> Tree::ChildrenAfter(Bytes key, std::span<base::PageId> into) {
  for (;;) {
    TURDB_ASSIGN_OR_RETURN(OptimisticGuard node, pool_.FixOptimistic(IdOf(root_)));
    for (;;) {
      const uint8_t level = LevelOf(node);
      const interior::ChildPosition at = level == 0 ? interior::ChildPosition{0, 0} : interior::FindChild(node.page(), key);
      const size_t count = level == 1 ? LoadRelaxed<uint16_t>(&PageHead(node.page()).cell_count) : 0;
      size_t taken = 0;
      for (size_t i = at.index + 1; level == 1 && i <= count && taken < into.size(); ++i) {
        into[taken++] = IdOf(interior::ChildAt(node.page(), i));
      }
      if (!node.Validate()) break;
      if (level <= 1) return taken;
      StatusOr<OptimisticGuard> next = pool_.FixOptimistic(IdOf(at.child));
      if (!node.Validate()) break;
      if (!next.ok()) return next.status();
      node = *std::move(next);
    }
  }
}

StatusOr<uint64_t> Tree::CountAbout(Bytes lower, Bytes upper, uint64_t most) {
  uint64_t count = 0;
  TURDB_ASSIGN_OR_RETURN(SharedGuard leaf, FixLeaf<SharedGuard>(lower));
  for (;;) {
    const std::byte* const page = leaf.page();
    const bool ends_here = !HasUpperFence(page) || (!upper.empty() && base::CompareBytes(upper, UpperFence(page)) <= 0);
    const size_t first = base::CompareBytes(lower, LowerFence(page)) <= 0 ? 0 : leaf::LowerBound(page, lower);
    size_t end = leaf::Limit(page);
    if (ends_here && !upper.empty()) {
      end = base::CompareBytes(upper, LowerFence(page)) <= 0 ? 0 : leaf::LowerBound(page, upper);
    }
    count += end - std::min(first, end);
    if (ends_here || count > most) return count;
    const std::string fence(base::AsText(UpperFence(page)));
    const PageNo next = Header(page).next_leaf;
    leaf.Release();
    StatusOr<SharedGuard> found = Fix<SharedGuard>(next);
    // Not the next leaf any more: what is, the fence says.
    if (!found.ok() || !IsOurLeaf(found->page()) || !Covers(found->page(), base::AsBytes(fence))) {
      found = FixLeaf<SharedGuard>(base::AsBytes(fence));
    }
    TURDB_RETURN_IF_ERROR(found.status());
    leaf = *std::move(found);
  }
}

}  // namespace turdb::btree
