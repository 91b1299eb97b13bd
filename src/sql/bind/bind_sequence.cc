// Sequences: their options, CREATE and ALTER SEQUENCE, those of serial and identity columns, and calls that name one.
#include <algorithm>
#include <limits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
using function::CastContext;
using table::SequenceSchema;
using vec::TypeId;
namespace sqlstate = base::sqlstate;

namespace {

int64_t LeastOf(TypeId type) {
  return type == TypeId::kInt16   ? std::numeric_limits<int16_t>::min()
         : type == TypeId::kInt32 ? std::numeric_limits<int32_t>::min()
                                  : std::numeric_limits<int64_t>::min();
}
int64_t MostOf(TypeId type) {
  return type == TypeId::kInt16   ? std::numeric_limits<int16_t>::max()
         : type == TypeId::kInt32 ? std::numeric_limits<int32_t>::max()
                                  : std::numeric_limits<int64_t>::max();
}

TypeId SerialType(std::string_view word) {
  if (word == "serial" || word == "serial4") return TypeId::kInt32;
  if (word == "bigserial" || word == "serial8") return TypeId::kInt64;
  if (word == "smallserial" || word == "serial2") return TypeId::kInt16;
  return TypeId::kUnknown;
}

bool IsIdentity(const table::Column& column) {
  return column.generation == table::Generation::kIdentityByDefault || column.generation == table::Generation::kIdentityAlways;
}

}  // namespace

TypeId Binder::SerialTypeOf(const ast::TypeName& type) {
  const bool plain = type.modifiers.empty() && type.array_depth == 0 && type.name.parts.size() == 1;
  return plain ? SerialType(type.name.last().text) : TypeId::kUnknown;
}

StatusOr<int64_t> Binder::SequenceNumber(const ast::Option& option) const {
  int64_t number = 0;
  if (absl::SimpleAtoi(option.value, &number)) return number;
  return Error(sqlstate::kNumericOutOfRange, absl::StrCat("value \"", option.value, "\" is out of range for type bigint"),
               option.name.offset);
}

