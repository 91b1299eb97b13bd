// Tables that are computed: generate_series, system views, whatever the engine offers in FROM.
#ifndef TURDB_EXEC_TABLE_FUNCTION_H_
#define TURDB_EXEC_TABLE_FUNCTION_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "exec/runtime.h"
#include "vec/chunk.h"
#include "vec/value.h"

namespace turdb::function {
struct BoundSetFunction;
struct HostSignature;
}  // namespace turdb::function

namespace turdb::exec {

// One scan. Not thread-safe.
class TableFunctionScan {
 public:
  virtual ~TableFunctionScan() = default;
  // Before the first Start, of functions that choose columns: chunks have only these, in this order.
  virtual void Choose(std::span<const int32_t>) {}
  // Rewinds. The arguments are of the types that the plan gave.
  virtual base::Status Start(Runtime& runtime, std::span<const vec::Value> arguments) = 0;
  // Fills `out`, which arrives reset, with up to max_rows rows; none: the end.
  virtual base::Status Next(Runtime& runtime, uint32_t max_rows, vec::Chunk* out) = 0;
};

// Immutable and thread-safe; outlives the plans that name it (Plan::Keep).
class TableFunction {
 public:
  virtual ~TableFunction() = default;
  virtual std::string_view name() const = 0;
  virtual std::unique_ptr<TableFunctionScan> NewScan() const = 0;
  // Whether reading fewer columns is worth saying.
  virtual bool chooses_columns() const { return false; }
};

// One that brings its columns along: what the session names in FROM and no catalog knows.
class ExternalTable : public TableFunction {
 public:
  struct Column {
    std::string name;
    vec::Type type;
  };
  virtual std::span<const Column> columns() const = 0;
};

// A table function that the host has registered. Its scans take the arguments that the signature says.
class HostTable : public TableFunction {
 public:
  virtual const function::HostSignature& signature() const = 0;
  // None: the arguments decide, and Open has to be asked.
  virtual std::span<const ExternalTable::Column> columns() const = 0;
  // The rows for these arguments, which may be read again and again.
  virtual base::StatusOr<std::shared_ptr<const ExternalTable>> Open(std::span<const vec::Value> arguments) const = 0;
};

// generate_series(start, stop[, step]) over integer, bigint, and timestamps with an interval step. The output has the
// type of `start`; all three arguments are given (the binder adds a step of 1). NULL arguments give no rows; a step of
// zero is 22023. Null for other types.
const TableFunction* GenerateSeries(const vec::Type& type);

// One or more functions side by side, as ROWS FROM has them: the arguments of the first, then those of the second, and so
// on; their columns in the same order, then, with `ordinality`, the number of the row. What ends early gives NULLs.
std::shared_ptr<const TableFunction> MakeSetTable(std::vector<function::BoundSetFunction> functions, bool ordinality);
// Some columns of another one that chooses its columns and outlives it.
std::shared_ptr<const TableFunction> MakeChosenColumns(const TableFunction& table, std::vector<int32_t> columns);
// The rows of another one, which has columns of these types, and behind them the number of the row, a bigint.
std::shared_ptr<const TableFunction> MakeNumberedTable(std::shared_ptr<const TableFunction> table,
                                                       std::vector<vec::Type> types);

}  // namespace turdb::exec

#endif  // TURDB_EXEC_TABLE_FUNCTION_H_
