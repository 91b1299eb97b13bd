// What printer*.cc share: text built up node by node.
#ifndef TURDB_SQL_PARSE_PRINTER_INTERNAL_H_
#define TURDB_SQL_PARSE_PRINTER_INTERNAL_H_

#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sql/parse/ast.h"

namespace turdb::sql::internal {

class Printer {
 public:
  std::string Take() { return std::move(out_); }

  void Print(const ast::Expr& expr);
  void Print(const ast::TypeName& type);
  void Print(const ast::Select& select);
  void Print(const ast::Statement& statement);

 private:
  template <typename... Parts>
  void Add(const Parts&... parts) {
    absl::StrAppend(&out_, parts...);
  }
  // Quoted unless it is a plain word that no rule reserves.
  void Name(ast::Text name);
  void String(ast::Text text) {
    out_.push_back('\'');
    for (char c : text) {
      if (c == '\'') out_.push_back('\'');
      out_.push_back(c);
    }
    out_.push_back('\'');
  }
  void Names(ast::List<ast::Name> names, std::string_view separator) {
    for (size_t i = 0; i < names.size(); ++i) {
      if (i > 0) Add(separator);
      Name(names[i].text);
    }
  }
  void Path(const ast::QualifiedName& name) { Names(name.parts, "."); }
  void Parenthesised(ast::List<ast::Name> names) {
    Add("(");
    Names(names, ", ");
    Add(")");
  }
  template <typename List, typename F>
  void Each(const List& list, F&& print) {
    for (size_t i = 0; i < list.size(); ++i) {
      if (i > 0) Add(", ");
      print(list[i]);
    }
  }
  void Exprs(ast::List<ast::Expr*> exprs) {
    Each(exprs, [this](const ast::Expr* e) { Print(*e); });
  }
  void Order(ast::List<ast::OrderItem> order) {
    Add(" ORDER BY ");
    Each(order, [this](const ast::OrderItem& item) {
      Print(*item.expr);
      Ordering(item.direction, item.nulls);
    });
  }
  void Ordering(ast::Direction direction, ast::NullsOrder nulls) {
    if (direction == ast::Direction::kAscending) Add(" ASC");
    if (direction == ast::Direction::kDescending) Add(" DESC");
    if (nulls == ast::NullsOrder::kFirst) Add(" NULLS FIRST");
    if (nulls == ast::NullsOrder::kLast) Add(" NULLS LAST");
  }
  void Items(ast::List<ast::SelectItem> items) {
    Each(items, [this](const ast::SelectItem& item) {
      Print(*item.expr);
      if (item.alias.empty()) return;
      Add(" AS ");
      Name(item.alias.text);
    });
  }
  void Returning(ast::List<ast::SelectItem> items) {
    if (items.empty()) return;
    Add(" RETURNING ");
    Items(items);
  }
  void Where(const ast::Expr* where) {
    if (where == nullptr) return;
    Add(" WHERE ");
    Print(*where);
  }

  void Literal(const ast::Literal& literal);
  void Call(const ast::Call& call);
  void Window(const ast::Window& window);
  void Frame(const ast::Window& window);
  void Bound(ast::FrameBound bound, const ast::Expr* offset);
  void Like(const ast::Like& like);
  void Is(const ast::IsPredicate& is);
  void In(const ast::In& in);
  void Case(const ast::Case& node);
  void Star(const ast::Star& star);
  void Body(const ast::SelectBody& body);
  void Core(const ast::SelectCore& core);
  void From(ast::List<ast::TableRef*> from);
  void Table(const ast::TableRef& ref);
  void Alias(const ast::TableRef& ref);
  void With(const ast::With* with);
  void Sets(ast::List<ast::SetItem> items);
  void Insert(const ast::Insert& insert);
  void Update(const ast::Update& update);
  void Delete(const ast::Delete& statement);
  void CreateTable(const ast::CreateTable& create);
  void CreateIndex(const ast::CreateIndex& create);
  void CreateSequence(const ast::CreateSequence& create);
  void AlterSequence(const ast::AlterSequence& alter);
  void SequenceOptions(ast::List<ast::Option> options);  // without a space before the first
  void Constraint(const ast::Constraint& constraint);
  void Elements(ast::List<ast::IndexElement> elements);

  std::string out_;
};

}  // namespace turdb::sql::internal

#endif  // TURDB_SQL_PARSE_PRINTER_INTERNAL_H_
