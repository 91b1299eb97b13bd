// Who knows the types that users made, and what structs are made of: a snapshot of the catalog, handed to whoever makes values
// of such types out of text, or casts one to another.
#ifndef TURDB_VEC_TYPE_SOURCE_H_
#define TURDB_VEC_TYPE_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "vec/type.h"

namespace turdb::vec {

struct StructField {
  std::string name;
  Type type;
  friend bool operator==(const StructField& a, const StructField& b) = default;
};
using StructFields = std::vector<StructField>;

class TypeSource {
 public:
  virtual ~TypeSource() = default;
  // The value of the enumerated type `type` with the label. Error 22P02, which names the type.
  virtual base::StatusOr<std::string> Parse(uint32_t type, std::string_view label) const = 0;
  // Of a struct type its fields; of a map its key and its value. Null: nobody knows (a record of whatever fields).
  virtual std::shared_ptr<const StructFields> FieldsOf(const Type& type) const = 0;
  // What SQL calls the type.
  virtual std::string NameOf(const Type& type) const = 0;
};

}  // namespace turdb::vec

#endif  // TURDB_VEC_TYPE_SOURCE_H_
