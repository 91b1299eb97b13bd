#include "storage/log_segments.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/crc32c.h"
#include "base/format.h"
#include "storage/page.h"

namespace turdb::storage {

using base::Bytes;
using base::Lsn;
using base::MutableBytes;
using base::Status;

namespace {

constexpr std::string_view kSegmentMagic = "TurDB Log";
constexpr uint64_t kFirstStepBytes = 64 << 10;  // doubles with each step
constexpr uint64_t kLargestStepBytes = 4 << 20;
constexpr uint64_t kLeastStepBytes = 4 << 10;
constexpr size_t kMaxSpares = 2;
// What small segments hold together that may be prepared: a transaction up to this size can be taken back on a full disk.
constexpr uint64_t kLeastPreparedBytes = 16 << 20;
constexpr uint64_t kSectorBytes = 512;

template <typename T>
Bytes Covered(const T& block) {  // the bytes its checksum covers
  return Bytes(reinterpret_cast<const std::byte*>(&block), offsetof(T, crc));
}

bool IsDiskFull(const Status& status) { return !status.ok() && base::GetSqlState(status) == base::sqlstate::kDiskFull; }

bool AllZero(Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace

bool ParseSegmentName(std::string_view name, uint64_t* number) {
  if (!name.starts_with("wal.") || name.size() < 10) return false;
  name.remove_prefix(4);
  return std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; }) && absl::SimpleAtoi(name, number);
}

std::string LogSegments::PathOf(uint64_t number) const {
  return os::JoinPath(config_.directory, base::Format("wal.%06d", number));
}

base::StatusOr<std::unique_ptr<LogSegments>> LogSegments::Open(Config config) {
  auto segments = std::unique_ptr<LogSegments>(new LogSegments(std::move(config)));
  TURDB_RETURN_IF_ERROR(segments->Load());
  return segments;
}

Status LogSegments::Load() {
  TURDB_ASSIGN_OR_RETURN(const bool exists, config_.files->Exists(config_.directory));
  if (!exists) return absl::OkStatus();
  TURDB_ASSIGN_OR_RETURN(const std::vector<std::string> names, config_.files->List(config_.directory));
  std::vector<std::pair<uint64_t, std::string>> numbered;
  for (const std::string& name : names) {
    uint64_t number = 0;
    if (ParseSegmentName(name, &number)) numbered.emplace_back(number, os::JoinPath(config_.directory, name));
  }
  std::sort(numbered.begin(), numbered.end());
  for (const auto& [number, path] : numbered) {
    TURDB_RETURN_IF_ERROR(LoadSegment(number, path));
    next_number_ = number + 1;
  }
  absl::MutexLock lock(&mu_);
  // Only the run of consecutive segments at the end is the log; what lies before a gap is spare already.
  size_t first = segments_.empty() ? 0 : segments_.size() - 1;
  while (first > 0 && segments_[first - 1].number + 1 == segments_[first].number) --first;
  for (size_t i = 0; i < first; ++i) spares_.push_back(Spare{segments_[i].number, segments_[i].path});
  segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(first));
  for (size_t i = 0; i + 1 < segments_.size(); ++i) {
    Segment& segment = segments_[i];
    const Lsn next = segments_[i + 1].start;
    if (next < segment.start || next > segment.end) {
      return base::CorruptionError(absl::StrCat(segments_[i + 1].path, ": begins at LSN ", next, ", but ", segment.path,
                                                " holds ", segment.start, " to ", segment.end));
    }
    segment.end = next;
  }
  return absl::OkStatus();
}

