#include "hnsw/format.h"

#include <bit>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/crc32c.h"

namespace turdb::hnsw {
namespace {

constexpr size_t RoundUp(size_t value, size_t to) { return (value + to - 1) / to * to; }
constexpr size_t kCacheLine = 64;
constexpr size_t kLargeRecord = 512;  // from here on records begin with a cache line

}  // namespace

bool Layout::Fits(uint32_t dimension, uint16_t max_degree) {
  const size_t bytes = RoundUp(RoundUp(kCodeAt + dimension, 4) + size_t{4} * max_degree, kCacheLine);
  return bytes + kCacheLine <= storage::kPageSize;
}

Layout Layout::Of(uint32_t dimension, uint16_t max_degree) {
  TURDB_CHECK(dimension >= 1 && dimension <= kMaxDimension && max_degree >= 1 && max_degree <= kMaxLinks);
  Layout layout;
  layout.dimension = dimension;
  layout.max_degree = max_degree;
  layout.links_at = RoundUp(kCodeAt + dimension, 4);
  const size_t bytes = layout.links_at + size_t{4} * max_degree;
  const bool large = RoundUp(bytes, 16) >= kLargeRecord;
  layout.record_bytes = RoundUp(bytes, large ? kCacheLine : 16);
  layout.first_at = large ? kCacheLine : storage::kPageHeaderBytes;
  layout.slots = static_cast<uint16_t>((storage::kPageSize - layout.first_at) / layout.record_bytes);
  layout.shift = static_cast<uint8_t>(std::bit_width(static_cast<unsigned>(layout.slots - 1)));
  return layout;
}

uint16_t CheckOf(const Layout& layout, const std::byte* record) {
  const uint32_t head = base::Crc32c(Bytes(record, kDegreeAt));
  return static_cast<uint16_t>(base::Crc32c(Bytes(record + kCodeAt, layout.dimension), head));
}

void EncodeRecord(const Layout& layout, const compute::Sq8Terms& terms, int64_t row_key, std::span<const uint8_t> code,
                  std::byte* to) {
  TURDB_CHECK_EQ(code.size(), size_t{layout.dimension});
  std::memcpy(to + kTermsAt, &terms, sizeof(terms));
  base::StoreLE<int64_t>(to + kRowKeyAt, row_key);
  to[kDegreeAt] = std::byte{0};
  to[kFlagsAt] = std::byte{kUsed};
  std::memcpy(to + kCodeAt, code.data(), code.size());
  base::StoreLE<uint16_t>(to + kCheckAt, CheckOf(layout, to));
}

const char* FaultOfRecord(const Layout& layout, const std::byte* record) {
  const uint8_t flags = FlagsOf(record);
  if ((flags & ~(kUsed | kTombstone)) != 0) return "unknown flags";
  if ((flags & kUsed) == 0) return flags == 0 ? nullptr : "a free slot with flags";
  if (DegreeOf(record) > layout.max_degree) return "more links than a node may have";
  if (base::LoadLE<uint16_t>(record + kCheckAt) != CheckOf(layout, record)) return "the check of its code does not match";
  for (size_t i = 0; i < DegreeOf(record); ++i) {
    const Place link = LinkOf(layout, record, i);
    if (layout.PageOf(link) == 0 || layout.SlotOf(link) >= layout.slots) return "a link to no place";
  }
  return nullptr;
}

Status ApplyPageOp(uint8_t op, base::PageId id, std::byte* page, Bytes payload) {
  const auto mismatch = [&](std::string_view why) {
    return base::CorruptionError(absl::StrCat("redoing operation ", op, " on page ", id.page, " of file ", id.file, ": ", why));
  };
  constexpr size_t kCellCountAt = offsetof(storage::PageHeader, cell_count);
  const auto may_write = [](size_t at, size_t size) {
    if (at == kCellCountAt) return size == 2;
    return at >= storage::kPageHeaderBytes && at + size <= storage::kPageSize;
  };
  switch (static_cast<PageOp>(op)) {
    case PageOp::kWrite: {
      if (payload.size() < 2) return mismatch("malformed payload");
      const size_t at = base::LoadLE<uint16_t>(payload.data());
      const Bytes bytes = payload.subspan(2);
      if (!may_write(at, bytes.size())) return mismatch("bytes outside of the page's records");
      std::memcpy(page + at, bytes.data(), bytes.size());
      return absl::OkStatus();
    }
    case PageOp::kLink: {
      if (payload.size() != kLinkPayloadBytes) return mismatch("malformed payload");
      const size_t degree_at = base::LoadLE<uint16_t>(payload.data());
      const size_t link_at = base::LoadLE<uint16_t>(payload.data() + 3);
      if (degree_at < storage::kPageHeaderBytes || !may_write(degree_at, 1) || !may_write(link_at, 4)) {
        return mismatch("a link outside of the page's records");
      }
      page[degree_at] = payload[2];
      std::memcpy(page + link_at, payload.data() + 5, 4);
      return absl::OkStatus();
    }
  }
  return mismatch("unknown");
}

}  // namespace turdb::hnsw
