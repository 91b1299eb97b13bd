// From the candidates of a vector index to rows.
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "base/check.h"
#include "hnsw/index.h"
#include "table/scan.h"
#include "table/vector_value.h"
#include "txn/read_set.h"
#include "vec/chunk.h"

namespace turdb::table {

using base::Status;
using base::StatusOr;

struct NearestRows::State {
  State(const Table& t, const Projection& p, hnsw::Index& i) : table(t), projection(p), index(i) {}

  const Table& table;
  const Projection& projection;
  hnsw::Index& index;
  std::unique_ptr<hnsw::Search> search;
  std::vector<float> query;
  std::vector<hnsw::Found> found;
  absl::flat_hash_set<std::string> given;  // row keys
  std::string row_key;
  std::vector<Projection::FarValue> far;
  uint64_t candidates = 0;
  float farthest = 0;  // between codes, of the candidate that came last
  bool exhausted = false;
};

NearestRows::NearestRows(std::unique_ptr<State> state) : state_(std::move(state)) {}
NearestRows::~NearestRows() = default;

StatusOr<std::unique_ptr<NearestRows>> NearestRows::Open(const Table& table, int32_t index, const Projection& projection) {
  TURDB_ASSIGN_OR_RETURN(hnsw::Index* const vectors, table.VectorIndex(index));
  return std::unique_ptr<NearestRows>(new NearestRows(std::make_unique<State>(table, projection, *vectors)));
}

StatusOr<bool> NearestRows::Start(const vec::Type& type, const vec::StringView& query, size_t ef) {
  State& state = *state_;
  state.given.clear();
  state.candidates = 0;
  state.exhausted = false;
  ReadVector(type, query, &state.query);
  if (state.query.size() != state.index.options().dimension || !state.index.CanIndex(state.query)) return false;
  if (state.search != nullptr) {
    TURDB_RETURN_IF_ERROR(state.search->StartAgain(state.query, ef));
  } else {
    TURDB_ASSIGN_OR_RETURN(state.search, state.index.StartSearch(state.query, ef));
  }
  return true;
}

StatusOr<uint32_t> NearestRows::Append(const txn::View& view, uint32_t candidates, vec::Chunk* out) {
  State& state = *state_;
  const uint32_t first = out->size();
  uint32_t rows = first;
  btree::Tree& primary = state.table.primary();
  // What is not near has been looked at as well.
  if (view.reads != nullptr) view.reads->AddRange(primary, {});
  state.found.clear();
  TURDB_ASSIGN_OR_RETURN(const bool more, state.search->Next(std::min(candidates, out->capacity() - first), &state.found));
  state.exhausted = !more;
  state.far.clear();
  Status status;
  for (const hnsw::Found& found : state.found) {
    ++state.candidates;
    state.farthest = found.distance;
    TURDB_ASSIGN_OR_RETURN(const bool is_row, state.index.RowKey(view, found, &state.row_key));
    if (!is_row || !state.given.insert(state.row_key).second) continue;
    TURDB_ASSIGN_OR_RETURN(const bool seen, primary.Get(view, base::AsBytes(state.row_key), [&](base::Bytes row) {
      const btree::OneEntry entry(base::AsBytes(state.row_key), row);
      status = state.projection.ReadRows(entry.entries(), out, rows, &state.far);
    }));
    TURDB_RETURN_IF_ERROR(status);
    if (seen) ++rows;
  }
  out->set_size(rows);
  if (!state.far.empty()) TURDB_RETURN_IF_ERROR(state.projection.FetchRows(primary, state.far, out));
  return rows - first;
}

bool NearestRows::exhausted() const { return state_->exhausted; }

bool NearestRows::MayBeNearer(double distance) const { return state_->search->MayBeNearer(state_->farthest, distance); }

uint64_t NearestRows::nodes() const { return state_->index.node_count(); }
uint64_t NearestRows::ef_search() const { return state_->index.options().ef_search; }
uint64_t NearestRows::candidates() const { return state_->candidates; }
uint64_t NearestRows::distances() const { return state_->search == nullptr ? 0 : state_->search->statistics().distances; }

}  // namespace turdb::table
