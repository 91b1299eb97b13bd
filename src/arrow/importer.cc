#include "arrow/importer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "vec/utf8.h"

namespace turdb::arrow {

using base::Status;
using base::StatusOr;

Status Importer::InColumn(Status status, size_t column) const {
  return base::WithFrame(std::move(status), absl::StrCat("reading column \"", fields_[column].name, "\" (Arrow's format \"",
                                                         formats_[column], "\")"));
}

StatusOr<std::unique_ptr<Importer>> Importer::Create(const ArrowSchema& schema, StructChoice structs) {
  const auto malformed = [](std::string_view what) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter, what);
  };
  if (schema.release == nullptr || schema.format == nullptr) return malformed("the Arrow schema is released or has no format");
  if (std::string_view(schema.format) != "+s" || schema.dictionary != nullptr) {
    return malformed(absl::StrCat("rows are a struct in Arrow (\"+s\"), and the schema says \"", schema.format, "\""));
  }
  if (schema.n_children < 0 || schema.n_children > 100'000) return malformed("an Arrow schema has no such number of children");
  std::unique_ptr<Importer> importer(new Importer());
  for (int64_t i = 0; i < schema.n_children; ++i) {
    TURDB_ASSIGN_OR_RETURN(const ArrowSchema* child, ChildSchema(schema, i));
    const std::string name = child->name == nullptr ? "" : child->name;
    TURDB_RETURN_IF_ERROR(vec::CheckUtf8(name));
    auto reader = ColumnReader::Create(*child, structs(static_cast<size_t>(i), name));
    if (!reader.ok()) {
      Status status = base::MakeError(
          reader.status().code(), base::GetSqlState(reader.status()),
          absl::StrCat("column \"", name, "\" of Arrow's format \"", child->format, "\": ", reader.status().message()));
      return base::WithHint(std::move(status), base::GetHint(reader.status()));
    }
    importer->fields_.push_back({name, (*reader)->type()});
    importer->formats_.emplace_back(child->format);
    importer->chosen_.push_back(importer->readers_.size());
    importer->readers_.push_back(*std::move(reader));
  }
  return importer;
}

void Importer::Choose(std::span<const int32_t> columns) { chosen_.assign(columns.begin(), columns.end()); }

bool Importer::SameTypes(const Importer& other) const {
  return std::equal(fields_.begin(), fields_.end(), other.fields_.begin(), other.fields_.end(),
                    [](const Field& a, const Field& b) { return a.type == b.type; });
}

Status Importer::Open(Owned<ArrowArray> batch) {
  batch_ = std::move(batch);
  next_ = 0;
  const auto open = [&]() -> Status {
    if (batch_->length < 0 || batch_->offset < 0 || batch_->length > INT64_MAX / 64 || batch_->offset > INT64_MAX / 64) {
      return BadArray(absl::StrCat("has the length ", batch_->length, " and the offset ", batch_->offset));
    }
    if (batch_->n_children != static_cast<int64_t>(readers_.size())) {
      return BadArray(absl::StrCat("has ", batch_->n_children, " columns, and its schema ", readers_.size()));
    }
    for (const size_t i : chosen_) {
      TURDB_ASSIGN_OR_RETURN(const ArrowArray* child, ChildArray(*batch_.get(), static_cast<int64_t>(i)));
      TURDB_RETURN_IF_ERROR(InColumn(readers_[i]->Open(*child), i));
      if (readers_[i]->length() < batch_->offset + batch_->length) {
        return InColumn(BadArray(absl::StrCat("has ", readers_[i]->length(), " rows, and the batch ", batch_->length)), i);
      }
    }
    return absl::OkStatus();
  };
  Status status = open();
  if (!status.ok()) batch_.Release();
  return status;
}

