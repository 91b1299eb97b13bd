// Names: relations, columns, types; and what every other part of the binder starts from.
#include "sql/bind/binder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace turdb::sql {

using base::MakeError;
using base::Status;
using base::StatusOr;
namespace sqlstate = base::sqlstate;

namespace {

// Whether nothing of the text stays in the catalog.
bool RunsAtOnce(const ast::Statement& statement) {
  switch (statement.kind) {
    case ast::StatementKind::kSelect:
    case ast::StatementKind::kInsert:
    case ast::StatementKind::kUpdate:
    case ast::StatementKind::kDelete:
    case ast::StatementKind::kMerge:
    case ast::StatementKind::kCopy:
    case ast::StatementKind::kExplain:
    case ast::StatementKind::kPrepare:
    case ast::StatementKind::kExecute:
    case ast::StatementKind::kDescribe:
      return true;
    case ast::StatementKind::kCreateTable:
      return static_cast<const ast::CreateTable&>(statement).as != nullptr;
    default:
      return false;
  }
}

}  // namespace

Binder::Binder(const CompileContext& context, std::string_view sql, const ParsedStatement& parsed, exec::Plan& plan,
               base::Arena& arena)
    : context_(context), sql_(sql), plan_(plan), arena_(arena) {
  StartSearchPath();
  if (context.host != nullptr && parsed.statement != nullptr) may_call_host_ = RunsAtOnce(*parsed.statement);
  if (context.text != nullptr) call_context_.text = *context.text;
  parameter_types_.resize(parsed.parameter_count());
  parameter_open_.resize(parsed.parameter_count());
  nodes_.reserve(8);
}

LogicalNode* Binder::NewNode(LogicalKind kind) {
  nodes_.push_back(std::make_unique<LogicalNode>(kind));
  return nodes_.back().get();
}

ColumnId Binder::NewColumn(std::string_view name, const vec::Type& type) {
  CollationState collation;
  if (type.collates()) collation = {vec::CollationOf(type.collation()), CollationStrength::kImplicit};
  columns_.push_back(ColumnInfo{name, type, collation, nullptr, -1});
  return static_cast<ColumnId>(columns_.size()) - 1;
}

ColumnId Binder::CopyColumn(ColumnId id) {
  const ColumnInfo copy = columns_[static_cast<size_t>(id)];
  columns_.push_back(copy);
  return static_cast<ColumnId>(columns_.size()) - 1;
}

CommonTableInfo* Binder::NewCommonTable(std::string_view name) {
  common_tables_.push_back(std::make_unique<CommonTableInfo>());
  CommonTableInfo* info = common_tables_.back().get();
  info->name = name;
  info->number = plan_.cte_count++;
  return info;
}

const Expr* Binder::ColumnExpr(ColumnId id, int32_t position) { return plan_.Column(id, columns_[id].type, position); }

Status Binder::Error(const base::SqlState& state, std::string_view message, int32_t offset) const {
  return At(MakeError(absl::StatusCode::kInvalidArgument, state, message), offset);
}

const Expr* Binder::ArgumentOf(const Expr* expr) {
  for (size_t i = 0; i < body_->arguments.size(); ++i) {
    if (body_->arguments[i] != expr) continue;
    ++body_->uses[i];
    return expr;
  }
  return nullptr;
}

Status Binder::Unsupported(std::string_view what, int32_t offset) const {
  return At(base::UnsupportedError(absl::StrCat(what, " is not supported")), offset);
}

// ---- relations

StatusOr<Binder::RelationName> Binder::SplitName(const ast::QualifiedName& name) {
  if (name.parts.size() == 1) return RelationName{{}, name.parts[0].text};
  if (name.parts.size() == 2) return RelationName{name.parts[0].text, name.parts[1].text};
  return Unsupported("a name with a database in it", name.offset());
}

StatusOr<std::shared_ptr<const catalog::Relation>> Binder::FindRelation(const ast::QualifiedName& name) {
  TURDB_ASSIGN_OR_RETURN(const RelationName split, SplitName(name));
  auto relation = context_.catalog->GetRelation(split.schema, split.name, search_path_);
  if (relation.ok() && (*relation)->id == context_.hidden && split.schema.empty()) {
    std::vector<std::string> others(search_path_.begin(), search_path_.end());
    std::erase_if(others, [&](const std::string& place) {
      const catalog::Schema* const schema = context_.catalog->FindSchema(place);
      return schema != nullptr && schema->name == (*relation)->schema_name();
    });
    relation = context_.catalog->GetRelation(split.schema, split.name, others);
  }
  if (!relation.ok()) return At(relation.status(), name.offset());
  DependOn(*relation);
  return relation;
}

