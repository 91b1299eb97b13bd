// Functions and operators against PostgreSQL's answers, one value at a time and over vectors.
#include <gtest/gtest.h>

#include <cctype>
#include <string>
#include <vector>

#include "function/registry.h"

namespace turdb::function {
namespace {

struct Argument {
  const char* type;
  const char* text;
};
struct Case {
  const char* name;
  Argument arguments[7];
  const char* output;
};
constexpr Case kCases[] = {
#include "function/postgres_function_cases.inc"
};

bool IsOperatorName(const std::string& name) { return std::isalpha(static_cast<unsigned char>(name[0])) == 0; }

std::string Describe(const Case& test) {
  std::string text = std::string(test.name) + "(";
  for (const Argument& argument : test.arguments) {
    if (argument.type == nullptr) break;
    text += std::string(argument.type) + " " + (argument.text == nullptr ? "NULL" : argument.text) + ", ";
  }
  return text + ")";
}

std::string ErrorText(const base::Status& status) { return "!" + std::string(base::GetSqlState(status).view()); }

struct Prepared {
  BoundCall call;
  std::vector<Value> arguments;
};

StatusOr<Prepared> Prepare(const Case& test, CallContext& context) {
  std::vector<Type> types;
  std::vector<Value> values;
  for (const Argument& argument : test.arguments) {
    if (argument.type == nullptr) break;
    TURDB_ASSIGN_OR_RETURN(const Type type, vec::ParseType(argument.type));
    types.push_back(type);
    if (argument.text == nullptr) {
      values.push_back(Value::Null(type));
    } else {
      TURDB_ASSIGN_OR_RETURN(Value value, Value::Parse(argument.text, type));
      values.push_back(std::move(value));
    }
  }
  Prepared prepared;
  const bool is_operator = IsOperatorName(test.name);
  TURDB_ASSIGN_OR_RETURN(prepared.call, is_operator ? ResolveOperator(test.name, types) : ResolveFunction(test.name, types));
  for (size_t i = 0; i < values.size(); ++i) {
    TURDB_ASSIGN_OR_RETURN(Value cast, CastValue(values[i], prepared.call.argument_types[i], CastContext::kExplicit, context));
    prepared.arguments.push_back(std::move(cast));
  }
  return prepared;
}

StatusOr<Value> RunOne(const Case& test) {
  CallContext context;
  TURDB_ASSIGN_OR_RETURN(const Prepared prepared, Prepare(test, context));
  return EvaluateValues(prepared.call, prepared.arguments, context);
}

TEST(PostgresFunctions, SingleValues) {
  for (const Case& test : kCases) {
    const StatusOr<Value> result = RunOne(test);
    const std::string got = result.ok() ? result->ToString() : ErrorText(result.status());
    EXPECT_EQ(got, test.output) << Describe(test) << (result.ok() ? "" : " " + base::Describe(result.status()));
  }
}

// Flat vectors, selections and dictionaries give what single values give, and a NULL beside them is NULL.
TEST(PostgresFunctions, EveryEncodingAgrees) {
  constexpr uint32_t kRows = 70;
  for (const Case& test : kCases) {
    CallContext context;
    StatusOr<Prepared> prepared = Prepare(test, context);
    if (!prepared.ok() || prepared->arguments.empty()) continue;
    const StatusOr<Value> expected = EvaluateValues(prepared->call, prepared->arguments, context);
    std::vector<Vector> flat, sliced;
    std::vector<SelIndex> order;
    for (SelIndex i = 0; i < kRows; ++i) order.push_back((i * 7) % kRows);
    for (size_t i = 0; i < prepared->arguments.size(); ++i) {
      Vector& vector = flat.emplace_back(prepared->call.argument_types[i], kRows);
      for (uint32_t row = 0; row < kRows; ++row) vector.SetValue(row, prepared->arguments[i]);
      sliced.emplace_back(prepared->call.argument_types[i], kRows).Slice(vector, Rows{order.data(), kRows});
    }
    for (const std::vector<Vector>* vectors : {&flat, &sliced}) {
      std::vector<const Vector*> pointers;
      for (const Vector& vector : *vectors) pointers.push_back(&vector);
      for (const bool selected : {false, true}) {
        std::vector<SelIndex> chosen = {1, 5, 64, 69};
        const Rows rows = selected ? Rows{chosen.data(), 4} : Rows::All(kRows);
        Vector result(prepared->call.result_type, kRows);
        const Status status = Evaluate(prepared->call, pointers, rows, context, &result);
        ASSERT_EQ(status.ok(), expected.ok()) << Describe(test) << status;
        if (!status.ok()) {
          EXPECT_EQ(base::GetSqlState(status), base::GetSqlState(expected.status()));
          EXPECT_EQ(context.error_row, rows[0]);
          continue;
        }
        for (uint32_t i = 0; i < rows.count; ++i) {
          EXPECT_EQ(result.GetValue(rows[i]).ToString(), expected->ToString()) << Describe(test) << " row " << rows[i];
        }
      }
    }
  }
}

// A raising row that is NULL or not selected does not raise.
TEST(PostgresFunctions, OnlySelectedRowsRaise) {
  const Type types[] = {TypeId::kInt32, TypeId::kInt32};
  const BoundCall divide = *ResolveOperator("/", types);
  Vector a(TypeId::kInt32, 8), b(TypeId::kInt32, 8);
  for (uint32_t row = 0; row < 8; ++row) {
    a.Set<int32_t>(row, 100);
    b.Set<int32_t>(row, static_cast<int32_t>(row));
  }
  const Vector* args[] = {&a, &b};
  CallContext context;
  Vector result(TypeId::kInt32, 8);
  EXPECT_EQ(base::GetSqlState(Evaluate(divide, args, Rows::All(8), context, &result)).view(), "22012");
  EXPECT_EQ(context.error_row, 0u);
  const SelIndex some[] = {1, 4, 7};
  ASSERT_TRUE(Evaluate(divide, args, Rows{some, 3}, context, &result).ok());
  EXPECT_EQ(result.GetValue(4).ToString(), "25");
  a.SetNull(0);
  ASSERT_TRUE(Evaluate(divide, args, Rows::All(8), context, &result).ok());
  EXPECT_TRUE(result.IsNull(0));
  EXPECT_EQ(result.GetValue(7).ToString(), "14");
}

}  // namespace
}  // namespace turdb::function
