// Collations: which one an expression has, by PostgreSQL's rules of derivation.
//
// A value has its collation explicitly (COLLATE), implicitly (its column's, its type's), or not at all (numbers). Of the
// operands of one call an explicit one decides, and two different ones are an error; else an implicit one that is not the
// default; two different ones are a conflict, an error only where texts are compared. What the call gives has what its
// operands had.
//
// How texts compare is in their type, so what is compared is cast to the collation that was derived: a cast that changes no
// byte. The rest of what derivation needs, which collation by name and whether somebody wrote it, stands in the binder only
// (`collations_`), for expressions where it is not what their kind says.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "function/registry.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
using exec::ExpressionKind;
using function::CastContext;
using vec::Type;
namespace sqlstate = base::sqlstate;

namespace {

constexpr base::SqlState kCollationMismatch{"42P21"};
constexpr base::SqlState kIndeterminateCollation{"42P22"};

Status Mismatch(std::string_view how, std::string_view a, std::string_view b) {
  return base::MakeError(absl::StatusCode::kInvalidArgument, kCollationMismatch,
                         absl::StrCat("collation mismatch between ", how, " collations \"", a, "\" and \"", b, "\""));
}

}  // namespace

StatusOr<const vec::NamedCollation*> Binder::FindCollation(const ast::QualifiedName& name) const {
  const std::string_view last = name.last().text;
  const bool known_schema = name.parts.size() == 1 || (name.parts.size() == 2 && name.parts[0].text == "pg_catalog");
  const vec::NamedCollation* const found = known_schema ? vec::FindCollation(last) : nullptr;
  if (found != nullptr) return found;
  if (context_.host != nullptr && name.parts.size() == 1) {
    const auto of_host = context_.host->CollationOf(last);
    if (of_host != nullptr) return HostCollationInCatalog(of_host->signature().name, name.offset());
  }
  const std::string known = absl::StrJoin(vec::Collations(), ", ", [](std::string* out, const vec::NamedCollation& collation) {
    absl::StrAppend(out, collation.name);
  });
  return base::WithHint(Error(sqlstate::kUndefinedObject,
                              absl::StrCat("collation \"", last, "\" for encoding \"UTF8\" does not exist"), name.offset()),
                        absl::StrCat("There are ", known, "; collations of languages are not built in."));
}

CollationState Binder::CollationOf(const Expr* expr) const {
  if (!expr->type.collates() && expr->type.id != vec::TypeId::kUnknown) return {};
  if (!collations_.empty()) {
    const auto noted = collations_.find(expr);
    if (noted != collations_.end()) return noted->second;
  }
  if (expr->kind == ExpressionKind::kColumn) return columns_[static_cast<size_t>(expr->index)].collation;
  const bool own = expr->kind != ExpressionKind::kConstant && expr->kind != ExpressionKind::kParameter;
  return {own ? vec::CollationOf(expr->type.collation()) : vec::kDefaultCollation, CollationStrength::kImplicit};
}

void Binder::NoteCollation(const Expr* expr, const CollationState& state) {
  if (!expr->type.collates()) return;
  const CollationState before = CollationOf(expr);
  if (state.strength == CollationStrength::kNone || (before.id == state.id && before.strength == state.strength)) return;
  collations_.insert_or_assign(expr, state);
}

StatusOr<CollationState> Binder::MergeCollations(std::span<const Expr* const> exprs, int32_t position) const {
  CollationState merged;
  for (const Expr* expr : exprs) {
    const CollationState state = CollationOf(expr);
    if (state.strength > merged.strength) {
      merged = state;
    } else if (state.strength == merged.strength && state.id != merged.id) {
      if (state.strength == CollationStrength::kExplicit) {
        return base::WithPosition(Mismatch("explicit", CollationName(merged.id), CollationName(state.id)),
                                  expr->position >= 0 ? expr->position : position);
      }
      if (state.strength != CollationStrength::kImplicit) continue;
      if (merged.id == vec::kDefaultCollation) {
        merged = state;
      } else if (state.id != vec::kDefaultCollation) {
        merged = {merged.id, CollationStrength::kConflict, state.id};
      }
    }
  }
  return merged;
}

