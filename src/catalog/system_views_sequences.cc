// Sequences, as TurDB, PostgreSQL and the standard list them.
#include "absl/strings/str_cat.h"
#include "catalog/system_view_tables.h"
#include "catalog/table_sql.h"

namespace turdb::catalog {
namespace {

using base::Status;
using table::SequenceSchema;
using vec::TypeId;
using vec::Value;

Status EachSequence(const Snapshot& snapshot, absl::FunctionRef<Status(const Relation&, const SequenceSchema&)> visit) {
  return ForEach(snapshot, [&](const Relation& relation) {
    return relation.kind == RelationKind::kSequence ? visit(relation, relation.sequence) : absl::OkStatus();
  });
}

std::string TypeName(const SequenceSchema& sequence) { return vec::Type(sequence.type).ToString(); }

constexpr SystemColumn kSequencesColumns[] = {
    {"schema_name", TypeId::kText}, {"sequence_name", TypeId::kText}, {"sequence_id", TypeId::kInt64},
    {"data_type", TypeId::kText},   {"last_value", TypeId::kInt64},   {"is_called", TypeId::kBoolean},
    {"owner_table", TypeId::kText}, {"owner_column", TypeId::kText},  {"file", TypeId::kText},
    {"sql", TypeId::kText},         {"comment", TypeId::kText}};
Status Sequences(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return EachSequence(context.snapshot, [&](const Relation& relation, const SequenceSchema& sequence) -> Status {
    TURDB_ASSIGN_OR_RETURN(const table::Sequence::Position now, relation.Counter()->Read(sequence));
    const SequenceOwner owner = context.snapshot.OwnerOf(relation.id);
    const bool owned = owner.relation != nullptr;
    const Value row[] = {Text(relation.schema_name()),
                         Text(relation.name()),
                         Value::Int64(relation.id),
                         Text(TypeName(sequence)),
                         Value::Int64(now.value),
                         Value::Boolean(now.given),
                         owned ? Text(owner.relation->name()) : TextOrNull(""),
                         owned ? Text(owner.relation->schema->columns[static_cast<size_t>(owner.column)].name) : TextOrNull(""),
                         Text(sequence.path),
                         TextOrNull(SqlOf(context.snapshot, relation)),
                         TextOrNull(relation.schema->comment)};
    return sink(row);
  });
}

constexpr SystemColumn kPgSequencesColumns[] = {
    {"schemaname", TypeId::kText},  {"sequencename", TypeId::kText},  {"sequenceowner", TypeId::kText},
    {"data_type", TypeId::kText},   {"start_value", TypeId::kInt64},  {"min_value", TypeId::kInt64},
    {"max_value", TypeId::kInt64},  {"increment_by", TypeId::kInt64}, {"cycle", TypeId::kBoolean},
    {"cache_size", TypeId::kInt64}, {"last_value", TypeId::kInt64}};
Status PgSequences(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return EachSequence(context.snapshot, [&](const Relation& relation, const SequenceSchema& sequence) -> Status {
    TURDB_ASSIGN_OR_RETURN(const table::Sequence::Position now, relation.Counter()->Read(sequence));
    const Value row[] = {Text(relation.schema_name()),
                         Text(relation.name()),
                         TextOrNull(""),
                         Text(TypeName(sequence)),
                         Value::Int64(sequence.start),
                         Value::Int64(sequence.min_value),
                         Value::Int64(sequence.max_value),
                         Value::Int64(sequence.increment),
                         Value::Boolean(sequence.cycle),
                         Value::Int64(sequence.cache),
                         now.given ? Value::Int64(now.value) : Value::Null(vec::Type::Int64())};
    return sink(row);
  });
}

constexpr SystemColumn kInfoSequencesColumns[] = {
    {"sequence_catalog", TypeId::kText}, {"sequence_schema", TypeId::kText},    {"sequence_name", TypeId::kText},
    {"data_type", TypeId::kText},        {"numeric_precision", TypeId::kInt32}, {"numeric_precision_radix", TypeId::kInt32},
    {"numeric_scale", TypeId::kInt32},   {"start_value", TypeId::kText},        {"minimum_value", TypeId::kText},
    {"maximum_value", TypeId::kText},    {"increment", TypeId::kText},          {"cycle_option", TypeId::kText}};
Status InfoSequences(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return EachSequence(context.snapshot, [&](const Relation& relation, const SequenceSchema& sequence) -> Status {
    const SequenceOwner owner = context.snapshot.OwnerOf(relation.id);
    // The standard's view leaves out those of identity columns: they are part of their table.
    if (owner.relation != nullptr) {
      const table::Column& column = owner.relation->schema->columns[static_cast<size_t>(owner.column)];
      if (column.sequence == relation.id && column.generation != table::Generation::kNone) return absl::OkStatus();
    }
    const int32_t bits = sequence.type == TypeId::kInt16 ? 16 : sequence.type == TypeId::kInt32 ? 32 : 64;
    const Value row[] = {Text(kCatalogName),
                         Text(relation.schema_name()),
                         Text(relation.name()),
                         Text(TypeName(sequence)),
                         Value::Int32(bits),
                         Value::Int32(2),
                         Value::Int32(0),
                         Text(absl::StrCat(sequence.start)),
                         Text(absl::StrCat(sequence.min_value)),
                         Text(absl::StrCat(sequence.max_value)),
                         Text(absl::StrCat(sequence.increment)),
                         YesNo(sequence.cycle)};
    return sink(row);
  });
}

constexpr SystemView kViews[] = {
    {kSystemSchema, "sequences", kSequencesColumns, Sequences},
    {kSystemSchema, "pg_sequences", kPgSequencesColumns, PgSequences},
    {kInformationSchema, "sequences", kInfoSequencesColumns, InfoSequences},
};

}  // namespace

std::span<const SystemView> SequenceViews() { return kViews; }

}  // namespace turdb::catalog
