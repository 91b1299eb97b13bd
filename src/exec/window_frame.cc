#include "exec/window_frame.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace turdb::exec {

using base::Status;
using base::StatusOr;

uint64_t Frame::size() const {
  uint64_t rows = 0;
  for (uint32_t i = 0; i < count; ++i) rows += runs[i].end - runs[i].begin;
  return rows;
}

uint64_t Frame::At(uint64_t n) const {
  uint32_t i = 0;
  for (; n >= runs[i].end - runs[i].begin; ++i) n -= runs[i].end - runs[i].begin;
  return runs[i].begin + n;
}

bool Frame::operator==(const Frame& other) const {
  return count == other.count && std::equal(runs.begin(), runs.begin() + count, other.runs.begin());
}

StatusOr<FrameCursor> FrameCursor::Make(const WindowFrame& frame, const WindowNode& node, const EvaluatorOptions& options) {
  FrameCursor cursor;
  cursor.frame_ = &frame;
  if (frame.range_key >= 0) {
    cursor.key_part_ = {node.input->types[static_cast<size_t>(frame.range_key)], node.order[0].descending,
                        node.order[0].nulls_first};
  }
  const auto make = [&](const FrameOffset& offset, Offset* out) -> Status {
    if (offset.count == nullptr) return absl::OkStatus();
    TURDB_ASSIGN_OR_RETURN(out->count, ScalarEvaluator::Make(*offset.count, options));
    TURDB_ASSIGN_OR_RETURN(out->negative, ScalarEvaluator::Make(*offset.negative, options));
    return absl::OkStatus();
  };
  TURDB_RETURN_IF_ERROR(make(frame.start_offset, &cursor.start_));
  TURDB_RETURN_IF_ERROR(make(frame.end_offset, &cursor.end_));
  return cursor;
}

Status FrameCursor::Start(Runtime& runtime) {
  offsets_read_ = false;
  for (Offset* offset : {&start_, &end_}) {
    if (offset->count.has_value()) TURDB_RETURN_IF_ERROR(offset->count->Start(runtime));
    if (offset->negative.has_value()) TURDB_RETURN_IF_ERROR(offset->negative->Start(runtime));
  }
  return absl::OkStatus();
}

Status FrameCursor::ReadOffset(Runtime& runtime, Offset* offset, std::string_view which) {
  if (!offset->count.has_value()) return absl::OkStatus();
  TURDB_ASSIGN_OR_RETURN(const vec::Vector* count, offset->count->Evaluate(runtime));
  if (count->IsNull(0)) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22004"},
                           absl::StrCat("frame ", which, " offset must not be null"));
  }
  TURDB_ASSIGN_OR_RETURN(const vec::Vector* negative, offset->negative->Evaluate(runtime));
  if (negative->View().Get<bool>(0)) {
    const std::string message = frame_->unit == FrameUnit::kRange
                                    ? "invalid preceding or following size in window function"
                                    : absl::StrCat("frame ", which, " offset must not be negative");
    return base::MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22013"}, message);
  }
  if (frame_->unit != FrameUnit::kRange) offset->rows = static_cast<uint64_t>(count->View().Get<int64_t>(0));
  return absl::OkStatus();
}

Status FrameCursor::StartPartition(Runtime& runtime, const WindowPartition& partition) {
  if (!offsets_read_) {
    TURDB_RETURN_IF_ERROR(ReadOffset(runtime, &start_, "starting"));
    TURDB_RETURN_IF_ERROR(ReadOffset(runtime, &end_, "ending"));
    offsets_read_ = true;
  }
  partition_ = partition;
  row_ = group_ = 0;
  new_group_ = true;
  for (Offset* offset : {&start_, &end_}) {
    offset->group = 0;
    offset->has_key = false;
  }
  return absl::OkStatus();
}

