// Overflow pages: a value too long for a leaf is a chain of them. The first page of a chain that waits to
// be freed is also a link of the list that hangs from the tree's root, so that a crash leaks no chain.
#ifndef TURDB_BTREE_OVERFLOW_PAGE_H_
#define TURDB_BTREE_OVERFLOW_PAGE_H_

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/ids.h"
#include "storage/page.h"

namespace turdb::btree {

// Bytes 16..63 of an overflow page. On disk: do not change.
struct OverflowHeader {
  base::PageNo next_page;         // of the chain, 0 at its end
  uint32_t data_bytes;            // in this page, from byte 64 on
  uint64_t stored_bytes;          // first page: of the whole chain; others: 0
  base::PageNo pending_previous;  // first page of a pending chain: its neighbours in the list
  base::PageNo pending_next;
  uint32_t pending;      // first page: 1 while the chain waits to be freed
  uint32_t reserved[5];  // zero
};
static_assert(sizeof(OverflowHeader) == 48);
inline constexpr size_t kOverflowDataBegin = 64;
inline constexpr size_t kOverflowDataBytes = storage::kPageSize - kOverflowDataBegin;

inline OverflowHeader& OverflowHead(std::byte* page) {
  return *reinterpret_cast<OverflowHeader*>(page + storage::kPageHeaderBytes);
}
inline const OverflowHeader& OverflowHead(const std::byte* page) {
  return *reinterpret_cast<const OverflowHeader*>(page + storage::kPageHeaderBytes);
}

// Redo of NodeOp::kOverflowPage, kOverflowField and kFreeLater: null, or what does not fit.
const char* ApplyOverflowPage(std::byte* page, base::Bytes payload);
const char* ApplyOverflowField(std::byte* page, base::Bytes payload);
const char* ApplyFreeLater(std::byte* page, base::Bytes payload);

}  // namespace turdb::btree

#endif  // TURDB_BTREE_OVERFLOW_PAGE_H_
