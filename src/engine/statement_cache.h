// Texts that a connection has compiled, so that preparing one again need not.
#ifndef TURDB_ENGINE_STATEMENT_CACHE_H_
#define TURDB_ENGINE_STATEMENT_CACHE_H_

#include <cstdint>
#include <list>
#include <string>
#include <string_view>

#include "base/hash_map.h"
#include "sql/compile.h"

namespace turdb::engine {

// What a text meant when it was compiled. Any difference, and it may mean something else.
struct CompilationEpochs {
  uint64_t catalog = 0;
  uint64_t temporary = 0;
  uint64_t functions = 0;
  uint64_t sources = 0;  // what is registered on the connection, whose names come before the catalog's
  friend bool operator==(const CompilationEpochs&, const CompilationEpochs&) = default;
};

// Not thread-safe: the connection's. Of the texts that were used last; plans count on the database's budget.
class StatementCache {
 public:
  static constexpr size_t kLongestText = 16 << 10;

  size_t limit() const { return limit_; }
  void set_limit(size_t limit);
  // Null: it is not there, or was compiled under other circumstances.
  const sql::CompiledStatement* Find(std::string_view sql, const CompilationEpochs& now);
  void Put(std::string_view sql, const CompilationEpochs& now, const sql::CompiledStatement& compiled);
  void Clear();

 private:
  struct Entry {
    std::string sql;
    CompilationEpochs epochs;
    sql::CompiledStatement compiled;
  };
  void Trim(size_t most);

  size_t limit_ = 0;
  std::list<Entry> entries_;  // the last used one first
  base::HashMap<std::string_view, std::list<Entry>::iterator> by_text_;
};

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_STATEMENT_CACHE_H_