Status LogSegments::LoadSegment(uint64_t number, const std::string& path) {
  const os::OpenMode mode = config_.read_only ? os::OpenMode::kReadOnly : os::OpenMode::kReadWrite;
  TURDB_ASSIGN_OR_RETURN(std::shared_ptr<os::File> file, config_.files->Open(path, mode));
  TURDB_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  // Segments grow in whole sectors, and whatever a crash leaves of that is whole sectors too.
  if (size % kSectorBytes != 0) {
    return base::CorruptionError(
        absl::StrCat(path, ": the log segment is truncated: its ", size, " bytes are no whole number of sectors"));
  }
  std::array<std::byte, kSegmentHeaderBytes> block{};
  if (size >= block.size()) TURDB_RETURN_IF_ERROR(file->Read(0, block));
  SegmentHeader header;
  std::memcpy(&header, block.data(), sizeof(header));
  const bool unused = AllZero(Bytes(block).first(sizeof(header)));
  if (!unused) {
    if (std::string_view(header.magic, strnlen(header.magic, sizeof(header.magic))) != kSegmentMagic ||
        header.crc != base::Crc32c(Covered(header))) {
      return base::CorruptionError(absl::StrCat(path, ": the header of the log segment is damaged"));
    }
    if (header.format_version != kFormatVersion) {
      return base::UnsupportedError(
          absl::StrCat(path, ": log format version ", header.format_version, ", this library knows ", kFormatVersion));
    }
    if (header.database_id != config_.database_id) {
      return base::CorruptionError(absl::StrCat(path, ": belongs to another database"));
    }
  }
  if (unused || header.number != number) {  // the power went before a fresh or renamed segment got its header
    spares_.push_back(Spare{number, path});
    return absl::OkStatus();
  }
  for (size_t slot = 0; slot < 2; ++slot) {
    ControlBlock control;
    std::memcpy(&control, block.data() + kControlOffset * (slot + 1), sizeof(control));
    if (control.crc == base::Crc32c(Covered(control)) && control.database_id == config_.database_id &&
        control.sequence > control_.sequence) {
      control_ = control;
    }
  }
  absl::MutexLock lock(&mu_);
  segments_.push_back(Segment{.number = number,
                              .start = header.start_lsn,
                              .end = header.start_lsn + header.capacity_bytes,
                              .epoch = header.epoch,
                              .allocated_bytes = size,
                              .path = path,
                              .file = std::move(file)});
  return absl::OkStatus();
}

bool LogSegments::empty() const {
  absl::MutexLock lock(&mu_);
  return segments_.empty();
}

uint64_t LogSegments::last_epoch() const {
  absl::MutexLock lock(&mu_);
  uint64_t last = epoch_;
  for (const Segment& segment : segments_) last = std::max(last, segment.epoch);
  return last;
}

Lsn LogSegments::begin_lsn() const {
  absl::MutexLock lock(&mu_);
  return segments_.empty() ? kFirstLsn : segments_.front().start;
}

Lsn LogSegments::end_lsn() const {
  absl::MutexLock lock(&mu_);
  return segments_.empty() ? kFirstLsn : segments_.back().end;
}

uint64_t LogSegments::total_bytes() const {
  absl::MutexLock lock(&mu_);
  uint64_t total = 0;
  for (const Segment& segment : segments_) total += segment.allocated_bytes;
  return total;
}

const LogSegments::Segment* LogSegments::Find(Lsn lsn) const {
  // The newest that starts at or below: an earlier one may have been cut short at the same LSN.
  for (size_t i = segments_.size(); i-- > 0;) {
    if (segments_[i].start <= lsn) return lsn < segments_[i].end ? &segments_[i] : nullptr;
  }
  return nullptr;
}

bool LogSegments::Locate(Lsn lsn, Extent* extent) const {
  absl::MutexLock lock(&mu_);
  const Segment* segment = Find(lsn);
  if (segment == nullptr) return false;
  const uint64_t allocated = segment->allocated_bytes - std::min<uint64_t>(segment->allocated_bytes, kSegmentHeaderBytes);
  *extent = Extent{segment->start, segment->end, segment->epoch, segment->number, allocated, segment->path};
  return true;
}

uint64_t LogSegments::EpochAt(Lsn lsn, uint64_t otherwise) const {
  absl::MutexLock lock(&mu_);
  const Segment* segment = Find(lsn);
  return segment == nullptr ? otherwise : segment->epoch;
}

Status LogSegments::Read(Lsn lsn, MutableBytes into) const {
  while (!into.empty()) {
    std::shared_ptr<os::File> file;
    uint64_t offset = 0;
    size_t part = 0;
    uint64_t allocated = 0;
    {
      absl::MutexLock lock(&mu_);
      const Segment* segment = Find(lsn);
      if (segment == nullptr) return base::CorruptionError(absl::StrCat("no log segment holds LSN ", lsn));
      file = segment->file;
      offset = kSegmentHeaderBytes + (lsn - segment->start);
      part = static_cast<size_t>(std::min<uint64_t>(into.size(), segment->end - lsn));
      allocated = segment->allocated_bytes;
    }
    // Segments grow in steps; what is not there yet reads as zero.
    const size_t there = offset >= allocated ? 0 : static_cast<size_t>(std::min<uint64_t>(part, allocated - offset));
    if (there != 0) TURDB_RETURN_IF_ERROR(file->Read(offset, into.first(there)));
    if (there != part) std::memset(into.data() + there, 0, part - there);
    into = into.subspan(part);
    lsn += part;
  }
  return absl::OkStatus();
}

