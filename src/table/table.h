// A logical table: a primary tree of rows and the trees of its indexes, kept in step under transactions.
//
// A row's identity is its key in the primary tree ("row key"): 8 bytes for integer keys and hidden rowids,
// the key codec's bytes otherwise. An index entry is
//   of a unique index:  index columns -> row key; index columns, row key -> row key where a column is NULL
//                       and NULLs are distinct
//   of any other:       index columns, row key -> (nothing)
// What needs expressions is evaluated above: CHECK, defaults and generated columns before a row comes here,
// parts and predicates of indexes through IndexEvaluator.
#ifndef TURDB_TABLE_TABLE_H_
#define TURDB_TABLE_TABLE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/status.h"
#include "btree/tree.h"
#include "table/key_codec.h"
#include "table/projection.h"
#include "table/row_codec.h"
#include "table/schema.h"

namespace turdb::vec {
class Chunk;
class SelectionVector;
class Vector;
struct Rows;
struct VectorView;
}  // namespace turdb::vec

namespace turdb::hnsw {
class Index;
}  // namespace turdb::hnsw

namespace turdb::table {

class EntryBatch;

class Table;
class TableStore;
struct TableState;  // what all versions of one table share: its counters

// Evaluates what an index needs beyond columns. Handed in per statement by those who know expressions;
// may be null for tables whose indexes need none.
class IndexEvaluator {
 public:
  virtual ~IndexEvaluator() = default;
  // The value of an expression part for each row of a chunk of all columns. REQUIRES: its column is -1.
  virtual base::Status EvaluatePart(int32_t index, int32_t part, const vec::Chunk& rows, vec::Vector* out) = 0;
  // For partial indexes: in_index[r] is whether row r belongs to the index.
  virtual base::Status EvaluatePredicate(int32_t index, const vec::Chunk& rows, std::span<bool> in_index) = 0;
};

enum class OnDuplicate : uint8_t {
  kRaise,  // 23505, naming the constraint and the key
  kSkip,   // leave the row out
};

// What an insert met: the row that has the key already.
struct Conflict {
  int32_t index = -1;  // -1: the primary key; else a position among the indexes
  KeyBuffer row_key;
};

// New values for rows of one UPDATE: row r of `values` (one vector a changed column) goes to the row whose
// key is row r of `row_keys` (a blob vector).
struct UpdateBatch {
  const vec::Vector* row_keys;
  const vec::Chunk* values;
};

// All rows of one UPDATE, batch by batch. Not thread-safe.
class UpdateBatches {
 public:
  virtual ~UpdateBatches() = default;
  // To before the first batch.
  virtual base::Status Rewind() = 0;
  // The next batch, valid until the next call. False: no more.
  virtual base::StatusOr<bool> Next(UpdateBatch* batch) = 0;
};

// Buffers of one statement's writes, reused from row to row. Not thread-safe; the table must outlive it.
class WriteScratch {
 public:
  explicit WriteScratch(const Table& table);
  WriteScratch(WriteScratch&&) noexcept;
  ~WriteScratch();

  // The number of the row inserted last, of a table keyed by one; 0 before the first.
  int64_t last_row_number() const;
  // Forgets what an earlier statement left, should it have failed.
  void Restart();

 private:
  friend class Table;
  friend class TableStore;
  struct State;
  std::unique_ptr<State> state_;
};

// Thread-safe: any number of threads read and write at once, each with its own transaction and scratch.
// Immutable but for counters; one object a version of the schema. TableStore makes them.
class Table {
 public:
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;
  ~Table();

  const TableSchema& schema() const { return *schema_; }
  const std::shared_ptr<const TableSchema>& schema_ref() const { return schema_; }
  const RowLayouts& layouts() const { return layouts_; }
  TableStore& store() const { return store_; }

