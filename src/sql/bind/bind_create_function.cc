// CREATE, ALTER and DROP of functions and macros.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "catalog/table_sql.h"
#include "sql/bind/binder.h"
#include "sql/bind/function_parts.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
using catalog::FunctionBody;
using catalog::ParameterMode;
using function::CastContext;
using vec::Type;
using vec::TypeId;
namespace sqlstate = base::sqlstate;

StatusOr<Command> Binder::BindCreateFunction(const ast::CreateFunction& create) {
  CreateFunctionCommand command;
  command.or_replace = create.or_replace;
  TURDB_ASSIGN_OR_RETURN(command.definition.schema_name, CreationSchemaOf(create.name, create.temporary));
  command.definition.name = std::string(create.name.last().text);
  command.function.strict = create.strict;
  command.function.volatility = static_cast<catalog::Volatility>(create.volatility);
  command.function.body = static_cast<FunctionBody>(create.body_kind);
  command.body = std::string(create.body);
  const bool temporary = IsTemporarySchema(command.definition.schema_name);
  if (temporary) command.definition.schema_name = context_.catalog->temporary_schema()->name;  // also called pg_temp
  if (create.sets_search_path) {
    for (const ast::Name& name : create.search_path) command.search_path.emplace_back(name.text);
  } else {
    const std::span<const std::string> path = temporary ? search_path_ : context_.search_path;
    command.search_path.assign(path.begin(), path.end());
  }
  const bool standard =
      create.body_kind == ast::FunctionBodyKind::kReturn || create.body_kind == ast::FunctionBodyKind::kAtomic;
  if (!create.macro && !(create.language.empty() && standard) && create.language != "sql" && create.language != "SQL") {
    if (create.language.empty()) return Error(kInvalidFunctionDefinition, "no language specified", create.offset);
    return base::WithHint(Unsupported(absl::StrCat("a function in language ", create.language), create.language_offset),
                          "Functions are written in SQL, or registered by the application.");
  }
  TURDB_RETURN_IF_ERROR(BindFunctionParameters(create, &command));
  if (!create.macro) TURDB_RETURN_IF_ERROR(BindFunctionResult(create, &command));
  if (!temporary && UsesTemporary()) {
    return Error(sqlstate::kInvalidTableDefinition, "a permanent function cannot use temporary objects", create.offset);
  }
  const std::string key = catalog::FunctionKeyOf(command.definition, command.function);
  std::shared_ptr<const catalog::Relation> before;
  for (const auto& other : context_.catalog->FunctionsOf(command.definition.schema_name, command.definition.name, {})) {
    if (other->name() == command.definition.name && catalog::FunctionKeyOf(*other->schema, other->function) == key)
      before = other;
  }
  if (before != nullptr && create.if_not_exists) {
    return Command(NoOperation{absl::StrCat(SignatureOf(*before), " already exists, skipping")});
  }
  if (before != nullptr && create.or_replace) {
    TURDB_RETURN_IF_ERROR(CheckReplacedFunction(*before, command, create.name.offset()));
  }
  const std::vector<table::Column>& columns = command.definition.columns;
  const bool polymorphic = std::any_of(columns.begin(), columns.end(), IsPolymorphic);
  bool takes_any = false;
  for (size_t i = 0; i < columns.size(); ++i) takes_any |= IsGiven(command.function.modes[i]) && IsPolymorphic(columns[i]);
  if (polymorphic && !takes_any) {
    return Error(kInvalidFunctionDefinition, "cannot determine result data type: a polymorphic result needs such a parameter",
                 create.returns_offset);
  }
  if (!create.macro && !polymorphic && context_.check_function_bodies) {  // what has no types yet is bound when it is called
    TURDB_RETURN_IF_ERROR(CheckFunctionBody(create, command, before == nullptr ? base::kNoFile : before->id));
  }
  return Command(std::move(command));
}

