// Changing the graph: records are written, linked, and their lists kept within bounds. Page latches only, one at a time:
// what a list should be is decided on copies, and the list is looked at again under the latch (ann.md, rule 8).
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "compute/sq8.h"
#include "hnsw/index.h"
#include "hnsw/workspace.h"
#include "storage/file_header.h"

namespace turdb::hnsw {

using storage::ExclusiveGuard;
using storage::LogEntry;

namespace {

constexpr int kUpperShare = 64;        // one node in so many is in the upper layer
constexpr size_t kCovered = 48;        // and every node that finds none among so many of its neighbours
constexpr int kLinkAttempts = 4;       // a list that others keep changing is left alone after so many
constexpr size_t kMostEqualCodes = 2;  // links of one list to equal codes, or duplicates form islands
constexpr size_t kCopiesAhead = 8;     // records asked for before they are copied
constexpr PageNo kTailSearch = 64;     // pages looked at from the end of the file for one with room

// Which nodes are in the upper layer: by their place, so that the same inserts make the same graph.
bool IsUpper(Place place) { return (place * uint64_t{0x9E3779B97F4A7C15} >> 40) % kUpperShare == 0; }

// kWrite entries whose offsets live as long as this object.
class Writes {
 public:
  void Add(base::PageId page, size_t at, Bytes bytes) {
    TURDB_CHECK(count_ < offsets_.size());
    base::StoreLE(offsets_[count_].data(), static_cast<uint16_t>(at));
    entries_.push_back({page, static_cast<uint8_t>(PageOp::kWrite), {Bytes(offsets_[count_]), bytes}});
    ++count_;
  }
  storage::LogEntries& entries() { return entries_; }

 private:
  std::array<std::array<std::byte, 2>, 4> offsets_;
  size_t count_ = 0;
  storage::LogEntries entries_;
};

// The same meaning as redo's: an entry's parts, put together, applied to the page.
void ApplyInMemory(std::byte* page, const LogEntry& entry) {
  const Bytes& head = entry.parts[0];
  if (entry.op == static_cast<uint8_t>(PageOp::kWrite)) {
    if (!entry.parts[1].empty())
      std::memcpy(page + base::LoadLE<uint16_t>(head.data()), entry.parts[1].data(), entry.parts[1].size());
  } else {
    TURDB_CHECK(ApplyPageOp(entry.op, entry.page, page, head).ok());
  }
}

size_t FreeSlot(const Layout& layout, const std::byte* page) {
  for (size_t slot = 0; slot < layout.slots; ++slot) {
    if ((FlagsOf(page + layout.RecordAt(slot)) & kUsed) == 0) return slot;
  }
  return layout.slots;
}

uint16_t CellCount(const std::byte* page) { return base::LoadLE<uint16_t>(page + offsetof(storage::PageHeader, cell_count)); }

}  // namespace

Status Index::WriteBytes(ExclusiveGuard& page, std::span<const LogEntry> entries) {
  ExclusiveGuard* const guards[] = {&page};
  storage_.BeginChange(guards);
  for (const LogEntry& entry : entries) ApplyInMemory(page.page(), entry);
  storage_.LogChange(storage::RecordKind::kStructure, nullptr, entries, guards);
  return absl::OkStatus();
}

// ---- Records

// After an opening: the last page of the layer near the end of the file, if there is one.
Status Index::FindTail(Layer& layer) {
  TURDB_ASSIGN_OR_RETURN(const PageNo count, storage_.PageCount(file_));
  for (PageNo page = count; page > 1 && count - page < kTailSearch; --page) {
    TURDB_ASSIGN_OR_RETURN(const storage::SharedGuard guard, pool_.FixShared({file_, page - 1}));
    if (static_cast<storage::PageKind>(guard.page()[offsetof(storage::PageHeader, kind)]) != layer.kind) continue;
    layer.tail = page - 1;
    return absl::OkStatus();
  }
  return absl::OkStatus();
}

StatusOr<Place> Index::WriteRecord(Layer& layer, const compute::Sq8Terms& terms, int64_t row_key,
                                   std::span<const uint8_t> code) {
  std::vector<std::byte>& record = record_;
  record.resize(kCodeAt + layout_.dimension);
  EncodeRecord(layout_, terms, row_key, code, record.data());
  const storage::FrameReservation frames = pool_.ReserveFrames(2);
  if (layer.tail == base::kNoPage) TURDB_RETURN_IF_ERROR(FindTail(layer));
  if (layer.tail != base::kNoPage) {
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard page, pool_.FixExclusive({file_, layer.tail}));
    const size_t slot = CellCount(page.page()) < layout_.slots ? FreeSlot(layout_, page.page()) : layout_.slots;
    if (slot < layout_.slots) {
      std::array<std::byte, 2> cells;
      base::StoreLE(cells.data(), static_cast<uint16_t>(CellCount(page.page()) + 1));
      Writes writes;
      writes.Add(page.id(), layout_.RecordAt(slot), record);
      writes.Add(page.id(), offsetof(storage::PageHeader, cell_count), cells);
      TURDB_RETURN_IF_ERROR(WriteBytes(page, writes.entries()));
      return layout_.PlaceOf(layer.tail, slot);
    }
  }
  return WriteIntoNewPage(layer, record);
}

