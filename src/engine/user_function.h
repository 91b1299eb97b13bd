// What the host has registered on a connection: functions of all kinds and collations, by name.
#ifndef TURDB_ENGINE_USER_FUNCTION_H_
#define TURDB_ENGINE_USER_FUNCTION_H_

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/status.h"
#include "exec/table_function.h"
#include "function/host_function.h"
#include "sql/compile.h"

namespace turdb::engine {

// Not thread-safe: for the thread that is inside the connection. What is taken out of it lives on in the plans that name it.
class UserFunctions : public sql::HostObjects {
 public:
  // Takes the place of one with the same name and parameters. Errors: 42723, the name is that of another kind of function;
  // 42939, it is a name that plans give a meaning.
  base::Status Add(std::shared_ptr<const function::HostScalar> function);
  base::Status Add(std::shared_ptr<const function::HostAggregate> function);
  base::Status Add(std::shared_ptr<const exec::HostTable> function);
  // Takes the place of one with the same name. Error: 42710, the name is a built-in one's.
  base::Status AddCollation(std::shared_ptr<const function::HostScalar> sort_key);
  // All overloads, or those with these parameters. False: there is none.
  bool Remove(std::string_view name, const function::HostSignature* parameters);
  bool RemoveCollation(std::string_view name);
  void Clear();

  bool empty() const { return named_.empty() && collations_.empty(); }
  // Kinds are "scalar", "aggregate" and "table"; only those have columns, unless the arguments decide these.
  using Visit = absl::FunctionRef<base::Status(std::string_view kind, const function::HostSignature& signature,
                                               std::span<const exec::ExternalTable::Column> columns)>;
  base::Status ForEach(Visit visit) const;
  uint64_t epoch() const { return epoch_; }  // counts changes

  std::span<const std::shared_ptr<const function::HostScalar>> ScalarsOf(std::string_view name) const override;
  std::span<const std::shared_ptr<const function::HostAggregate>> AggregatesOf(std::string_view name) const override;
  std::span<const std::shared_ptr<const exec::HostTable>> TablesOf(std::string_view name) const override;
  std::shared_ptr<const function::HostScalar> CollationOf(std::string_view name) const override;

 private:
  // One kind has overloads, the others have none.
  struct Overloads {
    std::vector<std::shared_ptr<const function::HostScalar>> scalars;
    std::vector<std::shared_ptr<const function::HostAggregate>> aggregates;
    std::vector<std::shared_ptr<const exec::HostTable>> tables;
    bool empty() const { return scalars.empty() && aggregates.empty() && tables.empty(); }
  };
  const Overloads* Find(std::string_view name) const;
  template <typename Function>
  base::Status AddTo(std::vector<std::shared_ptr<const Function>> Overloads::*kind, std::shared_ptr<const Function> function);

  std::map<std::string, Overloads, std::less<>> named_;
  std::map<std::string, std::shared_ptr<const function::HostScalar>, std::less<>> collations_;  // by name in lower case
  uint64_t epoch_ = 0;
};

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_USER_FUNCTION_H_
