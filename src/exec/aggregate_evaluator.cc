#include "exec/aggregate_evaluator.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace turdb::exec {

using base::Status;
using base::StatusOr;
using vec::Chunk;
using vec::Rows;
using vec::Vector;
using vec::VectorView;

namespace {

constexpr std::string_view kDistinctPurpose = "DISTINCT inside an aggregate";

}  // namespace

bool AllSame(std::byte* const* records, uint32_t count) {
  return records[0] == records[count - 1] &&
         std::all_of(records, records + count, [&](const std::byte* record) { return record == records[0]; });
}

Status OverBudget(std::string_view what, int64_t bytes) {
  return base::OutOfMemoryError(
      absl::StrCat(what, " needs more memory than memory_limit leaves (", bytes, " bytes in use by it)"));
}

StatusOr<std::unique_ptr<AggregateEvaluator>> AggregateEvaluator::Make(const AggregateCall& plan, size_t state_offset,
                                                                       Builder& builder) {
  auto call = std::make_unique<AggregateEvaluator>(plan, state_offset, builder);
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

Status AggregateEvaluator::Prepare(Runtime& runtime) {
  spilled_bytes_ = 0;
  if (!distinct_.has_value() || !SpillFile::CanCreate(runtime) || spill_reserve_.bytes() != 0) return absl::OkStatus();
  return spill_reserve_.Grow(SpillPartitions::ReserveBytes(*runtime.budget), kDistinctPurpose);
}

Status AggregateEvaluator::Start(Runtime& runtime) {
  if (distinct_.has_value()) distinct_->Reset();
  aside_.reset();
  level_ = 0;
  if (sorter_.has_value()) TURDB_RETURN_IF_ERROR(sorter_->Start(runtime));
  TURDB_RETURN_IF_ERROR(order_.Start(runtime));
  TURDB_RETURN_IF_ERROR(filter_.Start(runtime));
  return arguments_.Start(runtime);
}

Status AggregateEvaluator::Feed(Runtime& runtime, const Chunk& input, Rows rows, const Groups& groups, base::Arena* arena) {
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

Status AggregateEvaluator::FinishInput(Runtime& runtime, base::Arena* arena) {
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

Status AggregateEvaluator::Finalize(std::byte* const* groups, uint32_t count, Vector* out) {
  for (uint32_t i = 0; i < count; ++i) states_[i] = groups[i] + state_offset_;
  return base::WithPosition(plan_.function->function->finalize(*plan_.function, states_.data(), count, out, 0), plan_.position);
}

void AggregateEvaluator::NoteGroups(Rows rows, const Groups& groups) {
  records_.Reset();
  int64_t* const by_row = records_.data<int64_t>();
  for (uint32_t i = 0; i < rows.count; ++i) {
    const std::byte* record = groups.only != nullptr ? groups.only : groups.records[i];
    by_row[rows[i]] = static_cast<int64_t>(reinterpret_cast<intptr_t>(record));
  }
}

StatusOr<Rows> AggregateEvaluator::KeepNew(Runtime& runtime, Rows rows) {
  created_.clear();
  distinct_->FindOrInsert(columns_, rows, found_.data(), &created_);
  if (distinct_->full()) TURDB_RETURN_IF_ERROR(PutAsideUnknown(runtime, rows));
  std::sort(created_.begin(), created_.end());
  for (size_t k = 0; k < created_.size(); ++k) selection_.data()[k] = rows[created_[k]];
  return Rows{selection_.data(), static_cast<uint32_t>(created_.size())};
}

Status AggregateEvaluator::PutAsideUnknown(Runtime& runtime, Rows rows) {
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

Status AggregateEvaluator::FeedPutAside(Runtime& runtime, base::Arena* arena) {
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

Status AggregateEvaluator::UpdateNoted(Rows rows, base::Arena* arena) {
  const VectorView records = columns_[0]->View();
  for (uint32_t i = 0; i < rows.count; ++i) {
    states_[i] = reinterpret_cast<std::byte*>(static_cast<intptr_t>(records.Get<int64_t>(rows[i]))) + state_offset_;
  }
  return AllSame(states_.data(), rows.count) ? UpdateOne(rows, states_[0], arena) : UpdateMany(rows, arena);
}

function::AggregateInput AggregateEvaluator::Input(Rows rows, base::Arena* arena) {
  views_.clear();
  for (size_t a = 1; a < columns_.size(); ++a) views_.push_back(columns_[a]->View());
  return {views_, rows, plan_.function, arena};
}

}  // namespace turdb::exec
