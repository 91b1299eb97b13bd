// Prints expressions for plan_text.cc: columns by name where names are given, and as #number where not.
#ifndef TURDB_EXEC_EXPRESSION_PRINTER_H_
#define TURDB_EXEC_EXPRESSION_PRINTER_H_

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exec/plan.h"

namespace turdb::exec {

class ExpressionPrinter {
 public:
  ExpressionPrinter() = default;
  // By number of the column; an empty name is none.
  explicit ExpressionPrinter(std::vector<std::string> names) : by_name_(true), names_(std::move(names)) {}
  bool names_columns() const { return by_name_; }

  void Append(const Expression& expression, std::string* out) const;
  std::string Text(const Expression& expression) const {
    std::string out;
    Append(expression, &out);
    return out;
  }
  std::string List(Expressions expressions, std::string_view separator = ", ") const;
  std::string Sort(std::span<const SortKey> keys) const;
  std::string Column(int32_t number) const;

 private:
  void AppendCall(const Expression& call, std::string* out) const;
  void AppendCase(const Expression& expression, std::string* out) const;
  void AppendSubquery(const Expression& expression, std::string* out) const;

  bool by_name_ = false;
  std::vector<std::string> names_;
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_EXPRESSION_PRINTER_H_
