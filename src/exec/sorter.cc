#include "exec/sorter.h"

#include <algorithm>
#include <cstring>

#include "exec/key_range.h"
#include "exec/pipeline.h"
#include "exec/spill_file.h"
#include "exec/spill_partitions.h"

namespace turdb::exec {

using base::Status;
using base::StatusOr;
using vec::Rows;
using vec::SelIndex;

// Sorted runs in temporary files, merged through a loser tree: the inner nodes remember who lost there, so the next
// winner takes one path from a leaf to the top.
//
//   a record of a run: u32 size of the key | key | payload, as EncodeRecord writes it
class Sorter::Runs {
 public:
  static constexpr size_t kMaxFanIn = 32;

  Runs(const RowLayout& layout, base::MemoryBudget* budget) : layout_(layout), budget_(budget) {}

  void Add(std::unique_ptr<SpillFile> run) { files_.push_back(std::move(run)); }
  size_t count() const { return files_.size(); }

  static void EncodeEntry(const RowLayout& layout, base::Bytes key, const std::byte* record, std::string* out) {
    const auto size = static_cast<uint32_t>(key.size());
    out->assign(reinterpret_cast<const char*>(&size), sizeof(size));
    out->append(base::AsText(key));
    EncodeRecord(layout, record, out);
  }

  // Merges until one pass is left, which Next reads.
  Status Prepare(Runtime& runtime, int64_t* spilled_bytes) {
    size_t fan_in = kMaxFanIn;
    base::MemoryReservation probe(*budget_);
    while (fan_in > 2 && !probe.TryGrow(static_cast<int64_t>(fan_in * SpillFile::kReadBufferBytes * 2))) fan_in /= 2;
    probe.Reset();
    while (files_.size() > fan_in) {
      TURDB_ASSIGN_OR_RETURN(std::unique_ptr<SpillFile> merged, SpillFile::Create(runtime, "sorting"));
      TURDB_RETURN_IF_ERROR(Open(fan_in));
      while (true) {
        TURDB_RETURN_IF_ERROR(runtime.CheckCancelled());
        if (winner_ == kNone) break;
        TURDB_RETURN_IF_ERROR(merged->Append(heads_[winner_].record));
        TURDB_RETURN_IF_ERROR(Advance());
      }
      TURDB_RETURN_IF_ERROR(merged->FinishWriting());
      *spilled_bytes += static_cast<int64_t>(merged->size_bytes());
      heads_.clear();
      files_.erase(files_.begin(), files_.begin() + static_cast<ptrdiff_t>(fan_in));
      files_.push_back(std::move(merged));
    }
    return Open(files_.size());
  }

  // Copies the next rows into `out`, which is reset.
  StatusOr<bool> Next(vec::Chunk* out) {
    row_.resize(layout_.row_bytes());
    const std::byte* record = row_.data();
    uint32_t count = 0;
    for (; count < out->capacity() && winner_ != kNone; ++count) {
      DecodeRecord(layout_, heads_[winner_].payload, row_.data());
      for (size_t c = 0; c < layout_.column_count(); ++c) CopyRecordCell(layout_, record, c, &out->column(c), count);
      TURDB_RETURN_IF_ERROR(Advance());
    }
    out->set_size(count);
    return count != 0;
  }

 private:
  static constexpr size_t kNone = SIZE_MAX;
  struct Head {
    std::unique_ptr<SpillFile::Reader> reader;
    base::Bytes record;
    base::Bytes key;
    base::Bytes payload;
    bool done = false;
  };

  Status Open(size_t count) {
    heads_.clear();
    for (size_t i = 0; i < count; ++i) {
      Head head;
      head.reader = std::make_unique<SpillFile::Reader>(*files_[i], budget_);
      TURDB_RETURN_IF_ERROR(Load(&head));
      heads_.push_back(std::move(head));
    }
    // Play all leaves up; what waits at a node is the loser of the first two to come there.
    losers_.assign(count, kNone);
    winner_ = kNone;
    for (size_t i = count; i-- > 0;) Replay(i, /*building=*/true);
    return absl::OkStatus();
  }

  Status Load(Head* head) {
    TURDB_ASSIGN_OR_RETURN(const bool more, head->reader->Next(&head->record));
    head->done = !more;
    if (!more) return absl::OkStatus();
    uint32_t size;
    std::memcpy(&size, head->record.data(), sizeof(size));
    head->key = head->record.subspan(sizeof(size), size);
    head->payload = head->record.subspan(sizeof(size) + size);
    return absl::OkStatus();
  }

