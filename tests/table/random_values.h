// Random values of every type, for property tests: extremes and near misses are as likely as plain ones.
#ifndef TURDB_TESTS_TABLE_RANDOM_VALUES_H_
#define TURDB_TESTS_TABLE_RANDOM_VALUES_H_

#include <random>
#include <string>
#include <vector>

#include "vec/value.h"

namespace turdb::table {

using Random = std::mt19937_64;

// Every type with keys, some with several parameters.
std::vector<vec::Type> KeyTypes();
// A value of the type, never NULL. For kAny: a value of any other type.
vec::Value RandomValue(const vec::Type& type, Random& random);

inline size_t Below(size_t bound, Random& random) { return static_cast<size_t>(random() % bound); }

}  // namespace turdb::table

#endif  // TURDB_TESTS_TABLE_RANDOM_VALUES_H_
