#include "engine/result.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace turdb::engine {
namespace {

using base::Status;
using base::StatusOr;

// The first batch comes soon, later ones are large enough that nobody pays by the batch.
constexpr int64_t kFirstBatchRows = 4096;
constexpr int64_t kLargestBatchRows = 128 << 10;
constexpr size_t kLargestBatchBytes = 32 << 20;
// Chunks with more memory than this are exported row by row, so that a batch does not overshoot its size by a chunk.
constexpr size_t kLargeChunkBytes = 4 << 20;

}  // namespace

Result::Result(std::unique_ptr<Statement> statement, std::unique_ptr<arrow::StreamReader> parameters)
    : statement_(std::move(statement)),
      connection_(statement_->connection()),
      parameters_(std::move(parameters)),
      next_target_rows_(kFirstBatchRows) {}

Result::~Result() = default;

void Result::Release(std::unique_ptr<Result> result) {
  if (result != nullptr) Connection::Adopt(std::move(result->statement_));
}

StatusOr<std::unique_ptr<Result>> Result::Run(Statement& statement, const arrow::ExportOptions& options,
                                              std::unique_ptr<arrow::StreamReader> parameters) {
  TURDB_ASSIGN_OR_RETURN(auto clone, statement.Clone());
  std::unique_ptr<Result> result(new Result(std::move(clone), std::move(parameters)));
  if (result->parameters_ == nullptr) {
    TURDB_RETURN_IF_ERROR(result->Advance());
    TURDB_RETURN_IF_ERROR(result->MakeExporter(options));
    return result;
  }
  TURDB_RETURN_IF_ERROR(result->MatchParameters());
  TURDB_RETURN_IF_ERROR(result->statement_->changes_data() ? result->RunAllInTransaction(options) : result->Advance());
  if (result->exporter_ == nullptr) TURDB_RETURN_IF_ERROR(result->MakeExporter(options));
  return result;
}

StatusOr<std::unique_ptr<Result>> Result::Continue(std::unique_ptr<Statement> statement, const vec::Chunk& first,
                                                   bool at_read_row, const arrow::ExportOptions& options) {
  std::unique_ptr<Result> result(new Result(std::move(statement), nullptr));
  Statement& running = *result->statement_;
  result->began_ = true;
  result->done_ = !running.running() && !running.ended_by_rollback();
  if (at_read_row && running.has_row()) running.ConsumeRows(1);
  TURDB_RETURN_IF_ERROR(result->MakeExporter(options));
  if (first.empty()) return result;
  TURDB_RETURN_IF_ERROR(result->exporter_->Append(first, vec::Rows::All(first.size())));
  arrow::Owned<ArrowArray> batch;
  result->exporter_->Finish(batch.get());
  result->kept_.push_back(std::move(batch));
  return result;
}

// By name when every column is called as a parameter, with its mark or without; by place otherwise.
Status Result::MatchParameters() {
  const auto& fields = parameters_->fields();
  const auto& names = statement_->parameter_names();
  std::vector<vec::Type> types;
  for (const arrow::Field& field : fields) types.push_back(field.type);
  parameter_rows_ = vec::Chunk(types, vec::kDefaultChunkCapacity);
  std::vector<bool> given(names.size(), false);
  for (const arrow::Field& field : fields) {
    const auto found = std::find_if(names.begin(), names.end(), [&](const std::string& name) {
      return !name.empty() && (name == field.name || std::string_view(name).substr(1) == field.name);
    });
    if (found == names.end()) break;
    parameter_of_.push_back(static_cast<size_t>(found - names.begin()));
    given[parameter_of_.back()] = true;
  }
  const bool by_name = parameter_of_.size() == fields.size() && !fields.empty() &&
                       static_cast<size_t>(std::count(given.begin(), given.end(), true)) == fields.size();
  if (!by_name) {
    parameter_of_.clear();
    for (size_t i = 0; i < fields.size(); ++i) parameter_of_.push_back(i);
  }
  if (parameter_of_.size() == names.size()) return absl::OkStatus();
  return base::MakeError(
      absl::StatusCode::kInvalidArgument, base::sqlstate::kUndefinedParameter,
      absl::StrCat("the bound stream has ", fields.size(), " columns, and the statement ", names.size(), " parameters"));
}

Status Result::RunAllInTransaction(const arrow::ExportOptions& options) {
  return connection_->InOneUnit([&] { return RunAll(options); });
}

Status Result::RunAll(const arrow::ExportOptions& options) {
  TURDB_RETURN_IF_ERROR(Advance());
  TURDB_RETURN_IF_ERROR(MakeExporter(options));
  while (!done_) {
    TURDB_RETURN_IF_ERROR(Fill(kLargestBatchRows));
    if (exporter_->rows() == 0) continue;
    arrow::Owned<ArrowArray> batch;
    exporter_->Finish(batch.get());
    kept_.push_back(std::move(batch));
  }
  return absl::OkStatus();
}

