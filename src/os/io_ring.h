// Many reads or writes of one file in one system call, by io_uring.
//
// A ring per call would cost more than it saves (mapping its queues takes longer than a cached read), and
// one ring shared by all would need a lock around every wait. So a file system keeps a few rings and lends
// them out one caller at a time; who finds none free, or meets a kernel that refuses (old, or a container
// whose seccomp profile forbids it), reads and writes one request after the other instead.
#ifndef TURDB_OS_IO_RING_H_
#define TURDB_OS_IO_RING_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace turdb::os {

// One transfer. `result` is filled in: the count of bytes moved, which may be short, or a negative errno.
struct Transfer {
  uint64_t offset = 0;
  void* data = nullptr;  // only read from when writing
  uint32_t size_bytes = 0;
  int32_t result = 0;
};

class Ring;

// Any thread.
class RingPool {
 public:
  RingPool();
  ~RingPool();
  RingPool(const RingPool&) = delete;
  RingPool& operator=(const RingPool&) = delete;

  // Runs all transfers and waits for them. False: no ring is to be had, and nothing was done.
  bool Run(int descriptor, bool write, std::span<Transfer> transfers);

 private:
  std::unique_ptr<Ring> Borrow();
  void Return(std::unique_ptr<Ring> ring);

  static constexpr int kMaxRings = 4;
  std::mutex mu_;
  std::vector<std::unique_ptr<Ring>> idle_;  // guarded by mu_
  int ring_count_ = 0;                       // guarded by mu_; idle and lent out
  bool refused_ = false;                     // guarded by mu_; the kernel said no, so it is not asked again
};

}  // namespace turdb::os

#endif  // TURDB_OS_IO_RING_H_
