#ifndef TURDB_EXEC_PARALLELISM_H_
#define TURDB_EXEC_PARALLELISM_H_

#include <cstddef>
#include <cstdint>

namespace turdb::exec {

// How much of a statement may run at once.
struct Parallelism {
  size_t threads = 1;           // the calling one among them
  int64_t least_rows = 60'000;  // of a table, for its scan to be shared out: threads cost, too
  bool operator==(const Parallelism&) const = default;
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_PARALLELISM_H_
