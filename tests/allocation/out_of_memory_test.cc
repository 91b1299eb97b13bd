// Every allocation of a script fails once, and then once more with all that follow it: each time the statement ends with
// TURDB_NO_MEMORY and has changed nothing, the connection goes on, and in the end the files are sound, the rows are those of a
// run without failures, and nothing leaked.
//
// The program interposes malloc and its kin (operator new calls malloc), and fails calls of this thread while it is armed. A
// statement that failed has changed nothing, so it is simply run again with the next allocation failing, until it gets through.
// One that got through in spite of a failure is taken back: by the database's files as they were, or by ROLLBACK.
//
// By itself it tries some of the allocations; TURDB_OOM_ALL=1 (./dev oom) all of them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "turdb.h"

namespace {

thread_local int64_t g_until_failure = 0;  // 0: not armed
thread_local bool g_keep_failing = false;
thread_local bool g_failed = false;
std::atomic<int64_t> g_live{0};  // allocations that are not freed
// The same on threads that a statement starts: shared by all but the one that tests.
thread_local bool g_tests = false;
std::atomic<int64_t> g_until_failure_elsewhere{INT64_MAX};
std::atomic<bool> g_failed_elsewhere{false};

bool Fails() {
  if (!g_tests && g_until_failure_elsewhere.load(std::memory_order_relaxed) != INT64_MAX &&
      g_until_failure_elsewhere.fetch_sub(1) <= 1) {  // and all that follow
    g_failed_elsewhere = true;
    errno = ENOMEM;
    return true;
  }
  if (g_until_failure == 0 || --g_until_failure > 0) return false;
  g_failed = true;
  errno = ENOMEM;  // as malloc says it
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

namespace fs = std::filesystem;

// Each is one statement or one transaction; "@" stands for the test's directory.
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
    "insert into account values (2, 'y', 5), (3, 'z', 6) on conflict do nothing",
    "delete from account where id between 10 and 20",
    "begin; insert into account values (1000, 'long', 1); savepoint s; update account set balance = 0; rollback to s; commit",
    "begin; insert into account values (1001, 'longer', 1); savepoint s; delete from entry where at < 50; release s; commit",
    "begin; update account set balance = 7 where id < 50; create table gone(a int); insert into gone values (1); rollback",
    "insert into entry values (1, 5000, repeat('overflow ', 9000))",
    "insert into entry select 1, 6000 + i, i::text || repeat(md5(i::text), 900) from generate_series(1, 3) g(i)",
    "update entry set note = note || 'more' where at >= 5000",
    "copy entry from '@/entry.csv' (format csv, header)",
    "select a.owner, count(*), sum(e.at), string_agg(left(e.note, 2), ',' order by e.at) from account a join entry e on "
    "e.account = a.id group by a.owner having count(*) > 0 order by 2 desc, 1 limit 5",
    "with recursive n(i) as (select 1 union all select i + 1 from n where i < 20) select i, (select count(*) from account "
    "where id <= n.i), row_number() over (partition by i % 3 order by i desc) from n where i in (select at from entry)",
    "select distinct balance from account union select at from entry except select 3 order by 1",
    "select * from account where id = 5 for update",
    "alter table account add column opened date default '2020-02-02'",
    "alter table account alter column balance type numeric using balance + 1",
    "create view rich as select id, owner from account where balance > 100",
    "select * from rich where owner like 'owner%' order by id",
    "create table copy_of as select * from account",
    "alter table copy_of rename to renamed",
    "alter table renamed drop column opened",
    "create sequence numbers",
    "insert into renamed(id, owner, balance) select 5000 + nextval('numbers'), 'n', 1 from generate_series(1, 5) g",
    "truncate renamed",
    "drop table renamed",
    "begin; drop index entry_at; truncate entry; rollback",
    "begin; alter table entry rename to entries; insert into entries values (5, 9000, 'x'); alter table entries rename to "
    "entry; "
    "commit",
    "explain analyze select * from account where id = 5",
    "delete from entry where at % 2 = 0",
    "reindex table entry",
    "vacuum",
};

bool StartsWith(std::string_view sql, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [sql](std::string_view word) { return sql.substr(0, word.size()) == word; });
}

