// Hash join. The right side is built into records (keys, then the columns that are no keys) chained from a table of
// heads; the left side probes, batch by batch.
//
//   head:    16 bits of a bloom filter over the hashes in its chain | 48 bits, pointer to the first record
//   record:  columns | next record, hash, matched flag
//
// Probing is by column and by step: all heads of a batch, then the first record of every chain against its row, then
// the second of those that go on. Pairs that match collect until a chunk is full or the batch is through.
//
// When the budget refuses a right row, both sides are split by hash into partitions on disk (the right at once, the
// left as it comes), and each pair of partitions is joined by itself at the end, split again where it is still too
// large.
//
//  (J1) A row with a NULL key (that is not null_equal) matches nothing: on the left it is only output where the join
//       keeps unmatched rows, on the right it is only kept for right and full joins.
//  (J2) The residual is part of the condition: a pair that fails it is no match.
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/prefetch.h"
#include "exec/builder.h"
#include "exec/lane_safety.h"
#include "exec/row_store.h"
#include "exec/spill_partitions.h"
#include "exec/vector_operations.h"
#include "exec/word_array.h"
#include "table/table.h"

namespace turdb::exec {
namespace {

using base::Status;
using base::StatusOr;
using vec::Chunk;
using vec::Rows;
using vec::SelIndex;
using vec::Vector;

constexpr uint64_t kPointerMask = (uint64_t{1} << 48) - 1;

// What follows the columns of a record.
struct Link {
  std::byte* next;
  uint64_t hash;
  uint64_t matched;
};

uint64_t BloomBit(uint64_t hash) { return uint64_t{1} << (48 + (hash >> 60)); }

// Which columns of a record hold the keys and which the right side's columns; a right column that is a key is kept once.
struct RecordColumns {
  std::vector<vec::Type> types;
  std::vector<size_t> right;  // where each right column is
  std::vector<size_t> extra;  // right columns that are no key, in the order of their places behind the keys

  RecordColumns(Expressions keys, std::span<const vec::Type> right_types) {
    right.assign(right_types.size(), SIZE_MAX);
    for (const Expression* key : keys) {
      if (key->kind == ExpressionKind::kColumn && right[static_cast<size_t>(key->index)] == SIZE_MAX) {
        right[static_cast<size_t>(key->index)] = types.size();
      }
      types.push_back(key->type);
    }
    for (size_t c = 0; c < right.size(); ++c) {
      if (right[c] != SIZE_MAX) continue;
      right[c] = types.size();
      extra.push_back(c);
      types.push_back(right_types[c]);
    }
  }
};

// Read by all lanes of the left side at once, when there are several; built before they begin, itself by several where it can.
class BuildSide {
 public:
  BuildSide(const HashJoinNode& node, std::unique_ptr<Lanes> input, Builder& builder)
      : node_(node),
        columns_(node.right_keys, node.right->types),
        layout_(columns_.types, sizeof(Link)),
        input_(std::move(input)),
        chunk_(builder.NewChunk(columns_.types)),
        reserved_(*builder.budget()),
        spill_reserve_(*builder.budget()) {}

  Status Build(Builder& builder) {
    for (size_t i = 0; i < input_->count(); ++i) {
      parts_.push_back(std::make_unique<Part>(layout_, builder));
      TURDB_ASSIGN_OR_RETURN(parts_.back()->keys, EvaluatorList::Make(node_.right_keys, builder.options()));
    }
    return absl::OkStatus();
  }

  Status Start(Runtime& runtime) {
    partitions_.reset();
    level_ = 0;
    built_ = false;
    row_count_ = 0;
    has_null_key_ = false;
    // Twice: the left side is split as well.
    if (SpillFile::CanCreate(runtime) && spill_reserve_.bytes() == 0) {
      TURDB_RETURN_IF_ERROR(spill_reserve_.Grow(2 * SpillPartitions::ReserveBytes(*runtime.budget), "a hash join"));
    }
    for (const std::unique_ptr<Part>& part : parts_) {
      part->store.Reset(kKeepBytes);
      part->refused = Rows();
      part->row_count = 0;
      part->has_null_key = false;
      TURDB_RETURN_IF_ERROR(part->keys.Start(runtime));
    }
    return input_->Start(runtime);
  }

  // Before Start: ScanFilters will ask.
  void ExpectScans() { filters_scans_ = true; }

