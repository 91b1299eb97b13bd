// generate_series where rows come one by one (exec has a faster one for whole chunks of integers).
#include "function/registry.h"
#include "function/set_function.h"

namespace turdb::function {
namespace {

Status ZeroStep() {
  return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter, "step size cannot equal zero");
}

// start, start + step, ... by the operators of SQL, so one class serves numbers and timestamps.
class SeriesScan : public SetScan {
 public:
  explicit SeriesScan(const BoundSetFunction& bound) : types_(bound.argument_types) {}

  Status Start(std::span<const Value> arguments, CallContext& context) override {
    context_ = &context;
    next_ = arguments[0];
    stop_ = arguments[1];
    if (arguments.size() > 2) {
      step_ = arguments[2];
    } else {
      TURDB_ASSIGN_OR_RETURN(step_, CastValue(Value::Int32(1), types_[0], CastContext::kExplicit, context));
    }
    const Type operands[] = {next_.type(), step_.type()};
    TURDB_ASSIGN_OR_RETURN(plus_, ResolveOperator("+", operands));
    const bool of_time = step_.type().id == TypeId::kInterval;
    TURDB_ASSIGN_OR_RETURN(const Value zero, of_time
                                                 ? StatusOr<Value>(Value::Of(step_.type(), vec::Interval{}))
                                                 : CastValue(Value::Int32(0), step_.type(), CastContext::kExplicit, context));
    const int sign = Value::Compare(step_, zero);
    if (sign == 0) return ZeroStep();
    ascending_ = sign > 0;
    done_ = false;
    return absl::OkStatus();
  }

  StatusOr<bool> Next(std::vector<Value>* row) override {
    if (done_) return false;
    const int order = Value::Compare(next_, stop_);
    if (ascending_ ? order > 0 : order < 0) {
      done_ = true;
      return false;
    }
    (*row)[0] = next_;
    const Value operands[] = {next_, step_};
    auto following = EvaluateValues(plus_, operands, *context_);
    if (following.ok()) {
      next_ = *std::move(following);
    } else {
      done_ = true;  // the type ends here
    }
    return true;
  }

 private:
  const std::vector<Type> types_;
  CallContext* context_ = nullptr;
  BoundCall plus_;
  Value next_, stop_, step_;
  bool ascending_ = true;
  bool done_ = true;
};

std::unique_ptr<SetScan> MakeSeries(const BoundSetFunction& bound) { return std::make_unique<SeriesScan>(bound); }

}  // namespace

void AddSeries(std::vector<SetFunction>& list) {
  for (const TypeId id : {TypeId::kInt32, TypeId::kInt64, TypeId::kNumeric}) {
    list.push_back({"generate_series", {id, id}, {{"", id}}, MakeSeries});
    list.push_back({"generate_series", {id, id, id}, {{"", id}}, MakeSeries});
  }
  for (const TypeId id : {TypeId::kTimestamp, TypeId::kTimestampTz}) {
    list.push_back({"generate_series", {id, id, TypeId::kInterval}, {{"", id}}, MakeSeries});
  }
}

}  // namespace turdb::function
