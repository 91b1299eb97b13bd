// Window functions: rows sorted by partition and order, whole partitions in memory, one pass over each.
//
// Sorting spills (sorter.h), and makes room for a partition by spilling; a partition does not. Small partitions are loaded
// together, until there is a chunk's worth of rows; values are computed a chunk at a time, partition by partition inside it.
// Partitions and peers are told apart by their keys in the key encoding, in which NULLs equal each other.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "exec/builder.h"
#include "exec/key_range.h"
#include "exec/sorter.h"
#include "exec/window_function.h"

namespace turdb::exec {
namespace {

using base::Status;
using base::StatusOr;
using vec::Chunk;
using vec::Rows;
using vec::SelIndex;

class WindowSource : public Source {
 public:
  WindowSource(const WindowNode& node, std::unique_ptr<Stream> input, Builder& builder)
      : node_(node),
        input_(std::move(input)),
        chunk_(builder.NewChunk(node.types)),
        store_(RowLayout(node.input->types), builder.budget(), kHeadroom),
        lists_reserved_(*builder.budget()),
        pointers_(builder.capacity()) {
    std::vector<SortOrder> orders;
    for (const std::span<const WindowOrder> keys : {node.partition, node.order}) {
      for (const WindowOrder& key : keys) {
        const vec::Type& type = node.input->types[static_cast<size_t>(key.column)];
        orders.push_back({type, key.descending, key.nulls_first});
        parts_.push_back({type, key.descending, key.nulls_first});
        key_columns_.push_back(static_cast<size_t>(key.column));
      }
    }
    if (!node.sorted && !orders.empty()) {
      sorter_.emplace(orders, node.input->types, builder.capacity(), builder.budget());
      sorted_ = builder.NewChunk(node.input->types);
    }
  }

  Status Build(Builder& builder) {
    for (const WindowCall& call : node_.calls) {
      TURDB_ASSIGN_OR_RETURN(std::unique_ptr<WindowFunction> function, MakeWindowFunction(call, node_, builder));
      functions_.push_back(std::move(function));
    }
    return absl::OkStatus();
  }

  Status Start(Runtime& runtime) override {
    drained_ = !sorter_.has_value();
    input_done_ = loading_ = false;
    batch_ = Batch();
    at_ = 0;
    row_ = 0;
    ramp_.Start();
    Unload();
    if (sorter_.has_value()) TURDB_RETURN_IF_ERROR(sorter_->Start(runtime));
    for (const auto& function : functions_) TURDB_RETURN_IF_ERROR(function->Start(runtime));
    return input_->Start(runtime);
  }

  StatusOr<Flow> Next(Runtime& runtime, Batch* out) override {
    if (!drained_) {
      TURDB_ASSIGN_OR_RETURN(const Flow flow, Drain(runtime));
      if (flow == Flow::kBlocked) return flow;
      drained_ = true;
    }
    TURDB_RETURN_IF_ERROR(runtime.CheckCancelled());
    if (row_ == records_.size()) {
      TURDB_ASSIGN_OR_RETURN(const Flow flow, Load(runtime));
      if (flow != Flow::kHaveMore) return flow;
    }
    return Emit(runtime, out);
  }

  int64_t memory_bytes() const override {
    int64_t bytes = store_.reserved_bytes() + lists_reserved_.bytes();
    if (sorter_.has_value()) bytes += sorter_->memory_bytes();
    for (const auto& function : functions_) bytes += function->memory_bytes();
    return bytes;
  }

 private:
  struct Partition {
    uint64_t first_row;
    uint64_t first_group;
  };

  void CollectColumns(const Chunk& chunk) {
    columns_.clear();
    for (const vec::Vector& column : chunk.columns()) columns_.push_back(&column);
  }

  StatusOr<Flow> Drain(Runtime& runtime) {
    while (true) {
      Batch batch;
      TURDB_ASSIGN_OR_RETURN(const Flow flow, input_->Next(runtime, &batch));
      if (flow == Flow::kBlocked) return flow;
      if (flow == Flow::kDone) break;
      CollectColumns(*batch.chunk);
      keys_.clear();
      for (const size_t column : key_columns_) keys_.push_back(&batch.chunk->column(column));
      TURDB_RETURN_IF_ERROR(sorter_->Add(runtime, keys_, columns_, batch.rows));
    }
    TURDB_RETURN_IF_ERROR(sorter_->Finish(runtime));
    return Flow::kDone;
  }

  void Unload() {
    store_.Reset(kKeepBytes);
    records_.clear();
    groups_.clear();
    partitions_.clear();
    if (lists_reserved_.bytes() > static_cast<int64_t>(kKeepBytes)) {
      records_ = std::vector<std::byte*>();
      groups_ = std::vector<uint64_t>();
      partitions_ = std::vector<Partition>();
      lists_reserved_.Reset();
    }
  }

