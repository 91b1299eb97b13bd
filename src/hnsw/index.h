// One vector index in one `.hnsw` file: a neighbour graph of codes in pages, and a tree from row keys to nodes that is
// versioned like any index. README.md has the protocol, FORMAT.md the bytes.
//
// The graph is not transactional: it may lead to nodes of rows that nobody sees. So a search gives candidates, nearest
// first by their codes, and the caller fetches each row under its snapshot, computes the exact distance of that version,
// drops keys that come twice, and asks for more until it has what it needs.
#ifndef TURDB_HNSW_INDEX_H_
#define TURDB_HNSW_INDEX_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "btree/bulk_builder.h"
#include "btree/tree.h"
#include "compute/distance_kernels.h"
#include "hnsw/beam.h"
#include "hnsw/format.h"
#include "hnsw/page_hints.h"
#include "storage/parking_lock.h"
#include "storage/storage.h"
#include "txn/transaction.h"
#include "txn/undo_target.h"

namespace turdb::hnsw {

struct IndexOptions {
  uint32_t dimension = 0;
  Metric metric = Metric::kL2;
  uint16_t links = 16;       // M: of a new node
  uint16_t max_degree = 32;  // M0: of any node
  uint16_t ef_construction = 128;
  uint16_t ef_search = 64;
  bool wide_keys = false;  // row keys are bytes, not int64
};

// Refuses (22023, 0A000) what no index can be.
Status CheckOptions(const IndexOptions& options);

// A node that may be near.
struct Found {
  int64_t row_key = 0;  // where row keys are int64
  Place place = kNoPlace;
  // Between codes: the square of the distance where the metric is L2, twice it where it is cosine, less the product where it is
  // inner product.
  float distance = 0;
};

enum class InsertResult : uint8_t {
  kInserted,
  kDuplicate,   // the transaction sees a node of the key
  kNotIndexed,  // no search can compare the vector: it is not in the index (Index::CanIndex)
};

// What a search has cost so far.
struct SearchStatistics {
  uint64_t nodes_expanded = 0;
  uint64_t distances = 0;
};

struct IndexCheckReport : storage::CheckReport {
  uint64_t nodes = 0;  // of the base layer, tombstones included
  uint64_t tombstones = 0;
  uint64_t upper_nodes = 0;
  uint64_t links = 0;
  uint64_t unreachable = 0;  // from the entry point; not a fault, but a loss of recall
  uint64_t keys = 0;         // of the tree, as committed
};

class Index;

// The vector that neighbours are looked for, as the index compares it. Not thread-safe.
struct QueryCode {
  enum class Score : uint8_t {
    kSquare,     // |a - b|^2
    kProduct,    // -a.b
    kAugmented,  // |a - b|^2 once both are as long as the longest, by a coordinate of their own: how graphs of products are
                 // built
  };
  compute::Sq8Terms terms{};
  std::vector<int8_t> code;
  Score score = Score::kSquare;
  float added = 0;  // kAugmented: the coordinate
};

// Nodes that are scored together: their lines are asked for while others are still being found, and one call of a kernel reads
// them all. Not thread-safe.
class Batch {
 private:
  friend class Index;
  void Clear();
  size_t count_ = 0;
  std::array<Place, kMaxLinks> places_;
  std::array<const std::byte*, kMaxLinks> records_;
  std::array<const uint8_t*, kMaxLinks> codes_;
  std::array<int32_t, kMaxLinks> dots_;
  std::array<storage::OptimisticGuard, kMaxLinks> guards_;
  std::vector<Place> others_;  // whose pages have no hint, or changed meanwhile: one after the other
};

// Candidates of one search, nearest first within what was explored. Holds no latch between calls; the index must outlive
// it. Not thread-safe.
class Search {
 public:
  // From the beginning, for another query, as Index::StartSearch: what it needs for itself is there already.
  Status StartAgain(std::span<const float> query, size_t ef = 0);
  // Appends up to `most` candidates that were not given before. False: there are none any more.
  StatusOr<bool> Next(size_t most, std::vector<Found>* out);
  const SearchStatistics& statistics() const { return statistics_; }
  // Whether a node that is `farther` than this between codes may yet be nearer than the exact distance `exact`: codes are off
  // by up to half a step an element. What has been given out so far says how large steps are.
  bool MayBeNearer(float farther, double exact) const;

