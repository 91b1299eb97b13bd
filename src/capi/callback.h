// Functions of the host and what they are called with.
#ifndef TURDB_CAPI_CALLBACK_H_
#define TURDB_CAPI_CALLBACK_H_

#include <memory>
#include <utility>

namespace turdb::capi {

// What the host hands over: destroyed exactly once, when nothing needs it any more, also when there is no memory for this.
inline std::shared_ptr<void> AdoptedData(void* user_data, void (*destroy)(void* user_data)) {
  return std::shared_ptr<void>(user_data, [destroy](void* data) {
    if (destroy != nullptr) destroy(data);
  });
}

// Calls the host. Nothing that it throws passes: `otherwise` is the answer then.
template <typename Answer, typename Call>
Answer CallHost(Answer otherwise, Call&& call) noexcept {
  try {
    return call();
  } catch (...) {
    return otherwise;
  }
}

}  // namespace turdb::capi

#endif  // TURDB_CAPI_CALLBACK_H_
