#include "txn/version_collector.h"

#include <bit>

#include "base/check.h"

namespace turdb::txn {

void VersionCollector::VisitPage(base::PageId page, const LiveSnapshots& live, SlabCache* cache, QuietPages* quiet) {
  size_t visited = 0;
  log_.TryChangeVersions(page, [&](std::atomic<void*>& slot) {
    auto* table = static_cast<VersionTable*>(slot.load(std::memory_order_relaxed));
    if (table == nullptr || table->spilled() || table->Prune(live, cache, &visited)) return;
    if (table->ghosts_) quiet->push_back(page);
    directory_.Drop({page, &slot}, table, cache);
  });
}

size_t VersionCollector::VisitOldestOf(size_t shard_index, const LiveSnapshots& live, SlabCache* cache, QuietPages* quiet) {
  VersionDirectory::Shard& shard = directory_.shards_[shard_index];
  size_t visited = 0;
  base::PageId page;
  VersionTable* dead = nullptr;
  {
    std::lock_guard lock(shard.mu);
    VersionTable* table = shard.oldest;
    if (table == nullptr) return 1;
    page = table->page_;
    VersionDirectory::RemoveFromList(shard, table);
    VersionDirectory::AppendToList(shard, table);
    if (!table->resident_) {
      if (table->spilled() || table->Prune(live, cache, &visited)) return visited + 1;
      directory_.Remove(shard, table);
      dead = table;
    }
  }
  if (dead != nullptr) {
    if (dead->ghosts_) quiet->push_back(page);
    directory_.Destroy(dead, cache);
    return visited + 1;
  }
  log_.TryChangeVersions(page, [&](std::atomic<void*>& slot) {
    auto* table = static_cast<VersionTable*>(slot.load(std::memory_order_relaxed));
    if (table == nullptr || table->spilled() || table->Prune(live, cache, &visited)) return;
    if (table->ghosts_) quiet->push_back(page);
    directory_.Drop({page, &slot}, table, cache);
  });
  return visited + 1;
}

size_t VersionCollector::VisitSome(size_t max_pages, size_t max_chains, const LiveSnapshots& live, SlabCache* cache,
                                   QuietPages* quiet) {
  size_t chains = 0;
  size_t pages = 0;
  while (pages < max_pages && chains < max_chains) {
    const uint64_t nonempty = directory_.nonempty_shards_.load(std::memory_order_relaxed);
    if (nonempty == 0) break;
    const uint32_t start = next_shard_.load(std::memory_order_relaxed) % VersionDirectory::kShards;
    const auto ahead = static_cast<uint32_t>(std::countr_zero(std::rotr(nonempty, static_cast<int>(start))));
    const uint32_t shard = (start + ahead) % VersionDirectory::kShards;
    next_shard_.store(shard + 1, std::memory_order_relaxed);
    chains += VisitOldestOf(shard, live, cache, quiet);
    ++pages;
  }
  return pages;
}

}  // namespace turdb::txn
