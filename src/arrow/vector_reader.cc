// Lists of one size, of floats and halves, become vectors; of int8 and booleans where the field says that it is one.
#include <bit>
#include <cmath>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "arrow/column_reader.h"
#include "base/bytes.h"
#include "vec/dense_vector.h"

namespace turdb::arrow {
namespace {

using base::Status;
using vec::Type;
using vec::VectorElement;

class VectorReader : public ColumnReader {
 public:
  VectorReader(VectorElement element, int32_t dimensions)
      : ColumnReader(Type::DenseVector(element, dimensions), 1, 1), dimensions_(dimensions) {}

  Status Open(const ArrowArray& array) override {
    TURDB_RETURN_IF_ERROR(ColumnReader::Open(array));
    TURDB_ASSIGN_OR_RETURN(child_, ChildArray(array, 0));
    if (child_->length < 0 || child_->offset < 0 || child_->n_buffers < 2 || child_->buffers == nullptr) {
      return BadArray("has elements of lists that cannot be");
    }
    if (child_->length / dimensions_ < offset() + length()) return BadArray("has a list that ends behind its elements");
    if (length() != 0 && child_->buffers[1] == nullptr) return BadArray("has lists and no elements");
    return absl::OkStatus();
  }

  Status Read(int64_t first, uint32_t count, vec::Vector* out) override {
    const auto* const validity = child_->null_count == 0 ? nullptr : static_cast<const uint8_t*>(child_->buffers[0]);
    for (uint32_t i = 0; i < count; ++i) {
      if (!IsValid(first + i)) {
        out->SetNull(i);
        continue;
      }
      const int64_t begin = child_->offset + (offset() + first + i) * dimensions_;
      if (validity != nullptr && !AllSet(validity, begin)) return Refused(base::SqlState{"22004"}, "a NULL");
      const std::string_view bytes = BytesAt(begin);
      if (!vec::IsDenseVector(type().vector_element(), bytes)) return Refused(base::SqlState{"22000"}, "NaN or an infinity");
      out->SetString(i, bytes);
    }
    return absl::OkStatus();
  }

 private:
  static Status Refused(base::SqlState state, std::string_view what) {
    return base::WithHint(base::MakeError(absl::StatusCode::kInvalidArgument, state,
                                          absl::StrCat("a vector cannot have ", what, " among its elements")),
                          "A field whose metadata says \"turdb:type\" = \"array\" becomes an array, which can.");
  }

  bool AllSet(const uint8_t* bits, int64_t begin) const {
    for (int64_t at = begin; at < begin + dimensions_; ++at) {
      if (((bits[at / 8] >> (at % 8)) & 1) == 0) return false;
    }
    return true;
  }

  // As a value's bytes: Arrow's, but for bits that do not begin with a byte.
  std::string_view BytesAt(int64_t begin) {
    const char* const elements = static_cast<const char*>(child_->buffers[1]);
    const auto count = static_cast<size_t>(dimensions_);
    switch (type().vector_element()) {
      case VectorElement::kFloat32:
        return {elements + begin * 4, count * 4};
      case VectorElement::kFloat16:
        return {elements + begin * 2, count * 2};
      case VectorElement::kInt8:
        return {elements + begin, count};
      case VectorElement::kBit:
        break;
    }
    bits_.assign((count + 7) / 8 + 1, '\0');
    for (size_t i = 0; i < count; ++i) {
      const int64_t at = begin + static_cast<int64_t>(i);
      const unsigned bit = (static_cast<unsigned char>(elements[at / 8]) >> (at % 8)) & 1;
      bits_[i / 8] = static_cast<char>(static_cast<unsigned char>(bits_[i / 8]) | bit << (i % 8));
    }
    bits_.back() = static_cast<char>((count - 1) % 8 + 1);
    return bits_;
  }

  const int32_t dimensions_;
  const ArrowArray* child_ = nullptr;
  std::string bits_;
};

}  // namespace

ReaderOr MakeVectorReader(const ArrowSchema& schema, std::string_view named_type) {
  const std::string_view format = schema.format;
  int64_t dimensions = 0;
  if (!format.starts_with("+w:") || named_type == "array" || !absl::SimpleAtoi(format.substr(3), &dimensions) ||
      dimensions < 1 || dimensions > vec::kMaxVectorDimensions) {
    return std::unique_ptr<ColumnReader>();
  }
  TURDB_ASSIGN_OR_RETURN(const ArrowSchema* child, ChildSchema(schema, 0));
  const std::string_view element = child->format;
  const auto make = [&](VectorElement kind) -> ReaderOr {
    return std::make_unique<VectorReader>(kind, static_cast<int32_t>(dimensions));
  };
  if (child->dictionary == nullptr) {
    if (element == "f") return make(VectorElement::kFloat32);
    if (element == "e") return make(VectorElement::kFloat16);
    if (element == "c" && named_type == "vector") return make(VectorElement::kInt8);
    if (element == "b" && named_type == "vector") return make(VectorElement::kBit);
  }
  return std::unique_ptr<ColumnReader>();
}

}  // namespace turdb::arrow
