// The cases of Hermitage (Kleppmann), and what else two sessions can do to each other, at every level. READ UNCOMMITTED and
// READ COMMITTED are accepted and given the snapshot; only SERIALIZABLE keeps write skew out.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/isolation/script.h"

namespace turdb::isolation {
namespace {

class Hermitage : public testing::TestWithParam<const char*> {
 protected:
  void Run(std::string_view script, std::string_view more_setup = "") {
    RunScript(
        GetParam(),
        "create table test(id int primary key, value int); insert into test values (1, 10), (2, 20);" + std::string(more_setup),
        script);
  }
};

INSTANTIATE_TEST_SUITE_P(Levels, Hermitage,
                         testing::Values("read uncommitted", "read committed", "repeatable read", "serializable"),
                         [](const auto& info) {
                           std::string name(info.param);
                           name.erase(std::remove(name.begin(), name.end(), ' '), name.end());
                           return name;
                         });

TEST_P(Hermitage, G0DirtyWrite) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    1: update test set value = 11 where id = 1 -> ok
    2: update test set value = 12 where id = 1 -> waits
    1: update test set value = 21 where id = 2 -> ok
    1: commit -> ok
    2> -> error 40001
    2: rollback -> ok
    1: select * from test order by id -> 1|11; 2|21
  )");
}

TEST_P(Hermitage, G1aAbortedRead) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    1: update test set value = 101 where id = 1 -> ok
    2: select * from test order by id -> 1|10; 2|20
    1: rollback -> ok
    2: select * from test order by id -> 1|10; 2|20
    2: commit -> ok
  )");
}

TEST_P(Hermitage, G1bIntermediateRead) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    1: update test set value = 101 where id = 1 -> ok
    2: select * from test order by id -> 1|10; 2|20
    1: update test set value = 11 where id = 1 -> ok
    1: commit -> ok
    2: select * from test order by id -> 1|10; 2|20
    2: commit -> ok
    2: select * from test order by id -> 1|11; 2|20
  )");
}

TEST_P(Hermitage, G1cCircularInformationFlow) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    1: update test set value = 11 where id = 1 -> ok
    2: update test set value = 22 where id = 2 -> ok
    1: select value from test where id = 2 -> 20
    2: select value from test where id = 1 -> 10
    1: commit -> ok
    2: commit -> ok / error 40001
    1: select * from test order by id -> 1|11; 2|22 / 1|11; 2|20
  )");
}

TEST_P(Hermitage, OtvObservedTransactionVanishes) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    3: begin -> ok
    1: update test set value = 11 where id = 1 -> ok
    1: update test set value = 19 where id = 2 -> ok
    2: update test set value = 12 where id = 1 -> waits
    1: commit -> ok
    2> -> error 40001
    2: rollback -> ok
    3: select value from test where id = 1 -> 11
    2: begin -> ok
    2: update test set value = 12 where id = 1 -> ok
    2: update test set value = 18 where id = 2 -> ok
    3: select value from test where id = 2 -> 19
    2: commit -> ok
    3: select value from test where id = 2 -> 19
    3: select value from test where id = 1 -> 11
    3: commit -> ok
  )");
}

TEST_P(Hermitage, PmpPredicateManyPreceders) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    1: select * from test where value = 30 -> none
    2: insert into test values (3, 30) -> ok
    2: commit -> ok
    1: select * from test where value % 3 = 0 -> none
    1: commit -> ok
    1: select * from test where value % 3 = 0 -> 3|30
    1: begin -> ok
    1: select count(*) from test -> 3
    2: delete from test where id = 3 -> ok
    1: select count(*) from test -> 3
    1: commit -> ok
  )");
}

TEST_P(Hermitage, PmpOfWrites) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    1: update test set value = value + 10 -> ok
    2: delete from test where value = 20 -> waits
    1: commit -> ok
    2> -> error 40001
    2: rollback -> ok
    2: select * from test order by id -> 1|20; 2|30
  )");
}

TEST_P(Hermitage, P4LostUpdate) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    1: select value from test where id = 1 -> 10
    2: select value from test where id = 1 -> 10
    1: update test set value = 11 where id = 1 -> ok
    2: update test set value = 11 where id = 1 -> waits
    1: commit -> ok
    2> -> error 40001
    2: rollback -> ok
  )");
}

TEST_P(Hermitage, GSingleReadSkew) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    1: select value from test where id = 1 -> 10
    2: select * from test order by id -> 1|10; 2|20
    2: update test set value = 12 where id = 1 -> ok
    2: update test set value = 18 where id = 2 -> ok
    2: commit -> ok
    1: select value from test where id = 2 -> 20
    1: commit -> ok
  )");
}

TEST_P(Hermitage, GSingleReadSkewByPredicates) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    1: select * from test where value % 5 = 0 order by id -> 1|10; 2|20
    2: update test set value = 12 where value = 10 -> ok
    2: commit -> ok
    1: select * from test where value % 3 = 0 -> none
    1: commit -> ok
  )");
}

TEST_P(Hermitage, GSingleReadSkewByWritePredicates) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    1: select value from test where id = 1 -> 10
    2: update test set value = 12 where id = 1 -> ok
    2: update test set value = 18 where id = 2 -> ok
    2: commit -> ok
    1: delete from test where value = 20 -> error 40001
    1: rollback -> ok
    1: select * from test order by id -> 1|12; 2|18
  )");
}

