// Facts about this process and machine that the engine needs and that are not files, time or threads.
#ifndef TURDB_OS_PROCESS_H_
#define TURDB_OS_PROCESS_H_

#include <atomic>
#include <cstdint>

namespace turdb::os {

namespace internal {
extern std::atomic<uint64_t> g_fork_generation;
uint64_t AddressOfThread();
}  // namespace internal

// Differs between a process and its forked children, and costs one load (getpid is a system call). A handle
// keeps the generation it was made in and refuses work in another. The counter is process-wide by nature:
// only the C library's fork handlers can tell.
inline uint64_t ForkGeneration() { return internal::g_fork_generation.load(std::memory_order_relaxed); }
// To be called once before relying on ForkGeneration; repeated calls are free.
void WatchForks();

// A number that no other live thread of this process has; never 0. Costs no system call.
inline uint64_t CurrentThreadToken() {
#if defined(__x86_64__) && defined(__linux__)
  // The thread's control block points at itself; the portable twin calls the dynamic linker for its address.
  uint64_t token;
  asm("mov %%fs:0, %0" : "=r"(token));
  return token;
#else
  return internal::AddressOfThread();
#endif
}

int64_t MachineMemoryBytes();  // 1 GiB when the system does not say
int64_t MachineCores();        // at least 1
// How many files this process may have open at once, as its soft limit says now.
int64_t OpenFileLimit();

}  // namespace turdb::os

#endif  // TURDB_OS_PROCESS_H_
