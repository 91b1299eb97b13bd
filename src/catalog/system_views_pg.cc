// The basics of PostgreSQL's catalog, for what clients and object mappers ask it. Ids are those of TurDB's objects; types have
// PostgreSQL's own. The default schema is called public here, as PostgreSQL's clients expect. What would be an array is text.
#include <array>
#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "catalog/object_describer.h"
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
Value Flag(bool value) { return Value::Boolean(value); }
Value Number(int64_t value) { return Value::Int64(value); }

// ---- ids

constexpr int64_t kPrimaryKeyIds = int64_t{1} << 32;  // index of a primary key: this and the table's id
constexpr int64_t kConstraintIds = int64_t{1} << 40;  // this, the table's id << 8, and the constraint's number
constexpr int64_t kDatabaseId = 1;
constexpr int64_t kOwnerId = 10;

struct PgType {
  TypeId id;
  int64_t oid;
  std::string_view name;  // pg_type's: "int4"
  int16_t bytes;          // -1: any number
  char category;
};
constexpr PgType kTypes[] = {
    {TypeId::kBoolean, 16, "bool", 1, 'B'},
    {TypeId::kBlob, 17, "bytea", -1, 'U'},
    {TypeId::kInt64, 20, "int8", 8, 'N'},
    {TypeId::kInt16, 21, "int2", 2, 'N'},
    {TypeId::kInt32, 23, "int4", 4, 'N'},
    {TypeId::kText, 25, "text", -1, 'S'},
    {TypeId::kFloat, 700, "float4", 4, 'N'},
    {TypeId::kDouble, 701, "float8", 8, 'N'},
    {TypeId::kChar, 1042, "bpchar", -1, 'S'},
    {TypeId::kVarchar, 1043, "varchar", -1, 'S'},
    {TypeId::kDate, 1082, "date", 4, 'D'},
    {TypeId::kTime, 1083, "time", 8, 'D'},
    {TypeId::kTimestamp, 1114, "timestamp", 8, 'D'},
    {TypeId::kTimestampTz, 1184, "timestamptz", 8, 'D'},
    {TypeId::kInterval, 1186, "interval", 16, 'T'},
    {TypeId::kNumeric, 1700, "numeric", -1, 'N'},
    {TypeId::kJson, 114, "json", -1, 'U'},
    {TypeId::kJsonb, 3802, "jsonb", -1, 'U'},
    {TypeId::kUuid, 2950, "uuid", 16, 'U'},
    {TypeId::kInet, 869, "inet", -1, 'I'},
    {TypeId::kCidr, 650, "cidr", -1, 'I'},
    {TypeId::kMacaddr, 829, "macaddr", 6, 'U'},
    {TypeId::kBit, 1560, "bit", -1, 'V'},
    {TypeId::kVarbit, 1562, "varbit", -1, 'V'},
    {TypeId::kStruct, 2249, "record", -1, 'P'},
    {TypeId::kInt4Range, 3904, "int4range", -1, 'R'},
    {TypeId::kNumRange, 3906, "numrange", -1, 'R'},
    {TypeId::kTsRange, 3908, "tsrange", -1, 'R'},
    {TypeId::kTstzRange, 3910, "tstzrange", -1, 'R'},
    {TypeId::kDateRange, 3912, "daterange", -1, 'R'},
    {TypeId::kInt8Range, 3926, "int8range", -1, 'R'},
    {TypeId::kMap, 9031, "map", -1, 'U'},
    {TypeId::kDenseVector, 9043, "vector", -1, 'U'},
    {TypeId::kInt8, 9001, "int1", 1, 'N'},
    {TypeId::kInt128, 9006, "int16", 16, 'N'},
    {TypeId::kUInt8, 9007, "uint1", 1, 'N'},
    {TypeId::kUInt16, 9008, "uint2", 2, 'N'},
    {TypeId::kUInt32, 9009, "uint4", 4, 'N'},
    {TypeId::kUInt64, 9010, "uint8", 8, 'N'},
    {TypeId::kAny, 9025, "any_value", -1, 'X'},
};

const PgType& PgTypeOf(const Type& type) {
  const TypeId id = type.id == TypeId::kDecimal ? TypeId::kNumeric : type.id;
  for (const PgType& each : kTypes) {
    if (each.id == id) return each;
  }
  return kTypes[5];  // an untyped literal, or an array, is text here
}

// pg_type's id of what a column was declared with.
int64_t TypeIdOf(const table::Column& column) {
  if (column.domain != base::kNoFile) return kUserTypeIds + column.domain;
  const bool own = column.type.id != TypeId::kArray && column.type.user_type_id() != 0;
  return own ? kUserTypeIds + column.type.user_type_id() : PgTypeOf(column.type).oid;
}

// What PostgreSQL calls atttypmod.
int64_t ModifierOf(const Type& type) {
  if (type.id == TypeId::kDecimal) return ((int64_t{type.precision} << 16) | type.scale) + 4;
  if ((type.id == TypeId::kVarchar || type.id == TypeId::kChar) && type.length > 0) return int64_t{type.length} + 4;
  return -1;
}

