/*
 * A life under 1 MB of engine memory: schema, 100,000 rows, point reads, updates, index scans, joins, sorts, groups, sets and
 * long values that spill, deletes of everything, and a reopening after kill -9.
 *
 * Every stage runs in a process of its own and fails when the engine's count passes the cap. The program's own malloc and
 * mmap are watched beside it (glibc lets a program define malloc), so that what the engine does not count shows, too: the
 * heap may not grow by more than the cap plus kUncounted. Printed are both peaks and what the process grew by, which
 * includes the allocator's slack, code and stacks.
 */
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "turdb.h"

enum { kCap = 1 << 20, kRows = 100000, kLongBytes = 100000 };
/* Frames are mapped, not allocated. What is not counted: the catalog, names and containers of plans, tables of the system,
 * and, once a process, those of functions, operators and casts. */
enum { kFrames = 512 << 10, kUncounted = 832 << 10 };

/* ---- watching the allocator */

#define WATCHED __attribute__((visibility("default")))

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);
extern void __libc_free(void*);

static int64_t g_heap_bytes, g_heap_peak;

static void* taken(void* memory) {
  if (memory == NULL) return NULL;
  const int64_t now = __atomic_add_fetch(&g_heap_bytes, (int64_t)malloc_usable_size(memory), __ATOMIC_RELAXED);
  if (now > g_heap_peak) g_heap_peak = now;
  return memory;
}
static void given(void* memory) {
  if (memory != NULL) __atomic_sub_fetch(&g_heap_bytes, (int64_t)malloc_usable_size(memory), __ATOMIC_RELAXED);
}
WATCHED void* malloc(size_t size) { return taken(__libc_malloc(size)); }
WATCHED void* calloc(size_t count, size_t size) { return taken(__libc_calloc(count, size)); }
WATCHED void* memalign(size_t alignment, size_t size) { return taken(__libc_memalign(alignment, size)); }
WATCHED void* aligned_alloc(size_t alignment, size_t size) { return taken(__libc_memalign(alignment, size)); }
WATCHED int posix_memalign(void** out, size_t alignment, size_t size) {
  *out = taken(__libc_memalign(alignment, size));
  return *out == NULL ? ENOMEM : 0;
}
WATCHED void* realloc(void* memory, size_t size) {
  given(memory);
  void* moved = __libc_realloc(memory, size);
  if (moved == NULL && size != 0) taken(memory);
  return taken(moved);
}
WATCHED void free(void* memory) {
  given(memory);
  __libc_free(memory);
}

/* VmHWM and the like, in KB. */
static long process_kb(const char* field) {
  char line[256];
  long kb = -1;
  FILE* file = fopen("/proc/self/status", "r");
  if (file == NULL) return -1;
  while (fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, field, strlen(field)) == 0) kb = strtol(line + strlen(field) + 1, NULL, 10);
  }
  fclose(file);
  return kb;
}

/* ---- asking the engine */

static const char* g_stage = "";
static char g_path[1024];
static turdb_db* g_db;
static turdb_conn* g_conn;
static long g_started_kb;
static int64_t g_started_heap;

static void fail(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "one_megabyte: %s: (%" PRId64 " bytes in use) ", g_stage, turdb_db_memory_used(g_db));
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "\n");
  va_end(arguments);
  _exit(1);
}

static void must(turdb_status status, turdb_error* error, const char* what) {
  if (status >= 0) return;
  fail("%s: [%s] %s", what, error == NULL ? "" : turdb_error_sqlstate(error), error == NULL ? "" : turdb_error_message(error));
}

static void set(turdb_options* options, const char* key, const char* value) {
  turdb_error* error = NULL;
  turdb_status status = turdb_options_set(options, key, value, &error);
  must(status, error, key);
}

