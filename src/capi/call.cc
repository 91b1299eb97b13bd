// What callbacks of the host see of a call: its arguments and where results go.
#include "capi/call.h"

#include <cstring>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "arrow/schema.h"
#include "capi/number.h"
#include "capi/value.h"
#include "vec/any.h"
#include "vec/utf8.h"

using turdb::arrow::Exporter;
using turdb::arrow::Field;
using turdb::arrow::Importer;
using turdb::arrow::Owned;
using turdb::base::Status;
using turdb::function::CallContext;
using turdb::function::CastContext;
using turdb::vec::Rows;
using turdb::vec::SelIndex;
using turdb::vec::StringView;
using turdb::vec::Type;
using turdb::vec::TypeId;
using turdb::vec::Value;
using turdb::vec::Vector;
using turdb::vec::VectorView;

namespace {

template <typename T>
T Load(const void* cell) {
  T value;
  std::memcpy(&value, cell, sizeof value);
  return value;
}

Status BadResult(std::string_view what) {
  return turdb::base::MakeError(absl::StatusCode::kInvalidArgument, turdb::base::sqlstate::kInvalidParameter, what);
}

// An array as the only column of rows.
struct OneColumn {
  Owned<ArrowArray> column;
  ArrowArray* child = nullptr;
  const void* buffers[1] = {nullptr};
};

Owned<ArrowArray> AsRows(Owned<ArrowArray> column) {
  auto data = std::make_unique<OneColumn>();
  data->column = std::move(column);
  data->child = data->column.get();
  ArrowArray rows{};
  rows.length = data->column->length;
  rows.n_buffers = 1;
  rows.n_children = 1;
  rows.buffers = data->buffers;
  rows.children = &data->child;
  rows.release = [](ArrowArray* array) {
    delete static_cast<OneColumn*>(array->private_data);
    array->release = nullptr;
  };
  rows.private_data = data.release();
  return Owned<ArrowArray>::Take(&rows);
}

// Runs `body` for a call of turdb.h that cannot report: what fails is the host's call.
template <typename Body>
void OrFail(turdb_call* call, Body&& body) noexcept {
  try {
    if (Status status = body(); !status.ok()) call->Fail(std::move(status));
  } catch (const std::bad_alloc&) {
    call->Fail(turdb::base::NoMemory());
  }
}

// A result whose value lies in memory as the type's do is written at once.
template <typename T>
bool ReturnFixed(turdb_call* call, int64_t row, TypeId type, T value) {
  if (call->result().type().id != type) return false;
  call->result().Set<T>(call->SlotOf(row), value);
  return true;
}

template <typename T>
T NumberAt(const turdb_call* call, int64_t argument, int64_t row) noexcept {
  if (call == nullptr || call->Cell(argument, row) == nullptr) return T{};
  try {
    return turdb::capi::Number<T>(call->ValueAt(argument, row));
  } catch (const std::bad_alloc&) {
    return T{};
  }
}

TypeId IdOf(const turdb_call* call, int64_t argument) { return call->types()[static_cast<size_t>(argument)].id; }

}  // namespace

// ---- arguments

const void* turdb_call::Cell(int64_t argument, int64_t row) const {
  if (argument < 0 || argument >= static_cast<int64_t>(arguments_.size()) || row < 0 || row >= row_count_) return nullptr;
  const VectorView& view = arguments_[static_cast<size_t>(argument)];
  const SelIndex at = rows_[static_cast<size_t>(row)];
  if (!view.IsValid(at)) return nullptr;
  return view.data + view.Index(at) * types_[static_cast<size_t>(argument)].width();
}

Value turdb_call::ValueAt(int64_t argument, int64_t row) const {
  const void* const cell = Cell(argument, row);
  const Type& type = types_[static_cast<size_t>(argument)];
  return turdb::vec::VisitPhysical(type.physical(), [&](auto tag) -> Value {
    using T = decltype(tag);
    if constexpr (std::is_same_v<T, StringView>) {
      const std::string_view bytes = static_cast<const StringView*>(cell)->view();
      return type.id == TypeId::kAny ? turdb::vec::DecodeAny(bytes) : Value::OfBytes(type, std::string(bytes));
    } else {
      return Value::Of(type, Load<T>(cell));
    }
  });
}

