// The larger views of information_schema, as PostgreSQL fills them; and what SQLite's PRAGMAs about tables read.
#include "absl/strings/str_cat.h"
#include "catalog/system_view_tables.h"
#include "catalog/table_sql.h"

namespace turdb::catalog {
namespace {

using base::Status;
using table::TableSchema;
using vec::Type;
using vec::TypeId;
using vec::Value;

Value Null(TypeId type) { return Value::Null(type); }
Value NumberIf(bool known, int32_t value) { return known ? Value::Int32(value) : Null(TypeId::kInt32); }

// ---- columns

// The names that PostgreSQL gives types in pg_type.
std::string_view UdtName(const Type& type) {
  switch (type.id) {
    case TypeId::kBoolean:
      return "bool";
    case TypeId::kInt16:
      return "int2";
    case TypeId::kInt32:
      return "int4";
    case TypeId::kInt64:
      return "int8";
    case TypeId::kFloat:
      return "float4";
    case TypeId::kDouble:
      return "float8";
    case TypeId::kDecimal:
    case TypeId::kNumeric:
      return "numeric";
    case TypeId::kVarchar:
      return "varchar";
    case TypeId::kChar:
      return "bpchar";
    case TypeId::kBlob:
      return "bytea";
    case TypeId::kTimestamp:
      return "timestamp";
    case TypeId::kTimestampTz:
      return "timestamptz";
    case TypeId::kTime:
      return "time";
    default:
      return "";
  }
}

int32_t BitsOf(const Type& type) {
  switch (type.id) {
    case TypeId::kInt8:
    case TypeId::kUInt8:
      return 8;
    case TypeId::kInt16:
    case TypeId::kUInt16:
      return 16;
    case TypeId::kInt32:
    case TypeId::kUInt32:
      return 32;
    case TypeId::kInt64:
    case TypeId::kUInt64:
      return 64;
    case TypeId::kInt128:
      return 128;
    case TypeId::kFloat:
      return 24;
    case TypeId::kDouble:
      return 53;
    default:
      return 0;
  }
}

constexpr SystemColumn kColumnsColumns[] = {{"table_catalog", TypeId::kText},
                                            {"table_schema", TypeId::kText},
                                            {"table_name", TypeId::kText},
                                            {"column_name", TypeId::kText},
                                            {"ordinal_position", TypeId::kInt32},
                                            {"column_default", TypeId::kText},
                                            {"is_nullable", TypeId::kText},
                                            {"data_type", TypeId::kText},
                                            {"character_maximum_length", TypeId::kInt32},
                                            {"character_octet_length", TypeId::kInt32},
                                            {"numeric_precision", TypeId::kInt32},
                                            {"numeric_precision_radix", TypeId::kInt32},
                                            {"numeric_scale", TypeId::kInt32},
                                            {"datetime_precision", TypeId::kInt32},
                                            {"interval_type", TypeId::kText},
                                            {"character_set_name", TypeId::kText},
                                            {"collation_name", TypeId::kText},
                                            {"domain_name", TypeId::kText},
                                            {"udt_catalog", TypeId::kText},
                                            {"udt_schema", TypeId::kText},
                                            {"udt_name", TypeId::kText},
                                            {"is_identity", TypeId::kText},
                                            {"identity_generation", TypeId::kText},
                                            {"identity_start", TypeId::kText},
                                            {"identity_increment", TypeId::kText},
                                            {"identity_maximum", TypeId::kText},
                                            {"identity_minimum", TypeId::kText},
                                            {"identity_cycle", TypeId::kText},
                                            {"is_generated", TypeId::kText},
                                            {"generation_expression", TypeId::kText},
                                            {"is_updatable", TypeId::kText}};

Status Column(const Snapshot& snapshot, const Relation& relation, size_t position, RowSink sink) {
  const TableSchema& schema = *relation.schema;
  const table::Column& column = schema.columns[position];
  const Type& type = column.type;
  const auto user_type = type.user_type_id() == 0 ? nullptr : snapshot.RelationOf(type.user_type_id());
  const auto domain = column.domain == base::kNoFile ? nullptr : snapshot.RelationOf(column.domain);
  const std::string full = type.id == TypeId::kArray && type.struct_number() != 0 ? snapshot.NameOf(type)
                           : type.id == TypeId::kEnum || type.user_type_id() != 0 ? "USER-DEFINED"
                           : type.struct_number() != 0                            ? snapshot.NameOf(type)
                                                                                  : type.ToString();
  const std::string_view name =
      type.struct_number() != 0 ? std::string_view(full) : std::string_view(full).substr(0, full.find('('));
  const bool decimal = type.id == TypeId::kDecimal;
  const bool text = vec::IsText(type.id);
  const int32_t bits = BitsOf(type);
  const bool floating = type.id == TypeId::kFloat || type.id == TypeId::kDouble;
  const bool stored = column.generation == table::Generation::kStored;
  const bool identity = column.generation != table::Generation::kNone && !stored;
  const auto sequence = column.sequence == base::kNoFile ? nullptr : snapshot.RelationOf(column.sequence);
  const auto option = [&](int64_t table::SequenceSchema::*number) {
    return identity && sequence != nullptr ? Text(absl::StrCat(sequence->sequence.*number)) : Null(TypeId::kText);
  };
  const std::string_view udt = user_type != nullptr    ? std::string_view(user_type->name())
                               : UdtName(type).empty() ? name
                                                       : UdtName(type);
  const bool always = column.generation == table::Generation::kIdentityAlways;
  const Value row[] = {Text(kCatalogName),
                       Text(schema.schema_name),
                       Text(schema.name),
                       Text(column.name),
                       Value::Int32(static_cast<int32_t>(position) + 1),
                       TextOrNull(stored ? std::string() : DefaultSql(snapshot, column)),
                       YesNo(!column.not_null),
                       Text(name),
                       NumberIf(text && type.length != 0, type.length),
                       NumberIf(text, type.length != 0 ? type.length * 4 : 1 << 30),
                       decimal ? Value::Int32(type.precision) : NumberIf(bits != 0, bits),
                       NumberIf(decimal || bits != 0, decimal ? 10 : 2),
                       decimal ? Value::Int32(type.scale) : NumberIf(bits != 0 && !floating, 0),
                       NumberIf(vec::IsDateTime(type.id), type.id == TypeId::kDate ? 0 : 6),
                       Null(TypeId::kText),
                       Null(TypeId::kText),
                       TextOrNull(column.collation),
                       domain == nullptr ? Null(TypeId::kText) : Text(domain->name()),
                       Text(kCatalogName),
                       Text(user_type == nullptr ? std::string_view("pg_catalog") : std::string_view(user_type->schema_name())),
                       Text(udt),
                       YesNo(identity),
                       TextOrNull(!identity ? ""
                                  : always  ? "ALWAYS"
                                            : "BY DEFAULT"),
                       option(&table::SequenceSchema::start),
                       option(&table::SequenceSchema::increment),
                       option(&table::SequenceSchema::max_value),
                       option(&table::SequenceSchema::min_value),
                       YesNo(identity && sequence != nullptr && sequence->sequence.cycle),
                       Text(stored ? "ALWAYS" : "NEVER"),
                       TextOrNull(stored ? column.default_sql : std::string()),
                       YesNo(relation.kind == RelationKind::kTable)};
  return sink(row);
}

Status Columns(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEach(context.snapshot, [&](const Relation& relation) -> Status {
    if (relation.kind == RelationKind::kSequence || relation.is_materialized_view()) return absl::OkStatus();
    for (size_t i = 0; i < relation.schema->columns.size(); ++i) {
      TURDB_RETURN_IF_ERROR(Column(context.snapshot, relation, i, sink));
    }
    return absl::OkStatus();
  });
}

// ---- constraints

constexpr SystemColumn kKeyUsageColumns[] = {{"constraint_catalog", TypeId::kText},
                                             {"constraint_schema", TypeId::kText},
                                             {"constraint_name", TypeId::kText},
                                             {"table_catalog", TypeId::kText},
                                             {"table_schema", TypeId::kText},
                                             {"table_name", TypeId::kText},
                                             {"column_name", TypeId::kText},
                                             {"ordinal_position", TypeId::kInt32},
                                             {"position_in_unique_constraint", TypeId::kInt32}};

// Where the column that a foreign key refers to stands in the key that it refers to, from 1; 0: there is none any more.
int32_t PlaceInKey(const Snapshot& snapshot, const table::ForeignKey& key, size_t position) {
  const auto referenced = snapshot.RelationOf(key.referenced_table);
  if (referenced == nullptr) return 0;
  const TableSchema& schema = *referenced->schema;
  std::vector<int32_t> columns;
  for (const std::string& name : key.referenced_columns) columns.push_back(schema.FindColumn(name));
  const int32_t index = schema.FindUniqueKey(columns);
  if (index < -1) return 0;
  const std::vector<table::IndexPart>& parts =
      index < 0 ? schema.primary_key : schema.indexes[static_cast<size_t>(index)].parts;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].column == columns[position]) return static_cast<int32_t>(i) + 1;
  }
  return 0;
}