static void open_database(const char* synchronous) {
  turdb_options* options = NULL;
  turdb_error* error = NULL;
  if (turdb_options_new(&options, NULL) < 0) fail("no options");
  set(options, "memory_limit", "1MB");
  set(options, "page_cache_bytes", "512KB");
  set(options, "threads", "1");
  set(options, "synchronous", synchronous);
  set(options, "wal_limit_bytes", "8MB");
  turdb_status status = turdb_db_open(g_path, options, &g_db, &error);
  must(status, error, "open");
  turdb_options_free(options);
  status = turdb_conn_open(g_db, &g_conn, &error);
  must(status, error, "connect");
}

static void close_database(void) {
  turdb_error* error = NULL;
  turdb_conn_free(g_conn);
  turdb_status status = turdb_db_close(g_db, &error);
  must(status, error, "close");
  turdb_db_free(g_db);
}

static void exec(const char* sql) {
  turdb_error* error = NULL;
  turdb_status status = turdb_conn_exec(g_conn, sql, TURDB_NUL_TERMINATED, &error);
  must(status, error, sql);
  if (turdb_db_memory_peak(g_db) > kCap) fail("%s: %" PRId64 " bytes were in use", sql, turdb_db_memory_peak(g_db));
}

static turdb_stmt* prepare(const char* sql) {
  turdb_error* error = NULL;
  turdb_stmt* stmt = NULL;
  turdb_status status = turdb_stmt_prepare(g_conn, sql, TURDB_NUL_TERMINATED, NULL, &stmt, &error);
  must(status, error, sql);
  return stmt;
}

/* The number of rows, and the first column of the last as a number. */
static int64_t run(turdb_stmt* stmt, int64_t* last) {
  int64_t rows = 0;
  for (;;) {
    turdb_error* error = NULL;
    const turdb_status status = turdb_stmt_step(stmt, &error);
    must(status, error, turdb_stmt_sql(stmt));
    if (status != TURDB_ROW) break;
    ++rows;
    if (last != NULL) *last = turdb_stmt_column_int64(stmt, 0);
  }
  must(turdb_stmt_reset(stmt, NULL), NULL, "reset");
  return rows;
}

static void expect(const char* sql, int64_t wanted) {
  int64_t got = INT64_MIN;
  turdb_stmt* stmt = prepare(sql);
  run(stmt, &got);
  turdb_stmt_free(stmt);
  if (got != wanted) fail("%s: %" PRId64 " instead of %" PRId64, sql, got, wanted);
  if (turdb_db_memory_peak(g_db) > kCap) fail("%s: %" PRId64 " bytes were in use", sql, turdb_db_memory_peak(g_db));
}

static void expect_sound(void) {
  turdb_error* error = NULL;
  int64_t problems = -1;
  turdb_status status = turdb_db_check(g_db, NULL, NULL, &problems, &error);
  must(status, error, "check");
  if (problems != 0) fail("%" PRId64 " problems found by turdb_db_check", problems);
}

static void begin_stage(const char* name, const char* synchronous) {
  g_stage = name;
  g_started_kb = process_kb("VmHWM");
  g_started_heap = g_heap_peak = g_heap_bytes;
  open_database(synchronous);
}

static void report(void) {
  const int64_t peak = turdb_db_memory_peak(g_db), heap = g_heap_peak - g_started_heap;
  printf("%-22s engine %7" PRId64 " of %d bytes; heap %7" PRId64 " and %d of frames; process grew by %ld KB\n", g_stage, peak,
         kCap, heap, kFrames, process_kb("VmHWM") - g_started_kb);
  fflush(stdout);
  if (peak > kCap) fail("%" PRId64 " bytes were in use", peak);
  if (heap + kFrames > kCap + kUncounted) fail("%" PRId64 " bytes of heap that nobody counts", heap + kFrames - kCap);
}

/* ---- the stages */

