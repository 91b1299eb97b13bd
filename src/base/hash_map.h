// Hash tables that survive running out of memory. Abseil's do not: one whose growth fails is left with a capacity it has no
// memory for, and its destructor frees what was never allocated.
#ifndef TURDB_BASE_HASH_MAP_H_
#define TURDB_BASE_HASH_MAP_H_

#include <unordered_map>
#include <unordered_set>

#include "absl/hash/hash.h"

namespace turdb::base {

template <typename Key, typename Value>
using HashMap = std::unordered_map<Key, Value, absl::Hash<Key>>;
template <typename Key>
using HashSet = std::unordered_set<Key, absl::Hash<Key>>;

}  // namespace turdb::base

#endif  // TURDB_BASE_HASH_MAP_H_
