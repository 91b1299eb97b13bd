// One B+tree in one file: ordered bytes to bytes, versioned by txn. README.md has the protocol and
// FORMAT.md the bytes.
#ifndef TURDB_BTREE_TREE_H_
#define TURDB_BTREE_TREE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "base/limits.h"
#include "base/status.h"

namespace turdb::storage {
class Storage;
struct TxnLog;
}  // namespace turdb::storage
namespace turdb::txn {
class Transaction;
class TransactionManager;
struct View;
enum class LockStrength : uint8_t;
enum class WaitPolicy : uint8_t;
}  // namespace turdb::txn

namespace turdb::btree {

using base::Bytes;
using base::FileId;
using base::PageNo;
using base::Status;
using base::StatusOr;

// On disk: do not change.
enum class KeyKind : uint8_t {
  kBytes = 0,
  kInt64 = 1,  // keys are 8 bytes, big-endian with the sign bit flipped; leaves may be dense
};

// An int64 as a key of a kInt64 tree, and back.
inline void EncodeInt64Key(int64_t value, std::byte* to) {
  base::StoreBE(to, static_cast<uint64_t>(value) ^ (uint64_t{1} << 63));
}
inline int64_t DecodeInt64Key(const std::byte* from) {
  return static_cast<int64_t>(base::LoadBE<uint64_t>(from) ^ (uint64_t{1} << 63));
}

// One visible row of a leaf. The key is prefix + suffix. All three point into the page (or into the
// cursor's scratch) and are valid only inside the visitor.
struct Entry {
  Bytes prefix;
  Bytes suffix;
  Bytes value;
};

// A value that lives apart, as the row stores it. On disk: do not change. Little-endian.
struct OverflowRef {
  PageNo first_page = base::kNoPage;
  uint32_t flags = 0;       // bit 0: the chain holds one zstd frame
  uint64_t size_bytes = 0;  // of the value, uncompressed
};
static_assert(sizeof(OverflowRef) == 16);

// What Check found. An empty `errors` means that every invariant of FORMAT.md holds.
struct CheckReport {
  uint64_t live_entries = 0;
  uint64_t ghosts = 0;
  uint64_t interior_pages = 0;
  uint64_t leaf_pages = 0;
  uint64_t overflow_pages = 0;
  uint64_t free_pages = 0;
  uint32_t height = 0;
  std::vector<std::string> errors;  // each names file, page and what is wrong; at most kMaxErrors of them
  static constexpr size_t kMaxErrors = 100;
};

// Thread-safe: any number of threads may call anything at once; a Transaction belongs to one thread at a
// time. No latch and no pin outlives a call. A call that fails has changed nothing, unless it says more.
class Tree {
 public:
  // Makes the file (its final name appears when the transaction commits) with an empty tree whose root
  // is page 1, for ever.
  static Status Create(storage::Storage& storage, storage::TxnLog* log, FileId file, std::string path, Bytes header_128,
                       KeyKind kind);
  static StatusOr<std::unique_ptr<Tree>> Open(storage::Storage& storage, txn::TransactionManager& transactions, FileId file);

  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
  virtual ~Tree();

  // Point read: true when the view sees a row with this key, after calling `visit` under the leaf's latch.
  // `visit` must not block, allocate from a budget or call the engine.
  StatusOr<bool> Get(const txn::View& view, Bytes key, absl::FunctionRef<void(Bytes value)> visit);

  enum class InsertResult : uint8_t { kInserted, kDuplicate /* a live row has the key */ };
  // Waits for other writers of the key; fails with 40001, 40P01 or 55P03 as kernel rule 5 says; revives ghosts.
  // REQUIRES: key.size() <= kMaxKeyBytes, value.size() <= kMaxValueBytes (else 54000).
  StatusOr<InsertResult> Insert(txn::Transaction& transaction, Bytes key, Bytes value);

  // `change` gets the newest value, judged writable, appends the new one to `out` (which arrives empty) and
  // returns true, or returns false for "leave it". It runs under the leaf's exclusive latch, perhaps more
  // than once (after a split or a wait), and must not call the engine. An error from `change` is returned.
  // False: no row with this key is visible to the transaction, or `change` left it.
  StatusOr<bool> Update(txn::Transaction& transaction, Bytes key,
                        absl::FunctionRef<StatusOr<bool>(Bytes old, std::string* out)> change);

  // False when the transaction sees no row with this key. `visit` gets the value deleted, under the latch, once.
  StatusOr<bool> Delete(txn::Transaction& transaction, Bytes key, absl::FunctionRef<void(Bytes old)> visit);

  // SELECT ... FOR UPDATE / SHARE. False: no such row, or (SKIP LOCKED) it is locked.
  StatusOr<bool> Lock(txn::Transaction& transaction, Bytes key, txn::LockStrength strength, txn::WaitPolicy policy);

  // Values larger than kMaxValueBytes live in chains of overflow pages, compressed where that pays.
  StatusOr<OverflowRef> WriteOverflow(txn::Transaction& transaction, Bytes value);
  Status ReadOverflow(OverflowRef ref, std::string* out);  // appends
  // The chain is freed once the transaction has committed and no snapshot needs it.
  Status FreeOverflowLater(txn::Transaction& transaction, OverflowRef ref);

  // Reads every page of the file and adds what is wrong to report->errors. An error only when it cannot read on.
  // REQUIRES: no other call runs meanwhile.
  Status Check(CheckReport* report);

  FileId file() const;
  KeyKind kind() const;
};

// About `about` keys (fewer for a small tree) that cut the tree into ranges of similar size, ascending. For
// parallel scans: ranges are ["", s0), [s0, s1), ... [sn, "").
StatusOr<std::vector<std::string>> Separators(Tree& tree, size_t about);

}  // namespace turdb::btree

#endif  // TURDB_BTREE_TREE_H_
