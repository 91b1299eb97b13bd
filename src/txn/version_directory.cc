#include "txn/version_directory.h"

#include <new>

#include <algorithm>

#include "base/check.h"
#include "txn/spilled_versions.h"
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
    FreeAbsent(shard);
  }
}

VersionTable* VersionDirectory::Lookup(const Shard& shard, base::PageId page) {
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
  if (table->in_spilled_list_ != spilled) {
    spilled ? in_memory_count_.fetch_sub(1, std::memory_order_relaxed)
            : in_memory_count_.fetch_add(1, std::memory_order_relaxed);
  }
  table->in_spilled_list_ = spilled;
  AppendToList(ListOf(shard, table), table);
}

base::Status VersionDirectory::Load(VersionTable* table, const LiveSnapshots& live) {
  if (!table->DropSpilled(live)) {
    std::vector<std::byte> buffer;
    TURDB_RETURN_IF_ERROR(table->Load(&buffer));
  }
  Shard& shard = ShardOf(table->page());
  std::lock_guard lock(shard.mu);
  MoveToList(shard, table, /*spilled=*/false);
  return absl::OkStatus();
}

VersionDirectory::VersionDirectory(VersionMemory& memory) : memory_(memory) {
  for (Shard& shard : shards_) shard.buckets.resize(kMinBuckets);
}

// Cannot fail, for a change is under way: without memory for more buckets the chains get longer.
void VersionDirectory::Insert(Shard& shard, VersionTable* table) {
  std::vector<VersionTable*> grown;
  if (shard.count >= shard.buckets.size()) {
    try {
      grown.resize(shard.buckets.size() * 2);
    } catch (const std::bad_alloc&) {
    }
  }
  if (!grown.empty()) {
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
  in_memory_count_.fetch_add(1, std::memory_order_relaxed);
  ++shard.count;
  CountPage(shard, /*added=*/true);
}

void VersionDirectory::CountPage(Shard& shard, bool added) {
  const uint64_t bit = uint64_t{1} << static_cast<size_t>(&shard - shards_.data());
  if (added) {
    table_count_.fetch_add(1, std::memory_order_relaxed);
    nonempty_shards_.fetch_or(bit, std::memory_order_relaxed);
    return;
  }
  table_count_.fetch_sub(1, std::memory_order_relaxed);
  if (shard.count + shard.absent_count == 0) nonempty_shards_.fetch_and(~bit, std::memory_order_relaxed);
}

void VersionDirectory::Remove(Shard& shard, VersionTable* table) {
  VersionTable** link = &shard.buckets[MixPage(table->page_) & (shard.buckets.size() - 1)];
  while (*link != table) link = &(*link)->hash_next_;
  *link = table->hash_next_;
  RemoveFromList(ListOf(shard, table), table);
  if (!table->in_spilled_list_) in_memory_count_.fetch_sub(1, std::memory_order_relaxed);
  --shard.count;
  CountPage(shard, /*added=*/false);
}

void VersionDirectory::MakeAbsent(Shard& shard, VersionTable* table) {
  TURDB_CHECK(table->spilled());
  AddAbsent(shard, table->TakeSpilled());
  Remove(shard, table);
}

void VersionDirectory::AddAbsent(Shard& shard, SpilledVersions* spilled) {
  if (shard.absent_count >= shard.absent_buckets && shard.absent_buckets < kMaxAbsentBuckets) {
    const size_t size = std::max(kMinAbsentBuckets, shard.absent_buckets * 2);
    auto** grown = static_cast<SpilledVersions**>(memory_.slabs.Allocate(size * sizeof(SpilledVersions*)));
    std::fill_n(grown, size, nullptr);
    for (size_t i = 0; i < shard.absent_buckets; ++i) {
      while (SpilledVersions* moved = shard.absent[i]) {
        shard.absent[i] = moved->next;
        SpilledVersions*& bucket = grown[MixPage(moved->page) & (size - 1)];
        moved->next = bucket;
        bucket = moved;
      }
    }
    if (shard.absent != nullptr) memory_.slabs.Free(shard.absent, shard.absent_buckets * sizeof(SpilledVersions*));
    shard.absent = grown;
    shard.absent_buckets = size;
  }
  SpilledVersions*& bucket = shard.absent[MixPage(spilled->page) & (shard.absent_buckets - 1)];
  spilled->next = bucket;
  bucket = spilled;
  ++shard.absent_count;
  CountPage(shard, /*added=*/true);
}

SpilledVersions* VersionDirectory::TakeAbsent(Shard& shard, base::PageId page) {
  if (shard.absent_count == 0) return nullptr;
  SpilledVersions** link = &shard.absent[MixPage(page) & (shard.absent_buckets - 1)];
  while (*link != nullptr && (*link)->page != page) link = &(*link)->next;
  SpilledVersions* const spilled = *link;
  if (spilled == nullptr) return nullptr;
  *link = spilled->next;
  --shard.absent_count;
  CountPage(shard, /*added=*/false);
  if (shard.absent_count == 0) FreeAbsent(shard);
  return spilled;
}

void VersionDirectory::FreeAbsent(Shard& shard) {
  for (size_t i = 0; i < shard.absent_buckets; ++i) {
    while (SpilledVersions* spilled = shard.absent[i]) {
      shard.absent[i] = spilled->next;
      SpilledVersions::Free(memory_, spilled, /*with_references=*/true);
    }
  }
  if (shard.absent != nullptr) memory_.slabs.Free(shard.absent, shard.absent_buckets * sizeof(SpilledVersions*));
  shard.absent = nullptr;
  shard.absent_buckets = shard.absent_count = shard.next_absent = 0;
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
  } else if (SpilledVersions* spilled = TakeAbsent(shard, page); spilled != nullptr) {
    table = new (memory_.slabs.Allocate(sizeof(VersionTable))) VersionTable(page, memory_);
    table->GiveSpilled(spilled);
    Insert(shard, table);
    MoveToList(shard, table, /*spilled=*/true);
  }
  return table;
}

void VersionDirectory::OnEvict(base::PageId page, void* versions) {
  Shard& shard = ShardOf(page);
  VersionTable* table = nullptr;
  {
    std::lock_guard lock(shard.mu);
    table = Lookup(shard, page);
    TURDB_CHECK(table == versions);
    TURDB_CHECK(table != nullptr && table->resident_);
    table->resident_ = false;
    if (!table->spilled()) return;
    MakeAbsent(shard, table);
  }
  Destroy(table, nullptr);
}

}  // namespace turdb::txn
