#include "exec/evaluator.h"

#include "absl/strings/str_cat.h"
#include "exec/evaluator_internal.h"
#include "exec/vector_operations.h"
#include "function/raise.h"
#include "function/registry.h"
#include "vec/compare.h"

namespace turdb::exec {

using base::Status;
using base::StatusOr;
using vec::Chunk;
using vec::Rows;
using vec::SelIndex;
using vec::Vector;
using vec::VectorView;

namespace {

class ConstantEvaluator : public Evaluator {
 public:
  ConstantEvaluator(const Expression& expression, const EvaluatorOptions& options)
      : Evaluator(expression), vector_(expression.type, 1, options.budget) {
    vector_.SetConstant(*expression.value);
  }
  Status Start(Runtime&) override { return absl::OkStatus(); }
  Status Evaluate(Runtime&, const Chunk&, Rows, const Vector** out) override {
    *out = &vector_;
    return absl::OkStatus();
  }

 private:
  Vector vector_;
};

class ParameterEvaluator : public Evaluator {
 public:
  ParameterEvaluator(const Expression& expression, const EvaluatorOptions& options)
      : Evaluator(expression), vector_(expression.type, 1, options.budget) {}
  Status Start(Runtime& runtime) override {
    const auto index = static_cast<size_t>(expression().index);
    const std::span<const vec::Value> parameters = runtime.context->parameters;
    if (index >= parameters.size()) {
      return base::WithPosition(base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kUndefinedParameter,
                                                absl::StrCat("parameter $", index + 1, " was not bound")),
                                expression().position);
    }
    const vec::Value& value = parameters[index];
    const bool any = type().id == vec::TypeId::kAny;  // holds a value of every type
    if (!value.is_null() && !any && value.type().physical() != type().physical()) {
      return base::WithPosition(base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kDatatypeMismatch,
                                                absl::StrCat("parameter $", index + 1, " is of type ", value.type().ToString(),
                                                             " where the statement expects ", type().ToString())),
                                expression().position);
    }
    vector_.Reset();
    vector_.SetConstant(value);
    return absl::OkStatus();
  }
  Status Evaluate(Runtime&, const Chunk&, Rows, const Vector** out) override {
    *out = &vector_;
    return absl::OkStatus();
  }

 private:
  Vector vector_;
};

class ColumnEvaluator : public Evaluator {
 public:
  using Evaluator::Evaluator;
  Status Start(Runtime&) override { return absl::OkStatus(); }
  Status Evaluate(Runtime&, const Chunk& input, Rows, const Vector** out) override {
    *out = &input.column(static_cast<size_t>(expression().index));
    return absl::OkStatus();
  }
};

class OuterEvaluator : public Evaluator {
 public:
  using Evaluator::Evaluator;
  Status Start(Runtime&) override { return absl::OkStatus(); }
  Status Evaluate(Runtime& runtime, const Chunk&, Rows, const Vector** out) override {
    *out = &runtime.slots[static_cast<size_t>(expression().index)];
    return absl::OkStatus();
  }
};

// What every evaluator with a result of its own has.
class ComputedEvaluator : public Evaluator {
 public:
  ComputedEvaluator(const Expression& expression, Evaluators arguments, const EvaluatorOptions& options)
      : Evaluator(expression), arguments_(std::move(arguments)), result_(expression.type, options.capacity, options.budget) {}
  Status Start(Runtime& runtime) override { return StartAll(arguments_, runtime); }

 protected:
  Evaluators arguments_;
  Vector result_;
};

// Says which values a function failed on, and where in the text it was called.
Status WithCall(Status status, const Expression& expression, std::span<const Vector* const> values, SelIndex row) {
  if (expression.position >= 0) status = base::WithPosition(std::move(status), expression.position);
  if (function::IsRaised(status)) return status;
  std::string frame = absl::StrCat("evaluating ", ToText(expression), " with (");
  for (size_t i = 0; i < values.size(); ++i) {
    absl::StrAppend(&frame, i == 0 ? "" : ", ", values[i]->GetValue(row).ToSqlLiteral());
  }
  return base::WithFrame(std::move(status), absl::StrCat(frame, ")"));
}

