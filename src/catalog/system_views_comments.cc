// turdb_catalog.comments: what COMMENT ON keeps, each with the statement that makes it again; and pg_collation.
#include <array>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "catalog/system_view_tables.h"
#include "catalog/table_sql.h"
#include "vec/collation.h"

namespace turdb::catalog {
namespace {

using base::Status;
using vec::TypeId;
using vec::Value;

std::string FullName(const table::TableSchema& schema) {
  return absl::StrCat(QuoteName(schema.schema_name), ".", QuoteName(schema.name));
}

std::string_view KindOf(const Relation& relation) {
  switch (relation.kind) {
    case RelationKind::kTable:
      return relation.is_materialized_view() ? "materialized view" : "table";
    case RelationKind::kView:
      return "view";
    case RelationKind::kSequence:
      return "sequence";
    case RelationKind::kEnum:
    case RelationKind::kComposite:
      return "type";
    case RelationKind::kDomain:
      return "domain";
    case RelationKind::kFunction:
      return relation.function.is_macro() ? "macro" : "function";
    case RelationKind::kSystemView:
      break;
  }
  return "system view";
}

constexpr SystemColumn kCommentsColumns[] = {{"kind", TypeId::kText},        {"schema_name", TypeId::kText},
                                             {"object_name", TypeId::kText}, {"part_name", TypeId::kText},
                                             {"comment", TypeId::kText},     {"sql", TypeId::kText}};

// Hands on the comments of one object after another.
class Comments {
 public:
  explicit Comments(RowSink sink) : sink_(sink) {}

  Status AddSchema(const Schema& schema) {
    return Add("schema", schema.name, schema.name, "", QuoteName(schema.name), schema.comment);
  }

  Status AddFunction(const Snapshot& snapshot, const Relation& function) {
    const table::TableSchema& schema = *function.schema;
    std::string called = FullName(schema);
    if (!function.function.is_macro()) absl::StrAppend(&called, "(", ArgumentsSql(snapshot, function, true), ")");
    return Add(KindOf(function), schema.schema_name, schema.name, "", called, schema.comment);
  }

  Status AddObject(const Relation& relation) {
    const table::TableSchema& schema = *relation.schema;
    const std::string name = FullName(schema);
    const auto part = [&](std::string_view kind, std::string_view part_name, std::string_view called,
                          std::string_view comment) {
      return Add(kind, schema.schema_name, schema.name, part_name, called, comment);
    };
    const auto on = [&](std::string_view part_name) { return absl::StrCat(QuoteName(part_name), " ON ", name); };
    TURDB_RETURN_IF_ERROR(part(KindOf(relation), "", name, schema.comment));
    if (relation.is_type() || relation.kind == RelationKind::kSequence) return absl::OkStatus();
    for (const table::Column& column : schema.columns) {
      TURDB_RETURN_IF_ERROR(part("column", column.name, absl::StrCat(name, ".", QuoteName(column.name)), column.comment));
    }
    TURDB_RETURN_IF_ERROR(part("constraint", schema.primary_key_name, on(schema.primary_key_name), schema.primary_key_comment));
    for (const table::IndexSchema& index : schema.indexes) {
      const std::string called = absl::StrCat(QuoteName(schema.schema_name), ".", QuoteName(index.name));
      TURDB_RETURN_IF_ERROR(index.is_constraint ? part("constraint", index.name, on(index.name), index.comment)
                                                : part("index", index.name, called, index.comment));
    }
    for (const table::CheckConstraint& check : schema.checks) {
      TURDB_RETURN_IF_ERROR(part("constraint", check.name, on(check.name), check.comment));
    }
    for (const table::ForeignKey& key : schema.foreign_keys) {
      TURDB_RETURN_IF_ERROR(part("constraint", key.name, on(key.name), key.comment));
    }
    for (const table::TriggerSchema& trigger : schema.triggers) {
      TURDB_RETURN_IF_ERROR(part("trigger", trigger.name, on(trigger.name), trigger.comment));
    }
    return absl::OkStatus();
  }

