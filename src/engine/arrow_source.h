// Arrow streams as tables: what is registered on a connection, found by its replacement scan, or handed to an appender.
#ifndef TURDB_ENGINE_ARROW_SOURCE_H_
#define TURDB_ENGINE_ARROW_SOURCE_H_

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "arrow/importer.h"
#include "base/status.h"
#include "exec/table_function.h"

namespace turdb::engine {

// Immutable but for the first stream, which is opened for its schema and read by the first scan.
class ArrowSource : public exec::ExternalTable {
 public:
  // A stream from the first row on; called by whoever scans.
  using Open = std::function<base::StatusOr<std::unique_ptr<arrow::StreamReader>>()>;
  // `first`: what `open` gave already.
  static std::shared_ptr<const ArrowSource> Create(std::string name, Open open, std::unique_ptr<arrow::StreamReader> first);
  // Of a stream that can be read once.
  static base::StatusOr<std::shared_ptr<const ArrowSource>> Create(std::string name, arrow::Owned<ArrowArrayStream> stream,
                                                                   vec::StructTypes& structs);

  std::string_view name() const override { return name_; }
  std::span<const Column> columns() const override { return columns_; }
  std::unique_ptr<exec::TableFunctionScan> NewScan() const override;
  bool chooses_columns() const override { return true; }

  // For a scan. Errors: those of opening; 0A000 when the columns are others by now.
  base::StatusOr<std::unique_ptr<arrow::StreamReader>> OpenReader() const;

 private:
  ArrowSource(std::string name, Open open, std::unique_ptr<arrow::StreamReader> first);

  const std::string name_;
  const Open open_;
  std::vector<Column> columns_;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<arrow::StreamReader> first_;
};

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_ARROW_SOURCE_H_