std::string_view PgSchemaName(std::string_view name) { return name == kDefaultSchema ? "public" : name; }

int64_t NamespaceOf(const Snapshot& snapshot, const Relation& relation) {
  const Schema* const schema = snapshot.FindSchema(relation.schema_name());
  return schema == nullptr ? 0 : schema->id;
}

std::string_view KindLetter(const Relation& relation) {
  switch (relation.kind) {
    case RelationKind::kTable:
      return relation.is_materialized_view() ? "m" : "r";
    case RelationKind::kSequence:
      return "S";
    case RelationKind::kView:
    case RelationKind::kSystemView:
      return "v";
    case RelationKind::kEnum:
    case RelationKind::kDomain:
    case RelationKind::kComposite:
    case RelationKind::kFunction:
      break;
  }
  return "";
}

// The indexes of a table, that of the primary key included, as pg_class and pg_index have them.
struct PgIndex {
  int64_t oid = 0;
  std::string_view name;
  const std::vector<table::IndexPart>* parts = nullptr;
  bool unique = false;
  bool primary = false;
  const table::IndexSchema* schema = nullptr;  // null for the primary key
};

std::vector<PgIndex> IndexesOf(const TableSchema& schema) {
  std::vector<PgIndex> indexes;
  if (!schema.primary_key.empty()) {
    indexes.push_back({kPrimaryKeyIds + schema.id, schema.primary_key_name, &schema.primary_key, true, true, nullptr});
  }
  for (const table::IndexSchema& index : schema.indexes) {
    indexes.push_back({index.id, index.name, &index.parts, index.unique, false, &index});
  }
  return indexes;
}

std::string IndexSql(const TableSchema& schema, const PgIndex& index) {
  if (index.schema != nullptr) return SqlOf(schema, *index.schema);
  return absl::StrCat("CREATE UNIQUE INDEX ", QuoteName(index.name), " ON ", PgSchemaName(schema.schema_name), ".",
                      QuoteName(schema.name), " (", PartsSql(schema, schema.primary_key), ")");
}

// ---- constraints

struct PgConstraint {
  int64_t oid = 0;
  std::string_view name;
  char type = 'c';
  int64_t index = 0;       // that enforces it, or that a foreign key refers to
  int64_t referenced = 0;  // table
  std::vector<int32_t> columns;
  std::vector<int32_t> referenced_columns;
  const table::ForeignKey* key = nullptr;
  std::string definition;
  std::string comment = {};
};

std::vector<int32_t> ColumnsOf(const std::vector<table::IndexPart>& parts) {
  std::vector<int32_t> columns;
  for (const table::IndexPart& part : parts) columns.push_back(part.column);
  return columns;
}

std::string ColumnNames(const TableSchema& schema, const std::vector<int32_t>& columns) {
  return absl::StrJoin(columns, ", ", [&](std::string* out, int32_t column) {
    absl::StrAppend(out, column < 0 ? "" : QuoteName(schema.columns[static_cast<size_t>(column)].name));
  });
}

PgConstraint ForeignKeyOf(const Snapshot& snapshot, const TableSchema& schema, const table::ForeignKey& key) {
  PgConstraint constraint{0, key.name, 'f', 0, key.referenced_table, key.columns, {}, &key, "", key.comment};
  const auto referenced = snapshot.RelationOf(key.referenced_table);
  if (referenced == nullptr) return constraint;
  const TableSchema& other = *referenced->schema;
  for (const std::string& name : key.referenced_columns) constraint.referenced_columns.push_back(other.FindColumn(name));
  const int32_t index = other.FindUniqueKey(constraint.referenced_columns);
  if (index >= -1) {
    constraint.index = index < 0 ? kPrimaryKeyIds + other.id : int64_t{other.indexes[static_cast<size_t>(index)].id};
  }
  constraint.definition =
      absl::StrCat("FOREIGN KEY (", ColumnNames(schema, key.columns), ") REFERENCES ", QuoteName(other.name), "(",
                   ColumnNames(other, constraint.referenced_columns), ")", key.match_full ? " MATCH FULL" : "");
  const auto add = [&](std::string_view when, table::ForeignKeyAction action) {
    if (action != table::ForeignKeyAction::kNoAction) absl::StrAppend(&constraint.definition, when, ActionSql(action));
  };
  add(" ON UPDATE ", key.on_update);
  add(" ON DELETE ", key.on_delete);
  if (key.deferrable)
    absl::StrAppend(&constraint.definition, " DEFERRABLE", key.initially_deferred ? " INITIALLY DEFERRED" : "");
  return constraint;
}

