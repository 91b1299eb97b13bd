// A logical table: a primary tree of rows and the trees of its indexes, kept in step under transactions.
//
// A row's identity is its key in the primary tree ("row key"): 8 bytes for integer keys and hidden rowids,
// the key codec's bytes otherwise. An index entry is
//   unique:      index columns                 -> row key
//   otherwise, or when a column is NULL and NULLs are distinct:
//                index columns, then row key   -> (nothing)
// Constraints that need expressions (CHECK, generated columns, defaults) are evaluated above; expression
// and partial indexes are too, through IndexEvaluator.
#ifndef TURDB_TABLE_TABLE_H_
#define TURDB_TABLE_TABLE_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/memory_budget.h"
#include "base/status.h"
#include "btree/cursor.h"
#include "btree/tree.h"
#include "table/key_codec.h"
#include "table/row_codec.h"
#include "table/schema.h"
#include "vec/chunk.h"

namespace turdb::table {

class Table;
struct TableState;  // what all versions of one table share: row counters

// Evaluates what an index needs beyond columns. Handed in per statement by those who know expressions.
class IndexEvaluator {
 public:
  virtual ~IndexEvaluator() = default;
  // The value of an expression part for each row. REQUIRES: schema.indexes[index].parts[part].column == -1.
  virtual base::Status EvaluatePart(int32_t index, int32_t part, const vec::Chunk& rows, vec::Vector* out) = 0;
  // For partial indexes: in_index[r] is whether row r belongs to the index.
  virtual base::Status EvaluatePredicate(int32_t index, const vec::Chunk& rows, std::span<bool> in_index) = 0;
};

enum class OnDuplicate : uint8_t {
  kRaise,  // 23505, naming the constraint and the key
  kSkip,   // leave the row out
};

// What a write met: the key that was there already.
struct Conflict {
  int32_t index = -1;  // -1: the primary key; else a position among the indexes
  KeyBuffer row_key;   // of the row that has it
};

// New values for rows of one UPDATE: row r of `values` (one vector a changed column) goes to the row whose
// key is row r of `row_keys` (a blob vector).
struct UpdateBatch {
  const vec::Vector* row_keys;
  const vec::Chunk* values;
};

// Buffers of one statement's writes and reads, reused from row to row. Not thread-safe.
class WriteScratch {
 public:
  explicit WriteScratch(const Table& table);
  ~WriteScratch();
  WriteScratch(WriteScratch&&) noexcept;
  WriteScratch& operator=(WriteScratch&&) noexcept;

 private:
  friend class Table;
  struct State;
  std::unique_ptr<State> state_;
};

// All trees of a database by file id; opens each once. Thread-safe. Outlives every Table.
class TableStore {
 public:
  TableStore(storage::Storage& storage, txn::TransactionManager& transactions, base::MemoryBudget& budget);
  TableStore(const TableStore&) = delete;
  ~TableStore();

  storage::Storage& storage() { return storage_; }
  txn::TransactionManager& transactions() { return transactions_; }
  base::MemoryBudget& budget() { return budget_; }

  // The tree of a file; also how the transaction manager finds what to undo.
  base::StatusOr<btree::Tree*> TreeOf(base::FileId file);

  // Opens the table; indexes open at first use. Two calls for one id share row counters.
  base::StatusOr<std::shared_ptr<Table>> Open(std::shared_ptr<const TableSchema> schema);

  // Makes the files of a new table and its indexes (all empty). REQUIRES: ids and paths are set.
  base::Status CreateFiles(txn::Transaction& transaction, const TableSchema& schema);
  // Makes the index's file and fills it from the table's rows, sorted. Errors: 23505 when unique and not so.
  // REQUIRES: `schema` includes the index at position `index`; writers of the table are locked out.
  base::Status BuildIndex(txn::Transaction& transaction, std::shared_ptr<const TableSchema> schema, int32_t index,
                          IndexEvaluator* evaluator);
  // The files go once the transaction has committed and nobody can read them any more.
  base::Status DropFile(txn::Transaction& transaction, base::FileId file);

 private:
  std::shared_ptr<TableState> StateOf(base::FileId table);

  storage::Storage& storage_;
  txn::TransactionManager& transactions_;
  base::MemoryBudget& budget_;
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

// Thread-safe: any number of threads read and write at once, each with its own transaction and scratch.
// Immutable but for counters; one object a schema version.
class Table {
 public:
  Table(const Table&) = delete;
  ~Table();

  const TableSchema& schema() const { return *schema_; }
  const std::shared_ptr<const TableSchema>& schema_ref() const { return schema_; }

