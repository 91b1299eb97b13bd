// What storage's own operations do to a page.
#ifndef TURDB_STORAGE_REDO_H_
#define TURDB_STORAGE_REDO_H_

#include "base/status.h"
#include "storage/log_record.h"

namespace turdb::storage {

// A RedoFn for 0x01..0x05.
base::Status RedoStorageOp(uint8_t op, PageId id, std::byte* page, Bytes payload);

// Whether the operation says all there is to say about the page, so that neither its old bytes nor an image of
// them matter.
constexpr bool OverwritesPage(uint8_t op) { return op == op::kImage || op == op::kFormat || op == op::kFree; }

}  // namespace turdb::storage

#endif  // TURDB_STORAGE_REDO_H_
