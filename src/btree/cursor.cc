// A cursor remembers a key, and beside it where that key was: page, frame, version, index. When the frame's
// version stands, nothing has changed and the scan goes on at the index; otherwise it descends again by the
// key. At the end of a leaf the key becomes the leaf's upper fence and the page the next leaf, which is
// believed if it is a leaf whose range begins there. Backward there are no links: the key becomes the lower
// fence, and the descent looks for what lies just below.
#include "btree/cursor.h"

#include <algorithm>

#include "base/prefetch.h"
#include "btree/leaf.h"
#include "txn/transaction_manager.h"
#include "txn/version_directory.h"

namespace turdb::btree {

using storage::FrameReservation;
using storage::SharedGuard;

namespace {

constexpr int kCursorFrames = 3;
constexpr size_t kMaxReadAhead = 64;
// Few enough that the lines of the next leaf, asked for a batch at a time, do not queue up (see PrefetchUntil): what the
// processor has no room for it forgets. A leaf in five parts of some 50 lines, but not by so few entries that the visits cost
// more.
constexpr size_t kBatch = 48;
constexpr size_t kLeastBatch = 8;
constexpr size_t kBatchesOfLeaf = 5;

uint64_t VersionOf(const SharedGuard& guard) {
  return storage::Frame::VersionOf(guard.frame()->state.load(std::memory_order_relaxed));
}

}  // namespace

// Gathers visible entries of one latched leaf and hands them on in batches.
class Cursor::Collector {
 public:
  Collector(const std::byte* page, const txn::VersionTable* versions, const txn::View& view, txn::Scratch& scratch,
            size_t max_entries, bool whole_values, absl::FunctionRef<void(const Entries&)> visit)
      : page_(page),
        dense_(leaf::IsDense(page)),
        prefix_(dense_ ? Bytes() : Prefix(page)),
        versions_(versions),
        view_(view),
        scratch_(scratch),
        max_entries_(max_entries),
        batch_(whole_values ? std::clamp(leaf::Limit(page) / kBatchesOfLeaf, kLeastBatch, kBatch) : kBatch),
        visit_(visit) {}

  // Indexes [first, last) upward; returns where it stopped.
  size_t Up(size_t first, size_t last) {
    if (versions_ == nullptr) return dense_ ? UpQuietDense(first, last) : UpQuietSlotted(first, last);
    size_t i = first;
    for (; i < last && taken_ < max_entries_; ++i) {
      Take(i);
      if (filled_ < batch_) continue;
      PrefetchUntil(i + 1);
      Flush();
    }
    Flush();
    return i;
  }
  // Indexes [first, end) downward; returns the index below which nothing was looked at.
  size_t Down(size_t first, size_t end) {
    size_t i = end;
    for (; i > first && taken_ < max_entries_; --i) {
      Take(i - 1);
      if (filled_ == batch_) Flush();
    }
    Flush();
    return i;
  }
  size_t taken() const { return taken_; }

  // While the visitor works on this leaf's entries, the lines of the next leaf come nearer in step, in ascending order.
  // Entries lie downward or in the order of their insertion, which the processor does not foresee, and a leaf's worth of
  // misses costs as much as reading its rows. REQUIRES: called before Up.
  void PrefetchNextLeaf(const std::byte* next, size_t first) {
    next_leaf_ = next;
    prefetched_ = LinesAt(first);
  }

 private:
  // How far into the next leaf we should be when `index` entries of this one are read.
  size_t LinesAt(size_t index) const {
    return kPageSize / base::kCacheLineBytes * index / std::max<size_t>(leaf::Limit(page_), 1);
  }
  void PrefetchUntil(size_t index) {
    if (next_leaf_ == nullptr) return;
    for (const size_t end = LinesAt(index); prefetched_ < end; ++prefetched_) {
      base::PrefetchLineForLater(next_leaf_ + prefetched_ * base::kCacheLineBytes);
    }
  }