// What the options say, each at most once.
StatusOr<Binder::SequenceChange> Binder::BindSequenceOptions(ast::List<ast::Option> options, const SequenceSchema* before,
                                                             TypeId column_type) {
  SequenceChange change;
  SequenceSchema& sequence = change.sequence;
  if (before != nullptr) sequence = *before;
  if (before == nullptr && column_type != TypeId::kUnknown) sequence.type = column_type;
  const TypeId old_type = sequence.type;
  std::optional<int64_t> start, least, most;
  bool no_least = false, no_most = false, restart = false;
  std::vector<std::string_view> seen;
  for (const ast::Option& option : options) {
    const std::string_view name = option.name.text;
    const bool no = option.value == "no";
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      return Error(sqlstate::kSyntaxError, "conflicting or redundant options", option.name.offset);
    }
    seen.push_back(name);
    if (name == "owned") {
      change.owner = &option;
    } else if (name == "sequence") {
      change.name = option.names.back().text;
    } else if (name == "cycle") {
      sequence.cycle = !no;
    } else if (name == "as") {
      auto type = vec::MakeType(option.value, {});
      if (!type.ok() || !vec::IsSignedInteger(type->id) || type->id == TypeId::kInt8) {
        return Error(sqlstate::kInvalidParameter, "sequence type must be smallint, integer, or bigint", option.name.offset);
      }
      sequence.type = type->id;
    } else if (no && name == "minvalue") {
      no_least = true;
    } else if (no && name == "maxvalue") {
      no_most = true;
    } else if (no) {
      return Error(sqlstate::kSyntaxError, absl::StrCat("syntax error at or near \"", name, "\""), option.name.offset);
    } else if (name == "restart") {
      restart = true;
      if (option.value.empty()) continue;
      TURDB_ASSIGN_OR_RETURN(change.restart, SequenceNumber(option));
    } else if (name != "logged" && name != "unlogged" && name != "generated") {
      TURDB_ASSIGN_OR_RETURN(const int64_t number, SequenceNumber(option));
      if (name == "increment") sequence.increment = number;
      if (name == "start") start = number;
      if (name == "minvalue") least = number;
      if (name == "maxvalue") most = number;
      if (name == "cache") sequence.cache = number;
    }
  }
  const auto refuse = [&](std::string_view message) -> Status {
    return Error(sqlstate::kInvalidParameter, message, options.empty() ? -1 : options[0].name.offset);
  };
  if (sequence.increment == 0) return refuse("INCREMENT must not be zero");
  if (sequence.cache < 1) return refuse(absl::StrCat("CACHE (", sequence.cache, ") must be greater than zero"));
  const bool up = sequence.increment > 0;
  const std::string type = vec::Type(sequence.type).ToString();
  // Bounds that were the old type's own become the new type's.
  if (most.has_value()) {
    sequence.max_value = *most;
  } else if (before == nullptr || no_most || (sequence.max_value == MostOf(old_type) && sequence.type != old_type)) {
    sequence.max_value = up || before != nullptr ? MostOf(sequence.type) : -1;
    if (no_most && !up) sequence.max_value = -1;
  }
  if (least.has_value()) {
    sequence.min_value = *least;
  } else if (before == nullptr || no_least || (sequence.min_value == LeastOf(old_type) && sequence.type != old_type)) {
    sequence.min_value = up ? 1 : LeastOf(sequence.type);
  }
  if (sequence.max_value > MostOf(sequence.type) || sequence.max_value < LeastOf(sequence.type)) {
    return refuse(absl::StrCat("MAXVALUE (", sequence.max_value, ") is out of range for sequence data type ", type));
  }
  if (sequence.min_value < LeastOf(sequence.type) || sequence.min_value > MostOf(sequence.type)) {
    return refuse(absl::StrCat("MINVALUE (", sequence.min_value, ") is out of range for sequence data type ", type));
  }
  if (sequence.min_value >= sequence.max_value) {
    return refuse(absl::StrCat("MINVALUE (", sequence.min_value, ") must be less than MAXVALUE (", sequence.max_value, ")"));
  }
  if (start.has_value()) {
    sequence.start = *start;
  } else if (before == nullptr) {
    sequence.start = up ? sequence.min_value : sequence.max_value;
  }
  const auto within = [&](std::string_view what, int64_t value) -> Status {
    if (value < sequence.min_value) {
      return refuse(absl::StrCat(what, " value (", value, ") cannot be less than MINVALUE (", sequence.min_value, ")"));
    }
    if (value > sequence.max_value) {
      return refuse(absl::StrCat(what, " value (", value, ") cannot be greater than MAXVALUE (", sequence.max_value, ")"));
    }
    return absl::OkStatus();
  };
  TURDB_RETURN_IF_ERROR(within("START", sequence.start));
  if (restart && !change.restart.has_value()) change.restart = sequence.start;
  if (change.restart.has_value()) TURDB_RETURN_IF_ERROR(within("RESTART", *change.restart));
  return change;
}

// OWNED BY table.column, or NONE.
Status Binder::BindSequenceOwner(const ast::Option& option, std::string_view schema, SequenceOwnerChange* owner) {
  owner->set = true;
  if (option.names.size() == 1) {
    if (option.names[0].text == "none") return absl::OkStatus();
    return base::WithHint(Error(sqlstate::kSyntaxError, "invalid OWNED BY option", option.name.offset),
                          "Specify OWNED BY table.column or OWNED BY NONE.");
  }
  if (option.names.size() > 3) return Unsupported("a name with a database in it", option.names[0].offset);
  ast::QualifiedName table;
  table.parts = option.names.subspan(0, option.names.size() - 1);
  TURDB_ASSIGN_OR_RETURN(const auto relation, FindTable(table));
  TURDB_ASSIGN_OR_RETURN(owner->column, TargetColumn(option.names.back(), *relation));
  if (relation->schema_name() != schema) {
    return Error(base::SqlState{"55000"}, "sequence must be in same schema as table it is linked to", option.name.offset);
  }
  owner->table = relation->id;
  return absl::OkStatus();
}

StatusOr<Command> Binder::BindCreateSequence(const ast::CreateSequence& create) {
  TURDB_ASSIGN_OR_RETURN(const RelationName name, SplitName(create.name));
  CreateSequenceCommand command;
  TURDB_ASSIGN_OR_RETURN(command.sequence.schema_name, CreationSchemaOf(create.name, create.temporary));
  command.sequence.name = std::string(name.name);
  command.sequence.if_not_exists = create.if_not_exists;
  TURDB_ASSIGN_OR_RETURN(SequenceChange change, BindSequenceOptions(create.options, nullptr, TypeId::kUnknown));
  if (change.restart.has_value() || !change.name.empty()) {
    return Error(sqlstate::kSyntaxError, "RESTART and SEQUENCE NAME are no options of CREATE SEQUENCE", create.offset);
  }
  if (change.owner != nullptr) {
    TURDB_RETURN_IF_ERROR(BindSequenceOwner(*change.owner, command.sequence.schema_name, &command.owner));
  }
  command.sequence.sequence = std::move(change.sequence);
  return Command(std::move(command));
}