Status KeyColumnUsage(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEach(context.snapshot, [&](const Relation& relation) -> Status {
    const TableSchema& schema = *relation.schema;
    const auto add = [&](const std::string& name, int32_t column, size_t position, int32_t place) {
      const Value row[] = {Text(kCatalogName),
                           Text(schema.schema_name),
                           Text(name),
                           Text(kCatalogName),
                           Text(schema.schema_name),
                           Text(schema.name),
                           Text(schema.columns[static_cast<size_t>(column)].name),
                           Value::Int32(static_cast<int32_t>(position) + 1),
                           NumberIf(place != 0, place)};
      return sink(row);
    };
    for (size_t i = 0; i < schema.primary_key.size(); ++i) {
      TURDB_RETURN_IF_ERROR(add(schema.primary_key_name, schema.primary_key[i].column, i, 0));
    }
    for (const table::IndexSchema& index : schema.indexes) {
      for (size_t i = 0; index.is_constraint && i < index.parts.size(); ++i) {
        TURDB_RETURN_IF_ERROR(add(index.name, index.parts[i].column, i, 0));
      }
    }
    for (const table::ForeignKey& key : schema.foreign_keys) {
      for (size_t i = 0; i < key.columns.size(); ++i) {
        TURDB_RETURN_IF_ERROR(add(key.name, key.columns[i], i, PlaceInKey(context.snapshot, key, i)));
      }
    }
    return absl::OkStatus();
  });
}

