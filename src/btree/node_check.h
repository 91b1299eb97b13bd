// Whether one page can be trusted. Every page that comes from a file or from the log passes here once, so that the
// functions which read and change pages need not look at offsets and lengths again.
#ifndef TURDB_BTREE_NODE_CHECK_H_
#define TURDB_BTREE_NODE_CHECK_H_

#include <cstddef>

#include "base/ids.h"

namespace turdb::btree {

// The first of FORMAT.md's statements about a single node that the page breaks, beginning with its number; null when
// it breaks none. REQUIRES: IsNode(page).
const char* FaultOfNode(const std::byte* page);

// The same for pages of any kind: storage::RedoTable::fault_of_page.
const char* FaultOfPage(base::PageId id, const std::byte* page);

}  // namespace turdb::btree

#endif  // TURDB_BTREE_NODE_CHECK_H_