  // Whether run a's head comes before run b's. A run without rows comes last.
  bool Before(size_t a, size_t b) const {
    if (heads_[a].done || heads_[b].done) return !heads_[a].done;
    return base::CompareBytes(heads_[a].key, heads_[b].key) < 0;
  }

  void Replay(size_t leaf, bool building) {
    size_t contender = leaf;
    for (size_t node = (leaf + heads_.size()) / 2; node > 0; node /= 2) {
      if (building && losers_[node] == kNone) {
        losers_[node] = contender;
        return;
      }
      if (Before(losers_[node], contender)) std::swap(losers_[node], contender);
    }
    winner_ = heads_[contender].done ? kNone : contender;
  }

  Status Advance() {
    TURDB_RETURN_IF_ERROR(Load(&heads_[winner_]));
    Replay(winner_, /*building=*/false);
    return absl::OkStatus();
  }

  const RowLayout& layout_;
  base::MemoryBudget* budget_;
  std::vector<std::unique_ptr<SpillFile>> files_;
  std::vector<Head> heads_;
  std::vector<size_t> losers_;  // by inner node; node 0 is not used
  size_t winner_ = kNone;       // the run with the next row; kNone: all are done
  std::vector<std::byte> row_;
};

Sorter::Sorter(std::span<const SortOrder> orders, std::span<const vec::Type> payload, uint32_t capacity,
               base::MemoryBudget* budget)
    : layout_(payload, sizeof(Key)),
      budget_(budget),
      rows_(layout_, budget, kHeadroom),
      key_pool_(budget, kHeadroom),
      entries_reserved_(*budget),
      set_aside_(*budget),
      pointers_(capacity) {
  for (const SortOrder& order : orders) parts_.push_back({order.type, order.descending, order.nulls_first});
  kept_.reserve(capacity);
  key_ends_.reserve(capacity);
}

Sorter::Sorter(Sorter&&) noexcept = default;
Sorter::~Sorter() = default;

Status Sorter::Start(Runtime&) {
  rows_.Reset(kKeepBytes);
  key_pool_.Reset(kKeepBytes);
  entries_.clear();
  if (entries_.capacity() * sizeof(Entry) > kKeepBytes) {
    entries_ = std::vector<Entry>();
    entries_reserved_.Reset();
  }
  runs_.reset();
  if (set_aside_.bytes() == 0) {
    const int64_t bytes = std::min(kSetAsideMost, budget_->limit_bytes() / kSetAsideShare);
    if (set_aside_.TryGrow(bytes)) {
      rows_.SetAllowance(bytes / 2);
      key_pool_.SetAllowance(bytes / 4);
    }
  }
  emitted_ = 0;
  next_row_ = 0;
  has_bound_ = false;
  float_bound_.reset();
  integer_bound_.reset();
  spilled_bytes_ = 0;
  return absl::OkStatus();
}

int64_t Sorter::memory_bytes() const { return rows_.reserved_bytes() + key_pool_.reserved_bytes() + entries_reserved_.bytes(); }

Sorter::Key Sorter::KeyOf(const std::byte* record) const {
  Key key;
  std::memcpy(&key, record + layout_.extra_offset(), sizeof(key));
  return key;
}

bool Sorter::Less(const Entry& a, const Entry& b) const {
  if (a.prefix != b.prefix) return a.prefix < b.prefix;
  const Key x = KeyOf(a.record), y = KeyOf(b.record);
  return base::CompareBytes({x.data, x.size}, {y.data, y.size}) < 0;
}

// Keys of all rows, one after the other, to key_bytes_; where each ends to key_ends_.
void Sorter::EncodeKeys(Columns keys, Rows rows) {
  key_bytes_.clear();
  key_ends_.clear();
  for (uint32_t i = 0; i < rows.count; ++i) {
    for (size_t k = 0; k < keys.size(); ++k) {
      table::AppendSortKeyPart(parts_[k], CellOf(*keys[k], rows[i]), &key_bytes_);
    }
    char number[8];
    base::StoreBE(number, next_row_++);
    key_bytes_.append(number, sizeof(number));
    key_ends_.push_back(static_cast<uint32_t>(key_bytes_.size()));
  }
}

// NULL, NaN and what equals the bound's number stay: their keys tell.
Rows Sorter::MayBeBelowBound(const vec::Vector& first, Rows rows) {
  if (!float_bound_.has_value() && !integer_bound_.has_value()) return rows;
  const vec::VectorView view = first.View();
  near_.resize(rows.count);
  uint32_t count = 0;
  const auto select = [&](auto tag, auto bound) {
    using T = decltype(tag);
    const T* const values = view.values<T>();
    for (uint32_t i = 0; i < rows.count; ++i) {
      const vec::SelIndex row = rows[i];
      const T value = values[view.Index(row)];
      near_[count] = row;
      const bool beyond = parts_[0].descending ? value < bound : value > bound;
      count += static_cast<uint32_t>(!beyond || !view.IsValid(row));
    }
  };
  switch (parts_[0].type.id) {
    case vec::TypeId::kFloat:
      select(float{}, *float_bound_);
      break;
    case vec::TypeId::kDouble:
      select(double{}, *float_bound_);
      break;
    case vec::TypeId::kInt16:
      select(int16_t{}, *integer_bound_);
      break;
    case vec::TypeId::kInt32:
      select(int32_t{}, *integer_bound_);
      break;
    default:
      select(int64_t{}, *integer_bound_);
      break;
  }
  return {near_.data(), count};
}

Status Sorter::Add(Runtime& runtime, Columns keys, Columns payload, Rows rows) {
  if (limit_ == 0) return absl::OkStatus();
  set_aside_.Reset();
  if (has_bound_) rows = MayBeBelowBound(*keys[0], rows);
  if (rows.count == 0) return absl::OkStatus();
  EncodeKeys(keys, rows);
  kept_.clear();
  for (uint32_t i = 0; i < rows.count; ++i) {
    if (!has_bound_ || KeyBytes(i).compare(bound_) < 0) kept_.push_back(i);
  }
  TURDB_RETURN_IF_ERROR(AddKept(runtime, payload, rows, 0, static_cast<uint32_t>(kept_.size())));
  if (limit_ < entries_.size() / 2 && entries_.size() >= kDropAt) DropBeyondLimit();
  return absl::OkStatus();
}

std::string_view Sorter::KeyBytes(uint32_t i) const {
  const uint32_t begin = i == 0 ? 0 : key_ends_[i - 1];
  return std::string_view(key_bytes_).substr(begin, key_ends_[i] - begin);
}

// Rows kept_[first, last) of the batch. A part that does not fit is tried again after spilling, then in halves.
Status Sorter::AddKept(Runtime& runtime, Columns payload, Rows rows, uint32_t first, uint32_t last) {
  if (first == last || TryAddRows(payload, rows, first, last)) return absl::OkStatus();
  if (!entries_.empty()) {
    TURDB_RETURN_IF_ERROR(Spill(runtime));
    if (TryAddRows(payload, rows, first, last)) return absl::OkStatus();
  }
  if (last - first == 1) return base::OutOfMemoryError("sorting: one row is larger than memory_limit leaves room for");
  const uint32_t middle = first + (last - first) / 2;
  TURDB_RETURN_IF_ERROR(AddKept(runtime, payload, rows, first, middle));
  return AddKept(runtime, payload, rows, middle, last);
}

bool Sorter::GrowEntries(size_t more) {
  if (entries_.size() + more <= entries_.capacity()) return true;
  const size_t capacity = std::max(entries_.size() + more, entries_.capacity() * 2);
  if (!entries_reserved_.TryGrow(static_cast<int64_t>(capacity * sizeof(Entry)))) return false;
  const auto old_bytes = static_cast<int64_t>(entries_.capacity() * sizeof(Entry));
  entries_.reserve(capacity);
  entries_reserved_.Shrink(old_bytes);
  return true;
}

bool Sorter::TryAddRows(Columns payload, Rows rows, uint32_t first, uint32_t last) {
  if (!GrowEntries(last - first)) return false;
  size_t key_total = 0;
  selected_.clear();
  for (uint32_t k = first; k < last; ++k) {
    selected_.push_back(rows[kept_[k]]);
    key_total += KeyBytes(kept_[k]).size();
  }
  std::byte* key_memory = key_pool_.TryAllocate(key_total);
  if (key_memory == nullptr) return false;
  if (!rows_.TryAppend(payload, Rows{selected_.data(), last - first}, pointers_.data())) return false;
  for (uint32_t k = first; k < last; ++k) {
    const std::string_view bytes = KeyBytes(kept_[k]);
    std::memcpy(key_memory, bytes.data(), bytes.size());
    const Key key{key_memory, static_cast<uint32_t>(bytes.size()), 0};
    std::byte* record = pointers_[k - first];
    std::memcpy(record + layout_.extra_offset(), &key, sizeof(key));
    entries_.push_back({base::LoadBE<uint64_t>(key_memory), record});
    key_memory += bytes.size();
  }
  return true;
}

// Keeps the first limit_ rows and moves them into new memory; rows from the bound on need not come any more. Without
// memory for the copy everything stays as it is.
void Sorter::DropBeyondLimit() {
  const auto less = [this](const Entry& a, const Entry& b) { return Less(a, b); };
  std::nth_element(entries_.begin(), entries_.begin() + static_cast<ptrdiff_t>(limit_ - 1), entries_.end(), less);
  RowStore rows(layout_, budget_);
  BlockPool keys(budget_);
  std::vector<std::byte*> copies;
  for (size_t i = 0; i < limit_; ++i) {
    const Key key = KeyOf(entries_[i].record);
    std::byte* key_copy = keys.TryAllocate(key.size);
    std::byte* record = key_copy == nullptr ? nullptr : rows.TryCopy(entries_[i].record);
    if (record == nullptr) return;
    std::memcpy(key_copy, key.data, key.size);
    const Key moved{key_copy, key.size, 0};
    std::memcpy(record + layout_.extra_offset(), &moved, sizeof(moved));
    copies.push_back(record);
  }
  // nth_element put the last of the first limit_ rows there.
  const Key last = KeyOf(copies.back());
  bound_.assign(reinterpret_cast<const char*>(last.data), last.size);
  if (!parts_.empty()) {
    float_bound_ = table::LeadingFloat(parts_[0], base::AsBytes(bound_));
    integer_bound_ = table::LeadingInteger(parts_[0], base::AsBytes(bound_));
  }
  entries_.resize(limit_);
  for (size_t i = 0; i < limit_; ++i) entries_[i].record = copies[i];
  rows_ = std::move(rows);
  key_pool_ = std::move(keys);
  has_bound_ = true;
}

Status Sorter::Spill(Runtime& runtime) {
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<SpillFile> file, SpillFile::Create(runtime, "sorting"));
  std::sort(entries_.begin(), entries_.end(), [this](const Entry& a, const Entry& b) { return Less(a, b); });
  std::string bytes;
  size_t count = 0;
  for (const Entry& entry : entries_) {
    if (count++ == limit_) break;
    const Key key = KeyOf(entry.record);
    Runs::EncodeEntry(layout_, {key.data, key.size}, entry.record, &bytes);
    TURDB_RETURN_IF_ERROR(file->Append(base::AsBytes(bytes)));
  }
  TURDB_RETURN_IF_ERROR(file->FinishWriting());
  spilled_bytes_ += static_cast<int64_t>(file->size_bytes());
  if (runs_ == nullptr) runs_ = std::make_unique<Runs>(layout_, budget_);
  runs_->Add(std::move(file));
  entries_ = std::vector<Entry>();
  entries_reserved_.Reset();
  rows_.Reset(0);
  key_pool_.Reset(0);
  return absl::OkStatus();
}

