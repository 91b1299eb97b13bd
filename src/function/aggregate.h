// Aggregate functions: a state of fixed size a group, kernels that feed vectors into states.
//
// The caller owns the states' memory (hash table rows, say) and an arena for what does not fit in them
// (long strings, big numerics). DISTINCT, ORDER BY and FILTER are the caller's: they decide which rows
// come, and in which order.
#ifndef TURDB_FUNCTION_AGGREGATE_H_
#define TURDB_FUNCTION_AGGREGATE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "function/call.h"

namespace turdb::function {

struct BoundAggregate;

// What one update works on.
struct AggregateInput {
  std::span<const VectorView> args;
  Rows rows;
  const BoundAggregate* bound;
  base::Arena* arena;  // outlives the states
};

struct AggregateFunction {
  std::string_view name;
  std::vector<TypeId> arguments;  // empty for count(*); decimal(p,s) counts as kNumeric
  TypeId result;
  size_t state_bytes;               // aligned to 16 at most
  bool order_sensitive = false;     // string_agg: the order of rows shows in the result
  bool ignores_duplicates = false;  // min, max, bool_and, bool_or: DISTINCT changes nothing
  // WITHIN GROUP's kind: rows come sorted by the first argument, the others are the same in every row of a group.
  bool ordered_set = false;
  bool compares_texts = false;      // min, max, mode: a text's collation shows
  bool state_has_pointers = false;  // into the arena: such states are not to be spilled byte by byte

  void (*init)(std::byte* state) = nullptr;
  // Feeds row rows[i] into states[i].
  Status (*update)(const AggregateInput& input, std::byte* const* states) = nullptr;
  // Feeds all rows into one state. Every function has it.
  Status (*update_one)(const AggregateInput& input, std::byte* state) = nullptr;
  // Adds the state `from` to `into`. `from` stays as it is, whatever `into` goes through later: window frames share it.
  Status (*combine)(const BoundAggregate& bound, std::byte* into, std::byte* from, base::Arena* arena) = nullptr;
  // result[offset + i] = the value of states[i]. REQUIRES: result is flat.
  Status (*finalize)(const BoundAggregate& bound, std::byte* const* states, uint32_t count, Vector* result,
                     uint32_t offset) = nullptr;
  Status (*bind)(BoundAggregate* aggregate, std::span<const Type> actual) = nullptr;
};

struct BoundAggregate {
  const AggregateFunction* function = nullptr;
  std::vector<Type> argument_types;  // the caller casts each argument to its type here
  Type result_type;
};

// Errors: 42883 no such aggregate, 42725 ambiguous.
StatusOr<BoundAggregate> ResolveAggregate(std::string_view name, std::span<const Type> arguments);
bool IsAggregate(std::string_view name);
std::vector<std::string_view> AggregateNames();

}  // namespace turdb::function

#endif  // TURDB_FUNCTION_AGGREGATE_H_
