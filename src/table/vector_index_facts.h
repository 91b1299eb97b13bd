// What rooms above want to know of a vector index without its room.
#ifndef TURDB_TABLE_VECTOR_INDEX_FACTS_H_
#define TURDB_TABLE_VECTOR_INDEX_FACTS_H_

#include <cstdint>
#include <string_view>

#include "base/ids.h"
#include "base/status.h"
#include "table/table.h"
#include "table/table_store.h"
#include "txn/transaction.h"

namespace turdb::table {

struct VectorIndexFacts {
  base::FileId file = base::kNoFile;
  std::string_view metric;  // "l2", "inner product", "cosine", "l1"
  uint64_t dimensions = 0;
  uint64_t nodes = 0;  // about; those of removed rows that are still in the graph among them
  uint64_t links = 0;
  uint64_t max_degree = 0;
  uint64_t ef_construction = 0;
  uint64_t ef_search = 0;
};

// REQUIRES: index `index` of the table is a vector index.
base::StatusOr<VectorIndexFacts> VectorIndexFactsOf(const Table& table, int32_t index);

// Whether more than a quarter of the vector index in the file belongs to no row that the view finds.
base::StatusOr<bool> IsVectorIndexSparse(TableStore& store, base::FileId file, const txn::View& view);

}  // namespace turdb::table

#endif  // TURDB_TABLE_VECTOR_INDEX_FACTS_H_