class OutOfMemory : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    root_ = (fs::temp_directory_path() / ("turdb_oom_" + std::to_string(getpid()) + (GetParam() ? "_all" : "_one"))).string();
    fs::remove_all(root_);
    fs::create_directories(root_);
    path_ = root_ + "/db";
    std::ofstream csv(root_ + "/entry.csv");
    csv << "account,at,note\n";
    for (int i = 0; i < 200; ++i) csv << 1 + i % 9 << ',' << 7000 + i << ",\"note " << i << ", of a file\"\n";
    for (std::string sql : kScript) {
      for (size_t at; (at = sql.find('@')) != std::string::npos;) sql.replace(at, 1, root_);
      script_.push_back(std::move(sql));
    }
    every_ = std::getenv("TURDB_OOM_ALL") != nullptr;
  }
  void TearDown() override {
    Close();
    fs::remove_all(root_);
  }

  turdb_status TryOpen(turdb_error** error) {
    turdb_options* options = nullptr;
    turdb_status status = turdb_options_new(&options, error);
    if (status != TURDB_OK) return status;
    for (const auto& [key, value] : {std::pair("synchronous", "off"), {"memory_limit", memory_limit_}, {"threads", "1"}}) {
      if (status == TURDB_OK) status = turdb_options_set(options, key, value, error);
    }
    if (status == TURDB_OK) status = turdb_db_open(path_.c_str(), options, &db_, error);
    turdb_options_free(options);
    if (status == TURDB_OK) status = turdb_conn_open(db_, &conn_, error);
    return status;
  }
  void Open() {
    turdb_error* error = nullptr;
    ASSERT_EQ(TryOpen(&error), TURDB_OK) << turdb_error_message(error);
  }
  void Close() {
    turdb_conn_free(std::exchange(conn_, nullptr));
    turdb_error* error = nullptr;
    EXPECT_EQ(db_ == nullptr ? TURDB_OK : turdb_db_close(db_, &error), TURDB_OK) << turdb_error_message(error);
    turdb_db_free(std::exchange(db_, nullptr));
  }

  turdb_status Exec(const std::string& sql, turdb_error** error = nullptr) {
    return turdb_conn_exec(conn_, sql.c_str(), TURDB_NUL_TERMINATED, error);
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
    return Query("select sql from sqlite_schema where name not like '%marker%' order by name") +
           Query("select count(*), sum(balance), min(owner), sum(length(owner)) from account") +
           Query("select count(*), sum(length(note)), min(at), sum(at) from entry") +
           Query("select count(*), sum(at) from entry where at > 0 and at < 100000 and account > 0") +
           Query("select count(*) from renamed");
  }
  void Check() {
    int64_t problems = -1;
    EXPECT_EQ(turdb_db_check(
                  db_, [](void*, const char* problem) { ADD_FAILURE() << problem; }, nullptr, &problems, nullptr),
              TURDB_OK);
    EXPECT_EQ(problems, 0);
  }

  // The state after each step, of a run without failures; and what the process allocates once, it has then.
  void RunUndisturbed() {
    Open();
    for (const std::string& sql : script_) {
      turdb_error* error = nullptr;
      ASSERT_EQ(Exec(sql, &error), TURDB_OK) << sql << "\n" << turdb_error_message(error);
      states_.push_back(State());
    }
    Check();
    Close();
    Open();
    EXPECT_EQ(State(), states_.back());
    Close();
    fs::remove_all(path_);
  }

  void Save() {
    Close();
    fs::remove_all(root_ + "/saved");
    fs::copy(path_, root_ + "/saved", fs::copy_options::recursive);
    Open();
  }
  void Restore() {
    Close();
    fs::remove_all(path_);
    fs::copy(root_ + "/saved", path_, fs::copy_options::recursive);
    Open();
  }

  // The allocation that fails after the `nth`: the next one, or the later there are the further.
  int64_t Next(int64_t nth, int64_t share = 6) { return nth + 1 + (every_ ? 0 : nth / share + (salt_++ * 7 % 5)); }

  // Runs `action` with its `nth` allocation failing, and all after it in the second mode. Says whether there was one.
  template <typename Action>
  bool Disturb(int64_t nth, Action action) {
    g_failed = false;
    g_keep_failing = GetParam();
    g_until_failure = nth;
    action();
    g_until_failure = 0;
    failures_ += g_failed ? 1 : 0;
    return g_failed;
  }

  void ExpectNoMemory(turdb_status status, turdb_error* error, const std::string& what, int64_t nth) {
    ASSERT_EQ(status, TURDB_NO_MEMORY) << what << "\nallocation " << nth << ": " << turdb_error_message(error);
    EXPECT_STREQ(turdb_error_sqlstate(error), "53200");
    turdb_error_free(error);
  }

  const char* memory_limit_ = "16MB";
  std::string root_, path_;
  std::vector<std::string> script_, states_;
  turdb_db* db_ = nullptr;
  turdb_conn* conn_ = nullptr;
  bool every_ = false;
  int64_t salt_ = 0;
  int64_t failures_ = 0;
};