std::vector<PgConstraint> ConstraintsOf(const Snapshot& snapshot, const TableSchema& schema) {
  std::vector<PgConstraint> all;
  for (const PgIndex& index : IndexesOf(schema)) {
    if (!index.primary && !index.schema->is_constraint) continue;
    all.push_back({0,
                   index.name,
                   index.primary ? 'p' : 'u',
                   index.oid,
                   0,
                   ColumnsOf(*index.parts),
                   {},
                   nullptr,
                   absl::StrCat(index.primary ? "PRIMARY KEY (" : "UNIQUE (", PartsSql(schema, *index.parts), ")"),
                   index.primary ? schema.primary_key_comment : index.schema->comment});
  }
  for (const table::CheckConstraint& check : schema.checks) {
    all.push_back({0, check.name, 'c', 0, 0, {}, {}, nullptr, absl::StrCat("CHECK ((", check.sql, "))"), check.comment});
  }
  for (const table::ForeignKey& key : schema.foreign_keys) all.push_back(ForeignKeyOf(snapshot, schema, key));
  for (size_t i = 0; i < all.size(); ++i) all[i].oid = kConstraintIds + (int64_t{schema.id} << 8) + static_cast<int64_t>(i);
  return all;
}

char ActionLetter(table::ForeignKeyAction action) {
  static constexpr std::array<char, 5> kLetters = {'a', 'r', 'c', 'n', 'd'};
  return kLetters[static_cast<size_t>(action)];
}

std::string Letter(char letter) { return std::string(1, letter); }

// "{1,2}", as arrays of attribute numbers print.
Value Numbers(const std::vector<int32_t>& columns) {
  if (columns.empty()) return Null(TypeId::kText);
  return Text(
      absl::StrCat("{", absl::StrJoin(columns, ",", [](std::string* out, int32_t c) { absl::StrAppend(out, c + 1); }), "}"));
}

// ---- the views

constexpr SystemColumn kNamespaceColumns[] = {
    {"oid", TypeId::kInt64}, {"nspname", TypeId::kText}, {"nspowner", TypeId::kInt64}, {"nspacl", TypeId::kText}};
Status PgNamespace(const SystemView&, const SystemViewContext& context, RowSink sink) {
  Status status;
  context.snapshot.ForEachSchema([&](const Schema& schema) {
    if (!status.ok()) return;
    const bool catalog = schema.name == kSystemSchema;
    const Value row[] = {Number(schema.id), Text(catalog ? "pg_catalog" : PgSchemaName(schema.name)), Number(kOwnerId),
                         Null(TypeId::kText)};
    status = sink(row);
  });
  return status;
}

constexpr SystemColumn kClassColumns[] = {{"oid", TypeId::kInt64},
                                          {"relname", TypeId::kText},
                                          {"relnamespace", TypeId::kInt64},
                                          {"reltype", TypeId::kInt64},
                                          {"relowner", TypeId::kInt64},
                                          {"relam", TypeId::kInt64},
                                          {"relfilenode", TypeId::kInt64},
                                          {"reltablespace", TypeId::kInt64},
                                          {"relpages", TypeId::kInt32},
                                          {"reltuples", TypeId::kFloat},
                                          {"relhasindex", TypeId::kBoolean},
                                          {"relisshared", TypeId::kBoolean},
                                          {"relpersistence", TypeId::kText},
                                          {"relkind", TypeId::kText},
                                          {"relnatts", TypeId::kInt16},
                                          {"relchecks", TypeId::kInt16},
                                          {"relhasrules", TypeId::kBoolean},
                                          {"relhastriggers", TypeId::kBoolean},
                                          {"relrowsecurity", TypeId::kBoolean},
                                          {"relispopulated", TypeId::kBoolean},
                                          {"relispartition", TypeId::kBoolean},
                                          {"reloptions", TypeId::kText}};
Status PgClass(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEach(context.snapshot, [&](const Relation& relation) -> Status {
    const TableSchema& schema = *relation.schema;
    const int64_t space = NamespaceOf(context.snapshot, relation);
    const auto add = [&](int64_t oid, std::string_view name, std::string_view kind, int64_t file, size_t columns, size_t checks,
                         float rows, bool has_index) {
      const Value row[] = {Number(oid),
                           Text(name),
                           Number(space),
                           Number(0),
                           Number(kOwnerId),
                           Number(0),
                           Number(file),
                           Number(0),
                           Value::Int32(0),
                           Value::Of(TypeId::kFloat, rows),
                           Flag(has_index),
                           Flag(false),
                           Text(table::IsTemporary(relation.id) ? "t" : "p"),
                           Text(kind),
                           Value::Of(TypeId::kInt16, static_cast<int16_t>(columns)),
                           Value::Of(TypeId::kInt16, static_cast<int16_t>(checks)),
                           Flag(false),
                           Flag(!schema.foreign_keys.empty()),
                           Flag(false),
                           Flag(!relation.unpopulated),
                           Flag(false),
                           Null(TypeId::kText)};
      return sink(row);
    };
    const std::vector<PgIndex> indexes = relation.kind == RelationKind::kTable ? IndexesOf(schema) : std::vector<PgIndex>();
    TURDB_RETURN_IF_ERROR(add(relation.id, schema.name, KindLetter(relation), relation.id, schema.columns.size(),
                              schema.checks.size(), static_cast<float>(relation.row_estimate()), !indexes.empty()));
    for (const PgIndex& index : indexes) {
      TURDB_RETURN_IF_ERROR(add(index.oid, index.name, "i", index.oid, index.parts->size(), 0, 0, false));
    }
    return absl::OkStatus();
  });
}

