#include "engine/remove_tree.h"

#include <vector>

#include "base/status.h"

namespace turdb::engine {

void RemoveTree(os::FileSystem& files, const std::string& path) {
  const base::StatusOr<std::vector<std::string>> names = files.List(path);
  if (!names.ok()) {
    files.Remove(path).IgnoreError();
    return;
  }
  for (const std::string& name : *names) RemoveTree(files, os::JoinPath(path, name));
  files.RemoveDirectory(path).IgnoreError();
}

}  // namespace turdb::engine