TEST_P(OutOfMemory, EachStatementByItself) {
  RunUndisturbed();
  const int64_t live_before = g_live.load();
  Open();
  for (size_t step = 0; step < script_.size(); ++step) {
    const std::string& sql = script_[step];
    const std::string before = State();
    Save();
    // What gives rows commits before it gives the first: no allocation in between is left out.
    const bool each = sql.find("returning") != std::string::npos;
    for (int64_t nth = 1;; nth = each ? nth + 1 : Next(nth)) {
      turdb_error* error = nullptr;
      turdb_status status = TURDB_OK;
      const bool disturbed = Disturb(nth, [&] { status = Exec(sql, &error); });
      if (!disturbed) {
        ASSERT_EQ(status, TURDB_OK) << turdb_error_message(error) << "\n" << sql;
        break;
      }
      if (status == TURDB_OK) {  // it could do without
        ASSERT_EQ(turdb_conn_in_autocommit(conn_), 1) << sql << "\nallocation " << nth;
        ASSERT_EQ(State(), states_[step]) << sql << "\nallocation " << nth;
        Restore();
        continue;
      }
      ExpectNoMemory(status, error, sql, nth);
      if (HasFatalFailure()) return;
      // A transaction that the failure left open is for its owner to end.
      if (turdb_conn_in_autocommit(conn_) == 0) {
        ASSERT_EQ(turdb_conn_rollback(conn_, nullptr), TURDB_OK) << sql << "\nallocation " << nth;
      }
      const std::string now = State();
      // Of several statements the last may be the COMMIT, which nobody heard of.
      if (now == states_[step] && sql.substr(0, 5) == "begin") {
        Restore();
        continue;
      }
      ASSERT_EQ(now, before) << sql << "\nallocation " << nth;
    }
    ASSERT_EQ(State(), states_[step]) << sql;
    Check();
    if (HasFailure()) FAIL() << sql;
  }
  Close();
  EXPECT_GT(failures_, 500);
  EXPECT_LE(g_live.load(), live_before + 16) << "allocations that nobody freed";
  Open();
  EXPECT_EQ(State(), states_.back());
}

// A statement on several threads, when one of them, or the calling one, finds no memory: an error and no more, and then it
// works.
TEST_P(OutOfMemory, SeveralThreads) {
  g_tests = true;
  memory_limit_ = "256MB";
  Open();
  for (const char* sql : {"create table r(i int primary key, k int, s text)",
                          "insert into r select i, i % 1000, 'text number ' || i from generate_series(1, 30000) i",
                          "set threads = 3", "set parallel_min_rows = 0"}) {
    ASSERT_EQ(Exec(sql), TURDB_OK) << sql;
  }
  const std::vector<std::string> queries = {
      "select count(*), sum(k), min(s) from r",
      "select count(*), sum(n), max(s) from (select i % 25000 as g, count(*) n, max(s) s from r group by i % 25000) x",
      "select count(*), max(a.s) from r a join r b on a.k = b.i left join r c on c.i = a.i + 29990"};
  for (const std::string& sql : queries) {
    const std::string right = Query(sql.c_str());
    ASSERT_NE(right.find('|'), std::string::npos) << right;
    int64_t failed = 0;
    for (const bool elsewhere : {false, true}) {
      for (int64_t nth = 1;; nth = Next(nth)) {
        turdb_error* error = nullptr;
        turdb_status status = TURDB_OK;
        bool disturbed = false;
        if (elsewhere) {
          g_failed_elsewhere = false;
          g_until_failure_elsewhere = nth;
          status = Exec(sql, &error);
          g_until_failure_elsewhere = INT64_MAX;
          disturbed = g_failed_elsewhere;
        } else {
          disturbed = Disturb(nth, [&] { status = Exec(sql, &error); });
        }
        if (status != TURDB_OK) {
          ExpectNoMemory(status, error, sql, nth);
          ++failed;
        }
        if (HasFatalFailure()) return;
        if (!disturbed) break;
        ASSERT_EQ(Query(sql.c_str()), right) << sql << "\nallocation " << nth;
      }
    }
    EXPECT_GT(failed, 10) << sql;
  }
  Close();
}

