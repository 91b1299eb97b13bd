#include "os/sparse_bytes.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace turdb::os {
namespace {

// Calls visit(chunk index, offset in the chunk, offset in the range, count) for each chunk of a range.
template <typename Visit>
void ForEachChunk(uint64_t chunk_bytes, uint64_t offset, uint64_t count, Visit visit) {
  for (uint64_t done = 0; done < count;) {
    const uint64_t at = offset + done;
    const uint64_t step = std::min(count - done, chunk_bytes - at % chunk_bytes);
    visit(static_cast<size_t>(at / chunk_bytes), static_cast<size_t>(at % chunk_bytes), static_cast<size_t>(done),
          static_cast<size_t>(step));
    done += step;
  }
}

}  // namespace

SparseBytes SparseBytes::Copy() const {
  SparseBytes copy;
  copy.size_bytes_ = size_bytes_;
  copy.chunks_.resize(chunks_.size());
  for (size_t i = 0; i < chunks_.size(); ++i) {
    if (chunks_[i] == nullptr) continue;
    copy.chunks_[i] = std::make_unique<std::byte[]>(kChunkBytes);
    std::memcpy(copy.chunks_[i].get(), chunks_[i].get(), kChunkBytes);
  }
  return copy;
}

void SparseBytes::Read(uint64_t offset, base::MutableBytes into) const {
  TURDB_CHECK_LE(offset + into.size(), size_bytes_);
  ForEachChunk(kChunkBytes, offset, into.size(), [&](size_t chunk, size_t start, size_t done, size_t count) {
    if (chunk < chunks_.size() && chunks_[chunk] != nullptr) {
      std::memcpy(into.data() + done, chunks_[chunk].get() + start, count);
    } else {
      std::memset(into.data() + done, 0, count);
    }
  });
}

bool SparseBytes::HasChunks(uint64_t offset, uint64_t count) const {
  bool all = true;
  ForEachChunk(kChunkBytes, offset, count,
               [&](size_t chunk, size_t, size_t, size_t) { all = all && chunk < chunks_.size() && chunks_[chunk] != nullptr; });
  return all;
}

bool SparseBytes::WriteInPlace(uint64_t offset, base::Bytes from) {
  if (offset + from.size() > size_bytes_ || !HasChunks(offset, from.size())) return false;
  ForEachChunk(kChunkBytes, offset, from.size(), [&](size_t chunk, size_t start, size_t done, size_t count) {
    std::memcpy(chunks_[chunk].get() + start, from.data() + done, count);
  });
  return true;
}

void SparseBytes::Write(uint64_t offset, base::Bytes from) {
  if (from.empty()) return;
  const auto chunk_count = static_cast<size_t>((offset + from.size() + kChunkBytes - 1) / kChunkBytes);
  if (chunk_count > chunks_.size()) chunks_.resize(chunk_count);
  ForEachChunk(kChunkBytes, offset, from.size(), [&](size_t chunk, size_t, size_t, size_t) {
    if (chunks_[chunk] == nullptr) chunks_[chunk] = std::make_unique<std::byte[]>(kChunkBytes);
  });
  size_bytes_ = std::max(size_bytes_, offset + from.size());
  TURDB_CHECK(WriteInPlace(offset, from));
}

void SparseBytes::Resize(uint64_t size_bytes) {
  if (size_bytes < size_bytes_) {
    const auto kept = static_cast<size_t>((size_bytes + kChunkBytes - 1) / kChunkBytes);
    if (kept < chunks_.size()) chunks_.resize(kept);
    const auto tail = static_cast<size_t>(size_bytes % kChunkBytes);
    if (tail != 0 && kept <= chunks_.size() && chunks_[kept - 1] != nullptr) {
      std::memset(chunks_[kept - 1].get() + tail, 0, kChunkBytes - tail);
    }
  }
  size_bytes_ = size_bytes;
}

}  // namespace turdb::os
