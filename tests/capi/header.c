/* turdb.h compiles by itself, as C11 and as C++, and the library answers. */
#include "turdb.h"

#include <stdio.h>
#include <string.h>

int main(void) {
  turdb_db* db = NULL;
  turdb_conn* conn = NULL;
  turdb_stmt* stmt = NULL;
  turdb_error* error = NULL;
  int64_t answer = 0;
  if (turdb_version_number() != TURDB_VERSION_NUMBER || strcmp(turdb_version(), TURDB_VERSION) != 0) return 1;
  if (turdb_db_open(":memory:", NULL, &db, &error) != TURDB_OK) return 2;
  if (turdb_conn_open(db, &conn, &error) != TURDB_OK) return 3;
  if (turdb_stmt_prepare(conn, "select 6 * 7", TURDB_NUL_TERMINATED, NULL, &stmt, &error) != TURDB_OK) return 4;
  if (turdb_stmt_step(stmt, &error) != TURDB_ROW) return 5;
  answer = turdb_stmt_column_int64(stmt, 0);
  /* Parents first: any order is fine. */
  turdb_db_free(db);
  turdb_conn_free(conn);
  turdb_stmt_free(stmt);
  printf("%d\n", (int)answer);
  return answer == 42 ? 0 : 6;
}