  // ---- keys
  // Key parts of the primary key (index == -1; one bigint for hidden rowids) or of an index.
  std::span<const KeyPart> key_parts(int32_t index) const;
  // The row key from the primary key's values (for hidden rowids: the rowid, a bigint). False: no row can have
  // this key (a NULL, or longer than any key).
  [[nodiscard]] bool EncodeRowKey(std::span<const Cell> key_values, KeyBuffer* out) const;
  // The whole key of a unique index. False: no row can have it.
  [[nodiscard]] bool EncodeIndexKey(int32_t index, std::span<const Cell> key_values, KeyBuffer* out) const;
  // Bounds of a scan: `equal` leading values, then a range on the next part; cells of the parts' types.
  struct Range {
    std::span<const Cell> equal = {};
    Cell lower = nullptr;  // null: none
    Cell upper = nullptr;
    bool lower_inclusive = true;
    bool upper_inclusive = true;
  };
  // Lower is inclusive, upper exclusive, empty means unbounded. False: the range is empty (a NULL among the
  // values compares with nothing). A range on a part excludes its NULLs.
  [[nodiscard]] bool EncodeRange(int32_t index, const Range& range, KeyBuffer* lower, KeyBuffer* upper) const;
  Projection MakeProjection(std::span<const int32_t> columns, std::span<const int32_t> in_leaf = {}) const {
    return Projection(layouts_, columns, in_leaf);
  }

  // ---- reads
  // The columns of one row. False: the view sees no such row. Allocates nothing once `out` has grown.
  base::StatusOr<bool> Get(const txn::View& view, base::Bytes row_key, const Projection& projection, RowBuffer* out) const;
  // About how many rows have keys in the range of an index (-1: the primary key) that EncodeRange made. Counted no further than
  // past `most`.
  base::StatusOr<uint64_t> CountAbout(int32_t index, base::Bytes lower, base::Bytes upper, uint64_t most) const;
  // The row key of the one row with this key (EncodeIndexKey) in a unique index.
  base::StatusOr<bool> FindUnique(const txn::View& view, int32_t index, base::Bytes index_key, KeyBuffer* row_key) const;

  // ---- writes. What a failed call has changed is for the statement's savepoint to undo. All wait for other
  // writers of a row, and fail with 40001, 40P01 or 55P03 as kernel rule 5 says.
  // One row: a cell for every column, in order. A NULL in an integer primary key or an identity column gets the
  // next number. `row_key`, when not null, gets the identity. False: left out (kSkip), `conflict` says why.
  base::StatusOr<bool> InsertRow(txn::Transaction& transaction, std::span<const Cell> cells, OnDuplicate on_duplicate,
                                 IndexEvaluator* evaluator, WriteScratch& scratch, KeyBuffer* row_key = nullptr,
                                 Conflict* conflict = nullptr) const;
  // All rows of a chunk of all columns, in order. Numbers given to NULL keys are written back into `rows`.
  // Returns how many went in; rows left out (kSkip) are appended to `skipped`. `row_keys`, a flat blob vector, gets the
  // identity of every row that went in.
  base::StatusOr<int64_t> InsertRows(txn::Transaction& transaction, vec::Chunk* rows, OnDuplicate on_duplicate,
                                     IndexEvaluator* evaluator, WriteScratch& scratch, std::vector<uint32_t>* skipped = nullptr,
                                     vec::Vector* row_keys = nullptr) const;

  // New values for some columns of one row; values[i] is for columns[i]. False: the transaction sees no such row
  // (any more). Touches only indexes whose columns changed; when the primary key changes, the row moves.
  base::StatusOr<bool> UpdateRow(txn::Transaction& transaction, base::Bytes row_key, std::span<const int32_t> columns,
                                 std::span<const Cell> values, IndexEvaluator* evaluator, WriteScratch& scratch) const;
  // Many rows. Where UpdateNeedsAllRows, all rows of the statement must come in one call, and are gone through twice: the
  // unique entries of all are taken away before the first new one comes (query rule 13). Returns how many rows changed.
  base::StatusOr<int64_t> UpdateRows(txn::Transaction& transaction, UpdateBatches& batches, std::span<const int32_t> columns,
                                     IndexEvaluator* evaluator, WriteScratch& scratch) const;
  bool UpdateNeedsAllRows(std::span<const int32_t> columns) const;

