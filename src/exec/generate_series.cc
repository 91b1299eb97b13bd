// generate_series over integers and over timestamps.
#include "exec/table_function.h"
#include "function/registry.h"
#include "vec/scalar.h"

namespace turdb::exec {
namespace {

using base::Status;
using vec::TypeId;

Status ZeroStep() {
  return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter, "step size cannot equal zero");
}

class IntegerSeries : public TableFunctionScan {
 public:
  Status Start(Runtime&, std::span<const vec::Value> arguments) override {
    done_ = true;
    for (const vec::Value& argument : arguments) {
      if (argument.is_null()) return absl::OkStatus();
    }
    next_ = arguments[0].AsInt64();
    stop_ = arguments[1].AsInt64();
    step_ = arguments[2].AsInt64();
    if (step_ == 0) return ZeroStep();
    done_ = step_ > 0 ? next_ > stop_ : next_ < stop_;
    return absl::OkStatus();
  }

  Status Next(Runtime&, uint32_t max_rows, vec::Chunk* out) override {
    if (done_) return absl::OkStatus();
    // How many steps still fit, without overflow: the distance is below 2^64.
    const uint64_t distance = step_ > 0 ? static_cast<uint64_t>(stop_) - static_cast<uint64_t>(next_)
                                        : static_cast<uint64_t>(next_) - static_cast<uint64_t>(stop_);
    const uint64_t magnitude = step_ > 0 ? static_cast<uint64_t>(step_) : uint64_t{0} - static_cast<uint64_t>(step_);
    const uint64_t left = distance / magnitude;  // after the first
    const uint32_t count = left < max_rows ? static_cast<uint32_t>(left) + 1 : max_rows;
    out->column(0).SetSequence(next_, step_);
    out->set_size(count);
    done_ = left < max_rows;
    if (!done_) next_ = static_cast<int64_t>(static_cast<uint64_t>(next_) + static_cast<uint64_t>(step_) * count);
    return absl::OkStatus();
  }

 private:
  int64_t next_ = 0;
  int64_t stop_ = 0;
  int64_t step_ = 1;
  bool done_ = true;
};

// A month has no fixed length, so each value is the one before plus the step, by the + operator of SQL.
class TimestampSeries : public TableFunctionScan {
 public:
  Status Start(Runtime&, std::span<const vec::Value> arguments) override {
    done_ = true;
    for (const vec::Value& argument : arguments) {
      if (argument.is_null()) return absl::OkStatus();
    }
    next_ = arguments[0];
    stop_ = arguments[1];
    step_ = arguments[2];
    const vec::Interval step = step_.Get<vec::Interval>();
    const vec::Interval zero;
    if (step == zero) return ZeroStep();
    ascending_ = step > zero;
    if (plus_.function == nullptr) {
      const vec::Type operands[] = {next_.type(), step_.type()};
      TURDB_ASSIGN_OR_RETURN(plus_, function::ResolveOperator("+", operands));
    }
    done_ = false;
    return absl::OkStatus();
  }

  Status Next(Runtime& runtime, uint32_t max_rows, vec::Chunk* out) override {
    uint32_t count = 0;
    while (!done_ && count < max_rows) {
      const int order = vec::Value::Compare(next_, stop_);
      if (ascending_ ? order > 0 : order < 0) {
        done_ = true;
        break;
      }
      out->column(0).SetValue(count++, next_);
      const vec::Value operands[] = {next_, step_};
      TURDB_ASSIGN_OR_RETURN(next_, function::EvaluateValues(plus_, operands, runtime.call()));
    }
    out->set_size(count);
    return absl::OkStatus();
  }

 private:
  function::BoundCall plus_;
  vec::Value next_;
  vec::Value stop_;
  vec::Value step_;
  bool ascending_ = true;
  bool done_ = true;
};

template <typename Scan>
class Series : public TableFunction {
 public:
  std::string_view name() const override { return "generate_series"; }
  std::unique_ptr<TableFunctionScan> NewScan() const override { return std::make_unique<Scan>(); }
};

}  // namespace

const TableFunction* GenerateSeries(const vec::Type& type) {
  // Immutable and without state: one of each serves every database.
  static const Series<IntegerSeries> integers;
  static const Series<TimestampSeries> timestamps;
  switch (type.id) {
    case TypeId::kInt16:
    case TypeId::kInt32:
    case TypeId::kInt64:
      return &integers;
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
      return &timestamps;
    default:
      return nullptr;
  }
}

}  // namespace turdb::exec
