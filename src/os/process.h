// Facts about this process and machine that the engine needs and that are not files, time or threads.
#ifndef TURDB_OS_PROCESS_H_
#define TURDB_OS_PROCESS_H_

#include <cstdint>

namespace turdb::os {

// Differs between a process and its forked children, and costs one load (getpid is a system call). A handle
// keeps the generation it was made in and refuses work in another. The counter is process-wide by nature:
// only the C library's fork handlers can tell.
uint64_t ForkGeneration();
// To be called once before relying on ForkGeneration; repeated calls are free.
void WatchForks();

// A number that no other live thread of this process has; never 0. Costs no system call.
uint64_t CurrentThreadToken();

int64_t MachineMemoryBytes();  // 1 GiB when the system does not say
int64_t MachineCores();        // at least 1

}  // namespace turdb::os

#endif  // TURDB_OS_PROCESS_H_
