// A checker of isolation, in the manner of Elle (Kingsbury and Alvaro, VLDB 2020), without its generality.
//
// Clients run transactions of reads and writes and record what they saw. From a recorded history the
// checker infers the order of versions of each key, and from that the dependencies between transactions:
//
//   ww  one overwrote (or appended after) a version of the other
//   wr  one read a version that the other wrote
//   rw  one read the version that the other then replaced (an anti-dependency)
//
// and looks for cycles, and for reads that no order explains. Two workloads are understood: list-append,
// where a read returns the whole list and so reveals the order of versions by itself, and registers whose
// writes are unique and read what they replace, so that each write names its predecessor.
//
// The checker knows nothing of txn: it can be driven through a toy store or through SQL alike.
#ifndef TURDB_TESTS_TXN_HISTORY_CHECKER_H_
#define TURDB_TESTS_TXN_HISTORY_CHECKER_H_

#include <cstdint>
#include <string>
#include <vector>

namespace turdb::history {

enum class OpKind : uint8_t { kRead, kAppend, kWrite };

struct Op {
  OpKind kind = OpKind::kRead;
  int64_t key = 0;
  int64_t value = 0;          // kAppend, kWrite: unique over the whole history, not 0
  std::vector<int64_t> seen;  // kRead: the list; for a register one value, or none when there is no row
};

enum class Outcome : uint8_t {
  kCommitted,
  kAborted,
  kUnknown,  // the commit's answer was lost: it may have happened
};

struct RecordedTransaction {
  std::vector<Op> ops;  // in the order in which they ran
  Outcome outcome = Outcome::kAborted;
  // When it began and when its end was known, on one clock; 0 and 0 when not recorded. Used for real time.
  int64_t began = 0;
  int64_t ended = 0;
};

enum class Level : uint8_t {
  kReadCommitted,
  kSnapshot,      // no dirty or intermediate read, no lost update, no read skew; write skew is allowed
  kSerializable,  // no cycle at all
};

struct Anomaly {
  // G0 (dirty write), G1a (aborted read), G1b (intermediate read), G1c (circular information flow),
  // G-single (read skew), G-nonadjacent (a cycle of several anti-dependencies, no two in a row: not a
  // snapshot), G2 (write skew and the like), "lost update", "internal" (a transaction did not see its own
  // writes, or saw two values of one key), "incompatible order", "phantom value" (nobody wrote it),
  // "unreadable write" (a register written without being read: the order is not known), "stale read".
  std::string kind;
  std::string explanation;
};

// All anomalies that `level` forbids, at most a few of each kind. Empty: the history is fine.
// With `real_time`, a transaction that began after another's commit was known must see it.
std::vector<Anomaly> Check(const std::vector<RecordedTransaction>& history, Level level, bool real_time = false);

// One line each, for a test's failure message.
std::string Describe(const std::vector<Anomaly>& anomalies);

}  // namespace turdb::history

#endif  // TURDB_TESTS_TXN_HISTORY_CHECKER_H_
