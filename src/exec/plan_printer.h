// Prints the nodes of a plan, a line each, for EXPLAIN: with the names of columns, which are worked out from the scans upward.
#ifndef TURDB_EXEC_PLAN_PRINTER_H_
#define TURDB_EXEC_PLAN_PRINTER_H_

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "exec/expression_printer.h"
#include "exec/plan.h"

namespace turdb::exec {

// For one plan, whose nodes outlive it. Not thread-safe.
class PlanPrinter {
 public:
  // Not by name: columns are numbers, as plans have them.
  explicit PlanPrinter(bool by_name) : by_name_(by_name) {}
  // Without indentation. A node before its inputs, so that scans of a common table are called by its name.
  std::string Headline(const Node& node);
  // What the node does beside its name.
  std::string DetailsOf(const Node& node);

  // A column of the table, or what stands for its row's key.
  static std::string TableColumn(const table::Table& table, int32_t column);
  static std::string CallText(const AggregateCall& call, const ExpressionPrinter& in);

 private:
  struct Cte {
    std::string_view name;
    const Node* definition = nullptr;
  };

  ExpressionPrinter Over(const Node& input);
  ExpressionPrinter OverBoth(const Node& left, const Node& right);
  ExpressionPrinter WithFound(const IndexJoinNode& join);
  // The row of a changing node, and its input behind it.
  ExpressionPrinter RowAndInput(const table::Table* table, const Node& input);
  const std::vector<std::string>& NamesOf(const Node& node);
  std::vector<std::string> MakeNames(const Node& node);
  static std::vector<std::string> TableNames(const table::Table* table, std::string_view name,
                                             std::span<const int32_t> columns);
  void NoteCte(const Node& node);

  const bool by_name_;
  std::map<int32_t, Cte> ctes_;
  std::unordered_map<const Node*, std::vector<std::string>> names_;  // of outputs
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_PLAN_PRINTER_H_
