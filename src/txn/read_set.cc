#include "txn/read_set.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/limits.h"

namespace turdb::txn {

namespace {

constexpr size_t kFirstBytes = 1024;

// Whether an upper bound is not below another one.
bool EndsAtOrAfter(Bytes upper, Bytes other) {
  return upper.empty() || (!other.empty() && base::CompareBytes(upper, other) >= 0);
}

}  // namespace

KeyRange ReadSet::RangeAt(std::string_view ranges, size_t offset, size_t* next) {
  const std::byte* const at = base::AsBytes(ranges).data() + offset;
  const size_t lower_size = base::LoadLE<uint16_t>(at), upper_size = base::LoadLE<uint16_t>(at + 2);
  *next = offset + kHeaderBytes + lower_size + upper_size;
  return KeyRange{Bytes(at + kHeaderBytes, lower_size), Bytes(at + kHeaderBytes + lower_size, upper_size)};
}

void ReadSet::Append(const KeyRange& range, std::string* out) {
  std::byte header[kHeaderBytes];
  base::StoreLE(header, static_cast<uint16_t>(range.lower.size()));
  base::StoreLE(header + 2, static_cast<uint16_t>(range.upper.size()));
  out->append(base::AsText(Bytes(header)));
  out->append(base::AsText(range.lower));
  out->append(base::AsText(range.upper));
}

ReadSet::SourceReads& ReadSet::ReadsOf(ReadSource& source) {
  for (size_t i = sources_.size(); i > 0; --i) {
    if (sources_[i - 1].source == &source) return sources_[i - 1];
  }
  return sources_.emplace_back(SourceReads{&source, {}, 0, false, base::MemoryReservation(budget_)});
}

void ReadSet::AddKey(ReadSource& source, Bytes key) {
  TURDB_CHECK_LE(key.size(), base::kMaxKeyBytes);
  std::byte after[base::kMaxKeyBytes + 1];
  if (!key.empty()) std::memcpy(after, key.data(), key.size());
  after[key.size()] = std::byte{0};
  AddRange(source, KeyRange{key, Bytes(after, key.size() + 1)});
}

void ReadSet::AddRange(ReadSource& source, const KeyRange& range) {
  std::lock_guard lock(mu_);
  SourceReads& reads = ReadsOf(source);
  if (reads.everything || !MakeRoom(reads, kHeaderBytes + range.lower.size() + range.upper.size())) return;
  if (!reads.ranges.empty()) {
    size_t end = 0;
    const KeyRange last = RangeAt(reads.ranges, reads.last, &end);
    const bool inside = base::CompareBytes(last.lower, range.lower) <= 0 && EndsAtOrAfter(last.upper, range.upper);
    if (inside) return;
    if (!last.upper.empty() && base::CompareBytes(last.upper, range.lower) == 0) {
      reads.ranges.erase(reads.ranges.size() - last.upper.size());
      base::StoreLE(reads.ranges.data() + reads.last + 2, static_cast<uint16_t>(range.upper.size()));
      reads.ranges.append(base::AsText(range.upper));
      return;
    }
  }
  reads.last = reads.ranges.size();
  Append(range, &reads.ranges);
}

bool ReadSet::MakeRoom(SourceReads& reads, size_t size_bytes) {
  if (reads.ranges.size() + size_bytes <= reads.ranges.capacity() && reads.memory.bytes() != 0) return true;
  const size_t held = static_cast<size_t>(reads.memory.bytes());
  const size_t wanted = std::max({kFirstBytes, 2 * held, reads.ranges.size() + size_bytes});
  if (wanted <= kMaxSourceBytes && reads.memory.TryGrow(static_cast<int64_t>(wanted - held))) {
    reads.ranges.reserve(wanted);
    return true;
  }
  if (Coarsen(reads) && reads.ranges.size() + size_bytes <= reads.ranges.capacity()) return true;
  TakeEverything(reads);
  return false;
}

// What is read in one go, or is equal, becomes one; with a group of n, every n neighbours do as well.
std::string ReadSet::Merged(std::string_view ranges, const std::vector<uint32_t>& sorted, size_t group) {
  std::string merged;
  KeyRange now;
  size_t members = 0, unused = 0;
  for (const uint32_t offset : sorted) {
    const KeyRange next = RangeAt(ranges, offset, &unused);
    const bool touches = members != 0 && (now.upper.empty() || base::CompareBytes(now.upper, next.lower) >= 0);
    if (members != 0 && (touches || members < group)) {
      if (EndsAtOrAfter(next.upper, now.upper)) now.upper = next.upper;
      members += static_cast<size_t>(!touches);
      continue;
    }
    if (members != 0) Append(now, &merged);
    now = next;
    members = 1;
  }
  if (members != 0) Append(now, &merged);
  return merged;
}

// Half of what there was, or less. False: there is no memory to do it with.
bool ReadSet::Coarsen(SourceReads& reads) {
  std::string& ranges = reads.ranges;
  base::MemoryReservation work(budget_);
  // The sorted offsets, and twice the ranges: a string that grows holds two of itself.
  if (ranges.empty() || !work.TryGrow(static_cast<int64_t>(3 * ranges.capacity()))) return false;
  std::vector<uint32_t> sorted;
  sorted.reserve(ranges.size() / kHeaderBytes / 2);
  for (size_t at = 0, next = 0; at < ranges.size(); at = next) {
    RangeAt(ranges, at, &next);
    sorted.push_back(static_cast<uint32_t>(at));
  }
  std::sort(sorted.begin(), sorted.end(), [&](uint32_t a, uint32_t b) {
    size_t unused = 0;
    return base::CompareBytes(RangeAt(ranges, a, &unused).lower, RangeAt(ranges, b, &unused).lower) < 0;
  });
  std::string merged = Merged(ranges, sorted, 1);
  for (size_t group = 2; merged.size() > ranges.capacity() / 2 && group <= 2 * sorted.size(); group *= 2) {
    merged = Merged(ranges, sorted, group);
  }
  ranges.assign(merged);  // into its own memory
  reads.last = 0;
  for (size_t at = 0; at < ranges.size(); RangeAt(ranges, at, &at)) reads.last = at;
  return true;
}

void ReadSet::TakeEverything(SourceReads& reads) {
  reads.everything = true;
  reads.ranges = std::string();
  reads.memory.Reset();
}

base::StatusOr<Timestamp> ReadSet::FindNewerCommit(const View& view) {
  std::lock_guard lock(mu_);
  for (SourceReads& reads : sources_) {
    if (reads.everything) {
      TURDB_ASSIGN_OR_RETURN(const Timestamp ts, reads.source->NewerCommitIn(view, KeyRange{}));
      if (ts != 0) return ts;
    }
    for (size_t at = 0; at < reads.ranges.size();) {
      const KeyRange range = RangeAt(reads.ranges, at, &at);
      TURDB_ASSIGN_OR_RETURN(const Timestamp ts, reads.source->NewerCommitIn(view, range));
      if (ts != 0) return ts;
    }
  }
  return Timestamp{0};
}

void ReadSet::Clear() {
  std::lock_guard lock(mu_);
  sources_.clear();
}

size_t ReadSet::range_count() const {
  std::lock_guard lock(mu_);
  size_t count = 0;
  for (const SourceReads& reads : sources_) {
    count += static_cast<size_t>(reads.everything);
    for (size_t at = 0; at < reads.ranges.size(); RangeAt(reads.ranges, at, &at)) ++count;
  }
  return count;
}

int64_t ReadSet::reserved_bytes() const {
  std::lock_guard lock(mu_);
  int64_t bytes = 0;
  for (const SourceReads& reads : sources_) bytes += reads.memory.bytes();
  return bytes;
}

}  // namespace turdb::txn
