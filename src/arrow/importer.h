// Arrow batches become chunks.
#ifndef TURDB_ARROW_IMPORTER_H_
#define TURDB_ARROW_IMPORTER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "arrow/abi.h"
#include "arrow/column_reader.h"
#include "arrow/schema.h"
#include "base/status.h"
#include "vec/chunk.h"

namespace turdb::arrow {

// Whose types the structs and maps of a column have (column_reader.h), by its place and name.
using StructChoice = absl::FunctionRef<vec::StructTypes*(size_t column, std::string_view name)>;
inline vec::StructTypes* StructsAreJson(size_t, std::string_view) { return nullptr; }

// Not thread-safe.
class Importer {
 public:
  // `schema` is only read: a struct of columns, as streams have it. Errors name the column and its format: 0A000 where SQL has
  // no type for it, 22023 where it is malformed.
  static base::StatusOr<std::unique_ptr<Importer>> Create(const ArrowSchema& schema, StructChoice structs = StructsAreJson);

  // The columns, and the types that they become: the nearest that loses nothing.
  const std::vector<Field>& fields() const { return fields_; }
  // Whether arrays of the other schema can be read by this one: the same types by place.
  bool SameTypes(const Importer& other) const;
  // From now on only these columns are looked at, and chunks have only them, in this order.
  void Choose(std::span<const int32_t> columns);

  // Rows come from this batch now, which the importer owns. Errors: 22023 for one that cannot be read, which is released.
  base::Status Open(Owned<ArrowArray> batch);
  // Up to max_rows of the rows that are left go into `out`, a chunk of the chosen fields' types that is as after Reset. 0:
  // none. Errors name the column; those rows are the next ones still.
  base::StatusOr<uint32_t> Next(uint32_t max_rows, vec::Chunk* out);
  // To the first row of the batch again.
  void Rewind() { next_ = 0; }
  void Close() { batch_.Release(); }
  int64_t rows_left() const { return batch_.empty() ? 0 : batch_->length - next_; }

 private:
  Importer() = default;
  base::Status InColumn(base::Status status, size_t column) const;

  std::vector<Field> fields_;
  std::vector<std::string> formats_;
  std::vector<std::unique_ptr<ColumnReader>> readers_;
  std::vector<size_t> chosen_;  // all of them at first
  Owned<ArrowArray> batch_;
  int64_t next_ = 0;
};

// What a stream's own error says, or what its errno means.
base::Status StreamError(ArrowArrayStream* stream, int code, std::string_view doing);
// One that is released, or lacks a callback, is 22023.
base::Status CheckStream(const ArrowArrayStream* stream);

// A stream and its importer: rows as chunks.
class StreamReader {
 public:
  // Asks the stream for its schema.
  static base::StatusOr<std::unique_ptr<StreamReader>> Create(Owned<ArrowArrayStream> stream,
                                                              StructChoice structs = StructsAreJson);
  // Rows of one batch, which is released when they are read.
  static base::StatusOr<std::unique_ptr<StreamReader>> Create(const ArrowSchema& schema, Owned<ArrowArray> batch);
  const std::vector<Field>& fields() const { return importer_->fields(); }
  const Importer& importer() const { return *importer_; }
  // As Importer::Choose. REQUIRES: no row was read.
  void Choose(std::span<const int32_t> columns) { importer_->Choose(columns); }
  // As Importer::Next, over all batches; 0: the stream has ended, and is released.
  base::StatusOr<uint32_t> Next(uint32_t max_rows, vec::Chunk* out);

 private:
  StreamReader(Owned<ArrowArrayStream> stream, std::unique_ptr<Importer> importer)
      : stream_(std::move(stream)), importer_(std::move(importer)) {}

  Owned<ArrowArrayStream> stream_;
  std::unique_ptr<Importer> importer_;
};

}  // namespace turdb::arrow

#endif  // TURDB_ARROW_IMPORTER_H_