// The first group whose key is not before the present group's limit; `beyond`: whose key comes after it. NULL keys and
// their limits are NULL alike, so that they see each other.
uint64_t FrameCursor::GroupAtLimit(Offset* offset, int32_t limit_column, bool beyond) {
  const uint64_t groups = partition_.groups.size();
  if (!new_group_) return offset->group;
  limit_.clear();
  table::AppendSortKeyPart(key_part_, partition_.Cell(row_, static_cast<size_t>(limit_column)), &limit_);
  for (; offset->group < groups; ++offset->group, offset->has_key = false) {
    if (!offset->has_key) {
      offset->key.clear();
      const table::Cell key = partition_.Cell(partition_.groups[offset->group], static_cast<size_t>(frame_->range_key));
      table::AppendSortKeyPart(key_part_, key, &offset->key);
      offset->has_key = true;
    }
    const int order = offset->key.compare(limit_);
    if (beyond ? order > 0 : order >= 0) break;
  }
  return offset->group;
}

uint64_t FrameCursor::Begin() {
  const bool rows = frame_->unit == FrameUnit::kRows;
  const bool range = frame_->unit == FrameUnit::kRange;
  const auto first_of = [this](uint64_t group) {
    return group < partition_.groups.size() ? partition_.groups[group] : partition_.size;
  };
  switch (frame_->start) {
    case FrameBound::kUnboundedPreceding:
      return 0;
    case FrameBound::kPreceding:
      if (range) return first_of(GroupAtLimit(&start_, frame_->start_offset.limit, false));
      if (rows) return row_ - std::min(row_, start_.rows);
      return first_of(group_ - std::min(group_, start_.rows));
    case FrameBound::kCurrentRow:
      return rows ? row_ : first_of(group_);
    case FrameBound::kFollowing:
      if (range) return first_of(GroupAtLimit(&start_, frame_->start_offset.limit, false));
      if (rows) return row_ + std::min(partition_.size - row_, start_.rows);
      return first_of(group_ + std::min<uint64_t>(partition_.groups.size() - group_, start_.rows));
    case FrameBound::kUnboundedFollowing:
      break;
  }
  return partition_.size;
}

uint64_t FrameCursor::End() {
  const bool rows = frame_->unit == FrameUnit::kRows;
  const auto range_end = [this] {
    const uint64_t group = GroupAtLimit(&end_, frame_->end_offset.limit, true);
    return group < partition_.groups.size() ? partition_.groups[group] : partition_.size;
  };
  switch (frame_->end) {
    case FrameBound::kUnboundedPreceding:
      return 0;
    case FrameBound::kPreceding:
      if (frame_->unit == FrameUnit::kRange) return range_end();
      if (rows) return row_ < end_.rows ? 0 : row_ - end_.rows + 1;
      return group_ < end_.rows ? 0 : partition_.GroupEnd(group_ - end_.rows);
    case FrameBound::kCurrentRow:
      return rows ? row_ + 1 : partition_.GroupEnd(group_);
    case FrameBound::kFollowing:
      if (frame_->unit == FrameUnit::kRange) return range_end();
      if (rows) return row_ + 1 + std::min(partition_.size - row_ - 1, end_.rows);
      return partition_.GroupEnd(group_ + std::min<uint64_t>(partition_.groups.size() - group_ - 1, end_.rows));
    case FrameBound::kUnboundedFollowing:
      break;
  }
  return partition_.size;
}

void FrameCursor::Next(Frame* out) {
  if (row_ == partition_.GroupEnd(group_)) {
    ++group_;
    new_group_ = true;
  }
  const uint64_t begin = Begin();
  const uint64_t end = End();
  const uint64_t peers_begin = partition_.groups[group_], peers_end = partition_.GroupEnd(group_);
  out->count = 0;
  switch (frame_->exclusion) {
    case FrameExclusion::kNone:
      out->Add(begin, end);
      break;
    case FrameExclusion::kCurrentRow:
      out->Add(begin, std::min(end, row_));
      out->Add(std::max(begin, row_ + 1), end);
      break;
    case FrameExclusion::kGroup:
    case FrameExclusion::kTies:
      out->Add(begin, std::min(end, peers_begin));
      if (frame_->exclusion == FrameExclusion::kTies) out->Add(std::max(begin, row_), std::min(end, row_ + 1));
      out->Add(std::max(begin, peers_end), end);
      break;
  }
  new_group_ = false;
  ++row_;
}

}  // namespace turdb::exec
