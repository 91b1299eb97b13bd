// PIVOT and UNPIVOT, the standard's behind a table and DuckDB's as a query. The tree has no nodes for them: they are the
// queries that one would write by hand.
//
//   t PIVOT (sum(v) FOR k IN ('a', 'b'))     SELECT * EXCLUDE (k, v), sum(v) FILTER (WHERE k = 'a') AS a, ... FROM t GROUP BY
//   ALL t UNPIVOT (v FOR k IN (a, b))            SELECT * EXCLUDE (a, b) FROM t, LATERAL (VALUES ('a', a), ('b', b)) AS u(k, v)
//                                            WHERE v IS NOT NULL
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sql/parse/parser_internal.h"

namespace turdb::sql {

using ast::Expr;
using ast::ExprKind;
using ast::Name;
using ast::Select;
using ast::SelectCore;
using ast::TableRef;

bool Parser::AtPivotQuery() {
  if (!At("pivot"_kw) && !At("unpivot"_kw)) return false;
  const Token& next = Peek();
  return (next.kind == TokenKind::kWord && next.keyword == kNoKeyword) || next.kind == TokenKind::kQuotedName || PeekIs("(");
}

// The source of a query that is made here, in the place of a table.
TableRef* Parser::DerivedFrom(SelectCore* core, int32_t offset) {
  auto* select = New<Select>(offset);
  select->body = core;
  auto* derived = arena_.New<ast::DerivedTable>();
  NewTableRef(derived, ast::TableRefKind::kDerived, offset);
  derived->select = select;
  return derived;
}

namespace {

// The names of columns in an expression, each once.
void CollectColumns(const Expr* expr, std::vector<Name>* names) {
  if (expr == nullptr) return;
  if (expr->kind == ExprKind::kColumn) {
    const Name& name = ast::As<ast::Column>(*expr).parts.back();
    const auto same = [&](const Name& other) { return other.text == name.text; };
    if (std::none_of(names->begin(), names->end(), same)) names->push_back(name);
  } else if (expr->kind == ExprKind::kCall) {
    const auto& call = ast::As<ast::Call>(*expr);
    for (const Expr* argument : call.arguments) CollectColumns(argument, names);
    for (const ast::OrderItem& item : call.order_by) CollectColumns(item.expr, names);
    CollectColumns(call.filter, names);
  } else if (expr->kind == ExprKind::kBinary) {
    CollectColumns(ast::As<ast::Binary>(*expr).left, names);
    CollectColumns(ast::As<ast::Binary>(*expr).right, names);
  } else if (expr->kind == ExprKind::kUnary) {
    CollectColumns(ast::As<ast::Unary>(*expr).operand, names);
  } else if (expr->kind == ExprKind::kCast) {
    CollectColumns(ast::As<ast::Cast>(*expr).operand, names);
  } else if (expr->kind == ExprKind::kCase) {
    const auto& branches = ast::As<ast::Case>(*expr);
    CollectColumns(branches.operand, names);
    for (const ast::When& when : branches.whens) {
      CollectColumns(when.condition, names);
      CollectColumns(when.result, names);
    }
    CollectColumns(branches.otherwise, names);
  }
}

}  // namespace

// The values that are there, in their order.
void Parser::AskPivotValues(std::string_view source, std::string_view column, int32_t offset, PivotAxis* axis) {
  if (failed()) return;
  if (limits_.pivot_values == nullptr || keeps_text_) {
    Fail(base::WithHint(base::UnsupportedError("PIVOT without the values that become columns is not supported here"),
                        "List them: ON column IN ('a', 'b')."),
         offset);
    return;
  }
  const std::string query = absl::StrCat(with_text_, " SELECT CAST(v AS text) FROM (SELECT DISTINCT (", column, ") AS v FROM ",
                                         source, ") AS p WHERE v IS NOT NULL ORDER BY v");
  auto values = (*limits_.pivot_values)(query);
  if (!values.ok()) {
    Fail(base::MovePosition(values.status(), offset), offset);
    return;
  }
  asked_pivot_values_ = true;
  for (const std::string& value : *values) {
    const ast::Text text = arena_.Copy(value);
    axis->values.push_back({MakeString(text, offset), Name{text, offset, true}});
  }
  if (values->empty()) {
    Fail(base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                         absl::StrCat("PIVOT has no columns to make: ", column, " has no value")),
         offset);
  }
}

