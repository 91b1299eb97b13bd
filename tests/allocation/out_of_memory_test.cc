// Every allocation of statements that read fails once, and then once more with all that follow it: each time the statement ends
// with TURDB_NO_MEMORY, the connection goes on, and in the end the files are sound and nothing leaked.
//
// The program interposes malloc and its kin (operator new calls malloc), and fails calls of this thread while it is armed. A
// statement that failed has changed nothing, so it is simply run again with the next allocation failing, until it gets through.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "turdb.h"

namespace {

thread_local int64_t g_until_failure = 0;  // 0: not armed
thread_local bool g_keep_failing = false;
thread_local bool g_failed = false;
std::atomic<int64_t> g_live{0};  // allocations that are not freed

bool Fails() {
  if (g_until_failure == 0 || --g_until_failure > 0) return false;
  g_failed = true;
  if (g_keep_failing) g_until_failure = 1;
  return true;
}

void* Counted(void* memory) {
  if (memory != nullptr) g_live.fetch_add(1, std::memory_order_relaxed);
  return memory;
}

}  // namespace

extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void* __libc_memalign(size_t alignment, size_t size);
void __libc_free(void* memory);

void* malloc(size_t size) {
  if (Fails()) return nullptr;
  return Counted(__libc_malloc(size));
}
void* calloc(size_t count, size_t size) {
  if (Fails()) return nullptr;
  return Counted(__libc_calloc(count, size));
}
void* realloc(void* memory, size_t size) {
  if (Fails()) return nullptr;
  void* const moved = __libc_realloc(memory, size);
  if (memory == nullptr) Counted(moved);
  return moved;
}
void* memalign(size_t alignment, size_t size) {
  if (Fails()) return nullptr;
  return Counted(__libc_memalign(alignment, size));
}
void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void** out, size_t alignment, size_t size) {
  *out = memalign(alignment, size);
  return *out == nullptr ? ENOMEM : 0;
}
void free(void* memory) {
  if (memory != nullptr) g_live.fetch_sub(1, std::memory_order_relaxed);
  __libc_free(memory);
}
}

namespace {

// Each is one statement or one transaction.
constexpr const char* kScript[] = {
    "create table account(id bigint primary key, owner text unique, balance bigint not null check (balance >= 0))",
    "insert into account select i, 'owner number ' || i, 100 from generate_series(1, 200) g(i)",
    "create table entry(account bigint references account on delete cascade, at bigint, note text default 'a note of some "
    "length')",
    "insert into entry select i % 200 + 1, i, repeat('n', i) from generate_series(1, 300) g(i)",
    "create index entry_at on entry(at desc, account)",
    "create index entry_note on entry(upper(left(note, 100))) where at > 10",
    "update account set balance = balance + 1, owner = owner || '!' where id % 3 = 0",
    "insert into account values (1, 'x', 5) on conflict (id) do update set balance = excluded.balance returning id, owner",
    "delete from account where id between 10 and 20",
    "begin; insert into account values (1000, 'long', 1); savepoint s; update account set balance = 0; rollback to s; commit",
    "insert into entry values (1, 5000, repeat('overflow ', 9000))",
    "select a.owner, count(*), sum(e.at), string_agg(left(e.note, 2), ',' order by e.at) from account a join entry e on "
    "e.account "
    "= a.id group by a.owner having count(*) > 0 order by 2 desc, 1 limit 5",
    "with recursive n(i) as (select 1 union all select i + 1 from n where i < 20) select i, (select count(*) from account "
    "where "
    "id <= n.i), row_number() over (partition by i % 3 order by i desc) from n where i in (select at from entry)",
    "select distinct balance from account union select at from entry except select 3 order by 1",
    "alter table account add column opened date default '2020-02-02'",
    "alter table account alter column balance type numeric using balance + 1",
    "create view rich as select id, owner from account where balance > 100",
    "select * from rich where owner like 'owner%' order by id",
    "create table copy_of as select * from account",
    "alter table copy_of rename to renamed",
    "drop table renamed",
    "begin; drop index entry_at; truncate entry; rollback",
    "explain analyze select * from account where id = 5",
    "vacuum",
};

bool Reads(std::string_view sql) {
  for (const std::string_view word : {"select", "with", "explain"}) {
    if (sql.substr(0, word.size()) == word) return true;
  }
  return false;
}

class OutOfMemory : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    path_ = std::filesystem::temp_directory_path() / ("turdb_oom_" + std::to_string(getpid()) + (GetParam() ? "_all" : "_one"));
    std::filesystem::remove_all(path_);
  }
  void TearDown() override { std::filesystem::remove_all(path_); }

  void Open() {
    turdb_options* options = nullptr;
    ASSERT_EQ(turdb_options_new(&options, nullptr), TURDB_OK);
    for (const auto& [key, value] : {std::pair("synchronous", "off"), {"memory_limit", "16MB"}, {"threads", "1"}}) {
      ASSERT_EQ(turdb_options_set(options, key, value, nullptr), TURDB_OK);
    }
    ASSERT_EQ(turdb_db_open(path_.c_str(), options, &db_, nullptr), TURDB_OK);
    turdb_options_free(options);
    ASSERT_EQ(turdb_conn_open(db_, &conn_, nullptr), TURDB_OK);
  }
  void Close() {
    turdb_conn_free(conn_);
    ASSERT_EQ(turdb_db_close(db_, nullptr), TURDB_OK);
    turdb_db_free(db_);
  }

  // All rows of all statements, as text that tells them apart.
  std::string Query(const char* sql) {
    std::string text;
    turdb_stmt* stmt = nullptr;
    turdb_error* error = nullptr;
    if (turdb_stmt_prepare(conn_, sql, TURDB_NUL_TERMINATED, nullptr, &stmt, &error) != TURDB_OK) {
      text = turdb_error_message(error);
      turdb_error_free(error);
      return text;
    }
    while (turdb_stmt_step(stmt, nullptr) == TURDB_ROW) {
      for (int64_t i = 0; i < turdb_stmt_column_count(stmt); ++i) {
        int64_t size = 0;
        const char* const value = turdb_stmt_column_text(stmt, i, &size);
        text.append(value == nullptr ? "" : std::string(value, static_cast<size_t>(size))).push_back('|');
      }
    }
    turdb_stmt_free(stmt);
    return text;
  }
  std::string State() {
    return Query("select sql from sqlite_schema order by name") +
           Query("select count(*), sum(balance), min(owner) from account") +
           Query("select count(*), sum(length(note)), min(at) from entry");
  }

  std::string path_;
  turdb_db* db_ = nullptr;
  turdb_conn* conn_ = nullptr;
};