Status turdb_call::Export(const turdb::arrow::ExportOptions& options, ArrowSchema* schema, ArrowArray* out) const {
  std::vector<Field> fields;
  for (const Type& type : types_) fields.push_back({"", type});
  turdb::arrow::BuildContext context;
  context.options = options;
  if (text() != nullptr) context.text = *text();
  context.options.types = context.text.types;
  Exporter exporter(std::move(fields), std::move(context));
  TURDB_RETURN_IF_ERROR(exporter.Append(arguments_, Rows{rows_.data(), static_cast<uint32_t>(rows_.size())}));
  Owned<ArrowSchema> said;
  exporter.ExportSchema(said.get());
  exporter.Finish(out);
  // Without a column nobody counted.
  out->length = row_count_;
  if (schema != nullptr) said.MoveTo(schema);
  return absl::OkStatus();
}

// ---- results

void turdb_call::GiveResults(Vector* result, std::span<const SelIndex> rows) {
  result_ = result;
  result_rows_ = rows;
  row_count_ = static_cast<int64_t>(rows.size());
  for (const SelIndex row : rows) result->SetNull(row);
}

void turdb_call::GiveResults(Vector* result, uint32_t offset, uint32_t count) {
  result_ = result;
  result_offset_ = offset;
  row_count_ = count;
  for (uint32_t i = 0; i < count; ++i) result->SetNull(offset + i);
}

CallContext& turdb_call::ContextForCasts() {
  if (context_ != nullptr) return *context_;
  if (own_context_ == nullptr) own_context_ = std::make_unique<CallContext>();
  return *own_context_;
}

bool turdb_call::Takes(int64_t row) {
  if (!failure_.ok()) return false;
  if (result_ == nullptr) {
    Fail(turdb::base::MisuseError("this callback gives no results"));
  } else if (row < 0 || row >= row_count_) {
    Fail(BadResult(absl::StrCat("a result for row ", row, " of ", row_count_)));
  }
  return failure_.ok();
}

Status turdb::capi::StoreResult(const Value& value, Vector* result, size_t slot, const vec::TextContext* text,
                                CallContext& context) {
  const Type& type = result->type();
  if (value.is_null()) {
    result->SetNull(slot);
    return absl::OkStatus();
  }
  if (type.id == TypeId::kAny || value.type() == type) {
    result->SetValue(slot, value);
    result->SetValid(slot);
    return absl::OkStatus();
  }
  // A text is what SQL has in quotes: a value of any type.
  const bool parses = value.type().id == TypeId::kText && !turdb::vec::IsText(type.id);
  TURDB_ASSIGN_OR_RETURN(const Value cast, parses ? Value::Parse(value.bytes(), type, text)
                                                  : turdb::function::CastValue(value, type, CastContext::kAssignment, context));
  result->SetValue(slot, cast);
  if (!cast.is_null()) result->SetValid(slot);
  return absl::OkStatus();
}

Status turdb_call::Return(int64_t row, const Value& value) {
  return turdb::capi::StoreResult(value, result_, SlotOf(row), text(), ContextForCasts());
}

Status turdb_call::ReturnRows(std::string_view packed, int64_t count) {
  if (packed_rows_ == nullptr) return turdb::base::MisuseError("this callback gives no rows");
  packed_rows_->append(packed);
  *packed_row_count_ += count;
  return absl::OkStatus();
}

Status turdb_call::ReturnColumn(const Vector& column, uint32_t count, int64_t first_row) {
  const VectorView view = column.View();
  turdb::vec::VisitPhysical(result_->physical(), [&](auto tag) {
    using T = decltype(tag);
    T* const slots = result_->data<T>();
    for (uint32_t i = 0; i < count; ++i) {
      const size_t slot = SlotOf(first_row + i);
      if (!view.IsValid(i)) {
        result_->SetNull(slot);
        continue;
      }
      slots[slot] = view.Get<T>(i);
      result_->SetValid(slot);
    }
  });
  result_->KeepAlive(column);
  return absl::OkStatus();
}

