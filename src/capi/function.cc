// Functions that the host registers on a connection.
#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "capi/call.h"
#include "capi/handles.h"
#include "capi/packed.h"
#include "engine/arrow_source.h"
#include "engine/user_function.h"
#include "vec/utf8.h"

using turdb::arrow::Owned;
using turdb::arrow::StreamReader;
using turdb::base::Status;
using turdb::base::StatusOr;
using turdb::capi::Adopted;
using turdb::capi::CallHost;
using turdb::capi::PackedReader;
using turdb::engine::ArrowSource;
using turdb::engine::Connection;
using turdb::exec::ExternalTable;
using turdb::function::BoundAggregate;
using turdb::function::Call;
using turdb::function::CallContext;
using turdb::function::HostAggregate;
using turdb::function::HostScalar;
using turdb::function::HostSignature;
using turdb::vec::Rows;
using turdb::vec::SelIndex;
using turdb::vec::Type;
using turdb::vec::Value;
using turdb::vec::Vector;
using turdb::vec::VectorView;

namespace {

// ---- signatures

StatusOr<std::string> NameOf(const char* name) {
  if (name == nullptr || *name == '\0') return turdb::base::MisuseError("a function needs a name");
  TURDB_RETURN_IF_ERROR(turdb::vec::CheckUtf8(name));
  return std::string(name);
}

// Values of types that users made are known by their text only.
Status CheckType(const Type& type, std::string_view name) {
  const bool named = type.enum_id() != 0 || type.is_or_has_elements(turdb::vec::TypeId::kStruct) ||
                     type.is_or_has_elements(turdb::vec::TypeId::kMap);
  if (!named) return absl::OkStatus();
  return turdb::base::WithHint(
      turdb::base::UnsupportedError(absl::StrCat("enumerated types, structs and maps in functions of the host (", name, ")")),
      "declare it as text, or as any, which hands their text over");
}

StatusOr<HostSignature> SignatureOf(Connection& connection, const char* name, const char* parameters, int64_t flags,
                                    int64_t known_flags) {
  HostSignature signature;
  TURDB_ASSIGN_OR_RETURN(signature.name, NameOf(name));
  if (parameters == nullptr) return turdb::base::MisuseError("parameters are NULL: \"\" says that there are none");
  if ((flags & ~known_flags) != 0) return turdb::base::MisuseError("TURDB_FUNCTION_* flags that do not exist, or not here");
  auto types = connection.TypesOf(parameters);
  if (!types.ok()) return turdb::base::WithFrame(types.status(), absl::StrCat("reading the parameters of ", signature.name));
  signature.parameters = *std::move(types);
  for (const std::optional<Type>& type : signature.parameters) {
    if (type.has_value()) TURDB_RETURN_IF_ERROR(CheckType(*type, signature.name));
  }
  signature.variadic = (flags & TURDB_FUNCTION_VARIADIC) != 0;
  if (signature.variadic && signature.parameters.empty()) {
    return turdb::base::MisuseError("TURDB_FUNCTION_VARIADIC needs a parameter to repeat");
  }
  uint8_t own = turdb::function::kCanRaise;
  if ((flags & TURDB_FUNCTION_DETERMINISTIC) == 0) own |= turdb::function::kVolatile;
  if ((flags & TURDB_FUNCTION_SEES_NULL) == 0) own |= turdb::function::kStrict;
  if ((flags & TURDB_FUNCTION_PARALLEL) == 0) own |= turdb::function::kAsksSession;
  signature.flags = own;
  return signature;
}

Status ReadReturns(Connection& connection, const char* returns, HostSignature* signature) {
  if (returns == nullptr) return turdb::base::MisuseError("returns is NULL: it names the type of the results");
  auto types = connection.TypesOf(returns);
  if (!types.ok()) return turdb::base::WithFrame(types.status(), absl::StrCat("reading what ", signature->name, " returns"));
  if (types->size() != 1) return turdb::base::MisuseError("returns has to name one type");
  signature->result = (*types)[0].value_or(Type(turdb::vec::TypeId::kAny));
  return CheckType(signature->result, signature->name);
}

constexpr int64_t kFunctionFlags =
    TURDB_FUNCTION_DETERMINISTIC | TURDB_FUNCTION_SEES_NULL | TURDB_FUNCTION_PARALLEL | TURDB_FUNCTION_VARIADIC;

// ---- scalar functions

class CallbackScalar : public HostScalar {
 public:
  CallbackScalar(HostSignature signature, turdb_scalar_function function, std::shared_ptr<void> user_data,
                 const turdb::engine::Database& database)
      : HostScalar(std::move(signature)),
        function_(function),
        user_data_(std::move(user_data)),
        function_name_{this->signature().ToString(), &database} {}

