// Names and type names.
#include "absl/strings/str_cat.h"
#include "sql/parse/parser_internal.h"

namespace turdb::sql {

using ast::Name;
using ast::QualifiedName;
using ast::TypeName;

namespace {

bool Allows(KeywordClass widest, KeywordClass have) {
  if (have == KeywordClass::kUnreserved || widest == KeywordClass::kReserved) return true;
  return have == widest;
}

}  // namespace

bool Parser::AtName(KeywordClass widest) const {
  if (token_.kind == TokenKind::kQuotedName) return true;
  if (token_.kind != TokenKind::kWord) return At("[");
  return token_.keyword == kNoKeyword || Allows(widest, InfoOf(token_.keyword).keyword_class);
}

Name Parser::TakeName() {
  if (At("[")) Replace(lexer_.RelexAsBracketName(token_));
  const Name name{token_.text, token_.offset, token_.kind == TokenKind::kQuotedName};
  Advance();
  return name;
}

Name Parser::ParseName() {
  if (AtName()) return TakeName();
  if (token_.kind == TokenKind::kString) {
    UnexpectedWithHint("names are quoted with \"double quotes\"; 'single quotes' are for strings");
  }
  Unexpected();
  return {};
}

Name Parser::ParseTypeOrFunctionName() {
  if (AtName(KeywordClass::kTypeOrFunction)) return TakeName();
  Unexpected();
  return {};
}

Name Parser::ParseLabel() {
  if (AtName(KeywordClass::kReserved)) return TakeName();
  if (token_.kind == TokenKind::kString) {
    UnexpectedWithHint("names are quoted with \"double quotes\"; 'single quotes' are for strings");
  }
  Unexpected();
  return {};
}

Name Parser::ParseDottedPart() { return ParseLabel(); }

QualifiedName Parser::ParseQualifiedName() { return ParseQualifiedNameFrom(ParseName()); }

QualifiedName Parser::ParseQualifiedNameFrom(Name first) {
  Items<Name> parts = {first};
  while (Accept(".")) parts.push_back(ParseDottedPart());
  if (parts.size() > 3) FailSyntax("improper qualified name (too many dotted names)", first.offset);
  return QualifiedName{Keep(parts)};
}

ast::List<Name> Parser::ParseNameList() {
  Items<Name> names;
  do {
    if (At(")") && !names.empty()) break;  // a trailing comma
    names.push_back(ParseName());
  } while (Accept(","));
  return Keep(names);
}

ast::List<Name> Parser::ParseParenthesisedNames() {
  Expect("(");
  const ast::List<Name> names = ParseNameList();
  Expect(")");
  return names;
}

// INTERVAL '1' YEAR TO MONTH: the words after the literal, or after the type's name.
ast::Text Parser::ParseIntervalFields() {
  const auto unit = [this] {
    return At("year"_kw) || At("month"_kw) || At("day"_kw) || At("hour"_kw) || At("minute"_kw) || At("second"_kw);
  };
  if (!unit()) return {};
  std::string fields(token_.text);
  const bool seconds = At("second"_kw);
  Advance();
  if (seconds && Accept("(")) {
    absl::StrAppend(&fields, "(", token_.text, ")");
    Advance();
    Expect(")");
  }
  if (At("to"_kw)) {
    Advance();
    if (!unit()) Unexpected();
    absl::StrAppend(&fields, " to ", token_.text);
    const bool to_seconds = At("second"_kw);
    Advance();
    if (to_seconds && Accept("(")) {
      absl::StrAppend(&fields, "(", token_.text, ")");
      Advance();
      Expect(")");
    }
  }
  return arena_.Copy(fields);
}

// In a column definition SQLite takes any words as a type's name ("unsigned big int").
bool Parser::AtTypeContinuation() const {
  if (token_.kind != TokenKind::kWord) return false;
  if (token_.keyword == kNoKeyword) return true;
  return At("varying"_kw) || At("int"_kw) || At("integer"_kw) || At("character"_kw) || At("char"_kw) || At("precision"_kw) ||
         At("bigint"_kw) || At("smallint"_kw);
}

TypeName* Parser::ParseType(bool in_column_definition) {
  const Nested nested(*this);
  auto* type = New<TypeName>(token_.offset);
  type->set_of = Accept("setof"_kw);
  const Token first = token_;
  const auto named = [&](std::string_view text) {
    type->name = QualifiedName{Keep(Items<Name>{Name{text, first.offset, false}})};
  };
  if (first.kind == TokenKind::kWord && first.keyword != kNoKeyword &&
      InfoOf(first.keyword).keyword_class == KeywordClass::kColumn) {
    Advance();  // int, decimal, character ...: the grammar's own type words
    named(first.text);
  } else {
    type->name = ParseQualifiedNameFrom(ParseTypeOrFunctionName());
  }
  if (type->name.parts.size() == 1 && !type->name.last().quoted) {
    const std::string_view word = type->name.last().text;
    if (word == "double" && Accept("precision"_kw)) {
      named("double precision");
    } else if ((word == "character" || word == "char" || word == "nchar") && Accept("varying"_kw)) {
      named("varchar");
    } else if (word == "national" && (Accept("character"_kw) || Accept("char"_kw))) {
      named(Accept("varying"_kw) ? "varchar" : "char");
    } else if (word == "bit" && Accept("varying"_kw)) {
      named("varbit");
    } else if (word == "struct" || word == "row") {
      Expect("(");
      Items<ast::TypeField> fields;
      do {
        const Name name = ParseName();
        fields.push_back({name, ParseType()});
      } while (Accept(","));
      Expect(")");
      type->fields = Keep(fields);
    } else if (word == "map" && At("(")) {
      Expect("(");
      Items<TypeName*> types = {ParseType()};
      Expect(",");
      types.push_back(ParseType());
      Expect(")");
      type->types = Keep(types);
    }
    if (in_column_definition && AtTypeContinuation()) {
      std::string words(type->name.last().text);
      while (AtTypeContinuation()) {
        absl::StrAppend(&words, " ", token_.text);
        Advance();
      }
      named(arena_.Copy(words));
    }
  }
  ParseTypeSuffix(type);
  return type;
}

void Parser::ParseTypeSuffix(TypeName* type) {
  const bool plain = type->name.parts.size() == 1 && !type->name.last().quoted;
  const std::string_view word = type->name.empty() ? std::string_view() : type->name.last().text;
  if (plain && word == "interval") type->interval_fields = ParseIntervalFields();
  if (type->fields.empty() && type->types.empty() && Accept("(")) {
    type->modifiers = ParseExprList();
    Expect(")");
  }
  if (plain && (word == "timestamp" || word == "time")) {
    if (Accept("with"_kw)) {
      Expect("time"_kw);
      Expect("zone"_kw);
      type->name.parts[0].text = word == "time" ? "timetz" : "timestamptz";
    } else if (At("without"_kw) && PeekIs("time"_kw)) {
      Advance();
      Advance();
      Expect("zone"_kw);
    }
  }
  for (;;) {
    if (At("array"_kw)) {
      Advance();
      ++type->array_depth;
      if (!At("[")) continue;
      Advance();
    } else if (At("[")) {
      Advance();
      ++type->array_depth;
    } else {
      return;
    }
    if (token_.kind == TokenKind::kInteger) Advance();
    Expect("]");
  }
}

// `date '2020-01-01'`: a type's name right before a string.
bool Parser::AtTypedLiteral() {
  if (token_.kind != TokenKind::kWord) return false;
  if (token_.keyword != kNoKeyword) {
    const KeywordClass keyword_class = InfoOf(token_.keyword).keyword_class;
    if (keyword_class == KeywordClass::kReserved) return false;
    if (At("double"_kw) && PeekIs("precision"_kw) && Peek(2).kind == TokenKind::kString) return true;
    if ((At("timestamp"_kw) || At("time"_kw)) && (PeekIs("with"_kw) || PeekIs("without"_kw)) && PeekIs("time"_kw, 2)) {
      return true;
    }
    if ((At("timestamp"_kw) || At("time"_kw)) && PeekIs("(") && Peek(2).kind == TokenKind::kInteger && PeekIs(")", 3)) {
      return true;
    }
    if (At("not"_kw) || At("left"_kw) || At("right"_kw)) return false;
  }
  return Peek().kind == TokenKind::kString;
}

}  // namespace turdb::sql
