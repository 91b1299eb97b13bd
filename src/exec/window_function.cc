// Window functions that are no aggregates: ranks, and values of other rows.
#include "exec/window_function.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace turdb::exec {
namespace {

using base::Status;
using function::WindowKind;
using vec::Vector;

Status NotPositive(std::string_view name, const base::SqlState& state, int32_t position) {
  return base::WithPosition(base::MakeError(absl::StatusCode::kInvalidArgument, state,
                                            std::string("argument of ").append(name).append(" must be greater than zero")),
                            position);
}

// An integer argument of a row. False: NULL.
bool ReadInteger(const WindowPartition& partition, uint64_t row, int32_t column, int64_t* out) {
  const table::Cell cell = partition.Cell(row, static_cast<size_t>(column));
  if (cell == nullptr) return false;
  int32_t value;
  std::memcpy(&value, cell, sizeof(value));
  *out = value;
  return true;
}

class Ranking : public WindowFunction {
 public:
  explicit Ranking(const WindowCall& call) : call_(call) {}
  Status Start(Runtime&) override { return absl::OkStatus(); }

  Status StartPartition(Runtime&, const WindowPartition& partition) override {
    partition_ = partition;
    group_ = 0;
    if (call_.kind != WindowKind::kNtile) return absl::OkStatus();
    int64_t buckets = 0;
    has_buckets_ = ReadInteger(partition, 0, call_.arguments[0], &buckets);
    if (has_buckets_ && buckets <= 0) return NotPositive("ntile", base::SqlState{"22014"}, call_.position);
    buckets_ = static_cast<uint64_t>(buckets);
    return absl::OkStatus();
  }

  Status Compute(uint64_t row, uint32_t count, Vector* out, uint32_t to) override {
    for (uint32_t i = 0; i < count; ++i, ++row, ++to) {
      if (row == partition_.GroupEnd(group_)) ++group_;
      ComputeOne(row, out, to);
    }
    return absl::OkStatus();
  }

 private:
  void ComputeOne(uint64_t row, Vector* out, uint32_t to) {
    const uint64_t rank = partition_.groups[group_];  // rows before the peers
    const auto rows = static_cast<double>(partition_.size);
    switch (call_.kind) {
      case WindowKind::kRowNumber:
        return out->Set<int64_t>(to, static_cast<int64_t>(row + 1));
      case WindowKind::kRank:
        return out->Set<int64_t>(to, static_cast<int64_t>(rank + 1));
      case WindowKind::kDenseRank:
        return out->Set<int64_t>(to, static_cast<int64_t>(group_ + 1));
      case WindowKind::kPercentRank:
        return out->Set<double>(to, partition_.size == 1 ? 0 : static_cast<double>(rank) / (rows - 1));
      case WindowKind::kCumeDist:
        return out->Set<double>(to, static_cast<double>(partition_.GroupEnd(group_)) / rows);
      default:
        break;
    }
    if (!has_buckets_) return out->SetNull(to);
    const uint64_t size = partition_.size / buckets_, larger = partition_.size % buckets_;
    const uint64_t in_larger = larger * (size + 1);
    const uint64_t bucket = row < in_larger ? row / (size + 1) : larger + (row - in_larger) / size;
    out->Set<int32_t>(to, static_cast<int32_t>(bucket + 1));
  }

  const WindowCall& call_;
  WindowPartition partition_;
  uint64_t group_ = 0;
  uint64_t buckets_ = 0;
  bool has_buckets_ = false;
};

// Values come from records: which, a row decides; nullptr is NULL.
class ValueOfRow : public WindowFunction {
 public:
  ValueOfRow(const WindowCall& call, Builder& builder) : call_(call), records_(builder.capacity()) {}

  Status StartPartition(Runtime&, const WindowPartition& partition) override {
    partition_ = partition;
    NotePresent();
    return absl::OkStatus();
  }

 protected:
  void Gather(uint32_t count, Vector* out, uint32_t to) {
    nulls_.clear();
    for (uint32_t i = 0; i < count; ++i) {
      if (records_[i] != nullptr) continue;
      nulls_.push_back(to + i);
      records_[i] = partition_.records[0];
    }
    RowStore::Gather(*partition_.layout, static_cast<size_t>(call_.arguments[0]), records_.data(), count, out, to);
    for (const uint32_t row : nulls_) out->SetNull(row);
  }

  // With IGNORE NULLS: the rows whose value is none, in order.
  void NotePresent() {
    present_.clear();
    if (!call_.ignore_nulls) return;
    for (uint64_t row = 0; row < partition_.size; ++row) {
      if (partition_.Cell(row, static_cast<size_t>(call_.arguments[0])) != nullptr) present_.push_back(row);
    }
  }
  // How many of them come before `row`.
  uint64_t PresentBefore(uint64_t row) const {
    return static_cast<uint64_t>(std::lower_bound(present_.begin(), present_.end(), row) - present_.begin());
  }

  const WindowCall& call_;
  WindowPartition partition_;
  std::vector<const std::byte*> records_;
  std::vector<uint64_t> present_;

