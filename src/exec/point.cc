#include "exec/point.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "absl/strings/str_cat.h"
#include "exec/deferred_checks.h"
#include "exec/foreign_key.h"
#include "txn/transaction.h"
#include "vec/any.h"

namespace turdb::exec {

using base::Status;
using base::StatusOr;

namespace {

bool IsOperand(const Expression* expression) {
  return expression->kind == ExpressionKind::kParameter || expression->kind == ExpressionKind::kConstant;
}

// nextval of a sequence that the plan knows, as a default has it, maybe narrowed. 0: something else.
int64_t SequenceOf(const Expression* expression) {
  if (expression->kind == ExpressionKind::kCast && vec::IsSignedInteger(expression->type.id)) {
    expression = expression->arguments[0];
  }
  if (expression->kind != ExpressionKind::kCall || expression->call->function->name != "nextval") return 0;
  const Expression* const sequence = expression->arguments[0];
  if (sequence->kind != ExpressionKind::kConstant || sequence->type.id != vec::TypeId::kInt64 || sequence->value->is_null())
    return 0;
  return sequence->value->Get<int64_t>();
}

bool AreStored(Expressions expressions) {
  return std::all_of(expressions.begin(), expressions.end(),
                     [](const Expression* expression) { return IsOperand(expression) || SequenceOf(expression) != 0; });
}

bool AreOperands(Expressions expressions) { return std::all_of(expressions.begin(), expressions.end(), IsOperand); }

const PointLookupNode* AsLookup(const Node& node) {
  if (node.kind != NodeKind::kPointLookup) return nullptr;
  const auto& lookup = static_cast<const PointLookupNode&>(node);
  return lookup.filter.empty() && AreOperands(lookup.key) ? &lookup : nullptr;
}

bool NeedsEvaluator(const table::Table& table) {
  for (size_t i = 0; i < table.schema().indexes.size(); ++i) {
    if (table.NeedsEvaluator(static_cast<int32_t>(i))) return true;
  }
  return false;
}

// Whether the values that were given are what the foreign keys look up.
bool LooksUpGivenValues(const InsertNode& insert) {
  const table::TableSchema& schema = insert.table->schema();
  return std::all_of(insert.foreign_keys.begin(), insert.foreign_keys.end(), [&](const ForeignKeyCheck* check) {
    return check->converted.empty() && std::none_of(check->columns.begin(), check->columns.end(), [&](int32_t column) {
             return column == schema.key_column() ||
                    schema.columns[static_cast<size_t>(column)].generation != table::Generation::kNone;
           });
  });
}

bool IsPointInsert(const InsertNode& insert) {
  if (!insert.triggers.empty()) return false;
  if (!insert.returning.empty() || !insert.checks.empty() || !insert.generated.empty()) return false;
  if (insert.on_conflict.action != ConflictAction::kError || insert.input->kind != NodeKind::kValues) return false;
  const auto& values = static_cast<const ValuesNode&>(*insert.input);
  return values.rows.size() == 1 && AreStored(values.rows[0]) && !NeedsEvaluator(*insert.table) && LooksUpGivenValues(insert);
}

bool IsPointUpdate(const UpdateNode& update) {
  if (!update.returning.empty() || !update.checks.empty() || !update.generated.empty()) return false;
  if (!update.foreign_keys.empty() || !update.references.empty() || !update.triggers.empty()) return false;
  if (AsLookup(*update.input) == nullptr || NeedsEvaluator(*update.table)) return false;
  return std::all_of(update.assignments.begin(), update.assignments.end(),
                     [](const Assignment& assignment) { return IsOperand(assignment.value); });
}

bool IsPointDelete(const DeleteNode& node) {
  return node.returning.empty() && node.references.empty() && node.triggers.empty() && AsLookup(*node.input) != nullptr &&
         !NeedsEvaluator(*node.table);
}

const table::Table& TableOf(const Node& root) {
  switch (root.kind) {
    case NodeKind::kInsert:
      return *static_cast<const InsertNode&>(root).table;
    case NodeKind::kUpdate:
      return *static_cast<const UpdateNode&>(root).table;
    case NodeKind::kDelete:
      return *static_cast<const DeleteNode&>(root).table;
    default:
      return *static_cast<const PointLookupNode&>(root).table;
  }
}

}  // namespace

bool TakesShortPath(const Node& root) {
  switch (root.kind) {
    case NodeKind::kPointLookup:
      return AsLookup(root) != nullptr;
    case NodeKind::kInsert:
      return IsPointInsert(static_cast<const InsertNode&>(root));
    case NodeKind::kUpdate:
      return IsPointUpdate(static_cast<const UpdateNode&>(root));
    case NodeKind::kDelete:
      return IsPointDelete(static_cast<const DeleteNode&>(root));
    default:
      return false;
  }
}

PointExecution::PointExecution(std::shared_ptr<const Plan> plan, const table::Table& table)
    : plan_(std::move(plan)), table_(table), kind_(plan_->root().kind) {}

std::unique_ptr<PointExecution> PointExecution::Create(std::shared_ptr<const Plan> plan) {
  const Node& root = plan->root();
  if (!TakesShortPath(root)) return nullptr;
  std::unique_ptr<PointExecution> point(new PointExecution(std::move(plan), TableOf(root)));
  std::vector<const Expression*> values;
  switch (root.kind) {
    case NodeKind::kInsert: {
      const auto& insert = static_cast<const InsertNode&>(root);
      const Expressions row = static_cast<const ValuesNode&>(*insert.input).rows[0];
      values.assign(row.begin(), row.end());
      point->foreign_keys_ = insert.foreign_keys;
      break;
    }
    case NodeKind::kUpdate:
      for (const Assignment& assignment : static_cast<const UpdateNode&>(root).assignments) {
        values.push_back(assignment.value);
        point->value_columns_.push_back(assignment.column);
      }
      point->lookup_ = AsLookup(*static_cast<const UpdateNode&>(root).input);
      break;
    case NodeKind::kDelete:
      point->lookup_ = AsLookup(*static_cast<const DeleteNode&>(root).input);
      break;
    default:
      point->lookup_ = AsLookup(root);
      point->projection_.emplace(point->table_.MakeProjection(point->lookup_->columns));
      point->cells_.resize(point->lookup_->columns.size());
      break;
  }
  if (root.kind != NodeKind::kPointLookup) point->scratch_.emplace(point->table_);
  if (point->lookup_ != nullptr) {
    point->AddOperands(point->lookup_->key, &point->key_);
    point->key_cells_.resize(point->key_.size());
  }
  point->AddOperands(values, &point->values_);
  point->value_cells_.resize(values.size());
  return point;
}

void PointExecution::AddOperands(Expressions expressions, std::vector<Operand>* operands) {
  for (const Expression* expression : expressions) {
    const bool is_parameter = expression->kind == ExpressionKind::kParameter;
    operands->push_back({expression,
                         expression->type.physical(),
                         expression->type.id,
                         is_parameter ? expression->index : -1,
                         vec::StringView(),
                         {},
                         is_parameter ? 0 : SequenceOf(expression),
                         {}});
  }
}

// Why an operand has no value that the plan can use.
Status PointExecution::BindError(const ExecutionContext& context, const Operand& operand) {
  const Expression& expression = *operand.expression;
  const auto index = static_cast<size_t>(operand.parameter);
  if (index >= context.parameters.size()) {
    return base::WithPosition(base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kUndefinedParameter,
                                              absl::StrCat("parameter $", index + 1, " was not bound")),
                              expression.position);
  }
  return base::WithPosition(base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kDatatypeMismatch,
                                            absl::StrCat("a value of type ", context.parameters[index].type().ToString(),
                                                         " where the statement expects ", expression.type.ToString())),
                            expression.position);
}