  // Whole partitions, a chunk's worth of rows or the next one alone.
  StatusOr<Flow> Load(Runtime& runtime) {
    if (!loading_) {
      Unload();
      row_ = 0;
      partition_ = SIZE_MAX;
      loading_ = true;
    }
    while (!input_done_) {
      if (at_ == batch_.rows.count) {
        TURDB_ASSIGN_OR_RETURN(const Flow flow, NextBatch(runtime));
        if (flow == Flow::kBlocked) return flow;
        continue;
      }
      TURDB_ASSIGN_OR_RETURN(const bool complete, AppendRows(runtime));
      if (complete) break;
    }
    loading_ = false;
    return records_.empty() ? Flow::kDone : Flow::kHaveMore;
  }

  StatusOr<Flow> NextBatch(Runtime& runtime) {
    TURDB_RETURN_IF_ERROR(runtime.CheckCancelled());
    batch_ = Batch();
    at_ = 0;
    if (sorter_.has_value()) {
      TURDB_ASSIGN_OR_RETURN(const bool more, sorter_->Next(runtime, &sorted_));
      input_done_ = !more;
      if (more) batch_ = Batch::All(sorted_);
    } else {
      TURDB_ASSIGN_OR_RETURN(const Flow flow, input_->Next(runtime, &batch_));
      if (flow == Flow::kBlocked) return flow;
      input_done_ = flow == Flow::kDone;
    }
    EncodeKeys();
    return Flow::kHaveMore;
  }

  // Of every row of the batch: the key, and how much of it is the partition's.
  void EncodeKeys() {
    key_bytes_.clear();
    key_ends_.clear();
    partition_ends_.clear();
    for (uint32_t i = 0; i < batch_.rows.count; ++i) {
      for (size_t k = 0; k < parts_.size(); ++k) {
        if (k == node_.partition.size()) partition_ends_.push_back(key_bytes_.size());
        table::AppendSortKeyPart(parts_[k], CellOf(batch_.chunk->column(key_columns_[k]), batch_.rows[i]), &key_bytes_);
      }
      if (node_.order.empty()) partition_ends_.push_back(key_bytes_.size());
      key_ends_.push_back(key_bytes_.size());
    }
  }
  std::string_view KeyBytes(uint32_t i) const {
    const size_t begin = i == 0 ? 0 : key_ends_[i - 1];
    return std::string_view(key_bytes_).substr(begin, key_ends_[i] - begin);
  }

  // Rows of the batch from at_ on. True: the next one begins a partition and there are enough rows.
  StatusOr<bool> AppendRows(Runtime& runtime) {
    const uint32_t rows = batch_.rows.count - at_;
    TURDB_RETURN_IF_ERROR(GrowLists(rows));
    bool complete = false;
    const uint32_t first_at = at_;
    const size_t partitions = partitions_.size(), groups = groups_.size();
    const size_t old_partition_bytes = last_partition_bytes_;
    old_key_.assign(last_key_);
    selected_.clear();
    for (; at_ < batch_.rows.count; ++at_) {
      const std::string_view key = KeyBytes(at_);
      const size_t partition_bytes = partition_ends_[at_] - (at_ == 0 ? 0 : key_ends_[at_ - 1]);
      const uint64_t row = records_.size() + selected_.size();
      const bool first =
          partitions_.empty() || key.substr(0, partition_bytes) != std::string_view(last_key_).substr(0, last_partition_bytes_);
      if (first && row >= pointers_.size()) {
        complete = true;
        break;
      }
      if (first) partitions_.push_back({row, groups_.size()});
      if (first || key != last_key_) {
        groups_.push_back(row - partitions_.back().first_row);
        last_key_.assign(key);
        last_partition_bytes_ = partition_bytes;
      }
      selected_.push_back(batch_.rows[at_]);
    }
    if (selected_.empty()) return complete;
    CollectColumns(*batch_.chunk);
    if (!store_.TryAppend(columns_, Rows{selected_.data(), static_cast<uint32_t>(selected_.size())}, pointers_.data())) {
      TURDB_RETURN_IF_ERROR(MakeRoom(runtime, batch_.rows.count - first_at));
      // These rows come again.
      batch_ = Batch();
      at_ = 0;
      partitions_.resize(partitions);
      groups_.resize(groups);
      last_key_.assign(old_key_);
      last_partition_bytes_ = old_partition_bytes;
      return false;
    }
    records_.insert(records_.end(), pointers_.begin(), pointers_.begin() + static_cast<ptrdiff_t>(selected_.size()));
    return complete;
  }

  // The sorter's memory for the partition; `again` rows were given out and not taken.
  Status MakeRoom(Runtime& runtime, uint32_t again) {
    if (!sorter_.has_value()) return OverBudget();
    TURDB_ASSIGN_OR_RETURN(const bool made, sorter_->MoveOut(runtime, again));
    return made ? absl::OkStatus() : OverBudget();
  }

