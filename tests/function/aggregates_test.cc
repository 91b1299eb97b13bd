// Aggregates against PostgreSQL's answers: all rows at once, row by row into states, and from partial states.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "function/aggregate.h"
#include "function/registry.h"

namespace turdb::function {
namespace {

struct Case {
  const char* name;
  const char* type;
  int count;
  const char* values[8];
  const char* output;
};
constexpr Case kCases[] = {
#include "function/postgres_aggregate_cases.inc"
};

class State {
 public:
  explicit State(const BoundAggregate& bound) : words_((bound.function->state_bytes + 15) / 16) {
    bound.function->init(data());
  }
  std::byte* data() { return reinterpret_cast<std::byte*>(words_.data()); }

 private:
  struct alignas(16) Word {
    std::byte bytes[16];
  };
  std::vector<Word> words_;
};

enum class Way { kAtOnce, kByRow, kSelected, kCombined };

StatusOr<std::string> RunCase(const Case& test, Way way) {
  TURDB_ASSIGN_OR_RETURN(const Type type, vec::ParseType(test.type));
  std::vector<Type> types = {type};
  if (std::string_view(test.name) == "string_agg") types.push_back(TypeId::kUnknown);
  TURDB_ASSIGN_OR_RETURN(const BoundAggregate bound, ResolveAggregate(test.name, types));
  CallContext context;
  const auto count = static_cast<uint32_t>(test.count);
  Vector values(bound.argument_types[0], 16), separators(TypeId::kText, 16);
  for (uint32_t i = 0; i < count; ++i) {
    if (test.values[i] == nullptr) {
      values.SetNull(i);
    } else {
      TURDB_ASSIGN_OR_RETURN(const Value value, Value::Parse(test.values[i], type));
      TURDB_ASSIGN_OR_RETURN(const Value cast, CastValue(value, bound.argument_types[0], CastContext::kExplicit, context));
      values.SetValue(i, cast);
    }
  }
  separators.SetConstant(Value::Text(", "));
  std::vector<VectorView> args = {values.View()};
  if (types.size() == 2) args.push_back(separators.View());
  base::Arena arena;
  State state(bound), second(bound);
  AggregateInput input{args, Rows::All(count), &bound, &arena};
  const std::vector<SelIndex> all = {0, 1, 2, 3, 4, 5, 6, 7};
  switch (way) {
    case Way::kAtOnce:
      TURDB_RETURN_IF_ERROR(bound.function->update_one(input, state.data()));
      break;
    case Way::kByRow: {
      const std::vector<std::byte*> states(count, state.data());
      TURDB_RETURN_IF_ERROR(bound.function->update(input, states.data()));
      break;
    }
    case Way::kSelected:
      input.rows = Rows{all.data(), count};
      TURDB_RETURN_IF_ERROR(bound.function->update_one(input, state.data()));
      break;
    case Way::kCombined: {
      const uint32_t half = count / 2;
      input.rows = Rows{all.data(), half};
      TURDB_RETURN_IF_ERROR(bound.function->update_one(input, state.data()));
      input.rows = Rows{all.data() + half, count - half};
      TURDB_RETURN_IF_ERROR(bound.function->update_one(input, second.data()));
      TURDB_RETURN_IF_ERROR(bound.function->combine(bound, state.data(), second.data(), &arena));
      break;
    }
  }
  Vector result(bound.result_type, 4);
  std::byte* const states[] = {state.data()};
  TURDB_RETURN_IF_ERROR(bound.function->finalize(bound, states, 1, &result, 2));
  return result.GetValue(2).ToString();
}

TEST(Aggregates, AnswerAsPostgresHoweverRowsCome) {
  for (const Case& test : kCases) {
    for (const Way way : {Way::kAtOnce, Way::kByRow, Way::kSelected, Way::kCombined}) {
      const StatusOr<std::string> result = RunCase(test, way);
      const std::string got = result.ok() ? *result : "!" + std::string(base::GetSqlState(result.status()).view());
      EXPECT_EQ(got, test.output) << test.name << "(" << test.type << ") of " << test.count << " from "
                                  << (test.count > 0 && test.values[0] ? test.values[0] : "") << " way "
                                  << static_cast<int>(way);
    }
  }
}

// count(*) counts rows, NULLs included; group_concat takes any type.
TEST(Aggregates, CountStarAndGroupConcat) {
  const BoundAggregate count = *ResolveAggregate("count", {});
  State state(count);
  base::Arena arena;
  ASSERT_TRUE(count.function->update_one({{}, Rows::All(100), &count, &arena}, state.data()).ok());
  Vector result(TypeId::kInt64, 1);
  std::byte* const states[] = {state.data()};
  ASSERT_TRUE(count.function->finalize(count, states, 1, &result, 0).ok());
  EXPECT_EQ(result.GetValue(0).ToString(), "100");
  const Type type = TypeId::kInt32;
  EXPECT_EQ(ResolveAggregate("group_concat", std::span(&type, 1))->argument_types[0], Type(TypeId::kText));
  EXPECT_EQ(base::GetSqlState(ResolveAggregate("sum", std::vector<Type>{TypeId::kText}).status()).view(), "42883");
}

}  // namespace
}  // namespace turdb::function
