#include <cstdlib>
#include <cstring>

#include "adbc/handles.h"

namespace turdb::adbc {
namespace {

struct ErrorData {
  std::vector<std::pair<std::string, std::string>> details;
};

void ReleaseError(AdbcError* error) {
  std::free(error->message);
  error->message = nullptr;
  if (error->vendor_code == kVendorCodePrivateData) {
    delete static_cast<ErrorData*>(error->private_data);
    error->private_data = nullptr;
  }
  error->release = nullptr;
}

bool HasDetails(const AdbcError* error) {
  return error != nullptr && error->release == ReleaseError && error->vendor_code == kVendorCodePrivateData &&
         error->private_data != nullptr;
}

void Set(AdbcError* error, std::string_view message, std::string_view sqlstate) {
  if (error->release != nullptr) error->release(error);
  error->message = static_cast<char*>(std::malloc(message.size() + 1));
  if (error->message != nullptr) {
    std::memcpy(error->message, message.data(), message.size());
    error->message[message.size()] = '\0';
  }
  std::memset(error->sqlstate, 0, sizeof error->sqlstate);
  if (sqlstate.size() == sizeof error->sqlstate) std::memcpy(error->sqlstate, sqlstate.data(), sizeof error->sqlstate);
  if (error->vendor_code == kVendorCodePrivateData) error->private_data = nullptr;
  error->release = ReleaseError;
}

}  // namespace

AdbcStatusCode Fail(AdbcError* error, AdbcStatusCode code, std::string_view message, std::string_view sqlstate) {
  if (error != nullptr) Set(error, message, sqlstate);
  return code;
}

AdbcStatusCode CodeOf(const turdb_error* error) {
  const std::string_view sqlstate = turdb_error_sqlstate(error);
  switch (turdb_error_status(error)) {
    case TURDB_MISUSE:
    case TURDB_READ_ONLY:
      return kInvalidState;
    case TURDB_CONSTRAINT:
      return kIntegrity;
    case TURDB_DATA:
      return kInvalidData;
    case TURDB_BUSY:
      return kTimeout;
    case TURDB_CONFLICT:
    case TURDB_LOCKED:
    case TURDB_IO:
    case TURDB_FULL:
    case TURDB_CORRUPT:
      return kIo;
    case TURDB_INTERRUPTED:
      return kCancelled;
    case TURDB_NO_MEMORY:
    case TURDB_INTERNAL:
      return kInternal;
    case TURDB_UNSUPPORTED:
      return kNotImplemented;
    case TURDB_NOT_FOUND:
      return kNotFound;
    default:
      break;
  }
  for (const std::string_view missing : {"42P01", "42703", "3F000", "42704", "42883"}) {
    if (sqlstate == missing) return kNotFound;
  }
  for (const std::string_view duplicate : {"42P07", "42P06", "42701", "42710"}) {
    if (sqlstate == duplicate) return kAlreadyExists;
  }
  return sqlstate.substr(0, 2) == "25" || sqlstate == "24000" ? kInvalidState : kInvalidArgument;
}

AdbcStatusCode FailWith(AdbcError* error, const turdb_error* from) {
  const AdbcStatusCode code = CodeOf(from);
  if (error == nullptr) return code;
  std::string message = turdb_error_message(from);
  // Clients of 1.0 see the message only.
  for (int64_t i = turdb_error_frame_count(from); i > 0; --i) message += std::string("; ") + turdb_error_frame(from, i - 1);
  if (turdb_error_hint(from) != nullptr) message += std::string(" (") + turdb_error_hint(from) + ")";
  Set(error, message, turdb_error_sqlstate(from));
  if (error->vendor_code != kVendorCodePrivateData) {
    error->vendor_code = turdb_error_status(from);
    return code;
  }
  auto data = std::make_unique<ErrorData>();
  data->details.emplace_back("turdb.status", turdb_status_name(turdb_error_status(from)));
  data->details.emplace_back("turdb.message", turdb_error_message(from));
  if (turdb_error_hint(from) != nullptr) data->details.emplace_back("turdb.hint", turdb_error_hint(from));
  if (turdb_error_position(from) >= 0) {
    data->details.emplace_back("turdb.position", std::to_string(turdb_error_position(from)));
  }
  for (int64_t i = 0; i < turdb_error_frame_count(from); ++i) {
    data->details.emplace_back("turdb.context", turdb_error_frame(from, i));
  }
  if (turdb_error_can_retry(from)) data->details.emplace_back("turdb.can_retry", kEnabled);
  error->private_data = data.release();
  return code;
}

int ErrorDetailCount(const AdbcError* error) {
  return HasDetails(error) ? static_cast<int>(static_cast<ErrorData*>(error->private_data)->details.size()) : 0;
}

AdbcErrorDetail ErrorDetail(const AdbcError* error, int index) {
  if (index < 0 || index >= ErrorDetailCount(error)) return {nullptr, nullptr, 0};
  const auto& [key, value] = static_cast<ErrorData*>(error->private_data)->details[static_cast<size_t>(index)];
  return {key.c_str(), reinterpret_cast<const uint8_t*>(value.data()), value.size()};
}

// ---- queries

std::optional<std::string> TextAt(turdb_stmt* row, int64_t column) {
  int64_t size_bytes = 0;
  const char* const text = turdb_stmt_column_text(row, column, &size_bytes);
  if (text == nullptr) return std::nullopt;
  return std::string(text, static_cast<size_t>(size_bytes));
}

AdbcStatusCode Query(turdb_conn* conn, std::string_view sql, const std::vector<std::optional<std::string>>& parameters,
                     const std::function<void(turdb_stmt* row)>& visit, AdbcError* error) {
  turdb_stmt* raw = nullptr;
  TURDB_ADBC_TRY(Try(error, [&](turdb_error** failure) {
    return turdb_stmt_prepare(conn, sql.data(), static_cast<int64_t>(sql.size()), nullptr, &raw, failure);
  }));
  const Handle<turdb_stmt> stmt(raw);
  for (size_t i = 0; i < parameters.size(); ++i) {
    const auto& value = parameters[i];
    TURDB_ADBC_TRY(Try(error, [&](turdb_error** failure) {
      return turdb_stmt_bind_text(stmt.get(), static_cast<int64_t>(i + 1), value.has_value() ? value->data() : nullptr,
                                  value.has_value() ? static_cast<int64_t>(value->size()) : 0, failure);
    }));
  }
  for (;;) {
    turdb_status step = TURDB_DONE;
    TURDB_ADBC_TRY(Try(error, [&](turdb_error** failure) { return step = turdb_stmt_step(stmt.get(), failure); }));
    if (step == TURDB_DONE) return kOk;
    visit(stmt.get());
  }
}

std::string Quoted(std::string_view name) {
  std::string quoted(1, '"');
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  quoted += '"';
  return quoted;
}

}  // namespace turdb::adbc
