// Hash aggregation, with FILTER, DISTINCT and ORDER BY inside calls.
//
// Groups are records of a GroupTable; the states of all calls lie one after the other in a record's extra bytes. A
// call sees a batch as arguments plus, for each row that its FILTER lets through, the state to feed. DISTINCT keeps,
// a call, a second table keyed by (group, arguments) and feeds only what is new there; rows for which that table has no
// room are put aside by hash and looked at, part by part, when the input is through. ORDER BY inside a call keeps
// (group, arguments) in a Sorter and feeds them at the end, a run of one group at a time. A batch that belongs to one
// group goes to the kernels that feed one state, without a word a row.
//
// When the budget refuses a new group, the table stays as it is (G1) and rows whose group is not in it are put aside,
// whole, in partitions by hash. After the groups in memory have been given out, each partition is aggregated in the
// same way, splitting again where that is needed.
//
// Where the order of the rows does not matter and the input is long, several lanes (lanes.h) each make groups of their own,
// which are put together afterwards: a few by one thread, many by all, each those of one part of the hashes. When there is no
// memory for that, the input is read once more by one thread, which knows how to spill.
//
//  (A1) Without group expressions there is one group, made at the start, so that empty input gives one row.
//  (A2) With group expressions empty input gives no row, but for the groups that the plan says are always there.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "exec/builder.h"
#include "exec/group_table.h"
#include "exec/sorter.h"
#include "exec/spill_partitions.h"
#include "exec/vector_operations.h"
#include "function/aggregate.h"

namespace turdb::exec {
namespace {

using base::Status;
using base::StatusOr;
using vec::Chunk;
using vec::Rows;
using vec::SelIndex;
using vec::Vector;
using vec::VectorView;

// Whose states a batch feeds: those of one group, or records[i] for row rows[i].
struct Groups {
  std::byte* only = nullptr;
  std::byte* const* records = nullptr;
};

size_t AlignState(size_t bytes) { return (bytes + 15) & ~size_t{15}; }

bool AllSame(std::byte* const* records, uint32_t count) {
  return records[0] == records[count - 1] &&
         std::all_of(records, records + count, [&](const std::byte* record) { return record == records[0]; });
}

Status OverBudget(std::string_view what, int64_t bytes) {
  return base::OutOfMemoryError(
      absl::StrCat(what, " needs more memory than memory_limit leaves (", bytes, " bytes in use by it)"));
}

constexpr std::string_view kDistinctPurpose = "DISTINCT inside an aggregate";

// One aggregate call: evaluates its arguments and feeds states.
class Call {
 public:
  static StatusOr<std::unique_ptr<Call>> Make(const AggregateCall& plan, size_t state_offset, Builder& builder) {
    auto call = std::make_unique<Call>(plan, state_offset, builder);
    TURDB_ASSIGN_OR_RETURN(call->arguments_, EvaluatorList::Make(plan.arguments, builder.options()));
    if (plan.filter != nullptr) {
      const Expression* conjuncts[] = {plan.filter};
      TURDB_ASSIGN_OR_RETURN(call->filter_, Filter::Make(conjuncts, builder.options()));
    }
    std::vector<vec::Type> types = {vec::TypeId::kInt64};  // the group's record
    for (const Expression* argument : plan.arguments) types.push_back(argument->type);
    if (plan.distinct && !plan.function->function->ignores_duplicates) {
      call->distinct_.emplace(types, 0, builder.capacity(), builder.budget());
      std::vector<vec::Type> aside_types = types;
      for (const SortKey& key : plan.order) aside_types.push_back(key.expression->type);
      call->aside_layout_ = RowLayout(aside_types);
      call->aside_rows_ = builder.NewChunk(aside_types);
    }
    if (!plan.order.empty()) {
      std::vector<const Expression*> keys;
      for (const SortKey& key : plan.order) keys.push_back(key.expression);
      TURDB_ASSIGN_OR_RETURN(call->order_, EvaluatorList::Make(keys, builder.options()));
      std::vector<SortOrder> orders = {{vec::TypeId::kInt64, false, false}};
      for (const SortKey& key : plan.order) orders.push_back({key.expression->type, key.descending, key.nulls_first});
      call->sorter_.emplace(orders, types, builder.capacity(), builder.budget());
      call->sorted_ = builder.NewChunk(types);
    }
    return call;
  }

