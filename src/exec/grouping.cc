#include "exec/grouping.h"

#include <algorithm>

#include "base/check.h"

namespace turdb::exec {

using base::Status;
using base::StatusOr;
using vec::Chunk;
using vec::Rows;
using vec::Vector;

namespace {

size_t AlignState(size_t bytes) { return (bytes + 15) & ~size_t{15}; }

}  // namespace

Grouping::Grouping(const AggregateNode& node, Builder& builder)
    : arena_(builder.budget()),
      records_(builder.capacity()),
      selection_(builder.capacity(), builder.budget()),
      budget_(builder.budget()),
      capacity_(builder.capacity()),
      parts_(builder.budget()) {
  for (const Expression* group : node.groups) group_types_.push_back(group->type);
}

Status Grouping::Build(const AggregateNode& node, Builder& builder) {
  TURDB_ASSIGN_OR_RETURN(groups_, EvaluatorList::Make(node.groups, builder.options()));
  size_t state_bytes = 0;
  for (const AggregateCall& plan : node.calls) {
    TURDB_ASSIGN_OR_RETURN(std::unique_ptr<AggregateEvaluator> call, AggregateEvaluator::Make(plan, state_bytes, builder));
    calls_.push_back(std::move(call));
    state_bytes += AlignState(plan.function->function->state_bytes);
  }
  table_.emplace(group_types_, state_bytes, builder.capacity(), builder.budget());
  return absl::OkStatus();
}

Status Grouping::Prepare(Runtime& runtime) {
  for (const std::unique_ptr<AggregateEvaluator>& call : calls_) TURDB_RETURN_IF_ERROR(call->Prepare(runtime));
  return groups_.Start(runtime);
}

Status Grouping::Start(Runtime& runtime, bool may_seal) {
  table_->Reset();
  arena_.Reset(kKeepBytes);
  EndMerge();
  merged_ = false;
  may_seal_ = may_seal;
  rows_fed_ = rows_at_half_ = 0;
  for (const std::unique_ptr<AggregateEvaluator>& call : calls_) TURDB_RETURN_IF_ERROR(call->Start(runtime));
  return group_types_.empty() ? FindGroups({}, Rows::All(1)) : absl::OkStatus();  // (A1)
}

Status Grouping::Feed(Runtime& runtime, Batch batch) {
  missing_.clear();
  Groups groups{only_group_, records_.data()};
  if (!group_types_.empty()) {
    TURDB_RETURN_IF_ERROR(groups_.Evaluate(runtime, *batch.chunk, batch.rows));
    TURDB_RETURN_IF_ERROR(FindGroups(groups_.values(), batch.rows));
    if (may_seal_) MaySeal(batch.rows.count);
    if (table_->full()) {
      batch.rows = LeaveOutWithoutGroup(batch.rows);
      if (batch.empty()) return absl::OkStatus();
    }
    groups.only = AllSame(records_.data(), batch.rows.count) ? records_[0] : nullptr;
  }
  for (const std::unique_ptr<AggregateEvaluator>& call : calls_) {
    TURDB_RETURN_IF_ERROR(call->Feed(runtime, *batch.chunk, batch.rows, groups, &arena_));
  }
  return absl::OkStatus();
}

Rows Grouping::LeaveOutWithoutGroup(Rows rows) {
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

Status Grouping::FindGroups(Columns keys, Rows rows) {
  created_.clear();
  table_->FindOrInsert(keys, rows, records_.data(), &created_);
  if (group_types_.empty() && table_->full()) return OverBudget("an aggregate", table_->memory_bytes());
  for (uint32_t i = 0; i < rows.count; ++i) {
    if (records_[i] != nullptr) records_[i] = table_->extra(records_[i]);
  }
  for (const uint32_t i : created_) {
    for (const std::unique_ptr<AggregateEvaluator>& call : calls_) call->InitState(records_[i]);
  }
  only_group_ = records_[0];
  return absl::OkStatus();
}

// Groups stay with their neighbours when each has several rows and new ones turn up as often as before. Rows in no order
// that fall into so few groups that each has several meet new groups less and less. Sealed records that take much of the
// memory end it, too: a group could have any number of them.
void Grouping::MaySeal(uint32_t rows) {
  rows_fed_ += rows;
  const uint64_t groups = table_->unsealed();
  if (groups < kSealGroups / 2) {
    rows_at_half_ = rows_fed_;
    return;
  }
  if (groups < kSealGroups) return;
  const uint64_t later_rows = rows_fed_ - rows_at_half_;
  if (rows_fed_ >= 2 * groups && later_rows <= rows_at_half_ + rows_at_half_ / 3 &&
      table_->memory_bytes() <= budget_->limit_bytes() / 16) {
    table_->Seal();
    rows_fed_ = 0;
  } else {
    may_seal_ = false;
  }
}

Status Grouping::FinishPass(Runtime& runtime) {
  for (const std::unique_ptr<AggregateEvaluator>& call : calls_) TURDB_RETURN_IF_ERROR(call->FinishInput(runtime, &arena_));
  return absl::OkStatus();
}

Status Grouping::Make(Columns keys) {
  TURDB_RETURN_IF_ERROR(FindGroups(keys, Rows::All(1)));
  return table_->full() ? OverBudget("grouping", memory_bytes()) : absl::OkStatus();
}

StatusOr<bool> Grouping::Take(const Runtime& runtime, Grouping& from, Chunk* keys) {
  TURDB_DCHECK(!sealed());
  RowStore::Position position;
  std::vector<std::byte*> records(keys->capacity());
  std::vector<const Vector*> columns;
  while (const uint32_t count = from.table_->rows().Scan(&position, keys->capacity(), records.data())) {
    TURDB_RETURN_IF_ERROR(runtime.CheckStopped());
    keys->Reset();
    columns.clear();
    for (size_t c = 0; c < group_types_.size(); ++c) {
      RowStore::Gather(from.table_->layout(), c, records.data(), count, &keys->column(c));
      columns.push_back(&keys->column(c));
    }
    TURDB_RETURN_IF_ERROR(FindGroups(columns, Rows::All(count)));
    if (table_->full()) return false;
    for (uint32_t i = 0; i < count; ++i) TURDB_RETURN_IF_ERROR(Merge(records_[i], from.table_->extra(records[i])));
  }
  return true;
}

Status Grouping::Merge(std::byte* into, std::byte* from) {
  for (const std::unique_ptr<AggregateEvaluator>& call : calls_) TURDB_RETURN_IF_ERROR(call->Combine(into, from, &arena_));
  return absl::OkStatus();
}

StatusOr<bool> Grouping::MergeParts(Runtime& runtime, std::span<const std::unique_ptr<Grouping>> all,
                                    std::atomic<size_t>* next) {
  if (!union_.has_value()) union_.emplace(table_->layout(), capacity_, budget_);
  std::vector<uint64_t> hashes(capacity_);
  std::vector<std::byte*> records(capacity_);
  for (size_t part = (*next)++; part < GroupTable::kParts; part = (*next)++) {
    TURDB_RETURN_IF_ERROR(runtime.CheckStopped());
    size_t total = 0;
    for (const std::unique_ptr<Grouping>& one : all) total += one->parts_.count(part);
    if (!union_->Start(total)) return false;
    for (const std::unique_ptr<Grouping>& one : all) {
      const size_t part_count = one->parts_.count(part);
      for (size_t first = 0; first < part_count; first += capacity_) {
        const uint32_t count = static_cast<uint32_t>(std::min<size_t>(capacity_, part_count - first));
        for (uint32_t i = 0; i < count; ++i) {
          hashes[i] = one->parts_.hash(part, first + i);
          records[i] = one->parts_.record(part, first + i);
        }
        union_->Add(hashes.data(), records.data(), count, records_.data());
        for (uint32_t i = 0; i < count; ++i) {
          if (records_[i] == records[i]) continue;
          TURDB_RETURN_IF_ERROR(Merge(table_->extra(records_[i]), table_->extra(records[i])));
          table_->LeaveOut(records[i]);
        }
      }
    }
  }
  return true;
}

void Grouping::EndMerge() {
  merged_ = true;
  parts_.Reset();
  union_.reset();
}

StatusOr<uint32_t> Grouping::Scan(RowStore::Position* position, Chunk* out) {
  uint32_t count = 0;
  while (count == 0) {
    count = table_->rows().Scan(position, out->capacity(), records_.data());
    if (count == 0) return 0u;
    if (!merged_) break;
    const auto end = std::remove_if(records_.begin(), records_.begin() + count,
                                    [this](const std::byte* record) { return table_->IsLeftOut(record); });
    count = static_cast<uint32_t>(end - records_.begin());
  }
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

int64_t Grouping::spilled_bytes() const {
  int64_t bytes = 0;
  for (const std::unique_ptr<AggregateEvaluator>& call : calls_) bytes += call->spilled_bytes();
  return bytes;
}

int64_t Grouping::memory_bytes() const {
  int64_t bytes = table_->memory_bytes() + static_cast<int64_t>(arena_.allocated_bytes());
  for (const std::unique_ptr<AggregateEvaluator>& call : calls_) bytes += call->memory_bytes();
  return bytes;
}

}  // namespace turdb::exec
