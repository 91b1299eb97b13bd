// WITH. A common table is bound where it is declared; a reference is a scan with columns of its own. Those
// named once, and not MATERIALIZED, are put in place by the planner.
#include "absl/strings/str_cat.h"
#include "function/registry.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
using function::CastContext;
namespace sqlstate = base::sqlstate;

StatusOr<CommonTableInfo*> Binder::FindCommonTable(std::string_view name, Scope* scope) {
  if (action_keys_ != nullptr && action_keys_->name == name) return action_keys_;
  for (Scope* s = scope; s != nullptr; s = s->parent) {
    for (size_t i = s->common_tables.size(); i-- > 0;) {
      if (s->common_tables[i]->name == name) return s->common_tables[i];
    }
  }
  return nullptr;
}

Status Binder::NameColumns(const ast::CommonTable& table, BoundQuery* query) const {
  if (table.columns.size() > query->columns.size()) {
    return Error(sqlstate::kInvalidColumnReference,
                 absl::StrCat("WITH query \"", table.name.text, "\" has ", query->columns.size(), " columns available but ",
                              table.columns.size(), " columns specified"),
                 table.name.offset);
  }
  for (size_t i = 0; i < table.columns.size(); ++i) query->columns[i].name = table.columns[i].text;
  return absl::OkStatus();
}

Status Binder::BindWith(const ast::With& with, Scope* scope) {
  for (const ast::CommonTable& table : with.tables) {
    for (const CommonTableInfo* other : scope->common_tables) {
      if (other->name == table.name.text) {
        return Error(sqlstate::kDuplicateAlias,
                     absl::StrCat("WITH query name \"", table.name.text, "\" specified more than once"), table.name.offset);
      }
    }
    TURDB_ASSIGN_OR_RETURN(CommonTableInfo * info, BindCommonTable(table, scope, with.recursive));
    scope->common_tables.push_back(info);
  }
  return absl::OkStatus();
}

namespace {

// Whether a FROM anywhere in the query names the table: what makes WITH RECURSIVE recursive.
bool Names(const ast::Select& select, std::string_view name);

bool Names(const ast::TableRef& ref, std::string_view name) {
  switch (ref.kind) {
    case ast::TableRefKind::kNamed: {
      const auto& table = static_cast<const ast::NamedTable&>(ref);
      return table.name.parts.size() == 1 && table.name.last().text == name;
    }
    case ast::TableRefKind::kDerived:
      return Names(*static_cast<const ast::DerivedTable&>(ref).select, name);
    case ast::TableRefKind::kJoin: {
      const auto& join = static_cast<const ast::Join&>(ref);
      return Names(*join.left, name) || Names(*join.right, name);
    }
    default:
      return false;
  }
}

bool Names(const ast::SelectBody& body, std::string_view name) {
  switch (body.kind) {
    case ast::BodyKind::kCore:
      for (const ast::TableRef* ref : static_cast<const ast::SelectCore&>(body).from) {
        if (Names(*ref, name)) return true;
      }
      return false;
    case ast::BodyKind::kSetOperation: {
      const auto& operation = static_cast<const ast::SetOperation&>(body);
      return Names(*operation.left, name) || Names(*operation.right, name);
    }
    case ast::BodyKind::kNested:
      return Names(*static_cast<const ast::NestedSelect&>(body).select, name);
    case ast::BodyKind::kValues:
      return false;
  }
  return false;
}

bool Names(const ast::Select& select, std::string_view name) { return Names(*select.body, name); }

}  // namespace

StatusOr<CommonTableInfo*> Binder::BindCommonTable(const ast::CommonTable& table, Scope* scope, bool recursive) {
  if (table.statement->kind != ast::StatementKind::kSelect) {
    return Unsupported("a data-changing statement in WITH", table.statement->offset);
  }
  const ast::Select& select = *static_cast<const ast::SelectStatement*>(table.statement)->select;
  CommonTableInfo* info = NewCommonTable(table.name.text);
  info->materialize = table.materialized == ast::Materialized::kYes;
  if (recursive && Names(select, table.name.text)) {
    const bool shape = select.body->kind == ast::BodyKind::kSetOperation && select.with == nullptr && select.order_by.empty() &&
                       select.limit == nullptr && select.limit_offset == nullptr;
    const auto* operation = shape ? static_cast<const ast::SetOperation*>(select.body) : nullptr;
    if (operation == nullptr || operation->op != ast::SetOperator::kUnion || Names(*operation->left, table.name.text)) {
      return Error(base::SqlState{"42P19"},
                   absl::StrCat("recursive query \"", table.name.text,
                                "\" does not have the form non-recursive-term UNION [ALL] recursive-term"),
                   table.name.offset);
    }
    TURDB_RETURN_IF_ERROR(BindRecursive(table, *operation, scope, info));
    return info;
  }
  TURDB_ASSIGN_OR_RETURN(info->definition, BindSelect(select, scope));
  TURDB_RETURN_IF_ERROR(NameColumns(table, &info->definition));
  return info;
}

Status Binder::BindRecursive(const ast::CommonTable& table, const ast::SetOperation& operation, Scope* scope,
                             CommonTableInfo* info) {
  info->recursive = true;
  info->materialize = true;
  info->distinct = !operation.all;
  TURDB_ASSIGN_OR_RETURN(info->definition, BindBody(*operation.left, scope, nullptr, false));
  TURDB_RETURN_IF_ERROR(NameColumns(table, &info->definition));
  Scope inner;
  inner.parent = scope;
  inner.common_tables = {info};
  TURDB_ASSIGN_OR_RETURN(BoundQuery step, BindBody(*operation.right, &inner, nullptr, true));
  if (step.columns.size() != info->definition.columns.size()) {
    return Error(sqlstate::kSyntaxError, "each UNION query must have the same number of columns", operation.offset);
  }
  std::vector<vec::Type> types;
  for (size_t i = 0; i < step.columns.size(); ++i) {
    const vec::Type& want = columns_[info->definition.columns[i].id].type;
    const vec::Type& have = columns_[step.columns[i].id].type;
    if (have.id != want.id && !function::CanCast(have, want, CastContext::kImplicit)) {
      return Error(sqlstate::kDatatypeMismatch,
                   absl::StrCat("recursive query \"", table.name.text, "\" column ", i + 1, " has type ", want.ToString(),
                                " in non-recursive term but type ", have.ToString(), " overall"),
                   operation.offset);
    }
    types.push_back(want);
  }
  TURDB_RETURN_IF_ERROR(BindSetInput(&step, types));
  info->step = step.root;
  for (const OutputColumn& column : step.columns) info->step_columns.push_back(column.id);
  return absl::OkStatus();
}

// The first declared is the outermost, so that later ones may name it.
LogicalNode* Binder::WrapCommonTables(LogicalNode* root, const Scope& scope) {
  for (size_t i = scope.common_tables.size(); i-- > 0;) {
    LogicalNode* node = NewNode(LogicalKind::kCte);
    node->cte = scope.common_tables[i];
    node->left = root;
    root = node;
  }
  return root;
}

}  // namespace turdb::sql
