// The file that a tree lives in, for the rooms above: dropping and renaming it, and the fields of its header
// (page 0) that belong to them. Page 0's shared fields (kernel rule 7) and the root page are not theirs.
#ifndef TURDB_BTREE_TREE_FILE_H_
#define TURDB_BTREE_TREE_FILE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "base/status.h"

namespace turdb::storage {
class Storage;
}
namespace turdb::txn {
class Transaction;
}

namespace turdb::btree {

inline constexpr size_t kFileHeaderBytes = 128;

// Header bytes for Tree::Create, the tree's own fields left zero.
std::array<std::byte, kFileHeaderBytes> TableFileHeader(base::FileId table, uint32_t column_count);
std::array<std::byte, kFileHeaderBytes> IndexFileHeader(base::FileId index, base::FileId table, uint32_t key_columns,
                                                        bool unique);

// Offsets of fields that the rooms above own, u64 each.
inline constexpr size_t kRowCountField = 24;       // of .tbd
inline constexpr size_t kAutoIncrementField = 48;  // of .tbd; of a sequence the number given last
inline constexpr size_t kSchemaCountField = 24;    // of turdb.meta
inline constexpr size_t kDefaultSchemaField = 32;  // of turdb.meta
inline constexpr size_t kNextTableIdField = 40;    // of turdb.meta
inline constexpr size_t kNextIndexIdField = 48;    // of turdb.meta, always the same number

base::StatusOr<uint64_t> ReadHeaderField(storage::Storage& storage, base::FileId file, size_t offset);
// Redo-only: stays whatever becomes of a transaction. `change` gets the value and returns the new one; it runs
// under page 0's latch. All `offsets` get the same value. Returns the old value.
base::StatusOr<uint64_t> ChangeHeaderField(storage::Storage& storage, base::FileId file, std::span<const size_t> offsets,
                                           absl::FunctionRef<uint64_t(uint64_t)> change);

// Several fields at once, in one record: redo-only, too.
struct HeaderField {
  size_t offset;
  uint64_t value;
};
base::Status SetHeaderFields(storage::Storage& storage, base::FileId file, std::span<const HeaderField> fields);

// The file goes once the transaction has committed and no snapshot can read it; `forget` is called right
// before, to close what is open. A rollback takes it back.
base::Status DropTreeFile(storage::Storage& storage, txn::Transaction& transaction, base::FileId file,
                          std::function<void()> forget);
// The new path is there once the transaction has committed.
base::Status RenameTreeFile(storage::Storage& storage, txn::Transaction& transaction, base::FileId file,
                            std::string_view new_path);

}  // namespace turdb::btree

#endif  // TURDB_BTREE_TREE_FILE_H_
