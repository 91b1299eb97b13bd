// Dictionary-encoded and run-end-encoded columns: their values are read once and become a dictionary vector.
#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "arrow/column_reader.h"

namespace turdb::arrow {
namespace {

using base::Status;
using vec::SelIndex;
using vec::Vector;

constexpr int64_t kMostValues = int64_t{1} << 30;  // of a dictionary

class DictionaryReader : public ColumnReader {
 public:
  DictionaryReader(std::unique_ptr<ColumnReader> values, char index)
      : ColumnReader(values->type(), 2, 0), reader_(std::move(values)), index_(index), values_(type(), 1) {}

  Status Open(const ArrowArray& array) override {
    TURDB_RETURN_IF_ERROR(ColumnReader::Open(array));
    if (array.dictionary == nullptr || array.dictionary->release == nullptr) return BadArray("lacks its dictionary");
    TURDB_RETURN_IF_ERROR(reader_->Open(*array.dictionary));
    if (reader_->length() > kMostValues) return base::LimitError("a dictionary of Arrow's has more than 2^30 values");
    size_ = static_cast<uint32_t>(reader_->length());
    values_ = Vector(type(), size_ + 1);
    if (size_ != 0) TURDB_RETURN_IF_ERROR(reader_->Read(0, size_, &values_));
    if (!values_.is_flat()) values_.Flatten(size_);
    values_.SetNull(size_);  // what a NULL index refers to
    return absl::OkStatus();
  }
  Status Read(int64_t first, uint32_t count, Vector* out) override {
    if (count == 0) return absl::OkStatus();
    if (array().buffers[1] == nullptr) return BadArray("has rows and no buffer of indexes");
    rows_.resize(count);
    switch (index_) {
      case 'c':
        TURDB_RETURN_IF_ERROR(Indexes<int8_t>(first, count));
        break;
      case 'C':
        TURDB_RETURN_IF_ERROR(Indexes<uint8_t>(first, count));
        break;
      case 's':
        TURDB_RETURN_IF_ERROR(Indexes<int16_t>(first, count));
        break;
      case 'S':
        TURDB_RETURN_IF_ERROR(Indexes<uint16_t>(first, count));
        break;
      case 'i':
        TURDB_RETURN_IF_ERROR(Indexes<int32_t>(first, count));
        break;
      case 'I':
        TURDB_RETURN_IF_ERROR(Indexes<uint32_t>(first, count));
        break;
      case 'l':
        TURDB_RETURN_IF_ERROR(Indexes<int64_t>(first, count));
        break;
      default:
        TURDB_RETURN_IF_ERROR(Indexes<uint64_t>(first, count));
        break;
    }
    out->Slice(values_, vec::Rows{rows_.data(), count});
    return absl::OkStatus();
  }

 private:
  template <typename T>
  Status Indexes(int64_t first, uint32_t count) {
    const T* const indexes = Values<T>(1) + first;
    for (uint32_t i = 0; i < count; ++i) {
      if (may_have_nulls() && !IsValid(first + i)) {
        rows_[i] = size_;
        continue;
      }
      const bool inside = indexes[i] >= 0 && static_cast<uint64_t>(indexes[i]) < size_;
      if (!inside) return BadArray(absl::StrCat("refers to value ", indexes[i], " of a dictionary of ", size_));
      rows_[i] = static_cast<SelIndex>(indexes[i]);
    }
    return absl::OkStatus();
  }

  const std::unique_ptr<ColumnReader> reader_;
  const char index_;
  Vector values_;
  uint32_t size_ = 0;
  std::vector<SelIndex> rows_;
};

class RunEndReader : public ColumnReader {
 public:
  RunEndReader(std::unique_ptr<ColumnReader> values, char width)
      : ColumnReader(values->type(), 0, 2, false), reader_(std::move(values)), width_(width), values_(type(), 1) {}