  void Run(Call& call) const override {
    std::vector<SelIndex> rows;
    rows.reserve(call.rows.count);
    call.ForEach([&](SelIndex row) { rows.push_back(row); });
    if (rows.empty()) return;
    turdb_call host(call.args, call.argument_types, rows, &call.context);
    host.GiveResults(call.result, rows);
    Status status = CallHost(&host, function_name_, [&](turdb_call* own) { function_(user_data_.get(), own); });
    if (!status.ok()) call.RaiseStatus(rows[0], std::move(status));
  }

 private:
  const turdb_scalar_function function_;
  const std::shared_ptr<void> user_data_;
  const turdb::capi::HostFunction function_name_;
};

// ---- aggregates

struct AggregateCallbacks {
  turdb_aggregate_create create;
  turdb_aggregate_update update;
  turdb_aggregate_merge merge;
  turdb_aggregate_finish finish;
  turdb_aggregate_release release;
};

class CallbackAggregate : public HostAggregate {
 public:
  CallbackAggregate(HostSignature signature, const AggregateCallbacks& callbacks, std::shared_ptr<void> user_data,
                    const turdb::engine::Database& database)
      : HostAggregate(std::move(signature), callbacks.merge != nullptr),
        callbacks_(callbacks),
        user_data_(std::move(user_data)),
        function_name_{this->signature().ToString(), &database} {}

  StatusOr<void*> Create() const override {
    turdb_call call({}, {}, {}, nullptr);
    void* state = nullptr;
    TURDB_RETURN_IF_ERROR(
        CallHost(&call, function_name_, [&](turdb_call* own) { state = callbacks_.create(user_data_.get(), own); }));
    return state;
  }
  void Destroy(void* state) const override { callbacks_.release(user_data_.get(), state); }

  Status Update(const BoundAggregate& bound, std::span<const VectorView> arguments, Rows rows,
                void* const* states) const override {
    turdb_call call(arguments, bound.argument_types, {rows.rows, rows.count}, nullptr);
    return CallHost(&call, function_name_, [&](turdb_call* own) { callbacks_.update(user_data_.get(), own, states); });
  }
  Status Merge(void* into, void* from) const override {
    turdb_call call({}, {}, {}, nullptr);
    return CallHost(&call, function_name_, [&](turdb_call* own) { callbacks_.merge(user_data_.get(), own, into, from); });
  }
  Status Finish(const BoundAggregate&, void* const* states, uint32_t count, Vector* result, uint32_t offset) const override {
    turdb_call call({}, {}, {}, nullptr);
    call.GiveResults(result, offset, count);
    return CallHost(&call, function_name_, [&](turdb_call* own) { callbacks_.finish(user_data_.get(), own, states); });
  }

 private:
  const AggregateCallbacks callbacks_;
  const std::shared_ptr<void> user_data_;
  const turdb::capi::HostFunction function_name_;
};

// ---- table functions

// The arguments of a call of one row.
struct OneRow {
  static constexpr SelIndex kRows[] = {0};

  explicit OneRow(std::span<const Value> arguments) {
    vectors.reserve(arguments.size());
    for (const Value& argument : arguments) {
      types.push_back(turdb::function::ResolveUnknown(argument.type()));
      vectors.emplace_back(types.back(), 1);
      argument.is_null() ? vectors.back().SetNull(0) : vectors.back().SetValue(0, argument);
      views.push_back(vectors.back().View());
    }
  }

  std::vector<Vector> vectors;
  std::vector<VectorView> views;
  std::vector<Type> types;
};

bool HasParts(const Type& type) {
  return type.is_or_has_elements(turdb::vec::TypeId::kStruct) || type.is_or_has_elements(turdb::vec::TypeId::kMap);
}

// What opens a stream for arguments.
class TableCallback {
 public:
  TableCallback(const HostSignature& signature, turdb_table_function function, std::shared_ptr<void> user_data,
                turdb::engine::Database& database)
      : function_(function),
        user_data_(std::move(user_data)),
        function_name_{signature.ToString(), &database},
        structs_(database.catalog().struct_types()) {}
  const std::string& title() const { return function_name_.title; }

