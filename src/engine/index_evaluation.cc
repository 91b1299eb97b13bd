#include "engine/index_evaluation.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/database.h"
#include "sql/compile.h"

namespace turdb::engine {

base::StatusOr<std::unique_ptr<IndexEvaluation>> IndexEvaluation::Create(Database& database,
                                                                         std::shared_ptr<const catalog::Snapshot> catalog,
                                                                         const table::TableSchema& schema) {
  std::unique_ptr<IndexEvaluation> evaluation(new IndexEvaluation());
  evaluation->call_.budget = &database.budget();
  evaluation->context_.call = &evaluation->call_;
  evaluation->context_.environment = &database.environment();
  evaluation->types_ = std::make_unique<catalog::SnapshotTypes>(catalog);
  evaluation->call_.text.types = evaluation->types_.get();
  sql::CompileContext context;
  context.catalog = std::move(catalog);
  static const std::vector<std::string>* const kPath = new std::vector<std::string>{std::string(catalog::kDefaultSchema)};
  context.search_path = *kPath;  // of types
  context.text = &evaluation->call_.text;
  context.budget = &database.budget();
  auto compiled = sql::CompileIndexExpressions(context, schema);
  if (!compiled.ok()) {
    return base::WithFrame(compiled.status(), absl::StrCat("reading the indexes of ", schema.qualified_name()));
  }
  if (compiled->expressions.empty()) return evaluation;
  TURDB_ASSIGN_OR_RETURN(
      evaluation->evaluator_,
      exec::StandaloneIndexEvaluator::Create(compiled->plan, compiled->expressions, evaluation->context_, &database.budget()));
  return evaluation;
}

}  // namespace turdb::engine
