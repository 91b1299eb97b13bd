// The evaluator of a table's index expressions with all that it needs around it, for CREATE INDEX and the check.
#ifndef TURDB_ENGINE_INDEX_EVALUATION_H_
#define TURDB_ENGINE_INDEX_EVALUATION_H_

#include <memory>

#include "base/status.h"
#include "catalog/catalog.h"
#include "catalog/types.h"
#include "exec/execution_context.h"
#include "exec/index_evaluator.h"
#include "function/call.h"
#include "table/schema.h"

namespace turdb::engine {

class Database;

// Not thread-safe; the database outlives it. Index expressions are immutable, so no session's settings matter.
class IndexEvaluation {
 public:
  static base::StatusOr<std::unique_ptr<IndexEvaluation>> Create(Database& database,
                                                                 std::shared_ptr<const catalog::Snapshot> catalog,
                                                                 const table::TableSchema& schema);
  // Null when no index of the table needs one.
  table::IndexEvaluator* evaluator() { return evaluator_.get(); }

 private:
  IndexEvaluation() = default;

  std::unique_ptr<catalog::SnapshotTypes> types_;
  function::CallContext call_;
  exec::ExecutionContext context_;
  std::unique_ptr<exec::StandaloneIndexEvaluator> evaluator_;
};

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_INDEX_EVALUATION_H_
