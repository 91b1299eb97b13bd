#include "os/file_system.h"

#include "absl/strings/str_cat.h"

namespace turdb::os {

base::Status File::ReadBatch(std::span<const ReadRequest> requests) {
  for (const ReadRequest& request : requests) TURDB_RETURN_IF_ERROR(Read(request.offset, request.into));
  return base::Status();
}

base::Status File::WriteBatch(std::span<const WriteRequest> requests) {
  for (const WriteRequest& request : requests) TURDB_RETURN_IF_ERROR(Write(request.offset, request.from));
  return base::Status();
}

std::string JoinPath(std::string_view directory, std::string_view name) {
  if (directory.empty()) return std::string(name);
  if (directory.back() == '/') return absl::StrCat(directory, name);
  return absl::StrCat(directory, "/", name);
}

}  // namespace turdb::os
