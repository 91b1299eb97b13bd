#include "exec/group_table.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/prefetch.h"
#include "exec/pipeline.h"

namespace turdb::exec {

using vec::Rows;
using vec::SelIndex;

GroupTable::GroupTable(std::span<const vec::Type> key_types, size_t extra_bytes, uint32_t capacity, base::MemoryBudget* budget)
    : rows_(RowLayout(key_types, kHeaderBytes + extra_bytes, 16), budget, kHeadroom),
      reserved_(*budget),
      hashes_(capacity),
      slots_(capacity),
      open_(capacity),
      compare_(capacity),
      mismatch_(capacity),
      fresh_rows_(capacity),
      fresh_records_(capacity) {
  fresh_.reserve(capacity);
}

uint64_t GroupTable::HashOf(const RowLayout& layout, const std::byte* record) {
  uint64_t hash;
  std::memcpy(&hash, record + layout.extra_offset(), sizeof(hash));
  return hash;
}

void GroupTable::Reset() {
  rows_.Reset(kKeepBytes);
  if (entries_.size_bytes() > kKeepBytes) {
    entries_ = WordArray();
    reserved_.Reset();
  }
  std::fill(entries_.begin(), entries_.end(), 0);
  sealed_rows_ = 0;
  part_sizes_.fill(0);
  full_ = false;
}

void GroupTable::Seal() {
  std::fill(entries_.begin(), entries_.end(), 0);
  sealed_rows_ = rows_.size();
}

bool GroupTable::Grow() {
  const size_t size = std::max(kFirstEntries, entries_.size() * 2);
  const double headroom = size * sizeof(uint64_t) <= kKeepBytes ? 0 : kHeadroom;
  if (!TryGrowLeaving(reserved_, static_cast<int64_t>(size * sizeof(uint64_t)), headroom)) return false;
  WordArray old = std::exchange(entries_, WordArray(size));
  const uint64_t mask = size - 1;
  const auto hash_of = [&](uint64_t entry) {
    return reinterpret_cast<const std::byte*>(entry & kPointerMask) + layout().extra_offset();
  };
  for (size_t i = 0; i < old.size(); ++i) {
    // The records lie anywhere: each is asked for well before its turn.
    if (i + kLookAhead < old.size() && old[i + kLookAhead] != 0) base::PrefetchLine(hash_of(old[i + kLookAhead]));
    const uint64_t entry = old[i];
    if (entry == 0) continue;
    uint64_t slot = HashOf(layout(), reinterpret_cast<const std::byte*>(entry & kPointerMask)) & mask;
    while (entries_[slot] != 0) slot = (slot + 1) & mask;
    entries_[slot] = entry;
  }
  reserved_.Shrink(static_cast<int64_t>(old.size_bytes()));
  return true;
}

// A record for the key of `position`. Keys without strings are filled by the caller, a batch at a time. Null, and the
// table is full, when the budget refuses.
std::byte* GroupTable::NewRecord(Columns keys, Rows rows, uint32_t position) {
  std::byte* record = full_ ? nullptr : rows_.TryAllocateRow();
  if (record != nullptr && layout().has_strings()) {
    const SelIndex row = rows[position];
    if (!rows_.Fill(keys, Rows{&row, 1}, &record)) {
      rows_.RemoveLastRow();
      record = nullptr;
    }
  }
  if (record == nullptr) {
    full_ = true;
    return nullptr;
  }
  TURDB_DCHECK((reinterpret_cast<uint64_t>(record) & ~kPointerMask) == 0);
  std::memcpy(record + layout().extra_offset(), &hashes_[position], sizeof(uint64_t));
  ++part_sizes_[PartOf(hashes_[position])];
  return record;
}

template <bool kInsert>
void GroupTable::Lookup(Columns keys, Rows rows, std::byte** records, std::vector<uint32_t>* created) {
  HashColumns(keys, rows, hashes_.data());
  if (kInsert && !full_) {
    // At most half full after this batch, whatever it holds, so that probing needs no check for room.
    while ((unsealed() + rows.count) * 2 > entries_.size() && Grow()) {
    }
  }
  if (entries_.empty()) {
    full_ = full_ || kInsert;
    std::fill_n(records, rows.count, nullptr);
    return;
  }
  const uint64_t mask = entries_.size() - 1;
  uint32_t open_count = rows.count;
  for (uint32_t i = 0; i < rows.count; ++i) {
    open_[i] = i;
    slots_[i] = hashes_[i] & mask;
  }
  while (open_count != 0) {
    uint32_t compare_count = 0, mismatch_count = 0;
    fresh_.clear();
    for (uint32_t k = 0; k < open_count; ++k) {
      const uint32_t i = open_[k];
      const uint64_t tag = hashes_[i] & ~kPointerMask;
      uint64_t slot = slots_[i];
      while (entries_[slot] != 0 && (entries_[slot] & ~kPointerMask) != tag) slot = (slot + 1) & mask;
      slots_[i] = slot;
      if (entries_[slot] != 0) {
        records[i] = reinterpret_cast<std::byte*>(entries_[slot] & kPointerMask);
        compare_[compare_count++] = i;
        continue;
      }
      records[i] = nullptr;
      if constexpr (kInsert) {
        // One entry stays free for ever, or a search for a missing key would not end.
        if (unsealed() + 1 >= entries_.size()) full_ = true;
        records[i] = NewRecord(keys, rows, i);
        if (records[i] == nullptr) continue;
        entries_[slot] = tag | reinterpret_cast<uint64_t>(records[i]);
        fresh_.push_back(i);
      }
    }
    if constexpr (kInsert) FillFresh(keys, rows, records, created);
    KeepEqual(keys, rows, layout(), records, compare_.data(), compare_count, mismatch_.data(), &mismatch_count);
    for (uint32_t k = 0; k < mismatch_count; ++k) slots_[mismatch_[k]] = (slots_[mismatch_[k]] + 1) & mask;
    open_.swap(mismatch_);
    open_count = mismatch_count;
  }
}

void GroupTable::FillFresh(Columns keys, Rows rows, std::byte* const* records, std::vector<uint32_t>* created) {
  if (fresh_.empty()) return;
  if (!layout().has_strings()) {
    for (uint32_t k = 0; k < fresh_.size(); ++k) {
      fresh_rows_[k] = rows[fresh_[k]];
      fresh_records_[k] = records[fresh_[k]];
    }
    // Nothing to allocate without strings, so this cannot fail.
    const bool filled = rows_.Fill(keys, Rows{fresh_rows_.data(), static_cast<uint32_t>(fresh_.size())}, fresh_records_.data());
    TURDB_CHECK(filled);
  }
  if (created != nullptr) created->insert(created->end(), fresh_.begin(), fresh_.end());
}

void GroupTable::FindOrInsert(Columns keys, Rows rows, std::byte** records, std::vector<uint32_t>* created) {
  Lookup<true>(keys, rows, records, created);
}

void GroupTable::Find(Columns keys, Rows rows, std::byte** records) { Lookup<false>(keys, rows, records, nullptr); }

}  // namespace turdb::exec
