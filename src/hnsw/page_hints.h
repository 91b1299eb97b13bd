// Where the pages of a file were last seen: an array from page number to frame. A hint is only asked; the frame's tag and
// version say whether it is true (ann.md, rule 4). Thread-safe.
#ifndef TURDB_HNSW_PAGE_HINTS_H_
#define TURDB_HNSW_PAGE_HINTS_H_

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <mutex>

#include "base/ids.h"
#include "storage/frame.h"

namespace turdb::hnsw {

class PageHints {
 public:
  PageHints() = default;
  PageHints(const PageHints&) = delete;
  PageHints& operator=(const PageHints&) = delete;
  ~PageHints() {
    for (std::atomic<Entry*>& chunk : chunks_) delete[] chunk.load(std::memory_order_relaxed);
  }

  storage::Frame* Get(base::PageNo page) const {
    const Entry* chunk = chunks_[ChunkOf(page)].load(std::memory_order_acquire);
    return chunk == nullptr ? nullptr : chunk[InChunk(page)].load(std::memory_order_relaxed);
  }
  void Set(base::PageNo page, storage::Frame* frame) {
    std::atomic<Entry*>& chunk = chunks_[ChunkOf(page)];
    Entry* entries = chunk.load(std::memory_order_acquire);
    if (entries == nullptr) {
      const std::lock_guard<std::mutex> lock(grow_mu_);
      entries = chunk.load(std::memory_order_relaxed);
      if (entries == nullptr) {
        entries = new Entry[SizeOf(ChunkOf(page))]();
        chunk.store(entries, std::memory_order_release);
      }
    }
    entries[InChunk(page)].store(frame, std::memory_order_relaxed);
  }

 private:
  using Entry = std::atomic<storage::Frame*>;
  // Chunk 0 has 64 pages, chunk n > 0 those from 64 << (n - 1) on, as many as all before it.
  static constexpr unsigned kFirstBits = 6;
  static constexpr size_t kChunks = 33 - kFirstBits;
  static size_t ChunkOf(base::PageNo page) { return static_cast<size_t>(std::bit_width(page >> kFirstBits)); }
  static size_t SizeOf(size_t chunk) { return size_t{1} << (chunk == 0 ? kFirstBits : kFirstBits + chunk - 1); }
  static size_t InChunk(base::PageNo page) {
    const size_t chunk = ChunkOf(page);
    return chunk == 0 ? page : page - SizeOf(chunk);
  }

  std::array<std::atomic<Entry*>, kChunks> chunks_{};
  std::mutex grow_mu_;
};

}  // namespace turdb::hnsw

#endif  // TURDB_HNSW_PAGE_HINTS_H_
