// Aggregates over frames.
//
// A frame that only grows (the default one, say) feeds one state as its end moves on. Other frames are put together from
// a tree of states, sixteen rows or nodes to a node: a frame of n rows takes up to 30 nodes a level, and up to 30 rows
// at its ends. The tree is built when a partition's first frame is worth one. Rows are fed left to right, so aggregates
// that heed order see theirs.
#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "exec/vector_operations.h"
#include "exec/window_function.h"
#include "function/aggregate.h"

namespace turdb::exec {
namespace {

using base::Status;
using vec::Rows;
using vec::SelIndex;
using vec::Vector;
using vec::VectorView;

constexpr uint64_t kFanOut = 16;

Status OverBudget(int64_t bytes) {
  return base::OutOfMemoryError(
      absl::StrCat("a window function needs more memory than memory_limit leaves (", bytes, " bytes in use by it)"));
}

// The arguments of a partition's rows, a block at a time; a frame's two ends and its hole each have one.
class ArgumentBlocks {
 public:
  ArgumentBlocks(const WindowCall& call, const WindowNode& node, Builder& builder)
      : call_(call), rows_per_block_(builder.capacity()), all_(builder.capacity()) {
    std::iota(all_.begin(), all_.end(), SelIndex{0});
    for (Block& block : blocks_) {
      for (const int32_t column : call.arguments) {
        block.columns.emplace_back(node.input->types[static_cast<size_t>(column)], builder.capacity(), builder.budget());
      }
      block.views.resize(block.columns.size());
    }
  }

  void StartPartition(const WindowPartition& partition) {
    partition_ = partition;
    for (Block& block : blocks_) block.number = UINT64_MAX;
  }

  // Calls feed(views, rows) for the rows of [begin, end) that the filter lets through.
  template <typename F>
  Status ForEach(uint64_t begin, uint64_t end, F&& feed) {
    while (begin < end) {
      const uint64_t number = begin / rows_per_block_;
      const uint64_t first = number * rows_per_block_;
      const auto from = static_cast<uint32_t>(begin - first);
      const auto to = static_cast<uint32_t>(std::min<uint64_t>(end - first, rows_per_block_));
      const Block& block = Load(number);
      if (call_.filter < 0) {
        TURDB_RETURN_IF_ERROR(feed(block.views, from == 0 ? Rows::All(to) : Rows{all_.data() + from, to - from}));
      } else {
        const auto low = std::lower_bound(block.passing.begin(), block.passing.end(), from);
        const auto high = std::lower_bound(low, block.passing.end(), to);
        if (low != high) TURDB_RETURN_IF_ERROR(feed(block.views, Rows{&*low, static_cast<uint32_t>(high - low)}));
      }
      begin = first + to;
    }
    return absl::OkStatus();
  }

 private:
  struct Block {
    uint64_t number = UINT64_MAX;
    uint64_t last_use = 0;
    std::vector<Vector> columns;
    std::vector<VectorView> views;
    std::vector<SelIndex> passing;  // with a filter
  };

  const Block& Load(uint64_t number) {
    Block* oldest = &blocks_[0];
    for (Block& block : blocks_) {
      if (block.number == number) {
        block.last_use = ++uses_;
        return block;
      }
      if (block.last_use < oldest->last_use) oldest = &block;
    }
    Block& block = *oldest;
    block.number = number;
    block.last_use = ++uses_;
    const uint64_t first = number * rows_per_block_;
    const auto count = static_cast<uint32_t>(std::min<uint64_t>(rows_per_block_, partition_.size - first));
    for (size_t c = 0; c < block.columns.size(); ++c) {
      block.columns[c].Reset();
      RowStore::Gather(*partition_.layout, static_cast<size_t>(call_.arguments[c]), partition_.records + first, count,
                       &block.columns[c]);
      block.views[c] = block.columns[c].View();
    }
    if (call_.filter < 0) return block;
    block.passing.clear();
    for (uint32_t i = 0; i < count; ++i) {
      const auto* passes = static_cast<const std::byte*>(partition_.Cell(first + i, static_cast<size_t>(call_.filter)));
      if (passes != nullptr && *passes != std::byte{0}) block.passing.push_back(i);
    }
    return block;
  }