TEST_P(Hermitage, G2ItemWriteSkew) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    1: select * from test where id in (1, 2) order by id -> 1|10; 2|20
    2: select * from test where id in (1, 2) order by id -> 1|10; 2|20
    1: update test set value = 11 where id = 1 -> ok
    2: update test set value = 21 where id = 2 -> ok
    1: commit -> ok
    2: commit -> ok / error 40001
    1: select * from test order by id -> 1|11; 2|21 / 1|11; 2|20
    2: begin -> ok
    2: update test set value = 21 where id = 2 -> ok
    2: commit -> ok
  )");
}

TEST_P(Hermitage, G2AntiDependencyCycle) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    1: select * from test where value % 3 = 0 -> none
    2: select * from test where value % 3 = 0 -> none
    1: insert into test values (3, 30) -> ok
    2: insert into test values (4, 42) -> ok
    1: commit -> ok
    2: commit -> ok / error 40001
    1: select * from test where value % 3 = 0 order by id -> 3|30; 4|42 / 3|30
  )");
}

// Fekete, O'Neil and O'Neil 2004: what the reader sees fits no order with both writers.
TEST_P(Hermitage, G2WithAReadOnlyTransaction) {
  Run(R"(
    1: begin -> ok
    1: select * from test order by id -> 1|10; 2|20
    2: begin -> ok
    2: update test set value = value + 5 where id = 2 -> ok
    2: commit -> ok
    3: begin -> ok
    3: select * from test order by id -> 1|10; 2|25
    3: commit -> ok
    1: update test set value = 0 where id = 1 -> ok
    1: commit -> ok / error 40001
  )");
}

TEST_P(Hermitage, G2AcrossThreeTransactions) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    3: begin -> ok
    1: select value from test where id = 1 -> 10
    2: select value from test where id = 2 -> 20
    3: select value from test where id = 3 -> 30
    1: update test set value = 21 where id = 2 -> ok
    2: update test set value = 31 where id = 3 -> ok
    3: update test set value = 11 where id = 1 -> ok
    1: commit -> ok
    3: commit -> ok
    2: commit -> ok / error 40001
  )",
      "insert into test values (3, 30)");
}

TEST_P(Hermitage, WriteSkewThroughIndexes) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    1: select id from doctors where ward = 7 order by id -> 1; 2
    2: select id from doctors where ward = 8 order by id -> none
    1: insert into doctors values (4, 8, true) -> ok
    2: insert into doctors values (5, 7, true) -> ok
    1: commit -> ok
    2: commit -> ok / error 40001
  )",
      "create table doctors(id int primary key, ward int, on_call boolean); create index by_ward on doctors(ward);"
      "insert into doctors values (1, 7, true), (2, 7, true), (3, 9, true)");
}

// Two who read and write apart from each other do not disturb each other, whatever lies between.
TEST_P(Hermitage, DisjointRangesDoNotConflict) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    1: select count(*) from test where id between 10 and 19 -> 0
    2: select count(*) from test where id between 20 and 29 -> 0
    1: insert into test values (15, 0) -> ok
    2: insert into test values (25, 0) -> ok
    1: commit -> ok
    2: commit -> ok
  )");
}

TEST_P(Hermitage, AbsentRowsAreRead) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    1: update test set value = 0 where id = 7 -> ok
    2: delete from test where id = 8 -> ok
    1: insert into test values (8, 80) -> ok
    2: insert into test values (7, 70) -> ok
    1: commit -> ok
    2: commit -> ok / error 40001
  )");
}

// What a savepoint takes back was read all the same.
TEST_P(Hermitage, SavepointsDoNotForgetReads) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    2: savepoint a -> ok
    2: select value from test where id = 1 -> 10
    2: rollback to a -> ok
    2: insert into test values (4, 40) -> ok
    1: select count(*) from test where id = 4 -> 0
    1: update test set value = 11 where id = 1 -> ok
    1: commit -> ok
    2: commit -> ok / error 40001
    1: select * from test order by id -> 1|11; 2|20; 4|40 / 1|11; 2|20
  )");
}

TEST_P(Hermitage, UniqueKeyRaces) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    2: select count(*) from test -> 2
    1: insert into test values (3, 30) -> ok
    2: insert into test values (3, 31) -> waits
    1: commit -> ok
    2> -> error 23505 / error 40001
    2: rollback -> ok
    1: begin -> ok
    1: insert into test values (4, 40) -> ok
    2: insert into test values (4, 41) -> waits
    1: rollback -> ok
    2> -> ok
    1: select * from test order by id -> 1|10; 2|20; 3|30; 4|41
  )");
}

// Who learns of a row by not inserting it has read it.
TEST_P(Hermitage, DuplicatesAreRead) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    1: insert into test values (1, 11) on conflict do nothing -> ok
    2: insert into test values (2, 21) on conflict do nothing -> ok
    1: delete from test where id = 2 -> ok
    2: delete from test where id = 1 -> ok
    1: commit -> ok
    2: commit -> ok / error 40001
  )");
}

TEST_P(Hermitage, DeadlocksHaveOneVictimAtOnce) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    1: update test set value = 11 where id = 1 -> ok
    2: update test set value = 22 where id = 2 -> ok
    1: update test set value = 12 where id = 2 -> waits
    2: update test set value = 21 where id = 1 -> error 40P01
    2: rollback -> ok
    1> -> ok
    1: commit -> ok
    1: select * from test order by id -> 1|11; 2|12
  )");
}

TEST_P(Hermitage, OpenReadersKeepTheirSchema) {
  Run(R"(
    1: begin -> ok
    1: select * from test order by id -> 1|10; 2|20
    2: drop table test -> ok
    1: select * from test order by id -> 1|10; 2|20
    1: commit -> ok
    1: select * from test -> error 42P01
  )");
}

}  // namespace
}  // namespace turdb::isolation
