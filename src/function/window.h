// Window functions by name. What they compute needs the whole partition, so exec computes it; aggregates are window
// functions too, by their own names.
#ifndef TURDB_FUNCTION_WINDOW_H_
#define TURDB_FUNCTION_WINDOW_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "vec/type.h"

namespace turdb::function {

enum class WindowKind : uint8_t {
  kRowNumber,
  kRank,
  kDenseRank,
  kPercentRank,
  kCumeDist,
  kNtile,
  kLag,
  kLead,
  kFirstValue,
  kLastValue,
  kNthValue,
  kAggregate,
};

struct WindowFunction {
  std::string_view name;
  WindowKind kind;
  size_t least_arguments;
  size_t most_arguments;
  vec::TypeId result;   // kUnknown: the type of the first argument
  vec::TypeId integer;  // of the argument that counts (buckets, distance, place); kUnknown: there is none
  size_t integer_argument;
};

// Null when there is none of this name; aggregates are not among them.
const WindowFunction* FindWindowFunction(std::string_view name);
// REQUIRES: not kAggregate.
std::string_view NameOf(WindowKind kind);

}  // namespace turdb::function

#endif  // TURDB_FUNCTION_WINDOW_H_