  bool built() const { return built_; }
  // kDone once the table is ready.
  StatusOr<Flow> Drain(Runtime& runtime) {
    while (true) {
      TURDB_ASSIGN_OR_RETURN(const Flow flow, input_->Drain(runtime, [this](size_t lane, Runtime& own, const Batch& batch) {
        return Add(*parts_[lane], own, batch);
      }));
      if (flow == Flow::kBlocked) return flow;
      if (flow == Flow::kDone) break;
      TURDB_RETURN_IF_ERROR(SpillRefused(runtime));
    }
    for (const std::unique_ptr<Part>& part : parts_) {
      row_count_ += part->row_count;
      has_null_key_ = has_null_key_ || part->has_null_key;
    }
    built_ = true;
    TURDB_RETURN_IF_ERROR(FinishBuild(runtime));
    return Flow::kDone;
  }

  // The same from a partition of the right side that was split `level` times.
  Status Load(Runtime& runtime, SpillFile* file, uint32_t level) {
    for (const std::unique_ptr<Part>& part : parts_) part->store.Reset(kKeepBytes);
    level_ = level;
    if (file != nullptr) {
      Part& part = *parts_[0];
      SpillScan scan(*file, layout(), runtime.budget);
      while (true) {
        TURDB_RETURN_IF_ERROR(runtime.CheckCancelled());
        TURDB_ASSIGN_OR_RETURN(const bool more, scan.Next(&chunk_));
        if (!more) break;
        part.vectors.clear();
        for (const Vector& column : chunk_.columns()) part.vectors.push_back(&column);
        const Rows rows = Rows::All(chunk_.size());
        HashColumns(Columns(part.vectors).first(node_.right_keys.size()), rows, part.hashes.data());
        TURDB_ASSIGN_OR_RETURN(const bool kept, Keep(part, runtime, rows));
        if (!kept) TURDB_RETURN_IF_ERROR(SpillRefused(runtime));
      }
    }
    return FinishBuild(runtime);
  }

  // What was built did not fit: there are no records, and TakePartition has the rows.
  bool spilled() const { return partitions_ != nullptr; }
  uint32_t level() const { return level_; }
  std::unique_ptr<SpillFile> TakePartition(uint32_t partition) { return partitions_->Take(partition); }
  void ForgetPartitions() { partitions_.reset(); }

  // The first record of the chain that a hash belongs to, or null.
  std::byte* Head(uint64_t hash) const {
    const uint64_t head = heads_[hash & (heads_.size() - 1)];
    return (head & BloomBit(hash)) == 0 ? nullptr : reinterpret_cast<std::byte*>(head & kPointerMask);
  }
  void Prefetch(uint64_t hash) const { base::PrefetchLine(&heads_[hash & (heads_.size() - 1)]); }
  Link& LinkOf(std::byte* record) const { return *reinterpret_cast<Link*>(record + layout().extra_offset()); }

  const RowLayout& layout() const { return layout_; }
  // All records, those of one lane after the other.
  struct Position {
    size_t part = 0;
    RowStore::Position in_part;
  };
  uint32_t Scan(Position* position, uint32_t limit, std::byte** records) const {
    for (; position->part < parts_.size(); ++position->part, position->in_part = RowStore::Position()) {
      const uint32_t count = parts_[position->part]->store.Scan(&position->in_part, limit, records);
      if (count != 0) return count;
    }
    return 0;
  }
  const RecordColumns& columns() const { return columns_; }
  uint64_t row_count() const { return row_count_; }  // of the right side, rows with NULL keys included
  bool has_null_key() const { return has_null_key_; }
  int64_t memory_bytes() const {
    int64_t bytes = reserved_.bytes();
    for (const std::unique_ptr<Part>& part : parts_) bytes += part->store.reserved_bytes();
    return bytes;
  }
  int64_t partition_bytes() const { return partitions_ == nullptr ? 0 : partitions_->size_bytes(); }

 private:
  // What one lane of the input makes.
  struct Part {
    Part(const RowLayout& layout, Builder& builder)
        : store(layout, builder.budget(), kHeadroom),
          records(builder.capacity()),
          hashes(builder.capacity()),
          positions(builder.capacity()),
          selection(builder.capacity(), builder.budget()) {}
    EvaluatorList keys;
    RowStore store;
    uint64_t row_count = 0;
    bool has_null_key = false;
    // Of one batch.
    std::vector<std::byte*> records;
    std::vector<uint64_t> hashes;
    std::vector<uint32_t> positions;
    vec::SelectionVector selection;
    std::vector<const Vector*> vectors;
    Rows refused;  // those that there was no memory for
  };

