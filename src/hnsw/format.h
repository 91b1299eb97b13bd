// What a `.hnsw` file holds: FORMAT.md as constants and functions of bytes. On disk: do not change.
#ifndef TURDB_HNSW_FORMAT_H_
#define TURDB_HNSW_FORMAT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/status.h"
#include "compute/sq8.h"
#include "storage/log_record.h"
#include "storage/page.h"

namespace turdb::hnsw {

using base::Bytes;
using base::PageNo;
using base::Status;
using base::StatusOr;

// A node: page << shift | slot. 0 is none, since page 0 is the header.
using Place = uint32_t;
inline constexpr Place kNoPlace = 0;

// On disk: do not change.
enum class Metric : uint8_t { kL2 = 1, kInnerProduct = 2, kCosine = 3, kL1 = 4 };
enum class Code : uint8_t { kSq8 = 1 };

inline constexpr uint32_t kMaxDimension = 16000;  // a record must fit a page
inline constexpr uint16_t kMaxLinks = 128;

// Page 0, behind the fields of storage::HnswHeader.
namespace header {
inline constexpr size_t kMostSquareNorm = 56;  // f32
inline constexpr size_t kMetric = 64;
inline constexpr size_t kCode = 65;
inline constexpr size_t kMaxDegree = 66;  // M0, u16
inline constexpr size_t kEfSearch = 68;   // u16
inline constexpr size_t kShift = 70;
inline constexpr size_t kFlags = 71;
inline constexpr size_t kKeyTreeRoot = 72;  // u32 pages, 0 = none
inline constexpr size_t kNodeKeyRoot = 76;
inline constexpr size_t kCalibration = 80;
inline constexpr size_t kCentre = 84;
}  // namespace header

// Within a record.
inline constexpr size_t kTermsAt = 0;    // compute::Sq8Terms
inline constexpr size_t kRowKeyAt = 16;  // i64; in the upper layer the base node
inline constexpr size_t kDegreeAt = 24;
inline constexpr size_t kFlagsAt = 25;
inline constexpr size_t kCheckAt = 26;  // u16: low half of the CRC32C of bytes 0..23 and the code
inline constexpr size_t kCodeAt = 28;
inline constexpr uint8_t kUsed = 1;       // else the slot is free
inline constexpr uint8_t kTombstone = 2;  // leads on, but is nobody's

// How records lie in pages.
struct Layout {
  uint32_t dimension = 0;
  uint16_t max_degree = 0;
  uint8_t shift = 0;
  uint16_t slots = 0;  // a page
  size_t record_bytes = 0;
  size_t first_at = 0;  // of the first record in a page
  size_t links_at = 0;  // in a record, u32 each

  // REQUIRES: 1 <= dimension <= kMaxDimension, 1 <= max_degree <= kMaxLinks.
  static bool Fits(uint32_t dimension, uint16_t max_degree);  // whether a page takes one record
  // REQUIRES: Fits.
  static Layout Of(uint32_t dimension, uint16_t max_degree);

  Place PlaceOf(PageNo page, size_t slot) const { return static_cast<Place>(page << shift | slot); }
  PageNo PageOf(Place place) const { return place >> shift; }
  size_t SlotOf(Place place) const { return place & ((Place{1} << shift) - 1); }
  size_t RecordAt(size_t slot) const { return first_at + slot * record_bytes; }
  size_t RecordAtPlace(Place place) const { return RecordAt(SlotOf(place)); }
};

// Views of a record's bytes.
inline compute::Sq8Terms TermsOf(const std::byte* record) {
  compute::Sq8Terms terms;
  std::memcpy(&terms, record + kTermsAt, sizeof(terms));
  return terms;
}
inline int64_t RowKeyOf(const std::byte* record) { return base::LoadLE<int64_t>(record + kRowKeyAt); }
inline uint8_t DegreeOf(const std::byte* record) { return static_cast<uint8_t>(record[kDegreeAt]); }
inline uint8_t FlagsOf(const std::byte* record) { return static_cast<uint8_t>(record[kFlagsAt]); }
inline const uint8_t* CodeOf(const std::byte* record) { return reinterpret_cast<const uint8_t*>(record + kCodeAt); }
inline Place LinkOf(const Layout& layout, const std::byte* record, size_t i) {
  return base::LoadLE<uint32_t>(record + layout.links_at + 4 * i);
}
uint16_t CheckOf(const Layout& layout, const std::byte* record);

// A record without links, kCodeAt + dimension bytes of it.
void EncodeRecord(const Layout& layout, const compute::Sq8Terms& terms, int64_t row_key, std::span<const uint8_t> code,
                  std::byte* to);
// Null, or what no record of this layout can be.
const char* FaultOfRecord(const Layout& layout, const std::byte* record);

// ---- Operations of the log, all absolute (storage::op::IsAbsolute). On disk: do not change.
enum class PageOp : uint8_t {
  kWrite = 0x60,  // u16 offset, bytes: they are there
  kLink = 0x61,   // u16 offset, u8 degree, u16 offset, u32 link: a list has a degree and this link
};
inline constexpr size_t kLinkPayloadBytes = 9;
static_assert(storage::op::IsAbsolute(static_cast<uint8_t>(PageOp::kWrite)));
static_assert(storage::op::IsAbsolute(static_cast<uint8_t>(PageOp::kLink)));

// Redo, and how the running index changes its pages, too.
Status ApplyPageOp(uint8_t op, base::PageId id, std::byte* page, Bytes payload);

}  // namespace turdb::hnsw

#endif  // TURDB_HNSW_FORMAT_H_
