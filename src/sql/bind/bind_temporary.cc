// Temporary objects: where they go, and what may refer to them. Names without a schema find them first; names in what the
// catalog keeps of permanent objects never do.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
namespace sqlstate = base::sqlstate;

// PostgreSQL's rule: they come before the path, unless it has a place for them.
void Binder::StartSearchPath() {
  search_path_ = context_.search_path;
  if (context_.without_temporary || context_.catalog == nullptr || !context_.catalog->has_temporary()) return;
  const std::string& temporary = context_.catalog->temporary_schema()->name;
  if (std::any_of(search_path_.begin(), search_path_.end(),
                  [this](const std::string& name) { return IsTemporarySchema(name); }))
    return;
  own_path_.push_back(temporary);
  own_path_.insert(own_path_.end(), search_path_.begin(), search_path_.end());
  search_path_ = own_path_;
}

bool Binder::IsTemporarySchema(std::string_view name) const {
  const catalog::Schema* const schema = context_.catalog->FindSchema(name);
  return schema != nullptr && schema->is_temporary;
}

StatusOr<std::string> Binder::CreationSchemaOf(const ast::QualifiedName& name, bool temporary) {
  TURDB_ASSIGN_OR_RETURN(const RelationName split, SplitName(name));
  if (!temporary) return CreationSchema(split.schema);
  if (!split.schema.empty() && !IsTemporarySchema(split.schema)) {
    return Error(sqlstate::kInvalidTableDefinition, "cannot create temporary relation in non-temporary schema", name.offset());
  }
  const catalog::Schema* const schema = context_.catalog->temporary_schema();
  if (schema != nullptr) return schema->name;
  return Error(sqlstate::kObjectInUse,
               "temporary objects need a schema \"temp\" or \"pg_temp\", and both are schemas of this database", name.offset());
}

bool Binder::UsesTemporary() const {
  return std::any_of(dependencies_.begin(), dependencies_.end(),
                     [](const Dependency& dependency) { return table::IsTemporary(dependency.id); });
}

// A permanent table must not depend on what goes with this session, nor a temporary one keep what others change.
Status Binder::CheckPersistence(const table::TableSchema& schema, int32_t offset) const {
  const bool temporary = IsTemporarySchema(schema.schema_name);
  for (const table::ForeignKey& key : schema.foreign_keys) {
    if (key.referenced_table == base::kNoFile || table::IsTemporary(key.referenced_table) == temporary) continue;
    const std::string_view kind = temporary ? "temporary" : "permanent";
    return Error(sqlstate::kInvalidTableDefinition,
                 absl::StrCat("constraints on ", kind, " tables may reference only ", kind, " tables"), offset);
  }
  for (const table::Column& column : schema.columns) {
    TURDB_RETURN_IF_ERROR(CheckStorable(column.type, column.name, offset));
    bool of_temporary_type = table::IsTemporary(column.domain);
    context_.catalog->ForEachTypeIn(column.type, [&](catalog::ObjectId id) { of_temporary_type |= table::IsTemporary(id); });
    if (!temporary && of_temporary_type) {
      return Error(sqlstate::kInvalidTableDefinition,
                   absl::StrCat("column \"", column.name, "\" of a permanent table cannot be of a temporary type"), offset);
    }
    if (temporary || !table::IsTemporary(column.sequence)) continue;
    return Error(
        sqlstate::kInvalidTableDefinition,
        absl::StrCat("the default of column \"", column.name, "\" of a permanent table cannot be a temporary sequence"),
        offset);
  }
  return absl::OkStatus();
}

}  // namespace turdb::sql