  // `columns`: what the stream's are to be; none: whatever they are.
  StatusOr<std::unique_ptr<StreamReader>> Open(std::span<const Value> arguments, std::span<const ExternalTable::Column> columns,
                                               CallContext* context) const {
    const OneRow row(arguments);
    turdb_call call(row.views, row.types, OneRow::kRows, context);
    Owned<ArrowArrayStream> stream;
    const Status status =
        CallHost(&call, function_name_, [&](turdb_call* own) { function_(user_data_.get(), own, stream.get()); });
    TURDB_RETURN_IF_ERROR(status);
    const auto structs_for = [&](size_t column, std::string_view) {
      const bool any = columns.empty() || (column < columns.size() && HasParts(columns[column].type));
      return any ? structs_.get() : nullptr;
    };
    auto reader = StreamReader::Create(std::move(stream), structs_for);
    if (!reader.ok()) return turdb::base::WithFrame(reader.status(), absl::StrCat("calling ", title()));
    return reader;
  }

 private:
  const turdb_table_function function_;
  const std::shared_ptr<void> user_data_;
  const turdb::capi::HostFunction function_name_;
  const std::shared_ptr<turdb::vec::StructTypes> structs_;
};

class CallbackTable : public turdb::exec::HostTable {
 public:
  CallbackTable(HostSignature signature, std::vector<ExternalTable::Column> columns, turdb_table_function function,
                std::shared_ptr<void> user_data, turdb::engine::Database& database)
      : signature_(std::move(signature)),
        columns_(std::move(columns)),
        callback_(std::make_shared<TableCallback>(signature_, function, std::move(user_data), database)) {}

  std::string_view name() const override { return signature_.name; }
  const HostSignature& signature() const override { return signature_; }
  std::span<const ExternalTable::Column> columns() const override { return columns_; }
  std::unique_ptr<turdb::exec::TableFunctionScan> NewScan() const override { return std::make_unique<Scan>(*this); }
  bool chooses_columns() const override { return true; }

  StatusOr<std::shared_ptr<const ExternalTable>> Open(std::span<const Value> arguments) const override {
    const ArrowSource::Open open = [callback = callback_, arguments = std::vector<Value>(arguments.begin(), arguments.end())] {
      return callback->Open(arguments, {}, nullptr);
    };
    TURDB_ASSIGN_OR_RETURN(auto first, open());
    return std::shared_ptr<const ExternalTable>(ArrowSource::Create(signature_.name, open, std::move(first)));
  }

 private:
  class Scan : public turdb::exec::TableFunctionScan {
   public:
    explicit Scan(const CallbackTable& table) : table_(table) {}

    void Choose(std::span<const int32_t> columns) override { columns_.assign(columns.begin(), columns.end()); }

    Status Start(turdb::exec::Runtime&, std::span<const Value> arguments) override {
      reader_.reset();
      arguments_.assign(arguments.begin(), arguments.end());
      const bool strict = (table_.signature_.flags & turdb::function::kStrict) != 0;
      const auto is_null = [](const Value& argument) { return argument.is_null(); };
      done_ = strict && std::any_of(arguments_.begin(), arguments_.end(), is_null);
      return absl::OkStatus();
    }

    Status Next(turdb::exec::Runtime& runtime, uint32_t max_rows, turdb::vec::Chunk* out) override {
      if (done_) return absl::OkStatus();
      if (reader_ == nullptr) TURDB_RETURN_IF_ERROR(Open(runtime));
      return turdb::base::WithFrame(Read(runtime, max_rows, out), absl::StrCat("reading ", table_.callback_->title()));
    }

