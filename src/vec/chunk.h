// A batch of rows: one vector a column, all with the same number of rows and one string heap between them.
#ifndef TURDB_VEC_CHUNK_H_
#define TURDB_VEC_CHUNK_H_

#include <cstdint>
#include <span>
#include <vector>

#include "vec/vector.h"

namespace turdb::vec {

// Not thread-safe. Reset keeps all memory, so filling a chunk again makes no heap call unless somebody
// kept what the last round held (then that memory is theirs and the chunk takes new).
class Chunk {
 public:
  Chunk() = default;
  explicit Chunk(std::span<const Type> types, uint32_t capacity = kDefaultChunkCapacity, base::MemoryBudget* budget = nullptr);
  Chunk(Chunk&&) noexcept = default;
  Chunk& operator=(Chunk&&) noexcept = default;

  size_t column_count() const { return columns_.size(); }
  uint32_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  uint32_t capacity() const { return capacity_; }
  void set_size(uint32_t size) {
    TURDB_DCHECK_LE(size, capacity_);
    size_ = size;
  }
  Vector& column(size_t i) { return columns_[i]; }
  const Vector& column(size_t i) const { return columns_[i]; }
  std::span<Vector> columns() { return columns_; }
  std::span<const Vector> columns() const { return columns_; }
  std::vector<Type> types() const;

  // No rows, flat columns.
  void Reset();
  // Shares the memory of every column of `source`. REQUIRES: equal types.
  void Reference(const Chunk& source);
  // The given rows of `source`, in that order, values shared.
  void Slice(const Chunk& source, Rows rows);
  // Keeps only the given rows of this.
  void Select(Rows rows);
  // Adds copies of the given rows of `source`, strings included. REQUIRES: flat columns, room for them.
  void Append(const Chunk& source, Rows rows);
  void Append(const Chunk& source) { Append(source, Rows::All(source.size())); }
  // Adds one row. REQUIRES: flat columns, room for it, values of the columns' types.
  void AppendRow(std::span<const Value> row);
  std::vector<Value> GetRow(size_t row) const;
  size_t memory_bytes() const;

 private:
  std::vector<Vector> columns_;
  Ref<StringHeap> heap_;
  uint32_t capacity_ = 0;
  uint32_t size_ = 0;
};

}  // namespace turdb::vec

#endif  // TURDB_VEC_CHUNK_H_