Status LogSegments::ContinueAt(Lsn end, uint64_t epoch, const ControlBlock& control) {
  std::vector<Segment> beyond, kept;
  {
    absl::MutexLock lock(&mu_);
    // Newest first, so that a crash in between leaves numbers without a gap.
    while (!segments_.empty() && segments_.back().start >= end) {
      beyond.push_back(std::move(segments_.back()));
      segments_.pop_back();
    }
    kept = segments_;
  }
  for (Segment& segment : beyond) {
    segment.file.reset();
    TURDB_RETURN_IF_ERROR(config_.files->Remove(segment.path));
  }
  const uint64_t next_number = kept.empty() ? next_number_ : kept.back().number + 1;
  bool removed = !beyond.empty();
  // Those prepared stay: on a full disk they are what recovery has for the undoing of what was unfinished.
  const bool clean = (control_.flags & kControlClean) != 0;
  const uint64_t prepared_end = next_number + (clean ? 1 : MostPrepared());
  for (size_t i = 0; spares_.size() > kMaxSpares && i < spares_.size();) {
    if (spares_[i].number >= next_number && spares_[i].number < prepared_end) {
      ++i;
      continue;
    }
    TURDB_RETURN_IF_ERROR(config_.files->Remove(spares_[i].path));
    spares_.erase(spares_.begin() + static_cast<std::ptrdiff_t>(i));
    removed = true;
  }
  // What was read may have been only in the system's memory, names included (the process died, the machine did not).
  const bool in_doubt = !kept.empty() && end != control_.durable_lsn;
  if (in_doubt) {
    for (const Segment& segment : kept) TURDB_RETURN_IF_ERROR(segment.file->Sync());
  }
  if (removed || in_doubt) TURDB_RETURN_IF_ERROR(config_.files->SyncDirectory(config_.directory));
  absl::MutexLock lock(&mu_);
  if (!segments_.empty()) segments_.back().end = std::min(segments_.back().end, end);
  next_number_ = next_number;
  epoch_ = epoch;
  control_ = control;
  control_.flags = config_.unsynced ? kControlUnsynced : 0;
  fresh_segment_wanted_ = true;
  continues_at_ = end;
  room_end_.store(end, std::memory_order_relaxed);
  return absl::OkStatus();
}

void LogSegments::StampControl(ControlBlock* control) const {
  control->database_id = config_.database_id;
  control->zero = 0;
  control->crc = base::Crc32c(Covered(*control));
}

SegmentHeader LogSegments::HeaderOf(uint64_t number, Lsn start, uint64_t epoch, uint64_t capacity_bytes) const {
  SegmentHeader header{};
  std::memcpy(header.magic, kSegmentMagic.data(), kSegmentMagic.size());
  header.format_version = kFormatVersion;
  header.header_bytes = kSegmentHeaderBytes;
  header.database_id = config_.database_id;
  header.number = number;
  header.start_lsn = start;
  header.epoch = epoch;
  header.capacity_bytes = capacity_bytes;
  header.crc = base::Crc32c(Covered(header));
  return header;
}

base::StatusOr<std::unique_ptr<os::File>> LogSegments::CopySegment(const Extent& extent, Lsn end, ControlBlock control,
                                                                   os::FileSystem& files, const std::string& path) const {
  constexpr uint64_t kStepBytes = 256 << 10;
  const SegmentHeader header = HeaderOf(extent.number, extent.begin, extent.epoch, extent.end - extent.begin);
  StampControl(&control);
  std::vector<std::byte> bytes(kSegmentHeaderBytes);
  std::memcpy(bytes.data(), &header, sizeof(header));
  std::memcpy(bytes.data() + kControlOffset * (1 + control.sequence % 2), &control, sizeof(control));
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<os::File> file, files.Open(path, os::OpenMode::kCreate));
  TURDB_RETURN_IF_ERROR(file->Write(0, bytes));
  const Lsn last = std::min(end, extent.end);
  for (Lsn at = extent.begin; at < last; at += kStepBytes) {
    const size_t size = static_cast<size_t>(std::min<uint64_t>(kStepBytes, last - at));
    bytes.assign((size + kSectorBytes - 1) / kSectorBytes * kSectorBytes, std::byte{0});
    TURDB_RETURN_IF_ERROR(Read(at, MutableBytes(bytes).first(size)));
    TURDB_RETURN_IF_ERROR(file->Write(kSegmentHeaderBytes + (at - extent.begin), bytes));
  }
  return file;
}

