// The bodies of functions and macros, with arguments in the places of parameters (bind_function.cc).
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "catalog/table_sql.h"
#include "function/registry.h"
#include "sql/bind/binder.h"
#include "sql/bind/body_source.h"
#include "sql/bind/function_parts.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
using catalog::FunctionBody;
using catalog::ParameterMode;
using exec::ExpressionKind;
using function::CastContext;
using vec::Type;
using vec::TypeId;
namespace sqlstate = base::sqlstate;

namespace {

constexpr size_t kMaxNestedFunctions = 64;

// Another copy of it gives the same value.
bool CanRepeat(const Expr& expr) {
  if (expr.kind == ExpressionKind::kSubquery) return false;
  if (expr.call != nullptr && (expr.call->flags & function::kVolatile) != 0) return false;
  return std::all_of(expr.arguments.begin(), expr.arguments.end(), [](const Expr* part) { return CanRepeat(*part); });
}

// The one expression that a query is, if it is no more than that.
const ast::Expr* OnlyExpression(const ast::Select& select) {
  if (select.with != nullptr || select.limit != nullptr || select.limit_offset != nullptr || !select.locking.empty() ||
      !select.order_by.empty() || select.order_by_all || select.body->kind != ast::BodyKind::kCore) {
    return nullptr;
  }
  const auto& core = static_cast<const ast::SelectCore&>(*select.body);
  const bool plain = core.from.empty() && core.where == nullptr && !core.grouped && core.having == nullptr &&
                     core.windows.empty() && core.qualify == nullptr && core.distinct == ast::DistinctKind::kAll &&
                     core.into.empty() && core.items.size() == 1;
  return plain && core.items[0].expr->kind != ast::ExprKind::kStar ? core.items[0].expr : nullptr;
}

// Aggregation without groups gives one row.
bool GivesOneRow(const LogicalNode* node) {
  while (node->kind == LogicalKind::kProject) node = node->left;
  if (node->kind == LogicalKind::kSingleRow) return true;
  return node->kind == LogicalKind::kAggregate && node->expressions.empty() && node->grouping_sets.empty();
}

}  // namespace

// What is the statement's own while a body is bound; it all comes back at the end.
class Binder::BodyState {
 public:
  BodyState(Binder& binder, const catalog::Relation& function, int32_t position)
      : binder_(binder),
        fixed_position_(binder.fixed_position_),
        search_path_(binder.search_path_),
        accessor_(binder.accessor_),
        item_aliases_(std::exchange(binder.item_aliases_, nullptr)),
        enclosing_(std::exchange(binder.enclosing_, nullptr)),
        action_keys_(std::exchange(binder.action_keys_, nullptr)),
        domain_value_(std::exchange(binder.domain_value_, nullptr)),
        merge_action_(std::exchange(binder.merge_action_, -1)),
        locking_(std::exchange(binder.locking_, {})),
        body_(std::exchange(binder.body_, nullptr)) {
    if (binder.fixed_position_ < 0) binder.fixed_position_ = position;
    binder.search_path_ = function.view_search_path;
    binder.accessor_ = function.name();
    ++binder.view_depth_;
    binder.open_functions_.push_back(&function);
  }
  BodyState(const BodyState&) = delete;
  ~BodyState() {
    binder_.open_functions_.pop_back();
    --binder_.view_depth_;
    binder_.fixed_position_ = fixed_position_;
    binder_.search_path_ = search_path_;
    binder_.accessor_ = accessor_;
    binder_.item_aliases_ = item_aliases_;
    binder_.enclosing_ = enclosing_;
    binder_.action_keys_ = action_keys_;
    binder_.domain_value_ = domain_value_;
    binder_.merge_action_ = merge_action_;
    binder_.locking_ = locking_;
    binder_.body_ = body_;
  }

