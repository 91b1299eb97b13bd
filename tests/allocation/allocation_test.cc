// A prepared point statement that is run again allocates nothing: no heap call, no growth of the budget's use.
//
// The program interposes malloc and its kin (operator new calls malloc), and counts the calls of this thread while a
// counter is armed. Memory that the engine takes past malloc is counted by its budget, which must not grow either.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/engine/sql_session.h"

namespace {

thread_local bool g_armed = false;
thread_local int64_t g_calls = 0;

void Count() {
  if (g_armed) ++g_calls;
}

}  // namespace

extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

void* malloc(size_t size) {
  Count();
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  Count();
  return __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) {
  Count();
  return __libc_realloc(memory, size);
}
void* memalign(size_t alignment, size_t size) {
  Count();
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  Count();
  return __libc_memalign(alignment, size);
}
}

namespace turdb::engine {
namespace {

class AllocationTest : public testing::Test {
 protected:
  void SetUp() override {
    Settings settings;
    settings.memory_limit_bytes = 256 << 20;
    settings.threads = 1;
    auto database = Database::Open(":memory:", settings);
    ASSERT_TRUE(database.ok()) << base::Describe(database.status());
    database_ = *database;
    connection_ = *database_->Connect();
    SqlSession session(connection_);
    ASSERT_TRUE(session.Exec("create table t(id bigint primary key, a bigint not null, b double precision, c text)").ok());
    ASSERT_TRUE(session.Exec("create table k(id text primary key, a bigint not null, u bigint unique)").ok());
    ASSERT_TRUE(
        session.Exec("insert into t select i, i, i * 0.5, 'sixteen letters.' from generate_series(1, 20000) g(i)").ok());
    ASSERT_TRUE(session.Exec("insert into k select 'key' || i, i, i * 2 from generate_series(1, 20000) g(i)").ok());
  }

  // Runs `sql` with parameters that `bind` gives to run i; returns heap calls of the runs after the first thousand.
  template <typename Bind>
  void ExpectNone(const char* sql, Bind&& bind) {
    const Connection::Entry entry(*connection_);
    auto prepared = connection_->Prepare(sql, nullptr);
    ASSERT_TRUE(prepared.ok()) << base::Describe(prepared.status());
    Statement& statement = **prepared;
    int64_t used_before = 0;
    for (int64_t i = 0; i < 2000; ++i) {
      bind(statement, i);
      if (i == 1000) {
        used_before = database_->budget().used_bytes();
        g_calls = 0;
      }
      g_armed = i >= 1000;
      const base::StatusOr<StepResult> result = statement.Step();
      statement.Reset();
      g_armed = false;
      ASSERT_TRUE(result.ok()) << base::Describe(result.status());
    }
    EXPECT_EQ(g_calls, 0) << sql;
    EXPECT_LE(database_->budget().used_bytes(), used_before) << sql;
  }

  std::shared_ptr<Database> database_;
  std::shared_ptr<Connection> connection_;
};

TEST_F(AllocationTest, SelectByIntegerKey) {
  ExpectNone("select id, a, b, c from t where id = ?", [](Statement& s, int64_t i) { s.BindInt64(0, i * 7919 % 20000 + 1); });
}

TEST_F(AllocationTest, SelectByTextKey) {
  ExpectNone("select a, u from k where id = ?",
             [](Statement& s, int64_t i) { s.Bind(0, vec::Value::Text(absl::StrCat("key", i * 7919 % 20000 + 1))); });
}

TEST_F(AllocationTest, SelectByUniqueIndex) {
  ExpectNone("select id, a from k where u = ?", [](Statement& s, int64_t i) { s.BindInt64(0, (i % 20000 + 1) * 2); });
}

TEST_F(AllocationTest, UpdateByKey) {
  ExpectNone("update t set a = ? where id = ?", [](Statement& s, int64_t i) {
    s.BindInt64(0, i);
    s.BindInt64(1, i * 7919 % 20000 + 1);
  });
}

TEST_F(AllocationTest, Insert) {
  ExpectNone("insert into t values (?, ?, 0.5, 'sixteen letters.')", [](Statement& s, int64_t i) {
    s.BindInt64(0, 100000 + i);
    s.BindInt64(1, i);
  });
}

TEST_F(AllocationTest, InsertWithTheNextNumberOfASequence) {
  SqlSession session(connection_);
  ASSERT_TRUE(session.Exec("create table s(id serial primary key, a bigint)").ok());
  // The file is as long as it gets, so that it does not grow in memory meanwhile.
  ASSERT_TRUE(session.Exec("insert into s(a) select i from generate_series(1, 20000) g(i); delete from s; vacuum").ok());
  ASSERT_TRUE(session.Exec("insert into s(a) select i from generate_series(1, 20000) g(i)").ok());
  ExpectNone("insert into s(a) values (?)", [](Statement& s, int64_t i) { s.BindInt64(0, i); });
}

TEST_F(AllocationTest, DeleteByKey) {
  ExpectNone("delete from t where id = ?", [](Statement& s, int64_t i) { s.BindInt64(0, i + 1); });
}

TEST_F(AllocationTest, SelectInATransaction) {
  SqlSession session(connection_);
  ASSERT_TRUE(session.Exec("begin").ok());
  ExpectNone("select id, a, b, c from t where id = ?", [](Statement& s, int64_t i) { s.BindInt64(0, i * 7919 % 20000 + 1); });
  ASSERT_TRUE(session.Exec("commit").ok());
}

}  // namespace
}  // namespace turdb::engine