constexpr SystemColumn kAttributeColumns[] = {
    {"attrelid", TypeId::kInt64},     {"attname", TypeId::kText},       {"atttypid", TypeId::kInt64},
    {"attlen", TypeId::kInt16},       {"attnum", TypeId::kInt16},       {"atttypmod", TypeId::kInt32},
    {"attndims", TypeId::kInt16},     {"attnotnull", TypeId::kBoolean}, {"atthasdef", TypeId::kBoolean},
    {"attidentity", TypeId::kText},   {"attgenerated", TypeId::kText},  {"attisdropped", TypeId::kBoolean},
    {"attislocal", TypeId::kBoolean}, {"attcollation", TypeId::kInt64}};
Status PgAttribute(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEach(context.snapshot, [&](const Relation& relation) -> Status {
    for (size_t i = 0; i < relation.schema->columns.size(); ++i) {
      const table::Column& column = relation.schema->columns[i];
      const PgType& type = PgTypeOf(column.type);
      const std::string_view identity = column.generation == table::Generation::kIdentityAlways      ? "a"
                                        : column.generation == table::Generation::kIdentityByDefault ? "d"
                                                                                                     : "";
      const bool stored = column.generation == table::Generation::kStored;
      const Value row[] = {Number(relation.id),
                           Text(column.name),
                           Number(TypeIdOf(column)),
                           Value::Of(TypeId::kInt16, type.bytes),
                           Value::Of(TypeId::kInt16, static_cast<int16_t>(i + 1)),
                           Value::Int32(static_cast<int32_t>(ModifierOf(column.type))),
                           Value::Of(TypeId::kInt16, int16_t{0}),
                           Flag(column.not_null),
                           Flag(stored || !DefaultSql(context.snapshot, column).empty()),
                           Text(identity),
                           Text(stored ? "s" : ""),
                           Flag(false),
                           Flag(true),
                           Number(CollationIdOf(column))};
      TURDB_RETURN_IF_ERROR(sink(row));
    }
    return absl::OkStatus();
  });
}

constexpr SystemColumn kTypeColumns[] = {
    {"oid", TypeId::kInt64},        {"typname", TypeId::kText},         {"typnamespace", TypeId::kInt64},
    {"typowner", TypeId::kInt64},   {"typlen", TypeId::kInt16},         {"typtype", TypeId::kText},
    {"typcategory", TypeId::kText}, {"typisdefined", TypeId::kBoolean}, {"typrelid", TypeId::kInt64},
    {"typelem", TypeId::kInt64},    {"typarray", TypeId::kInt64},       {"typbasetype", TypeId::kInt64},
    {"typtypmod", TypeId::kInt32},  {"typnotnull", TypeId::kBoolean},   {"typdefault", TypeId::kText}};
Status PgTypes(const SystemView&, const SystemViewContext& context, RowSink sink) {
  const Schema* const system = context.snapshot.FindSchema(kSystemSchema);
  for (const PgType& type : kTypes) {
    const Value row[] = {Number(type.oid),
                         Text(type.name),
                         Number(system == nullptr ? 0 : system->id),
                         Number(kOwnerId),
                         Value::Of(TypeId::kInt16, type.bytes),
                         Text("b"),
                         Text(Letter(type.category)),
                         Flag(true),
                         Number(0),
                         Number(0),
                         Number(0),
                         Number(0),
                         Value::Int32(-1),
                         Flag(false),
                         Null(TypeId::kText)};
    TURDB_RETURN_IF_ERROR(sink(row));
  }
  Status status;
  context.snapshot.ForEachType([&](const std::shared_ptr<const Relation>& type) {
    if (!status.ok()) return;
    const bool domain = type->kind == RelationKind::kDomain;
    const bool composite = type->kind == RelationKind::kComposite;
    const table::Column* const value = domain ? &type->schema->columns[0] : nullptr;
    const Value row[] = {Number(kUserTypeIds + type->id),
                         Text(type->name()),
                         Number(NamespaceOf(context.snapshot, *type)),
                         Number(kOwnerId),
                         Value::Of(TypeId::kInt16, domain      ? PgTypeOf(value->type).bytes
                                                   : composite ? int16_t{-1}
                                                               : int16_t{4}),
                         Text(domain      ? "d"
                              : composite ? "c"
                                          : "e"),
                         Text(Letter(domain      ? PgTypeOf(value->type).category
                                     : composite ? 'C'
                                                 : 'E')),
                         Flag(true),
                         Number(0),
                         Number(0),
                         Number(0),
                         Number(domain ? TypeIdOf(*value) : 0),
                         Value::Int32(domain ? static_cast<int32_t>(ModifierOf(value->type)) : -1),
                         Flag(domain && value->not_null),
                         domain ? TextOrNull(value->default_sql) : Null(TypeId::kText)};
    status = sink(row);
  });
  return status;
}

