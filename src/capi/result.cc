// Executions as Arrow batches and streams.
#include <algorithm>
#include <cerrno>
#include <optional>

#include "arrow/schema.h"
#include "capi/handles.h"

using turdb::arrow::ExportOptions;
using turdb::arrow::Field;
using turdb::base::Status;
using turdb::base::StatusOr;
using turdb::engine::Connection;
using turdb::engine::Result;
using turdb::engine::Statement;

namespace {

// The names of parameters without their mark.
std::vector<Field> ParameterFields(const Statement& statement) {
  std::vector<Field> fields;
  for (size_t i = 0; i < statement.parameter_count(); ++i) {
    const std::string& name = statement.parameter_names()[i];
    fields.push_back({name.empty() ? name : name.substr(1), statement.parameter_type(i)});
  }
  return fields;
}

// ---- streams: what a struct ArrowArrayStream of ours holds

struct StreamData {
  std::unique_ptr<Result> result;
  std::shared_ptr<Connection> connection;
  turdb_error* error = nullptr;
  ~StreamData() {
    Result::Release(std::move(result));
    turdb_error_free(error);
  }
};

StreamData* DataOf(ArrowArrayStream* stream) { return static_cast<StreamData*>(stream->private_data); }

int ErrnoOf(turdb_status status) {
  switch (status) {
    case TURDB_OK:
      return 0;
    case TURDB_NO_MEMORY:
      return ENOMEM;
    case TURDB_INTERRUPTED:
      return ECANCELED;
    case TURDB_BUSY:
    case TURDB_LOCKED:
      return EBUSY;
    case TURDB_UNSUPPORTED:
      return ENOTSUP;
    case TURDB_FULL:
      return ENOSPC;
    case TURDB_IO:
    case TURDB_CORRUPT:
      return EIO;
    default:
      return EINVAL;
  }
}

int Keep(StreamData* data, turdb_status status, turdb_error* error) {
  turdb_error_free(data->error);
  data->error = error;
  return ErrnoOf(status);
}

int StreamGetSchema(ArrowArrayStream* stream, ArrowSchema* out) {
  StreamData* const data = DataOf(stream);
  out->release = nullptr;
  turdb_error* error = nullptr;
  const turdb_status status = turdb::capi::Guarded(&error, [&]() -> Status {
    data->result->ExportSchema(out);
    return absl::OkStatus();
  });
  return Keep(data, status, error);
}

int StreamGetNext(ArrowArrayStream* stream, ArrowArray* out) {
  StreamData* const data = DataOf(stream);
  out->release = nullptr;
  turdb_error* error = nullptr;
  const turdb_status status = turdb::capi::Guarded(&error, [&]() -> Status {
    for (;;) {
      const Connection::Entry entry(*data->connection);
      if (entry.entered()) return data->result->Next(0, out);
      TURDB_RETURN_IF_ERROR(data->connection->WaitUntilFree());
    }
  });
  return Keep(data, status, error);
}

const char* StreamGetLastError(ArrowArrayStream* stream) {
  const StreamData* const data = DataOf(stream);
  return data->error == nullptr ? nullptr : turdb_error_message(data->error);
}

void StreamRelease(ArrowArrayStream* stream) {
  delete DataOf(stream);
  stream->private_data = nullptr;
  stream->release = nullptr;
}

}  // namespace

StatusOr<ExportOptions> turdb::capi::ExportOptionsOf(int64_t flags) {
  constexpr int64_t kKnown = TURDB_ARROW_STRING_VIEWS | TURDB_ARROW_NUMERIC_AS_DOUBLE | TURDB_ARROW_ANY_AS_TEXT;
  if ((flags & ~kKnown) != 0) return turdb::base::MisuseError("unknown TURDB_ARROW_* flags");
  return ExportOptions{.string_views = (flags & TURDB_ARROW_STRING_VIEWS) != 0,
                       .numeric_as_double = (flags & TURDB_ARROW_NUMERIC_AS_DOUBLE) != 0,
                       .any_as_text = (flags & TURDB_ARROW_ANY_AS_TEXT) != 0};
}