Status Binder::CheckCollation(const CollationState& state, int32_t position) const {
  if (state.strength != CollationStrength::kConflict) return absl::OkStatus();
  return base::WithPosition(base::WithHint(base::MakeError(absl::StatusCode::kInvalidArgument, kIndeterminateCollation,
                                                           "could not determine which collation to use for string comparison"),
                                           "Use the COLLATE clause to set the collation explicitly."),
                            position);
}

Status Binder::CheckCollation(const Expr* expr) const { return CheckMergedCollation(CollationOf(expr), expr->position); }

// What sorts, groups or tells rows apart, and columns of UNION and its kin.
Status Binder::CheckMergedCollation(const CollationState& state, int32_t position) const {
  if (state.strength != CollationStrength::kConflict) return absl::OkStatus();
  return base::WithPosition(
      base::WithHint(Mismatch("implicit", CollationName(state.id), CollationName(state.other)),
                     "You can choose the collation by applying the COLLATE clause to one or both expressions."),
      position);
}

vec::Collation Binder::OrderOf(const CollationState& state) {
  const bool binary = state.strength == CollationStrength::kConflict || state.id >= kFirstHostCollation;
  return binary ? vec::Collation::kBinary : vec::Collations()[state.id].order;
}

StatusOr<const Expr*> Binder::BindCollate(const ast::Collate& collate, const ExprContext& context) {
  TURDB_ASSIGN_OR_RETURN(const Expr* operand, Bind(*collate.operand, context));
  TURDB_ASSIGN_OR_RETURN(const std::optional<vec::CollationId> of_host, FindHostCollation(collate.collation));
  if (of_host.has_value()) {
    if (operand->type.id == vec::TypeId::kUnknown) {
      TURDB_ASSIGN_OR_RETURN(operand, Coerce(operand, vec::TypeId::kText, CastContext::kImplicit));
    }
    TURDB_RETURN_IF_ERROR(CheckCollates(operand->type, collate.offset));
    return WithHostCollation(
        operand->type.collation() == vec::Collation::kBinary
            ? operand
            : *Coerce(operand, operand->type.WithCollation(vec::Collation::kBinary), CastContext::kExplicit),
        *of_host);
  }
  TURDB_ASSIGN_OR_RETURN(const vec::NamedCollation* const collation, FindCollation(collate.collation));
  if (operand->type.id == vec::TypeId::kUnknown) {
    TURDB_ASSIGN_OR_RETURN(operand, Coerce(operand, vec::TypeId::kText, CastContext::kImplicit));
  }
  TURDB_RETURN_IF_ERROR(CheckCollates(operand->type, collate.offset));
  return WithExplicitCollation(operand, *collation);
}

Status Binder::CheckCollates(const Type& type, int32_t offset) const {
  if (type.collates()) return absl::OkStatus();
  return Error(sqlstate::kDatatypeMismatch, absl::StrCat("collations are not supported by type ", NameOf(type)), offset);
}

Status Binder::BindColumnCollation(const ast::QualifiedName& name, table::Column* column) const {
  TURDB_ASSIGN_OR_RETURN(const vec::NamedCollation* const collation, FindCollation(name));
  TURDB_RETURN_IF_ERROR(CheckCollates(column->type, name.offset()));
  column->type = column->type.WithCollation(collation->order);
  column->collation = vec::IdOf(*collation) == vec::kDefaultCollation ? "" : std::string(collation->name);
  return absl::OkStatus();
}