constexpr SystemColumn kProcColumns[] = {{"oid", TypeId::kInt64},
                                         {"proname", TypeId::kText},
                                         {"pronamespace", TypeId::kInt64},
                                         {"proowner", TypeId::kInt64},
                                         {"prolang", TypeId::kInt64},
                                         {"provariadic", TypeId::kInt64},
                                         {"prokind", TypeId::kText},
                                         {"prosecdef", TypeId::kBoolean},
                                         {"proisstrict", TypeId::kBoolean},
                                         {"proretset", TypeId::kBoolean},
                                         {"provolatile", TypeId::kText},
                                         {"pronargs", TypeId::kInt16},
                                         {"pronargdefaults", TypeId::kInt16},
                                         {"prorettype", TypeId::kInt64},
                                         {"prosrc", TypeId::kText}};
Status Procedures(const SystemView&, const SystemViewContext& context, RowSink sink) {
  constexpr int64_t kSqlLanguageId = 14;
  constexpr int64_t kRecordId = 2249;
  Status status;
  context.snapshot.ForEachFunction([&](const std::shared_ptr<const Relation>& function) {
    if (!status.ok() || function->function.is_macro()) return;
    int16_t arguments = 0, defaults = 0;
    int64_t variadic = 0, result = kRecordId;
    for (size_t i = 0; i < function->schema->columns.size(); ++i) {
      const table::Column& column = function->schema->columns[i];
      const ParameterMode mode = function->function.modes[i];
      if (mode == ParameterMode::kResult) result = TypeIdOf(column);
      if (mode == ParameterMode::kResult || mode == ParameterMode::kOut || mode == ParameterMode::kTable) continue;
      ++arguments;
      if (!column.default_sql.empty()) ++defaults;
      if (mode == ParameterMode::kVariadic) variadic = PgTypeOf(column.type.element_type()).oid;
    }
    const Volatility volatility = function->function.volatility;
    const Value row[] = {Number(function->id),
                         Text(function->name()),
                         Number(NamespaceOf(context.snapshot, *function)),
                         Number(kOwnerId),
                         Number(kSqlLanguageId),
                         Number(variadic),
                         Text("f"),
                         Flag(false),
                         Flag(function->function.strict),
                         Flag(function->function.returns_set),
                         Text(volatility == Volatility::kImmutable ? "i"
                              : volatility == Volatility::kStable  ? "s"
                                                                   : "v"),
                         Value::Of(TypeId::kInt16, arguments),
                         Value::Of(TypeId::kInt16, defaults),
                         Number(result),
                         Text(function->view_sql)};
    status = sink(row);
  });
  return status;
}

constexpr SystemColumn kIndexColumns[] = {
    {"indexrelid", TypeId::kInt64},     {"indrelid", TypeId::kInt64},       {"indnatts", TypeId::kInt16},
    {"indnkeyatts", TypeId::kInt16},    {"indisunique", TypeId::kBoolean},  {"indnullsnotdistinct", TypeId::kBoolean},
    {"indisprimary", TypeId::kBoolean}, {"indimmediate", TypeId::kBoolean}, {"indisclustered", TypeId::kBoolean},
    {"indisvalid", TypeId::kBoolean},   {"indisready", TypeId::kBoolean},   {"indislive", TypeId::kBoolean},
    {"indkey", TypeId::kText},          {"indoption", TypeId::kText},       {"indexprs", TypeId::kText},
    {"indpred", TypeId::kText}};
Status PgIndexes(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEach(context.snapshot, [&](const Relation& relation) -> Status {
    if (relation.kind != RelationKind::kTable) return absl::OkStatus();
    for (const PgIndex& index : IndexesOf(*relation.schema)) {
      std::vector<std::string> keys, options, expressions;
      for (const table::IndexPart& part : *index.parts) {
        keys.push_back(absl::StrCat(part.column + 1));
        options.push_back(absl::StrCat((part.descending ? 1 : 0) + (part.nulls_first ? 2 : 0)));
        if (part.column < 0) expressions.push_back(part.expression_sql);
      }
      const auto parts = static_cast<int16_t>(index.parts->size());
      const Value row[] = {Number(index.oid),
                           Number(relation.id),
                           Value::Of(TypeId::kInt16, parts),
                           Value::Of(TypeId::kInt16, parts),
                           Flag(index.unique),
                           Flag(index.schema != nullptr && index.schema->nulls_not_distinct),
                           Flag(index.primary),
                           Flag(true),
                           Flag(index.primary),
                           Flag(true),
                           Flag(true),
                           Flag(true),
                           Text(absl::StrJoin(keys, " ")),
                           Text(absl::StrJoin(options, " ")),
                           TextOrNull(absl::StrJoin(expressions, ", ")),
                           TextOrNull(index.schema == nullptr ? "" : index.schema->predicate_sql)};
      TURDB_RETURN_IF_ERROR(sink(row));
    }
    return absl::OkStatus();
  });
}

