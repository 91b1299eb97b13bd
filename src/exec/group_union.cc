#include "exec/group_union.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

#include "base/check.h"
#include "base/prefetch.h"
#include "exec/vector_operations.h"

namespace turdb::exec {

bool GroupParts::Fill(const RowStore& rows, std::span<const uint32_t> sizes) {
  TURDB_DCHECK_EQ(sizes.size(), ends_.size());
  Reset();
  const size_t bytes = rows.size() * 2 * sizeof(uint64_t);
  if (!TryGrowLeaving(reserved_, static_cast<int64_t>(bytes), kHeadroom)) return false;
  words_ = WordArray(rows.size() * 2);
  std::array<size_t, GroupTable::kParts> next;
  std::inclusive_scan(sizes.begin(), sizes.end(), ends_.begin(), std::plus<>(), size_t{0});
  for (size_t p = 0; p < next.size(); ++p) next[p] = begin(p);
  std::array<std::byte*, 256> records;
  RowStore::Position position;
  while (const uint32_t count = rows.Scan(&position, static_cast<uint32_t>(records.size()), records.data())) {
    for (uint32_t i = 0; i < count; ++i) {
      const uint64_t hash = GroupTable::HashOf(rows.layout(), records[i]);
      const size_t at = next[GroupTable::PartOf(hash)]++;
      words_[at * 2] = hash;
      words_[at * 2 + 1] = reinterpret_cast<uint64_t>(records[i]);
    }
  }
  TURDB_CHECK_EQ(next.back(), ends_.back());
  return true;
}

void GroupParts::Reset() {
  words_ = WordArray();
  reserved_.Reset();
  ends_.fill(0);
}

namespace {

bool IsBitwise(const RowLayout& layout) {
  if (layout.has_strings()) return false;
  for (size_t c = 0; c < layout.column_count(); ++c) {
    if (!IsBitwiseComparable(layout.type(c))) return false;
  }
  return true;
}

std::vector<vec::Type> TypesOf(const RowLayout& layout) {
  std::vector<vec::Type> types;
  for (size_t c = 0; c < layout.column_count(); ++c) types.push_back(layout.type(c));
  return types;
}

}  // namespace

GroupUnion::GroupUnion(const RowLayout& layout, uint32_t capacity, base::MemoryBudget* budget)
    : layout_(layout),
      bitwise_(IsBitwise(layout)),
      reserved_(*budget),
      slots_(capacity),
      open_(capacity),
      compare_(capacity),
      equal_(capacity),
      differing_(capacity),
      from_(capacity),
      to_(capacity),
      keys_(TypesOf(layout), capacity, budget) {}

bool GroupUnion::Start(size_t count) {
  const size_t size = std::max<size_t>(64, std::bit_ceil(count * 2));
  if (size > entries_.size()) {
    entries_ = WordArray();
    reserved_.Reset();
    if (!TryGrowLeaving(reserved_, static_cast<int64_t>(size * sizeof(uint64_t)), kHeadroom)) return false;
    entries_ = WordArray(size);
  } else {
    std::fill_n(entries_.begin(), size, 0);
  }
  mask_ = size - 1;
  return true;
}

void GroupUnion::Add(const uint64_t* hashes, std::byte* const* records, uint32_t count, std::byte** into) {
  constexpr uint64_t kTagMask = ~GroupTable::kPointerMask;
  uint32_t open_count = count;
  for (uint32_t i = 0; i < count; ++i) {
    open_[i] = i;
    slots_[i] = hashes[i] & mask_;
  }
  while (open_count != 0) {
    uint32_t compare_count = 0;
    for (uint32_t k = 0; k < open_count; ++k) {
      const uint32_t i = open_[k];
      const uint64_t tag = hashes[i] & kTagMask;
      uint64_t slot = slots_[i];
      while (entries_[slot] != 0 && (entries_[slot] & kTagMask) != tag) slot = (slot + 1) & mask_;
      slots_[i] = slot;
      if (entries_[slot] == 0) {
        entries_[slot] = tag | reinterpret_cast<uint64_t>(records[i]);
        into[i] = records[i];
        continue;
      }
      into[i] = reinterpret_cast<std::byte*>(entries_[slot] & GroupTable::kPointerMask);
      // Both were written long ago.
      base::PrefetchLine(into[i]);
      base::PrefetchLine(records[i]);
      compare_[compare_count++] = i;
    }
    open_count = 0;
    const uint32_t differing = Differing(records, into, compare_count);
    for (uint32_t k = 0; k < differing; ++k) {
      const uint32_t i = compare_[differing_[k]];
      slots_[i] = (slots_[i] + 1) & mask_;
      open_[open_count++] = i;
    }
  }
}

uint32_t GroupUnion::Differing(std::byte* const* records, std::byte* const* into, uint32_t count) {
  uint32_t differing = 0;
  if (bitwise_) {
    for (uint32_t k = 0; k < count; ++k) {
      const uint32_t i = compare_[k];
      if (std::memcmp(records[i], into[i], layout_.extra_offset()) != 0) differing_[differing++] = k;
    }
    return differing;
  }
  if (count == 0) return 0;
  for (uint32_t k = 0; k < count; ++k) {
    from_[k] = records[compare_[k]];
    to_[k] = into[compare_[k]];
    equal_[k] = k;
  }
  keys_.Reset();
  columns_.clear();
  for (size_t c = 0; c < layout_.column_count(); ++c) {
    RowStore::Gather(layout_, c, from_.data(), count, &keys_.column(c));
    columns_.push_back(&keys_.column(c));
  }
  KeepEqual(columns_, vec::Rows::All(count), layout_, to_.data(), equal_.data(), count, differing_.data(), &differing);
  return differing;
}

}  // namespace turdb::exec
