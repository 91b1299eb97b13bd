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

base::StatusOr<VersionSpill::Extent> VersionSpill::Write(base::Bytes bytes) {
  TURDB_CHECK(enabled());
  const Extent extent{0, static_cast<uint32_t>(bytes.size())};
  const uint64_t length = Rounded(extent.size_bytes);
  uint64_t offset = 0;
  {
    std::lock_guard lock(mu_);
    if (file_ == nullptr) {
      TURDB_ASSIGN_OR_RETURN(file_, files_->Open(path_, os::OpenMode::kCreateOrTruncate));
    }
    auto fit = free_.begin();
    while (fit != free_.end() && fit->second < length) ++fit;
    if (fit != free_.end()) {
      offset = fit->first;
      const uint64_t rest = fit->second - length;
      free_.erase(fit);
      if (rest > 0) free_[offset + length] = rest;
    } else {
      offset = end_;
      end_ += length;
    }
    used_bytes_.fetch_add(static_cast<int64_t>(length), std::memory_order_relaxed);
  }
  if (base::Status status = file_->Write(offset, bytes); !status.ok()) {
    Free({offset, extent.size_bytes});
    return base::WithFrame(std::move(status), "moving row versions out of memory");
  }
  return Extent{offset, extent.size_bytes};
}

base::Status VersionSpill::Read(const Extent& extent, std::vector<std::byte>* bytes) {
  bytes->resize(extent.size_bytes);
  return base::WithFrame(file_->Read(extent.offset, *bytes), "bringing row versions back into memory");
}

void VersionSpill::Free(const Extent& extent) {
  std::lock_guard lock(mu_);
  uint64_t offset = extent.offset;
  uint64_t length = Rounded(extent.size_bytes);
  used_bytes_.fetch_sub(static_cast<int64_t>(length), std::memory_order_relaxed);
  auto after = free_.lower_bound(offset);
  if (after != free_.begin()) {
    const auto before = std::prev(after);
    if (before->first + before->second == offset) {
      offset = before->first;
      length += before->second;
      free_.erase(before);
    }
  }
  if (after != free_.end() && offset + length == after->first) {
    length += after->second;
    free_.erase(after);
  }
  if (offset + length == end_) {
    end_ = offset;
  } else {
    free_[offset] = length;
  }
}

}  // namespace turdb::txn