 private:
  std::vector<uint32_t> nulls_;
};

class Neighbour : public ValueOfRow {
 public:
  using ValueOfRow::ValueOfRow;
  Status Start(Runtime&) override { return absl::OkStatus(); }

  Status Compute(uint64_t row, uint32_t count, Vector* out, uint32_t to) override {
    outside_.clear();
    for (uint32_t i = 0; i < count; ++i, ++row) {
      int64_t distance = 1;
      records_[i] = nullptr;
      if (call_.arguments.size() > 1 && !ReadInteger(partition_, row, call_.arguments[1], &distance)) continue;
      const int64_t other = call_.ignore_nulls
                                ? PresentAt(row, call_.kind == WindowKind::kLead ? distance : -distance)
                                : static_cast<int64_t>(row) + (call_.kind == WindowKind::kLead ? distance : -distance);
      if (other >= 0 && other < static_cast<int64_t>(partition_.size)) {
        records_[i] = partition_.records[other];
      } else {
        outside_.push_back({row, to + i});
      }
    }
    Gather(count, out, to);
    if (call_.arguments.size() < 3) return absl::OkStatus();
    for (const auto& [outside, at] : outside_) {
      const std::byte* record = partition_.records[outside];
      out->SetValid(at);
      RowStore::Gather(*partition_.layout, static_cast<size_t>(call_.arguments[2]), &record, 1, out, at);
    }
    return absl::OkStatus();
  }

 private:
  // The row so many present ones further on; -1: there is none.
  int64_t PresentAt(uint64_t row, int64_t distance) const {
    if (distance == 0) return static_cast<int64_t>(row);
    const int64_t before = static_cast<int64_t>(PresentBefore(row));
    const int64_t place = distance < 0 ? before + distance : static_cast<int64_t>(PresentBefore(row + 1)) + distance - 1;
    if (place < 0 || place >= static_cast<int64_t>(present_.size())) return -1;
    return static_cast<int64_t>(present_[static_cast<size_t>(place)]);
  }

  std::vector<std::pair<uint64_t, uint32_t>> outside_;
};

class FrameValue : public ValueOfRow {
 public:
  FrameValue(const WindowCall& call, FrameCursor cursor, Builder& builder)
      : ValueOfRow(call, builder), cursor_(std::move(cursor)) {}
  Status Start(Runtime& runtime) override { return cursor_.Start(runtime); }

  Status StartPartition(Runtime& runtime, const WindowPartition& partition) override {
    partition_ = partition;
    NotePresent();
    return base::WithPosition(cursor_.StartPartition(runtime, partition), call_.position);
  }

  Status Compute(uint64_t row, uint32_t count, Vector* out, uint32_t to) override {
    for (uint32_t i = 0; i < count; ++i, ++row) {
      Frame frame;
      cursor_.Next(&frame);
      const uint64_t size = call_.ignore_nulls ? PresentIn(frame) : frame.size();
      int64_t place = call_.kind == WindowKind::kLastValue ? static_cast<int64_t>(size) : 1;
      records_[i] = nullptr;
      if (call_.kind == WindowKind::kNthValue) {
        if (!ReadInteger(partition_, row, call_.arguments[1], &place)) continue;
        if (place <= 0) return NotPositive("nth_value", base::SqlState{"22016"}, call_.position);
      }
      if (size != 0 && static_cast<uint64_t>(place) <= size) {
        const auto n = static_cast<uint64_t>(place) - 1;
        records_[i] = partition_.records[call_.ignore_nulls ? PresentOf(frame, n) : frame.At(n)];
      }
    }
    Gather(count, out, to);
    return absl::OkStatus();
  }

 private:
  uint64_t PresentIn(const Frame& frame) const {
    uint64_t count = 0;
    for (uint32_t r = 0; r < frame.count; ++r) count += PresentBefore(frame.runs[r].end) - PresentBefore(frame.runs[r].begin);
    return count;
  }
  // The frame's present row n, counting from 0. REQUIRES: n < PresentIn.
  uint64_t PresentOf(const Frame& frame, uint64_t n) const {
    for (uint32_t r = 0;; ++r) {
      const uint64_t first = PresentBefore(frame.runs[r].begin), count = PresentBefore(frame.runs[r].end) - first;
      if (n < count) return present_[first + n];
      n -= count;
    }
  }

  FrameCursor cursor_;
};

}  // namespace

WindowFunctionOr MakeWindowFunction(const WindowCall& call, const WindowNode& node, Builder& builder) {
  switch (call.kind) {
    case WindowKind::kAggregate:
      return MakeWindowAggregate(call, node, builder);
    case WindowKind::kLag:
    case WindowKind::kLead:
      return std::make_unique<Neighbour>(call, builder);
    case WindowKind::kFirstValue:
    case WindowKind::kLastValue:
    case WindowKind::kNthValue: {
      TURDB_ASSIGN_OR_RETURN(FrameCursor cursor, FrameCursor::Make(call.frame, node, builder.options()));
      return std::make_unique<FrameValue>(call, std::move(cursor), builder);
    }
    default:
      return std::make_unique<Ranking>(call);
  }
}

}  // namespace turdb::exec
