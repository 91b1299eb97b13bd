#include "os/path_parts.h"

#include "absl/strings/str_split.h"

namespace turdb::os {

std::vector<std::string> PathParts(std::string_view path) {
  std::vector<std::string> parts;
  for (const std::string_view part : absl::StrSplit(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.emplace_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  return parts;
}

}  // namespace turdb::os