   private:
    Status Open(turdb::exec::Runtime& runtime) {
      TURDB_ASSIGN_OR_RETURN(reader_, table_.callback_->Open(arguments_, table_.columns_, &runtime.call()));
      const auto& fields = reader_->fields();
      if (fields.size() != table_.columns_.size()) {
        return turdb::base::MakeError(absl::StatusCode::kInvalidArgument, turdb::base::sqlstate::kDatatypeMismatch,
                                      absl::StrCat("the stream of ", table_.callback_->title(), " has ", fields.size(),
                                                   " columns, and the function ", table_.columns_.size()));
      }
      reader_->Choose(columns_);
      casts_.clear();
      std::vector<Type> types;
      bool any = false;
      for (const int32_t column : columns_) {
        const Type& given = fields[static_cast<size_t>(column)].type;
        const Type& wanted = table_.columns_[static_cast<size_t>(column)].type;
        types.push_back(given);
        casts_.emplace_back();
        if (given == wanted) continue;
        any = true;
        TURDB_ASSIGN_OR_RETURN(casts_.back(), turdb::function::BindCast(given, wanted, turdb::capi::ResultCast(given, wanted)));
      }
      chunk_.reset();
      if (any) chunk_.emplace(types, runtime.capacity, runtime.budget);
      return absl::OkStatus();
    }

    Status Read(turdb::exec::Runtime& runtime, uint32_t max_rows, turdb::vec::Chunk* out) {
      if (!chunk_.has_value()) return reader_->Next(max_rows, out).status();
      chunk_->Reset();
      TURDB_ASSIGN_OR_RETURN(const uint32_t count, reader_->Next(max_rows, &*chunk_));
      for (size_t i = 0; i < casts_.size() && count != 0; ++i) {
        if (!casts_[i].has_value()) {
          out->column(i).Reference(chunk_->column(i));
          continue;
        }
        const Vector* const from[] = {&chunk_->column(i)};
        TURDB_RETURN_IF_ERROR(turdb::function::Evaluate(*casts_[i], from, Rows::All(count), runtime.call(), &out->column(i)));
      }
      out->set_size(count);
      return absl::OkStatus();
    }

    const CallbackTable& table_;
    std::vector<int32_t> columns_;  // of the function's, those that are wanted
    std::vector<Value> arguments_;
    bool done_ = false;
    std::unique_ptr<StreamReader> reader_;
    std::vector<std::optional<turdb::function::BoundCall>> casts_;
    std::optional<turdb::vec::Chunk> chunk_;  // as the stream gives it, where that has to be cast
  };

  const HostSignature signature_;
  const std::vector<ExternalTable::Column> columns_;
  const std::shared_ptr<const TableCallback> callback_;
};

// ---- functions that give packed rows

struct RowCallbacks {
  turdb_rows_open open;
  turdb_rows_next next;
  turdb_rows_close close;
};

// A cursor of the host, closed exactly once.
class RowCursor {
 public:
  RowCursor(const RowCallbacks& callbacks, std::shared_ptr<void> user_data, void* cursor)
      : callbacks_(callbacks), user_data_(std::move(user_data)), cursor_(cursor) {}
  RowCursor(const RowCursor&) = delete;
  ~RowCursor() { callbacks_.close(user_data_.get(), cursor_); }
  void Next(turdb_call* call) { callbacks_.next(user_data_.get(), cursor_, call); }

 private:
  const RowCallbacks callbacks_;
  const std::shared_ptr<void> user_data_;
  void* const cursor_;
};

class CallbackRows : public turdb::exec::HostTable {
 public:
  CallbackRows(HostSignature signature, std::vector<ExternalTable::Column> columns, const RowCallbacks& callbacks,
               std::shared_ptr<void> user_data, const turdb::engine::Database& database)
      : signature_(std::move(signature)),
        columns_(std::move(columns)),
        callbacks_(callbacks),
        user_data_(std::move(user_data)),
        function_name_{signature_.ToString(), &database} {}

  std::string_view name() const override { return signature_.name; }
  const HostSignature& signature() const override { return signature_; }
  std::span<const ExternalTable::Column> columns() const override { return columns_; }
  std::unique_ptr<turdb::exec::TableFunctionScan> NewScan() const override { return std::make_unique<Scan>(*this); }

  StatusOr<std::shared_ptr<const ExternalTable>> Open(std::span<const Value>) const override {
    return turdb::base::InternalError("the columns of a function that gives packed rows are declared");
  }

 private:
  class Scan : public turdb::exec::TableFunctionScan {
   public:
    explicit Scan(const CallbackRows& table) : table_(table) {}