Status turdb_call::ReturnArray(const ArrowSchema* schema, Owned<ArrowArray> array) {
  if (array.empty()) return BadResult("the array of results is NULL or released");
  if (result_ == nullptr) return turdb::base::MisuseError("this callback gives no results");
  if (array->length != row_count_) {
    return BadResult(absl::StrCat("the array of results has ", array->length, " values for ", row_count_, " rows"));
  }
  const Type& type = result_->type();
  Owned<ArrowSchema> own;
  if (schema == nullptr) {
    turdb::arrow::Export(turdb::arrow::SchemaOf(Field{"result", type}, {}), own.get());
    schema = own.get();
  }
  if (schema->release == nullptr || schema->format == nullptr) return BadResult("the schema of the results is released");
  ArrowSchema child = *schema;
  child.name = "result";
  ArrowSchema* children[] = {&child};
  ArrowSchema rows{};
  rows.format = "+s";
  rows.n_children = 1;
  rows.children = children;
  rows.release = [](ArrowSchema*) {};
  TURDB_ASSIGN_OR_RETURN(const std::unique_ptr<Importer> importer, Importer::Create(rows));
  TURDB_RETURN_IF_ERROR(importer->Open(AsRows(std::move(array))));
  const Type given = importer->fields()[0].type;
  const bool as_it_is =
      given.WithCollation(turdb::vec::Collation::kBinary) == type.WithCollation(turdb::vec::Collation::kBinary);
  turdb::function::BoundCall cast;
  if (!as_it_is) {
    TURDB_ASSIGN_OR_RETURN(cast, turdb::function::BindCast(given, type, turdb::capi::ResultCast(given, type)));
  }
  const Type types[] = {given};
  for (int64_t done = 0; done < row_count_;) {
    turdb::vec::Chunk chunk(types, turdb::vec::kDefaultChunkCapacity, result_->budget());
    TURDB_ASSIGN_OR_RETURN(const uint32_t count, importer->Next(chunk.capacity(), &chunk));
    if (count == 0) break;
    if (as_it_is) {
      TURDB_RETURN_IF_ERROR(ReturnColumn(chunk.column(0), count, done));
    } else {
      Vector converted(type, chunk.capacity(), result_->budget());
      const Vector* const from[] = {&chunk.column(0)};
      TURDB_RETURN_IF_ERROR(turdb::function::Evaluate(cast, from, Rows::All(count), ContextForCasts(), &converted));
      TURDB_RETURN_IF_ERROR(ReturnColumn(converted, count, done));
    }
    done += count;
  }
  return absl::OkStatus();
}

// ---- turdb.h