// What a failed statement did is taken back, what the transaction did before it stays, and it can go on and commit.
TEST_P(OutOfMemory, EachStatementInATransaction) {
  RunUndisturbed();
  Open();
  ASSERT_EQ(Exec("create table marker(a bigint primary key, b text)"), TURDB_OK);
  int64_t markers = 0;
  for (size_t step = 0; step < script_.size(); ++step) {
    const std::string& sql = script_[step];
    const std::string before = State();
    const bool alone = StartsWith(sql, {"begin", "vacuum", "checkpoint", "reindex"});
    for (int64_t nth = 1; !alone; nth = Next(nth)) {
      const std::string where = sql + "\nallocation " + std::to_string(nth);
      ASSERT_EQ(Exec("begin; insert into marker values (" + std::to_string(markers) + ", repeat('m', 100))"), TURDB_OK)
          << where;
      turdb_error* error = nullptr;
      turdb_status status = TURDB_OK;
      const bool disturbed = Disturb(nth, [&] { status = Exec(sql, &error); });
      if (status == TURDB_OK) {
        ASSERT_EQ(State(), states_[step]) << where;
        ASSERT_EQ(Exec("rollback"), TURDB_OK) << where;
        ASSERT_EQ(State(), before) << where;
        if (!disturbed) break;
        continue;
      }
      ExpectNoMemory(status, error, sql, nth);
      if (HasFatalFailure()) return;
      ASSERT_EQ(turdb_conn_in_autocommit(conn_), 0) << where;
      // Changes of the schema may need memory to be taken back; then the transaction cannot go on.
      const bool must_go_on = !StartsWith(sql, {"create", "alter", "drop", "truncate"});
      error = nullptr;
      status = Exec("insert into marker values (-1, 'still here'); delete from marker where a = -1", &error);
      if (!must_go_on && status != TURDB_OK) {
        turdb_error_free(error);
        ASSERT_EQ(Exec("rollback"), TURDB_OK) << where;
        ASSERT_EQ(State(), before) << where;
        continue;
      }
      ASSERT_EQ(status, TURDB_OK) << where << "\n" << turdb_error_message(error);
      ASSERT_EQ(State(), before) << where;
      ASSERT_EQ(Exec("commit"), TURDB_OK) << where;
      ++markers;
      ASSERT_EQ(State(), before) << where;
    }
    ASSERT_EQ(Exec(sql), TURDB_OK) << sql;
    ASSERT_EQ(State(), states_[step]) << sql;
  }
  Check();
  EXPECT_EQ(Query("select count(*) from marker"), std::to_string(markers) + "|");
  EXPECT_GT(failures_, 500);
}

// A rollback needs no memory: what the transaction did is taken back, files that it made and dropped included.
TEST_P(OutOfMemory, Rollback) {
  RunUndisturbed();
  Open();
  for (const std::string& sql : script_) ASSERT_EQ(Exec(sql), TURDB_OK) << sql;
  const int64_t live_before = g_live.load();
  for (int64_t nth = 1;; ++nth) {
    const std::string where = "allocation " + std::to_string(nth);
    ASSERT_EQ(
        Exec("begin; update account set balance = balance + 1, owner = owner || ' and more'; delete from entry where at % 3 "
             "= 0; savepoint s; create table made(a int primary key, b text unique); insert into made select i, i::text "
             "from generate_series(1, 300) g(i); alter table entry rename to entries; drop index entry_note; create temp "
             "table passing as select 1 as one; update account set opened = '2021-01-01'"),
        TURDB_OK)
        << where;
    turdb_error* error = nullptr;
    turdb_status status = TURDB_OK;
    const bool disturbed = Disturb(nth, [&] { status = turdb_conn_rollback(conn_, &error); });
    if (status != TURDB_OK) {
      ExpectNoMemory(status, error, "rollback", nth);
      if (HasFatalFailure()) return;
      if (turdb_conn_in_autocommit(conn_) == 0) {
        ASSERT_EQ(turdb_conn_rollback(conn_, nullptr), TURDB_OK) << where;
      }
    }
    ASSERT_EQ(State(), states_.back()) << where;
    ASSERT_EQ(Exec("insert into account values (7777, 'after', 1); delete from account where id = 7777"), TURDB_OK) << where;
    if (!disturbed) break;
  }
  Check();
  EXPECT_GT(failures_, 3);
  Close();
  EXPECT_LE(g_live.load(), live_before) << "allocations that nobody freed";
  Open();
  EXPECT_EQ(State(), states_.back());
}

// A checkpoint that fails leaves a database that goes on, and whose next checkpoint goes through.
TEST_P(OutOfMemory, Checkpoint) {
  RunUndisturbed();
  Open();
  for (const std::string& sql : script_) ASSERT_EQ(Exec(sql), TURDB_OK) << sql;
  for (int64_t nth = 1;; ++nth) {
    const std::string where = "allocation " + std::to_string(nth);
    ASSERT_EQ(Exec("update account set owner = owner; create table passing as select i from generate_series(1, 100) g(i); drop "
                   "table passing"),
              TURDB_OK)
        << where;
    turdb_error* error = nullptr;
    turdb_status status = TURDB_OK;
    const bool disturbed = Disturb(nth, [&] { status = turdb_db_checkpoint(db_, &error); });
    if (status != TURDB_OK) {
      ExpectNoMemory(status, error, "checkpoint", nth);
      if (HasFatalFailure()) return;
      ASSERT_EQ(turdb_db_checkpoint(db_, &error), TURDB_OK) << where << "\n" << turdb_error_message(error);
    }
    ASSERT_EQ(State(), states_.back()) << where;
    if (nth % 4 == 0) {
      Close();
      Open();
      ASSERT_EQ(State(), states_.back()) << where;
    }
    if (!disturbed) break;
  }
  Check();
  EXPECT_GT(failures_, 10);
}

