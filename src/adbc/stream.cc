// Streams that remember their error as ADBC has it.
#include <cstring>

#include "adbc/handles.h"

namespace turdb::adbc {
namespace {

struct StreamData {
  arrow::Owned<ArrowArrayStream> inner;
  AdbcError error{nullptr, kVendorCodePrivateData, {0, 0, 0, 0, 0}, nullptr, nullptr, nullptr};
  AdbcStatusCode status = kOk;
  ~StreamData() {
    if (error.release != nullptr) error.release(&error);
  }
};

StreamData* DataOf(ArrowArrayStream* stream) { return static_cast<StreamData*>(stream->private_data); }

int Note(StreamData* data, int code) {
  if (code == 0) return 0;
  turdb_error* raw = nullptr;
  turdb_stream_error(data->inner.get(), &raw);
  const Handle<turdb_error> failure(raw);
  data->status = Guard(&data->error, [&] {
    return failure == nullptr ? Fail(&data->error, kUnknown, std::strerror(code)) : FailWith(&data->error, failure.get());
  });
  return code;
}

int GetSchema(ArrowArrayStream* stream, ArrowSchema* out) {
  return Note(DataOf(stream), DataOf(stream)->inner->get_schema(DataOf(stream)->inner.get(), out));
}
int GetNext(ArrowArrayStream* stream, ArrowArray* out) {
  return Note(DataOf(stream), DataOf(stream)->inner->get_next(DataOf(stream)->inner.get(), out));
}
const char* GetLastError(ArrowArrayStream* stream) { return DataOf(stream)->error.message; }
void Release(ArrowArrayStream* stream) {
  delete DataOf(stream);
  stream->private_data = nullptr;
  stream->release = nullptr;
}

}  // namespace

AdbcStatusCode ExportStream(Handle<turdb_result> result, ArrowArrayStream* out, AdbcError* error) {
  auto data = std::make_unique<StreamData>();
  TURDB_ADBC_TRY(
      Try(error, [&](turdb_error** failure) { return turdb_result_stream(result.get(), data->inner.get(), failure); }));
  *out = ArrowArrayStream{GetSchema, GetNext, GetLastError, Release, data.release()};
  return kOk;
}

const AdbcError* StreamErrorOf(ArrowArrayStream* stream, AdbcStatusCode* status) {
  if (stream == nullptr || stream->release != Release || DataOf(stream)->error.message == nullptr) return nullptr;
  if (status != nullptr) *status = DataOf(stream)->status;
  return &DataOf(stream)->error;
}

}  // namespace turdb::adbc