Status Result::MakeExporter(const arrow::ExportOptions& options) {
  std::vector<arrow::Field> fields;
  std::map<uint32_t, std::vector<std::string>> labels;
  for (size_t i = 0; i < statement_->column_count(); ++i) {
    const vec::Type& type = statement_->column_type(i);
    fields.push_back({statement_->column_name(i), type});
    if (const uint32_t id = type.enum_id(); id != 0) labels[id] = statement_->LabelsOf(id);
  }
  arrow::BuildContext context;
  context.options = options;
  context.text = statement_->text_context();
  context.options.types = context.text.types;
  context.labels = [labels = std::move(labels)](uint32_t type) {
    const auto found = labels.find(type);
    return found == labels.end() ? std::vector<std::string>() : found->second;
  };
  exporter_ = std::make_unique<arrow::Exporter>(std::move(fields), std::move(context));
  return absl::OkStatus();
}

StatusOr<bool> Result::BindNext() {
  if (parameter_row_ >= parameter_rows_.size()) {
    parameter_rows_.Reset();
    parameter_row_ = 0;
    TURDB_ASSIGN_OR_RETURN(const uint32_t count, parameters_->Next(parameter_rows_.capacity(), &parameter_rows_));
    if (count == 0) return false;
  }
  for (size_t i = 0; i < parameter_of_.size(); ++i) {
    vec::Value value = parameter_rows_.column(i).GetValue(parameter_row_);
    statement_->Bind(parameter_of_[i], value.is_null() ? vec::Value() : std::move(value));
  }
  ++parameter_row_;
  ++parameters_bound_;
  return true;
}

Status Result::Advance() {
  for (;;) {
    if (!statement_->running() && !statement_->ended_by_rollback()) {
      if (parameters_ == nullptr) {
        done_ = began_;
      } else {
        TURDB_ASSIGN_OR_RETURN(const bool more, BindNext());
        done_ = !more;
      }
      if (done_) return absl::OkStatus();
    }
    const bool first = !statement_->running();
    began_ = true;
    const StatusOr<StepResult> step = statement_->Step();
    if (!step.ok()) {
      done_ = true;
      if (parameters_ == nullptr) return step.status();
      return base::WithFrame(step.status(), absl::StrCat("running with row ", parameters_bound_, " of the bound stream"));
    }
    if (first && statement_->changes_data()) changes_ += connection_->changes();
    if (exporter_ != nullptr) {
      bool same = statement_->column_count() == exporter_->fields().size();
      for (size_t i = 0; same && i < statement_->column_count(); ++i) {
        same = statement_->column_type(i) == exporter_->fields()[i].type;
      }
      if (!same) {
        done_ = true;
        return base::UnsupportedError("the runs of a statement over a bound stream give columns of different types");
      }
    }
    if (*step == StepResult::kRow) return absl::OkStatus();
  }
}

Status Result::FillFromChunk(int64_t max_rows) {
  uint32_t first = 0;
  const vec::Chunk& chunk = statement_->CurrentChunk(&first);
  auto count = static_cast<uint32_t>(std::min<int64_t>(chunk.size() - first, max_rows - exporter_->rows()));
  if (count > 1 && chunk.memory_bytes() > kLargeChunkBytes) count = 1;
  if (first == 0 && count == chunk.size()) {
    TURDB_RETURN_IF_ERROR(exporter_->Append(chunk, vec::Rows::All(count)));
  } else {
    rows_.resize(count);
    for (uint32_t i = 0; i < count; ++i) rows_[i] = first + i;
    TURDB_RETURN_IF_ERROR(exporter_->Append(chunk, vec::Rows{rows_.data(), count}));
  }
  statement_->ConsumeRows(count);
  return absl::OkStatus();
}

Status Result::Fill(int64_t max_rows) {
  while (!done_ && exporter_->rows() < max_rows && exporter_->size_bytes() < kLargestBatchBytes) {
    Status status = statement_->has_row() ? FillFromChunk(max_rows) : Advance();
    if (!status.ok()) {
      done_ = true;
      statement_->Reset();
      return status;
    }
  }
  return absl::OkStatus();
}

Status Result::Next(int64_t max_rows, ArrowArray* out) {
  if (!kept_.empty()) {
    kept_.front().MoveTo(out);
    kept_.pop_front();
    return absl::OkStatus();
  }
  if (done_) return absl::OkStatus();
  if (max_rows == 0) {
    max_rows = next_target_rows_;
    next_target_rows_ = std::min(next_target_rows_ * 4, kLargestBatchRows);
  }
  TURDB_RETURN_IF_ERROR(Fill(max_rows));
  if (exporter_->rows() != 0) exporter_->Finish(out);
  return absl::OkStatus();
}

}  // namespace turdb::engine