  // False: the transaction sees no such row (any more).
  base::StatusOr<bool> DeleteRow(txn::Transaction& transaction, base::Bytes row_key, IndexEvaluator* evaluator,
                                 WriteScratch& scratch) const;

  // The rows under some keys (a blob vector); those that were there are appended to `deleted`. Changes of index entries
  // may wait in the scratch, here and in UpdateRows, until FinishRows.
  base::Status DeleteRows(txn::Transaction& transaction, const vec::VectorView& row_keys, vec::Rows rows,
                          IndexEvaluator* evaluator, WriteScratch& scratch, vec::SelectionVector* deleted) const;

  // REQUIRED after the last DeleteRows or UpdateRows of a statement.
  base::Status FinishRows(txn::Transaction& transaction, WriteScratch& scratch) const;

  // SELECT ... FOR UPDATE / SHARE. False: no such row, or (SKIP LOCKED) locked or changed since the snapshot.
  base::StatusOr<bool> LockRow(txn::Transaction& transaction, base::Bytes row_key, txn::LockStrength strength,
                               txn::WaitPolicy policy) const;

  // A row elsewhere refers to this key (EncodeRowKey, or EncodeIndexKey of a unique index): leaves a key-share mark on it, so
  // that who would take the key away waits for the transaction, and who did is waited for. Changes of other columns go on.
  // False: no such key. Errors as of writes; 40001 also when the key was committed after the transaction's snapshot.
  base::StatusOr<bool> ShareKey(txn::Transaction& transaction, int32_t index, base::Bytes key) const;

  // ---- facts
  int64_t row_estimate() const;
  // About `about` row keys, ascending, that cut the rows into ranges of similar size (btree::Separators).
  base::StatusOr<std::vector<std::string>> Separators(size_t about) const;
  // The identity number given last to any row by this process; 0 before the first.
  int64_t last_identity() const;
  // Compares rows with index entries both ways, and checks the trees themselves when `trees` (then nothing
  // else may run). What is wrong goes to `errors`.
  base::Status Check(const txn::View& view, IndexEvaluator* evaluator, bool trees, std::vector<std::string>* errors) const;

  btree::Tree& primary() const { return *primary_; }
  base::StatusOr<btree::Tree*> IndexTree(int32_t index) const;  // REQUIRES: not IsVectorIndex
  bool IsVectorIndex(int32_t index) const;
  base::StatusOr<hnsw::Index*> VectorIndex(int32_t index) const;  // REQUIRES: IsVectorIndex
  // Whether an index's entries need an IndexEvaluator.
  bool NeedsEvaluator(int32_t index) const;

 private:
  friend class TableStore;
  friend class WriteScratch;
  friend class IndexScan;
  struct IndexParts {
    std::vector<KeyPart> parts;
    bool needs_evaluator = false;
    mutable std::atomic<btree::Tree*> tree{nullptr};
    mutable std::atomic<hnsw::Index*> vectors{nullptr};
  };
  struct EntryKey;
  using Scratch = WriteScratch::State;

  Table(TableStore& store, std::shared_ptr<const TableSchema> schema, std::shared_ptr<TableState> state, btree::Tree* primary);

  // table_keys.cc
  base::Status AppendParts(int32_t index, std::span<const Cell> values, KeyBuffer* out, bool* has_null) const;
  base::Status EntryOf(int32_t index, base::Bytes row_key, base::Bytes row, IndexEvaluator* evaluator, Scratch& scratch,
                       KeyBuffer* entry, bool* in_index) const;
  base::StatusOr<base::Bytes> ResolveRow(base::Bytes row, std::string* holder) const;
  base::Status CellOf(int32_t column, base::Bytes row_key, base::Bytes row, Scratch& scratch, Cell* out) const;
  base::Status FillEvaluatorChunk(base::Bytes row_key, base::Bytes row, Scratch& scratch) const;

