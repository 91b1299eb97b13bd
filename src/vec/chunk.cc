#include "vec/chunk.h"

namespace turdb::vec {

Chunk::Chunk(std::span<const Type> types, uint32_t capacity, base::MemoryBudget* budget) : capacity_(capacity) {
  columns_.reserve(types.size());
  for (const Type& type : types) {
    Vector& column = columns_.emplace_back(type, capacity, budget);
    if (column.physical() != PhysicalType::kString) continue;
    if (!heap_) heap_ = StringHeap::Create(budget);
    column.UseHeap(heap_);
  }
}

std::vector<Type> Chunk::types() const {
  std::vector<Type> types;
  types.reserve(columns_.size());
  for (const Vector& column : columns_) types.push_back(column.type());
  return types;
}

void Chunk::Reset() {
  size_ = 0;
  for (Vector& column : columns_) {
    column.Reset();
    if (column.physical() == PhysicalType::kString) column.DropHeap();
  }
  if (!heap_) return;
  if (heap_->is_unique()) {
    heap_->Reset();
  } else {
    heap_ = StringHeap::Create(columns_.front().budget());
  }
  for (Vector& column : columns_) {
    if (column.physical() == PhysicalType::kString) column.UseHeap(heap_);
  }
}

void Chunk::Reference(const Chunk& source) {
  TURDB_CHECK_EQ(columns_.size(), source.columns_.size());
  for (size_t i = 0; i < columns_.size(); ++i) columns_[i].Reference(source.columns_[i]);
  size_ = source.size_;
}

void Chunk::Slice(const Chunk& source, Rows rows) {
  TURDB_CHECK_EQ(columns_.size(), source.columns_.size());
  for (size_t i = 0; i < columns_.size(); ++i) columns_[i].Slice(source.columns_[i], rows);
  size_ = rows.count;
}

void Chunk::Select(Rows rows) {
  for (Vector& column : columns_) column.Slice(column, rows);
  size_ = rows.count;
}

void Chunk::Append(const Chunk& source, Rows rows) {
  TURDB_CHECK_EQ(columns_.size(), source.columns_.size());
  for (size_t i = 0; i < columns_.size(); ++i) columns_[i].CopyFrom(source.columns_[i], rows, size_);
  size_ += rows.count;
}

void Chunk::AppendRow(std::span<const Value> row) {
  TURDB_CHECK_EQ(columns_.size(), row.size());
  TURDB_CHECK_LT(size_, capacity_);
  for (size_t i = 0; i < columns_.size(); ++i) columns_[i].SetValue(size_, row[i]);
  ++size_;
}

std::vector<Value> Chunk::GetRow(size_t row) const {
  std::vector<Value> values;
  values.reserve(columns_.size());
  for (const Vector& column : columns_) values.push_back(column.GetValue(row));
  return values;
}

size_t Chunk::memory_bytes() const {
  size_t bytes = heap_ ? heap_->allocated_bytes() : 0;
  for (const Vector& column : columns_) {
    bytes += column.memory_bytes();
    if (column.kept_heap().get() == heap_.get() && heap_) bytes -= heap_->allocated_bytes();
  }
  return bytes;
}

}  // namespace turdb::vec