TEST_P(OutOfMemory, EveryAllocationFailsOnce) {
  Open();
  for (const char* sql : kScript) ASSERT_EQ(turdb_conn_exec(conn_, sql, TURDB_NUL_TERMINATED, nullptr), TURDB_OK) << sql;
  Close();  // what the process allocates once, it has now
  std::filesystem::remove_all(path_);
  const int64_t live_before = g_live.load();
  Open();
  int64_t failures = 0;
  for (const char* sql : kScript) {
    if (!Reads(sql)) {
      ASSERT_EQ(turdb_conn_exec(conn_, sql, TURDB_NUL_TERMINATED, nullptr), TURDB_OK) << sql;
      continue;
    }
    const std::string before = State();
    for (int64_t nth = 1;; ++nth) {
      g_failed = false;
      g_keep_failing = GetParam();
      g_until_failure = nth;
      turdb_error* error = nullptr;
      const turdb_status status = turdb_conn_exec(conn_, sql, TURDB_NUL_TERMINATED, &error);
      g_until_failure = 0;
      if (!g_failed) {
        ASSERT_EQ(status, TURDB_OK) << turdb_error_message(error) << "\n" << sql;
        break;
      }
      ++failures;
      if (status == TURDB_OK) break;  // it could do without
      ASSERT_EQ(status, TURDB_NO_MEMORY) << sql << "\nallocation " << nth << ": " << turdb_error_message(error);
      EXPECT_STREQ(turdb_error_sqlstate(error), "53200");
      turdb_error_free(error);
      // A transaction that the failure left open is for its owner to end.
      if (turdb_conn_in_autocommit(conn_) == 0) {
        ASSERT_EQ(turdb_conn_rollback(conn_, nullptr), TURDB_OK) << sql << "\nallocation " << nth;
      }
      ASSERT_EQ(State(), before) << sql << "\nallocation " << nth;
    }
  }
  EXPECT_GT(failures, 500);
  int64_t problems = -1;
  EXPECT_EQ(turdb_db_check(
                db_, [](void*, const char* problem) { ADD_FAILURE() << problem; }, nullptr, &problems, nullptr),
            TURDB_OK);
  EXPECT_EQ(problems, 0);
  const std::string state = State();
  Close();
  EXPECT_LE(g_live.load(), live_before + 16) << "allocations that nobody freed";
  Open();
  EXPECT_EQ(State(), state);
  Close();
}

INSTANTIATE_TEST_SUITE_P(Modes, OutOfMemory, testing::Values(false, true),
                         [](const auto& mode) { return mode.param ? "AndAllAfterIt" : "Alone"; });

}  // namespace