 private:
  Binder& binder_;
  const int32_t fixed_position_;
  const std::span<const std::string> search_path_;
  const std::string_view accessor_;
  ItemAliases* const item_aliases_;
  Scope* const enclosing_;
  CommonTableInfo* const action_keys_;
  const Expr* const domain_value_;
  const ColumnId merge_action_;
  const ast::List<ast::LockingClause> locking_;
  FunctionBodyScope* const body_;
};

StatusOr<const Expr*> Binder::BodyParameter(const ast::Parameter& parameter) {
  const size_t place = static_cast<size_t>(parameter.number) - 1;
  if (body_->macro || place >= body_->arguments.size()) {
    return Error(sqlstate::kUndefinedParameter, absl::StrCat("there is no parameter $", parameter.number), parameter.offset);
  }
  return ArgumentOf(body_->arguments[place]);
}

// The names of the parameters, as a relation further out than all that the body has.
Scope Binder::ScopeOfParameters(const catalog::Relation& function, FunctionBodyScope* body) {
  const std::vector<size_t> given = GivenOf(function.function);
  ScopeRelation relation;
  relation.alias = function.name();
  for (size_t i = 0; i < given.size(); ++i) {
    const std::string& name = function.schema->columns[given[i]].name;
    body->names.push_back(name);
    if (!name.empty()) relation.columns.push_back({name, body->arguments[i]});
  }
  body->macro = function.function.is_macro();
  body->uses.assign(given.size(), 0);
  return ScopeOfRow(relation);
}

Status Binder::OpenFunction(const catalog::Relation& function, int32_t offset) const {
  for (const catalog::Relation* open : open_functions_) {
    if (open->id != function.id || open->id == base::kNoFile) continue;
    return base::WithHint(Unsupported(absl::StrCat(SignatureOf(function), ", which calls itself,"), offset),
                          "WITH RECURSIVE repeats a query.");
  }
  if (open_functions_.size() < kMaxNestedFunctions) return absl::OkStatus();
  return Error(sqlstate::kStatementTooComplex, "functions are nested too deeply", offset);
}

// The last statement is what it gives; those before could only have had effects, and a SELECT has none.
StatusOr<const ast::Select*> Binder::ParseFunctionBody(const catalog::Relation& function) {
  if (function.function.body == FunctionBody::kQuery) {
    TURDB_ASSIGN_OR_RETURN(const ParsedStatement parsed, ParseStatement(arena_, function.view_sql));
    return static_cast<const ast::SelectStatement*>(parsed.statement)->select;
  }
  const ast::Select* last = nullptr;
  for (std::string_view text = function.view_sql; !text.empty();) {
    auto read = ParseStatement(arena_, text);
    if (!read.ok()) return fixed_position_ < 0 ? read.status() : base::MovePosition(read.status(), fixed_position_);
    const ParsedStatement parsed = *read;
    if (parsed.statement == nullptr) break;
    if (parsed.statement->kind != ast::StatementKind::kSelect) {
      return base::WithHint(Unsupported("a function that does more than query", parsed.statement->offset),
                            "Its body has SELECT, VALUES and WITH ... SELECT.");
    }
    last = static_cast<const ast::SelectStatement*>(parsed.statement)->select;
    if (parsed.end_offset >= text.size()) break;
    // What comes next is where it was.
    text = arena_.Copy(absl::StrCat(std::string(parsed.end_offset, ' '), text.substr(parsed.end_offset)));
  }
  if (last != nullptr) return last;
  return base::WithFrame(Error(kInvalidFunctionDefinition,
                               absl::StrCat("return type mismatch in function declared to return ",
                                            catalog::ResultSql(*context_.catalog, function)),
                               0),
                         "Function's final statement must be SELECT or VALUES.");
}