    Status Start(turdb::exec::Runtime&, std::span<const Value> arguments) override {
      cursor_.reset();
      left_ = 0;
      arguments_.assign(arguments.begin(), arguments.end());
      const bool strict = (table_.signature_.flags & turdb::function::kStrict) != 0;
      done_ = strict && std::any_of(arguments_.begin(), arguments_.end(), [](const Value& value) { return value.is_null(); });
      return absl::OkStatus();
    }

    Status Next(turdb::exec::Runtime& runtime, uint32_t max_rows, turdb::vec::Chunk* out) override {
      if (done_) return absl::OkStatus();
      Status status = Give(runtime, max_rows, out);
      if (done_ || !status.ok()) cursor_.reset();
      return status;
    }

   private:
    Status Give(turdb::exec::Runtime& runtime, uint32_t max_rows, turdb::vec::Chunk* out) {
      if (cursor_ == nullptr) TURDB_RETURN_IF_ERROR(Open(runtime));
      if (left_ == 0) TURDB_RETURN_IF_ERROR(Ask(runtime));
      if (done_) return absl::OkStatus();
      return turdb::base::WithFrame(Read(runtime, max_rows, out), absl::StrCat("reading ", table_.title()));
    }

    Status Open(turdb::exec::Runtime& runtime) {
      const OneRow row(arguments_);
      turdb_call call(row.views, row.types, OneRow::kRows, &runtime.call());
      void* cursor = nullptr;
      TURDB_RETURN_IF_ERROR(CallHost(&call, table_.function_name_,
                                     [&](turdb_call* own) { cursor = table_.callbacks_.open(table_.user_data_.get(), own); }));
      cursor_ = std::make_unique<RowCursor>(table_.callbacks_, table_.user_data_, cursor);
      return absl::OkStatus();
    }

    Status Ask(turdb::exec::Runtime& runtime) {
      packed_.clear();
      turdb_call call({}, {}, {}, &runtime.call());
      call.GiveRows(&packed_, &left_);
      TURDB_RETURN_IF_ERROR(CallHost(&call, table_.function_name_, [&](turdb_call* own) { cursor_->Next(own); }));
      reader_ = PackedReader(reinterpret_cast<const uint8_t*>(packed_.data()), packed_.size());
      done_ = left_ == 0;
      return done_ ? turdb::capi::CheckAtEnd(reader_, 0) : absl::OkStatus();
    }

    Status Read(turdb::exec::Runtime& runtime, uint32_t max_rows, turdb::vec::Chunk* out) {
      const auto count = static_cast<uint32_t>(std::min<int64_t>(left_, std::min(max_rows, out->capacity())));
      CallContext& context = runtime.call();
      for (uint32_t row = 0; row < count; ++row) {
        for (size_t i = 0; i < table_.columns_.size(); ++i) {
          TURDB_ASSIGN_OR_RETURN(const Value value, turdb::capi::ReadPacked(&reader_, context.text));
          Status status = turdb::capi::StoreResult(value, &out->column(i), row, &context.text, context);
          if (!status.ok()) {
            return turdb::base::WithFrame(std::move(status), absl::StrCat("column \"", table_.columns_[i].name, "\""));
          }
        }
      }
      left_ -= count;
      out->set_size(count);
      return left_ == 0 ? turdb::capi::CheckAtEnd(reader_, count) : absl::OkStatus();
    }

    const CallbackRows& table_;
    std::vector<Value> arguments_;
    bool done_ = false;
    std::unique_ptr<RowCursor> cursor_;
    std::string packed_;  // what the host gave last
    PackedReader reader_;
    int64_t left_ = 0;  // rows in it
  };

  const std::string& title() const { return function_name_.title; }