  Status OverBudget() const {
    return base::OutOfMemoryError(absl::StrCat("a window's partition needs more memory than memory_limit leaves (",
                                               memory_bytes(), " bytes in use by it)"));
  }

  template <typename T>
  Status GrowList(std::vector<T>* list, size_t more) {
    if (list->size() + more <= list->capacity()) return absl::OkStatus();
    const size_t capacity = std::max(list->size() + more, list->capacity() * 2);
    if (!lists_reserved_.TryGrow(static_cast<int64_t>(capacity * sizeof(T)))) return OverBudget();
    const auto old_bytes = static_cast<int64_t>(list->capacity() * sizeof(T));
    list->reserve(capacity);
    lists_reserved_.Shrink(old_bytes);
    return absl::OkStatus();
  }
  Status GrowLists(size_t rows) {
    TURDB_RETURN_IF_ERROR(GrowList(&records_, rows));
    TURDB_RETURN_IF_ERROR(GrowList(&groups_, rows));
    return GrowList(&partitions_, rows);
  }

  WindowPartition PartitionAt(size_t p) const {
    const bool last = p + 1 == partitions_.size();
    const uint64_t end_row = last ? records_.size() : partitions_[p + 1].first_row;
    const uint64_t end_group = last ? groups_.size() : partitions_[p + 1].first_group;
    const auto& [first_row, first_group] = partitions_[p];
    return {&store_.layout(), records_.data() + first_row, end_row - first_row,
            std::span(groups_).subspan(first_group, end_group - first_group)};
  }

  StatusOr<Flow> Emit(Runtime& runtime, Batch* out) {
    chunk_.Reset();
    const auto count = static_cast<uint32_t>(std::min<uint64_t>(ramp_.Next(chunk_.capacity()), records_.size() - row_));
    const size_t inputs = store_.layout().column_count();
    for (size_t c = 0; c < inputs; ++c) {
      RowStore::Gather(store_.layout(), c, records_.data() + row_, count, &chunk_.column(c));
    }
    for (uint32_t done = 0; done < count;) {
      const size_t next = partition_ == SIZE_MAX ? 0 : partition_ + 1;
      if (next < partitions_.size() && partitions_[next].first_row == row_) {
        partition_ = next;
        for (const auto& function : functions_) {
          TURDB_RETURN_IF_ERROR(function->StartPartition(runtime, PartitionAt(partition_)));
        }
      }
      const uint64_t end = partition_ + 1 < partitions_.size() ? partitions_[partition_ + 1].first_row : records_.size();
      const auto rows = static_cast<uint32_t>(std::min<uint64_t>(count - done, end - row_));
      for (size_t f = 0; f < functions_.size(); ++f) {
        TURDB_RETURN_IF_ERROR(
            functions_[f]->Compute(row_ - partitions_[partition_].first_row, rows, &chunk_.column(inputs + f), done));
      }
      row_ += rows;
      done += rows;
    }
    chunk_.set_size(count);
    *out = Batch::All(chunk_);
    return Flow::kHaveMore;
  }

  const WindowNode& node_;
  std::unique_ptr<Stream> input_;
  std::vector<std::unique_ptr<WindowFunction>> functions_;
  std::vector<table::KeyPart> parts_;  // of the partition, then of the order
  std::vector<size_t> key_columns_;
  std::optional<Sorter> sorter_;
  Chunk sorted_;
  Chunk chunk_;
  bool drained_ = false;
  bool input_done_ = false;
  RampUp ramp_;
  // The batch that partitions are being cut from.
  Batch batch_;
  uint32_t at_ = 0;
  std::string key_bytes_;
  std::vector<size_t> key_ends_;
  std::vector<size_t> partition_ends_;
  std::string last_key_;  // of the last row taken
  std::string old_key_;
  size_t last_partition_bytes_ = 0;
  // What is loaded.
  RowStore store_;
  base::MemoryReservation lists_reserved_;
  std::vector<std::byte*> records_;
  std::vector<uint64_t> groups_;  // first rows of peers, counted from their partition's first
  std::vector<Partition> partitions_;
  bool loading_ = false;
  uint64_t row_ = 0;             // the next to give out
  size_t partition_ = SIZE_MAX;  // that row_ - 1 is in
  // Reused.
  std::vector<std::byte*> pointers_;
  std::vector<SelIndex> selected_;
  std::vector<const vec::Vector*> columns_;
  std::vector<const vec::Vector*> keys_;
};

}  // namespace

SourceOr MakeWindow(const WindowNode& node, Builder& builder) {
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Stream> input, builder.BuildStream(*node.input));
  auto source = std::make_unique<WindowSource>(node, std::move(input), builder);
  TURDB_RETURN_IF_ERROR(source->Build(builder));
  return source;
}

}  // namespace turdb::exec