Status PointExecution::Draw(const ExecutionContext& context, Operand& operand) {
  TURDB_ASSIGN_OR_RETURN(const int64_t number, context.call->session->NextValue(operand.sequence));
  return vec::VisitPhysical(operand.physical, [&](auto tag) -> Status {
    using T = decltype(tag);
    if constexpr (std::is_same_v<T, int16_t> || std::is_same_v<T, int32_t> || std::is_same_v<T, int64_t>) {
      if (number < std::numeric_limits<T>::min() || number > std::numeric_limits<T>::max()) {
        return base::MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kNumericOutOfRange,
                               absl::StrCat(operand.expression->type.ToString(), " out of range"));
      }
      const T narrow = static_cast<T>(number);
      std::memcpy(operand.number, &narrow, sizeof narrow);
      return absl::OkStatus();
    }
    return base::InternalError("a number of a sequence for a column of another kind");
  });
}

Status PointExecution::Bind(const ExecutionContext& context, std::vector<Operand>& operands, table::Cell* cells) {
  for (Operand& operand : operands) {
    if (operand.sequence != 0) {
      TURDB_RETURN_IF_ERROR(Draw(context, operand));
      *cells++ = operand.number;
      continue;
    }
    const vec::Value* value = operand.expression->value;
    if (operand.parameter >= 0) {
      if (static_cast<size_t>(operand.parameter) >= context.parameters.size()) [[unlikely]] {
        return BindError(context, operand);
      }
      value = &context.parameters[static_cast<size_t>(operand.parameter)];
    }
    if (value->is_null()) {
      *cells++ = nullptr;
      continue;
    }
    if (operand.id == vec::TypeId::kAny) {
      operand.any = vec::EncodeAny(*value);
      operand.text = vec::StringView(operand.any);
      *cells++ = &operand.text;
      continue;
    }
    // Decimals of one id are laid out in two ways.
    const bool same_id = value->type().id == operand.id && operand.id != vec::TypeId::kDecimal;
    if (!same_id && value->type().physical() != operand.physical) [[unlikely]] {
      return BindError(context, operand);
    }
    if (operand.physical == vec::PhysicalType::kString) {
      operand.text = vec::StringView(value->bytes());
      *cells++ = &operand.text;
    } else {
      *cells++ = value->fixed_data();
    }
  }
  return absl::OkStatus();
}