StatusOr<Command> Binder::BindAlterSequence(const ast::AlterSequence& alter) {
  TURDB_ASSIGN_OR_RETURN(const RelationName name, SplitName(alter.name));
  if (alter.if_exists && context_.catalog->FindRelation(name.schema, name.name, search_path_) == nullptr) {
    return Command(NoOperation{absl::StrCat("relation \"", name.name, "\" does not exist, skipping")});
  }
  AlterSequenceCommand command;
  TURDB_ASSIGN_OR_RETURN(command.relation, FindRelation(alter.name));
  if (command.relation->kind != catalog::RelationKind::kSequence) {
    return Error(base::SqlState{"42809"}, absl::StrCat("\"", name.name, "\" is not a sequence"), alter.name.offset());
  }
  TURDB_ASSIGN_OR_RETURN(SequenceChange change,
                         BindSequenceOptions(alter.options, &command.relation->sequence, TypeId::kUnknown));
  if (!change.name.empty()) return Error(sqlstate::kSyntaxError, "syntax error at or near \"sequence\"", alter.offset);
  if (change.owner != nullptr) {
    const catalog::SequenceOwner owner = context_.catalog->OwnerOf(command.relation->id);
    if (owner.relation != nullptr) {
      const table::Column& column = owner.relation->schema->columns[static_cast<size_t>(owner.column)];
      if (IsIdentity(column) && column.sequence == command.relation->id) {
        return base::WithFrame(
            Error(sqlstate::kFeatureNotSupported, "cannot change ownership of identity sequence", change.owner->name.offset),
            absl::StrCat("Sequence \"", name.name, "\" is linked to table \"", owner.relation->name(), "\"."));
      }
    }
    TURDB_RETURN_IF_ERROR(BindSequenceOwner(*change.owner, command.relation->schema_name(), &command.owner));
  }
  command.changed = std::move(change.sequence);
  command.restart = change.restart;
  return Command(std::move(command));
}

// Emptying the table, then another counter for every sequence that a column of it owns.
StatusOr<Command> Binder::BindTruncateRestart(const ast::Truncate& truncate) {
  AlterTableCommand command;
  TURDB_ASSIGN_OR_RETURN(command.relation, FindTable(truncate.tables[0]));
  AlterStep step;
  step.kind = AlterStep::Kind::kRun;
  step.sql = absl::StrCat("TRUNCATE ", Quoted(command.relation->schema_name()), ".", Quoted(command.relation->name()));
  command.steps.push_back(std::move(step));
  for (const table::Column& column : command.relation->schema->columns) {
    for (const catalog::ObjectId id : column.owned_sequences) {
      const auto sequence = context_.catalog->RelationOf(id);
      if (sequence == nullptr) continue;
      AlterStep restart;
      restart.kind = AlterStep::Kind::kAlterSequence;
      restart.other = id;
      restart.sequence = sequence->sequence;
      restart.restart = sequence->sequence.start;
      command.steps.push_back(std::move(restart));
    }
  }
  return Command(std::move(command));
}

// ---- columns

