// Functions of any type: greatest, least, two-argument min and max, typeof; and uuids.
#include <string>

#include "function/builtins.h"
#include "vec/any.h"
#include "vec/compare.h"
#include "vec/type_source.h"

namespace turdb::function {
namespace {

// All arguments become their common type, which is the result's.
Status BindCommon(BoundCall* call, std::span<const Type> actual) {
  TURDB_ASSIGN_OR_RETURN(const Type common, CommonType(actual, call->function->name == "greatest" ? "GREATEST" : "LEAST"));
  call->argument_types.assign(actual.size(), common);
  call->result_type = common;
  return absl::OkStatus();
}

// The best of the arguments that are not NULL; NULL when none is left (or, with kNullWins, when any is NULL).
template <bool kGreatest, bool kNullWins>
void BestKernel(Call& call) {
  const Type type = call.result_type();
  const size_t width = type.width();
  for (size_t i = 0; i < call.args.size(); ++i) call.ShareHeap(i);
  auto* out = reinterpret_cast<std::byte*>(
      vec::VisitPhysical(type.physical(), [&](auto tag) { return static_cast<void*>(call.result->data<decltype(tag)>()); }));
  call.ForEach([&](SelIndex row) {
    const std::byte* best = nullptr;
    for (const VectorView& view : call.args) {
      if (!view.IsValid(row)) {
        if (!kNullWins) continue;
        best = nullptr;
        break;
      }
      const std::byte* slot = view.data + view.Index(row) * width;
      const int order = best == nullptr ? 0 : vec::CompareSlots(type, slot, best);
      if (best == nullptr || (kGreatest ? order > 0 : order < 0)) best = slot;
    }
    if (best == nullptr) {
      call.result->SetNull(row);
    } else {
      std::memcpy(out + row * width, best, width);
    }
  });
}

std::string NameOf(Type type) {
  if (type.id == TypeId::kDecimal) return "numeric";
  if (type.id == TypeId::kArray) return NameOf(type.element_type()) + "[]";
  if (type.id == TypeId::kDenseVector) return Type::DenseVector(type.vector_element(), 0).ToString();
  return Type(type.id).ToString();
}

// PostgreSQL's pg_typeof; an ANY value says what it is.
template <bool kNull>
void CountNullsKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    int32_t count = 0;
    for (const VectorView& view : call.args) count += view.IsValid(row) != kNull;
    call.result->data<int32_t>()[row] = count;
  });
}

void TypeofKernel(Call& call) {
  const Type type = call.argument_types[0];
  call.ForEach([&](SelIndex row) {
    const VectorView& view = call.args[0];
    const bool look = type.id == TypeId::kAny && view.IsValid(row);
    if (!look && call.context.text.types != nullptr && (type.user_type_id() != 0 || type.struct_number() != 0)) {
      return call.result->SetString(row, call.context.text.types->NameOf(type));
    }
    call.result->SetString(row, NameOf(look ? vec::DecodeAny(view.Get<StringView>(row).view()).type() : type));
  });
}

void UuidKernel(Call& call) {
  vec::Uuid* out = call.result->data<vec::Uuid>();
  for (uint32_t i = 0; i < call.rows.count; ++i) {
    vec::Uuid& uuid = out[call.rows[i]];
    const uint64_t words[2] = {call.context.random.Next(), call.context.random.Next()};
    std::memcpy(uuid.bytes.data(), words, 16);
    uuid.bytes[6] = static_cast<uint8_t>((uuid.bytes[6] & 0x0f) | 0x40);  // RFC 9562, version 4
    uuid.bytes[8] = static_cast<uint8_t>((uuid.bytes[8] & 0x3f) | 0x80);
  }
}

// RFC 9562, version 7: milliseconds, then random bits, so that new ones sort behind old ones.
void Uuid7Kernel(Call& call) {
  vec::Uuid* out = call.result->data<vec::Uuid>();
  const int64_t now_us =
      call.context.clock_now_us != nullptr ? call.context.clock_now_us(call.context.clock) : call.context.statement_now_us;
  const auto millis = static_cast<uint64_t>(now_us / 1000);
  UuidKernel(call);
  for (uint32_t i = 0; i < call.rows.count; ++i) {
    vec::Uuid& uuid = out[call.rows[i]];
    for (size_t b = 0; b < 6; ++b) uuid.bytes[b] = static_cast<uint8_t>(millis >> (40 - 8 * b));
    uuid.bytes[6] = static_cast<uint8_t>((uuid.bytes[6] & 0x0f) | 0x70);
  }
}

}  // namespace

void AddMiscellany(FunctionList& list) {
  constexpr int kFlags = FunctionList::kNotStrict;
  list.AddVariadic("greatest", {kAnyArgument}, TypeId::kUnknown, kFlags, BestKernel<true, false>, BindCommon).collated =
      BestKernel<true, false>;
  list.AddVariadic("least", {kAnyArgument}, TypeId::kUnknown, kFlags, BestKernel<false, false>, BindCommon).collated =
      BestKernel<false, false>;
  // SQLite's scalar min and max: NULL wins. With one argument these names are aggregates.
  list.AddVariadic("max", {kAnyArgument, kAnyArgument}, TypeId::kUnknown, kFlags, BestKernel<true, true>, BindCommon).collated =
      BestKernel<true, true>;
  list.AddVariadic("min", {kAnyArgument, kAnyArgument}, TypeId::kUnknown, kFlags, BestKernel<false, true>, BindCommon)
      .collated = BestKernel<false, true>;
  list.AddVariadic("num_nulls", {kAnyArgument}, TypeId::kInt32, kFlags, CountNullsKernel<true>);
  list.AddVariadic("num_nonnulls", {kAnyArgument}, TypeId::kInt32, kFlags, CountNullsKernel<false>);
  for (const char* name : {"typeof", "pg_typeof"}) list.Add(name, {kAnyArgument}, TypeId::kText, kFlags, TypeofKernel);
  for (const char* name : {"gen_random_uuid", "uuid"}) list.Add(name, {}, TypeId::kUuid, kVolatile, UuidKernel);
  for (const char* name : {"uuidv7", "uuid7"}) list.Add(name, {}, TypeId::kUuid, kVolatile, Uuid7Kernel);
}

}  // namespace turdb::function
