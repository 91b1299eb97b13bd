// Parts of functions' definitions, for the files that bind them. Only they include it.
#ifndef TURDB_SQL_BIND_FUNCTION_PARTS_H_
#define TURDB_SQL_BIND_FUNCTION_PARTS_H_

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "catalog/catalog.h"
#include "vec/type.h"

namespace turdb::sql {

inline constexpr base::SqlState kInvalidFunctionDefinition{"42P13"};

inline bool IsGiven(catalog::ParameterMode mode) {
  return mode == catalog::ParameterMode::kIn || mode == catalog::ParameterMode::kInOut ||
         mode == catalog::ParameterMode::kVariadic;
}

inline bool IsOutput(catalog::ParameterMode mode) {
  return mode == catalog::ParameterMode::kOut || mode == catalog::ParameterMode::kInOut ||
         mode == catalog::ParameterMode::kTable;
}

// What a call may give a value, in order.
inline std::vector<size_t> GivenOf(const catalog::FunctionSchema& function) {
  std::vector<size_t> given;
  for (size_t i = 0; i < function.modes.size(); ++i) {
    if (IsGiven(function.modes[i])) given.push_back(i);
  }
  return given;
}

// A parameter of PostgreSQL's anyelement and its kin has no type until it is called: the column's comment says which it is.
inline bool IsPolymorphic(const table::Column& column) {
  return column.type.id == vec::TypeId::kUnknown && !column.comment.empty();
}

inline bool IsPolymorphicArray(const table::Column& column) {
  return column.comment == "anyarray" || column.comment == "anycompatiblearray";
}

inline bool IsPolymorphicName(std::string_view word) {
  return word == "anyelement" || word == "anyarray" || word == "anynonarray" || word == "anycompatible" ||
         word == "anycompatiblearray" || word == "anycompatiblenonarray";
}

// Precision and length are no part of a parameter's type.
inline vec::Type Unmodified(const vec::Type& type) {
  if (type.id == vec::TypeId::kDecimal) return vec::Type::Numeric();
  if (type.id == vec::TypeId::kVarchar) return vec::Type(vec::TypeId::kVarchar).WithCollation(type.collation());
  if (type.id == vec::TypeId::kChar) return vec::Type::Char(0).WithCollation(type.collation());
  if (type.id == vec::TypeId::kArray && type.user_type_id() == 0 && type.struct_number() == 0) {
    return vec::Type::ArrayOf(Unmodified(type.element_type()));
  }
  return type;
}

}  // namespace turdb::sql

#endif  // TURDB_SQL_BIND_FUNCTION_PARTS_H_