  Call(const AggregateCall& plan, size_t state_offset, Builder& builder)
      : plan_(plan),
        state_offset_(state_offset),
        spill_reserve_(*builder.budget()),
        records_(vec::TypeId::kInt64, builder.capacity(), builder.budget()),
        selection_(builder.capacity(), builder.budget()),
        states_(builder.capacity()),
        found_(builder.capacity()) {}

  // Before the first pass.
  Status Prepare(Runtime& runtime) {
    spilled_bytes_ = 0;
    if (!distinct_.has_value() || !SpillFile::CanCreate(runtime) || spill_reserve_.bytes() != 0) return absl::OkStatus();
    return spill_reserve_.Grow(SpillPartitions::ReserveBytes(*runtime.budget), kDistinctPurpose);
  }

  // A pass.
  Status Start(Runtime& runtime) {
    if (distinct_.has_value()) distinct_->Reset();
    aside_.reset();
    level_ = 0;
    if (sorter_.has_value()) TURDB_RETURN_IF_ERROR(sorter_->Start(runtime));
    TURDB_RETURN_IF_ERROR(order_.Start(runtime));
    TURDB_RETURN_IF_ERROR(filter_.Start(runtime));
    return arguments_.Start(runtime);
  }

  void InitState(std::byte* states) const { plan_.function->function->init(states + state_offset_); }
  Status Combine(std::byte* into, std::byte* from, base::Arena* arena) const {
    return base::WithPosition(
        plan_.function->function->combine(*plan_.function, into + state_offset_, from + state_offset_, arena), plan_.position);
  }

  Status Feed(Runtime& runtime, const Chunk& input, Rows rows, const Groups& groups, base::Arena* arena) {
    // FILTER, DISTINCT and ORDER BY change the positions of rows, so they need each row's group by its number.
    const bool by_row = distinct_.has_value() || sorter_.has_value() || (plan_.filter != nullptr && groups.only == nullptr);
    if (by_row) NoteGroups(rows, groups);
    if (plan_.filter != nullptr) {
      TURDB_ASSIGN_OR_RETURN(rows, filter_.Apply(runtime, input, rows));
      if (rows.count == 0) return absl::OkStatus();
    }
    TURDB_RETURN_IF_ERROR(arguments_.Evaluate(runtime, input, rows));
    columns_.assign(1, &records_);
    columns_.insert(columns_.end(), arguments_.values().begin(), arguments_.values().end());
    if (sorter_.has_value()) {
      TURDB_RETURN_IF_ERROR(order_.Evaluate(runtime, input, rows));
      keys_.assign(1, &records_);
      keys_.insert(keys_.end(), order_.values().begin(), order_.values().end());
    }
    if (distinct_.has_value()) {
      TURDB_ASSIGN_OR_RETURN(rows, KeepNew(runtime, rows));
      if (rows.count == 0) return absl::OkStatus();
    }
    if (sorter_.has_value()) return sorter_->Add(runtime, keys_, columns_, rows);
    if (groups.only != nullptr) return UpdateOne(rows, groups.only + state_offset_, arena);
    if (by_row) return UpdateNoted(rows, arena);
    for (uint32_t i = 0; i < rows.count; ++i) states_[i] = groups.records[i] + state_offset_;
    return UpdateMany(rows, arena);
  }

  // After the last Feed.
  Status FinishInput(Runtime& runtime, base::Arena* arena) {
    if (distinct_.has_value()) TURDB_RETURN_IF_ERROR(FeedPutAside(runtime, arena));
    if (!sorter_.has_value()) return absl::OkStatus();
    TURDB_RETURN_IF_ERROR(sorter_->Finish(runtime));
    while (true) {
      TURDB_ASSIGN_OR_RETURN(const bool more, sorter_->Next(runtime, &sorted_));
      if (!more) return absl::OkStatus();
      records_.Reference(sorted_.column(0));
      columns_.clear();
      for (size_t c = 0; c < sorted_.column_count(); ++c) columns_.push_back(&sorted_.column(c));
      TURDB_RETURN_IF_ERROR(UpdateNoted(Rows::All(sorted_.size()), arena));
    }
  }

