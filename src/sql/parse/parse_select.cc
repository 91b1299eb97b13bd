// Queries: WITH, set operations, the clauses of SELECT, VALUES, limits.
#include <algorithm>

#include "sql/parse/parser_internal.h"

namespace turdb::sql {

using ast::Expr;
using ast::ExprKind;
using ast::Name;
using ast::Select;
using ast::SelectBody;
using ast::SelectCore;

bool Parser::AtQuery() {
  switch (token_.keyword) {
    case "select"_kw:
    case "with"_kw:
    case "table"_kw:
    case "from"_kw:
      return true;
    case "values"_kw:
      return PeekIs("(");
    case "pivot"_kw:
    case "unpivot"_kw:
      return AtPivotQuery();
    default:
      return false;
  }
}

Select* Parser::ParseSelect() {
  const Nested nested(*this);
  ast::With* with = At("with"_kw) ? ParseWith() : nullptr;
  return ParseSelectAfterWith(with);
}

Select* Parser::ParseSelectAfterWith(ast::With* with) {
  auto* select = New<Select>(token_.offset);
  select->body = ParseBody(0);
  // A lone parenthesised query is that query, when nothing is added to it.
  if (select->body->kind == ast::BodyKind::kNested && with == nullptr) {
    auto* inner = static_cast<ast::NestedSelect*>(select->body)->select;
    if (AtEnd() || At(")")) return inner;
  }
  ParseSelectTail(select);
  select->with = with;  // the tail is the body's own: it sees what the body's FROM names
  return select;
}

// What may follow a body. Also called on a query that was read in parentheses and turns out to be the left
// operand of a set operation: it is then wrapped.
void Parser::ParseSelectTail(Select* select) {
  const bool set_operator = At("union"_kw) || At("intersect"_kw) || At("except"_kw);
  const bool has_tail = !select->order_by.empty() || select->limit != nullptr || select->limit_offset != nullptr ||
                        select->with != nullptr || !select->locking.empty();
  if (set_operator || (has_tail && (At("order"_kw) || At("limit"_kw) || At("offset"_kw) || At("fetch"_kw)))) {
    auto* inner = New<Select>(select->offset);
    *inner = *select;
    auto* left = New<ast::NestedSelect>(select->offset);
    left->kind = ast::BodyKind::kNested;
    left->select = inner;
    *select = Select{};
    select->offset = inner->offset;
    select->body = left;
    while (At("union"_kw) || At("intersect"_kw) || At("except"_kw)) {
      auto* operation = New<ast::SetOperation>(token_.offset);
      operation->kind = ast::BodyKind::kSetOperation;
      const int level = At("intersect"_kw) ? 2 : 1;
      operation->op = At("union"_kw)       ? ast::SetOperator::kUnion
                      : At("intersect"_kw) ? ast::SetOperator::kIntersect
                                           : ast::SetOperator::kExcept;
      Advance();
      operation->all = Accept("all"_kw);
      if (!operation->all) Accept("distinct"_kw);
      operation->left = select->body;
      operation->right = ParseBody(level);
      operation->height = static_cast<uint16_t>(std::max(operation->left->height, operation->right->height) + 1);
      if (operation->height > limits_.nesting_depth) FailTooDeep(operation->offset);
      select->body = operation;
    }
  }
  if (At("order"_kw)) {
    Advance();
    Expect("by"_kw);
    if (At("all"_kw)) {
      Advance();
      select->order_by_all = true;
      if (!Accept("asc"_kw)) Accept("desc"_kw);
    } else {
      select->order_by = ParseOrderItems();
    }
  }
  while (At("limit"_kw) || At("offset"_kw) || At("fetch"_kw)) ParseLimit(select);
  Items<ast::LockingClause> locking;
  while (At("for"_kw) && (PeekIs("update"_kw) || PeekIs("share"_kw) || PeekIs("no"_kw) || PeekIs("key"_kw))) {
    ast::LockingClause clause;
    clause.offset = token_.offset;
    Advance();
    if (Accept("no"_kw)) {
      Expect("key"_kw);
      Expect("update"_kw);
      clause.strength = ast::LockStrength::kNoKeyUpdate;
    } else if (Accept("key"_kw)) {
      Expect("share"_kw);
      clause.strength = ast::LockStrength::kKeyShare;
    } else if (Accept("share"_kw)) {
      clause.strength = ast::LockStrength::kShare;
    } else {
      Expect("update"_kw);
    }
    if (Accept("of"_kw)) clause.tables = ParseNameList();
    if (Accept("nowait"_kw)) {
      clause.wait = ast::LockWait::kNoWait;
    } else if (Accept("skip"_kw)) {
      Expect("locked"_kw);
      clause.wait = ast::LockWait::kSkipLocked;
    }
    locking.push_back(clause);
    while (At("limit"_kw) || At("offset"_kw) || At("fetch"_kw)) ParseLimit(select);
  }
  if (!locking.empty()) select->locking = Keep(locking);
}

void Parser::ParseLimit(Select* select) {
  if (Accept("limit"_kw)) {
    if (select->limit != nullptr) Unexpected();
    if (Accept("all"_kw)) return;
    select->limit = ParseExpr();
    if (Accept(",")) {  // SQLite's LIMIT offset, count
      select->limit_offset = select->limit;
      select->limit = ParseExpr();
    }
  } else if (Accept("offset"_kw)) {
    if (select->limit_offset != nullptr) Unexpected();
    select->limit_offset = ParseExpr();
    if (!Accept("row"_kw)) Accept("rows"_kw);
  } else {
    Expect("fetch"_kw);
    if (!Accept("first"_kw)) Expect("next"_kw);
    if (At("row"_kw) || At("rows"_kw)) {
      auto* one = NewExpr<ast::Literal>(ExprKind::kInteger, token_.offset);
      one->text = "1";
      one->integer = 1;
      select->limit = Finish(one);
    } else {
      select->limit = ParseExpr(kAddPrecedence);
    }
    if (!Accept("row"_kw)) Expect("rows"_kw);
    if (Accept("with"_kw)) {
      Expect("ties"_kw);
      select->with_ties = true;
    } else {
      Expect("only"_kw);
    }
  }
}

ast::With* Parser::ParseWith() {
  auto* with = arena_.New<ast::With>();
  const int32_t begin = token_.offset;
  Expect("with"_kw);
  with->recursive = Accept("recursive"_kw);
  Items<ast::CommonTable> tables;
  do {
    ast::CommonTable table;
    table.name = ParseName();
    if (At("(")) table.columns = ParseParenthesisedNames();
    Expect("as"_kw);
    if (Accept("materialized"_kw)) {
      table.materialized = ast::Materialized::kYes;
    } else if (At("not"_kw)) {
      Advance();
      Expect("materialized"_kw);
      table.materialized = ast::Materialized::kNo;
    }
    Expect("(");
    const Nested nested(*this);
    table.statement = ParseExplainable();
    Expect(")");
    tables.push_back(table);
  } while (Accept(","));
  with->tables = Keep(tables);
  with_text_ = TextFrom(begin);
  return with;
}

// INTERSECT binds tighter than UNION and EXCEPT; all associate to the left.
SelectBody* Parser::ParseBody(int minimum) {
  SelectBody* left = ParseBodyPrimary();
  for (;;) {
    const int level = At("intersect"_kw) ? 2 : At("union"_kw) || At("except"_kw) ? 1 : 0;
    if (level == 0 || level <= minimum) return left;
    auto* operation = New<ast::SetOperation>(token_.offset);
    operation->kind = ast::BodyKind::kSetOperation;
    operation->op = At("union"_kw)       ? ast::SetOperator::kUnion
                    : At("intersect"_kw) ? ast::SetOperator::kIntersect
                                         : ast::SetOperator::kExcept;
    Advance();
    operation->all = Accept("all"_kw);
    if (!operation->all) Accept("distinct"_kw);
    if (At("by"_kw) && PeekIs("name"_kw)) {
      Advance();
      Advance();
      operation->by_name = true;
    }
    operation->left = left;
    operation->right = ParseBody(level);
    operation->height = static_cast<uint16_t>(std::max(left->height, operation->right->height) + 1);
    if (operation->height > limits_.nesting_depth) FailTooDeep(operation->offset);
    left = operation;
    if (failed()) return left;
  }
}

SelectBody* Parser::ParseBodyPrimary() {
  const Nested nested(*this);
  if (At("select"_kw) || At("from"_kw)) return ParseCore();
  if (At("values"_kw)) return ParseValues();
  if (AtPivotQuery()) return ParsePivotQuery();
  if (At("table"_kw)) {  // TABLE t is SELECT * FROM t
    auto* core = New<SelectCore>(token_.offset);
    core->kind = ast::BodyKind::kCore;
    Advance();
    auto* table = arena_.New<ast::NamedTable>();
    NewTableRef(table, ast::TableRefKind::kNamed, token_.offset);
    table->only = Accept("only"_kw);
    table->name = ParseQualifiedName();
    core->items = Keep(Items<ast::SelectItem>{{ParseStarExpr({}, -1), {}}});
    core->from = Keep(Items<ast::TableRef*>{table});
    return core;
  }
  if (!At("(") || failed()) {  // without this a failed parse would go round for ever
    Unexpected();
    auto* nothing = New<ast::Values>(token_.offset);
    nothing->kind = ast::BodyKind::kValues;
    return nothing;
  }
  auto* body = New<ast::NestedSelect>(token_.offset);
  body->kind = ast::BodyKind::kNested;
  Expect("(");
  body->select = ParseSelect();
  Expect(")");
  if (body->select->body != nullptr) body->height = static_cast<uint16_t>(body->select->body->height + 1);
  return body;
}

SelectBody* Parser::ParseCore() {
  auto* core = New<SelectCore>(token_.offset);
  core->kind = ast::BodyKind::kCore;
  if (Accept("from"_kw)) {  // DuckDB's FROM t [SELECT ...]
    core->from = ParseFromList();
    if (!Accept("select"_kw)) {
      core->items = Keep(Items<ast::SelectItem>{{ParseStarExpr({}, -1), {}}});
      ParseCoreClauses(core);
      return core;
    }
  } else {
    Expect("select"_kw);
  }
  if (Accept("distinct"_kw)) {
    core->distinct = ast::DistinctKind::kDistinct;
    if (Accept("on"_kw)) {
      core->distinct = ast::DistinctKind::kOn;
      Expect("(");
      core->distinct_on = ParseExprList();
      Expect(")");
    }
  } else {
    Accept("all"_kw);
  }
  const bool no_items = AtEnd() || At(")") || At("from"_kw) || At("where"_kw) || At("union"_kw) || At("into"_kw) ||
                        At("group"_kw) || At("order"_kw) || At("limit"_kw) || At("intersect"_kw) || At("except"_kw);
  if (!no_items) core->items = ParseSelectItems();  // PostgreSQL takes an empty list
  if (Accept("into"_kw)) {
    if (!Accept("temporary"_kw)) Accept("temp"_kw);
    Accept("table"_kw);
    core->into = ParseQualifiedName();
  }
  if (core->from.empty() && Accept("from"_kw)) core->from = ParseFromList();
  ParseCoreClauses(core);
  return core;
}

void Parser::ParseCoreClauses(SelectCore* core) {
  if (Accept("where"_kw)) core->where = ParseExpr();
  if (Accept("group"_kw)) {
    Expect("by"_kw);
    core->grouped = true;
    core->group_by = ParseGroupBy(core);
  }
  if (Accept("having"_kw)) core->having = ParseExpr();
  if (Accept("window"_kw)) {
    Items<ast::NamedWindow> windows;
    do {
      const Name name = ParseName();
      Expect("as"_kw);
      Expect("(");
      windows.push_back({name, ParseWindowSpecification()});
      Expect(")");
    } while (Accept(","));
    core->windows = Keep(windows);
  }
  if (At("qualify"_kw)) {
    Advance();
    core->qualify = ParseExpr();
  }
}

ast::List<ast::SelectItem> Parser::ParseSelectItems() {
  Items<ast::SelectItem> items;
  do {
    if (At("from"_kw) && !items.empty()) break;  // a trailing comma
    items.push_back(ParseSelectItem());
  } while (Accept(","));
  return Keep(items);
}

ast::SelectItem Parser::ParseSelectItem() {
  ast::SelectItem item;
  item.expr = ParseExpr();
  if (item.expr->kind != ExprKind::kStar) item.alias = ParseOptionalLabel();
  return item;
}

// [AS] label.
Name Parser::ParseOptionalLabel() {
  if (Accept("as"_kw)) return ParseLabel();
  if (token_.kind == TokenKind::kQuotedName) return TakeName();
  if (token_.kind != TokenKind::kWord) return {};
  if (token_.keyword == kNoKeyword) return TakeName();
  const bool clause = At("qualify"_kw) || At("collate"_kw) || At("not"_kw) || At("and"_kw) || At("or"_kw) || At("is"_kw) ||
                      At("in"_kw) || At("between"_kw) || At("like"_kw) || At("ilike"_kw) || At("similar"_kw);
  if (InfoOf(token_.keyword).label_needs_as || clause) return {};
  return TakeName();
}

ast::List<Expr*> Parser::ParseGroupBy(SelectCore* core) {
  if (At("all"_kw)) {
    Advance();
    if (AtEnd() || At(")") || At("having"_kw) || At("order"_kw) || At("limit"_kw) || At("qualify"_kw) || At("window"_kw) ||
        At("union"_kw) || At("offset"_kw) || At("fetch"_kw)) {
      core->group_by_all = true;
      return {};
    }
  } else {
    core->group_by_distinct = Accept("distinct"_kw);
  }
  Items<Expr*> items;
  do {
    items.push_back(ParseGroupItem());
  } while (Accept(","));
  return Keep(items);
}

Expr* Parser::ParseGroupItem() {
  const int32_t offset = token_.offset;
  ast::GroupingKind kind = ast::GroupingKind::kEmpty;
  if ((At("rollup"_kw) || At("cube"_kw)) && PeekIs("(")) {
    kind = At("rollup"_kw) ? ast::GroupingKind::kRollup : ast::GroupingKind::kCube;
    Advance();
  } else if (At("grouping"_kw) && PeekIs("sets"_kw)) {
    kind = ast::GroupingKind::kSets;
    Advance();
    Advance();
  } else {
    return ParseExpr();
  }
  const Nested nested(*this);
  auto* set = NewExpr<ast::GroupingSet>(ExprKind::kGroupingSet, offset);
  set->grouping = kind;
  Expect("(");
  Items<Expr*> elements;
  do {
    elements.push_back(ParseGroupItem());
  } while (Accept(","));
  Expect(")");
  set->elements = Keep(elements);
  return FinishList(set, set->elements);
}

SelectBody* Parser::ParseValues() {
  auto* values = New<ast::Values>(token_.offset);
  values->kind = ast::BodyKind::kValues;
  Expect("values"_kw);
  Items<ast::List<Expr*>> rows;
  do {
    if (!At("(") && !rows.empty()) break;  // a trailing comma
    Expect("(");
    rows.push_back(ParseExprList());
    Expect(")");
  } while (Accept(","));
  values->rows = Keep(rows);
  return values;
}

}  // namespace turdb::sql