static void load(void) {
  exec("create table item(id bigint primary key, k int, name text, price decimal(10,2))");
  exec("create index item_k on item(k)");
  exec("create unique index item_name on item(name)");
  /* Half of it in one transaction with every index in place, half a row at a time. */
  exec("begin; insert into item select i, i % 1000, 'item ' || i::text, i * 0.01 from generate_series(1, 50000) g(i); commit");
  turdb_stmt* insert = prepare("insert into item values (?, ?, ?, ?)");
  exec("begin");
  for (int64_t id = kRows / 2 + 1; id <= kRows; ++id) {
    char name[32], price[32];
    snprintf(name, sizeof name, "item %" PRId64, id);
    snprintf(price, sizeof price, "%" PRId64 ".%02" PRId64, id / 100, id % 100);
    turdb_stmt_bind_int64(insert, 1, id, NULL);
    turdb_stmt_bind_int64(insert, 2, id % 1000, NULL);
    turdb_stmt_bind_text(insert, 3, name, TURDB_NUL_TERMINATED, NULL);
    turdb_stmt_bind_text(insert, 4, price, TURDB_NUL_TERMINATED, NULL);
    run(insert, NULL);
    if (id % 5000 == 0) exec("commit; begin");
  }
  exec("commit");
  turdb_stmt_free(insert);
  expect("select count(*) from item", kRows);
}

static void read_points(void) {
  turdb_stmt* by_id = prepare("select k from item where id = ?");
  turdb_stmt* by_name = prepare("select id from item where name = ?");
  turdb_stmt* update = prepare("update item set price = price + 1 where id = ?");
  for (int64_t i = 1; i <= 1000; ++i) {
    const int64_t id = i * 7919 % kRows + 1;
    int64_t got = -1;
    char name[32];
    turdb_stmt_bind_int64(by_id, 1, id, NULL);
    if (run(by_id, &got) != 1 || got != id % 1000) fail("row %" PRId64 " has k = %" PRId64, id, got);
    snprintf(name, sizeof name, "item %" PRId64, id);
    turdb_stmt_bind_text(by_name, 1, name, TURDB_NUL_TERMINATED, NULL);
    if (run(by_name, &got) != 1 || got != id) fail("%s is row %" PRId64, name, got);
    turdb_stmt_bind_int64(update, 1, id, NULL);
    run(update, NULL);
  }
  turdb_stmt_free(by_id);
  turdb_stmt_free(by_name);
  turdb_stmt_free(update);
  expect("select count(*) from item where k = 77", 100);
  expect("select count(*) from item where k between 100 and 199", 10000);
  expect("select sum(id) from item where name between 'item 5' and 'item 50'", 5 + 50);
}

static void query(void) {
  expect("select id from item order by name desc, price limit 1", kRows - 1);
  expect("select count(*) from (select * from item order by name) s", kRows);
  expect("select count(*) from (select k, sum(price), max(name) from item group by k) g", 1000);
  expect("select count(*) from (select name, count(*) from item group by name) g", kRows);
  expect("select count(*) from item a join item b on a.name = b.name", kRows);
  expect("select count(*) from item a join item b on a.id = b.k where b.id <= 1000", 999);
  expect("select count(*) from (select distinct name from item) d", kRows);
  expect("select count(distinct name) from item", kRows);
  expect("select count(*) from (select distinct on (k) k, id from item order by k, id) d", 1000);
  expect("select count(*) from (select id, name from item union select id + 1, name from item) u", 2 * kRows);
  expect(
      "select count(*) from (select name from item intersect select 'item ' || i::text from generate_series(1, 70000) g(i)) u",
      70000);
  expect("select count(*) from (select name from item except select 'item ' || i::text from generate_series(1, 70000) g(i)) u",
         30000);
  expect("with c as materialized (select id, name from item where id <= 20000) select count(*) from c a, c b where a.id = b.id",
         20000);
  expect("select count(*) from (values (1), (99000)) v(x) join item on item.id > v.x + 0.5", 99999 + 1000);
}

