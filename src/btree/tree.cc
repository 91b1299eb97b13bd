// Changes of single entries. Each follows the same five steps: reserve frames, latch the leaf, judge the row,
// make sure that the change fits (all that can fail ends here), then change: log, version, page. Waiting and
// splitting happen with nothing held, and start again from the descent.
//
// The record is logged before the page is edited, both under the exclusive latch: the old bytes that undo
// needs are then still in the page, and nobody can see the order.
#include "btree/tree.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "btree/leaf.h"
#include "btree/node_check.h"
#include "btree/node_ops.h"
#include "storage/file_header.h"
#include "txn/transaction_manager.h"
#include "txn/version_directory.h"

namespace turdb::btree {

using base::Lsn;
using storage::ExclusiveGuard;
using storage::FrameReservation;
using storage::LogEntries;
using storage::LogEntry;
using storage::RecordKind;
using storage::SharedGuard;
using txn::Intent;
using txn::Judgement;
using txn::SplitKey;
using txn::Transaction;
using txn::Verdict;
using txn::VersionTable;

namespace {

// Frames an operation on one leaf holds at once; a TSan build keeps two interior nodes latched above it.
constexpr int kLeafFrames = 3;
constexpr size_t kNoIndex = SIZE_MAX;

// The key of the entry before `index`, for runs of versions; empty when it is the first of the leaf.
SplitKey PredecessorOf(const std::byte* page, size_t index, std::byte* buffer) {
  if (leaf::IsDense(page)) {
    while (index > 0) {
      if (dense::UsedAt(page, --index)) return {Bytes(), leaf::KeyAt(page, index, buffer)};
    }
    return {};
  }
  if (index == 0) return {};
  return {Prefix(page), slotted::SuffixAt(page, index - 1)};
}

}  // namespace

Tree::Tree(storage::Storage& storage, txn::TransactionManager& transactions, FileId file, PageNo root, KeyKind kind)
    : storage_(storage), pool_(storage.pool()), transactions_(transactions), file_(file), root_(root), kind_(kind) {}

Tree::~Tree() {
  for (std::atomic<std::string*>& buffer : spare_buffers_) delete buffer.load(std::memory_order_relaxed);
}

void Tree::RegisterRedo(storage::RedoTable* redo) {
  for (int op = kFirstNodeOp; op <= kLastNodeOp; ++op) redo->by_op[static_cast<size_t>(op)] = &ApplyNodeOp;
  redo->fault_of_page = &FaultOfPage;
}

Status Tree::Create(storage::Storage& storage, storage::TxnLog& log, FileId file, std::string_view path, Bytes header_128,
                    KeyKind kind) {
  std::array<std::byte, storage::kFileHeaderBytes> header;
  TURDB_CHECK_EQ(header_128.size(), header.size());
  std::memcpy(header.data(), header_128.data(), header.size());
  TURDB_ASSIGN_OR_RETURN(const storage::FileKind file_kind, storage::KindOfFile(header));
  static_assert(offsetof(storage::TableHeader, root_page) == offsetof(storage::IndexHeader, root_page));
  if (file_kind == storage::FileKind::kTable || file_kind == storage::FileKind::kIndex) {
    base::StoreLE(header.data() + offsetof(storage::TableHeader, root_page), kRootPage);
  }
  TURDB_RETURN_IF_ERROR(storage.CreateFile(log, file, path, header));
  TURDB_ASSIGN_OR_RETURN(const PageNo root, CreateIn(storage, file, kind));
  TURDB_CHECK_EQ(root, kRootPage);
  return absl::OkStatus();
}

StatusOr<PageNo> Tree::CreateIn(storage::Storage& storage, FileId file, KeyKind kind) {
  const FrameReservation frames = storage.pool().ReserveFrames(2);
  TURDB_ASSIGN_OR_RETURN(storage::PageAllocation pages, storage.AllocatePages(file, 1));
  storage::Guards guards;
  pages.AppendGuards(&guards);
  storage.BeginChange(guards);
  LogEntries entries;
  alignas(8) std::byte image[kPageSize] = {};
  leaf::FormatEmpty(image, kind == KeyKind::kInt64 ? kInt64Tree : uint8_t{0}, Fences{}, base::kNoPage);
  pages.Apply(PageHead(image).kind, &entries);
  entries.push_back({pages.page(0).id(), static_cast<uint8_t>(NodeOp::kImage), NodeImageParts(image)});
  storage.LogChange(RecordKind::kStructure, nullptr, entries, guards);
  CopyNodeRelaxed(pages.page(0).page(), image);
  return pages.page_no(0);
}

StatusOr<std::unique_ptr<Tree>> Tree::Open(storage::Storage& storage, txn::TransactionManager& transactions, FileId file,
                                           PageNo root) {
  const FrameReservation frames = storage.pool().ReserveFrames(1);
  TURDB_ASSIGN_OR_RETURN(const SharedGuard guard, storage.pool().FixShared({file, root}));
  if (!IsNode(guard.page())) {
    return base::CorruptionError(absl::StrCat("page ", root, " of file ", file, ": the root is not a tree node"));
  }
  const KeyKind kind = IsInt64Tree(guard.page()) ? KeyKind::kInt64 : KeyKind::kBytes;
  return std::unique_ptr<Tree>(new Tree(storage, transactions, file, root, kind));
}

Status Tree::CheckKey(Bytes key) const {
  if (kind_ == KeyKind::kInt64) {
    if (key.size() == 8) return absl::OkStatus();
    return base::InternalError(absl::StrCat("a key of ", key.size(), " bytes in the int64 tree of file ", file_));
  }
  if (key.size() <= base::kMaxKeyBytes) return absl::OkStatus();
  return base::LimitError(absl::StrCat("a key of ", key.size(), " bytes: the most is ", base::kMaxKeyBytes));
}

// A key is missing only from the page that would hold it.
StatusOr<bool> Tree::NotFoundIn(const std::byte* leaf, Bytes key, PageNo page) const {
  if (Covers(leaf, key)) [[likely]]
    return false;
  return Misplaced(page);
}

StatusOr<bool> Tree::Get(const txn::View& view, Bytes key, absl::FunctionRef<void(Bytes value)> visit) {
  TURDB_RETURN_IF_ERROR(CheckKey(key));
  if (view.reads != nullptr) [[unlikely]]
    view.reads->AddKey(*this, key);
  for (;;) {
    FrameReservation frames = pool_.ReserveFrames(kLeafFrames);
    TURDB_ASSIGN_OR_RETURN(SharedGuard guard, FixLeaf<SharedGuard>(key));
    const std::byte* page = guard.page();
    const leaf::Position at = leaf::Find(page, key);
    const VersionTable* versions = txn::TableOf(guard);
    if (versions == nullptr) [[likely]] {
      if (!at.found) return NotFoundIn(page, key, guard.id().page);
      if (leaf::GhostAt(page, at.index)) return false;
      visit(leaf::ValueAt(page, at.index));
      return true;
    }
    if (versions->spilled()) {
      const base::PageId id = guard.id();
      guard.Release();
      frames.Release();
      TURDB_RETURN_IF_ERROR(transactions_.LoadVersions(id));
      continue;
    }
    if (!at.found) return NotFoundIn(page, key, guard.id().page);
    txn::Scratch scratch;
    Bytes value;
    const txn::Chain chain = versions->Find(key);
    if (!txn::Reconstruct(chain, view, leaf::GhostAt(page, at.index), leaf::ValueAt(page, at.index), scratch, &value)) {
      return false;
    }
    visit(value);
    return true;
  }
}

StatusOr<txn::Timestamp> Tree::NewerCommitIn(const txn::View& view, const txn::KeyRange& range) {
  std::byte from_buffer[base::kMaxKeyBytes];
  Bytes from = range.lower;
  for (;;) {
    FrameReservation frames = pool_.ReserveFrames(kLeafFrames);
    TURDB_ASSIGN_OR_RETURN(SharedGuard guard, FixLeaf<SharedGuard>(from));
    const std::byte* page = guard.page();
    const VersionTable* versions = txn::TableOf(guard);
    if (versions != nullptr && versions->spilled()) {
      const base::PageId id = guard.id();
      guard.Release();
      frames.Release();
      TURDB_RETURN_IF_ERROR(transactions_.LoadVersions(id));
      continue;
    }
    const bool ends_here =
        !HasUpperFence(page) || (!range.upper.empty() && base::CompareBytes(range.upper, UpperFence(page)) <= 0);
    if (versions != nullptr) {
      // A row that is not there any more has its ghost as long as somebody's snapshot shows the row.
      const size_t limit = ends_here && !range.upper.empty() ? leaf::LowerBound(page, range.upper) : leaf::Limit(page);
      std::byte buffer[base::kMaxKeyBytes];
      for (size_t i = leaf::LowerBound(page, from); i < limit; ++i) {
        if (!leaf::UsedAt(page, i)) continue;
        const txn::Timestamp ts = txn::NewerCommit(versions->Find(leaf::KeyAt(page, i, buffer)), view);
        if (ts != 0) return ts;
      }
    }
    if (ends_here) return txn::Timestamp{0};
    const Bytes fence = UpperFence(page);
    std::memcpy(from_buffer, fence.data(), fence.size());
    from = Bytes(from_buffer, fence.size());
  }
}

void Tree::LogEntryChange(RecordKind kind, storage::TxnLog* log, ExclusiveGuard& leaf, uint8_t op, Bytes key, Bytes value,
                          Lsn undo_next) {
  std::byte key_size[2];
  base::StoreLE(key_size, static_cast<uint16_t>(key.size()));
  ExclusiveGuard* const guards[] = {&leaf};
  const LogEntry entries[] = {{leaf.id(), op, {Bytes(key_size), key, value}}};
  storage_.LogChange(kind, log, entries, guards, undo_next);
}

void Tree::LogSplice(RecordKind kind, storage::TxnLog* log, ExclusiveGuard& leaf, uint8_t op, Bytes key, const Splice& splice,
                     Lsn undo_next) {
  std::byte head[2 + base::kMaxKeyBytes + kSpliceHeaderBytes];
  base::StoreLE(head, static_cast<uint16_t>(key.size()));
  if (!key.empty()) std::memcpy(head + 2, key.data(), key.size());
  EncodeSpliceHeader(splice, head + 2 + key.size());
  ExclusiveGuard* const guards[] = {&leaf};
  const LogEntry entries[] = {{leaf.id(), op, {Bytes(head, 2 + key.size() + kSpliceHeaderBytes), splice.old, splice.now}}};
  storage_.LogChange(kind, log, entries, guards, undo_next);
}

// Removes ghosts that nobody can see, in one redo-only record; `keep_index` stays whatever it is. True when
// something went. Indexes of slotted leaves move.
bool Tree::PurgeGarbage(ExclusiveGuard& guard, size_t keep_index) {
  const std::byte* page = guard.page();
  const VersionTable* versions = txn::TableOf(guard);
  std::byte indexes[2 * kPageSize / 4];
  size_t size = 0;
  std::byte buffer[base::kMaxKeyBytes];
  for (size_t i = 0; i < leaf::Limit(page) && size < sizeof(indexes); ++i) {
    if (i == keep_index || !leaf::UsedAt(page, i) || !leaf::GhostAt(page, i)) continue;
    if (versions != nullptr && !versions->Find(leaf::KeyAt(page, i, buffer)).empty()) continue;
    base::StoreLE(indexes + size, static_cast<uint16_t>(i));
    size += 2;
  }
  if (size == 0) return false;
  ExclusiveGuard* const guards[] = {&guard};
  storage_.BeginChange(guards);
  const LogEntry entries[] = {{guard.id(), static_cast<uint8_t>(NodeOp::kPurge), {Bytes(indexes, size)}}};
  storage_.LogChange(RecordKind::kStructure, nullptr, entries, guards);
  for (size_t at = size; at > 0; at -= 2) leaf::RemoveAt(guard.page(), base::LoadLE<uint16_t>(indexes + at - 2));
  return true;
}

StatusOr<Tree::InsertResult> Tree::Insert(Transaction& transaction, Bytes key, Bytes value) {
  TURDB_RETURN_IF_ERROR(CheckKey(key));
  if (value.size() > base::kMaxValueBytes) {
    return base::LimitError(absl::StrCat("an entry of ", value.size(), " bytes: the most is ", base::kMaxValueBytes));
  }
  TURDB_RETURN_IF_ERROR(transaction.PrepareWrite());
  for (;;) {
    FrameReservation frames = pool_.ReserveFrames(kLeafFrames);
    ExclusiveGuard guard;
    if (std::optional<ExclusiveGuard> last = TryLastLeaf(key); last.has_value()) {
      guard = *std::move(last);
    } else {
      TURDB_ASSIGN_OR_RETURN(guard, FixLeaf<ExclusiveGuard>(key));
    }
    if (VersionTable* versions = txn::TableOf(guard); versions != nullptr && versions->spilled()) {
      const base::PageId id = guard.id();
      guard.Release();
      frames.Release();
      TURDB_RETURN_IF_ERROR(transactions_.LoadVersions(id));
      continue;
    }
    leaf::Position at = leaf::Find(guard.page(), key);
    bool garbage = false;
    if (at.found) {
      const VersionTable* versions = txn::TableOf(guard);
      const txn::Chain chain = versions != nullptr ? versions->Find(key) : txn::Chain();
      const Judgement judgement = txn::Judge(chain, leaf::GhostAt(guard.page(), at.index), transaction.view(), Intent::kInsert);
      if (judgement.verdict == Verdict::kLive) {
        if (transaction.reads() != nullptr) [[unlikely]] {
          // Who learns of a row has read it, and a serializable transaction may read what its snapshot shows only.
          const txn::View view = transaction.view_with_own_changes();
          if (!txn::IsPresent(chain, view, false)) {
            guard.Release();
            frames.Release();
            return transactions_.Conflict(transaction, txn::NewerCommit(chain, view));
          }
          transaction.reads()->AddKey(*this, key);
        }
        return InsertResult::kDuplicate;
      }
      if (judgement.verdict != Verdict::kAbsent) {
        guard.Release();
        frames.Release();
        TURDB_RETURN_IF_ERROR(transactions_.Resolve(transaction, judgement, txn::WaitPolicy::kWait, {file_, key}));
        continue;
      }
      garbage = chain.empty();
    }
    leaf::Fit fit = leaf::Fit::kNo;
    const auto fits = [&] {
      if (at.found) return leaf::ReplaceFits(guard.page(), at.index, value.size());
      fit = leaf::InsertFit(guard.page(), key, value.size());
      return fit != leaf::Fit::kNo;
    };
    if (!fits()) [[unlikely]] {
      if (PurgeGarbage(guard, at.found ? at.index : kNoIndex)) at = leaf::Find(guard.page(), key);
      if (!fits()) {
        guard.Release();
        frames.Release();
        TURDB_RETURN_IF_ERROR(transaction.PrepareWrite());  // for one change more
        TURDB_RETURN_IF_ERROR(MakeRoom(key, value.size(), at.found));
        continue;
      }
    }
    ExclusiveGuard* const guards[] = {&guard};
    storage_.BeginChange(guards);
    VersionTable& versions = transactions_.versions().Attach(txn::VersionsOf(guard));
    if (at.found) {
      const Bytes old = leaf::ValueAt(guard.page(), at.index);
      LogSplice(RecordKind::kUpdate, &transaction.log, guard, static_cast<uint8_t>(NodeOp::kRevive), key,
                SpliceBetween(old, value));
      std::byte buffer[base::kMaxKeyBytes];
      if (garbage) {
        versions.PushInsert(transaction, key, PredecessorOf(guard.page(), at.index, buffer));
      } else {
        versions.PushRevive(transaction, key, old, value);
      }
      leaf::Replace(guard.page(), at.index, value);
      leaf::SetGhost(guard.page(), at.index, false);
    } else {
      LogEntryChange(RecordKind::kUpdate, &transaction.log, guard, static_cast<uint8_t>(NodeOp::kInsert), key, value);
      std::byte buffer[base::kMaxKeyBytes];
      if (PageHead(guard.page()).cell_count == 0) {
        versions.PushInsert(transaction, key, {}, LowerFence(guard.page()));
        leaf::InsertAt(guard.page(), fit, at.index, key, value, false);
      } else {
        const size_t index = leaf::InsertAt(guard.page(), fit, at.index, key, value, false);
        versions.PushInsert(transaction, key, PredecessorOf(guard.page(), index, buffer));
      }
    }
    return InsertResult::kInserted;
  }
}

namespace {

// A string borrowed from the tree for one update.
class BorrowedBuffer {
 public:
  explicit BorrowedBuffer(std::array<std::atomic<std::string*>, 8>& spares) : spares_(spares) {
    for (std::atomic<std::string*>& spare : spares_) {
      if (spare.load(std::memory_order_relaxed) == nullptr) continue;
      text_ = spare.exchange(nullptr, std::memory_order_acquire);
      if (text_ != nullptr) return;
    }
    text_ = new std::string();
  }
  BorrowedBuffer(const BorrowedBuffer&) = delete;
  BorrowedBuffer& operator=(const BorrowedBuffer&) = delete;
  ~BorrowedBuffer() {
    for (std::atomic<std::string*>& spare : spares_) {
      std::string* expected = nullptr;
      if (spare.compare_exchange_strong(expected, text_, std::memory_order_release, std::memory_order_relaxed)) return;
    }
    delete text_;
  }
  std::string& text() { return *text_; }

