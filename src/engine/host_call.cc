#include "engine/host_call.h"

namespace turdb::engine {
namespace {

thread_local const HostCall* innermost = nullptr;

}  // namespace

HostCall::HostCall(const Database* of) : of_(of), outer_(innermost) { innermost = this; }
HostCall::~HostCall() { innermost = outer_; }

bool HostCall::IsFrom(const Database& database) {
  for (const HostCall* call = innermost; call != nullptr; call = call->outer_) {
    if (call->of_ == &database) return true;
  }
  return false;
}

}  // namespace turdb::engine
