// How the files of this room hand their functions to the registry.
#ifndef TURDB_FUNCTION_BUILTINS_H_
#define TURDB_FUNCTION_BUILTINS_H_

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "function/registry.h"

namespace turdb::function {

using BindFunction = Status (*)(BoundCall*, std::span<const Type>);

// Filled once, when the registry is first used; constant from then on.
class FunctionList {
 public:
  // `flags` gets kStrict added unless kNotStrict is among them.
  ScalarFunction& Add(std::string_view name, std::vector<TypeId> arguments, TypeId result, int flags, Kernel kernel,
                      BindFunction bind = nullptr) {
    const bool strict = (flags & kNotStrict) == 0;
    functions_.push_back({name, std::move(arguments), result, static_cast<uint8_t>((flags & 0xff) | (strict ? kStrict : 0)),
                          kernel, bind, false});
    return functions_.back();
  }
  ScalarFunction& AddVariadic(std::string_view name, std::vector<TypeId> arguments, TypeId result, int flags, Kernel kernel,
                              BindFunction bind = nullptr) {
    ScalarFunction& function = Add(name, std::move(arguments), result, flags, kernel, bind);
    function.variadic = true;
    return function;
  }
  // One that compares its arguments through their types, and so in whatever collation.
  void AddComparing(std::string_view name, std::vector<TypeId> arguments, TypeId result, int flags, Kernel kernel,
                    BindFunction bind = nullptr) {
    Add(name, std::move(arguments), result, flags, kernel, bind).collated = kernel;
  }
  static constexpr int kNotStrict = 0x100;
  std::vector<ScalarFunction>& functions() { return functions_; }

 private:
  std::vector<ScalarFunction> functions_;
};

void AddArithmetic(FunctionList& list);
void AddBitwise(FunctionList& list);
void AddComparisons(FunctionList& list);
void AddDecimals(FunctionList& list);
void AddMath(FunctionList& list);
void AddNumericMath(FunctionList& list);
void AddStrings(FunctionList& list);
void AddEncodings(FunctionList& list);
void AddPatterns(FunctionList& list);
void AddDatetime(FunctionList& list);
void AddDatetimeFormat(FunctionList& list);
void AddDatetimeParsing(FunctionList& list);  // to_date, to_timestamp by a template
void AddNumberFormat(FunctionList& list);     // to_char of numbers, to_number
void AddMiscellany(FunctionList& list);
void AddJsonReading(FunctionList& list);   // -> ->> #> #>> ? @> ...
void AddJsonChanges(FunctionList& list);   // || - #- jsonb_set ...
void AddJsonBuilding(FunctionList& list);  // to_json, json_build_object ...
void AddJsonPaths(FunctionList& list);     // jsonb_path_query ..., @? @@
void AddSqliteJson(FunctionList& list);    // json_extract, json_set ...
void AddRegularExpressions(FunctionList& list);
void AddArrays(FunctionList& list);
void AddArrayComparisons(FunctionList& list);  // = < ..., x = ANY (array)
void AddMaps(FunctionList& list);
void AddNetworks(FunctionList& list);
void AddBits(FunctionList& list);
void AddRanges(FunctionList& list);
void AddVectors(FunctionList& list);
// Both arguments become vectors of one kind, float32 where theirs differ; an untyped literal, or an array, is of the other's.
Status BindVectors(BoundCall* call, std::span<const Type> actual);
void AddSequenceFunctions(FunctionList& list);
void AddRaise(FunctionList& list);
void AddCatalogFunctions(FunctionList& list);
void AddPredicates(FunctionList& list);  // IS JSON, OVERLAPS, TABLESAMPLE

// decimal(p,s) that holds every value of an integer or decimal type exactly; nullopt for other types.
std::optional<Type> AsDecimal(Type type);

}  // namespace turdb::function

#endif  // TURDB_FUNCTION_BUILTINS_H_
