// PREPARE and EXECUTE in SQL. A named statement is text: EXECUTE compiles it with its arguments in the parameters' places, so
// that it means what the text means now, and plans see the values.
#include "absl/strings/str_cat.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
using function::CastContext;
using vec::Type;
using vec::TypeId;
namespace sqlstate = base::sqlstate;

StatusOr<Command> Binder::BindPrepare(const ast::Prepare& prepare) {
  PrepareCommand command{std::string(prepare.name.text), {std::string(prepare.text), {}}};
  for (const ast::TypeName* name : prepare.types) {
    if (name->name.parts.size() == 1 && name->name.last().text == "unknown") {
      command.statement.types.emplace_back(TypeId::kUnknown);
      continue;
    }
    TURDB_ASSIGN_OR_RETURN(const Type type, BindType(*name));
    command.statement.types.push_back(type);
  }
  return Command(std::move(command));
}

StatusOr<std::vector<const Expr*>> Binder::BindExecuteArguments(const ast::Execute& execute, const NamedStatement& statement) {
  ExprContext context;
  context.clause = "EXECUTE parameters";
  std::vector<const Expr*> arguments;
  for (const ast::Expr* argument : execute.arguments) {
    TURDB_ASSIGN_OR_RETURN(const Expr* bound, Bind(*argument, context));
    const size_t place = arguments.size();
    if (place < statement.types.size() && statement.types[place].id != TypeId::kUnknown) {
      TURDB_ASSIGN_OR_RETURN(bound,
                             Coerce(bound, statement.types[place], CastContext::kAssignment, Position(argument->offset)));
    }
    arguments.push_back(bound);
  }
  return arguments;
}

Status Binder::TakeExecuteArguments(std::vector<const Expr*> arguments, std::string_view name, int32_t offset) {
  if (arguments.size() != parameter_types_.size()) {
    return base::WithPosition(
        base::MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kSyntaxError,
                        absl::StrCat("wrong number of parameters for prepared statement \"", name, "\": it takes ",
                                     parameter_types_.size(), ", not ", arguments.size())),
        offset);
  }
  fixed_position_ = offset;  // the text is not the one that the error's reader sees
  execute_arguments_ = std::move(arguments);
  parameter_types_.clear();
  parameter_open_.clear();
  return absl::OkStatus();
}

}  // namespace turdb::sql
