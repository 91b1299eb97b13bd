// FROM: tables, views, derived tables, functions, joins.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "exec/table_function.h"
#include "function/registry.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
using exec::ExpressionKind;
using vec::TypeId;
namespace sqlstate = base::sqlstate;

Scope Binder::ScopeOf(FromItem item, Scope* parent) {
  Scope scope;
  scope.parent = parent;
  scope.relations = std::move(item.relations);
  scope.visible = std::move(item.visible);
  return scope;
}

Status Binder::CheckAliases(const FromItem& left, const FromItem& right) const {
  for (const ScopeRelation& a : left.relations) {
    for (const ScopeRelation& b : right.relations) {
      if (a.alias.empty() || a.alias != b.alias || (!a.schema.empty() && !b.schema.empty() && a.schema != b.schema)) continue;
      return Error(sqlstate::kDuplicateAlias, absl::StrCat("table name \"", b.alias, "\" specified more than once"), b.offset);
    }
  }
  return absl::OkStatus();
}

Binder::FromItem Binder::Combine(FromItem left, FromItem right, LogicalNode* node, std::vector<Scope::Visible> merged) {
  FromItem item;
  item.node = node;
  const auto offset = static_cast<int32_t>(left.relations.size());
  item.relations = std::move(left.relations);
  for (ScopeRelation& relation : right.relations) item.relations.push_back(std::move(relation));
  item.visible = std::move(merged);
  for (const Scope::Visible& visible : left.visible) item.visible.push_back(visible);
  for (Scope::Visible visible : right.visible) {
    if (visible.relation >= 0) visible.relation += offset;
    item.visible.push_back(visible);
  }
  return item;
}

namespace {

// Whether the item may name columns of what stands on its left: it is LATERAL or a function, or a join that has one.
bool MayNameLeft(const ast::TableRef& ref) {
  if (ref.lateral || ref.kind == ast::TableRefKind::kFunction) return true;
  if (ref.kind != ast::TableRefKind::kJoin) return false;
  const auto& join = static_cast<const ast::Join&>(ref);
  return MayNameLeft(*join.left) || MayNameLeft(*join.right);
}

}  // namespace

// Commas are cross joins; what comes later may name what came before only when it is LATERAL.
StatusOr<Binder::FromItem> Binder::BindFrom(ast::List<ast::TableRef*> from, Scope* outer) {
  FromItem result;
  for (const ast::TableRef* ref : from) {
    TURDB_ASSIGN_OR_RETURN(FromItem item, BindTableRef(*ref, outer, result.node == nullptr ? nullptr : &result));
    if (result.node == nullptr) {
      result = std::move(item);
      continue;
    }
    TURDB_RETURN_IF_ERROR(CheckAliases(result, item));
    LogicalNode* join = NewNode(LogicalKind::kJoin);
    join->left = result.node;
    join->right = item.node;
    join->lateral = MayNameLeft(*ref);
    result = Combine(std::move(result), std::move(item), join, {});
  }
  if (result.node == nullptr) result.node = NewNode(LogicalKind::kSingleRow);
  return result;
}

StatusOr<Binder::FromItem> Binder::BindTableRef(const ast::TableRef& ref, Scope* outer, const FromItem* left) {
  switch (ref.kind) {
    case ast::TableRefKind::kNamed:
      return BindNamedTable(static_cast<const ast::NamedTable&>(ref), outer);
    case ast::TableRefKind::kDerived:
      return BindDerived(static_cast<const ast::DerivedTable&>(ref), outer, left);
    case ast::TableRefKind::kFunction:
      return BindFunctionTable(static_cast<const ast::FunctionTable&>(ref), outer, left);
    case ast::TableRefKind::kJoin:
      return BindJoin(static_cast<const ast::Join&>(ref), outer, left);
    case ast::TableRefKind::kFile:
      return BindFileTable(static_cast<const ast::FileTable&>(ref));
  }
  return base::InternalError("a table reference of no known kind");
}

