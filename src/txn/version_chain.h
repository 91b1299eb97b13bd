// The parts of a version table. Private to the room.
#ifndef TURDB_TXN_VERSION_CHAIN_H_
#define TURDB_TXN_VERSION_CHAIN_H_

#include <cstring>

#include "base/bytes.h"
#include "base/check.h"
#include "txn/delta.h"
#include "txn/version_memory.h"
#include "txn/version_table.h"

namespace turdb::txn {

// memcmp order. Keys of integers have eight bytes, and are most keys.
inline int CompareRunKeys(Bytes a, Bytes b) {
  if (a.size() == 8 && b.size() == 8) {
    const uint64_t x = base::LoadBE<uint64_t>(a.data()), y = base::LoadBE<uint64_t>(b.data());
    return x < y ? -1 : static_cast<int>(x > y);
  }
  return base::CompareBytes(a, b);
}

// A key that a run owns. Short ones lie inside.
class KeyBuffer {
 public:
  KeyBuffer() = default;
  KeyBuffer(const KeyBuffer&) = delete;
  KeyBuffer& operator=(const KeyBuffer&) = delete;

  Bytes key() const { return {capacity_ == kInlineBytes ? inline_ : external_, size_}; }
  void Set(Bytes key, DeltaSlabs& slabs) {
    if (key.size() > capacity_) {
      Clear(slabs);
      const size_t bytes = DeltaSlabs::ClassBytes(DeltaSlabs::ClassOf(key.size()));
      external_ = static_cast<std::byte*>(slabs.Allocate(bytes));
      capacity_ = static_cast<uint16_t>(bytes);
    }
    size_ = static_cast<uint16_t>(key.size());
    if (key.size() == 8 && capacity_ == kInlineBytes) {
      std::memcpy(inline_, key.data(), 8);
    } else if (!key.empty()) {
      std::memmove(capacity_ == kInlineBytes ? inline_ : external_, key.data(), key.size());
    }
  }
  void Clear(DeltaSlabs& slabs) {
    if (capacity_ != kInlineBytes) slabs.Free(external_, capacity_);
    capacity_ = kInlineBytes;
    size_ = 0;
  }

 private:
  static constexpr uint16_t kInlineBytes = 16;
  uint16_t size_ = 0;
  uint16_t capacity_ = kInlineBytes;
  union {
    std::byte inline_[kInlineBytes] = {};
    std::byte* external_;
  };
};

// The chain of one key. The key's bytes follow.
struct VersionTable::Entry {
  Entry* next;  // in its bucket
  Delta* head;  // null: nothing to tell, and the entry is here because a run around it must not speak for it
  uint32_t hash;
  uint16_t key_size;

  Bytes key() const { return {reinterpret_cast<const std::byte*>(this + 1), key_size}; }
};

// Every key in [lower, upper] (or [lower, upper) ) that has a slot and no entry was changed in the same
// way by `word`: by statement `settled` below tail_lower, by statement `tail` from there on.
struct VersionTable::Run {
  Run* next = nullptr;  // ascending, disjoint
  CommitWord* word = nullptr;
  StatementNo settled = 0;
  StatementNo tail = 0;
  DeltaKind kind = DeltaKind::kInsert;
  bool upper_inclusive = true;
  bool ordered = true;  // every push extended it upwards, so undo takes keys away from its upper end
  KeyBuffer lower, tail_lower, upper;

  bool EndsBefore(Bytes key) const {
    const int order = CompareRunKeys(key, upper.key());
    return order > 0 || (order == 0 && !upper_inclusive);
  }
  bool Contains(Bytes key) const { return !EndsBefore(key) && CompareRunKeys(key, lower.key()) >= 0; }
  StatementNo StatementOf(Bytes key) const { return CompareRunKeys(key, tail_lower.key()) < 0 ? settled : tail; }
  bool HasSettledPart() const { return base::CompareBytes(lower.key(), tail_lower.key()) < 0; }
};

// memcmp order of a key in two pieces and one in one.
inline int CompareKeys(SplitKey a, Bytes b) {
  if (a.prefix.empty()) return CompareRunKeys(a.suffix, b);
  const size_t common = std::min(a.prefix.size(), b.size());
  if (const int order = common == 0 ? 0 : std::memcmp(a.prefix.data(), b.data(), common); order != 0) return order;
  if (a.prefix.size() > b.size()) return 1;
  return base::CompareBytes(a.suffix, b.subspan(common));
}

inline uint32_t HashKey(Bytes key) {
  constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15u;
  uint64_t hash = key.size() * kMultiplier;
  size_t at = 0;
  for (; at + 8 <= key.size(); at += 8) {
    uint64_t chunk;
    std::memcpy(&chunk, key.data() + at, 8);
    hash = (hash ^ chunk) * kMultiplier;
    hash ^= hash >> 32;
  }
  if (at < key.size()) {
    uint64_t chunk = 0;
    std::memcpy(&chunk, key.data() + at, key.size() - at);
    hash = (hash ^ chunk) * kMultiplier;
    hash ^= hash >> 32;
  }
  // Integer keys of one page differ in their last bytes only, which so far moved the upper bits alone.
  return static_cast<uint32_t>((hash * kMultiplier) >> 32);
}

}  // namespace turdb::txn

#endif  // TURDB_TXN_VERSION_CHAIN_H_