StatusOr<uint32_t> Importer::Next(uint32_t max_rows, vec::Chunk* out) {
  const auto count = static_cast<uint32_t>(std::min<int64_t>(rows_left(), std::min(max_rows, out->capacity())));
  if (count == 0) return 0u;
  for (size_t i = 0; i < chosen_.size(); ++i) {
    ColumnReader& reader = *readers_[chosen_[i]];
    if (Status status = reader.Read(batch_->offset + next_, count, &out->column(i)); !status.ok()) {
      return InColumn(std::move(status), chosen_[i]);
    }
  }
  // A row of the struct that is NULL is one of NULLs.
  if (batch_->n_buffers > 0 && batch_->buffers != nullptr && batch_->buffers[0] != nullptr && batch_->null_count != 0) {
    const auto* const validity = static_cast<const uint8_t*>(batch_->buffers[0]);
    for (uint32_t row = 0; row < count; ++row) {
      const int64_t at = batch_->offset + next_ + row;
      if (((validity[at / 8] >> (at % 8)) & 1) != 0) continue;
      for (size_t i = 0; i < chosen_.size(); ++i) {
        if (!out->column(i).is_flat()) out->column(i).Flatten(count);
        out->column(i).SetNull(row);
      }
    }
  }
  out->set_size(count);
  next_ += count;
  return count;
}

Status CheckStream(const ArrowArrayStream* stream) {
  if (stream == nullptr || stream->release == nullptr || stream->get_schema == nullptr || stream->get_next == nullptr) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                           "the Arrow stream is NULL, released, or lacks a callback");
  }
  return absl::OkStatus();
}

Status StreamError(ArrowArrayStream* stream, int code, std::string_view doing) {
  const char* const said = stream->get_last_error == nullptr ? nullptr : stream->get_last_error(stream);
  std::string message = said == nullptr || vec::FindInvalidUtf8(said) != std::strlen(said) ? std::strerror(code) : said;
  const absl::StatusCode status = code == ECANCELED || code == EINTR ? absl::StatusCode::kCancelled
                                  : code == ENOMEM                   ? absl::StatusCode::kResourceExhausted
                                                                     : absl::StatusCode::kUnavailable;
  const base::SqlState state = code == ECANCELED || code == EINTR ? base::sqlstate::kQueryCanceled
                               : code == ENOMEM                   ? base::sqlstate::kOutOfMemory
                                                                  : base::SqlState{"38000"};  // an external routine's error
  return base::WithFrame(base::MakeError(status, state, message), doing);
}

StatusOr<std::unique_ptr<StreamReader>> StreamReader::Create(Owned<ArrowArrayStream> stream, StructChoice structs) {
  TURDB_RETURN_IF_ERROR(CheckStream(stream.get()));
  Owned<ArrowSchema> schema;
  if (const int code = stream->get_schema(stream.get(), schema.get()); code != 0) {
    schema.get()->release = nullptr;
    return StreamError(stream.get(), code, "asking an Arrow stream for its schema");
  }
  TURDB_ASSIGN_OR_RETURN(auto importer, Importer::Create(*schema.get(), structs));
  return std::unique_ptr<StreamReader>(new StreamReader(std::move(stream), std::move(importer)));
}

StatusOr<std::unique_ptr<StreamReader>> StreamReader::Create(const ArrowSchema& schema, Owned<ArrowArray> batch) {
  TURDB_ASSIGN_OR_RETURN(auto importer, Importer::Create(schema));
  TURDB_RETURN_IF_ERROR(importer->Open(std::move(batch)));
  return std::unique_ptr<StreamReader>(new StreamReader({}, std::move(importer)));
}

StatusOr<uint32_t> StreamReader::Next(uint32_t max_rows, vec::Chunk* out) {
  for (;;) {
    TURDB_ASSIGN_OR_RETURN(const uint32_t count, importer_->Next(max_rows, out));
    if (count != 0) return count;
    importer_->Close();
    if (stream_.empty()) return 0u;
    Owned<ArrowArray> batch;
    if (const int code = stream_->get_next(stream_.get(), batch.get()); code != 0) {
      batch.get()->release = nullptr;
      return StreamError(stream_.get(), code, "reading an Arrow stream");
    }
    if (batch.empty()) {
      stream_.Release();
      return 0u;
    }
    TURDB_RETURN_IF_ERROR(importer_->Open(std::move(batch)));
  }
}

}  // namespace turdb::arrow
