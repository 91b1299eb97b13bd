// Casts: which there are, what is known of them, and their kernels.
//
// Implicit and assignment casts are PostgreSQL's pg_cast; types PostgreSQL lacks (unsigned integers,
// hugeint, tinyint) follow its pattern: widening without loss is implicit, narrowing is assignment, and to
// floating point is implicit. Every type casts to text on assignment and from text explicitly, through its
// text form.
#include <array>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "function/builtins.h"
#include "function/cast_kernels.h"
#include "vec/any.h"

namespace turdb::function {
namespace {

using base::MakeError;
using vec::PhysicalType;

// ---- which casts there are

struct IntegerShape {
  int bits;
  bool is_signed;
};
IntegerShape ShapeOf(TypeId id) {
  switch (id) {
    case TypeId::kInt8:
      return {8, true};
    case TypeId::kInt16:
      return {16, true};
    case TypeId::kInt32:
      return {32, true};
    case TypeId::kInt64:
      return {64, true};
    case TypeId::kInt128:
      return {128, true};
    case TypeId::kUInt8:
      return {8, false};
    case TypeId::kUInt16:
      return {16, false};
    case TypeId::kUInt32:
      return {32, false};
    default:
      return {64, false};
  }
}

bool Widens(TypeId from, TypeId to) {
  const IntegerShape a = ShapeOf(from), b = ShapeOf(to);
  if (a.is_signed == b.is_signed) return b.bits > a.bits;
  return !a.is_signed && b.bits > a.bits;
}

std::optional<CastProperties> NumberCast(TypeId from, TypeId to) {
  constexpr auto kImplicit = CastContext::kImplicit;
  constexpr auto kAssignment = CastContext::kAssignment;
  const bool from_float = from == TypeId::kFloat || from == TypeId::kDouble;
  const bool to_float = to == TypeId::kFloat || to == TypeId::kDouble;
  CastProperties cast;
  cast.monotone = true;
  if (vec::IsInteger(from) && vec::IsInteger(to)) {
    const bool widens = Widens(from, to);
    cast.context = widens ? kImplicit : kAssignment;
    cast.can_raise = !widens;
    cast.lossless = true;  // what does not fit raises
    return cast;
  }
  if (vec::IsInteger(from) && to_float) {
    cast.context = kImplicit;
    const IntegerShape shape = ShapeOf(from);
    cast.lossless = shape.bits <= (to == TypeId::kDouble ? 32 : 16);
    return cast;
  }
  if (vec::IsInteger(from)) {  // to numeric, decimal
    cast.context = kImplicit;
    cast.lossless = true;
    cast.can_raise = to == TypeId::kDecimal;
    return cast;
  }
  if (from_float && to_float) {
    cast.context = to == TypeId::kDouble ? kImplicit : kAssignment;
    cast.can_raise = to == TypeId::kFloat;
    cast.lossless = to == TypeId::kDouble;
    return cast;
  }
  if (from_float) {
    cast.context = kAssignment;
    cast.can_raise = to != TypeId::kNumeric;
    return cast;
  }
  // from numeric or decimal
  if (to_float) {
    cast.context = kImplicit;
    cast.can_raise = true;
    return cast;
  }
  if (vec::IsInteger(to)) {
    cast.context = kAssignment;
    cast.can_raise = true;
    return cast;
  }
  cast.context = from == TypeId::kDecimal || from == to ? kImplicit : kAssignment;
  cast.lossless = from == TypeId::kDecimal && to == TypeId::kNumeric;
  cast.can_raise = to == TypeId::kDecimal;
  return cast;
}

std::optional<CastProperties> MakeProperties(TypeId from, TypeId to) {
  constexpr auto kImplicit = CastContext::kImplicit;
  constexpr auto kAssignment = CastContext::kAssignment;
  constexpr auto kExplicit = CastContext::kExplicit;
  const auto is = [&](TypeId a, TypeId b) { return from == a && to == b; };
  const auto make = [](CastContext context, bool can_raise, bool lossless, bool monotone, bool relabel = false) {
    return CastProperties{context, can_raise, lossless, monotone, relabel};
  };
  if (from == TypeId::kUnknown) return make(kImplicit, true, false, false);
  if (to == TypeId::kUnknown) return std::nullopt;
  const auto vector_pair = [](TypeId id) {
    return id == TypeId::kDenseVector || id == TypeId::kArray || id == TypeId::kBlob || vec::IsBits(id) || vec::IsJson(id);
  };
  if ((from == TypeId::kDenseVector || to == TypeId::kDenseVector) && vector_pair(from) && vector_pair(to)) {
    // The kind of the elements decides (VectorCastContext).
    const bool exists = to == TypeId::kDenseVector || !vec::IsJson(to);
    if (!exists) return std::nullopt;
    return make(from == to ? kImplicit : kAssignment, true, false, false);
  }
  if (to == TypeId::kArray || from == TypeId::kArray) {
    // Between arrays the elements decide (CastOfArrays); others have their text form.
    if (to == TypeId::kArray && from == TypeId::kArray) return make(kImplicit, true, false, false);
    if (vec::IsText(to)) return make(kAssignment, to != TypeId::kText, true, false);
    if (vec::IsText(from)) return make(kExplicit, true, false, false);
    return std::nullopt;
  }
  if (to == TypeId::kAny) return make(kImplicit, false, true, true, from == TypeId::kAny);
  if (from == TypeId::kAny) return make(kAssignment, true, false, false);
  if (vec::IsNumber(from) && vec::IsNumber(to)) return NumberCast(from, to);
  if (vec::IsText(from) && vec::IsText(to)) {
    // character(n) loses its padding on the way to the others.
    const bool trims = from == TypeId::kChar && to != TypeId::kChar;
    return make(kImplicit, to != TypeId::kText, !trims, !trims, !trims && to == TypeId::kText);
  }
  if (from == to && (from == TypeId::kStruct || from == TypeId::kMap)) return make(kImplicit, true, false, false);
  if (vec::IsBits(from) && vec::IsBits(to)) return make(kImplicit, true, true, true);
  if (from == to) return make(kImplicit, false, vec::IsDateTime(from) ? false : true, true, !vec::IsDateTime(from));
  if (vec::IsText(to)) return make(kAssignment, to != TypeId::kText, true, false);
  if (vec::IsText(from)) return make(kExplicit, true, false, false);
  if (is(TypeId::kJson, TypeId::kJsonb)) return make(kAssignment, true, false, false);
  if (is(TypeId::kJsonb, TypeId::kJson)) return make(kAssignment, false, false, false);
  if (from == TypeId::kJsonb && (to == TypeId::kBoolean || vec::IsNumber(to))) return make(kExplicit, true, false, false);
  if (from == TypeId::kBoolean && vec::IsInteger(to)) return make(kExplicit, false, true, true);
  if (vec::IsInteger(from) && to == TypeId::kBoolean) return make(kExplicit, false, false, false);
  if (is(TypeId::kDate, TypeId::kTimestamp)) return make(kImplicit, true, true, true);
  if (is(TypeId::kDate, TypeId::kTimestampTz)) return make(kImplicit, true, false, true);
  if (is(TypeId::kTimestamp, TypeId::kTimestampTz)) return make(kImplicit, true, false, true);
  if (is(TypeId::kTimestamp, TypeId::kDate)) return make(kAssignment, false, false, true);
  if (is(TypeId::kTimestampTz, TypeId::kDate)) return make(kAssignment, false, false, false);
  if (is(TypeId::kTimestampTz, TypeId::kTimestamp)) return make(kAssignment, false, false, false);
  if (is(TypeId::kTimestamp, TypeId::kTime)) return make(kAssignment, false, false, false);
  if (is(TypeId::kTimestampTz, TypeId::kTime)) return make(kAssignment, false, false, false);
  if (is(TypeId::kTime, TypeId::kInterval)) return make(kImplicit, false, true, true);
  if (is(TypeId::kInterval, TypeId::kTime)) return make(kAssignment, false, false, false);
  if (is(TypeId::kCidr, TypeId::kInet)) return make(kImplicit, false, true, true);
  if (is(TypeId::kInet, TypeId::kCidr)) return make(kAssignment, false, false, true);
  const auto wide = [](TypeId id) { return id == TypeId::kInt32 || id == TypeId::kInt64; };
  if ((wide(from) && to == TypeId::kBit) || (from == TypeId::kBit && wide(to))) return make(kExplicit, true, false, false);
  return std::nullopt;
}

struct CastMatrix {
  std::array<std::array<CastProperties, vec::kTypeIdCount>, vec::kTypeIdCount> properties;
  std::array<std::array<bool, vec::kTypeIdCount>, vec::kTypeIdCount> exists{};
};

const CastMatrix& Matrix() {
  static const CastMatrix* const kMatrix = [] {
    auto* matrix = new CastMatrix;
    for (size_t from = 0; from < vec::kTypeIdCount; ++from) {
      for (size_t to = 0; to < vec::kTypeIdCount; ++to) {
        const auto cast = MakeProperties(static_cast<TypeId>(from), static_cast<TypeId>(to));
        matrix->exists[from][to] = cast.has_value();
        if (cast) matrix->properties[from][to] = *cast;
      }
    }
    return matrix;
  }();
  return *kMatrix;
}

// ---- kernels that belong to no family

// Same bytes, other name; shares the views.
void RelabelKernel(Call& call) {
  call.ShareHeap(0);
  vec::VisitPhysical(call.result->physical(), [&](auto tag) {
    using T = decltype(tag);
    call.ForEach([&](SelIndex row) { call.result->data<T>()[row] = call.args[0].Get<T>(row); });
  });
}

Value ValueAt(Type type, const VectorView& view, SelIndex row) {
  return vec::VisitPhysical(type.physical(), [&](auto tag) -> Value {
    using T = decltype(tag);
    if constexpr (std::is_same_v<T, StringView>) {
      return Value::OfBytes(type, std::string(view.Get<StringView>(row).view()));
    } else {
      return Value::Of(type, view.Get<T>(row));
    }
  });
}

void ToAnyKernel(Call& call) {
  const Type from = call.argument_types[0];
  call.ForEach([&](SelIndex row) { call.result->SetValue(row, ValueAt(from, call.args[0], row)); });
}

// What the value is decides: casts as an assignment of its own type would be, and explicitly from text.
void FromAnyKernel(Call& call) {
  const Type to = call.result_type();
  call.ForEach([&](SelIndex row) {
    const Value value = vec::DecodeAny(call.args[0].Get<StringView>(row).view());
    StatusOr<Value> cast =
        value.type() == to ? StatusOr<Value>(value) : CastValue(value, to, CastContext::kExplicit, call.context);
    if (!cast.ok()) {
      call.RaiseStatus(row, cast.status());
    } else {
      call.result->SetValue(row, *cast);
    }
  });
}

// Of one kind, to a vector of any number of elements: the bytes stay.
bool IsVectorRelabel(const Type& from, const Type& to) {
  return from.id == TypeId::kDenseVector && to.id == TypeId::kDenseVector && to.length == 0 &&
         from.vector_element() == to.vector_element();
}

// One side is a vector, and the other what VectorCastContext knows.
bool HasVectorCast(const Type& from, const Type& to) {
  const auto knows = [](TypeId id) { return id != TypeId::kAny && id != TypeId::kUnknown && !vec::IsText(id); };
  return (from.id == TypeId::kDenseVector && knows(to.id)) || (to.id == TypeId::kDenseVector && knows(from.id));
}

// Between text and varchar without a limit that a value could pass: the bytes stay.
bool IsTextRelabel(Type from, Type to) {
  const auto unpadded = [](TypeId id) { return id == TypeId::kText || id == TypeId::kVarchar; };
  return unpadded(from.id) && unpadded(to.id) && from.collation() == to.collation() &&
         (to.length == 0 || (from.length != 0 && from.length <= to.length));
}

Kernel ChooseKernel(Type from, Type to, CastContext context) {
  const bool cut = context == CastContext::kExplicit;
  if (from.WithCollation(to.collation()) == to || IsVectorRelabel(from, to)) return RelabelKernel;
  if (to.id == TypeId::kAny) return from.id == TypeId::kAny ? RelabelKernel : ToAnyKernel;
  if (from.id == TypeId::kAny) return FromAnyKernel;
  const bool from_text = vec::IsText(from.id) || from.id == TypeId::kUnknown;
  if (IsTextRelabel(from, to)) return RelabelKernel;
  if (from_text || vec::IsText(to.id)) return TextCastKernel(from_text, vec::IsText(to.id), cut);
  if (from.id == TypeId::kDenseVector || to.id == TypeId::kDenseVector) return VectorCastKernel(from, to, cut);
  if (from.id == TypeId::kArray) return ArrayCastKernel(cut);
  if (from.id == TypeId::kStruct) return StructCastKernelOf(cut);
  if (from.id == TypeId::kMap) return MapCastKernelOf(cut);
  if (vec::IsBits(from.id) || vec::IsBits(to.id)) return BitsCastKernel(from.id, to.id, cut);
  if (from.id == TypeId::kInet || from.id == TypeId::kCidr) return NetworkCastKernel(from.id, to.id);
  if (vec::IsJson(from.id) && from.id != to.id) return JsonCastKernel(from.id, to.id);
  if (vec::IsNumber(from.id) && vec::IsNumber(to.id)) return from == to ? RelabelKernel : NumberCastKernel(from, to);
  if (from.id == TypeId::kBoolean && vec::IsInteger(to.id)) return BooleanCastKernel(true);
  if (vec::IsInteger(from.id) && to.id == TypeId::kBoolean) return BooleanCastKernel(false);
  if (const Kernel datetime = DatetimeCastKernel(from.id, to.id); datetime != nullptr) return datetime;
  return RelabelKernel;
}

const ScalarFunction& CastFunction() {
  static const ScalarFunction* const kCast =
      new ScalarFunction{"cast", {kAnyArgument}, TypeId::kUnknown, kStrict | kCanRaise, nullptr};
  return *kCast;
}

}  // namespace

const CastProperties* FindCast(TypeId from, TypeId to) {
  const CastMatrix& matrix = Matrix();
  const auto i = static_cast<size_t>(from), j = static_cast<size_t>(to);
  return matrix.exists[i][j] ? &matrix.properties[i][j] : nullptr;
}

bool CanCast(Type from, Type to, CastContext context) {
  if (from.id == TypeId::kEnum && to.id == TypeId::kEnum) return from == to;
  if (from.id == TypeId::kArray && to.id == TypeId::kArray) return CanCast(from.element_type(), to.element_type(), context);
  const CastProperties* cast = FindCast(from.id, to.id);
  if (cast == nullptr) return false;
  if (HasVectorCast(from, to)) {
    const std::optional<CastContext> least = VectorCastContext(from, to);
    return least && *least <= context;
  }
  return cast->context <= context;
}

StatusOr<BoundCall> BindCast(Type from, Type to, CastContext context) {
  const bool arrays = from.id == TypeId::kArray && to.id == TypeId::kArray;
  const CastProperties* cast = arrays ? FindCast(from.element_type().id, to.element_type().id) : FindCast(from.id, to.id);
  const bool other_labels = from.enum_id() != 0 && to.enum_id() != 0 && from.enum_id() != to.enum_id();
  std::optional<CastContext> least = cast == nullptr ? std::nullopt : std::optional(cast->context);
  if (cast != nullptr && HasVectorCast(from, to)) least = VectorCastContext(from, to);
  if (!least || other_labels) {
    return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kCannotCoerce,
                     absl::StrCat("cannot cast type ", from.ToString(), " to ", to.ToString()));
  }
  if (*least > context) {
    return base::WithHint(
        MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kDatatypeMismatch,
                  absl::StrCat("a value of type ", from.ToString(), " cannot be used as ", to.ToString(), " without a cast")),
        "You will need to rewrite or cast the expression.");
  }
  BoundCall call;
  call.function = &CastFunction();
  call.argument_types = {from};
  call.result_type = to;
  call.kernel = ChooseKernel(from, to, context);
  call.flags = kStrict;
  bool can_raise = cast->can_raise || arrays;
  if (from.WithCollation(to.collation()) == to) can_raise = false;  // a text that compares otherwise
  if (IsVectorRelabel(from, to)) can_raise = false;
  if (from.id == TypeId::kDecimal && to.id == TypeId::kDecimal) {
    can_raise = to.precision - to.scale < from.precision - from.scale || to.scale < from.scale;
  } else if (to.id == TypeId::kDecimal) {
    const std::optional<Type> holds = AsDecimal(from);
    if (holds) can_raise = to.precision - to.scale < holds->precision;
  } else if (vec::IsText(to.id)) {
    can_raise = to.length != 0 && context != CastContext::kExplicit && !IsTextRelabel(from, to);
  }
  if (can_raise) call.flags |= kCanRaise;
  if (cast->monotone && !arrays) call.flags |= kMonotone;
  const bool zone = (from.id == TypeId::kTimestampTz) != (to.id == TypeId::kTimestampTz);
  const bool reads_clock =
      (vec::IsText(from.id) || from.id == TypeId::kUnknown || from.id == TypeId::kAny) && vec::IsDateTime(to.id);
  if (zone || reads_clock) call.flags |= kStable;
  const bool fixed = from.physical() != PhysicalType::kString && to.physical() != PhysicalType::kString;
  if (fixed && !can_raise && (call.flags & kStable) == 0) call.flags |= kLatchSafe;
  if (IsTextRelabel(from, to)) call.flags |= kLatchSafe;
  return call;
}

// What changes the collation changes how the values hash.
bool IsTextRelabel(const BoundCall& call) {
  return call.kernel == &RelabelKernel && vec::IsText(call.result_type.id) &&
         call.argument_types[0].collation() == call.result_type.collation();
}

StatusOr<Value> CastValue(const Value& value, Type to, CastContext context, CallContext& call_context) {
  if (value.is_null()) {
    if (!CanCast(value.type(), to, context)) return BindCast(value.type(), to, context).status();
    return Value::Null(to);
  }
  if (value.type() == to) return value;
  if (to.id == TypeId::kAny && value.type().id != TypeId::kArray) return value;
  TURDB_ASSIGN_OR_RETURN(const BoundCall call, BindCast(value.type(), to, context));
  return EvaluateValues(call, std::span(&value, 1), call_context);
}

}  // namespace turdb::function