// k IN ('a' AS x, 'b')
void Parser::ParsePivotValues(PivotAxis* axis) {
  Expect("(");
  do {
    if (At(")") && !axis->values.empty()) break;
    const int32_t begin = token_.offset;
    const bool string = token_.kind == TokenKind::kString;
    const ast::Text text = token_.text;
    Expr* value = ParseExpr();
    Name label = string && value->kind == ExprKind::kString ? Name{text, begin, true} : Name{TextFrom(begin), begin, true};
    if (const Name alias = ParseOptionalLabel(); !alias.empty()) label = alias;
    axis->values.push_back({value, label});
  } while (Accept(","));
  Expect(")");
}

ast::List<ast::SelectItem> Parser::ParsePivotAggregates() {
  Items<ast::SelectItem> items;
  do {
    ast::SelectItem item;
    const int32_t begin = token_.offset;
    item.expr = ParseExpr(kLikePrecedence + 1);
    if (item.expr->kind != ExprKind::kCall && !failed()) {
      Fail(base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kSyntaxError, "PIVOT takes aggregates, sum(x)"),
           begin);
    }
    const ast::Text text = TextFrom(begin);
    item.alias = ParseOptionalLabel();
    if (item.alias.empty()) item.alias = Name{text, -1, true};
    items.push_back(item);
  } while (Accept(","));
  return Keep(items);
}

// One column for each value (of each axis) and aggregate.
void Parser::AddPivotColumns(const std::vector<PivotAxis>& axes, size_t axis, Expr* condition, std::string name,
                             ast::List<ast::SelectItem> aggregates, std::vector<ast::SelectItem>* items) {
  if (axis < axes.size()) {
    for (const auto& [value, label] : axes[axis].values) {
      auto* equal = NewExpr<ast::Binary>(ExprKind::kBinary, axes[axis].column->offset);
      equal->op = "=";
      equal->left = axes[axis].column;
      equal->right = value;
      Expr* both = Finish(equal, {equal->left, equal->right});
      if (condition != nullptr) {
        auto* junction = NewExpr<ast::Junction>(ExprKind::kAnd, equal->offset);
        junction->operands = Keep(Items<Expr*>{condition, both});
        both = FinishList(junction, junction->operands);
      }
      AddPivotColumns(axes, axis + 1, both, name.empty() ? std::string(label.text) : absl::StrCat(name, "_", label.text),
                      aggregates, items);
    }
    return;
  }
  for (const ast::SelectItem& aggregate : aggregates) {
    if (aggregate.expr->kind != ExprKind::kCall) return;
    auto* call = arena_.New<ast::Call>();
    *call = ast::As<ast::Call>(*aggregate.expr);
    if (call->filter != nullptr) {
      auto* junction = NewExpr<ast::Junction>(ExprKind::kAnd, call->offset);
      junction->operands = Keep(Items<Expr*>{call->filter, condition});
      call->filter = FinishList(junction, junction->operands);
    } else {
      call->filter = condition;
    }
    const std::string label = aggregates.size() == 1 ? name : absl::StrCat(name, "_", aggregate.alias.text);
    ast::SelectItem item;
    item.expr = FinishList(call, call->arguments, call->filter);
    item.alias = Name{arena_.Copy(label), call->offset, true};
    items->push_back(item);
  }
}