Status Binder::DescribeColumn(ColumnId id, table::Column* column) const {
  const ColumnInfo& info = columns_[static_cast<size_t>(id)];
  column->type = info.type;
  // Rows of a table are kept as what they are made of now.
  const auto relation = info.type.user_type_id() == 0 ? nullptr : context_.catalog->RelationOf(info.type.user_type_id());
  if (relation != nullptr && !relation->is_type()) {
    TURDB_ASSIGN_OR_RETURN(column->type.length,
                           context_.catalog->struct_types().Intern(*context_.catalog->FieldsOf(info.type)));
  }
  if (!info.type.collates()) return absl::OkStatus();
  if (info.collation.strength == CollationStrength::kConflict) {
    return base::WithHint(base::MakeError(absl::StatusCode::kInvalidArgument, kIndeterminateCollation,
                                          absl::StrCat("no collation was derived for column \"", info.name,
                                                       "\" with collatable type ", info.type.ToString())),
                          "Use the COLLATE clause to set the collation explicitly.");
  }
  if (IsHosts(info.collation)) {
    return base::WithHint(
        base::MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kInvalidTableDefinition,
                        absl::StrCat("column \"", info.name, "\" has collation \"", CollationName(info.collation.id),
                                     "\", which is registered on a connection: it would outlive that")),
        "COLLATE \"default\" takes it off.");
  }
  if (info.collation.id != vec::kDefaultCollation) column->collation = std::string(CollationName(info.collation.id));
  return absl::OkStatus();
}

StatusOr<const Expr*> Binder::WithExplicitCollation(const Expr* expr, const vec::NamedCollation& collation) {
  const Type type = expr->type.WithCollation(collation.order);
  if (expr->type == type) {  // one that stands nowhere else
    Expr* const copy = plan_.NewExpression(expr->kind, expr->type, expr->arguments, expr->position);
    *copy = *expr;
    if (copy->kind == ExpressionKind::kParameter && copy->type.id == vec::TypeId::kUnknown) open_parameters_.push_back(copy);
    expr = copy;
  } else {
    TURDB_ASSIGN_OR_RETURN(expr, Coerce(expr, type, CastContext::kExplicit));
  }
  NoteCollation(expr, {vec::IdOf(collation), CollationStrength::kExplicit});
  return expr;
}

Status Binder::CollateCall(function::BoundCall* call, std::span<const Expr* const> arguments, CollationState* state,
                           int32_t position) const {
  if (collations_in_types_) {
    for (const Expr* argument : arguments) {
      if (argument->type.collates()) *state = {vec::CollationOf(argument->type.collation()), CollationStrength::kImplicit};
    }
  } else {
    TURDB_ASSIGN_OR_RETURN(*state, MergeCollations(arguments, position));
  }
  const vec::Collation order = OrderOf(*state);
  if (function::ComparesTexts(*call)) {
    const bool texts = call->argument_types[0].collates();
    if (texts) TURDB_RETURN_IF_ERROR(CheckCollation(*state, position));
    if (texts) function::SetCollation(call, order);
  } else {
    for (size_t i = 0; i < call->argument_types.size(); ++i) {  // as they come
      call->argument_types[i] = call->argument_types[i].WithCollation(arguments[i]->type.collation());
    }
  }
  call->result_type = call->result_type.WithCollation(order);
  return absl::OkStatus();
}

StatusOr<const Expr*> Binder::CompareTyped(std::string_view op, const Expr* a, const Expr* b, int32_t position) {
  collations_in_types_ = true;
  auto made = MakeOperator(op, {a, b}, position);
  collations_in_types_ = false;
  return made;
}

Status Binder::CollateAggregate(function::BoundAggregate* call, std::span<const Expr* const> arguments, CollationState* state,
                                int32_t position) const {
  TURDB_ASSIGN_OR_RETURN(*state, MergeCollations(arguments, position));
  const vec::Collation order = OrderOf(*state);
  if (call->function->compares_texts) {
    TURDB_RETURN_IF_ERROR(CheckCollation(*state, position));
    TURDB_RETURN_IF_ERROR(RefuseHostCollation(*state, call->function->name, position));
  }
  for (size_t i = 0; i < call->argument_types.size(); ++i) {
    Type& type = call->argument_types[i];
    type = type.WithCollation(call->function->compares_texts ? order : arguments[i]->type.collation());
  }
  call->result_type = call->result_type.WithCollation(order);
  return absl::OkStatus();
}

}  // namespace turdb::sql
