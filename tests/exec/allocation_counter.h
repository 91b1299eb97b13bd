// Counts what the test program allocates with operator new.
#ifndef TURDB_TESTS_EXEC_ALLOCATION_COUNTER_H_
#define TURDB_TESTS_EXEC_ALLOCATION_COUNTER_H_

#include <cstdint>

namespace turdb::exec {

// Calls of operator new by this thread so far.
int64_t AllocationCount();

}  // namespace turdb::exec

#endif  // TURDB_TESTS_EXEC_ALLOCATION_COUNTER_H_
