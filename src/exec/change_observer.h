// Who is told of every row that a statement changes, by itself, by triggers and by foreign keys.
#ifndef TURDB_EXEC_CHANGE_OBSERVER_H_
#define TURDB_EXEC_CHANGE_OBSERVER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "exec/runtime.h"
#include "table/table.h"
#include "vec/chunk.h"

namespace turdb::exec {

enum class ChangeKind : uint8_t { kInsert, kUpdate, kDelete };

// Some rows of one table that changed alike. Row i of both chunks, which have all columns of the table, is one row before and
// after. Valid during the call.
struct RowChanges {
  ChangeKind kind;
  const table::TableSchema* schema;
  const vec::Chunk* old_rows;  // null for inserted rows
  const vec::Chunk* new_rows;  // null for deleted rows
  uint32_t count;
  bool by_foreign_key;
  bool by_trigger;
};

// Called on the statement's thread with no latch held, after the rows were changed. An error fails the statement, which takes
// the changes back.
class ChangeObserver {
 public:
  virtual ~ChangeObserver() = default;
  virtual base::Status Changed(const RowChanges& changes) = 0;
};

// Of a node that changes a table: knows the rows as they were. Not thread-safe. Made when somebody is there to be told.
class ChangeReporter {
 public:
  ChangeReporter(const table::Table& table, const Runtime& runtime);

  // Before the rows under these keys change.
  base::Status ReadOld(const Runtime& runtime, const vec::Vector& row_keys, vec::Rows rows);
  base::Status ReadOld(const Runtime& runtime, base::Bytes row_key);

  base::Status Inserted(const Runtime& runtime, const vec::Chunk& rows);
  // `row`: the new rows, densely, its first columns those of the table. Those that the change did not read (`known` false) are
  // as they were.
  base::Status Updated(const Runtime& runtime, const vec::Chunk& row, std::span<const bool> known);
  // Of the rows that ReadOld was given (`rows`), those that went.
  base::Status Deleted(const Runtime& runtime, vec::Rows rows, vec::Rows deleted);

 private:
  base::Status Tell(const Runtime& runtime, ChangeKind kind, const vec::Chunk* old_rows, const vec::Chunk* new_rows);
  base::Status AddOld(const Runtime& runtime, base::Bytes row_key);

  const table::Table& table_;
  table::Projection projection_;
  table::RowBuffer row_;
  vec::Chunk old_rows_;
  vec::Chunk some_rows_;  // a part of them, or the new ones
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_CHANGE_OBSERVER_H_
