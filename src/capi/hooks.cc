// Hooks: what the host is told of, or asked about, while a connection works.
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "capi/callback.h"
#include "capi/handles.h"
#include "capi/packed.h"
#include "capi/value.h"
#include "engine/hooks.h"
#include "vec/any.h"

using turdb::base::Status;
using turdb::capi::CallHost;
using turdb::engine::Connection;
using turdb::engine::Hooks;
using turdb::engine::TraceEvent;
using turdb::sql::AccessAnswer;
using turdb::sql::AccessKind;
using turdb::sql::AccessRequest;

// On the stack of the call that hands it to the host.
struct turdb_change {
  const turdb::exec::RowChanges* changes;
  const Connection* connection;
  std::deque<std::string> texts;  // that were asked for
};

struct turdb_trace {
  const TraceEvent* event;
  std::string expanded;
  turdb_error* error = nullptr;
};

namespace {

// Sets a hook, or takes it away when `hook` is null. `make(data)` gives the function to be set.
template <typename Function, typename Make>
turdb_status SetHook(turdb_conn* conn, Function Hooks::*which, bool is_null, void* user_data, void (*destroy)(void* user_data),
                     turdb_error** error, Make&& make) noexcept {
  std::shared_ptr<void> data;
  const turdb_status adopted = turdb::capi::Guarded(error, [&] {
    data = turdb::capi::AdoptedData(user_data, destroy);
    return absl::OkStatus();
  });
  if (adopted != TURDB_OK) return adopted;
  if (conn == nullptr) return turdb::capi::ReportMisuse("conn is NULL", error);
  return turdb::capi::Inside(*conn->connection, error, [&]() -> Status {
    conn->connection->SetHook(which, is_null ? Function() : Function(make(std::move(data))));
    return absl::OkStatus();
  });
}

const turdb::vec::Chunk* RowsOf(const turdb_change* change, bool new_row) {
  if (change == nullptr) return nullptr;
  return new_row ? change->changes->new_rows : change->changes->old_rows;
}

// The column with the value; null when there is none.
const turdb::vec::Vector* ColumnOf(const turdb_change* change, bool new_row, int64_t row, int64_t column) {
  const turdb::vec::Chunk* const rows = RowsOf(change, new_row);
  if (rows == nullptr || row < 0 || row >= rows->size() || column < 0) return nullptr;
  if (column >= static_cast<int64_t>(rows->column_count())) return nullptr;
  return &rows->column(static_cast<size_t>(column));
}

turdb::vec::Value ValueOf(const turdb_change* change, bool new_row, int64_t row, int64_t column) {
  const turdb::vec::Vector* const vector = ColumnOf(change, new_row, row, column);
  if (vector == nullptr) return turdb::vec::Value();
  turdb::vec::Value value = vector->GetValue(static_cast<size_t>(row));
  if (!value.is_null() && value.type().id == turdb::vec::TypeId::kAny) return turdb::vec::DecodeAny(value.bytes());
  return value;
}

// NUL-terminated, or NULL for nothing.
struct Text {
  explicit Text(std::string_view view) : text(view) {}
  const char* get() const { return text.empty() ? nullptr : text.c_str(); }
  std::string text;
};

int32_t ActionOf(AccessKind kind) {
  switch (kind) {
    case AccessKind::kRead:
      return TURDB_ACTION_READ;
    case AccessKind::kInsert:
      return TURDB_ACTION_INSERT;
    case AccessKind::kUpdate:
      return TURDB_ACTION_UPDATE;
    case AccessKind::kDelete:
      return TURDB_ACTION_DELETE;
    case AccessKind::kFunction:
      return TURDB_ACTION_FUNCTION;
    case AccessKind::kCreate:
      return TURDB_ACTION_CREATE;
    case AccessKind::kAlter:
      return TURDB_ACTION_ALTER;
    case AccessKind::kDrop:
      return TURDB_ACTION_DROP;
    case AccessKind::kTransaction:
      return TURDB_ACTION_TRANSACTION;
    case AccessKind::kSetting:
      return TURDB_ACTION_SETTING;
    case AccessKind::kFile:
      return TURDB_ACTION_FILE;
    case AccessKind::kMaintenance:
      return TURDB_ACTION_MAINTENANCE;
  }
  return 0;
}

}  // namespace