class CallEvaluator : public ComputedEvaluator {
 public:
  CallEvaluator(const Expression& expression, Evaluators arguments, const EvaluatorOptions& options)
      : ComputedEvaluator(expression, std::move(arguments), options), values_(arguments_.size()) {}
  Status Evaluate(Runtime& runtime, const Chunk& input, Rows rows, const Vector** out) override {
    for (size_t i = 0; i < arguments_.size(); ++i) {
      TURDB_RETURN_IF_ERROR(arguments_[i]->Evaluate(runtime, input, rows, &values_[i]));
    }
    *out = &result_;
    Status status = function::Evaluate(*expression().call, values_, rows, runtime.call(), &result_);
    if (!status.ok()) [[unlikely]] {
      return WithCall(std::move(status), expression(), values_, runtime.call().error_row);
    }
    return absl::OkStatus();
  }

 private:
  std::vector<const Vector*> values_;
};

// TRY_CAST: on an error row by row, so that what converts still does.
class TryCastEvaluator : public ComputedEvaluator {
 public:
  TryCastEvaluator(const Expression& expression, Evaluators arguments, const EvaluatorOptions& options)
      : ComputedEvaluator(expression, std::move(arguments), options),
        single_(expression.type, options.capacity, options.budget) {}
  Status Evaluate(Runtime& runtime, const Chunk& input, Rows rows, const Vector** out) override {
    const Vector* value = nullptr;
    TURDB_RETURN_IF_ERROR(arguments_[0]->Evaluate(runtime, input, rows, &value));
    *out = &result_;
    if (function::Evaluate(*expression().call, {&value, 1}, rows, runtime.call(), &result_).ok()) return absl::OkStatus();
    result_.Reset();
    for (uint32_t i = 0; i < rows.count; ++i) {
      const SelIndex row = rows[i];
      if (function::Evaluate(*expression().call, {&value, 1}, Rows{&row, 1}, runtime.call(), &single_).ok()) {
        CopyRow(single_, row, &result_, row);
      } else {
        result_.SetNull(row);
      }
    }
    return absl::OkStatus();
  }

 private:
  Vector single_;
};

class NullTestEvaluator : public ComputedEvaluator {
 public:
  using ComputedEvaluator::ComputedEvaluator;
  Status Evaluate(Runtime& runtime, const Chunk& input, Rows rows, const Vector** out) override {
    const Vector* value = nullptr;
    TURDB_RETURN_IF_ERROR(arguments_[0]->Evaluate(runtime, input, rows, &value));
    *out = &result_;
    switch (expression().kind) {
      case ExpressionKind::kNot:
        function::Not(*value, rows, &result_);
        break;
      case ExpressionKind::kIsNull:
        function::IsNull(*value, rows, &result_);
        break;
      default:
        function::IsNotNull(*value, rows, &result_);
        break;
    }
    return absl::OkStatus();
  }
};

class DistinctFromEvaluator : public ComputedEvaluator {
 public:
  using ComputedEvaluator::ComputedEvaluator;
  Status Evaluate(Runtime& runtime, const Chunk& input, Rows rows, const Vector** out) override {
    const Vector* a = nullptr;
    const Vector* b = nullptr;
    TURDB_RETURN_IF_ERROR(arguments_[0]->Evaluate(runtime, input, rows, &a));
    TURDB_RETURN_IF_ERROR(arguments_[1]->Evaluate(runtime, input, rows, &b));
    const bool distinct = expression().kind == ExpressionKind::kIsDistinct;
    const VectorView x = a->View(), y = b->View();
    const vec::Type& type = a->type();
    const size_t width = type.width();
    result_.Reset();
    bool* values = result_.data<bool>();
    for (uint32_t i = 0; i < rows.count; ++i) {
      const size_t row = rows[i];
      const bool valid = x.IsValid(row);
      const bool equal = valid == y.IsValid(row) &&
                         (!valid || vec::EqualSlots(type, x.data + x.Index(row) * width, y.data + y.Index(row) * width));
      values[row] = equal != distinct;
    }
    *out = &result_;
    return absl::OkStatus();
  }
};