// An opening that fails can be tried again: after a proper end, and where there is something to be undone first.
TEST_P(OutOfMemory, Opening) {
  RunUndisturbed();
  Open();
  for (const std::string& sql : script_) ASSERT_EQ(Exec(sql), TURDB_OK) << sql;
  ASSERT_EQ(Exec("checkpoint"), TURDB_OK);
  ASSERT_EQ(Exec("begin; delete from entry; create table made as select 1 as one; update account set balance = 0"), TURDB_OK);
  // As a process leaves it that is killed: flushed by somebody else's checkpoint.
  turdb_conn* other = nullptr;
  ASSERT_EQ(turdb_conn_open(db_, &other, nullptr), TURDB_OK);
  ASSERT_EQ(turdb_conn_exec(other, "checkpoint", TURDB_NUL_TERMINATED, nullptr), TURDB_OK);
  turdb_conn_free(other);
  const std::string killed = root_ + "/killed";
  fs::copy(path_, killed, fs::copy_options::recursive);
  ASSERT_EQ(Exec("rollback"), TURDB_OK);
  Close();
  const std::string closed = root_ + "/closed";
  fs::copy(path_, closed, fs::copy_options::recursive);
  int64_t live_before = 0;
  for (const std::string& start : {closed, killed}) {
    for (int64_t nth = 1;; nth = Next(nth, 30)) {
      const std::string where = start + ", allocation " + std::to_string(nth);
      fs::remove_all(path_);
      fs::copy(start, path_, fs::copy_options::recursive);
      turdb_error* error = nullptr;
      turdb_status status = TURDB_OK;
      const bool disturbed = Disturb(nth, [&] { status = TryOpen(&error); });
      if (status != TURDB_OK) {
        ExpectNoMemory(status, error, "opening", nth);
        if (HasFatalFailure()) return;
        turdb_db_free(std::exchange(db_, nullptr));
        Open();
      }
      ASSERT_EQ(State(), states_.back()) << where;
      if (!disturbed) Check();
      Close();
      if (!disturbed) break;
      if (live_before == 0) live_before = g_live.load();
    }
  }
  EXPECT_GT(failures_, 50);
  EXPECT_LE(g_live.load(), live_before + 16) << "allocations that nobody freed";
}

// Closing without memory ends like a crash at the worst: what was committed is there.
TEST_P(OutOfMemory, Closing) {
  RunUndisturbed();
  Open();
  for (const std::string& sql : script_) ASSERT_EQ(Exec(sql), TURDB_OK) << sql;
  Close();
  int64_t live_before = 0;
  for (const char* begun : {"begin; delete from entry; rollback; update account set owner = owner",
                            "create table if not exists marker(a int); update account set owner = owner; begin; delete from "
                            "entry; drop table marker; create table made as select i from generate_series(1, 100) g(i); create "
                            "temp table passing as select i from generate_series(1, 100) g(i)"}) {
    for (int64_t nth = 1;; nth = Next(nth, 30)) {
      const std::string where = std::string(begun) + "\nallocation " + std::to_string(nth);
      Open();
      ASSERT_EQ(Exec(begun), TURDB_OK) << where;
      turdb_error* error = nullptr;
      turdb_status status = TURDB_OK;
      const bool by_database = nth % 2 == 0;  // the connection is ended by the database, or before it
      const bool disturbed = Disturb(nth, [&] {
        if (!by_database) turdb_conn_free(std::exchange(conn_, nullptr));
        status = turdb_db_close(db_, &error);
      });
      if (status != TURDB_OK) ExpectNoMemory(status, error, "closing", nth);
      if (HasFatalFailure()) return;
      ASSERT_EQ(turdb_db_close(db_, nullptr), TURDB_OK) << where;  // it is closed, whatever it said
      turdb_conn_free(std::exchange(conn_, nullptr));
      turdb_db_free(std::exchange(db_, nullptr));
      Open();
      ASSERT_EQ(State(), states_.back()) << where;
      if (nth % 8 == 1) Check();
      Close();
      if (!disturbed) break;
      if (live_before == 0) live_before = g_live.load();
    }
  }
  EXPECT_GT(failures_, 15);
  EXPECT_LE(g_live.load(), live_before + 16) << "allocations that nobody freed";
}

// What the host registers: `destroy` is called exactly once, also when there was no memory to register it, and what was there
// before stays.
struct Registration {
  const char* name;
  // Registers with this user_data.
  std::function<turdb_status(turdb_conn* conn, void* user_data, void (*destroy)(void*), turdb_error** error)> set;
  // And takes it away; null: setting another one does.
  std::function<turdb_status(turdb_conn* conn, turdb_error** error)> take;
};