// The columns of its rows, as FROM shows them.
std::vector<table::Column> Binder::RowOf(const catalog::Relation& function) {
  std::vector<table::Column> row;
  for (size_t i = 0; i < function.schema->columns.size(); ++i) {
    if (IsOutput(function.function.modes[i])) row.push_back(function.schema->columns[i]);
  }
  if (!row.empty()) {
    for (size_t i = 0; i < row.size(); ++i) {
      if (row[i].name.empty()) row[i].name = absl::StrCat("column", i + 1);
    }
    return row;
  }
  table::Column result = function.schema->columns.back();
  const auto fields = result.type.id == TypeId::kStruct ? FieldsOf(result.type) : nullptr;
  if (fields == nullptr) {
    result.name = function.name();
    return {result};
  }
  for (const vec::StructField& field : *fields) {
    table::Column& column = row.emplace_back();
    column.name = field.name;
    column.type = field.type;
  }
  return row;
}

Status Binder::ReturnMismatch(const catalog::Relation& function, std::string_view why, int32_t offset) const {
  return base::WithFrame(Error(kInvalidFunctionDefinition,
                               absl::StrCat("return type mismatch in function declared to return ",
                                            catalog::ResultSql(*context_.catalog, function)),
                               offset),
                         why);
}

// What the body's query gives, as the columns of the function's rows.
StatusOr<std::vector<const Expr*>> Binder::ConvertRow(const catalog::Relation& function, const BoundQuery& query,
                                                      const std::vector<table::Column>& row, int32_t position) {
  std::vector<const Expr*> values;
  for (const OutputColumn& column : query.columns) {
    values.push_back(column.literal != nullptr ? column.literal : ColumnExpr(column.id, position));
  }
  const Type& result = function.schema->columns.back().type;
  const bool whole = values.size() == 1 && values[0]->type.id == TypeId::kStruct &&
                     (row.size() > 1 || (result.id == TypeId::kStruct && values[0]->type == result));
  if (whole) {
    const auto fields = FieldsOf(values[0]->type);
    const Expr* const value = values[0];
    values.clear();
    for (size_t i = 0; fields != nullptr && i < fields->size(); ++i) {
      TURDB_ASSIGN_OR_RETURN(const Expr* const field, FieldAt(value, i, *fields, position));
      values.push_back(field);
    }
  }
  if (values.size() != row.size()) {
    return ReturnMismatch(function,
                          row.size() == 1 ? std::string("Final statement must return exactly one column.")
                                          : absl::StrCat("Final statement returns too ",
                                                         values.size() < row.size() ? "few" : "many", " columns."),
                          position);
  }
  for (size_t i = 0; i < row.size(); ++i) {
    auto converted = Coerce(values[i], row[i].type, CastContext::kAssignment);
    if (!converted.ok() && base::GetSqlState(converted.status()) == sqlstate::kDatatypeMismatch) {
      return ReturnMismatch(
          function,
          absl::StrCat("Final statement returns ", NameOf(values[i]->type), " instead of ", NameOf(row[i].type),
                       row.size() == 1 ? std::string(".") : absl::StrCat(" at column ", i + 1, ".")),
          position);
    }
    TURDB_RETURN_IF_ERROR(converted.status());
    TURDB_ASSIGN_OR_RETURN(values[i], ToColumn(*converted, row[i]));
  }
  return values;
}

// A row with the arguments that must be computed once; the others stand where they are used.
LogicalNode* Binder::ComputeOnce(std::vector<const Expr*>* arguments) {
  LogicalNode* row = nullptr;
  for (const Expr*& argument : *arguments) {
    if (CanRepeat(*argument)) continue;
    if (row == nullptr) {
      row = NewNode(LogicalKind::kProject);
      row->left = NewNode(LogicalKind::kSingleRow);
    }
    const ColumnId id = NewColumn("argument", argument->type);
    SetImplicitCollation(id, CollationOf(argument));
    row->expressions.push_back(argument);
    row->outputs.push_back(id);
    argument = ColumnExpr(id, argument->position);
  }
  return row;
}