// A domain's constraint; the value passes through.
class CheckEvaluator : public Evaluator {
 public:
  CheckEvaluator(const Expression& expression, Evaluators arguments, const EvaluatorOptions& options)
      : Evaluator(expression), arguments_(std::move(arguments)), failed_(options.capacity, options.budget) {}
  Status Start(Runtime& runtime) override { return StartAll(arguments_, runtime); }
  Status Evaluate(Runtime& runtime, const Chunk& input, Rows rows, const Vector** out) override {
    TURDB_RETURN_IF_ERROR(arguments_[0]->Evaluate(runtime, input, rows, out));
    if (arguments_.size() == 1) {
      const VectorView view = (*out)->View();
      for (uint32_t i = 0; i < rows.count; ++i) {
        if (!view.IsValid(rows[i])) return Refuse(base::sqlstate::kNotNullViolation);
      }
      return absl::OkStatus();
    }
    const Vector* const around = std::exchange(runtime.checked_value, *out);
    const Vector* holds = nullptr;
    Status status = arguments_[1]->Evaluate(runtime, input, rows, &holds);
    runtime.checked_value = around;
    TURDB_RETURN_IF_ERROR(status);
    if (function::SelectFalse(*holds, rows, failed_.data()) == 0) return absl::OkStatus();  // NULL passes
    return Refuse(base::sqlstate::kCheckViolation);
  }

 private:
  Status Refuse(const base::SqlState& state) const {
    return base::WithPosition(base::MakeError(absl::StatusCode::kInvalidArgument, state, expression().value->bytes()),
                              expression().position);
  }

  Evaluators arguments_;
  vec::SelectionVector failed_;
};

class CheckedValueEvaluator : public Evaluator {
 public:
  using Evaluator::Evaluator;
  Status Start(Runtime&) override { return absl::OkStatus(); }
  Status Evaluate(Runtime& runtime, const Chunk&, Rows, const Vector** out) override {
    *out = runtime.checked_value;
    return absl::OkStatus();
  }
};

}  // namespace

Status StartAll(const Evaluators& evaluators, Runtime& runtime) {
  for (const std::unique_ptr<Evaluator>& evaluator : evaluators) TURDB_RETURN_IF_ERROR(evaluator->Start(runtime));
  return absl::OkStatus();
}

StatusOr<uint32_t> Evaluator::Select(Runtime& runtime, const Chunk& input, Rows rows, SelIndex* selected) {
  const Vector* value = nullptr;
  TURDB_RETURN_IF_ERROR(Evaluate(runtime, input, rows, &value));
  return function::SelectTrue(*value, rows, selected);
}

StatusOr<std::unique_ptr<Evaluator>> MakeEvaluator(const Expression& expression, const EvaluatorOptions& options) {
  Evaluators arguments;
  arguments.reserve(expression.arguments.size());
  for (const Expression* argument : expression.arguments) {
    TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Evaluator> evaluator, MakeEvaluator(*argument, options));
    arguments.push_back(std::move(evaluator));
  }
  switch (expression.kind) {
    case ExpressionKind::kConstant:
      return std::make_unique<ConstantEvaluator>(expression, options);
    case ExpressionKind::kParameter:
      return std::make_unique<ParameterEvaluator>(expression, options);
    case ExpressionKind::kColumn:
      return std::make_unique<ColumnEvaluator>(expression);
    case ExpressionKind::kOuter:
      return std::make_unique<OuterEvaluator>(expression);
    case ExpressionKind::kCall:
      return std::make_unique<CallEvaluator>(expression, std::move(arguments), options);
    case ExpressionKind::kCast:
      if (function::IsTextRelabel(*expression.call)) return std::move(arguments[0]);
      if (expression.try_cast) return std::make_unique<TryCastEvaluator>(expression, std::move(arguments), options);
      return std::make_unique<CallEvaluator>(expression, std::move(arguments), options);
    case ExpressionKind::kAnd:
    case ExpressionKind::kOr:
      return MakeLogical(expression, std::move(arguments), options);
    case ExpressionKind::kNot:
    case ExpressionKind::kIsNull:
    case ExpressionKind::kIsNotNull:
      return std::make_unique<NullTestEvaluator>(expression, std::move(arguments), options);
    case ExpressionKind::kIsDistinct:
    case ExpressionKind::kIsNotDistinct:
      return std::make_unique<DistinctFromEvaluator>(expression, std::move(arguments), options);
    case ExpressionKind::kCase:
      return MakeCase(expression, std::move(arguments), options);
    case ExpressionKind::kCoalesce:
      return MakeCoalesce(expression, std::move(arguments), options);
    case ExpressionKind::kIn:
      return MakeIn(expression, std::move(arguments), options);
    case ExpressionKind::kSubquery:
      return MakeSubquery(expression, std::move(arguments), options);
    case ExpressionKind::kCheck:
      return std::make_unique<CheckEvaluator>(expression, std::move(arguments), options);
    case ExpressionKind::kValue:
      return std::make_unique<CheckedValueEvaluator>(expression);
    case ExpressionKind::kLambda:
      return MakeLambda(expression, std::move(arguments), options);
    case ExpressionKind::kLambdaValue:
      return MakeLambdaValue(expression);
  }
  return base::InternalError("an expression of unknown kind");
}

