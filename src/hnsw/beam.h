// The state of one search: what was visited, and the candidates in one sorted array.
#ifndef TURDB_HNSW_BEAM_H_
#define TURDB_HNSW_BEAM_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "hnsw/format.h"

namespace turdb::hnsw {

struct Candidate {
  float distance;  // between codes
  Place place;
  uint32_t number;  // among others, where somebody needs to know
  bool tombstone;
  bool expanded;
};
static_assert(sizeof(Candidate) == 16);  // sorted arrays of them are shifted all the time

inline bool Nearer(const Candidate& a, const Candidate& b) {
  return a.distance < b.distance || (a.distance == b.distance && a.place < b.place);
}

// A set of places, sized by what a search visits and not by the number of nodes: an open-addressed table. Not thread-safe.
class Visited {
 public:
  // Empty, with room for about `expected` places.
  void Begin(size_t expected) {
    const size_t wanted = std::bit_ceil(std::max(2 * expected, kLeast));
    slots_.assign(wanted, kNoPlace);
    shift_ = static_cast<unsigned>(32 - std::countr_zero(wanted));
    used_ = 0;
  }
  // False: it was there.
  bool Insert(Place place) {
    if (2 * (used_ + 1) > slots_.size()) Grow();
    size_t at = HomeOf(place);
    // Whether a neighbour was visited is a coin's toss, so that nothing here branches on it; a collision is rare.
    Place there = slots_[at];
    while (((there != kNoPlace) & (there != place)) != 0) [[unlikely]] {
      at = (at + 1) & (slots_.size() - 1);
      there = slots_[at];
    }
    const bool inserted = there == kNoPlace;
    slots_[at] = place;
    used_ += inserted ? 1 : 0;
    return inserted;
  }

 private:
  static constexpr size_t kLeast = 256;
  size_t HomeOf(Place place) const { return static_cast<uint32_t>(place * uint32_t{0x9E3779B1}) >> shift_; }
  void Grow() {
    const std::vector<Place> before = std::move(slots_);
    Begin(before.size());
    for (const Place place : before) {
      if (place != kNoPlace) Insert(place);
    }
  }

  std::vector<Place> slots_;
  size_t used_ = 0;
  unsigned shift_ = 32;
};

// The nearest candidates so far, sorted; those before `taken` were given out. What falls off the window of `width` goes to a
// heap, so that a search may go on behind what it gave out. Tombstones lead on, but do not take the places of others: the
// window is wider by as many as it has, up to kMostTombstones times. Not thread-safe.
class Beam {
 public:
  void Begin(size_t width, bool keep_rest) {
    candidates_.clear();
    rest_.clear();
    rest_is_heap_ = false;
    taken_ = 0;
    next_ = 0;
    tombstones_ = 0;
    width_ = std::max<size_t>(width, 1);
    keep_rest_ = keep_rest;
  }
  size_t width() const { return width_; }

  void Add(const Candidate& candidate) {
    if (candidates_.size() - taken_ >= Room() && !Nearer(candidate, candidates_.back())) {
      KeepForLater(candidate);
      return;
    }
    size_t index = taken_;
    for (size_t count = candidates_.size() - taken_; count > 0;) {  // std::upper_bound, without branches
      const size_t half = (count + 1) / 2;
      index = Nearer(candidate, candidates_[index + half - 1]) ? index : index + half;
      count -= half;
    }
    candidates_.insert(candidates_.begin() + static_cast<ptrdiff_t>(index), candidate);
    if (candidate.tombstone) ++tombstones_;
    if (!candidate.expanded && index < next_) next_ = index;
    while (candidates_.size() - taken_ > Room()) {
      KeepForLater(candidates_.back());
      if (candidates_.back().tombstone) --tombstones_;
      candidates_.pop_back();
    }
  }
  // The nearest candidate whose links were not followed yet, marked as followed; null when there is none.
  const Candidate* NextToExpand() {
    while (next_ < candidates_.size() && candidates_[next_].expanded) ++next_;
    if (next_ == candidates_.size()) return nullptr;
    candidates_[next_].expanded = true;
    return &candidates_[next_++];
  }
  // What NextToExpand would perhaps give next.
  const Candidate* PeekToExpand() const { return next_ < candidates_.size() ? &candidates_[next_] : nullptr; }
  // The nearest that was not given out; null when there is none.
  const Candidate* Take() {
    if (taken_ == candidates_.size()) return nullptr;
    if (candidates_[taken_].tombstone) --tombstones_;
    return &candidates_[taken_++];
  }
  // The window moves behind what was given out, and is filled again.
  void Advance() {
    candidates_.erase(candidates_.begin(), candidates_.begin() + static_cast<ptrdiff_t>(taken_));
    taken_ = 0;
    next_ = 0;
    if (candidates_.size() < Room() && !rest_is_heap_ && !rest_.empty()) {
      std::make_heap(rest_.begin(), rest_.end(), Farther);
      rest_is_heap_ = true;
    }
    while (candidates_.size() < Room() && !rest_.empty()) {
      std::pop_heap(rest_.begin(), rest_.end(), Farther);
      const Candidate candidate = rest_.back();
      rest_.pop_back();
      Add(candidate);
    }
    next_ = 0;
  }
  const std::vector<Candidate>& candidates() const { return candidates_; }

 private:
  static constexpr size_t kMostTombstones = 3;
  size_t Room() const { return width_ + std::min(tombstones_, kMostTombstones * width_); }
  static bool Farther(const Candidate& a, const Candidate& b) { return Nearer(b, a); }
  void KeepForLater(const Candidate& candidate) {
    if (!keep_rest_) return;
    rest_.push_back(candidate);
    if (rest_is_heap_) std::push_heap(rest_.begin(), rest_.end(), Farther);
  }

  std::vector<Candidate> candidates_;
  std::vector<Candidate> rest_;  // from the first Advance that needs it on a heap, the nearest on top
  bool rest_is_heap_ = false;
  size_t taken_ = 0;
  size_t next_ = 0;  // no candidate before it waits to be expanded
  size_t width_ = 1;
  size_t tombstones_ = 0;  // in the window
  bool keep_rest_ = false;
};

}  // namespace turdb::hnsw

#endif  // TURDB_HNSW_BEAM_H_
