// Short formatted text, made in a buffer: Abseil's StrFormat ends the process when its string runs out of memory.
#ifndef TURDB_BASE_FORMAT_H_
#define TURDB_BASE_FORMAT_H_

#include <cstddef>
#include <string>

#include "absl/strings/str_format.h"
#include "base/check.h"

namespace turdb::base {

// REQUIRES: the text has less than 128 bytes.
template <typename... Args>
void AppendFormat(std::string* out, const absl::FormatSpec<Args...>& format, const Args&... args) {
  char text[128];
  const int size = absl::SNPrintF(text, sizeof(text), format, args...);
  TURDB_CHECK(size >= 0 && static_cast<size_t>(size) < sizeof(text));
  out->append(text, static_cast<size_t>(size));
}
template <typename... Args>
std::string Format(const absl::FormatSpec<Args...>& format, const Args&... args) {
  std::string text;
  AppendFormat(&text, format, args...);
  return text;
}

}  // namespace turdb::base

#endif  // TURDB_BASE_FORMAT_H_
