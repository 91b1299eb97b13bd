// Partitions of a window and the frames of their rows.
#ifndef TURDB_EXEC_WINDOW_FRAME_H_
#define TURDB_EXEC_WINDOW_FRAME_H_

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/status.h"
#include "exec/evaluator.h"
#include "exec/plan.h"
#include "exec/row_store.h"
#include "exec/runtime.h"
#include "table/key_codec.h"

namespace turdb::exec {

// Rows of one partition in order, and where each group of peers begins. Numbers count from the partition's first row.
struct WindowPartition {
  const RowLayout* layout = nullptr;
  std::byte* const* records = nullptr;
  uint64_t size = 0;
  std::span<const uint64_t> groups;

  uint64_t GroupEnd(uint64_t group) const { return group + 1 < groups.size() ? groups[group + 1] : size; }
  // The slot of a column, or null.
  table::Cell Cell(uint64_t row, size_t column) const {
    return RowLayout::IsValid(records[row], column) ? records[row] + layout->offset(column) : nullptr;
  }
};

// What a row sees: up to three runs of rows, none of them empty, in order. Exclusions make more than one.
struct Frame {
  struct Run {
    uint64_t begin = 0;
    uint64_t end = 0;
    bool operator==(const Run&) const = default;
  };
  std::array<Run, 3> runs;
  uint32_t count = 0;

  void Add(uint64_t begin, uint64_t end) {
    if (begin < end) runs[count++] = {begin, end};
  }
  uint64_t size() const;
  // The number of the frame's row n, counting from 0. REQUIRES: n < size().
  uint64_t At(uint64_t n) const;
  bool operator==(const Frame& other) const;
};

// The frames of a partition's rows, first to last. Both ends only ever move forward, so the whole partition costs one
// walk (F1). Not thread-safe.
class FrameCursor {
 public:
  static base::StatusOr<FrameCursor> Make(const WindowFrame& frame, const WindowNode& node, const EvaluatorOptions& options);

  base::Status Start(Runtime& runtime);
  // Errors: 22004 a NULL offset, 22013 a negative one.
  base::Status StartPartition(Runtime& runtime, const WindowPartition& partition);
  void Next(Frame* out);
  // Every frame begins at the first row and is one run, so that it holds the frame before.
  bool only_grows() const {
    return frame_->start == FrameBound::kUnboundedPreceding && frame_->exclusion == FrameExclusion::kNone;
  }

 private:
  struct Offset {
    std::optional<ScalarEvaluator> count;
    std::optional<ScalarEvaluator> negative;
    uint64_t rows = 0;
    // Range: the first group at or beyond the limit, and its key.
    uint64_t group = 0;
    bool has_key = false;
    std::string key;
  };
  base::Status ReadOffset(Runtime& runtime, Offset* offset, std::string_view which);
  uint64_t GroupAtLimit(Offset* offset, int32_t limit_column, bool beyond);
  uint64_t Begin();
  uint64_t End();

  const WindowFrame* frame_ = nullptr;
  Offset start_;
  Offset end_;
  bool offsets_read_ = false;
  table::KeyPart key_part_;
  std::string limit_;
  WindowPartition partition_;
  uint64_t row_ = 0;
  uint64_t group_ = 0;
  bool new_group_ = true;
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_WINDOW_FRAME_H_