StatusOr<Place> Index::WriteIntoNewPage(Layer& layer, Bytes record) {
  TURDB_ASSIGN_OR_RETURN(storage::PageAllocation pages, storage_.AllocatePages(file_, 1));
  const base::PageId id = pages.page(0).id();
  if (layout_.PageOf(layout_.PlaceOf(id.page, 0)) != id.page) {
    return base::LimitError(absl::StrCat("the vector index has as many pages as its nodes' numbers can name: ", id.page));
  }
  storage::Guards guards;
  pages.AppendGuards(&guards);
  storage_.BeginChange(guards);
  storage::LogEntries entries;
  pages.Apply(layer.kind, &entries);
  std::array<std::byte, 2> cells;
  base::StoreLE<uint16_t>(cells.data(), 1);
  Writes writes;
  writes.Add(id, layout_.RecordAt(0), record);
  writes.Add(id, offsetof(storage::PageHeader, cell_count), cells);
  for (const LogEntry& entry : writes.entries()) {
    ApplyInMemory(pages.page(0).page(), entry);
    entries.push_back(entry);
  }
  // The number of nodes is an estimate that is written here, where page 0 changes anyway.
  std::array<std::byte, 2> count_at;
  std::array<std::byte, 8> count;
  base::StoreLE(count_at.data(), static_cast<uint16_t>(offsetof(storage::HnswHeader, node_count)));
  base::StoreLE(count.data(), node_count_.load(std::memory_order_relaxed));
  std::memcpy(guards.back()->page() + offsetof(storage::HnswHeader, node_count), count.data(), count.size());
  entries.push_back({{file_, 0}, storage::op::kSplice, {Bytes(count_at), Bytes(count)}});
  storage_.LogChange(storage::RecordKind::kStructure, nullptr, entries, guards);
  layer.tail = id.page;
  return layout_.PlaceOf(id.page, 0);
}

Status Index::SetFlags(Place place, uint8_t flags) {
  // From the tree, which a damaged file may have anything in.
  if (layout_.SlotOf(place) >= layout_.slots) return Damaged(place, "a key with a node that is no place");
  TURDB_RETURN_IF_ERROR(storage_.PrepareChange(storage::TxnLog()));
  const storage::FrameReservation frames = pool_.ReserveFrames(1);
  TURDB_ASSIGN_OR_RETURN(ExclusiveGuard page, pool_.FixExclusive({file_, layout_.PageOf(place)}));
  const auto kind = static_cast<storage::PageKind>(page.page()[offsetof(storage::PageHeader, kind)]);
  if (!storage::NeedsNoImage(kind)) return Damaged(place, "not in a page of nodes");
  const size_t at = layout_.RecordAtPlace(place) + kFlagsAt;
  if (page.page()[at] == std::byte{flags} || page.page()[at] == std::byte{0}) return absl::OkStatus();
  const std::byte value[1] = {std::byte{flags}};
  Writes writes;
  writes.Add(page.id(), at, value);
  return WriteBytes(page, writes.entries());
}

