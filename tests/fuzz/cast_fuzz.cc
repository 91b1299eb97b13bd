// Random text cast to one type and from there to another: what is refused is refused with an error, and the text of whatever
// comes out gives the same value again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "function/registry.h"
#include "vec/utf8.h"

namespace {

using turdb::base::StatusOr;
using turdb::function::CallContext;
using turdb::function::CastContext;
using turdb::function::CastValue;
using turdb::vec::Type;
using turdb::vec::TypeId;
using turdb::vec::Value;

void Require(bool holds) {
  if (!holds) std::abort();
}

const std::vector<Type>& Types() {
  static const auto* const types = [] {
    auto* all = new std::vector<Type>;
    for (size_t id = 1; id < turdb::vec::kTypeIdCount; ++id) {
      const auto type_id = static_cast<TypeId>(id);
      // Labels are the catalog's; decimal and array need more than their id.
      if (type_id == TypeId::kEnum || type_id == TypeId::kDecimal || type_id == TypeId::kArray) continue;
      all->push_back(type_id);
      if (type_id != TypeId::kAny && type_id != TypeId::kChar) all->push_back(Type::ArrayOf(type_id));
    }
    for (const Type type :
         {Type::Decimal(38, 0), Type::Decimal(9, 4), Type::Decimal(38, 38), Type::Decimal(18, 18), Type::Varchar(3),
          Type::Char(5), Type::ArrayOf(Type::Decimal(20, 3)), Type::WithTimePrecision(TypeId::kTimestamp, 0),
          Type::WithTimePrecision(TypeId::kTime, 2), Type::WithTimePrecision(TypeId::kInterval, 3)}) {
      all->push_back(type);
    }
    return all;
  }();
  return *types;
}

// REQUIRES: a value of `type`.
void ReadAgain(const Value& value, const Type& type, CallContext& context) {
  if (value.is_null() || type.id == TypeId::kAny) return;
  const std::string text = value.ToString(&context.text);
  const StatusOr<Value> again = CastValue(Value::Text(text), type, CastContext::kExplicit, context);
  Require(again.ok() && !again->is_null());
  Require(Value::Compare(value, *again) == 0);
  Require(again->ToString(&context.text) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const Type from = Types()[data[0] % Types().size()];
  const Type to = Types()[data[1] % Types().size()];
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  if (!turdb::vec::CheckUtf8(text).ok()) return 0;
  CallContext context;
  context.max_string_bytes = 1 << 20;
  const StatusOr<Value> value = CastValue(Value::Text(text), from, CastContext::kExplicit, context);
  if (!value.ok()) {
    Require(!value.status().message().empty());
    return 0;
  }
  ReadAgain(*value, from, context);
  if (!turdb::function::CanCast(from, to, CastContext::kExplicit)) return 0;
  const StatusOr<Value> cast = CastValue(*value, to, CastContext::kExplicit, context);
  if (!cast.ok()) {
    Require(!cast.status().message().empty());
    return 0;
  }
  ReadAgain(*cast, to, context);
  return 0;
}
