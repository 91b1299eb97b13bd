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

  // Whether the visitor reads values from end to end, not only a few bytes of each: then fewer entries come at a time, so that
  // the lines of the next leaf, asked for between them, do not queue up. Speed is all that it changes.
  void set_reads_whole_values(bool reads) { reads_whole_values_ = reads; }

  // Starts again with other bounds, keeping the memory.
  void Reset(Bytes lower, Bytes upper);

  // Visits at most max_entries visible entries of one leaf under its latch, and moves past them. `visit`
  // is called any number of times, zero included, each time with at least one entry; it must not block,
  // allocate from a budget or call the engine. False when nothing is left. After an error the position is
  // behind what was visited.
  StatusOr<bool> Next(const txn::View& view, size_t max_entries, absl::FunctionRef<void(const Entries&)> visit);
  // The same downward from the upper bound; entries are in descending order.
  StatusOr<bool> Previous(const txn::View& view, size_t max_entries, absl::FunctionRef<void(const Entries&)> visit);

 private:
  StatusOr<bool> Forward(const txn::View& view, size_t max_entries, absl::FunctionRef<void(const Entries&)> visit);
  StatusOr<bool> Backward(const txn::View& view, size_t max_entries, absl::FunctionRef<void(const Entries&)> visit);

  // Where one direction stands. Forward: the next key is >= key. Backward: the next key is < key (no key and
  // !started: from the end).
  struct Position {
    std::string key;
    bool started = false;  // backward: `key` is meaningful
    bool done = false;
    // The leaf and the place in it, believed only while the frame's version stands.
    PageNo page = base::kNoPage;
    const storage::Frame* frame = nullptr;
    uint64_t version = 0;
    size_t index = 0;
  };
  class Collector;

  StatusOr<storage::SharedGuard> FixForward(bool* at_index);
  StatusOr<storage::SharedGuard> FixBackward(bool* at_index);
  void Remember(Position& position, const storage::SharedGuard& leaf, size_t index);
  Status ReadAhead(Bytes from);

  Tree& tree_;
  std::string lower_, upper_;
  Position forward_, backward_;
  txn::Scratch scratch_;
  size_t leaves_until_read_ahead_ = 1;  // none on the first leaf: most ranges end there
  size_t read_ahead_window_ = 4;
  bool reads_whole_values_ = false;
};

}  // namespace turdb::btree

#endif  // TURDB_BTREE_CURSOR_H_