extern "C" {

int64_t turdb_call_row_count(const turdb_call* call) { return call == nullptr ? 0 : call->row_count(); }

int64_t turdb_call_argument_count(const turdb_call* call) {
  return call == nullptr ? 0 : static_cast<int64_t>(call->argument_count());
}

int32_t turdb_call_argument_type(const turdb_call* call, int64_t argument) {
  if (call == nullptr || argument < 0 || argument >= turdb_call_argument_count(call)) return TURDB_TYPE_NULL;
  return turdb::capi::PublicType(IdOf(call, argument));
}

int32_t turdb_call_value_type(const turdb_call* call, int64_t argument, int64_t row) {
  if (turdb_call_is_null(call, argument, row)) return TURDB_TYPE_NULL;
  if (IdOf(call, argument) != TypeId::kAny) return turdb_call_argument_type(call, argument);
  const auto view = Load<StringView>(call->Cell(argument, row));
  return turdb::capi::PublicType(static_cast<TypeId>(static_cast<unsigned char>(view.view()[0])));
}

bool turdb_call_is_null(const turdb_call* call, int64_t argument, int64_t row) {
  return call == nullptr || call->Cell(argument, row) == nullptr;
}

bool turdb_call_bool(const turdb_call* call, int64_t argument, int64_t row) {
  if (turdb_call_is_null(call, argument, row)) return false;
  if (IdOf(call, argument) == TypeId::kBoolean) return Load<bool>(call->Cell(argument, row));
  return NumberAt<double>(call, argument, row) != 0;
}

int64_t turdb_call_int64(const turdb_call* call, int64_t argument, int64_t row) {
  const void* const cell = call == nullptr ? nullptr : call->Cell(argument, row);
  if (cell == nullptr) return 0;
  switch (IdOf(call, argument)) {
    case TypeId::kInt64:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
      return Load<int64_t>(cell);
    case TypeId::kInt32:
    case TypeId::kDate:
      return Load<int32_t>(cell);
    default:
      return NumberAt<int64_t>(call, argument, row);
  }
}

double turdb_call_double(const turdb_call* call, int64_t argument, int64_t row) {
  const void* const cell = call == nullptr ? nullptr : call->Cell(argument, row);
  if (cell != nullptr && IdOf(call, argument) == TypeId::kDouble) return Load<double>(cell);
  return NumberAt<double>(call, argument, row);
}

const char* turdb_call_text(turdb_call* call, int64_t argument, int64_t row, int64_t* size_bytes) {
  if (size_bytes != nullptr) *size_bytes = 0;
  const void* const cell = call == nullptr ? nullptr : call->Cell(argument, row);
  if (cell == nullptr) return nullptr;
  if (turdb::vec::IsText(IdOf(call, argument))) {
    const auto* const view = static_cast<const StringView*>(cell);
    if (size_bytes != nullptr) *size_bytes = view->size();
    return view->data();
  }
  try {
    std::string& text = call->NewText();
    text = call->ValueAt(argument, row).ToString(call->text());
    if (size_bytes != nullptr) *size_bytes = static_cast<int64_t>(text.size());
    return text.c_str();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

const void* turdb_call_blob(turdb_call* call, int64_t argument, int64_t row, int64_t* size_bytes) {
  if (size_bytes != nullptr) *size_bytes = 0;
  const void* const cell = call == nullptr ? nullptr : call->Cell(argument, row);
  if (cell == nullptr) return nullptr;
  if (IdOf(call, argument) == TypeId::kUuid) {
    if (size_bytes != nullptr) *size_bytes = 16;
    return cell;
  }
  if (IdOf(call, argument) == TypeId::kBlob) {
    const auto* const view = static_cast<const StringView*>(cell);
    if (size_bytes != nullptr) *size_bytes = view->size();
    return view->data();
  }
  if (turdb_call_value_type(call, argument, row) != TURDB_TYPE_BLOB) return turdb_call_text(call, argument, row, size_bytes);
  try {  // in a value of type ANY
    std::string& bytes = call->NewText();
    bytes = call->ValueAt(argument, row).bytes();
    if (size_bytes != nullptr) *size_bytes = static_cast<int64_t>(bytes.size());
    return bytes.data();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void turdb_call_return_null(turdb_call* call, int64_t row) {
  if (call == nullptr || !call->Takes(row)) return;
  OrFail(call, [&]() -> Status {
    call->result().SetNull(call->SlotOf(row));
    return absl::OkStatus();
  });
}

void turdb_call_return_bool(turdb_call* call, int64_t row, bool value) {
  if (call == nullptr || !call->Takes(row)) return;
  OrFail(call, [&]() -> Status {
    if (ReturnFixed(call, row, TypeId::kBoolean, value)) return absl::OkStatus();
    return call->Return(row, Value::Boolean(value));
  });
}

void turdb_call_return_int64(turdb_call* call, int64_t row, int64_t value) {
  if (call == nullptr || !call->Takes(row)) return;
  OrFail(call, [&]() -> Status {
    if (ReturnFixed(call, row, TypeId::kInt64, value)) return absl::OkStatus();
    if (ReturnFixed(call, row, TypeId::kDouble, static_cast<double>(value))) return absl::OkStatus();
    return call->Return(row, Value::Int64(value));
  });
}

void turdb_call_return_double(turdb_call* call, int64_t row, double value) {
  if (call == nullptr || !call->Takes(row)) return;
  OrFail(call, [&]() -> Status {
    if (ReturnFixed(call, row, TypeId::kDouble, value)) return absl::OkStatus();
    return call->Return(row, Value::Double(value));
  });
}

void turdb_call_return_text(turdb_call* call, int64_t row, const char* data, int64_t size_bytes) {
  if (call == nullptr || !call->Takes(row)) return;
  OrFail(call, [&]() -> Status {
    if (data == nullptr) return call->Return(row, Value());
    TURDB_ASSIGN_OR_RETURN(const std::string_view text, turdb::capi::TextOf(data, size_bytes));
    TURDB_RETURN_IF_ERROR(turdb::vec::CheckUtf8(text));
    if (call->result().type().id == TypeId::kText) {
      call->result().SetString(call->SlotOf(row), text);
      return absl::OkStatus();
    }
    return call->Return(row, Value::Text(text));
  });
}

void turdb_call_return_blob(turdb_call* call, int64_t row, const void* data, int64_t size_bytes) {
  if (call == nullptr || !call->Takes(row)) return;
  OrFail(call, [&]() -> Status {
    TURDB_ASSIGN_OR_RETURN(const Value value, turdb::capi::BlobValue(data, size_bytes));
    return call->Return(row, value);
  });
}

turdb_status turdb_call_arguments(turdb_call* call, int64_t flags, struct ArrowSchema* schema, struct ArrowArray* out,
                                  turdb_error** error) {
  if (schema != nullptr) schema->release = nullptr;
  if (out != nullptr) out->release = nullptr;
  if (call == nullptr || out == nullptr) return turdb::capi::ReportMisuse("turdb_call_arguments: call or out is NULL", error);
  return turdb::capi::Guarded(error, [&]() -> Status {
    TURDB_ASSIGN_OR_RETURN(const turdb::arrow::ExportOptions options, turdb::capi::ExportOptionsOf(flags));
    return call->Export(options, schema, out);
  });
}

turdb_status turdb_call_return_rows(turdb_call* call, const uint8_t* data, int64_t size_bytes, int64_t rows,
                                    turdb_error** error) {
  if (call == nullptr || rows < 0 || size_bytes < 0 || (data == nullptr && size_bytes != 0)) {
    return turdb::capi::ReportMisuse("turdb_call_return_rows: packed rows need a call, their data, a size and a number", error);
  }
  return turdb::capi::Guarded(error, [&]() -> Status {
    Status status = call->ReturnRows({reinterpret_cast<const char*>(data), static_cast<size_t>(size_bytes)}, rows);
    if (!status.ok()) call->Fail(status);
    return status;
  });
}

turdb_status turdb_call_return_array(turdb_call* call, const struct ArrowSchema* schema, struct ArrowArray* array,
                                     turdb_error** error) {
  auto owned = Owned<ArrowArray>::Take(array);
  if (call == nullptr) return turdb::capi::ReportMisuse("turdb_call_return_array: call is NULL", error);
  return turdb::capi::Guarded(error, [&]() -> Status {
    Status status;
    OrFail(call, [&] { return status = call->ReturnArray(schema, std::move(owned)); });
    return status.ok() ? call->failure() : status;
  });
}

void turdb_call_fail(turdb_call* call, const char* sqlstate, const char* message) {
  if (call == nullptr) return;
  OrFail(call, [&]() -> Status {
    turdb::base::SqlState state{"38000"};
    const auto known = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); };
    bool usable = sqlstate != nullptr && std::strlen(sqlstate) == 5 && std::strcmp(sqlstate, "00000") != 0;
    for (int i = 0; usable && i < 5; ++i) usable = known(sqlstate[i]);
    if (usable) std::memcpy(state.code, sqlstate, 5);
    const bool readable = message != nullptr && turdb::vec::CheckUtf8(message).ok();
    const bool canceled = state == turdb::base::sqlstate::kQueryCanceled;
    return turdb::base::MakeError(canceled ? absl::StatusCode::kCancelled : absl::StatusCode::kUnavailable, state,
                                  readable ? message : "the function failed");
  });
}

bool turdb_call_has_failed(const turdb_call* call) { return call != nullptr && !call->failure().ok(); }

}  // extern "C"
