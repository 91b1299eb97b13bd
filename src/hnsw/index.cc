#include "hnsw/index.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "btree/cursor.h"
#include "compute/distance.h"
#include "hnsw/tree_key.h"
#include "hnsw/workspace.h"
#include "storage/file_header.h"

namespace turdb::hnsw {

using btree::Tree;
using storage::HnswHeader;

static_assert(offsetof(HnswHeader, reserved) == header::kMetric);
static_assert(header::kCentre + 4 == offsetof(HnswHeader, shared));

Status CheckOptions(const IndexOptions& options) {
  const auto bad = [](std::string_view why) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22023"}, why);
  };
  if (options.dimension < 1 || options.dimension > kMaxDimension) {
    return bad(absl::StrCat("a vector index of ", options.dimension, " dimensions: it may have 1 to ", kMaxDimension));
  }
  if (options.links < 2 || options.max_degree < options.links || options.max_degree > kMaxLinks) {
    return bad(absl::StrCat("m = ", options.links, ", m0 = ", options.max_degree, ": wanted is 2 <= m <= m0 <= ", kMaxLinks));
  }
  if (!Layout::Fits(options.dimension, options.max_degree)) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"54000"},
                           absl::StrCat("a vector of ", options.dimension, " dimensions and ", options.max_degree,
                                        " links (m0) does not fit a page of the index"));
  }
  if (options.ef_construction < options.links || options.ef_search < 1) {
    return bad("ef_construction may not be below m, nor ef_search below 1");
  }
  if (options.metric != Metric::kL2 && options.metric != Metric::kCosine && options.metric != Metric::kInnerProduct) {
    return base::UnsupportedError("a vector index on this metric: there are those of L2, cosine and inner product");
  }
  return absl::OkStatus();
}

Index::Index(storage::Storage& storage, base::FileId file) : storage_(storage), pool_(storage.pool()), file_(file) {}
Index::~Index() = default;

void Index::RegisterRedo(storage::RedoTable* redo) {
  redo->by_op[static_cast<size_t>(PageOp::kWrite)] = &ApplyPageOp;
  redo->by_op[static_cast<size_t>(PageOp::kLink)] = &ApplyPageOp;
}

Status Index::Create(storage::Storage& storage, storage::TxnLog& log, base::FileId file, base::FileId table,
                     std::string_view path, const IndexOptions& options) {
  TURDB_RETURN_IF_ERROR(CheckOptions(options));
  HnswHeader fields{};
  fields.index_id = file;
  fields.table_id = table;
  fields.dimension = options.dimension;
  fields.m = options.links;
  fields.ef_construction = options.ef_construction;
  std::array<std::byte, storage::kFileHeaderBytes> bytes;
  std::memcpy(bytes.data(), &fields, sizeof(fields));
  storage::SetMagic(bytes.data(), storage::kHnswMagic);
  bytes[header::kMetric] = static_cast<std::byte>(options.metric);
  bytes[header::kCode] = static_cast<std::byte>(Code::kSq8);
  base::StoreLE(bytes.data() + header::kMaxDegree, options.max_degree);
  base::StoreLE(bytes.data() + header::kEfSearch, options.ef_search);
  bytes[header::kShift] = static_cast<std::byte>(Layout::Of(options.dimension, options.max_degree).shift);
  base::StoreLE<uint32_t>(bytes.data() + header::kKeyTreeRoot, Tree::kRootPage);
  if (options.wide_keys) base::StoreLE<uint32_t>(bytes.data() + header::kNodeKeyRoot, Tree::kRootPage);
  TURDB_RETURN_IF_ERROR(storage.CreateFile(log, file, path, bytes));
  TURDB_ASSIGN_OR_RETURN(const PageNo root,
                         Tree::CreateIn(storage, file, options.wide_keys ? btree::KeyKind::kBytes : btree::KeyKind::kInt64));
  TURDB_CHECK_EQ(root, Tree::kRootPage);
  return absl::OkStatus();
}

StatusOr<bool> Index::IsIndexFile(storage::Storage& storage, base::FileId file) {
  TURDB_ASSIGN_OR_RETURN(const storage::SharedGuard header, storage.pool().FixShared({file, 0}));
  TURDB_ASSIGN_OR_RETURN(const storage::FileKind kind, storage::KindOfFile({header.page(), storage::kFileHeaderBytes}));
  return kind == storage::FileKind::kHnsw;
}

