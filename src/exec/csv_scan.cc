// COPY FROM files, and files in FROM. Fields come as text, a batch at a time, and are cast column by column; a row that does
// not convert is reported with its line, column and reason and taken out of the batch, and the cast runs again over the rest.
// More bad rows than CsvOptions::max_rejected_rows fail the statement with the report of the last.
#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "exec/builder.h"
#include "exec/csv_reader.h"
#include "exec/file_shape.h"
#include "function/registry.h"

namespace turdb::exec {
namespace {

using base::Status;
using base::StatusOr;
using vec::Chunk;
using vec::Rows;

class CsvScanSource : public Source {
 public:
  CsvScanSource(const CsvScanNode& node, Builder& builder)
      : node_(node),
        text_(builder.NewChunk(std::vector<vec::Type>(node.types.size(), vec::TypeId::kText))),
        values_(builder.NewChunk(node.types)),
        kept_(builder.capacity(), builder.budget()),
        lines_(builder.capacity()) {}

  Status Build() {
    for (const vec::Type& type : node_.types) {
      // Into a text column a field is assigned, so that one too long is an error and not cut.
      const bool text = vec::IsText(type.id);
      if (type == vec::Type(vec::TypeId::kText)) {
        casts_.emplace_back();
        continue;
      }
      TURDB_ASSIGN_OR_RETURN(function::BoundCall cast,
                             function::BindCast(vec::TypeId::kText, type,
                                                text ? function::CastContext::kAssignment : function::CastContext::kExplicit));
      casts_.push_back(std::move(cast));
    }
    return absl::OkStatus();
  }

  Status Start(Runtime& runtime) override {
    rejected_ = 0;
    done_ = false;
    next_path_ = 0;
    paths_.clear();
    for (const std::string_view path : node_.paths) {
      TURDB_ASSIGN_OR_RETURN(const std::vector<std::string> found, ExpandPath(*runtime.context->host_files, path));
      paths_.insert(paths_.end(), found.begin(), found.end());
    }
    return OpenNext(runtime);
  }

  StatusOr<Flow> Next(Runtime& runtime, Batch* out) override {
    if (done_) return Flow::kDone;
    TURDB_RETURN_IF_ERROR(ReadText(runtime));
    if (text_.empty()) return Flow::kDone;
    Rows rows = Rows::All(text_.size());
    for (size_t c = 0; c < casts_.size() && rows.count != 0; ++c) {
      TURDB_ASSIGN_OR_RETURN(rows, CastColumn(runtime, c, rows));
    }
    values_.set_size(text_.size());
    *out = Batch{&values_, rows};
    return Flow::kHaveMore;
  }

 private:
  Status OpenNext(Runtime& runtime) {
    if (next_path_ >= paths_.size()) {
      done_ = true;
      return absl::OkStatus();
    }
    header_seen_ = !node_.options.header;
    skipped_ = 0;
    TURDB_ASSIGN_OR_RETURN(std::unique_ptr<os::File> file,
                           runtime.context->host_files->Open(paths_[next_path_++], os::OpenMode::kReadOnly));
    reader_.emplace(std::move(file), node_.options, runtime.budget);
    return absl::OkStatus();
  }

  Status CheckHeader(std::span<const CsvField> fields) const {
    if (!node_.options.match_header) return absl::OkStatus();
    const size_t expected = node_.types.size() - (node_.with_file_name ? 1 : 0);
    for (size_t i = 0; i < std::max(fields.size(), expected); ++i) {
      const std::string_view got = i < fields.size() ? fields[i].text : std::string_view();
      if (i < expected && i < fields.size() && got == node_.column_names[i]) continue;
      return base::MakeError(
          absl::StatusCode::kInvalidArgument, base::sqlstate::kBadCopyFormat,
          i < expected && i < fields.size()
              ? absl::StrCat("column name mismatch in header line field ", i + 1, ": got \"", got, "\", expected \"",
                             node_.column_names[i], "\"")
              : absl::StrCat("wrong number of fields in header line: got ", fields.size(), ", expected ", expected));
    }
    return absl::OkStatus();
  }

