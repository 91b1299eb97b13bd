#include "table/vector_index_facts.h"

#include "hnsw/index.h"

namespace turdb::table {
namespace {

std::string_view NameOf(hnsw::Metric metric) {
  switch (metric) {
    case hnsw::Metric::kL2:
      return "l2";
    case hnsw::Metric::kInnerProduct:
      return "inner product";
    case hnsw::Metric::kCosine:
      return "cosine";
    case hnsw::Metric::kL1:
      return "l1";
  }
  return "";
}

}  // namespace

base::StatusOr<VectorIndexFacts> VectorIndexFactsOf(const Table& table, int32_t index) {
  TURDB_ASSIGN_OR_RETURN(const hnsw::Index* const vectors, table.VectorIndex(index));
  const hnsw::IndexOptions& options = vectors->options();
  return VectorIndexFacts{.file = vectors->file(),
                          .metric = NameOf(options.metric),
                          .dimensions = options.dimension,
                          .nodes = vectors->node_count(),
                          .links = options.links,
                          .max_degree = options.max_degree,
                          .ef_construction = options.ef_construction,
                          .ef_search = options.ef_search};
}

base::StatusOr<bool> IsVectorIndexSparse(TableStore& store, base::FileId file, const txn::View& view) {
  TURDB_ASSIGN_OR_RETURN(const hnsw::Index* const vectors, store.VectorIndexOf(file));
  return vectors->IsWorthRebuilding(view);
}

}  // namespace turdb::table