static void change(void) {
  exec("update item set price = price + 1");
  /* Anywhere in two indexes, one of them unique; kept and taken back. */
  exec("update item set k = k + 1 where id % 10 = 0");
  expect("select count(*) from item where k = 1", 200);
  exec("begin; update item set name = name || '!', k = k + 7 where id <= 10000; rollback");
  exec("update item set name = name || '!' where id <= 20000");
  expect("select id from item where name = 'item 4711!'", 4711);
  exec("update item set id = id + 1 where id > 95000");
  expect("select id from item where name = 'item 99000'", 99001);
  exec("update item set price = o.price from item o where o.name = item.name and o.id <= 10000");
  exec("begin; delete from item where id % 3 = 0; rollback");
  expect("select count(*) from item", kRows);
  exec("delete from item where id % 10 = 5");
  expect("select count(*) from item", kRows - kRows / 10);
}

static void long_values(void) {
  static char text[kLongBytes];
  exec("create table long_text(id int primary key, x text)");
  turdb_stmt* insert = prepare("insert into long_text values (?, ?)");
  for (int64_t i = 1; i <= 5; ++i) {
    /* Nothing that could be compressed. */
    uint64_t state = (uint64_t)i;
    for (int at = 0; at < kLongBytes; ++at) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      text[at] = (char)('!' + (state >> 33) % 90);
    }
    turdb_stmt_bind_int64(insert, 1, i, NULL);
    turdb_stmt_bind_text(insert, 2, text, kLongBytes, NULL);
    run(insert, NULL);
  }
  turdb_stmt_free(insert);
  turdb_stmt* select = prepare("select x from long_text where id = 5");
  if (turdb_stmt_step(select, NULL) != TURDB_ROW) fail("no row with a long text");
  int64_t size = 0;
  const char* got = turdb_stmt_column_text(select, 0, &size);
  if (size != kLongBytes || memcmp(got, text, kLongBytes) != 0) fail("a long text came back changed");
  turdb_stmt_free(select);
  exec("insert into long_text values (6, repeat('long ', 20000))");
  exec("update long_text set x = x || '!' where id = 1");
  exec("update long_text set x = upper(x)");
  expect("select sum(length(x)) from long_text", 6 * kLongBytes + 1);
  exec("delete from long_text where id > 2");
  expect("select count(*) from long_text", 2);
}

static void first_process(void) {
  begin_stage("load", "off");
  load();
  report();
  g_stage = "point reads";
  read_points();
  report();
  close_database();
}

static void second_process(void) {
  begin_stage("queries that spill", "off");
  query();
  report();
  close_database();
}

static void killed_process(void) {
  begin_stage("large changes", "normal");
  change();
  report();
  g_stage = "long values";
  long_values();
  report();
  exec("begin; delete from item where id % 3 = 0; update item set k = -1 where id % 100 = 1");
  kill(getpid(), SIGKILL);
}

static void last_process(void) {
  begin_stage("after kill -9", "off");
  expect("select count(*) from item", kRows - kRows / 10);
  expect("select count(*) from item where k = -1", 0);
  expect("select sum(length(x)) from long_text", 2 * kLongBytes + 1);
  expect_sound();
  exec("delete from item");
  expect("select count(*) from item", 0);
  report();
  close_database();
}

/* Forks for `stage`; how it ended. */
static int in_process(void (*stage)(void)) {
  int status = 0;
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    stage();
    exit(0);
  }
  if (child < 0 || waitpid(child, &status, 0) != child) fail("a process cannot be started");
  return status;
}

int main(void) {
  char directory[] = "/tmp/turdb_memory_XXXXXX";
  if (mkdtemp(directory) == NULL) fail("no temporary directory");
  snprintf(g_path, sizeof g_path, "%s/db", directory);
  int ok = in_process(first_process) == 0 && in_process(second_process) == 0;
  if (ok) {
    const int ended = in_process(killed_process);
    ok = WIFSIGNALED(ended) && WTERMSIG(ended) == SIGKILL && in_process(last_process) == 0;
  }
  char command[1100];
  snprintf(command, sizeof command, "rm -rf '%s'", directory);
  if (system(command) != 0) fprintf(stderr, "one_megabyte: %s is left behind\n", directory);
  printf(ok ? "1 MB is enough\n" : "FAILED\n");
  return ok ? 0 : 1;
}