  // groups[i]: the states of one group. Values to rows 0.. of `out`, flat and reset.
  Status Finalize(std::byte* const* groups, uint32_t count, Vector* out) {
    for (uint32_t i = 0; i < count; ++i) states_[i] = groups[i] + state_offset_;
    return base::WithPosition(plan_.function->function->finalize(*plan_.function, states_.data(), count, out, 0),
                              plan_.position);
  }

  int64_t spilled_bytes() const { return spilled_bytes_ + (sorter_.has_value() ? sorter_->spilled_bytes() : 0); }
  int64_t memory_bytes() const {
    return (distinct_.has_value() ? distinct_->memory_bytes() : 0) + (sorter_.has_value() ? sorter_->memory_bytes() : 0);
  }

 private:
  void NoteGroups(Rows rows, const Groups& groups) {
    records_.Reset();
    int64_t* const by_row = records_.data<int64_t>();
    for (uint32_t i = 0; i < rows.count; ++i) {
      const std::byte* record = groups.only != nullptr ? groups.only : groups.records[i];
      by_row[rows[i]] = static_cast<int64_t>(reinterpret_cast<intptr_t>(record));
    }
  }

  // The first row of each (group, arguments) that was not seen before. columns_: those; keys_: those of the order.
  StatusOr<Rows> KeepNew(Runtime& runtime, Rows rows) {
    created_.clear();
    distinct_->FindOrInsert(columns_, rows, found_.data(), &created_);
    if (distinct_->full()) TURDB_RETURN_IF_ERROR(PutAsideUnknown(runtime, rows));
    std::sort(created_.begin(), created_.end());
    for (size_t k = 0; k < created_.size(); ++k) selection_.data()[k] = rows[created_[k]];
    return Rows{selection_.data(), static_cast<uint32_t>(created_.size())};
  }

  Status PutAsideUnknown(Runtime& runtime, Rows rows) {
    missing_.clear();
    for (uint32_t i = 0; i < rows.count; ++i) {
      if (found_[i] == nullptr) missing_.push_back(i);
    }
    if (missing_.empty()) return absl::OkStatus();
    if (!SpillFile::CanCreate(runtime) || level_ == SpillPartitions::kMaxLevel || distinct_->size() == 0) {
      return OverBudget(kDistinctPurpose, distinct_->memory_bytes());
    }
    if (aside_ == nullptr) aside_ = std::make_unique<SpillPartitions>(aside_layout_, level_, kDistinctPurpose);
    aside_columns_ = columns_;
    if (sorter_.has_value()) aside_columns_.insert(aside_columns_.end(), keys_.begin() + 1, keys_.end());
    return aside_->Append(runtime, aside_columns_, rows, distinct_->hashes().data(), missing_);
  }

  // What the table had no room for, part by part in its place.
  Status FeedPutAside(Runtime& runtime, base::Arena* arena) {
    SpilledParts parts;
    TURDB_RETURN_IF_ERROR(parts.Take(&aside_, level_, &spilled_bytes_));
    while (!parts.empty()) {
      const SpilledParts::Part part = parts.Pop();
      level_ = part.level;
      distinct_->Reset();
      SpillScan scan(*part.file, aside_layout_, runtime.budget);
      while (true) {
        TURDB_RETURN_IF_ERROR(runtime.CheckCancelled());
        TURDB_ASSIGN_OR_RETURN(const bool more, scan.Next(&aside_rows_));
        if (!more) break;
        columns_.clear();
        keys_.clear();
        for (size_t c = 0; c < aside_rows_.column_count(); ++c) {
          (c < distinct_->layout().column_count() ? columns_ : keys_).push_back(&aside_rows_.column(c));
        }
        if (sorter_.has_value()) keys_.insert(keys_.begin(), columns_[0]);
        TURDB_ASSIGN_OR_RETURN(const Rows rows, KeepNew(runtime, Rows::All(aside_rows_.size())));
        if (rows.count == 0) continue;
        TURDB_RETURN_IF_ERROR(sorter_.has_value() ? sorter_->Add(runtime, keys_, columns_, rows) : UpdateNoted(rows, arena));
      }
      TURDB_RETURN_IF_ERROR(parts.Take(&aside_, level_, &spilled_bytes_));
    }
    return absl::OkStatus();
  }

