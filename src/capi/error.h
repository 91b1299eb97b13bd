// absl::Status becomes turdb_status and turdb_error; nothing thrown passes this line.
#ifndef TURDB_CAPI_ERROR_H_
#define TURDB_CAPI_ERROR_H_

#include <new>
#include <string>
#include <vector>

#include "base/status.h"
#include "turdb.h"

struct turdb_error {
  turdb_status status = TURDB_OK;
  int64_t position = -1;
  bool can_retry = false;
  bool is_static = false;  // the out-of-memory error: never freed
  std::string sqlstate;
  std::string message;
  std::string hint;
  std::vector<std::string> frames;  // outermost first
};

namespace turdb::capi {

// What the SQLSTATE of `status` is among the turdb_status values.
turdb_status StatusCode(const base::Status& status);

// Fills *error (when asked for) and returns the code. OK gives TURDB_OK and leaves *error NULL.
turdb_status Report(const base::Status& status, turdb_error** error);
turdb_status ReportMisuse(const char* message, turdb_error** error);
// Needs no memory: gives the static error.
turdb_status ReportNoMemory(turdb_error** error);

// Runs `body`, which returns a base::Status, at the boundary of the C interface: clears *error first and
// turns std::bad_alloc and any other exception of a library into an error.
template <typename Body>
turdb_status Guarded(turdb_error** error, Body&& body) noexcept {
  if (error != nullptr) *error = nullptr;
  try {
    const base::Status status = body();
    return status.ok() ? TURDB_OK : Report(status, error);
  } catch (const std::bad_alloc&) {
    return ReportNoMemory(error);
  } catch (const std::exception& e) {
    try {
      return Report(base::InternalError(e.what()), error);
    } catch (...) {
      return ReportNoMemory(error);
    }
  }
}

}  // namespace turdb::capi

#endif  // TURDB_CAPI_ERROR_H_
