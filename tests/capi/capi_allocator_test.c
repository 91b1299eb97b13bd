/* Memory of the host: one allocator for the process, set before anything is allocated. */
#include <stdatomic.h>

#include "capi_test.h"

int g_failures = 0;

static atomic_llong g_given, g_taken, g_held;
static atomic_bool g_refuses;
static int g_marker;

static void* give(void* user_data, int64_t size_bytes, int64_t alignment) {
  CHECK(user_data == &g_marker && size_bytes >= 0 && alignment >= 1 && (alignment & (alignment - 1)) == 0);
  if (g_refuses) return NULL;
  if (alignment < (int64_t)sizeof(void*)) alignment = (int64_t)sizeof(void*);
  void* memory = NULL;
  if (posix_memalign(&memory, (size_t)alignment, (size_t)size_bytes) != 0) return NULL;
  atomic_fetch_add(&g_given, 1);
  atomic_fetch_add(&g_held, 1);
  return memory;
}

static void take(void* user_data, void* memory) {
  CHECK(user_data == &g_marker && memory != NULL);
  atomic_fetch_add(&g_taken, 1);
  atomic_fetch_sub(&g_held, 1);
  free(memory);
}

int main(void) {
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_MISUSE, turdb_set_allocator(NULL, take, NULL, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_set_allocator(give, NULL, NULL, NULL));
  CHECK_STATUS(TURDB_OK, turdb_set_allocator(give, take, &g_marker, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_set_allocator(give, take, &g_marker, &error)); /* [C-ALLOCATOR-3] */
  CHECK(error != NULL && strstr(turdb_error_message(error), "before the first database") != NULL);
  turdb_error_free(error);
  turdb_db* db = NULL;
  turdb_conn* conn = NULL;
  CHECK_STATUS(TURDB_OK, turdb_db_open(":memory:", NULL, &db, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_open(db, &conn, NULL));
  /* [C-ALLOCATOR-1] */
  const char* sql = "select i % 1000 as k, count(*), max(i::text) from generate_series(1, 100000) i group by 1 order by 3";
  CHECK_STATUS(TURDB_OK, turdb_conn_exec(conn, sql, -1, NULL));
  CHECK(g_given > 0);
  /* [C-ALLOCATOR-2] */
  g_refuses = true;
  CHECK_STATUS(TURDB_NO_MEMORY, turdb_conn_exec(conn, sql, -1, NULL));
  g_refuses = false;
  CHECK_STATUS(TURDB_OK, turdb_conn_exec(conn, sql, -1, NULL));
  turdb_conn_free(conn);
  CHECK_STATUS(TURDB_OK, turdb_db_close(db, NULL));
  turdb_db_free(db);
  CHECK(g_held == 0 && g_given == g_taken);
  printf("%d failures\n", g_failures);
  return g_failures == 0 ? 0 : 1;
}
