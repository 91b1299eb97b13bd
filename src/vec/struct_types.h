// Struct types without a name of their own: STRUCT(a integer, b text), MAP(text, integer), the type of ROW(1, 'x').
//
// Two of the same names and types are one type, so a Type needs nothing but a number for it: `Type::length`, which is negative
// for these (positive ones are objects of the catalog). Numbers are given out while a database is open and mean nothing later:
// on disk the fields are written out.
#ifndef TURDB_VEC_STRUCT_TYPES_H_
#define TURDB_VEC_STRUCT_TYPES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "base/status.h"
#include "vec/type_source.h"

namespace turdb::vec {

// Thread-safe; types are never forgotten.
class StructTypes {
 public:
  // Error 54000: there are too many.
  base::StatusOr<int32_t> Intern(StructFields fields);
  // Null: no such number.
  std::shared_ptr<const StructFields> Find(int32_t id) const;

 private:
  mutable absl::Mutex mu_;
  std::map<std::string, int32_t> ids_ ABSL_GUARDED_BY(mu_);
  std::vector<std::shared_ptr<const StructFields>> types_ ABSL_GUARDED_BY(mu_);  // number -1 - i
};

// "STRUCT(a integer, b text)" or "MAP(text, integer)"; "record", unless it is to be `written_out`,
// when its fields are called f1, f2 ...: what ROW() makes.
std::string StructText(const Type& type, const StructFields& fields, absl::FunctionRef<std::string(const Type&)> name_of,
                       bool written_out = false);

}  // namespace turdb::vec

#endif  // TURDB_VEC_STRUCT_TYPES_H_