size_t LogSegments::MostPrepared() const { return std::max<uint64_t>(1, kLeastPreparedBytes / config_.segment_bytes); }

Status LogSegments::AddPrepared() {
  Segment next;
  next.number = next_number_ + prepared_.size();
  next.path = PathOf(next.number);
  prepared_.reserve(prepared_.size() + 1);
  {
    absl::MutexLock lock(&mu_);
    segments_.reserve(segments_.size() + prepared_.size() + 1);
  }
  // One that has the name already comes first: another would be renamed over it.
  auto spare = std::find_if(spares_.begin(), spares_.end(), [&](const Spare& each) { return each.path == next.path; });
  if (spare == spares_.end() && !spares_.empty()) spare = std::prev(spares_.end());
  if (spare != spares_.end()) {
    if (spare->path != next.path) TURDB_RETURN_IF_ERROR(config_.files->Rename(spare->path, next.path));
    spares_.erase(spare);
    TURDB_ASSIGN_OR_RETURN(next.file, config_.files->Open(next.path, os::OpenMode::kReadWrite));
    TURDB_ASSIGN_OR_RETURN(next.allocated_bytes, next.file->Size());
  } else {
    TURDB_ASSIGN_OR_RETURN(next.file, config_.files->Open(next.path, os::OpenMode::kCreateOrTruncate));
  }
  prepared_.push_back(std::move(next));
  return absl::OkStatus();
}

Status LogSegments::Prepare(uint64_t log_bytes) {
  TURDB_CHECK(!config_.read_only);
  Status status;
  for (size_t i = 0; log_bytes > 0 && i < MostPrepared() && status.ok(); ++i) {
    const uint64_t part = std::min(log_bytes, config_.segment_bytes);
    if (i == prepared_.size()) TURDB_RETURN_IF_ERROR(AddPrepared());
    Segment& segment = prepared_[i];
    status = Extend(*segment.file, kSegmentHeaderBytes + part, &segment.allocated_bytes);
    if (IsDiskFull(status) && fresh_segment_wanted_) {
      TURDB_RETURN_IF_ERROR(GiveUpTail());
      status = Extend(*segment.file, kSegmentHeaderBytes + part, &segment.allocated_bytes);
    }
    log_bytes -= part;
  }
  NoteRoom();
  return status;
}

// After recovery: what the last segment has beyond the log's end was room for what the last run would have written, the undoing
// of its transactions above all. That goes into the fresh segment now.
Status LogSegments::GiveUpTail() {
  std::shared_ptr<os::File> file;
  uint64_t keep = 0;
  {
    absl::MutexLock lock(&mu_);
    if (segments_.empty()) return absl::OkStatus();
    const Segment& last = segments_.back();
    file = last.file;
    keep = kSegmentHeaderBytes + (last.end - last.start + kSectorBytes - 1) / kSectorBytes * kSectorBytes;
    if (keep >= last.allocated_bytes) return absl::OkStatus();
  }
  TURDB_RETURN_IF_ERROR(file->Truncate(keep));
  absl::MutexLock lock(&mu_);
  segments_.back().allocated_bytes = keep;
  return absl::OkStatus();
}

Status LogSegments::BeginSegment(Lsn start) {
  if (!fresh_segment_wanted_) TURDB_RETURN_IF_ERROR(Sync());  // Sync() looks only at the newest
  TURDB_RETURN_IF_ERROR(Prepare(1));
  Segment& next = prepared_.front();
  const SegmentHeader header = HeaderOf(next.number, start, epoch_, config_.segment_bytes);
  if (fresh_segment_wanted_) ++control_.sequence;  // outranks the "closed properly" of the last opening
  StampControl(&control_);
  std::array<std::byte, kSegmentHeaderBytes> block{};
  std::memcpy(block.data(), &header, sizeof(header));
  std::memcpy(block.data() + kControlOffset * (1 + control_.sequence % 2), &control_, sizeof(control_));
  TURDB_RETURN_IF_ERROR(next.file->Write(0, block));
  next.start = start;
  next.end = start + config_.segment_bytes;
  next.epoch = epoch_;
  {
    absl::MutexLock lock(&mu_);
    segments_.push_back(std::move(next));  // AddPrepared has reserved its place
    name_unsynced_ = true;
  }
  prepared_.erase(prepared_.begin());
  ++next_number_;
  fresh_segment_wanted_ = false;
  NoteRoom();
  return absl::OkStatus();
}

