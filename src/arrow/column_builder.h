// Builds Arrow arrays of one column, value by value or a vector at a time. The room's own; others use exporter.h.
#ifndef TURDB_ARROW_COLUMN_BUILDER_H_
#define TURDB_ARROW_COLUMN_BUILDER_H_

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "arrow/abi.h"
#include "arrow/bytes.h"
#include "arrow/schema.h"
#include "base/status.h"
#include "vec/text_context.h"
#include "vec/vector.h"

namespace turdb::arrow {

// The labels of an enumerated type, in their order; empty when nobody knows them.
using EnumLabels = std::function<std::vector<std::string>(uint32_t type)>;

struct BuildContext {
  ExportOptions options;
  vec::TextContext text;
  EnumLabels labels;
};

// Not thread-safe. Throws std::bad_alloc.
class ColumnBuilder {
 public:
  // `context` outlives the builder.
  static std::unique_ptr<ColumnBuilder> Create(const vec::Type& type, const BuildContext& context);
  virtual ~ColumnBuilder() = default;

  // A value as it lies in a vector of the type; null: NULL.
  virtual base::Status Append(const void* slot) = 0;
  // The given rows of a vector of the type.
  virtual base::Status AppendRows(const vec::VectorView& view, vec::Rows rows, size_t width);
  // What was appended since the last time.
  virtual void Finish(ArrowArray* out) = 0;
  virtual size_t size_bytes() const = 0;

  int64_t length() const { return length_; }

 protected:
  void NoteValid() {
    if (null_count_ != 0) validity_.Push(true);
    ++length_;
  }
  void NoteNull() {
    if (null_count_ == 0) validity_.PushMany(true, static_cast<size_t>(length_));
    validity_.Push(false);
    ++null_count_;
    ++length_;
  }
  void NoteValid(size_t count) {
    if (null_count_ != 0) validity_.PushMany(true, count);
    length_ += static_cast<int64_t>(count);
  }
  // `buffers` without the validity, which comes first unless the array has none by its nature.
  void MakeArray(std::vector<Bytes> buffers, std::vector<ArrowArray> children, ArrowArray* out, bool has_validity = true);

  Bits validity_;  // nothing before the first NULL
  int64_t length_ = 0;
  int64_t null_count_ = 0;
};

// An array over what it owns; every struct of `children` is taken over. A null `dictionary` is none.
void MakeArray(int64_t length, int64_t null_count, std::vector<Bytes> buffers, std::vector<ArrowArray> children,
               ArrowArray* dictionary, ArrowArray* out);

}  // namespace turdb::arrow

#endif  // TURDB_ARROW_COLUMN_BUILDER_H_
