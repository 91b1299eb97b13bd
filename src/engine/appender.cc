// The rows are a table that the INSERT statement reads, so that all that INSERT does is done by INSERT. When one fails, the
// statement runs once more, row by row and never to its end: how many rows it asked for by then is the number of the one that
// failed.
#include "engine/appender.h"

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "catalog/table_sql.h"
#include "engine/parameter.h"
#include "exec/table_function.h"
#include "function/registry.h"

namespace turdb::engine {

using base::Status;
using base::StatusOr;

namespace {

constexpr int64_t kFlushRows = 100'000;
constexpr size_t kFlushBytes = 16 << 20;
constexpr std::string_view kRowsName = "turdb_appended_rows";

// What ends the second run.
constexpr base::SqlState kNotFoundAgain{"XXA01"};

// Whether it is the fault of a row.
bool MayBeOfARow(const Status& status) {
  const base::SqlState sqlstate = base::GetSqlState(status);
  const std::string_view state_class = sqlstate.view().substr(0, 2);
  return state_class == "22" || state_class == "23" || state_class == "42" || state_class == "P0" || state_class == "0A" ||
         state_class == "21";
}

size_t SizeOf(const vec::Value& value) {
  return value.type().physical() == vec::PhysicalType::kString ? value.bytes().size() : 0;
}

}  // namespace

// The rows of one statement: chunks, or what an importer has open.
class AppendedRows : public exec::ExternalTable {
 public:
  explicit AppendedRows(std::vector<Column> columns) : columns_(std::move(columns)) {}

  std::string_view name() const override { return kRowsName; }
  std::span<const Column> columns() const override { return columns_; }
  std::unique_ptr<exec::TableFunctionScan> NewScan() const override;

  void SetChunks(std::span<const vec::Chunk> chunks) { chunks_ = chunks; }
  void SetImporter(arrow::Importer* importer) { importer_ = importer; }
  void SetOneByOne(bool one_by_one) { one_by_one_ = one_by_one; }
  int64_t given() const { return given_; }

 private:
  friend class AppendedScan;
  const std::vector<Column> columns_;
  std::span<const vec::Chunk> chunks_;
  arrow::Importer* importer_ = nullptr;
  bool one_by_one_ = false;
  mutable int64_t given_ = 0;  // rows, by the scan
};

class AppendedScan : public exec::TableFunctionScan {
 public:
  explicit AppendedScan(const AppendedRows& rows) : rows_(rows) {}

  Status Start(exec::Runtime&, std::span<const vec::Value>) override {
    chunk_ = row_ = 0;
    rows_.given_ = 0;
    if (rows_.importer_ != nullptr) rows_.importer_->Rewind();
    return absl::OkStatus();
  }

  Status Next(exec::Runtime&, uint32_t max_rows, vec::Chunk* out) override {
    if (rows_.one_by_one_) {
      max_rows = 1;
      ++rows_.given_;  // before it is read: reading may be what fails
    }
    if (rows_.importer_ != nullptr) {
      TURDB_ASSIGN_OR_RETURN(const uint32_t count, rows_.importer_->Next(max_rows, out));
      if (!rows_.one_by_one_) rows_.given_ += count;
    } else {
      NextOfChunks(max_rows, out);
    }
    if (out->empty() && rows_.one_by_one_) {
      return base::MakeError(absl::StatusCode::kInternal, kNotFoundAgain, "no row failed again");
    }
    return absl::OkStatus();
  }

 private:
  void NextOfChunks(uint32_t max_rows, vec::Chunk* out) {
    if (chunk_ == rows_.chunks_.size()) return;
    const vec::Chunk& chunk = rows_.chunks_[chunk_];
    const uint32_t count = std::min({max_rows, out->capacity(), chunk.size() - row_});
    if (row_ == 0 && count == chunk.size()) {
      out->Reference(chunk);
    } else {
      selection_.resize(count);
      for (uint32_t i = 0; i < count; ++i) selection_[i] = row_ + i;
      out->Slice(chunk, vec::Rows{selection_.data(), count});
    }
    if (!rows_.one_by_one_) rows_.given_ += count;
    row_ += count;
    if (row_ == chunk.size()) {
      ++chunk_;
      row_ = 0;
    }
  }