 private:
  friend class Index;
  explicit Search(Index& index) : index_(index) {}
  Index& index_;
  std::vector<float> prepared_;
  std::vector<uint8_t> code_;
  std::vector<Place> starts_;
  QueryCode query_;
  Visited visited_;
  Beam beam_;
  Batch batch_;
  SearchStatistics statistics_;
  float query_scale_ = 0;  // of its code
  float most_scale_ = 0;   // of the nodes that were given out
  float most_square_norm_ = 0;
  bool started_ = false;
};

// Thread-safe: any number of searches beside one another and beside changes; so do changes, which take turns only where they
// write records. A Transaction belongs to one thread at a time.
class Index : public txn::UndoTarget {
 public:
  // Makes the file (its final name appears when the transaction commits) without nodes.
  static Status Create(storage::Storage& storage, storage::TxnLog& log, base::FileId file, base::FileId table,
                       std::string_view path, const IndexOptions& options);
  static StatusOr<std::unique_ptr<Index>> Open(storage::Storage& storage, txn::TransactionManager& transactions,
                                               base::FileId file);
  // By the magic of page 0.
  static StatusOr<bool> IsIndexFile(storage::Storage& storage, base::FileId file);
  // Before storage is opened: how records of this room are redone. The tree's are the tree's.
  static void RegisterRedo(storage::RedoTable* redo);

  // ---- Changes. A row key is btree::EncodeInt64Key's 8 bytes, or, in an index of wide keys, any.
  // Whether the metric can compare the vector: not with NaN or infinity, nor a zero vector by its direction.
  bool CanIndex(std::span<const float> vector) const;
  // The row has this vector now. Waits for other writers of the key as Tree::Insert does.
  StatusOr<InsertResult> Insert(txn::Transaction& transaction, Bytes row_key, std::span<const float> vector);
  // False: the transaction sees no node of the key. The node leads on until nobody can see the row, and becomes a tombstone
  // then.
  StatusOr<bool> Remove(txn::Transaction& transaction, Bytes row_key);

  // ---- Building: rows in the order of their keys, without versions and without undo. REQUIRES: as btree::BulkBuilder.
  class Builder;

  // ---- Searches
  // `ef`: how many candidates are kept in view; 0: as the index says. 22000: the index cannot compare the vector.
  StatusOr<std::unique_ptr<Search>> StartSearch(std::span<const float> query, size_t ef = 0);
  // The key of a candidate's row. False: no row that the view sees has the node.
  StatusOr<bool> RowKey(const txn::View& view, const Found& found, std::string* row_key) const;

  // Whether the view finds the row's key and, at its node, the code of this vector.
  StatusOr<bool> HasRow(const txn::View& view, Bytes row_key, std::span<const float> vector);

  // Reads every page and adds what is wrong to report->problems. REQUIRES: no change runs meanwhile.
  Status Check(IndexCheckReport* report);

  // Whether more than a quarter of the nodes belong to no row that the view finds: made anew, the index is that much smaller.
  StatusOr<bool> IsWorthRebuilding(const txn::View& view) const;

  // How many row keys the view finds.
  StatusOr<uint64_t> CountKeys(const txn::View& view) const;

  // txn::UndoTarget: of the tree from keys to nodes. A node whose insertion is undone becomes a tombstone.
  Status Undo(storage::TxnLog& log, base::Lsn undo_next, base::PageId page, uint8_t op, Bytes payload) override;
  // txn: see Tree::PurgeQuietPage.
  Status PurgeQuietPage(PageNo page) { return keys_->PurgeQuietPage(page); }

  base::FileId file() const { return file_; }
  const IndexOptions& options() const { return options_; }
  const Layout& layout() const { return layout_; }
  uint64_t node_count() const { return node_count_.load(std::memory_order_relaxed); }  // an estimate, tombstones included
  btree::Tree& keys() const { return *keys_; }

 private:
  friend class Search;
  // The two layers: what their pages are called, and where their last page with room is.
  struct Layer {
    storage::PageKind kind;
    PageNo tail = base::kNoPage;
  };
  struct Workspace;
  class WorkspaceLease;

  Index(storage::Storage& storage, base::FileId file);
  Status ReadHeader();
  Status Damaged(Place place, std::string_view what) const;

  // ---- Vectors and distances (search.cc)
  Status Admit(std::span<const float> vector, std::vector<float>* prepared) const;
  // `coded`: the terms that go with `code`.
  void Encode(std::span<const float> prepared, std::vector<uint8_t>* code, compute::Sq8Terms* coded, QueryCode* query) const;
  float Score(const QueryCode& query, const std::byte* record) const;
  float ScoreOfDot(const QueryCode& query, const compute::Sq8Terms& terms, int32_t dot) const;
  void PrepareForBuilding(QueryCode* query) const;
  float AddedCoordinate(float square_norm) const;