  const HostSignature signature_;
  const std::vector<ExternalTable::Column> columns_;
  const RowCallbacks callbacks_;
  const std::shared_ptr<void> user_data_;
  const turdb::capi::HostFunction function_name_;
};

// The columns of a function that declares them.
StatusOr<std::vector<ExternalTable::Column>> ReadColumns(Connection& connection, const char* columns,
                                                         const HostSignature& signature) {
  auto declared = connection.ColumnsOf(columns);
  if (!declared.ok()) {
    return turdb::base::WithFrame(declared.status(), absl::StrCat("reading the columns of ", signature.name));
  }
  for (const ExternalTable::Column& column : *declared) TURDB_RETURN_IF_ERROR(CheckType(column.type, signature.name));
  return declared;
}

// Adopts user_data, whatever happens then, and runs `body(connection, user_data)` inside the connection.
template <typename Body>
turdb_status Register(turdb_conn* conn, bool complete, const char* misuse, void* user_data, void (*destroy)(void* user_data),
                      turdb_error** error, Body&& body) noexcept {
  std::shared_ptr<void> data;
  const turdb_status adopted = turdb::capi::Guarded(error, [&] {
    data = Adopted(user_data, destroy);
    return absl::OkStatus();
  });
  if (adopted != TURDB_OK) return adopted;
  if (conn == nullptr || !complete) return turdb::capi::ReportMisuse(misuse, error);
  return turdb::capi::Inside(*conn->connection, error, [&] { return body(*conn->connection, data); });
}

}  // namespace

