// What the columns of a node's output are called: those of tables by their names, computed ones by what computes them.
#include "absl/strings/str_cat.h"
#include "exec/plan_printer.h"
#include "exec/table_function.h"
#include "table/schema.h"
#include "table/table.h"

namespace turdb::exec {

using absl::StrAppend;
using absl::StrCat;

// A column of the table, or what stands for its row's key.
std::string PlanPrinter::TableColumn(const table::Table& table, int32_t column) {
  const std::vector<table::Column>& columns = table.schema().columns;
  if (column == table::kRowIdColumn) return "rowid";
  if (column == table::kRowKeyColumn) return "row key";
  return static_cast<size_t>(column) < columns.size() ? columns[static_cast<size_t>(column)].name : StrCat("#", column);
}

std::string PlanPrinter::CallText(const AggregateCall& call, const ExpressionPrinter& in) {
  std::string out = StrCat(call.function->function->name, "(", call.distinct ? "DISTINCT " : "",
                           call.arguments.empty() ? "*" : in.List(call.arguments));
  if (!call.order.empty()) StrAppend(&out, " ORDER BY ", in.Sort(call.order));
  out.append(")");
  if (call.filter != nullptr) StrAppend(&out, " FILTER (", in.Text(*call.filter), ")");
  return out;
}

namespace {

// Longer ones say less than the column's number.
constexpr size_t kLongestName = 48;

std::string Short(std::string text) { return text.size() <= kLongestName ? std::move(text) : std::string(); }

}  // namespace

ExpressionPrinter PlanPrinter::Over(const Node& input) {
  return by_name_ ? ExpressionPrinter(NamesOf(input)) : ExpressionPrinter();
}

ExpressionPrinter PlanPrinter::OverBoth(const Node& left, const Node& right) {
  if (!by_name_) return ExpressionPrinter();
  std::vector<std::string> names = NamesOf(left);
  const std::vector<std::string>& more = NamesOf(right);
  names.insert(names.end(), more.begin(), more.end());
  return ExpressionPrinter(std::move(names));
}

std::vector<std::string> PlanPrinter::TableNames(const table::Table* table, std::string_view name,
                                                 std::span<const int32_t> columns) {
  std::vector<std::string> names;
  for (const int32_t column : columns) {
    names.push_back(table == nullptr ? std::string() : StrCat(name, ".", TableColumn(*table, column)));
  }
  return names;
}

ExpressionPrinter PlanPrinter::WithFound(const IndexJoinNode& join) {
  if (!by_name_) return ExpressionPrinter();
  std::vector<std::string> names = NamesOf(*join.left);
  const std::vector<std::string> found = TableNames(join.table, join.name, join.columns);
  names.insert(names.end(), found.begin(), found.end());
  return ExpressionPrinter(std::move(names));
}

ExpressionPrinter PlanPrinter::RowAndInput(const table::Table* table, const Node& input) {
  if (!by_name_ || table == nullptr) return ExpressionPrinter();
  std::vector<std::string> names;
  for (const table::Column& column : table->schema().columns) names.push_back(column.name);
  const std::vector<std::string>& more = NamesOf(input);
  names.insert(names.end(), more.begin(), more.end());
  return ExpressionPrinter(std::move(names));
}

const std::vector<std::string>& PlanPrinter::NamesOf(const Node& node) {
  const auto [at, is_new] = names_.try_emplace(&node);
  if (!is_new) return at->second;
  std::vector<std::string> names = MakeNames(node);
  names.resize(node.types.size());
  return names_[&node] = std::move(names);
}

std::vector<std::string> PlanPrinter::MakeNames(const Node& node) {
  std::vector<std::string> names;
  const std::vector<const Node*> inputs = Inputs(node);
  switch (node.kind) {
    case NodeKind::kTableScan: {
      const auto& scan = static_cast<const TableScanNode&>(node);
      return TableNames(scan.table, scan.name, scan.columns);  // what is computed has no name
    }
    case NodeKind::kNearestScan:
      return NamesOf(*inputs[0]);
    case NodeKind::kIndexScan: {
      const auto& scan = static_cast<const IndexScanNode&>(node);
      return TableNames(scan.table, scan.name, scan.columns);
    }
    case NodeKind::kPointLookup: {
      const auto& lookup = static_cast<const PointLookupNode&>(node);
      return TableNames(lookup.table, lookup.name, lookup.columns);
    }
    case NodeKind::kCsvScan:
      for (const std::string_view name : static_cast<const CsvScanNode&>(node).column_names) names.emplace_back(name);
      return names;
    case NodeKind::kTableFunction:
      names.emplace_back(static_cast<const TableFunctionNode&>(node).function->name());
      return names;
    case NodeKind::kCteScan: {
      const auto known = ctes_.find(static_cast<const CteScanNode&>(node).cte);
      if (known == ctes_.end()) return names;
      for (const std::string& name : NamesOf(*known->second.definition)) {
        const size_t dot = name.rfind('.');
        names.push_back(name.empty() || name.find('(') != std::string::npos
                            ? std::string()
                            : StrCat(known->second.name, ".", dot == std::string::npos ? name : name.substr(dot + 1)));
      }
      return names;
    }
    case NodeKind::kFilter:
    case NodeKind::kLimit:
    case NodeKind::kDistinct:
    case NodeKind::kSort:
    case NodeKind::kTopN:
    case NodeKind::kLockRows:
    case NodeKind::kSetOperation:
      return NamesOf(*inputs[0]);
    case NodeKind::kCte:
    case NodeKind::kRecursiveCte:
      NoteCte(node);
      return NamesOf(*inputs.back());
    case NodeKind::kProject: {
      const ExpressionPrinter in = Over(*inputs[0]);
      for (const Expression* e : static_cast<const ProjectNode&>(node).expressions) names.push_back(Short(in.Text(*e)));
      return names;
    }
    case NodeKind::kExpand: {
      const auto& expand = static_cast<const ExpandNode&>(node);
      names = NamesOf(*inputs[0]);
      const ExpressionPrinter in = Over(*inputs[0]);
      for (const Expression* group : expand.groups) names.push_back(Short(in.Text(*group)));
      names.emplace_back("grouping set");
      return names;
    }
    case NodeKind::kAggregate: {
      const auto& aggregate = static_cast<const AggregateNode&>(node);
      const ExpressionPrinter in = Over(*inputs[0]);
      for (const Expression* group : aggregate.groups) names.push_back(Short(in.Text(*group)));
      for (const AggregateCall& call : aggregate.calls) names.push_back(Short(CallText(call, in)));
      return names;
    }
    case NodeKind::kWindow:
      return NamesOf(*inputs[0]);
    case NodeKind::kHashJoin:
    case NodeKind::kNestedLoopJoin:
    case NodeKind::kApply: {
      names = NamesOf(*inputs[0]);
      if (node.types.size() == inputs[0]->types.size()) return names;
      const std::vector<std::string>& more = NamesOf(*inputs[1]);
      names.insert(names.end(), more.begin(), more.end());
      return names;
    }
    case NodeKind::kIndexJoin: {
      const auto& join = static_cast<const IndexJoinNode&>(node);
      names = NamesOf(*join.left);
      if (node.types.size() == names.size()) return names;
      const std::vector<std::string> found = TableNames(join.table, join.name, join.columns);
      names.insert(names.end(), found.begin(), found.end());
      return names;
    }
    default:
      return names;
  }
}

// Scans of it, which print after it, are called by its name.
void PlanPrinter::NoteCte(const Node& node) {
  if (node.kind == NodeKind::kCte) {
    const auto& cte = static_cast<const CteNode&>(node);
    ctes_[cte.cte] = {cte.name, cte.definition};
  } else if (node.kind == NodeKind::kRecursiveCte) {
    const auto& cte = static_cast<const RecursiveCteNode&>(node);
    ctes_[cte.cte] = {cte.name, cte.initial};
  }
}

}  // namespace turdb::exec
