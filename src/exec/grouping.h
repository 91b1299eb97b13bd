// Groups and the states of their calls: all of an aggregate, or what one lane (lanes.h) sees of it.
//
// What several lanes have made is put together where it lies: the groups of all of them are looked at by parts of the hashes,
// and of those with the same key one takes the states of the others, which are left out from then on (MergeParts).
//
// Input that comes in the order of its groups, or nearly so, does not need a table of all of them: a lane whose groups stay
// with their neighbours forgets, now and then, where they are and goes on with an empty table that fits in the cache
// (GroupTable::Seal). A group then has several records, which merging puts together like those of different lanes.
#ifndef TURDB_EXEC_GROUPING_H_
#define TURDB_EXEC_GROUPING_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/arena.h"
#include "base/status.h"
#include "exec/aggregate_evaluator.h"
#include "exec/builder.h"
#include "exec/group_table.h"
#include "exec/group_union.h"
#include "exec/pipeline.h"

namespace turdb::exec {

// Not thread-safe; several of one node may be used by several threads.
class Grouping {
 public:
  Grouping(const AggregateNode& node, Builder& builder);
  base::Status Build(const AggregateNode& node, Builder& builder);

  // Before the first pass.
  base::Status Prepare(Runtime& runtime);
  // A pass: from no groups. `may_seal`: groups may have several records until they are merged.
  base::Status Start(Runtime& runtime, bool may_seal = false);
  // Rows whose group there is no room for are left out: see missing().
  base::Status Feed(Runtime& runtime, Batch batch);
  // Positions in the batch fed last; their hashes are hashes()[position].
  std::span<const uint32_t> missing() const { return missing_; }
  base::Status FinishPass(Runtime& runtime);

  // The group of these values exists from now on.
  base::Status Make(Columns keys);
  // Adds the groups of another Grouping of the same node. False: there is no room.
  base::StatusOr<bool> Take(const Runtime& runtime, Grouping& from, vec::Chunk* keys);

  // Before MergeParts: lists the groups by part. False: there is no room.
  bool ListParts() { return parts_.Fill(table_->rows(), table_->part_sizes()); }
  // Takes one part after the other from *next and puts together what `all` have of it, until none is left. To be called for
  // each of `all`, by threads of their own; then EndMerge. False: there is no room.
  base::StatusOr<bool> MergeParts(Runtime& runtime, std::span<const std::unique_ptr<Grouping>> all, std::atomic<size_t>* next);
  void EndMerge();

  // The next groups and their values; 0 at the end.
  base::StatusOr<uint32_t> Scan(RowStore::Position* position, vec::Chunk* out);

  // Records; more than groups when sealed().
  uint64_t size() const { return table_->size(); }
  bool sealed() const { return table_->sealed(); }
  bool full() const { return table_->full(); }
  std::span<const uint64_t> hashes() const { return table_->hashes(); }
  const std::vector<vec::Type>& group_types() const { return group_types_; }
  int64_t spilled_bytes() const;
  int64_t memory_bytes() const;

 private:
  // A table of so many groups is asked whether it should be sealed; it fits in a second-level cache.
  static constexpr uint64_t kSealGroups = 16 << 10;

  // Rows without a record leave the batch; records_ closes up.
  vec::Rows LeaveOutWithoutGroup(vec::Rows rows);
  // records_[i] = the states of the group of row rows[i], or null when it is not in a full table.
  base::Status FindGroups(Columns keys, vec::Rows rows);
  void MaySeal(uint32_t rows);
  base::Status Merge(std::byte* into, std::byte* from);

  std::vector<vec::Type> group_types_;
  EvaluatorList groups_;
  std::vector<std::unique_ptr<AggregateEvaluator>> calls_;
  std::optional<GroupTable> table_;
  base::Arena arena_;  // of states
  std::vector<std::byte*> records_;
  vec::SelectionVector selection_;
  std::vector<uint32_t> missing_;
  std::vector<uint32_t> created_;
  std::byte* only_group_ = nullptr;
  base::MemoryBudget* const budget_;
  const uint32_t capacity_;
  // Since the table was sealed: rows fed, and how many of them when it was half full.
  bool may_seal_ = false;
  uint64_t rows_fed_ = 0;
  uint64_t rows_at_half_ = 0;
  // Merging.
  GroupParts parts_;
  std::optional<GroupUnion> union_;
  bool merged_ = false;
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_GROUPING_H_