Status Index::WriteHeaderField(size_t offset, Bytes value) {
  const storage::FrameReservation frames = pool_.ReserveFrames(1);
  TURDB_ASSIGN_OR_RETURN(ExclusiveGuard page0, pool_.FixExclusive({file_, 0}));
  std::array<std::byte, 2> at;
  base::StoreLE(at.data(), static_cast<uint16_t>(offset));
  ExclusiveGuard* const guards[] = {&page0};
  storage_.BeginChange(guards);
  std::memcpy(page0.page() + offset, value.data(), value.size());
  const LogEntry entry{page0.id(), storage::op::kSplice, {Bytes(at), value}};
  storage_.LogChange(storage::RecordKind::kStructure, nullptr, std::span(&entry, 1), guards);
  return absl::OkStatus();
}

Status Index::SetEntryPoint(Place place) {
  std::array<std::byte, 4> value;
  base::StoreLE(value.data(), place);
  TURDB_RETURN_IF_ERROR(WriteHeaderField(offsetof(storage::HnswHeader, entry_point), value));
  entry_point_.store(place, std::memory_order_release);
  return absl::OkStatus();
}

// A longer vector than all before changes what the links of others should have been, a little; never what a search finds.
Status Index::NoteNorm(float square_norm) {
  if (square_norm <= most_square_norm_.load(std::memory_order_relaxed)) return absl::OkStatus();
  TURDB_RETURN_IF_ERROR(WriteHeaderField(header::kMostSquareNorm, std::as_bytes(std::span(&square_norm, 1))));
  most_square_norm_.store(square_norm, std::memory_order_relaxed);
  return absl::OkStatus();
}

// ---- Links

Status Index::CopyRecord(Place place, std::byte* to) {
  return ReadRecord(place,
                    [&](const std::byte* record) { std::memcpy(to, record, layout_.links_at + 4 * layout_.max_degree); });
}

void Index::QueryOf(const std::byte* record, QueryCode* query) const {
  query->code.resize(layout_.dimension);
  query->terms = compute::Sq8Query(CodeOf(record), layout_.dimension, TermsOf(record), query->code.data());
  PrepareForBuilding(query);
}

// Memory for one change of the graph, from those that earlier ones left.
class Index::WorkspaceLease {
 public:
  explicit WorkspaceLease(Index& index) : index_(index) {
    const std::lock_guard<std::mutex> lock(index_.workspaces_mu_);
    index_.workspaces_.reserve(kMostWorkspaces);  // here, since the destructor may not fail
    if (index_.workspaces_.empty()) {
      workspace_ = std::make_unique<Workspace>();
    } else {
      workspace_ = std::move(index_.workspaces_.back());
      index_.workspaces_.pop_back();
    }
  }
  ~WorkspaceLease() {
    const std::lock_guard<std::mutex> lock(index_.workspaces_mu_);
    if (index_.workspaces_.size() < kMostWorkspaces) index_.workspaces_.push_back(std::move(workspace_));  // has the room
  }
  WorkspaceLease(const WorkspaceLease&) = delete;
  WorkspaceLease& operator=(const WorkspaceLease&) = delete;
  Workspace& operator*() const { return *workspace_; }

 private:
  static constexpr size_t kMostWorkspaces = 8;
  Index& index_;
  std::unique_ptr<Workspace> workspace_;
};

