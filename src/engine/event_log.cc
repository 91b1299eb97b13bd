#include "engine/event_log.h"

#include <new>
#include <utility>

namespace turdb::engine {
namespace {

thread_local const EventLog* telling = nullptr;  // the innermost one on this thread

}  // namespace

bool EventLog::is_telling() const { return telling == this; }

void EventLog::Tell(const Listener& listener, const Event& event) const {
  const EventLog* const outer = std::exchange(telling, this);
  listener(event.level, event.message);
  telling = outer;
}

void EventLog::SetListener(EventLevel least, std::shared_ptr<const Listener> listener) {
  std::vector<Event> early;
  {
    const std::lock_guard lock(mutex_);
    listener_.swap(listener);  // the one before goes when the lock is free
    least_ = least;
    if (listener_ != nullptr) {
      had_listener_ = true;
      early.swap(early_);
    }
  }
  listener.reset();
  std::shared_ptr<const Listener> now;
  {
    const std::lock_guard lock(mutex_);
    now = listener_;
  }
  for (const Event& event : early) {
    if (now != nullptr && event.level <= least) Tell(*now, event);
  }
}

void EventLog::Write(EventLevel level, std::string message) noexcept {
  try {
    Event event{level, std::move(message)};
    std::shared_ptr<const Listener> listener;
    {
      const std::lock_guard lock(mutex_);
      if (!had_listener_) {
        if (early_.size() < kMostEarly) early_.push_back(std::move(event));
        return;
      }
      if (listener_ == nullptr || level > least_) return;
      listener = listener_;
    }
    if (telling == this) return;  // a listener's own doing is no news to it
    Tell(*listener, event);
  } catch (const std::bad_alloc&) {
    // Whoever is called for want of memory has said so already.
  }
}

}  // namespace turdb::engine
