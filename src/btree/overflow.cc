// Values that live apart from their rows. A chain is written from its end to its beginning, so that each
// record links only to pages that exist; every record lists the pages it took and is undone by freeing
// them. A chain is immutable: a row that changes its long value gets a new chain, and the old one is freed
// when nobody can see it any more. Until then it stands in a list that hangs from the root page, which is
// what recovery finds of it (kernel rule 4).
//
// Latches: root, then overflow pages, then page 0. Whoever holds two overflow pages of different chains
// holds the root exclusively.
#define ZSTD_STATIC_LINKING_ONLY  // what its contexts take is counted, too
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <array>
#include <memory>

#include "absl/strings/str_cat.h"
#include "btree/node.h"
#include "btree/node_ops.h"
#include "btree/overflow_page.h"
#include "btree/tree.h"
#include "txn/transaction_manager.h"

namespace turdb::btree {

using base::StoreLE;
using storage::ExclusiveGuard;
using storage::FrameReservation;
using storage::Guards;
using storage::LogEntries;
using storage::PageAllocation;
using storage::PageRelease;
using storage::RecordKind;
using storage::SharedGuard;

namespace {

constexpr uint32_t kCompressed = 1;
// Pages a record: three of them, whole, fit into the largest record.
constexpr size_t kPagesPerRecord = 3;
constexpr int kOverflowFrames = 6;
constexpr int kCompressionLevel = 1;
constexpr size_t kMinCompressedBytes = 256;

uint8_t Op(NodeOp op) { return static_cast<uint8_t>(op); }

// Payload of kOverflowField, kept until the record is logged.
struct FieldPayload {
  std::array<std::byte, 6> bytes;
  FieldPayload(size_t offset, uint32_t value) {
    StoreLE(bytes.data(), static_cast<uint16_t>(offset));
    StoreLE(bytes.data() + 2, value);
  }
};
constexpr size_t kNextPage = storage::kPageHeaderBytes + offsetof(OverflowHeader, next_page);
constexpr size_t kPendingPrevious = storage::kPageHeaderBytes + offsetof(OverflowHeader, pending_previous);
constexpr size_t kPendingNext = storage::kPageHeaderBytes + offsetof(OverflowHeader, pending_next);
constexpr size_t kPending = storage::kPageHeaderBytes + offsetof(OverflowHeader, pending);
constexpr size_t kFirstPending = storage::kPageHeaderBytes + offsetof(NodeHeader, first_pending);

void SetField(std::byte* page, const FieldPayload& payload) {
  TURDB_CHECK(ApplyOverflowField(page, Bytes(payload.bytes)) == nullptr);
}

// A buffer that is counted against the budget.
struct CountedBuffer {
  base::MemoryReservation reservation;
  std::unique_ptr<std::byte[]> bytes;
};
// Of a value's size, what compression must leave over to be worth it.
size_t CompressedAtMost(size_t size) { return size - size / 8; }

// `context`: what zstd takes besides.
StatusOr<CountedBuffer> MakeBuffer(base::MemoryBudget& budget, size_t size, size_t context) {
  CountedBuffer buffer{base::MemoryReservation(budget), nullptr};
  TURDB_RETURN_IF_ERROR(buffer.reservation.Grow(static_cast<int64_t>(size + context), "a long value"));
  buffer.bytes = std::make_unique_for_overwrite<std::byte[]>(size);
  return buffer;
}

// Whether zstd makes the value at least an eighth smaller, as `into` has room for; asks the first page's worth of a long
// one first.
bool CompressionPays(Bytes value, base::MutableBytes into, size_t* compressed) {
  const Bytes sample = value.first(std::min(value.size(), storage::kPageSize));
  const auto pays = [](size_t before, size_t after) { return ZSTD_isError(after) == 0 && after <= CompressedAtMost(before); };
  if (sample.size() < value.size() &&
      !pays(sample.size(), ZSTD_compress(into.data(), into.size(), sample.data(), sample.size(), kCompressionLevel))) {
    return false;
  }
  *compressed = ZSTD_compress(into.data(), into.size(), value.data(), value.size(), kCompressionLevel);
  return pays(value.size(), *compressed);
}

}  // namespace

StatusOr<OverflowRef> Tree::WriteOverflow(txn::Transaction& transaction, Bytes value) {
  TURDB_RETURN_IF_ERROR(transaction.PrepareWrite());
  OverflowRef ref;
  ref.size_bytes = value.size();
  Bytes stored = value;
  // Without memory for it the value goes as it is.
  StatusOr<CountedBuffer> buffer = CountedBuffer();
  if (value.size() >= kMinCompressedBytes) {
    const size_t context = ZSTD_estimateCCtxSize_usingCParams(ZSTD_getCParams(kCompressionLevel, value.size(), 0));
    buffer = MakeBuffer(storage_.budget(), CompressedAtMost(value.size()), context);
  }
  if (buffer.ok() && buffer->bytes != nullptr) {
    size_t compressed = 0;
    if (CompressionPays(value, {buffer->bytes.get(), CompressedAtMost(value.size())}, &compressed)) {
      ref.flags |= kCompressed;
      stored = Bytes(buffer->bytes.get(), compressed);
    }
  }
  size_t pages_left = std::max<size_t>(1, (stored.size() + kOverflowDataBytes - 1) / kOverflowDataBytes);
  PageNo next = base::kNoPage;
  while (pages_left > 0) {
    const size_t count = std::min(pages_left, kPagesPerRecord);
    const size_t first = pages_left - count;
    if (first > 0) TURDB_RETURN_IF_ERROR(transaction.PrepareWrite());  // for the next ones
    const FrameReservation frames = pool_.ReserveFrames(kOverflowFrames);
    TURDB_ASSIGN_OR_RETURN(PageAllocation pages, storage_.AllocatePages(file_, static_cast<int>(count)));
    Guards guards;
    pages.AppendGuards(&guards);
    storage_.BeginChange(guards);
    LogEntries entries;
    std::array<std::byte, 4 * kPagesPerRecord> taken;
    for (size_t i = 0; i < count; ++i) StoreLE(taken.data() + 4 * i, pages.page_no(static_cast<int>(i)));
    entries.push_back({IdOf(0), Op(NodeOp::kOverflowTaken), {Bytes(taken).first(4 * count)}});
    pages.Apply(storage::PageKind::kOverflow, &entries);
    std::array<OverflowHeader, kPagesPerRecord> heads{};
    for (size_t i = count; i-- > 0;) {
      const Bytes data = stored.subspan((first + i) * kOverflowDataBytes)
                             .first(std::min(kOverflowDataBytes, stored.size() - (first + i) * kOverflowDataBytes));
      ExclusiveGuard& page = pages.page(static_cast<int>(i));
      heads[i].next_page = next;
      heads[i].data_bytes = static_cast<uint32_t>(data.size());
      heads[i].stored_bytes = first + i == 0 ? stored.size() : 0;
      const Bytes head(reinterpret_cast<const std::byte*>(&heads[i]), sizeof(heads[i]));
      entries.push_back({page.id(), Op(NodeOp::kOverflowPage), {head, data}});
      OverflowHead(page.page()) = heads[i];
      if (!data.empty()) std::memcpy(page.page() + kOverflowDataBegin, data.data(), data.size());
      next = page.id().page;
    }
    storage_.LogChange(RecordKind::kUpdate, &transaction.log, entries, guards);
    pages_left -= count;
  }
  ref.first_page = next;
  return ref;
}

Status Tree::ReadOverflow(OverflowRef ref, std::string* out) {
  const size_t begin = out->size();
  return ReadOverflow(ref, [&](size_t size) {
    out->resize(begin + size);
    return out->data() + begin;
  });
}

Status Tree::ReadOverflow(OverflowRef ref, absl::FunctionRef<char*(size_t size)> allocate) {
  if (ref.size_bytes > static_cast<uint64_t>(base::kMaxStringBytes) || (ref.flags & ~kCompressed) != 0) {
    return Damaged(ref.first_page, "a malformed reference to a long value");
  }
  const bool compressed = (ref.flags & kCompressed) != 0;
  CountedBuffer buffer;
  char* out = nullptr;
  std::byte* into = nullptr;  // `out`, or the buffer for what has to be decompressed
  uint64_t stored = 0, filled = 0;
  for (PageNo page = ref.first_page; page != base::kNoPage || filled < stored || filled == 0;) {
    const FrameReservation frames = pool_.ReserveFrames(1);
    TURDB_ASSIGN_OR_RETURN(const SharedGuard guard, pool_.FixShared(IdOf(page)));
    const OverflowHeader& head = OverflowHead(guard.page());
    if (PageHead(guard.page()).kind != PageKind::kOverflow || head.data_bytes > kOverflowDataBytes) {
      return Damaged(page, "should be an overflow page");
    }
    if (page == ref.first_page) {
      stored = head.stored_bytes;
      if (stored > ZSTD_compressBound(ref.size_bytes) || (!compressed && stored != ref.size_bytes)) {
        return Damaged(page, "the chain's length is not the value's");
      }
      if (compressed) {
        TURDB_ASSIGN_OR_RETURN(buffer, MakeBuffer(storage_.budget(), stored, ZSTD_estimateDCtxSize()));
        into = buffer.bytes.get();
      } else {
        out = allocate(ref.size_bytes);
        into = reinterpret_cast<std::byte*>(out);
      }
    }
    if (head.data_bytes > stored - filled) return Damaged(page, "the chain is longer than its first page says");
    const Bytes data(guard.page() + kOverflowDataBegin, head.data_bytes);
    if (!data.empty()) std::memcpy(into + filled, data.data(), data.size());
    filled += data.size();
    page = head.next_page;
    if (page == base::kNoPage) break;
    if (data.empty()) return Damaged(guard.id().page, "an empty page inside a chain");
  }
  if (filled != stored) return Damaged(ref.first_page, "the chain is shorter than its first page says");
  if (!compressed) return absl::OkStatus();
  out = allocate(ref.size_bytes);
  const size_t size = ZSTD_decompress(out, ref.size_bytes, buffer.bytes.get(), stored);
  if (ZSTD_getErrorCode(size) == ZSTD_error_memory_allocation) return base::NoMemory();
  if (ZSTD_isError(size) != 0 || size != ref.size_bytes) return Damaged(ref.first_page, "the value cannot be decompressed");
  return absl::OkStatus();
}

// What stands around a pending chain, latched: the root, the chain's first page and its neighbours.
struct Tree::PendingLinks {
  ExclusiveGuard root, first, previous, next;
  std::optional<FieldPayload> to_next, to_previous;
};

Status Tree::FixPending(PageNo page, PendingLinks* links) {
  TURDB_ASSIGN_OR_RETURN(links->root, pool_.FixExclusive(IdOf(root_)));
  TURDB_ASSIGN_OR_RETURN(links->first, pool_.FixExclusive(IdOf(page)));
  if (PageHead(links->first.page()).kind != PageKind::kOverflow) return Damaged(page, "should be an overflow page");
  const OverflowHeader& head = OverflowHead(links->first.page());
  if (head.pending == 0) return absl::OkStatus();
  const PageNo before = head.pending_previous, after = head.pending_next;
  if (before == page || after == page || before == root_ || after == root_ || (before == after && before != base::kNoPage)) {
    return Damaged(page, "the list of chains that wait to be freed leads back into itself");
  }
  if (head.pending_previous != base::kNoPage) {
    TURDB_ASSIGN_OR_RETURN(links->previous, pool_.FixExclusive(IdOf(head.pending_previous)));
  }
  if (head.pending_next != base::kNoPage) {
    TURDB_ASSIGN_OR_RETURN(links->next, pool_.FixExclusive(IdOf(head.pending_next)));
  }
  return absl::OkStatus();
}

// Closes the gap that the chain leaves in the list: entries, and the pages themselves.
void Tree::UnlinkPending(PendingLinks* links, LogEntries* entries) {
  const OverflowHeader& head = OverflowHead(links->first.page());
  ExclusiveGuard& before = links->previous.held() ? links->previous : links->root;
  links->to_next.emplace(links->previous.held() ? kPendingNext : kFirstPending, head.pending_next);
  entries->push_back({before.id(), Op(NodeOp::kOverflowField), {Bytes(links->to_next->bytes)}});
  SetField(before.page(), *links->to_next);
  if (links->next.held()) {
    links->to_previous.emplace(kPendingPrevious, head.pending_previous);
    entries->push_back({links->next.id(), Op(NodeOp::kOverflowField), {Bytes(links->to_previous->bytes)}});
    SetField(links->next.page(), *links->to_previous);
  }
}

Status Tree::FreeOverflowLater(txn::Transaction& transaction, OverflowRef ref) {
  TURDB_RETURN_IF_ERROR(transaction.PrepareWrite());
  {
    const FrameReservation frames = pool_.ReserveFrames(kOverflowFrames);
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard root, pool_.FixExclusive(IdOf(root_)));
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard first, pool_.FixExclusive(IdOf(ref.first_page)));
    if (PageHead(first.page()).kind != PageKind::kOverflow) return Damaged(ref.first_page, "should be an overflow page");
    if (OverflowHead(first.page()).pending != 0) return Damaged(ref.first_page, "the chain is to be freed already");
    const PageNo old_head = Header(root.page()).first_pending;
    ExclusiveGuard next;
    if (old_head != base::kNoPage) {
      TURDB_ASSIGN_OR_RETURN(next, pool_.FixExclusive(IdOf(old_head)));
    }
    Guards guards = {&root, &first};
    if (next.held()) guards.push_back(&next);
    storage_.BeginChange(guards);
    std::array<std::byte, 4> link;
    StoreLE(link.data(), old_head);
    const FieldPayload head(kFirstPending, ref.first_page), back(kPendingPrevious, ref.first_page);
    LogEntries entries;
    entries.push_back({first.id(), Op(NodeOp::kFreeLater), {Bytes(link)}});
    entries.push_back({root.id(), Op(NodeOp::kOverflowField), {Bytes(head.bytes)}});
    if (next.held()) entries.push_back({next.id(), Op(NodeOp::kOverflowField), {Bytes(back.bytes)}});
    storage_.LogChange(RecordKind::kUpdate, &transaction.log, entries, guards);
    TURDB_CHECK(ApplyFreeLater(first.page(), Bytes(link)) == nullptr);
    SetField(root.page(), head);
    if (next.held()) SetField(next.page(), back);
  }
  // The file may be dropped while this waits for its turn, and the tree be gone.
  transaction.DeferUntilUnneeded([this, &storage = storage_, file = file_, page = ref.first_page]() -> Status {
    const storage::FilePin pin = storage.PinFile(file);
    return pin ? FreeChain(page) : absl::OkStatus();
  });
  return absl::OkStatus();
}