  // False: there is no room for the batch, see `refused`.
  StatusOr<bool> Add(Part& part, Runtime& runtime, const Batch& batch) {
    part.row_count += batch.rows.count;
    TURDB_RETURN_IF_ERROR(part.keys.Evaluate(runtime, *batch.chunk, batch.rows));
    Rows rows = batch.rows;
    const uint32_t present = PositionsWithoutNulls(part.keys.values(), rows, node_.null_equal, part.positions.data());
    if (present != rows.count) {
      part.has_null_key = true;
      if (node_.type != JoinType::kRight && node_.type != JoinType::kFull) {
        for (uint32_t k = 0; k < present; ++k) part.selection.data()[k] = rows[part.positions[k]];
        rows = Rows{part.selection.data(), present};
        if (present == 0) return true;
      }
    }
    HashColumns(part.keys.values(), rows, part.hashes.data());
    part.vectors.assign(part.keys.values().begin(), part.keys.values().end());
    for (const size_t c : columns_.extra) part.vectors.push_back(&batch.chunk->column(c));
    return Keep(part, runtime, rows);
  }

  // Rows of part.vectors, whose hashes are in part.hashes: as records, or on disk once that is where rows go.
  StatusOr<bool> Keep(Part& part, Runtime& runtime, Rows rows) {
    if (partitions_ != nullptr) {
      TURDB_RETURN_IF_ERROR(partitions_->Append(runtime, part.vectors, rows, part.hashes.data(), {}));
      return true;
    }
    if (!part.store.TryAppend(part.vectors, rows, part.records.data())) {
      part.refused = rows;
      return false;
    }
    for (uint32_t i = 0; i < rows.count; ++i) LinkOf(part.records[i]).hash = part.hashes[i];
    return true;
  }

  // From here on rows go to disk: those in memory, then those that found no room there.
  Status SpillRefused(Runtime& runtime) {
    TURDB_RETURN_IF_ERROR(SpillRecords(runtime));
    for (const std::unique_ptr<Part>& part : parts_) {
      const Rows rows = std::exchange(part->refused, Rows());
      if (rows.count == 0) continue;
      TURDB_RETURN_IF_ERROR(partitions_->Append(runtime, part->vectors, rows, part->hashes.data(), {}));
    }
    return absl::OkStatus();
  }

  // Moves all records to partitions on disk.
  Status SpillRecords(Runtime& runtime) {
    if (!SpillFile::CanCreate(runtime) || level_ == SpillPartitions::kMaxLevel) return OverBudget();
    partitions_ = std::make_unique<SpillPartitions>(layout(), level_, "a hash join");
    std::vector<std::byte*> records(chunk_.capacity());
    std::vector<uint64_t> hashes(chunk_.capacity());
    std::vector<const Vector*> columns;
    Chunk rows(columns_.types, chunk_.capacity());  // the budget is used up; this is soon gone
    Position position;
    while (const uint32_t count = Scan(&position, chunk_.capacity(), records.data())) {
      rows.Reset();
      columns.clear();
      for (size_t c = 0; c < columns_.types.size(); ++c) {
        RowStore::Gather(layout(), c, records.data(), count, &rows.column(c));
        columns.push_back(&rows.column(c));
      }
      for (uint32_t i = 0; i < count; ++i) hashes[i] = LinkOf(records[i]).hash;
      TURDB_RETURN_IF_ERROR(partitions_->Append(runtime, columns, Rows::All(count), hashes.data(), {}));
    }
    for (const std::unique_ptr<Part>& part : parts_) part->store.Reset(0);
    return absl::OkStatus();
  }

  Status FinishBuild(Runtime& runtime) {
    if (partitions_ == nullptr) {
      TURDB_ASSIGN_OR_RETURN(const bool linked, TryLinkRecords(runtime));
      if (linked) return absl::OkStatus();
      TURDB_RETURN_IF_ERROR(SpillRecords(runtime));
    }
    return partitions_->FinishWriting();
  }

  Status OverBudget() const {
    return base::OutOfMemoryError(absl::StrCat("a hash join needs more memory than memory_limit leaves (", memory_bytes(),
                                               " bytes for ", record_count(), " rows so far)"));
  }

  uint64_t record_count() const {
    uint64_t count = 0;
    for (const std::unique_ptr<Part>& part : parts_) count += part->store.size();
    return count;
  }

  // False: there is no room for the heads.
  StatusOr<bool> TryLinkRecords(Runtime& runtime) {
    const uint64_t count = record_count();
    // Scans ask for keys that are not there, and the emptier the heads the surer the answer.
    const uint64_t for_scans = filters_scans_ ? std::min<uint64_t>(count * 32, kFewHeads) : 0;
    const size_t wanted = std::bit_ceil(std::max({uint64_t{64}, count * 2, for_scans}));
    if (heads_.size() < wanted || heads_.size_bytes() > std::max(kKeepBytes, wanted * 2 * sizeof(uint64_t))) {
      heads_ = WordArray();
      reserved_.Reset();
      const double headroom = wanted * sizeof(uint64_t) <= kKeepBytes ? 0 : kHeadroom;
      if (!TryGrowLeaving(reserved_, static_cast<int64_t>(wanted * sizeof(uint64_t)), headroom)) return false;
      heads_ = WordArray(wanted);
    }
    // Each thread writes its own heads, and reads all records for them.
    const size_t threads = count < kRecordsWorthThreads ? 1 : parts_.size();
    std::atomic<size_t> next{0};
    TURDB_RETURN_IF_ERROR(OnThreads(runtime, threads, [&](size_t) -> Status {
      for (size_t share = next++; share < threads; share = next++) {
        LinkRecords(heads_.size() * share / threads, heads_.size() * (share + 1) / threads);
      }
      return absl::OkStatus();
    }));
    return true;
  }

