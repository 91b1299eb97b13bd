// A database as SQL text that makes it again.
#ifndef TURDB_TOOLS_SHELL_DUMP_H_
#define TURDB_TOOLS_SHELL_DUMP_H_

#include <cstdio>
#include <string>
#include <string_view>

#include "shell/handles.h"

namespace turdb::shell {

// Tables LIKE `pattern`, their rows, their indexes, then views, in one transaction. False: `error` says why, and
// `out` holds half a dump.
bool Dump(turdb_conn* conn, std::string_view pattern, std::FILE* out, ErrorHandle& error);

// Value `index` of the current row as SQL writes it.
std::string Literal(turdb_stmt* stmt, int64_t index);

}  // namespace turdb::shell

#endif  // TURDB_TOOLS_SHELL_DUMP_H_
