// Check reads every page of the file and compares it with FORMAT.md's "valid if and only if". The numbers in
// the messages are those of FORMAT.md.
#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "btree/interior_node.h"
#include "btree/leaf.h"
#include "btree/tree.h"
#include "storage/file_header.h"

namespace turdb::btree {

using storage::SharedGuard;

// Not thread-safe. Copies one page at a time, so it holds at most one latch.
class TreeChecker {
 public:
  TreeChecker(Tree& tree, CheckReport& report) : tree_(tree), report_(report) {}

  Status Run() {
    TURDB_ASSIGN_OR_RETURN(const PageNo pages, tree_.storage_.PageCount(tree_.file_));
    seen_.assign(pages, false);
    TURDB_RETURN_IF_ERROR(Visit(tree_.root_, Fences{}, -1));
    if (last_leaf_next_ != base::kNoPage) Problem(last_leaf_, "(11) the last leaf has a next leaf");
    for (PageNo page = 1; page < pages; ++page) {
      if (seen_[page]) continue;
      TURDB_ASSIGN_OR_RETURN(const PageKind kind, KindOf(page));
      if (kind == PageKind::kFree) {
        ++report_.free_pages;
      } else if (kind == PageKind::kOverflow) {
        ++report_.overflow_pages;
      } else if (kind == PageKind::kInterior || kind == PageKind::kSlottedLeaf || kind == PageKind::kDenseLeaf) {
        Problem(page, "(12) a node that is neither in the tree nor free");
      }
    }
    return absl::OkStatus();
  }

 private:
  void Problem(PageNo page, std::string_view what) {
    if (report_.problems.size() < 100) report_.Add(absl::StrCat("page ", page, " of file ", tree_.file_, ": ", what));
  }

  StatusOr<PageKind> KindOf(PageNo page) {
    const storage::FrameReservation frames = tree_.pool_.ReserveFrames(1);
    TURDB_ASSIGN_OR_RETURN(const SharedGuard guard, tree_.Fix<SharedGuard>(page));
    return PageHead(guard.page()).kind;
  }

  // `level` is what the parent expects; -1 for the root.
  Status Visit(PageNo page_no, const Fences& expected, int level) {
    if (page_no == base::kNoPage || page_no >= seen_.size()) {
      Problem(page_no, "(10) a link to a page that the file does not have");
      return absl::OkStatus();
    }
    if (seen_[page_no]) {
      Problem(page_no, "(10) linked twice");
      return absl::OkStatus();
    }
    seen_[page_no] = true;
    ++report_.pages_checked;
    auto copy = std::make_unique<PageCopy>();
    std::byte* page = copy->bytes;
    {
      const storage::FrameReservation frames = tree_.pool_.ReserveFrames(1);
      TURDB_ASSIGN_OR_RETURN(const SharedGuard guard, tree_.Fix<SharedGuard>(page_no));
      std::memcpy(page, guard.page(), kPageSize);
    }
    if (!IsNode(page)) {
      Problem(page_no, "(1) not a tree node");
      return absl::OkStatus();
    }
    if (!CheckHeader(page_no, page, expected, level)) return absl::OkStatus();
    if (IsLeaf(page)) {
      ++report_.leaf_pages;
      CheckLeaf(page_no, page);
      return absl::OkStatus();
    }
    ++report_.interior_pages;
    return CheckInterior(page_no, page);
  }

