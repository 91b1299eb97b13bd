#include "sql/parse/printer.h"

#include "sql/parse/printer_internal.h"

namespace turdb::sql {
namespace {

template <typename T>
std::string PrintOne(const T& what) {
  internal::Printer printer;
  printer.Print(what);
  return printer.Take();
}

}  // namespace

std::string ToSql(const ast::Expr& expr) { return PrintOne(expr); }
std::string ToSql(const ast::TypeName& type) { return PrintOne(type); }
std::string ToSql(const ast::Select& select) { return PrintOne(select); }
std::string ToSql(const ast::Statement& statement) { return PrintOne(statement); }

}  // namespace turdb::sql
