// Types that users made, as turdb_catalog, information_schema and pg_catalog list them.
#include "absl/strings/str_cat.h"
#include "catalog/system_view_tables.h"
#include "catalog/table_sql.h"

namespace turdb::catalog {
namespace {

using base::Status;
using vec::TypeId;
using vec::Value;

Status ForEachType(const Snapshot& snapshot, absl::FunctionRef<Status(const Relation&)> visit) {
  Status status;
  snapshot.ForEachType([&](const std::shared_ptr<const Relation>& type) {
    if (status.ok()) status = visit(*type);
  });
  return status;
}

constexpr SystemColumn kTypesColumns[] = {{"schema_name", TypeId::kText}, {"type_name", TypeId::kText},
                                          {"kind", TypeId::kText},        {"type_id", TypeId::kInt64},
                                          {"sql", TypeId::kText},         {"comment", TypeId::kText}};
Status Types(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEachType(context.snapshot, [&](const Relation& type) {
    const Value row[] = {Text(type.schema_name()),
                         Text(type.name()),
                         Text(type.kind == RelationKind::kEnum     ? "enum"
                              : type.kind == RelationKind::kDomain ? "domain"
                                                                   : "composite"),
                         Value::Int64(type.id),
                         Text(TypeSql(context.snapshot, type)),
                         TextOrNull(type.schema->comment)};
    return sink(row);
  });
}

constexpr SystemColumn kPgEnumColumns[] = {
    {"oid", TypeId::kInt64}, {"enumtypid", TypeId::kInt64}, {"enumsortorder", TypeId::kFloat}, {"enumlabel", TypeId::kText}};
Status PgEnum(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEachType(context.snapshot, [&](const Relation& type) -> Status {
    for (size_t i = 0; i < type.labels.size(); ++i) {
      const auto place = static_cast<int64_t>(i) + 1;
      const Value row[] = {Value::Int64((int64_t{type.id} << 16) + place), Value::Int64(kUserTypeIds + type.id),
                           Value::Of(TypeId::kFloat, static_cast<float>(place)), Text(type.labels[i].name)};
      TURDB_RETURN_IF_ERROR(sink(row));
    }
    return absl::OkStatus();
  });
}

constexpr SystemColumn kDomainsColumns[] = {{"domain_catalog", TypeId::kText}, {"domain_schema", TypeId::kText},
                                            {"domain_name", TypeId::kText},    {"data_type", TypeId::kText},
                                            {"domain_default", TypeId::kText}, {"is_nullable", TypeId::kText}};
Status Domains(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEachType(context.snapshot, [&](const Relation& type) -> Status {
    if (type.kind != RelationKind::kDomain) return absl::OkStatus();
    const table::Column& value = type.schema->columns[0];
    const Value row[] = {
        Text(kCatalogName),
        Text(type.schema_name()),
        Text(type.name()),
        Text(value.type.user_type_id() != 0 ? std::string("USER-DEFINED") : context.snapshot.NameOf(value.type)),
        TextOrNull(value.default_sql),
        YesNo(!value.not_null)};
    return sink(row);
  });
}

constexpr SystemColumn kDomainConstraintsColumns[] = {
    {"constraint_catalog", TypeId::kText}, {"constraint_schema", TypeId::kText}, {"constraint_name", TypeId::kText},
    {"domain_catalog", TypeId::kText},     {"domain_schema", TypeId::kText},     {"domain_name", TypeId::kText},
    {"is_deferrable", TypeId::kText},      {"initially_deferred", TypeId::kText}};
Status DomainConstraints(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEachType(context.snapshot, [&](const Relation& type) -> Status {
    for (const table::CheckConstraint& check : type.schema->checks) {
      const Value row[] = {Text(kCatalogName),       Text(type.schema_name()), Text(check.name), Text(kCatalogName),
                           Text(type.schema_name()), Text(type.name()),        YesNo(false),     YesNo(false)};
      TURDB_RETURN_IF_ERROR(sink(row));
    }
    return absl::OkStatus();
  });
}

constexpr SystemColumn kAttributesColumns[] = {{"udt_catalog", TypeId::kText},       {"udt_schema", TypeId::kText},
                                               {"udt_name", TypeId::kText},          {"attribute_name", TypeId::kText},
                                               {"ordinal_position", TypeId::kInt32}, {"data_type", TypeId::kText}};
Status Attributes(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEachType(context.snapshot, [&](const Relation& type) -> Status {
    if (type.kind != RelationKind::kComposite) return absl::OkStatus();
    int32_t position = 0;
    for (const table::Column& attribute : type.schema->columns) {
      const Value row[] = {
          Text(kCatalogName),
          Text(type.schema_name()),
          Text(type.name()),
          Text(attribute.name),
          Value::Int32(++position),
          Text(attribute.type.user_type_id() != 0 ? std::string("USER-DEFINED") : context.snapshot.NameOf(attribute.type))};
      TURDB_RETURN_IF_ERROR(sink(row));
    }
    return absl::OkStatus();
  });
}

constexpr SystemView kViews[] = {
    {kSystemSchema, "types", kTypesColumns, Types},
    {kSystemSchema, "pg_enum", kPgEnumColumns, PgEnum},
    {kInformationSchema, "attributes", kAttributesColumns, Attributes},
    {kInformationSchema, "domains", kDomainsColumns, Domains},
    {kInformationSchema, "domain_constraints", kDomainConstraintsColumns, DomainConstraints},
};

}  // namespace

std::span<const SystemView> TypeViews() { return kViews; }

}  // namespace turdb::catalog