// The sequence that a column's definition asks for, if it does; its place is the caller's to fill in.
StatusOr<std::optional<catalog::NewTable::ColumnSequence>> Binder::SequenceOfColumn(const ast::ColumnDefinition& definition,
                                                                                    const table::Column& column) {
  ast::List<ast::Option> options;
  bool asked = definition.type != nullptr && SerialTypeOf(*definition.type) != TypeId::kUnknown;
  bool has_default = asked;
  for (const ast::Constraint* constraint : definition.constraints) {
    const bool identity = constraint->kind == ast::ConstraintKind::kIdentity;
    if (!identity && constraint->kind != ast::ConstraintKind::kDefault) continue;
    if (has_default && !identity) {
      return Error(sqlstate::kSyntaxError,
                   absl::StrCat(IsIdentity(column) ? "both default and identity specified for column \""
                                                   : "multiple default values specified for column \"",
                                column.name, "\""),
                   constraint->offset);
    }
    if (has_default) {
      return Error(sqlstate::kSyntaxError, absl::StrCat("both default and identity specified for column \"", column.name, "\""),
                   constraint->offset);
    }
    has_default = true;
    if (identity) {
      asked = true;
      options = constraint->options;
    }
  }
  if (!asked) return std::optional<catalog::NewTable::ColumnSequence>();
  TURDB_ASSIGN_OR_RETURN(SequenceChange change, BindSequenceOptions(options, nullptr, column.type.id));
  if (change.owner != nullptr) return Error(sqlstate::kSyntaxError, "invalid OWNED BY option", change.owner->name.offset);
  catalog::NewTable::ColumnSequence sequence;
  sequence.name = std::string(change.name);
  sequence.sequence = std::move(change.sequence);
  return std::optional(std::move(sequence));
}

// DEFAULT nextval('name'): the sequence, so that the default follows it and it is not dropped under it. Null: another default.
StatusOr<std::shared_ptr<const catalog::Relation>> Binder::SequenceOfDefault(const ast::Expr& value) {
  if (value.kind != ast::ExprKind::kCall) return nullptr;
  const auto& call = ast::As<ast::Call>(value);
  if (call.name.parts.size() != 1 || call.name.last().text != "nextval" || call.arguments.size() != 1) return nullptr;
  ExprContext nothing;
  Scope scope;
  nothing.scope = &scope;
  TURDB_ASSIGN_OR_RETURN(const Expr* argument, Bind(*call.arguments[0], nothing));
  TURDB_ASSIGN_OR_RETURN(argument, NamedRelation(argument));
  if (argument->kind != exec::ExpressionKind::kConstant || argument->type.id != TypeId::kInt64 || argument->value->is_null()) {
    return nullptr;
  }
  const auto relation = context_.catalog->RelationOf(static_cast<catalog::ObjectId>(argument->value->Get<int64_t>()));
  return relation != nullptr && relation->kind == catalog::RelationKind::kSequence ? relation : nullptr;
}

StatusOr<const Expr*> Binder::NextValueOf(catalog::ObjectId sequence, int32_t position) {
  const auto relation = context_.catalog->RelationOf(sequence);
  if (relation != nullptr) DependOn(relation);
  return MakeFunction("nextval", {plan_.Constant(vec::Value::Int64(sequence), TypeId::kInt64, position)}, position);
}

// ---- names of relations as values

// A constant text becomes the id of the relation that it names now; all else stays as it is.
StatusOr<const Expr*> Binder::NamedRelation(const Expr* name) {
  const bool text = name->type.id == TypeId::kUnknown || vec::IsText(name->type.id);
  if (name->kind != exec::ExpressionKind::kConstant || !text || name->value->is_null()) return name;
  const std::string written = name->value->bytes();
  int64_t number = 0;
  if (absl::SimpleAtoi(written, &number)) return plan_.Constant(vec::Value::Int64(number), TypeId::kInt64, name->position);
  std::string schema, relation_name;
  if (!catalog::ParseRelationName(written, &schema, &relation_name)) {
    return base::WithPosition(base::MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kInvalidName,
                                              absl::StrCat("invalid name syntax: \"", written, "\"")),
                              name->position);
  }
  auto relation = context_.catalog->GetRelation(schema, relation_name, search_path_);
  if (!relation.ok()) return base::WithPosition(relation.status(), name->position);
  DependOn(*relation);
  return plan_.Constant(vec::Value::Int64((*relation)->id), TypeId::kInt64, name->position);
}

bool Binder::IsRegclass(const ast::TypeName& type) {
  return type.array_depth == 0 && type.modifiers.empty() && type.name.last().text == "regclass";
}

// Relations are known by their ids: a cast to regclass makes a bigint of a name, and leaves numbers alone.
StatusOr<const Expr*> Binder::CastToRegclass(const Expr* operand, int32_t position) {
  TURDB_ASSIGN_OR_RETURN(operand, NamedRelation(operand));
  if (vec::IsText(operand->type.id)) return MakeFunction("regclass", {operand}, position);
  return Coerce(operand, TypeId::kInt64, CastContext::kExplicit, position);
}

}  // namespace turdb::sql
