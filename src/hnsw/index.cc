#include "hnsw/index.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "btree/cursor.h"
#include "btree/node_ops.h"
#include "compute/distance.h"
#include "hnsw/workspace.h"
#include "storage/file_header.h"

namespace turdb::hnsw {

using btree::Tree;
using storage::HnswHeader;

static_assert(offsetof(HnswHeader, reserved) == header::kMetric);
static_assert(header::kCentre + 4 == offsetof(HnswHeader, shared));

namespace {

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
  if (options.ef_construction < options.links || options.ef_search < 1) {
    return bad("ef_construction may not be below m, nor ef_search below 1");
  }
  if (options.metric != Metric::kL2 && options.metric != Metric::kCosine) {
    return base::UnsupportedError("a vector index on this metric: L2 and cosine are there so far");
  }
  return absl::OkStatus();
}

}  // namespace

Index::Index(storage::Storage& storage, base::FileId file)
    : storage_(storage), pool_(storage.pool()), file_(file), workspace_(std::make_unique<Workspace>()) {}
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
  TURDB_RETURN_IF_ERROR(storage.CreateFile(log, file, path, bytes));
  TURDB_ASSIGN_OR_RETURN(const PageNo root, Tree::CreateIn(storage, file, btree::KeyKind::kInt64));
  TURDB_CHECK_EQ(root, Tree::kRootPage);
  return absl::OkStatus();
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
  if (Status status = CheckOptions(options_); !status.ok() || page[header::kCode] != static_cast<std::byte>(Code::kSq8)) {
    return base::CorruptionError(absl::StrCat("vector index, file ", file_, ": its header makes no sense: ", status.message()));
  }
  layout_ = Layout::Of(options_.dimension, options_.max_degree);
  if (page[header::kShift] != static_cast<std::byte>(layout_.shift)) {
    return base::CorruptionError(absl::StrCat("vector index, file ", file_, ": its header has another shift than its records"));
  }
  entry_point_.store(fields.entry_point, std::memory_order_relaxed);
  node_count_.store(fields.node_count, std::memory_order_relaxed);
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

StatusOr<bool> Index::Insert(txn::Transaction& transaction, int64_t row_key, std::span<const float> vector) {
  std::vector<float> prepared;
  TURDB_RETURN_IF_ERROR(Admit(vector, &prepared));
  std::vector<uint8_t> code(prepared.size());
  const compute::Sq8Terms terms = compute::Sq8Encode(prepared.data(), prepared.size(), code.data());
  QueryCode query;
  query.code.resize(code.size());
  query.terms = compute::Sq8Query(code.data(), code.size(), terms, query.code.data());

  TURDB_RETURN_IF_ERROR(transaction.PrepareWrite());
  Place place = kNoPlace;
  {
    const std::lock_guard<std::mutex> lock(graph_mu_);
    TURDB_ASSIGN_OR_RETURN(place, WriteRecord(base_, terms, row_key, code));
    node_count_.fetch_add(1, std::memory_order_relaxed);
  }
  // The key may have to wait for another transaction; nothing leads to the node until it has its key.
  std::byte key[8];
  std::byte value[4];
  btree::EncodeInt64Key(row_key, key);
  base::StoreLE(value, place);
  StatusOr<Tree::InsertResult> inserted = keys_->Insert(transaction, key, value);
  if (!inserted.ok() || *inserted == Tree::InsertResult::kDuplicate) {
    SetFlags(place, kUsed | kTombstone).IgnoreError();  // unlinked: only a slot that VACUUM finds
    TURDB_RETURN_IF_ERROR(inserted.status());
    return false;
  }
  TURDB_RETURN_IF_ERROR(storage_.PrepareChange(transaction.log));
  const std::lock_guard<std::mutex> lock(graph_mu_);
  TURDB_RETURN_IF_ERROR(Link(place, terms, code, query));
  return true;
}

StatusOr<bool> Index::Remove(txn::Transaction& transaction, int64_t row_key) {
  std::byte key[8];
  btree::EncodeInt64Key(row_key, key);
  Place place = kNoPlace;
  TURDB_ASSIGN_OR_RETURN(const bool deleted, keys_->Delete(transaction, key, [&](Bytes value) {
    if (value.size() == sizeof(Place)) place = base::LoadLE<uint32_t>(value.data());
  }));
  if (!deleted) return false;
  if (layout_.PageOf(place) == base::kNoPage) return Damaged(place, "a key without a node");
  transaction.DeferUntilUnneeded([this, place] { return SetFlags(place, kUsed | kTombstone); });
  return true;
}

Status Index::Undo(storage::TxnLog& log, base::Lsn undo_next, base::PageId page, uint8_t op, Bytes payload) {
  TURDB_RETURN_IF_ERROR(keys_->Undo(log, undo_next, page, op, payload));
  btree::EntryPayload entry;
  const auto node_op = static_cast<btree::NodeOp>(op);
  if (node_op != btree::NodeOp::kInsert || !btree::DecodeEntryPayload(node_op, payload, &entry) ||
      entry.value.size() != sizeof(Place)) {
    return absl::OkStatus();
  }
  // If it cannot be marked now, its node leads to a row that nobody sees: only a poor candidate.
  SetFlags(base::LoadLE<uint32_t>(entry.value.data()), kUsed | kTombstone).IgnoreError();
  return absl::OkStatus();
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
        const int64_t row_key = btree::DecodeInt64Key(entries.key(i, buffer).data());
        const Node* node =
            entries.value(i).size() == sizeof(Place) ? find(base::LoadLE<uint32_t>(entries.value(i).data())) : nullptr;
        ++report->keys;
        if (node == nullptr || node->row_key != row_key || node->upper || (node->flags & kTombstone) != 0) {
          report->Add(absl::StrCat("vector index, file ", file_, ": the key ", row_key, " has no node of its own"));
        }
      }
    }));
    if (!more) return absl::OkStatus();
  }
}

}  // namespace turdb::hnsw