Status Index::Link(Place place, const compute::Sq8Terms& terms, std::span<const uint8_t> code, const QueryCode& query) {
  if (entry_point_.load(std::memory_order_acquire) == kNoPlace) {
    const storage::ParkingGuard lock(graph_lock_, *storage_.environment().scheduler);
    if (entry_point_.load(std::memory_order_relaxed) == kNoPlace) {
      TURDB_ASSIGN_OR_RETURN(const Place upper, WriteRecord(upper_, terms, static_cast<int64_t>(place), code));
      return SetEntryPoint(upper);
    }
  }
  const WorkspaceLease lease(*this);
  Workspace& workspace = *lease;
  TURDB_RETURN_IF_ERROR(
      FindStarts(query, &workspace.visited, &workspace.beam, &workspace.batch, &workspace.statistics, &workspace.starts));
  TURDB_RETURN_IF_ERROR(LinkInLayer(place, query, options_.max_degree, workspace));
  if (StartsAreNear(workspace) && !IsUpper(place)) return absl::OkStatus();
  Place upper = kNoPlace;
  {
    const storage::ParkingGuard lock(graph_lock_, *storage_.environment().scheduler);
    TURDB_ASSIGN_OR_RETURN(upper, WriteRecord(upper_, terms, static_cast<int64_t>(place), code));
  }
  workspace.starts.assign(1, entry_point_.load(std::memory_order_acquire));
  // Half the links of the base layer: a search looks at every link of what it comes past, and here it needs the way only.
  return LinkInLayer(upper, query, options_.links, workspace);
}

// Whether the upper layer led to a place near the node that was linked last. If not, the node goes up, too: a cluster that no
// link leads to from outside (whose members fill their lists, and whose old links outside have gone) is found from above alone.
bool Index::StartsAreNear(const Workspace& workspace) const {
  const std::vector<Candidate>& nearest = workspace.beam.candidates();
  return std::any_of(nearest.begin(), nearest.begin() + static_cast<ptrdiff_t>(std::min(kCovered, nearest.size())),
                     [&](const Candidate& candidate) {
                       return std::find(workspace.starts.begin(), workspace.starts.end(), candidate.place) !=
                              workspace.starts.end();
                     });
}

// From workspace.starts.
Status Index::LinkInLayer(Place place, const QueryCode& query, size_t most_links, Workspace& workspace) {
  workspace.visited.Begin(size_t{options_.ef_construction} * options_.max_degree / 4);
  workspace.beam.Begin(options_.ef_construction, /*keep_rest=*/false);
  workspace.visited.Insert(place);
  TURDB_RETURN_IF_ERROR(
      AddStarts(query, workspace.starts, &workspace.visited, &workspace.beam, &workspace.batch, &workspace.statistics));
  TURDB_RETURN_IF_ERROR(Explore(query, &workspace.visited, &workspace.beam, &workspace.batch, &workspace.statistics));
  workspace.candidates.clear();
  for (const Candidate& candidate : workspace.beam.candidates()) {
    if (!candidate.tombstone) workspace.candidates.push_back(candidate);
  }
  if (workspace.candidates.empty()) {  // only tombstones: better than no link
    workspace.candidates = workspace.beam.candidates();
  }
  if (!workspace.candidates.empty()) {
    // Equal codes that are linked at the same time do not see one another; there are few.
    TURDB_ASSIGN_OR_RETURN(const bool linked, LinkDuplicate(place, workspace.candidates[0].place, workspace));
    if (linked) return absl::OkStatus();
  }
  std::vector<Place> selected;
  TURDB_RETURN_IF_ERROR(SelectLinks(workspace, std::min<size_t>(options_.links, most_links), &selected));
  TURDB_RETURN_IF_ERROR(WriteLinks(place, selected));
  for (const Place neighbour : selected) TURDB_RETURN_IF_ERROR(AddLink(neighbour, place, most_links, workspace));
  return absl::OkStatus();
}

