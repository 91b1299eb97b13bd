// What a change of the graph needs while it runs: by one thread at a time.
#ifndef TURDB_HNSW_WORKSPACE_H_
#define TURDB_HNSW_WORKSPACE_H_

#include <vector>

#include "hnsw/index.h"

namespace turdb::hnsw {

struct Index::Workspace {
  Visited visited;
  Beam beam;
  Batch batch;
  SearchStatistics statistics;
  std::vector<Place> starts;
  QueryCode query;                    // one of its records, where they are compared
  std::vector<Candidate> candidates;  // sorted
  std::vector<std::byte> copies;      // their records, in the same order
  std::vector<std::byte> target;      // a record whose list is changed
  std::vector<size_t> kept;
  std::vector<Place> selected;
};

}  // namespace turdb::hnsw

#endif  // TURDB_HNSW_WORKSPACE_H_
