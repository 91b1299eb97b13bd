// A directory with all that is in it.
#ifndef TURDB_ENGINE_REMOVE_TREE_H_
#define TURDB_ENGINE_REMOVE_TREE_H_

#include <string>

#include "os/file_system.h"

namespace turdb::engine {

// Removes what it can of `path`, a file or a directory.
void RemoveTree(os::FileSystem& files, const std::string& path);

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_REMOVE_TREE_H_
