// Saving what can be read of a damaged database.
#ifndef TURDB_ENGINE_RECOVER_H_
#define TURDB_ENGINE_RECOVER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "base/status.h"
#include "os/environment.h"

namespace turdb::engine {

struct RecoverReport {
  int64_t tables = 0;    // made
  int64_t rows = 0;      // saved
  int64_t problems = 0;  // told
};

// Makes a new database in the directory `to`, which must not exist or be empty, of what can be read of the one in `from`, and
// tells `visit` of all that could not be saved. `from` is only read: a copy is salvaged, beside `to`, in "<to>.salvage", which
// goes afterwards. What was committed and is intact is there; where the log is damaged, changes of transactions that had not
// committed may be, too. Errors: 58P02 when something is in `to`; 55000 while another process has `from` open; what the file
// systems says; corruption when not even the catalog can be read. Then nothing is left in `to`.
base::StatusOr<RecoverReport> Recover(const os::Environment& environment, const std::string& from, const std::string& to,
                                      absl::FunctionRef<void(std::string_view problem)> visit);

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_RECOVER_H_