  bool IsNull(size_t column, const CsvField& field) const {
    if (field.text != node_.options.null_text) return false;
    if (field.quoted) return column < node_.null_quoted.size() && node_.null_quoted[column] != 0;
    return column >= node_.never_null.size() || node_.never_null[column] == 0;
  }

  // Fills text_ with the next records that have the right number of fields.
  Status ReadText(Runtime& runtime) {
    text_.Reset();
    uint32_t count = 0;
    while (count < text_.capacity()) {
      std::span<const CsvField> fields;
      TURDB_ASSIGN_OR_RETURN(const bool more, reader_->Next(&fields));
      if (!more) {
        TURDB_RETURN_IF_ERROR(OpenNext(runtime));
        if (done_) break;
        continue;
      }
      if (skipped_ < node_.options.skip_lines) {
        ++skipped_;
        continue;
      }
      if (!header_seen_) {
        header_seen_ = true;
        TURDB_RETURN_IF_ERROR(CheckHeader(fields));
        continue;
      }
      const size_t expected = node_.types.size() - (node_.with_file_name ? 1 : 0);
      if (fields.size() != expected) {
        TURDB_RETURN_IF_ERROR(Reject(runtime, reader_->line(), "",
                                     base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kBadCopyFormat,
                                                     absl::StrCat("expected ", expected, " fields, found ", fields.size()))));
        continue;
      }
      if (node_.with_file_name) text_.column(expected).SetString(count, reader_->path());
      for (size_t c = 0; c < fields.size(); ++c) {
        if (IsNull(c, fields[c])) {
          text_.column(c).SetNull(count);
        } else {
          text_.column(c).SetString(count, fields[c].text);
        }
      }
      lines_[count++] = reader_->line();
    }
    text_.set_size(count);
    return absl::OkStatus();
  }

  StatusOr<Rows> CastColumn(Runtime& runtime, size_t c, Rows rows) {
    const vec::Vector* text = &text_.column(c);
    if (casts_[c].function == nullptr && casts_[c].kernel == nullptr) {
      values_.column(c).Reference(*text);
      return rows;
    }
    while (rows.count != 0) {
      Status status = function::Evaluate(casts_[c], {&text, 1}, rows, runtime.call(), &values_.column(c));
      if (status.ok()) break;
      const vec::SelIndex bad = runtime.call().error_row;
      TURDB_RETURN_IF_ERROR(Reject(runtime, lines_[bad], node_.column_names[c], std::move(status)));
      uint32_t kept = 0;
      for (uint32_t i = 0; i < rows.count; ++i) {
        if (const vec::SelIndex row = rows[i]; row != bad) kept_.data()[kept++] = row;
      }
      rows = Rows{kept_.data(), kept};
    }
    return rows;
  }

  Status Reject(Runtime& runtime, int64_t line, std::string_view column, Status reason) {
    if (++rejected_ > node_.options.max_rejected_rows) {
      return base::WithFrame(std::move(reason), absl::StrCat("copying ", reader_->path(), ", line ", line,
                                                             column.empty() ? "" : ", column ", column));
    }
    runtime.rejected.push_back({reader_->path(), line, std::string(column), std::string(reason.message())});
    return absl::OkStatus();
  }

  const CsvScanNode& node_;
  std::optional<CsvReader> reader_;
  std::vector<function::BoundCall> casts_;
  Chunk text_;
  Chunk values_;
  vec::SelectionVector kept_;
  std::vector<int64_t> lines_;  // by row of text_
  int64_t rejected_ = 0;
  std::vector<std::string> paths_;
  size_t next_path_ = 0;
  int64_t skipped_ = 0;
  bool header_seen_ = false;
  bool done_ = false;
};

}  // namespace

SourceOr MakeCsvScan(const CsvScanNode& node, Builder& builder) {
  auto source = std::make_unique<CsvScanSource>(node, builder);
  TURDB_RETURN_IF_ERROR(source->Build());
  return source;
}

}  // namespace turdb::exec