// The body as a query: as it is for a macro, else with the columns of the function's rows.
StatusOr<BoundQuery> Binder::BindBodyQuery(const FunctionCall& call, int32_t offset) {
  const catalog::Relation& function = *call.function;
  FunctionBodyScope body;
  body.arguments = call.arguments;
  LogicalNode* const once = ComputeOnce(&body.arguments);
  std::vector<const Expr*> required;
  if (function.function.strict) {
    for (const Expr* argument : body.arguments) {
      if (argument->kind == ExpressionKind::kConstant && !argument->value->is_null()) continue;
      required.push_back(plan_.NewExpression(ExpressionKind::kIsNotNull, TypeId::kBoolean,
                                             plan_.Copy(std::vector<const Expr*>{argument}), Position(offset)));
    }
  }
  BoundQuery query;
  {
    const BodyState state(*this, function, offset);
    Scope scope = ScopeOfParameters(function, &body);
    body_ = &body;
    const FunctionBody kind = function.function.body;
    if (kind == FunctionBody::kReturn || kind == FunctionBody::kExpression) {
      TURDB_ASSIGN_OR_RETURN(const ast::Expr* const expr, ParseExpression(arena_, function.view_sql));
      ExprContext context;
      context.scope = &scope;
      context.clause = "the body of a function";
      TURDB_ASSIGN_OR_RETURN(const Expr* const value, Bind(*expr, context));
      query.root = NewNode(LogicalKind::kProject);
      query.root->left = NewNode(LogicalKind::kSingleRow);
      query.root->expressions = {value};
      query.root->outputs = {NewColumn(function.name(), value->type)};
      query.columns = {{function.name(), query.root->outputs[0], value->type.id == TypeId::kUnknown ? value : nullptr}};
    } else {
      TURDB_ASSIGN_OR_RETURN(const ast::Select* const select, ParseFunctionBody(function));
      TURDB_ASSIGN_OR_RETURN(query, BindSelect(*select, &scope, kind != FunctionBody::kQuery));
    }
  }
  if (!function.function.is_macro()) {
    const std::vector<table::Column> row = RowOf(function);
    TURDB_ASSIGN_OR_RETURN(const std::vector<const Expr*> values, ConvertRow(function, query, row, Position(offset)));
    std::vector<ProjectionItem> items;
    for (size_t i = 0; i < values.size(); ++i) items.push_back({values[i], arena_.Copy(row[i].name), nullptr});
    query.columns.clear();
    query.root = Project(query.root, items, &query.columns);
  }
  if (!function.function.returns_set && function.function.body != FunctionBody::kQuery && !GivesOneRow(query.root)) {
    LogicalNode* const first = NewNode(LogicalKind::kLimit);
    first->left = query.root;
    first->limit = plan_.Constant(vec::Value::Int64(1), TypeId::kInt64, Position(offset));
    query.root = first;
  }
  if (!required.empty()) {
    LogicalNode* const filter = NewNode(LogicalKind::kFilter);
    filter->left = query.root;
    filter->conjuncts = std::move(required);
    query.root = filter;
  }
  if (once != nullptr) {
    LogicalNode* const join = NewNode(LogicalKind::kJoin);
    join->left = once;
    join->right = query.root;
    join->lateral = true;
    query.root = join;
  }
  return query;
}

