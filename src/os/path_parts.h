// How the file systems in memory read a path: taken apart at '/'; "." and empty parts mean nothing, ".." goes
// up; "/a" and "a" are the same.
#ifndef TURDB_OS_PATH_PARTS_H_
#define TURDB_OS_PATH_PARTS_H_

#include <string>
#include <string_view>
#include <vector>

namespace turdb::os {

std::vector<std::string> PathParts(std::string_view path);

}  // namespace turdb::os

#endif  // TURDB_OS_PATH_PARTS_H_
