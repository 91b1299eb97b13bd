// One execution of a statement, or one for each row of a stream of parameters, read as Arrow batches.
#ifndef TURDB_ENGINE_RESULT_H_
#define TURDB_ENGINE_RESULT_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "arrow/exporter.h"
#include "arrow/importer.h"
#include "base/status.h"
#include "engine/statement.h"

namespace turdb::engine {

// Not thread-safe: for the thread that is inside the connection. Owns a statement of its own; let go of it with Release, from
// any thread, or destroy it inside the connection.
class Result {
 public:
  // Runs a clone of `statement` to its first rows; one that changes data has made all changes, and its transaction has
  // committed when there was none around it. With `parameters`, once for each of their rows: changes are one transaction then,
  // and the rows that they give are kept.
  static base::StatusOr<std::unique_ptr<Result>> Run(Statement& statement, const arrow::ExportOptions& options,
                                                     std::unique_ptr<arrow::StreamReader> parameters);
  // What is left of an execution that others have begun to read: `first`, rows that they fetched and hand back, then those
  // behind the one it stands on, which is among them (`at_read_row`) or not.
  static base::StatusOr<std::unique_ptr<Result>> Continue(std::unique_ptr<Statement> statement, const vec::Chunk& first,
                                                          bool at_read_row, const arrow::ExportOptions& options);
  ~Result();
  Result(const Result&) = delete;
  Result& operator=(const Result&) = delete;
  // From any thread; the statement ends when nobody is inside its connection.
  static void Release(std::unique_ptr<Result> result);

  const std::shared_ptr<Connection>& connection() const { return connection_; }
  // The same whenever it is asked for. Needs no connection.
  void ExportSchema(ArrowSchema* out) const { exporter_->ExportSchema(out); }
  // The next batch of at most max_rows rows (0: as many as suit). *out stays released when there are no more.
  base::Status Next(int64_t max_rows, ArrowArray* out);
  // Rows changed by all runs.
  int64_t changes() const { return changes_; }

 private:
  Result(std::unique_ptr<Statement> statement, std::unique_ptr<arrow::StreamReader> parameters);
  base::Status RunAll(const arrow::ExportOptions& options);
  base::Status RunAllInTransaction(const arrow::ExportOptions& options);
  base::Status MatchParameters();
  base::Status MakeExporter(const arrow::ExportOptions& options);
  // To the next row, through as many runs as it takes; done_ when there is none.
  base::Status Advance();
  base::StatusOr<bool> BindNext();  // the next row of the parameters; false: there are no more
  base::Status Fill(int64_t max_rows);
  base::Status FillFromChunk(int64_t max_rows);

  std::unique_ptr<Statement> statement_;
  const std::shared_ptr<Connection> connection_;
  std::unique_ptr<arrow::StreamReader> parameters_;
  vec::Chunk parameter_rows_;
  uint32_t parameter_row_ = 0;        // the next one of them
  int64_t parameters_bound_ = 0;      // rows in all
  std::vector<size_t> parameter_of_;  // by column of the parameters

  std::unique_ptr<arrow::Exporter> exporter_;
  std::deque<arrow::Owned<ArrowArray>> kept_;  // of changes with parameters
  std::vector<vec::SelIndex> rows_;
  int64_t next_target_rows_;
  int64_t changes_ = 0;
  bool began_ = false;
  bool done_ = false;
};

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_RESULT_H_