// Null: the body is more than an expression, or aggregates.
StatusOr<const Expr*> Binder::BindBodyExpression(const FunctionCall& call, const ExprContext& context, int32_t offset) {
  const catalog::Relation& function = *call.function;
  const FunctionBody kind = function.function.body;
  const bool macro = function.function.is_macro();
  const BodyState state(*this, function, offset);
  const ast::Expr* expr = nullptr;
  if (kind == FunctionBody::kReturn || kind == FunctionBody::kExpression) {
    TURDB_ASSIGN_OR_RETURN(expr, ParseExpression(arena_, function.view_sql));
  } else {
    TURDB_ASSIGN_OR_RETURN(const ast::Select* const select, ParseFunctionBody(function));
    expr = OnlyExpression(*select);
    if (expr == nullptr) return nullptr;
  }
  FunctionBodyScope body;
  body.arguments = call.arguments;
  std::vector<std::pair<const Expr*, const Expr*>> once;  // arguments, and what stands for them
  for (;;) {
    body.names.clear();
    Scope scope = ScopeOfParameters(function, &body);
    body_ = &body;
    ExprContext inner = context;
    inner.scope = &scope;
    std::vector<LogicalAggregate> aggregates;
    std::vector<ColumnId> aggregate_outputs;
    std::vector<GroupingCall> grouping_calls;
    if (!macro) {  // what a macro aggregates are the rows of the query that calls it
      inner.aggregates = &aggregates;
      inner.aggregate_outputs = &aggregate_outputs;
      inner.grouping_calls = &grouping_calls;
      inner.inside_aggregate = false;
      inner.set_calls = nullptr;
      inner.windows = nullptr;
      inner.inside_window = false;
    }
    const size_t subqueries = subqueries_.size();
    auto bound = Bind(*expr, inner);
    if (!bound.ok() && !macro) return nullptr;  // as a query it may do, or says what is wrong
    TURDB_RETURN_IF_ERROR(bound.status());
    const Expr* value = *bound;
    if (!aggregates.empty() || !grouping_calls.empty()) return nullptr;
    bool again = false;
    for (size_t i = 0; i < body.arguments.size(); ++i) {
      const Expr* const argument = body.arguments[i];
      const int32_t uses = body.uses[i] + (function.function.strict ? 1 : 0);
      if (uses < 2 || argument->kind == ExpressionKind::kLambdaValue || CanRepeat(*argument)) continue;
      body.arguments[i] = NewLambdaValue(argument->type, argument->position);
      once.emplace_back(argument, body.arguments[i]);
      again = true;
    }
    if (again) continue;
    const int32_t position = Position(offset);
    if (!macro) {
      TURDB_ASSIGN_OR_RETURN(value, ResultOf(function, value, position));
      if (function.function.strict) {
        TURDB_ASSIGN_OR_RETURN(value, NullWhereAny(body.arguments, value, position));
      }
    }
    if (!once.empty() && subqueries_.size() != subqueries) {
      return Unsupported(
          absl::StrCat("an argument that must be computed once, for ", SignatureOf(function), ", which has a subquery,"),
          offset);
    }
    if (!once.empty()) {
      TURDB_ASSIGN_OR_RETURN(value, Coerce(value, function::ResolveUnknown(value->type), CastContext::kImplicit));
    }
    for (const auto& [argument, stands_for] : once) {
      if (argument->type.id == TypeId::kArray || value->type.id == TypeId::kArray) {
        return Unsupported(
            absl::StrCat("an argument that must be computed once, for ", SignatureOf(function), ", which has arrays,"), offset);
      }
      TURDB_ASSIGN_OR_RETURN(const Expr* const one, MakeFunction("array of", {argument}, position));
      const Expr* const made =
          MakeLambda(exec::LambdaKind::kTransform, Type::ArrayOf(value->type), {one, value, stands_for}, position);
      const Expr* const first = plan_.Constant(vec::Value::Int32(1), TypeId::kInt32, position);
      TURDB_ASSIGN_OR_RETURN(value, MakeFunction("array subscript", {made, first}, position));
    }
    return value;
  }
}

// The value of an expression as what the function returns.
StatusOr<const Expr*> Binder::ResultOf(const catalog::Relation& function, const Expr* value, int32_t position) {
  const std::vector<table::Column> row = RowOf(function);
  const table::Column& last = function.schema->columns.back();
  const bool composite = last.type.id == TypeId::kStruct && FieldsOf(last.type) != nullptr;
  if (row.size() == 1 && !composite) {
    auto converted = Coerce(value, row[0].type, CastContext::kAssignment);
    if (!converted.ok() && base::GetSqlState(converted.status()) == sqlstate::kDatatypeMismatch) {
      return ReturnMismatch(function, absl::StrCat("Actual return type is ", NameOf(value->type), "."), position);
    }
    TURDB_RETURN_IF_ERROR(converted.status());
    return ToColumn(*converted, row[0]);
  }
  if (value->type.id != TypeId::kStruct && value->type.id != TypeId::kUnknown) {
    return ReturnMismatch(function, absl::StrCat("Actual return type is ", NameOf(value->type), "."), position);
  }
  if (function.function.modes.back() == ParameterMode::kResult) return Coerce(value, last.type, CastContext::kAssignment);
  TURDB_ASSIGN_OR_RETURN(const Type type, RecordOf(row));
  return Coerce(value, type, CastContext::kAssignment);
}

