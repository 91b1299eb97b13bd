// Definitions of objects as bytes: tagged fields, so that later versions can add some. FORMAT.md lists the tags.
#ifndef TURDB_CATALOG_OBJECT_CODEC_H_
#define TURDB_CATALOG_OBJECT_CODEC_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "catalog/catalog.h"
#include "table/schema.h"
#include "table/sequence.h"
#include "vec/struct_types.h"

namespace turdb::catalog {

// A table, a view or a sequence. Schema and object names are part of it; ids of schemas are not.
struct RelationDefinition {
  uint8_t kind = 1;  // RelationKind
  uint64_t schema_id = 0;
  table::TableSchema schema;
  std::string view_sql;
  std::vector<std::string> view_search_path;
  bool unpopulated = false;        // a materialised view that has not been filled
  table::SequenceSchema sequence;  // of a sequence; without a file otherwise
  std::vector<EnumLabel> labels;   // of an enumerated type
  FunctionSchema function;         // of a function
};

// `types` has the structs without a name that columns are made of; their fields are written out.
std::string EncodeRelation(const RelationDefinition& definition, const vec::StructTypes& types);
// Unknown fields are an error: they belong to a newer format. Errors: XX001.
base::StatusOr<RelationDefinition> DecodeRelation(std::string_view bytes, vec::StructTypes& types);

}  // namespace turdb::catalog

#endif  // TURDB_CATALOG_OBJECT_CODEC_H_
