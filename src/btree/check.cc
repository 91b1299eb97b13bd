// Check reads every page of the file and compares it with FORMAT.md's "valid if and only if". The numbers in
// the messages are those of FORMAT.md.
#include <vector>

#include "absl/strings/str_cat.h"
#include "btree/interior_node.h"
#include "btree/leaf.h"
#include "btree/node_check.h"
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
    if (!CheckNode(page_no, page, expected, level)) return absl::OkStatus();
    if (IsLeaf(page)) {
      ++report_.leaf_pages;
      CheckLeaf(page_no, page);
      return absl::OkStatus();
    }
    ++report_.interior_pages;
    return CheckChildren(page);
  }

  // False when the rest of the page cannot be looked at.
  bool CheckNode(PageNo page_no, const std::byte* page, const Fences& expected, int level) {
    const NodeHeader& node = Header(page);
    if (const char* fault = FaultOfNode(page); fault != nullptr) {
      Problem(page_no, fault);
      return false;
    }
    if (IsInt64Tree(page) != (tree_.kind() == KeyKind::kInt64)) {
      Problem(page_no, "(2) the flags are not those of this tree");
    }
    if (level >= 0 && node.level != level) {
      Problem(page_no, absl::StrCat("(3) level ", node.level, " where the parent expects ", level));
      return false;
    }
    if (level < 0) report_.height = node.level + 1u;
    if (base::CompareBytes(LowerFence(page), expected.lower) != 0 || HasUpperFence(page) != expected.has_upper ||
        (expected.has_upper && base::CompareBytes(UpperFence(page), expected.upper) != 0)) {
      Problem(page_no, "(5) the fences are not the parent's separators");
    }
    return true;
  }

  void CheckLeaf(PageNo page_no, const std::byte* page) {
    if (any_leaf_ && last_leaf_next_ != page_no) Problem(last_leaf_, absl::StrCat("(11) the next leaf is not page ", page_no));
    any_leaf_ = true;
    last_leaf_ = page_no;
    last_leaf_next_ = Header(page).next_leaf;
    for (size_t i = 0; i < leaf::Limit(page); ++i) {
      if (leaf::UsedAt(page, i)) ++(leaf::GhostAt(page, i) ? report_.ghosts : report_.live_entries);
    }
  }

  Status CheckChildren(const std::byte* page) {
    const size_t count = PageHead(page).cell_count;
    std::string lower(base::AsText(LowerFence(page)));
    std::byte buffer[base::kMaxKeyBytes];
    for (size_t i = 0; i <= count; ++i) {
      Fences fences{base::AsBytes(lower), Bytes(), false};
      std::string upper;
      if (i < count) {
        upper.assign(base::AsText(interior::SeparatorAt(page, i, buffer)));
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