  // columns_: the records and the arguments. Runs of one group, which sorting makes, are fed as one.
  Status UpdateNoted(Rows rows, base::Arena* arena) {
    const VectorView records = columns_[0]->View();
    for (uint32_t i = 0; i < rows.count; ++i) {
      states_[i] = reinterpret_cast<std::byte*>(static_cast<intptr_t>(records.Get<int64_t>(rows[i]))) + state_offset_;
    }
    return AllSame(states_.data(), rows.count) ? UpdateOne(rows, states_[0], arena) : UpdateMany(rows, arena);
  }
  Status UpdateOne(Rows rows, std::byte* state, base::Arena* arena) {
    return base::WithPosition(plan_.function->function->update_one(Input(rows, arena), state), plan_.position);
  }
  Status UpdateMany(Rows rows, base::Arena* arena) {
    return base::WithPosition(plan_.function->function->update(Input(rows, arena), states_.data()), plan_.position);
  }
  function::AggregateInput Input(Rows rows, base::Arena* arena) {
    views_.clear();
    for (size_t a = 1; a < columns_.size(); ++a) views_.push_back(columns_[a]->View());
    return {views_, rows, plan_.function, arena};
  }

  const AggregateCall& plan_;
  const size_t state_offset_;
  EvaluatorList arguments_;
  EvaluatorList order_;
  Filter filter_;
  std::optional<GroupTable> distinct_;
  // Rows that distinct_ has no room for: its columns, then the order's.
  RowLayout aside_layout_;
  Chunk aside_rows_;
  base::MemoryReservation spill_reserve_;
  std::unique_ptr<SpillPartitions> aside_;
  uint32_t level_ = 0;
  int64_t spilled_bytes_ = 0;
  std::vector<uint32_t> missing_;
  std::vector<const Vector*> aside_columns_;
  std::optional<Sorter> sorter_;
  Chunk sorted_;
  Vector records_;  // of each row, the address of its group's states
  vec::SelectionVector selection_;
  std::vector<std::byte*> states_;
  std::vector<std::byte*> found_;
  std::vector<uint32_t> created_;
  std::vector<const Vector*> columns_;
  std::vector<const Vector*> keys_;
  std::vector<VectorView> views_;
};

// Groups and their states, and what feeds them: all of an aggregate, or what one lane sees of it.
class Grouping {
 public:
  Grouping(const AggregateNode& node, Builder& builder)
      : arena_(builder.budget()), records_(builder.capacity()), selection_(builder.capacity(), builder.budget()) {
    for (const Expression* group : node.groups) group_types_.push_back(group->type);
  }

  Status Build(const AggregateNode& node, Builder& builder) {
    TURDB_ASSIGN_OR_RETURN(groups_, EvaluatorList::Make(node.groups, builder.options()));
    size_t state_bytes = 0;
    for (const AggregateCall& plan : node.calls) {
      TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Call> call, Call::Make(plan, state_bytes, builder));
      calls_.push_back(std::move(call));
      state_bytes += AlignState(plan.function->function->state_bytes);
    }
    table_.emplace(group_types_, state_bytes, builder.capacity(), builder.budget());
    return absl::OkStatus();
  }

  // Before the first pass.
  Status Prepare(Runtime& runtime) {
    for (const std::unique_ptr<Call>& call : calls_) TURDB_RETURN_IF_ERROR(call->Prepare(runtime));
    return groups_.Start(runtime);
  }

  // A pass: from no groups.
  Status Start(Runtime& runtime) {
    table_->Reset();
    arena_.Reset(kKeepBytes);
    for (const std::unique_ptr<Call>& call : calls_) TURDB_RETURN_IF_ERROR(call->Start(runtime));
    return group_types_.empty() ? FindGroups({}, Rows::All(1)) : absl::OkStatus();  // (A1)
  }