extern "C" {

turdb_status turdb_conn_set_commit_hook(turdb_conn* conn, turdb_commit_hook hook, void* user_data,
                                        void (*destroy)(void* user_data), turdb_error** error) {
  return SetHook(conn, &Hooks::commit, hook == nullptr, user_data, destroy, error, [hook](std::shared_ptr<void> data) {
    return [hook, data = std::move(data)] { return CallHost(true, [&] { return hook(data.get()); }); };
  });
}

turdb_status turdb_conn_set_rollback_hook(turdb_conn* conn, turdb_rollback_hook hook, void* user_data,
                                          void (*destroy)(void* user_data), turdb_error** error) {
  return SetHook(conn, &Hooks::rollback, hook == nullptr, user_data, destroy, error, [hook](std::shared_ptr<void> data) {
    return [hook, data = std::move(data)] {
      CallHost(false, [&] {
        hook(data.get());
        return true;
      });
    };
  });
}

turdb_status turdb_conn_set_change_hook(turdb_conn* conn, turdb_change_hook hook, void* user_data,
                                        void (*destroy)(void* user_data), turdb_error** error) {
  const Connection* const connection = conn == nullptr ? nullptr : conn->connection.get();
  return SetHook(conn, &Hooks::change, hook == nullptr, user_data, destroy, error, [&](std::shared_ptr<void> data) {
    return [hook, connection, data = std::move(data)](const turdb::exec::RowChanges& changes) {
      turdb_change change{&changes, connection, {}};
      return CallHost(true, [&] { return hook(data.get(), &change); });
    };
  });
}

// ---- changed rows

int32_t turdb_change_operation(const turdb_change* change) {
  if (change == nullptr) return 0;
  switch (change->changes->kind) {
    case turdb::exec::ChangeKind::kInsert:
      return TURDB_CHANGE_INSERT;
    case turdb::exec::ChangeKind::kUpdate:
      return TURDB_CHANGE_UPDATE;
    case turdb::exec::ChangeKind::kDelete:
      return TURDB_CHANGE_DELETE;
  }
  return 0;
}

const char* turdb_change_schema(const turdb_change* change) {
  return change == nullptr ? nullptr : change->changes->schema->schema_name.c_str();
}

const char* turdb_change_table(const turdb_change* change) {
  return change == nullptr ? nullptr : change->changes->schema->name.c_str();
}

bool turdb_change_by_trigger(const turdb_change* change) { return change != nullptr && change->changes->by_trigger; }

bool turdb_change_by_foreign_key(const turdb_change* change) { return change != nullptr && change->changes->by_foreign_key; }

int64_t turdb_change_row_count(const turdb_change* change) { return change == nullptr ? 0 : change->changes->count; }

int64_t turdb_change_column_count(const turdb_change* change) {
  return change == nullptr ? 0 : static_cast<int64_t>(change->changes->schema->columns.size());
}

const char* turdb_change_column_name(const turdb_change* change, int64_t column) {
  if (column < 0 || column >= turdb_change_column_count(change)) return nullptr;
  return change->changes->schema->columns[static_cast<size_t>(column)].name.c_str();
}

bool turdb_change_column_is_key(const turdb_change* change, int64_t column) {
  if (change == nullptr) return false;
  for (const turdb::table::IndexPart& part : change->changes->schema->primary_key) {
    if (part.column == column) return true;
  }
  return false;
}

int32_t turdb_change_value_type(const turdb_change* change, bool new_row, int64_t row, int64_t column) {
  return CallHost(int32_t{TURDB_TYPE_NULL}, [&] {
    const turdb::vec::Value value = ValueOf(change, new_row, row, column);
    return value.is_null() ? int32_t{TURDB_TYPE_NULL} : turdb::capi::PublicType(value.type().id);
  });
}

int64_t turdb_change_value_int64(const turdb_change* change, bool new_row, int64_t row, int64_t column) {
  return CallHost(int64_t{0}, [&] { return turdb::capi::Int64Of(ValueOf(change, new_row, row, column)); });
}

double turdb_change_value_double(const turdb_change* change, bool new_row, int64_t row, int64_t column) {
  return CallHost(0.0, [&] { return turdb::capi::DoubleOf(ValueOf(change, new_row, row, column)); });
}

const char* turdb_change_value_text(turdb_change* change, bool new_row, int64_t row, int64_t column, int64_t* size_bytes) {
  if (size_bytes != nullptr) *size_bytes = 0;
  return CallHost(static_cast<const char*>(nullptr), [&]() -> const char* {
    const turdb::vec::Value value = ValueOf(change, new_row, row, column);
    if (value.is_null()) return nullptr;
    const bool is_bytes = turdb::vec::IsText(value.type().id) || value.type().id == turdb::vec::TypeId::kBlob;
    const std::string& text =
        change->texts.emplace_back(is_bytes ? value.bytes() : value.ToString(&change->connection->text()));
    if (size_bytes != nullptr) *size_bytes = static_cast<int64_t>(text.size());
    return text.c_str();
  });
}

turdb_status turdb_change_pack(const turdb_change* change, bool new_row, int64_t row, uint8_t* data, int64_t size_bytes,
                               int64_t* out_size_bytes, turdb_error** error) {
  if (out_size_bytes == nullptr || (data == nullptr && size_bytes != 0) || size_bytes < 0) {
    return turdb::capi::ReportMisuse("turdb_change_pack: data or out_size_bytes is NULL", error);
  }
  *out_size_bytes = 0;
  const turdb::vec::Chunk* const rows = RowsOf(change, new_row);
  if (rows == nullptr || row < 0 || row >= rows->size()) {
    return turdb::capi::ReportMisuse("turdb_change_pack: there is no such row", error);
  }
  return turdb::capi::Guarded(error, [&] {
    *out_size_bytes = static_cast<int64_t>(turdb::capi::PackRow(*rows, static_cast<size_t>(row), change->connection->text(),
                                                                data, static_cast<size_t>(size_bytes)));
    return absl::OkStatus();
  });
}

// ---- tracing

turdb_status turdb_conn_set_trace(turdb_conn* conn, turdb_trace_hook hook, void* user_data, void (*destroy)(void* user_data),
                                  turdb_error** error) {
  return SetHook(conn, &Hooks::trace, hook == nullptr, user_data, destroy, error, [hook](std::shared_ptr<void> data) {
    return [hook, data = std::move(data)](const TraceEvent& event) {
      turdb_trace trace{&event, {}, nullptr};
      CallHost(false, [&] {
        hook(data.get(), &trace);
        return true;
      });
      turdb_error_free(trace.error);
    };
  });
}

bool turdb_trace_begins(const turdb_trace* trace) { return trace != nullptr && trace->event->begins; }

int64_t turdb_trace_execution(const turdb_trace* trace) {
  return trace == nullptr ? 0 : static_cast<int64_t>(trace->event->execution);
}

const char* turdb_trace_sql(const turdb_trace* trace) {
  return trace == nullptr ? nullptr : trace->event->statement->sql().c_str();
}

const char* turdb_trace_expanded_sql(turdb_trace* trace) {
  return CallHost(static_cast<const char*>(nullptr), [&]() -> const char* {
    if (trace == nullptr) return nullptr;
    if (trace->expanded.empty()) trace->expanded = trace->event->statement->ExpandedSql();
    return trace->expanded.c_str();
  });
}

turdb_status turdb_trace_status(const turdb_trace* trace) {
  if (trace == nullptr || trace->event->status == nullptr) return TURDB_OK;
  return turdb::capi::StatusCode(*trace->event->status);
}

const turdb_error* turdb_trace_error(turdb_trace* trace) {
  if (trace == nullptr || trace->event->status == nullptr || trace->event->status->ok()) return nullptr;
  return CallHost(static_cast<const turdb_error*>(nullptr), [&]() -> const turdb_error* {
    if (trace->error == nullptr) turdb::capi::Report(*trace->event->status, &trace->error);
    return trace->error;
  });
}

int64_t turdb_trace_nanos(const turdb_trace* trace) { return trace == nullptr ? 0 : trace->event->nanos; }
int64_t turdb_trace_rows(const turdb_trace* trace) { return trace == nullptr ? 0 : trace->event->rows; }
int64_t turdb_trace_changes(const turdb_trace* trace) { return trace == nullptr ? 0 : trace->event->changes; }

// ---- the authorizer

turdb_status turdb_conn_set_authorizer(turdb_conn* conn, turdb_authorizer authorizer, void* user_data,
                                       void (*destroy)(void* user_data), turdb_error** error) {
  return SetHook(
      conn, &Hooks::authorize, authorizer == nullptr, user_data, destroy, error, [authorizer](std::shared_ptr<void> data) {
        return [authorizer, data = std::move(data)](const AccessRequest& request) {
          const Text schema(request.schema), object(request.object), column(request.column), accessor(request.accessor);
          const int32_t answer = CallHost(int32_t{TURDB_DENY}, [&] {
            return authorizer(data.get(), ActionOf(request.kind), schema.get(), object.get(), column.get(), accessor.get());
          });
          if (answer == TURDB_ALLOW) return AccessAnswer::kAllow;
          return answer == TURDB_IGNORE ? AccessAnswer::kIgnore : AccessAnswer::kDeny;
        };
      });
}

}  // extern "C"
