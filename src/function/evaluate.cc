// Running a bound call over vectors: constants, NULLs and errors, so that kernels are only loops.
#include <algorithm>
#include <type_traits>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "function/registry.h"
#include "vec/scalar.h"
#include "vec/text_format.h"

namespace turdb::function {
namespace {

using base::MakeError;
using base::SqlState;

// PostgreSQL's short name in "... out of range".
std::string RangeName(Type type) {
  switch (type.id) {
    case TypeId::kTimestampTz:
    case TypeId::kTimestamp:
      return "timestamp";
    case TypeId::kTime:
      return "time";
    default:
      return Type(type.id).ToString();
  }
}

Status ErrorOf(ErrorCode code, Type result_type) {
  const auto error = [](absl::StatusCode status_code, SqlState state, std::string_view message) {
    return MakeError(status_code, state, message);
  };
  constexpr auto kRange = absl::StatusCode::kOutOfRange;
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  switch (code) {
    case ErrorCode::kOutOfRange:
      if (vec::IsDateTime(result_type.id)) {
        return error(kRange, base::sqlstate::kDatetimeOverflow, absl::StrCat(RangeName(result_type), " out of range"));
      }
      if (result_type.id == TypeId::kFloat || result_type.id == TypeId::kDouble) {
        return error(kRange, base::sqlstate::kNumericOutOfRange, "value out of range: overflow");
      }
      if (result_type.id == TypeId::kDecimal) return vec::DecimalOverflowError(result_type);
      if (result_type.id == TypeId::kNumeric) {
        return error(kRange, base::sqlstate::kNumericOutOfRange, "value overflows numeric format");
      }
      {
        Status status =
            error(kRange, base::sqlstate::kNumericOutOfRange, absl::StrCat(RangeName(result_type), " out of range"));
        if (result_type.id == TypeId::kInt32) {
          status = base::WithHint(std::move(status), "Cast an operand to bigint for a larger range.");
        }
        return status;
      }
    case ErrorCode::kUnderflow:
      return error(kRange, base::sqlstate::kNumericOutOfRange, "value out of range: underflow");
    case ErrorCode::kDivisionByZero:
      return error(kInvalid, base::sqlstate::kDivisionByZero, "division by zero");
    case ErrorCode::kInvalidText:
      return error(kInvalid, base::sqlstate::kInvalidText,
                   absl::StrCat("invalid input syntax for type ", result_type.ToString()));
    case ErrorCode::kNegativeRoot:
      return error(kInvalid, SqlState{"2201F"}, "cannot take square root of a negative number");
    case ErrorCode::kLogOfZero:
      return error(kInvalid, SqlState{"2201E"}, "cannot take logarithm of zero");
    case ErrorCode::kLogOfNegative:
      return error(kInvalid, SqlState{"2201E"}, "cannot take logarithm of a negative number");
    case ErrorCode::kStringTooLong:
      return error(kInvalid, base::sqlstate::kStringTooLong, absl::StrCat("value too long for type ", result_type.ToString()));
    case ErrorCode::kResultTooLarge:
      return error(kInvalid, base::sqlstate::kProgramLimit, "requested length too large");
    case ErrorCode::kInvalidEscape:
      return base::WithHint(error(kInvalid, base::sqlstate::kInvalidEscape, "invalid escape string"),
                            "Escape string must be empty or one character.");
  }
  return base::InternalError("an error of no kind");
}

// Makes the result NULL in rows where an argument is; false when that is all of them.
bool PropagateNulls(std::span<const VectorView> args, Rows rows, Vector* result) {
  for (const VectorView& arg : args) {
    if (arg.is_constant() && !arg.IsValid(0)) return false;
  }
  for (const VectorView& arg : args) {
    if (arg.validity == nullptr || arg.is_constant()) continue;
    uint64_t* validity = result->MutableValidity();
    if (rows.dense() && arg.is_flat()) {
      const size_t words = vec::ValidityWords(rows.count);
      for (size_t i = 0; i < words; ++i) validity[i] &= arg.validity[i];
    } else {
      for (uint32_t i = 0; i < rows.count; ++i) {
        const SelIndex row = rows[i];
        if (!arg.IsValid(row)) vec::ClearBit(validity, row);
      }
    }
  }
  return true;
}

}  // namespace

void Call::Raise(SelIndex row, ErrorCode code) {
  if (raised_ && raised_row_ <= row) return;
  raised_ = true;
  has_status_ = false;
  raised_row_ = row;
  code_ = code;
}

void Call::RaiseStatus(SelIndex row, Status status) {
  if (raised_ && raised_row_ <= row) return;
  raised_ = true;
  has_status_ = true;
  raised_row_ = row;
  status_ = std::move(status);
}

Status Call::error() const {
  if (!raised_) return absl::OkStatus();
  return has_status_ ? status_ : ErrorOf(code_, result->type());
}

Status Evaluate(const BoundCall& bound, std::span<const Vector* const> args, Rows rows, CallContext& context, Vector* result) {
  TURDB_DCHECK_EQ(args.size(), bound.argument_types.size());
  TURDB_DCHECK(result->physical() == bound.result_type.physical());
  result->Reset();
  if (rows.count == 0) return absl::OkStatus();
  absl::InlinedVector<VectorView, 4> views;
  bool all_constant = (bound.flags & kVolatile) == 0;
  for (const Vector* arg : args) {
    views.push_back(arg->View());
    all_constant = all_constant && views.back().is_constant();
  }
  const Rows wanted = all_constant ? Rows::All(1) : rows;
  Call call(&bound, wanted, views, args, bound.argument_types, result, &context);
  if ((bound.flags & kStrict) != 0) {
    if (!PropagateNulls(views, wanted, result) || (all_constant && result->MayHaveNulls() && result->IsNull(0))) {
      result->SetConstantNull();
      return absl::OkStatus();
    }
    if (result->MayHaveNulls()) {
      call.valid = result->MutableValidity();
      vec::VisitPhysical(result->physical(), [&](auto tag) {
        // A kernel may skip NULL rows, all of them even; what it leaves there must still be readable, a view (V3).
        auto* slots = result->data<decltype(tag)>();
        if constexpr (std::is_same_v<decltype(tag), StringView>) {
          for (uint32_t i = 0; i < wanted.count; ++i) {
            if (!vec::TestBit(call.valid, wanted[i])) slots[wanted[i]] = StringView();
          }
        }
      });
    }
  }
  bound.kernel(call);
  if (call.raised()) {
    context.error_row = call.raised_row();
    return call.error();
  }
  if (all_constant) result->MarkConstant();
  return absl::OkStatus();
}

StatusOr<Value> EvaluateValues(const BoundCall& bound, std::span<const Value> args, CallContext& context) {
  std::vector<Vector> vectors;
  vectors.reserve(args.size());
  std::vector<const Vector*> pointers;
  for (size_t i = 0; i < args.size(); ++i) {
    Vector& vector = vectors.emplace_back(bound.argument_types[i], 1);
    vector.SetValue(0, args[i]);
    pointers.push_back(&vector);
  }
  Vector result(bound.result_type, 1);
  TURDB_RETURN_IF_ERROR(Evaluate(bound, pointers, Rows::All(1), context, &result));
  return result.GetValue(0);
}

void RandomState::Seed(uint64_t seed) {
  for (uint64_t& word : state_) {  // splitmix64
    seed += 0x9e3779b97f4a7c15ull;
    uint64_t x = seed;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    word = x ^ (x >> 31);
  }
}

uint64_t RandomState::Next() {
  const auto rotate = [](uint64_t x, int k) { return x << k | x >> (64 - k); };
  const uint64_t result = rotate(state_[1] * 5, 7) * 9;
  const uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = rotate(state_[3], 45);
  return result;
}

}  // namespace turdb::function
