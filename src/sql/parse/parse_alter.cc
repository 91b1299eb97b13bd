// DROP, ALTER, COMMENT ON.
#include "absl/strings/str_cat.h"
#include "sql/parse/parser_internal.h"

namespace turdb::sql {

using ast::AlterAction;
using ast::ObjectKind;
using ast::Statement;
using ast::StatementKind;

// TABLE, INDEX, MATERIALIZED VIEW ...; words are kept for messages.
ObjectKind Parser::ParseObjectKind(ast::Text* words) {
  *words = token_.text;
  const Keyword word = token_.keyword;
  if (token_.kind != TokenKind::kWord) Unexpected();
  Advance();
  switch (word) {
    case "table"_kw:
      return ObjectKind::kTable;
    case "index"_kw:
      return ObjectKind::kIndex;
    case "view"_kw:
      return ObjectKind::kView;
    case "materialized"_kw:
      Expect("view"_kw);
      *words = "materialized view";
      return ObjectKind::kMaterializedView;
    case "sequence"_kw:
      return ObjectKind::kSequence;
    case "schema"_kw:
      return ObjectKind::kSchema;
    case "type"_kw:
      return ObjectKind::kType;
    case "domain"_kw:
      return ObjectKind::kDomain;
    case "trigger"_kw:
      return ObjectKind::kTrigger;
    case "function"_kw:
      return ObjectKind::kFunction;
    case "macro"_kw:
      return ObjectKind::kMacro;
    case "extension"_kw:
      return ObjectKind::kExtension;
    default:
      return *words == "routine" ? ObjectKind::kFunction : ObjectKind::kOther;
  }
}

Statement* Parser::ParseDrop() {
  auto* drop = NewStatement<ast::Drop>(StatementKind::kDrop, token_.offset);
  Expect("drop"_kw);
  drop->object = ParseObjectKind(&drop->object_words);
  if (drop->object == ObjectKind::kOther) {
    return ParseOther(drop->offset, arena_.Copy(absl::StrCat("drop ", drop->object_words)));
  }
  const bool functions = drop->object == ObjectKind::kFunction || drop->object == ObjectKind::kMacro;
  if (drop->object == ObjectKind::kMacro) Accept("table"_kw);
  Accept("concurrently"_kw);
  drop->if_exists = AcceptIfExists();
  Items<ast::QualifiedName> names;
  Items<ast::FunctionName> signatures;
  do {
    if (functions) {
      signatures.push_back(ParseFunctionName());
    } else {
      names.push_back(ParseQualifiedName());
    }
  } while (!failed() && Accept(","));
  drop->names = Keep(names);
  drop->functions = Keep(signatures);
  if (drop->object == ObjectKind::kTrigger && Accept("on"_kw)) drop->on_table = ParseQualifiedName();
  if (Accept("cascade"_kw)) {
    drop->cascade = true;
  } else {
    Accept("restrict"_kw);
  }
  return drop;
}

Statement* Parser::ParseAlter() {
  const int32_t offset = token_.offset;
  Expect("alter"_kw);
  ast::Text words;
  const ObjectKind object = ParseObjectKind(&words);
  if (object == ObjectKind::kTable || object == ObjectKind::kView || object == ObjectKind::kMaterializedView ||
      object == ObjectKind::kIndex)
    return ParseAlterTable(offset, object);
  if (object == ObjectKind::kSequence) return ParseAlterSequence(offset);
  if (object == ObjectKind::kTrigger) return ParseAlterTrigger(offset);
  if (object == ObjectKind::kType || object == ObjectKind::kDomain) {
    return ParseAlterType(offset, object == ObjectKind::kDomain);
  }
  if (object == ObjectKind::kFunction) return ParseAlterFunction(offset);
  return ParseOther(offset, arena_.Copy(absl::StrCat("alter ", words)));
}

Statement* Parser::ParseAlterTable(int32_t offset, ObjectKind object) {
  auto* alter = NewStatement<ast::AlterTable>(StatementKind::kAlterTable, offset);
  alter->object = object;
  if (At("all"_kw)) return ParseOther(offset, "alter table all");
  alter->if_exists = AcceptIfExists();
  Accept("only"_kw);
  alter->table = ParseQualifiedName();
  AcceptOperator("*");
  Items<ast::AlterItem> actions;
  do {
    const int32_t begin = token_.offset;
    actions.push_back(ParseAlterItem());
    actions.back().text = TextFrom(begin);
    // What is not understood swallows the rest of the statement.
    if (actions.back().action == AlterAction::kOther) ParseOther(offset, "alter table");
  } while (Accept(","));
  alter->actions = Keep(actions);
  return alter;
}

ast::AlterItem Parser::ParseAlterItem() {
  ast::AlterItem item;
  item.offset = token_.offset;
  if (Accept("add"_kw)) {
    if (AtTableConstraint()) {
      item.action = AlterAction::kAddConstraint;
      item.constraint = ParseTableConstraint();
      return item;
    }
    Accept("column"_kw);
    item.action = AlterAction::kAddColumn;
    item.if_exists = AcceptIfNotExists();
    item.column = ParseColumnDefinition();
    item.name = item.column->name;
  } else if (Accept("drop"_kw)) {
    item.action = At("constraint"_kw) ? AlterAction::kDropConstraint : AlterAction::kDropColumn;
    if (!Accept("constraint"_kw)) Accept("column"_kw);
    item.if_exists = AcceptIfExists();
    item.name = ParseName();
    item.cascade = Accept("cascade"_kw);
    if (!item.cascade) Accept("restrict"_kw);
  } else if (Accept("rename"_kw)) {
    if (Accept("to"_kw)) {
      item.action = AlterAction::kRenameTable;
    } else {
      item.action = At("constraint"_kw) ? AlterAction::kRenameConstraint : AlterAction::kRenameColumn;
      if (!Accept("constraint"_kw)) Accept("column"_kw);
      item.name = ParseName();
      Expect("to"_kw);
    }
    item.new_name = ParseName();
  } else if (At("set"_kw) && PeekIs("schema"_kw)) {
    Advance();
    Advance();
    item.action = AlterAction::kSetSchema;
    item.new_name = ParseName();
  } else if (PeekIs("trigger"_kw) && (At("enable"_kw) || At("disable"_kw))) {
    item.action = At("enable"_kw) ? AlterAction::kEnableTrigger : AlterAction::kDisableTrigger;
    Advance();
    Advance();
    if (!Accept("all"_kw) && !Accept("user"_kw)) item.name = ParseName();
  } else if (Accept("alter"_kw)) {
    if (At("constraint"_kw)) return item;
    Accept("column"_kw);
    item.name = ParseName();
    ParseAlterColumn(&item);
  }
  return item;
}

void Parser::ParseAlterColumn(ast::AlterItem* item) {
  const bool set_identity = At("set"_kw) && !PeekIs("default"_kw) && !PeekIs("not"_kw) && !PeekIs("data"_kw) &&
                            !PeekIs("storage"_kw) && !PeekIs("statistics"_kw) && !PeekIs("(");
  if (set_identity || At("restart"_kw)) return ParseAlterIdentity(item);
  if (At("add"_kw)) {
    Advance();
    item->action = AlterAction::kAddIdentity;
    item->constraint = New<ast::Constraint>(token_.offset);
    ParseGenerated(item->constraint);
    if (item->constraint->kind != ast::ConstraintKind::kIdentity) Unexpected();
    return;
  }
  if (Accept("type"_kw) || (At("set"_kw) && PeekIs("data"_kw))) {
    if (Accept("set"_kw)) {
      Advance();
      Expect("type"_kw);
    }
    item->action = AlterAction::kSetType;
    item->type = ParseType();
    if (Accept("collate"_kw)) {
      item->collation = At("binary"_kw) ? ast::QualifiedName{Keep(Items<ast::Name>{TakeName()})} : ParseQualifiedName();
    }
    if (Accept("using"_kw)) {
      const int32_t begin = token_.offset;
      item->expr = ParseExpr();
      item->expr_text = TextFrom(begin);
    }
  } else if (Accept("set"_kw)) {
    if (Accept("default"_kw)) {
      item->action = AlterAction::kSetDefault;
      const int32_t begin = token_.offset;
      item->expr = ParseExpr();
      item->expr_text = TextFrom(begin);
    } else if (Accept("not"_kw)) {
      Expect("null"_kw);
      item->action = AlterAction::kSetNotNull;
    }
  } else if (Accept("drop"_kw)) {
    if (Accept("default"_kw)) {
      item->action = AlterAction::kDropDefault;
    } else if (Accept("identity"_kw)) {
      item->action = AlterAction::kDropIdentity;
      item->if_exists = AcceptIfExists();
    } else if (Accept("not"_kw)) {
      Expect("null"_kw);
      item->action = AlterAction::kDropNotNull;
    }
  }
}

// REFRESH MATERIALIZED VIEW [CONCURRENTLY] name [WITH [NO] DATA]
Statement* Parser::ParseRefresh() {
  auto* refresh = NewStatement<ast::Refresh>(StatementKind::kRefresh, token_.offset);
  Advance();
  Expect("materialized"_kw);
  Expect("view"_kw);
  refresh->concurrently = Accept("concurrently"_kw);
  refresh->name = ParseQualifiedName();
  if (Accept("with"_kw)) {
    refresh->with_no_data = Accept("no"_kw);
    Expect("data"_kw);
  }
  return refresh;
}

Statement* Parser::ParseComment() {
  auto* comment = NewStatement<ast::Comment>(StatementKind::kComment, token_.offset);
  Expect("comment"_kw);
  Expect("on"_kw);
  const bool constraint = At("constraint"_kw);
  if (At("column"_kw) || constraint) {
    comment->object = ObjectKind::kOther;
    comment->object_words = constraint ? "constraint" : "column";
    Advance();
  } else {
    comment->object = ParseObjectKind(&comment->object_words);
    if (comment->object == ObjectKind::kOther) return ParseOther(comment->offset, "comment on");
  }
  if (comment->object == ObjectKind::kFunction || comment->object == ObjectKind::kMacro) {
    if (comment->object == ObjectKind::kMacro) Accept("table"_kw);
    comment->function = ParseFunctionName();
  } else {
    comment->name = ParseQualifiedName();
  }
  if (constraint || comment->object == ObjectKind::kTrigger) {
    Expect("on"_kw);
    comment->on_table = ParseQualifiedName();
  }
  Expect("is"_kw);
  if (Accept("null"_kw)) {
    comment->is_null = true;
  } else if (token_.kind == TokenKind::kString) {
    comment->text = token_.text;
    Advance();
  } else {
    Unexpected();
  }
  return comment;
}

}  // namespace turdb::sql
