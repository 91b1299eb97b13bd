// How a failed system call becomes an error: what was being done, to which path, where, and the cause.
#ifndef TURDB_OS_FILE_ERROR_H_
#define TURDB_OS_FILE_ERROR_H_

#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace turdb::os {

// "opening mydb/turdb.meta: No such file or directory". `error_number` is an errno value.
base::Status FileError(int error_number, std::string_view doing, std::string_view path);
// "writing mydb/root/t.tbd at offset 16384: No space left on device".
base::Status FileErrorAt(int error_number, std::string_view doing, std::string_view path, uint64_t offset);
// A read that met the end of the file.
base::Status TruncatedError(std::string_view path, uint64_t offset, uint64_t wanted_bytes, uint64_t got_bytes);
// Another opener holds the lock. `holder_pid` 0: not known; `exclusive`: whether the holder excludes everybody.
base::Status LockedError(std::string_view path, int64_t holder_pid, bool exclusive);

}  // namespace turdb::os

#endif  // TURDB_OS_FILE_ERROR_H_