  // The loops of a full scan, without a branch an entry: what is a hole or a ghost is written over by the next one.
  size_t UpQuietDense(size_t first, size_t last) {
    const uint16_t* offsets = dense::Offsets(page_);
    const uint64_t base = static_cast<uint64_t>(Header(page_).dense_base);
    size_t i = first;
    while (i < last && taken_ < max_entries_) {
      const size_t stop = std::min(last, i + std::min(batch_, max_entries_ - taken_));
      size_t filled = 0;
      for (; i < stop; ++i) {
        const std::byte* cell = page_ + offsets[i];
        const uint16_t length = base::LoadLE<uint16_t>(cell);
        values_[filled] = cell + dense::kCellHeaderBytes;
        value_sizes_[filled] = length;
        numbers_[filled] = static_cast<int64_t>(base + i);
        filled += static_cast<size_t>(offsets[i] != 0) & static_cast<size_t>((length & dense::kGhost) == 0);
      }
      filled_ = filled;
      taken_ += filled;
      PrefetchUntil(i);
      Flush();
    }
    return i;
  }
  size_t UpQuietSlotted(size_t first, size_t last) {
    const Slot* slots = Slots(page_);
    size_t i = first;
    while (i < last && taken_ < max_entries_) {
      const size_t stop = std::min(last, i + std::min(batch_, max_entries_ - taken_));
      size_t filled = 0;
      for (; i < stop; ++i) {
        const Slot slot = slots[i];
        const std::byte* cell = page_ + slot.offset;
        const size_t suffix = slot.suffix_length();
        suffixes_[filled] = cell + slotted::kCellHeaderBytes;
        suffix_sizes_[filled] = static_cast<uint16_t>(suffix);
        values_[filled] = cell + slotted::kCellHeaderBytes + suffix;
        value_sizes_[filled] = base::LoadLE<uint16_t>(cell);
        filled += static_cast<size_t>(!slot.ghost());
      }
      filled_ = filled;
      taken_ += filled;
      PrefetchUntil(i);
      Flush();
    }
    return i;
  }

  void Take(size_t index) {
    if (!leaf::UsedAt(page_, index)) return;
    const bool ghost = leaf::GhostAt(page_, index);
    Bytes value = leaf::ValueAt(page_, index);
    Bytes suffix;
    std::byte number[8];
    if (dense_) {
      suffix = leaf::KeyAt(page_, index, number);
      numbers_[filled_] = dense::KeyAt(page_, index);
    } else {
      suffix = slotted::SuffixAt(page_, index);
      suffixes_[filled_] = suffix.data();
      suffix_sizes_[filled_] = static_cast<uint16_t>(suffix.size());
    }
    if (versions_ == nullptr) [[likely]] {
      if (ghost) return;
    } else {
      const txn::Chain chain = versions_->Find(txn::SplitKey{prefix_, suffix});
      if (chain.empty() ? ghost : !txn::Reconstruct(chain, view_, ghost, value, scratch_, &value)) return;
    }
    values_[filled_] = value.data();
    value_sizes_[filled_] = static_cast<uint16_t>(value.size());
    ++filled_;
    ++taken_;
  }

  void Flush() {
    if (filled_ == 0) return;
    Entries entries;
    entries.count = filled_;
    entries.prefix = prefix_;
    if (dense_) {
      entries.numbers = numbers_;
    } else {
      entries.suffixes = suffixes_;
      entries.suffix_sizes = suffix_sizes_;
    }
    entries.values = values_;
    entries.value_sizes = value_sizes_;
    visit_(entries);
    filled_ = 0;
  }

