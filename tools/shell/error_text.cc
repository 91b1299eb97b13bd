#include "shell/error_report.h"

namespace turdb::shell {

ErrorText TextOf(const turdb_error* error) {
  ErrorText text;
  const auto string = [](const char* value) { return std::string(value == nullptr ? "" : value); };
  text.sqlstate = string(turdb_error_sqlstate(error));
  text.message = string(turdb_error_message(error));
  text.hint = string(turdb_error_hint(error));
  text.position = turdb_error_position(error);
  for (int64_t i = 0; i < turdb_error_frame_count(error); ++i) text.frames.push_back(string(turdb_error_frame(error, i)));
  return text;
}

}  // namespace turdb::shell
