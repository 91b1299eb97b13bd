// Many rows into one table: collected, then inserted by one statement a flush (interface rule 7).
#ifndef TURDB_ENGINE_APPENDER_H_
#define TURDB_ENGINE_APPENDER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/importer.h"
#include "base/status.h"
#include "engine/connection.h"
#include "engine/statement.h"
#include "vec/chunk.h"

namespace turdb::engine {

class AppendedRows;

// Not thread-safe: for the thread that is inside the connection. Let go of it with Release, from any thread.
class Appender {
 public:
  static base::StatusOr<std::unique_ptr<Appender>> Open(std::shared_ptr<Connection> connection, std::string_view schema,
                                                        std::string_view table);
  ~Appender();
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;
  static void Release(std::unique_ptr<Appender> appender);

  const std::shared_ptr<Connection>& connection() const { return connection_; }
  size_t column_count() const { return columns_.size(); }
  int64_t row_count() const { return inserted_; }

  // Errors of all: MISUSE once it has failed or was closed.
  base::Status AddColumn(std::string_view name);
  // The next value of the row; on failure the row is as it was. The first two are the short ways of the common ones.
  base::Status AppendInt64(int64_t value);
  base::Status AppendText(std::string_view text);  // valid UTF-8
  base::Status Append(const vec::Value& value);
  base::Status EndRow();
  // MISUSE in the middle of a row.
  base::Status RequireWholeRow(std::string_view call) const;
  // Forgets the values of the row that is being made.
  void DropRow() { at_column_ = 0; }
  base::Status Flush();
  // Flushes, then inserts the rows, columns by place.
  base::Status AppendStream(arrow::Owned<ArrowArrayStream> stream);
  base::Status AppendBatch(const ArrowSchema& schema, arrow::Owned<ArrowArray> batch);
  base::Status Close();

 private:
  struct Target {
    std::string name;
    vec::Type type;
  };

  Appender(std::shared_ptr<Connection> connection, std::shared_ptr<const catalog::Relation> relation);
  base::Status CheckUsable() const;
  base::Status Poison(base::Status status);
  base::Status StartRow();  // before the first value of the appender
  base::StatusOr<vec::Vector*> NextColumn();
  base::Status InColumn(base::Status status) const;
  base::StatusOr<std::unique_ptr<Statement>> PrepareInsert(std::shared_ptr<AppendedRows> rows) const;
  // Runs the statement over its rows; on failure finds out which of them it was.
  base::Status Insert(Statement& statement, AppendedRows& rows);
  base::Status NameRow(Statement& statement, AppendedRows& rows, base::Status failure);
  base::Status InsertBatches(arrow::Importer& importer, ArrowArrayStream* stream);
  base::Status PrepareBatches(const arrow::Importer& importer);

  const std::shared_ptr<Connection> connection_;
  const std::shared_ptr<const catalog::Relation> relation_;
  std::function<vec::StructTypes*(size_t, std::string_view)> StructsOf() const;

  std::vector<Target> columns_;
  bool columns_chosen_ = false;  // by AddColumn
  bool closed_ = false;
  std::string failure_;  // why it is poisoned; empty: it is not

  // Row by row.
  std::vector<vec::Chunk> chunks_;  // the first used_ of them hold rows
  size_t used_ = 0;
  size_t at_column_ = 0;  // of the row that is being made
  int64_t collected_ = 0;
  size_t collected_bytes_ = 0;  // of texts and the like
  std::shared_ptr<AppendedRows> rows_;
  std::unique_ptr<Statement> insert_;
  // Batches of Arrow.
  std::shared_ptr<AppendedRows> batch_rows_;
  std::unique_ptr<Statement> insert_batch_;

  int64_t inserted_ = 0;
  int64_t numbered_ = 0;  // rows before those that are being inserted, for their numbers
};

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_APPENDER_H_
