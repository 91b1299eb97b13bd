// Ctrl-C while a statement runs stops the statement, not the shell; pressed again before that took effect, the
// process. A signal knows no object, so this is the one place with state of the whole process.
#ifndef TURDB_TOOLS_SHELL_INTERRUPT_H_
#define TURDB_TOOLS_SHELL_INTERRUPT_H_

#include "turdb.h"

namespace turdb::shell {

// From now on SIGINT is noted.
void CatchInterrupts();
// Forgets what was noted.
void ClearInterrupt();
bool Interrupted();
// Statements of `conn` end soon after an interrupt was noted.
void WatchInterrupts(turdb_conn* conn);

}  // namespace turdb::shell

#endif  // TURDB_TOOLS_SHELL_INTERRUPT_H_
