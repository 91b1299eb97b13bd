// Entries are gathered until they fill a leaf. The leaf is then written over the tree's last leaf, which was
// empty, and a new empty last leaf is hung beside it: one record with the leaf's image, the separator and the
// allocation, so that the tree is whole after each. Interior nodes split at their right edge and stay full.
#include "btree/bulk_builder.h"

#include <algorithm>

#include "btree/interior_node.h"
#include "btree/node_ops.h"

namespace turdb::btree {

using storage::ExclusiveGuard;
using storage::FrameReservation;
using storage::Guards;
using storage::LogEntries;
using storage::PageAllocation;
using storage::RecordKind;

namespace {

constexpr size_t kCapacity = kPageSize - kNodeHeaderEnd;
constexpr size_t kSlottedOverhead = sizeof(Slot) + slotted::kCellHeaderBytes;

uint8_t Op(NodeOp op) { return static_cast<uint8_t>(op); }

}  // namespace

BulkBuilder::BulkBuilder(Tree& tree) : tree_(tree) {}
BulkBuilder::~BulkBuilder() = default;

size_t BulkBuilder::EstimateWith(Bytes key, size_t value_size) const {
  const size_t count = entries_.size() + 1;
  // The upper fence is a prefix of a key that is not known yet; this one stands for it.
  const size_t prefix = CommonPrefixLength(base::AsBytes(lower_), key);
  const size_t fences = lower_.size() + key.size();
  const size_t values = value_bytes_ + value_size;
  const size_t slotted_bytes = fences + count * kSlottedOverhead + key_bytes_ + key.size() - count * prefix + values;
  if (tree_.kind() != KeyKind::kInt64 || entries_.empty()) return slotted_bytes;
  const uint64_t span =
      static_cast<uint64_t>(leaf::Int64Of(key)) - static_cast<uint64_t>(leaf::Int64Of(KeyOf(entries_[0]))) + 1;
  if (span == 0 || span > kCapacity) return slotted_bytes;
  return std::min(slotted_bytes, fences + sizeof(uint16_t) * span + count * dense::kCellHeaderBytes + values);
}

Status BulkBuilder::Add(Bytes key, Bytes value) {
  TURDB_RETURN_IF_ERROR(tree_.CheckKey(key));
  if (value.size() > base::kMaxValueBytes) return base::LimitError("an entry is too long for a tree");
  if (any_ && base::CompareBytes(key, base::AsBytes(last_key_)) <= 0) {
    return base::MisuseError("the entries of a bulk load must come in ascending order of their keys, without equals");
  }
  if (!entries_.empty() && EstimateWith(key, value.size()) > kCapacity) TURDB_RETURN_IF_ERROR(WriteLeaf(key));
  entries_.push_back(
      {static_cast<uint32_t>(bytes_.size()), static_cast<uint16_t>(key.size()), static_cast<uint16_t>(value.size())});
  bytes_.append(base::AsText(key)).append(base::AsText(value));
  key_bytes_ += key.size();
  value_bytes_ += value.size();
  last_key_.assign(base::AsText(key));
  any_ = true;
  return absl::OkStatus();
}

Status BulkBuilder::WriteLeaf(Bytes next_key) {
  views_.clear();
  for (const Pending& entry : entries_) views_.push_back({KeyOf(entry), ValueOf(entry)});
  const uint8_t flags = tree_.kind() == KeyKind::kInt64 ? kInt64Tree : uint8_t{0};
  PageCopy page;
  // The estimate may have been too low (a shorter common prefix): then the last entries wait for the next leaf.
  size_t count = views_.size();
  Bytes separator;
  for (;; --count) {
    TURDB_CHECK_GE(count, size_t{1});
    separator = ShortestSeparator(views_[count - 1].key, count == views_.size() ? next_key : views_[count].key);
    const Fences fences{base::AsBytes(lower_), separator, true};
    if (leaf::BuildFrom(std::span(views_).first(count), flags, fences, base::kNoPage, page.data())) break;
  }
  TURDB_RETURN_IF_ERROR(AppendLeaf(page.data(), separator));
  lower_.assign(base::AsText(separator));
  DropFirst(count);
  return absl::OkStatus();
}

void BulkBuilder::DropFirst(size_t count) {
  if (count == entries_.size()) {
    bytes_.clear();
    entries_.clear();
    key_bytes_ = value_bytes_ = 0;
    return;
  }
  const uint32_t start = entries_[count].offset;
  for (size_t i = 0; i < count; ++i) {
    key_bytes_ -= entries_[i].key_size;
    value_bytes_ -= entries_[i].value_size;
  }
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<ptrdiff_t>(count));
  bytes_.erase(0, start);
  for (Pending& entry : entries_) entry.offset -= start;
}