  // Rows whose group there is no room for are left out: see missing().
  Status Feed(Runtime& runtime, Batch batch) {
    missing_.clear();
    Groups groups{only_group_, records_.data()};
    if (!group_types_.empty()) {
      TURDB_RETURN_IF_ERROR(groups_.Evaluate(runtime, *batch.chunk, batch.rows));
      TURDB_RETURN_IF_ERROR(FindGroups(groups_.values(), batch.rows));
      if (table_->full()) {
        batch.rows = LeaveOutWithoutGroup(batch.rows);
        if (batch.empty()) return absl::OkStatus();
      }
      groups.only = AllSame(records_.data(), batch.rows.count) ? records_[0] : nullptr;
    }
    for (const std::unique_ptr<Call>& call : calls_) {
      TURDB_RETURN_IF_ERROR(call->Feed(runtime, *batch.chunk, batch.rows, groups, &arena_));
    }
    return absl::OkStatus();
  }
  // Positions in the batch fed last; their hashes are hashes()[position].
  std::span<const uint32_t> missing() const { return missing_; }

  Status FinishPass(Runtime& runtime) {
    for (const std::unique_ptr<Call>& call : calls_) TURDB_RETURN_IF_ERROR(call->FinishInput(runtime, &arena_));
    return absl::OkStatus();
  }

  // The group of these values exists from now on.
  Status Make(Columns keys) {
    TURDB_RETURN_IF_ERROR(FindGroups(keys, Rows::All(1)));
    return table_->full() ? OverBudget("grouping", memory_bytes()) : absl::OkStatus();
  }

  // Adds the groups of another Grouping of the same node whose hash belongs to part `part` of `parts`. False: there is no room.
  StatusOr<bool> Take(const Runtime& runtime, Grouping& from, size_t part, size_t parts, Chunk* keys) {
    RowStore::Position position;
    std::vector<std::byte*> records(keys->capacity());
    std::vector<const Vector*> columns;
    while (uint32_t count = from.table_->rows().Scan(&position, keys->capacity(), records.data())) {
      TURDB_RETURN_IF_ERROR(runtime.CheckStopped());
      if (parts > 1) {
        count = static_cast<uint32_t>(
            std::remove_if(records.begin(), records.begin() + count,
                           [&](const std::byte* record) {
                             return (GroupTable::HashOf(from.table_->layout(), record) >> 32) % parts != part;
                           }) -
            records.begin());
        if (count == 0) continue;
      }
      keys->Reset();
      columns.clear();
      for (size_t c = 0; c < group_types_.size(); ++c) {
        RowStore::Gather(from.table_->layout(), c, records.data(), count, &keys->column(c));
        columns.push_back(&keys->column(c));
      }
      TURDB_RETURN_IF_ERROR(FindGroups(columns, Rows::All(count)));
      if (table_->full()) return false;
      for (uint32_t i = 0; i < count; ++i) {
        for (const std::unique_ptr<Call>& call : calls_) {
          TURDB_RETURN_IF_ERROR(call->Combine(records_[i], from.table_->extra(records[i]), &arena_));
        }
      }
    }
    return true;
  }

  // The next groups and their values; 0 at the end.
  StatusOr<uint32_t> Scan(RowStore::Position* position, Chunk* out) {
    const uint32_t count = table_->rows().Scan(position, out->capacity(), records_.data());
    if (count == 0) return 0u;
    for (size_t c = 0; c < group_types_.size(); ++c) {
      RowStore::Gather(table_->layout(), c, records_.data(), count, &out->column(c));
    }
    for (uint32_t i = 0; i < count; ++i) records_[i] = table_->extra(records_[i]);
    for (size_t c = 0; c < calls_.size(); ++c) {
      TURDB_RETURN_IF_ERROR(calls_[c]->Finalize(records_.data(), count, &out->column(group_types_.size() + c)));
    }
    out->set_size(count);
    return count;
  }