void CountDestroyed(void* user_data) { ++*static_cast<int*>(user_data); }

void Twice(void*, turdb_call* call) {
  for (int64_t i = 0; i < turdb_call_row_count(call); ++i) turdb_call_return_int64(call, i, 2 * turdb_call_int64(call, 0, i));
}
void Shout(void*, turdb_call* call) {
  for (int64_t i = 0; i < turdb_call_row_count(call); ++i) {
    int64_t size = 0;
    const char* const text = turdb_call_text(call, 0, i, &size);
    if (text == nullptr && !turdb_call_is_null(call, 0, i)) return turdb_call_fail(call, "53200", "no memory for the argument");
    turdb_call_return_blob(call, i, text, size);
  }
}
struct SumState {
  int64_t sum = 0;
};
int64_t g_states = 0;
void* NewSum(void*, turdb_call* call) {
  auto* const state = new (std::nothrow) SumState;
  if (state == nullptr) {
    turdb_call_fail(call, "53200", "no memory for a state");
  } else {
    ++g_states;
  }
  return state;
}
void UpdateSum(void*, turdb_call* call, void* const* states) {
  for (int64_t i = 0; i < turdb_call_row_count(call); ++i) {
    static_cast<SumState*>(states[i])->sum += turdb_call_int64(call, 0, i);
  }
}
void FinishSum(void*, turdb_call* call, void* const* states) {
  for (int64_t i = 0; i < turdb_call_row_count(call); ++i) {
    turdb_call_return_int64(call, i, static_cast<SumState*>(states[i])->sum);
  }
}
void ReleaseSum(void*, void* state) {
  if (state == nullptr) return;
  --g_states;
  delete static_cast<SumState*>(state);
}
void NoRows(void*, turdb_call* call, ArrowArrayStream*) { turdb_call_fail(call, "38000", "there are no rows"); }
bool Allow(void*) { return false; }
void Nothing(void*) {}
bool AllowChange(void*, turdb_change* change) { return turdb_change_row_count(change) < 1; }
void ReadTrace(void*, turdb_trace* trace) {
  (void)turdb_trace_sql(trace);
  (void)turdb_trace_expanded_sql(trace);
  (void)turdb_trace_error(trace);
}
int32_t AllowAll(void*, int32_t, const char*, const char*, const char*, const char*) { return TURDB_ALLOW; }

const Registration kRegistrations[] = {
    {"scalar function",
     [](turdb_conn* conn, void* data, void (*destroy)(void*), turdb_error** error) {
       return turdb_conn_create_scalar(conn, "twice", "bigint", "bigint", TURDB_FUNCTION_DETERMINISTIC, Twice, data, destroy,
                                       error);
     },
     [](turdb_conn* conn, turdb_error** error) { return turdb_conn_drop_function(conn, "twice", "bigint", 0, error); }},
    {"aggregate",
     [](turdb_conn* conn, void* data, void (*destroy)(void*), turdb_error** error) {
       return turdb_conn_create_aggregate(conn, "total_of", "bigint", "bigint", 0, NewSum, UpdateSum, nullptr, FinishSum,
                                          ReleaseSum, data, destroy, error);
     },
     [](turdb_conn* conn, turdb_error** error) { return turdb_conn_drop_function(conn, "total_of", nullptr, 0, error); }},
    {"table function",
     [](turdb_conn* conn, void* data, void (*destroy)(void*), turdb_error** error) {
       return turdb_conn_create_table_function(conn, "rows_of", "text, integer", "a bigint, b text[]", 0, NoRows, data, destroy,
                                               error);
     },
     [](turdb_conn* conn, turdb_error** error) { return turdb_conn_drop_function(conn, "rows_of", nullptr, 0, error); }},
    {"collation",
     [](turdb_conn* conn, void* data, void (*destroy)(void*), turdb_error** error) {
       return turdb_conn_create_collation(conn, "shouted", 0, Shout, data, destroy, error);
     },
     [](turdb_conn* conn, turdb_error** error) { return turdb_conn_drop_collation(conn, "shouted", error); }},
    {"commit hook",
     [](turdb_conn* conn, void* data, void (*destroy)(void*), turdb_error** error) {
       return turdb_conn_set_commit_hook(conn, Allow, data, destroy, error);
     },
     [](turdb_conn* conn, turdb_error** error) { return turdb_conn_set_commit_hook(conn, nullptr, nullptr, nullptr, error); }},
    {"rollback hook",
     [](turdb_conn* conn, void* data, void (*destroy)(void*), turdb_error** error) {
       return turdb_conn_set_rollback_hook(conn, Nothing, data, destroy, error);
     },
     [](turdb_conn* conn, turdb_error** error) {
       return turdb_conn_set_rollback_hook(conn, nullptr, nullptr, nullptr, error);
     }},
    {"change hook",
     [](turdb_conn* conn, void* data, void (*destroy)(void*), turdb_error** error) {
       return turdb_conn_set_change_hook(conn, AllowChange, data, destroy, error);
     },
     [](turdb_conn* conn, turdb_error** error) { return turdb_conn_set_change_hook(conn, nullptr, nullptr, nullptr, error); }},
    {"trace",
     [](turdb_conn* conn, void* data, void (*destroy)(void*), turdb_error** error) {
       return turdb_conn_set_trace(conn, ReadTrace, data, destroy, error);
     },
     [](turdb_conn* conn, turdb_error** error) { return turdb_conn_set_trace(conn, nullptr, nullptr, nullptr, error); }},
    {"authorizer",
     [](turdb_conn* conn, void* data, void (*destroy)(void*), turdb_error** error) {
       return turdb_conn_set_authorizer(conn, AllowAll, data, destroy, error);
     },
     [](turdb_conn* conn, turdb_error** error) { return turdb_conn_set_authorizer(conn, nullptr, nullptr, nullptr, error); }},
};

