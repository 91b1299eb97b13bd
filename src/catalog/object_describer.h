// What PostgreSQL's functions say about one object, by its id in the views of pg_catalog (system_views_pg.cc).
#ifndef TURDB_CATALOG_OBJECT_DESCRIBER_H_
#define TURDB_CATALOG_OBJECT_DESCRIBER_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "catalog/catalog.h"

namespace turdb::catalog {

// Each gives nothing when there is no such object, or nothing to say about it. The snapshot must outlive it.
class ObjectDescriber {
 public:
  explicit ObjectDescriber(const Snapshot& snapshot) : snapshot_(snapshot) {}

  // With its schema when the name alone does not lead to it.
  std::optional<std::string> Name(int64_t id, std::span<const std::string> search_path) const;
  std::optional<std::string> Index(int64_t id, int64_t part) const;  // part 0: CREATE INDEX; else that part
  std::optional<std::string> Constraint(int64_t id) const;
  std::optional<std::string> View(int64_t id) const;
  std::optional<std::string> Comment(int64_t id, int64_t part) const;  // of a column: part counts from 1

 private:
  const Snapshot& snapshot_;
};

}  // namespace turdb::catalog

#endif  // TURDB_CATALOG_OBJECT_DESCRIBER_H_