SelectCore* Parser::MakePivot(TableRef* source, const std::vector<PivotAxis>& axes, ast::List<ast::SelectItem> aggregates,
                              ast::List<Expr*> groups, bool grouped, int32_t offset) {
  auto* core = New<SelectCore>(offset);
  core->kind = ast::BodyKind::kCore;
  core->from = Keep(Items<TableRef*>{source});
  core->grouped = true;
  std::vector<ast::SelectItem> items;
  if (grouped) {
    core->group_by = groups;
    for (Expr* group : groups) items.push_back({group, {}});
  } else {
    std::vector<Name> used;
    for (const PivotAxis& axis : axes) CollectColumns(axis.column, &used);
    for (const ast::SelectItem& aggregate : aggregates) CollectColumns(aggregate.expr, &used);
    auto* star = static_cast<ast::Star*>(ParseStarExpr({}, -1));
    star->exclude = Keep(Items<Name>(used.begin(), used.end()));
    items.push_back({star, {}});
    core->group_by_all = true;
  }
  AddPivotColumns(axes, 0, nullptr, "", aggregates, &items);
  core->items = Keep(Items<ast::SelectItem>(items.begin(), items.end()));
  if (core->items.size() > static_cast<size_t>(base::kMaxColumns)) {
    Fail(base::LimitError(absl::StrCat("PIVOT makes ", core->items.size(), " columns")), offset);
  }
  return core;
}

// Behind a table: PIVOT (sum(v) FOR k IN (...) [GROUP BY g]).
TableRef* Parser::ParsePivot(TableRef* source) {
  const int32_t offset = token_.offset;
  Advance();
  Expect("(");
  const ast::List<ast::SelectItem> aggregates = ParsePivotAggregates();
  Expect("for"_kw);
  std::vector<PivotAxis> axes;
  do {
    PivotAxis axis;
    axis.column = ParseExpr(kLikePrecedence + 1);
    Expect("in"_kw);
    ParsePivotValues(&axis);
    axes.push_back(std::move(axis));
  } while (!At(")") && !At("group"_kw) && !failed());
  ast::List<Expr*> groups;
  const bool grouped = Accept("group"_kw);
  if (grouped) {
    Expect("by"_kw);
    groups = ParseExprList();
  }
  Expect(")");
  TableRef* made = DerivedFrom(MakePivot(source, axes, aggregates, groups, grouped, offset), offset);
  ParseTableAlias(made);
  return made;
}

// Of UNPIVOT: what becomes rows, and what the two new columns are called.
SelectCore* Parser::MakeUnpivot(TableRef* source, const std::vector<std::pair<Expr*, Expr*>>& columns, const Name& name,
                                const Name& value, bool nulls, int32_t offset) {
  auto* values = New<ast::Values>(offset);
  values->kind = ast::BodyKind::kValues;
  Items<ast::List<Expr*>> rows;
  std::vector<Name> used;
  for (const auto& [column, label] : columns) {
    rows.push_back(Keep(Items<Expr*>{label, column}));
    CollectColumns(column, &used);
  }
  values->rows = Keep(rows);
  auto* select = New<Select>(offset);
  select->body = values;
  auto* derived = arena_.New<ast::DerivedTable>();
  NewTableRef(derived, ast::TableRefKind::kDerived, offset)->lateral = true;
  derived->select = select;
  derived->alias = Name{"unpivoted", offset, true};
  derived->column_aliases = Keep(Items<Name>{name, value});
  auto* core = New<SelectCore>(offset);
  core->kind = ast::BodyKind::kCore;
  core->from = Keep(Items<TableRef*>{source, derived});
  auto* star = static_cast<ast::Star*>(ParseStarExpr({}, -1));
  star->exclude = Keep(Items<Name>(used.begin(), used.end()));
  core->items = Keep(Items<ast::SelectItem>{{star, {}}});
  if (!nulls) {
    auto* operand = NewExpr<ast::Column>(ExprKind::kColumn, offset);
    operand->parts = Keep(Items<Name>{derived->alias, value});
    auto* test = NewExpr<ast::IsPredicate>(ExprKind::kIs, offset);
    test->negated = true;
    test->operand = Finish(operand);
    core->where = Finish(test, {test->operand});
  }
  return core;
}