Status Index::ReadHeader() {
  TURDB_ASSIGN_OR_RETURN(const storage::SharedGuard guard, pool_.FixShared({file_, 0}));
  const std::byte* const page = guard.page();
  HnswHeader fields;
  std::memcpy(&fields, page, sizeof(fields));
  options_.dimension = fields.dimension;
  options_.links = static_cast<uint16_t>(fields.m);
  options_.ef_construction = static_cast<uint16_t>(fields.ef_construction);
  options_.metric = static_cast<Metric>(page[header::kMetric]);
  options_.max_degree = base::LoadLE<uint16_t>(page + header::kMaxDegree);
  options_.ef_search = base::LoadLE<uint16_t>(page + header::kEfSearch);
  options_.wide_keys = base::LoadLE<uint32_t>(page + header::kNodeKeyRoot) != 0;
  if (Status status = CheckOptions(options_); !status.ok() || page[header::kCode] != static_cast<std::byte>(Code::kSq8)) {
    return base::CorruptionError(absl::StrCat("vector index, file ", file_, ": its header makes no sense: ", status.message()));
  }
  layout_ = Layout::Of(options_.dimension, options_.max_degree);
  if (page[header::kShift] != static_cast<std::byte>(layout_.shift)) {
    return base::CorruptionError(absl::StrCat("vector index, file ", file_, ": its header has another shift than its records"));
  }
  entry_point_.store(fields.entry_point, std::memory_order_relaxed);
  node_count_.store(fields.node_count, std::memory_order_relaxed);
  float most = 0;
  std::memcpy(&most, page + header::kMostSquareNorm, sizeof(most));
  most_square_norm_.store(most, std::memory_order_relaxed);
  return absl::OkStatus();
}

StatusOr<std::unique_ptr<Index>> Index::Open(storage::Storage& storage, txn::TransactionManager& transactions,
                                             base::FileId file) {
  std::unique_ptr<Index> index(new Index(storage, file));
  index->kernels_ = &compute::BestDistanceKernels();
  TURDB_RETURN_IF_ERROR(index->ReadHeader());
  TURDB_ASSIGN_OR_RETURN(index->keys_, Tree::Open(storage, transactions, file, Tree::kRootPage));
  return index;
}

// ---- Changes

bool Index::CanIndex(std::span<const float> vector) const {
  std::vector<float> prepared;
  return Admit(vector, &prepared).ok();
}

StatusOr<Place> Index::WriteNode(const compute::Sq8Terms& terms, int64_t row_key, std::span<const uint8_t> code) {
  if (options_.metric == Metric::kInnerProduct) TURDB_RETURN_IF_ERROR(NoteNorm(terms.square_norm));
  TURDB_ASSIGN_OR_RETURN(const Place place, WriteRecord(base_, terms, row_key, code));
  node_count_.fetch_add(1, std::memory_order_relaxed);
  return place;
}

StatusOr<InsertResult> Index::Insert(txn::Transaction& transaction, Bytes row_key, std::span<const float> vector) {
  std::vector<float> prepared;
  if (!Admit(vector, &prepared).ok()) return InsertResult::kNotIndexed;
  std::vector<uint8_t> code;
  compute::Sq8Terms terms;
  QueryCode query;
  Encode(prepared, &code, &terms, &query);
  const int64_t number = options_.wide_keys ? 0 : btree::DecodeInt64Key(row_key.data());

  TURDB_RETURN_IF_ERROR(transaction.PrepareWrite());
  Place place = kNoPlace;
  {
    const storage::ParkingGuard lock(graph_lock_, *storage_.environment().scheduler);
    TURDB_ASSIGN_OR_RETURN(place, WriteNode(terms, number, code));
  }
  // The key may have to wait for another transaction; nothing leads to the node until it has its key.
  std::byte value[4];
  base::StoreLE(value, place);
  StatusOr<Tree::InsertResult> inserted = keys_->Insert(transaction, TreeKey(options_, row_key).bytes(), value);
  if (inserted.ok() && *inserted == Tree::InsertResult::kInserted && options_.wide_keys) {
    inserted = keys_->Insert(transaction, TreeKey(place).bytes(), row_key);
  }
  if (!inserted.ok() || *inserted == Tree::InsertResult::kDuplicate) {
    SetFlags(place, kUsed | kTombstone).IgnoreError();  // unlinked: only a slot that VACUUM finds
    TURDB_RETURN_IF_ERROR(inserted.status());
    return InsertResult::kDuplicate;
  }
  TURDB_RETURN_IF_ERROR(storage_.PrepareChange(transaction.log));
  PrepareForBuilding(&query);
  TURDB_RETURN_IF_ERROR(Link(place, terms, code, query));
  return InsertResult::kInserted;
}

