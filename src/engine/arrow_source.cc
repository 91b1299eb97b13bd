#include "engine/arrow_source.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace turdb::engine {
namespace {

using base::Status;
using base::StatusOr;

// Opens its stream when the first row is asked for, so that rewinding what was not read costs nothing and uses nothing up.
class ArrowScan : public exec::TableFunctionScan {
 public:
  explicit ArrowScan(const ArrowSource& source) : source_(source) {}

  void Choose(std::span<const int32_t> columns) override { columns_.assign(columns.begin(), columns.end()); }
  Status Start(exec::Runtime&, std::span<const vec::Value>) override {
    reader_.reset();
    return absl::OkStatus();
  }
  Status Next(exec::Runtime&, uint32_t max_rows, vec::Chunk* out) override {
    if (reader_ == nullptr) {
      TURDB_ASSIGN_OR_RETURN(reader_, source_.OpenReader());
      reader_->Choose(columns_);
    }
    return base::WithFrame(reader_->Next(max_rows, out).status(), absl::StrCat("reading ", source_.name()));
  }

 private:
  const ArrowSource& source_;
  std::vector<int32_t> columns_;
  std::unique_ptr<arrow::StreamReader> reader_;
};

}  // namespace

ArrowSource::ArrowSource(std::string name, Open open, std::unique_ptr<arrow::StreamReader> first)
    : name_(std::move(name)), open_(std::move(open)), first_(std::move(first)) {
  for (const arrow::Field& field : first_->fields()) columns_.push_back({field.name, field.type});
}

std::shared_ptr<const ArrowSource> ArrowSource::Create(std::string name, Open open,
                                                       std::unique_ptr<arrow::StreamReader> first) {
  return std::shared_ptr<const ArrowSource>(new ArrowSource(std::move(name), std::move(open), std::move(first)));
}

StatusOr<std::shared_ptr<const ArrowSource>> ArrowSource::Create(std::string name, arrow::Owned<ArrowArrayStream> stream,
                                                                 vec::StructTypes& structs) {
  TURDB_ASSIGN_OR_RETURN(auto first,
                         arrow::StreamReader::Create(std::move(stream), [&](size_t, std::string_view) { return &structs; }));
  Open again = [name]() -> StatusOr<std::unique_ptr<arrow::StreamReader>> {
    return base::WithHint(
        base::MakeError(absl::StatusCode::kFailedPrecondition, base::SqlState{"24000"},
                        absl::StrCat("the Arrow stream \"", name, "\" has been read, and streams can be read once")),
        "copy its rows into a table, or register a source that can be opened again");
  };
  return std::shared_ptr<const ArrowSource>(new ArrowSource(std::move(name), std::move(again), std::move(first)));
}

std::unique_ptr<exec::TableFunctionScan> ArrowSource::NewScan() const { return std::make_unique<ArrowScan>(*this); }

StatusOr<std::unique_ptr<arrow::StreamReader>> ArrowSource::OpenReader() const {
  {
    const std::lock_guard lock(mutex_);
    if (first_ != nullptr) return std::move(first_);
  }
  TURDB_ASSIGN_OR_RETURN(auto reader, open_());
  const auto same = [](const Column& column, const arrow::Field& field) { return column.type == field.type; };
  const auto& fields = reader->fields();
  if (!std::equal(columns_.begin(), columns_.end(), fields.begin(), fields.end(), same)) {
    return base::WithHint(base::UnsupportedError(absl::StrCat("the columns of ", name_, " have changed")),
                          "register it again, or prepare the statement again");
  }
  return reader;
}

}  // namespace turdb::engine
