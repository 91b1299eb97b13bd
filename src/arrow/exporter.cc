#include "arrow/exporter.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace turdb::arrow {

using base::Status;

Exporter::Exporter(std::vector<Field> fields, BuildContext context)
    : fields_(std::move(fields)), context_(std::move(context)), schema_(SchemaOf(fields_, context_.options)) {
  for (const Field& field : fields_) columns_.push_back(ColumnBuilder::Create(field.type, context_));
}

Status Exporter::Append(const vec::Chunk& chunk, vec::Rows rows) {
  std::vector<vec::VectorView> views;
  for (const vec::Vector& column : chunk.columns()) views.push_back(column.View());
  return Append(views, rows);
}

Status Exporter::Append(std::span<const vec::VectorView> columns, vec::Rows rows) {
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (Status status = columns_[i]->AppendRows(columns[i], rows, fields_[i].type.width()); !status.ok()) [[unlikely]] {
      return base::WithFrame(std::move(status), absl::StrCat("giving column \"", fields_[i].name, "\" to Arrow"));
    }
  }
  rows_ += rows.count;
  return absl::OkStatus();
}

size_t Exporter::size_bytes() const {
  size_t bytes = 0;
  for (const auto& column : columns_) bytes += column->size_bytes();
  return bytes;
}

void Exporter::Finish(ArrowArray* out) {
  std::vector<ArrowArray> children(columns_.size());
  for (size_t i = 0; i < columns_.size(); ++i) columns_[i]->Finish(&children[i]);
  std::vector<Bytes> buffers(1);
  MakeArray(std::exchange(rows_, 0), 0, std::move(buffers), std::move(children), nullptr, out);
}

}  // namespace turdb::arrow
