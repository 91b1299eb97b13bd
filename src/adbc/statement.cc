// Statements: SQL with bound rows, and bulk ingestion.
#include <algorithm>

#include "adbc/handles.h"
#include "adbc/options.h"
#include "arrow/importer.h"
#include "arrow/record_builder.h"

namespace turdb::adbc {
namespace {

Statement* StatementOf(AdbcStatement* statement) { return static_cast<Statement*>(statement->private_data); }

AdbcStatusCode CheckUsable(AdbcStatement* handle, AdbcError* error) {
  if (handle == nullptr || handle->private_data == nullptr)
    return Fail(error, kInvalidState, "the statement is not initialised");
  if (StatementOf(handle)->connection->conn == nullptr) return Fail(error, kInvalidState, "the connection is not open");
  return kOk;
}

AdbcStatusCode PrepareText(Connection& connection, std::string_view sql, int64_t* tail, Handle<turdb_stmt>* out,
                           AdbcError* error) {
  turdb_stmt* raw = nullptr;
  TURDB_ADBC_TRY(Try(error, [&](turdb_error** failure) {
    return turdb_stmt_prepare(connection.conn.get(), sql.data(), static_cast<int64_t>(sql.size()), tail, &raw, failure);
  }));
  out->reset(raw);
  return kOk;
}

// The last statement of the text; those before it have run. Null for a text without any.
AdbcStatusCode PrepareLast(Statement& statement, Handle<turdb_stmt>* last, AdbcError* error) {
  std::string_view rest = statement.sql;
  for (;;) {
    Handle<turdb_stmt> next;
    int64_t tail = 0;
    const AdbcStatusCode code = PrepareText(*statement.connection, rest, &tail, &next, *last == nullptr ? error : nullptr);
    if (code == kOk && next == nullptr) return kOk;
    if (*last == nullptr) {
      TURDB_ADBC_TRY(code);
    } else {
      // There is more. What it says may depend on what comes before it.
      turdb_status step = TURDB_ROW;
      while (step == TURDB_ROW) {
        TURDB_ADBC_TRY(Try(error, [&](turdb_error** failure) { return step = turdb_stmt_step(last->get(), failure); }));
      }
      TURDB_ADBC_TRY(PrepareText(*statement.connection, rest, &tail, &next, error));
    }
    *last = std::move(next);
    rest.remove_prefix(static_cast<size_t>(tail));
  }
}

// ---- ingestion

struct Ingestion {
  std::string table;
  std::string schema;  // empty: the current one
  std::string mode = kIngestCreate;
  bool temporary = false;
  std::string qualified;
};

AdbcStatusCode ReadIngestion(const Statement& statement, Ingestion* ingestion, AdbcError* error) {
  const auto option = [&](const char* key) {
    const auto found = statement.ingest.find(key);
    return found == statement.ingest.end() ? std::string() : found->second;
  };
  ingestion->table = option(kIngestTable);
  ingestion->schema = option(kIngestSchema);
  if (const std::string mode = option(kIngestMode); !mode.empty()) ingestion->mode = mode;
  ingestion->temporary = option(kIngestTemporary) == kEnabled;
  const std::string catalog = option(kIngestCatalog);
  if (ingestion->temporary && !ingestion->schema.empty()) {
    return Fail(error, kInvalidArgument, "a temporary table goes into no schema that one can name");
  }
  if (!catalog.empty()) {
    std::string current;
    TURDB_ADBC_TRY(Query(
        statement.connection->conn.get(), "SELECT current_database()", {},
        [&](turdb_stmt* row) { current = TextAt(row, 0).value_or(""); }, error));
    if (catalog != current) return Fail(error, kNotFound, "a database has one catalog, \"" + current + "\"");
  }
  if (ingestion->temporary) ingestion->schema = "temp";
  ingestion->qualified = (ingestion->schema.empty() ? "" : Quoted(ingestion->schema) + ".") + Quoted(ingestion->table);
  return kOk;
}

AdbcStatusCode Exec(Connection& connection, const std::string& sql, AdbcError* error) {
  return Try(error, [&](turdb_error** failure) {
    return turdb_conn_exec(connection.conn.get(), sql.data(), static_cast<int64_t>(sql.size()), failure);
  });
}

// CREATE TABLE with the columns of the Arrow schema.
AdbcStatusCode CreateTable(Connection& connection, const Ingestion& ingestion, const arrow::Importer& columns,
                           AdbcError* error) {
  if (ingestion.mode == kIngestAppend) return kOk;
  if (ingestion.mode == kIngestReplace) {
    TURDB_ADBC_TRY(Exec(connection, "DROP TABLE IF EXISTS " + ingestion.qualified, error));
  }
  std::string sql = ingestion.temporary ? "CREATE TEMPORARY TABLE " : "CREATE TABLE ";
  if (ingestion.mode == kIngestCreateAppend) sql += "IF NOT EXISTS ";
  sql += (ingestion.temporary ? Quoted(ingestion.table) : ingestion.qualified) + " (";
  bool first = true;
  for (const arrow::Field& field : columns.fields()) {
    sql += (first ? "" : ", ") + Quoted(field.name) + " " + field.type.ToString();
    first = false;
  }
  return Exec(connection, sql + ")", error);
}

AdbcStatusCode AppendAll(Connection& connection, const Ingestion& ingestion, const arrow::Importer& columns,
                         ArrowArrayStream* stream, int64_t* rows, AdbcError* error) {
  turdb_appender* raw = nullptr;
  TURDB_ADBC_TRY(Try(error, [&](turdb_error** failure) {
    return turdb_appender_open(connection.conn.get(), ingestion.schema.empty() ? nullptr : ingestion.schema.c_str(),
                               ingestion.table.c_str(), &raw, failure);
  }));
  const Handle<turdb_appender> appender(raw);
  for (const arrow::Field& field : columns.fields()) {
    const AdbcStatusCode code = Try(
        error, [&](turdb_error** failure) { return turdb_appender_add_column(appender.get(), field.name.c_str(), failure); });
    if (code == kNotFound) return kAlreadyExists;  // ADBC's code for a table of another schema
    TURDB_ADBC_TRY(code);
  }
  TURDB_ADBC_TRY(
      Try(error, [&](turdb_error** failure) { return turdb_appender_append_stream(appender.get(), stream, failure); }));
  TURDB_ADBC_TRY(Try(error, [&](turdb_error** failure) { return turdb_appender_close(appender.get(), failure); }));
  *rows = turdb_appender_row_count(appender.get());
  return kOk;
}

// The table and all rows, or neither.
AdbcStatusCode Ingest(Statement& statement, int64_t* rows, AdbcError* error) {
  Connection& connection = *statement.connection;
  Ingestion ingestion;
  TURDB_ADBC_TRY(ReadIngestion(statement, &ingestion, error));
  if (statement.bound.empty()) return Fail(error, kInvalidState, "no rows are bound that could be ingested");
  arrow::Owned<ArrowArrayStream> stream = std::move(statement.bound);
  arrow::Owned<ArrowSchema> schema;
  if (const int code = stream->get_schema(stream.get(), schema.get()); code != 0) {
    schema.get()->release = nullptr;
    const char* const said = stream->get_last_error(stream.get());
    return Fail(error, kInvalidData, said == nullptr ? "the bound stream gives no schema" : said);
  }
  const auto columns = arrow::Importer::Create(*schema.get());
  if (!columns.ok()) {
    const bool unsupported = columns.status().code() == absl::StatusCode::kUnimplemented;
    return Fail(error, unsupported ? kNotImplemented : kInvalidData, columns.status().message());
  }
  turdb_conn* const conn = connection.conn.get();
  const bool own = turdb_conn_in_autocommit(conn) && connection.autocommit;
  TURDB_ADBC_TRY(own ? Try(error, [&](turdb_error** failure) { return turdb_conn_begin(conn, failure); })
                     : BeginIfNeeded(connection, error));
  const char* const mark = "turdb adbc ingestion";
  if (!own) {
    TURDB_ADBC_TRY(Try(error, [&](turdb_error** failure) { return turdb_conn_savepoint(conn, mark, failure); }));
  }
  AdbcStatusCode code = CreateTable(connection, ingestion, **columns, error);
  if (code == kOk) code = AppendAll(connection, ingestion, **columns, stream.get(), rows, error);
  if (code == kOk) {
    return Try(error, [&](turdb_error** failure) {
      return own ? turdb_conn_commit(conn, failure) : turdb_conn_release(conn, mark, failure);
    });
  }
  if (own) {
    turdb_conn_rollback(conn, nullptr);
  } else {
    turdb_conn_rollback_to(conn, mark, nullptr);
    turdb_conn_release(conn, mark, nullptr);
  }
  return code;
}

// ---- running

AdbcStatusCode Run(Statement& statement, Handle<turdb_result>* result, AdbcError* error) {
  TURDB_ADBC_TRY(BeginIfNeeded(*statement.connection, error));
  Handle<turdb_stmt> last;
  turdb_stmt* stmt = statement.prepared.get();
  if (stmt == nullptr) {
    if (statement.sql.empty()) return Fail(error, kInvalidState, "the statement has no SQL");
    TURDB_ADBC_TRY(PrepareLast(statement, &last, error));
    stmt = last.get();
  }
  if (stmt == nullptr) return kOk;  // nothing but comments
  if (!statement.bound.empty()) {
    TURDB_ADBC_TRY(
        Try(error, [&](turdb_error** failure) { return turdb_stmt_bind_stream(stmt, statement.bound.get(), failure); }));
  }
  turdb_result* raw = nullptr;
  TURDB_ADBC_TRY(
      Try(error, [&](turdb_error** failure) { return turdb_stmt_execute(stmt, TURDB_ARROW_DEFAULT, &raw, failure); }));
  result->reset(raw);
  return kOk;
}

// An empty result, for who wants a stream of what gives no rows.
AdbcStatusCode ExportNothing(ArrowArrayStream* out) {
  arrow::SchemaNode node;
  node.format = std::string("+s");
  node.nullable = false;
  arrow::Owned<ArrowSchema> schema;
  arrow::Export(node, schema.get());
  arrow::MakeStream(std::move(schema), {}, out);
  return kOk;
}

AdbcStatusCode ExecuteQuery(AdbcStatement* handle, ArrowArrayStream* out, int64_t* rows_affected, AdbcError* error) {
  return Guard(error, [&] {
    if (out != nullptr) out->release = nullptr;
    if (rows_affected != nullptr) *rows_affected = -1;
    TURDB_ADBC_TRY(CheckUsable(handle, error));
    Statement& statement = *StatementOf(handle);
    statement.runs_often = !statement.bound.empty() || statement.ingest.contains(kIngestTable);
    statement.first_execution = turdb_interrupt_execution(statement.connection->interrupt.get()) + 1;
    if (statement.ingest.contains(kIngestTable)) {
      int64_t rows = 0;
      TURDB_ADBC_TRY(Ingest(statement, &rows, error));
      if (rows_affected != nullptr) *rows_affected = rows;
      return out == nullptr ? kOk : ExportNothing(out);
    }
    Handle<turdb_result> result;
    TURDB_ADBC_TRY(Run(statement, &result, error));
    if (result == nullptr) return out == nullptr ? kOk : ExportNothing(out);
    arrow::Owned<ArrowSchema> schema;
    TURDB_ADBC_TRY(Try(error, [&](turdb_error** failure) { return turdb_result_schema(result.get(), schema.get(), failure); }));
    if (rows_affected != nullptr && schema->n_children == 0) *rows_affected = turdb_result_changes(result.get());
    if (out != nullptr) return ExportStream(std::move(result), out, error);
    for (;;) {  // to its end, for its effects
      arrow::Owned<ArrowArray> batch;
      turdb_status status = TURDB_DONE;
      TURDB_ADBC_TRY(
          Try(error, [&](turdb_error** failure) { return status = turdb_result_next(result.get(), 0, batch.get(), failure); }));
      if (status == TURDB_DONE) return kOk;
    }
  });
}

AdbcStatusCode Prepare(AdbcStatement* handle, AdbcError* error) {
  return Guard(error, [&] {
    TURDB_ADBC_TRY(CheckUsable(handle, error));
    Statement& statement = *StatementOf(handle);
    if (statement.sql.empty()) return Fail(error, kInvalidState, "the statement has no SQL to prepare");
    if (statement.prepared != nullptr) return kOk;
    Handle<turdb_stmt> first, second;
    int64_t tail = 0;
    TURDB_ADBC_TRY(PrepareText(*statement.connection, statement.sql, &tail, &first, error));
    // What follows may need what comes first to have run: several statements are prepared as they are run.
    const std::string_view rest = std::string_view(statement.sql).substr(static_cast<size_t>(tail));
    const AdbcStatusCode code = PrepareText(*statement.connection, rest, nullptr, &second, nullptr);
    if (code == kOk && second == nullptr) statement.prepared = std::move(first);
    return kOk;
  });
}

// The statement, prepared for the purpose when it is not.
AdbcStatusCode Described(Statement& statement, Handle<turdb_stmt>* own, turdb_stmt** out, AdbcError* error) {
  *out = statement.prepared.get();
  if (*out != nullptr) return kOk;
  if (statement.sql.empty()) return Fail(error, kInvalidState, "the statement has no SQL");
  TURDB_ADBC_TRY(PrepareText(*statement.connection, statement.sql, nullptr, own, error));
  *out = own->get();
  return *out == nullptr ? Fail(error, kInvalidState, "the statement has no SQL") : kOk;
}

AdbcStatusCode ExecuteSchema(AdbcStatement* handle, ArrowSchema* out, AdbcError* error) {
  return Guard(error, [&] {
    if (out == nullptr) return Fail(error, kInvalidArgument, "schema is NULL");
    TURDB_ADBC_TRY(CheckUsable(handle, error));
    Handle<turdb_stmt> own;
    turdb_stmt* stmt = nullptr;
    TURDB_ADBC_TRY(Described(*StatementOf(handle), &own, &stmt, error));
    return Try(error, [&](turdb_error** failure) { return turdb_stmt_result_schema(stmt, TURDB_ARROW_DEFAULT, out, failure); });
  });
}

AdbcStatusCode GetParameterSchema(AdbcStatement* handle, ArrowSchema* out, AdbcError* error) {
  return Guard(error, [&] {
    if (out == nullptr) return Fail(error, kInvalidArgument, "schema is NULL");
    TURDB_ADBC_TRY(CheckUsable(handle, error));
    Handle<turdb_stmt> own;
    turdb_stmt* stmt = nullptr;
    TURDB_ADBC_TRY(Described(*StatementOf(handle), &own, &stmt, error));
    return Try(error, [&](turdb_error** failure) { return turdb_stmt_parameter_schema(stmt, out, failure); });
  });
}

// ---- partitions: one, which is the query's text

struct PartitionData {
  std::string text;
  const uint8_t* pointer;
  size_t length;
};

void ReleasePartitions(AdbcPartitions* partitions) {
  delete static_cast<PartitionData*>(partitions->private_data);
  partitions->private_data = nullptr;
  partitions->release = nullptr;
}

AdbcStatusCode ExecutePartitions(AdbcStatement* handle, ArrowSchema* schema, AdbcPartitions* out, int64_t* rows_affected,
                                 AdbcError* error) {
  return Guard(error, [&] {
    if (out == nullptr) return Fail(error, kInvalidArgument, "partitions is NULL");
    out->release = nullptr;
    if (rows_affected != nullptr) *rows_affected = -1;
    TURDB_ADBC_TRY(CheckUsable(handle, error));
    Statement& statement = *StatementOf(handle);
    Handle<turdb_stmt> own;
    turdb_stmt* stmt = nullptr;
    TURDB_ADBC_TRY(Described(statement, &own, &stmt, error));
    if (!turdb_stmt_is_read_only(stmt) || turdb_stmt_parameter_count(stmt) != 0) {
      return Fail(error, kNotImplemented, "only queries without parameters can be read as partitions");
    }
    if (schema != nullptr) {
      TURDB_ADBC_TRY(Try(
          error, [&](turdb_error** failure) { return turdb_stmt_result_schema(stmt, TURDB_ARROW_DEFAULT, schema, failure); }));
    }
    auto data = std::make_unique<PartitionData>();
    data->text = turdb_stmt_sql(stmt);
    data->pointer = reinterpret_cast<const uint8_t*>(data->text.data());
    data->length = data->text.size();
    *out = AdbcPartitions{1, &data->pointer, &data->length, nullptr, ReleasePartitions};
    out->private_data = data.release();
    return kOk;
  });
}

// ---- the rest

AdbcStatusCode New(AdbcConnection* connection, AdbcStatement* statement, AdbcError* error) {
  return Guard(error, [&] {
    if (statement == nullptr) return Fail(error, kInvalidArgument, "statement is NULL");
    auto made = std::make_unique<Statement>();
    made->connection = SharedConnection(connection);
    if (made->connection == nullptr) return Fail(error, kInvalidState, "the connection is not initialised");
    statement->private_data = made.release();
    return kOk;
  });
}

AdbcStatusCode Release(AdbcStatement* handle, AdbcError* error) {
  if (handle == nullptr || handle->private_data == nullptr)
    return Fail(error, kInvalidState, "the statement is not initialised");
  delete StatementOf(handle);
  handle->private_data = nullptr;
  return kOk;
}

AdbcStatusCode SetSqlQuery(AdbcStatement* handle, const char* query, AdbcError* error) {
  return Guard(error, [&] {
    TURDB_ADBC_TRY(CheckUsable(handle, error));
    if (query == nullptr) return Fail(error, kInvalidArgument, "the query is NULL");
    Statement& statement = *StatementOf(handle);
    statement.sql = query;
    statement.prepared.reset();
    statement.ingest.clear();
    return kOk;
  });
}

AdbcStatusCode SetSubstraitPlan(AdbcStatement*, const uint8_t*, size_t, AdbcError* error) {
  return Fail(error, kNotImplemented, "Substrait plans are not supported: use SQL");
}

AdbcStatusCode Bind(AdbcStatement* handle, ArrowArray* values, ArrowSchema* schema, AdbcError* error) {
  return Guard(error, [&] {
    auto batch = arrow::Owned<ArrowArray>::Take(values);
    auto columns = arrow::Owned<ArrowSchema>::Take(schema);
    TURDB_ADBC_TRY(CheckUsable(handle, error));
    if (batch.empty() || columns.empty()) return Fail(error, kInvalidArgument, "values or schema is NULL or released");
    StatementOf(handle)->bound.Release();
    arrow::MakeStream(std::move(columns), std::move(batch), StatementOf(handle)->bound.get());
    return kOk;
  });
}

AdbcStatusCode BindStream(AdbcStatement* handle, ArrowArrayStream* stream, AdbcError* error) {
  return Guard(error, [&] {
    auto owned = arrow::Owned<ArrowArrayStream>::Take(stream);
    TURDB_ADBC_TRY(CheckUsable(handle, error));
    if (owned.empty()) return Fail(error, kInvalidArgument, "the stream is NULL or released");
    StatementOf(handle)->bound = std::move(owned);
    return kOk;
  });
}

AdbcStatusCode Cancel(AdbcStatement* handle, AdbcError* error) {
  TURDB_ADBC_TRY(CheckUsable(handle, error));
  const Statement& statement = *StatementOf(handle);
  turdb_interrupt* const interrupt = statement.connection->interrupt.get();
  // Another statement of the connection may have begun since: it goes on.
  int64_t execution = statement.first_execution.load();
  if (execution != 0 && statement.runs_often.load()) execution = std::max(execution, turdb_interrupt_execution(interrupt));
  turdb_interrupt_stop_execution(interrupt, execution);
  return kOk;
}

AdbcStatusCode Set(AdbcStatement* handle, std::string_view key, const char* value, AdbcError* error) {
  Statement& statement = *StatementOf(handle);
  if (value == nullptr) {
    statement.ingest.erase(std::string(key));
    return kOk;
  }
  if (key == kIncremental) {
    bool incremental = false;
    TURDB_ADBC_TRY(ParseFlag(key, value, &incremental, error));
    return incremental ? UnknownSetting(key, value, error) : kOk;  // there is one partition, which is there at once
  }
  if (key == kIngestMode) {
    bool known = false;
    for (const char* const mode : {kIngestCreate, kIngestAppend, kIngestReplace, kIngestCreateAppend}) {
      known = known || std::string_view(value) == mode;
    }
    if (!known) return Fail(error, kInvalidArgument, std::string("there is no mode of ingestion \"") + value + "\"");
  } else if (key == kIngestTemporary) {
    bool temporary = false;
    TURDB_ADBC_TRY(ParseFlag(key, value, &temporary, error));
  } else if (key != kIngestTable && key != kIngestSchema && key != kIngestCatalog) {
    return UnknownSetting(key, value, error);
  }
  if (key == kIngestTable) {
    statement.sql.clear();
    statement.prepared.reset();
  }
  statement.ingest[std::string(key)] = value;
  return kOk;
}

AdbcStatusCode Get(AdbcStatement* handle, std::string_view key, std::string* value, AdbcError* error) {
  const Statement& statement = *StatementOf(handle);
  if (key == kIncremental) {
    *value = kDisabled;
    return kOk;
  }
  if (key == kProgress || key == kMaxProgress) {  // not known: there is no maximum
    *value = "0";
    return kOk;
  }
  const auto found = statement.ingest.find(key);
  if (found == statement.ingest.end()) return UnknownOption(key, error);
  *value = found->second;
  return kOk;
}

}  // namespace

void FillStatementEntries(AdbcDriver* driver, bool with_110) {
  using Entries = OptionEntries<AdbcStatement, Get, Set>;
  driver->StatementNew = New;
  driver->StatementRelease = Release;
  driver->StatementSetSqlQuery = SetSqlQuery;
  driver->StatementSetSubstraitPlan = SetSubstraitPlan;
  driver->StatementPrepare = Prepare;
  driver->StatementBind = Bind;
  driver->StatementBindStream = BindStream;
  driver->StatementExecuteQuery = ExecuteQuery;
  driver->StatementExecutePartitions = ExecutePartitions;
  driver->StatementGetParameterSchema = GetParameterSchema;
  driver->StatementSetOption = Entries::SetText;
  if (!with_110) return;
  driver->StatementCancel = Cancel;
  driver->StatementExecuteSchema = ExecuteSchema;
  driver->StatementGetOption = Entries::GetText;
  driver->StatementGetOptionBytes = Entries::GetBytes;
  driver->StatementGetOptionInt = Entries::GetInt;
  driver->StatementGetOptionDouble = Entries::GetDouble;
  driver->StatementSetOptionBytes = Entries::SetBytes;
  driver->StatementSetOptionInt = Entries::SetInt;
  driver->StatementSetOptionDouble = Entries::SetDouble;
}

}  // namespace turdb::adbc