constexpr SystemColumn kPgConstraintColumns[] = {{"oid", TypeId::kInt64},
                                                 {"conname", TypeId::kText},
                                                 {"connamespace", TypeId::kInt64},
                                                 {"contype", TypeId::kText},
                                                 {"condeferrable", TypeId::kBoolean},
                                                 {"condeferred", TypeId::kBoolean},
                                                 {"convalidated", TypeId::kBoolean},
                                                 {"conrelid", TypeId::kInt64},
                                                 {"contypid", TypeId::kInt64},
                                                 {"conindid", TypeId::kInt64},
                                                 {"confrelid", TypeId::kInt64},
                                                 {"confupdtype", TypeId::kText},
                                                 {"confdeltype", TypeId::kText},
                                                 {"confmatchtype", TypeId::kText},
                                                 {"conkey", TypeId::kText},
                                                 {"confkey", TypeId::kText}};
Status PgConstraints(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEach(context.snapshot, [&](const Relation& relation) -> Status {
    if (relation.kind != RelationKind::kTable) return absl::OkStatus();
    for (const PgConstraint& constraint : ConstraintsOf(context.snapshot, *relation.schema)) {
      const table::ForeignKey* const key = constraint.key;
      const Value row[] = {Number(constraint.oid),
                           Text(constraint.name),
                           Number(NamespaceOf(context.snapshot, relation)),
                           Text(Letter(constraint.type)),
                           Flag(key != nullptr && key->deferrable),
                           Flag(key != nullptr && key->initially_deferred),
                           Flag(true),
                           Number(relation.id),
                           Number(0),
                           Number(constraint.index),
                           Number(constraint.referenced),
                           Text(key == nullptr ? " " : Letter(ActionLetter(key->on_update))),
                           Text(key == nullptr ? " " : Letter(ActionLetter(key->on_delete))),
                           Text(key == nullptr    ? " "
                                : key->match_full ? "f"
                                                  : "s"),
                           Numbers(constraint.columns),
                           Numbers(constraint.referenced_columns)};
      TURDB_RETURN_IF_ERROR(sink(row));
    }
    return absl::OkStatus();
  });
}

constexpr SystemColumn kAttrdefColumns[] = {
    {"oid", TypeId::kInt64}, {"adrelid", TypeId::kInt64}, {"adnum", TypeId::kInt16}, {"adbin", TypeId::kText}};
Status PgAttrdef(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEach(context.snapshot, [&](const Relation& relation) -> Status {
    for (size_t i = 0; i < relation.schema->columns.size(); ++i) {
      const std::string value = DefaultSql(context.snapshot, relation.schema->columns[i]);
      if (value.empty()) continue;
      const Value row[] = {Number((int64_t{relation.id} << 16) + static_cast<int64_t>(i) + 1), Number(relation.id),
                           Value::Of(TypeId::kInt16, static_cast<int16_t>(i + 1)), Text(value)};
      TURDB_RETURN_IF_ERROR(sink(row));
    }
    return absl::OkStatus();
  });
}

constexpr SystemColumn kDescriptionColumns[] = {
    {"objoid", TypeId::kInt64}, {"classoid", TypeId::kInt64}, {"objsubid", TypeId::kInt32}, {"description", TypeId::kText}};
constexpr int64_t kPgClassId = 1259;  // of pg_class in PostgreSQL
Status PgDescription(const SystemView&, const SystemViewContext& context, RowSink sink) {
  const auto add = [&](int64_t oid, size_t column, const std::string& comment) -> Status {
    if (comment.empty()) return absl::OkStatus();
    const Value row[] = {Number(oid), Number(kPgClassId), Value::Int32(static_cast<int32_t>(column)), Text(comment)};
    return sink(row);
  };
  return ForEach(context.snapshot, [&](const Relation& relation) -> Status {
    TURDB_RETURN_IF_ERROR(add(relation.id, 0, relation.schema->comment));
    for (size_t i = 0; i < relation.schema->columns.size(); ++i) {
      TURDB_RETURN_IF_ERROR(add(relation.id, i + 1, relation.schema->columns[i].comment));
    }
    for (const table::IndexSchema& index : relation.schema->indexes) TURDB_RETURN_IF_ERROR(add(index.id, 0, index.comment));
    return absl::OkStatus();
  });
}

constexpr SystemColumn kPgTablesColumns[] = {{"schemaname", TypeId::kText},     {"tablename", TypeId::kText},
                                             {"tableowner", TypeId::kText},     {"tablespace", TypeId::kText},
                                             {"hasindexes", TypeId::kBoolean},  {"hasrules", TypeId::kBoolean},
                                             {"hastriggers", TypeId::kBoolean}, {"rowsecurity", TypeId::kBoolean}};