  // ---- keys
  // The row key from the primary key's values, in key order. REQUIRES: not kRowId; not NULL. False: the
  // values cannot be a key of this table (longer than any key).
  [[nodiscard]] bool EncodeRowKey(std::span<const Cell> key_values, KeyBuffer* out) const;
  // Key parts of the primary key (index == -1; for kRowId one bigint) or of an index.
  std::span<const KeyPart> key_parts(int32_t index) const;
  // Bounds of a scan for `equal` leading values and then a range on the next part, from cells of the parts'
  // types, none NULL. An empty result bound means "no bound". Works for the primary key and indexes alike.
  struct Range {
    std::span<const Cell> equal;
    Cell lower = nullptr;
    Cell upper = nullptr;
    bool lower_inclusive = true;
    bool upper_inclusive = true;
  };
  // False: the range is empty.
  [[nodiscard]] bool EncodeRange(int32_t index, const Range& range, KeyBuffer* lower, KeyBuffer* upper) const;

  // ---- reads
  // The columns of one row. False: the view sees no such row. Allocates nothing once `out` has grown.
  base::StatusOr<bool> Get(const txn::View& view, base::Bytes row_key, const Projection& projection, RowBuffer* out) const;
  // The row key of the one row with these values of a unique index (all parts, none NULL).
  base::StatusOr<bool> FindUnique(const txn::View& view, int32_t index, base::Bytes index_key, KeyBuffer* row_key) const;

  // ---- writes. Each row or call that fails leaves undoing to the statement's savepoint.
  // One row: cells for all columns in order. A NULL key_column or identity column gets the next number.
  // `row_key`, when not null, gets the identity. False: left out (kSkip), `conflict` says why.
  base::StatusOr<bool> InsertRow(txn::Transaction& transaction, std::span<const Cell> cells, OnDuplicate on_duplicate,
                                 IndexEvaluator* evaluator, WriteScratch& scratch, KeyBuffer* row_key = nullptr,
                                 Conflict* conflict = nullptr) const;
  // All rows of a chunk of all columns, in order. Numbers given to NULL keys are written back into `rows`.
  // Returns how many went in; rows left out (kSkip) are appended to `skipped`.
  base::StatusOr<int64_t> InsertRows(txn::Transaction& transaction, vec::Chunk& rows, OnDuplicate on_duplicate,
                                     IndexEvaluator* evaluator, WriteScratch& scratch, std::vector<uint32_t>* skipped = nullptr,
                                     std::vector<Conflict>* conflicts = nullptr) const;

  // New values for some columns of one row. values[i] is for columns[i]. False: no such row any more (deleted
  // by this transaction). Touches only indexes that have a changed column; when the primary key changes, the
  // row moves (`row_key` may be null otherwise).
  base::StatusOr<bool> UpdateRow(txn::Transaction& transaction, base::Bytes row_key, std::span<const int32_t> columns,
                                 std::span<const Cell> values, IndexEvaluator* evaluator, WriteScratch& scratch) const;
  // Many rows. Where UpdateNeedsAllRows, all rows of the statement must come in one call: the unique entries
  // of all are taken away before the first new one comes (query rule 13). Returns how many rows changed.
  base::StatusOr<int64_t> UpdateRows(txn::Transaction& transaction, std::span<const UpdateBatch> batches,
                                     std::span<const int32_t> columns, IndexEvaluator* evaluator, WriteScratch& scratch) const;
  bool UpdateNeedsAllRows(std::span<const int32_t> columns) const;

  base::StatusOr<bool> DeleteRow(txn::Transaction& transaction, base::Bytes row_key, IndexEvaluator* evaluator,
                                 WriteScratch& scratch) const;

  // SELECT ... FOR UPDATE / SHARE. False: no such row, or (SKIP LOCKED) locked.
  base::StatusOr<bool> LockRow(txn::Transaction& transaction, base::Bytes row_key, txn::LockStrength strength,
                               txn::WaitPolicy policy) const;

  // ---- facts
  int64_t row_estimate() const;
  // Compares rows with index entries both ways and checks every tree; findings go to `errors`.
  base::Status Check(const txn::View& view, IndexEvaluator* evaluator, std::vector<std::string>* errors) const;

  // The trees, for cursors of this room and for parallel scans' separators.
  btree::Tree& primary() const { return *primary_; }
  base::StatusOr<btree::Tree*> IndexTree(int32_t index) const;

 private:
  friend class TableStore;
  friend class WriteScratch;
  struct IndexParts;
  Table(TableStore& store, std::shared_ptr<const TableSchema> schema, std::shared_ptr<TableState> state, btree::Tree* primary);

  TableStore& store_;
  std::shared_ptr<const TableSchema> schema_;
  std::shared_ptr<TableState> state_;
  btree::Tree* primary_;
  std::vector<KeyPart> primary_parts_;
  std::vector<std::unique_ptr<IndexParts>> indexes_;
};

}  // namespace turdb::table

#endif  // TURDB_TABLE_TABLE_H_
