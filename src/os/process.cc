#include "os/process.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

namespace turdb::os {
namespace {

std::once_flag g_fork_watch;

}  // namespace

namespace internal {

std::atomic<uint64_t> g_fork_generation{1};

uint64_t AddressOfThread() {
  thread_local char token;  // its address is the token
  return reinterpret_cast<uint64_t>(&token);
}

}  // namespace internal

void WatchForks() {
  std::call_once(g_fork_watch, [] {
    pthread_atfork(nullptr, nullptr, [] { internal::g_fork_generation.fetch_add(1, std::memory_order_relaxed); });
  });
}

int64_t MachineMemoryBytes() {
  const int64_t pages = sysconf(_SC_PHYS_PAGES);
  const int64_t page_bytes = sysconf(_SC_PAGESIZE);
  return pages > 0 && page_bytes > 0 ? pages * page_bytes : int64_t{1} << 30;
}

int64_t OpenFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 256;  // what POSIX systems commonly start with
  return static_cast<int64_t>(std::min<rlim_t>(limit.rlim_cur, 1 << 20));
}

int64_t MachineCores() { return std::max(1u, std::thread::hardware_concurrency()); }

}  // namespace turdb::os
