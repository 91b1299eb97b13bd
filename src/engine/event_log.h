// What happens to a database besides what its calls return, told to a function of the host.
#ifndef TURDB_ENGINE_EVENT_LOG_H_
#define TURDB_ENGINE_EVENT_LOG_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace turdb::engine {

enum class EventLevel : uint8_t { kError = 1, kWarning = 2, kInfo = 3, kDebug = 4 };

// Thread-safe. The host is called on the thread that noticed, with no lock of this class held.
class EventLog {
 public:
  using Listener = std::function<void(EventLevel level, const std::string& message)>;

  // From now on `listener` (null: nobody) is told of what is at least as important as `least`. What happened before there was
  // one, as far as it was kept, comes at once.
  void SetListener(EventLevel least, std::shared_ptr<const Listener> listener);
  // Messages that there is no memory for are lost.
  void Write(EventLevel level, std::string message) noexcept;
  // Whether this thread is in a call of the listener.
  bool is_telling() const;

 private:
  static constexpr size_t kMostEarly = 16;
  struct Event {
    EventLevel level;
    std::string message;
  };
  void Tell(const Listener& listener, const Event& event) const;

  std::mutex mutex_;  // guards what follows
  std::shared_ptr<const Listener> listener_;
  EventLevel least_ = EventLevel::kInfo;
  bool had_listener_ = false;
  std::vector<Event> early_;  // before there was a listener
};

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_EVENT_LOG_H_
