// INSERT, UPDATE, DELETE, MERGE, TRUNCATE, COPY.
#include "sql/parse/parser_internal.h"

namespace turdb::sql {

using ast::ConflictAction;
using ast::Name;
using ast::Statement;
using ast::StatementKind;

ConflictAction Parser::ParseConflictAction() {
  if (Accept("replace"_kw)) return ConflictAction::kReplace;
  if (Accept("ignore"_kw)) return ConflictAction::kIgnore;
  if (Accept("abort"_kw)) return ConflictAction::kAbort;
  if (Accept("fail"_kw)) return ConflictAction::kFail;
  Expect("rollback"_kw);
  return ConflictAction::kRollback;
}

ast::Overriding Parser::ParseOverriding() {
  if (!Accept("overriding"_kw)) return ast::Overriding::kNone;
  const bool user = Accept("user"_kw);
  if (!user) Expect("system"_kw);
  Expect("value"_kw);
  return user ? ast::Overriding::kUser : ast::Overriding::kSystem;
}

Statement* Parser::ParseInsert(ast::With* with) {
  auto* insert = NewStatement<ast::Insert>(StatementKind::kInsert, token_.offset);
  insert->with = with;
  if (Accept("replace"_kw)) {
    insert->or_action = ConflictAction::kReplace;
  } else {
    Expect("insert"_kw);
    if (Accept("or"_kw)) insert->or_action = ParseConflictAction();
  }
  Expect("into"_kw);
  insert->table = ParseQualifiedName();
  if (Accept("as"_kw)) insert->alias = ParseName();
  if (At("(") && !PeekIs("select"_kw) && !PeekIs("with"_kw) && !PeekIs("(") && !PeekIs("table"_kw) && !PeekIs("from"_kw) &&
      !(PeekIs("values"_kw) && PeekIs("(", 2))) {
    Advance();
    insert->has_columns = true;
    Items<Name> columns;
    do {
      if (At(")")) break;
      columns.push_back(ParseSetTarget(nullptr));
    } while (Accept(","));
    Expect(")");
    insert->columns = Keep(columns);
  }
  insert->overriding = ParseOverriding();
  if (At("default"_kw) && PeekIs("values"_kw)) {
    Advance();
    Advance();
  } else {
    if (!AtQuery() && !At("(")) {
      UnexpectedWithHint("INSERT takes VALUES (...), a query or DEFAULT VALUES");
    }
    insert->source = ParseSelect();
  }
  Items<ast::OnConflict*> conflicts;
  while (At("on"_kw) && PeekIs("conflict"_kw)) conflicts.push_back(ParseOnConflict());
  insert->on_conflict = Keep(conflicts);
  insert->returning = ParseReturning();
  return insert;
}

ast::OnConflict* Parser::ParseOnConflict() {
  auto* conflict = New<ast::OnConflict>(token_.offset);
  Expect("on"_kw);
  Expect("conflict"_kw);
  if (At("(")) {
    conflict->target = ParseIndexElements();
    if (Accept("where"_kw)) conflict->target_where = ParseExpr();
  } else if (Accept("on"_kw)) {
    Expect("constraint"_kw);
    conflict->constraint = ParseName();
  }
  Expect("do"_kw);
  if (Accept("nothing"_kw)) return conflict;
  Expect("update"_kw);
  Expect("set"_kw);
  conflict->update = true;
  conflict->set = ParseSetItems();
  if (Accept("where"_kw)) conflict->where = ParseExpr();
  return conflict;
}

// A column as a target, or, where `path` is given, a field or an element of one.
Name Parser::ParseSetTarget(ast::List<ast::SetStep>* path) {
  const Name name = ParseName();
  Items<ast::SetStep> steps;
  while (path != nullptr && (At(".") || At("[")) && !failed()) {
    ast::SetStep& step = steps.emplace_back();
    if (Accept(".")) {
      step.offset = token_.offset;
      step.field = ParseLabel();
      continue;
    }
    step.offset = token_.offset;
    Advance();
    if (!At(":")) step.lower = ParseExpr();
    step.slice = Accept(":");
    if (step.slice && !At("]")) step.upper = ParseExpr();
    Expect("]");
  }
  if (!steps.empty()) *path = Keep(steps);
  if (At(".") || At("[")) {
    Fail(base::UnsupportedError("a field or an element of a column as a target is not supported here"), token_.offset);
  }
  return name;
}

ast::List<ast::SetItem> Parser::ParseSetItems() {
  Items<ast::SetItem> items;
  do {
    ast::SetItem item;
    if (Accept("(")) {
      item.multiple = true;
      Items<Name> columns;
      do {
        columns.push_back(ParseSetTarget(nullptr));
      } while (Accept(","));
      Expect(")");
      item.columns = Keep(columns);
    } else {
      item.columns = Keep(Items<Name>{ParseSetTarget(&item.path)});
    }
    if (!AcceptOperator("=")) Unexpected();
    item.value = ParseExpr();
    items.push_back(item);
  } while (Accept(","));
  return Keep(items);
}

ast::List<ast::SelectItem> Parser::ParseReturning() {
  if (!Accept("returning"_kw)) return {};
  return ParseSelectItems();
}

Statement* Parser::ParseUpdate(ast::With* with) {
  auto* update = NewStatement<ast::Update>(StatementKind::kUpdate, token_.offset);
  update->with = with;
  Expect("update"_kw);
  if (Accept("or"_kw)) update->or_action = ParseConflictAction();
  update->table = ParseTargetTable();
  Expect("set"_kw);
  update->set = ParseSetItems();
  if (Accept("from"_kw)) update->from = ParseFromList();
  if (Accept("where"_kw)) update->where = ParseExpr();
  if (At("order"_kw)) {
    Advance();
    Expect("by"_kw);
    update->order_by = ParseOrderItems();
  }
  if (Accept("limit"_kw)) update->limit = ParseExpr();
  update->returning = ParseReturning();
  return update;
}

Statement* Parser::ParseDelete(ast::With* with) {
  auto* statement = NewStatement<ast::Delete>(StatementKind::kDelete, token_.offset);
  statement->with = with;
  Expect("delete"_kw);
  Expect("from"_kw);
  statement->table = ParseTargetTable();
  if (Accept("using"_kw)) statement->using_tables = ParseFromList();
  if (Accept("where"_kw)) statement->where = ParseExpr();
  if (At("order"_kw)) {
    Advance();
    Expect("by"_kw);
    statement->order_by = ParseOrderItems();
  }
  if (Accept("limit"_kw)) statement->limit = ParseExpr();
  statement->returning = ParseReturning();
  return statement;
}

Statement* Parser::ParseMerge(ast::With* with) {
  auto* merge = NewStatement<ast::Merge>(StatementKind::kMerge, token_.offset);
  merge->with = with;
  Expect("merge"_kw);
  Expect("into"_kw);
  merge->target = ParseTargetTable();
  Expect("using"_kw);
  merge->source = ParseTablePrimary();
  Expect("on"_kw);
  merge->on = ParseExpr();
  Items<ast::MergeWhen> whens;
  while (Accept("when"_kw)) whens.push_back(ParseMergeWhen());
  if (whens.empty()) Unexpected();
  merge->whens = Keep(whens);
  merge->returning = ParseReturning();
  return merge;
}

ast::MergeWhen Parser::ParseMergeWhen() {
  ast::MergeWhen when;
  if (Accept("not"_kw)) when.match = ast::MergeMatch::kNotMatched;
  Expect("matched"_kw);
  if (Accept("by"_kw)) {
    if (AcceptWord("source")) {
      when.match = ast::MergeMatch::kNotMatchedBySource;
    } else {
      if (!AcceptWord("target")) Unexpected();
    }
  }
  if (Accept("and"_kw)) when.condition = ParseExpr();
  Expect("then"_kw);
  if (Accept("do"_kw)) {
    Expect("nothing"_kw);
  } else if (Accept("delete"_kw)) {
    when.action = ast::MergeAction::kDelete;
  } else if (Accept("update"_kw)) {
    when.action = ast::MergeAction::kUpdate;
    Expect("set"_kw);
    when.set = ParseSetItems();
  } else {
    Expect("insert"_kw);
    when.action = ast::MergeAction::kInsert;
    if (At("(")) when.columns = ParseParenthesisedNames();
    if (At("overriding"_kw)) Fail(base::UnsupportedError("OVERRIDING in MERGE is not supported"), token_.offset);
    if (Accept("default"_kw)) {
      Expect("values"_kw);
    } else {
      Expect("values"_kw);
      Expect("(");
      when.values = ParseExprList();
      Expect(")");
    }
  }
  return when;
}

Statement* Parser::ParseTruncate() {
  auto* truncate = NewStatement<ast::Truncate>(StatementKind::kTruncate, token_.offset);
  Expect("truncate"_kw);
  Accept("table"_kw);
  Items<ast::QualifiedName> tables;
  do {
    Accept("only"_kw);
    tables.push_back(ParseQualifiedName());
    AcceptOperator("*");
  } while (Accept(","));
  truncate->tables = Keep(tables);
  if (Accept("restart"_kw)) {
    Expect("identity"_kw);
    truncate->restart_identity = true;
  } else if (Accept("continue"_kw)) {
    Expect("identity"_kw);
  }
  if (Accept("cascade"_kw)) {
    truncate->cascade = true;
  } else {
    Accept("restrict"_kw);
  }
  return truncate;
}

Statement* Parser::ParseCopy() {
  auto* copy = NewStatement<ast::Copy>(StatementKind::kCopy, token_.offset);
  Expect("copy"_kw);
  Items<ast::Option> options;
  if (Accept("binary"_kw)) options.push_back({Name{"format", copy->offset, false}, "binary", false, {}});
  if (Accept("(")) {
    copy->query = ParseExplainable();
    Expect(")");
  } else {
    copy->table = ParseQualifiedName();
    if (At("(")) copy->columns = ParseParenthesisedNames();
  }
  if (Accept("from"_kw)) {
    copy->from = true;
  } else {
    Expect("to"_kw);
  }
  copy->program = Accept("program"_kw);
  if (token_.kind == TokenKind::kString) {
    copy->path = token_.text;
    Advance();
  } else if (!copy->program && (Accept("stdin"_kw) || Accept("stdout"_kw))) {
    copy->standard_stream = true;
  } else {
    UnexpectedWithHint("COPY takes a file's name as a 'string', STDIN or STDOUT");
  }
  Accept("with"_kw);
  if (At("(")) {
    for (const ast::Option& option : ParseOptionList()) options.push_back(option);
  } else {
    ParseCopyOldOptions(&options);
  }
  copy->options = Keep(options);
  if (Accept("where"_kw)) copy->where = ParseExpr();
  return copy;
}

// The form before PostgreSQL 9: DELIMITER ',' NULL 'x' CSV HEADER QUOTE '"' ESCAPE '"'.
void Parser::ParseCopyOldOptions(Items<ast::Option>* options) {
  while (token_.kind == TokenKind::kWord && !At("where"_kw)) {
    ast::Option option;
    option.name = TakeName();
    if (option.name.text == "csv" || option.name.text == "binary") {
      option.value = option.name.text;
      option.name.text = "format";
    } else if (option.name.text == "delimiters") {
      option.name.text = "delimiter";
    }
    Accept("as"_kw);
    if (token_.kind == TokenKind::kString) {
      option.value = token_.text;
      option.is_string = true;
      Advance();
    }
    options->push_back(option);
    if (failed()) return;
  }
}

ast::List<ast::Option> Parser::ParseOptionList() {
  Expect("(");
  Items<ast::Option> options;
  if (!At(")")) {
    do {
      options.push_back(ParseOption());
    } while (Accept(","));
  }
  Expect(")");
  return Keep(options);
}

// name, name value, name = value, name (a, b).
ast::Option Parser::ParseOption() {
  ast::Option option;
  option.name = ParseLabel();
  AcceptOperator("=");
  const bool minus = AcceptOperator("-");
  if (token_.kind == TokenKind::kString || token_.kind == TokenKind::kInteger || token_.kind == TokenKind::kNumeric ||
      token_.kind == TokenKind::kWord || token_.kind == TokenKind::kQuotedName) {
    option.is_string = token_.kind == TokenKind::kString;
    option.value = minus ? arena_.Copy(std::string("-").append(token_.text)) : token_.text;
    Advance();
  } else if (AtOperator("*")) {
    option.value = "*";
    Advance();
  } else if (At("(")) {
    option.names = ParseParenthesisedNames();
  }
  return option;
}

}  // namespace turdb::sql
