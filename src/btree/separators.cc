// Key ranges of similar size for parallel scans: separators of the highest level that has enough of them.
#include <algorithm>

#include "btree/interior_node.h"
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

}  // namespace turdb::btree
