// Key ranges of similar size for parallel scans: separators of the highest level that has enough of them. And how much there
// is.
#include <algorithm>

#include "btree/interior_node.h"
#include "btree/leaf.h"
#include "btree/tree.h"

namespace turdb::btree {

using storage::SharedGuard;

StatusOr<std::vector<std::string>> Separators(Tree& tree, size_t about) {
  std::vector<std::string> found;
  if (about == 0) return found;
  // One node is latched at a time. What changes between two of them may skew the ranges, never make them wrong.
  std::vector<PageNo> level = {tree.root_};
  std::vector<std::string> level_keys;  // level_keys[i] separates level[i] from level[i + 1]
  while (!level.empty() && level_keys.size() < about) {
    std::vector<PageNo> children;
    std::vector<std::string> keys;
    for (size_t i = 0; i < level.size(); ++i) {
      const storage::FrameReservation frames = tree.pool_.ReserveFrames(1);
      TURDB_ASSIGN_OR_RETURN(const SharedGuard node, tree.Fix<SharedGuard>(level[i]));
      if (PageHead(node.page()).kind == PageKind::kInterior) {
        std::byte buffer[base::kMaxKeyBytes];
        const size_t count = PageHead(node.page()).cell_count;
        for (size_t slot = 0; slot < count; ++slot) {
          keys.emplace_back(base::AsText(interior::SeparatorAt(node.page(), slot, buffer)));
          // Leaves are not visited: a level of enough separators was reached one above them.
          if (Header(node.page()).level > 1) children.push_back(interior::ChildAt(node.page(), slot));
        }
        if (Header(node.page()).level > 1) children.push_back(Header(node.page()).rightmost_child);
      }
      if (i < level_keys.size()) keys.push_back(level_keys[i]);
    }
    level_keys = std::move(keys);
    level = std::move(children);
  }
  std::sort(level_keys.begin(), level_keys.end());
  level_keys.erase(std::unique(level_keys.begin(), level_keys.end()), level_keys.end());
  if (level_keys.size() <= about) return level_keys;
  for (size_t i = 1; i <= about; ++i) found.push_back(std::move(level_keys[i * level_keys.size() / (about + 1)]));
  return found;
}

StatusOr<uint64_t> EstimateEntries(Tree& tree) {
  // Nodes are about equally full, but for those on the edge that a tree grows at: one way down is not enough.
  constexpr size_t kWays = 5;
  double sum = 0;
  for (size_t way = 0; way < kWays; ++way) {
    double entries = 1;
    for (PageNo page = tree.root_;;) {
      const storage::FrameReservation frames = tree.pool_.ReserveFrames(1);
      TURDB_ASSIGN_OR_RETURN(const SharedGuard node, tree.Fix<SharedGuard>(page));
      if (PageHead(node.page()).kind != PageKind::kInterior) {
        size_t used = 0;
        for (size_t i = 0; i < leaf::Limit(node.page()); ++i) {
          used += leaf::UsedAt(node.page(), i) && !leaf::GhostAt(node.page(), i) ? 1 : 0;
        }
        sum += entries * static_cast<double>(used);
        break;
      }
      const size_t separators = PageHead(node.page()).cell_count;
      entries *= static_cast<double>(separators + 1);
      const size_t child = separators * (2 * way + 1) / (2 * kWays);
      page = child < separators ? interior::ChildAt(node.page(), child) : PageNo{Header(node.page()).rightmost_child};
    }
    if (way == 0 && entries == 1) return static_cast<uint64_t>(sum);  // the root is a leaf
  }
  return static_cast<uint64_t>(sum / kWays);
}

}  // namespace turdb::btree
