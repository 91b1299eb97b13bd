// The numbers that name things on disk and in time.
#ifndef TURDB_BASE_IDS_H_
#define TURDB_BASE_IDS_H_

#include <compare>
#include <cstdint>

namespace turdb::base {

// Every table, index and other object that owns a file takes its id from one counter that never goes
// back (kernel rule 7). Stored in 8 bytes; the counter stops with an error at 2^32 - 1, so that a file
// and a page fit one 64-bit word. Id 1 is the catalog (turdb.meta); 0 names no file.
using FileId = uint32_t;
inline constexpr FileId kNoFile = 0;
inline constexpr FileId kMetaFile = 1;

using PageNo = uint32_t;              // 16 KiB each, so a file ends at 64 TiB
inline constexpr PageNo kNoPage = 0;  // page 0 is the file's header, never a target of a link

struct PageId {
  FileId file = kNoFile;
  PageNo page = 0;

  constexpr uint64_t packed() const { return (uint64_t{file} << 32) | page; }
  static constexpr PageId FromPacked(uint64_t packed) {
    return PageId{static_cast<FileId>(packed >> 32), static_cast<PageNo>(packed)};
  }
  friend constexpr auto operator<=>(const PageId&, const PageId&) = default;
};

using Lsn = uint64_t;  // byte position in the log since the database was made
inline constexpr Lsn kNoLsn = 0;

using TxnId = uint64_t;        // 0 names no transaction
using Timestamp = uint64_t;    // the LSN of a commit record (kernel rule 13)
using StatementNo = uint32_t;  // counts the statements of one transaction, from 1

}  // namespace turdb::base

#endif  // TURDB_BASE_IDS_H_
