// turdb check, backup and recover: commands that are given a database and end.
#ifndef TURDB_TOOLS_SHELL_MAINTENANCE_H_
#define TURDB_TOOLS_SHELL_MAINTENANCE_H_

#include <optional>
#include <string>

#include "shell/handles.h"

namespace turdb::shell {

// The exit code, when argv[1] is one of these commands and what follows are its operands.
std::optional<int> RunMaintenance(int argc, char** argv);

// Copies the database into the directory `target`, with a progress bar on a terminal. False: `error` says why.
bool BackUp(turdb_db* db, const std::string& target, ErrorHandle& error);

}  // namespace turdb::shell

#endif  // TURDB_TOOLS_SHELL_MAINTENANCE_H_