  const AppendedRows& rows_;
  size_t chunk_ = 0;
  uint32_t row_ = 0;
  std::vector<vec::SelIndex> selection_;
};

std::unique_ptr<exec::TableFunctionScan> AppendedRows::NewScan() const { return std::make_unique<AppendedScan>(*this); }

// ---- opening

Appender::Appender(std::shared_ptr<Connection> connection, std::shared_ptr<const catalog::Relation> relation)
    : connection_(std::move(connection)), relation_(std::move(relation)) {}
Appender::~Appender() = default;

void Appender::Release(std::unique_ptr<Appender> appender) {
  if (appender == nullptr) return;
  // The statements read the rows, so these live until those are gone: the plans keep them (Plan::Keep).
  Connection::Adopt(std::move(appender->insert_));
  Connection::Adopt(std::move(appender->insert_batch_));
}

StatusOr<std::unique_ptr<Appender>> Appender::Open(std::shared_ptr<Connection> connection, std::string_view schema,
                                                   std::string_view table) {
  TURDB_ASSIGN_OR_RETURN(auto relation, connection->FindRelation(schema, table));
  const bool takes_rows = relation->kind == catalog::RelationKind::kTable || relation->kind == catalog::RelationKind::kView;
  if (!takes_rows) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"42809"},
                           absl::StrCat("\"", table, "\" is not a table"));
  }
  std::unique_ptr<Appender> appender(new Appender(std::move(connection), std::move(relation)));
  for (const table::Column& column : appender->relation_->schema->columns) {
    if (column.generation != table::Generation::kStored) appender->columns_.push_back({column.name, column.type});
  }
  return appender;
}

Status Appender::CheckUsable() const {
  if (closed_) return base::MisuseError("the appender is closed");
  if (failure_.empty()) return absl::OkStatus();
  return base::MisuseError(absl::StrCat("the appender has failed and takes nothing more: ", failure_));
}

Status Appender::Poison(Status status) {
  if (!status.ok()) failure_ = status.message().empty() ? "unknown" : std::string(status.message());
  return status;
}

Status Appender::AddColumn(std::string_view name) {
  TURDB_RETURN_IF_ERROR(CheckUsable());
  if (rows_ != nullptr || batch_rows_ != nullptr || collected_ != 0) {
    return base::MisuseError("columns are added before the first value");
  }
  const table::TableSchema& schema = *relation_->schema;
  const int32_t found = schema.FindColumn(name);
  if (found < 0) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kUndefinedColumn,
                           absl::StrCat("column \"", name, "\" of relation \"", schema.name, "\" does not exist"));
  }
  const table::Column& column = schema.columns[static_cast<size_t>(found)];
  if (!columns_chosen_) columns_.clear();
  columns_chosen_ = true;
  if (std::any_of(columns_.begin(), columns_.end(), [&](const Target& target) { return target.name == column.name; })) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kDuplicateColumn,
                           absl::StrCat("column \"", name, "\" specified more than once"));
  }
  columns_.push_back({column.name, column.type});
  return absl::OkStatus();
}

StatusOr<std::unique_ptr<Statement>> Appender::PrepareInsert(std::shared_ptr<AppendedRows> rows) const {
  std::string sql = absl::StrCat("INSERT INTO ", catalog::QuoteName(relation_->schema_name()), ".",
                                 catalog::QuoteName(relation_->name()), " (");
  for (size_t i = 0; i < columns_.size(); ++i) {
    absl::StrAppend(&sql, i == 0 ? "" : ", ", catalog::QuoteName(columns_[i].name));
  }
  absl::StrAppend(&sql, ") SELECT * FROM ", kRowsName);
  int64_t tail = 0;
  return Statement::Prepare(connection_, sql, &tail, std::move(rows));
}

// ---- values

Status Appender::StartRow() {
  TURDB_RETURN_IF_ERROR(CheckUsable());
  if (rows_ == nullptr) {
    std::vector<exec::ExternalTable::Column> columns;
    for (const Target& target : columns_) columns.push_back({target.name, target.type});
    auto rows = std::make_shared<AppendedRows>(std::move(columns));
    TURDB_ASSIGN_OR_RETURN(insert_, PrepareInsert(rows));
    rows_ = std::move(rows);
  }
  if (used_ == 0 || chunks_[used_ - 1].size() == chunks_[used_ - 1].capacity()) {
    if (used_ == chunks_.size()) {
      std::vector<vec::Type> types;
      for (const Target& target : columns_) types.push_back(target.type);
      chunks_.emplace_back(types, vec::kDefaultChunkCapacity, &connection_->database().budget());
    }
    chunks_[used_].Reset();
    ++used_;
  }
  return absl::OkStatus();
}

StatusOr<vec::Vector*> Appender::NextColumn() {
  if (at_column_ == 0 || rows_ == nullptr) TURDB_RETURN_IF_ERROR(StartRow());
  if (at_column_ >= columns_.size()) {
    return base::MisuseError(absl::StrCat("the row has its ", columns_.size(), " values already"));
  }
  return &chunks_[used_ - 1].column(at_column_);
}

