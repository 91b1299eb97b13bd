// Functions of the host: which overload a call means, and that states of aggregates are given back once each.
#include "function/host_function.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/arena.h"

namespace turdb::function {
namespace {

HostSignature Signature(std::vector<std::optional<Type>> parameters, bool variadic = false) {
  HostSignature signature;
  signature.name = "f";
  signature.parameters = std::move(parameters);
  signature.variadic = variadic;
  signature.result = Type(TypeId::kInt64);
  return signature;
}

// The number of the overload, or "none", "ambiguous".
std::string Chosen(const std::vector<HostSignature>& overloads, const std::vector<Type>& arguments) {
  std::vector<const HostSignature*> pointers;
  for (const HostSignature& overload : overloads) pointers.push_back(&overload);
  size_t chosen = 0;
  switch (ChooseHost(pointers, arguments, &chosen)) {
    case Resolution::kNone:
      return "none";
    case Resolution::kAmbiguous:
      return "ambiguous";
    case Resolution::kFound:
      return std::to_string(chosen);
  }
  return "";
}

TEST(HostFunctions, AreChosenByTheirParameters) {
  const Type int32(TypeId::kInt32), int64(TypeId::kInt64), text(TypeId::kText), unknown(TypeId::kUnknown);
  const Type texts = Type::ArrayOf(text), ints = Type::ArrayOf(int32);
  const std::vector<HostSignature> overloads = {Signature({int64}), Signature({text}), Signature({texts}), Signature({ints})};
  EXPECT_EQ(Chosen(overloads, {int32}), "0");
  EXPECT_EQ(Chosen(overloads, {unknown}), "1");
  EXPECT_EQ(Chosen(overloads, {texts}), "2");
  EXPECT_EQ(Chosen(overloads, {ints}), "3");
  EXPECT_EQ(Chosen(overloads, {Type(TypeId::kBoolean)}), "none");
  EXPECT_EQ(Chosen(overloads, {int32, int32}), "none");
  EXPECT_EQ(Chosen({}, {}), "none");
}

TEST(HostFunctions, RepeatTheirLastParameterAnyNumberOfTimes) {
  const Type text(TypeId::kText), int32(TypeId::kInt32);
  const std::vector<HostSignature> overloads = {Signature({text, std::nullopt}, true)};
  EXPECT_EQ(Chosen(overloads, {text}), "0");
  EXPECT_EQ(Chosen(overloads, {text, int32, text, int32}), "0");
  EXPECT_EQ(Chosen(overloads, {}), "none");
  const std::vector<Type> actual = {text, int32, text};
  EXPECT_EQ(ArgumentTypesOf(overloads[0], actual), actual);
  EXPECT_EQ(overloads[0].ToString(), "f(text, any...)");
}

// Counts rows; states are numbers of the heap.
class CountingAggregate : public HostAggregate {
 public:
  CountingAggregate() : HostAggregate(Signature({Type(TypeId::kInt64)}), true) {}
  StatusOr<void*> Create() const override {
    if (refuses) return base::OutOfMemoryError("no state");
    ++created;
    return new int64_t(0);
  }
  void Destroy(void* state) const override {
    ++destroyed;
    delete static_cast<int64_t*>(state);
  }
  Status Update(const BoundAggregate&, std::span<const VectorView>, Rows rows, void* const* states) const override {
    for (uint32_t i = 0; i < rows.count; ++i) ++*static_cast<int64_t*>(states[i]);
    return absl::OkStatus();
  }
  Status Merge(void* into, void* from) const override {
    *static_cast<int64_t*>(into) += *static_cast<int64_t*>(from);
    return absl::OkStatus();
  }
  Status Finish(const BoundAggregate&, void* const* states, uint32_t count, Vector* result, uint32_t offset) const override {
    for (uint32_t i = 0; i < count; ++i) result->Set<int64_t>(offset + i, *static_cast<int64_t*>(states[i]));
    return absl::OkStatus();
  }
  mutable int created = 0;
  mutable int destroyed = 0;
  bool refuses = false;
};

TEST(HostAggregates, HaveStatesAsLongAsTheArenaHasThem) {
  CountingAggregate aggregate;
  const Type types[] = {Type(TypeId::kInt64)};
  const BoundAggregate bound = BindHost(aggregate, types);
  Vector values(types[0], 4);
  for (size_t i = 0; i < 4; ++i) values.Set<int64_t>(i, 1);
  const VectorView views[] = {values.View()};
  base::Arena arena;
  alignas(16) std::byte cells[3][16];
  for (auto& cell : cells) aggregate.init(cell);
  std::byte* const groups[] = {cells[0], cells[1], cells[0], cells[0]};
  ASSERT_TRUE(aggregate.update({views, Rows::All(4), &bound, &arena}, groups).ok());
  ASSERT_TRUE(aggregate.combine(bound, cells[2], cells[0], &arena).ok());
  EXPECT_EQ(aggregate.created, 3);
  Vector result(bound.result_type, 3);
  std::byte* const all[] = {cells[0], cells[1], cells[2]};
  ASSERT_TRUE(aggregate.finalize(bound, all, 3, &result, 0).ok());
  EXPECT_EQ(result.GetValue(0).AsInt64(), 3);
  EXPECT_EQ(result.GetValue(1).AsInt64(), 1);
  EXPECT_EQ(result.GetValue(2).AsInt64(), 3);
  EXPECT_EQ(aggregate.destroyed, 0);
  arena.Reset(1 << 20);
  EXPECT_EQ(aggregate.destroyed, 3);
  // A group without rows has a state for its result only.
  aggregate.init(cells[0]);
  ASSERT_TRUE(aggregate.finalize(bound, all, 1, &result, 0).ok());
  EXPECT_EQ(result.GetValue(0).AsInt64(), 0);
  EXPECT_EQ(aggregate.created, 4);
  EXPECT_EQ(aggregate.destroyed, 4);
  aggregate.refuses = true;
  EXPECT_FALSE(aggregate.update({views, Rows::All(4), &bound, &arena}, groups).ok());
  arena.Reset();
  EXPECT_EQ(aggregate.destroyed, 4);
}

}  // namespace
}  // namespace turdb::function
