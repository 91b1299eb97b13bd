// CREATE TRIGGER, ALTER TRIGGER, and the statements of a trigger's body.
//
// The body is SQL between BEGIN and END, as SQLite has it, or one statement. Without FOR EACH it runs for every row.
#include "absl/strings/str_cat.h"
#include "sql/parse/parser_internal.h"

namespace turdb::sql {

using ast::Statement;
using ast::StatementKind;

namespace {

// Without the parentheses that are around all of it.
std::string_view Bare(std::string_view text) {
  while (text.size() >= 2 && text.front() == '(' && text.back() == ')') {
    int depth = 0;
    char quote = 0;
    size_t closed = 0;
    for (size_t i = 0; i < text.size() && closed == 0; ++i) {
      const char c = text[i];
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '\'' || c == '"' || c == '`') {
        quote = c;
      } else if (c == '(') {
        ++depth;
      } else if (c == ')' && --depth == 0) {
        closed = i;
      }
    }
    if (closed + 1 != text.size()) break;
    text = text.substr(1, text.size() - 2);
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  }
  return text;
}

}  // namespace

Statement* Parser::ParseCreateTrigger(int32_t offset, bool or_replace, bool temporary) {
  auto* create = NewStatement<ast::CreateTrigger>(StatementKind::kCreateTrigger, offset);
  if (temporary) Fail(base::UnsupportedError("CREATE TEMPORARY TRIGGER is not supported"), token_.offset);
  create->or_replace = or_replace;
  Expect("trigger"_kw);
  create->if_not_exists = AcceptIfNotExists();
  create->name = ParseQualifiedName();
  if (Accept("after"_kw)) {
    create->time = ast::TriggerTime::kAfter;
  } else if (Accept("instead"_kw)) {
    Expect("of"_kw);
    create->time = ast::TriggerTime::kInsteadOf;
  } else {
    Accept("before"_kw);
  }
  ParseTriggerEvents(create);
  Expect("on"_kw);
  create->table = ParseQualifiedName();
  if (Accept("referencing"_kw)) ParseTransitionTables(create);
  if (Accept("for"_kw)) {
    Accept("each"_kw);
    create->for_each_row = At("row"_kw);
    if (!Accept("row"_kw)) Expect("statement"_kw);
  }
  if (Accept("when"_kw)) {
    const int32_t begin = token_.offset;
    ParseExpr();
    const std::string_view text = TextFrom(begin);
    create->condition_text = Bare(text);
    create->condition_offset = begin + static_cast<int32_t>(create->condition_text.data() - text.data());
  }
  ParseTriggerAction(create);
  return create;
}

void Parser::ParseTriggerEvents(ast::CreateTrigger* create) {
  do {
    bool* event = &create->on_insert;
    if (Accept("delete"_kw)) {
      event = &create->on_delete;
    } else if (Accept("update"_kw)) {
      event = &create->on_update;
      if (Accept("of"_kw)) create->columns = ParseNameList();
    } else if (At("truncate"_kw)) {
      Fail(base::UnsupportedError("triggers on TRUNCATE are not supported"), token_.offset);
    } else {
      Expect("insert"_kw);
    }
    if (*event) FailSyntax("duplicate trigger events specified", last_end_);
    *event = true;
  } while (Accept("or"_kw));
}

void Parser::ParseTransitionTables(ast::CreateTrigger* create) {
  do {
    const bool is_new = At("new"_kw);
    if (!Accept("new"_kw)) Expect("old"_kw);
    if (At("row"_kw)) {
      Fail(base::WithHint(base::UnsupportedError("ROW variable naming in the REFERENCING clause is not supported"),
                          "The rows are called OLD and NEW."),
           token_.offset);
    }
    Expect("table"_kw);
    Accept("as"_kw);
    ast::Name& name = is_new ? create->new_table : create->old_table;
    if (!name.empty()) {
      FailSyntax(absl::StrCat(is_new ? "NEW" : "OLD", " TABLE cannot be specified multiple times"), token_.offset);
    }
    name = ParseName();
  } while (At("new"_kw) || At("old"_kw));
}

void Parser::ParseTriggerAction(ast::CreateTrigger* create) {
  if (At("execute"_kw) && (PeekIs("function"_kw) || PeekIs("procedure"_kw))) {
    create->function = true;
    Fail(base::WithHint(base::UnsupportedError("EXECUTE FUNCTION in a trigger is not supported"),
                        "Write the statements themselves: BEGIN ...; END."),
         token_.offset);
    return;
  }
  const bool list = Accept("begin"_kw);
  if (list) AcceptWord("atomic");
  create->body_offset = token_.offset;
  if (list) {
    ParseTriggerStatements();
  } else {
    ParseTriggerStatement();
  }
  create->body_text = TextFrom(create->body_offset);
  if (list) Expect("end"_kw);
  if (!parameters_.empty()) {
    Fail(base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kUndefinedParameter,
                         "a trigger cannot have parameters"),
         create->offset);
  }
}

ast::List<Statement*> Parser::ParseTriggerStatements() {
  Items<Statement*> statements;
  while (!At("end"_kw) && token_.kind != TokenKind::kEnd) {
    statements.push_back(ParseTriggerStatement());
    if (!Accept(";")) {
      if (!At("end"_kw) && token_.kind != TokenKind::kEnd) Unexpected();
      break;
    }
  }
  if (statements.empty()) UnexpectedWithHint("A trigger has one statement or more.");
  return Keep(statements);
}

Statement* Parser::ParseTriggerStatement() {
  switch (token_.keyword) {
    case "set"_kw:
      return ParseSetNew();
    case "execute"_kw:
    case "create"_kw:
      break;
    default: {
      if (!AtQuery() && !At("insert"_kw) && !At("replace"_kw) && !At("update"_kw) && !At("delete"_kw) && !At("merge"_kw)) break;
      return ParseExplainable();
    }
  }
  const int32_t offset = token_.offset;
  UnexpectedWithHint("The body of a trigger has INSERT, UPDATE, DELETE, MERGE, SELECT and SET NEW.column = ...");
  return ParseOther(offset, "trigger");
}

Statement* Parser::ParseSetNew() {
  auto* set = NewStatement<ast::SetNew>(StatementKind::kSetNew, token_.offset);
  Expect("set"_kw);
  Items<ast::SetItem> items;
  do {
    Expect("new"_kw);
    Expect(".");
    ast::SetItem item;
    item.columns = Keep(Items<ast::Name>{ParseName()});
    if (!AcceptOperator("=")) Unexpected();
    item.value = ParseExpr();
    items.push_back(item);
  } while (Accept(","));
  set->set = Keep(items);
  return set;
}

base::StatusOr<ast::List<Statement*>> Parser::ParseOnlyTriggerBody() {
  const ast::List<Statement*> statements = ParseTriggerStatements();
  if (token_.kind != TokenKind::kEnd) Unexpected();
  if (failed()) return status_;
  return statements;
}

Statement* Parser::ParseAlterTrigger(int32_t offset) {
  auto* alter = NewStatement<ast::AlterTrigger>(StatementKind::kAlterTrigger, offset);
  alter->name = ParseName();
  Expect("on"_kw);
  alter->table = ParseQualifiedName();
  Expect("rename"_kw);
  Expect("to"_kw);
  alter->new_name = ParseName();
  return alter;
}

}  // namespace turdb::sql