constexpr SystemColumn kCheckColumns[] = {{"constraint_catalog", TypeId::kText},
                                          {"constraint_schema", TypeId::kText},
                                          {"constraint_name", TypeId::kText},
                                          {"check_clause", TypeId::kText}};
Status CheckConstraints(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEach(context.snapshot, [&](const Relation& relation) -> Status {
    for (const table::CheckConstraint& check : relation.schema->checks) {
      const Value row[] = {Text(kCatalogName), Text(relation.schema_name()), Text(check.name),
                           Text(absl::StrCat("(", check.sql, ")"))};
      TURDB_RETURN_IF_ERROR(sink(row));
    }
    return absl::OkStatus();
  });
}

constexpr SystemColumn kColumnUsageColumns[] = {{"table_catalog", TypeId::kText},      {"table_schema", TypeId::kText},
                                                {"table_name", TypeId::kText},         {"column_name", TypeId::kText},
                                                {"constraint_catalog", TypeId::kText}, {"constraint_schema", TypeId::kText},
                                                {"constraint_name", TypeId::kText}};
// The columns that a constraint is about: for a foreign key, those that it refers to.
Status ConstraintColumnUsage(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEach(context.snapshot, [&](const Relation& relation) -> Status {
    const TableSchema& schema = *relation.schema;
    const auto add = [&](const std::string& constraint, const TableSchema& of, std::string_view column) {
      const Value row[] = {Text(kCatalogName), Text(of.schema_name),     Text(of.name),   Text(column),
                           Text(kCatalogName), Text(schema.schema_name), Text(constraint)};
      return sink(row);
    };
    const auto add_parts = [&](const std::string& constraint, const std::vector<table::IndexPart>& parts) -> Status {
      for (const table::IndexPart& part : parts) {
        TURDB_RETURN_IF_ERROR(add(constraint, schema, schema.columns[static_cast<size_t>(part.column)].name));
      }
      return absl::OkStatus();
    };
    TURDB_RETURN_IF_ERROR(add_parts(schema.primary_key_name, schema.primary_key));
    for (const table::IndexSchema& index : schema.indexes) {
      if (index.is_constraint) TURDB_RETURN_IF_ERROR(add_parts(index.name, index.parts));
    }
    for (const table::ForeignKey& key : schema.foreign_keys) {
      const auto referenced = context.snapshot.RelationOf(key.referenced_table);
      if (referenced == nullptr) continue;
      for (const std::string& column : key.referenced_columns) {
        TURDB_RETURN_IF_ERROR(add(key.name, *referenced->schema, column));
      }
    }
    return absl::OkStatus();
  });
}

