// Errors as a person wants to see them: SQLSTATE and message, the line of SQL with a caret below the place, what
// to do, and what was being done.
#ifndef TURDB_TOOLS_SHELL_ERROR_REPORT_H_
#define TURDB_TOOLS_SHELL_ERROR_REPORT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "turdb.h"

namespace turdb::shell {

struct ErrorText {
  std::string sqlstate;
  std::string message;
  std::string hint;                 // empty when there is none
  int64_t position = -1;            // byte offset into the SQL; -1 when there is none
  std::vector<std::string> frames;  // outermost first
};
ErrorText TextOf(const turdb_error* error);

// `source` names where `sql` came from ("setup.sql"; empty: typed in) and `line` where it starts there.
std::string Report(const ErrorText& error, std::string_view sql, std::string_view source, int64_t line, bool color);

}  // namespace turdb::shell

#endif  // TURDB_TOOLS_SHELL_ERROR_REPORT_H_