Status BulkBuilder::AppendLeaf(const std::byte* built, Bytes separator) {
  for (;;) {
    TURDB_RETURN_IF_ERROR(tree_.storage_.PrepareChange(storage::TxnLog()));
    FrameReservation frames = tree_.pool_.ReserveFrames(6);
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard parent, tree_.FixInterior(separator, 1));
    if (!parent.held()) {
      frames.Release();
      TURDB_RETURN_IF_ERROR(tree_.GrowRoot(0));
      continue;
    }
    if (!interior::InsertFits(parent.page(), separator.size())) {
      parent.Release();
      frames.Release();
      TURDB_RETURN_IF_ERROR(tree_.SplitInterior(separator, 1, separator.size()));
      continue;
    }
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard last, tree_.pool_.FixExclusive(tree_.IdOf(Header(parent.page()).rightmost_child)));
    if (HasUpperFence(last.page()) || PageHead(last.page()).cell_count != 0) {
      return base::MisuseError("a bulk load into a tree that is not empty");
    }
    TURDB_ASSIGN_OR_RETURN(PageAllocation pages, tree_.storage_.AllocatePages(tree_.file_, 1));
    ExclusiveGuard& fresh = pages.page(0);
    Guards guards = {&last, &parent};
    pages.AppendGuards(&guards);
    tree_.storage_.BeginChange(guards);
    PageCopy left(built), right, above(parent.page());
    Header(left.data()).next_leaf = fresh.id().page;
    leaf::FormatEmpty(right.data(), PageHead(built).flags, Fences{separator, Bytes(), false}, base::kNoPage);
    LogEntries entries;
    pages.Apply(PageHead(right.data()).kind, &entries);
    std::byte link[4];
    base::StoreLE(link, fresh.id().page);
    entries.push_back({fresh.id(), Op(NodeOp::kImage), NodeImageParts(right.data())});
    entries.push_back({last.id(), Op(NodeOp::kImage), NodeImageParts(left.data())});
    entries.push_back({parent.id(), Op(NodeOp::kInsertSeparator), {Bytes(link), separator}});
    tree_.storage_.LogChange(RecordKind::kStructure, nullptr, entries, guards);
    CopyNodeRelaxed(fresh.page(), right.data());
    CopyNodeRelaxed(last.page(), left.data());
    interior::InsertSeparator(above.data(), separator, fresh.id().page);
    CopyNodeRelaxed(parent.page(), above.data());
    return absl::OkStatus();
  }
}

Status BulkBuilder::ReplaceLastLeaf(std::byte* built) {
  TURDB_RETURN_IF_ERROR(tree_.storage_.PrepareChange(storage::TxnLog()));
  const FrameReservation frames = tree_.pool_.ReserveFrames(3);
  TURDB_ASSIGN_OR_RETURN(ExclusiveGuard last, tree_.FixLeaf<ExclusiveGuard>(Bytes(), Tree::Side::kLast));
  if (PageHead(last.page()).cell_count != 0) return base::MisuseError("a bulk load into a tree that is not empty");
  ExclusiveGuard* const guards[] = {&last};
  tree_.storage_.BeginChange(guards);
  Header(built).first_pending = Header(last.page()).first_pending;
  const storage::LogEntry entries[] = {{last.id(), Op(NodeOp::kImage), NodeImageParts(built)}};
  tree_.storage_.LogChange(RecordKind::kStructure, nullptr, entries, guards);
  CopyNodeRelaxed(last.page(), built);
  tree_.last_leaf_.store(last.id().page, std::memory_order_relaxed);
  return absl::OkStatus();
}

Status BulkBuilder::Finish() {
  const uint8_t flags = tree_.kind() == KeyKind::kInt64 ? kInt64Tree : uint8_t{0};
  while (!entries_.empty()) {
    views_.clear();
    for (const Pending& entry : entries_) views_.push_back({KeyOf(entry), ValueOf(entry)});
    PageCopy page;
    // Without an upper fence there is no common prefix, so the last entries may need two leaves.
    if (leaf::BuildFrom(views_, flags, Fences{base::AsBytes(lower_), Bytes(), false}, base::kNoPage, page.data())) {
      TURDB_RETURN_IF_ERROR(ReplaceLastLeaf(page.data()));
      DropFirst(entries_.size());
      break;
    }
    const Pending last = entries_.back();
    const std::string key(base::AsText(KeyOf(last))), value(base::AsText(ValueOf(last)));
    entries_.pop_back();
    bytes_.resize(last.offset);
    key_bytes_ -= last.key_size;
    value_bytes_ -= last.value_size;
    TURDB_RETURN_IF_ERROR(WriteLeaf(base::AsBytes(key)));
    entries_.push_back({static_cast<uint32_t>(bytes_.size()), last.key_size, last.value_size});
    bytes_.append(key).append(value);
    key_bytes_ += last.key_size;
    value_bytes_ += last.value_size;
  }
  return absl::OkStatus();
}

StatusOr<Tree::InsertResult> Tree::InsertUnversioned(Bytes key, Bytes value) {
  TURDB_RETURN_IF_ERROR(CheckKey(key));
  if (value.size() > base::kMaxValueBytes) return base::LimitError("an entry is too long for a tree");
  for (;;) {
    TURDB_RETURN_IF_ERROR(storage_.PrepareChange(storage::TxnLog()));
    FrameReservation frames = pool_.ReserveFrames(1);
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard guard, FixLeaf<ExclusiveGuard>(key));
    if (leaf::Find(guard.page(), key).found) return InsertResult::kDuplicate;
    if (!leaf::InsertFits(guard.page(), key, value.size())) {
      guard.Release();
      frames.Release();
      TURDB_RETURN_IF_ERROR(MakeRoom(key, value.size(), false));
      continue;
    }
    ExclusiveGuard* const guards[] = {&guard};
    storage_.BeginChange(guards);
    LogEntryChange(RecordKind::kStructure, nullptr, guard, Op(NodeOp::kInsert), key, value);
    leaf::Insert(guard.page(), key, value, false);
    return InsertResult::kInserted;
  }
}

}  // namespace turdb::btree