  // Those whose head is one of [first, last).
  void LinkRecords(size_t first, size_t last) {
    std::fill(heads_.begin() + first, heads_.begin() + last, 0);
    std::array<std::byte*, kLinkedTogether> records;
    Position position;
    while (const uint32_t count = Scan(&position, kLinkedTogether, records.data())) {
      for (uint32_t i = 0; i < count; ++i) base::PrefetchLine(&heads_[LinkOf(records[i]).hash & (heads_.size() - 1)]);
      for (uint32_t i = 0; i < count; ++i) {
        Link& link = LinkOf(records[i]);
        const size_t at = link.hash & (heads_.size() - 1);
        if (at < first || at >= last) continue;
        link.next = reinterpret_cast<std::byte*>(heads_[at] & kPointerMask);
        heads_[at] = (heads_[at] & ~kPointerMask) | BloomBit(link.hash) | reinterpret_cast<uint64_t>(records[i]);
      }
    }
  }

  static constexpr uint64_t kFewHeads = kKeepBytes / sizeof(uint64_t);
  static constexpr uint64_t kRecordsWorthThreads = 50'000;
  static constexpr uint32_t kLinkedTogether = 64;

  const HashJoinNode& node_;
  const RecordColumns columns_;
  const RowLayout layout_;
  std::unique_ptr<Lanes> input_;
  std::vector<std::unique_ptr<Part>> parts_;  // one a lane
  Chunk chunk_;                               // rows of a partition
  std::unique_ptr<SpillPartitions> partitions_;
  uint32_t level_ = 0;  // how often what is being built was split
  base::MemoryReservation reserved_;
  base::MemoryReservation spill_reserve_;
  WordArray heads_;
  bool filters_scans_ = false;
  bool built_ = false;
  bool has_null_key_ = false;
  uint64_t row_count_ = 0;
};

// For a scan below the left side: rows that no right row can match. As long as the build side is in memory, and for as long as
// it keeps enough rows away to be worth its while.
class BuildFilter : public ScanFilter {
 public:
  BuildFilter(std::shared_ptr<const BuildSide> build, const HashJoinNode& node, std::shared_ptr<const TracedKeys> traced,
              Builder& builder)
      : build_(std::move(build)),
        node_(node),
        traced_(std::move(traced)),
        hashes_(builder.capacity()),
        positions_(builder.capacity()) {}
  Status Build(Builder& builder) {
    TURDB_ASSIGN_OR_RETURN(keys_, EvaluatorList::Make(traced_->keys, builder.options()));
    return absl::OkStatus();
  }

  Status Start(Runtime& runtime) override {
    seen_ = kept_ = 0;
    return keys_.Start(runtime);
  }

  bool IsUseful() const override {
    return build_->built() && !build_->spilled() && (seen_ < kTrialRows || kept_ < seen_ - seen_ / kDropsOneOf);
  }

  StatusOr<uint32_t> Select(Runtime& runtime, const Chunk& chunk, Rows rows, SelIndex* selected) override {
    TURDB_RETURN_IF_ERROR(keys_.Evaluate(runtime, chunk, rows));
    const uint32_t present = PositionsWithoutNulls(keys_.values(), rows, node_.null_equal, positions_.data());
    HashColumns(keys_.values(), rows, hashes_.data());
    for (uint32_t k = 0; k < present; ++k) build_->Prefetch(hashes_[positions_[k]]);
    uint32_t count = 0;
    for (uint32_t k = 0; k < present; ++k) {
      const uint32_t i = positions_[k];
      selected[count] = rows[i];
      count += build_->Head(hashes_[i]) != nullptr ? 1 : 0;
    }
    seen_ += rows.count;
    kept_ += count;
    return count;
  }

 private:
  static constexpr uint64_t kTrialRows = 10'000;
  static constexpr uint64_t kDropsOneOf = 4;

