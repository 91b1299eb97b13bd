#include "storage/latch_delay.h"

#ifdef TURDB_LATCH_DELAYS

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

namespace turdb::storage {

// Mostly nothing, often a little spinning, sometimes the processor goes to somebody else, rarely it stays away.
void LatchDelay() noexcept {
  static thread_local uint64_t state = reinterpret_cast<uintptr_t>(&state) | 1;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  const uint64_t draw = state % 1024;
  if (draw < 32) {
    for (uint64_t spins = state % 512; spins > 0; --spins)
      std::atomic_signal_fence(std::memory_order_seq_cst);  // not optimised away
  } else if (draw < 36) {
    std::this_thread::yield();
  } else if (draw == 36 && state / 1024 % 16 == 0) {
    std::this_thread::sleep_for(std::chrono::microseconds(state % 100));
  }
}

}  // namespace turdb::storage

#endif
