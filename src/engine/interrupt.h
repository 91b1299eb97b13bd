// Who may say stop to a connection: a handle that outlives it, and may be aimed at one execution by its number.
#ifndef TURDB_ENGINE_INTERRUPT_H_
#define TURDB_ENGINE_INTERRUPT_H_

#include <atomic>
#include <cstdint>
#include <mutex>

namespace turdb::engine {

class Connection;

// Thread-safe. One a connection; those who hold it keep neither the connection nor its database.
class InterruptHandle {
 public:
  explicit InterruptHandle(Connection& connection);
  InterruptHandle(const InterruptHandle&) = delete;
  InterruptHandle& operator=(const InterruptHandle&) = delete;

  // The number of the execution that began last; 0 before the first. The next one has the next number.
  uint64_t last_execution() const { return last_execution_.load(std::memory_order_acquire); }
  // Stops what the connection runs, as Connection::Interrupt does.
  void Interrupt();
  // Stops that one: now, at its next step, or, when it is the next to begin, as it begins. One that is over stays over.
  void Interrupt(uint64_t execution);

 private:
  friend class Connection;
  void Detach();  // the connection ends: waits for those who are interrupting it

  std::mutex mutex_;
  Connection* connection_;  // null when it has ended
  const uint64_t fork_generation_;
  std::atomic<uint64_t> last_execution_{0};  // the owner's thread writes it
};

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_INTERRUPT_H_