Status Binder::BindFunctionParameters(const ast::CreateFunction& create, CreateFunctionCommand* command) {
  bool has_default = false;
  const auto add = [&](const ast::FunctionParameter& parameter, ParameterMode mode) -> Status {
    const bool output = mode == ParameterMode::kOut || mode == ParameterMode::kTable;
    const auto& columns = command->definition.columns;
    for (size_t i = 0; i < columns.size() && !parameter.name.empty(); ++i) {
      // An output may be called what an argument is.
      if (columns[i].name != parameter.name.text ||
          (output && command->function.modes[i] == ParameterMode::kIn && mode == ParameterMode::kOut))
        continue;
      return Error(kInvalidFunctionDefinition, absl::StrCat("parameter name \"", parameter.name.text, "\" used more than once"),
                   parameter.offset);
    }
    table::Column column;
    column.name = std::string(parameter.name.text);
    if (parameter.type != nullptr) {
      TURDB_RETURN_IF_ERROR(BindFunctionType(*parameter.type, &column));
      if (mode == ParameterMode::kVariadic && column.type.id != TypeId::kArray) {
        return Error(kInvalidFunctionDefinition, "VARIADIC parameter must be an array", parameter.offset);
      }
    }
    if (parameter.otherwise != nullptr) {
      if (output) return Error(kInvalidFunctionDefinition, "only input parameters can have default values", parameter.offset);
      has_default = true;
      Scope nothing;
      ExprContext context;
      context.scope = &nothing;
      context.clause = "DEFAULT";
      TURDB_ASSIGN_OR_RETURN(const Expr* const value, Bind(*parameter.otherwise, context));
      if (IsPolymorphic(column)) return Unsupported("a default of a polymorphic parameter", parameter.offset);
      if (!create.macro) TURDB_RETURN_IF_ERROR(Coerce(value, column.type, CastContext::kAssignment).status());
      column.default_sql = std::string(parameter.otherwise_text);
    } else if (has_default && !output && mode != ParameterMode::kVariadic) {
      return Error(kInvalidFunctionDefinition, "input parameters after one with a default value must also have defaults",
                   parameter.offset);
    }
    command->definition.columns.push_back(std::move(column));
    command->function.modes.push_back(mode);
    return absl::OkStatus();
  };
  for (const ast::FunctionParameter& parameter : create.parameters) {
    if (!command->function.modes.empty() && command->function.modes.back() == ParameterMode::kVariadic &&
        parameter.mode != ast::ParameterMode::kOut) {
      return Error(kInvalidFunctionDefinition, "VARIADIC parameter must be the last input parameter", parameter.offset);
    }
    static constexpr ParameterMode kModes[] = {ParameterMode::kIn, ParameterMode::kOut, ParameterMode::kInOut,
                                               ParameterMode::kVariadic};
    TURDB_RETURN_IF_ERROR(add(parameter, kModes[static_cast<size_t>(parameter.mode)]));
  }
  for (const ast::FunctionParameter& column : create.table) {
    if (column.name.empty()) return Error(sqlstate::kSyntaxError, "a column of RETURNS TABLE needs a name", column.offset);
    TURDB_RETURN_IF_ERROR(add(column, ParameterMode::kTable));
  }
  if (command->definition.columns.size() > static_cast<size_t>(context_.limits.function_arguments)) {
    return At(
        base::LimitError(absl::StrCat("functions cannot have more than ", context_.limits.function_arguments, " arguments")),
        create.offset);
  }
  return absl::OkStatus();
}

// Of a parameter or a result; of a polymorphic one the name is kept, and the type is found with each call.
Status Binder::BindFunctionType(const ast::TypeName& type, table::Column* column) {
  const std::string_view word = type.name.empty() ? std::string_view() : type.name.last().text;
  const bool plain =
      type.name.parts.size() == 1 && type.array_depth == 0 && context_.catalog->FindType({}, word, search_path_) == nullptr;
  if (plain && IsPolymorphicName(word)) {
    column->comment = std::string(word);
    return absl::OkStatus();
  }
  static constexpr std::string_view kPseudo[] = {"anyenum",       "anyrange", "anymultirange", "void",   "trigger",
                                                 "event_trigger", "internal", "cstring",       "opaque", "language_handler"};
  if (plain && std::find(std::begin(kPseudo), std::end(kPseudo), word) != std::end(kPseudo)) {
    const Status refused = Unsupported(absl::StrCat("pseudo-type ", word, " in a function"), type.offset);
    return word != "trigger" ? refused : base::WithHint(refused, "A trigger has its statements itself: BEGIN ...; END.");
  }
  ast::TypeName single = type;
  single.set_of = false;
  TURDB_ASSIGN_OR_RETURN(const Type bound, BindTypeOrDomain(single, &column->domain));
  if (bound.id == TypeId::kUnknown) {
    return Error(sqlstate::kUndefinedObject, absl::StrCat("type \"", word, "\" does not exist"), type.offset);
  }
  column->type = Unmodified(bound);
  return absl::OkStatus();
}