StatusOr<bool> PointExecution::FindRowKey(const ExecutionContext& context) {
  TURDB_RETURN_IF_ERROR(Bind(context, key_, key_cells_.data()));
  for (const table::Cell cell : key_cells_) {
    if (cell == nullptr) return false;
  }
  if (lookup_->index < 0) {
    if (!table_.EncodeRowKey(key_cells_, &row_key_)) return false;
  } else {
    if (!table_.EncodeIndexKey(lookup_->index, key_cells_, &index_key_)) return false;
    TURDB_ASSIGN_OR_RETURN(
        const bool found, table_.FindUnique(context.ViewOf(table_.schema().id), lookup_->index, index_key_.bytes(), &row_key_));
    if (!found) return false;
  }
  // Who changes a row, or finds none to change, has read it.
  if (txn::ReadSet* const reads = context.ViewOf(table_.schema().id).reads; reads != nullptr && context.transaction != nullptr)
      [[unlikely]]
    reads->AddKey(table_.primary(), row_key_.bytes());
  return true;
}

StatusOr<bool> PointExecution::Run(const ExecutionContext& context) {
  changed_rows_ = 0;
  switch (kind_) {
    case NodeKind::kInsert:
      return RunInsert(context);
    case NodeKind::kUpdate:
      return RunUpdate(context);
    case NodeKind::kDelete: {
      TURDB_ASSIGN_OR_RETURN(const bool possible, FindRowKey(context));
      if (!possible) return false;
      TURDB_ASSIGN_OR_RETURN(const bool deleted,
                             table_.DeleteRow(context.TransactionOf(table_.schema().id), row_key_.bytes(), nullptr, *scratch_));
      changed_rows_ = deleted ? 1 : 0;
      return false;
    }
    default: {
      TURDB_ASSIGN_OR_RETURN(const bool possible, FindRowKey(context));
      if (!possible) return false;
      TURDB_ASSIGN_OR_RETURN(const bool found,
                             table_.Get(context.ViewOf(table_.schema().id), row_key_.bytes(), *projection_, &row_));
      if (!found) return false;
      for (size_t c = 0; c < cells_.size(); ++c) cells_[c] = row_[c].cell();
      return true;
    }
  }
}

StatusOr<bool> PointExecution::RunInsert(const ExecutionContext& context) {
  TURDB_RETURN_IF_ERROR(Bind(context, values_, value_cells_.data()));
  TURDB_RETURN_IF_ERROR(table_
                            .InsertRow(context.TransactionOf(table_.schema().id), value_cells_, table::OnDuplicate::kRaise,
                                       nullptr, *scratch_, &row_key_)
                            .status());
  if (!foreign_keys_.empty()) TURDB_RETURN_IF_ERROR(CheckForeignKeys(context));
  changed_rows_ = 1;
  if (table_.schema().key_form != table::KeyForm::kEncoded) last_insert_id_ = scratch_->last_row_number();
  return false;
}

Status PointExecution::CheckForeignKeys(const ExecutionContext& context) {
  for (const ForeignKeyCheck* check : foreign_keys_) {
    key_cells_.clear();
    for (const int32_t column : check->columns) key_cells_.push_back(value_cells_[static_cast<size_t>(column)]);
    TURDB_ASSIGN_OR_RETURN(const Reference reference, FindReferenced(context.TransactionOf(table_.schema().id), *check,
                                                                     key_cells_, key_cells_, &index_key_));
    if (reference != Reference::kMissing) continue;
    if (context.deferred == nullptr || !context.deferred->IsDeferred(table_.schema().id, *check->key)) {
      return MissingKeyError(*check, key_cells_);
    }
    TURDB_RETURN_IF_ERROR(context.deferred->AddMissing(plan_, *check, row_key_.bytes(), context.transaction->statement()));
  }
  return absl::OkStatus();
}

StatusOr<bool> PointExecution::RunUpdate(const ExecutionContext& context) {
  TURDB_ASSIGN_OR_RETURN(const bool possible, FindRowKey(context));
  if (!possible) return false;
  TURDB_RETURN_IF_ERROR(Bind(context, values_, value_cells_.data()));
  TURDB_ASSIGN_OR_RETURN(const bool updated, table_.UpdateRow(context.TransactionOf(table_.schema().id), row_key_.bytes(),
                                                              value_columns_, value_cells_, nullptr, *scratch_));
  changed_rows_ = updated ? 1 : 0;
  return false;
}

}  // namespace turdb::exec
