// Arrow streams as tables of a connection.
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "capi/call.h"
#include "capi/handles.h"
#include "engine/arrow_source.h"
#include "vec/utf8.h"

using turdb::arrow::Owned;
using turdb::arrow::StreamReader;
using turdb::base::Status;
using turdb::base::StatusOr;
using turdb::capi::Adopted;
using turdb::engine::ArrowSource;
using turdb::engine::Connection;

namespace {

using ReaderOr = StatusOr<std::unique_ptr<StreamReader>>;

Status HostError(int32_t code, const char* message, std::string_view name) {
  const bool canceled = code == ECANCELED || code == EINTR;
  const bool readable = message != nullptr && turdb::vec::FindInvalidUtf8(message) == std::strlen(message);
  return turdb::base::WithFrame(
      turdb::base::MakeError(canceled ? absl::StatusCode::kCancelled : absl::StatusCode::kUnavailable,
                             canceled ? turdb::base::sqlstate::kQueryCanceled : turdb::base::SqlState{"38000"},
                             readable ? message : std::strerror(code)),
      absl::StrCat("opening ", name));
}

StatusOr<std::string_view> NameOf(const char* name) {
  if (name == nullptr) return turdb::base::MisuseError("a name is NULL");
  TURDB_RETURN_IF_ERROR(turdb::vec::CheckUtf8(name));
  return std::string_view(name);
}

// A source whose streams `call` makes: 0, -1 for none, or an errno value. Null: none.
template <typename Call>
StatusOr<Connection::ExternalTablePtr> SourceOf(Connection& connection, const std::string& name, Call call) {
  bool missing = false;
  const auto structs = connection.database().catalog().struct_types();
  const auto open = [name, call, structs](bool* none) -> ReaderOr {
    Owned<ArrowArrayStream> stream;
    const char* message = nullptr;
    const int32_t code = call(stream.get(), &message);
    if (code == 0) {
      return StreamReader::Create(std::move(stream), [&](size_t, std::string_view) { return structs.get(); });
    }
    stream.get()->release = nullptr;
    *none = code == -1;
    if (code != -1) return HostError(code, message, name);
    return turdb::base::MakeError(absl::StatusCode::kNotFound, turdb::base::sqlstate::kUndefinedTable,
                                  absl::StrCat("there is no \"", name, "\" any more"));
  };
  ReaderOr first = open(&missing);
  if (missing) return Connection::ExternalTablePtr();
  if (!first.ok()) return first.status();
  const ArrowSource::Open again = [open]() -> ReaderOr {
    bool none = false;
    return open(&none);
  };
  return Connection::ExternalTablePtr(ArrowSource::Create(name, again, *std::move(first)));
}

}  // namespace

extern "C" {

turdb_status turdb_conn_register_stream(turdb_conn* conn, const char* name, struct ArrowArrayStream* stream,
                                        turdb_error** error) {
  auto owned = Owned<ArrowArrayStream>::Take(stream);
  if (conn == nullptr) return turdb::capi::ReportMisuse("turdb_conn_register_stream: conn is NULL", error);
  return turdb::capi::Inside(*conn->connection, error, [&]() -> Status {
    TURDB_ASSIGN_OR_RETURN(const std::string_view table, NameOf(name));
    TURDB_ASSIGN_OR_RETURN(auto source, ArrowSource::Create(std::string(table), std::move(owned),
                                                            *conn->connection->database().catalog().struct_types()));
    conn->connection->RegisterTable(std::string(table), std::move(source));
    return absl::OkStatus();
  });
}

turdb_status turdb_conn_register_source(turdb_conn* conn, const char* name, turdb_source_open open, void* user_data,
                                        void (*destroy)(void* user_data), turdb_error** error) {
  std::shared_ptr<void> data;
  const turdb_status adopted = turdb::capi::Guarded(error, [&] {
    data = Adopted(user_data, destroy);
    return absl::OkStatus();
  });
  if (adopted != TURDB_OK) return adopted;
  if (conn == nullptr || open == nullptr) {
    return turdb::capi::ReportMisuse("turdb_conn_register_source: conn or open is NULL", error);
  }
  return turdb::capi::Inside(*conn->connection, error, [&]() -> Status {
    TURDB_ASSIGN_OR_RETURN(const std::string_view table, NameOf(name));
    TURDB_ASSIGN_OR_RETURN(
        auto source, SourceOf(*conn->connection, std::string(table), [open, data](ArrowArrayStream* out, const char** message) {
          const int32_t code = open(data.get(), out, message);
          return code == -1 ? EINVAL : code;
        }));
    conn->connection->RegisterTable(std::string(table), std::move(source));
    return absl::OkStatus();
  });
}

turdb_status turdb_conn_unregister(turdb_conn* conn, const char* name, turdb_error** error) {
  if (conn == nullptr) return turdb::capi::ReportMisuse("turdb_conn_unregister: conn is NULL", error);
  return turdb::capi::Inside(*conn->connection, error, [&]() -> Status {
    TURDB_ASSIGN_OR_RETURN(const std::string_view table, NameOf(name));
    if (conn->connection->UnregisterTable(table)) return absl::OkStatus();
    return turdb::base::MakeError(absl::StatusCode::kNotFound, turdb::base::sqlstate::kUndefinedObject,
                                  absl::StrCat("nothing is registered under \"", table, "\""));
  });
}

turdb_status turdb_conn_set_replacement(turdb_conn* conn, turdb_source_find find, void* user_data,
                                        void (*destroy)(void* user_data), turdb_error** error) {
  std::shared_ptr<void> data;
  const turdb_status adopted = turdb::capi::Guarded(error, [&] {
    data = Adopted(user_data, destroy);
    return absl::OkStatus();
  });
  if (adopted != TURDB_OK) return adopted;
  if (conn == nullptr) return turdb::capi::ReportMisuse("turdb_conn_set_replacement: conn is NULL", error);
  return turdb::capi::Inside(*conn->connection, error, [&]() -> Status {
    if (find == nullptr) {
      conn->connection->SetReplacement(nullptr);
      return absl::OkStatus();
    }
    // It lives no longer than the connection.
    conn->connection->SetReplacement([find, data, connection = conn->connection.get()](std::string_view name) {
      const std::string table(name);
      return SourceOf(*connection, table, [find, data, table](ArrowArrayStream* out, const char** message) {
        return find(data.get(), table.c_str(), out, message);
      });
    });
    return absl::OkStatus();
  });
}

}  // extern "C"
