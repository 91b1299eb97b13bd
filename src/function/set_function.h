// Functions that give rows: what stands in FROM beside tables, and in the list of a SELECT. A function is resolved like a
// scalar one; a scan then gives the rows of one call.
#ifndef TURDB_FUNCTION_SET_FUNCTION_H_
#define TURDB_FUNCTION_SET_FUNCTION_H_

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "function/call.h"

namespace turdb::function {

struct BoundSetFunction;

struct SetColumn {
  std::string_view name;  // empty: named like the function, or its alias
  Type type;
};

// The rows of one call after the other. Not thread-safe.
class SetScan {
 public:
  virtual ~SetScan() = default;
  // Begins with new arguments, of the bound types, none NULL when the function is strict. `context` outlives the rows.
  virtual Status Start(std::span<const Value> arguments, CallContext& context) = 0;
  // The next row, one value a column; false behind the last one.
  virtual StatusOr<bool> Next(std::vector<Value>* row) = 0;
};

struct SetFunction {
  std::string_view name;
  std::vector<TypeId> arguments;  // as in signatures of scalar functions
  std::vector<SetColumn> columns;
  std::unique_ptr<SetScan> (*make)(const BoundSetFunction& bound);
  Status (*bind)(BoundSetFunction* bound, std::span<const Type> actual) = nullptr;  // refines types
  bool strict = true;                                                               // a NULL argument: no rows
};

struct BoundSetFunction {
  const SetFunction* function = nullptr;
  std::vector<Type> argument_types;
  std::vector<SetColumn> columns;
};

// Errors: 42883 no such function, 42725 ambiguous.
StatusOr<BoundSetFunction> ResolveSetFunction(std::string_view name, std::span<const Type> arguments);
bool IsSetFunction(std::string_view name);

void AddSeries(std::vector<SetFunction>& list);  // generate_series
void AddJsonSets(std::vector<SetFunction>& list);
void AddSqliteJsonSets(std::vector<SetFunction>& list);  // json_each, json_tree over text
void AddJsonPathSets(std::vector<SetFunction>& list);
void AddRegexSets(std::vector<SetFunction>& list);
void AddArraySets(std::vector<SetFunction>& list);

}  // namespace turdb::function

#endif  // TURDB_FUNCTION_SET_FUNCTION_H_