  const std::shared_ptr<const BuildSide> build_;
  const HashJoinNode& node_;
  const std::shared_ptr<const TracedKeys> traced_;
  EvaluatorList keys_;
  std::vector<uint64_t> hashes_;
  std::vector<uint32_t> positions_;
  uint64_t seen_ = 0, kept_ = 0;
};

class HashJoinOperator : public Operator {
 public:
  HashJoinOperator(const HashJoinNode& node, std::shared_ptr<BuildSide> build, Builder& builder)
      : node_(node),
        left_count_(node.left->types.size()),
        build_(std::move(build)),
        pairs_(builder.NewChunk(PairTypes(node))),
        output_(builder.NewChunk(node.types)),
        selection_(builder.capacity(), builder.budget()),
        left_layout_(node.left->types),
        left_chunk_(builder.NewChunk(node.left->types)),
        hashes_(builder.capacity()),
        open_(builder.capacity()),
        equal_(builder.capacity()),
        candidates_(builder.capacity()),
        pair_positions_(builder.capacity()),
        pair_records_(builder.capacity()),
        matched_(builder.capacity()) {}

  Status Build(Builder& builder) {
    owns_build_ = !builder.is_later_lane();
    builds_first_ = builder.in_lanes() && owns_build_;
    TURDB_ASSIGN_OR_RETURN(keys_, EvaluatorList::Make(node_.left_keys, builder.options()));
    TURDB_ASSIGN_OR_RETURN(residual_, Filter::Make(node_.residual, builder.options()));
    return absl::OkStatus();
  }

  // Rows of the left side without a match are dropped, so the scans that they come from may do so at once. Worth it only for
  // scans of some length, since the right side is then built before it is known that the left one has rows.
  void OfferFilters(Builder& builder) {
    if (!owns_build_) return;  // the first lane did
    if (node_.type != JoinType::kInner && node_.type != JoinType::kSemi && node_.type != JoinType::kRight) return;
    if (std::any_of(node_.null_equal.begin(), node_.null_equal.end(), [](bool equal) { return equal; })) return;
    for (TracedKeys& found : TraceToScans(*node_.left, node_.left_keys)) {
      if (found.scan->table->row_estimate() < kRowsWorthFiltering) continue;
      const auto traced = std::make_shared<const TracedKeys>(std::move(found));
      builder.OfferScanFilter(*traced->scan,
                              [build = build_, &node = node_, traced](Builder& scans) -> StatusOr<std::unique_ptr<ScanFilter>> {
                                auto filter = std::make_unique<BuildFilter>(build, node, traced, scans);
                                TURDB_RETURN_IF_ERROR(filter->Build(scans));
                                return filter;
                              });
      build_->ExpectScans();
      builds_first_ = true;
    }
  }

  StatusOr<Flow> Prepare(Runtime& runtime) override {
    if (!builds_first_) return Flow::kNeedInput;
    if (!build_->built()) {
      TURDB_ASSIGN_OR_RETURN(const Flow flow, build_->Drain(runtime));
      if (flow == Flow::kBlocked) return flow;
    }
    return build_->row_count() == 0 && EmptyBuildEnds() ? Flow::kDone : Flow::kNeedInput;
  }

  Status Start(Runtime& runtime) override {
    probing_ = false;
    unmatched_position_ = BuildSide::Position();
    left_partitions_.reset();
    spilled_bytes_ = 0;
    split_.clear();
    current_ = SplitPair();
    left_scan_.reset();
    TURDB_RETURN_IF_ERROR(keys_.Start(runtime));
    TURDB_RETURN_IF_ERROR(residual_.Start(runtime));
    return owns_build_ ? build_->Start(runtime) : absl::OkStatus();
  }
  bool CanShare() const override { return !build_->spilled(); }

  StatusOr<Flow> Push(Runtime& runtime, const Batch& in, Batch* out) override {
    if (!build_->built()) {
      TURDB_ASSIGN_OR_RETURN(const Flow flow, build_->Drain(runtime));
      if (flow == Flow::kBlocked) return flow;
    }
    if (build_->row_count() == 0 && EmptyBuildEnds()) return Flow::kDone;
    if (build_->spilled()) {
      TURDB_RETURN_IF_ERROR(keys_.Evaluate(runtime, *in.chunk, in.rows));
      HashColumns(keys_.values(), in.rows, hashes_.data());
      TURDB_RETURN_IF_ERROR(SplitLeft(runtime, in));
      return Flow::kNeedInput;
    }
    return Probe(runtime, in, out);
  }