Status PgTables(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEach(context.snapshot, [&](const Relation& relation) -> Status {
    if (relation.kind != RelationKind::kTable || relation.is_materialized_view()) return absl::OkStatus();
    const TableSchema& schema = *relation.schema;
    const Value row[] = {Text(PgSchemaName(schema.schema_name)), Text(schema.name), Null(TypeId::kText), Null(TypeId::kText),
                         Flag(!IndexesOf(schema).empty()),       Flag(false),       Flag(false),         Flag(false)};
    return sink(row);
  });
}

constexpr SystemColumn kPgIndexesColumns[] = {{"schemaname", TypeId::kText},
                                              {"tablename", TypeId::kText},
                                              {"indexname", TypeId::kText},
                                              {"tablespace", TypeId::kText},
                                              {"indexdef", TypeId::kText}};
Status PgIndexList(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEach(context.snapshot, [&](const Relation& relation) -> Status {
    if (relation.kind != RelationKind::kTable) return absl::OkStatus();
    const TableSchema& schema = *relation.schema;
    for (const PgIndex& index : IndexesOf(schema)) {
      const Value row[] = {Text(PgSchemaName(schema.schema_name)), Text(schema.name), Text(index.name), Null(TypeId::kText),
                           Text(IndexSql(schema, index))};
      TURDB_RETURN_IF_ERROR(sink(row));
    }
    return absl::OkStatus();
  });
}

constexpr SystemColumn kPgViewsColumns[] = {
    {"schemaname", TypeId::kText}, {"viewname", TypeId::kText}, {"viewowner", TypeId::kText}, {"definition", TypeId::kText}};
Status PgViews(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEach(context.snapshot, [&](const Relation& relation) -> Status {
    if (relation.kind != RelationKind::kView) return absl::OkStatus();
    const Value row[] = {Text(PgSchemaName(relation.schema_name())), Text(relation.name()), Null(TypeId::kText),
                         Text(relation.view_sql)};
    return sink(row);
  });
}

constexpr SystemColumn kMatviewsColumns[] = {{"schemaname", TypeId::kText},    {"matviewname", TypeId::kText},
                                             {"matviewowner", TypeId::kText},  {"tablespace", TypeId::kText},
                                             {"hasindexes", TypeId::kBoolean}, {"ispopulated", TypeId::kBoolean},
                                             {"definition", TypeId::kText}};
Status PgMatviews(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEach(context.snapshot, [&](const Relation& relation) -> Status {
    if (!relation.is_materialized_view()) return absl::OkStatus();
    const Value row[] = {
        Text(PgSchemaName(relation.schema_name())), Text(relation.name()),       Null(TypeId::kText),    Null(TypeId::kText),
        Flag(!relation.schema->indexes.empty()),    Flag(!relation.unpopulated), Text(relation.view_sql)};
    return sink(row);
  });
}

constexpr SystemColumn kDatabaseColumns[] = {{"oid", TypeId::kInt64},
                                             {"datname", TypeId::kText},
                                             {"datdba", TypeId::kInt64},
                                             {"encoding", TypeId::kInt32},
                                             {"datcollate", TypeId::kText},
                                             {"datctype", TypeId::kText},
                                             {"datistemplate", TypeId::kBoolean},
                                             {"datallowconn", TypeId::kBoolean}};
Status PgDatabase(const SystemView&, const SystemViewContext&, RowSink sink) {
  const Value row[] = {Number(kDatabaseId), Text(kCatalogName), Number(kOwnerId), Value::Int32(6),
                       Text("C"),           Text("C"),          Flag(false),      Flag(true)};
  return sink(row);
}

constexpr SystemView kViews[] = {
    {kSystemSchema, "pg_namespace", kNamespaceColumns, PgNamespace},
    {kSystemSchema, "pg_class", kClassColumns, PgClass},
    {kSystemSchema, "pg_attribute", kAttributeColumns, PgAttribute},
    {kSystemSchema, "pg_type", kTypeColumns, PgTypes},
    {kSystemSchema, "pg_proc", kProcColumns, Procedures},
    {kSystemSchema, "pg_index", kIndexColumns, PgIndexes},
    {kSystemSchema, "pg_constraint", kPgConstraintColumns, PgConstraints},
    {kSystemSchema, "pg_attrdef", kAttrdefColumns, PgAttrdef},
    {kSystemSchema, "pg_description", kDescriptionColumns, PgDescription},
    {kSystemSchema, "pg_tables", kPgTablesColumns, PgTables},
    {kSystemSchema, "pg_indexes", kPgIndexesColumns, PgIndexList},
    {kSystemSchema, "pg_views", kPgViewsColumns, PgViews},
    {kSystemSchema, "pg_matviews", kMatviewsColumns, PgMatviews},
    {kSystemSchema, "pg_database", kDatabaseColumns, PgDatabase},
};

}  // namespace

