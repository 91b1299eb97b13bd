// The short path: statements about one row, by its key, without operators.
//
// A plan takes it when its root is one of
//   PointLookup without a filter, whose key is constants and parameters
//   Insert of one row of constants and parameters, without RETURNING, checks, generated columns, ON CONFLICT; foreign keys
//     whose values are looked up as they were given may be there
//   Update of constants and parameters, or Delete, over such a lookup, without RETURNING, checks, generated columns, and
//     without foreign keys that the change concerns
// and when no index of a written table needs an evaluator. Running it binds cells (pointers at the bound values),
// encodes the key and makes one call to the table. Nothing is allocated once buffers have grown.
#ifndef TURDB_EXEC_POINT_H_
#define TURDB_EXEC_POINT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/status.h"
#include "exec/execution_context.h"
#include "exec/plan.h"
#include "table/table.h"
#include "vec/string_view.h"

namespace turdb::exec {

bool TakesShortPath(const Node& root);

// Not thread-safe. Run as often as wanted.
class PointExecution {
 public:
  // Null when the plan does not take the short path.
  static std::unique_ptr<PointExecution> Create(std::shared_ptr<const Plan> plan);

  // Runs the whole statement. True: it is a select and there is a row, whose values are cells(). Errors as
  // Execution::Start and Next have them.
  base::StatusOr<bool> Run(const ExecutionContext& context);
  // Of the row that Run found: a value as it lies in a vector, null for NULL. Valid until the next Run.
  std::span<const table::Cell> cells() const { return cells_; }
  int64_t changed_rows() const { return changed_rows_; }
  int64_t last_insert_id() const { return last_insert_id_; }

 private:
  // A constant, a parameter or a number of a sequence, turned into a cell.
  struct Operand {
    const Expression* expression;
    vec::PhysicalType physical;  // of the expression's type
    vec::TypeId id;
    int32_t parameter;  // -1: a constant
    vec::StringView text;
    std::string any;       // of an operand of type ANY: the value with its type
    int64_t sequence = 0;  // not 0: the next number of it
    alignas(8) std::byte number[8];
  };
  PointExecution(std::shared_ptr<const Plan> plan, const table::Table& table);
  void AddOperands(Expressions expressions, std::vector<Operand>* operands);
  static base::Status BindError(const ExecutionContext& context, const Operand& operand);
  static base::Status Draw(const ExecutionContext& context, Operand& operand);
  static base::Status Bind(const ExecutionContext& context, std::vector<Operand>& operands, table::Cell* cells);
  // The row key of the lookup. False: no such row.
  base::StatusOr<bool> FindRowKey(const ExecutionContext& context);
  base::StatusOr<bool> RunInsert(const ExecutionContext& context);
  base::StatusOr<bool> RunUpdate(const ExecutionContext& context);
  // Of the row just inserted.
  base::Status CheckForeignKeys(const ExecutionContext& context);

  std::shared_ptr<const Plan> plan_;
  const table::Table& table_;
  const NodeKind kind_;
  const PointLookupNode* lookup_ = nullptr;
  std::vector<Operand> key_;
  std::vector<table::Cell> key_cells_;
  table::KeyBuffer row_key_;
  table::KeyBuffer index_key_;
  // Select.
  std::optional<table::Projection> projection_;
  table::RowBuffer row_;
  std::vector<table::Cell> cells_;
  // Changes.
  std::vector<Operand> values_;
  std::vector<table::Cell> value_cells_;
  std::vector<int32_t> value_columns_;
  std::optional<table::WriteScratch> scratch_;
  ForeignKeyChecks foreign_keys_;
  int64_t changed_rows_ = 0;
  int64_t last_insert_id_ = 0;
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_POINT_H_
