// What a call of a window computes, a run of rows at a time.
#ifndef TURDB_EXEC_WINDOW_FUNCTION_H_
#define TURDB_EXEC_WINDOW_FUNCTION_H_

#include <cstdint>
#include <memory>

#include "base/status.h"
#include "exec/builder.h"
#include "exec/window_frame.h"
#include "vec/vector.h"

namespace turdb::exec {

// Sees each partition's rows once, first to last. Not thread-safe.
class WindowFunction {
 public:
  virtual ~WindowFunction() = default;
  virtual base::Status Start(Runtime& runtime) = 0;
  // The partition's rows stay until the next one starts.
  virtual base::Status StartPartition(Runtime& runtime, const WindowPartition& partition) = 0;
  // The values of rows [row, row + count) to rows to.. of `out`, flat and reset before its first row was written.
  // Strings may point into the partition's rows.
  virtual base::Status Compute(uint64_t row, uint32_t count, vec::Vector* out, uint32_t to) = 0;
  virtual int64_t memory_bytes() const { return 0; }
};

using WindowFunctionOr = base::StatusOr<std::unique_ptr<WindowFunction>>;
WindowFunctionOr MakeWindowFunction(const WindowCall& call, const WindowNode& node, Builder& builder);
WindowFunctionOr MakeWindowAggregate(const WindowCall& call, const WindowNode& node, Builder& builder);

}  // namespace turdb::exec

#endif  // TURDB_EXEC_WINDOW_FUNCTION_H_
