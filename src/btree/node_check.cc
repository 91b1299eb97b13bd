#include "btree/node_check.h"

#include <algorithm>
#include <array>

#include "btree/dense_node.h"
#include "btree/interior_node.h"
#include "btree/node.h"
#include "btree/overflow_page.h"
#include "btree/slotted_node.h"

namespace turdb::btree {

namespace {

constexpr size_t kInt64KeyBytes = 8;

// Which bytes of the heap belong to something, and how many.
class HeapMap {
 public:
  explicit HeapMap(const std::byte* page) : begin_(Header(page).heap_begin) {}

  // False: the range leaves the heap, or meets one that was taken before.
  bool Take(size_t offset, size_t size) {
    if (offset < begin_ || offset + size > kPageSize) return false;
    taken_ += size;
    for (size_t at = offset, end = offset + size; at < end;) {
      const size_t bit = at % 64, count = std::min(end - at, 64 - bit);
      const uint64_t mask = (count == 64 ? UINT64_MAX : (uint64_t{1} << count) - 1) << bit;
      uint64_t& word = words_[at / 64];
      if ((word & mask) != 0) return false;
      word |= mask;
      at += count;
    }
    return true;
  }
  size_t taken() const { return taken_; }

 private:
  const size_t begin_;
  size_t taken_ = 0;
  std::array<uint64_t, kPageSize / 64> words_{};
};

const char* FaultOfHeader(const std::byte* page, HeapMap* heap) {
  const NodeHeader& node = Header(page);
  if ((node.level == 0) != IsLeaf(page)) return "(3) the level does not go with the kind";
  if (LowEnd(page) > node.heap_begin || node.heap_begin > kPageSize) return "(4) the slots run into the cells";
  if (node.lower_length > base::kMaxKeyBytes || node.upper_length > base::kMaxKeyBytes) return "(5) a fence is too long";
  if ((node.upper_offset == 0) != (node.upper_length == 0)) return "(5) half an upper fence";
  if (node.lower_length != 0 && !heap->Take(node.lower_offset, node.lower_length)) return "(4) a fence lies outside the heap";
  if (node.upper_offset != 0 && !heap->Take(node.upper_offset, node.upper_length)) return "(4) a fence lies outside the heap";
  if (node.lower_length == 0 && size_t{node.lower_offset} > kPageSize) return "(4) a fence lies outside the heap";
  if (HasUpperFence(page) && base::CompareBytes(LowerFence(page), UpperFence(page)) >= 0) return "(5) the fences are crossed";
  const size_t prefix = HasUpperFence(page) ? CommonPrefixLength(LowerFence(page), UpperFence(page)) : 0;
  if (node.prefix_length != prefix) return "(6) the prefix length is not that of the fences";
  return nullptr;
}

const char* FaultOfSpace(const std::byte* page, size_t in_heap) {
  return in_heap + Header(page).fragmented == kPageSize - Header(page).heap_begin ? nullptr
                                                                                  : "(4) the unused bytes are miscounted";
}

// Suffixes ascend strictly and lie between the fences: the first and the last one tell for all.
class Order {
 public:
  explicit Order(const std::byte* page) : page_(page), prefix_(Prefix(page)) {}

  const char* Add(const Slot& slot, Bytes suffix) {
    if (slot.hint != HintOf(suffix)) return "(7) a hint is not its key's";
    if (any_) {
      // Most neighbours differ in their hints already.
      if (slot.hint < last_hint_ || (slot.hint == last_hint_ && base::CompareBytes(last_, suffix) >= 0)) {
        return "(8) a key is out of order";
      }
    } else if (base::CompareBytes(LowerFence(page_).subspan(prefix_.size()), suffix) > 0) {
      return "(5) a key lies outside the fences";
    }
    any_ = true;
    last_ = suffix;
    last_hint_ = slot.hint;
    return nullptr;
  }
  const char* End() const {
    if (!any_ || !HasUpperFence(page_)) return nullptr;
    return base::CompareBytes(last_, UpperFence(page_).subspan(prefix_.size())) < 0 ? nullptr
                                                                                    : "(5) a key lies outside the fences";
  }