// Segments grow in steps that double; on a disk that has no room for a step, by what is needed, for which spares go.
Status LogSegments::Extend(os::File& file, uint64_t bytes, uint64_t* allocated_bytes) {
  if (bytes <= *allocated_bytes) return absl::OkStatus();
  const uint64_t step = std::clamp(*allocated_bytes, kFirstStepBytes, kLargestStepBytes);
  const uint64_t full = kSegmentHeaderBytes + config_.segment_bytes;
  uint64_t wanted = std::max(bytes, std::min(full, (bytes + step - 1) / step * step));
  Status status = file.Extend(wanted);
  if (IsDiskFull(status)) {
    wanted = (bytes + kLeastStepBytes - 1) / kLeastStepBytes * kLeastStepBytes;
    status = file.Extend(wanted);
  }
  while (IsDiskFull(status) && !spares_.empty()) {
    TURDB_RETURN_IF_ERROR(config_.files->Remove(spares_.back().path));
    spares_.pop_back();
    status = file.Extend(wanted);
  }
  if (status.ok()) *allocated_bytes = wanted;
  return status;
}

Status LogSegments::ExtendNewest(uint64_t file_bytes) {
  std::shared_ptr<os::File> file;
  uint64_t allocated = 0;
  {
    absl::MutexLock lock(&mu_);
    file = segments_.back().file;
    allocated = segments_.back().allocated_bytes;
  }
  if (file_bytes <= allocated) return absl::OkStatus();
  TURDB_RETURN_IF_ERROR(Extend(*file, file_bytes, &allocated));
  {
    absl::MutexLock lock(&mu_);
    segments_.back().allocated_bytes = allocated;
  }
  changes_.fetch_add(1, std::memory_order_release);  // a durable write needs a length that is durable
  NoteRoom();
  return absl::OkStatus();
}

void LogSegments::NoteRoom() {
  const auto log_bytes = [](const Segment& segment) {
    return segment.allocated_bytes - std::min<uint64_t>(segment.allocated_bytes, kSegmentHeaderBytes);
  };
  uint64_t in_next = 0;
  for (const Segment& segment : prepared_) {
    const uint64_t part = std::min(log_bytes(segment), config_.segment_bytes);
    in_next += part;
    if (part < config_.segment_bytes) break;
  }
  Lsn room = continues_at_ + in_next;
  if (!fresh_segment_wanted_) {
    absl::MutexLock lock(&mu_);
    const Segment& newest = segments_.back();
    room = newest.start + log_bytes(newest);
    if (room >= newest.end) room = newest.end + in_next;
  }
  room_end_.store(room, std::memory_order_relaxed);
}

Status LogSegments::EnsureRoom(Lsn wanted) {
  Lsn end = continues_at_;
  if (!fresh_segment_wanted_) {
    Lsn start = 0;
    {
      absl::MutexLock lock(&mu_);
      start = segments_.back().start;
      end = segments_.back().end;
    }
    TURDB_RETURN_IF_ERROR(ExtendNewest(kSegmentHeaderBytes + (std::min(wanted, end) - start)));
  }
  return wanted > end ? Prepare(wanted - end) : absl::OkStatus();
}

Status LogSegments::AppendDurably(Lsn lsn, Bytes bytes, bool* durable) {
  *durable = false;
  if (fresh_segment_wanted_ || changes_.load(std::memory_order_relaxed) != synced_changes_.load(std::memory_order_acquire)) {
    return absl::OkStatus();
  }
  std::shared_ptr<os::File> file;
  uint64_t offset = 0;
  {
    absl::MutexLock lock(&mu_);
    const Segment& segment = segments_.back();
    TURDB_CHECK(lsn >= segment.start && lsn <= segment.end);
    offset = kSegmentHeaderBytes + (lsn - segment.start);
    if (lsn + bytes.size() > segment.end || offset + bytes.size() > segment.allocated_bytes) return absl::OkStatus();
    file = segment.file;
  }
  TURDB_RETURN_IF_ERROR(file->WriteDurably(offset, bytes));
  *durable = true;
  return absl::OkStatus();
}

