// Garbage collection of versions, in bounded slices, and moving them out of memory when it runs short.
#ifndef TURDB_TXN_VERSION_COLLECTOR_H_
#define TURDB_TXN_VERSION_COLLECTOR_H_

#include <atomic>
#include <cstddef>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "base/ids.h"
#include "base/status.h"
#include "txn/commit_log.h"
#include "txn/snapshot_registry.h"
#include "txn/version_directory.h"

namespace turdb::txn {

// Pages that had ghosts and no versions any more.
using QuietPages = absl::InlinedVector<base::PageId, 8>;

// Thread-safe. A page that is resident is visited under its exclusive latch, tried, never waited for; one
// that is not, under the lock of its shard in the directory: a page that is being read in meets its table
// under the same lock (VersionDirectory::OnLoad), and keeps it from then on.
class VersionCollector {
 public:
  VersionCollector(VersionDirectory& directory, CommitLog& log) : directory_(directory), log_(log) {}

  // One page, when it is resident: what a commit does to the pages it changed last.
  void VisitPage(base::PageId page, const LiveSnapshots& live, SlabCache* cache, QuietPages* quiet);
  // The pages that waited longest, until `max_pages` were tried or `max_chains` looked at. Returns how many
  // pages were tried.
  size_t VisitSome(size_t max_pages, size_t max_chains, const LiveSnapshots& live, SlabCache* cache, QuietPages* quiet);
  // Moves the chains of up to `max_pages` pages to the temporary file. Returns how many it moved. Those that were used
  // since it came by last are passed over and come next time, unless `also_used`.
  base::StatusOr<size_t> SpillSome(size_t max_pages, bool also_used);
  bool idle() const { return directory_.nonempty_shards_.load(std::memory_order_relaxed) == 0; }

 private:
  using Shard = VersionDirectory::Shard;

  // The next shard that has tables; kShards when none has.
  size_t NextShard(std::atomic<uint32_t>& cursor) const;
  // Forgets what nobody sees; true when nothing is left.
  static bool Forget(VersionTable* table, const LiveSnapshots& live, SlabCache* cache, size_t* visited);
  size_t VisitOldestOf(Shard& shard, bool spilled, const LiveSnapshots& live, SlabCache* cache, QuietPages* quiet);
  size_t VisitAbsentOf(Shard& shard, const LiveSnapshots& live, QuietPages* quiet);
  static bool HasChainsInMemory(Shard& shard);
  base::StatusOr<bool> SpillOldestOf(Shard& shard, bool also_used, std::vector<std::byte>* buffer);
  static base::StatusOr<bool> Spill(VersionTable* table, bool page_is_resident, bool also_used, std::vector<std::byte>* buffer);

  VersionDirectory& directory_;
  CommitLog& log_;
  std::atomic<uint32_t> next_shard_{0};
  std::atomic<uint32_t> next_spilled_shard_{0};
};

}  // namespace turdb::txn

#endif  // TURDB_TXN_VERSION_COLLECTOR_H_
