// Blobs, read and written in pieces.
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "capi/handles.h"
#include "capi/packed.h"
#include "engine/blob.h"
#include "vec/utf8.h"

using turdb::base::Status;
using turdb::base::StatusOr;
using turdb::engine::Blob;
using turdb::engine::Connection;
using turdb::vec::Value;

struct turdb_blob {
  std::unique_ptr<Blob> blob;
};

namespace {

// Runs `body(blob)`, a Status, inside the connection.
template <typename Body>
turdb_status With(turdb_blob* blob, bool needs_row, turdb_error** error, Body&& body) noexcept {
  if (blob == nullptr || blob->blob == nullptr) return turdb::capi::ReportMisuse("blob is NULL or closed", error);
  return turdb::capi::Inside(*blob->blob->connection(), error, [&]() -> Status {
    if (needs_row && !blob->blob->has_row()) {
      return turdb::base::MisuseError("the blob stands on no row: turdb_blob_reopen failed before");
    }
    return body(*blob->blob);
  });
}

// `key(connection)` gives the values of the key.
template <typename Key>
turdb_status Open(turdb_conn* conn, const char* schema, const char* table, const char* column, bool writable, turdb_blob** out,
                  turdb_error** error, Key&& key) noexcept {
  if (out == nullptr) return turdb::capi::ReportMisuse("turdb_blob_open: out is NULL", error);
  *out = nullptr;
  if (conn == nullptr || table == nullptr || column == nullptr) {
    return turdb::capi::ReportMisuse("turdb_blob_open: conn, table or column is NULL", error);
  }
  return turdb::capi::Inside(*conn->connection, error, [&]() -> Status {
    const std::string_view in = schema == nullptr ? "" : schema;
    for (const std::string_view name : {in, std::string_view(table), std::string_view(column)}) {
      TURDB_RETURN_IF_ERROR(turdb::vec::CheckUtf8(name));
    }
    TURDB_ASSIGN_OR_RETURN(auto blob, Blob::Open(conn->connection, in, table, column, writable));
    TURDB_ASSIGN_OR_RETURN(const std::vector<Value> values, key(*conn->connection));
    TURDB_RETURN_IF_ERROR(blob->MoveTo(values));
    *out = new turdb_blob{std::move(blob)};
    return absl::OkStatus();
  });
}

StatusOr<std::vector<Value>> RowIdKey(int64_t rowid) {
  return std::vector<Value>{Value::Of(turdb::vec::TypeId::kInt64, rowid)};
}

StatusOr<std::vector<Value>> PackedKey(const Connection& connection, const uint8_t* data, int64_t size_bytes) {
  if ((data == nullptr && size_bytes != 0) || size_bytes < 0) return turdb::base::MisuseError("the key is NULL");
  return turdb::capi::UnpackRow(data, static_cast<size_t>(size_bytes), connection.text());
}

}  // namespace

extern "C" {

turdb_status turdb_blob_open(turdb_conn* conn, const char* schema, const char* table, const char* column, int64_t rowid,
                             bool writable, turdb_blob** out, turdb_error** error) {
  return Open(conn, schema, table, column, writable, out, error, [&](Connection&) { return RowIdKey(rowid); });
}

turdb_status turdb_blob_open_key(turdb_conn* conn, const char* schema, const char* table, const char* column,
                                 const uint8_t* data, int64_t size_bytes, bool writable, turdb_blob** out,
                                 turdb_error** error) {
  return Open(conn, schema, table, column, writable, out, error,
              [&](Connection& connection) { return PackedKey(connection, data, size_bytes); });
}

turdb_status turdb_blob_reopen(turdb_blob* blob, int64_t rowid, turdb_error** error) {
  return With(blob, false, error, [&](Blob& of) -> Status {
    TURDB_ASSIGN_OR_RETURN(const std::vector<Value> key, RowIdKey(rowid));
    return of.MoveTo(key);
  });
}

turdb_status turdb_blob_reopen_key(turdb_blob* blob, const uint8_t* data, int64_t size_bytes, turdb_error** error) {
  return With(blob, false, error, [&](Blob& of) -> Status {
    TURDB_ASSIGN_OR_RETURN(const std::vector<Value> key, PackedKey(*of.connection(), data, size_bytes));
    return of.MoveTo(key);
  });
}

int64_t turdb_blob_size(const turdb_blob* blob) {
  return blob == nullptr || blob->blob == nullptr || !blob->blob->has_row() ? 0
                                                                            : static_cast<int64_t>(blob->blob->size_bytes());
}

turdb_status turdb_blob_read(turdb_blob* blob, int64_t offset, void* data, int64_t size_bytes, turdb_error** error) {
  if (offset < 0 || size_bytes < 0 || (data == nullptr && size_bytes != 0)) {
    return turdb::capi::ReportMisuse("turdb_blob_read: offset or size_bytes is negative, or data is NULL", error);
  }
  return With(blob, true, error, [&](Blob& of) {
    return of.Read(static_cast<uint64_t>(offset), {static_cast<std::byte*>(data), static_cast<size_t>(size_bytes)});
  });
}

turdb_status turdb_blob_write(turdb_blob* blob, int64_t offset, const void* data, int64_t size_bytes, turdb_error** error) {
  if (offset < 0 || size_bytes < 0 || (data == nullptr && size_bytes != 0)) {
    return turdb::capi::ReportMisuse("turdb_blob_write: offset or size_bytes is negative, or data is NULL", error);
  }
  return With(blob, true, error, [&](Blob& of) {
    return of.Write(static_cast<uint64_t>(offset), {static_cast<const std::byte*>(data), static_cast<size_t>(size_bytes)});
  });
}

turdb_status turdb_blob_resize(turdb_blob* blob, int64_t size_bytes, turdb_error** error) {
  return With(blob, true, error, [&](Blob& of) -> Status {
    if (size_bytes < 0) {
      return turdb::base::MakeError(absl::StatusCode::kInvalidArgument, turdb::base::sqlstate::kInvalidParameter,
                                    "turdb_blob_resize: size_bytes is negative");
    }
    return of.Resize(static_cast<uint64_t>(size_bytes));
  });
}

turdb_status turdb_blob_close(turdb_blob* blob, turdb_error** error) {
  if (blob != nullptr && blob->blob == nullptr) {
    if (error != nullptr) *error = nullptr;
    return TURDB_OK;
  }
  return With(blob, false, error, [&](Blob&) {
    blob->blob.reset();
    return absl::OkStatus();
  });
}

void turdb_blob_free(turdb_blob* blob) {
  if (blob == nullptr) return;
  Connection::Adopt(std::move(blob->blob));
  delete blob;
}

}  // extern "C"
