// turdb_catalog.locks beside writers that wait: who holds and wants what, on which row, and who stands in whose way.
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/isolation/script.h"

namespace turdb::isolation {
namespace {

constexpr std::string_view kSetup =
    "create table test(id int primary key, value int, code text unique);"
    "insert into test select i, 10 * i, 'c' || i from generate_series(1, 300) g(i);"
    "create table word(language text, spelling text, primary key(language, spelling));"
    "insert into word values ('en', 'row'), ('en', 'lock');";

// What is asked of the view in every script. Session numbers stand in the values that its transactions wrote.
constexpr std::string_view kRows =
    "select row_key, last_row_key, mode, is_granted from turdb_catalog.locks where kind = 'row' order by is_granted, row_key, "
    "mode";

void Play(std::string_view script) { RunScript("repeatable read", kSetup, script); }

TEST(LockView, RowsHeldAndWaitedFor) {
  Play(absl::StrCat(
      R"(
    1: begin -> ok
    1: update test set value = 11 where id = 1 -> ok
    1: select id from test where id = 2 for share -> 2
    1: select id from test where id = 3 for key share -> 3
    1: delete from test where id = 4 -> ok
    2: begin -> ok
    2: update test set value = 12 where id = 1 -> waits
    3: )",
      kRows,
      R"( -> 1|NULL|no key update|f; 1|NULL|no key update|t; 2|NULL|share|t; 3|NULL|key share|t; 4|NULL|update|t
    3: select distinct w.waits_for = h.transaction_id from turdb_catalog.locks w, turdb_catalog.locks h where not w.is_granted and h.is_granted and h.row_key = '1' -> t
    3: select count(*) from turdb_catalog.transactions t join turdb_catalog.locks l on l.transaction_id = t.transaction_id and l.waits_for = t.waits_for -> 1
    1: rollback -> ok
    2> -> ok
    3: )",
      kRows, R"( -> 1|NULL|no key update|t
    2: commit -> ok
    3: )",
      kRows, R"( -> none
  )"));
}

TEST(LockView, SeveralWaitForOne) {
  Play(R"(
    1: begin -> ok
    1: update test set value = 11 where id = 7 -> ok
    2: update test set value = 12 where id = 7 -> waits
    3: delete from test where id = 7 -> waits
    4: select mode, row_key, table_name from turdb_catalog.locks where not is_granted order by mode -> no key update|7|test; update|7|test
    4: select count(distinct waits_for) from turdb_catalog.locks where not is_granted -> 1
    4: select count(*) from turdb_catalog.transactions where waits_for is not null -> 2
    1: rollback -> ok
    2> -> ok
    3> -> ok
    4: select count(*) from turdb_catalog.locks -> 0
  )");
}

// An insert waits for a key of an index that another has taken and not committed.
TEST(LockView, KeysOfIndexes) {
  Play(R"(
    1: begin -> ok
    1: insert into test values (1000, 1, 'taken') -> ok
    2: insert into test values (1001, 1, 'taken') -> waits
    3: select table_name, index_name is not null, row_key, mode from turdb_catalog.locks where not is_granted -> test|t|taken|update
    1: rollback -> ok
    2> -> ok
  )");
}

TEST(LockView, KeysOfSeveralColumns) {
  Play(R"(
    1: begin -> ok
    1: delete from word where spelling = 'row' -> ok
    2: delete from word where spelling = 'row' -> waits
    3: select table_name, row_key, is_granted from turdb_catalog.locks where kind = 'row' order by is_granted -> word|en, row|f; word|en, row|t
    1: rollback -> ok
    2> -> ok
  )");
}

// Rows made one after the other are one line.
TEST(LockView, RunsOfRows) {
  Play(R"(
    1: begin -> ok
    1: insert into test select i, i, 'new' || i from generate_series(1001, 1100) g(i) -> ok
    2: select min(row_key::int), max(coalesce(last_row_key, row_key)::int), count(*) < 20 from turdb_catalog.locks where kind = 'row' and table_name = 'test' -> 1001|1100|t
    1: rollback -> ok
    2: select count(*) from turdb_catalog.locks -> 0
  )");
}

TEST(LockView, Tables) {
  Play(R"(
    1: begin -> ok
    1: update test set value = 11 where id = 1 -> ok
    2: begin -> ok
    2: update test set value = 11 where id = 2 -> ok
    3: create index by_value on test(value) -> waits
    4: select mode, is_granted, count(*) from turdb_catalog.locks where kind = 'table' and table_name = 'test' group by mode, is_granted order by is_granted, mode -> share|f|2; write|t|2
    4: select count(distinct waits_for) from turdb_catalog.locks where kind = 'table' and not is_granted -> 2
    1: commit -> ok
    2: commit -> ok
    3> -> ok
    4: select count(*) from turdb_catalog.locks -> 0
  )");
}

// What does not fit into memory is somewhere, too.
TEST(LockView, ManyRows) {
  Play(R"(
    1: begin -> ok
    1: update test set value = value + 1 -> ok
    2: select count(distinct row_key), count(distinct transaction_id) from turdb_catalog.locks where kind = 'row' -> 300|1
    1: commit -> ok
    2: select count(*) from turdb_catalog.locks -> 0
    2: select size_bytes >= 0 from turdb_catalog.memory where name = 'versions' -> t
  )");
}

}  // namespace
}  // namespace turdb::isolation
