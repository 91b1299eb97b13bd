// CREATE TABLE, INDEX, SCHEMA, VIEW, TYPE and DOMAIN; sequences: parse_sequence.cc.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sql/parse/parser_internal.h"

namespace turdb::sql {

using ast::Constraint;
using ast::ConstraintKind;
using ast::Name;
using ast::Statement;
using ast::StatementKind;

bool Parser::AcceptIfNotExists() {
  if (!At("if"_kw) || !PeekIs("not"_kw)) return false;
  Advance();
  Advance();
  Expect("exists"_kw);
  return true;
}

bool Parser::AcceptIfExists() { return Accept("if"_kw, "exists"_kw); }

Statement* Parser::ParseCreate() {
  const int32_t offset = token_.offset;
  Expect("create"_kw);
  const bool or_replace = At("or"_kw);
  if (or_replace) {
    Advance();
    Expect("replace"_kw);
  }
  if (!Accept("global"_kw)) Accept("local"_kw);
  bool temporary = Accept("temporary"_kw) || Accept("temp"_kw);
  Accept("unlogged"_kw);
  if (At("recursive"_kw) && PeekIs("view"_kw)) {
    Advance();
    Advance();
    keeps_text_ = true;
    return ParseCreateView(offset, or_replace, temporary, false, true);
  }
  keeps_text_ = !At("table"_kw);
  switch (token_.keyword) {
    case "table"_kw:
      return ParseCreateTable(offset, temporary, or_replace);
    case "unique"_kw:
      Advance();
      return ParseCreateIndex(offset, true);
    case "index"_kw:
      return ParseCreateIndex(offset, false);
    case "schema"_kw:
      return ParseCreateSchema(offset);
    case "view"_kw:
      Advance();
      return ParseCreateView(offset, or_replace, temporary, false, false);
    case "materialized"_kw:
      Advance();
      Expect("view"_kw);
      return ParseCreateView(offset, or_replace, temporary, true, false);
    case "sequence"_kw:
      return ParseCreateSequence(offset, temporary);
    case "trigger"_kw:
      return ParseCreateTrigger(offset, or_replace, temporary);
    case "type"_kw:
      return ParseCreateType(offset, false);
    case "domain"_kw:
      return ParseCreateType(offset, true);
    case "function"_kw:
      return ParseCreateFunction(offset, or_replace, temporary);
    case "macro"_kw:
      return ParseCreateMacro(offset, or_replace, temporary);
    case "extension"_kw:
      return ParseCreateExtension(offset);
    default:
      if (token_.kind == TokenKind::kEnd) Unexpected();
      return ParseOther(offset, arena_.Copy(absl::StrCat("create ", token_.text)));
  }
}

// A statement that is recognised by its first words; the rest is read as balanced tokens. Bodies of
// triggers and functions in BEGIN ... END hold semicolons of their own.
Statement* Parser::ParseOther(int32_t offset, std::string_view words) {
  auto* other = NewStatement<ast::Other>(StatementKind::kOther, offset);
  other->words = words;
  const bool body = words.starts_with("create trigger") || words.starts_with("create function") ||
                    words.starts_with("create procedure") || words.starts_with("create constraint");
  int begins = 0;
  int depth = 0;
  while (token_.kind != TokenKind::kEnd && !(At(";") && begins == 0 && depth == 0)) {
    if (At("(")) ++depth;
    if (At(")")) --depth;
    if (body && (At("begin"_kw) || (begins > 0 && At("case"_kw)))) ++begins;
    if (body && At("end"_kw) && begins > 0) --begins;
    Advance();
  }
  return other;
}

Statement* Parser::ParseCreateSchema(int32_t offset) {
  auto* create = NewStatement<ast::CreateSchema>(StatementKind::kCreateSchema, offset);
  Expect("schema"_kw);
  create->if_not_exists = AcceptIfNotExists();
  if (!At("authorization"_kw)) create->name = ParseName();
  if (Accept("authorization"_kw)) {
    const Name role = ParseLabel();
    if (create->name.empty()) create->name = role;
  }
  if (!AtEnd()) Fail(base::UnsupportedError("CREATE SCHEMA with elements is not supported"), token_.offset);
  return create;
}

// Where an extension goes, and which version of it, means nothing here.
Statement* Parser::ParseCreateExtension(int32_t offset) {
  auto* create = NewStatement<ast::CreateExtension>(StatementKind::kCreateExtension, offset);
  Expect("extension"_kw);
  AcceptIfNotExists();
  create->name = ParseName();
  Accept("with"_kw);
  if (Accept("schema"_kw)) ParseName();
  if (Accept("version"_kw)) ParseLabel();
  Accept("cascade"_kw);
  return create;
}

// ---- tables ------------------------------------------------------------------------------------

Statement* Parser::ParseCreateTable(int32_t offset, bool temporary, bool or_replace) {
  auto* create = NewStatement<ast::CreateTable>(StatementKind::kCreateTable, offset);
  create->temporary = temporary;
  create->or_replace = or_replace;
  Expect("table"_kw);
  create->if_not_exists = AcceptIfNotExists();
  create->name = ParseQualifiedName();
  if (At("partition"_kw) || At("of"_kw)) {
    NoteUnsupported(create, At("of"_kw) ? "CREATE TABLE ... OF" : "PARTITION OF");
    ParseOther(offset, "create table");
    return create;
  }
  const bool elements = At("(");
  if (elements) {
    ParseTableElements(create);  // names without types may turn out to be the columns of AS
  }
  ParseTableTail(create);
  if (Accept("as"_kw)) {
    Items<Name> names;
    for (const ast::ColumnDefinition* column : create->columns) {
      if (column->type != nullptr || !column->constraints.empty()) Unexpected();
      names.push_back(column->name);
    }
    create->as_columns = Keep(names);
    create->columns = {};
    const int32_t begin = token_.offset;
    create->as = ParseExplainable();
    create->as_text = TextFrom(begin);
    if (Accept("with"_kw)) {
      create->with_no_data = Accept("no"_kw);
      Expect("data"_kw);
    }
  } else if (!elements && create->unsupported.empty()) {
    Unexpected();
  }
  return create;
}

void Parser::ParseTableElements(ast::CreateTable* create) {
  Expect("(");
  Items<ast::ColumnDefinition*> columns;
  Items<Constraint*> constraints;
  Items<ast::LikeTable> likes;
  while (!At(")") && !failed()) {
    if (At("like"_kw)) {
      Advance();
      ast::LikeTable like;
      like.table = ParseQualifiedName();
      Items<Name> including;
      while (At("including"_kw) || At("excluding"_kw)) {
        const bool take = At("including"_kw);
        Advance();
        const Name name = ParseLabel();
        Items<Name> named = {name};
        if (name.text == "all") {
          named.clear();
          for (const std::string_view part : {"comments", "constraints", "defaults", "generated", "identity", "indexes"}) {
            named.push_back(Name{part, name.offset, false});
          }
        }
        for (const Name& part : named) {
          const auto same = [&](const Name& other) { return other.text == part.text; };
          including.erase(std::remove_if(including.begin(), including.end(), same), including.end());
          if (take) including.push_back(part);
        }
      }
      like.including = Keep(including);
      likes.push_back(like);
    } else if (AtTableConstraint()) {
      constraints.push_back(ParseTableConstraint());
    } else {
      columns.push_back(ParseColumnDefinition());
    }
    // SQLite lets constraints follow without a comma.
    if (!Accept(",") && !AtTableConstraint()) break;
  }
  Expect(")");
  create->columns = Keep(columns);
  create->constraints = Keep(constraints);
  create->like_tables = Keep(likes);
}

void Parser::NoteUnsupported(ast::CreateTable* create, std::string_view clause) {
  if (!create->unsupported.empty()) return;
  create->unsupported = clause;
  create->unsupported_offset = token_.offset;
}

void Parser::ParseTableTail(ast::CreateTable* create) {
  for (;;) {
    if (At("without"_kw) && Peek().text == "rowid") {
      Advance();
      Advance();
      create->without_rowid = true;
    } else if (Accept("strict"_kw)) {
      create->strict = true;
    } else if (At("without"_kw) && Peek().text == "oids") {
      Advance();
      Advance();
    } else if (At("with"_kw)) {
      Advance();
      if (At("(")) ParseOptionList();  // storage parameters tune PostgreSQL's files, not ours
    } else if (At("inherits"_kw)) {
      NoteUnsupported(create, "INHERITS");
      Advance();
      Expect("(");
      do {
        ParseQualifiedName();
      } while (Accept(","));
      Expect(")");
    } else if (At("partition"_kw)) {
      NoteUnsupported(create, "PARTITION BY");
      Advance();
      Expect("by"_kw);
      ParseLabel();
      ParseIndexElements();
    } else if (At("using"_kw)) {
      Advance();
      ParseName();
    } else if (Accept("tablespace"_kw)) {
      ParseName();
    } else if (At("on"_kw)) {
      create->on_commit_offset = token_.offset;
      Advance();
      Expect("commit"_kw);
      if (At("preserve"_kw) || At("delete"_kw)) {
        create->on_commit = At("preserve"_kw) ? ast::OnCommit::kPreserveRows : ast::OnCommit::kDeleteRows;
        Advance();
        Expect("rows"_kw);
      } else {
        create->on_commit = ast::OnCommit::kDrop;
        Expect("drop"_kw);
      }
    } else if (!At(",")) {
      return;
    } else {
      Advance();  // SQLite: WITHOUT ROWID, STRICT
    }
    if (failed()) return;
  }
}

ast::ColumnDefinition* Parser::ParseColumnDefinition() {
  const Nested nested(*this);
  auto* column = arena_.New<ast::ColumnDefinition>();
  column->name = ParseName();
  const bool untyped = At(",") || At(")") || AtEnd() || At("constraint"_kw) || At("primary"_kw) || At("not"_kw) ||
                       At("null"_kw) || At("unique"_kw) || At("check"_kw) || At("default"_kw) || At("collate"_kw) ||
                       At("references"_kw) || (At("generated"_kw) && PeekIs("always"_kw)) || At("as"_kw);
  if (!untyped) column->type = ParseType(true);
  column->constraints = ParseColumnConstraints();
  return column;
}

ast::List<Constraint*> Parser::ParseColumnConstraints() {
  Items<Constraint*> constraints;
  while (Constraint* constraint = ParseColumnConstraint()) {
    constraints.push_back(constraint);
    if (failed()) break;
  }
  return Keep(constraints);
}

Constraint* Parser::ParseColumnConstraint() {
  Name name;
  const int32_t offset = token_.offset;
  if (Accept("constraint"_kw)) name = ParseName();
  auto* constraint = New<Constraint>(token_.offset);
  constraint->name = name;
  switch (token_.keyword) {
    case "not"_kw:
      Advance();
      Expect("null"_kw);
      constraint->kind = ConstraintKind::kNotNull;
      ParseConstraintConflict(constraint);
      break;
    case "null"_kw:
      Advance();
      constraint->kind = ConstraintKind::kNull;
      break;
    case "primary"_kw:
      Advance();
      Expect("key"_kw);
      constraint->kind = ConstraintKind::kPrimaryKey;
      if (Accept("asc"_kw)) constraint->direction = ast::Direction::kAscending;
      if (Accept("desc"_kw)) constraint->direction = ast::Direction::kDescending;
      ParseConstraintConflict(constraint);
      constraint->autoincrement = Accept("autoincrement"_kw);
      break;
    case "unique"_kw:
      Advance();
      constraint->kind = ConstraintKind::kUnique;
      if (Accept("nulls"_kw)) {
        constraint->nulls_not_distinct = Accept("not"_kw);
        Expect("distinct"_kw);
      }
      ParseConstraintConflict(constraint);
      break;
    case "check"_kw:
      Advance();
      constraint->kind = ConstraintKind::kCheck;
      ParseCheck(constraint);
      break;
    case "default"_kw: {
      Advance();
      constraint->kind = ConstraintKind::kDefault;
      const int32_t begin = token_.offset;
      constraint->expr = ParseExpr(kOperatorPrecedence);
      constraint->expr_text = TextFrom(begin);
      return constraint;
    }
    case "collate"_kw:
      Advance();
      constraint->kind = ConstraintKind::kCollate;
      constraint->collation = At("binary"_kw) ? ast::QualifiedName{Keep(Items<ast::Name>{TakeName()})} : ParseQualifiedName();
      break;
    case "references"_kw:
      constraint->kind = ConstraintKind::kForeignKey;
      ParseForeignKey(constraint);
      break;
    case "generated"_kw:
    case "as"_kw:
      ParseGenerated(constraint);
      break;
    case "deferrable"_kw:
    case "initially"_kw:
      ParseConstraintAttributes(constraint);
      return ParseColumnConstraint();
    default:
      if (!name.empty() || offset != token_.offset) Unexpected();
      return nullptr;
  }
  ParseConstraintAttributes(constraint);
  return constraint;
}

void Parser::ParseCheck(Constraint* constraint) {
  Expect("(");
  const int32_t begin = token_.offset;
  constraint->expr = ParseExpr();
  constraint->expr_text = TextFrom(begin);
  Expect(")");
}

// GENERATED { ALWAYS | BY DEFAULT } AS IDENTITY [(...)] | [GENERATED ALWAYS] AS (expr) [STORED | VIRTUAL]
void Parser::ParseGenerated(Constraint* constraint) {
  constraint->always = true;
  if (Accept("generated"_kw)) {
    if (Accept("by"_kw)) {
      Expect("default"_kw);
      constraint->always = false;
    } else {
      Expect("always"_kw);
    }
  }
  Expect("as"_kw);
  if (Accept("identity"_kw)) {
    constraint->kind = ConstraintKind::kIdentity;
    if (Accept("(")) {
      constraint->options = ParseSequenceOptions();
      Expect(")");
    }
    return;
  }
  constraint->kind = ConstraintKind::kGenerated;
  Expect("(");
  const int32_t begin = token_.offset;
  constraint->expr = ParseExpr();
  constraint->expr_text = TextFrom(begin);
  Expect(")");
  constraint->stored = Accept("stored"_kw);
  if (!constraint->stored) Accept("virtual"_kw);
}

void Parser::ParseConstraintConflict(Constraint* constraint) {
  if (!At("on"_kw) || !PeekIs("conflict"_kw)) return;
  Advance();
  Advance();
  constraint->on_conflict = ParseConflictAction();
}

void Parser::ParseConstraintAttributes(Constraint* constraint) {
  for (;;) {
    if (At("not"_kw) && PeekIs("deferrable"_kw)) {
      Advance();
      Advance();
      constraint->not_deferrable = true;
    } else if (Accept("deferrable"_kw)) {
      constraint->deferrable = true;
    } else if (Accept("initially"_kw)) {
      constraint->initially_deferred = Accept("deferred"_kw);
      if (!constraint->initially_deferred) Expect("immediate"_kw);
    } else if (At("not"_kw) && PeekIs("valid"_kw)) {
      Advance();
      Advance();
    } else if (At("no"_kw) && PeekIs("inherit"_kw)) {
      Advance();
      Advance();
    } else {
      return;
    }
  }
}

// At REFERENCES.
void Parser::ParseForeignKey(Constraint* constraint) {
  Expect("references"_kw);
  constraint->references = ParseQualifiedName();
  if (At("(")) constraint->referenced_columns = ParseParenthesisedNames();
  for (;;) {
    if (Accept("match"_kw)) {
      if (Accept("full"_kw)) {
        constraint->match = ast::MatchKind::kFull;
      } else if (Accept("partial"_kw)) {
        constraint->match = ast::MatchKind::kPartial;
      } else if (!AcceptWord("simple")) {
        Unexpected();
      }
    } else if (At("on"_kw) && (PeekIs("delete"_kw) || PeekIs("update"_kw))) {
      Advance();
      const bool on_delete = At("delete"_kw);
      Advance();
      (on_delete ? constraint->on_delete : constraint->on_update) = ParseReferentialAction();
      const bool sets = constraint->on_delete == ast::ReferentialAction::kSetNull ||
                        constraint->on_delete == ast::ReferentialAction::kSetDefault;
      if (on_delete && sets && At("(")) constraint->on_delete_columns = ParseParenthesisedNames();
    } else {
      return;
    }
  }
}

ast::ReferentialAction Parser::ParseReferentialAction() {
  if (Accept("cascade"_kw)) return ast::ReferentialAction::kCascade;
  if (Accept("restrict"_kw)) return ast::ReferentialAction::kRestrict;
  if (Accept("no"_kw)) {
    Expect("action"_kw);
    return ast::ReferentialAction::kNoAction;
  }
  Expect("set"_kw);
  if (Accept("null"_kw)) return ast::ReferentialAction::kSetNull;
  Expect("default"_kw);
  return ast::ReferentialAction::kSetDefault;
}

bool Parser::AtTableConstraint() {
  if (At("constraint"_kw) || At("unique"_kw) || At("check"_kw)) return true;
  if (At("primary"_kw) || At("foreign"_kw)) return true;
  return At("exclude"_kw) && (PeekIs("using"_kw) || PeekIs("("));
}

Constraint* Parser::ParseTableConstraint() {
  Name name;
  if (Accept("constraint"_kw)) name = ParseName();
  auto* constraint = New<Constraint>(token_.offset);
  constraint->name = name;
  if (Accept("check"_kw)) {
    constraint->kind = ConstraintKind::kCheck;
    ParseCheck(constraint);
  } else if (Accept("foreign"_kw)) {
    Expect("key"_kw);
    constraint->kind = ConstraintKind::kForeignKey;
    constraint->columns = ParseIndexElements();
    ParseForeignKey(constraint);
  } else if (Accept("exclude"_kw)) {
    constraint->kind = ConstraintKind::kExclude;
    if (Accept("using"_kw)) ParseName();
    Expect("(");
    do {
      ParseIndexElement();
      Expect("with"_kw);
      Advance();  // the operator
    } while (Accept(","));
    Expect(")");
    if (Accept("where"_kw)) {
      Expect("(");
      constraint->expr = ParseExpr();
      Expect(")");
    }
  } else {
    if (Accept("primary"_kw)) {
      Expect("key"_kw);
      constraint->kind = ConstraintKind::kPrimaryKey;
    } else {
      Expect("unique"_kw);
      constraint->kind = ConstraintKind::kUnique;
      if (Accept("nulls"_kw)) {
        constraint->nulls_not_distinct = Accept("not"_kw);
        Expect("distinct"_kw);
      }
    }
    if (Accept("using"_kw)) {
      Expect("index"_kw);
      Fail(base::UnsupportedError("constraints USING INDEX are not supported"), token_.offset);
    }
    constraint->columns = ParseIndexElements();
    if (Accept("include"_kw)) constraint->include = ParseParenthesisedNames();
    if (Accept("with"_kw)) ParseOptionList();
    ParseConstraintConflict(constraint);
  }
  ParseConstraintAttributes(constraint);
  return constraint;
}

// ---- indexes -----------------------------------------------------------------------------------

Statement* Parser::ParseCreateIndex(int32_t offset, bool unique) {
  auto* create = NewStatement<ast::CreateIndex>(StatementKind::kCreateIndex, offset);
  create->unique = unique;
  Expect("index"_kw);
  Accept("concurrently"_kw);
  create->if_not_exists = AcceptIfNotExists();
  if (!At("on"_kw)) {
    create->name = ParseName();
    if (Accept(".")) {
      create->schema = create->name;
      create->name = ParseLabel();
    }
  }
  Expect("on"_kw);
  Accept("only"_kw);
  create->table = ParseQualifiedName();
  if (Accept("using"_kw)) create->method = ParseName();
  create->elements = ParseIndexElements();
  if (Accept("include"_kw)) create->include = ParseParenthesisedNames();
  if (Accept("nulls"_kw)) {
    create->nulls_not_distinct = Accept("not"_kw);
    Expect("distinct"_kw);
  }
  if (Accept("with"_kw)) create->options = ParseOptionList();
  if (Accept("tablespace"_kw)) ParseName();
  if (Accept("where"_kw)) {
    const int32_t begin = token_.offset;
    create->where = ParseExpr();
    create->where_text = TextFrom(begin);
  }
  return create;
}

ast::List<ast::IndexElement> Parser::ParseIndexElements() {
  Expect("(");
  Items<ast::IndexElement> elements;
  do {
    if (At(")") && !elements.empty()) break;
    elements.push_back(ParseIndexElement());
  } while (Accept(","));
  Expect(")");
  return Keep(elements);
}

ast::IndexElement Parser::ParseIndexElement() {
  ast::IndexElement element;
  const int32_t begin = token_.offset;
  element.expr = ParseExpr(kUnaryPrecedence);  // COLLATE belongs to the element
  element.text = TextFrom(begin);
  if (token_.kind == TokenKind::kOperator) Unexpected();
  if (Accept("collate"_kw)) {
    element.collation = At("binary"_kw) ? ast::QualifiedName{Keep(Items<ast::Name>{TakeName()})} : ParseQualifiedName();
  }
  if (token_.kind == TokenKind::kQuotedName || (token_.kind == TokenKind::kWord && token_.keyword == kNoKeyword)) {
    element.operator_class = ParseQualifiedName();
    if (At("(")) ParseOptionList();
  }
  if (Accept("asc"_kw)) {
    element.direction = ast::Direction::kAscending;
  } else if (Accept("desc"_kw)) {
    element.direction = ast::Direction::kDescending;
  }
  if (At("nulls"_kw) && (PeekIs("first"_kw) || PeekIs("last"_kw))) {
    Advance();
    element.nulls = At("first"_kw) ? ast::NullsOrder::kFirst : ast::NullsOrder::kLast;
    Advance();
  }
  return element;
}

// ---- views and types ----------------------------------------------------------------------------

Statement* Parser::ParseCreateView(int32_t offset, bool or_replace, bool temporary, bool materialized, bool recursive) {
  auto* create = NewStatement<ast::CreateView>(StatementKind::kCreateView, offset);
  create->or_replace = or_replace;
  create->temporary = temporary;
  create->materialized = materialized;
  create->recursive = recursive;
  create->if_not_exists = AcceptIfNotExists();
  create->name = ParseQualifiedName();
  if (At("(")) create->columns = ParseParenthesisedNames();
  if (Accept("using"_kw)) ParseName();
  if (Accept("with"_kw)) ParseOptionList();
  if (Accept("tablespace"_kw)) ParseName();
  Expect("as"_kw);
  const int32_t begin = token_.offset;
  create->select = ParseSelect();
  create->select_text = TextFrom(begin);
  if (Accept("with"_kw)) {
    if (At("no"_kw) || At("data"_kw)) {
      create->with_no_data = Accept("no"_kw);
      Expect("data"_kw);
    } else {
      if (!Accept("cascaded"_kw)) Accept("local"_kw);
      Expect("check"_kw);
      Expect("option"_kw);
    }
  }
  return create;
}

}  // namespace turdb::sql