StatusOr<Binder::FromItem> Binder::BindNamedTable(const ast::NamedTable& table, Scope* outer) {
  if (table.name.parts.size() == 1) {
    TURDB_ASSIGN_OR_RETURN(CommonTableInfo * cte, FindCommonTable(table.name.last().text, outer));
    if (cte != nullptr && table.sample != nullptr) {
      return Unsupported("TABLESAMPLE of what is no table or materialized view", table.offset);
    }
    if (cte != nullptr) {
      ++cte->references;
      LogicalNode* scan = NewNode(LogicalKind::kCteScan);
      scan->cte = cte;
      scan->name = cte->name;
      BoundQuery query{scan, {}};
      for (size_t i = 0; i < cte->definition.columns.size(); ++i) {
        const OutputColumn& column = cte->definition.columns[i];
        scan->outputs.push_back(NewColumn(column.name, columns_[column.id].type));
        SetImplicitCollation(scan->outputs.back(), columns_[column.id].collation);
        if (i >= cte->shown_from && i < cte->hidden_from) query.columns.push_back({column.name, scan->outputs.back()});
      }
      TURDB_ASSIGN_OR_RETURN(FromItem item,
                             QueryAsItem(std::move(query), table, table.alias.empty() ? cte->name : table.alias.text));
      item.relations[0].not_lockable = "a WITH query";
      return item;
    }
  }
  TURDB_ASSIGN_OR_RETURN(auto external, FindExternal(table, false));
  if (external != nullptr) return BindExternal(std::move(external), table);
  auto found = FindRelation(table.name);
  if (!found.ok() && base::GetSqlState(found.status()) == sqlstate::kUndefinedTable) {
    TURDB_ASSIGN_OR_RETURN(external, FindExternal(table, true));
    if (external != nullptr) {
      uses_replacement_ = true;
      return BindExternal(std::move(external), table);
    }
  }
  if (!found.ok()) return found.status();
  const std::shared_ptr<const catalog::Relation> relation = *std::move(found);
  if (references_ != nullptr && view_depth_ == 1) {
    references_->push_back({table.name.last().offset, -1, relation.get(), table.alias.empty()});
  }
  TURDB_RETURN_IF_ERROR(AuthorizeRelation(AccessKind::kRead, *relation, table.name.offset()));
  if (table.sample != nullptr && relation->kind != catalog::RelationKind::kTable) {
    return Unsupported("TABLESAMPLE of what is no table or materialized view", table.offset);
  }
  if (relation->kind == catalog::RelationKind::kView) return BindView(relation, table);
  if (!table.indexed_by.empty()) {
    const auto& indexes = relation->schema->indexes;
    if (std::none_of(indexes.begin(), indexes.end(), [&](const auto& index) { return index.name == table.indexed_by.text; })) {
      return Error(sqlstate::kUndefinedObject, absl::StrCat("no such index: ", table.indexed_by.text), table.indexed_by.offset);
    }
  }
  TURDB_ASSIGN_OR_RETURN(FromItem item, BindRelation(relation, table));
  return table.sample == nullptr ? StatusOr<FromItem>(std::move(item)) : BindSample(table, std::move(item), outer);
}

StatusOr<Binder::FromItem> Binder::BindRelation(std::shared_ptr<const catalog::Relation> relation, const ast::TableRef& ref) {
  const table::TableSchema& schema = *relation->schema;
  LogicalNode* get = nullptr;
  if (relation->kind == catalog::RelationKind::kSystemView || relation->kind == catalog::RelationKind::kSequence) {
    get = NewNode(LogicalKind::kFunction);
    std::shared_ptr<const exec::TableFunction> source;
    if (context_.system_view_source) source = context_.system_view_source(context_.catalog, *relation);
    if (source == nullptr) return Unsupported(absl::StrCat("reading ", schema.qualified_name()), ref.offset);
    get->function = source.get();
    plan_.Keep(std::move(source));
  } else {
    TURDB_RETURN_IF_ERROR(CheckPopulated(*relation, ref.offset));
    get = NewNode(LogicalKind::kGet);
    auto table = relation->Open();
    if (!table.ok()) return table.status();
    get->table = *table;
  }
  get->relation = relation;
  FromItem item;
  item.node = get;
  ScopeRelation scope;
  scope.alias = ref.alias.empty() ? std::string_view(schema.name) : ref.alias.text;
  scope.schema = ref.alias.empty() ? std::string_view(schema.schema_name) : std::string_view();
  scope.offset = ref.offset;
  get->name = scope.alias;
  const size_t count = schema.columns.size();
  columns_.reserve(columns_.size() + count + 2);
  get->outputs.reserve(count + 2);
  scope.columns.reserve(count);
  item.visible.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const ColumnId id = NewColumn(schema.columns[i].name, schema.columns[i].type);
    NameCollation(id, schema.columns[i].collation);
    columns_[id].origin = relation.get();
    columns_[id].origin_column = static_cast<int32_t>(i);
    get->outputs.push_back(id);
    scope.columns.push_back({schema.columns[i].name, ColumnExpr(id)});
  }
  if (get->kind == LogicalKind::kGet) {
    get->outputs.push_back(NewColumn("rowid", TypeId::kInt64));
    get->outputs.push_back(NewColumn("row key", TypeId::kBlob));
    scope.get = get;
  }
  TURDB_RETURN_IF_ERROR(ApplyColumnAliases(ref, &scope));
  for (const ScopeColumn& column : scope.columns) item.visible.push_back({column.name, column.expr, 0});
  item.relations.push_back(std::move(scope));
  return item;
}