Status Sorter::Finish(Runtime& runtime) {
  emitted_ = 0;
  if (runs_ != nullptr) {
    if (!entries_.empty()) TURDB_RETURN_IF_ERROR(Spill(runtime));
    return runs_->Prepare(runtime, &spilled_bytes_);
  }
  std::sort(entries_.begin(), entries_.end(), [this](const Entry& a, const Entry& b) { return Less(a, b); });
  return absl::OkStatus();
}

StatusOr<bool> Sorter::MoveOut(Runtime& runtime, uint32_t again) {
  if (runs_ != nullptr || runtime.context->spill_directory.empty()) return false;
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<ptrdiff_t>(emitted_ - again));
  TURDB_RETURN_IF_ERROR(Spill(runtime));
  emitted_ = 0;
  TURDB_RETURN_IF_ERROR(runs_->Prepare(runtime, &spilled_bytes_));
  return true;
}

StatusOr<bool> Sorter::Next(Runtime&, vec::Chunk* out) {
  out->Reset();
  if (runs_ != nullptr) return runs_->Next(out);
  const size_t left = entries_.size() - emitted_;
  const auto count = static_cast<uint32_t>(std::min<size_t>(left, std::min<size_t>(out->capacity(), pointers_.size())));
  for (uint32_t i = 0; i < count; ++i) pointers_[i] = entries_[emitted_ + i].record;
  for (size_t c = 0; c < layout_.column_count(); ++c) RowStore::Gather(layout_, c, pointers_.data(), count, &out->column(c));
  out->set_size(count);
  emitted_ += count;
  return count != 0;
}

}  // namespace turdb::exec
