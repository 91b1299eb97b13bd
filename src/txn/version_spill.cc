#include "txn/version_spill.h"

#include <utility>

#include "base/check.h"

namespace turdb::txn {

VersionSpill::~VersionSpill() {
  TURDB_CHECK_EQ(used_bytes(), 0);
  if (file_ == nullptr) return;
  file_.reset();
  files_->Remove(path_).IgnoreError();  // the next opening of the database removes what is left of it
}

void VersionSpill::SetPath(std::shared_ptr<os::FileSystem> files, std::string path) {
  files_ = std::move(files);
  path_ = std::move(path);
}

void VersionSpill::Flip(size_t first, size_t count) {
  for (size_t unit = first; unit < first + count; ++unit) used_[unit / 64] ^= uint64_t{1} << (unit % 64);
}

// The first of `count` free units next to each other: from where the last search ended, then from the beginning, then
// behind all that there are.
size_t VersionSpill::FindFree(size_t count) {
  for (const size_t from : {next_, size_t{0}}) {
    size_t free = 0;
    for (size_t unit = from; unit < used_.size() * 64; ++unit) {
      if (unit % 64 == 0 && used_[unit / 64] == ~uint64_t{0}) {
        free = 0;
        unit += 63;
        continue;
      }
      free = IsUsed(unit) ? 0 : free + 1;
      if (free == count) return unit + 1 - count;
    }
    next_ = 0;
  }
  const size_t first = used_.size() * 64;
  used_.resize(used_.size() + (count + 63) / 64, 0);
  return first;
}

base::StatusOr<VersionSpill::Extent> VersionSpill::Write(base::Bytes bytes) {
  TURDB_CHECK(enabled());
  Extent extent{0, static_cast<uint32_t>(bytes.size())};
  const size_t count = Units(extent.size_bytes);
  {
    std::lock_guard lock(mu_);
    if (file_ == nullptr) {
      TURDB_ASSIGN_OR_RETURN(file_, files_->Open(path_, os::OpenMode::kCreateOrTruncate));
    }
    const size_t first = FindFree(count);
    Flip(first, count);
    next_ = first + count;
    extent.first_unit = static_cast<uint32_t>(first);
    used_bytes_.fetch_add(static_cast<int64_t>(count * kUnitBytes), std::memory_order_relaxed);
  }
  if (base::Status status = file_->Write(extent.first_unit * kUnitBytes, bytes); !status.ok()) {
    Free(extent);
    return base::WithFrame(std::move(status), "moving row versions out of memory");
  }
  return extent;
}

base::Status VersionSpill::Read(const Extent& extent, std::vector<std::byte>* bytes) {
  bytes->resize(extent.size_bytes);
  return base::WithFrame(file_->Read(extent.first_unit * kUnitBytes, *bytes), "bringing row versions back into memory");
}

void VersionSpill::Free(const Extent& extent) {
  const size_t count = Units(extent.size_bytes);
  std::lock_guard lock(mu_);
  TURDB_DCHECK(IsUsed(extent.first_unit));
  Flip(extent.first_unit, count);
  used_bytes_.fetch_sub(static_cast<int64_t>(count * kUnitBytes), std::memory_order_relaxed);
  if (used_bytes_.load(std::memory_order_relaxed) == 0) next_ = 0;
}

}  // namespace turdb::txn