Status Tree::FreeChain(PageNo page) {
  // All but the first page go, a few at a time; what is left stays a chain, and stays in the list.
  for (bool more = true; more;) {
    TURDB_RETURN_IF_ERROR(storage_.PrepareChange(storage::TxnLog()));
    const FrameReservation frames = pool_.ReserveFrames(kOverflowFrames);
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard first, pool_.FixExclusive(IdOf(page)));
    if (PageHead(first.page()).kind != PageKind::kOverflow) return Damaged(page, "should be an overflow page");
    std::array<ExclusiveGuard, kPagesPerRecord> rest;
    absl::InlinedVector<ExclusiveGuard*, kPagesPerRecord> freed;
    PageNo after = OverflowHead(first.page()).next_page;
    while (after != base::kNoPage && freed.size() < kPagesPerRecord) {
      if (after == page || std::any_of(freed.begin(), freed.end(), [&](const auto* g) { return g->id().page == after; })) {
        return Damaged(after, "a chain of overflow pages that leads back into itself");
      }
      ExclusiveGuard& guard = rest[freed.size()];
      TURDB_ASSIGN_OR_RETURN(guard, pool_.FixExclusive(IdOf(after)));
      if (PageHead(guard.page()).kind != PageKind::kOverflow) return Damaged(after, "should be an overflow page");
      freed.push_back(&guard);
      after = OverflowHead(guard.page()).next_page;
    }
    more = after != base::kNoPage;
    if (freed.empty()) break;
    TURDB_ASSIGN_OR_RETURN(PageRelease release, storage_.FreePages(file_, freed));
    Guards guards = {&first};
    release.AppendGuards(&guards);
    storage_.BeginChange(guards);
    const FieldPayload link(kNextPage, after);
    LogEntries entries;
    entries.push_back({first.id(), Op(NodeOp::kOverflowField), {Bytes(link.bytes)}});
    release.Apply(&entries);
    SetField(first.page(), link);
    storage_.LogChange(RecordKind::kStructure, nullptr, entries, guards);
  }
  const FrameReservation frames = pool_.ReserveFrames(kOverflowFrames);
  PendingLinks links;
  TURDB_RETURN_IF_ERROR(FixPending(page, &links));
  if (OverflowHead(links.first.page()).pending == 0) return Damaged(page, "the chain is not in the list of pending ones");
  ExclusiveGuard* const freed[] = {&links.first};
  TURDB_ASSIGN_OR_RETURN(PageRelease release, storage_.FreePages(file_, freed));
  Guards guards = {&links.root};
  if (links.previous.held()) guards.push_back(&links.previous);
  if (links.next.held()) guards.push_back(&links.next);
  release.AppendGuards(&guards);
  storage_.BeginChange(guards);
  LogEntries entries;
  UnlinkPending(&links, &entries);
  release.Apply(&entries);
  storage_.LogChange(RecordKind::kStructure, nullptr, entries, guards);
  return absl::OkStatus();
}