  uint64_t size() const { return table_->size(); }
  bool full() const { return table_->full(); }
  std::span<const uint64_t> hashes() const { return table_->hashes(); }
  const std::vector<vec::Type>& group_types() const { return group_types_; }
  int64_t spilled_bytes() const {
    int64_t bytes = 0;
    for (const std::unique_ptr<Call>& call : calls_) bytes += call->spilled_bytes();
    return bytes;
  }
  int64_t memory_bytes() const {
    int64_t bytes = table_->memory_bytes() + static_cast<int64_t>(arena_.allocated_bytes());
    for (const std::unique_ptr<Call>& call : calls_) bytes += call->memory_bytes();
    return bytes;
  }

 private:
  // Rows without a record leave the batch; records_ closes up.
  Rows LeaveOutWithoutGroup(Rows rows) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < rows.count; ++i) {
      if (records_[i] == nullptr) {
        missing_.push_back(i);
        continue;
      }
      records_[kept] = records_[i];
      selection_.data()[kept++] = rows[i];
    }
    return Rows{selection_.data(), kept};
  }

  // records_[i] = the states of the group of row rows[i], or null when it is not in a full table.
  Status FindGroups(Columns keys, Rows rows) {
    created_.clear();
    table_->FindOrInsert(keys, rows, records_.data(), &created_);
    if (group_types_.empty() && table_->full()) return OverBudget("an aggregate", table_->memory_bytes());
    for (uint32_t i = 0; i < rows.count; ++i) {
      if (records_[i] != nullptr) records_[i] = table_->extra(records_[i]);
    }
    for (const uint32_t i : created_) {
      for (const std::unique_ptr<Call>& call : calls_) call->InitState(records_[i]);
    }
    only_group_ = records_[0];
    return absl::OkStatus();
  }

  std::vector<vec::Type> group_types_;
  EvaluatorList groups_;
  std::vector<std::unique_ptr<Call>> calls_;
  std::optional<GroupTable> table_;
  base::Arena arena_;  // of states
  std::vector<std::byte*> records_;
  vec::SelectionVector selection_;
  std::vector<uint32_t> missing_;
  std::vector<uint32_t> created_;
  std::byte* only_group_ = nullptr;
};

class AggregateSource : public Source {
 public:
  AggregateSource(const AggregateNode& node, Builder& builder)
      : node_(node),
        chunk_(builder.NewChunk(node.types)),
        input_layout_(node.input->types),
        refed_(builder.NewChunk(node.input->types)),
        spill_reserve_(*builder.budget()) {}

  Status Build(Builder& builder) {
    TURDB_ASSIGN_OR_RETURN(input_, builder.BuildLanes(*node_.input, IsOrderless()));
    // One a lane; the first is all there is when there is one lane. Of several, each puts one part together in the end.
    for (size_t i = 0; i < input_->count() * (input_->count() > 1 ? 2 : 1); ++i) {
      groupings_.push_back(std::make_unique<Grouping>(node_, builder));
      TURDB_RETURN_IF_ERROR(groupings_.back()->Build(node_, builder));
      keys_.push_back(builder.NewChunk(groupings_[0]->group_types()));
    }
    return absl::OkStatus();
  }

  Status Start(Runtime& runtime) override {
    drained_ = false;
    one_thread_ = input_->count() == 1;
    put_aside_.clear();
    spilled_.reset();
    spilled_bytes_ = 0;
    level_ = 0;
    results_.clear();
    if (SpillFile::CanCreate(runtime) && spill_reserve_.bytes() == 0) {
      TURDB_RETURN_IF_ERROR(spill_reserve_.Grow(SpillPartitions::ReserveBytes(*runtime.budget), "grouping"));
    }
    for (const std::unique_ptr<Grouping>& grouping : groupings_) {
      TURDB_RETURN_IF_ERROR(grouping->Prepare(runtime));
      TURDB_RETURN_IF_ERROR(grouping->Start(runtime));
    }
    return input_->Start(runtime);
  }

  StatusOr<Flow> Next(Runtime& runtime, Batch* out) override {
    if (!drained_) {
      TURDB_ASSIGN_OR_RETURN(const Flow flow, Drain(runtime));
      if (flow == Flow::kBlocked) return flow;
      drained_ = true;
    }
    chunk_.Reset();
    while (result_ < results_.size()) {
      TURDB_ASSIGN_OR_RETURN(const uint32_t count, results_[result_]->Scan(&position_, &chunk_));
      if (count != 0) {
        *out = Batch::All(chunk_);
        return Flow::kHaveMore;
      }
      ++result_;
      position_ = RowStore::Position();
    }
    return NextPartition(runtime);
  }

