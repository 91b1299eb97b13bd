#include "btree/overflow_stream.h"

#define ZSTD_STATIC_LINKING_ONLY  // what its contexts take is counted, too
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "btree/node_ops.h"
#include "btree/overflow_page.h"

namespace turdb::btree {

using base::Bytes;
using base::MutableBytes;
using base::PageNo;
using base::StoreLE;
using storage::ExclusiveGuard;
using storage::FrameReservation;
using storage::Guards;
using storage::LogEntries;
using storage::PageAllocation;
using storage::PageKind;
using storage::SharedGuard;

namespace {
constexpr uint32_t kCompressed = 1;
constexpr int kOverflowFrames = 6;
constexpr size_t kNextPage = storage::kPageHeaderBytes + offsetof(OverflowHeader, next_page);
}  // namespace

// ---- reading

struct OverflowReader::Decompressor {
  explicit Decompressor(base::MemoryBudget& budget) : reservation(budget) {}
  ~Decompressor() { ZSTD_freeDCtx(context); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  base::MemoryReservation reservation;
  ZSTD_DCtx* context = nullptr;
  uint64_t stored_at = 0;  // what comes next into it
  uint64_t value_at = 0;   // and out of it
  std::vector<std::byte> in;
  size_t in_at = 0;
};

OverflowReader::OverflowReader(storage::Storage& storage, FileId file, OverflowRef ref)
    : storage_(storage), file_(file), ref_(ref) {}
OverflowReader::~OverflowReader() = default;

Status OverflowReader::Damaged(PageNo page, std::string_view what) const {
  return base::CorruptionError(absl::StrCat("page ", page, " of file ", file_, ": ", what));
}

StatusOr<SharedGuard> OverflowReader::FixPage(PageNo page, uint64_t index) {
  TURDB_ASSIGN_OR_RETURN(SharedGuard guard, storage_.pool().FixShared({file_, page}));
  const OverflowHeader& head = OverflowHead(guard.page());
  if (PageHead(guard.page()).kind != PageKind::kOverflow || head.data_bytes > kOverflowDataBytes) {
    return Damaged(page, "should be an overflow page");
  }
  if (index == 0) {
    const bool compressed = (ref_.flags & kCompressed) != 0;
    stored_bytes_ = head.stored_bytes;
    if (stored_bytes_ > ZSTD_compressBound(ref_.size_bytes) || (!compressed && stored_bytes_ != ref_.size_bytes)) {
      return Damaged(page, "the chain's length is not the value's");
    }
  }
  const uint64_t begin = index * kOverflowDataBytes;
  const uint64_t expected = std::min<uint64_t>(kOverflowDataBytes, stored_bytes_ - std::min(begin, stored_bytes_));
  if (head.data_bytes != expected) return Damaged(page, "the chain has a page of another length than it should");
  return guard;
}

StatusOr<PageNo> OverflowReader::FindPage(uint64_t index) {
  if (landmarks_.empty()) landmarks_.push_back(ref_.first_page);
  uint64_t at = std::min<uint64_t>(index / kLandmarkPages, landmarks_.size() - 1) * kLandmarkPages;
  PageNo page = landmarks_[at / kLandmarkPages];
  if (at_page_ != base::kNoPage && at_index_ <= index && at_index_ > at) {
    at = at_index_;
    page = at_page_;
  }
  while (at < index) {
    {
      const FrameReservation frames = storage_.pool().ReserveFrames(1);
      TURDB_ASSIGN_OR_RETURN(const SharedGuard guard, FixPage(page, at));
      page = OverflowHead(guard.page()).next_page;
    }
    if (page == base::kNoPage) return Damaged(ref_.first_page, "the chain is shorter than its first page says");
    ++at;
    if (at == landmarks_.size() * kLandmarkPages) landmarks_.push_back(page);
  }
  at_page_ = page;
  at_index_ = at;
  return page;
}

Status OverflowReader::ReadStored(uint64_t offset, MutableBytes out) {
  while (!out.empty()) {
    const uint64_t index = offset / kOverflowDataBytes;
    TURDB_ASSIGN_OR_RETURN(const PageNo page, FindPage(index));
    const FrameReservation frames = storage_.pool().ReserveFrames(1);
    TURDB_ASSIGN_OR_RETURN(const SharedGuard guard, FixPage(page, index));
    const size_t begin = offset % kOverflowDataBytes;
    const size_t there = OverflowHead(guard.page()).data_bytes;
    if (begin >= there) return Damaged(page, "the chain is shorter than its first page says");
    const size_t count = std::min(out.size(), there - begin);
    std::memcpy(out.data(), guard.page() + kOverflowDataBegin + begin, count);
    out = out.subspan(count);
    offset += count;
  }
  return absl::OkStatus();
}

Status OverflowReader::Read(uint64_t offset, MutableBytes out) {
  TURDB_CHECK_LE(offset + out.size(), ref_.size_bytes);
  if (ref_.size_bytes > static_cast<uint64_t>(base::kMaxStringBytes) || (ref_.flags & ~kCompressed) != 0) {
    return Damaged(ref_.first_page, "a malformed reference to a long value");
  }
  if (out.empty()) return absl::OkStatus();
  return (ref_.flags & kCompressed) != 0 ? ReadCompressed(offset, out) : ReadStored(offset, out);
}

Status OverflowReader::StartDecompressor() {
  if (stored_bytes_ == 0) {
    const FrameReservation frames = storage_.pool().ReserveFrames(1);
    TURDB_RETURN_IF_ERROR(FixPage(ref_.first_page, 0).status());
  }
  auto made = std::make_unique<Decompressor>(storage_.budget());
  std::array<std::byte, 18> head;  // as long as the header of a frame can be
  const size_t head_bytes = std::min<size_t>(head.size(), stored_bytes_);
  TURDB_RETURN_IF_ERROR(ReadStored(0, MutableBytes(head).first(head_bytes)));
  const size_t needed = ZSTD_estimateDStreamSize_fromFrame(head.data(), head_bytes);
  if (ZSTD_isError(needed) != 0) return Damaged(ref_.first_page, "the value cannot be decompressed");
  TURDB_RETURN_IF_ERROR(
      made->reservation.Grow(static_cast<int64_t>(needed + kOverflowDataBytes), "reading a compressed value in pieces"));
  made->context = ZSTD_createDCtx();
  if (made->context == nullptr) return base::NoMemory();
  decompressor_ = std::move(made);
  return absl::OkStatus();
}

Status OverflowReader::ReadCompressed(uint64_t offset, MutableBytes out) {
  if (decompressor_ == nullptr || decompressor_->value_at > offset) {
    decompressor_.reset();
    TURDB_RETURN_IF_ERROR(StartDecompressor());
  }
  Decompressor& state = *decompressor_;
  std::array<std::byte, 4096> skipped;
  while (!out.empty()) {
    const bool skips = state.value_at < offset;
    const MutableBytes to =
        skips ? MutableBytes(skipped).first(static_cast<size_t>(std::min<uint64_t>(skipped.size(), offset - state.value_at)))
              : out;
    if (state.in_at == state.in.size()) {
      const uint64_t count = std::min<uint64_t>(kOverflowDataBytes, stored_bytes_ - state.stored_at);
      state.in.resize(static_cast<size_t>(count));
      state.in_at = 0;
      if (count != 0) TURDB_RETURN_IF_ERROR(ReadStored(state.stored_at, state.in));
      state.stored_at += count;
    }
    ZSTD_inBuffer in{state.in.data(), state.in.size(), state.in_at};
    ZSTD_outBuffer into{to.data(), to.size(), 0};
    const size_t result = ZSTD_decompressStream(state.context, &into, &in);
    const bool stuck = into.pos == 0 && in.pos == state.in_at;
    state.in_at = in.pos;
    state.value_at += into.pos;
    if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation) return base::NoMemory();
    if (ZSTD_isError(result) != 0 || stuck) {
      decompressor_.reset();
      return Damaged(ref_.first_page, "the value cannot be decompressed");
    }
    if (!skips) out = out.subspan(into.pos);
    if (!skips) offset += into.pos;
  }
  return absl::OkStatus();
}

// ---- writing

OverflowWriter::OverflowWriter(storage::Storage& storage, FileId file, txn::Transaction& transaction, uint64_t size_bytes)
    : storage_(storage), file_(file), transaction_(transaction), size_bytes_(size_bytes) {
  TURDB_CHECK_GT(size_bytes, 0u);
  buffer_.reserve(kOverflowDataBytes);
}

Status OverflowWriter::Append(Bytes data) {
  TURDB_CHECK_LE(appended_ + data.size(), size_bytes_);
  while (!data.empty()) {
    const size_t count = std::min(data.size(), kOverflowDataBytes - buffer_.size());
    buffer_.insert(buffer_.end(), data.begin(), data.begin() + static_cast<ptrdiff_t>(count));
    data = data.subspan(count);
    appended_ += count;
    if (buffer_.size() == kOverflowDataBytes || appended_ == size_bytes_) TURDB_RETURN_IF_ERROR(WritePage());
  }
  return absl::OkStatus();
}

// The page before gets its link in the same record, so that a chain never leads to a page that is not there. Undoing the record
// frees the new page alone; the one before it, undone next, is reached by nobody meanwhile.
Status OverflowWriter::WritePage() {
  TURDB_RETURN_IF_ERROR(transaction_.PrepareWrite());
  const FrameReservation frames = storage_.pool().ReserveFrames(kOverflowFrames);
  ExclusiveGuard before;
  if (last_page_ != base::kNoPage) {
    TURDB_ASSIGN_OR_RETURN(before, storage_.pool().FixExclusive({file_, last_page_}));
  }
  TURDB_ASSIGN_OR_RETURN(PageAllocation pages, storage_.AllocatePages(file_, 1));
  Guards guards;
  if (before.held()) guards.push_back(&before);
  pages.AppendGuards(&guards);
  storage_.BeginChange(guards);
  ExclusiveGuard& page = pages.page(0);
  const PageNo page_no = pages.page_no(0);
  LogEntries entries;
  std::array<std::byte, 4> taken;
  StoreLE(taken.data(), page_no);
  entries.push_back({{file_, 0}, static_cast<uint8_t>(NodeOp::kOverflowTaken), {Bytes(taken)}});
  pages.Apply(PageKind::kOverflow, &entries);
  OverflowHeader head{};
  head.next_page = base::kNoPage;
  head.data_bytes = static_cast<uint32_t>(buffer_.size());
  head.stored_bytes = first_page_ == base::kNoPage ? size_bytes_ : 0;
  const Bytes head_bytes(reinterpret_cast<const std::byte*>(&head), sizeof(head));
  entries.push_back({page.id(), static_cast<uint8_t>(NodeOp::kOverflowPage), {head_bytes, Bytes(buffer_)}});
  OverflowHead(page.page()) = head;
  std::memcpy(page.page() + kOverflowDataBegin, buffer_.data(), buffer_.size());
  std::array<std::byte, 6> link;
  if (before.held()) {
    StoreLE(link.data(), static_cast<uint16_t>(kNextPage));
    StoreLE(link.data() + 2, static_cast<uint32_t>(page_no));
    entries.push_back({before.id(), static_cast<uint8_t>(NodeOp::kOverflowField), {Bytes(link)}});
    TURDB_CHECK(ApplyOverflowField(before.page(), Bytes(link)) == nullptr);
  }
  storage_.LogChange(storage::RecordKind::kUpdate, &transaction_.log, entries, guards);
  if (first_page_ == base::kNoPage) first_page_ = page_no;
  last_page_ = page_no;
  buffer_.clear();
  return absl::OkStatus();
}

OverflowRef OverflowWriter::Finish() const {
  TURDB_CHECK_EQ(appended_, size_bytes_);
  OverflowRef ref;
  ref.first_page = first_page_;
  ref.size_bytes = size_bytes_;
  return ref;
}

}  // namespace turdb::btree
