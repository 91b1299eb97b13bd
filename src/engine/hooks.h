// What the host wants to be told of, or asked about, while a connection works. All of it is called on the thread that is inside
// the connection, with no latch held, and may not use the connection.
#ifndef TURDB_ENGINE_HOOKS_H_
#define TURDB_ENGINE_HOOKS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/status.h"
#include "exec/change_observer.h"
#include "sql/compile.h"

namespace turdb::engine {

class Statement;

// A statement of the caller's begins or ends; those that it runs inside are parts of it.
struct TraceEvent {
  bool begins = false;
  const Statement* statement = nullptr;
  uint64_t execution = 0;  // its number (interrupt.h)
  // At the end.
  const base::Status* status = nullptr;
  int64_t nanos = 0;  // in its steps
  int64_t rows = 0;   // that it gave
  int64_t changes = 0;
};

// Of statements of one session. Each can be made smaller, and as large again as it was at first.
struct SessionLimits {
  sql::StatementLimits statement;
  int32_t trigger_depth = 100;
  int64_t value_bytes = base::kMaxStringBytes;  // of a bound value
};

// Empty functions: nobody wants to know.
struct Hooks {
  std::function<bool()> commit;  // of a transaction that changed something; true: it is rolled back
  std::function<void()> rollback;
  std::function<bool(const exec::RowChanges&)> change;  // true: the statement fails
  std::function<void(const TraceEvent&)> trace;
  std::function<sql::AccessAnswer(const sql::AccessRequest&)> authorize;
};

// What EXPLAIN ANALYZE would say of a run.
struct ProfileOptions {
  bool json = false;
  bool verbose = false;
};

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_HOOKS_H_
