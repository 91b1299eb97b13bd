#include "os/io_ring.h"

#include <cerrno>
#include <utility>

#include "base/check.h"

#ifdef TURDB_HAVE_LIBURING
#include <liburing.h>
#endif

namespace turdb::os {

#ifdef TURDB_HAVE_LIBURING

class Ring {
 public:
  static std::unique_ptr<Ring> Create() {
    auto ring = std::make_unique<Ring>();
    if (io_uring_queue_init(kDepth, &ring->ring_, 0) != 0) return nullptr;
    ring->open_ = true;
    return ring;
  }
  ~Ring() {
    if (open_) io_uring_queue_exit(&ring_);
  }

  void Run(int descriptor, bool write, std::span<Transfer> transfers) {
    while (!transfers.empty()) {
      const size_t count = transfers.size() < kDepth ? transfers.size() : kDepth;
      RunRound(descriptor, write, transfers.first(count));
      transfers = transfers.subspan(count);
    }
  }

 private:
  static constexpr unsigned kDepth = 64;

  void RunRound(int descriptor, bool write, std::span<Transfer> round) {
    for (Transfer& transfer : round) {
      io_uring_sqe* entry = io_uring_get_sqe(&ring_);
      TURDB_CHECK(entry != nullptr);  // a round is no longer than the queue, and the queue is empty before it
      if (write) {
        io_uring_prep_write(entry, descriptor, transfer.data, transfer.size_bytes, transfer.offset);
      } else {
        io_uring_prep_read(entry, descriptor, transfer.data, transfer.size_bytes, transfer.offset);
      }
      io_uring_sqe_set_data(entry, &transfer);
    }
    // The kernel holds pointers into the caller's buffers until each completion is seen, so nothing short of
    // all of them lets this function return. A submission that fails leaves its entries in the queue: again.
    const auto count = static_cast<unsigned>(round.size());
    for (unsigned seen = 0; seen < count;) {
      const int submitted = io_uring_submit_and_wait(&ring_, 1);
      TURDB_CHECK(submitted >= 0 || submitted == -EINTR || submitted == -EAGAIN || submitted == -EBUSY) << submitted;
      io_uring_cqe* completion = nullptr;
      while (seen < count && io_uring_peek_cqe(&ring_, &completion) == 0) {
        static_cast<Transfer*>(io_uring_cqe_get_data(completion))->result = completion->res;
        io_uring_cqe_seen(&ring_, completion);
        ++seen;
      }
    }
  }

  io_uring ring_ = {};
  bool open_ = false;
};

#else

class Ring {
 public:
  static std::unique_ptr<Ring> Create() { return nullptr; }
  void Run(int, bool, std::span<Transfer>) {}
};

#endif

RingPool::RingPool() = default;
RingPool::~RingPool() = default;

std::unique_ptr<Ring> RingPool::Borrow() {
  const std::lock_guard<std::mutex> lock(mu_);
  if (!idle_.empty()) {
    std::unique_ptr<Ring> ring = std::move(idle_.back());
    idle_.pop_back();
    return ring;
  }
  if (refused_ || ring_count_ == kMaxRings) return nullptr;
  std::unique_ptr<Ring> ring = Ring::Create();
  if (ring == nullptr) {
    refused_ = true;
  } else {
    ++ring_count_;
  }
  return ring;
}

void RingPool::Return(std::unique_ptr<Ring> ring) {
  const std::lock_guard<std::mutex> lock(mu_);
  idle_.push_back(std::move(ring));
}

bool RingPool::Run(int descriptor, bool write, std::span<Transfer> transfers) {
  std::unique_ptr<Ring> ring = Borrow();
  if (ring == nullptr) return false;
  ring->Run(descriptor, write, transfers);
  Return(std::move(ring));
  return true;
}

}  // namespace turdb::os
