// Values that live apart, a piece at a time: reading at an offset, and writing from the beginning to the end. Neither needs
// more memory than a page or so, however long the value is, but for reading what is compressed.
#ifndef TURDB_BTREE_OVERFLOW_STREAM_H_
#define TURDB_BTREE_OVERFLOW_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/memory_budget.h"
#include "base/status.h"
#include "btree/tree.h"
#include "storage/storage.h"
#include "txn/transaction.h"

namespace turdb::btree {

// Not thread-safe. The chain must stay: by a snapshot that sees the row, or the transaction that wrote it.
class OverflowReader {
 public:
  OverflowReader(storage::Storage& storage, FileId file, OverflowRef ref);
  ~OverflowReader();
  OverflowReader(const OverflowReader&) = delete;
  OverflowReader& operator=(const OverflowReader&) = delete;

  const OverflowRef& ref() const { return ref_; }
  // Bytes of the value from `offset` on. REQUIRES: they are inside it. Goes forwards from where it was; going backwards costs
  // a walk from the last of every 64th page before it, or, in a compressed value, from the beginning.
  Status Read(uint64_t offset, base::MutableBytes out);

 private:
  struct Decompressor;
  // Of the chain as it lies there.
  Status ReadStored(uint64_t offset, base::MutableBytes out);
  Status ReadCompressed(uint64_t offset, base::MutableBytes out);
  Status StartDecompressor();
  // The page with stored byte `index` * kOverflowDataBytes.
  StatusOr<base::PageNo> FindPage(uint64_t index);
  StatusOr<storage::SharedGuard> FixPage(base::PageNo page, uint64_t index);
  Status Damaged(base::PageNo page, std::string_view what) const;

  storage::Storage& storage_;
  const FileId file_;
  const OverflowRef ref_;
  uint64_t stored_bytes_ = 0;  // 0: not known yet
  static constexpr uint64_t kLandmarkPages = 64;
  std::vector<base::PageNo> landmarks_;  // pages 0, 64, 128, ... of the chain, as far as they are known
  base::PageNo at_page_ = base::kNoPage;
  uint64_t at_index_ = 0;
  std::unique_ptr<Decompressor> decompressor_;
};

// Not thread-safe. Writes a chain, uncompressed, page by page; its pages go again when the transaction is rolled back, and with
// FreeOverflowLater, which whoever gives up in the middle must call.
class OverflowWriter {
 public:
  // `size_bytes`: of the whole value, more than 0.
  OverflowWriter(storage::Storage& storage, FileId file, txn::Transaction& transaction, uint64_t size_bytes);

  Status Append(base::Bytes data);
  // REQUIRES: as many bytes as were announced have been appended.
  OverflowRef Finish() const;

 private:
  Status WritePage();

  storage::Storage& storage_;
  const FileId file_;
  txn::Transaction& transaction_;
  const uint64_t size_bytes_;
  uint64_t appended_ = 0;
  std::vector<std::byte> buffer_;  // less than a page
  base::PageNo first_page_ = base::kNoPage;
  base::PageNo last_page_ = base::kNoPage;
};

}  // namespace turdb::btree

#endif  // TURDB_BTREE_OVERFLOW_STREAM_H_