Status Binder::BindFunctionResult(const ast::CreateFunction& create, CreateFunctionCommand* command) {
  std::vector<table::Column> outputs;
  for (size_t i = 0; i < command->function.modes.size(); ++i) {
    if (IsOutput(command->function.modes[i])) outputs.push_back(command->definition.columns[i]);
  }
  if (create.returns_table) {
    for (const ParameterMode mode : command->function.modes) {
      if (mode != ParameterMode::kOut && mode != ParameterMode::kInOut) continue;
      return Error(kInvalidFunctionDefinition, "OUT and INOUT arguments aren't allowed in TABLE functions",
                   create.returns_offset);
    }
    command->function.returns_set = true;
    return absl::OkStatus();
  }
  if (create.returns == nullptr) {
    if (!outputs.empty()) return absl::OkStatus();
    return Error(kInvalidFunctionDefinition, "function result type must be specified", create.offset);
  }
  command->function.returns_set = create.returns->set_of;
  const std::string_view word = create.returns->name.empty() ? std::string_view() : create.returns->name.last().text;
  const bool record = word == "record" && create.returns->array_depth == 0;
  if (!outputs.empty()) {
    if (record) {
      if (outputs.size() > 1) return absl::OkStatus();
    } else {
      table::Column said;
      TURDB_RETURN_IF_ERROR(BindFunctionType(*create.returns, &said));
      if (outputs.size() == 1 && outputs[0].type == said.type && outputs[0].comment == said.comment) return absl::OkStatus();
    }
    return Error(
        kInvalidFunctionDefinition,
        absl::StrCat("function result type must be ", outputs.size() > 1 ? std::string("record") : NameOf(outputs[0].type),
                     " because of OUT parameters"),
        create.returns_offset);
  }
  if (record) {
    return base::WithHint(Unsupported("a function that returns record without OUT parameters", create.returns_offset),
                          "RETURNS TABLE (...) names the columns.");
  }
  table::Column result;
  TURDB_RETURN_IF_ERROR(BindFunctionType(*create.returns, &result));
  command->definition.columns.push_back(std::move(result));
  command->function.modes.push_back(ParameterMode::kResult);
  return absl::OkStatus();
}

// Those who call it go on getting what they got.
Status Binder::CheckReplacedFunction(const catalog::Relation& before, const CreateFunctionCommand& after,
                                     int32_t offset) const {
  if (after.function.is_macro()) return absl::OkStatus();
  const auto outputs = [](const table::TableSchema& definition, const catalog::FunctionSchema& function) {
    std::vector<std::pair<Type, base::FileId>> types;
    for (size_t i = 0; i < function.modes.size(); ++i) {
      const table::Column& column = definition.columns[i];
      if (IsOutput(function.modes[i]) || function.modes[i] == ParameterMode::kResult)
        types.emplace_back(column.type, column.domain);
    }
    return types;
  };
  const auto hint = [&](Status status) {
    return base::WithHint(std::move(status), absl::StrCat("Use DROP ", SignatureOf(before), " first."));
  };
  if (before.function.returns_set != after.function.returns_set ||
      outputs(*before.schema, before.function) != outputs(after.definition, after.function)) {
    return hint(Error(kInvalidFunctionDefinition, "cannot change return type of existing function", offset));
  }
  const std::vector<size_t> old_given = GivenOf(before.function);
  const std::vector<size_t> new_given = GivenOf(after.function);
  for (size_t i = 0; i < old_given.size() && i < new_given.size(); ++i) {
    const table::Column& was = before.schema->columns[old_given[i]];
    const table::Column& is = after.definition.columns[new_given[i]];
    if (!was.name.empty() && was.name != is.name) {
      return hint(
          Error(kInvalidFunctionDefinition, absl::StrCat("cannot change name of input parameter \"", was.name, "\""), offset));
    }
    if (!was.default_sql.empty() && is.default_sql.empty()) {
      return hint(Error(kInvalidFunctionDefinition, "cannot remove parameter defaults from existing function", offset));
    }
  }
  return absl::OkStatus();
}

