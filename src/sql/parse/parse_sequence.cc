// CREATE and ALTER SEQUENCE, and the options of identity columns.
#include "absl/strings/str_cat.h"
#include "sql/parse/parser_internal.h"

namespace turdb::sql {

using ast::Statement;
using ast::StatementKind;

// A number with its sign, as it is written.
ast::Text Parser::ParseSignedNumber() {
  const bool minus = AcceptOperator("-");
  if (!minus) AcceptOperator("+");
  if (token_.kind != TokenKind::kInteger && token_.kind != TokenKind::kNumeric) Unexpected();
  const ast::Text number = minus ? arena_.Copy(absl::StrCat("-", token_.text)) : token_.text;
  Advance();
  return number;
}

// Up to what is no option. What an option means, and whether it fits, is for the binder to say.
ast::List<ast::Option> Parser::ParseSequenceOptions() {
  Items<ast::Option> options;
  while (!AtEnd() && !At(")") && !At(",") && !failed()) options.push_back(ParseSequenceOption());
  return Keep(options);
}

ast::Option Parser::ParseSequenceOption() {
  ast::Option option;
  if (Accept("no"_kw)) {
    option.name = ParseLabel();
    option.value = "no";
    return option;
  }
  option.name = ParseLabel();
  const std::string_view name = option.name.text;
  if (name == "owned") {
    Expect("by"_kw);
    option.names = ParseQualifiedName().parts;
  } else if (name == "sequence") {
    Expect("name"_kw);
    option.names = ParseQualifiedName().parts;
  } else if (name == "as") {
    option.value = ParseType()->name.last().text;
  } else if (name == "restart") {
    const bool with = Accept("with"_kw);
    const bool number = token_.kind == TokenKind::kInteger || token_.kind == TokenKind::kNumeric || AtOperator("-");
    if (with || number) option.value = ParseSignedNumber();
  } else if (name == "increment" || name == "start" || name == "minvalue" || name == "maxvalue" || name == "cache") {
    if (name == "increment") Accept("by"_kw);
    if (name == "start") Accept("with"_kw);
    option.value = ParseSignedNumber();
  } else if (name != "cycle" && name != "logged" && name != "unlogged") {
    Unexpected();
  }
  return option;
}

Statement* Parser::ParseCreateSequence(int32_t offset, bool temporary) {
  auto* create = NewStatement<ast::CreateSequence>(StatementKind::kCreateSequence, offset);
  create->temporary = temporary;
  Expect("sequence"_kw);
  create->if_not_exists = AcceptIfNotExists();
  create->name = ParseQualifiedName();
  create->options = ParseSequenceOptions();
  return create;
}

// Renaming and moving are as for a table.
Statement* Parser::ParseAlterSequence(int32_t offset) {
  auto* alter = NewStatement<ast::AlterSequence>(StatementKind::kAlterSequence, offset);
  alter->if_exists = AcceptIfExists();
  alter->name = ParseQualifiedName();
  if (At("rename"_kw) || At("set"_kw)) {
    auto* table = NewStatement<ast::AlterTable>(StatementKind::kAlterTable, offset);
    table->object = ast::ObjectKind::kSequence;
    table->if_exists = alter->if_exists;
    table->table = alter->name;
    Items<ast::AlterItem> actions;
    actions.push_back(ParseAlterItem());
    table->actions = Keep(actions);
    return table;
  }
  if (AtEnd()) Unexpected();
  alter->options = ParseSequenceOptions();
  return alter;
}

// Behind ALTER COLUMN name: SET GENERATED { ALWAYS | BY DEFAULT }, SET an option, RESTART; any number of them.
void Parser::ParseAlterIdentity(ast::AlterItem* item) {
  item->action = ast::AlterAction::kSetIdentity;
  Items<ast::Option> options;
  for (bool first = true; !failed() && (first || At("set"_kw) || At("restart"_kw)); first = false) {
    if (!At("restart"_kw)) Expect("set"_kw);
    if (!At("generated"_kw)) {
      options.push_back(ParseSequenceOption());
      continue;
    }
    ast::Option generated;
    generated.name = ParseLabel();
    if (Accept("by"_kw)) {
      Expect("default"_kw);
      generated.value = "by default";
    } else {
      Expect("always"_kw);
      generated.value = "always";
    }
    options.push_back(generated);
  }
  item->options = Keep(options);
}

}  // namespace turdb::sql
