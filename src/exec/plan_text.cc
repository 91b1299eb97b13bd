// How plans and expressions print. The text is what EXPLAIN shows and what tests compare: everything that changes
// what a node does is in its headline.
#include <string>

#include "absl/strings/str_cat.h"
#include "exec/expression.h"
#include "exec/plan.h"
#include "exec/table_function.h"
#include "function/registry.h"
#include "table/schema.h"

namespace turdb::exec {
namespace {

using absl::StrAppend;
using absl::StrCat;

bool IsOperatorName(std::string_view name) { return name.find_first_not_of("+-*/<>=~!@#%^&|`?") == std::string_view::npos; }

std::string List(Expressions expressions, std::string_view separator = ", ") {
  std::string out;
  for (const Expression* expression : expressions) {
    if (!out.empty()) out.append(separator);
    AppendText(*expression, &out);
  }
  return out;
}

void AppendCall(const Expression& call, std::string* out) {
  const std::string_view name = call.call->function->name;
  if (IsOperatorName(name) && call.arguments.size() == 2) {
    StrAppend(out, "(", ToText(*call.arguments[0]), " ", name, " ", ToText(*call.arguments[1]), ")");
  } else {
    StrAppend(out, name, "(", List(call.arguments), ")");
  }
}

void AppendCase(const Expression& expression, std::string* out) {
  out->append("CASE");
  const Expressions arguments = expression.arguments;
  for (size_t i = 0; i + 1 < arguments.size(); i += 2) {
    StrAppend(out, " WHEN ", ToText(*arguments[i]), " THEN ", ToText(*arguments[i + 1]));
  }
  StrAppend(out, " ELSE ", ToText(*arguments.back()), " END");
}

void AppendSubquery(const Expression& expression, std::string* out) {
  if (expression.subquery == nullptr) {  // not planned yet: its number tells it from others
    StrAppend(out, "(subquery #", expression.index);
    for (const Expression* argument : expression.arguments) StrAppend(out, " ", ToText(*argument));
    out->append(")");
    return;
  }
  const Subquery& subquery = *expression.subquery;
  switch (subquery.kind) {
    case SubqueryKind::kScalar:
      break;
    case SubqueryKind::kExists:
      out->append("EXISTS ");
      break;
    case SubqueryKind::kAny:
    case SubqueryKind::kAll:
      StrAppend(out, ToText(*expression.arguments[0]), " ", ToText(subquery.comparison),
                subquery.kind == SubqueryKind::kAny ? " ANY " : " ALL ");
      break;
  }
  out->append("(subquery");
  for (const SlotBinding& binding : subquery.bindings) StrAppend(out, " @", binding.slot, " = ", ToText(*binding.value));
  out->append(")");
}

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

std::string SortText(std::span<const SortKey> keys) {
  std::string out;
  for (const SortKey& key : keys) {
    StrAppend(&out, out.empty() ? "" : ", ", ToText(*key.expression), key.descending ? " DESC" : "",
              key.nulls_first == key.descending ? ""
              : key.nulls_first                 ? " NULLS FIRST"
                                                : " NULLS LAST");
  }
  return out;
}

std::string RangeText(const KeyRange& range) {
  std::string out;
  if (!range.equal.empty()) StrAppend(&out, "= (", List(range.equal), ")");
  if (range.lower != nullptr) {
    StrAppend(&out, out.empty() ? "" : " and ", range.lower_inclusive ? ">= " : "> ", ToText(*range.lower));
  }
  if (range.upper != nullptr) {
    StrAppend(&out, out.empty() ? "" : " and ", range.upper_inclusive ? "<= " : "< ", ToText(*range.upper));
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
  if (limit != nullptr) Note(out, "limit", ToText(*limit));
  if (offset != nullptr) Note(out, "offset", ToText(*offset));
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

std::string CallText(const AggregateCall& call) {
  std::string out = StrCat(call.function->function->name, "(", call.distinct ? "DISTINCT " : "",
                           call.arguments.empty() ? "*" : List(call.arguments));
  if (!call.order.empty()) StrAppend(&out, " ORDER BY ", SortText(call.order));
  out.append(")");
  if (call.filter != nullptr) StrAppend(&out, " FILTER (", ToText(*call.filter), ")");
  return out;
}

std::string AggregateText(const AggregateNode& node) {
  std::string out = node.input_grouped ? " ordered" : "";
  Note(&out, "groups", List(node.groups));
  Note(&out, "always", Numbers(node.always));
  std::string calls;
  for (const AggregateCall& call : node.calls) StrAppend(&calls, calls.empty() ? "" : ", ", CallText(call));
  Note(&out, "calls", calls);
  return out;
}

std::string BoundText(FrameBound bound, const FrameOffset& offset) {
  switch (bound) {
    case FrameBound::kUnboundedPreceding:
      return "unbounded preceding";
    case FrameBound::kPreceding:
      return StrCat(ToText(*offset.count), " preceding");
    case FrameBound::kCurrentRow:
      return "current row";
    case FrameBound::kFollowing:
      return StrCat(ToText(*offset.count), " following");
    case FrameBound::kUnboundedFollowing:
      break;
  }
  return "unbounded following";
}

std::string FrameText(const WindowFrame& frame) {
  constexpr std::string_view kExclusions[] = {"", " exclude current row", " exclude group", " exclude ties"};
  const std::string_view unit = frame.unit == FrameUnit::kRows    ? "rows "
                                : frame.unit == FrameUnit::kRange ? "range "
                                                                  : "groups ";
  std::string limits;
  for (const int32_t column : {frame.range_key, frame.start_offset.limit, frame.end_offset.limit}) {
    if (column >= 0) StrAppend(&limits, " #", column);
  }
  return StrCat(unit, BoundText(frame.start, frame.start_offset), " to ", BoundText(frame.end, frame.end_offset),
                kExclusions[static_cast<size_t>(frame.exclusion)], limits.empty() ? "" : " by", limits);
}

std::string WindowOrderText(std::span<const WindowOrder> keys) {
  std::string out;
  for (const WindowOrder& key : keys) {
    StrAppend(&out, out.empty() ? "#" : ", #", key.column, key.descending ? " desc" : "",
              key.nulls_first ? " nulls first" : "");
  }
  return out;
}

std::string WindowText(const WindowNode& node) {
  using function::WindowKind;
  std::string out = node.sorted ? " sorted" : "";
  Note(&out, "partition", WindowOrderText(node.partition));
  Note(&out, "order", WindowOrderText(node.order));
  std::string calls;
  for (const WindowCall& call : node.calls) {
    std::string arguments;
    for (const int32_t column : call.arguments) StrAppend(&arguments, arguments.empty() ? "#" : ", #", column);
    const bool aggregate = call.kind == WindowKind::kAggregate;
    const bool framed = aggregate || call.kind == WindowKind::kFirstValue || call.kind == WindowKind::kLastValue ||
                        call.kind == WindowKind::kNthValue;
    StrAppend(&calls, calls.empty() ? "" : ", ", aggregate ? call.aggregate->function->name : function::NameOf(call.kind), "(",
              arguments, ")");
    if (call.filter >= 0) StrAppend(&calls, " filter #", call.filter);
    if (framed) StrAppend(&calls, " ", FrameText(call.frame));
  }
  Note(&out, "calls", calls);
  return out;
}

std::string BindingsText(std::span<const SlotBinding> bindings) {
  std::string out;
  for (const SlotBinding& binding : bindings) {
    StrAppend(&out, out.empty() ? "" : ", ", "@", binding.slot, " = ", ToText(*binding.value));
  }
  return out;
}

std::string AssignmentsText(std::span<const Assignment> assignments) {
  std::string out;
  for (const Assignment& assignment : assignments) {
    StrAppend(&out, out.empty() ? "" : ", ", assignment.column, " = ", ToText(*assignment.value));
  }
  return out;
}

std::string ConstraintsText(std::span<const GeneratedColumn> generated, std::span<const CheckConstraint> checks) {
  std::string out;
  std::string text;
  for (const GeneratedColumn& column : generated) {
    StrAppend(&text, text.empty() ? "" : ", ", column.column, " = ", ToText(*column.value));
  }
  Note(&out, "generated", text);
  text.clear();
  for (const CheckConstraint& check : checks) {
    StrAppend(&text, text.empty() ? "" : ", ", check.name, " ", ToText(*check.condition));
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

std::string ConflictText(const OnConflict& conflict) {
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
      out = StrCat(" on conflict", target, ": ", AssignmentsText(conflict.assignments));
      if (conflict.where != nullptr) StrAppend(&out, " where ", ToText(*conflict.where));
      return out;
  }
  return out;
}

std::string JoinText(const HashJoinNode& join) {
  std::string out = StrCat(" ", JoinName(join.type));
  std::string keys;
  for (size_t i = 0; i < join.left_keys.size(); ++i) {
    const bool null_equal = !join.null_equal.empty() && join.null_equal[i];
    StrAppend(&keys, keys.empty() ? "" : ", ", ToText(*join.left_keys[i]), null_equal ? " is " : " = ", "right ",
              ToText(*join.right_keys[i]));
  }
  Note(&out, "keys", keys);
  Note(&out, "condition", List(join.residual, " AND "));
  return out;
}

std::string ScanColumns(std::span<const int32_t> columns) { return StrCat(" columns: ", Numbers(columns)); }

std::string Details(const TableScanNode& scan) {
  std::string out = StrCat(" ", scan.name, ScanColumns(scan.columns));
  Note(&out, "range", RangeText(scan.range));
  Note(&out, "leaf filter", List(scan.latch_filter, " AND "));
  Note(&out, "filter", List(scan.filter, " AND "));
  if (scan.reverse) out.append(" reverse");
  return out;
}

std::string Details(const IndexScanNode& scan) {
  std::string out = StrCat(" ", scan.name, " index: ", scan.index, ScanColumns(scan.columns));
  Note(&out, "range", RangeText(scan.range));
  Note(&out, "filter", List(scan.filter, " AND "));
  if (scan.index_only) out.append(" index-only");
  if (scan.reverse) out.append(" reverse");
  return out;
}

std::string Details(const PointLookupNode& lookup) {
  std::string out = StrCat(" ", lookup.name);
  if (lookup.index >= 0) StrAppend(&out, " index: ", lookup.index);
  StrAppend(&out, ScanColumns(lookup.columns));
  Note(&out, "key", List(lookup.key));
  Note(&out, "filter", List(lookup.filter, " AND "));
  return out;
}

std::string Details(const IndexJoinNode& join) {
  std::string out = StrCat(" ", JoinName(join.type), " ", join.name);
  if (join.index >= 0) StrAppend(&out, " index: ", join.index);
  StrAppend(&out, ScanColumns(join.columns));
  Note(&out, "key", List(join.keys));
  Note(&out, "condition", List(join.residual, " AND "));
  if (join.index_only) out.append(" index-only");
  return out;
}

std::string Details(const ValuesNode& values) {
  std::string out;
  for (const Expressions row : values.rows) StrAppend(&out, out.empty() ? "" : ", ", "(", List(row), ")");
  return StrCat(" ", values.rows.size(), " rows: ", out);
}

std::string Details(const InsertNode& insert) {
  std::string out = StrCat(" ", insert.name);
  out += ConstraintsText(insert.generated, insert.checks) + ConflictText(insert.on_conflict);
  out += ForeignKeysText(insert.foreign_keys, insert.references) + TriggersText(insert.triggers);
  Note(&out, "returning", List(insert.returning));
  return out;
}

std::string Details(const UpdateNode& update) {
  std::string out = StrCat(" ", update.name);
  Note(&out, "set", AssignmentsText(update.assignments));
  out += ConstraintsText(update.generated, update.checks);
  out += ForeignKeysText(update.foreign_keys, update.references) + TriggersText(update.triggers);
  Note(&out, "returning", List(update.returning));
  return out;
}

std::string Details(const MergeNode& merge) {
  static constexpr std::string_view kMatches[] = {"matched", "not matched", "not matched by source"};
  std::string out = StrCat(" ", merge.name);
  for (const MergeAction& action : merge.actions) {
    std::string what = "nothing";
    if (action.action == MergeActionKind::kInsert) what = StrCat("insert (", List(action.values), ")");
    if (action.action == MergeActionKind::kUpdate) what = StrCat("update ", AssignmentsText(action.assignments));
    if (action.action == MergeActionKind::kDelete) what = "delete";
    const std::string conditions = List(action.conjuncts);
    Note(&out, StrCat("when ", kMatches[static_cast<size_t>(action.match)], conditions.empty() ? "" : " and ", conditions),
         what);
  }
  out += ConstraintsText(merge.generated, merge.checks);
  std::vector<const ReferencingKey*> references = ReferencesOf(merge);
  out += ForeignKeysText(merge.foreign_keys, references) + TriggersText(merge.triggers);
  Note(&out, "returning", List(merge.returning));
  return out;
}

std::string Details(const SetOperationNode& node) {
  const std::string_view name = node.operation == SetOperation::kUnion       ? "union"
                                : node.operation == SetOperation::kIntersect ? "intersect"
                                                                             : "except";
  return StrCat(" ", name, node.all ? " all" : "");
}

}  // namespace

std::string_view ToText(Comparison comparison) {
  switch (comparison) {
    case Comparison::kEqual:
      return "=";
    case Comparison::kNotEqual:
      return "<>";
    case Comparison::kLess:
      return "<";
    case Comparison::kLessEqual:
      return "<=";
    case Comparison::kGreater:
      return ">";
    case Comparison::kGreaterEqual:
      return ">=";
  }
  return "";
}

void AppendText(const Expression& expression, std::string* out) {
  const Expressions arguments = expression.arguments;
  switch (expression.kind) {
    case ExpressionKind::kConstant:
      // Numbers as they are; the literal of a bigint would carry its type.
      out->append(vec::IsInteger(expression.type.id) ? expression.value->ToString() : expression.value->ToSqlLiteral());
      return;
    case ExpressionKind::kParameter:
      StrAppend(out, "$", expression.index + 1);
      return;
    case ExpressionKind::kColumn:
      StrAppend(out, "#", expression.index);
      return;
    case ExpressionKind::kOuter:
      StrAppend(out, "@", expression.index);
      return;
    case ExpressionKind::kCall:
      AppendCall(expression, out);
      return;
    case ExpressionKind::kCast:
      StrAppend(out, expression.try_cast ? "TRY_CAST(" : "CAST(", ToText(*arguments[0]), " AS ", expression.type.ToString(),
                ")");
      return;
    case ExpressionKind::kAnd:
      StrAppend(out, "(", List(arguments, " AND "), ")");
      return;
    case ExpressionKind::kOr:
      StrAppend(out, "(", List(arguments, " OR "), ")");
      return;
    case ExpressionKind::kNot:
      StrAppend(out, "NOT ", ToText(*arguments[0]));
      return;
    case ExpressionKind::kIsNull:
      StrAppend(out, "(", ToText(*arguments[0]), " IS NULL)");
      return;
    case ExpressionKind::kIsNotNull:
      StrAppend(out, "(", ToText(*arguments[0]), " IS NOT NULL)");
      return;
    case ExpressionKind::kIsDistinct:
    case ExpressionKind::kIsNotDistinct:
      StrAppend(out, "(", ToText(*arguments[0]),
                expression.kind == ExpressionKind::kIsDistinct ? " IS DISTINCT FROM " : " IS NOT DISTINCT FROM ",
                ToText(*arguments[1]), ")");
      return;
    case ExpressionKind::kCase:
      AppendCase(expression, out);
      return;
    case ExpressionKind::kCoalesce:
      StrAppend(out, "COALESCE(", List(arguments), ")");
      return;
    case ExpressionKind::kIn:
      StrAppend(out, ToText(*arguments[0]), " IN (", List(arguments.subspan(1)), ")");
      return;
    case ExpressionKind::kSubquery:
      AppendSubquery(expression, out);
      return;
    case ExpressionKind::kCheck:
      StrAppend(out, "CHECKED(", List(arguments), ")");
      return;
    case ExpressionKind::kValue:
      StrAppend(out, "VALUE");
      return;
  }
}

std::string ToText(const Expression& expression) {
  std::string out;
  AppendText(expression, &out);
  return out;
}

bool IsRowIndependent(const Expression& expression) {
  if (expression.kind == ExpressionKind::kColumn || expression.kind == ExpressionKind::kValue) return false;
  // Its condition reads the value and nothing else.
  if (expression.kind == ExpressionKind::kCheck) return IsRowIndependent(*expression.arguments[0]);
  for (const Expression* argument : expression.arguments) {
    if (!IsRowIndependent(*argument)) return false;
  }
  if (expression.subquery != nullptr) {
    for (const SlotBinding& binding : expression.subquery->bindings) {
      if (!IsRowIndependent(*binding.value)) return false;
    }
  }
  return true;
}

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
  std::string out = StrCat(" ", scan.path, " delimiter: ", std::string_view(&scan.options.delimiter, 1));
  if (scan.options.header) out.append(" header");
  if (scan.options.max_rejected_rows > 0) StrAppend(&out, " rejected rows up to: ", scan.options.max_rejected_rows);
  return out;
}

std::string DetailsOf(const Node& node) {
  std::string out;
  switch (node.kind) {
    case NodeKind::kSingleRow:
      break;
    case NodeKind::kValues:
      return Details(static_cast<const ValuesNode&>(node));
    case NodeKind::kTableScan:
      return Details(static_cast<const TableScanNode&>(node));
    case NodeKind::kIndexScan:
      return Details(static_cast<const IndexScanNode&>(node));
    case NodeKind::kPointLookup:
      return Details(static_cast<const PointLookupNode&>(node));
    case NodeKind::kTableFunction: {
      const auto& scan = static_cast<const TableFunctionNode&>(node);
      return StrCat(" ", scan.function->name(), "(", List(scan.arguments), ")");
    }
    case NodeKind::kCsvScan:
      return CsvText(static_cast<const CsvScanNode&>(node));
    case NodeKind::kCteScan:
      return StrCat(" ", static_cast<const CteScanNode&>(node).cte);
    case NodeKind::kFilter:
      return StrCat(" ", List(static_cast<const FilterNode&>(node).conjuncts, " AND "));
    case NodeKind::kProject:
      return StrCat(" ", List(static_cast<const ProjectNode&>(node).expressions));
    case NodeKind::kExpand:
      Note(&out, "groups", List(static_cast<const ExpandNode&>(node).groups));
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
      break;
    case NodeKind::kDistinct:
      Note(&out, "on", List(static_cast<const DistinctNode&>(node).on));
      break;
    case NodeKind::kSort:
      return StrCat(" ", SortText(static_cast<const SortNode&>(node).keys));
    case NodeKind::kTopN: {
      const auto& top = static_cast<const TopNNode&>(node);
      out = StrCat(" ", SortText(top.keys));
      AppendLimit(top.limit, top.offset, &out);
      break;
    }
    case NodeKind::kAggregate:
      return AggregateText(static_cast<const AggregateNode&>(node));
    case NodeKind::kWindow:
      return WindowText(static_cast<const WindowNode&>(node));
    case NodeKind::kSetOperation:
      return Details(static_cast<const SetOperationNode&>(node));
    case NodeKind::kCte:
      return StrCat(" ", static_cast<const CteNode&>(node).cte, " ", static_cast<const CteNode&>(node).name);
    case NodeKind::kRecursiveCte: {
      const auto& cte = static_cast<const RecursiveCteNode&>(node);
      return StrCat(" ", cte.cte, " ", cte.name, cte.distinct ? " distinct" : "");
    }
    case NodeKind::kHashJoin:
      return JoinText(static_cast<const HashJoinNode&>(node));
    case NodeKind::kNestedLoopJoin: {
      const auto& join = static_cast<const NestedLoopJoinNode&>(node);
      out = StrCat(" ", JoinName(join.type));
      Note(&out, "condition", List(join.conjuncts, " AND "));
      break;
    }
    case NodeKind::kIndexJoin:
      return Details(static_cast<const IndexJoinNode&>(node));
    case NodeKind::kApply: {
      const auto& apply = static_cast<const ApplyNode&>(node);
      out = StrCat(" ", JoinName(apply.type));
      Note(&out, "slots", BindingsText(apply.bindings));
      Note(&out, "condition", List(apply.conjuncts, " AND "));
      break;
    }
    case NodeKind::kInsert:
      return Details(static_cast<const InsertNode&>(node));
    case NodeKind::kUpdate:
      return Details(static_cast<const UpdateNode&>(node));
    case NodeKind::kDelete:
      out = StrCat(" ", static_cast<const DeleteNode&>(node).name);
      out += ForeignKeysText({}, static_cast<const DeleteNode&>(node).references) + TriggersText(TriggersOf(node));
      Note(&out, "returning", List(static_cast<const DeleteNode&>(node).returning));
      break;
    case NodeKind::kMerge:
      return Details(static_cast<const MergeNode&>(node));
    case NodeKind::kInsteadOf:
      out = StrCat(" ", static_cast<const InsteadOfNode&>(node).name, TriggersText(TriggersOf(node)));
      Note(&out, "returning", List(static_cast<const InsteadOfNode&>(node).returning));
      break;
    case NodeKind::kExplain:
      return static_cast<const ExplainNode&>(node).analyze ? " analyze" : "";
  }
  return out;
}

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

std::string Headline(const Node& node) { return StrCat(NodeName(node.kind), DetailsOf(node)); }

std::string ToText(const Node& node, bool verbose) {
  std::string out;
  AppendTree(node, 0, verbose, &out);
  return out;
}

bool Equal(const Node& a, const Node& b) { return ToText(a, true) == ToText(b, true); }
bool Equal(const Expression& a, const Expression& b) { return a.type == b.type && ToText(a) == ToText(b); }

}  // namespace turdb::exec
