// Which overload a call means: the result types, and the errors, that PostgreSQL gives.
#include <gtest/gtest.h>

#include <cctype>
#include <string>
#include <vector>

#include "function/aggregate.h"
#include "function/registry.h"

namespace turdb::function {
namespace {

struct Case {
  const char* name;
  const char* types[2];
  const char* result;
};
constexpr Case kCases[] = {
#include "function/postgres_resolution_cases.inc"
};

StatusOr<Type> ResultType(std::string_view name, std::span<const Type> types) {
  if (IsAggregate(name) && (types.size() == 1 || !IsFunction(name))) {
    TURDB_ASSIGN_OR_RETURN(const BoundAggregate aggregate, ResolveAggregate(name, types));
    return aggregate.result_type;
  }
  const bool is_operator = std::isalpha(static_cast<unsigned char>(name[0])) == 0;
  TURDB_ASSIGN_OR_RETURN(const BoundCall call, is_operator ? ResolveOperator(name, types) : ResolveFunction(name, types));
  return call.result_type;
}

std::string Shown(Type type) {
  if (type.id == TypeId::kDecimal) return "numeric";
  if (type.id == TypeId::kChar) return "character";
  return type.id == TypeId::kUnknown ? "unknown" : Type(type.id).ToString();
}

TEST(Resolution, ResultTypesArePostgres) {
  for (const Case& test : kCases) {
    std::vector<Type> types;
    for (const char* name : test.types) {
      if (name != nullptr) types.push_back(*vec::ParseType(name));
    }
    const StatusOr<Type> type = ResultType(test.name, types);
    const std::string got = type.ok() ? Shown(*type) : "!" + std::string(base::GetSqlState(type.status()).view());
    EXPECT_EQ(got, test.result) << test.name << "(" << test.types[0] << ", " << (test.types[1] ? test.types[1] : "") << ")";
  }
}

}  // namespace
}  // namespace turdb::function
