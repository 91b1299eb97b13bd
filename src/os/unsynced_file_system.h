// A file system without its syncs, over another one.
#ifndef TURDB_OS_UNSYNCED_FILE_SYSTEM_H_
#define TURDB_OS_UNSYNCED_FILE_SYSTEM_H_

#include <memory>

#include "os/file_system.h"

namespace turdb::os {

// What is written there survives the death of the process; syncs do nothing.
std::unique_ptr<FileSystem> NewUnsyncedFileSystem(std::shared_ptr<FileSystem> files);

}  // namespace turdb::os

#endif  // TURDB_OS_UNSYNCED_FILE_SYSTEM_H_