TEST_P(OutOfMemory, Registering) {
  Open();
  for (const Registration& registration : kRegistrations) {
    for (int64_t nth = 1;; ++nth) {
      const std::string where = std::string(registration.name) + ", allocation " + std::to_string(nth);
      int destroyed = 0;
      turdb_error* error = nullptr;
      turdb_status status = TURDB_OK;
      const bool disturbed = Disturb(nth, [&] { status = registration.set(conn_, &destroyed, CountDestroyed, &error); });
      if (status == TURDB_OK) {
        ASSERT_EQ(destroyed, 0) << where;
        ASSERT_EQ(registration.take(conn_, nullptr), TURDB_OK) << where;
        ASSERT_EQ(destroyed, 1) << where;
        if (!disturbed) break;
        continue;
      }
      ExpectNoMemory(status, error, registration.name, nth);
      if (HasFatalFailure()) return;
      ASSERT_EQ(destroyed, 1) << where;
      ASSERT_EQ(Exec("select 1"), TURDB_OK) << where;
    }
    // Replaced by another, and by one that there is no memory for.
    int first = 0, second = 0;
    ASSERT_EQ(registration.set(conn_, &first, CountDestroyed, nullptr), TURDB_OK);
    turdb_error* error = nullptr;
    turdb_status status = TURDB_OK;
    Disturb(1, [&] { status = registration.set(conn_, &second, CountDestroyed, &error); });
    ExpectNoMemory(status, error, registration.name, 1);
    if (HasFatalFailure()) return;
    EXPECT_EQ(first, 0) << registration.name;
    EXPECT_EQ(second, 1) << registration.name;
    ASSERT_EQ(registration.take(conn_, nullptr), TURDB_OK);
    EXPECT_EQ(first, 1) << registration.name;
  }
  EXPECT_GT(failures_, 20);
}

// Statements that call the host, and tell it of what they do.
TEST_P(OutOfMemory, CallingTheHost) {
  Open();
  int destroyed = 0, registered = 0;
  for (const Registration& registration : kRegistrations) {
    ASSERT_EQ(registration.set(conn_, &destroyed, CountDestroyed, nullptr), TURDB_OK) << registration.name;
    ++registered;
  }
  ASSERT_EQ(Exec("create table note(a bigint primary key, b text); insert into note select i, 'text number ' || i from "
                 "generate_series(1, 300) g(i)"),
            TURDB_OK);
  const std::vector<std::string> statements = {
      "select twice(a), total_of(a) over (order by a) from note order by b collate shouted, 1 limit 20",
      "select a % 7, total_of(twice(a)) from note group by 1 order by 1", "update note set b = b || '!' where twice(a) < 100"};
  for (const std::string& sql : statements) {
    const std::string right = Query("select sum(length(b)) from note");
    for (int64_t nth = 1;; nth = Next(nth)) {
      turdb_error* error = nullptr;
      turdb_status status = TURDB_OK;
      ASSERT_EQ(Exec("begin"), TURDB_OK);
      const bool disturbed = Disturb(nth, [&] { status = Exec(sql, &error); });
      if (status != TURDB_OK) {
        ExpectNoMemory(status, error, sql, nth);
        if (HasFatalFailure()) return;
        ASSERT_EQ(Query("select sum(length(b)) from note"), right) << sql << "\nallocation " << nth;
      }
      ASSERT_EQ(Exec("rollback"), TURDB_OK) << sql << "\nallocation " << nth;
      ASSERT_EQ(Query("select sum(length(b)) from note"), right) << sql << "\nallocation " << nth;
      ASSERT_EQ(g_states, 0) << sql << "\nallocation " << nth;
      if (!disturbed) break;
    }
  }
  Close();
  EXPECT_EQ(destroyed, registered);
  EXPECT_GT(failures_, 60);
}

