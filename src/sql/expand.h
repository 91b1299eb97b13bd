// A statement's text with values in the places of its parameters.
#ifndef TURDB_SQL_EXPAND_H_
#define TURDB_SQL_EXPAND_H_

#include <span>
#include <string>
#include <string_view>

#include "vec/value.h"

namespace turdb::sql {

// For people to read: `names` are those of the parameters, with their mark. What is not a parameter stays as it is.
std::string ExpandParameters(std::string_view sql, std::span<const std::string> names, std::span<const vec::Value> values);

}  // namespace turdb::sql

#endif  // TURDB_SQL_EXPAND_H_
