// CREATE and ALTER of types and domains.
#include "sql/parse/parser_internal.h"

namespace turdb::sql {

using ast::AlterTypeAction;
using ast::Statement;
using ast::StatementKind;

Statement* Parser::ParseCreateType(int32_t offset, bool domain) {
  auto* create = NewStatement<ast::CreateType>(StatementKind::kCreateType, offset);
  create->domain = domain;
  Advance();
  create->name = ParseQualifiedName();
  if (domain) {
    Accept("as"_kw);
    create->base = ParseType();
    create->constraints = ParseColumnConstraints();
    return create;
  }
  if (!Accept("as"_kw)) return ParseOther(offset, "create type");
  if (Accept("enum"_kw)) {
    create->is_enum = true;
    Expect("(");
    Items<ast::Text> labels;
    while (token_.kind == TokenKind::kString) {
      labels.push_back(token_.text);
      Advance();
      if (!Accept(",")) break;
    }
    Expect(")");
    create->labels = Keep(labels);
    return create;
  }
  if (!At("(")) return ParseOther(offset, "create type");
  Advance();
  Items<ast::ColumnDefinition*> fields;
  if (!At(")")) {
    do {
      fields.push_back(ParseColumnDefinition());
    } while (Accept(","));
  }
  Expect(")");
  create->fields = Keep(fields);
  return create;
}

ast::Text Parser::ParseLabelText() {
  if (token_.kind != TokenKind::kString) {
    Unexpected();
    return {};
  }
  const ast::Text text = token_.text;
  Advance();
  return text;
}

bool Parser::AcceptAttribute() {
  const bool attribute = token_.kind == TokenKind::kWord && token_.text == "attribute";
  if (attribute) Advance();
  return attribute;
}

bool Parser::AtAttributeChange() {
  return (At("add"_kw) || At("drop"_kw) || At("alter"_kw)) && Peek().kind == TokenKind::kWord && Peek().text == "attribute";
}

void Parser::AcceptBehaviour() {
  if (!Accept("cascade"_kw)) Accept("restrict"_kw);
}

// ADD ATTRIBUTE a int, DROP ATTRIBUTE b, ALTER ATTRIBUTE c TYPE text
ast::List<ast::AttributeChange> Parser::ParseAttributeChanges() {
  Items<ast::AttributeChange> changes;
  do {
    ast::AttributeChange change;
    change.action = At("add"_kw)    ? ast::AttributeAction::kAdd
                    : At("drop"_kw) ? ast::AttributeAction::kDrop
                                    : ast::AttributeAction::kAlterType;
    if (!AtAttributeChange()) Unexpected();
    Advance();
    AcceptAttribute();
    if (change.action == ast::AttributeAction::kAdd) {
      change.definition = ParseColumnDefinition();
    } else {
      change.if_exists = change.action == ast::AttributeAction::kDrop && AcceptIfExists();
      change.definition = arena_.New<ast::ColumnDefinition>();
      change.definition->name = ParseName();
      if (change.action == ast::AttributeAction::kAlterType) {
        if (Accept("set"_kw)) Expect("data"_kw);
        Expect("type"_kw);
        change.definition->type = ParseType();
      }
    }
    AcceptBehaviour();
    changes.push_back(change);
  } while (Accept(","));
  return Keep(changes);
}

Statement* Parser::ParseAlterType(int32_t offset, bool domain) {
  auto* alter = NewStatement<ast::AlterType>(StatementKind::kAlterType, offset);
  alter->domain = domain;
  alter->name = ParseQualifiedName();
  if (!domain && AtAttributeChange()) {
    alter->action = AlterTypeAction::kAttributes;
    alter->attributes = ParseAttributeChanges();
  } else if (Accept("rename"_kw)) {
    if (Accept("to"_kw)) {
      alter->action = AlterTypeAction::kRename;
      alter->new_name = ParseName();
    } else if (domain) {
      Expect("constraint"_kw);
      alter->action = AlterTypeAction::kRenameConstraint;
      alter->old_name = ParseName();
      Expect("to"_kw);
      alter->new_name = ParseName();
    } else if (AcceptAttribute()) {
      const ast::Name name = ParseName();
      auto* definition = arena_.New<ast::ColumnDefinition>();
      definition->name = name;
      Expect("to"_kw);
      alter->action = AlterTypeAction::kAttributes;
      alter->attributes =
          Keep(Items<ast::AttributeChange>{{ast::AttributeAction::kRename, definition, ParseName(), /*if_exists=*/false}});
      AcceptBehaviour();
    } else {
      Expect("value"_kw);
      alter->action = AlterTypeAction::kRenameValue;
      alter->label = ParseLabelText();
      Expect("to"_kw);
      alter->new_label = ParseLabelText();
    }
  } else if (Accept("add"_kw)) {
    if (domain) {
      alter->action = AlterTypeAction::kAddConstraint;
      alter->constraint = ParseColumnConstraint();
      if (alter->constraint == nullptr) Unexpected();
      return alter;
    }
    Expect("value"_kw);
    alter->action = AlterTypeAction::kAddValue;
    alter->if_exists = AcceptIfNotExists();
    alter->label = ParseLabelText();
    alter->before = At("before"_kw);
    alter->has_neighbour = Accept("before"_kw) || Accept("after"_kw);
    if (alter->has_neighbour) alter->new_label = ParseLabelText();
  } else if (Accept("set"_kw)) {
    if (Accept("schema"_kw)) {
      alter->action = AlterTypeAction::kSetSchema;
      alter->new_name = ParseName();
    } else if (domain && Accept("not"_kw)) {
      Expect("null"_kw);
      alter->action = AlterTypeAction::kSetNotNull;
    } else if (domain) {
      Expect("default"_kw);
      alter->action = AlterTypeAction::kSetDefault;
      const int32_t begin = token_.offset;
      alter->expr = ParseExpr(kOperatorPrecedence);
      alter->expr_text = TextFrom(begin);
    } else {
      Unexpected();
    }
  } else if (domain && Accept("drop"_kw)) {
    if (Accept("default"_kw)) {
      alter->action = AlterTypeAction::kDropDefault;
    } else if (Accept("not"_kw)) {
      Expect("null"_kw);
      alter->action = AlterTypeAction::kDropNotNull;
    } else {
      Expect("constraint"_kw);
      alter->action = AlterTypeAction::kDropConstraint;
      alter->if_exists = AcceptIfExists();
      alter->old_name = ParseName();
      alter->cascade = Accept("cascade"_kw);
      if (!alter->cascade) Accept("restrict"_kw);
    }
  } else if (domain && At("validate"_kw)) {
    Advance();
    Expect("constraint"_kw);
    alter->action = AlterTypeAction::kValidateConstraint;
    alter->old_name = ParseName();
  } else {
    return ParseOther(offset, domain ? "alter domain" : "alter type");
  }
  return alter;
}

}  // namespace turdb::sql
