// What all versions of one table share, and the buffers of a statement's writes. Internal to this room.
#ifndef TURDB_TABLE_TABLE_STATE_H_
#define TURDB_TABLE_TABLE_STATE_H_

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "table/table.h"
#include "vec/chunk.h"
#include "vec/string_view.h"

namespace turdb::table {

// Counters of a table. Thread-safe.
struct TableState {
  static constexpr int64_t kNumberBlock = 256;  // identity numbers that one log record covers

  base::FileId file = base::kNoFile;
  std::atomic<int64_t> rows{0};           // an estimate
  std::atomic<int64_t> next_key{1};       // hidden rowids and integer primary keys
  std::atomic<int64_t> next_identity{1};  // identity columns that are not the key
  std::atomic<int64_t> last_identity{0};

  std::mutex mutex;
  bool loaded = false;  // guarded by mutex
  // Numbers from here on need a log record first, so that no number is given twice, crash or not.
  std::atomic<int64_t> logged_until{0};

  // A key that a user chose: numbers given from now on are greater.
  void NoteKey(int64_t key) {
    int64_t next = next_key.load(std::memory_order_relaxed);
    while (key >= next && !next_key.compare_exchange_weak(next, key == INT64_MAX ? key : key + 1)) {
    }
  }
};

struct WriteScratch::State {
  explicit State(const Table& table);

  struct Number {
    alignas(16) std::byte bytes[16];
  };

  RowEncoder encoder;
  KeyBuffer row_key;
  KeyBuffer entry, old_entry;
  std::string row;                        // the row as it is written
  std::string old_row;                    // as it was found
  std::string whole, old_whole;           // of rows that live elsewhere
  std::vector<Cell> cells;                // a whole row's
  std::vector<Number> numbers;            // by column: what auto-numbered and key columns point to
  std::vector<vec::StringView> views;     // by column: what strings read from rows point to
  std::vector<std::string> far;           // by column: values from overflow chains
  std::unique_ptr<vec::Chunk> evaluated;  // the row as an IndexEvaluator wants it
  std::unique_ptr<vec::Vector> part;      // what it gave
};

}  // namespace turdb::table

#endif  // TURDB_TABLE_TABLE_STATE_H_