  const WindowCall& call_;
  const uint32_t rows_per_block_;
  std::vector<SelIndex> all_;
  std::array<Block, 4> blocks_;
  uint64_t uses_ = 0;
  WindowPartition partition_;
};

class WindowAggregate : public WindowFunction {
 public:
  WindowAggregate(const WindowCall& call, FrameCursor cursor, const WindowNode& node, Builder& builder)
      : call_(call),
        function_(*call.aggregate->function),
        cursor_(std::move(cursor)),
        blocks_(call, node, builder),
        node_bytes_((function_.state_bytes + 15) & ~size_t{15}),
        tree_reserved_(*builder.budget()),
        arena_(builder.budget()),
        frame_arena_(builder.budget()),
        state_memory_(node_bytes_ / 16) {}

  Status Start(Runtime& runtime) override { return cursor_.Start(runtime); }

  Status StartPartition(Runtime& runtime, const WindowPartition& partition) override {
    blocks_.StartPartition(partition);
    partition_ = partition;
    runtime_ = &runtime;
    levels_.clear();
    tree_reserved_.Reset();
    arena_.Reset(kKeepBytes);
    function_.init(state());
    fed_ = 0;
    return base::WithPosition(cursor_.StartPartition(runtime, partition), call_.position);
  }

  Status Compute(uint64_t, uint32_t count, Vector* out, uint32_t to) override {
    for (uint32_t i = 0; i < count; ++i, ++to) {
      Frame frame;
      cursor_.Next(&frame);
      if (i != 0 && frame == last_) {
        CopyRow(*out, to - 1, out, to);
        continue;
      }
      last_ = frame;
      TURDB_RETURN_IF_ERROR(base::WithPosition(ComputeOne(frame, out, to), call_.position));
    }
    return absl::OkStatus();
  }

  int64_t memory_bytes() const override {
    return tree_reserved_.bytes() + static_cast<int64_t>(arena_.allocated_bytes() + frame_arena_.allocated_bytes());
  }

 private:
  struct Aligned {
    alignas(16) std::byte bytes[16];
  };
  std::byte* state() { return state_memory_.data()->bytes; }

  Status ComputeOne(const Frame& frame, Vector* out, uint32_t to) {
    if (cursor_.only_grows()) {
      const uint64_t end = frame.count == 0 ? 0 : frame.runs[0].end;
      TURDB_RETURN_IF_ERROR(Feed(fed_, end, state(), &arena_));
      fed_ = std::max(fed_, end);
    } else {
      if (function_.state_has_pointers) frame_arena_.Reset(kKeepBytes);
      function_.init(state());
      for (uint32_t i = 0; i < frame.count; ++i) TURDB_RETURN_IF_ERROR(AddRun(frame.runs[i]));
    }
    std::byte* states[] = {state()};
    return function_.finalize(*call_.aggregate, states, 1, out, to);
  }

  Status Feed(uint64_t begin, uint64_t end, std::byte* into, base::Arena* arena) {
    if (call_.arguments.empty() && call_.filter < 0) {  // count(*)
      constexpr uint64_t kStep = uint64_t{1} << 16;     // whoever looks at each row should not take all of them at once
      for (; begin < end; begin += std::min(kStep, end - begin)) {
        const Rows rows = Rows::All(static_cast<uint32_t>(std::min(kStep, end - begin)));
        TURDB_RETURN_IF_ERROR(function_.update_one({{}, rows, call_.aggregate, arena}, into));
      }
      return absl::OkStatus();
    }
    return blocks_.ForEach(begin, end, [&](std::span<const VectorView> views, Rows rows) {
      return function_.update_one({views, rows, call_.aggregate, arena}, into);
    });
  }

