// COPY TO: rows as lines of CSV or JSON. A file is written beside its name and renamed when it is whole, so that nobody reads
// half of one and a statement that fails leaves what was there.
#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "exec/builder.h"

namespace turdb::exec {
namespace {

using base::Status;
using base::StatusOr;

constexpr size_t kBufferBytes = 256 << 10;

class CopyToOperator : public Operator {
 public:
  CopyToOperator(const CopyToNode& node, Builder& builder)
      : node_(node), lines_(node.path.empty() ? builder.NewChunk(node.types) : vec::Chunk()) {}
  ~CopyToOperator() override { Abandon(); }

  Status Start(Runtime& runtime) override {
    Abandon();
    buffer_.clear();
    written_ = 0;
    finished_ = false;
    header_due_ = node_.options.header;
    if (node_.path.empty()) return absl::OkStatus();
    files_ = runtime.context->host_files;
    TURDB_ASSIGN_OR_RETURN(file_, files_->Open(PartPath(), os::OpenMode::kCreateOrTruncate));
    return absl::OkStatus();
  }

  StatusOr<Flow> Push(Runtime&, const Batch& in, Batch* out) override {
    if (!node_.path.empty()) {
      if (header_due_) AppendHeader(&buffer_);
      for (uint32_t i = 0; i < in.rows.count; ++i) {
        AppendRow(*in.chunk, in.rows[i], &buffer_);
        buffer_.push_back('\n');
        if (buffer_.size() >= kBufferBytes) TURDB_RETURN_IF_ERROR(Flush());
      }
      *out = Batch();
      return Flow::kNeedInput;
    }
    if (header_due_) {  // a line of its own, before the first rows
      EmitHeader(out);
      return Flow::kHaveMore;
    }
    lines_.Reset();
    for (uint32_t i = 0; i < in.rows.count; ++i) {
      buffer_.clear();
      AppendRow(*in.chunk, in.rows[i], &buffer_);
      lines_.column(0).SetString(i, buffer_);
    }
    lines_.set_size(in.rows.count);
    *out = Batch::All(lines_);
    return Flow::kNeedInput;
  }

  StatusOr<Flow> Finish(Runtime&, Batch* out) override {
    if (finished_) return Flow::kDone;
    if (node_.path.empty()) {
      finished_ = true;
      if (!header_due_) return Flow::kDone;
      EmitHeader(out);
      return Flow::kHaveMore;
    }
    if (header_due_) AppendHeader(&buffer_);
    TURDB_RETURN_IF_ERROR(Flush());
    TURDB_RETURN_IF_ERROR(file_->Sync());
    file_.reset();
    TURDB_RETURN_IF_ERROR(files_->Rename(PartPath(), std::string(node_.path)));
    finished_ = true;
    files_ = nullptr;
    return Flow::kDone;
  }

  int64_t memory_bytes() const override { return static_cast<int64_t>(buffer_.capacity()); }

 private:
  std::string PartPath() const { return absl::StrCat(node_.path, ".part"); }

  // Of a run that did not come to its end.
  void Abandon() {
    if (files_ == nullptr) return;
    file_.reset();
    files_->Remove(PartPath()).IgnoreError();
    files_ = nullptr;
  }

  Status Flush() {
    TURDB_RETURN_IF_ERROR(file_->Write(written_, base::AsBytes(buffer_)));
    written_ += buffer_.size();
    buffer_.clear();
    return absl::OkStatus();
  }

  void EmitHeader(Batch* out) {
    buffer_.clear();
    AppendHeader(&buffer_);
    buffer_.pop_back();
    lines_.Reset();
    lines_.column(0).SetString(0, buffer_);
    lines_.set_size(1);
    *out = Batch::All(lines_);
  }

  void AppendHeader(std::string* out) {
    header_due_ = false;
    for (size_t c = 0; c < node_.column_names.size(); ++c) {
      if (c != 0) out->push_back(node_.options.delimiter);
      AppendField(node_.column_names[c], false, false, out);
    }
    out->push_back('\n');
  }

  void AppendRow(const vec::Chunk& chunk, vec::SelIndex row, std::string* out) {
    for (size_t c = 0; c < chunk.column_count(); ++c) {
      if (c != 0) out->push_back(node_.options.delimiter);
      const vec::VectorView view = chunk.column(c).View();
      if (!view.IsValid(row)) {
        out->append(node_.options.null_text);
        continue;
      }
      const std::string_view text = view.Get<vec::StringView>(row).view();
      if (node_.raw) {
        out->append(text);
      } else {
        const bool forced = c < node_.quoted.size() && node_.quoted[c] != 0;
        AppendField(node_.booleans[c] != 0 ? text.substr(0, 1) : text, chunk.column_count() == 1, forced, out);
      }
    }
  }

  // PostgreSQL's text format.
  void AppendEscaped(std::string_view text, std::string* out) const {
    constexpr std::string_view kMeant = "\b\f\n\r\t\v\\";
    constexpr std::string_view kLetters = "bfnrtv\\";
    for (const char c : text) {
      const size_t place = kMeant.find(c);
      if (place != std::string_view::npos || c == node_.options.delimiter) out->push_back('\\');
      out->push_back(place == std::string_view::npos ? c : kLetters[place]);
    }
  }

  // Quoted when it could be read as something else.
  void AppendField(std::string_view text, bool alone, bool forced, std::string* out) {
    const CsvOptions& options = node_.options;
    if (options.text) return AppendEscaped(text, out);
    const bool special = std::any_of(text.begin(), text.end(), [&](char c) {
      return c == options.delimiter || c == options.quote || c == '\n' || c == '\r';
    });
    const bool quoted = options.force_quote_all || forced || special || text == options.null_text || (alone && text == "\\.");
    if (!quoted) {
      out->append(text);
      return;
    }
    out->push_back(options.quote);
    for (const char c : text) {
      if (c == options.quote || c == options.escape) out->push_back(options.escape);
      out->push_back(c);
    }
    out->push_back(options.quote);
  }

  const CopyToNode& node_;
  vec::Chunk lines_;
  os::FileSystem* files_ = nullptr;  // set while a part is written
  std::unique_ptr<os::File> file_;
  std::string buffer_;
  uint64_t written_ = 0;
  bool header_due_ = false, finished_ = false;
};

}  // namespace

OperatorOr MakeCopyTo(const CopyToNode& node, Builder& builder) { return std::make_unique<CopyToOperator>(node, builder); }

}  // namespace turdb::exec
