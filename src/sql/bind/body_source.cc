#include "sql/bind/body_source.h"

#include "absl/strings/str_cat.h"

namespace turdb::sql {

namespace {

bool Append(const Expr& expr, std::string* out) {
  if (expr.kind == exec::ExpressionKind::kSubquery) return false;
  if (expr.call != nullptr && (expr.call->flags & function::kVolatile) != 0) return false;
  absl::StrAppend(out, "(", static_cast<int>(expr.kind), " ", expr.index, " ", expr.type.ToString());
  if (expr.value != nullptr) absl::StrAppend(out, " '", expr.value->ToString(), "'");
  if (expr.call != nullptr) {
    absl::StrAppend(out, " ", expr.call->function == nullptr ? "cast" : std::string_view(expr.call->function->name));
  }
  for (const Expr* argument : expr.arguments) {
    if (!Append(*argument, out)) return false;
  }
  out->push_back(')');
  return true;
}

}  // namespace

const ast::Select* SourceInBody(base::Arena& arena, std::string_view text, std::span<const Expr* const> arguments) {
  std::string key(text);
  for (const Expr* argument : arguments) {
    key.push_back(' ');
    if (!Append(*argument, &key)) return nullptr;
  }
  auto* literal = arena.New<ast::Literal>();
  literal->kind = ast::ExprKind::kString;
  literal->text = arena.Copy(key);
  const ast::List<ast::Expr*> row = arena.NewArray<ast::Expr*>(1);
  row[0] = literal;
  auto* values = arena.New<ast::Values>();
  values->kind = ast::BodyKind::kValues;
  values->rows = arena.NewArray<ast::List<ast::Expr*>>(1);
  values->rows[0] = row;
  auto* select = arena.New<ast::Select>();
  select->body = values;
  return select;
}

}  // namespace turdb::sql
