// Functions and macros that users made, as turdb_catalog and information_schema list them; pg_proc: system_views_pg.cc.
#include "absl/strings/str_cat.h"
#include "catalog/system_view_tables.h"
#include "catalog/table_sql.h"

namespace turdb::catalog {
namespace {

using base::Status;
using vec::TypeId;
using vec::Value;

Status ForEachFunction(const Snapshot& snapshot, absl::FunctionRef<Status(const Relation&)> visit) {
  Status status;
  snapshot.ForEachFunction([&](const std::shared_ptr<const Relation>& function) {
    if (status.ok()) status = visit(*function);
  });
  return status;
}

std::string_view NameOf(Volatility volatility) {
  switch (volatility) {
    case Volatility::kVolatile:
      return "volatile";
    case Volatility::kStable:
      return "stable";
    case Volatility::kImmutable:
      return "immutable";
  }
  return "";
}

constexpr SystemColumn kFunctionsColumns[] = {
    {"schema_name", TypeId::kText},  {"function_name", TypeId::kText}, {"kind", TypeId::kText},
    {"function_id", TypeId::kInt64}, {"arguments", TypeId::kText},     {"result_type", TypeId::kText},
    {"volatility", TypeId::kText},   {"is_strict", TypeId::kBoolean},  {"sql", TypeId::kText},
    {"comment", TypeId::kText},      {"identity", TypeId::kText},      {"needs_table", TypeId::kBoolean}};
Status Functions(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEachFunction(context.snapshot, [&](const Relation& function) {
    bool needs_table = false;  // a parameter or the result has the rows of a table
    for (const table::Column& column : function.schema->columns) {
      context.snapshot.ForEachTypeIn(column.type, [&](ObjectId id) {
        const auto relation = context.snapshot.RelationOf(id);
        needs_table = needs_table || (relation != nullptr && !relation->is_type());
      });
    }
    const bool macro = function.function.is_macro();
    const bool rows = function.function.body == FunctionBody::kQuery;
    const Value row[] = {Text(function.schema_name()),
                         Text(function.name()),
                         Text(!macro ? "function"
                              : rows ? "table macro"
                                     : "macro"),
                         Value::Int64(function.id),
                         Text(ArgumentsSql(context.snapshot, function, false)),
                         macro ? Value::Null(vec::Type::Text()) : Text(ResultSql(context.snapshot, function)),
                         macro ? Value::Null(vec::Type::Text()) : Text(NameOf(function.function.volatility)),
                         Value::Boolean(function.function.strict),
                         Text(FunctionSql(context.snapshot, function)),
                         TextOrNull(function.schema->comment),
                         Text(ArgumentsSql(context.snapshot, function, true)),
                         Value::Boolean(needs_table)};
    return sink(row);
  });
}

std::string SpecificName(const Relation& function) { return absl::StrCat(function.name(), "_", function.id); }

// What information_schema calls a type.
Value DataType(const Snapshot& snapshot, const vec::Type& type) {
  if (type.id == TypeId::kArray) return Text("ARRAY");
  return Text(type.user_type_id() != 0 ? std::string("USER-DEFINED") : snapshot.NameOf(type));
}

constexpr SystemColumn kRoutinesColumns[] = {
    {"specific_catalog", TypeId::kText},   {"specific_schema", TypeId::kText},   {"specific_name", TypeId::kText},
    {"routine_catalog", TypeId::kText},    {"routine_schema", TypeId::kText},    {"routine_name", TypeId::kText},
    {"routine_type", TypeId::kText},       {"data_type", TypeId::kText},         {"routine_body", TypeId::kText},
    {"routine_definition", TypeId::kText}, {"external_language", TypeId::kText}, {"is_deterministic", TypeId::kText},
    {"is_null_call", TypeId::kText}};
Status Routines(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEachFunction(context.snapshot, [&](const Relation& function) -> Status {
    Value type = Text("record");
    for (size_t i = 0; i < function.schema->columns.size(); ++i) {
      if (function.function.modes[i] == ParameterMode::kResult) {
        type = DataType(context.snapshot, function.schema->columns[i].type);
      }
    }
    const Value row[] = {Text(kCatalogName),
                         Text(function.schema_name()),
                         Text(SpecificName(function)),
                         Text(kCatalogName),
                         Text(function.schema_name()),
                         Text(function.name()),
                         Text("FUNCTION"),
                         function.function.is_macro() ? Value::Null(vec::Type::Text()) : type,
                         Text("SQL"),
                         Text(function.view_sql),
                         Text("SQL"),
                         YesNo(function.function.volatility == Volatility::kImmutable),
                         YesNo(function.function.strict)};
    return sink(row);
  });
}

constexpr SystemColumn kParametersColumns[] = {{"specific_catalog", TypeId::kText}, {"specific_schema", TypeId::kText},
                                               {"specific_name", TypeId::kText},    {"ordinal_position", TypeId::kInt32},
                                               {"parameter_mode", TypeId::kText},   {"parameter_name", TypeId::kText},
                                               {"data_type", TypeId::kText},        {"parameter_default", TypeId::kText}};
Status Parameters(const SystemView&, const SystemViewContext& context, RowSink sink) {
  return ForEachFunction(context.snapshot, [&](const Relation& function) -> Status {
    for (size_t i = 0; i < function.schema->columns.size(); ++i) {
      const ParameterMode mode = function.function.modes[i];
      if (mode == ParameterMode::kResult) continue;
      const table::Column& column = function.schema->columns[i];
      const std::string_view shown = mode == ParameterMode::kOut || mode == ParameterMode::kTable ? "OUT"
                                     : mode == ParameterMode::kInOut                              ? "INOUT"
                                                                                                  : "IN";
      const Value row[] = {
          Text(kCatalogName),
          Text(function.schema_name()),
          Text(SpecificName(function)),
          Value::Int32(static_cast<int32_t>(i) + 1),
          Text(shown),
          TextOrNull(column.name),
          function.function.is_macro() ? Value::Null(vec::Type::Text()) : DataType(context.snapshot, column.type),
          TextOrNull(column.default_sql)};
      TURDB_RETURN_IF_ERROR(sink(row));
    }
    return absl::OkStatus();
  });
}

constexpr SystemView kViews[] = {
    {kSystemSchema, "functions", kFunctionsColumns, Functions},
    {kInformationSchema, "routines", kRoutinesColumns, Routines},
    {kInformationSchema, "parameters", kParametersColumns, Parameters},
};

}  // namespace

std::span<const SystemView> FunctionViews() { return kViews; }

}  // namespace turdb::catalog