  // Right rows that nobody matched; before that, everything that waits on disk.
  StatusOr<Flow> Finish(Runtime& runtime, Batch* out) override {
    if (runtime.others_run) return Flow::kDone;  // who nobody matched is known when all lanes are through
    if (!build_->built()) {                      // the left side was empty
      if (!KeepsRight()) return Flow::kDone;
      TURDB_ASSIGN_OR_RETURN(const Flow flow, build_->Drain(runtime));
      if (flow == Flow::kBlocked) return flow;
    }
    if (build_->spilled()) TURDB_RETURN_IF_ERROR(TakePartitions());
    if (left_scan_ != nullptr) return ProbePartition(runtime, out);
    TURDB_ASSIGN_OR_RETURN(const Flow flow, EmitUnmatchedRight(out));
    if (flow != Flow::kDone || split_.empty()) return flow;
    TURDB_RETURN_IF_ERROR(OpenNextPartition(runtime));
    return Flow::kHaveMore;
  }

  void Release() override {
    pairs_.Reset();
    output_.Reset();
  }
  int64_t memory_bytes() const override { return build_->memory_bytes(); }
  int64_t spilled_bytes() const override { return spilled_bytes_; }

 private:
  static std::vector<vec::Type> PairTypes(const HashJoinNode& node) {
    std::vector<vec::Type> types(node.left->types.begin(), node.left->types.end());
    types.insert(types.end(), node.right->types.begin(), node.right->types.end());
    return types;
  }
  bool Keeps(JoinType a, JoinType b) const { return node_.type == a || node_.type == b; }
  bool IsExistence() const {
    return node_.type == JoinType::kSemi || node_.type == JoinType::kAnti || node_.type == JoinType::kAntiNull;
  }
  // Without right rows these joins have no output, and the left side need not be read on.
  bool EmptyBuildEnds() const {
    return node_.type == JoinType::kInner || node_.type == JoinType::kSemi || node_.type == JoinType::kRight;
  }

  // Left and right rows with the same bits of the hash. No file: no rows.
  struct SplitPair {
    std::unique_ptr<SpillFile> left;
    std::unique_ptr<SpillFile> right;
    uint32_t level = 0;
  };

  StatusOr<Flow> Probe(Runtime& runtime, const Batch& in, Batch* out) {
    if (!probing_) {
      TURDB_RETURN_IF_ERROR(BeginProbe(runtime, in));
      probing_ = true;
    }
    while (open_count_ != 0) {
      if (pair_count_ + open_count_ > pair_positions_.size()) {
        TURDB_RETURN_IF_ERROR(EmitPairs(runtime, in, out));
        if (!out->empty()) return Flow::kHaveMore;
        continue;
      }
      Step(in.rows);
    }
    if (pair_count_ != 0) {
      TURDB_RETURN_IF_ERROR(EmitPairs(runtime, in, out));
      if (!out->empty()) return Flow::kHaveMore;
    }
    probing_ = false;
    EmitUnmatchedLeft(in, out);
    return Flow::kNeedInput;
  }

  bool KeepsRight() const { return node_.type == JoinType::kRight || node_.type == JoinType::kFull; }

  StatusOr<Flow> EmitUnmatchedRight(Batch* out) {
    if (!KeepsRight()) return Flow::kDone;
    const auto scanned = build_->Scan(&unmatched_position_, static_cast<uint32_t>(pair_records_.size()), pair_records_.data());
    if (scanned == 0) return Flow::kDone;
    uint32_t count = 0;
    for (uint32_t i = 0; i < scanned; ++i) {
      if (build_->LinkOf(pair_records_[i]).matched == 0) pair_records_[count++] = pair_records_[i];
    }
    output_.Reset();
    for (size_t c = 0; c < left_count_; ++c) output_.column(c).SetConstantNull();
    GatherRight(count, &output_);
    output_.set_size(count);
    *out = Batch::All(output_);
    return Flow::kHaveMore;
  }

  // ---- partitions on disk

  // hashes_ are of the rows' keys.
  Status SplitLeft(Runtime& runtime, const Batch& in) {
    if (left_partitions_ == nullptr) {
      left_partitions_ = std::make_unique<SpillPartitions>(left_layout_, build_->level(), "a hash join");
    }
    left_columns_.clear();
    for (const Vector& column : in.chunk->columns()) left_columns_.push_back(&column);
    return left_partitions_->Append(runtime, left_columns_, in.rows, hashes_.data(), {});
  }

  // Both sides of the build that did not fit go to the list of what is still to be joined.
  Status TakePartitions() {
    if (left_partitions_ != nullptr) {
      TURDB_RETURN_IF_ERROR(left_partitions_->FinishWriting());
      spilled_bytes_ += left_partitions_->size_bytes();
    }
    spilled_bytes_ += build_->partition_bytes();
    for (uint32_t p = 0; p < SpillPartitions::kCount; ++p) {
      SplitPair pair;
      pair.left = left_partitions_ == nullptr ? nullptr : left_partitions_->Take(p);
      pair.right = build_->TakePartition(p);
      pair.level = build_->level() + 1;
      if (pair.left != nullptr || (pair.right != nullptr && KeepsRight())) split_.push_back(std::move(pair));
    }
    left_partitions_.reset();
    build_->ForgetPartitions();
    // There is nothing in memory to give out.
    unmatched_position_ = BuildSide::Position();
    return absl::OkStatus();
  }