  const std::byte* page_;
  const bool dense_;
  const Bytes prefix_;
  const txn::VersionTable* versions_;
  const txn::View& view_;
  txn::Scratch& scratch_;
  const size_t max_entries_;
  const size_t batch_;
  absl::FunctionRef<void(const Entries&)> visit_;
  const std::byte* next_leaf_ = nullptr;
  size_t prefetched_ = 0;  // lines of it
  size_t taken_ = 0;
  size_t filled_ = 0;
  int64_t numbers_[kBatch];
  const std::byte* suffixes_[kBatch];
  const std::byte* values_[kBatch];
  uint16_t suffix_sizes_[kBatch];
  uint16_t value_sizes_[kBatch];
};

Cursor::Cursor(Tree& tree, Bytes lower, Bytes upper) : tree_(tree) { Reset(lower, upper); }
Cursor::~Cursor() = default;

void Cursor::Reset(Bytes lower, Bytes upper) {
  lower_.assign(base::AsText(lower));
  upper_.assign(base::AsText(upper));
  const auto restart = [](Position& position, const std::string& key, bool started) {
    position.key.assign(key);
    position.started = started;
    position.done = false;
    position.page = base::kNoPage;
    position.frame = nullptr;
  };
  restart(forward_, lower_, true);
  restart(backward_, upper_, !upper_.empty());
  leaves_until_read_ahead_ = 1;
  read_ahead_window_ = 4;
}

void Cursor::Remember(Position& position, const SharedGuard& guard, size_t index) {
  position.page = guard.id().page;
  position.frame = guard.frame();
  position.version = VersionOf(guard);
  position.index = index;
}

StatusOr<SharedGuard> Cursor::FixForward(bool* at_index) {
  *at_index = false;
  const Bytes key = base::AsBytes(forward_.key);
  if (forward_.page != base::kNoPage) {
    StatusOr<SharedGuard> guard = tree_.Fix<SharedGuard>(forward_.page);
    if (guard.ok() && guard->frame() == forward_.frame && VersionOf(*guard) == forward_.version) {
      *at_index = true;
      return guard;
    }
    // A next leaf, or a leaf that changed: right wherever it stands if its range holds the key.
    if (guard.ok() && tree_.IsOurLeaf(guard->page()) && Covers(guard->page(), key)) return guard;
    forward_.page = base::kNoPage;
  }
  StatusOr<SharedGuard> guard = tree_.FixLeaf<SharedGuard>(key);
  // A page written to another's place has nothing wrong in itself, but would be read for ever, or instead of the right one.
  if (guard.ok() && !Covers(guard->page(), key)) [[unlikely]]
    return tree_.Misplaced(guard->id().page);
  return guard;
}

Status Cursor::ReadAhead(Bytes from) {
  base::PageId pages[kMaxReadAhead];
  TURDB_ASSIGN_OR_RETURN(const size_t count, tree_.ChildrenAfter(from, std::span(pages, read_ahead_window_)));
  // From half a window on it is asked for again, so that the next batch is on its way before this one ends. Past
  // the end of an interior node the next leaf's own parent answers.
  leaves_until_read_ahead_ = std::max<size_t>(1, count / 2);
  read_ahead_window_ = std::min(kMaxReadAhead, 2 * read_ahead_window_);
  if (count != 0) tree_.pool_.Prefetch(std::span<const base::PageId>(pages, count));
  return absl::OkStatus();
}

StatusOr<bool> Cursor::Next(const txn::View& view, size_t max_entries, absl::FunctionRef<void(const Entries&)> visit) {
  if (view.reads == nullptr || forward_.done) [[likely]]
    return Forward(view, max_entries, visit);
  const std::string from = forward_.key;
  StatusOr<bool> more = Forward(view, max_entries, visit);
  // All between the two positions was looked at, whether there was anything or not.
  view.reads->AddRange(tree_, {base::AsBytes(from), base::AsBytes(forward_.done ? upper_ : forward_.key)});
  return more;
}

StatusOr<bool> Cursor::Previous(const txn::View& view, size_t max_entries, absl::FunctionRef<void(const Entries&)> visit) {
  if (view.reads == nullptr || backward_.done) [[likely]]
    return Backward(view, max_entries, visit);
  const std::string from = backward_.started ? backward_.key : std::string();
  StatusOr<bool> more = Backward(view, max_entries, visit);
  view.reads->AddRange(tree_, {base::AsBytes(backward_.done ? lower_ : backward_.key), base::AsBytes(from)});
  return more;
}

StatusOr<bool> Cursor::Forward(const txn::View& view, size_t max_entries, absl::FunctionRef<void(const Entries&)> visit) {
  scratch_.Reset();
  while (!forward_.done) {
    FrameReservation frames = tree_.pool_.ReserveFrames(kCursorFrames);
    bool at_index = false;
    TURDB_ASSIGN_OR_RETURN(SharedGuard guard, FixForward(&at_index));
    const std::byte* page = guard.page();
    const txn::VersionTable* versions = txn::TableOf(guard);
    if (versions != nullptr && versions->spilled()) {
      const base::PageId id = guard.id();
      guard.Release();
      frames.Release();
      TURDB_RETURN_IF_ERROR(tree_.transactions_.LoadVersions(id));
      continue;
    }
    const Bytes upper = base::AsBytes(upper_);
    const bool ends_here = !HasUpperFence(page) || (!upper.empty() && base::CompareBytes(upper, UpperFence(page)) <= 0);
    size_t limit = leaf::Limit(page);
    if (ends_here && !upper.empty()) {
      limit = base::CompareBytes(upper, LowerFence(page)) <= 0 ? 0 : leaf::LowerBound(page, upper);
    }
    const size_t first = at_index ? forward_.index : leaf::LowerBound(page, base::AsBytes(forward_.key));
    Collector collector(page, versions, view, scratch_, max_entries, reads_whole_values_, visit);
    if (!ends_here) collector.PrefetchNextLeaf(tree_.pool_.Peek(tree_.IdOf(Header(page).next_leaf)), first);
    const size_t stopped = first < limit ? collector.Up(first, limit) : limit;
    size_t next = stopped;
    while (next < limit && !leaf::UsedAt(page, next)) ++next;
    if (next < limit) {
      std::byte buffer[base::kMaxKeyBytes];
      forward_.key.assign(base::AsText(leaf::KeyAt(page, next, buffer)));
      Remember(forward_, guard, next);
      return true;
    }
    if (ends_here) {
      forward_.done = true;
      return collector.taken() != 0;
    }
    forward_.key.assign(base::AsText(UpperFence(page)));
    forward_.page = Header(page).next_leaf;
    forward_.frame = nullptr;
    guard.Release();
    if (--leaves_until_read_ahead_ == 0) TURDB_RETURN_IF_ERROR(ReadAhead(base::AsBytes(forward_.key)));
    if (collector.taken() != 0) return true;
  }
  return false;
}

StatusOr<SharedGuard> Cursor::FixBackward(bool* at_index) {
  *at_index = false;
  if (backward_.page != base::kNoPage) {
    StatusOr<SharedGuard> guard = tree_.Fix<SharedGuard>(backward_.page);
    if (guard.ok() && guard->frame() == backward_.frame && VersionOf(*guard) == backward_.version) {
      *at_index = true;
      return guard;
    }
    backward_.page = base::kNoPage;
  }
  const Bytes key = base::AsBytes(backward_.key);
  StatusOr<SharedGuard> guard = tree_.FixLeaf<SharedGuard>(key, backward_.started ? Tree::Side::kBelow : Tree::Side::kLast);
  if (!guard.ok()) return guard;
  const std::byte* const page = guard->page();
  const bool below_upper = !HasUpperFence(page) || (backward_.started && base::CompareBytes(key, UpperFence(page)) <= 0);
  const bool above_lower = !backward_.started || key.empty() || base::CompareBytes(LowerFence(page), key) < 0;
  if (!below_upper || !above_lower) [[unlikely]]
    return tree_.Misplaced(guard->id().page);
  return guard;
}

StatusOr<bool> Cursor::Backward(const txn::View& view, size_t max_entries, absl::FunctionRef<void(const Entries&)> visit) {
  scratch_.Reset();
  const Bytes lower = base::AsBytes(lower_);
  while (!backward_.done) {
    FrameReservation frames = tree_.pool_.ReserveFrames(kCursorFrames);
    bool at_index = false;
    TURDB_ASSIGN_OR_RETURN(SharedGuard guard, FixBackward(&at_index));
    const std::byte* page = guard.page();
    const txn::VersionTable* versions = txn::TableOf(guard);
    if (versions != nullptr && versions->spilled()) {
      const base::PageId id = guard.id();
      guard.Release();
      frames.Release();
      TURDB_RETURN_IF_ERROR(tree_.transactions_.LoadVersions(id));
      continue;
    }
    // Entries at `first` and above, below `end`, are left to visit in this leaf.
    const bool ends_here = base::CompareBytes(lower, LowerFence(page)) >= 0;
    const size_t first = ends_here && Covers(page, lower) ? leaf::LowerBound(page, lower) : (ends_here ? leaf::Limit(page) : 0);
    size_t end = leaf::Limit(page);
    if (at_index) {
      end = backward_.index;
    } else if (backward_.started) {
      end = leaf::LowerBound(page, base::AsBytes(backward_.key));
    }
    Collector collector(page, versions, view, scratch_, max_entries, reads_whole_values_, visit);
    size_t stopped = std::min(end, first);
    if (first < end) stopped = collector.Down(first, end);
    while (stopped > first && !leaf::UsedAt(page, stopped - 1)) --stopped;
    if (stopped > first) {
      std::byte buffer[base::kMaxKeyBytes];
      // What was looked at last, used or not, lies at `stopped` or above.
      size_t at = stopped;
      while (!leaf::UsedAt(page, at)) ++at;
      backward_.key.assign(base::AsText(leaf::KeyAt(page, at, buffer)));
      backward_.started = true;
      Remember(backward_, guard, stopped);
      return true;
    }
    if (ends_here || LowerFence(page).empty()) {
      backward_.done = true;
      return collector.taken() != 0;
    }
    backward_.key.assign(base::AsText(LowerFence(page)));
    backward_.started = true;
    backward_.page = base::kNoPage;
    if (collector.taken() != 0) return true;
  }
  return false;
}

}  // namespace turdb::btree
