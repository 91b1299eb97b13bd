// SQL/JSON's JSON_VALUE, JSON_QUERY, JSON_EXISTS and JSON_TABLE. The tree has no nodes for them: they are what one would write
// with the functions of paths.
//
//   JSON_VALUE(d, p RETURNING int)   CASE jsonb_array_length(a) ... TRY_CAST((a -> 0) #>> '{}' AS int), a being
//                                    jsonb_path_query_array(d, p, '{}', true)
//   JSON_TABLE(d, p COLUMNS (...))   LATERAL (SELECT ... FROM jsonb_path_query(d, p, '{}', true) WITH ORDINALITY AS r(item,
//   number))
#include "absl/strings/str_cat.h"
#include "sql/parse/parser_internal.h"

namespace turdb::sql {

using ast::Expr;
using ast::ExprKind;
using ast::Name;
using ast::TableRef;

// ---- pieces of trees

Expr* Parser::MakeNull(int32_t offset) { return Finish(NewExpr<ast::Literal>(ExprKind::kNull, offset)); }

Expr* Parser::MakeColumn(std::initializer_list<std::string_view> parts, int32_t offset) {
  auto* column = NewExpr<ast::Column>(ExprKind::kColumn, offset);
  Items<Name> names;
  for (const std::string_view part : parts) names.push_back(Name{part, offset, true});
  column->parts = Keep(names);
  return Finish(column);
}

ast::TypeName* Parser::MakeTypeName(std::string_view name, int32_t offset) {
  auto* type = New<ast::TypeName>(offset);
  type->name = ast::QualifiedName{Keep(Items<Name>{Name{name, offset, false}})};
  return type;
}

Expr* Parser::MakeJsonCast(Expr* operand, ast::TypeName* type, ast::CastSyntax syntax, int32_t offset) {
  auto* cast = NewExpr<ast::Cast>(ExprKind::kCast, offset);
  cast->syntax = syntax;
  cast->operand = operand;
  cast->type = type;
  return Finish(cast, {operand});
}

Expr* Parser::MakeCase(std::initializer_list<std::pair<Expr*, Expr*>> whens, Expr* otherwise, int32_t offset) {
  auto* made = NewExpr<ast::Case>(ExprKind::kCase, offset);
  Items<ast::When> branches;
  Items<Expr*> all;
  for (const auto& [condition, result] : whens) {
    branches.push_back({condition, result});
    all.push_back(condition);
    all.push_back(result);
  }
  made->whens = Keep(branches);
  made->otherwise = otherwise;
  return FinishList(made, Keep(all), otherwise);
}

// ---- clauses

// PASSING value AS name, ...
Expr* Parser::ParseJsonPassing() {
  if (!AcceptWord("passing")) return nullptr;
  const int32_t offset = token_.offset;
  Items<Expr*> arguments;
  do {
    Expr* const value = ParseExpr();
    Expect("as"_kw);
    const Name name = ParseLabel();
    arguments.push_back(MakeString(name.text, name.offset));
    arguments.push_back(value);
  } while (Accept(",") && !failed());
  auto* call = static_cast<ast::Call*>(MakeCall("jsonb_build_object", offset, {}));
  call->arguments = Keep(arguments);
  return FinishList(call, call->arguments);
}

Parser::JsonBehaviour Parser::ParseJsonBehaviour() {
  JsonBehaviour behaviour;
  using Kind = JsonBehaviour::Kind;
  if (Accept("null"_kw) || AcceptWord("unknown")) {
    behaviour.kind = Kind::kNull;
  } else if (AcceptWord("error")) {
    behaviour.kind = Kind::kError;
  } else if (Accept("true"_kw)) {
    behaviour.kind = Kind::kTrue;
  } else if (Accept("false"_kw)) {
    behaviour.kind = Kind::kFalse;
  } else if (AcceptWord("empty")) {
    behaviour.kind = Kind::kEmptyArray;
    if (AcceptWord("object")) {
      behaviour.kind = Kind::kEmptyObject;
    } else {
      Accept("array"_kw);
    }
  } else if (Accept("default"_kw)) {
    behaviour.kind = Kind::kDefault;
    behaviour.value = ParseExpr();
  }
  return behaviour;
}

// [wrapper] [quotes] [behaviour ON EMPTY] [behaviour ON ERROR]
void Parser::ParseJsonOutput(JsonOutput* output) {
  const auto wrapper = [&] {
    return Peek().text == "wrapper" || Peek().text == "array" || Peek().text == "conditional" || Peek().text == "unconditional";
  };
  if ((At("with"_kw) || At("without"_kw)) && wrapper()) {
    const bool with = At("with"_kw);
    Advance();
    output->wrapper = with ? 1 : 0;
    if (AcceptWord("conditional")) {
      output->wrapper = with ? 2 : 0;
    } else {
      AcceptWord("unconditional");
    }
    Accept("array"_kw);
    if (!AcceptWord("wrapper")) Unexpected();
  }
  const bool keeps = token_.kind == TokenKind::kWord && token_.text == "keep";
  if (keeps || (token_.kind == TokenKind::kWord && token_.text == "omit")) {
    Advance();
    output->omits_quotes = !keeps;
    if (!AcceptWord("quotes")) Unexpected();
    if (At("on"_kw) && Peek().text == "scalar") {
      Advance();
      Advance();
      if (!AcceptWord("string")) Unexpected();
    }
  }
  for (int i = 0; i < 2; ++i) {
    const JsonBehaviour behaviour = ParseJsonBehaviour();
    if (behaviour.kind == JsonBehaviour::Kind::kNone) return;
    Expect("on"_kw);
    if (AcceptWord("empty")) {
      output->on_empty = behaviour;
    } else if (AcceptWord("error")) {
      output->on_error = behaviour;
    } else {
      Unexpected();
    }
  }
}

// What `path` leads to in `document`, as the output says.
Expr* Parser::MakeJsonOutput(Expr* document, Expr* path, Expr* passing, const JsonOutput& output, int32_t offset) {
  using Kind = JsonBehaviour::Kind;
  const auto boolean = [&](bool value) {
    auto* literal = NewExpr<ast::Literal>(ExprKind::kBoolean, offset);
    literal->boolean = value;
    return Finish(literal);
  };
  const auto number = [&](int64_t value) {
    auto* literal = NewExpr<ast::Literal>(ExprKind::kInteger, offset);
    literal->integer = value;
    literal->text = value == 0 ? "0" : "1";
    return Finish(literal);
  };
  const auto binary = [&](std::string_view op, Expr* left, Expr* right) {
    auto* made = NewExpr<ast::Binary>(ExprKind::kBinary, offset);
    made->op = op;
    made->left = left;
    made->right = right;
    return Finish(made, {left, right});
  };
  Expr* const silent = boolean(output.on_error.kind != Kind::kError);
  const auto ask = [&](std::string_view function) {
    Expr* const vars = passing != nullptr ? passing
                                          : MakeJsonCast(MakeString("{}", offset), MakeTypeName("jsonb", offset),
                                                         ast::CastSyntax::kCast, offset);
    return MakeCall(function, offset, {document, path, vars, silent});
  };
  if (output.exists) {
    Expr* found = ask("jsonb_path_exists");
    if (output.on_error.kind == Kind::kTrue || output.on_error.kind == Kind::kFalse || output.on_error.kind == Kind::kNone) {
      auto* is_null = NewExpr<ast::IsPredicate>(ExprKind::kIs, offset);
      is_null->operand = document;
      found = MakeCase({{Finish(is_null, {document}), MakeNull(offset)}},
                       MakeCall("coalesce", offset, {found, boolean(output.on_error.kind == Kind::kTrue)}), offset);
    }
    return output.type == nullptr ? found : MakeJsonCast(found, output.type, ast::CastSyntax::kCast, offset);
  }
  const auto behave = [&](const JsonBehaviour& behaviour, std::string_view error) -> Expr* {
    const auto as_output = [&](Expr* value) {
      ast::TypeName* const type = output.type != nullptr ? output.type
                                  : output.as_json       ? MakeTypeName("jsonb", offset)
                                                         : nullptr;
      return type == nullptr ? value : MakeJsonCast(value, type, ast::CastSyntax::kCast, offset);
    };
    switch (behaviour.kind) {
      case Kind::kError:
        return as_output(MakeCall("json item error", offset, {MakeString(error, offset)}));
      case Kind::kDefault:
        return as_output(behaviour.value);
      case Kind::kEmptyArray:
        return as_output(MakeString("[]", offset));
      case Kind::kEmptyObject:
        return as_output(MakeString("{}", offset));
      default:
        return MakeNull(offset);
    }
  };
  Expr* const items = ask("jsonb_path_query_array");
  Expr* const count = MakeCall("jsonb_array_length", offset, {items});
  Expr* const first = binary("->", items, number(0));
  Expr* const none = binary("=", count, number(0));
  Expr* const several = binary(">", count, number(1));
  const auto text_of = [&](Expr* json) { return binary("#>>", json, MakeString("{}", offset)); };
  const bool tries = output.on_error.kind != Kind::kError;
  const auto converted = [&](Expr* text) -> Expr* {
    if (output.type == nullptr) return text;
    Expr* const cast = MakeJsonCast(text, output.type, tries ? ast::CastSyntax::kTry : ast::CastSyntax::kCast, offset);
    if (output.on_error.kind == Kind::kNone || output.on_error.kind == Kind::kNull || !tries) return cast;
    // A text that is there and cannot be converted is an error.
    auto* is_null = NewExpr<ast::IsPredicate>(ExprKind::kIs, offset);
    is_null->operand = text;
    return MakeCase({{Finish(is_null, {text}), MakeNull(offset)}},
                    MakeCall("coalesce", offset, {cast, behave(output.on_error, "")}), offset);
  };
  if (output.as_json) {
    Expr* whole = output.wrapper == 1   ? items
                  : output.wrapper == 2 ? MakeCase({{binary("=", count, number(1)), first}}, items, offset)
                                        : first;
    if (output.type != nullptr) {
      const std::string_view word = output.type->name.last().text;
      const bool json = output.type->array_depth == 0 && (word == "json" || word == "jsonb");
      if (json && !output.omits_quotes) {
        whole = MakeJsonCast(whole, output.type, ast::CastSyntax::kCast, offset);
      } else {
        whole =
            converted(output.omits_quotes ? text_of(whole)
                                          : MakeJsonCast(whole, MakeTypeName("text", offset), ast::CastSyntax::kCast, offset));
      }
    } else if (output.omits_quotes) {
      whole = MakeJsonCast(text_of(whole), MakeTypeName("jsonb", offset),
                           tries ? ast::CastSyntax::kTry : ast::CastSyntax::kCast, offset);
    }
    if (output.wrapper != 0)
      return MakeCase({{none, behave(output.on_empty, "no SQL/JSON item found for specified path")}}, whole, offset);
    return MakeCase(
        {{none, behave(output.on_empty, "no SQL/JSON item found for specified path")},
         {several, behave(output.on_error, "JSON path expression must return single item when no wrapper is requested")}},
        whole, offset);
  }
  auto* kinds = NewExpr<ast::In>(ExprKind::kIn, offset);
  kinds->operand = MakeCall("jsonb_typeof", offset, {first});
  kinds->list = Keep(Items<Expr*>{MakeString("object", offset), MakeString("array", offset)});
  Expr* const container = FinishList(kinds, kinds->list, kinds->operand);
  constexpr std::string_view kNotOne = "JSON path expression must return single scalar item";
  return MakeCase({{none, behave(output.on_empty, "no SQL/JSON item found for specified path")},
                   {several, behave(output.on_error, kNotOne)},
                   {container, behave(output.on_error, kNotOne)}},
                  converted(text_of(first)), offset);
}

// ---- JSON_VALUE, JSON_QUERY, JSON_EXISTS: at the parenthesis

Expr* Parser::ParseJsonFunction(std::string_view name, int32_t offset) {
  const Nested nested(*this);
  Expect("(");
  Expr* const document = ParseExpr();
  Expect(",");
  Expr* const path = ParseExpr();
  Expr* const passing = ParseJsonPassing();
  JsonOutput output;
  output.exists = name == "json_exists";
  output.as_json = name == "json_query";
  if (!output.exists && Accept("returning"_kw)) {
    output.type = ParseType();
    if (AcceptWord("format") && !AcceptWord("json")) Unexpected();
  }
  ParseJsonOutput(&output);
  Expect(")");
  if (failed()) return MakeNull(offset);
  Expr* const json = MakeJsonCast(document, MakeTypeName("jsonb", offset), ast::CastSyntax::kCast, offset);
  return MakeJsonOutput(json, path, passing, output, offset);
}

// ---- JSON_TABLE

// At the parenthesis.
TableRef* Parser::ParseJsonTable(int32_t offset) {
  const Nested nested(*this);
  Expect("(");
  Expr* const document = ParseExpr();
  Expect(",");
  Expr* const path = ParseExpr();
  if (Accept("as"_kw)) ParseName();
  Expr* const passing = ParseJsonPassing();
  std::vector<Name> columns;
  Expr* const json = MakeJsonCast(document, MakeTypeName("jsonb", offset), ast::CastSyntax::kCast, offset);
  TableRef* const table = ParseJsonColumns(json, path, passing, 0, offset, &columns);
  const JsonBehaviour behaviour = ParseJsonBehaviour();
  if (behaviour.kind != JsonBehaviour::Kind::kNone) {
    Expect("on"_kw);
    if (!AcceptWord("error")) Unexpected();
  }
  Expect(")");
  ParseTableAlias(table);
  if (table->alias.empty()) table->alias = Name{"json_table", offset, true};
  return table;
}

// COLUMNS (...), of the rows that `path` gives. `columns` gets their names.
TableRef* Parser::ParseJsonColumns(Expr* document, Expr* path, Expr* passing, int32_t depth, int32_t offset,
                                   std::vector<Name>* columns) {
  const Nested nested(*this);
  if (!Accept("columns"_kw)) Unexpected();
  Expect("(");
  const std::string_view row = arena_.Copy(absl::StrCat("json_table_row_", depth));
  const std::string_view inner = arena_.Copy(absl::StrCat("json_table_nested_", depth));
  Items<ast::SelectItem> items;
  std::vector<TableRef*> children;
  std::vector<std::vector<Name>> child_columns;
  do {
    const int32_t begin = token_.offset;
    if (token_.kind == TokenKind::kWord && token_.text == "nested" &&
        (Peek().kind == TokenKind::kString || Peek().text == "path")) {
      Advance();
      AcceptWord("path");
      Expr* const child_path = ParseLiteral();
      if (Accept("as"_kw)) ParseName();
      std::vector<Name>& names = child_columns.emplace_back();
      children.push_back(ParseJsonColumns(MakeColumn({row, "item"}, begin), child_path, passing, depth + 1, begin, &names));
      for (const Name& name : names) {
        items.push_back({MakeColumn({inner, name.text}, name.offset), name});
        columns->push_back(name);
      }
      continue;
    }
    const Name name = ParseName();
    columns->push_back(name);
    if (Accept("for"_kw)) {
      Expect("ordinality"_kw);
      items.push_back(
          {MakeJsonCast(MakeColumn({row, "number"}, begin), MakeTypeName("int4", begin), ast::CastSyntax::kCast, begin), name});
      continue;
    }
    JsonOutput output;
    output.type = ParseType();
    const std::string_view word = output.type->name.empty() ? std::string_view() : output.type->name.last().text;
    output.as_json = output.type->array_depth == 0 && (word == "json" || word == "jsonb");
    if (Accept("exists"_kw)) output.exists = true;
    if (AcceptWord("format")) {
      if (!AcceptWord("json")) Unexpected();
      output.as_json = true;
    }
    Expr* column_path = nullptr;
    if (AcceptWord("path")) {
      column_path = ParseLiteral();
    } else {
      std::string text = "$.\"";
      for (const char c : name.text) {
        if (c == '"' || c == '\\') text.push_back('\\');
        text.push_back(c);
      }
      column_path = MakeString(arena_.Copy(text + "\""), name.offset);
    }
    ParseJsonOutput(&output);
    if (output.wrapper != 0) output.as_json = true;
    if (failed()) break;
    items.push_back({MakeJsonOutput(MakeColumn({row, "item"}, begin), column_path, passing, output, begin), name});
  } while (Accept(",") && !failed());
  Expect(")");
  auto* silent = NewExpr<ast::Literal>(ExprKind::kBoolean, offset);
  silent->boolean = true;
  Expr* const vars = passing != nullptr ? passing
                                        : MakeJsonCast(MakeString("{}", offset), MakeTypeName("jsonb", offset),
                                                       ast::CastSyntax::kCast, offset);
  auto* rows = arena_.New<ast::FunctionTable>();
  NewTableRef(rows, ast::TableRefKind::kFunction, offset);
  rows->calls = Keep(Items<Expr*>{MakeCall("jsonb_path_query", offset, {document, path, vars, Finish(silent)})});
  rows->with_ordinality = true;
  rows->alias = Name{row, offset, true};
  rows->column_aliases = Keep(Items<Name>{Name{"item", offset, true}, Name{"number", offset, true}});
  TableRef* from = rows;
  if (!children.empty()) {
    // Siblings come one after the other, each with NULLs in the columns of the rest.
    ast::SelectBody* body = nullptr;
    for (size_t i = 0; i < children.size(); ++i) {
      children[i]->alias = Name{"json_table_child", offset, true};
      Items<ast::SelectItem> shown;
      for (size_t other = 0; other < children.size(); ++other) {
        for (const Name& name : child_columns[other]) {
          shown.push_back(
              {other == i ? MakeColumn({"json_table_child", name.text}, name.offset) : MakeNull(name.offset), name});
        }
      }
      auto* core = New<ast::SelectCore>(offset);
      core->kind = ast::BodyKind::kCore;
      core->items = Keep(shown);
      core->from = Keep(Items<TableRef*>{children[i]});
      if (body == nullptr) {
        body = core;
        continue;
      }
      auto* both = New<ast::SetOperation>(offset);
      both->kind = ast::BodyKind::kSetOperation;
      both->op = ast::SetOperator::kUnion;
      both->all = true;
      both->left = body;
      both->right = core;
      both->height = static_cast<uint16_t>(body->height + 1);
      body = both;
    }
    auto* select = New<ast::Select>(offset);
    select->body = body;
    auto* derived = arena_.New<ast::DerivedTable>();
    NewTableRef(derived, ast::TableRefKind::kDerived, offset)->lateral = true;
    derived->select = select;
    derived->alias = Name{inner, offset, true};
    auto* always = NewExpr<ast::Literal>(ExprKind::kBoolean, offset);
    always->boolean = true;
    auto* join = arena_.New<ast::Join>();
    NewTableRef(join, ast::TableRefKind::kJoin, offset);
    join->join = ast::JoinKind::kLeft;
    join->left = rows;
    join->right = derived;
    join->on = Finish(always);
    join->height = 2;
    from = join;
  }
  auto* core = New<ast::SelectCore>(offset);
  core->kind = ast::BodyKind::kCore;
  core->items = Keep(items);
  core->from = Keep(Items<TableRef*>{from});
  TableRef* const made = DerivedFrom(core, offset);
  made->lateral = true;
  return made;
}

}  // namespace turdb::sql