  int64_t spilled_bytes() const override {
    int64_t bytes = spilled_bytes_;
    for (const std::unique_ptr<Grouping>& grouping : groupings_) bytes += grouping->spilled_bytes();
    return bytes;
  }
  int64_t memory_bytes() const override {
    int64_t bytes = 0;
    for (const std::unique_ptr<Grouping>& grouping : groupings_) bytes += grouping->memory_bytes();
    return bytes;
  }

 private:
  // More groups than this are put together by all threads.
  static constexpr uint64_t kGroupsWorthThreads = 20'000;

  // Whether rows may come in any order, and groups may be put together from parts.
  bool IsOrderless() const {
    if (node_.input_grouped) return false;
    return std::all_of(node_.calls.begin(), node_.calls.end(), [](const AggregateCall& call) {
      const function::AggregateFunction& function = *call.function->function;
      return (!call.distinct || function.ignores_duplicates) && call.order.empty() && !function.order_sensitive &&
             !function.ordered_set && function.combine != nullptr;
    });
  }
  Grouping& main() { return *groupings_[0]; }

  StatusOr<Flow> Drain(Runtime& runtime) {
    if (!one_thread_) {
      TURDB_ASSIGN_OR_RETURN(const Flow flow, DrainLanes(runtime));
      if (flow != Flow::kHaveMore) return flow;
      // There was no room.
      for (const std::unique_ptr<Grouping>& grouping : groupings_) TURDB_RETURN_IF_ERROR(grouping->Start(runtime));
      TURDB_RETURN_IF_ERROR(input_->Start(runtime));
      input_->KeepToOneLane();
      one_thread_ = true;
    }
    if (main().size() == 0) TURDB_RETURN_IF_ERROR(MakeAlways());
    TURDB_ASSIGN_OR_RETURN(const Flow flow,
                           input_->Drain(runtime, [this](size_t, Runtime& own, const Batch& batch) -> StatusOr<bool> {
                             TURDB_RETURN_IF_ERROR(FeedOrSpill(own, batch));
                             return true;
                           }));
    if (flow == Flow::kBlocked) return flow;
    TURDB_RETURN_IF_ERROR(FinishPass(runtime));
    return Flow::kDone;
  }

  // kHaveMore: it did not fit.
  StatusOr<Flow> DrainLanes(Runtime& runtime) {
    TURDB_ASSIGN_OR_RETURN(const Flow flow,
                           input_->Drain(runtime, [this](size_t lane, Runtime& own, const Batch& batch) -> StatusOr<bool> {
                             TURDB_RETURN_IF_ERROR(groupings_[lane]->Feed(own, batch));
                             return !groupings_[lane]->full();
                           }));
    if (flow != Flow::kDone) return flow;
    const size_t lanes = input_->count();
    uint64_t groups = 0;
    for (size_t i = 0; i < lanes; ++i) groups += groupings_[i]->size();
    if (groups < kGroupsWorthThreads || !node_.always.empty()) {
      for (size_t i = 1; i < lanes; ++i) {
        TURDB_ASSIGN_OR_RETURN(const bool fits, main().Take(runtime, *groupings_[i], 0, 1, &keys_[0]));
        if (!fits) return Flow::kHaveMore;
      }
      TURDB_RETURN_IF_ERROR(MakeAlways());
      if (main().full()) return Flow::kHaveMore;
      ShowGroups(0, 1);
      return Flow::kDone;
    }
    std::atomic<size_t> next{0};
    std::atomic<bool> fits{true};
    TURDB_RETURN_IF_ERROR(OnThreads(runtime, lanes, [&](size_t) -> Status {
      for (size_t part = next++; part < lanes && fits.load(); part = next++) {
        for (size_t i = 0; i < lanes && fits.load(); ++i) {
          TURDB_ASSIGN_OR_RETURN(const bool fit,
                                 groupings_[lanes + part]->Take(runtime, *groupings_[i], part, lanes, &keys_[part]));
          if (!fit) fits.store(false);
        }
      }
      return absl::OkStatus();
    }));
    if (!fits.load()) return Flow::kHaveMore;
    for (size_t i = 0; i < lanes; ++i) TURDB_RETURN_IF_ERROR(groupings_[i]->Start(runtime));  // their memory goes
    ShowGroups(lanes, lanes);
    return Flow::kDone;
  }

