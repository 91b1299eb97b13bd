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
#include "vec/enum.h"

namespace turdb::catalog {

// The labels of the types of one snapshot.
class SnapshotEnums : public vec::EnumSource {
 public:
  explicit SnapshotEnums(std::shared_ptr<const Snapshot> snapshot) : snapshot_(std::move(snapshot)) {}
  base::StatusOr<std::string> Parse(uint32_t type, std::string_view label) const override;

 private:
  std::shared_ptr<const Snapshot> snapshot_;
};

// -1: it has no such label.
int32_t FindLabel(const Relation& type, std::string_view label);

// Columns of tables whose type is `type`, or an array of it, or the domain.
void ForEachUse(const Snapshot& snapshot, const Relation& type,
                absl::FunctionRef<void(const std::shared_ptr<const Relation>& table, int32_t column)> visit);
// Domains over the type.
void ForEachDomainOver(const Snapshot& snapshot, const Relation& type,
                       absl::FunctionRef<void(const std::shared_ptr<const Relation>& domain)> visit);

}  // namespace turdb::catalog

#endif  // TURDB_CATALOG_TYPES_H_