  // table_write.cc
  base::Status CheckNotNull(std::span<const Cell> cells) const;
  base::Status AssignKey(std::span<const Cell> cells, Scratch& scratch) const;
  base::StatusOr<bool> InsertEntries(txn::Transaction& transaction, OnDuplicate on_duplicate, IndexEvaluator* evaluator,
                                     Scratch& scratch, Conflict* conflict) const;
  base::StatusOr<bool> InsertEncoded(txn::Transaction& transaction, OnDuplicate on_duplicate, IndexEvaluator* evaluator,
                                     Scratch& scratch, Conflict* conflict) const;
  base::StatusOr<bool> ChangeIndexes(txn::Transaction& transaction, base::Bytes row_key, std::span<const int32_t> columns,
                                     bool uniques_removed, IndexEvaluator* evaluator, Scratch& scratch) const;
  base::StatusOr<bool> CaptureNewest(txn::Transaction& transaction, base::Bytes row_key, Scratch& scratch) const;
  base::Status DeleteUniqueEntries(txn::Transaction& transaction, base::Bytes row_key, std::span<const int32_t> columns,
                                   std::span<const Cell> values, IndexEvaluator* evaluator, Scratch& scratch) const;
  base::StatusOr<bool> InsertMoved(txn::Transaction& transaction, base::Bytes row_key, std::span<const int32_t> columns,
                                   std::span<const Cell> values, IndexEvaluator* evaluator, Scratch& scratch,
                                   WriteScratch& inner) const;
  base::StatusOr<bool> ReplaceRow(txn::Transaction& transaction, base::Bytes row_key, std::span<const int32_t> columns,
                                  std::span<const Cell> values, Scratch& scratch) const;
  base::StatusOr<bool> UpdateOne(txn::Transaction& transaction, base::Bytes row_key, std::span<const int32_t> columns,
                                 std::span<const Cell> values, bool uniques_removed, IndexEvaluator* evaluator,
                                 Scratch& scratch) const;
  base::StatusOr<bool> MoveRow(txn::Transaction& transaction, base::Bytes row_key, std::span<const int32_t> columns,
                               std::span<const Cell> values, IndexEvaluator* evaluator, Scratch& scratch) const;
  base::Status DeleteEntry(txn::Transaction& transaction, int32_t index, base::Bytes entry) const;
  bool IsAffected(int32_t index, std::span<const int32_t> columns) const;
  // table_vectors.cc
  base::Status VectorOf(int32_t index, base::Bytes row_key, base::Bytes row, IndexEvaluator* evaluator, Scratch& scratch,
                        std::vector<float>* vector, bool* in_index) const;
  base::Status InsertVector(txn::Transaction& transaction, int32_t index, base::Bytes row_key, base::Bytes row,
                            IndexEvaluator* evaluator, Scratch& scratch) const;
  base::Status RemoveVector(txn::Transaction& transaction, int32_t index, base::Bytes row_key, base::Bytes row,
                            IndexEvaluator* evaluator, Scratch& scratch) const;
  base::Status ChangeVector(txn::Transaction& transaction, int32_t index, base::Bytes row_key, base::Bytes old, base::Bytes now,
                            IndexEvaluator* evaluator, Scratch& scratch) const;
  base::Status AddVector(txn::Transaction& transaction, int32_t index, base::Bytes row_key,
                         std::span<const float> vector) const;
  base::Status TakeVector(txn::Transaction& transaction, int32_t index, base::Bytes row_key) const;
  // table_rows.cc
  base::Status ApplyBatch(txn::Transaction& transaction, EntryBatch& batch) const;
  bool ChangesKey(std::span<const int32_t> columns) const;
  base::Status DuplicateError(int32_t index, base::Bytes entry) const;
  base::Status NotNullError(int32_t column) const;

  TableStore& store_;
  std::shared_ptr<const TableSchema> schema_;
  RowLayouts layouts_;
  std::shared_ptr<TableState> state_;
  btree::Tree* primary_;
  std::vector<KeyPart> primary_parts_;
  std::vector<std::unique_ptr<IndexParts>> indexes_;
  std::vector<bool> auto_numbered_;       // by column
  std::vector<size_t> numbered_columns_;  // the same as a list
  std::vector<size_t> not_null_columns_;
};

}  // namespace turdb::table

#endif  // TURDB_TABLE_TABLE_H_