Status LogSegments::Append(Lsn lsn, Bytes bytes) {
  while (!bytes.empty()) {
    std::shared_ptr<os::File> file;
    Lsn start = 0, end = 0;
    if (!fresh_segment_wanted_) {
      absl::MutexLock lock(&mu_);
      const Segment& newest = segments_.back();
      TURDB_CHECK(lsn >= newest.start && lsn <= newest.end);
      start = newest.start;
      end = newest.end;
      file = newest.file;
    }
    if (file == nullptr || lsn == end) {
      TURDB_RETURN_IF_ERROR(BeginSegment(lsn));
      continue;
    }
    const size_t part = static_cast<size_t>(std::min<uint64_t>(bytes.size(), end - lsn));
    const uint64_t offset = kSegmentHeaderBytes + (lsn - start);
    TURDB_RETURN_IF_ERROR(ExtendNewest(offset + part));
    TURDB_RETURN_IF_ERROR(file->Write(offset, bytes.first(part)));
    bytes = bytes.subspan(part);
    lsn += part;
  }
  changes_.fetch_add(1, std::memory_order_release);
  return absl::OkStatus();
}

Status LogSegments::Sync() {
  const uint64_t changes = changes_.load(std::memory_order_acquire);
  bool named = true;
  std::shared_ptr<os::File> file;
  {
    absl::MutexLock lock(&mu_);
    if (segments_.empty()) return absl::OkStatus();
    file = segments_.back().file;
    named = !name_unsynced_;
  }
  TURDB_RETURN_IF_ERROR(file->Sync());
  if (!named) {
    TURDB_RETURN_IF_ERROR(config_.files->SyncDirectory(config_.directory));
    absl::MutexLock lock(&mu_);
    if (segments_.back().file == file) name_unsynced_ = false;
  }
  uint64_t synced = synced_changes_.load(std::memory_order_relaxed);
  while (synced < changes && !synced_changes_.compare_exchange_weak(synced, changes, std::memory_order_acq_rel)) {
  }
  return absl::OkStatus();
}

Status LogSegments::WriteControl(ControlBlock control) {
  TURDB_CHECK(!fresh_segment_wanted_);
  control.sequence = control_.sequence + 1;
  if (config_.unsynced) control.flags |= kControlUnsynced;
  StampControl(&control);
  std::shared_ptr<os::File> file;
  {
    absl::MutexLock lock(&mu_);
    file = segments_.back().file;
  }
  TURDB_RETURN_IF_ERROR(file->Write(kControlOffset * (1 + control.sequence % 2),
                                    Bytes(reinterpret_cast<const std::byte*>(&control), sizeof(control))));
  control_ = control;
  changes_.fetch_add(1, std::memory_order_release);
  return absl::OkStatus();
}

Status LogSegments::Recycle(Lsn keep) {
  std::vector<Segment> old;
  spares_.reserve(kMaxSpares);
  {
    absl::MutexLock lock(&mu_);
    size_t count = 0;
    while (count + 1 < segments_.size() && segments_[count].end <= keep) ++count;
    old.assign(std::make_move_iterator(segments_.begin()),
               std::make_move_iterator(segments_.begin() + static_cast<std::ptrdiff_t>(count)));
    segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(count));
  }
  for (Segment& segment : old) {
    segment.file.reset();
    if (spares_.size() < kMaxSpares) {
      spares_.push_back(Spare{segment.number, std::move(segment.path)});
    } else {
      TURDB_RETURN_IF_ERROR(config_.files->Remove(segment.path));
    }
  }
  return DropSurplus(keep);
}

// What was prepared for the undoing of a large transaction goes when nobody is that large any more: none that lives has
// logged more than what is kept.
Status LogSegments::DropSurplus(Lsn keep) {
  if (fresh_segment_wanted_ || prepared_.size() < 2) return absl::OkStatus();
  uint64_t wanted = config_.segment_bytes;  // for a change, and until somebody asks again
  {
    absl::MutexLock lock(&mu_);
    wanted += segments_.back().end - std::min(segments_.back().end, keep);
  }
  while (prepared_.size() > 1 && (prepared_.size() - 1) * config_.segment_bytes >= wanted) {
    TURDB_RETURN_IF_ERROR(config_.files->Remove(prepared_.back().path));
    prepared_.pop_back();
  }
  while (!spares_.empty() && spares_.size() + prepared_.size() > kMaxSpares + 1) {
    TURDB_RETURN_IF_ERROR(config_.files->Remove(spares_.back().path));
    spares_.pop_back();
  }
  NoteRoom();
  return absl::OkStatus();
}

}  // namespace turdb::storage