Status Appender::InColumn(Status status) const {
  return base::WithFrame(std::move(status), absl::StrCat("appending to column \"", columns_[at_column_].name, "\", row ",
                                                         numbered_ + collected_ + 1));
}

Status Appender::AppendInt64(int64_t value) {
  TURDB_ASSIGN_OR_RETURN(vec::Vector * column, NextColumn());
  const uint32_t row = chunks_[used_ - 1].size();
  if (column->type().id == vec::TypeId::kInt64) {
    column->Set<int64_t>(row, value);
  } else if (column->type().id == vec::TypeId::kInt32 && value >= INT32_MIN && value <= INT32_MAX) {
    column->Set<int32_t>(row, static_cast<int32_t>(value));
  } else {
    return Append(vec::Value::Int64(value));
  }
  ++at_column_;
  return absl::OkStatus();
}

Status Appender::AppendText(std::string_view text) {
  TURDB_ASSIGN_OR_RETURN(vec::Vector * column, NextColumn());
  if (!vec::IsText(column->type().id) || column->type().length != 0) return Append(vec::Value::Text(text));
  column->SetString(chunks_[used_ - 1].size(), text);
  collected_bytes_ += text.size();
  ++at_column_;
  return absl::OkStatus();
}

Status Appender::Append(const vec::Value& value) {
  TURDB_ASSIGN_OR_RETURN(vec::Vector * column, NextColumn());
  const uint32_t row = chunks_[used_ - 1].size();
  const vec::Type& type = column->type();
  if (value.is_null()) {
    column->SetNull(row);
  } else if (value.type() == type) {
    column->SetValue(row, value);
    collected_bytes_ += SizeOf(value);
  } else {
    vec::Value converted;
    StatusOr<bool> exact = ConvertParameter(value, type, connection_->text(), &converted);
    if (!exact.ok()) return InColumn(exact.status());
    if (!*exact) {
      function::CallContext call = connection_->NewCallContext();
      auto cast = function::CastValue(value, type, function::CastContext::kAssignment, call);
      if (!cast.ok()) return InColumn(cast.status());
      converted = *std::move(cast);
    }
    column->SetValue(row, converted);
    collected_bytes_ += SizeOf(converted);
  }
  ++at_column_;
  return absl::OkStatus();
}

Status Appender::RequireWholeRow(std::string_view call) const {
  if (at_column_ == 0) return absl::OkStatus();
  return base::MisuseError(
      absl::StrCat(call, " in the middle of a row: it has ", at_column_, " of ", columns_.size(), " values"));
}

Status Appender::EndRow() {
  TURDB_RETURN_IF_ERROR(CheckUsable());
  if (at_column_ != columns_.size()) {
    return base::MisuseError(absl::StrCat("the row has ", at_column_, " of ", columns_.size(), " values"));
  }
  if (columns_.empty()) TURDB_RETURN_IF_ERROR(StartRow());
  vec::Chunk& chunk = chunks_[used_ - 1];
  chunk.set_size(chunk.size() + 1);
  at_column_ = 0;
  ++collected_;
  return collected_ < kFlushRows && collected_bytes_ < kFlushBytes ? absl::OkStatus() : Flush();
}

// ---- inserting

Status Appender::Insert(Statement& statement, AppendedRows& rows) {
  const StatusOr<StepResult> step = statement.Step();
  if (!step.ok()) return NameRow(statement, rows, step.status());
  inserted_ += connection_->changes();
  numbered_ += rows.given();
  return absl::OkStatus();
}

Status Appender::NameRow(Statement& statement, AppendedRows& rows, Status failure) {
  if (!MayBeOfARow(failure)) return failure;
  const int64_t given = rows.given();
  rows.SetOneByOne(true);
  StatusOr<StepResult> again = statement.Step();
  rows.SetOneByOne(false);
  const bool found = !again.ok() && MayBeOfARow(again.status());
  if (!found) {
    return base::WithFrame(std::move(failure), absl::StrCat("appending to ", relation_->name(), ", rows ", numbered_ + 1,
                                                            " to ", numbered_ + std::max<int64_t>(given, 1)));
  }
  return base::WithFrame(again.status(), absl::StrCat("appending to ", relation_->name(), ", row ", numbered_ + rows.given()));
}

Status Appender::Flush() {
  TURDB_RETURN_IF_ERROR(CheckUsable());
  TURDB_RETURN_IF_ERROR(RequireWholeRow("a flush"));
  if (collected_ == 0) return absl::OkStatus();
  rows_->SetChunks({chunks_.data(), used_});
  Status status = Insert(*insert_, *rows_);
  rows_->SetChunks({});
  insert_->Reset();
  collected_ = 0;
  collected_bytes_ = 0;
  used_ = 0;
  return Poison(std::move(status));
}