 private:
  // `called`: as the statement names it.
  Status Add(std::string_view kind, std::string_view schema, std::string_view object, std::string_view part,
             std::string_view called, std::string_view comment) {
    if (comment.empty()) return absl::OkStatus();
    const Value row[] = {Text(kind),
                         Text(schema),
                         Text(object),
                         TextOrNull(part),
                         Text(comment),
                         Text(absl::StrCat("COMMENT ON ", absl::AsciiStrToUpper(kind), " ", called, " IS '",
                                           absl::StrReplaceAll(comment, {{"'", "''"}}), "'"))};
    return sink_(row);
  }

  const RowSink sink_;
};

Status CommentRows(const SystemView&, const SystemViewContext& context, RowSink sink) {
  Comments comments(sink);
  Status status;
  context.snapshot.ForEachSchema([&](const Schema& schema) {
    if (status.ok() && !schema.is_system) status = comments.AddSchema(schema);
  });
  TURDB_RETURN_IF_ERROR(status);
  context.snapshot.ForEachType([&](const std::shared_ptr<const Relation>& type) {
    if (status.ok()) status = comments.AddObject(*type);
  });
  TURDB_RETURN_IF_ERROR(status);
  context.snapshot.ForEachFunction([&](const std::shared_ptr<const Relation>& function) {
    if (status.ok()) status = comments.AddFunction(context.snapshot, *function);
  });
  TURDB_RETURN_IF_ERROR(status);
  return ForEach(context.snapshot, [&](const Relation& relation) {
    return relation.kind == RelationKind::kSystemView ? absl::OkStatus() : comments.AddObject(relation);
  });
}

constexpr SystemColumn kCollationColumns[] = {{"oid", TypeId::kInt64},
                                              {"collname", TypeId::kText},
                                              {"collnamespace", TypeId::kInt64},
                                              {"collprovider", TypeId::kText},
                                              {"collisdeterministic", TypeId::kBoolean},
                                              {"collencoding", TypeId::kInt32}};
// PostgreSQL's ids of "default", "C" and "POSIX"; the others' are their own.
int64_t OidOf(const vec::NamedCollation& collation) {
  constexpr std::array<int64_t, 3> kPostgresIds = {100, 950, 951};
  constexpr int64_t kFirstOwnId = 12000;
  const vec::CollationId number = vec::IdOf(collation);
  return number < kPostgresIds.size() ? kPostgresIds[number] : kFirstOwnId + number;
}

Status PgCollation(const SystemView&, const SystemViewContext& context, RowSink sink) {
  const Schema* const schema = context.snapshot.FindSchema(kSystemSchema);
  for (const vec::NamedCollation& collation : vec::Collations()) {
    const Value row[] = {Value::Int64(OidOf(collation)),
                         Text(collation.name),
                         Value::Int64(schema == nullptr ? 0 : int64_t{schema->id}),
                         Text(collation.name == "default" ? "d" : "c"),
                         Value::Boolean(collation.order == vec::Collation::kBinary),
                         Value::Int32(-1)};
    TURDB_RETURN_IF_ERROR(sink(row));
  }
  return absl::OkStatus();
}

constexpr SystemView kViews[] = {
    {kSystemSchema, "comments", kCommentsColumns, CommentRows},
    {kSystemSchema, "pg_collation", kCollationColumns, PgCollation},
};

}  // namespace

std::span<const SystemView> CommentViews() { return kViews; }

int64_t CollationIdOf(const table::Column& column) {
  if (!column.type.collates()) return 0;
  const vec::NamedCollation* const named = column.collation.empty() ? nullptr : vec::FindCollation(column.collation);
  return OidOf(named == nullptr ? vec::Collations()[vec::CollationOf(column.type.collation())] : *named);
}

}  // namespace turdb::catalog
