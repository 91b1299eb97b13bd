// Range scans over a Tree, in both directions.
#ifndef TURDB_BTREE_CURSOR_H_
#define TURDB_BTREE_CURSOR_H_

#include <cstddef>
#include <span>
#include <string>

#include "absl/functional/function_ref.h"
#include "base/bytes.h"
#include "base/status.h"
#include "btree/tree.h"

namespace turdb::btree {

// Not thread-safe. Keeps a key, a page and a version between calls, never a latch or a pin (kernel rule
// 8). The tree must outlive it. Next and Previous each start at their own end of the range and keep their
// own position; they do not meet.
class Cursor {
 public:
  // lower is inclusive, empty = from the first; upper is exclusive, empty = to the last. Both are copied.
  Cursor(Tree& tree, Bytes lower, Bytes upper);
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;
  ~Cursor();

  // Starts again with other bounds, keeping the memory.
  void Reset(Bytes lower, Bytes upper);

  // Visits at most max_entries visible entries of one leaf under its latch, and moves past them. `visit`
  // is called any number of times, zero included, each time with at least one entry; it must not block,
  // allocate from a budget or call the engine. False when nothing is left. After an error the position is
  // behind what was visited.
  StatusOr<bool> Next(const txn::View& view, size_t max_entries, absl::FunctionRef<void(std::span<const Entry>)> visit);
  // The same downward from the upper bound; entries of a span are in descending order.
  StatusOr<bool> Previous(const txn::View& view, size_t max_entries, absl::FunctionRef<void(std::span<const Entry>)> visit);
};

}  // namespace turdb::btree

#endif  // TURDB_BTREE_CURSOR_H_