Status Index::WriteLinks(Place place, std::span<const Place> selected) {
  {
    const storage::FrameReservation frames = pool_.ReserveFrames(1);
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard page, pool_.FixExclusive({file_, layout_.PageOf(place)}));
    const size_t record_at = layout_.RecordAtPlace(place);
    const std::byte degree[1] = {static_cast<std::byte>(selected.size())};
    Writes writes;
    writes.Add(page.id(), record_at + layout_.links_at, std::as_bytes(std::span(selected)));
    writes.Add(page.id(), record_at + kDegreeAt, degree);
    TURDB_RETURN_IF_ERROR(WriteBytes(page, writes.entries()));
  }
  return absl::OkStatus();
}

// Whether nobody has changed the record's list and flags since they were copied.
bool Index::HasList(const std::byte* record, const std::byte* copy) const {
  return DegreeOf(record) == DegreeOf(copy) && FlagsOf(record) == FlagsOf(copy) &&
         std::memcmp(record + layout_.links_at, copy + layout_.links_at, size_t{4} * DegreeOf(copy)) == 0;
}

// A node whose code another has already does not compete for links, which would end with most of its kind unreachable: nodes of
// one code are a tree below the first of them, each leading to at most two later ones and, by its own list, to the one above
// and to what that one leads to. False: `nearest` has another code.
StatusOr<bool> Index::LinkDuplicate(Place place, Place nearest, Workspace& workspace) {
  const size_t record_bytes = layout_.links_at + size_t{4} * layout_.max_degree;
  const auto equal = [&](const std::byte* a, const std::byte* b) {
    return std::memcmp(a + kTermsAt, b + kTermsAt, sizeof(compute::Sq8Terms)) == 0 &&
           std::memcmp(CodeOf(a), CodeOf(b), layout_.dimension) == 0;
  };
  std::vector<std::byte>& copies = workspace.copies;
  copies.resize(3 * record_bytes);
  std::byte* const own = copies.data();
  std::byte* const above = own + record_bytes;
  std::byte* const other = above + record_bytes;
  TURDB_RETURN_IF_ERROR(CopyRecord(place, own));
  TURDB_RETURN_IF_ERROR(CopyRecord(nearest, above));
  if (!equal(own, above)) return false;
  uint64_t turns = place * uint64_t{0x9E3779B97F4A7C15};
  for (;;) {
    TURDB_RETURN_IF_ERROR(CopyRecord(nearest, above));
    const size_t degree = std::min<size_t>(DegreeOf(above), layout_.max_degree);
    std::array<Place, kMostEqualCodes> below{};
    size_t below_count = 0;
    size_t victim = degree;  // where the link goes: behind the others, or in place of the last one of another code
    std::vector<Place>& selected = workspace.selected;
    selected.assign(1, nearest);
    for (size_t i = 0; i < degree; ++i) {
      const Place link = LinkOf(layout_, above, i);
      TURDB_RETURN_IF_ERROR(CopyRecord(link, other));
      if (!equal(own, other)) {
        if (selected.size() < options_.links) selected.push_back(link);
        if (degree == layout_.max_degree) victim = i;
      } else if (link > nearest && below_count < below.size()) {
        below[below_count++] = link;
      }
    }
    if (below_count == below.size() || victim == layout_.max_degree) {
      if (below_count == 0) return false;
      nearest = below[(turns >>= 1) % below_count];
      continue;
    }
    TURDB_RETURN_IF_ERROR(WriteLinks(place, selected));
    const storage::FrameReservation frames = pool_.ReserveFrames(1);
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard page, pool_.FixExclusive({file_, layout_.PageOf(nearest)}));
    const size_t record_at = layout_.RecordAtPlace(nearest);
    if (!HasList(page.page() + record_at, above)) continue;
    std::array<std::byte, kLinkPayloadBytes> payload;
    base::StoreLE(payload.data(), static_cast<uint16_t>(record_at + kDegreeAt));
    payload[2] = static_cast<std::byte>(std::max(degree, victim + 1));
    base::StoreLE(payload.data() + 3, static_cast<uint16_t>(record_at + layout_.links_at + 4 * victim));
    base::StoreLE(payload.data() + 5, place);
    const LogEntry entry{page.id(), static_cast<uint8_t>(PageOp::kLink), {Bytes(payload)}};
    TURDB_RETURN_IF_ERROR(WriteBytes(page, std::span(&entry, 1)));
    return true;
  }
}

