// Values of SQL's type vector: a fixed number of elements of one kind, as bytes behind a string view.
//
//   float32, float16, int8   the elements, little-endian, one after the other
//   bit                      eight to a byte, the first lowest, zeros behind the last one; then a byte: how many of the
//                            last byte's bits are elements, 1 to 8
//
// The kind is the type's (Type::vector_element), the number of elements the value's; a column of vector(n) holds no other
// number. Every element is finite. On disk: do not change (FORMAT.md of the table room, "Vectors").
#ifndef TURDB_VEC_DENSE_VECTOR_H_
#define TURDB_VEC_DENSE_VECTOR_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "vec/type.h"
#include "vec/value.h"

namespace turdb::vec {

// Reads a vector. Owns nothing; REQUIRES: bytes of a value of that kind.
class DenseVectorView {
 public:
  DenseVectorView(VectorElement element, std::string_view bytes);

  VectorElement element() const { return element_; }
  size_t dimensions() const { return dimensions_; }
  // The elements' bytes; not aligned.
  const char* data() const { return bytes_.data(); }
  size_t data_bytes() const { return element_ == VectorElement::kBit ? bytes_.size() - 1 : bytes_.size(); }
  // One element; whatever its kind, a float holds it.
  float At(size_t i) const;

 private:
  VectorElement element_;
  std::string_view bytes_;
  size_t dimensions_;
};

// Whether these are the bytes of a value: a length that is one, nothing behind the last bit, no NaN, no infinity.
bool IsDenseVector(VectorElement element, std::string_view bytes);

// The value, of a vector of any number of elements. Error 22000 what IsDenseVector says no to.
base::StatusOr<Value> CheckedVector(VectorElement element, std::string bytes);

// Makes a vector, element by element.
class DenseVectorBuilder {
 public:
  explicit DenseVectorBuilder(VectorElement element) : element_(element) {}

  size_t dimensions() const { return dimensions_; }
  // Rounded to the nearest that the kind holds. Errors: 22003 it does not fit, 22000 NaN or infinity.
  base::Status Add(double value);
  // Errors: 54000 no elements, or too many of them.
  base::StatusOr<std::string> Finish();

 private:
  VectorElement element_;
  size_t dimensions_ = 0;
  std::string bytes_;
};

// 22000 when a vector of so many elements is none of `type`; 54000 when it is of no type.
base::Status CheckVectorDimensions(const Type& type, size_t dimensions);
// To another kind; `bytes` are those of a value of `from`. Errors: those of the builder.
base::StatusOr<std::string> ConvertVector(VectorElement from, std::string_view bytes, VectorElement to);

// [1,2.5,-3], and the same with blanks; of bits also 101. Errors: 22P02 malformed, 22003, 22000.
void AppendDenseVector(const DenseVectorView& vector, std::string* out);
base::StatusOr<Value> ParseDenseVector(std::string_view text, const Type& type);

// Element by element where both have as many, else the shorter one first.
int CompareDenseVectors(const DenseVectorView& a, const DenseVectorView& b);
uint64_t HashDenseVector(const DenseVectorView& vector);

}  // namespace turdb::vec

#endif  // TURDB_VEC_DENSE_VECTOR_H_
