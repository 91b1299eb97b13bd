// Names of built-in functions' parameters, for calls that say them: make_interval(days => 3).
#ifndef TURDB_FUNCTION_PARAMETER_NAMES_H_
#define TURDB_FUNCTION_PARAMETER_NAMES_H_

#include <span>
#include <string_view>

namespace turdb::function {

struct Parameter {
  std::string_view name;
  std::string_view otherwise;  // what is taken when a call leaves it out before others: a number, true or false; empty: nothing
};

// Empty when the function's parameters have no names.
std::span<const Parameter> ParametersOf(std::string_view function);

}  // namespace turdb::function

#endif  // TURDB_FUNCTION_PARAMETER_NAMES_H_