StatusOr<std::shared_ptr<const catalog::Relation>> Binder::FindTable(const ast::QualifiedName& name) {
  TURDB_ASSIGN_OR_RETURN(auto relation, FindRelation(name));
  if (relation->kind != catalog::RelationKind::kTable) {
    return Error(base::SqlState{"42809"}, absl::StrCat("\"", name.last().text, "\" is not a table"), name.offset());
  }
  return relation;
}

void Binder::DependOn(const std::shared_ptr<const catalog::Relation>& relation) {
  for (const Dependency& dependency : dependencies_) {
    if (dependency.id == relation->id) return;
  }
  dependencies_.push_back({relation->id, relation->version});
  plan_.Keep(relation);
}

StatusOr<vec::Type> Binder::BindType(const ast::TypeName& type) {
  if (!type.fields.empty() || !type.types.empty()) return BindTypeWithParts(type);
  if (type.set_of) return Unsupported("SETOF", type.offset);
  base::FileId domain = base::kNoFile;
  TURDB_ASSIGN_OR_RETURN(const vec::Type of_user, BindUserType(type, &domain));
  if (of_user.id != vec::TypeId::kUnknown) return of_user;
  if (type.name.parts.size() > 1 && type.name.parts[0].text != "pg_catalog") {
    return Error(sqlstate::kUndefinedObject,
                 absl::StrCat("type \"", type.name.parts[0].text, ".", type.name.last().text, "\" does not exist"),
                 type.offset);
  }
  if (type.modifiers.empty()) {  // ids and names of PostgreSQL's catalog
    const std::string_view word = type.name.last().text;
    if (word == "oid") return vec::Type(vec::TypeId::kInt64);
    if (word == "name") return vec::Type(vec::TypeId::kText);
  }
  std::vector<int64_t> modifiers;
  for (const ast::Expr* modifier : type.modifiers) {
    if (modifier->kind == ast::ExprKind::kColumn) {
      const auto& name = ast::As<ast::Column>(*modifier);
      const std::optional<int64_t> word = name.parts.size() == 1 ? vec::TypeModifierWord(name.parts[0].text) : std::nullopt;
      if (word) {
        modifiers.push_back(*word);
        continue;
      }
    }
    if (modifier->kind != ast::ExprKind::kInteger) {
      return Error(sqlstate::kInvalidParameter, "type modifiers must be integer constants", modifier->offset);
    }
    modifiers.push_back(ast::As<ast::Literal>(*modifier).integer);
  }
  auto made = vec::MakeType(type.name.last().text, modifiers);
  if (!made.ok()) return At(made.status(), type.offset);
  if (type.array_depth == 0) return made;
  if (made->id == vec::TypeId::kAny || made->id == vec::TypeId::kUnknown) {
    return Unsupported(absl::StrCat("an array of ", made->ToString()), type.offset);
  }
  return vec::Type::ArrayOf(*made);
}

// ---- columns

namespace {

// Names that differ by one change, or one that begins with the other: near enough for a hint.
bool IsClose(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > 2 || a.empty() || a.size() > 64 || b.size() > 64) return false;
  std::vector<size_t> row(b.size() + 1);
  std::vector<size_t> before(b.size() + 1);
  std::vector<size_t> earlier(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) before[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const bool same = absl::ascii_tolower(a[i - 1]) == absl::ascii_tolower(b[j - 1]);
      row[j] = std::min({before[j] + 1, row[j - 1] + 1, before[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], earlier[j - 2] + 1);
    }
    earlier = before;
    before = row;
  }
  return before[b.size()] <= (b.size() > 4 ? 2u : 1u);
}

constexpr std::string_view kRowIdNames[] = {"rowid", "_rowid_", "oid"};

}  // namespace

StatusOr<const Expr*> Binder::FindBareColumn(const ast::Name& name, Scope* scope) {
  const Expr* found = nullptr;
  for (const Scope::Visible& visible : scope->visible) {
    if (visible.name != name.text) continue;
    if (found != nullptr) {
      return Error(sqlstate::kAmbiguousColumn, absl::StrCat("column reference \"", name.text, "\" is ambiguous"), name.offset);
    }
    found = visible.expr;
  }
  if (found != nullptr) return found;
  int matches = 0;  // the unique one that differs in case only
  for (const Scope::Visible& visible : scope->visible) {
    if (!absl::EqualsIgnoreCase(visible.name, name.text)) continue;
    ++matches;
    found = visible.expr;
  }
  return matches == 1 ? found : nullptr;
}

