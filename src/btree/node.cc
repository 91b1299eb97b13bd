#include "btree/node.h"

#include "base/common_bytes.h"

namespace turdb::btree {

bool Covers(const std::byte* page, Bytes key) {
  if (base::CompareBytes(key, LowerFence(page)) < 0) return false;
  return !HasUpperFence(page) || base::CompareBytes(key, UpperFence(page)) < 0;
}

size_t CommonPrefixLength(Bytes a, Bytes b) { return base::CommonPrefixBytes(a, b); }

Bytes ShortestSeparator(Bytes left_max, Bytes right_min) {
  TURDB_DCHECK_LT(base::CompareBytes(left_max, right_min), 0);
  // One byte past the common part: there right_min is greater, or left_max has ended.
  return right_min.first(CommonPrefixLength(left_max, right_min) + 1);
}

void FormatNode(std::byte* page, PageKind kind, uint8_t flags, uint8_t level, const Fences& fences, PageNo next_leaf) {
  std::memset(page + kNodeHeaderEnd, 0, kPageSize - kNodeHeaderEnd);
  PageHeader& head = PageHead(page);
  head.kind = kind;
  head.flags = flags;
  head.cell_count = 0;
  NodeHeader& node = Header(page);
  const PageNo first_pending = node.first_pending;
  node = NodeHeader{};
  node.first_pending = first_pending;
  node.next_leaf = next_leaf;
  node.level = level;
  node.heap_begin = static_cast<uint16_t>(kPageSize);
  if (!fences.lower.empty()) {
    node.lower_offset = AllocateCell(page, fences.lower.size());
    node.lower_length = static_cast<uint16_t>(fences.lower.size());
    std::memcpy(page + node.lower_offset, fences.lower.data(), fences.lower.size());
  }
  if (fences.has_upper) {
    TURDB_DCHECK(!fences.upper.empty());  // the empty key is the smallest: nothing is below it
    node.upper_offset = AllocateCell(page, fences.upper.size());
    node.upper_length = static_cast<uint16_t>(fences.upper.size());
    std::memcpy(page + node.upper_offset, fences.upper.data(), fences.upper.size());
    node.prefix_length = static_cast<uint16_t>(CommonPrefixLength(fences.lower, fences.upper));
  }
  // Interior cells are aligned; what this costs counts as used.
  if (kind == PageKind::kInterior) node.heap_begin = static_cast<uint16_t>(node.heap_begin & ~3u);
}

void FreeCell(std::byte* page, size_t offset, size_t size) {
  NodeHeader& node = Header(page);
  TURDB_DCHECK_LE(offset + size, kPageSize);
  if (offset == node.heap_begin) {
    node.heap_begin = static_cast<uint16_t>(node.heap_begin + size);
  } else {
    node.fragmented = static_cast<uint16_t>(node.fragmented + size);
  }
}

namespace {
constexpr size_t kImageHeadBytes = 4;  // kind, flags, cell count
constexpr size_t kImageMinBytes = kImageHeadBytes + sizeof(NodeHeader);
}  // namespace

std::array<Bytes, 3> NodeImageParts(const std::byte* page) {
  const size_t low_end = LowEnd(page), heap_begin = Header(page).heap_begin;
  return {Bytes(page + offsetof(PageHeader, kind), kImageHeadBytes),
          Bytes(page + storage::kPageHeaderBytes, low_end - storage::kPageHeaderBytes),
          Bytes(page + heap_begin, kPageSize - heap_begin)};
}

bool NodeImageIsSound(Bytes payload) {
  if (payload.size() < kImageMinBytes || payload.size() > kPageSize) return false;
  alignas(8) std::byte head[kNodeHeaderEnd] = {};
  std::memcpy(head + offsetof(PageHeader, kind), payload.data(), kImageHeadBytes);
  std::memcpy(head + storage::kPageHeaderBytes, payload.data() + kImageHeadBytes, sizeof(NodeHeader));
  const size_t low_end = LowEnd(head), heap_begin = Header(head).heap_begin;
  return IsNode(head) && low_end <= heap_begin && heap_begin <= kPageSize &&
         payload.size() == kImageHeadBytes + (low_end - storage::kPageHeaderBytes) + (kPageSize - heap_begin);
}

void ApplyNodeImage(std::byte* page, Bytes payload) {
  TURDB_CHECK(NodeImageIsSound(payload));
  std::memcpy(page + offsetof(PageHeader, kind), payload.data(), kImageHeadBytes);
  std::memcpy(&Header(page), payload.data() + kImageHeadBytes, sizeof(NodeHeader));
  const size_t low_end = LowEnd(page), heap_begin = Header(page).heap_begin;
  const size_t low_bytes = low_end - storage::kPageHeaderBytes;
  std::memcpy(page + storage::kPageHeaderBytes, payload.data() + kImageHeadBytes, low_bytes);
  std::memset(page + low_end, 0, heap_begin - low_end);
  std::memcpy(page + heap_begin, payload.data() + kImageHeadBytes + low_bytes, kPageSize - heap_begin);
}

void CopyNodeRelaxed(std::byte* to, const std::byte* from) {
  // Kind, flags and count share a word with the CRC, which nobody reads while the page is in memory.
  for (size_t at = 0; at < kPageSize; at += sizeof(uint64_t)) {
    if (at == offsetof(PageHeader, lsn)) continue;
    uint64_t word;
    std::memcpy(&word, from + at, sizeof(word));
    std::atomic_ref<uint64_t>(*reinterpret_cast<uint64_t*>(to + at)).store(word, std::memory_order_relaxed);
  }
}

}  // namespace turdb::btree
