// Functions of the host: what a program that uses the database registers beside the built-in ones.
//
// This room knows a signature and how to run a batch; who the host is, and how it is called, is the business of whoever derives
// from the classes here (capi, from turdb.h). A call of one is a BoundCall or a BoundAggregate like any other, so planner and
// operators need not tell them apart. What is bound points to the function: whoever binds keeps it alive (Plan::Keep).
//
// An aggregate's state is the host's: the cell that the caller keeps is a pointer to a record in the arena, which gives the
// state back when the arena forgets it. So states never leave memory, whatever becomes of the groups around them.
#ifndef TURDB_FUNCTION_HOST_FUNCTION_H_
#define TURDB_FUNCTION_HOST_FUNCTION_H_

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "function/aggregate.h"
#include "function/registry.h"
#include "function/resolve.h"

namespace turdb::function {

struct HostSignature {
  std::string name;                             // as SQL finds it: lower case, unless it is always to be quoted
  std::vector<std::optional<Type>> parameters;  // nothing: an argument of any type, as it is
  bool variadic = false;                        // the last parameter repeats, any number of times
  Type result;                                  // of table functions nothing
  uint8_t flags = 0;                            // Flags

  // The same parameters: one of the two can be registered.
  bool SameParameters(const HostSignature& other) const { return variadic == other.variadic && parameters == other.parameters; }
  std::string ToString() const;  // name(integer, text...)
};

// Thread-safe when `flags` say that it may run anywhere; otherwise called on the thread that runs the statement only.
class HostScalar : public ScalarFunction {
 public:
  explicit HostScalar(HostSignature signature);
  HostScalar(const HostScalar&) = delete;
  HostScalar& operator=(const HostScalar&) = delete;
  virtual ~HostScalar() = default;
  const HostSignature& signature() const { return signature_; }
  // As a kernel: for call.rows, without those that call.valid leaves out.
  virtual void Run(Call& call) const = 0;

 private:
  const HostSignature signature_;
};

// Likewise.
class HostAggregate : public AggregateFunction {
 public:
  // `merges`: states can be put together, so parts of a frame can be kept, and of the input, where it may run anywhere.
  HostAggregate(HostSignature signature, bool merges);
  HostAggregate(const HostAggregate&) = delete;
  HostAggregate& operator=(const HostAggregate&) = delete;
  virtual ~HostAggregate() = default;
  const HostSignature& signature() const { return signature_; }

  virtual StatusOr<void*> Create() const = 0;
  virtual void Destroy(void* state) const = 0;
  // states[i] takes row rows[i]; none of them has a NULL argument when the function is strict.
  virtual Status Update(const BoundAggregate& bound, std::span<const VectorView> arguments, Rows rows,
                        void* const* states) const = 0;
  virtual Status Merge(void* into, void* from) const = 0;
  // result[offset + i] is made of states[i], which may go on afterwards.
  virtual Status Finish(const BoundAggregate& bound, void* const* states, uint32_t count, Vector* result,
                        uint32_t offset) const = 0;

 private:
  const HostSignature signature_;
};

// What is registered under a name, where statements are compiled. Immutable while one is.
class HostFunctions {
 public:
  virtual ~HostFunctions() = default;
  virtual std::span<const std::shared_ptr<const HostScalar>> ScalarsOf(std::string_view name) const = 0;
  virtual std::span<const std::shared_ptr<const HostAggregate>> AggregatesOf(std::string_view name) const = 0;
  // What makes the sort key, a blob, of a text; null: there is no such collation. `name` in any case of letters.
  virtual std::shared_ptr<const HostScalar> CollationOf(std::string_view name) const = 0;
};

// The overload for a call, by the rules for built-in functions. kNone: no overload takes these arguments.
Resolution ChooseHost(std::span<const HostSignature* const> overloads, std::span<const Type> arguments, size_t* chosen);
// What the caller casts arguments to.
std::vector<Type> ArgumentTypesOf(const HostSignature& signature, std::span<const Type> arguments);
BoundCall BindHost(const HostScalar& function, std::span<const Type> arguments);
BoundAggregate BindHost(const HostAggregate& function, std::span<const Type> arguments);

}  // namespace turdb::function

#endif  // TURDB_FUNCTION_HOST_FUNCTION_H_
