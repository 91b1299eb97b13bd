// Pages: the shared 16-byte header, the file header of page 0, and page kinds. FORMAT.md has the essay.
#ifndef TURDB_STORAGE_PAGE_H_
#define TURDB_STORAGE_PAGE_H_

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/limits.h"

namespace turdb::storage {

using base::kPageSize;
inline constexpr size_t kFileHeaderBytes = 128;
inline constexpr size_t kPageHeaderBytes = 16;

// On disk: do not change.
enum class PageKind : uint8_t {
  kInterior = 0x01,
  kSlottedLeaf = 0x02,
  kDenseLeaf = 0x03,
  kHnswGraph = 0x10,
  kHnswCodes = 0x11,
  kOverflow = 0x20,
  kFree = 0x30,
};

// The header of every page but page 0. On disk: do not change.
struct PageHeader {
  uint32_t crc;  // CRC32C of bytes 4..16383; filled in when the page is written to its file
  PageKind kind;
  uint8_t flags;
  uint16_t cell_count;
  uint64_t lsn;  // end of the log record that changed the page last
};
static_assert(sizeof(PageHeader) == kPageHeaderBytes);
static_assert(offsetof(PageHeader, kind) == 4 && offsetof(PageHeader, cell_count) == 6 && offsetof(PageHeader, lsn) == 8);

// Pages whose every change is an absolute write of bytes (op::IsAbsolute): redo repeats all of them from the redo point,
// whatever the page's LSN, so that what a crash tore is whole again and no image is needed (FORMAT.md, "Pages without images").
constexpr bool NeedsNoImage(PageKind kind) { return kind == PageKind::kHnswGraph || kind == PageKind::kHnswCodes; }

// Offsets of the fields that all four file headers share in page 0 (kernel rule 7).
namespace file_header {
inline constexpr size_t kMagic = 0;
inline constexpr size_t kFirstFreePage = 88;  // u32; `.tbd` keeps it at 40
inline constexpr size_t kFirstFreePageTable = 40;
inline constexpr size_t kPageCount = 92;      // u32
inline constexpr size_t kFormatVersion = 96;  // u32
inline constexpr size_t kDatabaseId = 104;    // u64
inline constexpr size_t kLsn = 112;           // u64
inline constexpr size_t kCrc = 120;           // u32, CRC32C of bytes 0..119
}  // namespace file_header

inline constexpr uint32_t kFormatVersion = 1;

// Whether a page other than page 0 whose checksum is right makes sense to those who read it: null, or what is wrong.
// A page is asked once, when it comes from its file or as a whole from the log; nobody need look twice at what it says.
using PageFaultFn = const char* (*)(base::PageId id, const std::byte* page);
inline const char* NoFaultOfPage(base::PageId, const std::byte*) { return nullptr; }

}  // namespace turdb::storage

#endif  // TURDB_STORAGE_PAGE_H_
