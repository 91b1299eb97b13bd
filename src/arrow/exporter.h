// Chunks become Arrow batches.
//
// Batches are larger than chunks (a consumer pays by the batch), so values are copied once, into memory that the batch owns, on
// no budget: it outlives the statement, the connection and the database. Fixed-width values are copied as they lie.
#ifndef TURDB_ARROW_EXPORTER_H_
#define TURDB_ARROW_EXPORTER_H_

#include <memory>
#include <span>
#include <vector>

#include "arrow/column_builder.h"
#include "arrow/schema.h"
#include "base/status.h"
#include "vec/chunk.h"

namespace turdb::arrow {

// Not thread-safe. Throws std::bad_alloc.
class Exporter {
 public:
  Exporter(std::vector<Field> fields, BuildContext context);
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;

  // The same whenever it is asked for.
  void ExportSchema(ArrowSchema* out) const { Export(schema_, out); }
  const std::vector<Field>& fields() const { return fields_; }

  // After an error the exporter is good for nothing. REQUIRES: a chunk of the fields' types.
  base::Status Append(const vec::Chunk& chunk, vec::Rows rows);
  // The same for vectors of the fields' types that are in no chunk.
  base::Status Append(std::span<const vec::VectorView> columns, vec::Rows rows);
  int64_t rows() const { return rows_; }
  size_t size_bytes() const;
  // The rows since the last time, as a struct array.
  void Finish(ArrowArray* out);

 private:
  const std::vector<Field> fields_;
  const BuildContext context_;
  const SchemaNode schema_;
  std::vector<std::unique_ptr<ColumnBuilder>> columns_;
  int64_t rows_ = 0;
};

}  // namespace turdb::arrow

#endif  // TURDB_ARROW_EXPORTER_H_
