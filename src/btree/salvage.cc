// Reading a tree that is damaged: leaf by leaf as they lie in the file, whatever leads to them.
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "btree/leaf.h"
#include "btree/tree.h"

namespace turdb::btree {

using storage::SharedGuard;

std::unique_ptr<Tree> Tree::OpenDamaged(storage::Storage& storage, txn::TransactionManager& transactions, FileId file,
                                        KeyKind kind) {
  return std::unique_ptr<Tree>(new Tree(storage, transactions, file, kRootPage, kind));
}

Status Tree::Salvage(absl::FunctionRef<Status(Bytes key, Bytes value)> visit,
                     absl::FunctionRef<void(const Status& status)> lost) const {
  TURDB_ASSIGN_OR_RETURN(const PageNo pages, storage_.PagesOnDisk(file_));
  auto copy = std::make_unique<PageCopy>();
  std::byte* const page = copy->bytes;
  std::byte key[base::kMaxKeyBytes];
  for (PageNo number = kRootPage; number < pages; ++number) {
    {
      const storage::FrameReservation frames = pool_.ReserveFrames(1);
      const StatusOr<SharedGuard> guard = pool_.FixShared({file_, number});
      if (!guard.ok()) {
        lost(guard.status());
        continue;
      }
      if (!IsOurLeaf(guard->page())) continue;
      std::memcpy(page, guard->page(), kPageSize);
    }
    for (size_t i = 0; i < leaf::Limit(page); ++i) {
      if (!leaf::UsedAt(page, i) || leaf::GhostAt(page, i)) continue;
      TURDB_RETURN_IF_ERROR(visit(leaf::KeyAt(page, i, key), leaf::ValueAt(page, i)));
    }
  }
  return absl::OkStatus();
}

}  // namespace turdb::btree
