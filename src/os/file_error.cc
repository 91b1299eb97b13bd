#include "os/file_error.h"

#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace turdb::os {
namespace {

using base::MakeError;
using base::Status;
namespace sqlstate = base::sqlstate;

Status ErrorFromErrno(int error_number, std::string_view message) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return base::WithHint(MakeError(absl::StatusCode::kResourceExhausted, sqlstate::kDiskFull, message),
                            "make room on the disk, or raise the quota, and try again");
    case ENOMEM:
      return base::OutOfMemoryError(message);
    case ENOENT:
      return MakeError(absl::StatusCode::kNotFound, sqlstate::kUndefinedFile, message);
    case ENOTDIR:
      return base::WithHint(MakeError(absl::StatusCode::kNotFound, sqlstate::kUndefinedFile, message),
                            "the path, or a part of it, is a file where a directory should be");
    case EEXIST:
      return MakeError(absl::StatusCode::kAlreadyExists, sqlstate::kDuplicateFile, message);
    case EACCES:
    case EPERM:
    case EROFS:
      return base::WithHint(MakeError(absl::StatusCode::kPermissionDenied, sqlstate::kIoError, message),
                            "check who may read and write the file and its directory");
    case EMFILE:
    case ENFILE:
      return base::WithHint(MakeError(absl::StatusCode::kResourceExhausted, sqlstate::kInsufficientResources, message),
                            "raise the limit on open files (ulimit -n)");
    case EFBIG:
      return base::WithHint(
          MakeError(absl::StatusCode::kResourceExhausted, sqlstate::kDiskFull, message),
          "the file would pass the limit on the size of files, of the process (ulimit -f) or of the file system");
    default:
      return base::IoError(message);
  }
}

}  // namespace

Status FileError(int error_number, std::string_view doing, std::string_view path) {
  return ErrorFromErrno(error_number, absl::StrCat(doing, " ", path, ": ", std::generic_category().message(error_number)));
}

Status FileErrorAt(int error_number, std::string_view doing, std::string_view path, uint64_t offset) {
  return ErrorFromErrno(
      error_number, absl::StrCat(doing, " ", path, " at offset ", offset, ": ", std::generic_category().message(error_number)));
}

Status TruncatedError(std::string_view path, uint64_t offset, uint64_t wanted_bytes, uint64_t got_bytes) {
  return base::CorruptionError(absl::StrCat("reading ", path, " at offset ", offset, ": the file is truncated: wanted ",
                                            wanted_bytes, " bytes, found ", got_bytes));
}

Status LockedError(std::string_view path, int64_t holder_pid, bool exclusive) {
  std::string holder;
  if (!exclusive) {
    holder = "one or more openers hold it for reading";
  } else if (holder_pid == 0) {
    holder = "another opener holds it; its process id is not known";
  } else if (holder_pid == getpid()) {
    holder = absl::StrCat("this process (pid ", holder_pid, ") holds it already");
  } else {
    holder = absl::StrCat("the process with pid ", holder_pid, " holds it");
  }
  return base::WithHint(
      MakeError(absl::StatusCode::kFailedPrecondition, sqlstate::kDatabaseLocked, absl::StrCat("locking ", path, ": ", holder)),
      exclusive ? "close the database there first, or end that process" : "wait until its readers have closed it");
}

}  // namespace turdb::os
