// Types of TurDB as Arrow's schemas.
#ifndef TURDB_ARROW_SCHEMA_H_
#define TURDB_ARROW_SCHEMA_H_

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow/abi.h"
#include "base/status.h"
#include "vec/type.h"
#include "vec/type_source.h"

namespace turdb::arrow {

struct Field {
  std::string name;
  vec::Type type;
};

// How values become Arrow's where there is a choice.
struct ExportOptions {
  bool string_views = false;       // text and blobs as views instead of utf8 and binary
  bool numeric_as_double = false;  // numeric without precision rounded to float64, instead of exact as text
  bool any_as_text = false;        // ANY as text instead of a dense union
  // Knows what structs and maps are made of; null: they are text, as those are of which nobody knows it.
  const vec::TypeSource* types = nullptr;
};

// What a struct or map is made of; null: it is text.
std::shared_ptr<const vec::StructFields> FieldsOf(const vec::Type& type, const ExportOptions& options);

// The key of field metadata that names a type which the format alone does not say.
inline constexpr std::string_view kTypeKey = "turdb:type";
inline constexpr std::string_view kExtensionNameKey = "ARROW:extension:name";
inline constexpr std::string_view kExtensionMetadataKey = "ARROW:extension:metadata";

// A schema node under construction; Export makes the struct from it, which owns copies of everything.
struct SchemaNode {
  std::string format;
  std::string name;
  std::vector<std::pair<std::string, std::string>> metadata;
  bool nullable = true;
  bool ordered = false;  // of a dictionary
  std::vector<SchemaNode> children;
  std::vector<SchemaNode> dictionary;  // none or one
};
void Export(const SchemaNode& node, ArrowSchema* out);

// The schema of a column.
SchemaNode SchemaOf(const Field& field, const ExportOptions& options);
// That of batches: a struct of the columns. The same for every batch, with rows or without.
SchemaNode SchemaOf(std::span<const Field> fields, const ExportOptions& options);
// Of parameters, of which those of unknown type, or of any, are Arrow's null.
SchemaNode ParameterSchemaOf(std::span<const Field> fields, const ExportOptions& options);

// The types that a value in an ANY column may have, as children of the union: our type, the code (TURDB_TYPE_* of turdb.h) and
// the name of the child. Decimals, arrays and labels travel as text.
struct UnionMember {
  vec::TypeId type;
  int8_t code;
  std::string_view name;
};
std::span<const UnionMember> UnionMembers();
// Where a value of this type goes, by place among them.
size_t UnionMemberOf(vec::TypeId type);

// Key-value pairs of a schema's metadata; what is malformed cannot be told from the outside, so lengths are bounded.
base::StatusOr<std::map<std::string, std::string>> ReadMetadata(const char* metadata);

}  // namespace turdb::arrow

#endif  // TURDB_ARROW_SCHEMA_H_
