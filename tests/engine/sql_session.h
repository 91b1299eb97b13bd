// A session over any world, for tests that speak SQL below turdb.h.
#ifndef TURDB_TESTS_ENGINE_SQL_SESSION_H_
#define TURDB_TESTS_ENGINE_SQL_SESSION_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/connection.h"
#include "engine/database.h"
#include "engine/statement.h"

namespace turdb::engine {

class SqlSession {
 public:
  explicit SqlSession(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}

  base::Status Exec(std::string_view sql) {
    const Connection::Entry entry(*connection_);
    TURDB_RETURN_IF_ERROR(entry.status());
    return connection_->Exec(sql);
  }

  // One string a row, columns separated by '|'.
  base::StatusOr<std::vector<std::string>> Query(std::string_view sql) {
    const Connection::Entry entry(*connection_);
    TURDB_RETURN_IF_ERROR(entry.status());
    TURDB_ASSIGN_OR_RETURN(const std::unique_ptr<Statement> statement, connection_->Prepare(sql, nullptr));
    std::vector<std::string> rows;
    for (;;) {
      TURDB_ASSIGN_OR_RETURN(const StepResult result, statement->Step());
      if (result == StepResult::kDone) return rows;
      std::string row;
      for (size_t i = 0; i < statement->column_count(); ++i) {
        if (i > 0) row += '|';
        row += statement->value(i).ToString();
      }
      rows.push_back(std::move(row));
    }
  }

 private:
  std::shared_ptr<Connection> connection_;
};

}  // namespace turdb::engine

#endif  // TURDB_TESTS_ENGINE_SQL_SESSION_H_
