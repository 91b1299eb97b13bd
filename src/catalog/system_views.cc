#include "catalog/system_views.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "catalog/system_view_tables.h"
#include "catalog/table_sql.h"
#include "txn/transaction_manager.h"

namespace turdb::catalog {

namespace {

using base::Status;
using table::TableSchema;
using vec::TypeId;
using vec::Value;

std::string_view KindName(const Relation& relation) {
  switch (relation.kind) {
    case RelationKind::kTable:
      return relation.is_materialized_view() ? "materialized view" : "table";
    case RelationKind::kView:
      return "view";
    case RelationKind::kSystemView:
      return "system view";
    case RelationKind::kSequence:
      return "sequence";
    case RelationKind::kEnum:
      return "enum";
    case RelationKind::kDomain:
      return "domain";
    case RelationKind::kComposite:
      return "composite type";
    case RelationKind::kFunction:
      return "function";
  }
  return "";
}

// ---- turdb_catalog

constexpr SystemColumn kSchemasColumns[] = {{"schema_name", TypeId::kText},
                                            {"schema_id", TypeId::kInt64},
                                            {"is_system", TypeId::kBoolean},
                                            {"comment", TypeId::kText},
                                            {"is_temporary", TypeId::kBoolean}};
Status Schemas(const SystemView&, const SystemViewContext& context, RowSink sink) {
  Status status;
  context.snapshot.ForEachSchema([&](const Schema& schema) {
    if (!status.ok()) return;
    const Value row[] = {Text(schema.name), Value::Int64(schema.id), Value::Boolean(schema.is_system),
                         TextOrNull(schema.comment), Value::Boolean(schema.is_temporary)};
    status = sink(row);
  });
  return status;
}

constexpr SystemColumn kTablesColumns[] = {
    {"schema_name", TypeId::kText},     {"table_name", TypeId::kText}, {"kind", TypeId::kText},
    {"table_id", TypeId::kInt64},       {"file", TypeId::kText},       {"column_count", TypeId::kInt64},
    {"estimated_rows", TypeId::kInt64}, {"sql", TypeId::kText},        {"comment", TypeId::kText}};
Status Tables(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEach(context.snapshot, [&](const Relation& relation) {
    const TableSchema& schema = *relation.schema;
    const bool stored = relation.kind == RelationKind::kTable;
    const int64_t rows = relation.row_estimate();
    const Value row[] = {Text(schema.schema_name),
                         Text(schema.name),
                         Text(KindName(relation)),
                         stored ? Value::Int64(schema.id) : Value::Null(vec::Type::Int64()),
                         TextOrNull(schema.path),
                         Value::Int64(static_cast<int64_t>(schema.columns.size())),
                         rows < 0 ? Value::Null(vec::Type::Int64()) : Value::Int64(rows),
                         TextOrNull(SqlOf(context.snapshot, relation)),
                         TextOrNull(schema.comment)};
    return sink(row);
  });
}

constexpr SystemColumn kColumnsColumns[] = {
    {"schema_name", TypeId::kText}, {"table_name", TypeId::kText},    {"column_name", TypeId::kText},
    {"position", TypeId::kInt64},   {"data_type", TypeId::kText},     {"is_nullable", TypeId::kBoolean},
    {"default_sql", TypeId::kText}, {"key_position", TypeId::kInt64}, {"comment", TypeId::kText}};
Status Columns(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEach(context.snapshot, [&](const Relation& relation) {
    const TableSchema& schema = *relation.schema;
    for (size_t i = 0; i < schema.columns.size(); ++i) {
      const table::Column& column = schema.columns[i];
      Value key_position = Value::Null(vec::Type::Int64());
      for (size_t k = 0; k < schema.primary_key.size(); ++k) {
        if (schema.primary_key[k].column == static_cast<int32_t>(i)) key_position = Value::Int64(static_cast<int64_t>(k) + 1);
      }
      const Value row[] = {Text(schema.schema_name),
                           Text(schema.name),
                           Text(column.name),
                           Value::Int64(static_cast<int64_t>(i) + 1),
                           Text(TypeNameOf(context.snapshot, column)),
                           Value::Boolean(!column.not_null),
                           TextOrNull(DefaultSql(context.snapshot, column)),
                           key_position,
                           TextOrNull(column.comment)};
      TURDB_RETURN_IF_ERROR(sink(row));
    }
    return absl::OkStatus();
  });
}

constexpr SystemColumn kIndexesColumns[] = {{"schema_name", TypeId::kText},   {"table_name", TypeId::kText},
                                            {"index_name", TypeId::kText},    {"index_id", TypeId::kInt64},
                                            {"file", TypeId::kText},          {"is_unique", TypeId::kBoolean},
                                            {"is_primary", TypeId::kBoolean}, {"is_constraint", TypeId::kBoolean},
                                            {"columns", TypeId::kText},       {"sql", TypeId::kText},
                                            {"comment", TypeId::kText}};
Status Indexes(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEach(context.snapshot, [&](const Relation& relation) -> Status {
    const TableSchema& schema = *relation.schema;
    if (!schema.primary_key.empty()) {
      const Value row[] = {Text(schema.schema_name),
                           Text(schema.name),
                           Text(schema.primary_key_name),
                           Value::Null(vec::Type::Int64()),
                           TextOrNull(schema.path),
                           Value::Boolean(true),
                           Value::Boolean(true),
                           Value::Boolean(true),
                           Text(PartsSql(schema, schema.primary_key)),
                           Value::Null(vec::Type::Text()),
                           Value::Null(vec::Type::Text())};
      TURDB_RETURN_IF_ERROR(sink(row));
    }
    for (const table::IndexSchema& index : schema.indexes) {
      const Value row[] = {Text(schema.schema_name),
                           Text(schema.name),
                           Text(index.name),
                           Value::Int64(index.id),
                           TextOrNull(index.path),
                           Value::Boolean(index.unique),
                           Value::Boolean(false),
                           Value::Boolean(index.is_constraint),
                           Text(PartsSql(schema, index.parts)),
                           TextOrNull(SqlOf(schema, index)),
                           TextOrNull(index.comment)};
      TURDB_RETURN_IF_ERROR(sink(row));
    }
    return absl::OkStatus();
  });
}

constexpr SystemColumn kTransactionsColumns[] = {{"transaction_id", TypeId::kInt64}, {"snapshot", TypeId::kInt64},
                                                 {"isolation", TypeId::kText},       {"is_read_only", TypeId::kBoolean},
                                                 {"began", TypeId::kTimestampTz},    {"waits_for", TypeId::kInt64},
                                                 {"waits_for_table", TypeId::kInt64}};
Status Transactions(const SystemView&, const SystemViewContext& context, RowSink sink) {
  const auto number = [](uint64_t value) {
    return value == 0 ? Value::Null(vec::Type::Int64()) : Value::Int64(static_cast<int64_t>(value));
  };
  for (const txn::TransactionInfo& info : context.transactions.ListTransactions()) {
    const std::string_view isolation = info.isolation == txn::Isolation::kSerializable    ? "serializable"
                                       : info.isolation == txn::Isolation::kReadCommitted ? "read committed"
                                                                                          : "snapshot";
    const Value row[] = {number(info.id),
                         number(info.read_ts),
                         Text(isolation),
                         Value::Boolean(info.read_only),
                         Value::Of(TypeId::kTimestampTz, info.began_unix_us),
                         number(info.waits_for),
                         number(info.waits_for_table)};
    TURDB_RETURN_IF_ERROR(sink(row));
  }
  return absl::OkStatus();
}

constexpr SystemColumn kMemoryColumns[] = {
    {"name", TypeId::kText}, {"size_bytes", TypeId::kInt64}, {"description", TypeId::kText}};

constexpr SystemColumn kMetricsColumns[] = {
    {"name", TypeId::kText}, {"kind", TypeId::kText}, {"value", TypeId::kInt64}, {"description", TypeId::kText}};

constexpr SystemColumn kSettingsColumns[] = {
    {"name", TypeId::kText}, {"value", TypeId::kText}, {"data_type", TypeId::kText}, {"description", TypeId::kText}};

constexpr SystemColumn kVectorIndexesColumns[] = {
    {"schema_name", TypeId::kText}, {"table_name", TypeId::kText},  {"index_name", TypeId::kText},
    {"metric", TypeId::kText},      {"dimensions", TypeId::kInt64}, {"nodes", TypeId::kInt64},
    {"m", TypeId::kInt64},          {"m0", TypeId::kInt64},         {"ef_construction", TypeId::kInt64},
    {"ef_search", TypeId::kInt64},  {"file_bytes", TypeId::kInt64}};

constexpr SystemColumn kAvailableFunctionsColumns[] = {{"name", TypeId::kText},
                                                       {"kind", TypeId::kText},
                                                       {"parameters", TypeId::kText},
                                                       {"result_type", TypeId::kText},
                                                       {"is_built_in", TypeId::kBoolean}};

Status Others(const SystemView& view, const SystemViewContext& context, RowSink sink) {
  return context.others == nullptr ? absl::OkStatus() : context.others->Visit(view.name, sink);
}

// ---- SQLite's

constexpr SystemColumn kSqliteColumns[] = {{"type", TypeId::kText},
                                           {"name", TypeId::kText},
                                           {"tbl_name", TypeId::kText},
                                           {"rootpage", TypeId::kInt64},
                                           {"sql", TypeId::kText}};
Status SqliteSchema(const SystemView& view, const SystemViewContext& context, RowSink sink) {
  const bool temporary = view.name.starts_with("sqlite_temp_");
  return ForEach(context.snapshot, [&](const Relation& relation) -> Status {
    if (table::IsTemporary(relation.id) != temporary) return absl::OkStatus();
    if (relation.kind == RelationKind::kSystemView || relation.kind == RelationKind::kSequence) return absl::OkStatus();
    const TableSchema& schema = *relation.schema;
    const Value row[] = {Text(KindName(relation)), Text(schema.name), Text(schema.name),
                         Value::Int64(relation.kind == RelationKind::kTable ? 1 : 0), Text(SqlOf(context.snapshot, relation))};
    TURDB_RETURN_IF_ERROR(sink(row));
    for (const table::IndexSchema& index : schema.indexes) {
      const Value index_row[] = {Text("index"), Text(index.name), Text(schema.name), Value::Int64(1),
                                 index.is_constraint ? Value::Null(vec::Type::Text()) : Text(SqlOf(schema, index))};
      TURDB_RETURN_IF_ERROR(sink(index_row));
    }
    for (const table::TriggerSchema& trigger : schema.triggers) {
      const Value trigger_row[] = {Text("trigger"), Text(trigger.name), Text(schema.name), Value::Int64(0),
                                   Text(SqlOf(schema, trigger))};
      TURDB_RETURN_IF_ERROR(sink(trigger_row));
    }
    return absl::OkStatus();
  });
}

// ---- information_schema

constexpr SystemColumn kSchemataColumns[] = {
    {"catalog_name", TypeId::kText}, {"schema_name", TypeId::kText}, {"schema_owner", TypeId::kText}};
Status Schemata(const SystemView&, const SystemViewContext& context, RowSink sink) {
  Status status;
  context.snapshot.ForEachSchema([&](const Schema& schema) {
    if (!status.ok()) return;
    const Value row[] = {Text(kCatalogName), Text(schema.name), Value::Null(vec::Type::Text())};
    status = sink(row);
  });
  return status;
}

constexpr SystemColumn kInfoTablesColumns[] = {{"table_catalog", TypeId::kText},
                                               {"table_schema", TypeId::kText},
                                               {"table_name", TypeId::kText},
                                               {"table_type", TypeId::kText}};
Status InfoTables(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEach(context.snapshot, [&](const Relation& relation) -> Status {
    if (relation.kind == RelationKind::kSequence || relation.is_materialized_view()) return absl::OkStatus();
    const Value row[] = {Text(kCatalogName), Text(relation.schema_name()), Text(relation.name()),
                         Text(relation.kind != RelationKind::kTable ? "VIEW"
                              : table::IsTemporary(relation.id)     ? "LOCAL TEMPORARY"
                                                                    : "BASE TABLE")};
    return sink(row);
  });
}

constexpr SystemColumn kInfoViewsColumns[] = {{"table_catalog", TypeId::kText},     {"table_schema", TypeId::kText},
                                              {"table_name", TypeId::kText},        {"view_definition", TypeId::kText},
                                              {"check_option", TypeId::kText},      {"is_updatable", TypeId::kText},
                                              {"is_insertable_into", TypeId::kText}};
Status InfoViews(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEach(context.snapshot, [&](const Relation& relation) -> Status {
    if (relation.kind != RelationKind::kView) return absl::OkStatus();
    const Value row[] = {Text(kCatalogName),    Text(relation.schema_name()),
                         Text(relation.name()), Text(relation.view_sql),
                         Text("NONE"),          YesNo(false),
                         YesNo(false)};
    return sink(row);
  });
}

constexpr SystemColumn kConstraintsColumns[] = {
    {"constraint_catalog", TypeId::kText}, {"constraint_schema", TypeId::kText}, {"constraint_name", TypeId::kText},
    {"table_catalog", TypeId::kText},      {"table_schema", TypeId::kText},      {"table_name", TypeId::kText},
    {"constraint_type", TypeId::kText},    {"is_deferrable", TypeId::kText},     {"initially_deferred", TypeId::kText}};
Status TableConstraints(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEach(context.snapshot, [&](const Relation& relation) -> Status {
    const TableSchema& schema = *relation.schema;
    const auto add = [&](const std::string& name, std::string_view type, bool deferrable = false, bool deferred = false) {
      const Value row[] = {Text(kCatalogName), Text(schema.schema_name), Text(name),
                           Text(kCatalogName), Text(schema.schema_name), Text(schema.name),
                           Text(type),         YesNo(deferrable),        YesNo(deferred)};
      return sink(row);
    };
    if (!schema.primary_key.empty()) TURDB_RETURN_IF_ERROR(add(schema.primary_key_name, "PRIMARY KEY"));
    for (const table::IndexSchema& index : schema.indexes) {
      if (index.is_constraint) TURDB_RETURN_IF_ERROR(add(index.name, "UNIQUE"));
    }
    for (const table::CheckConstraint& check : schema.checks) TURDB_RETURN_IF_ERROR(add(check.name, "CHECK"));
    for (const table::ForeignKey& key : schema.foreign_keys) {
      TURDB_RETURN_IF_ERROR(add(key.name, "FOREIGN KEY", key.deferrable, key.initially_deferred));
    }
    return absl::OkStatus();
  });
}

constexpr SystemColumn kReferentialColumns[] = {{"constraint_catalog", TypeId::kText},
                                                {"constraint_schema", TypeId::kText},
                                                {"constraint_name", TypeId::kText},
                                                {"unique_constraint_catalog", TypeId::kText},
                                                {"unique_constraint_schema", TypeId::kText},
                                                {"unique_constraint_name", TypeId::kText},
                                                {"match_option", TypeId::kText},
                                                {"update_rule", TypeId::kText},
                                                {"delete_rule", TypeId::kText}};
Status ReferentialConstraints(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEach(context.snapshot, [&](const Relation& relation) -> Status {
    for (const table::ForeignKey& key : relation.schema->foreign_keys) {
      const std::shared_ptr<const Relation> referenced = context.snapshot.RelationOf(key.referenced_table);
      if (referenced == nullptr) continue;
      const TableSchema& schema = *referenced->schema;
      std::vector<int32_t> columns;
      for (const std::string& name : key.referenced_columns) columns.push_back(schema.FindColumn(name));
      const int32_t index = schema.FindUniqueKey(std::move(columns));
      const std::string_view name = index == -2   ? std::string_view()
                                    : index == -1 ? std::string_view(schema.primary_key_name)
                                                  : std::string_view(schema.indexes[static_cast<size_t>(index)].name);
      const Value row[] = {Text(kCatalogName),
                           Text(relation.schema_name()),
                           Text(key.name),
                           Text(kCatalogName),
                           Text(schema.schema_name),
                           TextOrNull(name),
                           Text(key.match_full ? "FULL" : "NONE"),
                           Text(ActionSql(key.on_update)),
                           Text(ActionSql(key.on_delete))};
      TURDB_RETURN_IF_ERROR(sink(row));
    }
    return absl::OkStatus();
  });
}

// A row an event, as the standard has it.
constexpr SystemColumn kInfoTriggersColumns[] = {{"trigger_catalog", TypeId::kText},
                                                 {"trigger_schema", TypeId::kText},
                                                 {"trigger_name", TypeId::kText},
                                                 {"event_manipulation", TypeId::kText},
                                                 {"event_object_catalog", TypeId::kText},
                                                 {"event_object_schema", TypeId::kText},
                                                 {"event_object_table", TypeId::kText},
                                                 {"action_order", TypeId::kInt32},
                                                 {"action_condition", TypeId::kText},
                                                 {"action_statement", TypeId::kText},
                                                 {"action_orientation", TypeId::kText},
                                                 {"action_timing", TypeId::kText},
                                                 {"action_reference_old_table", TypeId::kText},
                                                 {"action_reference_new_table", TypeId::kText},
                                                 {"is_enabled", TypeId::kText}};

// The place of a trigger among those of its table that fire at the same time: by name.
int32_t ActionOrder(const TableSchema& schema, const table::TriggerSchema& trigger, uint8_t event) {
  int32_t order = 1;
  for (const table::TriggerSchema& other : schema.triggers) {
    const bool beside = (other.events & event) != 0 && other.time == trigger.time && other.for_each_row == trigger.for_each_row;
    order += static_cast<int32_t>(beside && other.name < trigger.name);
  }
  return order;
}

Status InfoTriggers(const SystemView&, const SystemViewContext& context, RowSink sink) {
  static constexpr std::pair<uint8_t, std::string_view> kEvents[] = {
      {table::kOnInsert, "INSERT"}, {table::kOnDelete, "DELETE"}, {table::kOnUpdate, "UPDATE"}};
  return ForEach(context.snapshot, [&](const Relation& relation) -> Status {
    const TableSchema& schema = *relation.schema;
    for (const table::TriggerSchema& trigger : schema.triggers) {
      for (const auto& [event, event_name] : kEvents) {
        if ((trigger.events & event) == 0) continue;
        const Value row[] = {Text(kCatalogName),
                             Text(schema.schema_name),
                             Text(trigger.name),
                             Text(event_name),
                             Text(kCatalogName),
                             Text(schema.schema_name),
                             Text(schema.name),
                             Value::Int32(ActionOrder(schema, trigger, event)),
                             TextOrNull(trigger.condition_sql),
                             Text(absl::StrCat("BEGIN ", trigger.body_sql, " END")),
                             Text(trigger.for_each_row ? "ROW" : "STATEMENT"),
                             Text(TimeSql(trigger.time)),
                             TextOrNull(trigger.old_table),
                             TextOrNull(trigger.new_table),
                             YesNo(!trigger.disabled)};
        TURDB_RETURN_IF_ERROR(sink(row));
      }
    }
    return absl::OkStatus();
  });
}

constexpr SystemView kViews[] = {
    {kSystemSchema, "schemas", kSchemasColumns, Schemas},
    {kSystemSchema, "tables", kTablesColumns, Tables},
    {kSystemSchema, "columns", kColumnsColumns, Columns},
    {kSystemSchema, "indexes", kIndexesColumns, Indexes},
    {kSystemSchema, "transactions", kTransactionsColumns, Transactions},
    {kSystemSchema, "memory", kMemoryColumns, Others},
    {kSystemSchema, "metrics", kMetricsColumns, Others},
    {kSystemSchema, "settings", kSettingsColumns, Others},
    {kSystemSchema, "vector_indexes", kVectorIndexesColumns, Others},
    {kSystemSchema, "available_functions", kAvailableFunctionsColumns, Others},
    {kSystemSchema, "sqlite_schema", kSqliteColumns, SqliteSchema},
    {kSystemSchema, "sqlite_master", kSqliteColumns, SqliteSchema},
    {kSystemSchema, "sqlite_temp_schema", kSqliteColumns, SqliteSchema},
    {kSystemSchema, "sqlite_temp_master", kSqliteColumns, SqliteSchema},
    {kInformationSchema, "schemata", kSchemataColumns, Schemata},
    {kInformationSchema, "tables", kInfoTablesColumns, InfoTables},
    {kInformationSchema, "views", kInfoViewsColumns, InfoViews},
    {kInformationSchema, "table_constraints", kConstraintsColumns, TableConstraints},
    {kInformationSchema, "referential_constraints", kReferentialColumns, ReferentialConstraints},
    {kInformationSchema, "triggers", kInfoTriggersColumns, InfoTriggers},
};

}  // namespace

Status ForEach(const Snapshot& snapshot, absl::FunctionRef<Status(const Relation&)> visit) {
  Status status;
  snapshot.ForEachRelation([&](const std::shared_ptr<const Relation>& relation) {
    if (status.ok()) status = visit(*relation);
  });
  return status;
}

std::vector<const SystemView*> SystemViews() {
  std::vector<const SystemView*> all;
  for (const std::span<const SystemView> some : {std::span<const SystemView>(kViews), LockViews(), SequenceViews(), TypeViews(),
                                                 FunctionViews(), PgViewList(), InformationViews(), CommentViews()}) {
    for (const SystemView& view : some) all.push_back(&view);
  }
  return all;
}

std::shared_ptr<const TableSchema> SchemaOf(const SystemView& view, ObjectId id) {
  auto schema = std::make_shared<TableSchema>();
  schema->id = id;
  schema->schema_name = std::string(view.schema);
  schema->name = std::string(view.name);
  for (const SystemColumn& from : view.columns) {
    table::Column column;
    column.name = std::string(from.name);
    column.type = from.type;
    schema->columns.push_back(std::move(column));
  }
  return schema;
}

}  // namespace turdb::catalog