std::span<const SystemView> PgViewList() { return kViews; }

// ---- one object

namespace {

// The table whose index or constraint has this id.
std::shared_ptr<const Relation> TableWith(const Snapshot& snapshot, absl::FunctionRef<bool(const TableSchema&)> has) {
  std::shared_ptr<const Relation> found;
  snapshot.ForEachRelation([&](const std::shared_ptr<const Relation>& relation) {
    if (relation->kind == RelationKind::kTable && found == nullptr && has(*relation->schema)) found = relation;
  });
  return found;
}

std::optional<PgIndex> FindIndexById(const Snapshot& snapshot, int64_t id, std::shared_ptr<const Relation>* table) {
  std::optional<PgIndex> found;
  *table = TableWith(snapshot, [&](const TableSchema& schema) {
    for (const PgIndex& index : IndexesOf(schema)) {
      if (index.oid == id) found = index;
    }
    return found.has_value();
  });
  return found;
}

std::optional<std::string> Some(const std::string& text) {
  return text.empty() ? std::optional<std::string>() : std::optional(text);
}

}  // namespace

std::optional<std::string> ObjectDescriber::Name(int64_t id, std::span<const std::string> search_path) const {
  if (id > kUserTypeIds && id <= kUserTypeIds + UINT32_MAX) id -= kUserTypeIds;
  const auto relation = id > 0 && id <= UINT32_MAX ? snapshot_.RelationOf(static_cast<ObjectId>(id)) : nullptr;
  std::shared_ptr<const Relation> table;
  if (relation == nullptr) {
    const std::optional<PgIndex> index = FindIndexById(snapshot_, id, &table);
    return index.has_value() ? std::optional(QuoteName(index->name)) : std::optional<std::string>();
  }
  const auto found = relation->is_type() ? snapshot_.FindType({}, relation->name(), search_path)
                                         : snapshot_.FindRelation({}, relation->name(), search_path);
  if (found != nullptr && found->id == relation->id) return QuoteName(relation->name());
  return absl::StrCat(QuoteName(relation->schema_name()), ".", QuoteName(relation->name()));
}

std::optional<std::string> ObjectDescriber::Index(int64_t id, int64_t part) const {
  std::shared_ptr<const Relation> table;
  const std::optional<PgIndex> index = FindIndexById(snapshot_, id, &table);
  if (!index.has_value()) return std::nullopt;
  if (part == 0) return IndexSql(*table->schema, *index);
  if (part < 1 || static_cast<size_t>(part) > index->parts->size()) return std::nullopt;
  return PartsSql(*table->schema, {(*index->parts)[static_cast<size_t>(part) - 1]});
}

std::optional<std::string> ObjectDescriber::Constraint(int64_t id) const {
  std::optional<std::string> found;
  TableWith(snapshot_, [&](const TableSchema& schema) {
    if (id >> 8 != (kConstraintIds >> 8) + schema.id) return false;
    for (const PgConstraint& constraint : ConstraintsOf(snapshot_, schema)) {
      if (constraint.oid == id) found = constraint.definition;
    }
    return true;
  });
  return found;
}

std::optional<std::string> ObjectDescriber::View(int64_t id) const {
  const auto relation = id > 0 && id <= UINT32_MAX ? snapshot_.RelationOf(static_cast<ObjectId>(id)) : nullptr;
  return relation == nullptr ? std::nullopt : Some(relation->view_sql);
}

std::optional<std::string> ObjectDescriber::Comment(int64_t id, int64_t part) const {
  const auto relation = id > 0 && id <= UINT32_MAX ? snapshot_.RelationOf(static_cast<ObjectId>(id)) : nullptr;
  if (relation != nullptr) {
    if (part == 0) return Some(relation->schema->comment);
    const std::vector<table::Column>& columns = relation->schema->columns;
    if (part < 1 || static_cast<size_t>(part) > columns.size()) return std::nullopt;
    return Some(columns[static_cast<size_t>(part) - 1].comment);
  }
  std::optional<std::string> found;
  snapshot_.ForEachSchema([&](const Schema& schema) {
    if (schema.id == id) found = Some(schema.comment);
  });
  if (found.has_value()) return found;
  std::shared_ptr<const Relation> table;
  if (const std::optional<PgIndex> index = FindIndexById(snapshot_, id, &table); index.has_value()) {
    return Some(index->schema == nullptr ? table->schema->primary_key_comment : index->schema->comment);
  }
  TableWith(snapshot_, [&](const TableSchema& schema) {
    if (id >> 8 != (kConstraintIds >> 8) + schema.id) return false;
    for (const PgConstraint& constraint : ConstraintsOf(snapshot_, schema)) {
      if (constraint.oid == id) found = Some(constraint.comment);
    }
    return true;
  });
  return found;
}

}  // namespace turdb::catalog