StatusOr<Type> Binder::RecordOf(const std::vector<table::Column>& row) {
  vec::StructFields fields;
  for (const table::Column& column : row) fields.push_back({column.name, column.type});
  return StructOf(std::move(fields));
}

StatusOr<const Expr*> Binder::NullWhereAny(const std::vector<const Expr*>& arguments, const Expr* value, int32_t position) {
  std::vector<const Expr*> operands;
  for (const Expr* argument : arguments) {
    if (argument->kind == ExpressionKind::kConstant) {
      if (argument->value->is_null()) return NullConstant(value->type, position);
      continue;
    }
    operands.push_back(plan_.NewExpression(ExpressionKind::kIsNull, TypeId::kBoolean,
                                           plan_.Copy(std::vector<const Expr*>{argument}), position));
    operands.push_back(NullConstant(value->type, position));
  }
  if (operands.empty()) return value;
  operands.push_back(value);
  const Expr* const made = plan_.NewExpression(ExpressionKind::kCase, value->type, plan_.Copy(operands), position);
  NoteCollation(made, CollationOf(value));
  return made;
}

// The value that the first row of the body's query is.
StatusOr<const Expr*> Binder::BindBodyValue(const FunctionCall& call, const ExprContext& context, int32_t offset) {
  TURDB_RETURN_IF_ERROR(OpenFunction(*call.function, offset));
  TURDB_ASSIGN_OR_RETURN(const Expr* const value, BindBodyExpression(call, context, offset));
  if (value != nullptr) return value;
  TURDB_ASSIGN_OR_RETURN(BoundQuery query, BindBodyQuery(call, offset));
  TURDB_RETURN_IF_ERROR(MakeOneColumn(*call.function, &query, offset));
  BoundSubquery subquery;
  subquery.query = std::move(query);
  subquery.source = SourceInBody(arena_, absl::StrCat("function ", call.function->id), call.arguments);
  const ColumnInfo& column = columns_[static_cast<size_t>(subquery.query.columns[0].id)];
  const Type type = column.type;
  CollationState collation = column.collation;
  if (collation.strength == CollationStrength::kExplicit) collation.strength = CollationStrength::kImplicit;
  TURDB_ASSIGN_OR_RETURN(const Expr* const made, NewSubquery(std::move(subquery), type, {}, offset));
  NoteCollation(made, collation);
  return made;
}

// Rows of several columns as one column of rows.
Status Binder::MakeOneColumn(const catalog::Relation& function, BoundQuery* query, int32_t offset) {
  if (function.function.is_macro()) return Unsupported(absl::StrCat(SignatureOf(function), " here"), offset);
  const table::Column& last = function.schema->columns.back();
  const bool composite = function.function.modes.back() == ParameterMode::kResult && last.type.id == TypeId::kStruct &&
                         FieldsOf(last.type) != nullptr;
  if (query->columns.size() == 1 && !composite) return absl::OkStatus();
  std::vector<const Expr*> elements;
  for (const OutputColumn& column : query->columns) elements.push_back(ColumnExpr(column.id, Position(offset)));
  Type type = last.type;
  if (!composite) {
    TURDB_ASSIGN_OR_RETURN(type, RecordOf(RowOf(function)));
  }
  TURDB_ASSIGN_OR_RETURN(const Expr* const row, MakeRowAs(elements, type, CastContext::kAssignment, Position(offset)));
  const std::vector<ProjectionItem> items = {{row, function.name(), nullptr}};
  query->columns.clear();
  query->root = Project(query->root, items, &query->columns);
  return absl::OkStatus();
}

}  // namespace turdb::sql