  Status Open(const ArrowArray& array) override {
    TURDB_RETURN_IF_ERROR(ColumnReader::Open(array));
    TURDB_ASSIGN_OR_RETURN(const ArrowArray* ends, ChildArray(array, 0));
    TURDB_ASSIGN_OR_RETURN(const ArrowArray* values, ChildArray(array, 1));
    TURDB_RETURN_IF_ERROR(reader_->Open(*values));
    if (ends->length < 0 || ends->offset < 0 || ends->length > reader_->length() || ends->n_buffers < 2 ||
        ends->buffers == nullptr || (ends->length > 0 && ends->buffers[1] == nullptr)) {
      return BadArray("has no run ends that can be");
    }
    switch (width_) {
      case 's':
        return ReadEnds<int16_t>(*ends);
      case 'i':
        return ReadEnds<int32_t>(*ends);
      default:
        return ReadEnds<int64_t>(*ends);
    }
  }
  Status Read(int64_t first, uint32_t count, Vector* out) override {
    if (count == 0) return absl::OkStatus();
    const int64_t begin = offset() + first;
    auto run = std::upper_bound(ends_.begin(), ends_.end(), begin);
    const int64_t first_run = run - ends_.begin();
    rows_.resize(count);
    for (uint32_t i = 0; i < count; ++i) {
      while (*run <= begin + i) ++run;
      rows_[i] = static_cast<SelIndex>(run - ends_.begin() - first_run);
    }
    const uint32_t runs = rows_.back() + 1;
    values_ = Vector(type(), runs);
    TURDB_RETURN_IF_ERROR(reader_->Read(first_run, runs, &values_));
    out->Slice(values_, vec::Rows{rows_.data(), count});
    return absl::OkStatus();
  }

 private:
  template <typename T>
  Status ReadEnds(const ArrowArray& ends) {
    const T* const from = static_cast<const T*>(ends.buffers[1]) + ends.offset;
    ends_.assign(from, from + ends.length);
    int64_t before = 0;
    for (const int64_t end : ends_) {
      if (end <= before) return BadArray(absl::StrCat("has a run that ends at ", end, " behind one that ends at ", before));
      before = end;
    }
    if (before < offset() + length()) return BadArray("has more rows than its runs");
    return absl::OkStatus();
  }

  const std::unique_ptr<ColumnReader> reader_;
  const char width_;
  std::vector<int64_t> ends_;
  Vector values_;
  std::vector<SelIndex> rows_;
};

}  // namespace

ReaderOr MakeRunEndReader(const ArrowSchema& schema, vec::StructTypes* structs);
ReaderOr MakeRunEndReader(const ArrowSchema& schema, vec::StructTypes* structs) {
  TURDB_ASSIGN_OR_RETURN(const ArrowSchema* ends, ChildSchema(schema, 0));
  TURDB_ASSIGN_OR_RETURN(const ArrowSchema* values, ChildSchema(schema, 1));
  const std::string_view width = ends->format;
  if (width != "s" && width != "i" && width != "l") {
    return base::UnsupportedError(absl::StrCat("Arrow's run ends are no \"", width, "\""));
  }
  TURDB_ASSIGN_OR_RETURN(auto reader, ColumnReader::Create(*values, structs));
  return std::make_unique<RunEndReader>(std::move(reader), width[0]);
}

ReaderOr MakeDictionaryReader(const ArrowSchema& schema, vec::StructTypes* structs) {
  const std::string_view index = schema.format;
  if (index.size() != 1 || std::string_view("cCsSiIlL").find(index[0]) == std::string_view::npos) {
    return base::UnsupportedError(absl::StrCat("Arrow's dictionaries have no indexes of format \"", index, "\""));
  }
  TURDB_ASSIGN_OR_RETURN(auto values, ColumnReader::Create(*schema.dictionary, structs));
  return std::make_unique<DictionaryReader>(std::move(values), index[0]);
}

}  // namespace turdb::arrow