  // ---- Reading. `read` sees the record's bytes, perhaps more than once, perhaps torn; what it made of them counts when
  // OK is returned. Never a pin.
  Status ReadRecord(Place place, absl::FunctionRef<void(const std::byte* record)> read);
  void AddToBatch(Place place, Batch* batch);
  void PrefetchScored(Place place) const;
  void PrefetchRecord(Place place) const;
  void PrefetchLinks(Place place) const;
  StatusOr<storage::OptimisticGuard> FixPage(PageNo page);

  // ---- Searching a layer
  Status AddStarts(const QueryCode& query, std::span<const Place> starts, Visited* visited, Beam* beam, Batch* batch,
                   SearchStatistics* statistics);
  Status ScoreBatch(const QueryCode& query, Batch* batch, Beam* beam);
  Status AddScored(const QueryCode& query, Place place, Beam* beam);
  Status Explore(const QueryCode& query, Visited* visited, Beam* beam, Batch* batch, SearchStatistics* statistics);
  Status FindStarts(const QueryCode& query, Visited* visited, Beam* beam, Batch* batch, SearchStatistics* statistics,
                    std::vector<Place>* starts);

  // ---- Changing the graph (graph.cc). What writes a record REQUIRES graph_lock_ to be held; linking holds no lock.
  StatusOr<Place> WriteNode(const compute::Sq8Terms& terms, int64_t row_key, std::span<const uint8_t> code);
  Status NoteNorm(float square_norm);
  StatusOr<Place> WriteRecord(Layer& layer, const compute::Sq8Terms& terms, int64_t row_key, std::span<const uint8_t> code);
  StatusOr<Place> WriteIntoNewPage(Layer& layer, Bytes record);
  Status FindTail(Layer& layer);
  Status Link(Place place, const compute::Sq8Terms& terms, std::span<const uint8_t> code, const QueryCode& query);
  bool StartsAreNear(const Workspace& workspace) const;
  Status LinkInLayer(Place place, const QueryCode& query, size_t most_links, Workspace& workspace);
  Status WriteLinks(Place place, std::span<const Place> selected);
  bool HasList(const std::byte* record, const std::byte* copy) const;
  StatusOr<bool> LinkDuplicate(Place place, Place nearest, Workspace& workspace);
  Status SelectLinks(Workspace& workspace, size_t most, std::vector<Place>* selected);
  StatusOr<size_t> NeededLeast(Place link, bool exactly, Workspace& workspace);
  Status AddLink(Place target, Place link, size_t most_links, Workspace& workspace);
  Status CopyRecord(Place place, std::byte* to);
  Status WriteBytes(storage::ExclusiveGuard& page, std::span<const storage::LogEntry> entries);
  Status SetFlags(Place place, uint8_t flags);
  Status WriteHeaderField(size_t offset, Bytes value);
  Status SetEntryPoint(Place place);
  void QueryOf(const std::byte* record, QueryCode* query) const;

  // Constant after Open.
  storage::Storage& storage_;
  storage::BufferPool& pool_;
  const base::FileId file_;
  IndexOptions options_;
  Layout layout_;
  const compute::DistanceKernels* kernels_ = nullptr;
  std::unique_ptr<btree::Tree> keys_;  // row key -> u32 place; wide keys: with the way back (FORMAT.md)

  // Synchronise themselves.
  PageHints hints_;
  std::atomic<Place> entry_point_{kNoPlace};  // of the upper layer
  std::atomic<uint64_t> node_count_{0};
  std::atomic<float> most_square_norm_{0};  // of inner product: the square of the longest vector's length

  storage::ParkingLock graph_lock_{
      storage::LockRank::kVectorGraph};  // new records and the header; no row lock is waited for while it is held
  Layer base_{storage::PageKind::kHnswGraph};
  Layer upper_{storage::PageKind::kHnswCodes};
  std::vector<std::byte> record_;  // that is written

  std::mutex workspaces_mu_;
  std::vector<std::unique_ptr<Workspace>> workspaces_;  // that nobody uses

 public:
  ~Index() override;
};

// Used by one thread; others that it starts link the nodes.
class Index::Builder {
 public:
  // `threads`: that link, the calling one among them. With several, the graph differs a little from one time to the next.
  explicit Builder(Index& index, size_t threads = 1);
  ~Builder();
  // REQUIRES: a key greater than all before.
  StatusOr<InsertResult> Add(Bytes row_key, std::span<const float> vector);
  Status Finish();

 private:
  struct Node;
  struct Crew;
  Status Link(Node& node);
  Status StartCrew();
  Status HandToCrew(Node node);

  Index& index_;
  const size_t threads_;
  btree::BulkBuilder keys_;
  std::vector<std::pair<Place, std::string>> wide_;  // the way back, where keys are wide
  uint64_t added_ = 0;
  std::unique_ptr<Crew> crew_;
};

}  // namespace turdb::hnsw

#endif  // TURDB_HNSW_INDEX_H_
