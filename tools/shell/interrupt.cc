#include "shell/interrupt.h"

#include <unistd.h>
#include <csignal>
#include <cstdlib>

namespace turdb::shell {
namespace {

constexpr int64_t kWatchEveryMs = 50;
constexpr int kImpatient = 3;  // presses that end the process

volatile std::sig_atomic_t presses = 0;

extern "C" void OnInterrupt(int) {
  presses = presses + 1;
  if (presses >= kImpatient) _exit(130);
}

bool AskInterrupted(void*) { return presses > 0; }

}  // namespace

void CatchInterrupts() {
  struct sigaction action = {};
  action.sa_handler = OnInterrupt;
  sigaction(SIGINT, &action, nullptr);  // no SA_RESTART: a prompt that waits for a line must wake
}

void ClearInterrupt() { presses = 0; }
bool Interrupted() { return presses > 0; }
void WatchInterrupts(turdb_conn* conn) { turdb_conn_set_progress(conn, kWatchEveryMs, AskInterrupted, nullptr, nullptr); }

}  // namespace turdb::shell
