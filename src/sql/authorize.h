// What the host allows a statement to do (CompileContext::authorize).
#ifndef TURDB_SQL_AUTHORIZE_H_
#define TURDB_SQL_AUTHORIZE_H_

#include <string_view>

#include "base/status.h"
#include "sql/compile.h"

namespace turdb::sql {

// Errors: 42501, naming what was asked for.
base::StatusOr<AccessAnswer> Ask(const CompileContext& context, const AccessRequest& request);
base::Status AuthorizeCommand(const CompileContext& context, const Command& command);
base::Status AuthorizeFile(const CompileContext& context, std::string_view path);

}  // namespace turdb::sql

#endif  // TURDB_SQL_AUTHORIZE_H_
