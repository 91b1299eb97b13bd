#include "btree/leaf.h"

#include <algorithm>

namespace turdb::btree::leaf {

namespace {

constexpr size_t kInt64KeyBytes = 8;
constexpr size_t kCapacity = kPageSize - kNodeHeaderEnd;

void EncodeInt64(int64_t key, std::byte* to) { base::StoreBE(to, static_cast<uint64_t>(key) ^ (uint64_t{1} << 63)); }

// What entries need in each form, so that a form can be chosen before anything is written.
struct Contents {
  size_t cells = 0;
  size_t suffix_bytes = 0;  // of all keys, after `prefix`
  size_t value_bytes = 0;
  uint64_t span = 0;  // int64 trees: places from the first key to the last
};

size_t FenceBytes(const Fences& fences) { return fences.lower.size() + fences.upper.size(); }

size_t SlottedBytes(const Contents& contents) {
  return contents.cells * (sizeof(Slot) + slotted::kCellHeaderBytes) + contents.suffix_bytes + contents.value_bytes;
}
size_t DenseBytes(const Contents& contents) {
  return contents.span * sizeof(uint16_t) + contents.cells * dense::kCellHeaderBytes + contents.value_bytes;
}
bool DenseIsBetter(const Contents& contents) {
  return contents.span <= kCapacity / sizeof(uint16_t) && DenseBytes(contents) <= SlottedBytes(contents);
}

// Indexes [first, last) of `page`, with suffixes counted after `prefix` bytes.
Contents ContentsOf(const std::byte* page, size_t first, size_t last, size_t prefix) {
  Contents contents;
  size_t first_used = SIZE_MAX, last_used = 0;
  for (size_t i = first; i < last; ++i) {
    if (!UsedAt(page, i)) continue;
    first_used = std::min(first_used, i);
    last_used = i;
    ++contents.cells;
    contents.value_bytes += ValueAt(page, i).size();
    const size_t key_bytes = IsDense(page) ? kInt64KeyBytes : Header(page).prefix_length + slotted::SuffixAt(page, i).size();
    contents.suffix_bytes += key_bytes - prefix;
  }
  if (contents.cells != 0 && IsInt64Tree(page)) {
    std::byte buffer[base::kMaxKeyBytes];
    const int64_t low = Int64Of(KeyAt(page, first_used, buffer));
    const int64_t high = Int64Of(KeyAt(page, last_used, buffer));
    contents.span = static_cast<uint64_t>(high) - static_cast<uint64_t>(low) + 1;
    if (contents.span == 0) contents.span = UINT64_MAX / 4;  // the whole range of int64
  }
  return contents;
}

PageKind BestKind(uint8_t flags, const Contents& contents) {
  if ((flags & kInt64Tree) == 0) return PageKind::kSlottedLeaf;
  return DenseIsBetter(contents) ? PageKind::kDenseLeaf : PageKind::kSlottedLeaf;
}

// Appends indexes [first, last) of `from` to the leaf `to`, which has room for them.
void AppendRange(const std::byte* from, size_t first, size_t last, std::byte* to) {
  if (!IsDense(from) && !IsDense(to)) return slotted::AppendRange(from, first, last, to);
  std::byte buffer[base::kMaxKeyBytes];
  for (size_t i = first; i < last; ++i) {
    if (!UsedAt(from, i)) continue;
    const Bytes key = KeyAt(from, i, buffer);
    if (IsDense(to)) {
      dense::Insert(to, Int64Of(key), ValueAt(from, i), GhostAt(from, i));
    } else {
      slotted::InsertAt(to, PageHead(to).cell_count, key, ValueAt(from, i), GhostAt(from, i));
    }
  }
}

// dense::Insert refuses a span that is not worth it while entries arrive one by one, so the span of a
// rebuilt dense leaf is laid out first.
void LayOutSpan(std::byte* page, int64_t first_key, uint64_t span) {
  TURDB_CHECK_LE(span, kCapacity / sizeof(uint16_t));
  Header(page).dense_base = first_key;
  Header(page).dense_span = static_cast<uint16_t>(span);
}

// Formats `to` and fills it with indexes [first, last) of `from`.
void BuildRange(const std::byte* from, size_t first, size_t last, const Fences& fences, PageNo next, PageKind kind,
                std::byte* to) {
  FormatNode(to, kind, PageHead(from).flags, 0, fences, next);
  if (kind == PageKind::kDenseLeaf) {
    const Contents contents = ContentsOf(from, first, last, 0);
    if (contents.cells != 0) {
      std::byte buffer[base::kMaxKeyBytes];
      size_t i = first;
      while (!UsedAt(from, i)) ++i;
      LayOutSpan(to, Int64Of(KeyAt(from, i, buffer)), contents.span);
    }
  }
  AppendRange(from, first, last, to);
}

// What the leaf would hold with one more entry, all suffixes after its own prefix.
Contents ContentsWith(const std::byte* page, Bytes key, size_t value_size) {
  const size_t prefix = Header(page).prefix_length;
  Contents contents;
  contents.cells = PageHead(page).cell_count;
  const size_t used = UsedBytes(page) - FenceBytes(FencesOf(page));
  if (IsDense(page)) {
    contents.suffix_bytes = contents.cells * (kInt64KeyBytes - prefix);
    contents.value_bytes = used - sizeof(uint16_t) * Header(page).dense_span - dense::kCellHeaderBytes * contents.cells;
  } else {
    TURDB_DCHECK(IsInt64Tree(page));
    contents.suffix_bytes = contents.cells * (kInt64KeyBytes - prefix);
    contents.value_bytes = used - contents.suffix_bytes - (sizeof(Slot) + slotted::kCellHeaderBytes) * contents.cells;
  }
  const int64_t number = Int64Of(key);
  int64_t low = number, high = number;
  if (contents.cells != 0) {
    std::byte buffer[base::kMaxKeyBytes];
    size_t first = 0, last = Limit(page) - 1;
    while (!UsedAt(page, first)) ++first;
    while (!UsedAt(page, last)) --last;
    low = std::min(low, Int64Of(KeyAt(page, first, buffer)));
    high = std::max(high, Int64Of(KeyAt(page, last, buffer)));
  }
  contents.span = static_cast<uint64_t>(high) - static_cast<uint64_t>(low) + 1;
  if (contents.span == 0) contents.span = UINT64_MAX / 4;
  ++contents.cells;
  contents.suffix_bytes += kInt64KeyBytes - prefix;
  contents.value_bytes += value_size;
  return contents;
}

// Whether the leaf of an int64 tree would take the entry in its other form.
bool FitsConverted(const std::byte* page, Bytes key, size_t value_size) {
  const Contents contents = ContentsWith(page, key, value_size);
  const size_t room = kCapacity - FenceBytes(FencesOf(page));
  if (IsDense(page)) return SlottedBytes(contents) <= room;
  return dense::WorthIt(contents.span, contents.cells) && DenseIsBetter(contents) && DenseBytes(contents) <= room;
}

void Convert(std::byte* page) {
  alignas(8) std::byte old[kPageSize];
  std::memcpy(old, page, kPageSize);
  const PageKind kind = IsDense(old) ? PageKind::kSlottedLeaf : PageKind::kDenseLeaf;
  BuildRange(old, 0, Limit(old), FencesOf(old), Header(old).next_leaf, kind, page);
}

bool InsertFitsAsItIs(const std::byte* page, Bytes key, size_t value_size) {
  if (IsDense(page)) return dense::InsertFits(page, Int64Of(key), value_size);
  return slotted::EntryBytes(page, key.size(), value_size) <= TotalFree(page);
}

}  // namespace

int64_t Int64Of(Bytes key) {
  std::byte padded[kInt64KeyBytes] = {};
  std::memcpy(padded, key.data(), std::min(key.size(), kInt64KeyBytes));
  return static_cast<int64_t>(base::LoadBE<uint64_t>(padded) ^ (uint64_t{1} << 63));
}

Position Find(const std::byte* page, Bytes key) {
  if (!IsDense(page)) {
    const slotted::Position at = slotted::Find(page, key);
    return {at.index, at.found};
  }
  TURDB_DCHECK_EQ(key.size(), kInt64KeyBytes);
  const int64_t number = Int64Of(key);
  const NodeHeader& node = Header(page);
  if (node.dense_span == 0 || number < node.dense_base) return {0, false};
  const size_t index = dense::IndexOf(page, number);
  if (index == SIZE_MAX) return {node.dense_span, false};
  return {index, dense::UsedAt(page, index)};
}

size_t LowerBound(const std::byte* page, Bytes bound) {
  if (!IsDense(page)) return slotted::Find(page, bound).index;
  const NodeHeader& node = Header(page);
  const int64_t number = Int64Of(bound);
  if (node.dense_span == 0 || number < node.dense_base) return 0;
  const uint64_t index = static_cast<uint64_t>(number) - static_cast<uint64_t>(node.dense_base);
  // Longer than a key: only keys above its first eight bytes are not below it.
  return std::min<uint64_t>(index + (bound.size() > kInt64KeyBytes ? 1 : 0), node.dense_span);
}

Bytes KeyAt(const std::byte* page, size_t index, std::byte* buffer) {
  if (IsDense(page)) {
    EncodeInt64(dense::KeyAt(page, index), buffer);
    return {buffer, kInt64KeyBytes};
  }
  const Bytes prefix = Prefix(page), suffix = slotted::SuffixAt(page, index);
  TURDB_CHECK_LE(prefix.size() + suffix.size(), base::kMaxKeyBytes);
  if (!prefix.empty()) std::memcpy(buffer, prefix.data(), prefix.size());
  if (!suffix.empty()) std::memcpy(buffer + prefix.size(), suffix.data(), suffix.size());
  return {buffer, prefix.size() + suffix.size()};
}

Fit InsertFit(const std::byte* page, Bytes key, size_t value_size) {
  if (InsertFitsAsItIs(page, key, value_size)) [[likely]]
    return Fit::kAsItIs;
  return IsInt64Tree(page) && FitsConverted(page, key, value_size) ? Fit::kConverted : Fit::kNo;
}

size_t InsertAt(std::byte* page, Fit fit, size_t place, Bytes key, Bytes value, bool ghost) {
  if (fit == Fit::kConverted) {
    Convert(page);
    place = SIZE_MAX;
  }
  if (IsDense(page)) return dense::Insert(page, Int64Of(key), value, ghost);
  if (place == SIZE_MAX) place = slotted::Find(page, key).index;
  slotted::InsertAt(page, place, key, value, ghost);
  return place;
}

size_t Insert(std::byte* page, Bytes key, Bytes value, bool ghost) {
  const Fit fit = InsertFit(page, key, value.size());
  TURDB_CHECK(fit != Fit::kNo);
  size_t place = SIZE_MAX;
  if (!IsDense(page)) {
    const slotted::Position at = slotted::Find(page, key);
    TURDB_CHECK(!at.found);
    place = at.index;
  }
  return InsertAt(page, fit, place, key, value, ghost);
}

bool ReplaceFits(const std::byte* page, size_t index, size_t value_size) {
  return IsDense(page) ? dense::ReplaceFits(page, index, value_size) : slotted::ReplaceFits(page, index, value_size);
}

void Replace(std::byte* page, size_t index, Bytes value) {
  if (IsDense(page)) {
    dense::Replace(page, index, value);
  } else {
    slotted::Replace(page, index, value);
  }
}

void SetGhost(std::byte* page, size_t index, bool ghost) {
  if (IsDense(page)) {
    dense::SetGhost(page, index, ghost);
  } else {
    slotted::SetGhost(page, index, ghost);
  }
}

void RemoveAt(std::byte* page, size_t index) {
  if (IsDense(page)) {
    dense::RemoveAt(page, index);
  } else {
    slotted::RemoveAt(page, index);
  }
}

namespace {

// Bytes of the entry (or hole) at `index`, in the leaf's present form.
size_t CostAt(const std::byte* page, size_t index) {
  if (IsDense(page)) {
    return sizeof(uint16_t) + (dense::UsedAt(page, index) ? dense::kCellHeaderBytes + dense::ValueAt(page, index).size() : 0);
  }
  return sizeof(Slot) + slotted::kCellHeaderBytes + slotted::SuffixAt(page, index).size() +
         slotted::ValueAt(page, index).size();
}

// The index of the last used entry below `index`; SIZE_MAX when there is none.
size_t UsedBelow(const std::byte* page, size_t index) {
  while (index > 0) {
    if (UsedAt(page, --index)) return index;
  }
  return SIZE_MAX;
}
// The first used entry from `index` on; Limit when there is none.
size_t UsedFrom(const std::byte* page, size_t index) {
  while (index < Limit(page) && !UsedAt(page, index)) ++index;
  return index;
}

// A cut: entries below `first_right` stay. `key_goes_left` says where the new entry would go when it
// stands exactly at the cut.
struct Cut {
  size_t first_right = 0;
  bool key_goes_left = false;
};

// The keys on both sides of the cut, the new one included. Lower is absent when nothing stays on the left.
struct Neighbours {
  Bytes below, above;
};
Neighbours NeighboursOf(const std::byte* page, const Cut& cut, size_t place, bool replacing, Bytes key, std::byte* buffer_below,
                        std::byte* buffer_above) {
  const bool at_cut = !replacing && place == cut.first_right;
  Neighbours neighbours;
  if (at_cut && cut.key_goes_left) {
    neighbours.below = key;
  } else if (const size_t below = UsedBelow(page, cut.first_right); below != SIZE_MAX) {
    neighbours.below = KeyAt(page, below, buffer_below);
  }
  if (at_cut && !cut.key_goes_left) {
    neighbours.above = key;
  } else {
    const size_t above = UsedFrom(page, cut.first_right);
    TURDB_CHECK_LT(above, Limit(page));
    neighbours.above = KeyAt(page, above, buffer_above);
  }
  return neighbours;
}

}  // namespace

void PlanSplit(const std::byte* page, Bytes key, size_t value_size, bool replacing, SplitPlan* plan) {
  const size_t limit = Limit(page);
  const Position position = Find(page, key);
  // A hole is a place of its own in a dense leaf; the entries at and above it lie above the new one.
  const size_t place = position.index;
  const Fences fences = FencesOf(page);
  const size_t new_cost =
      value_size + (IsDense(page) ? sizeof(uint16_t) + dense::kCellHeaderBytes : slotted::EntryBytes(page, key.size(), 0));
  size_t existing = 0;
  for (size_t i = 0; i < limit; ++i) existing += CostAt(page, i);
  const size_t total = existing + new_cost;

  std::byte buffer_below[base::kMaxKeyBytes], buffer_above[base::kMaxKeyBytes];
  const bool right_edge = !replacing && !fences.has_upper && UsedFrom(page, place) == limit;
  const bool left_edge = !replacing && fences.lower.empty() && UsedBelow(page, place) == SIZE_MAX;
  bool have_best = false;
  size_t best_score = SIZE_MAX;
  size_t left_existing = 0;
  size_t worst_imbalance = SIZE_MAX;
  const auto consider = [&](const Cut& cut, size_t below_bytes) {
    const bool key_left = place < cut.first_right || (place == cut.first_right && !replacing && cut.key_goes_left);
    const bool right_has_new = !key_left;
    // Something must be on both sides, counting the new entry, or the split would change nothing.
    if (!key_left && UsedBelow(page, cut.first_right) == SIZE_MAX) return;
    if (!right_has_new && UsedFrom(page, cut.first_right) == limit) return;
    const size_t left_bytes = below_bytes + (key_left ? new_cost : 0);
    const size_t right_bytes = total - left_bytes;
    const size_t imbalance = left_bytes > right_bytes ? left_bytes - right_bytes : right_bytes - left_bytes;
    if (imbalance > worst_imbalance) return;
    size_t score = imbalance;
    if (right_edge) score = limit - cut.first_right + (key_left ? 1 : 0);
    if (left_edge && !right_edge) score = cut.first_right + (key_left ? 0 : 1);
    if (have_best && score > best_score + total / 16) return;
    const Neighbours around = NeighboursOf(page, cut, place, replacing, key, buffer_below, buffer_above);
    const Bytes separator = ShortestSeparator(around.below, around.above);
    // The entries that are there must fit beside the new fence; their prefixes can only grow.
    const size_t room = kCapacity - separator.size();
    if (below_bytes + fences.lower.size() > room) return;
    if (existing - below_bytes + fences.upper.size() > room) return;
    // Among cuts of about the same balance the shortest separator wins.
    if (!right_edge && !left_edge) score = imbalance + separator.size() * (total / 256 + 1);
    if (have_best && score >= best_score) return;
    have_best = true;
    best_score = score;
    plan->first_right = cut.first_right;
    plan->separator_size = separator.size();
    std::memcpy(plan->separator_bytes, separator.data(), separator.size());
  };
  if (right_edge) {
    // Nothing stands above the new entry: the further to the right the better, so the first cut that serves is the best.
    left_existing = existing;
    for (size_t i = limit; !have_best; --i) {
      if (i == limit || UsedAt(page, i) || i == place) consider(Cut{i, false}, left_existing);
      if (!have_best && i == place && !position.found) consider(Cut{i, true}, left_existing);
      if (i == 0) break;
      left_existing -= CostAt(page, i - 1);
    }
  } else {
    // Those about the middle first: keys are compared only for them, nearly always.
    for (const size_t bound : {total / 8, SIZE_MAX}) {
      worst_imbalance = left_edge ? SIZE_MAX : bound;
      left_existing = 0;
      for (size_t i = 0; i <= limit; ++i) {
        if (i == place && !replacing && !position.found) consider(Cut{i, true}, left_existing);
        if (i == limit || UsedAt(page, i) || i == place) consider(Cut{i, false}, left_existing);
        if (i < limit) left_existing += CostAt(page, i);
      }
      if (have_best) break;
    }
  }
  TURDB_CHECK(have_best);
}

void BuildRight(const std::byte* page, const SplitPlan& plan, std::byte* right) {
  Fences fences = FencesOf(page);
  fences.lower = plan.separator();
  const size_t prefix = fences.has_upper ? CommonPrefixLength(fences.lower, fences.upper) : 0;
  const Contents contents = ContentsOf(page, plan.first_right, Limit(page), prefix);
  BuildRange(page, plan.first_right, Limit(page), fences, Header(page).next_leaf, BestKind(PageHead(page).flags, contents),
             right);
}

bool TruncateFits(const std::byte* page, size_t first_right, Bytes separator) {
  if (first_right > Limit(page) || !Covers(page, separator) || base::CompareBytes(separator, LowerFence(page)) == 0)
    return false;
  std::byte buffer[base::kMaxKeyBytes];
  const size_t below = UsedBelow(page, first_right), above = UsedFrom(page, first_right);
  if (below != SIZE_MAX && base::CompareBytes(KeyAt(page, below, buffer), separator) >= 0) return false;
  if (above < Limit(page) && base::CompareBytes(KeyAt(page, above, buffer), separator) < 0) return false;
  const Bytes lower = LowerFence(page);
  const Contents contents = ContentsOf(page, 0, first_right, CommonPrefixLength(lower, separator));
  const size_t bytes =
      BestKind(PageHead(page).flags, contents) == PageKind::kDenseLeaf ? DenseBytes(contents) : SlottedBytes(contents);
  return bytes + lower.size() + separator.size() <= kCapacity;
}

void Truncate(std::byte* page, size_t first_right, Bytes separator, PageNo next) {
  if (IsDense(page) && first_right == Limit(page) && !HasUpperFence(page) && dense::AddUpperFence(page, separator)) {
    Header(page).next_leaf = next;
    return;
  }
  alignas(8) std::byte old[kPageSize];
  std::memcpy(old, page, kPageSize);
  Fences fences = FencesOf(old);
  fences.upper = separator;
  fences.has_upper = true;
  const size_t prefix = CommonPrefixLength(fences.lower, fences.upper);
  const Contents contents = ContentsOf(old, 0, first_right, prefix);
  BuildRange(old, 0, first_right, fences, next, BestKind(PageHead(old).flags, contents), page);
}

namespace {

struct MergePlan {
  Fences fences;
  Contents contents;
  PageKind kind;
};
MergePlan PlanMerge(const std::byte* left, const std::byte* right) {
  MergePlan plan;
  plan.fences = FencesOf(left);
  plan.fences.has_upper = HasUpperFence(right);
  plan.fences.upper = plan.fences.has_upper ? UpperFence(right) : Bytes();
  const size_t prefix = plan.fences.has_upper ? CommonPrefixLength(plan.fences.lower, plan.fences.upper) : 0;
  const Contents a = ContentsOf(left, 0, Limit(left), prefix), b = ContentsOf(right, 0, Limit(right), prefix);
  plan.contents = {a.cells + b.cells, a.suffix_bytes + b.suffix_bytes, a.value_bytes + b.value_bytes, a.span + b.span};
  if (a.cells != 0 && b.cells != 0 && IsInt64Tree(left)) {
    std::byte buffer[base::kMaxKeyBytes];
    const uint64_t low = static_cast<uint64_t>(Int64Of(KeyAt(left, UsedFrom(left, 0), buffer)));
    const uint64_t high = static_cast<uint64_t>(Int64Of(KeyAt(right, UsedBelow(right, Limit(right)), buffer)));
    plan.contents.span = high - low + 1;
    if (plan.contents.span == 0) plan.contents.span = UINT64_MAX / 4;
  }
  plan.kind = BestKind(PageHead(left).flags, plan.contents);
  return plan;
}

}  // namespace

size_t MergedBytes(const std::byte* left, const std::byte* right) {
  const MergePlan plan = PlanMerge(left, right);
  return FenceBytes(plan.fences) +
         (plan.kind == PageKind::kDenseLeaf ? DenseBytes(plan.contents) : SlottedBytes(plan.contents));
}

void BuildMerged(const std::byte* left, const std::byte* right, std::byte* merged) {
  const MergePlan plan = PlanMerge(left, right);
  FormatNode(merged, plan.kind, PageHead(left).flags, 0, plan.fences, Header(right).next_leaf);
  if (plan.kind == PageKind::kDenseLeaf && plan.contents.cells != 0) {
    std::byte buffer[base::kMaxKeyBytes];
    const size_t first = UsedFrom(left, 0);
    const Bytes key = first < Limit(left) ? KeyAt(left, first, buffer) : KeyAt(right, UsedFrom(right, 0), buffer);
    LayOutSpan(merged, Int64Of(key), plan.contents.span);
  }
  AppendRange(left, 0, Limit(left), merged);
  AppendRange(right, 0, Limit(right), merged);
}

bool BuildFrom(std::span<const EntryView> entries, uint8_t flags, const Fences& fences, PageNo next_leaf, std::byte* page) {
  const size_t prefix = fences.has_upper ? CommonPrefixLength(fences.lower, fences.upper) : 0;
  Contents contents;
  contents.cells = entries.size();
  for (const EntryView& entry : entries) {
    contents.suffix_bytes += entry.key.size() - prefix;
    contents.value_bytes += entry.value.size();
  }
  PageKind kind = PageKind::kSlottedLeaf;
  if ((flags & kInt64Tree) != 0) {
    if (!entries.empty()) {
      contents.span = static_cast<uint64_t>(Int64Of(entries.back().key)) - static_cast<uint64_t>(Int64Of(entries[0].key)) + 1;
      if (contents.span == 0) contents.span = UINT64_MAX / 4;
    }
    kind = BestKind(flags, contents);
  }
  const size_t bytes = kind == PageKind::kDenseLeaf ? DenseBytes(contents) : SlottedBytes(contents);
  if (bytes + FenceBytes(fences) > kCapacity) return false;
  FormatNode(page, kind, flags, 0, fences, next_leaf);
  if (kind == PageKind::kDenseLeaf && !entries.empty()) LayOutSpan(page, Int64Of(entries[0].key), contents.span);
  for (const EntryView& entry : entries) {
    if (kind == PageKind::kDenseLeaf) {
      dense::Insert(page, Int64Of(entry.key), entry.value, false);
    } else {
      slotted::InsertAt(page, PageHead(page).cell_count, entry.key, entry.value, false);
    }
  }
  return true;
}

void FormatEmpty(std::byte* page, uint8_t flags, const Fences& fences, PageNo next_leaf) {
  FormatNode(page, (flags & kInt64Tree) != 0 ? PageKind::kDenseLeaf : PageKind::kSlottedLeaf, flags, 0, fences, next_leaf);
}

}  // namespace turdb::btree::leaf