StatusOr<Binder::FromItem> Binder::BindView(const std::shared_ptr<const catalog::Relation>& relation,
                                            const ast::TableRef& ref) {
  if (view_depth_ >= 64) return Error(sqlstate::kStatementTooComplex, "views are nested too deeply", ref.offset);
  auto parsed = ParseStatement(arena_, relation->view_sql);
  if (!parsed.ok() || parsed->statement == nullptr || parsed->statement->kind != ast::StatementKind::kSelect) {
    return base::CorruptionError(absl::StrCat("the stored text of view ", relation->schema->qualified_name(), " is no query"));
  }
  const int32_t saved = fixed_position_;
  const std::span<const std::string> saved_path = search_path_;
  if (fixed_position_ < 0) fixed_position_ = ref.offset;
  if (!relation->view_search_path.empty()) {
    search_path_ = relation->view_search_path;
  } else if (!table::IsTemporary(relation->id)) {
    search_path_ = context_.search_path;
  }
  ++view_depth_;
  FunctionBodyScope* const body = std::exchange(body_, nullptr);
  const std::string_view accessor = std::exchange(accessor_, relation->name());
  Scope nothing;
  const std::string_view alias = ref.alias.empty() ? std::string_view(relation->name()) : ref.alias.text;
  auto query =
      BindSelect(WithOuterLocking(*static_cast<const ast::SelectStatement*>(parsed->statement)->select, alias), &nothing);
  --view_depth_;
  body_ = body;
  accessor_ = accessor;
  fixed_position_ = saved;
  search_path_ = saved_path;
  if (!query.ok()) {
    return base::WithFrame(query.status(), absl::StrCat("binding view ", relation->schema->qualified_name()));
  }
  const auto& columns = relation->schema->columns;
  if (query->columns.size() != columns.size()) {
    return base::WithHint(Error(base::SqlState{"55000"},
                                absl::StrCat("view \"", relation->name(), "\" was made with ", columns.size(),
                                             " columns and its query has ", query->columns.size(), " now"),
                                ref.offset),
                          "CREATE OR REPLACE VIEW makes it anew");
  }
  for (size_t i = 0; i < columns.size(); ++i) query->columns[i].name = columns[i].name;
  TURDB_ASSIGN_OR_RETURN(FromItem item, QueryAsItem(*std::move(query), ref, alias));
  if (ref.alias.empty()) item.relations.back().schema = relation->schema_name();
  return item;
}

StatusOr<Binder::FromItem> Binder::QueryAsItem(BoundQuery query, const ast::TableRef& ref, std::string_view alias) {
  FromItem item;
  item.node = query.root;
  ScopeRelation relation;
  relation.alias = alias;
  relation.offset = ref.offset;
  for (const OutputColumn& column : query.columns) {
    SetImplicitCollation(column.id, columns_[column.id].collation);
    relation.columns.push_back({column.name, ColumnExpr(column.id)});
  }
  TURDB_RETURN_IF_ERROR(ApplyColumnAliases(ref, &relation));
  for (const ScopeColumn& column : relation.columns) item.visible.push_back({column.name, column.expr, 0});
  item.relations.push_back(std::move(relation));
  return item;
}

