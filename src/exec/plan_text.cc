// How plans and expressions print. The text is what EXPLAIN shows and what tests compare: everything that changes
// what a node does is in its headline.
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "exec/plan_printer.h"
#include "exec/table_function.h"
#include "function/registry.h"
#include "table/schema.h"
#include "table/table.h"

namespace turdb::exec {
namespace {

using absl::StrAppend;
using absl::StrCat;

std::string_view JoinName(JoinType type) {
  switch (type) {
    case JoinType::kInner:
      return "inner";
    case JoinType::kLeft:
      return "left";
    case JoinType::kRight:
      return "right";
    case JoinType::kFull:
      return "full";
    case JoinType::kSemi:
      return "semi";
    case JoinType::kAnti:
      return "anti";
    case JoinType::kAntiNull:
      return "anti null-aware";
  }
  return "";
}

std::string RangeText(const KeyRange& range) {
  const ExpressionPrinter in;  // no column in it
  std::string out;
  if (!range.equal.empty()) StrAppend(&out, "= (", in.List(range.equal), ")");
  if (range.lower != nullptr) {
    StrAppend(&out, out.empty() ? "" : " and ", range.lower_inclusive ? ">= " : "> ", in.Text(*range.lower));
  }
  if (range.upper != nullptr) {
    StrAppend(&out, out.empty() ? "" : " and ", range.upper_inclusive ? "<= " : "< ", in.Text(*range.upper));
  }
  return out;
}

// " label: text", or nothing when the text is empty.
void Note(std::string* out, std::string_view label, const std::string& text) {
  if (!text.empty()) StrAppend(out, " ", label, ": ", text);
}

std::string Numbers(std::span<const int32_t> numbers) {
  std::string out;
  for (const int32_t number : numbers) StrAppend(&out, out.empty() ? "" : ",", number);
  return out;
}

void AppendLimit(const Expression* limit, const Expression* offset, std::string* out) {
  const ExpressionPrinter in;  // no column in it
  if (limit != nullptr) Note(out, "limit", in.Text(*limit));
  if (offset != nullptr) Note(out, "offset", in.Text(*offset));
}

void AppendLocks(const LockRowsNode& node, std::string* out) {
  static constexpr std::string_view kStrengths[] = {"KEY SHARE", "SHARE", "NO KEY UPDATE", "UPDATE"};
  static constexpr std::string_view kWaits[] = {"", " NOWAIT", " SKIP LOCKED"};
  for (const RowLock& lock : node.locks) {
    StrAppend(out, &lock == node.locks.data() ? " " : ", ", lock.name, " FOR ", kStrengths[static_cast<size_t>(lock.strength)],
              kWaits[static_cast<size_t>(lock.wait)]);
  }
  AppendLimit(node.limit, node.offset, out);
}

std::string AggregateText(const AggregateNode& node, const ExpressionPrinter& in) {
  std::string out = node.input_grouped ? " ordered" : "";
  Note(&out, "groups", in.List(node.groups));
  Note(&out, "always", Numbers(node.always));
  std::string calls;
  for (const AggregateCall& call : node.calls) StrAppend(&calls, calls.empty() ? "" : ", ", PlanPrinter::CallText(call, in));
  Note(&out, "calls", calls);
  return out;
}

std::string BoundText(FrameBound bound, const FrameOffset& offset) {
  const ExpressionPrinter in;  // no column in it
  switch (bound) {
    case FrameBound::kUnboundedPreceding:
      return "unbounded preceding";
    case FrameBound::kPreceding:
      return StrCat(in.Text(*offset.count), " preceding");
    case FrameBound::kCurrentRow:
      return "current row";
    case FrameBound::kFollowing:
      return StrCat(in.Text(*offset.count), " following");
    case FrameBound::kUnboundedFollowing:
      break;
  }
  return "unbounded following";
}

std::string FrameText(const WindowFrame& frame, const ExpressionPrinter& in) {
  constexpr std::string_view kExclusions[] = {"", " exclude current row", " exclude group", " exclude ties"};
  const std::string_view unit = frame.unit == FrameUnit::kRows    ? "rows "
                                : frame.unit == FrameUnit::kRange ? "range "
                                                                  : "groups ";
  std::string limits;
  for (const int32_t column : {frame.range_key, frame.start_offset.limit, frame.end_offset.limit}) {
    if (column >= 0) StrAppend(&limits, " ", in.Column(column));
  }
  return StrCat(unit, BoundText(frame.start, frame.start_offset), " to ", BoundText(frame.end, frame.end_offset),
                kExclusions[static_cast<size_t>(frame.exclusion)], limits.empty() ? "" : " by", limits);
}

std::string WindowOrderText(std::span<const WindowOrder> keys, const ExpressionPrinter& in) {
  std::string out;
  for (const WindowOrder& key : keys) {
    StrAppend(&out, out.empty() ? "" : ", ", in.Column(key.column), key.descending ? " desc" : "",
              key.nulls_first ? " nulls first" : "");
  }
  return out;
}

std::string WindowText(const WindowNode& node, const ExpressionPrinter& in) {
  using function::WindowKind;
  std::string out = node.sorted ? " sorted" : "";
  Note(&out, "partition", WindowOrderText(node.partition, in));
  Note(&out, "order", WindowOrderText(node.order, in));
  std::string calls;
  for (const WindowCall& call : node.calls) {
    std::string arguments;
    for (const int32_t column : call.arguments) StrAppend(&arguments, arguments.empty() ? "" : ", ", in.Column(column));
    const bool aggregate = call.kind == WindowKind::kAggregate;
    const bool framed = aggregate || call.kind == WindowKind::kFirstValue || call.kind == WindowKind::kLastValue ||
                        call.kind == WindowKind::kNthValue;
    StrAppend(&calls, calls.empty() ? "" : ", ", aggregate ? call.aggregate->function->name : function::NameOf(call.kind), "(",
              arguments, ")");
    if (call.ignore_nulls) StrAppend(&calls, " ignore nulls");
    if (call.filter >= 0) StrAppend(&calls, " filter ", in.Column(call.filter));
    if (framed) StrAppend(&calls, " ", FrameText(call.frame, in));
  }
  Note(&out, "calls", calls);
  return out;
}

std::string BindingsText(std::span<const SlotBinding> bindings, const ExpressionPrinter& in) {
  std::string out;
  for (const SlotBinding& binding : bindings) {
    StrAppend(&out, out.empty() ? "" : ", ", "@", binding.slot, " = ", in.Text(*binding.value));
  }
  return out;
}

std::string AssignmentsText(const table::Table* table, std::span<const Assignment> assignments, const ExpressionPrinter& in) {
  std::string out;
  for (const Assignment& assignment : assignments) {
    if (!out.empty()) out.append(", ");
    if (in.names_columns() && table != nullptr) {
      out.append(PlanPrinter::TableColumn(*table, assignment.column));
    } else {
      StrAppend(&out, assignment.column);
    }
    StrAppend(&out, " = ", in.Text(*assignment.value));
  }
  return out;
}

std::string ConstraintsText(std::span<const GeneratedColumn> generated, std::span<const CheckConstraint> checks,
                            const ExpressionPrinter& in) {
  std::string out;
  std::string text;
  for (const GeneratedColumn& column : generated) {
    StrAppend(&text, text.empty() ? "" : ", ", column.column, " = ", in.Text(*column.value));
  }
  Note(&out, "generated", text);
  text.clear();
  for (const CheckConstraint& check : checks) {
    StrAppend(&text, text.empty() ? "" : ", ", check.name, " ", in.Text(*check.condition));
  }
  Note(&out, "checks", text);
  return out;
}

std::string ForeignKeysText(ForeignKeyChecks checks, ReferencingKeys references) {
  std::string text;
  for (const ForeignKeyCheck* check : checks) StrAppend(&text, text.empty() ? "" : ", ", check->key->name);
  std::string out;
  Note(&out, "foreign keys", text);
  text.clear();
  for (const ReferencingKey* key : references) StrAppend(&text, text.empty() ? "" : ", ", key->key->name);
  Note(&out, "referenced by", text);
  return out;
}

std::string TriggersText(const NodeTriggers& triggers) {
  std::string text;
  for (const TriggerSet* set : {triggers.insert, triggers.update, triggers.remove}) {
    if (set == nullptr) continue;
    for (const Triggers some : {set->before_statement, set->before_row, set->after_row, set->after_statement}) {
      for (const Trigger* trigger : some) StrAppend(&text, text.empty() ? "" : ", ", trigger->name);
    }
  }
  std::string out;
  Note(&out, "triggers", text);
  return out;
}

std::string ConflictText(const table::Table* table, const OnConflict& conflict, const ExpressionPrinter& in) {
  std::string out;
  const std::string target = conflict.index == -2 ? "" : StrCat(" (", conflict.index, ")");
  switch (conflict.action) {
    case ConflictAction::kError:
      return out;
    case ConflictAction::kNothing:
      return StrCat(" on conflict", target, ": nothing");
    case ConflictAction::kReplace:
      return StrCat(" on conflict", target, ": replace");
    case ConflictAction::kUpdate:
      out = StrCat(" on conflict", target, ": ", AssignmentsText(table, conflict.assignments, in));
      if (conflict.where != nullptr) StrAppend(&out, " where ", in.Text(*conflict.where));
      return out;
  }
  return out;
}

std::string JoinText(const HashJoinNode& join, const ExpressionPrinter& left, const ExpressionPrinter& right,
                     const ExpressionPrinter& both) {
  std::string out = StrCat(" ", JoinName(join.type));
  std::string keys;
  for (size_t i = 0; i < join.left_keys.size(); ++i) {
    const bool null_equal = !join.null_equal.empty() && join.null_equal[i];
    StrAppend(&keys, keys.empty() ? "" : ", ", left.Text(*join.left_keys[i]), null_equal ? " is " : " = ",
              right.names_columns() ? "" : "right ", right.Text(*join.right_keys[i]));
  }
  Note(&out, "keys", keys);
  Note(&out, "condition", both.List(join.residual, " AND "));
  return out;
}

std::string ScanColumns(const table::Table* table, std::span<const int32_t> columns, bool by_name) {
  if (!by_name || table == nullptr) return StrCat(" columns: ", Numbers(columns));
  std::string out;
  for (const int32_t column : columns) StrAppend(&out, out.empty() ? "" : ", ", PlanPrinter::TableColumn(*table, column));
  return StrCat(" columns: ", out);
}

std::string IndexText(const table::Table* table, int32_t index, bool by_name) {
  if (!by_name || table == nullptr) return StrCat(" index: ", index);
  return StrCat(" index: ", table->schema().indexes[static_cast<size_t>(index)].name);
}

std::string Details(const TableScanNode& scan, const ExpressionPrinter& in) {
  std::string out = StrCat(" ", scan.name, ScanColumns(scan.table, scan.columns, in.names_columns()));
  Note(&out, "range", RangeText(scan.range));
  Note(&out, "leaf filter", in.List(scan.latch_filter, " AND "));
  Note(&out, "filter", in.List(scan.filter, " AND "));
  Note(&out, "computed in the leaf", in.List(scan.computed, ", "));
  Note(&out, "given", in.List(scan.given, ", "));
  if (scan.reverse) out.append(" reverse");
  return out;
}

std::string Details(const NearestScanNode& scan, const ExpressionPrinter& in) {
  std::string out = StrCat(" ", scan.exact->name, IndexText(scan.exact->table, scan.index, in.names_columns()));
  Note(&out, "near", in.List(std::span(&scan.query, 1), ", "));
  return out;
}

std::string Details(const IndexScanNode& scan, const ExpressionPrinter& in) {
  std::string out = StrCat(" ", scan.name, IndexText(scan.table, scan.index, in.names_columns()),
                           ScanColumns(scan.table, scan.columns, in.names_columns()));
  Note(&out, "range", RangeText(scan.range));
  Note(&out, "filter", in.List(scan.filter, " AND "));
  if (scan.index_only) out.append(" index-only");
  if (scan.reverse) out.append(" reverse");
  return out;
}

std::string Details(const PointLookupNode& lookup, const ExpressionPrinter& in) {
  std::string out = StrCat(" ", lookup.name);
  if (lookup.index >= 0) StrAppend(&out, IndexText(lookup.table, lookup.index, in.names_columns()));
  StrAppend(&out, ScanColumns(lookup.table, lookup.columns, in.names_columns()));
  Note(&out, "key", in.List(lookup.key));
  Note(&out, "filter", in.List(lookup.filter, " AND "));
  return out;
}

std::string Details(const IndexJoinNode& join, const ExpressionPrinter& left, const ExpressionPrinter& both) {
  std::string out = StrCat(" ", JoinName(join.type), " ", join.name);
  if (join.index >= 0) StrAppend(&out, IndexText(join.table, join.index, left.names_columns()));
  StrAppend(&out, ScanColumns(join.table, join.columns, left.names_columns()));
  Note(&out, "key", left.List(join.keys));
  Note(&out, "condition", both.List(join.residual, " AND "));
  if (join.index_only) out.append(" index-only");
  return out;
}

std::string Details(const ValuesNode& values, const ExpressionPrinter& in) {
  std::string out;
  for (const Expressions row : values.rows) StrAppend(&out, out.empty() ? "" : ", ", "(", in.List(row), ")");
  return StrCat(" ", values.rows.size(), " rows: ", out);
}

std::string Details(const InsertNode& insert, const ExpressionPrinter& row) {
  std::string out = StrCat(" ", insert.name);
  out += ConstraintsText(insert.generated, insert.checks, row) + ConflictText(insert.table, insert.on_conflict, row);
  out += ForeignKeysText(insert.foreign_keys, insert.references) + TriggersText(insert.triggers);
  Note(&out, "returning", row.List(insert.returning));
  return out;
}

std::string Details(const UpdateNode& update, const ExpressionPrinter& in, const ExpressionPrinter& row) {
  std::string out = StrCat(" ", update.name);
  Note(&out, "set", AssignmentsText(update.table, update.assignments, in));
  out += ConstraintsText(update.generated, update.checks, row);
  out += ForeignKeysText(update.foreign_keys, update.references) + TriggersText(update.triggers);
  Note(&out, "returning", row.List(update.returning));
  return out;
}

std::string Details(const MergeNode& merge, const ExpressionPrinter& in) {
  static constexpr std::string_view kMatches[] = {"matched", "not matched", "not matched by source"};
  std::string out = StrCat(" ", merge.name);
  for (const MergeAction& action : merge.actions) {
    std::string what = "nothing";
    if (action.action == MergeActionKind::kInsert) what = StrCat("insert (", in.List(action.values), ")");
    if (action.action == MergeActionKind::kUpdate)
      what = StrCat("update ", AssignmentsText(merge.table, action.assignments, in));
    if (action.action == MergeActionKind::kDelete) what = "delete";
    const std::string conditions = in.List(action.conjuncts);
    Note(&out, StrCat("when ", kMatches[static_cast<size_t>(action.match)], conditions.empty() ? "" : " and ", conditions),
         what);
  }
  out += ConstraintsText(merge.generated, merge.checks, in);
  std::vector<const ReferencingKey*> references = ReferencesOf(merge);
  out += ForeignKeysText(merge.foreign_keys, references) + TriggersText(merge.triggers);
  Note(&out, "returning", in.List(merge.returning));
  return out;
}

std::string Details(const SetOperationNode& node) {
  const std::string_view name = node.operation == SetOperation::kUnion       ? "union"
                                : node.operation == SetOperation::kIntersect ? "intersect"
                                                                             : "except";
  return StrCat(" ", name, node.all ? " all" : "");
}

}  // namespace

std::string_view NodeName(NodeKind kind) {
  switch (kind) {
    case NodeKind::kSingleRow:
      return "SingleRow";
    case NodeKind::kValues:
      return "Values";
    case NodeKind::kTableScan:
      return "TableScan";
    case NodeKind::kIndexScan:
      return "IndexScan";
    case NodeKind::kPointLookup:
      return "PointLookup";
    case NodeKind::kNearestScan:
      return "NearestScan";
    case NodeKind::kTableFunction:
      return "TableFunction";
    case NodeKind::kCsvScan:
      return "CsvScan";
    case NodeKind::kCteScan:
      return "CteScan";
    case NodeKind::kFilter:
      return "Filter";
    case NodeKind::kProject:
      return "Project";
    case NodeKind::kLimit:
      return "Limit";
    case NodeKind::kCopyTo:
      return "CopyTo";
    case NodeKind::kExpand:
      return "Expand";
    case NodeKind::kLockRows:
      return "LockRows";
    case NodeKind::kDistinct:
      return "Distinct";
    case NodeKind::kSort:
      return "Sort";
    case NodeKind::kTopN:
      return "TopN";
    case NodeKind::kAggregate:
      return "Aggregate";
    case NodeKind::kWindow:
      return "Window";
    case NodeKind::kSetOperation:
      return "SetOperation";
    case NodeKind::kCte:
      return "Cte";
    case NodeKind::kRecursiveCte:
      return "RecursiveCte";
    case NodeKind::kHashJoin:
      return "HashJoin";
    case NodeKind::kNestedLoopJoin:
      return "NestedLoopJoin";
    case NodeKind::kIndexJoin:
      return "IndexJoin";
    case NodeKind::kApply:
      return "Apply";
    case NodeKind::kInsert:
      return "Insert";
    case NodeKind::kUpdate:
      return "Update";
    case NodeKind::kDelete:
      return "Delete";
    case NodeKind::kMerge:
      return "Merge";
    case NodeKind::kInsteadOf:
      return "InsteadOf";
    case NodeKind::kExplain:
      return "Explain";
  }
  return "";
}

namespace {

std::string CsvText(const CsvScanNode& scan) {
  std::string out = StrCat(" ", absl::StrJoin(scan.paths, ", "), " delimiter: ", std::string_view(&scan.options.delimiter, 1));
  if (scan.options.header) out.append(" header");
  if (scan.options.max_rejected_rows > 0) StrAppend(&out, " rejected rows up to: ", scan.options.max_rejected_rows);
  return out;
}

}  // namespace

std::string PlanPrinter::DetailsOf(const Node& node) {
  std::string out;
  const std::vector<const Node*> inputs = Inputs(node);
  const ExpressionPrinter in = inputs.empty() ? Over(node) : Over(*inputs[0]);
  switch (node.kind) {
    case NodeKind::kSingleRow:
      break;
    case NodeKind::kValues:
      return Details(static_cast<const ValuesNode&>(node), in);
    case NodeKind::kTableScan:
      return Details(static_cast<const TableScanNode&>(node), in);
    case NodeKind::kIndexScan:
      return Details(static_cast<const IndexScanNode&>(node), in);
    case NodeKind::kPointLookup:
      return Details(static_cast<const PointLookupNode&>(node), in);
    case NodeKind::kNearestScan:
      return Details(static_cast<const NearestScanNode&>(node), in);
    case NodeKind::kTableFunction: {
      const auto& scan = static_cast<const TableFunctionNode&>(node);
      return StrCat(" ", scan.function->name(), "(", in.List(scan.arguments), ")");
    }
    case NodeKind::kCsvScan:
      return CsvText(static_cast<const CsvScanNode&>(node));
    case NodeKind::kCteScan: {
      const int32_t cte = static_cast<const CteScanNode&>(node).cte;
      const auto known = ctes_.find(cte);
      return known == ctes_.end() || !by_name_ ? StrCat(" ", cte) : StrCat(" ", known->second.name);
    }
    case NodeKind::kFilter:
      return StrCat(" ", in.List(static_cast<const FilterNode&>(node).conjuncts, " AND "));
    case NodeKind::kProject:
      return StrCat(" ", in.List(static_cast<const ProjectNode&>(node).expressions));
    case NodeKind::kExpand:
      Note(&out, "groups", in.List(static_cast<const ExpandNode&>(node).groups));
      StrAppend(&out, " sets:");
      for (const std::span<const int32_t> set : static_cast<const ExpandNode&>(node).sets)
        StrAppend(&out, " (", Numbers(set), ")");
      break;
    case NodeKind::kLockRows:
      AppendLocks(static_cast<const LockRowsNode&>(node), &out);
      break;
    case NodeKind::kCopyTo:
      return StrCat(" ", static_cast<const CopyToNode&>(node).path);
    case NodeKind::kLimit:
      AppendLimit(static_cast<const LimitNode&>(node).limit, static_cast<const LimitNode&>(node).offset, &out);
      Note(&out, "with ties of", in.List(static_cast<const LimitNode&>(node).ties));
      break;
    case NodeKind::kDistinct:
      Note(&out, "on", in.List(static_cast<const DistinctNode&>(node).on));
      break;
    case NodeKind::kSort:
      return StrCat(" ", in.Sort(static_cast<const SortNode&>(node).keys));
    case NodeKind::kTopN: {
      const auto& top = static_cast<const TopNNode&>(node);
      out = StrCat(" ", in.Sort(top.keys));
      AppendLimit(top.limit, top.offset, &out);
      break;
    }
    case NodeKind::kAggregate:
      return AggregateText(static_cast<const AggregateNode&>(node), in);
    case NodeKind::kWindow:
      return WindowText(static_cast<const WindowNode&>(node), in);
    case NodeKind::kSetOperation:
      return Details(static_cast<const SetOperationNode&>(node));
    case NodeKind::kCte:
      return StrCat(" ", static_cast<const CteNode&>(node).cte, " ", static_cast<const CteNode&>(node).name);
    case NodeKind::kRecursiveCte: {
      const auto& cte = static_cast<const RecursiveCteNode&>(node);
      return StrCat(" ", cte.cte, " ", cte.name, cte.distinct ? " distinct" : "");
    }
    case NodeKind::kHashJoin:
      return JoinText(static_cast<const HashJoinNode&>(node), in, Over(*inputs[1]), OverBoth(*inputs[0], *inputs[1]));
    case NodeKind::kNestedLoopJoin: {
      const auto& join = static_cast<const NestedLoopJoinNode&>(node);
      out = StrCat(" ", JoinName(join.type));
      Note(&out, "condition", OverBoth(*inputs[0], *inputs[1]).List(join.conjuncts, " AND "));
      break;
    }
    case NodeKind::kIndexJoin:
      return Details(static_cast<const IndexJoinNode&>(node), in, WithFound(static_cast<const IndexJoinNode&>(node)));
    case NodeKind::kApply: {
      const auto& apply = static_cast<const ApplyNode&>(node);
      out = StrCat(" ", JoinName(apply.type));
      Note(&out, "slots", BindingsText(apply.bindings, in));
      Note(&out, "condition", OverBoth(*inputs[0], *inputs[1]).List(apply.conjuncts, " AND "));
      break;
    }
    case NodeKind::kInsert:
      return Details(static_cast<const InsertNode&>(node), RowAndInput(static_cast<const InsertNode&>(node).table, *inputs[0]));
    case NodeKind::kUpdate:
      return Details(static_cast<const UpdateNode&>(node), in,
                     RowAndInput(static_cast<const UpdateNode&>(node).table, *inputs[0]));
    case NodeKind::kDelete:
      out = StrCat(" ", static_cast<const DeleteNode&>(node).name);
      out += ForeignKeysText({}, static_cast<const DeleteNode&>(node).references) + TriggersText(TriggersOf(node));
      Note(&out, "returning",
           RowAndInput(static_cast<const DeleteNode&>(node).table, *inputs[0])
               .List(static_cast<const DeleteNode&>(node).returning));
      break;
    case NodeKind::kMerge:
      return Details(static_cast<const MergeNode&>(node), in);
    case NodeKind::kInsteadOf:
      out = StrCat(" ", static_cast<const InsteadOfNode&>(node).name, TriggersText(TriggersOf(node)));
      Note(&out, "returning", in.List(static_cast<const InsteadOfNode&>(node).returning));
      break;
    case NodeKind::kExplain:
      return static_cast<const ExplainNode&>(node).analyze ? " analyze" : "";
  }
  return out;
}

std::string PlanPrinter::Headline(const Node& node) {
  NoteCte(node);
  return StrCat(NodeName(node.kind), DetailsOf(node));
}

namespace {

void AppendTree(const Node& node, int depth, bool verbose, std::string* out) {
  StrAppend(out, std::string(static_cast<size_t>(depth) * 2, ' '), Headline(node));
  if (verbose) {
    out->append(" ->");
    for (const vec::Type& type : node.types) StrAppend(out, " ", type.ToString(), ",");
    if (node.estimated_rows >= 0) StrAppend(out, " estimated rows: ", node.estimated_rows);
    if (!node.reason.empty()) StrAppend(out, " by: ", node.reason);
  }
  out->append("\n");
  ForEachExpression(node, [&](const Expression& expression) {
    if (expression.subquery == nullptr) return;
    StrAppend(out, std::string(static_cast<size_t>(depth) * 2 + 2, ' '), "Subquery\n");
    AppendTree(*expression.subquery->plan, depth + 2, verbose, out);
  });
  for (const Node* input : Inputs(node)) AppendTree(*input, depth + 1, verbose, out);
}

}  // namespace

std::string Headline(const Node& node) { return PlanPrinter(false).Headline(node); }

std::string ToText(const Node& node, bool verbose) {
  std::string out;
  AppendTree(node, 0, verbose, &out);
  return out;
}

bool Equal(const Node& a, const Node& b) { return ToText(a, true) == ToText(b, true); }

}  // namespace turdb::exec