// ---- SQLite's PRAGMAs: their columns behind the schema and the table, or index, that they are asked about

constexpr SystemColumn kTableInfoColumns[] = {
    {"schema_name", TypeId::kText}, {"table_name", TypeId::kText}, {"cid", TypeId::kInt64},
    {"name", TypeId::kText},        {"type", TypeId::kText},       {"notnull", TypeId::kInt64},
    {"dflt_value", TypeId::kText},  {"pk", TypeId::kInt64},        {"hidden", TypeId::kInt64}};
Status PragmaTableInfo(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEach(context.snapshot, [&](const Relation& relation) -> Status {
    const TableSchema& schema = *relation.schema;
    for (size_t i = 0; i < schema.columns.size(); ++i) {
      const table::Column& column = schema.columns[i];
      int64_t key = 0;
      for (size_t k = 0; k < schema.primary_key.size(); ++k) {
        if (schema.primary_key[k].column == static_cast<int32_t>(i)) key = static_cast<int64_t>(k) + 1;
      }
      const bool stored = column.generation == table::Generation::kStored;
      const Value row[] = {Text(schema.schema_name),
                           Text(schema.name),
                           Value::Int64(static_cast<int64_t>(i)),
                           Text(column.name),
                           Text(column.type.ToString()),
                           Value::Int64(column.not_null ? 1 : 0),
                           TextOrNull(stored ? std::string() : DefaultSql(context.snapshot, column)),
                           Value::Int64(key),
                           Value::Int64(stored ? 3 : 0)};
      TURDB_RETURN_IF_ERROR(sink(row));
    }
    return absl::OkStatus();
  });
}

constexpr SystemColumn kIndexListColumns[] = {
    {"schema_name", TypeId::kText}, {"table_name", TypeId::kText}, {"seq", TypeId::kInt64},    {"name", TypeId::kText},
    {"unique", TypeId::kInt64},     {"origin", TypeId::kText},     {"partial", TypeId::kInt64}};
Status PragmaIndexList(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEach(context.snapshot, [&](const Relation& relation) -> Status {
    const TableSchema& schema = *relation.schema;
    int64_t number = 0;
    const auto add = [&](const std::string& name, bool unique, std::string_view origin, bool partial) {
      const Value row[] = {Text(schema.schema_name),     Text(schema.name), Value::Int64(number++),       Text(name),
                           Value::Int64(unique ? 1 : 0), Text(origin),      Value::Int64(partial ? 1 : 0)};
      return sink(row);
    };
    for (const table::IndexSchema& index : schema.indexes) {
      TURDB_RETURN_IF_ERROR(add(index.name, index.unique, index.is_constraint ? "u" : "c", !index.predicate_sql.empty()));
    }
    // The key of an integer primary key is the row's own number: SQLite lists no index for it.
    if (schema.primary_key.empty() || schema.key_form == table::KeyForm::kInteger) return absl::OkStatus();
    return add(schema.primary_key_name, true, "pk", false);
  });
}