// Binds the body once, for its errors, which point into the statement where the body stands in it as it is.
Status Binder::CheckFunctionBody(const ast::CreateFunction& create, const CreateFunctionCommand& command,
                                 catalog::ObjectId replaced) {
  auto made = std::make_shared<catalog::Relation>(nullptr);
  made->kind = catalog::RelationKind::kFunction;
  made->schema = std::make_shared<const table::TableSchema>(command.definition);
  made->function = command.function;
  made->view_sql = command.body;
  made->view_search_path = command.search_path;
  FunctionCall call{made, {}};
  for (const size_t place : GivenOf(command.function)) {
    const table::Column& column = made->schema->columns[place];
    call.arguments.push_back(ColumnExpr(NewColumn(column.name, column.type)));
  }
  plan_.Keep(std::shared_ptr<const catalog::Relation>(made));
  // A string that the lexer gave as it stands is part of the text.
  const bool inside = create.body.data() >= sql_.data() && create.body.data() + create.body.size() <= sql_.data() + sql_.size();
  const auto begin = inside ? static_cast<int32_t>(create.body.data() - sql_.data()) : create.body_offset;
  const Status status = [&]() -> Status {
    if (command.function.returns_set) return BindBodyQuery(call, inside ? -1 : begin).status();
    ExprContext context;
    Scope nothing;
    context.scope = &nothing;
    context.clause = "the body of a function";
    return BindBodyValue(call, context, inside ? -1 : begin).status();
  }();
  for (const Dependency& dependency : dependencies_) {
    if (!status.ok() || replaced == base::kNoFile || dependency.id != replaced) continue;
    return base::WithHint(Unsupported(absl::StrCat(SignatureOf(*made), ", which calls itself,"), create.offset),
                          "WITH RECURSIVE repeats a query.");
  }
  if (status.ok()) return status;
  const std::optional<int64_t> position = base::GetPosition(status);
  if (!inside) return base::MovePosition(status, begin);
  return base::MovePosition(status, begin + std::max<int64_t>(0, position.value_or(0)));
}

StatusOr<Command> Binder::BindAlterFunction(const ast::AlterFunction& alter) {
  AlterTypeCommand command;
  TURDB_ASSIGN_OR_RETURN(command.type, FindFunction(alter.function, false));
  command.kind = alter.sets_schema ? AlterTypeCommand::Kind::kMoveToSchema : AlterTypeCommand::Kind::kRename;
  command.new_value = std::string(alter.new_name.text);
  if (alter.sets_schema && (table::IsTemporary(command.type->id) || IsTemporarySchema(alter.new_name.text))) {
    return Error(sqlstate::kFeatureNotSupported, "cannot move objects into or out of temporary schemas", alter.offset);
  }
  return Command(std::move(command));
}

StatusOr<Command> Binder::BindDropFunction(const ast::Drop& drop) {
  DropCommand command;
  command.kind = DropKind::kFunction;
  command.if_exists = drop.if_exists;
  command.cascade = drop.cascade;
  for (const ast::FunctionName& name : drop.functions) {
    const auto function = FindFunction(name, drop.object == ast::ObjectKind::kMacro);
    if (!function.ok() && drop.if_exists && base::GetSqlState(function.status()) != base::SqlState{"42725"}) continue;
    TURDB_RETURN_IF_ERROR(function.status());
    command.names.push_back({(*function)->schema_name(), (*function)->name(), (*function)->id});
  }
  if (command.names.empty()) return Command(NoOperation{"functions that do not exist, skipping"});
  return Command(std::move(command));
}

}  // namespace turdb::sql
