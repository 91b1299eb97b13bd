// Scans over a table's rows or one of its indexes, a chunk at a time, in key order either way.
#ifndef TURDB_TABLE_SCAN_H_
#define TURDB_TABLE_SCAN_H_

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "btree/cursor.h"
#include "table/projection.h"
#include "table/table.h"
#include "vec/chunk.h"
#include "vec/string_view.h"

namespace turdb::table {

// Not thread-safe; parallel scans make one a worker, over ranges between btree::Separators. Keeps no latch
// and no pin between calls (kernel rule 8). Table and projection must outlive it.
// What is computed of rows while they lie in their leaf, so that long values need not be copied out of it (Projection's
// `in_leaf`).
class LeafComputation {
 public:
  virtual ~LeafComputation() = default;
  // Of rows of `chunk`, some under a leaf's latch: no I/O, no waiting, no allocation but within the memory it has.
  virtual base::Status Compute(vec::Chunk* chunk, vec::Rows rows) = 0;
};

class TableScan {
 public:
  // Bounds are row keys: lower inclusive, upper exclusive, empty = none.
  TableScan(const Table& table, const Projection& projection, base::Bytes lower = {}, base::Bytes upper = {},
            bool reverse = false);

  // Starts again with other bounds, keeping the memory.
  void Reset(base::Bytes lower, base::Bytes upper);

  // Fills `out` (a chunk of projection.types(), which it resets) with up to min(max_rows, capacity) rows.
  // False, with no rows, at the end.
  base::StatusOr<bool> Next(const txn::View& view, uint32_t max_rows, vec::Chunk* out);
  // The same behind the rows that `out` has. How many rows came, none at the end. REQUIRES: there is room.
  base::StatusOr<uint32_t> Append(const txn::View& view, uint32_t max_rows, vec::Chunk* out);
  // Called for every row from now on; outlives the scan. Views of in-leaf outputs are empty afterwards.
  void set_computation(LeafComputation* computation) { computation_ = computation; }
  // Whether it is to expect that rows are read from end to end, in the leaf: see btree::Cursor.
  void set_reads_whole_rows(bool reads) { cursor_.set_reads_whole_values(reads); }

 private:
  base::Status ComputeInLeaf(vec::Chunk* out, uint32_t first, uint32_t count, size_t far_before);
  base::Status ComputeFar(vec::Chunk* out);

  const Table& table_;
  const Projection& projection_;
  btree::Cursor cursor_;
  bool reverse_;
  LeafComputation* computation_ = nullptr;
  std::vector<vec::SelIndex> computed_;
  std::vector<Projection::FarValue> far_;
};

// Reads an index in its order. When index and row key together hold every wanted column without loss
// (IsIndexOnly), the table is not visited; otherwise rows are fetched by their keys, a chunk at a time.
class IndexScan {
 public:
  // Bounds are index keys: Table::EncodeRange makes them.
  static base::StatusOr<std::unique_ptr<IndexScan>> Open(const Table& table, int32_t index, const Projection& projection,
                                                         base::Bytes lower = {}, base::Bytes upper = {}, bool reverse = false);
  static bool IsIndexOnly(const TableSchema& schema, int32_t index, std::span<const int32_t> columns);

  void Reset(base::Bytes lower, base::Bytes upper);
  base::StatusOr<bool> Next(const txn::View& view, uint32_t max_rows, vec::Chunk* out);
  base::StatusOr<uint32_t> Append(const txn::View& view, uint32_t max_rows, vec::Chunk* out);
  ~IndexScan();

 private:
  struct State;
  explicit IndexScan(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Rows whose vectors are near another, by a vector index: what the view sees, each row once, nearest first as far as the
// index's codes tell. As the scans are.
class NearestRows {
 public:
  static base::StatusOr<std::unique_ptr<NearestRows>> Open(const Table& table, int32_t index, const Projection& projection);
  ~NearestRows();

  // Looks from `query` (a value of `type`) on, with `ef` candidates in view (0: as the index says). False: the index cannot
  // compare it.
  base::StatusOr<bool> Start(const vec::Type& type, const vec::StringView& query, size_t ef);
  // Rows of up to `candidates` nodes behind the rows of `out`. How many rows came; none with exhausted() when there are no
  // more.
  base::StatusOr<uint32_t> Append(const txn::View& view, uint32_t candidates, vec::Chunk* out);
  bool exhausted() const;

  // Whether rows that did not come yet may be nearer than this exact distance: the codes are a little off.
  bool MayBeNearer(double distance) const;
  uint64_t nodes() const;       // of the index, about
  uint64_t ef_search() const;   // as the index says
  uint64_t candidates() const;  // that were looked at, since Start
  uint64_t distances() const;   // that were computed

 private:
  struct State;
  explicit NearestRows(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Looks up one row after the other by whole keys, of the primary key (index == -1) or of a unique index. As the scans are.
class RowLookup {
 public:
  RowLookup(const Table& table, int32_t index, const Projection& projection)
      : table_(table), index_(index), projection_(projection) {}
  // The row of the key (Table::EncodeRowKey, EncodeIndexKey) behind the rows of `out`. False: the view sees none.
  base::StatusOr<bool> Append(const txn::View& view, base::Bytes key, vec::Chunk* out);

 private:
  const Table& table_;
  const int32_t index_;
  const Projection& projection_;
  KeyBuffer row_key_;
  std::vector<Projection::FarValue> far_;
};

}  // namespace turdb::table

#endif  // TURDB_TABLE_SCAN_H_
