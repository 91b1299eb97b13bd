#include "arrow/column_reader.h"

#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "arrow/schema.h"
#include "base/ids.h"

namespace turdb::arrow {
namespace {

using base::Status;
using base::StatusOr;

constexpr int64_t kMostRows = int64_t{1} << 48;  // of an array: keeps sums and products of what it says inside int64

}  // namespace

Status BadArray(std::string_view what) {
  return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                         absl::StrCat("an Arrow array ", what));
}

StatusOr<const ArrowSchema*> ChildSchema(const ArrowSchema& schema, int64_t i) {
  if (i >= schema.n_children || schema.children == nullptr || schema.children[i] == nullptr ||
      schema.children[i]->release == nullptr || schema.children[i]->format == nullptr) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                           "an Arrow schema lacks a child that its format needs");
  }
  return schema.children[i];
}

StatusOr<const ArrowArray*> ChildArray(const ArrowArray& array, int64_t i) {
  if (i >= array.n_children || array.children == nullptr || array.children[i] == nullptr ||
      array.children[i]->release == nullptr) {
    return BadArray("lacks a child");
  }
  return array.children[i];
}

Status ColumnReader::Open(const ArrowArray& array) {
  array_ = &array;
  if (array.length < 0 || array.offset < 0 || array.length > kMostRows || array.offset > kMostRows) {
    return BadArray(absl::StrCat("has the length ", array.length, " and the offset ", array.offset));
  }
  if (array.null_count < -1 || array.null_count > array.length) {
    return BadArray(absl::StrCat("has ", array.null_count, " nulls in ", array.length, " rows"));
  }
  if (array.n_buffers < buffers_ || (buffers_ != 0 && array.buffers == nullptr)) {
    return BadArray(absl::StrCat("has ", array.n_buffers, " buffers and needs ", buffers_));
  }
  if (array.n_children != children_) {
    return BadArray(absl::StrCat("has ", array.n_children, " children and needs ", children_));
  }
  validity_ = has_validity_ && buffers_ != 0 ? static_cast<const uint8_t*>(array.buffers[0]) : nullptr;
  if (has_validity_ && buffers_ != 0 && validity_ == nullptr && array.null_count > 0) {
    return BadArray(absl::StrCat("has ", array.null_count, " nulls and no validity buffer"));
  }
  offset_ = array.offset;
  length_ = array.length;
  return absl::OkStatus();
}

void ColumnReader::ReadNulls(int64_t first, uint32_t count, vec::Vector* out) const {
  if (validity_ == nullptr) return;
  uint32_t row = 0;
  const int64_t begin = offset_ + first;
  // Eight at once where all are there.
  for (; row < count;) {
    if ((begin + row) % 8 == 0 && row + 8 <= count && validity_[(begin + row) / 8] == 0xff) {
      row += 8;
      continue;
    }
    if (!IsValid(first + row)) out->SetNull(row);
    ++row;
  }
}

ReaderOr ColumnReader::Create(const ArrowSchema& schema, vec::StructTypes* structs) {
  if (schema.release == nullptr || schema.format == nullptr) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                           "an Arrow schema is released or has no format");
  }
  if (schema.n_children < 0) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                           "an Arrow schema has a negative number of children");
  }
  if (schema.dictionary != nullptr) return MakeDictionaryReader(schema, structs);
  const std::string_view format = schema.format;
  TURDB_ASSIGN_OR_RETURN(const auto metadata, ReadMetadata(schema.metadata));
  const auto find = [&](std::string_view key) {
    const auto at = metadata.find(std::string(key));
    return at == metadata.end() ? std::string_view() : std::string_view(at->second);
  };
  const std::string_view extension = find(kExtensionNameKey), named_type = find(kTypeKey);
  ReaderOr reader = std::unique_ptr<ColumnReader>();
  if (absl::StartsWith(format, "+")) {
    reader = MakeVectorReader(schema, named_type);
    if (reader.ok() && *reader == nullptr) reader = MakeNestedReader(schema, structs);
  } else if (absl::StartsWith(format, "t")) {
    reader = MakeTimeReader(format);
  } else {
    reader = MakeTextReader(format, extension, named_type);
    if (reader.ok() && *reader == nullptr) reader = MakeNumberReader(format, named_type);
  }
  if (reader.ok() && *reader == nullptr) {
    return base::UnsupportedError(absl::StrCat("no SQL type takes Arrow's format \"", format, "\""));
  }
  return reader;
}

}  // namespace turdb::arrow