// Of workspace.candidates, which are sorted by their distance from the new node: those that no selected one is nearer to,
// then the nearest of the others.
Status Index::SelectLinks(Workspace& workspace, size_t most, std::vector<Place>* selected) {
  const size_t record_bytes = layout_.links_at + size_t{4} * layout_.max_degree;
  const size_t count = workspace.candidates.size();
  workspace.copies.resize(count * record_bytes);
  const auto record = [&](size_t i) { return workspace.copies.data() + i * record_bytes; };
  const auto equal_codes = [&](size_t a, size_t b) {
    return std::memcmp(record(a) + kTermsAt, record(b) + kTermsAt, sizeof(compute::Sq8Terms)) == 0 &&
           std::memcmp(CodeOf(record(a)), CodeOf(record(b)), layout_.dimension) == 0;
  };
  const auto too_many_equal = [&](size_t i) {
    size_t equal = 0;
    for (const size_t other : workspace.kept) equal += equal_codes(i, other) ? 1 : 0;
    return equal >= kMostEqualCodes;
  };
  workspace.kept.clear();
  std::vector<size_t> occluded;
  for (size_t i = 0; i < std::min(count, kCopiesAhead); ++i) PrefetchRecord(workspace.candidates[i].place);
  for (size_t i = 0; i < count && workspace.kept.size() < most; ++i) {
    if (i + kCopiesAhead < count) PrefetchRecord(workspace.candidates[i + kCopiesAhead].place);
    TURDB_RETURN_IF_ERROR(CopyRecord(workspace.candidates[i].place, record(i)));
    QueryOf(record(i), &workspace.query);
    bool hidden = false;
    for (const size_t other : workspace.kept) {
      if (Score(workspace.query, record(other)) < workspace.candidates[i].distance) {
        hidden = true;
        break;
      }
    }
    if (hidden) {
      occluded.push_back(i);
    } else if (!too_many_equal(i)) {
      workspace.kept.push_back(i);
    }
  }
  for (const size_t i : occluded) {
    if (workspace.kept.size() == most) break;
    if (!too_many_equal(i)) workspace.kept.push_back(i);
  }
  selected->clear();
  for (const size_t i : workspace.kept) selected->push_back(workspace.candidates[i].place);
  return absl::OkStatus();
}