 private:
  const std::byte* page_;
  const Bytes prefix_;
  bool any_ = false;
  Bytes last_;
  uint32_t last_hint_ = 0;
};

const char* FaultOfSlottedLeaf(const std::byte* page, HeapMap* heap) {
  const size_t count = PageHead(page).cell_count, prefix = Header(page).prefix_length;
  Order order(page);
  for (size_t i = 0; i < count; ++i) {
    const Slot& slot = Slots(page)[i];
    const size_t suffix = slot.suffix_length();
    if (slot.offset + slotted::kCellHeaderBytes + suffix > kPageSize) return "(4) a cell lies outside the heap";
    if (IsInt64Tree(page) ? prefix + suffix != kInt64KeyBytes : prefix + suffix > base::kMaxKeyBytes) {
      return "(2) a key has a length that it cannot have";
    }
    const size_t value = base::LoadLE<uint16_t>(page + slot.offset);
    if (value > base::kMaxValueBytes) return "(4) a value is too long";
    if (!heap->Take(slot.offset, slotted::kCellHeaderBytes + suffix + value)) return "(4) a cell lies outside the heap";
    if (const char* fault = order.Add(slot, slotted::SuffixAt(page, i))) return fault;
  }
  if (const char* fault = order.End()) return fault;
  return FaultOfSpace(page, heap->taken());
}

const char* FaultOfDenseLeaf(const std::byte* page, HeapMap* heap) {
  const NodeHeader& node = Header(page);
  const size_t span = node.dense_span;
  if (!IsInt64Tree(page)) return "(2) a dense leaf in a tree of byte strings";
  if (span != 0 && node.dense_base > INT64_MAX - static_cast<int64_t>(span - 1)) return "(9) places beyond the last int64";
  size_t cells = 0, first = span, last = 0;
  for (size_t i = 0; i < span; ++i) {
    const size_t offset = dense::Offsets(page)[i];
    if (offset == 0) continue;
    if (cells++ == 0) first = i;
    last = i;
    if (offset + dense::kCellHeaderBytes > kPageSize) return "(4) a cell lies outside the heap";
    const size_t value = dense::ValueAt(page, i).size();
    if (value > base::kMaxValueBytes) return "(4) a value is too long";
    if (!heap->Take(offset, dense::kCellHeaderBytes + value)) return "(4) a cell lies outside the heap";
  }
  if (cells != PageHead(page).cell_count) return "(9) the cell count is not the number of cells";
  if (span != 0 && (cells == 0 || last != span - 1)) return "(9) the offset array ends in a hole";
  for (const size_t i : {first, last}) {
    if (cells == 0) break;
    std::byte key[kInt64KeyBytes];
    base::StoreBE(key, static_cast<uint64_t>(dense::KeyAt(page, i)) ^ (uint64_t{1} << 63));
    if (!Covers(page, Bytes(key))) return "(5) a key lies outside the fences";
  }
  return FaultOfSpace(page, heap->taken());
}

const char* FaultOfInterior(const std::byte* page, HeapMap* heap) {
  const size_t count = PageHead(page).cell_count, prefix = Header(page).prefix_length;
  if (Header(page).heap_begin % 4 != 0) return "(4) the heap of an interior node is not aligned";
  if (Header(page).next_leaf != base::kNoPage) return "(11) an interior node with a next leaf";
  if (Header(page).rightmost_child == base::kNoPage) return "(10) a child is missing";
  const size_t aligned_fences = (heap->taken() + 3) & ~size_t{3};
  size_t in_heap = aligned_fences;
  Order order(page);
  for (size_t i = 0; i < count; ++i) {
    const Slot& slot = Slots(page)[i];
    const size_t size = interior::AlignedCellBytes(slot.suffix_length());
    if (slot.ghost() || slot.offset % 4 != 0) return "(4) a separator's slot is malformed";
    if (prefix + slot.suffix_length() > (IsInt64Tree(page) ? kInt64KeyBytes : base::kMaxKeyBytes)) {
      return "(2) a key has a length that it cannot have";
    }
    if (!heap->Take(slot.offset, size)) return "(4) a cell lies outside the heap";
    in_heap += size;
    if (interior::ChildAt(page, i) == base::kNoPage) return "(10) a child is missing";
    const Bytes suffix = interior::SeparatorSuffixAt(page, i);
    if (!interior::IsShortest(page, suffix)) return "(8) a separator is longer than it need be";
    if (const char* fault = order.Add(slot, suffix)) return fault;
    // Unlike an entry a separator is above the lower fence: between them is a child.
    if (i == 0 && base::CompareBytes(LowerFence(page).subspan(prefix), suffix) == 0) return "(8) a key is out of order";
  }
  if (const char* fault = order.End()) return fault;
  return FaultOfSpace(page, in_heap);
}

}  // namespace

const char* FaultOfNode(const std::byte* page) {
  if ((PageHead(page).flags & ~kInt64Tree) != 0) return "(2) unknown flags";
  HeapMap heap(page);
  if (const char* fault = FaultOfHeader(page, &heap)) return fault;
  switch (PageHead(page).kind) {
    case PageKind::kSlottedLeaf:
      return FaultOfSlottedLeaf(page, &heap);
    case PageKind::kDenseLeaf:
      return FaultOfDenseLeaf(page, &heap);
    default:
      return FaultOfInterior(page, &heap);
  }
}

const char* FaultOfPage(base::PageId id, const std::byte* page) {
  if (id.page == 0) return nullptr;  // storage's own
  if (IsNode(page)) return FaultOfNode(page);
  if (PageHead(page).kind == PageKind::kOverflow && OverflowHead(page).data_bytes > kOverflowDataBytes) {
    return "more data than the page holds";
  }
  return nullptr;
}

}  // namespace turdb::btree