StatusOr<EvaluatorList> EvaluatorList::Make(Expressions expressions, const EvaluatorOptions& options) {
  EvaluatorList list;
  for (const Expression* expression : expressions) {
    TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Evaluator> evaluator, MakeEvaluator(*expression, options));
    list.evaluators_.push_back(std::move(evaluator));
  }
  list.values_.resize(expressions.size());
  return list;
}

Status EvaluatorList::Start(Runtime& runtime) { return StartAll(evaluators_, runtime); }

Status EvaluatorList::Evaluate(Runtime& runtime, const Chunk& input, Rows rows) {
  for (size_t i = 0; i < evaluators_.size(); ++i) {
    TURDB_RETURN_IF_ERROR(evaluators_[i]->Evaluate(runtime, input, rows, &values_[i]));
  }
  return absl::OkStatus();
}

StatusOr<Filter> Filter::Make(Expressions conjuncts, const EvaluatorOptions& options) {
  Filter filter;
  for (const Expression* conjunct : conjuncts) {
    TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Evaluator> evaluator, MakeEvaluator(*conjunct, options));
    filter.conjuncts_.push_back(std::move(evaluator));
  }
  if (!conjuncts.empty()) filter.selection_ = std::make_unique<vec::SelectionVector>(options.capacity, options.budget);
  return filter;
}

Status Filter::Start(Runtime& runtime) { return StartAll(conjuncts_, runtime); }

StatusOr<Rows> Filter::Apply(Runtime& runtime, const Chunk& input, Rows rows) {
  for (const std::unique_ptr<Evaluator>& conjunct : conjuncts_) {
    if (rows.count == 0) break;
    TURDB_ASSIGN_OR_RETURN(const uint32_t count, conjunct->Select(runtime, input, rows, selection_->data()));
    rows = Rows{selection_->data(), count};
  }
  return rows;
}

StatusOr<ScalarEvaluator> ScalarEvaluator::Make(const Expression& expression, const EvaluatorOptions& options) {
  ScalarEvaluator scalar;
  TURDB_ASSIGN_OR_RETURN(scalar.evaluator_, MakeEvaluator(expression, options));
  return scalar;
}

StatusOr<const Vector*> ScalarEvaluator::Evaluate(Runtime& runtime) {
  const Vector* value = nullptr;
  TURDB_RETURN_IF_ERROR(evaluator_->Evaluate(runtime, none_, Rows::All(1), &value));
  return value;
}

bool ReadsSlots(const Expression& expression) {
  if (expression.kind == ExpressionKind::kOuter) return true;
  for (const Expression* argument : expression.arguments) {
    if (ReadsSlots(*argument)) return true;
  }
  return expression.subquery != nullptr && ReadsSlots(*expression.subquery->plan);
}

bool ReadsSlots(const Node& node) {
  bool reads = false;
  ForEachExpression(node, [&](const Expression& expression) { reads = reads || ReadsSlots(expression); });
  for (const Node* input : Inputs(node)) reads = reads || ReadsSlots(*input);
  return reads;
}

}  // namespace turdb::exec
