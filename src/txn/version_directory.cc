#include "txn/version_directory.h"

#include <new>

#include "base/check.h"
#include "txn/version_chain.h"

namespace turdb::txn {
namespace {

uint64_t MixPage(base::PageId page) {
  uint64_t hash = page.packed() * 0x9E3779B97F4A7C15u;
  return hash ^ (hash >> 29);
}

}  // namespace

size_t VersionDirectory::ShardIndex(base::PageId page) { return (MixPage(page) >> 32) % kShards; }

VersionDirectory::~VersionDirectory() {
  for (Shard& shard : shards_) {
    for (List* list : {&shard.in_memory, &shard.spilled}) {
      while (VersionTable* table = list->oldest) {
        Remove(shard, table);
        Destroy(table, nullptr);
      }
    }
  }
}

VersionTable* VersionDirectory::Lookup(const Shard& shard, base::PageId page) {
  if (shard.buckets.empty()) return nullptr;
  VersionTable* table = shard.buckets[MixPage(page) & (shard.buckets.size() - 1)];
  while (table != nullptr && table->page_ != page) table = table->hash_next_;
  return table;
}

VersionDirectory::List& VersionDirectory::ListOf(Shard& shard, const VersionTable* table) {
  return table->in_spilled_list_ ? shard.spilled : shard.in_memory;
}

void VersionDirectory::AppendToList(List& list, VersionTable* table) {
  table->older_ = list.newest;
  table->newer_ = nullptr;
  (list.newest == nullptr ? list.oldest : list.newest->newer_) = table;
  list.newest = table;
}

void VersionDirectory::RemoveFromList(List& list, VersionTable* table) {
  (table->older_ == nullptr ? list.oldest : table->older_->newer_) = table->newer_;
  (table->newer_ == nullptr ? list.newest : table->newer_->older_) = table->older_;
}

void VersionDirectory::MoveToList(Shard& shard, VersionTable* table, bool spilled) {
  RemoveFromList(ListOf(shard, table), table);
  table->in_spilled_list_ = spilled;
  AppendToList(ListOf(shard, table), table);
}

base::Status VersionDirectory::Load(VersionTable* table) {
  std::vector<std::byte> buffer;
  TURDB_RETURN_IF_ERROR(table->Load(&buffer));
  Shard& shard = ShardOf(table->page());
  std::lock_guard lock(shard.mu);
  MoveToList(shard, table, /*spilled=*/false);
  return absl::OkStatus();
}

void VersionDirectory::Insert(Shard& shard, VersionTable* table) {
  if (shard.count >= shard.buckets.size()) {
    std::vector<VersionTable*> grown(shard.buckets.empty() ? 8 : shard.buckets.size() * 2, nullptr);
    for (VersionTable* chain : shard.buckets) {
      while (chain != nullptr) {
        VersionTable* moved = chain;
        chain = chain->hash_next_;
        VersionTable*& bucket = grown[MixPage(moved->page_) & (grown.size() - 1)];
        moved->hash_next_ = bucket;
        bucket = moved;
      }
    }
    shard.buckets = std::move(grown);
  }
  VersionTable*& bucket = shard.buckets[MixPage(table->page_) & (shard.buckets.size() - 1)];
  table->hash_next_ = bucket;
  bucket = table;
  AppendToList(shard.in_memory, table);
  table_count_.fetch_add(1, std::memory_order_relaxed);
  if (shard.count++ == 0) {
    nonempty_shards_.fetch_or(uint64_t{1} << static_cast<size_t>(&shard - shards_.data()), std::memory_order_relaxed);
  }
}

void VersionDirectory::Remove(Shard& shard, VersionTable* table) {
  VersionTable** link = &shard.buckets[MixPage(table->page_) & (shard.buckets.size() - 1)];
  while (*link != table) link = &(*link)->hash_next_;
  *link = table->hash_next_;
  RemoveFromList(ListOf(shard, table), table);
  table_count_.fetch_sub(1, std::memory_order_relaxed);
  if (--shard.count == 0) {
    nonempty_shards_.fetch_and(~(uint64_t{1} << static_cast<size_t>(&shard - shards_.data())), std::memory_order_relaxed);
  }
}

void VersionDirectory::Destroy(VersionTable* table, SlabCache* cache) {
  table->~VersionTable();
  memory_.slabs.Free(table, sizeof(VersionTable), cache);
}

VersionTable& VersionDirectory::Attach(PageVersions page, SlabCache* cache) {
  auto* table = static_cast<VersionTable*>(page.slot->load(std::memory_order_relaxed));
  if (table != nullptr) {
    TURDB_DCHECK(table->page() == page.page);
    return *table;
  }
  table = new (memory_.slabs.Allocate(sizeof(VersionTable), cache)) VersionTable(page.page, memory_);
  {
    Shard& shard = ShardOf(page.page);
    std::lock_guard lock(shard.mu);
    TURDB_DCHECK(Lookup(shard, page.page) == nullptr);
    Insert(shard, table);
  }
  page.slot->store(table, std::memory_order_release);
  return *table;
}

void VersionDirectory::Drop(PageVersions page, VersionTable* table, SlabCache* cache) {
  TURDB_CHECK(table->quiet());
  page.slot->store(nullptr, std::memory_order_release);
  {
    Shard& shard = ShardOf(page.page);
    std::lock_guard lock(shard.mu);
    TURDB_CHECK(table->resident_);
    Remove(shard, table);
  }
  Destroy(table, cache);
}

void VersionDirectory::Split(PageVersions left, PageVersions right, Bytes separator) {
  auto* table = static_cast<VersionTable*>(left.slot->load(std::memory_order_relaxed));
  if (table == nullptr) return;
  TURDB_CHECK(right.slot->load(std::memory_order_relaxed) == nullptr);
  VersionTable& upper = Attach(right);
  table->MoveUpper(separator, upper);
  if (upper.quiet()) Drop(right, &upper, nullptr);
  if (table->quiet()) Drop(left, table, nullptr);
}

void VersionDirectory::Merge(PageVersions into, PageVersions from) {
  auto* table = static_cast<VersionTable*>(from.slot->load(std::memory_order_relaxed));
  if (table == nullptr) return;
  Attach(into).MoveAllFrom(*table);
  Drop(from, table, nullptr);
}

void* VersionDirectory::OnLoad(base::PageId page) {
  Shard& shard = ShardOf(page);
  std::lock_guard lock(shard.mu);
  VersionTable* table = Lookup(shard, page);
  if (table != nullptr) {
    TURDB_CHECK(!table->resident_);
    table->resident_ = true;
  }
  return table;
}

void VersionDirectory::OnEvict(base::PageId page, void* versions) {
  Shard& shard = ShardOf(page);
  std::lock_guard lock(shard.mu);
  VersionTable* table = Lookup(shard, page);
  TURDB_CHECK(table == versions);
  TURDB_CHECK(table != nullptr && table->resident_);
  table->resident_ = false;
}

}  // namespace turdb::txn