  // False when the rest of the page cannot be looked at.
  bool CheckHeader(PageNo page_no, const std::byte* page, const Fences& expected, int level) {
    const NodeHeader& node = Header(page);
    if ((PageHead(page).flags & ~kInt64Tree) != 0 || IsInt64Tree(page) != (tree_.kind() == KeyKind::kInt64)) {
      Problem(page_no, "(2) the flags are not those of this tree");
    }
    if (level >= 0 && node.level != level) {
      Problem(page_no, absl::StrCat("(3) level ", node.level, " where the parent expects ", level));
      return false;
    }
    if (level < 0) report_.height = node.level + 1u;
    if ((node.level == 0) != IsLeaf(page)) Problem(page_no, "(3) the level does not go with the kind");
    if (LowEnd(page) > node.heap_begin || node.heap_begin > kPageSize) {
      Problem(page_no, "(4) the slots run into the cells");
      return false;
    }
    if (size_t{node.lower_offset} + node.lower_length > kPageSize ||
        size_t{node.upper_offset} + node.upper_length > kPageSize || node.lower_length > base::kMaxKeyBytes ||
        node.upper_length > base::kMaxKeyBytes) {
      Problem(page_no, "(5) a fence lies outside the page");
      return false;
    }
    if (base::CompareBytes(LowerFence(page), expected.lower) != 0 || HasUpperFence(page) != expected.has_upper ||
        (expected.has_upper && base::CompareBytes(UpperFence(page), expected.upper) != 0)) {
      Problem(page_no, "(5) the fences are not the parent's separators");
    }
    const size_t prefix = HasUpperFence(page) ? CommonPrefixLength(LowerFence(page), UpperFence(page)) : 0;
    if (node.prefix_length != prefix) {
      Problem(page_no, absl::StrCat("(6) common prefix of ", node.prefix_length, " bytes, the fences have ", prefix));
      return false;
    }
    return true;
  }

  // Slots, cells and space of slotted leaves and interior nodes; `cell_header` bytes stand before each key.
  bool CheckSlots(PageNo page_no, const std::byte* page, bool leaf) {
    const size_t count = PageHead(page).cell_count;
    size_t used = LowerFence(page).size() + (HasUpperFence(page) ? UpperFence(page).size() : 0);
    if (!leaf) used = (used + 3) & ~size_t{3};
    used += sizeof(Slot) * count;
    bool sound = true;
    for (size_t i = 0; i < count && sound; ++i) {
      const Slot& slot = Slots(page)[i];
      const size_t head = leaf ? slotted::kCellHeaderBytes : interior::kCellHeaderBytes;
      sound = slot.offset >= Header(page).heap_begin && slot.offset + head + slot.suffix_length() <= kPageSize &&
              (leaf || (slot.offset % 4 == 0 && !slot.ghost()));
      if (sound && leaf) sound = slot.offset + head + slot.suffix_length() + slotted::ValueAt(page, i).size() <= kPageSize;
      if (!sound) {
        Problem(page_no, absl::StrCat("(4) cell ", i, " lies outside the heap"));
        break;
      }
      const Bytes suffix = leaf ? slotted::SuffixAt(page, i) : interior::SeparatorSuffixAt(page, i);
      if (slot.hint != HintOf(suffix)) Problem(page_no, absl::StrCat("(7) the hint of slot ", i, " is not its key's"));
      size_t cell = head + suffix.size() + (leaf ? slotted::ValueAt(page, i).size() : 0);
      if (!leaf) cell = (cell + 3) & ~size_t{3};
      used += cell;
    }
    if (sound && used != UsedBytes(page)) {
      Problem(page_no, absl::StrCat("(4) ", UsedBytes(page), " bytes counted as used, ", used, " are"));
    }
    return sound;
  }

  bool CheckDense(PageNo page_no, const std::byte* page) {
    size_t used = LowerFence(page).size() + (HasUpperFence(page) ? UpperFence(page).size() : 0);
    const size_t span = Header(page).dense_span;
    used += sizeof(uint16_t) * span;
    size_t cells = 0;
    for (size_t i = 0; i < span; ++i) {
      if (!dense::UsedAt(page, i)) continue;
      ++cells;
      const size_t offset = dense::Offsets(page)[i];
      if (offset < Header(page).heap_begin || offset + dense::kCellHeaderBytes > kPageSize ||
          offset + dense::kCellHeaderBytes + dense::ValueAt(page, i).size() > kPageSize) {
        Problem(page_no, absl::StrCat("(4) cell ", i, " lies outside the heap"));
        return false;
      }
      used += dense::kCellHeaderBytes + dense::ValueAt(page, i).size();
    }
    if (cells != PageHead(page).cell_count) Problem(page_no, "(9) the cell count is not the number of cells");
    if (span != 0 && !dense::UsedAt(page, span - 1)) Problem(page_no, "(9) the offset array ends in a hole");
    if (used != UsedBytes(page)) {
      Problem(page_no, absl::StrCat("(4) ", UsedBytes(page), " bytes counted as used, ", used, " are"));
    }
    return true;
  }