StatusOr<bool> Index::Remove(txn::Transaction& transaction, Bytes row_key) {
  Place place = kNoPlace;
  TURDB_ASSIGN_OR_RETURN(const bool deleted, keys_->Delete(transaction, TreeKey(options_, row_key).bytes(), [&](Bytes value) {
    if (value.size() == sizeof(Place)) place = base::LoadLE<uint32_t>(value.data());
  }));
  if (!deleted) return false;
  if (layout_.PageOf(place) == base::kNoPage) return Damaged(place, "a key without a node");
  if (options_.wide_keys) TURDB_RETURN_IF_ERROR(keys_->Delete(transaction, TreeKey(place).bytes(), [](Bytes) {}).status());
  // The file may be dropped while this waits for its turn (REINDEX, VACUUM, DROP), and the index be gone.
  transaction.DeferUntilUnneeded([this, &storage = storage_, file = file_, place]() -> Status {
    const storage::FilePin pin = storage.PinFile(file);
    return pin ? SetFlags(place, kUsed | kTombstone) : absl::OkStatus();
  });
  return true;
}

Status Index::Undo(storage::TxnLog& log, base::Lsn undo_next, base::PageId page, uint8_t op, Bytes payload) {
  Place place = kNoPlace;
  TURDB_RETURN_IF_ERROR(keys_->Undo(log, undo_next, page, op, payload,
                                    [&](Bytes key, Bytes value) { place = PlaceOfEntry(options_, key, value); }));
  // If it cannot be marked now, its node leads to a row that nobody sees: only a poor candidate.
  if (layout_.PageOf(place) != base::kNoPage) SetFlags(place, kUsed | kTombstone).IgnoreError();
  return absl::OkStatus();
}

// ---- From nodes to rows

StatusOr<bool> Index::RowKey(const txn::View& view, const Found& found, std::string* row_key) const {
  if (!options_.wide_keys) {
    row_key->resize(8);
    btree::EncodeInt64Key(found.row_key, reinterpret_cast<std::byte*>(row_key->data()));
    return true;
  }
  return keys_->Get(view, TreeKey(found.place).bytes(), [&](Bytes value) { row_key->assign(base::AsText(value)); });
}

StatusOr<bool> Index::HasRow(const txn::View& view, Bytes row_key, std::span<const float> vector) {
  std::vector<float> prepared;
  TURDB_RETURN_IF_ERROR(Admit(vector, &prepared));
  std::vector<uint8_t> code;
  compute::Sq8Terms terms;
  QueryCode query;
  Encode(prepared, &code, &terms, &query);
  Place place = kNoPlace;
  const TreeKey key(options_, row_key);
  TURDB_ASSIGN_OR_RETURN(const bool found, keys_->Get(view, key.bytes(), [&](Bytes value) {
    place = PlaceOfEntry(options_, key.bytes(), value);
  }));
  if (!found || layout_.PageOf(place) == base::kNoPage) return false;
  bool same = false;
  TURDB_RETURN_IF_ERROR(ReadRecord(place, [&](const std::byte* record) {
    same = (FlagsOf(record) & (kUsed | kTombstone)) == kUsed && std::memcmp(CodeOf(record), code.data(), code.size()) == 0 &&
           (options_.wide_keys || RowKeyOf(record) == btree::DecodeInt64Key(row_key.data()));
  }));
  return same;
}

StatusOr<bool> Index::IsWorthRebuilding(const txn::View& view) const {
  const uint64_t nodes = node_count();
  if (nodes <= layout_.slots) return false;  // one page
  TURDB_ASSIGN_OR_RETURN(const uint64_t keys, CountKeys(view));
  return keys < nodes - nodes / 4;
}

StatusOr<uint64_t> Index::CountKeys(const txn::View& view) const {
  uint64_t count = 0;
  btree::Cursor cursor(*keys_, {}, {});
  for (;;) {
    TURDB_ASSIGN_OR_RETURN(const bool more, cursor.Next(view, 1000, [&](const btree::Entries& entries) {
      std::byte buffer[base::kMaxKeyBytes];
      for (size_t i = 0; i < entries.count; ++i) {
        if (!options_.wide_keys || entries.key(i, buffer)[0] == kKeyTag) ++count;
      }
    }));
    if (!more) return count;
  }
}

// ---- Check

