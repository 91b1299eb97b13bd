// FROM: tables, derived tables, functions, files, joins, aliases.
#include <algorithm>

#include "sql/parse/parser_internal.h"

namespace turdb::sql {

using ast::JoinKind;
using ast::Name;
using ast::TableRef;
using ast::TableRefKind;

TableRef* Parser::NewTableRef(TableRef* ref, TableRefKind kind, int32_t offset) {
  ref->kind = kind;
  ref->offset = offset;
  return ref;
}

ast::List<TableRef*> Parser::ParseFromList() {
  Items<TableRef*> tables;
  do {
    if (!tables.empty() && (AtEnd() || At(")") || At("where"_kw) || At("group"_kw) || At("order"_kw))) break;
    tables.push_back(ParseTableRef());
  } while (Accept(","));
  return Keep(tables);
}

TableRef* Parser::ParseTableRef() {
  const Nested nested(*this);
  return ParseJoinTail(ParseTablePrimary());
}

// False when no join follows; nothing is read then.
bool Parser::ParseJoinKind(JoinKind* kind, bool* natural) {
  *kind = JoinKind::kInner;
  *natural = false;
  if (At("natural"_kw)) {
    Advance();
    *natural = true;
  }
  if (Accept("join"_kw)) return true;
  if (At("inner"_kw)) {
    Advance();
  } else if (At("cross"_kw)) {
    *kind = JoinKind::kCross;
    Advance();
  } else if (At("left"_kw) || At("right"_kw) || At("full"_kw)) {
    *kind = At("left"_kw) ? JoinKind::kLeft : At("right"_kw) ? JoinKind::kRight : JoinKind::kFull;
    Advance();
    Accept("outer"_kw);
  } else if ((At("semi"_kw) || At("anti"_kw)) && PeekIs("join"_kw)) {
    *kind = At("semi"_kw) ? JoinKind::kSemi : JoinKind::kAnti;
    Advance();
  } else if (At("asof"_kw) && (PeekIs("join"_kw) || PeekIs("left"_kw))) {
    Advance();
    *kind = Accept("left"_kw) ? JoinKind::kAsofLeft : JoinKind::kAsof;
  } else if (!*natural) {
    return false;
  }
  Expect("join"_kw);
  return true;
}

TableRef* Parser::ParseJoinTail(TableRef* left) {
  for (;;) {
    const int32_t offset = token_.offset;
    JoinKind kind;
    bool natural;
    if (failed() || !ParseJoinKind(&kind, &natural)) return left;
    auto* join = arena_.New<ast::Join>();
    NewTableRef(join, TableRefKind::kJoin, offset);
    join->join = kind;
    join->natural = natural;
    join->left = left;
    if (kind == JoinKind::kCross || natural) {
      join->right = ParseTablePrimary();
    } else {
      // a JOIN b JOIN c ON x ON y nests to the right.
      join->right = ParseTablePrimary();
      if (!At("on"_kw) && !At("using"_kw)) {
        const Nested nested(*this);
        join->right = ParseJoinTail(join->right);
      }
      if (Accept("using"_kw)) {
        join->using_columns = ParseParenthesisedNames();
        if (Accept("as"_kw)) join->alias = ParseName();
      } else if (Accept("on"_kw)) {
        join->on = ParseExpr();
      } else if (kind != JoinKind::kInner) {
        Unexpected();
      }  // SQLite takes an inner join without a condition
    }
    join->height = static_cast<uint16_t>(std::max(left->height, join->right->height) + 1);
    if (join->height > limits_.nesting_depth) FailTooDeep(offset);
    left = join;
  }
}

// A table, and what PIVOT and UNPIVOT make of it.
TableRef* Parser::ParseTablePrimary() {
  TableRef* table = ParsePlainTable();
  while ((At("pivot"_kw) || At("unpivot"_kw)) && !failed()) {
    const Nested nested(*this);
    table = At("pivot"_kw) ? ParsePivot(table) : ParseUnpivot(table);
  }
  return table;
}

TableRef* Parser::ParsePlainTable() {
  const Nested nested(*this);
  const int32_t offset = token_.offset;
  const bool lateral = Accept("lateral"_kw);
  if (At("(")) return ParseParenthesisedTable(lateral);
  if (token_.kind == TokenKind::kString) {
    auto* file = arena_.New<ast::FileTable>();
    NewTableRef(file, TableRefKind::kFile, offset);
    file->path = token_.text;
    Advance();
    ParseTableAlias(file);
    return file;
  }
  if (At("rows"_kw) && PeekIs("from"_kw)) {
    Advance();
    Advance();
    auto* table = arena_.New<ast::FunctionTable>();
    NewTableRef(table, TableRefKind::kFunction, offset)->lateral = lateral;
    Expect("(");
    Items<ast::Expr*> calls;
    do {
      calls.push_back(ParseCall(ParseQualifiedName()));
    } while (Accept(","));
    Expect(")");
    table->calls = Keep(calls);
    return ParseFunctionTable(table);
  }
  const bool only = Accept("only"_kw);
  const bool only_parenthesis = only && Accept("(");
  Name first;
  if (AtName() || !AtName(KeywordClass::kTypeOrFunction)) {
    first = ParseName();
  } else {
    first = ParseTypeOrFunctionName();
    if (!At("(") && !At(".")) Unexpected();
  }
  const ast::QualifiedName name = ParseQualifiedNameFrom(first);
  if (only_parenthesis) Expect(")");
  if (At("(") && !only && name.parts.size() == 1 && !first.quoted && first.text == "json_table") return ParseJsonTable(offset);
  if (At("(") && !only) {
    auto* table = arena_.New<ast::FunctionTable>();
    NewTableRef(table, TableRefKind::kFunction, offset)->lateral = lateral;
    table->calls = Keep(Items<ast::Expr*>{ParseCall(name)});
    return ParseFunctionTable(table);
  }
  auto* table = arena_.New<ast::NamedTable>();
  NewTableRef(table, TableRefKind::kNamed, offset)->lateral = lateral;
  table->name = name;
  table->only = only;
  AcceptOperator("*");  // t *: with descendants, as everything is
  ParseTableAlias(table);
  ParseSample(table);
  if (At("indexed"_kw) && PeekIs("by"_kw)) {
    Advance();
    Advance();
    table->indexed_by = ParseName();
  } else if (At("not"_kw) && PeekIs("indexed"_kw)) {
    Advance();
    Advance();
  }
  return table;
}

TableRef* Parser::ParseParenthesisedTable(bool lateral) {
  const int32_t offset = token_.offset;
  Expect("(");
  TableRef* inner = nullptr;
  if (AtQuery()) {
    auto* derived = arena_.New<ast::DerivedTable>();
    inner = NewTableRef(derived, TableRefKind::kDerived, offset);
    derived->select = ParseSelect();
  } else {
    inner = ParseTableRef();
    const bool bare = inner->kind == TableRefKind::kDerived && inner->alias.empty();
    if (!At(")") && bare) {  // ((SELECT ...) UNION ...)
      ParseSelectTail(static_cast<ast::DerivedTable*>(inner)->select);
    } else if (At(",") && !failed()) {  // SQLite's (a, b) is a cross join
      while (Accept(",")) {
        auto* join = arena_.New<ast::Join>();
        NewTableRef(join, TableRefKind::kJoin, offset);
        join->join = JoinKind::kCross;
        join->left = inner;
        join->right = ParseTableRef();
        join->height = static_cast<uint16_t>(std::max(inner->height, join->right->height) + 1);
        if (join->height > limits_.nesting_depth) FailTooDeep(offset);
        inner = join;
      }
    }
  }
  Expect(")");
  inner->lateral = lateral;
  if (inner->alias.empty()) ParseTableAlias(inner);
  return inner;
}

TableRef* Parser::ParseFunctionTable(TableRef* table) {
  auto* function = static_cast<ast::FunctionTable*>(table);
  if (At("with"_kw) && PeekIs("ordinality"_kw)) {
    Advance();
    Advance();
    function->with_ordinality = true;
  }
  const int as = At("as"_kw) ? 1 : 0;  // f() AS t(a int, b text), f() t(a int), f() AS (a int)
  const bool definitions =
      (as == 1 && PeekIs("(")) || ((as == 1 || AtName()) && PeekIs("(", 1 + as) && Peek(3 + as).kind == TokenKind::kWord);
  if (!definitions) {
    ParseTableAlias(table);
    return table;
  }
  Accept("as"_kw);
  if (!At("(")) table->alias = ParseName();
  Expect("(");
  Items<ast::ColumnDefinition*> columns;
  do {
    columns.push_back(ParseColumnDefinition());
  } while (Accept(","));
  Expect(")");
  function->column_definitions = Keep(columns);
  return table;
}

void Parser::ParseTableAlias(TableRef* ref) {
  if (Accept("as"_kw)) {
    ref->alias = ParseName();
  } else {
    ref->alias = ParseOptionalTableAlias();
  }
  if (!ref->alias.empty() && At("(")) ref->column_aliases = ParseParenthesisedNames();
}

// A bare alias is a name that begins no clause of ours.
Name Parser::ParseOptionalTableAlias() {
  if (At("[")) return {};
  if (!AtName()) return {};
  switch (token_.keyword) {
    case "set"_kw:
    case "qualify"_kw:
    case "values"_kw:
      return {};
    case "indexed"_kw:
      if (PeekIs("by"_kw)) return {};
      break;
    case "rows"_kw:
      if (PeekIs("from"_kw)) return {};
      break;
    case "pivot"_kw:
      if (PeekIs("(")) return {};
      break;
    case "unpivot"_kw:
      if (PeekIs("(") || PeekIs("include"_kw) || PeekIs("exclude"_kw)) return {};
      break;
    case "asof"_kw:
    case "semi"_kw:
    case "anti"_kw:
      if (PeekIs("join"_kw) || PeekIs("left"_kw)) return {};
      break;
    case "conflict"_kw:
    default:
      break;
  }
  return TakeName();
}

void Parser::ParseSample(ast::NamedTable* table) {
  if (!At("tablesample"_kw)) return;
  Advance();
  table->sample = arena_.New<ast::Sample>();
  table->sample->method = ParseTypeOrFunctionName();
  Expect("(");
  table->sample->arguments = ParseExprList();
  Expect(")");
  if (At("repeatable"_kw)) {
    Advance();
    Expect("(");
    table->sample->repeatable = ParseExpr();
    Expect(")");
  }
}

// The table of UPDATE, DELETE and MERGE.
ast::NamedTable* Parser::ParseTargetTable() {
  auto* table = arena_.New<ast::NamedTable>();
  NewTableRef(table, TableRefKind::kNamed, token_.offset);
  table->only = Accept("only"_kw);
  table->name = ParseQualifiedName();
  AcceptOperator("*");
  ParseTableAlias(table);
  if (At("indexed"_kw) && PeekIs("by"_kw)) {
    Advance();
    Advance();
    table->indexed_by = ParseName();
  } else if (At("not"_kw) && PeekIs("indexed"_kw)) {
    Advance();
    Advance();
  }
  return table;
}

}  // namespace turdb::sql
