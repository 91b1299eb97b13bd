// Vectors as the vector index takes them.
#ifndef TURDB_TABLE_VECTOR_VALUE_H_
#define TURDB_TABLE_VECTOR_VALUE_H_

#include <cstring>
#include <vector>

#include "vec/dense_vector.h"
#include "vec/string_view.h"
#include "vec/type.h"

namespace turdb::table {

inline void ReadVector(const vec::Type& type, const vec::StringView& value, std::vector<float>* vector) {
  const vec::DenseVectorView elements(type.vector_element(), {value.data(), value.size()});
  vector->resize(elements.dimensions());
  if (type.vector_element() == vec::VectorElement::kFloat32) {
    std::memcpy(vector->data(), elements.data(), elements.data_bytes());
    return;
  }
  for (size_t i = 0; i < vector->size(); ++i) (*vector)[i] = elements.At(i);
}

}  // namespace turdb::table

#endif  // TURDB_TABLE_VECTOR_VALUE_H_