const Expr* Binder::RowIdColumn(std::string_view name, const Scope& scope) {
  if (std::find(std::begin(kRowIdNames), std::end(kRowIdNames), name) == std::end(kRowIdNames)) return nullptr;
  const LogicalNode* only = nullptr;
  for (const ScopeRelation& relation : scope.relations) {
    if (relation.get == nullptr || relation.get->relation->schema->key_form == table::KeyForm::kEncoded) continue;
    if (only != nullptr) return nullptr;
    only = relation.get;
  }
  if (only == nullptr) return nullptr;
  return ColumnExpr(only->outputs[only->relation->schema->columns.size()]);
}

void Binder::NoteReference(const ast::Column& column, const Expr* found, const Scope& scope) {
  if (view_depth_ != 1 || found->kind != exec::ExpressionKind::kColumn) return;
  NameReference reference{column.parts.back().offset, found->index, nullptr, false, column.parts[0].offset};
  for (const ScopeRelation& relation : scope.relations) {
    if (relation.row_of != nullptr) {
      for (size_t i = 0; i < relation.columns.size(); ++i) {
        if (relation.columns[i].expr->index != found->index) continue;
        reference.relation = relation.row_of;
        reference.column = static_cast<int32_t>(i);
      }
    }
    if (relation.get == nullptr) continue;
    const std::vector<ColumnId>& own = relation.get->outputs;
    if (std::find(own.begin(), own.end(), found->index) != own.end()) reference.relation = relation.get->relation.get();
  }
  references_->push_back(reference);
}

// Another copy of it gives the same value: no random number, no query that would be planned twice.
static bool CanStandTwice(const Expr& expr) {
  if (expr.kind == exec::ExpressionKind::kSubquery) return false;
  if (expr.call != nullptr && (expr.call->flags & function::kVolatile) != 0) return false;
  return std::all_of(expr.arguments.begin(), expr.arguments.end(), [](const Expr* part) { return CanStandTwice(*part); });
}

StatusOr<const Expr*> Binder::BindColumn(const ast::Column& column, const ExprContext& context) {
  const ast::Name& last = column.parts.back();
  if (domain_value_ != nullptr && column.parts.size() == 1 && !last.quoted && last.text == "value") return domain_value_;
  const auto placed = [&](const Expr* expr) -> const Expr* {
    if (body_ != nullptr && ArgumentOf(expr) != nullptr) return expr;
    Expr* copy = plan_.NewExpression(expr->kind, expr->type, expr->arguments, Position(column.offset));
    copy->index = expr->index;
    copy->value = expr->value;
    copy->call = expr->call;
    copy->try_cast = expr->try_cast;
    if (expr->kind != exec::ExpressionKind::kColumn && collations_.contains(expr)) NoteCollation(copy, CollationOf(expr));
    return copy;
  };
  if (body_ != nullptr && body_->macro && column.parts.size() == 1) {
    for (size_t i = 0; i < body_->names.size(); ++i) {
      if (body_->names[i] == last.text) return ArgumentOf(body_->arguments[i]);
    }
  }
  for (Scope* scope = context.scope; scope != nullptr; scope = scope->parent) {
    if (column.parts.size() == 1) {
      TURDB_ASSIGN_OR_RETURN(const Expr* found, FindBareColumn(last, scope));
      if (found == nullptr && !last.quoted) found = RowIdColumn(last.text, *scope);
      if (found != nullptr) {
        if (references_ != nullptr) NoteReference(column, found, *scope);
        if (context_.authorize) {
          TURDB_ASSIGN_OR_RETURN(found, AuthorizeRead(found, *scope, column.offset));
        }
        return placed(found);
      }
      continue;
    }
    if (column.parts.size() > 3) break;
    const std::string_view table = column.parts[column.parts.size() - 2].text;
    const std::string_view schema = column.parts.size() == 3 ? column.parts[0].text : std::string_view();
    const ScopeRelation* relation = nullptr;
    for (const bool exact : {true, false}) {
      for (const ScopeRelation& candidate : scope->relations) {
        const bool same = exact ? candidate.alias == table : absl::EqualsIgnoreCase(candidate.alias, table);
        if (!same || (!schema.empty() && !absl::EqualsIgnoreCase(candidate.schema, schema))) continue;
        if (relation != nullptr) {
          return Error(sqlstate::kAmbiguousColumn, absl::StrCat("table reference \"", table, "\" is ambiguous"), column.offset);
        }
        relation = &candidate;
      }
      if (relation != nullptr) break;
    }
    if (relation == nullptr) continue;
    Scope inner;
    inner.relations.push_back(*relation);
    for (const ScopeColumn& c : relation->columns) inner.visible.push_back({c.name, c.expr, 0});
    TURDB_ASSIGN_OR_RETURN(const Expr* found, FindBareColumn(last, &inner));
    if (found == nullptr && !last.quoted) found = RowIdColumn(last.text, inner);
    if (found != nullptr) {
      if (references_ != nullptr) NoteReference(column, found, inner);
      if (context_.authorize) {
        TURDB_ASSIGN_OR_RETURN(found, AuthorizeRead(found, inner, column.offset));
      }
      return placed(found);
    }
    return UnknownColumn(column, &inner);
  }
  if (column.parts.size() == 1) {
    // An item of the same list, by its alias; what it is made of is there for the aggregate or window around, but not it
    // itself.
    if (item_aliases_ != nullptr && item_aliases_->scope == context.scope && !context.inside_aggregate &&
        !context.inside_window) {
      for (const ScopeColumn& item : item_aliases_->items) {
        if (item.name == last.text && CanStandTwice(*item.expr)) return item.expr;
      }
    }
    for (Scope* scope = context.scope; scope != nullptr; scope = scope->parent) {
      for (const ScopeRelation& relation : scope->relations) {
        if (relation.scalar && relation.alias == last.text) return placed(relation.columns[0].expr);
      }
      for (const ScopeRelation& relation : scope->relations) {
        if (relation.alias == last.text) return WholeRow(relation, Position(column.offset));
      }
    }
  } else if (ast::Column owner = column; true) {  // c.field, t.c.field
    owner.parts = column.parts.first(column.parts.size() - 1);
    auto* const references = std::exchange(references_, nullptr);
    const auto value = BindColumn(owner, context);
    references_ = references;
    if (value.ok() && (*value)->type.id == vec::TypeId::kStruct) return FieldOf(*value, last);
  }
  return UnknownColumn(column, context.scope);
}

