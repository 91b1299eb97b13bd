#include "capi/error.h"

#include <string_view>

namespace turdb::capi {
namespace {

turdb_error* NoMemoryError() {
  // Made when the library is loaded, so that reporting needs no memory.
  static turdb_error* const error = [] {
    static turdb_error made;
    made.status = TURDB_NO_MEMORY;
    made.sqlstate = "53200";
    made.message = "out of memory";
    made.hint = "raise memory_limit, or free memory of the machine";
    made.is_static = true;
    return &made;
  }();
  return error;
}
const turdb_error* const kMadeAtLoad = NoMemoryError();

}  // namespace

turdb_status StatusCode(const base::Status& status) {
  if (status.ok()) return TURDB_OK;
  const base::SqlState sqlstate = base::GetSqlState(status);
  const std::string_view state = sqlstate.view();
  const std::string_view state_class = state.substr(0, 2);
  if (state == "HY010") return TURDB_MISUSE;
  if (state == "02000") return TURDB_NOT_FOUND;
  if (state == "55000") return TURDB_LOCKED;
  if (state == "25006") return TURDB_READ_ONLY;
  if (state == "0A000") return TURDB_UNSUPPORTED;
  if (state == "40001" || state == "40P01") return TURDB_CONFLICT;
  if (state == "55P03" || state == "55006") return TURDB_BUSY;
  if (state == "57014") return TURDB_INTERRUPTED;
  if (state == "53100") return TURDB_FULL;
  if (state == "53200" || state == "53000") return TURDB_NO_MEMORY;
  if (state_class == "38") return TURDB_IO;  // what the host's streams say
  if (state_class == "58") return status.code() == absl::StatusCode::kNotFound ? TURDB_NOT_FOUND : TURDB_IO;
  if (state == "XX001" || state == "XX002") return TURDB_CORRUPT;
  if (state_class == "XX") return status.code() == absl::StatusCode::kResourceExhausted ? TURDB_NO_MEMORY : TURDB_INTERNAL;
  if (state_class == "54") return TURDB_LIMIT;
  if (state_class == "23") return TURDB_CONSTRAINT;
  if (state_class == "22") return TURDB_DATA;
  if (state == "42704" && status.code() == absl::StatusCode::kNotFound) return TURDB_NOT_FOUND;
  return TURDB_ERROR;
}

turdb_status Report(const base::Status& status, turdb_error** error) {
  if (status.ok()) return TURDB_OK;
  const turdb_status code = StatusCode(status);
  if (error != nullptr) {
    auto* made = new turdb_error;
    *error = made;
    made->status = code;
    made->position = base::GetPosition(status).value_or(-1);
    made->can_retry = base::CanRetry(status);
    made->sqlstate = std::string(base::GetSqlState(status).view());
    made->message = std::string(status.message());
    made->hint = base::GetHint(status);
    made->frames = base::GetFrames(status);
  }
  return code;
}

turdb_status ReportMisuse(const char* message, turdb_error** error) {
  return Guarded(error, [message] { return base::MisuseError(message); });
}

turdb_status ReportNoMemory(turdb_error** error) {
  if (error != nullptr) {
    if (*error != nullptr) turdb_error_free(*error);
    *error = NoMemoryError();
  }
  return TURDB_NO_MEMORY;
}

}  // namespace turdb::capi

extern "C" {

turdb_status turdb_error_status(const turdb_error* error) { return error == nullptr ? TURDB_OK : error->status; }

const char* turdb_error_sqlstate(const turdb_error* error) { return error == nullptr ? "00000" : error->sqlstate.c_str(); }

const char* turdb_error_message(const turdb_error* error) { return error == nullptr ? "" : error->message.c_str(); }

const char* turdb_error_hint(const turdb_error* error) {
  return error == nullptr || error->hint.empty() ? nullptr : error->hint.c_str();
}

int64_t turdb_error_position(const turdb_error* error) { return error == nullptr ? -1 : error->position; }

int64_t turdb_error_frame_count(const turdb_error* error) {
  return error == nullptr ? 0 : static_cast<int64_t>(error->frames.size());
}

const char* turdb_error_frame(const turdb_error* error, int64_t index) {
  if (index < 0 || index >= turdb_error_frame_count(error)) return nullptr;
  return error->frames[static_cast<size_t>(index)].c_str();
}

bool turdb_error_can_retry(const turdb_error* error) { return error != nullptr && error->can_retry; }

void turdb_error_free(turdb_error* error) {
  if (error != nullptr && !error->is_static) delete error;
}

const char* turdb_status_name(turdb_status status) {
  switch (status) {
    case TURDB_OK:
      return "TURDB_OK";
    case TURDB_ROW:
      return "TURDB_ROW";
    case TURDB_DONE:
      return "TURDB_DONE";
    case TURDB_ERROR:
      return "TURDB_ERROR";
    case TURDB_MISUSE:
      return "TURDB_MISUSE";
    case TURDB_CONSTRAINT:
      return "TURDB_CONSTRAINT";
    case TURDB_DATA:
      return "TURDB_DATA";
    case TURDB_CONFLICT:
      return "TURDB_CONFLICT";
    case TURDB_BUSY:
      return "TURDB_BUSY";
    case TURDB_LOCKED:
      return "TURDB_LOCKED";
    case TURDB_INTERRUPTED:
      return "TURDB_INTERRUPTED";
    case TURDB_READ_ONLY:
      return "TURDB_READ_ONLY";
    case TURDB_IO:
      return "TURDB_IO";
    case TURDB_FULL:
      return "TURDB_FULL";
    case TURDB_CORRUPT:
      return "TURDB_CORRUPT";
    case TURDB_NO_MEMORY:
      return "TURDB_NO_MEMORY";
    case TURDB_LIMIT:
      return "TURDB_LIMIT";
    case TURDB_UNSUPPORTED:
      return "TURDB_UNSUPPORTED";
    case TURDB_NOT_FOUND:
      return "TURDB_NOT_FOUND";
    case TURDB_INTERNAL:
      return "TURDB_INTERNAL";
    default:
      return "TURDB_UNKNOWN";
  }
}

}  // extern "C"