// a AS 'label', b, ...
std::vector<std::pair<Expr*, Expr*>> Parser::ParseUnpivotColumns() {
  std::vector<std::pair<Expr*, Expr*>> columns;
  do {
    if (At(")") && !columns.empty()) break;
    const Name name = ParseName();
    auto* column = NewExpr<ast::Column>(ExprKind::kColumn, name.offset);
    column->parts = Keep(Items<Name>{name});
    Expr* label = nullptr;
    if (Accept("as"_kw)) {
      label = token_.kind == TokenKind::kString ? ParseLiteral() : MakeString(ParseLabel().text, name.offset);
    } else {
      label = MakeString(name.text, name.offset);
    }
    columns.push_back({Finish(column), label});
  } while (Accept(","));
  return columns;
}

// Behind a table: UNPIVOT [INCLUDE NULLS] (v FOR k IN (a, b)).
TableRef* Parser::ParseUnpivot(TableRef* source) {
  const int32_t offset = token_.offset;
  Advance();
  const bool nulls = At("include"_kw);
  if (nulls || At("exclude"_kw)) {
    Advance();
    Expect("nulls"_kw);
  }
  Expect("(");
  const Name value = ParseName();
  Expect("for"_kw);
  const Name name = ParseName();
  Expect("in"_kw);
  Expect("(");
  const auto columns = ParseUnpivotColumns();
  Expect(")");
  Expect(")");
  TableRef* made = DerivedFrom(MakeUnpivot(source, columns, name, value, nulls, offset), offset);
  ParseTableAlias(made);
  return made;
}

// PIVOT t ON k IN (...) USING sum(v) [GROUP BY g]; UNPIVOT t ON a, b INTO NAME k VALUE v.
ast::SelectBody* Parser::ParsePivotQuery() {
  const int32_t offset = token_.offset;
  const bool pivot = At("pivot"_kw);
  Advance();
  const bool nulls = !pivot && At("include"_kw) && PeekIs("nulls"_kw);
  if (nulls) {
    Advance();
    Advance();
  }
  const int32_t source_begin = token_.offset;
  TableRef* source = ParseTableRef();
  const std::string_view source_text = TextFrom(source_begin);
  Expect("on"_kw);
  if (!pivot) {
    const auto columns = ParseUnpivotColumns();
    Name name{"name", offset, true}, value{"value", offset, true};
    if (Accept("into"_kw)) {
      Expect("name"_kw);
      name = ParseName();
      Expect("value"_kw);
      value = ParseName();
    }
    return MakeUnpivot(source, columns, name, value, nulls, offset);
  }
  std::vector<PivotAxis> axes;
  do {
    PivotAxis axis;
    const int32_t begin = token_.offset;
    axis.column = ParseExpr(kLikePrecedence + 1);
    const std::string_view column_text = TextFrom(begin);
    if (Accept("in"_kw)) {
      ParsePivotValues(&axis);
    } else {
      AskPivotValues(source_text, column_text, begin, &axis);
    }
    axes.push_back(std::move(axis));
  } while (Accept(",") && !failed());
  ast::List<ast::SelectItem> aggregates;
  if (Accept("using"_kw)) {
    aggregates = ParsePivotAggregates();
  } else {
    auto* count = static_cast<ast::Call*>(MakeCall("count", offset, {}));
    count->star = true;
    aggregates = Keep(Items<ast::SelectItem>{{count, Name{"count", offset, true}}});
  }
  ast::List<Expr*> groups;
  const bool grouped = Accept("group"_kw);
  if (grouped) {
    Expect("by"_kw);
    groups = ParseExprList();
  }
  return MakePivot(source, axes, aggregates, groups, grouped, offset);
}

}  // namespace turdb::sql