extern "C" {

turdb_status turdb_conn_create_scalar(turdb_conn* conn, const char* name, const char* parameters, const char* returns,
                                      int64_t flags, turdb_scalar_function function, void* user_data,
                                      void (*destroy)(void* user_data), turdb_error** error) {
  return Register(conn, function != nullptr, "turdb_conn_create_scalar: conn or function is NULL", user_data, destroy, error,
                  [&](Connection& connection, const std::shared_ptr<void>& data) -> Status {
                    TURDB_ASSIGN_OR_RETURN(HostSignature signature,
                                           SignatureOf(connection, name, parameters, flags, kFunctionFlags));
                    TURDB_RETURN_IF_ERROR(ReadReturns(connection, returns, &signature));
                    std::shared_ptr<const HostScalar> made =
                        std::make_shared<CallbackScalar>(std::move(signature), function, data, connection.database());
                    return connection.functions().Add(std::move(made));
                  });
}

turdb_status turdb_conn_create_aggregate(turdb_conn* conn, const char* name, const char* parameters, const char* returns,
                                         int64_t flags, turdb_aggregate_create create, turdb_aggregate_update update,
                                         turdb_aggregate_merge merge, turdb_aggregate_finish finish,
                                         turdb_aggregate_release release, void* user_data, void (*destroy)(void* user_data),
                                         turdb_error** error) {
  const bool complete = create != nullptr && update != nullptr && finish != nullptr && release != nullptr;
  return Register(conn, complete, "turdb_conn_create_aggregate: conn or a callback other than merge is NULL", user_data,
                  destroy, error, [&](Connection& connection, const std::shared_ptr<void>& data) -> Status {
                    TURDB_ASSIGN_OR_RETURN(HostSignature signature,
                                           SignatureOf(connection, name, parameters, flags, kFunctionFlags));
                    TURDB_RETURN_IF_ERROR(ReadReturns(connection, returns, &signature));
                    const AggregateCallbacks callbacks{create, update, merge, finish, release};
                    std::shared_ptr<const HostAggregate> made =
                        std::make_shared<CallbackAggregate>(std::move(signature), callbacks, data, connection.database());
                    return connection.functions().Add(std::move(made));
                  });
}

turdb_status turdb_conn_create_table_function(turdb_conn* conn, const char* name, const char* parameters, const char* columns,
                                              int64_t flags, turdb_table_function function, void* user_data,
                                              void (*destroy)(void* user_data), turdb_error** error) {
  return Register(conn, function != nullptr, "turdb_conn_create_table_function: conn or function is NULL", user_data, destroy,
                  error, [&](Connection& connection, const std::shared_ptr<void>& data) -> Status {
                    TURDB_ASSIGN_OR_RETURN(
                        HostSignature signature,
                        SignatureOf(connection, name, parameters, flags, TURDB_FUNCTION_SEES_NULL | TURDB_FUNCTION_VARIADIC));
                    std::vector<ExternalTable::Column> declared;
                    if (columns != nullptr) {
                      TURDB_ASSIGN_OR_RETURN(declared, ReadColumns(connection, columns, signature));
                      if (declared.empty()) {
                        return turdb::base::MisuseError("columns are \"\": NULL lets the arguments decide");
                      }
                    }
                    std::shared_ptr<const turdb::exec::HostTable> made = std::make_shared<CallbackTable>(
                        std::move(signature), std::move(declared), function, data, connection.database());
                    return connection.functions().Add(std::move(made));
                  });
}

turdb_status turdb_conn_create_row_function(turdb_conn* conn, const char* name, const char* parameters, const char* columns,
                                            int64_t flags, turdb_rows_open open, turdb_rows_next next, turdb_rows_close close,
                                            void* user_data, void (*destroy)(void* user_data), turdb_error** error) {
  const bool complete = columns != nullptr && open != nullptr && next != nullptr && close != nullptr;
  return Register(
      conn, complete, "turdb_conn_create_row_function: conn, columns or a callback is NULL", user_data, destroy, error,
      [&](Connection& connection, const std::shared_ptr<void>& data) -> Status {
        TURDB_ASSIGN_OR_RETURN(HostSignature signature, SignatureOf(connection, name, parameters, flags,
                                                                    TURDB_FUNCTION_SEES_NULL | TURDB_FUNCTION_VARIADIC));
        TURDB_ASSIGN_OR_RETURN(std::vector<ExternalTable::Column> declared, ReadColumns(connection, columns, signature));
        if (declared.empty()) return turdb::base::MisuseError("a function that gives rows needs a column");
        std::shared_ptr<const turdb::exec::HostTable> made = std::make_shared<CallbackRows>(
            std::move(signature), std::move(declared), RowCallbacks{open, next, close}, data, connection.database());
        return connection.functions().Add(std::move(made));
      });
}

turdb_status turdb_conn_drop_function(turdb_conn* conn, const char* name, const char* parameters, int64_t flags,
                                      turdb_error** error) {
  if (conn == nullptr) return turdb::capi::ReportMisuse("turdb_conn_drop_function: conn is NULL", error);
  return turdb::capi::Inside(*conn->connection, error, [&]() -> Status {
    Connection& connection = *conn->connection;
    const bool all = parameters == nullptr;
    TURDB_ASSIGN_OR_RETURN(const HostSignature signature,
                           SignatureOf(connection, name, all ? "" : parameters, all ? 0 : flags, kFunctionFlags));
    if (connection.functions().Remove(signature.name, all ? nullptr : &signature)) return absl::OkStatus();
    return turdb::base::MakeError(absl::StatusCode::kNotFound, turdb::base::sqlstate::kUndefinedObject,
                                  absl::StrCat("this connection has no function ",
                                               all ? absl::StrCat("\"", signature.name, "\"") : signature.ToString()));
  });
}

// ---- collations

turdb_status turdb_conn_create_collation(turdb_conn* conn, const char* name, int64_t flags, turdb_sort_key sort_key,
                                         void* user_data, void (*destroy)(void* user_data), turdb_error** error) {
  return Register(conn, sort_key != nullptr, "turdb_conn_create_collation: conn or sort_key is NULL", user_data, destroy, error,
                  [&](Connection& connection, const std::shared_ptr<void>& data) -> Status {
                    TURDB_ASSIGN_OR_RETURN(HostSignature signature,
                                           SignatureOf(connection, name, "text", flags, TURDB_FUNCTION_PARALLEL));
                    signature.flags = static_cast<uint8_t>(signature.flags & ~turdb::function::kVolatile);
                    signature.result = turdb::vec::TypeId::kBlob;
                    std::shared_ptr<const HostScalar> made =
                        std::make_shared<CallbackScalar>(std::move(signature), sort_key, data, connection.database());
                    return connection.functions().AddCollation(std::move(made));
                  });
}

turdb_status turdb_conn_drop_collation(turdb_conn* conn, const char* name, turdb_error** error) {
  if (conn == nullptr) return turdb::capi::ReportMisuse("turdb_conn_drop_collation: conn is NULL", error);
  return turdb::capi::Inside(*conn->connection, error, [&]() -> Status {
    TURDB_ASSIGN_OR_RETURN(const std::string wanted, NameOf(name));
    if (conn->connection->functions().RemoveCollation(wanted)) return absl::OkStatus();
    return turdb::base::MakeError(absl::StatusCode::kNotFound, turdb::base::sqlstate::kUndefinedObject,
                                  absl::StrCat("this connection has no collation \"", wanted, "\""));
  });
}

}  // extern "C"
