#include "exec/plan.h"

namespace turdb::exec {

Expression* Plan::NewExpression(ExpressionKind kind, const vec::Type& type, Expressions arguments, int32_t position) {
  Expression* expression = arena_.New<Expression>();
  expression->kind = kind;
  expression->type = type;
  expression->position = position;
  expression->arguments = Copy(arguments);
  return expression;
}

Expression* Plan::Constant(vec::Value value, const vec::Type& type, int32_t position) {
  Expression* expression = NewExpression(ExpressionKind::kConstant, type, {}, position);
  values_.push_back(std::make_unique<const vec::Value>(std::move(value)));
  expression->value = values_.back().get();
  return expression;
}

Expression* Plan::Column(int32_t index, const vec::Type& type, int32_t position) {
  Expression* expression = NewExpression(ExpressionKind::kColumn, type, {}, position);
  expression->index = index;
  return expression;
}

Expression* Plan::Parameter(int32_t index, const vec::Type& type, int32_t position) {
  Expression* expression = NewExpression(ExpressionKind::kParameter, type, {}, position);
  expression->index = index;
  return expression;
}

Expression* Plan::Outer(int32_t slot, const vec::Type& type, int32_t position) {
  Expression* expression = NewExpression(ExpressionKind::kOuter, type, {}, position);
  expression->index = slot;
  return expression;
}

Expression* Plan::Call(function::BoundCall call, Expressions arguments, int32_t position) {
  Expression* expression = NewExpression(ExpressionKind::kCall, call.result_type, arguments, position);
  calls_.push_back(std::make_unique<const function::BoundCall>(std::move(call)));
  expression->call = calls_.back().get();
  return expression;
}

Expression* Plan::Cast(function::BoundCall cast, const Expression* argument, int32_t position) {
  const Expression* arguments[] = {argument};
  Expression* expression = Call(std::move(cast), arguments, position);
  expression->kind = ExpressionKind::kCast;
  return expression;
}

const function::BoundAggregate* Plan::Own(function::BoundAggregate aggregate) {
  aggregates_.push_back(std::make_unique<const function::BoundAggregate>(std::move(aggregate)));
  return aggregates_.back().get();
}

std::vector<const Node*> Inputs(const Node& node) {
  switch (node.kind) {
    case NodeKind::kSingleRow:
    case NodeKind::kValues:
    case NodeKind::kTableScan:
    case NodeKind::kIndexScan:
    case NodeKind::kPointLookup:
    case NodeKind::kTableFunction:
    case NodeKind::kCsvScan:
    case NodeKind::kCteScan:
      return {};
    case NodeKind::kNearestScan:
      if (const auto& scan = static_cast<const NearestScanNode&>(node); scan.few != nullptr) return {scan.exact, scan.few};
      return {static_cast<const NearestScanNode&>(node).exact};
    case NodeKind::kFilter:
      return {static_cast<const FilterNode&>(node).input};
    case NodeKind::kProject:
      return {static_cast<const ProjectNode&>(node).input};
    case NodeKind::kLimit:
      return {static_cast<const LimitNode&>(node).input};
    case NodeKind::kCopyTo:
      return {static_cast<const CopyToNode&>(node).input};
    case NodeKind::kExpand:
      return {static_cast<const ExpandNode&>(node).input};
    case NodeKind::kLockRows:
      return {static_cast<const LockRowsNode&>(node).input};
    case NodeKind::kDistinct:
      return {static_cast<const DistinctNode&>(node).input};
    case NodeKind::kSort:
      return {static_cast<const SortNode&>(node).input};
    case NodeKind::kTopN:
      return {static_cast<const TopNNode&>(node).input};
    case NodeKind::kAggregate:
      return {static_cast<const AggregateNode&>(node).input};
    case NodeKind::kWindow:
      return {static_cast<const WindowNode&>(node).input};
    case NodeKind::kSetOperation: {
      const auto inputs = static_cast<const SetOperationNode&>(node).inputs;
      return {inputs.begin(), inputs.end()};
    }
    case NodeKind::kCte: {
      const auto& cte = static_cast<const CteNode&>(node);
      return {cte.definition, cte.body};
    }
    case NodeKind::kRecursiveCte: {
      const auto& cte = static_cast<const RecursiveCteNode&>(node);
      return {cte.initial, cte.recursive, cte.body};
    }
    case NodeKind::kHashJoin: {
      const auto& join = static_cast<const HashJoinNode&>(node);
      return {join.left, join.right};
    }
    case NodeKind::kNestedLoopJoin: {
      const auto& join = static_cast<const NestedLoopJoinNode&>(node);
      return {join.left, join.right};
    }
    case NodeKind::kIndexJoin:
      return {static_cast<const IndexJoinNode&>(node).left};
    case NodeKind::kApply: {
      const auto& apply = static_cast<const ApplyNode&>(node);
      return {apply.left, apply.right};
    }
    case NodeKind::kInsert:
      return {static_cast<const InsertNode&>(node).input};
    case NodeKind::kUpdate:
      return {static_cast<const UpdateNode&>(node).input};
    case NodeKind::kDelete:
      return {static_cast<const DeleteNode&>(node).input};
    case NodeKind::kMerge:
      return {static_cast<const MergeNode&>(node).input};
    case NodeKind::kInsteadOf:
      return {static_cast<const InsteadOfNode&>(node).input};
    case NodeKind::kExplain:
      return {static_cast<const ExplainNode&>(node).plan};
  }
  return {};
}

std::vector<const ReferencingKey*> ReferencesOf(const Node& node) {
  const auto all = [](ReferencingKeys keys) { return std::vector<const ReferencingKey*>(keys.begin(), keys.end()); };
  switch (node.kind) {
    case NodeKind::kInsert:
      return all(static_cast<const InsertNode&>(node).references);
    case NodeKind::kUpdate:
      return all(static_cast<const UpdateNode&>(node).references);
    case NodeKind::kDelete:
      return all(static_cast<const DeleteNode&>(node).references);
    case NodeKind::kMerge: {
      const auto& merge = static_cast<const MergeNode&>(node);
      std::vector<const ReferencingKey*> keys = all(merge.update_references);
      keys.insert(keys.end(), merge.delete_references.begin(), merge.delete_references.end());
      return keys;
    }
    default:
      return {};
  }
}

NodeTriggers TriggersOf(const Node& node) {
  switch (node.kind) {
    case NodeKind::kInsert:
      return static_cast<const InsertNode&>(node).triggers;
    case NodeKind::kUpdate:
      return static_cast<const UpdateNode&>(node).triggers;
    case NodeKind::kDelete:
      return static_cast<const DeleteNode&>(node).triggers;
    case NodeKind::kMerge:
      return static_cast<const MergeNode&>(node).triggers;
    case NodeKind::kInsteadOf:
      return static_cast<const InsteadOfNode&>(node).triggers;
    default:
      return {};
  }
}

namespace {

using Visit = absl::FunctionRef<void(const Expression&)>;

void VisitTree(const Expression* expression, Visit visit) {
  if (expression == nullptr) return;
  visit(*expression);
  for (const Expression* argument : expression->arguments) VisitTree(argument, visit);
  if (expression->subquery != nullptr) {
    for (const SlotBinding& binding : expression->subquery->bindings) VisitTree(binding.value, visit);
  }
}

void VisitAll(Expressions expressions, Visit visit) {
  for (const Expression* expression : expressions) VisitTree(expression, visit);
}

void VisitRange(const KeyRange& range, Visit visit) {
  VisitAll(range.equal, visit);
  VisitTree(range.lower, visit);
  VisitTree(range.upper, visit);
}

void VisitKeys(std::span<const SortKey> keys, Visit visit) {
  for (const SortKey& key : keys) VisitTree(key.expression, visit);
}

void VisitAssignments(std::span<const Assignment> assignments, Visit visit) {
  for (const Assignment& assignment : assignments) VisitTree(assignment.value, visit);
}

void VisitConstraints(std::span<const GeneratedColumn> generated, std::span<const CheckConstraint> checks, Visit visit) {
  for (const GeneratedColumn& column : generated) VisitTree(column.value, visit);
  for (const CheckConstraint& check : checks) VisitTree(check.condition, visit);
}

void VisitAggregate(const AggregateNode& node, Visit visit) {
  VisitAll(node.groups, visit);
  for (const AggregateCall& call : node.calls) {
    VisitAll(call.arguments, visit);
    VisitTree(call.filter, visit);
    VisitKeys(call.order, visit);
  }
}

void VisitInsert(const InsertNode& node, Visit visit) {
  VisitConstraints(node.generated, node.checks, visit);
  VisitAssignments(node.on_conflict.assignments, visit);
  VisitTree(node.on_conflict.where, visit);
  VisitAll(node.returning, visit);
}

void VisitSource(const Node& node, Visit visit) {
  switch (node.kind) {
    case NodeKind::kValues:
      for (const Expressions row : static_cast<const ValuesNode&>(node).rows) VisitAll(row, visit);
      return;
    case NodeKind::kTableScan: {
      const auto& scan = static_cast<const TableScanNode&>(node);
      VisitRange(scan.range, visit);
      VisitAll(scan.latch_filter, visit);
      VisitAll(scan.filter, visit);
      VisitAll(scan.given, visit);
      return VisitAll(scan.computed, visit);
    }
    case NodeKind::kIndexScan: {
      const auto& scan = static_cast<const IndexScanNode&>(node);
      VisitRange(scan.range, visit);
      return VisitAll(scan.filter, visit);
    }
    case NodeKind::kPointLookup: {
      const auto& lookup = static_cast<const PointLookupNode&>(node);
      VisitAll(lookup.key, visit);
      return VisitAll(lookup.filter, visit);
    }
    case NodeKind::kNearestScan:
      VisitRange(static_cast<const NearestScanNode&>(node).few_range, visit);
      return VisitTree(static_cast<const NearestScanNode&>(node).query, visit);
    case NodeKind::kTableFunction:
      return VisitAll(static_cast<const TableFunctionNode&>(node).arguments, visit);
    default:
      return;
  }
}

}  // namespace

void ForEachExpression(const Node& node, absl::FunctionRef<void(const Expression&)> visit) {
  switch (node.kind) {
    case NodeKind::kFilter:
      return VisitAll(static_cast<const FilterNode&>(node).conjuncts, visit);
    case NodeKind::kProject:
      return VisitAll(static_cast<const ProjectNode&>(node).expressions, visit);
    case NodeKind::kExpand:
      return VisitAll(static_cast<const ExpandNode&>(node).groups, visit);
    case NodeKind::kLockRows:
      VisitTree(static_cast<const LockRowsNode&>(node).limit, visit);
      return VisitTree(static_cast<const LockRowsNode&>(node).offset, visit);
    case NodeKind::kLimit:
      VisitTree(static_cast<const LimitNode&>(node).limit, visit);
      VisitAll(static_cast<const LimitNode&>(node).ties, visit);
      return VisitTree(static_cast<const LimitNode&>(node).offset, visit);
    case NodeKind::kDistinct:
      return VisitAll(static_cast<const DistinctNode&>(node).on, visit);
    case NodeKind::kSort:
      return VisitKeys(static_cast<const SortNode&>(node).keys, visit);
    case NodeKind::kTopN: {
      const auto& top = static_cast<const TopNNode&>(node);
      VisitKeys(top.keys, visit);
      VisitTree(top.limit, visit);
      return VisitTree(top.offset, visit);
    }
    case NodeKind::kAggregate:
      return VisitAggregate(static_cast<const AggregateNode&>(node), visit);
    case NodeKind::kWindow:
      for (const WindowCall& call : static_cast<const WindowNode&>(node).calls) {
        for (const FrameOffset& offset : {call.frame.start_offset, call.frame.end_offset}) {
          VisitTree(offset.count, visit);
          VisitTree(offset.negative, visit);
        }
      }
      return;
    case NodeKind::kHashJoin: {
      const auto& join = static_cast<const HashJoinNode&>(node);
      VisitAll(join.left_keys, visit);
      VisitAll(join.right_keys, visit);
      return VisitAll(join.residual, visit);
    }
    case NodeKind::kNestedLoopJoin:
      return VisitAll(static_cast<const NestedLoopJoinNode&>(node).conjuncts, visit);
    case NodeKind::kIndexJoin:
      VisitAll(static_cast<const IndexJoinNode&>(node).keys, visit);
      return VisitAll(static_cast<const IndexJoinNode&>(node).residual, visit);
    case NodeKind::kApply: {
      const auto& apply = static_cast<const ApplyNode&>(node);
      for (const SlotBinding& binding : apply.bindings) VisitTree(binding.value, visit);
      return VisitAll(apply.conjuncts, visit);
    }
    case NodeKind::kInsert:
      return VisitInsert(static_cast<const InsertNode&>(node), visit);
    case NodeKind::kUpdate: {
      const auto& update = static_cast<const UpdateNode&>(node);
      VisitAssignments(update.assignments, visit);
      VisitConstraints(update.generated, update.checks, visit);
      return VisitAll(update.returning, visit);
    }
    case NodeKind::kDelete:
      return VisitAll(static_cast<const DeleteNode&>(node).returning, visit);
    case NodeKind::kMerge: {
      const auto& merge = static_cast<const MergeNode&>(node);
      for (const MergeAction& action : merge.actions) {
        VisitAll(action.conjuncts, visit);
        VisitAssignments(action.assignments, visit);
        VisitAll(action.values, visit);
      }
      VisitConstraints(merge.generated, merge.checks, visit);
      return VisitAll(merge.returning, visit);
    }
    case NodeKind::kInsteadOf: {
      const auto& instead = static_cast<const InsteadOfNode&>(node);
      VisitAll(instead.old_row, visit);
      VisitAll(instead.new_row, visit);
      return VisitAll(instead.returning, visit);
    }
    default:
      return VisitSource(node, visit);
  }
}

}  // namespace turdb::exec