  void ShowGroups(size_t first, size_t count) {
    results_.clear();
    for (size_t i = 0; i < count; ++i) results_.push_back(groupings_[first + i].get());
    result_ = 0;
    position_ = RowStore::Position();
  }

  Status FinishPass(Runtime& runtime) {
    TURDB_RETURN_IF_ERROR(main().FinishPass(runtime));
    ShowGroups(0, 1);
    return put_aside_.Take(&spilled_, level_, &spilled_bytes_);
  }

  // The groups of the next partition take the place of those that have been given out.
  StatusOr<Flow> NextPartition(Runtime& runtime) {
    if (put_aside_.empty()) return Flow::kDone;
    const SpilledParts::Part partition = put_aside_.Pop();
    level_ = partition.level;
    TURDB_RETURN_IF_ERROR(main().Start(runtime));
    SpillScan scan(*partition.file, input_layout_, runtime.budget);
    while (true) {
      TURDB_RETURN_IF_ERROR(runtime.CheckCancelled());
      TURDB_ASSIGN_OR_RETURN(const bool more, scan.Next(&refed_));
      if (!more) break;
      TURDB_RETURN_IF_ERROR(FeedOrSpill(runtime, Batch::All(refed_)));
    }
    TURDB_RETURN_IF_ERROR(FinishPass(runtime));
    return Flow::kHaveMore;
  }

  Status FeedOrSpill(Runtime& runtime, const Batch& batch) {
    TURDB_RETURN_IF_ERROR(main().Feed(runtime, batch));
    if (main().missing().empty()) return absl::OkStatus();
    if (!SpillFile::CanCreate(runtime) || level_ == SpillPartitions::kMaxLevel || main().size() == 0) {
      return OverBudget("grouping", main().memory_bytes());
    }
    if (spilled_ == nullptr) spilled_ = std::make_unique<SpillPartitions>(input_layout_, level_, "grouping");
    columns_.clear();
    for (const Vector& column : batch.chunk->columns()) columns_.push_back(&column);
    return spilled_->Append(runtime, columns_, batch.rows, main().hashes().data(), main().missing());
  }

  // (A2)
  Status MakeAlways() {
    for (const int32_t number : node_.always) {
      columns_.clear();
      Chunk& key = keys_[0];
      key.Reset();
      for (size_t c = 0; c < key.column_count(); ++c) {
        Vector& column = key.column(c);
        if (c + 1 < key.column_count()) {
          column.SetConstantNull();
        } else {
          column.SetConstant(vec::Value::Int32(number));
        }
        columns_.push_back(&column);
      }
      TURDB_RETURN_IF_ERROR(main().Make(columns_));
    }
    return absl::OkStatus();
  }

  const AggregateNode& node_;
  std::unique_ptr<Lanes> input_;
  std::vector<std::unique_ptr<Grouping>> groupings_;
  std::vector<Chunk> keys_;  // of each: groups that are looked up
  bool one_thread_ = true;
  bool drained_ = false;
  // The groups that are given out.
  std::vector<Grouping*> results_;
  size_t result_ = 0;
  RowStore::Position position_;
  Chunk chunk_;
  // Rows whose group found no room.
  const RowLayout input_layout_;
  Chunk refed_;
  base::MemoryReservation spill_reserve_;
  std::unique_ptr<SpillPartitions> spilled_;  // what this pass puts aside
  SpilledParts put_aside_;                    // what is still to be aggregated
  int64_t spilled_bytes_ = 0;
  uint32_t level_ = 0;
  std::vector<const Vector*> columns_;
};

}  // namespace

SourceOr MakeAggregate(const AggregateNode& node, Builder& builder) {
  auto source = std::make_unique<AggregateSource>(node, builder);
  TURDB_RETURN_IF_ERROR(source->Build(builder));
  return source;
}

}  // namespace turdb::exec
