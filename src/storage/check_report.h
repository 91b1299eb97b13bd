// What `turdb check` found. Each line names file, page and cause.
#ifndef TURDB_STORAGE_CHECK_REPORT_H_
#define TURDB_STORAGE_CHECK_REPORT_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace turdb::storage {

// Not thread-safe.
struct CheckReport {
  std::vector<std::string> problems;  // empty: all is well
  uint64_t pages_checked = 0;

  void Add(std::string problem) { problems.push_back(std::move(problem)); }
  bool ok() const { return problems.empty(); }
};

}  // namespace turdb::storage

#endif  // TURDB_STORAGE_CHECK_REPORT_H_