  void CheckLeaf(PageNo page_no, const std::byte* page) {
    if (any_leaf_ && last_leaf_next_ != page_no) Problem(last_leaf_, absl::StrCat("(11) the next leaf is not page ", page_no));
    any_leaf_ = true;
    last_leaf_ = page_no;
    last_leaf_next_ = Header(page).next_leaf;
    if (leaf::IsDense(page) ? !CheckDense(page_no, page) : !CheckSlots(page_no, page, true)) return;
    std::byte buffer[base::kMaxKeyBytes];
    std::string last;
    bool any = false;
    for (size_t i = 0; i < leaf::Limit(page); ++i) {
      if (!leaf::UsedAt(page, i)) continue;
      if (!leaf::IsDense(page) && Prefix(page).size() + slotted::SuffixAt(page, i).size() > base::kMaxKeyBytes) {
        Problem(page_no, absl::StrCat("(4) key ", i, " is too long"));
        return;
      }
      const Bytes key = leaf::KeyAt(page, i, buffer);
      if (any && base::CompareBytes(base::AsBytes(last), key) >= 0)
        Problem(page_no, absl::StrCat("(8) key ", i, " is out of order"));
      if (!Covers(page, key)) Problem(page_no, absl::StrCat("(5) key ", i, " lies outside the fences"));
      if (IsInt64Tree(page) && key.size() != 8) Problem(page_no, absl::StrCat("(2) key ", i, " is not an int64"));
      last.assign(base::AsText(key));
      any = true;
      ++(leaf::GhostAt(page, i) ? report_.ghosts : report_.live_entries);
    }
  }

  Status CheckInterior(PageNo page_no, const std::byte* page) {
    if (!CheckSlots(page_no, page, false)) return absl::OkStatus();
    if (Header(page).next_leaf != base::kNoPage) Problem(page_no, "(11) an interior node with a next leaf");
    const size_t count = PageHead(page).cell_count;
    std::string lower(base::AsText(LowerFence(page)));
    std::byte buffer[base::kMaxKeyBytes];
    for (size_t i = 0; i <= count; ++i) {
      Fences fences{base::AsBytes(lower), Bytes(), false};
      std::string upper;
      if (i < count) {
        upper.assign(base::AsText(interior::SeparatorAt(page, i, buffer)));
        if (upper <= lower && !(i == 0 && lower.empty() && !upper.empty())) {
          Problem(page_no, absl::StrCat("(8) separator ", i, " is out of order"));
          return absl::OkStatus();
        }
        fences.upper = base::AsBytes(upper);
        fences.has_upper = true;
      } else if (HasUpperFence(page)) {
        fences.upper = UpperFence(page);
        fences.has_upper = true;
      }
      TURDB_RETURN_IF_ERROR(Visit(interior::ChildAt(page, i), fences, Header(page).level - 1));
      lower = std::move(upper);
    }
    return absl::OkStatus();
  }

  Tree& tree_;
  CheckReport& report_;
  std::vector<bool> seen_;
  bool any_leaf_ = false;
  PageNo last_leaf_ = base::kNoPage;
  PageNo last_leaf_next_ = base::kNoPage;
};

Status Tree::Check(CheckReport* report) {
  TURDB_RETURN_IF_ERROR(storage_.CheckFile(file_, report));
  return TreeChecker(*this, *report).Run();
}

}  // namespace turdb::btree
