#include "txn/version_collector.h"

#include <bit>
#include <utility>

#include "base/check.h"
#include "txn/spilled_versions.h"

namespace turdb::txn {

bool VersionCollector::Forget(VersionTable* table, const LiveSnapshots& live, SlabCache* cache, size_t* visited) {
  return table->spilled() ? table->DropSpilled(live) : !table->Prune(live, cache, visited);
}

void VersionCollector::VisitPage(base::PageId page, const LiveSnapshots& live, SlabCache* cache, QuietPages* quiet) {
  size_t visited = 0;
  log_.TryChangeVersions(page, [&](std::atomic<void*>& slot) {
    auto* table = static_cast<VersionTable*>(slot.load(std::memory_order_relaxed));
    if (table == nullptr || !Forget(table, live, cache, &visited)) return;
    if (table->ghosts_) quiet->push_back(page);
    directory_.Drop({page, &slot}, table, cache);
  });
}

size_t VersionCollector::VisitOldestOf(Shard& shard, bool spilled, const LiveSnapshots& live, SlabCache* cache,
                                       QuietPages* quiet) {
  size_t visited = 1;
  base::PageId page;
  VersionTable* dead = nullptr;
  {
    std::lock_guard lock(shard.mu);
    VersionTable* table = (spilled ? shard.spilled : shard.in_memory).oldest;
    if (table == nullptr) return visited;
    page = table->page_;
    directory_.MoveToList(shard, table, spilled);
    if (!table->resident_) {
      if (!Forget(table, live, cache, &visited)) return visited;
      directory_.Remove(shard, table);
      dead = table;
    }
  }
  if (dead == nullptr) {
    size_t chains = 0;
    log_.TryChangeVersions(page, [&](std::atomic<void*>& slot) {
      auto* table = static_cast<VersionTable*>(slot.load(std::memory_order_relaxed));
      if (table == nullptr || !Forget(table, live, cache, &chains)) return;
      if (table->ghosts_) quiet->push_back(page);
      directory_.Drop({page, &slot}, table, cache);
    });
    return visited + chains;
  }
  if (dead->ghosts_) quiet->push_back(page);
  directory_.Destroy(dead, cache);
  return visited;
}

// The next bucket of spilled versions whose pages are not resident.
size_t VersionCollector::VisitAbsentOf(Shard& shard, const LiveSnapshots& live, QuietPages* quiet) {
  size_t visited = 0;
  std::lock_guard lock(shard.mu);
  if (shard.absent_count == 0) return visited;
  do {
    shard.next_absent = (shard.next_absent + 1) & (shard.absent_buckets - 1);
  } while (shard.absent[shard.next_absent] == nullptr);
  for (SpilledVersions** link = &shard.absent[shard.next_absent]; *link != nullptr;) {
    SpilledVersions* const spilled = *link;
    ++visited;
    if (!spilled->NobodyNeeds(live)) {
      link = &spilled->next;
      continue;
    }
    *link = spilled->next;
    if (spilled->ghosts) quiet->push_back(spilled->page);
    SpilledVersions::Free(directory_.memory_, spilled, /*with_references=*/true);
    --shard.absent_count;
    directory_.CountPage(shard, /*added=*/false);
  }
  if (shard.absent_count == 0) directory_.FreeAbsent(shard);
  return visited;
}

size_t VersionCollector::NextShard(std::atomic<uint32_t>& cursor) const {
  const uint64_t nonempty = directory_.nonempty_shards_.load(std::memory_order_relaxed);
  if (nonempty == 0) return VersionDirectory::kShards;
  const uint32_t start = cursor.load(std::memory_order_relaxed) % VersionDirectory::kShards;
  const auto ahead = static_cast<uint32_t>(std::countr_zero(std::rotr(nonempty, static_cast<int>(start))));
  const uint32_t shard = (start + ahead) % VersionDirectory::kShards;
  cursor.store(shard + 1, std::memory_order_relaxed);
  return shard;
}

size_t VersionCollector::VisitSome(size_t max_pages, size_t max_chains, const LiveSnapshots& live, SlabCache* cache,
                                   QuietPages* quiet) {
  size_t chains = 0;
  size_t pages = 0;
  while (pages < max_pages && chains < max_chains) {
    const size_t index = NextShard(next_shard_);
    if (index == VersionDirectory::kShards) break;
    Shard& shard = directory_.shards_[index];
    chains += VisitOldestOf(shard, /*spilled=*/false, live, cache, quiet);
    chains += VisitOldestOf(shard, /*spilled=*/true, live, cache, quiet);
    chains += VisitAbsentOf(shard, live, quiet);
    ++pages;
  }
  return pages;
}

base::StatusOr<bool> VersionCollector::Spill(VersionTable* table, bool page_is_resident, bool also_used,
                                             std::vector<std::byte>* buffer) {
  if (std::exchange(table->used_, false) && !also_used) return false;
  return table->Spill(page_is_resident, buffer);
}

// A table that a rollback emptied goes; ghosts of its page are purged when their space is needed.
base::StatusOr<bool> VersionCollector::SpillOldestOf(Shard& shard, bool also_used, std::vector<std::byte>* buffer) {
  base::PageId page;
  VersionTable* absent = nullptr;
  {
    std::lock_guard lock(shard.mu);
    VersionTable* table = shard.in_memory.oldest;
    if (table == nullptr) return false;
    page = table->page_;
    directory_.MoveToList(shard, table, /*spilled=*/false);
    if (!table->resident_) {
      if (table->quiet()) {
        directory_.Remove(shard, table);
      } else {
        TURDB_ASSIGN_OR_RETURN(const bool spilled, Spill(table, /*page_is_resident=*/false, also_used, buffer));
        if (!spilled) return false;
        directory_.MakeAbsent(shard, table);
      }
      absent = table;
    }
  }
  if (absent != nullptr) {
    directory_.Destroy(absent, nullptr);
    return true;
  }
  base::StatusOr<bool> result = false;
  log_.TryChangeVersions(page, [&](std::atomic<void*>& slot) {
    auto* table = static_cast<VersionTable*>(slot.load(std::memory_order_relaxed));
    if (table == nullptr) return;
    if (table->quiet()) {
      directory_.Drop({page, &slot}, table, nullptr);
      result = true;
      return;
    }
    result = Spill(table, /*page_is_resident=*/true, also_used, buffer);
    if (!result.ok() || !*result) return;
    std::lock_guard lock(shard.mu);
    directory_.MoveToList(shard, table, /*spilled=*/true);
  });
  return result;
}

base::StatusOr<size_t> VersionCollector::SpillSome(size_t max_pages, bool also_used) {
  std::vector<std::byte> buffer;
  size_t moved = 0;
  size_t empty = 0;  // shards without chains in memory, one after the other
  for (size_t tried = 0; tried < max_pages && empty < VersionDirectory::kShards;) {
    const size_t index = NextShard(next_spilled_shard_);
    if (index == VersionDirectory::kShards) break;
    Shard& shard = directory_.shards_[index];
    if (!HasChainsInMemory(shard)) {
      ++empty;
      continue;
    }
    empty = 0;
    ++tried;
    TURDB_ASSIGN_OR_RETURN(const bool spilled, SpillOldestOf(shard, also_used, &buffer));
    moved += spilled ? 1 : 0;
  }
  return moved;
}

bool VersionCollector::HasChainsInMemory(Shard& shard) {
  std::lock_guard lock(shard.mu);
  return shard.in_memory.oldest != nullptr;
}

}  // namespace turdb::txn