extern "C" {

turdb_status turdb_stmt_result_schema(turdb_stmt* stmt, int64_t flags, struct ArrowSchema* out, turdb_error** error) {
  if (out == nullptr) return turdb::capi::ReportMisuse("turdb_stmt_result_schema: out is NULL", error);
  out->release = nullptr;
  if (stmt == nullptr) return turdb::capi::ReportMisuse("turdb_stmt_result_schema: stmt is NULL", error);
  return turdb::capi::Inside(*stmt->statement->connection(), error, [&]() -> Status {
    TURDB_ASSIGN_OR_RETURN(ExportOptions options, turdb::capi::ExportOptionsOf(flags));
    options.types = stmt->statement->text_context().types;
    std::vector<Field> fields;
    for (size_t i = 0; i < stmt->statement->column_count(); ++i) {
      fields.push_back({stmt->statement->column_name(i), stmt->statement->column_type(i)});
    }
    turdb::arrow::Export(turdb::arrow::SchemaOf(fields, options), out);
    return absl::OkStatus();
  });
}

turdb_status turdb_stmt_parameter_schema(turdb_stmt* stmt, struct ArrowSchema* out, turdb_error** error) {
  if (out == nullptr) return turdb::capi::ReportMisuse("turdb_stmt_parameter_schema: out is NULL", error);
  out->release = nullptr;
  if (stmt == nullptr) return turdb::capi::ReportMisuse("turdb_stmt_parameter_schema: stmt is NULL", error);
  return turdb::capi::Inside(*stmt->statement->connection(), error, [&]() -> Status {
    ExportOptions options;
    options.types = stmt->statement->text_context().types;
    turdb::arrow::Export(turdb::arrow::ParameterSchemaOf(ParameterFields(*stmt->statement), options), out);
    return absl::OkStatus();
  });
}

turdb_status turdb_stmt_execute(turdb_stmt* stmt, int64_t flags, turdb_result** out, turdb_error** error) {
  if (out == nullptr) return turdb::capi::ReportMisuse("turdb_stmt_execute: out is NULL", error);
  *out = nullptr;
  if (stmt == nullptr) return turdb::capi::ReportMisuse("turdb_stmt_execute: stmt is NULL", error);
  return turdb::capi::Inside(*stmt->statement->connection(), error, [&]() -> Status {
    TURDB_ASSIGN_OR_RETURN(const ExportOptions options, turdb::capi::ExportOptionsOf(flags));
    auto handle = std::make_unique<turdb_result>();
    TURDB_ASSIGN_OR_RETURN(handle->result, Result::Run(*stmt->statement, options, std::move(stmt->parameters)));
    *out = handle.release();
    return absl::OkStatus();
  });
}

turdb_status turdb_stmt_bind_stream(turdb_stmt* stmt, struct ArrowArrayStream* stream, turdb_error** error) {
  auto owned = turdb::arrow::Owned<ArrowArrayStream>::Take(stream);
  if (stmt == nullptr) return turdb::capi::ReportMisuse("turdb_stmt_bind_stream: stmt is NULL", error);
  return turdb::capi::Inside(*stmt->statement->connection(), error, [&]() -> Status {
    stmt->parameters.reset();
    if (stream == nullptr) return absl::OkStatus();
    // Structs are what their parameters are: structs, where those are, otherwise json.
    const turdb::engine::Statement& statement = *stmt->statement;
    const auto structs = [&](size_t column, std::string_view name) -> turdb::vec::StructTypes* {
      const auto& names = statement.parameter_names();
      const auto called = [&](const std::string& each) {
        return !each.empty() && (each == name || std::string_view(each).substr(1) == name);
      };
      const auto at = std::find_if(names.begin(), names.end(), called);
      const size_t place = at == names.end() ? column : static_cast<size_t>(at - names.begin());
      return place < names.size() ? statement.connection()->StructTypesFor(statement.parameter_type(place)) : nullptr;
    };
    TURDB_ASSIGN_OR_RETURN(stmt->parameters, turdb::arrow::StreamReader::Create(std::move(owned), structs));
    return absl::OkStatus();
  });
}

turdb_status turdb_result_schema(turdb_result* result, struct ArrowSchema* out, turdb_error** error) {
  if (out == nullptr) return turdb::capi::ReportMisuse("turdb_result_schema: out is NULL", error);
  out->release = nullptr;
  if (result == nullptr || result->result == nullptr) {
    return turdb::capi::ReportMisuse("turdb_result_schema: result is NULL, or was moved into a stream", error);
  }
  return turdb::capi::Guarded(error, [&]() -> Status {
    result->result->ExportSchema(out);
    return absl::OkStatus();
  });
}

turdb_status turdb_result_next(turdb_result* result, int64_t max_rows, struct ArrowArray* out, turdb_error** error) {
  if (out == nullptr) return turdb::capi::ReportMisuse("turdb_result_next: out is NULL", error);
  out->release = nullptr;
  if (result == nullptr || result->result == nullptr) {
    return turdb::capi::ReportMisuse("turdb_result_next: result is NULL, or was moved into a stream", error);
  }
  if (max_rows < 0) return turdb::capi::ReportMisuse("turdb_result_next: max_rows is negative", error);
  const turdb_status status = turdb::capi::Inside(*result->result->connection(), error,
                                                  [&]() -> Status { return result->result->Next(max_rows, out); });
  if (status != TURDB_OK) return status;
  return out->release == nullptr ? TURDB_DONE : TURDB_ROW;
}

int64_t turdb_result_changes(const turdb_result* result) {
  return result == nullptr || result->result == nullptr ? 0 : result->result->changes();
}

turdb_status turdb_result_stream(turdb_result* result, struct ArrowArrayStream* out, turdb_error** error) {
  if (out == nullptr) return turdb::capi::ReportMisuse("turdb_result_stream: out is NULL", error);
  out->release = nullptr;
  if (result == nullptr || result->result == nullptr) {
    return turdb::capi::ReportMisuse("turdb_result_stream: result is NULL, or was moved into a stream", error);
  }
  return turdb::capi::Guarded(error, [&]() -> Status {
    auto data = std::make_unique<StreamData>();
    data->connection = result->result->connection();
    data->result = std::move(result->result);
    *out = ArrowArrayStream{StreamGetSchema, StreamGetNext, StreamGetLastError, StreamRelease, data.release()};
    return absl::OkStatus();
  });
}

void turdb_result_free(turdb_result* result) {
  if (result == nullptr) return;
  Result::Release(std::move(result->result));
  delete result;
}

turdb_status turdb_stream_error(const struct ArrowArrayStream* stream, turdb_error** out) {
  if (out == nullptr) return TURDB_MISUSE;
  *out = nullptr;
  if (stream == nullptr || stream->release != StreamRelease) return TURDB_MISUSE;
  const turdb_error* const error = static_cast<const StreamData*>(stream->private_data)->error;
  if (error == nullptr) return TURDB_OK;
  try {
    *out = new turdb_error(*error);
    (*out)->is_static = false;
  } catch (const std::bad_alloc&) {
    turdb::capi::ReportNoMemory(out);
  }
  return TURDB_OK;
}

}  // extern "C"