std::string Quoted(std::string_view name) {
  std::string quoted = "\"";
  for (char c : name) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  return quoted + "\"";
}

std::string Edited(std::string_view text, std::vector<TextEdit> edits) {
  std::sort(edits.begin(), edits.end(), [](const TextEdit& a, const TextEdit& b) { return a.offset < b.offset; });
  std::string result;
  size_t done = 0;
  for (const TextEdit& edit : edits) {
    if (static_cast<size_t>(edit.offset) < done) continue;  // bound twice
    absl::StrAppend(&result, text.substr(done, static_cast<size_t>(edit.offset) - done), edit.text);
    done = static_cast<size_t>(edit.offset) + static_cast<size_t>(edit.length);
  }
  absl::StrAppend(&result, text.substr(done));
  return result;
}

Status Binder::UnknownColumn(const ast::Column& column, const Scope* scope) {
  const ast::Name& last = column.parts.back();
  if (column.parts.size() > 1) {
    const std::string_view table = column.parts[column.parts.size() - 2].text;
    bool known = false;
    for (const Scope* s = scope; s != nullptr; s = s->parent) {
      for (const ScopeRelation& relation : s->relations) known |= absl::EqualsIgnoreCase(relation.alias, table);
    }
    if (!known) {
      return Error(sqlstate::kUndefinedTable, absl::StrCat("missing FROM-clause entry for table \"", table, "\""),
                   column.offset);
    }
  }
  const std::string message = column.parts.size() > 1 ? absl::StrCat("column ", column.parts[column.parts.size() - 2].text, ".",
                                                                     last.text, " does not exist")
                                                      : absl::StrCat("column \"", last.text, "\" does not exist");
  Status status = Error(sqlstate::kUndefinedColumn, message, column.offset);
  for (const Scope* s = scope; s != nullptr; s = s->parent) {
    for (const Scope::Visible& visible : s->visible) {
      if (IsClose(visible.name, last.text)) return base::WithHint(status, absl::StrCat("did you mean \"", visible.name, "\"?"));
    }
  }
  if (last.quoted && column.parts.size() == 1) {
    return base::WithHint(status, absl::StrCat("strings are written in single quotes: '", last.text, "'"));
  }
  return status;
}

}  // namespace turdb::sql