  Status OpenNextPartition(Runtime& runtime) {
    left_scan_.reset();
    current_ = std::move(split_.back());
    split_.pop_back();
    TURDB_RETURN_IF_ERROR(build_->Load(runtime, current_.right.get(), current_.level));
    unmatched_position_ = BuildSide::Position();
    if (current_.left == nullptr) return absl::OkStatus();
    left_scan_ = std::make_unique<SpillScan>(*current_.left, left_layout_, runtime.budget);
    left_chunk_.Reset();
    if (!build_->spilled()) return absl::OkStatus();
    // Still too large: its left side is split like the right.
    while (true) {
      TURDB_RETURN_IF_ERROR(runtime.CheckCancelled());
      TURDB_ASSIGN_OR_RETURN(const bool more, left_scan_->Next(&left_chunk_));
      if (!more) break;
      const Batch batch = Batch::All(left_chunk_);
      TURDB_RETURN_IF_ERROR(keys_.Evaluate(runtime, left_chunk_, batch.rows));
      HashColumns(keys_.values(), batch.rows, hashes_.data());
      TURDB_RETURN_IF_ERROR(SplitLeft(runtime, batch));
    }
    left_scan_.reset();
    return absl::OkStatus();
  }

  StatusOr<Flow> ProbePartition(Runtime& runtime, Batch* out) {
    if (!probing_) {
      TURDB_ASSIGN_OR_RETURN(const bool more, left_scan_->Next(&left_chunk_));
      if (!more) {
        left_scan_.reset();
        return Flow::kHaveMore;
      }
    }
    TURDB_RETURN_IF_ERROR(Probe(runtime, Batch::All(left_chunk_), out).status());
    return Flow::kHaveMore;
  }

  // ---- one batch

  Status BeginProbe(Runtime& runtime, const Batch& in) {
    pair_count_ = 0;
    std::fill_n(matched_.begin(), in.rows.count, uint8_t{0});
    TURDB_RETURN_IF_ERROR(keys_.Evaluate(runtime, *in.chunk, in.rows));
    HashColumns(keys_.values(), in.rows, hashes_.data());
    const uint32_t present = PositionsWithoutNulls(keys_.values(), in.rows, node_.null_equal, open_.data());
    if (node_.type == JoinType::kAntiNull && build_->row_count() != 0) {
      // NOT IN: a NULL on the right hides every row, a NULL on the left its own.
      std::fill_n(matched_.begin(), in.rows.count, uint8_t{1});
      if (!build_->has_null_key()) {
        for (uint32_t k = 0; k < present; ++k) matched_[open_[k]] = 0;
      }
    }
    for (uint32_t k = 0; k < present; ++k) build_->Prefetch(hashes_[open_[k]]);
    open_count_ = 0;
    for (uint32_t k = 0; k < present; ++k) {
      const uint32_t i = open_[k];
      candidates_[i] = build_->Head(hashes_[i]);
      if (candidates_[i] == nullptr) continue;
      base::PrefetchLine(candidates_[i]);
      open_[open_count_++] = i;
    }
    return absl::OkStatus();
  }

  // Compares each open row with the record its chain is at, then moves on.
  void Step(Rows rows) {
    std::copy_n(open_.begin(), open_count_, equal_.begin());
    const uint32_t equal_count =
        KeepEqual(keys_.values(), rows, build_->layout(), candidates_.data(), equal_.data(), open_count_, nullptr, nullptr);
    const bool first_is_enough = IsExistence() && residual_.empty();
    for (uint32_t k = 0; k < equal_count; ++k) {
      const uint32_t i = equal_[k];
      if (first_is_enough) {
        matched_[i] = 1;
        candidates_[i] = nullptr;
      } else {
        pair_positions_[pair_count_] = i;
        pair_records_[pair_count_++] = candidates_[i];
      }
    }
    uint32_t still_open = 0;
    for (uint32_t k = 0; k < open_count_; ++k) {
      const uint32_t i = open_[k];
      if (candidates_[i] == nullptr) continue;
      candidates_[i] = build_->LinkOf(candidates_[i]).next;
      if (candidates_[i] == nullptr) continue;
      base::PrefetchLine(candidates_[i]);
      open_[still_open++] = i;
    }
    open_count_ = still_open;
  }

  void GatherRight(uint32_t count, Chunk* out) {
    for (size_t c = 0; c < build_->columns().right.size(); ++c) {
      RowStore::Gather(build_->layout(), build_->columns().right[c], pair_records_.data(), count,
                       &out->column(left_count_ + c));
    }
  }