Status Binder::ApplyColumnAliases(const ast::TableRef& ref, ScopeRelation* relation) const {
  if (ref.column_aliases.size() > relation->columns.size()) {
    return Error(sqlstate::kInvalidColumnReference,
                 absl::StrCat("table \"", relation->alias, "\" has ", relation->columns.size(), " columns available but ",
                              ref.column_aliases.size(), " columns specified"),
                 ref.offset);
  }
  for (size_t i = 0; i < ref.column_aliases.size(); ++i) relation->columns[i].name = ref.column_aliases[i].text;
  return absl::OkStatus();
}

StatusOr<Binder::FromItem> Binder::BindDerived(const ast::DerivedTable& table, Scope* outer, const FromItem* left) {
  Scope between;  // what is left of a LATERAL query is an outer query to it
  Scope* parent = outer;
  if (table.lateral && left != nullptr) {
    between = ScopeOf(*left, outer);
    parent = &between;
  }
  TURDB_ASSIGN_OR_RETURN(BoundQuery query, BindSelect(WithOuterLocking(*table.select, table.alias.text), parent));
  return QueryAsItem(std::move(query), table, table.alias.text);
}

StatusOr<Binder::FromItem> Binder::BindJoin(const ast::Join& join, Scope* outer, const FromItem* before) {
  TURDB_ASSIGN_OR_RETURN(FromItem left, BindTableRef(*join.left, outer, before));
  // What stands before the comma may be named behind the JOIN, too.
  const bool sees_both = before != nullptr && MayNameLeft(*join.right);
  if (sees_both) TURDB_RETURN_IF_ERROR(CheckAliases(*before, left));
  const FromItem both = sees_both ? Combine(*before, left, left.node, {}) : FromItem();
  TURDB_ASSIGN_OR_RETURN(FromItem right, BindTableRef(*join.right, outer, sees_both ? &both : &left));
  TURDB_RETURN_IF_ERROR(CheckAliases(left, right));
  LogicalNode* node = NewNode(LogicalKind::kJoin);
  node->left = left.node;
  node->right = right.node;
  node->lateral = join.right->lateral || join.right->kind == ast::TableRefKind::kFunction;
  switch (join.join) {
    case ast::JoinKind::kInner:
    case ast::JoinKind::kCross:
      node->join = exec::JoinType::kInner;
      break;
    case ast::JoinKind::kLeft:
      node->join = exec::JoinType::kLeft;
      break;
    case ast::JoinKind::kRight:
      node->join = exec::JoinType::kRight;
      break;
    case ast::JoinKind::kFull:
      node->join = exec::JoinType::kFull;
      break;
    case ast::JoinKind::kSemi:
      node->join = exec::JoinType::kSemi;
      break;
    case ast::JoinKind::kAnti:
      node->join = exec::JoinType::kAnti;
      break;
    case ast::JoinKind::kAsof:
      node->join = exec::JoinType::kInner;
      break;
    case ast::JoinKind::kAsofLeft:
      node->join = exec::JoinType::kLeft;
      break;
  }
  const bool asof = join.join == ast::JoinKind::kAsof || join.join == ast::JoinKind::kAsofLeft;
  const bool may_be_lateral = node->join == exec::JoinType::kInner || node->join == exec::JoinType::kLeft;
  if (may_be_lateral) node->lateral = MayNameLeft(*join.right);
  if (node->lateral && !may_be_lateral) {
    if (join.right->lateral) {
      return Error(sqlstate::kInvalidColumnReference, "the combining JOIN type must be INNER or LEFT for a LATERAL reference",
                   join.offset);
    }
    node->lateral = false;  // a function that names nothing on its left, or lowering says so
  }
  std::vector<Scope::Visible> merged;
  if (join.natural || !join.using_columns.empty()) {
    TURDB_RETURN_IF_ERROR(BindUsing(join, &left, &right, node, &merged));
  }
  const bool half = node->join == exec::JoinType::kSemi || node->join == exec::JoinType::kAnti;
  const FromItem right_only = asof ? right : FromItem();
  FromItem left_only = left;
  FromItem item = Combine(std::move(left), std::move(right), node, std::move(merged));
  if (join.on != nullptr) {
    Scope scope = ScopeOf(item, outer);
    ExprContext context;
    context.scope = &scope;
    context.clause = "JOIN/ON";
    TURDB_RETURN_IF_ERROR(BindConjuncts(*join.on, context, &node->conjuncts));
  }
  if (asof) TURDB_RETURN_IF_ERROR(MakeAsof(join, left_only, right_only, &item));
  if (half) {
    left_only.node = node;
    return left_only;
  }
  if (!join.alias.empty()) {  // (a JOIN b) AS j hides a and b
    ScopeRelation relation;
    relation.alias = join.alias.text;
    relation.offset = join.offset;
    relation.not_lockable = "a join";
    for (const Scope::Visible& visible : item.visible) relation.columns.push_back({visible.name, visible.expr});
    TURDB_RETURN_IF_ERROR(ApplyColumnAliases(join, &relation));
    item.visible.clear();
    for (const ScopeColumn& column : relation.columns) item.visible.push_back({column.name, column.expr, 0});
    item.relations = {relation};
  }
  return item;
}