constexpr SystemColumn kIndexInfoColumns[] = {{"schema_name", TypeId::kText},
                                              {"index_name", TypeId::kText},
                                              {"seqno", TypeId::kInt64},
                                              {"cid", TypeId::kInt64},
                                              {"name", TypeId::kText}};
Status PragmaIndexInfo(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEach(context.snapshot, [&](const Relation& relation) -> Status {
    const TableSchema& schema = *relation.schema;
    const auto add = [&](const std::string& name, const std::vector<table::IndexPart>& parts) -> Status {
      for (size_t i = 0; i < parts.size(); ++i) {
        const int32_t column = parts[i].column;
        const Value row[] = {Text(schema.schema_name), Text(name), Value::Int64(static_cast<int64_t>(i)),
                             Value::Int64(column < 0 ? -2 : column),
                             TextOrNull(column < 0 ? "" : schema.columns[static_cast<size_t>(column)].name)};
        TURDB_RETURN_IF_ERROR(sink(row));
      }
      return absl::OkStatus();
    };
    TURDB_RETURN_IF_ERROR(add(schema.primary_key_name, schema.primary_key));
    for (const table::IndexSchema& index : schema.indexes) TURDB_RETURN_IF_ERROR(add(index.name, index.parts));
    return absl::OkStatus();
  });
}

constexpr SystemColumn kForeignKeyListColumns[] = {
    {"schema_name", TypeId::kText}, {"table_name", TypeId::kText}, {"id", TypeId::kInt64}, {"seq", TypeId::kInt64},
    {"table", TypeId::kText},       {"from", TypeId::kText},       {"to", TypeId::kText},  {"on_update", TypeId::kText},
    {"on_delete", TypeId::kText},   {"match", TypeId::kText}};
Status PragmaForeignKeyList(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEach(context.snapshot, [&](const Relation& relation) -> Status {
    const TableSchema& schema = *relation.schema;
    for (size_t k = 0; k < schema.foreign_keys.size(); ++k) {
      const table::ForeignKey& key = schema.foreign_keys[k];
      const auto referenced = context.snapshot.RelationOf(key.referenced_table);
      if (referenced == nullptr) continue;
      for (size_t i = 0; i < key.columns.size(); ++i) {
        const Value row[] = {Text(schema.schema_name),
                             Text(schema.name),
                             Value::Int64(static_cast<int64_t>(k)),
                             Value::Int64(static_cast<int64_t>(i)),
                             Text(referenced->name()),
                             Text(schema.columns[static_cast<size_t>(key.columns[i])].name),
                             Text(key.referenced_columns[i]),
                             Text(ActionSql(key.on_update)),
                             Text(ActionSql(key.on_delete)),
                             Text(key.match_full ? "FULL" : "NONE")};
        TURDB_RETURN_IF_ERROR(sink(row));
      }
    }
    return absl::OkStatus();
  });
}

constexpr SystemView kViews[] = {
    {kInformationSchema, "columns", kColumnsColumns, Columns},
    {kInformationSchema, "key_column_usage", kKeyUsageColumns, KeyColumnUsage},
    {kInformationSchema, "check_constraints", kCheckColumns, CheckConstraints},
    {kInformationSchema, "constraint_column_usage", kColumnUsageColumns, ConstraintColumnUsage},
    {kSystemSchema, "pragma_table_info", kTableInfoColumns, PragmaTableInfo},
    {kSystemSchema, "pragma_index_list", kIndexListColumns, PragmaIndexList},
    {kSystemSchema, "pragma_index_info", kIndexInfoColumns, PragmaIndexInfo},
    {kSystemSchema, "pragma_foreign_key_list", kForeignKeyListColumns, PragmaForeignKeyList},
};

}  // namespace

std::span<const SystemView> InformationViews() { return kViews; }

}  // namespace turdb::catalog
