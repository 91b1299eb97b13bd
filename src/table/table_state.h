// What all versions of one table share, and the buffers of a statement's writes. Internal to this room.
#ifndef TURDB_TABLE_TABLE_STATE_H_
#define TURDB_TABLE_TABLE_STATE_H_

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "table/table.h"
#include "vec/chunk.h"
#include "vec/string_view.h"
#include "vec/vector.h"

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

// Changes of index entries that wait, so that a leaf is met once for many of its entries: the rows of a statement lie
// anywhere in an index.
class EntryBatch {
 public:
  struct Entry {
    uint32_t begin;
    uint16_t size;
    uint16_t index;
    bool insert;
  };
  explicit EntryBatch(base::MemoryBudget& budget);
  void Add(int32_t index, base::Bytes entry, bool insert);
  // No more should be added: it has grown as large as is good, or as the budget lets it.
  bool IsFull();
  base::Bytes KeyOf(const Entry& entry) const { return base::AsBytes(bytes_).subspan(entry.begin, entry.size); }
  // By index and key.
  std::span<const Entry> Sorted();
  // Forgets the entries; keeps a little memory.
  void Clear();
  // Gives the memory back, too.
  void Release();

 private:
  static constexpr size_t kStepBytes = 8 << 10;
  static constexpr size_t kKeepBytes = 4 << 10;
  size_t held_bytes() const { return bytes_.capacity() + entries_.capacity() * sizeof(Entry); }

  base::MemoryReservation reserved_;
  int64_t headroom_bytes_;  // of the budget, left to others
  size_t most_bytes_;
  std::vector<Entry> entries_;
  std::string bytes_;
};

struct WriteScratch::State {
  explicit State(const Table& table);

  struct Number {
    alignas(16) std::byte bytes[16];
  };

  RowEncoder encoder;
  KeyBuffer row_key;
  KeyBuffer entry, old_entry;
  EntryBatch* batch = nullptr;  // &waiting while many rows are changed, null: entries are changed at once
  EntryBatch waiting;
  std::string row;                        // the row as it is written
  std::string old_row;                    // as it was found
  std::string whole, old_whole;           // of rows that live elsewhere
  std::vector<Cell> cells;                // a whole row's
  std::vector<Number> numbers;            // by column: what auto-numbered and key columns point to
  std::vector<vec::StringView> views;     // by column: what strings read from rows point to
  std::vector<std::string> far;           // by column: values from overflow chains
  std::unique_ptr<vec::Chunk> evaluated;  // the row as an IndexEvaluator wants it
  std::unique_ptr<vec::Vector> part;      // what it gave
  std::vector<float> vector, old_vector;  // of vector indexes
};

inline Cell RowOf(const vec::VectorView& view, size_t width, size_t row) {
  return view.IsValid(row) ? view.data + view.Index(row) * width : nullptr;
}

}  // namespace turdb::table

#endif  // TURDB_TABLE_TABLE_STATE_H_
