// Reading records, and the search of a layer.
#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "compute/distance.h"
#include "compute/sq8.h"
#include "hnsw/index.h"

namespace turdb::hnsw {

using storage::OptimisticGuard;

namespace {

constexpr size_t kUpperWidth = 6;  // candidates kept in the upper layer
// Of products: the query is far from all nodes in the space that their links were made in, and leads into the wrong cluster.
constexpr size_t kUpperWidthOfProducts = 16;
constexpr size_t kStarts = 4;  // candidates of the upper layer that start the search below
constexpr size_t kLine = 64;
// Of a record: a whole code of 768 bytes is as many lines as a core has under way at once. The kernel asks for the rest.
constexpr size_t kPrefetchBytes = 1024;

void Prefetch(const std::byte* from, size_t bytes) {
  const auto begin = reinterpret_cast<uintptr_t>(from);
  for (uintptr_t at = begin & ~(kLine - 1); at < begin + bytes; at += kLine) __builtin_prefetch(reinterpret_cast<void*>(at));
}

Status BadVector(std::string_view why) {
  return base::MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22000"}, why);
}

}  // namespace

// ---- Vectors and distances

Status Index::Admit(std::span<const float> vector, std::vector<float>* prepared) const {
  if (vector.size() != options_.dimension) {
    return BadVector(
        absl::StrCat("a vector of ", vector.size(), " dimensions for an index of vectors of ", options_.dimension));
  }
  if (!compute::AllFinite(vector.data(), vector.size())) return BadVector("a vector with NaN or infinity cannot be indexed");
  prepared->assign(vector.begin(), vector.end());
  if (options_.metric == Metric::kCosine && !compute::Normalize(prepared->data(), prepared->data(), prepared->size())) {
    return BadVector("a zero vector has no direction: the cosine distance from it is undefined");
  }
  return absl::OkStatus();
}

void Index::Encode(std::span<const float> prepared, std::vector<uint8_t>* code, compute::Sq8Terms* coded,
                   QueryCode* query) const {
  code->resize(prepared.size());
  *coded = compute::Sq8Encode(prepared.data(), prepared.size(), code->data());
  query->code.resize(prepared.size());
  query->terms = compute::Sq8Query(code->data(), prepared.size(), *coded, query->code.data());
  query->score = options_.metric == Metric::kInnerProduct ? QueryCode::Score::kProduct : QueryCode::Score::kSquare;
}

// "Speeding Up the Xbox Recommender System" (Bachrach and others, 2014): products order as distances do where all vectors
// have one length.
float Index::AddedCoordinate(float square_norm) const {
  return std::sqrt(std::max(0.0f, most_square_norm_.load(std::memory_order_relaxed) - square_norm));
}

void Index::PrepareForBuilding(QueryCode* query) const {
  if (options_.metric != Metric::kInnerProduct) return;
  query->score = QueryCode::Score::kAugmented;
  query->added = AddedCoordinate(query->terms.square_norm);
}

float Index::ScoreOfDot(const QueryCode& query, const compute::Sq8Terms& terms, int32_t dot) const {
  if (query.score == QueryCode::Score::kSquare) {
    return static_cast<float>(compute::Sq8L2Squared(query.terms, terms, dot, layout_.dimension));
  }
  if (query.score == QueryCode::Score::kProduct) {
    return static_cast<float>(-compute::Sq8Dot(query.terms, terms, dot, layout_.dimension));
  }
  const double added = static_cast<double>(query.added) - AddedCoordinate(terms.square_norm);
  return static_cast<float>(compute::Sq8L2Squared(query.terms, terms, dot, layout_.dimension) + added * added);
}

float Index::Score(const QueryCode& query, const std::byte* record) const {
  return ScoreOfDot(query, TermsOf(record), kernels_->codes.dot(query.code.data(), CodeOf(record), layout_.dimension));
}

// A step of s leaves an error of variance s^2 / 12 in each of n elements: squares of distances between codes are n (s^2 + t^2)
// / 12 too large in the mean, and spread by the part of the error that lies in the direction of the difference; twice that is
// doubt enough.
bool Search::MayBeNearer(float farther, double exact) const {
  constexpr double kSpreads = 2;
  const double query_step = query_scale_, node_step = most_scale_;
  if (index_.options_.metric == Metric::kInnerProduct) {
    const double spread =
        std::sqrt((query_.terms.square_norm * node_step * node_step + most_square_norm_ * query_step * query_step) / 12);
    return farther - kSpreads * spread <= exact;
  }
  const double square = index_.options_.metric == Metric::kL2 ? exact * exact : 2 * exact;
  const double variance = (query_step * query_step + node_step * node_step) / 12;
  const double spread = 2 * std::sqrt(static_cast<double>(farther) * variance);
  return farther - index_.layout_.dimension * variance - kSpreads * spread <= square;
}

// ---- Reading

StatusOr<OptimisticGuard> Index::FixPage(PageNo page) {
  const base::PageId id{file_, page};
  if (storage::Frame* frame = hints_.Get(page); frame != nullptr) {
    OptimisticGuard guard;
    if (pool_.TryOptimistic(frame, id, &guard)) return guard;
  }
  for (;;) {
    TURDB_ASSIGN_OR_RETURN(OptimisticGuard guard, pool_.FixOptimistic(id));
    // Who finds the page by the hint believes that it is one of nodes: a page does not become another while it has a hint.
    const auto kind = static_cast<storage::PageKind>(guard.page()[offsetof(storage::PageHeader, kind)]);
    if (!guard.Validate()) continue;
    if (!storage::NeedsNoImage(kind)) return Damaged(layout_.PlaceOf(page, 0), "a link to a page without nodes");
    hints_.Set(page, guard.frame());
    return guard;
  }
}

Status Index::Damaged(Place place, std::string_view what) const {
  return base::CorruptionError(absl::StrCat("vector index, file ", file_, ", page ", layout_.PageOf(place), ", slot ",
                                            layout_.SlotOf(place), ": ", what));
}

Status Index::ReadRecord(Place place, absl::FunctionRef<void(const std::byte* record)> read) {
  const PageNo page = layout_.PageOf(place);
  if (page == base::kNoPage || layout_.SlotOf(place) >= layout_.slots) return Damaged(place, "a link to no place");
  for (;;) {
    TURDB_ASSIGN_OR_RETURN(const OptimisticGuard guard, FixPage(page));
    read(guard.page() + layout_.RecordAtPlace(place));
    if (guard.Validate()) return absl::OkStatus();
  }
}

// ---- Searching a layer

Status Index::AddScored(const QueryCode& query, Place place, Beam* beam) {
  Candidate candidate{0, place, 0, false, false};
  bool used = false;
  TURDB_RETURN_IF_ERROR(ReadRecord(place, [&](const std::byte* record) {
    used = (FlagsOf(record) & kUsed) != 0;
    candidate.tombstone = (FlagsOf(record) & kTombstone) != 0;
    candidate.distance = Score(query, record);
  }));
  if (used) beam->Add(candidate);
  return absl::OkStatus();
}

void Batch::Clear() {
#ifdef TURDB_TSAN  // there a guard is a latch
  for (size_t i = 0; i < count_; ++i) guards_[i].Release();
#endif
  count_ = 0;
  others_.clear();
}

void Index::AddToBatch(Place place, Batch* batch) {
  const PageNo page = layout_.PageOf(place);
  storage::Frame* const frame = hints_.Get(page);
  const size_t i = batch->count_;
  if (frame == nullptr || page == base::kNoPage || layout_.SlotOf(place) >= layout_.slots ||
      !pool_.TryOptimistic(frame, {file_, page}, &batch->guards_[i])) {
    batch->others_.push_back(place);
    return;
  }
  ++batch->count_;
  const std::byte* const record = batch->guards_[i].page() + layout_.RecordAtPlace(place);
  batch->places_[i] = place;
  batch->records_[i] = record;
  batch->codes_[i] = CodeOf(record);
}

// Of a node that is to be scored soon: the frame, which tells whether the page is there, and what it would hold then, without
// waiting for the one to ask for the other.
void Index::PrefetchScored(Place place) const {
  const storage::Frame* const frame = hints_.Get(layout_.PageOf(place));
  if (frame == nullptr) return;
  __builtin_prefetch(frame);
  Prefetch(pool_.DataOf(frame) + layout_.RecordAtPlace(place), std::min(kCodeAt + layout_.dimension, kPrefetchBytes));
}

void Index::PrefetchRecord(Place place) const {
  const storage::Frame* const frame = hints_.Get(layout_.PageOf(place));
  if (frame == nullptr) return;
  Prefetch(pool_.DataOf(frame) + layout_.RecordAtPlace(place), std::min(layout_.record_bytes, kPrefetchBytes));
}

void Index::PrefetchLinks(Place place) const {
  const storage::Frame* const frame = hints_.Get(layout_.PageOf(place));
  if (frame == nullptr) return;
  Prefetch(pool_.DataOf(frame) + layout_.RecordAtPlace(place) + layout_.links_at, size_t{4} * layout_.max_degree);
}

Status Index::ScoreBatch(const QueryCode& query, Batch* batch, Beam* beam) {
  kernels_->codes.dot_gather(query.code.data(), batch->codes_.data(), batch->count_, layout_.dimension, batch->dots_.data());
  for (size_t i = 0; i < batch->count_; ++i) {
    const std::byte* const record = batch->records_[i];
    const uint8_t flags = FlagsOf(record);
    const float distance = ScoreOfDot(query, TermsOf(record), batch->dots_[i]);
    if (!batch->guards_[i].Validate()) {
      batch->others_.push_back(batch->places_[i]);
    } else if ((flags & kUsed) != 0) {
      beam->Add({distance, batch->places_[i], 0, (flags & kTombstone) != 0, false});
    }
  }
#ifdef TURDB_TSAN
  for (size_t i = 0; i < batch->count_; ++i) batch->guards_[i].Release();
#endif
  for (const Place place : batch->others_) TURDB_RETURN_IF_ERROR(AddScored(query, place, beam));
  return absl::OkStatus();
}

Status Index::AddStarts(const QueryCode& query, std::span<const Place> starts, Visited* visited, Beam* beam, Batch* batch,
                        SearchStatistics* statistics) {
  batch->Clear();
  for (const Place start : starts) PrefetchScored(start);
  for (const Place start : starts) {
    if (visited->Insert(start)) AddToBatch(start, batch);
  }
  statistics->distances += batch->count_ + batch->others_.size();
  return ScoreBatch(query, batch, beam);
}

// Until every candidate in the window has been expanded. All neighbours of a node that are new are one batch.
Status Index::Explore(const QueryCode& query, Visited* visited, Beam* beam, Batch* batch, SearchStatistics* statistics) {
  Place links[kMaxLinks];
  while (const Candidate* nearest = beam->NextToExpand()) {
    size_t degree = 0;
    TURDB_RETURN_IF_ERROR(ReadRecord(nearest->place, [&](const std::byte* record) {
      degree = std::min<size_t>(DegreeOf(record), layout_.max_degree);
      // By two, which no compiler takes for a copy of unknown length: starting one takes longer than the links' use.
      const std::byte* const from = record + layout_.links_at;
      size_t i = 0;
      for (; i + 2 <= degree; i += 2) {
        const auto two = base::LoadLE<uint64_t>(from + i * sizeof(Place));
        links[i] = static_cast<Place>(two);
        links[i + 1] = static_cast<Place>(two >> 32);
      }
      if (i < degree) links[i] = base::LoadLE<uint32_t>(from + i * sizeof(Place));
    }));
    ++statistics->nodes_expanded;
    size_t fresh = 0;
    for (size_t i = 0; i < degree; ++i) {
      const Place link = links[i];
      if (!visited->Insert(link)) continue;
      links[fresh++] = link;
      PrefetchScored(link);
    }
    batch->Clear();
    for (size_t i = 0; i < fresh; ++i) AddToBatch(links[i], batch);
    if (const Candidate* next = beam->PeekToExpand(); next != nullptr) PrefetchLinks(next->place);
    statistics->distances += batch->count_ + batch->others_.size();
    TURDB_RETURN_IF_ERROR(ScoreBatch(query, batch, beam));
  }
  return absl::OkStatus();
}

// The base nodes of the nearest upper ones.
Status Index::FindStarts(const QueryCode& query, Visited* visited, Beam* beam, Batch* batch, SearchStatistics* statistics,
                         std::vector<Place>* starts) {
  starts->clear();
  const Place entry = entry_point_.load(std::memory_order_acquire);
  if (entry == kNoPlace) return absl::OkStatus();
  const size_t width = query.score == QueryCode::Score::kProduct ? kUpperWidthOfProducts : kUpperWidth;
  visited->Begin(width * options_.max_degree);
  beam->Begin(width, /*keep_rest=*/false);
  TURDB_RETURN_IF_ERROR(AddStarts(query, std::span(&entry, 1), visited, beam, batch, statistics));
  TURDB_RETURN_IF_ERROR(Explore(query, visited, beam, batch, statistics));
  size_t count = 0;
  while (count < kStarts) {
    const Candidate* candidate = beam->Take();
    if (candidate == nullptr) break;
    TURDB_RETURN_IF_ERROR(ReadRecord(candidate->place, [&](const std::byte* record) {
      starts->resize(count);
      starts->push_back(static_cast<Place>(RowKeyOf(record)));
    }));
    ++count;
  }
  return absl::OkStatus();
}

StatusOr<std::unique_ptr<Search>> Index::StartSearch(std::span<const float> query, size_t ef) {
  std::unique_ptr<Search> search(new Search(*this));
  TURDB_RETURN_IF_ERROR(search->StartAgain(query, ef));
  return search;
}

Status Search::StartAgain(std::span<const float> query, size_t ef) {
  TURDB_RETURN_IF_ERROR(index_.Admit(query, &prepared_));
  compute::Sq8Terms coded;
  index_.Encode(prepared_, &code_, &coded, &query_);
  query_scale_ = coded.scale;
  most_scale_ = 0;
  most_square_norm_ = 0;
  statistics_ = SearchStatistics();
  started_ = false;
  beam_.Begin(ef == 0 ? index_.options_.ef_search : ef, /*keep_rest=*/true);
  return absl::OkStatus();
}

StatusOr<bool> Search::Next(size_t most, std::vector<Found>* out) {
  if (!started_) {
    started_ = true;
    const size_t width = beam_.width();
    TURDB_RETURN_IF_ERROR(index_.FindStarts(query_, &visited_, &beam_, &batch_, &statistics_, &starts_));
    visited_.Begin(width * index_.options_.max_degree);
    beam_.Begin(width, /*keep_rest=*/true);
    TURDB_RETURN_IF_ERROR(index_.AddStarts(query_, starts_, &visited_, &beam_, &batch_, &statistics_));
  }
  const size_t before = out->size();
  while (out->size() - before < most) {
    beam_.Advance();
    TURDB_RETURN_IF_ERROR(index_.Explore(query_, &visited_, &beam_, &batch_, &statistics_));
    bool any = false;
    while (out->size() - before < most) {
      const Candidate* candidate = beam_.Take();
      if (candidate == nullptr) break;
      any = true;
      if (candidate->tombstone) continue;
      Found found{0, candidate->place, candidate->distance};
      compute::Sq8Terms terms{};
      TURDB_RETURN_IF_ERROR(index_.ReadRecord(found.place, [&](const std::byte* record) {
        found.row_key = RowKeyOf(record);
        terms = TermsOf(record);
      }));
      most_scale_ = std::max(most_scale_, terms.scale);
      most_square_norm_ = std::max(most_square_norm_, terms.square_norm);
      out->push_back(found);
    }
    if (!any) break;
  }
  return out->size() > before;
}

}  // namespace turdb::hnsw