Status Tree::FreePendingOverflow() {
  for (;;) {
    PageNo first;
    {
      const FrameReservation frames = pool_.ReserveFrames(1);
      TURDB_ASSIGN_OR_RETURN(const SharedGuard root, pool_.FixShared(IdOf(root_)));
      first = Header(root.page()).first_pending;
    }
    if (first == base::kNoPage) return absl::OkStatus();
    TURDB_RETURN_IF_ERROR(FreeChain(first));
  }
}

Status Tree::UndoOverflowTaken(storage::TxnLog& log, base::Lsn undo_next, Bytes payload) {
  const size_t count = payload.size() / 4;
  if (payload.size() % 4 != 0 || count == 0 || count > kPagesPerRecord) return Damaged(0, "undoing a long value: bad record");
  const FrameReservation frames = pool_.ReserveFrames(kOverflowFrames);
  std::array<ExclusiveGuard, kPagesPerRecord> pages;
  absl::InlinedVector<ExclusiveGuard*, kPagesPerRecord> freed;
  for (size_t i = 0; i < count; ++i) {
    const PageNo page = base::LoadLE<uint32_t>(payload.data() + 4 * i);
    TURDB_ASSIGN_OR_RETURN(pages[i], pool_.FixExclusive(IdOf(page)));
    if (PageHead(pages[i].page()).kind != PageKind::kOverflow) return Damaged(page, "should be an overflow page");
    freed.push_back(&pages[i]);
  }
  TURDB_ASSIGN_OR_RETURN(PageRelease release, storage_.FreePages(file_, freed));
  Guards guards;
  release.AppendGuards(&guards);
  storage_.BeginChange(guards);
  LogEntries entries;
  release.Apply(&entries);
  storage_.LogChange(RecordKind::kCompensation, &log, entries, guards, undo_next);
  return absl::OkStatus();
}

Status Tree::UndoFreeLater(storage::TxnLog& log, base::Lsn undo_next, PageNo page) {
  const FrameReservation frames = pool_.ReserveFrames(kOverflowFrames);
  PendingLinks links;
  TURDB_RETURN_IF_ERROR(FixPending(page, &links));
  if (OverflowHead(links.first.page()).pending == 0) return Damaged(page, "the chain is not in the list of pending ones");
  Guards guards = {&links.root, &links.first};
  if (links.previous.held()) guards.push_back(&links.previous);
  if (links.next.held()) guards.push_back(&links.next);
  storage_.BeginChange(guards);
  LogEntries entries;
  UnlinkPending(&links, &entries);
  const FieldPayload previous(kPendingPrevious, 0), next(kPendingNext, 0), pending(kPending, 0);
  for (const FieldPayload* field : {&previous, &next, &pending}) {
    entries.push_back({links.first.id(), Op(NodeOp::kOverflowField), {Bytes(field->bytes)}});
    SetField(links.first.page(), *field);
  }
  storage_.LogChange(RecordKind::kCompensation, &log, entries, guards, undo_next);
  return absl::OkStatus();
}

}  // namespace turdb::btree