// Which of workspace.target's links, or the new one behind them, its list needs least: a tombstone that is hidden (another link
// is nearer to it than the target), else the farthest node that is, else the farthest of all. `exactly`: hidden by links that
// are not hidden themselves, as in the paper, which takes comparing nearly all with nearly all; where the lists are those of
// the base layer, any nearer link will do.
StatusOr<size_t> Index::NeededLeast(Place link, bool exactly, Workspace& workspace) {
  const size_t record_bytes = layout_.links_at + size_t{4} * layout_.max_degree;
  const std::byte* const target = workspace.target.data();
  const size_t degree = DegreeOf(target);
  std::vector<Candidate>& candidates = workspace.candidates;
  candidates.clear();
  workspace.copies.resize((degree + 1) * record_bytes);
  QueryOf(target, &workspace.query);
  const auto place = [&](size_t i) { return i < degree ? LinkOf(layout_, target, i) : link; };
  for (size_t i = 0; i <= degree; ++i) PrefetchRecord(place(i));
  for (size_t i = 0; i <= degree; ++i) {
    std::byte* const record = workspace.copies.data() + i * record_bytes;
    TURDB_RETURN_IF_ERROR(CopyRecord(place(i), record));
    // Candidate::number: where it stands in the list and among the copies.
    float distance = Score(workspace.query, record);
    if (std::isnan(distance)) distance = std::numeric_limits<float>::infinity();  // of damaged terms: sorting needs an order
    candidates.push_back(
        {Score(workspace.query, record), place(i), static_cast<uint32_t>(i), (FlagsOf(record) & kTombstone) != 0, false});
  }
  std::sort(candidates.begin(), candidates.end(), Nearer);
  const auto record = [&](size_t i) { return workspace.copies.data() + size_t{candidates[i].number} * record_bytes; };
  const auto hides = [&](size_t other, size_t i, size_t* equal) {
    const float between = Score(workspace.query, record(other));
    *equal += between == 0 ? 1 : 0;
    return between < candidates[i].distance || *equal >= kMostEqualCodes;
  };
  std::vector<size_t>& kept = workspace.kept;
  kept.clear();
  for (size_t i = 0; exactly && i < candidates.size(); ++i) {
    QueryOf(record(i), &workspace.query);
    size_t equal = 0;
    if (std::none_of(kept.begin(), kept.end(), [&](size_t other) { return hides(other, i, &equal); })) kept.push_back(i);
  }
  const auto is_hidden = [&](size_t i) {
    if (exactly) return !std::binary_search(kept.begin(), kept.end(), i);
    QueryOf(record(i), &workspace.query);
    size_t equal = 0;
    for (size_t other = 0; other < i; ++other) {
      if (hides(other, i, &equal)) return true;
    }
    return false;
  };
  for (const bool tombstones : {true, false}) {
    for (size_t i = candidates.size(); i-- > 1;) {
      if (candidates[i].tombstone == tombstones && is_hidden(i)) return candidates[i].number;
    }
  }
  return candidates.back().number;
}

// A link from `target` to `link`; from a full list one goes, which may be the new one.
Status Index::AddLink(Place target, Place link, size_t most_links, Workspace& workspace) {
  workspace.target.resize(layout_.links_at + size_t{4} * layout_.max_degree);
  for (int attempt = 0; attempt < kLinkAttempts; ++attempt) {
    std::byte* const copy = workspace.target.data();
    TURDB_RETURN_IF_ERROR(CopyRecord(target, copy));
    const size_t degree = DegreeOf(copy);
    if (degree > layout_.max_degree) return Damaged(target, "more links than a node may have");
    if ((FlagsOf(copy) & kUsed) == 0) return absl::OkStatus();
    bool there = false;
    for (size_t i = 0; i < degree; ++i) there |= LinkOf(layout_, copy, i) == link;
    if (there) return absl::OkStatus();

    size_t victim = degree;
    if (degree >= most_links) {
      TURDB_ASSIGN_OR_RETURN(victim, NeededLeast(link, /*exactly=*/most_links < options_.max_degree, workspace));
      if (victim == degree) return absl::OkStatus();  // the new one
    }

    const storage::FrameReservation frames = pool_.ReserveFrames(1);
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard page, pool_.FixExclusive({file_, layout_.PageOf(target)}));
    const size_t record_at = layout_.RecordAtPlace(target);
    if (!HasList(page.page() + record_at, copy)) continue;
    const size_t link_at = record_at + layout_.links_at + 4 * victim;
    if (victim < degree) {
      std::array<std::byte, 4> bytes;
      base::StoreLE(bytes.data(), link);
      Writes writes;
      writes.Add(page.id(), link_at, bytes);
      return WriteBytes(page, writes.entries());
    }
    std::array<std::byte, kLinkPayloadBytes> payload;
    base::StoreLE(payload.data(), static_cast<uint16_t>(record_at + kDegreeAt));
    payload[2] = static_cast<std::byte>(degree + 1);
    base::StoreLE(payload.data() + 3, static_cast<uint16_t>(link_at));
    base::StoreLE(payload.data() + 5, link);
    const LogEntry entry{page.id(), static_cast<uint8_t>(PageOp::kLink), {Bytes(payload)}};
    return WriteBytes(page, std::span(&entry, 1));
  }
  return absl::OkStatus();
}

}  // namespace turdb::hnsw
