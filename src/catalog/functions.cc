// Functions and macros that users made.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "catalog/schema_changes_rep.h"
#include "catalog/table_sql.h"

namespace turdb::catalog {

using base::MakeError;
using base::Status;
using table::TableSchema;

namespace {

constexpr base::SqlState kDuplicateFunction{"42723"};

bool IsGiven(ParameterMode mode) {
  return mode == ParameterMode::kIn || mode == ParameterMode::kInOut || mode == ParameterMode::kVariadic;
}

// anyelement and its kin: the type is unknown, and the comment says which.
bool IsPolymorphic(const table::Column& column) { return column.type.id == vec::TypeId::kUnknown && !column.comment.empty(); }
std::string ParameterType(const Snapshot& snapshot, const table::Column& column) {
  return IsPolymorphic(column) ? column.comment : TypeNameOf(snapshot, column);
}

// Functions are one when these are: precision and the like are no part of it.
std::string TypeKeyOf(const vec::Type& type) {
  if (type.id == vec::TypeId::kArray) return absl::StrCat("[", TypeKeyOf(type.element_type()), "]");
  const uint32_t of_user = type.user_type_id();
  return of_user == 0 ? absl::StrCat(static_cast<int>(type.id)) : absl::StrCat("#", of_user);
}

}  // namespace

std::string FunctionKeyOf(const TableSchema& definition, const FunctionSchema& function) {
  if (function.is_macro()) return absl::StrCat("macro ", definition.name);
  std::vector<std::string> types;
  for (size_t i = 0; i < definition.columns.size(); ++i) {
    if (!IsGiven(function.modes[i])) continue;
    const table::Column& column = definition.columns[i];
    types.push_back(IsPolymorphic(column) ? column.comment : TypeKeyOf(column.type));
  }
  return absl::StrCat("function ", definition.name, "(", absl::StrJoin(types, ","), ")");
}

std::string ArgumentsSql(const Snapshot& snapshot, const Relation& function, bool identity) {
  std::vector<std::string> parts;
  const std::vector<table::Column>& columns = function.schema->columns;
  for (size_t i = 0; i < columns.size(); ++i) {
    const ParameterMode mode = function.function.modes[i];
    if (mode == ParameterMode::kTable || mode == ParameterMode::kResult || (identity && mode == ParameterMode::kOut)) continue;
    std::vector<std::string> words;
    if (mode == ParameterMode::kOut) words.emplace_back("OUT");
    if (mode == ParameterMode::kInOut) words.emplace_back("INOUT");
    if (mode == ParameterMode::kVariadic) words.emplace_back("VARIADIC");
    if (!columns[i].name.empty() && !identity) words.push_back(QuoteName(columns[i].name));
    if (!function.function.is_macro()) words.push_back(ParameterType(snapshot, columns[i]));
    if (!columns[i].default_sql.empty() && !identity) {
      words.push_back(absl::StrCat(function.function.is_macro() ? ":= " : "DEFAULT ", columns[i].default_sql));
    }
    parts.push_back(absl::StrJoin(words, " "));
  }
  return absl::StrJoin(parts, ", ");
}

std::string ResultSql(const Snapshot& snapshot, const Relation& function) {
  const std::vector<table::Column>& columns = function.schema->columns;
  std::vector<std::string> table;
  std::string result;
  size_t outputs = 0;
  for (size_t i = 0; i < columns.size(); ++i) {
    const ParameterMode mode = function.function.modes[i];
    const std::string type = ParameterType(snapshot, columns[i]);
    if (mode == ParameterMode::kTable) table.push_back(absl::StrCat(QuoteName(columns[i].name), " ", type));
    if (mode == ParameterMode::kOut || mode == ParameterMode::kInOut) ++outputs;
    if (mode == ParameterMode::kResult || mode == ParameterMode::kOut || mode == ParameterMode::kInOut) result = type;
  }
  if (!table.empty()) return absl::StrCat("TABLE(", absl::StrJoin(table, ", "), ")");
  if (outputs > 1) result = "record";
  return function.function.returns_set ? absl::StrCat("SETOF ", result) : result;
}

std::string FunctionSql(const Snapshot& snapshot, const Relation& relation) {
  const FunctionSchema& function = relation.function;
  const std::string name = relation.schema_name() == kDefaultSchema
                               ? QuoteName(relation.name())
                               : absl::StrCat(QuoteName(relation.schema_name()), ".", QuoteName(relation.name()));
  const std::string_view temporary = table::IsTemporary(relation.id) ? "CREATE TEMPORARY " : "CREATE ";
  const std::string called = absl::StrCat(name, "(", ArgumentsSql(snapshot, relation, false), ")");
  if (function.is_macro()) {
    return absl::StrCat(temporary, "MACRO ", called, " AS ", function.body == FunctionBody::kQuery ? "TABLE " : "",
                        relation.view_sql);
  }
  std::string sql = absl::StrCat(temporary, "FUNCTION ", called, " RETURNS ", ResultSql(snapshot, relation), " LANGUAGE sql");
  if (function.volatility == Volatility::kStable) absl::StrAppend(&sql, " STABLE");
  if (function.volatility == Volatility::kImmutable) absl::StrAppend(&sql, " IMMUTABLE");
  if (function.strict) absl::StrAppend(&sql, " STRICT");
  if (function.body == FunctionBody::kReturn) return absl::StrCat(sql, " RETURN ", relation.view_sql);
  if (function.body == FunctionBody::kAtomic) return absl::StrCat(sql, " BEGIN ATOMIC ", relation.view_sql, " END");
  std::string quote = "$$";
  for (int i = 1; absl::StrContains(relation.view_sql, quote); ++i) quote = absl::StrCat("$body", i, "$");
  return absl::StrCat(sql, " AS ", quote, relation.view_sql, quote);
}

// ---- changes

Status SchemaChanges::CreateFunction(TableSchema definition, FunctionSchema function, std::string body,
                                     std::vector<std::string> search_path, bool or_replace) {
  const std::string_view what = function.is_macro() ? "macro" : "function";
  TURDB_RETURN_IF_ERROR(CheckName(definition.name, what));
  TURDB_ASSIGN_OR_RETURN(const Schema schema, rep_->SchemaToChange(definition.schema_name));
  definition.schema_name = schema.name;
  const std::string key = FunctionKeyOf(definition, function);
  std::shared_ptr<const Relation> before;
  for (const auto& other : rep_->now().FunctionsOf(schema.name, definition.name, {})) {
    if (other->name() == definition.name && NameRowOf(*other) == key) before = other;
  }
  if (before != nullptr && !or_replace) {
    return MakeError(absl::StatusCode::kAlreadyExists, kDuplicateFunction,
                     absl::StrCat(what, " \"", definition.name, "\" already exists",
                                  function.is_macro() ? "" : " with same argument types"));
  }
  if (before != nullptr) {
    TURDB_RETURN_IF_ERROR(rep_->Lock(*before, txn::TableLockMode::kExclusive));
    definition.id = before->id;
    definition.comment = before->schema->comment;
  } else {
    TURDB_RETURN_IF_ERROR(rep_->TakeName(schema, key));
    TURDB_ASSIGN_OR_RETURN(definition.id, rep_->store.NewObjectId());
  }
  const std::shared_ptr<Relation> made = rep_->NewRelation(RelationKind::kFunction, std::move(definition), std::move(body));
  made->view_search_path = std::move(search_path);
  made->function = std::move(function);
  const ObjectRow row = rep_->RowOf(*made, schema);
  TURDB_RETURN_IF_ERROR(before == nullptr ? rep_->state.objects->Insert(rep_->transaction, row).status()
                                          : rep_->state.objects->Update(rep_->transaction, row));
  rep_->Push({.kind = ChangeKind::kPutRelation, .schema = {}, .id = 0, .relation = made, .made_files = {}});
  return absl::OkStatus();
}

Status SchemaChanges::DropFunction(const Relation& function) {
  TURDB_RETURN_IF_ERROR(rep_->Lock(function, txn::TableLockMode::kExclusive));
  return rep_->DropRelation(rep_->now().RelationOf(function.id), false);
}

Status SchemaChanges::Rep::RenameFunction(const Relation& function, const Schema& schema, std::string new_name) {
  TURDB_RETURN_IF_ERROR(Lock(function, txn::TableLockMode::kExclusive));
  TableSchema changed = *function.schema;
  changed.name = std::move(new_name);
  const std::string key = FunctionKeyOf(changed, function.function);
  for (const auto& other : now().FunctionsOf(schema.name, changed.name, {})) {
    if (other->name() != changed.name || NameRowOf(*other) != key) continue;
    return MakeError(absl::StatusCode::kAlreadyExists, kDuplicateFunction,
                     absl::StrCat("function ", changed.name, "(", ArgumentsSql(now(), *other, true),
                                  ") already exists in schema \"", schema.name, "\""));
  }
  TURDB_RETURN_IF_ERROR(TakeName(schema, key));
  TURDB_RETURN_IF_ERROR(GiveNameBack(schema, NameRowOf(function)));
  return Replace(function, std::move(changed));
}

Status SchemaChanges::Rep::MoveFunction(const Relation& function, const Schema& from, const Schema& to) {
  TURDB_RETURN_IF_ERROR(Lock(function, txn::TableLockMode::kExclusive));
  const std::string key = NameRowOf(function);
  for (const auto& other : now().FunctionsOf(to.name, function.name(), {})) {
    if (other->name() != function.name() || NameRowOf(*other) != key) continue;
    return MakeError(absl::StatusCode::kAlreadyExists, kDuplicateFunction,
                     absl::StrCat("function ", function.name(), "(", ArgumentsSql(now(), *other, true),
                                  ") already exists in schema \"", to.name, "\""));
  }
  TURDB_RETURN_IF_ERROR(TakeName(to, key));
  TURDB_RETURN_IF_ERROR(GiveNameBack(from, key));
  TableSchema changed = *function.schema;
  changed.schema_name = to.name;
  return Replace(function, std::move(changed));
}

}  // namespace turdb::catalog