// Calls that are no statements.
TEST_P(OutOfMemory, Calls) {
  Open();
  ASSERT_EQ(
      Exec("set statement_cache_size = 4; create table doc(a int primary key, b blob, c vector(3)); insert into doc values "
           "(1, 'abc'::bytea, '[1,2,3]')"),
      TURDB_OK);
  const auto resize = [&](int64_t size, turdb_error** error) {
    turdb_blob* blob = nullptr;
    turdb_status status = turdb_blob_open(conn_, nullptr, "doc", "b", 1, true, &blob, error);
    if (status == TURDB_OK) status = turdb_blob_resize(blob, size, error);
    turdb_blob_free(blob);
    return status;
  };
  const std::pair<const char*, std::function<turdb_status(turdb_error**)>> calls[] = {
      {"a metric",
       [&](turdb_error** error) {
         int64_t value = 0;
         return turdb_db_metric(db_, "statements", &value, error);
       }},
      {"metrics as rows",
       [&](turdb_error** error) {
         return turdb_conn_exec(conn_, "select * from turdb_catalog.metrics", TURDB_NUL_TERMINATED, error);
       }},
      {"the log",
       [&](turdb_error** error) {
         return turdb_db_set_log(
             db_, TURDB_LOG_DEBUG, [](void*, int32_t, const char*) {}, nullptr, nullptr, error);
       }},
      {"a snapshot",
       [&](turdb_error** error) {
         turdb_snapshot* snapshot = nullptr;
         turdb_status status = turdb_snapshot_open(conn_, &snapshot, error);
         if (status == TURDB_OK) status = turdb_conn_begin_at(conn_, snapshot, error);
         turdb_snapshot_free(snapshot);
         if (turdb_conn_in_autocommit(conn_)) return status;
         const turdb_status ended = turdb_conn_rollback(conn_, status == TURDB_OK ? error : nullptr);
         return status == TURDB_OK ? ended : status;
       }},
      {"a blob that grows", [&](turdb_error** error) { return resize(40000, error); }},
      {"a blob that shrinks", [&](turdb_error** error) { return resize(10, error); }},
      {"a vector",
       [&](turdb_error** error) {
         turdb_stmt* stmt = nullptr;
         const float vector[3] = {1, 2, 3};
         turdb_status status =
             turdb_stmt_prepare(conn_, "select c from doc where c = ?", TURDB_NUL_TERMINATED, nullptr, &stmt, error);
         if (status == TURDB_OK) status = turdb_stmt_bind_vector(stmt, 1, vector, 3, TURDB_VECTOR_FLOAT32, error);
         if (status == TURDB_OK) status = turdb_stmt_step(stmt, error);
         if (status == TURDB_ROW && turdb_stmt_column_vector(stmt, 0, nullptr, nullptr) == nullptr) status = TURDB_INTERNAL;
         turdb_stmt_free(stmt);
         return status == TURDB_ROW ? TURDB_OK : status;
       }},
      {"an interrupt handle",
       [&](turdb_error** error) {
         turdb_interrupt* interrupt = nullptr;
         const turdb_status status = turdb_interrupt_open(conn_, &interrupt, error);
         turdb_interrupt_free(interrupt);
         return status;
       }},
      {"a connection", [&](turdb_error** error) {
         turdb_conn* other = nullptr;
         const turdb_status status = turdb_conn_open(db_, &other, error);
         turdb_conn_free(other);
         return status;
       }}};
  for (const auto& [name, call] : calls) {
    for (int64_t nth = 1;; ++nth) {
      turdb_error* error = nullptr;
      turdb_status status = TURDB_OK;
      const bool disturbed = Disturb(nth, [&] { status = call(&error); });
      if (status != TURDB_OK) ExpectNoMemory(status, error, name, nth);
      if (HasFatalFailure()) return;
      if (!disturbed) {
        ASSERT_EQ(status, TURDB_OK) << name;
        break;
      }
      ASSERT_NE(turdb_conn_in_autocommit(conn_), 0) << name << ", allocation " << nth;
      ASSERT_EQ(Exec("select 1"), TURDB_OK) << name << ", allocation " << nth;
    }
  }
  EXPECT_EQ(Query("select length(b), c from doc"), "10|[1,2,3]|");
  Check();
  EXPECT_GT(failures_, 50);
}

INSTANTIATE_TEST_SUITE_P(Modes, OutOfMemory, testing::Values(false, true),
                         [](const auto& mode) { return mode.param ? "AndAllAfterIt" : "Alone"; });

}  // namespace