Status Index::Check(IndexCheckReport* report) {
  TURDB_RETURN_IF_ERROR(storage_.CheckFile(file_, report));
  TURDB_ASSIGN_OR_RETURN(const PageNo pages, storage_.PageCount(file_));
  const auto at = [&](Place place) {
    return absl::StrCat("vector index, file ", file_, ", page ", layout_.PageOf(place), ", slot ", layout_.SlotOf(place));
  };
  struct Node {
    Place place;
    bool upper;
    bool reached = false;
    std::vector<Place> links;
    int64_t row_key;
    uint8_t flags;
  };
  std::vector<Node> nodes;  // by place
  for (PageNo page = 1; page < pages; ++page) {
    TURDB_ASSIGN_OR_RETURN(const storage::SharedGuard guard, pool_.FixShared({file_, page}));
    const auto kind = static_cast<storage::PageKind>(guard.page()[offsetof(storage::PageHeader, kind)]);
    if (!storage::NeedsNoImage(kind)) continue;
    size_t used = 0;
    for (size_t slot = 0; slot < layout_.slots; ++slot) {
      const Place place = layout_.PlaceOf(page, slot);
      const std::byte* record = guard.page() + layout_.RecordAt(slot);
      if (const char* fault = FaultOfRecord(layout_, record); fault != nullptr) {
        report->Add(absl::StrCat(at(place), ": ", fault));
        continue;
      }
      if ((FlagsOf(record) & kUsed) == 0) continue;
      ++used;
      Node node{place, kind == storage::PageKind::kHnswCodes, false, {}, RowKeyOf(record), FlagsOf(record)};
      for (size_t i = 0; i < DegreeOf(record); ++i) node.links.push_back(LinkOf(layout_, record, i));
      nodes.push_back(std::move(node));
    }
    if (base::LoadLE<uint16_t>(guard.page() + offsetof(storage::PageHeader, cell_count)) != used) {
      report->Add(
          absl::StrCat("vector index, file ", file_, ", page ", page, ": ", used, " nodes, but its header says otherwise"));
    }
  }
  const auto find = [&](Place place) -> Node* {
    const auto found =
        std::lower_bound(nodes.begin(), nodes.end(), place, [](const Node& node, Place p) { return node.place < p; });
    return found == nodes.end() || found->place != place ? nullptr : &*found;
  };
  std::vector<Node*> reached;
  const auto reach = [&](Node* node) {
    if (node == nullptr || node->reached) return;
    node->reached = true;
    reached.push_back(node);
  };
  const Place entry = entry_point_.load(std::memory_order_relaxed);
  if (entry != kNoPlace) {
    if (find(entry) == nullptr || !find(entry)->upper) report->Add(absl::StrCat(at(entry), ": the entry point is no node"));
    reach(find(entry));
  }
  for (size_t i = 0; i < reached.size(); ++i) {
    Node* const node = reached[i];
    for (const Place link : node->links) reach(find(link));
    if (node->upper) reach(find(static_cast<Place>(node->row_key)));
  }
  for (Node& node : nodes) {
    report->upper_nodes += node.upper ? 1 : 0;
    report->nodes += node.upper ? 0 : 1;
    report->tombstones += !node.upper && (node.flags & kTombstone) != 0 ? 1 : 0;
    report->unreachable += !node.upper && !node.reached && (node.flags & kTombstone) == 0 ? 1 : 0;
    report->links += node.links.size();
    std::vector<Place> sorted = node.links;
    std::sort(sorted.begin(), sorted.end());
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
      report->Add(absl::StrCat(at(node.place), ": the same link twice"));
    for (const Place link : node.links) {
      const Node* to = find(link);
      if (to == nullptr) report->Add(absl::StrCat(at(node.place), ": a link to a free slot"));
      if (to != nullptr && to->upper != node.upper) report->Add(absl::StrCat(at(node.place), ": a link to the other layer"));
      if (link == node.place) report->Add(absl::StrCat(at(node.place), ": a link to itself"));
    }
    if (node.upper) {
      const Node* to = find(static_cast<Place>(node.row_key));
      if (to == nullptr || to->upper) report->Add(absl::StrCat(at(node.place), ": an upper node without a base node"));
    }
  }
  // Every key that is committed has its node.
  btree::Cursor cursor(*keys_, {}, {});
  const txn::View newest{txn::CommitState::kMaxTimestamp};
  for (;;) {
    TURDB_ASSIGN_OR_RETURN(const bool more, cursor.Next(newest, 1000, [&](const btree::Entries& entries) {
      for (size_t i = 0; i < entries.count; ++i) {
        std::byte buffer[base::kMaxKeyBytes];
        const Bytes key = entries.key(i, buffer);
        if (options_.wide_keys && key[0] != kKeyTag) continue;
        const Place place = PlaceOfEntry(options_, key, entries.value(i));
        const Node* node = layout_.PageOf(place) == base::kNoPage ? nullptr : find(place);
        ++report->keys;
        const bool right_key = node != nullptr && (options_.wide_keys || node->row_key == btree::DecodeInt64Key(key.data()));
        if (!right_key || node->upper || (node->flags & kTombstone) != 0) {
          report->Add(absl::StrCat("vector index, file ", file_, ": the key ",
                                   options_.wide_keys ? absl::CHexEscape(base::AsText(key.subspan(1)))
                                                      : absl::StrCat(btree::DecodeInt64Key(key.data())),
                                   " has no node of its own"));
        }
      }
    }));
    if (!more) return absl::OkStatus();
  }
}

}  // namespace turdb::hnsw