Status Appender::PrepareBatches(const arrow::Importer& importer) {
  const auto& fields = importer.fields();
  if (fields.size() != columns_.size()) {
    return base::MisuseError(
        absl::StrCat("the Arrow schema has ", fields.size(), " columns, and the appender ", columns_.size()));
  }
  std::vector<exec::ExternalTable::Column> columns;
  for (const arrow::Field& field : fields) columns.push_back({field.name, field.type});
  const auto same = [](const auto& a, const auto& b) { return a.type == b.type; };
  if (insert_batch_ != nullptr &&
      std::equal(columns.begin(), columns.end(), batch_rows_->columns().begin(), batch_rows_->columns().end(), same)) {
    return absl::OkStatus();
  }
  auto rows = std::make_shared<AppendedRows>(std::move(columns));
  TURDB_ASSIGN_OR_RETURN(insert_batch_, PrepareInsert(rows));
  batch_rows_ = std::move(rows);
  return absl::OkStatus();
}

// What the importer has open, or, with a stream, each of its batches.
Status Appender::InsertBatches(arrow::Importer& importer, ArrowArrayStream* stream) {
  batch_rows_->SetImporter(&importer);
  const absl::Cleanup forget = [this] { batch_rows_->SetImporter(nullptr); };
  Status status = absl::OkStatus();
  if (stream == nullptr) {
    status = Insert(*insert_batch_, *batch_rows_);
  } else {
    for (;;) {
      arrow::Owned<ArrowArray> batch;
      if (const int code = stream->get_next(stream, batch.get()); code != 0) {
        batch.get()->release = nullptr;
        status = arrow::StreamError(stream, code, "reading an Arrow stream");
        break;
      }
      if (batch.empty()) break;
      status = importer.Open(std::move(batch));
      if (status.ok() && importer.rows_left() != 0) status = Insert(*insert_batch_, *batch_rows_);
      if (!status.ok()) break;
    }
  }
  insert_batch_->Reset();
  importer.Close();
  return status;
}

// A struct is one where the column takes one, and json elsewhere.
std::function<vec::StructTypes*(size_t, std::string_view)> Appender::StructsOf() const {
  return [this](size_t column, std::string_view) {
    return column < columns_.size() ? connection_->StructTypesFor(columns_[column].type) : nullptr;
  };
}

Status Appender::AppendBatch(const ArrowSchema& schema, arrow::Owned<ArrowArray> batch) {
  TURDB_RETURN_IF_ERROR(CheckUsable());
  TURDB_RETURN_IF_ERROR(RequireWholeRow("a batch"));
  TURDB_RETURN_IF_ERROR(Flush());
  TURDB_ASSIGN_OR_RETURN(auto importer, arrow::Importer::Create(schema, StructsOf()));
  TURDB_RETURN_IF_ERROR(PrepareBatches(*importer));
  TURDB_RETURN_IF_ERROR(importer->Open(std::move(batch)));
  if (importer->rows_left() == 0) return absl::OkStatus();
  return Poison(InsertBatches(*importer, nullptr));
}

Status Appender::AppendStream(arrow::Owned<ArrowArrayStream> stream) {
  TURDB_RETURN_IF_ERROR(CheckUsable());
  TURDB_RETURN_IF_ERROR(RequireWholeRow("a stream"));
  TURDB_RETURN_IF_ERROR(Flush());
  TURDB_RETURN_IF_ERROR(arrow::CheckStream(stream.get()));
  arrow::Owned<ArrowSchema> schema;
  if (const int code = stream->get_schema(stream.get(), schema.get()); code != 0) {
    schema.get()->release = nullptr;
    return arrow::StreamError(stream.get(), code, "asking an Arrow stream for its schema");
  }
  TURDB_ASSIGN_OR_RETURN(auto importer, arrow::Importer::Create(*schema.get(), StructsOf()));
  TURDB_RETURN_IF_ERROR(PrepareBatches(*importer));
  const int64_t inserted = inserted_, numbered = numbered_;
  Status status = connection_->InOneUnit([&] { return InsertBatches(*importer, stream.get()); });
  if (!status.ok()) {
    inserted_ = inserted;
    numbered_ = numbered;
  }
  return Poison(std::move(status));
}

Status Appender::Close() {
  if (closed_) return absl::OkStatus();
  Status status = Flush();
  closed_ = closed_ || status.ok();
  return status;
}

}  // namespace turdb::engine