 private:
  std::array<std::atomic<std::string*>, 8>& spares_;
  std::string* text_ = nullptr;
};

}  // namespace

// The judging that update, delete and lock have in common: what to do with the row over `key` in the latched leaf.
// kProceed leaves the latch held; everything else has released it.
StatusOr<Tree::RowState> Tree::JudgeRow(Transaction& transaction, ExclusiveGuard& guard, FrameReservation& frames, Bytes key,
                                        Intent intent, txn::WaitPolicy policy, size_t* index) {
  const VersionTable* versions = txn::TableOf(guard);
  if (versions != nullptr && versions->spilled()) {
    const base::PageId id = guard.id();
    guard.Release();
    frames.Release();
    TURDB_RETURN_IF_ERROR(transactions_.LoadVersions(id));
    return RowState::kAgain;
  }
  if (versions != nullptr) versions->ExpectToFind(key);
  const leaf::Position at = leaf::Find(guard.page(), key);
  if (!at.found) {
    guard.Release();
    return RowState::kNoRow;
  }
  const txn::Chain chain = versions != nullptr ? versions->Find(key) : txn::Chain();
  const Judgement judgement = txn::Judge(chain, leaf::GhostAt(guard.page(), at.index), transaction.view(), intent);
  *index = at.index;
  if (judgement.verdict == Verdict::kLive) return RowState::kProceed;
  guard.Release();
  if (judgement.verdict == Verdict::kAbsent) return RowState::kNoRow;
  frames.Release();
  TURDB_RETURN_IF_ERROR(transactions_.Resolve(transaction, judgement, policy, {file_, key, txn::StrengthOf(intent)}));
  return RowState::kAgain;
}

StatusOr<bool> Tree::Update(Transaction& transaction, Bytes key,
                            absl::FunctionRef<StatusOr<bool>(Bytes old, std::string* out)> change) {
  TURDB_RETURN_IF_ERROR(CheckKey(key));
  TURDB_RETURN_IF_ERROR(transaction.PrepareWrite());
  BorrowedBuffer borrowed(spare_buffers_);
  std::string& out = borrowed.text();
  for (;;) {
    FrameReservation frames = pool_.ReserveFrames(kLeafFrames);
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard guard, FixLeaf<ExclusiveGuard>(key));
    size_t index = 0;
    TURDB_ASSIGN_OR_RETURN(const RowState state,
                           JudgeRow(transaction, guard, frames, key, Intent::kUpdate, txn::WaitPolicy::kWait, &index));
    if (state == RowState::kAgain) continue;
    if (state == RowState::kNoRow) return false;
    out.clear();
    TURDB_ASSIGN_OR_RETURN(const bool changed, change(leaf::ValueAt(guard.page(), index), &out));
    if (!changed) return false;
    if (out.size() > base::kMaxValueBytes) {
      return base::LimitError(absl::StrCat("an entry of ", out.size(), " bytes: the most is ", base::kMaxValueBytes));
    }
    if (!leaf::ReplaceFits(guard.page(), index, out.size())) [[unlikely]] {
      if (PurgeGarbage(guard, index)) index = leaf::Find(guard.page(), key).index;
      if (!leaf::ReplaceFits(guard.page(), index, out.size())) {
        guard.Release();
        frames.Release();
        TURDB_RETURN_IF_ERROR(transaction.PrepareWrite());  // for one change more
        TURDB_RETURN_IF_ERROR(MakeRoom(key, out.size(), true));
        continue;
      }
    }
    const Bytes old = leaf::ValueAt(guard.page(), index), now = base::AsBytes(out);
    const Splice splice = SpliceBetween(old, now);
    VersionTable& versions = transactions_.versions().Attach(txn::VersionsOf(guard));
    if (splice.old.empty() && splice.now.empty()) {  // nothing to log, but others must not change it under us
      versions.PushLock(transaction, key, txn::LockStrength::kNoKeyUpdate);
      return true;
    }
    ExclusiveGuard* const guards[] = {&guard};
    storage_.BeginChange(guards);
    LogSplice(RecordKind::kUpdate, &transaction.log, guard, static_cast<uint8_t>(NodeOp::kUpdate), key, splice);
    versions.PushUpdate(transaction, key, old, now);
    leaf::Replace(guard.page(), index, now);
    return true;
  }
}

