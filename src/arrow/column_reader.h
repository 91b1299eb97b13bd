// Reads Arrow arrays of one column into vectors. The room's own; others use importer.h.
//
// What comes from outside is not trusted: Open checks the shape of an array (lengths, offsets, which buffers are there), Read
// what the values refer to (offsets, indexes, UTF-8, ranges), before anything is read there. Only the sizes of buffers cannot
// be checked: the interface does not say them.
#ifndef TURDB_ARROW_COLUMN_READER_H_
#define TURDB_ARROW_COLUMN_READER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "arrow/abi.h"
#include "base/status.h"
#include "vec/struct_types.h"
#include "vec/text_context.h"
#include "vec/vector.h"

namespace turdb::arrow {

// Not thread-safe.
class ColumnReader {
 public:
  // For arrays of the schema. `structs`: whose types structs and maps have; null: structs are json, and maps no type's.
  // Errors: 0A000 a format that no type of SQL is for, 22023 a schema that is none.
  static base::StatusOr<std::unique_ptr<ColumnReader>> Create(const ArrowSchema& schema, vec::StructTypes* structs);
  virtual ~ColumnReader() = default;

  const vec::Type& type() const { return type_; }

  // Reads `array` from now on, which outlives that. Errors: 22023.
  virtual base::Status Open(const ArrowArray& array);
  // Rows first .. first + count of the array become rows 0 .. count of `out`, which is flat and as after Reset, or becomes
  // another encoding. REQUIRES: Open; first + count <= length().
  virtual base::Status Read(int64_t first, uint32_t count, vec::Vector* out) = 0;
  int64_t length() const { return length_; }

 protected:
  ColumnReader(vec::Type type, int64_t buffers, int64_t children, bool has_validity = true)
      : type_(type), buffers_(buffers), children_(children), has_validity_(has_validity) {}

  bool IsValid(int64_t row) const {
    const int64_t at = offset_ + row;
    return validity_ == nullptr || ((validity_[at / 8] >> (at % 8)) & 1) != 0;
  }
  bool may_have_nulls() const { return validity_ != nullptr; }
  // Marks the NULLs among rows first .. first + count.
  void ReadNulls(int64_t first, uint32_t count, vec::Vector* out) const;
  // Buffer `i` from the array's first row on, where a row takes sizeof(T).
  template <typename T>
  const T* Values(size_t i) const {
    return static_cast<const T*>(array_->buffers[i]) + offset_;
  }
  const ArrowArray& array() const { return *array_; }
  int64_t offset() const { return offset_; }

 private:
  const vec::Type type_;
  const int64_t buffers_;  // at least
  const int64_t children_;
  const bool has_validity_;
  const ArrowArray* array_ = nullptr;
  const uint8_t* validity_ = nullptr;
  int64_t offset_ = 0;
  int64_t length_ = 0;
};

using ReaderOr = base::StatusOr<std::unique_ptr<ColumnReader>>;

// By families; null for a format of another one.
ReaderOr MakeNumberReader(std::string_view format, std::string_view named_type);
ReaderOr MakeTimeReader(std::string_view format);
ReaderOr MakeTextReader(std::string_view format, std::string_view extension, std::string_view named_type);
ReaderOr MakeVectorReader(const ArrowSchema& schema, std::string_view named_type);
ReaderOr MakeNestedReader(const ArrowSchema& schema, vec::StructTypes* structs);
ReaderOr MakeDictionaryReader(const ArrowSchema& schema, vec::StructTypes* structs);

// 22023: "an Arrow array ...".
base::Status BadArray(std::string_view what);
// For arrays: a reader of the only child `i`.
base::StatusOr<const ArrowSchema*> ChildSchema(const ArrowSchema& schema, int64_t i);
base::StatusOr<const ArrowArray*> ChildArray(const ArrowArray& array, int64_t i);

// A value as JSON; NULL as null.
void AppendJsonOf(const vec::Type& type, const void* slot, const vec::TextContext& context, std::string* out);

}  // namespace turdb::arrow

#endif  // TURDB_ARROW_COLUMN_READER_H_