// USING and NATURAL: equality of the named columns, which then show once.
Status Binder::BindUsing(const ast::Join& join, FromItem* left, FromItem* right, LogicalNode* node,
                         std::vector<Scope::Visible>* merged) {
  std::vector<ast::Name> names(join.using_columns.begin(), join.using_columns.end());
  if (join.natural) {
    for (const Scope::Visible& a : left->visible) {
      for (const Scope::Visible& b : right->visible) {
        if (a.name == b.name) {
          names.push_back(ast::Name{a.name, join.offset, false});
          break;
        }
      }
    }
  }
  Scope left_scope = ScopeOf(*left, nullptr);
  Scope right_scope = ScopeOf(*right, nullptr);
  for (const ast::Name& name : names) {
    TURDB_ASSIGN_OR_RETURN(const Expr* a, FindBareColumn(name, &left_scope));
    TURDB_ASSIGN_OR_RETURN(const Expr* b, FindBareColumn(name, &right_scope));
    if (a == nullptr || b == nullptr) {
      return Error(sqlstate::kUndefinedColumn,
                   absl::StrCat("column \"", name.text, "\" specified in USING clause does not exist in ",
                                a == nullptr ? "left" : "right", " table"),
                   name.offset);
    }
    if (context_.authorize) {
      TURDB_ASSIGN_OR_RETURN(const Expr* from_left, AuthorizeRead(a, left_scope, name.offset));
      TURDB_ASSIGN_OR_RETURN(const Expr* from_right, AuthorizeRead(b, right_scope, name.offset));
      if (from_left != a || from_right != b) {
        return Unsupported("joining by a column that is to read as NULL", name.offset);
      }
    }
    TURDB_ASSIGN_OR_RETURN(const Expr* equal, MakeOperator("=", {a, b}, Position(name.offset)));
    node->conjuncts.push_back(equal);
    const Expr* shown = node->join == exec::JoinType::kRight ? b : a;
    if (node->join == exec::JoinType::kFull || a->type != b->type) {
      CollationState collation;
      TURDB_ASSIGN_OR_RETURN(const auto both, UnifyPair(a, b, "JOIN/USING", name.offset, &collation));
      shown = node->join == exec::JoinType::kRight ? both.second : both.first;
      if (node->join == exec::JoinType::kFull) {
        shown = plan_.NewExpression(ExpressionKind::kCoalesce, both.first->type,
                                    plan_.Copy(std::vector<const Expr*>{both.first, both.second}), Position(name.offset));
        NoteCollation(shown, collation);
      }
    }
    merged->push_back({name.text, shown, -1});
    const auto hide = [&](FromItem* item, const Expr* expr) {
      std::erase_if(item->visible, [&](const Scope::Visible& visible) { return visible.expr == expr; });
    };
    hide(left, a);
    hide(right, b);
  }
  return absl::OkStatus();
}

}  // namespace turdb::sql