  Status AddRun(const Frame::Run& run) {
    if (run.end - run.begin > 2 * kFanOut && levels_.empty() && function_.combine != nullptr)
      TURDB_RETURN_IF_ERROR(BuildTree());
    return AddNodes(0, run.begin, run.end);
  }

  // Nodes [begin, end) of a level, 0 being the rows, by way of the levels above.
  Status AddNodes(size_t level, uint64_t begin, uint64_t end) {
    const uint64_t inner_begin = (begin + kFanOut - 1) / kFanOut, inner_end = end / kFanOut;
    if (level >= levels_.size() || inner_begin >= inner_end) return AddPlain(level, begin, end);
    TURDB_RETURN_IF_ERROR(AddPlain(level, begin, inner_begin * kFanOut));
    TURDB_RETURN_IF_ERROR(AddNodes(level + 1, inner_begin, inner_end));
    return AddPlain(level, inner_end * kFanOut, end);
  }
  Status AddPlain(size_t level, uint64_t begin, uint64_t end) {
    if (level == 0) return Feed(begin, end, state(), &frame_arena_);
    for (; begin < end; ++begin) {
      TURDB_RETURN_IF_ERROR(function_.combine(*call_.aggregate, state(), NodeAt(level, begin), &frame_arena_));
    }
    return absl::OkStatus();
  }

  // Whole nodes only: what is left over at the end of a level is reached from below.
  Status BuildTree() {
    for (uint64_t nodes = partition_.size / kFanOut; nodes != 0; nodes /= kFanOut) {
      const auto bytes = static_cast<int64_t>(nodes * node_bytes_);
      if (!tree_reserved_.TryGrow(bytes)) return OverBudget(memory_bytes());
      levels_.emplace_back(nodes * node_bytes_ / sizeof(Aligned));
      const size_t level = levels_.size();
      for (uint64_t node = 0; node < nodes; ++node) {
        std::byte* into = NodeAt(level, node);
        function_.init(into);
        if (node % 1024 == 0) TURDB_RETURN_IF_ERROR(runtime_->CheckCancelled());
        if (level == 1) {
          TURDB_RETURN_IF_ERROR(Feed(node * kFanOut, (node + 1) * kFanOut, into, &arena_));
          continue;
        }
        for (uint64_t child = node * kFanOut; child < (node + 1) * kFanOut; ++child) {
          TURDB_RETURN_IF_ERROR(function_.combine(*call_.aggregate, into, NodeAt(level - 1, child), &arena_));
        }
      }
    }
    return absl::OkStatus();
  }
  std::byte* NodeAt(size_t level, uint64_t node) {
    return reinterpret_cast<std::byte*>(levels_[level - 1].data()) + node * node_bytes_;
  }

  const WindowCall& call_;
  const function::AggregateFunction& function_;
  FrameCursor cursor_;
  ArgumentBlocks blocks_;
  WindowPartition partition_;
  Runtime* runtime_ = nullptr;
  const size_t node_bytes_;
  std::vector<std::vector<Aligned>> levels_;  // from 1 up
  base::MemoryReservation tree_reserved_;
  base::Arena arena_;        // of the growing state and of the tree
  base::Arena frame_arena_;  // of one frame's state
  std::vector<Aligned> state_memory_;
  uint64_t fed_ = 0;
  Frame last_;
};

}  // namespace

WindowFunctionOr MakeWindowAggregate(const WindowCall& call, const WindowNode& node, Builder& builder) {
  TURDB_ASSIGN_OR_RETURN(FrameCursor cursor, FrameCursor::Make(call.frame, node, builder.options()));
  return std::make_unique<WindowAggregate>(call, std::move(cursor), node, builder);
}

}  // namespace turdb::exec
