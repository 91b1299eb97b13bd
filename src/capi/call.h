// A call of a function of the host: turdb_call of turdb.h, which lives as long as the callback runs.
#ifndef TURDB_CAPI_CALL_H_
#define TURDB_CAPI_CALL_H_

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "arrow/exporter.h"
#include "base/status.h"
#include "capi/handles.h"
#include "engine/host_call.h"
#include "engine/user_function.h"  // with what functions of the host derive from
#include "turdb.h"
#include "vec/vector.h"

struct turdb_call {
 public:
  // `rows` are those of `arguments`; row i of the call is rows[i]. All of it outlives the call.
  turdb_call(std::span<const turdb::vec::VectorView> arguments, std::span<const turdb::vec::Type> types,
             std::span<const turdb::vec::SelIndex> rows, turdb::function::CallContext* context)
      : arguments_(arguments), types_(types), rows_(rows), context_(context), row_count_(static_cast<int64_t>(rows.size())) {}
  turdb_call(const turdb_call&) = delete;

  // The result of row i goes to row rows[i], or, without rows, offset + i, of `result`, which is flat. They are all made NULL.
  void GiveResults(turdb::vec::Vector* result, std::span<const turdb::vec::SelIndex> rows);
  void GiveResults(turdb::vec::Vector* result, uint32_t offset, uint32_t count);

  int64_t row_count() const { return row_count_; }
  size_t argument_count() const { return arguments_.size(); }
  std::span<const turdb::vec::Type> types() const { return types_; }
  // Null for NULL and outside the range.
  const void* Cell(int64_t argument, int64_t row) const;
  // REQUIRES: Cell is not null.
  turdb::vec::Value ValueAt(int64_t argument, int64_t row) const;
  const turdb::vec::TextContext* text() const { return context_ == nullptr ? nullptr : &context_->text; }
  // Memory that lives as long as the call.
  std::string& NewText() { return texts_.emplace_back(); }

  turdb::base::Status Export(const turdb::arrow::ExportOptions& options, ArrowSchema* schema, ArrowArray* out) const;

  // Whether a result may be written there; a call that may not has failed.
  bool Takes(int64_t row);
  turdb::vec::Vector& result() { return *result_; }
  size_t SlotOf(int64_t row) const {
    return result_rows_.empty() ? result_offset_ + static_cast<size_t>(row) : result_rows_[static_cast<size_t>(row)];
  }
  // Cast by assignment.
  turdb::base::Status Return(int64_t row, const turdb::vec::Value& value);
  // The packed rows that a function gives go there, and are counted.
  void GiveRows(std::string* packed, int64_t* count) {
    packed_rows_ = packed;
    packed_row_count_ = count;
  }
  turdb::base::Status ReturnRows(std::string_view packed, int64_t count);
  turdb::base::Status ReturnArray(const ArrowSchema* schema, turdb::arrow::Owned<ArrowArray> array);

  void Fail(turdb::base::Status status) {
    if (failure_.ok()) failure_ = std::move(status);
  }
  const turdb::base::Status& failure() const { return failure_; }

 private:
  turdb::function::CallContext& ContextForCasts();
  turdb::base::Status ReturnColumn(const turdb::vec::Vector& column, uint32_t count, int64_t first_row);

  const std::span<const turdb::vec::VectorView> arguments_;
  const std::span<const turdb::vec::Type> types_;
  const std::span<const turdb::vec::SelIndex> rows_;
  turdb::function::CallContext* const context_;
  std::unique_ptr<turdb::function::CallContext> own_context_;
  int64_t row_count_;
  turdb::vec::Vector* result_ = nullptr;
  std::span<const turdb::vec::SelIndex> result_rows_;
  size_t result_offset_ = 0;
  std::string* packed_rows_ = nullptr;
  int64_t* packed_row_count_ = nullptr;
  std::deque<std::string> texts_;
  turdb::base::Status failure_;
};

namespace turdb::capi {

// What the host hands over: destroyed exactly once, when nothing needs it any more.
inline std::shared_ptr<void> Adopted(void* user_data, void (*destroy)(void* user_data)) {
  return std::shared_ptr<void>(user_data, [destroy](void* data) {
    if (destroy != nullptr) destroy(data);
  });
}

// How what the host gives becomes `type`: by assignment, but a text is read, as what SQL has in quotes is.
inline function::CastContext ResultCast(const vec::Type& given, const vec::Type& type) {
  const bool reads = vec::IsText(given.id) && !vec::IsText(type.id);
  return reads ? function::CastContext::kExplicit : function::CastContext::kAssignment;
}

// Stores what the host gives, which may be NULL, as a value of the vector's type.
base::Status StoreResult(const vec::Value& value, vec::Vector* result, size_t slot, const vec::TextContext* text,
                         function::CallContext& context);

// What messages call a function, and the database that calls it.
struct HostFunction {
  std::string title;
  const engine::Database* database;
};

// Runs `callback(call)`; nothing thrown passes. What it failed with, with a frame that names the function.
template <typename Callback>
base::Status CallHost(turdb_call* call, const HostFunction& function, Callback&& callback) {
  const engine::HostCall mark(function.database);
  try {
    callback(call);
  } catch (...) {
    call->Fail(base::MakeError(absl::StatusCode::kUnavailable, base::SqlState{"38000"}, "the function threw an exception"));
  }
  if (call->failure().ok()) return absl::OkStatus();
  return base::WithFrame(call->failure(), absl::StrCat("calling ", function.title));
}

}  // namespace turdb::capi

#endif  // TURDB_CAPI_CALL_H_
