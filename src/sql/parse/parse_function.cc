// CREATE FUNCTION and CREATE MACRO, and how other statements name a function: name(types).
#include "absl/strings/str_cat.h"
#include "sql/parse/parser_internal.h"

namespace turdb::sql {

using ast::FunctionParameter;
using ast::Statement;
using ast::StatementKind;

namespace {

std::string_view Trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

// Whether a name comes before the type of a parameter: `a integer`, but not `integer`, `double precision`, `numeric(3)`.
bool Parser::AtParameterName() {
  if (token_.kind == TokenKind::kQuotedName) return Peek().kind == TokenKind::kWord || Peek().kind == TokenKind::kQuotedName;
  if (!AtName(KeywordClass::kTypeOrFunction)) return false;
  const Token& next = Peek();
  if (next.kind != TokenKind::kWord && next.kind != TokenKind::kQuotedName) return false;
  if (PeekIs("default"_kw) || PeekIs("array"_kw) || PeekIs("varying"_kw)) return false;
  if (At("double"_kw) && PeekIs("precision"_kw)) return false;
  if ((At("timestamp"_kw) || At("time"_kw)) && (PeekIs("with"_kw) || PeekIs("without"_kw))) return false;
  return !(At("national"_kw) && (PeekIs("character"_kw) || PeekIs("char"_kw)));
}

// [mode] [name] type [{DEFAULT | =} value]
FunctionParameter Parser::ParseFunctionParameter() {
  FunctionParameter parameter;
  parameter.offset = token_.offset;
  const auto mode = [&] {
    if (Accept("in"_kw)) {
      parameter.mode = Accept("out"_kw) ? ast::ParameterMode::kInOut : ast::ParameterMode::kIn;
    } else if (At("out"_kw) && !PeekIs(",") && !PeekIs(")")) {
      Advance();
      parameter.mode = ast::ParameterMode::kOut;
    } else if (At("inout"_kw) && !PeekIs(",") && !PeekIs(")")) {
      Advance();
      parameter.mode = ast::ParameterMode::kInOut;
    } else if (Accept("variadic"_kw)) {
      parameter.mode = ast::ParameterMode::kVariadic;
    }
  };
  mode();
  if (AtParameterName()) {
    parameter.name = TakeName();
    mode();
  }
  parameter.type = ParseType();
  if (Accept("default"_kw) || AcceptOperator("=") || Accept(":=")) {
    const int32_t begin = token_.offset;
    parameter.otherwise = ParseExpr();
    parameter.otherwise_text = TextFrom(begin);
  }
  return parameter;
}

ast::List<FunctionParameter> Parser::ParseFunctionParameters() {
  Expect("(");
  Items<FunctionParameter> parameters;
  if (!At(")")) {
    do {
      parameters.push_back(ParseFunctionParameter());
    } while (!failed() && Accept(","));
  }
  Expect(")");
  return Keep(parameters);
}

ast::FunctionName Parser::ParseFunctionName() {
  ast::FunctionName function;
  function.name = ParseQualifiedName();
  function.has_parameters = At("(");
  if (function.has_parameters) function.parameters = ParseFunctionParameters();
  return function;
}

// a, b := 5: names only, as DuckDB has it.
ast::List<FunctionParameter> Parser::ParseMacroParameters() {
  Expect("(");
  Items<FunctionParameter> parameters;
  if (!At(")")) {
    do {
      FunctionParameter parameter;
      parameter.offset = token_.offset;
      parameter.name = ParseName();
      if (Accept(":=") || Accept("=>")) {
        const int32_t begin = token_.offset;
        parameter.otherwise = ParseExpr();
        parameter.otherwise_text = TextFrom(begin);
      } else if (!parameters.empty() && parameters.back().otherwise != nullptr) {
        FailSyntax("parameters without a default come before those with one", parameter.offset);
      }
      parameters.push_back(parameter);
    } while (!failed() && Accept(","));
  }
  Expect(")");
  return Keep(parameters);
}

void Parser::ParseMacroBody(ast::CreateFunction* create) {
  create->macro = true;
  const bool rows = Accept("table"_kw);
  create->body_kind = rows ? ast::FunctionBodyKind::kQuery : ast::FunctionBodyKind::kExpression;
  create->body_offset = token_.offset;
  if (rows) {
    ParseSelect();
  } else {
    ParseExpr();
  }
  create->body = TextFrom(create->body_offset);
}

Statement* Parser::ParseCreateMacro(int32_t offset, bool or_replace, bool temporary) {
  auto* create = NewStatement<ast::CreateFunction>(StatementKind::kCreateFunction, offset);
  create->or_replace = or_replace;
  create->temporary = temporary;
  Expect("macro"_kw);
  create->if_not_exists = AcceptIfNotExists();
  create->name = ParseQualifiedName();
  create->parameters = ParseMacroParameters();
  Expect("as"_kw);
  ParseMacroBody(create);
  if (At(",")) Fail(base::UnsupportedError("a macro with several lists of parameters is not supported"), token_.offset);
  RefuseParameters("a macro", offset);
  return create;
}

void Parser::RefuseParameters(std::string_view what, int32_t offset) {
  if (failed() || parameters_.empty()) return;
  Fail(base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kUndefinedParameter,
                       absl::StrCat(what, " cannot have parameters")),
       offset);
}

Statement* Parser::ParseCreateFunction(int32_t offset, bool or_replace, bool temporary) {
  auto* create = NewStatement<ast::CreateFunction>(StatementKind::kCreateFunction, offset);
  create->or_replace = or_replace;
  create->temporary = temporary;
  Expect("function"_kw);
  create->if_not_exists = AcceptIfNotExists();
  create->name = ParseQualifiedName();
  // DuckDB's other name for a macro has parameters without types.
  create->parameters = ParseFunctionParameters();
  if (At("as"_kw) && Peek().kind != TokenKind::kString) {
    Advance();
    for (FunctionParameter& parameter : create->parameters) {
      const bool bare = parameter.name.empty() && parameter.type->name.parts.size() == 1 && parameter.type->modifiers.empty() &&
                        parameter.type->array_depth == 0;
      if (!bare) Unexpected();
      if (failed()) return create;
      parameter.name = parameter.type->name.last();
      parameter.type = nullptr;
    }
    ParseMacroBody(create);
    RefuseParameters("a macro", offset);
    return create;
  }
  if (Accept("returns"_kw)) {
    create->returns_offset = token_.offset;
    if (Accept("table"_kw)) {
      create->returns_table = true;
      create->table = ParseFunctionParameters();
    } else {
      create->returns = ParseType();
    }
  }
  while (!AtEnd() && ParseFunctionOption(create)) {
  }
  if (create->body_kind == ast::FunctionBodyKind::kNone && AtEnd()) FailSyntax("no function body specified", token_.offset);
  return create;
}

// False: it is none, or the last.
bool Parser::ParseFunctionOption(ast::CreateFunction* create) {
  using ast::FunctionBodyKind;
  const int32_t offset = token_.offset;
  if (Accept("language"_kw)) {
    create->language_offset = token_.offset;
    create->language = token_.text;
    if (token_.kind != TokenKind::kString) {
      ParseLabel();
    } else {
      Advance();
    }
  } else if (Accept("immutable"_kw)) {
    create->volatility = ast::FunctionVolatility::kImmutable;
  } else if (Accept("stable"_kw)) {
    create->volatility = ast::FunctionVolatility::kStable;
  } else if (Accept("volatile"_kw)) {
    create->volatility = ast::FunctionVolatility::kVolatile;
  } else if (Accept("strict"_kw)) {
    create->strict = true;
  } else if (At("returns"_kw) && PeekIs("null"_kw)) {  // RETURNS NULL ON NULL INPUT
    Advance();
    create->strict = true;
    Expect("null"_kw);
    Expect("on"_kw);
    Expect("null"_kw);
    if (!AcceptWord("input")) Unexpected();
  } else if (Accept("called"_kw)) {
    create->strict = false;
    Expect("on"_kw);
    Expect("null"_kw);
    if (!AcceptWord("input")) Unexpected();
  } else if (At("not"_kw) && PeekIs("leakproof"_kw)) {
    Advance();
    Advance();
  } else if (Accept("leakproof"_kw) || Accept("window"_kw)) {
  } else if (At("external"_kw) || At("security"_kw)) {
    Accept("external"_kw);
    Expect("security"_kw);
    ParseLabel();
  } else if (Accept("parallel"_kw)) {
    ParseLabel();
  } else if (Accept("cost"_kw) || Accept("rows"_kw)) {
    ParseSignedNumber();
  } else if (Accept("support"_kw)) {
    ParseQualifiedName();
  } else if (Accept("set"_kw)) {
    const ast::Name name = ParseLabel();
    if (!AcceptOperator("=")) Expect("to"_kw);
    Items<ast::Name> values;
    do {
      if (token_.kind == TokenKind::kString) {
        values.push_back(ast::Name{token_.text, token_.offset, true});
        Advance();
      } else {
        values.push_back(ParseLabel());
      }
    } while (Accept(","));
    if (name.text == "search_path") {
      create->search_path = Keep(values);
      create->sets_search_path = true;
    } else {
      Fail(base::UnsupportedError(absl::StrCat("SET ", name.text, " of a function is not supported")), offset);
    }
  } else if (Accept("as"_kw)) {
    if (token_.kind != TokenKind::kString) Unexpected();
    create->body_kind = FunctionBodyKind::kStatements;
    create->body = token_.text;
    create->body_offset = token_.offset;
    Advance();
    if (Accept(",")) Advance();  // the name in a library, of functions in C
  } else if (Accept("return"_kw)) {
    create->body_kind = FunctionBodyKind::kReturn;
    create->body_offset = token_.offset;
    ParseExpr();
    create->body = TextFrom(create->body_offset);
    parameters_.clear();  // they are the function's own
    return false;
  } else if (At("begin"_kw)) {
    Advance();
    if (!AcceptWord("atomic")) Unexpected();
    create->body_kind = FunctionBodyKind::kAtomic;
    create->body_offset = token_.offset;
    while (!At("end"_kw) && !AtEnd()) {
      ParseExplainable();
      Expect(";");
    }
    create->body = Trimmed(TextFrom(create->body_offset));
    Expect("end"_kw);
    parameters_.clear();
    return false;
  } else {
    Unexpected();
    return false;
  }
  return !failed();
}

// ALTER FUNCTION name(types) {RENAME TO name | SET SCHEMA name}
Statement* Parser::ParseAlterFunction(int32_t offset) {
  auto* alter = NewStatement<ast::AlterFunction>(StatementKind::kAlterFunction, offset);
  alter->function = ParseFunctionName();
  if (Accept("rename"_kw)) {
    Expect("to"_kw);
    alter->new_name = ParseName();
    return alter;
  }
  if (At("set"_kw) && PeekIs("schema"_kw)) {
    Advance();
    Advance();
    alter->sets_schema = true;
    alter->new_name = ParseName();
    return alter;
  }
  return ParseOther(offset, "alter function");
}

}  // namespace turdb::sql