  // Makes a batch of the collected pairs, those that pass the residual.
  Status EmitPairs(Runtime& runtime, const Batch& in, Batch* out) {
    for (uint32_t k = 0; k < pair_count_; ++k) selection_.data()[k] = in.rows[pair_positions_[k]];
    const Rows left_rows{selection_.data(), pair_count_};
    pairs_.Reset();
    for (size_t c = 0; c < left_count_; ++c) pairs_.column(c).Slice(in.chunk->column(c), left_rows);
    GatherRight(pair_count_, &pairs_);
    pairs_.set_size(pair_count_);
    Rows passed = Rows::All(pair_count_);
    pair_count_ = 0;
    if (!residual_.empty()) {
      TURDB_ASSIGN_OR_RETURN(passed, residual_.Apply(runtime, pairs_, passed));
    }
    for (uint32_t k = 0; k < passed.count; ++k) matched_[pair_positions_[passed[k]]] = 1;
    if (KeepsRight()) {
      for (uint32_t k = 0; k < passed.count; ++k) {
        // Other lanes may mark the same record.
        std::atomic_ref<uint64_t>(build_->LinkOf(pair_records_[passed[k]]).matched).store(1, std::memory_order_relaxed);
      }
    }
    if (!IsExistence()) *out = Batch{&pairs_, passed};
    return absl::OkStatus();
  }

  // Once a batch is through: the left rows that semi, anti, left and full joins owe.
  void EmitUnmatchedLeft(const Batch& in, Batch* out) {
    if (Keeps(JoinType::kInner, JoinType::kRight)) return;
    const uint8_t wanted = node_.type == JoinType::kSemi ? 1 : 0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < in.rows.count; ++i) {
      if (matched_[i] == wanted) selection_.data()[count++] = in.rows[i];
    }
    const Rows rows{selection_.data(), count};
    if (IsExistence()) {
      *out = Batch{in.chunk, rows};
      return;
    }
    output_.Reset();
    for (size_t c = 0; c < left_count_; ++c) output_.column(c).Slice(in.chunk->column(c), rows);
    for (size_t c = left_count_; c < output_.column_count(); ++c) output_.column(c).SetConstantNull();
    output_.set_size(count);
    *out = Batch::All(output_);
  }

  static constexpr int64_t kRowsWorthFiltering = 20'000;

  const HashJoinNode& node_;
  const size_t left_count_;
  bool owns_build_ = true;  // of all lanes, the first
  bool builds_first_ = false;
  const std::shared_ptr<BuildSide> build_;
  EvaluatorList keys_;
  Filter residual_;
  Chunk pairs_;   // left and right columns
  Chunk output_;  // unmatched rows
  vec::SelectionVector selection_;
  BuildSide::Position unmatched_position_;
  // Joining by partitions.
  const RowLayout left_layout_;
  Chunk left_chunk_;
  std::unique_ptr<SpillPartitions> left_partitions_;
  int64_t spilled_bytes_ = 0;
  std::vector<const Vector*> left_columns_;
  std::vector<SplitPair> split_;  // still to be joined
  SplitPair current_;
  std::unique_ptr<SpillScan> left_scan_;  // of current_, while its left side is being read
  // The batch being probed; positions count its rows.
  bool probing_ = false;
  std::vector<uint64_t> hashes_;
  std::vector<uint32_t> open_;  // positions whose chain goes on
  uint32_t open_count_ = 0;
  std::vector<uint32_t> equal_;
  std::vector<std::byte*> candidates_;  // by position: the record to compare next
  std::vector<uint32_t> pair_positions_;
  std::vector<std::byte*> pair_records_;
  uint32_t pair_count_ = 0;
  std::vector<uint8_t> matched_;  // by position
};

}  // namespace

OperatorOr MakeHashJoin(const HashJoinNode& node, Builder& builder) {
  std::shared_ptr<BuildSide> build;
  if (builder.is_later_lane()) {
    build = std::static_pointer_cast<BuildSide>(builder.SharedOf(node));
  } else {
    TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Lanes> right, builder.BuildLanes(*node.right, RunsOnAnyThread(node)));
    build = std::make_shared<BuildSide>(node, std::move(right), builder);
    TURDB_RETURN_IF_ERROR(build->Build(builder));
    if (builder.in_lanes()) builder.SharedOf(node) = build;
  }
  auto join = std::make_unique<HashJoinOperator>(node, std::move(build), builder);
  TURDB_RETURN_IF_ERROR(join->Build(builder));
  join->OfferFilters(builder);
  return join;
}

}  // namespace turdb::exec
