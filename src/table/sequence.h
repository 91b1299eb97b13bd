// Sequences: what one is made of, and the counter that gives its numbers out.
//
// The counter is the header of a table's file that never gets a row: `auto-increment` (48) is the number given last,
// `row count` (24) says whether it was given (CounterState). Numbers are taken from the header in blocks by redo-only
// records, as those of tables are: they belong to no transaction, wait for none, come back with none, and after a crash the
// rest of a block is skipped, so that no number is given twice. RESTART makes another file, which is transactional.
#ifndef TURDB_TABLE_SEQUENCE_H_
#define TURDB_TABLE_SEQUENCE_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/status.h"
#include "vec/type.h"

namespace turdb::storage {
class Storage;
}

namespace turdb::table {

struct SequenceSchema {
  base::FileId file = base::kNoFile;  // of the counter
  std::string path;
  vec::TypeId type = vec::TypeId::kInt64;  // smallint, integer or bigint
  int64_t start = 1;
  int64_t increment = 1;  // never 0
  int64_t min_value = 1;
  int64_t max_value = std::numeric_limits<int64_t>::max();
  int64_t cache = 1;  // at least so many numbers a log record
  bool cycle = false;
};

// Thread-safe. One object a counter's file, shared by all who draw from it: TableStore::OpenSequence.
class Sequence {
 public:
  // On disk: do not change. kUntouched is what a new file says.
  enum class CounterState : uint64_t { kUntouched = 0, kGiven = 1, kNextToGive = 2 };
  struct Position {
    int64_t value = 0;
    bool given = false;  // else it is the one to be given next
  };

  Sequence(storage::Storage& storage, base::FileId file) : storage_(storage), file_(file) {}
  Sequence(const Sequence&) = delete;

  // The next number. 2200H when there is none. Nobody may count on it before the log is durable up to *logged.
  base::StatusOr<int64_t> Next(const SequenceSchema& schema, std::string_view name, base::Lsn* logged);
  // The next one is `position.value`, or the one after it when it counts as given. REQUIRES: within the bounds.
  base::Status Set(Position position, base::Lsn* logged);
  base::StatusOr<Position> Read(const SequenceSchema& schema);
  // Gives the rest of the block back. REQUIRES: nobody draws any more.
  base::Status Settle();

 private:
  static constexpr int64_t kBlock = 32;  // numbers that one record covers, as in PostgreSQL
  base::Status Load(const SequenceSchema& schema);
  base::Status Log(Position position);
  // False: the number is the last one.
  static bool Advance(const SequenceSchema& schema, int64_t* number);

  storage::Storage& storage_;
  const base::FileId file_;
  std::mutex mutex_;  // guards what follows
  bool loaded_ = false;
  Position position_;
  int64_t left_ = 0;  // numbers of the block that may still be given
  int64_t block_increment_ = 0;
  base::Lsn logged_ = base::kNoLsn;  // where the last record ends, or later
};

}  // namespace turdb::table

#endif  // TURDB_TABLE_SEQUENCE_H_
