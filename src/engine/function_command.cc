// DROP FUNCTION: what calls a function is found by binding the texts that name it.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "catalog/table_sql.h"
#include "engine/command.h"

namespace turdb::engine {

using base::Status;
using catalog::QuoteName;

namespace {

// A text that the catalog keeps and that may call the function: a query with the same calls, and how it goes.
struct StoredText {
  std::string query;
  std::string what;
  std::string drop;
};

std::string NameOf(const catalog::Relation& relation) {
  return absl::StrCat(QuoteName(relation.schema_name()), ".", QuoteName(relation.name()));
}

// Of tables, domains and views; macros are no more than text to views.
std::vector<StoredText> TextsWith(const catalog::Snapshot& snapshot, const catalog::Relation& function) {
  std::vector<StoredText> texts;
  const auto names = [&](const std::string& sql) { return absl::StrContainsIgnoreCase(sql, function.name()); };
  snapshot.ForEachRelation([&](const std::shared_ptr<const catalog::Relation>& relation) {
    const std::string name = NameOf(*relation);
    if (names(relation->view_sql) && !function.function.is_macro()) {
      const std::string_view kind = relation->is_materialized_view() ? "materialized view" : "view";
      texts.push_back({relation->is_materialized_view() ? relation->view_sql : absl::StrCat("SELECT * FROM ", name),
                       absl::StrCat(kind, " ", relation->name()), absl::StrCat("DROP ", kind, " IF EXISTS ", name)});
    }
    const auto over_row = [&](const std::string& sql) { return absl::StrCat("SELECT (", sql, ") FROM ", name); };
    const table::TableSchema& schema = *relation->schema;
    const std::string alter = absl::StrCat("ALTER TABLE ", name, " ");
    for (const table::Column& column : schema.columns) {
      if (relation->kind != catalog::RelationKind::kTable || !names(column.default_sql)) continue;
      const bool generated = column.generation == table::Generation::kStored;
      texts.push_back({generated ? over_row(column.default_sql) : absl::StrCat("SELECT (", column.default_sql, ")"),
                       absl::StrCat(generated ? "" : "default value for ", "column ", column.name, " of table ", schema.name),
                       generated ? absl::StrCat(alter, "DROP COLUMN ", QuoteName(column.name), " CASCADE")
                                 : absl::StrCat(alter, "ALTER COLUMN ", QuoteName(column.name), " DROP DEFAULT")});
    }
    for (const table::CheckConstraint& check : schema.checks) {
      if (!names(check.sql)) continue;
      texts.push_back({over_row(check.sql), absl::StrCat("constraint ", check.name, " on table ", schema.name),
                       absl::StrCat(alter, "DROP CONSTRAINT ", QuoteName(check.name))});
    }
    for (const table::IndexSchema& index : schema.indexes) {
      std::vector<std::string> parts = {index.predicate_sql};
      for (const table::IndexPart& part : index.parts) parts.push_back(part.expression_sql);
      for (const std::string& part : parts) {
        if (!names(part)) continue;
        texts.push_back({over_row(part), absl::StrCat("index ", index.name),
                         absl::StrCat("DROP INDEX ", QuoteName(schema.schema_name), ".", QuoteName(index.name))});
        break;
      }
    }
  });
  snapshot.ForEachType([&](const std::shared_ptr<const catalog::Relation>& type) {
    if (type->kind != catalog::RelationKind::kDomain) return;
    const table::Column& value = type->schema->columns[0];
    const std::string alter = absl::StrCat("ALTER DOMAIN ", NameOf(*type), " ");
    if (names(value.default_sql)) {
      texts.push_back({absl::StrCat("SELECT (", value.default_sql, ")"), absl::StrCat("default value of domain ", type->name()),
                       absl::StrCat(alter, "DROP DEFAULT")});
    }
    for (const table::CheckConstraint& check : type->schema->checks) {
      if (!names(check.sql)) continue;
      texts.push_back({absl::StrCat("SELECT CAST(NULL AS ", NameOf(*type), ")"),
                       absl::StrCat("constraint ", check.name, " of domain ", type->name()),
                       absl::StrCat(alter, "DROP CONSTRAINT ", QuoteName(check.name))});
    }
  });
  return texts;
}

}  // namespace

bool CommandRunner::Calls(const std::string& query, const catalog::Relation& function) {
  sql::CompileContext context = Statement::CompileContextOf(connection_, connection_.VisibleCatalog(), nullptr);
  context.host = nullptr;
  const auto compiled = sql::Compile(context, query);
  return compiled.ok() && std::any_of(compiled->dependencies.begin(), compiled->dependencies.end(),
                                      [&](const sql::Dependency& dependency) { return dependency.id == function.id; });
}

Status CommandRunner::DropFunction(catalog::ObjectId id, bool cascade) {
  const auto function = connection_.VisibleCatalog()->RelationOf(id);
  if (function == nullptr) return absl::OkStatus();  // named twice
  for (;;) {
    bool again = false;
    for (const StoredText& text : TextsWith(*connection_.VisibleCatalog(), *function)) {
      if (!Calls(text.query, *function)) continue;
      const std::string what = absl::StrCat(function->function.is_macro() ? "macro " : "function ", function->name(), "(",
                                            catalog::ArgumentsSql(*connection_.VisibleCatalog(), *function, true), ")");
      if (!cascade) {
        const Status status = base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kDependentObjects,
                                              absl::StrCat("cannot drop ", what, " because other objects depend on it"));
        return base::WithHint(base::WithFrame(status, absl::StrCat(text.what, " depends on ", what)),
                              "Use DROP ... CASCADE to drop the dependent objects too.");
      }
      TURDB_RETURN_IF_ERROR(RunText(text.drop).status());
      again = true;  // other texts may have gone with it
      break;
    }
    if (!again) break;
  }
  return connection_.SchemaChangesOf(id).DropFunction(*function);
}

}  // namespace turdb::engine
