// Types that users made.
#ifndef TURDB_CATALOG_TYPES_H_
#define TURDB_CATALOG_TYPES_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/functional/function_ref.h"
#include "base/status.h"
#include "catalog/catalog.h"
#include "vec/type_source.h"

namespace turdb::catalog {

// The types of one snapshot.
class SnapshotTypes : public vec::TypeSource {
 public:
  explicit SnapshotTypes(std::shared_ptr<const Snapshot> snapshot) : snapshot_(std::move(snapshot)) {}
  base::StatusOr<std::string> Parse(uint32_t type, std::string_view label) const override;
  std::shared_ptr<const vec::StructFields> FieldsOf(const vec::Type& type) const override { return snapshot_->FieldsOf(type); }
  std::string NameOf(const vec::Type& type) const override { return snapshot_->NameOf(type); }

 private:
  std::shared_ptr<const Snapshot> snapshot_;
};

// -1: it has no such label.
int32_t FindLabel(const Relation& type, std::string_view label);

// Columns of tables whose type is `type`, or the domain, or has it in it.
void ForEachUse(const Snapshot& snapshot, const Relation& type,
                absl::FunctionRef<void(const std::shared_ptr<const Relation>& table, int32_t column)> visit);
// Domains over the type, and composite types with an attribute of it.
void ForEachTypeOver(const Snapshot& snapshot, const Relation& type,
                     absl::FunctionRef<void(const std::shared_ptr<const Relation>& over)> visit);

}  // namespace turdb::catalog

#endif  // TURDB_CATALOG_TYPES_H_