StatusOr<bool> Tree::Delete(Transaction& transaction, Bytes key, absl::FunctionRef<void(Bytes old)> visit) {
  TURDB_RETURN_IF_ERROR(CheckKey(key));
  TURDB_RETURN_IF_ERROR(transaction.PrepareWrite());
  for (;;) {
    FrameReservation frames = pool_.ReserveFrames(kLeafFrames);
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard guard, FixLeaf<ExclusiveGuard>(key));
    size_t index = 0;
    TURDB_ASSIGN_OR_RETURN(const RowState state,
                           JudgeRow(transaction, guard, frames, key, Intent::kDelete, txn::WaitPolicy::kWait, &index));
    if (state == RowState::kAgain) continue;
    if (state == RowState::kNoRow) return false;
    visit(leaf::ValueAt(guard.page(), index));
    ExclusiveGuard* const guards[] = {&guard};
    storage_.BeginChange(guards);
    LogEntryChange(RecordKind::kUpdate, &transaction.log, guard, static_cast<uint8_t>(NodeOp::kGhost), key, Bytes());
    std::byte buffer[base::kMaxKeyBytes];
    transactions_.versions()
        .Attach(txn::VersionsOf(guard))
        .PushGhost(transaction, key, PredecessorOf(guard.page(), index, buffer));
    leaf::SetGhost(guard.page(), index, true);
    return true;
  }
}

StatusOr<bool> Tree::Lock(Transaction& transaction, Bytes key, txn::LockStrength strength, txn::WaitPolicy policy) {
  TURDB_RETURN_IF_ERROR(CheckKey(key));
  TURDB_RETURN_IF_ERROR(transaction.PrepareWrite());
  for (;;) {
    FrameReservation frames = pool_.ReserveFrames(kLeafFrames);
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard guard, FixLeaf<ExclusiveGuard>(key));
    size_t index = 0;
    const StatusOr<RowState> state = JudgeRow(transaction, guard, frames, key, txn::IntentToLock(strength), policy, &index);
    if (!state.ok()) {
      // Somebody holds the row, or has done with it since the snapshot: another one will do for who skips.
      const base::SqlState why = base::GetSqlState(state.status());
      const bool busy = why == base::sqlstate::kLockNotAvailable || why == base::sqlstate::kSerializationFailure;
      if (policy == txn::WaitPolicy::kSkipLocked && busy) return false;
      return state.status();
    }
    if (*state == RowState::kAgain) continue;
    if (*state == RowState::kNoRow) return false;
    transactions_.versions().Attach(txn::VersionsOf(guard)).PushLock(transaction, key, strength);
    return true;
  }
}

}  // namespace turdb::btree
