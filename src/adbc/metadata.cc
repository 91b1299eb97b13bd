// What a connection tells about itself and its database: info, objects, schemas of tables, statistics. The catalog is read by
// SQL.
#include <cstring>

#include "absl/strings/str_cat.h"
#include "adbc/handles.h"
#include "arrow/record_builder.h"

namespace turdb::adbc {
namespace {

using arrow::RecordBuilder;
using arrow::SchemaNode;
using Text = std::optional<std::string>;

SchemaNode Node(std::string_view format, std::string_view name, bool nullable = true, std::vector<SchemaNode> children = {}) {
  SchemaNode node;
  node.format = std::string(format);
  node.name = std::string(name);
  node.nullable = nullable;
  node.children = std::move(children);
  return node;
}
SchemaNode Struct(std::vector<SchemaNode> fields, std::string_view name = "item") {
  return Node("+s", name, true, std::move(fields));
}
SchemaNode List(std::string_view name, SchemaNode item, bool nullable = true) {
  std::vector<SchemaNode> children;
  children.push_back(std::move(item));
  return Node("+l", name, nullable, std::move(children));
}
SchemaNode Root(std::vector<SchemaNode> fields) { return Node("+s", "", false, std::move(fields)); }

AdbcStatusCode ExportRows(const SchemaNode& node, RecordBuilder& builder, ArrowArrayStream* out) {
  arrow::Owned<ArrowSchema> schema;
  arrow::Export(node, schema.get());
  arrow::Owned<ArrowArray> batch;
  builder.Finish(batch.get());
  arrow::MakeStream(std::move(schema), std::move(batch), out);
  return kOk;
}

void AddText(RecordBuilder& builder, const Text& text) { text.has_value() ? builder.Text(*text) : builder.Null(); }

turdb_conn* ConnOf(AdbcConnection* connection) {
  const std::shared_ptr<Connection> held = SharedConnection(connection);
  return held == nullptr ? nullptr : held->conn.get();
}

AdbcStatusCode CheckCall(AdbcConnection* connection, const void* out, AdbcError* error) {
  if (ConnOf(connection) == nullptr) return Fail(error, kInvalidState, "the connection is not open");
  return out == nullptr ? Fail(error, kInvalidArgument, "out is NULL") : kOk;
}

// LIKE over the whole of the name; a NULL pattern fits every name.
std::string Fits(std::string_view column, int parameter) {
  return absl::StrCat("($", parameter, "::text IS NULL OR ", column, " LIKE $", parameter, ")");
}
Text Optional(const char* text) { return text == nullptr ? Text() : Text(text); }

// ---- info

struct Info {
  uint32_t code;
  enum class Kind : uint8_t { kText, kBool, kInt } kind;
  std::string text;
  int64_t number = 0;
};

std::vector<Info> AllInfo() {
  using Kind = Info::Kind;
  return {{0, Kind::kText, "TurDB"},
          {1, Kind::kText, turdb_version()},
          {3, Kind::kBool, "", 1},  // SQL
          {4, Kind::kBool, "", 0},  // Substrait
          {100, Kind::kText, "ADBC driver of TurDB"},
          {101, Kind::kText, turdb_version()},
          {103, Kind::kInt, "", kVersion110}};
}

SchemaNode InfoSchema() {
  SchemaNode entries = Struct({Node("i", "key", false), List("value", Node("i", "item"))}, "entries");
  entries.nullable = false;
  SchemaNode map = Node("+m", "int32_to_int32_list_map");
  map.children.push_back(std::move(entries));
  return Root({Node("I", "info_name", false),
               Node("+ud:0,1,2,3,4,5", "info_value", true,
                    {Node("u", "string_value"), Node("b", "bool_value"), Node("l", "int64_value"), Node("i", "int32_bitmask"),
                     List("string_list", Node("u", "item")), std::move(map)})});
}

AdbcStatusCode GetInfo(AdbcConnection* connection, const uint32_t* codes, size_t count, ArrowArrayStream* out,
                       AdbcError* error) {
  return Guard(error, [&] {
    TURDB_ADBC_TRY(CheckCall(connection, out, error));
    const SchemaNode node = InfoSchema();
    RecordBuilder rows(node);
    for (const Info& info : AllInfo()) {
      bool wanted = codes == nullptr;
      for (size_t i = 0; i < count && codes != nullptr; ++i) wanted = wanted || codes[i] == info.code;
      if (!wanted) continue;
      rows.child(0).Int(info.code);
      RecordBuilder& value = rows.child(1);
      switch (info.kind) {
        case Info::Kind::kText:
          value.child(0).Text(info.text);
          value.CloseMember(0);
          break;
        case Info::Kind::kBool:
          value.child(1).Bool(info.number != 0);
          value.CloseMember(1);
          break;
        case Info::Kind::kInt:
          value.child(2).Int(info.number);
          value.CloseMember(2);
          break;
      }
      rows.Close();
    }
    return ExportRows(node, rows, out);
  });
}

// ---- objects

SchemaNode ObjectsSchema() {
  SchemaNode usage = Struct(
      {Node("u", "fk_catalog"), Node("u", "fk_db_schema"), Node("u", "fk_table", false), Node("u", "fk_column_name", false)});
  SchemaNode constraint =
      Struct({Node("u", "constraint_name"), Node("u", "constraint_type", false),
              List("constraint_column_names", Node("u", "item"), false), List("constraint_column_usage", std::move(usage))});
  SchemaNode column =
      Struct({Node("u", "column_name", false), Node("i", "ordinal_position"), Node("u", "remarks"), Node("s", "xdbc_data_type"),
              Node("u", "xdbc_type_name"), Node("i", "xdbc_column_size"), Node("s", "xdbc_decimal_digits"),
              Node("s", "xdbc_num_prec_radix"), Node("s", "xdbc_nullable"), Node("u", "xdbc_column_def"),
              Node("s", "xdbc_sql_data_type"), Node("s", "xdbc_datetime_sub"), Node("i", "xdbc_char_octet_length"),
              Node("u", "xdbc_is_nullable"), Node("u", "xdbc_scope_catalog"), Node("u", "xdbc_scope_schema"),
              Node("u", "xdbc_scope_table"), Node("b", "xdbc_is_autoincrement"), Node("b", "xdbc_is_generatedcolumn")});
  SchemaNode table = Struct({Node("u", "table_name", false), Node("u", "table_type", false),
                             List("table_columns", std::move(column)), List("table_constraints", std::move(constraint))});
  SchemaNode schema = Struct({Node("u", "db_schema_name"), List("db_schema_tables", std::move(table))});
  return Root({Node("u", "catalog_name"), List("catalog_db_schemas", std::move(schema))});
}

struct ForeignColumn {
  std::string schema, table, column;
};
struct Constraint {
  std::string name, type;
  std::vector<std::string> columns;
  std::vector<ForeignColumn> referenced;
};
struct Column {
  std::string name;
  int64_t position = 0;
  Text remarks, type, default_sql, is_nullable;
  std::optional<int64_t> size, digits, radix, octets;
  bool autoincrement = false, generated = false;
};
struct Table {
  std::string name, type;
  std::vector<Column> columns;
  std::vector<Constraint> constraints;
};
using Tables = std::map<std::pair<std::string, std::string>, Table>;  // by schema and name

// What ADBC calls the types of tables that information_schema knows.
std::string TableType(const std::string& type) {
  if (type == "BASE TABLE") return "TABLE";
  if (type == "LOCAL TEMPORARY") return "LOCAL TEMPORARY";
  return type;
}

// JDBC's numbers of SQL types, by SQL's names.
int64_t XdbcType(const std::string& type) {
  static const std::map<std::string, int64_t, std::less<>> kTypes = {{"boolean", 16},
                                                                     {"tinyint", -6},
                                                                     {"smallint", 5},
                                                                     {"integer", 4},
                                                                     {"bigint", -5},
                                                                     {"real", 7},
                                                                     {"double precision", 8},
                                                                     {"numeric", 2},
                                                                     {"text", 12},
                                                                     {"character varying", 12},
                                                                     {"character", 1},
                                                                     {"bytea", -3},
                                                                     {"date", 91},
                                                                     {"json", 12},
                                                                     {"jsonb", 12},
                                                                     {"time without time zone", 92},
                                                                     {"timestamp without time zone", 93},
                                                                     {"timestamp with time zone", 2014},
                                                                     {"ARRAY", 2003}};
  const auto found = kTypes.find(type);
  return found == kTypes.end() ? 1111 : found->second;  // OTHER
}

struct ObjectFilter {
  Text schema, table, column;
  std::vector<std::string> types;  // empty: all
};

std::optional<int64_t> Int(turdb_stmt* row, int64_t column) {
  if (turdb_stmt_column_is_null(row, column)) return std::nullopt;
  return turdb_stmt_column_int64(row, column);
}

AdbcStatusCode ReadTables(turdb_conn* conn, const ObjectFilter& filter, Tables* tables, AdbcError* error) {
  return Query(
      conn,
      "SELECT table_schema, table_name, table_type FROM information_schema.tables WHERE " + Fits("table_schema", 1) + " AND " +
          Fits("table_name", 2) + " ORDER BY 1, 2",
      {filter.schema, filter.table},
      [&](turdb_stmt* row) {
        Table table{TextAt(row, 1).value_or(""), TableType(TextAt(row, 2).value_or("")), {}, {}};
        bool wanted = filter.types.empty();
        for (const std::string& type : filter.types) wanted = wanted || type == table.type;
        if (wanted) tables->emplace(std::pair(TextAt(row, 0).value_or(""), table.name), std::move(table));
      },
      error);
}

AdbcStatusCode ReadColumns(turdb_conn* conn, const ObjectFilter& filter, Tables* tables, AdbcError* error) {
  return Query(
      conn,
      "SELECT c.table_schema, c.table_name, c.column_name, c.ordinal_position, c.data_type, c.column_default, c.is_nullable, "
      "coalesce(c.character_maximum_length, c.numeric_precision, c.datetime_precision), c.numeric_scale, "
      "c.numeric_precision_radix, c.character_octet_length, c.is_identity = 'YES' OR c.column_default LIKE 'nextval(%', "
      "c.is_generated = 'ALWAYS', col_description(k.oid, c.ordinal_position) FROM information_schema.columns c "
      "LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = c.table_schema OR (n.nspname = 'public' AND c.table_schema = 'root') "
      "LEFT JOIN pg_catalog.pg_class k ON k.relnamespace = n.oid AND k.relname = c.table_name WHERE " +
          Fits("c.table_schema", 1) + " AND " + Fits("c.table_name", 2) + " AND " + Fits("c.column_name", 3) +
          " ORDER BY 1, 2, 4",
      {filter.schema, filter.table, filter.column},
      [&](turdb_stmt* row) {
        const auto found = tables->find(std::pair(TextAt(row, 0).value_or(""), TextAt(row, 1).value_or("")));
        if (found == tables->end()) return;
        Column column;
        column.name = TextAt(row, 2).value_or("");
        column.position = turdb_stmt_column_int64(row, 3);
        column.type = TextAt(row, 4);
        column.default_sql = TextAt(row, 5);
        column.is_nullable = TextAt(row, 6);
        column.size = Int(row, 7);
        column.digits = Int(row, 8);
        column.radix = Int(row, 9);
        column.octets = Int(row, 10);
        column.autoincrement = turdb_stmt_column_bool(row, 11);
        column.generated = turdb_stmt_column_bool(row, 12);
        column.remarks = TextAt(row, 13);
        found->second.columns.push_back(std::move(column));
      },
      error);
}

AdbcStatusCode ReadConstraints(turdb_conn* conn, const ObjectFilter& filter, Tables* tables, AdbcError* error) {
  // A row a column, in the order of the constraint; what a foreign key's column refers to beside it.
  return Query(
      conn,
      "SELECT t.table_schema, t.table_name, t.constraint_name, t.constraint_type, k.column_name, u.table_schema, u.table_name, "
      "u.column_name FROM information_schema.table_constraints t "
      "LEFT JOIN information_schema.key_column_usage k ON k.constraint_schema = t.constraint_schema AND k.constraint_name = "
      "t.constraint_name AND k.table_name = t.table_name "
      "LEFT JOIN information_schema.referential_constraints r ON r.constraint_schema = t.constraint_schema AND "
      "r.constraint_name = "
      "t.constraint_name AND t.constraint_type = 'FOREIGN KEY' "
      "LEFT JOIN information_schema.key_column_usage u ON u.constraint_schema = r.unique_constraint_schema AND "
      "u.constraint_name = "
      "r.unique_constraint_name AND u.ordinal_position = k.position_in_unique_constraint WHERE " +
          Fits("t.table_schema", 1) + " AND " + Fits("t.table_name", 2) + " ORDER BY 1, 2, 3, k.ordinal_position",
      {filter.schema, filter.table},
      [&](turdb_stmt* row) {
        const auto found = tables->find(std::pair(TextAt(row, 0).value_or(""), TextAt(row, 1).value_or("")));
        if (found == tables->end()) return;
        auto& constraints = found->second.constraints;
        const std::string name = TextAt(row, 2).value_or("");
        if (constraints.empty() || constraints.back().name != name) {
          constraints.push_back({name, TextAt(row, 3).value_or(""), {}, {}});
        }
        if (const Text column = TextAt(row, 4); column.has_value()) constraints.back().columns.push_back(*column);
        if (const Text column = TextAt(row, 7); column.has_value()) {
          constraints.back().referenced.push_back({TextAt(row, 5).value_or(""), TextAt(row, 6).value_or(""), *column});
        }
      },
      error);
}

void AddInt(RecordBuilder& builder, const std::optional<int64_t>& value) {
  value.has_value() ? builder.Int(*value) : builder.Null();
}

void AddColumn(RecordBuilder& out, const Column& column) {
  size_t i = 0;
  const auto next = [&]() -> RecordBuilder& { return out.child(i++); };
  const int64_t type = XdbcType(column.type.value_or(""));
  next().Text(column.name);
  next().Int(column.position);
  AddText(next(), column.remarks);
  next().Int(type);
  AddText(next(), column.type);
  AddInt(next(), column.size);
  AddInt(next(), column.digits);
  AddInt(next(), column.radix);
  next().Int(column.is_nullable == "NO" ? 0 : 1);
  AddText(next(), column.default_sql);
  next().Int(type);
  next().Null();
  AddInt(next(), column.octets);
  AddText(next(), column.is_nullable);
  for (int scope = 0; scope < 3; ++scope) next().Null();
  next().Bool(column.autoincrement);
  next().Bool(column.generated);
  out.Close();
}

void AddConstraint(RecordBuilder& out, const std::string& catalog, const Constraint& constraint) {
  out.child(0).Text(constraint.name);
  out.child(1).Text(constraint.type);
  for (const std::string& column : constraint.columns) out.child(2).child(0).Text(column);
  out.child(2).Close();
  if (constraint.type != "FOREIGN KEY") {
    out.child(3).Null();
  } else {
    RecordBuilder& usage = out.child(3).child(0);
    for (const ForeignColumn& column : constraint.referenced) {
      usage.child(0).Text(catalog);
      usage.child(1).Text(column.schema);
      usage.child(2).Text(column.table);
      usage.child(3).Text(column.column);
      usage.Close();
    }
    out.child(3).Close();
  }
  out.Close();
}

void AddTable(RecordBuilder& out, const std::string& catalog, const Table& table, bool with_columns) {
  out.child(0).Text(table.name);
  out.child(1).Text(table.type);
  if (!with_columns) {
    out.child(2).Null();
    out.child(3).Null();
  } else {
    for (const Column& column : table.columns) AddColumn(out.child(2).child(0), column);
    out.child(2).Close();
    for (const Constraint& constraint : table.constraints) AddConstraint(out.child(3).child(0), catalog, constraint);
    out.child(3).Close();
  }
  out.Close();
}

// The one catalog, unless the filter is for others.
AdbcStatusCode FindCatalog(turdb_conn* conn, const char* filter, Text* catalog, AdbcError* error) {
  return Query(
      conn, "SELECT current_database() WHERE " + Fits("current_database()", 1), {Optional(filter)},
      [&](turdb_stmt* row) { *catalog = TextAt(row, 0); }, error);
}

AdbcStatusCode ReadSchemas(turdb_conn* conn, const Text& filter, std::vector<std::string>* schemas, AdbcError* error) {
  return Query(
      conn, "SELECT schema_name FROM information_schema.schemata WHERE " + Fits("schema_name", 1) + " ORDER BY 1", {filter},
      [&](turdb_stmt* row) { schemas->push_back(TextAt(row, 0).value_or("")); }, error);
}

AdbcStatusCode GetObjects(AdbcConnection* connection, int depth, const char* catalog_filter, const char* schema_filter,
                          const char* table_filter, const char** table_types, const char* column_filter, ArrowArrayStream* out,
                          AdbcError* error) {
  return Guard(error, [&] {
    TURDB_ADBC_TRY(CheckCall(connection, out, error));
    turdb_conn* const conn = ConnOf(connection);
    const bool with_schemas = depth != kDepthCatalogs;
    const bool with_tables = with_schemas && depth != kDepthSchemas;
    const bool with_columns = with_tables && depth != kDepthTables;
    if (depth < kDepthAll || depth > kDepthTables) return Fail(error, kInvalidArgument, "there is no such depth of objects");
    ObjectFilter filter{Optional(schema_filter), Optional(table_filter), Optional(column_filter), {}};
    for (; table_types != nullptr && *table_types != nullptr; ++table_types) filter.types.emplace_back(*table_types);
    Text catalog;
    std::vector<std::string> schemas;
    Tables tables;
    TURDB_ADBC_TRY(FindCatalog(conn, catalog_filter, &catalog, error));
    if (with_schemas) TURDB_ADBC_TRY(ReadSchemas(conn, filter.schema, &schemas, error));
    if (with_tables) TURDB_ADBC_TRY(ReadTables(conn, filter, &tables, error));
    if (with_columns) TURDB_ADBC_TRY(ReadColumns(conn, filter, &tables, error));
    if (with_columns) TURDB_ADBC_TRY(ReadConstraints(conn, filter, &tables, error));
    const SchemaNode node = ObjectsSchema();
    RecordBuilder rows(node);
    if (catalog.has_value()) {
      rows.child(0).Text(*catalog);
      RecordBuilder& list = rows.child(1);
      for (const std::string& schema : schemas) {
        RecordBuilder& each = list.child(0);
        each.child(0).Text(schema);
        for (auto at = tables.lower_bound(std::pair(schema, std::string())); at != tables.end() && at->first.first == schema;
             ++at) {
          AddTable(each.child(1).child(0), *catalog, at->second, with_columns);
        }
        with_tables ? each.child(1).Close() : each.child(1).Null();
        each.Close();
      }
      with_schemas ? list.Close() : list.Null();
      rows.Close();
    }
    return ExportRows(node, rows, out);
  });
}

AdbcStatusCode GetTableTypes(AdbcConnection* connection, ArrowArrayStream* out, AdbcError* error) {
  return Guard(error, [&] {
    TURDB_ADBC_TRY(CheckCall(connection, out, error));
    const SchemaNode node = Root({Node("u", "table_type", false)});
    RecordBuilder rows(node);
    for (const std::string_view type : {"TABLE", "VIEW", "LOCAL TEMPORARY"}) {
      rows.child(0).Text(type);
      rows.Close();
    }
    return ExportRows(node, rows, out);
  });
}

AdbcStatusCode GetTableSchema(AdbcConnection* connection, const char* catalog, const char* schema, const char* table,
                              ArrowSchema* out, AdbcError* error) {
  return Guard(error, [&] {
    TURDB_ADBC_TRY(CheckCall(connection, out, error));
    out->release = nullptr;
    if (table == nullptr) return Fail(error, kInvalidArgument, "table_name is NULL");
    turdb_conn* const conn = ConnOf(connection);
    if (catalog != nullptr && *catalog != '\0') {
      Text found;
      TURDB_ADBC_TRY(FindCatalog(conn, catalog, &found, error));
      if (found != catalog) return Fail(error, kNotFound, std::string("there is no catalog \"") + catalog + "\"", "3D000");
    }
    std::string sql = "SELECT * FROM ";
    if (schema != nullptr && *schema != '\0') sql += Quoted(schema) + ".";
    sql += Quoted(table);
    turdb_stmt* raw = nullptr;
    TURDB_ADBC_TRY(Try(error, [&](turdb_error** failure) {
      return turdb_stmt_prepare(conn, sql.data(), static_cast<int64_t>(sql.size()), nullptr, &raw, failure);
    }));
    const Handle<turdb_stmt> stmt(raw);
    return Try(error,
               [&](turdb_error** failure) { return turdb_stmt_result_schema(stmt.get(), TURDB_ARROW_DEFAULT, out, failure); });
  });
}

// ---- statistics

constexpr int64_t kDistinctCount = 1, kNullCount = 5, kRowCount = 6;

SchemaNode StatisticsSchema() {
  SchemaNode value = Node("+ud:0,1,2,3", "statistic_value", false,
                          {Node("l", "int64"), Node("L", "uint64"), Node("g", "float64"), Node("z", "binary")});
  SchemaNode statistic = Struct({Node("u", "table_name", false), Node("u", "column_name"), Node("s", "statistic_key", false),
                                 std::move(value), Node("b", "statistic_is_approximate", false)});
  SchemaNode schema = Struct({Node("u", "db_schema_name"), List("db_schema_statistics", std::move(statistic), false)});
  return Root({Node("u", "catalog_name"), List("catalog_db_schemas", std::move(schema), false)});
}

void AddStatistic(RecordBuilder& out, const std::string& table, const Text& column, int64_t key, int64_t value,
                  bool approximate) {
  out.child(0).Text(table);
  AddText(out.child(1), column);
  out.child(2).Int(key);
  if (approximate) {
    out.child(3).child(2).Double(static_cast<double>(value));
    out.child(3).CloseMember(2);
  } else {
    out.child(3).child(0).Int(value);
    out.child(3).CloseMember(0);
  }
  out.child(4).Bool(approximate);
  out.Close();
}

// Counts rows, and of each column the NULLs and the distinct values.
AdbcStatusCode CountTable(turdb_conn* conn, const std::string& schema, const Table& table, RecordBuilder& out,
                          AdbcError* error) {
  std::string sql = "SELECT count(*)";
  for (const Column& column : table.columns) {
    const std::string name = Quoted(column.name);
    sql += ", count(*) - count(" + name + "), count(DISTINCT " + name + ")";
  }
  return Query(
      conn, sql + " FROM " + Quoted(schema) + "." + Quoted(table.name), {},
      [&](turdb_stmt* row) {
        AddStatistic(out, table.name, std::nullopt, kRowCount, turdb_stmt_column_int64(row, 0), false);
        int64_t at = 1;
        for (const Column& column : table.columns) {
          AddStatistic(out, table.name, column.name, kNullCount, turdb_stmt_column_int64(row, at++), false);
          AddStatistic(out, table.name, column.name, kDistinctCount, turdb_stmt_column_int64(row, at++), false);
        }
      },
      error);
}

AdbcStatusCode EstimateTable(turdb_conn* conn, const std::string& schema, const Table& table, RecordBuilder& out,
                             AdbcError* error) {
  return Query(
      conn, "SELECT estimated_rows FROM turdb_catalog.tables WHERE schema_name = ? AND table_name = ?", {schema, table.name},
      [&](turdb_stmt* row) {
        if (turdb_stmt_column_is_null(row, 0)) return;
        AddStatistic(out, table.name, std::nullopt, kRowCount, turdb_stmt_column_int64(row, 0), true);
      },
      error);
}

AdbcStatusCode GetStatistics(AdbcConnection* connection, const char* catalog_filter, const char* schema_filter,
                             const char* table_filter, char approximate, ArrowArrayStream* out, AdbcError* error) {
  return Guard(error, [&] {
    TURDB_ADBC_TRY(CheckCall(connection, out, error));
    turdb_conn* const conn = ConnOf(connection);
    const ObjectFilter filter{Optional(schema_filter), Optional(table_filter), std::nullopt, {"TABLE", "LOCAL TEMPORARY"}};
    Text catalog;
    std::vector<std::string> schemas;
    Tables tables;
    TURDB_ADBC_TRY(FindCatalog(conn, catalog_filter, &catalog, error));
    TURDB_ADBC_TRY(ReadSchemas(conn, filter.schema, &schemas, error));
    TURDB_ADBC_TRY(ReadTables(conn, filter, &tables, error));
    TURDB_ADBC_TRY(ReadColumns(conn, filter, &tables, error));
    const SchemaNode node = StatisticsSchema();
    RecordBuilder rows(node);
    if (catalog.has_value()) {
      rows.child(0).Text(*catalog);
      for (const std::string& schema : schemas) {
        RecordBuilder& each = rows.child(1).child(0);
        each.child(0).Text(schema);
        for (auto at = tables.lower_bound(std::pair(schema, std::string())); at != tables.end() && at->first.first == schema;
             ++at) {
          RecordBuilder& statistics = each.child(1).child(0);
          TURDB_ADBC_TRY(approximate != 0 ? EstimateTable(conn, schema, at->second, statistics, error)
                                          : CountTable(conn, schema, at->second, statistics, error));
        }
        each.child(1).Close();
        each.Close();
      }
      rows.child(1).Close();
      rows.Close();
    }
    return ExportRows(node, rows, out);
  });
}

// Those of ADBC are known to everybody; TurDB has none of its own.
AdbcStatusCode GetStatisticNames(AdbcConnection* connection, ArrowArrayStream* out, AdbcError* error) {
  return Guard(error, [&] {
    TURDB_ADBC_TRY(CheckCall(connection, out, error));
    const SchemaNode node = Root({Node("u", "statistic_name", false), Node("s", "statistic_key", false)});
    RecordBuilder rows(node);
    return ExportRows(node, rows, out);
  });
}

}  // namespace

void FillMetadataEntries(AdbcDriver* driver, bool with_110) {
  driver->ConnectionGetInfo = GetInfo;
  driver->ConnectionGetObjects = GetObjects;
  driver->ConnectionGetTableSchema = GetTableSchema;
  driver->ConnectionGetTableTypes = GetTableTypes;
  if (!with_110) return;
  driver->ConnectionGetStatistics = GetStatistics;
  driver->ConnectionGetStatisticNames = GetStatisticNames;
}

}  // namespace turdb::adbc
